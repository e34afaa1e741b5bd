"""The contacts API: one result per row, the client from the key alone, and every mistake answered in words."""

import datetime as dt
import io
import json
import re

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import Agent, ApiKey, Client, Contact, Customer

CALL = {
    "external_id": "C-1",
    "state": "finished",
    "started_at": "2026-11-09T08:00:00Z",
    "ended_at": "2026-11-09T09:10:00+01:00",
}


def key_of(client: Client, **fields) -> str:
    return ApiKey.objects.create_key(client=client, name="test", **fields)[1]


@pytest.fixture
def post(client, acme):
    """Send a body with acme's key, or with another; text goes as it is."""
    acmes = key_of(acme)

    def post(body, key=acmes):
        data = body if isinstance(body, str) else json.dumps(body)
        return client.post(
            reverse("api-contacts"), data, content_type="application/json", headers={"Authorization": f"Api-Key {key}"}
        )

    return post


def errors_of(response) -> list[tuple[str, str]]:
    assert response.json()["result"] == "refused"
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


# --- Statuses ------------------------------------------------------------------------------------------------------


def test_a_new_contact_is_201_the_same_again_200_and_new_content_200(post):
    first, again, changed = post(CALL), post(CALL), post({**CALL, "reopened_count": 1})
    contact = Contact.objects.get()
    assert (first.status_code, first.json()) == (201, {"external_id": "C-1", "result": "created", "id": contact.pk})
    assert (again.status_code, again.json()["result"]) == (200, "unchanged")
    assert (changed.status_code, changed.json()) == (200, {"external_id": "C-1", "result": "updated", "id": contact.pk})
    assert contact.ended_at == dt.datetime(2026, 11, 9, 8, 10, tzinfo=dt.UTC)


def test_an_older_word_is_200_outdated_and_changes_nothing(post):
    told = [post({**CALL, "told_at": f"2026-11-09T{hour}:00Z", "subject": hour}) for hour in ("10", "09", "11")]
    assert [(answer.status_code, answer.json()["result"]) for answer in told] == [
        (201, "created"), (200, "outdated"), (200, "updated"),
    ]  # fmt: skip
    assert Contact.objects.get().subject == "11"


def test_the_same_contact_a_hundred_times_over_the_api_is_one_row(post):
    assert [post(CALL).status_code for _ in range(100)] == [201] + [200] * 99
    assert post([CALL] * 100).status_code == 200
    assert Contact.objects.count() == 1


def test_one_event_over_api_and_file_is_one_contact(post, acme, tmp_path):
    ticket = {
        "source": "helpdesk",
        "external_id": "7",
        "state": "finished",
        "started_at": "2026-11-09T08:00:00Z",
        "ended_at": "2026-11-09T08:10:00Z",
        "is_solved": True,
        "customer_name": "Kim Brook",
        "channel": "email",
        "attributes": {"priority": "low"},
    }
    (tmp_path / "tickets.csv").write_text(
        "Ticket ID,Created at,Solved at,Status,Group,Assignee,Requester,Requester email,Channel,Subject,Tags,Priority,"
        "Locale,Reopens\n7,2026-11-09T08:00:00Z,2026-11-09T08:10:00Z,solved,,,Kim Brook,,email,,,low,,0\n"
    )
    assert post(ticket).status_code == 201
    out = io.StringIO()
    call_command("import_contacts", "acme", str(tmp_path / "tickets.csv"), stdout=out)
    assert "         1  unchanged\n" in out.getvalue()
    assert Contact.objects.count() == 1


def test_a_list_gets_one_result_per_row_in_its_order(post):
    post({**CALL, "external_id": "known"})
    rows = [{**CALL, "external_id": name} for name in ("new", "known", "")] + ["no object"]
    response = post(rows)
    assert response.status_code == 207
    assert [(result["external_id"], result["result"]) for result in response.json()] == [
        ("new", "created"),
        ("known", "unchanged"),
        ("", "refused"),
        ("", "refused"),
    ]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [(["a", "b"], 201), (["known", "known"], 200), (["a", "known"], 207), (["a", ""], 207), ([""], 400)],
)
def test_the_status_of_a_list_sums_up_its_results(post, numbers, status):
    post({**CALL, "external_id": "known"})
    assert post([{**CALL, "external_id": number} for number in numbers]).status_code == status


