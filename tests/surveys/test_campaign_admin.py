"""Campaigns in the admin: rules that fit together, every change on record, and whom they would have asked."""

import datetime as dt
import re

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from surveys.admin.rules import history, values_in_use
from surveys.invitations import rules, waves
from surveys.models import AudienceCondition, Campaign, Invitation, OutgoingMessage, RulesVersion, Wave
from tests import factories
from tests.conftest import NOW

CAMPAIGN = {
    "name": "Nach Anruf",
    "kind": "post_contact",
    "medium": "mail",
    "starts_on": "2026-11-01",
    "share_percent": "50",
    "quarantine_days": "30",
    "kind_quarantine_days": "0",
    "stale_days": "14",
    "delay_hours": "2",
    "hour_from": "9",
    "hour_until": "19",
    "sending_days": ["1", "2", "3", "4", "5"],
    "link_days": "14",
    "panels": "1",
    "first_after_days": "0",
    "audience-TOTAL_FORMS": "0",
    "audience-INITIAL_FORMS": "0",
}
WAVES = {"kind": "periodic", "wave_days": "7", "panels": "12", "first_after_days": "30", "reask_days": "90"}


def url(page, *args):
    return reverse(f"admin:surveys_campaign_{page}", args=args)


def add(browser, acme, **fields):
    kind = "nps" if fields.get("kind") == "periodic" else "csat"
    survey = factories.make_survey(acme, kind)
    return browser.post(url("add"), {**CAMPAIGN, "client": acme.pk, "survey": survey.pk, **fields})


def change(browser, campaign, **fields):
    form = {**CAMPAIGN, "survey": campaign.survey_id, "name": campaign.name, **fields}
    return browser.post(url("change", campaign.pk), form)


def errors(answer):
    return {field: list(said) for field, said in answer.context["adminform"].form.errors.items()}


def condition(n=0, attribute="channel", values="Phone", **fields):
    filled = {"attribute": attribute, "values": values, **fields}
    return {
        "audience-TOTAL_FORMS": str(n + 1),
        **{f"audience-{n}-{name}": value for name, value in filled.items()},
    }


# --- The form ---------------------------------------------------------------------------------------------------------


def test_an_analyst_starts_and_pauses_a_campaign(browser, acme, analyst):
    assert add(browser, acme, owner=analyst.pk).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.client, campaign.owner, campaign.sending_days) == (acme, analyst, [1, 2, 3, 4, 5])
    change(browser, campaign, is_paused="on", sending_days=["6", "7"])
    campaign.refresh_from_db()
    assert (campaign.is_paused, campaign.share_percent, campaign.sending_days) == (True, 50, [6, 7])


def test_the_rules_stand_under_the_question_they_answer(browser, acme):
    page = browser.get(url("add")).content.decode()
    found = re.findall(r'<h2 id="fieldset-0-\d-heading"[^>]*>\s*(.*?)\s*</h2>', page)
    assert found == ["Who is asked", "How often", "When", "Reminder", "Waves"]
    assert len(re.findall(r'type="checkbox" name="sending_days"', page)) == 7
    assert len(re.findall(r'type="checkbox" name="sending_days"[^>]*checked', page)) == 5


def test_an_analyst_sets_up_waves(browser, acme):
    assert add(browser, acme, **WAVES).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.wave_days, campaign.panels, campaign.first_after_days, campaign.reask_days) == (7, 12, 30, 90)


ONLY_WAVES = "Needed for waves, and only for them."


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"hour_from": "19"}, "hour_until", "Sending must end later than it begins."),
        ({"share_percent": "101"}, "share_percent", "Ensure this value is less than or equal to 100."),
        ({"kind": "periodic"}, "wave_days", ONLY_WAVES),
        ({"wave_days": "30"}, "wave_days", ONLY_WAVES),
        ({"panels": "12"}, "panels", ONLY_WAVES),
        ({"first_after_days": "3"}, "first_after_days", ONLY_WAVES),
        ({"reask_days": "90"}, "reask_days", ONLY_WAVES),
        ({"sending_days": []}, "sending_days", "Choose at least one day."),
        ({"reminder_days": "14"}, "reminder_days", "The link would no longer be valid. Remind earlier, or let it live "
         "longer."),
        ({"reminder_days": "5", "medium": "link"}, "reminder_days", "A link that your own system shows has no "
         "reminder."),
        ({"medium": "sms"}, "medium", "First enter an SMS sender and a daily budget on the client’s page."),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said_at_its_field(browser, acme, wrong, field, said):
    assert errors(add(browser, acme, **wrong)) == {field: [said]}
    assert Campaign.objects.count() == 0


