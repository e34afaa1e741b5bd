"""Contacts in: once each, whatever door they come through and however often."""

import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import ingestion
from surveys.addresses import is_deliverable, is_missing
from surveys.ingestion import Incoming
from surveys.ingestion.incoming import content_hash
from surveys.models import Agent, Contact, Customer, Invitation, Mark, Team
from tests import factories

START = dt.datetime(2026, 11, 9, 8, 0, tzinfo=dt.UTC)


def call(external_id="C-1", **fields) -> Incoming:
    times = {"started_at": START, "ended_at": START + dt.timedelta(minutes=5)}
    return Incoming(external_id=external_id, **{"source": "telephone", "state": "finished", **times, **fields})


def kinds(client, *incoming, at=factories.NOW) -> list[str]:
    return [outcome.kind for outcome in ingestion.receive(client, incoming, at)]


def refusal(client, **fields):
    [outcome] = ingestion.receive(client, [call(**fields)], factories.NOW)
    assert (outcome.kind, outcome.contact_id, Contact.objects.count()) == ("refused", None, 0)
    return outcome.refusal


# --- Exactly once --------------------------------------------------------------------------------------------------


def test_the_same_contact_a_hundred_times_is_one_row(acme):
    assert kinds(acme, call()) == ["created"]
    assert [kinds(acme, call()) for _ in range(99)] == [["unchanged"]] * 99
    assert Contact.objects.count() == 1


def test_a_repeat_changes_not_even_the_time_of_change(acme, now):
    kinds(acme, call())
    kinds(acme, call(), at=now + dt.timedelta(hours=1))
    contact = Contact.objects.get()
    assert (contact.received_at, contact.changed_at) == (now, now)


def test_new_content_updates_the_contact_and_keeps_when_it_was_received(acme, now):
    kinds(acme, call(agent_name="Lena Ritter"))
    assert kinds(acme, call(agent_name="Tom Berger", reopened_count=1), at=now + dt.timedelta(hours=1)) == ["updated"]
    contact = Contact.objects.get()
    assert (contact.agent.name, contact.reopened_count) == ("Tom Berger", 1)
    assert (contact.received_at, contact.changed_at) == (now, now + dt.timedelta(hours=1))


def test_of_a_repeat_within_one_batch_the_last_content_stays(acme):
    batch = call(subject="first"), call(subject="second"), call(subject="second"), call("C-2")
    assert kinds(acme, *batch) == ["created", "updated", "unchanged", "created"]
    assert list(Contact.objects.order_by("external_id").values_list("external_id", "subject")) == [
        ("C-1", "second"),
        ("C-2", ""),
    ]


def test_a_batch_that_ends_where_it_began_changes_nothing(acme, now):
    kinds(acme, call())
    assert kinds(acme, call(subject="x"), call(), at=now + dt.timedelta(hours=1)) == ["updated", "updated"]
    assert Contact.objects.get().changed_at == now


def test_each_outcome_carries_the_id_of_its_contact_in_the_order_of_the_batch(acme):
    outcomes = ingestion.receive(acme, [call("C-2"), call("C-1"), call("C-2")], factories.NOW)
    ids = dict(Contact.objects.values_list("external_id", "pk"))
    assert [outcome.contact_id for outcome in outcomes] == [ids["C-2"], ids["C-1"], ids["C-2"]]


