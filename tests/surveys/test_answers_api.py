"""Answers by telephone and chat: judged by the same rules, checked by the same form, stored in the same row."""

import json

import pytest
import time_machine
from django.urls import reverse

from surveys import preferences, responses, sittings, wording
from surveys.api import answers as api
from surveys.models import Answer, ApiKey, Contact, Door, Invitation, Medium, Question, Response, Survey
from tests.conftest import NOW
from tests.factories import make_campaign, make_contact, make_customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_work():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def campaign(acme):
    return make_campaign(acme, medium=Medium.LINK, survey=make_survey(acme))


@pytest.fixture
def contact(acme):
    return make_contact(acme, source="phone", external_id="C-1")


@pytest.fixture
def acmes_key(acme):
    return key_of(acme)


@pytest.fixture
def send(client, acmes_key, campaign):
    def send(body, to=campaign, key=acmes_key, **headers):
        data = body if isinstance(body, str) else json.dumps(body)
        url = reverse("api-answers", args=[to if isinstance(to, int) else to.pk])
        headers = {"Authorization": f"Api-Key {key}", "Accept-Language": "en", **headers}
        return client.post(url, data, content_type="application/json", headers=headers)

    return send


def key_of(client) -> str:
    return ApiKey.objects.create_key(client=client, name="test")[1]


def make_survey(client):
    """Score; solved?, required of the unhappy; what was it about; any of several; a comment."""
    survey = Survey.objects.create(client=client, kind="csat", name="by telephone")
    draft = wording.draft_of(survey, [("score", "csat"), ("solved", "solved"), ("comment", "text")])
    Question.objects.filter(version=draft, key="solved").update(
        is_required=True, starts_page=True, conditions=[{"of": "group", "values": ["detractor"]}]
    )
    texts = {"de": {"ask": "Worum ging es?", "options": {"bill": "Rechnung", "other": "Anderes"}}}
    texts["en"] = {"ask": "What was it about?", "options": {"bill": "A bill", "other": "Something else"}}
    common = {"version": draft, "wording": texts, "options": ["bill", "other"]}
    Question.objects.create(position=3, key="about", kind="single", **common)
    Question.objects.create(position=4, key="which", kind="multiple", **common)
    wording.publish(survey, NOW)
    return survey


def order(contact, complete=None, **answers) -> dict:
    body = {"source": contact.source, "external_id": contact.external_id, "answers": answers}
    return body if complete is None else {**body, "complete": complete}


def codes(answer: dict) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer["errors"]]


# --- Storing ----------------------------------------------------------------------------------------------------------


def test_answers_are_stored_as_a_pages_are(send, acme, contact):
    answer = send(
        {**order(contact, score=5, comment="Ruf an: 0170 5550001", which=["bill", "other"]), "language": "en"}
    )
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "external_id": "C-1",
            "asked": True,
            "result": "created",
            "is_complete": True,
            "still_open": ["about"],
        },
    )
    response = Response.objects.get()
    stored = (response.client, response.invitation.contact, response.door, response.score, response.language)
    assert stored == (acme, contact, Door.API, 5, "en")
    assert (response.completed_at, response.wants_call) == (NOW, False)
    assert Response.objects.verified().get() == response
    said = {(row.question.key, row.text or row.choice) for row in response.answers.select_related("question")}
    assert {said_of for key, said_of in said if key == "which"} == {"bill", "other"}
    assert not any("0170 5550001" in text for _key, text in said)


def test_pieces_complete_one_row(send, contact):
    statuses = [
        send(order(contact, complete=False, score=1)),
        send(order(contact, complete=False, solved="no")),
        send(order(contact, comment="Nie wieder.")),
    ]
    assert [answer.status_code for answer in statuses] == [201, 200, 200]
    told = [(one["result"], one["is_complete"], one["still_open"]) for one in (a.json() for a in statuses)]
    assert told == [
        ("created", False, ["solved", "comment", "about", "which"]),
        ("updated", False, ["comment", "about", "which"]),
        ("updated", True, ["about", "which"]),
    ]
    row = Response.objects.get()
    assert (row.score, row.answers.count(), row.changed_at) == (1, 2, None)


def test_a_repeat_changes_nothing_and_another_word_is_a_change(send, contact):
    first = order(contact, score=4, comment="Gut, Frau Meier!")
    assert [send(first).json()["result"] for _ in range(3)] == ["created", "unchanged", "unchanged"]
    assert Response.objects.get().changed_at is None
    assert send(order(contact, score=2, solved="yes")).json()["result"] == "updated"
    row = Response.objects.get()
    assert (row.score, row.first["said"]["score"], row.changed_at) == (2, 4, NOW)


