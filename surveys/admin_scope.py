"""Who may look at what in the admin, and who may change it: by reach, never by permission rows.

Every page of every ModelAdmin (list, change, history, delete, popup, autocomplete, search, filters, dropdowns) stands
on `get_queryset`, and that on the reach of the login. What lies outside does not exist.
"""

import unicodedata
from collections.abc import Callable
from functools import wraps
from inspect import getmembers

from django import forms
from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.admin.utils import unquote
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .models import Login, Reach, reach_of

BY_CLIENT = ("client", RelatedOnlyFieldListFilter)
KIND_OF_SURVEY = gettext_lazy("kind of survey")
PER_PAGE = 50
FILTER_ENDINGS = ("", "__exact", "__id__exact", "__isnull", "__gte", "__lt")  # what Django's own filters write


def names_agents(login: Login) -> bool:
    """Whether this login may read who served. Whoever also looks from a client's side never does."""
    reach = reach_of(login)
    return reach.sees_agents and not reach.viewer_clients - reach.analyst_clients


def headed(heading: str, of: type[admin.FieldListFilter] = admin.ChoicesFieldListFilter) -> type[admin.FieldListFilter]:
    """A field's filter under a heading of its own, where the field's name says too little beside the others."""

    class Headed(of):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            self.title = heading

    return Headed


def labelled(name: str, value: str | int) -> SafeString:
    """A value of a list with its name: on a phone the rows are cards, and no head stands above it."""
    return format_html('<span class="on-phone">{}: </span>{}', capfirst(name), value)


def on_row(permission: str, *methods: str) -> Callable:
    """Make a view of a ModelAdmin's method that takes (request, row). Without an answer it leads to the row's form.

    405 but for these HTTP methods (none named: any will do). 403 for those who may not look at all, and for those
    without `has_…_permission` of this name on the row. A row outside the reach does not exist.
    """

    def decorate(method: Callable[..., HttpResponse | None]) -> Callable[..., HttpResponse]:
        @wraps(method)
        def view(self: admin.ModelAdmin, request: HttpRequest, object_id: str, *args, **kwargs) -> HttpResponse:
            if methods and request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if not self.has_view_permission(request):
                raise PermissionDenied
            if (row := self.get_object(request, object_id)) is None:
                return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            if not getattr(self, f"has_{permission}_permission")(request, row):
                raise PermissionDenied
            return method(self, request, row) or redirect(f"admin:{_name(self)}_change", row.pk)

        return view

    return decorate


def button(permission: str) -> Callable:
    """A verb on one row, pressed by POST at an address of its own: the row's, and the method's name."""
    return lambda method: _addressed(on_row(permission, "POST")(method))


