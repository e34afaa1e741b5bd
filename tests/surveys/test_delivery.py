"""The only door out, against a real mail server: to a customer at most once, to staff at least once, nothing lost."""

import base64
import datetime as dt
from itertools import pairwise

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.celery import SCHEDULE
from surveys import delivery, invitations, preferences, tasks
from surveys.delivery import claims, mailing, references, survey_mail
from surveys.delivery import clock as run_clock
from surveys.models import Client, Contact, Invitation, OutgoingMessage, Suppression
from tests import factories
from tests.conftest import NOW, needs, together
from tests.sink import free_port

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
State = OutgoingMessage.State
PNG = base64.b64encode(bytes.fromhex("89504e470d0a1a0a")).decode()


class Killed(BaseException):
    """The process dies here: nothing of ours can catch it."""


@pytest.fixture
def campaign(acme):
    return factories.make_campaign(acme, "csat")


def plan(client, count: int = 1, **customer) -> list[OutgoingMessage]:
    """`count` contacts of the client, planned for now."""
    for _ in range(count):
        factories.make_contact(client, customer=factories.make_customer(client, **customer))
    invitations.plan_contacts(NOW)
    return list(OutgoingMessage.objects.filter(client=client, state=State.PLANNED).order_by("pk"))


def queue_for_staff(client, key: str = "case:1", **content) -> OutgoingMessage:
    defaults = {"to": "lead@provider.example", "subject": "A case", "text": "Look.", "html": "<p>Look.</p>"}
    return delivery.queue(client=client, key=key, **{**defaults, "due_at": NOW, **content})


def states(client) -> list[str]:
    return list(OutgoingMessage.objects.filter(client=client).order_by("pk").values_list("state", flat=True))


def verdict(message: OutgoingMessage) -> tuple[bool, str]:
    return Invitation.objects.values_list("is_asked", "reason").get(pk=message.invitation_id)


# --- What arrives ---------------------------------------------------------------------------------------------------


def test_a_due_message_is_handed_over_once_and_accepted(acme, campaign, smtp_sink):
    [message] = plan(acme)
    assert [delivery.send_due(NOW), delivery.send_due(NOW)] == [1, 0]
    message.refresh_from_db()
    assert (message.state, message.attempts, message.handed_over_at) == (State.ACCEPTED, 1, NOW)
    assert message.lease_until is None
    assert smtp_sink.recipients == [message.to]


def test_a_message_waits_until_it_is_due(acme, campaign, smtp_sink):
    [message] = plan(acme)
    assert delivery.send_due(message.due_at - dt.timedelta(seconds=1)) == 0
    assert smtp_sink.mails == []


def test_a_survey_comes_from_the_client_and_answers_go_to_its_reply_address(db, smtp_sink):
    client = factories.make_client("acme", "Acme", from_name="Stadtwerke Größenau", reply_to="antwort@acme.example")
    factories.make_campaign(client, "csat")
    plan(client)
    delivery.send_due(NOW)
    [mail] = smtp_sink.mails
    assert mail["From"] == "Stadtwerke Größenau <service@acme.example>"
    assert (mail["Reply-To"], mail["X-MailFrom"]) == ("antwort@acme.example", "service@acme.example")


def test_a_mail_to_staff_comes_from_the_provider(acme, settings, smtp_sink):
    settings.PROVIDER_NAME, settings.DEFAULT_FROM_EMAIL = "Kontor", "nachklang@kontor.example"
    queue_for_staff(acme)
    delivery.send_due(NOW)
    [mail] = smtp_sink.mails
    assert (mail["From"], mail["Reply-To"]) == ("Kontor <nachklang@kontor.example>", None)


def test_a_survey_carries_its_text_its_html_and_the_way_out(acme, campaign, smtp_sink):
    [message] = plan(acme)
    delivery.send_due(NOW)
    [mail] = smtp_sink.mails
    rendered = survey_mail.render(message.invitation)
    assert mail["Subject"] == rendered.subject
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail.get_body(["plain"]).get_content().splitlines() == rendered.text.splitlines()
    assert mail["List-Unsubscribe"].strip() == f"<{survey_mail.unsubscribe_link(message.invitation)}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_message_id_names_the_message_and_the_configured_host(acme, campaign, settings, smtp_sink):
    settings.BASE_URL = "https://feedback.example.org"
    [message] = plan(acme)
    delivery.send_due(NOW)
    assert smtp_sink.mails[0]["Message-ID"] == f"<{references.make(message.pk)}@feedback.example.org>"
    assert references.read(smtp_sink.mails[0]["Message-ID"]) == message.pk


