"""Worked examples by hand: what counts, what is compared, what stays hidden, and whose it is."""

import datetime as dt
from dataclasses import astuple

import pytest

from analytics import queries, themes
from analytics.classification import correct
from analytics.models import Reading, ThemeAssignment
from analytics.periods import Period
from analytics.queries import Funnel
from analytics.scores import Verdict
from analytics.themes import adopt_starter_taxonomy
from surveys import ledger, wording
from surveys.models import Answer, Invitation, OutgoingMessage, Question
from tests import factories

OCTOBER = Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin")
SEPTEMBER = OCTOBER.previous()
GROUP_SCORES = {"nps": (10, 8, 3), "csat": (5, 3, 1)}


def on(period: Period, day: int = 10) -> dt.datetime:
    return dt.datetime(period.first_on.year, period.first_on.month, day, 10, tzinfo=dt.UTC)


def answer(client, kind, period, groups, **fields) -> list:
    """That many promoters, passives and detractors (happy, middling, unhappy) in the middle of a period."""
    scores = [score for score, number in zip(GROUP_SCORES[kind], groups, strict=True) for _ in range(number)]
    at = on(period)
    return [
        factories.make_response(client, score, kind=kind, about_at=at, submitted_at=at, **fields) for score in scores
    ]


def comment(client, period, sentiments=None, outcome=None, text="Alles gut.", score=10, **fields):
    """A read comment: theme key → sentiment."""
    response = factories.make_response(
        client, score, text, kind=fields.pop("kind", "nps"), about_at=on(period), submitted_at=on(period), **fields
    )
    written = response.answers.get()
    sentiments = sentiments or {}
    outcome = outcome or (Reading.Outcome.THEMES if sentiments else Reading.Outcome.UNCLASSIFIED)
    judged = {"source": Reading.Source.RULES, "version": "1"}
    Reading.objects.create(answer=written, outcome=outcome, language="de", text_hash="x", read_at=on(period), **judged)
    themes = adopt_starter_taxonomy(client)
    for key, sentiment in sentiments.items():
        ThemeAssignment.objects.create(answer=written, theme=themes[key], sentiment=sentiment, **judged)
    return response


def verdict(client, reason="", state="", period=OCTOBER, kind="csat", **fields) -> Invitation:
    """One verdict of a period: asked with a message in a state, or not asked for a reason."""
    asked = {} if not reason else {"is_asked": False, "reason": reason, "due_at": None, "expires_at": None}
    invitation = factories.make_invitation(client, kind, about_at=on(period), **asked, **fields)
    if state:
        key = f"invitation:{invitation.pk}"
        OutgoingMessage.objects.create(
            client=client, key=key, invitation=invitation, to="x", state=state, due_at=on(period)
        )
    return invitation


# --- Scores


def test_the_nps_of_a_period_stands_with_its_interval_and_its_change(acme):
    answer(acme, "nps", SEPTEMBER, (12, 9, 11))
    answer(acme, "nps", OCTOBER, (18, 7, 5))

    found = queries.score(acme, OCTOBER, "nps")

    assert found.now.groups == (18, 7, 5)
    assert found.before.groups == (12, 9, 11)
    assert [round(figure, 2) for figure in astuple(found.now.estimate)] == [43.33, 13.25, 65.54, 30]
    assert (round(found.change.z, 3), round(found.change.p, 4)) == (1.880, 0.0601)
    assert found.change.verdict == Verdict.NO_CLEAR_CHANGE


def test_csat_is_the_share_of_fours_and_fives(acme):
    at = on(OCTOBER)
    for score, number in {5: 24, 4: 17, 3: 5, 2: 2, 1: 2}.items():
        for _ in range(number):
            factories.make_response(acme, score, kind="csat", about_at=at, submitted_at=at)

    found = queries.score(acme, OCTOBER, "csat")

    assert found.now.groups == (41, 5, 4)
    assert [round(figure, 2) for figure in astuple(found.now.estimate)] == [82.0, 69.2, 90.23, 50]


