"""The customer's pages in a real browser: on small screens, without a mouse, without script, without a connection."""

import datetime as dt
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from surveys import responses, sittings
from surveys.delivery import survey_mail
from surveys.models import FlaggedSheet, Invitation, OpenLink, Response
from surveys.pages import doors
from tests import factories
from tests.surveys.test_pages import stored

from .conftest import check_accessibility, check_fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = {
    "de": {"send": "Antwort senden", "on": "Weiter", "back": "Zurück", "thanks": "Danke, dass Sie uns das sagen."},
    "en": {"send": "Send answer", "on": "Continue", "back": "Back", "thanks": "Thank you for telling us."},
}
LIMIT = 30 * 1024  # bytes that a whole page may take, with all that it loads


@pytest.fixture
def nordheim(live_server, settings, transactional_db):
    settings.BASE_URL = live_server.url
    return factories.make_client("nordheim", "Stadtwerke Nordheim", sentence_name_de="die Stadtwerke Nordheim")


@pytest.fixture
def invite(nordheim) -> Callable[..., tuple[Invitation, str]]:
    """`invite(kind, is_long, language, …)`: an invitation of today, and the address in its mail."""
    campaigns = {}

    def make(kind: str = "nps", is_long: bool = False, **fields) -> tuple[Invitation, str]:
        if (kind, is_long) not in campaigns:
            make_survey = factories.make_long_survey if is_long else factories.make_survey
            campaigns[kind, is_long] = factories.make_campaign(nordheim, kind, survey=make_survey(nordheim, kind))
        about_at = timezone.now() - dt.timedelta(hours=3)
        invitation = factories.make_invitation(
            nordheim, kind, campaign=campaigns[kind, is_long], **{"about_at": about_at, **fields}
        )
        return invitation, survey_mail.answer_link(invitation)

    return make


def choose(page: Page, name: str, value: str) -> None:
    """As a finger does: on the label, for the field itself is drawn by it."""
    page.locator(f"label:has(input[name={name}][value='{value}'])").click()


def send(page: Page, language: str = "de") -> None:
    page.get_by_role("button", name=WORDS[language]["send"]).click()


def thanked(page: Page) -> None:
    page.wait_for_url(re.compile("/thanks/"))


# --- Every state, for every eye -------------------------------------------------------------------------------------


def states(invite, client) -> dict[str, str]:
    """The address of a page in each state that a link can be in."""
    now = timezone.now()
    answered, link = invite(is_long=True)
    said = {"score": 3, "comment": "Der Rückruf kam nicht.", "solved": "partly", "ease": 2, "wrong": ("chat",)}
    responses.record(sittings.sitting_of(answered), responses.Sheet(said, True, "+49 30 23125047"), now)
    begun, second = invite(is_long=True)
    responses.record(sittings.sitting_of(begun), responses.Sheet({"score": 3}, is_last=False), now)
    content, happy = invite()
    responses.record(sittings.sitting_of(content), responses.Sheet({"score": 10}), now)
    kiosk = OpenLink.objects.create(client=client, survey=content.version.survey, name="Kundenzentrum", door="kiosk")
    return {
        **{kind: invite(kind)[1] for kind in ("nps", "csat", "ces")},
        "chosen": f"{invite()[1]}?score=9",
        "second page": second,
        "third page": f"{second}?page=3",
        "thanks": f"{link}thanks/",
        "thanks of the happy": f"{happy}thanks/",
        "answered": link,
        "change": f"{link}?change=1",
        "expired": invite(about_at=now - dt.timedelta(days=30))[1],
        "withdrawn": invite(withdrawn_at=now)[1],
        "unknown": link.replace("/s/", "/s/x"),
        "objection": survey_mail.unsubscribe_link(begun),
        "kiosk": link.partition("/s/")[0] + doors.path_of(kiosk),
    }


@pytest.mark.parametrize(("language", "scheme"), [("de", "light"), ("en", "dark"), ("ar", "light"), ("ar", "dark")])
def test_every_page_can_be_read_by_everybody_and_fits_the_smallest_screen(
    language, scheme, invite, nordheim, open_page
):
    page = open_page(language, 320, color_scheme=scheme, refusals="404|410")
    for state, address in states(invite, nordheim).items():
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        assert page.locator("html").get_attribute("lang") == language, state
        check_accessibility(page)
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            check_fits(page)


