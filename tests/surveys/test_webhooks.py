"""Recorded deliveries of four helpdesks, from the address to the contact."""

import copy
import datetime as dt
import itertools
import json

import pytest
import time_machine
from django.core.exceptions import ValidationError

from surveys import invitations
from surveys.ingestion.webhooks import HELPDESKS, overrides
from surveys.models import Contact, Inlet, InletEvent, Invitation
from tests import factories
from tests.surveys.webhooks import NOW, deliver, make_inlet, sample

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def post(client, acme):
    """Deliver samples one after the other; the inlet is made at the first."""

    def post(*names, **mapping):
        kind = str(names[0]).partition("-")[0]
        inlet = Inlet.objects.filter(kind=kind).first() or make_inlet(acme, kind, mapping=mapping)
        return [deliver(client, inlet, sample(name)).json()["result"] for name in names]

    return post


def utc(*parts):
    return dt.datetime(2026, 11, *parts, tzinfo=dt.UTC)


def facts(**names):
    contact = Contact.objects.select_related("customer", "agent", "team").get()
    told = {}
    for name in names:
        owner, _, column = name.partition("__")
        told[name] = getattr(getattr(contact, owner), column) if column else getattr(contact, owner)
    return told


def check(**expected):
    assert facts(**expected) == expected


# --- Solved -----------------------------------------------------------------------------------------------------------


def test_a_solved_zendesk_ticket(post):
    assert post("zendesk-solved") == ["taken"]
    check(
        source="zendesk",
        external_id="35436",
        state="finished",
        is_solved=True,
        started_at=utc(9, 14, 2),
        ended_at=utc(10, 7, 41),
        told_at=utc(10, 7, 41),
        channel="email",
        subject="Rechnung doppelt abgebucht",
        email="kim.brook@example.org",
        language="de",
        tags=["rechnung", "kulanz"],
        is_goodwill=True,
        is_agent_initiated=False,
        attributes={"topic": "Abrechnung", "order_number": "A-2231", "priority": "Normal", "type": "Problem"},
        customer__name="Kim Brook",
        customer__phone="+49 170 5550143",
        agent__key="76872",
        agent__name="Lena Ritter",
        team__name="Team Nord",
    )


def test_a_resolved_freshdesk_ticket(post):
    """It names no times: heard is begun, as far as anybody knows."""
    assert post("freshdesk-resolved", tags={"gutschein": "is_goodwill"}) == ["taken"]
    check(
        external_id="20417",
        state="finished",
        started_at=NOW,
        ended_at=NOW,
        told_at=None,
        channel="web",
        reason="Lieferung",
        tags=["lieferung", "gutschein"],
        is_goodwill=True,
        attributes={"order_number": "B-9912", "priority": "Medium"},
        customer__email="robin.falk@example.org",
        agent__key="mads.soerensen@provider.example",
        agent__name="Mads Sørensen",
        team__name="Team Süd",
    )


def test_a_closed_zammad_ticket(post):
    mapping = {
        "fields": {"has_consent": "ticket.survey_consent"},
        "consent": {"granted": True},
        "attributes": {"articles": "ticket.article_count"},
    }
    assert post("zammad-closed", **mapping) == ["taken"]
    check(
        external_id="10081",
        state="finished",
        started_at=utc(9, 10, 34, 35, 282000),
        ended_at=utc(10, 7, 30, 12, 101000),
        told_at=utc(10, 7, 30, 12, 140000),
        channel="email",
        is_agent_initiated=False,
        has_consent=True,
        attributes={"priority": "2 normal", "articles": 3},
        customer__name="Jo Winter",
        customer__email="jo.winter@example.org",
        customer__phone="040 5550177",
        agent__name="Emma Taylor",
        team__name="Service Desk",
    )


def test_an_ended_genesys_call(post):
    assert post("genesys-ended") == ["taken"]
    check(
        state="finished",
        is_solved=None,
        started_at=utc(10, 7, 0),
        ended_at=utc(10, 7, 8, 30),
        channel="phone",
        wait_seconds=45,
        talk_seconds=320,
        reason="Rechnung",
        language="de-DE",
        is_agent_initiated=False,
        agent__name="Lena Ritter",
        team__name="Team Nord",
        customer__email="kim.brook@example.org",
        customer__phone="+491705550143",
    )


# --- Reopened, deleted, outbound --------------------------------------------------------------------------------------

TURNS = [
    ("zendesk-solved", "zendesk-reopened"),
    ("freshdesk-resolved", "freshdesk-reopened"),
    ("zammad-closed", "zammad-reopened"),
]


@pytest.mark.parametrize(("solved", "reopened"), TURNS)
def test_a_reopened_ticket_is_open_and_counted(post, solved, reopened):
    assert post(solved, reopened) == ["taken", "taken"]
    check(state="open", ended_at=None, is_solved=None, reopened_count=1)


