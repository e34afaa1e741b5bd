"""The ledger in figures: a campaign's funnel, each loss with its reason, and its verdicts one by one.

Stages, fates and what makes them stand in `models.fates`; here they are counted and read. Days are those of the
client's zone, ranges half-open; an invitation counts in the period that it is about (`about_at`).
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .models import (
    FATES,
    Campaign,
    Client,
    Fate,
    FlaggedSheet,
    Group,
    Invitation,
    OutgoingMessage,
    Stage,
    Visit,
    group_of,
    with_fate,
)
from .models.fates import LABELS, STAGE_OF, STAGES, fates_from

CHUNK = 2000  # rows read at a time: memory stays flat
FIRST_YEAR, LAST_YEAR = 2000, 2200
State = OutgoingMessage.State


@dataclass(frozen=True)
class Loss:
    """How many came no further, and why: an `Invitation.Reason` or a `Fate`."""

    reason: str
    count: int

    @property
    def label(self) -> str:
        return LABELS[self.reason]


@dataclass(frozen=True)
class Step:
    """How many came at least to a stage; `losses`, largest first, are those that came no further than it."""

    stage: Stage
    count: int
    losses: tuple[Loss, ...]


@dataclass(frozen=True)
class Funnel:
    """From those who could have been asked to those who answered. `ineligible` stand outside: no loss, and no step."""

    steps: tuple[Step, ...]
    ineligible: tuple[Loss, ...]

    def count(self, stage: Stage) -> int:
        return next(step.count for step in self.steps if step.stage == stage)

    @property
    def coverage(self) -> float | None:
        """Asked of eligible, in percent; None where nobody was eligible."""
        return _percent(self.count(Stage.ASKED), self.count(Stage.ELIGIBLE))

    @property
    def response_rate(self) -> float | None:
        """Answered of asked, in percent: AAPOR RR2, for whoever was asked was eligible."""
        return _percent(self.count(Stage.ANSWERED), self.count(Stage.ASKED))


@dataclass(frozen=True)
class Beside:
    """What stands beside the answers, and in no score.

    `promoters`, `passives`, `detractors`: numbers clicked in the mail that nobody sent so far, by their group (for CSAT
    and CES happy, middling, unhappy); `flagged`: sheets with the marks of a machine that were not let count. Where
    such a sheet came, the click was the machine's as well, and is not told once more.
    """

    promoters: int
    passives: int
    detractors: int
    flagged: int

    @property
    def provisional(self) -> int:
        return self.promoters + self.passives + self.detractors


@dataclass(frozen=True)
class Verdict:
    """One line of the ledger, without names and addresses. `reason`: why it went no further; empty once answered.

    `state` is that of the first message. After a contact: its source and number; in a wave: its number, and the
    client's own number of the customer. `provisional`: the number clicked in the mail, where nothing was sent, by a
    machine neither; `flagged`: how many sheets with the marks of a machine came that do not count.
    """

    id: int
    campaign: int
    medium: str
    source: str
    external_id: str
    wave: int | None
    customer_number: str
    about_at: dt.datetime
    decided_at: dt.datetime
    rules: int | None
    verdict: str
    stage: str
    reason: str
    due_at: dt.datetime | None
    state: str
    opened_at: dt.datetime | None
    provisional: int | None
    flagged: int


@dataclass(frozen=True)
class Span:
    """Days of a client's calendar: `first_on` included, `until_on` not."""

    first_on: dt.date
    until_on: dt.date
    zone: ZoneInfo

    @property
    def start(self) -> dt.datetime:
        return _midnight(self.first_on, self.zone)

    @property
    def end(self) -> dt.datetime:
        return _midnight(self.until_on, self.zone)


@dataclass(frozen=True)
class Moment:
    """Something that happened to an invitation; `is_ahead` is what will."""

    at: dt.datetime
    text: str
    detail: str = ""
    is_ahead: bool = False


class WrongDays(ValueError):
    """These are no two days in their order; the message says what is wrong."""


