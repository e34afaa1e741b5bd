"""The funnel by API: the client from the key alone, the same figures as the page, files no spreadsheet runs."""

import csv
import datetime as dt
import io
import json

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from surveys.models import ApiKey, Invitation, Stage
from surveys.models.fates import LABELS
from tests import factories
from tests.surveys.test_ledger import IN_OCTOBER, State, verdict

OCTOBER = {"from": "2026-10-01", "until": "2026-11-01"}


@pytest.fixture
def get(client, acme):
    key = ApiKey.objects.create_key(client=acme, name="test")[1]

    def get(name, *args, **query):
        return client.get(reverse(f"api-{name}", args=args), query, headers={"Authorization": f"Api-Key {key}"})

    return get


def test_campaigns_are_those_of_the_key(get, acme, globex):
    mine = factories.make_campaign(acme, name="Nach Anruf", is_paused=True, paused_because="550 refused")
    factories.make_campaign(globex)
    assert get("campaigns").json() == [
        {
            "id": mine.pk,
            "name": "Nach Anruf",
            "kind": "post_contact",
            "medium": "mail",
            "is_paused": True,
            "paused_because": "550 refused",
        }
    ]


def test_the_funnel_names_each_step_and_each_loss_in_words(get, acme):
    for reason in ("not_sampled", "goodwill", "not_sampled", "spam"):
        campaign = verdict(acme, reason=reason).campaign
    verdict(acme, state=State.UNKNOWN, clicked_at=factories.NOW, clicked_score=2)
    factories.make_flagged(verdict(acme, state=State.ACCEPTED, is_answered=True))
    assert get("funnel", campaign.pk, **OCTOBER).json() == {
        "steps": [
            {
                "stage": "eligible",
                "count": 5,
                "losses": [
                    {"reason": "not_sampled", "reason_text": "not drawn", "count": 2},
                    {"reason": "goodwill", "reason_text": "goodwill was given", "count": 1},
                ],
            },
            {
                "stage": "asked",
                "count": 2,
                "losses": [
                    {
                        "reason": "unknown",
                        "reason_text": "unknown: may have arrived, never sent again",
                        "count": 1,
                    }
                ],
            },
            {"stage": "delivered", "count": 1, "losses": []},
            {"stage": "started", "count": 1, "losses": []},
            {"stage": "answered", "count": 1, "losses": []},
        ],
        "ineligible": [{"reason": "spam", "reason_text": "spam", "count": 1}],
        "coverage": 40.0,
        "response_rate": 50.0,
        "beside": {"promoters": 0, "passives": 0, "detractors": 1, "flagged": 1},
    }


def test_an_empty_period_has_zero_counts_and_no_rates(get, acme):
    found = get("funnel", factories.make_campaign(acme).pk, **OCTOBER).json()
    assert [step["count"] for step in found["steps"]] == [0] * 5
    assert (found["coverage"], found["response_rate"]) == (None, None)


@pytest.mark.parametrize("name", ["funnel", "verdicts"])
def test_what_is_foreign_does_not_exist_and_without_a_key_nothing_does(get, client, acme, globex, name):
    foreign, mine = factories.make_campaign(globex), factories.make_campaign(acme)
    assert get(name, foreign.pk, **OCTOBER).status_code == get(name, 987654, **OCTOBER).status_code == 404
    assert client.get(reverse(f"api-{name}", args=[mine.pk]), OCTOBER).status_code == 403
    assert client.get(reverse("api-campaigns")).status_code == 403


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_file_of_another_clients_campaign_does_not_exist(get, globex, form):
    assert get("verdicts", factories.make_campaign(globex).pk, **OCTOBER, format=form).status_code == 404


