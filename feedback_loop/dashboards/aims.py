"""What was promised and what is being tried, for the trend and the lines below it. As it was found when last looked at.

Filters leave them off the chart: a target is one of all answers, or of the part that it names itself.
"""

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from analytics import charts, figures
from surveys.models import Client, Login

from .. import initiative_words, target_words
from ..models import Initiative, Target
from .address import Address


@dataclass(frozen=True)
class Line:
    """A short fact below a chart; `href` where it can be followed."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Aims:
    """`events` are initiatives within the trend; `target` the value promised for periods like the one shown."""

    events: tuple[charts.Event, ...]
    target: float | None
    lines: tuple[Line, ...]


def aims_of(client: Client, login: Login, address: Address, is_filtered: bool, language: str) -> Aims:
    """What this login may see of them, for this kind of survey. Two queries."""
    targets = list(Target.objects.visible_to(login).filter(client=client, kind=address.kind).select_related("theme"))
    tried = list(
        Initiative.objects.visible_to(login).filter(
            client=client,
            kind=address.kind,
            starts_on__gte=address.run[0].first_on,
            starts_on__lte=address.run[-1].last_on,
        )
    )
    lines = [*(_target(each) for each in targets), *(_initiative(each, language) for each in tried)]
    promised = None if is_filtered else next((float(each.value) for each in targets if _holds(each, address)), None)
    return Aims(tuple(_event(each) for each in reversed(tried)), promised, tuple(lines))


def _event(initiative: Initiative) -> charts.Event:
    until = initiative.starts_on + dt.timedelta(days=initiative.run_in_days)
    return charts.Event(initiative.starts_on, initiative.name, until)


def _holds(target: Target, address: Address) -> bool:
    """Whether it is about the very figure that the trend shows."""
    period = address.period
    is_alike = target.period == period.kind and target.is_of_score and not target.scope
    return is_alike and target.starts_on <= period.last_on and (not target.ends_on or target.ends_on >= period.first_on)


def _target(target: Target) -> Line:
    told = {
        "target": target_words.name(target),
        "verdict": target_words.verdict(target.state),
        "chance": target_words.chance(target.seen.get("chance")),
    }
    shape = _("Target: %(target)s. %(verdict)s.")
    if target.seen.get("chance") is not None:
        shape = _("Target: %(target)s. %(verdict)s; chance of meeting it: %(chance)s.")
    return Line(shape % told, reverse("admin:feedback_loop_target_change", args=[target.pk]))


def _initiative(initiative: Initiative, language: str) -> Line:
    day = f"{figures.date_short(initiative.starts_on, language)} {initiative.starts_on.year}"
    told = {"name": initiative.name, "day": day, "advice": initiative_words.advice(initiative.state)}
    shape = _("Initiative “%(name)s”, since %(day)s: %(advice)s.")
    return Line(shape % told, reverse("admin:feedback_loop_initiative_change", args=[initiative.pk]))
