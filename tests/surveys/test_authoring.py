"""How a survey is written: its draft, page by page, and what is published never changes again."""

import pytest
from django.core.exceptions import ValidationError

from surveys import authoring, questionnaire, wording
from surveys.authoring import NeedsPage, Refused, Stale, Start, Wish, stamp
from surveys.models import Published, Question, Survey, SurveyVersion
from surveys.wording import STANDARDS

AFTER_NO = [{"of": "answer", "key": "solved", "values": ["no"]}]


def seen(draft, key=None):
    return stamp([question_of(draft, key)] if key else draft.questions.all())


def question_of(draft, key):
    return Question.objects.get(version=draft, key=key)


def layout(draft):
    """The keys, page by page."""
    return [[question.key for question in page] for page in questionnaire.pages(Question.objects.filter(version=draft))]


def wish(draft, key, /, **other):
    """What a question is, but for what is named."""
    question = question_of(draft, key)
    fields = {name: getattr(question, name) for name in ("key", "wording", "options", "conditions", "is_required")}
    return Wish(**{**fields, **other})


# --- Beginning ---


def test_a_draft_of_the_current_version_has_its_questions_and_the_next_number(survey):
    draft = authoring.begin(survey)
    assert (draft.number, draft.published_at, survey.draft) == (2, None, draft)
    assert stamp(draft.questions.all()) == stamp(survey.current.questions.all())


def test_a_draft_takes_along_the_languages_that_a_standard_has_today(survey):
    Question.objects.filter(version=survey.current, key="score").update(wording={"de": {"ask": "Früher anders?"}})
    assert question_of(authoring.begin(survey), "score").wording == STANDARDS["csat"]
    assert question_of(survey.current, "score").wording == {"de": {"ask": "Früher anders?"}}


def test_there_is_one_draft_at_a_time(survey, draft):
    with pytest.raises(Refused, match="There is a draft already"):
        authoring.begin(survey)


def test_a_template_of_another_score_is_refused(survey):
    with pytest.raises(Refused, match="another score"):
        authoring.begin(survey, Start.RELATIONAL)
    assert survey.draft is None


def test_without_anything_published_there_is_nothing_to_go_on_from(acme):
    with pytest.raises(Refused, match="Start from a template"):
        authoring.begin(Survey.objects.create(client=acme, name="Neu", kind="nps"))


# --- Order and pages ---


def test_moving_goes_one_place_and_across_the_edge_of_a_page(draft):
    assert layout(draft) == [["score", "comment"], ["solved", "once"]]
    authoring.move(draft, seen(draft), "once", is_up=True)
    assert layout(draft) == [["score", "comment"], ["once", "solved"]]
    authoring.move(draft, seen(draft), "once", is_up=True)
    assert layout(draft) == [["score", "comment", "once"], ["solved"]]
    authoring.move(draft, seen(draft), "once", is_up=False)
    assert layout(draft) == [["score", "comment"], ["once", "solved"]]
    authoring.move(draft, seen(draft), "solved", is_up=False)  # the last stays the last
    assert layout(draft) == [["score", "comment"], ["once", "solved"]]


def test_a_page_that_loses_its_last_question_is_gone(draft):
    authoring.remove(draft, seen(draft), "once")
    authoring.move(draft, seen(draft), "solved", is_up=True)
    assert layout(draft) == [["score", "comment", "solved"]]


def test_a_page_begins_and_is_joined_at_any_question_but_the_first(draft):
    authoring.join_page(draft, seen(draft), "solved")
    assert layout(draft) == [["score", "comment", "solved", "once"]]
    authoring.begin_page(draft, seen(draft), "once")
    assert layout(draft) == [["score", "comment", "solved"], ["once"]]


def test_the_score_stays_first_required_and_there(draft):
    renamed = wish(draft, "score", key="other")
    for verb in (lambda: authoring.move(draft, seen(draft), "score", is_up=False),
                 lambda: authoring.move(draft, seen(draft), "comment", is_up=True),
                 lambda: authoring.remove(draft, seen(draft), "score"),
                 lambda: authoring.change(draft, seen(draft, "score"), "score", renamed)):  # fmt: skip
        with pytest.raises(Refused):
            verb()
    authoring.change(draft, seen(draft, "score"), "score", wish(draft, "score", is_required=False, conditions=AFTER_NO))
    score = question_of(draft, "score")
    assert (layout(draft)[0][0], score.is_required, score.conditions) == ("score", True, [])


# --- Conditions ---