def test_a_thousand_contacts_fit_into_one_list_and_one_more_is_413(post):
    rows = [{**CALL, "external_id": str(n)} for n in range(1001)]
    too_many = post(rows)
    assert (too_many.status_code, Contact.objects.count()) == (413, 0)
    assert too_many.json() == {"detail": "1001 contacts at once; 1,000 are possible. Send several lists."}
    assert (post(rows[:1000]).status_code, Contact.objects.count()) == (201, 1000)


def test_the_number_of_queries_is_the_same_for_one_row_and_for_three(post):
    def count(names) -> int:
        rows = [CALL | dict.fromkeys(("external_id", "agent_name", "team", "customer_number"), name) for name in names]
        with CaptureQueriesContext(connection) as queries:
            assert post(rows).status_code == 201
        return len(queries)

    assert count(["a"]) == count(["b", "c", "d"])


# --- Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["", "  ", None])
def test_a_missing_number_is_400(post, number):
    response = post({**CALL, "external_id": number})
    assert response.status_code == 400 and errors_of(response)[0][0] == "external_id"
    assert post({name: value for name, value in CALL.items() if name != "external_id"}).status_code == 400
    assert Contact.objects.count() == 0


@pytest.mark.parametrize(
    "field", ["id", "client", "client_id", "customer", "agent", "agent_id", "team_id", "content_hash", "x"]
)
def test_an_unknown_field_is_refused_by_name_and_nothing_is_written(post, field):
    response = post({**CALL, field: 1})
    assert (response.status_code, errors_of(response)) == (400, [(field, "unknown")])
    assert Contact.objects.count() == 0


@pytest.mark.parametrize("field", ["started_at", "ended_at"])
def test_a_time_without_a_zone_is_refused_with_the_way_to_mend_it(post, field):
    response = post({**CALL, field: "2026-11-09T08:00:00"})
    assert (response.status_code, errors_of(response)) == (400, [(field, "naive")])
    assert "Add it, as in 2026-11-02T14:05:00Z" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ended_at": "2026-11-09T07:59:59Z"}, ("ended_at", "ends_before_start")),
        ({"ended_at": None}, ("ended_at", "no_end")),
        ({"started_at": "2026-02-30T10:00:00Z"}, ("started_at", "invalid")),
        ({"started_at": "0001-01-01T00:00:00+02:00"}, ("started_at", "overflow")),
        ({"started_at": "9999-12-31T23:59:59-02:00"}, ("started_at", "overflow")),
        ({"state": "done"}, ("state", "invalid_choice")),
        ({"channel": "fax"}, ("channel", "invalid_choice")),
        ({"wait_seconds": "minus"}, ("wait_seconds", "invalid")),
        ({"wait_seconds": 2**31}, ("wait_seconds", "out_of_range")),
        ({"is_spam": "perhaps"}, ("is_spam", "invalid")),
        ({"tags": "spam"}, ("tags", "not_a_list")),
        ({"tags": ["x" * 501]}, ("tags", "max_length")),
        ({"attributes": {"a": {"b": 1}}}, ("attributes", "invalid")),
        ({"attributes": {"a": "x" * 501}}, ("attributes", "invalid")),
        ({"subject": "a\0"}, ("subject", "null_characters_not_allowed")),
        ({"subject": "\ud800"}, ("subject", "surrogate_characters_not_allowed")),
        ({"attributes": {"\ud800": 1}}, ("attributes", "unstorable")),
        ({"attributes": {"a": "\0"}}, ("attributes", "unstorable")),
        ({"\ud800": 1}, ("?", "unknown")),
    ],
)
def test_what_cannot_be_taken_is_400_with_field_code_and_sentence(post, fields, expected):
    response = post({**CALL, **fields})
    assert (response.status_code, errors_of(response)) == (400, [expected])
    assert response.json()["errors"][0]["message"]
    assert Contact.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"external_id": NaN}',
        '"text"',
        "7",
        "null",
        '{"external_id": ' + "1" * 5000 + "}",
        json.dumps({**CALL, "attributes": {"a": 1}}).replace(": 1}", ": 1e999}"),
    ],
)
def test_a_malformed_body_is_400_and_never_500(post, body):
    assert post(body).status_code == 400
    assert Contact.objects.count() == 0


def test_a_body_of_six_megabytes_is_413(post):
    assert post({**CALL, "subject": "x" * 6_000_000}).status_code == 413


