"""Which contacts are looked at, by which rules, and how often: marks, versions of the rules, judging at once."""

import datetime as dt
import threading
import time

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from surveys import bulk, ingestion, invitations, tasks
from surveys.eligibility import Reason
from surveys.invitations import NotToBeJudged, contacts, rules, verdicts
from surveys.invitations.turns import alone_at
from surveys.models import (
    AudienceCondition,
    Campaign,
    Client,
    Contact,
    Invitation,
    Mark,
    Medium,
    OutgoingMessage,
    RulesVersion,
    Survey,
    Team,
)
from tests import factories
from tests.conftest import NOW, needs

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def marked() -> list[str]:
    return list(Mark.objects.order_by("pk").values_list("contact__external_id", flat=True))


# --- Marks ----------------------------------------------------------------------------------------------------------


def test_a_contact_is_looked_at_once_whatever_its_verdict(acme):
    factories.make_campaign(acme, starts_on=dt.date(2026, 11, 1))
    factories.make_contact(acme)
    factories.make_contact(acme, is_spam=True)
    factories.make_contact(acme, state=Contact.State.OPEN)
    factories.make_contact(acme, ended_at=NOW - 30 * DAY)  # before the campaign
    assert (invitations.plan_contacts(NOW), marked()) == (2, [])


def test_what_a_source_says_anew_is_looked_at_again(acme):
    factories.make_campaign(acme)
    call = {"source": "telephone", "external_id": "C-1", "started_at": NOW - HOUR, "email": "kim@example.org"}
    ingestion.receive(acme, [ingestion.Incoming(state="open", **call)], NOW)
    assert (invitations.plan_contacts(NOW), marked()) == (0, [])
    ingestion.receive(acme, [ingestion.Incoming(state="finished", ended_at=NOW, **call)], NOW)
    assert marked() == ["C-1"]
    assert (invitations.plan_contacts(NOW), marked()) == (1, [])
    ingestion.receive(acme, [ingestion.Incoming(state="finished", ended_at=NOW, **call)], NOW)
    assert marked() == []  # said twice is nothing new


def test_an_idle_minute_takes_two_queries_however_many_clients(acme, globex, django_assert_num_queries):
    for client in (acme, globex):
        factories.make_campaign(client)
        factories.make_contact(client)
    invitations.plan_contacts(NOW)
    with django_assert_num_queries(2):
        assert invitations.plan_contacts(NOW) == 0


def test_a_new_campaign_judges_what_ended_since_its_start_though_others_have_judged_it(acme):
    factories.make_campaign(acme, quarantine_days=0)
    for days in (1, 5, 12):
        factories.make_contact(acme, ended_at=NOW - days * DAY)
    assert invitations.plan_contacts(NOW) == 3
    new = factories.make_campaign(acme, quarantine_days=0, starts_on=(NOW - 7 * DAY).date())
    assert [invitations.plan_contacts(NOW), invitations.plan_contacts(NOW)] == [2, 0]
    assert new.invitations.count() == 2


def test_a_survey_that_is_published_later_judges_what_has_waited_for_it(acme):
    survey = Survey.objects.create(client=acme, kind="csat", name="draft")
    campaign = factories.make_campaign(acme, survey=survey)
    factories.make_contact(acme)
    assert (invitations.plan_contacts(NOW), marked()) == (0, [])
    survey.versions.create(number=1, published_at=NOW)
    assert invitations.plan_contacts(NOW + HOUR) == 1
    draft = Survey.objects.create(client=acme, kind="csat", name="another draft")
    Campaign.objects.filter(pk=campaign.pk).update(survey=draft)
    factories.make_contact(acme)
    assert (invitations.plan_contacts(NOW + HOUR), marked()) == (0, [])
    draft.versions.create(number=1, published_at=NOW)
    assert invitations.plan_contacts(NOW + 2 * HOUR) == 1


