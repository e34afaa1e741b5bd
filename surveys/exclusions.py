"""Taking an answer out of the scores, and putting it back: proposed by one person, confirmed by another.

Nothing is deleted: each attempt is a row that keeps who, when and why. The answer, its case and its text stay as they
are. To let an answer count is what happens anyway, so one person alone may reject or withdraw.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from .models import Exclusion, Login, Response

State = Exclusion.State


class NotPossible(Exception):
    """Why nothing was changed, in words."""


def propose(response: Response, reason: str, note: str, by: Login, at: dt.datetime) -> Exclusion:
    """Propose to exclude; it counts until another person confirms. Raises NotPossible.

    Of two proposals at once the constraint lets one be made.
    """
    if not response.is_verified:
        raise NotPossible(_("This answer came by a door that is open to all: it is in no score anyway."))
    if reason not in Exclusion.Reason.values:
        raise NotPossible(_("Choose a reason."))
    if reason == Exclusion.Reason.OTHER and not note.strip():
        raise NotPossible(_("Say in the note what the reason is."))
    proposed = {"reason": reason, "note": note.strip()[:500], "proposed_by": by, "proposed_at": at}
    try:
        with transaction.atomic():
            return Exclusion.objects.create(response=response, **proposed)
    except IntegrityError:
        raise NotPossible(_("Somebody has proposed this already.")) from None


def confirm(exclusion: Exclusion, by: Login, at: dt.datetime) -> None:
    """Exclude it from now on, in every period. Raises NotPossible for whoever proposed it."""
    if exclusion.proposed_by_id == by.pk:
        raise NotPossible(_("You proposed this yourself. Somebody else must look at it."))
    _move(exclusion, [State.PROPOSED], state=State.CONFIRMED, decided_by=by, decided_at=at)


def reject(exclusion: Exclusion, by: Login, at: dt.datetime) -> None:
    """It goes on counting. Whoever proposed it takes it back instead (`withdraw`). Raises NotPossible."""
    if exclusion.proposed_by_id == by.pk:
        raise NotPossible(_("You proposed this yourself. Take it back instead."))
    _move(exclusion, [State.PROPOSED], state=State.REJECTED, decided_by=by, decided_at=at)


def withdraw(exclusion: Exclusion, by: Login, at: dt.datetime) -> None:
    """Take back a proposal, or let an excluded answer count again. Raises NotPossible."""
    _move(exclusion, [State.PROPOSED, State.CONFIRMED], state=State.WITHDRAWN, withdrawn_by=by, withdrawn_at=at)


def _move(exclusion: Exclusion, states: list[str], **change) -> None:
    """Claimed by a conditional update: of two people at once, one decides."""
    if not Exclusion.objects.filter(pk=exclusion.pk, state__in=states).update(**change):
        raise NotPossible(_("It was decided meanwhile."))
    exclusion.refresh_from_db()