def test_csat_and_nps_are_never_added_up(acme):
    answer(acme, "nps", OCTOBER, (6, 0, 0))
    answer(acme, "csat", OCTOBER, (0, 0, 7))

    assert queries.score(acme, OCTOBER, "nps").now.groups == (6, 0, 0)
    assert queries.score(acme, OCTOBER, "csat").now.groups == (0, 0, 7)


def test_no_data_is_none_and_not_zero(acme):
    found = queries.score(acme, OCTOBER, "nps")

    assert (found.now.n, found.now.estimate, found.change) == (0, None, None)
    assert queries.funnels(acme, OCTOBER) == {}
    nobody = queries.total([])
    assert (nobody.eligible, nobody.coverage, nobody.response_rate) == (0, None, None)
    assert queries.themes(acme, OCTOBER) == queries.Themes(0, 0, 0, ())
    assert queries.voices(acme, OCTOBER) == []


@pytest.mark.parametrize(("n", "is_shown"), [(4, False), (5, True)])
def test_fewer_than_five_answers_are_hidden(acme, n, is_shown):
    answer(acme, "nps", OCTOBER, (n, 0, 0))

    found = queries.score(acme, OCTOBER, "nps").now

    assert (found.n, found.estimate is not None) == (n, is_shown)


@pytest.mark.parametrize(("n", "is_compared"), [(9, False), (10, True)])
def test_fewer_than_ten_answers_are_compared_with_nothing(acme, n, is_compared):
    answer(acme, "nps", SEPTEMBER, (0, 0, 12))
    answer(acme, "nps", OCTOBER, (n, 0, 0))

    assert (queries.score(acme, OCTOBER, "nps").change is not None) == is_compared


def test_a_month_with_a_clock_change_begins_and_ends_at_local_midnight(acme):
    for at in ("2026-09-30T21:59:59", "2026-09-30T22:00:00", "2026-10-31T22:59:59", "2026-10-31T23:00:00"):
        submitted_at = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC)
        factories.make_response(acme, 10, submitted_at=submitted_at)

    found = queries.score(acme, OCTOBER.next(), "nps")

    assert [part.n for part in found.run[-3:]] == [1, 2, 1]


def test_of_several_answers_of_one_customer_the_latest_counts(acme):
    customer = factories.make_customer(acme)
    for day, score in ((3, 1), (20, 5), (12, 2)):
        contact = factories.make_contact(acme, customer=customer)
        factories.make_response(acme, score, kind="csat", contact=contact, submitted_at=on(OCTOBER, day))
    factories.make_response(acme, 0, customer=customer, submitted_at=on(OCTOBER, 25))

    assert queries.score(acme, OCTOBER, "csat").now.groups == (1, 0, 0)
    assert queries.score(acme, OCTOBER, "nps").now.groups == (0, 0, 1)


def test_a_customer_counts_once_in_each_of_two_months(acme):
    customer = factories.make_customer(acme)
    for period, score in ((SEPTEMBER, 1), (OCTOBER, 5)):
        contact = factories.make_contact(acme, customer=customer)
        factories.make_response(acme, score, kind="csat", contact=contact, submitted_at=on(period))

    found = queries.score(acme, OCTOBER, "csat")

    assert (found.before.groups, found.now.groups) == ((0, 0, 1), (1, 0, 0))


def test_answers_whose_customers_were_erased_are_not_merged_into_one(acme):
    answer(acme, "nps", OCTOBER, (3, 0, 0))
    Invitation.objects.update(customer=None)

    assert queries.score(acme, OCTOBER, "nps").now.n == 3


