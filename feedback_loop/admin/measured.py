"""What the pages of initiatives and targets share: who reads them, who keeps them, and the form with its scopes."""

import datetime as dt
from collections.abc import Callable

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.counts import By
from analytics.models import Theme
from surveys.admin_scope import ByAnalysts, names_agents, on_row
from surveys.models import Login, Reach, Survey, Team
from surveys.templatetags.moments import moment

from .. import places
from ..models import Measured
from .place_form import PlaceForm

OFFERED = {By.TEAM: Team, By.SURVEY: Survey, By.THEME: Theme}


class SeenFilter(admin.SimpleListFilter):
    """By what was found when somebody last looked."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(state=self.value()) if self.value() else queryset


class MeasuredList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """Each row with the name of its scope, as whoever looks may read it."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = places.Names([row.scope for row in self.result_list], names_agents(request.user))
        for row in self.result_list:
            row.place = names.said(row.scope)


class MeasuredAdmin(ByAnalysts):
    """Kept by the analysts of the client; read by its viewers, and by leads of the team."""

    list_select_related = ("client", "theme__parent")
    form: type[PlaceForm]

    class Media:
        css = {"all": ["nachklang/outcomes.css"]}

    def may_look(self, reach: Reach) -> bool:
        return reach.is_analyst or bool(reach.viewer_clients or reach.teams)

    def may_delete(self, reach: Reach, row: Measured | None) -> bool:
        return reach.is_everything

    # --- What a subclass says ----------------------------------------------------------------------------------------

    look: Callable[[Measured, dt.datetime], object]  # see what came of it, and keep that for the list
    told: Callable[[Measured, Login], dict]  # what stands over the form, and for readers on the page

    # --- The list ----------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs) -> type[ChangeList]:
        return MeasuredList

    def named(self, name: str, row: Measured) -> SafeString:
        return format_html('{}<span class="quiet below">{}</span>', name, row.place)

    def seen(self, said: str, row: Measured, more: str = "") -> SafeString:
        """What was found when somebody last looked, and when that was."""
        if not row.looked_at:
            return format_html("{}", said)
        looked = _("As of %(at)s") % {"at": moment(row.looked_at, row.client.zone)}
        return format_html('<b>{}</b> {}<span class="quiet below">{}</span>', said, more, looked)

    # --- One row -----------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Measured | None = None, change: bool = False, **kwargs):
        """The fields of a scope are no columns: the form brings them along, offering what is within reach."""
        form = super().get_form(request, obj, change, **{**kwargs, "fields": self.form._meta.fields})
        registry = self.admin_site._registry
        offered = {by: registry[model].get_queryset(request) for by, model in OFFERED.items()}
        offered[By.THEME] = offered[By.THEME].filter(is_retired=False)
        return type(form.__name__, (form,), {"offered": offered})

    @on_row("view")
    def change_view(self, request: HttpRequest, row: Measured) -> HttpResponse:
        may_change = self.has_change_permission(request, row)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        context = {"title": str(row), **self.told(row, request.user)}
        if may_change:
            return self.changeform_view(request, str(row.pk), "", context)
        return self.page(request, row, **context)

    def save_model(self, request: HttpRequest, obj: Measured, form: PlaceForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self.look(obj, timezone.now())
