"""Campaigns with what their reminders did to the answers."""

import datetime as dt

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.admin.campaigns import CampaignAdmin
from surveys.models import Campaign, Survey

from .. import figures, reminders
from ..scores import Estimate, Verdict

admin.site.unregister(Campaign)


@admin.register(Campaign)
class CampaignWithFiguresAdmin(CampaignAdmin):
    """The campaign as `surveys` shows it, with what its reminder did to the answers of the last twelve months."""

    change_form_template = "admin/surveys/campaign/with_figures.html"

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        if campaign := self.get_object(request, object_id):
            now = timezone.now()
            effect = reminders.effect(campaign, now - dt.timedelta(days=365), now)
            lines = reminder_lines(effect, get_language() or "en") if effect.reminded else []
            extra_context = {"reminder_lines": lines, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)


def reminder_lines(effect: reminders.Effect, language: str) -> list[tuple[str, str]]:
    """What the reminder did, as a page prints it: (what, figure with its evidence)."""
    unit = "points" if effect.kind == Survey.Kind.NPS else "percent"
    verdicts = {
        Verdict.HIGHER: _("Clearly higher"),
        Verdict.LOWER: _("Clearly lower"),
        Verdict.NO_CLEAR_CHANGE: _("No clear change"),
    }
    kind = effect.kind.upper()
    return [
        (_("Reached by the first message"), figures.count(effect.accepted, language)),
        (_("Answered without a reminder"), figures.count(effect.answered_before, language)),
        (_("Reminded"), figures.count(effect.reminded, language)),
        (_("Answered after it"), _figure(effect.rate, "percent", language, effect.answered_after)),
        (_("%s without it") % kind, _figure(effect.before, unit, language)),
        (_("%s after it") % kind, _figure(effect.after, unit, language)),
        (_("%s after it, compared") % kind, verdicts[effect.change.verdict] if effect.change else _("Too few answers")),
    ]


def _figure(estimate: Estimate | None, unit: figures.Unit, language: str, number: int | None = None) -> str:
    """96: 12 % (10 % bis 14 %), n = 800; too few to tell are said to be so."""
    prefix = "" if number is None else f"{figures.count(number, language)}: "
    if estimate is None:
        return prefix + _("Too few answers")
    value = (figures.percent if unit == "percent" else figures.points)(estimate.value, language=language)
    span, evidence = figures.interval(estimate, unit, language), figures.evidence(estimate.n, language)
    return f"{prefix}{value} ({span}), {evidence}"
