"""Who sits before which sheet: one person, what they are asked, by which door, until when, and what they sent so far.

The links in survey mails lead here, and every other door: open links, kiosks, the API. A token names an invitation, an
open link or a sheet, and nothing else; whose it is and whether it may still be answered stands in the rows.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from . import prepared, questionnaire, wording
from .delivery import links
from .models import Agent, Client, Door, Invitation, OpenLink, Question, Response, SurveyVersion, Visit
from .prepared import Prepared, Row
from .questionnaire import Given, Said, Situation

CHANGEABLE = dt.timedelta(hours=24)  # how long an answer from an open link can be completed and changed
AT_KIOSK = dt.timedelta(minutes=10)  # how long a sheet can be completed where the next person waits

# What no page of a sheet reads. Reading and sending so many columns takes PostgreSQL as long as finding the row.
_UNREAD = {
    "": "campaign contact wave reason about_at due_at rules medium email phone agent team contact_reason is_goodwill",
    "client__": "from_name from_email reply_to holiday_region messages_per_hour messages_per_domain_and_hour "
    "dkim_selectors sms_sender sms_budget_per_day is_active",
    "client__appearance__": "logo embed_origins",
    "customer__": "client number name email language segment time_zone first_seen_at",
}
_ASKED = Prepared(
    lambda public_id: (
        Invitation.objects.filter(is_asked=True, public_id=public_id)
        .select_related("client__appearance", "customer", "response")
        .defer(*(prefix + name for prefix, names in _UNREAD.items() for name in names.split()))
        .order_by()
    ),
    uuid.UUID(int=0),
)
_ROSTER = Prepared(
    lambda public_id: Agent.objects.filter(client__invitations__public_id=public_id).order_by().values_list("name"),
    uuid.UUID(int=0),
)


class LinkState(enum.StrEnum):
    OPEN = "open"  # nothing sent yet, or not all of it
    ANSWERED = "answered"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"  # an open link that was switched off, or has nothing to ask
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Sitting:
    """One person before one sheet: who is asked what, by which door, until when, and what they sent so far.

    Of an invitation, or of an open link with the number (`sheet_id`) of the sheet that was begun there. `roster`: the
    client's agents by name, where they were read along with the rest.
    """

    client: Client
    version: SurveyVersion
    door: Door
    language: str
    form_of_address: str
    expires_at: dt.datetime
    situation: Situation
    invitation: Invitation | None = None
    open_link: OpenLink | None = None
    sheet_id: uuid.UUID | None = None
    response: Response | None = None
    roster: list[str] | None = None

    @property
    def kind(self) -> str:
        return self.version.survey.kind

    @property
    def said(self) -> dict[str, Given]:
        """What is stored so far. One query for the answers."""
        return questionnaire.said_in(self.response) if self.response else {}

    def shown(self, said: Said) -> list[Question]:
        """The questions that are for this person, by what was said."""
        return questionnaire.shown(questionnaire.questions_of(self.version), self.kind, self.situation, said)

    def can_change(self, at: dt.datetime) -> bool:
        """Whether what was sent may still be changed: until the link expires; never where the next person stands.

        Nor behind an open link that was switched off: whoever was in the middle of a sheet may only go on to its end.
        """
        is_withdrawn = self.invitation is not None and self.invitation.withdrawn_at is not None
        is_off = self.open_link is not None and not self.open_link.is_open
        return at < self.expires_at and not (is_withdrawn or is_off) and self.door != Door.KIOSK


@dataclass(frozen=True)
class Link:
    """What a link leads to. An unknown one has no sitting."""

    state: LinkState
    sitting: Sitting | None = None

    @property
    def invitation(self) -> Invitation | None:
        return self.sitting and self.sitting.invitation

    @property
    def response(self) -> Response | None:
        return self.sitting and self.sitting.response


def open_link(token: str, at: dt.datetime) -> Link:
    """What the answer link leads to at a moment. Writes nothing. One query, none for a forged token."""
    return link_to(row_of(token), at)


def link_to(asked: Row | None, at: dt.datetime) -> Link:
    """What the link leads to whose row this is."""
    return _link(sitting_in(asked), at) if asked else Link(LinkState.UNKNOWN)


def sitting_in(asked: Row) -> Sitting:
    """The sitting of the invitation whose row this is, by the version that this process keeps."""
    invitation = asked.model()
    invitation.version = questionnaire.version_of(invitation.version_id)
    return sitting_of(invitation, roster=asked.beside)


def sitting_of(invitation: Invitation, door: Door = Door.PERSONAL, roster: list[str] | None = None) -> Sitting:
    """The sitting of one invitation, with its response so far."""
    response = getattr(invitation, "response", None)
    language = (response or invitation).language
    return Sitting(
        client=invitation.client,
        version=invitation.version,
        door=door,
        language=language,
        form_of_address=invitation.form_of_address,
        expires_at=invitation.expires_at,
        situation=Situation(language, invitation.channel, invitation.segment),
        invitation=invitation,
        response=response,
        roster=roster,
    )


def sitting_at(
    open_link: OpenLink,
    version: SurveyVersion,
    sheet_id: uuid.UUID,
    at: dt.datetime,
    wishes: Iterable[str] = (),
    response: Response | None = None,
) -> Sitting:
    """The sitting of whoever stands before an open link: a fresh sheet, or one with its response so far.

    A fresh one is in the first language wished for that the survey is worded in.
    """
    offered = wording.languages_of(questionnaire.questions_of(version))
    language = response.language if response else wording.language_for(wishes, offered, open_link.client)
    begun_at = response.submitted_at if response else at
    return Sitting(
        client=open_link.client,
        version=version,
        door=Door(open_link.door),
        language=language,
        form_of_address=open_link.client.form_of_address,
        expires_at=begun_at + (AT_KIOSK if open_link.door == Door.KIOSK else CHANGEABLE),
        situation=Situation(language),
        open_link=open_link,
        sheet_id=sheet_id,
        response=response,
    )


def sheet_token(purpose: str, sitting: Sitting) -> str:
    """The signed number of one sheet of an open link, which names the wording that it is about, too."""
    return links.make(purpose, f"{sitting.open_link.public_id.hex}.{sitting.sheet_id.hex}.{sitting.version.pk}")


def open_sheet(purpose: str, token: str, at: dt.datetime, wishes: Iterable[str] = ()) -> Link:
    """What the number of a sheet leads to, for this purpose. Writes nothing.

    One query, two while nothing is stored, none for a forged token.
    """
    if (value := links.read(purpose, token)) is None:
        return Link(LinkState.UNKNOWN)
    link_id, number, version_id = value.split(".")
    sheet_id = uuid.UUID(hex=number)
    begun = Response.objects.filter(public_id=sheet_id, open_link__public_id=uuid.UUID(hex=link_id))
    begun = begun.select_related("open_link__client__appearance", "version__survey")
    if response := begun.defer("open_link__client__appearance__logo").first():
        return _link(sitting_at(response.open_link, response.version, sheet_id, at, response=response), at)
    named = OpenLink.objects.filter(public_id=uuid.UUID(hex=link_id)).select_related("client__appearance", "survey")
    open_link = named.defer("client__appearance__logo").first()
    version = open_link and open_link.survey.versions.published().filter(pk=int(version_id)).first()
    if version is None:
        return Link(LinkState.UNKNOWN)
    version.survey = open_link.survey
    return _link(sitting_at(open_link, version, sheet_id, at, wishes), at)


def row_of(token: str, is_to_write: bool = False) -> Row | None:
    """The invitation that an answer link names, with what its pages read of all but its version, which never changes.

    One query, none if forged. Where something is to be written, with the names that must not stand in it.
    """
    if (value := links.read(links.ANSWER, token)) is None:
        return None
    public_id = uuid.UUID(hex=value)
    return _ASKED.first_beside(_ROSTER, public_id) if is_to_write else _ASKED.first(public_id)


def note_opening(invitation: Invitation, at: dt.datetime, clicked: int | None = None) -> None:
    """Remember when the page was first opened, and the numbers clicked in the mail: one query at most, once of each.

    For the funnel, as a provisional score (the first number), and as evidence (the others). It is neither answer nor
    objection nor consent: mail scanners open pages, too, and click numbers. Two that are clicked at the very same
    moment take a second query.
    """
    news = {}
    if invitation.opened_at is None:
        news |= {"opened_at": at}
    if invitation.clicked_at is None and clicked is not None:
        news |= {"clicked_at": at, "clicked_score": clicked}
    if news and prepared.update(invitation, news, [name for name in news if name.endswith("_at")]):
        return
    if clicked is not None and clicked != invitation.clicked_score:
        click = Visit(invitation=invitation, kind=Visit.Kind.CLICK, score=clicked, at=at)
        Visit.objects.bulk_create([click], ignore_conflicts=True)


def _link(sitting: Sitting, at: dt.datetime) -> Link:
    response, is_open = sitting.response, at < sitting.expires_at
    is_withdrawn = sitting.invitation is not None and sitting.invitation.withdrawn_at is not None
    if response and (response.completed_at or is_withdrawn or not is_open):
        return Link(LinkState.ANSWERED, sitting)
    if is_withdrawn:
        return Link(LinkState.WITHDRAWN, sitting)
    if sitting.open_link and not response and not sitting.open_link.is_open:
        return Link(LinkState.CLOSED, sitting)
    return Link(LinkState.OPEN if is_open else LinkState.EXPIRED, sitting)