def test_nothing_is_compared_across_a_new_wording(acme):
    answer(acme, "nps", SEPTEMBER, (0, 0, 20))
    newer = wording.publish(factories.make_survey(acme, "nps"), on(OCTOBER, 1))
    answer(acme, "nps", OCTOBER, (20, 0, 0), version=newer)
    answer(acme, "nps", OCTOBER.next(), (0, 0, 20), version=newer)

    october = queries.score(acme, OCTOBER, "nps")
    november = queries.score(acme, OCTOBER.next(), "nps")

    assert (october.is_new_series, october.change) == (True, None)
    assert (november.is_new_series, november.change.verdict) == (False, Verdict.LOWER)
    assert november.run[november.begins].period == OCTOBER


# --- The funnel


def test_the_funnel_counts_every_step_and_names_every_loss(acme):
    for _ in range(3):
        verdict(acme, state="accepted")
    factories.make_response(acme, 5, invitation=verdict(acme, state="accepted"), submitted_at=on(OCTOBER, 12))
    verdict(acme, state="failed")
    verdict(acme)
    for reason in ("not_sampled", "not_sampled", "goodwill", "no_address"):
        verdict(acme, reason=reason)

    assert queries.funnels(acme, OCTOBER) == {
        "csat": Funnel(
            eligible=10,
            asked=6,
            delivered=4,
            answered=1,
            not_asked=(("not_sampled", 2), ("goodwill", 1), ("no_address", 1)),
            not_delivered=(("failed", 1), ("no_message", 1)),
        )
    }
    csat = queries.funnels(acme, OCTOBER)["csat"]
    assert csat.coverage == 60.0
    assert csat.response_rate == pytest.approx(100 / 6)


def test_what_nobody_could_have_been_asked_about_is_not_in_the_coverage(acme):
    verdict(acme, state="accepted")
    for reason in ("no_conversation", "spam", "test"):
        verdict(acme, reason=reason)

    assert queries.funnels(acme, OCTOBER)["csat"].coverage == 100.0


def test_a_late_answer_belongs_to_the_period_of_its_invitation(acme):
    invitation = verdict(acme, state="accepted")
    factories.make_response(acme, 5, invitation=invitation, submitted_at=on(OCTOBER.next()))

    assert queries.funnels(acme, OCTOBER)["csat"].answered == 1
    assert queries.funnels(acme, OCTOBER.next()) == {}


def test_people_asked_add_up_over_both_kinds(acme):
    verdict(acme, state="accepted")
    verdict(acme, reason="no_address")
    verdict(acme, state="accepted", kind="nps")
    verdict(acme, reason="no_address", kind="nps")

    whole = queries.total(queries.funnels(acme, OCTOBER).values())

    assert whole == Funnel(4, 2, 2, 0, not_asked=(("no_address", 2),), not_delivered=())


# --- Themes and voices


def test_a_theme_has_its_share_of_the_comments_that_say_something(acme):
    for sentiment in (-1, -1, 0, 1):
        comment(acme, OCTOBER, {"billing": sentiment})
    for _ in range(4):
        comment(acme, OCTOBER)
    comment(acme, OCTOBER, outcome=Reading.Outcome.EMPTY, text="---")
    answer(acme, "nps", OCTOBER, (5, 0, 0))

    found = queries.themes(acme, OCTOBER)

    assert (found.comments, found.comments_before, found.unclassified) == (8, 0, 4)
    (billing,) = found.shares
    assert billing.now == queries.Mentions(negative=2, neutral=1, positive=1)
    assert (billing.share.value, billing.share.n) == (50.0, 8)
    assert (billing.share_before, billing.verdict, billing.criticism) == (None, None, None)


def test_a_comment_of_which_a_person_said_that_no_theme_fits_counts_and_is_not_unclassified(acme, analyst):
    texts = [comment(acme, OCTOBER).answers.get() for _ in range(3)]
    correct(texts[0], {}, analyst)
    found = queries.themes(acme, OCTOBER)
    assert (found.comments, found.unclassified) == (3, 2)


