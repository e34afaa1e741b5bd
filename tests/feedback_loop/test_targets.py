"""What was promised: how it stands, how likely it is met, how it ended; and the watch that speaks first, once."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from analytics import scores, tallies
from analytics.models import DriftAlert, Theme
from analytics.small_groups import Shown
from feedback_loop import notices, target_words, targets
from feedback_loop.models import DriftNotice, Target, TargetNotice
from feedback_loop.targets import Verdict
from surveys.models import OutgoingMessage
from tests import factories
from tests.analytics.voices import told as told_by
from tests.feedback_loop.crowds import answered

NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)
NOVEMBER = dt.date(2026, 11, 3)


def make(client, **fields):
    defaults = {"kind": "nps", "value": 30, "period": "month", "starts_on": dt.date(2026, 9, 1)}
    return Target.objects.create(client=client, **{**defaults, **fields})


@pytest.fixture
def reached(analyst):
    """acme's analyst, who can be told."""
    analyst.email, analyst.language = "anna@provider.example", "en"
    analyst.save()
    return analyst


# --- To date ---


def test_the_value_to_date_is_that_of_the_period_under_way_alone(acme, globex):
    answered(acme, NOVEMBER, (30, 10, 10))
    answered(acme, dt.date(2026, 10, 20), (0, 0, 60))
    answered(globex, NOVEMBER, (0, 0, 60))
    found = targets.state(make(acme), NOW)
    assert (found.figure.n, found.figure.estimate) == (50, scores.nps(30, 10, 10))
    assert found.figure.period.first_on == dt.date(2026, 11, 1)


def test_the_rest_is_expected_by_the_pace_of_the_same_days_of_former_periods(acme):
    for month in (8, 9, 10):
        answered(acme, dt.date(2026, month, 10), (20, 0, 0))  # by the tenth day
        answered(acme, dt.date(2026, month, 11), (60, 0, 0))  # from the eleventh on
    answered(acme, NOVEMBER, (30, 0, 0))
    assert targets.state(make(acme), NOW).expected == 90


def test_tallies_change_no_figure(acme):
    for month in (8, 9, 10):
        answered(acme, dt.date(2026, month, 10), (20, 5, 5))
        answered(acme, dt.date(2026, month, 11), (60, 0, 0))
    answered(acme, NOVEMBER, (30, 10, 10))
    target = make(acme)
    by_rows = targets.state(target, NOW)
    assert tallies.sweep(NOW) > 0
    assert targets.state(target, NOW) == by_rows


def test_without_enough_by_then_as_many_are_expected_as_came_before(acme):
    answered(acme, dt.date(2026, 9, 20), (40, 0, 0))
    answered(acme, dt.date(2026, 10, 20), (60, 0, 0))
    answered(acme, NOVEMBER, (30, 0, 0))
    assert targets.state(make(acme), NOW).expected == 50


def test_without_any_period_before_its_own_pace_counts(acme):
    answered(acme, NOVEMBER, (30, 0, 0))
    assert targets.state(make(acme), NOW).expected == 60  # 30 in ten days, twenty left


def test_the_chance_is_that_of_reaching_the_printed_figure(acme):
    answered(acme, NOVEMBER, (30, 10, 10))
    found = targets.state(make(acme, value="35.5"), NOW)
    assert found.chance == scores.chance_of_meeting((30, 10, 10), 35.45, 100)


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        ((40, 5, 5), Verdict.ON_COURSE),
        ((25, 15, 10), Verdict.OPEN),
        ((10, 20, 20), Verdict.IN_DANGER),
        ((7, 1, 1), Verdict.TOO_FEW),
        ((0, 0, 0), Verdict.TOO_FEW),
    ],
)
def test_the_verdict_follows_the_chance(acme, groups, verdict):
    answered(acme, NOVEMBER, groups)
    assert targets.state(make(acme), NOW).verdict is verdict


