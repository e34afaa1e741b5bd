"""The customer's pages as a browser without script, cookie or login sees them."""

import datetime as dt
import html
import io
import logging
import re
import time
from urllib.parse import urlsplit

import pytest
import time_machine
from django.apps import apps
from django.core import signing
from django.test import Client as Browser

from surveys.delivery import links, survey_mail
from surveys.models import Answer, Invitation, Response, Suppression
from tests import factories

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
def _today(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def browser():
    """A browser whose posts the CSRF check would refuse, were there one."""
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def invitation(acme):
    return factories.make_invitation(acme, "nps")


def path_of(invitation, score=None):
    path = urlsplit(survey_mail.answer_link(invitation)).path
    return path if score is None else f"{path}?score={score}"


def words(response):
    """The text a person sees, tags removed, white space collapsed."""
    body = re.sub(r"<head>.*?</head>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(body).split())


def checked(response):
    return re.findall(r'value="(\d+)"[^>]* checked', response.content.decode())


def everything():
    """Every row of every table, but for the one thing that a reader leaves behind: when a page was first opened."""
    found = {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}
    for row in found["surveys.Invitation"]:
        del row["opened_at"]
    return found


# --- Reading writes nothing but when a page was first opened --------------------------------------------------------


def test_no_reader_changes_a_row_or_gets_a_cookie(browser, acme, now):
    fresh = factories.make_invitation(acme, "nps")
    answered = factories.make_response(acme, 3, "Zu lange gewartet.").invitation
    expired = factories.make_invitation(acme, "nps", expires_at=now)
    withdrawn = factories.make_invitation(acme, withdrawn_at=now)
    pages = [path for one in (fresh, answered, expired, withdrawn) for path in (path_of(one), path_of(one) + "thanks/")]
    pages += [path_of(fresh, 9), path_of(fresh) + "?lang=en", survey_mail.unsubscribe_path(fresh), "/s/x/", "/u/x/"]
    before = everything()
    for page in pages:
        for read in (browser.get, browser.head, browser.options):
            response = read(page)
            assert "Set-Cookie" not in response.headers and not response.cookies, page
            assert response["Cache-Control"] == "private, no-store"
            assert response["Referrer-Policy"] == "no-referrer"
            assert "noindex" in response["X-Robots-Tag"]
            assert "Cookie" not in response.get("Vary", "")
    assert everything() == before


def test_only_the_first_get_of_an_open_page_is_remembered(browser, acme, now):
    fresh, expired = factories.make_invitation(acme, "nps"), factories.make_invitation(acme, "nps", expires_at=now)
    answered = factories.make_response(acme).invitation
    opened = lambda: list(Invitation.objects.order_by("pk").values_list("opened_at", flat=True))  # noqa: E731
    for invitation in (fresh, expired, answered):
        browser.head(path_of(invitation))
        browser.options(path_of(invitation))
        browser.get(path_of(invitation) + "thanks/")
        browser.get(survey_mail.unsubscribe_path(invitation))
    assert opened() == [None, None, None]
    with time_machine.travel(now, tick=False):
        for invitation in (fresh, expired, answered):
            browser.get(path_of(invitation))
    with time_machine.travel(now + dt.timedelta(hours=1), tick=False):
        browser.get(path_of(fresh, 9))
    assert opened() == [now, None, None]
    assert Response.objects.count() == 1


def test_writing_sets_no_cookie_either_and_makes_no_session(browser, invitation):
    answered = browser.post(path_of(invitation), {"score": "9"})
    objected = browser.post(survey_mail.unsubscribe_path(invitation), ONE_CLICK)
    assert (answered.status_code, objected.status_code) == (302, 200)
    assert not answered.cookies and not objected.cookies and not browser.cookies
    assert everything()["sessions.Session"] == []


def test_no_log_line_holds_a_token(browser, invitation, monkeypatch):
    (console,) = (handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    monkeypatch.setattr(console, "stream", io.StringIO())
    browser.post(path_of(invitation), {"score": "11"})
    browser.options(survey_mail.unsubscribe_path(invitation))
    lines = [line.split(" ", 2)[2] for line in console.stream.getvalue().splitlines()]
    assert lines == [
        "WARNING django.request Bad Request: /s/[token]/",
        "WARNING django.request Method Not Allowed (OPTIONS): /u/[token]/",
    ]


def test_a_scanner_that_opens_every_number_takes_nothing_from_the_human(browser, invitation):
    for score in range(11):
        browser.get(path_of(invitation, score))
    browser.post(path_of(invitation), {"score": "2"})
    assert list(Response.objects.values_list("score", "is_preselected")) == [(2, False)]


# --- The form -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "scale", "ends"),
    [
        ("nps", range(11), ("0 = überhaupt nicht wahrscheinlich", "10 = äußerst wahrscheinlich")),
        ("csat", range(1, 6), ("1 = sehr unzufrieden", "5 = sehr zufrieden")),
    ],
)
def test_the_form_shows_the_whole_scale_with_words_at_its_ends_and_nothing_chosen(browser, acme, kind, scale, ends):
    response = browser.get(path_of(factories.make_invitation(acme, kind)))
    values = re.findall(r'name="score" value="(\d+)"', response.content.decode())
    assert (response.status_code, values, checked(response)) == (200, [str(score) for score in scale], [])
    assert all(end in words(response) for end in ends)


@pytest.mark.parametrize(
    ("kind", "groups"), [("nps", "low " * 7 + "mid mid high high"), ("csat", "low low mid high high")]
)
def test_the_open_question_is_worded_by_the_group_of_the_score(browser, acme, kind, groups):
    response = browser.get(path_of(factories.make_invitation(acme, kind)))
    assert re.findall(r'class="(low|mid|high)"', response.content.decode()) == groups.split()
    for ending in ("Ihre Unzufriedenheit?", "höhere Bewertung geben?", "besonders gefallen?", "für Ihre Bewertung?"):
        assert ending in words(response)


def test_the_number_clicked_in_the_mail_is_chosen_and_counts_only_once_sent(browser, invitation):
    response = browser.get(path_of(invitation, 9))
    assert checked(response) == ["9"]
    note = "Sie haben in unserer E-Mail die 9 gewählt. Ihre Antwort zählt, sobald Sie sie unten senden."
    assert note in words(response)
    browser.post(path_of(invitation, 9), {"score": "4"})
    assert list(Response.objects.values_list("score", "is_preselected")) == [(4, True)]


@pytest.mark.parametrize("score", ["-1", "11", "9.5", "１０", "1e1", "", "null", " 9", "09", "+9", "9&score=3", "٣"])
def test_no_other_number_is_chosen_or_taken(browser, invitation, score):
    response = browser.get(f"{path_of(invitation)}?score={score}")
    assert (response.status_code, checked(response)) == (200, [])
    if "&" not in score:
        assert browser.post(path_of(invitation), {"score": score}).status_code == 400
    assert Response.objects.count() == 0


def test_a_missing_score_is_named_at_the_top_and_at_the_field_and_all_that_was_typed_stays(browser, invitation):
    typed = {"comment": "Zwanzig Minuten <gewartet>", "wants_call": "1", "phone": "47"}
    response = browser.post(path_of(invitation), typed)
    page = response.content.decode()
    assert response.status_code == 400
    assert "<title>Fehler: Ihre Meinung – Acme</title>" in page
    assert words(response).count("Bitte wählen Sie eine Zahl von 0 bis 10.") == 2
    assert "Zwanzig Minuten &lt;gewartet&gt;</textarea>" in page and 'value="47"' in page
    assert re.search(r'id="wants-call"[^>]* checked', page)


def test_a_text_of_two_thousand_characters_fits_and_one_more_is_kept_on_the_page(browser, invitation):
    longest = "ä" * 1998 + "\r\n!"  # browsers count a line end once
    too_long = browser.post(path_of(invitation), {"score": "5", "comment": longest + "!"})
    assert too_long.status_code == 400 and "2001 Zeichen, Platz ist für 2000" in words(too_long)
    assert "ä" * 1998 in words(too_long) and checked(too_long) == ["5"]
    assert browser.post(path_of(invitation), {"score": "5", "comment": longest}).status_code == 302
    assert len(Answer.objects.get().text) == 2000


def test_a_nul_in_the_text_is_refused_in_words(browser, invitation):
    response = browser.post(path_of(invitation), {"score": "5", "comment": "a\0b"})
    assert response.status_code == 400 and "nicht speichern" in words(response)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("030 23125-014", "+49 30 23125014"), ("+44 20 7946 0018", "+44 20 7946 0018"), ("", "")],
)
def test_a_phone_number_is_kept_in_one_form(browser, acme, typed, kept):
    customer = factories.make_customer(acme, phone="+49 30 23125047")
    invitation = factories.make_invitation(acme, "nps", customer=customer)
    browser.post(path_of(invitation), {"score": "5", "wants_call": "1", "phone": typed})
    assert Response.objects.get().phone == kept


