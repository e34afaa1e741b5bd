"""The form of an appearance in a real Chromium: what is chosen shows at once, and what cannot be read is mended."""

from contextlib import suppress

import pytest
from playwright.sync_api import Error

from surveys.appearance import colours, stylesheets
from surveys.appearance.stylesheets import Wish
from surveys.models import Access, Appearance
from tests import factories
from tests.browser.conftest import check_accessibility, check_fits
from tests.surveys.test_appearance import draw, set_logo

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def form(live_server, settings, open_page):
    """`form(width)`: signed in as analyst, before the appearance of acme."""
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    acme = factories.make_client()
    row = set_logo(acme, draw("navy"), accent="#8c1d18")
    factories.give_access(factories.make_login("analyst"), acme, Access.Role.ANALYST)

    def visit(width: int = 1280, **options):
        page = open_page("en", width, **options)
        page.goto(f"{live_server.url}/admin/surveys/appearance/{row.pk}/change/")
        page.fill("#id_username", "analyst")
        page.fill("#id_password", "kennwort")
        page.locator("input[type=submit]").click()
        page.wait_for_selector("#id_accent")
        return page

    return visit


def accents(page) -> list[str]:
    """The colour of the button in each of the two samples, as the browser paints it."""
    frames = [frame for frame in page.frames if "/sample/" in frame.url]
    return [
        frame.locator("button").first.evaluate("(button) => getComputedStyle(button).backgroundColor")
        for frame in frames
    ]


def painted(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[place : place + 2], 16)) for place in (1, 3, 5))})"


def wait_for(page, *expected: str) -> None:
    """Until the samples show these colours; five seconds at most."""
    seen = []
    for _attempt in range(50):
        with suppress(Error):  # a frame is being loaded anew
            seen = accents(page)
        if seen == [painted(colour) for colour in expected]:
            return
        page.wait_for_timeout(100)
    assert seen == [painted(colour) for colour in expected]


def test_the_samples_follow_what_is_typed_and_offered_shades_can_be_taken(form):
    page = form()
    wait_for(page, "#8c1d18", colours.for_dark("#8c1d18"))
    page.fill("#id_accent", "#ffe600")
    mended = colours.nearest("#ffe600", "light")
    wait_for(page, mended, "#ffe600")  # nothing is wrong with yellow on black
    page.get_by_role("button", name=f"Take {mended}").click()
    assert page.input_value("#id_accent") == mended
    wait_for(page, mended, Wish(mended).palette("dark").accent)
    page.locator("input[name=_save]").click()
    page.wait_for_selector(".messagelist .success")
    assert Appearance.objects.get().accent == mended


def test_the_picker_and_the_text_say_the_same(form):
    page = form()
    picker = page.locator("#id_accent + input[type=color]")
    assert picker.input_value() == "#8c1d18"
    assert page.locator("#id_accent_dark + input[type=color]").input_value() == colours.for_dark("#8c1d18")
    picker.fill("#1f5f99")
    assert page.input_value("#id_accent") == "#1f5f99"
    wait_for(page, "#1f5f99", colours.for_dark("#1f5f99"))


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_fits_and_is_accessible(form, width, scheme):
    page = form(width, color_scheme=scheme)
    check_fits(page)
    check_accessibility(page)


def test_without_script_a_refused_colour_names_the_shade_to_write(form):
    page = form(java_script_enabled=False)
    page.fill("#id_accent", "#ffe600")
    page.locator("input[name=_save]").click()
    assert "the nearest shade that has it is #827500" in page.locator(".form-row.field-accent").inner_text()


def test_on_paper_a_page_is_black_on_white_whatever_the_system_wishes(form):
    page = form(color_scheme="dark")
    page.goto(page.url.partition("/admin/")[0] + "/admin/surveys/appearance/sample/?accent=%238c1d18")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == painted("#181716")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == painted("#fcfbf9")
    assert stylesheets.sheet(Wish("#8c1d18")).path in page.content()
