"""An installation that grew up with two questions on one page keeps every answer that it has, and whose it is."""

import datetime as dt

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from analytics import triggers

AT = dt.datetime(2026, 11, 10, 9, tzinfo=dt.UTC)
BEFORE, AFTER, WITH_CUSTOMERS = (
    [("surveys", "0003_rules_channels_and_what_comes_back")],
    [("surveys", "0006_responses_name_their_version")],
    [("surveys", "0008_answers_know_their_customer")],
)


def migrated(target):
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture
def old(transactional_db):
    """The models as they were; afterwards the database is up to date again."""
    triggers.remove()  # as `migrate` does
    yield migrated(BEFORE).get_model
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def rows(model, *fields):
    return list(model.objects.order_by("pk").values_list(*fields))


def an_answer(old, kind, score):
    """A client's survey with its two questions, answered once: all that stood there."""
    client = old("surveys", "Client").objects.create(slug=kind, name=kind, from_name=kind, from_email="a@example.org")
    survey = old("surveys", "Survey").objects.create(client=client, name=kind, kind=kind)
    version = old("surveys", "SurveyVersion").objects.create(survey=survey, number=1, published_at=AT)
    question = old("surveys", "Question").objects
    question.create(version=version, position=0, kind="score", wording={"de": {"ask": "Wie sehr?", "lowest": "nicht"}})
    why = question.create(
        version=version, position=1, kind="comment", wording={"de": {"any": "Warum?", "passive": "Was fehlte?"}}
    )
    campaign = old("surveys", "Campaign").objects.create(
        client=client, survey=survey, kind="post_contact", name=kind, starts_on=AT
    )
    times = {"started_at": AT, "ended_at": AT, "received_at": AT, "changed_at": AT}
    contact = old("surveys", "Contact").objects.create(
        client=client, source="t", external_id="1", state="finished", **times
    )
    customer = old("surveys", "Customer").objects.create(client=client, key=kind, first_seen_at=AT)
    invitation = old("surveys", "Invitation").objects.create(
        client=client, campaign=campaign, contact=contact, customer=customer, version=version, is_asked=True,
        decided_at=AT, about_at=AT, due_at=AT, expires_at=AT, language="de", form_of_address="sie",
    )  # fmt: skip
    response = old("surveys", "Response").objects.create(
        client=client, invitation=invitation, kind=kind, score=score, group="passive", language="de", submitted_at=AT
    )
    old("surveys", "Answer").objects.create(response=response, question=why, text="Es ging so.")


def test_old_surveys_and_answers_become_sheets(old):
    an_answer(old, "nps", 7)
    an_answer(old, "csat", 3)
    new = migrated(AFTER).get_model
    versions = [pk for (pk,) in rows(new("surveys", "SurveyVersion"), "pk")]
    assert rows(new("surveys", "Question"), "version", "key", "kind", "standard", "is_required", "wording") == [
        (versions[0], "score", "nps", "nps", True, {"de": {"ask": "Wie sehr?", "lowest": "nicht"}}),
        (versions[0], "comment", "text", "comment", False, {"de": {"ask": "Warum?", "passive": "Was fehlte?"}}),
        (versions[1], "score", "csat", "csat", True, {"de": {"ask": "Wie sehr?", "lowest": "nicht"}}),
        (versions[1], "comment", "text", "comment", False, {"de": {"ask": "Warum?", "passive": "Was fehlte?"}}),
    ]
    assert rows(new("surveys", "Response"), "version", "score", "door", "submitted_at", "completed_at", "first") == [
        (versions[0], 7, "personal", AT, AT, None),
        (versions[1], 3, "personal", AT, AT, None),
    ]
    assert len({number for (number,) in rows(new("surveys", "Response"), "public_id")} - {None}) == 2
    assert (
        rows(new("surveys", "Answer"), "question__key", "text", "choice", "value")
        == [("comment", "Es ging so.", "", None)] * 2
    )


def test_old_answers_learn_whose_they_are(old):
    an_answer(old, "nps", 7)
    an_answer(old, "csat", 3)

    new = migrated(WITH_CUSTOMERS).get_model

    assert rows(new("surveys", "Response"), "customer__key") == [("nps",), ("csat",)]