def test_text_messages_are_chosen_once_the_client_can_pay_for_them(browser, acme):
    acme.sms_sender, acme.sms_budget_per_day = "+4915700000000", 20
    acme.save()
    assert add(browser, acme, medium="sms").status_code == 302


def test_only_those_who_see_the_campaigns_of_the_client_may_own_one(browser, acme, globex, analyst):
    others = {role: factories.make_login(role) for role in ("viewer", "analyst")}
    factories.give_access(others["viewer"], acme, "viewer")
    factories.give_access(others["analyst"], globex, "analyst")
    root = factories.make_login("root", is_superuser=True)
    offered = browser.get(url("add")).context["adminform"].form.fields["owner"].queryset
    assert set(offered) == {analyst, root}
    for login in others.values():
        assert set(errors(add(browser, acme, owner=login.pk))) == {"owner"}
    assert add(browser, acme, owner=root.pk).status_code == 302


def test_a_superuser_cannot_give_a_campaign_to_another_clients_analyst(client, acme, globex):
    client.force_login(factories.make_login("root", is_superuser=True))
    foreign = factories.make_login("gustav")
    factories.give_access(foreign, globex, "analyst")
    assert errors(add(client, acme, owner=foreign.pk)) == {
        "owner": ["This login does not see the campaigns of this client."]
    }


def test_the_one_who_adds_a_campaign_is_proposed_as_its_owner(browser, analyst):
    assert browser.get(url("add")).context["adminform"].form.initial["owner"] == analyst.pk


def test_what_verdicts_and_waves_stand_on_stays(browser, acme):
    campaign = factories.make_campaign(acme, "nps", starts_on=NOW.date(), name="W")
    Wave.objects.create(campaign=campaign, number=1, starts_on=NOW.date())
    factories.make_invitation(acme, campaign=campaign)
    change(browser, campaign, kind="post_contact", starts_on="2026-12-24", wave_days="14")
    campaign.refresh_from_db()
    assert (campaign.kind, campaign.starts_on, campaign.wave_days) == ("periodic", NOW.date(), 14)


# --- The audience -----------------------------------------------------------------------------------------------------


def test_conditions_are_written_with_commas_and_kept_by_the_keys_that_contacts_carry(browser, acme):
    add(browser, acme, **condition(values="phone, Web form , phone,"))
    campaign = Campaign.objects.get()
    change(
        browser,
        campaign,
        **{
            **condition(values="Phone, Chat", id=campaign.audience.get().pk, campaign=campaign.pk),
            **condition(1, "reason", "Umzug,  Zähler  defekt", is_excluded="on"),
            "audience-INITIAL_FORMS": "1",
        },
    )
    assert list(campaign.audience.values_list("attribute", "is_excluded", "values")) == [
        ("channel", False, ["phone", "chat"]),
        ("reason", True, ["Umzug", "Zähler defekt"]),
    ]
    page = browser.get(url("change", campaign.pk)).content.decode()
    assert 'value="Phone, Chat"' in page and 'value="Umzug, Zähler defekt"' in page


@pytest.mark.parametrize(("attribute", "values"), [("channel", "Phone, Fax"), ("language", "Klingon")])
def test_a_channel_or_language_that_does_not_exist_is_told_with_those_that_do(browser, acme, attribute, values):
    page = add(browser, acme, **condition(attribute=attribute, values=values)).content.decode()
    told = {
        "channel": "Unknown: Fax. Known: Phone, Email, Chat,",
        "language": "Unknown: Klingon. Known: German, English, Turkish,",
    }
    assert told[attribute] in page
    assert AudienceCondition.objects.count() == 0


