"""Who sees and does what in the admin: five roles against every ModelAdmin, and globex sees nothing of acme."""

import datetime as dt

import pytest
from django.contrib import admin
from django.db import models
from django.urls import reverse

from analytics import classification
from analytics.models import ChosenAttribute, Correction, DriftAlert, Theme, ThemeModel, Topic
from feedback_loop import cases
from feedback_loop.models import Case, Digest, DigestSubscription, Initiative, Target
from surveys.models import (
    Access,
    Agent,
    ApiKey,
    Appearance,
    Campaign,
    Client,
    Contact,
    Customer,
    Exclusion,
    FlaggedSheet,
    Honesty,
    ImportProfile,
    Inlet,
    InletEvent,
    Invitation,
    Login,
    OpenLink,
    OutgoingMessage,
    ReportedCount,
    Response,
    Suppression,
    Survey,
    SurveyVersion,
    Team,
    Wave,
)
from tests import factories

ROLES = ("superuser", "analyst", "lead", "agent", "viewer", "nobody")
# l: look, a: add, c: change, d: delete an own row; in the order of ROLES. A ModelAdmin without a line fails.
EXPECTED = {
    Client: ("lac", "l", "", "", "", ""),
    Team: ("lac", "lac", "", "", "", ""),
    Agent: ("lac", "lac", "", "", "", ""),
    Access: ("lacd", "l", "", "", "", ""),
    Login: ("lac", "", "", "", "", ""),
    Appearance: ("lac", "lac", "", "", "", ""),
    ApiKey: ("lac", "", "", "", "", ""),
    Customer: ("l", "l", "", "", "", ""),
    Contact: ("l", "l", "", "", "", ""),
    ImportProfile: ("lacd", "l", "", "", "", ""),
    Inlet: ("lac", "l", "", "", "", ""),
    InletEvent: ("l", "l", "", "", "", ""),
    Survey: ("la", "la", "", "", "", ""),
    SurveyVersion: ("l", "l", "", "", "", ""),
    Campaign: ("lac", "lac", "", "", "", ""),
    Wave: ("l", "l", "", "", "", ""),
    Invitation: ("l", "l", "", "", "", ""),
    Suppression: ("lad", "la", "", "", "", ""),
    OpenLink: ("lac", "lac", "", "", "", ""),
    OutgoingMessage: ("l", "l", "", "", "", ""),
    Response: ("lc", "lc", "lc", "l", "l", ""),
    FlaggedSheet: ("l", "l", "", "", "", ""),
    Exclusion: ("l", "l", "", "", "", ""),
    Honesty: ("l", "l", "", "", "l", ""),
    ReportedCount: ("l", "l", "", "", "l", ""),
    ChosenAttribute: ("lacd", "lacd", "", "", "", ""),
    ThemeModel: ("l", "l", "", "", "", ""),
    DriftAlert: ("l", "l", "", "", "", ""),
    Theme: ("lac", "lac", "", "", "", ""),
    Topic: ("l", "l", "", "", "", ""),
    Correction: ("l", "l", "l", "", "", ""),
    Case: ("lc", "lc", "lc", "l", "l", ""),
    DigestSubscription: ("lac", "l", "", "", "", ""),
    Digest: ("l", "l", "", "", "", ""),
    Initiative: ("lacd", "lac", "l", "", "l", ""),
    Target: ("lacd", "lac", "l", "", "l", ""),
}
FOREIGN = "Zyxglobe"  # part of every name and text of globex


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def allowed(role, model):
    return EXPECTED[model][ROLES.index(role)]


