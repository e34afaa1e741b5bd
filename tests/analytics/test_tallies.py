"""Tallies and answers come to the same numbers, whatever happens to answers and in the middle of whatever."""

import datetime as dt
from itertools import product

import pytest

from analytics import counts, tallied, tallies
from tests.analytics.worlds import DIMENSIONS, KINDS, UNITS, World, counted, run_of


def compare(world: World, dimensions, units=UNITS) -> int:
    """Check the numbers by all ways against those counted by hand; how many tallies could tell."""
    told = 0
    client, draw = world.client, world.draw
    for kind, unit, by in product(KINDS, units, dimensions):
        run = run_of(client, unit, world.now)
        value = draw.choice(["", "1", "phone", "a", "de", *(str(theme.pk) for theme in world.themes)])
        for where in ({}, {draw.choice(DIMENSIONS[1:]): value}):
            wanted = counted(client, kind, run, by, where)
            asked = (kind, run, by, where)
            assert counts.from_rows(client, *asked) == wanted, asked
            read = tallied.read([client], *asked)
            told += read is not None
            found = counts.counts(client, *asked) if read is None else {key[1:]: n for key, n in read.items()}
            assert found == wanted, asked
    return told


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_tallies_and_answers_and_a_person_come_to_the_same_numbers(acme, globex, seed):
    world, other = World(acme, seed), World(globex, seed + 100)
    told = 0
    for _ in range(20):
        for _ in range(world.draw.randrange(1, 8)):
            world.act()
        other.act()
        told += compare(world, world.draw.sample(DIMENSIONS, 2), world.draw.sample(UNITS, 1))
    for at in (world.now, world.now + dt.timedelta(days=2)):
        world.now = at
        while tallies.sweep(at):
            pass
        told += compare(world, world.draw.sample(DIMENSIONS, 5))
        assert tallies.together([acme]).touched == frozenset()
    assert told > 60
