"""Whether the sample is honest, in figures that were worked out by hand or by exact code."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import periods
from analytics.honesty import balance, breaks, coverage, exclusions, gaming, gating, reconciliation, weighting
from surveys import exclusions as verbs
from surveys import reported
from surveys.models import DeliveryEvent, Response, Suppression
from surveys.models.cuts import Cut
from tests import factories
from tests.analytics.honest_rows import ABOUT, make_answers, make_rules, make_verdicts

OCTOBER = periods.parse("2026-10", "Europe/Berlin")
YEAR = periods.parse("2026", "Europe/Berlin")


@pytest.fixture
def campaign(acme):
    return factories.make_campaign(acme, "csat", name="After the contact")


@pytest.fixture
def nps(acme):
    return factories.make_campaign(acme, survey=factories.make_survey(acme, "nps"), name="Recommendation")


def check_of(monitor, by):
    return next(check for check in monitor.checks if check.by == by)


# --- Who was asked ------------------------------------------------------------------------------------------------


def test_leaving_out_the_unsolved_is_seen(acme, campaign):
    make_verdicts(campaign, 500, asked=400, is_solved=True)
    make_verdicts(campaign, 100, asked=40, is_solved=False)
    make_verdicts(campaign, 7, asked=0, is_solved=None)  # not known: shown, and not compared
    (monitor,) = gating.monitor(acme, OCTOBER)
    check = check_of(monitor, Cut.SOLVED)
    assert (monitor.eligible, monitor.asked) == (607, 440)
    assert check.test.statistic == pytest.approx(68.18, abs=0.005)
    assert check.test.p == pytest.approx(1.5e-16, rel=0.05)
    assert (check.furthest.value, check.furthest.rate, check.rest.rate) == ("no", 40, 80)
    assert check.furthest.reasons == (("not_sampled", 60),)
    assert check.is_sign and check.size == pytest.approx(-0.894, abs=0.001)


def test_where_all_are_asked_alike_there_is_no_sign(acme, campaign):
    for is_solved in (True, False):
        make_verdicts(campaign, 50, asked=40, is_solved=is_solved)
    (monitor,) = gating.monitor(acme, OCTOBER)
    assert monitor.signs == 0
    assert check_of(monitor, Cut.SOLVED).test.statistic == 0


def test_an_agreed_rule_is_no_sign_and_what_else_happens_under_it_is(acme, campaign):
    make_verdicts(campaign, 40, asked=0, reason="goodwill", is_goodwill=True)
    make_verdicts(campaign, 100, asked=80)
    (monitor,) = gating.monitor(acme, OCTOBER)
    check = check_of(monitor, Cut.GOODWILL)
    assert (check.is_news, check.is_by_rule, check.is_sign) == (True, True, False)
    make_verdicts(campaign, 40, asked=0, reason="not_sampled", is_goodwill=True)
    check = check_of(gating.monitor(acme, OCTOBER)[0], Cut.GOODWILL)
    assert (check.is_news, check.is_by_rule, check.is_sign) == (True, False, True)


def test_what_was_never_to_be_asked_is_no_contact_to_compare(acme, campaign):
    make_verdicts(campaign, 20, asked=20, is_solved=True)
    make_verdicts(campaign, 20, asked=0, reason="spam", is_solved=False)
    (monitor,) = gating.monitor(acme, OCTOBER)
    assert (monitor.eligible, check_of(monitor, Cut.SOLVED).test) == (20, None)


def test_a_draw_that_strays_from_its_rule_is_seen(acme, campaign):
    rules = make_rules(campaign, "50")
    make_verdicts(campaign, 1000, asked=460, rules=rules)
    make_verdicts(campaign, 300, asked=0, reason="no_address", rules=rules)  # lost before the draw
    (monitor,) = gating.monitor(acme, OCTOBER)
    (draw,) = monitor.draws
    assert (draw.rules, draw.share, draw.drawn, draw.n) == (1, 50.0, 460, 1000)
    assert draw.p == pytest.approx(0.0124, abs=0.00005)


def test_who_was_lost_after_the_draw_had_been_drawn(acme, campaign):
    rules = make_rules(campaign, "50")
    make_verdicts(campaign, 100, asked=40, rules=rules)
    make_verdicts(campaign, 20, asked=0, reason="quarantine", rules=rules)
    (draw,) = gating.monitor(acme, OCTOBER)[0].draws
    assert (draw.drawn, draw.n) == (60, 120)


def test_the_number_of_queries_does_not_grow_with_campaigns(acme, campaign):
    make_verdicts(campaign, 20, asked=10, is_solved=True)
    with CaptureQueriesContext(connection) as one:
        gating.monitor(acme, OCTOBER)
    for name in ("b", "c"):
        make_verdicts(factories.make_campaign(acme, "csat", name=name), 20, asked=10, is_solved=True)
    with CaptureQueriesContext(connection) as three:
        assert len(gating.monitor(acme, OCTOBER)) == 3
    assert len(three) == len(one)


# --- Who answered -------------------------------------------------------------------------------------------------


def test_an_attribute_that_answerers_lack_is_marked(acme, campaign):
    solved = make_verdicts(campaign, 80, is_solved=True)
    make_verdicts(campaign, 20, is_solved=False)
    make_answers(solved, *[5] * 30)
    table = balance.table(acme, "csat", OCTOBER)
    rows = {row.value: row for row in next(each for each in table.attributes if each.by == Cut.SOLVED).rows}
    assert (table.eligible, table.answered) == (100, 30)
    assert (rows["no"].share_eligible, rows["no"].share_answered, rows["no"].is_marked) == (20, 0, True)
    # 0 against 20 %, (0 + 0.16) / 2 = 0.08: -0.2 / 0.2828
    assert rows["no"].difference == pytest.approx(-0.7071, abs=0.0001)


def test_a_few_late_answers_are_compared_with_the_early_ones(acme, nps):
    invitations = make_verdicts(nps, 60)
    make_answers(invitations[:30], *[10] * 30)
    make_answers(invitations[30:], *[0] * 30, after=dt.timedelta(days=3))
    found = balance.early_and_late(acme, "nps", OCTOBER)
    assert (found.early, found.late, found.change.verdict) == ((30, 0, 0), (0, 0, 30), "lower")


def test_the_weighted_score_stands_beside_the_raw_one(acme, nps):
    a = make_verdicts(nps, 800, asked=20, reason="not_sampled", channel="phone")
    b = make_verdicts(nps, 200, asked=30, reason="not_sampled", channel="email")
    make_answers(a, *[10] * 10, *[8] * 5, *[3] * 5)
    make_answers(b, *[10] * 24, *[8] * 4, *[3] * 2)
    found = weighting.beside(acme, "nps", OCTOBER)
    assert (found.by, found.is_raked, found.raw.value) == ((Cut.REASON, Cut.CHANNEL), False, 54.0)
    assert found.weighted.value == pytest.approx(34.667, abs=0.0005)
    assert found.weighted.n_effective == pytest.approx(30.0, abs=0.05)
    assert found.weighted.standard_error == pytest.approx(15.154, abs=0.0005)


def test_thin_strata_are_raked(acme, nps):
    for place, (channel, count) in enumerate((("phone", 60), ("email", 40))):
        for contact_reason in ("Rechnung", "Umzug"):
            invitations = make_verdicts_of(nps, count, channel, contact_reason)
            make_answers(invitations, *[10, 3, 10, 10][: 4 - 2 * place])
    found = weighting.beside(acme, "nps", OCTOBER)
    assert found.is_raked
    # Phone is 120 of 200 and gave 6 promoters and 2 detractors; mail 80 of 200 with 2 and 2.
    assert found.weighted.value == pytest.approx(0.6 * 50 + 0.4 * 0, abs=0.01)


def make_verdicts_of(campaign, count, channel, contact_reason):
    """As `make_verdicts` with a contact reason, whose name it uses for the verdict's."""
    invitations = make_verdicts(campaign, count, channel=channel)
    for invitation in invitations:
        invitation.contact_reason = contact_reason
        invitation.save(update_fields=["contact_reason"])
    return invitations


