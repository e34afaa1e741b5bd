"""A digest tells of themes and comments, and nobody computes from it a group of fewer than five: not beside the pages,
which tell of each kind of survey by itself, nor beside the digest of the period before."""

import datetime as dt
import random

import pytest

from analytics import impact
from analytics.models import Theme
from analytics.periods import parse
from feedback_loop.digest_themes import themes_and_voices
from tests.feedback_loop.crowds import answered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

SEPTEMBER, OCTOBER = dt.date(2026, 9, 10), dt.date(2026, 10, 5)
MONTH = parse("2026-10", "Europe/Berlin")


@pytest.fixture
def themes(acme):
    return [
        Theme.objects.create(client=acme, key=key, name_en=key.title(), name_de=key.title(), side="service")
        for key in ("wait", "price", "staff")
    ]


def told(client) -> dict[str, tuple[int, int]]:
    """Theme → mentions before and now."""
    found, _voices = themes_and_voices(client, MONTH)
    return {share.name_en: (share.before.total, share.now.total) for share in found.shares}


def test_a_theme_that_a_page_and_the_digest_together_would_tell_of_two_people_is_not_told(acme, themes):
    wait, price, staff = themes
    answered(acme, OCTOBER, (0, 0, 20), theme=wait)
    answered(acme, OCTOBER, (0, 0, 20), theme=price)
    answered(acme, OCTOBER, (10, 0, 0), theme=staff)
    answered(acme, OCTOBER, (0, 0, 2), "csat", theme=wait)  # 22 in all, and 20 on the page of NPS
    answered(acme, OCTOBER, (0, 0, 6), "csat", theme=price)
    answered(acme, OCTOBER, (10, 0, 0), "csat", theme=staff)
    assert told(acme) == {"Price": (0, 26), "Staff": (0, 20)}


def test_a_theme_is_told_where_at_least_five_name_it_and_at_least_five_do_not(acme, themes):
    wait, price, staff = themes
    answered(acme, SEPTEMBER, (0, 0, 30), theme=wait)
    answered(acme, SEPTEMBER, (0, 0, 30), theme=price)
    answered(acme, OCTOBER, (0, 0, 4), theme=wait)  # clearly fewer, and yet four people
    answered(acme, OCTOBER, (0, 0, 30), theme=staff)
    assert told(acme) == {"Price": (30, 0)}


def test_a_small_group_before_is_not_told_by_the_comparison(acme, themes):
    wait, price, staff = themes
    answered(acme, SEPTEMBER, (0, 0, 3), theme=wait)
    answered(acme, SEPTEMBER, (0, 0, 30), theme=price)
    answered(acme, SEPTEMBER, (0, 0, 10), theme=staff)
    answered(acme, OCTOBER, (0, 0, 30), theme=wait)
    answered(acme, OCTOBER, (0, 0, 30), theme=price)
    assert told(acme) == {"Wait": (0, 30), "Price": (30, 30), "Staff": (10, 0)}
    shares = {share.name_en: share for share in themes_and_voices(acme, MONTH)[0].shares}
    assert (shares["Wait"].share_before, shares["Wait"].verdict, shares["Wait"].criticism) == (None, None, None)
    assert shares["Price"].verdict is not None


def test_comments_of_a_kind_that_too_few_answered_are_neither_counted_nor_quoted(acme, themes):
    answered(acme, OCTOBER, (0, 0, 20), theme=themes[0])
    answered(acme, OCTOBER, (3, 0, 0), "csat", theme=themes[1])
    found, voices = themes_and_voices(acme, MONTH)
    assert found.comments == 20
    assert {(voice.top, voice.group) for voice in voices} == {(10, "detractor")}


@pytest.mark.parametrize("seed", range(6))
def test_what_a_digest_tells_less_what_pages_tell_is_nobody_or_five(acme, themes, seed):
    """Of any mixture of kinds and themes: mentions, those who do not name it, and all comments."""
    draw = random.Random(seed)
    for kind in ("nps", "csat", "ces"):
        for theme in (*themes, None):
            for day in (SEPTEMBER, OCTOBER):
                answered(acme, day, (draw.choice((0, 0, 2, 9)), 0, draw.choice((0, 1, 2, 4, 6, 12))), kind, theme=theme)
    pages = {}
    for place, period in enumerate((MONTH.previous(), MONTH)):
        for kind in ("nps", "csat", "ces"):
            shown = impact.impacts(acme, kind, period)
            for row in shown.rows:
                pages.setdefault((place, row.theme), []).append(row.n)
            if shown.comments is not None:
                pages.setdefault((place, "comments"), []).append(shown.comments)
    found, _voices = themes_and_voices(acme, MONTH)
    sums = [sum(pages.get((place, "comments"), ())) for place in (0, 1)]
    assert sums == [found.comments_before, found.comments]
    for share in found.shares:
        for place, mentions, comments in ((0, share.before.total, sums[0]), (1, share.now.total, sums[1])):
            if not mentions:
                continue
            rest = mentions - sum(pages.get((place, share.theme), ()))
            assert rest == 0 or rest >= 5
            assert mentions >= 5 and (comments == mentions or comments - mentions >= 5)


def test_globex_is_told_nothing_of_acmes_themes(acme, globex, themes):
    answered(acme, OCTOBER, (0, 0, 20), theme=themes[0])
    answered(acme, OCTOBER, (0, 0, 20), theme=themes[1])
    found, voices = themes_and_voices(globex, MONTH)
    assert (found.comments, found.shares, voices) == (0, (), [])
