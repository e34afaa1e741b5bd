"""The admin of clients: who writes to their customers, with what right, and the keys of their systems."""

from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework_api_key.admin import APIKeyModelAdmin

from ..admin_scope import BY_CLIENT, OneClientForm, Scoped, headed, own_page
from ..delivery import identity
from ..delivery.dns_records import LiveLookup
from ..models import ApiKey, Client, LegalBasis, Reach


class LegalBasisInline(admin.StackedInline):
    model = LegalBasis
    extra = 0
    verbose_name_plural = gettext_lazy("Legal bases: why this client may ask")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True  # whoever sees the client's page

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    has_change_permission = has_add_permission

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # a basis that ended gets its last day; it once allowed what was sent


@admin.register(Client)
class ClientAdmin(Scoped):
    client_path = "pk"
    list_display = ("name", "slug", "language", "time_zone", "is_active")
    search_fields = ("name", "slug")
    inlines = (LegalBasisInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "sentence_name_de", "is_active")}),
        (gettext_lazy("How customers are addressed"), {"fields": ("language", "form_of_address", "time_zone")}),
        (gettext_lazy("Who writes to them"), {"fields": ("from_name", "from_email", "reply_to", "dkim_selectors")}),
        (
            gettext_lazy("What every mail and page names"),
            {"fields": ("imprint", "imprint_url", "privacy_url", "service_email")},
        ),
        (gettext_lazy("What customers are promised"), {"fields": ("call_back_days", "holiday_region")}),
        (gettext_lazy("How much may leave"), {"fields": ("messages_per_hour", "messages_per_domain_and_hour")}),
        (gettext_lazy("Text messages"), {"fields": ("sms_sender", "sms_budget_per_day")}),
    )

    @own_page
    def sender(self, request: HttpRequest, client: Client) -> HttpResponse:
        """The sender check: asks the DNS while the page is made, at most 15 seconds. Reads only, in no transaction."""
        findings = identity.check(client, LiveLookup())
        context = {
            "title": _("Sender check"),
            "findings": findings,
            "faults": sum(finding.state != identity.State.GOOD for finding in findings),
            "sending_host": settings.SPF_INCLUDE,
            "resolver": settings.DNS_RESOLVER,
        }
        return self.page(request, client, "sender", **context)

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> tuple:
        return ("slug",) if obj else ()


@admin.register(ApiKey)
class ApiKeyAdmin(Scoped, APIKeyModelAdmin):
    """The key itself is shown once, when it is made. It is revoked, not deleted."""

    form = OneClientForm
    list_display = ("prefix", "name", "client", "created", "expiry_date", "revoked")
    list_filter = (BY_CLIENT, ("revoked", headed(gettext_lazy("revoked"), admin.BooleanFieldListFilter)))
    list_select_related = ("client",)
    search_fields = ("name", "prefix")

    def may_look(self, reach: Reach) -> bool:
        return reach.is_everything

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        return (*APIKeyModelAdmin.get_readonly_fields(self, request, obj), *(("client",) if obj else ()))
