"""The admin of asking: rules held at the form, verbs behind buttons, a ledger that nobody edits."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.models import (
    Access,
    ApiKey,
    Invitation,
    LegalBasis,
    Login,
    OutgoingMessage,
    Suppression,
    Survey,
)
from tests import factories


def url(model, page, *args):
    return reverse(f"admin:surveys_{model}_{page}", args=args)


@pytest.fixture
def root(client, db):
    client.force_login(factories.make_login("root", is_superuser=True))
    return client


def errors(answer):
    return set(answer.context["adminform"].form.errors)


# --- Lists ---

ROWS = {
    "client": lambda acme, n: factories.make_client(f"c{n}", f"Client {n}"),
    "team": lambda acme, n: factories.make_team(acme, f"Team {n}"),
    "agent": lambda acme, n: factories.make_agent(
        acme, f"Agent {n}", factories.make_login(f"a{n}"), factories.make_team(acme, f"T{n}")
    ),
    "access": lambda acme, n: factories.give_access(factories.make_login(f"x{n}"), acme, "viewer"),
    "login": lambda acme, n: factories.make_login(f"l{n}"),
    "apikey": lambda acme, n: ApiKey.objects.create_key(name=f"k{n}", client=acme),
    "customer": lambda acme, n: factories.make_customer(acme),
    "contact": lambda acme, n: factories.make_contact(acme, agent=factories.make_agent(acme, f"A{n}")),
    "survey": lambda acme, n: Survey.objects.create(client=acme, kind="csat", name=f"S{n}"),
    "campaign": lambda acme, n: factories.make_campaign(acme, name=f"K{n}"),
    "invitation": lambda acme, n: factories.make_invitation(acme),
    "suppression": lambda acme, n: Suppression.objects.create(
        client=acme, address=f"{n}@x.org", reason="manual", created_at=factories.NOW
    ),
}


@pytest.mark.parametrize("model", ROWS)
def test_a_list_takes_as_many_queries_for_three_as_for_one(root, acme, model):
    ROWS[model](acme, 1)
    root.get(url(model, "changelist"))
    with CaptureQueriesContext(connection) as first:
        before = root.get(url(model, "changelist")).context["cl"].result_count
    ROWS[model](acme, 2), ROWS[model](acme, 3)
    with CaptureQueriesContext(connection) as second:
        assert root.get(url(model, "changelist")).context["cl"].result_count == before + 2
    assert len(second) == len(first)


def test_the_ledger_is_filtered_by_verdict_and_reason(browser, acme):
    asked = factories.make_invitation(acme)
    refused = factories.make_invitation(acme, is_asked=False, reason="quarantine", due_at=None, expires_at=None)
    found = {
        query: list(browser.get(f"{url('invitation', 'changelist')}?{query}").context["cl"].result_list)
        for query in ("stage=asked", "fate=quarantine", "fate=stale")
    }
    assert found == {"stage=asked": [asked], "fate=quarantine": [refused], "fate=stale": []}


# --- Forms ---


def test_do_not_ask_is_added_by_hand_under_the_mailbox_and_never_changed(browser, acme):
    browser.post(url("suppression", "add"), {"client": acme.pk, "address": " Kim@Example.ORG "})
    row = Suppression.objects.get()
    assert (row.address, row.reason, row.survey) == ("kim@example.org", "manual", None)
    assert browser.post(url("suppression", "change", row.pk), {"address": "x@y.org"}).status_code == 403
    assert browser.post(url("suppression", "delete", row.pk), {"post": "yes"}).status_code == 403


def test_the_same_mailbox_twice_is_an_error_at_the_form_and_not_a_crash(browser, acme):
    form = {"client": acme.pk, "address": "kim@example.org"}
    browser.post(url("suppression", "add"), form)
    answer = browser.post(url("suppression", "add"), {**form, "address": "KIM@example.org"})
    assert answer.context["adminform"].form.errors == {"address": ["This address is on the list already."]}
    assert Suppression.objects.count() == 1


def test_a_mobile_number_is_kept_in_its_one_spelling_and_for_one_survey_if_so_wished(browser, acme, globex):
    survey = factories.make_survey(acme)
    form = {"client": acme.pk, "address": "0151 23456789", "detail": "am Telefon gesagt"}
    browser.post(url("suppression", "add"), {**form, "survey": survey.pk, "reason": "unsubscribed"})
    browser.post(url("suppression", "add"), form)
    assert errors(browser.post(url("suppression", "add"), {**form, "address": "+49 (151) 2345 6789"})) == {"address"}
    foreign = {**form, "survey": factories.make_survey(globex).pk}
    assert errors(browser.post(url("suppression", "add"), foreign)) == {"survey"}
    rows = Suppression.objects.order_by("pk").values_list("address", "survey", "reason", "detail")
    assert list(rows) == [
        ("+4915123456789", survey.pk, "unsubscribed", "am Telefon gesagt"),
        ("+4915123456789", None, "manual", "am Telefon gesagt"),
    ]


@pytest.mark.parametrize("address", ["Kim Brook", "kim@", "12", "030 123456", "", "@"])
def test_what_is_neither_mailbox_nor_mobile_number_is_refused_at_the_form(browser, acme, address):
    assert errors(browser.post(url("suppression", "add"), {"client": acme.pk, "address": address})) == {"address"}


@pytest.mark.parametrize("reason", ["erased", "hard_bounce", "complaint", "x"])
def test_nobody_notes_by_hand_what_only_others_can_find_out(browser, acme, reason):
    form = {"client": acme.pk, "address": "kim@example.org", "reason": reason}
    assert errors(browser.post(url("suppression", "add"), form)) == {"reason"}


def test_an_objection_cannot_be_taken_back_by_anybody(root, acme):
    for reason in ("unsubscribed", "erased", "complaint", "hard_bounce"):
        row = Suppression.objects.create(
            client=acme, address=f"{reason}@x.org", reason=reason, created_at=factories.NOW
        )
        assert root.post(url("suppression", "delete", row.pk), {"post": "yes"}).status_code == 403
    row = Suppression.objects.create(client=acme, address="m@x.org", reason="manual", created_at=factories.NOW)
    root.post(url("suppression", "delete", row.pk), {"post": "yes"})
    assert set(Suppression.objects.values_list("reason", flat=True)) == {
        "unsubscribed",
        "erased",
        "complaint",
        "hard_bounce",
    }


def test_a_lead_needs_a_team_of_the_same_client(root, acme, globex):
    login = factories.make_login("mira")
    form = {"login": login.pk, "client": acme.pk, "role": "lead"}
    assert errors(root.post(url("access", "add"), {**form, "team": ""})) == {"team"}
    assert errors(root.post(url("access", "add"), {**form, "team": factories.make_team(globex).pk})) == {"team"}
    root.post(url("access", "add"), {**form, "team": factories.make_team(acme).pk})
    assert Access.objects.filter(login=login, role="lead").count() == 1


def test_the_page_of_a_client_keeps_its_legal_bases_and_deletes_none(root, acme):
    basis = acme.legal_bases.get()
    page = root.get(url("client", "change", acme.pk)).content.decode()
    assert f'value="{basis.note}"' in page
    assert "legal_bases-0-DELETE" not in page
    form = {
        f: getattr(acme, f)
        for f in (
            "name",
            "sentence_name_de",
            "language",
            "form_of_address",
            "time_zone",
            "from_name",
            "from_email",
            "reply_to",
            "imprint",
            "imprint_url",
            "privacy_url",
            "service_email",
            "call_back_days",
            "sms_budget_per_day",
        )
    }
    rows = {
        "legal_bases-TOTAL_FORMS": "1",
        "legal_bases-INITIAL_FORMS": "1",
        "legal_bases-0-id": basis.pk,
        "legal_bases-0-client": acme.pk,
        "legal_bases-0-kind": basis.kind,
        "legal_bases-0-valid_from_on": "2020-01-01",
        "legal_bases-0-valid_until_on": "2026-12-31",
        "legal_bases-0-note": "contract § 5",
        "legal_bases-0-DELETE": "on",
    }
    root.post(
        url("client", "change", acme.pk), {**form, **rows, "name": "Acme neu", "slug": "other", "is_active": "on"}
    )
    acme.refresh_from_db()
    assert (acme.name, acme.slug) == ("Acme neu", "acme")
    assert str(LegalBasis.objects.get().valid_until_on) == "2026-12-31"


def test_a_wrong_time_zone_is_told_with_an_example(root, acme):
    answer = root.post(url("client", "change", acme.pk), {"time_zone": "Berlin"})
    assert "“Berlin” is no time zone. Write it as in Europe/Berlin." in answer.content.decode()


# --- Verbs ---


def test_an_api_key_is_shown_once_and_belongs_to_its_client(root, acme):
    said = root.post(url("apikey", "add"), {"client": acme.pk, "name": "Telefonanlage"}, follow=True).content.decode()
    key = ApiKey.objects.get()
    shown = re.search(rf"{key.prefix}\.\w+", said)[0]
    assert (key.client, ApiKey.objects.get_from_key(shown)) == (acme, key)
    assert shown not in root.get(url("apikey", "change", key.pk)).content.decode()


def test_a_login_is_made_with_a_password_and_no_permission_rows(root):
    root.post(
        url("login", "add"),
        {
            "username": "neu",
            "usable_password": "true",
            "password1": "kurz-und-gut-9",
            "password2": "kurz-und-gut-9",
            "is_staff": "on",
        },
    )
    login = Login.objects.get(username="neu")
    assert (login.is_staff, login.is_superuser, login.check_password("kurz-und-gut-9")) == (True, False, True)
    assert "user_permissions" not in root.get(url("login", "change", login.pk)).content.decode()


# --- Look ---


def test_the_sign_in_wears_our_mark_and_speaks_the_browsers_language(client, db):
    said = client.get(reverse("admin:login"), headers={"accept-language": "de"}).content.decode()
    assert "Nachklang" in said
    assert "nachklang/admin.css" in said
    assert said.index("responsive.css") < said.index("nachklang/admin.css")
    assert "Benutzername" in said
    assert "Django" not in said


@pytest.mark.parametrize("model", ["team", "campaign", "invitation"])
def test_no_page_carries_inline_styles_or_scripts(browser, acme, model):
    factories.make_team(acme), factories.make_invitation(acme)
    for page in (browser.get(url(model, "changelist")), browser.get(url(model, "changelist") + "?q=nothing")):
        said = page.content.decode()
        assert "<style" not in said
        assert " style=" not in said
        assert "<script>" not in said


# --- Taking back what was asked by mistake ---


def withdraw(browser, *invitations):
    chosen = {"action": "withdraw", "_selected_action": [invitation.pk for invitation in invitations]}
    return browser.post(url("invitation", "changelist"), chosen, follow=True).content.decode()


def test_withdrawing_cancels_what_is_still_here_closes_what_has_left_and_keeps_answers(browser, acme, now):
    waiting, sent, answered = (factories.make_invitation(acme) for _ in range(3))
    OutgoingMessage.objects.create(client=acme, key="a", invitation=waiting, to="a@example.org", due_at=now)
    OutgoingMessage.objects.create(
        client=acme, key="b", invitation=sent, to="b@example.org", due_at=now, state=OutgoingMessage.State.ACCEPTED
    )
    factories.make_response(acme, invitation=answered)
    assert "2 invitations are withdrawn." in withdraw(browser, waiting, sent, answered)
    for invitation in (waiting, sent, answered):
        invitation.refresh_from_db()
    assert (waiting.is_asked, waiting.reason) == (False, Invitation.Reason.WITHDRAWN)
    assert (sent.is_asked, bool(sent.withdrawn_at), answered.withdrawn_at) == (True, True, None)


def test_nobody_withdraws_another_clients_invitation(browser, acme, globex):
    foreign = factories.make_invitation(globex)
    withdraw(browser, foreign)
    foreign.refresh_from_db()
    assert foreign.withdrawn_at is None


HEADINGS = {
    "de": {"Art der Befragung", "Endete mit", "Eingegrenzt auf", "Kam mindestens bis", "Zeitraum", "Kampagne"},
    "en": {"Kind of survey", "Ended with", "Narrowed to", "Came at least to", "Period", "Campaign"},
}


@pytest.mark.parametrize("language", ["de", "en"])
def test_headings_of_filters_are_words_of_their_own_and_name_what_is_filtered_by(browser, acme, language):
    """Not “Nach stillgelegt” and “By what moved”, as Django would set them."""
    north = factories.make_team(acme, "Störungsannahme")
    factories.make_invitation(acme, team=north)
    address = reverse("admin:surveys_invitation_changelist")
    page = browser.get(address, {"cut": f"team.{north.pk}"}, headers={"accept-language": language}).content.decode()
    headings = re.findall(r"<summary>\s*([^<]+?)\s*</summary>", page[page.index('id="changelist-filter"') :])
    assert HEADINGS[language] <= set(headings)
    assert [each for each in headings if each.startswith(("Nach ", "By ")) or not each[0].isupper()] == []
    assert "Team: Störungsannahme" in page


def test_a_heading_does_not_name_another_clients_team(browser, globex):
    theirs = factories.make_team(globex, "Zyxglobe")
    page = browser.get(reverse("admin:surveys_invitation_changelist"), {"cut": f"team.{theirs.pk}"}).content.decode()
    assert "Zyxglobe" not in page
