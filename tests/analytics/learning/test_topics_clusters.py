"""Clusters of comments: alike ones together, in their own words, the same every time, and nothing that names people."""

import time

import pytest

from analytics.learning import starter
from analytics.learning.topics import LEAST, MOST, TEXTS, clusters

POINTS = [
    "Meine Treuepunkte sind verschwunden.",
    "Wo sind die Treuepunkte vom letzten Einkauf geblieben?",
    "Meine Punkte auf dem Konto sind verschwunden.",
    "Seit dem Sommer werden mir keine Treuepunkte mehr gutgeschrieben.",
    "Treuepunkte verfallen nach einem Jahr, das stand nirgends.",
    "Ich sammle seit Jahren Punkte und plötzlich ist alles weg, auch die Treuepunkte.",
    "Bonus und Treuepunkte kann man kaum noch einlösen.",
]
CHARGING = [
    "Die Ladesäule am Parkhaus nimmt meine Karte nicht.",
    "An der Ladesäule stand ich eine halbe Stunde, ohne zu laden.",
    "Die neue Ladesäule lädt viel langsamer als die alte.",
    "Ladesäule besetzt, und das den ganzen Tag.",
    "Das Kabel der Ladesäule ist zu kurz.",
    "Keine Ladesäule weit und breit, obwohl die Karte eine zeigt.",
]
NOISE = [
    "Der blaue Kasten steht links.",
    "Gestern hat es geregnet.",
    "Im Treppenhaus riecht es nach Farbe.",
    "Mein Nachbar sieht das genauso.",
    "Bitte grüßen Sie die Zentrale.",
    "Das Muster erinnert mich an früher.",
]
KNOWN = [example.text for example in starter.comments("de")]
FRIENDLY = [f"{who} war sehr freundlich und hat mir geholfen." for who in ("Die Dame", "Der Herr", "Ihr Kollege")] * 4


def groups(texts):
    return [{texts[place] for place in cluster.members} for cluster in clusters(texts, KNOWN, "de")]


def test_comments_that_speak_of_the_same_come_together_and_the_rest_stays_alone():
    found = groups([*NOISE, *POINTS, *CHARGING])
    assert sorted(map(len, found)) == [len(CHARGING), len(POINTS)]
    assert {frozenset(group) for group in found} == {frozenset(POINTS), frozenset(CHARGING)}


def test_typical_words_are_whole_words_as_people_wrote_them_and_name_the_topic():
    words = {cluster.words[0] for cluster in clusters([*NOISE, *POINTS, *CHARGING], KNOWN, "de")}
    assert words == {"Treuepunkte", "Ladesäule"}


def test_a_german_compound_counts_for_its_part_and_stands_for_it():
    """“Punkte” is not told beside “Treuepunkte”, and what says one of them belongs to the other."""
    texts = [*POINTS, *NOISE]
    cluster = clusters(texts, KNOWN, "de")[0]
    assert "Meine Punkte auf dem Konto sind verschwunden." in {texts[place] for place in cluster.members}
    assert [word for word in cluster.words if "punkte" in word.lower()] == ["Treuepunkte"]


def test_neither_redacted_tokens_nor_names_nor_function_words_are_typical():
    named = [f"⟦name⟧ Ritter sagte mir, dass die Treuepunkte {when} kommen." for when in ("morgen", "bald", "gleich")]
    texts = [*POINTS, *(text.replace("Treuepunkte", "Treuepunkte ⟦number⟧") for text in named)]
    words = {word.lower() for cluster in clusters(texts, KNOWN, "de", unsaid={"ritter"}) for word in cluster.words}
    assert "treuepunkte" in words
    assert words & {"name", "number", "ritter", "die", "dass", "mir", "sagte"} == set()


def test_the_nearest_to_the_middle_come_first():
    for cluster in clusters([*NOISE, *POINTS, *CHARGING], KNOWN, "de"):
        assert list(cluster.distances) == sorted(cluster.distances)
        assert len(cluster.distances) == len(cluster.members)
        assert 0 <= cluster.distances[0] <= cluster.distances[-1] <= 2


def test_what_stands_among_comments_with_a_theme_comes_after_what_stands_apart():
    texts = [*FRIENDLY[:6], *POINTS, *NOISE]
    found = clusters(texts, [*FRIENDLY, *KNOWN], "de")
    assert found[0].words[0] == "Treuepunkte"
    assert [cluster.novelty for cluster in found] == sorted((cluster.novelty for cluster in found), reverse=True)
    assert found[-1].novelty < found[0].novelty


def test_the_same_comments_give_the_same_clusters_every_time():
    texts = [*NOISE, *POINTS, *CHARGING]
    assert clusters(texts, KNOWN, "de") == clusters(texts, KNOWN, "de")


def test_fewer_than_five_alike_are_no_cluster():
    assert clusters([*POINTS[: LEAST - 1], *NOISE], KNOWN, "de") == []


@pytest.mark.parametrize("texts", [[], ["Hm"], [""] * 30, ["👍"] * 8, ["⟦name⟧"] * 9, ["a", "b", "c", "d", "e", "f"]])
def test_texts_without_words_make_no_cluster_and_no_error(texts):
    assert clusters(texts, language="de") == []


def test_one_text_many_times_is_one_cluster():
    assert groups(["Die Treuepunkte fehlen."] * 6) == [{"Die Treuepunkte fehlen."}]


def test_english_and_languages_without_a_word_list_work_alike():
    english = [
        f"My loyalty points vanished in {month}" for month in ("May", "June", "July", "March", "autumn", "winter")
    ]
    assert clusters([*english, "It rained", "Blue box"], language="en")[0].words[:2] == ("loyalty", "points")
    polish = [f"Moje punkty lojalnościowe zniknęły {n}" for n in ("raz", "dwa", "trzy", "cztery", "pięć", "sześć")]
    assert len(clusters([*polish, "Deszcz padał"], language="pl")) == 1


def test_thousands_of_comments_are_cut_to_a_bounded_number_and_told_in_few_clusters():
    subjects = ["Kasten", "Regen", "Farbe", "Nachbar", "Zentrale", "Muster", "Treppe", "Fenster", "Garten", "Lampe"]
    subjects += [f"{subject}nschlüssel" for subject in subjects] + [f"{subject}nteppich" for subject in subjects]
    kinds = ["neu", "alt", "grün", "laut", "leise", "warm", "kalt", "schmal", "breit", "rund"]
    texts = [f"{subject} {kinds[n % 10]} {kinds[n // 10 % 10]} {n}" for n in range(170) for subject in subjects]
    began = time.process_time()
    found = clusters(texts, texts, "de")
    assert time.process_time() - began < 30
    assert len(found) == MOST
    assert max(place for cluster in found for place in cluster.members) < TEXTS
