"""What all of the customer's pages share: their language, and the frame with sender, imprint and languages."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from .. import wording
from ..delivery import survey_mail
from ..models import Client, Invitation
from ..questionnaire import questions_of
from ..responses import Sitting

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


@contextmanager
def speaking(
    request: HttpRequest, sitting: Sitting | None, offered: Iterable[str] | None = None
) -> Iterator[Sitting | None]:
    """The page in the language of ?lang=, else of the answer, else of the mail; for strangers as the browser asks.

    Gives the sitting in that language, for this request only. `offered`: the languages to choose from; without it,
    those that the survey is worded in.
    """
    if sitting is None:
        with translation.override(language_of_browser(request)):
            yield None
        return
    chosen = request.GET.get("lang")
    if chosen in (wording.languages_of(questions_of(sitting.version)) if offered is None else offered):
        sitting = replace(sitting, language=chosen, situation=replace(sitting.situation, language=chosen))
    with translation.override(locale_of(sitting.language, sitting.form_of_address)):
        yield sitting


def language_of_browser(request: HttpRequest) -> str:
    """The first language that the browser asks for and we speak; English where it asks for none."""
    wishes = translation.trans_real.parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return next((language for wish, _ in wishes if (language := wording.speaks(wish))), "en")


def locale_of(language: str, form_of_address: str) -> str:
    """The interface language: “de-du” where a German page says du."""
    return "de-du" if (language, form_of_address) == ("de", Client.Address.INFORMAL) else language


def page(
    name: str,
    client: Client | None,
    languages: Iterable[str],
    context: dict,
    invitation: Invitation | None = None,
    status: int = 200,
    query: str = "",
) -> HttpResponse:
    """One page in its frame; rendered without the request, because context processors would look up a login.

    `languages`: those to choose from; `query` stays in the address when another one is chosen.
    """
    language = translation.get_language()[:2]
    others = {code: (OWN_NAMES[code], f"?lang={code}{query}") for code in languages if code != language}
    frame = {
        "language": language,
        "direction": "rtl" if language in FROM_RIGHT else "ltr",
        "other_languages": others,
        "client": client,
        "provider": settings.PROVIDER_NAME,
        "unsubscribe_path": invitation and f"{survey_mail.unsubscribe_path(invitation)}?lang={language}",
    }
    html = render_to_string(f"survey/{name}.html", {**frame, **context})
    return HttpResponse(html, status=status, headers={"Content-Language": language})
