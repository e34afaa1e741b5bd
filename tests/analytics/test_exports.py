"""The rows behind a figure as files: as many as the figure counts, no formula, and no small group to be picked out."""

import csv
import datetime as dt
import io
import itertools
import json
from collections import Counter

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from analytics import classification, disclosure, exports, themes
from analytics.dimensions import By
from analytics.periods import parse
from analytics.small_groups import Shown
from surveys import tables
from surveys.ingestion import files
from surveys.models import Answer, ApiKey, Exclusion
from tests import factories
from tests.feedback_loop.crowds import answered

OCTOBER = dt.date(2026, 10, 7)
ASKED = {"kind": "nps", "period": "2026-10"}
ON = dt.datetime(2026, 10, 7, 10, tzinfo=dt.UTC)


@pytest.fixture
def rows(client, acme):
    """What a key of acme gets as CSV, row by row."""
    key = ApiKey.objects.create_key(client=acme, name="test")[1]

    def rows(**query):
        headers = {"Authorization": f"Api-Key {key}"}
        found = client.get(reverse("api-rows"), ASKED | query, headers=headers)
        return read(found) if found.status_code == 200 else found

    return rows


def whole(response):
    return b"".join(response.streaming_content)


def read(response):
    text = whole(response).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def of_login(browser, client="acme", form="csv", **query):
    return browser.get(reverse("admin:surveys_response_rows", args=[client, form]), ASKED | query)


def signed_in(browser, name, client, role, team=None):
    login = factories.make_login(name)
    factories.give_access(login, client, role, team)
    browser.force_login(login)
    return login


# --- By API: what leaves for the client's side ------------------------------------------------------------------------


def test_the_rows_are_as_many_as_the_figure_counts_with_the_same_scores(rows, acme):
    answered(acme, OCTOBER, (18, 7, 5), channel="chat")
    answered(acme, dt.date(2026, 9, 30), (3, 3, 3))
    twice = answered(acme, OCTOBER, (0, 0, 1))[0].invitation.customer
    factories.make_response(acme, 9, customer=twice, submitted_at=ON + dt.timedelta(days=2))
    found = rows()
    assert Counter(int(row["score"]) for row in found) == {10: 18, 8: 7, 2: 5, 9: 1}
    assert Counter(row["group"] for row in found) == {"promoter": 19, "passive": 7, "detractor": 5}
    assert tuple(found[0]) == exports.FOR_CLIENTS


def test_a_row_tells_context_comment_other_answers_and_themes_but_nobody_who_served_or_was_served(rows, acme):
    themes.adopt_starter_taxonomy(acme)
    survey, team = factories.make_long_survey(acme), factories.make_team(acme, "Nord")
    agent, *_colleagues = (factories.make_agent(acme, f"Zyx {name}", team=team) for name in ("Ritter", "Abel", "Ott"))
    campaign = factories.make_campaign(acme, survey=survey)
    for _each in range(6):
        contact = factories.make_contact(acme, agent=agent, team=team, external_id=f"Zyx-{_each}")
        asked = {"campaign": campaign, "contact": contact, "agent": agent, "team": team, "segment": "private"}
        response = factories.make_response(acme, 3, "Die Wartezeit war schlimm.", submitted_at=ON, **asked)
        question = survey.current.questions.get(key="solved")
        Answer.objects.create(response=response, question=question, choice="no")
        classification.read(response.answers.get(question__key="comment"))
    assert (
        rows()
        == [
            {
                "month": "2026-10",
                "survey": survey.name,
                "version": "1",
                "channel": "phone",
                "team": "Nord",
                "language": "de",
                "reason": "Rechnung",
                "segment": "private",
                "score": "3",
                "group": "detractor",
                "comment": "Die Wartezeit war schlimm.",
                "answers": "solved=no",
                "themes": "waiting_time:negative",
            }
        ]
        * 6
    )


