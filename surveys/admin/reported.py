"""The admin of the client's own contact counts: a list, and a page where a file of them is handed in."""

import datetime as dt
import tempfile
from pathlib import Path

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import reported
from ..admin_scope import BY_CLIENT, ReadOnly, labelled
from ..models import Client, Reach, ReportedCount, reach_of
from ..templatetags.moments import full_date, moment

LARGEST = 5_000_000  # bytes
SHOWN = 50  # faults on the page


class CountsForm(forms.Form):
    client = forms.ModelChoiceField(Client.objects.none(), label=gettext_lazy("Client"))
    source = forms.CharField(
        label=gettext_lazy("Counted by"),
        initial="client",
        help_text=gettext_lazy("Your system that counted, as in acd. A column “source” in the file comes first."),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV or XLSX with the columns day, queue (may be missing) and contacts."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )

    def __init__(self, clients: QuerySet[Client], *args) -> None:
        super().__init__(*args)
        self.fields["client"].queryset = clients
        if len(clients) == 1:
            self.fields["client"].initial = clients[0].pk

    def clean_source(self) -> str:
        try:
            return reported.source_of(self.cleaned_data["source"].strip())
        except reported.Wrong as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file has more than %(most)s MB. Split it.") % {"most": 5})
        return file


@admin.register(ReportedCount)
class ReportedCountAdmin(ReadOnly):
    """Handed in by the client's side or its analysts; told again, a count is replaced."""

    list_display = ("on", "queue_name", "counted", "source", "told", "client")
    list_filter = (BY_CLIENT, "source")
    list_select_related = ("client",)
    date_hierarchy = None
    search_fields = ("queue",)
    change_list_template = "admin/surveys/reportedcount/change_list.html"
    empty_state = gettext_lazy(
        "The client has told no counts of its own yet. A file or the API brings them; then each day shows its gap."
    )

    def rows(self, reach: Reach) -> Q:
        return Q() if reach.is_everything else Q(client__in=reach.analyst_clients | reach.viewer_clients)

    def may_look(self, reach: Reach) -> bool:
        return reach.is_analyst or bool(reach.viewer_clients)

    @admin.display(description=gettext_lazy("queue"), ordering="queue")
    def queue_name(self, count: ReportedCount) -> str:
        return count.queue or _("all")

    @admin.display(description=gettext_lazy("day"), ordering="day")
    def on(self, count: ReportedCount) -> str:
        noon = dt.datetime.combine(count.day, dt.time(12), count.client.zone)
        return full_date(noon, count.client.zone)

    @admin.display(description=gettext_lazy("contacts"), ordering="contacts")
    def counted(self, count: ReportedCount) -> SafeString:
        return labelled(_("contacts"), count.contacts)

    @admin.display(description=gettext_lazy("told"), ordering="told_at")
    def told(self, count: ReportedCount) -> SafeString:
        return labelled(_("told"), moment(count.told_at, count.client.zone))

    def get_fields(self, request: HttpRequest, obj: ReportedCount | None = None) -> tuple:
        """Who uploaded it is a name of staff, and stays with those who may read names."""
        named = ("told_by",) if reach_of(request.user).is_analyst else ()
        return ("client", "on", "queue", "source", "contacts", "told", *named)

    def get_urls(self) -> list:
        upload = self.admin_site.admin_view(self.upload)
        return [path("upload/", upload, name="surveys_reportedcount_upload"), *super().get_urls()]

    def upload(self, request: HttpRequest) -> HttpResponse:
        """All of the file or nothing; what is wrong is told with line and column."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        posted = (request.POST, request.FILES) if request.method == "POST" else ()
        form, faults = CountsForm(self._clients(request), *posted), ()
        if posted and form.is_valid():
            client = form.cleaned_data["client"]
            table = _read(form, client)
            if not table.faults:
                return self._take(request, client, table)
            faults = table.faults
        elif not posted and request.GET.get("client", "").isdecimal():
            form.initial["client"] = request.GET["client"]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Hand in counts"),
            "form": form,
            "faults": faults[:SHOWN],
            "more": max(0, len(faults) - SHOWN),
        }
        is_wrong = bool(faults or form.errors)
        template = "admin/surveys/reportedcount/upload.html"
        return TemplateResponse(request, template, context, status=400 if is_wrong else 200)

    def _take(self, request: HttpRequest, client: Client, table: reported.Table) -> HttpResponse:
        taken = reported.take(client, table.counts, timezone.now(), request.user)
        numbers = {name: taken.number(name) for name in ("created", "updated", "unchanged")}
        said = _("Taken over: %(created)s new, %(updated)s replaced, %(unchanged)s unchanged.") % numbers
        self.message_user(request, said, messages.SUCCESS)
        return redirect(f"{reverse('admin:surveys_reportedcount_changelist')}?client__id__exact={client.pk}")

    def _clients(self, request: HttpRequest) -> QuerySet[Client]:
        reach = reach_of(request.user)
        clients = Client.objects.order_by("name")
        return clients if reach.is_everything else clients.filter(pk__in=reach.analyst_clients | reach.viewer_clients)


def _read(form: CountsForm, client: Client) -> reported.Table:
    """What the uploaded file says; it is kept only while it is read."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "counts"
        place.write_bytes(form.cleaned_data["file"].read())
        today = timezone.now().astimezone(client.zone).date()
        return reported.read(place, form.cleaned_data["source"], today)
