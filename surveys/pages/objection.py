"""The page on which a recipient says which surveys they no longer want; also what mail programs post to (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from .. import preferences, sittings
from ..delivery import links
from ..models import Survey
from ..preferences import Scope
from ..sittings import Link, LinkState
from . import sheets, throttle
from .frame import OWN_NAMES, page, speaking

AGAIN = "again"
ONE_CLICK = "One-Click"  # RFC 8058: the body is List-Unsubscribe=One-Click, sent by a mail program without any cookie


@throttle.knows_its_links
@links.page("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Where the recipient stands, and a button for each way on; posted by a mail program, no survey at all any more.

    Pressed, it takes effect at once and says so, however often.
    """
    now, invitation = timezone.now(), preferences.open_link(token)
    with speaking(request, invitation and sittings.sitting_of(invitation), OWN_NAMES) as sitting:
        if invitation is None:
            return sheets.end(Link(LinkState.UNKNOWN), None, now)
        chosen = _choice(request)
        if chosen == AGAIN:
            preferences.subscribe_again(invitation)
        elif chosen:
            preferences.unsubscribe(invitation, now, Scope(chosen))
        preference = preferences.standing(invitation)
        context = {
            "preference": preference,
            "is_new": chosen is not None,
            # An address that was erased leaves no trace: there is nobody to ask.
            "objection": preference.objection or (Scope(chosen) if chosen in set(Scope) else None),
            "is_csat": invitation.version.survey.kind == Survey.Kind.CSAT,
            "name_in_sentence": invitation.client.name_in_sentence(sitting.language),
        }
        status = 400 if request.method == "POST" and not chosen else 200
        return page("unsubscribe", invitation.client, OWN_NAMES, context, invitation, status)


def _choice(request: HttpRequest) -> str | None:
    """What was pressed; None for a GET, and for a post that says nothing we know."""
    if request.method != "POST":
        return None
    if request.POST.get("List-Unsubscribe") == ONE_CLICK:
        return Scope.ALL_SURVEYS
    chosen = request.POST.get("choice")
    return chosen if chosen in {AGAIN, *Scope} else None
