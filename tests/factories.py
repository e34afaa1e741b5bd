"""Plain functions that make the rows tests need. What a test does not name gets a plain, valid value."""

import datetime as dt
import itertools

from django.utils import timezone

from surveys import evidence, wording
from surveys.models import (
    Access,
    Agent,
    Answer,
    Campaign,
    Client,
    Contact,
    Customer,
    Door,
    FlaggedSheet,
    Invitation,
    LegalBasis,
    Login,
    Mark,
    OpenLink,
    OutgoingMessage,
    Question,
    Response,
    Survey,
    SurveyVersion,
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


OPTIONS = ("phone_line", "email", "chat")
OWN_WORDING = {
    "single": {
        "de": {"ask": "Wie haben Sie uns erreicht?", "options": ("Telefon", "E-Mail", "Chat")},
        "en": {"ask": "How did you reach us?", "options": ("Phone", "Email", "Chat")},
        "ar": {"ask": "كيف تواصلتم معنا؟", "options": ("الهاتف", "البريد", "الدردشة")},
    },
    "yes_no": {
        "de": {"ask": "Haben Sie uns schon früher gefragt?", "options": {"yes": "Ja", "no": "Nein"}},
        "en": {"ask": "Had you asked us before?", "options": {"yes": "Yes", "no": "No"}},
        "ar": {"ask": "هل سألتمونا من قبل؟", "options": {"yes": "نعم", "no": "لا"}},
    },
}
for _texts in OWN_WORDING["single"].values():
    _texts["options"] = dict(zip(OPTIONS, _texts["options"], strict=True))
for _worded in OWN_WORDING.values():  # every other language in English words
    _worded |= {language: _worded["en"] for language in wording.SPOKEN if language not in _worded}
OWN_WORDING["multiple"] = OWN_WORDING["single"]


def make_long_survey(client: Client, kind: str = "nps", is_one_page: bool = False) -> Survey:
    """Every kind of question: the score and its reason; for the unhappy what went wrong; a third page for all.

    1 score, comment · 2 solved (must be answered), ease, satisfaction, wrong: only detractors · 3 way, again, and more:
    a text for those who reached us by chat or phone, which page 3 itself brings up.
    """
    survey = Survey.objects.create(client=client, kind=kind, name=f"long {kind} {next(_number)}")
    version = SurveyVersion.objects.create(survey=survey, number=1)
    unhappy = [] if is_one_page else [{"of": "group", "values": ["detractor"]}]
    by_voice = [] if is_one_page else [{"of": "answer", "key": "way", "values": ["phone_line", "chat"]}]
    asked = [
        ("score", kind, {"is_required": True}),
        ("comment", "text", {}),
        ("solved", "solved", {"is_required": True, "conditions": unhappy, "starts_page": not is_one_page}),
        ("ease", "ces", {"conditions": unhappy}),
        ("satisfaction", "csat", {"conditions": unhappy}),
        ("wrong", "multiple", {"conditions": unhappy}),
        ("way", "single", {"starts_page": not is_one_page}),
        ("again", "yes_no", {}),
        ("more", "text", {"conditions": by_voice}),
    ]
    for position, (key, question_kind, fields) in enumerate(asked):
        standard = "comment" if question_kind == "text" else question_kind
        worded = OWN_WORDING.get(question_kind) or wording.STANDARDS[standard]
        if question_kind in ("single", "multiple"):
            fields["options"] = list(OPTIONS)
        Question.objects.create(
            version=version, position=position, key=key, kind=question_kind, wording=worded, **fields
        )
    wording.publish(survey, NOW - dt.timedelta(days=400))
    return survey


def make_campaign(client: Client, kind: str = "csat", **fields) -> Campaign:
    defaults = {
        "survey": fields.get("survey") or make_survey(client, kind),
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


def make_unverified(client: Client, score: int = 3, text: str = "", kind: str = "nps", **fields) -> Response:
    """A response from an open link, whose `name` and `team` may be given."""
    link = {name: fields.pop(name) for name in ("name", "team") if name in fields}
    survey = make_survey(client, kind)
    named = {"name": f"Counter {next(_number)}", "survey": survey} | link
    defaults = {"submitted_at": NOW, "completed_at": fields.get("submitted_at", NOW), "language": "de"}
    response = Response.objects.create(
        client=client,
        open_link=OpenLink.objects.create(client=client, **named),
        door=Door.OPEN,
        version=survey.current,
        kind=kind,
        score=score,
        **{**defaults, **fields},
    )
    if text:
        Answer.objects.create(response=response, question=survey.current.questions.get(key="comment"), text=text)
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


def make_flagged(invitation: Invitation, score: int = 0, text: str = "", **fields) -> FlaggedSheet:
    """A flagged sheet of an invitation as `flagged.keep` leaves it."""
    said = {"score": score, "comment": text} if text else {"score": score}
    sheet = {"said": said, "wants_call": None, "phone": "", "is_last": True, "is_preselected": False, "sheet_id": ""}
    defaults = {"door": Door.PERSONAL, "evidence": ["untouched"], "submitted_at": NOW}
    return FlaggedSheet.objects.create(
        client=invitation.client,
        invitation=invitation,
        version=invitation.version,
        kind=invitation.version.survey.kind,
        score=score,
        language=invitation.language,
        sheet=sheet,
        **{**defaults, **fields},
    )


def typed_by_a_person(at: dt.datetime | None = None, **fields) -> dict:
    """A form as a person sends it (at a moment, else now) who looked at its page for two seconds, and touched it."""
    made_at = (at or timezone.now()) - dt.timedelta(seconds=2)
    return {"made": evidence.made(made_at), "script": "1", "touched": "1", **fields}


def make_login(name: str = "lena", **fields) -> Login:
    return Login.objects.create_user(username=name, password="kennwort", is_staff=True, **fields)


def give_access(login: Login, client: Client, role: str, team: Team | None = None) -> Access:
    return Access.objects.create(login=login, client=client, role=role, team=team)
