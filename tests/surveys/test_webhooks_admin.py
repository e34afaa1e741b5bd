"""Inlets in the admin: a secret is shown once, what to do stands on the page, and a refused event gets a second go."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import Contact, Inlet, InletEvent
from tests import factories
from tests.surveys.webhooks import deliver, make_inlet, sample

pytestmark = pytest.mark.django_db


def page(inlet, name="change"):
    return reverse(f"admin:surveys_inlet_{name}", args=[inlet.pk])


@pytest.fixture
def superuser(client):
    client.force_login(factories.make_login("root", is_superuser=True, language="en"))
    return client


@pytest.fixture
def analyst(client, acme):
    login = factories.make_login("ana")
    factories.give_access(login, acme, "analyst")
    client.force_login(login)
    return client


def add(browser, acme, kind):
    form = {"client": acme.pk, "kind": kind, "name": f"desk-{kind}"}
    return browser.post(reverse("admin:surveys_inlet_add"), form, follow=True).content.decode()


@pytest.mark.parametrize("kind", ["freshdesk", "zammad", "genesys"])
def test_a_secret_of_ours_is_shown_once_and_works(superuser, acme, kind):
    said = add(superuser, acme, kind)
    inlet = Inlet.objects.get()
    assert (len(inlet.secret) >= 32, inlet.secret in said, inlet.previous_secret) == (True, True, "")
    assert f"/in/{inlet.public_id}/" in said
    again = superuser.get(page(inlet)).content.decode()
    assert (inlet.secret in again, inlet.secret[-4:] in again) == (False, True)


def test_zendesks_secret_is_pasted_and_never_shown(superuser, acme):
    said = add(superuser, acme, "zendesk")
    inlet = Inlet.objects.get()
    assert (inlet.secret, "There is none yet: every event is refused." in said) == ("", True)
    for pasted, kept in [("first-secret", ("first-secret", "")), ("", ("first-secret", "")),
                         ("second-secret third-secret", ("second-secret third-secret", "first-secret"))]:  # fmt: skip
        shown = superuser.post(page(inlet), {"is_active": "on", "mapping": "", "pasted": pasted}, follow=True)
        inlet.refresh_from_db()
        assert (inlet.secret, inlet.previous_secret) == kept
        assert not re.search("(first|second|third)-secret", shown.content.decode())


def test_a_pasted_text_that_is_no_secret_is_refused(superuser, acme):
    inlet = make_inlet(acme, "zendesk")
    said = superuser.post(page(inlet), {"is_active": "on", "mapping": "{}", "pasted": "a,b,c,d,e,f,g"})
    assert said.context["adminform"].form.errors.keys() == {"pasted"}


def test_rotation_keeps_the_previous_secret_until_it_is_ended(superuser, acme):
    inlet = make_inlet(acme, "zammad", secret="the-old-secret")
    said = superuser.post(page(inlet, "rotate"), follow=True).content.decode()
    inlet.refresh_from_db()
    assert (inlet.previous_secret, inlet.secret in said, "the-old-secret" in said) == ("the-old-secret", True, False)
    superuser.post(page(inlet, "end_previous"))
    new = inlet.secret
    inlet.refresh_from_db()
    assert (inlet.secret, inlet.previous_secret) == (new, "")


@pytest.mark.parametrize("name", ["rotate", "end_previous"])
def test_only_who_keeps_inlets_changes_their_secret_and_only_by_post(analyst, acme, globex, name):
    inlet = make_inlet(acme, "zammad", previous_secret="the-old-secret")
    assert analyst.post(page(inlet, name)).status_code == 403
    assert analyst.post(page(make_inlet(globex, "zammad"), name)).status_code == 302  # does not exist for them
    assert analyst.get(page(inlet, name)).status_code == 405
    inlet.refresh_from_db()
    assert inlet.previous_secret == "the-old-secret"


def test_an_analyst_reads_what_to_do_but_no_secret(analyst, acme):
    inlet = make_inlet(acme, "freshdesk", previous_secret="the-old-secret")
    said = analyst.get(page(inlet)).content.decode()
    assert f"/in/{inlet.public_id}/" in said and "X-Inlet-Token" in said
    assert [word for word in (inlet.secret, "the-old-secret", "rotate") if word in said] == []


def test_a_wrong_mapping_is_told_in_words_and_not_saved(superuser, acme):
    inlet = make_inlet(acme, "zammad")
    form = {"is_active": "on", "mapping": '{"channels": {"fax": "fax"}}'}
    errors = superuser.post(page(inlet), form).context["adminform"].form.errors
    assert errors["mapping"][0].startswith("“fax” in “channels” is none of: ")
    assert superuser.post(page(inlet), {"mapping": "{"}).context["adminform"].form.errors.keys() == {"mapping"}
    inlet.refresh_from_db()
    assert (inlet.mapping, inlet.is_active) == ({}, True)
    superuser.post(page(inlet), {"is_active": "on", "mapping": '{"channels": {"fax": "other"}}'})
    inlet.refresh_from_db()
    assert inlet.mapping == {"channels": {"fax": "other"}}


@pytest.fixture
def refused(client, acme):
    ticket = sample("zammad-closed")
    ticket["ticket"]["state"] = "<b>erledigt</b>"
    deliver(client, make_inlet(acme, "zammad"), ticket)
    return InletEvent.objects.get()


def test_a_refused_event_shows_its_reason_and_can_be_tried_again(refused, analyst):
    address = reverse("admin:surveys_inletevent_change", args=[refused.pk])
    again = reverse("admin:surveys_inletevent_try_again", args=[refused.pk])
    shown = analyst.get(address).content.decode()
    assert again in shown and "&lt;b&gt;erledigt&lt;/b&gt;" in shown and "<b>erledigt</b>" not in shown
    assert analyst.get(again).status_code == 405
    analyst.post(again)
    assert Contact.objects.count() == 0
    Inlet.objects.update(mapping={"statuses": {"<b>erledigt</b>": {"state": "finished"}}})
    analyst.post(again)
    refused.refresh_from_db()
    assert (refused.outcome, refused.contact) == ("taken", Contact.objects.get())
    assert again not in analyst.get(address).content.decode()


def test_nobody_tries_again_what_is_anothers(refused, client, globex):
    login = factories.make_login("glob")
    factories.give_access(login, globex, "analyst")
    client.force_login(login)
    Inlet.objects.update(mapping={"statuses": {"<b>erledigt</b>": {"state": "finished"}}})
    again = reverse("admin:surveys_inletevent_try_again", args=[refused.pk])
    assert client.post(again).status_code == 302
    refused.refresh_from_db()
    assert (refused.outcome, Contact.objects.count()) == ("refused", 0)


def test_the_lists_ask_the_same_number_of_questions_for_one_row_and_for_three(refused, superuser, acme):
    addresses = [reverse("admin:surveys_inlet_changelist"), reverse("admin:surveys_inletevent_changelist")]
    counts = []
    for more in (0, 2):
        for number in range(more):
            inlet = make_inlet(acme, "zammad", name=f"more-{number}")
            deliver(superuser, inlet, sample("zammad-closed"))
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert superuser.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
