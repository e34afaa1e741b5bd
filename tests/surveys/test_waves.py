"""Waves: each customer is due by their own clock, gets one verdict in a wave, and nobody due is lost."""

import datetime as dt
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import periods, queries
from surveys import invitations
from surveys.invitations import verdicts, waves
from surveys.invitations.waves import Last, due_on, panel_of
from surveys.models import Campaign, Customer, Invitation, LegalBasis, Wave
from tests import factories
from tests.conftest import NOW, needs, together

pytestmark = pytest.mark.django_db
Reason = Invitation.Reason
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
START = NOW.date()  # a Tuesday


def campaign_of(**fields) -> Campaign:
    """Rules alone, for the pure function: weekly waves from START."""
    return Campaign(kind="periodic", salt="s", **{"starts_on": START, "wave_days": 7, **fields})


def berlin(text: str) -> dt.datetime:
    """A wall-clock time in winter."""
    return dt.datetime.fromisoformat(f"{text}:00+01:00").astimezone(dt.UTC)


def asked_in(campaign: Campaign) -> list[tuple[int, str]]:
    """(wave, customer) of everybody judged, in order."""
    rows = Invitation.objects.filter(campaign=campaign).order_by("wave__number", "customer__key")
    return list(rows.values_list("wave__number", "customer__key"))


def run(*days: int) -> list[int]:
    return [invitations.plan_waves(NOW + day * DAY) for day in days]


@pytest.fixture
def monthly(acme) -> Campaign:
    return factories.make_campaign(acme, "nps", starts_on=START, wave_days=30, quarantine_days=30)


# --- Who is due when: the rule alone --------------------------------------------------------------------------------


@pytest.mark.parametrize("panel", [0, 1, 11])
def test_the_customers_of_the_first_day_are_due_in_the_wave_of_their_panel(panel):
    campaign = campaign_of(panels=12)
    assert due_on(START, panel, None, campaign) == START + 7 * panel * DAY
    assert due_on(START - 400 * DAY, panel, None, campaign) == START + 7 * panel * DAY


@pytest.mark.parametrize(
    ("seen", "first_after", "due"), [(1, 0, 1), (0, 1, 1), (-4, 5, 1), (10, 30, 40), (-30, 90, 60)]
)
def test_whoever_comes_later_is_due_after_so_many_days_whatever_their_panel(seen, first_after, due):
    campaign = campaign_of(panels=12, first_after_days=first_after)
    assert {due_on(START + seen * DAY, panel, None, campaign) for panel in range(12)} == {START + due * DAY}


def test_the_first_days_count_for_the_base_too():
    campaign = campaign_of(panels=12, first_after_days=5)
    assert due_on(START - 5 * DAY, 3, None, campaign) == START + 21 * DAY
    assert due_on(START - 4 * DAY, 3, None, campaign) == START + DAY


def test_without_an_interval_of_their_own_customers_are_due_in_every_panelth_wave():
    last = Last(wave_on=START + 14 * DAY, decided_on=START + 15 * DAY)
    assert due_on(START, 2, last, campaign_of(panels=1)) == START + 21 * DAY
    assert due_on(START, 2, last, campaign_of(panels=12)) == START + (14 + 84) * DAY


@pytest.mark.parametrize("reason", ["", Reason.NO_ADDRESS, Reason.NOT_SAMPLED, Reason.SUPPRESSED])
def test_customers_are_due_again_so_many_days_after_their_own_last_verdict(reason):
    last = Last(wave_on=START, decided_on=START + 2 * DAY, reason=reason)
    for panels in (1, 12):
        assert due_on(START, 0, last, campaign_of(panels=panels, reask_days=90)) == START + 92 * DAY


@pytest.mark.parametrize("reason", [Reason.QUOTA, Reason.PAUSED, Reason.UNDELIVERED])
def test_what_was_no_fault_of_theirs_brings_them_back_in_the_next_wave(reason):
    last = Last(wave_on=START, decided_on=START, reason=reason)
    for rules in ({"reask_days": 90}, {"panels": 12}):
        assert due_on(START, 0, last, campaign_of(**rules)) == START + DAY


