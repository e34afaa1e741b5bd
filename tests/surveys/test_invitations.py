"""Every contact and every customer of a wave gets one stored verdict, with the context as it was."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import invitations
from surveys.models import Campaign, Client, Contact, Invitation, LegalBasis, OutgoingMessage, Survey, Wave
from tests import factories
from tests.conftest import NOW, needs

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
        ("fr", "en", "en"),
        ("", "", "de"),
        ("fr", "", "de"),
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


def test_twelve_hundred_contacts_get_twelve_hundred_verdicts_in_batches_of_flat_cost(acme):
    factories.make_campaign(acme, quarantine_days=0)
    template = factories.make_contact(acme, ended_at=NOW - HOUR)
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
    with CaptureQueriesContext(connection) as captured:
        assert invitations.plan_contacts(NOW) == 1200
    assert Invitation.objects.filter(is_asked=True).count() == OutgoingMessage.objects.count() == 1200
    assert Invitation.objects.get(contact=template).is_asked
    locks = [q for q in captured if q["sql"].startswith("SELECT") and '"surveys_client"."slug"' in q["sql"]]
    assert len(captured) < 130, f"{len(captured)} queries for {len(locks)} batches"


def test_a_batch_takes_as_many_queries_for_one_contact_as_for_three(acme):
    factories.make_campaign(acme, quarantine_days=0)
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
    start, judged = threading.Barrier(3), []

    def plan():
        start.wait(10)
        try:
            judged.append(invitations.plan_contacts(NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=plan) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(judged) == 30
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


def test_a_withdrawn_link_closes_unless_it_was_answered(acme):
    answered = factories.make_response(acme).invitation
    open_one = factories.make_invitation(acme)
    assert invitations.withdraw([answered, open_one], NOW) == 1
    assert list(Invitation.objects.order_by("pk").values_list("withdrawn_at", flat=True)) == [None, NOW]


# --- Waves ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def waves(acme) -> Campaign:
    return factories.make_campaign(acme, "nps", starts_on=NOW.date(), wave_days=30, quarantine_days=30)


def test_every_customer_of_a_wave_gets_a_verdict(acme, waves):
    asked, unreachable, unwilling = (
        factories.make_customer(acme, email) for email in ("a@x.example", "-", "c@x.example")
    )
    factories.make_contact(acme, customer=unwilling, has_consent=False)
    assert invitations.plan_waves(NOW) == 3
    told = dict(Invitation.objects.values_list("customer", "reason"))
    assert told == {asked.pk: "", unreachable.pk: Reason.NO_ADDRESS, unwilling.pk: Reason.NO_CONSENT}
    wave = Wave.objects.get()
    assert (wave.number, wave.starts_on, wave.planned_at) == (1, NOW.date(), NOW)
    assert set(Invitation.objects.values_list("wave", "contact", "about_at")) == {(wave.pk, None, NOW)}


def test_a_wave_is_planned_once(acme, waves):
    factories.make_customer(acme)
    assert [invitations.plan_waves(NOW), invitations.plan_waves(NOW + DAY)] == [1, 0]
    factories.make_customer(acme)  # who came later waits for the next wave
    assert invitations.plan_waves(NOW + 2 * DAY) == 0


def test_a_wave_that_died_halfway_is_finished_and_nobody_is_judged_twice(acme, waves, monkeypatch):
    monkeypatch.setattr(invitations, "BATCH", 2)
    for _ in range(5):
        factories.make_customer(acme)
    wave = Wave.objects.create(campaign=waves, number=1, starts_on=NOW.date())
    invitations._plan_batch(waves, lambda: invitations._unjudged_customers(wave), wave, NOW)
    assert invitations.plan_waves(NOW + HOUR) == 3
    assert Invitation.objects.filter(wave=wave).values("customer").distinct().count() == 5


def test_the_next_wave_asks_again_once_the_quarantine_is_over(acme, waves):
    factories.make_customer(acme)
    assert [invitations.plan_waves(NOW + days * DAY) for days in (0, 29, 30)] == [1, 0, 1]
    assert verdicts(acme) == [(True, ""), (True, "")]


def test_a_quarantine_longer_than_the_interval_skips_a_wave(acme, waves):
    Campaign.objects.update(quarantine_days=45)
    factories.make_customer(acme)
    for days in (0, 30, 60):
        invitations.plan_waves(NOW + days * DAY)
    assert verdicts(acme) == [(True, ""), (False, Reason.QUARANTINE), (True, "")]


def test_a_missed_wave_is_not_made_up_for(acme, waves):
    factories.make_customer(acme)
    invitations.plan_waves(NOW)
    invitations.plan_waves(NOW + 65 * DAY)
    assert list(Wave.objects.order_by("number").values_list("number", "starts_on")) == [
        (1, NOW.date()),
        (3, NOW.date() + 60 * DAY),
    ]


def test_a_wave_begins_on_its_day_in_the_clients_zone(acme, waves):
    factories.make_customer(acme)
    assert invitations.plan_waves(berlin("2026-11-09 23:59")) == 0
    assert invitations.plan_waves(berlin("2026-11-10 00:01")) == 1
    assert Invitation.objects.get().due_at == berlin("2026-11-10 09:00")


def test_each_wave_draws_its_sample_anew(acme, waves):
    Campaign.objects.update(share_percent=50, quarantine_days=0)
    for number in range(60):
        factories.make_customer(acme, f"{number}@example.org")
    invitations.plan_waves(NOW)
    invitations.plan_waves(NOW + 30 * DAY)
    first, second = (
        set(Invitation.objects.filter(wave__number=number, is_asked=True).values_list("email", flat=True))
        for number in (1, 2)
    )
    assert first and second and first != second


def test_a_waves_legal_basis_follows_the_source_of_the_latest_contact(acme, waves):
    LegalBasis.objects.update(source="helpdesk")
    customer = factories.make_customer(acme)
    factories.make_contact(acme, customer=customer, source="helpdesk", ended_at=NOW - 3 * DAY)
    factories.make_contact(acme, customer=customer, source="telephone", ended_at=NOW - DAY)
    invitations.plan_waves(NOW)
    assert verdicts(acme) == [(False, Reason.NO_LEGAL_BASIS)]


def test_a_paused_campaign_says_so_in_its_verdicts(acme, waves):
    Campaign.objects.update(is_paused=True)
    factories.make_customer(acme)
    invitations.plan_waves(NOW)
    assert verdicts(acme) == [(False, Reason.PAUSED)]
