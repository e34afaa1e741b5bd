"""May this customer be asked? One test per rule, its borders, and the order in which the reasons are told."""

import datetime as dt

import pytest

from surveys import eligibility
from surveys.eligibility import Candidate, Knowledge, Rules
from surveys.models import (
    AudienceCondition,
    Campaign,
    Client,
    Contact,
    Invitation,
    LegalBasis,
    Medium,
    Suppression,
    Survey,
)
from tests import factories
from tests.conftest import NOW

Reason = Invitation.Reason
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
SECOND = dt.timedelta(seconds=1)
EXISTING = LegalBasis.Kind.EXISTING_CUSTOMER
CONSENT = LegalBasis.Kind.CONSENT
LENA, OMAR = 7, 8


def basis(kind=EXISTING, source="", first="2020-01-01", last=None) -> LegalBasis:
    return LegalBasis(
        kind=kind,
        source=source,
        valid_from_on=dt.date.fromisoformat(first),
        valid_until_on=last and dt.date.fromisoformat(last),
    )


def known(*bases: LegalBasis, suppressed=()) -> Knowledge:
    return Knowledge(list(bases or [basis()]), dict.fromkeys(suppressed, NOW - DAY))


def campaign(**fields) -> Campaign:
    client = Client(pk=1, time_zone="Europe/Berlin", language=fields.pop("language", "de"))
    survey = Survey(client=client, kind=Survey.Kind.CSAT)
    return Campaign(client=client, survey=survey, kind=Campaign.Kind.POST_CONTACT, **fields)


def candidate(**fields) -> Candidate:
    """Someone whom nothing speaks against, as a customer; `after` makes the contact, too."""
    defaults = {"draw_key": "helpdesk:1", "email": "kim@example.org", "source": "helpdesk", "customer_id": 1}
    return Candidate(**{"about_at": NOW - 3 * HOUR, **defaults, **fields})


def after(**fields) -> Candidate:
    return candidate(**{"contact_id": 1, "state": Contact.State.FINISHED, **fields})


def condition(attribute: str, *values: str, is_excluded: bool = False) -> AudienceCondition:
    return AudienceCondition(attribute=attribute, values=list(values), is_excluded=is_excluded)


def reason(who: Candidate, of: Campaign | None = None, what: Knowledge | None = None, due_at=NOW, at=NOW, audience=()):
    return Rules(of or campaign(), audience).reason_against(who, what or known(), due_at, at)


def test_a_plain_customer_after_a_plain_contact_is_asked():
    assert reason(after()) is None


def test_the_reasons_are_told_in_one_order_each_hiding_those_behind_it():
    """Everything is wrong with one contact; what is told is mended, until nothing is left."""
    of = campaign(is_paused=True, share_percent=0, quarantine_days=30, quota_per_day=0)
    what = known(basis(last="2026-11-09"), suppressed=["kim@example.org"])
    what.note(["kim@example.org"], NOW - DAY, is_same_kind=True)
    audience = [condition("channel", "phone")]
    who = {"is_spam": True, "is_test": True, "state": Contact.State.DISCARDED, "is_goodwill": True}
    who |= {"is_agent_initiated": True, "about_at": NOW - 30 * DAY, "email": "-", "has_consent": False}
    mend = {
        Reason.SPAM: lambda: who.update(is_spam=False),
        Reason.TEST: lambda: who.update(is_test=False),
        Reason.NO_CONVERSATION: lambda: who.update(state=Contact.State.FINISHED),
        Reason.AGENT_INITIATED: lambda: who.update(is_agent_initiated=False),
        Reason.GOODWILL: lambda: who.update(is_goodwill=False),
        Reason.STALE: lambda: who.update(about_at=NOW),
        Reason.OUTSIDE_AUDIENCE: audience.clear,
        Reason.PAUSED: lambda: setattr(of, "is_paused", False),
        Reason.NO_ADDRESS: lambda: who.update(email="kim@"),
        Reason.INVALID_ADDRESS: lambda: who.update(email="Kim@Example.org "),
        Reason.SUPPRESSED: what.suppressed.clear,
        Reason.NO_LEGAL_BASIS: lambda: (what.legal_bases.append(basis()), what._bases.clear()),
        Reason.NO_CONSENT: lambda: who.update(has_consent=None),
        Reason.NOT_SAMPLED: lambda: setattr(of, "share_percent", 100),
        Reason.QUARANTINE: lambda: setattr(of, "quarantine_days", 0),
        Reason.QUOTA: lambda: setattr(of, "quota_per_day", None),
    }
    told = []
    while why := reason(after(**who), of, what, audience=audience):
        told.append(why)
        mend[why]()
    assert told == list(mend)
    # The others come later: two are told when a mail is about to leave, one by a person.
    assert set(Reason) - set(told) == {Reason.REOPENED, Reason.UNDELIVERED, Reason.WITHDRAWN}