def test_a_theme_changed_only_if_it_stands_out_among_all_that_were_compared(acme):
    """6 of 20 against 0 of 20 is p = 0.026: news on its own, none among six themes."""
    others = ("waiting_time", "friendliness", "competence", "price", "delivery")
    for period, mentions in ((SEPTEMBER, 0), (OCTOBER, 6)):
        for place in range(20):
            named = {"billing": -1} if place < mentions else {}
            comment(acme, period, named | ({others[place % 5]: 0} if place < 10 else {}))

    among_six = {share.name_en: share.verdict for share in queries.themes(acme, OCTOBER).shares}
    ThemeAssignment.objects.exclude(theme__key="billing").delete()
    (alone,) = queries.themes(acme, OCTOBER).shares

    assert set(among_six.values()) == {Verdict.NO_CLEAR_CHANGE}
    assert len(among_six) == 6
    assert alone.verdict == Verdict.HIGHER


def test_more_criticism_is_told_apart_from_being_named_as_often(acme):
    for period, sentiment in ((SEPTEMBER, 1), (OCTOBER, -1)):
        for _ in range(15):
            comment(acme, period, {"billing": sentiment})

    (billing,) = queries.themes(acme, OCTOBER).shares

    assert (billing.verdict, billing.criticism) == (Verdict.NO_CLEAR_CHANGE, Verdict.HIGHER)


def test_one_comment_of_each_group_is_drawn_and_always_the_same(acme):
    for number, score in enumerate((1, 2, 3, 7, 8, 8, 9, 10, 10)):
        comment(acme, OCTOBER, score=score, text=f"Kommentar {number}")

    drawn = queries.voices(acme, OCTOBER)

    assert [voice.group for voice in drawn] == ["detractor", "passive", "promoter"]
    assert queries.voices(acme, OCTOBER) == drawn


def test_which_comment_is_drawn_depends_on_the_period(acme):
    lots = {queries._lot(1, period) for period in (SEPTEMBER, OCTOBER, OCTOBER.next())}

    assert len(lots) == 3


def test_comments_are_shown_from_five_answers_on(acme):
    for _ in range(4):
        comment(acme, OCTOBER)
    assert queries.voices(acme, OCTOBER) == []

    comment(acme, OCTOBER)
    assert len(queries.voices(acme, OCTOBER)) == 1


def test_a_voice_says_when_and_how_but_not_who_served(acme):
    agent = factories.make_agent(acme, "Lena Ritter")
    for _ in range(5):
        comment(acme, OCTOBER, kind="csat", score=2, text="⟦name⟧ war nett.", agent=agent)

    (voice,) = queries.voices(acme, OCTOBER)

    assert voice == queries.Voice("detractor", 2, 5, "⟦name⟧ war nett.", "de", dt.date(2026, 10, 10), "phone")


# --- What counts, and what stands beside


def test_only_answers_of_those_whom_we_asked_make_a_score(acme):
    answer(acme, "nps", OCTOBER, (6, 0, 0))
    for _ in range(7):
        factories.make_unverified(acme, 0, "Furchtbar.", submitted_at=on(OCTOBER))
    assert queries.score(acme, OCTOBER, "nps").now.groups == (6, 0, 0)


def test_a_score_without_the_rest_of_the_sheet_counts(acme):
    answer(acme, "nps", OCTOBER, (5, 0, 0), completed_at=None)
    answer(acme, "nps", OCTOBER, (0, 0, 5))
    assert queries.score(acme, OCTOBER, "nps").now.groups == (5, 0, 5)


def test_effort_is_the_share_of_fives_to_sevens(acme):
    for score, number in {7: 24, 6: 10, 5: 7, 4: 5, 3: 2, 1: 2}.items():
        for _ in range(number):
            factories.make_response(acme, score, kind="ces", about_at=on(OCTOBER), submitted_at=on(OCTOBER))
    found = queries.score(acme, OCTOBER, "ces")
    assert found.now.groups == (41, 5, 4)
    assert [round(figure, 2) for figure in astuple(found.now.estimate)] == [82.0, 69.2, 90.23, 50]


