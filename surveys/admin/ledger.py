"""The admin of the ledger: every verdict, found by what became of it, with its story; and all of them as a file."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import invitations, ledger, tables
from ..admin_scope import BY_CLIENT, KIND_OF_SURVEY, ReadOnly, headed, on_row
from ..models import Agent, Campaign, Client, Contact, Invitation, Reach, Stage, Team, reach_of, with_fate
from ..models.cuts import NO, YES, Cut, cut
from ..models.fates import FATES, LABELS, fates_from
from ..models.people import LANGUAGES
from . import funnel

DAYS = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
SILENT = "silent"  # delivered and not answered, for whatever reason
SILENCES = (*FATES[Stage.DELIVERED], *FATES[Stage.STARTED])


class DaysFilter(admin.SimpleListFilter):
    """What the verdict is about, by days of each client's own calendar; the last day is not included."""

    title = gettext_lazy("period")
    parameter_name = "about"
    path = ""  # to the client and the day that it is about

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        today = timezone.localdate()
        months = [funnel.month_of(today, back) for back in range(3)]
        quarters = [funnel.quarter_of(today, back) for back in range(2)]
        offered = [(funnel.address(*days), funnel.name_of(*days)) for days in months + quarters]
        chosen = self.used_parameters.get(self.parameter_name, "")
        if chosen in dict(offered) or not (found := DAYS.fullmatch(chosen)):
            return offered
        return [*offered, (chosen, _("%(first)s to before %(until)s") % {"first": found[1], "until": found[2]})]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if not (found := DAYS.fullmatch(self.value())):
            raise IncorrectLookupParameters
        within = Q(pk__in=[])
        for zone in Client.objects.order_by().values_list("time_zone", flat=True).distinct():
            try:
                days = ledger.span(found[1], found[2], Client(time_zone=zone))
            except ledger.WrongDays as wrong:
                raise IncorrectLookupParameters from wrong
            about = {f"{self.path}about_at__gte": days.start, f"{self.path}about_at__lt": days.end}
            within |= Q(client__time_zone=zone, **about)
        return queryset.filter(within)


class CutFilter(admin.SimpleListFilter):
    """The rows behind a figure that divides contacts, such as “solved.no”; shown where an address asks for it."""

    title = gettext_lazy("narrowed to")
    parameter_name = "cut"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        by, _dot, value = (self.used_parameters.get(self.parameter_name) or "").partition(".")
        if by not in Cut.values:
            return []
        return [(f"{by}.{value}", f"{capfirst(Cut(by).label)}: {_name_of(by, value, reach_of(request.user)) or '–'}")]

    def has_output(self) -> bool:
        return bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        by, _dot, value = (self.value() or "").partition(".")
        if not by:
            return queryset
        if by not in Cut.values:
            raise IncorrectLookupParameters
        within = Q(pk__in=[])
        for zone in Client.objects.order_by().values_list("time_zone", flat=True).distinct():
            within |= Q(client__time_zone=zone) & Q(Exact(cut(by, ZoneInfo(zone)), value))
        return queryset.filter(within)


def _name_of(by: str, value: str, reach: Reach) -> str:
    """What a value of a cut is called; a row outside the reach keeps its number."""
    if by in (Cut.TEAM, Cut.AGENT) and value.isascii() and value.isdecimal() and len(value) < 19:
        rows = {Cut.TEAM: Team, Cut.AGENT: Agent}[Cut(by)].objects.filter(reach.analyst_rows(), pk=value)
        return next((row.name for row in rows), value)
    names = {Cut.CHANNEL: dict(Contact.Channel.choices), Cut.LANGUAGE: dict(LANGUAGES)}.get(Cut(by), {})
    return str({YES: _("yes"), NO: _("no"), **names}.get(value, value))


