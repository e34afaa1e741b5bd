"""What customers send back: one answer sheet in, step by step, in one row; and the wish not to be asked again.

The links in survey mails lead here, and every other door: open links, kiosks, the API. A token names an invitation, an
open link or a sheet, and nothing else; whose it is and whether it may still be answered stands in the rows.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.db import IntegrityError, transaction

from . import prepared, questionnaire, wording
from .delivery import links
from .models import (
    Agent,
    Answer,
    Client,
    Door,
    Invitation,
    OpenLink,
    Question,
    Response,
    SurveyVersion,
    Visit,
    group_of,
)
from .prepared import Prepared
from .questionnaire import Given, Situation
from .redaction import redact
from .signals import announce

EMPTY = ("", ())  # a question that was left out
CHANGEABLE = dt.timedelta(hours=24)  # how long an answer from an open link can be completed and changed
AT_KIOSK = dt.timedelta(minutes=10)  # how long a sheet can be completed where the next person waits


_ASKED = Prepared(
    lambda public_id: (
        Invitation.objects.filter(is_asked=True, public_id=public_id)
        .select_related("client__appearance", "customer", "version__survey", "response")
        .defer("client__appearance__logo")
    ),
    uuid.UUID(int=0),
)
_OPEN = Prepared(
    lambda pk, at: (
        Invitation.objects.select_for_update()
        .filter(pk=pk, is_asked=True, withdrawn_at=None, expires_at__gt=at)
        .values_list("pk")
    ),
    -1,
    dt.datetime.min.replace(tzinfo=dt.UTC),
)
_ROSTER = Prepared(lambda client_id: Agent.objects.filter(client=client_id).values_list("name"), -1)


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

    Of an invitation, or of an open link with the number (`sheet_id`) of the sheet that was begun there.
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

    @property
    def kind(self) -> str:
        return self.version.survey.kind

    @property
    def said(self) -> dict[str, Given]:
        """What is stored so far. One query for the answers."""
        return questionnaire.said_in(self.response) if self.response else {}

    def can_change(self, at: dt.datetime) -> bool:
        """Whether what was sent may still be changed: until the link expires; never where the next person stands."""
        is_withdrawn = self.invitation is not None and self.invitation.withdrawn_at is not None
        return at < self.expires_at and not is_withdrawn and self.door != Door.KIOSK


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


@dataclass(frozen=True)
class Sheet:
    """A checked answer sheet, or one page of it: what was said by question key, the score on its scale among it.

    A question that was on the page and left empty is given as "" or (): what stood there is taken back. `wants_call` is
    None where the page did not ask; `phone` is kept only with it. `is_last`: nothing is left to ask.
    """

    said: Mapping[str, Given] = field(default_factory=dict)
    wants_call: bool | None = None
    phone: str = ""
    is_last: bool = True
    is_preselected: bool = False
    language: str = ""  # of the page it was answered in; empty: the sitting's


class LinkClosed(Exception):
    """It may not be answered any more: withdrawn or expired, perhaps while the form stood open."""


def open_link(token: str, at: dt.datetime) -> Link:
    """What the answer link leads to at a moment. Writes nothing. One query, none for a forged token."""
    invitation = invitation_of(links.ANSWER, token)
    return _link(sitting_of(invitation), at) if invitation else Link(LinkState.UNKNOWN)


def sitting_of(invitation: Invitation, door: Door = Door.PERSONAL) -> Sitting:
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


def invitation_of(purpose: str, token: str) -> Invitation | None:
    """The invitation that a token names for this purpose, with all that its pages read: one query, none if forged."""
    value = links.read(purpose, token)
    if value is None:
        return None
    return _ASKED.first(uuid.UUID(hex=value))


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
    untouched = {name: None for name in news if name.endswith("_at")}
    if news and Invitation.objects.filter(pk=invitation.pk, **untouched).update(**news):
        return
    if clicked is not None and clicked != invitation.clicked_score:
        click = Visit(invitation=invitation, kind=Visit.Kind.CLICK, score=clicked, at=at)
        Visit.objects.bulk_create([click], ignore_conflicts=True)


def record(sitting: Sitting, sheet: Sheet, at: dt.datetime) -> Response:
    """Store a step of the sheet, or a change of it: one row, however often and from wherever it is sent.

    The first step needs the score. Once the last step is in, it is announced; and again when it changed afterwards. A
    step that says nothing new writes nothing. Raises LinkClosed where it may not be answered (any more).
    """
    try:
        return _record(sitting, sheet, at, is_begun=sitting.response is not None)
    except IntegrityError:  # another tab was first: what it stored is what we add to
        return _record(sitting, sheet, at, is_begun=True)


def snapshot(response: Response) -> dict:
    """What a response says, as it is kept in `Response.first` when it is changed."""
    return {
        "said": questionnaire.said_in(response),
        "wants_call": response.wants_call,
        "submitted_at": response.submitted_at.isoformat(),
    }


def _link(sitting: Sitting, at: dt.datetime) -> Link:
    response, is_open = sitting.response, at < sitting.expires_at
    is_withdrawn = sitting.invitation is not None and sitting.invitation.withdrawn_at is not None
    if response and (response.completed_at or is_withdrawn or not is_open):
        return Link(LinkState.ANSWERED, sitting)
    if is_withdrawn:
        return Link(LinkState.WITHDRAWN, sitting)
    return Link(LinkState.OPEN if is_open else LinkState.EXPIRED, sitting)


@transaction.atomic
def _record(sitting: Sitting, sheet: Sheet, at: dt.datetime, is_begun: bool) -> Response:
    response = _held(sitting, at, is_begun)
    said = redacted(sheet.said, sitting)
    if response is None:
        response, is_news = _create(sitting, sheet, said, at), True
    else:
        before = questionnaire.said_in(response)
        is_news = _change(response, sheet, said, before, at)
        said = before | said
    if sheet.is_last:
        _forget_unasked(response, sitting, said)
    if is_news and response.completed_at:
        # Robust: nothing that follows from an answer may turn it into an error.
        transaction.on_commit(partial(announce, response.pk), robust=True)
    return response


def _held(sitting: Sitting, at: dt.datetime, is_begun: bool) -> Response | None:
    """What is stored so far, read again under a lock (on SQLite the transaction itself holds it).

    A withdrawal cannot slip in between, and no other tab.
    """
    if sitting.invitation is None:
        if at >= sitting.expires_at:
            raise LinkClosed(str(sitting.sheet_id))
        return Response.objects.select_for_update().filter(public_id=sitting.sheet_id).first() if is_begun else None
    if not _OPEN.column(sitting.invitation.pk, at):
        raise LinkClosed(str(sitting.invitation.public_id))
    return Response.objects.filter(invitation=sitting.invitation).first() if is_begun else None


def _create(sitting: Sitting, sheet: Sheet, said: dict[str, Given], at: dt.datetime) -> Response:
    score = said[Question.SCORE]
    response = Response(
        client=sitting.client,
        invitation=sitting.invitation,
        open_link=sitting.open_link,
        door=sitting.door,
        public_id=sitting.sheet_id or uuid.uuid4(),
        version=sitting.version,
        kind=sitting.kind,
        score=score,
        group=group_of(sitting.kind, score),
        language=sheet.language or sitting.language,
        wants_call=bool(sheet.wants_call),
        phone=sheet.phone if sheet.wants_call else "",
        is_preselected=sheet.is_preselected,
        submitted_at=at,
        completed_at=at if sheet.is_last else None,
    )
    prepared.insert([response])
    _store(response, sitting.version, {key: given for key, given in said.items() if given not in EMPTY})
    return response


def _change(
    response: Response, sheet: Sheet, said: dict[str, Given], before: dict[str, Given], at: dt.datetime
) -> bool:
    """Bring the row up to date; False if the sheet says nothing new. What was said first is kept once it is altered."""
    differs = {key: given for key, given in said.items() if given != before.get(key)}
    news = {key: given for key, given in differs.items() if key in before or given not in EMPTY}
    altered = news.keys() & before.keys()
    call = (sheet.wants_call, sheet.phone if sheet.wants_call else "")
    is_call_new = sheet.wants_call is not None and call != (response.wants_call, response.phone)
    is_completed_now = sheet.is_last and not response.completed_at
    if not (news or is_call_new or is_completed_now):
        return False
    if altered or (is_call_new and response.completed_at):
        response.first = response.first or snapshot(response)
        response.changed_at = at
    response.score = said.get(Question.SCORE, response.score)
    response.language = sheet.language or response.language
    if is_call_new:
        response.wants_call, response.phone = call
    if is_completed_now:
        response.completed_at = at
    response.save()
    _take_back(response, altered)
    _store(response, response.version, news)
    return True


def _take_back(response: Response, keys: Iterable[str]) -> None:
    """What is answered anew. A text stays the row that it is: what was read in it belongs to it."""
    if keys := set(keys) - {Question.SCORE}:
        response.answers.filter(question__key__in=keys).exclude(question__kind=Question.Kind.TEXT).delete()


def _store(response: Response, version: SurveyVersion, said: Mapping[str, Given]) -> None:
    """Write what was said, but for the score, which stands in the response. An empty text takes the answer back."""
    questions = {question.key: question for question in questionnaire.questions_of(version)}
    new, texts = [], []
    for key, given in said.items():
        if key == Question.SCORE:
            continue
        if isinstance(given, tuple):
            new += [Answer(response=response, question=questions[key], choice=choice) for choice in given]
        elif questions[key].kind == Question.Kind.TEXT:
            texts.append(Answer(response=response, question=questions[key], text=given))
        elif given != "":
            column = {"value": given} if isinstance(given, int) else {"choice": given}
            new.append(Answer(response=response, question=questions[key], **column))
    empty = [answer.question for answer in texts if not answer.text]
    if empty:
        response.answers.filter(question__in=empty).delete()
    if new := [*new, *(answer for answer in texts if answer.text)]:
        prepared.insert(new, "ON CONFLICT (response_id, question_id, choice) DO UPDATE SET text = excluded.text")


def _forget_unasked(response: Response, sitting: Sitting, said: Mapping[str, Given]) -> None:
    """Answers to questions that are none for this customer after all, since an earlier answer was changed."""
    questions = questionnaire.questions_of(sitting.version)
    shown = questionnaire.shown(questions, sitting.kind, sitting.situation, said)
    if unasked := said.keys() - {question.key for question in shown}:
        response.answers.filter(question__key__in=unasked).delete()


def redacted(said: Mapping[str, Given], sitting: Sitting) -> dict[str, Given]:
    """Texts without personal data, the client's agents included; empty where nothing visible was written."""
    kinds = {question.key: question.kind for question in questionnaire.questions_of(sitting.version)}
    texts = {key: given.strip() for key, given in said.items() if kinds.get(key) == Question.Kind.TEXT}
    if any(texts.values()):
        names = _ROSTER.column(sitting.client.pk)
        texts = {key: redact(text, names=names).strip() for key, text in texts.items()}
    return dict(said) | texts