def test_one_number_in_two_sources_is_two_contacts(acme):
    assert kinds(acme, call(), call(source="helpdesk")) == ["created", "created"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection; threads need a server")
def test_a_hundred_threads_with_the_same_contact_leave_one_row_and_one_creator():
    client = factories.make_client()

    def one_thread(_number) -> str:
        try:
            return kinds(client, call(agent_name="Lena Ritter", team="Nord", customer_number="K1"))[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(one_thread, range(100)))
    assert sorted(outcomes) == ["created"] + ["unchanged"] * 99
    assert [model.objects.count() for model in (Contact, Customer, Agent, Team)] == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one connection; threads need a server")
def test_parallel_batches_that_overlap_in_everything_neither_fail_nor_double():
    client = factories.make_client()

    def one_thread(seed: int) -> list[str]:
        draw = random.Random(seed).randrange
        try:
            return kinds(
                client,
                *[
                    call(
                        str(draw(40)),
                        agent_name=f"Agent {draw(9)}",
                        team=f"Team {draw(9)}",
                        customer_number=str(draw(20)),
                        customer_name=f"Name {draw(9)}",
                    )
                    for _ in range(50)
                ],
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = [kind for outcome in pool.map(one_thread, range(40)) for kind in outcome]
    assert (len(outcomes), outcomes.count("created"), outcomes.count("refused")) == (2000, 40, 0)
    assert [model.objects.count() for model in (Contact, Customer, Agent, Team)] == [40, 20, 9, 9]


def test_a_late_event_overwrites_because_the_last_word_counts(acme):
    kinds(acme, call(is_solved=True))
    assert kinds(acme, call(state="open", ended_at=None)) == ["updated"]
    contact = Contact.objects.get()
    assert (contact.state, contact.ended_at, contact.is_solved) == ("open", None, None)


def told(hours: int | None, **fields) -> Incoming:
    """The same call, as its source tells of it some hours after the start; None: it does not say when."""
    return call(told_at=None if hours is None else START + dt.timedelta(hours=hours), **fields)


@pytest.mark.parametrize("is_one_batch", [True, False])
@pytest.mark.parametrize(
    ("words", "expected", "left"),
    [
        ([(2, "new"), (1, "old")], ["created", "outdated"], "new"),
        ([(1, "old"), (2, "new")], ["created", "updated"], "new"),
        ([(1, "one"), (1, "two")], ["created", "updated"], "two"),
        ([(1, "one"), (1, "one")], ["created", "unchanged"], "one"),
        ([(None, "one"), (1, "two")], ["created", "updated"], "two"),
        ([(2, "one"), (None, "two")], ["created", "updated"], "two"),
        ([(2, "one"), (None, "two"), (1, "three")], ["created", "updated", "outdated"], "two"),
    ],
)
def test_an_older_word_never_beats_a_newer_one_and_else_the_last_received_counts(
    acme, now, words, expected, left, is_one_batch
):
    batch = [told(hours, subject=subject, customer_number="K1", customer_name=subject) for hours, subject in words]
    batches = [batch] if is_one_batch else [[one] for one in batch]
    assert [kind for each in batches for kind in kinds(acme, *each)] == expected
    contact = Contact.objects.get()
    assert (contact.subject, contact.customer.name) == (left, left)
    assert contact.told_at == max((one.told_at for one in batch if one.told_at), default=None)


def test_an_outdated_word_touches_nothing_and_names_the_contact(acme, now):
    kinds(acme, told(2))
    before = Contact.objects.values().get()
    [outcome] = ingestion.receive(acme, [told(1, subject="old")], now + dt.timedelta(hours=1))
    assert (outcome.kind, outcome.contact_id, outcome.refusal) == ("outdated", before["id"], None)
    assert Contact.objects.values().get() == before


def test_what_is_new_or_changed_awaits_its_verdict_and_a_repeat_does_not(acme):
    def awaiting(*batch) -> list[str]:
        kinds(acme, *batch)
        waiting = Mark.objects.order_by("contact__external_id")
        found = list(waiting.values_list("contact__external_id", flat=True))
        Mark.objects.all().delete()
        return found

    assert awaiting(call("C-1"), call("C-2")) == ["C-1", "C-2"]
    assert awaiting(call("C-1"), call("C-2", subject="new"), call("C-3")) == ["C-2", "C-3"]
    assert awaiting(call("C-1"), call("C-3")) == []


def test_an_update_overwrites_every_value_with_what_the_source_says_now(acme, now):
    rich = {
        "email": "kim@example.org",
        "customer_number": "K1",
        "team": "Nord",
        "agent_name": "Lena Ritter",
        "channel": "phone",
        "reason": "a",
        "subject": "b",
        "language": "de",
        "is_solved": True,
        "wait_seconds": 1,
        "talk_seconds": 2,
        "reopened_count": 3,
        "is_transferred": True,
        "is_goodwill": True,
        "is_spam": True,
        "is_agent_initiated": True,
        "is_test": True,
        "has_consent": False,
        "tags": ("x", 'q"\\\t'),
        "told_at": START,
        "attributes": {"plan": 'Größe "L"', "n": 1, "f": 1.5, "t": True, "none": None},
    }
    kinds(acme, call("old"), call("new", **rich))
    new = Contact.objects.values().get(external_id="new")
    assert kinds(acme, call("old", **rich)) == ["updated"]
    assert {**Contact.objects.values().get(external_id="old"), "id": 0, "external_id": "", "content_hash": ""} == {
        **new,
        "id": 0,
        "external_id": "",
        "content_hash": "",
    }
    assert (new["tags"], new["attributes"]) == (["x", 'q"\\\t'], rich["attributes"])
    assert kinds(acme, call("old")) == ["updated"]
    assert Contact.objects.get(external_id="old").customer is None


def test_segment_and_zone_are_the_customers_and_an_unknown_zone_is_left_out_with_a_note(acme):
    known = {"customer_number": "K1", "customer_segment": " gold  plus ", "customer_time_zone": "Europe/Lisbon"}
    kinds(acme, call("1", **known))
    zones = "Europa/Lissabon", "../../etc/passwd", "Europe", "x" * 300
    batch = [call(f"Z{n}", customer_number="K1", customer_time_zone=zone) for n, zone in enumerate(zones)]
    notes = [note for outcome in ingestion.receive(acme, batch, START) for note in outcome.notes]
    assert [note[:3] for note in notes] == [("left_out", "customer_time_zone", zone) for zone in zones]
    customer = Customer.objects.get()
    assert (customer.segment, customer.time_zone) == ("gold plus", "Europe/Lisbon")


def test_no_field_of_a_contact_can_change_unseen():
    plain = call("1", email="a@example.org")
    changed = {
        **{name: "x" for name, value in plain._asdict().items() if isinstance(value, str)},
        **{name: True for name, value in plain._asdict().items() if isinstance(value, bool)},
        "is_solved": False,
        "has_consent": False,
        "wait_seconds": 0,
        "talk_seconds": 0,
        "reopened_count": 1,
        "started_at": START + dt.timedelta(microseconds=1),
        "ended_at": None,
        "told_at": START,
        "tags": ("x",),
        "attributes": {"x": None},
    }
    assert changed.keys() == set(Incoming._fields)
    hashes = {content_hash(plain._replace(**{name: value})) for name, value in changed.items()}
    assert len(hashes | {content_hash(plain)}) == len(changed) + 1


def test_the_order_of_attributes_is_no_news(acme):
    assert kinds(acme, call(attributes={"a": 1, "b": 2}), call(attributes={"b": 2, "a": 1})) == ["created", "unchanged"]


def test_an_update_never_moves_an_invitation(acme):
    kinds(acme, call(agent_name="Lena Ritter", team="Nord", reason="Vertrag", customer_number="K1", email="k@ex.org"))
    contact = Contact.objects.get()
    invitation = factories.make_invitation(acme, contact=contact, agent=contact.agent, team=contact.team)
    before = Invitation.objects.filter(pk=invitation.pk).values().get()
    kinds(acme, call(agent_name="Tom Berger", team="Süd", reason="Vertrag", customer_number="K2", email="x@ex.org"))
    assert Invitation.objects.filter(pk=invitation.pk).values().get() == before


def test_the_number_of_queries_does_not_grow_with_the_batch(acme):
    def count(batch) -> int:
        with CaptureQueriesContext(connection) as queries:
            kinds(acme, *batch)
        return len(queries)

    def batch(prefix, size, **fields):
        return [
            call(
                f"{prefix}-{n}",
                agent_name=f"Agent {prefix} {n}",
                team=f"Team {prefix} {n}",
                customer_number=f"K{prefix}{n}",
                **fields,
            )
            for n in range(size)
        ]

    assert count(batch("a", 1)) == count(batch("b", 3)) <= 16
    assert count(batch("a", 1)) == count(batch("b", 3)) <= 4
    assert count(batch("a", 1, subject="new")) == count(batch("b", 3, subject="new")) <= 9


def test_a_thousand_contacts_fit_and_one_more_is_an_error(acme):
    assert kinds(acme, *[call(f"C-{n}") for n in range(1000)]) == ["created"] * 1000
    with pytest.raises(ValueError, match="1001"):
        kinds(acme, *[call(f"C-{n}") for n in range(1001)])
    assert kinds(acme) == []


# --- Two clients ---------------------------------------------------------------------------------------------------


def test_one_number_at_two_clients_is_two_contacts_that_share_nothing(acme, globex):
    same = call(customer_number="K1", email="kim@example.org", agent_key="A1", agent_name="Lena Ritter", team="Nord")
    assert kinds(acme, same) == kinds(globex, same) == ["created"]
    for model in (Contact, Customer, Agent, Team):
        assert sorted(model.objects.values_list("client__slug", flat=True)) == ["acme", "globex"]
    for contact in Contact.objects.all():
        assert {contact.customer.client, contact.agent.client, contact.team.client} == {contact.client}


def test_an_update_at_globex_leaves_acme_alone(acme, globex):
    kinds(acme, call(subject="acme's"))
    kinds(globex, call(subject="globex's"))
    kinds(globex, call(subject="new"))
    assert Contact.objects.get(client=acme).subject == "acme's"


# --- Customers -----------------------------------------------------------------------------------------------------


def test_a_customer_is_known_by_number_else_by_mailbox(acme):
    kinds(
        acme,
        call("1", customer_number="K1", email="a@example.org"),
        call("2", customer_number="K1", email="b@example.org"),
        call("3", email="Kim@Example.org "),
        call("4", email="kim@example.ORG"),
    )
    assert sorted(Customer.objects.values_list("key", "email")) == [
        ("mail:kim@example.org", "kim@example.org"),
        ("no:K1", "b@example.org"),
    ]
    assert Contact.objects.get(external_id="3").email == "Kim@Example.org"


@pytest.mark.parametrize(
    "address",
    ["", "n/a", "unbekannt", "kunde@", "foo bar@example.com", "noreply@example.com", "MAILER-DAEMON@example.org"],
)
def test_an_address_that_nobody_reads_makes_no_customer_and_stays_as_it_came(acme, address):
    kinds(acme, call(email=f" {address} "))
    contact = Contact.objects.get()
    assert (contact.email, contact.customer) == (address, None)


def test_newer_values_refresh_a_customer_and_empty_ones_do_not(acme):
    kinds(acme, call("1", customer_number="K1", customer_name="Kim Brook", customer_phone="030 1", language="de"))
    kinds(acme, call("2", customer_number="K1", customer_name="Kim Bach", email="n/a", customer_phone="anonym"))
    customer = Customer.objects.get()
    assert (customer.name, customer.phone, customer.language, customer.email) == ("Kim Bach", "030 1", "de", "")


def test_a_customer_was_first_seen_at_the_earliest_contact(acme):
    kinds(acme, call("1", customer_number="K1"))
    kinds(acme, call("2", customer_number="K1", started_at=START - dt.timedelta(days=9)))
    kinds(acme, call("3", customer_number="K1", started_at=START, ended_at=START))
    assert Customer.objects.get().first_seen_at == START - dt.timedelta(days=9)


def test_which_addresses_are_missing_and_which_can_be_reached():
    assert [is_missing(text) for text in ("", " - ", "N/A", "unbekannt", "kunde@", "kim@example.org")] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    local = "a" * 64
    long = f"{local}@{'b' * 60}.{'c' * 60}.{'d' * 60}.org"
    assert {
        address: is_deliverable(address)
        for address in (
            "kim@example.org",
            " kim@example.org ",
            "kim+x@müller.example",
            "No-Reply@example.org",
            "donotreply@example.org",
            "postmaster@example.org",
            "kim@example",
            long + "g" * 10,
            "reply@example.org",
        )
    } == {
        "kim@example.org": True,
        " kim@example.org ": True,
        "kim+x@müller.example": True,
        "No-Reply@example.org": False,
        "donotreply@example.org": False,
        "postmaster@example.org": False,
        "kim@example": False,
        long + "g" * 10: False,
        "reply@example.org": True,
    }


# --- Agents and teams ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_three_spellings_are_one_agent_with_the_best_written_name(acme, order):
    spellings = "Tom  Berger", "tom berger ", "Tom Berger"
    for number in order:
        kinds(acme, call(str(number), agent_name=spellings[number]))
    assert list(Agent.objects.values_list("key", "name")) == [("tom berger", "Tom Berger")]
    assert Contact.objects.filter(agent=Agent.objects.get()).count() == 3


@pytest.mark.parametrize("is_one_batch", [True, False])
@pytest.mark.parametrize("keys", [("A106", ""), ("", "A106")])
def test_a_name_without_id_is_the_agent_with_that_name_whichever_comes_first(acme, keys, is_one_batch):
    calls = [call(str(n), agent_key=key, agent_name="Winter, Ole") for n, key in enumerate(keys)]
    for batch in [calls] if is_one_batch else [[one] for one in calls]:
        kinds(acme, *batch)
    assert list(Agent.objects.values_list("key", "name")) == [("A106", "Winter, Ole")]
    assert Contact.objects.filter(agent__key="A106").count() == 2


def test_of_two_agents_with_one_name_neither_is_guessed(acme):
    kinds(acme, call("1", agent_key="A1", agent_name="Anna Kaya"), call("2", agent_key="A2", agent_name="Anna Kaya"))
    kinds(acme, call("3", agent_name="Anna Kaya"))
    assert Contact.objects.get(external_id="3").agent.key == "anna kaya"


def test_a_name_corrected_by_hand_stays(acme):
    kinds(acme, call("1", agent_key="A107", agent_name="Schulz, Gra?yna"))
    Agent.objects.update(name="Schulz, Grażyna")
    kinds(acme, call("2", agent_key="A107", agent_name="Schulz, Gra?yna"))
    assert list(Agent.objects.values_list("name", flat=True)) == ["Schulz, Grażyna"]


def test_composed_and_decomposed_letters_are_one_name(acme):
    kinds(acme, call("1", agent_name="Ays\u0327e", team="Su\u0308d"), call("2", agent_name="Ayşe", team="Süd"))
    assert (Agent.objects.get().name, Team.objects.get().name) == ("Ayşe", "Süd")


# --- What is refused, what is mended -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"external_id": ""}, "missing_id", "external_id"),
        ({"external_id": "  "}, "missing_id", "external_id"),
        ({"external_id": "x" * 121}, "too_long", "external_id"),
        ({"customer_number": "x" * 65}, "too_long", "customer_number"),
        ({"subject": "a\0b"}, "unstorable", "subject"),
        ({"customer_name": "\ud800"}, "unstorable", "customer_name"),
        ({"tags": ("\0",)}, "unstorable", "tags"),
        ({"attributes": {"a": "\udfff"}}, "unstorable", "attributes"),
        ({"ended_at": None}, "no_end", "ended_at"),
        ({"ended_at": START - dt.timedelta(seconds=1)}, "ends_before_start", "ended_at"),
        ({"started_at": dt.datetime(1, 1, 1, tzinfo=dt.UTC)}, "out_of_range", "started_at"),
        ({"ended_at": dt.datetime(9999, 12, 31, tzinfo=dt.UTC)}, "out_of_range", "ended_at"),
        ({"state": "done"}, "unknown_word", "state"),
        ({"channel": "fax"}, "unknown_word", "channel"),
        ({"wait_seconds": -1}, "out_of_range", "wait_seconds"),
        ({"reopened_count": 40_000}, "out_of_range", "reopened_count"),
    ],
)
def test_what_the_database_could_not_hold_is_refused_in_words(acme, fields, code, field):
    found = refusal(acme, **fields)
    assert (found.code, found.field) == (code, field)
    assert found.message.endswith(".") and found.code in ingestion.LABELS