def test_a_chart_arrives_inside_its_mail(acme, smtp_sink):
    queue_for_staff(acme, images={"trend": PNG}, html='<img src="cid:trend">')
    delivery.send_due(NOW)
    [mail] = smtp_sink.mails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/related",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
    ]
    image = list(mail.walk())[-1]
    assert (image["Content-ID"], image.get_content_disposition()) == ("<trend>", "inline")
    assert image.get_content() == base64.b64decode(PNG)


def test_one_key_is_queued_once(acme, smtp_sink):
    assert queue_for_staff(acme) == queue_for_staff(acme, subject="again")
    delivery.send_due(NOW)
    assert [mail["Subject"] for mail in smtp_sink.mails] == ["A case"]


def test_more_than_one_slice_is_sent_in_one_go_oldest_first(acme, smtp_sink, monkeypatch):
    monkeypatch.setattr(claims, "SLICE", 3)
    for number in range(7):
        queue_for_staff(acme, f"case:{number}", subject=str(number), due_at=NOW - dt.timedelta(minutes=number))
    assert delivery.send_due(NOW) == 7
    assert [mail["Subject"] for mail in smtp_sink.mails] == list("6543210")


# --- What the mail server says --------------------------------------------------------------------------------------


def test_a_refusal_for_now_is_tried_eight_times_with_growing_waits_and_then_failed(acme, smtp_sink, clock):
    message = queue_for_staff(acme)
    smtp_sink.replies[message.to] = "451 4.3.0 try again later"
    waits = []
    for _ in range(8):
        at = message.due_at
        clock.move_to(at)
        assert delivery.send_due(at) == 1
        message.refresh_from_db()
        waits.append((message.due_at - at).total_seconds() / 60)
    assert (message.state, message.attempts) == (State.FAILED, 8)
    assert message.detail == "451 4.3.0 try again later"
    assert waits[:7] == pytest.approx([5, 10, 20, 40, 80, 160, 320], rel=0.101)  # minutes, a tenth of jitter each way
    assert delivery.send_due(message.due_at + dt.timedelta(days=30)) == 0
    assert smtp_sink.tried == [message.to] * 8


def test_what_was_refused_for_now_arrives_once_the_server_takes_it(acme, campaign, smtp_sink, clock):
    [message] = plan(acme)
    smtp_sink.replies[message.to] = "421 4.7.0 too many connections"
    delivery.send_due(NOW)
    message.refresh_from_db()
    assert message.state == State.DEFERRED
    smtp_sink.replies.clear()
    clock.move_to(message.due_at)
    delivery.send_due(message.due_at)
    assert (states(acme), smtp_sink.recipients) == ([State.ACCEPTED], [message.to])


def test_an_unknown_mailbox_fails_at_the_first_try_and_is_never_asked_again(acme, campaign, smtp_sink):
    [message] = plan(acme)
    smtp_sink.replies[message.to] = "550 5.1.1 no such user"
    assert [delivery.send_due(NOW), delivery.send_due(NOW + dt.timedelta(days=1))] == [1, 0]
    message.refresh_from_db()
    assert (message.state, message.attempts, smtp_sink.tried) == (State.FAILED, 1, [message.to])
    suppressed = Suppression.objects.values_list("client__slug", "address", "reason", "detail", "created_at")
    reply = "550 5.1.1 no such user"
    assert list(suppressed) == [("acme", message.to, Suppression.Reason.HARD_BOUNCE, reply, NOW)]


@pytest.mark.parametrize("reply", ["550 5.7.1 blocked by policy", "552 5.2.2 mailbox full", "554 rejected"])
def test_a_refusal_for_good_that_is_not_about_the_address_suppresses_nobody(acme, campaign, smtp_sink, reply):
    [message] = plan(acme)
    smtp_sink.replies[message.to] = reply
    delivery.send_due(NOW)
    assert (states(acme), Suppression.objects.count()) == ([State.FAILED], 0)


def test_a_refused_sender_suppresses_no_customer(acme, campaign, smtp_sink):
    plan(acme)
    smtp_sink.sender_reply = "550 5.1.8 bad sender's system address"
    delivery.send_due(NOW)
    assert (states(acme), Suppression.objects.count()) == ([State.FAILED], 0)


def test_a_staff_address_that_does_not_exist_suppresses_nobody(acme, smtp_sink):
    message = queue_for_staff(acme)
    smtp_sink.replies[message.to] = "550 5.1.1 no such user"
    delivery.send_due(NOW)
    assert (states(acme), Suppression.objects.count()) == ([State.FAILED], 0)


