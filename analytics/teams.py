"""Which teams those who look from a client's side may read by name. One rule for pages, lists and files.

Who served is never told to them; a team is the level that works councils agree to. But a team of one is a person, and
of a team of two each would know what is said of the other. So a team is named where `LEAST_AGENTS` or more are known of
it, or none; and where fewer than these would stay unnamed, the smallest of the others is not named either, lest the
rest be that person. What is not named can be neither filtered nor broken down by.
"""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count

from surveys.models import Team

LEAST_AGENTS = 3


def named(clients: Collection[int], names_agents: bool) -> dict[int, str]:
    """Primary key → name, of the teams of these clients: all for those who may read who served, else as told to
    clients. One query."""
    rows = Team.objects.filter(client__in=clients).order_by("name")
    return dict(rows.values_list("pk", "name")) if names_agents else told_to_clients(clients)


def told_to_clients(clients: Collection[int]) -> dict[int, str]:
    """As `named`, to everybody who looks from the client's side, keys of its API included. One query."""
    names: dict[int, str] = {}
    sizes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = Team.objects.filter(client__in=clients).annotate(known=Count("agents")).order_by("name")
    for pk, name, client, known in rows.values_list("pk", "name", "client", "known"):
        names[pk] = name
        if known:
            sizes[client].append((known, pk))
    for pk in (pk for of_client in sizes.values() for pk in _unnamed(of_client)):
        del names[pk]
    return names


def _unnamed(sizes: list[tuple[int, int]]) -> list[int]:
    """Of (agents, team): the small ones, and as many of the others as it takes, the smallest first."""
    found, agents = [], 0
    for known, pk in sorted(sizes):
        if known >= LEAST_AGENTS and (not found or agents >= LEAST_AGENTS):
            break
        found.append(pk)
        agents += known
    return found