# --- The contact ----------------------------------------------------------------------------------------------------


def test_goodwill_hinders_only_campaigns_that_leave_it_out():
    assert reason(after(is_goodwill=True), campaign(skips_goodwill=True)) == Reason.GOODWILL
    assert reason(after(is_goodwill=True), campaign(skips_goodwill=False)) is None


def test_a_contact_that_we_began_hinders_only_campaigns_that_leave_it_out():
    assert reason(after(is_agent_initiated=True), campaign(skips_agent_initiated=True)) == Reason.AGENT_INITIATED
    assert reason(after(is_agent_initiated=True), campaign(skips_agent_initiated=False)) is None


def test_a_contact_is_stale_once_more_than_its_days_have_passed():
    of = campaign(stale_days=14)
    assert reason(after(about_at=NOW - 14 * DAY), of) is None
    assert reason(after(about_at=NOW - 14 * DAY - SECOND), of) == Reason.STALE


# --- The audience ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attribute", "value", "inside"),
    [
        ("channel", "phone", {"channel": "phone"}),
        ("reason", "Rechnung", {"reason": "rechnung"}),
        ("team", "Süd", {"team": "SÜD "}),
        ("language", "de", {"language": "de-AT"}),
        ("segment", "Straße 7", {"segment": " STRASSE 7"}),
        ("tag", "vip", {"tags": ["invoice", "VIP"]}),
    ],
)
def test_a_condition_compares_what_it_means_whatever_the_case_and_the_blanks(attribute, value, inside):
    wanted, unwanted = [condition(attribute, value)], [condition(attribute, value, is_excluded=True)]
    outside = after(language="en")
    assert [reason(after(**inside), audience=which) for which in (wanted, unwanted)] == [None, Reason.OUTSIDE_AUDIENCE]
    assert [reason(outside, audience=which) for which in (wanted, unwanted)] == [Reason.OUTSIDE_AUDIENCE, None]


def test_one_value_of_a_condition_is_enough_and_every_condition_must_hold():
    audience = [condition("channel", "phone", "chat"), condition("tag", "vip", is_excluded=True)]
    asked = [after(channel="phone"), after(channel="chat", tags=["new"])]
    not_asked = [after(channel="email"), after(channel="chat", tags=["new", "vip"])]
    assert [reason(who, audience=audience) for who in asked] == [None, None]
    assert [reason(who, audience=audience) for who in not_asked] == [Reason.OUTSIDE_AUDIENCE] * 2


def test_the_language_of_the_audience_is_the_contacts_else_the_customers_else_the_clients():
    german = [condition("language", "de")]
    assert reason(after(language="en", customer_language="de"), audience=german) == Reason.OUTSIDE_AUDIENCE
    assert reason(after(customer_language="de"), audience=german) is None
    assert reason(after(), campaign(language="de"), audience=german) is None
    assert reason(after(), campaign(language="en"), audience=german) == Reason.OUTSIDE_AUDIENCE


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


