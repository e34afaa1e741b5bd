"""The admin of what came in: contacts, how a source's files read, and the inlets through which helpdesks tell."""

import json

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..admin_scope import BY_CLIENT, OneClientForm, ReadOnly, Scoped, button
from ..delivery import links
from ..ingestion import webhooks
from ..ingestion.webhooks import overrides, signatures
from ..models import (
    Contact,
    ImportProfile,
    Inlet,
    InletEvent,
    Reach,
)

EVENTS_SHOWN = 10


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


class MappingField(forms.JSONField):
    """JSON that a person can read and write: one key a line."""

    def prepare_value(self, value: object) -> str:
        text = super().prepare_value(value)
        return text if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class InletForm(OneClientForm):
    mapping = MappingField(
        label=gettext_lazy("Mapping"),
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "code"}),
        help_text=gettext_lazy("What differs from the usual words and fields of this helpdesk. Empty: nothing does."),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Signing secret"),
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Paste the one that Zendesk shows; of two webhooks both, with a blank between them. Empty: the present one "
            "stays. A new one replaces it, and the one before is accepted, too, until you end it."
        ),
    )

    def clean_mapping(self) -> dict:
        mapping = self.cleaned_data["mapping"] or {}
        overrides.validate(mapping)
        return mapping

    def clean_pasted(self) -> str:
        pasted = self.cleaned_data["pasted"].split()
        if not all(map(signatures.is_secret, pasted)) or len(" ".join(pasted)) > signatures.LONGEST:
            raise forms.ValidationError(_("This is no signing secret: 8 to 200 characters without commas."))
        return " ".join(pasted)


@admin.register(Inlet)
class InletAdmin(Scoped):
    """A door for one helpdesk: its address, how to set the helpdesk up, its secret, its mapping, what came in last."""

    form = InletForm
    list_display = ("name", "kind", "client", "is_active", "last_at", "refused")
    list_filter = (BY_CLIENT, "kind", "is_active")
    list_select_related = ("client",)
    search_fields = ("name",)
    change_form_template = "admin/surveys/inlet/change_form.html"
    empty_state = gettext_lazy("No helpdesk tells of its contacts yet. Add an inlet, and it says what to do there.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        refused = Count("events", filter=Q(events__outcome=InletEvent.Outcome.REFUSED))
        return super().get_queryset(request).annotate(last=Max("events__received_at"), refused_count=refused)

    @admin.display(description=gettext_lazy("last event"), ordering="last")
    def last_at(self, inlet: Inlet):
        return inlet.last

    @admin.display(description=gettext_lazy("refused"), ordering="refused_count")
    def refused(self, inlet: Inlet) -> str:
        if not inlet.refused_count:
            return "0"
        address = reverse("admin:surveys_inletevent_changelist")
        return format_html(
            '<a href="{}?inlet__id__exact={}&amp;outcome__exact=refused">{}</a>', address, inlet.pk, inlet.refused_count
        )

    def get_fieldsets(self, request: HttpRequest, obj: Inlet | None = None) -> list:
        if obj is None:
            return [(None, {"fields": ("client", "kind", "name")})]
        pasted = () if _is_ours(obj) or not self.has_change_permission(request, obj) else ("pasted",)
        return [(None, {"fields": ("client", "kind", "name", "is_active", *pasted, "mapping")})]

    def get_readonly_fields(self, request: HttpRequest, obj: Inlet | None = None) -> tuple:
        return (*super().get_readonly_fields(request, obj), *(("kind", "name") if obj else ()))

    def save_model(self, request: HttpRequest, obj: Inlet, form: InletForm, change: bool) -> None:
        if not change and _is_ours(obj):
            self._renew(request, obj, signatures.new_secret())
        elif pasted := form.cleaned_data.get("pasted"):
            obj.previous_secret, obj.secret = obj.secret, pasted
        super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: Inlet) -> HttpResponse:
        return redirect("admin:surveys_inlet_change", obj.pk)  # what to do in the helpdesk stands there

    response_post_save_change = response_post_save_add

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        inlet = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, self._setup(request, inlet) if inlet else {})

    def _setup(self, request: HttpRequest, inlet: Inlet) -> dict:
        return {
            "address": links.absolute(reverse("inlet", args=[inlet.public_id])),
            "steps": f"admin/surveys/inlet/{inlet.kind}.html",
            "body": webhooks.HELPDESKS[inlet.kind].BODY,
            "token_header": signatures.TOKEN_HEADER,
            "is_ours": _is_ours(inlet),
            "may_change": self.has_change_permission(request, inlet),
            "ending": inlet.secret[-4:],
            "example": overrides.EXAMPLE,
            "events": inlet.events.select_related("contact")[:EVENTS_SHOWN],
        }

    @button("change")
    def rotate(self, request: HttpRequest, inlet: Inlet) -> None:
        """A new secret of ours; the one before is accepted, too, until it is ended."""
        self._renew(request, inlet, signatures.new_secret())
        self._save_secrets(request, inlet)

    @button("change")
    def end_previous(self, request: HttpRequest, inlet: Inlet) -> None:
        inlet.previous_secret = ""
        self._save_secrets(request, inlet)
        self.message_user(request, _("The previous secret is not accepted any more."), messages.SUCCESS)

    def _save_secrets(self, request: HttpRequest, inlet: Inlet) -> None:
        inlet.save(update_fields=["secret", "previous_secret"])
        self.log_change(request, inlet, _("Changed the secret."))

    def _renew(self, request: HttpRequest, inlet: Inlet, secret: str) -> None:
        """Shown this once: later its last four characters tell which one it is."""
        inlet.previous_secret, inlet.secret = inlet.secret, secret
        said = _("The secret of this inlet, shown this once. Copy it into the helpdesk now:")
        self.message_user(request, format_html("{} <code>{}</code>", said, secret), messages.WARNING)


