"""Which pages and questions there are for whom, by what was said and what is known of the contact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import questionnaire
from surveys.models import Question, SurveyVersion
from surveys.questionnaire import Situation, pages, shown, steps
from tests import factories

PHONE = Situation("de", "phone", "Gold")


def question(key, kind="text", conditions=(), starts_page=False, options=()):
    return Question(key=key, kind=kind, conditions=list(conditions), starts_page=starts_page, options=list(options))


def only(of, *values, key=""):
    return {"of": of, "key": key, "values": list(values)}


SCORE = question("score", "nps")


def keys(questions):
    return [one.key for one in questions]


def test_a_new_page_begins_where_a_question_says_so_and_the_first_always_does():
    asked = [question("score", "nps", starts_page=True), question("why"), question("what", starts_page=True)]
    assert [keys(page) for page in pages(asked)] == [["score", "why"], ["what"]]
    assert pages([]) == []


@pytest.mark.parametrize(
    ("condition", "situation", "said", "is_shown"),
    [
        (only("group", "detractor"), PHONE, {"score": 6}, True),
        (only("group", "detractor"), PHONE, {"score": 7}, False),
        (only("group", "passive", "promoter"), PHONE, {"score": 7}, True),
        (only("group", "detractor"), PHONE, {}, False),
        (only("channel", "phone"), PHONE, {}, True),
        (only("channel", "email", "chat"), PHONE, {}, False),
        (only("channel", "phone"), Situation("de"), {}, False),  # behind an open link nothing is known
        (only("language", "de", "tr"), PHONE, {}, True),
        (only("language", "en"), PHONE, {}, False),
        (only("segment", "Gold"), PHONE, {}, True),
        (only("segment", "gold"), PHONE, {}, False),
        (only("answer", "no", "partly", key="solved"), PHONE, {"solved": "no"}, True),
        (only("answer", "no", "partly", key="solved"), PHONE, {"solved": "yes"}, False),
        (only("answer", "no", key="solved"), PHONE, {}, False),
        (only("answer", "price", key="reasons"), PHONE, {"reasons": ("time", "price")}, True),
        (only("answer", "price", key="reasons"), PHONE, {"reasons": ()}, False),
        (only("answer", "1", "2", key="effort"), PHONE, {"effort": 1}, True),
        (only("answer", "1", "2", key="effort"), PHONE, {"effort": 3}, False),
    ],
)
def test_a_question_is_shown_where_its_condition_holds(condition, situation, said, is_shown):
    before = [SCORE, question("solved", "solved"), question("reasons", "multiple"), question("effort", "ces")]
    asked = [*before, question("more", conditions=[condition])]
    assert ("more" in keys(shown(asked, "nps", situation, said))) is is_shown


def test_all_conditions_of_a_question_must_hold():
    both = question("more", conditions=[only("group", "detractor"), only("channel", "phone")])
    assert keys(shown([SCORE, both], "nps", PHONE, {"score": 0})) == ["score", "more"]
    assert keys(shown([SCORE, both], "nps", Situation("de", "email"), {"score": 0})) == ["score"]


def test_an_answer_to_a_question_that_is_not_shown_opens_no_other():
    solved = question("solved", "solved", conditions=[only("group", "detractor")])
    why = question("why", conditions=[only("answer", "no", key="solved")])
    left_over = {"score": 9, "solved": "no"}  # said before the score was changed
    assert keys(shown([SCORE, solved, why], "nps", PHONE, left_over)) == ["score"]


def test_a_condition_looks_back_and_never_ahead():
    early = question("early", conditions=[only("answer", "no", key="solved")])
    assert keys(shown([SCORE, early, question("solved", "solved")], "nps", PHONE, {"solved": "no"})) == [
        "score",
        "solved",
    ]


def test_pages_without_a_question_for_this_customer_are_left_out():
    asked = [SCORE, question("sorry", starts_page=True, conditions=[only("group", "detractor")])]
    assert [keys(page) for page in steps(asked, "nps", PHONE, {"score": 9})] == [["score"]]
    assert [keys(page) for page in steps(asked, "nps", PHONE, {"score": 3})] == [["score"], ["sorry"]]


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 10))
def test_pages_keep_every_question_once_and_in_order(breaks, score):
    asked = [question(f"q{place}", starts_page=starts) for place, starts in enumerate(breaks)]
    assert [one.key for page in pages(asked) for one in page] == keys(asked)
    assert [one.key for page in steps(asked, "nps", PHONE, {"score": score}) for one in page] == keys(asked)


@pytest.mark.django_db
def test_what_is_published_is_read_once_and_a_draft_is_never_kept(acme, django_assert_num_queries):
    survey = factories.make_survey(acme)
    number = survey.current.pk
    with django_assert_num_queries(1):
        version = questionnaire.version_of(number)
        kept = questionnaire.questions_of(version)
        assert (version.survey, questionnaire.questions_of(version)) == (survey, kept)
    draft = SurveyVersion.objects.create(survey=survey, number=2)
    Question.objects.create(version=draft, key="score", kind="csat", position=0, wording={})
    for _again in range(2):
        with pytest.raises(ValueError, match="is a draft"):
            questionnaire.version_of(draft.pk)
