"""Our own comments: enough of each theme, in both languages, with both feelings, and none of them twice."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from analytics.learning import starter
from analytics.taxonomy import SIGNAL_KEYS, THEME_KEYS

FILES = Path(starter.__file__).parent / "starter"
GOLD = Path(__file__).parents[1]


def texts(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [row["text"].casefold() for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.mark.parametrize("language", starter.LANGUAGES)
def test_each_theme_has_forty_comments_and_ten_of_each_feeling(language):
    named = Counter(key for said in starter.comments(language) for key in said.themes)
    felt = Counter((key, feeling) for said in starter.comments(language) for key, feeling in said.themes.items())
    assert sorted(named) == sorted(THEME_KEYS)
    assert min(named.values()) >= 40
    assert min(felt[key, feeling] for key in THEME_KEYS for feeling in (1, -1)) >= 10


@pytest.mark.parametrize("language", starter.LANGUAGES)
def test_many_comments_name_several_themes_and_general_never_stands_beside_another(language):
    several = [said for said in starter.comments(language) if len(said.themes) > 1]
    assert len(several) > len(starter.comments(language)) / 3
    assert [said.text for said in several if "general" in said.themes] == []


@pytest.mark.parametrize("language", starter.LANGUAGES)
def test_no_comment_stands_there_twice_or_among_those_that_measure_the_rules(language):
    written = texts(FILES / f"{language}.tsv")
    assert [text for text, times in Counter(written).items() if times > 1] == []
    assert set(written) & set(texts(GOLD / f"gold_{language}.tsv")) == set()


@pytest.mark.parametrize("language", starter.LANGUAGES)
def test_every_signal_is_known_and_each_is_there(language):
    with (FILES / f"{language}.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        assert {signal for row in rows for signal in row["signals"].split("|") if signal} == set(SIGNAL_KEYS)


def test_a_language_without_comments_of_ours_has_none():
    assert starter.comments("tr") == ()