def test_an_empty_text_takes_back_what_was_said(send, contact):
    send(order(contact, score=4, comment="Gut.", which=["bill"]))
    assert send(order(contact, comment="", which=[])).json()["result"] == "updated"
    assert Answer.objects.count() == 0


def test_the_page_and_the_telephone_fill_the_same_row(send, contact, campaign):
    send(order(contact, complete=False, score=4))
    invitation = Invitation.objects.get()
    sitting = sittings.sitting_of(invitation)
    responses.record(sitting, responses.Sheet({"comment": "Vom Handy."}), NOW)
    row = Response.objects.get()
    assert (row.door, row.answers.get().text, row.completed_at) == (Door.API, "Vom Handy.", NOW)


def test_the_same_key_sends_once(send, contact):
    body = order(contact, score=4)
    first = send(body, **{"Idempotency-Key": "k-1"})
    Response.objects.update(score=1)
    again = send(body, **{"Idempotency-Key": "k-1"})
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert Response.objects.get().score == 1
    assert send(order(contact, score=3), **{"Idempotency-Key": "k-1"}).status_code == 422


# --- Who is asked -----------------------------------------------------------------------------------------------------


def test_of_who_is_not_asked_nothing_is_stored(send, acme, campaign):
    customer = make_customer(acme)
    contact = make_contact(acme, customer=customer, is_spam=True)
    answer = send(order(contact, score=5))
    assert answer.status_code == 200
    assert (answer.json()["asked"], answer.json()["reason"]) == (False, Invitation.objects.get().reason)
    assert Response.objects.count() == 0


def test_an_objection_closes_the_door(send, contact):
    send(order(contact, complete=False, score=5))
    preferences.unsubscribe(Invitation.objects.get(), NOW, preferences.Scope.ALL_SURVEYS)
    answer = send(order(contact, comment="Noch etwas."))
    assert (answer.json().get("asked"), answer.json().get("reason")) == (False, "suppressed")
    assert Answer.objects.count() == 0


def test_what_is_over_is_refused_with_its_reason(send, contact, _at_work):
    send(order(contact, complete=False, score=5))
    _at_work.move_to(Invitation.objects.get().expires_at)
    answer = send(order(contact, comment="Zu spät."))
    assert (answer.status_code, codes(answer.json())) == (400, [("", "closed")])
    assert Answer.objects.count() == 0


def test_what_is_foreign_does_not_exist(send, campaign, acme, globex, contact):
    foreign = make_campaign(globex, medium=Medium.LINK)
    theirs = make_contact(globex)
    assert send(order(contact, score=5), to=foreign).status_code == 404
    assert send(order(contact, score=5), key=key_of(globex)).status_code == 404
    answer = send(order(theirs, score=5))
    assert (answer.status_code, codes(answer.json())) == (400, [("external_id", "no_such_contact")])
    for number in (make_campaign(acme).pk, 0, 2**31, 2**70):
        assert send(order(contact, score=5), to=number).status_code == 404
    assert send(order(contact, score=5), key="wrong").status_code == 403
    assert (Response.objects.count(), Invitation.objects.count()) == (0, 0)


# --- What is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"score": 0}, [("answers.score", "invalid_choice")]),
        ({"score": 6}, [("answers.score", "invalid_choice")]),
        ({"score": -1}, [("answers.score", "invalid_choice")]),
        ({"score": "１"}, [("answers.score", "invalid_choice")]),
        ({"score": "1e0"}, [("answers.score", "invalid_choice")]),
        ({"score": ""}, [("answers.score", "required")]),
        ({"score": 4.0}, [("answers.score", "invalid")]),
        ({"score": True}, [("answers.score", "invalid")]),
        ({"score": None}, [("answers.score", "invalid")]),
        ({"score": [4]}, [("answers.score", "invalid")]),
        ({"score": {"a": 1}}, [("answers.score", "invalid")]),
        ({"score": 4, "mood": "good"}, [("answers.mood", "unknown")]),
        ({"score": 4, "about": "cats"}, [("answers.about", "invalid")]),
        ({"score": 4, "which": ["bill", "cats"]}, [("answers.which", "invalid")]),
        ({"score": 4, "which": "bill"}, [("answers.which", "invalid")]),
        ({"score": 4, "comment": "x" * 2001}, [("answers.comment", "max_length")]),
        ({"score": 4, "comment": "a\0b"}, [("answers.comment", "null_characters_not_allowed")]),
        ({"score": 4, "comment": 5}, [("answers.comment", "invalid")]),
        ({"score": ["4"]}, [("answers.score", "invalid")]),
        ({"score": 4, "comment": ["x"]}, [("answers.comment", "invalid")]),
        ({"score": 4, "solved": "no"}, [("answers.solved", "not_asked")]),
        ({"score": 1}, [("answers.solved", "required")]),
        ({"comment": "Gut."}, [("answers.score", "required")]),
        ({}, [("answers.score", "required")]),
        ({f"k{n}": 1 for n in range(10_000)}, [("answers", "too_many")]),
    ],
)
def test_every_mistake_names_its_field_and_how_to_mend_it(send, contact, answers, found):
    answer = send(order(contact, **answers))
    assert (answer.status_code, codes(answer.json())) == (400, found)
    assert all(len(error["message"]) > 10 for error in answer.json()["errors"])
    assert Response.objects.count() == 0


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"agent": "Lena"}, ("agent", "unknown")),
        ({"score_time": "2020-01-01T00:00:00Z"}, ("score_time", "unknown")),
        ({"flagged": False}, ("flagged", "unknown")),
        ({"client": 1}, ("client", "unknown")),
        ({"wants_call": True}, ("wants_call", "unknown")),
        ({"answers": []}, ("answers", "not_a_dict")),
        ({"answers": None}, ("answers", "null")),
        ({"complete": "perhaps"}, ("complete", "invalid")),
        ({"language": "tr"}, ("language", "not_offered")),
        ({"language": "xx"}, ("language", "not_offered")),
        ({"external_id": "C-\0"}, ("external_id", "null_characters_not_allowed")),
    ],
)
def test_no_field_but_the_known_ones_is_taken(send, contact, more, found):
    answer = send({**order(contact, score=4), **more})
    assert (answer.status_code, codes(answer.json())) == (400, [found])
    assert Response.objects.count() == 0


