"""What came of a change: as many weeks before as after, against a control group, and advice that says why."""

import datetime as dt

import pytest

from analytics import scores, tallies
from analytics.models import Theme
from feedback_loop import initiative_words, initiatives
from feedback_loop.initiatives import Advice, Reason
from feedback_loop.models import Initiative
from surveys.models import Survey, SurveyVersion
from tests import factories
from tests.feedback_loop.crowds import answered

BEGUN = dt.date(2026, 8, 3)  # a Monday
BERLIN_NOON = dt.time(10)


def at(day):
    return dt.datetime.combine(day, BERLIN_NOON, dt.UTC)


def day(text):
    return dt.date.fromisoformat(text)


def make(client, **fields):
    defaults = {
        "name": "Call back", "what": "We call back within a day.", "by": "Operations", "kind": "nps",
        "starts_on": BEGUN, "run_in_days": 14, "hoped_change": 10,
    }  # fmt: skip
    return Initiative.objects.create(client=client, **{**defaults, **fields})


@pytest.fixture
def nord(acme):
    return factories.make_team(acme, "Nord")


@pytest.fixture
def sued(acme):
    return factories.make_team(acme, "Süd")


# --- Which weeks ---


def test_as_many_whole_weeks_count_before_as_after_the_run_in(acme):
    weeks = initiatives.weeks_of(make(acme), at(day("2026-09-01")))  # 15 days after the run-in
    assert (weeks.before.first_on, weeks.before.last_on) == (day("2026-07-20"), day("2026-08-02"))
    assert (weeks.after.first_on, weeks.after.last_on) == (day("2026-08-17"), day("2026-08-30"))
    assert (weeks.count, weeks.is_over) == (2, False)


def test_the_last_day_ends_it_and_twelve_weeks_do_without_one(acme):
    late = at(day("2027-03-01"))
    until = initiatives.weeks_of(make(acme, ends_on=day("2026-09-20")), late)
    open_end = initiatives.weeks_of(make(acme), late)
    assert (until.count, until.after.last_on, until.is_over) == (5, day("2026-09-20"), True)
    assert (open_end.count, open_end.after.last_on, open_end.is_over) == (12, day("2026-11-08"), True)


def test_the_day_is_that_of_the_clients_calendar(acme):
    acme.time_zone = "Pacific/Auckland"
    acme.save()
    sunday_in_utc = dt.datetime(2026, 8, 23, 13, tzinfo=dt.UTC)  # Monday there: the first week is over
    assert initiatives.weeks_of(make(acme), sunday_in_utc).count == 1


def test_before_the_first_week_there_is_nothing_to_judge(acme):
    found = initiatives.effect(make(acme), at(day("2026-08-23")))
    assert (found.reason, found.advice, found.change) == (Reason.NOTHING_YET, Advice.KEEP_WATCHING, None)
    assert initiative_words.reason(found) == (
        "The first week after the run-in is over on 23 August 2026; until then there is nothing to judge."
    )


# --- What changed ---


def test_the_change_is_that_of_the_scores_between_the_two_stretches(acme):
    answered(acme, day("2026-07-21"), (12, 9, 11))
    answered(acme, day("2026-08-05"), (0, 0, 50))  # in the run-in: counts for nothing
    answered(acme, day("2026-08-18"), (18, 7, 5))
    found = initiatives.effect(make(acme), at(day("2026-09-01")))
    assert (found.before.groups, found.after.groups) == ((12, 9, 11), (18, 7, 5))
    assert found.change == scores.nps_change((12, 9, 11), (18, 7, 5))
    assert (round(found.change.z, 3), round(found.change.p, 4)) == (1.880, 0.0601)  # the oracle of method.md
    assert found.reason is Reason.OPEN


def test_of_a_share_the_change_is_that_of_the_share(acme):
    answered(acme, day("2026-07-21"), (20, 5, 15), kind="csat")
    answered(acme, day("2026-08-18"), (30, 2, 8), kind="csat")
    found = initiatives.effect(make(acme, kind="csat"), at(day("2026-09-01")))
    assert found.change == scores.share_change((20, 40), (30, 40))


def test_only_answers_of_its_scope_count(acme, globex, nord, sued):
    for team in (nord, sued):
        answered(acme, day("2026-07-21"), (10, 5, 5), team=team, channel="phone")
        answered(acme, day("2026-08-18"), (15, 5, 0), team=team, channel="phone")
    answered(acme, day("2026-08-18"), (20, 0, 0), team=nord, channel="mail")
    answered(globex, day("2026-08-18"), (20, 0, 0))
    found = initiatives.effect(make(acme, scope={"team": str(nord.pk), "channel": "phone"}), at(day("2026-09-01")))
    assert (found.before.groups, found.after.groups) == ((10, 5, 5), (15, 5, 0))


