"""Numbers of answers: what counts where, by which dimension, and by how many queries."""

import datetime as dt

import pytest
from django.db import connection

from analytics import counts, disclosure, tallied, tallies
from analytics.counts import By, attribute
from analytics.look import one_look
from analytics.models import CellTally, ChosenAttribute, DayTally, TalliedUntil, Touched
from analytics.periods import Period
from surveys.models import Client, Invitation, Response
from tests import factories
from tests.analytics.test_queries import OCTOBER, SEPTEMBER, answer, comment, on
from tests.analytics.worlds import Crash
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
YEAR = Period("year", dt.date(2026, 1, 1), dt.date(2026, 12, 31), "Europe/Berlin")


def scores(**numbers) -> tuple[int, ...]:
    """n3=2: two answers gave score 3."""
    return tuple(numbers.get(f"n{score}", 0) for score in range(11))


def fill(at=NOW) -> None:
    while tallies.sweep(at):
        pass


def both(client, kind, run, by="", where=counts.EVERYWHERE) -> dict:
    """The numbers by both ways, which must be one."""
    found = counts.from_rows(client, kind, run, by, where)
    read = tallied.read([client], kind, run, by, where)
    assert {key[1:]: numbers for key, numbers in read.items()} == found
    return found


def test_numbers_stand_by_period_and_score(acme):
    answer(acme, "csat", SEPTEMBER, (3, 1, 0))
    answer(acme, "csat", OCTOBER, (2, 0, 4))
    fill()

    assert both(acme, "csat", [SEPTEMBER, OCTOBER]) == {(0, ""): scores(n5=3, n3=1), (1, ""): scores(n5=2, n1=4)}
    assert both(acme, "nps", [SEPTEMBER, OCTOBER]) == {}


def test_the_latest_answer_of_a_customer_counts_in_each_period_for_itself(acme):
    kim = factories.make_customer(acme)
    for at, score in ((on(SEPTEMBER), 1), (on(OCTOBER, 5), 2), (on(OCTOBER, 6), 3)):
        contact = factories.make_contact(acme, customer=kim)
        factories.make_response(acme, score, kind="csat", contact=contact, submitted_at=at)
    fill()

    weeks = [Period("week", dt.date(2026, 9, 28), dt.date(2026, 10, 4), "Europe/Berlin")]
    weeks.append(weeks[0].next())
    assert both(acme, "csat", [SEPTEMBER, OCTOBER]) == {(0, ""): scores(n1=1), (1, ""): scores(n3=1)}
    assert both(acme, "csat", [YEAR]) == {(0, ""): scores(n3=1)}
    assert both(acme, "csat", weeks) == {(1, ""): scores(n3=1)}


def test_each_month_is_of_its_own_quarter(acme):
    """One customer answers every month; the last answer of each quarter counts there."""
    kim, months = factories.make_customer(acme), [Period("month", dt.date(2025, 11, 1), dt.date(2025, 11, 30), "UTC")]
    while len(months) < 12:
        months.append(months[-1].next())
    for place, month in enumerate(months):
        contact, at = factories.make_contact(acme, customer=kim), month.start + dt.timedelta(days=9)
        factories.make_response(acme, place % 5 + 1, kind="csat", contact=contact, submitted_at=at)
    fill()

    quarters = [Period("quarter", dt.date(2025, 10, 1), dt.date(2025, 12, 31), "Europe/Berlin")]
    while len(quarters) < 5:
        quarters.append(quarters[-1].next())
    last = {(0, ""): scores(n2=1), (1, ""): scores(n5=1), (2, ""): scores(n3=1), (3, ""): scores(n1=1)}
    assert both(acme, "csat", quarters) == {**last, (4, ""): scores(n2=1)}


def test_what_is_filtered_does_not_choose_which_answer_of_a_customer_counts(acme):
    kim = factories.make_customer(acme)
    for day, channel in ((5, "phone"), (6, "chat")):
        contact = factories.make_contact(acme, customer=kim, channel=channel)
        factories.make_response(acme, 4, kind="csat", contact=contact, submitted_at=on(OCTOBER, day))
    fill()

    assert both(acme, "csat", [OCTOBER], "", {By.CHANNEL: "phone"}) == {}
    assert both(acme, "csat", [OCTOBER], By.CHANNEL) == {(0, "chat"): scores(n4=1)}


