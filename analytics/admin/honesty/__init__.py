"""The honesty pages of a client: what a head of service lays on the table to show that the figures can be believed.

For the provider's analysts and the client's own viewers alike; names of agents and the rows behind some figures only
for those who may see them.
"""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.admin_scope import ReadOnly, on_row, own_page
from surveys.models import Honesty, Reach

from ...honesty import gating, reconciliation, weighting
from . import answered, asked, frame, looks, overview


@admin.register(Honesty)
class HonestyAdmin(ReadOnly):
    client_path = "pk"
    list_display = ("name",)
    search_fields = ("name",)
    empty_state = gettext_lazy("There is no client within your reach.")

    def rows(self, reach: Reach) -> Q:
        return Q() if reach.is_everything else Q(pk__in=reach.analyst_clients | reach.viewer_clients)

    def may_look(self, reach: Reach) -> bool:
        return reach.is_analyst or bool(reach.viewer_clients)

    @on_row("view")
    def change_view(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        """The overview: the scores with what stands beside them, and a sentence for each page."""
        if request.method == "POST":
            raise PermissionDenied
        about = frame.of(request, client)
        return self._shown(about, "change", scores=overview.scores(about), findings=overview.findings(about))

    @own_page
    def funnel(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        return self._shown(about, "funnel", funnels=asked.funnels(about))

    @own_page
    def asked(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        return self._shown(about, "asked", campaigns=asked.checks(about), least=gating.LEAST)

    @own_page
    def answered(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        return self._shown(about, "answered", kinds=answered.kinds(about), thin=weighting.THIN)

    @own_page
    def counts(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        found = reconciliation.compare(client, about.period)
        told = overview.counts(about, found)
        return self._shown(
            about, "counts", found=found, told=told, silent=looks.silent(found), days=looks.days(about, found)
        )

    @own_page
    def signs(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        compared, jumps = looks.jumps(about)
        told = {"signs": looks.signs(about), "compared": compared, "jumps": jumps}
        return self._shown(about, "signs", unreachable=looks.unreachable(about), goodwill=looks.goodwill(about), **told)

    @own_page
    def left_out(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        about = frame.of(request, client)
        told = {"kinds": looks.with_and_without(about), "flagged": looks.flagged(about)}
        return self._shown(about, "left_out", breaks=looks.series_breaks(about), reasons=looks.reasons(), **told)

    def _shown(self, about: frame.Frame, name: str, **context) -> HttpResponse:
        frame_of_all = {
            "title": _("How honest the figures are"),
            "about": about,
            "tabs": about.tabs(name),
            "choices": about.choices(),
            "wrong": about.wrong,
        }
        status = 400 if about.wrong else 200
        return self.page(about.request, about.client, name, status=status, **frame_of_all, **context)
