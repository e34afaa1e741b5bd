"""How a figure, a date or a period reads in German and in English: pages, mails, exports and pictures all print these.

Small tables instead of a locale library: two languages, and the same text on every machine. A date is the calendar day
meant; datetimes come already converted to the reader's zone. Figures are rounded here, once, half away from zero.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from analytics.periods import Period
from analytics.scores import Estimate, round_half_away

NO_DATA = "–"
MINUS = "\u2212"
NO_BREAK = "\u00a0"

Unit = Literal["points", "percent"]


@dataclass(frozen=True)
class _Language:
    decimal: str
    thousands: str
    percent: str
    to: str
    day: str
    clock: str
    weekday: str
    week: str
    quarter: str
    beside: str
    clicked: str
    flagged: str
    unverified: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    months_short: tuple[str, ...]


_LANGUAGES = {
    "de": _Language(
        decimal=",",
        thousands=".",
        percent=f"{NO_BREAK}%",
        to="bis",
        day="{}. {}",
        clock="{}, {} Uhr",
        weekday="{}, {}",
        week="KW {}",
        quarter="{}. Quartal {}",
        beside="Daneben, nicht eingerechnet: {}.",
        clicked="{} nur angeklickt",
        flagged="{} als maschinell markiert",
        unverified="{} ohne Einladung",
        weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        months=(
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ),
        months_short=("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"),
    ),
    "en": _Language(
        decimal=".",
        thousands=",",
        percent="%",
        to="to",
        day="{} {}",
        clock="{}, {}",
        weekday="{} {}",
        week="Week {}",
        quarter="Q{} {}",
        beside="Besides, not counted: {}.",
        clicked="{} only clicked",
        flagged="{} marked as made by a machine",
        unverified="{} without an invitation",
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        months_short=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ),
}


def points(value: float | None, digits: int = 0, sign: bool = False, language: str = "de") -> str:
    """An NPS or a change in points: 31, −4, with sign +13,5; zero never carries a sign."""
    if value is None:
        return NO_DATA
    rounded = round_half_away(value, digits)
    text = _number(abs(rounded), digits, language)
    if rounded < 0:
        return MINUS + text
    return "+" + text if sign and rounded > 0 else text


def percent(value: float | None, digits: int = 0, language: str = "de") -> str:
    """A share, given in percent: 16,3 % in German (with a no-break space), 16.3% in English."""
    if value is None:
        return NO_DATA
    return points(value, digits, language=language) + _words(language).percent


def interval(estimate: Estimate | None, unit: Unit = "points", language: str = "de") -> str:
    """The 95 % interval in whole numbers: 24 bis 38, 79 % bis 85 %. In words, for a dash fights with the minus."""
    if estimate is None:
        return NO_DATA
    written = percent if unit == "percent" else points
    return between(*(written(bound, language=language) for bound in (estimate.low, estimate.high)), language)


def between(low: str, high: str, language: str = "de") -> str:
    """Two written bounds: 24 bis 38 / 24 to 38."""
    return f"{low} {_words(language).to} {high}"


def count(n: int | None, language: str = "de") -> str:
    """A count with thousands: 3.184 in German, 3,184 in English. Not for years."""
    return NO_DATA if n is None else _number(n, 0, language)


def evidence(n: int, language: str = "de") -> str:
    """How many answers stand behind a figure: n = 512, which never breaks over two lines."""
    return f"n{NO_BREAK}={NO_BREAK}{count(n, language)}"


def beside(provisional: int, flagged: int, unverified: int, language: str = "de") -> str:
    """What there is besides the answers that count: 12 only clicked, 8 without an invitation; empty without any."""
    words = _words(language)
    shapes = ((words.clicked, provisional), (words.flagged, flagged), (words.unverified, unverified))
    said = [shape.format(count(n, language)) for shape, n in shapes if n]
    return words.beside.format(", ".join(said)) if said else ""


def date_long(day: date, language: str = "de") -> str:
    """Montag, 2. November 2026 / Monday 2 November 2026."""
    words = _words(language)
    return words.weekday.format(words.weekdays[day.weekday()], f"{date_short(day, language)} {day.year}")


def date_short(day: date, language: str = "de") -> str:
    """30. Oktober / 30 October."""
    words = _words(language)
    return words.day.format(day.day, words.months[day.month - 1])


def date_time(at: datetime, language: str = "de") -> str:
    """Montag, 2. November 2026, 18:00 Uhr / Monday 2 November 2026, 18:00; in the zone that `at` carries."""
    return _words(language).clock.format(date_long(at, language), f"{at.hour}:{at.minute:02}")


def month_long(day: date, language: str = "de") -> str:
    """Oktober / October."""
    return _words(language).months[day.month - 1]


def month_short(day: date, language: str = "de") -> str:
    """Okt / Oct, for axes and narrow tables."""
    return _words(language).months_short[day.month - 1]


def week_number(day: date, language: str = "de") -> str:
    """The ISO week in which a day lies: KW 45 / Week 45."""
    return _words(language).week.format(day.isocalendar().week)


def period_name(period: Period, language: str = "de") -> str:
    """Oktober 2026; KW 45, 2. bis 8. November 2026; 3. Quartal 2026 (Q3 2026 in English); 2026."""
    first = period.first_on
    if period.kind == "year":
        return str(first.year)
    if period.kind == "month":
        return f"{month_long(first, language)} {first.year}"
    if period.kind == "quarter":
        return _words(language).quarter.format((first.month + 2) // 3, first.year)
    return f"{week_number(first, language)}, {day_span(first, period.last_on, language)}"


def day_span(first: date, last: date, language: str = "de") -> str:
    """2. bis 8. November 2026; month and year are named once where both days share them."""
    words = _words(language)
    if first.year != last.year:
        opening = f"{date_short(first, language)} {first.year}"
    elif first.month != last.month:
        opening = date_short(first, language)
    else:
        opening = words.day.format(first.day, "").rstrip()
    return f"{opening} {words.to} {date_short(last, language)} {last.year}"


def _number(value: int | float, digits: int, language: str) -> str:
    words = _words(language)
    plain = f"{value:,.{digits}f}"
    return plain.translate(str.maketrans({",": words.thousands, ".": words.decimal}))


def _words(language: str) -> _Language:
    """By the first two letters, so that regional and informal variants (de-at, en-gb) read like their language."""
    return _LANGUAGES[language[:2]]
