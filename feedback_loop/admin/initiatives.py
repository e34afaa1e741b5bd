"""Initiatives: what was changed and what came of it, the advice first; kept by analysts, read by client and leads."""

import datetime as dt
from dataclasses import replace

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import charts, figures
from analytics.admin import ClientFilter
from analytics.counts import By
from analytics.scores import Change
from surveys.admin_scope import labelled, names_agents
from surveys.models import Login, reach_of

from .. import initiative_words, initiatives, measures, places
from ..initiatives import Effect
from ..measures import Figure
from ..models import Initiative
from .measured import MeasuredAdmin, SeenFilter
from .place_form import CONTROL, SCOPE, InitiativeForm, place_fields


class AdviceFilter(SeenFilter):
    title = gettext_lazy("advice")
    parameter_name = "advice"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(advice.value, initiative_words.advice(advice)) for advice in initiatives.Advice]


@admin.register(Initiative)
class InitiativeAdmin(MeasuredAdmin):
    form = InitiativeForm
    list_display = ("called", "measured_by", "begun", "what_came", "client")
    list_filter = (AdviceFilter, ClientFilter)
    search_fields = ("name", "what")
    change_form_template = "admin/feedback_loop/initiative/change_form.html"
    empty_state = gettext_lazy(
        "No initiative yet. Write down what is changed, where and from when, and each week you read here whether it "
        "made a difference."
    )

    def get_fieldsets(self, request: HttpRequest, obj: Initiative | None = None) -> list:
        scope, control = _("Where it is tried"), _("Control group: where nothing was changed")
        meant = _("Only the answers for which all of this holds. “All” everywhere: the whole client.")
        beside = _(
            "Its change is subtracted: that leaves what the initiative itself did. Choose what moves alike otherwise, "
            "such as another team. “All” everywhere: no control group."
        )
        what = ("client", "name", "what", "by")
        how = ("kind", "theme", "is_solved", "hoped_change", "starts_on", "run_in_days", "ends_on")
        return [
            (None, {"fields": what}),
            (_("How and when it is judged"), {"fields": how}),
            (scope, {"fields": place_fields(SCOPE), "description": meant, "classes": ["place"]}),
            (control, {"fields": place_fields(CONTROL), "description": beside, "classes": ["place"]}),
        ]

    def look(self, row: Initiative, at: dt.datetime) -> Effect:
        return initiatives.look(row, at)

    def told(self, row: Initiative, login: Login) -> dict:
        """To a lead of other teams than the control group's, its figures are not told, only the change beyond them."""
        effect = initiatives.effect(row, timezone.now())
        names = places.Names([row.scope, row.control], names_agents(login))
        if not may_see(login, row, row.control):
            effect = replace(effect, control_before=None, control_after=None, control_change=None)
        return {
            "effect": effect,
            "place": names.said(row.scope),
            "control_place": names.said(row.control) if row.control else "",
            "chart": _chart(effect),
            "changes": _changes(effect),
        }

    # --- The list ----------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("initiative"), ordering="name")
    def called(self, row: Initiative) -> SafeString:
        return self.named(row.name, row)

    @admin.display(description=gettext_lazy("measured by"))
    def measured_by(self, row: Initiative) -> str:
        return places.figure_name(row)

    @admin.display(description=gettext_lazy("from"), ordering="starts_on")
    def begun(self, row: Initiative) -> SafeString:
        return labelled(_("from"), f"{figures.date_short(row.starts_on, places.language())} {row.starts_on.year}")

    @admin.display(description=gettext_lazy("advice"), ordering="state")
    def what_came(self, row: Initiative) -> SafeString:
        change = row.seen.get("change")
        return self.seen(initiative_words.advice(row.state), row, initiative_words.told(**change) if change else "")


def may_see(login: Login, row: Initiative, where: dict) -> bool:
    reach = reach_of(login)
    is_of_client = reach.is_everything or row.client_id in reach.analyst_clients | reach.viewer_clients
    return is_of_client or not where or where.get(By.TEAM, "") in {str(team) for team in reach.teams}


def _chart(effect: Effect) -> charts.Chart | None:
    """Before and after, here and in the control group, on one scale; what is hidden is left out."""
    sides = [
        (_("Before"), effect.before),
        (_("After"), effect.after),
        (_("Control group before"), effect.control_before),
        (_("Control group after"), effect.control_after),
    ]
    rows = [charts.WhiskerRow(name, _note(side), side.estimate) for name, side in sides if side and side.estimate]
    if not rows:
        return None
    language, of = places.language(), effect.initiative
    return charts.whiskers(
        rows, language=language, unit=measures.unit(of), title=places.figure_name(of), head=_("Weeks")
    )


def _note(side: Figure) -> str:
    days = figures.day_span(side.period.first_on, side.period.last_on, places.language())
    return f"{days}, {figures.evidence(side.n, places.language())}"


def _changes(effect: Effect) -> list[tuple[str, Change]]:
    rows = [
        (_("Here"), effect.change),
        (_("Control group"), effect.control_change),
        (_("Here, beyond the control group"), effect.did),
    ]
    return [(name, change) for name, change in rows if change]
