"""The doors for whoever comes by: open links, frames and kiosks, and what none of them may do."""

import datetime as dt
import html
import itertools
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys import wording
from surveys.delivery import handout, links
from surveys.models import Answer, Appearance, Door, FlaggedSheet, OpenLink, Response, Survey
from surveys.pages import doors
from tests import factories
from tests.conftest import NOW, needs

DOORS = (Door.OPEN, Door.EMBED, Door.KIOSK)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clock(_today):
    return _today


@pytest.fixture
def browser():
    """A browser whose posts the CSRF check would refuse, were there one."""
    return Browser(enforce_csrf_checks=True, headers={"Accept-Language": "en"})


@pytest.fixture
def counter(acme):
    return make_link(acme)


def make_link(client, door=Door.OPEN, kind="csat", **fields):
    defaults = {"survey": factories.make_survey(client, kind), "name": f"{door} {OpenLink.objects.count()}"}
    return OpenLink.objects.create(client=client, door=door, **{**defaults, **fields})


def make_long_survey(client, kind="csat"):
    """Two pages: the score, then solved? and the comment."""
    survey = Survey.objects.create(client=client, kind=kind, name=f"long {kind}")
    draft = wording.draft_of(survey, [("score", kind), ("solved", "solved"), ("comment", "text")])
    second = draft.questions.get(key="solved")
    second.starts_page = True
    second.save()
    wording.publish(survey, NOW)
    return survey