def test_every_column_of_an_answer_is_server_owned(send, contact):
    """Row 41: no column can be set from outside."""
    known = set(api.SheetSerializer().fields)
    for column in (*Response._meta.fields, *Invitation._meta.fields):
        if column.name not in known:
            answer = send({**order(contact, score=4), column.name: 1})
            assert (answer.status_code, codes(answer.json())) == (400, [(column.name, "unknown")])
    assert Response.objects.count() == 0


def test_a_list_is_told_of_in_its_order(send, acme, contact):
    other, open_one = make_contact(acme), make_contact(acme, state=Contact.State.OPEN)
    body = [order(contact, score=4), order(open_one, score=4), order(other), "text", order(other, score=9)]
    answer = send(body)
    assert answer.status_code == 207
    assert [one.get("result") or codes(one) for one in answer.json()] == [
        "created",
        [("", "not_to_be_judged")],
        [("answers.score", "required")],
        [("", "invalid")],
        [("answers.score", "invalid_choice")],
    ]
    assert [send([order(other, score=4)]).status_code, send([order(other, score=4)]).status_code] == [201, 200]


def test_a_hundred_are_possible_and_no_more(send, contact):
    assert send([order(contact, score=4)] * 101).status_code == 413
    assert send([]).status_code == 400
    assert Response.objects.count() == 0


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, '"text"', "1", "null", '{"answers":' * 200 + "1" + "}" * 200])
def test_a_body_that_is_none_is_refused(send, body):
    assert send(body).status_code == 400


def test_too_large_a_body_is_refused(send, contact):
    assert send(order(contact, score=4, comment="x" * 5_300_000)).status_code == 413


# --- What is asked ----------------------------------------------------------------------------------------------------


def test_a_telephone_learns_what_to_ask(client, acmes_key, campaign, globex):
    def get(campaign, key=acmes_key):
        return client.get(reverse("api-questions", args=[campaign.pk]), headers={"Authorization": f"Api-Key {key}"})

    told = get(campaign).json()
    assert (told["kind"], told["version"]) == ("csat", 1)
    assert {"de", "en"} <= set(told["languages"])
    assert [(one["key"], one["kind"], one["page"], one["is_required"]) for one in told["questions"]] == [
        ("score", "csat", 1, True),
        ("solved", "solved", 2, True),
        ("comment", "text", 2, False),
        ("about", "single", 2, False),
        ("which", "multiple", 2, False),
    ]
    score, solved, _comment, about, _which = told["questions"]
    assert (score["first"], score["last"], score["options"]) == (1, 5, [])
    assert solved["conditions"] == [{"of": "group", "key": "", "values": ["detractor"]}]
    assert (solved["first"], solved["options"]) == (None, ["yes", "partly", "no"])
    assert about["texts"]["en"] == {
        "ask": "What was it about?",
        "options": {"bill": "A bill", "other": "Something else"},
    }
    assert "{client}" not in json.dumps(told)
    assert get(campaign, key_of(globex)).status_code == 404
    assert get(campaign, "wrong").status_code == 403
    empty = make_campaign(
        campaign.client,
        medium=Medium.LINK,
        survey=Survey.objects.create(client=campaign.client, kind="ces", name="new"),
    )
    assert get(empty).json() == {"kind": "ces", "version": None, "languages": [], "questions": []}
