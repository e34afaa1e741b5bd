"""The admin of the ledger: every verdict, and who must not be asked."""

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import invitations
from ..admin_scope import BY_CLIENT, ByAnalysts, OneClientForm, ReadOnly
from ..models import (
    Invitation,
    Login,
    Reach,
    Suppression,
    reach_of,
)
from ..models.people import email_key


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """The ledger: every contact judged, and why it was not asked."""

    list_display = ("about_whom", "campaign", "verdict", "decided_at", "client")
    list_filter = ("is_asked", "reason", ("campaign", RelatedOnlyFieldListFilter), BY_CLIENT)
    list_select_related = ("client", "campaign", "contact", "customer")
    search_fields = ("contact__external_id", "email")
    exclude = ("version",)
    actions = ("withdraw",)

    def has_withdraw_permission(self, request: HttpRequest) -> bool:
        return reach_of(request.user).is_analyst

    @admin.action(description=gettext_lazy("Withdraw the selected invitations"), permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet) -> None:
        n = invitations.withdraw(queryset, timezone.now())
        said = ngettext("%(n)d invitation is withdrawn.", "%(n)d invitations are withdrawn.", n) % {"n": n}
        self.message_user(request, said, messages.SUCCESS if n else messages.WARNING)

    @admin.display(description=gettext_lazy("contact or customer"))
    def about_whom(self, invitation: Invitation) -> str:
        return str(invitation.contact or invitation.customer or "–")

    @admin.display(description=gettext_lazy("verdict"), ordering="reason")
    def verdict(self, invitation: Invitation) -> str:
        if invitation.is_asked:
            return _("asked")
        return format_html('{} <span class="quiet">{}</span>', _("not asked:"), invitation.get_reason_display())


class SuppressionForm(OneClientForm):
    """The mailbox in one spelling, before it is compared with those we have."""

    def clean_address(self) -> str:
        address = email_key(self.cleaned_data["address"])
        validate_email(address)
        return address


@admin.register(Suppression)
class SuppressionAdmin(ByAnalysts):
    """Do not ask. Anyone in reach may add; only what was noted by hand may be taken back, and only by superusers."""

    list_display = ("address", "reason", "client", "created_at")
    list_filter = (BY_CLIENT, "reason")
    list_select_related = ("client",)
    search_fields = ("address",)
    form = SuppressionForm
    fields = ("client", "address")

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple:
        return ("client", "address", "reason", "created_at") if obj else self.fields

    def may_change(self, reach: Reach, login: Login, row: Suppression | None) -> bool:
        return False

    def may_delete(self, reach: Reach, row: Suppression | None) -> bool:
        return reach.is_everything and (row is None or row.reason == Suppression.Reason.MANUAL)

    def save_model(self, request: HttpRequest, obj: Suppression, form: OneClientForm, change: bool) -> None:
        obj.reason, obj.created_at = Suppression.Reason.MANUAL, timezone.now()
        super().save_model(request, obj, form, change)