def words(response):
    body = re.sub(r"<head>.*?</head>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(body).split())


def hidden(response) -> dict:
    """What the form carries along unseen."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: html.unescape(value) for name, value in fields}


def open_form(browser, link, clock=None, **options) -> dict:
    """A fresh sheet's hidden fields, as a person sends them: some seconds later, with a touch."""
    fields = hidden(browser.get(doors.path_of(link), **options))
    return {**fields, "script": "1", "touched": "1"}


@pytest.fixture
def send(browser, clock):
    """Open, wait a while as a person does, and send."""

    def send(link, **said):
        fields = open_form(browser, link)
        clock.shift(dt.timedelta(seconds=20))
        return browser.post(doors.path_of(link), {**fields, **said})

    return send


# --- One sheet after the other ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", DOORS)
def test_a_get_shows_a_fresh_sheet_and_writes_nothing(browser, acme, door):
    link = make_link(acme, door)
    before = {model: list(model.objects.order_by("pk").values()) for model in apps.get_models()}
    pages = [browser.get(doors.path_of(link)) for _ in range(3)]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert len({hidden(page)[doors.NUMBER] for page in pages}) == 3
    assert browser.head(doors.path_of(link)).status_code == 200
    assert browser.options(doors.path_of(link)).status_code == 405
    assert {model: list(model.objects.order_by("pk").values()) for model in apps.get_models()} == before
    assert not browser.cookies
    for page in pages:
        assert page["Cache-Control"] == "private, no-store"
        assert page["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_is_stored_unverified_with_its_door(browser, acme, send, door):
    link = make_link(acme, door)
    answer = send(link, score="2", comment="Frau Meier war unfreundlich, meier@example.org")
    assert answer.status_code == 302
    response = Response.objects.get()
    stored = (response.client, response.open_link, response.invitation, response.door, response.score)
    assert stored == (acme, link, None, door, 2)
    assert response.completed_at == NOW + dt.timedelta(seconds=20)
    assert Response.objects.verified().count() == 0
    assert "example.org" not in Answer.objects.get().text
    assert answer.url.startswith("/r/") and answer.url.endswith("/thanks/")
    assert not browser.cookies


def test_pressed_twice_it_is_one_answer(browser, counter, clock):
    fields = open_form(browser, counter)
    clock.shift(dt.timedelta(seconds=20))
    sent = [browser.post(doors.path_of(counter), {**fields, "score": "4"}) for _ in range(3)]
    assert {(answer.status_code, answer.url) for answer in sent} == {(302, sent[0].url)}
    assert Response.objects.count() == 1
    assert Response.objects.get().changed_at is None


def test_two_people_before_one_link_are_two_answers(send, counter):
    first, second = send(counter, score="4"), send(counter, score="1")
    assert first.url != second.url
    assert sorted(Response.objects.values_list("score", flat=True)) == [1, 4]


def test_further_pages_complete_the_same_row_at_an_address_of_its_own(browser, acme, send):
    link = make_link(acme, survey=make_long_survey(acme))
    answer = send(link, score="2")
    assert (answer.status_code, urlsplit(answer.url).query) == (302, "page=2")
    row = Response.objects.get()
    assert row.completed_at is None
    page = browser.get(answer.url)
    assert page.status_code == 200
    fields = {**hidden(page), "script": "1", "touched": "1"}
    done = browser.post(answer.url, {**fields, "solved": "no", "comment": "Zu lange gewartet."})
    assert done.status_code == 302
    row.refresh_from_db()
    assert (Response.objects.count(), row.score, row.completed_at is not None) == (1, 2, True)
    assert {answer.text or answer.choice for answer in row.answers.all()} == {"no", "Zu lange gewartet."}
    assert "Zu lange gewartet." in words(browser.get(done.url))


def test_an_answer_can_be_changed_for_a_day(browser, counter, send, clock):
    thanks = send(counter, score="2").url
    change = thanks.replace("thanks/", "?change=1")
    assert f'href="{change}"' in browser.get(thanks).content.decode()
    form = browser.get(change)
    assert form.status_code == 200
    clock.shift(dt.timedelta(seconds=20))
    browser.post(change, {**hidden(form), "script": "1", "touched": "1", "score": "5"})
    row = Response.objects.get()
    assert (row.score, row.first["said"]["score"]) == (5, 2)
    clock.shift(dt.timedelta(hours=24))
    assert "change=1" not in browser.get(thanks).content.decode()
    late = browser.post(change, {**hidden(form), "script": "1", "touched": "1", "score": "1"})
    assert late.status_code == 200
    assert Response.objects.get().score == 5


def test_a_form_that_stood_open_over_a_new_version_answers_the_wording_that_was_read(browser, counter, clock):
    fields = open_form(browser, counter)
    old = counter.survey.current
    wording.publish(counter.survey, NOW)
    clock.shift(dt.timedelta(seconds=20))
    assert browser.post(doors.path_of(counter), {**fields, "score": "4"}).status_code == 302
    assert Response.objects.get().version == old


def test_no_call_is_offered_to_strangers(browser, acme, send):
    for door in DOORS:
        link = make_link(acme, door)
        assert 'name="phone"' not in browser.get(doors.path_of(link)).content.decode()
        send(link, score="1", wants_call="1", phone="+49 170 5550001")
    assert set(Response.objects.values_list("wants_call", "phone")) == {(False, "")}


def test_what_is_wrong_comes_back_with_every_word(browser, counter, send):
    answer = send(counter, score="", comment="Alles gut.")
    assert answer.status_code == 400
    assert "Alles gut." in answer.content.decode()
    assert Response.objects.count() == 0


# --- Its language -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "chosen", "spoken"),
    [("en-GB", "", "en"), ("de-AT", "", "de"), ("sv", "", "de"), ("de", "?lang=en", "en")],
)
def test_it_speaks_as_the_browser_asks_or_as_is_chosen(counter, asked, chosen, spoken, clock):
    browser = Browser(headers={"Accept-Language": asked})
    path = doors.path_of(counter) + chosen
    page = browser.get(path)
    assert page["Content-Language"] == spoken
    clock.shift(dt.timedelta(seconds=20))
    browser.post(path, {**hidden(page), "script": "1", "touched": "1", "score": "3"})
    assert Response.objects.get().language == spoken


def test_it_addresses_people_as_the_client_does(acme):
    acme.form_of_address = "du"
    acme.save()
    page = Browser(headers={"Accept-Language": "de"}).get(doors.path_of(make_link(acme)))
    assert re.search(r"\b(du|dein|deine)\b", words(page), re.I)
    assert not re.search(r"\b(Sie|Ihre)\b", words(page))


# --- Closed, foreign and forged ---------------------------------------------------------------------------------------


def closed_links(client):
    unpublished = Survey.objects.create(client=client, kind="ces", name="never published")
    off = make_link(client, is_active=False)
    return [off, make_link(client, survey=unpublished)]


def test_a_closed_door_says_so_kindly_and_takes_nothing(browser, acme, counter, clock):
    fields = open_form(browser, counter)
    OpenLink.objects.filter(pk=counter.pk).update(is_active=False)
    for link in (*closed_links(acme), counter):
        for answer in (browser.get(doors.path_of(link)), browser.post(doors.path_of(link), {**fields, "score": "3"})):
            assert answer.status_code == 410
            assert "This survey has ended." in words(answer)
            assert acme.service_email in words(answer)
    assert Response.objects.count() == 0


@pytest.mark.parametrize("closed", ["link", "client"])
def test_a_sheet_in_the_middle_goes_on_behind_a_closed_door_and_stays_as_it_was_sent(browser, acme, send, closed):
    link = make_link(acme, survey=make_long_survey(acme))
    further = send(link, score="2").url
    if closed == "link":
        OpenLink.objects.update(is_active=False)
    else:
        type(acme).objects.update(is_active=False)
    page = browser.get(further)
    assert page.status_code == 200 and "You can change it until" not in words(page)
    fields = {**hidden(page), "script": "1", "touched": "1"}
    done = browser.post(further, {**fields, "solved": "no", "comment": "Zu lange gewartet."})
    row = Response.objects.get()
    assert (done.status_code, row.completed_at is not None) == (302, True)
    sheet = urlsplit(further).path
    thanks = browser.get(done.url)
    assert "Zu lange gewartet." in words(thanks) and "change=1" not in thanks.content.decode()
    for address in (f"{sheet}?change=1", f"{sheet}?page=1&change=1", sheet):
        for late in (browser.get(address), browser.post(address, {**fields, "score": "5", "solved": "yes"})):
            assert (late.status_code, 'name="score"' in late.content.decode()) == (200, False)
    assert (Response.objects.get().score, Response.objects.get().changed_at) == (2, None)


@pytest.mark.parametrize("door", DOORS)
def test_a_machines_sheet_opens_no_door_that_was_closed_since(browser, acme, door):
    link = make_link(acme, door, survey=make_long_survey(acme))
    further = browser.post(doors.path_of(link), {**open_form(browser, link), "touched": "", "score": "3"}).url
    assert (FlaggedSheet.objects.count(), Response.objects.count()) == (1, 0)
    OpenLink.objects.update(is_active=False)
    sheet = urlsplit(further).path
    for answer in (browser.get(further), browser.post(further, {"solved": "no"}), browser.post(sheet, {"score": "3"})):
        assert (answer.status_code, "This survey has ended." in words(answer)) == (410, True)
    assert Response.objects.count() == 0


def test_a_client_that_left_has_no_open_door(browser, acme, counter):
    acme.is_active = False
    acme.save()
    assert browser.get(doors.path_of(counter)).status_code == 410


def test_a_token_opens_its_own_door_only(browser, acme):
    statuses = {}
    for door, asked in itertools.product(DOORS, DOORS):
        token = links.make_short(links.OPEN, make_link(acme, door).public_id)
        statuses[door, asked] = browser.get(reverse(doors.ROUTES[asked], args=[token])).status_code
    assert statuses == {(door, asked): 200 if door == asked else 404 for door, asked in itertools.product(DOORS, DOORS)}


PURPOSES = (
    links.ANSWER, links.UNSUBSCRIBE, links.OPEN, links.BLANK, links.SHEET, links.DIGEST, links.DIGEST_STOP, "page",
)  # fmt: skip


def test_no_token_serves_another_purpose(browser, acme, globex, send):
    """Row 24: every purpose's token at every door; also in the form."""
    link, foreign = make_link(acme), make_link(globex)
    send(link, score="4")
    sheet = f"{link.public_id.hex}.{Response.objects.get().public_id.hex}.{link.survey.current.pk}"
    invitation = factories.make_invitation(acme)
    values = {links.OPEN: link.public_id.hex, links.BLANK: sheet, links.SHEET: sheet}
    routes = {
        links.OPEN: ["open-link"],
        links.SHEET: ["open-sheet", "open-sheet-thanks"],
        links.ANSWER: ["answer", "answer-thanks"],
        links.UNSUBSCRIBE: ["unsubscribe"],
    }
    for purpose, value in itertools.product(PURPOSES, {*values.values(), invitation.public_id.hex}):
        token = links.make(purpose, value)
        for own, names in routes.items():
            opens = purpose == own and value == values.get(own, invitation.public_id.hex)
            for name in names:
                if opens or purpose != own:
                    answer = browser.get(reverse(name, args=[token]))
                    assert (answer.status_code in (200, 302)) == opens, (purpose, name)
    number = hidden(browser.get(doors.path_of(foreign)))[doors.NUMBER]
    for stranger in (number, links.make(links.SHEET, sheet), links.make("page", sheet), sheet, ""):
        answer = browser.post(doors.path_of(link), {doors.NUMBER: stranger, "score": "1", "comment": "Mein Text"})
        assert answer.status_code == 400
        assert "Mein Text" in answer.content.decode()
        assert hidden(answer)[doors.NUMBER] != stranger
    assert Response.objects.count() == 1


def test_forged_tokens_open_nothing(browser, counter, send, settings):
    """Row 21: each bit flipped, cut, another alphabet, empty, a megabyte."""
    short = urlsplit(doors.path_of(counter)).path.split("/")[2]
    sheet = send(counter, score="4").url.split("/")[2]
    forged = ["", "x", "%00", "ä" * 43, "A" * 1_000_000, short[:-1], short + "A", sheet[:-1], sheet.replace("~", ".")]
    for token in (short, sheet):
        for place, bit in itertools.product(range(len(token)), range(7)):
            flipped = token[:place] + chr(ord(token[place]) ^ (1 << bit)) + token[place + 1 :]
            if flipped.isprintable() and not set(flipped) & set("/?#%"):
                forged.append(flipped)
    for token, name in itertools.product(forged, ("open-link", "open-sheet", "open-sheet-thanks")):
        wanted = {"open-link": links.OPEN}.get(name, links.SHEET)
        assert links.read(wanted, token) is None, token
    for token in forged[:9]:
        if token:
            assert browser.get(f"/o/{token}/").status_code == 404
            assert browser.get(f"/r/{token}/thanks/").status_code == 404
    assert len(forged) > 800


def test_a_retired_key_keeps_its_links_until_it_is_removed(browser, counter, settings, clock):
    path, fields = doors.path_of(counter), open_form(browser, counter)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "n" * 60
    settings.SECRET_KEY_FALLBACKS = [old]
    clock.shift(dt.timedelta(seconds=20))
    assert browser.post(path, {**fields, "score": "4"}).status_code == 302
    settings.SECRET_KEY_FALLBACKS = []
    assert browser.get(path).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_are_one_answer(transactional_db, clock):
    """Row 27. Ten of them are taken in a minute; the others are told so, and nobody gets an error."""
    needs("several at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    link = make_link(factories.make_client())
    fields = {**open_form(Browser(), link), "score": "4", "comment": "Gut."}
    clock.shift(dt.timedelta(seconds=20))

    def post(_):
        try:
            return Browser().post(doors.path_of(link), fields).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(post, range(50)))
    assert (statuses.count(302), statuses.count(429)) == (10, 40)
    assert Response.objects.count() == 1
    assert Answer.objects.count() == 1


# --- Frames -----------------------------------------------------------------------------------------------------------


def ancestors(response):
    policy = {line.split()[0]: line.split()[1:] for line in response["Content-Security-Policy"].split("; ")}
    return policy["frame-ancestors"], response.get("X-Frame-Options", "")


def test_only_a_form_for_help_pages_may_be_framed_and_only_by_its_clients_origins(browser, acme, globex, send, client):
    """Row 55: every page of every door."""
    closed = (["'none'"], "DENY")
    Appearance.objects.create(client=acme, embed_origins="https://help.acme.example\nhttps://shop.acme.example:8443")
    Appearance.objects.create(client=globex, embed_origins="https://help.globex.example")
    own = (["https://help.acme.example", "https://shop.acme.example:8443"], "")
    invitation = factories.make_invitation(acme)
    for door in DOORS:
        link = make_link(acme, door)
        sent = send(link, score="4")
        wrong = send(link, score="")
        pages = [browser.get(doors.path_of(link)), sent, wrong, browser.get(sent.url)]
        OpenLink.objects.filter(pk=link.pk).update(is_active=False)
        pages.append(browser.get(doors.path_of(link)))
        assert [ancestors(page) for page in pages] == [own if door == Door.EMBED else closed] * 5, door
    theirs = make_link(globex, Door.EMBED)
    assert ancestors(browser.get(doors.path_of(theirs))) == (["https://help.globex.example"], "")
    token = links.make(links.ANSWER, invitation.public_id.hex)
    objection = links.make(links.UNSUBSCRIBE, invitation.public_id.hex)
    others = (f"/s/{token}/", f"/s/{token}/thanks/", f"/u/{objection}/", "/e/unknown/", "/r/unknown/", "/admin/login/")
    for path in others:
        assert ancestors(browser.get(path)) == closed, path


def test_without_origins_nobody_frames_it(browser, acme):
    link = make_link(acme, Door.EMBED)
    assert ancestors(browser.get(doors.path_of(link))) == (["'none'"], "DENY")
    Appearance.objects.create(client=acme)
    assert ancestors(browser.get(doors.path_of(link))) == (["'none'"], "DENY")


def test_in_a_frame_foreign_pages_open_outside_of_it(browser, acme):
    page = browser.get(doors.path_of(make_link(acme, Door.EMBED))).content.decode()
    assert (
        re.findall(r'<a href="https://[^"]+"( target="_blank" rel="noopener")?', page)
        == [' target="_blank" rel="noopener"'] * 2
    )
    assert "/u/" not in page


# --- Kiosks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def kiosk(acme):
    return make_link(acme, Door.KIOSK, survey=make_long_survey(acme))


def test_a_kiosk_starts_again_after_the_thanks_and_when_nobody_goes_on(browser, kiosk, send):
    start = doors.path_of(kiosk)
    again = f'<noscript><meta http-equiv="refresh" content="90; url={start}"></noscript>'
    page = browser.get(start).content.decode()
    assert again in page
    assert f'data-start="{start}" data-untouched="90" autocomplete="off"' in page
    following = send(kiosk, score="2").url
    assert again in browser.get(following).content.decode()
    done = browser.post(following, {**hidden(browser.get(following)), "touched": "1", "script": "1", "comment": "Nie."})
    assert browser.get(done.url)["Refresh"] == f"12; url={start}"


def test_nothing_of_the_last_person_is_left_for_the_next(browser, kiosk, send, clock):
    following = send(kiosk, score="2").url
    first_again = browser.get(following.replace("page=2", "page=1"))
    assert " checked" not in first_again.content.decode()
    page = browser.get(following)
    said = {"solved": "no", "comment": "Geheim."}
    done = browser.post(following, {**hidden(page), "touched": "1", "script": "1", **said})
    thanks = browser.get(done.url)
    said = words(thanks)
    assert thanks.status_code == 200
    assert not re.search(r"Geheim|\b2\b|sorry", said)
    assert "change" not in thanks.content.decode()
    assert thanks["Cache-Control"] == "private, no-store"
    start = doors.path_of(kiosk)
    for path in (following, following.replace("page=2", "page=1"), following.replace("page=2", "change=1")):
        assert words(browser.get(path, follow=True)) == said
    clock.shift(dt.timedelta(seconds=24))
    assert [browser.get(path).url for path in (done.url, done.url.replace("thanks/", ""))] == [start] * 2
    assert browser.post(following, {**hidden(page), "comment": "Anders."}).url in (start, done.url)
    assert list(Answer.objects.exclude(text="").values_list("text", flat=True)) == ["Geheim."]


def test_a_half_filled_sheet_at_a_kiosk_closes_after_ten_minutes(browser, kiosk, send, clock):
    following = send(kiosk, score="2").url
    fields = hidden(browser.get(following))
    clock.shift(dt.timedelta(minutes=10))
    assert browser.get(following).url == doors.path_of(kiosk)
    assert browser.post(following, {**fields, "comment": "Der Nächste."}).url == doors.path_of(kiosk)
    assert Answer.objects.count() == 0


def test_a_kiosk_leads_nowhere_else(browser, kiosk, send):
    for page in (browser.get(doors.path_of(kiosk)), browser.get(send(kiosk, score="2").url)):
        links_out = re.findall(r'<a [^>]*href="([^"]+)"', page.content.decode())
        assert [href for href in links_out if not href.startswith("?")] == []


# --- Sizes ------------------------------------------------------------------------------------------------------------


def test_too_much_of_anything_is_refused(browser, counter, clock):
    """Row 58: a body of more than 5 MB, 5,000 fields, a field of 10 kB."""
    fields = open_form(browser, counter)
    clock.shift(dt.timedelta(seconds=20))
    path = doors.path_of(counter)
    form = "application/x-www-form-urlencoded"
    assert browser.post(path, "score=4&comment=" + "x" * (5 * 1024 * 1024), form).status_code in (400, 413)
    assert browser.post(path, {**fields, **{f"f{n}": "1" for n in range(5000)}}).status_code in (400, 413)
    long = browser.post(path, {**fields, "score": "4", "comment": "x" * 10_001})
    assert long.status_code == 400
    assert "x" * 10_001 in long.content.decode()
    nul = browser.post(path, {**fields, "score": "4", "comment": "a\x00b"})
    assert nul.status_code == 400
    assert Response.objects.count() == 0


# --- What it costs ----------------------------------------------------------------------------------------------------


def test_a_page_costs_few_queries(browser, counter, django_assert_num_queries, clock):
    path = doors.path_of(counter)
    browser.get(path)
    with django_assert_num_queries(2):
        browser.get(path)
    fields = open_form(browser, counter)
    clock.shift(dt.timedelta(seconds=20))
    with django_assert_num_queries(6):
        browser.post(path, {**fields, "score": "4"})
    with django_assert_num_queries(0):
        browser.get("/o/" + "A" * 43 + "/")


def test_a_sheet_number_of_a_foreign_client_stores_nothing_there(browser, acme, globex, clock):
    ours, theirs = make_link(acme), make_link(globex)
    fields = open_form(browser, theirs)
    clock.shift(dt.timedelta(seconds=20))
    assert browser.post(doors.path_of(ours), {**fields, "score": "1"}).status_code == 400
    assert Response.objects.count() == 0
    assert links.read(links.BLANK, fields[doors.NUMBER]).startswith(theirs.public_id.hex)
    assert uuid.UUID(hex=links.read(links.BLANK, fields[doors.NUMBER]).split(".")[1]).version == 4


# --- In the admin -----------------------------------------------------------------------------------------------------


@pytest.fixture
def analyst(client, acme):
    login = factories.make_login("analyst", language="en")
    factories.give_access(login, acme, "analyst")
    client.force_login(login)
    return client


def admin_url(page, *args):
    return reverse(f"admin:surveys_openlink_{page}", args=args)


def test_the_list_counts_answers_as_unverified_and_has_an_empty_state(analyst, acme, send):
    assert "There is no open link yet." in words(analyst.get(admin_url("changelist")))
    link = make_link(acme)
    make_link(acme)
    send(link, score="4")
    send(link, score="2")
    said = words(analyst.get(admin_url("changelist")))
    assert "2 answers, unverified" in said
    assert "0 answers, unverified" in said


def test_the_list_costs_the_same_for_one_and_for_three(analyst, acme):
    def queries():
        with CaptureQueriesContext(connection) as found:
            analyst.get(admin_url("changelist"))
        return len(found)

    make_link(acme)
    queries()
    one = queries()
    make_link(acme, team=factories.make_team(acme))
    make_link(acme, Door.KIOSK)
    assert queries() == one


def test_an_analyst_puts_a_link_up_and_takes_it_down(analyst, browser, acme):
    form = {"client": acme.pk, "name": "Tresen", "door": "open", "survey": factories.make_survey(acme).pk, "team": ""}
    assert analyst.post(admin_url("add"), {**form, "is_active": "on"}).status_code == 302
    link = OpenLink.objects.get()
    page = analyst.get(admin_url("change", link.pk))
    assert f"http://localhost:8000{doors.path_of(link)}" in words(page)
    assert browser.get(doors.path_of(link)).status_code == 200
    analyst.post(admin_url("change", link.pk), form)
    assert browser.get(doors.path_of(link)).status_code == 410
    assert "switched off" in words(analyst.get(admin_url("change", link.pk)))


def test_survey_and_team_are_of_the_same_client(analyst, acme, globex):
    factories.give_access(factories.Login.objects.get(username="analyst"), globex, "analyst")
    form = {"client": acme.pk, "name": "Tresen", "door": "open", "is_active": "on"}
    foreign = {"survey": factories.make_survey(globex).pk, "team": factories.make_team(globex).pk}
    refused = analyst.post(admin_url("add"), {**form, **foreign})
    assert set(refused.context["adminform"].form.errors) == {"survey", "team"}
    assert OpenLink.objects.count() == 0


def test_what_was_answered_keeps_its_door_and_questions(analyst, acme, send):
    link = make_link(acme)
    other = make_long_survey(acme)
    send(link, score="4")
    analyst.post(admin_url("change", link.pk), {"name": "Neu", "door": "kiosk", "survey": other.pk, "is_active": "on"})
    link.refresh_from_db()
    assert (link.name, link.door, link.survey_id != other.pk) == ("Neu", "open", True)


def test_the_qr_code_leads_to_the_door(analyst, acme, globex):
    link, foreign = make_link(acme), make_link(globex)
    picture = analyst.get(admin_url("qr_png", link.pk))
    assert picture.content == handout.qr_png(f"http://localhost:8000{doors.path_of(link)}")
    svg = analyst.get(admin_url("qr_svg", link.pk))
    assert (svg["Content-Type"], svg.content[:4]) == ("image/svg+xml", b"<svg")
    assert svg["Content-Security-Policy"].startswith("default-src 'none'")
    assert b"<script" not in svg.content
    for page in ("qr_png", "qr_svg"):
        assert analyst.get(admin_url(page, foreign.pk)).status_code == 302
        assert analyst.post(admin_url(page, link.pk)).status_code == 405


def test_the_snippet_is_shown_to_copy_and_who_may_show_it(analyst, acme):
    link = make_link(acme, Door.EMBED)
    page = words(analyst.get(admin_url("change", link.pk)))
    snippet = (
        f'<iframe src="http://localhost:8000{doors.path_of(link)}" title="Your opinion" loading="lazy" width="100%" '
        'height="720" style="border:0" sandbox="allow-forms allow-scripts allow-same-origin allow-popups '
        'allow-popups-to-escape-sandbox"></iframe>'
    )
    assert snippet in page
    assert "No page may show it yet" in page
    Appearance.objects.create(client=acme, embed_origins="https://help.acme.example")
    assert "https://help.acme.example" in words(analyst.get(admin_url("change", link.pk)))
