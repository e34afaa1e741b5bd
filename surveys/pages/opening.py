"""The first page of a personal sheet as its mail leads to it: the one page that is read by the million.

It is filled in from its compiled form by the columns of one row; only to compile it are their models and the form made.
What it shows of its client, look, wording and customer is part of its key, so what changes is there on the next page.
"""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from .. import evidence, questionnaire, sittings
from ..delivery import links, survey_mail
from ..models import Appearance, Client, Customer, Invitation, Response, SurveyVersion, Visit
from ..models.people import ending_of
from ..prepared import Row
from . import compiled, sheets
from .forms import clicked_score
from .frame import chosen_language, locale_of, speaking


def first_page(request: HttpRequest, token: str, asked: Row, at: dt.datetime) -> HttpResponse | None:
    """The page behind this token, and that it was opened is noted.

    None where it is no fresh sheet's, opened as mails and the page's own languages lead to it.
    """
    if request.method == "POST" or request.GET.keys() - {"score", "lang"} or not _is_fresh(asked, at):
        return None
    version = questionnaire.version_of(asked[Invitation, "version_id"])
    clicked = clicked_score(version.survey.kind, request.GET.getlist("score"))
    if request.method == "HEAD":
        evidence.note(asked.alone(), Visit.Kind.HEAD, at)
    elif clicked is not None or asked[Invitation, "opened_at"] is None:
        sittings.note_opening(asked.alone(), at, clicked)
    language = chosen_language(request, version) or asked[Invitation, "language"]

    def render(personal: dict[str, str]) -> str:
        with speaking(request, sittings.sitting_in(asked)) as sitting:
            return sheets.first_html(request, sitting, personal)

    personal = _personal(request, token, asked, language, clicked, at)
    page = compiled.filled((*_key(asked, version), language, clicked), personal, render)
    return HttpResponse(page, headers={"Content-Language": language})


def _is_fresh(asked: Row, at: dt.datetime) -> bool:
    is_open = asked[Invitation, "withdrawn_at"] is None and at < asked[Invitation, "expires_at"]
    return is_open and asked[Response, "id"] is None


def _key(asked: Row, version: SurveyVersion) -> tuple:
    """All that the page consists of but its open places, its language and what was clicked."""
    questions = questionnaire.questions_of(version)
    contact = ("channel", "segment") if any(question.conditions for question in questions) else ()
    own = [asked[Invitation, name] for name in ("form_of_address", *contact)]
    rows = asked.all_of(Client), asked.all_of(Appearance)
    return (version.pk, *own, *rows, settings.PROVIDER_NAME)


def _personal(
    request: HttpRequest, token: str, asked: Row, language: str, clicked: int | None, at: dt.datetime
) -> dict[str, str]:
    """The open places, as `sheets` fills them in."""
    locale = locale_of(language, asked[Invitation, "form_of_address"])
    public_id = asked[Invitation, "public_id"].hex
    return {
        "action": sheets.first_address(request, clicked),
        "made": evidence.made(at),
        "decoy": survey_mail.path_to("answer-decoy", token),
        "ending": ending_of(asked[Customer, "phone"] or ""),
        "until": sheets.day_of(asked[Invitation, "expires_at"], asked[Client, "time_zone"], locale),
        "unsubscribe_path": f"{survey_mail.path_of('unsubscribe', links.UNSUBSCRIBE, public_id)}?lang={language}",
    }