@pytest.mark.parametrize(
    ("before", "gone"),
    [
        ("zendesk-solved", "zendesk-deleted"),
        ("zendesk-solved", "zendesk-spam"),
        ("freshdesk-resolved", "freshdesk-deleted"),
        ("zammad-closed", "zammad-merged"),
    ],
)
def test_what_is_deleted_merged_or_spam_is_discarded_and_nothing_else_is_forgotten(post, before, gone):
    post(before)
    known = facts(email="", agent__name="", customer_id="", team__name="")
    assert post(gone) == ["taken"]
    check(state="discarded", is_spam=gone == "zendesk-spam", is_solved=None)
    assert facts(**known) == known


def test_a_call_that_nobody_took_was_no_conversation(post):
    post("genesys-abandoned")
    check(state="discarded", agent=None, wait_seconds=45)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("zendesk-outbound-call", "phone"),
        ("freshdesk-outbound", "email"),
        ("zammad-outbound-call", "phone"),
        ("genesys-outbound-call", "phone"),
    ],
)
def test_what_we_began_says_so(post, name, channel):
    assert post(name) == ["taken"]
    check(is_agent_initiated=True, channel=channel, state="finished")


def test_a_ticket_closed_days_after_it_was_solved_ended_when_it_was_solved(client, acme):
    inlet = make_inlet(acme, "zendesk")
    solved, closed = sample("zendesk-solved"), sample("zendesk-solved")
    closed["ticket"].update(status="Closed", updated_at="2026-11-14T07:41Z")
    deliver(client, inlet, solved)
    deliver(client, inlet, closed)
    check(state="finished", ended_at=utc(10, 7, 41), told_at=utc(14, 7, 41), reopened_count=0)


def test_a_ticket_that_nobody_owns_has_no_agent(post):
    post("zammad-new")
    check(state="open", agent=None, ended_at=None)


def test_zendesks_own_events_know_numbers_only_and_overwrite_no_name(post):
    assert post("zendesk-solved", "zendesk-status-changed") == ["taken", "taken"]
    check(agent__name="Lena Ritter", email="kim.brook@example.org", channel="email", state="finished")


# --- Order ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer"), [("zendesk-solved", "zendesk-reopened"), ("zammad-closed", "zammad-reopened")]
)
def test_an_older_event_after_a_newer_one_changes_nothing(post, older, newer):
    assert post(newer, older) == ["taken", "too_late"]
    check(state="open", ended_at=None)
    late = InletEvent.objects.get(outcome="too_late")
    assert (late.contact, late.detail) == (
        Contact.objects.get(), "Eine neuere Meldung ist schon da; nichts wurde geändert.",
    )  # fmt: skip


def test_a_call_that_is_told_to_be_running_after_it_ended_stays_ended(client, acme):
    inlet = make_inlet(acme, "genesys")
    running = sample("genesys-active")
    running["conversation"]["eventTime"] = "2026-11-10T07:02:00Z"
    inlet.mapping = {"fields": {"told_at": "conversation.eventTime"}}
    inlet.save()
    ended = sample("genesys-ended")
    ended["conversation"]["eventTime"] = "2026-11-10T07:08:30Z"
    assert [deliver(client, inlet, one).json()["result"] for one in (ended, running)] == ["taken", "too_late"]
    check(state="finished")


def test_closed_before_opened_ends_closed(client, acme):
    inlet = make_inlet(acme, "zammad")
    opened, closed = sample("zammad-new"), sample("zammad-new")
    closed["ticket"].update(state="closed", close_at="2026-11-10T07:00:00Z", updated_at="2026-11-10T07:00:00.100Z")
    assert [deliver(client, inlet, one).json()["result"] for one in (closed, opened)] == ["taken", "too_late"]
    check(state="finished", ended_at=utc(10, 7, 0))


def test_without_times_the_last_word_received_counts_even_if_it_says_what_was_said_before(post):
    said = ["freshdesk-resolved", "freshdesk-reopened", "freshdesk-resolved"]
    assert post(*said) == ["taken", "taken", "taken"]
    check(state="finished", reopened_count=1)
    assert post("freshdesk-resolved") == ["known"]
    assert InletEvent.objects.count() == 3


FACETS = ["genesys-event-acd-end", "genesys-event-user-end", "genesys-event-customer-end"]


