"""The admin of exclusions: what awaits a second pair of eyes, what two people took out, and every attempt at it."""

from collections.abc import Callable, Iterator

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import exclusions
from ..admin_scope import ReadOnly, button, on_row
from ..models import Exclusion, Response, reach_of
from ..templatetags.moments import moment


class StandFilter(admin.SimpleListFilter):
    """Opened without a choice, the list shows what somebody has to decide."""

    title = gettext_lazy("state")
    parameter_name = "stand"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        states = [state for state in Exclusion.State if state != Exclusion.State.PROPOSED]
        return [*((state.value, state.label) for state in states), ("all", _("All"))]

    def choices(self, changelist) -> Iterator[dict]:
        usual, *others = super().choices(changelist)
        return iter([{**usual, "display": _("awaits a second person")}, *others])

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or Exclusion.State.PROPOSED)


@admin.register(Exclusion)
class ExclusionAdmin(ReadOnly):
    """The four-eyes principle: one proposes on the answer's page, another confirms; all of it stays in this list."""

    client_path = "response__client"
    list_display = ("score_of", "reason", "note", "state", "by_and_when", "client_of")
    list_filter = (StandFilter, "reason", ("response__client", RelatedOnlyFieldListFilter))
    list_select_related = ("response__client", "proposed_by")
    search_fields = ("note", "response__invitation__contact__external_id")
    empty_state = gettext_lazy(
        "Nothing awaits a second person. An answer is proposed on its own page, and counts until another person agrees."
    )

    @admin.display(description=gettext_lazy("score"), ordering="response__score")
    def score_of(self, exclusion: Exclusion) -> str:
        response = exclusion.response
        return _("%(score)s of %(top)s") % {"score": response.score, "top": response.top}

    @admin.display(description=gettext_lazy("proposed"), ordering="proposed_at")
    def by_and_when(self, exclusion: Exclusion) -> SafeString:
        by = exclusion.proposed_by.get_full_name() or exclusion.proposed_by.username
        return format_html(
            '{} <span class="quiet">{}</span>', by, moment(exclusion.proposed_at, exclusion.response.client.zone)
        )

    @admin.display(description=gettext_lazy("client"), ordering="response__client__name")
    def client_of(self, exclusion: Exclusion) -> str:
        return exclusion.response.client.name

    def get_urls(self) -> list:
        propose = self.admin_site.admin_view(self.propose)
        own = path("propose/<int:response_id>/", propose, name="surveys_exclusion_propose")
        return [own, *super().get_urls()]

    def has_decide_permission(self, request: HttpRequest, exclusion: Exclusion | None = None) -> bool:
        """Analysts of the client; a row outside their reach never gets here."""
        return reach_of(request.user).is_analyst

    def propose(self, request: HttpRequest, response_id: int) -> HttpResponse:
        """From the answer's page. Who may not analyse its client learns no more than that it does not exist."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        within = reach_of(request.user).analyst_rows()
        if (response := Response.objects.filter(within, pk=response_id).first()) is None:
            raise Http404
        reason, note = request.POST.get("reason", ""), request.POST.get("note", "").replace("\0", "")
        said = _("Proposed. It counts until a second person has confirmed.")

        def verb() -> Exclusion:
            return exclusions.propose(response, reason, note, request.user, timezone.now())

        if made := self._do(request, verb, said):
            self.log_addition(request, made, said)
        return self._back(response.pk)

    @button("decide")
    def confirm(self, request: HttpRequest, exclusion: Exclusion) -> HttpResponse:
        return self._decide(request, exclusion, exclusions.confirm, _("It is in no score from now on."))

    @button("decide")
    def reject(self, request: HttpRequest, exclusion: Exclusion) -> HttpResponse:
        return self._decide(request, exclusion, exclusions.reject, _("The proposal is rejected: it counts."))

    @button("decide")
    def withdraw(self, request: HttpRequest, exclusion: Exclusion) -> HttpResponse:
        return self._decide(request, exclusion, exclusions.withdraw, _("Taken back: it counts."))

    @on_row("view")
    def change_view(self, request: HttpRequest, exclusion: Exclusion) -> HttpResponse:
        if request.method == "POST":
            raise PermissionDenied
        return self.page(request, exclusion)

    def _decide(self, request: HttpRequest, exclusion: Exclusion, verb: Callable, said: str) -> HttpResponse:
        if self._do(request, lambda: verb(exclusion, request.user, timezone.now()) or exclusion, said):
            self.log_change(request, exclusion, said)
        return self._back(exclusion.response_id)

    def _do(self, request: HttpRequest, verb: Callable[[], Exclusion], said: str) -> Exclusion | None:
        """Do it and say so; or say why not."""
        try:
            done = verb()
        except exclusions.NotPossible as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return None
        self.message_user(request, said, messages.SUCCESS)
        return done

    def _back(self, response_id: int) -> HttpResponse:
        return redirect(f"{reverse('admin:surveys_response_change', args=[response_id])}#counts")
