"""This survey or all of them: what a person chooses behind the link, what it covers, and how to take it back."""

import re

import pytest
import time_machine
from django.test import Client as Browser

from surveys import delivery, preferences, suppressions
from surveys.delivery import links, survey_mail
from surveys.models import OutgoingMessage, Suppression
from surveys.preferences import Scope
from tests import factories
from tests.conftest import NOW
from tests.surveys.test_pages import ONE_CLICK, words

PHONE = "+491701234567"
EMAIL = "kim.brook@example.org"
LATER = NOW.replace(hour=15)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def customer(acme):
    return factories.make_customer(acme, EMAIL, phone="0170 1234567")


@pytest.fixture
def after_contact(acme, customer):
    return factories.make_invitation(acme, "csat", contact=factories.make_contact(acme, customer=customer))


@pytest.fixture
def in_wave(acme, customer):
    return factories.make_invitation(acme, "nps", customer=customer)


def page(invitation):
    return Browser().get(survey_mail.unsubscribe_path(invitation))


def press(invitation, choice):
    return Browser(enforce_csrf_checks=True).post(survey_mail.unsubscribe_path(invitation), {"choice": choice})


def choices(response) -> list[str]:
    return re.findall(r'<button[^>]*name="choice" value="(\w+)"', response.content.decode())


def rows(**fields) -> list[tuple]:
    found = Suppression.objects.filter(**fields).order_by("address", "survey")
    return list(found.values_list("address", "survey__kind", "reason"))


# --- Where I stand, and what I can choose ---------------------------------------------------------------------------


def test_at_first_there_are_two_ways_out_and_the_page_says_that_we_may_ask(after_contact):
    shown = page(after_contact)
    assert choices(shown) == ["all", "this"]
    assert "Zurzeit dürfen wir Sie befragen. Ihre Wahl gilt sofort." in words(shown)


def test_out_of_this_survey_one_may_go_on_to_all_or_come_back(after_contact, in_wave):
    pressed = press(after_contact, "this")
    assert rows() == [(PHONE, "csat", "unsubscribed"), (EMAIL, "csat", "unsubscribed")]
    for shown in (pressed, page(after_contact)):
        assert "Diese Befragung bekommen Sie nicht mehr. Das gilt ab sofort. Andere Befragungen von uns" in words(shown)
        assert choices(shown) == ["all", "again"]
    assert choices(page(in_wave)) == ["all", "this"]
    assert choices(press(after_contact, "all")) == ["again"]


def test_out_of_all_surveys_every_link_of_this_client_says_so(after_contact, in_wave, globex):
    press(after_contact, "all")
    for shown in (page(after_contact), page(in_wave)):
        assert "Wir befragen Sie nicht mehr. Das gilt ab sofort" in words(shown) and choices(shown) == ["again"]
    theirs = factories.make_invitation(globex, "nps", customer=factories.make_customer(globex, EMAIL))
    assert choices(page(theirs)) == ["all", "this"]


def test_one_click_in_a_mail_program_means_all_surveys(after_contact):
    Browser().post(survey_mail.unsubscribe_path(after_contact), ONE_CLICK)
    assert rows() == [(PHONE, None, "unsubscribed"), (EMAIL, None, "unsubscribed")]


def test_what_someone_else_noted_keeps_its_reason_to_itself(after_contact, acme):
    for reason in ("hard_bounce", "manual"):
        Suppression.objects.all().delete()
        Suppression.objects.create(client=acme, address=EMAIL, reason=reason, created_at=NOW)
        shown = page(after_contact)
        assert "Zurzeit befragen wir Sie nicht." in words(shown) and choices(shown) == ["all", "this"]


# --- Whom it covers -------------------------------------------------------------------------------------------------


def test_an_objection_by_text_message_covers_the_mailbox_and_the_other_way_round(acme, customer, in_wave):
    by_sms = factories.make_campaign(acme, "csat", medium="sms")
    asked = factories.make_invitation(
        acme,
        campaign=by_sms,
        contact=factories.make_contact(acme, customer=customer),
        medium="sms",
        email="",
        phone=PHONE,
    )
    everywhere = [(PHONE, None, "unsubscribed"), (EMAIL, None, "unsubscribed")]
    press(asked, "all")
    assert rows() == everywhere and choices(page(in_wave)) == ["again"]
    press(in_wave, "again")
    assert rows() == []
    press(in_wave, "all")
    assert rows() == everywhere and choices(page(asked)) == ["again"]


def test_a_tag_makes_no_other_mailbox(acme, in_wave):
    tagged = factories.make_invitation(
        acme, "csat", email="kim.brook+shop@example.org", contact=factories.make_contact(acme)
    )
    press(in_wave, "all")
    assert choices(page(tagged)) == ["again"]
    press(tagged, "again")
    assert choices(page(in_wave)) == ["all", "this"]


def test_a_customer_without_any_address_left_has_nothing_to_suppress(acme):
    erased = factories.make_invitation(acme, "nps", email="")
    erased.customer.delete()
    for choice, sentence in (
        ("this", "Diese Befragung bekommen Sie nicht mehr."),
        ("all", "Wir befragen Sie nicht mehr."),
    ):
        assert sentence in words(press(erased, choice))
    assert rows() == []


# --- And back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", ["this", "all"])
def test_ones_own_word_can_be_taken_back(after_contact, choice):
    press(after_contact, choice)
    shown = press(after_contact, "again")
    assert rows() == [] and choices(shown) == ["all", "this"]
    assert "Danke, das haben wir notiert. Zurzeit dürfen wir Sie befragen." in words(shown)


