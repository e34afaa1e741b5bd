"""What the honesty pages say of a value or a difference, in words."""

from collections.abc import Mapping

from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Contact
from surveys.models.cuts import NO, YES, Cut
from surveys.models.people import LANGUAGES

from ... import figures
from ...honesty import balance, gating
from ...scores import Estimate, Weighted

Names = Mapping[tuple[str, str], str]  # (team or agent, its key) → what it is called


def language() -> str:
    return get_language() or "en"


def count(number: int) -> str:
    return figures.count(number, language())


def percent(value: float | None, digits: int = 1) -> str:
    return figures.percent(value, digits, language())


def size(value: float) -> str:
    """A standardised difference: two decimals, with its sign."""
    return figures.points(value, 2, sign=True, language=language())


def score(estimate: Estimate | Weighted | None, kind: str) -> str:
    """30.8 (24 to 38), for what stands side by side; a dash where there is none."""
    if estimate is None:
        return figures.NO_DATA
    unit = "points" if kind == "nps" else "percent"
    written = (figures.points if unit == "points" else figures.percent)(estimate.value, 1, language=language())
    return f"{written} ({figures.interval(estimate, unit, language())})"


def value_of(by: str, value: str, names: Names) -> str:
    """One value of an attribute, as a table's row is headed."""
    if value == balance.REST:
        return _("all others")
    if value == "":
        return _("not known")
    told = {
        Cut.SOLVED: {YES: _("solved"), NO: _("not solved")},
        Cut.REOPENED: {YES: _("opened again"), NO: _("not opened again")},
        Cut.TRANSFERRED: {YES: _("handed on"), NO: _("not handed on")},
        Cut.GOODWILL: {YES: _("goodwill given"), NO: _("no goodwill")},
        Cut.WAIT: {
            "0": _("under 30 seconds"),
            "1": _("30 seconds to 2 minutes"),
            "2": _("2 to 5 minutes"),
            "3": _("5 to 15 minutes"),
            "4": _("15 minutes and more"),
        },
        Cut.WEEKDAY: {str(day + 1): str(name) for day, name in WEEKDAYS.items()},
        Cut.CHANNEL: dict(Contact.Channel.choices),
        Cut.LANGUAGE: dict(LANGUAGES),
    }.get(by, {})
    if by == Cut.HOUR:
        return _("%(hour)s to %(next)s h") % {"hour": value, "next": int(value) + 1}
    return str(told.get(value) or names.get((by, value)) or value)


def who(by: str, value: str, names: Names) -> str:
    """The contacts of a value, as a sentence begins."""
    told = {
        (Cut.SOLVED, YES): _("Solved contacts"),
        (Cut.SOLVED, NO): _("Unsolved contacts"),
        (Cut.REOPENED, YES): _("Contacts that were opened again"),
        (Cut.REOPENED, NO): _("Contacts that were not opened again"),
        (Cut.TRANSFERRED, YES): _("Contacts that were handed on"),
        (Cut.TRANSFERRED, NO): _("Contacts that were not handed on"),
        (Cut.GOODWILL, YES): _("Contacts with goodwill"),
        (Cut.GOODWILL, NO): _("Contacts without goodwill"),
    }
    named = value_of(by, value, names)
    forms = {
        Cut.AGENT: _("Contacts of %(value)s"),
        Cut.TEAM: _("Contacts of the team %(value)s"),
        Cut.HOUR: _("Contacts from %(value)s"),
        Cut.WEEKDAY: _("Contacts on a %(value)s"),
        Cut.CHANNEL: _("Contacts through the channel %(value)s"),
    }
    if by == Cut.AGENT and (by, value) not in names:
        return _("Contacts of one agent")
    return told.get((by, value)) or forms.get(by, _("Contacts: %(value)s")) % {"value": named}


def how_often(rate: float, rest: float) -> str:
    """How a rate reads beside that of the others: “half as often”."""
    if not rest:
        return _("as the only ones")
    times = rate / rest
    for most, said in (
        (0.15, _("hardly ever")),
        (0.29, _("a quarter as often")),
        (0.4, _("a third as often")),
        (0.6, _("half as often")),
        (0.72, _("two thirds as often")),
        (1, _("less often")),
        (1.4, _("more often")),
        (1.75, _("one and a half times as often")),
        (2.5, _("twice as often")),
    ):
        if times < most:
            return said
    return _("more than twice as often")


def gating_sentence(check: gating.Check, names: Names) -> str:
    """“Unsolved contacts were asked half as often: 40.0% rather than 80.0%.”"""
    here, rest = check.furthest, check.rest
    said = {
        "who": who(check.by, here.value, names),
        "how": how_often(here.rate, rest.rate),
        "rate": percent(here.rate),
        "rest": percent(rest.rate),
    }
    if not here.rate:
        return _("%(who)s were never asked; of the others, %(rest)s were.") % said
    return _("%(who)s were asked %(how)s: %(rate)s rather than %(rest)s.") % said
