"""The funnel: each invitation has one fate, each stage is the next one and its losses, and analytics says the same."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import queries
from analytics.periods import Period
from surveys import ledger, preferences
from surveys.ledger import Loss
from surveys.models import FATES, STAGE_OF, DeliveryEvent, Fate, Invitation, OutgoingMessage, Stage, with_fate
from surveys.models.fates import LABELS, STAGES
from tests import factories

OCTOBER = Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin")
IN_OCTOBER = dt.datetime(2026, 10, 12, 10, tzinfo=dt.UTC)
State, Event, Reason = OutgoingMessage.State, DeliveryEvent.Kind, Invitation.Reason
_number = itertools.count(1)


def verdict(client, reason="", state="", events=(), reminder="", is_answered=False, **fields) -> Invitation:
    """One verdict about the middle of October; `state` of its message, `events` reported of it."""
    asked = {} if not reason else {"is_asked": False, "reason": reason, "due_at": None, "expires_at": None}
    invitation = factories.make_invitation(client, **{"about_at": IN_OCTOBER, **asked, **fields})
    for each, is_reminder in ((state, False), (reminder, True)):
        if each:
            message = OutgoingMessage.objects.create(
                client=client, key=f"m{next(_number)}", invitation=invitation, to="x", state=each, due_at=IN_OCTOBER,
                is_reminder=is_reminder,
            )  # fmt: skip
            for kind in () if is_reminder else events:
                DeliveryEvent.objects.create(
                    client=client, message=message, kind=kind, source="t", event_id=str(next(_number)),
                    happened_at=IN_OCTOBER,
                )  # fmt: skip
    if is_answered:
        factories.make_response(client, 4, invitation=invitation)
    return invitation


def fate_of(invitation, at) -> str:
    return with_fate(Invitation.objects.filter(pk=invitation.pk), at).get().fate


def october(campaign) -> ledger.Span:
    return ledger.span("2026-10-01", "2026-11-01", campaign.client)


# --- One fate each


@pytest.mark.parametrize(
    ("fields", "fate"),
    [
        ({"reason": "quarantine"}, "quarantine"),
        ({"reason": "spam"}, "spam"),
        ({}, Fate.NO_MESSAGE),
        ({"state": State.PLANNED}, Fate.PLANNED),
        ({"state": State.CLAIMED}, Fate.SENDING),
        ({"state": State.HANDED_OVER}, Fate.SENDING),
        ({"state": State.DEFERRED}, Fate.DEFERRED),
        ({"state": State.DEFERRED, "events": [Event.SOFT_BOUNCE]}, Fate.DEFERRED),
        ({"state": State.FAILED}, Fate.FAILED),
        ({"state": State.UNKNOWN}, Fate.UNKNOWN),
        ({"state": State.CANCELLED}, Fate.CANCELLED),
        ({"state": State.ACCEPTED, "events": [Event.HARD_BOUNCE]}, Fate.BOUNCED),
        ({"state": State.ACCEPTED, "events": [Event.DELIVERED, Event.REJECTED]}, Fate.BOUNCED),
        ({"state": State.FAILED, "events": [Event.HARD_BOUNCE]}, Fate.BOUNCED),
        ({"state": State.ACCEPTED, "events": [Event.SOFT_BOUNCE]}, Fate.BOUNCED),
        ({"state": State.ACCEPTED, "events": [Event.SOFT_BOUNCE, Event.DELIVERED]}, Fate.UNOPENED),
        ({"state": State.ACCEPTED, "events": [Event.DELAYED]}, Fate.UNOPENED),
        ({"state": State.ACCEPTED}, Fate.UNOPENED),
        ({"state": State.UNKNOWN, "events": [Event.DELIVERED]}, Fate.UNOPENED),
        ({"state": State.UNKNOWN, "reminder": State.ACCEPTED}, Fate.UNOPENED),
        ({"state": State.ACCEPTED, "expires_at": factories.NOW}, Fate.UNOPENED_EXPIRED),
        ({"state": State.ACCEPTED, "withdrawn_at": IN_OCTOBER}, Fate.UNOPENED_WITHDRAWN),
        ({"state": State.ACCEPTED, "events": [Event.UNSUBSCRIBED]}, Fate.UNOPENED_UNSUBSCRIBED),
        ({"state": State.UNKNOWN, "opened_at": IN_OCTOBER}, Fate.UNANSWERED),
        ({"opened_at": IN_OCTOBER, "expires_at": factories.NOW}, Fate.UNANSWERED_EXPIRED),
        ({"opened_at": IN_OCTOBER, "withdrawn_at": IN_OCTOBER}, Fate.UNANSWERED_WITHDRAWN),
        (
            {"state": State.ACCEPTED, "opened_at": IN_OCTOBER, "events": [Event.UNSUBSCRIBED]},
            Fate.UNANSWERED_UNSUBSCRIBED,
        ),
        ({"state": State.ACCEPTED, "is_answered": True, "expires_at": IN_OCTOBER}, Fate.ANSWERED),
        ({"state": State.ACCEPTED, "is_answered": True, "events": [Event.HARD_BOUNCE]}, Fate.ANSWERED),
    ],
)
def test_each_invitation_has_the_fate_that_its_rows_tell(acme, now, fields, fate):
    invitation = verdict(acme, **{"expires_at": now + dt.timedelta(days=1), **fields})
    assert fate_of(invitation, now) == fate


def test_every_reason_and_every_fate_belongs_to_one_stage_and_has_its_words():
    told = [fate for fates in FATES.values() for fate in fates]
    assert sorted(told) == sorted([*Reason, *Fate])
    assert set(STAGE_OF) == set(LABELS) == {str(fate) for fate in told}
    assert STAGE_OF["spam"] == Stage.INELIGIBLE
    assert STAGE_OF["quarantine"] == Stage.ELIGIBLE
    with override("de"):
        assert len({str(label) for label in LABELS.values()}) == len(LABELS)


def test_an_objection_on_our_page_counts_with_the_message_that_it_answers(acme, now):
    objected, other = (verdict(acme, state=State.ACCEPTED, reminder=State.ACCEPTED) for _ in range(2))
    for _ in range(2):
        preferences.unsubscribe(objected, now)
    preferences.unsubscribe(verdict(acme), now)  # without a message there is nothing that it could answer
    assert (fate_of(objected, now), fate_of(other, now)) == (Fate.UNOPENED_UNSUBSCRIBED, Fate.UNOPENED_EXPIRED)
    assert [event.message.invitation for event in DeliveryEvent.objects.all()] == [objected]


# --- The funnel


def test_the_funnel_names_every_loss_and_keeps_those_apart_who_were_never_there(acme, now):
    for reason in ("not_sampled", "not_sampled", "goodwill", "spam", "test", "test"):
        verdict(acme, reason=reason)
    verdict(acme, state=State.UNKNOWN)
    verdict(acme, state=State.ACCEPTED, events=[Event.HARD_BOUNCE])
    verdict(acme, state=State.ACCEPTED)
    verdict(acme, state=State.ACCEPTED, opened_at=IN_OCTOBER)
    campaign = verdict(acme, state=State.ACCEPTED, is_answered=True).campaign

    funnel = ledger.funnel(campaign, october(campaign), now)

    assert [(step.stage, step.count, step.losses) for step in funnel.steps] == [
        (Stage.ELIGIBLE, 8, (Loss("not_sampled", 2), Loss("goodwill", 1))),
        (Stage.ASKED, 5, (Loss("bounced", 1), Loss("unknown", 1))),
        (Stage.DELIVERED, 3, (Loss("unopened_expired", 1),)),
        (Stage.STARTED, 2, (Loss("unanswered_expired", 1),)),
        (Stage.ANSWERED, 1, ()),
    ]
    assert funnel.ineligible == (Loss("test", 2), Loss("spam", 1))
    assert (funnel.coverage, funnel.response_rate) == (62.5, 20.0)


def test_nobody_eligible_is_no_rate_and_not_zero(acme, now):
    campaign = factories.make_campaign(acme)
    funnel = ledger.funnel(campaign, october(campaign), now)
    assert ([step.count for step in funnel.steps], funnel.coverage, funnel.response_rate) == ([0] * 5, None, None)


def test_a_period_is_days_of_the_clients_zone_and_ends_before_its_last_day(acme, now):
    moments = ("2026-09-30T21:59:59", "2026-09-30T22:00:00", "2026-10-31T22:59:59", "2026-10-31T23:00:00")
    for moment in moments:
        about_at = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
        campaign = verdict(acme, reason="stale", about_at=about_at).campaign
    funnel = ledger.funnel(campaign, october(campaign), now)
    assert funnel.count(Stage.ELIGIBLE) == 2


@pytest.mark.parametrize(
    ("first", "until", "said"),
    [
        ("2026-13-01", "2026-11-01", "“2026-13-01” is no day. Write it as in 2026-10-01."),
        ("", "2026-11-01", "“” is no day. Write it as in 2026-10-01."),
        ("2026-10-01", "2026-10-01", "The first day must come before the day at which the period ends."),
        ("2026-10-01", "2026-09-01", "The first day must come before the day at which the period ends."),
        ("0001-01-01", "2026-10-01", "0001-01-01 lies too far away."),
        ("2026-10-01", "9999-12-31", "9999-12-31 lies too far away."),
    ],
)
def test_wrong_days_are_told_in_words(acme, first, until, said):
    with pytest.raises(ledger.WrongDays) as wrong:
        ledger.span(first, until, acme)
    assert str(wrong.value) == said


rows = st.lists(
    st.fixed_dictionaries(
        {
            "reason": st.sampled_from(["", "", "", *Reason.values]),
            "state": st.sampled_from(["", *State.values]),
            "reminder": st.sampled_from(["", State.PLANNED, State.ACCEPTED]),
            "events": st.lists(st.sampled_from(Event.values), max_size=3),
            "opened_at": st.sampled_from([None, IN_OCTOBER]),
            "withdrawn_at": st.sampled_from([None, IN_OCTOBER]),
            "expires_at": st.sampled_from([IN_OCTOBER, factories.NOW + dt.timedelta(days=9)]),
            "is_answered": st.booleans(),
        }
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows)
def test_each_stage_is_the_next_one_plus_its_losses_whatever_the_ledger(acme, rows):
    Invitation.objects.all().delete()
    campaign = factories.make_campaign(acme)
    for row in rows:
        asked = {} if not row["reason"] else {"expires_at": None, "is_answered": False}
        verdict(acme, campaign=campaign, **{**row, **asked})
    now = factories.NOW

    funnel = ledger.funnel(campaign, october(campaign), now)

    for step, following in itertools.pairwise(funnel.steps):
        assert step.count == following.count + sum(loss.count for loss in step.losses)
    assert funnel.count(Stage.ELIGIBLE) + sum(loss.count for loss in funnel.ineligible) == len(rows)
    assert funnel.count(Stage.ASKED) == sum(not row["reason"] for row in rows)
    assert funnel.count(Stage.ANSWERED) == sum(row["is_answered"] and not row["reason"] for row in rows)
    told = queries.funnels(acme, OCTOBER).get("csat", queries.Funnel(0, 0, 0, 0, (), ()))
    assert (told.eligible, told.asked, told.delivered, told.answered) == tuple(
        funnel.count(stage) for stage in STAGES if stage != Stage.STARTED
    )
    assert told.not_asked == tuple((loss.reason, loss.count) for loss in funnel.steps[0].losses)
    assert told.not_delivered == tuple((loss.reason, loss.count) for loss in funnel.steps[1].losses)
    assert (told.coverage, told.response_rate) == (funnel.coverage, funnel.response_rate)


# --- Whose, and at what cost


def test_one_campaign_sees_nothing_of_another_and_no_client_of_another(acme, globex, now):
    mine = verdict(acme, reason="stale").campaign
    verdict(acme, reason="stale", campaign=factories.make_campaign(acme))
    verdict(globex, reason="stale")
    foreign = verdict(globex, reason="stale", campaign=factories.make_campaign(globex))
    Invitation.objects.filter(pk=foreign.pk).update(campaign=mine)  # what must never be: the client still decides
    assert ledger.funnel(mine, october(mine), now).count(Stage.ELIGIBLE) == 1
    assert [row.campaign for row in ledger.read(ledger.of(mine, now))] == [mine.pk]


@pytest.mark.parametrize("number", [1, 3])
def test_a_funnel_is_one_query_and_so_is_a_list_of_verdicts(acme, now, number, django_assert_num_queries):
    for _ in range(number):
        campaign = verdict(acme, state=State.ACCEPTED, events=[Event.DELIVERED], is_answered=True).campaign
    days = october(campaign)
    with django_assert_num_queries(1):
        ledger.funnel(campaign, days, now)
    with django_assert_num_queries(1):
        assert len(list(ledger.read(ledger.of(campaign, now)))) == number


# --- Line by line


def test_a_verdict_is_told_by_numbers_without_name_or_address(acme, now):
    contact = factories.make_contact(acme, external_id="C-1", source="phone")
    invitation = verdict(acme, state=State.UNKNOWN, contact=contact)
    (told,) = ledger.read(ledger.of(invitation.campaign, now))
    assert told == ledger.Verdict(
        id=invitation.pk,
        campaign=invitation.campaign_id,
        medium="mail",
        source="phone",
        external_id="C-1",
        wave=None,
        customer_number="",
        about_at=IN_OCTOBER,
        decided_at=IN_OCTOBER,
        rules=None,
        verdict="asked",
        stage="asked",
        reason="unknown",
        due_at=IN_OCTOBER,
        state="unknown",
        opened_at=None,
        provisional=None,
        flagged=0,
    )
    Invitation.objects.filter(pk=invitation.pk).update(clicked_at=now, clicked_score=2)
    (clicked,) = ledger.read(ledger.of(invitation.campaign, now))
    assert clicked == replace(told, provisional=2)
    for _ in range(2):
        factories.make_flagged(invitation)
    (scanned,) = ledger.read(ledger.of(invitation.campaign, now))
    assert scanned == replace(told, flagged=2)
    factories.make_flagged(invitation, restored_at=now)
    factories.make_response(acme, 4, invitation=invitation)
    (answered,) = ledger.read(ledger.of(invitation.campaign, now))
    assert answered == replace(told, stage="answered", reason="", flagged=2)


@pytest.mark.parametrize(
    ("kind", "scores", "groups"), [("nps", (10, 9, 8, 6, 0), (2, 1, 2)), ("csat", (5, 3, 1), (1, 1, 1))]
)
def test_what_stands_beside_the_answers_is_counted_by_group_and_in_no_step(acme, now, kind, scores, groups):
    campaign = factories.make_campaign(acme, kind)
    for score in scores:
        verdict(acme, kind=kind, campaign=campaign, clicked_at=now, clicked_score=score)
    answered = verdict(acme, kind=kind, campaign=campaign, clicked_at=now, clicked_score=5, is_answered=True)
    factories.make_flagged(answered)
    factories.make_flagged(answered, restored_at=now)
    factories.make_flagged(verdict(acme, kind=kind, campaign=campaign, about_at=now))
    assert ledger.beside(campaign, october(campaign)) == ledger.Beside(*groups, flagged=1)
    assert ledger.funnel(campaign, october(campaign), now).count(Stage.ANSWERED) == 1


def test_a_customer_of_a_wave_is_told_by_the_clients_own_number(acme, now):
    customer = factories.make_customer(acme, number="K-7")
    invitation = verdict(acme, kind="nps", customer=customer, reason="quarantine")
    (told,) = ledger.read(ledger.of(invitation.campaign, now))
    assert (told.source, told.external_id, told.wave, told.customer_number) == ("", "", 1, "K-7")
    assert (told.verdict, told.stage, told.reason) == ("not_asked", "eligible", "quarantine")


def test_a_story_is_told_in_the_order_in_which_it_happened_with_what_is_planned_last(acme, now):
    invitation = verdict(acme, state=State.ACCEPTED, reminder=State.PLANNED, opened_at=now, is_answered=True)
    first = invitation.messages.get(is_reminder=False)
    first.handed_over_at = now - dt.timedelta(days=5)
    first.save()
    DeliveryEvent.objects.create(
        client=acme, message=first, kind=Event.DELIVERED, source="webhook", event_id="e",
        happened_at=now - dt.timedelta(days=4),
    )  # fmt: skip
    told = [(moment.text, moment.detail, moment.is_ahead) for moment in ledger.story(invitation)]
    assert told == [
        ("Decided: asked", "", False),
        ("Invitation, email: handed over", "accepted", False),
        ("Invitation, email: delivered", "webhook", False),
        ("Page opened", "mail scanners open pages, too", False),
        ("Answered", "", False),
        ("Reminder, email: due", "planned", True),
    ]