@pytest.mark.parametrize(
    ("typed", "sentence"), [("abc", "Diese Nummer können wir nicht lesen."), ("", "Bitte nennen Sie eine Nummer")]
)
def test_a_call_needs_a_number(browser, invitation, typed, sentence):
    response = browser.post(path_of(invitation), {"score": "5", "wants_call": "1", "phone": typed})
    assert response.status_code == 400 and words(response).count(sentence) == 2
    assert browser.post(path_of(invitation), {"score": "5", "phone": typed}).status_code == 302


def test_the_permission_to_call_is_unticked_and_names_the_known_number_by_its_end(browser, acme):
    without = browser.get(path_of(factories.make_invitation(acme, "nps")))
    customer = factories.make_customer(acme, phone="030 23125 047")
    known = browser.get(path_of(factories.make_invitation(acme, "nps", customer=customer)))
    assert not re.search(r'id="wants-call"[^>]* checked', known.content.decode())
    assert "die auf 47 endet" in words(known) and "endet" not in words(without)
    assert "23125" not in known.content.decode()


def test_what_only_the_server_may_say_is_ignored(browser, invitation, globex):
    forged = {
        "score": "2",
        "client": globex.pk,
        "invitation": "1",
        "group": "promoter",
        "kind": "csat",
        "language": "en",
        "submitted_at": "2020-01-01",
        "is_preselected": "1",
        "agent": "1",
    }
    browser.post(path_of(invitation), forged)
    owned = ("client", "invitation", "group", "kind", "language", "submitted_at", "is_preselected")
    assert list(Response.objects.values(*owned)) == [
        {
            "client": invitation.client.pk,
            "invitation": invitation.pk,
            "group": "detractor",
            "kind": "nps",
            "language": "de",
            "submitted_at": factories.NOW,
            "is_preselected": False,
        }
    ]