def test_a_condition_without_a_value_is_no_condition(browser, acme):
    assert add(browser, acme, **condition(attribute="tag", values=" , ,")).status_code == 200
    assert Campaign.objects.count() == 0


def test_the_page_names_what_contacts_of_this_client_carry_and_of_no_other(browser, acme, globex):
    campaign = factories.make_campaign(acme)
    north = factories.make_team(acme, "Nord")
    for reason in ("Umzug", "Umzug", "Rechnung"):
        factories.make_contact(acme, reason=reason, team=north, tags=["vip"], language="en")
    factories.make_contact(globex, reason="Geheim", tags=["intern"])
    assert values_in_use(acme) == [
        ("channel", ["Phone"]),
        ("contact reason", ["Umzug", "Rechnung"]),
        ("team", ["Nord"]),
        ("language", ["English"]),
        ("tag", ["vip"]),
    ]
    page = browser.get(url("change", campaign.pk)).content.decode()
    assert "Umzug, Rechnung" in page
    assert "Geheim" not in page and "intern" not in page


# --- What the rules were ----------------------------------------------------------------------------------------------


def test_saving_writes_down_the_rules_and_who_changed_them(browser, acme, analyst):
    add(browser, acme, **condition(values="Phone"))
    campaign = Campaign.objects.get()
    kept = {"id": campaign.audience.get().pk, "campaign": campaign.pk}
    same = {**condition(values="Phone", **kept), "audience-INITIAL_FORMS": "1"}
    change(browser, campaign, **same)
    more = {**condition(values="Phone, Chat", **kept), "audience-INITIAL_FORMS": "1"}
    change(browser, campaign, **more, quarantine_days="90", sending_days=["1", "6"])
    versions = list(RulesVersion.objects.filter(campaign=campaign).values_list("number", "made_by"))
    assert versions == [(2, analyst.pk), (1, analyst.pk)]
    (latest, changes), (first, none) = history(campaign)
    assert (latest.number, first.number, none) == (2, 1, [])
    assert [(each.rule, each.before, each.after) for each in changes] == [
        ("quarantine in days", "30", "90"),
        ("sending days", "Monday, Tuesday, Wednesday, Thursday, Friday", "Monday, Saturday"),
        ("channel, one of", "Phone", "Chat, Phone"),
    ]
    assert LogEntry.objects.filter(user=analyst).count() == 3


def test_the_page_tells_versions_newest_first_with_person_and_change(browser, acme):
    add(browser, acme)
    campaign = Campaign.objects.get()
    change(browser, campaign, reminder_days="5")
    page = browser.get(url("change", campaign.pk)).content.decode()
    section = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="rules-so-far"') :]))
    assert section.index("Version 2 Anna Berg Reminder after days: 5 instead of –") < section.index(
        "Version 1 Anna Berg The first rules."
    )


@pytest.mark.parametrize("name", [name for name in rules.FIELDS if name != "salt"])
def test_every_rule_has_its_words(acme, name):
    campaign = factories.make_campaign(acme)
    first = rules.freeze(campaign, NOW)
    RulesVersion.objects.create(
        campaign=campaign, number=2, made_at=NOW, rules={key: v for key, v in first.rules.items() if key != name}
    )
    (_version, changes), _first = history(campaign)
    field = Campaign._meta.get_field(name)
    expected = [] if first.rules[name] is None else [str(field.verbose_name)]
    assert [each.rule for each in changes] == expected
    assert [each.after for each in changes] == ["–"] * len(expected)


def test_the_page_takes_as_many_queries_for_three_versions_as_for_one(browser, acme):
    campaign = factories.make_campaign(acme)
    rules.freeze(campaign, NOW)
    browser.get(url("change", campaign.pk))
    with CaptureQueriesContext(connection) as one:
        browser.get(url("change", campaign.pk))
    for days in (1, 2):
        campaign.quarantine_days = days
        rules.freeze(campaign, NOW)
    with CaptureQueriesContext(connection) as three:
        browser.get(url("change", campaign.pk))
    assert len(three) == len(one)


