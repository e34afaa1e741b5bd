"""How a target stands, in words: on pages and in mails alike."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import figures
from analytics.scores import VALUE_FROM

from . import places
from .models import Target
from .targets import Past, State, Verdict


def name(target: Target) -> str:
    """Recommendation (NPS) of at least 30.0 in each month."""
    told = {"what": places.figure_name(target), "value": places.written(target, float(target.value))}
    shapes = {
        Target.Period.MONTH: (_("%(what)s: at least %(value)s in each month"),
                              _("%(what)s: at most %(value)s in each month")),
        Target.Period.QUARTER: (_("%(what)s: at least %(value)s in each quarter"),
                                _("%(what)s: at most %(value)s in each quarter")),
        Target.Period.YEAR: (_("%(what)s: at least %(value)s in each year"),
                             _("%(what)s: at most %(value)s in each year")),
    }  # fmt: skip
    return shapes[Target.Period(target.period)][not target.is_more_better] % told


def verdict(state: str) -> str:
    """Of a state, or of what was last seen; not looked at yet: a dash."""
    words = {
        Verdict.NOT_BEGUN: _("Not begun"),
        Verdict.TOO_FEW: _("Too few answers to say"),
        Verdict.ON_COURSE: _("On course"),
        Verdict.OPEN: _("Open"),
        Verdict.IN_DANGER: _("About to be missed"),
        Verdict.MET: _("Met"),
        Verdict.MISSED: _("Missed"),
        Verdict.OVER: _("Over"),
    }
    return words[Verdict(state)] if state else figures.NO_DATA


def chance(value: float | None) -> str:
    """Whole percent. Nothing is sure before the period is over."""
    if value is None:
        return figures.NO_DATA
    if value < 0.01:
        return _("under %s") % figures.percent(1, language=places.language())
    if value > 0.99:
        return _("over %s") % figures.percent(99, language=places.language())
    return figures.percent(100 * value, language=places.language())


def standing(state: State) -> str:
    """One to three sentences on the period under way."""
    figure = state.figure
    if figure is None:
        return _("No period counts now.") if state.verdict is Verdict.OVER else _("The first period has not begun yet.")
    period = figures.period_name(figure.period, places.language())
    if state.chance is None:
        return _("%(period)s has too few answers for a figure: %(least)s are needed.") % {
            "period": period,
            "least": VALUE_FROM,
        }
    n = figures.count(figure.n, places.language())
    so_far = ngettext("%(value)s so far, from %(n)s answer.", "%(value)s so far, from %(n)s answers.", figure.n)
    told = [so_far % {"value": places.written(state.target, figure.estimate.value), "n": n}, _expected(state.expected)]
    told.append(_("The chance of meeting the target is %(chance)s.") % {"chance": chance(state.chance)})
    if state.breaks:
        days = ", ".join(figures.date_short(each.on, places.language()) for each in state.breaks)
        told.append(_("What was asked, or whom, changed within it (%(days)s).") % {"days": days})
    return " ".join(told)


def agreement(found: Past) -> str:
    """Whether the interval agrees with the figure; empty where there is none to agree with."""
    if found.verdict is Verdict.TOO_FEW:
        return ""
    return _("the interval agrees") if found.is_sure else _("the interval leaves it open")


def _expected(number: int) -> str:
    if not number:
        return _("Hardly any more are expected.")
    return ngettext(
        "By the pace of former periods, about %(n)s more will come.",
        "By the pace of former periods, about %(n)s more will come.",
        number,
    ) % {"n": figures.count(number, places.language())}