def test_an_answer_counts_under_each_of_its_themes_and_without_one_under_none(acme):
    comment(acme, OCTOBER, {"friendliness": 1, "waiting_time": -1}, score=9)
    comment(acme, OCTOBER, {"friendliness": 1}, score=8)
    answer(acme, "nps", OCTOBER, (0, 0, 1))
    fill()

    keys = dict(acme.themes.values_list("key", "pk"))
    friendly, waiting = str(keys["friendliness"]), str(keys["waiting_time"])
    assert both(acme, "nps", [OCTOBER], By.THEME) == {
        (0, friendly): scores(n9=1, n8=1),
        (0, waiting): scores(n9=1),
        (0, ""): scores(n3=1),
    }
    with_friendliness = counts.counts(acme, "nps", [OCTOBER], By.THEME, {By.THEME: friendly})
    assert with_friendliness == {(0, friendly): scores(n9=1, n8=1), (0, waiting): scores(n9=1)}


def test_a_chosen_attribute_is_tallied_and_any_other_is_counted_from_the_answers(acme):
    ChosenAttribute.objects.create(client=acme, name="tariff", label="Tariff")
    for tariff in ("gold", "gold", "basic"):
        contact = factories.make_contact(acme, attributes={"tariff": tariff, "region": "Nord"})
        factories.make_response(acme, 5, kind="csat", contact=contact, submitted_at=on(OCTOBER))
    fill()

    assert both(acme, "csat", [OCTOBER], attribute("tariff")) == {(0, "gold"): scores(n5=2), (0, "basic"): scores(n5=1)}
    assert tallied.read([acme], "csat", [OCTOBER], attribute("region"), {}) is None
    assert counts.counts(acme, "csat", [OCTOBER], attribute("region")) == {(0, "Nord"): scores(n5=3)}


def test_two_dimensions_are_counted_from_the_answers(acme):
    answer(acme, "csat", OCTOBER, (2, 0, 1))
    fill()

    assert tallied.read([acme], "csat", [OCTOBER], By.CHANNEL, {By.REASON: "Rechnung"}) is None
    found = counts.counts(acme, "csat", [OCTOBER], By.CHANNEL, {By.REASON: "Rechnung"})
    assert found == {(0, "phone"): scores(n5=2, n1=1)}


def test_within_one_look_a_filtered_number_is_read_once_with_what_may_be_shown_of_it(acme, django_assert_num_queries):
    team = factories.make_team(acme, "Nord")
    answer(acme, "csat", OCTOBER, (6, 0, 6), team=team, segment="private")
    answer(acme, "csat", OCTOBER, (5, 0, 5), segment="business")
    fill()

    asked = acme, "csat", [OCTOBER], By.SEGMENT, {By.TEAM: f"0{team.pk}"}
    with one_look():
        (decided,) = disclosure.of(acme, "csat", [OCTOBER], By.SEGMENT, {By.TEAM: str(team.pk)})
        with django_assert_num_queries(0):
            found = counts.counts(*asked)
    assert decided.parts.keys() == {"private"}
    assert found == {(0, "private"): scores(n5=6, n1=6)} == counts.from_rows(*asked)


def test_what_there_cannot_be_matches_nothing_and_what_is_no_dimension_is_refused(acme):
    answer(acme, "csat", OCTOBER, (2, 0, 1))
    fill()

    for by in (By.TEAM, By.VERSION, By.THEME, By.GOODWILL):
        assert counts.counts(acme, "csat", [OCTOBER], "", {by: "x"}) == {}
    with pytest.raises(ValueError, match="no breakdown"):
        counts.counts(acme, "csat", [OCTOBER], "shoe size")
    with pytest.raises(ValueError, match="follow one another"):
        counts.counts(acme, "csat", [OCTOBER, SEPTEMBER])


