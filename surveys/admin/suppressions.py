"""The admin of who must not be asked."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..addresses import phone_key
from ..admin_scope import BY_CLIENT, ByAnalysts, OneClientForm
from ..models import Client, Login, Reach, Suppression
from ..models.people import email_key

Reason = Suppression.Reason
# What a person may note here. The rest is noted by what found it out.
BY_HAND = [
    (Reason.MANUAL, gettext_lazy("noted by us: can be taken back")),
    (
        Reason.UNSUBSCRIBED,
        gettext_lazy("said by the customer, in a letter, say: only they take it back"),
    ),
]


def address_key(address: str, client: Client) -> str:
    """The one spelling of a mailbox or a mobile number (E.164). ValidationError for anything else."""
    if "@" in address:
        key = email_key(address)
        validate_email(key)
    elif not (key := phone_key(address, client.language)):
        raise ValidationError(
            _("This is neither an email address nor a mobile number. Write it as in +49 151 23456789.")
        )
    return key


class SuppressionForm(OneClientForm):
    """The address in its one spelling, before it is compared with those we have."""

    reason = forms.ChoiceField(
        label=gettext_lazy("reason"), choices=BY_HAND, initial=Reason.MANUAL, required=False, widget=forms.RadioSelect
    )

    def clean_reason(self) -> str:
        return self.cleaned_data["reason"] or Reason.MANUAL

    def clean(self) -> dict:
        cleaned = super().clean()
        client, address = cleaned.get("client"), cleaned.get("address")
        if not (client and address):
            return cleaned
        try:
            cleaned["address"] = address_key(address, client)
        except ValidationError as error:
            self.add_error("address", error)
            return cleaned
        known = Suppression.objects.filter(client=client, address=cleaned["address"], survey=cleaned.get("survey"))
        if "survey" not in self.errors and known.exists():
            self.add_error("address", _("This address is on the list already."))
        return cleaned


@admin.register(Suppression)
class SuppressionAdmin(ByAnalysts):
    """Do not ask. Anyone in reach may add; only what was noted by hand may be taken back, and only by superusers."""

    list_display = ("address", "reason", "scope", "detail", "client", "created_at")
    list_filter = ("reason", BY_CLIENT)
    list_select_related = ("client", "survey")
    search_fields = ("address",)
    form = SuppressionForm
    fields = ("client", "address", "survey", "reason", "detail")
    empty_state = gettext_lazy("Everybody may be asked. Whoever objects, or whose mail comes back, appears here.")

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple:
        return (*self.fields, "created_at") if obj else self.fields

    @admin.display(description=gettext_lazy("not asked by"), ordering="survey")
    def scope(self, suppression: Suppression) -> str:
        return str(suppression.survey) if suppression.survey else _("any survey")

    def may_change(self, reach: Reach, login: Login, row: Suppression | None) -> bool:
        return False

    def may_delete(self, reach: Reach, row: Suppression | None) -> bool:
        return reach.is_everything and (row is None or row.reason == Reason.MANUAL)

    def save_model(self, request: HttpRequest, obj: Suppression, form: OneClientForm, change: bool) -> None:
        obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)