def test_a_quarantine_brings_them_back_once_it_is_over_and_not_in_the_same_wave():
    rules = campaign_of(reask_days=90)
    for free_on, due in ((START + 20 * DAY, START + 20 * DAY), (START - DAY, START + DAY), (None, START + DAY)):
        last = Last(START, START, Reason.QUARANTINE, free_on)
        assert due_on(START, 0, last, rules) == due


def test_a_verdict_of_a_wave_is_never_due_in_that_wave_again():
    for reason in ("", *Reason.values):
        for rules in ({}, {"panels": 12}, {"reask_days": 1}):
            last = Last(START, START - DAY, reason, START - 9 * DAY)
            assert due_on(START, 0, last, campaign_of(**rules)) > START


def test_panels_are_about_equal_and_cut_anew_by_each_campaigns_salt():
    one, other = campaign_of(panels=12), campaign_of(panels=12)
    other.salt = "t"
    keys = [f"K-{number}" for number in range(12_000)]
    sizes = Counter(panel_of(one, key) for key in keys)
    assert sorted(sizes) == list(range(12))
    assert min(sizes.values()) > 880 and max(sizes.values()) < 1120  # 1,000 ± 4 standard deviations
    both = sum(panel_of(one, key) == panel_of(other, key) for key in keys)
    assert 880 < both < 1120


# --- Waves as they are planned --------------------------------------------------------------------------------------


def test_every_customer_of_a_plain_wave_gets_a_verdict(acme, globex, monthly):
    for _ in range(3):
        factories.make_customer(acme)
    factories.make_customer(acme, email="n/a")
    factories.make_customer(globex)
    assert run(0) == [4]
    wave = Wave.objects.get()
    assert (wave.number, wave.starts_on, wave.planned_at) == (1, START, NOW)
    assert sorted(Invitation.objects.values_list("client", "wave", "contact", "is_asked", "reason", "about_at")) == [
        (acme.pk, wave.pk, None, False, Reason.NO_ADDRESS, NOW),
        *[(acme.pk, wave.pk, None, True, "", NOW)] * 3,
    ]


def test_a_wave_is_planned_once_and_whoever_comes_later_waits_for_the_next(acme, monthly):
    factories.make_customer(acme, key="first")
    assert run(0, 1) == [1, 0]
    factories.make_customer(acme, key="later", first_seen_at=NOW + DAY)
    assert run(2, 29, 30) == [0, 0, 2]
    assert asked_in(monthly) == [(1, "first"), (2, "first"), (2, "later")]


def test_each_week_another_twelfth_is_asked_and_after_twelve_weeks_everybody_was_once(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, panels=12, quarantine_days=0)
    for number in range(60):
        factories.make_customer(acme, key=f"K-{number}")
    counts = run(*range(0, 12 * 7, 7))
    assert sum(counts) == 60
    assert counts == [Counter(panel_of(campaign, f"K-{n}") for n in range(60))[panel] for panel in range(12)]
    assert Invitation.objects.values("customer").distinct().count() == 60
    assert run(*range(12 * 7, 24 * 7, 7)) == counts  # the next round, in the same order


def test_customers_are_asked_again_by_their_own_clock(acme):
    campaign = factories.make_campaign(
        acme, "nps", starts_on=START, wave_days=7, first_after_days=10, reask_days=20, quarantine_days=0
    )
    factories.make_customer(acme, key="base", first_seen_at=NOW - 50 * DAY)
    factories.make_customer(acme, key="new", first_seen_at=NOW + 2 * DAY)
    run(*range(0, 64, 7))
    # base: days 0, 21, 42, 63; new: first on or after day 12, then 20 days after each
    assert asked_in(campaign) == [
        (1, "base"), (3, "new"), (4, "base"), (6, "new"), (7, "base"), (9, "new"), (10, "base"),
    ]  # fmt: skip


