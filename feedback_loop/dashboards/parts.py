"""What moves a score: its themes, and the parts of the answers side by side. Each row leads to its answers.

Nobody is ranked: the largest parts stand first, people by name, and a word is said of a part only where the funnel's
outer limits (99.8 %) or a test say so.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import charts, figures
from analytics.breakdowns import Breakdown, Row
from analytics.counts import By
from analytics.impact import Impact, Impacts
from analytics.scores import SHOWN_FROM, Estimate, Verdict
from analytics.small_groups import Shown
from surveys.models import Survey

from .. import headline
from .sections import Section, Way


def themes_title(kind: str) -> str:
    return _("What raises and lowers the %s") % kind.upper()


def breakdown_title(label: str) -> str:
    return _("Side by side: %s") % label


def themes(found: Impacts, kind: str, way: Way, is_client: bool, language: str) -> Section:
    """Points that each theme brings to the score or costs it; first what costs most."""
    title = themes_title(kind)
    rows = [row for row in found.rows if row.estimate]
    if not rows:
        return Section("themes", title, missing=(
            _("No theme yet."), _("Themes are shown as soon as five answers name one, and five others do not.")
        ))  # fmt: skip
    chart = charts.whiskers(
        [_theme_row(row, way, is_client, language) for row in rows],
        language=language,
        title=_("Effect in points: the score of all answers minus that of those that do not name the theme"),
        head=_("Theme"),
        is_effect=True,
        ends=(_("lowers"), _("raises")),
    )
    comments = ngettext("%(n)s comment", "%(n)s comments", found.comments) % {
        "n": figures.count(found.comments, language)
    }
    says = _("Effect in points with its 95%% interval: the score of all answers minus that of those that do not name "
             "the theme. %(comments)s.")  # fmt: skip
    return Section("themes", title, says=says % {"comments": comments}, chart=chart, notes=_hidden(found.hidden))


def breakdown(found: Breakdown, label: str, way: Way, language: str) -> Section:
    """One dimension's parts on the score's scale, with a line where all of them together are."""
    title, total = breakdown_title(label), found.total.estimate
    shown = [row for row in found.rows if row.estimate]
    if total is None or not shown:
        return Section("parts", title, missing=(
            _("Nothing to set side by side."), _("A part is shown from %s answers on.") % SHOWN_FROM
        ))  # fmt: skip
    unit = headline.UNITS[found.kind]
    chart = charts.whiskers(
        [_part_row(row, found, way, language) for row in shown],
        language=language,
        unit=unit,
        title=f"{headline.title(found.kind)}, {label}",
        head=label,
        line_at=total.value,
    )
    hidden = [row.name for row in found.rows if row.shown is Shown.HIDDEN]
    return Section(
        "parts", title, lead=_compared(found, shown), says=_line(found, total, language), chart=chart,
        notes=(*_hidden(hidden), *_adjusted(found)),
    )  # fmt: skip


def _theme_row(row: Impact, way: Way, is_client: bool, language: str) -> charts.WhiskerRow:
    name = row.name_de if language == "de" else row.name_en
    note = f"{side(row.side, is_client)} · {figures.evidence(row.n, language)}"
    effect = Estimate(row.estimate.value, row.estimate.low, row.estimate.high, row.n)
    return charts.WhiskerRow(name, note, effect, way(by_value=(By.THEME, str(row.theme))))


def side(key: str, is_client: bool) -> str:
    """Who can mend it, seen from the reader's chair."""
    if is_client:
        return {"service": _("at the contact centre"), "client": _("with you"), "both": _("both sides")}[key]
    return {"service": _("with us"), "client": _("with the client"), "both": _("both sides")}[key]


def _part_row(row: Row, found: Breakdown, way: Way, language: str) -> charts.WhiskerRow:
    stands = {Verdict.HIGHER: _("above chance"), Verdict.LOWER: _("below chance")}.get(row.stands)
    moved = row.change and row.change.verdict is not Verdict.NO_CLEAR_CHANGE
    change = headline.verdict(found.kind, row.change.verdict, False) if moved else ""
    note = " · ".join(filter(None, [figures.evidence(row.n, language), stands, change]))
    return charts.WhiskerRow(row.name, note, row.estimate, way(by_value=(found.by, row.value)))


def _compared(found: Breakdown, shown: Sequence[Row]) -> str:
    compared = [row for row in shown if row.stands is not None]
    if len(compared) < 2:
        return _("No comparison yet: each side needs %s answers.") % found.compared_from
    apart = [row.name for row in compared if row.stands is not Verdict.NO_CLEAR_CHANGE]
    if not apart:
        return _("None stands out beyond chance.")
    return ngettext("One stands out beyond chance: %s.", "These stand out beyond chance: %s.", len(apart)) % ", ".join(
        apart
    )


def _line(found: Breakdown, total: Estimate, language: str) -> str:
    write = figures.points if found.kind == Survey.Kind.NPS else figures.percent
    return _("The line is all together: %s.") % write(total.value, language=language)


def _hidden(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (_("Hidden, so that nobody can be recognised: %s.") % ", ".join(names),)


def _adjusted(found: Breakdown) -> tuple[str, ...]:
    return (_("The words for changes allow for so many being tested at once."),) if found.is_adjusted else ()
