"""A mail scanner in front of a human: what it does is flagged, and the human's answer counts (rows 17 and 32)."""

import re
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from surveys.delivery import survey_mail
from surveys.models import Answer, FlaggedSheet, Response, Suppression, Visit
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

# What a scanner runs in a page: every form is filled in and sent, as pages do that send themselves.
SEND_ALL = """() => document.querySelectorAll('form').forEach(form => {
  form.querySelectorAll('input[type=radio]').forEach(radio => { if (radio.value === '0') radio.checked = true });
  form.querySelectorAll('textarea').forEach(text => { text.value = 'Bitte nicht' });
  HTMLFormElement.prototype.submit.call(form);
})"""
REQUEST_ALL = """() => document.querySelectorAll('form').forEach(form => {
  form.querySelectorAll('input[type=radio]').forEach(radio => { if (radio.value === '0') radio.checked = true });
  form.requestSubmit();
})"""


@pytest.fixture
def invitation(live_server, settings, transactional_db):
    settings.BASE_URL = live_server.url
    invitation = factories.make_invitation(factories.make_client(), "nps", about_at=timezone.now())
    factories.make_message(invitation, handed_over_at=timezone.now())
    return invitation


def links_of(invitation) -> list[str]:
    """Every address of ours in the mail's HTML, what nobody sees among them."""
    markup = survey_mail.render(invitation).html
    origin = "://".join(urlsplit(survey_mail.answer_link(invitation))[:2])
    return sorted({link for link in re.findall(r'href="([^"]+)"', markup) if link.startswith(origin)})


def look(address: str, method: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=10) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def send_by_script(page, script: str) -> None:
    """Run it once the call has returned, for what it sends replaces the page; and wait for all that follows."""
    with page.expect_response(lambda reply: reply.request.method == "POST"):
        page.evaluate(f"() => {{ setTimeout({script}, 50) }}")
    page.wait_for_timeout(100)
    page.wait_for_load_state("networkidle")


def scan(page, invitation, script: str) -> None:
    """HEAD and GET of every link, and in a browser that nobody touches one form is sent by script."""
    for address in links_of(invitation):
        assert [look(address, method) for method in ("HEAD", "GET", "OPTIONS")][:2] == [200, 200]
    page.goto(survey_mail.answer_link(invitation))
    page.wait_for_timeout(1200)  # it does not look hasty
    send_by_script(page, script)
    page.wait_for_url(re.compile("/thanks/"))


def answer_as_a_person(page, invitation, score: int) -> None:
    page.goto(survey_mail.answer_link(invitation))
    page.locator("label", has=page.locator(f"input[name=score][value='{score}']")).click()
    page.get_by_role("button", name="Antwort senden").click()
    page.wait_for_url(re.compile("/thanks/"))


@pytest.mark.parametrize("script", [SEND_ALL, REQUEST_ALL])
def test_the_human_behind_a_scanner_is_counted_and_the_scanner_is_flagged_once(open_page, invitation, script):
    scan(open_page(), invitation, script)
    [kept] = FlaggedSheet.objects.all()
    assert (kept.score, Response.objects.count()) == (0, 0)
    assert "untouched" in kept.evidence
    assert set(Visit.objects.values_list("kind", flat=True)) == {"head", "click", "decoy"}
    invitation.refresh_from_db()
    assert invitation.clicked_score is not None

    answer_as_a_person(open_page(), invitation, 9)
    [response] = Response.objects.all()
    assert (response.score, response.first, FlaggedSheet.objects.count()) == (9, None, 1)

    scan_again = open_page()
    scan_again.goto(survey_mail.answer_link(invitation) + "?change=1")
    send_by_script(scan_again, script)
    scan_again.wait_for_url(re.compile("/thanks/"))
    assert [(one.score, one.changed_at) for one in Response.objects.all()] == [(9, None)]


@pytest.mark.parametrize("script", [SEND_ALL, REQUEST_ALL])
def test_a_crawl_with_scripts_that_send_every_form_changes_neither_answers_nor_objections(browser, invitation, script):
    client = invitation.client
    begun = factories.make_invitation(client, "nps", about_at=timezone.now())
    factories.make_response(client, 10, "Prima.", invitation=begun)
    before = list(Response.objects.values()), list(Answer.objects.values())
    context = browser.new_context()  # not `open_page`: a refused form is an error on its console
    for one in (invitation, begun):
        for address in links_of(one):
            page = context.new_page()
            page.goto(address)
            if page.locator("form").count():
                send_by_script(page, script)
    context.close()
    assert (list(Response.objects.values()), list(Answer.objects.values())) == before
    assert Suppression.objects.count() == 0
    assert FlaggedSheet.objects.filter(invitation=invitation).exists()


# Assistive technology presses without pointer or key: what reaches the page is a click and nothing before it.
CLICKS_ALONE = """for (const name of ['pointerdown', 'mousedown', 'touchstart', 'keydown', 'input', 'change'])
  window.addEventListener(name, event => event.stopImmediatePropagation(), true);"""


@pytest.mark.parametrize("way", ["keys", "pointer", "touch", "pressed", "voice"])
def test_every_way_of_using_the_page_is_seen_as_a_person(open_page, invitation, way):
    page = open_page(**({"has_touch": True} if way == "touch" else {}))
    if way == "pressed":
        page.add_init_script(CLICKS_ALONE)
    page.goto(survey_mail.answer_link(invitation) + "?score=7")
    send = page.get_by_role("button", name="Antwort senden")
    if way == "keys":
        send.focus()
        page.keyboard.press("Enter")
    elif way == "touch":
        send.tap()
    elif way == "voice":  # an extension chooses for its owner; the browser vouches for the input that it leads to
        page.evaluate("document.querySelector('input[name=score][value=\\'8\\']').click()")
        page.evaluate("document.querySelector('.send button').click()")
    else:
        send.click()
    page.wait_for_url(re.compile("/thanks/"))
    assert (Response.objects.get().score, FlaggedSheet.objects.count()) == (8 if way == "voice" else 7, 0)


def test_what_tells_machines_apart_is_nothing_for_eyes_or_ears(open_page, invitation):
    page = open_page()
    page.goto(survey_mail.answer_link(invitation))
    assert [page.locator(f"[name={name}]").is_visible() for name in ("website", "made", "script", "touched")] == [
        False
    ] * 4
    assert page.locator("a[href$='/more/']").is_visible() is False
    heard = page.locator("body").aria_snapshot()
    assert "more/" not in heard and "website" not in heard
    stops = []
    for _ in range(30):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.href || ''"))
    assert [stop for stop in stops if stop == "website" or "/more/" in stop] == []

    page.set_content(survey_mail.render(invitation).html)
    assert page.locator("a[href$='/more/']").is_visible() is False
    assert "more/" not in page.locator("body").aria_snapshot()