def test_null_and_empty_mean_not_known(post):
    nothing = dict.fromkeys(("email", "agent_name", "team", "wait_seconds", "is_solved", "has_consent", "language"))
    assert post(CALL | nothing).status_code == 201
    assert post({**CALL, "email": "", "team": ""}).json()["result"] == "unchanged"


def test_a_long_name_is_shortened_and_the_result_says_so(post):
    response = post({**CALL, "customer_number": "K1", "customer_name": "A" * 300})
    assert response.status_code == 201
    assert [(note["field"], note["code"]) for note in response.json()["notes"]] == [("customer_name", "shortened")]
    assert Customer.objects.get().name == "A" * 200


# --- Keys and clients ----------------------------------------------------------------------------------------------


def test_without_a_valid_key_nothing_is_taken(post, acme, now):
    revoked, expired = key_of(acme, revoked=True), key_of(acme, expiry_date=now - dt.timedelta(days=900))
    good = key_of(acme)
    for key in ("", "x", "x.y", revoked, expired, good[:-1], good + "x", "\0.\0", good.partition(".")[0] + ".x"):
        response = post(CALL, key=key)
        assert (response.status_code, set(response.json())) == (403, {"detail"})
    assert Contact.objects.count() == 0


def test_the_key_of_an_inactive_client_is_no_longer_valid(post, acme):
    Client.objects.filter(pk=acme.pk).update(is_active=False)
    assert post(CALL).status_code == 403


def test_a_key_writes_for_its_own_client_only(post, acme, globex):
    globexs = key_of(globex)
    row = {**CALL, "customer_number": "K1", "agent_key": "A1", "agent_name": "Lena Ritter"}
    assert (post(row).status_code, post(row, key=globexs).status_code) == (201, 201)
    assert post({**row, "subject": "globex was here"}, key=globexs).json()["result"] == "updated"
    assert dict(Contact.objects.values_list("client__slug", "subject")) == {"acme": "", "globex": "globex was here"}
    for model in (Customer, Agent):
        assert sorted(model.objects.values_list("client__slug", flat=True)) == ["acme", "globex"]


def test_there_is_nothing_to_get_put_or_delete(client, acme):
    header = {"Authorization": f"Api-Key {key_of(acme)}"}
    for method in (client.get, client.put, client.patch, client.delete):
        assert method(reverse("api-contacts"), headers=header).status_code == 405


def test_the_command_prints_a_key_that_works_and_stores_only_its_hash(post, acme, globex):
    out = io.StringIO()
    call_command("create_api_key", "globex", "telephone system", stdout=out, stderr=io.StringIO())
    key = out.getvalue().strip()
    assert post(CALL, key=key).status_code == 201
    assert Contact.objects.get().client == globex
    assert key not in str(list(ApiKey.objects.values()))
    for client, name, answer in (("nobody", "x", "acme, globex"), ("acme", "", "1 to"), ("acme", "x" * 51, "1 to")):
        with pytest.raises(CommandError, match=answer):
            call_command("create_api_key", client, name, stdout=io.StringIO())


# --- The description -----------------------------------------------------------------------------------------------


def test_the_schema_describes_every_field_in_openapi_3_1(client):
    response = client.get(reverse("api-schema"), headers={"Accept": "application/vnd.oai.openapi+json"})
    schema = response.json()
    assert (response.status_code, schema["openapi"]) == (200, "3.1.0")
    contact = schema["components"]["schemas"]["Contact"]
    assert contact["required"] == ["external_id", "started_at", "state"]
    assert [name for name, field in contact["properties"].items() if not field.get("description")] == []
    body = schema["paths"]["/api/v1/contacts/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ContactOrContacts"}
    assert len(schema["components"]["schemas"]["ContactOrContacts"]["oneOf"]) == 2


def test_the_docs_page_has_no_inline_script_or_style(client):
    page = client.get(reverse("api-docs"))
    assert page.status_code == 200
    html = page.content.decode()
    assert html.count("<script src=") == html.count("<script") == 3
    assert "<style" not in html and "default-src 'self'" in page.headers["Content-Security-Policy"]
    script = client.get(reverse("api-docs") + "?script=")
    assert (script.status_code, script.headers["Content-Type"]) == (200, "application/javascript")


def test_the_example_of_the_readme_is_taken_as_it_stands(post):
    readme = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
    [body] = re.findall(r"-d '(\[.*?\])'", readme, re.DOTALL)
    response = post(body)
    assert (response.status_code, [row["result"] for row in response.json()]) == (201, ["created"])