def test_one_refused_recipient_stops_nobody_else(acme, campaign, smtp_sink):
    first, second, third = plan(acme, 3)
    smtp_sink.replies[second.to] = "550 5.1.1 no such user"
    assert delivery.send_due(NOW) == 3
    assert states(acme) == [State.ACCEPTED, State.FAILED, State.ACCEPTED]
    assert smtp_sink.recipients == [first.to, third.to]


def test_what_was_put_off_together_arrives_in_its_old_order(acme, campaign, smtp_sink, clock):
    """A tenth of jitter for each message would shuffle them."""
    messages = plan(acme, 12)
    smtp_sink.replies = {message.to: "451 4.3.0 try again later" for message in messages}
    delivery.send_due(NOW)
    smtp_sink.replies.clear()
    later = NOW + dt.timedelta(minutes=6)
    clock.move_to(later)
    delivery.send_due(later)
    assert smtp_sink.recipients == [message.to for message in messages]


def test_one_tenant_whose_customers_are_all_put_off_delays_nobody(acme, globex, campaign, smtp_sink):
    factories.make_campaign(globex, "csat")
    put_off, fine = plan(acme, 60), plan(globex, 3)
    smtp_sink.replies = {message.to: "451 4.3.0 try again later" for message in put_off}
    assert delivery.send_due(NOW) == 63
    assert (states(globex), smtp_sink.recipients) == ([State.ACCEPTED] * 3, [message.to for message in fine])


def test_a_customer_whose_mail_may_have_arrived_never_gets_it_again(acme, campaign, smtp_sink):
    [message] = plan(acme)
    smtp_sink.hangs_up = True
    delivery.send_due(NOW)
    smtp_sink.hangs_up = False
    delivery.sweep(NOW + dt.timedelta(days=1))
    assert delivery.send_due(NOW + dt.timedelta(days=1)) == 0
    message.refresh_from_db()
    assert (message.state, len(smtp_sink.mails)) == (State.UNKNOWN, 1)
    assert message.detail == "SMTPServerDisconnected: Connection unexpectedly closed"


def test_staff_whose_mail_may_have_arrived_get_it_again(acme, smtp_sink, clock):
    message = queue_for_staff(acme)
    smtp_sink.hangs_up = True
    delivery.send_due(NOW)
    smtp_sink.hangs_up = False
    message.refresh_from_db()
    assert message.state == State.DEFERRED
    clock.move_to(message.due_at)
    delivery.send_due(message.due_at)
    assert (states(acme), len(smtp_sink.mails)) == ([State.ACCEPTED], 2)


def test_with_no_mail_server_everything_stays_due(acme, campaign, smtp_sink, settings):
    plan(acme, 3)
    settings.EMAIL_PORT = free_port()
    assert tasks.send_messages() == 0
    assert list(OutgoingMessage.objects.values_list("state", "attempts", "due_at")) == [(State.PLANNED, 0, NOW)] * 3


def test_a_mail_server_that_is_away_is_left_alone_for_a_growing_while(acme, campaign, smtp_sink, settings, caplog):
    plan(acme)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    seconds = [0, 1, 9, 10, 11, 29, 30, 31, 69, 70, 71, 129, 130, 131, 189, 190]
    asked = []
    for second in seconds:
        caplog.clear()
        delivery.send_due(NOW + dt.timedelta(seconds=second))
        asked += [second] if caplog.messages else []
    # 10, 20, 40, 60, 60 … seconds, and up to a fifth less
    assert asked[0] == 0 and len(asked) <= 6
    assert all(0.8 * pause - 1 <= b - a for (a, b), pause in zip(pairwise(asked), (10, 20, 40, 60, 60), strict=False))
    settings.EMAIL_PORT = port
    assert delivery.send_due(NOW + dt.timedelta(seconds=260)) == 1


def test_a_mail_server_that_greets_with_421_is_away(acme, campaign, smtp_sink):
    plan(acme, 2)
    smtp_sink.greeting = "421 4.3.2 shutting down"
    assert delivery.send_due(NOW) == 0
    assert list(OutgoingMessage.objects.values_list("state", "attempts")) == [(State.PLANNED, 0)] * 2


