"""The honesty pages of a client: what a head of service lays on the table to show that the figures can be believed.

For the provider's analysts and the client's own viewers alike; names of agents and the rows behind some figures only
for those who may see them.
"""

from collections.abc import Callable

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.admin_scope import ReadOnly, on_row, own_page
from surveys.models import Honesty, Reach

from ...honesty import gating, reconciliation, weighting
from ...look import one_look
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
        """The overview: the scores with what stands beside them, and a sentence for each page, fetched one by one."""
        if request.method == "POST":
            raise PermissionDenied
        found = request.GET.get("found", "")

        def told(about: frame.Frame) -> dict:
            return {"scores": None if found else overview.scores(about), "findings": overview.findings(about, found)}

        return self._shown(request, client, "change", told)

    @own_page
    def funnel(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        return self._shown(request, client, "funnel", lambda about: {"funnels": asked.funnels(about)})

    @own_page
    def asked(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        def told(about: frame.Frame) -> dict:
            return {"campaigns": asked.checks(about), "least": gating.LEAST}

        return self._shown(request, client, "asked", told)

    @own_page
    def answered(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        def told(about: frame.Frame) -> dict:
            return {"kinds": answered.kinds(about), "thin": weighting.THIN}

        return self._shown(request, client, "answered", told)

    @own_page
    def counts(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        def told(about: frame.Frame) -> dict:
            found = reconciliation.compare(client, about.period)
            said = {"told": overview.counts(about, found), "silent": looks.silent(found)}
            return {"found": found, "days": looks.days(about, found), **said}

        return self._shown(request, client, "counts", told)

    @own_page
    def signs(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        def told(about: frame.Frame) -> dict:
            compared, jumps = looks.jumps(about)
            beside = {"unreachable": looks.unreachable(about), "goodwill": looks.goodwill(about)}
            return {"signs": looks.signs(about), "compared": compared, "jumps": jumps, **beside}

        return self._shown(request, client, "signs", told)

    @own_page
    def left_out(self, request: HttpRequest, client: Honesty) -> HttpResponse:
        def told(about: frame.Frame) -> dict:
            kept_apart = {"flagged": looks.flagged(about), "breaks": looks.series_breaks(about)}
            return {"kinds": looks.with_and_without(about), "reasons": looks.reasons(), **kept_apart}

        return self._shown(request, client, "left_out", told)

    def _shown(
        self, request: HttpRequest, client: Honesty, name: str, told: Callable[[frame.Frame], dict]
    ) -> HttpResponse:
        about = frame.of(request, client)
        frame_of_all = {
            "title": _("How honest the figures are"),
            "about": about,
            "tabs": about.tabs(name),
            "choices": about.choices(),
            "wrong": about.wrong,
        }
        with one_look():
            found = told(about)
        return self.page(request, client, name, status=400 if about.wrong else 200, **frame_of_all, **found)
