"""What must hold at every door at once, whatever is sent there: personal link, open link, frame, kiosk, and the API.

What one door promises on its own is tested beside it.
"""

import base64
import html
import io
import json
import logging
import os
import re
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client as Browser
from django.urls import reverse

from analytics import classification
from analytics.models import Reading
from surveys import authoring, questionnaire, wording
from surveys.delivery import links
from surveys.models import (
    Answer,
    ApiKey,
    Campaign,
    Contact,
    Door,
    FlaggedSheet,
    Invitation,
    Medium,
    OpenLink,
    Question,
    Response,
    Survey,
)
from surveys.models.answering import scale_of
from surveys.pages import doors
from surveys.pages.rehearsal import Scene
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PAGES = (Door.PERSONAL, Door.OPEN, Door.EMBED, Door.KIOSK)
SQL = (
    "' OR '1'='1", "1; DROP TABLE surveys_response;--", "1) UNION SELECT 1,2,3--", "\\'; SELECT pg_sleep(9)--", "%' --",
    "$$; DELETE FROM surveys_client; $$", "1/**/OR/**/1=1", "{0}%s%(x)s",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser():
    """A browser that is shown an error page where the server fails, as everybody is."""
    return Browser(enforce_csrf_checks=True, raise_request_exception=False, headers={"Accept-Language": "en"})


class Desk:
    """One person before one sheet, by any door that is a page."""

    def __init__(self, browser: Browser, door: Door, survey: Survey) -> None:
        self.browser, self.door = browser, door
        client = survey.client
        if door == Door.PERSONAL:
            campaign = factories.make_campaign(client, survey.kind, survey=survey)
            invitation = factories.make_invitation(client, campaign=campaign)
            self.path, self.fields = reverse("answer", args=[links.make(links.ANSWER, invitation.public_id.hex)]), {}
        else:
            name = f"{door} {OpenLink.objects.count()}"
            self.path = doors.path_of(OpenLink.objects.create(client=client, survey=survey, name=name, door=door))
            self.fields = {doors.NUMBER: hidden(browser.get(self.path))[doors.NUMBER]}

    def post(self, query: str = "", **said):
        return self.browser.post(self.path + query, {**self.fields, **said})

    def post_raw(self, body: str):
        """With everything that its page sends along."""
        carried = urlencode({**self.fields, **factories.typed_by_a_person()})
        return self.browser.generic("POST", self.path, f"{carried}&{body}".encode(), content_type=FORM)


@pytest.fixture(params=PAGES)
def desk(request, browser, acme):
    return Desk(browser, request.param, factories.make_survey(acme, "nps"))


@pytest.fixture
def call(browser, acme):
    """`call(kind)`: what hands in answers of one contact by the API, to a survey of this kind."""

    def start(kind: str = "csat"):
        survey = factories.make_survey(acme, kind)
        campaign = factories.make_campaign(acme, survey=survey, medium=Medium.LINK)
        contact, key = factories.make_contact(acme), ApiKey.objects.create_key(client=acme, name=kind)[1]
        named = {"source": contact.source, "external_id": contact.external_id}

        def send(answers: object, **more):
            return post_json(browser, campaign, {**named, "answers": answers, **more}, key)

        return send

    return start


def post_json(browser, campaign, body, key, **headers):
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Authorization": f"Api-Key {key}", **headers}
    return browser.post(
        reverse("api-answers", args=[campaign.pk]), data, content_type="application/json", headers=headers
    )


def hidden(response) -> dict:
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: html.unescape(value) for name, value in fields}


def rows() -> dict[str, int]:
    models = (Response, Answer, FlaggedSheet, Invitation, Contact, OpenLink, Question)
    return {model.__name__: model.objects.count() for model in models}


# --- Rows 27 and 28: the database itself refuses ----------------------------------------------------------------------


