"""Whoever merely looks changes nothing: mail scanners, previews and prefetching browsers.

Every kind of mail and text message that the house sends is sent here, and every address in it is opened: by GET, HEAD
and OPTIONS, and by a real Chromium that runs whatever the pages bring, follows their links and presses no button.
"""

import datetime as dt
import html
import re
import urllib.error
import urllib.request
from collections import Counter
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pytest
from django.conf import settings as conf
from django.test import Client as Browser
from django.utils import timezone

from analytics.models import DriftAlert
from feedback_loop import digests, notices, targets
from feedback_loop.models import DigestSubscription, Target
from surveys import delivery, preferences, responses, sittings
from surveys.delivery import pauses
from surveys.management.commands.tick import tick
from surveys.models import Access, Campaign, Invitation, Medium, OutgoingMessage, Response, Suppression
from tests import factories
from tests.feedback_loop.crowds import answered
from tests.surveys.test_pages import everything
from tests.surveys.test_sms import Provider

pytestmark = pytest.mark.django_db(transaction=True)

SLUGS = ("acme", "globex")
MAILS = {"survey", "reminder", "case_alert", "digest", "campaign_paused", "target_notice", "drift_notice"}
TEXT_MESSAGES = {"survey", "reminder"}
# What a look must not change; all other tables are compared as well.
SACRED = (
    "surveys.Response", "surveys.Answer", "surveys.Suppression", "surveys.Invitation", "surveys.OutgoingMessage",
    "surveys.Contact", "surveys.Customer", "feedback_loop.Case", "feedback_loop.CaseEvent",
    "feedback_loop.DigestSubscription", "feedback_loop.Digest",
)  # fmt: skip
PRESENT = {"hour_from": 0, "hour_until": 24, "sending_days": [1, 2, 3, 4, 5, 6, 7], "sends_on_holidays": True}


@pytest.fixture
def provider(settings):
    provider = Provider()
    settings.SMS_ACCOUNT, settings.SMS_TOKEN, settings.SMS_API = "AC" + "0" * 32, "token", provider.url
    settings.OUTGOING_HTTP_LOOPBACK = True
    yield provider
    provider.stop()


@pytest.fixture
def sent(live_server, smtp_sink, provider, settings, transactional_db) -> tuple[list[EmailMessage], list[str]]:
    """One of each kind, sent by the house itself: the mails, and the words of the text messages."""
    settings.BASE_URL = live_server.url
    now = timezone.now()
    client = factories.make_client(sms_sender="+4915735980001", sms_budget_per_day=Decimal(10))
    lead = factories.make_login("lead", email="lead@provider.example", language="de")
    factories.give_access(lead, client, Access.Role.ANALYST)
    DigestSubscription.objects.create(
        client=client,
        kind="week",
        email="brook@acme.example",
        language="de",
        starts_on=dt.date(2026, 1, 1),
        send_hour=0,
    )
    after_contact = factories.make_campaign(client, owner=lead, reminder_days=3, **PRESENT)
    by_phone = factories.make_campaign(
        client, medium=Medium.SMS, starts_on=now.date() - dt.timedelta(days=1), reminder_days=3, quarantine_days=0,
        **PRESENT,
    )  # fmt: skip
    globex = factories.make_client("globex", "Globex")
    factories.make_campaign(globex, "nps", starts_on=now.date() - dt.timedelta(days=1), **PRESENT)
    factories.make_contact(globex, ended_at=now - dt.timedelta(minutes=5))

    four_days_ago = now - dt.timedelta(days=4)
    for campaign, reach in ((after_contact, {}), (by_phone, {"medium": Medium.SMS, "phone": "+4915112345670"})):
        earlier = factories.make_invitation(client, campaign=campaign, about_at=four_days_ago, **reach)
        factories.make_message(earlier, medium=reach.get("medium", Medium.MAIL), to=reach.get("phone", earlier.email))
    customer = factories.make_customer(client, "kim.brook@example.org", phone="+4915112345678")
    factories.make_contact(client, customer=customer, ended_at=now - dt.timedelta(minutes=5), has_consent=True)
    unhappy = factories.make_invitation(client, campaign=after_contact, about_at=now - dt.timedelta(days=1))
    sheet = responses.Sheet(
        {"score": 1, "comment": "Die Warteschleife war furchtbar lang."}, wants_call=True, phone="+493023125047"
    )
    responses.record(sittings.sitting_of(unhappy), sheet, now)
    objected = factories.make_invitation(client, campaign=after_contact, about_at=now - dt.timedelta(days=1))
    preferences.unsubscribe(objected, now)
    tick()
    stopped = Campaign.objects.get(pk=after_contact.pk)
    assert pauses.pause(stopped, ["550 5.7.1 our policy"] * 10, now)
    answered(client, now.date() - dt.timedelta(days=1), (0, 0, 40))
    Target.objects.create(client=client, kind="nps", value=60, period="year", starts_on=dt.date(now.year, 1, 1))
    about = {"week_on": now.date(), "kind": "unseen", "noted_at": now}
    DriftAlert.objects.create(
        client=client, language="de", **about, expected=0.4, found=0.6, comments=60, chance=0.0001
    )
    assert (targets.watch(now), notices.of_drift(now)) == (1, 1)
    next_week = now + dt.timedelta(days=7)
    assert digests.send_due(next_week) == 1
    delivery.send_due(next_week)
    return smtp_sink.mails, [form["Body"] for form in provider.forms]