def test_a_mail_server_that_goes_away_in_a_slice_leaves_the_rest_due(acme, campaign, smtp_sink, settings):
    first, *_ = plan(acme, 3)
    smtp_sink.replies[first.to] = "421 4.3.0 going down"  # after which the next mail opens a new connection …
    close = mailing.Channel._hang_up

    def hang_up(channel):
        close(channel)
        channel.backend.port = 1  # … and finds nobody

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mailing.Channel, "_hang_up", hang_up)
        assert delivery.send_due(NOW) == 1
    assert list(OutgoingMessage.objects.order_by("pk").values_list("state", "attempts", "handed_over_at")) == [
        (State.DEFERRED, 1, NOW),
        (State.PLANNED, 0, None),
        (State.PLANNED, 0, None),
    ]


def test_a_connection_lost_before_the_final_dot_leaves_nothing_unknown(acme, campaign, smtp_sink):
    first, second = plan(acme, 2)
    smtp_sink.hangs_up_at_data = True
    delivery.send_due(NOW)
    assert states(acme) == [State.DEFERRED, State.DEFERRED]
    smtp_sink.hangs_up_at_data = False
    later = NOW + dt.timedelta(minutes=6)
    assert delivery.send_due(later) == 2
    assert smtp_sink.recipients == [first.to, second.to]


def test_a_server_that_closes_a_well_used_connection_is_asked_again_at_once(acme, campaign, smtp_sink):
    messages = plan(acme, 7)
    smtp_sink.mails_per_connection = 3  # then 421 to the next MAIL FROM
    assert delivery.send_due(NOW) == 7
    assert (states(acme), smtp_sink.recipients) == ([State.ACCEPTED] * 7, [message.to for message in messages])


# --- Two senders, and senders that die ------------------------------------------------------------------------------