def test_nobody_is_no_table_and_no_score(acme, nps):
    assert balance.table(acme, "nps", OCTOBER).attributes == ()
    assert weighting.beside(acme, "nps", OCTOBER).weighted is None
    assert gating.monitor(acme, OCTOBER) == ()


def test_the_rates_of_aapor_count_everybody_who_was_asked(acme, campaign):
    whole, part, objected, silent, opened, returned = (make_verdicts(campaign, n) for n in (3, 2, 1, 4, 2, 1))
    make_answers(whole, 5, 5, 5)
    for response in make_answers(part, 5, 5):
        Response.objects.filter(pk=response.pk).update(completed_at=None)
    for one in [*objected, *silent, *returned]:
        factories.make_message(one)
    for one, kind in ((objected[0], "unsubscribed"), (returned[0], "hard_bounce")):
        DeliveryEvent.objects.create(
            client=acme, message=one.messages.get(), kind=kind, source="t", event_id=kind, happened_at=ABOUT
        )
    for one in opened:
        type(one).objects.filter(pk=one.pk).update(opened_at=ABOUT)
    outcome = coverage.outcomes(acme, OCTOBER)["csat"]
    assert outcome == coverage.Outcome(complete=3, partial=2, refused=1, silent=4, other=2, unknown=1)
    assert outcome.rates.rr2 == pytest.approx(100 * 5 / 13)
    assert coverage.Outcome(120, 15, 8, 300, 2, 55).rates.rr1 == pytest.approx(24.0)


