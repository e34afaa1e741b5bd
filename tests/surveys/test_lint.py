"""What is said about questions before they are asked: bad ones are named, good ones are left alone."""

import itertools

import pytest

from surveys import authoring, lint
from surveys.authoring import TEMPLATES, Start
from surveys.lint import Rule, Severity
from surveys.models import Client, Question, Survey, SurveyVersion
from surveys.wording import SPOKEN, STANDARDS

GOOD = {
    "de": [
        "Wie zufrieden sind Sie mit unserem Kundenservice?",
        "Wie zufrieden oder unzufrieden sind Sie mit der Antwort?",
        "Wie leicht oder schwer war es, uns zu erreichen?",
        "Wie verständlich war die Auskunft?",
        "Wie lange haben Sie am Telefon gewartet?",
        "Ist Ihr Anliegen gelöst?",
        "Hatten Sie in diesem Monat Kontakt mit uns?",
        "Über welchen Weg haben Sie uns erreicht?",
        "Was war der Anlass für Ihren Anruf?",
        "Was ist der wichtigste Grund für Ihre Bewertung?",
        "Was sollten wir als Nächstes ändern?",
        "Wie wahrscheinlich ist es, dass Sie uns einem Freund oder Kollegen weiterempfehlen?",
        "Haben Sie die Rechnung per E-Mail oder per Post bekommen?",
        "Wie oft haben Sie uns wegen dieses Anliegens angerufen?",
        "Wurde der Termin eingehalten?",
        "Wie bewerten Sie die Wartezeit?",
        "Wussten Sie nach dem Gespräch, wie es weitergeht?",
        "Haben Sie eine Rückmeldung bekommen?",
        "Welches Thema betraf Ihre Anfrage?",
        "Wie gut oder schlecht hat die Übergabe geklappt?",
        "Wann haben Sie die Antwort erhalten?",
        "Sie haben uns angerufen und um einen Rückruf gebeten. Haben wir Sie zurückgerufen?",
        "Wie sehr stimmen Sie dieser Aussage zu? „Ich habe die Auskunft verstanden.“",
        "Alles in allem: Wie zufrieden sind Sie mit {client}?",
        "Nutzen Sie unsere App am Telefon oder am Computer?",
        "Haben Sie eine SMS mit der PIN erhalten?",
    ],
    "en": [
        "How satisfied are you with our customer service?",
        "How satisfied or dissatisfied are you with the answer?",
        "How easy or difficult was it to reach us?",
        "How clear was the information?",
        "How long did you wait on the phone?",
        "Has your matter been solved?",
        "Have you been in contact with us this month?",
        "Which way did you reach us?",
        "What was the reason for your call?",
        "What is the main reason for your score?",
        "What should we change next?",
        "How likely is it that you would recommend us to a friend or colleague?",
        "Did you receive the invoice by email or by post?",
        "How often did you call us about this?",
        "Was the appointment kept?",
        "How do you rate the waiting time?",
        "Did you know after the call what happens next?",
        "Have you had a reply?",
        "Which topic was your enquiry about?",
        "How likely or unlikely is it that you will stay with us?",
        "When did you receive the answer?",
        "You called us and asked for a call back. Have we called you?",
        "How much do you agree with this statement? “I understood the information.”",
        "All in all, how satisfied are you with {client}?",
        "Do you use our app on the phone or on the computer?",
        "Did you receive a text message with the PIN?",
    ],
}
BAD = {
    "de": [
        ("Wie gut war unser Service?", Rule.LEADING),
        ("Wie toll fanden Sie unsere Beratung?", Rule.LEADING),
        ("Wie freundlich war unser Mitarbeiter?", Rule.LEADING),
        ("Wie schlecht war die Auskunft?", Rule.LEADING),
        ("Unser Team ist schnell, nicht wahr?", Rule.LEADING),
        ("Sie sind mit uns zufrieden, oder?", Rule.LEADING),
        ("Finden Sie nicht auch, dass wir schnell waren?", Rule.LEADING),
        ("Was hat Ihnen an dem Gespräch gefallen?", Rule.LEADING),
        ("Warum sind Sie so zufrieden mit uns?", Rule.LEADING),
        ("Was hat Sie am meisten geärgert?", Rule.LEADING),
        ("Wie bewerten Sie unseren hervorragenden Service?", Rule.LEADING),
        ("Wie zufrieden sind Sie mit der Wartezeit und der Auskunft?", Rule.DOUBLE),
        ("War die Antwort schnell oder verständlich?", Rule.DOUBLE),
        ("Wie bewerten Sie Tempo sowie Höflichkeit?", Rule.DOUBLE),
        ("Ist Ihr Anliegen gelöst? Wie lange hat es gedauert?", Rule.DOUBLE),
        ("Wie sehr stimmen Sie zu? „Der Service war schnell und freundlich.“", Rule.DOUBLE),
        ("War die Auskunft nicht verständlich?", Rule.NEGATION),
        ("Hatten Sie keine Wartezeit?", Rule.NEGATION),
        ("Waren Sie nicht unzufrieden mit der Antwort?", Rule.NEGATION),
        ("Konnten Sie das Formular ohne Hilfe ausfüllen?", Rule.NEGATION),
        ("Erreichen Sie uns immer sofort?", Rule.ABSOLUTE),
        ("Haben wir alle Ihre Fragen beantwortet?", Rule.ABSOLUTE),
        ("Ist Ihr Anliegen vollständig gelöst?", Rule.ABSOLUTE),
        ("War jeder Schritt verständlich?", Rule.ABSOLUTE),
        ("Wurde Ihr Ticket bearbeitet?", Rule.JARGON),
        ("Wie bewerten Sie diesen Touchpoint?", Rule.JARGON),
        ("Wie zufrieden sind Sie mit der FCR?", Rule.JARGON),
        ("Wurde der Vorgang an den Second Level übergeben?", Rule.JARGON),
        (
            "Wenn Sie an das Gespräch denken, das Sie in dieser Woche mit unserem Kundenservice am Telefon geführt "
            "haben, wie zufrieden sind Sie dann heute mit dem Ergebnis?",
            Rule.LONG,
        ),
    ],
    "en": [
        ("How good was our service?", Rule.LEADING),
        ("How great was our advice?", Rule.LEADING),
        ("How friendly was our colleague?", Rule.LEADING),
        ("How bad was the information?", Rule.LEADING),
        ("Our team is fast, isn’t it?", Rule.LEADING),
        ("You are satisfied with us, right?", Rule.LEADING),
        ("Do you agree that we were fast?", Rule.LEADING),
        ("What did you like about the call?", Rule.LEADING),
        ("Why do you love our service?", Rule.LEADING),
        ("What annoyed you most?", Rule.LEADING),
        ("How would you rate our excellent service?", Rule.LEADING),
        ("How satisfied are you with the waiting time and the answer?", Rule.DOUBLE),
        ("Was the answer quick or clear?", Rule.DOUBLE),
        ("How do you rate speed as well as politeness?", Rule.DOUBLE),
        ("Has your matter been solved? How long did it take?", Rule.DOUBLE),
        ("How much do you agree? “The service was quick and clear.”", Rule.DOUBLE),
        ("Was the information not clear?", Rule.NEGATION),
        ("Did you have no waiting time?", Rule.NEGATION),
        ("Were you not dissatisfied with the answer?", Rule.NEGATION),
        ("Could you fill in the form without help?", Rule.NEGATION),
        ("Do you always reach us at once?", Rule.ABSOLUTE),
        ("Did we answer all your questions?", Rule.ABSOLUTE),
        ("Has your matter been completely solved?", Rule.ABSOLUTE),
        ("Was every step clear?", Rule.ABSOLUTE),
        ("Was your ticket worked on?", Rule.JARGON),
        ("How do you rate this touchpoint?", Rule.JARGON),
        ("How satisfied are you with the FCR?", Rule.JARGON),
        ("Was your enquiry escalated?", Rule.JARGON),
        (
            "When you think of the call that you had this week with somebody of our customer service on the phone, how "
            "satisfied are you today with what came of it?",
            Rule.LONG,
        ),
    ],
}
TURNED = [
    ("de", "sehr zufrieden", "sehr unzufrieden", True),
    ("de", "stimme voll und ganz zu", "stimme überhaupt nicht zu", True),
    ("de", "sehr leicht", "sehr schwer", True),
    ("de", "sehr unzufrieden", "sehr zufrieden", False),
    ("de", "sehr schwer", "sehr leicht", False),
    ("en", "very satisfied", "very dissatisfied", True),
    ("en", "extremely likely", "not at all likely", True),
    ("en", "very easy", "very difficult", True),
    ("en", "strongly disagree", "strongly agree", False),
    ("en", "very poor", "very good", False),
]


