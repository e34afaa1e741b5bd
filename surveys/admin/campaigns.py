"""The admin of campaigns: their rules by question, whom they would have asked, what the rules were; and their waves."""

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..admin_scope import BY_CLIENT, ByAnalysts, OneClientForm, ReadOnly, button
from ..invitations import rules as versions
from ..models import AudienceCondition, Campaign, Wave, reach_of
from .funnel import WithLedger
from .preview import WithPreview
from .rules import AudienceForm, CampaignForm, history, possible_owners, values_in_use


class AudienceInline(admin.TabularInline):
    model = AudienceCondition
    form = AudienceForm
    fields = ("attribute", "is_excluded", "values")
    extra = 1
    template = "admin/surveys/campaign/audience.html"
    verbose_name_plural = gettext_lazy("Audience: all of these conditions must hold; none means everybody")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return reach_of(request.user).is_analyst  # whoever sees the page of the campaign

    has_add_permission = has_change_permission = has_delete_permission = has_view_permission


@admin.register(Campaign)
class CampaignAdmin(WithLedger, WithPreview, ByAnalysts):
    """Rules by the question they answer. Every saving writes down what they were, and who changed them."""

    form = CampaignForm
    list_display = ("name", "kind", "medium", "survey", "client", "share_percent", "is_paused", "ledger_link")
    list_filter = (BY_CLIENT, "kind", "medium", "is_paused")
    list_select_related = ("client", "survey")
    search_fields = ("name",)
    inlines = (AudienceInline,)
    change_form_template = "admin/surveys/campaign/change_form.html"
    fieldsets = (
        (None, {"fields": ("client", "name", "survey", "kind", "medium", "owner", "starts_on", "is_paused")}),
        (
            gettext_lazy("Who is asked"),
            {"fields": ("share_percent", "skips_goodwill", "skips_agent_initiated", "stale_days")},
        ),
        (
            gettext_lazy("How often"),
            {"fields": ("quarantine_days", "kind_quarantine_days", "quota_per_day", "quota_per_agent_and_week")},
        ),
        (
            gettext_lazy("When"),
            {"fields": ("delay_hours", "hour_from", "hour_until", "sending_days", "sends_on_holidays", "link_days")},
        ),
        (gettext_lazy("Reminder"), {"fields": ("reminder_days",)}),
        (
            gettext_lazy("Waves"),
            {
                "fields": ("wave_days", "panels", "first_after_days", "reask_days"),
                "description": gettext_lazy(
                    "Only for campaigns that ask in waves. A wave opens every so many days from the start and judges "
                    "the customers who are due in it."
                ),
            },
        ),
    )

    # --- The form ----------------------------------------------------------------------------------------------------

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> tuple:
        """What past verdicts and waves stand on stays as it was."""
        fields = super().get_readonly_fields(request, obj)
        judged = ("kind",) if obj and obj.invitations.exists() else ()
        began = ("starts_on",) if obj and obj.waves.exists() else ()
        return (*fields, *judged, *began)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict:
        return {"owner": request.user.pk, **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field, request: HttpRequest, **kwargs):
        if db_field.name == "owner":
            reach = reach_of(request.user)
            kwargs["queryset"] = possible_owners(None if reach.is_everything else reach.analyst_clients)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "owner":
            field.label_from_instance = lambda login: login.get_full_name() or login.username
        return field

    def save_model(self, request: HttpRequest, obj: Campaign, form: OneClientForm, change: bool) -> None:
        if not obj.is_paused:
            obj.paused_because = ""
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: OneClientForm, formsets: list, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        versions.freeze(form.instance, timezone.now(), request.user)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        if campaign := self.get_object(request, object_id):
            own = {"rules_so_far": history(campaign), "in_use": values_in_use(campaign.client)}
            extra_context = {**own, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra_context)

    # --- Verbs -------------------------------------------------------------------------------------------------------

    @button("change")
    def resume(self, request: HttpRequest, campaign: Campaign) -> None:
        """End a pause."""
        campaign.is_paused, campaign.paused_because = False, ""
        campaign.save(update_fields=["is_paused", "paused_because"])
        self.log_change(request, campaign, _("Ended the pause."))
        self.message_user(request, _("The campaign asks again. What was waiting leaves now."), messages.SUCCESS)


@admin.register(Wave)
class WaveAdmin(ReadOnly):
    client_path = "campaign__client"
    list_display = ("campaign", "number", "starts_on", "planned_at")
    list_filter = (("campaign", RelatedOnlyFieldListFilter),)
    list_select_related = ("campaign",)
    search_fields = ("campaign__name",)