def test_fewer_mentions_of_a_theme_are_better(acme):
    waiting = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    answered(acme, day("2026-07-21"), (0, 0, 60), theme=waiting)
    answered(acme, day("2026-07-22"), (40, 0, 0))
    answered(acme, day("2026-08-18"), (0, 0, 10), theme=waiting)
    answered(acme, day("2026-08-19"), (90, 0, 0))
    found = initiatives.effect(make(acme, theme=waiting), at(day("2026-09-01")))
    assert (found.before.estimate.value, found.after.estimate.value) == (60, 10)
    assert (found.reason, found.advice) == (Reason.BETTER, Advice.SCALE)
    assert initiative_words.verdict(found.initiative, found.change) == "Clearly less often"


def test_what_a_merged_theme_became_is_counted(acme):
    into = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    merged = Theme.objects.create(
        client=acme, key="queue", name_en="Q", name_de="Q", side="service", is_retired=True, merged_into=into
    )
    answered(acme, day("2026-07-21"), (0, 0, 12), theme=merged)
    answered(acme, day("2026-08-18"), (0, 0, 12), theme=into)
    found = initiatives.effect(make(acme, theme=merged), at(day("2026-09-01")))
    assert (found.before.groups, found.after.groups) == ((12, 0, 0), (12, 0, 0))


# --- Against a control group ---


def test_a_control_group_takes_away_what_happened_anyway(acme, nord, sued):
    for team in (nord, sued):
        answered(acme, day("2026-07-21"), (100, 100, 100), team=team)
        answered(acme, day("2026-08-18"), (200, 50, 50), team=team)
    alone = make(acme, scope={"team": str(nord.pk)})
    found = initiatives.effect(alone, at(day("2026-09-01")))
    assert (found.advice, found.did) == (Advice.SCALE, None)
    Initiative.objects.all().delete()
    controlled = make(acme, scope={"team": str(nord.pk)}, control={"team": str(sued.pk)})
    found = initiatives.effect(controlled, at(day("2026-09-01")))
    assert found.did == scores.difference_in_differences(found.change, found.control_change)
    assert (found.did.difference, found.advice) == (0, Advice.KEEP_WATCHING)


def test_a_control_group_that_is_too_small_is_said(acme, nord, sued):
    for team, n in ((nord, 20), (sued, 6)):
        answered(acme, day("2026-07-21"), (n, 0, 0), team=team)
        answered(acme, day("2026-08-18"), (n, 0, 0), team=team)
    found = initiatives.effect(
        make(acme, scope={"team": str(nord.pk)}, control={"team": str(sued.pk)}), at(day("2026-09-01"))
    )
    assert (found.reason, found.did) == (Reason.TOO_FEW, None)
    assert initiative_words.reason(found).startswith("The control group has too few answers: a test needs 10 on each")


# --- The advice ---


def judged(acme, before, after, on, **fields):
    answered(acme, day("2026-07-28"), before)
    answered(acme, day("2026-08-18"), after)
    return initiatives.effect(make(acme, **fields), at(on))


OVER = day("2026-11-10")
EARLY = day("2026-09-01")


@pytest.mark.parametrize(
    ("before", "after", "on", "reason"),
    [
        ((40, 40, 40), (100, 10, 10), EARLY, Reason.BETTER),
        ((100, 10, 10), (40, 40, 40), EARLY, Reason.WORSE),
        ((40, 40, 40), (55, 40, 25), EARLY, Reason.EARLY),  # p is 0.008
        ((40, 40, 40), (55, 40, 25), OVER, Reason.BETTER),
        ((55, 40, 25), (40, 40, 40), OVER, Reason.WORSE),
        ((40, 40, 40), (45, 40, 35), EARLY, Reason.OPEN),
        ((40, 40, 40), (45, 40, 35), OVER, Reason.UNDECIDED),
        ((60, 60, 60), (60, 60, 60), OVER, Reason.EXCLUDED),
        ((3, 3, 3), (40, 40, 40), OVER, Reason.TOO_FEW),
    ],
)
def test_the_advice_follows_its_rule(acme, before, after, on, reason):
    found = judged(acme, before, after, on, hoped_change=20)
    assert found.reason is reason
    assert found.advice == initiatives.ADVICE[reason]