def test_a_condition_on_an_answer_of_the_same_page_needs_a_page_and_gets_it_with_one_word(draft):
    conditioned = wish(draft, "once", conditions=AFTER_NO)
    with pytest.raises(NeedsPage):
        authoring.change(draft, seen(draft, "once"), "once", conditioned)
    assert question_of(draft, "once").conditions == []
    authoring.change(draft, seen(draft, "once"), "once", conditioned, begins_page=True)
    assert layout(draft) == [["score", "comment"], ["solved"], ["once"]]
    assert question_of(draft, "once").conditions == AFTER_NO


def test_nothing_is_moved_joined_or_removed_from_under_a_condition(draft):
    authoring.change(draft, seen(draft, "once"), "once", wish(draft, "once", conditions=AFTER_NO), begins_page=True)
    before = layout(draft)
    for verb in (authoring.join_page, lambda *args: authoring.move(*args, is_up=True)):
        with pytest.raises(Refused, match="belongs on a later page"):
            verb(draft, seen(draft), "once")
    with pytest.raises(Refused, match="Change that first"):
        authoring.remove(draft, seen(draft), "solved")
    assert layout(draft) == before


def test_a_new_name_goes_on_in_the_conditions_that_look_at_it(draft):
    authoring.change(draft, seen(draft, "once"), "once", wish(draft, "once", conditions=AFTER_NO), begins_page=True)
    authoring.change(draft, seen(draft, "solved"), "solved", wish(draft, "solved", key="done"))
    assert question_of(draft, "once").conditions == [{"of": "answer", "key": "done", "values": ["no"]}]


@pytest.mark.parametrize("taken", ["score", "comment", "phone", "wants_call", "page"])
def test_a_name_that_means_something_else_is_refused(draft, taken):
    with pytest.raises(Refused, match="is taken"):
        authoring.change(draft, seen(draft, "once"), "once", wish(draft, "once", key=taken))


# --- Questions ---


def test_a_new_question_stands_at_the_end_in_its_standard_wording_once(survey):
    draft = authoring.begin(survey)
    first, second = (authoring.add(draft, seen(draft), "solved") for _ in range(2))
    assert (first.key, first.standard, first.wording) == ("solved", "solved", STANDARDS["solved"])
    assert (second.key, second.standard, second.wording) == ("solved-2", "", {})
    assert layout(draft) == [["score", "comment", "solved", "solved-2"]]


def test_standard_texts_are_locked_until_they_are_the_own_ones(draft):
    own = {"de": {"ask": "Wie war’s?", "lowest": "mies", "highest": "prima"}}
    authoring.change(draft, seen(draft, "score"), "score", wish(draft, "score", wording=own))
    assert question_of(draft, "score").wording == STANDARDS["csat"]
    assert not authoring.is_own_instrument(question_of(draft, "score"))
    authoring.use_own_wording(draft, seen(draft), "score")
    authoring.change(draft, seen(draft, "score"), "score", wish(draft, "score", wording=own))
    assert question_of(draft, "score").wording == own
    assert authoring.is_own_instrument(question_of(draft, "score"))
    authoring.use_standard_wording(draft, seen(draft), "score")
    assert question_of(draft, "score").wording == STANDARDS["csat"]
    assert not authoring.is_own_instrument(question_of(draft, "score"))


def test_where_there_is_no_standard_none_can_be_used(draft):
    with pytest.raises(Refused, match="no standard wording"):
        authoring.use_standard_wording(draft, seen(draft), "once")


# --- Two editors ---


def test_who_saw_an_older_draft_changes_nothing(draft, now):
    stale = seen(draft)
    authoring.remove(draft, stale, "once")
    after = seen(draft)
    for verb in (lambda: authoring.remove(draft, stale, "solved"), lambda: authoring.add(draft, stale, "text"),
                 lambda: authoring.move(draft, stale, "solved", is_up=True), lambda: authoring.discard(draft, stale),
                 lambda: authoring.use_own_wording(draft, stale, "score"),
                 lambda: authoring.publish(draft, stale, now)):  # fmt: skip
        with pytest.raises(Stale):
            verb()
    assert seen(draft) == after


def test_two_may_write_at_two_questions_but_not_at_one(draft):
    comment, once = seen(draft, "comment"), seen(draft, "once")
    authoring.change(draft, comment, "comment", wish(draft, "comment", is_required=True))
    authoring.change(draft, once, "once", wish(draft, "once", is_required=True))
    with pytest.raises(Stale, match="Somebody else has changed this question"):
        authoring.change(draft, once, "once", wish(draft, "once", is_required=False))
    assert question_of(draft, "once").is_required


