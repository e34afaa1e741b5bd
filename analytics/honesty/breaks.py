"""Where a series breaks: another wording, another way of asking, another sample. Nothing is compared across."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from surveys.models import Campaign, Client, Invitation, RulesVersion, SurveyVersion

from ..periods import Period


@dataclass(frozen=True)
class Break:
    """From this day on the figures are of another series; why, in the reader's language."""

    on: dt.date
    why: str


def of(client: Client, kind: str, run: Sequence[Period]) -> list[Break]:
    """The breaks within a run of periods, oldest first. Two queries.

    Colours and logo of the answer page are not kept by date: a new look is no break that could be told from the rows.
    """
    return of_each(client, [kind], run)[kind]


def of_each(client: Client, kinds: Sequence[str], run: Sequence[Period]) -> dict[str, list[Break]]:
    """As `of`, by kind of survey, with two queries for all of them."""
    start, end = run[0].start, run[-1].end
    found: dict[str, list[Break]] = {kind: [] for kind in kinds}
    for kind, each in (*_wordings(client, kinds, start, end), *_rules(client, kinds, start, end)):
        found[kind].append(each)
    return {kind: sorted(breaks, key=lambda one: (one.on, one.why)) for kind, breaks in found.items()}


def _wordings(
    client: Client, kinds: Sequence[str], start: dt.datetime, end: dt.datetime
) -> Iterator[tuple[str, Break]]:
    """A survey's first version begins a series and breaks none."""
    asked = Invitation.objects.filter(version__survey=OuterRef("survey"), is_asked=True)
    versions = SurveyVersion.objects.filter(
        Exists(asked), survey__client=client, survey__kind__in=kinds, published_at__gt=start, published_at__lt=end
    )
    for version in versions.filter(number__gt=1).select_related("survey"):
        said = {"survey": version.survey.name, "number": version.number}
        why = _("New wording: %(survey)s, version %(number)s") % said
        yield version.survey.kind, Break(_day(version.published_at, client), why)


def _rules(client: Client, kinds: Sequence[str], start: dt.datetime, end: dt.datetime) -> Iterator[tuple[str, Break]]:
    """Other rules of a campaign, as far as they change who is asked and how; and a campaign beside those there were."""
    campaigns = Campaign.objects.filter(client=client, survey__kind__in=kinds)
    versions = RulesVersion.objects.filter(campaign__in=campaigns, made_at__lt=end)
    before: dict[str, dict[int, dict]] = {kind: {} for kind in kinds}
    for version in versions.select_related("campaign__survey").order_by("made_at", "number"):
        kind = version.campaign.survey.kind
        older, is_first = before[kind].get(version.campaign_id), not before[kind]
        before[kind][version.campaign_id] = version.rules
        if version.made_at <= start or is_first:
            continue
        named = {"campaign": version.campaign.name}
        if older is None:
            yield kind, Break(_day(version.made_at, client), _("New campaign: %(campaign)s") % named)
        elif what := _changed(older, version.rules):
            said = named | {"what": ", ".join(what)}
            yield kind, Break(_day(version.made_at, client), _("Other rules of %(campaign)s: %(what)s") % said)


def _changed(older: dict, newer: dict) -> list[str]:
    """What of the rules that make the sample or the way of asking is another."""
    names = {
        "survey_id": _("the survey"),
        "medium": _("the channel by which is asked"),
        "share_percent": _("the share asked"),
        "delay_hours": _("the time after the contact"),
        "stale_days": _("how old a contact may be"),
        "skips_goodwill": _("goodwill"),
        "skips_agent_initiated": _("contacts that we began"),
        "quota_per_day": _("the quota"),
        "quota_per_agent_and_week": _("the quota"),
        "quarantine_days": _("the quarantine"),
        "kind_quarantine_days": _("the quarantine"),
        "reminder_days": _("the reminder"),
    }
    told = []
    for name in sorted(older.keys() | newer.keys()):
        what = _("the audience") if name.startswith("audience ") else names.get(name)
        if what and older.get(name) != newer.get(name) and what not in told:
            told.append(what)
    return told


def _day(at: dt.datetime, client: Client) -> dt.date:
    return at.astimezone(client.zone).date()