def insert(row: Model, **changed) -> None:
    """The row once more with other values, by a raw INSERT: past models, forms and managers."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    values = [field.get_db_prep_save(changed.get(field.attname, getattr(row, field.attname)), connection)
              for field in fields]  # fmt: skip
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {row._meta.db_table} ({names}) VALUES ({marks})", values)  # noqa: S608


@pytest.fixture
def stored(acme):
    """A response by invitation, what could make it another one's, and an open link."""
    response = factories.make_response(acme, 3)
    free = factories.make_invitation(acme, "nps")
    other = {"invitation_id": free.pk, "public_id": free.public_id}
    counter = OpenLink.objects.create(client=acme, survey=factories.make_survey(acme, "nps"), name="Counter")
    return response, other, counter


def test_one_invitation_has_one_response_whoever_writes_it(stored):
    response, other, _counter = stored
    with pytest.raises(IntegrityError):
        insert(response, public_id=other["public_id"])
    with pytest.raises(IntegrityError):
        insert(response, invitation_id=other["invitation_id"])  # under the same number
    insert(response, **other)
    assert Response.objects.count() == 2


def test_every_response_has_one_origin_and_the_door_that_belongs_to_it(stored):
    response, other, counter = stored
    nobodys = {**other, "invitation_id": None}
    for wrong in (
        nobodys,
        {**nobodys, "door": "open"},
        {**other, "open_link_id": counter.pk},
        {**other, "door": "open"},
        {**nobodys, "open_link_id": counter.pk, "door": "personal"},
        {**nobodys, "open_link_id": counter.pk, "door": "api"},
    ):
        with pytest.raises(IntegrityError):
            insert(response, **wrong)
    insert(response, **nobodys, open_link_id=counter.pk, door="kiosk")
    assert Response.objects.unverified().count() == 1


@pytest.mark.parametrize("kind", Survey.Kind)
def test_no_score_off_its_scale_is_stored(stored, kind):
    response, other, _counter = stored
    scale = scale_of(kind)
    for score in (scale[0] - 1, scale[-1] + 1, -1, 11, 100):
        with pytest.raises(IntegrityError):
            insert(response, **other, kind=kind, score=score)
    with pytest.raises(IntegrityError):
        insert(response, **other, kind="nsp", score=scale[0])
    insert(response, **other, kind=kind, score=scale[0])


def test_moments_and_changes_that_cannot_be_are_refused(stored):
    response, other, _counter = stored
    for wrong in ({"completed_at": NOW.replace(year=2025)}, {"changed_at": NOW}, {"first": {"said": {"score": 1}}}):
        with pytest.raises(IntegrityError):
            insert(response, **other, **wrong)
    assert Response.objects.count() == 1


def test_an_answer_is_a_text_or_a_number_or_a_choice_and_there_once(acme):
    answer = factories.make_response(acme, 3, "Zu lange.").answers.get()
    text, number, choice = {"text": "Ja."}, {"value": 3}, {"choice": "yes"}
    nothing = {"text": "", "value": None, "choice": ""}
    for said in ({}, text | number, text | choice, number | choice, text | number | choice):
        with pytest.raises(IntegrityError):
            insert(answer, **nothing | said)
    with pytest.raises(IntegrityError):
        insert(answer)
    insert(answer, **nothing | choice)
    with pytest.raises(IntegrityError):
        insert(answer, **nothing | choice)
    assert Answer.objects.count() == 2


# --- Rows 29 and 41: what only the server may say ---------------------------------------------------------------------

FORGED = {
    "score_time": "2020-01-01", "submitted_at": "2020-01-01T00:00:00Z", "completed_at": "2020-01-01T00:00:00Z",
    "changed_at": "2020-01-01T00:00:00Z", "first": '{"said": {"score": 0}}', "door": "api", "version": "1",
    "client": "1", "invitation": "1", "customer": "1", "open_link": "1", "public_id": "0" * 32, "group": "promoter",
    "kind": "csat", "language": "en", "flagged": "0", "evidence": "", "is_preselected": "1", "is_verified": "1",
    "agent": "1", "team": "1", "weight": "9", "restored_at": "2020-01-01", "is_last": "0", "expires_at": "2099-01-01",
}  # fmt: skip