@pytest.mark.parametrize("language", ["de", "en", "ar"])
def test_a_page_with_errors_can_be_read_by_everybody(language, invite, open_page):
    page = open_page(language, 320, refusals="400")
    page.goto(f"{invite()[1]}?lang={language}")
    page.locator("#wants-call").check()
    page.fill("#phone", "47")
    page.evaluate("document.forms[0].noValidate = true")
    page.locator("button[type=submit]").click()
    expect(page.locator(".errors")).to_be_focused()
    check_accessibility(page)
    check_fits(page)
    page.locator(".errors a").first.click()
    expect(page.locator("#score-0")).to_be_focused()


@pytest.mark.parametrize("width", [320, 390])
def test_everything_that_is_pressed_is_large_enough_for_a_finger(width, invite, nordheim, open_page):
    page = open_page("de", width, refusals="404|410")
    small = """least => [...document.querySelectorAll('a, button, summary, textarea, .options label, .scale label')]
      .filter(e => e.checkVisibility() && !e.closest('[hidden]'))
      .map(e => [e.closest('.scale') ? 24 : least, e.getBoundingClientRect(), e.outerHTML])
      .filter(([least, box]) => box.height < least - 0.5 || box.width < Math.min(least, 24))
      .map(([, box, html]) => `${box.width} x ${box.height}: ${html}`)"""
    for address in states(invite, nordheim).values():
        page.goto(address)
        assert page.evaluate(small, 44) == [], address


# --- By every hand --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "width"), [("de", 320), ("en", 390), ("de", 1280)])
def test_a_long_sheet_is_answered_by_touch(language, width, invite, open_page):
    page = open_page(language, width, has_touch=True)
    page.goto(invite(is_long=True, language=language)[1])
    words = WORDS[language]
    choose(page, "score", "3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.get_by_role("button", name=words["on"]).tap()
    choose(page, "solved", "partly")
    choose(page, "ease", "2")
    choose(page, "wrong", "email")
    choose(page, "wrong", "chat")
    page.get_by_role("button", name=words["on"]).tap()
    choose(page, "way", "email")
    page.get_by_role("button", name=words["send"]).tap()
    expect(page.get_by_role("heading", name=words["thanks"])).to_be_visible()
    said = {"score": 3, "comment": "Zu lange gewartet.", "solved": "partly", "ease": 2, "wrong": ("email", "chat")}
    assert stored() == ({**said, "way": "email"}, True)
    assert FlaggedSheet.objects.count() == 0


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus, which is always to be seen, is there."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


@pytest.mark.parametrize("language", ["de", "ar"])
def test_a_sheet_is_answered_by_keyboard_alone(language, invite, open_page):
    page = open_page(language, 390)
    page.goto(f"{invite(is_long=True)[1]}?lang={language}")
    tab_to(page, "[name=score]")
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    tab_to(page, "[name=comment]")
    page.keyboard.type("Zu lange gewartet.")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=solved]")
    tab_to(page, "[name=solved]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=wrong]")
    page.keyboard.press("Space")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=way]")
    tab_to(page, "button")
    page.keyboard.press("Enter")
    thanked(page)
    said, is_complete = stored()
    assert is_complete
    assert said["score"] == 2 and said["comment"] == "Zu lange gewartet." and said["wrong"] == ("phone_line",)
    assert said["solved"] in ("partly", "no")


def test_a_sheet_is_answered_without_script(invite, open_page):
    page = open_page("de", 390, java_script_enabled=False)
    page.goto(f"{invite(is_long=True)[1]}?score=3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    assert page.locator("#phone").is_hidden()
    page.wait_for_timeout(1200)  # nobody sends a page at the moment that it was made
    page.get_by_role("button", name="Weiter").click()
    choose(page, "wrong", "chat")
    page.get_by_role("button", name="Zurück").click()
    expect(page.locator("[name=comment]")).to_have_value("Zu lange gewartet.")
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("[name=wrong][value=chat]")).to_be_checked()
    choose(page, "solved", "no")
    page.get_by_role("button", name="Weiter").click()
    send(page)
    thanked(page)
    assert stored() == ({"score": 3, "comment": "Zu lange gewartet.", "solved": "no", "wrong": ("chat",)}, True)
    assert FlaggedSheet.objects.count() == 0


