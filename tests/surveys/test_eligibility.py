"""May this customer be asked? One test per rule, its borders, and the order in which the reasons are told."""

import datetime as dt

import pytest

from surveys import eligibility
from surveys.eligibility import Candidate, Knowledge
from surveys.models import Campaign, Client, Contact, Invitation, LegalBasis, Suppression
from tests import factories
from tests.conftest import NOW

Reason = Invitation.Reason
DAY = dt.timedelta(days=1)
EXISTING = LegalBasis.Kind.EXISTING_CUSTOMER
CONSENT = LegalBasis.Kind.CONSENT


def basis(kind=EXISTING, source="", first="2020-01-01", last=None) -> LegalBasis:
    return LegalBasis(
        kind=kind,
        source=source,
        valid_from_on=dt.date.fromisoformat(first),
        valid_until_on=last and dt.date.fromisoformat(last),
    )


def known(*bases: LegalBasis, suppressed=()) -> Knowledge:
    return Knowledge(frozenset(suppressed), list(bases or [basis()]))


def campaign(**fields) -> Campaign:
    return Campaign(client=Client(time_zone="Europe/Berlin"), kind=Campaign.Kind.POST_CONTACT, **fields)


def contact(**fields) -> Contact:
    defaults = {"state": Contact.State.FINISHED, "started_at": NOW - dt.timedelta(hours=4)}
    return Contact(**{**defaults, "ended_at": NOW - dt.timedelta(hours=3), **fields})


def candidate(**fields) -> Candidate:
    defaults = {"draw_key": "helpdesk:1", "email": "kim@example.org", "source": "helpdesk", "has_consent": None}
    return Candidate(**{**defaults, "customer_id": 1, **fields})


def reason(who: Candidate, of: Campaign | None = None, what: Knowledge | None = None, due_at=NOW, at=NOW):
    return eligibility.reason_against(who, of or campaign(), what or known(), due_at, at)


def test_a_plain_customer_after_a_plain_contact_is_asked():
    assert reason(candidate(contact=contact())) is None


def test_the_reasons_are_told_in_one_order_each_hiding_those_behind_it():
    """Everything is wrong with one contact; what is told is mended, until nothing is left."""
    of = campaign(is_paused=True, share_percent=0, quarantine_days=30)
    what = known(basis(last="2026-11-09"), suppressed=["kim@example.org"])
    what.note("kim@example.org", 1, NOW - DAY)
    broken = contact(
        is_spam=True, is_test=True, state=Contact.State.DISCARDED, is_goodwill=True, ended_at=NOW - 30 * DAY
    )
    who = {"email": "-", "has_consent": False, "contact": broken}
    mend = {
        Reason.SPAM: lambda: setattr(broken, "is_spam", False),
        Reason.TEST: lambda: setattr(broken, "is_test", False),
        Reason.NO_CONVERSATION: lambda: setattr(broken, "state", Contact.State.FINISHED),
        Reason.GOODWILL: lambda: setattr(broken, "is_goodwill", False),
        Reason.STALE: lambda: setattr(broken, "ended_at", NOW),
        Reason.PAUSED: lambda: setattr(of, "is_paused", False),
        Reason.NO_ADDRESS: lambda: who.update(email="kim@"),
        Reason.INVALID_ADDRESS: lambda: who.update(email="Kim@Example.org "),
        Reason.SUPPRESSED: lambda: setattr(what, "suppressed", frozenset()),
        Reason.NO_LEGAL_BASIS: lambda: what.legal_bases.append(basis()),
        Reason.NO_CONSENT: lambda: who.update(has_consent=None),
        Reason.NOT_SAMPLED: lambda: setattr(of, "share_percent", 100),
        Reason.QUARANTINE: lambda: setattr(of, "quarantine_days", 0),
    }
    told = []
    while why := reason(candidate(**who), of, what):
        told.append(why)
        mend[why]()
    assert told == list(mend)
    # The others come later: two are told when a mail is about to leave, one by a person.
    assert set(Reason) - set(told) == {Reason.REOPENED, Reason.UNDELIVERED, Reason.WITHDRAWN}


# --- The contact ----------------------------------------------------------------------------------------------------


