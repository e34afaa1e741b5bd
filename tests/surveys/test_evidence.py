"""Machines are flagged, kept, counted, and change nothing; people are not flagged, however they use the page."""

import datetime as dt
import re
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from surveys import evidence, flagged, responses, sittings
from surveys.delivery import links, survey_mail
from surveys.evidence import Mark
from surveys.models import Answer, FlaggedSheet, Invitation, OpenLink, Question, Response, SurveyVersion, Visit
from surveys.pages import doors
from tests import factories
from tests.conftest import NOW, needs, together

SECOND = dt.timedelta(seconds=1)
SENT_AT = NOW - dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser():
    return Browser()


@pytest.fixture
def invitation(acme):
    asked = factories.make_invitation(acme, "nps")
    factories.make_message(asked, handed_over_at=SENT_AT)
    return asked


def path_of(invitation, page=""):
    return urlsplit(survey_mail.answer_link(invitation)).path + page


def by_script(seconds=30.0, **fields):
    """A form that a page's script was there for, and nobody touched."""
    made = evidence.made(NOW - seconds * SECOND)
    return {"made": made, "script": "1", "touched": "", "score": "0", **fields}


def without_script(seconds=30.0, **fields):
    return by_script(seconds, **{"script": "", **fields})


def marks():
    return [tuple(sheet.evidence) for sheet in FlaggedSheet.objects.order_by("pk")]


def judged(invitation, post, at=NOW):
    return evidence.judge(post, sittings.sitting_of(Invitation.objects.get(pk=invitation.pk)), at)


# --- The marks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, ()),
        ({"website": "https://x.example"}, (Mark.DECOY,)),
        ({"script": "1"}, (Mark.UNTOUCHED,)),
        ({"script": "1", "touched": "1"}, ()),
        ({"script": "1", "touched": "0"}, (Mark.UNTOUCHED,)),
        ({"script": "1", "touched": "true"}, (Mark.UNTOUCHED,)),
        ({"touched": "1"}, ()),  # without script nothing is known
        ({"script": "1", "touched": "1", "website": "x"}, (Mark.DECOY,)),
        ({"made": ""}, ()),
        ({"made": "", "script": "1", "touched": "1"}, ()),
        ({"made": "1794301200000"}, (Mark.FORGED,)),
        ({"made": "1794301200000~forged"}, (Mark.FORGED,)),
        ({"made": "é" * 43}, (Mark.FORGED,)),
        ({"made": "x" * 1_000_000}, (Mark.FORGED,)),
        ({"made": links.make(links.ANSWER, "1794301200000")}, (Mark.FORGED,)),  # signed for another purpose
        ({"made": links.make(evidence.PAGE, "soon")}, (Mark.FORGED,)),
    ],
)
def test_what_a_post_itself_says(invitation, fields, found):
    assert judged(invitation, without_script(**fields)) == found


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (-5.1, (Mark.FORGED,)),
        (-0.2, (Mark.AT_ONCE,)),  # made by a machine of ours whose clock is ahead
        (0, (Mark.AT_ONCE,)),
        (0.999, (Mark.AT_ONCE,)),
        (1, ()),
        (2.999, ()),  # quick, and nothing else
        (3, ()),
        (3 * 3600 + 5, ()),  # as old as its link
        (3 * 3600 + 5.1, (Mark.FORGED,)),
    ],
)
def test_how_old_a_page_is(invitation, age, found):
    assert judged(invitation, without_script(age)) == found


def test_without_a_stamp_it_takes_one_more_mark(invitation):
    invitation.messages.update(handed_over_at=NOW - dt.timedelta(seconds=9))
    assert judged(invitation, {"score": "4"}) == (Mark.NO_PAGE, Mark.SOON_AFTER_SENDING)


def test_a_touch_outweighs_the_clock(invitation):
    assert judged(invitation, by_script(0, touched="1")) == ()