@pytest.mark.parametrize("name", ["funnel", "verdicts"])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "Name the period: ?from=2026-10-01&until=2026-11-01 is October."),
        ({"from": "2026-10-01"}, "Name the period: ?from=2026-10-01&until=2026-11-01 is October."),
        ({"from": "gestern", "until": "2026-11-01"}, "“gestern” is no day. Write it as in 2026-10-01."),
        (
            {"from": "2026-11-01", "until": "2026-10-01"},
            "The first day must come before the day at which the period ends.",
        ),
        ({"from": "0001-01-01", "until": "2026-11-01"}, "0001-01-01 lies too far away."),
    ],
)
def test_wrong_days_are_400_in_words(get, acme, name, query, said):
    response = get(name, factories.make_campaign(acme).pk, **query)
    assert (response.status_code, response.json()) == (400, {"detail": said})


@pytest.mark.parametrize("name", ["stage", "reason", "format"])
def test_what_is_not_offered_is_400_with_what_is(get, acme, name):
    response = get("verdicts", factories.make_campaign(acme).pk, **OCTOBER, **{name: "pdf"})
    assert response.status_code == 400
    assert response.json()["detail"].startswith(f"“pdf” is no {name}. Possible are: ")


def test_a_mark_that_is_none_is_no_error_of_ours(get, acme):
    assert get("verdicts", factories.make_campaign(acme).pk, **OCTOBER, page="x").status_code == 404


def test_verdicts_are_told_by_numbers_only(get, acme):
    contact = factories.make_contact(acme, external_id="C-1", source="phone")
    invitation = verdict(acme, state=State.FAILED, contact=contact, clicked_at=factories.NOW, clicked_score=1)
    factories.make_flagged(invitation)
    found = get("verdicts", invitation.campaign_id, **OCTOBER)
    assert found.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": invitation.pk,
                "campaign": invitation.campaign_id,
                "medium": "mail",
                "source": "phone",
                "external_id": "C-1",
                "wave": None,
                "customer_number": "",
                "about_at": "2026-10-12T10:00:00Z",
                "decided_at": "2026-10-12T10:00:00Z",
                "rules": None,
                "verdict": "asked",
                "stage": "asked",
                "reason": "failed",
                "due_at": "2026-10-12T10:00:00Z",
                "state": "failed",
                "opened_at": None,
                "provisional": None,
                "flagged": 1,
            }
        ],
    }
    assert contact.customer.name not in found.content.decode()
    assert "@" not in found.content.decode()


def test_the_pages_together_hold_every_verdict_once_though_new_ones_come_in(get, client, acme, monkeypatch):
    monkeypatch.setattr("surveys.api.funnel.VerdictPages.page_size", 3)
    campaign = factories.make_campaign(acme)
    expected = [verdict(acme, reason="stale", campaign=campaign).pk for _ in range(7)]
    page, found = get("verdicts", campaign.pk, **OCTOBER), []
    key = page.wsgi_request.headers["Authorization"]
    while True:
        found += [row["id"] for row in page.json()["results"]]
        if not (following := page.json()["next"]):
            break
        if len(found) == 3:
            expected.append(verdict(acme, reason="stale", campaign=campaign).pk)
            Invitation.objects.filter(pk=expected[0]).delete()
        page = client.get(following, headers={"Authorization": key})
    assert found == expected


def test_verdicts_of_a_stage_and_of_a_reason_are_as_many_as_the_funnel_says(get, acme):
    for reason in ("not_sampled", "goodwill", "spam"):
        campaign = verdict(acme, reason=reason).campaign
    verdict(acme, state=State.UNKNOWN)
    verdict(acme, state=State.ACCEPTED, opened_at=IN_OCTOBER)
    verdict(acme, state=State.ACCEPTED, is_answered=True)
    verdict(acme, state=State.ACCEPTED, is_answered=True, about_at=IN_OCTOBER + dt.timedelta(days=60))
    funnel = get("funnel", campaign.pk, **OCTOBER).json()

    def count(**query):
        return len(get("verdicts", campaign.pk, **OCTOBER, **query).json()["results"])

    steps = {step["stage"]: step["count"] for step in funnel["steps"]}
    assert {stage: count(stage=stage) for stage in steps} == steps
    losses = {loss["reason"]: loss["count"] for step in [*funnel["steps"], funnel] for loss in
              step.get("losses", funnel["ineligible"])}  # fmt: skip
    assert {reason: count(reason=reason) for reason in losses} == losses
    assert losses == {"not_sampled": 1, "goodwill": 1, "unknown": 1, "unanswered_expired": 1, "spam": 1}


