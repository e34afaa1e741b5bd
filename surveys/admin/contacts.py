"""The admin of what came in: contacts, and how a source's files read."""

from django.contrib import admin
from django.contrib.admin import RelatedOnlyFieldListFilter

from ..admin_scope import BY_CLIENT, ReadOnly, Scoped
from ..models import (
    Contact,
    ImportProfile,
    Reach,
)


@admin.register(Contact)
class ContactAdmin(ReadOnly):
    list_display = ("external_id", "channel", "reason", "agent", "team", "state", "started_at", "client")
    list_filter = (BY_CLIENT, "state", "channel", ("team", RelatedOnlyFieldListFilter))
    list_select_related = ("client", "agent", "team")
    search_fields = ("external_id", "email")


@admin.register(ImportProfile)
class ImportProfileAdmin(Scoped):
    list_display = ("name", "client")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("name",)

    def may_delete(self, reach: Reach, row: ImportProfile | None) -> bool:
        return reach.is_everything