def test_customers_in_quarantine_come_again_in_the_first_wave_after_it(acme):
    contacts = factories.make_campaign(acme, "csat", quarantine_days=0)
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, reask_days=90, quarantine_days=30)
    customer = factories.make_customer(acme)
    contact = factories.make_contact(acme, customer=customer)
    factories.make_invitation(acme, campaign=contacts, contact=contact, due_at=NOW - 10 * DAY)
    run(*range(0, 36, 7))
    told = list(Invitation.objects.filter(campaign=campaign).order_by("pk").values_list("wave__number", "reason"))
    assert told == [(1, Reason.QUARANTINE), (4, "")]  # over on day 20; the fourth wave is day 21


def test_a_quarantine_is_over_on_the_day_whose_sending_hours_open_after_it(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=1, reask_days=90, quarantine_days=7)
    customer = factories.make_customer(acme)
    for at in (berlin("2026-11-09 08:30"), berlin("2026-11-09 15:00")):
        Invitation.objects.all().delete()
        Wave.objects.all().delete()
        contact = factories.make_contact(acme, customer=customer)
        factories.make_invitation(acme, "csat", contact=contact, due_at=at)
        for day in range(9):
            invitations.plan_waves(berlin("2026-11-10 00:10") + day * DAY)
        told = list(
            Invitation.objects.filter(campaign=campaign).order_by("pk").values_list("wave__starts_on", "reason")
        )
        over = dt.date(2026, 11, 16 if at.hour < 9 else 17)
        assert told == [(START, Reason.QUARANTINE), (over, "")]


def test_a_paused_campaign_says_so_and_its_customers_come_back_at_once(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, reask_days=90, is_paused=True)
    factories.make_customer(acme)
    run(0)
    Campaign.objects.update(is_paused=False)
    run(7, 14)
    told = list(Invitation.objects.filter(campaign=campaign).order_by("pk").values_list("wave__number", "reason"))
    assert told == [(1, Reason.PAUSED), (2, "")]


def test_a_quota_spreads_a_wave_over_the_next_ones(acme):
    factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, reask_days=90, quota_per_day=2)
    for number in range(5):
        factories.make_customer(acme, key=f"K-{number}")
    run(0, 7, 14, 21)
    asked = Invitation.objects.filter(is_asked=True).order_by("pk").values_list("wave__number", "customer__key")
    assert list(asked) == [(1, "K-0"), (1, "K-1"), (2, "K-2"), (2, "K-3"), (3, "K-4")]


def test_a_missed_wave_is_not_made_up_for_and_nobody_due_in_it_is_lost(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, panels=4, quarantine_days=0, salt="s")
    panels = {panel_of(campaign, f"K-{n}"): f"K-{n}" for n in range(40)}
    for key in panels.values():
        factories.make_customer(acme, key=key)
    run(0, 23)  # the machine was off on days 7 and 14
    assert list(Wave.objects.order_by("number").values_list("number", "starts_on")) == [
        (1, START),
        (4, START + 21 * DAY),
    ]
    assert asked_in(campaign) == [(1, panels[0]), *sorted((4, panels[n]) for n in (1, 2, 3))]


def test_a_wave_begins_on_its_day_in_the_clients_zone(acme, monthly):
    factories.make_customer(acme, first_seen_at=NOW - DAY)
    assert invitations.plan_waves(berlin("2026-11-09 23:59")) == 0
    assert invitations.plan_waves(berlin("2026-11-10 00:01")) == 1


def test_another_interval_counts_from_the_last_wave(acme, monthly):
    factories.make_customer(acme)
    run(0)
    Campaign.objects.update(wave_days=10, quarantine_days=0)
    assert run(9, 10, 19, 20) == [0, 1, 0, 1]
    assert list(Wave.objects.order_by("number").values_list("number", "starts_on")) == [
        (1, START), (2, START + 10 * DAY), (3, START + 20 * DAY),
    ]  # fmt: skip