@pytest.mark.parametrize(
    ("age", "sent_ago", "head_ago", "clicked_ago", "found"),
    [
        # One weak mark alone flags nothing.
        (2, None, None, (), ()),
        (5, 9, None, (), ()),
        (30, None, 31, (), ()),
        (30, None, None, (40, 39, 38), ()),
        # Two do; and not where one of them lies outside its time.
        (2, 9, None, (), (Mark.QUICK, Mark.SOON_AFTER_SENDING)),
        (2, 10, None, (), ()),
        (2, None, 61, (), (Mark.QUICK, Mark.HEAD_FIRST)),
        (2, None, 62.1, (), ()),
        (30, None, 29, (40, 39, 38), ()),  # the head came after the page
        (30, None, 31, (40, 39, 38), (Mark.SIBLINGS, Mark.HEAD_FIRST)),
        (2, None, None, (12, 7, 2), (Mark.QUICK, Mark.SIBLINGS)),
        (2, None, None, (12.1, 7, 2), ()),
        (2, None, None, (12, 2), ()),  # two numbers: a slip of the finger
        (2, None, None, (100, 99, 98), ()),  # what a scanner did before is not this answer's fault
        (2, 9, 3, (4, 3, 2), (Mark.QUICK, Mark.SOON_AFTER_SENDING, Mark.SIBLINGS, Mark.HEAD_FIRST)),
    ],
)
def test_two_weak_marks_flag_and_one_does_not(acme, age, sent_ago, head_ago, clicked_ago, found):
    ago = lambda seconds: NOW - seconds * SECOND  # noqa: E731
    invitation = factories.make_invitation(acme, "nps")
    factories.make_message(invitation, handed_over_at=ago(3600 if sent_ago is None else sent_ago))
    if head_ago:
        evidence.note(invitation, Visit.Kind.HEAD, ago(head_ago))
    for score, seconds in enumerate(clicked_ago):
        sittings.note_opening(Invitation.objects.get(pk=invitation.pk), ago(seconds), score)
    assert judged(invitation, without_script(age)) == found


@given(st.sets(st.sampled_from(sorted(set(Mark) - evidence.DECIDE)), max_size=1))
def test_no_single_weak_mark_ever_flags(marks):
    assert not evidence.is_enough(marks)


@given(st.sets(st.sampled_from(list(Mark)), min_size=1))
def test_what_flags_is_one_that_decides_or_two(marks):
    assert evidence.is_enough(marks) == (bool(marks & evidence.DECIDE) or len(marks) > 1)


@pytest.mark.parametrize(
    ("seconds_ago", "found"), [(31, (Mark.DECOY,)), (10, (Mark.DECOY,)), (89.9, (Mark.DECOY,)), (90.1, ())]
)
def test_the_decoy_counts_against_what_follows_it_for_a_minute(invitation, seconds_ago, found):
    evidence.note(invitation, Visit.Kind.DECOY, NOW - seconds_ago * SECOND)
    assert judged(invitation, without_script(30)) == found
    assert judged(invitation, by_script(30, touched="1")) == ()


# How people answer: seconds since the page was made, what the page saw of them, and what came to the link before.
PEOPLE = [
    ("reads, chooses, writes, sends by pointer", 95, {"script": "1", "touched": "1"}, {}),
    ("clicked 9 in the mail, corrects it to 8, sends after two seconds", 2, {"script": "1", "touched": "1"}, {9: 2.2}),
    ("the same without script", 2, {}, {9: 2.2}),
    ("clicked 9 in the mail and only presses send", 1.2, {"script": "1", "touched": "1"}, {9: 1.4}),
    ("the same without script", 1.2, {}, {9: 1.4}),
    ("keyboard only: tab, arrows, enter", 8, {"script": "1", "touched": "1"}, {}),
    ("screen reader: click events without pointer, keys", 40, {"script": "1", "touched": "1"}, {}),
    ("voice control: a change that the browser vouches for", 12, {"script": "1", "touched": "1"}, {}),
    ("switch control, very slowly", 1500, {"script": "1", "touched": "1"}, {}),
    ("touch screen, preselected, thumb over the button", 0.9, {"script": "1", "touched": "1"}, {10: 1.1}),
    ("no script, reads first", 20, {}, {}),
    ("no script, answers a text message at once", 4, {"sent": 9}, {}),
    ("text message on an open phone, fast", 2.5, {"script": "1", "touched": "1", "sent": 8}, {}),
    ("slipped: opened 8 and 9", 3.5, {}, {8: 5, 9: 3.7}),
    ("tries three numbers, then sends with script", 2, {"script": "1", "touched": "1"}, {7: 9, 8: 6, 9: 2.2}),
    ("mail program asks for the head first", 6, {"head": 6.5}, {9: 6.2}),
    ("mail program asks for the head first, quick, with script", 2, {"head": 2.5, "script": "1", "touched": "1"}, {}),
    ("security software follows the decoy at the click", 4, {"script": "1", "touched": "1", "decoy": 4.5}, {9: 4.2}),
    ("a scanner opened all numbers an hour ago; no script, quick", 2, {}, {n: 3600 + n for n in range(11)}),
    ("page left open over night", 10_000, {"script": "1", "touched": "1"}, {}),
    ("sent again after a lost connection", 300, {}, {9: 301}),
]