def test_of_mentions_few_are_good(acme):
    wait = Theme.objects.create(client=acme, key="wait", name_en="Wait", name_de="Warten", side="service")
    answered(acme, NOVEMBER, (0, 0, 5), theme=wait)
    answered(acme, NOVEMBER, (95, 0, 0))
    few, many = (targets.state(make(acme, theme=wait, value=value), NOW) for value in (20, 1))
    assert (few.verdict, many.verdict) == (Verdict.ON_COURSE, Verdict.IN_DANGER)
    assert few.chance == scores.chance_of_meeting((95, 0, 5), 79.95 + 1e-6, 200, scores.SHARE_WORTH)
    assert target_words.name(few.target) == "Mentions of “Wait”: at most 20.0% in each month"


def test_of_matters_solved_those_who_were_asked_are_counted_and_partly_is_no_yes(acme):
    factories.make_campaign(acme, "nps", survey=factories.make_long_survey(acme))
    given = answered(acme, NOVEMBER, (40, 10, 10))
    told_by(given[:20], "solved", ["yes"])
    told_by(given[20:30], "solved", ["partly"])
    told_by(given[30:40], "solved", ["no"])
    kept, missed = (targets.state(make(acme, is_solved=True, value=value), NOW) for value in (30, 75))
    assert (kept.figure.groups, kept.figure.estimate) == ((20, 0, 20), scores.share(20, 40))
    assert (kept.verdict, missed.verdict) == (Verdict.ON_COURSE, Verdict.IN_DANGER)
    assert target_words.name(kept.target) == "Matter solved (NPS): at least 30.0% in each month"
    answered(acme, dt.date(2026, 10, 6), (40, 10, 10))
    told_by(answered(acme, dt.date(2026, 10, 20), (4, 0, 0)), "solved", ["no"])
    (october,) = targets.state(kept.target, NOW).past[:1]
    assert (october.figure.shown, october.figure.estimate, october.verdict) == (Shown.HIDDEN, None, Verdict.TOO_FEW)


def test_before_and_after_its_days_nothing_counts(acme):
    answered(acme, dt.date(2026, 9, 10), (20, 0, 0))
    begins, ended = make(acme, starts_on=dt.date(2026, 11, 2)), make(acme, ends_on=dt.date(2026, 10, 30))
    assert (targets.state(begins, NOW).verdict, targets.state(begins, NOW).figure) == (Verdict.NOT_BEGUN, None)
    found = targets.state(ended, NOW)
    assert (found.verdict, [each.figure.period.first_on.month for each in found.past]) == (Verdict.OVER, [9])


def test_the_days_are_those_of_the_clients_calendar(acme):
    acme.time_zone = "Pacific/Auckland"
    acme.save()
    answered(acme, NOVEMBER, (20, 0, 0))
    last_hours_of_october_in_utc = dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC)
    assert targets.state(make(acme), last_hours_of_october_in_utc).figure.n == 20


def test_five_to_nine_say_a_range_and_fewer_nothing(acme):
    answered(acme, NOVEMBER, (5, 1, 1))
    answered(acme, dt.date(2026, 10, 5), (4, 0, 0))
    found = targets.state(make(acme), NOW)
    assert (found.figure.shown, found.figure.is_firm, found.chance) == ("interval_only", False, None)
    assert (found.past[0].figure.estimate, found.past[0].verdict) == (None, Verdict.TOO_FEW)
    assert target_words.standing(found) == "November 2026 has too few answers for a figure: 10 are needed."


# --- Periods that are over ---


@pytest.mark.parametrize(
    ("groups", "value", "verdict", "is_sure"),
    [
        ((90, 5, 5), 30, Verdict.MET, True),
        ((20, 20, 10), "20.0", Verdict.MET, False),
        ((20, 20, 10), "20.1", Verdict.MISSED, False),
        ((5, 5, 90), 30, Verdict.MISSED, True),
        ((801, 199, 160), "55.3", Verdict.MET, False),  # 55.2586 is printed as 55.3
        ((7, 1, 1), 30, Verdict.TOO_FEW, False),
    ],
)
def test_met_is_what_the_printed_figure_says_and_beside_it_whether_the_interval_agrees(
    acme, groups, value, verdict, is_sure
):
    answered(acme, dt.date(2026, 10, 5), groups)
    october = targets.state(make(acme, value=value), NOW).past[0]
    assert (october.figure.period.first_on.month, october.verdict, october.is_sure) == (10, verdict, is_sure)


