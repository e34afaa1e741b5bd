"""Import profiles: what a row of a source's file means, and which rules cannot be understood."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from surveys.ingestion import Refused
from surveys.ingestion.files import Row, TableError
from surveys.ingestion.profiles import Profile, available, shipped, validate
from surveys.models import ImportProfile

TICKET = {
    "Ticket ID": "100000",
    "Created at": "2026-08-03T06:08:00Z",
    "Solved at": "2026-08-04T06:24:39Z",
    "Status": "solved",
    "Group": "2nd Level",
    "Assignee": "Ayşe Demir",
    "Requester": "Isla Fitzgerald",
    "Requester email": "isla@example.com",
    "Channel": "chat",
    "Subject": "Widerruf",
    "Tags": "",
    "Priority": "normal",
    "Locale": "de-AT",
    "Reopens": "0",
}
CALL = {
    "Anruf-Nr": "C-1",
    "Datum": "01.09.2026",
    "Uhrzeit": "08:07",
    "Skill": "Rechnung",
    "Agent-ID": "A109",
    "Agent": "Baumann, Rolf",
    "Rufnummer": "anonym",
    "Kundennr": "K002019",
    "Wartezeit (s)": "15",
    "Gesprächszeit (min)": "7,5",
    "Nachbearbeitung (s)": "204",
    "Ergebnis": "gelöst",
    "Kulanz (EUR)": "",
    "E-Mail": "piotr@example.org",
    "Einwilligung": "ja",
}
RULES = {
    "source": "x",
    "columns": {"external_id": "Id", "started_at": "Start", "ended_at": "End", "status": "Status"},
    "statuses": {"done": {"state": "finished"}},
}


def read(client, name, base, **cells):
    """One row of a shipped profile; `cells` replace those of the base by column name. Contact and note codes."""
    row = {**base, **{column.replace("__", " "): value for column, value in cells.items()}}
    profile = Profile(name, shipped()[name], client)
    profile.bind(list(row))
    incoming, notes = profile.read(Row(2, list(row.values())))
    return incoming, [note.code for note in notes]


def ticket(client, **cells):
    return read(client, "helpdesk", TICKET, **cells)[0]


def a_call(client, **cells):
    return read(client, "telephone", CALL, **cells)[0]


def refused(reader, client, **cells):
    with pytest.raises(Refused) as caught:
        reader(client, **cells)
    return caught.value.finding.code, caught.value.finding.field


def utc(*parts) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


# --- Help desk -----------------------------------------------------------------------------------------------------


def test_a_ticket_is_read_in_our_words(acme):
    incoming = ticket(acme, Tags="goodwill spam;internal_test,vip", Channel="whatsapp", Reopens="2")
    assert incoming._asdict() == {
        "source": "helpdesk",
        "external_id": "100000",
        "state": "finished",
        "started_at": utc(2026, 8, 3, 6, 8),
        "ended_at": utc(2026, 8, 4, 6, 24, 39),
        "email": "isla@example.com",
        "customer_number": "",
        "customer_name": "Isla Fitzgerald",
        "customer_phone": "",
        "customer_segment": "",
        "customer_time_zone": "",
        "language": "de-AT",
        "agent_key": "",
        "agent_name": "Ayşe Demir",
        "team": "2nd Level",
        "channel": "messenger",
        "reason": "",
        "subject": "Widerruf",
        "is_solved": True,
        "wait_seconds": None,
        "talk_seconds": None,
        "reopened_count": 2,
        "is_transferred": False,
        "is_goodwill": True,
        "is_agent_initiated": False,
        "is_spam": True,
        "is_test": True,
        "has_consent": None,
        "tags": ("goodwill", "spam", "internal_test", "vip"),
        "attributes": {"priority": "normal"},
        "told_at": None,
    }


def test_only_solved_and_closed_tickets_are_finished(acme):
    states = {word: ticket(acme, Status=word).state for word in ("solved", "closed", "open", "pending", "deleted")}
    assert states == {
        "solved": "finished",
        "closed": "finished",
        "open": "open",
        "pending": "open",
        "deleted": "discarded",
    }


def test_channel_words_become_ours_and_an_unknown_one_is_noted(acme):
    words = "email", "web", "chat", "whatsapp", "api", "", "phone", "Fax"
    assert [read(acme, "helpdesk", TICKET, Channel=word)[0].channel for word in words] == [
        "email",
        "web",
        "chat",
        "messenger",
        "other",
        "other",
        "phone",
        "other",
    ]
    assert [read(acme, "helpdesk", TICKET, Channel=word)[1] for word in ("api", "Fax")] == [[], ["unknown_channel"]]


def test_system_and_bot_are_no_agents(acme):
    assert [ticket(acme, Assignee=name).agent_name for name in ("System", " bot ", "", "Botho Rau")] == [
        "",
        "",
        "",
        "Botho Rau",
    ]


def test_an_unreadable_time_and_an_impossible_day_are_told_apart(acme):
    assert refused(ticket, acme, Created__at="03/08/2026 14:00") == ("no_time", "started_at")
    assert refused(ticket, acme, Created__at="") == ("no_time", "started_at")
    assert refused(ticket, acme, Solved__at="2026-02-30T10:00:00Z") == ("no_such_day", "ended_at")


def test_an_unknown_status_is_refused_rather_than_guessed(acme):
    assert refused(ticket, acme, Status="solvd") == ("unknown_word", "status")


def test_a_count_that_is_no_number_is_refused(acme):
    assert refused(ticket, acme, Reopens="twice") == ("not_a_number", "reopened_count")


# --- Telephone -----------------------------------------------------------------------------------------------------


def test_a_call_is_read_in_our_words_and_ends_after_the_talk(acme):
    incoming = a_call(acme, **{"Kulanz (EUR)": "1.049,90"})
    assert incoming._asdict() == {
        "source": "telephone",
        "external_id": "C-1",
        "state": "finished",
        "started_at": utc(2026, 9, 1, 6, 7),
        "ended_at": utc(2026, 9, 1, 6, 14, 30),
        "email": "piotr@example.org",
        "customer_number": "K002019",
        "customer_name": "",
        "customer_phone": "anonym",
        "customer_segment": "",
        "customer_time_zone": "",
        "language": "",
        "agent_key": "A109",
        "agent_name": "Baumann, Rolf",
        "team": "",
        "channel": "phone",
        "reason": "Rechnung",
        "subject": "",
        "is_solved": True,
        "wait_seconds": 15,
        "talk_seconds": 450,
        "reopened_count": 0,
        "is_transferred": False,
        "is_goodwill": True,
        "is_agent_initiated": False,
        "is_spam": False,
        "is_test": False,
        "has_consent": True,
        "tags": (),
        "attributes": {"after_call_seconds": "204", "goodwill_eur": "1.049,90"},
        "told_at": None,
    }


def test_each_outcome_of_a_call_has_its_meaning(acme):
    meaning = {
        word: (incoming.state, incoming.is_solved, incoming.is_transferred)
        for word in ("gelöst", "offen", "Rückruf vereinbart", "weitergeleitet", "aufgelegt", "falsch verbunden", "")
        for incoming in [a_call(acme, Ergebnis=word)]
    }
    assert meaning == {
        "gelöst": ("finished", True, False),
        "offen": ("finished", False, False),
        "Rückruf vereinbart": ("finished", None, False),
        "weitergeleitet": ("finished", None, True),
        "aufgelegt": ("discarded", None, False),
        "falsch verbunden": ("discarded", None, False),
        "": ("discarded", None, False),
    }


def test_consent_is_yes_no_or_unknown_and_never_guessed(acme):
    assert [a_call(acme, Einwilligung=word).has_consent for word in ("ja", "Nein", "")] == [True, False, None]
    assert refused(a_call, acme, Einwilligung="widerrufen") == ("unknown_word", "has_consent")


def test_the_hour_that_does_not_exist_is_refused(acme):
    assert refused(a_call, acme, Datum="29.03.2026", Uhrzeit="02:30") == ("no_such_hour", "started_at")
    assert a_call(acme, Datum="29.03.2026", Uhrzeit="03:00").started_at == utc(2026, 3, 29, 1, 0)


def test_the_hour_that_exists_twice_is_taken_as_the_first_one_and_noted(acme):
    incoming, notes = read(acme, "telephone", CALL, Datum="25.10.2026", Uhrzeit="02:30")
    assert (incoming.started_at, notes) == (utc(2026, 10, 25, 0, 30), ["hour_twice"])
    assert read(acme, "telephone", CALL, Datum="25.10.2026", Uhrzeit="03:00")[1] == []


def test_local_times_are_read_in_the_clients_zone(acme):
    acme.time_zone = "Europe/London"
    assert a_call(acme).started_at == utc(2026, 9, 1, 7, 7)


def test_31_september_does_not_exist(acme):
    assert refused(a_call, acme, Datum="31.09.2026") == ("no_such_day", "started_at")


@pytest.mark.parametrize("wait", ["minus", "1.5", "1,5,0", "½"])
def test_a_wait_that_is_no_number_is_refused(acme, wait):
    assert refused(a_call, acme, **{"Wartezeit (s)": wait}) == ("not_a_number", "wait_seconds")


def test_no_talk_time_means_no_end(acme):
    incoming = a_call(acme, **{"Gesprächszeit (min)": ""})
    assert (incoming.talk_seconds, incoming.ended_at) == (None, None)


def test_a_file_may_say_who_began_as_of_when_and_where_the_customer_lives(acme):
    columns = {"direction": "Dir", "told_at": ["Day", "Hour"], "customer_segment": "Seg", "customer_time_zone": "Zone"}
    rules = {**RULES, "directions": {"Out": True, "in": False}, "columns": {**RULES["columns"], **columns}}
    profile = Profile("x", rules, acme)
    profile.bind(["Id", "Start", "End", "Status", "Dir", "Day", "Hour", "Seg", "Zone"])
    told = []
    for word in ("OUT ", "in", "", "sideways"):
        cells = [
            "7",
            "2026-08-03T14:00Z",
            "2026-08-03T14:10Z",
            "done",
            word,
            "2026-08-04",
            "09:30",
            "gold",
            "Asia/Tokyo",
        ]
        incoming, notes = profile.read(Row(2, cells))
        told.append((incoming.is_agent_initiated, [(note.code, note.value) for note in notes]))
    assert told == [(True, []), (False, []), (False, []), (False, [("unknown_direction", "sideways")])]
    assert (incoming.told_at, incoming.customer_segment) == (utc(2026, 8, 4, 7, 30), "gold")
    assert incoming.customer_time_zone == "Asia/Tokyo"
    assert profile.column_of("is_agent_initiated") == "Dir"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"])
def test_a_time_that_means_never_is_out_of_range_and_no_crash(acme, text):
    profile = Profile("x", RULES, acme)
    profile.bind(["Id", "Start", "End", "Status"])
    with pytest.raises(Refused) as caught:
        profile.read(Row(2, ["7", text, "", "done"]))
    assert (caught.value.finding.code, caught.value.finding.field) == ("out_of_range", "started_at")


# --- Columns -------------------------------------------------------------------------------------------------------


def test_a_row_with_too_many_or_too_few_cells_is_refused_with_both_counts(acme):
    profile = Profile("x", RULES, acme)
    profile.bind(["Id", "Start", "End", "Status"])
    for cells, code, count in ((["1"] * 6, "too_many_cells", "6"), (["1"] * 2, "too_few_cells", "2")):
        with pytest.raises(Refused) as caught:
            profile.read(Row(2, cells))
        assert caught.value.finding.code == code
        assert count in caught.value.finding.message and "4" in caught.value.finding.message


@pytest.mark.parametrize("header", [["Id", "Start", "End"], ["Id", "Start", "End", "Status", "Status"]])
def test_a_column_that_is_missing_or_there_twice_is_named(acme, header):
    with pytest.raises(TableError, match="once each: Status"):
        Profile("x", RULES, acme).bind(header)


def test_columns_may_stand_in_any_order_among_others(acme):
    profile = Profile("x", RULES, acme)
    profile.bind(["More", " Status ", "End", "Start", "Id"])
    incoming, _notes = profile.read(Row(2, ["?", "done", "2026-08-03T14:10Z", "2026-08-03T16:00+02:00", "7"]))
    assert (incoming.external_id, incoming.started_at, incoming.ended_at) == (
        "7",
        utc(2026, 8, 3, 14),
        utc(2026, 8, 3, 14, 10),
    )


# --- Rules ---------------------------------------------------------------------------------------------------------


def test_the_shipped_profiles_are_valid():
    assert sorted(shipped()) == ["helpdesk", "telephone"]
    for rules in shipped().values():
        validate(rules)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colums": {}}, "colums"),
        ({"source": ""}, "source"),
        ({"statuses": {}}, "statuses"),
        ({"columns": {"started_at": "S", "ended_at": "E", "status": "T"}}, "external_id"),
        ({"columns": {"external_id": "I", "started_at": "S", "status": "T"}}, "ended_at"),
        ({"columns": {**RULES["columns"], "nickname": "N"}}, "nickname"),
        ({"columns": {**RULES["columns"], "email": ["A", "B"]}}, "email"),
        ({"columns": ["Id"]}, "columns"),
        ({"end_after": ["talk_seconds"]}, "end_after"),
        ({"statuses": {"done": {"state": "over"}}}, "done"),
        ({"statuses": {"done": {"state": "finished", "is_spam": True}}}, "done"),
        ({"tags": {"vip": "is_vip"}}, "is_vip"),
        ({"tags": {"vip": ["is_spam"]}}, "is_spam"),
        ({"channels": {"fax": "fax"}}, "fax"),
        ({"consent": {"ja": "yes"}}, "consent"),
        ({"directions": {"out": "yes"}}, "directions"),
        ({"columns": {**RULES["columns"], "direction": "Dir"}}, "directions"),
        ({"constants": {"reason": "x"}}, "reason"),
        ({"minutes": ["reopened_count"]}, "reopened_count"),
        ({"encoding": "latin-99"}, "latin-99"),
        ({"delimiter": "::"}, "delimiter"),
        ({"zone": "Berlin"}, "Berlin"),
    ],
)
def test_rules_that_cannot_be_understood_are_refused_by_name(change, named):
    with pytest.raises(ValidationError) as caught:
        validate({**RULES, **change})
    assert len(caught.value.messages) == 1 and named in caught.value.messages[0]


@pytest.mark.parametrize("rules", [None, [], "x"])
def test_rules_that_are_no_table_are_refused(rules):
    with pytest.raises(ValidationError):
        validate(rules)


def test_a_clients_own_profile_of_the_same_name_wins_for_that_client_only(acme, globex):
    ImportProfile.objects.create(client=acme, name="helpdesk", rules=RULES)
    assert available(acme)["helpdesk"] == RULES
    assert available(globex)["helpdesk"] == shipped()["helpdesk"]