def a_question(kind="yes_no", key="q", wording=None, **fields):
    return Question(key=key, kind=kind, wording=wording or {}, **fields)


def labelled(ask, language, kind):
    """A wording with everything that its kind needs besides the question."""
    texts = {"ask": ask}
    if kind == "yes_no":
        texts["options"] = {"yes": "Ja", "no": "Nein"}
    if kind == "csat":
        texts |= {"lowest": "1", "highest": "5"}
    return {language: texts}


def found_in(ask, language, kind="yes_no"):
    client = Client(language=language)
    question = a_question(kind, wording=labelled(ask, language, kind))
    return {finding.rule for finding in lint.check([question], client, [language])}


@pytest.mark.parametrize(("language", "ask"), [(lang, ask) for lang, asks in GOOD.items() for ask in asks])
def test_a_good_question_is_left_alone(language, ask):
    assert found_in(ask, language) == set()
    assert found_in(ask, language, "text") == set()


@pytest.mark.parametrize(("language", "ask", "rule"), [(lang, *bad) for lang, asks in BAD.items() for bad in asks])
def test_a_bad_question_is_named(language, ask, rule):
    assert rule in found_in(ask, language)


@pytest.mark.parametrize("language", BAD)
def test_there_are_at_least_25_of_each(language):
    assert min(len(set(GOOD[language])), len(set(BAD[language]))) >= 25


