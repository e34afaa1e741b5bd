"""Answers that bear the marks of a machine: kept beside those that count, followed to their end, and given back.

They use up no link and change no answer. Whoever sends one sees what everybody sees.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import replace

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from . import responses, sittings
from .models import FlaggedSheet, Invitation, Login, Question, Response
from .questionnaire import Given
from .responses import LinkClosed, Sheet
from .sittings import Sitting

MOST = 20  # sheets of one link that are kept: whoever sent as many has shown what it is


class CannotCount(Exception):
    """Why a flagged answer stays one, in words."""


def keep(
    sitting: Sitting, sheet: Sheet, marks: Iterable[str], at: dt.datetime, begun: FlaggedSheet | None = None
) -> None:
    """Store a sheet as flagged, texts redacted; a later step of one that was begun completes its row.

    The same sheet again adds nothing, nor does any beyond `MOST` of one invitation.
    """
    said = responses.redacted(sheet.said, sitting)
    if begun:
        _complete(begun, replace(sheet, said=said), marks, sitting)
        return
    if sitting.response:  # a later page has no score of its own
        said = {Question.SCORE: sitting.response.score, **said}
    stored = _stored(replace(sheet, said=said), sitting)
    with transaction.atomic():
        if sitting.invitation:  # two at once: the second sees what the first one stored
            list(Invitation.objects.select_for_update().filter(pk=sitting.invitation.pk).values_list("pk"))
        known = [kept.sheet for kept in _of(sitting)[:MOST]]
        if stored in known or len(known) == MOST:
            return
        FlaggedSheet.objects.create(
            client=sitting.client,
            invitation=sitting.invitation,
            open_link=sitting.open_link,
            door=sitting.door,
            version=sitting.version,
            kind=sitting.kind,
            score=said[Question.SCORE],
            language=sheet.language or sitting.language,
            sheet=stored,
            evidence=[str(mark) for mark in marks],
            submitted_at=at,
        )


def begun(sitting: Sitting) -> FlaggedSheet | None:
    """The flagged sheet that was sent last where nothing else was: who sent it goes on from there. One query."""
    return None if sitting.response else _of(sitting).first()


def sheet_of(kept: FlaggedSheet) -> Sheet:
    """The sheet as it was sent."""
    said = {key: tuple(given) if isinstance(given, list) else given for key, given in kept.sheet["said"].items()}
    rest = {name: kept.sheet[name] for name in ("wants_call", "phone", "is_last", "is_preselected")}
    return Sheet(said=said, language=kept.language, **rest)


def restore(kept: FlaggedSheet, login: Login, at: dt.datetime) -> Response:
    """Let it count, as of the moment when it was sent. Raises CannotCount, and then changes nothing.

    It does if another answer counts already: a person's own comes before what others think of a machine's.
    """
    with transaction.atomic():
        sitting = _sitting(kept)
        if sitting.response:
            raise CannotCount(_("Another answer counts already; this one stays flagged."))
        changed = FlaggedSheet.objects.filter(pk=kept.pk, restored_at=None).update(restored_at=at, restored_by=login)
        if not changed:
            raise CannotCount(_("It counts already."))
        try:
            return responses.record(sitting, sheet_of(kept), kept.submitted_at)
        except LinkClosed:
            raise CannotCount(_("The invitation was withdrawn; no answer to it counts.")) from None


def _complete(begun: FlaggedSheet, sheet: Sheet, marks: Iterable[str], sitting: Sitting) -> None:
    """A later step of a flagged sheet, with what speaks against that one, too."""
    before = sheet_of(begun)
    merged = Sheet(
        said=before.said | sheet.said,
        wants_call=before.wants_call if sheet.wants_call is None else sheet.wants_call,
        phone=sheet.phone or before.phone,
        is_last=sheet.is_last,
        is_preselected=before.is_preselected,
    )
    begun.sheet, begun.score = _stored(merged, sitting), merged.said[Question.SCORE]
    begun.evidence = list(dict.fromkeys([*begun.evidence, *(str(mark) for mark in marks)]))
    begun.save(update_fields=["sheet", "score", "evidence"])


def _of(sitting: Sitting) -> QuerySet[FlaggedSheet]:
    """Flagged sheets of this invitation, or of this sheet behind an open link; the latest first."""
    if sitting.invitation:
        return FlaggedSheet.objects.filter(invitation=sitting.invitation)
    return FlaggedSheet.objects.filter(open_link=sitting.open_link, sheet__sheet_id=_number(sitting))


def _stored(sheet: Sheet, sitting: Sitting) -> dict[str, object]:
    said: dict[str, Given | list[str]] = {
        key: list(given) if isinstance(given, tuple) else given for key, given in sheet.said.items()
    }
    return {
        "said": said,
        "wants_call": sheet.wants_call,
        "phone": sheet.phone if sheet.wants_call else "",
        "is_last": sheet.is_last,
        "is_preselected": sheet.is_preselected,
        "sheet_id": _number(sitting),
    }


def _number(sitting: Sitting) -> str:
    return sitting.sheet_id.hex if sitting.sheet_id else ""


def _sitting(kept: FlaggedSheet) -> Sitting:
    """The sitting that it was sent in, as it stands now; the invitation is held until the end of the transaction."""
    if kept.invitation_id:
        held = Invitation.objects.select_for_update(of=("self",)).select_related("client", "version__survey")
        return sittings.sitting_of(held.get(pk=kept.invitation_id), kept.door)
    sheet_id = uuid.UUID(hex=kept.sheet["sheet_id"])
    answered = Response.objects.filter(public_id=sheet_id).first()
    return sittings.sitting_at(kept.open_link, kept.version, sheet_id, kept.submitted_at, response=answered)
