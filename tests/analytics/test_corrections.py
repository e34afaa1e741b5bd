"""Correcting what machines read: the order of the queue, whose turn it is, undoing, second readings, and the pages."""

import datetime as dt
import html
import math
import random
import re

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from analytics import agreement, classification, corrections, desks, scores, themes
from analytics.agreement import kappa
from analytics.corrections import AlreadySaved, Different, Taken
from analytics.desks import Desk, Drawn
from analytics.forms import keys
from analytics.models import Correction, Lease, Reading, SecondReading, ThemeAssignment
from analytics.models.readings import lot
from analytics.text import fingerprint
from surveys.models import Answer, reach_of
from tests import factories
from tests.conftest import needs, together

QUEUE = reverse("admin:analytics_correction_queue")
SECOND = reverse("admin:analytics_correction_second")
WORDS = "Ich habe ewig gewartet, aber die Dame war freundlich."


def comment(client, margin=None, outcome="themes", text=WORDS, found=(), **fields):
    """An answer with what a machine read in it: `found` as (theme's key, sentiment)."""
    language = fields.pop("language", "de")
    answer = factories.make_response(client, 3, text, kind="csat", **fields).answers.get()
    source = "rules" if margin is None else "model"
    Reading.objects.create(
        answer=answer, outcome=outcome, language=language, source=source, version="1", margin=margin,
        text_hash=fingerprint(text), read_at=factories.NOW,
    )  # fmt: skip
    own = themes.adopt_starter_taxonomy(client)
    for key, sentiment in found:
        ThemeAssignment.objects.create(
            answer=answer, theme=own[key], sentiment=sentiment, source=source, version="1", confidence=0.8
        )
    return answer


def is_in_sample(answer, purpose="first"):
    return Reading.objects.alias(lot=lot(purpose)).filter(answer=answer, lot__lt=desks.TENTH).exists()


def comments(client, n, in_sample=False, **fields):
    """So many comments that are drawn by chance, or so many that never are."""
    made = []
    while len(made) < n:
        answer = comment(client, **fields)
        if is_in_sample(answer) == in_sample:
            made.append(answer)
        else:
            answer.response.delete()
    return made


def desk_of(client, login, **fields):
    return Desk(**{"client": client, "language": "de", "login": login, "at": factories.NOW, **fields})


def turns(desk):
    """The next turn that is by margin, the next that is by chance: as numbers of comments done today."""
    probe = []
    for n in range(10):
        probe.append(desks.hand_out(desk, n).drawn)
        Lease.objects.all().delete()
    return probe.index(Drawn.MARGIN), probe.index(Drawn.RANDOM)


def judged(client, login, answer, *found):
    """`login` has judged it: the answer as it stands then."""
    own = themes.adopt_starter_taxonomy(client)
    classification.correct(answer, {own[key]: sentiment for key, sentiment in found}, login)
    return Answer.objects.get(pk=answer.pk)


@pytest.fixture
def colleague(acme):
    login = factories.make_login("ben", first_name="Ben", last_name="Ohm")
    factories.give_access(login, acme, "analyst")
    return login


@pytest.fixture
def lead(acme):
    login = factories.make_login("mira")
    factories.give_access(login, acme, "lead", factories.make_team(acme))
    return login


# --- Which comes next ---


def test_the_least_sure_comes_first_then_what_has_no_margin_the_unclassified_ahead(acme, analyst):
    answers = [
        comments(acme, 1, margin=margin, outcome=outcome)[0]
        for margin, outcome in (
            (0.4, "themes"), (None, "empty"), (0.1, "unclassified"), (None, "themes"), (None, "unclassified"),
        )
    ]  # fmt: skip
    desk, order = desk_of(acme, analyst), []
    while lease := desks.hand_out(desk_of(acme, analyst, aside=order), 0):
        assert lease.drawn == Drawn.MARGIN
        order.append(lease.answer_id)
    assert [answers.index(Answer.objects.get(pk=pk)) for pk in order] == [2, 0, 4, 3, 1]
    assert desk.holds_all


def test_one_in_ten_turns_draws_by_chance_whatever_the_margin(acme, analyst):
    for margin in (0.01, 0.02, 0.03):
        comments(acme, 1, margin=margin)
    sure = comments(acme, 1, in_sample=True, margin=0.99)[0]
    desk = desk_of(acme, analyst)
    drawn = []
    for n in range(20):
        lease = desks.hand_out(desk, n)
        drawn.append((lease.drawn, lease.answer_id))
        Lease.objects.all().delete()
    by_chance = [place for place, (way, _answer) in enumerate(drawn) if way == Drawn.RANDOM]
    assert len(by_chance) == 2
    assert by_chance[1] - by_chance[0] == 10
    assert {drawn[place][1] for place in by_chance} == {sure.pk}


def test_people_who_judge_only_a_few_a_day_draw_by_chance_too(acme):
    comments(acme, 1, margin=0.1)
    comments(acme, 1, in_sample=True, margin=0.9)
    firsts = set()
    for number in range(12):
        login = factories.make_login(f"analyst{number}")
        factories.give_access(login, acme, "analyst")
        firsts.add(turns(desk_of(acme, login))[1])
    assert len(firsts) > 3