# --- A pause ----------------------------------------------------------------------------------------------------------


def test_a_paused_campaign_says_why_and_goes_on_by_a_button(browser, acme, analyst):
    campaign = factories.make_campaign(acme, is_paused=True, paused_because="550 5.7.1 sender rejected, ten times")
    page = browser.get(url("change", campaign.pk)).content.decode()
    assert "550 5.7.1 sender rejected, ten times" in page
    assert browser.get(url("resume", campaign.pk)).status_code == 405
    said = browser.post(url("resume", campaign.pk), follow=True).content.decode()
    assert "The campaign asks again." in said and "sender rejected" not in said
    campaign.refresh_from_db()
    assert (campaign.is_paused, campaign.paused_because) == (False, "")
    assert LogEntry.objects.get().user == analyst


def test_ending_a_pause_in_the_form_forgets_its_reason_too(browser, acme):
    campaign = factories.make_campaign(acme, is_paused=True, paused_because="errors")
    change(browser, campaign, is_paused="on")
    campaign.refresh_from_db()
    assert (campaign.is_paused, campaign.paused_because) == (True, "errors")
    change(browser, campaign)
    campaign.refresh_from_db()
    assert (campaign.is_paused, campaign.paused_because) == (False, "")


@pytest.mark.parametrize("page", ["resume", "preview"])
def test_another_clients_campaign_does_not_exist(browser, globex, page):
    foreign = factories.make_campaign(globex, is_paused=True)
    answer = browser.post(url(page, foreign.pk)) if page == "resume" else browser.get(url(page, foreign.pk))
    assert (answer.status_code, answer.url) == (302, reverse("admin:index"))
    foreign.refresh_from_db()
    assert foreign.is_paused


@pytest.mark.parametrize("role", ["viewer", "lead", None])
def test_others_than_analysts_neither_preview_nor_resume(client, acme, role):
    login = factories.make_login("vera")
    if role:
        factories.give_access(login, acme, role, factories.make_team(acme) if role == "lead" else None)
    client.force_login(login)
    campaign = factories.make_campaign(acme, is_paused=True)
    for answer in (client.get(url("preview", campaign.pk)), client.post(url("resume", campaign.pk))):
        assert answer.status_code in (302, 403)
    campaign.refresh_from_db()
    assert campaign.is_paused


# --- The reminder's effect --------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_reminder_did_once_there_was_one(browser, acme):
    campaign = factories.make_campaign(acme, "nps", reminder_days=5)
    now = dt.datetime.now(dt.UTC)
    assert "What the reminder does" not in browser.get(url("change", campaign.pk)).content.decode()
    for n in range(10):
        invitation = factories.make_invitation(acme, campaign=campaign, about_at=now - dt.timedelta(days=9))
        for is_reminder in (False, True):
            OutgoingMessage.objects.create(
                client=acme,
                key=f"{is_reminder}:{invitation.pk}",
                invitation=invitation,
                is_reminder=is_reminder,
                due_at=now,
                handed_over_at=now - dt.timedelta(days=3 if is_reminder else 9),
                state="accepted",
            )
        if n < 6:
            factories.make_response(acme, 9, invitation=invitation, submitted_at=now)
    page = browser.get(url("change", campaign.pk)).content.decode()
    assert "What the reminder does" in page
    assert "6: 60% (31% to 83%), n\u00a0=\u00a010" in page
    assert page.count("Too few answers") == 2


# --- Before it asks ---------------------------------------------------------------------------------------------------


@pytest.fixture
def in_november(client, analyst):
    with time_machine.travel(NOW, tick=False):
        client.force_login(analyst)
        yield client


def shown(answer):
    """(outcome, number, share, examples) as the page tells them."""
    lines = answer.context["lines"]
    return [(line.label, line.number, line.share, [name for name, _address in line.examples]) for line in lines]