# --- Afterwards -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "score", "title", "sentence"),
    [
        ("nps", 3, "Danke, dass Sie uns das sagen.", "Es tut uns leid, dass es nicht gut gelaufen ist."),
        ("nps", 7, "Danke für Ihre Antwort.", "Was Ihnen gefehlt hat, lesen wir genau."),
        ("nps", 10, "Danke für Ihre Antwort.", "Ihr Lob geben wir weiter."),
        ("csat", 2, "Danke, dass Sie uns das sagen.", "Es tut uns leid, dass es nicht gut gelaufen ist."),
        ("csat", 3, "Danke für Ihre Antwort.", "Was Ihnen gefehlt hat, lesen wir genau."),
        ("csat", 5, "Danke für Ihre Antwort.", "Ihr Lob geben wir weiter."),
    ],
)
def test_the_thank_you_fits_the_score_and_shows_the_answer_as_kept(browser, acme, kind, score, title, sentence):
    invitation = factories.make_invitation(acme, kind)
    data = {"score": score, "comment": "Der <b>Rückruf</b> kam nicht."}
    response = browser.post(path_of(invitation), data, follow=True)
    assert response.redirect_chain == [(path_of(invitation) + "thanks/", 302)]
    page = words(response)
    assert f"{title} {sentence}" in page
    assert f"Ihre Antwort: {score} von {10 if kind == 'nps' else 5} „Der <b>Rückruf</b> kam nicht.“" in page
    assert "Wir rufen Sie an" not in page and "schon beantwortet" not in page


def test_what_was_taken_out_of_the_answer_is_said_in_a_word(browser, invitation):
    sent = {"score": "9", "comment": "Schreiben Sie an kim@brook.example <bitte>."}
    page = browser.post(path_of(invitation), sent, follow=True).content.decode()
    assert '„Schreiben Sie an <span class="redacted">entfernt</span> &lt;bitte&gt;.“' in page


def test_a_call_is_promised_with_its_time_only_to_those_who_want_one(browser, acme):
    customer = factories.make_customer(acme, phone="030 23125 047")
    invitation = factories.make_invitation(acme, "nps", customer=customer)
    response = browser.post(path_of(invitation), {"score": "3", "wants_call": "1"}, follow=True)
    promise = "Wir rufen Sie an Bis Donnerstag, 12. November, 18:00 Uhr, unter der Nummer, die auf 47 endet."
    assert promise in words(response)