@pytest.mark.parametrize(
    ("phone", "language", "why"),
    [
        ("", "de", Reason.NO_ADDRESS),
        ("anonym", "de", Reason.NO_ADDRESS),
        ("0151 23456789", "de", None),
        ("+49 (0)151 23456789", "en", None),
        ("07400 123456", "en", None),
        ("0151 23456789", "en", Reason.INVALID_ADDRESS),  # no British number
        ("030 901820", "de", Reason.INVALID_ADDRESS),  # a landline
        ("0900 1234567", "de", Reason.INVALID_ADDRESS),  # premium rate
        ("0180 5123456", "de", Reason.INVALID_ADDRESS),  # shared cost
        ("+881 612345678", "de", Reason.INVALID_ADDRESS),  # a satellite
        ("0151", "de", Reason.INVALID_ADDRESS),
        ("+1 212 555 0123", "de", None),  # North America does not tell mobiles from landlines
    ],
)
def test_a_text_message_needs_a_number_that_may_be_a_mobile(phone, language, why):
    of = campaign(medium=Medium.SMS, language=language)
    assert reason(candidate(email="", phone=phone), of) == why


def test_a_link_needs_no_address_at_all():
    assert reason(after(email="", phone="", customer_id=None), campaign(medium=Medium.LINK)) is None


def test_an_objection_holds_for_every_spelling_of_the_mailbox():
    what = known(suppressed=["kim@example.org"])
    for spelling in (" KIM@example.ORG", "kim@example.org.", "kim+shop@example.org"):
        assert reason(candidate(email=spelling), what=what) == Reason.SUPPRESSED
    assert reason(candidate(email="tim@example.org"), what=what) is None


def test_an_objection_by_phone_holds_for_a_text_message():
    what = known(suppressed=["+4915123456789"])
    assert reason(candidate(phone="0151 23456789"), campaign(medium=Medium.SMS), what) == Reason.SUPPRESSED


def test_an_objection_counts_from_when_it_was_made():
    what = Knowledge([basis()], {"kim@example.org": NOW})
    assert [reason(candidate(), what=what, at=at) for at in (NOW - SECOND, NOW)] == [None, Reason.SUPPRESSED]


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
    share = float(of.share_percent) / 100
    return [key for key in keys if eligibility.is_drawn(key, of.salt, share)]


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


def asked(at: dt.datetime, *people: str | int, is_same_kind: bool = True) -> Knowledge:
    what = known()
    what.note(people or ("kim@example.org", 1), at, is_same_kind)
    return what


def test_a_quarantine_ends_exactly_after_its_days():
    of = campaign(quarantine_days=30)
    assert reason(candidate(), of, asked(NOW - 30 * DAY)) is None
    assert reason(candidate(), of, asked(NOW - 30 * DAY + SECOND)) == Reason.QUARANTINE


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
    assert reason(candidate(email="new@example.org", customer_id=None), of, asked(NOW, "kim@example.org")) is None


def test_a_quarantine_follows_the_phone_number_in_any_spelling():
    of = campaign(quarantine_days=30, medium=Medium.SMS)
    who = candidate(email="", customer_id=2, phone="0049 151 234 567-89")
    assert reason(who, of, asked(NOW, "+4915123456789")) == Reason.QUARANTINE


@pytest.mark.parametrize(
    "spelling",
    ["KIM@Example.ORG", "kim@example.org.", " kim@example.org ", "kim+shop@example.org", "Kim+a+b@example.org"],
)
def test_one_person_is_not_asked_twice_however_the_address_is_written(spelling):
    what = asked(NOW, "kim@example.org")
    assert reason(candidate(email=spelling, customer_id=2), campaign(quarantine_days=30), what) == Reason.QUARANTINE


def test_a_domain_in_letters_and_in_punycode_is_one():
    what = asked(NOW, "kim@münchen.example")
    for spelling in ("kim@xn--mnchen-3ya.example", "KIM@XN--MNCHEN-3YA.example.", "kim@mu\u0308nchen.example"):
        who = candidate(email=spelling, customer_id=2)
        assert (who.mailbox, reason(who, what=what)) == ("kim@münchen.example", Reason.QUARANTINE)


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("kim@xn--\u00fc.example", "kim@xn--\u00fc.example"),  # no Punycode: left as it is
        ("kim@xn--example-.org", "kim@xn--example-.org"),  # it would hide “example”
        ("kim@xn--a@b-joa.example", "kim@xn--a@b-joa.example"),  # “a@bü” is no label
        ("kim", "kim"),
        ("", ""),
        ('"kim@home"@example.org', '"kim@home"@example.org'),
    ],
)
def test_what_is_no_address_keeps_its_spelling(address, mailbox):
    assert candidate(email=address).mailbox == mailbox