@pytest.mark.parametrize(("language", "lowest", "highest", "is_turned"), TURNED)
def test_a_scale_turned_round_is_seen(language, lowest, highest, is_turned):
    texts = {language: {"ask": GOOD[language][0], "lowest": lowest, "highest": highest}}
    found = lint.check([a_question("csat", wording=texts)], Client(language=language), [language])
    assert [finding.rule for finding in found] == ([Rule.TURNED] if is_turned else [])


@pytest.mark.parametrize("address", Client.Address.values)
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", STANDARDS)
def test_a_standard_wording_gives_no_alarm(name, language, address):
    kind = "text" if name == "comment" else name
    question = a_question(kind, name, STANDARDS[name], standard=name)
    client = Client(language=language, form_of_address=address)
    assert lint.check([question], client, [code for code in SPOKEN if code in STANDARDS[name]]) == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", Client.Address.values)
@pytest.mark.parametrize("start", Start)
def test_a_template_gives_no_alarm_and_has_two_pages_at_most(acme, start, address):
    acme.form_of_address = address
    acme.save()
    survey = Survey.objects.create(client=acme, name="Neu", kind=start.survey_kind)
    draft = authoring.begin(survey, start)
    assert authoring.findings(draft) == []
    assert len(authoring.pages(draft.questions.all())) <= 2
    first = draft.questions.first()
    assert (first.key, first.kind, first.is_required) == ("score", survey.kind, True)


def test_every_template_has_a_name():
    assert set(TEMPLATES) == set(Start.values)


# --- Structure ---


def check(*questions, languages=("de",), **client):
    version = SurveyVersion(survey=Survey(kind="csat", client=Client(language="de", **client)))
    for question in questions:
        question.version = version
    return lint.check(questions, version.survey.client, languages)


def rules(*questions, languages=("de",), **client):
    return [(finding.rule, finding.key, finding.locale) for finding in check(*questions, languages=languages, **client)]


def score():
    return a_question("csat", "score", {"de": STANDARDS["csat"]["de"]}, is_required=True)


def plain(key, **fields):
    return a_question("text", key, {"de": {"ask": "Was war der Anlass?"}}, **fields)


def test_a_question_without_a_text_in_the_clients_language_is_an_error():
    english = a_question("text", "why", {"en": {"ask": "What was the reason for your call?"}})
    found = check(score(), english)
    assert [(f.rule, f.severity, f.key) for f in found] == [(Rule.NO_TEXT, Severity.ERROR, "why")]


def test_a_choice_of_one_is_an_error():
    texts = {"de": {"ask": "Welches Thema?", "options": {"a": "A"}}}
    assert rules(a_question("single", "topic", texts, options=["a"])) == [(Rule.TOO_FEW_OPTIONS, "topic", "")]


def test_looking_at_an_answer_of_the_same_page_is_an_error_and_of_an_earlier_one_is_none():
    shown = [{"of": "group", "values": ["detractor"]}]
    assert rules(score(), plain("why", conditions=shown)) == [(Rule.LOOKS_AHEAD, "why", "")]
    assert rules(score(), plain("why", conditions=shown, starts_page=True)) == []


NEVER = {
    "an option that is gone": [{"of": "answer", "key": "solved", "values": ["perhaps"]}],
    "a question that is gone": [{"of": "answer", "key": "gone", "values": ["yes"]}],
    "a language that is not asked in": [{"of": "language", "values": ["pl"]}],
    "an unknown channel": [{"of": "channel", "values": ["pigeon"]}],
    "two groups at once": [{"of": "group", "values": ["detractor"]}, {"of": "group", "values": ["promoter"]}],
}


