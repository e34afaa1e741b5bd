"""What customers send back: one answer sheet in, step by step, in one row, from whatever door it comes."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.db import IntegrityError, transaction

from . import prepared, questionnaire
from .models import Agent, Answer, Invitation, Question, Response, SurveyVersion, group_of
from .prepared import Prepared
from .questionnaire import Given
from .redaction import redact
from .signals import announce
from .sittings import Sitting

EMPTY = ("", ())  # a question that was left out

_OPEN = Prepared(
    lambda pk, at: (
        Invitation.objects.select_for_update()
        .filter(pk=pk, is_asked=True, withdrawn_at=None, expires_at__gt=at)
        .values_list("pk")
    ),
    -1,
    dt.datetime.min.replace(tzinfo=dt.UTC),
)
_ROSTER = Prepared(lambda client_id: Agent.objects.filter(client=client_id).order_by().values_list("name"), -1)


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


def record(sitting: Sitting, sheet: Sheet, at: dt.datetime) -> Response:
    """Store a step of the sheet, or a change of it: one row, however often and from wherever it is sent.

    The first step needs the score. Once the last step is in, it is announced; and again when it changed afterwards. A
    step that says nothing new writes nothing. Raises LinkClosed where it may not be answered (any more).
    """
    if sitting.response is None:
        try:
            return _begin(sitting, sheet, at)
        except IntegrityError:  # another tab was first: what it stored is what we add to
            pass
    return _go_on(sitting, sheet, at)


def snapshot(response: Response) -> dict:
    """What a response says, as it is kept in `Response.first` when it is changed."""
    return {
        "said": questionnaire.said_in(response),
        "wants_call": response.wants_call,
        "submitted_at": response.submitted_at.isoformat(),
    }


def _begin(sitting: Sitting, sheet: Sheet, at: dt.datetime) -> Response:
    """The first step, all of it or nothing. Raises IntegrityError where one was stored already."""
    said = redacted(sheet.said, sitting)
    response = _response(sitting, sheet, said[Question.SCORE], at)
    if sheet.is_last:
        shown = {question.key for question in sitting.shown(said)}
        said = {key: given for key, given in said.items() if key in shown}
    rows = _rows(response, sitting.version, {key: given for key, given in said.items() if given not in EMPTY})
    held = (sitting.invitation.pk, at) if sitting.invitation else None
    is_too_late = sitting.invitation is None and at >= sitting.expires_at
    if is_too_late or not prepared.insert_with(response, rows, "response", _OPEN if held else None, held or ()):
        raise LinkClosed(_name(sitting))
    _announce(response)
    return response


@transaction.atomic
def _go_on(sitting: Sitting, sheet: Sheet, at: dt.datetime) -> Response:
    response = _held(sitting, at)
    if response is None:  # erased meanwhile
        return _begin(sitting, sheet, at)
    said, before = redacted(sheet.said, sitting), questionnaire.said_in(response)
    is_news = _change(response, sheet, said, before, sitting, at)
    if sheet.is_last or response.completed_at:
        _forget_unasked(response, sitting, before | said)
    if is_news:
        _announce(response)
    return response


def _announce(response: Response) -> None:
    """Of a complete answer, once it is committed. Robust: nothing that follows from one may turn it into an error."""
    if response.completed_at:
        transaction.on_commit(partial(announce, response.pk), robust=True)


def _held(sitting: Sitting, at: dt.datetime) -> Response | None:
    """What is stored so far, read again under a lock (on SQLite the transaction itself holds it).

    A withdrawal cannot slip in between, and no other tab.
    """
    if sitting.invitation is None:
        if at >= sitting.expires_at:
            raise LinkClosed(_name(sitting))
        return Response.objects.select_for_update().filter(public_id=sitting.sheet_id).first()
    if not _OPEN.column(sitting.invitation.pk, at):
        raise LinkClosed(_name(sitting))
    return Response.objects.filter(invitation=sitting.invitation).first()


def _name(sitting: Sitting) -> str:
    return str(sitting.invitation.public_id if sitting.invitation else sitting.sheet_id)


def _response(sitting: Sitting, sheet: Sheet, score: int, at: dt.datetime) -> Response:
    """A new one, not stored yet."""
    return Response(
        client=sitting.client,
        invitation=sitting.invitation,
        customer_id=sitting.invitation and sitting.invitation.customer_id,
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


def _change(
    response: Response,
    sheet: Sheet,
    said: dict[str, Given],
    before: dict[str, Given],
    sitting: Sitting,
    at: dt.datetime,
) -> bool:
    """Bring the row up to date; False if the sheet says nothing new. What was said first is kept once it is altered.

    A complete sheet is none any more where its change brings up a question that must be answered.
    """
    differs = {key: given for key, given in said.items() if given != before.get(key)}
    news = {key: given for key, given in differs.items() if key in before or given not in EMPTY}
    altered = news.keys() & before.keys()
    call = (sheet.wants_call, sheet.phone if sheet.wants_call else "")
    is_call_new = sheet.wants_call is not None and call != (response.wants_call, response.phone)
    is_done = not questionnaire.missing(sitting.shown(before | said), before | said)
    is_complete = is_done and (sheet.is_last or response.completed_at is not None)
    is_completed_now = is_complete and not response.completed_at
    if not (news or is_call_new or is_completed_now):
        return False
    if altered or (is_call_new and response.completed_at):
        response.first = response.first or snapshot(response)
        response.changed_at = at
    response.score = said.get(Question.SCORE, response.score)
    response.language = sheet.language or response.language
    if is_call_new:
        response.wants_call, response.phone = call
    response.completed_at = (response.completed_at or at) if is_complete else None
    response.save()
    _take_back(response, altered)
    _store(response, response.version, news)
    return True


def _take_back(response: Response, keys: Iterable[str]) -> None:
    """What is answered anew. A text stays the row that it is: what was read in it belongs to it."""
    if keys := set(keys) - {Question.SCORE}:
        response.answers.filter(question__key__in=keys).exclude(question__kind=Question.Kind.TEXT).delete()


def _store(response: Response, version: SurveyVersion, said: Mapping[str, Given]) -> None:
    """Write what was said. An empty text takes the answer back."""
    rows = _rows(response, version, said)
    if empty := [key for key, given in said.items() if given == ""]:
        response.answers.filter(question__key__in=empty, question__kind=Question.Kind.TEXT).delete()
    if rows:
        prepared.insert(rows, "ON CONFLICT (response_id, question_id, choice) DO UPDATE SET text = excluded.text")


def _rows(response: Response, version: SurveyVersion, said: Mapping[str, Given]) -> list[Answer]:
    """What was said as answers, but for the score, which stands in the response, and what was left out."""
    questions = {question.key: question for question in questionnaire.questions_of(version)}
    rows = []
    for key, given in said.items():
        if key == Question.SCORE or given in EMPTY:
            continue
        question = questions[key]
        for one in dict.fromkeys(given) if isinstance(given, tuple) else [given]:
            kind = "text" if question.kind == Question.Kind.TEXT else "value" if isinstance(one, int) else "choice"
            rows.append(Answer(response=response, question=question, **{kind: one}))
    return rows


def _forget_unasked(response: Response, sitting: Sitting, said: Mapping[str, Given]) -> None:
    """Answers to questions that are none for this customer after all, since an earlier answer was changed."""
    if unasked := said.keys() - {question.key for question in sitting.shown(said)}:
        response.answers.filter(question__key__in=unasked).delete()


def redacted(said: Mapping[str, Given], sitting: Sitting) -> dict[str, Given]:
    """Texts without personal data, the client's agents included; empty where nothing visible was written."""
    kinds = {question.key: question.kind for question in questionnaire.questions_of(sitting.version)}
    texts = {key: given.strip() for key, given in said.items() if kinds.get(key) == Question.Kind.TEXT}
    if any(texts.values()):
        names = _ROSTER.column(sitting.client.pk) if sitting.roster is None else sitting.roster
        texts = {key: redact(text, names=names).strip() for key, text in texts.items()}
    return dict(said) | texts