def test_an_earlier_start_brings_back_what_was_before_it_and_a_later_one_loses_nothing(acme):
    campaign = factories.make_campaign(acme, starts_on=(NOW - 3 * DAY).date(), quarantine_days=0)
    for days in (1, 5, 9):
        factories.make_contact(acme, ended_at=NOW - days * DAY)
    judged = [invitations.plan_contacts(NOW)]
    for days in (7, 0, 10):
        Campaign.objects.filter(pk=campaign.pk).update(starts_on=(NOW - days * DAY).date())
        if not days:
            factories.make_contact(acme, ended_at=NOW - 2 * DAY)
        judged.append(invitations.plan_contacts(NOW))
    assert judged == [1, 1, 0, 2]


def test_what_came_while_a_client_was_inactive_waits_until_it_is_back(acme):
    factories.make_campaign(acme)
    Client.objects.update(is_active=False)
    contact = factories.make_contact(acme)
    assert (invitations.plan_contacts(NOW), marked()) == (0, [contact.external_id])
    Client.objects.update(is_active=True)
    assert invitations.plan_contacts(NOW) == 1


def test_batches_follow_one_another_until_all_are_judged(acme, monkeypatch):
    monkeypatch.setattr(verdicts, "BATCH", 2)
    factories.make_campaign(acme, quarantine_days=0)
    for count in (4, 5):
        for _ in range(count):
            factories.make_contact(acme)
        assert (invitations.plan_contacts(NOW), marked()) == (count, [])


def test_the_quarantine_and_the_quotas_hold_from_batch_to_batch(acme, monkeypatch):
    monkeypatch.setattr(verdicts, "BATCH", 2)
    factories.make_campaign(acme, quarantine_days=30, quota_per_day=2)
    customers = [factories.make_customer(acme) for _ in range(4)]
    for customer in (customers[0], customers[1], customers[0], customers[2], customers[3]):
        factories.make_contact(acme, customer=customer)
    invitations.plan_contacts(NOW)
    reasons = list(Invitation.objects.order_by("contact_id").values_list("reason", flat=True))
    assert reasons == ["", "", Reason.QUARANTINE, Reason.QUOTA, Reason.QUOTA]


def test_the_audience_decides_by_what_is_stored(acme):
    campaign = factories.make_campaign(acme, quarantine_days=0)
    for attribute, value in (("team", "nord"), ("segment", "private"), ("tag", "vip"), ("language", "en")):
        AudienceCondition.objects.create(campaign=campaign, attribute=attribute, values=[value])
    inside = {"team": factories.make_team(acme, "Nord"), "tags": ["VIP"], "language": "en-GB"}
    outside = [{"team": None}, {"tags": []}, {"language": "de"}]
    for fields in ({}, *outside):
        customer = factories.make_customer(acme, segment="Private")
        factories.make_contact(acme, customer=customer, **{**inside, **fields})
    factories.make_contact(acme, customer=factories.make_customer(acme, segment=""), **inside)
    invitations.plan_contacts(NOW)
    reasons = list(Invitation.objects.order_by("contact_id").values_list("reason", flat=True))
    assert reasons == ["", *[Reason.OUTSIDE_AUDIENCE] * 4]
    assert Team.objects.count() == 1


# --- The rules, at any time -----------------------------------------------------------------------------------------


def test_the_rules_get_a_new_version_only_if_something_differs(acme):
    lena = factories.make_login()
    campaign = factories.make_campaign(acme, share_percent=25)
    first = rules.freeze(campaign, NOW, by=lena)
    campaign.name, campaign.is_paused, campaign.owner = "renamed", True, lena  # no rules
    campaign.save()
    campaign = Campaign.objects.get()
    assert rules.freeze(campaign, NOW + DAY) == first
    campaign.delay_hours = 24
    second = rules.freeze(campaign, NOW + DAY)
    assert [(v.number, v.made_at, v.made_by) for v in (first, second)] == [(1, NOW, lena), (2, NOW + DAY, None)]
    assert rules.changes(first, second) == [("delay_hours", 0, 24)]


