"""The inner loop: a case for every customer who needs an answer, and the verbs that move it. Each writes a CaseEvent.

The truth is the gap: a response with a trigger that its case (or no case at all) does not name, or an answer that was
changed without its case saying so. Responses count that are verified and settled: of customers whom we asked, and who
are not in the middle of it. Where two people or two workers may meet, the move is a conditional UPDATE, and only
whoever changed the row goes on.
"""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.models import Reading
from surveys import delivery
from surveys.delivery import links, mail
from surveys.models import Access, Answer, Group, Login, Question, Response, Team

from .models import Case, CaseEvent

Trigger = Case.Trigger
SIGNALS = (Trigger.CHURN_RISK, Trigger.LEGAL_THREAT, Trigger.CALLBACK_WANTED, Trigger.VULNERABLE)
URGENT = {Trigger.LEGAL_THREAT, Trigger.VULNERABLE}
URGENT_DAYS = 1  # working days, however long the client usually takes


def triggers_of(response: Response) -> list[str]:
    """Why this response needs a person: score (NPS 0–6, CSAT 1–2, CES 1–3), the wish for a call, signals in texts."""
    signals = Reading.objects.filter(answer__response=response).values_list("signals", flat=True)
    said = {signal for found in signals for signal in found}
    holds = {
        Trigger.LOW_SCORE: response.group == Group.DETRACTOR,
        Trigger.WANTS_CALL: response.wants_call,
        **{signal: signal in said for signal in SIGNALS},
    }
    return [trigger.value for trigger, is_so in holds.items() if is_so]


def open_for(response: Response, at: dt.datetime) -> Case | None:
    """The one case of a response, opened now or before; None where nothing triggers, or nobody is known to call.

    None, too, while it is being filled in: no alert leaves in the middle of a sheet. What triggers later is added, and
    a change of the answer is told; a case whose customer is content by now stays open, for a person to decide.
    """
    if not (response.is_verified and response.is_settled(at)):
        return None
    triggers = triggers_of(response)
    case = Case.objects.filter(response=response).first()
    if not case and triggers:
        try:
            return _open(response, triggers, at)
        except IntegrityError:  # another worker opened it first
            case = Case.objects.get(response=response)
    return case and _add_triggers(_told_of_change(case, response), triggers, at)


def open_missing(at: dt.datetime, limit: int = 1000) -> int:
    """The sweep: open or complete the cases of all responses that hold what no case says; the number touched."""
    gap = Q(case=None) & (Q(group=Group.DETRACTOR) | Q(wants_call=True))
    for signal in SIGNALS:
        gap |= Q(said__contains=f'"{signal}"') & (Q(case=None) | ~Q(known__contains=f'"{signal}"'))
    told = CaseEvent.objects.filter(case=OuterRef("case"), kind=CaseEvent.Kind.CHANGED, at=OuterRef("changed_at"))
    gap |= Q(changed_at__gt=F("case__opened_at")) & ~Exists(told)
    # JSON lists as text: the same query on both databases, in one pass, without a row of its own per signal.
    found = Response.objects.alias(
        said=Cast("answers__reading__signals", TextField()), known=Cast("case__triggers", TextField())
    ).filter(gap)
    rows = Response.objects.verified().settled(at).filter(pk__in=found.values("pk"))  # once, however many its texts
    gap_rows = rows.select_related("client", "invitation").order_by("pk")[:limit]
    return len([open_for(response, at) for response in gap_rows])


def candidates(case: Case) -> QuerySet[Login]:
    """Who may own a case: leads of its team, analysts of its client, the agent who served, and superusers."""
    leads = Q(accesses__role=Access.Role.LEAD, accesses__team=case.team_id) if case.team_id else Q(pk__in=[])
    analysts = Q(accesses__role=Access.Role.ANALYST, accesses__client=case.client_id)
    agent = Q(agents=case.response.invitation.agent_id) if case.response.invitation.agent_id else Q(pk__in=[])
    reached = Login.objects.filter(leads | analysts | agent | Q(is_superuser=True), is_active=True)
    return Login.objects.filter(pk__in=reached.values("pk")).order_by("first_name", "last_name", "username")