def test_the_forged_fields_name_every_column_of_a_response():
    own = {"id", "score", "wants_call", "phone"}  # the last three are asked for
    assert {field.name for field in Response._meta.concrete_fields} - own <= FORGED.keys()


def test_what_only_the_server_may_say_changes_nothing_at_any_door(desk, acme, globex):
    desk.post(score="3", comment="Zu lange.", **FORGED | {"client": str(globex.pk)})
    response = Response.objects.get()
    assert (response.client, response.door, response.kind, response.score, response.group) == (
        acme, desk.door, "nps", 3, "detractor",
    )  # fmt: skip
    assert (response.submitted_at, response.completed_at, response.changed_at, response.first) == (NOW, NOW, None, None)
    assert (response.language == "de") == (desk.door == Door.PERSONAL)  # others speak as the browser asks
    assert (response.is_preselected, response.is_verified) == (False, desk.door == Door.PERSONAL)
    assert response.public_id.hex != FORGED["public_id"]
    assert FlaggedSheet.objects.count() == 0


def test_who_bears_the_marks_of_a_machine_cannot_say_that_it_is_none(desk):
    desk.post(score="3", **FORGED | {"website": "https://spam.example"})
    assert (Response.objects.count(), FlaggedSheet.objects.get().evidence) == (0, ["decoy"])


def test_a_tampered_address_stores_nothing_of_its_own(desk):
    desk.post(f"?{urlencode(FORGED | {'page': '7', 'sheet': 'x', 'change': '1', 'lang': 'xx'})}", score="3")
    response = Response.objects.get()
    assert (response.score, response.door, response.submitted_at, response.first) == (3, desk.door, NOW, None)


# --- Row 33: scores that are none -------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", PAGES)
@pytest.mark.parametrize("kind", Survey.Kind)
def test_no_door_takes_a_score_that_is_none_of_the_scale(browser, acme, clock, kind, door):
    desk, scale = Desk(browser, door, factories.make_survey(acme, kind)), scale_of(kind)
    off = [scale[0] - 1, scale[-1] + 1, 11, -1, 9.5, f"{scale[-1]}.0", f"{scale[-1]}e0", "1e1", "", "null", "NaN"]
    off += [chr(0xFF10 + scale[-1] % 10), "٣", f" {scale[-1]}x", "0x3", "[3]", "3,4", "３"]
    for score in off:
        clock.shift(61)  # a sheet takes ten steps a minute
        assert (desk.post(score=str(score)).status_code, Response.objects.count()) == (400, 0), score
        browser.get(desk.path, {"score": str(score)})
    bodies = [f"score%5B%5D={scale[-1]}", f"score.0={scale[-1]}", "score", "score=%00", "score=3;score=4"]
    for body in bodies:
        clock.shift(61)
        assert desk.post_raw(body).status_code == 400
    assert rows()["Response"] == rows()["FlaggedSheet"] == 0
    assert not Invitation.objects.exclude(clicked_at=None).exists()  # nor is it taken for a click


@pytest.mark.parametrize("kind", Survey.Kind)
def test_nor_does_the_telephone(call, kind):
    send, scale = call(kind), scale_of(kind)
    for score in (scale[0] - 1, scale[-1] + 1, -1, 11, 9.5, 4.0, "３", "1e1", "", None, [3], ["3"], {"a": 3}, True):
        assert send({"score": score}).status_code == 400, score
    assert Response.objects.count() == 0
    assert send({"score": scale[-1]}).status_code == 201


# --- Row 48: words of SQL ---------------------------------------------------------------------------------------------


ROUTES = ("answer", "answer-decoy", "answer-thanks", *doors.ROUTES.values(), "open-sheet", "open-sheet-thanks",
          "unsubscribe")  # fmt: skip