def populate(client, tag):
    """One row of everything; every text that a page could show carries the tag."""
    now = factories.NOW
    team = factories.make_team(client, f"Team {tag}")
    served = factories.make_login(f"served{tag}", first_name=f"Served{tag}")
    agent = factories.make_agent(client, f"Agent {tag}", served, team)
    other = factories.make_login(f"owner{tag}", first_name=f"Owner{tag}")
    access = factories.give_access(other, client, "analyst")
    customer = factories.make_customer(client, f"{tag}@example.org".lower(), name=f"Customer {tag}", phone="0170 555")
    contact = factories.make_contact(
        client, customer=customer, agent=agent, team=team, external_id=f"C-{tag}", reason=f"Reason {tag}"
    )
    survey = factories.make_survey(client)
    survey.name = f"Survey {tag}"
    survey.save()
    campaign = factories.make_campaign(client, name=f"Campaign {tag}")
    invitation = factories.make_invitation(client, campaign=campaign, contact=contact, agent=agent, team=team)
    waves = factories.make_campaign(client, "nps", name=f"Waves {tag}")
    response = factories.make_response(
        client,
        1,
        f"Die Wartezeit war schlimm, {tag}.",
        invitation=invitation,
        wants_call=True,
        phone="0170 555",
        submitted_at=dt.datetime.now(dt.UTC),
    )
    classification.read(response.answers.get())
    case = cases.open_for(response, now)
    cases.assign(case, served, other, now)
    cases.note(case, f"Note {tag}", served, now)
    cases.resolve(case, "our_reach", f"Action {tag}", other, now)
    cases.reopen(case, f"Again {tag}", other, now)
    cases.assign(case, other, other, now)
    case.refresh_from_db()
    subscription = DigestSubscription.objects.create(
        client=client, kind="week", email=f"{tag}@client.example".lower(), starts_on=now.date()
    )
    inlet = Inlet.objects.create(client=client, kind="zammad", name=f"desk-{tag}", secret=f"secret-{tag}")
    return {
        Client: client,
        Appearance: Appearance.objects.create(client=client, embed_origins=f"https://{tag}.example".lower()),
        Team: team,
        Agent: agent,
        Access: access,
        Login: served,
        Customer: customer,
        Contact: contact,
        ApiKey: ApiKey.objects.create_key(name=f"Key {tag}", client=client)[0],
        ImportProfile: ImportProfile.objects.create(client=client, name=f"profile-{tag}"),
        Inlet: inlet,
        InletEvent: inlet.events.create(
            event_id=f"E-{tag}", received_at=now, outcome="refused", detail=f"Detail {tag}", payload={"word": tag}
        ),
        Survey: survey,
        SurveyVersion: survey.versions.first(),
        Campaign: campaign,
        Invitation: invitation,
        Wave: waves.waves.create(number=1, starts_on=now.date()),
        Response: response,
        Case: case,
        FlaggedSheet: factories.make_flagged(invitation, text=f"Flagged {tag}"),
        Exclusion: Exclusion.objects.create(
            response=response, reason="other", note=f"Exclusion {tag}", proposed_by=other, proposed_at=now
        ),
        Honesty: Honesty.objects.get(pk=client.pk),
        ReportedCount: ReportedCount.objects.create(
            client=client, day=now.date(), queue=f"Queue {tag}", source="acd", contacts=1, told_at=now, told_by=other
        ),
        Suppression: Suppression.objects.create(
            client=client, address=f"stop{tag}@example.org".lower(), reason="manual", created_at=now
        ),
        OpenLink: OpenLink.objects.create(client=client, survey=survey, name=f"Counter {tag}", team=team),
        OutgoingMessage: OutgoingMessage.objects.create(client=client, key=f"key-{tag}", to=f"{tag}@x.org", due_at=now),
        ChosenAttribute: ChosenAttribute.objects.create(client=client, name="tariff", label=f"Tariff {tag}"),
        ThemeModel: ThemeModel.objects.create(
            client=client, language="de", number=1, trained_at=now, trained_by=other, label_count=0, held_out_count=0
        ),
        DriftAlert: DriftAlert.objects.create(
            client=client,
            language="de",
            kind="theme",
            theme=Theme.objects.create(
                client=client, key=f"m{tag}".lower(), name_en=f"M {tag}", name_de=f"N {tag}", side="both"
            ),
            week_on=now.date(),
            expected=0.1,
            found=0.3,
            comments=60,
            chance=0.001,
            noted_at=now,
        ),
        Topic: emerging(client, tag, response.answers.get()),
        Theme: Theme.objects.create(
            client=client, key=f"k{tag}".lower(), name_en=f"E {tag}", name_de=f"D {tag}", side="both"
        ),
        Correction: Correction.objects.create(
            answer=response.answers.get(), by=other, at=now, drawn="chosen", after={"themes": {f"k{tag}".lower(): 1}}
        ),
        DigestSubscription: subscription,
        Digest: Digest.objects.create(
            client=client,
            subscription=subscription,
            kind="week",
            first_on=now.date(),
            last_on=now.date(),
            claimed_at=now,
            language="de",
        ),
        Initiative: Initiative.objects.create(
            client=client,
            name=f"Initiative {tag}",
            what=f"What {tag}",
            by=f"Department {tag}",
            kind="csat",
            starts_on=now.date(),
            scope={"team": str(team.pk), "reason": f"Reason {tag}"},
        ),
        Target: Target.objects.create(
            client=client,
            kind="csat",
            value=80,
            starts_on=dt.date(2026, 1, 1),
            scope={"team": str(team.pk), "reason": f"Reason {tag}"},
        ),
    }