def test_a_plus_in_front_or_in_quotes_names_no_other_person():
    what = asked(NOW, "@example.org", '"kim')
    for address in ("+shop@example.org", '"kim+shop"@example.org'):
        assert reason(candidate(email=address, customer_id=2), what=what) is None


def test_the_same_kind_of_survey_may_have_a_longer_quarantine():
    of = campaign(quarantine_days=7, kind_quarantine_days=90)
    asked_30_days_ago = [asked(NOW - 30 * DAY, is_same_kind=is_same_kind) for is_same_kind in (True, False)]
    assert [reason(candidate(), of, what) for what in asked_30_days_ago] == [Reason.QUARANTINE, None]
    asked_last_week = [asked(NOW - 6 * DAY, is_same_kind=is_same_kind) for is_same_kind in (True, False)]
    assert [reason(candidate(), of, what) for what in asked_last_week] == [Reason.QUARANTINE] * 2


def test_without_quarantine_days_nobody_is_spared():
    assert reason(candidate(), campaign(quarantine_days=0), asked(NOW)) is None


# --- The quotas -----------------------------------------------------------------------------------------------------


def judged(of: Campaign, due_times: list[dt.datetime], agents: list[int | None]) -> list[Reason | None]:
    """One after the other, each remembered if asked."""
    rules, what, reasons = Rules(of), known(), []
    for number, (due_at, agent_id) in enumerate(zip(due_times, agents, strict=True)):
        who = after(email=f"{number}@example.org", customer_id=number + 1, agent_id=agent_id)
        why = rules.reason_against(who, what, due_at, NOW)
        if not why:
            rules.note(what, who, due_at)
        reasons.append(why)
    return reasons


def test_a_day_has_its_quota_in_the_clients_calendar():
    evening = dt.datetime(2026, 11, 10, 22, 59, tzinfo=dt.UTC)  # a minute to midnight in Berlin
    times = [NOW, evening, evening, evening + dt.timedelta(minutes=2)]
    assert judged(campaign(quota_per_day=2), times, [LENA] * 4) == [None, None, Reason.QUOTA, None]


def test_an_agent_has_a_quota_for_each_iso_week():
    sunday, monday = dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC), dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
    times, agents = [NOW, sunday, sunday, monday, sunday], [LENA, LENA, OMAR, LENA, None]
    of = campaign(quota_per_agent_and_week=1)
    assert judged(of, times, agents) == [None, Reason.QUOTA, None, None, None]


# --- What is known --------------------------------------------------------------------------------------------------


def know(of: Campaign, *who: Candidate) -> Knowledge:
    return Rules.of(of).know(who, [NOW] * len(who))


@pytest.mark.django_db
def test_knowledge_is_of_one_client_only(acme, globex):
    asked_before = factories.make_invitation(acme, due_at=NOW - DAY)
    Suppression.objects.create(client=acme, address="kim@example.org", reason="manual", created_at=NOW)
    who = candidate(), candidate(email=asked_before.email, customer_id=asked_before.customer_id)
    of_acme, of_globex = (know(factories.make_campaign(client), *who) for client in (acme, globex))
    assert of_acme.suppressed == {"kim@example.org": NOW}
    assert of_acme.asked == {asked_before.email: NOW - DAY, asked_before.customer_id: NOW - DAY}
    assert (of_globex.suppressed, of_globex.asked) == ({}, {})
    assert [b.client for b in of_globex.legal_bases] == [globex]


@pytest.mark.django_db
def test_knowledge_takes_as_many_queries_for_one_as_for_three(acme, django_assert_num_queries):
    of = factories.make_campaign(acme, quota_per_day=5, quota_per_agent_and_week=5)
    factories.make_invitation(acme, campaign=of)
    for count in (1, 3):
        who = [candidate(email=f"{number}@example.org") for number in range(count)]
        rules = Rules.of(of)
        with django_assert_num_queries(6):
            rules.know(who, [NOW] * count)


