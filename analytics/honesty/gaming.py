"""Signs that somebody helped the score along. A sign is a reason to look, never a verdict; each leads to its answers.

What cannot be known here: on which device an answer was written (no fingerprint is taken), when a customer's address
was changed and by whom (only the present one is kept), and what was said on the telephone.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from django.db.models import Count, Exists, F, FilteredRelation, Max, Min, OuterRef, Q, QuerySet

from surveys.models import (
    Answer,
    Client,
    Exclusion,
    Group,
    Invitation,
    Login,
    Medium,
    OutgoingMessage,
    Question,
    Response,
    Suppression,
)
from surveys.models.people import email_key

from .. import scores
from ..counts import By, counts, groups
from ..periods import Period
from ..scores import Change, Estimate, Groups, Verdict
from ..together import read_together
from .figure import estimate
from .ledger import CONTACT, verdicts
from .solicited import is_solicited, same_words

SOON = dt.timedelta(seconds=10)  # after a message was handed over: faster than anybody reads and answers
MANY = 3  # customers that share a telephone number, a mailbox or their very words
COMPARED_FROM = 30  # answers of an agent on both sides
KINDS = ("quick", "shared", "identical", "staff", "solicited")


@dataclass(frozen=True)
class Sign:
    """One of `KINDS`, the number of answers that bear it, and of how many."""

    kind: str
    count: int
    of: int


@dataclass(frozen=True)
class Jump:
    """An agent whose share of the upper group is clearly higher than in the period before, all tests considered."""

    agent: int
    kind: str
    before: Groups
    now: Groups
    change: Change


@dataclass(frozen=True)
class Jumps:
    """`compared`: agents (once per kind of survey) with enough answers in both periods."""

    compared: int
    found: tuple[Jump, ...]


@dataclass(frozen=True)
class Unreachable:
    """Eligible contacts that could not be asked for want of an address, a consent or by an objection.

    After a contact that went badly (unsolved, opened again, goodwill) against the others: (unreachable, all) each.
    `by_hand`: objections that staff entered between the contact and the verdict.
    """

    bad: tuple[int, int]
    others: tuple[int, int]
    change: Change | None
    by_hand: int


@dataclass(frozen=True)
class Goodwill:
    """Answers of customers who were given something, apart from the others."""

    kind: str
    given: Groups
    others: Groups
    given_score: Estimate | None
    others_score: Estimate | None


def signs(client: Client, period: Period) -> tuple[Sign, ...]:
    """Every kind of sign, also those of which there is none. Eight queries at most."""
    evidence = _Evidence(client, period)
    return tuple(Sign(kind, len(_FINDERS[kind](evidence)), evidence.number) for kind in KINDS)


def answers(client: Client, period: Period) -> QuerySet[Response]:
    """Of those whom we asked, begun in the period; excluded ones, too."""
    return Response.objects.verified().filter(
        client=client, submitted_at__gte=period.start, submitted_at__lt=period.end
    )


def found(client: Client, period: Period, kind: str) -> QuerySet[Response]:
    """The answers that bear a sign; and “goodwill”, “excluded”, which are told apart. KeyError for what is no kind."""
    rows = answers(client, period)
    if kind in _APART:
        return rows.filter(_APART[kind])
    return rows.filter(pk__in=_FINDERS[kind](_Evidence(client, period)))


def jumped(client: Client, period: Period, survey_kinds: tuple[str, ...]) -> QuerySet[Response]:
    """The answers of the upper group behind the jumps of a period."""
    agents = {jump.agent for jump in jumps(client, period, survey_kinds).found}
    return answers(client, period).filter(kind__in=survey_kinds, group=Group.PROMOTER, invitation__agent__in=agents)


def jumps(client: Client, period: Period, survey_kinds: tuple[str, ...]) -> Jumps:
    """One query per kind of survey. Only the upper group is compared, and only agents with enough answers."""
    run, tested = [period.previous(), period], []
    for kind in survey_kinds:
        sides: dict[str, dict[int, Groups]] = defaultdict(dict)
        for (place, agent), numbers in counts(client, kind, run, by=By.AGENT).items():
            sides[agent][place] = groups(kind, numbers)
        for agent, both in sides.items():
            if agent and len(both) == 2 and min(map(sum, both.values())) >= COMPARED_FROM:
                pairs = ((both[place][0], sum(both[place])) for place in (0, 1))
                tested.append(Jump(int(agent), kind, both[0], both[1], scores.share_change(*pairs)))
    news = scores.benjamini_hochberg([jump.change.p for jump in tested])
    clear = (jump for jump, is_news in zip(tested, news, strict=True) if is_news)
    return Jumps(len(tested), tuple(jump for jump in clear if jump.change.verdict == Verdict.HIGHER))


def unreachable(client: Client, period: Period) -> Unreachable:
    """Two queries. `change` is on the share that could not be asked: after bad contacts against the others."""
    reason = Invitation.Reason
    lost = (reason.NO_ADDRESS, reason.INVALID_ADDRESS, reason.NO_CONSENT, reason.SUPPRESSED)
    rows = verdicts(client, period).filter(contact__isnull=False)
    bad = Q(**{f"{CONTACT}__is_solved": False}) | Q(**{f"{CONTACT}__reopened_count__gt": 0}) | Q(is_goodwill=True)
    with read_together():
        went = rows.aggregate(
            bad=Count("pk", bad),
            bad_lost=Count("pk", bad & Q(reason__in=lost)),
            all=Count("pk"),
            all_lost=Count("pk", Q(reason__in=lost)),
        )
    pair = went["bad_lost"], went["bad"]
    others = went["all_lost"] - went["bad_lost"], went["all"] - went["bad"]
    entered = Suppression.objects.filter(
        client=client,
        reason=Suppression.Reason.MANUAL,
        address=OuterRef("email"),
        created_at__gte=OuterRef("about_at"),
        created_at__lte=OuterRef("decided_at"),
    )
    by_hand = rows.filter(Exists(entered), reason=reason.SUPPRESSED).count()
    change = scores.share_change(others, pair) if min(pair[1], others[1]) >= COMPARED_FROM else None
    return Unreachable(pair, others, change, by_hand)


def goodwill(client: Client, kind: str, period: Period) -> Goodwill:
    """One query."""
    by = {value: groups(kind, numbers) for (_p, value), numbers in counts(client, kind, [period], By.GOODWILL).items()}
    given, others = by.get("1", (0, 0, 0)), by.get("", (0, 0, 0))
    return Goodwill(kind, given, others, estimate(kind, given), estimate(kind, others))


class _Evidence:
    """What is looked through for signs: read once, however many signs look at it."""

    def __init__(self, client: Client, period: Period) -> None:
        self.client, self.period = client, period

    @property
    def rows(self) -> QuerySet[Response]:
        """`asked`: the invitation, joined by the client, too (see `ledger`)."""
        asked = FilteredRelation("invitation", condition=Q(invitation__client=F("client")))
        return answers(self.client, self.period).order_by().alias(asked=asked)

    @cached_property
    def mailboxes(self) -> list[tuple[str, bool, int]]:
        """Each that was asked: whether several customers have it, and how many answered."""
        people = {"least": Min("asked__customer"), "most": Max("asked__customer"), "known": Count("asked__customer")}
        found = self.rows.values_list("asked__email").annotate(**people, answers=Count("pk"))
        with read_together():
            return [(email, least != most or known < n, n) for email, least, most, known, n in found]

    @property
    def number(self) -> int:
        return sum(answers for _email, _are_several, answers in self.mailboxes)

    def asked_at(self, mailboxes: Iterable[str]) -> list[tuple[int, int | None, str]]:
        """Answer, customer, mailbox."""
        with read_together():
            asked = self.rows.filter(asked__email__in=list(mailboxes))
            return list(asked.values_list("pk", "asked__customer", "asked__email"))

    @cached_property
    def comments(self) -> dict[str, list[tuple[int, int | None]]]:
        """By its words: answer and customer. Found by the client's questions: few of all answers are texts."""
        questions = Question.objects.filter(version__survey__client=self.client).values_list("pk", flat=True)
        said = Answer.objects.filter(question__in=list(questions)).exclude(text="").order_by()
        theirs = said.filter(
            response__client=self.client,
            response__submitted_at__gte=self.period.start,
            response__submitted_at__lt=self.period.end,
            response__invitation__isnull=False,
        )
        texts = defaultdict(list)
        with read_together(never_one_by_one=True):
            for response, customer, text in theirs.values_list("response", "response__customer", "text"):
                texts[text].append((response, customer))
        return texts


