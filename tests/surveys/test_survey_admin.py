"""Surveys as their analysts write them: the draft, each question, the preview; and who may not."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys import authoring
from surveys.authoring import Start, stamp
from surveys.models import (
    Access,
    Answer,
    FlaggedSheet,
    Invitation,
    OutgoingMessage,
    Question,
    Response,
    Survey,
    SurveyVersion,
)
from surveys.pages.rehearsal import Scene
from surveys.wording import STANDARDS
from tests import factories

STORED = (Answer, FlaggedSheet, Invitation, OutgoingMessage, Question, Response, Survey, SurveyVersion)


def url(survey, page, /, **query):
    address = reverse(f"admin:surveys_survey_{page}", args=[survey.pk])
    return f"{address}?{'&'.join(f'{name}={value}' for name, value in query.items())}" if query else address


def question_of(draft, key):
    return Question.objects.get(version=draft, key=key)


def seen(draft, key=None):
    return stamp([question_of(draft, key)] if key else Question.objects.filter(version=draft))


def press(browser, survey, draft, verb, key="", **more):
    return browser.post(url(survey, "write"), {"verb": verb, "key": key, "seen": seen(draft), **more}, follow=True)


def written(browser, survey, key):
    """What a browser would send: every field of the form as the page shows it."""
    form = browser.get(url(survey, "question", key=key)).context["form"]
    sent = {}
    for field in form:
        value = field.value()
        if value not in (None, "", False, []):
            sent[field.html_name] = "on" if value is True else value
    return sent


def save(browser, survey, draft, key, /, **changed):
    data = {**written(browser, survey, key), "seen": seen(draft, key), **changed}
    return browser.post(url(survey, "save_question", key=key), data)


def rows():
    return {model.__name__: model.objects.count() for model in STORED}


# --- Beginning and publishing ---


@pytest.mark.parametrize("start", Start)
def test_a_new_survey_starts_as_the_draft_of_a_template(browser, acme, start):
    form = {"client": acme.pk, "name": "Neu", "start": start}
    answer = browser.post(reverse("admin:surveys_survey_add"), form)
    survey = Survey.objects.get()
    assert answer.url == url(survey, "draft")
    assert (survey.kind, survey.current, survey.draft.number) == (start.survey_kind, None, 1)
    assert browser.get(answer.url).status_code == 200


def test_a_draft_is_started_published_and_asked_from_then_on(browser, survey):
    assert browser.post(url(survey, "start_draft"), {"start": "post-contact"}).url == url(survey, "draft")
    draft = survey.draft
    page = browser.get(url(survey, "draft")).content.decode()
    assert "Version 2 begins a new series: other words measure something else." in page
    said = browser.post(url(survey, "publish"), {"seen": seen(draft)}, follow=True).content.decode()
    assert "Version 2 is published and begins a new series." in said
    assert (survey.current, survey.draft) == (draft, None)
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == [
        "Began version 2 as a draft.", "Published version 2."
    ]  # fmt: skip


def test_what_is_asked_now_can_be_gone_on_from_and_discarded(browser, survey):
    browser.post(url(survey, "start_draft"), {"start": ""})
    draft = survey.draft
    assert stamp(draft.questions.all()) == stamp(survey.current.questions.all())
    said = browser.post(url(survey, "discard"), {"seen": seen(draft)}, follow=True).content.decode()
    assert ("The draft is discarded." in said, survey.draft) == (True, None)


def test_errors_keep_it_from_being_published_and_stand_at_their_question(browser, survey, draft):
    press(browser, survey, draft, "add", kind="single")
    page = browser.get(url(survey, "draft")).content.decode()
    assert "A choice needs two options. " in page
    assert "2 things have to be mended first; they are marked above." in page
    assert reverse("admin:surveys_survey_publish", args=[survey.pk]) not in page
    said = browser.post(url(survey, "publish"), {"seen": seen(draft)}, follow=True).content.decode()
    assert "“single”: A choice needs two options." in said
    assert survey.current.number == 1


# --- The buttons of the draft ---


def test_each_button_does_what_it_says_and_is_written_down(browser, survey, draft):
    for verb, key in (("down", "solved"), ("up", "solved"), ("join-page", "solved"), ("begin-page", "once"),
                      ("own", "score"), ("standard", "score"), ("remove", "once")):  # fmt: skip
        assert press(browser, survey, draft, verb, key).status_code == 200
    keys = list(Question.objects.filter(version=draft).values_list("key", "starts_page"))
    assert keys == [("score", False), ("comment", False), ("solved", False)]
    assert [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")] == [
        "Moved “solved” down.", "Moved “solved” up.", "“solved” follows on the page before.",
        "“once” begins a new page.", "“score” has a wording of its own now.",
        "“score” has its standard wording again.", "Removed “once”.",
    ]  # fmt: skip


def test_what_cannot_be_done_is_told_and_not_done(browser, survey, draft):
    said = press(browser, survey, draft, "remove", "score").content.decode()
    assert "The first question asks for the score. A survey cannot be without it." in said
    assert draft.questions.count() == 4
    assert press(browser, survey, draft, "explode", "score").status_code == 404
    assert press(browser, survey, draft, "add", kind="poem").status_code == 404


def test_who_looks_at_an_older_draft_is_told_and_changes_nothing(browser, survey, draft):
    stale = seen(draft)
    press(browser, survey, draft, "remove", "once")
    sent = {"verb": "remove", "key": "solved", "seen": stale}
    said = browser.post(url(survey, "write"), sent, follow=True).content.decode()
    assert "Somebody else has changed this draft since you opened it." in said
    assert draft.questions.count() == 3


def test_pages_warnings_and_own_instruments_are_visible(browser, survey, draft):
    page = browser.get(url(survey, "draft")).content.decode()
    assert re.findall(r">Page (\d)<", page) == ["1", "2"]
    assert page.count("standard wording</span>") == 3
    assert "Look at:" in page  # the version before was asked in nine languages
    press(browser, survey, draft, "own", "score")
    page = browser.get(url(survey, "draft")).content.decode()
    assert page.count("own wording: a new instrument") == 1


# --- The form of a question ---


def test_a_form_sent_as_it_came_changes_nothing(browser, survey, draft):
    for key in ("comment", "solved", "once"):
        before = seen(draft, key)
        assert save(browser, survey, draft, key).status_code == 302
        assert seen(draft, key) == before


def test_texts_options_and_conditions_are_written_by_the_form(browser, survey, draft):
    press(browser, survey, draft, "add", kind="multiple")
    answer = save(browser, survey, draft, "multiple", **{
        "key": "wege", "de:ask": "Welche Wege haben Sie probiert?", "de-du:ask": "Welche Wege hast du probiert?",
        "en:ask": "Which ways did you try?", "de:option-0": "Telefon", "en:option-0": "Phone",
        "de:option-1": "Rückruf", "de:option-2": "Chat", "group": ["detractor", "passive"], "answer-solved": ["no"],
        "channel": ["phone"], "segment": "Gewerbe, Privat", "is_required": "on", "begin_page": "1",
    })  # fmt: skip
    assert answer.status_code == 302
    question = question_of(draft, "wege")
    assert (question.options, question.is_required, question.starts_page) == (["phone", "rueckruf", "chat"], True, True)
    assert question.wording == {
        "de": {
            "ask": "Welche Wege haben Sie probiert?",
            "options": {"phone": "Telefon", "rueckruf": "Rückruf", "chat": "Chat"},
        },
        "de-du": {"ask": "Welche Wege hast du probiert?"},
        "en": {"ask": "Which ways did you try?", "options": {"phone": "Phone"}},
    }
    assert question.conditions == [
        {"of": "group", "values": ["detractor", "passive"]},
        {"of": "channel", "values": ["phone"]},
        {"of": "segment", "values": ["Gewerbe", "Privat"]},
        {"of": "answer", "values": ["no"], "key": "solved"},
    ]


def test_options_are_put_in_order_and_removed(browser, survey, draft):
    press(browser, survey, draft, "add", kind="single")
    first = {"de:ask": "Welches Thema?", "de:option-0": "A", "de:option-1": "B", "de:option-2": "C"}
    save(browser, survey, draft, "single", **first)
    save(browser, survey, draft, "single", **{"option-2-place": "1", "option-0-place": "2", "option-1-gone": "on"})
    question = question_of(draft, "single")
    assert (question.options, question.wording["de"]["options"]) == (["c", "a"], {"a": "A", "c": "C"})


def test_a_condition_on_the_same_page_is_offered_its_page_with_one_click(browser, survey, draft):
    refused = save(browser, survey, draft, "once", **{"answer-solved": ["no"]})
    page = refused.content.decode()
    assert (refused.status_code, "Begin a new page with it, and save" in page) == (400, True)
    assert question_of(draft, "once").conditions == []
    save(browser, survey, draft, "once", **{"answer-solved": ["no"], "begin_page": "1"})
    assert question_of(draft, "once").starts_page


def test_a_stale_form_is_refused_and_keeps_what_was_typed(browser, survey, draft):
    stale = seen(draft, "once")
    save(browser, survey, draft, "once", **{"de:ask": "Hat ein Anruf genügt?"})
    refused = save(browser, survey, draft, "once", seen=stale, **{"de:ask": "Hat ein Brief genügt?"})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Nothing was overwritten." in page and "Hat ein Brief genügt?" in page
    again = save(browser, survey, draft, "once", seen=refused.context["seen"])
    assert again.status_code == 409  # the old stamp is not renewed behind one's back
    assert question_of(draft, "once").wording["de"]["ask"] == "Hat ein Anruf genügt?"


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("de:ask", "Hallo {name}", "Only {client} is filled in. Leave other braces out."),
        ("de:ask", "x" * 501, "at most 500 characters"),
        ("fr:hint", "Bonjour", "Write the question in this language and form, too"),
        ("key", "zwei Wörter", "valid “slug”"),
        ("key", "comment", "The name “comment” is taken."),
    ],
)
def test_what_does_not_fit_is_told_at_the_form_and_not_stored(browser, survey, draft, field, text, told):
    before = seen(draft)
    refused = save(browser, survey, draft, "once", **{field: text})
    assert refused.status_code == 400
    assert told in refused.content.decode()
    assert seen(draft) == before


def test_standard_texts_are_shown_with_the_marks_and_cannot_be_posted(browser, acme):
    survey = Survey.objects.create(client=acme, name="Neu", kind="nps")
    draft = authoring.begin(survey, Start.RELATIONAL)
    page = browser.get(url(survey, "question", key="score")).content.decode()
    assert "NPS, Net Promoter and Net Promoter Score are registered marks of Bain & Company, Inc." in page
    assert 'name="de:ask"' not in page
    save(browser, survey, draft, "score", **{"de:ask": "Würden Sie?", "is_required": ""})
    question = question_of(draft, "score")
    assert (question.wording, question.is_required) == (STANDARDS["nps"], True)


def test_own_wording_is_marked_in_lists_and_on_the_version(browser, survey, draft):
    press(browser, survey, draft, "own", "score")
    save(browser, survey, draft, "score", **{"de:ask": "Wie zufrieden waren Sie heute?"})
    browser.post(url(survey, "publish"), {"seen": seen(draft)})
    version = survey.current
    marks = {
        "admin:surveys_survey_changelist": "own wording",
        "admin:surveys_surveyversion_changelist": "own wording: an instrument of its own",
    }
    for name, mark in marks.items():
        assert mark in browser.get(reverse(name)).content.decode()
    for address in (url(survey, "change"), reverse("admin:surveys_surveyversion_change", args=[version.pk])):
        assert browser.get(address).content.decode().count("own wording: a new instrument") == 1


# --- What is published stays ---


def test_nothing_that_is_posted_changes_what_is_published(browser, survey):
    version, before = survey.current, stamp(survey.current.questions.all())
    for page in ("write", "save_question", "publish", "discard"):
        data = {"verb": "remove", "key": "comment", "seen": before, "de:ask": "Anders?"}
        assert browser.post(url(survey, page, key="comment"), data).status_code == 404
    changed = {"number": 7, "published_at_0": "2020-01-01", "published_at_1": "00:00", "_save": "1"}
    address = reverse("admin:surveys_surveyversion_change", args=[version.pk])
    assert browser.post(address, changed).status_code == 403
    assert browser.post(reverse("admin:surveys_survey_change", args=[survey.pk]), {"name": "X"}).status_code == 403
    assert browser.post(reverse("admin:surveys_surveyversion_delete", args=[version.pk])).status_code == 403
    version.refresh_from_db()
    assert (version.number, stamp(version.questions.all())) == (1, before)


def test_a_draft_from_the_published_one_leaves_it_alone_whatever_is_done(browser, survey):
    before = stamp(survey.current.questions.all())
    draft = authoring.begin(survey)
    press(browser, survey, draft, "own", "score")
    save(browser, survey, draft, "score", **{"de:ask": "Anders gefragt?"})
    press(browser, survey, draft, "remove", "comment")
    assert stamp(survey.current.questions.all()) == before


# --- Who may ---

VERBS = ("start_draft", "write", "save_question", "publish", "discard")
PAGES = ("draft", "question", "preview")


@pytest.mark.parametrize("role", ["viewer", "lead", "agent"])
def test_whoever_is_no_analyst_of_the_client_writes_nothing(client, acme, survey, draft, role):
    login, team = factories.make_login(role), factories.make_team(acme)
    if role == "agent":
        factories.make_agent(acme, login=login)
    else:
        Access.objects.create(login=login, client=acme, role=role, team=team if role == "lead" else None)
    client.force_login(login)
    before = rows(), seen(draft)
    for page in VERBS:
        assert client.post(url(survey, page, key="once"), {"seen": before[1], "verb": "remove"}).status_code == 403
    for page in PAGES:
        assert client.get(url(survey, page, key="once")).status_code == 403
    frame = reverse("admin:surveys_survey_frame", args=[survey.pk, Scene(2).written()])
    assert [client.get(frame).status_code, client.post(frame, {"score": "3"}).status_code] == [403, 403]
    assert (rows(), seen(draft)) == before


def test_what_is_foreign_is_not_there(browser, globex):
    foreign = factories.make_survey(globex)
    draft = authoring.begin(foreign, Start.POST_CONTACT)
    before = seen(draft)
    home = reverse("admin:index")
    for page in VERBS:
        answer = browser.post(url(foreign, page, key="once"), {"seen": before, "verb": "remove", "key": "once"})
        assert (answer.status_code, answer.url) == (302, home)
    for page in PAGES:
        assert browser.get(url(foreign, page, key="once")).url == home
    frame = reverse("admin:surveys_survey_frame", args=[foreign.pk, Scene(2).written()])
    assert [browser.get(frame).url, browser.post(frame, {"sketch": "1"}).url] == [home, home]
    assert seen(draft) == before


def test_verbs_are_by_post_only(browser, survey, draft):
    assert {browser.get(url(survey, page)).status_code for page in VERBS} == {405}


def test_an_analyst_adds_surveys_for_the_own_client_only(browser, globex):
    form = {"client": globex.pk, "name": "Neu", "start": "nps"}
    refused = browser.post(reverse("admin:surveys_survey_add"), form)
    assert set(refused.context["adminform"].form.errors) == {"client"}
    assert Survey.objects.count() == 0


# --- The preview ---


def frame_of(browser, survey, **chosen):
    return browser.get(url(survey, "preview", **chosen)).context["frame"]


def text_of(answer):
    return answer.content.decode()


def test_the_preview_shows_the_real_page_and_only_our_own_pages_may_frame_it(browser, survey, draft):
    answer = browser.get(frame_of(browser, survey))
    assert STANDARDS["csat"]["de"]["ask"] in text_of(answer)
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    for other in (url(survey, "preview"), url(survey, "draft"), url(survey, "question", key="score")):
        page = browser.get(other)
        assert page["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]


def test_language_address_score_page_and_width_are_chosen(browser, survey, draft):
    informal = text_of(browser.get(frame_of(browser, survey, address="du", score=2)))
    assert STANDARDS["csat"]["de-du"]["ask"] in informal
    assert re.search(r'value="2"[^>]* checked', informal)
    english = text_of(browser.get(frame_of(browser, survey, language="en", page=2)))
    assert "Did it take just one contact with us?" in english
    for width in (320, 390, 768, 1280):
        assert f'class="width-{width}"' in text_of(browser.get(url(survey, "preview", width=width)))
    for nonsense in (
        {"width": 9},
        {"page": "x"},
        {"score": 99},
        {"language": "xx"},
        {"address": "ihr"},
        {"version": 9},
    ):
        assert browser.get(url(survey, "preview", **nonsense)).status_code in (200, 404)


def test_a_rehearsal_goes_to_its_end_and_back_and_stores_nothing(browser, survey, draft):
    before = rows()
    first = frame_of(browser, survey)
    second = browser.post(first, {"score": "4", "comment": "Alles klar, danke."})
    assert second.status_code == 302
    page = text_of(browser.get(second.url))
    assert "Hat dafür ein einziger Kontakt mit uns genügt?" in page
    third = browser.post(second.url, {"solved": "no", "once": "yes"})
    thanks = text_of(browser.get(third.url))
    assert "Alles klar, danke." in thanks
    again = text_of(browser.get(re.search(r'href="(/admin[^"]+\?change=1)"', thanks)[1]))
    assert "Alles klar, danke." in again
    assert rows() == before


def test_a_rehearsal_checks_what_is_sent_as_the_real_page_does(browser, survey, draft):
    wrong = browser.post(frame_of(browser, survey), {"comment": "ohne Zahl"})
    assert wrong.status_code == 400
    assert "Bitte wählen Sie eine Zahl von 1 bis 5." in text_of(wrong)


def test_published_versions_can_be_looked_at_and_a_cut_address_is_not_there(browser, survey, draft):
    assert STANDARDS["csat"]["de"]["ask"] in text_of(browser.get(frame_of(browser, survey, version=1)))
    frame = reverse("admin:surveys_survey_frame", args=[survey.pk, "bm9uc2Vuc2U="])
    assert browser.get(frame).status_code == 404


def test_the_frame_shows_what_is_typed_before_it_is_saved(browser, survey, draft):
    before = rows(), seen(draft)
    context = browser.get(url(survey, "question", key="once")).context
    typed = {**written(browser, survey, "once"), "de:ask": "Noch nicht gespeichert?", "sketch": "1"}
    answer = browser.post(context["sketch_path"], {**typed, "preview_score": "2", "preview_address": "du"})
    assert (answer.status_code, answer["X-Frame-Options"]) == (200, "SAMEORIGIN")
    assert "Noch nicht gespeichert?" in text_of(answer)
    assert "Ist dein Anliegen gelöst?" in text_of(answer)
    half = browser.post(context["sketch_path"], {**typed, "de:ask": "", "key": "zwei Wörter"})
    assert half.status_code == 200  # an unfinished form is shown, too
    assert (rows(), seen(draft)) == before


def test_the_frame_shows_a_question_to_the_customer_it_is_for(browser, survey, draft):
    save(browser, survey, draft, "once", **{
        "answer-solved": ["no"], "group": ["detractor"], "channel": ["chat"], "segment": "Gewerbe", "begin_page": "1",
    })  # fmt: skip
    page = text_of(browser.get(browser.get(url(survey, "question", key="once")).context["frame"]))
    assert "Hat dafür ein einziger Kontakt mit uns genügt?" in page


def test_markup_in_a_text_is_text(browser, survey, draft):
    save(browser, survey, draft, "once", **{"de:ask": "<script>alert(1)</script>"})
    for address in (url(survey, "draft"), url(survey, "question", key="once"), frame_of(browser, survey, page=2)):
        assert "<script>alert(1)" not in text_of(browser.get(address))


# --- Lists and cost ---


def test_the_lists_take_as_many_queries_for_three_as_for_one(browser, acme):
    factories.make_survey(acme)
    counts = []
    for kind in (None, "nps", "ces"):
        if kind:
            authoring.begin(factories.make_survey(acme, kind))
        for name in ("survey", "surveyversion"):
            with CaptureQueriesContext(connection) as asked:
                browser.get(reverse(f"admin:surveys_{name}_changelist"))
            counts.append((name, len(asked)))
    assert len(set(counts)) == 2


def test_a_draft_of_many_questions_takes_as_many_queries_as_one_of_few(browser, survey, draft):
    browser.get(url(survey, "draft"))
    with CaptureQueriesContext(connection) as few:
        browser.get(url(survey, "draft"))
    for _ in range(4):
        press(browser, survey, draft, "add", kind="yes_no")
    with CaptureQueriesContext(connection) as many:
        browser.get(url(survey, "draft"))
    assert len(many) == len(few)