# --- Files


@pytest.fixture
def nasty(acme):
    """A campaign whose contacts' numbers look like formulas."""
    for number in ("=1+1", "x;=1+1;y", "T-1"):
        campaign = verdict(acme, state=State.UNKNOWN, contact=factories.make_contact(acme, external_id=number)).campaign
    return campaign


def test_a_file_is_named_kept_by_nobody_and_holds_the_same_verdicts_in_each_format(get, nasty, tmp_path):
    answers = {form: get("verdicts", nasty.pk, **OCTOBER, format=form) for form in ("csv", "xlsx", "json")}
    bodies = {form: b"".join(answer.streaming_content) for form, answer in answers.items()}
    assert [answer["Content-Disposition"] for answer in answers.values()] == [
        f'attachment; filename="ledger-{nasty.pk}.{form}"' for form in answers
    ]
    assert {answer["Cache-Control"] for answer in answers.values()} == {"private, no-store"}
    told = json.loads(bodies["json"])
    assert told == get("verdicts", nasty.pk, **OCTOBER).json()["results"]
    as_text = [["" if value is None else str(value) for value in row.values()] for row in told]
    (tmp_path / "a.xlsx").write_bytes(bodies["xlsx"])
    sheet = load_workbook(tmp_path / "a.xlsx").worksheets[0]
    from_xlsx = [[value or "" for value in row] for row in sheet.iter_rows(values_only=True)]
    from_csv = list(csv.reader(io.StringIO(bodies["csv"].decode("utf-8-sig"))))
    assert from_xlsx == from_csv
    assert from_csv[0] == list(told[0])
    number = list(told[0]).index("external_id")
    assert [row[number] for row in from_csv[1:]] == ["'=1+1", "x;'=1+1;y", "T-1"]
    assert [row[:number] + row[number + 1 :] for row in from_csv[1:]] == [
        row[:number] + row[number + 1 :] for row in as_text
    ]


def test_a_file_takes_one_query_however_long_it_is(get, acme, nasty, django_assert_num_queries):
    with django_assert_num_queries(4):  # the key, its client, the campaign, the verdicts
        b"".join(get("verdicts", nasty.pk, **OCTOBER, format="csv").streaming_content)
    verdict(acme, campaign=nasty, state=State.UNKNOWN)
    with django_assert_num_queries(4):
        b"".join(get("verdicts", nasty.pk, **OCTOBER, format="csv").streaming_content)


def test_the_schema_describes_campaigns_funnels_and_verdicts(client):
    schema = client.get(reverse("api-schema"), headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    verdicts = schema["paths"]["/api/v1/campaigns/{campaign_id}/verdicts/"]["get"]
    assert {each["name"] for each in verdicts["parameters"]} == {
        "campaign_id", "from", "until", "stage", "reason", "format", "page",
    }  # fmt: skip
    assert set(verdicts["responses"]) == {"200", "400", "403", "404"}
    assert verdicts["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/VerdictPage"
    }
    assert {each["name"]: each["schema"].get("enum") for each in verdicts["parameters"]}["stage"] == sorted(
        Stage.values
    )
    assert "/api/v1/campaigns/{campaign_id}/funnel/" in schema["paths"]
    assert "/api/v1/campaigns/" in schema["paths"]
    assert set(LABELS) <= set(json.dumps(schema["components"]["schemas"]).replace('"', " ").split())
