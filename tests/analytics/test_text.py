"""Characters, language and fingerprint: what is settled before a comment is understood."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.classification import SPOKEN
from analytics.text import fingerprint, language_of, normalise


@given(st.text(max_size=200))
def test_a_span_in_the_normalised_text_is_a_span_in_the_stored_one(text):
    assert len(normalise(text)) == len(text)


@given(st.text(max_size=200))
def test_normalising_twice_is_normalising_once(text):
    assert normalise(normalise(text)) == normalise(text)


def test_case_quotes_dashes_and_spaces_are_unified_and_umlauts_stay():
    assert normalise("„ÄRGER“\u00a0– it’s SO\tspät") == '"ärger" - it\'s so spät'


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Mitarbeiter war leider sehr unfreundlich zu mir", "de"),
        ("The agent was very friendly and solved my problem", "en"),
        ("Ich habe drei Wochen auf eine Antwort gewartet", "de"),
    ],
)
def test_a_sentence_is_read_in_its_own_language(text, language):
    assert language_of(text, ("de", "en"), fallback="xx") == language


@pytest.mark.parametrize("text", ["", "👍", "Top", "Super", "12 34 56"])
def test_one_or_two_words_are_read_in_the_language_of_the_survey(text):
    assert (language_of(text, ("de", "en"), "de"), language_of(text, ("de", "en"), "en")) == ("de", "en")


def test_where_there_is_only_one_language_nothing_is_guessed():
    assert language_of("The agent was very friendly to me", ("de",), "de") == "de"


def test_the_fingerprint_is_of_the_words_and_not_of_their_encoding():
    composed, decomposed = "schön", unicodedata.normalize("NFD", "schön")
    assert fingerprint(composed) == fingerprint(decomposed) != fingerprint("schon")
    assert fingerprint("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Yarım saat bekledim, kimse açmadı", "tr"),
        ("cok iyi tesekkurler", "tr"),
        ("Czekałem pół godziny na połączenie", "pl"),
        ("J'ai attendu trente minutes au téléphone", "fr"),
        ("Il problema non è stato risolto", "it"),
        ("El problema sigue sin resolverse", "es"),
        ("Ik heb een half uur gewacht", "nl"),
        ("انتظرت نصف ساعة على الهاتف", "ar"),
        ("Teşekkürler", "tr"),
        ("ممتاز", "ar"),
        ("Sehr gut geholfen worden", "de"),
        ("Very quick and helpful", "en"),
    ],
)
def test_each_of_the_nine_languages_is_known_and_none_is_taken_for_german(text, language):
    assert language_of(text, SPOKEN, fallback="de") == language


def test_a_word_of_many_languages_is_read_in_that_of_the_page():
    assert [language_of("Super", SPOKEN, fallback) for fallback in ("de", "tr", "pl")] == ["de", "tr", "pl"]
