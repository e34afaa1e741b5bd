"""`manage.py import_contacts`: messy files in, every refused row explained, and a second run changes nothing."""

import csv
import datetime as dt
import io
import multiprocessing
import os
import signal
import time
import zipfile

import openpyxl
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from surveys.ingestion import files, loading, profiles
from surveys.ingestion.ahead import made_ahead
from surveys.ingestion.files import TableError
from surveys.models import Agent, Contact, Customer, ImportProfile
from tests import factories
from tests.installation import Installation, wait_until

HELPDESK = [
    "Ticket ID",
    "Created at",
    "Solved at",
    "Status",
    "Group",
    "Assignee",
    "Requester",
    "Requester email",
    "Channel",
    "Subject",
    "Tags",
    "Priority",
    "Locale",
    "Reopens",
]
TELEPHONE = [
    "Anruf-Nr",
    "Datum",
    "Uhrzeit",
    "Skill",
    "Agent-ID",
    "Agent",
    "Rufnummer",
    "Kundennr",
    "Wartezeit (s)",
    "Gesprächszeit (min)",
    "Nachbearbeitung (s)",
    "Ergebnis",
    "Kulanz (EUR)",
    "E-Mail",
    "Einwilligung",
]


def ticket(
    number,
    *,
    created="2026-08-03T06:00:00Z",
    solved="2026-08-03T07:00:00Z",
    status="solved",
    agent="Tom Berger",
    email="kim@example.org",
    subject="Widerruf",
) -> list[str]:
    return [number, created, solved, status, "Nord", agent, "Kim Brook", email, "email", subject, "", "low", "de", "0"]


def a_call(number, date="15.09.2026", time="10:00", wait="12") -> list[str]:
    return [number, date, time, "Technik", "A1", "Çelik, Emre", "", "K7", wait, "3,5", "30", "gelöst", "", "", "ja"]


MESSY_TICKETS = [
    ticket("1"),
    ticket("2", subject='=HYPERLINK("x")'),
    ticket("3", agent=" tom  berger"),
    ticket("4", email="noreply@example.com"),
    ticket("5", email="kunde@", subject="two\nlines"),
    ticket("1"),
    ticket("3", solved="", status="open"),
    ticket("6", created="03/08/2026 14:00"),
    ticket("7", solved="2026-02-30T10:00:00Z"),
    ticket("8", solved="2019-01-01T00:00:00Z"),
    ticket(""),
    ticket("2", subject="late but broken", status="?"),
    [*ticket("9"), "too", "many"],
    ticket("10")[:3],
]
MESSY_CALLS = [
    a_call("C-1"),
    a_call("C-2", date="25.10.2026", time="02:30"),
    a_call("C-3", date="29.03.2026", time="02:30"),
    a_call("C-4", date="31.09.2026"),
    a_call("C-5", wait="minus"),
]