def test_two_senders_that_interleave_send_each_mail_once(acme, campaign, smtp_sink, monkeypatch):
    messages = plan(acme, 5)
    monkeypatch.setattr(claims, "SLICE", 2)
    original, is_first = survey_mail.compose, iter([True])

    def compose(invitation, is_reminder):
        if next(is_first, False):  # while the first sender writes its first mail, a second one does all the rest
            assert delivery.send_due(NOW) == 3
        return original(invitation, is_reminder)

    monkeypatch.setattr(survey_mail, "compose", compose)
    assert delivery.send_due(NOW) == 2
    assert sorted(smtp_sink.recipients) == sorted(m.to for m in messages)
    assert states(acme) == [State.ACCEPTED] * 5


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_four_senders_at_once_send_each_mail_once(transactional_db, smtp_sink):
    needs("two senders at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    client = factories.make_client()
    factories.make_campaign(client, "csat")
    messages = plan(client, 20)
    assert sum(together([lambda: delivery.send_due(NOW)] * 4)) == 20
    assert sorted(smtp_sink.recipients) == sorted(m.to for m in messages)


def test_a_sender_that_dies_after_its_claim_loses_nothing(acme, campaign, smtp_sink, monkeypatch, clock):
    messages = plan(acme, 3)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(survey_mail, "compose", _die)
        delivery.send_due(NOW)
    assert set(OutgoingMessage.objects.values_list("state", "lease_until")) == {(State.CLAIMED, NOW + delivery.LEASE)}
    assert [delivery.sweep(NOW + delivery.LEASE), delivery.send_due(NOW + delivery.LEASE)] == [0, 0]
    later = NOW + delivery.LEASE + dt.timedelta(seconds=1)
    clock.move_to(later)
    assert [delivery.sweep(later), delivery.send_due(later)] == [3, 3]
    assert (states(acme), smtp_sink.recipients) == ([State.ACCEPTED] * 3, [message.to for message in messages])


def test_what_a_dead_sender_held_is_sent_again_within_a_minute():
    rhythm = {task: seconds for task, seconds, _ in SCHEDULE}
    swept_by = delivery.LEASE.total_seconds() + rhythm["surveys.tasks.sweep_messages"]
    assert swept_by + rhythm["surveys.tasks.send_messages"] <= 60


def test_a_message_that_kills_its_sender_draws_no_other_one_in_again(acme, campaign, smtp_sink, monkeypatch, clock):
    poison, *_others = plan(acme, 4)
    original, at = survey_mail.compose, NOW

    def compose(invitation, is_reminder):
        return _die() if invitation.pk == poison.invitation_id else original(invitation, is_reminder)

    monkeypatch.setattr(survey_mail, "compose", compose)
    for _ in range(delivery.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            delivery.send_due(at)
        at += delivery.LEASE + dt.timedelta(seconds=1)
        clock.move_to(at)
        delivery.sweep(at)
    assert delivery.send_due(at) == 3
    assert states(acme) == [State.FAILED] + [State.ACCEPTED] * 3
    assert set(OutgoingMessage.objects.filter(state=State.ACCEPTED).values_list("attempts", flat=True)) == {2}


def test_the_lease_of_a_slow_slice_is_renewed_while_its_sender_works(acme, campaign, smtp_sink, monkeypatch, clock):
    plan(acme, 5)
    original, leases = mailing.Channel.hand_over, []

    def slowly(channel, letter, meanwhile):
        clock.shift(dt.timedelta(seconds=8))
        leases.append(OutgoingMessage.objects.filter(state=State.CLAIMED, lease_until__lt=timezone.now()).count())
        assert delivery.sweep(timezone.now()) == 0
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", slowly)
    assert delivery.send_due(NOW) == 5  # 40 seconds, twice the lease
    assert (leases, states(acme)) == ([0] * 5, [State.ACCEPTED] * 5)


def test_what_has_not_had_its_turn_within_a_minute_is_given_back(acme, campaign, smtp_sink, monkeypatch, clock):
    plan(acme, 5)
    original = mailing.Channel.hand_over

    def crawl(channel, letter, meanwhile):
        clock.shift(dt.timedelta(seconds=25))
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", crawl)
    assert delivery.send_due(NOW) == 3
    assert list(OutgoingMessage.objects.order_by("pk").values_list("state", "attempts")) == [
        *[(State.ACCEPTED, 1)] * 3,
        *[(State.PLANNED, 0)] * 2,
    ]


def test_a_sender_whose_claim_was_taken_over_sends_nothing(acme, campaign, smtp_sink, monkeypatch):
    plan(acme, 2)
    original, is_first = survey_mail.compose, iter([True])

    def compose(invitation, is_reminder):
        if next(is_first, False):  # it hung for so long that its claims were swept, and another one sent both
            OutgoingMessage.objects.update(lease_until=NOW)
            assert delivery.sweep(NOW + dt.timedelta(seconds=1)) == 2
            assert delivery.send_due(NOW) == 2
        return original(invitation, is_reminder)

    monkeypatch.setattr(survey_mail, "compose", compose)
    assert delivery.send_due(NOW) == 0
    assert (states(acme), len(smtp_sink.mails)) == ([State.ACCEPTED] * 2, 2)


def test_an_objection_to_another_survey_takes_nothing_from_whoever_took_over_a_claim(acme, campaign):
    [message] = plan(acme)
    [held] = claims.take(acme, NOW, (), {}).messages
    OutgoingMessage.objects.update(lease_until=NOW)
    delivery.sweep(NOW + dt.timedelta(seconds=1))
    [taken_over] = claims.take(acme, NOW, (), {}).messages
    other = factories.make_survey(acme, "nps")
    Suppression.objects.create(client=acme, address=message.to, survey=other, reason="unsubscribed", created_at=NOW)
    assert not claims.hand_over(held, None, NOW)
    claims.judge_again(held, NOW)
    assert (states(acme), verdict(message)) == ([State.CLAIMED], (True, ""))
    assert claims.hand_over(taken_over, None, NOW)


@pytest.mark.parametrize("skew", [dt.timedelta(minutes=10), dt.timedelta(minutes=-10), dt.timedelta(days=400)])
def test_a_worker_whose_clock_is_wrong_sends_nothing_early_and_nothing_twice(
    acme, campaign, smtp_sink, clock, monkeypatch, skew
):
    """The database's clock says what is due and whose lease has ended."""
    monkeypatch.setattr(run_clock, "now", lambda: NOW)
    due, later, held = plan(acme, 3)
    OutgoingMessage.objects.filter(pk=later.pk).update(due_at=NOW + dt.timedelta(minutes=5))
    OutgoingMessage.objects.filter(pk=held.pk).update(state=State.CLAIMED, lease_until=NOW + delivery.LEASE)
    clock.move_to(NOW + skew)
    assert [tasks.sweep_messages(), tasks.send_messages(), tasks.send_messages()] == [0, 1, 0]
    due.refresh_from_db()
    assert (smtp_sink.recipients, due.handed_over_at) == ([due.to], NOW)


@pytest.mark.parametrize(
    ("tries", "state"), [(delivery.MOST_ATTEMPTS - 1, State.PLANNED), (delivery.MOST_ATTEMPTS, State.FAILED)]
)
def test_a_message_that_killed_its_sender_at_every_try_is_given_up(acme, campaign, tries, state):
    [message] = plan(acme)
    OutgoingMessage.objects.filter(pk=message.pk).update(state=State.CLAIMED, attempts=tries, lease_until=NOW)
    assert delivery.sweep(NOW + dt.timedelta(seconds=1)) == 1
    assert states(acme) == [state]


def test_a_sender_that_dies_while_handing_over_leaves_a_customers_mail_unknown(acme, campaign, smtp_sink, monkeypatch):
    [message] = plan(acme)
    _die_after_hand_over(monkeypatch)
    later = NOW + delivery.HAND_OVER_LEASE
    assert delivery.sweep(later) == 0  # a slow mail server may still be at it
    later += dt.timedelta(seconds=1)
    assert [delivery.sweep(later), delivery.send_due(later)] == [1, 0]
    message.refresh_from_db()
    assert (message.state, message.detail) == (State.UNKNOWN, "the sender died while handing over")
    assert smtp_sink.recipients == [message.to]


def test_a_sender_that_dies_while_handing_over_sends_to_staff_again(acme, smtp_sink, monkeypatch):
    queue_for_staff(acme)
    _die_after_hand_over(monkeypatch)
    later = NOW + delivery.HAND_OVER_LEASE + dt.timedelta(seconds=1)
    assert [delivery.sweep(later), delivery.send_due(later)] == [1, 1]
    assert (states(acme), len(smtp_sink.mails)) == ([State.ACCEPTED], 2)


def _die(*_):
    raise Killed


def _die_after_hand_over(monkeypatch) -> None:
    hand_over = mailing.Channel.hand_over
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(mailing.Channel, "hand_over", lambda *args: (hand_over(*args), _die()))
        delivery.send_due(NOW)
    assert OutgoingMessage.objects.get().state == State.HANDED_OVER


@pytest.mark.django_db(transaction=True)
def test_nothing_is_said_to_a_mail_server_inside_a_transaction(transactional_db, smtp_sink, monkeypatch):
    client = factories.make_client()
    factories.make_campaign(client, "csat")
    plan(client, 3)
    original, seen = mailing.Channel.hand_over, []

    def hand_over(channel, letter, meanwhile):
        seen.append((connection.in_atomic_block, OutgoingMessage.objects.filter(state=State.HANDED_OVER).count()))
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", hand_over)
    delivery.send_due(NOW)
    assert seen == [(False, 1)] * 3  # and never is more than one message of a sender in between


# --- What comes in between ------------------------------------------------------------------------------------------


def test_mail_of_a_paused_campaign_waits_and_other_mail_goes(acme, campaign, smtp_sink):
    [message] = plan(acme)
    queue_for_staff(acme)
    campaign.is_paused = True
    campaign.save()
    assert delivery.send_due(NOW) == 1
    assert states(acme) == [State.PLANNED, State.ACCEPTED]
    campaign.is_paused = False
    campaign.save()
    assert delivery.send_due(NOW) == 1
    assert smtp_sink.recipients == ["lead@provider.example", message.to]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"state": Contact.State.OPEN}, Invitation.Reason.REOPENED),
        ({"state": Contact.State.DISCARDED}, Invitation.Reason.NO_CONVERSATION),
        ({"is_spam": True}, Invitation.Reason.SPAM),
        ({"is_test": True}, Invitation.Reason.TEST),
        ({"is_goodwill": True}, Invitation.Reason.GOODWILL),
        ({"has_consent": False}, Invitation.Reason.NO_CONSENT),
    ],
)
def test_what_a_contact_turns_into_before_its_mail_leaves_cancels_it(acme, campaign, smtp_sink, changed, reason):
    [message] = plan(acme)
    Contact.objects.update(**changed)
    assert delivery.send_due(NOW) == 0
    assert (states(acme), verdict(message), smtp_sink.tried) == ([State.CANCELLED], (False, reason), [])


