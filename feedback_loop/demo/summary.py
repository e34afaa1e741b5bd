"""What the demo counted, from the database and nowhere else."""

from pathlib import Path

from django.conf import settings
from django.db.models import Count, Max, Min, Model

from analytics.honesty import reconciliation
from analytics.models import Reading, ThemeAssignment
from analytics.periods import Period
from surveys.models import (
    Client,
    Contact,
    Exclusion,
    FlaggedSheet,
    Invitation,
    Login,
    OutgoingMessage,
    Response,
)

from ..models import Case, CaseEvent, Digest, Initiative, Target
from . import stage


def counts() -> dict:
    """The figures of the whole loop, each a plain count; shares in percent with one decimal."""
    readings = _by(Reading, "outcome")
    judged = readings.get("themes", 0) + readings.get("unclassified", 0)
    verdicts = {"asked": Invitation.objects.filter(is_asked=True).count()}
    return {
        "contacts": Contact.objects.count(),
        "invitations": {
            "total": Invitation.objects.count(),
            **verdicts,
            "not_asked": _by(Invitation.objects.filter(is_asked=False), "reason"),
        },
        "mails": {
            "messages": _by(OutgoingMessage, "state"),
            "files": len(list(Path(settings.EMAIL_FILE_PATH).glob("*.eml"))),
        },
        "responses": {
            kind: {
                "total": Response.objects.verified().filter(kind=kind).count(),
                **_by(Response.objects.verified().filter(kind=kind), "group"),
            }
            for kind in ("nps", "csat")
        },
        "sheets": {
            "whole": Response.objects.filter(completed_at__isnull=False).count(),
            "partial": Response.objects.filter(completed_at=None).count(),
            "changed": Response.objects.filter(changed_at__isnull=False).count(),
            "by_door": _by(Response, "door"),
            "by_language": _by(Response, "language"),
        },
        "beside": {
            "provisional": Invitation.objects.only_clicked().count(),
            "flagged": FlaggedSheet.objects.filter(restored_at=None).count(),
            "unverified": Response.objects.unverified().count(),
        },
        "comments": {
            "total": sum(readings.values()),
            **readings,
            "unclassified_percent": round(100 * readings.get("unclassified", 0) / judged, 1) if judged else None,
        },
        "themes": _by(ThemeAssignment, "theme__key"),
        "cases": {"total": Case.objects.count(), **_by(Case, "state"), "events": CaseEvent.objects.count()},
        "digests": _by(Digest, "state"),
        "targets": _by(Target, "state"),
        "initiatives": _by(Initiative, "state"),
        "exclusions": _by(Exclusion, "state"),
        "reported": _reported(),
    }


def _reported() -> dict[str, int]:
    """What the clients counted themselves, and how many of these contacts never reached us."""
    told = {"days": 0, "contacts": 0, "missing": 0}
    for client in Client.objects.filter(reported_counts__isnull=False).distinct():
        days = client.reported_counts.aggregate(first=Min("day"), last=Max("day"))
        compared = reconciliation.compare(client, Period("days", days["first"], days["last"], client.time_zone))
        told["days"] += len(compared.lines)
        told["contacts"] += compared.reported
        told["missing"] += compared.missing
    return told


def _by(rows, column: str) -> dict[str, int]:
    rows = rows.objects if isinstance(rows, type) and issubclass(rows, Model) else rows
    return dict(rows.order_by().values_list(column).annotate(n=Count("pk")).order_by("-n", column))


def logins() -> list[dict[str, str]]:
    """Who may sign in, with what they see."""
    rows = []
    for login in Login.objects.order_by("pk").prefetch_related("accesses__client", "accesses__team", "agents__client"):
        access = login.accesses.first()
        agent = login.agents.first()
        role = (
            f"{access.get_role_display()}, {access.team or access.client}"
            if access
            else (f"agent, {agent.client}" if agent else "administrator")
        )
        rows.append({"login": login.username, "password": stage.PASSWORD, "role": role})
    return rows