def write(path, rows, *, delimiter=",", encoding="utf-8-sig"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


@pytest.fixture
def tickets(tmp_path):
    return write(tmp_path / "tickets.csv", [HELPDESK, *MESSY_TICKETS])


@pytest.fixture
def calls(tmp_path):
    return write(tmp_path / "calls.csv", [TELEPHONE, *MESSY_CALLS], delimiter=";", encoding="cp1252")


def run(client, path, **options) -> str:
    out = io.StringIO()
    call_command("import_contacts", client.slug, str(path), stdout=out, **options)
    return out.getvalue()


def load(client, path, name="helpdesk", **options) -> loading.Report:
    job = loading.FileImport(client, path, profiles.Profile(name, profiles.available(client)[name], client))
    return job.run(factories.NOW, **options)


def everything() -> list:
    return [list(model.objects.order_by("pk").values()) for model in (Contact, Customer, Agent)]


# --- Messy files ---------------------------------------------------------------------------------------------------


def test_a_messy_file_brings_what_is_good_and_explains_the_rest(acme, tickets):
    refusals = []
    report = load(acme, tickets, on_refusal=refusals.append)
    assert (report.rows, report.created, report.updated, report.unchanged, report.replaced) == (14, 5, 0, 0, 2)
    # The row with a line break in its subject takes two lines of the file.
    assert sorted((each.line, each.column, each.value, each.code) for each in refusals) == [
        (10, "Created at", "03/08/2026 14:00", "no_time"),
        (11, "Solved at", "2026-02-30T10:00:00Z", "no_such_day"),
        (12, "Solved at", "2019-01-01 00:00+00:00", "ends_before_start"),
        (13, "Ticket ID", "", "missing_id"),
        (14, "Status", "?", "unknown_word"),
        (15, "", "too,many", "too_many_cells"),
        (16, "", "", "too_few_cells"),
    ]
    assert list(Contact.objects.order_by("external_id").values_list("external_id", "state", "subject", "email")) == [
        ("1", "finished", "Widerruf", "kim@example.org"),
        ("2", "finished", '=HYPERLINK("x")', "kim@example.org"),
        ("3", "open", "Widerruf", "kim@example.org"),
        ("4", "finished", "Widerruf", "noreply@example.com"),
        ("5", "finished", "two lines", "kunde@"),
    ]
    assert list(Agent.objects.values_list("name", flat=True)) == ["Tom Berger"]
    assert list(Customer.objects.values_list("key", flat=True)) == ["mail:kim@example.org"]


def test_a_file_of_calls_has_hours_that_do_not_exist_and_hours_that_exist_twice(acme, calls):
    report = load(acme, calls, "telephone")
    assert (report.rows, report.created, dict(report.notes)) == (5, 2, {"hour_twice": 1})
    assert dict(report.refused) == {"no_such_hour": 1, "no_such_day": 1, "not_a_number": 1}
    assert Contact.objects.get(external_id="C-2").ended_at == dt.datetime(2026, 10, 25, 0, 33, 30, tzinfo=dt.UTC)


def test_a_second_run_changes_nothing(acme, tickets):
    load(acme, tickets)
    before = everything()
    report = load(acme, tickets)
    assert (report.created, report.updated, report.unchanged, report.replaced) == (0, 0, 5, 2)
    assert everything() == before


def test_of_rows_with_one_number_the_last_valid_one_counts_even_many_batches_apart(acme, tmp_path):
    between = [ticket(f"x{n}") for n in range(2500)]
    rows = [ticket("1", subject="first"), *between, ticket("1", subject="last"), ticket("1", subject="no", status="?")]
    report = load(acme, write(tmp_path / "file.csv", [HELPDESK, *rows]))
    assert (report.rows, report.created, report.replaced, report.refused.total()) == (2503, 2501, 1, 1)
    assert Contact.objects.get(external_id="1").subject == "last"


def test_an_import_that_dies_halfway_is_finished_by_the_next_one(acme, tmp_path):
    rows = [ticket(str(n)) for n in range(2500)]
    path = write(tmp_path / "file.csv", [HELPDESK, *rows])

    def die(count, seen=[]) -> None:  # noqa: B006 - the list is the counter
        seen.append(count)
        if len(seen) == 1700:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(acme, path, on_rows=die)
    assert Contact.objects.count() == 1000
    report = load(acme, path)
    assert (report.created, report.unchanged, Contact.objects.count()) == (1500, 1000, 2500)


BROKEN = 7_321  # of 10,000 rows; the header is line 1


@pytest.fixture
def ten_thousand(tmp_path):
    """10,000 tickets, one of them broken; every hundredth row is an older word on the ticket after it."""
    rows = [ticket(str(n), email=f"customer{n % 3000}@example.org") for n in range(10_000)]
    rows[BROKEN - 1] = ticket("7320", status="<script>alert(1)</script>")
    rows[99::100] = [ticket(row[0], subject="older", email=row[7]) for row in rows[100::100]] + [rows[-1]]
    return write(tmp_path / "file.csv", [HELPDESK, *rows])


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one process; a second needs a server")
def test_an_import_killed_at_half_time_is_finished_by_the_next_without_a_double(ten_thousand, tmp_path):
    client = factories.make_client()
    installation = Installation(tmp_path, smtp_port=9)
    process = installation.start("manage", "import_contacts", client.slug, str(ten_thousand), LOG_LEVEL="ERROR")
    while (count := Contact.objects.count()) < 5_000:
        assert process.poll() is None, (tmp_path / "0.log").read_text()
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    wait_until(lambda: not is_alive(process.pid), 10)  # the process that read ahead has gone with it
    assert 5_000 <= count <= Contact.objects.count() < 9_899

    said = run(client, ten_thousand, rejects=tmp_path / "rejects.csv")
    found = dict(reversed(line.split(maxsplit=1)) for line in said.splitlines() if line.startswith("   "))
    assert (found["rows"], found["replaced by a later row of the file"], found["refused"]) == ("10,000", "99", "1")
    assert int(found["created"].replace(",", "")) + int(found["unchanged"].replace(",", "")) == 9_900
    assert "line 7322, Status: “<script>alert(1)</script>” – The profile does not know this word." in said
    assert Contact.objects.count() == Contact.objects.values("external_id").distinct().count() == 9_900
    assert Customer.objects.count() == Customer.objects.values("key").distinct().count() == 2_971
    assert not Contact.objects.filter(subject="older").exists()
    before = everything()
    assert load(client, ten_thousand).unchanged == 9_900
    assert everything() == before


def test_of_rows_with_one_number_the_one_told_last_counts_where_they_say_when(acme, tmp_path):
    rules = {**profiles.shipped()["helpdesk"]}
    rules["columns"] = {**rules["columns"], "told_at": "Updated at"}
    ImportProfile.objects.create(client=acme, name="dated", rules=rules)
    words = [("first", 1), ("newest", 3), ("older", 2), ("undated", None), ("oldest", 0)]
    rows = [[*ticket("1", subject=text), f"2026-08-04T0{hour}:00Z" if hour is not None else ""] for text, hour in words]
    report = load(acme, write(tmp_path / "a.csv", [[*HELPDESK, "Updated at"], *rows]), "dated")
    assert (report.created, report.replaced, report.outdated) == (1, 2, 2)
    assert Contact.objects.get().subject == "undated"
    report = load(acme, write(tmp_path / "b.csv", [[*HELPDESK, "Updated at"], rows[1]]), "dated")
    assert (report.updated, Contact.objects.get().subject) == (1, "newest")
    report = load(acme, write(tmp_path / "c.csv", [[*HELPDESK, "Updated at"], rows[2]]), "dated")
    assert (report.outdated, Contact.objects.get().subject) == (1, "newest")


def test_what_is_taken_for_a_repeat_by_mistake_is_imported_like_any_other(acme, tmp_path, monkeypatch):
    monkeypatch.setattr(loading._Sieve, "_BITS", 8)
    path = write(tmp_path / "file.csv", [HELPDESK, *[ticket(str(n), subject=str(n)) for n in range(1200)]])
    assert load(acme, path).created == 1200
    assert load(acme, path).unchanged == 1200
    assert Contact.objects.filter(subject=F("external_id")).count() == 1200


def test_the_sieve_misses_no_repeat_and_rarely_sees_one_where_there_is_none():
    sieve = loading._Sieve()
    assert sum(sieve.has_seen(f"T-{n}") for n in range(50_000)) <= 3
    assert all(sieve.has_seen(f"T-{n}") for n in range(50_000))


def test_an_error_in_the_process_that_reads_ahead_is_raised_here():
    def numbers():
        yield 1
        raise TableError("cut short")

    ahead = made_ahead(numbers())
    assert next(ahead) == 1
    with pytest.raises(TableError, match="cut short"):
        next(ahead)


def test_leaving_early_ends_the_process_that_reads_ahead():
    before = set(multiprocessing.active_children())
    ahead = made_ahead(iter(range(10**9)))
    assert next(ahead) == 0
    [reader] = set(multiprocessing.active_children()) - before
    ahead.close()
    assert not reader.is_alive()


def test_a_new_agent_or_a_reopening_updates_the_contact(acme, tmp_path):
    load(acme, write(tmp_path / "a.csv", [HELPDESK, ticket("1")]))
    reopened = ticket("1", agent="Lena Ritter", status="open", solved="")
    report = load(acme, write(tmp_path / "b.csv", [HELPDESK, reopened]))
    contact = Contact.objects.get()
    assert (report.updated, contact.agent.name, contact.state) == (1, "Lena Ritter", "open")


def test_the_same_file_at_two_clients_makes_two_sets_of_contacts(acme, globex, tickets):
    assert load(acme, tickets).created == load(globex, tickets).created == 5
    assert Contact.objects.filter(client=globex, customer__client=acme).count() == 0


# --- XLSX ----------------------------------------------------------------------------------------------------------


def test_xlsx_dates_numbers_and_formulas_arrive_as_a_person_sees_them(acme, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(TELEPHONE)
    row = a_call(100000, dt.date(2026, 9, 15), dt.time(10, 0), 12)
    row[9] = 3.5
    sheet.append(row)
    sheet.append([])
    sheet.append([None if cell == "" else cell for cell in a_call("C-2", date="15.09.2026", time="=1+1")])
    book.save(tmp_path / "calls.xlsx")
    refusals = []
    report = load(acme, tmp_path / "calls.xlsx", "telephone", on_refusal=refusals.append)
    assert (report.rows, report.created) == (2, 1)
    contact = Contact.objects.get()
    assert (contact.external_id, contact.talk_seconds) == ("100000", 210)
    assert contact.started_at == dt.datetime(2026, 9, 15, 8, 0, tzinfo=dt.UTC)
    assert [(each.line, each.value) for each in refusals] == [(4, "15.09.2026 =1+1")]


def test_an_xlsx_bomb_is_refused_unopened(tmp_path, monkeypatch):
    path = tmp_path / "bomb.xlsx"
    monkeypatch.setattr(files, "MOST_UNPACKED", 1_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    with pytest.raises(TableError, match="2 MB; 1 MB are possible"):
        list(files.rows(path, "utf-8", ","))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 no archive", "no readable XLSX"),
        (b"\xd0\xcf\x11\xe0 old", "old Excel"),
        (b"a,b\n" + b"x" * 2_000_000, "field larger than field limit|more than 1000000 characters"),
        (b"x," * 100_000, "100001 columns"),
        ("Gespräch".encode("cp1252"), "not in utf-8"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, content, message):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=message):
        list(files.rows(path, "utf-8", ","))


def test_a_byte_order_mark_beats_the_profiles_encoding(tmp_path):
    path = write(tmp_path / "file.csv", [["ä"]])
    assert [row.cells for row in files.rows(path, "cp1252", ",")] == [["ä"]]


# --- The command ---------------------------------------------------------------------------------------------------


def test_the_command_guesses_the_profile_and_sums_up(acme, tickets):
    said = run(acme, tickets)
    assert said.startswith("tickets.csv: profile helpdesk\n")
    assert "line 11, Solved at: “2026-02-30T10:00:00Z” – This day does not exist. Correct the date.\n" in said
    summary = [line.split(maxsplit=1) for line in said.splitlines() if line.startswith("   ")]
    assert summary[:7] == [
        ["14", "rows"],
        ["5", "created"],
        ["0", "updated"],
        ["0", "unchanged"],
        ["0", "older than what is known"],
        ["2", "replaced by a later row of the file"],
        ["7", "refused"],
    ]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(acme, tickets):
    said = run(acme, tickets, dry_run=True)
    assert "Dry run: nothing was written." in said and "         5  created\n" in said
    assert everything() == [[], [], []]


def test_only_the_first_refused_rows_are_shown_and_all_are_written(acme, tmp_path):
    path = write(tmp_path / "file.csv", [HELPDESK, *[ticket("") for _ in range(30)]])
    said = run(acme, path, rejects=tmp_path / "rejects.csv")
    assert said.count("\nline ") == 20
    assert len((tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()) == 31


def test_mended_rejects_can_be_imported_as_they_are(acme, tmp_path):
    formula = '=HYPERLINK("x")'
    path = write(tmp_path / "file.csv", [HELPDESK, ticket("1", subject=formula, status="?"), ticket("@2", status="?")])
    run(acme, path, rejects=tmp_path / "rejects.csv")
    text = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")
    [header, first, second] = csv.reader(io.StringIO(text))
    assert header[:4] == ["Refused: line", "Refused: column", "Refused: value", "Refused: reason"]
    assert first[:3] == ["2", "Status", "?"] and f"'{formula}" in first and "'@2" in second
    (tmp_path / "mended.csv").write_text(text.replace(",?,", ",solved,"), encoding="utf-8-sig")
    run(acme, tmp_path / "mended.csv")
    assert list(Contact.objects.order_by("external_id").values_list("external_id", "subject")) == [
        ("1", formula),
        ("@2", "Widerruf"),
    ]


@pytest.mark.parametrize("cell", ["=1", "+49 89", "-5", "@x", "\tx", "\rx", "＝1", "'=1", "''-", "plain", "'plain", ""])
def test_escaping_runs_no_formula_and_reading_gives_back_the_original(tmp_path, cell):
    assert files.escape(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r", "＝")
    path = write(tmp_path / "file.csv", [["head", files.escape(cell)]])
    assert [row.cells for row in files.rows(path, "utf-8", ",")] == [["head", cell]]


def test_each_mistake_in_calling_has_an_answer(acme, tickets, tmp_path):
    other = write(tmp_path / "other.csv", [["Name", "Age"], ["Kim", "4"]])
    empty = write(tmp_path / "empty.csv", [])
    for arguments, answer in (
        (["nobody", str(tickets)], "There is no client “nobody”. There are: acme"),
        (["acme", "missing.csv"], "There is no file missing.csv."),
        (["acme", str(tickets), "--profile", "x"], "There is no profile “x”. There are: helpdesk, telephone"),
        (["acme", str(tickets), "--profile", "telephone"], "The profile telephone needs these columns"),
        (["acme", str(other)], "No profile fits this file."),
        (["acme", str(empty)], "The file is empty."),
    ):
        with pytest.raises(CommandError, match=answer):
            call_command("import_contacts", *arguments, stdout=io.StringIO())
    assert Contact.objects.count() == 0


def test_a_file_in_the_wrong_encoding_writes_nothing_even_if_the_fault_comes_late(acme, tmp_path):
    rows = [HELPDESK, *[ticket(str(n)) for n in range(1500)]]
    path = write(tmp_path / "file.csv", rows, encoding="utf-8")
    path.write_bytes(path.read_bytes() + "Grüße".encode("cp1252"))
    with pytest.raises(CommandError, match="not in utf-8"):
        run(acme, path, profile="helpdesk")
    assert Contact.objects.count() == 0


def test_a_broken_profile_of_the_client_is_named_when_it_is_used(acme, tickets):
    ImportProfile.objects.create(client=acme, name="mine", rules={"source": "x"})
    with pytest.raises(CommandError, match="“columns” is missing"):
        run(acme, tickets, profile="mine")
    assert "profile helpdesk" in run(acme, tickets)


def test_control_characters_do_not_reach_the_terminal(acme, tmp_path):
    said = run(acme, write(tmp_path / "file.csv", [HELPDESK, ticket("1", status="\x1b[31m\x07red")]))
    assert "“�[31m�red”" in said and "\x1b" not in said


# --- The real exports ----------------------------------------------------------------------------------------------

EXPORTS = settings.BASE_DIR.parent / "shared" / "data" / "contacts"


@pytest.mark.skipif(not EXPORTS.exists(), reason="the two real exports are not on this machine")
def test_both_real_exports_load_twice(acme):
    for name, refused, notes in (
        (
            "helpdesk_tickets.csv",
            {"no_time": 1, "no_such_day": 1, "ends_before_start": 1, "missing_id": 1},
            {"shortened": 1},
        ),
        (
            "telephone_calls.csv",
            {"no_such_hour": 1, "no_such_day": 1, "too_many_cells": 1, "too_few_cells": 1},
            {"hour_twice": 1},
        ),
    ):
        profile = loading.guess(acme, EXPORTS / name)
        first = loading.FileImport(acme, EXPORTS / name, profile).run(factories.NOW)
        second = loading.FileImport(acme, EXPORTS / name, profile).run(factories.NOW)
        assert (first.created, dict(first.refused), dict(first.notes)) == (5001, refused, notes)
        assert (second.created, second.updated, second.unchanged) == (0, 0, 5001)
    # 12 people at the help desk (three spellings of one, System and Bot are none), 14 on the telephone.
    assert (Contact.objects.count(), Agent.objects.count()) == (10_002, 26)