def kind_of(mail: EmailMessage) -> str:
    """The template that a mail was written from, by its row."""
    message = OutgoingMessage.objects.get(pk=re.search(r"nachklang\.(\d+)\.", mail["Message-ID"])[1])
    if message.invitation_id:
        return "reminder" if message.is_reminder else "survey"
    named = {"case": "case_alert", "target": "target_notice", "drift": "drift_notice"}
    return named.get(message.key.partition(":")[0], message.key.partition(":")[0])


def addresses(mail: EmailMessage) -> set[str]:
    """Every address in header, text part and HTML part: links, pictures and whatever else is loaded."""
    text, markup = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    found = re.findall(r"<(http[^>]+)>", mail["List-Unsubscribe"] or "") + re.findall(r"https?://[^\s<>\"]+", text)
    attributes = r"""(?:href|src|action|background|poster|srcset|data)\s*=\s*["']([^"']+)|url\(["']?([^)"']+)"""
    found += [html.unescape(one or other) for one, other in re.findall(attributes, markup)]
    return {address for address in found if not address.startswith(("cid:", "mailto:", "data:"))}


@pytest.fixture
def ours(sent, live_server) -> list[str]:
    """Every address of ours in any of it; what is the client's own is named, and there is nothing else."""
    mails, texts = sent
    found = set().union(*(addresses(mail) for mail in mails), *(re.findall(r"http\S+", text) for text in texts))
    foreign = {address for address in found if not address.startswith(f"{live_server.url}/")}
    assert foreign == {f"https://{slug}.example/{page}" for slug in SLUGS for page in ("impressum", "datenschutz")}
    return sorted(found - foreign)