COLUMNS = tuple(field.name for field in fields(Verdict))
cells = attrgetter(*COLUMNS)  # of a verdict, in that order; unlike astuple it copies nothing


def span(first: str, until: str, client: Client) -> Span:
    """From “2026-10-01” and “2026-11-01”: October. Raises WrongDays."""
    days = [_day(text) for text in (first, until)]
    if days[0] >= days[1]:
        raise WrongDays(_("The first day must come before the day at which the period ends."))
    return Span(*days, client.zone)


def about(invitations: QuerySet[Invitation], days: Span) -> QuerySet[Invitation]:
    """Those that count in a period."""
    return invitations.filter(about_at__gte=days.start, about_at__lt=days.end)


def of(campaign: Campaign, at: dt.datetime) -> QuerySet[Invitation]:
    """Every verdict of a campaign, each with its fate."""
    return with_fate(Invitation.objects.filter(client=campaign.client_id, campaign=campaign), at)


def funnel(campaign: Campaign, days: Span, at: dt.datetime) -> Funnel:
    """The funnel of what a campaign's invitations of a period have come to by `at`. One query."""
    return of_counts(counts(about(of(campaign, at), days)))


def counts(invitations: QuerySet[Invitation]) -> dict[str, int]:
    """Fate → number, of invitations with fates. One query."""
    return dict(invitations.order_by().values_list("fate").annotate(number=Count("pk")))


def of_counts(numbers: Mapping[str, int]) -> Funnel:
    """Pure: the funnel that these fates make."""
    steps = tuple(
        Step(stage, sum(numbers.get(fate, 0) for fate in fates_from(stage)), _losses(stage, numbers))
        for stage in STAGES
    )
    return Funnel(steps, _losses(Stage.INELIGIBLE, numbers))


def beside(campaign: Campaign, days: Span) -> Beside:
    """What a campaign's invitations of a period brought beside their answers. Two queries."""
    invitations = about(Invitation.objects.filter(client=campaign.client_id, campaign=campaign), days)
    groups = dict.fromkeys(Group, 0)
    clicked = invitations.only_clicked().order_by().values_list("clicked_score").annotate(Count("pk"))
    for score, number in clicked:
        groups[group_of(campaign.survey.kind, score)] += number
    flagged = FlaggedSheet.objects.filter(invitation__in=invitations.values("pk"), restored_at=None).count()
    return Beside(groups[Group.PROMOTER], groups[Group.PASSIVE], groups[Group.DETRACTOR], flagged)


def rows(invitations: QuerySet[Invitation]) -> QuerySet:
    """Of invitations with fates: what `verdict` needs, oldest first, an order in which what is new comes last."""
    columns = {
        "source": F("contact__source"),
        "external_id": F("contact__external_id"),
        "wave_number": F("wave__number"),
        "customer_number": F("customer__number"),
        "rules_number": F("rules__number"),
        "state": F("first__state"),
        "flagged": Coalesce(Subquery(_flagged_sheets()), 0),
    }
    own = ("id", "campaign_id", "medium", "about_at", "decided_at", "is_asked", "due_at", "opened_at", "clicked_score")
    own += ("fate",)
    return invitations.select_related(None).order_by("pk").values(*own, **columns)


def verdict(row: Mapping) -> Verdict:
    """One row of `verdicts` as it is told."""
    fate, is_wave = row["fate"], row["wave_number"] is not None
    return Verdict(
        id=row["id"],
        campaign=row["campaign_id"],
        medium=row["medium"],
        source=row["source"] or "",
        external_id=row["external_id"] or "",
        wave=row["wave_number"],
        customer_number=(row["customer_number"] or "") if is_wave else "",
        about_at=row["about_at"],
        decided_at=row["decided_at"],
        rules=row["rules_number"],
        verdict="asked" if row["is_asked"] else "not_asked",
        stage=STAGE_OF[fate].value,
        reason="" if STAGE_OF[fate] == Stage.ANSWERED else fate,
        due_at=row["due_at"],
        state=row["state"] or "",
        opened_at=row["opened_at"],
        provisional=None if fate == Fate.ANSWERED or row["flagged"] else row["clicked_score"],
        flagged=row["flagged"],
    )


