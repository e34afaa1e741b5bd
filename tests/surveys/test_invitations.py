"""Every contact and every customer of a wave gets one stored verdict, with the context as it was."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import invitations
from surveys.invitations import verdicts as planning
from surveys.models import Client, Contact, Invitation, Medium, OutgoingMessage, Survey, Wave
from tests import factories
from tests.conftest import NOW, needs, together

pytestmark = pytest.mark.django_db
Reason = Invitation.Reason
State = OutgoingMessage.State
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def berlin(text: str) -> dt.datetime:
    """A wall-clock time in winter (+01:00) or, from 29 March to 25 October 2026, in summer (+02:00)."""
    summer = "2026-03-29 03" <= text < "2026-10-25 03"
    return dt.datetime.fromisoformat(f"{text}:00+0{2 if summer else 1}:00").astimezone(dt.UTC)


def verdicts(client: Client) -> list[tuple[bool, str]]:
    return list(Invitation.objects.filter(client=client).order_by("pk").values_list("is_asked", "reason"))


# --- After a contact ------------------------------------------------------------------------------------------------


def test_an_asked_contact_has_an_invitation_and_one_message(acme):
    campaign = factories.make_campaign(acme, link_days=14)
    contact = factories.make_contact(acme)
    assert invitations.plan_contacts(NOW) == 1
    invitation = Invitation.objects.get()
    assert (invitation.client, invitation.campaign, invitation.contact) == (acme, campaign, contact)
    assert (invitation.customer, invitation.email) == (contact.customer, contact.email)
    assert (invitation.is_asked, invitation.reason, invitation.decided_at) == (True, "", NOW)
    assert (invitation.about_at, invitation.due_at) == (contact.ended_at, NOW)
    assert invitation.expires_at == NOW + 14 * DAY
    assert invitation.version == campaign.survey.versions.first()
    message = OutgoingMessage.objects.get()
    assert (message.client, message.invitation, message.key) == (acme, invitation, f"invitation:{invitation.pk}")
    assert (message.to, message.due_at, message.state) == (contact.email, NOW, State.PLANNED)


def test_a_contact_that_is_not_asked_has_its_reason_and_no_message(acme):
    factories.make_campaign(acme)
    factories.make_contact(acme, email="n/a")
    invitations.plan_contacts(NOW)
    invitation = Invitation.objects.get()
    assert (invitation.is_asked, invitation.reason) == (False, Reason.NO_ADDRESS)
    assert (invitation.due_at, invitation.expires_at, OutgoingMessage.objects.count()) == (None, None, 0)


def test_a_text_message_goes_to_the_number_in_one_spelling(acme):
    factories.make_campaign(acme, medium=Medium.SMS)
    factories.make_contact(acme, customer=factories.make_customer(acme, phone="0151 / 234 567 89"), email="n/a")
    invitations.plan_contacts(NOW)
    invitation, message = Invitation.objects.get(), OutgoingMessage.objects.get()
    assert (invitation.medium, invitation.phone, invitation.is_asked) == ("sms", "+4915123456789", True)
    assert (message.medium, message.to, message.state) == ("sms", "+4915123456789", State.PLANNED)


def test_a_link_waits_as_planned_for_whoever_hands_it_out(acme):
    factories.make_campaign(acme, medium=Medium.LINK)
    factories.make_contact(acme)
    invitations.plan_contacts(NOW)
    message = OutgoingMessage.objects.get()
    assert (message.medium, message.to, message.state, message.due_at) == ("link", "", State.PLANNED, NOW)


def test_an_address_with_a_tag_is_written_to_as_it_is_and_known_without(acme):
    factories.make_campaign(acme)
    for number, email in enumerate(["Kim+Shop@Example.org", "kim@example.org", "kim+bank@example.org."]):
        customer = factories.make_customer(acme, email)
        factories.make_contact(acme, customer=customer, email=email, ended_at=NOW - (9 - number) * HOUR)
    invitations.plan_contacts(NOW)
    assert verdicts(acme) == [(True, ""), (False, Reason.QUARANTINE), (False, Reason.QUARANTINE)]
    assert OutgoingMessage.objects.get().to == "kim+shop@example.org"
    factories.make_contact(acme, customer=factories.make_customer(acme, "kim+tax@example.org"))
    invitations.plan_contacts(NOW)
    assert verdicts(acme)[-1] == (False, Reason.QUARANTINE)


def test_the_segment_and_the_rules_are_frozen_too(acme):
    campaign = factories.make_campaign(acme)
    factories.make_contact(acme, customer=factories.make_customer(acme, segment="private"))
    invitations.plan_contacts(NOW)
    invitation = Invitation.objects.get()
    assert (invitation.segment, invitation.rules) == ("private", campaign.rules_versions.get())


def test_every_finished_contact_gets_a_verdict_and_an_open_one_waits(acme):
    factories.make_campaign(acme, share_percent=0)
    for state in (Contact.State.FINISHED, Contact.State.DISCARDED, Contact.State.OPEN):
        factories.make_contact(acme, state=state, external_id=state)
    invitations.plan_contacts(NOW)
    told = dict(Invitation.objects.values_list("contact__external_id", "reason"))
    assert told == {"finished": Reason.NOT_SAMPLED, "discarded": Reason.NO_CONVERSATION}


def test_a_discarded_contact_without_an_end_counts_by_its_start(acme):
    factories.make_campaign(acme)
    started_at = NOW - 2 * HOUR
    contact = factories.make_contact(acme, state=Contact.State.DISCARDED)
    Contact.objects.filter(pk=contact.pk).update(started_at=started_at, ended_at=None)
    invitations.plan_contacts(NOW)
    assert Invitation.objects.get().about_at == started_at


def test_contacts_from_before_the_campaign_are_not_judged(acme):
    factories.make_campaign(acme, starts_on=dt.date(2026, 11, 10))
    factories.make_contact(acme, ended_at=berlin("2026-11-09 23:59"))
    first = factories.make_contact(acme, ended_at=berlin("2026-11-10 00:00"))
    invitations.plan_contacts(NOW)
    assert Invitation.objects.get().contact == first


def test_planning_twice_changes_nothing(acme):
    factories.make_campaign(acme)
    for _ in range(3):
        factories.make_contact(acme)
    assert [invitations.plan_contacts(NOW), invitations.plan_contacts(NOW + HOUR)] == [3, 0]
    assert list(Invitation.objects.values_list("decided_at", flat=True)) == [NOW] * 3
    assert OutgoingMessage.objects.count() == 3


def test_one_customer_with_two_contacts_in_one_batch_is_asked_once(acme):
    factories.make_campaign(acme, quarantine_days=30)
    customer = factories.make_customer(acme)
    for hours in (5, 4, 3):
        factories.make_contact(acme, customer=customer, ended_at=NOW - hours * HOUR)
    invitations.plan_contacts(NOW)
    assert verdicts(acme) == [(True, ""), (False, Reason.QUARANTINE), (False, Reason.QUARANTINE)]


def test_the_quarantine_holds_over_all_surveys_of_a_client(acme):
    factories.make_campaign(acme, "csat", quarantine_days=30)
    factories.make_campaign(acme, "nps", quarantine_days=30, starts_on=NOW.date())
    factories.make_contact(acme)
    invitations.plan_contacts(NOW)
    invitations.plan_waves(NOW)
    assert verdicts(acme) == [(True, ""), (False, Reason.QUARANTINE)]


def test_two_campaigns_judge_one_contact_each(acme):
    factories.make_campaign(acme, quarantine_days=0)
    factories.make_campaign(acme, quarantine_days=0, share_percent=0)
    factories.make_contact(acme)
    assert invitations.plan_contacts(NOW) == 2
    assert verdicts(acme) == [(True, ""), (False, Reason.NOT_SAMPLED)]


def test_a_later_change_of_the_contact_moves_nothing_that_was_frozen(acme):
    factories.make_campaign(acme)
    nord, sued = factories.make_team(acme, "Nord"), factories.make_team(acme, "Süd")
    lena, omar = factories.make_agent(acme, "Lena", team=nord), factories.make_agent(acme, "Omar", team=sued)
    contact = factories.make_contact(acme, agent=lena, team=nord, channel="phone", reason="Umzug", language="en-GB")
    invitations.plan_contacts(NOW)
    contact.agent, contact.team, contact.channel, contact.reason, contact.language = omar, sued, "chat", "Zähler", "de"
    contact.save()
    Client.objects.update(form_of_address="du")
    invitations.plan_contacts(NOW + HOUR)
    invitation = Invitation.objects.get()
    assert (invitation.agent, invitation.team, invitation.channel) == (lena, nord, "phone")
    assert (invitation.contact_reason, invitation.language, invitation.form_of_address) == ("Umzug", "en", "sie")


@pytest.mark.parametrize(
    ("of_contact", "of_customer", "spoken"),
    [
        ("en", "de", "en"),
        ("de-AT", "en", "de"),
        ("", "en-US", "en"),
        ("pt", "en", "en"),
        ("", "", "de"),
        ("pt", "", "de"),
    ],
)
def test_the_language_is_the_contacts_else_the_customers_else_the_clients(acme, of_contact, of_customer, spoken):
    factories.make_campaign(acme)
    customer = factories.make_customer(acme, language=of_customer)
    factories.make_contact(acme, customer=customer, language=of_contact)
    invitations.plan_contacts(NOW)
    assert Invitation.objects.get().language == spoken


def test_a_contact_without_a_customer_can_still_be_asked(acme):
    factories.make_campaign(acme)
    contact = factories.make_contact(acme)
    contact.customer = None
    contact.save()
    invitations.plan_contacts(NOW)
    assert verdicts(acme) == [(True, "")]


def test_twelve_hundred_contacts_get_twelve_hundred_verdicts_in_batches_of_flat_cost(acme, monkeypatch):
    factories.make_campaign(acme, quarantine_days=0)
    template = factories.make_contact(acme, ended_at=NOW - HOUR)
    monkeypatch.setattr(planning, "BATCH", 500)
    ended_at = NOW - 5 * HOUR
    copies = [
        Contact(
            client=acme,
            source="bulk",
            external_id=f"B-{number}",
            email=f"{number}@example.org",
            state="finished",
            started_at=ended_at,
            ended_at=ended_at,
            received_at=ended_at,
            changed_at=ended_at,
        )
        for number in range(1199)
    ]
    Contact.objects.bulk_create(copies)
    Contact.objects.mark()
    with CaptureQueriesContext(connection) as captured:
        assert invitations.plan_contacts(NOW) == 1200
    assert Invitation.objects.filter(is_asked=True).count() == OutgoingMessage.objects.count() == 1200
    assert Invitation.objects.get(contact=template).is_asked
    assert len(captured) < 120  # three batches of 500, and what a run costs once


def test_a_batch_takes_as_many_queries_for_one_contact_as_for_three(acme):
    factories.make_campaign(acme, quarantine_days=0)
    invitations.plan_contacts(NOW)  # the first time, a campaign marks its past
    factories.make_contact(acme)
    invitations.plan_contacts(NOW)  # and with its first verdict writes down its rules
    counts = []
    for count in (1, 3):
        for _ in range(count):
            factories.make_contact(acme)
        with CaptureQueriesContext(connection) as captured:
            assert invitations.plan_contacts(NOW) == count
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_globex_stays_untouched_by_what_acme_plans(acme, globex):
    factories.make_campaign(acme, quarantine_days=30)
    shared = "kim@example.org"
    factories.make_contact(acme, customer=factories.make_customer(acme, shared))
    of_globex = factories.make_contact(globex, customer=factories.make_customer(globex, shared))
    invitations.plan_contacts(NOW)
    assert (verdicts(acme), verdicts(globex)) == ([(True, "")], [])
    factories.make_campaign(globex, quarantine_days=30)
    invitations.plan_contacts(NOW)
    assert verdicts(globex) == [(True, "")]  # who was asked by acme is in no quarantine at globex
    invitation = Invitation.objects.get(client=globex)
    assert (invitation.contact, invitation.messages.get().client) == (of_globex, globex)


def test_an_inactive_client_asks_nobody(acme):
    factories.make_campaign(acme)
    factories.make_campaign(acme, "nps", starts_on=NOW.date())
    factories.make_contact(acme)
    Client.objects.update(is_active=False)
    assert (invitations.plan_contacts(NOW), invitations.plan_waves(NOW)) == (0, 0)
    assert (Invitation.objects.count(), Wave.objects.count()) == (0, 0)


def test_a_survey_that_was_never_published_asks_nobody_and_lets_no_wave_pass(acme):
    survey = Survey.objects.create(client=acme, kind="nps", name="draft")
    factories.make_campaign(acme, "nps", survey=survey, starts_on=NOW.date())
    factories.make_contact(acme)
    assert (invitations.plan_waves(NOW), Wave.objects.count()) == (0, 0)
    survey.versions.create(number=1, published_at=NOW)
    assert invitations.plan_waves(NOW + HOUR) == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_judge_each_contact_once_and_ask_each_customer_once(transactional_db):
    needs("two planners at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    client = factories.make_client()
    factories.make_campaign(client, quarantine_days=30)
    for _ in range(15):
        customer = factories.make_customer(client)
        factories.make_contact(client, customer=customer)
        factories.make_contact(client, customer=customer)
    assert sum(together([lambda: invitations.plan_contacts(NOW)] * 3)) == 30
    assert sorted(verdicts(client)) == [(False, Reason.QUARANTINE)] * 15 + [(True, "")] * 15


# --- When -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "due_at"),
    [
        ("2026-11-10 08:59", "2026-11-10 09:00"),
        ("2026-11-10 09:00", "2026-11-10 09:00"),
        ("2026-11-10 18:59", "2026-11-10 18:59"),
        ("2026-11-10 19:00", "2026-11-11 09:00"),
        ("2026-11-13 19:00", "2026-11-16 09:00"),  # Friday evening → Monday
        ("2026-11-14 12:00", "2026-11-16 09:00"),  # Saturday
        ("2026-11-15 20:00", "2026-11-16 09:00"),  # Sunday evening
        ("2026-03-27 19:30", "2026-03-30 09:00"),  # over the night in which an hour is missing
        ("2026-10-23 19:30", "2026-10-26 09:00"),  # over the night with an hour twice
        ("2026-12-31 23:00", "2027-01-01 09:00"),
    ],
)
def test_mails_leave_within_the_sending_hours_of_working_days_in_the_clients_zone(acme, at, due_at):
    campaign = factories.make_campaign(acme, hour_from=9, hour_until=19)
    assert campaign.sending_time(berlin(at)) == berlin(due_at)


def test_a_client_may_send_on_weekends_and_around_the_clock(acme):
    weekends = factories.make_campaign(acme, sending_days=[1, 2, 3, 4, 5, 6, 7])
    always = factories.make_campaign(acme, sending_days=[1, 2, 3, 4, 5, 6, 7], hour_from=0, hour_until=24)
    assert weekends.sending_time(berlin("2026-11-14 07:30")) == berlin("2026-11-14 09:00")
    assert always.sending_time(berlin("2026-11-14 23:59")) == berlin("2026-11-14 23:59")


def test_an_hour_that_does_not_exist_is_the_hour_after_it(acme):
    campaign = factories.make_campaign(acme, sending_days=[1, 2, 3, 4, 5, 6, 7], hour_from=2)
    assert campaign.sending_time(berlin("2026-03-29 01:30")) == berlin("2026-03-29 03:00")


def test_the_sending_hours_are_those_of_the_clients_zone(db):
    lisbon = factories.make_campaign(factories.make_client(time_zone="Europe/Lisbon"))
    assert lisbon.sending_time(berlin("2026-11-10 09:30")) == berlin("2026-11-10 10:00")


@pytest.mark.parametrize(
    ("at", "due_at"),
    [
        ("2026-03-28 19:30", "2026-03-29 09:00"),  # the night in which an hour is missing
        ("2026-03-29 03:00", "2026-03-29 09:00"),
        ("2026-10-24 19:30", "2026-10-25 09:00"),  # the night with an hour twice
        ("2026-10-25 08:59", "2026-10-25 09:00"),
        ("2026-10-25 19:00", "2026-10-26 09:00"),
    ],
)
def test_the_hours_are_right_on_the_days_on_which_clocks_change(acme, at, due_at):
    campaign = factories.make_campaign(acme, sending_days=[1, 2, 3, 4, 5, 6, 7])
    assert campaign.sending_time(berlin(at)) == berlin(due_at)


def test_the_hour_that_comes_twice_is_outside_or_inside_both_times(acme):
    every_day = {"sending_days": [1, 2, 3, 4, 5, 6, 7]}
    night = factories.make_campaign(acme, hour_from=2, hour_until=3, **every_day)
    morning = factories.make_campaign(acme, hour_from=3, **every_day)
    for utc in ("2026-10-25T00:30+00:00", "2026-10-25T01:30+00:00"):  # 02:30 in summer time, and 02:30 once more
        at = dt.datetime.fromisoformat(utc)
        assert (night.sending_time(at), morning.sending_time(at)) == (at, berlin("2026-10-25 03:00"))


HOLIDAYS = [
    ("DE-NI", "2026-10-02 20:00", "2026-10-05 09:00"),  # Saturday: unity day
    ("DE-NI", "2026-10-30 20:00", "2026-11-02 09:00"),  # Saturday: Reformation Day
    ("DE-NI", "2026-12-24 20:00", "2026-12-28 09:00"),
    ("DE-BY", "2026-01-05 20:00", "2026-01-07 09:00"),  # Epiphany, a Tuesday: in Bavaria …
    ("DE-NI", "2026-01-05 20:00", "2026-01-06 09:00"),  # … and not in Lower Saxony
    ("", "2026-12-24 20:00", "2026-12-25 09:00"),  # no region: no holidays
]


@pytest.mark.parametrize(("region", "at", "due_at"), HOLIDAYS)
def test_nothing_leaves_on_a_public_holiday_of_the_clients_region(acme, region, at, due_at):
    acme.holiday_region = region
    assert factories.make_campaign(acme).sending_time(berlin(at)) == berlin(due_at)


@pytest.mark.parametrize(
    ("at", "due_at"),
    [
        ("2026-10-02 20:00", "2026-10-04 09:00"),
        ("2026-10-30 20:00", "2026-11-01 09:00"),
        ("2026-12-24 20:00", "2026-12-27 09:00"),
    ],
)
def test_a_holiday_counts_on_a_saturday_too(acme, at, due_at):
    acme.holiday_region = "DE-NI"
    every_day = {"sending_days": [1, 2, 3, 4, 5, 6, 7]}
    assert factories.make_campaign(acme, **every_day).sending_time(berlin(at)) == berlin(due_at)
    on_holidays = factories.make_campaign(acme, sends_on_holidays=True, **every_day)
    assert on_holidays.sending_time(berlin(at)) == berlin(f"{at[:8]}{int(at[8:10]) + 1:02} 09:00")


@pytest.mark.parametrize(
    ("zone", "at", "due_at"),
    [
        ("Europe/Lisbon", "2026-11-10 18:30", "2026-11-10 18:30"),  # half past five there: still open
        ("Europe/Lisbon", "2026-11-10 09:30", "2026-11-10 10:00"),
        ("America/New_York", "2026-11-10 12:00", "2026-11-10 15:00"),
        ("Asia/Tokyo", "2026-11-10 12:00", "2026-11-11 01:00"),
        ("Mars/Phobos", "2026-11-10 18:30", "2026-11-11 09:00"),
        ("", "2026-11-10 18:30", "2026-11-11 09:00"),
    ],
)
def test_the_sending_hours_are_the_customers_own_where_their_zone_is_known(acme, zone, at, due_at):
    factories.make_campaign(acme, hour_from=9, hour_until=18)
    factories.make_contact(acme, customer=factories.make_customer(acme, time_zone=zone))
    invitations.plan_contacts(berlin(at))
    assert Invitation.objects.get().due_at == berlin(due_at)


def test_no_hour_of_the_day_writes_to_a_customer_in_lisbon_in_their_night(acme):
    factories.make_campaign(acme, hour_from=8, hour_until=20, quarantine_days=0, sending_days=[1, 2, 3, 4, 5, 6, 7])
    lisbon = ZoneInfo("Europe/Lisbon")
    customer = factories.make_customer(acme, time_zone="Europe/Lisbon")
    for hour in range(24):
        at = berlin("2026-10-24 20:00") + hour * HOUR  # over the change of clocks in both places
        factories.make_contact(acme, customer=customer, ended_at=at)
        invitations.plan_contacts(at)
    hours = [due_at.astimezone(lisbon).hour for due_at in Invitation.objects.values_list("due_at", flat=True)]
    assert len(hours) == 24
    assert [hour for hour in hours if not 8 <= hour < 20] == []


def test_a_link_is_due_at_once_whatever_the_hour(acme):
    campaign = factories.make_campaign(acme, medium=Medium.LINK, delay_hours=4)
    sunday_night = berlin("2026-11-15 03:00")
    contact = factories.make_contact(acme, ended_at=sunday_night - HOUR, email="")
    invitations.plan_contacts(sunday_night)
    assert (campaign.invitations.get().due_at, contact.invitations.get().is_asked) == (sunday_night, True)


def test_a_mail_leaves_its_delay_after_the_contact_ended_and_not_before_now(acme):
    factories.make_campaign(acme, delay_hours=4, quarantine_days=0)
    factories.make_contact(acme, ended_at=NOW - HOUR)
    factories.make_contact(acme, ended_at=NOW - 30 * HOUR)
    invitations.plan_contacts(NOW)
    assert list(Invitation.objects.order_by("due_at").values_list("due_at", flat=True)) == [NOW, NOW + 3 * HOUR]


def test_a_contact_exactly_its_quarantine_after_the_last_mail_is_asked_again(acme):
    factories.make_campaign(acme, quarantine_days=7)
    customer = factories.make_customer(acme)
    factories.make_contact(acme, customer=customer, ended_at=NOW - HOUR)
    invitations.plan_contacts(NOW)
    factories.make_contact(acme, customer=customer, ended_at=NOW + 7 * DAY - HOUR)
    invitations.plan_contacts(NOW + 7 * DAY)
    assert verdicts(acme) == [(True, ""), (True, "")]


# --- Reopened -------------------------------------------------------------------------------------------------------


def test_a_contact_reopened_before_its_mail_left_gets_a_new_verdict_when_it_is_finished_again(acme):
    factories.make_campaign(acme)
    contact = factories.make_contact(acme)
    invitations.plan_contacts(NOW)
    first = Invitation.objects.get()
    assert invitations.cancel(first, Reason.REOPENED, NOW) is True
    contact.state = Contact.State.OPEN
    contact.save()
    assert (invitations.plan_contacts(NOW + HOUR), verdicts(acme)) == (0, [(False, Reason.REOPENED)])
    contact.state, contact.ended_at = Contact.State.FINISHED, NOW + 2 * HOUR
    contact.save()
    Contact.objects.filter(pk=contact.pk).mark()
    assert [invitations.plan_contacts(NOW + 3 * HOUR), invitations.plan_contacts(NOW + 3 * HOUR)] == [1, 0]
    again = Invitation.objects.get()
    assert (again.is_asked, again.about_at, again.messages.get().state) == (True, NOW + 2 * HOUR, State.PLANNED)
    assert again.public_id != first.public_id


def test_a_contact_reopened_after_its_mail_left_keeps_its_verdict(acme):
    factories.make_campaign(acme)
    contact = factories.make_contact(acme)
    invitations.plan_contacts(NOW)
    OutgoingMessage.objects.update(state=State.ACCEPTED)
    assert invitations.cancel(Invitation.objects.get(), Reason.REOPENED, NOW) is False
    contact.ended_at = NOW + HOUR
    contact.save()
    assert invitations.plan_contacts(NOW + 2 * HOUR) == 0
    assert verdicts(acme) == [(True, "")]
