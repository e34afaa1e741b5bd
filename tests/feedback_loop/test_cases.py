"""One case per unhappy customer, with an owner and a due time, and every move written down."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from analytics import classification
from analytics.models import Reading
from feedback_loop import cases
from feedback_loop.models import Case, CaseEvent
from feedback_loop.templatetags import casework
from surveys.models import Access, OutgoingMessage, Question, SurveyVersion, group_of
from surveys.signals import response_submitted
from tests import factories

Lead, Analyst, Viewer = Access.Role.LEAD, Access.Role.ANALYST, Access.Role.VIEWER
THREAT = "Ich schalte jetzt meinen Anwalt ein, das ist unverschämt."


def read_as(response, *signals):
    """The answer as read with these signals (what the rules find is tested with the rules)."""
    answer = response.answers.get()
    Reading.objects.filter(answer=answer).delete()
    return Reading.objects.create(
        answer=answer,
        outcome="unclassified",
        language="de",
        signals=list(signals),
        source="rules",
        version="1",
        text_hash="0",
        read_at=factories.NOW,
    )


def make_lead(client, name, team, **fields):
    lead = factories.make_login(name, email=f"{name}@provider.example", **fields)
    factories.give_access(lead, client, Lead, team)
    return lead


def events(case):
    return list(case.events.values_list("kind", flat=True))


@pytest.fixture
def nord(acme):
    return factories.make_team(acme)


# --- What opens a case ---


@pytest.mark.parametrize(
    ("kind", "score", "triggers"),
    [("nps", 6, ["low_score"]), ("nps", 7, []), ("csat", 2, ["low_score"]), ("csat", 3, [])],
)
def test_a_low_score_triggers_and_a_middling_one_does_not(acme, kind, score, triggers):
    assert cases.triggers_of(factories.make_response(acme, score, kind=kind)) == triggers


def test_a_wish_for_a_call_triggers_at_any_score(acme):
    assert cases.triggers_of(factories.make_response(acme, 10, wants_call=True, phone="0170 1234567")) == ["wants_call"]


def test_signals_trigger_but_praise_and_begging_do_not(acme):
    response = factories.make_response(acme, 9, "Text")
    read_as(response, "vulnerable", "praise_for_agent", "score_begging", "churn_risk")
    assert cases.triggers_of(response) == ["churn_risk", "vulnerable"]


def test_a_threat_in_a_real_comment_opens_a_case_after_reading(acme, now):
    response = factories.make_response(acme, 8, THREAT)
    assert cases.open_for(response, now) is None
    classification.read(response.answers.get())
    assert cases.open_for(response, now).triggers == ["legal_threat"]


def test_a_content_customer_gets_no_case(acme, now):
    assert cases.open_for(factories.make_response(acme, 9, "Alles gut"), now) is None
    assert Case.objects.count() == 0


def test_opening_twice_makes_one_case_and_one_event(acme, now):
    response = factories.make_response(acme, 2)
    assert cases.open_for(response, now) == cases.open_for(response, now)
    assert events(Case.objects.get()) == ["opened"]


def test_the_database_refuses_a_second_case_for_a_response(acme, now):
    case = cases.open_for(factories.make_response(acme, 2), now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(client=acme, response=case.response, opened_at=now, due_at=now)


def test_a_slower_worker_gets_the_case_of_the_faster_one(acme, now, monkeypatch):
    response = factories.make_response(acme, 2)
    opened = cases._open

    def overtaken(response, triggers, at):
        opened(response, triggers, at)
        return opened(response, triggers, at)

    monkeypatch.setattr(cases, "_open", overtaken)
    assert cases.open_for(response, now) == Case.objects.get()
    assert CaseEvent.objects.count() == 1


# --- When it is settled, and what the customer changes afterwards ---


def changed(response, score, at, first=None):
    """As the page leaves it when the customer sends another score."""
    type(response).objects.filter(pk=response.pk).update(
        changed_at=at,
        first={"said": {"score": first or response.score}},
        score=score,
        group=group_of(response.kind, score),
    )
    return type(response).objects.get(pk=response.pk)


def told(case):
    return [(event.at, event.detail) for event in case.events.filter(kind="changed")]


def test_behind_an_open_door_nobody_is_known_and_no_case_opens(acme, now):
    response = factories.make_unverified(acme, 0, THREAT, submitted_at=now)
    classification.read(response.answers.get())
    assert cases.open_for(response, now) is None
    assert cases.open_missing(now + dt.timedelta(days=1)) == 0


@pytest.mark.parametrize(("minutes", "is_open"), [(0, False), (29, False), (30, True)])
def test_no_alert_leaves_in_the_middle_of_a_sheet(acme, nord, now, minutes, is_open):
    make_lead(acme, "mira", nord)
    response = factories.make_response(acme, 1, kind="csat", team=nord, completed_at=None)
    later = now + dt.timedelta(minutes=minutes)
    assert bool(cases.open_missing(later)) == is_open
    assert OutgoingMessage.objects.filter(key__endswith=":alert").exists() == is_open
    assert bool(cases.open_for(response, later)) == is_open


def test_whoever_still_changes_an_unfinished_sheet_is_still_at_it(acme, now):
    response = factories.make_response(acme, 5, completed_at=None)
    response = changed(response, 2, now + dt.timedelta(minutes=20))
    assert cases.open_missing(now + dt.timedelta(minutes=40)) == 0
    assert cases.open_missing(now + dt.timedelta(minutes=50)) == 1


def test_effort_of_one_to_three_opens_a_case(acme):
    assert cases.triggers_of(factories.make_response(acme, 3, kind="ces")) == ["low_score"]
    assert cases.triggers_of(factories.make_response(acme, 4, kind="ces")) == []


def test_a_change_for_the_better_is_told_and_a_person_decides(acme, now):
    case = cases.open_for(factories.make_response(acme, 3), now)
    later = now + dt.timedelta(hours=2)
    response = changed(case.response, 9, later)
    assert cases.open_for(response, later) == case
    assert cases.open_for(response, later) == case
    case.refresh_from_db()
    assert (case.state, case.triggers, told(case)) == ("open", ["low_score"], [(later, {"before": 3, "score": 9})])
    assert casework.sentence(case.events.last(), {}) == "The customer changed the answer: from 3 to 9."


def test_the_sweep_tells_each_change_once(acme, now):
    case = cases.open_for(factories.make_response(acme, 3), now)
    first, second = (now + dt.timedelta(hours=hours) for hours in (1, 5))
    changed(case.response, 8, first)
    assert [cases.open_missing(first), cases.open_missing(first)] == [1, 0]
    changed(case.response, 8, second, first=3)
    assert [cases.open_missing(second), cases.open_missing(second)] == [1, 0]
    assert told(case) == [(first, {"before": 3, "score": 8}), (second, {"before": 8, "score": 8})]
    assert casework.sentence(case.events.last(), {}) == "The customer changed the answer. The score is still 8."


def test_what_was_changed_before_the_case_opened_is_no_event_of_it(acme, now):
    response = changed(factories.make_response(acme, 9), 2, now + dt.timedelta(minutes=10))
    case = cases.open_for(response, now + dt.timedelta(minutes=11))
    assert events(case) == ["opened"]


def test_two_workers_tell_a_change_once(acme, now, monkeypatch):
    case = cases.open_for(factories.make_response(acme, 3), now)
    later = now + dt.timedelta(hours=1)
    response, tell = changed(case.response, 9, later), cases._tell

    def overtaken(*args, **detail):
        tell(*args, **detail)
        return tell(*args, **detail)

    monkeypatch.setattr(cases, "_tell", overtaken)
    cases.open_for(response, later)
    monkeypatch.undo()
    cases.open_for(response, later)
    assert len(told(case)) == 1


def test_a_threat_added_later_is_a_new_reason_beside_the_change(acme, now):
    response = factories.make_response(acme, 3, "Schade.")
    case = cases.open_for(response, now)
    later = now + dt.timedelta(hours=3)
    response = changed(response, 1, later)
    read_as(response, "legal_threat")
    cases.open_missing(later)
    assert events(case) == ["opened", "changed", "trigger", "due"]


def test_a_response_of_several_texts_is_counted_once_by_the_sweep(acme, now):
    response = factories.make_response(acme, 2, "Schade.")
    version = SurveyVersion.objects.create(survey=response.version.survey, number=9)
    question = Question.objects.create(version=version, position=5, key="more", kind="text", wording={"de": {}})
    response.answers.create(question=question, text="Sehr schade.")
    for answer in response.answers.all():
        classification.read(answer)
    assert cases.open_missing(now) == 1


def test_the_alert_brings_every_text_under_its_question_and_says_the_scale(acme, nord, now):
    make_lead(acme, "mira", nord, language="en")
    campaign = factories.make_campaign(acme, "ces", survey=factories.make_long_survey(acme, "ces"))
    invitation = factories.make_invitation(acme, campaign=campaign, team=nord)
    response = factories.make_response(acme, 2, "Zu kompliziert.", invitation=invitation)
    more = response.version.questions.get(key="more")
    response.answers.create(question=more, text="Und das Formular ging nicht.")
    response.answers.create(question=response.version.questions.get(key="way"), choice="chat")
    cases.open_for(response, now)
    mail = OutgoingMessage.objects.get(key__endswith=":alert")
    for body in (mail.text, mail.html):
        assert "of 7, hard" in body
        assert body.index("What is the main reason for your score?") < body.index("Zu kompliziert.")
        assert body.index("Zu kompliziert.") < body.index("Und das Formular ging nicht.")
        assert "“”" not in body


# --- Owner, team, due time ---


def test_the_lead_with_the_fewest_open_cases_of_the_team_becomes_owner(acme, nord, now):
    busy, free = make_lead(acme, "busy", nord), make_lead(acme, "free", nord)
    first = cases.open_for(factories.make_response(acme, 2, kind="csat", team=nord), now)
    second = cases.open_for(factories.make_response(acme, 2, kind="csat", team=nord), now)
    assert [first.owner, second.owner, second.team] == [busy, free, nord]
    cases.resolve(first, "our_reach", "Angerufen", busy, now)
    assert cases.open_for(factories.make_response(acme, 2, kind="csat", team=nord), now).owner == busy


def test_without_a_lead_an_analyst_owns_it_and_never_a_viewer(acme, globex, nord, now):
    factories.give_access(factories.make_login("viewer"), acme, Viewer)
    factories.give_access(factories.make_login("elsewhere"), globex, Analyst)
    assert cases.open_for(factories.make_response(acme, 2), now).owner is None
    analyst = factories.make_login("analyst")
    factories.give_access(analyst, acme, Analyst)
    assert cases.open_for(factories.make_response(acme, 2, kind="csat", team=nord), now).owner == analyst


def test_a_lead_who_left_owns_nothing_new(acme, nord, now):
    make_lead(acme, "gone", nord, is_active=False)
    assert cases.open_for(factories.make_response(acme, 2, kind="csat", team=nord), now).owner is None


def test_the_team_is_the_frozen_one(acme, nord, now):
    agent = factories.make_agent(acme, team=nord)
    response = factories.make_response(acme, 1, kind="csat", agent=agent, team=nord)
    agent.team = factories.make_team(acme, "Süd")
    agent.save()
    assert cases.open_for(response, now).team == nord


def test_it_is_due_when_the_customer_was_promised_a_call(acme, now):
    case = cases.open_for(factories.make_response(acme, 2), now)
    assert case.due_at == acme.call_back_by(now) == dt.datetime(2026, 11, 12, 17, 0, tzinfo=dt.UTC)


def test_a_case_that_the_sweep_opens_late_is_due_when_the_customer_was_promised(acme, now):
    response = factories.make_response(acme, 2, wants_call=True)
    case = cases.open_for(response, now + dt.timedelta(days=5))
    assert case.due_at == acme.call_back_by(response.submitted_at)


@pytest.mark.parametrize("signal", ["legal_threat", "vulnerable"])
def test_what_is_urgent_waits_one_working_day_at_most(acme, signal):
    friday = dt.datetime(2026, 11, 13, 9, 0, tzinfo=dt.UTC)
    response = factories.make_response(acme, 9, "Text", submitted_at=friday)
    read_as(response, signal)
    assert cases.open_for(response, friday).due_at == dt.datetime(2026, 11, 16, 17, 0, tzinfo=dt.UTC)


# --- What comes later ---


def test_a_later_signal_is_added_and_brings_the_due_time_forward(acme, now):
    response = factories.make_response(acme, 2, "Text")
    case = cases.open_for(response, now)
    read_as(response, "legal_threat")
    later = now + dt.timedelta(hours=1)
    case = cases.open_for(response, later)
    assert case.triggers == ["low_score", "legal_threat"]
    assert case.due_at == acme.call_back_by(later, 1)
    assert events(case) == ["opened", "trigger", "due"]


def test_a_signal_found_after_closing_is_noted_and_moves_nothing(acme, now):
    response = factories.make_response(acme, 2, "Text")
    case = cases.open_for(response, now)
    cases.resolve(case, "our_reach", "Angerufen", None, now)
    read_as(response, "legal_threat")
    case = cases.open_for(response, now + dt.timedelta(days=3))
    assert (case.state, events(case)) == ("resolved", ["opened", "resolved", "trigger"])


# --- The sweep ---


def test_the_sweep_fills_every_gap_once(acme, globex, now):
    low = factories.make_response(acme, 0)
    call = factories.make_response(globex, 10, wants_call=True)
    signal = factories.make_response(acme, 9, "Text")
    read_as(signal, "praise_for_agent", "churn_risk")
    late = factories.make_response(acme, 3, "Text")
    cases.open_for(late, now)
    read_as(late, "vulnerable")
    praise = factories.make_response(acme, 9, "Text")
    read_as(praise, "praise_for_agent")
    factories.make_response(acme, 8)
    assert cases.open_missing(now) == 4
    assert {(case.response, tuple(case.triggers)) for case in Case.objects.all()} == {
        (low, ("low_score",)),
        (call, ("wants_call",)),
        (signal, ("churn_risk",)),
        (late, ("low_score", "vulnerable")),
    }
    assert cases.open_missing(now) == 0


def test_the_sweep_looks_with_one_query_however_much_is_closed(acme, now, django_assert_num_queries):
    for score in (1, 2, 3):
        cases.open_for(factories.make_response(acme, score), now)
    with django_assert_num_queries(1):
        cases.open_missing(now)


def test_the_sweep_stops_at_its_limit_and_goes_on_next_time(acme, now):
    for _number in range(3):
        factories.make_response(acme, 1)
    assert [cases.open_missing(now, limit=2), cases.open_missing(now, limit=2)] == [2, 1]


def test_the_signal_opens_the_case_and_reads_the_answer(acme):
    response = factories.make_response(acme, 2, "Nie erreicht man jemanden.")
    response_submitted.send(sender=type(response), response_id=response.pk)
    assert Case.objects.get().response == response
    assert Reading.objects.get().answer.response == response


@pytest.mark.parametrize("task", ["feedback_loop.receivers.open_case", "analytics.receivers.read_response"])
def test_a_dead_broker_is_no_error_for_the_customer(acme, monkeypatch, task):
    from kombu.exceptions import OperationalError

    def dead(response_id):
        raise OperationalError("no route")

    monkeypatch.setattr(f"{task}.delay", dead)
    response = factories.make_response(acme, 2)
    outcomes = response_submitted.send_robust(sender=type(response), response_id=response.pk)
    assert [outcome for _receiver, outcome in outcomes if isinstance(outcome, Exception)] == []


# --- The alert ---


def test_the_owner_gets_one_mail_with_words_and_link_but_no_number(acme, nord, now):
    make_lead(acme, "mira", nord)
    contact = factories.make_contact(acme, external_id="T-48190", team=nord)
    response = factories.make_response(
        acme,
        1,
        "Frau ⟦name⟧ war nett. <b>Leitung</b> tot.",
        kind="csat",
        contact=contact,
        team=nord,
        wants_call=True,
        phone="0170 1234567",
    )
    case = cases.open_for(response, now)
    cases.open_for(response, now)
    message = OutgoingMessage.objects.get(key=f"case:{case.pk}:alert")
    assert (message.to, message.due_at, message.client) == ("mira@provider.example", now, acme)
    for part in (message.text, message.html):
        assert f"/admin/feedback_loop/case/{case.pk}/change/" in part
        assert "T-48190" in part
        assert "1234567" not in part
        assert response.invitation.email not in part
        assert "⟦" not in part
    assert "<b>Leitung</b>" in message.text
    assert "&lt;b&gt;Leitung&lt;/b&gt;" in message.html
    assert OutgoingMessage.objects.count() == 1


def test_the_alert_speaks_the_owners_language(acme, nord, now):
    make_lead(acme, "mira", nord, language="en")
    case = cases.open_for(factories.make_response(acme, 1, kind="csat", team=nord), now)
    assert OutgoingMessage.objects.get().subject == f"Case {case.number}: a customer of Acme needs an answer"


def test_a_case_without_an_owner_sends_no_mail(acme, now):
    cases.open_for(factories.make_response(acme, 1), now)
    assert OutgoingMessage.objects.count() == 0


# --- What people do ---


@pytest.fixture
def case(acme, nord, now):
    agent = factories.make_agent(acme, login=factories.make_login("lena"), team=nord)
    make_lead(acme, "mira", nord)
    response = factories.make_response(
        acme, 1, kind="csat", agent=agent, team=nord, wants_call=True, phone="0170 12347"
    )
    return cases.open_for(response, now)


def login(name):
    from surveys.models import Login

    return Login.objects.get(username=name)


def test_the_agent_who_served_may_own_it_and_a_stranger_may_not(case, acme, globex, now):
    factories.give_access(factories.make_login("viewer"), acme, Viewer)
    factories.give_access(factories.make_login("elsewhere"), globex, Analyst)
    assert list(cases.candidates(case)) == [login("lena"), login("mira")]
    assert cases.assign(case, login("lena"), login("mira"), now) is True
    for stranger in ("viewer", "elsewhere"):
        with pytest.raises(ValidationError):
            cases.assign(case, login(stranger), login("mira"), now)
    case.refresh_from_db()
    assert case.owner == login("lena")
    event = case.events.get(kind="assigned")
    assert (event.by, event.at, event.detail) == (login("mira"), now, {"owner": login("lena").pk})


def test_assigning_the_owner_again_says_nothing(case, now):
    assert cases.assign(case, login("mira"), login("mira"), now) is False
    assert events(case) == ["opened"]


def test_a_note_needs_words(case, now):
    with pytest.raises(ValidationError):
        cases.note(case, "  ", login("mira"), now)
    assert cases.note(case, " Niemand erreicht. ", login("mira"), now).note == "Niemand erreicht."


def test_work_begins_once(case, now):
    assert [cases.start(case, login("mira"), now), cases.start(case, login("mira"), now)] == [True, False]
    assert events(case) == ["opened", "started"]


@pytest.mark.parametrize(
    ("cause", "action", "fields"),
    [("", "Angerufen", ["cause"]), ("our_reach", " ", ["note"]), ("nonsense", "", ["cause", "note"])],
)
def test_closing_takes_a_cause_and_what_was_done(case, now, cause, action, fields):
    with pytest.raises(ValidationError) as refused:
        cases.resolve(case, cause, action, login("mira"), now)
    assert list(refused.value.message_dict) == fields
    case.refresh_from_db()
    assert (case.state, events(case)) == ("open", ["opened"])


def test_closing_is_done_once_and_written_down(case, now):
    cases.resolve(case, "our_reach", "Angerufen, entschuldigt.", login("mira"), now)
    case.refresh_from_db()
    assert (case.state, case.cause, case.action, case.resolved_at) == (
        "resolved",
        "our_reach",
        "Angerufen, entschuldigt.",
        now,
    )
    with pytest.raises(ValidationError):
        cases.resolve(case, "client_product", "Noch einmal", login("lena"), now)
    assert events(case) == ["opened", "resolved"]


def test_opening_again_takes_a_reason_and_gives_new_time(case, acme, now):
    with pytest.raises(ValidationError):
        cases.reopen(case, "Ruft wieder an", login("mira"), now)
    cases.resolve(case, "our_reach", "Angerufen", login("mira"), now)
    with pytest.raises(ValidationError):
        cases.reopen(case, "", login("mira"), now)
    later = now + dt.timedelta(days=7)
    cases.reopen(case, "Ruft wieder an", login("mira"), later)
    case.refresh_from_db()
    assert (case.state, case.cause, case.action, case.resolved_at) == ("open", "", "", None)
    assert case.due_at == acme.call_back_by(later)
    assert events(case) == ["opened", "resolved", "reopened"]


def test_whoever_looks_at_the_number_is_written_down(case, now):
    assert cases.reveal_phone(case, login("mira"), now) == "0170 12347"
    event = case.events.last()
    assert (event.kind, event.by, event.detail) == ("note", login("mira"), {"revealed": "phone"})


def test_nobody_sees_the_number_of_a_customer_who_wants_no_call(acme, now):
    customer = factories.make_customer(acme, phone="0170 999")
    case = cases.open_for(factories.make_response(acme, 1, customer=customer), now)
    with pytest.raises(ValidationError):
        cases.reveal_phone(case, factories.make_login("mira"), now)
    assert events(case) == ["opened"]