def test_numbers_are_read_by_three_queries_whatever_there_is(acme, django_assert_num_queries):
    answer(acme, "csat", OCTOBER, (1, 0, 0))
    fill()
    with django_assert_num_queries(3):
        counts.counts(acme, "csat", [SEPTEMBER, OCTOBER], By.TEAM)
    answer(acme, "csat", OCTOBER, (1, 1, 2), team=factories.make_team(acme, "Nord"))
    with django_assert_num_queries(3):
        counts.counts(acme, "csat", [SEPTEMBER, OCTOBER], By.TEAM)


def test_all_clients_are_read_together_each_in_its_own_zone_and_as_each_alone(acme, globex, django_assert_num_queries):
    third = factories.make_client("umbra", "Umbra", time_zone="America/New_York")
    for client, groups in ((acme, (3, 0, 1)), (globex, (0, 2, 0)), (third, (1, 0, 0))):
        answer(client, "nps", OCTOBER, groups)
    fill()
    answer(globex, "nps", OCTOBER, (0, 0, 1))  # whose tallies now stand otherwise than acme's

    run = [SEPTEMBER, OCTOBER]
    expected = {(acme.pk, 1): scores(n10=3, n3=1), (globex.pk, 1): scores(n8=2, n3=1), (third.pk, 1): scores(n10=1)}
    assert counts.of_each(Client.objects.all(), "nps", run) == expected
    fill()
    with django_assert_num_queries(9):  # clients; how they stand; and for each of two zones that and the numbers
        assert counts.of_each(Client.objects.all(), "nps", run) == expected


def test_nothing_of_one_client_is_in_the_numbers_of_another(acme, globex):
    answer(globex, "csat", OCTOBER, (5, 5, 5))
    fill()

    for by in ("", *By):
        assert both(acme, "csat", [OCTOBER], by) == {}


def test_a_change_long_after_the_fill_is_in_the_next_number(acme):
    (given,) = answer(acme, "csat", OCTOBER, (1, 0, 0))
    fill()
    given.score = 2
    given.save()

    assert Touched.objects.get().client == acme
    assert both(acme, "csat", [OCTOBER]) == {(0, ""): scores(n2=1)}
    fill()
    assert not Touched.objects.exists()
    assert both(acme, "csat", [OCTOBER]) == {(0, ""): scores(n2=1)}


def test_what_no_number_depends_on_leaves_no_note(acme):
    (given,) = answer(acme, "csat", OCTOBER, (1, 0, 0))
    Touched.objects.all().delete()

    given.wants_call = True
    given.save()
    Invitation.objects.update(opened_at=NOW)
    given.invitation.contact.save()

    assert not Touched.objects.exists()


def test_an_answer_that_follows_another_changes_no_earlier_day(acme):
    kim = factories.make_customer(acme)

    def says(score: int, day: int) -> None:
        contact, at = factories.make_contact(acme, customer=kim), dt.datetime(2026, 10, day, 9, tzinfo=dt.UTC)
        factories.make_response(acme, score, kind="csat", contact=contact, submitted_at=at)

    says(1, 12)
    fill(dt.datetime(2026, 10, 13, 9, tzinfo=dt.UTC))
    before = list(DayTally.objects.values()), list(CellTally.objects.values())
    says(5, 20)
    fill(dt.datetime(2026, 10, 21, 9, tzinfo=dt.UTC))

    first_on = dt.date(2026, 10, 12)
    assert (
        list(DayTally.objects.filter(day_on=first_on).values()),
        list(CellTally.objects.filter(day_on=first_on).values()),
    ) == before
    later = DayTally.objects.exclude(day_on=first_on).order_by("counts_in")
    assert list(later.values_list("day_on", "counts_in", "n1", "n5")) == [
        (dt.date(2026, 10, 20), 2 + 4 + 8, -1, 0),  # in another week than the first
        (dt.date(2026, 10, 20), 1 + 2 + 4 + 8, 0, 1),
    ]
    assert both(acme, "csat", [OCTOBER]) == {(0, ""): scores(n5=1)}


