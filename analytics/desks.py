"""Which comment a person judges next, and in whose hands it is.

Two ways lead to a comment. One in ten is drawn by chance: those whose number hashes lowest, so that what was judged of
them is at any time a simple random sample of all that machines read, and the only honest word on how they do. The
others come by margin, the least sure first; where rules alone read and there is none, the unclassified first. A comment
of the sample comes by chance or not at all. The sample goes to those who may correct the whole client: whoever leads
one team draws from that team only, and that is no sample of all.

A comment is in one person's hands at a time, for ten minutes (`Lease`).
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from surveys.models import Answer, Client, Login, Reach, reach_of

from .models import Correction, Lease, Reading
from .models.readings import lot

IN_HAND = dt.timedelta(minutes=10)
ONE_IN = 10  # comments drawn by chance; comments that a second person reads
TENTH = "19999999"  # what one in ten hexadecimal hashes lies below
COUNTED = 1_000  # comments that wait: nobody works off more in a day, and a million would take a second to count
TRIED = 5  # comments at the head of a queue, if others are taking them at this moment

Drawn = Correction.Drawn
# As a queue is worked through where nothing says how sure a machine was: unclassified, themes, empty.
BY_OUTCOME = "-outcome"


@dataclass(frozen=True)
class Desk:
    """Where a person corrects: a client's comments in one language, without those they have laid aside."""

    client: Client
    language: str
    login: Login
    at: dt.datetime
    aside: Collection[int] = ()

    @property
    def today(self) -> dt.datetime:
        return self.at.astimezone(self.client.zone).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def holds_all(self) -> bool:
        reach = reach_of(self.login)
        return reach.is_everything or self.client.pk in reach.analyst_clients


# --- Who may correct what ------------------------------------------------------------------------------------------


def within(reach: Reach, path: str = "") -> Q:
    """Answers (by the path to them) that may be corrected: all of a client by its analysts, a team's by its leads."""
    if reach.is_everything:
        return Q()
    response = f"{path}response__"
    of_client = Q(**{f"{response}client__in": reach.analyst_clients})
    of_team = Q(**{f"{response}invitation__team__in": reach.teams}) | Q(
        **{f"{response}open_link__team__in": reach.teams}
    )
    return (of_client | of_team) if reach.teams else of_client


def clients_of(login: Login) -> QuerySet[Client]:
    """The clients of whose comments a login may correct any."""
    reach = reach_of(login)
    if reach.is_everything:
        return Client.objects.all()
    return Client.objects.filter(Q(pk__in=reach.analyst_clients) | Q(teams__in=reach.teams)).distinct()


def waiting(client: Client, login: Login) -> dict[str, int]:
    """How many comments machines alone have read, by language, the most frequent one first.

    Exact while there are fewer than `COUNTED`; that many are looked at, and where there are more, these are at least.
    """
    machines = _of(client, login).exclude(source=Reading.Source.PERSON)
    found = Counter(machines.order_by().values_list("language", flat=True)[:COUNTED])
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def judged_today(desk: Desk) -> int:
    """Comments at this desk that stand as this person judged them since midnight, the client's."""
    mine = _at(desk).filter(source=Reading.Source.PERSON, read_by=desk.login)
    return mine.filter(read_at__gte=desk.today).count()


def second_today(desk: Desk) -> int:
    """Comments at this desk that this person has read a second time since midnight, the client's."""
    return _at(desk).filter(answer__second_reading__by=desk.login, answer__second_reading__at__gte=desk.today).count()


# --- Handing out ---------------------------------------------------------------------------------------------------


def hand_out(desk: Desk, today: int) -> Lease | None:
    """The comment to judge now, in this person's hands from now on: the one already there, else the next.

    `today`: how many of the day's are done. Every tenth turn draws by chance, from a first one that person and day
    decide, so that those who judge only a few draw, too.
    """
    first = int(hashlib.sha256(f"{desk.login.pk} {desk.today:%Y-%m-%d}".encode()).hexdigest(), 16)
    by_chance_now = (first + today + len(desk.aside)) % ONE_IN == 0
    by_chance, by_margin = _sample(desk), _least_sure(desk)
    return _held(desk, _machine_read(desk)) or _first(
        desk, by_chance + by_margin if by_chance_now else by_margin + by_chance
    )


