"""One reminder at most, to those who were asked and are silent; nobody else, and not at night."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import invitations, preferences
from surveys.delivery import survey_mail
from surveys.invitations import reminders
from surveys.models import Contact, Invitation, OutgoingMessage, Suppression
from tests import factories
from tests.conftest import NOW, needs, together

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
State = OutgoingMessage.State


@pytest.fixture
def campaign(acme):
    return factories.make_campaign(acme, reminder_days=5, link_days=14)


def asked(campaign, days_ago=5, state=State.ACCEPTED, **fields) -> Invitation:
    """An invitation whose first message left so many days before NOW."""
    sent_at = NOW - days_ago * DAY
    invitation = factories.make_invitation(campaign.client, campaign=campaign, **{"about_at": sent_at, **fields})
    OutgoingMessage.objects.create(
        client=campaign.client,
        key=f"invitation:{invitation.pk}",
        invitation=invitation,
        medium=invitation.medium,
        to=invitation.email,
        due_at=sent_at,
        handed_over_at=sent_at,
        state=state,
    )
    return invitation


def planned() -> list[OutgoingMessage]:
    return list(OutgoingMessage.objects.filter(is_reminder=True).order_by("pk"))


def test_a_silent_customer_is_reminded_once_and_never_again(campaign):
    invitation = asked(campaign)
    assert [invitations.plan_reminders(NOW + days * DAY) for days in (0, 1, 2, 5)] == [1, 0, 0, 0]
    (reminder,) = planned()
    assert (reminder.invitation, reminder.client, reminder.key) == (
        invitation,
        campaign.client,
        f"reminder:{invitation.pk}",
    )
    assert (reminder.medium, reminder.to, reminder.state) == ("mail", invitation.email, State.PLANNED)
    assert reminder.due_at == NOW


def test_a_cancelled_reminder_is_not_planned_again(campaign):
    asked(campaign)
    invitations.plan_reminders(NOW)
    OutgoingMessage.objects.filter(is_reminder=True).update(state=State.CANCELLED)
    assert invitations.plan_reminders(NOW + DAY) == 0


def test_the_days_are_counted_from_when_the_first_message_left(campaign):
    asked(campaign, days_ago=5)
    assert [invitations.plan_reminders(NOW - MINUTE), invitations.plan_reminders(NOW)] == [0, 1]


def test_a_campaign_without_reminder_days_reminds_nobody(acme):
    asked(factories.make_campaign(acme, reminder_days=None))
    assert invitations.plan_reminders(NOW) == 0


def test_a_paused_campaign_reminds_nobody_until_it_goes_on(campaign):
    asked(campaign)
    type(campaign).objects.update(is_paused=True)
    assert invitations.plan_reminders(NOW) == 0
    type(campaign).objects.update(is_paused=False)
    assert invitations.plan_reminders(NOW) == 1


@pytest.mark.parametrize("state", sorted(set(State.values) - {State.ACCEPTED}))
def test_only_a_message_that_was_accepted_is_followed_by_a_reminder(campaign, state):
    asked(campaign, state=state)
    assert invitations.plan_reminders(NOW) == 0


def test_who_answered_objected_or_was_withdrawn_is_not_reminded(campaign, globex):
    answered, objected, withdrawn, elsewhere, silent = (asked(campaign) for _ in range(5))
    factories.make_response(campaign.client, invitation=answered)
    preferences.unsubscribe(objected, NOW)
    Invitation.objects.filter(pk=withdrawn.pk).update(withdrawn_at=NOW)
    Suppression.objects.create(client=globex, address=elsewhere.email, reason="manual", created_at=NOW)
    invitations.plan_reminders(NOW)
    assert {message.invitation for message in planned()} == {elsewhere, silent}


def test_an_objection_to_this_survey_counts_and_one_to_another_does_not(campaign):
    this, other = asked(campaign), asked(campaign)
    nps = factories.make_survey(campaign.client, "nps")
    for invitation, survey in ((this, campaign.survey), (other, nps)):
        Suppression.objects.create(
            client=campaign.client, address=invitation.email, survey=survey, reason="unsubscribed", created_at=NOW
        )
    invitations.plan_reminders(NOW)
    assert [message.invitation for message in planned()] == [other]


def test_an_address_that_is_gone_is_not_reminded(campaign):
    asked(campaign, email="")
    assert invitations.plan_reminders(NOW) == 0


def test_a_link_that_dies_within_a_day_of_the_reminder_is_not_recommended(campaign):
    tuesday = NOW
    exactly = asked(campaign, expires_at=tuesday + DAY)
    asked(campaign, expires_at=tuesday + DAY - MINUTE)
    invitations.plan_reminders(NOW)
    assert [message.invitation for message in planned()] == [exactly]


def test_a_link_that_dies_before_the_sending_hours_come_is_not_recommended_either(campaign):
    friday_evening = dt.datetime(2026, 11, 13, 20, 0, tzinfo=dt.UTC)
    monday_morning = dt.datetime(2026, 11, 16, 8, 0, tzinfo=dt.UTC)
    asked(campaign, expires_at=monday_morning + DAY - MINUTE)
    lasting = asked(campaign, expires_at=monday_morning + DAY)
    assert invitations.plan_reminders(friday_evening) == 1
    assert [(m.invitation, m.due_at) for m in planned()] == [(lasting, monday_morning)]


def test_the_sending_hours_are_those_of_the_customers_zone_where_it_is_known(campaign):
    in_lisbon = factories.make_customer(campaign.client, time_zone="Atlantic/Azores")
    asked(campaign, contact=factories.make_contact(campaign.client, customer=in_lisbon))
    asked(campaign)
    invitations.plan_reminders(NOW)
    nine = dt.datetime(2026, 11, 10, 9, 0, tzinfo=ZoneInfo("Atlantic/Azores"))
    assert [message.due_at for message in planned()] == [nine, NOW]


def test_a_text_message_is_followed_by_one_and_a_shown_link_by_nothing(campaign):
    asked(campaign, medium="sms", phone="+491705550100", email="")
    asked(campaign, medium="link")
    invitations.plan_reminders(NOW)
    assert [(m.medium, m.to) for m in planned()] == [("sms", "+491705550100")]


def test_globex_is_not_reminded_of_what_acme_asked(campaign, globex):
    asked(factories.make_campaign(globex, reminder_days=None))
    asked(campaign)
    invitations.plan_reminders(NOW)
    assert {message.client for message in planned()} == {campaign.client}


def test_a_batch_takes_as_many_queries_for_one_as_for_three_and_no_invitation_is_skipped(campaign, monkeypatch):
    asked(campaign)
    with CaptureQueriesContext(connection) as one:
        invitations.plan_reminders(NOW)
    for _ in range(3):
        asked(campaign)
    with CaptureQueriesContext(connection) as three:
        invitations.plan_reminders(NOW)
    assert len(one) == len(three)
    monkeypatch.setattr(reminders, "BATCH", 2)
    for _ in range(5):
        asked(campaign)
    asked(campaign, expires_at=NOW + DAY + MINUTE)
    assert invitations.plan_reminders(NOW + 2 * MINUTE) == 5  # the sixth link dies too soon by then


def test_two_planners_at_once_plan_each_reminder_once(transactional_db):
    needs("this needs PostgreSQL", connection.vendor == "postgresql")
    campaign = factories.make_campaign(factories.make_client(), reminder_days=5)
    for _ in range(40):
        asked(campaign)
    assert sorted(together([lambda: invitations.plan_reminders(NOW)] * 3)) == [0, 0, 40]
    assert len(planned()) == 40


# --- Inside the claim -------------------------------------------------------------------------------------------------


def test_what_came_in_between_makes_a_reminder_obsolete_and_the_verdict_stays(campaign):
    names = ("answered", "objected", "withdrawn", "reopened", "expired", "silent")
    by_name = {name: asked(campaign) for name in names}
    assert invitations.plan_reminders(NOW) == 6
    factories.make_response(campaign.client, invitation=by_name["answered"])
    preferences.unsubscribe(by_name["objected"], NOW)
    Invitation.objects.filter(pk=by_name["withdrawn"].pk).update(withdrawn_at=NOW)
    Contact.objects.filter(pk=by_name["reopened"].contact_id).update(state=Contact.State.OPEN)
    Invitation.objects.filter(pk=by_name["expired"].pk).update(expires_at=NOW)
    why = reminders.obsolete(OutgoingMessage.objects.all(), NOW)
    told = {message.invitation_id: why.get(message.pk, "") for message in planned()}
    assert {name: told[invitation.pk] for name, invitation in by_name.items()} == {
        "answered": "answered meanwhile",
        "objected": "does not want to be asked",
        "withdrawn": "withdrawn by hand",
        "reopened": "reopened",
        "expired": "could not be sent in time",
        "silent": "",
    }
    assert Invitation.objects.filter(is_asked=True).count() == 6


def test_first_messages_are_never_obsolete_and_cost_nothing(campaign, django_assert_num_queries):
    factories.make_response(campaign.client, invitation=asked(campaign))
    messages = list(OutgoingMessage.objects.all())
    with django_assert_num_queries(0):
        assert reminders.obsolete(messages, NOW) == {}


def test_an_objection_is_heard_even_where_the_contact_is_long_ago(acme):
    campaign = factories.make_campaign(acme, reminder_days=5, stale_days=2)
    objecting, silent = asked(campaign), asked(campaign)
    assert invitations.plan_reminders(NOW) == 2
    preferences.unsubscribe(objecting, NOW)
    assert set(reminders.obsolete(planned(), NOW).values()) == {"does not want to be asked"}
    assert [pk for pk in (m.pk for m in planned()) if pk not in reminders.obsolete(planned(), NOW)] == [
        OutgoingMessage.objects.get(invitation=silent, is_reminder=True).pk
    ]


def test_withdrawing_what_was_sent_stops_its_reminder_and_keeps_that_it_was_asked(campaign):
    invitation = asked(campaign)
    invitations.plan_reminders(NOW)
    assert invitations.withdraw([invitation], NOW) == 1
    invitation.refresh_from_db()
    assert (invitation.is_asked, invitation.withdrawn_at) == (True, NOW)
    assert [message.state for message in planned()] == [State.CANCELLED]


def test_whether_reminders_are_obsolete_takes_as_many_queries_for_three_as_for_one(campaign):
    for _ in range(3):
        asked(campaign)
    invitations.plan_reminders(NOW)
    messages = planned()
    with CaptureQueriesContext(connection) as one:
        reminders.obsolete(messages[:1], NOW)
    with CaptureQueriesContext(connection) as three:
        reminders.obsolete(messages, NOW)
    assert len(three) == len(one)


# --- The mail ---------------------------------------------------------------------------------------------------------


def test_the_reminder_says_that_it_is_the_only_one_and_leads_to_the_same_places(campaign):
    invitation = asked(campaign)
    first, reminder = survey_mail.render(invitation), survey_mail.render(invitation, is_reminder=True)
    assert reminder.subject == "Ihr Telefonat am Donnerstag, 5. November: Wir würden gern noch von Ihnen hören"
    assert len(reminder.text.split("http")[0]) > 0 and len(reminder.text) < len(first.text)
    for part in (reminder.text, reminder.html):
        assert "Wir erinnern Sie nur dieses eine Mal." in part
        assert "bitte beantworten Sie uns eine Frage" not in part
        assert "Der Link gilt bis Donnerstag, 19. November" in part
        assert "widersprechen, ohne dass dafür andere als die Übermittlungskosten nach den Basistarifen" in part
    links = lambda text: {word.strip('"<>') for word in text.replace('href="', " ").split() if "://" in word}  # noqa: E731
    assert links(reminder.text) == links(first.text)


def test_the_reminder_speaks_du_and_english_and_knows_waves(acme):
    waves = factories.make_campaign(acme, "nps")
    du = survey_mail.render(asked(waves, form_of_address="du"), is_reminder=True)
    en = survey_mail.render(asked(waves, language="en"), is_reminder=True)
    assert (du.subject, en.subject) == (
        "Wir würden gern noch von dir hören",
        "We would still like to hear from you",
    )
    assert "Wir erinnern dich nur dieses eine Mal." in du.text
    assert "We remind you this once only." in en.text
