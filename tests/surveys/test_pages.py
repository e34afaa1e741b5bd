"""The customer's pages as a browser without script, cookie or login sees them."""

import datetime as dt
import html
import io
import logging
import re
import time
from urllib.parse import urlencode, urlsplit

import pytest
import time_machine
from django.apps import apps
from django.core import signing
from django.db import connection
from django.test import Client as Browser

from surveys import questionnaire, wording
from surveys.delivery import links, survey_mail
from surveys.models import Answer, Appearance, Invitation, Question, Response, Suppression, Survey
from surveys.pages import compiled, opening, personal
from surveys.pages.frame import OWN_NAMES
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
    """Every row of every table, but for what a reader leaves behind: that the page was opened, and how."""
    found = {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}
    del found["surveys.Visit"]
    for row in found["surveys.Invitation"]:
        del row["opened_at"], row["clicked_at"], row["clicked_score"]
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
    note = "Sie haben in unserer E-Mail die 9 gewählt. Ihre Antwort zählt, sobald Sie unten „Antwort senden“ drücken."
    assert note in words(response)
    browser.post(path_of(invitation, 9), {"score": "4"})
    assert list(Response.objects.values_list("score", "is_preselected")) == [(4, True)]


@pytest.mark.parametrize("language", wording.SPOKEN)
def test_the_note_of_the_number_clicked_names_the_button_that_is_there(browser, invitation, sheet, language):
    labels = set()
    for asked_of in (invitation, sheet):  # of one page, and of three
        page = browser.get(f"{path_of(asked_of, 9)}&lang={language}").content.decode()
        [note] = re.findall(r'<p class="note">(.*?)</p>', page)
        [button] = re.findall(r'<button type="submit">(.*?)</button>', page)
        assert button in note
        labels.add(button)
    assert len(labels) == 2


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


# --- Several pages --------------------------------------------------------------------------------------------------


@pytest.fixture
def sheet(acme):
    """An invitation to a survey of three pages; see `make_long_survey`."""
    return factories.make_invitation(acme, "nps", campaign=long_campaign(acme))


def long_campaign(client, **options):
    survey = factories.make_long_survey(client, **options)
    return factories.make_campaign(client, survey.kind, survey=survey)


def asked(response):
    """The keys of the questions on a page."""
    page = response.content.decode()
    keys = re.findall(r'<(?:input type="(?:radio|checkbox)"|textarea id="\w+") name="(\w+)"', page)
    return list(dict.fromkeys(keys))


def stored():
    """What the only response says so far, and whether it is complete."""
    [response] = Response.objects.all()
    return questionnaire.said_in(response), response.completed_at is not None


def test_each_page_is_stored_as_it_is_posted_and_leads_to_the_next(browser, sheet):
    path = path_of(sheet)
    second = browser.post(path, {"score": "3", "comment": "Zu lange."})
    assert (second.status_code, second["Location"]) == (302, f"{path}?page=2")
    assert stored() == ({"score": 3, "comment": "Zu lange."}, False)
    third = browser.post(f"{path}?page=2", {"solved": "partly", "ease": "2", "wrong": ["email", "chat"]})
    assert third["Location"] == f"{path}?page=3"
    last = browser.post(f"{path}?page=3", {"way": "email", "again": "no"})
    assert last["Location"] == f"{path}thanks/"
    said = {"score": 3, "comment": "Zu lange.", "solved": "partly", "ease": 2, "wrong": ("email", "chat")}
    assert stored() == ({**said, "way": "email", "again": "no"}, True)


def test_who_is_content_skips_the_page_for_the_unhappy(browser, sheet):
    third = browser.post(path_of(sheet), {"score": "9"})
    assert third["Location"] == f"{path_of(sheet)}?page=3"
    assert asked(browser.get(third["Location"])) == ["way", "again"]


def test_a_question_that_its_own_page_brings_up_is_asked_there_before_the_end(browser, sheet):
    browser.post(path_of(sheet), {"score": "9"})
    once_more = browser.post(f"{path_of(sheet)}?page=3", {"way": "chat"})
    assert once_more["Location"] == f"{path_of(sheet)}?page=3"
    page = browser.get(once_more["Location"])
    assert asked(page) == ["way", "again", "more"] and 'value="chat" checked' in page.content.decode()
    last = browser.post(f"{path_of(sheet)}?page=3", {"way": "chat", "more": "Sehr schnell."})
    assert last["Location"] == f"{path_of(sheet)}thanks/"


