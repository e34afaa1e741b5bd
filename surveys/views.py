"""The customer's pages. They know no session, login, cookie or script: the token in the address is all there is.

A GET only shows; a person's POST answers or objects. Mail scanners open every link and some submit forms by script, so
the number in a link preselects and nothing more. That a page was opened is noted once, as telemetry.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from . import responses, wording
from .delivery import links, survey_mail
from .forms import COMMENT_LIMIT, AnswerForm, clicked_score
from .models import Invitation, Response, Survey
from .responses import Link, LinkState, Scope

LANGUAGES = {"de": "Deutsch", "en": "English"}
CLOSED_STATUS = {LinkState.EXPIRED: 410, LinkState.WITHDRAWN: 410, LinkState.UNKNOWN: 404}
AGAIN = "again"
ONE_CLICK = "One-Click"  # RFC 8058: the body is List-Unsubscribe=One-Click, sent by a mail program without any cookie


@links.page("GET", "HEAD", "POST")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The form; posted, it is stored once and leads to the thank-you page."""
    link = responses.open_link(token, timezone.now())
    with _speaking(request, link.invitation, link.response):
        if link.state != LinkState.OPEN:
            return _no_form(link)
        if request.method == "GET":
            responses.note_opening(link.invitation, timezone.now())
        clicked = clicked_score(link.invitation, request.GET.getlist("score"))
        if request.method != "POST":
            return _form(AnswerForm(link.invitation, initial={"score": clicked}), clicked)
        form = AnswerForm(link.invitation, request.POST)
        if not form.is_valid():
            return _form(form, clicked, status=400)
        try:
            sheet = form.sheet(is_preselected=clicked is not None, language=link.invitation.language)
            responses.record(link.invitation, sheet, timezone.now())
        except responses.LinkClosed:  # withdrawn while we were reading the form
            return _no_form(responses.open_link(token, timezone.now()))
        return HttpResponseRedirect(reverse("answer-thanks", args=[token]))


@links.page("GET", "HEAD")
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What happens now, and the answer as it is kept."""
    link = responses.open_link(token, timezone.now())
    with _speaking(request, link.invitation, link.response):
        if link.state == LinkState.OPEN:
            return HttpResponseRedirect(reverse("answer", args=[token]))
        return _no_form(link, is_new=True)


@links.page("GET", "HEAD", "POST")
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Where the recipient stands, and a button for each way on; posted by a mail program, no survey at all any more.

    Pressed, it takes effect at once and says so, however often.
    """
    invitation = responses.open_unsubscribe_link(token)
    with _speaking(request, invitation):
        if invitation is None:
            return _no_form(Link(LinkState.UNKNOWN))
        chosen = _choice(request)
        if chosen == AGAIN:
            responses.subscribe_again(invitation)
        elif chosen:
            responses.unsubscribe(invitation, timezone.now(), Scope(chosen))
        preference = responses.preference(invitation)
        context = {
            "preference": preference,
            "is_new": chosen is not None,
            # An address that was erased leaves no trace: there is nobody to ask.
            "objection": preference.objection or (Scope(chosen) if chosen in set(Scope) else None),
            "is_csat": invitation.version.survey.kind == Survey.Kind.CSAT,
            "name_in_sentence": invitation.client.name_in_sentence(invitation.language),
        }
        return _page("unsubscribe", invitation, context, 400 if request.method == "POST" and not chosen else 200)


def _choice(request: HttpRequest) -> str | None:
    """What was pressed; None for a GET, and for a post that says nothing we know."""
    if request.method != "POST":
        return None
    if request.POST.get("List-Unsubscribe") == ONE_CLICK:
        return Scope.ALL_SURVEYS
    chosen = request.POST.get("choice")
    return chosen if chosen in {AGAIN, *Scope} else None


@contextmanager
def _speaking(request: HttpRequest, invitation: Invitation | None, response: Response | None = None) -> Iterator[None]:
    """The page in the language of ?lang=, else of the answer, else of the mail; for strangers as the browser asks.

    The invitation takes that language for this request only, so that its texts follow; it is never saved here.
    """
    chosen = request.GET.get("lang")
    if invitation is None:
        locale = chosen if chosen in LANGUAGES else translation.get_language()
    else:
        invitation.language = chosen if chosen in LANGUAGES else (response or invitation).language
        locale = invitation.locale
    with translation.override(locale):
        yield


def _form(form: AnswerForm, clicked: int | None, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "texts": wording.texts(form.invitation),
        "name_in_sentence": form.invitation.client.name_in_sentence(form.invitation.language),
        "comment_limit": COMMENT_LIMIT,
        "clicked": clicked,
        # Another language would be another page, without what was typed.
        "other_languages": {} if form.is_bound else _other_languages(clicked),
    }
    return _page("form", form.invitation, context, status)


def _no_form(link: Link, is_new: bool = False) -> HttpResponse:
    """The thank-you page of an answered link, or why there is nothing to answer."""
    if link.state != LinkState.ANSWERED:
        return _page("closed", link.invitation, {"state": link.state}, CLOSED_STATUS[link.state])
    invitation, response = link.invitation, link.response
    # The last two digits tell the customer which number is meant, and a stranger with the link nothing.
    ending = response.phone[-2:] or (invitation.customer.phone_ending if invitation.customer else "")
    context = {
        "response": response,
        "answer": response.answers.first(),
        "ending": ending,
        "call_by": invitation.client.call_back_by(response.submitted_at),
        "is_new": is_new,
    }
    return _page("thanks", invitation, context)


def _page(name: str, invitation: Invitation | None, context: dict, status: int = 200) -> HttpResponse:
    """One page in its frame; rendered without the request, because context processors would look up a login."""
    language = translation.get_language()[:2]
    frame = {
        "language": language,
        "other_languages": _other_languages(),
        "invitation": invitation,
        "client": invitation and invitation.client,
        "provider": settings.PROVIDER_NAME,
        "unsubscribe_path": invitation and f"{survey_mail.unsubscribe_path(invitation)}?lang={language}",
    }
    html = render_to_string(f"survey/{name}.html", {**frame, **context})
    return HttpResponse(html, status=status, headers={"Content-Language": language})


def _other_languages(clicked: int | None = None) -> dict[str, tuple[str, str]]:
    """Code → name and query of the same page in each other language; a number clicked in the mail stays clicked."""
    score = "" if clicked is None else f"&score={clicked}"
    here = translation.get_language()[:2]
    return {code: (name, f"?lang={code}{score}") for code, name in LANGUAGES.items() if code != here}
