"""A sitting's sheet as pages: one form after the other, each stored as it is posted, and the thank-you at the end.

Every door leads here. `?page=2` is the place in the version's pages; `?change` goes through an answer once more. What
is posted without `?page` is the first page.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import get_language, override

from .. import evidence, flagged, responses, wording
from ..models import Door, Question
from ..questionnaire import Page, Said, missing, pages, questions_of
from ..responses import Sheet
from ..sittings import Link, LinkState, Sitting
from ..templatetags.moments import day
from . import throttle
from .forms import COMMENT_LIMIT, AnswerForm, clicked_score, words_of
from .frame import html, page, respond, unsubscribe_path
from .length import length_of

CLOSED_STATUS = {LinkState.EXPIRED: 410, LinkState.WITHDRAWN: 410, LinkState.CLOSED: 410, LinkState.UNKNOWN: 404}
BY_SCRIPT = "HTTP_X_BY_SCRIPT"  # sent with what survey.js posts: it is told the next address instead of being led there


@dataclass(frozen=True)
class Way:
    """Where a door's sheet leads: to its thanks, and for further pages to `sheet` (empty: where the first one is).

    `frame` is what the templates of that door need besides: `hidden` fields of the form, its `door`, its `start_path`.
    """

    thanks: str
    sheet: str = ""
    frame: Mapping[str, object] = field(default_factory=dict)
    is_stale: bool = False  # what is posted bears no number of ours: it is shown again, filled in
    rehearse: Callable[[Sheet], None] | None = None  # of a preview: takes a sheet instead of its being stored


@dataclass(frozen=True)
class Place:
    """One page of a sitting's version, seen with all that was said so far."""

    sitting: Sitting
    number: int  # from 0
    said: Said

    @property
    def pages(self) -> list[Page]:
        return pages(questions_of(self.sitting.version))

    def asked(self, number: int | None = None, said: Said | None = None) -> list[Question]:
        """The questions of a page (this one) that are for this customer, by what was said (so far)."""
        keys = {question.key for question in self.sitting.shown(self.said if said is None else said)}
        return [one for one in self.pages[self.number if number is None else number] if one.key in keys]

    @property
    def previous(self) -> int | None:
        return next((number for number in reversed(range(self.number)) if self.asked(number)), None)

    def following(self, said: Said) -> int | None:
        """The next page with anything to ask, once this was said, too: perhaps this one again, with what it brought.

        After the last one, the first where a required answer is missing: it was passed over by its address, or
        another tab changed what it depends on.
        """
        before = self.asked()
        left = range(self.number, len(self.pages))
        ahead = (n for n in left if any(one not in before for one in self.asked(n, said)))
        missed = (n for n in range(self.number) if missing(self.asked(n, said), said))
        return next(chain(ahead, missed), None)

    @property
    def asks_call(self) -> bool:
        """Whether we may call is asked where this customer writes first, and on the last page where they never do."""
        if self.sitting.invitation is None:
            return False
        numbers = range(len(self.pages))
        writes = (n for n in numbers if any(one.kind == Question.Kind.TEXT for one in self.asked(n)))
        return self.number == next(writes, numbers[-1])


def step(request: HttpRequest, sitting: Sitting, at: dt.datetime, way: Way, by_decoy: bool = False) -> HttpResponse:
    """One page of the sheet; posted, it is stored and leads to the next one, or to the thanks.

    What bears the marks of a machine is kept apart, and is led on all the same.

    Raises responses.LinkClosed where the link was closed while the form stood open.
    """
    begun = flagged.begun(sitting) if "page" in request.GET else None
    place = _place(request, sitting, flagged.sheet_of(begun).said if begun else sitting.said)
    if request.method != "POST":
        return _form(request, place, _unsent(request, place), way, at)
    form = AnswerForm(sitting, place.asked(), request.POST, asks_call=place.asks_call)
    if way.is_stale:
        return _form(request, place, form, way, at, 400)
    if not way.rehearse and throttle.is_too_much(request, sitting):
        return throttle.told(_form(request, place, form, way, at, throttle.TOO_MUCH))
    goes_back = "back" in request.POST and place.previous is not None
    if not form.is_valid() and not goes_back:
        return _form(request, place, form, way, at, 400)
    following = place.previous if goes_back else place.following({**place.said, **form.said})
    is_preselected = clicked_score(sitting.kind, request.GET.getlist("score")) is not None
    sheet = form.sheet(following is None, is_preselected)
    if way.rehearse:
        way.rehearse(sheet)
    elif (marks := evidence.judge(request.POST, sitting, at, _is_first(place), by_decoy)) or begun:
        flagged.keep(sitting, sheet, marks, at, begun)
    else:
        responses.record(sitting, sheet, at)
    return _go_on(request, way, place, following)