# --- Whether all came in ------------------------------------------------------------------------------------------


def test_a_gap_on_one_day_is_not_filled_by_the_next(acme):
    team = factories.make_team(acme, "Nord")
    day = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)
    for hours, number in ((0, 3), (24, 2)):
        for _one in range(number):
            at = day + dt.timedelta(hours=hours)
            factories.make_contact(acme, channel="phone", team=team, started_at=at, ended_at=at)
    factories.make_contact(acme, channel="email", is_test=True, started_at=day, ended_at=day)
    told = [
        ("2026-10-15", "Phone", 5),
        ("2026-10-16", "telefon", 1),
        ("2026-10-15", "nord", 3),
        ("2026-10-14", "fax", 2),
    ]
    counts = [reported.Count(dt.date.fromisoformat(on), queue, "acd", number) for on, queue, number in told]
    reported.take(acme, counts, factories.NOW)
    found = reconciliation.compare(acme, OCTOBER)
    assert [(str(line.day), line.queue, line.reported, line.received) for line in found.lines] == [
        ("2026-10-16", "telefon", 1, 2),
        ("2026-10-15", "Phone", 5, 3),
        ("2026-10-15", "nord", 3, 3),
        ("2026-10-14", "fax", 2, 0),
    ]
    assert (found.reported, found.missing, found.surplus, found.contacts) == (11, 4, 1, 5)
    assert found.missing_rate == pytest.approx(100 * 4 / 11)
    assert (found.unknown_queues, found.silent) == (("fax",), ())


def test_a_contact_belongs_to_the_day_on_which_it_began_in_the_clients_zone(acme):
    late = dt.datetime(2026, 10, 15, 22, 30, tzinfo=dt.UTC)  # half past midnight in Berlin
    factories.make_contact(acme, started_at=late, ended_at=late)
    reported.take(acme, [reported.Count(dt.date(2026, 10, 15), "", "acd", 1)], factories.NOW)
    found = reconciliation.compare(acme, OCTOBER)
    assert [(line.received, line.missing) for line in found.lines] == [(0, 1)]
    assert found.silent == (dt.date(2026, 10, 16),)


def test_without_counts_there_is_no_rate(acme):
    found = reconciliation.compare(acme, OCTOBER)
    assert (found.lines, found.missing_rate, found.silent) == ((), None, ())


# --- With and without ---------------------------------------------------------------------------------------------