def test_no_group_of_fewer_than_five_can_be_picked_out_by_any_of_the_columns(rows, acme):
    """Every combination of told values is shared by five answers at least, whichever columns one looks at."""
    channels, reasons = ("phone", "chat", "email"), ("Rechnung", "Umzug", "Störung")
    teams = [factories.make_team(acme, name) for name in ("Nord", "West", "Süd")]
    sizes = iter([31, 22, 7, 11, 12, 5, 10, 13, 4, 9, 6, 11, 22, 8, 3, 12, 5, 11, 11, 9, 14, 6, 13, 10, 12, 7, 15])
    total = 0
    for channel, reason, team in itertools.product(channels, reasons, teams):
        n = next(sizes)
        total += n
        answered(acme, OCTOBER, (n, 0, 0), channel=channel, contact_reason=reason, team=team)
    found = rows()
    assert len(found) == total
    names = ("channel", "team", "reason")
    for picked in [some for size in (1, 2, 3) for some in itertools.combinations(names, size)]:
        groups = Counter(tuple(row[name] for name in picked) for row in found)
        small = {values: n for values, n in groups.items() if exports.HIDDEN not in values and n < 5}
        assert small == {}, picked
    assert 0 < sum(exports.HIDDEN in row.values() for row in found) < total


def test_a_small_team_stands_in_no_row_nor_does_the_one_that_would_give_it_away(rows, acme):
    for name, n in (("Nord", 30), ("West", 12), ("Süd", 3)):
        answered(acme, OCTOBER, (n, 0, 0), team=factories.make_team(acme, name))
    assert Counter(row["team"] for row in rows()) == {"Nord": 30, exports.HIDDEN: 15}


def test_no_prefix_is_told_that_a_figure_beside_it_would_give_away(rows, acme):
    """A page shows the 25 of Nord; were the 22 of them by chat told, the 3 by mail would follow. So with filters."""
    teams = {name: factories.make_team(acme, name) for name in ("Nord", "Süd")}
    for channel, name, n in (("chat", "Nord", 22), ("email", "Nord", 3), ("chat", "Süd", 40), ("email", "Süd", 30)):
        answered(acme, OCTOBER, (n, 0, 0), channel=channel, team=teams[name])
    of_nord = {By.TEAM: str(teams["Nord"].pk)}
    assert disclosure.shown(acme, "nps", parse("2026-10", acme.time_zone), of_nord) == Shown.FULL
    told = Counter((row["channel"], row["team"]) for row in rows())
    assert told == {("chat", exports.HIDDEN): 62, ("email", exports.HIDDEN): 33}
    assert Counter((row["channel"], row["team"]) for row in rows(channel="chat")) == {("chat", exports.HIDDEN): 62}
    assert {row["channel"] for row in rows(team=teams["Nord"].pk)} == {exports.HIDDEN}


def test_a_month_that_would_give_another_away_is_told_in_no_row_of_the_year(rows, acme):
    for month, n in ((7, 20), (8, 20), (9, 3), (10, 30)):
        answered(acme, dt.date(2026, month, 7), (n, 0, 0))
    assert Counter(row["month"] for row in rows(period="2026-10")) == {"2026-10": 30}
    assert rows(period="2026-Q3").status_code == rows(period="2026").status_code == 409


def test_a_week_in_two_months_tells_neither(rows, acme):
    answered(acme, dt.date(2026, 9, 30), (20, 0, 0))
    answered(acme, dt.date(2026, 10, 2), (20, 0, 0))
    told = {(row["month"], row["language"]) for row in rows(period="2026-W40")}
    assert told == {(exports.HIDDEN, "de")}


def test_at_most_four_attributes_that_differ_are_told(rows, acme):
    values = [("chat", "email"), ("Nord", "Süd"), ("de", "en"), ("Rechnung", "Umzug"), ("private", "business")]
    teams = {name: factories.make_team(acme, name) for name in ("Nord", "Süd")}
    for channel, team, language, reason, segment in itertools.product(*values):
        context = {"channel": channel, "team": teams[team], "contact_reason": reason, "segment": segment}
        answered(acme, OCTOBER, (5, 0, 0), language=language, **context)
    names = ("channel", "team", "language", "reason", "segment")
    told = Counter(tuple(row[name] for name in names) for row in rows())
    assert told == {(*four, exports.HIDDEN): 10 for four in itertools.product(*values[:4])}