def test_the_link_leads_back_to_where_it_was_left(browser, sheet):
    browser.post(path_of(sheet), {"score": "3"})
    again = browser.get(path_of(sheet))
    assert asked(again) == ["solved", "ease", "satisfaction", "wrong"]
    assert f'action="{path_of(sheet)}?page=2"' in again.content.decode()
    browser.post(f"{path_of(sheet)}?page=2", {"solved": "no"})
    assert asked(browser.get(path_of(sheet))) == ["way", "again"]


def test_another_number_of_the_mail_leads_back_to_the_first_page(browser, sheet):
    browser.post(path_of(sheet), {"score": "3"})
    assert checked(browser.get(path_of(sheet, 8))) == ["8"]
    assert asked(browser.get(path_of(sheet, 3))) == ["solved", "ease", "satisfaction", "wrong"]


@pytest.mark.parametrize("page", ["2", "3", "4", "0", "-1", "x", "٢", "9" * 5000, "\0", "1&page=3"])
def test_a_page_out_of_reach_leads_to_the_first(browser, sheet, page):
    response = browser.get(f"{path_of(sheet)}?page={page}")
    assert (response.status_code, asked(response)) == (200, ["score", "comment"])
    assert browser.post(f"{path_of(sheet)}?page={page}", {"solved": "no"}).status_code == 400
    assert Response.objects.count() == 0


def test_a_page_for_others_is_out_of_reach(browser, sheet):
    browser.post(path_of(sheet), {"score": "9"})
    assert asked(browser.get(f"{path_of(sheet)}?page=2")) == ["way", "again"]


def test_the_way_back_stores_what_is_on_the_page_first(browser, sheet):
    path = path_of(sheet)
    assert 'name="back"' not in browser.get(path).content.decode()
    browser.post(path, {"score": "3", "comment": "Zu lange."})
    assert 'name="back"' in browser.get(f"{path}?page=2").content.decode()
    back = browser.post(f"{path}?page=2", {"ease": "4", "back": "1"})  # what must be answered is still open
    assert back["Location"] == f"{path}?page=1"
    page = browser.get(back["Location"])
    assert checked(page) == ["3"] and "Zu lange.</textarea>" in page.content.decode()
    assert stored() == ({"score": 3, "comment": "Zu lange.", "ease": 4}, False)
    assert browser.post(path, {"back": "1"}).status_code == 400  # there is nothing before the first page


def test_a_change_of_mind_takes_back_what_is_no_longer_asked(browser, sheet):
    path = path_of(sheet)
    browser.post(path, {"score": "3"})
    browser.post(f"{path}?page=2", {"solved": "no", "wrong": ["chat"]})
    browser.post(f"{path}?page=1", {"score": "9"})
    browser.post(f"{path}?page=3", {"way": "email"})
    assert stored() == ({"score": 9, "way": "email"}, True)
    assert Response.objects.get().first["said"] == {"score": 3, "solved": "no", "wrong": ["chat"]}


def test_a_change_that_brings_up_a_question_leads_there_and_is_complete_only_with_it(browser, sheet):
    path = path_of(sheet)
    browser.post(path, {"score": "9"})
    browser.post(f"{path}?page=3", {"way": "email"})
    second = browser.post(f"{path}?change=1", {"score": "3"})
    assert second["Location"] == f"{path}?page=2&change=1"
    assert stored() == ({"score": 3, "way": "email"}, False)
    # Whoever leaves there is asked again, by the link and by the page of thanks.
    assert browser.get(f"{path}thanks/")["Location"] == path
    assert asked(browser.get(path)) == ["solved", "ease", "satisfaction", "wrong"]
    assert browser.post(second["Location"], {"ease": "4"}).status_code == 400
    browser.post(second["Location"], {"solved": "no"})
    assert stored() == ({"score": 3, "way": "email", "solved": "no"}, False)
    assert browser.post(f"{path}?page=3", {"way": "email"})["Location"] == f"{path}thanks/"
    assert stored() == ({"score": 3, "way": "email", "solved": "no"}, True)


