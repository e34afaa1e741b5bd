"""Surveys are written in a real browser: readable at every width, by keyboard, with and without script."""

import pytest
from playwright.sync_api import expect

from surveys import authoring
from surveys.authoring import Start
from tests import factories
from tests.browser.conftest import check_accessibility

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def survey(acme):
    survey = factories.make_survey(acme)
    authoring.begin(survey, Start.POST_CONTACT)
    factories.give_access(factories.make_login("ana"), acme, "analyst")
    return survey


@pytest.fixture
def signed_in(live_server, open_page, survey):
    def sign_in(language="en", width=1280, **options):
        page = open_page(language, width, **options)
        page.goto(f"{live_server.url}/admin/login/?next=/admin/surveys/survey/{survey.pk}/draft/")
        page.fill("#id_username", "ana")
        page.fill("#id_password", "kennwort")
        page.locator("input[type=submit]").click()
        return page

    return sign_in


def is_within_its_width(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def preview_of(page):
    return page.frame_locator("iframe:visible")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["de", "en"])
def test_each_page_fits_its_width_and_axe_finds_nothing(signed_in, survey, language, width):
    page = signed_in(language, width)
    here = page.url.removesuffix("draft/")
    for name in ("draft/", "question/?key=score", "question/?key=once", "preview/", "change/", "../add/"):
        page.goto(here + name)
        check_accessibility(page)
        assert is_within_its_width(page), name


def test_the_preview_follows_what_is_typed_and_the_way_back_stays_one_step(signed_in, survey):
    page = signed_in()
    page.get_by_role("link", name="Edit 4").click()
    steps = page.evaluate("history.length")
    field = page.get_by_label("German: Question", exact=True)
    for text in ("Erst so geschrieben?", "Dann so geschrieben?"):
        field.fill(text)
        expect(preview_of(page).get_by_text(text)).to_be_visible()
    expect(field).to_be_focused()
    page.get_by_label("Form of address").select_option("du")
    expect(preview_of(page).get_by_text("Ist dein Anliegen gelöst?")).to_be_attached()
    assert page.evaluate("history.length") == steps
    assert (
        survey.draft.questions.get(key="once").wording["de"]["ask"] == "Hat dafür ein einziger Kontakt mit uns genügt?"
    )


def test_what_was_typed_before_the_script_came_is_previewed_too(signed_in):
    page = signed_in()
    late = []
    page.route("**/authoring*.js", lambda route: late.append(route))
    page.get_by_role("link", name="Edit 4").click(no_wait_after=True)
    page.get_by_label("German: Question", exact=True).fill("Früh geschrieben?")
    assert len(late) == 1
    late[0].continue_()
    expect(preview_of(page).get_by_text("Früh geschrieben?")).to_be_visible()


def test_without_script_a_question_is_written_moved_and_published(signed_in, survey):
    page = signed_in(java_script_enabled=False)
    page.get_by_label("Add a question").select_option("yes_no")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("German: Question", exact=True).fill("Haben Sie eine Antwort bekommen?")
    page.get_by_role("button", name="Show what is written").click()
    expect(preview_of(page).get_by_text("Haben Sie eine Antwort bekommen?")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Up 5").click()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is published and begins a new series.")).to_be_visible()
    keys = [question.key for question in survey.current.questions.all()]
    assert keys == ["score", "comment", "solved", "yes_no", "once"]


def test_a_rehearsal_is_walked_in_the_frame_and_stores_nothing(signed_in, survey):
    page = signed_in()
    page.get_by_role("link", name="Preview").click()
    frame = preview_of(page)
    frame.get_by_label("4", exact=True).check()
    frame.get_by_role("button", name="Weiter").click()
    frame.get_by_label("Zum Teil", exact=True).check()
    frame.get_by_role("button", name="Antwort senden").click()
    expect(frame.get_by_text("Danke", exact=False).first).to_be_visible()
    assert survey.draft.responses.count() == 0
