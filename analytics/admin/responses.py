"""What customers answered, as those who served them, their leads, analysts and client companies may read it."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys.admin_scope import KIND_OF_SURVEY, Scoped, headed, names_agents, on_row
from surveys.models import Answer, Exclusion, Login, Reach, Response, reach_of

from .. import classification, corrections, teams
from ..forms import CorrectionForm
from ..templatetags import voice
from . import downloads, taking
from .filters import (
    ClientFilter,
    CommentFilter,
    DoorFilter,
    GroupFilter,
    PeriodFilter,
    SignFilter,
    StateFilter,
    TeamFilter,
    ThemeFilter,
    clients_of,
)
from .heading import heading


@admin.register(Response)
class ResponseAdmin(Scoped):
    list_filter = (
        GroupFilter,
        ("kind", headed(KIND_OF_SURVEY)),
        ThemeFilter,
        CommentFilter,
        PeriodFilter,
        DoorFilter,
        StateFilter,
        SignFilter,
        ClientFilter,
        TeamFilter,
    )
    list_select_related = ("client", "invitation__contact", "invitation__wave", "invitation__agent", "open_link")
    empty_state = gettext_lazy("No answers in this period. They appear here as soon as customers send them.")

    def may_look(self, reach: Reach) -> bool:
        return not reach.is_nothing

    def may_add(self, reach: Reach) -> bool:
        return False

    def may_change(self, reach: Reach, login: Login, row: Response | None) -> bool:
        """Correct its themes: analysts and leads. The answer itself is never edited."""
        if reach.is_everything or row is None:
            return reach.is_analyst or bool(reach.teams)
        return row.client_id in reach.analyst_clients or (row.invitation or row.open_link).team_id in reach.teams

    def get_urls(self) -> list:
        """A dashboard's address leads to the rows behind it."""
        rows, take = self.admin_site.admin_view(downloads.rows), self.admin_site.admin_view(taking.take)
        return [
            path("rows/<slug:slug>/<slug:form>/", rows, name="surveys_response_rows"),
            path("rows/", take, name="surveys_response_take"),
            *super().get_urls(),
        ]

    # --- The list --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        excluded = Exists(Exclusion.objects.standing().filter(response=OuterRef("pk")))
        return super().get_queryset(request).annotate(is_excluded=excluded).prefetch_related(voice.prefetches())

    def get_search_fields(self, request: HttpRequest) -> tuple:
        by_agent = ("invitation__agent__name",) if names_agents(request.user) else ()
        return ("answers__text", "invitation__contact__external_id", "open_link__name", *by_agent)

    def get_list_display(self, request: HttpRequest) -> tuple:
        reach = reach_of(request.user)
        has_several = reach.is_analyst or reach.teams or len(reach.agents) > 1
        agent = ("agent",) if has_several and names_agents(request.user) else ()
        contact = "contact_at_client" if clients_of(request.user).count() > 1 else "contact"
        return ("score_mark", "comment", contact, *agent, "age")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        title, intro = heading(request.user, self.get_queryset(request))
        context = {"title": title, "subtitle": intro, "offer": taking.offer(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description=gettext_lazy("Score"), ordering="score")
    def score_mark(self, response: Response) -> SafeString:
        return voice.mark(response)

    @admin.display(description=gettext_lazy("Comment and themes"))
    def comment(self, response: Response) -> SafeString:
        return format_html("{}{}", voice.notes(response, timezone.now()), voice.voice(response))

    @admin.display(description=gettext_lazy("Contact"))
    def contact(self, response: Response) -> SafeString:
        return contact_line(response)

    @admin.display(description=gettext_lazy("Contact"))
    def contact_at_client(self, response: Response) -> SafeString:
        return format_html('{} <span class="client">{}</span>', contact_line(response), response.client)

    @admin.display(description=gettext_lazy("Agent"))
    def agent(self, response: Response) -> str:
        agent = response.invitation and response.invitation.agent
        return agent.name if agent else "–"

    @admin.display(description=gettext_lazy("Age"), ordering="submitted_at")
    def age(self, response: Response) -> str:
        return voice.age(response.submitted_at, timezone.now())

    # --- One response ------------------------------------------------------------------------------------------------

    @on_row("view")
    def change_view(self, request: HttpRequest, response: Response) -> HttpResponse:
        may_correct = self.has_change_permission(request, response)
        if request.method == "POST" and not may_correct:
            raise PermissionDenied
        texts, pressed = voice.texts(response), request.POST.get("answer", "")
        forms = {}
        for answer in texts if may_correct else ():
            is_pressed = request.method == "POST" and pressed in (str(answer.pk), "")
            form = CorrectionForm(answer, get_language() or "en", request.POST if is_pressed else None)
            if form.is_valid():
                return self._correct(request, response, answer, form)
            forms[answer] = form
        told = corrections.history(response.client, texts)
        readings = [(answer, forms.get(answer), told.get(answer.pk, [])) for answer in texts]
        team = teams.named([response.client_id], names_agents(request.user)).get(
            (response.invitation or response.open_link).team_id
        )
        return self.page(request, response, readings=readings, team=team or "")

    def _correct(self, request: HttpRequest, response: Response, answer: Answer, form: CorrectionForm) -> HttpResponse:
        classification.correct(answer, form.sentiments, request.user, form.dropped)
        self.log_change(request, response, _("Corrected the themes."))
        self.message_user(request, _("Your judgement is saved. No machine will change it."), messages.SUCCESS)
        return redirect("admin:surveys_response_change", response.pk)


def contact_line(response: Response) -> SafeString:
    """Its number, channel and reason; or the wave that asked; or the open link that anybody could follow."""
    invitation = response.invitation
    if invitation is None:
        return format_html('<span class="ref">{}</span> {}', response.open_link.name, response.get_door_display())
    if invitation.contact is None:
        return format_html('<span class="ref">{}</span>', _("Wave %(number)d") % {"number": invitation.wave.number})
    what = ", ".join(filter(None, [invitation.get_channel_display(), invitation.contact_reason]))
    return format_html('<span class="ref">{}</span> {}', invitation.contact.external_id, what)
