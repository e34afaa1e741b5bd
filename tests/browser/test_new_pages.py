"""The pages on which staff learn, check and promise: each fits a phone and a desk, and axe finds nothing on it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from analytics import trainings, versions
from analytics.models import DriftAlert, Theme, ThemeModel
from feedback_loop import initiatives, targets
from feedback_loop.models import Initiative, Target
from surveys import exclusions
from surveys.models import Honesty, ReportedCount, Response
from tests import factories
from tests.analytics.honest_rows import make_answers, make_verdicts
from tests.analytics.labelling import judged
from tests.browser.conftest import check_accessibility, check_fits
from tests.feedback_loop.crowds import answered
from tests.test_admin_reach import emerging

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = dt.timedelta(days=1)
HONESTY = ("change", "funnel", "asked", "answered", "counts", "signs", "left_out")


@pytest.fixture
def ana(acme):
    login = factories.make_login("ana", first_name="Ana", last_name="Kornfeld")
    factories.give_access(login, acme, "analyst")
    return login


@pytest.fixture
def answers(acme):
    """Half a year of one team, the last month much better; and two hundred contacts of which some were asked."""
    now, today = timezone.now(), timezone.localdate()
    team = factories.make_team(acme, "Störungsannahme Norddeutschland")
    for days, groups in ((120, (20, 10, 10)), (80, (15, 10, 20)), (40, (30, 5, 5)), (2, (20, 4, 6))):
        answered(acme, today - days * DAY, groups, team=team, channel="phone")
    campaign = factories.make_campaign(acme, name="Nach dem Gespräch")
    asked = make_verdicts(campaign, 100, asked=60, is_solved=True, about_at=now - 3 * DAY, team=team)
    make_verdicts(campaign, 100, asked=20, is_solved=False, about_at=now - 3 * DAY)
    make_answers(asked, *[5] * 20, 1, 1)
    return list(Response.objects.verified().order_by("pk"))


@pytest.fixture
def learned(acme, ana, answers):
    """What learning leaves behind: a version with its card, a training that came to nothing, an alert, a topic."""
    judged(acme, ana, 170)
    version = versions.train_for(acme, "fr", ana)
    spoken = factories.make_response(acme, 2, "Der Rückruf kam nie, und die App zeigt den Abschlag doppelt.")
    theme = Theme.objects.create(
        client=acme, key="app", name_en="App and portal", name_de="App und Kundenportal", side="both"
    )
    DriftAlert.objects.create(
        client=acme, language="de", kind="theme", theme=theme, week_on=timezone.localdate() - 14 * DAY,
        expected=0.1, found=0.3, comments=60, chance=0.001, noted_at=timezone.now(),
    )  # fmt: skip
    trainings.ask(acme, "de")
    trainings.carry_out()
    return version, theme, emerging(acme, "Abschlagszahlung", spoken.answers.get())


@pytest.fixture
def promised(acme, answers):
    """An initiative and a target, both looked at; and two days of which the client itself told the contacts."""
    now, today = timezone.now(), timezone.localdate()
    initiative = Initiative.objects.create(
        client=acme, name="Rückruf am selben Tag", what="Wer anruft, hört am selben Tag von uns.", by="Kundenservice",
        kind="nps", starts_on=today - 70 * DAY, scope={"channel": "phone"}, control={"channel": "email"},
    )  # fmt: skip
    target = Target.objects.create(client=acme, kind="nps", value=40, starts_on=today - 200 * DAY)
    initiatives.look(initiative, now)
    targets.look(target, now)
    for back, contacts in ((3, 260), (4, 40)):
        ReportedCount.objects.create(client=acme, day=today - back * DAY, source="acd", contacts=contacts, told_at=now)
    return initiative, target


@pytest.fixture
def left_out(acme, ana, answers):
    """One proposal of somebody else's, and one answer that two people have excluded."""
    ben = factories.make_login("ben", first_name="Ben")
    factories.give_access(ben, acme, "analyst")
    now = timezone.now()
    waiting = exclusions.propose(answers[0], "other_company", "Er hat den Techniker gemeint, nicht uns.", ben, now)
    done = exclusions.propose(answers[1], "other", "Doppelt geschrieben.", ben, now)
    exclusions.confirm(done, ana, now)
    return waiting, done


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def addresses(acme, learned, promised, left_out):
    """Every page that came with the learning, the honesty and the promises."""
    _version, theme, _topic = learned
    year = f"?period={timezone.localdate().year}"
    return [
        *(page(Honesty, name, acme.pk) + year for name in HONESTY),
        page(Honesty, "changelist"),
        page(ReportedCount, "changelist"), page(ReportedCount, "upload"),
        *(page(type(row), "changelist") for row in (left_out[0], *promised, *learned)),
        *(page(type(row), "change", row.pk) for row in (*left_out, *promised, *learned)),
        *(page(type(row), "add") for row in (*promised, theme)),
        *(page(Response, "change", row.response_id) for row in left_out),
        page(DriftAlert, "changelist"),
        page(ThemeModel, "reader") + "?client=acme&language=de", page(ThemeModel, "rules") + "?client=acme&language=de",
    ]  # fmt: skip


def check_rows_stack(visitor):
    """On a phone every row of a table is read without pushing it sideways, and the heads of its columns are told."""
    visitor.evaluate("document.querySelectorAll('#content details').forEach(each => each.open = true)")
    tables = visitor.locator("#content .stacks")
    assert tables.evaluate_all("all => all.filter(each => each.scrollWidth > each.parentElement.clientWidth)") == []
    assert visitor.get_by_role("columnheader").count() >= 2 * tables.count()
    return tables.count()


@pytest.mark.parametrize(
    ("language", "scheme", "width", "other"), [("de", "light", 360, 1280), ("en", "dark", 1280, 360)]
)
def test_each_page_fits_phone_and_desk_and_axe_finds_nothing(
    live_server, open_page, addresses, language, scheme, width, other
):
    visitor = open_page(language, width, color_scheme=scheme)
    visitor.goto(f"{live_server.url}/admin/login/")
    visitor.fill("#id_username", "ana")
    visitor.fill("#id_password", "kennwort")
    visitor.locator("input[type=submit]").click()
    visitor.wait_for_url(lambda url: "/login/" not in url)
    stacked = 0
    for address in addresses:
        visitor.set_viewport_size({"width": width, "height": 844})
        assert visitor.goto(live_server.url + address).status == 200, address
        expect(visitor.locator("#content [aria-busy]")).to_have_count(0)  # all that is fetched after has come
        check_accessibility(visitor)
        check_fits(visitor)
        visitor.set_viewport_size({"width": other, "height": 844})
        check_fits(visitor)
        visitor.set_viewport_size({"width": 360, "height": 844})
        stacked += check_rows_stack(visitor)
    assert stacked >= 10