def test_two_texts_of_one_customer_are_one_comment(acme):
    for _ in range(5):
        response = comment(acme, OCTOBER, {"billing": -1, "price": 1})
        second = Question(
            version=response.version, position=9, key=f"more-{response.pk}", kind="text", wording={"de": {}}
        )
        Question.objects.bulk_create([second])
        text = Answer.objects.create(response=response, question=second, text="Noch etwas.")
        judged = {"source": Reading.Source.RULES, "version": "1"}
        Reading.objects.create(
            answer=text, outcome="themes", language="de", text_hash="x", read_at=on(OCTOBER), **judged
        )
        themes = adopt_starter_taxonomy(acme)
        ThemeAssignment.objects.create(answer=text, theme=themes["billing"], sentiment=1, **judged)
    comment(acme, OCTOBER)

    found = queries.themes(acme, OCTOBER)

    assert (found.comments, found.unclassified) == (6, 1)
    named = {share.name_en: share.now for share in found.shares}
    assert named == {
        "Invoice & payment": queries.Mentions(negative=5),
        "Price & value": queries.Mentions(positive=5),
    }


def test_what_stands_beside_is_counted_and_in_no_score(acme, globex):
    clicked = {"about_at": on(OCTOBER), "clicked_at": on(OCTOBER)}
    for score in (10, 3):
        factories.make_invitation(acme, "nps", **clicked, clicked_score=score)
    factories.make_response(acme, 9, submitted_at=on(OCTOBER), **clicked, clicked_score=1)
    scanned = factories.make_invitation(acme, "nps", **clicked, clicked_score=0)
    factories.make_flagged(scanned, 0, submitted_at=on(OCTOBER))
    factories.make_flagged(scanned, 5, submitted_at=on(OCTOBER), restored_at=on(OCTOBER, 12))
    for score in (10, 8, 8, 1):
        factories.make_unverified(acme, score, submitted_at=on(OCTOBER))
    factories.make_unverified(acme, 5, kind="csat", submitted_at=on(OCTOBER))

    four = queries.beside(acme, OCTOBER, "nps")
    factories.make_unverified(acme, 2, submitted_at=on(OCTOBER))
    five = queries.beside(acme, OCTOBER, "nps")

    assert four == queries.Beside((1, 0, 1), flagged=1, unverified=4, unverified_groups=None)
    assert five == queries.Beside((1, 0, 1), flagged=1, unverified=5, unverified_groups=(1, 2, 2))
    assert queries.beside(acme, SEPTEMBER, "nps") == queries.Beside((0, 0, 0), 0, 0, None)
    assert queries.beside(globex, OCTOBER, "nps") == queries.Beside((0, 0, 0), 0, 0, None)


@pytest.mark.parametrize("kind", ["nps", "csat"])
def test_report_and_funnel_page_tell_the_same_beside_for_one_period(acme, kind):
    """What was clicked and sent by machines later counts in the month that it is about: October."""
    campaign = factories.make_campaign(acme, kind)
    top, middle, low = GROUP_SCORES[kind]
    for about, clicked, score in (
        (OCTOBER, OCTOBER, top), (OCTOBER, OCTOBER.next(), middle), (OCTOBER, OCTOBER.next(), low),
        (SEPTEMBER, OCTOBER, low), (OCTOBER.next(), OCTOBER.next(), low),
    ):  # fmt: skip
        fields = {"about_at": on(about), "clicked_at": on(clicked), "clicked_score": score}
        factories.make_invitation(acme, kind, campaign=campaign, **fields)
    scanned = factories.make_invitation(
        acme, kind, campaign=campaign, about_at=on(OCTOBER), clicked_at=on(OCTOBER), clicked_score=low
    )
    factories.make_flagged(scanned, low, submitted_at=on(OCTOBER.next()))
    of_september = factories.make_invitation(acme, kind, campaign=campaign, about_at=on(SEPTEMBER))
    factories.make_flagged(of_september, low, submitted_at=on(OCTOBER))

    told = {}
    for period in (SEPTEMBER, OCTOBER, OCTOBER.next()):
        report = queries.beside(acme, period, kind)
        days = ledger.span(str(period.first_on), str(period.next().first_on), acme)
        page = ledger.beside(campaign, days)
        assert (report.provisional, report.flagged) == ((page.promoters, page.passives, page.detractors), page.flagged)
        told[period.first_on.month] = (report.provisional, report.flagged)
    assert told == {9: ((0, 0, 1), 1), 10: ((1, 1, 1), 1), 11: ((0, 0, 1), 0)}


