"""Versions: learned from people, measured on what they never saw, in use only by the rule, given up in one press."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import classification, readers, themes, trainings, versions
from analytics.models import Correction, Reading, Rereading, Theme, ThemeAssignment, ThemeModel, Training
from analytics.readers import ForgedModel
from analytics.versions import NotBetter, NothingToLearn, objections
from tests.analytics.labelling import comments, judged, written
from tests.conftest import together

MANY = 170  # labels, of which one in five is held out: more than 30


@pytest.fixture
def reader_of_acme(acme, analyst):
    judged(acme, analyst, MANY)
    return versions.train_for(acme, "fr", analyst)


def figures(n=40, precision=0.9):
    return {"n": n, "precision": [precision, 0.8, 0.95]}


def card(n=100, micro_f1=0.8, **by_theme):
    return {"n": n, "micro_f1": micro_f1, "themes": {key: figures(**each) for key, each in by_theme.items()}}


# --- The rule of promotion, each branch ---


def test_with_29_held_out_labels_nothing_can_be_said():
    assert objections(card(n=29), card(n=29, micro_f1=0.1)) == [{"what": "too_few", "n": 29, "enough": 30}]
    assert objections(card(n=30), card(n=30, micro_f1=0.1)) == []


def test_f1_may_fall_by_half_a_point_and_no_more():
    assert objections(card(micro_f1=0.795), card(micro_f1=0.8)) == []
    assert objections(card(micro_f1=0.7949), card(micro_f1=0.8)) == [
        {"what": "micro_f1", "before": 0.8, "after": 0.7949}
    ]


def test_a_themes_precision_may_fall_by_three_points_and_no_more():
    before = card(price={"precision": 0.9})
    assert objections(card(price={"precision": 0.871}), before) == []
    assert objections(card(price={"precision": 0.869}), before) == [
        {"what": "precision", "theme": "price", "before": 0.9, "after": 0.869}
    ]


def test_a_theme_without_evidence_speaks_neither_for_nor_against():
    assert objections(card(price={"n": 29, "precision": 0.1}), card(price={"n": 29, "precision": 0.9})) == []


def test_a_theme_that_only_one_of_them_named_is_no_fall_of_precision():
    never = {"n": 50, "precision": None}
    assert objections(card() | {"themes": {"price": never}}, card(price={"precision": 0.9})) == []
    assert objections(card(price={"precision": 0.2}), card() | {"themes": {"price": never}}) == []
    assert objections(card(price={"precision": 0.2}), card()) == []


# --- Labels ---


def test_labels_are_what_people_said_of_words_that_still_stand(acme, globex, analyst):
    kept, changed = judged(acme, analyst, 2)
    judged(globex, analyst, 1, start=5)
    classification.read(written(acme, "personne ne décroche"))  # by the machine alone
    changed.text = "tout va bien"
    changed.save()
    assert [(label.answer, label.text, label.themes) for label in versions.labels(acme, "fr")] == [
        (kept.pk, kept.text, {"waiting_time": -1})
    ]
    assert versions.labels(acme, "de") == []


def test_a_label_says_whether_its_comment_was_drawn_by_chance(acme, analyst):
    judged(acme, analyst, 1, drawn=Correction.Drawn.RANDOM)
    judged(acme, analyst, 1, start=1)
    assert [label.is_random for label in versions.labels(acme, "fr")] == [True, False]


def test_labels_follow_a_merged_theme_and_forget_a_retired_one(acme, analyst):
    judged(acme, analyst, 3)
    own = {theme.key: theme for theme in Theme.objects.filter(client=acme)}
    themes.merge(own["price"], own["billing"])
    themes.retire(own["friendliness"])
    assert [label.themes for label in versions.labels(acme, "fr")] == [{"waiting_time": -1}, {"billing": -1}, {}]


def test_the_same_words_never_stand_on_both_sides(acme, analyst):
    judged(acme, analyst, 40)
    judged(acme, analyst, 40)
    known = versions.labels(acme, "fr")
    sides = {True: set(), False: set()}
    for label in known:
        sides[label.is_held_out].add(label.text)
    assert len(known) == 80
    assert sides[True] & sides[False] == set()
    assert len(sides[True]) > 0 and len(sides[False]) > len(sides[True])


def test_labels_cost_the_same_queries_for_one_and_for_many(acme, analyst):
    counts = []
    for start in (0, 30):
        judged(acme, analyst, 1 + start, start=start)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            versions.labels(acme, "fr")
        counts.append(len(seen))
    assert counts[0] == counts[1]


# --- Training ---


def test_without_a_label_there_is_nothing_to_learn(acme):
    written(acme, "personne ne décroche")
    with pytest.raises(NothingToLearn):
        versions.train_for(acme, "fr")
    assert not ThemeModel.objects.exists()


def test_labels_that_are_all_alike_teach_nothing(acme, analyst):
    known = themes.adopt_starter_taxonomy(acme)
    for number in range(8):
        answer = written(acme, f"trop cher, fois {number}")
        classification.correct(answer, {known["price"]: -1}, analyst)
    with pytest.raises(NothingToLearn):
        versions.train_for(acme, "fr")


def test_a_version_says_from_whom_and_how_much_it_learned(reader_of_acme, acme, analyst):
    row, known = reader_of_acme, versions.labels(acme, "fr")
    held_out = sum(label.is_held_out for label in known)
    assert (row.version, row.state, row.trained_by) == ("fr-1", "candidate", analyst)
    assert (row.label_count, row.held_out_count) == (MANY - held_out, held_out)
    assert held_out >= versions.ENOUGH
    assert (row.card["n"], row.card["version"]) == (held_out, "fr-1")
    assert row.card["micro_f1"] > 0.9 > row.card["beside"]["micro_f1"]
    assert row.objections == []


def test_the_held_out_words_are_not_in_what_was_learned(acme, analyst):
    judged(acme, analyst, 60)
    held_out = [label.text for label in versions.labels(acme, "fr") if label.is_held_out]
    names = set(readers.reader_of(versions.train_for(acme, "fr")).model.features.names)
    own_word = [text.split()[-1] for text in held_out]  # “17x” stands in one comment alone
    assert held_out and not any(f"w{word}" in names for word in own_word)


def test_numbers_are_given_by_client_and_language(acme, globex, analyst):
    for client in (acme, globex):
        judged(client, analyst, 12)
    assert [versions.train_for(client, "fr").version for client in (acme, acme, globex)] == ["fr-1", "fr-2", "fr-1"]


@pytest.mark.django_db(transaction=True)
def test_two_who_train_at_once_get_two_numbers(acme, analyst):
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time, by design of SQLite")
    judged(acme, analyst, 30)
    trained = together([lambda: versions.train_for(acme, "fr")] * 2)
    assert sorted(row.number for row in trained) == [1, 2]


# --- Into use, and back ---


def test_a_promoted_version_reads_what_comes_in(reader_of_acme, acme, analyst):
    versions.promote(reader_of_acme, analyst)
    reader_of_acme.refresh_from_db()
    assert (reader_of_acme.state, reader_of_acme.promoted_by) == ("active", analyst)
    reading = classification.read(written(acme, "personne ne décroche hier, fois 900x"))
    assert (reading.source, reading.version, reading.outcome) == ("model", "fr-1", "themes")
    assert [a.theme.key for a in ThemeAssignment.objects.filter(answer=reading.answer)] == ["waiting_time"]


def test_a_version_with_too_few_labels_is_refused_and_says_so(acme, analyst):
    judged(acme, analyst, 20)
    row = versions.train_for(acme, "fr")
    with pytest.raises(NotBetter):
        versions.promote(row)
    row.refresh_from_db()
    assert (row.state, [one["what"] for one in row.objections]) == ("candidate", ["too_few"])
    assert readers.reader_for(acme, "fr").source == "rules"


def test_a_worse_version_does_not_replace_a_good_one(reader_of_acme, acme, analyst):
    versions.promote(reader_of_acme)
    muddled = [label.answer for label in versions.labels(acme, "fr") if not label.is_held_out]
    wrong = list(Theme.objects.filter(client=acme, key__in=("price", "waiting_time", "friendliness")))
    draw = random.Random(1)
    for answer in Reading.objects.filter(answer__in=muddled).select_related("answer__response"):
        classification.correct(answer.answer, {draw.choice(wrong): -1}, analyst)
    worse = versions.train_for(acme, "fr")
    with pytest.raises(NotBetter):
        versions.promote(worse)
    assert worse.objections[0]["what"] == "micro_f1"
    assert ThemeModel.objects.get(state="active") == reader_of_acme


def test_promotion_measures_anew_on_the_labels_of_today(acme, analyst):
    judged(acme, analyst, 20)
    row = versions.train_for(acme, "fr")
    judged(acme, analyst, MANY, start=20)
    versions.promote(row)
    row.refresh_from_db()
    assert (row.state, row.objections) == ("active", [])
    assert row.card["n"] == sum(label.is_held_out for label in versions.labels(acme, "fr")) >= 30


def test_one_is_in_use_and_the_one_before_it_is_a_press_away(reader_of_acme, acme, analyst):
    versions.promote(reader_of_acme)
    second = versions.train_for(acme, "fr")
    versions.promote(second)
    states = dict(ThemeModel.objects.values_list("number", "state"))
    assert states == {1: "former", 2: "active"}
    assert versions.roll_back(second, analyst) == reader_of_acme
    assert dict(ThemeModel.objects.values_list("number", "state")) == {1: "active", 2: "former"}
    assert readers.reader_for(acme, "fr").version == "fr-1"


def test_behind_the_first_version_what_reads_without_labels_reads_again(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    assert versions.roll_back(reader_of_acme) is None
    assert readers.reader_for(acme, "fr").source == "rules"


def test_pressing_back_twice_goes_back_once(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    second = versions.train_for(acme, "fr")
    versions.promote(second)
    third = versions.train_for(acme, "fr")
    versions.promote(third)
    stale = ThemeModel.objects.get(pk=third.pk)
    assert versions.roll_back(third) == second
    assert versions.roll_back(stale) is None
    assert ThemeModel.objects.get(state="active") == second


def test_back_and_back_again_goes_further_back(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    second = versions.train_for(acme, "fr")
    versions.promote(second)
    assert versions.roll_back(versions.roll_back(second)) is None
    assert not ThemeModel.objects.filter(state="active").exists()


def test_globex_is_not_read_by_a_version_of_acme(reader_of_acme, globex):
    versions.promote(reader_of_acme)
    assert readers.reader_for(globex, "fr").source == "rules"
    ThemeModel.objects.filter(pk=reader_of_acme.pk).update(client=globex)
    with pytest.raises(ForgedModel):
        readers.reader_of(ThemeModel.objects.get())


# --- What is not ours is not opened ---


def forged(row: ThemeModel, **columns) -> ThemeModel:
    readers._opened.cache_clear()  # as in the next process
    ThemeModel.objects.filter(pk=row.pk).update(**columns)
    return ThemeModel.objects.get(pk=row.pk)


@pytest.mark.parametrize(
    "columns", [{"number": 7}, {"language": "es"}, {"data": b"cos\nsystem\n"}, {"signature": "0" * 64}]
)
def test_a_version_with_one_thing_changed_is_neither_opened_nor_promoted(reader_of_acme, columns):
    row = forged(reader_of_acme, **columns)
    assert readers.is_ours(row) is False
    with pytest.raises(ForgedModel):
        readers.reader_of(row)
    with pytest.raises(ForgedModel):
        versions.promote(row)
    row.refresh_from_db()
    assert row.state == "candidate"


def test_a_forged_version_in_use_is_passed_over(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    forged(reader_of_acme, data=bytes(reader_of_acme.data)[:-1] + b"!")
    assert readers.reader_for(acme, "fr").source == "rules"
    assert classification.read(written(acme, "personne ne décroche")).source == "rules"


def test_going_back_passes_over_a_forged_version(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    second = versions.train_for(acme, "fr")
    versions.promote(second)
    forged(reader_of_acme, data=b"PK")
    assert versions.roll_back(second) is None
    assert not ThemeModel.objects.filter(state="active").exists()


def test_going_back_passes_over_a_version_whose_vectors_are_gone(reader_of_acme, acme):
    versions.promote(reader_of_acme)
    second = versions.train_for(acme, "fr")
    versions.promote(second)
    model = replace(readers.reader_of(reader_of_acme).model, embeds={"gone": None})
    reader_of_acme.data = model.to_bytes()
    row = forged(reader_of_acme, data=reader_of_acme.data, signature=readers.sign(reader_of_acme))
    assert readers.is_ours(row) is True
    assert versions.roll_back(second) is None
    assert readers.reader_for(acme, "fr").source == "rules"


def test_a_version_survives_a_new_secret_key_while_the_old_one_is_a_fallback(reader_of_acme, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [old]
    assert readers.is_ours(reader_of_acme) is True
    settings.SECRET_KEY_FALLBACKS = []
    assert readers.is_ours(reader_of_acme) is False


# --- History ---


def history(client, count=5):
    answers = [written(client, text) for text, _said in comments(count, start=500)]
    return [classification.read(answer) for answer in answers]


def versions_of(readings):
    return [Reading.objects.get(pk=reading.pk).version for reading in readings]


def test_history_is_read_again_newest_first_and_says_how_far_it_is(reader_of_acme, acme, analyst):
    old = history(acme)
    versions.promote(reader_of_acme)
    rules_version = old[0].version
    order = versions.ask_to_reread(acme, "fr", analyst)
    assert versions.progress(order) == (0, 5)
    assert versions.reread(limit=2) == 2
    assert versions_of(old) == [rules_version] * 3 + ["fr-1"] * 2
    assert versions.progress(order) == (2, 5)
    order.refresh_from_db()
    assert order.finished_at is None


def test_an_interrupted_re_reading_goes_on_where_it_was(reader_of_acme, acme):
    old = history(acme)
    versions.promote(reader_of_acme)
    order = versions.ask_to_reread(acme, "fr")
    done = [versions.reread(limit=2) for _ in range(4)]
    order.refresh_from_db()
    assert done == [2, 2, 1, 0]
    assert versions_of(old) == ["fr-1"] * 5
    assert order.finished_at is not None
    assert versions.reread() == 0


def test_a_re_reading_that_dies_between_two_comments_loses_nothing(reader_of_acme, acme, monkeypatch):
    old = history(acme)
    versions.promote(reader_of_acme)
    versions.ask_to_reread(acme, "fr")

    class Killed(BaseException):
        pass

    store, stored = classification._store, []

    def dies(said):
        if stored:
            raise Killed
        stored.append(said)
        store(said)

    monkeypatch.setattr(classification, "AT_ONCE", 2)
    monkeypatch.setattr(classification, "_store", dies)
    with pytest.raises(Killed):
        versions.reread()
    assert sorted(set(versions_of(old))) == sorted({old[0].version, "fr-1"})
    monkeypatch.setattr(classification, "_store", store)
    versions.reread()
    assert versions_of(old) == ["fr-1"] * 5


def test_what_a_person_judged_is_never_read_again(reader_of_acme, acme, analyst):
    answer = Reading.objects.filter(source="person").first().answer
    before = [list(rows.values()) for rows in (Reading.objects.filter(answer=answer), answer.assignments.all())]
    versions.promote(reader_of_acme)
    versions.ask_to_reread(acme, "fr")
    while versions.reread():
        pass
    assert [list(rows.values()) for rows in (Reading.objects.filter(answer=answer), answer.assignments.all())] == before


def test_a_person_who_judges_during_a_re_reading_wins(reader_of_acme, acme, analyst, monkeypatch):
    [reading] = history(acme, 1)
    price = Theme.objects.get(client=acme, key="price")
    versions.promote(reader_of_acme)
    store = classification._store

    def meanwhile(said):
        classification.correct(reading.answer, {price: 1}, analyst)
        store(said)

    monkeypatch.setattr(classification, "_store", meanwhile)
    versions.ask_to_reread(acme, "fr")
    versions.reread()
    reading.refresh_from_db()
    assert (reading.source, reading.read_by) == ("person", analyst)
    assert [(a.theme, a.sentiment) for a in reading.answer.assignments.all()] == [(price, 1)]


def test_an_order_stands_once_and_touches_nobody_else(reader_of_acme, acme, globex):
    foreign = history(globex, 2)
    versions.promote(reader_of_acme)
    first = versions.ask_to_reread(acme, "fr")
    assert versions.ask_to_reread(acme, "fr") == first
    versions.reread()
    assert versions_of(foreign) == [foreign[0].version] * 2
    versions.reread()
    assert Rereading.objects.count() == 1
    assert versions.ask_to_reread(acme, "fr") != first


# --- Wishes to train ---


def test_a_wish_is_carried_out_once_and_says_what_became_of_it(acme, analyst):
    judged(acme, analyst, 20)
    wish, is_new = trainings.ask(acme, "fr", analyst)
    assert (is_new, trainings.ask(acme, "fr")) == (True, (wish, False))
    assert (trainings.carry_out(), trainings.carry_out()) == (1, 0)
    wish.refresh_from_db()
    assert (wish.result.version, wish.result.trained_by, wish.failure) == ("fr-1", analyst, "")
    assert wish.finished_at is not None


def test_a_wish_with_nothing_to_learn_from_says_so(acme):
    wish, _is_new = trainings.ask(acme, "fr")
    trainings.carry_out()
    wish.refresh_from_db()
    assert (wish.failure, wish.result) == ("nothing", None)


def test_a_wish_held_by_a_living_worker_is_left_alone_and_one_of_a_dead_worker_taken_up(acme, analyst, clock):
    judged(acme, analyst, 20)
    wish, _is_new = trainings.ask(acme, "fr")
    assert trainings._taken(wish) is True
    assert trainings.carry_out() == 0
    clock.shift(trainings.LEASE + dt.timedelta(seconds=1))
    assert trainings.carry_out() == 1
    assert ThemeModel.objects.count() == 1


def test_a_wish_that_has_killed_three_workers_is_given_up(acme, analyst, clock):
    judged(acme, analyst, 20)
    wish, _is_new = trainings.ask(acme, "fr")
    for _try in range(trainings.MOST_TRIES):
        assert trainings._taken(wish) is True
        clock.shift(trainings.LEASE + dt.timedelta(seconds=1))
    assert trainings.carry_out() == 1
    wish.refresh_from_db()
    assert (wish.failure, ThemeModel.objects.count()) == ("broken", 0)


def test_one_broken_wish_holds_up_no_other(acme, globex, analyst, monkeypatch):
    judged(globex, analyst, 20)
    broken, good = trainings.ask(acme, "fr")[0], trainings.ask(globex, "fr")[0]
    train = versions.train_for

    def fails_for_acme(client, *rest):
        if client == acme:
            raise MemoryError
        return train(client, *rest)

    monkeypatch.setattr(versions, "train_for", fails_for_acme)
    assert trainings.carry_out() == 2
    assert [Training.objects.get(pk=wish.pk).failure for wish in (broken, good)] == ["broken", ""]