@pytest.mark.parametrize(("age", "seen", "clicks"), [row[1:] for row in PEOPLE], ids=[row[0] for row in PEOPLE])
def test_people_are_not_flagged(acme, age, seen, clicks):
    ago = lambda seconds: NOW - seconds * SECOND  # noqa: E731
    invitation = factories.make_invitation(acme, "nps")
    factories.make_message(invitation, handed_over_at=ago(seen.get("sent", 3600)))
    for kind in ("head", "decoy"):
        if kind in seen:
            evidence.note(invitation, kind, ago(seen[kind]))
    for score, seconds in sorted(clicks.items(), key=lambda click: -click[1]):
        sittings.note_opening(Invitation.objects.get(pk=invitation.pk), ago(seconds), score)
    fields = {name: seen[name] for name in ("script", "touched") if name in seen}
    assert judged(invitation, {"made": evidence.made(ago(age)), **fields}) == ()


# --- What is left behind --------------------------------------------------------------------------------------------


def test_each_kind_of_visit_is_noted_once_with_its_first_moment(browser, invitation):
    for minutes in (0, 1):
        with time_machine.travel(NOW + dt.timedelta(minutes=minutes), tick=False):
            browser.head(path_of(invitation))
            for score in (9, 3, 3, 5):
                browser.get(path_of(invitation, f"?score={score}"))
            browser.get(path_of(invitation, "more/"))
            browser.head(path_of(invitation, "more/"))
    rows = Visit.objects.order_by("kind", "score").values_list("kind", "score", "at")
    assert list(rows) == [("click", 3, NOW), ("click", 5, NOW), ("decoy", 0, NOW), ("head", 0, NOW)]
    invitation.refresh_from_db()
    assert (invitation.clicked_score, invitation.clicked_at) == (9, NOW)


def test_two_numbers_opened_at_the_same_moment_are_both_known(invitation):
    stale = Invitation.objects.get(pk=invitation.pk)
    sittings.note_opening(Invitation.objects.get(pk=invitation.pk), NOW, 9)
    sittings.note_opening(stale, NOW, 3)  # read before the other one wrote
    invitation.refresh_from_db()
    assert (invitation.clicked_score, Visit.objects.get().score) == (9, 3)


def test_the_decoy_looks_like_the_page_and_opens_nothing(browser, invitation):
    page, decoy = browser.get(path_of(invitation)), browser.get(path_of(invitation, "more/"))
    assert decoy.status_code == 200
    strip = lambda answer: answer.content.decode().replace("more/", "")  # noqa: E731
    assert strip(decoy) == strip(page)
    fresh = factories.make_invitation(invitation.client, "nps")
    browser.get(path_of(fresh, "more/"))
    assert Invitation.objects.get(pk=fresh.pk).opened_at is None


def test_the_decoy_is_in_page_and_mail_and_no_person_sees_it(browser, invitation):
    page = browser.get(path_of(invitation)).content.decode()
    hidden = page[page.index("<div hidden>") : page.index("</div>", page.index("<div hidden>"))]
    assert f'href="{path_of(invitation, "more/")}"' in hidden
    mail = survey_mail.render(invitation)
    anchor = next(part for part in mail.html.split("<a ") if "/more/" in part)
    assert 'aria-hidden="true"' in anchor and 'tabindex="-1"' in anchor and "display:none" in anchor.replace(" ", "")
    assert anchor.split(">", 1)[1].startswith("</a>")  # no words, for nobody's ears
    assert "/more/" not in mail.text
    reminder = survey_mail.render(invitation, is_reminder=True)
    assert "/more/" in reminder.html


