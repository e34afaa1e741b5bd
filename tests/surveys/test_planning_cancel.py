"""What comes in between a verdict of “asked” and its message: judged again inside the claim, or taken back by hand."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import invitations
from surveys.eligibility import Reason
from surveys.models import Campaign, Contact, Invitation, LegalBasis, Mark, Medium, OutgoingMessage, Suppression
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
State = OutgoingMessage.State
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def with_messages(invitation: Invitation, *states: State) -> Invitation:
    """The survey's message and, with a second state, its reminder."""
    for state, is_reminder in zip(states, (False, True), strict=False):
        OutgoingMessage.objects.create(
            client=invitation.client,
            key=f"{'reminder' if is_reminder else 'invitation'}:{invitation.pk}",
            invitation=invitation,
            is_reminder=is_reminder,
            to=invitation.email,
            state=state,
            due_at=NOW,
        )
    return invitation


def states(invitation: Invitation) -> list[str]:
    return list(invitation.messages.order_by("is_reminder").values_list("state", flat=True))


def judged_again(*made: Invitation, at: dt.datetime = NOW) -> list[Reason | None]:
    """As the claim does it: read anew, all in one batch."""
    rows = Invitation.objects.select_related("campaign__client", "campaign__survey", "contact", "customer")
    rows = rows.filter(pk__in=[invitation.pk for invitation in made])
    reasons = invitations.reasons_to_cancel(list(rows), at)
    return [reasons.get(invitation.pk) for invitation in made]


# --- Judged again ---------------------------------------------------------------------------------------------------


def test_nothing_in_between_leaves_every_verdict_as_it_is(acme, globex):
    made = [factories.make_invitation(client, kind) for client in (acme, globex) for kind in ("csat", "nps")]
    assert judged_again(*made) == [None] * 4
    assert invitations.reasons_to_cancel([], NOW) == {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"state": "open"}, Reason.REOPENED),
        ({"is_spam": True}, Reason.SPAM),
        ({"is_test": True}, Reason.TEST),
        ({"state": "discarded"}, Reason.NO_CONVERSATION),
        ({"is_goodwill": True}, Reason.GOODWILL),
        ({"is_agent_initiated": True}, Reason.AGENT_INITIATED),
        ({"ended_at": NOW - 15 * DAY, "started_at": NOW - 15 * DAY}, Reason.STALE),
        ({"has_consent": False}, Reason.NO_CONSENT),
    ],
)
def test_what_the_contact_says_now_counts_for_it_and_for_no_other(acme, change, why):
    changed, other = factories.make_invitation(acme), factories.make_invitation(acme)
    Contact.objects.filter(pk=changed.contact_id).update(**change)
    assert judged_again(changed, other) == [why, None]


def test_a_link_that_has_died_meanwhile_is_not_sent(acme):
    invitation = factories.make_invitation(acme, expires_at=NOW)
    assert judged_again(invitation, at=NOW - dt.timedelta(seconds=1)) == [None]
    assert judged_again(invitation) == [Reason.UNDELIVERED]


def test_what_was_withdrawn_is_not_sent(acme):
    assert judged_again(factories.make_invitation(acme, withdrawn_at=NOW)) == [Reason.WITHDRAWN]


def test_an_objection_counts_for_its_client_its_survey_and_every_spelling(acme, globex):
    address = "kim@example.org"
    csat, nps = (factories.make_invitation(acme, kind, email=address) for kind in ("csat", "nps"))
    tagged = factories.make_invitation(acme, email="kim+shop@example.org")
    elsewhere = factories.make_invitation(globex, email=address)
    survey = csat.campaign.survey
    to_one = Suppression.objects.create(
        client=acme, address=address, survey=survey, reason="unsubscribed", created_at=NOW
    )
    of_all = [csat, tagged, nps, elsewhere]
    assert judged_again(*of_all) == [Reason.SUPPRESSED, Reason.SUPPRESSED, None, None]
    to_one.survey = None
    to_one.save()
    assert judged_again(*of_all) == [Reason.SUPPRESSED, Reason.SUPPRESSED, Reason.SUPPRESSED, None]


def test_a_stop_by_phone_counts_for_every_medium(acme):
    factories.make_campaign(acme, medium=Medium.SMS)
    by_sms = factories.make_invitation(acme, medium=Medium.SMS, phone="+4915123456789", email="")
    customer = factories.make_customer(acme, phone="0151 23456789")
    by_mail = factories.make_invitation(acme, contact=factories.make_contact(acme, customer=customer))
    Suppression.objects.create(client=acme, address="+4915123456789", reason="unsubscribed", created_at=NOW)
    assert judged_again(by_sms, by_mail) == [Reason.SUPPRESSED] * 2


def test_a_legal_basis_that_has_ended_stops_what_is_planned(acme, globex):
    LegalBasis.objects.filter(client=acme).update(valid_until_on=NOW.date() - DAY)
    made = factories.make_invitation(acme), factories.make_invitation(globex)
    assert judged_again(*made) == [Reason.NO_LEGAL_BASIS, None]