def test_the_rows_of_a_hidden_figure_do_not_leave(rows, acme):
    team = factories.make_team(acme)
    answered(acme, OCTOBER, (3, 1, 0), team=team)
    hidden = [rows(), rows(team=team.pk), rows(period="2026-09")]
    answered(acme, OCTOBER, (6, 0, 0), team=factories.make_team(acme, "Süd"))
    hidden += [rows(team=team.pk)]
    assert [response.status_code for response in hidden] == [409] * 4
    assert "longer period or fewer filters" in hidden[0].json()["detail"]


def test_themes_whose_figures_are_hidden_stand_in_no_row(rows, acme):
    found = themes.adopt_starter_taxonomy(acme)
    answered(acme, OCTOBER, (8, 0, 0), theme=found["friendliness"])
    answered(acme, OCTOBER, (2, 0, 0), theme=found["billing"])
    answered(acme, OCTOBER, (9, 0, 0))
    assert Counter(row["themes"] for row in rows()) == {"friendliness:negative": 8, "": 11}


def test_the_order_of_rows_says_nothing_of_time(rows, acme, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 10)
    for day in range(1, 12):
        answered(acme, dt.date(2026, 10, day), (1, 0, 1) if day % 2 else (0, 2, 0))
    scores = [int(row["score"]) for row in rows()]
    chunks = [scores[:8], scores[8:16], scores[16:]]
    assert (len(scores), chunks) == (22, [sorted(chunk) for chunk in chunks])


def test_each_chunk_is_in_the_order_of_all_that_its_rows_tell(acme, monkeypatch):
    monkeypatch.setattr(exports, "CHUNK", 30)
    found = themes.adopt_starter_taxonomy(acme)
    for theme, channel in itertools.product(("billing", "waiting_time"), ("phone", "chat")):
        answered(acme, OCTOBER, (5, 4, 6), theme=found[theme], channel=channel)
    for text in ("b", "a", "ä", "Z"):
        factories.make_response(acme, 10, text, submitted_at=ON)
    read = list(exports.for_clients(acme, "nps", parse("2026-10", acme.time_zone), {}).rows)
    chunks = [read[:22], read[22:44], read[44:]]
    assert (len(read), chunks) == (64, [sorted(chunk) for chunk in chunks])
    assert read != sorted(read)


def test_what_was_handed_in_is_told_letter_by_letter(rows, acme):
    """Whatever a client's system calls a reason, and however that would be written in a file."""
    reasons = ['a,"b"', "line\nfeed", "tab\t; =1+1", "\\N", "ü – 'x'", " "]
    for reason in reasons:
        answered(acme, OCTOBER, (5, 0, 0), contact_reason=reason)
    told = Counter(row["reason"] for row in rows())
    assert told == {files.escape(reason): 5 for reason in reasons}


def test_each_format_holds_the_same_rows_and_no_formula(client, acme, tmp_path):
    key = ApiKey.objects.create_key(client=acme, name="test")[1]
    for text in ("=1+1", "-rude", "x;=HYPERLINK(A1)", "＝1", "@home", "+49", "fine"):
        factories.make_response(acme, 2, text, submitted_at=ON)
    got = {}
    for form in tables.FORMATS:
        headers = {"Authorization": f"Api-Key {key}"}
        found = client.get(reverse("api-rows"), ASKED | {"format": form}, headers=headers)
        assert found["Content-Disposition"] == f'attachment; filename="nps-2026-10.{form}"'
        got[form] = whole(found)
    told = json.loads(got["json"])
    as_text = [[str(value) for value in row.values()] for row in told]
    for form in ("csv", "xlsx"):
        (tmp_path / f"a.{form}").write_bytes(got[form])
        table = [row.cells for row in files.rows(tmp_path / f"a.{form}", "utf-8", ",")]
        assert table == [list(told[0]), *as_text]
    sheet = load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}
    cells = {cell for row in csv.reader(io.StringIO(got["csv"].decode("utf-8-sig"))) for cell in row}
    assert {"'=1+1", "'-rude", "x;'=HYPERLINK(A1)", "'＝1", "'@home", "'+49", "fine"} <= cells
    assert {cell for cell in cells if cell[:1] in "=+-@＝" and cell} == set()


