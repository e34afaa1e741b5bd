"""Answers by the dozen, in whatever circumstances, for the tests of what they are broken down by."""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence

from analytics.models import Reading, ThemeAssignment
from analytics.periods import Period
from analytics.themes import adopt_starter_taxonomy
from surveys.models import Answer, Campaign, Client, Contact, Invitation, Response
from surveys.models.answering import group_of
from tests import factories

OCTOBER = Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin")
SEPTEMBER = OCTOBER.previous()
_number = itertools.count(1)
GROUP_SCORES = {"nps": (10, 8, 3), "csat": (5, 3, 1), "ces": (7, 4, 2)}


def on(period: Period, day: int = 10, hour: int = 10) -> dt.datetime:
    return dt.datetime(period.first_on.year, period.first_on.month, day, hour, tzinfo=dt.UTC)


def campaign_of(client: Client, kind: str) -> Campaign:
    return Campaign.objects.filter(client=client, survey__kind=kind).first() or factories.make_campaign(client, kind)


def give(client: Client, kind: str, scores: Sequence[int], period: Period = OCTOBER, **fields) -> list[Response]:
    """Answers with these scores about a contact each, each of a customer of its own; `at` is when it ended and when it
    was answered. Further fields are the contact's or the invitation's.
    """
    at, campaign = fields.pop("at", on(period)), campaign_of(client, kind)
    own = {name: fields.pop(name) for name in ("segment", "is_goodwill") if name in fields}
    contacts = meet(client, len(scores), at, **fields)
    invitations = Invitation.objects.bulk_create(
        Invitation(
            client=client, campaign=campaign, contact=contact, version=campaign.survey.current, is_asked=True,
            decided_at=at, about_at=at, due_at=at, expires_at=at + dt.timedelta(days=14), language=contact.language,
            form_of_address="sie", agent=contact.agent, team=contact.team, channel=contact.channel,
            contact_reason=contact.reason, **own,
        )
        for contact in contacts
    )  # fmt: skip
    return Response.objects.bulk_create(
        Response(
            client=client, invitation=invitation, customer_id=invitation.customer_id, version=invitation.version,
            kind=kind, score=score,
            group=group_of(kind, score), language=invitation.language, submitted_at=at, completed_at=at,
        )
        for invitation, score in zip(invitations, scores, strict=True)
    )  # fmt: skip


def meet(client: Client, count: int, at: dt.datetime, **fields) -> list[Contact]:
    """So many finished contacts that ended at that moment and began ten minutes before."""
    base = {
        "source": "test", "channel": "phone", "reason": "", "language": "de", "state": "finished",
        "started_at": at - dt.timedelta(minutes=10), "ended_at": at, "received_at": at, "changed_at": at,
    }  # fmt: skip
    numbers = itertools.islice(_number, count)
    return Contact.objects.bulk_create(
        Contact(client=client, external_id=f"V-{number}", **{**base, **fields}) for number in numbers
    )


def answer(
    client: Client, kind: str, groups: tuple[int, int, int], period: Period = OCTOBER, **fields
) -> list[Response]:
    """That many promoters, passives and detractors (happy, middling, unhappy)."""
    scores = [score for score, number in zip(GROUP_SCORES[kind], groups, strict=True) for _ in range(number)]
    return give(client, kind, scores, period, **fields)


def say(responses: Iterable[Response], themes: Mapping[str, int] | None = None, outcome: str = "") -> None:
    """Each wrote a comment that was read: theme key → sentiment."""
    themes = themes or {}
    responses = list(responses)
    own = adopt_starter_taxonomy(responses[0].client)
    judged = {"source": Reading.Source.RULES, "version": "1"}
    questions = {version: version.questions.get(key="comment") for version in {one.version for one in responses}}
    for response in responses:
        question = questions[response.version]
        text, _is_new = Answer.objects.get_or_create(response=response, question=question, defaults={"text": "Gut."})
        read = outcome or (Reading.Outcome.THEMES if themes else Reading.Outcome.UNCLASSIFIED)
        reading = {"outcome": read, "language": "de", "text_hash": "x", "read_at": response.submitted_at, **judged}
        Reading.objects.get_or_create(answer=text, defaults=reading)
        for key, sentiment in themes.items():
            ThemeAssignment.objects.create(answer=text, theme=own[key], sentiment=sentiment, **judged)


def told(responses: Iterable[Response], key: str, choices: Iterable[str]) -> None:
    """What they chose of one question, in order and over again."""
    rows = list(responses)
    question = rows[0].version.questions.get(key=key)
    chosen = zip(rows, itertools.cycle(choices), strict=False)
    Answer.objects.bulk_create(
        Answer(response=response, question=question, choice=choice) for response, choice in chosen
    )
