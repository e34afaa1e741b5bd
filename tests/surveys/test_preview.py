"""Before a campaign starts: whom would it have asked, and why not the others?"""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import invitations
from surveys.eligibility import Reason
from surveys.invitations import previewing
from surveys.models import (
    AudienceCondition,
    Campaign,
    Contact,
    Invitation,
    Mark,
    Medium,
    OutgoingMessage,
    Suppression,
    Wave,
)
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
# October 2026 in Berlin.
START, END = dt.datetime(2026, 9, 30, 22, tzinfo=dt.UTC), dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC)


def october(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 10, day, hour, tzinfo=dt.UTC)


def draft(client, **fields) -> Campaign:
    """A campaign straight from a form: never saved."""
    defaults = {"survey": factories.make_survey(client), "kind": Campaign.Kind.POST_CONTACT, "name": "draft"}
    return Campaign(client=client, starts_on=dt.date(2026, 12, 1), **{**defaults, "delay_hours": 0, **fields})


def preview(campaign: Campaign, **fields) -> invitations.Preview:
    return invitations.preview(campaign, START, END, NOW, **fields)


def test_a_campaign_that_was_never_saved_shows_whom_it_would_have_asked_and_why_not_the_others(acme):
    asked = factories.make_contact(acme, ended_at=october(5))
    without = factories.make_contact(acme, ended_at=october(5), email="n/a")
    spam = [factories.make_contact(acme, ended_at=october(6), is_spam=True) for _ in range(2)]
    factories.make_contact(acme, ended_at=october(6), state=Contact.State.OPEN)
    found = preview(draft(acme))
    assert (found.judged, found.asked) == (4, 1)
    assert list(found.reasons.items()) == [(Reason.SPAM, 2), (Reason.NO_ADDRESS, 1)]
    assert found.samples == {None: [asked.pk], Reason.NO_ADDRESS: [without.pk], Reason.SPAM: [c.pk for c in spam]}
    assert found.days == [
        previewing.Day(dt.date(2026, 10, 5), judged=2, asked=1),
        previewing.Day(dt.date(2026, 10, 6), judged=2, asked=0),
    ]


def test_nothing_is_written(acme):
    campaign = factories.make_campaign(acme)
    factories.make_contact(acme, ended_at=october(5))
    with CaptureQueriesContext(connection) as captured:
        preview(campaign)
    assert [q["sql"] for q in captured if not q["sql"].lstrip().startswith(("SELECT", "DECLARE"))] == []
    assert (Invitation.objects.count(), Mark.objects.count()) == (0, 1)


def test_the_period_begins_at_its_start_and_ends_before_its_end_and_before_now(acme):
    for ended_at in (START - dt.timedelta(seconds=1), START, END - dt.timedelta(seconds=1), END):
        factories.make_contact(acme, ended_at=ended_at)
    assert preview(draft(acme)).judged == 2
    assert invitations.preview(draft(acme), START, END, START + HOUR).judged == 1


def test_who_would_have_been_asked_is_in_quarantine_from_then_on(acme):
    customer = factories.make_customer(acme)
    for day in (2, 12, 30):
        factories.make_contact(acme, customer=customer, ended_at=october(day))
    found = preview(draft(acme, quarantine_days=20))
    assert (found.asked, found.reasons) == (2, {Reason.QUARANTINE: 1})


def test_the_preview_of_a_month_is_what_planning_each_minute_would_have_done(acme, monkeypatch):
    """The oracle: the same month planned in earnest, hour by hour."""
    monkeypatch.setattr(previewing, "BATCH", 7)
    customers = [factories.make_customer(acme) for _ in range(6)]
    campaign = factories.make_campaign(
        acme, quarantine_days=5, share_percent=70, delay_hours=3, quota_per_day=2, salt="a salt of its own"
    )
    for number in range(40):
        ended_at = october(1 + number % 25, 6 + number % 12)
        factories.make_contact(acme, customer=customers[number * 5 % 6], ended_at=ended_at, external_id=f"T-{number}")
    found = preview(campaign)
    contacts = list(Contact.objects.order_by("ended_at", "pk"))
    Mark.objects.all().delete()
    Campaign.objects.update(judged_from_on=campaign.starts_on)
    for contact in contacts:
        Contact.objects.filter(pk=contact.pk).mark()
        invitations.plan_contacts(contact.ended_at + 3 * HOUR)
    reasons = list(Invitation.objects.values_list("reason", flat=True))
    assert found.asked == reasons.count("")
    assert found.reasons == {Reason(reason): reasons.count(reason) for reason in set(reasons) - {""}}
    assert len(found.reasons) >= 3


