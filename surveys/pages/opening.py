"""The first page of a personal sheet as its mail leads to it: the one page that is read by the million.

It is filled in from its compiled form by the columns of one row; only to compile it are their models and the form made.
What it shows of its client, look, wording and customer is part of its key, so what changes is there on the next page.
"""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .. import evidence, questionnaire, sittings
from ..delivery import links, survey_mail
from ..models import Appearance, Client, Customer, Invitation, Response, Survey, SurveyVersion
from ..models.people import ending_of
from ..prepared import Row
from . import compiled, sheets
from .forms import clicked_score
from .frame import locale_of, speaking


def first_page(request: HttpRequest, token: str, asked: Row, at: dt.datetime) -> HttpResponse | None:
    """The page behind this token, and that it was opened is noted.

    None where it is no fresh sheet's, opened by a plain GET.
    """
    if request.method != "GET" or request.GET.keys() - {"score"} or not _is_fresh(asked, at):
        return None
    clicked = clicked_score(asked[Survey, "kind"], request.GET.getlist("score"))
    if clicked is not None or asked[Invitation, "opened_at"] is None:
        sittings.note_opening(asked.alone(), at, clicked)

    def render(personal: dict[str, str]) -> str:
        sitting = sittings.sitting_of(asked.model())
        with speaking(request, sitting):
            return sheets.first_html(request, sitting, personal)

    page = compiled.filled((*_key(asked), clicked), _personal(request, token, asked, clicked, at), render)
    return HttpResponse(page, headers={"Content-Language": asked[Invitation, "language"]})


def _is_fresh(asked: Row, at: dt.datetime) -> bool:
    is_open = asked[Invitation, "withdrawn_at"] is None and at < asked[Invitation, "expires_at"]
    return is_open and asked[Response, "id"] is None and asked[SurveyVersion, "published_at"] is not None


def _key(asked: Row) -> tuple:
    """All that the page consists of but its open places."""
    version = asked[SurveyVersion, "id"], asked[SurveyVersion, "published_at"]
    questions = questionnaire.published(*version)
    contact = ("channel", "segment") if any(question.conditions for question in questions) else ()
    own = [asked[Invitation, name] for name in ("language", "form_of_address", *contact)]
    rows = asked.all_of(Client), asked.all_of(Appearance)
    return (version, asked[Survey, "kind"], *own, *rows, settings.PROVIDER_NAME)


def _personal(request: HttpRequest, token: str, asked: Row, clicked: int | None, at: dt.datetime) -> dict[str, str]:
    """The open places, as `sheets` fills them in."""
    language = asked[Invitation, "language"]
    locale = locale_of(language, asked[Invitation, "form_of_address"])
    public_id = asked[Invitation, "public_id"].hex
    return {
        "action": request.path if clicked is None else f"{request.path}?score={clicked}",
        "made": evidence.made(at),
        "decoy": survey_mail.path_to("answer-decoy", token),
        "ending": ending_of(asked[Customer, "phone"] or ""),
        "until": sheets.day_of(asked[Invitation, "expires_at"], asked[Client, "time_zone"], locale),
        "unsubscribe_path": f"{survey_mail.path_of('unsubscribe', links.UNSUBSCRIBE, public_id)}?lang={language}",
    }
