"""Reading answers: once per text, within one client, and a person's judgement stands for good."""

import datetime as dt

import pytest
from django.utils import timezone

from analytics import classification, rules, versions
from analytics.models import Reading, Theme, ThemeAssignment
from analytics.tasks import read_response
from analytics.themes import adopt_starter_taxonomy, in_use
from surveys.models import Answer, Response
from tests import factories

WAITED = "Ich habe ewig in der Warteschleife gewartet."
KIND = "Der Mitarbeiter war sehr freundlich."


def make_answer(client, text=WAITED):
    return factories.make_response(client, 3, text).answers.get()


def judged(answer):
    return {(found.theme.key, found.sentiment, found.source) for found in answer.assignments.select_related("theme")}


@pytest.fixture
def person(db):
    return factories.make_login("mira")


def test_a_comment_gets_its_theme_with_source_version_and_evidence(acme):
    answer = make_answer(acme)
    reading = classification.read(answer)
    found = answer.assignments.get()
    assert (reading.outcome, reading.source, found.theme.key, found.sentiment) == (
        "themes",
        "rules",
        "waiting_time",
        -1,
    )
    assert found.version == reading.version != ""
    assert answer.text[found.start : found.end].strip() != ""


@pytest.mark.parametrize(("text", "outcome"), [("---", "empty"), ("Der blaue Kasten steht links.", "unclassified")])
def test_what_says_nothing_and_what_is_unsure_get_no_theme(acme, text, outcome):
    answer = make_answer(acme, text)
    assert classification.read(answer).outcome == outcome
    assert judged(answer) == set()


def test_a_client_without_themes_starts_with_the_taxonomy_and_keeps_its_own(acme, globex):
    themes = adopt_starter_taxonomy(acme)
    assert len(themes) == Theme.objects.filter(client=acme).count() == 23
    Theme.objects.create(client=globex, key="own", name_en="Own", name_de="Eigenes", side="both")
    assert set(adopt_starter_taxonomy(globex)) == {"own"}


def test_a_retired_theme_is_not_assigned_any_more(acme):
    adopt_starter_taxonomy(acme)
    Theme.objects.filter(client=acme, key="waiting_time").update(is_retired=True)
    answer = make_answer(acme)
    classification.read(answer)
    assert "waiting_time" not in {key for key, *_rest in judged(answer)}


def test_reading_again_does_nothing(acme):
    answer = make_answer(acme)
    first = classification.read(answer)
    rows = list(ThemeAssignment.objects.values_list("pk"))
    assert classification.read(answer) == first
    assert list(ThemeAssignment.objects.values_list("pk")) == rows
    assert classification.read_missing() == 0


def test_an_answer_whose_text_changed_is_read_again(acme):
    answer = make_answer(acme)
    classification.read(answer)
    Answer.objects.filter(pk=answer.pk).update(text=KIND)
    answer = Answer.objects.get(pk=answer.pk)
    classification.read(answer)
    assert judged(answer) == {("friendliness", 1, "rules")}
    assert Reading.objects.count() == 1


def test_one_answer_that_cannot_be_read_holds_up_no_other(acme, monkeypatch):
    broken, waiting = make_answer(acme, "Bruchstelle im Text"), make_answer(acme, KIND)
    read = rules.read

    def stumble(text, language, own):
        if text == broken.text:
            raise RuntimeError("a rule that fails")
        return read(text, language, own)

    monkeypatch.setattr(rules, "read", stumble)
    assert classification.read_missing() == 1
    assert list(Reading.objects.values_list("answer", flat=True)) == [waiting.pk]
    monkeypatch.undo()
    assert classification.read_missing() == 1


def test_the_sweep_reads_what_nobody_has_read(acme, globex):
    classification.read(make_answer(acme))
    waiting = [make_answer(acme), make_answer(globex, KIND)]
    assert classification.read_missing() == 2
    assert [answer.reading.outcome for answer in Answer.objects.filter(pk__in=[a.pk for a in waiting])] == [
        "themes"
    ] * 2


def test_a_person_beats_the_machine_for_good(acme, person):
    answer = make_answer(acme)
    classification.read(answer)
    themes = adopt_starter_taxonomy(acme)
    reading = classification.correct(answer, {themes["promise_kept"]: -1, themes["friendliness"]: 0}, person)
    assert (reading.source, reading.read_by) == ("person", person)
    mine = {("promise_kept", -1, "person"), ("friendliness", 0, "person")}
    assert judged(answer) == mine
    classification.read(answer)
    Answer.objects.filter(pk=answer.pk).update(text=KIND)
    classification.read(Answer.objects.get(pk=answer.pk))
    assert classification.read_missing() == 0
    assert judged(answer) == mine


def test_a_person_who_judges_while_the_machine_reads_is_not_overwritten(acme, person, monkeypatch):
    answer = make_answer(acme)
    classification.read(answer)
    Answer.objects.filter(pk=answer.pk).update(text=KIND)
    answer = Answer.objects.get(pk=answer.pk)
    themes = adopt_starter_taxonomy(acme)

    def interrupted(client):
        classification.correct(answer, {themes["price"]: 1}, person)
        return in_use(client)

    monkeypatch.setattr(classification.themes, "in_use", interrupted)
    assert classification.read(answer).source == "person"
    assert judged(answer) == {("price", 1, "person")}