def test_six_periods_are_told_the_newest_first(acme):
    found = targets.state(make(acme, starts_on=dt.date(2026, 1, 1)), NOW)
    assert [each.figure.period.first_on.month for each in found.past] == [10, 9, 8, 7, 6, 5]


def test_in_words_it_says_value_evidence_what_is_to_come_and_the_chance(acme):
    answered(acme, NOVEMBER, (30, 10, 10))
    assert target_words.standing(targets.state(make(acme), NOW)) == (
        "40.0 so far, from 50 answers. By the pace of former periods, about 100 more will come. The chance of meeting "
        "the target is 84%."
    )


@pytest.mark.parametrize(("chance", "said"), [(0, "under 1%"), (0.204, "20%"), (1, "over 99%"), (None, "–")])
def test_nothing_is_sure_before_the_end(chance, said):
    assert target_words.chance(chance) == said


# --- The watch ---


def told():
    return list(TargetNotice.objects.values_list("first_on", "direction"))


def mails():
    return list(OutgoingMessage.objects.filter(invitation=None).order_by("pk").values_list("to", "subject"))


def test_a_danger_is_told_once_and_so_is_its_passing(acme, reached):
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    assert [targets.watch(NOW), targets.watch(NOW + dt.timedelta(hours=1))] == [1, 0]
    answered(acme, dt.date(2026, 11, 9), (200, 0, 0))
    assert [targets.watch(NOW), targets.watch(NOW + dt.timedelta(hours=1))] == [1, 0]
    answered(acme, dt.date(2026, 11, 9), (0, 0, 900))
    assert targets.watch(NOW) == 0
    first = dt.date(2026, 11, 1)
    assert told() == [(first, "danger"), (first, "passed")]
    assert mails() == [
        ("anna@provider.example", "Acme, November 2026: a target is about to be missed"),
        ("anna@provider.example", "Acme, November 2026: a target can be met again"),
    ]


def test_a_new_period_is_a_new_danger(acme, reached):
    make(acme)
    answered(acme, dt.date(2026, 10, 5), (10, 20, 20))
    answered(acme, NOVEMBER, (10, 20, 20))
    targets.watch(NOW - dt.timedelta(days=20))
    targets.watch(NOW)
    assert told() == [(dt.date(2026, 10, 1), "danger"), (dt.date(2026, 11, 1), "danger")]


@pytest.mark.parametrize("groups", [(1, 4, 4), (25, 15, 10), (40, 5, 5)])
def test_too_few_answers_and_an_open_chance_are_no_news(acme, reached, groups):
    make(acme)
    answered(acme, NOVEMBER, groups)
    assert (targets.watch(NOW), mails()) == (0, [])


def test_the_mail_says_what_stands_on_the_page_in_the_readers_language(acme, reached):
    reached.language = "de"
    reached.save()
    target = make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    targets.watch(NOW)
    mail = OutgoingMessage.objects.get(to=reached.email)
    assert mail.subject == "Acme, November 2026: Ein Ziel droht verfehlt zu werden"
    for part in ("Weiterempfehlung (NPS): mindestens 30,0 in jedem Monat", "−20,0", "50 Antworten", "unter 1\u00a0%"):
        assert part in mail.text
        assert part in mail.html.replace("&nbsp;", "\u00a0")
    assert f"/admin/feedback_loop/target/{target.pk}/change/" in mail.text


def test_all_analysts_of_the_client_are_told_and_nobody_else(acme, globex, reached):
    second = factories.make_login("second", email="second@provider.example")
    factories.give_access(second, acme, "analyst")
    for name, client, role in (("viewer", acme, "viewer"), ("elsewhere", globex, "analyst")):
        factories.give_access(factories.make_login(name, email=f"{name}@x.example"), client, role)
    gone = factories.make_login("gone", email="gone@provider.example", is_active=False)
    factories.give_access(gone, acme, "analyst")
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    targets.watch(NOW)
    assert {to for to, _subject in mails()} == {"anna@provider.example", "second@provider.example"}


def test_without_an_analyst_who_can_be_reached_the_superusers_are_told(acme):
    factories.make_login("root", email="root@provider.example", is_superuser=True)
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    targets.watch(NOW)
    assert [to for to, _subject in mails()] == ["root@provider.example"]


