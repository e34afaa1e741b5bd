"""Failure demand: contacts that should not have been necessary, why, and how much time they took.

The term is John Seddon's: demand caused by a failure to do something, or to do it right, for the customer. That a
contact was *repeated* (see `matters`) or *reopened* by its source is known of each and is counted. That a promise was
not kept, a bill was wrong, or one contact was not enough, only the customer can tell: it is estimated from the answers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Answer, Client, Contact, Question, Response

from . import scores
from .counts import EVERYWHERE
from .dimensions import Where, attributes_of
from .disclosure import NAMES, YES, Table, by_naming
from .found import LED
from .matters import Load, begun_by_customers, load_of, loads, narrowed, repeated, values_of
from .matters import Repeats as Repeats
from .matters import repeats as repeats
from .models import Theme, ThemeAssignment
from .periods import Period
from .scores import VALUE_FROM, Estimate
from .small_groups import Shown

# Of the starter taxonomy: what makes people call or write (again) where it went wrong. How they were treated, and what
# they think of price, rules or product, does not say that the contact need not have been.
CAUSING = frozenset(
    {
        *("repeat_contact", "promise_kept", "transfer", "communication", "processing_time", "delivery", "availability"),
        *("billing", "refund_goodwill", "ordering", "digital"),
    }
)
ONCE = "once"  # the key of the question whether a single contact was enough, as our own surveys ask it


@dataclass(frozen=True)
class Cause:
    """Why contacts need not have been: `key` is “repeated”, “reopened”, “once”, a theme's pk or a contact reason.

    `share` is of all contacts, in percent. What is counted has no interval: its low and high are the value. What is
    estimated from answers, of the contacts that were not counted, has Wilson's, and `share.n` answers behind it. `side`
    says who can mend it, where a theme knows. A contact may have several causes.
    """

    key: str
    name: str
    side: str
    is_counted: bool
    shown: Shown
    share: Estimate
    contacts: float
    minutes: float | None


@dataclass(frozen=True)
class FailureDemand:
    """Of all `contacts`, `counted` were repeated or reopened; of the others, `answered` were answered about.

    `share`, in percent of all contacts, is what was counted and what the answers tell of the others. Whoever says
    nothing of the kind counts as having had to call: it is no exaggeration, as long as those who answer are like those
    who do not. Its interval is that of the answers. None below `VALUE_FROM` of them; and so are `unnecessary`, in
    contacts, and `minutes` of talking (None, too, where no length is known). `reasons`: for what the counted ones came.
    `hidden`: names of causes that too few answers speak of.
    """

    contacts: int
    counted: int
    answered: int
    share: Estimate | None
    unnecessary: float | None
    minutes: float | None
    causes: tuple[Cause, ...]
    reasons: tuple[Cause, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class _Counted:
    """What is known of each contact: of all, of the repeated (`keys`) and of the reopened ones, of both together."""

    all: Load
    repeated: Load
    reopened: Load
    either: Load
    by_reason: Mapping[str, Load]
    keys: frozenset[int]


@dataclass(frozen=True)
class _Answered:
    """Contacts that were not counted and were answered about: seconds of talking in each, who speaks of which cause."""

    seconds: Mapping[int, int | None]
    speaking: Mapping[str, set[int]]

    @property
    def failed(self) -> set[int]:
        return set().union(*self.speaking.values())

    def load(self, contacts: Iterable[int]) -> Load:
        return load_of(self.seconds[contact] for contact in contacts)


def failure_demand(client: Client, period: Period, where: Where = EVERYWHERE) -> FailureDemand:
    """What need not have been, of the contacts of a period. Six queries, and five more for filters.

    What answers tell is shown as `disclosure` decides, by the contacts that they are about and what those have.

    `where` narrows by what contacts have themselves: team, agent, channel, reason, language, segment, goodwill,
    attributes; ValueError for anything else.
    """
    contacts = narrowed(begun_by_customers(client, period.start, period.end), where)
    themes = _causing_themes(client)
    counted = _counted(client, period, contacts)
    answered = _answered(client, period, contacts, counted.keys, themes)
    shown = _shown_causes(client, period, where, answered, themes)
    if shown is None:
        answered = _Answered({}, {})
    n, rest = counted.all.contacts, counted.all.contacts - counted.either.contacts
    share = _share(n, rest, answered)
    more = share.value * n / 100 - counted.either.contacts if share else 0.0
    minutes = (counted.either.minutes, answered.load(answered.failed).minutes_of(more))
    causes, hidden = _told_causes(answered, n, rest, themes, shown or {})
    return FailureDemand(
        contacts=n,
        counted=counted.either.contacts,
        answered=len(answered.seconds),
        share=share,
        unnecessary=counted.either.contacts + more if share else None,
        minutes=sum(minutes) if share and None not in minutes else None,
        causes=_by_size(_counted_causes(counted) + causes),
        reasons=_by_size(
            _counted_cause(key, key or _("no reason given"), load, n) for key, load in counted.by_reason.items()
        ),
        hidden=hidden,
    )


def _causing_themes(client: Client) -> dict[str, Theme]:
    """By their keys as text: the themes of `CAUSING` and their parts, by what they became where they were merged."""
    themes = Theme.objects.filter(client=client, merged_into=None).select_related("parent")
    causing = (theme for theme in themes if CAUSING.intersection({theme.key, theme.parent and theme.parent.key}))
    return {str(theme.pk): theme for theme in causing}


def _counted(client: Client, period: Period, contacts: QuerySet[Contact]) -> _Counted:
    all_loads = loads(contacts, "reason", "reopened_count")
    again = repeated(contacts, client, period.start, period.end)
    rows = list(again.values_list("pk", "reason", "reopened_count", "talk_seconds"))
    by_reason: dict[str, Load] = defaultdict(Load)
    for (reason, reopened), load in all_loads.items():
        by_reason[reason] += load if reopened else Load()
    for _pk, reason, reopened, seconds in rows:
        by_reason[reason] += Load() if reopened else load_of([seconds])
    return _Counted(
        all=sum(all_loads.values(), Load()),
        repeated=load_of(seconds for *_, seconds in rows),
        reopened=sum((load for (_reason, reopened), load in all_loads.items() if reopened), Load()),
        either=sum(by_reason.values(), Load()),
        by_reason={reason: load for reason, load in by_reason.items() if load.contacts},
        keys=frozenset(pk for pk, *_ in rows),
    )


def _answered(
    client: Client,
    period: Period,
    contacts: QuerySet[Contact],
    repeated_keys: frozenset[int],
    themes: Mapping[str, Theme],
) -> _Answered:
    """Three queries. An invitation is about its contact's end, and is found by that and by its own client."""
    within = {"client": client, "about_at__gte": period.start, "about_at__lt": period.end}
    about = {"client": client, **{f"invitation__{name}": value for name, value in within.items()}}
    responses = Response.objects.counting().filter(**about, invitation__contact__in=contacts).order_by()
    columns = ("pk", *(f"invitation__contact__{column}" for column in ("pk", "talk_seconds", "reopened_count")))
    rows = [row for row in responses.values_list(*columns) if not row[3] and row[1] not in repeated_keys]
    contact_of = {response: contact for response, contact, *_ in rows}
    speaking: dict[str, set[int]] = defaultdict(set)
    for response, key in _spoken_of({f"response__{name}": value for name, value in about.items()}):
        if response in contact_of and (key == ONCE or key in themes):
            speaking[key].add(contact_of[response])
    return _Answered({contact: seconds for _response, contact, seconds, _reopened in rows}, speaking)


