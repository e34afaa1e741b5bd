"""How long a sheet is said to be: never shorter than it turns out."""

import pytest
from django.utils import translation

from surveys.models import Question
from surveys.pages.length import Length, length_of
from surveys.questionnaire import Situation

UNHAPPY = {"of": "group", "values": ["detractor"]}
HAPPY = {"of": "group", "values": ["promoter"]}


def question(key, kind, *conditions, starts_page=False):
    return Question(key=key, kind=kind, conditions=list(conditions), starts_page=starts_page)


SCORE, REASON = question("score", "nps"), question("comment", "text")


def length(*questions, said=None, place=0, channel=""):
    return length_of(questions, "nps", Situation("de", channel), said or {}, place)


def test_a_score_and_its_reason_are_two_questions_and_a_minute():
    assert length(SCORE, REASON) == Length(step=1, steps=1, fewest=2, most=2, minutes=1)


def test_what_only_one_group_is_asked_counts_until_the_score_is_known():
    why = question("why", "text", UNHAPPY, starts_page=True)
    assert length(SCORE, REASON, why) == Length(1, 2, fewest=2, most=3, minutes=2)
    assert length(SCORE, REASON, why, said={"score": 3}, place=1) == Length(2, 2, fewest=3, most=3, minutes=2)
    assert length(SCORE, REASON, why, said={"score": 9}).steps == 1


def test_pages_that_shut_each_other_out_count_once():
    why = question("why", "text", UNHAPPY, starts_page=True)
    what = question("what", "single", HAPPY, starts_page=True)
    assert length(SCORE, why, what) == Length(1, 2, fewest=1, most=2, minutes=1)
    assert length(SCORE, why, what, said={"score": 9}, place=2) == Length(2, 2, fewest=2, most=2, minutes=1)


def test_what_another_answer_decides_may_come_until_it_was_passed_over():
    solved = question("solved", "solved", starts_page=True)
    after = question("after", "text", {"of": "answer", "key": "solved", "values": ["no"]}, starts_page=True)
    last = question("last", "yes_no", starts_page=True)
    way = (SCORE, solved, after, last)
    assert length(*way) == Length(1, 4, fewest=3, most=4, minutes=1)
    assert length(*way, said={"score": 3, "solved": "no"}, place=2) == Length(3, 4, fewest=4, most=4, minutes=1)
    assert length(*way, said={"score": 3}, place=3) == Length(3, 3, fewest=3, most=3, minutes=1)


def test_what_the_contact_decides_is_known_at_once():
    by_chat = question("chat", "text", {"of": "channel", "values": ["chat"]}, starts_page=True)
    assert length(SCORE, by_chat, channel="chat") == Length(1, 2, fewest=2, most=2, minutes=1)
    assert length(SCORE, by_chat, channel="phone") == Length(1, 1, fewest=1, most=1, minutes=1)


@pytest.mark.parametrize(
    ("fewest", "most", "minutes", "german", "english"),
    [
        (1, 1, 1, "Eine Frage, etwa eine Minute.", "One question, about a minute."),
        (2, 2, 1, "Zwei Fragen, etwa eine Minute.", "Two questions, about a minute."),
        (3, 3, 2, "3 Fragen, etwa 2 Minuten.", "3 questions, about 2 minutes."),
        (1, 2, 1, "Höchstens 2 Fragen, etwa eine Minute.", "Up to 2 questions, about a minute."),
    ],
)
def test_the_sentence_is_right_for_one_and_for_many(fewest, most, minutes, german, english):
    told = Length(1, 1, fewest, most, minutes)
    for language, sentence in (("de", german), ("en", english)):
        with translation.override(language):
            assert told.lead.startswith(sentence)