def test_another_survey_that_was_refused_on_its_own_stays_refused(after_contact, in_wave):
    press(after_contact, "this")
    press(in_wave, "all")
    press(in_wave, "again")
    assert rows() == [(PHONE, "csat", "unsubscribed"), (EMAIL, "csat", "unsubscribed")]


@pytest.mark.parametrize("reason", ["complaint", "hard_bounce", "manual", "erased"])
def test_what_was_not_said_on_this_page_is_not_taken_back_on_it(after_contact, acme, reason):
    Suppression.objects.create(client=acme, address=EMAIL, reason=reason, created_at=NOW)
    assert "again" not in choices(page(after_contact))
    press(after_contact, "again")
    assert rows() == [(EMAIL, None, reason)]


def test_after_a_complaint_the_page_asks_nothing_more(after_contact):
    suppressions.suppress_person(after_contact, Suppression.Reason.COMPLAINT, NOW)
    shown = page(after_contact)
    assert "Wir befragen Sie nicht mehr." in words(shown) and choices(shown) == []


def test_a_shared_phone_stays_silent_for_whoever_objected_on_their_own(acme, after_contact, clock):
    partner = factories.make_customer(acme, "robin@example.org", phone="+49 170 1234567")
    press(factories.make_invitation(acme, "nps", customer=partner), "all")
    clock.move_to(LATER)
    press(after_contact, "all")
    press(after_contact, "again")
    assert rows() == [(PHONE, None, "unsubscribed"), ("robin@example.org", None, "unsubscribed")]


def test_a_get_and_a_stranger_take_nothing_back(after_contact, in_wave):
    press(after_contact, "all")
    path = survey_mail.unsubscribe_path(after_contact)
    Browser().get(f"{path}?choice=again")
    Browser().head(path)
    public_id = in_wave.public_id.hex
    for purpose in (links.ANSWER, links.DIGEST, links.DIGEST_STOP, "reset", ""):
        for token in (links.make(purpose, public_id), links.make_short(purpose, in_wave.public_id)):
            for data in ({"choice": "again"}, {"choice": "all"}, ONE_CLICK):
                assert Browser().post(f"/u/{token}/", data).status_code == 404
    assert len(rows()) == 2


def test_a_token_to_object_opens_nothing_else(in_wave):
    for token in (
        survey_mail.unsubscribe_path(in_wave).split("/")[2],
        links.make_short(links.UNSUBSCRIBE, in_wave.public_id),
    ):
        for path in (f"/s/{token}/", f"/s/{token}/thanks/", f"/d/{token}/", f"/d/{token}/stop/"):
            assert Browser().get(path).status_code == 404


# --- What is queued already -----------------------------------------------------------------------------------------


@pytest.fixture
def queued(acme, customer, after_contact, in_wave):
    """One mail of each survey to the same mailbox, due now."""
    return [
        factories.make_message(invitation, state="planned", handed_over_at=None, attempts=0)
        for invitation in (after_contact, in_wave)
    ]


def states() -> list[str]:
    return list(OutgoingMessage.objects.order_by("pk").values_list("state", flat=True))


def test_mail_of_this_survey_that_is_queued_already_is_cancelled_and_mail_of_another_goes(
    queued, after_contact, smtp_sink
):
    press(after_contact, "this")
    delivery.send_due(NOW)
    after_contact.refresh_from_db()
    assert (states(), len(smtp_sink.mails)) == (["cancelled", "accepted"], 1)
    assert (after_contact.is_asked, after_contact.reason) == (False, "suppressed")


def test_mail_that_is_queued_already_is_cancelled_by_one_click(queued, in_wave, smtp_sink):
    Browser().post(survey_mail.unsubscribe_path(in_wave), ONE_CLICK)
    delivery.send_due(NOW)
    assert (states(), smtp_sink.tried) == (["cancelled", "cancelled"], [])


def test_who_came_back_in_time_is_asked(queued, in_wave, smtp_sink):
    preferences.unsubscribe(in_wave, NOW, Scope.ALL_SURVEYS)
    preferences.subscribe_again(in_wave)
    delivery.send_due(NOW)
    assert (states(), len(smtp_sink.mails)) == (["accepted", "accepted"], 2)


# --- Languages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", [None, "this", "all", "again"])
def test_sie_du_and_english_each_speak_their_own_way(acme, choice):
    pages = {}
    for voice, fields in {"sie": {}, "du": {"form_of_address": "du"}, "en": {"language": "en"}}.items():
        invitation = factories.make_invitation(acme, "nps", **fields)
        pages[voice] = words(press(invitation, choice) if choice else page(invitation))
    assert re.search(r"\bSie\b", pages["sie"]) and not re.search(r"\b([Dd]u|[Dd]ich|[Dd]eine?)\b", pages["sie"])
    assert re.search(r"\b([Dd]u|[Dd]ich)\b", pages["du"]) and not re.search(r"\b(Sie|Ihnen|Ihre?)\b", pages["du"])
    assert not re.search(r"\b(Sie|du|Befragung\w*)\b", pages["en"])


def test_the_page_costs_few_queries(after_contact, django_assert_num_queries, django_assert_max_num_queries):
    with django_assert_num_queries(2):  # the invitation with all around it, where they stand
        page(after_contact)
    with django_assert_max_num_queries(20):  # each address in a savepoint of its own
        press(after_contact, "all")