def end(
    link: Link, sitting: Sitting | None, at: dt.datetime, is_new: bool = False, way: Way | None = None
) -> HttpResponse:
    """The thank-you page of an answered link, or why there is nothing to answer; `way.sheet` is where to change it."""
    frame = way.frame if way else {}
    if link.state != LinkState.ANSWERED:
        context = {"state": link.state, "sitting": sitting, **frame}
        client, languages = (sitting.client, _languages(sitting)) if sitting else (None, wording.SPOKEN)
        return page("closed", client, languages, context, link.invitation, CLOSED_STATUS[link.state])
    response, customer = sitting.response, sitting.invitation and sitting.invitation.customer
    context = {
        "response": response,
        "sitting": sitting,
        "words": words_of(sitting),
        # The last two digits tell the customer which number is meant, and a stranger with the link nothing.
        "ending": response.phone[-2:] or (customer.phone_ending if customer else ""),
        "call_by": sitting.client.call_back_by(response.submitted_at),
        "is_new": is_new,
        "change_path": way.sheet if way and sitting.can_change(at) else "",
        "review_url": getattr(getattr(sitting.client, "appearance", None), "review_url", ""),
        **frame,
    }
    return page("thanks", sitting.client, _languages(sitting), context, sitting.invitation)


def received(sitting: Sitting) -> HttpResponse:
    """Thanks that repeat nothing: for a sheet that was kept apart."""
    return page("received", sitting.client, _languages(sitting), {"sitting": sitting}, sitting.invitation)


def _unsent(request: HttpRequest, place: Place) -> AnswerForm:
    """The form as it is opened: with the number clicked in the mail, and with what was said before."""
    clicked, response = clicked_score(place.sitting.kind, request.GET.getlist("score")), place.sitting.response
    initial = dict(place.said) if clicked is None else {**place.said, Question.SCORE: clicked}
    if place.sitting.door == Door.KIOSK:
        initial = {}  # whoever goes back there may be the next person
    elif response:
        initial |= {"wants_call": response.wants_call, "phone": response.phone}
    return AnswerForm(place.sitting, place.asked(), initial=initial, asks_call=place.asks_call)


def first_html(request: HttpRequest, sitting: Sitting, personal: Mapping[str, str]) -> str:
    """The first page of a fresh personal sheet, with these for its open places."""
    place = Place(sitting, 0, {})
    context = _context(request, place, _unsent(request, place), Way(""))
    return html("form", sitting.client, _languages(sitting), {**context, **personal}, _kept(context))


def first_address(request: HttpRequest, clicked: int | None) -> str:
    """Where that page is posted to."""
    return _with(request.path, _query(request, None, clicked))


def _form(
    request: HttpRequest, place: Place, form: AnswerForm, way: Way, at: dt.datetime, status: int = 200
) -> HttpResponse:
    sitting, context = place.sitting, _context(request, place, form, way, status)
    context |= _personal(request, sitting, context["query"], way, at)
    return respond(html("form", sitting.client, _languages(sitting), context, _kept(context)), status)


def _context(request: HttpRequest, place: Place, form: AnswerForm, way: Way, status: int = 200) -> dict[str, object]:
    """What a form shows to everybody in the same place; what is one person's own stands in `_personal`."""
    sitting, query = place.sitting, _asked_for(request, place)
    return {
        **way.frame,
        "form": form,
        "query": query,
        "sitting": sitting,
        "name_in_sentence": sitting.client.name_in_sentence(sitting.language),
        "comment_limit": COMMENT_LIMIT,
        "clicked": query.get("score"),
        "length": length_of(questions_of(sitting.version), sitting.kind, sitting.situation, place.said, place.number),
        "can_go_back": place.previous is not None,
        "is_change": _is_first(place) and sitting.response is not None,
        "is_too_much": status == throttle.TOO_MUCH,
    }