def test_a_merged_theme_counts_under_what_it_became_once_a_comment_and_a_part_names_its_whole(acme, globex):
    own = adopt_starter_taxonomy(acme)
    part, _other = themes.split(own["billing"], [{"name_en": n, "name_de": n} for n in ("Twice", "Advance")])
    named = [{own["price"]: -1, own["trust"]: 1}, {own["price"]: 1}, {own["trust"]: 0, part: -1}, {own["contract"]: 1}]
    for number in range(8):
        response = factories.make_response(acme, 5, f"Text {number}", submitted_at=on(OCTOBER))
        answer = response.answers.get()
        Reading.objects.create(
            answer=answer, outcome="themes", language="de", source="model", text_hash="", read_at=on(OCTOBER)
        )
        for theme, sentiment in named[number % 4].items():
            ThemeAssignment.objects.create(answer=answer, theme=theme, sentiment=sentiment, source="model")
    themes.merge(own["price"], own["trust"])
    themes.retire(own["contract"])
    shares = {share.name_en: share.now for share in queries.themes(acme, OCTOBER).shares}
    assert shares == {
        "Privacy, security & honesty": queries.Mentions(negative=2, neutral=2, positive=2),
        "Invoice & payment: Twice": queries.Mentions(negative=2),
        "Contract & cancellation": queries.Mentions(positive=2),
    }
    themes.restore(own["price"])
    again = {share.name_de: share.now.total for share in queries.themes(acme, OCTOBER).shares}
    assert (again["Preis & Leistung fürs Geld"], again["Datenschutz, Sicherheit & Vertrauen"]) == (4, 4)
    assert queries.themes(globex, OCTOBER).shares == ()


# --- Whose, and at what cost


def test_globex_sees_nothing_of_acme(acme, globex):
    answer(acme, "nps", OCTOBER, (12, 0, 0))
    answer(acme, "csat", OCTOBER, (12, 0, 0))
    for _ in range(12):
        comment(acme, OCTOBER, {"billing": -1})
    verdict(acme, reason="no_address")

    assert queries.score(globex, OCTOBER, "nps").now.n == 0
    assert queries.score(globex, OCTOBER, "csat").now.n == 0
    assert queries.funnels(globex, OCTOBER) == {}
    assert queries.themes(globex, OCTOBER) == queries.Themes(0, 0, 0, ())
    assert queries.voices(globex, OCTOBER) == []


@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize(
    ("read", "number"),
    [
        (lambda client: queries.score(client, OCTOBER, "nps"), 4),
        (lambda client: queries.funnels(client, OCTOBER), 1),
        (lambda client: queries.themes(client, OCTOBER), 3),
        (lambda client: queries.voices(client, OCTOBER), 3),
        (lambda client: queries.beside(client, OCTOBER, "nps"), 3),
    ],
    ids=["score", "funnels", "themes", "voices", "beside"],
)
def test_a_read_costs_the_same_number_of_queries_for_more_rows(acme, factor, read, number, django_assert_num_queries):
    for score in (1, 8, 10) * factor:
        for _ in range(2):
            comment(acme, OCTOBER, {"billing": -1, "price": 1}, score=score)
        verdict(acme, reason="no_address")
        factories.make_unverified(acme, score, submitted_at=on(OCTOBER))

    with django_assert_num_queries(number):
        read(acme)
