"""Queries that are compiled once find and store what the ORM finds and stores."""

import datetime as dt
import uuid

import pytest
from django.db import DataError, IntegrityError, connection, connections
from django.test import Client as Browser

from surveys.models import Answer, Customer, Invitation, Response
from surveys.prepared import Prepared, insert, insert_with, update
from tests import factories
from tests.conftest import NOW, needs
from tests.surveys.test_pages import path_of

SECOND = dt.timedelta(seconds=1)
ASKED = Prepared(
    lambda public_id: Invitation.objects.filter(public_id=public_id).select_related("client", "customer", "response"),
    uuid.UUID(int=0),
)
NAMES = Prepared(lambda client_id: Customer.objects.filter(client=client_id).order_by("name").values_list("name"), -1)


def test_a_row_comes_with_its_related_rows_as_the_orm_gives_them(acme, django_assert_num_queries):
    answered, silent = factories.make_response(acme, 3).invitation, factories.make_invitation(acme, "nps")
    for invitation in (answered, silent, answered):
        with django_assert_num_queries(1):
            found = ASKED.first(invitation.public_id).model()
            assert (found.client, found.customer) == (acme, invitation.customer)
        expected = Invitation.objects.get(pk=invitation.pk)
        assert all(getattr(found, field.attname) == getattr(expected, field.attname) for field in found._meta.fields)
    assert ASKED.first(answered.public_id).model().response == answered.response
    assert not hasattr(ASKED.first(silent.public_id).model(), "response")
    assert ASKED.first(uuid.uuid4()) is None


def test_a_column_is_that_of_the_value_asked_for(acme, globex):
    for client, name in ((acme, "Zoe"), (acme, "Ada"), (globex, "Kim")):
        factories.make_customer(client, name=name)
    assert (NAMES.column(acme.pk), NAMES.column(globex.pk), NAMES.column(-7)) == (["Ada", "Zoe"], ["Kim"], [])


def test_rows_are_stored_with_their_keys(acme):
    response = factories.make_response(acme, 3)
    question = response.version.questions.get(key="comment")
    answers = [Answer(response=response, question=question, choice=choice) for choice in ("a", "b")]
    insert(answers)
    assert [(row.pk, row.choice) for row in Answer.objects.order_by("choice")] == [(a.pk, a.choice) for a in answers]
    copy = Response.objects.get(pk=response.pk)
    copy.pk = None
    with pytest.raises(IntegrityError):
        insert([copy])


HELD = Prepared(
    lambda pk: Invitation.objects.select_for_update().filter(pk=pk, withdrawn_at=None).values_list("pk"), -1
)


def fresh(acme):
    """A response and an answer that are not stored yet."""
    response = factories.make_response(acme, 3)
    invitation, question = response.invitation, response.version.questions.get(key="comment")
    Response.objects.filter(pk=response.pk).delete()
    response.pk = None
    return invitation, response, [Answer(response=response, question=question, text="Prima")]


def test_a_row_and_those_that_refer_to_it_are_stored_as_long_as_the_guard_finds_its_row(acme):
    invitation, response, answers = fresh(acme)
    assert insert_with(response, answers, "response", HELD, [-7]) is False
    assert (Response.objects.count(), response.pk) == (0, None)
    assert insert_with(response, answers, "response", HELD, [invitation.pk]) is True
    stored = Response.objects.get()
    assert (stored.pk, stored.invitation, stored.submitted_at) == (response.pk, invitation, response.submitted_at)
    assert list(stored.answers.values_list("text", flat=True)) == ["Prima"]
    with pytest.raises(IntegrityError):  # all or none
        insert_with(response, answers, "response", HELD, [invitation.pk])
    assert (Response.objects.count(), Answer.objects.count()) == (1, 1)


def test_what_is_too_long_is_an_error_and_never_cut(acme):
    needs("SQLite stores any length", connection.vendor == "postgresql")
    invitation, response, answers = fresh(acme)
    response.language = "x" * 100
    with pytest.raises(DataError):
        insert_with(response, answers, "response", HELD, [invitation.pk])
    assert (Response.objects.count(), Answer.objects.count()) == (0, 0)


def test_an_update_is_the_first_or_none(acme):
    invitation = factories.make_invitation(acme, "nps")
    assert update(invitation, {"opened_at": NOW}, ["opened_at"]) is True
    assert update(invitation, {"opened_at": NOW + SECOND, "clicked_score": 3}, ["opened_at"]) is False
    invitation.refresh_from_db()
    assert (invitation.opened_at, invitation.clicked_score) == (NOW, None)


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_page_survives_the_end_of_its_connection(acme):
    needs("no PostgreSQL (DATABASE_URL) is there to hang up", connection.vendor == "postgresql")
    browser, path = Browser(), path_of(factories.make_invitation(acme, "nps"))
    assert browser.get(path).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(pid,)] = cursor.fetchall()
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert browser.get(path).status_code == 200