@pytest.mark.parametrize("route", ROUTES)
def test_a_token_of_sql_is_an_unknown_link(browser, desk, route):
    known = desk.path.split("/")[2]
    for words in SQL:
        for token in (words, f"{known}{words}", f"{words}~{known[-43:]}"):
            path = reverse(route, args=["TOKEN"]).replace("TOKEN", quote(token, safe=""))
            assert browser.get(path).status_code in (404, 429), path
            assert browser.post(path, {"score": "3", "choice": "all"}).status_code in (404, 405, 429), path
    assert (rows()["Response"], browser.get(desk.path).status_code) == (0, 200)


def test_sql_in_the_address_or_the_form_matches_nothing(browser, desk, clock):
    for words in SQL:
        for name in ("page", "lang", "score", "change", doors.NUMBER):
            clock.shift(61)
            query = f"?{urlencode({name: words})}"
            page = browser.get(desk.path + query)
            assert page.status_code == 200 and "checked" not in page.content.decode()
        for name in ("score", doors.NUMBER, "made"):
            clock.shift(61)
            assert desk.post(**{"comment": words, name: words}).status_code in (400, 404), name
    desk.post(score="3", comment=" ".join(SQL))
    assert Answer.objects.get().text == " ".join(SQL)


def test_sql_in_a_key_a_number_or_a_list_opens_no_api(browser, acme):
    campaign = factories.make_campaign(acme, medium=Medium.LINK)
    contact, key = factories.make_contact(acme), ApiKey.objects.create_key(client=acme, name="test")[1]
    body = {"source": contact.source, "external_id": contact.external_id, "answers": {"score": 3}}
    prefix = key.partition(".")[0]
    for words in SQL:
        for forged in (words, f"{prefix}.{words}", f"{words}.{key}", key + words):
            assert post_json(browser, campaign, body, forged).status_code == 403
        assert post_json(browser, campaign, {**body, "external_id": words}, key).status_code == 400
        assert post_json(browser, campaign, {**body, "source": words}, key).status_code == 400
        assert post_json(browser, campaign, {**body, "language": words}, key).status_code == 400
        assert post_json(browser, campaign, {**body, "answers": {words: 3}}, key).status_code == 400
    assert rows()["Response"] == 0
    assert post_json(browser, campaign, body, key, **{"Idempotency-Key": SQL[0]}).status_code == 201


@pytest.mark.parametrize("model", ["response", "flaggedsheet", "openlink", "survey", "surveyversion"])
def test_sql_in_a_search_an_order_or_a_filter_of_the_admin_finds_nothing(browser, acme, model):
    factories.make_flagged(factories.make_response(acme, 3, "Zu lange.").invitation)
    factories.make_unverified(acme)
    login = factories.make_login("ana")
    factories.give_access(login, acme, "analyst")
    browser.force_login(login)
    path = reverse(f"admin:surveys_{model}_changelist")
    everything = {"period": "all"} if model == "response" else {}
    assert list(browser.get(path, everything).context["cl"].result_list)
    for words in (*SQL, "a\0b", "9" * 5000):
        found = browser.get(path, {"q": words.replace("\0", ""), **everything})
        assert (found.status_code, list(found.context["cl"].result_list)) == (200, [])
        for name in ("o", "p", "kind__exact", "client__id__exact", "group", "theme", "period", "door", words):
            assert browser.get(path, {name: words}).status_code in (200, 302, 400, 403), name
        own = reverse(f"admin:surveys_{model}_change", args=["1"]).replace("/1/", f"/{quote(words, safe='')}/")
        assert browser.get(own).status_code in (302, 404)


# --- Row 58: too much of anything -------------------------------------------------------------------------------------


