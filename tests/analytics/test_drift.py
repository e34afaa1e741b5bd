"""The drift watch: sees what moved, says how sure it is, once; and stays silent while nothing does."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from analytics import classification, drift, periods, themes
from analytics.models import DriftAlert, Reading, Theme, ThemeAssignment
from analytics.moves import MARGIN, THEME, UNCLASSIFIED, UNSEEN, Sums, Week, moves
from analytics.readers import reader_for
from tests import factories
from tests.analytics.labelling import many_written
from tests.benchmarks import drift as simulation

BEFORE = [Week(100, 20, Sums(100, 30.0, 11.25), Sums(100, 8.0, 1.6), {1: 5, 2: 10}) for _ in range(8)]


def week(**changed) -> Week:
    return dataclasses.replace(BEFORE[0], **changed)


# --- The rule ---


def test_what_is_as_ever_is_no_news():
    assert moves(BEFORE, week(), [1, 2]) == []


@pytest.mark.parametrize(
    "kind,theme,changed,found",
    [
        (UNCLASSIFIED, None, {"unclassified": 40}, 0.4),
        (MARGIN, None, {"margins": Sums(100, 20.0, 6.25)}, 0.2),
        (UNSEEN, None, {"unseen": Sums(100, 14.0, 2.8)}, 0.14),
        (THEME, 1, {"themes": {1: 20, 2: 10}}, 0.2),
        (THEME, 2, {"themes": {1: 5, 2: 0}}, 0.0),
    ],
)
def test_each_kind_of_move_is_named_with_what_was_and_what_is(kind, theme, changed, found):
    [move] = moves(BEFORE, week(**changed), [1, 2])
    assert (move.kind, move.theme, move.found) == (kind, theme, pytest.approx(found))
    assert 0 <= move.chance < 0.05


@pytest.mark.parametrize(
    "changed",
    [
        {"unclassified": 2},
        {"margins": Sums(100, 60.0, 40.0)},
        {"unseen": Sums(100, 0.5, 0.1)},
    ],
)
def test_good_news_is_no_alert(changed):
    assert moves(BEFORE, week(**changed), []) == []


def test_below_50_comments_nobody_can_say():
    assert moves(BEFORE, Week(49, 40), []) == []
    assert [move.kind for move in moves(BEFORE, Week(50, 40), [])] == [UNCLASSIFIED]
    assert moves([Week(49, 5)], Week(1000, 900), []) == []
    assert moves([], Week(1000, 900), []) == []


def test_what_is_certain_and_small_is_no_alert():
    large = [Week(100_000, 20_000) for _ in range(8)]
    assert moves(large, Week(100_000, 24_900), []) == []
    assert [move.kind for move in moves(large, Week(100_000, 25_001), [])] == [UNCLASSIFIED]


def test_where_weeks_have_always_swung_more_is_needed():
    swinging = [Week(100, hits) for hits in (5, 40, 10, 35, 8, 38, 6, 18)]
    assert moves(swinging, Week(100, 42), []) == []
    assert [move.kind for move in moves(BEFORE, week(unclassified=42), [])] == [UNCLASSIFIED]


def test_weeks_of_one_measurement_alone_are_compared_all_the_same():
    """A version taken into use last week has one week behind it."""
    assert [move.kind for move in moves(BEFORE[:1], Week(100, 45), [])] == [UNCLASSIFIED]


def test_on_stable_weeks_at_most_one_in_twenty_raises_an_alarm():
    draw = np.random.default_rng(1)
    assert simulation.alarms(draw, 200, 300) <= 0.05


def test_a_planted_shift_is_seen():
    draw = np.random.default_rng(1)
    assert simulation.seen(draw, 1_000, 40, UNCLASSIFIED) >= 0.9


# --- On a client's comments ---


@pytest.fixture
def nine_weeks(acme):
    """Sixty French comments a week: eight weeks with a fifth unclassified, and the one that ended before NOW."""
    return read_weeks(acme, [0.2] * 8 + [0.7])


def read_weeks(client, unclassified, comments=60):
    version = reader_for(client, "fr").version
    price = themes.adopt_starter_taxonomy(client)["price"]
    last = periods.last_complete(factories.NOW, "week", client.time_zone)
    for period, part in zip(periods.run_back(last, len(unclassified)), unclassified, strict=True):
        answers = many_written(client, [f"texte {n}" for n in range(comments)], period.start + dt.timedelta(days=1))
        silent = round(part * comments)
        Reading.objects.bulk_create(
            Reading(
                answer=answer,
                outcome="unclassified" if place < silent else "themes",
                language="fr",
                source="rules",
                version=version,
                text_hash="x",
                read_at=factories.NOW,
            )
            for place, answer in enumerate(answers)
        )
        ThemeAssignment.objects.bulk_create(
            ThemeAssignment(answer=answer, theme=price, sentiment=-1, source="rules", version=version)
            for answer in answers[silent:]
        )
    return last


def kinds():
    return sorted(DriftAlert.objects.values_list("kind", flat=True))


def test_a_moved_week_is_noted_once_however_often_one_looks(acme, nine_weeks):
    assert drift.watch(factories.NOW) == 2
    assert drift.watch(factories.NOW + dt.timedelta(days=1)) == 0
    alert = DriftAlert.objects.get(kind="unclassified")
    assert (alert.client, alert.language, alert.week_on, alert.comments) == (acme, "fr", nine_weeks.first_on, 60)
    assert (alert.expected, alert.found) == (pytest.approx(0.2), pytest.approx(0.7))
    assert alert.chance < 0.001
    assert kinds() == ["theme", "unclassified"]


def test_a_quiet_client_hears_nothing(acme, globex, nine_weeks):
    read_weeks(globex, [0.2] * 9)
    drift.watch(factories.NOW)
    assert set(DriftAlert.objects.values_list("client", flat=True)) == {acme.pk}


def test_only_what_the_reader_in_use_said_is_compared(acme, nine_weeks):
    Reading.objects.filter(answer__response__submitted_at__lt=nine_weeks.start).update(version="older")
    assert drift.watch(factories.NOW) == 0


def test_people_who_correct_the_least_sure_comments_raise_no_alarm(acme, analyst):
    """Of eight weeks they judged every unclassified comment, of the last one none yet."""
    last = read_weeks(acme, [0.2] * 9)
    price = Theme.objects.get(client=acme, key="price")
    old = Reading.objects.filter(outcome="unclassified", answer__response__submitted_at__lt=last.start)
    for reading in old.select_related("answer__response__client"):
        classification.correct(reading.answer, {price: -1}, analyst)
    assert drift.watch(factories.NOW) == 0
    told = drift.weeks(acme, "fr", reader_for(acme, "fr").version, last, 9)
    assert [(each.week.comments, each.week.unclassified) for each in told] == [(60, 12)] * 9


def test_a_theme_that_people_have_redefined_is_not_compared(acme, analyst, nine_weeks):
    price = Theme.objects.get(client=acme, key="price")
    themes.change(price, {"name_en": "Prices and fees"}, analyst)
    DriftAlert.objects.all().delete()
    drift.watch(factories.NOW)
    assert kinds() == ["unclassified"]


def test_a_merged_theme_is_counted_as_what_it_became(acme, analyst):
    last = read_weeks(acme, [0.2] * 2)
    price, billing = (Theme.objects.get(client=acme, key=key) for key in ("price", "billing"))
    themes.merge(price, billing, analyst)
    told = drift.weeks(acme, "fr", reader_for(acme, "fr").version, last, 2)
    assert [dict(each.week.themes) for each in told] == [{billing.pk: 48}] * 2


def test_weeks_begin_at_midnight_of_the_client(acme):
    acme.time_zone = "Pacific/Auckland"
    acme.save()
    last = periods.last_complete(factories.NOW, "week", acme.time_zone)
    edge = many_written(acme, ["a"], last.start)[0], many_written(acme, ["b"], last.start - dt.timedelta(seconds=1))[0]
    for answer in edge:
        Reading.objects.create(
            answer=answer, outcome="unclassified", language="fr", source="rules", version="v", text_hash="x",
            read_at=factories.NOW,
        )  # fmt: skip
    told = drift.weeks(acme, "fr", "v", last, 2)
    assert [each.week.comments for each in told] == [1, 1]


def test_the_weeks_cost_the_same_queries_for_a_few_comments_and_for_many(acme, django_assert_num_queries):
    last = read_weeks(acme, [0.2] * 2, comments=5)
    with django_assert_num_queries(4):
        drift.weeks(acme, "fr", "rules", last, 2)
    read_weeks(acme, [0.2] * 2, comments=50)
    with django_assert_num_queries(4):
        drift.weeks(acme, "fr", "rules", last, 2)


def test_seen_is_seen_by_the_first_who_looked(acme, analyst, nine_weeks):
    drift.watch(factories.NOW)
    alert = DriftAlert.objects.get(kind="unclassified")
    drift.mark_seen(alert, analyst)
    drift.mark_seen(alert, factories.make_login("other"))
    alert.refresh_from_db()
    assert alert.seen_by == analyst
    assert [each.kind for each in drift.unseen(analyst)] == ["theme"]


def test_only_analysts_of_the_client_are_told(acme, globex, analyst, nine_weeks):
    drift.watch(factories.NOW)
    told = {}
    for role, client in (("analyst", globex), ("lead", acme), ("viewer", acme)):
        login = factories.make_login(f"{role}{client.slug}")
        factories.give_access(login, client, role, factories.make_team(client, role) if role == "lead" else None)
        told[role] = drift.unseen(login).count()
    assert (drift.unseen(analyst).count(), told) == (2, {"analyst": 0, "lead": 0, "viewer": 0})