def test_notice_and_mails_are_written_together_or_not_at_all(acme, reached, monkeypatch):
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))

    def broken(*args):
        raise RuntimeError("no template")

    with monkeypatch.context() as patch:
        patch.setattr(notices, "_queue", broken)
        assert targets.watch(NOW) == 0
    assert (told(), mails()) == ([], [])
    assert (targets.watch(NOW), len(mails())) == (1, 1)


def test_whoever_was_slower_tells_nothing(acme, reached, monkeypatch):
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    monkeypatch.setattr(targets, "_direction", lambda found: targets.Direction.DANGER)  # as both saw it
    assert [targets.watch(NOW), targets.watch(NOW)] == [1, 0]
    assert len(mails()) == 1


def test_one_target_that_fails_holds_up_no_other(acme, reached, monkeypatch):
    broken, sound = make(acme), make(acme, value=40)
    answered(acme, NOVEMBER, (10, 20, 20))
    state = targets.state

    def fails(target, at):
        if target == broken:
            raise RuntimeError("no figures")
        return state(target, at)

    monkeypatch.setattr(targets, "state", fails)
    assert targets.watch(NOW) == 1
    assert TargetNotice.objects.get().target == sound


def test_the_database_refuses_a_second_notice(acme):
    said = {"target": make(acme), "first_on": NOVEMBER, "direction": "danger", "chance": 0.1, "at": NOW}
    TargetNotice.objects.create(**said)
    with pytest.raises(IntegrityError), transaction.atomic():
        TargetNotice.objects.create(**said)


def test_the_watch_keeps_what_it_saw_for_the_list(acme):
    target = make(acme)
    answered(acme, NOVEMBER, (40, 5, 5))
    targets.watch(NOW)
    target.refresh_from_db()
    assert (target.state, target.looked_at, target.seen["n"]) == ("on_course", NOW, 50)
    assert target.seen["estimate"]["value"] == 70


def test_a_client_that_is_switched_off_is_not_watched(acme, reached):
    make(acme)
    answered(acme, NOVEMBER, (10, 20, 20))
    acme.is_active = False
    acme.save()
    assert targets.watch(NOW) == 0


# --- Drift ---


def drifted(client, kind="margin", at=NOW, **fields):
    about = {"language": "de", "kind": kind, "week_on": dt.date(2026, 11, 2), "noted_at": at}
    return DriftAlert.objects.create(
        client=client, **about, expected=0.4, found=0.2, comments=60, chance=0.0001, **fields
    )


def test_every_drift_alert_is_told_once_in_one_mail_to_each_analyst(acme, globex, reached):
    alerts = [drifted(acme), drifted(acme, "unseen")]
    elsewhere = drifted(globex)
    assert [notices.of_drift(NOW), notices.of_drift(NOW)] == [2, 0]
    assert mails() == [
        ("anna@provider.example", "Acme: comments have moved away from what the model was taught"),
    ]
    text = OutgoingMessage.objects.get().text
    assert "The model is less sure: 0.20 instead of 0.40." in text
    assert "More words that the model has never seen: 20.0% instead of 40.0%." in text
    assert set(DriftNotice.objects.values_list("alert", flat=True)) == {alert.pk for alert in alerts}
    assert not DriftNotice.objects.filter(alert=elsewhere).exists()  # nobody there to tell


def test_a_later_alert_is_told_in_a_mail_of_its_own(acme, reached):
    drifted(acme)
    notices.of_drift(NOW)
    drifted(acme, "unseen", at=NOW + dt.timedelta(days=7))
    assert notices.of_drift(NOW + dt.timedelta(days=7)) == 1
    assert len(mails()) == 2


def test_what_moved_long_ago_is_no_news(acme, reached):
    drifted(acme, at=NOW - dt.timedelta(days=15))
    assert (notices.of_drift(NOW), mails()) == (0, [])


def test_whoever_becomes_an_analyst_in_time_is_told(acme):
    drifted(acme)
    assert notices.of_drift(NOW) == 0
    login = factories.make_login("late", email="late@provider.example")
    factories.give_access(login, acme, "analyst")
    assert notices.of_drift(NOW) == 1