def _shown_causes(
    client: Client, period: Period, where: Where, answered: _Answered, themes: Mapping[str, Theme]
) -> Mapping[str, Shown] | None:
    """How much of each cause may be shown; None where that is nothing of the answers at all."""
    attributes, values = attributes_of(list(where)), dict.fromkeys(answered.seconds, ())
    if where:
        contacts = begun_by_customers(client, period.start, period.end)
        keys = frozenset(repeated(contacts, client, period.start, period.end).values_list("pk", flat=True))
        answered = _answered(client, period, contacts, keys, themes)
        values = values_of(contacts.filter(invitations__response__isnull=False), attributes)
    cells = Counter(values[contact] for contact in answered.seconds)
    if where and Table(attributes, cells).shown(where) is Shown.HIDDEN:
        return None
    tables = {
        key: by_naming(attributes, cells, Counter(values[contact] for contact in who))
        for key, who in answered.speaking.items()
    }
    return {key: table.shown({**where, NAMES: YES}) for key, table in tables.items()}


def _spoken_of(about: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    """Responses (with each theme that they criticise, and with `ONCE` where one contact was not enough)."""
    negative = ThemeAssignment.Sentiment.NEGATIVE
    critical = ThemeAssignment.objects.filter(
        **{f"answer__{name}": value for name, value in about.items()}, sentiment=negative
    )
    for response, theme in critical.order_by().annotate(led=LED).values_list("answer__response", "led"):
        yield response, str(theme)
    asked = Answer.objects.filter(**about, question__key=ONCE, question__kind=Question.Kind.YES_NO)
    for response in asked.filter(choice="no").order_by().values_list("response", flat=True):
        yield response, ONCE


def _share(contacts: int, rest: int, answered: _Answered) -> Estimate | None:
    """What was counted and, of the rest, as many as the answers tell: only that part is uncertain."""
    n = len(answered.seconds)
    if not contacts or (rest and n < VALUE_FROM):
        return None
    told = _of_all(len(answered.failed), n, contacts, rest) if rest else Estimate(0, 0, 0, n)
    counted = 100 * (contacts - rest) / contacts
    return Estimate(counted + told.value, counted + told.low, counted + told.high, n)


def _of_all(hits: int, n: int, contacts: int, rest: int) -> Estimate:
    """The share of all contacts, where the answers are about the rest."""
    told, weight = scores.share(hits, n), rest / contacts
    return Estimate(weight * told.value, weight * told.low, weight * told.high, n)


def _counted_causes(counted: _Counted) -> list[Cause]:
    named = (("repeated", _("repeated contact"), counted.repeated), ("reopened", _("reopened"), counted.reopened))
    return [_counted_cause(*of, counted.all.contacts) for of in named if of[2].contacts]


def _counted_cause(key: str, name: str, load: Load, contacts: int) -> Cause:
    value = 100 * load.contacts / contacts
    share = Estimate(value, value, value, contacts)
    return Cause(key, name, "", True, Shown.FULL, share, load.contacts, load.minutes)


def _told_causes(
    answered: _Answered, contacts: int, rest: int, themes: Mapping[str, Theme], shown: Mapping[str, Shown]
) -> tuple[list[Cause], tuple[str, ...]]:
    """What answers speak of; and the names of what too few speak of."""
    n = len(answered.seconds)
    language = get_language() or "en"
    causes, hidden = [], []
    for key, who in answered.speaking.items():
        theme = themes.get(key)
        name = theme.full_name(language) if theme else _("one contact was not enough")
        if shown[key] is Shown.HIDDEN:
            hidden.append(name)
            continue
        share = _of_all(len(who), n, contacts, rest)
        expected = rest * len(who) / n
        minutes = answered.load(who).minutes_of(expected)
        causes.append(Cause(key, name, theme.side if theme else "", False, shown[key], share, expected, minutes))
    return causes, tuple(sorted(hidden))


def _by_size(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The largest first; then those too thin for a place, by name."""
    return tuple(
        sorted(
            causes,
            key=lambda cause: (cause.shown != Shown.FULL, -cause.contacts * (cause.shown == Shown.FULL), cause.name),
        )
    )
