"""Sets the stage: the story's companies with their teams, logins, surveys, campaigns and digest subscriptions."""

import datetime as dt

from surveys import authoring
from surveys.models import Access, Agent, Appearance, Campaign, Client, LegalBasis, Login, OpenLink, Survey, Team

from ..models import DigestSubscription
from . import story

PASSWORD = "nachklang"
ROLES = {"team_lead": Access.Role.LEAD, "analyst": Access.Role.ANALYST, "client_viewer": Access.Role.VIEWER}
IMPRINTS = {
    "nordheim": "Stadtwerke Nordheim GmbH, Hafenstraße 14, 00000 Nordheim",
    "alderfinch": "Alder & Finch Ltd, 12 Mill Lane, Harrowbridge HB1 0AA",
}
STARTS = {Survey.Kind.CSAT: authoring.Start.POST_CONTACT, Survey.Kind.NPS: authoring.Start.RELATIONAL}
LOOKS = {"alderfinch": {"accent": "#8a3b12", "typeface": "serif"}}  # the other one keeps ours
WEEKLY_WEEKS = 8  # the weekly digest begins this long before today; the monthly one runs all year


def build(world: story.World) -> dict[str, Client]:
    """Every row that people would type in before the first contact arrives; the clients by key."""
    Login.objects.create_superuser("admin", "admin@leineweg.example", PASSWORD, first_name="Ada", last_name="Berg")
    return {key: _company(company, world) for key, company in world.clients.items()}


def _company(company: story.Client, world: story.World) -> Client:
    first_day = world.days()[0]
    domain = f"{company.key}.example"
    client = Client.objects.create(
        slug=company.key,
        name=company.name,
        sentence_name_de=company.sentence_name_de,
        language=company.language,
        form_of_address=company.address_form.lower(),
        time_zone=company.time_zone,
        from_name=company.name,
        from_email=f"feedback@{domain}",
        imprint=IMPRINTS[company.key],
        imprint_url=f"https://{domain}/imprint",
        privacy_url=f"https://{domain}/privacy",
        service_email=f"service@{domain}",
    )
    LegalBasis.objects.create(
        client=client,
        kind=LegalBasis.Kind.EXISTING_CUSTOMER,
        valid_from_on=first_day,
        note="Notice at sign-up and in every message (demo)",
    )
    teams = {name: Team.objects.create(client=client, name=name) for name in company.teams}
    _people(company, client, teams)
    _campaigns(client, world)
    if company.key in LOOKS:
        Appearance.objects.create(client=client, **LOOKS[company.key])
    else:
        _counter(client, teams[company.teams[0]])
    _digests(company, client, world)
    return client


def _people(company: story.Client, client: Client, teams: dict[str, Team]) -> None:
    for person in company.staff:
        login = _login(person.name, person.email, company.language)
        role = ROLES[person.role]
        team = teams[person.team] if role == Access.Role.LEAD else None
        Access.objects.create(login=login, client=client, role=role, team=team)
    for number, agent in enumerate(company.agents):
        # The first agent of each company signs in; the others are known by name only.
        login = (
            _login(agent.name, f"{username(agent.name)}@leineweg.example", company.language) if number == 0 else None
        )
        key = agent.external_id if company.import_profile == "telephone" else agent.name.casefold()
        Agent.objects.create(client=client, key=key, name=agent.name, team=teams[agent.team], login=login)


def username(name: str) -> str:
    return ".".join(map(story.ascii_letters, name.split()))


def _login(name: str, email: str, language: str) -> Login:
    first, last = name.split(" ", 1)
    return Login.objects.create_user(
        username(name), email, PASSWORD, first_name=first, last_name=last, is_staff=True, language=language
    )


def _campaigns(client: Client, world: story.World) -> None:
    first_day = world.days()[0]
    plans = {
        Survey.Kind.CSAT: {"kind": Campaign.Kind.POST_CONTACT, "starts_on": first_day, "share_percent": 60},
        Survey.Kind.NPS: {
            "kind": Campaign.Kind.PERIODIC,
            "starts_on": first_day + dt.timedelta(days=20),
            "share_percent": 17,
            "wave_days": 30,
        },
    }
    for kind, plan in plans.items():
        survey = Survey.objects.create(client=client, name=kind.name, kind=kind)
        _write(survey, dt.datetime.combine(first_day, dt.time(), client.zone))
        salt = world.rng("salt", client.slug, kind).randbytes(16).hex()  # a seed draws the same customers each time
        Campaign.objects.create(client=client, survey=survey, name=kind.name, quarantine_days=30, salt=salt, **plan)


def _write(survey: Survey, at: dt.datetime) -> None:
    """From the template of its kind, two pages; after contacts only what is worded in all languages."""
    draft = authoring.begin(survey, STARTS[survey.kind])
    if survey.kind == Survey.Kind.CSAT:
        authoring.remove(draft, authoring.stamp(draft.questions.all()), "once")
    authoring.publish(draft, authoring.stamp(draft.questions.all()), at)


def _counter(client: Client, team: Team) -> None:
    """A code on the counter where people come in person."""
    survey = client.surveys.get(kind=Survey.Kind.CSAT)
    OpenLink.objects.create(client=client, survey=survey, name="Kundenzentrum, Schalter", team=team)


def _digests(company: story.Client, client: Client, world: story.World) -> None:
    viewer = next(person for person in company.staff if person.role == "client_viewer")
    last_name = viewer.name.split()[-1]
    salutation = f"Guten Tag Herr {last_name}" if company.language == "de" else f"Dear Ms {last_name}"
    starts = {"month": world.days()[0], "week": world.end_on - dt.timedelta(weeks=WEEKLY_WEEKS)}
    for kind, starts_on in starts.items():
        DigestSubscription.objects.create(
            client=client,
            kind=kind,
            email=viewer.email,
            salutation=salutation,
            language=company.language,
            starts_on=starts_on,
        )
