"""Links that a client's own system shows: in a chat, in an app, as a QR code at a counter. Nothing is sent.

Handing out is the delivery: from then on the invitation's message is accepted, and the same contact gets the same link.
"""

import datetime as dt
import io
from dataclasses import dataclass

import segno
from django.urls import reverse

from .. import invitations
from ..models import Campaign, Contact, Invitation, Medium, OutgoingMessage
from . import links

State = OutgoingMessage.State
Reason = Invitation.Reason

# What closes a link that is out already; all else was judged when it was handed out.
_CLOSES = (Reason.WITHDRAWN, Reason.SUPPRESSED)
_QUIET_MODULES = 4  # light modules around the code (ISO/IEC 18004)
_PIXELS = 10  # a module; a code is some 400 wide then


@dataclass(frozen=True)
class Handout:
    """A link to show, or the reason why there is none. `is_new`: handed out just now."""

    invitation: Invitation
    reason: Reason | None = None
    is_new: bool = False


def hand_out(campaign: Campaign, contact: Contact, at: dt.datetime) -> Handout:
    """The link for a contact of a campaign that asks by link, judged now if it was not judged yet.

    Raises invitations.NotToBeJudged where there can be no verdict (yet). A paused campaign hands out nothing new.
    """
    pk = invitations.judge_now(campaign, contact, at).pk
    related = ("client", "campaign__client", "contact", "customer")
    invitation = Invitation.objects.select_related(*related).get(pk=pk)
    if not invitation.is_asked:
        return Handout(invitation, Reason(invitation.reason))
    message = OutgoingMessage.objects.filter(invitation=invitation, is_reminder=False, medium=Medium.LINK)
    is_out = message.filter(state=State.ACCEPTED).exists()
    reason = invitations.reasons_to_cancel([invitation], at).get(pk)
    if is_out:
        return Handout(invitation, reason if reason in _CLOSES else None)
    if reason:
        invitations.cancel(invitation, reason, at)
        return Handout(invitation, reason)
    if invitation.campaign.is_paused:
        return Handout(invitation, Reason.PAUSED)
    is_new = message.filter(state=State.PLANNED).update(state=State.ACCEPTED, handed_over_at=at, attempts=1)
    return Handout(invitation, is_new=bool(is_new))


def handed_out(campaign: Campaign, public_id: object) -> Invitation | None:
    """The invitation behind a link that this campaign has handed out."""
    asked = Invitation.objects.filter(campaign=campaign, public_id=public_id, is_asked=True, withdrawn_at=None)
    return asked.filter(messages__medium=Medium.LINK, messages__state=State.ACCEPTED).first()


def answer_link(invitation: Invitation) -> str:
    """The address of the answer page, as short as it can safely be: it is paid for by the character, or scanned."""
    return links.absolute(reverse("answer", args=[links.make_short(links.ANSWER, invitation.public_id)]))


def qr_svg(text: str) -> bytes:
    """Black on white in any size, error correction M."""
    return _drawn(text, kind="svg", xmldecl=False, omitsize=True, svgclass=None, lineclass=None)


def qr_png(text: str) -> bytes:
    return _drawn(text, kind="png", scale=_PIXELS)


def _drawn(text: str, **options) -> bytes:
    code, out = segno.make_qr(text, error="m", boost_error=False), io.BytesIO()
    code.save(out, border=_QUIET_MODULES, dark="#000", light="#fff", **options)
    return out.getvalue()
