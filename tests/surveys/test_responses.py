"""One answer sheet in, once; and “no more” at any time."""

import datetime as dt
import threading

import pytest
from django.db import connection

from surveys import preferences, responses, sittings, wording
from surveys.delivery import links, survey_mail
from surveys.models import Answer, Question, Response, Suppression
from surveys.preferences import Preference, Scope
from surveys.responses import LinkClosed, Sheet
from surveys.signals import response_submitted
from surveys.sittings import LinkState
from tests import factories
from tests.conftest import needs

SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def invitation(acme):
    return factories.make_invitation(acme, "nps")


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks):
    """What is to happen after commit happens at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def announced():
    """The ids announced while the test runs."""
    ids = []

    def receive(response_id, **_):
        ids.append(response_id)

    response_submitted.connect(receive)
    yield ids
    response_submitted.disconnect(receive)


def token_of(invitation, purpose=links.ANSWER):
    return links.make(purpose, invitation.public_id.hex)


def record(invitation, sheet, at):
    return responses.record(sittings.sitting_of(invitation), sheet, at)


def sheet_of(score, text="", **fields):
    return Sheet({"score": score, "comment": text}, **fields)


def states(*tokens, at=factories.NOW):
    return {sittings.open_link(token, at).state for token in tokens}


# --- Links ----------------------------------------------------------------------------------------------------------


def test_a_link_opens_its_own_invitation(invitation, now):
    link = sittings.open_link(token_of(invitation), now)
    assert (link.state, link.invitation, link.response) == (LinkState.OPEN, invitation, None)


def test_no_flipped_bit_opens_a_link(invitation):
    token = token_of(invitation)
    flipped = [
        token[:i] + chr(ord(character) ^ 1 << bit) + token[i + 1 :]
        for i, character in enumerate(token)
        for bit in range(8)
    ]
    assert len(flipped) == 8 * len(token)
    assert states(*flipped) == {LinkState.UNKNOWN}


def test_no_piece_other_alphabet_or_monster_opens_a_link(invitation):
    token = token_of(invitation)
    pieces = [token[:i] for i in range(len(token))] + [token[i:] for i in range(1, len(token))]
    strange = ["", token * 2, token.upper(), token + "=", token + "\n", "\0", "１" * 76, "~", "a" * 1_000_000]
    assert states(*pieces, *strange) == {LinkState.UNKNOWN}


def test_a_forged_token_never_reaches_the_database(invitation, django_assert_num_queries, now):
    with django_assert_num_queries(0):
        sittings.open_link(invitation.public_id.hex + "~" + "A" * 43, now)


def test_a_token_made_for_another_purpose_opens_nothing(invitation):
    others = [links.UNSUBSCRIBE, links.DIGEST, links.DIGEST_STOP]
    assert states(*(token_of(invitation, purpose) for purpose in others)) == {LinkState.UNKNOWN}
    answering = [links.ANSWER, links.DIGEST, links.DIGEST_STOP]
    assert [preferences.open_link(token_of(invitation, purpose)) for purpose in answering] == [None] * 3


def test_a_token_of_globex_never_opens_acme(invitation, globex, now):
    theirs = factories.make_invitation(globex, "nps")
    assert sittings.open_link(token_of(theirs), now).invitation.client == globex
    mixed = token_of(invitation).split("~")[0] + "~" + token_of(theirs).split("~")[1]
    assert states(mixed) == {LinkState.UNKNOWN}


def test_a_link_ends_at_its_last_second_whatever_the_year(invitation):
    end = invitation.expires_at
    assert states(token_of(invitation), at=end - SECOND) == {LinkState.OPEN}
    assert states(token_of(invitation), at=end) == {LinkState.EXPIRED}
    assert states(token_of(invitation), at=end.replace(year=9999)) == {LinkState.EXPIRED}


def test_a_withdrawn_link_stays_withdrawn_after_its_end(invitation, now):
    type(invitation).objects.update(withdrawn_at=now)
    assert states(token_of(invitation)) == {LinkState.WITHDRAWN}
    assert states(token_of(invitation), at=invitation.expires_at + SECOND) == {LinkState.WITHDRAWN}


def test_an_answered_link_shows_its_answer_even_after_its_end(invitation):
    response = factories.make_response(invitation.client, invitation=invitation)
    link = sittings.open_link(token_of(invitation), invitation.expires_at + SECOND)
    assert (link.state, link.response) == (LinkState.ANSWERED, response)


def test_a_verdict_not_to_ask_has_no_link(acme, now):
    silent = factories.make_invitation(acme, is_asked=False, reason="not_sampled")
    assert states(token_of(silent)) == {LinkState.UNKNOWN}


def test_old_links_live_while_their_key_is_kept_and_die_without_it(invitation, settings):
    token, old = token_of(invitation), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 8, [old]
    assert states(token) == {LinkState.OPEN}
    settings.SECRET_KEY_FALLBACKS = []
    assert states(token) == {LinkState.UNKNOWN}


# --- Recording ------------------------------------------------------------------------------------------------------


def test_a_sheet_is_stored_with_its_circumstances(invitation, now):
    call = {"wants_call": True, "phone": "+49 30 23125014"}
    sheet = sheet_of(3, "Drei Tage ohne Strom.", is_preselected=True, language="en", **call)
    response = record(invitation, sheet, now)
    stored = Response.objects.values(
        "client", "kind", "score", "group", "language", "wants_call", "phone", "is_preselected", "submitted_at"
    ).get()
    assert stored == {
        "client": invitation.client.pk,
        "kind": "nps",
        "score": 3,
        "group": "detractor",
        "language": "en",
        "wants_call": True,
        "phone": "+49 30 23125014",
        "is_preselected": True,
        "submitted_at": now,
    }
    assert [(answer.response, answer.question.kind, answer.text) for answer in Answer.objects.all()] == [
        (response, "text", "Drei Tage ohne Strom.")
    ]


def test_a_phone_number_without_leave_to_call_is_not_kept(invitation, now):
    assert record(invitation, sheet_of(9, phone="+49 30 23125014"), now).phone == ""


@pytest.mark.parametrize("text", ["", "  ", "\n\t\r\n", "\u200b"])
def test_silence_is_no_answer_to_the_open_question(invitation, now, text):
    record(invitation, sheet_of(9, text), now)
    assert Answer.objects.count() == 0


def test_names_and_numbers_are_removed_before_anything_is_stored(invitation, now):
    factories.make_agent(invitation.client, "Lena Ritter")
    record(invitation, sheet_of(2, "Frau Ritter rief nie an, IBAN DE89 3704 0044 0532 0130 00."), now)
    assert Answer.objects.get().text == "Frau ⟦name⟧ rief nie an, IBAN ⟦iban⟧."


# --- Step by step, and changed ----------------------------------------------------------------------------------------


@pytest.fixture
def longer(acme, now):
    """An invitation to a survey of two pages: the score and its reason; whether it was solved, and what helped."""
    survey = factories.make_survey(acme, "csat")
    draft = wording.draft_of(survey, [("score", "csat"), ("comment", "text"), ("solved", "solved")])
    helped = {"ask": "What helped?", "options": {"advice": "Advice", "patience": "Patience"}}
    only_if = [{"of": "answer", "key": "solved", "values": ["yes", "partly"]}]
    Question.objects.create(
        version=draft, key="helped", kind="multiple", position=3, starts_page=True, conditions=only_if,
        options=["advice", "patience"], wording={"en": helped, "de": helped},
    )  # fmt: skip
    wording.publish(survey, now - dt.timedelta(days=1))
    return factories.make_invitation(acme, "csat")


def step(invitation, at, is_last=False, **said):
    return record(invitation, Sheet(said, is_last=is_last), at)


def kept(response):
    return responses.questionnaire.said_in(response)


def test_a_score_is_kept_though_its_person_leaves_and_completes_the_same_row_later(longer, now, announced, on_commit):
    with on_commit():
        first = step(longer, now, score=2, comment="", solved="no")
    assert (first.completed_at, kept(first), announced) == (None, {"score": 2, "solved": "no"}, [])
    with on_commit():
        last = step(longer, now + SECOND, is_last=True, comment="Niemand rief zurück.")
    assert (last.pk, last.completed_at, last.submitted_at) == (first.pk, now + SECOND, now)
    assert kept(last) == {"score": 2, "comment": "Niemand rief zurück.", "solved": "no"}
    assert (last.first, last.changed_at, announced) == (None, None, [first.pk])


def test_the_last_answer_counts_and_the_first_is_kept(invitation, now, announced, on_commit):
    with on_commit():
        record(invitation, sheet_of(9, "Alles gut."), now)
        record(invitation, sheet_of(3, "Doch nicht."), now + SECOND)
        response = record(invitation, sheet_of(5, "Geht so."), now + 2 * SECOND)
    response.refresh_from_db()
    assert (response.score, response.group, kept(response)["comment"]) == (5, "detractor", "Geht so.")
    assert response.first["said"] == {"score": 9, "comment": "Alles gut."}
    assert (response.submitted_at, response.changed_at) == (now, now + 2 * SECOND)
    assert announced == [response.pk] * 3  # whoever reads it learns of each change


def test_another_tab_with_an_older_copy_adds_to_the_same_row(invitation, now):
    other_tab = sittings.sitting_of(sittings.open_link(token_of(invitation), now).invitation)
    first = record(invitation, sheet_of(9, "Alles gut."), now)
    second = responses.record(other_tab, sheet_of(1, "Alles schlecht."), now + SECOND)
    assert (second.pk, second.score, Response.objects.count()) == (first.pk, 1, 1)
    assert list(Answer.objects.values_list("text", flat=True)) == ["Alles schlecht."]


def test_the_same_sheet_twice_changes_nothing_and_is_announced_once(invitation, now, announced, on_commit):
    with on_commit():
        record(invitation, sheet_of(9, "Alles gut."), now)
        again = record(invitation, sheet_of(9, "Alles gut. "), now + SECOND)
    assert (again.first, again.changed_at, announced) == (None, None, [again.pk])


def test_a_comment_that_is_emptied_is_gone_and_stands_in_what_was_said_first(invitation, now):
    record(invitation, sheet_of(9, "Alles gut."), now)
    response = record(invitation, sheet_of(9), now + SECOND)
    assert (kept(response), response.first["said"]["comment"]) == ({"score": 9}, "Alles gut.")


def test_a_changed_comment_stays_the_row_in_which_it_was_read(invitation, now):
    record(invitation, sheet_of(9, "Alles gut."), now)
    before = Answer.objects.get().pk
    record(invitation, sheet_of(9, "Fast alles gut."), now + SECOND)
    assert list(Answer.objects.values_list("pk", "text")) == [(before, "Fast alles gut.")]


def test_several_choices_are_rows_and_another_choice_replaces_them(longer, now):
    step(longer, now, score=5, solved="yes")
    step(longer, now, is_last=True, helped=("advice", "patience"))
    response = step(longer, now + SECOND, is_last=True, helped=("patience",))
    assert kept(response) == {"score": 5, "solved": "yes", "helped": ("patience",)}
    response.refresh_from_db()
    assert response.first["said"]["helped"] == ["advice", "patience"]  # as JSON keeps them


def test_what_was_answered_to_a_question_that_is_none_for_them_after_all_is_forgotten(longer, now):
    step(longer, now, score=5, solved="yes")
    step(longer, now, is_last=True, helped=("advice",))
    response = step(longer, now + SECOND, is_last=True, score=2, solved="no")
    assert kept(response) == {"score": 2, "solved": "no"}
    response.refresh_from_db()
    assert response.first["said"] == {"score": 5, "solved": "yes", "helped": ["advice"]}


def test_zero_is_an_answer_on_a_further_scale(acme, now):
    survey = factories.make_survey(acme, "csat")
    wording.draft_of(survey, [("score", "csat"), ("recommend", "nps")])
    wording.publish(survey, now)
    response = step(factories.make_invitation(acme, "csat"), now, is_last=True, score=3, recommend=0)
    assert kept(response) == {"score": 3, "recommend": 0}


def test_leave_to_call_is_asked_once_and_taken_back_as_freely(longer, now):
    record(longer, Sheet({"score": 2}, wants_call=True, phone="+49 30 23125014", is_last=False), now)
    response = step(longer, now, is_last=True, solved="no")  # a page that does not ask for it
    assert (response.wants_call, response.phone) == (True, "+49 30 23125014")
    response = record(longer, Sheet({"score": 2}, wants_call=False), now + SECOND)
    assert (response.wants_call, response.phone, response.first["wants_call"]) == (False, "", True)


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_costs_no_answer(acme, now):
    def fail(**_):
        raise ConnectionError("the broker is away")

    response_submitted.connect(fail)
    try:
        record(factories.make_invitation(acme, "nps"), sheet_of(9), now)
    finally:
        response_submitted.disconnect(fail)
    assert Response.objects.count() == 1


@pytest.mark.parametrize("change", [{"withdrawn_at": factories.NOW}, {"expires_at": factories.NOW}])
def test_what_was_closed_while_the_form_stood_open_takes_no_answer(invitation, now, change):
    type(invitation).objects.update(**change)  # the form's own copy does not know
    with pytest.raises(LinkClosed):
        record(invitation, sheet_of(9), now)
    assert Response.objects.count() == 0


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_fifty_presses_at_once_leave_one_answer(acme, now):
    needs("no PostgreSQL (DATABASE_URL) is there to take fifty writers at once", connection.vendor == "postgresql")
    invitation, kept = factories.make_invitation(acme, "nps"), []

    def press(score):
        try:
            kept.append(record(sittings.open_link(token, now).invitation, sheet_of(score), now).pk)
        finally:
            connection.close()

    token = token_of(invitation)
    threads = [threading.Thread(target=press, args=[number % 11]) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept == [Response.objects.get().pk] * 50


# --- No more --------------------------------------------------------------------------------------------------------


def test_no_more_holds_for_the_mailbox_and_for_one_client_only(acme, globex, now):
    address = "Kim.Brook@Example.org"
    ours, theirs = (
        factories.make_invitation(client, "nps", customer=factories.make_customer(client, address), email=address)
        for client in (acme, globex)
    )
    preferences.unsubscribe(ours, now)
    preferences.unsubscribe(ours, now + SECOND)
    assert list(Suppression.objects.values_list("client", "address", "reason", "created_at")) == [
        (acme.pk, "kim.brook@example.org", "unsubscribed", now)
    ]
    assert preferences.standing(ours) == Preference(Scope.ALL_SURVEYS, can_take_back=True)
    assert preferences.standing(theirs) == Preference(None, is_asked=True)


def test_a_persons_word_outranks_a_bounce(invitation, now):
    Suppression.objects.create(
        client=invitation.client, address=invitation.email, reason=Suppression.Reason.HARD_BOUNCE, created_at=now
    )
    assert preferences.standing(invitation) == Preference(None, is_asked=False)
    preferences.unsubscribe(invitation, now)
    assert list(Suppression.objects.values_list("reason", flat=True)) == ["unsubscribed"]


def test_an_answer_is_of_the_customer_who_was_asked_whoever_that_turns_out_to_be(acme, invitation, now):
    response = record(invitation, sheet_of(9), now)
    assert response.customer == invitation.customer

    other = factories.make_customer(acme)
    type(invitation).objects.update(customer=other)
    response.refresh_from_db()
    assert response.customer == other

    other.delete()
    response.refresh_from_db()
    assert response.customer is None


def test_an_erased_address_needs_no_suppression(invitation, now):
    invitation.email = invitation.customer.email = ""
    preferences.unsubscribe(invitation, now)
    assert Suppression.objects.count() == 0


def test_the_way_out_stays_open_after_the_survey_has_ended(invitation, now):
    type(invitation).objects.update(withdrawn_at=now, expires_at=now - SECOND)
    address = survey_mail.unsubscribe_path(invitation).strip("/").split("/")
    assert address[0] == "u" and preferences.open_link(address[1]) == invitation