def test_the_audience_is_among_the_rules(acme):
    campaign = factories.make_campaign(acme)
    first = rules.freeze(campaign, NOW)
    condition = AudienceCondition.objects.create(campaign=campaign, attribute="tag", values=["vip", "new"])
    AudienceCondition.objects.create(campaign=campaign, attribute="tag", values=["test"], is_excluded=True)
    second = rules.freeze(campaign, NOW)
    condition.values = ["new", "vip"]  # the order says nothing
    condition.save()
    assert rules.freeze(campaign, NOW) == second
    condition.delete()
    third = rules.freeze(campaign, NOW)
    added = [("audience not tag", None, ["test"]), ("audience tag", None, ["new", "vip"])]
    assert rules.changes(first, second) == added
    assert rules.changes(second, third) == [("audience tag", ["new", "vip"], None)]


def test_the_first_version_changes_everything_from_nothing(acme):
    first = rules.freeze(factories.make_campaign(acme), NOW)
    assert {name for name, before, _after in rules.changes(None, first) if before is None} <= set(rules.FIELDS)
    assert ("delay_hours", None, 0) in rules.changes(None, first)


def test_every_rule_that_a_form_can_change_is_in_the_snapshot():
    others = {"id", "client", "name", "owner", "is_paused", "paused_because", "judged_from_on"}
    fields = {field.attname for field in Campaign._meta.fields if field.name not in others}
    assert fields == set(rules.FIELDS)


def test_each_verdict_points_to_the_rules_that_made_it(acme):
    campaign = factories.make_campaign(acme, quarantine_days=0)
    first, second = factories.make_contact(acme), factories.make_contact(acme, state=Contact.State.OPEN)
    invitations.plan_contacts(NOW)
    Campaign.objects.filter(pk=campaign.pk).update(share_percent=0)
    Contact.objects.filter(pk=second.pk).update(state=Contact.State.FINISHED)
    Contact.objects.filter(pk=second.pk).mark()
    invitations.plan_contacts(NOW)
    shares = {i.contact_id: i.rules.rules["share_percent"] for i in Invitation.objects.all()}
    assert shares == {first.pk: "100", second.pk: "0"}
    assert RulesVersion.objects.count() == 2


# --- At once --------------------------------------------------------------------------------------------------------


def test_a_contact_can_be_judged_at_once_and_gets_the_same_verdict_again(acme):
    campaign = factories.make_campaign(acme, medium=Medium.LINK)
    contact = factories.make_contact(acme)
    verdict = invitations.judge_now(campaign, contact, NOW)
    assert (verdict.is_asked, verdict.due_at, verdict.messages.get().medium) == (True, NOW, "link")
    assert invitations.judge_now(campaign, contact, NOW + HOUR) == verdict
    assert (invitations.plan_contacts(NOW + HOUR), Invitation.objects.count()) == (0, 1)


def test_what_the_planner_has_judged_keeps_its_verdict(acme):
    campaign = factories.make_campaign(acme, share_percent=0)
    contact = factories.make_contact(acme)
    invitations.plan_contacts(NOW)
    Campaign.objects.update(share_percent=100)
    assert invitations.judge_now(campaign, contact, NOW).reason == Reason.NOT_SAMPLED


def test_judging_at_once_knows_whom_others_have_asked(acme):
    first, second = (factories.make_campaign(acme, medium=medium) for medium in (Medium.MAIL, Medium.LINK))
    contact = factories.make_contact(acme)
    assert [invitations.judge_now(each, contact, NOW).reason for each in (first, second)] == ["", Reason.QUARANTINE]


def test_a_reopened_contact_is_judged_at_once_and_anew(acme):
    campaign = factories.make_campaign(acme)
    contact = factories.make_contact(acme)
    before = invitations.judge_now(campaign, contact, NOW)
    invitations.cancel(before, Reason.REOPENED, NOW)
    after = invitations.judge_now(campaign, contact, NOW)
    assert (after.is_asked, after == before, Invitation.objects.count()) == (True, False, 1)
    assert OutgoingMessage.objects.get().invitation == after


def test_what_the_planner_would_not_judge_is_not_judged_at_once_either(acme, globex):
    campaign = factories.make_campaign(acme, starts_on=dt.date(2026, 11, 1))
    draft = Survey.objects.create(client=acme, kind="nps", name="draft")
    cases = [
        (campaign, factories.make_contact(acme, state=Contact.State.OPEN)),
        (campaign, factories.make_contact(acme, ended_at=NOW - 20 * DAY)),
        (campaign, factories.make_contact(globex)),
        (factories.make_campaign(acme, survey=draft), factories.make_contact(acme)),
        (factories.make_campaign(globex, "nps"), factories.make_contact(globex)),
    ]
    for case in cases:
        with pytest.raises(NotToBeJudged):
            invitations.judge_now(*case, NOW)
    assert Invitation.objects.count() == 0


