"""The row of figures at the head of a dashboard: number, interval, verdict, evidence; in this order, always all four.

Rates that count everyone (response rate, coverage) have a bar and no interval. Words for a change come from the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from analytics import charts, figures, queries, scores
from analytics.charts import Drawing
from analytics.figures import Unit
from analytics.honesty.exclusions import WithAndWithout
from analytics.periods import Period
from analytics.queries import Funnel
from analytics.scores import VALUE_FROM, Estimate
from analytics.series import Part, Series
from analytics.solved import Solved
from surveys.models import Survey
from surveys.models.answering import scale_of

from .. import headline, report


@dataclass(frozen=True)
class Headline:
    """`href` leads to what stands behind; `asides` are sentences on what was not counted."""

    name: str
    value: str
    interval: str = ""
    ruler: str = ""
    verdict: str = ""
    evidence: str = ""
    asides: tuple[str, ...] = ()
    href: str = ""
    is_current: bool = False


def of_score(
    found: Series, language: str, *, asides: Sequence[str] = (), href: str = "", is_current: bool = False
) -> Headline:
    """A score with its interval, its change against the other period, and its mean where the scale has one."""
    name, unit, now = headline.title(found.kind), headline.UNITS[found.kind], found.now
    if now.estimate is None:
        return Headline(name, figures.NO_DATA, evidence=_sentence(why_none(now)), asides=tuple(asides), href=href,
                        is_current=is_current)  # fmt: skip
    return Headline(
        name,
        report.written(now.estimate.value, unit, language) if now.is_firm else "",
        _interval(now, unit, language),
        _svg(charts.ruler(now.estimate, unit, language)),
        headline.verdict(found.kind, found.change.verdict if found.change else None, found.is_new_series),
        _evidence(found, language),
        tuple(asides),
        href,
        is_current,
    )


def of_solved(now: Solved, before: Solved, other: Period, language: str, is_hidden: bool = False) -> Headline:
    """How many of 100 say that their matter was solved."""
    name = _("Matter solved")
    if now.n < scores.SHOWN_FROM or is_hidden:
        why = headline.missing(now.n) if now.n < scores.SHOWN_FROM else headline.withheld()
        return Headline(name, figures.NO_DATA, evidence=_sentence(why))
    is_firm = now.n >= VALUE_FROM
    change = None
    if is_firm and before.n >= VALUE_FROM:
        change = scores.share_change((before.yes, before.n), (now.yes, now.n))
    told = _("%(partly)s partly, %(no)s not solved.") % {
        "partly": figures.count(now.partly, language), "no": figures.count(now.no, language)
    }  # fmt: skip
    was = compared(before.share if before.n >= VALUE_FROM else None, other, "percent", language)
    return Headline(
        name,
        figures.percent(now.share.value, language=language) if is_firm else "",
        figures.interval(now.share, "percent", language),
        _svg(charts.ruler(now.share, "percent", language)),
        headline.verdict(Survey.Kind.CSAT, change.verdict if change else None, False),
        " ".join(filter(None, [was, f"{figures.evidence(now.n, language)}.", told if is_firm else ""])),
    )


def of_response_rate(found: Funnel, language: str, asides: Sequence[str] = ()) -> Headline:
    name = _("Response rate")
    if found.response_rate is None:
        return Headline(name, figures.NO_DATA, evidence=_("Nobody was asked."), asides=tuple(asides))
    said, about = (
        _("%(answered)s of %(asked)s asked."),
        _("Who was asked in this period, and has answered until today."),
    )
    return _rate(name, found.response_rate, said % _steps(found, language), about, language, asides)


def of_coverage(found: Funnel, language: str) -> Headline:
    name = _("Coverage")
    if found.coverage is None:
        return Headline(name, figures.NO_DATA, evidence=_("Nobody could be asked."))
    said, about = _("%(asked)s of %(eligible)s were asked."), _("Why the others were not, the funnel below says.")
    return _rate(name, found.coverage, said % _steps(found, language), about, language)


def _rate(name: str, rate: float, said: str, about: str, language: str, asides: Sequence[str] = ()) -> Headline:
    bar, value = _svg(charts.rate(rate, language)), figures.percent(rate, 1, language=language)
    return Headline(name, value, said, bar, evidence=about, asides=tuple(asides))


def _steps(found: Funnel, language: str) -> dict[str, str]:
    return {step: figures.count(getattr(found, step), language) for step in ("eligible", "asked", "answered")}


def points(found: Series, language: str, hrefs: Sequence[str] = ()) -> list[charts.TrendPoint]:
    """The periods as points of a trend; what is too thin to be told is a gap."""
    ways = hrefs or [""] * len(found.run)
    return [
        charts.TrendPoint(charts.axis_label(part.period, language), part.period, part.estimate, href)
        for part, href in zip(found.run, ways, strict=True)
    ]


def marked(found: Series) -> list[charts.Break]:
    """The series breaks within the trend."""
    return [charts.Break(each.on, str(each.why)) for each in found.breaks]


def beside(found: queries.Beside, language: str) -> list[str]:
    """What stands beside those who answered: only clicked, made by machines, without invitation."""
    said = figures.beside(sum(found.provisional), found.flagged, found.unverified, language)
    return [said] if said else []


def without_excluded(kept: WithAndWithout, language: str) -> list[str]:
    """The score as it would be with what two people took out."""
    if not kept.with_them:
        return []
    value = report.written(kept.with_them.value, headline.UNITS[kept.kind], language)
    told = {"n": figures.count(kept.excluded, language), "value": value}
    return [_("With the %(n)s excluded: %(value)s.") % told]


def compared_before(found: Series, language: str) -> str:
    """The score of the other period, where enough answers stand behind it for a claim."""
    before = found.before
    estimate = before.estimate if before.is_firm else None
    return compared(estimate, before.period, headline.UNITS[found.kind], language)


def compared(estimate: Estimate | None, period: Period, unit: Unit, language: str) -> str:
    """September 2026: 28 (21 to 35)."""
    if estimate is None:
        return ""
    name = period_short(period, language)
    value = report.written(estimate.value, unit, language)
    return f"{name}: {value} ({figures.interval(estimate, unit, language)})."


def period_short(period: Period, language: str) -> str:
    """A week by its number and year, the others as always."""
    if period.kind == "week":
        return f"{figures.week_number(period.first_on, language)} {period.first_on.isocalendar().year}"
    return figures.period_name(period, language)


def why_none(part: Part) -> str:
    """Too few, or so few beside them, or beside their days, that those could be worked out."""
    return headline.missing(part.n) if part.n < scores.SHOWN_FROM else headline.withheld()


def method() -> str:
    """How the figures are made, for the foot of a page."""
    return " ".join(
        [
            _("NPS, CSAT and CES are never added up. Of several answers of one customer the latest counts."),
            _("CSAT is the share of 4 and 5 of 5, CES that of 5 to 7 of 7: who found it easy."),
            _("95% intervals: adjusted Wald (NPS), Wilson (shares). A change is named only if the test shows it."),
            _("Below %(least)s answers nothing is shown, below %(value)s only the range.")
            % {"least": scores.SHOWN_FROM, "value": VALUE_FROM},
        ]
    )


def _evidence(found: Series, language: str) -> str:
    now, mean = found.now, ""
    if now.mean:
        top = scale_of(found.kind)[-1]
        mean = _("Mean %(mean)s of %(top)s.") % {
            "mean": figures.points(now.mean.value, 2, language=language),
            "top": top,
        }
    was = compared_before(found, language)
    return " ".join(filter(None, [was, f"{figures.evidence(now.n, language)}.", mean]))


def _interval(part: Part, unit: Unit, language: str) -> str:
    interval = figures.interval(part.estimate, unit, language)
    return interval if part.is_firm else _("range only: %s") % interval


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _svg(drawing: Drawing | None) -> SafeString:
    return mark_safe(drawing.fluid()) if drawing else mark_safe("")  # escaped where it was written
