"""Where an analyst sees who reads, has a version trained, takes it into use and goes back; and the command."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics import classification, readers, trainings, versions
from analytics.models import DriftAlert, Reading, Rereading, ThemeModel, Training
from analytics.tasks import reread_history, train_asked
from tests import factories
from tests.analytics.labelling import judged, written

FRENCH = "?client=acme&language=fr"


def page(name, *args):
    return reverse(f"admin:analytics_thememodel_{name}", args=args)


def text_of(answer):
    return " ".join(answer.content.decode().split())


@pytest.fixture
def version(acme, analyst):
    judged(acme, analyst, 170)
    return versions.train_for(acme, "fr", analyst)


def make_alert(client, **fields):
    given = {"language": "fr", "kind": "unclassified", "week_on": "2026-11-02", "expected": 0.2, "found": 0.4}
    return DriftAlert.objects.create(
        client=client, comments=80, chance=0.0004, noted_at=timezone.now(), **{**given, **fields}
    )


# --- Training ---


def test_a_press_has_a_version_trained_in_the_background(browser, acme, analyst):
    judged(acme, analyst, 20)
    assert browser.post(page("reader") + FRENCH, {"train": "1"}).status_code == 302
    assert Training.objects.get().asked_by == analyst
    assert not ThemeModel.objects.exists()  # nobody's page waits for it
    assert "A version will be trained within seconds." in text_of(browser.get(page("reader") + FRENCH))
    assert browser.get(page("progress") + FRENCH).json()["is_training"] is True
    assert train_asked() == 1
    assert browser.get(page("progress") + FRENCH).json()["is_training"] is False
    assert ">fr-1<" in text_of(browser.get(page("reader") + FRENCH))


def test_a_training_that_came_to_nothing_says_why(browser, acme):
    trainings.ask(acme, "fr")
    train_asked()
    assert "nobody has corrected a comment yet" in text_of(browser.get(page("reader") + FRENCH))


def test_looking_changes_nothing(browser, version):
    for name in ("reader", "progress", "changelist"):
        browser.get(page(name) + FRENCH)
    browser.get(page("change", version.pk))
    assert browser.get(page("promote", version.pk)).status_code == 405
    assert browser.get(page("roll_back", version.pk)).status_code == 405
    assert (Training.objects.count(), Rereading.objects.count()) == (0, 0)
    assert ThemeModel.objects.get().state == "candidate"


# --- The card ---


def test_the_card_says_range_and_no_figure_where_there_is_not_enough_evidence(browser, version):
    said = text_of(browser.get(page("change", version.pk)))
    assert {key: each["n"] >= versions.ENOUGH for key, each in version.card["themes"].items()} == {
        "friendliness": False, "price": False, "waiting_time": False
    }  # fmt: skip
    assert said.count("not enough evidence") == 3
    assert "c-whisker-quiet" in said and '<circle class="c-dot" cx="100.00%" cy="8"' not in said


def test_a_version_is_taken_into_use_and_given_up_again(browser, acme, version):
    done = browser.post(page("promote", version.pk), follow=True)
    assert "From now on, fr-1 reads." in text_of(done)
    assert readers.reader_for(acme, "fr").version == "fr-1"
    browser.post(page("roll_back", version.pk))
    assert readers.reader_for(acme, "fr").source == "rules"
    again = browser.post(page("roll_back", version.pk), follow=True)
    assert "It was not in use any more. Nothing was changed." in text_of(again)


def test_a_refused_version_says_why(browser, acme, analyst):
    judged(acme, analyst, 20)
    row = versions.train_for(acme, "fr")
    said = text_of(browser.post(page("promote", row.pk), follow=True))
    assert f"It was not taken into use. {row.held_out_count} labels are held out; nothing can be said below 30." in said
    row.refresh_from_db()
    assert row.state == "candidate"


def test_a_forged_version_says_so_and_has_no_button(browser, version):
    ThemeModel.objects.filter(pk=version.pk).update(data=b"PK forged")
    readers._opened.cache_clear()
    said = text_of(browser.get(page("change", version.pk)))
    assert "its signature is not ours" in said and page("promote", version.pk) not in said
    browser.post(page("promote", version.pk))
    assert ThemeModel.objects.get().state == "candidate"


def test_confused_comments_are_a_press_away(browser, acme, version):
    answer = Reading.objects.filter(source="person").first().answer
    card = version.card | {"confusions": [{"wanted": "price", "said": "billing", "n": 1, "answers": [answer.pk]}]}
    ThemeModel.objects.filter(pk=version.pk).update(card=card)
    assert "wanted=price&amp;said=billing" in text_of(browser.get(page("change", version.pk)))
    behind = browser.get(page("confusions", version.pk) + "?wanted=price&said=billing")
    assert answer.text in text_of(behind)
    assert browser.get(page("confusions", version.pk) + "?wanted=x&said=y").status_code == 404


def test_history_is_re_read_with_its_progress(browser, acme, version):
    for number in range(3):
        classification.read(written(acme, f"une attente interminable, {number}"))
    browser.post(page("promote", version.pk))
    browser.post(page("reader") + FRENCH, {"reread": "1"})
    assert browser.get(page("progress") + FRENCH).json() == {"is_training": False, "done": 0, "all": 3}
    assert '<progress id="reread" max="3" value="0">' in text_of(browser.get(page("reader") + FRENCH))
    assert reread_history() == 3
    reread_history()
    assert browser.get(page("progress") + FRENCH).json() == {"is_training": False, "done": None, "all": None}


# --- What moved ---


def test_what_moved_is_told_until_somebody_has_seen_it(browser, acme, globex, analyst):
    alert = make_alert(acme)
    make_alert(globex)
    told = "More comments remain unclassified: 40.0% instead of 20.0%"
    places = (page("reader") + FRENCH, reverse("admin:index"), reverse("admin:surveys_response_changelist"))
    assert [text_of(browser.get(place)).count(told) for place in places] == [1, 1, 1]
    assert "once in 3,000 weeks" in text_of(browser.get(places[0]))  # 1 / 0.0004 = 2500, in round numbers
    browser.post(reverse("admin:analytics_driftalert_mark_seen", args=[alert.pk]))
    alert.refresh_from_db()
    assert alert.seen_by == analyst
    assert [told in text_of(browser.get(place)) for place in places] == [False, False, False]


# --- Who may ---


def test_globex_does_not_exist_for_acmes_analyst(browser, globex, analyst):
    judged(globex, analyst, 12)
    foreign, alert = versions.train_for(globex, "fr"), make_alert(globex)
    for name in ("reader", "rules", "progress"):
        assert browser.get(page(name) + "?client=globex&language=de").status_code == 404
    assert browser.post(page("reader") + "?client=globex&language=fr", {"train": "1"}).status_code == 404
    for name in ("promote", "roll_back"):
        browser.post(page(name, foreign.pk))
    browser.post(reverse("admin:analytics_driftalert_mark_seen", args=[alert.pk]))
    alert.refresh_from_db()
    assert (ThemeModel.objects.get().state, alert.seen_at, Training.objects.count()) == ("candidate", None, 0)


@pytest.mark.parametrize("role", ["lead", "viewer"])
def test_only_analysts_look_at_models(client, acme, version, role):
    login = factories.make_login(role)
    factories.give_access(login, acme, role, factories.make_team(acme) if role == "lead" else None)
    client.force_login(login)
    pages = (page("reader") + FRENCH, page("progress") + FRENCH, page("change", version.pk), page("changelist"))
    assert [client.get(place).status_code for place in pages] == [403] * 4
    assert client.post(page("promote", version.pk)).status_code == 403


def test_pages_cost_the_same_queries_for_one_version_and_for_three(browser, acme, version):
    def cost(address):
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(address).status_code == 200
        return len(seen)

    places = (page("reader") + FRENCH, page("changelist"), page("change", version.pk))
    before = [cost(place) for place in places]
    versions.train_for(acme, "fr")
    versions.train_for(acme, "fr")
    assert [cost(place) for place in places] == before


# --- The command ---


def test_the_command_trains_promotes_and_says_so_as_json(acme, analyst, capsys):
    judged(acme, analyst, 170)
    call_command("train_themes", "acme", language="fr", promote=True, json=True)
    told, row = json.loads(capsys.readouterr().out), ThemeModel.objects.get()
    assert told == {
        "version": "fr-1",
        "labels": row.label_count,
        "held_out": row.held_out_count,
        "f1_before": row.card["beside"]["micro_f1"],
        "f1_after": row.card["micro_f1"],
        "before": row.card["beside"]["version"],
        "in_use": True,
        "objections": [],
    }


def test_the_command_says_in_words_what_speaks_against_it(acme, analyst, capsys):
    judged(acme, analyst, 20)
    call_command("train_themes", "acme", language="fr", promote=True)
    said = capsys.readouterr().out
    assert "nothing can be said below 30." in said and "It is not in use." in said


@pytest.mark.parametrize("client,why", [("nobody", "There is no client “nobody”"), ("acme", "nothing to learn from")])
def test_the_command_fails_with_a_sentence(acme, client, why):
    with pytest.raises(CommandError, match=why):
        call_command("train_themes", client, language="fr")