def _quick(evidence: _Evidence) -> set[int]:
    sent = OutgoingMessage.objects.filter(
        invitation=OuterRef("invitation"),
        medium__in=[Medium.MAIL, Medium.SMS],
        handed_over_at__lte=OuterRef("submitted_at"),
        handed_over_at__gt=OuterRef("submitted_at") - SOON,
    )
    return set(evidence.rows.filter(Exists(sent)).values_list("pk", flat=True))


def _shared(evidence: _Evidence) -> set[int]:
    """One mailbox, or one number to be called at, for several customers."""
    several = evidence.asked_at(email for email, are_several, _n in evidence.mailboxes if are_several)
    called = evidence.rows.exclude(phone="").values_list("pk", "asked__customer", "phone")
    return _of_many([*several, *called])


def _identical(evidence: _Evidence) -> set[int]:
    alike = ((same_words(text), said) for text, said in evidence.comments.items())
    return _of_many((*who, words) for words, said in alike for who in said)


def _staff(evidence: _Evidence) -> set[int]:
    """The mailboxes of all who sign in for this client, and those of the client's own domain."""
    client = evidence.client
    tied = Login.objects.filter(Q(accesses__client=client) | Q(agents__client=client)).exclude(email="")
    own, domain = {email_key(email) for email in tied.values_list("email", flat=True)}, _domain(client.from_email)
    is_own = cache(lambda written: _domain(f"@{written}") == domain)  # few domains have many mailboxes
    theirs = (email for email, *_ in evidence.mailboxes if email in own or is_own(email.rpartition("@")[2]))
    return {answer for answer, _customer, _email in evidence.asked_at(theirs)}


def _solicited(evidence: _Evidence) -> set[int]:
    return {answer for text, said in evidence.comments.items() if is_solicited(text) for answer, _customer in said}


def _domain(address: str) -> str:
    return email_key(address).rpartition("@")[2]


def _of_many(said: Iterable[tuple[int, int | None, str]]) -> set[int]:
    """The answers that have something in common which `MANY` customers have: (answer, customer, what)."""
    who = defaultdict(set)
    for answer, customer, what in said:
        if what:
            who[what].add((answer, customer))
    alike = [pairs for pairs in who.values() if len({customer for _a, customer in pairs}) >= MANY]
    return {answer for pairs in alike for answer, _customer in pairs}


_FINDERS: dict[str, Callable[[_Evidence], set[int]]] = {
    "quick": _quick,
    "shared": _shared,
    "identical": _identical,
    "staff": _staff,
    "solicited": _solicited,
}
_APART = {
    "goodwill": Q(invitation__is_goodwill=True),
    "excluded": Q(exclusions__state=Exclusion.State.CONFIRMED),
}