def test_in_a_wave_the_last_word_of_any_contact_counts(acme):
    LegalBasis.objects.update(source="helpdesk")
    made = [factories.make_invitation(acme, "nps") for _ in range(4)]
    for invitation, source, has_consent in zip(
        made, ("helpdesk", "helpdesk", "chat"), (None, False, True), strict=False
    ):
        factories.make_contact(acme, customer=invitation.customer, source=source, has_consent=has_consent)
    assert judged_again(*made) == [None, Reason.NO_CONSENT, Reason.NO_LEGAL_BASIS, Reason.NO_LEGAL_BASIS]


def test_a_pause_makes_messages_wait_and_cancels_none(acme):
    invitation = factories.make_invitation(acme)
    Campaign.objects.update(is_paused=True)
    assert judged_again(invitation) == [None]


def test_the_audience_and_the_quarantine_were_judged_for_good(acme):
    invitation = factories.make_invitation(acme)
    invitation.campaign.audience.create(attribute="channel", values=["chat"])
    factories.make_invitation(acme, contact=factories.make_contact(acme, customer=invitation.customer))
    assert judged_again(invitation) == [None]


def test_a_batch_takes_as_many_queries_for_two_as_for_eight_of_two_clients(acme, globex):
    counts, made = [], []
    for count in (1, 3):
        for client in (acme, globex):
            made += [factories.make_invitation(client, kind) for kind in ("csat", "nps") for _ in range(count)]
        rows = Invitation.objects.select_related("campaign__client", "contact", "customer")
        rows = list(rows.filter(pk__in=[invitation.pk for invitation in made]))
        with CaptureQueriesContext(connection) as captured:
            invitations.reasons_to_cancel(rows, NOW)
        counts.append(len(captured))
    assert counts == [5, 5]


# --- Cancelled ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.PLANNED, State.DEFERRED, State.CLAIMED])
def test_what_has_not_left_is_cancelled_and_the_verdict_says_why(acme, state):
    invitation = with_messages(factories.make_invitation(acme), state)
    assert invitations.cancel(invitation, Reason.SUPPRESSED, NOW) is True
    invitation.refresh_from_db()
    assert (invitation.is_asked, invitation.reason, invitation.decided_at) == (False, Reason.SUPPRESSED, NOW)
    assert states(invitation) == [State.CANCELLED]


@pytest.mark.parametrize("state", [State.HANDED_OVER, State.ACCEPTED, State.FAILED, State.UNKNOWN, State.CANCELLED])
def test_what_has_left_keeps_its_verdict_and_only_the_reminder_is_cancelled(acme, state):
    invitation = with_messages(factories.make_invitation(acme), state, State.PLANNED)
    assert invitations.cancel(invitation, Reason.SUPPRESSED, NOW) is False
    invitation.refresh_from_db()
    assert (invitation.is_asked, invitation.reason) == (True, "")
    assert states(invitation) == [state, State.CANCELLED]


def test_a_contact_reopened_while_its_mail_was_claimed_waits_for_its_next_verdict(acme):
    """The source may have finished it again, and the planner have looked, before the claim saw that it was open."""
    invitation = with_messages(factories.make_invitation(acme), State.CLAIMED)
    Mark.objects.all().delete()
    invitations.cancel(invitation, Reason.REOPENED, NOW)
    assert Mark.objects.get().contact == invitation.contact
    assert invitations.plan_contacts(NOW) == 1
    assert Invitation.objects.get().is_asked is True


def test_no_other_reason_brings_a_contact_back(acme):
    invitation = with_messages(factories.make_invitation(acme), State.CLAIMED)
    Mark.objects.all().delete()
    invitations.cancel(invitation, Reason.SUPPRESSED, NOW)
    assert not Mark.objects.exists()


def test_a_withdrawn_link_closes_unless_it_was_answered(acme):
    answered = factories.make_response(acme).invitation
    open_one = factories.make_invitation(acme)
    assert invitations.withdraw([answered, open_one], NOW) == 1
    assert list(Invitation.objects.order_by("pk").values_list("withdrawn_at", flat=True)) == [None, NOW]


def test_withdrawing_what_has_left_closes_its_link_and_stops_its_reminder(acme):
    invitation = with_messages(factories.make_invitation(acme), State.ACCEPTED, State.PLANNED)
    assert invitations.withdraw([invitation], NOW) == 1
    invitation.refresh_from_db()
    assert (invitation.is_asked, invitation.withdrawn_at) == (True, NOW)
    assert states(invitation) == [State.ACCEPTED, State.CANCELLED]


def test_withdrawing_what_is_still_here_takes_the_question_back(acme):
    invitation = with_messages(factories.make_invitation(acme), State.PLANNED)
    assert invitations.withdraw([invitation], NOW) == 1
    invitation.refresh_from_db()
    assert (invitation.is_asked, invitation.reason, invitation.withdrawn_at) == (False, Reason.WITHDRAWN, None)