@pytest.mark.parametrize("order", list(itertools.permutations(FACETS)))
def test_the_facets_of_a_genesys_call_add_up_in_any_order(post, order):
    assert post(*order) == ["taken"] * 3
    check(
        state="finished",
        started_at=utc(10, 7, 0),
        ended_at=utc(10, 7, 8, 30),
        told_at=utc(10, 7, 8, 31),
        channel="phone",
        wait_seconds=45,
        talk_seconds=320,
        agent__key="5b3d7c9a-9d0c-4f4a-8e43-1c2b3a4d5e6f",
        is_transferred=False,
        is_agent_initiated=False,
        reopened_count=0,
        attributes={"queue_id": "3fd1a3c2-77aa-4e0e-9d46-0f3e6a7b8c9d", "is_abandoned": False},
    )


@pytest.mark.parametrize("order", list(itertools.permutations(["genesys-event-abandoned", FACETS[2]])))
def test_whoever_gives_up_in_the_queue_had_no_conversation_in_any_order(post, order):
    post(*order)
    check(state="discarded")


def test_a_call_is_not_over_before_the_customer_has_left(post):
    post("genesys-event-user-end")
    check(state="open", ended_at=None)


@pytest.mark.parametrize("envelope", ["bare", "notification"])
def test_a_genesys_event_is_known_without_its_envelope(client, acme, envelope):
    inner = sample("genesys-event-customer-end")["detail"]
    payload = inner["eventBody"] if envelope == "bare" else inner
    assert deliver(client, make_inlet(acme, "genesys"), payload).json()["result"] == "taken"
    check(state="finished", ended_at=utc(10, 7, 8, 30))


@pytest.mark.parametrize("name", ["zendesk-user-created", "genesys-event-acw"])
def test_what_is_not_about_a_contact_is_noted_and_left_alone(post, name):
    assert post(name) == ["ignored"]
    assert (Contact.objects.count(), InletEvent.objects.get().contact) == (0, None)


def test_an_event_of_forty_days_ago_makes_a_contact_but_nobody_is_asked(client, acme, now):
    factories.make_campaign(acme)
    old = sample("zammad-closed")
    old["ticket"].update(
        created_at="2026-09-30T10:00:00Z", close_at="2026-10-01T09:00:00Z", updated_at="2026-10-01T09:00:00Z"
    )
    assert deliver(client, make_inlet(acme, "zammad"), old).json()["result"] == "taken"
    invitations.plan_contacts(now)
    verdict = Invitation.objects.get()
    assert (verdict.is_asked, verdict.reason) == (False, "stale")


# --- Words and mappings -----------------------------------------------------------------------------------------------


def test_an_unknown_channel_becomes_other_with_a_note(client, acme):
    ticket = sample("zendesk-solved")
    ticket["ticket"]["via"] = "Brieftaube"
    assert deliver(client, make_inlet(acme, "zendesk"), ticket).json()["result"] == "taken"
    check(channel="other")
    assert "Brieftaube" in InletEvent.objects.get().detail


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": "Wartet auf Ersatzteil"}, "status: "),
        ({"status": ""}, "status: "),
        ({"status": {"deep": 1}}, "status: "),
        ({"updated_at": "gestern"}, "told_at: "),
        ({"created_at": 1e20}, "started_at: "),
        ({"created_at": "1970-01-01T00:00:00Z"}, "started_at: "),
        ({"id": "x" * 121}, "external_id: "),
        ({"subject": ["a"]}, "subject: "),
    ],
)
def test_what_cannot_be_mapped_is_kept_and_names_the_field(client, acme, change, named):
    ticket = sample("zendesk-solved")
    ticket["ticket"].update(change)
    answer = deliver(client, make_inlet(acme, "zendesk"), ticket)
    event = InletEvent.objects.get()
    assert (answer.status_code, answer.json()["result"], Contact.objects.count()) == (202, "refused", 0)
    assert (event.outcome, event.payload, event.detail[: len(named)]) == ("refused", ticket, named)


def test_own_words_win_over_the_helpdesks(post):
    post(
        "zendesk-solved",
        statuses={"SOLVED": {"state": "open"}},
        channels={"e-mail": "messenger"},
        fields={"reason": "ticket.custom_fields.topic", "team": "ticket.priority"},
    )
    check(state="open", channel="messenger", reason="Abrechnung", team__name="Normal")


def test_a_path_finds_a_custom_field_in_a_list_by_its_number(client, acme):
    ticket = sample("zendesk-solved")
    ticket["ticket"]["custom_fields"] = [{"id": 36001, "value": "Umzug"}, {"name": "segment", "value": "Gewerbe"}]
    fields = {"reason": "ticket.custom_fields.36001", "customer_segment": "ticket.custom_fields.segment"}
    deliver(client, make_inlet(acme, "zendesk", mapping={"fields": fields}), ticket)
    check(reason="Umzug", customer__segment="Gewerbe")