def test_each_wave_draws_its_sample_anew(acme, monthly):
    Campaign.objects.update(share_percent=50, quarantine_days=0, salt="s")
    for number in range(60):
        factories.make_customer(acme, key=f"K-{number}")
    run(0, 30)
    first, second = (
        set(Invitation.objects.filter(wave__number=number, is_asked=True).values_list("customer", flat=True))
        for number in (1, 2)
    )
    assert first != second
    assert 15 < len(first) < 45 and 15 < len(second) < 45


def test_a_waves_legal_basis_and_consent_follow_the_latest_contact(acme, monthly):
    LegalBasis.objects.all().delete()
    LegalBasis.objects.create(client=acme, source="shop", kind="consent", valid_from_on=dt.date(2020, 1, 1), note="§")
    yes, no, elsewhere = (factories.make_customer(acme, key=key) for key in ("a yes", "b no", "c elsewhere"))
    for customer, source, has_consent in ((yes, "shop", True), (no, "shop", False), (elsewhere, "phone", True)):
        factories.make_contact(acme, customer=customer, source=source, has_consent=has_consent)
    run(0)
    assert list(Invitation.objects.order_by("customer__key").values_list("is_asked", "reason")) == [
        (True, ""),
        (False, Reason.NO_CONSENT),
        (False, Reason.NO_LEGAL_BASIS),
    ]


def test_a_client_or_survey_that_cannot_ask_opens_no_wave(acme, globex, monthly):
    factories.make_campaign(globex, "nps", starts_on=START)
    factories.make_customer(acme)
    factories.make_customer(globex)
    type(acme).objects.filter(pk=acme.pk).update(is_active=False)
    globex.surveys.get().versions.all().delete()
    assert (run(0), Wave.objects.count()) == ([0], 0)


# --- Kills, planners at once, size ----------------------------------------------------------------------------------


def test_a_wave_that_died_halfway_is_finished_and_nobody_is_judged_twice(acme, monthly, monkeypatch):
    for number in range(5):
        factories.make_customer(acme, key=f"K-{number}")
    monkeypatch.setattr(verdicts, "BATCH", 2)
    record, calls = verdicts.Judge.record, []

    def dies(self, candidates, at):
        if len(calls) == 1:
            raise SystemExit("killed")
        calls.append(record(self, candidates, at))
        return calls[-1]

    monkeypatch.setattr(verdicts.Judge, "record", dies)
    with pytest.raises(SystemExit):
        run(0)
    assert (Invitation.objects.count(), Wave.objects.get().planned_at) == (2, None)
    monkeypatch.setattr(verdicts.Judge, "record", record)
    assert invitations.plan_waves(NOW + HOUR) == 3
    assert Wave.objects.get().planned_at == NOW + HOUR
    assert asked_in(monthly) == [(1, f"K-{number}") for number in range(5)]


def test_two_planners_at_once_judge_nobody_twice(transactional_db, monkeypatch):
    needs("this needs PostgreSQL", connection.vendor == "postgresql")
    monkeypatch.setattr(verdicts, "BATCH", 7)
    acme = factories.make_client()
    factories.make_campaign(acme, "nps", starts_on=START)
    for _ in range(60):
        factories.make_customer(acme)
    assert sum(together([lambda: invitations.plan_waves(NOW)] * 3)) == 60
    assert Invitation.objects.values("customer").distinct().count() == 60


def test_a_batch_takes_as_many_queries_for_one_customer_as_for_three(acme, monthly):
    factories.make_customer(acme)
    run(0)
    with CaptureQueriesContext(connection) as one:
        run(30)
    factories.make_customer(acme), factories.make_customer(acme)
    with CaptureQueriesContext(connection) as three:
        run(60)
    assert len(three) == len(one)


def test_customers_are_read_a_batch_at_a_time(acme, monthly, monkeypatch):
    monkeypatch.setattr(verdicts, "BATCH", 10)
    customers = [Customer(client=acme, key=f"K-{n}", email=f"{n}@example.org", first_seen_at=NOW) for n in range(25)]
    Customer.objects.bulk_create(customers)
    seen = []
    due = waves._due
    monkeypatch.setattr(waves, "_due", lambda some, *args: seen.append(len(some)) or due(some, *args))
    assert (run(0), seen) == ([25], [10, 10, 5])


