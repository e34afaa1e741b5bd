"""The rows behind a figure for people: the same files as by API, of a client that the login sees, and who took them.

The provider's people get each answer whole, within their reach; viewers what a client's key gets (see `exports`).
"""

import logging

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys import tables
from surveys.admin_scope import names_agents
from surveys.models import Agent, Client, Login, Team, reach_of

from .. import disclosure, exports
from ..api.asked import FILTERS, Asked, WrongAddress, read
from ..dimensions import ATTRIBUTE, By
from ..exports import Table
from ..small_groups import Shown

logger = logging.getLogger(__name__)


@require_safe
def rows(request: HttpRequest, slug: str, form: str) -> HttpResponseBase:
    """The answers behind a figure of the dashboard whose address this is; 404 outside the reach of the login.

    409 in words where the figure is hidden from those who see no single answers. It changes nothing but the log.
    """
    client = Client.objects.filter(slug=slug).first()
    if form not in tables.FORMATS or client is None or not sees(request.user, client):
        raise Http404
    known = {name: value for name, value in request.GET.items() if _is_known(name) and value}
    try:
        asked = read(client, known, filters=(*FILTERS, By.AGENT) if names_agents(request.user) else FILTERS)
    except WrongAddress as wrong:
        return _said(400, " ".join(error["message"] for error in wrong.detail["errors"]))
    table = _table(request.user, asked)
    if table is None:
        return _said(409, _("The figure behind these answers is hidden, for too few stand behind it or beside it."))
    if form == "xlsx" and table.n >= tables.LONGEST_SHEET:
        return _said(409, tables.too_long(table.n))
    _log(request.user, asked, form, table.n)
    return tables.download(f"{client.slug}-{asked.kind}-{asked.period.text}", form, table.head, table.rows)


def sees(login: Login, client: Client) -> bool:
    """Who looks from another client's side, and is lead or agent here, gets no file: it would be the client's."""
    reach = reach_of(login)
    if reach.is_everything or client.pk in reach.analyst_clients | reach.viewer_clients:
        return True
    return names_agents(login) and (
        Team.objects.filter(client=client, pk__in=reach.teams).exists()
        or Agent.objects.filter(client=client, pk__in=reach.agents).exists()
    )


def _table(login: Login, asked: Asked) -> Table | None:
    if names_agents(login):
        return exports.for_staff(login, asked.client, asked.kind, asked.period, asked.where)
    if disclosure.of(asked.client, asked.kind, [asked.period], where=asked.where)[0].whole is Shown.HIDDEN:
        return None
    return exports.for_clients(asked.client, asked.kind, asked.period, asked.where)


def _is_known(name: str) -> bool:
    return name in ("kind", "period", *By) or name.startswith(ATTRIBUTE)


def _log(login: Login, asked: Asked, form: str, n: int) -> None:
    where = ", ".join(f"{by}={value}" for by, value in asked.where.items())
    what = " ".join(filter(None, [asked.kind, asked.period.text, where]))
    logger.info("export: %s rows of %s, %s as %s, by login %s", n, asked.client.slug, what, form, login.pk)
    LogEntry.objects.log_actions(
        login.pk, [asked.client], CHANGE, _("Exported %(n)s answers: %(what)s.") % {"n": n, "what": what}
    )


def _said(status: int, words: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
