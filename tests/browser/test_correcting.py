"""Comments are judged in a real browser: by keyboard, by mouse and finger, with and without script."""

import pytest
from playwright.sync_api import expect

from analytics import themes
from analytics.models import Correction, Reading, SecondReading, ThemeAssignment
from tests import factories
from tests.analytics.test_corrections import WORDS, comments, second_sample
from tests.browser.conftest import check_accessibility, check_fits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana(acme):
    login = factories.make_login("ana")
    factories.give_access(login, acme, "analyst")
    return login


@pytest.fixture
def read(acme):
    """Two comments in which a machine read that the customer waited too long."""
    made = comments(acme, 2, margin=0.1, found=[("waiting_time", -1)])
    ThemeAssignment.objects.update(start=0, end=WORDS.index(","))
    return made


@pytest.fixture
def at_desk(live_server, open_page, ana):
    def sit_down(page="queue", language="en", width=1280, **options):
        desk = open_page(language, width, **options)
        desk.goto(f"{live_server.url}/admin/login/?next=/admin/analytics/correction/{page}/")
        desk.fill("#id_username", "ana")
        desk.fill("#id_password", "kennwort")
        desk.locator("input[type=submit]").click()
        desk.wait_for_url(lambda url: "/login/" not in url)
        return desk

    return sit_down


def key_of(page, theme):
    """The letter that stands beside the theme."""
    return page.locator("fieldset.quick", has_text=theme).locator("kbd").inner_text().lower()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def judged(page, n):
    """The page says so; what people said of comments so far, oldest first."""
    expect(page.get_by_text(f"{n} today")).to_be_visible()
    page.wait_for_load_state()
    return list(Correction.objects.order_by("pk").values_list("after__themes", flat=True))


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["de", "en"])
def test_each_page_fits_its_width_and_axe_finds_nothing(at_desk, acme, ana, read, language, width):
    colleague = factories.make_login("ben", first_name="Ben")
    factories.give_access(colleague, acme, "analyst")
    one, _other = second_sample(acme, colleague, 2, ("billing", -1), ("price", 0))
    SecondReading.objects.create(answer=one, by=ana, at="2027-01-01T00:00Z", first={"billing": -1}, second={})
    page = at_desk("queue", language, width)
    for address in ("queue/", f"queue/?answer={one.pk}", "second/", "", f"{Correction.objects.first().pk}/change/"):
        page.goto(page.url.partition("correction/")[0] + "correction/" + address)
        check_accessibility(page)
        check_fits(page)


def test_enter_and_space_confirm_and_the_next_comment_comes(at_desk, read):
    page = at_desk()
    press(page, "Enter")
    assert judged(page, 1) == [{"waiting_time": -1}]
    press(page, " ")
    assert judged(page, 2) == [{"waiting_time": -1}] * 2
    expect(page.get_by_text("No comment waits here.")).to_be_visible()


def test_a_theme_is_chosen_by_its_letter_and_turned_and_taken_away_by_one_key(at_desk, read):
    page = at_desk()
    stands = page.locator("[data-chosen]")
    press(page, "+")  # the theme chosen last is the machine's
    expect(stands.get_by_text("positive: Waiting & reachability")).to_be_attached()
    press(page, key_of(page, "Price & value"), "-")
    expect(stands.locator(".chip")).to_have_count(2)
    press(page, key_of(page, "Invoice & payment"), "0", key_of(page, "Privacy"), "Backspace", "Enter")
    assert judged(page, 1) == [{"waiting_time": 1, "price": -1, "billing": 0}]


def test_a_new_theme_first_takes_the_side_of_the_score(at_desk, acme):
    comments(acme, 1, margin=0.1)
    Reading.objects.get().answer.response.__class__.objects.update(group="promoter", score=5)
    page = at_desk()
    press(page, key_of(page, "Friendliness"), "Enter")
    assert judged(page, 1) == [{"friendliness": 1}]


