"""A sitting's sheet as pages: one form after the other, each stored as it is posted, and the thank-you at the end.

Every door leads here. `?page=2` is the place in the version's pages; `?change` goes through an answer once more.
"""

import datetime as dt

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from .. import questionnaire, responses, wording
from ..models import Question
from ..questionnaire import Page, Said, pages, questions_of, shown
from ..responses import Link, LinkState, Sitting
from .forms import COMMENT_LIMIT, AnswerForm, clicked_score
from .frame import page

CLOSED_STATUS = {LinkState.EXPIRED: 410, LinkState.WITHDRAWN: 410, LinkState.UNKNOWN: 404}


def step(request: HttpRequest, sitting: Sitting, at: dt.datetime, thanks_path: str) -> HttpResponse:
    """One page of the sheet; posted, it is stored and leads to the next one, or to the thanks.

    Raises responses.LinkClosed where the link was closed while the form stood open.
    """
    said = sitting.said
    place = _place(request, sitting, said)
    clicked = clicked_score(sitting, request.GET.getlist("score"))
    asked = _asked(sitting, place, said)
    if request.method != "POST":
        initial = {"score": clicked, **said} if clicked is None else {**said, "score": clicked}
        if sitting.response:
            initial |= {"wants_call": sitting.response.wants_call, "phone": sitting.response.phone}
        return _form(
            request, sitting, AnswerForm(sitting, asked, initial=initial, asks_call=_asks_call(sitting, place))
        )
    form = AnswerForm(sitting, asked, request.POST, asks_call=_asks_call(sitting, place))
    if not form.is_valid():
        return _form(request, sitting, form, status=400)
    following = _following(sitting, place, {**said, **form.said})
    sheet = form.sheet(is_last=following is None, is_preselected=clicked is not None)
    responses.record(sitting, sheet, at)
    if following is None:
        return HttpResponseRedirect(_address(thanks_path, request))
    return HttpResponseRedirect(_address(request.path, request, page=following + 1))


def end(link: Link, sitting: Sitting | None, at: dt.datetime, is_new: bool = False) -> HttpResponse:
    """The thank-you page of an answered link, or why there is nothing to answer."""
    if link.state != LinkState.ANSWERED:
        invitation = link.invitation
        context = {"state": link.state, "invitation": invitation}
        client, languages = (sitting.client, _languages(sitting)) if sitting else (None, wording.SPOKEN)
        return page("closed", client, languages, context, invitation, CLOSED_STATUS[link.state])
    response, customer = sitting.response, sitting.invitation and sitting.invitation.customer
    texts = [answer.text for answer in response.answers.all() if answer.text]
    context = {
        "response": response,
        "sitting": sitting,
        "texts": texts,
        # The last two digits tell the customer which number is meant, and a stranger with the link nothing.
        "ending": response.phone[-2:] or (customer.phone_ending if customer else ""),
        "call_by": sitting.client.call_back_by(response.submitted_at),
        "is_new": is_new,
        "can_change": sitting.can_change(at),
    }
    return page("thanks", sitting.client, _languages(sitting), context, sitting.invitation)


def _form(request: HttpRequest, sitting: Sitting, form: AnswerForm, status: int = 200) -> HttpResponse:
    clicked = clicked_score(sitting, request.GET.getlist("score"))
    steps = questionnaire.steps(questions_of(sitting.version), sitting.kind, sitting.situation, sitting.said)
    keys = [question.key for question in form.questions]
    context = {
        "form": form,
        "sitting": sitting,
        "name_in_sentence": sitting.client.name_in_sentence(sitting.language),
        "comment_limit": COMMENT_LIMIT,
        "clicked": clicked,
        "number": next((n for n, one in enumerate(steps, 1) if one[0].key in keys), 1),
        "count": len(steps),
    }
    # Another language would be another page, without what was typed.
    languages = [] if form.is_bound else _languages(sitting)
    return page("form", sitting.client, languages, context, sitting.invitation, status, _kept(request))


def _place(request: HttpRequest, sitting: Sitting, said: Said) -> int:
    """Which page: the one in the address if it can be reached; the first without a score; else where it was left."""
    cut = _pages(sitting)
    wished = request.GET.get("page", "")
    reached = [place for place in range(len(cut)) if _asked(sitting, place, said)]
    if Question.SCORE not in said:
        return 0
    if wished.isascii() and wished.isdecimal() and int(wished) - 1 in reached:
        return int(wished) - 1
    if "change" in request.GET or request.method == "POST":
        return 0
    left = [place for place in reached if not any(question.key in said for question in cut[place])]
    return left[0] if left else 0


def _following(sitting: Sitting, place: int, said: Said) -> int | None:
    return next((p for p in range(place + 1, len(_pages(sitting))) if _asked(sitting, p, said)), None)


def _asked(sitting: Sitting, place: int, said: Said) -> list[Question]:
    """The questions of a page that are for this customer."""
    visible = {question.key for question in shown(questions_of(sitting.version), sitting.kind, sitting.situation, said)}
    return [question for question in _pages(sitting)[place] if question.key in visible]


def _asks_call(sitting: Sitting, place: int) -> bool:
    """Whether we may call is asked where the customer writes: at the first open question, else on the last page."""
    cut = _pages(sitting)
    writes = [p for p, one in enumerate(cut) if any(question.kind == Question.Kind.TEXT for question in one)]
    return sitting.invitation is not None and place == (writes[0] if writes else len(cut) - 1)


def _pages(sitting: Sitting) -> list[Page]:
    return pages(questions_of(sitting.version))


def _languages(sitting: Sitting) -> list[str]:
    return wording.languages_of(questions_of(sitting.version))


def _kept(request: HttpRequest) -> str:
    """What stays in the address from page to page, but for the language."""
    kept = [f"&{name}={request.GET[name]}" for name in ("score", "page", "change") if name in request.GET]
    return "".join(kept) if all(part.isprintable() and part.isascii() for part in kept) else ""


def _address(path: str, request: HttpRequest, page: int | None = None) -> str:
    """The next page in the language that was chosen on this one."""
    query = [f"page={page}"] if page else []
    if page and "change" in request.GET:
        query.append("change=1")
    if (chosen := request.GET.get("lang")) in wording.SPOKEN:
        query.append(f"lang={chosen}")
    return f"{path}?{'&'.join(query)}" if query else path
