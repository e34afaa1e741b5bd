"""Comments are stored without personal data, and without losing what the customer meant."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.redaction import redact

ROSTER = ("Baumann, Rolf", "Ayşe Demir", "Klein, Bärbel", "Mark Price")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Schreiben Sie an max.muster@web.de!", "Schreiben Sie an ⟦email⟧!"),
        ("max.muster (at) web.de", "⟦email⟧"),
        ("Tel. 030 1234567, abends", "Tel. ⟦phone⟧, abends"),
        ("0170/1234567", "⟦phone⟧"),
        ("+49 (0)30 12 34 56", "⟦phone⟧"),
        ("call 07911 123456 or (555) 123-4567", "call ⟦phone⟧ or ⟦phone⟧"),
        ("DE89 3704 0044 0532 0130 00 und weiter", "⟦iban⟧ und weiter"),
        ("AT61 1904 3002 3457 3201 kann ich nennen", "⟦iban⟧ kann ich nennen"),
        ("Karte 4111 1111 1111 1111", "Karte ⟦card⟧"),
        ("Kundennummer 4711-88 ist richtig", "Kundennummer ⟦number⟧ ist richtig"),
        ("Kundennr.: K002555", "Kundennr.: ⟦number⟧"),
        ("order #123-4567890 never came", "order #⟦number⟧ never came"),
        ("PIN 123456", "PIN ⟦number⟧"),
        ("siehe https://shop.example/o?id=77 bitte", "siehe ⟦link⟧ bitte"),
    ],
)
def test_a_number_or_address_of_a_person_becomes_a_token(written, stored):
    assert redact(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        "Am 12.03.2026 um 14:30 Uhr, am 3.4. und am 2026-03-12",
        "45 Minuten gewartet, 3 Tage später, seit 1998",
        "1.234,56 € und 49,99€, 100 Euro, £120, 100.000 Kunden",
        "0 1 2 3 4 5 6 7 8 9 10",
        "ICE 1234 nach Berlin, Flug LH1234",
        "Rechnung 2026 kam dreimal, order 3 times",
        "Der Preis stieg von 0,25 auf 0,38",
    ],
)
def test_dates_times_durations_amounts_and_trains_survive(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Frau Müller war freundlich", "Frau ⟦name⟧ war freundlich"),
        ("Frau Anna Müller war da", "Frau ⟦name⟧ war da"),
        ("Frau Klein und Herr Koch halfen", "Frau ⟦name⟧ und Herr ⟦name⟧ halfen"),
        ("Herr Dr. von Bergen half", "Herr ⟦name⟧ half"),
        ("Frau Maria de la Cruz half", "Frau ⟦name⟧ half"),
        ("Frau Müller Rechnung falsch", "Frau ⟦name⟧ Rechnung falsch"),
        ("FRAU MÜLLER WAR NETT", "FRAU ⟦name⟧ WAR NETT"),
        ("Mr. O'Brien called", "Mr. ⟦name⟧ called"),
        ("my name is John Smith and", "my name is ⟦name⟧ and"),
        ("Ich heiße Jörg Schmidt, bitte", "Ich heiße ⟦name⟧, bitte"),
        ("Mit freundlichen Grüßen\nPetra Schulz", "Mit freundlichen Grüßen\n⟦name⟧"),
        ("spoke to Sarah yesterday", "spoke to ⟦name⟧ yesterday"),
    ],
)
def test_a_name_with_a_cue_goes_and_its_cue_stays(written, stored):
    assert redact(written) == stored


@pytest.mark.parametrize(
    "text",
    [
        "Frau war freundlich",
        "FRAU WAR FREUNDLICH",
        "der Herr am Telefon",
        "Herr Ober, zahlen!",
        "Fr. 12:00",
        "Grüße aus Hamburg",
        "spoke to Customer Services",
        "Der Mitarbeiter der Nachtschicht war nett",
        "Kollege von der Montage kam",
        "meine Frau zu Hause",
        "klein, aber fein",
    ],
)
def test_a_cue_without_a_name_loses_no_word(text):
    assert redact(text, ROSTER) == text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("rolf hat geholfen", "⟦name⟧ hat geholfen"),
        ("Baumanns Hilfe war gut", "⟦name⟧ Hilfe war gut"),
        ("ROLF BAUMANN und Ayse Demir", "⟦name⟧ und ⟦name⟧"),
        ("Bärbel Klein hat ein kleines Büro", "⟦name⟧ hat ein kleines Büro"),
        ("Mark Price helped, at a good price", "⟦name⟧ helped, at a good price"),
        ("Rolfing tut gut", "Rolfing tut gut"),
    ],
)
def test_agents_of_the_roster_go_in_any_case_but_ordinary_words_stay(written, stored):
    assert redact(written, ROSTER) == stored


def test_characters_are_composed_and_control_characters_dropped_but_lines_stay():
    assert redact("scho\u0308n\x00\x07\u202e\r\nzweite\tZeile") == "schön\nzweite Zeile"


@pytest.mark.parametrize("text", ["", " ", "\n", "⟦name⟧ ⟦phone⟧", "👍" * 20])
def test_nothing_personal_means_nothing_changed(text):
    assert redact(text) == text


_FRAGMENTS = st.sampled_from(
    [
        "Frau ",
        "Herr ",
        "Müller",
        " Klein",
        "Rolf",
        "Baumann",
        " 030 ",
        "12",
        "3456789",
        ".",
        "@",
        "web.de",
        " ",
        "\n",
        "Kundennummer ",
        "⟦",
        "⟧",
        "name",
        "DE89",
        " 3704 0044",
        "+49",
        "-",
        "/",
        "www.x.de/",
        "LG ",
        "€",
        "Uhr",
        "’s",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(_FRAGMENTS, max_size=14).map("".join)))
def test_redacting_twice_is_redacting_once(text):
    once = redact(text, ROSTER)
    assert redact(once, ROSTER) == once


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "0 ",
        "01 ",
        "a@",
        "a.",
        "1.1.",
        "1-",
        "+49 ",
        "Frau ",
        "Frau Müller ",
        "Kundennummer ",
        "Aa ",
        "DE12 ",
        "abc1",
        "x-",
        "http://",
        "Gruß ",
        "\n",
        " ",
        "😀",
        "⟦",
        "Rolf ",
    ],
)
def test_fifty_thousand_characters_of_anything_take_no_catastrophic_time(piece):
    text = (piece * 50_000)[:50_000]
    began = time.process_time()
    redact(text, ROSTER)
    assert time.process_time() - began < 5  # measured 0.2 s at most; a pattern that backtracks takes minutes


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Ritters Hilfe war gut.", "⟦name⟧ Hilfe war gut."),
        ("O’Neil's help was good.", "⟦name⟧ help was good."),
        ("Hans war gut, Han auch.", "⟦name⟧ war gut, ⟦name⟧ auch."),
        ("Danke, Anna Jones!", "Danke, ⟦name⟧!"),
        ("Ritterlich war das.", "Ritterlich war das."),
    ],
)
def test_a_name_of_the_roster_goes_in_its_genitive_too(text, stored):
    assert redact(text, names=["Ritter", "Conan O'Neil", "Hans", "Han", "Anna Jones"]) == stored


def test_a_number_is_seen_in_digits_of_any_script():
    assert redact("Meine Nummer: ٠١٧١٢٣٤٥٦٧٨") == "Meine Nummer: ⟦number⟧"
