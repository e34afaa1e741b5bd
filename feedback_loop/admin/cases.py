"""Cases as people work on them. Every button presses a verb of `cases`."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics import teams
from analytics.admin import ClientFilter, TeamFilter, contact_line
from analytics.templatetags import voice
from surveys.admin_scope import Scoped, names_agents, on_row
from surveys.models import Login, Reach

from .. import cases
from ..forms import CaseForm
from ..models import Case, CaseEvent
from ..templatetags import casework

OPEN_FIRST = models.Case(When(state=Case.State.RESOLVED, then=Value(1)), default=Value(0)).asc()
# What a client company may read of a case's course: that it moved, not who moved it or what they wrote.
SHOWN_TO_CLIENTS = {CaseEvent.Kind.OPENED, CaseEvent.Kind.TRIGGER, CaseEvent.Kind.DUE, CaseEvent.Kind.CHANGED}


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        mine = [("mine", _("Open and mine"))] if names_agents(request.user) else []
        return [("open", _("Open")), ("overdue", _("Overdue")), *mine, ("resolved", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = {
            "open": queryset.open,
            "overdue": lambda: queryset.open().filter(due_at__lt=timezone.now()),
            "mine": lambda: queryset.open().filter(owner=request.user),
            "resolved": lambda: queryset.filter(state=Case.State.RESOLVED),
        }
        return chosen.get(self.value(), queryset.all)()


class CaseTeamFilter(TeamFilter):
    paths = ("team",)


@admin.register(Case)
class CaseAdmin(Scoped):
    list_filter = (StateFilter, ClientFilter, CaseTeamFilter)
    list_select_related = (
        "client",
        "owner",
        "response__client",
        "response__invitation__contact",
        "response__invitation__wave",
    )
    empty_state = gettext_lazy("No case is open. New ones appear here when someone gives 0 to 6 or asks for a call.")

    def may_look(self, reach: Reach) -> bool:
        return not reach.is_nothing

    def may_add(self, reach: Reach) -> bool:
        return False

    def may_change(self, reach: Reach, login: Login, row: Case | None) -> bool:
        """Handle it: analysts, leads of its team, and its owner; never from a client's side."""
        if reach.is_everything or row is None:
            return reach.sees_agents
        is_owner = row.owner_id == login.pk and names_agents(login)
        return is_owner or row.client_id in reach.analyst_clients or row.team_id in reach.teams

    # --- The list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related(voice.prefetches("response__answers"))

    def get_ordering(self, request: HttpRequest) -> tuple:
        return (OPEN_FIRST, "due_at", "pk")

    def get_search_fields(self, request: HttpRequest) -> tuple:
        by_owner = ("owner__first_name", "owner__last_name") if names_agents(request.user) else ()
        return ("response__answers__text", "response__invitation__contact__external_id", *by_owner)

    def get_list_display(self, request: HttpRequest) -> tuple:
        owner = ("owner_name",) if names_agents(request.user) else ()
        return ("score_mark", "why", *owner, "due")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        waiting = Case.objects.visible_to(request.user).open()
        n, late = waiting.count(), waiting.filter(due_at__lt=timezone.now()).count()
        said = ngettext("%(n)d case is open", "%(n)d cases are open", n) % {"n": n}
        intro = _("%(said)s, %(late)d of them overdue.") % {"said": said, "late": late} if late else f"{said}."
        heading = {"title": _("Cases"), "subtitle": intro if n else str(self.empty_state)}
        return super().changelist_view(request, {**heading, **(extra_context or {})})

    @admin.display(description=gettext_lazy("Score"))
    def score_mark(self, case: Case) -> SafeString:
        return voice.mark(case.response)

    @admin.display(description=gettext_lazy("Why, and what the customer said"))
    def why(self, case: Case) -> SafeString:
        reasons = ", ".join(case.trigger_names)
        return format_html(
            '<p class="why"><b>{}</b> {}</p>{}<p class="quiet">{}, {}</p>',
            case.number,
            reasons,
            format_html("{}{}", voice.notes(case.response, timezone.now()), voice.voice(case.response)),
            contact_line(case.response),
            case.client,
        )

    @admin.display(description=gettext_lazy("Owner"), ordering="owner__last_name")
    def owner_name(self, case: Case) -> str:
        return name_of(case.owner) if case.owner else _("nobody yet")

    @admin.display(description=gettext_lazy("Due"), ordering="due_at")
    def due(self, case: Case) -> SafeString:
        return casework.due(case, timezone.now())

    # --- One case --------------------------------------------------------------------------------------------------

    @on_row("view")
    def change_view(self, request: HttpRequest, case: Case) -> HttpResponse:
        may_handle = self.has_change_permission(request, case)
        if request.method == "POST" and not may_handle:
            raise PermissionDenied
        form = CaseForm(case, request.POST if request.method == "POST" else None) if may_handle else None
        phone = ""
        if form and form.is_valid():
            if "_reveal" in request.POST:
                phone = self._reveal(request, case, form)
            elif self._press(request, case, form):
                return self._after(request, case)
        return self.page(request, case, form=form, phone=phone, **self._told(request, case))

    def _reveal(self, request: HttpRequest, case: Case, form: CaseForm) -> str:
        """The number, on a page that keeps what was typed."""
        try:
            return cases.reveal_phone(case, request.user, timezone.now())
        except ValidationError as error:
            form.add_error(None, error)
            return ""

    def _press(self, request: HttpRequest, case: Case, form: CaseForm) -> bool:
        """Do what the pressed button says, all or nothing. Errors go to their fields."""
        try:
            with transaction.atomic():
                said = self._act(case, form.cleaned_data, request)
        except ValidationError as error:
            form.add_error(None, error)
            return False
        self.log_change(request, case, said)
        self.message_user(request, said, messages.SUCCESS)
        return True

    def _act(self, case: Case, chosen: dict, request: HttpRequest) -> str:
        by, at, text = request.user, timezone.now(), chosen["note"]
        is_handed_on = bool(chosen["owner"]) and cases.assign(case, chosen["owner"], by, at)
        if "_resolve" in request.POST:
            cases.resolve(case, chosen["cause"], text, by, at)
            return _("The case is closed.")
        if "_reopen" in request.POST:
            cases.reopen(case, text, by, at)
            return _("The case is open again.")
        is_started = "_start" in request.POST and cases.start(case, by, at)
        if text or not (is_handed_on or is_started):
            cases.note(case, text, by, at)
        if is_handed_on:
            return _("Assigned to %(name)s.") % {"name": name_of(chosen["owner"])}
        return _("The case is in progress.") if is_started else _("The note is saved.")

    def _after(self, request: HttpRequest, case: Case) -> HttpResponse:
        """Back to the case, or to the list for whoever handed it out of their own sight."""
        if self.get_queryset(request).filter(pk=case.pk).exists():
            return redirect("admin:feedback_loop_case_change", case.pk)
        return redirect("admin:feedback_loop_case_changelist")

    def _told(self, request: HttpRequest, case: Case) -> dict:
        events = list(case.events.select_related("by", "case__client"))
        if not names_agents(request.user):
            events = [event for event in events if event.kind in SHOWN_TO_CLIENTS]
        owners = Login.objects.in_bulk({event.detail["owner"] for event in events if "owner" in event.detail})
        names = {pk: name_of(login) for pk, login in owners.items()}
        told = [(event.at, casework.sentence(event, names), event.by and name_of(event.by)) for event in events]
        team = teams.named([case.client_id], names_agents(request.user)).get(case.team_id, "")
        return {
            "events": told,
            "team": team,
            "ending": "".join(c for c in cases.phone_of(case.response) if c.isdigit())[-2:],
        }


def name_of(login: Login) -> str:
    return login.get_full_name() or login.username