def test_each_reason_has_its_advice():
    assert initiatives.ADVICE == {
        "nothing_yet": "keep_watching", "break": "none", "too_few": "keep_watching", "not_alone": "none",
        "better": "scale", "worse": "drop", "excluded": "drop", "early": "keep_watching", "open": "keep_watching",
        "undecided": "keep_watching",
    }  # fmt: skip
    assert set(initiative_words._REASONS) == set(initiatives.ADVICE) == set(Reason)


def test_what_would_be_worth_having_is_excluded_by_the_end_of_the_interval(acme):
    found = judged(acme, (60, 60, 60), (60, 60, 60), OVER, hoped_change=20)
    assert found.change.high < 20
    said = initiative_words.reason(found)
    assert said == (
        "No clear change: 0.0 points (−16.7 to +16.7). A change for the better by 20 points, which would be worth "
        "having, can be excluded: at best it is +16.7."
    )


def test_too_few_answers_say_how_many_more_and_about_when(acme):
    answered(acme, day("2026-07-21"), (20, 10, 10))
    answered(acme, day("2026-08-18"), (3, 2, 2))
    found = initiatives.effect(make(acme), at(day("2026-09-01")))
    assert (found.missing.answers, found.missing.on) == (3, day("2026-09-05"))  # 7 in 14 days: 3 more in 6
    assert initiative_words.reason(found) == (
        "Too few answers: a test needs 10 on each side. 3 more answers are needed, at this pace until about "
        "5 September 2026."
    )


def test_an_open_question_says_how_many_answers_would_settle_it(acme):
    found = judged(acme, (40, 40, 40), (40, 40, 40), EARLY, hoped_change=10)
    by_test = scores.answers_needed(10, 60 * (found.change.standard_error / 100) ** 2)
    assert found.missing.answers == by_test - 120
    # As the table of powers says for two equal groups, with the variance of two thirds that they have.
    assert abs(by_test / scores.answers_needed(10, 2 / 3) - 1) < 0.05


def test_far_away_no_date_is_told(acme):
    found = judged(acme, (5, 3, 3), (5, 3, 3), EARLY, hoped_change=1)
    assert found.missing.on is None
    assert "which at this pace takes more than two years" in initiative_words.reason(found)


def test_fewer_than_five_say_nothing_at_all(acme):
    found = judged(acme, (4, 0, 0), (3, 1, 0), EARLY)
    assert (found.before.estimate, found.after.estimate, found.change) == (None, None, None)


def test_what_could_be_had_by_subtraction_is_hidden(acme, nord, sued):
    for team, n in ((nord, 20), (sued, 3)):
        answered(acme, day("2026-07-21"), (n, 0, 0), team=team)
        answered(acme, day("2026-08-18"), (n, 0, 0), team=team)
    found = initiatives.effect(make(acme, scope={"team": str(nord.pk)}), at(day("2026-09-01")))
    assert (found.before.n, found.before.estimate, found.reason) == (20, None, Reason.TOO_FEW)


# --- What else may have been the cause ---


def new_wording(client, on, kind="nps"):
    """Another version of the survey, published on this day and asked."""
    survey = Survey.objects.get(client=client, kind=kind)
    version = SurveyVersion.objects.create(survey=survey, number=2)
    asked = survey.versions.get(number=1).questions.get(key="score")
    asked.pk, asked.version = None, version
    asked.save()
    SurveyVersion.objects.filter(pk=version.pk).update(published_at=at(on))
    answered(client, day("2026-08-19"), (1, 0, 0), kind=kind)


@pytest.mark.parametrize("on", ["2026-07-22", "2026-08-10", "2026-08-20"])
def test_across_a_series_break_nothing_is_tested_and_that_is_said(acme, on):
    answered(acme, day("2026-07-21"), (40, 40, 40))
    answered(acme, day("2026-08-18"), (100, 10, 10))
    new_wording(acme, day(on))
    found = initiatives.effect(make(acme), at(EARLY))
    assert (found.reason, found.advice, found.change, found.result) == (Reason.BREAK, Advice.NONE, None, None)
    written = f"{int(on[-2:])} {'July' if on < '2026-08' else 'August'} 2026"
    assert initiative_words.reason(found) == (
        f"What was asked, or whom, changed in between ({written}: New wording: nps acme, version 2). Across that, "
        "before and after are not compared."
    )