def test_times_without_a_zone_are_the_clients_or_the_mappings(client, acme):
    ticket = sample("zammad-closed")
    ticket["ticket"].update(
        created_at="2026-11-09T10:00:00", close_at="2026-11-09T12:00", updated_at="2026-11-09T12:00"
    )
    deliver(client, make_inlet(acme, "zammad"), ticket)
    check(started_at=utc(9, 9, 0))
    deliver(client, make_inlet(acme, "zammad", name="lisbon", mapping={"zone": "Europe/Lisbon"}), ticket)
    assert Contact.objects.get(source="lisbon").started_at == utc(9, 10, 0)


def test_a_tag_that_was_taken_off_means_nothing_any_more(client, acme):
    inlet = make_inlet(acme, "zendesk")
    before, after = sample("zendesk-solved"), sample("zendesk-solved")
    after["ticket"].update(tags="", updated_at="2026-11-10T07:45Z")
    for ticket in (before, after):
        deliver(client, inlet, ticket)
    check(tags=[], is_goodwill=False)


def test_a_refused_consent_is_not_lost_by_an_event_that_says_nothing_of_it(client, acme):
    inlet = make_inlet(acme, "zammad", mapping={"fields": {"has_consent": "ticket.survey"}})
    first, second = sample("zammad-closed"), sample("zammad-closed")
    first["ticket"]["survey"] = "nein"
    second["ticket"]["updated_at"] = "2026-11-10T08:00:00Z"
    for ticket in (first, second):
        deliver(client, inlet, ticket)
    check(has_consent=False, told_at=utc(10, 8, 0))


WRONG = [
    ([], "The mapping is no table of keys and values."),
    ({"state": {}}, "Unknown key “state”."),
    ({"statuses": []}, "“statuses” has the wrong form."),
    ({"statuses": {"done": "finished"}}, "“statuses” must give “done” a state: open, finished or discarded."),
    ({"statuses": {"done": {"state": "finished", "is_solved": 1}}}, "“statuses” must give “done” a state: "),
    ({"channels": {"fax": "fax"}}, "“fax” in “channels” is none of: "),
    ({"tags": {"vip": "is_vip"}}, "“is_vip” in “tags” is none of: "),
    ({"tags": {"vip": ["is_test"]}}, "“['is_test']” in “tags” is none of: "),
    ({"fields": {"mail": "a.b"}}, "“mail” in “fields” is none of: "),
    ({"fields": {"email": "a..b"}}, "“email” must name one path, as in ticket.customer.phone."),
    ({"attributes": {"x": 1}}, "“x” must name one path, as in ticket.customer.phone."),
    ({"consent": {"granted": "yes"}}, "“consent” must give each word true or false."),
    ({"zone": "Berlin"}, "“Berlin” is no time zone. Write it as in Europe/Berlin."),
]


@pytest.mark.parametrize(("mapping", "said"), WRONG)
def test_a_wrong_mapping_says_what_is_wrong(mapping, said):
    with pytest.raises(ValidationError) as error:
        overrides.validate(mapping)
    assert error.value.messages[0].startswith(said) and len(error.value.messages) == 1


def test_the_shown_example_of_a_mapping_is_a_valid_one():
    example = json.loads(overrides.EXAMPLE)
    assert (overrides.validate(example), example == {}) == (None, False)


def test_the_body_to_paste_is_what_the_samples_look_like():
    """Placeholders aside, what an administrator pastes has the keys that the mapping reads."""
    for kind, name in (
        ("zendesk", "zendesk-solved"),
        ("freshdesk", "freshdesk-resolved"),
        ("genesys", "genesys-ended"),
    ):
        pasted = json.loads(HELPDESKS[kind].BODY)
        outer = next(iter(pasted))
        extra = {"ticket_url", "triggered_event"}  # of Freshdesk's simple content
        assert pasted[outer].keys() == sample(name)[outer].keys() - extra


def test_oddly_formed_payloads_are_refused_in_words_and_never_break(client, acme):
    """Each value of each sample in turn replaced by each kind of nonsense."""
    nonsense = [None, True, -1, 1e308, "", "x" * 3000, [], {}, [[]], {"id": {}}, "\u202e\u0000\ud83d"]
    statuses = set()
    for kind, name in [
        ("zendesk", "zendesk-solved"),
        ("zendesk", "zendesk-deleted"),
        ("genesys", "genesys-event-user-end"),
    ]:
        inlet = Inlet.objects.filter(kind=kind).first() or make_inlet(acme, kind)
        for path in paths(sample(name)):
            for value in nonsense:
                statuses.add(deliver(client, inlet, replaced(sample(name), path, value)).status_code)
    assert statuses == {200, 202}


def paths(payload, before=()):
    for key, value in payload.items():
        yield (*before, key)
        if isinstance(value, dict):
            yield from paths(value, (*before, key))


def replaced(payload, path, value):
    payload = copy.deepcopy(payload)
    inner = payload
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return payload
