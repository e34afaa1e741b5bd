"""The client's own counts come by file or API, are stored once, and nothing of them is guessed."""

import datetime as dt
import json

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation
from openpyxl import Workbook

from surveys import reported
from surveys.models import ApiKey, ReportedCount
from tests.conftest import NOW

TODAY = dt.date(2026, 11, 10)


@pytest.fixture
def write(tmp_path):
    def write(text, name="counts.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def stored():
    rows = ReportedCount.objects.order_by("client", "day", "queue", "source")
    return [(str(row.day), row.queue, row.source, row.contacts) for row in rows]


# --- Files -----------------------------------------------------------------------------------------------------------


def test_a_german_file_reads_as_an_english_one(write):
    german = write("Datum;Warteschlange;Anzahl\n31.10.2026;Störung;412\n", "de.csv", "cp1252")
    english = write("day,queue,contacts\n2026-10-31,Störung,412\n", "en.csv")
    assert reported.read(german, "acd", TODAY) == reported.read(english, "acd", TODAY)
    assert reported.read(german, "acd", TODAY).counts == (reported.Count(dt.date(2026, 10, 31), "Störung", "acd", 412),)


def test_a_spreadsheet_reads_with_its_dates_and_numbers(tmp_path):
    book = Workbook()
    for row in (("Tag", "Kanal", "Kontakte", "Quelle"), (dt.datetime(2026, 10, 31), "phone", 412.0, "bi")):
        book.active.append(row)
    book.save(tmp_path / "counts.xlsx")
    found = reported.read(tmp_path / "counts.xlsx", "acd", TODAY)
    assert found == reported.Table((reported.Count(dt.date(2026, 10, 31), "phone", "bi", 412),), ())


def test_every_wrong_row_is_named_with_its_line_and_column(write):
    path = write(
        "day,queue,contacts\n2026-02-30,a,1\n2026-11-11,a,1\n2026-11-09,a,1.234\n2026-11-09,a,7\n2026-11-09,a,8\n"
    )
    found = reported.read(path, "acd", TODAY)
    assert [(fault.line, fault.column) for fault in found.faults] == [(2, "day"), (3, "day"), (4, "contacts"), (6, "")]
    with translation.override("de"):
        assert "Tag" in reported.read(path, "acd", TODAY).faults[0].message


@pytest.mark.parametrize("text", ["", "day,contacts\n", "name,number\nx,1\n"])
def test_a_file_without_counts_says_so(write, text):
    found = reported.read(write(text), "acd", TODAY)
    assert (len(found.counts), [fault.line for fault in found.faults]) == (0, [0])


# --- Stored ----------------------------------------------------------------------------------------------------------


def test_the_last_word_counts_and_the_same_changes_nothing(acme, analyst):
    day = dt.date(2026, 11, 9)
    first, second = (reported.Count(day, "phone", "acd", number) for number in (400, 412))
    results = [reported.take(acme, [count], NOW, analyst).results[count.key] for count in (first, first, second)]
    assert results == ["created", "unchanged", "updated"]
    assert stored() == [("2026-11-09", "phone", "acd", 412)]


def test_the_command_takes_a_file_whole_or_not_at_all(acme, write):
    wrong = write("day,contacts\n2025-10-15,5\n2025-10-16,five\n")
    with pytest.raises(CommandError, match="Line 3, contacts"):
        call_command("import_counts", "acme", wrong)
    assert stored() == []
    call_command("import_counts", "acme", write("day,contacts\n2025-10-15,5\n"), "--source", "bi")
    assert stored() == [("2025-10-15", "", "bi", 5)]
    with pytest.raises(CommandError):
        call_command("import_counts", "nobody", wrong)


# --- The API ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def send(client, acme):
    key = ApiKey.objects.create_key(client=acme, name="test")[1]

    def send(body, **headers):
        headers = {"Authorization": f"Api-Key {key}", "Accept-Language": "en", **headers}
        with time_machine.travel(NOW, tick=False):
            return client.post(
                reverse("api-reported-counts"), json.dumps(body), content_type="application/json", headers=headers
            )

    return send


COUNT = {"day": "2026-11-09", "queue": "phone", "source": "acd", "contacts": 412}


def test_a_count_is_taken_once_however_often_it_is_sent(send):
    assert [send(COUNT).json()["result"] for _time in range(3)] == ["created", "unchanged", "unchanged"]
    assert (send(COUNT | {"contacts": 5}).status_code, send([COUNT, COUNT]).status_code) == (200, 200)
    assert stored() == [("2026-11-09", "phone", "acd", 412)]


def test_a_refused_count_says_why_and_the_others_are_taken(send):
    wrong = [
        {"day": "morgen", "contacts": 1},
        {"day": "2026-11-09"},
        {**COUNT, "contacts": -1},
        {**COUNT, "client": 7},
        3,
    ]
    reply = send([COUNT, *wrong])
    assert reply.status_code == 207
    assert [result["result"] for result in reply.json()] == ["created", *["refused"] * 5]
    told = [[error["field"] for error in result["errors"]] for result in reply.json()[1:]]
    assert told == [["day"], ["contacts"], ["contacts"], ["client"], [""]]
    assert send(wrong).status_code == 400


def test_the_key_alone_says_whose_counts_they_are(send, client, acme, globex):
    send(COUNT)
    assert set(ReportedCount.objects.values_list("client__slug", flat=True)) == {"acme"}
    assert client.post(reverse("api-reported-counts"), "{}", content_type="application/json").status_code == 403


def test_nobody_reads_counts_by_the_api(send, client, acme):
    assert client.get(reverse("api-reported-counts")).status_code in (403, 405)


def test_an_idempotency_key_answers_as_the_first_time(send):
    first = send(COUNT, **{"Idempotency-Key": "k1"})
    again = send(COUNT, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
