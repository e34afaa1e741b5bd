"""By which values the answers of a client can be filtered and broken down, and what these are called.

Texts that a client's own systems hand in (reasons, segments, attributes) are those found in the periods of the trend;
they are looked up once in ten minutes. Teams, surveys, themes and agents are rows of the client's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics import counts
from analytics.breakdowns import names_of
from analytics.counts import By, attribute
from analytics.models import ChosenAttribute, Theme
from surveys.models import Agent, Survey

from .address import Address
from .scope import Scope

KEPT_SECONDS = 600
MOST_VALUES = 200  # of one dimension in a list to choose from
TEXTS = (By.CHANNEL, By.REASON, By.LANGUAGE, By.SEGMENT)
USUAL = (By.TEAM, By.CHANNEL, By.REASON)
"""Filters that are always in view; the others open on demand."""


@dataclass(frozen=True)
class Dimension:
    """What it is called in front of its values, and value → name."""

    label: str
    names: Mapping[str, str]


Choices = dict[str, Dimension]


def choices_of(scope: Scope, address: Address, language: str) -> Choices:
    """All that this login may choose from; without what has one value only."""
    chosen = ChosenAttribute.objects.filter(client=scope.client).values_list("name", "label")
    own = {attribute(name): label for name, label in chosen}
    names = {by: dict(values) for by, values in (_rows(scope, address, language) | scope.fixed).items()}
    for by, values in _texts(scope, address, [*TEXTS, *own]).items():
        names[by] = names_of(scope.client, by, values)
    several = [by for by, values in names.items() if len(values) > 1 or (by == By.THEME and values)]
    return {by: Dimension(own.get(by) or label_of(by), names[by]) for by in _in_order(several)}


def label_of(by: str) -> str:
    return {
        By.TEAM: _("Team"),
        By.CHANNEL: _("Channel"),
        By.REASON: _("Contact reason"),
        By.LANGUAGE: _("Language"),
        By.SEGMENT: _("Segment"),
        By.THEME: _("Theme"),
        By.SURVEY: _("Survey"),
        By.AGENT: _("Agent"),
    }[By(by)]


def pinned(scope: Scope, params: Mapping[str, str]) -> dict[str, str]:
    """The filter that a narrow reach cannot take off: the value asked for if it is within reach, else the first."""
    return {by: params[by] if params.get(by) in values else next(iter(values)) for by, values in scope.fixed.items()}


def _rows(scope: Scope, address: Address, language: str) -> Choices:
    client = scope.client
    surveys = Survey.objects.filter(client=client, kind=address.kind).order_by("name")
    themes = Theme.objects.filter(client=client, is_retired=False).select_related("parent")
    rows = {
        By.SURVEY: _named(surveys),
        By.THEME: {str(theme.pk): theme.full_name(language) for theme in themes},
    }
    if scope.is_whole:
        rows[By.TEAM] = scope.teams
    if scope.sees_agents:
        agents = Agent.objects.filter(client=client)
        if teams := scope.fixed.get(By.TEAM):
            agents = agents.filter(team__in=teams)
        rows[By.AGENT] = _named(agents)
    return rows


def _named(rows: QuerySet) -> dict[str, str]:
    return {str(pk): name for pk, name in rows.values_list("pk", "name")}


def _texts(scope: Scope, address: Address, dimensions: Sequence[str]) -> dict[str, list[str]]:
    """The values found, the most frequent first."""
    fixed = pinned(scope, {})
    parts = [scope.client.pk, address.kind, address.period.text, sorted(fixed.items()), sorted(dimensions)]
    key = f"choices:{sha256(repr(parts).encode()).hexdigest()}"
    found = cache.get(key)
    if found is None:
        found = {by: _values(scope, address, by, fixed) for by in dimensions}
        cache.set(key, found, KEPT_SECONDS)
    return found


def _values(scope: Scope, address: Address, by: str, fixed: Mapping[str, str]) -> list[str]:
    sums: dict[str, int] = {}
    for (_place, value), numbers in counts.counts(scope.client, address.kind, address.run, by, fixed).items():
        sums[value] = sums.get(value, 0) + sum(numbers)
    return sorted(sums, key=lambda value: (-sums[value], value))[:MOST_VALUES]


def _in_order(found: Sequence[str]) -> list[str]:
    order = [By.TEAM, By.AGENT, By.CHANNEL, By.REASON, By.LANGUAGE, By.SEGMENT, By.THEME, By.SURVEY]
    return [*(by for by in order if by in found), *(by for by in found if by not in order)]
