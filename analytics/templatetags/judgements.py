"""How people's judgements look: who may judge, themes and sentiments as they were kept, how sure a machine was."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics import figures
from analytics.models import Theme, ThemeAssignment
from analytics.scores import Estimate
from surveys.models import Login, reach_of

from . import voice

register = template.Library()


@register.filter
def may_correct(login: Login) -> bool:
    """Whether there are comments that this login may correct."""
    reach = reach_of(login)
    return reach.is_analyst or bool(reach.teams)


@register.filter
def kept(pair: tuple[Theme, int]) -> SafeString:
    """A theme of a kept judgement as a chip."""
    theme, sentiment = pair
    return voice.chip(ThemeAssignment(theme=theme, sentiment=sentiment))


@register.filter
def sureness(confidence: float) -> str:
    """82 %: how often a machine that is so sure is right."""
    return figures.percent(100 * confidence, language=_language())


@register.filter
def kappa(agreement: Estimate | None) -> str:
    """0.71 (0.58 to 0.81)."""
    if agreement is None:
        return figures.NO_DATA
    value, low, high = (
        figures.points(part, 2, language=_language()) for part in (agreement.value, agreement.low, agreement.high)
    )
    return _("%(value)s (%(low)s to %(high)s)") % {"value": value, "low": low, "high": high}


@register.filter
def name_of(login: Login | None) -> str:
    return (login.get_full_name() or login.username) if login else figures.NO_DATA


def _language() -> str:
    return (get_language() or "en")[:2]
