"""Who receives which digest, and what was sent."""

from django.contrib import admin

from surveys.admin_scope import BY_CLIENT, ReadOnly, Scoped

from ..models import Digest, DigestSubscription


@admin.register(DigestSubscription)
class DigestSubscriptionAdmin(Scoped):
    list_display = ("email", "kind", "client", "language", "send_hour", "is_active")
    list_filter = (BY_CLIENT, "kind", "is_active")
    list_select_related = ("client",)
    search_fields = ("email",)


@admin.register(Digest)
class DigestAdmin(ReadOnly):
    list_display = ("client", "kind", "first_on", "last_on", "state", "sent_at")
    list_filter = (BY_CLIENT, "kind", "state")
    list_select_related = ("client",)
    search_fields = ("subscription__email",)
    fields = ("client", "subscription", "kind", "first_on", "last_on", "language", "state", "claimed_at", "sent_at")
