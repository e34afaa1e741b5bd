"""The admin of asking: clients and who serves them, campaigns, the ledger of verdicts, and what left the house.

It looks, and presses the same verbs that everything else uses. Who sees and changes what stands in `admin_scope`.
"""

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group as PermissionGroup
from django.core.exceptions import PermissionDenied
from django.core.validators import validate_email
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework_api_key.admin import APIKeyModelAdmin
from rest_framework_api_key.models import APIKey as UnboundKey

from . import invitations, wording
from .admin_scope import ByAnalysts, OneClientForm, ReadOnly, Scoped
from .models import (
    Access,
    Agent,
    ApiKey,
    Campaign,
    Client,
    Contact,
    Customer,
    ImportProfile,
    Invitation,
    LegalBasis,
    Login,
    OutgoingMessage,
    Reach,
    Suppression,
    Survey,
    SurveyVersion,
    Team,
    Wave,
    reach_of,
)
from .models.people import email_key

admin.site.enable_nav_sidebar = False
admin.site.site_url = None  # there is no other site to view
admin.site.unregister(PermissionGroup)  # permission rows decide nothing here
if admin.site.is_registered(UnboundKey):
    admin.site.unregister(UnboundKey)  # a key without a client opens nothing

BY_CLIENT = ("client", RelatedOnlyFieldListFilter)


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
        (gettext_lazy("Who writes to them"), {"fields": ("from_name", "from_email", "reply_to")}),
        (
            gettext_lazy("What every mail and page names"),
            {"fields": ("imprint", "imprint_url", "privacy_url", "service_email")},
        ),
        (gettext_lazy("What customers are promised"), {"fields": ("call_back_days",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Client | None = None) -> tuple:
        return ("slug",) if obj else ()


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


@admin.register(ApiKey)
class ApiKeyAdmin(Scoped, APIKeyModelAdmin):
    """The key itself is shown once, when it is made. It is revoked, not deleted."""

    form = OneClientForm
    list_display = ("prefix", "name", "client", "created", "expiry_date", "revoked")
    list_filter = (BY_CLIENT, "revoked")
    list_select_related = ("client",)
    search_fields = ("name", "prefix")

    def may_look(self, reach: Reach) -> bool:
        return reach.is_everything

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> tuple:
        return (*APIKeyModelAdmin.get_readonly_fields(self, request, obj), *(("client",) if obj else ()))


@admin.register(Customer)
class CustomerAdmin(ReadOnly):
    list_display = ("name", "number", "email", "client", "first_seen_at")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("name", "number", "email")


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


@admin.register(Survey)
class SurveyAdmin(Scoped):
    """A survey and its published wordings. A new version is published by a button; the old ones stay as they were."""

    list_display = ("name", "kind", "client")
    list_filter = (BY_CLIENT, "kind")
    list_select_related = ("client",)
    search_fields = ("name",)
    change_form_template = "admin/surveys/survey/change_form.html"

    def may_change(self, reach: Reach, login: Login, row: Survey | None) -> bool:
        return reach.is_everything and row is None  # its answers are of this kind and under this name

    def get_urls(self) -> list:
        publish = self.admin_site.admin_view(self.publish)
        own = path("<path:object_id>/publish/", publish, name="surveys_survey_publish")
        return [own, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Survey, form: OneClientForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        wording.publish(obj, timezone.now())

    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A new version with the standard wording. By POST, by those who analyse the client."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        survey = self.get_object(request, object_id)
        if survey is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, survey):
            raise PermissionDenied
        version = wording.publish(survey, timezone.now())
        self.log_change(request, survey, _("Published version %(number)d.") % {"number": version.number})
        said = _("Version %(number)d is published. Invitations from now on use it.") % {"number": version.number}
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:surveys_survey_change", survey.pk)


@admin.register(SurveyVersion)
class SurveyVersionAdmin(ReadOnly):
    client_path = "survey__client"
    list_display = ("survey", "number", "published_at")
    list_filter = (("survey", RelatedOnlyFieldListFilter),)
    list_select_related = ("survey",)
    search_fields = ("survey__name",)
    fields = ("survey", "number", "published_at", "questions")
    readonly_fields = fields

    @admin.display(description=gettext_lazy("questions"))
    def questions(self, version: SurveyVersion) -> str:
        asked = (
            (q.get_kind_display(), locale, text["ask"] if "ask" in text else text["any"])
            for q in version.questions.all()
            for locale, text in q.wording.items()
        )
        return format_html_join("", '<p><span class="quiet">{}, {}:</span> {}</p>', asked)


@admin.register(Campaign)
class CampaignAdmin(ByAnalysts):
    list_display = ("name", "kind", "survey", "client", "share_percent", "is_paused")
    list_filter = (BY_CLIENT, "kind", "is_paused")
    list_select_related = ("client", "survey")
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("client", "name", "survey", "kind", "wave_days", "starts_on", "is_paused")}),
        (
            gettext_lazy("Who is asked"),
            {"fields": ("share_percent", "quarantine_days", "stale_days", "skips_goodwill")},
        ),
        (
            gettext_lazy("When"),
            {"fields": ("delay_hours", "hour_from", "hour_until", "sends_on_weekends", "link_days")},
        ),
    )


@admin.register(Wave)
class WaveAdmin(ReadOnly):
    client_path = "campaign__client"
    list_display = ("campaign", "number", "starts_on", "planned_at")
    list_filter = (("campaign", RelatedOnlyFieldListFilter),)
    list_select_related = ("campaign",)
    search_fields = ("campaign__name",)


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

    def clean_email(self) -> str:
        address = email_key(self.cleaned_data["email"])
        validate_email(address)
        return address


@admin.register(Suppression)
class SuppressionAdmin(ByAnalysts):
    """Do not ask. Anyone in reach may add; only what was noted by hand may be taken back, and only by superusers."""

    list_display = ("email", "reason", "client", "created_at")
    list_filter = (BY_CLIENT, "reason")
    list_select_related = ("client",)
    search_fields = ("email",)
    form = SuppressionForm
    fields = ("client", "email")

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> tuple:
        return ("client", "email", "reason", "created_at") if obj else self.fields

    def may_change(self, reach: Reach, login: Login, row: Suppression | None) -> bool:
        return False

    def may_delete(self, reach: Reach, row: Suppression | None) -> bool:
        return reach.is_everything and (row is None or row.reason == Suppression.Reason.MANUAL)

    def save_model(self, request: HttpRequest, obj: Suppression, form: OneClientForm, change: bool) -> None:
        obj.reason, obj.created_at = Suppression.Reason.MANUAL, timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(OutgoingMessage)
class OutgoingMessageAdmin(ReadOnly):
    list_display = ("key", "to", "state", "due_at", "handed_over_at", "attempts", "client")
    list_filter = ("state", BY_CLIENT)
    list_select_related = ("client",)
    search_fields = ("key", "to")
    fields = ("client", "key", "to", "subject", "text", "state", "due_at", "handed_over_at", "attempts", "detail")