def test_the_score_stands_with_and_without_what_two_people_took_out(acme, nps, analyst):
    answers = make_answers(make_verdicts(nps, 6), 10, 10, 10, 10, 10, 0)
    second = factories.make_login("bert")
    proposal = verbs.propose(answers[-1], "staff", "", analyst, factories.NOW)
    found = exclusions.with_and_without(acme, "nps", OCTOBER)
    assert (found.excluded, found.awaiting, found.groups, found.groups_with) == (0, 1, (5, 0, 1), (5, 0, 1))
    verbs.confirm(proposal, second, factories.NOW)
    found = exclusions.with_and_without(acme, "nps", OCTOBER)
    assert (found.without.value, found.groups, found.excluded, found.reasons) == (100, (5, 0, 0), 1, (("staff", 1),))
    assert (found.with_them.value, found.groups_with) == (pytest.approx(200 / 3), (5, 0, 1))


def test_with_the_answer_that_was_taken_out_the_one_before_it_counts_no_more(acme, nps, analyst):
    customer, asked = factories.make_customer(acme), make_verdicts(nps, 7)
    for one in asked[:2]:
        one.customer = customer
        one.save()
    answers = make_answers(asked, 10, 0, 10, 10, 10, 10, 10)
    verbs.confirm(
        verbs.propose(answers[1], "staff", "", analyst, factories.NOW), factories.make_login("bert"), factories.NOW
    )
    found = exclusions.with_and_without(acme, "nps", OCTOBER)
    assert (found.groups, found.groups_with) == ((6, 0, 0), (5, 0, 1))


# --- What looks odd -----------------------------------------------------------------------------------------------


def numbers(client, period=OCTOBER):
    return {sign.kind: sign.count for sign in gaming.signs(client, period)}


def test_an_answer_within_seconds_of_the_message_is_a_sign(acme, nps):
    invitations = make_verdicts(nps, 3)
    for one, seconds in zip(invitations, (9, 11, 9), strict=True):
        factories.make_message(one, handed_over_at=ABOUT + dt.timedelta(hours=2, seconds=-seconds))
    make_answers(invitations[:2], 10, 10)
    assert numbers(acme)["quick"] == 1


def test_one_mailbox_for_three_customers_is_a_sign(acme, nps):
    invitations = make_verdicts(nps, 3, email="same@example.org") + make_verdicts(nps, 2, email="two@example.org")
    for one in invitations:
        one.customer = factories.make_customer(acme)
        one.save(update_fields=["customer"])
    make_answers(invitations, *[9] * 5)
    assert numbers(acme)["shared"] == 3


def test_the_same_words_of_three_customers_are_a_sign(acme, nps):
    say(
        acme, nps, "Alles super, gerne wieder!", "alles super gerne wieder", "Alles super – gerne wieder.", "Gut", "gut"
    )
    assert numbers(acme)["identical"] == 3


def say(acme, campaign, *texts):
    invitations = make_verdicts(campaign, len(texts))
    question = campaign.survey.current.questions.get(key="comment")
    for one, response, text in zip(invitations, make_answers(invitations, *[9] * len(texts)), texts, strict=True):
        one.customer = factories.make_customer(acme)
        one.save(update_fields=["customer"])
        response.answers.create(question=question, text=text)


@pytest.mark.parametrize(
    ("text", "is_sign"),
    [
        ("Der Kollege bat mich, eine 10 zu geben.", True),
        ("Er sagte, ich soll bitte die 10 anklicken", True),
        ("Ich wurde gebeten, die volle Punktzahl zu geben", True),
        ("She asked me to give her a ten.", True),
        ("please rate us 10", True),
        ("I was told to click 9 or 10", True),
        ("Ich musste 10 Minuten warten, bitte ändern.", False),
        ("Bitte rufen Sie mich um 10 Uhr an.", False),
        ("Ten days and nobody gave me an answer, please call.", False),
        ("Eine glatte 10, danke!", False),
        ("Sie haben mir 10 Euro gutgeschrieben.", False),
    ],
)
def test_a_comment_that_tells_of_a_plea_for_tens_is_a_sign(acme, nps, text, is_sign):
    say(acme, nps, text)
    assert numbers(acme)["solicited"] == is_sign


def test_answers_from_the_mailboxes_of_staff_are_a_sign(acme, nps, analyst):
    agent_login = factories.make_login("lena", email="Lena@Provider.example")
    factories.make_agent(acme, login=agent_login)
    factories.make_login("other", email="else@provider.example")
    addresses = ("lena@provider.example", "x@acme.example", "else@provider.example", "kim@example.org")
    for address in addresses:
        make_answers(make_verdicts(nps, 1, email=address), 10)
    assert numbers(acme)["staff"] == 2