def test_an_objection_cancels_mail_that_is_already_queued(acme, campaign, smtp_sink):
    earlier = factories.make_invitation(acme, campaign=campaign, about_at=NOW - dt.timedelta(days=40))
    [message] = plan(acme, email=earlier.email.upper(), key="another row of the same person")
    preferences.unsubscribe(earlier, NOW)
    assert delivery.send_due(NOW) == 0
    assert (states(acme), verdict(message)) == ([State.CANCELLED], (False, Invitation.Reason.SUPPRESSED))


def test_a_legal_basis_that_ended_meanwhile_cancels_the_mail(acme, campaign, smtp_sink):
    [message] = plan(acme)
    acme.legal_bases.update(valid_until_on=dt.date(2026, 11, 9))
    delivery.send_due(NOW)
    assert (states(acme), verdict(message)) == ([State.CANCELLED], (False, Invitation.Reason.NO_LEGAL_BASIS))


def test_mail_whose_link_would_have_expired_is_cancelled(acme, campaign, smtp_sink, clock):
    [message] = plan(acme)
    late = message.invitation.expires_at
    clock.move_to(late)
    delivery.send_due(late)
    assert (states(acme), verdict(message)) == ([State.CANCELLED], (False, Invitation.Reason.UNDELIVERED))


def test_a_wave_remembers_a_consent_given_before_the_latest_contact(acme, smtp_sink):
    acme.legal_bases.update(kind="consent")
    customer = factories.make_customer(acme)
    factories.make_contact(acme, customer=customer, ended_at=NOW - dt.timedelta(days=9), has_consent=True)
    factories.make_contact(acme, customer=customer, has_consent=None)
    factories.make_campaign(acme, "nps", starts_on=NOW.date())
    invitations.plan_waves(NOW)
    assert delivery.send_due(NOW) == 1
    assert smtp_sink.recipients == [customer.email]


