"""What customers answered, as those who served them, their leads, analysts and client companies may read it."""

import datetime as dt

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from surveys.admin.campaigns import CampaignAdmin
from surveys.admin_scope import BY_CLIENT, ByAnalysts, Scoped, names_agents
from surveys.models import Answer, Campaign, Client, Group, Login, Reach, Response, Survey, Team, reach_of

from . import classification, figures, reminders
from .forms import CorrectionForm
from .models import Reading, Theme, ThemeAssignment
from .scores import Estimate, Verdict
from .templatetags import voice

USUAL_DAYS = 90


class PeriodFilter(admin.SimpleListFilter):
    title = gettext_lazy("period")
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [("7", _("Last 7 days")), ("365", _("Last 12 months")), ("all", _("All"))]

    def choices(self, changelist):
        """The usual period comes first and stands in nobody's address."""
        usual, *others = super().choices(changelist)
        return [{**usual, "display": _("Last 90 days")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        return queryset.filter(submitted_at__gte=timezone.now() - dt.timedelta(days=int(self.value() or USUAL_DAYS)))


class GroupFilter(admin.SimpleListFilter):
    title = gettext_lazy("score")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [
            (Group.DETRACTOR, _("Detractors, 0 to 6; CSAT 1 and 2")),
            (Group.PASSIVE, _("Passives, 7 and 8; CSAT 3")),
            (Group.PROMOTER, _("Promoters, 9 and 10; CSAT 4 and 5")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(group=self.value()) if self.value() else queryset


class CommentFilter(admin.SimpleListFilter):
    title = gettext_lazy("comment")
    parameter_name = "comment"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [("yes", _("With a comment")), ("no", _("Without a comment")), ("unclassified", _("Unclassified"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        answers = Answer.objects.filter(response=OuterRef("pk"))
        if self.value() == "unclassified":
            answers = answers.filter(reading__outcome=Reading.Outcome.UNCLASSIFIED)
        if self.value() == "no":
            return queryset.exclude(Exists(answers))
        return queryset.filter(Exists(answers)) if self.value() else queryset


class ThemeFilter(admin.SimpleListFilter):
    title = gettext_lazy("theme")
    parameter_name = "theme"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        """The themes of the clients within reach; clients share the keys of the starter taxonomy."""
        themes = Theme.objects.filter(client__in=clients_of(request.user), is_retired=False)
        return list({theme.key: str(theme) for theme in themes}.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        named = ThemeAssignment.objects.filter(answer__response=OuterRef("pk"), theme__key=self.value())
        return queryset.filter(Exists(named)) if self.value() else queryset


class ClientFilter(admin.SimpleListFilter):
    """Shown by Django only where there is more than one to choose from."""

    title = gettext_lazy("client")
    parameter_name = "client"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        clients = [(str(client.pk), client.name) for client in clients_of(request.user)]
        return clients if len(clients) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(client=self.value()) if (self.value() or "").isdecimal() else queryset


class TeamFilter(admin.SimpleListFilter):
    title = gettext_lazy("team")
    parameter_name = "team"

    path = "invitation__team"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        reach = reach_of(request.user)
        if not names_agents(request.user):
            return []
        reached = Q() if reach.is_everything else Q(client__in=reach.analyst_clients) | Q(pk__in=reach.teams)
        found = [(str(team.pk), team.name) for team in Team.objects.filter(reached)]
        return found if len(found) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(**{self.path: self.value()}) if (self.value() or "").isdecimal() else queryset


def clients_of(login: Login) -> QuerySet[Client]:
    """The clients of which a login can see anything."""
    reach = reach_of(login)
    if reach.is_everything:
        return Client.objects.all()
    by_team, by_agent = Q(teams__in=reach.teams), Q(agents__in=reach.agents)
    return Client.objects.filter(Q(pk__in=reach.analyst_clients | reach.viewer_clients) | by_team | by_agent).distinct()


@admin.register(Response)
class ResponseAdmin(Scoped):
    list_filter = (GroupFilter, "kind", ThemeFilter, CommentFilter, PeriodFilter, ClientFilter, TeamFilter)
    list_select_related = ("client", "invitation__contact", "invitation__wave", "invitation__agent")
    empty_state = gettext_lazy("No answers in this period. They appear here as soon as customers send them.")

    def may_look(self, reach: Reach) -> bool:
        return not reach.is_nothing

    def may_add(self, reach: Reach) -> bool:
        return False

    def may_change(self, reach: Reach, login: Login, row: Response | None) -> bool:
        """Correct its themes: analysts and leads. The answer itself is never edited."""
        if reach.is_everything or row is None:
            return reach.is_analyst or bool(reach.teams)
        return row.client_id in reach.analyst_clients or row.invitation.team_id in reach.teams

    # --- The list --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related(voice.prefetches())

    def get_search_fields(self, request: HttpRequest) -> tuple:
        by_agent = ("invitation__agent__name",) if names_agents(request.user) else ()
        return ("answers__text", "invitation__contact__external_id", *by_agent)

    def get_list_display(self, request: HttpRequest) -> tuple:
        reach = reach_of(request.user)
        has_several = reach.is_analyst or reach.teams or len(reach.agents) > 1
        agent = ("agent",) if has_several and names_agents(request.user) else ()
        contact = "contact_at_client" if clients_of(request.user).count() > 1 else "contact"
        return ("score_mark", "comment", contact, *agent, "age")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        title, intro = heading(request.user, self.get_queryset(request))
        return super().changelist_view(request, {"title": title, "subtitle": intro, **(extra_context or {})})

    @admin.display(description=gettext_lazy("Score"), ordering="score")
    def score_mark(self, response: Response) -> SafeString:
        return voice.mark(response)

    @admin.display(description=gettext_lazy("Comment and themes"))
    def comment(self, response: Response) -> SafeString:
        return voice.voice(response)

    @admin.display(description=gettext_lazy("Contact"))
    def contact(self, response: Response) -> SafeString:
        return contact_line(response)

    @admin.display(description=gettext_lazy("Contact"))
    def contact_at_client(self, response: Response) -> SafeString:
        return format_html('{} <span class="client">{}</span>', contact_line(response), response.client)

    @admin.display(description=gettext_lazy("Agent"))
    def agent(self, response: Response) -> str:
        return response.invitation.agent.name if response.invitation.agent else "–"

    @admin.display(description=gettext_lazy("Age"), ordering="submitted_at")
    def age(self, response: Response) -> str:
        return voice.age(response.submitted_at, timezone.now())

    # --- One response ------------------------------------------------------------------------------------------------

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        response = self.get_object(request, object_id)
        if response is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, response):
            raise PermissionDenied
        may_correct = self.has_change_permission(request, response)
        if request.method == "POST" and not may_correct:
            raise PermissionDenied
        answer = next(iter(response.answers.all()), None)
        typed = request.POST if request.method == "POST" else None
        form = CorrectionForm(answer, get_language() or "en", typed) if answer and may_correct else None
        if form and form.is_valid():
            return self._correct(request, response, answer, form)
        return self.page(request, response, answer=answer, form=form)

    def _correct(self, request: HttpRequest, response: Response, answer: Answer, form: CorrectionForm) -> HttpResponse:
        classification.correct(answer, form.sentiments, request.user, form.dropped)
        self.log_change(request, response, _("Corrected the themes."))
        self.message_user(request, _("Your judgement is saved. No machine will change it."), messages.SUCCESS)
        return redirect("admin:surveys_response_change", response.pk)


@admin.register(Theme)
class ThemeAdmin(ByAnalysts):
    """Rename, add, retire. A theme that answers name is retired, not deleted."""

    list_display = ("__str__", "key", "side", "client", "is_retired")
    list_filter = (BY_CLIENT, "side", "is_retired")
    list_select_related = ("client",)
    search_fields = ("name_de", "name_en", "key")

    def get_readonly_fields(self, request: HttpRequest, obj: Theme | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), "key") if obj else ()


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


def contact_line(response: Response) -> SafeString:
    """Its number, channel and reason; or the wave that asked."""
    invitation = response.invitation
    if invitation.contact is None:
        return format_html('<span class="ref">{}</span>', _("Wave %(number)d") % {"number": invitation.wave.number})
    what = ", ".join(filter(None, [invitation.get_channel_display(), invitation.contact_reason]))
    return format_html('<span class="ref">{}</span> {}', invitation.contact.external_id, what)


def heading(login: Login, responses: QuerySet) -> tuple[str, str]:
    """The list's title and a sentence per kind of survey: how many answers of the last 90 days, and in which groups."""
    since = timezone.now() - dt.timedelta(days=USUAL_DAYS)
    rows = responses.order_by().filter(submitted_at__gte=since).values_list("kind", "group").annotate(n=Count("pk"))
    counts = {(kind, group): n for kind, group, n in rows}
    reach = reach_of(login)
    if reach.agents and not (reach.is_analyst or reach.teams or reach.viewer_clients):
        title, whose = _("My responses"), _("on your contacts")
    elif reach.teams and not (reach.is_analyst or reach.viewer_clients):
        title, whose = _("Responses of my team"), _("on your team’s contacts")
    else:
        title, whose = _("Responses"), _("within your reach")
    return title, " ".join(_sentence(kind, counts, whose) for kind in Survey.Kind if any(k == kind for k, _g in counts))


def _sentence(kind: str, counts: dict, whose: str) -> str:
    n = {group.value: counts.get((kind, group.value), 0) for group in Group}
    figures = {"count": sum(n.values()), "whose": whose, **n}
    if kind == Survey.Kind.NPS:
        return (
            ngettext(
                "NPS: %(count)d answer %(whose)s in the last 90 days: %(promoter)d promoters, %(passive)d passives, "
                "%(detractor)d detractors.",
                "NPS: %(count)d answers %(whose)s in the last 90 days: %(promoter)d promoters, %(passive)d passives, "
                "%(detractor)d detractors.",
                figures["count"],
            )
            % figures
        )
    return (
        ngettext(
            "CSAT: %(count)d answer %(whose)s in the last 90 days: %(promoter)d happy, %(passive)d in between, "
            "%(detractor)d unhappy.",
            "CSAT: %(count)d answers %(whose)s in the last 90 days: %(promoter)d happy, %(passive)d in between, "
            "%(detractor)d unhappy.",
            figures["count"],
        )
        % figures
    )
