"""The admin of people: teams, agents, logins and what they see, customers."""

from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.auth.admin import UserAdmin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from ..admin_scope import BY_CLIENT, ByAnalysts, ReadOnly, Scoped
from ..models import (
    Access,
    Agent,
    Customer,
    Login,
    Reach,
    Team,
)


@admin.register(Team)
class TeamAdmin(ByAnalysts):
    list_display = ("name", "client")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("name",)


@admin.register(Agent)
class AgentAdmin(ByAnalysts):
    list_display = ("name", "key", "team", "client", "login")
    list_filter = (BY_CLIENT, ("team", RelatedOnlyFieldListFilter))
    list_select_related = ("client", "team", "login")
    search_fields = ("name", "key")


@admin.register(Access)
class AccessAdmin(Scoped):
    list_display = ("login", "role", "client", "team")
    list_filter = (BY_CLIENT, "role")
    list_select_related = ("login", "client", "team")
    search_fields = ("login__username",)

    def may_delete(self, reach: Reach, row: Access | None) -> bool:
        return reach.is_everything


@admin.register(Login)
class LoginAdmin(Scoped, UserAdmin):
    """Superusers keep logins. Analysts meet in dropdowns those that their clients' agents or accesses name."""

    form = UserAdmin.form
    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    search_fields = ("username", "first_name", "last_name", "email")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (gettext_lazy("May sign in"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2", "is_staff")}),)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        """Whoever is added here is meant to sign in here."""
        return {"is_staff": True}

    def rows(self, reach: Reach) -> Q:
        clients = reach.analyst_clients
        named = Q(pk__in=Agent.objects.filter(client__in=clients).values("login"))
        named |= Q(pk__in=Access.objects.filter(client__in=clients).values("login"))
        return Q() if reach.is_everything else named & Q(is_superuser=False)

    def may_look(self, reach: Reach) -> bool:
        return reach.is_everything

    def get_readonly_fields(self, request: HttpRequest, obj: Login | None = None) -> tuple:
        return ("last_login",)


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    list_display = ("name", "number", "email", "client", "first_seen_at")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("name", "number", "email")
