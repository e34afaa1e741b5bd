"""What the list of answers offers to take along: all answers of one client, score and whole period, as `downloads`."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from surveys import tables
from surveys.admin_scope import names_agents
from surveys.models import Client, Survey, reach_of

from .. import figures, periods
from .downloads import sees
from .filters import clients_of

OFFERED = {"month": 14, "quarter": 6, "year": 3}  # periods to choose from, with the one under way


@dataclass(frozen=True)
class Offer:
    """Whose answers, which score, which period, (value, name) each; and what is chosen to begin with."""

    clients: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    periods: list[tuple[str, str]]
    client: str
    kind: str
    period: str
    forms: tuple[str, ...] = tuple(tables.FORMATS)


def offer(request: HttpRequest) -> Offer | None:
    """To the login that looks at the list, under its filters; None to one that may take nothing along."""
    reach, near = reach_of(request.user), clients_of(request.user).order_by("name")
    if not names_agents(request.user):
        near = near.filter(pk__in=reach.analyst_clients | reach.viewer_clients)
    found = list(near)
    if not found:
        return None
    chosen = next((each for each in found if str(each.pk) == request.GET.get("client")), found[0])
    return Offer(
        [(each.slug, each.name) for each in found],
        [(kind.value, kind.value.upper()) for kind in Survey.Kind],
        _periods(found[0].time_zone),
        chosen.slug,
        request.GET.get("kind__exact", ""),
        periods.last_complete(timezone.now(), "month", found[0].time_zone).text,
    )


def _periods(zone: str) -> list[tuple[str, str]]:
    now, language = timezone.now(), get_language() or "en"
    found = [
        period
        for kind, n in OFFERED.items()
        for period in reversed(periods.run_back(periods.containing(now, kind, zone), n))
    ]
    return [(period.text, figures.period_name(period, language)) for period in found]


@require_safe
def take(request: HttpRequest) -> HttpResponse:
    """From what the form of the list says to the file itself; 404 outside the reach of the login, as there."""
    slug, form = request.GET.get("of", ""), request.GET.get("form", "")
    client = Client.objects.filter(slug=slug).first()
    if form not in tables.FORMATS or client is None or not sees(request.user, client):
        raise Http404
    asked = {name: request.GET.get(name, "") for name in ("kind", "period")}
    return redirect(f"{reverse('admin:surveys_response_rows', args=[slug, form])}?{urlencode(asked)}")
