"""What a list of responses can be narrowed to."""

import datetime as dt

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys.admin_scope import names_agents
from surveys.models import Answer, Client, Door, Group, Login, Survey, Team, reach_of

from .. import periods, teams
from ..honesty import gaming
from ..models import Reading, Theme, ThemeAssignment

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
        days = {"7": 7, "365": 365}.get(self.value(), USUAL_DAYS)
        return queryset.filter(submitted_at__gte=timezone.now() - dt.timedelta(days=days))


class GroupFilter(admin.SimpleListFilter):
    title = gettext_lazy("score")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [
            (Group.DETRACTOR, _("Detractors, 0 to 6; CSAT 1 and 2; CES 1 to 3")),
            (Group.PASSIVE, _("Passives, 7 and 8; CSAT 3; CES 4")),
            (Group.PROMOTER, _("Promoters, 9 and 10; CSAT 4 and 5; CES 5 to 7")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(group=self.value()) if self.value() else queryset


class CommentFilter(admin.SimpleListFilter):
    title = gettext_lazy("comment")
    parameter_name = "comment"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [("yes", _("With a comment")), ("no", _("Without a comment")), ("unclassified", _("Unclassified"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        answers = Answer.objects.filter(response=OuterRef("pk")).exclude(text="")
        if self.value() == "unclassified":
            by_machine = answers.exclude(reading__source=Reading.Source.PERSON)
            answers = by_machine.filter(reading__outcome=Reading.Outcome.UNCLASSIFIED)
        if self.value() == "no":
            return queryset.exclude(Exists(answers))
        return queryset.filter(Exists(answers)) if self.value() else queryset


class DoorFilter(admin.SimpleListFilter):
    title = gettext_lazy("way of answering")
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        whole = [("verified", _("All whom we asked")), ("unverified", _("All unverified"))]
        return [*whole, *((door.value, door.label) for door in Door)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() in ("verified", "unverified"):
            return queryset.filter(invitation__isnull=self.value() == "unverified")
        return queryset.filter(door=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("sheet")
    parameter_name = "sheet"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        return [("whole", _("Sent to the end")), ("partial", _("Not sent to the end")), ("changed", _("Changed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = {
            "whole": Q(completed_at__isnull=False),
            "partial": Q(completed_at=None),
            "changed": Q(changed_at__isnull=False),
        }
        return queryset.filter(chosen.get(self.value(), Q()))


class ThemeFilter(admin.SimpleListFilter):
    title = gettext_lazy("theme")
    parameter_name = "theme"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        """The themes of the clients within reach; clients share the keys of the starter taxonomy."""
        themes = Theme.objects.filter(client__in=clients_of(request.user), is_retired=False).select_related("parent")
        language = get_language() or "en"
        return list({theme.key: theme.full_name(language) for theme in themes}.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those in which it was found, or what was merged into it since."""
        led = Q(theme__key=self.value(), theme__merged_into=None) | Q(theme__merged_into__key=self.value())
        named = ThemeAssignment.objects.filter(led, answer__response=OuterRef("pk"))
        return queryset.filter(Exists(named)) if self.value() else queryset


class SignFilter(admin.SimpleListFilter):
    """The answers behind a figure of the honesty pages, such as “quick:2026-10:7”: its kind, period and client."""

    title = gettext_lazy("behind the figure")
    parameter_name = "sign"

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        asked = self.used_parameters.get(self.parameter_name) or ""
        return [(asked, asked.rpartition(":")[0])]

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        try:
            kind, text, number = self.value().split(":")
            client = clients_of(request.user).get(pk=int(number))
            period = periods.parse(text, client.time_zone)
            if kind == "jump":
                found = gaming.jumped(client, period, tuple(Survey.Kind))
            else:
                found = gaming.found(client, period, kind)
        except (ValueError, KeyError, OverflowError, Client.DoesNotExist) as wrong:
            raise IncorrectLookupParameters from wrong
        return queryset.filter(pk__in=found.order_by().values("pk"))


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

    paths = ("invitation__team", "open_link__team")

    def lookups(self, request: HttpRequest, model_admin) -> list[tuple[str, str]]:
        """To whoever looks from a client's side, those that it may read by name."""
        reach = reach_of(request.user)
        clients = reach.analyst_clients | reach.viewer_clients
        reached = Q() if reach.is_everything else Q(client__in=clients) | Q(pk__in=reach.teams)
        rows = Team.objects.filter(reached)
        named = teams.named(set(rows.values_list("client", flat=True)), names_agents(request.user))
        found = [(str(team.pk), team.name) for team in rows if team.pk in named]
        return found if len(found) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not (self.value() or "").isdecimal():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(Q(*((path, self.value()) for path in self.paths), _connector=Q.OR))


def clients_of(login: Login) -> QuerySet[Client]:
    """The clients of which a login can see anything."""
    reach = reach_of(login)
    if reach.is_everything:
        return Client.objects.all()
    by_team, by_agent = Q(teams__in=reach.teams), Q(agents__in=reach.agents)
    return Client.objects.filter(Q(pk__in=reach.analyst_clients | reach.viewer_clients) | by_team | by_agent).distinct()
