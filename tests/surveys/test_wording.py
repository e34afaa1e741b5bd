"""How questions are worded: the standards in every language, and which wording a customer reads."""

import re

import pytest

from surveys import wording
from surveys.models import Question
from surveys.models.people import LANGUAGES
from surveys.questionnaire import questions_of
from tests import factories

NINE = [code for code, _ in LANGUAGES]
PLACEHOLDERS = re.compile(r"[{%<][\w}]*")


def question(*locales):
    return Question(key="score", kind="nps", wording={locale: {"ask": f"? {locale}"} for locale in locales})


# --- Which language a wish means ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("DE", "de"), (" de-DE ", "de"), ("de-Latn-AT", "de"),
        ("ger", "de"), ("DEU", "de"), ("eng", "en"), ("en_GB", "en"), ("TR", "tr"), ("tur", "tr"), ("pl-PL", "pl"),
        ("fre", "fr"), ("fra-CA", "fr"), ("IT", "it"), ("spa", "es"), ("es-419", "es"), ("nl-BE", "nl"), ("dut", "nl"),
        ("ar-SY", "ar"), ("ara", "ar"),
        ("", ""), ("-", ""), ("pt-BR", ""), ("deutsch", ""), ("d", ""), ("٠", ""), ("de\0", ""),
    ],
)  # fmt: skip
def test_a_wish_is_understood_however_systems_spell_it(wish, language):
    assert wording.speaks(wish) == language


def test_both_three_letter_codes_of_each_language_are_known():
    assert sorted(set(wording._THREE_LETTERS.values())) == sorted(NINE)
    assert {wording.speaks(code) for code in ("deu", "ger", "fra", "fre", "nld", "dut")} == {"de", "fr", "nl"}


@pytest.mark.parametrize(
    ("wishes", "offered", "language"),
    [
        (["de-AT", "en"], ["de", "en"], "de"),
        (["pt-BR", "tr"], ["de", "tr"], "tr"),  # the contact's language is none of ours: the customer's own
        (["pt-BR", ""], ["de", "en"], "de"),  # the client's
        (["ar"], ["en", "tr"], "en"),  # neither the customer's nor the client's: the first there is
        (["ar"], [], "de"),  # worded in no language as a whole: asked in the client's
        ([], ["ar", "de"], "de"),
    ],
)
def test_the_nearest_language_on_offer_is_spoken(acme, wishes, offered, language):
    assert wording.language_for(wishes, offered, acme) == language


def test_a_version_offers_the_languages_in_which_every_question_is_worded():
    score = question("ar", "tr", "de-du", "en")
    assert wording.languages_of([score]) == ["de", "en", "tr", "ar"]
    assert wording.languages_of([score, question("en", "de", "ar")]) == ["de", "en", "ar"]
    assert wording.languages_of([score, question("pl")]) == []
    assert wording.languages_of([]) == []


# --- Which texts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locales", "language", "form", "read"),
    [
        (["de", "de-du"], "de", "sie", "de"),
        (["de", "de-du"], "de", "du", "de-du"),
        (["de"], "de", "du", "de"),
        (["de-du"], "de", "sie", "de-du"),
        (["de", "en"], "tr", "sie", "de"),
        (["en", "en-du"], "en", "du", "en-du"),
        (["tr", "en"], "tr", "du", "tr"),
        (["ar", "pl"], "tr", "sie", "ar"),
    ],
)
def test_the_nearest_wording_is_read(acme, locales, language, form, read):
    assert wording.texts(question(*locales), language, form, acme) == {"ask": f"? {read}"}


def test_a_question_without_any_text_has_none(acme):
    assert wording.texts(question(), "tr", "sie", acme) == {}


def test_the_clients_name_takes_the_form_of_the_wordings_language(acme):
    asked = question()
    asked.wording = {"de": {"ask": "{client}?"}, "tr": {"ask": "{client}?"}}
    assert wording.texts(asked, "de", "sie", acme) == {"ask": "die Acme?"}
    assert wording.texts(asked, "tr", "sie", acme) == {"ask": "Acme?"}
    del asked.wording["tr"]
    assert wording.texts(asked, "tr", "sie", acme) == {"ask": "die Acme?"}


def test_a_tenants_own_wording_is_never_run_nor_its_letters_changed(acme):
    acme.name = "IŞIK {client} %(x)s"
    asked = question()
    asked.wording = {"tr": {"ask": "{client} {{ 7 }} İIıi {other}", "options": {"a": "{client}"}}}
    assert wording.texts(asked, "tr", "sie", acme) == {
        "ask": "IŞIK {client} %(x)s {{ 7 }} İIıi {other}",
        "options": {"a": "IŞIK {client} %(x)s"},
    }


# --- The standards --------------------------------------------------------------------------------------------------


def test_every_standard_is_there_in_every_language_with_the_same_texts():
    assert list(wording.STANDARDS) == ["nps", "csat", "ces", "solved", "comment"]
    for name, standard in wording.STANDARDS.items():
        assert sorted(standard) == sorted([*NINE, "de-du"]), name
        shapes = {(*texts, *texts.get("options", {})) for texts in standard.values()}
        assert len(shapes) == 1, name
        said = [text for texts in standard.values() for text in (*texts.values(), *texts.get("options", {}).values())]
        assert all(isinstance(text, str | dict) and text for text in said), name


def test_a_standard_names_the_client_in_every_language_or_in_none():
    placed = {
        name: {tuple(PLACEHOLDERS.findall(texts["ask"])) for texts in standard.values()}
        for name, standard in wording.STANDARDS.items()
    }
    assert placed == {"nps": {("{client}",)}, "csat": {()}, "ces": {()}, "solved": {()}, "comment": {()}}


@pytest.mark.parametrize("locale", [*NINE, "de-du"])
def test_the_ends_of_a_scale_are_told_apart_and_nothing_shouts(locale):
    for name in ("nps", "csat", "ces"):
        texts = wording.STANDARDS[name][locale]
        assert texts["lowest"] != texts["highest"]
        assert not texts["lowest"].endswith(".") and not texts["highest"].endswith(".")
    every = [str(standard[locale]) for standard in wording.STANDARDS.values()]
    assert [text for text in every if "!" in text] == []


def test_a_survey_of_standard_questions_can_be_answered_in_nine_languages(acme):
    version = factories.make_survey(acme, "nps").current
    assert wording.languages_of(questions_of(version)) == NINE


@pytest.mark.parametrize(
    ("language", "asked"),
    [
        ("tr", "Acme şirketini bir arkadaşınıza veya iş arkadaşınıza tavsiye etme olasılığınız nedir?"),
        ("pl", "Jak bardzo prawdopodobne jest, że polecą Państwo firmę Acme znajomym lub współpracownikom?"),
        ("fr", "Quelle est la probabilité que vous recommandiez Acme à un ami ou à un collègue\u202f?"),
        ("it", "Con quale probabilità consiglierebbe Acme a un amico o a un collega?"),
        ("es", "¿Qué probabilidad hay de que recomiende Acme a un amigo o a un colega?"),
        ("nl", "Hoe waarschijnlijk is het dat u Acme zou aanbevelen aan een vriend of collega?"),
        ("ar", "ما مدى احتمال أن توصوا صديقًا أو زميلًا بالتعامل مع Acme؟"),
    ],
)
def test_the_recommendation_is_asked_in_the_customers_language(acme, language, asked):
    invitation = factories.make_invitation(acme, "nps", language=language)
    assert wording.score_texts(invitation)["ask"] == asked
