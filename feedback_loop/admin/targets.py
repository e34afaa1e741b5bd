"""Targets: how each stands, whether it will be met, and how it ended before; kept by analysts, read by the client."""

import datetime as dt

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import charts, figures
from analytics.admin import ClientFilter
from surveys.admin_scope import labelled, names_agents
from surveys.models import Login

from .. import measures, places, target_words, targets
from ..models import Target
from ..targets import State, Verdict
from .measured import MeasuredAdmin, SeenFilter
from .place_form import SCOPE, TargetForm, place_fields

SHOWN = (Verdict.IN_DANGER, Verdict.OPEN, Verdict.ON_COURSE, Verdict.TOO_FEW, Verdict.NOT_BEGUN, Verdict.OVER)


class VerdictFilter(SeenFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(verdict.value, target_words.verdict(verdict)) for verdict in SHOWN]


@admin.register(Target)
class TargetAdmin(MeasuredAdmin):
    form = TargetForm
    list_display = ("promised", "to_date", "odds", "state_told", "client")
    list_filter = (VerdictFilter, ClientFilter)
    search_fields = ("theme__name_de", "theme__name_en")
    change_form_template = "admin/feedback_loop/target/change_form.html"
    empty_state = gettext_lazy(
        "No target yet. Write down what was promised to the client, and you are told in time if it is about to be "
        "missed."
    )

    def get_fieldsets(self, request: HttpRequest, obj: Target | None = None) -> list:
        meant = _("Only the answers for which all of this holds. “All” everywhere: the whole client.")
        return [
            (None, {"fields": ("client", "kind", "theme", "is_solved", "value", "period", "starts_on", "ends_on")}),
            (_("For which answers"), {"fields": place_fields(SCOPE), "description": meant, "classes": ["place"]}),
        ]

    def look(self, row: Target, at: dt.datetime) -> State:
        return targets.look(row, at)

    def told(self, row: Target, login: Login) -> dict:
        state = targets.state(row, timezone.now())
        return {
            "title": target_words.name(row),
            "state": state,
            "place": places.Names([row.scope], names_agents(login)).said(row.scope),
            "chart": _chart(state),
            "notices": list(row.notices.all()),
        }

    # --- The list ----------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("target"))
    def promised(self, row: Target) -> SafeString:
        return self.named(target_words.name(row), row)

    @admin.display(description=gettext_lazy("to date"))
    def to_date(self, row: Target) -> str:
        found = row.seen.get("estimate")
        if not found:
            return figures.NO_DATA
        interval = places.interval(row, found["low"], found["high"])
        evidence = figures.evidence(found["n"], places.language())
        value = f"{places.written(row, found['value'])} ({interval})" if row.seen["is_firm"] else interval
        return f"{value}, {evidence}"

    @admin.display(description=gettext_lazy("chance of meeting it"))
    def odds(self, row: Target) -> SafeString:
        return labelled(_("chance of meeting it"), target_words.chance(row.seen.get("chance")))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_told(self, row: Target) -> SafeString:
        return self.seen(target_words.verdict(row.state), row)


def _chart(state: State) -> charts.Chart | None:
    """This period and those before, newest first, with a line at what was promised; what is hidden is left out."""
    found = [figure for figure in (state.figure, *(each.figure for each in state.past)) if figure and figure.estimate]
    if not found:
        return None
    target, language = state.target, places.language()
    rows = [
        charts.WhiskerRow(
            figures.period_name(figure.period, language), figures.evidence(figure.n, language), figure.estimate
        )
        for figure in found
    ]
    return charts.whiskers(
        rows,
        language=language,
        unit=measures.unit(target),
        title=target_words.name(target),
        head=_("Period"),
        line_at=float(target.value),
    )
