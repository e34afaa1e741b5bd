"""The pages behind a personal link: the sheet of one invitation, and its thanks."""

import datetime as dt

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from .. import evidence, flagged, responses, sittings
from ..delivery import links
from ..delivery.survey_mail import path_to
from ..models import Visit
from ..sittings import Link, LinkState, Sitting
from . import opening, sheets, throttle
from .forms import clicked_score
from .frame import speaking


@throttle.knows_its_links
@links.page("GET", "HEAD", "POST")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The sheet, page by page; the last one leads to the thank-you page."""
    now, asked = timezone.now(), sittings.row_of(token, is_to_write=request.method == "POST")
    page = opening.first_page(request, token, asked, now) if asked else None
    return _sheet(request, token, sittings.link_to(asked, now), now) if page is None else page


@throttle.knows_its_links
@links.page("GET", "HEAD", "POST")
def decoy(request: HttpRequest, token: str) -> HttpResponse:
    """The same sheet behind a link that no person sees: whoever comes here is a machine, and is not told so."""
    now = timezone.now()
    return _sheet(request, token, sittings.open_link(token, now), now, by_decoy=True)


def _sheet(request: HttpRequest, token: str, link: Link, now: dt.datetime, by_decoy: bool = False) -> HttpResponse:
    with speaking(request, link.sitting) as sitting:
        if link.state == LinkState.ANSWERED:
            goes_on = sitting.can_change(now) and ("change" in request.GET or request.method == "POST")
        else:
            goes_on = link.state == LinkState.OPEN
        if not goes_on:
            return sheets.end(link, sitting, now, way=_way(token))
        _note(request, sitting, now, by_decoy)
        frame = {"decoy": path_to("answer-decoy", token)}
        way = sheets.Way(path_to("answer-thanks", token), frame=frame)
        try:
            return sheets.step(request, sitting, now, way, by_decoy)
        except responses.LinkClosed:  # withdrawn while we were reading the form
            return sheets.end(sittings.open_link(token, timezone.now()), sitting, now, way=_way(token))


def _note(request: HttpRequest, sitting: Sitting, at: dt.datetime, by_decoy: bool) -> None:
    """Remember who came by: one query at most (two if another number was clicked at the very same moment)."""
    if request.method == "POST" or sitting.response:
        return
    if by_decoy:
        evidence.note(sitting.invitation, Visit.Kind.DECOY, at)
    elif request.method == "HEAD":
        evidence.note(sitting.invitation, Visit.Kind.HEAD, at)
    else:
        sittings.note_opening(sitting.invitation, at, clicked_score(sitting.kind, request.GET.getlist("score")))


@throttle.knows_its_links
@links.page("GET", "HEAD")
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What happens now, and the answer as it is kept."""
    now = timezone.now()
    link = sittings.open_link(token, now)
    with speaking(request, link.sitting) as sitting:
        if link.state == LinkState.OPEN:
            if flagged.begun(sitting):
                return sheets.received(sitting)
            return HttpResponseRedirect(path_to("answer", token))
        return sheets.end(link, sitting, now, is_new=True, way=_way(token))


def _way(token: str) -> sheets.Way:
    """Back to the sheet, from what ends it."""
    return sheets.Way(path_to("answer-thanks", token), sheet=path_to("answer", token))