def emerging(client, tag, answer):
    """An emerging topic with one comment."""
    topic = Topic.objects.create(
        client=client, language="de", words=[f"Word {tag}"], found_at=factories.NOW, seen_until=factories.NOW
    )
    topic.members.create(answer=answer, distance=0.1)
    return topic


@pytest.fixture
def world(acme, globex):
    globex.name = f"Globex {FOREIGN}"
    globex.save()
    return {"acme": populate(acme, "Abc"), "globex": populate(globex, FOREIGN)}


def sign_in(client, world, role):
    acme = world["acme"]
    login = factories.make_login(role, is_superuser=role == "superuser")
    if role in ("analyst", "viewer"):
        factories.give_access(login, acme[Client], role)
    if role == "lead":
        factories.give_access(login, acme[Client], "lead", acme[Team])
    if role == "agent":
        Agent.objects.filter(pk=acme[Agent].pk).update(login=login)
    client.force_login(login)
    return login


def text_of(answer):
    """What a page says, in any letters (addresses are stored small)."""
    return answer.content.decode().lower()


def test_every_model_admin_has_a_line_in_the_table():
    assert set(admin.site._registry) == set(EXPECTED)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_does_what_the_table_says_and_nothing_else(client, world, role):
    sign_in(client, world, role)
    done = {model: what_works(client, model, world["acme"][model]) for model in EXPECTED}
    assert done == {model: allowed(role, model) for model in EXPECTED}


def what_works(client, model, own):
    """The letters of the table, found by trying."""
    statuses = {
        "l": client.get(url(model, "changelist")).status_code,
        "a": client.get(url(model, "add")).status_code,
        "d": client.get(url(model, "delete", own.pk)).status_code,
    }
    tried = client.post(url(model, "change", own.pk), {"theme": ""})
    # An empty form comes back with its errors; an empty judgement is one, and is saved.
    statuses["c"] = 200 if tried.status_code == 302 and tried.url == url(model, "change", own.pk) else tried.status_code
    is_seen = client.get(url(model, "change", own.pk)).status_code == 200
    assert is_seen == (statuses["l"] == 200)
    return "".join(letter for letter in "lacd" if statuses[letter] == 200)


@pytest.mark.parametrize("role", ROLES)
def test_an_app_shows_up_only_for_those_who_may_look(client, world, role):
    sign_in(client, world, role)
    page = text_of(client.get(reverse("admin:index")))
    listed = {model for model in EXPECTED if f'href="{url(model, "changelist")}"' in page}
    assert listed == {model for model in EXPECTED if "l" in allowed(role, model)}


@pytest.mark.parametrize("role", ["analyst", "lead", "agent", "viewer", "nobody"])
def test_globex_is_not_there(client, world, role):
    sign_in(client, world, role)
    for model in EXPECTED:
        check_nothing_of_globex(client, world, model)


