"""What came of an initiative, in words. For a change they come from the test's verdict, never from the difference."""

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import figures
from analytics.scores import VALUE_FROM, Change, Verdict
from surveys.models import Survey

from . import measures, places
from .initiatives import Advice, Effect, Missing, Reason
from .models import Initiative

TITLES = {
    Advice.SCALE: lambda: _("Scale it"),
    Advice.KEEP_WATCHING: lambda: _("Keep watching"),
    Advice.DROP: lambda: _("Drop it"),
    Advice.NONE: lambda: _("No advice"),
}


def advice(state: str) -> str:
    """Of an effect, or of what was last seen; not looked at yet: a dash."""
    return TITLES[Advice(state)]() if state in TITLES else figures.NO_DATA


def reason(effect: Effect) -> str:
    """Why that is the advice: one to three sentences."""
    return " ".join(filter(None, _REASONS[effect.reason](effect)))


def warnings(effect: Effect) -> list[str]:
    """What else has to be known before the numbers are believed."""
    said = []
    if effect.after_bad_times:
        said.append(
            _(
                "The weeks before it began were clearly worse than the quarter before them. After so bad a stretch "
                "some of the change for the better comes by itself."
            )
        )
    if effect.beside and effect.reason is not Reason.NOT_ALONE:
        said.append(_not_alone(effect))
    return said


def verdict(of: Initiative, change: Change | None) -> str:
    if change is None:
        return _("Not tested")
    if change.verdict is Verdict.NO_CLEAR_CHANGE:
        return _("No clear change")
    is_up = change.verdict is Verdict.HIGHER
    if of.theme_id:
        return _("Clearly more often") if is_up else _("Clearly less often")
    if of.is_of_score and of.kind == Survey.Kind.CES:
        return _("Clearly easier") if is_up else _("Clearly harder")
    return _("Clearly higher") if is_up else _("Clearly lower")


def told(difference: float, low: float, high: float) -> str:
    """+12.3 points (+4.1 to +20.4)."""
    return _("%(change)s points (%(interval)s)") % {
        "change": places.points(difference),
        "interval": places.change_interval(low, high),
    }


def _nothing_yet(effect: Effect):
    if effect.weeks.is_over:
        yield _("It ended before one whole week could be judged.")
        return
    yield _("The first week after the run-in is over on %(day)s; until then there is nothing to judge.") % {
        "day": _day(effect.weeks.first_week_until)
    }


def _break(effect: Effect):
    said = [_("%(day)s: %(why)s") % {"day": _day(each.on), "why": str(each.why).rstrip(".")} for each in effect.breaks]
    yield _(
        "What was asked, or whom, changed in between (%(breaks)s). Across that, before and after are not compared."
    ) % {"breaks": "; ".join(said)}


def _too_few(effect: Effect):
    if effect.initiative.control and measures.all_firm(effect.before, effect.after):
        yield _("The control group has too few answers: a test needs %(n)s on each side.") % {"n": VALUE_FROM}
    else:
        yield _("Too few answers: a test needs %(n)s on each side.") % {"n": VALUE_FROM}
    yield _still_missing(effect.missing)


def _not_alone(effect: Effect) -> str:
    names = get_text_list([_("“%(name)s”") % {"name": other.name} for other in effect.beside], _("and"))
    return ngettext(
        "%(names)s began in the same weeks and may be at work in the same place. A change could come from either, "
        "so it is ascribed to neither.",
        "%(names)s began in the same weeks and may be at work in the same place. A change could come from any of "
        "them, so it is ascribed to none.",
        len(effect.beside),
    ) % {"names": names}


def _clear(effect: Effect):
    yield (_("Clearly better: %s.") if effect.reason is Reason.BETTER else _("Clearly worse: %s.")) % _result(effect)
    if not effect.weeks.is_over:
        yield _("That is so clear that the last weeks need not be awaited.")


def _excluded(effect: Effect):
    at_best = effect.result.high if effect.initiative.is_more_better else -effect.result.low
    yield _("No clear change: %s.") % _result(effect)
    yield _(
        "A change for the better by %(hoped)s points, which would be worth having, can be excluded: at best it is "
        "%(best)s."
    ) % {"hoped": effect.initiative.hoped_change, "best": places.points(at_best)}


def _early(effect: Effect):
    better = measures.is_better(effect.initiative, effect.result)
    yield (_("Better so far: %s.") if better else _("Worse so far: %s.")) % _result(effect)
    yield _(
        "Whoever looks every day would soon see something by chance. It is judged after %(day)s, or before if it "
        "becomes clearer still."
    ) % {"day": _day(effect.weeks.last_on)}


def _open(effect: Effect):
    yield _("No clear change so far: %s.") % _result(effect)
    yield _("It is judged after %(day)s.") % {"day": _day(effect.weeks.last_on)}
    yield _to_be_seen(effect)


def _undecided(effect: Effect):
    yield _("No clear change: %s.") % _result(effect)
    yield _("A change by %(hoped)s points, which would be worth having, is neither shown nor excluded.") % {
        "hoped": effect.initiative.hoped_change
    }
    yield _to_be_seen(effect)


def _result(effect: Effect) -> str:
    said = told(effect.result.difference, effect.result.low, effect.result.high)
    return _("%(change)s against the control group") % {"change": said} if effect.did else said


def _to_be_seen(effect: Effect) -> str:
    if effect.missing is None:
        return ""
    return _("To see a change by %(hoped)s points, about %(n)s more answers are needed%(when)s.") % {
        "hoped": effect.initiative.hoped_change,
        "n": figures.count(effect.missing.answers, places.language()),
        "when": _when(effect.missing),
    }


def _still_missing(missing: Missing | None) -> str:
    if missing is None:
        return ""
    answers = ngettext(
        "%(n)s more answer is needed%(when)s.", "%(n)s more answers are needed%(when)s.", missing.answers
    )
    return answers % {"n": figures.count(missing.answers, places.language()), "when": _when(missing)}


def _when(missing: Missing) -> str:
    if missing.on is None:
        return _(", which at this pace takes more than two years")
    return _(", at this pace until about %(day)s") % {"day": _day(missing.on)}


def _day(day) -> str:
    return f"{figures.date_short(day, places.language())} {day.year}"


_REASONS = {
    Reason.NOTHING_YET: _nothing_yet,
    Reason.BREAK: _break,
    Reason.TOO_FEW: _too_few,
    Reason.NOT_ALONE: lambda effect: [_not_alone(effect)],
    Reason.BETTER: _clear,
    Reason.WORSE: _clear,
    Reason.EXCLUDED: _excluded,
    Reason.EARLY: _early,
    Reason.OPEN: _open,
    Reason.UNDECIDED: _undecided,
}