def test_the_preview_tells_whom_last_month_would_have_asked_and_why_not_the_others(in_november, acme, globex):
    campaign = factories.make_campaign(acme, starts_on=dt.date(2026, 12, 1), stale_days=3)
    at = dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC)
    rows = [
        factories.make_contact(acme, ended_at=at + n * dt.timedelta(minutes=1), external_id=f"T{n}") for n in range(3)
    ]
    factories.make_contact(acme, ended_at=at, email="n/a", external_id="without")
    factories.make_contact(acme, ended_at=NOW - dt.timedelta(days=2), external_id="November")
    factories.make_contact(globex, ended_at=at)
    answer = in_november.get(url("preview", campaign.pk))
    assert shown(answer) == [("Asked", "3", "75.0%", ["T0", "T1", "T2"]), ("No address", "1", "25.0%", ["without"])]
    page = answer.content.decode()
    assert f'<a href="{reverse("admin:surveys_contact_change", args=[rows[0].pk])}">T0</a>' in page
    assert "4 contacts ended; 3 customers would have been asked" in page
    assert '<option value="2026-10" selected>October 2026</option>' in page
    assert shown(in_november.get(url("preview", campaign.pk), {"month": "2026-11"})) == [
        ("Asked", "1", "100.0%", ["November"])
    ]
    assert (Invitation.objects.count(), OutgoingMessage.objects.count(), RulesVersion.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "%00", "<script>"])
def test_a_month_that_cannot_be_chosen_is_the_last_one(in_november, acme, month):
    page = in_november.get(url("preview", factories.make_campaign(acme).pk), {"month": month}).content.decode()
    assert '<option value="2026-10" selected>' in page
    assert "No contact ended in this month." in page
    assert "<script>" not in page


def test_a_campaign_in_waves_is_previewed_by_who_would_be_due(in_november, acme):
    campaign = factories.make_campaign(
        acme, "nps", starts_on=dt.date(2026, 12, 1), wave_days=7, panels=12, quarantine_days=0, salt="s"
    )
    long_ago = NOW - dt.timedelta(days=400)
    keys = [f"K-{n}" for n in range(60)]
    for key in keys:
        factories.make_customer(acme, key=key, name=key, first_seen_at=long_ago)
    answer = in_november.get(url("preview", campaign.pk))
    due = {key for key in keys if waves.panel_of(campaign, key) < 4}  # Tuesdays: 6, 13, 20, 27 October
    ((label, number, share, names),) = shown(answer)
    assert (label, number, share) == ("Asked", str(len(due)), "100.0%")
    assert set(names) < due and len(names) == 10
    assert f"{len(due)} customers would have been due in a wave" in answer.content.decode()
    assert [day.on.day for day in answer.context["found"].days] == [6, 13, 20, 27]


def test_the_preview_takes_as_many_queries_for_three_contacts_as_for_one(in_november, acme):
    campaign = factories.make_campaign(acme, starts_on=dt.date(2026, 12, 1))
    at = dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC)
    factories.make_contact(acme, ended_at=at)
    in_november.get(url("preview", campaign.pk))
    with CaptureQueriesContext(connection) as one:
        in_november.get(url("preview", campaign.pk))
    factories.make_contact(acme, ended_at=at), factories.make_contact(acme, ended_at=at, email="n/a")
    with CaptureQueriesContext(connection) as three:
        in_november.get(url("preview", campaign.pk))
    assert len(three) == len(one)


@pytest.mark.parametrize("page", ["change", "preview", "add"])
def test_no_page_carries_inline_styles_or_scripts(in_november, acme, page):
    campaign = factories.make_campaign(acme, is_paused=True, paused_because="<b>no</b>")
    factories.make_contact(acme, ended_at=dt.datetime(2026, 10, 6, 9, tzinfo=dt.UTC))
    said = in_november.get(url(page, *([] if page == "add" else [campaign.pk]))).content.decode()
    assert [word for word in ("<style", " style=", "<script>", "<b>no</b>") if word in said] == []
