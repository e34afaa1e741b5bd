"""What all of the customer's pages share: their language, and the frame with sender, imprint and languages."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from .. import appearance, wording
from ..delivery import survey_mail
from ..models import Client, Door, Invitation, SurveyVersion
from ..questionnaire import questions_of
from ..sittings import Sitting

# In their own words, for the switch on the page.
OWN_NAMES = {
    "de": "Deutsch",
    "en": "English",
    "tr": "Türkçe",
    "pl": "Polski",
    "fr": "Français",
    "it": "Italiano",
    "es": "Español",
    "nl": "Nederlands",
    "ar": "العربية",
}
FROM_RIGHT = {"ar"}
FRAMED = {Door.EMBED, Door.KIOSK}  # what differs there stands in doors.css


@contextmanager
def speaking(
    request: HttpRequest, sitting: Sitting | None, offered: Iterable[str] | None = None
) -> Iterator[Sitting | None]:
    """The page in the language of ?lang=, else of the answer, else of the mail; for strangers as the browser asks.

    Gives the sitting in that language, for this request only. `offered`: the languages to choose from; without it,
    those that the survey is worded in.
    """
    if sitting is None:
        asked = request.GET.get("lang")
        with translation.override(asked if asked in OWN_NAMES else language_of_browser(request)):
            yield None
        return
    if chosen := chosen_language(request, sitting.version, offered):
        sitting = replace(sitting, language=chosen, situation=replace(sitting.situation, language=chosen))
    with translation.override(locale_of(sitting.language, sitting.form_of_address)):
        yield sitting


def chosen_language(request: HttpRequest, version: SurveyVersion, offered: Iterable[str] | None = None) -> str:
    """The language of ?lang= where it is offered: by the version, unless said otherwise. Else empty."""
    chosen = request.GET.get("lang", "")
    if chosen and chosen in (wording.languages_of(questions_of(version)) if offered is None else offered):
        return chosen
    return ""


def language_of_browser(request: HttpRequest) -> str:
    """The first language that the browser asks for and we speak; English where it asks for none."""
    return next((language for wish in wishes_of(request) if (language := wording.speaks(wish))), "en")


def wishes_of(request: HttpRequest) -> list[str]:
    """The languages that the browser asks for, the dearest first."""
    accepted = request.headers.get("Accept-Language", "")
    return [wish for wish, _ in translation.trans_real.parse_accept_lang_header(accepted)]


def locale_of(language: str, form_of_address: str) -> str:
    """The interface language: “de-du” where a German page says du."""
    return "de-du" if (language, form_of_address) == ("de", Client.Address.INFORMAL) else language


def page(
    name: str,
    client: Client | None,
    languages: Iterable[str],
    context: Mapping[str, object],
    invitation: Invitation | None = None,
    status: int = 200,
) -> HttpResponse:
    """One page in its frame. `languages`: those to choose from."""
    personal = {"unsubscribe_path": unsubscribe_path(invitation)}
    return respond(html(name, client, languages, {**personal, **context}), status)


def html(
    name: str,
    client: Client | None,
    languages: Iterable[str],
    context: Mapping[str, object],
    query: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """A page rendered without the request, because context processors would look up a login.

    `query` stays in the address when another language is chosen. Besides, it depends on nothing but the client's row,
    its appearance's and PROVIDER_NAME: so `opening` takes it.
    """
    language = translation.get_language()[:2]
    others = [
        (code, OWN_NAMES[code], f"?{urlencode({**query, 'lang': code})}") for code in languages if code != language
    ]
    frame = {
        "language": language,
        "language_name": OWN_NAMES[language],
        "direction": "rtl" if language in FROM_RIGHT else "ltr",
        "other_languages": others,
        "client": client,
        "look": appearance.look_of(client, getattr(client, "appearance", None), context.get("door") in FRAMED),
        "provider": settings.PROVIDER_NAME,
    }
    return render_to_string(f"survey/{name}.html", {**frame, **context})


def respond(page: str, status: int = 200) -> HttpResponse:
    return HttpResponse(page, status=status, headers={"Content-Language": translation.get_language()[:2]})


def unsubscribe_path(invitation: Invitation | None) -> str:
    """Where the recipient says “no more”, in the language of this page; behind other doors there is no such place."""
    return f"{survey_mail.unsubscribe_path(invitation)}?lang={translation.get_language()[:2]}" if invitation else ""
