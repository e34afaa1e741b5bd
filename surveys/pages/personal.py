"""The pages behind a personal link: the sheet of one invitation, and its thanks."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from .. import responses
from ..delivery import links
from ..responses import LinkState
from . import sheets
from .forms import clicked_score
from .frame import speaking


@links.page("GET", "HEAD", "POST")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The sheet, page by page; the last one leads to the thank-you page."""
    now = timezone.now()
    link = responses.open_link(token, now)
    with speaking(request, link.sitting) as sitting:
        if link.state == LinkState.ANSWERED:
            goes_on = sitting.can_change(now) and ("change" in request.GET or request.method == "POST")
        else:
            goes_on = link.state == LinkState.OPEN
        if not goes_on:
            return sheets.end(link, sitting, now)
        if request.method == "GET":
            clicked = clicked_score(sitting, request.GET.getlist("score"))
            responses.note_opening(sitting.invitation, now, clicked)
        try:
            return sheets.step(request, sitting, now, reverse("answer-thanks", args=[token]))
        except responses.LinkClosed:  # withdrawn while we were reading the form
            return sheets.end(responses.open_link(token, timezone.now()), sitting, now)


@links.page("GET", "HEAD")
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What happens now, and the answer as it is kept."""
    now = timezone.now()
    link = responses.open_link(token, now)
    with speaking(request, link.sitting) as sitting:
        if link.state == LinkState.OPEN:
            return HttpResponseRedirect(reverse("answer", args=[token]))
        return sheets.end(link, sitting, now, is_new=True)