def test_what_is_drawn_by_chance_is_a_tenth_of_all_and_knows_nothing_of_margins(acme):
    pks = [comment(acme, margin=number / 300).pk for number in range(300)]
    sample = set(Reading.objects.alias(lot=lot("first")).filter(lot__lt=desks.TENTH).values_list("answer", flat=True))
    lower = sum(pk in sample for pk in pks[:150])
    assert 12 <= len(sample) <= 50  # 30 in the mean, four standard deviations to either side
    assert abs(lower - len(sample) / 2) <= 4 * (len(sample) / 4) ** 0.5


def test_the_head_of_each_queue_is_looked_up_in_its_order_and_nothing_is_sorted(acme, analyst):
    """However many comments wait: the database walks an index that lies in the order of the queue."""
    comments(acme, 3)
    if connection.vendor == "postgresql":  # which reads so few rows as they lie, if it may
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    desk = desk_of(acme, analyst)
    queues = [queue for _, queue in desks._sample(desk) + desks._least_sure(desk)]
    for queue, index in zip(queues, ("reading_by_lot", "reading_by_margin", "reading_unmeasured"), strict=True):
        plan = queue.values_list("answer", flat=True)[: desks.TRIED].explain()
        assert index in plan
        assert "->  Sort" not in plan  # PostgreSQL; among equal margins it may
        assert "B-TREE FOR ORDER BY" not in plan  # SQLite


def test_a_comment_of_the_sample_never_comes_by_margin_and_a_lead_draws_no_sample(acme, lead):
    team = factories.make_team(acme)
    comments(acme, 1, in_sample=True, margin=0.01, team=team)
    other = comments(acme, 1, margin=0.5, team=team)[0]
    handed = {desks.hand_out(desk_of(acme, lead), n).answer_id for n in range(10)}
    assert handed == {other.pk}


def test_leads_are_handed_their_teams_comments_and_no_others(acme, globex, lead):
    team, elsewhere = factories.make_team(acme), factories.make_team(acme, "Süd")
    mine = comments(acme, 1, margin=0.5, team=team)[0]
    counter = factories.make_unverified(acme, 2, "Lange Schlange.", kind="csat", team=team).answers.get()
    comments(acme, 1, margin=0.1, team=elsewhere)
    comments(acme, 1, margin=0.1)
    comments(globex, 1, margin=0.1)
    assert desks.hand_out(desk_of(acme, lead), 0).answer_id == mine.pk
    assert set(Answer.objects.filter(desks.within(reach_of(lead)))) == {mine, counter}
    assert list(desks.clients_of(lead)) == [acme]
    assert desks.waiting(acme, lead) == {"de": 1}


def test_languages_and_clients_are_queues_of_their_own(acme, globex, analyst):
    english = comments(acme, 1, margin=0.1, language="en")[0]
    comments(acme, 2, margin=0.2)
    comments(globex, 1, margin=0.01)
    assert desks.waiting(acme, analyst) == {"de": 2, "en": 1}
    assert desks.hand_out(desk_of(acme, analyst, language="en"), 0).answer_id == english.pk
    assert desks.hand_out(desk_of(globex, analyst), 0) is None


def test_what_the_customer_changed_since_it_was_read_waits_until_it_is_read_again(acme, analyst):
    answer = comments(acme, 1, margin=0.1)[0]
    response = answer.response
    type(response).objects.filter(pk=response.pk).update(changed_at=factories.NOW, first={"said": {}})
    assert desks.hand_out(desk_of(acme, analyst), 0) is None
    Reading.objects.update(read_at=factories.NOW + dt.timedelta(minutes=1))
    assert desks.hand_out(desk_of(acme, analyst), 0).answer_id == answer.pk


# --- In whose hands ---


def test_two_people_are_never_handed_the_same_comment(acme, analyst, colleague):
    first, second = comments(acme, 2, margin=0.1)
    handed = {desks.hand_out(desk_of(acme, login), 0).answer_id for login in (analyst, colleague)}
    assert handed == {first.pk, second.pk}
    assert desks.hand_out(desk_of(acme, analyst), 0).answer_id == desks.hand_out(desk_of(acme, analyst), 0).answer_id


