"""The admin of what left the house."""

from django.contrib import admin

from ..admin_scope import BY_CLIENT, ReadOnly
from ..models import (
    OutgoingMessage,
)


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ReadOnly):
    list_display = ("key", "to", "state", "due_at", "handed_over_at", "attempts", "client")
    list_filter = ("state", BY_CLIENT)
    list_select_related = ("client",)
    search_fields = ("key", "to")
    fields = ("client", "key", "to", "subject", "text", "state", "due_at", "handed_over_at", "attempts", "detail")
