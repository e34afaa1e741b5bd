"""One client's dashboard: everything that its page shows, gathered for one address and one login's scope."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Max, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics import figures, scores, solved
from analytics.counts import By, Where
from analytics.honesty import breaks, exclusions
from analytics.honesty.breaks import Break
from analytics.periods import Period
from analytics.series import Series, series
from analytics.small_groups import Shown
from analytics.solved import Solved
from surveys.models import Campaign, Login, Response, Survey
from surveys.models.cuts import Cut

from .. import headline
from . import aims, choices, filtering, headlines, sections
from .address import KINDS, WIDE, Address, Known, broken_down, filters, narrowed, read
from .choices import Choices
from .filtering import Form, Narrowing
from .headlines import Headline
from .scope import Scope
from .sections import GroupLine, Section, Tab


@dataclass(frozen=True)
class View:
    """What one address means to one login: the address as it holds, what may be chosen, and what was wrong with it."""

    scope: Scope
    address: Address
    choices: Choices
    pinned: Where
    said: tuple[str, ...]
    at: dt.datetime
    language: str
    known: Known

    @property
    def where(self) -> Where:
        return {**self.address.where, **self.pinned}

    @property
    def title(self) -> str:
        return headlines.period_short(self.address.period, self.language)

    @property
    def whose(self) -> str:
        """The part of the client that is shown, in names; empty for all of it."""
        names = [names[self.where[by]] for by, names in self.scope.fixed.items()]
        names += [self.choices[by].names[value] for by, value in self.address.where.items() if by not in self.pinned]
        return ", ".join(names)

    @property
    def dashboard(self) -> str:
        """The page of this address."""
        return reverse("dashboard", args=[self.scope.client.slug]) + self.address.whole()

    @property
    def breakdowns(self) -> list[str]:
        """The dimensions whose parts can be set side by side."""
        used = {*self.where, By.THEME, By.SURVEY}
        return [by for by in self.choices if by not in used]

    @property
    def breakdown(self) -> str:
        """The one to show; empty where there is none."""
        return self.address.by if self.address.by in self.breakdowns else next(iter(self.breakdowns), "")

    @property
    def has_theme(self) -> bool:
        """A theme is known of answers only, not of those who were asked."""
        return By.THEME in self.where

    @property
    def causes(self) -> str:
        return self.part("causes")

    def part(self, name: str) -> str:
        """The page of a part that the dashboard fetches once it comes into view."""
        return reverse(f"dashboard-{name}", args=[self.scope.client.slug]) + self.address.whole()

    def ledger(self, **filters: str) -> str:
        """The verdicts behind a number of the funnel, for those who may read them; empty where its list knows no such
        filter."""
        where = [f"{by}.{value}" for by, value in self.where.items() if by in Cut.values]
        if not self.scope.is_analyst or len(self.where) > 1 or len(where) < len(self.where):
            return ""
        period = self.address.period
        about = {
            "client__id__exact": self.scope.client.pk,
            "about": f"{period.first_on}..{period.next().first_on}",
            "version__survey__kind__exact": self.address.kind,
        }
        query = {**about, **({"cut": where[0]} if where else {}), **filters}
        return f"{reverse('admin:surveys_invitation_changelist')}?{urlencode(query)}"

    @property
    def naming(self) -> str:
        """The beginning of an address of answers that name a theme; its number follows."""
        where = {by: value for by, value in self.address.where.items() if by != By.THEME}
        return f"{self.way(where=where, **WIDE)}&{By.THEME}="

    def way(self, by_value: tuple[str, str] | None = None, **changes) -> str:
        """To the answers behind a figure: with something else in the address, or with one filter more; empty where that
        is none that an address can name."""
        if by_value:
            if by_value[0] not in self.choices or by_value[1] not in self.choices[by_value[0]].names:
                return ""
            changes["where"] = {**self.address.where, by_value[0]: by_value[1]}
        return reverse("dashboard-answers", args=[self.scope.client.slug]) + self.address.query(**changes)


@dataclass(frozen=True)
class Board:
    """`whose`: of which part of the client, where filters or a narrow reach make it one; `short`: NPS, CSAT, CES.

    `is_hidden`: too few stand behind the score that is shown.
    """

    view: View
    title: str
    whose: str
    opening: str
    headlines: tuple[Headline, ...]
    tabs: tuple[Tab, ...]
    short: str
    sections: Mapping[str, Section]
    groups: tuple[GroupLine, ...]
    is_hidden: bool


def view_of(scope: Scope, params: Mapping[str, str], at: dt.datetime, language: str) -> View:
    """The nearest view that there is to what the address says."""
    known = known_of(scope)
    address, said = read(params, scope.client, known, at, language)
    address = narrowed(address, params, said)
    offered = choices.choices_of(scope, address, language)
    address = replace(filters(address, params, offered, said), by=broken_down(params, offered, said))
    pinned = choices.pinned(scope, params)
    return View(scope, address, offered, pinned, tuple(said), at, language, known)


def known_of(scope: Scope) -> Known:
    """Which kinds of survey there are, and between which days there are answers. Waves are of no team and no agent."""
    client, campaigns = scope.client, Campaign.objects.filter(client=scope.client)
    if not scope.is_whole:
        campaigns = campaigns.filter(kind=Campaign.Kind.POST_CONTACT)
    asked = set(campaigns.values_list("survey__kind", "kind"))
    kinds = tuple(kind.value for kind in KINDS if kind in {each for each, _of in asked}) or (Survey.Kind.NPS.value,)
    after_contacts = tuple(kind for kind in kinds if (kind, Campaign.Kind.POST_CONTACT) in asked)
    first = last = None
    for kind in kinds:  # by the index on client, kind and time
        ends = Response.objects.filter(client=client, kind=kind).aggregate(Min("submitted_at"), Max("submitted_at"))
        if ends["submitted_at__min"]:
            first = min(filter(None, [first, ends["submitted_at__min"]]))
            last = max(filter(None, [last, ends["submitted_at__max"]]))
    day = lambda moment: moment and moment.astimezone(client.zone).date()  # noqa: E731
    return Known(kinds, after_contacts, day(first), day(last))


def shown_series(view: View, kind: str, run: Sequence[Period] = (), broken: Sequence[Break] | None = None) -> Series:
    """Over the periods of the trend, or over these."""
    address = view.address
    return series(view.scope.client, kind, run or address.run, address.before, address.where, view.pinned, broken)


def form_of(view: View) -> Form:
    return filtering.form(view.scope, view.address, view.choices, view.known, view.at, view.language)


def narrowing(view: View) -> list[Narrowing]:
    return filtering.narrowing(view.address, view.choices)


def board_of(view: View, login: Login) -> Board:
    """What the page shows at once; what it fetches later stands in `below`."""
    address = view.address
    run = sorted({address.before, *address.run}, key=lambda period: period.first_on)
    broken = breaks.of_each(view.scope.client, view.known.kinds, run)
    runs = {kind: address.run if kind == address.kind else [address.period] for kind in view.known.kinds}
    found = {kind: shown_series(view, kind, run, broken[kind]) for kind, run in runs.items()}
    chosen = found[address.kind]
    return Board(
        view,
        title=view.title,
        whose=view.whose,
        opening=_opening(view, chosen),
        headlines=tuple(_headlines(view, found)),
        tabs=tuple(_tabs(view)),
        short=view.address.kind.upper(),
        sections={section.key: section for section in _sections(view, login, chosen)},
        groups=tuple(sections.groups(chosen, view.way, view.language)),
        is_hidden=chosen.now.shown is Shown.HIDDEN,
    )


def _tabs(view: View) -> Iterable[Tab]:
    for kind in view.known.kinds:
        yield Tab(headline.title(kind), view.address.whole(kind=kind), kind == view.address.kind)


def answered(view: View) -> Address:
    """The address with what a narrow reach pins: what is read from the database."""
    return replace(view.address, where=view.where)


def _headlines(view: View, found: Mapping[str, Series]) -> Iterable[Headline]:
    language, address = view.language, view.address
    for kind, each in found.items():
        is_current = kind == address.kind
        asides = _asides(view, kind) if is_current and not view.where and each.now.estimate else ()
        yield headlines.of_score(each, language, asides=asides, href=address.whole(kind=kind), is_current=is_current)
    if (of := solved_of(view)) is not None:
        yield _solved(view, *of, found.get(of[0]))


def _asides(view: View, kind: str) -> list[str]:
    """Of the client as a whole; parts of it have no such counts."""
    client, period = view.scope.client, view.address.period
    if not exclusions.are_any(client, kind, period):
        return []
    return headlines.without_excluded(exclusions.with_and_without(client, kind, period), view.language)


def solved_of(view: View) -> tuple[str, Solved, Solved] | None:
    """In the surveys of the kind that is shown, or else in those after contacts: that kind, before and now."""
    kinds = solved.asked_in(view.scope.client)
    kind = next((kind for kind in (view.address.kind, Survey.Kind.CSAT, *kinds) if kind in kinds), None)
    if kind is None:
        return None
    run = [view.address.before, view.address.period]
    return kind, *solved.solved(view.scope.client, kind, run, view.where)


def _solved(view: View, _kind: str, before: Solved, now: Solved, answers: Series | None) -> Headline:
    """Where the answers themselves may not be shown, nor may this be said of them."""
    is_hidden = bool(answers) and answers.now.shown is Shown.HIDDEN
    if answers and answers.before.shown is Shown.HIDDEN:
        before = Solved()
    return headlines.of_solved(now, before, view.address.before, view.language, is_hidden)


def _sections(view: View, login: Login, chosen: Series) -> Iterable[Section]:
    address, language, client = view.address, view.language, view.scope.client
    told = aims.aims_of(client, login, address, bool(view.where), language)
    yield sections.trend(chosen, address, view.way, language, told)
    yield sections.distribution(chosen, view.way, language)


def _opening(view: View, chosen: Series) -> str:
    """As of when, compared with what, and which changes could be seen at all."""
    zone = view.scope.client.zone
    told = [_("As of %(at)s, %(compared)s.") % {
        "at": sections.as_of(view.at, zone, view.language),
        "compared": sections.compared_with(view.address, view.language),
    }]  # fmt: skip
    if chosen.kind == Survey.Kind.NPS and chosen.now.is_firm and chosen.before.is_firm:
        points = scores.detectable_change(chosen.before.n, chosen.now.n)
        if points:
            told.append(_("With %(n)s answers, changes of the NPS from %(points)s points on can be seen.") % {
                "n": figures.count(chosen.now.n, view.language), "points": points
            })  # fmt: skip
    return " ".join(told)