# --- Before it starts -----------------------------------------------------------------------------------------------


def keys_between(campaign: Campaign, first_on: dt.date, last_on: dt.date) -> list[tuple[dt.date, str]]:
    return [
        (who.about_at.astimezone(campaign.client.zone).date(), who.draw_key.split(":", 1)[1])
        for batch in waves.due_between(campaign, first_on, last_on)
        for who in batch
    ]


def test_the_days_of_waves_are_known_before_the_campaign_starts(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7)
    october = waves.wave_days(campaign, dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert october == [dt.date(2026, 10, day) for day in (6, 13, 20, 27)]
    assert waves.wave_days(campaign, START, START) == [START]
    assert waves.wave_days(campaign, START + DAY, START + 6 * DAY) == []
    assert waves.wave_days(campaign, START + DAY, START + 8 * DAY) == [START + 7 * DAY]


def test_whom_a_month_would_have_made_due_panel_by_panel_and_newcomers_at_their_time(acme, monkeypatch):
    monkeypatch.setattr(verdicts, "BATCH", 3)
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, panels=12, first_after_days=5)
    for number in range(40):
        factories.make_customer(acme, key=f"K-{number:02}", first_seen_at=NOW - 400 * DAY)
    factories.make_customer(acme, key="new", first_seen_at=dt.datetime(2026, 10, 10, 12, tzinfo=dt.UTC))
    factories.make_customer(acme, key="too new", first_seen_at=dt.datetime(2026, 10, 30, 12, tzinfo=dt.UTC))
    found = keys_between(campaign, dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    days = [dt.date(2026, 10, day) for day in (6, 13, 20, 27)]
    base = [(days[p], f"K-{n:02}") for n in range(40) if (p := panel_of(campaign, f"K-{n:02}")) < 4]
    assert sorted(found) == sorted([*base, (days[2], "new")])
    assert (Invitation.objects.count(), Wave.objects.count()) == (0, 0)


def test_a_customer_may_be_due_twice_in_a_month(acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=START, wave_days=7, reask_days=10)
    factories.make_customer(acme, key="K", first_seen_at=NOW - 400 * DAY)
    found = keys_between(campaign, dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert found == [(dt.date(2026, 10, 6), "K"), (dt.date(2026, 10, 20), "K")]


# --- One series -----------------------------------------------------------------------------------------------------


def test_the_answers_to_all_waves_of_a_campaign_are_one_series_with_the_latest_of_each_customer(acme):
    campaign = factories.make_campaign(
        acme, "nps", starts_on=dt.date(2026, 10, 6), wave_days=7, panels=2, quarantine_days=0
    )
    for number in range(12):
        factories.make_customer(acme, key=f"K-{number}", first_seen_at=NOW - 400 * DAY)
    first_day = dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC)
    for week in range(4):  # every customer twice in October
        at = first_day + 7 * week * DAY
        invitations.plan_waves(at)
        for invitation in Invitation.objects.filter(wave__number=week + 1):
            score = 0 if week < 2 else 10
            factories.make_response(acme, score, invitation=invitation, submitted_at=at + HOUR)
    assert Invitation.objects.filter(campaign=campaign).values("wave").distinct().count() == 4
    october = periods.containing(first_day, "month", acme.time_zone)
    now = queries.score(acme, october, "nps").now
    assert (now.groups, now.n, now.estimate.value) == ((12, 0, 0), 12, 100)
    weeks = [
        queries.score(acme, periods.containing(first_day + 7 * w * DAY, "week", acme.time_zone), "nps").now
        for w in range(4)
    ]
    assert [week.groups for week in weeks[:2]] == [(0, 0, weeks[0].n), (0, 0, weeks[1].n)]
    assert weeks[0].n + weeks[1].n == weeks[2].n + weeks[3].n == 12
    funnel = queries.funnels(acme, october)["nps"]
    assert (funnel.eligible, funnel.asked, funnel.answered) == (24, 24, 24)