def test_a_required_question_that_a_change_brings_up_beside_answered_ones_is_not_passed_over(browser, acme):
    survey = Survey.objects.create(client=acme, kind="nps", name="one more")
    draft = wording.draft_of(survey, [("score", "nps"), ("comment", "text"), ("solved", "solved")])
    unhappy = [{"of": "group", "values": ["detractor"]}]
    draft.questions.filter(key="comment").update(starts_page=True)
    draft.questions.filter(key="solved").update(is_required=True, conditions=unhappy)
    wording.publish(survey, factories.NOW)
    path = path_of(factories.make_invitation(acme, "nps", campaign=factories.make_campaign(acme, "nps", survey=survey)))
    browser.post(path, {"score": "9"})
    browser.post(f"{path}?page=2", {"comment": "Gut."})
    browser.post(f"{path}?change=1", {"score": "3"})
    assert stored() == ({"score": 3, "comment": "Gut."}, False)
    assert asked(browser.get(path)) == ["comment", "solved"]


def test_a_complete_answer_whose_change_ends_a_question_keeps_nothing_of_it(browser, sheet):
    path = path_of(sheet)
    browser.post(path, {"score": "3"})
    browser.post(f"{path}?page=2", {"solved": "no", "wrong": ["chat"]})
    browser.post(f"{path}?page=3", {"way": "email"})
    browser.post(f"{path}?change=1", {"score": "9"})  # and leaves
    assert stored() == ({"score": 9, "way": "email"}, True)
    assert Response.objects.get().first["said"]["wrong"] == ["chat"]


def test_whether_we_may_call_is_asked_where_this_customer_writes_first(browser, acme):
    survey = Survey.objects.create(client=acme, kind="nps", name="two ways to write")
    draft = wording.draft_of(survey, [("score", "nps"), ("comment", "text"), ("solved", "solved")])
    more = {"kind": "text", "wording": wording.STANDARDS["comment"]}
    Question.objects.create(version=draft, key="more", position=2, starts_page=True, **more)
    unhappy = [{"of": "group", "values": ["detractor"]}]
    draft.questions.filter(key="comment").update(starts_page=True, conditions=unhappy)
    draft.questions.filter(key="solved").update(starts_page=True, position=3)
    wording.publish(survey, factories.NOW)
    for score, asking in ((3, [False, True, False, False]), (9, [False, False, True, False])):
        campaign = factories.make_campaign(acme, "nps", survey=survey)
        path = path_of(factories.make_invitation(acme, "nps", campaign=campaign))
        asks = ['name="wants_call"' in browser.get(path).content.decode()]
        browser.post(path, {"score": score})
        pages = [browser.get(f"{path}?page={number}").content.decode() for number in (2, 3, 4)]
        asks += ['name="wants_call"' in page and f'action="{path}?page={n}"' in page for n, page in enumerate(pages, 2)]
        assert asks == asking


def test_what_is_missing_on_a_later_page_is_named_there(browser, sheet):
    browser.post(path_of(sheet), {"score": "3"})
    page = browser.post(f"{path_of(sheet)}?page=2", {"ease": "4", "wrong": "chat"})
    assert page.status_code == 400 and words(page).count("Bitte wählen Sie eine der Antworten.") == 2
    text = page.content.decode()
    assert '<a href="#solved-yes">' in text and 'id="solved-yes"' in text
    assert checked(page) == ["4"] and 'value="chat" checked' in text
    assert stored() == ({"score": 3}, False)


def test_the_reason_on_a_later_page_is_asked_in_the_words_for_the_score(browser, acme):
    campaign = long_campaign(acme)
    version = campaign.survey.current
    Question.objects.filter(version=version, key="comment").update(starts_page=True)
    for score, ask in ((3, "Unzufriedenheit?"), (8, "höhere Bewertung geben?"), (9, "besonders gefallen?")):
        invitation = factories.make_invitation(acme, "nps", campaign=campaign)
        page = browser.post(path_of(invitation), {"score": score}, follow=True)
        endings = ("Unzufriedenheit?", "höhere Bewertung geben?", "besonders gefallen?", "für Ihre Bewertung?")
        assert [ending for ending in endings if ending in words(page)] == [ask]