def test_a_backlog_waits_for_the_next_sending_hours(acme, campaign, smtp_sink, clock):
    [message] = plan(acme)
    friday_evening = dt.datetime(2026, 11, 13, 18, 0, tzinfo=dt.UTC)  # 19:00 in Berlin: over until Monday, 9:00
    clock.move_to(friday_evening)
    assert delivery.send_due(friday_evening) == 0
    message.refresh_from_db()
    assert (message.state, message.attempts) == (State.PLANNED, 0)
    assert message.due_at == dt.datetime(2026, 11, 16, 8, 0, tzinfo=dt.UTC)
    clock.move_to(message.due_at)
    assert delivery.send_due(message.due_at) == 1


def test_staff_hear_of_a_case_at_any_hour(acme, smtp_sink, clock):
    queue_for_staff(acme)
    night = dt.datetime(2026, 11, 14, 2, 0, tzinfo=dt.UTC)
    clock.move_to(night)
    assert delivery.send_due(night) == 1


# --- What cannot be sent --------------------------------------------------------------------------------------------


def test_a_header_smuggled_into_a_name_fails_its_mail_and_no_other(acme, globex, campaign, smtp_sink):
    factories.make_campaign(globex, "csat")
    [evil] = plan(acme)
    [good] = plan(globex)
    acme.from_name = "Acme\r\nBcc: everybody@example.org"
    acme.save()
    delivery.send_due(NOW)
    assert (states(acme), states(globex)) == ([State.FAILED], [State.ACCEPTED])
    assert smtp_sink.recipients == [good.to]
    evil.refresh_from_db()
    assert "newlines" in evil.detail


def test_a_wording_that_cannot_be_rendered_fails_its_mail_and_no_other(acme, campaign, smtp_sink):
    broken, good = plan(acme, 2)
    version = factories.make_survey(acme).versions.create(number=2, published_at=NOW)  # without any question
    Invitation.objects.filter(pk=broken.invitation_id).update(version=version)
    delivery.send_due(NOW)
    assert states(acme) == [State.FAILED, State.ACCEPTED]
    assert smtp_sink.recipients == [good.to]


def test_two_passes_of_the_loop_do_nothing_twice(acme, campaign, smtp_sink):
    factories.make_contact(acme)
    for task in (tasks.plan_invitations, tasks.send_messages, tasks.sweep_messages) * 2:
        task()
    assert (Invitation.objects.count(), len(smtp_sink.mails), states(acme)) == (1, 1, [State.ACCEPTED])


def test_each_mail_more_costs_one_statement(acme, campaign, smtp_sink):
    def queries(count: int) -> int:
        plan(acme, count)
        with CaptureQueriesContext(connection) as captured:
            assert delivery.send_due(NOW) == count
        return len(captured)

    # On PostgreSQL that one is prepared, and goes past Django's count.
    assert queries(3) - queries(1) == (0 if connection.vendor == "postgresql" else 2)


# --- Fair shares ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_small_first", [True, False])
def test_a_small_client_waits_for_one_slice_of_each_other_client_not_for_their_backlog(
    acme, globex, campaign, smtp_sink, monkeypatch, is_small_first
):
    in_this_order = lambda clients: clients.sort(key=lambda client: client.pk, reverse=is_small_first)  # noqa: E731
    monkeypatch.setattr("surveys.delivery.sender.random.shuffle", in_this_order)
    monkeypatch.setattr(claims, "SLICE", 4)
    factories.make_campaign(globex, "csat")
    backlog, few = plan(acme, 30), plan(globex, 6)
    OutgoingMessage.objects.filter(client=acme).update(due_at=F("due_at") - dt.timedelta(hours=1))
    assert delivery.send_due(NOW) == 36
    places = [place for place, to in enumerate(smtp_sink.recipients, 1) if to in {message.to for message in few}]
    assert max(places) <= 14  # two of its own slices, and at most two of the other's
    assert [to for to in smtp_sink.recipients if to in {m.to for m in backlog}] == [m.to for m in backlog]


