"""Plain functions that make the rows tests need. What a test does not name gets a plain, valid value."""

import datetime as dt
import itertools

from surveys import wording
from surveys.models import (
    Access,
    Agent,
    Answer,
    Campaign,
    Client,
    Contact,
    Customer,
    Invitation,
    LegalBasis,
    Login,
    Mark,
    OutgoingMessage,
    Question,
    Response,
    Survey,
    Team,
    Wave,
)

NOW = dt.datetime(2026, 11, 10, 9, 0, tzinfo=dt.UTC)
_number = itertools.count(1)


def make_client(slug: str = "acme", name: str = "Acme", **fields) -> Client:
    defaults = {
        "sentence_name_de": f"die {name}",
        "language": "de",
        "from_name": name,
        "from_email": f"service@{slug}.example",
        "imprint": f"{name} GmbH, Hafenstraße 14, 00000 Nordheim",
        "imprint_url": f"https://{slug}.example/impressum",
        "privacy_url": f"https://{slug}.example/datenschutz",
        "service_email": f"service@{slug}.example",
    }
    client = Client.objects.create(slug=slug, name=name, **{**defaults, **fields})
    LegalBasis.objects.create(
        client=client, kind=LegalBasis.Kind.EXISTING_CUSTOMER, valid_from_on=dt.date(2020, 1, 1), note="contract § 4"
    )
    return client


def make_survey(client: Client, kind: str = "csat") -> Survey:
    survey, is_new = Survey.objects.get_or_create(client=client, kind=kind, defaults={"name": f"{kind} {client.slug}"})
    if is_new:
        wording.publish(survey, NOW - dt.timedelta(days=400))
    return survey


def make_campaign(client: Client, kind: str = "csat", **fields) -> Campaign:
    defaults = {
        "survey": make_survey(client, kind),
        "kind": Campaign.Kind.PERIODIC if kind == "nps" else Campaign.Kind.POST_CONTACT,
        "wave_days": 30 if kind == "nps" else None,
        "name": f"{kind} {next(_number)}",
        "starts_on": dt.date(2026, 1, 1),
        "delay_hours": 0,
    }
    return Campaign.objects.create(client=client, **{**defaults, **fields})


def make_team(client: Client, name: str = "Nord") -> Team:
    return Team.objects.get_or_create(client=client, name=name)[0]


def make_agent(
    client: Client, name: str = "Lena Ritter", login: Login | None = None, team: Team | None = None
) -> Agent:
    return Agent.objects.get_or_create(client=client, key=name, defaults={"name": name, "login": login, "team": team})[
        0
    ]


def make_customer(client: Client, email: str = "", **fields) -> Customer:
    email = email or f"customer{next(_number)}@example.org"
    defaults = {"key": f"mail:{email}", "name": "Kim Brook", "language": "de", "first_seen_at": NOW}
    return Customer.objects.create(client=client, email=email, **{**defaults, **fields})


def make_contact(client: Client, **fields) -> Contact:
    ended_at = fields.pop("ended_at", NOW - dt.timedelta(hours=3))
    customer = fields.pop("customer", None) or make_customer(client)
    defaults = {
        "source": "test",
        "external_id": f"T-{next(_number)}",
        "customer": customer,
        "email": customer.email,
        "channel": Contact.Channel.PHONE,
        "reason": "Rechnung",
        "language": "de",
        "state": Contact.State.FINISHED,
        "started_at": ended_at - dt.timedelta(minutes=10),
        "ended_at": ended_at,
        "received_at": ended_at,
        "changed_at": ended_at,
    }
    contact = Contact.objects.create(client=client, **{**defaults, **fields})
    Mark.objects.create(contact=contact, client=client)
    return contact


def make_invitation(client: Client, kind: str = "csat", campaign: Campaign | None = None, **fields) -> Invitation:
    """An asked invitation whose link is open; `contact` fields may be given as a Contact."""
    campaign = (
        campaign or Campaign.objects.filter(client=client, survey__kind=kind).first() or make_campaign(client, kind)
    )
    about_at = fields.pop("about_at", NOW - dt.timedelta(hours=3))
    if campaign.kind == Campaign.Kind.PERIODIC:
        wave = Wave.objects.get_or_create(campaign=campaign, number=1, defaults={"starts_on": about_at.date()})[0]
        customer = fields.pop("customer", None) or make_customer(client)
        subject = {"wave": wave, "customer": customer}
    else:
        contact = fields.pop("contact", None) or make_contact(
            client, agent=fields.get("agent"), team=fields.get("team")
        )
        customer = contact.customer
        subject = {
            "contact": contact,
            "customer": customer,
            "channel": contact.channel,
            "contact_reason": contact.reason,
        }
    defaults = {
        "is_asked": True,
        "decided_at": about_at,
        "about_at": about_at,
        "due_at": about_at,
        "expires_at": about_at + dt.timedelta(days=14),
        "version": campaign.survey.current,
        "email": customer.email if customer else "",
        "language": "de",
        "form_of_address": client.form_of_address,
    }
    return Invitation.objects.create(client=client, campaign=campaign, **subject, **{**defaults, **fields})


def make_response(client: Client, score: int = 3, text: str = "", kind: str = "nps", **fields) -> Response:
    """A response as `responses.record` leaves it; `invitation` or the invitation's fields may be given."""
    own = {
        name: fields.pop(name)
        for name in ("submitted_at", "completed_at", "wants_call", "phone", "is_preselected")
        if name in fields
    }
    invitation = fields.pop("invitation", None) or make_invitation(client, kind, **fields)
    submitted_at = own.setdefault("submitted_at", NOW)
    response = Response.objects.create(
        client=client,
        invitation=invitation,
        version=invitation.version,
        kind=invitation.version.survey.kind,
        score=score,
        language=invitation.language,
        **{"completed_at": submitted_at, **own},
    )
    if text:
        question = Question.objects.get(version=invitation.version, key="comment")
        Answer.objects.create(response=response, question=question, text=text)
    return response


def make_message(invitation: Invitation, **fields) -> OutgoingMessage:
    """The mail (or what else) of an invitation, as it stands once it was accepted."""
    defaults = {
        "key": f"invitation:{invitation.pk}",
        "to": invitation.email,
        "state": OutgoingMessage.State.ACCEPTED,
        "due_at": invitation.due_at,
        "handed_over_at": invitation.due_at,
        "attempts": 1,
    }
    return OutgoingMessage.objects.create(client=invitation.client, invitation=invitation, **{**defaults, **fields})


def make_login(name: str = "lena", **fields) -> Login:
    return Login.objects.create_user(username=name, password="kennwort", is_staff=True, **fields)


def give_access(login: Login, client: Client, role: str, team: Team | None = None) -> Access:
    return Access.objects.create(login=login, client=client, role=role, team=team)