def _personal(
    request: HttpRequest, sitting: Sitting, query: Mapping[str, str], way: Way, at: dt.datetime
) -> dict[str, str]:
    """The open places of a form: addresses, stamps, dates, and the end of a number."""
    invitation, client = sitting.invitation, sitting.client
    return {
        "action": _with(request.path, query),
        # A page that is put right is as old as the one that was wrong.
        "made": request.POST.get("made") or evidence.made(at),
        "decoy": way.frame.get("decoy", ""),
        "ending": invitation.customer.phone_ending if invitation and invitation.customer else "",
        "until": day_of(sitting.expires_at, client.time_zone, get_language()) if sitting.can_change(at) else "",
        "unsubscribe_path": unsubscribe_path(invitation),
    }


def day_of(moment: dt.datetime, time_zone: str, locale: str) -> str:
    return _day(moment.astimezone(ZoneInfo(time_zone)).date(), locale)


@lru_cache(maxsize=1000)
def _day(on: dt.date, locale: str) -> str:
    with override(locale):
        return day(dt.datetime.combine(on, dt.time(12), dt.UTC), dt.UTC)


def _asked_for(request: HttpRequest, place: Place) -> dict[str, str]:
    """What of the address stays in the form's."""
    clicked = clicked_score(place.sitting.kind, request.GET.getlist("score")) if place.previous is None else None
    return _query(request, place.number if Question.SCORE in place.said else None, clicked)


def _kept(context: Mapping[str, object]) -> dict[str, str]:
    """What stays in the address when another language is chosen."""
    return {name: value for name, value in context["query"].items() if name != "lang"}


def _place(request: HttpRequest, sitting: Sitting, said: Said) -> Place:
    """Which page: the one in the address if it can be reached; the first without a score; else where it was left."""
    first = Place(sitting, 0, said)
    reached = [number for number in range(len(first.pages)) if first.asked(number)]
    wished = {str(number + 1): number for number in reached}.get(request.GET.get("page", ""))
    if Question.SCORE not in said or not reached:
        return first
    if wished is not None:
        return Place(sitting, wished, said)
    clicked = clicked_score(sitting.kind, request.GET.getlist("score"))
    if "change" in request.GET or request.method == "POST" or clicked not in (None, said[Question.SCORE]):
        return Place(sitting, reached[0], said)
    left = [n for n in reached if missing(first.asked(n), said) or not any(one.key in said for one in first.pages[n])]
    return Place(sitting, (left or reached[-1:])[0], said)


def _languages(sitting: Sitting) -> list[str]:
    return wording.languages_of(questions_of(sitting.version))


def _is_first(place: Place) -> bool:
    """Whether a sheet begins here, or a complete one is changed; not where somebody went back and forth on the way."""
    response = place.sitting.response
    return place.number == 0 and (response is None or response.completed_at is not None)


def _go_on(request: HttpRequest, way: Way, place: Place, following: int | None) -> HttpResponse:
    """To the next page, or to the thanks. Script is told where to, and where the browser's own way back shall lead."""
    path = way.sheet or request.path
    address = _address(way.thanks, request) if following is None else _address(path, request, following)
    if BY_SCRIPT not in request.META:
        return HttpResponseRedirect(address)
    back = _address(path, request, place.number)
    return HttpResponse(status=201, headers={"Location": address, "Content-Location": back})


def _query(request: HttpRequest, number: int | None, clicked: int | None = None) -> dict[str, str]:
    """What stays in the address from page to page; nothing that a stranger could have put there."""
    query = {} if number is None else {"page": str(number + 1)}
    if "change" in request.GET:
        query["change"] = "1"
    if (chosen := request.GET.get("lang")) in wording.SPOKEN:
        query["lang"] = chosen
    if clicked is not None:
        query["score"] = str(clicked)
    return query


def _address(path: str, request: HttpRequest, number: int | None = None) -> str:
    """The next page in the language that was chosen on this one; to the thanks nothing else goes along."""
    query = _query(request, number)
    return _with(path, query if number is not None else {name: query[name] for name in query.keys() & {"lang"}})


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