def test_goodwill_hinders_only_campaigns_that_leave_it_out():
    given = candidate(contact=contact(is_goodwill=True))
    assert reason(given, campaign(skips_goodwill=True)) == Reason.GOODWILL
    assert reason(given, campaign(skips_goodwill=False)) is None


def test_a_contact_is_stale_once_more_than_its_days_have_passed():
    of = campaign(stale_days=14)
    assert reason(candidate(contact=contact(ended_at=NOW - 14 * DAY)), of) is None
    assert reason(candidate(contact=contact(ended_at=NOW - 14 * DAY - dt.timedelta(seconds=1))), of) == Reason.STALE


# --- The address ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", Reason.NO_ADDRESS),
        ("n/a", Reason.NO_ADDRESS),
        ("unbekannt", Reason.NO_ADDRESS),
        ("kim(at)example.org", Reason.INVALID_ADDRESS),
        ("noreply@example.org", Reason.INVALID_ADDRESS),
        ("no-reply@example.org", Reason.INVALID_ADDRESS),
        ("kim+survey@example.org", None),
    ],
)
def test_an_address_is_missing_impossible_or_good(address, why):
    assert reason(candidate(email=address)) == why


def test_an_objection_holds_for_every_spelling_of_the_mailbox():
    what = known(suppressed=["kim@example.org"])
    assert reason(candidate(email=" KIM@example.ORG"), what=what) == Reason.SUPPRESSED
    assert reason(candidate(email="tim@example.org"), what=what) is None


# --- The law --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-10-31", Reason.NO_LEGAL_BASIS),
        ("2026-11-01", None),
        ("2026-11-30", None),
        ("2026-12-01", Reason.NO_LEGAL_BASIS),
    ],
)
def test_a_legal_basis_holds_from_its_first_to_its_last_day(day, why):
    at = dt.datetime.fromisoformat(f"{day}T12:00+00:00")
    assert reason(candidate(), what=known(basis(first="2026-11-01", last="2026-11-30")), at=at) == why


def test_a_legal_bases_day_is_the_clients_day():
    last_evening = dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC)  # half past midnight in Berlin: December
    assert reason(candidate(), what=known(basis(last="2026-11-30")), at=last_evening) == Reason.NO_LEGAL_BASIS


def test_a_legal_basis_of_one_source_covers_no_other():
    what = known(basis(source="helpdesk"))
    assert reason(candidate(source="helpdesk"), what=what) is None
    assert reason(candidate(source="telephone"), what=what) == Reason.NO_LEGAL_BASIS


@pytest.mark.parametrize(
    ("bases", "has_consent", "why"),
    [
        ([basis(CONSENT)], True, None),
        ([basis(CONSENT)], None, Reason.NO_CONSENT),
        ([basis(CONSENT)], False, Reason.NO_CONSENT),
        ([basis(EXISTING)], True, None),
        ([basis(EXISTING)], None, None),
        ([basis(EXISTING)], False, Reason.NO_CONSENT),
        ([basis(CONSENT), basis(EXISTING)], None, None),
        ([basis(CONSENT), basis(EXISTING)], False, Reason.NO_CONSENT),
        ([basis(CONSENT, source="helpdesk"), basis(EXISTING, source="telephone")], None, Reason.NO_CONSENT),
    ],
)
def test_consent_is_needed_where_nothing_else_allows_it_and_a_no_always_counts(bases, has_consent, why):
    assert reason(candidate(has_consent=has_consent), what=known(*bases)) == why


# --- The draw -------------------------------------------------------------------------------------------------------


def drawn(of: Campaign, keys) -> list[str]:
    return [key for key in keys if eligibility.is_drawn(of, key)]


def test_the_share_drawn_is_close_to_the_share_wanted():
    keys = [f"helpdesk:{number}" for number in range(10_000)]
    of = campaign(share_percent=30, salt="a salt of its own")
    assert abs(len(drawn(of, keys)) - 3000) < 4 * (10_000 * 0.3 * 0.7) ** 0.5  # four standard deviations: 183