def test_a_person_judges_before_any_machine(acme, person):
    answer = make_answer(acme)
    themes = adopt_starter_taxonomy(acme)
    classification.correct(answer, {themes["billing"]: -1}, person)
    classification.read(answer)
    assert judged(answer) == {("billing", -1, "person")}


def test_correcting_keeps_the_evidence_of_a_theme_that_stays(acme, person):
    answer = make_answer(acme)
    classification.read(answer)
    found = answer.assignments.get()
    classification.correct(answer, {found.theme: -1}, person)
    assert answer.assignments.values_list("start", "end", "confidence").get() == (found.start, found.end, None)


def test_a_person_may_take_all_themes_and_signals_back(acme, person):
    answer = make_answer(acme, "Ich wechsle den Anbieter und gehe zum Anwalt.")
    before = classification.read(answer)
    assert before.signals == ["churn_risk", "legal_threat"]
    reading = classification.correct(answer, {}, person, dropped=["churn_risk"])
    assert (reading.outcome, reading.signals, judged(answer)) == ("unclassified", ["legal_threat"], set())


def test_a_comment_to_which_no_theme_fits_is_not_one_that_says_nothing(acme, person):
    """A person's "none" on words is a judgement about them; on a dash it agrees that there are no words."""
    words, dash = make_answer(acme), make_answer(acme, "---")
    classification.read_all([words, dash])
    outcomes = [classification.correct(answer, {}, person).outcome for answer in (words, dash, words)]
    assert outcomes == ["unclassified", "empty", "unclassified"]
    assert [label.themes for label in versions.labels(acme, "de")] == [{}, {}]  # an example against every theme


def test_a_theme_of_another_client_is_refused_and_nothing_changes(acme, globex, person):
    answer = make_answer(acme)
    classification.read(answer)
    before = judged(answer)
    foreign = adopt_starter_taxonomy(globex)["billing"]
    with pytest.raises(ValueError, match="another client"):
        classification.correct(answer, {foreign: 1}, person)
    assert judged(answer) == before


# --- Answers of many kinds, changed ones, and other languages


def make_sheet(client, comment="", more="", **choices):
    """A response to the long survey with two texts, and choices."""
    campaign = factories.make_campaign(client, survey=factories.make_long_survey(client))
    response = factories.make_response(
        client, 3, comment, invitation=factories.make_invitation(client, campaign=campaign)
    )
    questions = {question.key: question for question in response.version.questions.all()}
    if more:
        Answer.objects.create(response=response, question=questions["more"], text=more)
    for key, choice in choices.items():
        column = {"value": choice} if isinstance(choice, int) else {"choice": choice}
        Answer.objects.create(response=response, question=questions[key], **column)
    return response


def change(answer, text, at=None):
    """As a customer changes a text: the row stays, the response says when."""
    Answer.objects.filter(pk=answer.pk).update(text=text)
    Response.objects.filter(pk=answer.response_id).update(changed_at=at or timezone.now(), first={"said": {"score": 3}})


def test_numbers_and_choices_are_no_comments(acme):
    make_sheet(acme, ease=2, way="chat", wrong="email")
    assert classification.read_missing() == 0
    assert Reading.objects.count() == 0


def test_each_text_of_a_sheet_is_read_for_itself(acme):
    response = make_sheet(acme, WAITED, KIND, way="chat")
    read_response(response.pk)
    assert [judged(answer) for answer in response.answers.exclude(text="")] == [
        {("waiting_time", -1, "rules")},
        {("friendliness", 1, "rules")},
    ]


def test_the_sweep_reads_again_what_the_customer_changed(acme):
    answer = make_answer(acme)
    classification.read(answer)
    change(answer, KIND)
    assert classification.read_missing() == 1
    assert judged(answer) == {("friendliness", 1, "rules")}


def test_a_change_that_was_committed_late_is_found_all_the_same(acme):
    """Its page was posted before the machine read the old words; the row changed after that."""
    answer = make_answer(acme)
    posted_at = timezone.now()
    classification.read(answer)
    change(answer, KIND, at=posted_at)
    assert classification.read_missing() == 1
    assert judged(answer) == {("friendliness", 1, "rules")}


def test_what_was_looked_at_after_a_change_is_left_alone(acme):
    answer = make_answer(acme)
    classification.read(answer)
    change(answer, WAITED, at=timezone.now() - dt.timedelta(hours=1))
    assert classification.read_missing() == 0


def test_what_a_person_judged_stays_when_the_customer_changes_the_words(acme, person):
    answer = make_answer(acme)
    themes = adopt_starter_taxonomy(acme)
    classification.correct(answer, {themes["billing"]: -1}, person)
    change(answer, KIND)
    assert classification.read_missing() == 0
    assert judged(answer) == {("billing", -1, "person")}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Yarım saat bekledim, kimse açmadı.", "tr"),
        ("Bardzo miła obsługa, dziękuję.", "pl"),
        ("خدمة ممتازة وشكرا لكم", "ar"),
        ("ممتاز", "ar"),
        ("Sıkıntı", "tr"),
    ],
)
def test_a_comment_in_a_language_without_rules_is_unclassified_and_said_to_be_in_it(acme, text, language):
    answer = make_answer(acme, text)
    reading = classification.read(answer)
    assert (reading.outcome, reading.language, judged(answer)) == ("unclassified", language, set())
