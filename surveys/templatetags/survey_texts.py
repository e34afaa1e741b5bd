"""How the wordings of a question are shown to those who write surveys."""

from django import template
from django.utils.translation import gettext as _

from ..models import Question
from ..pages.frame import FROM_RIGHT
from ..wording import INFORMAL, SPOKEN

register = template.Library()


@register.filter
def locale_name(locale: str) -> str:
    """“German (du)”, “English”, “French, informal”."""
    language = str(SPOKEN[locale.removesuffix(INFORMAL)])
    if not locale.endswith(INFORMAL):
        return language
    return f"{language} (du)" if locale.startswith("de") else _("%(language)s, informal") % {"language": language}


@register.filter
def wordings(question: Question) -> list[tuple[str, str, str, dict]]:
    """Each wording as (name, language, direction, texts), in our order of languages."""
    locales = [code + form for code in SPOKEN for form in ("", INFORMAL) if code + form in question.wording]
    return [
        (locale_name(locale), locale[:2], "rtl" if locale[:2] in FROM_RIGHT else "ltr", question.wording[locale])
        for locale in locales
    ]