# --- On every connection --------------------------------------------------------------------------------------------


def is_offline(page: Page) -> None:
    expect(page.locator(".failure")).to_be_visible()
    expect(page.locator(".failure")).to_contain_text("Keine Verbindung. Ihr Text bleibt hier")


def test_without_a_connection_nothing_is_lost_and_it_is_sent_once_there_is_one(invite, open_page):
    page = open_page("de", refusals="ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    page.goto(invite()[1])
    choose(page, "score", "3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.context.set_offline(True)
    send(page)
    is_offline(page)
    assert Response.objects.count() == 0
    page.context.set_offline(False)
    thanked(page)
    assert stored() == ({"score": 3, "comment": "Zu lange gewartet."}, True)


def test_pressing_once_more_sends_it_too_and_a_reload_keeps_it(invite, open_page, live_server):
    page = open_page("de", refusals="ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    page.goto(invite()[1])
    choose(page, "score", "3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.route("**/s/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    send(page)
    is_offline(page)
    check_accessibility(page)
    page.reload()
    expect(page.locator("[name=comment]")).to_have_value("Zu lange gewartet.")
    expect(page.locator("[name=score][value='3']")).to_be_checked()
    page.unroute("**/s/**")
    send(page)
    thanked(page)
    assert stored() == ({"score": 3, "comment": "Zu lange gewartet."}, True)


def test_an_answer_that_was_stored_but_not_heard_of_is_one_row(invite, open_page):
    """The connection is lost on the way back: the answer is in, the page does not know it."""
    page = open_page("de", refusals="ERR_INTERNET_DISCONNECTED|ERR_FAILED")
    page.goto(invite()[1])
    choose(page, "score", "9")

    def lose(route) -> None:
        if route.request.method == "POST":
            route.fetch(max_redirects=0)
            route.abort()
        else:
            route.continue_()

    page.route("**/s/**", lose)
    send(page)
    is_offline(page)
    assert stored() == ({"score": 9}, True)
    page.unroute("**/s/**")
    send(page)
    thanked(page)
    assert list(Response.objects.values_list("score", "changed_at")) == [(9, None)]


def test_a_double_tap_is_one_post(invite, open_page):
    page = open_page("de")
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto(invite()[1])
    choose(page, "score", "9")
    page.get_by_role("button", name="Antwort senden").dblclick()
    thanked(page)
    assert len(posts) == 1
    assert stored() == ({"score": 9}, True)


def test_in_two_tabs_it_is_one_answer_and_the_last_one_counts(invite, open_page):
    one = open_page("de")
    other = one.context.new_page()
    address = invite()[1]
    for tab, score in ((one, "9"), (other, "2")):
        tab.goto(address)
        choose(tab, "score", score)
    for tab in (one, other):
        send(tab)
        thanked(tab)
    [response] = Response.objects.all()
    assert (response.score, response.first["said"]) == (2, {"score": 9})


def test_back_and_forth_loses_no_word(invite, open_page):
    page = open_page("de")
    page.goto(invite(is_long=True)[1])
    choose(page, "score", "3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.get_by_role("button", name="Weiter").click()
    page.wait_for_selector("[name=solved]")
    choose(page, "solved", "no")  # not sent yet
    page.go_back()
    expect(page.locator("[name=score][value='3']")).to_be_checked()
    expect(page.locator("[name=comment]")).to_have_value("Zu lange gewartet.")
    page.go_forward()
    expect(page.locator("[name=solved][value=no]")).to_be_checked()
    page.get_by_role("button", name="Zurück").click()
    page.wait_for_selector("[name=comment]")
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("[name=solved][value=no]")).to_be_checked()
    assert stored() == ({"score": 3, "comment": "Zu lange gewartet.", "solved": "no"}, False)


def test_another_language_keeps_what_was_typed(invite, open_page):
    page = open_page("de")
    page.goto(invite()[1])
    choose(page, "score", "3")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.locator("summary").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("button", name="Send answer")).to_be_visible()
    expect(page.locator("[name=comment]")).to_have_value("Zu lange gewartet.")
    expect(page.locator("[name=score][value='3']")).to_be_checked()


def test_a_number_clicked_in_the_mail_outweighs_a_draft_and_the_text_stays(invite, open_page):
    page, address = open_page("de"), invite()[1]
    page.goto(f"{address}?score=9")
    choose(page, "score", "8")
    page.fill("[name=comment]", "Zu lange gewartet.")
    page.goto(f"{address}?score=3")
    expect(page.locator("[name=score][value='3']")).to_be_checked()
    expect(page.locator("[name=comment]")).to_have_value("Zu lange gewartet.")


def test_near_the_end_of_a_text_its_room_is_told(invite, open_page):
    page = open_page("de")
    page.goto(invite()[1])
    page.fill("[name=comment]", "a" * 1799)
    expect(page.locator(".left")).to_be_hidden()
    page.fill("[name=comment]", "a" * 1990)
    expect(page.locator(".left")).to_have_text("Noch freie Zeichen: 10")


def test_a_kiosk_remembers_nobody(invite, nordheim, open_page, live_server):
    survey = invite()[0].version.survey
    kiosk = OpenLink.objects.create(client=nordheim, survey=survey, name="Kundenzentrum", door="kiosk")
    page = open_page("de", 1280)
    page.clock.install()
    page.goto(live_server.url + doors.path_of(kiosk))
    choose(page, "score", "3")
    page.fill("[name=comment]", "Mein Name ist Kim.")
    page.clock.run_for(60_000)
    page.locator("h1").click(force=True)  # somebody is still there
    page.clock.run_for(60_000)
    expect(page.locator("[name=comment]")).to_have_value("Mein Name ist Kim.")
    page.clock.run_for(40_000)
    expect(page.locator("[name=comment]")).to_have_value("")
    assert page.locator("[name=score]:checked").count() == 0
    assert page.evaluate("sessionStorage.length") == 0
    assert Response.objects.count() == 0


# --- At every price -------------------------------------------------------------------------------------------------


def transferred(context: BrowserContext, page: Page, address: str) -> dict[str, int]:
    """Bytes over the wire by path, heads included, as the browser itself counts them; nothing from a cache."""
    session = context.new_cdp_session(page)
    paths, sizes = {}, {}
    session.on("Network.requestWillBeSent", lambda event: paths.update({event["requestId"]: event["request"]["url"]}))
    session.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])})
    )
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    session.detach()
    return {urlsplit(paths[number]).path: size for number, size in sizes.items()}