def own_page(method: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page about one row, beside its form, at an address of its own: the row's, and the method's name."""
    return _addressed(on_row("view", "GET", "HEAD")(method))


def _addressed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    view.has_address = True
    return view


def _name(of: admin.ModelAdmin) -> str:
    return f"{of.opts.app_label}_{of.opts.model_name}"


class OneClientForm(forms.ModelForm):
    """A row belongs to one client, and so does all it points to."""

    def clean(self) -> dict:
        cleaned = super().clean()
        client = cleaned.get("client") or getattr(self.instance, "client", None) if self._has_client() else None
        for name, value in list(cleaned.items()):
            if client and getattr(value, "client_id", client.pk) != client.pk:
                self.add_error(name, ValidationError(_("This belongs to another client.")))
        return cleaned

    def _has_client(self) -> bool:
        return "client" in self.fields or bool(getattr(self.instance, "client_id", None))


class Scoped(admin.ModelAdmin):
    """The frame of every ModelAdmin. Analysts look at the rows of their clients; superusers look at and change all.

    A subclass widens that by `rows`, `may_look`, `may_add`, `may_change` and `may_delete`. Nothing else decides.
    """

    client_path = "client"
    empty_state = gettext_lazy("Nothing is here yet.")
    form = OneClientForm
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    actions = None
    show_facets = admin.ShowFacets.NEVER

    # --- What a subclass says ------------------------------------------------------------------------------------

    def rows(self, reach: Reach) -> Q:
        return reach.analyst_rows(self.client_path)

    def may_look(self, reach: Reach) -> bool:
        return reach.is_analyst

    def may_add(self, reach: Reach) -> bool:
        return reach.is_everything

    def may_change(self, reach: Reach, login: Login, row: Model | None) -> bool:
        return reach.is_everything

    def may_delete(self, reach: Reach, row: Model | None) -> bool:
        """Hardly ever: what happened stays, settings are ended or switched off."""
        return False

    # --- What Django asks ------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Models that know who may see their rows say it themselves (`visible_to`)."""
        queryset = super().get_queryset(request)
        if hasattr(queryset, "visible_to"):
            return queryset.visible_to(request.user)
        return queryset.filter(self.rows(reach_of(request.user)))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_look(reach_of(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add(reach_of(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_look(reach_of(request.user)) and self.may_change(reach_of(request.user), request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.may_delete(reach_of(request.user), obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        """A row never moves to another client."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return (*fields, "client") if obj and self.client_path == "client" else fields

    def get_ordering(self, request: HttpRequest) -> tuple:
        return tuple(self.ordering or self.opts.ordering or ("pk",))

    def get_field_queryset(self, db, db_field, request: HttpRequest) -> QuerySet:
        """Dropdowns offer what the login may see; of models without an admin, nothing."""
        target = self.admin_site._registry.get(db_field.remote_field.model)
        return target.get_queryset(request) if target else db_field.remote_field.model._default_manager.none()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple:
        """What is looked for is spelled as it is stored (NFC): some systems type “ü” as two characters."""
        spelled = unicodedata.normalize("NFC", search_term.replace("\0", ""))
        return super().get_search_results(request, queryset, spelled)

    def lookup_allowed(self, lookup: str, value, request: HttpRequest) -> bool:
        """Only what a filter of this list itself writes: an address bar must not ask about hidden columns."""
        offered = [entry[0] if isinstance(entry, tuple) else entry for entry in self.get_list_filter(request)]
        own = {entry.parameter_name for entry in offered if not isinstance(entry, str)}
        fields = {f"{entry}{end}" for entry in offered if isinstance(entry, str) for end in FILTER_ENDINGS}
        return lookup in own | fields

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """Raises BadRequest for a NUL in the address: PostgreSQL takes none, whichever filter it stands in."""
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("a NUL in a filter")
        frame = {"title": capfirst(self.opts.verbose_name_plural), "empty_state": self.empty_state}
        return super().changelist_view(request, {**frame, **(extra_context or {})})

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        frame = {"title": capfirst(self.opts.verbose_name), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, frame)

    def get_urls(self) -> list:
        """Our own before Django's, whose last one takes every address."""
        views = getmembers(type(self), lambda member: getattr(member, "has_address", False))
        own = [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(getattr(self, name)),
                name=f"{_name(self)}_{name}",
            )
            for name, _view in views
        ]
        return [*own, *super().get_urls()]

    def page(
        self, request: HttpRequest, row: Model, template: str = "page", status: int = 200, **context
    ) -> TemplateResponse:
        """A page of our own for one row, in the admin's frame."""
        frame = {**self.admin_site.each_context(request), "opts": self.opts, "original": row, "now": timezone.now()}
        context = {**frame, "names_agents": names_agents(request.user), **context}
        place = f"admin/{self.opts.app_label}/{self.opts.model_name}/{template}.html"
        return TemplateResponse(request, place, context, status=status)

    def history_view(self, request: HttpRequest, object_id: str, extra_context=None):
        """Who changed what names people: nothing for those who look from a client's side."""
        if not names_agents(request.user):
            return self._get_obj_does_not_exist_redirect(request, self.opts, unquote(object_id))
        return super().history_view(request, object_id, extra_context)


class ReadOnly(Scoped):
    """Nobody writes here by hand, superusers included: these rows are written by what they record."""

    def may_add(self, reach: Reach) -> bool:
        return False

    def may_change(self, reach: Reach, login: Login, row: Model | None) -> bool:
        return False


class ByAnalysts(Scoped):
    """Settings that the analysts of a client keep themselves."""

    def may_add(self, reach: Reach) -> bool:
        return reach.is_analyst

    def may_change(self, reach: Reach, login: Login, row: Model | None) -> bool:
        if reach.is_everything or row is None:
            return reach.is_analyst
        return self._client_id(row) in reach.analyst_clients

    def _client_id(self, row: Model) -> int:
        for part in self.client_path.split("__"):
            row = getattr(row, part)
        return row.pk
