"""Failure demand: contacts that should not have been necessary, why, and how much time they took.

The term is John Seddon's: demand caused by a failure to do something, or to do it right, for the customer. That a
contact was *repeated* (see `matters`) or *reopened* by its source is known of each and is counted. That a promise was
not kept, a bill was wrong, or one contact was not enough, only the customer can tell: it is estimated from the answers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, QuerySet, Value
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Answer, Client, Contact, Exclusion, Question, Response

from . import scores
from .counts import EVERYWHERE
from .dimensions import Where, as_written, attributes_of
from .disclosure import NAMES, YES, Table, by_naming
from .found import LED
from .matters import Load, begun_by_customers, load_of, loads, narrowed, repeated, with_values
from .matters import Repeats as Repeats
from .matters import repeats as repeats
from .models import Theme, ThemeAssignment
from .periods import Period
from .scores import VALUE_FROM, Estimate
from .small_groups import Shown
from .together import read_together

# Of the starter taxonomy: what makes people call or write (again) where it went wrong. How they were treated, and what
# they think of price, rules or product, does not say that the contact need not have been.
CAUSING = frozenset(
    {
        *("repeat_contact", "promise_kept", "transfer", "communication", "processing_time", "delivery", "availability"),
        *("billing", "refund_goodwill", "ordering", "digital"),
    }
)
_Values = Mapping[int, str]  # of attributes, by their places

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


class _Repeated(NamedTuple):
    """A repeated contact; `values` of the attributes by which it is decided what may be shown."""

    pk: int
    reason: str
    reopened_count: int
    talk_seconds: int | None
    is_answered: bool
    values: tuple[str, ...]


@dataclass(frozen=True)
class _Counted:
    """What is known of each contact: of all, of the repeated and of the reopened ones, of both together."""

    all: Load
    repeated: Load
    reopened: Load
    either: Load
    by_reason: Mapping[str, Load]


@dataclass(frozen=True)
class _Answered:
    """Contacts that were not counted and were answered about: how many, and seconds of talking in those that speak of a
    cause; both by the values of attributes by which it is decided what may be shown."""

    cells: Counter[tuple[str, ...]]
    seconds: Mapping[int, int | None]
    values: Mapping[int, tuple[str, ...]]
    speaking: Mapping[str, set[int]]

    @property
    def n(self) -> int:
        return self.cells.total()

    @property
    def failed(self) -> set[int]:
        return set().union(*self.speaking.values())

    def load(self, contacts: Iterable[int]) -> Load:
        return load_of(self.seconds[contact] for contact in contacts)

    def having(self, where: _Values) -> "_Answered":
        cells = Counter({values: n for values, n in self.cells.items() if _have(values, where)})
        speaking = {key: {one for one in who if _have(self.values[one], where)} for key, who in self.speaking.items()}
        return replace(self, cells=cells, speaking={key: who for key, who in speaking.items() if who})


def failure_demand(client: Client, period: Period, where: Where = EVERYWHERE) -> FailureDemand:
    """What need not have been, of the contacts of a period. Eight queries, and one more for filters.

    What answers tell is shown as `disclosure` decides, by the contacts that they are about and what those have.

    `where` narrows by what contacts have themselves: team, agent, channel, reason, language, segment, goodwill,
    attributes; ValueError for anything else.
    """
    attributes = attributes_of(list(where))
    asked = {attributes.index(name): as_written(name, value) for name, value in where.items()}
    themes = _causing_themes(client)
    contacts = begun_by_customers(client, period.start, period.end)
    again = _repeated(client, period, contacts, attributes)
    counted = _counted(narrowed(contacts, where), [one for one in again if _have(one.values, asked)])
    of_all = _answered(client, period, contacts, again, themes, attributes)
    answered = of_all.having(asked)
    shown = _shown_causes(attributes, where, of_all)
    if shown is None:
        answered = _Answered(Counter(), {}, {}, {})
    n, rest = counted.all.contacts, counted.all.contacts - counted.either.contacts
    share = _share(n, rest, answered)
    more = share.value * n / 100 - counted.either.contacts if share else 0.0
    minutes = (counted.either.minutes, answered.load(answered.failed).minutes_of(more))
    causes, hidden = _told_causes(answered, n, rest, themes, shown or {})
    return FailureDemand(
        contacts=n,
        counted=counted.either.contacts,
        answered=answered.n,
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


def _have(values: Sequence[str], asked: _Values) -> bool:
    return all(values[place] == value for place, value in asked.items())


def _repeated(
    client: Client, period: Period, contacts: QuerySet[Contact], attributes: Sequence[str]
) -> list[_Repeated]:
    """One query."""
    again = repeated(contacts, client, period.start, period.end).annotate(is_answered=_has_answer(client, period))
    columns = ("pk", "reason", "reopened_count", "talk_seconds", "is_answered")
    with read_together():
        return [_Repeated(*row[:5], tuple(row[5:])) for row in with_values(again, attributes, columns)]


def _counted(contacts: QuerySet[Contact], again: Sequence[_Repeated]) -> _Counted:
    """One query."""
    with read_together():
        all_loads = loads(contacts, "reason", "reopened_count")
    by_reason: dict[str, Load] = defaultdict(Load)
    for (reason, reopened), load in all_loads.items():
        by_reason[reason] += load if reopened else Load()
    for one in again:
        by_reason[one.reason] += Load() if one.reopened_count else load_of([one.talk_seconds])
    return _Counted(
        all=sum(all_loads.values(), Load()),
        repeated=load_of(one.talk_seconds for one in again),
        reopened=sum((load for (_reason, reopened), load in all_loads.items() if reopened), Load()),
        either=sum(by_reason.values(), Load()),
        by_reason={reason: load for reason, load in by_reason.items() if load.contacts},
    )


def _has_answer(client: Client, period: Period) -> Exists:
    """An invitation is about its contact's end, and is found by that and by its own client."""
    return Exists(Response.objects.counting().filter(**_about(client, period), invitation__contact=OuterRef("pk")))