def test_after_ten_minutes_a_comment_is_free_for_others(acme, analyst, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    desks.hand_out(desk_of(acme, analyst), 0)
    assert desks.hand_out(desk_of(acme, colleague), 0) is None
    later = factories.NOW + dt.timedelta(minutes=10)
    assert desks.hand_out(desk_of(acme, colleague, at=later), 0).answer_id == answer.pk
    assert desks.pick(answer, desk_of(acme, analyst, at=later)) is None


@pytest.mark.django_db(transaction=True)
def test_of_six_who_reach_for_two_comments_at_once_two_get_one_each(acme):
    wanted = {answer.pk for answer in comments(acme, 2, margin=0.1)}
    logins = []
    for number in range(6):
        logins.append(factories.make_login(f"analyst{number}"))
        factories.give_access(logins[-1], acme, "analyst")
    needs("people at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    handed = together([lambda login=login: desks.hand_out(desk_of(acme, login), 0) for login in logins])
    assert sorted(lease.answer_id for lease in handed if lease) == sorted(wanted)


@pytest.mark.django_db(transaction=True)
def test_of_two_judgements_at_once_one_is_saved_and_the_other_refused(acme, analyst, colleague):
    answer = comments(acme, 1, found=[("waiting_time", -1)])[0]
    shown, own = corrections.as_shown(answer), themes.adopt_starter_taxonomy(acme)

    def judge(login, key):
        try:
            corrections.judge(desk_of(acme, login), shown, {own[key]: 1})
        except Taken:
            return None
        return key

    needs("two who judge at once take PostgreSQL (set DATABASE_URL)", connection.vendor == "postgresql")
    said = together([lambda: judge(analyst, "billing"), lambda: judge(colleague, "price")])
    (kept,) = filter(None, said)
    assert list(answer.assignments.values_list("theme__key", flat=True)) == [kept]
    assert Correction.objects.count() == 1


# --- Judging ---


def test_a_judgement_says_how_its_comment_was_drawn(acme, analyst):
    comments(acme, 1, margin=0.1)
    comments(acme, 1, in_sample=True, margin=0.9)
    chosen = comments(acme, 1, margin=0.5)[0]
    desk = desk_of(acme, analyst)
    for today in turns(desk):
        lease = desks.hand_out(desk, today)
        corrections.judge(desk, corrections.as_shown(lease.answer), {})
    desks.pick(chosen, desk)
    corrections.judge(desk, corrections.as_shown(chosen), {})
    drawn = Correction.objects.order_by("pk").values_list("drawn", flat=True)
    assert list(drawn) == [Drawn.MARGIN, Drawn.RANDOM, Drawn.CHOSEN]
    assert not Lease.objects.exists()


def test_words_that_changed_while_they_were_read_are_not_judged_as_the_old_ones(acme, analyst):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = corrections.as_shown(answer)
    Answer.objects.update(text="Jetzt ist alles gut.")
    with pytest.raises(Different):
        corrections.judge(desk_of(acme, analyst), shown, {})
    assert Reading.objects.get().source == "model"


def test_what_a_machine_read_again_meanwhile_is_not_accepted_unseen_but_may_be_corrected(acme, analyst):
    answer = comments(acme, 1, margin=0.1, found=[("billing", -1)])[0]
    shown = corrections.as_shown(answer)
    ThemeAssignment.objects.update(sentiment=1)
    own = themes.adopt_starter_taxonomy(acme)
    with pytest.raises(Different):
        corrections.judge(desk_of(acme, analyst), shown, {own["billing"]: 1}, is_accepted=True)
    corrections.judge(desk_of(acme, analyst), shown, {own["billing"]: -1})
    assert [found.sentiment for found in answer.assignments.all()] == [-1]


def test_a_button_pressed_twice_saves_once_and_a_colleagues_judgement_is_not_overwritten(acme, analyst, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = corrections.as_shown(answer)
    corrections.judge(desk_of(acme, analyst), shown, {})
    with pytest.raises(AlreadySaved):
        corrections.judge(desk_of(acme, analyst), shown, {})
    with pytest.raises(Taken):
        corrections.judge(desk_of(acme, colleague), shown, {})
    assert Correction.objects.count() == 1


def test_what_lies_before_somebody_else_is_not_judged(acme, analyst, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = corrections.as_shown(answer)
    desks.pick(answer, desk_of(acme, colleague))
    with pytest.raises(Taken):
        corrections.judge(desk_of(acme, analyst), shown, {})


# --- Taking back ---


def as_it_stands(answer):
    reading = Reading.objects.values("outcome", "source", "version", "signals", "margin", "text_hash", "language").get(
        answer=answer
    )
    found = answer.assignments.order_by("pk").values(
        "theme", "sentiment", "source", "version", "confidence", "start", "end"
    )
    return reading, list(found)


def test_undoing_brings_back_the_machines_judgement_with_all_it_had_and_leaves_a_trace(acme, analyst):
    answer = comments(acme, 1, margin=0.1, found=[("waiting_time", -1), ("friendliness", 1)])[0]
    ThemeAssignment.objects.filter(theme__key="waiting_time").update(start=0, end=22)
    Reading.objects.update(signals=["churn_risk"])
    before = as_it_stands(answer)
    desk, own = desk_of(acme, analyst, at=dt.datetime.now(dt.UTC)), themes.adopt_starter_taxonomy(acme)
    corrections.judge(desk, corrections.as_shown(answer), {own["price"]: 1}, dropped=["churn_risk"])
    assert as_it_stands(answer) != before
    assert corrections.undo(desk) == answer
    assert as_it_stands(answer) == before
    trace = Correction.objects.first()
    assert (trace.by, trace.drawn, trace.before["themes"]) == (analyst, "undo", {"price": 1})
    assert trace.after == Correction.objects.last().before
    assert corrections.undo(desk) is None


def test_a_judgement_on_words_that_changed_since_is_taken_back_and_the_new_words_are_unread(acme, analyst):
    answer = judged(acme, analyst, comments(acme, 1, margin=0.1)[0], ("price", 1))
    Answer.objects.update(text="Jetzt ist alles gut.")
    corrections.undo(desk_of(acme, analyst, at=dt.datetime.now(dt.UTC)))
    assert not ThemeAssignment.objects.exists()
    assert list(classification.unread()) == [answer]
    assert Correction.objects.first().after == {}


def test_undoing_brings_back_an_earlier_persons_judgement_as_theirs(acme, analyst, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    Reading.objects.update(signals=["churn_risk"])
    answer = judged(acme, colleague, answer, ("billing", -1))
    at = Reading.objects.get().read_at
    desk, own = desk_of(acme, analyst, at=dt.datetime.now(dt.UTC)), themes.adopt_starter_taxonomy(acme)
    corrections.judge(desk, corrections.as_shown(answer), {own["price"]: 1}, dropped=["churn_risk"])
    corrections.undo(desk)
    reading = Reading.objects.get()
    assert (reading.source, reading.read_by, reading.read_at, reading.signals) == (
        "person", colleague, at, ["churn_risk"],
    )  # fmt: skip
    assert list(answer.assignments.values_list("theme__key", "sentiment")) == [("billing", -1)]
    assert Correction.objects.first().after["themes"] == {"billing": -1}


def test_a_comment_that_was_drawn_by_chance_is_still_so_after_it_was_taken_back(acme, analyst):
    comments(acme, 1, margin=0.1)
    sampled = comments(acme, 1, in_sample=True, margin=0.9)[0]
    desk = desk_of(acme, analyst, at=dt.datetime.now(dt.UTC))
    desks.hand_out(desk, turns(desk)[1])
    corrections.judge(desk, corrections.as_shown(sampled), {})
    corrections.undo(desk)
    assert desks.pick(sampled, desk).drawn == Drawn.RANDOM
    corrections.judge(desk, corrections.as_shown(Answer.objects.get(pk=sampled.pk)), {})
    assert list(Correction.objects.order_by("pk").values_list("drawn", flat=True)) == ["random", "undo", "random"]


def test_nobody_takes_back_what_another_has_judged_since_or_what_was_judged_yesterday(acme, analyst, colleague):
    first, second = comments(acme, 2, margin=0.1)
    desk = desk_of(acme, analyst, at=dt.datetime.now(dt.UTC))
    judged(acme, analyst, first)
    Correction.objects.update(at=desk.at - dt.timedelta(days=1))
    judged(acme, analyst, second)
    judged(acme, colleague, second, ("price", 1))
    assert corrections.undo(desk) is None


# --- The second reader ---


def test_of_very_many_that_wait_only_so_many_are_counted(browser, acme, analyst, monkeypatch):
    comments(acme, 3, margin=0.1)
    assert desks.waiting(acme, analyst) == {"de": 3}
    assert "3 wait</span>" in browser.get(QUEUE).content.decode()
    monkeypatch.setattr(desks, "COUNTED", 2)
    assert desks.waiting(acme, analyst) == {"de": 2}
    assert "at least 2 wait</span>" in browser.get(QUEUE).content.decode()


def test_a_second_reading_is_taken_back_and_comes_again(acme, analyst, colleague):
    answer = second_sample(acme, analyst, 1, ("billing", -1))[0]
    desk, own = desk_of(acme, colleague, at=dt.datetime.now(dt.UTC)), themes.adopt_starter_taxonomy(acme)
    corrections.judge_second(desk, corrections.as_shown(answer), {own["price"]: -1})
    assert desks.second_today(desk) == 1
    assert corrections.undo_second(desk) == answer
    assert (SecondReading.objects.count(), desks.second_today(desk)) == (0, 0)
    assert desks.hand_out_second(desk).answer_id == answer.pk
    assert list(answer.assignments.values_list("theme__key", flat=True)) == ["billing"]
    assert corrections.undo_second(desk) is None


def test_a_second_reading_stays_once_it_is_settled_and_from_the_next_day_on(acme, analyst, colleague):
    settled, older = second_sample(acme, analyst, 2, ("billing", -1))
    desk = desk_of(acme, colleague, at=dt.datetime.now(dt.UTC))
    for answer in (settled, older):
        corrections.judge_second(desk, corrections.as_shown(answer), {})
    judged(acme, analyst, settled)
    SecondReading.objects.filter(answer=older).update(at=desk.at - dt.timedelta(days=1))
    assert corrections.undo_second(desk) is None
    assert SecondReading.objects.count() == 2


def test_nobody_takes_back_anothers_second_reading(acme, globex, analyst, colleague):
    answer = second_sample(acme, analyst, 1)[0]
    corrections.judge_second(desk_of(acme, colleague), corrections.as_shown(answer), {})
    others = (desk_of(acme, analyst), desk_of(globex, colleague))
    assert [corrections.undo_second(desk) for desk in others] == [None, None]


def second_sample(client, login, n, *found):
    """So many comments that `login` judged and that are up for a second reading."""
    made = []
    while len(made) < n:
        answer = comment(client, margin=0.1)
        if is_in_sample(answer, "second"):
            made.append(judged(client, login, answer, *found))
        else:
            answer.response.delete()
    return made


def test_a_second_person_reads_what_another_judged_and_the_first_judgement_stands(acme, analyst, colleague):
    answer = second_sample(acme, analyst, 1, ("billing", -1))[0]
    assert desks.hand_out_second(desk_of(acme, analyst)) is None
    desk, own = desk_of(acme, colleague), themes.adopt_starter_taxonomy(acme)
    lease = desks.hand_out_second(desk)
    assert lease.answer_id == answer.pk
    corrections.judge_second(desk, corrections.as_shown(answer), {own["price"]: -1})
    row = SecondReading.objects.get()
    assert (row.by, row.first, row.second) == (colleague, {"billing": -1}, {"price": -1})
    assert list(answer.assignments.values_list("theme__key", flat=True)) == ["billing"]
    assert Reading.objects.get().read_by == analyst
    assert desks.hand_out_second(desk) is None


def test_only_the_sample_is_read_twice_and_never_by_who_judged_it(acme, analyst, colleague):
    answer = second_sample(acme, analyst, 1)[0]
    shown = corrections.as_shown(answer)
    with pytest.raises(Taken):
        corrections.judge_second(desk_of(acme, analyst), shown, {})
    other = comment(acme, margin=0.1)
    while is_in_sample(other, "second"):
        other = comment(acme, margin=0.1)
    with pytest.raises(Taken):
        corrections.judge_second(desk_of(acme, colleague), corrections.as_shown(judged(acme, analyst, other)), {})
    corrections.judge_second(desk_of(acme, colleague), shown, {})
    with pytest.raises(AlreadySaved):
        corrections.judge_second(desk_of(acme, colleague), shown, {})


def pairs_of(both=0, one=0, other=0, neither=0, name="price"):
    """Comments in which both readers name the theme, only the first, only the second, neither."""
    said, silent = {name}, set()
    return [(said, said)] * both + [(said, silent)] * one + [(silent, said)] * other + [(silent, silent)] * neither


def test_kappa_is_the_textbooks():
    """Of 50 proposals two readers both accept 20 and both refuse 15; 5 and 10 only one of them accepts: 0.4."""
    found = kappa(pairs_of(20, 5, 10, 15), ["price"])
    assert (found.value, found.n) == (pytest.approx(0.4), 50)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_kappa_of_one_theme_agrees_with_scikit_learn(verdicts):
    pairs = [tuple({"price"} if verdict else set() for verdict in pair) for pair in verdicts]
    expected = metrics.cohen_kappa_score(*zip(*verdicts, strict=True), labels=[False, True])
    found = kappa(pairs, ["price"])
    assert found is None if math.isnan(expected) else found.value == pytest.approx(expected)


def test_pooled_kappa_takes_the_means_of_agreement_and_of_chance():
    price, billing = pairs_of(20, 5, 10, 15), pairs_of(1, 0, 1, 48, name="billing")
    pairs = [(a | c, b | d) for (a, b), (c, d) in zip(price, billing, strict=True)]
    agreed = (35 / 50 + 49 / 50) / 2
    expected = (0.5 + (1 * 2 + 49 * 48) / 2500) / 2
    assert kappa(pairs, ["price", "billing", "never"]).value == pytest.approx((agreed - expected) / (1 - expected))


def test_full_agreement_is_one_with_an_interval_that_has_a_width_and_what_nobody_says_tells_nothing():
    full = kappa(pairs_of(both=20, neither=20), ["price"])
    assert (full.value, full.high) == (1, 1)
    assert full.low == pytest.approx(1 - (1 - scores.share(40, 40).low / 100) / 0.5)
    alone = kappa(pairs_of(both=1, neither=39), ["price"])
    chance = 2 / 40 - 2 / 1600  # that the two would differ who named it as often, but at random
    assert (alone.value, alone.low) == (1, pytest.approx(1 - (1 - scores.share(40, 40).low / 100) / chance))
    assert kappa(pairs_of(neither=40), ["price"]) is None
    assert kappa(pairs_of(both=40), ["price"]) is None
    assert kappa([], ["price"]) is None


@pytest.mark.parametrize("themes_of_each", [1, 3])
def test_the_interval_of_kappa_holds_what_it_promises(themes_of_each):
    """Readers who err on one in ten of the themes of 100 comments: about 95 of 100 intervals hold their true kappa."""
    chance, held, rounds = random.Random(7), 0, 400
    often, error, names = 0.3, 0.1, [f"theme {number}" for number in range(themes_of_each)]
    yes = often * (1 - error) + (1 - often) * error
    truth = 1 - 2 * error * (1 - error) / (2 * yes * (1 - yes))
    for _ in range(rounds):
        pairs = []
        for _comment in range(100):
            there = {name for name in names if chance.random() < often}
            erring = [{name for name in names if chance.random() < error} for _reader in range(2)]
            pairs.append((there ^ erring[0], there ^ erring[1]))
        found = kappa(pairs, names)
        held += found.low <= truth <= found.high
    assert 0.92 <= held / rounds <= 0.98


def test_agreement_counts_comments_of_the_client_and_language_and_follows_merges(acme, globex, analyst, colleague):
    own = themes.adopt_starter_taxonomy(acme)
    for number, answer in enumerate(comments(acme, 3, margin=0.1)):
        judged(acme, analyst, answer)
        second = {"billing": -1} if number else {"price": 1}
        SecondReading.objects.create(
            answer=answer, by=colleague, at=factories.NOW, first={"billing": -1}, second=second, text_hash=""
        )
    themes.merge(own["price"], own["billing"], analyst)
    found = agreement.of(acme, "de")
    assert (found.n, found.is_enough) == (3, False)
    assert "price" not in found.themes
    assert found.themes["billing"] is None  # since the merge all say the same of every comment
    assert (agreement.of(acme, "en").n, agreement.of(globex, "de").n) == (0, 0)


def test_a_disagreement_is_listed_until_the_comment_is_judged_once_more(acme, analyst, colleague):
    same, apart = second_sample(acme, analyst, 2, ("billing", -1))
    own = themes.adopt_starter_taxonomy(acme)
    for answer, sentiment in ((same, -1), (apart, 1)):
        desk = desk_of(acme, colleague, at=dt.datetime.now(dt.UTC))
        corrections.judge_second(desk, corrections.as_shown(answer), {own["billing"]: sentiment})
    (found,) = agreement.disagreements(acme, "de", analyst)
    assert (found.reading.answer, found.first_by, found.reading.by) == (apart, analyst, colleague)
    assert [pair[0].key for pair in (*found.first, *found.second)] == ["billing", "billing"]
    judged(acme, analyst, apart, ("billing", 1))
    assert agreement.disagreements(acme, "de", analyst) == []


# --- Keys ---


def test_each_theme_has_a_key_of_its_own_and_none_is_a_verb():
    german = ["Wartezeit", "Freundlichkeit", "Werbung & Druck", "Preis", "Neu", "Unterlagen"]
    assert keys(german) == ["w", "f", "d", "p", "e", "t"]
    many = keys([f"Thema {number}" for number in range(40)])
    assert len(set(filter(None, many))) == 33
    assert many[33:] == [""] * 7
    assert {"n", "u", "0"} & set(many) == set()


# --- The pages ---


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def sheet(page):
    return {name: field(page, name) for name in ("answer", "text_hash", "judged", "stood")}


def test_a_comment_is_shown_with_its_question_score_themes_and_words(browser, acme):
    answer = comments(acme, 1, margin=0.1, found=[("waiting_time", -1)])[0]
    ThemeAssignment.objects.update(start=0, end=22)
    page = browser.get(QUEUE).content.decode()
    assert field(page, "answer") == str(answer.pk)
    assert '<mark class="ev ev-negative">Ich habe ewig gewartet</mark>' in page
    assert '<span class="sure">80%</span>' in page
    assert "of 5, in between" in page
    assert "0 today, 1 waits" in " ".join(page.split())
    assert "You see it because the machine was least sure." in page


def test_what_is_right_is_confirmed_with_one_press_whatever_the_radios_say(browser, acme, analyst):
    answer = comments(acme, 1, margin=0.1, found=[("waiting_time", -1)])[0]
    own = themes.adopt_starter_taxonomy(acme)
    form = sheet(browser.get(QUEUE).content.decode()) | {"accept": "1", f"theme_{own['price'].pk}": "1"}
    page = browser.post(QUEUE, form, follow=True).content.decode()
    assert list(answer.assignments.values_list("theme__key", "sentiment", "source")) == [("waiting_time", -1, "person")]
    assert Reading.objects.get().read_by == analyst
    assert "1 today, 0 wait" in " ".join(page.split())
    assert "No comment waits here." in page


def test_a_correction_is_saved_and_the_next_comment_comes(browser, acme):
    first, second = comments(acme, 2, margin=0.1)
    shown = sheet(browser.get(QUEUE).content.decode())
    own = themes.adopt_starter_taxonomy(acme)
    page = browser.post(QUEUE, shown | {"save": "1", f"theme_{own['price'].pk}": "-1"}, follow=True).content.decode()
    corrected = Correction.objects.get()
    assert corrected.after["themes"] == {"price": -1}
    assert {str(corrected.answer_id), field(page, "answer")} == {str(first.pk), str(second.pk)}


def test_what_is_skipped_comes_no_more_today_but_to_others(browser, acme, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = sheet(browser.get(QUEUE).content.decode())
    assert "No comment waits here." in browser.post(QUEUE, shown | {"skip": "1"}, follow=True).content.decode()
    assert desks.hand_out(desk_of(acme, colleague), 0).answer_id == answer.pk
    assert Reading.objects.get().source == "model"


def test_taking_back_shows_the_comment_again(browser, acme):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = sheet(browser.get(QUEUE).content.decode())
    browser.post(QUEUE, shown | {"save": "1"})
    page = browser.post(QUEUE, {"undo": "1"}, follow=True).content.decode()
    assert "Your last judgement is taken back." in page
    assert field(page, "answer") == str(answer.pk)
    assert Reading.objects.get().source != "person"


def test_who_comes_too_late_reads_a_friendly_note(browser, acme, colleague):
    answer = comments(acme, 1, margin=0.1)[0]
    shown = sheet(browser.get(QUEUE).content.decode())
    judged(acme, colleague, answer, ("price", 1))
    page = browser.post(QUEUE, shown | {"save": "1"}, follow=True).content.decode()
    assert "Theirs stands; yours was not saved." in page
    assert Reading.objects.get().read_by == colleague


def test_words_that_changed_meanwhile_are_shown_again_and_nothing_is_saved(browser, acme):
    comments(acme, 1, margin=0.1)
    shown = sheet(browser.get(QUEUE).content.decode())
    Answer.objects.update(text="Jetzt ist alles gut.")
    page = browser.post(QUEUE, shown | {"accept": "1"}, follow=True).content.decode()
    assert "This comment changed while you were reading." in page
    assert "Jetzt ist alles gut." in page
    assert 'name="accept"' not in page
    assert not Correction.objects.exists()


def test_the_second_reader_sees_nothing_of_the_first_judgement(browser, acme, colleague):
    answer = second_sample(acme, colleague, 1, ("waiting_time", -1))[0]
    ThemeAssignment.objects.update(start=0, end=22)
    page = browser.get(SECOND).content.decode()
    assert field(page, "answer") == str(answer.pk)
    assert [hidden for hidden in ("<mark", "Ohm", 'name="accept"', "chip-negative") if hidden in page] == []
    assert 'value="-1" id="id_' in page
    assert page.count("checked") == page.count('value="" id="id_') + 1  # and the switch of the keys
    own = themes.adopt_starter_taxonomy(acme)
    browser.post(SECOND, sheet(page) | {"save": "1", f"theme_{own['price'].pk}": "1"})
    assert SecondReading.objects.get().second == {"price": 1}


def test_a_second_reading_is_taken_back_on_its_page(browser, acme, colleague):
    answer = second_sample(acme, colleague, 1)[0]
    page = browser.get(SECOND).content.decode()
    assert 'name="undo"' not in page
    page = browser.post(SECOND, sheet(page) | {"save": "1"}, follow=True).content.decode()
    assert 'name="undo"' in page
    page = browser.post(SECOND, {"undo": "1"}, follow=True).content.decode()
    assert "Your last judgement is taken back." in page
    assert field(page, "answer") == str(answer.pk)


def test_a_merged_theme_is_offered_as_what_it_became(browser, acme):
    own = themes.adopt_starter_taxonomy(acme)
    answer = comment(acme, margin=0.1, found=[("billing", -1)])
    ThemeAssignment.objects.update(start=0, end=22)
    themes.merge(own["billing"], own["price"])
    page = html.unescape(browser.get(f"{QUEUE}?answer={answer.pk}").content.decode())
    offered = [f'<span class="name">{own[key]}</span>' in page for key in ("billing", "price")]
    assert (offered, f'data-theme="{own["price"].pk}"' in page) == ([False, True], True)
    browser.post(QUEUE, sheet(page) | {"accept": "1"})
    said = Answer.objects.get(pk=answer.pk).assignments.values_list("theme__key", "sentiment", "source", "start")
    assert list(said) == [("price", -1, "person", 0)]


def test_where_a_person_found_no_theme_the_page_says_so(browser, acme, colleague):
    answer = judged(acme, colleague, comment(acme, margin=0.1))
    page = browser.get(f"{QUEUE}?answer={answer.pk}").content.decode()
    assert "No theme of yours fits." in page
    sheets = reverse("admin:surveys_response_changelist")
    assert "no theme fits" in browser.get(sheets).content.decode()
    assert f">{WORDS}<" not in browser.get(sheets, {"comment": "unclassified"}).content.decode()


def test_agreement_is_told_from_thirty_comments_on(browser, acme, analyst, colleague):
    def page():
        return " ".join(browser.get(SECOND).content.decode().split())

    for number, answer in enumerate(comments(acme, 30, margin=0.1)):
        judged(acme, colleague, answer)
        if number == 29:
            assert "Not enough evidence yet: 29 comments were read twice" in page()
        said = {"price": 1} if number % 2 else {"billing": -1}
        SecondReading.objects.create(
            answer=answer, by=analyst, at=dt.datetime.now(dt.UTC), first=said, second=said, text_hash=""
        )
    assert "Cohen’s kappa over all themes: 1.00 (" in page()


def test_the_history_names_correctors_to_those_only_who_may_know_them(client, acme, analyst, colleague):
    answer = judged(acme, colleague, comments(acme, 1, margin=0.1)[0], ("price", 1))
    pages = [
        f"{QUEUE}?answer={answer.pk}",
        reverse("admin:surveys_response_change", args=[answer.response_id]),
        reverse("admin:analytics_correction_changelist"),
    ]
    client.force_login(analyst)
    assert ["Ben Ohm" in client.get(page).content.decode() for page in pages] == [True] * 3
    factories.give_access(analyst, factories.make_client("initech", "Initech"), "viewer")
    blind = Browser()
    blind.force_login(type(analyst).objects.get(pk=analyst.pk))
    assert ["Ohm" in blind.get(page).content.decode() for page in pages] == [False] * 3
    assert "by choice" in blind.get(pages[0]).content.decode()


@pytest.mark.parametrize("page", [QUEUE, SECOND])
def test_only_analysts_and_leads_sit_at_a_desk(client, acme, lead, analyst, page):
    agent, viewer = factories.make_login("lena"), factories.make_login("vera")
    factories.make_agent(acme, login=agent)
    factories.give_access(viewer, acme, "viewer")
    found = {}
    for login in (analyst, lead, agent, viewer):
        client.force_login(login)
        found[login.username] = client.get(page).status_code, client.post(page, {"undo": "1"}).status_code
    assert found == {"anna": (200, 302), "mira": (200, 302), "lena": (403, 403), "vera": (403, 403)}


def test_what_is_foreign_does_not_exist(browser, acme, globex):
    mine, foreign = comments(acme, 1, margin=0.1)[0], comments(globex, 1, margin=0.1)[0]
    shown = {"text_hash": fingerprint(WORDS), "judged": "0", "stood": "", "save": "1"}
    for query in (
        "?client=globex",
        f"?answer={foreign.pk}",
        "?language=xx",
        "?client=nobody",
        "?answer=x",
        "?answer=9",
    ):
        assert browser.get(QUEUE + query).status_code == 404, query
    for place in (QUEUE, SECOND):
        assert browser.post(place, shown | {"answer": foreign.pk}).status_code == 404
    assert browser.post(f"{QUEUE}?client=globex", shown | {"answer": foreign.pk}).status_code == 404
    assert browser.post(QUEUE, shown | {"answer": mine.pk}).status_code == 302
    assert not Correction.objects.filter(answer=foreign).exists()


def test_a_forged_theme_or_sentiment_is_no_judgement(browser, acme, globex):
    comments(acme, 1, margin=0.1)
    shown = sheet(browser.get(QUEUE).content.decode())
    own, theirs = themes.adopt_starter_taxonomy(acme)["price"], themes.adopt_starter_taxonomy(globex)["price"]
    assert browser.post(QUEUE, shown | {"save": "1", f"theme_{own.pk}": "7"}).status_code == 400
    assert not Correction.objects.exists()
    browser.post(QUEUE, shown | {"save": "1", f"theme_{theirs.pk}": "1"})
    assert Correction.objects.get().after["themes"] == {}


def test_looking_judges_nothing(browser, acme):
    comments(acme, 1, margin=0.1)
    before = list(Reading.objects.values()), list(ThemeAssignment.objects.values())
    for query in ("", "?accept=1&save=1&undo=1"):
        browser.get(QUEUE + query)
    assert (list(Reading.objects.values()), list(ThemeAssignment.objects.values())) == before
    assert not Correction.objects.exists()
    assert browser.delete(QUEUE).status_code == 405


def test_the_desk_is_reached_from_the_list_and_the_first_page_by_those_who_may(client, acme, analyst):
    agent = factories.make_login("lena")
    factories.make_agent(acme, login=agent)
    pages = reverse("admin:surveys_response_changelist"), reverse("admin:index")
    for login, is_led in ((analyst, True), (agent, False)):
        client.force_login(login)
        assert [f'href="{QUEUE}"' in client.get(page).content.decode() for page in pages] == [is_led] * 2


@pytest.mark.parametrize("page", [QUEUE, SECOND, reverse("admin:analytics_correction_changelist")])
def test_a_page_takes_as_many_queries_for_many_comments_as_for_few(browser, acme, analyst, colleague, page):
    def look():
        Lease.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(page).status_code == 200
        return len(queries)

    def more(n):
        for answer in comments(acme, n, in_sample=True, margin=0.1):
            judged(acme, colleague, answer, ("price", 1), ("billing", -1))
            SecondReading.objects.create(
                answer=answer, by=analyst, at=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1), first={"price": 1},
                second={"price": -1}, text_hash="",
            )  # fmt: skip
        comments(acme, n, margin=0.2, found=[("price", 1)])
        second_sample(acme, colleague, n)

    more(1)
    look()
    few = look()
    more(4)
    assert look() == few