def test_what_changes_marks_its_hour_and_that_of_the_answer_that_follows(acme):
    kim = factories.make_customer(acme)
    given = []
    for day in (5, 7, 9):
        contact, at = factories.make_contact(acme, customer=kim), dt.datetime(2026, 10, day, 9, 30, tzinfo=dt.UTC)
        given.append(factories.make_response(acme, 3, kind="csat", contact=contact, submitted_at=at))
    Touched.objects.all().delete()

    given[0].score = 2
    given[0].save()

    hours = [dt.datetime(2026, 10, day, 9, tzinfo=dt.UTC) for day in (5, 7)]
    assert sorted(Touched.objects.values_list("client", "at")) == [(acme.pk, hour) for hour in hours]


def test_a_fresh_answer_leaves_no_note_and_one_that_comes_late_does(acme):
    fresh = factories.make_response(acme, 5, kind="csat", submitted_at=dt.datetime.now(dt.UTC))
    assert not Touched.objects.exists()

    Response.objects.filter(pk=fresh.pk).update(submitted_at=NOW)
    assert Touched.objects.exists()


def test_an_hour_is_not_filled_before_an_hour_after_its_end(acme):
    answer(acme, "csat", OCTOBER, (1, 0, 0))
    ended = dt.datetime(2026, 11, 9, 16, 0, tzinfo=dt.UTC)

    fill(ended + dt.timedelta(minutes=59))
    assert TalliedUntil.objects.get(client=acme).until == ended - dt.timedelta(hours=1)
    fill(ended + dt.timedelta(minutes=60))
    assert TalliedUntil.objects.get(client=acme).until == ended


def test_a_day_that_is_half_filled_is_filled_on_and_can_be_mended(acme):
    kim = factories.make_customer(acme)
    given = {}
    for hour, score in ((6, 1), (9, 2), (12, 3)):
        at = dt.datetime(2026, 11, 9, hour, 30, tzinfo=dt.UTC)
        contact = factories.make_contact(acme, customer=kim)
        given[score] = factories.make_response(acme, score, kind="csat", contact=contact, submitted_at=at)
        factories.make_response(acme, 5, kind="csat", submitted_at=at)
    november = [OCTOBER, OCTOBER.next()]

    for hour in (8, 11, 14):
        fill(dt.datetime(2026, 11, 9, hour, 45, tzinfo=dt.UTC))
        assert both(acme, "csat", november) == {(1, ""): scores(n3=1, n5=3)}
    day = DayTally.objects.filter(client=acme, kind="csat", day_on=dt.date(2026, 11, 9))
    assert [sum(column) for column in zip(*day.values_list("n1", "n2", "n3", "n5"), strict=True)] == [0, 0, 1, 3]

    given[3].score = 4
    given[3].save()
    assert both(acme, "csat", november) == {(1, ""): scores(n4=1, n5=3)}
    fill(dt.datetime(2026, 11, 9, 14, 45, tzinfo=dt.UTC))
    assert tallies.together([acme]).touched == frozenset()
    assert both(acme, "csat", november) == {(1, ""): scores(n4=1, n5=3)}


def test_a_turn_that_dies_leaves_nothing_and_is_done_again(acme):
    answer(acme, "csat", OCTOBER, (1, 0, 0))

    def die_at_the_end(execute, sql, *rest):
        if sql.startswith("UPDATE") and '"until" =' in sql and CellTally.objects.exists():
            raise Crash
        return execute(sql, *rest)

    with pytest.raises(Crash), connection.execute_wrapper(die_at_the_end):
        tallies.sweep(NOW)
    assert (DayTally.objects.count(), CellTally.objects.count(), TalliedUntil.objects.count()) == (0, 0, 0)
    assert counts.counts(acme, "csat", [OCTOBER]) == {(0, ""): scores(n5=1)}

    fill()
    assert both(acme, "csat", [OCTOBER]) == {(0, ""): scores(n5=1)}


def test_notes_about_a_client_that_is_gone_go_too(acme):
    Touched.objects.create(client_id=acme.pk + 1000, at=NOW)

    fill()

    assert not Touched.objects.exists()