def _is_ours(inlet: Inlet) -> bool:
    """Whether we make the secret; else the helpdesk does."""
    return webhooks.HELPDESKS[inlet.kind].IS_SECRET_OURS


@admin.register(InletEvent)
class InletEventAdmin(ReadOnly):
    """What came in through inlets, and what became of it; what was refused can be tried again."""

    client_path = "inlet__client"
    list_display = ("received_at", "inlet", "outcome", "contact", "detail")
    list_filter = ("outcome", ("inlet", RelatedOnlyFieldListFilter))
    list_select_related = ("inlet", "contact")
    search_fields = ("event_id", "contact__external_id")
    fields = ("inlet", "received_at", "outcome", "detail", "contact", "event_id", "as_it_came")
    readonly_fields = fields
    change_form_template = "admin/surveys/inletevent/change_form.html"
    empty_state = gettext_lazy("Nothing has come in through an inlet yet.")

    @admin.display(description=gettext_lazy("as it came"))
    def as_it_came(self, event: InletEvent) -> str:
        if not event.payload:
            return _("Emptied: what names people is kept for 30 days.")
        is_text = isinstance(event.payload, str)
        text = event.payload if is_text else json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="code">{}</pre>', text)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        event = self.get_object(request, object_id)
        is_open = event is not None and webhooks.is_open_again(event)
        return super().change_view(request, object_id, form_url, {"is_open_again": is_open})

    @button("view")
    def try_again(self, request: HttpRequest, event: InletEvent) -> None:
        """Map a refused event once more."""
        if webhooks.is_open_again(event):
            event = webhooks.try_again(event, timezone.now())
            self.log_change(request, event, _("Tried again."))
        is_refused = event.outcome == InletEvent.Outcome.REFUSED
        said = _("Refused again: %(detail)s") % {"detail": event.detail} if is_refused else event.get_outcome_display()
        self.message_user(request, said, messages.ERROR if is_refused else messages.SUCCESS)