def test_pressing_twice_or_in_two_tabs_is_friendly_and_keeps_the_first_answer(browser, invitation):
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    other_tab = browser.post(path_of(invitation), {"score": "1", "comment": "Doch nicht."})
    for again in (other_tab, browser.get(path_of(invitation))):
        assert again.status_code == 200
        assert "Sie haben diese Befragung schon beantwortet. Ihre erste Antwort zählt" in words(again)
        assert "9 von 10 „Sehr nett.“" in words(again)
    assert list(Response.objects.values_list("score", flat=True)) == [9]


def test_nobody_is_thanked_before_they_answered(browser, invitation):
    response = browser.get(path_of(invitation) + "thanks/")
    assert (response.status_code, response["Location"]) == (302, path_of(invitation))


# --- Closed doors ---------------------------------------------------------------------------------------------------


def test_an_expired_link_says_since_when_and_where_else_to_turn(browser, acme, now):
    invitation = factories.make_invitation(acme, "nps", expires_at=now - dt.timedelta(days=3))
    for response in (browser.get(path_of(invitation)), browser.post(path_of(invitation), {"score": "9"})):
        assert response.status_code == 410
        assert "Diese Befragung ist beendet. Sie war bis 7. November 2026 offen." in words(response)
        assert "service@acme.example" in words(response)
    assert Response.objects.count() == 0


def test_a_withdrawn_link_is_kind_and_takes_no_answer(browser, acme, now):
    invitation = factories.make_invitation(acme, "nps", withdrawn_at=now)
    for response in (browser.get(path_of(invitation)), browser.post(path_of(invitation), {"score": "9"})):
        assert response.status_code == 410 and "Wir haben sie zurückgezogen." in words(response)
    assert Response.objects.count() == 0


def test_every_unknown_link_gets_one_and_the_same_page(browser, invitation, acme):
    token = path_of(invitation).split("/")[2]
    silent = factories.make_invitation(acme, is_asked=False, reason="quarantine")
    unknown = [
        "x",
        token[:-1],
        token + "A",
        "a" * 5000,
        links.make(links.ANSWER, "0" * 32),
        links.make("reset", "1"),
        signing.Signer().sign(invitation.public_id.hex),
        links.make(links.ANSWER, silent.public_id.hex),
        survey_mail.unsubscribe_path(invitation).split("/")[2],
    ]
    pages = [browser.get(f"/s/{each}/") for each in unknown]
    pages += [browser.get(f"/u/{token}/"), browser.post("/u/x/", ONE_CLICK)]
    assert {page.status_code for page in pages} == {404}
    assert {words(page) for page in pages} == {words(pages[0])}
    assert "Acme" not in words(pages[0])


@pytest.mark.parametrize(
    ("accepts", "sentence"),
    [("de-AT,de;q=0.9", "Diesen Link kennen wir nicht."), ("en-GB", "We do not know this link."), ("fr", "We do not")],
)
def test_an_unknown_link_speaks_as_the_browser_asks(browser, db, accepts, sentence):
    assert sentence in words(browser.get("/s/x/", headers={"accept-language": accepts}))


def test_a_foreign_host_is_refused_and_a_forwarded_one_changes_nothing(browser, invitation):
    assert browser.get(path_of(invitation), headers={"host": "evil.example"}).status_code == 400
    response = browser.get(path_of(invitation), headers={"x-forwarded-host": "evil.example"})
    assert response.status_code == 200 and "evil.example" not in response.content.decode()


def test_braces_from_outside_are_printed_as_they_are(browser, globex):
    globex.name = globex.imprint = "{{7*7}} {% debug %} ${7*7} %(x)s {0.__class__}"
    globex.sentence_name_de = ""
    globex.save()
    invitation = factories.make_invitation(globex, "nps")
    assert words(browser.get(path_of(invitation))).count(globex.name) == 4  # sender, heading, question, imprint
    response = browser.post(path_of(invitation), {"score": "9", "comment": globex.name}, follow=True)
    assert f"„{globex.name}“" in words(response)


# --- Languages ------------------------------------------------------------------------------------------------------


