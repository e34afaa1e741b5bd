"""The story's outer loop: what was promised and tried, what a client counted itself, what two people took out.

Written down when the year is over, as by staff who begin with these pages then; what was tried began with its episode.
"""

import csv
import datetime as dt
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from django.db.models.functions import TruncDate
from django.utils.module_loading import import_string

from analytics.counts import By
from surveys import exclusions
from surveys.models import Access, Client, Contact, Exclusion, Group, Login, Response, Survey

from .. import initiatives, targets
from ..models import Initiative, Target
from . import story

Reason = Exclusion.Reason
LOST = 4  # contacts of one day that the client counted and never passed on


@dataclass(frozen=True)
class Trial:
    """What was tried by one team while the other went on as before, from the day on which an episode began.

    At Nordheim the plot helps one team; at Alder & Finch it lifts both alike, as only the control group tells.
    """

    episode: str
    name: str
    what: str
    by: str
    here: str
    beside: str


TRIALS = {
    "nordheim": Trial(
        "callback_promise",
        "Rückruf mit Uhrzeit",
        "Bei Störungen nennen wir für den Rückruf eine Uhrzeit und halten sie ein.",
        "Kundenservice, Technik",
        here="Team Internet",
        beside="Team Energie",
    ),
    "alderfinch": Trial(
        "kind_returns",
        "Refund letters reworded",
        "Every refund letter says in its first line how much comes back, and on which day.",
        "Kundenservice DE",
        here="Kundenservice DE",
        beside="Customer Care EN",
    ),
}
# By client: kind, in each, value.
PROMISED = {
    "nordheim": ((Survey.Kind.NPS, Target.Period.MONTH, 30), (Survey.Kind.CSAT, Target.Period.QUARTER, 90)),
    "alderfinch": ((Survey.Kind.NPS, Target.Period.MONTH, 40), (Survey.Kind.CSAT, Target.Period.QUARTER, 90)),
}
OBJECTIONS = {
    "de": ("Testanruf aus der Schulung, die Adresse gehört unserer Trainerin.",
           "Gemeint ist wohl der Netzbetreiber. Bitte gegenlesen."),
    "en": ("A test ticket of our training, the address is our trainer's.",
           "Seems to be about the carrier's own helpline. Please have a look."),
}  # fmt: skip
SYSTEMS = {"nordheim": "acd", "alderfinch": "helpdesk"}


def write_down(world: story.World, clients: dict[str, Client], folder: Path, at: dt.datetime) -> None:
    """Everything of it, for each client; `folder` takes the files that clients send."""
    for key, client in clients.items():
        _promise(client, world.days()[0])
        _try_out(client, world.clients[key])
        _count(client, folder / f"{key}-counts.csv", at)
        _object(client, at)


def judge(at: dt.datetime) -> None:
    """Count what there is to count, look at each initiative and target once, and send what is said of them."""
    while import_string("analytics.tasks.fill_tallies")():
        pass
    initiatives.look_at_all(at)
    targets.watch(at)
    import_string("surveys.tasks.send_messages")()


def _promise(client: Client, first_day: dt.date) -> None:
    for kind, period, value in PROMISED[client.slug]:
        _kept(Target(client=client, kind=kind, period=period, value=value, starts_on=first_day))


def _try_out(client: Client, company: story.Client) -> None:
    trial, teams = TRIALS[client.slug], {team.name: team for team in client.teams.all()}
    scope, control = ({By.TEAM.value: str(teams[name].pk)} for name in (trial.here, trial.beside))
    _kept(
        Initiative(
            client=client,
            name=trial.name,
            what=trial.what,
            by=trial.by,
            kind=Survey.Kind.CSAT,
            starts_on=next(one.from_on for one in company.episodes if one.key == trial.episode),
            scope=scope,
            control=control,
        )
    )


def _kept(row: Target | Initiative) -> None:
    row.full_clean()
    row.save()


def _count(client: Client, file: Path, at: dt.datetime) -> None:
    """This month and the one before, as the client's system counted them: on the busiest day it saw a few more."""
    today = at.astimezone(client.zone).date()
    since = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    known = Contact.objects.filter(client=client, is_test=False)
    begun = known.annotate(day=TruncDate("started_at", tzinfo=client.zone)).filter(day__gte=since, day__lt=today)
    contacts = Counter(begun.values_list("day", flat=True))
    if not contacts:
        return
    contacts[contacts.most_common(1)[0][0]] += LOST
    with file.open("w", encoding="utf-8", newline="") as sheet:
        csv.writer(sheet).writerows([("day", "contacts"), *sorted(contacts.items())])
    call_command("import_counts", client.slug, str(file), source=SYSTEMS[client.slug], stdout=io.StringIO())


def _object(client: Client, at: dt.datetime) -> None:
    """One answer excluded by two people, and one proposed that waits for the analyst."""
    analyst = Login.objects.get(accesses__client=client, accesses__role=Access.Role.ANALYST)
    admin = Login.objects.get(is_superuser=True)
    tested, mistaken = OBJECTIONS[client.language]
    happy = Response.objects.verified().filter(client=client, kind=Survey.Kind.CSAT, group=Group.PROMOTER)
    without_words = happy.exclude(answers__text__gt="").order_by("-submitted_at", "-pk")
    own, meant_for_others = without_words[:2]
    exclusions.confirm(exclusions.propose(own, Reason.STAFF, tested, analyst, at), admin, at)
    exclusions.propose(meant_for_others, Reason.OTHER_COMPANY, mistaken, admin, at)
