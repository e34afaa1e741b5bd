"""Digests: due in the client's zone, sent once, empty ones not at all, frozen, and no word more than the test says."""

import datetime as dt
import html
import json
import re

import pytest
from django.urls import reverse

from analytics.models import Reading, ThemeAssignment
from analytics.periods import Period
from analytics.themes import adopt_starter_taxonomy
from feedback_loop import digests, presentation
from feedback_loop.models import Case, CaseEvent, Digest, DigestSubscription
from feedback_loop.tasks import send_digests
from surveys import wording
from surveys.delivery import links
from surveys.models import OutgoingMessage
from tests import factories

# The report on October is due on Sunday, 1 November, 7:00 in Berlin, the one on week 44 a day later.
DUE = dt.datetime(2026, 11, 1, 6, 0, tzinfo=dt.UTC)
WEEK_DUE = dt.datetime(2026, 11, 2, 6, 0, tzinfo=dt.UTC)
OCTOBER = Period("month", dt.date(2026, 10, 1), dt.date(2026, 10, 31), "Europe/Berlin")
MID_OCTOBER = dt.datetime(2026, 10, 14, 10, tzinfo=dt.UTC)
MID_SEPTEMBER = dt.datetime(2026, 9, 14, 10, tzinfo=dt.UTC)


def subscribe(client, kind="month", **fields) -> DigestSubscription:
    defaults = {"email": "brook@acme.example", "language": client.language, "starts_on": dt.date(2026, 1, 1)}
    return DigestSubscription.objects.create(client=client, kind=kind, **{**defaults, **fields})


def answers(client, scores, at=MID_OCTOBER, kind="nps", **fields) -> list:
    fields |= {"kind": kind, "about_at": at, "submitted_at": at}
    return [factories.make_response(client, score, **fields) for score in scores]


def comment(client, text, score, at=MID_OCTOBER, theme="billing", sentiment=-1, **fields):
    response = factories.make_response(client, score, text, about_at=at, submitted_at=at, **fields)
    written, judged = response.answers.get(), {"source": Reading.Source.RULES, "version": "1"}
    Reading.objects.create(answer=written, outcome="themes", language="de", text_hash="x", read_at=at, **judged)
    themes = adopt_starter_taxonomy(client)
    ThemeAssignment.objects.create(answer=written, theme=themes[theme], sentiment=sentiment, **judged)
    return response


def case(client, opened_at=MID_OCTOBER, **fields) -> Case:
    (response,) = answers(client, [2], at=opened_at)
    defaults = {"opened_at": opened_at, "due_at": client.call_back_by(opened_at), "triggers": ["low_score"]}
    made = Case.objects.create(client=client, response=response, **{**defaults, **fields})
    CaseEvent.objects.create(case=made, kind="opened", at=opened_at)
    return made


def resolved(at) -> dict:
    return {"state": "resolved", "cause": "our_reach", "action": "called", "resolved_at": at}


def sent_to(client, at=DUE) -> tuple[Digest, OutgoingMessage]:
    assert digests.send_due(at) == 1
    digest = Digest.objects.get(client=client)
    return digest, OutgoingMessage.objects.get(key=f"digest:{digest.pk}")


def page_path(digest: Digest) -> str:
    return reverse("digest", args=[links.make(links.DIGEST, str(digest.pk))])