def _about(client: Client, period: Period) -> dict[str, object]:
    within = {"client": client, "about_at__gte": period.start, "about_at__lt": period.end}
    return {"client": client, **{f"invitation__{name}": value for name, value in within.items()}}


def _answered(
    client: Client,
    period: Period,
    contacts: QuerySet[Contact],
    again: Sequence[_Repeated],
    themes: Mapping[str, Theme],
    attributes: Sequence[str],
) -> _Answered:
    """Five queries, and one for attributes."""
    others = contacts.filter(reopened_count=0)
    answered = with_values(others.filter(_has_answer(client, period)), attributes, ("client",)).annotate(n=Count("pk"))
    with read_together(never_one_by_one=True):
        cells = Counter({tuple(values): n for _client, *values, n in answered})
    cells.subtract(one.values for one in again if one.is_answered and not one.reopened_count)
    repeated_ones, seconds, speaking = {one.pk for one in again}, {}, defaultdict(set)
    for key, contact, talked in _spoken_of(client, period, others):
        if contact not in repeated_ones and (key == ONCE or key in themes):
            seconds[contact] = talked
            speaking[key].add(contact)
    values = dict.fromkeys(seconds, ())
    if attributes:
        those = with_values(contacts.filter(pk__in=list(seconds)), attributes, ("pk",))
        values = {contact: tuple(own) for contact, *own in those}
    return _Answered(+cells, seconds, values, speaking)


def _shown_causes(attributes: Sequence[str], where: Where, answered: _Answered) -> Mapping[str, Shown] | None:
    """How much of each cause may be shown; None where that is nothing of the answers at all."""
    if where and Table(attributes, answered.cells).shown(where) is Shown.HIDDEN:
        return None
    tables = {
        key: by_naming(attributes, answered.cells, Counter(answered.values[contact] for contact in who))
        for key, who in answered.speaking.items()
    }
    return {key: table.shown({**where, NAMES: YES}) for key, table in tables.items()}


def _spoken_of(client: Client, period: Period, contacts: QuerySet[Contact]) -> Iterator[tuple[str, int, int | None]]:
    """Each theme that answers about these contacts criticise, and `ONCE` where one contact was not enough: with the
    contact, and seconds of talking."""
    excluded = set(Exclusion.objects.standing().filter(response__client=client).values_list("response", flat=True))
    questions = Question.objects.filter(version__survey__client=client).values_list("pk", "kind", "key")
    texts, once = [], []
    for pk, kind, key in questions:
        texts += [pk] if kind == Question.Kind.TEXT else []
        once += [pk] if (kind, key) == (Question.Kind.YES_NO, ONCE) else []
    about = {f"response__{name}": value for name, value in _about(client, period).items()}
    about["response__invitation__contact__in"] = contacts
    columns = ("response", "response__invitation__contact", "response__invitation__contact__talk_seconds")
    critical = ThemeAssignment.objects.filter(
        **{f"answer__{name}": value for name, value in about.items()},
        answer__question__in=texts,
        sentiment=ThemeAssignment.Sentiment.NEGATIVE,
    )
    named = critical.order_by().annotate(led=LED).values_list("led", *(f"answer__{column}" for column in columns))
    denied = (
        Answer.objects.filter(**about, question__in=once, choice="no").order_by().values_list(Value(ONCE), *columns)
    )
    for key, response, contact, talked in (*named, *denied):
        if response not in excluded:
            yield str(key), contact, talked


def _share(contacts: int, rest: int, answered: _Answered) -> Estimate | None:
    """What was counted and, of the rest, as many as the answers tell: only that part is uncertain."""
    n = answered.n
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
    n = answered.n
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
