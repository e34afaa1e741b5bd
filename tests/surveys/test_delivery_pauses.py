"""A campaign that only meets errors of ours is stopped, and its owner told once."""

import datetime as dt

import pytest

from surveys import delivery, invitations
from surveys.delivery import claims, pauses
from surveys.models import Access, OutgoingMessage
from tests import factories
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
State = OutgoingMessage.State


@pytest.fixture
def owner(db):
    return factories.make_login("lena", email="lena@provider.example", language="en")


@pytest.fixture
def campaign(acme, owner):
    return factories.make_campaign(acme, "csat", owner=owner, name="After calls")


def plan(client, count: int) -> list[OutgoingMessage]:
    for _ in range(count):
        factories.make_contact(client)
    invitations.plan_contacts(NOW)
    return list(OutgoingMessage.objects.filter(client=client, state=State.PLANNED).order_by("pk"))


def refuse(sink, messages, reply: str) -> None:
    sink.replies |= {message.to: reply for message in messages}


def notes() -> list[OutgoingMessage]:
    return list(OutgoingMessage.objects.filter(key__startswith="campaign_paused:").order_by("pk"))


@pytest.mark.parametrize("reply", ["550 5.7.1 blocked by policy", "554 5.7.26 DMARC", "530 5.7.0 sign in first"])
def test_a_campaign_is_stopped_when_half_of_its_last_twenty_mails_were_refused_for_our_sake(
    acme, campaign, owner, smtp_sink, monkeypatch, reply
):
    monkeypatch.setattr(claims, "SLICE", 25)
    messages = plan(acme, 40)
    refuse(smtp_sink, messages, reply)
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    assert campaign.is_paused
    assert campaign.paused_because == f"Nach wiederholten Fehlern angehalten: {reply}"
    assert OutgoingMessage.objects.filter(invitation__isnull=False, state=State.PLANNED).count() == 15
    [note] = notes()
    assert (note.to, note.subject) == (owner.email, "Acme: “After calls” was stopped after repeated errors")
    assert reply in note.text and reply in note.html
    assert f"/admin/surveys/campaign/{campaign.pk}/change/" in note.text


def test_the_note_leaves_although_its_campaign_is_stopped(acme, campaign, owner, smtp_sink):
    refuse(smtp_sink, plan(acme, 12), "550 5.7.1 blocked by policy")
    delivery.send_due(NOW)
    delivery.send_due(NOW + dt.timedelta(seconds=15))
    assert smtp_sink.recipients == [owner.email]


def test_nine_of_twenty_do_not_stop_a_campaign_and_the_tenth_does(acme, campaign, smtp_sink):
    messages = plan(acme, 20)
    refuse(smtp_sink, messages[:9], "550 5.7.1 blocked by policy")
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    assert not campaign.is_paused
    refuse(smtp_sink, plan(acme, 1), "550 5.7.1 blocked by policy")
    delivery.send_due(NOW + dt.timedelta(seconds=15))
    campaign.refresh_from_db()
    assert not campaign.is_paused  # the first of the nine is the twenty-first now


def test_errors_of_earlier_runs_count(acme, campaign, smtp_sink, clock):
    for number in range(10):
        at = NOW + dt.timedelta(minutes=number)
        clock.move_to(at)
        refuse(smtp_sink, plan(acme, 1), "550 5.7.1 blocked by policy")
        campaign.refresh_from_db()
        assert not campaign.is_paused
        delivery.send_due(at)
    campaign.refresh_from_db()
    assert campaign.is_paused


@pytest.mark.parametrize(
    "reply",
    ["550 5.1.1 no such user", "552 5.2.2 mailbox full", "451 4.3.0 later", "421 4.7.0 too many connections"],
)
def test_what_lies_with_the_recipient_or_passes_by_itself_stops_no_campaign(acme, campaign, smtp_sink, reply):
    refuse(smtp_sink, plan(acme, 30), reply)
    delivery.send_due(NOW)
    delivery.send_due(NOW + dt.timedelta(minutes=6))
    campaign.refresh_from_db()
    assert (campaign.is_paused, notes()) == (False, [])


def test_greylisting_stops_no_campaign_but_being_put_off_by_policy_twice_does(acme, campaign, smtp_sink, clock):
    refuse(smtp_sink, plan(acme, 15), "450 4.7.1 greylisted")
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    assert not campaign.is_paused
    later = NOW + dt.timedelta(minutes=6)
    clock.move_to(later)
    delivery.send_due(later)
    campaign.refresh_from_db()
    assert campaign.is_paused


def test_a_refused_sender_stops_the_campaign_whatever_the_code(acme, campaign, smtp_sink):
    plan(acme, 15)
    smtp_sink.sender_reply = "550 no"
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    assert campaign.paused_because == "Nach wiederholten Fehlern angehalten: sender refused: 550 no"


def test_mails_that_cannot_be_written_stop_the_campaign(acme, campaign, smtp_sink):
    plan(acme, 15)
    acme.from_name = "Acme\nBcc: x@example.org"
    acme.save()
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    assert campaign.is_paused


def test_only_the_campaign_that_fails_is_stopped(acme, globex, campaign, smtp_sink):
    fine = factories.make_campaign(globex, "csat")
    refuse(smtp_sink, plan(acme, 15), "550 5.7.1 blocked by policy")
    plan(globex, 15)
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    fine.refresh_from_db()
    assert (campaign.is_paused, fine.is_paused) == (True, False)


def test_a_campaign_that_was_switched_on_again_starts_afresh_and_can_be_stopped_again(acme, campaign, smtp_sink, clock):
    refuse(smtp_sink, plan(acme, 15), "550 5.7.1 blocked by policy")
    delivery.send_due(NOW)
    campaign.refresh_from_db()
    campaign.is_paused, campaign.paused_because = False, ""
    campaign.save()
    for hours, count, is_paused in ((1, 3, False), (2, 10, True)):
        at = NOW + dt.timedelta(hours=hours)
        clock.move_to(at)
        refuse(smtp_sink, plan(acme, count), "550 5.7.1 blocked by policy")
        delivery.send_due(at)
        campaign.refresh_from_db()
        assert campaign.is_paused == is_paused
    assert len(notes()) == 2


def test_without_an_owner_the_clients_analysts_hear_of_it_else_the_superusers(acme, globex, smtp_sink):
    analyst = factories.make_login("ana", email="ana@provider.example")
    factories.give_access(analyst, acme, Access.Role.ANALYST)
    factories.make_login("root", email="root@provider.example", is_superuser=True)
    factories.make_login("silent", is_superuser=True)  # no address
    pauses.pause(factories.make_campaign(acme, "csat"), ["550 no"], NOW)
    pauses.pause(factories.make_campaign(globex, "csat"), ["550 no"], NOW)
    assert [(note.client, note.to) for note in notes()] == [(acme, analyst.email), (globex, "root@provider.example")]


def test_two_senders_that_stop_one_campaign_tell_its_owner_once(acme, campaign):
    said = [pauses.pause(campaign, ["550 no"], NOW + dt.timedelta(seconds=second)) for second in (0, 1)]
    assert (said, len(notes())) == ([True, False], 1)