def test_sie_du_and_english_each_speak_their_own_way(browser, acme):
    ask = {"sie": "Bitte nennen Sie keine Namen", "du": "Bitte nenne keine Namen", "en": "Please give no names"}
    pages = {
        "sie": browser.get(path_of(factories.make_invitation(acme, "nps"))),
        "du": browser.get(path_of(factories.make_invitation(acme, "nps", form_of_address="du"))),
        "en": browser.get(path_of(factories.make_invitation(acme, "nps", language="en"))),
    }
    for language, page in pages.items():
        assert [key for key, sentence in ask.items() if sentence in words(page)] == [language]
    assert not re.search(r"\b(Sie|Ihre|Ihnen)\b", words(pages["du"]))
    assert [re.search(r'<html lang="(\w+)"', page.content.decode())[1] for page in pages.values()] == ["de", "de", "en"]


def test_the_language_can_be_changed_and_takes_the_number_along(browser, invitation):
    german = browser.get(path_of(invitation, 9))
    assert 'href="?lang=en&amp;score=9"' in german.content.decode()
    english = browser.get(path_of(invitation) + "?lang=en&score=9")
    assert "How likely is it that you would recommend Acme" in words(english) and checked(english) == ["9"]
    assert 'href="?lang=de&amp;score=9"' in english.content.decode()


def test_an_answer_keeps_the_language_it_was_given_in(browser, invitation):
    response = browser.post(path_of(invitation) + "?lang=en", {"score": "9"}, follow=True)
    assert "Thank you for your answer." in words(response)
    invitation.refresh_from_db()
    assert (Response.objects.get().language, invitation.language) == ("en", "de")


def test_an_unknown_language_is_no_language(browser, invitation):
    assert "Bitte nennen Sie" in words(browser.get(path_of(invitation) + "?lang=xx"))


# --- No more --------------------------------------------------------------------------------------------------------
# What can be chosen, and what follows: see test_preferences.


def test_the_way_out_is_one_press(browser, invitation):
    path = survey_mail.unsubscribe_path(invitation)
    assert "Welche Befragungen möchten Sie nicht mehr?" in words(browser.get(path))
    for _ in range(2):
        done = browser.post(path, {"choice": "all"})
        assert done.status_code == 200 and "Wir befragen Sie nicht mehr. Das gilt ab sofort" in words(done)
    assert "Wir befragen Sie nicht mehr." in words(browser.get(path))
    assert list(Suppression.objects.values_list("client", "address", "survey", "reason")) == [
        (invitation.client.pk, invitation.email, None, "unsubscribed")
    ]


def test_a_mail_program_needs_one_post_without_cookie_and_less_than_a_second(browser, invitation):
    path, began = survey_mail.unsubscribe_path(invitation), time.perf_counter()
    multipart = browser.post(path, ONE_CLICK)
    plain = browser.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert time.perf_counter() - began < 1
    assert (multipart.status_code, plain.status_code) == (200, 200)
    assert list(Suppression.objects.values_list("survey", "reason")) == [(None, "unsubscribed")]


def test_only_a_press_of_a_button_or_the_one_click_body_objects(browser, invitation):
    path = survey_mail.unsubscribe_path(invitation)
    bodies = [{}, {"List-Unsubscribe": "no"}, {"list-unsubscribe": "One-Click"}, {"choice": ""}, {"choice": "none"}]
    assert [browser.post(path, body).status_code for body in bodies] == [400] * 5
    assert browser.get(f"{path}?choice=all&List-Unsubscribe=One-Click").status_code == 200
    assert Suppression.objects.count() == 0


def test_every_page_of_a_survey_leads_to_the_way_out(browser, acme, now):
    fresh, expired = factories.make_invitation(acme, "nps"), factories.make_invitation(acme, "nps", expires_at=now)
    answered = factories.make_response(acme).invitation
    for invitation in (fresh, expired, answered):
        assert survey_mail.unsubscribe_path(invitation) in browser.get(path_of(invitation)).content.decode()


# --- Cost -----------------------------------------------------------------------------------------------------------


def test_a_page_costs_few_queries(browser, invitation, django_assert_num_queries, django_assert_max_num_queries):
    factories.make_agent(invitation.client)
    with django_assert_num_queries(2):  # the invitation with all around it, its questions
        browser.head(path_of(invitation))
    with django_assert_num_queries(3):  # the first time, that it was opened
        browser.get(path_of(invitation))
    with django_assert_num_queries(2):
        browser.get(path_of(invitation))
    with django_assert_max_num_queries(8):
        browser.post(path_of(invitation), {"score": "3", "comment": "Zu lange gewartet."})
    with django_assert_num_queries(2):
        browser.get(path_of(invitation) + "thanks/")