@transaction.atomic
def assign(case: Case, owner: Login, by: Login | None, at: dt.datetime) -> bool:
    """Give the case to someone who may see it; False if they own it already. ValidationError for anybody else."""
    if not candidates(case).filter(pk=owner.pk).exists():
        raise ValidationError({"owner": _("This person cannot see the case.")})
    is_new = ~Q(owner=owner) | Q(owner=None)
    return _move(case, is_new, {"owner": owner}, CaseEvent.Kind.ASSIGNED, by, at, owner=owner.pk)


@transaction.atomic
def note(case: Case, text: str, by: Login | None, at: dt.datetime) -> CaseEvent:
    """Write down what happened. ValidationError for a note without words."""
    if not text.strip():
        raise ValidationError({"note": _("Please write what was said or done.")})
    return _tell(case, CaseEvent.Kind.NOTE, by, at, text.strip())


def reveal_phone(case: Case, by: Login, at: dt.datetime) -> str:
    """The number the customer may be called at. Who looked, and when, is written down."""
    response = case.response
    if not response.wants_call:
        raise ValidationError(_("The customer did not ask for a call."))
    _tell(case, CaseEvent.Kind.NOTE, by, at, revealed="phone")
    return phone_of(response)


def phone_of(response: Response) -> str:
    """The number given with the answer, else the one we had."""
    customer = response.invitation.customer
    return response.phone or (customer.phone if customer else "")


def start(case: Case, by: Login | None, at: dt.datetime) -> bool:
    """Someone works on it now; False unless it was open."""
    now = {"state": Case.State.IN_PROGRESS}
    return _move(case, Q(state=Case.State.OPEN), now, CaseEvent.Kind.STARTED, by, at)


def resolve(case: Case, cause: str, action: str, by: Login | None, at: dt.datetime) -> None:
    """Close the case. ValidationError unless both the cause and what was done are given, or if it is closed already."""
    errors = {}
    if cause not in Case.Cause.values:
        errors["cause"] = _("Please choose what caused it.")
    if not action.strip():
        errors["note"] = _("Please write what was agreed with the customer or done.")
    if errors:
        raise ValidationError(errors)
    closed = {"state": Case.State.RESOLVED, "cause": cause, "action": action.strip(), "resolved_at": at}
    is_open = ~Q(state=Case.State.RESOLVED)
    if not _move(case, is_open, closed, CaseEvent.Kind.RESOLVED, by, at, action.strip(), cause=cause):
        raise ValidationError(_("Someone else has closed this case in the meantime."))


def reopen(case: Case, note: str, by: Login | None, at: dt.datetime) -> None:
    """Open a closed case again, with a new due time. ValidationError without a reason, or if it is open already."""
    if not note.strip():
        raise ValidationError({"note": _("Please write why the case is opened again.")})
    due_at = case.client.call_back_by(at)
    opened = {"state": Case.State.OPEN, "cause": "", "action": "", "resolved_at": None, "due_at": due_at}
    is_closed, event = Q(state=Case.State.RESOLVED), CaseEvent.Kind.REOPENED
    if not _move(case, is_closed, opened, event, by, at, note.strip(), due_at=due_at.isoformat()):
        raise ValidationError(_("This case is open already."))


@transaction.atomic
def _open(response: Response, triggers: list[str], at: dt.datetime) -> Case:
    team = response.invitation.team
    case = Case.objects.create(
        client=response.client,
        response=response,
        team=team,
        owner=_first_owner(response, team),
        triggers=triggers,
        opened_at=at,
        due_at=_due_at(response, triggers, response.submitted_at),  # kept as it was promised on the page
    )
    _tell(case, CaseEvent.Kind.OPENED, None, at, triggers=triggers, score=response.score)
    _alert(case, at)
    return case