def test_the_same_contact_is_always_drawn_alike_and_another_campaign_draws_anew():
    keys = [f"helpdesk:{number}" for number in range(200)]
    first, second = campaign(share_percent=50, salt="one"), campaign(share_percent=50, salt="two")
    assert drawn(first, keys) == drawn(campaign(share_percent=50, salt="one"), keys)
    assert drawn(first, keys) != drawn(second, keys)


def test_a_greater_share_keeps_everyone_who_was_drawn_before():
    keys = [f"helpdesk:{number}" for number in range(500)]
    few, more = (drawn(campaign(share_percent=share, salt="one"), keys) for share in (20, 60))
    assert set(few) < set(more)


def test_a_share_of_nothing_draws_nobody_and_of_a_hundred_everybody():
    keys = [f"helpdesk:{number}" for number in range(500)]
    assert drawn(campaign(share_percent=0), keys) == []
    assert drawn(campaign(share_percent=100), keys) == keys


# --- The quarantine -------------------------------------------------------------------------------------------------


def asked(at: dt.datetime, email: str = "kim@example.org", customer_id: int | None = 1) -> Knowledge:
    what = known()
    what.note(email, customer_id, at)
    return what


def test_a_quarantine_ends_exactly_after_its_days():
    of = campaign(quarantine_days=30)
    assert reason(candidate(), of, asked(NOW - 30 * DAY)) is None
    assert reason(candidate(), of, asked(NOW - 30 * DAY + dt.timedelta(seconds=1))) == Reason.QUARANTINE


def test_a_quarantine_counts_to_the_moment_the_mail_would_leave():
    of = campaign(quarantine_days=30)
    assert reason(candidate(), of, asked(NOW - 29 * DAY), due_at=NOW + DAY) is None


def test_a_mail_that_is_planned_but_not_sent_yet_counts():
    assert reason(candidate(), campaign(quarantine_days=1), asked(NOW + 3 * DAY)) == Reason.QUARANTINE


def test_a_quarantine_follows_the_customer_to_a_new_address_and_the_mailbox_to_another_customer():
    of = campaign(quarantine_days=30)
    assert reason(candidate(email="new@example.org", customer_id=1), of, asked(NOW)) == Reason.QUARANTINE
    assert reason(candidate(email="KIM@example.org", customer_id=2), of, asked(NOW)) == Reason.QUARANTINE
    assert reason(candidate(email="new@example.org", customer_id=2), of, asked(NOW)) is None
    assert reason(candidate(email="new@example.org", customer_id=None), of, asked(NOW, customer_id=None)) is None


def test_without_quarantine_days_nobody_is_spared():
    assert reason(candidate(), campaign(quarantine_days=0), asked(NOW)) is None


# --- What is known --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_knowledge_is_of_one_client_only(acme, globex):
    asked_before = factories.make_invitation(acme, due_at=NOW - DAY)
    Suppression.objects.create(client=acme, address="kim@example.org", reason="manual", created_at=NOW)
    who = [candidate(), candidate(email=asked_before.email, customer_id=asked_before.customer_id)]
    of_acme, of_globex = (Knowledge.of(client, who, NOW - 30 * DAY) for client in (acme, globex))
    assert (of_acme.suppressed, of_acme.last_asked(who[1])) == ({"kim@example.org"}, NOW - DAY)
    assert (of_globex.suppressed, of_globex.last_asked(who[1])) == (frozenset(), None)
    assert [b.client for b in of_globex.legal_bases] == [globex]


@pytest.mark.django_db
def test_knowledge_takes_as_many_queries_for_one_as_for_three(acme, django_assert_num_queries):
    for count in (1, 3):
        who = [candidate(email=f"{number}@example.org") for number in range(count)]
        with django_assert_num_queries(4):
            Knowledge.of(acme, who, NOW)


@pytest.mark.django_db
def test_who_was_not_asked_is_in_no_quarantine(acme):
    customer = factories.make_customer(acme)
    contact_before = factories.make_contact(acme, customer=customer)
    factories.make_invitation(
        acme, contact=contact_before, is_asked=False, reason=Reason.NOT_SAMPLED, due_at=None, expires_at=None
    )
    who = candidate(email=customer.email, customer_id=customer.pk)
    assert Knowledge.of(acme, [who], NOW - 30 * DAY).last_asked(who) is None