def read(invitations: QuerySet[Invitation]) -> Iterator[Verdict]:
    """The verdicts of invitations with fates, one after the other: for exports. Memory stays flat."""
    return map(verdict, rows(invitations).iterator(CHUNK))


def story(invitation: Invitation) -> list[Moment]:
    """What happened to an invitation, in order, and what is planned."""
    is_asked, why = invitation.is_asked, "" if invitation.is_asked else invitation.get_reason_display()
    moments = [Moment(invitation.decided_at, _("Decided: asked") if is_asked else _("Decided: not asked"), why)]
    for message in invitation.messages.all():
        moments += _of_message(message)
    if invitation.opened_at:
        moments.append(Moment(invitation.opened_at, _("Page opened"), _("mail scanners open pages, too")))
    if invitation.clicked_at:
        clicked = _("%(score)d clicked in the mail") % {"score": invitation.clicked_score}
        moments.append(Moment(invitation.clicked_at, clicked, _("counts only once it is sent")))
    for visit in invitation.visits.all():
        detail = str(visit.score) if visit.kind == Visit.Kind.CLICK else ""
        moments.append(Moment(visit.at, capfirst(visit.get_kind_display()), detail))
    for sheet in invitation.flagged_sheets.all():
        moments.append(Moment(sheet.submitted_at, _("Flagged answer: %(score)d") % {"score": sheet.score}, sheet.why))
    if invitation.withdrawn_at:
        moments.append(Moment(invitation.withdrawn_at, _("Withdrawn by hand")))
    if response := getattr(invitation, "response", None):
        moments.append(Moment(response.submitted_at, _("Answered")))
    return sorted(moments, key=lambda moment: (moment.is_ahead, moment.at))


def _flagged_sheets() -> QuerySet:
    """How many of an invitation's sheets are flagged and do not count."""
    sheets = FlaggedSheet.objects.filter(invitation=OuterRef("pk"), restored_at=None).order_by()
    return sheets.values("invitation").annotate(number=Count("pk")).values("number")


def _of_message(message: OutgoingMessage) -> Iterator[Moment]:
    named = _("Reminder, %(medium)s") if message.is_reminder else _("Invitation, %(medium)s")
    name, state = named % {"medium": message.get_medium_display()}, message.get_state_display()
    told = _told(state, message.detail)
    if message.handed_over_at:
        yield Moment(message.handed_over_at, _("%(name)s: handed over") % {"name": name}, told)
    if message.state in (State.PLANNED, State.DEFERRED):
        yield Moment(message.due_at, _("%(name)s: due") % {"name": name}, told, is_ahead=True)
    elif not message.handed_over_at:
        yield Moment(message.due_at, f"{name}: {state}", message.detail)
    for event in message.events.all():
        yield Moment(event.happened_at, f"{name}: {event.get_kind_display()}", _told(event.source, event.detail))


def _told(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise WrongDays(_("“%(text)s” is no day. Write it as in 2026-10-01.") % {"text": text[:40]}) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise WrongDays(_("%(text)s lies too far away.") % {"text": day})
    return day


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The first instant of a day; where midnight comes twice, the first."""
    return dt.datetime.combine(day, dt.time.min, zone).astimezone(dt.UTC)


def _losses(stage: Stage, numbers: Mapping[str, int]) -> tuple[Loss, ...]:
    """Those that came just so far; at the end of the way nobody is lost."""
    if stage == Stage.ANSWERED:
        return ()
    found = (Loss(str(fate), numbers.get(fate, 0)) for fate in FATES[stage])
    return tuple(sorted((loss for loss in found if loss.count), key=lambda loss: (-loss.count, loss.reason)))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