def test_the_largest_page_with_all_that_it_loads_takes_30_kb_at_most(nordheim, open_page, live_server):
    survey = factories.make_long_survey(nordheim, is_one_page=True)
    campaign = factories.make_campaign(nordheim, "nps", survey=survey)
    customer = factories.make_customer(nordheim, phone="030 23125047")
    about_at = timezone.now() - dt.timedelta(hours=3)
    invitation = factories.make_invitation(nordheim, "nps", campaign=campaign, customer=customer, about_at=about_at)
    page, requests = open_page("de"), []
    page.on("request", lambda request: requests.append(request.url))
    for language in ("de", "ar"):
        sizes = transferred(page.context, page, f"{survey_mail.answer_link(invitation)}?lang={language}")
        kinds = sorted(path.rpartition(".")[2] if "." in path else "page" for path in sizes)
        assert kinds == ["css", "js", "page", "svg"]
        assert page.locator("fieldset").count() == 7 and page.locator("textarea").count() == 2
        assert sum(sizes.values()) <= LIMIT, sizes
    assert all(url.startswith(f"{live_server.url}/") for url in requests)
    assert page.context.cookies() == []


@pytest.mark.parametrize("kind", ["nps", "csat", "ces"])
def test_the_open_question_follows_the_choice(kind, invite, open_page):
    page = open_page("de")
    page.goto(invite(kind)[1])
    label = page.locator("label[for=comment]")
    first, last = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}[kind]
    expect(label).to_contain_text("Was ist der wichtigste Grund")
    for score, ask in ((first, "Unzufriedenheit?"), (last, "besonders gefallen?")):
        choose(page, "score", str(score))
        visible = [span.inner_text() for span in label.locator("span:not(.optional)").all() if span.is_visible()]
        assert len(visible) == 1 and visible[0].endswith(ask)
    assert Response.objects.count() == 0