def check_nothing_of_globex(client, world, model):
    foreign = world["globex"][model]
    for page in ("change", "delete", "history"):
        there = client.get(url(model, page, foreign.pk))
        missing = client.get(url(model, page, 987654321))
        assert (there.status_code, there.status_code == 200) == (missing.status_code, False)
        assert getattr(there, "url", "") == getattr(missing, "url", "")
    before = model.objects.filter(pk=foreign.pk).values().get()
    client.post(url(model, "change", foreign.pk), {"name": "Mine", "note": "Mine", "_save": "1"})
    client.post(url(model, "delete", foreign.pk), {"post": "yes"})
    client.post(url(model, "changelist"), {"action": "delete_selected", "_selected_action": foreign.pk, "post": "yes"})
    assert model.objects.filter(pk=foreign.pk).values().get() == before
    queries = ("", f"?client={world['globex'][Client].pk}", "?period=all", "?_popup=1", "?_to_field=id", "?all=")
    for query in (*queries, f"?client__id__exact={world['globex'][Client].pk}", f"?team={world['globex'][Team].pk}"):
        assert FOREIGN.lower() not in text_of(client.get(url(model, "changelist") + query, follow=True))
    found = client.get(url(model, "changelist") + f"?q={FOREIGN}")
    assert found.status_code == 403 or found.context["cl"].result_count == 0
    for page in ("add", "change"):
        args = [world["acme"][model].pk] if page == "change" else []
        assert FOREIGN.lower() not in text_of(client.get(url(model, page, *args), follow=True))


@pytest.mark.parametrize("role", ["analyst", "lead", "agent", "viewer", "nobody"])
def test_autocompletes_know_check_nothing_of_globex(client, world, role):
    sign_in(client, world, role)
    asked = 0
    for model in EXPECTED:
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey):
                continue
            for term in ("", FOREIGN, "e"):
                said = client.get(
                    reverse("admin:autocomplete"),
                    {
                        "app_label": model._meta.app_label,
                        "model_name": model._meta.model_name,
                        "field_name": field.name,
                        "term": term,
                    },
                )
                asked += said.status_code == 200
                assert FOREIGN.lower() not in text_of(said)
    assert (asked > 0) == (role != "nobody")


def test_an_analyst_cannot_point_to_rows_of_globex(client, world):
    sign_in(client, world, "analyst")
    acme, globex = world["acme"], world["globex"]
    form = {"client": acme[Client].pk, "key": "new", "name": "New", "team": globex[Team].pk, "login": globex[Login].pk}
    refused = client.post(url(Agent, "add"), form)
    assert set(refused.context["adminform"].form.errors) == {"team", "login"}
    assert not Agent.objects.filter(key="new").exists()
    refused = client.post(url(Agent, "add"), {**form, "client": globex[Client].pk, "team": "", "login": ""})
    assert set(refused.context["adminform"].form.errors) == {"client"}


def test_an_analyst_of_both_cannot_mix_them_in_one_row(client, world):
    login = sign_in(client, world, "analyst")
    factories.give_access(login, world["globex"][Client], "analyst")
    form = {"client": world["acme"][Client].pk, "key": "new", "name": "New", "team": world["globex"][Team].pk}
    refused = client.post(url(Agent, "add"), form)
    assert set(refused.context["adminform"].form.errors) == {"team"}


def test_a_row_never_moves_to_another_client(client, world):
    sign_in(client, world, "superuser")
    team = world["acme"][Team]
    client.post(url(Team, "change", team.pk), {"name": "Neu", "client": world["globex"][Client].pk})
    team.refresh_from_db()
    assert (team.name, team.client) == ("Neu", world["acme"][Client])


# --- Within one client ---


def test_a_lead_sees_the_team_and_an_agent_the_own_contacts(client, world):
    acme = world["acme"][Client]
    sued = factories.make_team(acme, "Süd")
    tom = factories.make_agent(acme, "Tom", team=sued)
    elsewhere = factories.make_response(acme, 1, "Woanders", kind="csat", agent=tom, team=sued)
    far = cases.open_for(elsewhere, factories.NOW)
    for role in ("lead", "agent"):
        sign_in(client, world, role)
        assert client.get(url(Response, "change", elsewhere.pk)).status_code == 302
        assert client.get(url(Case, "change", far.pk)).status_code == 302
        assert "woanders" not in text_of(client.get(url(Response, "changelist") + "?period=all"))
        assert client.get(url(Response, "change", world["acme"][Response].pk)).status_code == 200


