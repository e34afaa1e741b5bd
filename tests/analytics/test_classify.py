"""`manage.py classify`: a file of comments in, the same file with themes, signals, language and confidence out."""

import csv
import json

import pytest
from django.core.management import CommandError, call_command

from analytics import themes

HEADER = "id\ttext"
WAITED = "Ich habe ewig in der Warteschleife gewartet, aber die Dame war sehr freundlich."
LEAVING = "The bill was wrong again, I am switching to another provider."


@pytest.fixture
def classify(tmp_path, capsys):
    """Write the lines, run the command, and give the rows that it wrote, and what it said."""

    def run(*lines, **options):
        given, written = tmp_path / "given.tsv", tmp_path / "written.tsv"
        given.write_text("\n".join(lines), encoding="utf-8")
        call_command("classify", input=given, output=written, json=True, **options)
        with written.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return rows, json.loads(capsys.readouterr().out)

    return run


def test_each_comment_gets_themes_with_their_feeling_its_signals_its_language_and_how_sure(classify):
    rows, said = classify(HEADER, f"1\t{WAITED}", f"2\t{LEAVING}", "3\t---", "4\tDer blaue Kasten steht links.")
    assert [(row["id"], row["themes"], row["signals"], row["language"]) for row in rows] == [
        ("1", "waiting_time:-|friendliness:+", "praise_for_agent", "de"),
        ("2", "billing:-|contract:-", "churn_risk", "en"),
        ("3", "", "", rows[2]["language"]),
        ("4", "", "", "de"),
    ]
    assert [bool(row["confidence"]) for row in rows] == [True, True, False, False]
    assert (said["comments"], said["themes"], said["unclassified"], said["empty"]) == (4, 2, 1, 1)


def test_what_the_file_says_beside_stays_and_a_column_of_ours_is_written_anew(classify):
    rows, _said = classify("themes\ttext\tsource", f"old\t{WAITED}\tmail")
    assert list(rows[0]) == ["text", "source", "themes", "signals", "language", "confidence"]
    assert (rows[0]["source"], rows[0]["themes"]) == ("mail", "waiting_time:-|friendliness:+")


def test_comments_of_several_lines_stay_whole(classify):
    rows, _said = classify(HEADER, '1\t"Zu teuer.\nUnd kaputt."')
    assert rows[0]["text"] == "Zu teuer.\nUnd kaputt."


@pytest.mark.django_db
def test_a_clients_own_themes_read_too(classify, acme):
    themes.add(
        acme, {"name_en": "Parking", "name_de": "Parken", "side": "client", "words_de": "parkplatz*, parkplätze"}
    )
    rows, _said = classify(HEADER, "1\tDie Parkplätze sind eine Katastrophe.", taxonomy="acme")
    assert "parking:-" in rows[0]["themes"].split("|")


@pytest.mark.django_db
def test_errors_name_what_is_wrong_and_the_mend(classify):
    with pytest.raises(CommandError, match="There is no client “nobody”"):
        classify(HEADER, "1\tGut", taxonomy="nobody")
    with pytest.raises(CommandError, match="has no column “comment”"):
        classify(HEADER, "1\tGut", text="comment")