@pytest.mark.django_db
def test_who_was_not_asked_is_in_no_quarantine(acme):
    customer = factories.make_customer(acme)
    contact_before = factories.make_contact(acme, customer=customer)
    of = factories.make_campaign(acme)
    factories.make_invitation(
        acme, contact=contact_before, is_asked=False, reason=Reason.NOT_SAMPLED, due_at=None, expires_at=None
    )
    assert know(of, candidate(email=customer.email, customer_id=customer.pk)).asked == {}


@pytest.mark.django_db
def test_an_objection_to_one_survey_leaves_the_others(acme):
    csat, nps = factories.make_campaign(acme, "csat"), factories.make_campaign(acme, "nps")
    one, every = "one@example.org", "every@example.org"
    Suppression.objects.create(client=acme, address=one, survey=csat.survey, reason="unsubscribed", created_at=NOW)
    Suppression.objects.create(client=acme, address=every, reason="unsubscribed", created_at=NOW)
    who = candidate(email=one), candidate(email=every)
    assert (know(csat, *who).suppressed, know(nps, *who).suppressed) == ({one: NOW, every: NOW}, {every: NOW})


@pytest.mark.django_db
def test_a_tag_in_the_stored_address_hides_nobody(acme):
    of = factories.make_campaign(acme)
    factories.make_invitation(acme, email="kim+shop@example.org", due_at=NOW - DAY)
    Suppression.objects.create(client=acme, address="tim+shop@example.org", reason="manual", created_at=NOW)
    kim, tim = (candidate(email=f"{name}@example.org", customer_id=None) for name in ("kim", "tim"))
    what = know(of, kim, tim)
    assert (what.asked, what.suppressed) == ({"kim@example.org": NOW - DAY}, {"tim@example.org": NOW})


@pytest.mark.django_db
def test_whoever_was_asked_by_phone_is_known_by_phone(acme):
    by_mail = factories.make_campaign(acme)
    factories.make_invitation(acme, campaign=by_mail, email="", phone="+4915123456789", due_at=NOW - DAY)
    who = {"email": "", "customer_id": None, "phone": "0151 23456789"}
    assert know(by_mail, candidate(**who)).asked == {}  # nobody is asked by phone here: numbers are not looked at
    factories.make_campaign(acme, medium=Medium.SMS)
    assert know(by_mail, candidate(**who)).asked == {"+4915123456789": NOW - DAY}


@pytest.mark.django_db
def test_surveys_of_the_same_kind_are_told_from_others(acme):
    of = factories.make_campaign(acme, "csat", kind_quarantine_days=60)
    csat = factories.make_invitation(acme, "csat", due_at=NOW - DAY)
    nps = factories.make_invitation(acme, "nps", due_at=NOW - DAY)
    what = know(of, *(candidate(email=i.email, customer_id=None) for i in (csat, nps)))
    assert (what.asked.keys(), what.asked_same_kind.keys()) == ({csat.email, nps.email}, {csat.email})


@pytest.mark.django_db
def test_quotas_count_what_is_stored_in_the_clients_calendar(acme):
    of = factories.make_campaign(acme, quota_per_day=5, quota_per_agent_and_week=5)
    lena = factories.make_agent(acme)
    midnight = dt.datetime(2026, 11, 9, 23, 0, tzinfo=dt.UTC)  # in Berlin: the 10th begins, a Tuesday
    monday_before = dt.datetime(2026, 11, 8, 23, 0, tzinfo=dt.UTC)
    for due_at in (midnight - SECOND, midnight, NOW, monday_before, monday_before - SECOND):
        factories.make_invitation(acme, campaign=of, agent=lena, due_at=due_at)
    factories.make_invitation(acme, campaign=of, due_at=NOW, is_asked=False, reason=Reason.STALE)
    factories.make_invitation(acme, campaign=factories.make_campaign(acme), agent=lena, due_at=NOW)
    what = know(of, after())
    assert what.asked_on == {dt.date(2026, 11, 10): 2}
    assert what.asked_about == {(lena.pk, dt.date(2026, 11, 9)): 4}