def test_more_rows_than_a_sheet_holds_are_refused_in_words(rows, acme, monkeypatch):
    answered(acme, OCTOBER, (10, 0, 0))
    monkeypatch.setattr(tables, "LONGEST_SHEET", 10)
    found = rows(format="xlsx")
    assert found.json()["errors"] == [
        {
            "field": "format",
            "code": "too_long",
            "message": "An XLSX sheet holds 1,048,575 rows; these are 10. Take CSV or JSON, or a shorter period.",
        }
    ]
    assert len(rows()) == 10


def test_a_file_is_read_while_it_is_sent(acme, monkeypatch):
    """The first rows leave when the comments of the last ones have not been read yet."""
    answered(acme, OCTOBER, (60, 0, 0))
    monkeypatch.setattr(exports, "CHUNK", 20)
    table = exports.for_clients(acme, "nps", parse("2026-10", acme.time_zone), {})
    with CaptureQueriesContext(connection) as before:
        next(table.rows)
    with CaptureQueriesContext(connection) as after:
        assert len(list(table.rows)) == 59
    assert len(after) == 2 * len(before) > 0


# --- By login: the provider's people, and the client's ---------------------------------------------------------------


def test_an_analyst_gets_every_answer_with_what_became_of_it(browser, acme):
    team = factories.make_team(acme)
    agent = factories.make_agent(acme, "Lena Ritter", team=team)
    times = {"submitted_at": ON, "completed_at": ON + dt.timedelta(seconds=61, microseconds=999_999)}
    plain = factories.make_response(acme, 9, "Danke.", agent=agent, team=team, **times)
    again = {"customer": plain.invitation.customer, "campaign": factories.make_campaign(acme, "nps")}
    earlier = factories.make_response(acme, 1, submitted_at=ON - dt.timedelta(days=1), **again)
    out = factories.make_response(acme, 0, submitted_at=ON + dt.timedelta(hours=1))
    people = [factories.make_login(name) for name in ("one", "two")]
    Exclusion.objects.create(
        response=out, reason="staff", state="confirmed", proposed_by=people[0], proposed_at=ON, decided_by=people[1],
        decided_at=ON,
    )  # fmt: skip
    sheet = factories.make_flagged(factories.make_invitation(acme, "nps"), 10, "Buy now", submitted_at=ON)
    found = read(of_login(browser))
    assert [(row["id"], row["score"], row["standing"], row["because"]) for row in found] == [
        (str(earlier.pk), "1", "superseded", ""),
        (str(plain.pk), "9", "counts", ""),
        (str(out.pk), "0", "excluded", "staff"),
        (str(sheet.pk), "10", "flagged", "untouched"),
    ]
    assert (found[1]["agent"], found[1]["team"], found[1]["comment"]) == ("Lena Ritter", "Nord", "Danke.")
    assert (found[1]["submitted_at"], found[1]["completed_at"]) == ("2026-10-07T10:00:00Z", "2026-10-07T10:01:01Z")
    assert (found[1]["changed_at"], found[3]["submitted_at"]) == ("", "2026-10-07T10:00:00Z")
    (told,) = (row for row in json.loads(whole(of_login(browser, form="json"))) if row["standing"] == "counts")
    assert (told["submitted_at"], told["changed_at"]) == ("2026-10-07T10:00:00Z", None)
    assert found[3]["comment"] == "Buy now"
    assert tuple(found[0]) == exports.FOR_STAFF


def test_what_an_analyst_gets_that_counts_is_the_figure_filtered_or_not(browser, acme):
    team = factories.make_team(acme)
    answered(acme, OCTOBER, (4, 2, 1), team=team)
    answered(acme, OCTOBER, (5, 0, 0))
    assert Counter(row["standing"] for row in read(of_login(browser))) == {"counts": 12}
    assert Counter(row["group"] for row in read(of_login(browser, team=team.pk))) == {
        "promoter": 4, "passive": 2, "detractor": 1,
    }  # fmt: skip