# --- What happens to a machine's answer -----------------------------------------------------------------------------


def test_a_machine_learns_nothing(browser, acme):
    asked = [factories.make_invitation(acme, "nps") for _ in range(2)]
    person = browser.post(path_of(asked[0]), {"score": "0"})
    machine = browser.post(path_of(asked[1]), by_script())
    assert (machine.status_code, machine.content) == (person.status_code, person.content)
    assert machine["Location"] == path_of(asked[1], "thanks/")
    assert person["Location"] == path_of(asked[0], "thanks/")
    assert [browser.get(answer["Location"]).status_code for answer in (person, machine)] == [200, 200]
    assert [response.invitation for response in Response.objects.all()] == [asked[0]]
    assert [sheet.invitation for sheet in FlaggedSheet.objects.all()] == [asked[1]]


def test_the_thanks_for_a_machine_repeat_nothing(browser, invitation):
    said = browser.post(path_of(invitation), by_script(comment="Ganz schlimm"), follow=True).content.decode()
    assert "Danke für Ihre Antwort." in said
    assert "Ganz schlimm" not in said and "von 10" not in said
    fresh = factories.make_invitation(invitation.client, "nps")
    assert browser.get(path_of(fresh, "thanks/")).status_code == 302  # nobody is thanked before


def test_a_flagged_answer_is_kept_without_personal_data(browser, invitation):
    factories.make_agent(invitation.client, "Lena Ritter")
    said = "Lena Ritter war toll, schreibt mir: kim@example.org"
    browser.post(path_of(invitation, "?score=4"), by_script(comment=said, score="4"))
    kept = FlaggedSheet.objects.get()
    assert (kept.score, kept.kind, kept.language, kept.submitted_at) == (4, "nps", "de", NOW)
    assert kept.evidence == ["untouched"]
    comment = kept.sheet["said"]["comment"]
    assert "Ritter" not in comment and "kim@" not in comment and "war toll" in comment
    assert flagged.sheet_of(kept) == responses.Sheet(
        {"score": 4, "comment": comment}, wants_call=False, is_preselected=True, language="de"
    )


def test_the_same_machine_twice_is_one_row(browser, invitation):
    for _ in range(3):
        browser.post(path_of(invitation), by_script(score="0"))
    assert marks() == [("untouched",)]
    browser.post(path_of(invitation), by_script(score="10"))
    assert [sheet.score for sheet in FlaggedSheet.objects.order_by("pk")] == [0, 10]


def test_a_machine_that_never_tires_is_kept_twenty_times(browser, invitation):
    for number in range(25):
        with time_machine.travel(NOW + dt.timedelta(minutes=number), tick=False):
            browser.post(path_of(invitation), by_script(comment=f"No. {number}"))
    assert FlaggedSheet.objects.count() == 20


def test_a_person_after_a_machine_is_counted(browser, invitation):
    browser.post(path_of(invitation), by_script(score="0"))
    assert "checked" not in browser.get(path_of(invitation)).content.decode()
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    [response] = Response.objects.all()
    assert (response.score, response.first, FlaggedSheet.objects.count()) == (9, None, 1)


def test_a_machine_after_a_person_changes_nothing(browser, invitation):
    browser.post(path_of(invitation), {"score": "9", "comment": "Sehr nett."})
    before = list(Response.objects.values()), list(Answer.objects.values())
    said = browser.post(path_of(invitation), by_script(score="0", comment="Nein"), follow=True).content.decode()
    assert (list(Response.objects.values()), list(Answer.objects.values())) == before
    assert marks() == [("untouched",)]
    assert "Sehr nett." in said  # what anybody with this link reads


def test_a_form_that_is_put_right_is_as_old_as_the_one_that_was_wrong(browser, invitation):
    typed = without_script(30, score="")
    wrong = browser.post(path_of(invitation), typed)
    assert wrong.status_code == 400
    assert f'name="made" value="{typed["made"]}"' in wrong.content.decode()


# --- At the same moment ---------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(transactional_db):
    """An invitation whose page several open at once."""
    needs("the database is not PostgreSQL", connection.vendor == "postgresql")
    return factories.make_invitation(factories.make_client(), "nps")