def test_staff_come_before_every_backlog(acme, globex, campaign, smtp_sink):
    plan(acme, 5)
    queue_for_staff(globex)
    delivery.send_due(NOW)
    assert smtp_sink.recipients[0] == "lead@provider.example"


def test_staff_do_not_wait_for_the_end_of_a_long_round(acme, campaign, smtp_sink, monkeypatch, clock):
    monkeypatch.setattr(claims, "SLICE", 2)
    plan(acme, 12)
    original = mailing.Channel.hand_over

    def hand_over(channel, letter, meanwhile):
        if len(smtp_sink.mails) == 1:
            queue_for_staff(acme)
        clock.shift(dt.timedelta(seconds=0.6))
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", hand_over)
    delivery.send_due(NOW)
    assert smtp_sink.recipients.index("lead@provider.example") == 4  # two slices later: two seconds


def test_a_run_ends_so_that_other_work_gets_its_turn_and_the_next_one_goes_on(
    acme, campaign, smtp_sink, monkeypatch, clock
):
    monkeypatch.setattr(claims, "SLICE", 5)
    plan(acme, 20)
    original = mailing.Channel.hand_over

    def hand_over(channel, letter, meanwhile):
        clock.shift(dt.timedelta(seconds=1))
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", hand_over)
    assert delivery.send_due(NOW, seconds=8) == 10
    assert delivery.send_due(timezone.now()) == 10


# --- Who writes, and who must not be written to any more ------------------------------------------------------------


@pytest.mark.parametrize("missing", ["from_name", "from_email", "imprint", "privacy_url"])
def test_a_client_without_its_identity_sends_nothing_to_customers_and_everything_to_staff(
    acme, campaign, smtp_sink, missing
):
    [message] = plan(acme)
    queue_for_staff(acme)
    kept = getattr(acme, missing)
    Client.objects.update(**{missing: " "})
    assert delivery.send_due(NOW) == 1
    message.refresh_from_db()
    assert (message.state, message.detail) == (State.PLANNED, "sender identity is incomplete")
    Client.objects.update(**{missing: kept})
    assert delivery.send_due(NOW) == 1
    message.refresh_from_db()
    assert (message.state, message.detail) == (State.ACCEPTED, "")


def test_an_objection_while_a_slice_is_being_sent_holds_for_the_rest_of_it(acme, campaign, smtp_sink, monkeypatch):
    first, second, third = plan(acme, 3)
    original = mailing.Channel.hand_over

    def hand_over(channel, letter, meanwhile):
        if not smtp_sink.mails:  # all three are claimed, and the second one is composed in a moment
            preferences.unsubscribe(third.invitation, NOW)
        return original(channel, letter, meanwhile)

    monkeypatch.setattr(mailing.Channel, "hand_over", hand_over)
    assert delivery.send_due(NOW) == 2
    assert smtp_sink.recipients == [first.to, second.to]
    assert (states(acme)[2], verdict(third)) == (State.CANCELLED, (False, Invitation.Reason.SUPPRESSED))


def test_the_customers_own_sending_hours_count(acme, campaign, smtp_sink, clock):
    plan(acme, time_zone="America/New_York")
    new_york, berlin = plan(acme)
    OutgoingMessage.objects.update(due_at=NOW)
    assert delivery.send_due(NOW) == 1  # 10:00 in Berlin, 4:00 in New York
    new_york.refresh_from_db()
    assert smtp_sink.recipients == [berlin.to]
    assert (new_york.state, new_york.due_at) == (State.PLANNED, dt.datetime(2026, 11, 10, 14, 0, tzinfo=dt.UTC))


def test_a_reminder_that_has_become_needless_is_cancelled_and_the_verdict_stays(acme, campaign, smtp_sink):
    invitation = factories.make_invitation(acme, campaign=campaign)
    reminder = OutgoingMessage.objects.create(
        client=acme, key="reminder", invitation=invitation, is_reminder=True, to=invitation.email, due_at=NOW
    )
    factories.make_response(acme, invitation=invitation, kind="csat")
    assert delivery.send_due(NOW) == 0
    reminder.refresh_from_db()
    assert (reminder.state, reminder.detail, verdict(reminder)) == (State.CANCELLED, "answered meanwhile", (True, ""))