def look(address: str, method: str = "GET") -> tuple[int, str]:
    """Status and body, without a cookie; redirects are followed."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def pages_behind(starts: list[str], origin: str) -> dict[str, int]:
    """Status of each page that can be reached by links from these, over two steps; admin and static files left out."""
    statuses, waiting = {}, list(starts)
    for _step in range(3):
        following = set()
        for address in waiting:
            statuses[address], body = look(address)
            links = {
                urldefrag(urljoin(address, html.unescape(link)))[0] for link in re.findall(r'href="([^"]+)"', body)
            }
            following |= {link for link in links if link.startswith(f"{origin}/")}
        waiting = sorted(link for link in following - statuses.keys() if not re.search(r"/(admin|static)/", link))
    return statuses


def changed(before: dict, after: dict) -> list[str]:
    return [table for table in before if before[table] != after[table]]


def test_every_kind_of_mail_and_text_message_is_among_those_that_are_crawled(sent):
    mails, texts = sent
    folders = [Path(conf.BASE_DIR) / app / "templates" for app in ("surveys", "feedback_loop", "analytics")]
    templates = {file.name for folder in folders for file in folder.glob("mail/*.subject.txt")}
    assert {name.removesuffix(".subject.txt") for name in templates} == MAILS
    assert {file.stem for folder in folders for file in folder.glob("sms/*.txt")} == TEXT_MESSAGES
    assert {kind_of(mail) for mail in mails} == MAILS
    by_phone = OutgoingMessage.objects.filter(medium=Medium.SMS, state=OutgoingMessage.State.ACCEPTED)
    assert sorted(by_phone.exclude(provider_id="").values_list("is_reminder", flat=True)) == [False, True]
    assert len(texts) == 2


def test_looking_by_get_head_and_options_at_every_address_changes_no_row(ours, live_server):
    before = everything()
    assert [table for table in SACRED if not before[table]] == []
    statuses = pages_behind(ours, live_server.url)
    for address in statuses:
        look(address, "HEAD")
        look(address, "OPTIONS")
    assert Counter(statuses.values()) == {200: len(statuses)}
    assert len(statuses) > len(ours)
    assert changed(before, everything()) == []
    asked = Invitation.objects.filter(messages__state=OutgoingMessage.State.ACCEPTED).distinct()
    assert set(Invitation.objects.exclude(opened_at=None)) == set(asked)  # the pages were really there

    # Nor does a prefetching browser whose owner is signed in.
    lead = Browser()
    lead.force_login(Access.objects.get().login)
    before = everything()
    desk = [address.removeprefix(live_server.url) for address in ours if "/admin/" in address]
    assert [lead.get(path).status_code for path in desk] == [200] * 4  # case, campaign, target, drift
    assert changed(before, everything()) == []


# Whatever a page would do on its own, sooner or later: handlers, script links, events of somebody who reads, timers.
RUN_ALL = """() => {
  for (const element of document.querySelectorAll('*')) {
    for (const attribute of element.attributes) {
      if (/^on(?!click|submit)/.test(attribute.name))
        new Function('event', attribute.value).call(element, new Event('x'));
      if (/^javascript:/i.test(attribute.value)) new Function(attribute.value)();
    }
    for (const name of ['mouseover', 'mouseenter', 'mousemove', 'focus', 'input', 'change', 'keyup', 'blur', 'scroll'])
      element.dispatchEvent(new Event(name, {bubbles: true}));
  }
  for (const name of ['load', 'pageshow', 'focus', 'blur', 'scroll', 'visibilitychange', 'pagehide', 'beforeunload'])
    { window.dispatchEvent(new Event(name)); document.dispatchEvent(new Event(name)); }
  return [...document.querySelectorAll('meta[http-equiv=refresh], iframe, object, embed, link[rel=prerender]')].length;
}"""


@pytest.mark.browser
def test_a_browser_that_opens_every_address_and_runs_what_is_there_changes_no_row(browser, sent, ours, live_server):
    mails, _texts = sent
    before = everything()
    posts, strangers = [], []

    def watch(request) -> None:
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            posts.append(f"{request.method} {request.url}")
        if not request.url.startswith((f"{live_server.url}/", "data:", "about:", "blob:")):
            strangers.append(request.url)

    # Without the pages' own Content-Security-Policy: the worst of scanners keeps to none.
    context = browser.new_context(locale="de-DE", bypass_csp=True)
    context.on("request", watch)
    try:
        page = context.new_page()
        page.clock.install()
        for address in ours:
            page.goto(address)
            assert page.evaluate(RUN_ALL) == 0, address
            page.clock.fast_forward(600_000)  # ten minutes of timers
        for mail in mails:
            page.set_content(mail.get_body(("html",)).get_content())
            assert page.evaluate(RUN_ALL) == 0, mail["Subject"]
        kinds = {re.sub(r"/[^/]{30,}/|\d+|\?.*", "/", address): address for address in ours}
        for address in kinds.values():  # one of each stays open while a scanner would look at it
            tab = context.new_page()
            tab.goto(address)
        page.wait_for_timeout(3000)
    finally:
        context.close()
    assert (posts, strangers) == ([], [])
    assert changed(before, everything()) == []

    # And the human behind the scanner still has all choices.
    open_link = next(address for address in ours if address.endswith("score=9"))
    answers, objections = Response.objects.count(), Suppression.objects.count()
    Browser().post(open_link.removeprefix(live_server.url).partition("?")[0], {"score": "3"})
    assert (Response.objects.count(), Suppression.objects.count()) == (answers + 1, objections)
    assert Response.objects.latest("pk").score == 3
