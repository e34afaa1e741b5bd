"""Cases in words: how much time is left, what happened, and what on the first page wants attention."""

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.templatetags import voice
from feedback_loop.models import Case, CaseEvent
from surveys.admin_scope import names_agents
from surveys.models import Login, Response, reach_of
from surveys.templatetags.moments import day_and_time

register = template.Library()
Kind = CaseEvent.Kind
SHOWN = 5


@register.filter
def time_left(case: Case, now: dt.datetime) -> str:
    """Working days (Monday to Friday) until the due time, in the client's calendar; or for how long it is overdue."""
    if now > case.due_at:
        return _("%(age)s overdue") % {"age": voice.age(case.due_at, now)}
    today, last = (at.astimezone(case.client.zone).date() for at in (now, case.due_at))
    if today == last:
        return _("due today")
    days = sum((today + dt.timedelta(days=n)).weekday() < 5 for n in range(1, (last - today).days + 1))
    return ngettext("%(n)d working day left", "%(n)d working days left", days) % {"n": days}


@register.filter
def due(case: Case, now: dt.datetime) -> SafeString:
    """The due time with what is left of it; for a closed case, when that was."""
    zone = case.client.zone
    if case.state == Case.State.RESOLVED:
        return format_html("{}", _("Closed on %(at)s") % {"at": day_and_time(case.resolved_at, zone)})
    over = " due-over" if now > case.due_at else ""
    return format_html('<span class="due{}">{}</span>, {}', over, day_and_time(case.due_at, zone), time_left(case, now))


def sentence(event: CaseEvent, names: dict[int, str]) -> str:
    """What one event says; `names` holds the owners that were assigned, by login id."""
    detail = event.detail
    reasons = ", ".join(str(Case.Trigger(key).label) for key in detail.get("triggers", []))
    told = {
        Kind.OPENED: lambda: _("Case opened: %(reasons)s.") % {"reasons": reasons},
        Kind.TRIGGER: lambda: _("New reason: %(reasons)s.") % {"reasons": reasons},
        Kind.ASSIGNED: lambda: _("Assigned to %(name)s.") % {"name": names.get(detail.get("owner"), "–")},
        Kind.NOTE: lambda: _("Looked at the phone number.") if detail.get("revealed") else event.note,
        Kind.STARTED: lambda: _("Work has begun."),
        Kind.DUE: lambda: _("Due earlier: %(at)s.") % {"at": _moment(event)},
        Kind.CHANGED: lambda: _change(detail["before"], detail["score"]),
        Kind.RESOLVED: lambda: _("Closed. Cause: %(cause)s.") % {"cause": Case.Cause(detail["cause"]).label},
        Kind.REOPENED: lambda: _("Opened again, due %(at)s.") % {"at": _moment(event)},
    }[event.kind]()
    return f"{told} {event.note}" if event.note and event.kind != Kind.NOTE else told


def _change(before: int, score: int) -> str:
    if before == score:
        return _("The customer changed the answer. The score is still %(score)s.") % {"score": score}
    return _("The customer changed the answer: from %(before)s to %(score)s.") % {"before": before, "score": score}


def _moment(event: CaseEvent) -> str:
    return day_and_time(dt.datetime.fromisoformat(event.detail["due_at"]), event.case.client.zone)


@register.simple_tag
def attention(login: Login) -> dict:
    """For the first page: the cases that wait for this login, the most urgent first, and the newest answers."""
    reach = reach_of(login)
    if reach.is_nothing:
        return {}
    cases = Case.objects.visible_to(login).open().select_related("client", "response").order_by("due_at", "pk")
    mine = cases.filter(owner=login) if names_agents(login) else cases
    ownerless = cases.filter(owner=None).count() if reach.is_analyst or reach.teams else 0
    rows = Response.objects.visible_to(login).select_related("client", "invitation__contact", "invitation__wave")
    return {
        "cases": mine[:SHOWN],
        "case_count": mine.count(),
        "ownerless": ownerless,
        "now": timezone.now(),
        "responses": rows.prefetch_related(voice.prefetches())[:SHOWN],
        "is_by_owner": names_agents(login),
    }