@pytest.mark.parametrize("on", ["2026-07-20", "2026-09-01"])
def test_a_break_outside_the_weeks_compared_breaks_nothing(acme, on):
    answered(acme, day("2026-07-21"), (40, 40, 40))
    answered(acme, day("2026-08-18"), (100, 10, 10))
    new_wording(acme, day(on))
    assert initiatives.effect(make(acme), at(EARLY)).advice is Advice.SCALE


def test_two_initiatives_are_never_claimed_for_one_change(acme):
    other = make(acme, name="New tariff", starts_on=day("2026-08-20"), kind="csat")
    found = judged(acme, (40, 40, 40), (100, 10, 10), EARLY)
    assert (found.reason, found.advice, found.beside) == (Reason.NOT_ALONE, Advice.NONE, (other,))
    assert initiative_words.reason(found) == (
        "“New tariff” began in the same weeks and may be at work in the same place. A change could come from either, "
        "so it is ascribed to neither."
    )


@pytest.mark.parametrize(
    ("fields", "is_beside"),
    [
        ({"starts_on": day("2026-08-20"), "scope": {"team": "nord"}}, True),
        ({"starts_on": day("2026-08-20"), "scope": {}}, False),  # in both groups alike: it is subtracted
        # Its run-in reaches into the weeks before.
        ({"starts_on": day("2026-07-10"), "run_in_days": 14, "scope": {"team": "nord"}}, True),
        ({"starts_on": day("2026-07-10"), "run_in_days": 7, "scope": {"team": "nord"}}, False),
        ({"starts_on": day("2026-08-31"), "scope": {"team": "nord"}}, False),
        ({"starts_on": day("2026-08-20"), "scope": {"team": "sued"}}, False),
        ({"starts_on": day("2026-08-20"), "scope": {"team": "ost"}}, True),  # spoils the control group
        ({"starts_on": day("2026-08-20"), "scope": {"channel": "mail"}}, True),
    ],
)
def test_beside_is_what_began_meanwhile_in_the_same_place(acme, nord, sued, fields, is_beside):
    teams = {"nord": str(nord.pk), "sued": str(sued.pk), "ost": str(factories.make_team(acme, "Ost").pk)}
    if team := fields.get("scope", {}).get("team"):
        fields = {**fields, "scope": {"team": teams[team]}}
    make(acme, name="Other", **fields)
    mine = make(acme, scope={"team": str(nord.pk)}, control={"team": teams["ost"]})
    assert bool(initiatives.effect(mine, at(day("2026-08-31"))).beside) == is_beside


def test_another_clients_initiative_is_no_cause(acme, globex):
    make(globex, starts_on=day("2026-08-20"))
    assert initiatives.effect(make(acme), at(EARLY)).beside == ()


def test_who_began_after_bad_weeks_is_warned(acme):
    answered(acme, day("2026-03-10"), (100, 20, 20))
    found = judged(acme, (40, 40, 40), (80, 30, 30), OVER)
    assert found.after_bad_times
    assert initiative_words.warnings(found) == [
        "The weeks before it began were clearly worse than the quarter before them. After so bad a stretch some of "
        "the change for the better comes by itself."
    ]


def test_after_usual_weeks_nobody_is_warned(acme):
    answered(acme, day("2026-03-10"), (40, 40, 40))
    assert initiative_words.warnings(judged(acme, (40, 40, 40), (80, 30, 30), OVER)) == []


# --- In charts and lists ---


def test_tallies_change_no_figure(acme, nord, sued):
    for team in (nord, sued):
        answered(acme, day("2026-05-05"), (40, 40, 40), team=team)
        answered(acme, day("2026-07-21"), (20, 10, 10), team=team)
        answered(acme, day("2026-08-18"), (30, 5, 5), team=team)
    row = make(acme, scope={"team": str(nord.pk)}, control={"team": str(sued.pk)})
    by_rows = initiatives.effect(row, at(OVER))
    assert tallies.sweep(at(OVER)) > 0
    assert initiatives.effect(row, at(OVER)) == by_rows


def test_the_sweep_keeps_what_it_saw_and_lets_the_long_judged_rest(acme):
    row = make(acme)
    answered(acme, day("2026-07-28"), (40, 40, 40))
    answered(acme, day("2026-08-18"), (100, 10, 10))
    assert initiatives.look_at_all(at(EARLY)) == 1
    row.refresh_from_db()
    assert (row.state, row.looked_at, row.seen["reason"]) == ("scale", at(EARLY), "better")
    assert round(row.seen["change"]["difference"], 1) == 75.0
    assert initiatives.look_at_all(at(day("2026-11-20"))) == 1
    assert initiatives.look_at_all(at(day("2026-11-21"))) == 0