class CampaignFilter(admin.SimpleListFilter):
    title = gettext_lazy("campaign")
    parameter_name = "campaign"
    path = "campaign"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        campaigns = Campaign.objects.filter(reach_of(request.user).analyst_rows()).order_by("client__name", "name")
        return [(str(pk), name) for pk, name in campaigns.values_list("pk", "name")]

    def has_output(self) -> bool:
        return True  # a campaign in the address counts, even where there is but one

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if not self.value().isdecimal():
            raise IncorrectLookupParameters
        return queryset.filter(**{self.path: self.value()})


class ClickedFilter(admin.SimpleListFilter):
    """A number was clicked in the mail, and nothing sent: provisional, and in no score."""

    title = gettext_lazy("number clicked in the mail")
    parameter_name = "clicked"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("only", _("clicked, and nothing sent"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() not in (None, "only"):
            raise IncorrectLookupParameters
        return queryset.only_clicked() if self.value() else queryset


class StageFilter(admin.SimpleListFilter):
    title = gettext_lazy("came at least to")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(stage.value, capfirst(stage.label)) for stage in Stage]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in Stage.values:
            raise IncorrectLookupParameters
        return queryset.filter(fate__in=fates_from(Stage(self.value())))


class FateFilter(admin.SimpleListFilter):
    """Why no further: each reason that occurs under the other filters, with its number. The silent all together where
    an address asks for them."""

    title = gettext_lazy("ended with")
    parameter_name = "fate"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        fates = [(fate, capfirst(label)) for fate, label in LABELS.items()]
        return [*fates, (SILENT, _("Delivered, not answered"))]

    def choices(self, changelist) -> Iterator[dict]:
        others = changelist.get_queryset(self.request, exclude_parameters=[self.parameter_name])
        numbers = ledger.counts(others)
        if self.value() == SILENT:
            numbers[SILENT] = sum(numbers.get(fate, 0) for fate in SILENCES)
        everything, *fates = super().choices(changelist)
        yield everything
        for (fate, label), choice in zip(self.lookup_choices, fates, strict=True):
            if numbers.get(fate) or choice["selected"]:
                yield {**choice, "display": f"{label} ({number_format(numbers.get(fate, 0), force_grouping=True)})"}

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() == SILENT:
            return queryset.filter(fate__in=SILENCES)
        if self.value() not in LABELS:
            raise IncorrectLookupParameters
        return queryset.filter(fate=self.value())


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """The ledger: every contact judged, why it was not asked, and what became of it where it was."""

    list_display = ("about_whom", "campaign", "verdict", "decided_at", "client")
    list_filter = (
        FateFilter,
        StageFilter,
        ClickedFilter,
        DaysFilter,
        CampaignFilter,
        ("version__survey__kind", headed(KIND_OF_SURVEY)),
        CutFilter,
        "medium",
        BY_CLIENT,
    )
    list_select_related = ("client", "campaign", "contact", "customer")
    search_fields = ("contact__external_id", "email", "phone")
    actions = ("withdraw",)
    change_list_template = "admin/surveys/invitation/change_list.html"
    empty_state = gettext_lazy("No verdict yet. The first comes about a minute after the first contact has ended.")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return with_fate(super().get_queryset(request), timezone.now())

    def get_urls(self) -> list:
        export = self.admin_site.admin_view(self.export)
        return [path("export/<str:form>/", export, name="surveys_invitation_export"), *super().get_urls()]

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
    def verdict(self, invitation: Invitation) -> SafeString:
        said = _("asked:") if invitation.is_asked else _("not asked:")
        return format_html('{} <span class="quiet">{}</span>', said, LABELS[invitation.fate])

    def export(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """What the list shows under its filters, all of it, as a file."""
        if form not in tables.FORMATS:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect("admin:surveys_invitation_changelist")
        return tables.download("ledger", form, ledger.COLUMNS, map(ledger.cells, ledger.read(found)))

    @on_row("view")
    def change_view(self, request: HttpRequest, invitation: Invitation) -> HttpResponse:
        """One verdict and what came of it; nobody writes here."""
        if request.method == "POST":
            raise PermissionDenied
        return self.page(request, invitation, moments=ledger.story(invitation), fate=LABELS[invitation.fate])