def test_an_agent_handles_an_own_case_and_only_looks_at_another(client, world):
    login = sign_in(client, world, "agent")
    case = world["acme"][Case]
    note = {"note": "Angerufen", "owner": "", "cause": "", "_save": "1"}
    assert client.post(url(Case, "change", case.pk), note).status_code == 403
    Case.objects.filter(pk=case.pk).update(owner=login)
    assert client.post(url(Case, "change", case.pk), note).status_code == 302
    assert case.events.last().note == "Angerufen"


def test_an_agent_cannot_correct_what_was_said_about_them(client, world):
    sign_in(client, world, "agent")
    assert client.post(url(Response, "change", world["acme"][Response].pk), {}).status_code == 403


# --- The client's side ---

SECRETS = (
    "Agent Abc",
    "ServedAbc",
    "OwnerAbc",
    "Team Abc",
    "Note Abc",
    "Action Abc",
    "Again Abc",
    "Customer Abc",
    "0170",
    "@",
)


def test_a_viewer_never_reads_who_served_nor_what_staff_wrote(client, world):
    sign_in(client, world, "viewer")
    response, case = world["acme"][Response], world["acme"][Case]
    pages = [
        reverse("admin:index"),
        url(Response, "changelist"),
        url(Response, "change", response.pk),
        url(Case, "changelist"),
        url(Case, "change", case.pk),
        url(Response, "history", response.pk),
        url(Case, "history", case.pk),
    ]
    for page in pages:
        assert client.get(page).status_code == (302 if "history" in page else 200)
        said = client.get(page, follow=True).content.decode()
        assert [secret for secret in SECRETS if secret in said] == []
    assert "C-Abc" in client.get(url(Case, "change", case.pk)).content.decode()


@pytest.mark.parametrize("model", [Response, Case])
def test_a_viewers_search_finds_nothing_by_a_hidden_column(client, world, model):
    sign_in(client, world, "viewer")
    period = {"period": "all"} if model is Response else {}
    for word in ("Agent Abc", "ServedAbc", "OwnerAbc", "Note", "Action", "Customer", "0170"):
        assert client.get(url(model, "changelist"), {"q": word, **period}).context["cl"].result_count == 0
    assert client.get(url(model, "changelist"), {"q": "C-Abc", **period}).context["cl"].result_count == 1


HIDDEN = (
    (Response, "phone__startswith=0"),
    (Response, "invitation__agent__name__startswith=A"),
    (Response, "client__name=x"),
    (Case, "owner__username__startswith=o"),
    (Case, "action__icontains=Abc"),
    (Case, "owner=1"),
    (Case, "cause=x"),
    (Case, "team__leads__login__username=x"),
    (Case, "state=mine&owner__isnull=0"),
)


@pytest.mark.parametrize("role", ["viewer", "agent", "analyst", "superuser"])
def test_the_address_bar_asks_about_no_hidden_column(client, world, role):
    sign_in(client, world, role)
    statuses = {query: client.get(f"{url(model, 'changelist')}?{query}").status_code for model, query in HIDDEN}
    assert statuses == {query: 400 for _model, query in HIDDEN}


def test_whoever_is_viewer_anywhere_learns_no_name_anywhere(client, world):
    login = sign_in(client, world, "agent")
    factories.give_access(login, world["globex"][Client], "viewer")
    for page in (url(Response, "changelist"), url(Case, "changelist"), url(Case, "change", world["globex"][Case].pk)):
        said = client.get(page).content.decode()
        assert [
            name
            for name in ("Agent Zyxglobe", "ServedZyxglobe", "OwnerZyxglobe", "Note Zyxglobe", "Action Zyxglobe")
            if name in said
        ] == []


def test_a_login_switched_off_is_sent_to_the_sign_in(client, world):
    login = sign_in(client, world, "analyst")
    Login.objects.filter(pk=login.pk).update(is_active=False)
    assert client.get(url(Response, "changelist")).status_code == 302