# --- Many rows at once ----------------------------------------------------------------------------------------------


def test_reserved_keys_are_nobody_elses(acme):
    with transaction.atomic():
        reserved = [*bulk.reserve(Team, 3), *bulk.reserve(Team, 2)]
        made = Team.objects.create(client=acme, name="Nord")
    assert reserved == sorted({*reserved} - {made.pk})
    assert len(reserved) == 5


@pytest.mark.django_db(transaction=True)
def test_keys_are_reserved_within_a_transaction_only(transactional_db):
    with pytest.raises(TransactionManagementError):
        bulk.reserve(Team, 1)


def test_rows_arrive_with_their_keys_times_and_json(acme):
    campaign = factories.make_campaign(acme)
    columns = ("id", "campaign_id", "number", "made_at", "made_by_id", "rules")
    awkward = {"ü": ["tab\there", "back\\slash", 'quote"', None, 1.5, True]}
    with transaction.atomic():
        ids = bulk.reserve(RulesVersion, 2)
        rows = [(pk, campaign.pk, number, NOW, None, awkward) for number, pk in enumerate(ids)]
        bulk.insert(RulesVersion, columns, (row for row in rows))
    assert list(RulesVersion.objects.order_by("pk").values_list(*columns)) == rows


def test_a_row_that_breaks_a_rule_takes_all_of_them_along(acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Team, ("client_id", "name"), [(acme.pk, name) for name in ("Nord", "Süd", "Nord")])
    assert Team.objects.count() == 0


def test_a_batch_costs_as_many_statements_for_two_campaigns_as_twice_one(acme):
    """No query of a batch grows with its contacts; each campaign takes its own."""
    counts = []
    for _ in range(2):
        factories.make_campaign(acme, quarantine_days=0)
        for _ in range(2):  # the second time nothing is marked or written down for the first time
            factories.make_contact(acme)
            with CaptureQueriesContext(connection) as captured:
                invitations.plan_contacts(NOW)
        counts.append(len(captured))
    assert counts[1] < 2 * counts[0]


# --- Planners at once -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_planner_leaves_a_client_where_another_is_at_work_and_comes_back_at_the_end(transactional_db):
    needs("planners at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    first, second = factories.make_client(), factories.make_client("globex", "Globex")
    for client in (first, second):
        factories.make_campaign(client, starts_on=NOW.date() - DAY)
        factories.make_contact(client)
    judged = []

    def plan():
        try:
            judged.append(invitations.plan_contacts(NOW))
        finally:
            connection.close()

    Campaign.objects.update(judged_from_on=NOW.date() - DAY)
    planner = threading.Thread(target=plan)
    with alone_at(first.pk):
        planner.start()
        for _ in range(100):
            if Invitation.objects.exists():
                break
            time.sleep(0.1)
        meanwhile = list(Invitation.objects.values_list("client", flat=True))
    planner.join(30)
    assert (meanwhile, judged, Mark.objects.count()) == ([second.pk], [2], 0)


def test_a_backlog_calls_exactly_one_helper(acme, settings, monkeypatch):
    factories.make_campaign(acme)
    for _ in range(3):
        factories.make_contact(acme)
    monkeypatch.setattr(contacts, "MANY", 2)
    settings.CELERY_TASK_ALWAYS_EAGER = False  # what the task asks; here it runs at once all the same
    began = []
    original = invitations.plan_contacts
    monkeypatch.setattr(invitations, "plan_contacts", lambda at: began.append(at) or original(at))
    with time_machine.travel(NOW, tick=False):
        tasks.plan_invitations()
        assert (len(began), Invitation.objects.count(), invitations.is_behind()) == (2, 3, False)
        tasks.plan_invitations()
    assert len(began) == 3