@pytest.mark.parametrize("why", NEVER)
def test_conditions_that_never_hold_are_an_error(why):
    solved = a_question("solved", "solved", {"de": STANDARDS["solved"]["de"]})
    found = rules(score(), solved, plain("why", conditions=NEVER[why], starts_page=True))
    assert (Rule.NEVER_SHOWN, "why", "") in found


def test_conditions_that_contradict_those_of_the_question_they_look_at_never_hold():
    promoters, detractors = ([{"of": "group", "values": [group]}] for group in ("promoter", "detractor"))
    solved = a_question("solved", "solved", {"de": STANDARDS["solved"]["de"]}, conditions=promoters, starts_page=True)
    after = [{"of": "answer", "key": "solved", "values": ["no"]}]
    assert rules(score(), solved, plain("why", conditions=after, starts_page=True)) == []
    found = rules(score(), solved, plain("why", conditions=[*after, *detractors], starts_page=True))
    assert found == [(Rule.NEVER_SHOWN, "why", "")]


def test_a_survey_that_is_too_long_is_told_so():
    questions = [score(), *(plain(f"q{n}") for n in range(8))]
    assert [rule for rule, _key, _locale in rules(*questions)] == [Rule.LONG, Rule.LONG]  # in all, and to write
    assert rules(*questions[:4]) == []


def test_a_second_recommendation_and_a_text_that_must_be_written_are_told():
    nps = [a_question("nps", key, {"de": STANDARDS["nps"]["de"]}) for key in ("a", "b")]
    assert rules(*nps, plain("why", is_required=True)) == [(Rule.SEVERAL_NPS, "", ""), (Rule.REQUIRED_TEXT, "why", "")]


# --- Translations ---


def test_each_missing_language_is_named_and_only_those_that_are_meant():
    question = a_question("csat", "score", {"de": STANDARDS["csat"]["de"]})
    assert rules(question) == []
    assert rules(question, languages=["de", "en"]) == [(Rule.MISSING, "score", "en")]
    (finding,) = check(question, languages=["de", "en", "tr"])
    assert (finding.rule, finding.locale) == (Rule.MISSING, "")
    assert finding.message.startswith("Not worded in: English, Turkish.")


def test_missing_labels_ends_and_variants_are_named():
    texts = {
        "de": {"ask": "Welches Thema?", "options": {"a": "Rechnung", "b": "Umzug"}},
        "en": {"ask": "Which topic?", "options": {"a": "Invoice"}},
    }
    (finding,) = check(a_question("single", "topic", texts, options=["a", "b"]), languages=["de", "en"])
    assert (finding.rule, finding.locale, finding.message) == (
        Rule.MISSING, "en", "Missing here: the option “Umzug”."
    )  # fmt: skip
    ends = {"de": {"ask": "Wie zufrieden sind Sie?", "lowest": "gar nicht"}}
    assert [f.message for f in check(a_question("csat", "score", ends))] == ["Missing here: the highest end."]
    reason = {"de": {"ask": "Warum?", "detractor": "Was fehlte?"}, "en": {"ask": "Why?"}}
    found = check(a_question("text", "why", reason), languages=["de", "en"])
    assert [(f.locale, f.message) for f in found] == [("en", "Missing here: the question for a group (Detractor).")]


@pytest.mark.parametrize(("address", "locale"), [("du", "de-du"), ("sie", "de")])
def test_the_clients_form_of_address_is_missed(address, locale):
    sie = {"ask": "Was ist Ihr Anliegen?"}
    du = {"ask": "Was ist dein Anliegen?"}
    only_other = {"de": sie} if address == "du" else {"de-du": du}
    assert rules(a_question("text", "why", only_other), form_of_address=address) == [(Rule.MISSING, "why", locale)]
    assert rules(a_question("text", "why", {"de": sie, "de-du": du}), form_of_address=address) == []


def test_a_wording_that_addresses_nobody_serves_both_forms():
    neutral = {"de": {"ask": "Was war der Anlass des Anrufs?"}}
    assert (
        list(itertools.chain(*(rules(a_question("text", "w", neutral), form_of_address=a) for a in ("sie", "du"))))
        == []
    )


def test_what_only_the_unhappy_are_asked_may_know_that_they_are():
    conditions = [{"of": "group", "values": ["detractor"]}]
    ask = {"de": {"ask": "Was hat Sie gestört?"}}
    question = a_question("text", "why", ask, conditions=conditions, starts_page=True)
    assert rules(score(), question) == []
    assert rules(score(), a_question("text", "why", ask)) == [(Rule.LEADING, "why", "de")]


def test_errors_stand_before_warnings():
    found = check(a_question("text", "a", {"de": {"ask": "Wie gut war es?"}}), a_question("text", "b", {}))
    assert [finding.severity for finding in found] == [Severity.ERROR, Severity.WARNING]