def test_progress_is_told_only_where_there_is_more_than_one_page(browser, invitation, acme):
    short = browser.get(path_of(invitation))
    assert "Zwei Fragen, etwa eine Minute. Ihre Antwort ist freiwillig." in words(short)
    assert "Schritt" not in words(short)
    path = path_of(factories.make_invitation(acme, "nps", campaign=long_campaign(acme)))
    first = browser.get(path)
    assert "Schritt 1 von 3 Höchstens 9 Fragen, etwa 3 Minuten. Ihre Antwort ist freiwillig." in words(first)
    second = browser.post(path, {"score": "3"}, follow=True)
    assert "Schritt 2 von 3" in words(second) and "Minuten" not in words(second)
    assert "Weiter" in words(second) and "Antwort senden" not in words(second)
    third = browser.post(f"{path}?page=2", {"solved": "no"}, follow=True)
    assert "Schritt 3 von 3" in words(third) and "Antwort senden" in words(third)


def test_the_language_of_a_page_goes_along_to_the_next(browser, sheet):
    response = browser.post(path_of(sheet) + "?lang=en", {"score": "3"}, follow=True)
    assert response.redirect_chain == [(path_of(sheet) + "?page=2&lang=en", 302)]
    assert "Has your matter been solved?" in words(response)
    assert 'href="?page=2&amp;lang=de"' in response.content.decode()


def test_the_thank_you_repeats_every_answer_as_it_was_put(browser, sheet):
    browser.post(path_of(sheet), {"score": "3", "comment": "Zu lange."})
    browser.post(f"{path_of(sheet)}?page=2", {"solved": "partly", "ease": "2", "wrong": ["email", "chat"]})
    page = browser.post(f"{path_of(sheet)}?page=3", {"way": "email", "again": "no"}, follow=True)
    assert (
        "Ihre Antwort: 3 von 10 „Zu lange.“ Ist Ihr Anliegen gelöst? Zum Teil Wie sehr stimmen Sie dieser Aussage zu? "
        "„Der Kundenservice hat es mir leicht gemacht, mein Anliegen zu klären.“ 2 von 7 "
        "Wie haben Sie uns erreicht? E-Mail, Chat Wie haben Sie uns erreicht? E-Mail "
        "Haben Sie uns schon früher gefragt? Nein"
    ) in words(page)


def test_script_is_told_the_next_address_instead_of_being_led_there(browser, sheet):
    sent = browser.post(path_of(sheet), {"score": "9"}, headers={"x-by-script": "1"})
    assert (sent.status_code, sent["Location"], sent.content) == (201, f"{path_of(sheet)}?page=3", b"")
    assert sent["Content-Location"] == f"{path_of(sheet)}?page=1"  # where the browser's own way back leads
    wrong = browser.post(path_of(sheet), {"score": "99"}, headers={"x-by-script": "1"})
    assert wrong.status_code == 400 and "Fehler:" in wrong.content.decode()


def test_public_reviews_are_offered_to_all_or_to_none(browser, acme):
    def thanks(score):
        invitation = factories.make_invitation(acme, "nps")
        return browser.post(path_of(invitation), {"score": score}, follow=True).content.decode()

    assert all("öffentlich bewerten" not in thanks(score) for score in (0, 7, 10))
    Appearance.objects.create(client=acme, review_url="https://reviews.example/acme")
    link = '<a href="https://reviews.example/acme" rel="noopener noreferrer">öffentlich bewerten</a>'
    assert all(link in thanks(score) for score in (0, 7, 10))


# --- What a stranger sends ------------------------------------------------------------------------------------------


