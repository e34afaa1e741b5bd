"""How one frozen digest names its periods and writes its numbers: what every part of its text stands on."""

from datetime import date

from django.utils.translation import pgettext

from analytics import figures
from analytics.figures import Unit
from analytics.periods import Period
from analytics.scores import Estimate

from . import report


class Words:
    """Of one content in one language; to be used under that language. `now` and `then` are the periods' names."""

    def __init__(self, content: dict, language: str) -> None:
        self.content, self.language = content, language
        first_on, last_on = date.fromisoformat(content["first_on"]), date.fromisoformat(content["last_on"])
        self.period = Period(content["kind"], first_on, last_on, content["zone"])
        self.is_week = content["kind"] == "week"
        self.now, self.then = self._name(self.period), self._name(self.period.previous())

    def within(self, name: str) -> str:
        """in October, in week 45."""
        return pgettext("week", "in %s") % name if self.is_week else pgettext("month", "in %s") % name

    def count(self, n: int) -> str:
        return figures.count(n, self.language)

    def percent(self, value: float | None, digits: int = 1) -> str:
        return figures.percent(value, digits, language=self.language)

    def interval(self, estimate: dict, unit: Unit = "percent") -> str:
        return figures.interval(Estimate(**estimate), unit, self.language)

    def value(self, estimate: dict, unit: Unit) -> str:
        return report.written(estimate["value"], unit, self.language)

    def _name(self, period: Period) -> str:
        """Inside sentences: Oktober, KW 45."""
        write = figures.week_number if self.is_week else figures.month_long
        return write(period.first_on, self.language)