def post(invitation, typed):
    return lambda: Browser().post(path_of(invitation), typed).status_code


def test_a_machine_that_sends_the_same_five_times_at_once_is_one_row(at_once):
    assert together([post(at_once, by_script())] * 5) == [302] * 5
    assert (FlaggedSheet.objects.count(), Response.objects.count()) == (1, 0)


def test_a_person_and_a_machine_at_once_are_each_taken_for_what_they_are(at_once):
    together([post(at_once, by_script(score="0")), post(at_once, {"score": "9"})] * 2)
    assert [response.score for response in Response.objects.all()] == [9]
    assert [sheet.score for sheet in FlaggedSheet.objects.all()] == [0]


def test_a_person_who_answers_while_a_flagged_answer_is_let_count_has_the_last_word(at_once):
    login, kept = factories.make_login(), factories.make_flagged(at_once, 0)

    def restore():
        try:
            return flagged.restore(kept, login, NOW)
        except flagged.CannotCount:
            return None

    together([restore, post(at_once, {"score": "9"})])
    assert [response.score for response in Response.objects.all()] == [9]


# --- Several pages --------------------------------------------------------------------------------------------------


@pytest.fixture
def in_two_pages(acme):
    """An invitation to a survey whose open question stands on a page of its own."""
    asked = factories.make_invitation(acme, "nps")
    survey = asked.version.survey
    version = SurveyVersion.objects.create(survey=survey, number=survey.versions.count() + 1)
    for question in asked.version.questions.all():
        question.pk, question.version, question.starts_page = None, version, question.key == "comment"
        question.save()
    version.published_at = NOW
    version.save()
    asked.version = version
    asked.save()
    assert Question.objects.filter(version=version, starts_page=True).count() == 1
    return asked


def test_a_machine_is_led_through_every_page_and_is_one_row(browser, in_two_pages):
    first = browser.post(path_of(in_two_pages), by_script(score="2"))
    assert first["Location"] == path_of(in_two_pages, "?page=2")
    assert 'name="comment"' in browser.get(first["Location"]).content.decode()
    second = browser.post(first["Location"], by_script(comment="Bla"))
    assert second["Location"] == path_of(in_two_pages, "thanks/")
    [kept] = FlaggedSheet.objects.all()
    assert (kept.sheet["said"], kept.sheet["is_last"]) == ({"score": 2, "comment": "Bla"}, True)
    assert Response.objects.count() == 0


def test_a_second_page_sent_by_the_second_tap_of_a_double_one_counts(browser, in_two_pages):
    browser.post(path_of(in_two_pages), {"score": "2"})
    browser.post(path_of(in_two_pages, "?page=2"), without_script(0, comment="Lange gewartet"))
    [response] = Response.objects.all()
    assert (response.completed_at, FlaggedSheet.objects.count()) == (NOW, 0)


def test_a_machine_cannot_complete_what_a_person_began(browser, in_two_pages):
    browser.post(path_of(in_two_pages), {"score": "2"})
    browser.post(path_of(in_two_pages, "?page=2"), by_script(comment="Bla"))
    [response] = Response.objects.all()
    assert (response.completed_at, response.answers.count()) == (None, 0)


# --- Other doors ----------------------------------------------------------------------------------------------------


def test_a_machine_at_an_open_link_is_kept_by_its_sheet_and_thanked_like_anybody(browser, acme):
    link = OpenLink.objects.create(client=acme, survey=factories.make_survey(acme), name="Theke")
    path, numbers = doors.path_of(link), []
    for _ in range(2):
        numbers.append(re.search(r'name="sheet" value="([^"]+)"', browser.get(path).content.decode())[1])
    for number in (*numbers, numbers[0]):
        sent = browser.post(path, by_script(score="1", sheet=number))
        assert browser.get(sent["Location"]).status_code == 200
    assert [(kept.open_link, kept.evidence) for kept in FlaggedSheet.objects.all()] == [(link, ["untouched"])] * 2
    assert Response.objects.count() == 0


# --- Cost -----------------------------------------------------------------------------------------------------------