def test_a_body_beyond_64_kb_is_not_read_and_five_thousand_fields_are_refused(browser, invitation):
    paths = (path_of(invitation), survey_mail.unsubscribe_path(invitation))
    assert [browser.post(path, {"score": "9", "comment": "a" * 65536}).status_code for path in paths] == [413, 413]
    fields = "&".join(f"f{number}=1" for number in range(5000))
    plain = "application/x-www-form-urlencoded"
    assert [browser.post(path, fields, content_type=plain).status_code for path in paths] == [400, 400]
    assert (Response.objects.count(), Suppression.objects.count()) == (0, 0)
    longest = {"score": "9", "comment": "🙂" * 2000}  # what a person can type is never too much
    assert browser.post(path_of(invitation), urlencode(longest), content_type=plain).status_code != 413


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Straße, GROẞE", "Straße, GROẞE"),
        ("u\u0308ber und über", "über und über"),  # one spelling, so that both are found
        ("👩‍👩‍👧‍👦 und 🇩🇪, 𝔘𝔫𝔦", "👩‍👩‍👧‍👦 und 🇩🇪, 𝔘𝔫𝔦"),
        ("مرحبا 123", "مرحبا 123"),
        ("\u202etfarbe\u202c a\u200bb\ufeff!", "tfarbe ab!"),  # nothing turns the line round, or hides in it
    ],
)
def test_every_writing_is_kept_and_shown(browser, invitation, text, kept):
    page = browser.post(path_of(invitation), {"score": "9", "comment": text}, follow=True)
    assert Answer.objects.get().text == kept
    assert f'<p class="own-words" dir="auto">„{kept}“</p>' in page.content.decode()


@pytest.mark.parametrize("field", ["score", "comment", "phone"])
def test_a_nul_anywhere_is_refused_in_words(browser, invitation, field):
    sent = {"score": "9", "comment": "", "phone": "", "wants_call": "1", field: "9\0"}
    response = browser.post(path_of(invitation), sent)
    assert response.status_code == 400 and "Fehler:" in response.content.decode()
    assert "Null" not in words(response)


def test_half_a_character_is_no_error(browser, invitation):
    half = b"score=9&comment=a%ED%A0%80b&" + urlencode(factories.typed_by_a_person()).encode()
    sent = browser.post(path_of(invitation), half, content_type="application/x-www-form-urlencoded")
    assert sent.status_code == 302
    assert Answer.objects.get().text == "a\ufffd\ufffd\ufffdb"


def test_nobody_frames_these_pages(browser, invitation, now, acme):
    expired = factories.make_invitation(acme, "nps", expires_at=now)
    answered = factories.make_response(acme).invitation
    paths = [path_of(invitation), path_of(expired), path_of(answered), path_of(answered) + "thanks/", "/s/x/", "/u/x/"]
    for path in (*paths, survey_mail.unsubscribe_path(invitation)):
        response = browser.get(path)
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"], path
        assert response["X-Frame-Options"] == "DENY"


def test_a_page_asks_no_stranger_for_anything(browser, sheet):
    browser.post(path_of(sheet), {"score": "3"})
    for path in (path_of(sheet), f"{path_of(sheet)}?page=1", survey_mail.unsubscribe_path(sheet), "/s/x/"):
        page = browser.get(path).content.decode()
        loaded = re.findall(r'<(?:link|script|img|iframe)[^>]*(?:href|src)="([^"]*)"', page)
        assert loaded and all(address.startswith("/") for address in loaded)
        assert not re.search(r"<(style|script)[^>]*>[^<]", page) and not re.search(r'\s(style|on\w+)="', page)


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


def test_pressing_twice_stores_one_answer_and_changes_nothing(browser, invitation):
    for _ in range(2):
        response = browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."}, follow=True)
        assert "9 von 10 „Sehr nett.“" in words(response)
    assert list(Response.objects.values_list("score", "changed_at", "first")) == [(9, None, None)]


def test_what_another_tab_sends_later_counts_and_what_was_said_first_is_kept(browser, invitation, now):
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    browser.post(path_of(invitation), {"score": "1", "comment": "Doch nicht."})
    [response] = Response.objects.all()
    assert (response.score, response.answers.get().text, response.changed_at) == (1, "Doch nicht.", now)
    assert response.first["said"] == {"score": 9, "comment": "Sehr nett."}


def test_an_answered_link_shows_what_we_have_and_how_long_it_can_be_changed(browser, invitation):
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    page = browser.get(path_of(invitation))
    assert page.status_code == 200
    assert "Sie haben diese Befragung schon beantwortet; das ist die Antwort, die wir haben." in words(page)
    assert "9 von 10 „Sehr nett.“ Antwort ändern – möglich bis Dienstag, 24. November." in words(page)
    assert f'<a href="{path_of(invitation)}?change=1">Antwort ändern</a>' in page.content.decode()


