"""What can be taken along from a dashboard: its figures as rows of a file, and the ways to them and to the answers.

A row is one figure as the page shows it, unrounded and for programs: the same in every language, but for names. What is
hidden there is hidden here; of five to nine answers there is the interval and no value.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics import impact, queries
from analytics.counts import By
from analytics.demand import failure_demand
from analytics.disclosure import MOST_FILTERS
from analytics.drivers import drivers
from analytics.matters import repeats
from analytics.scores import SHOWN_FROM, VALUE_FROM, Change, Estimate
from analytics.series import Part
from analytics.small_groups import Shown
from analytics.solved import CHOICES
from surveys import tables
from surveys.admin_scope import names_agents
from surveys.models import Login
from surveys.models.answering import scale_of

from .. import headline
from .below import breakdown_of
from .board import View, shown_series, solved_of

HEAD = ("figure", "of", "kind", "period", "n", "value", "low", "high", "unit", "change")
Row = tuple[str | int | float | None, ...]


@dataclass(frozen=True)
class Files:
    """A kind of file that can be taken along: what is in it, and (format, address)."""

    text: str
    ways: tuple[tuple[str, str], ...]


def files_of(view: View, login: Login, is_hidden: bool) -> list[Files]:
    """What this login may take from this address. `is_hidden`: too few stand behind it to be seen one by one."""
    slug, query = view.scope.client.slug, view.address.whole()
    offered = [Files(_("Figures of this view"), _ways("dashboard-figures", slug, query))]
    sees_single = names_agents(login)
    if (is_hidden and not sees_single) or len(view.where) > MOST_FILTERS:
        return offered
    if By.AGENT in view.where and not sees_single:
        return offered
    narrow = view.address.whole(where=view.where)
    return [*offered, Files(_("Answers behind it, one by one"), _ways("admin:surveys_response_rows", slug, narrow))]


def _ways(name: str, slug: str, query: str) -> tuple[tuple[str, str], ...]:
    return tuple((form.upper(), reverse(name, args=[slug, form]) + query) for form in tables.FORMATS)


def rows(view: View) -> Iterator[Row]:
    """All figures of the address: scores, trend, distribution, funnel, themes, parts, drivers, causes."""
    return chain.from_iterable(part(view) for part in _PARTS)


def _scores(view: View) -> Iterator[Row]:
    period = [view.address.period]
    for kind in view.known.kinds:
        found = shown_series(view, kind, period)
        yield _of_part("score", "", found.now, found.change)
        yield _of_part("score", "", found.before)
        if mean := found.now.mean:
            yield _row(view, "mean", "", mean, "scale", kind=kind)


def _trend(view: View) -> Iterator[Row]:
    for part in shown_series(view, view.address.kind).run:
        yield _of_part("trend", "", part)


def _distribution(view: View) -> Iterator[Row]:
    now = shown_series(view, view.address.kind, [view.address.period], broken=()).now
    for score in scale_of(now.kind) if now.is_firm else ():
        yield _count(view, "answers", str(score), now.counts[score])


def _solved(view: View) -> Iterator[Row]:
    found = solved_of(view)
    if found is None:
        return
    kind, _before, now = found
    answers = shown_series(view, kind, [view.address.period], broken=()).now
    if now.n < SHOWN_FROM or answers.shown is Shown.HIDDEN:
        return
    yield _row(view, "solved", "", now.share, "percent", kind=kind)
    for choice in CHOICES if now.n >= VALUE_FROM else ():
        yield _count(view, "solved", choice, getattr(now, choice), kind)


def _funnel(view: View) -> Iterator[Row]:
    if view.has_theme:
        return
    found = queries.funnels(view.scope.client, view.address.period, view.where).get(view.address.kind)
    if found is None:
        return
    for step in ("eligible", "asked", "delivered", "answered"):
        yield _count(view, "funnel", step, getattr(found, step))
    for reason, n in (*found.not_asked, *found.not_delivered):
        yield _count(view, "loss", reason, n)
    for name, whole in (("coverage", found.eligible), ("response_rate", found.asked)):
        rate = getattr(found, name)
        if rate is not None:
            yield (name, "", view.address.kind, view.address.period.text, whole, rate, None, None, "percent", "")


def _themes(view: View) -> Iterator[Row]:
    if view.has_theme:
        return
    found = impact.impacts(view.scope.client, view.address.kind, view.address.period, view.where)
    for row in found.rows:
        if row.estimate:
            name = row.name_de if view.language == "de" else row.name_en
            yield _row(view, "theme", name, replace(row.estimate, n=row.n), "points")


def _side_by_side(view: View) -> Iterator[Row]:
    if not view.breakdown:
        return
    for row in breakdown_of(view).rows:
        if row.estimate:
            yield _row(view, view.breakdown, row.name, row.estimate, _unit(view.address.kind), change=row.change)


def _drivers(view: View) -> Iterator[Row]:
    for row in drivers(view.scope.client, view.address.kind, view.address.period, view.where).rows:
        effect = Estimate(row.effect, row.low, row.high, max(row.n, VALUE_FROM))
        yield _row(view, "driver", row.name, effect, "points", row.n)


def _causes(view: View) -> Iterator[Row]:
    """Of contacts, whatever is asked about them: no kind of survey."""
    if {By.THEME, By.SURVEY} & view.where.keys():
        return
    client, period = view.scope.client, view.address.period
    found = failure_demand(client, period, view.where)
    if found.share:
        yield _row(view, "unnecessary", "", found.share, "percent", kind="")
    settled = repeats(client, period, where=view.where, at=view.at).first_contact_resolution
    if settled and settled.n >= VALUE_FROM:
        yield _row(view, "settled_at_first_contact", "", settled, "percent", kind="")
    for cause in found.causes:
        yield _row(view, "cause", cause.name, cause.share, "percent", kind="")


_PARTS: tuple[Callable[[View], Iterable[Row]], ...] = (
    _scores, _trend, _distribution, _solved, _funnel, _themes, _side_by_side, _drivers, _causes,
)  # fmt: skip


def _unit(kind: str) -> str:
    return headline.UNITS[kind]


def _of_part(figure: str, of: str, part: Part, change: Change | None = None) -> Row:
    """Without numbers where nothing may be shown."""
    named = (figure, of, str(part.kind), part.period.text)
    if part.estimate is None:
        return (*named, None, None, None, None, _unit(part.kind), "")
    return (*named, *_numbers(part.estimate, part.n, part.is_firm), _unit(part.kind), _word(change))


def _row(
    view: View, figure: str, of: str, found: Estimate, unit: str,
    n: int | None = None, change: Change | None = None, kind: str | None = None,
) -> Row:  # fmt: skip
    kind = str(view.address.kind if kind is None else kind)
    numbers = _numbers(found, found.n if n is None else n, found.n >= VALUE_FROM)
    return (figure, of, kind, view.address.period.text, *numbers, unit, _word(change))


def _count(view: View, figure: str, of: str, n: int, kind: str = "") -> Row:
    return (figure, of, str(kind or view.address.kind), view.address.period.text, n, None, None, None, "", "")


def _numbers(found: Estimate, n: int | None, is_firm: bool) -> tuple[int | None, float | None, float, float]:
    return n, found.value + 0.0 if is_firm else None, found.low + 0.0, found.high + 0.0


def _word(change: Change | None) -> str:
    return change.verdict.value if change else ""
