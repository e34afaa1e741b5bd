"""The verdict on each candidate, made and stored a batch at a time with its context frozen and its message planned.

Verdicts of one client queue up behind its row (on SQLite behind the database's single writer), so that two planners can
neither ask one customer twice nor judge one contact twice.
"""

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef, QuerySet, prefetch_related_objects

from .. import bulk, wording
from ..eligibility import Candidate, Reason, Rules
from ..models import Campaign, Invitation, Medium, OutgoingMessage, RulesVersion, SurveyVersion, Wave
from ..questionnaire import questions_of
from . import rules as versions

BATCH = 5_000  # verdicts a transaction: memory stays flat, the lock short

_COLUMNS = (
    "id", "client_id", "campaign_id", "rules_id", "version_id", "medium", "form_of_address", "wave_id", "public_id",
    "contact_id", "customer_id", "is_asked", "reason", "decided_at", "about_at", "due_at", "expires_at",
    "email", "phone", "segment", "language", "agent_id", "team_id", "channel", "contact_reason", "is_goodwill",
)  # fmt: skip
_MESSAGE_COLUMNS = (
    "client_id", "key", "medium", "invitation_id", "is_reminder", "to", "subject", "text", "html", "images", "state",
    "due_at", "attempts", "detail", "provider_id",
)  # fmt: skip


def _public_ids(count: int) -> list[str]:
    """Random UUIDs (version 4) in hex: all their bytes drawn at once, which is what `uuid4` takes its time for."""
    drawn = secrets.token_hex(16 * count)
    digits = (drawn[start : start + 32] for start in range(0, 32 * count, 32))
    return [f"{one[:12]}4{one[13:16]}{'89ab'[int(one[16], 16) % 4]}{one[17:]}" for one in digits]


def working(kind: Campaign.Kind) -> QuerySet[Campaign]:
    """Campaigns that can ask. Without a published version there is nothing to ask, and no wave must pass unasked."""
    published = SurveyVersion.objects.published().filter(survey=OuterRef("survey"))
    campaigns = Campaign.objects.filter(Exists(published), kind=kind, client__is_active=True)
    return campaigns.select_related("client", "survey").order_by("pk")


class Judge:
    """Judges for one campaign, by its rules as they stood when the judge was made."""

    def __init__(self, campaign: Campaign, wave: Wave | None = None):
        self.campaign, self.wave = campaign, wave
        prefetch_related_objects([campaign], "audience")  # applied and written down alike
        self.rules = Rules.of(campaign)
        self._offered: list[str] = []  # languages
        self._languages: dict[tuple[str, str], str] = {}

    def record(self, candidates: Sequence[Candidate], at: dt.datetime) -> int:
        """Judge candidates that have no verdict yet, in order; store a verdict on each, and a message for each asked.

        Only within `turns.alone_at(client)`. Returns how many were judged.
        """
        if not candidates:
            return 0
        version = versions.freeze(self.campaign, at)
        survey_version = self.campaign.survey.current
        self._offered = wording.languages_of(questions_of(survey_version))
        ids = bulk.reserve(Invitation, len(candidates))
        due_times = [self.rules.due_at(who, at) for who in candidates]
        known = self.rules.know(candidates, due_times)
        same = self._same_for_all(version, survey_version)
        messages = []

        def verdicts() -> Iterator[tuple]:
            for pk, public_id, who, due_at in zip(ids, _public_ids(len(ids)), candidates, due_times, strict=True):
                reason = self.rules.reason_against(who, known, due_at, at)
                if not reason:
                    self.rules.note(known, who, due_at)
                    messages.append(self._message(pk, who, due_at))
                yield (pk, *same, public_id, *self._verdict(who, reason, due_at, at))

        bulk.insert(Invitation, _COLUMNS, verdicts())  # judging and writing at once: here and in the database
        if messages:
            bulk.insert(OutgoingMessage, _MESSAGE_COLUMNS, messages)
        return len(candidates)

    def _same_for_all(self, version: RulesVersion, survey_version: SurveyVersion) -> tuple:
        campaign, client = self.campaign, self.campaign.client
        wave_id = self.wave and self.wave.pk
        return (client.pk, campaign.pk, version.pk, survey_version.pk, campaign.medium, client.form_of_address, wave_id)

    def _verdict(self, who: Candidate, reason: Reason | None, due_at: dt.datetime, at: dt.datetime) -> tuple:
        """The verdict with the context as it is now."""
        return (
            who.contact_id,
            who.customer_id,
            not reason,
            reason.value if reason else "",
            at,
            who.about_at,
            None if reason else due_at,
            None if reason else due_at + dt.timedelta(days=self.campaign.link_days),
            who.mailbox,
            self._phone(who),
            who.segment,
            self._language(who),
            who.agent_id,
            who.team_id,
            who.channel,
            who.reason,
            who.is_goodwill,
        )

    def _message(self, pk: int, who: Candidate, due_at: dt.datetime) -> tuple:
        """The one message of an invitation. A link waits as planned until it is handed out; senders leave it alone."""
        medium = self.campaign.medium
        to = {Medium.MAIL: who.mailbox, Medium.SMS: self._phone(who), Medium.LINK: ""}[medium]
        planned = OutgoingMessage.State.PLANNED.value
        same = ("", "", "", {}, planned)  # subject, text, html, images: surveys are rendered when they are sent
        return (self.campaign.client_id, f"invitation:{pk}", medium, pk, False, to, *same, due_at, 0, "", "")

    def _phone(self, who: Candidate) -> str:
        return self.rules.phone(who) if self.campaign.medium == Medium.SMS else ""

    def _language(self, who: Candidate) -> str:
        """The first wish that the survey is worded in (“de-AT” is German), else the client's language."""
        wishes = (who.language, who.customer_language)
        if wishes not in self._languages:
            self._languages[wishes] = wording.language_for(wishes, self._offered, self.campaign.client)
        return self._languages[wishes]