def memory() -> int:
    """Bytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_too_much_is_refused_at_every_door_and_fills_no_memory(desk, clock):
    before, held = rows(), memory()
    for _ in range(20):
        clock.shift(61)
        assert desk.post(score="3", comment="x" * 65_536).status_code == 413
        assert desk.post_raw("&".join(f"f{number}=1" for number in range(5000))).status_code == 400
        assert desk.post_raw("score=3&" + "comment=x&" * 1001).status_code == 400
        assert desk.post(score="3", comment="x" * 50_000).status_code == 400  # row 61: no such comment to read
    assert rows() == before
    assert memory() - held < 50_000_000


def test_too_much_json_is_refused_and_fills_no_memory(browser, acme, call):
    send = call()
    campaign, key = Campaign.objects.get(), ApiKey.objects.create_key(client=acme, name="other")[1]
    sheet = {"source": "x", "external_id": "x", "answers": {"score": 3}}
    deep = 3
    for _ in range(200):
        deep = {"a": deep}
    assert send({"score": 9}).status_code == 400
    before, held = rows(), memory()  # whether this customer may be asked was decided with the first one
    for _ in range(5):
        assert post_json(browser, campaign, [sheet] * 10_000, key).status_code == 413
        assert send({f"k{number}": 1 for number in range(10_000)}).status_code == 400
        assert send({"score": deep}).status_code == 400
        assert send({"score": 3}, more=deep).status_code == 400
        assert send({"score": 3, "comment": [[]] * 10_000}).status_code == 400
        assert send({"score": 3, "comment": "x" * 50_000}).status_code == 400
        assert post_json(browser, campaign, "[" * 200 + "]" * 200, key).status_code == 400
    assert rows() == before
    assert memory() - held < 50_000_000


# --- Row 61: texts that take long to read -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("👩‍👩‍👧‍👦" * 10_000, Reading.Outcome.UNCLASSIFIED),
        ("‍" * 10_000 + "!" * 10_000, Reading.Outcome.EMPTY),
        ("a" * 50_000, Reading.Outcome.EMPTY),
        ("nicht " * 8_000, Reading.Outcome.UNCLASSIFIED),
        ("0 " * 25_000, Reading.Outcome.EMPTY),
        ("> " * 900 + "Ich habe ewig in der Warteschleife gewartet.", Reading.Outcome.EMPTY),
    ],
    ids=["emoji", "joiners", "letters", "negations", "digits", "quotes"],
)
def test_what_is_made_to_take_long_is_read_to_an_outcome(acme, text, outcome):
    answer = factories.make_response(acme, 3, text).answers.get()
    assert classification.read(answer).outcome == outcome


# --- Row 75: every writing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["score", "comment", doors.NUMBER])
def test_a_nul_is_refused_at_every_door(desk, field):
    answer = desk.post(**{"score": "3", "comment": "", field: "3\0"})
    is_read = field != doors.NUMBER or desk.door != Door.PERSONAL  # a personal sheet has no such field
    assert (answer.status_code, Response.objects.count()) == ((400, 0) if is_read else (302, 1))


def test_half_a_character_becomes_a_whole_one_at_every_door(desk):
    assert desk.post_raw("score=3&comment=a%ED%A0%80b").status_code == 302
    assert Answer.objects.get().text == "a\ufffd\ufffd\ufffdb"


def test_the_telephone_sends_no_half_characters_nuls_or_turned_lines(call):
    send = call()
    assert send({"score": 3, "comment": "a\0b"}).status_code == 400
    assert send({"score": 3, "\ud800": "x"}).status_code == 400
    assert send({"score": 3}, language="\ud800").status_code == 400
    assert Response.objects.count() == 0
    assert send({"score": 3, "comment": "a\ud800b \u202etfarbe u\u0308ber"}).status_code == 201
    assert Answer.objects.get().text == "ab tfarbe über"


@pytest.mark.parametrize("typed", ["Gebühr", "Gebu\u0308hr"])
def test_what_was_written_in_one_spelling_is_found_in_the_other(desk, typed, acme):
    desk.post(score="3", comment="Die Gebu\u0308hr 𝔘𝔫𝔦 👩‍👩‍👧‍👦 ist \u202ezu hoch\u202c.")
    stored = Answer.objects.get()
    assert stored.text == "Die Gebühr 𝔘𝔫𝔦 👩‍👩‍👧‍👦 ist zu hoch."
    login = factories.make_login("ana")
    factories.give_access(login, acme, "analyst")
    reader = Browser()
    reader.force_login(login)
    found = reader.get(reverse("admin:surveys_response_changelist"), {"q": typed, "period": "all"})
    assert list(found.context["cl"].result_list) == [stored.response]
    shown = reader.get(reverse("admin:surveys_response_change", args=[stored.response.pk])).content.decode()
    assert "Gebühr 𝔘𝔫𝔦 👩‍👩‍👧‍👦" in shown and "\u202e" not in shown
    nul = reader.get(reverse("admin:surveys_response_changelist"), {"q": "a\0"})
    assert nul.status_code == 400


# --- Row 31: no token goes astray -------------------------------------------------------------------------------------


def test_no_token_of_any_door_is_in_a_log(desk, monkeypatch, acme):
    (console,) = (handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", io.StringIO())
    browser, number = desk.browser, desk.fields.get(doors.NUMBER, "")
    led_to = desk.post(score="3")["Location"]
    invitation = factories.make_invitation(acme)
    further = [links.make(purpose, invitation.public_id.hex) for purpose in ("answer", "unsubscribe", "digest")]
    tokens = [desk.path.split("/")[2], led_to.split("/")[2], *further, *([number] if number else [])]
    paths = [desk.path, desk.path.replace("~", "%7E"), led_to, desk.path + "more/", *(f"/s/{one}/" for one in further),
             *(f"/u/{one}/" for one in further), f"/r/{number or 'x'}/", f"{desk.path}?sheet={number}"]  # fmt: skip
    for path in paths:
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            browser.generic(method, path, b"score=99", content_type=FORM)
        browser.generic("POST", path, b"x" * 65_537, content_type=FORM)
    lines = console.stream.getvalue()
    assert len(lines.splitlines()) > 30
    assert [token for token in tokens if token in lines or token[-43:] in lines] == []


def test_no_page_of_any_door_tells_or_asks_a_stranger(desk, browser, clock):
    paths = [desk.path, f"{desk.path}?lang=ar", desk.path[:3] + "x/", desk.path[:3] + "A" * 43 + "/"]
    wrong = desk.post(score="99")
    paths.append(desk.post(score="3")["Location"])
    paths += [f"{paths[-1].removesuffix('thanks/')}?change=1", paths[-1].removesuffix("thanks/")]
    if desk.door == Door.PERSONAL:
        paths.append(f"{desk.path}more/")
    OpenLink.objects.update(is_active=False)
    Invitation.objects.update(withdrawn_at=NOW)
    for page in (wrong, *(browser.get(path) for path in (*paths, desk.path))):
        assert (page["Referrer-Policy"], page["Cache-Control"], page["X-Robots-Tag"]) == (
            "no-referrer", "private, no-store", "noindex",
        )  # fmt: skip
        assert not page.cookies
        markup = page.content.decode()
        loaded = re.findall(r'<(?:link|script|img|iframe|source|form)[^>]*(?:href|src|srcset|action)="([^"]*)"', markup)
        assert all(address.startswith("/") and not address.startswith("//") for address in loaded)
        assert not re.search(r"<(style|script)[^>]*>[^<]", markup) and not re.search(r'\s(style|on\w+)="', markup)


# --- Pages out of order -----------------------------------------------------------------------------------------------


def test_no_sheet_is_complete_while_a_required_answer_was_passed_over(browser, acme):
    """By an address of a later page, or because another tab said what brings the question up."""
    survey = factories.make_long_survey(acme)
    desk = Desk(browser, Door.PERSONAL, survey)
    desk.post(score="3")
    passed = desk.post("?page=3", way="email")
    assert passed["Location"] == f"{desk.path}?page=2"
    assert Response.objects.get().completed_at is None
    assert desk.post("?page=2", solved="no")["Location"] == f"{desk.path}?page=3"
    assert desk.post("?page=3", way="email")["Location"] == f"{desk.path}thanks/"
    assert questionnaire.said_in(Response.objects.get()) == {"score": 3, "solved": "no", "way": "email"}


def test_who_never_sees_a_required_question_is_not_led_back_to_it(browser, acme):
    desk = Desk(browser, Door.PERSONAL, factories.make_long_survey(acme))
    desk.post(score="9")
    assert desk.post("?page=3", way="email")["Location"] == f"{desk.path}thanks/"


@pytest.mark.parametrize("door", PAGES)
def test_a_sheet_that_was_begun_goes_on_in_its_own_wording(browser, acme, door):
    survey = factories.make_long_survey(acme)
    desk = Desk(browser, door, survey)
    further = desk.post(score="9")["Location"]
    draft = authoring.begin(survey)
    Question.objects.filter(version=draft, key="again").delete()
    wording.publish(survey, NOW)
    assert 'name="again"' in browser.get(further).content.decode()
    done = browser.post(f"{further}&lang=ar", {"again": "yes"})
    assert done["Location"].endswith("thanks/?lang=ar")
    response = Response.objects.get()
    assert (response.version.number, questionnaire.said_in(response)) == (1, {"score": 9, "again": "yes"})
    assert 'dir="rtl"' in browser.get(done["Location"]).content.decode() or door == Door.KIOSK


def test_a_withdrawal_in_the_middle_of_a_sheet_keeps_what_was_said_and_takes_no_more(browser, acme):
    desk = Desk(browser, Door.PERSONAL, factories.make_long_survey(acme))
    desk.post(score="3")
    Invitation.objects.update(withdrawn_at=NOW)
    for query in ("?page=2", "?page=2&change=1", ""):
        assert desk.post(query, score="0", solved="no").status_code == 200
    assert questionnaire.said_in(Response.objects.get()) == {"score": 3}


def test_nothing_is_changed_once_its_time_is_over(browser, acme, clock):
    for door in (Door.PERSONAL, Door.OPEN, Door.KIOSK):
        desk = Desk(browser, door, factories.make_long_survey(acme))
        further = desk.post(score="3")["Location"].partition("?")[0]
        clock.shift(15 * 24 * 3600)
        for path in (further, desk.path):
            browser.post(f"{path}?page=1&change=1", {**desk.fields, "score": "0"})
            browser.post(f"{path}?page=2&change=1", {**desk.fields, "solved": "no"})
    assert {response.score for response in Response.objects.all()} == {3}
    assert rows()["Answer"] == rows()["FlaggedSheet"] == 0


# --- The rehearsal ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        b"[" * 2000 + b"]" * 2000,
        b'{"version": Infinity}',
        b'{"version": NaN}',
        b'{"version": 1e999}',
        b'{"version": null}',
        b'{"version": 1, "said": []}',
        b'{"version": 1, "said": {"comment": "\\ud800"}}',
        b'{"version": 1, "said": {}, "door": "api"}',
        b"\xff\x00",
    ],
)
def test_an_address_that_no_preview_wrote_is_none(written):
    assert Scene.read(base64.urlsafe_b64encode(written).decode()) is None


@pytest.mark.parametrize(
    "scene",
    [
        {"said": {"score": True}},
        {"said": {"score": 3, "way": [["x"]], "wrong": [["x"]], "solved": {"a": 1}}},
        {"said": {"score": 3}, "channel": {}, "segment": [[]]},
        {"said": {"score": "3", "comment": 5}, "is_over": True},
        {"said": {"score": 3, "comment": "<script>"}, "is_over": "x", "is_informal": []},
    ],
)
def test_a_preview_shows_its_page_whatever_its_address_says_was_said(browser, acme, scene):
    survey = factories.make_long_survey(acme)
    draft = authoring.begin(survey)
    looks = [{"of": "channel", "values": ["phone"]}, {"of": "segment", "values": ["gold"]}]
    Question.objects.filter(version=draft, key="again").update(conditions=looks)
    login = factories.make_login("ana")
    factories.give_access(login, acme, "analyst")
    browser.force_login(login)
    written = base64.urlsafe_b64encode(json.dumps({"version": draft.number, **scene}).encode()).decode()
    for query in ("", "?page=2", "?page=3&lang=ar", "?change=1&score=9"):
        page = browser.get(reverse("admin:surveys_survey_frame", args=[survey.pk, written]) + query)
        assert page.status_code == 200 and "<script>" not in page.content.decode()
