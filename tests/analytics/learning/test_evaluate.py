"""`evaluate_themes`: the figures of anybody's labelled texts, and what is wrong with a file said with its mend."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.analytics.learning.test_training import clauses, corpus

HEADER = "id\ttext\taspects"


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def line(text: str, labels: str) -> str:
    return f"1\t{text}\t{labels}"


@pytest.fixture
def files(tmp_path):
    examples = corpus()
    rows = [line(example.text, "|".join(sorted(example.themes))) for example in examples]
    return write(tmp_path / "train.tsv", [HEADER, *rows[::2]]), write(tmp_path / "test.tsv", [HEADER, *rows[1::2]])


def run(capsys, train: Path, test: Path, *more: str) -> dict:
    call_command("evaluate_themes", "--train", train, "--test", test, "--labels", "aspects", "--json", *more)
    return json.loads(capsys.readouterr().out)


def refusal(train: Path, test: Path, *more: str) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("evaluate_themes", "--train", train, "--test", test, "--labels", "aspects", *more)
    return str(refused.value)


def test_it_prints_every_figure_that_was_promised(capsys, files):
    figures = run(capsys, *files)
    assert (figures["train"] + figures["test"], figures["labels"], figures["language"]) == (len(corpus()), 3, "de")
    for name in ("micro_f1", "macro_f1", "jaccard", "accuracy", "coverage", "precision_at_promise"):
        assert 0.7 <= figures[name] <= 1, name
    assert 0.5 <= figures["recall_at_promise"] <= 1
    assert 0 <= figures["calibration_error"] <= 0.2
    assert figures["train_seconds"] > 0 < figures["texts_per_second"]


def test_with_one_label_each_micro_f1_is_the_accuracy(capsys, tmp_path):
    rows = [line(text, theme) for text, theme, _ in clauses()]
    files = write(tmp_path / "a.tsv", [HEADER, *rows[::2]]), write(tmp_path / "b.tsv", [HEADER, *rows[1::2]])
    figures = run(capsys, *files, "--single", "--language", "de")
    assert figures["accuracy"] == figures["micro_f1"] == figures["jaccard"]


def test_a_label_of_the_test_file_alone_counts_as_missed(capsys, files):
    train, test = files
    before = run(capsys, train, test)
    write(test, [*test.read_text("utf-8").splitlines(), *[line("Das WLAN fehlte.", "wifi")] * 5])
    after = run(capsys, train, test)
    assert (before["only_in_test"], after["only_in_test"]) == ([], ["wifi"])
    assert after["micro_f1"] < before["micro_f1"]
    assert after["macro_f1"] == pytest.approx(before["macro_f1"] * 3 / 4, abs=0.02)


def test_a_label_of_one_training_text_is_named_as_too_rare(capsys, files):
    train, test = files
    write(train, [*train.read_text("utf-8").splitlines(), line("Der Pool war zu.", "pool")])
    assert run(capsys, train, test)["too_few"] == ["pool"]


def test_keywords_find_their_label_in_any_spelling_of_its_name(capsys, files, tmp_path):
    words = tmp_path / "k.yaml"
    words.write_text("Staff: [zimmermädchen, höflich*]\npool: schwimmen, baden\n", encoding="utf-8")
    assert run(capsys, *files, "--keywords", str(words))["keywords_unused"] == ["pool"]


def test_texts_of_several_lines_in_quotes_are_read_as_one(capsys, files):
    train, test = files
    rows = [HEADER, '1\t"Das Personal\nwar höflich."\tstaff', *test.read_text("utf-8").splitlines()[1:]]
    write(test, rows)
    assert run(capsys, train, test)["test"] == len(rows) - 1


def test_quotation_marks_are_ordinary_characters(capsys, files):
    train, test = files
    rows = [HEADER, line('"Das Personal" war höflich.', "staff"), line('Der "Kaffee', "food")]
    write(test, rows)
    assert run(capsys, train, test)["test"] == 2


def test_a_missing_column_is_named_with_those_that_are_there(files):
    assert refusal(*files, "--text", "comment") == (
        "train.tsv has no column “comment”. It has: id, text, aspects. Name the right one."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "train.tsv is empty. It needs a header and labelled texts."),
        (HEADER.encode(), "train.tsv has a header, but no row."),
        (
            f"{HEADER}\n1\tgut\tx\n1\tgut\n".encode(),
            "train.tsv, row 3 has 2 columns instead of 3. Look for a missing or surplus tab.",
        ),
        (
            f"{HEADER}\n1\tschön\tx\n".encode("latin-1"),
            "train.tsv is not in UTF-8 (line 2). Save it as “UTF-8” and try again.",
        ),
        (
            f"{HEADER}\n1\tgut\tx\n1\tfein\tx\n".encode(),
            "train.tsv, column “aspects”: a label needs two texts with it and one without. Add labelled texts.",
        ),
    ],
    ids=["empty", "no row", "odd row", "other encoding", "one class"],
)
def test_what_is_wrong_with_a_file_is_said_with_its_mend(files, content, said):
    train, test = files
    train.write_bytes(content)
    assert refusal(train, test) == said


def test_a_file_that_is_not_there_and_a_language_that_is_none_are_refused(files, tmp_path):
    assert "cannot be read" in refusal(tmp_path / "nowhere.tsv", files[1])
    assert refusal(*files, "--language", "German") == (
        "“German” is not a language code. Write de, en, … or leave it out."
    )


def test_keywords_that_are_no_mapping_are_refused(files, tmp_path):
    words = tmp_path / "k.yaml"
    for content, said in (("- a\n- b", "one line per label"), ("a: [", "is not valid YAML: look at line")):
        words.write_text(content)
        assert said in refusal(*files, "--keywords", str(words))