def test_what_looking_costs(browser, invitation, django_assert_num_queries):
    factories.make_agent(invitation.client)
    browser.get(path_of(invitation))  # the questions are known from here on
    with django_assert_num_queries(2):
        browser.head(path_of(invitation))
    with django_assert_num_queries(2):
        browser.get(path_of(invitation, "?score=9"))
    with django_assert_num_queries(2):
        browser.get(path_of(invitation, "?score=8"))
    with django_assert_num_queries(2):
        browser.get(path_of(invitation, "more/"))
    with django_assert_num_queries(1):
        browser.get(path_of(invitation))


def test_a_post_with_a_comment_costs_five_queries_at_most_and_one_more_where_nobody_was_seen(browser, acme):
    factories.make_agent(acme)
    browser.post(
        path_of(factories.make_invitation(acme, "nps")), {"score": "3"}
    )  # the questions are known from here on
    comment = {"score": "3", "comment": "Zu lange gewartet."}
    costs = []
    for typed in (by_script(touched="1", **comment), without_script(**comment), by_script(**comment)):
        path = path_of(factories.make_invitation(acme, "nps"))
        with CaptureQueriesContext(connection) as context:
            browser.post(path, typed)
        said = [query["sql"].split()[0] for query in context.captured_queries]
        costs.append(len([verb for verb in said if verb not in ("SAVEPOINT", "RELEASE")]))
    # The sitting and the agents' names, (who came by); the lock, the answer and its texts: on PostgreSQL twice one.
    # Kept apart: what is kept, too.
    least = 2 if connection.vendor == "postgresql" else 5
    assert costs == [least, least + 1, 5 if connection.vendor == "postgresql" else 6]
    assert (Response.objects.count(), FlaggedSheet.objects.count()) == (3, 1)


def test_a_touch_saves_the_look_at_the_link(invitation, django_assert_num_queries):
    sitting = sittings.sitting_of(Invitation.objects.select_related("version__survey").get(pk=invitation.pk))
    with django_assert_num_queries(0):
        assert evidence.judge(by_script(touched="1"), sitting, NOW) == ()
    with django_assert_num_queries(1):
        assert evidence.judge(without_script(), sitting, NOW) == ()


# --- Letting one count ----------------------------------------------------------------------------------------------


def test_a_flagged_answer_that_is_let_count_counts_as_of_when_it_was_sent(browser, invitation):
    browser.post(path_of(invitation), by_script(score="9", comment="Sehr nett."))
    lead, later = factories.make_login(), NOW + dt.timedelta(days=20)  # the link has expired by then
    response = flagged.restore(FlaggedSheet.objects.get(), lead, later)
    assert (response.score, response.submitted_at, response.completed_at) == (9, NOW, NOW)
    assert [answer.text for answer in response.answers.all()] == ["Sehr nett."]
    kept = FlaggedSheet.objects.get()
    assert (kept.restored_at, kept.restored_by, kept.evidence) == (later, lead, ["untouched"])


def test_no_flagged_answer_comes_before_a_persons_own(browser, invitation):
    browser.post(path_of(invitation), by_script(score="0"))
    browser.post(path_of(invitation), {"score": "9"})
    with pytest.raises(flagged.CannotCount):
        flagged.restore(FlaggedSheet.objects.get(), factories.make_login(), NOW)
    assert (Response.objects.get().score, FlaggedSheet.objects.get().restored_at) == (9, None)


def test_of_two_flagged_answers_only_one_can_count(browser, invitation):
    for score in ("0", "10"):
        browser.post(path_of(invitation), by_script(score=score))
    first, second = FlaggedSheet.objects.order_by("pk")
    login = factories.make_login()
    flagged.restore(first, login, NOW)
    for again in (first, second):
        with pytest.raises(flagged.CannotCount):
            flagged.restore(again, login, NOW)
    assert Response.objects.get().score == 0


def test_a_withdrawn_invitation_lets_nothing_count(browser, invitation):
    browser.post(path_of(invitation), by_script())
    Invitation.objects.filter(pk=invitation.pk).update(withdrawn_at=NOW)
    with pytest.raises(flagged.CannotCount):
        flagged.restore(FlaggedSheet.objects.get(), factories.make_login(), NOW)
    assert (Response.objects.count(), FlaggedSheet.objects.get().restored_at) == (0, None)