def test_a_lead_gets_the_team_and_a_viewer_what_a_key_gets(client, rows, acme):
    north, south = (factories.make_team(acme, name) for name in ("Nord", "Süd"))
    answered(acme, OCTOBER, (9, 0, 0), team=north)
    answered(acme, OCTOBER, (0, 9, 0), team=south)
    factories.make_flagged(factories.make_invitation(acme, "nps", team=north), submitted_at=ON)
    signed_in(client, "lead", acme, "lead", north)
    assert {(row["team"], row["standing"]) for row in read(of_login(client))} == {("Nord", "counts")}
    signed_in(client, "viewer", acme, "viewer")
    assert read(of_login(client)) == rows()
    assert of_login(client, period="2026-09").status_code == 409


def test_what_is_foreign_does_not_exist(client, acme, globex):
    answered(acme, OCTOBER, (9, 0, 0))
    for role in ("analyst", "viewer"):
        signed_in(client, f"foreign {role}", globex, role)
        assert [of_login(client, slug).status_code for slug in ("acme", "nobody")] == [404, 404]
    foreign = factories.make_team(acme)
    assert of_login(client, "globex", team=foreign.pk).status_code == 404
    client.force_login(factories.make_login("nobody"))
    assert of_login(client).status_code == 404
    client.logout()
    assert of_login(client).status_code == 302


def test_who_looks_from_another_clients_side_takes_no_clients_file_as_a_lead_or_agent(client, acme, globex):
    """To such a login agents are not named, so the file would be the client's own: of all teams."""
    team = factories.make_team(acme)
    login = signed_in(client, "both", acme, "lead", team)
    assert of_login(client).status_code == 200
    factories.give_access(login, globex, "viewer")
    own = factories.make_login("agent")
    factories.make_agent(acme, "Ada", own, team)
    factories.give_access(own, globex, "viewer")
    for each in (login, own):
        client.force_login(each)
        assert [of_login(client, slug).status_code for slug in ("acme", "globex")] == [404, 409]
        offered = client.get(reverse("admin:surveys_response_changelist")).context["offer"]
        assert offered.clients == [("globex", "Globex")]


def test_the_list_of_answers_offers_whole_periods_of_the_clients_within_reach(browser, acme, globex, clock):
    answered(acme, OCTOBER, (9, 0, 0))
    listed = browser.get(reverse("admin:surveys_response_changelist"), {"kind__exact": "nps"})
    offered = listed.context["offer"]
    assert (offered.clients, offered.kind, offered.period) == ([("acme", "Acme")], "nps", "2026-10")
    assert offered.periods[:2] == [("2026-11", "November 2026"), ("2026-10", "October 2026")]
    take = reverse("admin:surveys_response_take")
    assert take in listed.content.decode()
    sent = browser.get(take, {"of": "acme", "kind": "nps", "period": "2026-10", "form": "csv"}, follow=True)
    assert len(read(sent)) == 9
    for wrong in ({"of": "globex"}, {"of": "nobody"}, {"form": "pdf"}, {}):
        asked = {"of": "acme", "kind": "nps", "period": "2026-10", "form": "csv"} | wrong if wrong else {}
        assert browser.get(take, asked).status_code == 404


def test_it_is_kept_who_took_what(browser, analyst, acme):
    answered(acme, OCTOBER, (9, 0, 0))
    of_login(browser, channel="phone")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_edited_object()) == (analyst, acme)
    assert entry.get_change_message() == "Exported 0 answers: nps 2026-10 channel=phone."


def test_an_address_that_says_nothing_is_told_so_and_only_a_get_is_answered(browser, acme):
    wrong = of_login(browser, period="October")
    assert (wrong.status_code, wrong.content.decode()) == (
        400, "Name a whole period, as in period=2026-10, 2026-W45, 2026-Q3 or 2026.",
    )  # fmt: skip
    assert of_login(browser, form="pdf").status_code == 404
    address = reverse("admin:surveys_response_rows", args=["acme", "csv"])
    assert browser.post(address, ASKED).status_code == 405


def test_what_else_stands_in_a_dashboards_address_is_no_mistake(browser, acme):
    assert of_login(browser, compare="year", by="team", page="2").status_code == 200
