"""What stands beside the scores and is in none: clicks without an answer, machines' sheets, answers of open links.

What belongs to an invitation counts in the period that the invitation is about, in reports as in a campaign's funnel:
there it stands beside the share of those who answered, which is counted so, too. The moment of a click may be a
machine's, and a late one would be told in a period in which nobody was asked. Behind an open link nobody is asked:
what comes there counts when it comes.
"""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from surveys.models import Client, FlaggedSheet, Group, Invitation, Response, group_of

from .periods import Period
from .scores import SHOWN_FROM, Groups


@dataclass(frozen=True)
class Beside:
    """Of one kind of survey in one period, each as (promoters, passives, detractors) or as a number.

    `provisional`: first clicked in a mail, and nothing sent since, not by a machine either. `flagged`: sheets with the
    marks of a machine. `unverified`: answers by a door that is open to all; their groups are None below `SHOWN_FROM`.
    """

    provisional: Groups
    flagged: int
    unverified: int
    unverified_groups: Groups | None


def beside(client: Client, period: Period, kind: str) -> Beside:
    """What the period brought besides the answers that count. Three queries."""
    within = lambda column: {f"{column}__gte": period.start, f"{column}__lt": period.end}  # noqa: E731
    asked = Invitation.objects.filter(client=client, version__survey__kind=kind, **within("about_at"))
    clicks = Counter()
    for score, number in asked.only_clicked().order_by().values_list("clicked_score").annotate(Count("pk")):
        clicks[group_of(kind, score)] += number
    flagged = FlaggedSheet.objects.standing(period.start, period.end).filter(client=client, kind=kind)
    others = Response.objects.unverified().filter(client=client, kind=kind, **within("submitted_at"))
    groups = _groups(Counter(dict(others.order_by().values_list("group").annotate(Count("pk")))))
    unverified = sum(groups)
    return Beside(_groups(clicks), flagged.count(), unverified, groups if unverified >= SHOWN_FROM else None)


def _groups(count: Counter) -> Groups:
    return count[Group.PROMOTER], count[Group.PASSIVE], count[Group.DETRACTOR]