def test_an_answer_can_be_changed_until_the_link_expires(browser, invitation, now):
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    form = browser.get(path_of(invitation) + "?change=1")
    assert checked(form) == ["9"] and "Sehr nett.</textarea>" in form.content.decode()
    assert "Das ist Ihre Antwort, wie wir sie haben." in words(form)
    changed = browser.post(path_of(invitation) + "?change=1", {"score": "8", "comment": ""}, follow=True)
    assert "Ihre Antwort: 8 von 10" in words(changed) and "Sehr nett." not in words(changed)
    with time_machine.travel(invitation.expires_at, tick=False):
        late = browser.post(path_of(invitation) + "?change=1", {"score": "1"})
        assert late.status_code == 200 and "8 von 10" in words(late)
        assert "Antwort ändern" not in words(late)
        assert "8 von 10" in words(browser.get(path_of(invitation) + "?change=1"))
    assert Response.objects.get().score == 8


def test_what_was_taken_out_is_shown_as_a_word_of_the_page_and_stays_out_when_it_is_sent_again(browser, invitation):
    browser.post(path_of(invitation), {"score": "3", "comment": "Herr Müller, Tel. 0171 2345678, rief nie an."})
    address = path_of(invitation) + "?change=1"
    form = browser.get(address).content.decode()
    assert "Herr [entfernt], Tel. [entfernt], rief nie an.</textarea>" in form and "⟦" not in form
    browser.post(address, {"score": "3", "comment": "Herr [entfernt], Tel. [entfernt], rief nie an. [entfernt]"})
    kept = "Herr ⟦name⟧, Tel. ⟦phone⟧, rief nie an. [entfernt]"
    assert Response.objects.get().answers.get().text == kept


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
    [
        ("de-AT,de;q=0.9", "Diesen Link kennen wir nicht."),
        ("en-GB", "We do not know this link."),
        ("fr", "Nous ne connaissons pas ce lien."),
        ("sv", "We do not"),
    ],
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
    # As sender, in the heading, in the question, where it says who reads it, and in the imprint.
    assert words(browser.get(path_of(invitation))).count(globex.name) == 5
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
    german = browser.get(path_of(invitation, 9)).content.decode()
    assert 'href="?score=9&amp;lang=en" hreflang="en" lang="en">English</a>' in german
    english = browser.get(path_of(invitation) + "?lang=en&score=9")
    assert "How likely is it that you would recommend Acme" in words(english) and checked(english) == ["9"]
    assert 'href="?score=9&amp;lang=de"' in english.content.decode()
    assert f'action="{path_of(invitation)}?lang=en&amp;score=9"' in english.content.decode()


def test_every_language_of_the_survey_is_on_offer_in_its_own_words(browser, invitation):
    offered = re.findall(r'hreflang="(\w\w)" lang="\1">([^<]+)<', browser.get(path_of(invitation)).content.decode())
    assert dict(offered) == {code: name for code, name in OWN_NAMES.items() if code != "de"}


def test_arabic_runs_from_right_to_left_and_phone_numbers_do_not(browser, acme):
    page = browser.get(path_of(factories.make_invitation(acme, "nps", language="ar"))).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert re.search(r'<input type="tel"[^>]* dir="ltr"', page)
    assert "<bdi>Acme GmbH, Hafenstraße 14, 00000 Nordheim</bdi>" in page
    assert re.findall(r'name="score" value="(\d+)"', page) == [str(score) for score in range(11)]