def _told_of_change(case: Case, response: Response) -> Case:
    """The case, whose course says that the customer changed the answer after it was opened: once for each change."""
    at = response.changed_at
    if at and at > case.opened_at:
        past = list(case.events.all())
        if any((event.kind, event.at) == (CaseEvent.Kind.CHANGED, at) for event in past):
            return case
        known = [event.detail["score"] for event in past if "score" in event.detail]
        scores = known or [response.first["said"][Question.SCORE]]
        try:
            with transaction.atomic():
                _tell(case, CaseEvent.Kind.CHANGED, None, at, before=scores[-1], score=response.score)
        except IntegrityError:  # another worker was faster
            pass
    return case


def _add_triggers(case: Case, triggers: list[str], at: dt.datetime) -> Case:
    """Add what the case does not name yet. An urgent one brings the due time of an open case forward."""
    new = [trigger for trigger in triggers if trigger not in case.triggers]
    if not new:
        return case
    due_at = case.due_at
    if case.state != Case.State.RESOLVED:
        due_at = min(due_at, _due_at(case.response, new, at))
    with transaction.atomic():
        known, changes = Q(triggers=case.triggers), {"triggers": case.triggers + new, "due_at": due_at}
        if _move(case, known, changes, CaseEvent.Kind.TRIGGER, None, at, triggers=new) and due_at != case.due_at:
            _tell(case, CaseEvent.Kind.DUE, None, at, due_at=due_at.isoformat())
    case.refresh_from_db()
    return case


def _due_at(response: Response, triggers: list[str], at: dt.datetime) -> dt.datetime:
    usual = response.client.call_back_by(at)
    return min(usual, response.client.call_back_by(at, URGENT_DAYS)) if URGENT.intersection(triggers) else usual


def _first_owner(response: Response, team: Team | None) -> Login | None:
    """The team's lead with the fewest open cases of it, else the client's analyst with the fewest, else nobody."""
    is_open = ~Q(cases__state=Case.State.RESOLVED)
    lead, analyst = Access.Role.LEAD, Access.Role.ANALYST
    return (team and _least_busy(Q(role=lead, team=team), is_open & Q(cases__team=team))) or _least_busy(
        Q(role=analyst, client=response.client), is_open & Q(cases__client=response.client)
    )


def _least_busy(access: Q, burden: Q) -> Login | None:
    logins = Login.objects.filter(is_active=True, pk__in=Access.objects.filter(access).values("login"))
    return logins.alias(burden=Count("cases", filter=burden)).order_by("burden", "pk").first()


def _move(
    case: Case, condition: Q, changes: dict, kind: str, by: Login | None, at: dt.datetime, note: str = "", **detail
) -> bool:
    """Change the case if `condition` still holds, and say so in an event. False if somebody was faster."""
    with transaction.atomic():
        if not Case.objects.filter(condition, pk=case.pk).update(**changes):
            return False
        _tell(case, kind, by, at, note, **detail)
    return True


def _tell(case: Case, kind: str, by: Login | None, at: dt.datetime, note: str = "", **detail) -> CaseEvent:
    return CaseEvent.objects.create(case=case, kind=kind, by=by, at=at, note=note, detail=detail)


def _alert(case: Case, at: dt.datetime) -> None:
    """Tell the owner by mail, at least once. Without an owner, or an address of theirs, the case waits in the list."""
    owner = case.owner
    if not (owner and owner.email):
        return
    context = {
        "language": owner.language,
        "case": case,
        "response": case.response,
        "contact": case.response.invitation.contact,
        "answers": Answer.objects.filter(response=case.response).exclude(text="").select_related("question"),
        "link": links.absolute(reverse("admin:feedback_loop_case_change", args=[case.pk])),
    }
    letter = mail.render("case_alert", context, owner.language)
    delivery.queue(
        client=case.client,
        key=f"case:{case.pk}:alert",
        to=owner.email,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        due_at=at,
    )