def test_a_jump_of_an_agent_is_seen_and_a_rise_by_chance_is_not(acme, nps):
    jumper, steady = factories.make_agent(acme, "Jump"), factories.make_agent(acme, "Steady")
    for agent, before, now in ((jumper, 15, 38), (steady, 20, 22)):
        september = ABOUT - dt.timedelta(days=30)
        make_answers(make_verdicts(nps, 40, agent=agent, about_at=september), *[10] * before, *[5] * (40 - before))
        make_answers(make_verdicts(nps, 40, agent=agent), *[10] * now, *[5] * (40 - now))
    found = gaming.jumps(acme, OCTOBER, ("nps", "csat"))
    assert (found.compared, [jump.agent for jump in found.found]) == (2, [jumper.pk])


def test_who_cannot_be_asked_after_a_bad_contact_is_compared(acme, campaign):
    make_verdicts(campaign, 50, asked=30, reason="no_address", is_solved=False)
    make_verdicts(campaign, 50, asked=45, reason="no_address", is_solved=True)
    make_verdicts(campaign, 1, asked=0, reason="suppressed", email="kim@example.org", is_solved=False)
    Suppression.objects.create(client=acme, address="kim@example.org", reason="manual", created_at=ABOUT)
    found = gaming.unreachable(acme, OCTOBER)
    assert (found.bad, found.others, found.by_hand, found.change.verdict) == ((21, 51), (5, 50), 1, "higher")


def test_goodwill_stands_apart(acme, nps):
    make_answers(make_verdicts(nps, 5, is_goodwill=True), *[10] * 5)
    make_answers(make_verdicts(nps, 6), *[0] * 6)
    found = gaming.goodwill(acme, "nps", OCTOBER)
    assert (found.given, found.others, found.given_score.value, found.others_score.value) == (
        (5, 0, 0),
        (0, 0, 6),
        100,
        -100,
    )


# --- Where a series breaks ----------------------------------------------------------------------------------------


def test_another_share_or_audience_breaks_the_series_and_another_hour_does_not(acme, campaign):
    make_rules(campaign, "100", 1, ABOUT - dt.timedelta(days=60), hour_from=9)
    make_rules(campaign, "100", 2, ABOUT - dt.timedelta(days=20), hour_from=10)
    make_rules(campaign, "50", 3, ABOUT, hour_from=10, **{"audience team": ["nord"]})
    found = breaks.of(acme, "csat", periods.run_back(OCTOBER, 4))
    assert [(str(one.on), one.why) for one in found] == [
        ("2026-10-15", "Other rules of After the contact: the audience, the share asked")
    ]
    assert breaks.of(acme, "nps", periods.run_back(OCTOBER, 4)) == []


# --- Whose --------------------------------------------------------------------------------------------------------


def test_globex_sees_nothing_of_acme(acme, globex, campaign, nps):
    make_answers(make_verdicts(nps, 40, asked=30, is_solved=False, email="same@example.org"), *[10] * 30)
    make_rules(campaign, "50", 2)
    reported.take(acme, [reported.Count(dt.date(2026, 10, 15), "", "acd", 1)], factories.NOW)
    assert gating.monitor(globex, OCTOBER) == ()
    assert balance.table(globex, "nps", OCTOBER) == balance.Table(0, 0, ())
    assert weighting.beside(globex, "nps", OCTOBER).cells == ()
    assert coverage.outcomes(globex, OCTOBER) == {}
    assert reconciliation.compare(globex, OCTOBER) == reconciliation.Comparison((), 0, ())
    assert set(numbers(globex).values()) == {0}
    assert gaming.jumps(globex, OCTOBER, ("nps",)) == gaming.Jumps(0, ())
    assert gaming.unreachable(globex, OCTOBER).others == (0, 0)
    assert exclusions.with_and_without(globex, "nps", OCTOBER).groups_with == (0, 0, 0)
    assert breaks.of(globex, "csat", [OCTOBER]) == []
