"""What was proposed and decided about one answer, and the buttons with which an analyst proposes or decides."""

from django import template
from django.utils.translation import gettext as _

from ..admin_scope import names_agents
from ..models import Exclusion, Login, Response, reach_of
from .moments import moment

register = template.Library()

State = Exclusion.State


@register.inclusion_tag("admin/surveys/exclusion/_panel.html", takes_context=True)
def exclusion_panel(context, response: Response) -> dict:
    """Everybody who sees the answer sees whether it counts; who decided only those who may read names. One query."""
    login = context["request"].user
    history = list(response.exclusions.select_related("proposed_by", "decided_by", "withdrawn_by"))
    live = next((one for one in history if one.state in (State.PROPOSED, State.CONFIRMED)), None)
    reach = reach_of(login)
    return {
        "csrf_token": context.get("csrf_token"),
        "response": response,
        "live": live,
        "is_own": live is not None and live.proposed_by_id == login.pk,
        "may_decide": reach.is_everything or response.client_id in reach.analyst_clients,
        "told": [(one, lines(one, login, response)) for one in history],
        "reasons": Exclusion.Reason.choices,
    }


def lines(exclusion: Exclusion, login: Login, response: Response) -> list[str]:
    """What happened to a proposal, oldest first."""
    steps = [
        (_("Proposed on %(at)s"), exclusion.proposed_at, exclusion.proposed_by),
        (
            _("Rejected on %(at)s") if exclusion.state == State.REJECTED else _("Confirmed on %(at)s"),
            exclusion.decided_at,
            exclusion.decided_by,
        ),
        (_("Withdrawn on %(at)s"), exclusion.withdrawn_at, exclusion.withdrawn_by),
    ]
    has_names = names_agents(login)
    return [
        said % {"at": moment(at, response.client.zone)}
        + (f", {by.get_full_name() or by.username}" if has_names else "")
        for said, at, by in steps
        if at
    ]
