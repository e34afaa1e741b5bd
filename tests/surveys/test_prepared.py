"""Queries that are compiled once find and store what the ORM finds and stores."""

import uuid

import pytest
from django.db import IntegrityError, connection, connections
from django.test import Client as Browser

from surveys.models import Answer, Customer, Invitation, Response
from surveys.prepared import Prepared, insert
from tests import factories
from tests.conftest import needs
from tests.surveys.test_pages import path_of

ASKED = Prepared(
    lambda public_id: Invitation.objects.filter(public_id=public_id).select_related("client", "customer", "response"),
    uuid.UUID(int=0),
)
NAMES = Prepared(lambda client_id: Customer.objects.filter(client=client_id).order_by("name").values_list("name"), -1)


def test_a_row_comes_with_its_related_rows_as_the_orm_gives_them(acme, django_assert_num_queries):
    answered, silent = factories.make_response(acme, 3).invitation, factories.make_invitation(acme, "nps")
    for invitation in (answered, silent, answered):
        with django_assert_num_queries(1):
            found = ASKED.first(invitation.public_id)
            assert (found.client, found.customer) == (acme, invitation.customer)
        expected = Invitation.objects.get(pk=invitation.pk)
        assert all(getattr(found, field.attname) == getattr(expected, field.attname) for field in found._meta.fields)
    assert ASKED.first(answered.public_id).response == answered.response
    assert not hasattr(ASKED.first(silent.public_id), "response")
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