def test_a_refused_contact_does_not_hold_up_its_neighbours(acme):
    assert kinds(acme, call("1"), call(""), call("2")) == ["created", "refused", "created"]


def test_a_name_of_300_characters_is_shortened_with_a_note_and_loses_no_contact(acme):
    [outcome] = ingestion.receive(acme, [call(customer_number="K1", customer_name="A" * 300)], factories.NOW)
    assert [(note.code, note.field) for note in outcome.notes] == [("shortened", "customer_name")]
    assert Customer.objects.get().name == "A" * 200
    assert kinds(acme, call(customer_number="K1", customer_name="A" * 300)) == ["unchanged"]


def test_half_an_address_or_phone_number_would_be_somebody_elses_so_it_is_left_out(acme):
    fields = {"customer_number": "K1", "customer_phone": "1" * 41, "email": "a" * 250 + "@example.org"}
    [outcome] = ingestion.receive(acme, [call(**fields)], factories.NOW)
    assert sorted((note.code, note.field) for note in outcome.notes) == [
        ("left_out", "customer_phone"),
        ("left_out", "email"),
    ]
    assert (Contact.objects.get().email, Customer.objects.get().phone) == ("", "")


def test_line_breaks_in_names_and_subjects_become_blanks(acme):
    kinds(acme, call(subject="Hello\r\nBcc: x@example.org\u2028end", agent_name="Tom\nBerger"))
    contact = Contact.objects.get()
    assert (contact.subject, contact.agent.name) == ("Hello Bcc: x@example.org end", "Tom Berger")


def test_a_formula_is_stored_as_the_text_it_is(acme):
    kinds(acme, call(subject='=HYPERLINK("x")'))
    assert Contact.objects.get().subject == '=HYPERLINK("x")'


def test_a_contact_whose_source_names_no_team_belongs_to_its_agents_team(acme):
    nord = factories.make_team(acme, "Nord")
    factories.make_agent(acme, "lena ritter", team=nord)
    kinds(acme, call(agent_name="Lena Ritter"), call("C-2", agent_name="Lena Ritter", team="Süd"))
    assert list(Contact.objects.order_by("external_id").values_list("team__name", flat=True)) == ["Nord", "Süd"]