def test_who_was_really_asked_before_the_period_is_in_quarantine(acme):
    customer = factories.make_customer(acme)
    before = factories.make_contact(acme, customer=customer, ended_at=START - DAY)
    factories.make_invitation(acme, contact=before, about_at=START - DAY)
    factories.make_contact(acme, customer=customer, ended_at=october(5))
    assert preview(draft(acme)).reasons == {Reason.QUARANTINE: 1}


def test_what_the_campaign_itself_did_in_the_period_is_left_aside_and_what_others_did_is_not(acme):
    campaign, other = factories.make_campaign(acme), factories.make_campaign(acme)
    customer = factories.make_customer(acme)
    first, second = (factories.make_contact(acme, customer=customer, ended_at=october(day)) for day in (5, 15))
    factories.make_invitation(acme, campaign=campaign, contact=second, about_at=october(15))
    assert (preview(campaign).asked, preview(campaign).samples[None]) == (1, [first.pk])
    factories.make_invitation(acme, campaign=other, contact=first, about_at=october(4))
    assert preview(campaign).reasons == {Reason.QUARANTINE: 2}
    Invitation.objects.filter(campaign=other).update(decided_at=october(10), due_at=october(10))
    assert preview(campaign).samples == {None: [first.pk], Reason.QUARANTINE: [second.pk]}


def test_an_objection_counts_from_its_day_on(acme):
    for day in (5, 25):
        factories.make_contact(
            acme, ended_at=october(day), customer=factories.make_customer(acme), email="kim@x.example"
        )
    Suppression.objects.create(client=acme, address="kim@x.example", reason="unsubscribed", created_at=october(10))
    found = preview(draft(acme, quarantine_days=0))
    assert (found.asked, found.reasons) == (1, {Reason.SUPPRESSED: 1})


def test_a_pause_does_not_hide_whom_the_campaign_would_ask(acme):
    campaign = factories.make_campaign(acme, is_paused=True)
    factories.make_contact(acme, ended_at=october(5))
    assert (preview(campaign).asked, campaign.is_paused) == (1, True)


def test_the_audience_is_the_stored_one_or_that_of_the_form(acme):
    campaign = factories.make_campaign(acme)
    campaign.audience.create(attribute="channel", values=["chat"])
    factories.make_contact(acme, ended_at=october(5), channel="phone")
    assert preview(campaign).reasons == {Reason.OUTSIDE_AUDIENCE: 1}
    assert preview(campaign, audience=[AudienceCondition(attribute="channel", values=["phone"])]).asked == 1
    assert preview(draft(acme)).asked == 1


def test_a_sample_holds_ten(acme):
    contacts = [factories.make_contact(acme, ended_at=october(5) + n * HOUR, is_spam=True) for n in range(12)]
    assert preview(draft(acme)).samples == {Reason.SPAM: [contact.pk for contact in contacts[:10]]}


def test_a_link_is_judged_when_the_contact_ends(acme):
    customer = factories.make_customer(acme)
    for hour in (8, 9):
        factories.make_contact(acme, customer=customer, ended_at=october(5, hour), email="")
    found = preview(draft(acme, medium=Medium.LINK, delay_hours=4, quarantine_days=1))
    assert (found.asked, found.reasons) == (1, {Reason.QUARANTINE: 1})


def test_globex_is_not_looked_at(acme, globex):
    factories.make_contact(globex, ended_at=october(5))
    assert preview(draft(acme)).judged == 0


def test_waves_are_played_again_panel_by_panel(acme):
    survey = factories.make_survey(acme, "nps")
    for number in range(8):
        factories.make_customer(acme, f"{number}@example.org", first_seen_at=START - 90 * DAY)
    campaign = draft(acme, kind="periodic", survey=survey, wave_days=7, panels=2, quarantine_days=30)
    found = preview(campaign)
    # Tuesdays, as the start: 6, 13, 20 and 27 October; each panel has its turn twice, the second time in quarantine.
    assert (found.judged, found.asked, found.reasons) == (16, 8, {Reason.QUARANTINE: 8})
    assert [day.on.day for day in found.days] == [6, 13, 20, 27]
    assert (Wave.objects.count(), Invitation.objects.count(), OutgoingMessage.objects.count()) == (0, 0, 0)


def test_the_queries_grow_with_batches_and_not_with_contacts(acme):
    campaign, counts = draft(acme), []
    for count in (1, 3):
        for _ in range(count):
            factories.make_contact(acme, ended_at=october(5))
        with CaptureQueriesContext(connection) as captured:
            preview(campaign)
        counts.append(len(captured))
    assert counts[0] == counts[1]