def hand_out_second(desk: Desk) -> Lease | None:
    """A comment that somebody else has judged, to be read a second time."""
    unread = awaiting_second(desk)
    return _held(desk, unread) or _first(desk, [(Drawn.RANDOM, unread.order_by("chance"))])


def pick(answer: Answer, desk: Desk) -> Lease | None:
    """A comment that the person chose, or had before them already; None while somebody else has it."""
    mine = Lease.objects.filter(answer=answer, by=desk.login).first()
    return take(answer.pk, desk, Drawn(mine.drawn) if mine else Drawn.CHOSEN)


def lay_aside(answer: Answer, login: Login) -> None:
    Lease.objects.filter(answer=answer, by=login).delete()


def awaiting_second(desk: Desk) -> QuerySet[Reading]:
    """One in ten of the comments that people have judged, without those that this person has: to be judged blind."""
    own = Correction.objects.filter(answer=OuterRef("answer"), by=desk.login)
    judged = _free(desk).filter(source=Reading.Source.PERSON, answer__second_reading=None).exclude(read_by=desk.login)
    return judged.filter(~Exists(own)).alias(chance=lot("second")).filter(chance__lt=TENTH)


def _of(client: Client, login: Login) -> QuerySet[Reading]:
    return Reading.objects.filter(within(reach_of(login), "answer__"), answer__response__client=client)


def _at(desk: Desk) -> QuerySet[Reading]:
    return _of(desk.client, desk.login).filter(language=desk.language)


def _free(desk: Desk) -> QuerySet[Reading]:
    """Not in other hands nor laid aside, and read since its customer last changed anything."""
    others = Lease.objects.filter(answer=OuterRef("answer"), until__gt=desk.at).exclude(by=desk.login)
    unchanged = Q(answer__response__changed_at=None) | Q(read_at__gt=F("answer__response__changed_at"))
    return _at(desk).filter(unchanged).filter(~Exists(others)).exclude(answer__in=list(desk.aside))


def _machine_read(desk: Desk) -> QuerySet[Reading]:
    return _free(desk).exclude(source=Reading.Source.PERSON).alias(chance=lot("first"))


def _sample(desk: Desk) -> list[tuple[Drawn, QuerySet]]:
    if not desk.holds_all:
        return []
    return [(Drawn.RANDOM, _machine_read(desk).filter(chance__lt=TENTH).order_by("chance"))]


def _least_sure(desk: Desk) -> list[tuple[Drawn, QuerySet]]:
    others = _free(desk).alias(chance=lot("first")).exclude(chance__lt=TENTH)
    by_model = others.filter(source=Reading.Source.MODEL, margin__isnull=False).order_by("margin", "-answer")
    unmeasured = others.exclude(source=Reading.Source.PERSON).filter(margin=None).order_by(BY_OUTCOME, "-answer")
    return [(Drawn.MARGIN, by_model), (Drawn.MARGIN, unmeasured)]


def _held(desk: Desk, wanted: QuerySet[Reading]) -> Lease | None:
    """What this person was handed here before, as long as it is still to be judged."""
    mine = Lease.objects.filter(by=desk.login, until__gt=desk.at, drawn__in=(Drawn.MARGIN, Drawn.RANDOM))
    lease = mine.filter(answer__reading__in=wanted).first()
    return take(lease.answer_id, desk, Drawn(lease.drawn)) if lease else None


def _first(desk: Desk, queues: Iterable[tuple[Drawn, QuerySet]]) -> Lease | None:
    for drawn, queue in queues:
        for answer in queue.values_list("answer", flat=True)[:TRIED]:
            if lease := take(answer, desk, drawn):
                return lease
    return None


def take(answer: int, desk: Desk, drawn: Drawn) -> Lease | None:
    """Into this person's hands, and what they had there out of them; None if somebody else has it or was quicker."""
    held = {"by": desk.login, "until": desk.at + IN_HAND, "drawn": drawn}
    with transaction.atomic():
        Lease.objects.filter(by=desk.login).exclude(answer=answer).delete()
        free = Lease.objects.filter(Q(by=desk.login) | Q(until__lte=desk.at), answer=answer)
        if not free.update(**held):
            try:
                with transaction.atomic():
                    Lease.objects.create(answer_id=answer, **held)
            except IntegrityError:
                return None
    return Lease(answer_id=answer, **held)