def words_of(markup: str) -> str:
    """What a reader of HTML sees, as one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


# --- Which are due


@pytest.mark.parametrize(
    ("zone", "hour", "at", "is_due"),
    [
        ("Europe/Berlin", 7, "2026-11-02T05:59:59", False),
        ("Europe/Berlin", 7, "2026-11-02T06:00:00", True),
        ("America/New_York", 7, "2026-11-02T11:59:59", False),
        ("America/New_York", 7, "2026-11-02T12:00:00", True),
        # The Monday after the clocks went forward (29 March 2026): an hour earlier in UTC than the Monday before.
        ("Europe/Berlin", 7, "2026-03-30T04:59:59", False),
        ("Europe/Berlin", 7, "2026-03-30T05:00:00", True),
        ("Europe/Berlin", 0, "2026-11-01T23:00:00", True),
    ],
)
def test_a_weekly_digest_is_due_on_monday_at_its_hour_in_the_clients_zone(acme, zone, hour, at, is_due):
    acme.time_zone = zone
    acme.save()
    subscription = subscribe(acme, "week", send_hour=hour)

    found = digests.due(dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC))

    monday = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).astimezone(acme.zone).date()
    week = Period("week", monday - dt.timedelta(days=7), monday - dt.timedelta(days=1), zone)
    assert found == ([(subscription, week)] if is_due else [])


def test_a_monthly_digest_is_due_on_the_first_of_the_next_month(acme):
    subscription = subscribe(acme)

    assert digests.due(DUE - dt.timedelta(seconds=1)) == []
    assert digests.due(DUE) == [(subscription, OCTOBER)]


def test_after_a_standstill_only_the_latest_period_is_caught_up(acme):
    subscribe(acme, starts_on=dt.date(2026, 3, 1))

    assert [period for _, period in digests.due(DUE + dt.timedelta(days=20))] == [OCTOBER]


def test_periods_before_the_start_and_ended_subscriptions_are_not_reported(acme, globex):
    subscribe(acme, starts_on=dt.date(2026, 11, 1))
    subscribe(acme, email="gone@acme.example", is_active=False)
    globex.is_active = False
    globex.save()
    subscribe(globex)

    assert digests.due(DUE) == []


@pytest.mark.parametrize("number", [1, 3])
def test_looking_for_due_digests_costs_two_queries(acme, number, django_assert_num_queries):
    for place in range(number):
        subscribe(acme, email=f"{place}@acme.example")

    with django_assert_num_queries(2):
        assert len(digests.due(DUE)) == number


# --- Once


def test_two_ticks_at_once_send_one_mail(acme):
    subscription = subscribe(acme)
    answers(acme, [10] * 12)
    first = digests.claim(subscription, OCTOBER, DUE)
    second = digests.claim(subscription, OCTOBER, DUE)

    assert second is None
    assert digests.send(first, DUE)
    assert digests.send_due(DUE) == 0
    assert OutgoingMessage.objects.filter(key__startswith="digest:").count() == 1


def test_a_claim_left_behind_is_taken_over_and_its_first_owner_sends_nothing(acme):
    subscription = subscribe(acme)
    answers(acme, [10] * 12)
    dead = digests.claim(subscription, OCTOBER, DUE)

    assert digests.due(DUE + dt.timedelta(minutes=14)) == []
    assert digests.claim(subscription, OCTOBER, DUE + dt.timedelta(minutes=14)) is None
    later = DUE + dt.timedelta(minutes=15)
    assert digests.send_due(later) == 1
    assert digests.send(dead, later) is False
    assert OutgoingMessage.objects.filter(key__startswith="digest:").count() == 1
    assert Digest.objects.get().sent_at == later


def test_whoever_lost_a_claim_sends_nothing_while_the_new_owner_builds(acme):
    subscription = subscribe(acme)
    answers(acme, [10] * 12)
    slow = digests.claim(subscription, OCTOBER, DUE)
    taken_over = digests.claim(subscription, OCTOBER, DUE + dt.timedelta(minutes=15))

    assert digests.send(slow, DUE) is False
    assert digests.send(taken_over, DUE) is True
    assert OutgoingMessage.objects.filter(key__startswith="digest:").count() == 1


def test_a_digest_that_cannot_be_built_does_not_hold_up_the_next_and_is_tried_again(acme, globex, monkeypatch):
    subscribe(acme)
    subscribe(globex)
    answers(acme, [10] * 12)
    answers(globex, [10] * 12)
    build = digests.build

    def broken_for_acme(digest):
        if digest.client == acme:
            raise ZeroDivisionError
        return build(digest)

    monkeypatch.setattr(digests, "build", broken_for_acme)
    assert digests.send_due(DUE) == 1
    monkeypatch.undo()

    assert digests.send_due(DUE + dt.timedelta(minutes=15)) == 1
    assert set(Digest.objects.values_list("state", flat=True)) == {"sent"}


def test_the_task_sends_what_is_due_by_the_clock(acme, monkeypatch):
    subscribe(acme)
    answers(acme, [10] * 12)
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)

    assert send_digests() == 1


# --- Empty, and frozen


def test_an_empty_digest_is_kept_but_not_sent(acme):
    subscribe(acme)

    assert digests.send_due(DUE) == 0
    assert digests.send_due(DUE) == 0
    assert Digest.objects.get().state == Digest.State.EMPTY
    assert not OutgoingMessage.objects.exists()


def test_a_case_that_moved_is_enough_to_report(acme):
    subscribe(acme)
    old = case(acme, opened_at=MID_SEPTEMBER)
    CaseEvent.objects.create(case=old, kind="note", at=MID_OCTOBER)

    assert digests.send_due(DUE) == 1


def test_people_asked_are_enough_to_report(acme):
    subscribe(acme)
    factories.make_invitation(acme, about_at=MID_OCTOBER)

    assert digests.send_due(DUE) == 1


def test_a_late_answer_changes_nothing_that_was_sent(acme, client, monkeypatch):
    subscribe(acme)
    answers(acme, [10] * 12)
    digest, _message = sent_to(acme)
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    before, content = client.get(page_path(digest)).content, digest.content

    answers(acme, [0] * 12)
    acme.name = "Acme Neu"
    acme.save()
    assert digests.send_due(DUE) == 0

    digest.refresh_from_db()
    assert digest.content == content
    assert client.get(page_path(digest)).content == before


def test_the_frozen_content_needs_no_arithmetic_to_be_read_again(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    answers(acme, [10] * 12, at=MID_SEPTEMBER)
    digest, _message = sent_to(acme)

    assert digest.content["scores"]["nps"]["verdict"] == "no_clear_change"
    built, _chart = digests.build(digest)
    assert presentation.present(json.loads(json.dumps(built)), "de") == presentation.present(built, "de")


# --- Effort, and what stands beside


def test_effort_stands_beside_the_other_two_only_where_it_was_asked(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    digest, message = sent_to(acme)
    assert list(digest.content["scores"]) == ["nps", "csat"]
    assert "CES " not in message.text.replace("CES der von", "").replace("CSAT und CES", "")


def test_effort_is_said_alike_in_mail_text_and_page_and_easier_is_not_called_higher(acme, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    subscribe(acme)
    answers(acme, [7] * 28 + [1] * 2, kind="ces")
    answers(acme, [7] * 10 + [4] * 5 + [1] * 15, kind="ces", at=MID_SEPTEMBER)
    digest, message = sent_to(acme)
    report = presentation.present(digest.content, "de")

    shown = [
        words_of(client.get(page_path(digest)).content.decode()),
        words_of(message.html),
        " ".join(message.text.split()),
    ]
    effort = report.scores[2]
    assert (effort.name, effort.verdict) == ("Wenig Aufwand (CES)", "Klar leichter")
    assert report.opening == "Kundinnen und Kunden hatten es klar leichter als im September."
    for part in (
        effort.name,
        effort.value,
        effort.interval,
        effort.evidence,
        effort.verdict,
        effort.before,
        report.opening,
    ):
        for text in shown:
            assert " ".join(part.split()) in text


def test_three_scores_without_a_change_are_said_in_one_sentence(acme):
    subscribe(acme)
    for at in (MID_OCTOBER, MID_SEPTEMBER):
        for kind, score in (("nps", 10), ("csat", 5), ("ces", 7)):
            answers(acme, [score] * 12, kind=kind, at=at)
    digest, _message = sent_to(acme)
    opening = presentation.present(digest.content, "en").opening
    assert opening == "Recommendation, satisfaction and effort have not clearly changed."


def test_what_was_not_counted_is_said_alike_everywhere(acme, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    subscribe(acme)
    answers(acme, [10] * 12)
    for _ in range(3):
        factories.make_invitation(acme, "nps", about_at=MID_OCTOBER, clicked_at=MID_OCTOBER, clicked_score=2)
    factories.make_flagged(factories.make_invitation(acme, "nps", about_at=MID_OCTOBER), submitted_at=MID_OCTOBER)
    for _ in range(6):
        factories.make_unverified(acme, 0, submitted_at=MID_OCTOBER)
    digest, message = sent_to(acme)

    line = "Daneben, nicht eingerechnet: 3 nur angeklickt, 1 als maschinell markiert, 6 ohne Einladung."
    score = digest.content["scores"]["nps"]
    assert (score["n"], score["beside"]) == (12, {"provisional": 3, "flagged": 1, "unverified": 6})
    page = words_of(client.get(page_path(digest)).content.decode())
    for text in (page, words_of(message.html), " ".join(message.text.split())):
        assert text.count(line) == 1
        assert text.count("nicht eingerechnet") == 1
    english = presentation.present(digest.content, "en").scores[0].beside
    assert english == ("Besides, not counted: 3 only clicked, 1 marked as made by a machine, 6 without an invitation.")


def test_answers_of_an_open_link_alone_are_worth_a_report_and_make_no_score(acme):
    subscribe(acme)
    for _ in range(6):
        factories.make_unverified(acme, 0, submitted_at=MID_OCTOBER)
    digest, _message = sent_to(acme)
    assert digest.content["scores"]["nps"]["estimate"] is None


def test_a_digest_that_was_frozen_before_this_was_counted_still_opens(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    digest, _message = sent_to(acme)
    for score in digest.content["scores"].values():
        del score["beside"]
    assert [figure.beside for figure in presentation.present(digest.content, "de").scores] == ["", ""]


# --- What it says


def test_the_same_figures_stand_in_mail_text_and_page(acme, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    subscribe(acme)
    answers(acme, [10] * 18 + [8] * 7 + [2] * 5)
    answers(acme, [10] * 12 + [8] * 9 + [2] * 11, at=MID_SEPTEMBER)
    answers(acme, [5] * 8 + [1] * 2, kind="csat")
    digest, message = sent_to(acme)
    report = presentation.present(digest.content, "de")

    page = words_of(client.get(page_path(digest)).content.decode())
    mail = words_of(message.html)
    text = " ".join(message.text.split())

    assert report.scores[0].summary() == "NPS 43 (13 bis 66), n\u00a0=\u00a030"
    assert report.scores[1].summary() == "CSAT 80\u00a0% (49\u00a0% bis 94\u00a0%), n\u00a0=\u00a010"
    for figure in (report.scores[0], report.scores[1]):
        for part in (figure.value, figure.interval, figure.evidence, figure.verdict):
            for shown in (page, mail, text):
                assert " ".join(part.split()) in shown
    for line in (
        report.opening,
        report.rates.response_rate,
        report.rates.coverage,
        report.scores[0].before,
        *report.cases,
    ):
        for shown in (page, mail, text):
            assert " ".join(line.split()) in shown
    assert html.escape(report.trend_description) in message.html
    assert list(message.images) == ["trend"]
    assert 'src="cid:trend"' in message.html


@pytest.mark.parametrize(
    ("october", "word", "sentence"),
    [
        ([10] * 24 + [8] * 6, "Klar höher", "Die Weiterempfehlung ist klar höher als im September."),
        ([8] * 2 + [0] * 28, "Klar niedriger", "Die Weiterempfehlung ist klar niedriger als im September."),
        (
            [10] * 18 + [8] * 7 + [2] * 5,
            "Keine klare Veränderung",
            "Die Weiterempfehlung hat sich nicht klar verändert.",
        ),
    ],
)
def test_words_for_a_change_come_from_the_test_alone(acme, october, word, sentence):
    subscribe(acme)
    answers(acme, [10] * 12 + [8] * 9 + [2] * 11, at=MID_SEPTEMBER)
    answers(acme, october)
    digest, _message = sent_to(acme)

    report = presentation.present(digest.content, "de")

    assert report.scores[0].verdict == word
    assert report.opening == sentence


def test_without_a_period_before_no_change_is_named(acme):
    subscribe(acme)
    answers(acme, [10] * 30)
    digest, _message = sent_to(acme)

    report = presentation.present(digest.content, "en")

    assert (report.scores[0].verdict, report.scores[0].before) == ("No comparison yet", "")
    assert report.opening == "There is no comparison with the period before yet."


@pytest.mark.parametrize(
    ("n", "summary"),
    [
        (0, "NPS – (keine Antworten)"),
        (1, "NPS – (eine Antwort; einen Wert zeigen wir ab 5)"),
        (4, "NPS – (4 Antworten; einen Wert zeigen wir ab 5)"),
        (9, "NPS nur Spanne: 43 bis 100, n\u00a0=\u00a09"),
        (10, "NPS 100 (48 bis 100), n\u00a0=\u00a010"),
    ],
)
def test_small_groups_show_nothing_or_only_a_range(acme, n, summary):
    subscribe(acme)
    factories.make_invitation(acme, about_at=MID_OCTOBER)
    answers(acme, [10] * n)
    digest, message = sent_to(acme)

    assert presentation.present(digest.content, "de").scores[0].summary() == summary
    assert summary.replace("\u00a0", " ") in message.text.replace("\u00a0", " ")


def test_a_week_that_would_tell_of_its_months_three_other_answers_is_withheld(acme):
    subscribe(acme, kind="week")
    answers(acme, [10] * 12, at=WEEK_DUE - dt.timedelta(days=4))
    answers(acme, [0] * 3, at=MID_OCTOBER - dt.timedelta(days=7))
    digest, message = sent_to(acme, WEEK_DUE)

    told = presentation.present(digest.content, "de").scores[0].summary()
    assert told == "NPS – (nicht gezeigt, weil es etwas über weniger als 5 andere verriete)"
    assert told in message.text
    assert (digest.content["scores"]["nps"]["n"], digest.content["scores"]["nps"]["estimate"]) == (0, None)


def test_a_month_is_told_whatever_its_weeks(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    answers(acme, [0] * 3, at=MID_OCTOBER - dt.timedelta(days=7))
    digest, _message = sent_to(acme)

    assert digest.content["scores"]["nps"]["n"] == 15


def test_a_period_before_with_nine_answers_is_not_named_for_comparison(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    answers(acme, [10] * 9, at=MID_SEPTEMBER)
    digest, message = sent_to(acme)

    assert presentation.present(digest.content, "de").scores[0].before == ""
    assert "September: " not in message.text


def test_after_a_new_wording_no_comparison_is_offered(acme):
    subscribe(acme)
    answers(acme, [10] * 12, at=MID_SEPTEMBER)
    newer = wording.publish(factories.make_survey(acme, "nps"), MID_SEPTEMBER)
    answers(acme, [0] * 12, version=newer)
    digest, _message = sent_to(acme)

    report = presentation.present(digest.content, "de")

    assert (report.scores[0].verdict, report.scores[0].before) == ("Neuer Wortlaut, kein Vergleich", "")
    assert (report.trend_title, digest.chart_svg) == ("", "")


def test_comments_of_four_people_are_not_shown(acme):
    subscribe(acme)
    for number in range(4):
        comment(acme, f"Kanarienvogel {number}", 3)
    _digest, message = sent_to(acme)

    assert "Kanarienvogel" not in message.text + message.html


def test_what_went_wrong_stands_before_the_themes(acme):
    subscribe(acme)
    case(acme, opened_at=dt.datetime(2026, 10, 13, 10, tzinfo=dt.UTC))
    for number in range(20):
        comment(acme, "Die Rechnung ist falsch.", 3, theme="billing" if number < 12 else "price")
        comment(acme, "Nett.", 9, at=MID_SEPTEMBER, theme="friendliness", sentiment=1)
    digest, message = sent_to(acme)

    report = presentation.present(digest.content, "de")

    assert [item.title for item in report.bad_news] == [
        "Ein Fall überfällig",
        "Klar mehr Kritik: Rechnung & Zahlung",
        "Klar mehr Kritik: Preis & Leistung fürs Geld",
    ]
    assert report.bad_news[0].rows == [
        ("Was war", "Ein Mensch wartet länger als zugesagt, seit 15. Oktober."),
        ("Zugesagt", "Antwort binnen 2 Werktagen"),
    ]
    assert report.bad_news[1].rows == [
        ("Was war", "In 12 von 20 Kommentaren kritisiert, im September in 0 von 20."),
        ("Wo", "Bei Ihnen"),
    ]
    assert [(group.title, [theme.name for theme in group.themes]) for group in report.theme_groups] == [
        ("Klar häufiger als im September", ["Rechnung & Zahlung", "Preis & Leistung fürs Geld"]),
        ("Klar seltener als im September", ["Freundlichkeit & Einfühlung"]),
    ]
    assert message.text.index("Was nicht gut lief") < message.text.index("Worüber gesprochen wird")


def test_where_nothing_went_wrong_nothing_is_said(acme):
    subscribe(acme)
    answers(acme, [10] * 12)
    digest, message = sent_to(acme)

    assert presentation.present(digest.content, "de").bad_news == []
    assert "Was nicht gut lief" not in message.text + message.html


def test_where_no_theme_changed_the_five_most_frequent_stand(acme):
    subscribe(acme)
    themes = ("billing", "price", "delivery", "friendliness", "competence", "waiting_time")
    for at in (MID_SEPTEMBER, MID_OCTOBER):
        for place, theme in enumerate(themes):
            for _ in range(5 + place):
                comment(acme, "Ein Satz.", 8, at=at, theme=theme)
    digest, _message = sent_to(acme)

    (group,) = presentation.present(digest.content, "en").theme_groups

    assert group.title == "Most frequent; no clear change"
    assert [theme.share for theme in group.themes] == ["22.2%", "20.0%", "17.8%", "15.6%", "13.3%"]


def test_cases_are_counted_and_the_promise_is_measured(acme):
    subscribe(acme)
    for _ in range(5):
        case(acme, **resolved(MID_OCTOBER + dt.timedelta(hours=3)))
    case(acme, **resolved(MID_OCTOBER + dt.timedelta(days=10)))
    case(acme)
    digest, _message = sent_to(acme)

    report = presentation.present(digest.content, "de")

    assert report.cases == [
        "7 eröffnet, 6 gelöst.",
        "Von 7 fälligen 5 fristgerecht gelöst: 71\u00a0% (36\u00a0% bis 92\u00a0%).",
    ]
    assert report.opening.endswith("Ein Fall ist überfällig.")


def test_both_languages_say_the_same_figures(acme):
    subscribe(acme, salutation="Guten Tag Frau Brook,")
    answers(acme, [10] * 18 + [8] * 7 + [2] * 5)
    answers(acme, [10] * 18 + [8] * 7 + [2] * 5, at=MID_SEPTEMBER)
    subscribe(acme, email="smith@acme.example", language="en", salutation="Dear Ms Smith")
    assert digests.send_due(DUE) == 2

    german, english = OutgoingMessage.objects.order_by("pk")

    assert german.subject == "Acme: Monatsbericht Oktober 2026"
    assert english.subject == "Acme: Monthly report, October 2026"
    assert "Guten Tag Frau Brook, die Weiterempfehlung hat sich nicht klar verändert." in german.text
    assert "Dear Ms Smith, recommendation has not clearly changed." in english.text
    assert "NPS 43 (13 bis 66), n\u00a0=\u00a030" in german.text
    assert "NPS 43 (13 to 66), n\u00a0=\u00a030" in english.text
    assert '<html lang="de"' in german.html
    assert '<html lang="en"' in english.html


def test_no_agent_is_named_anywhere(acme, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    subscribe(acme)
    team = factories.make_team(acme, "Team Geheimhaltung")
    login = factories.make_login("quastenberg", first_name="Xaveria", last_name="Quastenberg")
    agent = factories.make_agent(acme, "Xaveria Quastenberg", login=login, team=team)
    for number in range(12):
        comment(acme, "⟦name⟧ war nett.", number % 5 + 1, kind="csat", agent=agent, team=team)
    case(acme, owner=login, team=team)
    digest, message = sent_to(acme)

    page = client.get(page_path(digest)).content.decode()

    for shown in (message.subject, message.text, message.html, page, json.dumps(digest.content)):
        assert "Quastenberg" not in shown
        assert "Xaveria" not in shown
        assert "Geheimhaltung" not in shown
    assert "[Name] war nett." in message.text
    assert ">Name</span> war nett." in message.html
    assert '<span class="redacted">Name</span> war nett.' in page


def test_what_people_typed_is_never_markup(acme, client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    acme.name = "Acme <script>alert(1)</script> & Co"
    acme.save()
    subscribe(acme, salutation="Hallo <img src=x onerror=alert(2)>")
    for _ in range(12):
        comment(acme, "<svg onload=alert(3)> ⟦<b>⟧ 5 < 6", 10)
        comment(acme, "Gut.", 10, at=MID_SEPTEMBER)
    digest, message = sent_to(acme)

    page = client.get(page_path(digest)).content.decode()

    for shown in (message.html, page):
        assert not re.search(r"<script|<img src=x|<svg onload|<b>", shown)
        assert "&lt;svg onload=alert(3)&gt;" in shown
    assert "Acme <script>alert(1)</script> & Co" in message.text
    assert message.subject == "Acme <script>alert(1)</script> & Co: Monatsbericht Oktober 2026"


def test_globex_sees_nothing_of_acme(acme, globex):
    subscribe(globex)
    for _ in range(12):
        comment(acme, "Kanarienvogel", 3)
    case(acme)

    assert digests.send_due(DUE) == 0
    assert Digest.objects.get().state == Digest.State.EMPTY
    content = Digest.objects.get().content
    assert "Kanarienvogel" not in json.dumps(content)
    assert {name: content["cases"][name] for name in ("opened", "due", "overdue")} == {
        "opened": 0,
        "due": 0,
        "overdue": 0,
    }


def test_a_weekly_digest_names_its_week(acme):
    subscribe(acme, "week")
    answers(acme, [10] * 12, at=dt.datetime(2026, 10, 28, tzinfo=dt.UTC))
    digest, message = sent_to(acme, WEEK_DUE)

    assert message.subject == "Acme: Wochenbericht KW 44"
    assert presentation.present(digest.content, "de").span == "26. Oktober bis 1. November 2026"


# --- The page and the way out


@pytest.fixture
def sent(acme, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE)
    subscribe(acme)
    answers(acme, [10] * 12)
    answers(acme, [10] * 12, at=MID_SEPTEMBER)
    return sent_to(acme)


def test_the_page_needs_no_login_sets_no_cookie_and_is_kept_nowhere(sent, client):
    digest, message = sent
    path = re.search(r"http://localhost:8000(/d/[^/\s]+/)\s", message.text)[1]

    page = client.get(path)

    assert (page.status_code, path) == (200, page_path(digest))
    assert not page.cookies
    assert page["Cache-Control"] == "private, no-store"
    assert page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Content-Language"] == "de"
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert not re.search(r" style=|<style|<script", page.content.decode())


def test_a_link_dies_after_ninety_days(sent, client, monkeypatch):
    digest, _message = sent
    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE + dt.timedelta(days=90) - dt.timedelta(seconds=1))
    assert client.get(page_path(digest)).status_code == 200

    monkeypatch.setattr("django.utils.timezone.now", lambda: DUE + dt.timedelta(days=90))
    assert client.get(page_path(digest)).status_code == 404


def test_unknown_foreign_and_unsent_links_lead_to_the_same_kind_page(sent, client):
    digest, _message = sent
    stop = links.make(links.DIGEST_STOP, str(digest.pk))
    Digest.objects.filter(pk=digest.pk).update(state=Digest.State.CLAIMED)

    pages = [
        client.get(path, headers={"accept-language": "de"})
        for path in (page_path(digest), f"/d/{stop}/", "/d/x/", f"/d/{digest.pk}/", "/d/x/stop/")
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert "Hinter diesem Link liegt kein Bericht." in pages[0].content.decode()


def test_opening_the_stop_link_changes_nothing_and_pressing_ends_the_subscription(sent, client):
    _digest, message = sent
    path = re.search(r"http://localhost:8000(/d/\S+/stop/)", message.text)[1]

    asked = client.get(path)
    client.head(path)
    assert DigestSubscription.objects.get().is_active
    assert "Monatsbericht abbestellen?" in asked.content.decode()

    for _ in range(2):
        done = client.post(path)
        assert "Sie erhalten diesen Bericht nicht mehr." in done.content.decode()
        assert not done.cookies
    assert not DigestSubscription.objects.get().is_active
    assert digests.due(DUE.replace(month=12)) == []


def test_a_link_to_a_digest_ends_no_subscription(sent, client):
    digest, _message = sent
    token = links.make(links.DIGEST, str(digest.subscription_id))

    assert client.post(f"/d/{token}/stop/").status_code == 404
    assert DigestSubscription.objects.get().is_active
