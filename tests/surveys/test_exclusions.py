"""Answers are never deleted: two people may take one out of the scores, and everything of it stays readable."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from surveys import exclusions
from surveys.models import Exclusion, Response
from tests import factories
from tests.conftest import NOW

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def response(acme):
    return factories.make_response(acme, 1, "Das war eine Testnachricht.")


@pytest.fixture
def second(acme):
    login = factories.make_login("bert")
    factories.give_access(login, acme, "analyst")
    return login


def propose(response, by, reason="staff", note=""):
    return exclusions.propose(response, reason, note, by, NOW)


def test_a_proposal_alone_takes_nothing_out(response, analyst):
    propose(response, analyst)
    assert list(Response.objects.counting()) == [response]


def test_a_second_person_takes_it_out_and_nobody_else(response, analyst, second):
    proposal = propose(response, analyst)
    with pytest.raises(exclusions.NotPossible):
        exclusions.confirm(proposal, analyst, LATER)
    assert list(Response.objects.counting()) == [response]
    exclusions.confirm(proposal, second, LATER)
    assert list(Response.objects.counting()) == []
    assert list(Response.objects.verified()) == [response]


def test_an_excluded_answer_keeps_its_words_and_its_history(response, analyst, second):
    proposal = propose(response, analyst)
    exclusions.confirm(proposal, second, LATER)
    exclusions.withdraw(proposal, analyst, LATER)
    assert response.answers.get().text == "Das war eine Testnachricht."
    kept = Exclusion.objects.get()
    assert (kept.state, kept.proposed_by, kept.decided_by, kept.withdrawn_by) == ("withdrawn", analyst, second, analyst)
    assert list(Response.objects.counting()) == [response]


def test_a_rejected_proposal_can_be_made_again_and_both_are_kept(response, analyst, second):
    exclusions.reject(propose(response, analyst), second, LATER)
    propose(response, second, "other", "Der Kunde rief selbst an.")
    assert sorted(Exclusion.objects.values_list("state", flat=True)) == ["proposed", "rejected"]


def test_there_is_one_proposal_at_a_time(response, analyst, second):
    propose(response, analyst)
    with pytest.raises(exclusions.NotPossible):
        propose(response, second)


def test_what_is_decided_is_not_decided_again(response, analyst, second):
    proposal = propose(response, analyst)
    exclusions.reject(proposal, second, LATER)
    with pytest.raises(exclusions.NotPossible):
        exclusions.confirm(proposal, second, LATER)
    with pytest.raises(exclusions.NotPossible):
        exclusions.withdraw(proposal, analyst, LATER)


def test_another_reason_needs_its_note(response, analyst):
    with pytest.raises(exclusions.NotPossible):
        propose(response, analyst, "other", "  ")
    with pytest.raises(exclusions.NotPossible):
        propose(response, analyst, "a low score")
    assert Exclusion.objects.count() == 0


def test_an_answer_of_an_open_door_is_in_no_score_and_cannot_be_excluded(acme, analyst):
    with pytest.raises(exclusions.NotPossible):
        propose(factories.make_unverified(acme), analyst)


def test_the_database_itself_wants_two_people(response, analyst):
    proposal = propose(response, analyst)
    with pytest.raises(IntegrityError), transaction.atomic():
        Exclusion.objects.filter(pk=proposal.pk).update(state="confirmed", decided_by=analyst, decided_at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        Exclusion.objects.filter(pk=proposal.pk).update(state="confirmed")