def test_a_question_that_was_removed_meanwhile_is_not_written_again(draft):
    saw, wished = seen(draft, "once"), wish(draft, "once", is_required=True)
    authoring.remove(draft, seen(draft), "once")
    with pytest.raises(Stale, match="removed or renamed"):
        authoring.change(draft, saw, "once", wished)


def test_a_draft_that_was_published_meanwhile_is_not_changed(draft, now):
    saw = seen(draft)
    authoring.publish(draft, saw, now)
    with pytest.raises(Stale, match="published or discarded"):
        authoring.remove(draft, saw, "once")


# --- Publishing ---


def test_publishing_makes_the_draft_the_version_that_is_asked_and_leaves_the_old_one(survey, draft, now):
    old, before = survey.current, stamp(survey.current.questions.all())
    version = authoring.publish(draft, seen(draft), now)
    assert (survey.current, version.number, version.published_at) == (version, 2, now)
    assert stamp(old.questions.all()) == before


def test_a_draft_with_errors_is_not_published_and_each_is_told(survey, draft, now):
    authoring.add(draft, seen(draft), "single")
    with pytest.raises(Refused) as refused:
        authoring.publish(draft, seen(draft), now)
    assert [message.partition(":")[0] for message in refused.value.messages] == ["“single”", "“single”"]
    assert (survey.draft, survey.current.number) == (draft, 1)


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("comment", {"position": 0, "starts_page": False}),  # and the score on page 2
        ("score", {"is_required": False}),
        ("score", {"conditions": [{"of": "channel", "values": ["chat"]}]}),
        ("score", {"key": "mark"}),
        ("score", {"kind": "nps"}),
    ],
)
def test_a_sheet_that_could_begin_without_its_score_is_not_published(survey, draft, now, key, row):
    Question.objects.filter(version=draft, key="score").update(position=1, starts_page=True)
    Question.objects.filter(version=draft, key="comment").update(position=2)
    Question.objects.filter(version=draft, key=key).update(**row)
    for publish in (lambda: authoring.publish(draft, seen(draft), now), lambda: wording.publish(survey, now)):
        with pytest.raises(ValidationError, match="The first question has to ask everybody for the score"):
            publish()
    assert (survey.draft, survey.current.number) == (draft, 1)


def test_warnings_do_not_block(draft, now):
    texts = {"de": {"ask": "Wie gut war unser Service?", "options": {"yes": "Ja", "no": "Nein"}}}
    authoring.change(draft, seen(draft, "once"), "once", wish(draft, "once", wording=texts))
    assert [finding.rule for finding in authoring.findings(draft) if finding.key == "once"] != []
    assert authoring.publish(draft, seen(draft), now).number == 2


def test_nothing_new_is_not_published(survey, now):
    draft = authoring.begin(survey)
    with pytest.raises(Refused, match="break the series for nothing"):
        authoring.publish(draft, seen(draft), now)
    assert survey.current.number == 1


def test_a_discarded_draft_leaves_the_current_version_and_frees_its_number(survey, draft):
    authoring.discard(draft, seen(draft))
    assert (survey.draft, survey.current.number, authoring.begin(survey).number) == (None, 1, 2)


def test_what_is_published_is_neither_saved_nor_deleted_nor_are_its_questions(survey):
    version = survey.current
    question = version.questions.first()
    version.number = 9
    for forbidden in (version.save, version.delete, question.save, question.delete,
                      Question(version=version, position=9, key="x", kind="text", wording={}).save):  # fmt: skip
        with pytest.raises(Published):
            forbidden()
    assert SurveyVersion.objects.get().number == 1
    assert version.questions.count() == 2


def test_who_read_the_draft_before_it_was_published_cannot_change_it_after(survey, draft, now):
    read_before = draft.questions.get(key="once")
    wording.publish(survey, now)
    read_before.is_required = True
    with pytest.raises(ValidationError):
        read_before.save()
    assert not question_of(draft, "once").is_required


def test_the_languages_meant_are_the_clients_those_asked_before_and_those_of_own_texts(acme, survey):
    first = authoring.begin(Survey.objects.create(client=acme, name="Neu", kind="csat"), Start.POST_CONTACT)
    assert authoring.languages_meant(first) == ["de", "en"]
    draft = authoring.begin(survey)
    assert authoring.languages_meant(draft) == wording.languages_of(survey.current.questions.all())