def test_typing_after_a_slash_finds_a_theme_and_letters_stay_letters_there(at_desk, read):
    page = at_desk()
    press(page, "/")
    page.keyboard.type("invoi")
    expect(page.locator("fieldset.quick:visible")).to_have_count(1)
    press(page, "Enter", "-", "Enter")
    assert judged(page, 1) == [{"waiting_time": -1, "billing": -1}]


def test_skip_and_undo_have_a_key_each(at_desk, read):
    page = at_desk()
    first = page.locator("input[name=answer]").get_attribute("value")
    press(page, "n")
    expect(page.locator("input[name=answer]")).not_to_have_value(first)
    second = page.locator("input[name=answer]").get_attribute("value")
    press(page, "Enter")
    expect(page.get_by_text("No comment waits here.")).to_be_visible()
    page.get_by_role("button", name="Take the last one back").click()
    expect(page.locator("input[name=answer]")).to_have_value(second)
    assert set(Reading.objects.values_list("source", flat=True)) != {"person"}


def test_the_undo_key_brings_the_last_comment_back(at_desk, read):
    page = at_desk()
    first = page.locator("input[name=answer]").get_attribute("value")
    press(page, "Enter")
    expect(page.get_by_text("1 today")).to_be_visible()
    press(page, "u")
    expect(page.get_by_text("Your last judgement is taken back.")).to_be_visible()
    expect(page.locator("input[name=answer]")).to_have_value(first)


def test_the_keys_are_shown_and_can_be_switched_off_for_good(at_desk, read):
    page = at_desk()
    expect(page.get_by_text("choose the theme with this letter")).to_be_hidden()
    press(page, "?")
    expect(page.get_by_text("choose the theme with this letter")).to_be_visible()
    page.get_by_label("Single keys act").uncheck()
    for _ in range(2):
        press(page, "u", "n", "x", "Backspace", "+")
        page.locator("h1").click()
        press(page, "Enter")
        page.reload()
    assert not Correction.objects.exists()
    expect(page.locator("kbd:visible")).to_have_count(1)  # of the summary that shows them


def test_a_key_on_a_button_or_a_radio_does_what_it_does_there(at_desk, read):
    page = at_desk()
    page.get_by_role("group", name="Price & value").get_by_role("radio", name="not mentioned").focus()
    press(page, "ArrowRight")
    expect(page.get_by_role("group", name="Price & value").get_by_role("radio", name="negative")).to_be_checked()
    page.get_by_role("button", name="Skip").focus()
    press(page, "Enter")
    expect(page.get_by_text("0 today")).to_be_visible()
    assert not Correction.objects.exists()


@pytest.mark.parametrize("has_script", [True, False])
def test_by_finger_or_without_script_the_same_is_done(at_desk, read, has_script):
    page = at_desk(width=360, has_touch=True, java_script_enabled=has_script)
    page.locator("fieldset.quick", has_text="Price & value").locator("label.sign-negative").tap()
    page.get_by_role("button", name="Save").tap()
    assert judged(page, 1) == [{"waiting_time": -1, "price": -1}]
    page.get_by_role("button", name="That is right").tap()
    assert judged(page, 2) == [{"waiting_time": -1, "price": -1}, {"waiting_time": -1}]


def test_enter_in_a_radio_without_script_saves_what_was_chosen(at_desk, read):
    page = at_desk(java_script_enabled=False)
    page.get_by_role("group", name="Price & value").get_by_role("radio", name="positive").check()
    press(page, "Enter")
    assert judged(page, 1) == [{"waiting_time": -1, "price": 1}]


def test_a_second_reading_is_saved_by_the_same_keys(at_desk, acme):
    colleague = factories.make_login("ben")
    factories.give_access(colleague, acme, "analyst")
    second_sample(acme, colleague, 1, ("billing", -1))
    page = at_desk("second")
    assert themes.adopt_starter_taxonomy(acme)
    press(page, key_of(page, "Price & value"), "-", "Enter")
    expect(page.get_by_text("No comment waits for a second reading.")).to_be_visible()
    assert SecondReading.objects.get().second == {"price": -1}
