"""What stands over the list of responses: whose they are, how many count, and what there is besides."""

import datetime as dt

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from surveys.models import FlaggedSheet, Group, Invitation, Login, Reach, Response, Survey, reach_of

from .. import figures
from .filters import USUAL_DAYS


def heading(login: Login, responses: QuerySet) -> tuple[str, str]:
    """The list's title and a line per kind of survey: how many answers of the last 90 days, and in which groups.

    Of those that count; what else there is within this login's reach stands beside.
    """
    since = timezone.now() - dt.timedelta(days=USUAL_DAYS)
    recent = responses.order_by().filter(submitted_at__gte=since)
    rows = recent.counting().values_list("kind", "group").annotate(Count("pk"))
    counts = {(kind, group): n for kind, group, n in rows}
    reach = reach_of(login)
    if reach.agents and not (reach.is_analyst or reach.teams or reach.viewer_clients):
        title, whose = _("My responses"), _("on your contacts")
    elif reach.teams and not (reach.is_analyst or reach.viewer_clients):
        title, whose = _("Responses of my team"), _("on your team’s contacts")
    else:
        title, whose = _("Responses"), _("within your reach")
    beside = _beside(reach, recent, since)
    told = [kind for kind in Survey.Kind if beside.get(kind) or any(k == kind for k, _g in counts)]
    lines = [line for kind in told for line in (_sentence(kind, counts, whose), beside[kind])]
    return title, "\n".join(filter(None, lines))


def _beside(reach: Reach, recent: QuerySet[Response], since: dt.datetime) -> dict[str, str]:
    """Per kind what was clicked, sent by machines or said without an invitation since then. Three queries."""
    of_clicks = reach.rows(agent="agent", team="team")
    of_sheets = reach.rows(agent="invitation__agent", team="invitation__team")
    of_sheets |= reach.rows(agent="", team="open_link__team")
    clicks = Invitation.objects.only_clicked().filter(of_clicks, about_at__gte=since)
    sheets = FlaggedSheet.objects.standing(since, timezone.now()).filter(of_sheets)
    counts = [_by(clicks, "version__survey__kind"), _by(sheets, "kind"), _by(recent.unverified(), "kind")]
    language = get_language() or "en"
    return {kind: figures.beside(*(count.get(kind, 0) for count in counts), language) for kind in Survey.Kind}


def _by(rows: QuerySet, column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(Count("pk")))


def _sentence(kind: str, counts: dict, whose: str) -> str:
    n = {group.value: counts.get((kind, group.value), 0) for group in Group}
    words = {"kind": kind.upper(), "count": sum(n.values()), "whose": whose, **n}
    answers = (
        ngettext(
            "%(kind)s: %(count)d answer %(whose)s in the last 90 days:",
            "%(kind)s: %(count)d answers %(whose)s in the last 90 days:",
            words["count"],
        )
        % words
    )
    groups = {
        Survey.Kind.NPS: _("%(promoter)d promoters, %(passive)d passives, %(detractor)d detractors."),
        Survey.Kind.CSAT: _("%(promoter)d happy, %(passive)d in between, %(detractor)d unhappy."),
        Survey.Kind.CES: _("%(promoter)d found it easy, %(passive)d in between, %(detractor)d hard."),
    }
    return f"{answers} {groups[kind] % words}"
