"""What a reminder brought is counted by who answered after it left, and never told from too few."""

import datetime as dt

import pytest

from analytics import reminders, scores
from analytics.scores import Verdict
from surveys.models import Invitation, OutgoingMessage
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
START, END = NOW - 30 * DAY, NOW
ACCEPTED = OutgoingMessage.State.ACCEPTED


def send(invitation: Invitation, at: dt.datetime, is_reminder: bool, state: str = ACCEPTED) -> None:
    OutgoingMessage.objects.create(
        client=invitation.client,
        key=f"{is_reminder}:{invitation.pk}",
        invitation=invitation,
        is_reminder=is_reminder,
        due_at=at,
        handed_over_at=at,
        state=state,
    )


def invite(campaign, reminded=False, score=None, on_day=None, state=ACCEPTED, **fields) -> Invitation:
    """Asked ten days ago; reminded on the fifth day; answered, if so, on a day."""
    asked_at = fields.pop("asked_at", NOW - 10 * DAY)
    invitation = factories.make_invitation(campaign.client, campaign=campaign, about_at=asked_at, **fields)
    send(invitation, asked_at, is_reminder=False, state=state)
    if reminded:
        send(invitation, asked_at + 5 * DAY, is_reminder=True)
    if score is not None:
        factories.make_response(campaign.client, score, invitation=invitation, submitted_at=asked_at + on_day * DAY)
    return invitation


@pytest.fixture
def campaign(acme):
    return factories.make_campaign(acme, "nps", reminder_days=5)


def test_answers_count_before_or_after_by_when_the_reminder_left(campaign):
    invite(campaign)
    invite(campaign, score=9, on_day=1)
    invite(campaign, reminded=True)
    invite(campaign, reminded=True, score=3, on_day=4.9)  # crossed: sent while the reminder was on its way
    invite(campaign, reminded=True, score=9, on_day=5)
    invite(campaign, reminded=True, score=2, on_day=8)
    found = reminders.effect(campaign, START, END)
    assert (found.accepted, found.answered_before, found.reminded, found.answered_after) == (6, 2, 4, 2)


def test_a_reminder_that_never_left_reminded_nobody(campaign):
    invitation = invite(campaign, score=9, on_day=6)
    send(invitation, NOW - 5 * DAY, is_reminder=True, state="cancelled")
    found = reminders.effect(campaign, START, END)
    assert (found.reminded, found.answered_before, found.answered_after) == (0, 1, 0)


def test_only_accepted_first_messages_of_the_campaign_and_period_count(campaign, globex):
    invite(campaign)
    invite(campaign, state="failed")
    invite(campaign, asked_at=START - DAY)
    invite(campaign, asked_at=END)
    invite(factories.make_campaign(campaign.client, "nps"))
    invite(factories.make_campaign(globex, "nps"))
    assert reminders.effect(campaign, START, END).accepted == 1


def test_too_few_give_counts_and_no_claims(campaign):
    for _ in range(4):
        invite(campaign, reminded=True, score=9, on_day=6)
    found = reminders.effect(campaign, START, END)
    assert (found.reminded, found.answered_after, found.rate, found.before, found.after, found.change) == (
        4, 4, None, None, None, None,
    )  # fmt: skip


def test_the_rate_has_wilsons_interval_and_the_scores_are_compared(campaign):
    for _ in range(30):
        invite(campaign, score=10, on_day=1)
    for n in range(40):
        invite(campaign, reminded=True, **({"score": 0, "on_day": 6} if n < 20 else {}))
    found = reminders.effect(campaign, START, END)
    assert found.rate == scores.share(20, 40)
    assert (found.before, found.after) == (scores.nps(30, 0, 0), scores.nps(0, 0, 20))
    assert found.change.verdict == Verdict.LOWER


def test_satisfaction_is_compared_as_a_share(acme):
    campaign = factories.make_campaign(acme, "csat", reminder_days=5)
    for n in range(12):
        invite(campaign, score=5 if n < 6 else 1, on_day=1)
        invite(campaign, reminded=True, score=5 if n < 6 else 3, on_day=6)
    found = reminders.effect(campaign, START, END)
    assert (found.before, found.after) == (scores.share(6, 12), scores.share(6, 12))
    assert found.change.verdict == Verdict.NO_CLEAR_CHANGE


def test_it_is_one_query(campaign, django_assert_num_queries):
    for score in (3, 9, 10):
        invite(campaign, reminded=True, score=score, on_day=6)
    with django_assert_num_queries(1):
        reminders.effect(campaign, START, END)
