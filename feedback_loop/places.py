"""What an initiative or a target is about, in words: which figure, and of which part of a client's answers."""

from collections.abc import Iterable

from django.utils.text import get_text_list
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics import figures, teams
from analytics.counts import By, Where
from analytics.models import Theme
from surveys.models import Contact, Survey, Team
from surveys.models.people import LANGUAGES

from . import measures
from .models import Measured

Kind = Survey.Kind


class Names:
    """Of the teams, surveys and themes that some scopes name. Four queries at most, however many scopes.

    Of a small team, whoever looks from a client's side is told that it is a team, not which (see `analytics.teams`).
    """

    def __init__(self, wheres: Iterable[Where], names_agents: bool) -> None:
        wheres = list(wheres)
        self.rows = {by: self._of(by, model, wheres) for by, model in _MODELS.items()}
        found = self.rows[By.TEAM].values()
        self.teams = teams.named({team.client_id for team in found}, names_agents) if found else {}

    def said(self, where: Where) -> str:
        """Team Nord, phone. Without any dimension: all answers."""
        if not where:
            return _("all answers")
        return get_text_list([self._part(by, where[by]) for by in DIMENSIONS if by in where], _("and"))

    def _of(self, by: str, model: type, wheres: list[Where]) -> dict:
        keys = {int(where[by]) for where in wheres if where.get(by, "").isdecimal()}
        return model.objects.in_bulk(keys) if keys else {}

    def _part(self, by: str, value: str) -> str:
        if by in _MODELS:
            row = self.rows[by].get(int(value)) if value.isdecimal() else None
            if by == By.TEAM and row and row.pk not in self.teams:
                return _("one team")
            value = str(row) if row else figures.NO_DATA
        named = {
            By.CHANNEL: dict(Contact.Channel.choices), By.LANGUAGE: dict(LANGUAGES)
        }.get(by, {})  # fmt: skip
        return _shapes()[by] % {"name": named.get(value, value)}


_MODELS = {By.TEAM: Team, By.SURVEY: Survey, By.THEME: Theme}
DIMENSIONS = (By.TEAM, By.CHANNEL, By.REASON, By.LANGUAGE, By.SEGMENT, By.SURVEY, By.THEME)
"""By which a scope can be narrowed, in the order in which it is told."""


def figure_name(of: Measured) -> str:
    """Recommendation (NPS); Mentions of “Waiting time”."""
    if of.theme_id:
        return _("Mentions of “%(theme)s”") % {"theme": of.theme.full_name(get_language() or "en")}
    if of.is_solved:
        return _("Matter solved (%(kind)s)") % {"kind": of.kind.upper()}
    return {
        Kind.NPS: _("Recommendation (NPS)"),
        Kind.CSAT: _("Satisfaction (CSAT)"),
        Kind.CES: _("Little effort (CES)"),
    }[Kind(of.kind)]


def written(of: Measured, value: float, digits: int = 1) -> str:
    """31.4; 82.0%."""
    write = figures.percent if measures.unit(of) == "percent" else figures.points
    return write(value, digits, language=language())


def interval(of: Measured, low: float, high: float) -> str:
    """24.1 to 38.0."""
    return figures.between(written(of, low), written(of, high), language())


def points(value: float, digits: int = 1) -> str:
    """+12.3: a change, of shares in percentage points."""
    return figures.points(value, digits, sign=True, language=language())


def change_interval(low: float, high: float) -> str:
    """+4.1 to +20.4."""
    return figures.between(points(low), points(high), language())


def language() -> str:
    return (get_language() or "en")[:2]


def _shapes() -> dict[str, str]:
    return {
        By.TEAM: "%(name)s",
        By.CHANNEL: _("channel %(name)s"),
        By.REASON: _("about “%(name)s”"),
        By.LANGUAGE: _("language %(name)s"),
        By.SEGMENT: _("segment “%(name)s”"),
        By.SURVEY: _("survey “%(name)s”"),
        By.THEME: _("naming “%(name)s”"),
    }