def test_the_page_to_object_speaks_languages_that_the_survey_does_not(browser, invitation):
    Question.objects.update(wording={"de": {"ask": "Nun?", "lowest": "schlecht", "highest": "gut"}})
    page = browser.get(survey_mail.unsubscribe_path(invitation) + "?lang=tr")
    assert '<html lang="tr" dir="ltr">' in page.content.decode()


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
    with django_assert_num_queries(3):  # the invitation, its version with all questions, that a head was asked for
        browser.head(path_of(invitation))
    with django_assert_num_queries(2):  # the invitation, that it was opened; versions are kept in the process
        browser.get(path_of(invitation))
    with django_assert_num_queries(1):
        browser.get(path_of(invitation))
    # Link and agents; lock, sheet and reason: on PostgreSQL one each; and the two savepoint marks of a test.
    with django_assert_num_queries(4 if connection.vendor == "postgresql" else 7):
        browser.post(path_of(invitation), {"score": "3", "comment": "Zu lange gewartet."})
    with django_assert_num_queries(2):
        browser.get(path_of(invitation) + "thanks/")
    with django_assert_num_queries(2):
        browser.get(path_of(invitation) + "?change=1")


def test_later_pages_cost_no_more(browser, sheet, django_assert_max_num_queries):
    browser.post(path_of(sheet), {"score": "3"})
    with django_assert_max_num_queries(2):
        browser.get(path_of(sheet) + "?page=2")


# --- The compiled page ------------------------------------------------------------------------------------------------


def rendered_and_filled(browser, monkeypatch, path):
    """One page as its templates render it, twice filled in from its compiled form: first and for somebody else."""
    with monkeypatch.context() as patch:
        patch.setattr(opening, "first_page", lambda *_: None)
        whole = browser.get(path)
    with monkeypatch.context() as patch:
        patch.setattr(personal, "_sheet", lambda *_: pytest.fail("it was not filled in"))
        filled = browser.get(path)
        head = browser.head(path)
    assert dict(whole.items()) == dict(filled.items()) == dict(head.items())
    return whole.content.decode(), filled.content.decode()


@pytest.mark.parametrize("kind", ["nps", "csat"])
@pytest.mark.parametrize("language", ["de", "en", "ar"])
@pytest.mark.parametrize("query", ["", "?score=3", "?score=3&lang=tr", "?lang=de", "?lang=sv", "?lang=pl"])
@pytest.mark.parametrize("form_of_address", ["sie", "du"])
def test_a_page_filled_in_is_the_page_rendered(browser, acme, monkeypatch, kind, language, query, form_of_address):
    for phone in ("+49 30 23125047", "", "+49 30 23125099"):
        customer = factories.make_customer(acme, phone=phone, language=language)
        about = (
            {"customer": customer} if kind == "nps" else {"contact": factories.make_contact(acme, customer=customer)}
        )
        invitation = factories.make_invitation(
            acme, kind, language=language, form_of_address=form_of_address,
            **about,
        )  # fmt: skip
        whole, filled = rendered_and_filled(browser, monkeypatch, path_of(invitation) + query)
        assert filled == whole
        assert path_of(invitation) in filled and not re.search(r"nk[0-9a-f]{16}\d\dkn", filled)


def test_two_threads_that_render_a_page_at_once_leave_one_page():
    def render(open_places):
        return f"<p>{open_places['made']}</p>"

    def render_while_another_does(open_places):
        assert compiled.filled("key", {"made": "2"}, render) == "<p>2</p>"
        return render(open_places)

    assert compiled.filled("key", {"made": "1"}, render_while_another_does) == "<p>1</p>"
    assert compiled.filled("key", {"made": "<3"}, render) == "<p>&lt;3</p>"


def test_a_changed_client_look_or_survey_is_on_the_very_next_page(browser, acme, invitation):
    assert "Hafenstraße 14" in words(browser.get(path_of(invitation)))
    acme.imprint = "Acme GmbH, Kanalstraße 2, 00000 Nordheim"
    acme.save()
    assert "Kanalstraße 2" in words(browser.get(path_of(invitation)))
    before = browser.get(path_of(invitation)).content
    Appearance.objects.create(client=acme, accent="#7a1020", accent_dark="#ff9aa5")
    assert browser.get(path_of(invitation)).content != before


def test_what_a_client_writes_is_text_in_a_compiled_page_too(browser, acme, invitation):
    acme.imprint, acme.name = "<b>&amp;</b>", "Öl & Gas <script>"
    acme.save()
    for _ in range(2):
        page = browser.get(path_of(invitation)).content.decode()
        assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page and "Öl &amp; Gas &lt;script&gt;" in page
        assert "<b>" not in page
