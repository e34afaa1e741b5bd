"""The doors for whoever comes by: open links and QR codes, forms in a help page's frame, kiosks.

Each shows a fresh sheet with a signed number of its own, and writes nothing. Posted, the sheet is stored under that
number, however often it is posted, and goes on at an address of its own. Nobody knows who answers: it is unverified.
"""

import datetime as dt
import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation

from .. import flagged, sittings, wording
from ..delivery import links
from ..models import Door, OpenLink
from ..responses import LinkClosed
from ..sittings import Link, LinkState, Sitting
from . import sheets, throttle
from .frame import locale_of, page, speaking, wishes_of

ROUTES = {Door.OPEN: "open-link", Door.EMBED: "embed", Door.KIOSK: "kiosk"}
NUMBER = "sheet"  # the hidden field with a sheet's number
# Seconds until a kiosk is ready for the next person: after the thanks, and on a sheet that nobody touches.
AFTER_THANKS, UNTOUCHED = 12, 90


def path_of(open_link: OpenLink) -> str:
    """The path of the door that this link is."""
    token = links.make_short(links.OPEN, open_link.public_id)
    return reverse(ROUTES[Door(open_link.door)], args=[token])


@throttle.knows_its_links
@links.page("GET", "HEAD", "POST")
def start(request: HttpRequest, token: str, door: Door) -> HttpResponse:
    """The first page of a fresh sheet; posted, the sheet is begun and goes on at its own address."""
    now, public_id = timezone.now(), links.read(links.OPEN, token)
    if public_id is None:
        return _unknown(request, now)
    sitting = posted = _posted(request, public_id, door, now)
    if posted is None:
        open_link = _open_link(public_id, door)
        if open_link is None:
            return _unknown(request, now)
        version = open_link.survey.current if open_link.is_open else None
        if version is None:
            return _framed(_closed(request, open_link), open_link)
        version.survey = open_link.survey
        sitting = sittings.sitting_at(open_link, version, uuid.uuid4(), now, wishes_of(request))
    with speaking(request, sitting) as sitting:
        answer = _step(request, sitting, now, is_stale=request.method == "POST" and posted is None)
        return _framed(answer, sitting.open_link)


@throttle.knows_its_links
@links.page("GET", "HEAD", "POST")
def go_on(request: HttpRequest, token: str) -> HttpResponse:
    """Further pages of a sheet that was begun, and its changes."""
    now = timezone.now()
    link = sittings.open_sheet(links.SHEET, token, now, wishes_of(request))
    if link.sitting is None:
        return _unknown(request, now)
    with speaking(request, link.sitting) as sitting:
        is_change = "change" in request.GET or request.method == "POST"
        goes_on = link.state == LinkState.OPEN or (sitting.can_change(now) and is_change)
        answer = _step(request, sitting, now) if goes_on else _ended(link, sitting, now)
        return _framed(answer, sitting.open_link)


@throttle.knows_its_links
@links.page("GET", "HEAD")
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What happens now; at a kiosk for some seconds only, without a word of what was said."""
    now = timezone.now()
    link = sittings.open_sheet(links.SHEET, token, now, wishes_of(request))
    if link.sitting is None:
        return _unknown(request, now)
    with speaking(request, link.sitting) as sitting:
        if link.state != LinkState.OPEN:
            answer = _ended(link, sitting, now, is_new=True)
        elif flagged.begun(sitting):
            answer = _received(sitting)
        else:
            answer = HttpResponseRedirect(reverse("open-sheet", args=[token]))
        return _framed(answer, sitting.open_link)


def _step(request: HttpRequest, sitting: Sitting, at: dt.datetime, is_stale: bool = False) -> HttpResponse:
    """A page of the sheet; of one that was sent at a kiosk, nothing is ever shown or changed again."""
    if sitting.door == Door.KIOSK and sitting.response and sitting.response.completed_at:
        return HttpResponseRedirect(_way(sitting).thanks)
    try:
        return sheets.step(request, sitting, at, _way(sitting, is_stale))
    except LinkClosed:  # the form stood open for longer than it may be changed
        return _ended(Link(LinkState.ANSWERED if sitting.response else LinkState.EXPIRED, sitting), sitting, at)


def _ended(link: Link, sitting: Sitting, at: dt.datetime, is_new: bool = False) -> HttpResponse:
    """The thanks. A kiosk shows them while the same person stands there, and is then ready for the next one."""
    if sitting.door != Door.KIOSK or sitting.response is None:
        return sheets.end(link, sitting, at, is_new, _way(sitting))
    sent_at = sitting.response.completed_at or sitting.response.submitted_at
    if at >= sent_at + 2 * dt.timedelta(seconds=AFTER_THANKS):
        return HttpResponseRedirect(path_of(sitting.open_link))
    return _received(sitting)


def _received(sitting: Sitting) -> HttpResponse:
    """Thanks that repeat nothing."""
    if sitting.door != Door.KIOSK:
        return sheets.received(sitting)
    answer = page("thanks_kiosk", sitting.client, [], _way(sitting).frame)
    answer["Refresh"] = f"{AFTER_THANKS}; url={path_of(sitting.open_link)}"
    return answer


def _way(sitting: Sitting, is_stale: bool = False) -> sheets.Way:
    token = sittings.sheet_token(links.SHEET, sitting)
    frame = {
        "door": sitting.door,
        "hidden": {NUMBER: sittings.sheet_token(links.BLANK, sitting)},
        "start_path": path_of(sitting.open_link),
        "untouched_seconds": UNTOUCHED if sitting.door == Door.KIOSK else None,
    }
    return sheets.Way(reverse("open-sheet-thanks", args=[token]), reverse("open-sheet", args=[token]), frame, is_stale)


def _open_link(public_id: str, door: Door) -> OpenLink | None:
    """The link of this number, at its own door only. One query."""
    named = OpenLink.objects.filter(public_id=uuid.UUID(hex=public_id), door=door)
    return named.select_related("client__appearance", "survey").defer("client__appearance__logo").first()


def _posted(request: HttpRequest, public_id: str, door: Door, at: dt.datetime) -> Sitting | None:
    """The sitting of the number in the form, if this very link handed it out and is still open."""
    if request.method != "POST":
        return None
    sitting = sittings.open_sheet(links.BLANK, request.POST.get(NUMBER, ""), at, wishes_of(request)).sitting
    if sitting is None or (sitting.open_link.public_id.hex, sitting.door) != (public_id, door):
        return None
    return sitting if sitting.open_link.is_open else None


def _closed(request: HttpRequest, open_link: OpenLink) -> HttpResponse:
    """What a link says that was switched off, or whose survey was never published."""
    client = open_link.client
    language = wording.language_for(wishes_of(request), list(wording.SPOKEN), client)
    with translation.override(locale_of(language, client.form_of_address)):
        return page("closed", client, [], {"state": LinkState.CLOSED, "door": open_link.door}, status=410)


def _unknown(request: HttpRequest, at: dt.datetime) -> HttpResponse:
    with speaking(request, None):
        return sheets.end(Link(LinkState.UNKNOWN), None, at)


def _framed(answer: HttpResponse, open_link: OpenLink) -> HttpResponse:
    """Only a form for help pages may stand in a frame, and only on the pages that its client lists."""
    appearance = getattr(open_link.client, "appearance", None)
    if open_link.door == Door.EMBED and appearance and appearance.origins:
        answer._csp_replace = {"frame-ancestors": appearance.origins}
        answer.xframe_options_exempt = True
    return answer
