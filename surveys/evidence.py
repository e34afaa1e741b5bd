"""What machines leave behind on an answer page, and when it is enough to call an answer a machine's.

Mail scanners open every link, call for heads, follow what no person sees, and some post forms by script. An answer is
flagged for one mark that decides, or for two that do not:

decides   decoy       the hidden field was filled in, the form of the decoy page was posted, or its link was followed
          untouched   the page's script ran and saw neither pointer, key nor a choice that the browser vouches for
          forged      the stamp that came along is none of ours, of the future, or impossibly old
          at_once     less than 1 s after the page was made: it has to travel, to be seen and to be pressed
weak      no_page     no stamp came along at all
          quick       less than 3 s after the page was made: a number clicked in the mail needs one press more, or two
          soon        less than 10 s after the message was handed over: a phone may ring at once, reading takes longer
          siblings    3 numbers of the mail or more, all within 10 s: a slip of the finger opens two
          head_first  a HEAD less than 60 s before the page: also made by some mail programs, just before a person comes

Wrong alarms cost a customer's voice, so doubt speaks for the person. A touch outweighs clocks and the link's history:
security software looks at a link at the very moment when its owner clicks it. What was left at the link counts only
for a minute. Without script nothing is known of touches, and that is no mark. Double taps and repeats of a lost
connection bear the stamp of the page they come from, which has only grown older; later steps are not timed, since the
second tap of a double one lands on the next page. Assistive technology (switches, voice, screen readers) chooses by
events that browsers vouch for. A machine that steers a whole browser with its pointer, unhurriedly, is not found.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Value

from .delivery import links
from .models import FlaggedSheet, Invitation, OutgoingMessage, Visit
from .sittings import Sitting

Mark = FlaggedSheet.Evidence

PAGE = "page"  # what a stamp is signed for
AT_ONCE = dt.timedelta(seconds=1)
QUICK = dt.timedelta(seconds=3)
SOON = dt.timedelta(seconds=10)
BURST, MANY = dt.timedelta(seconds=10), 3
NEAR = dt.timedelta(seconds=60)  # how long before its page what was left at a link speaks against an answer
SKEW = dt.timedelta(seconds=5)  # by which the clocks of our machines may differ

DECIDE = frozenset({Mark.DECOY, Mark.UNTOUCHED, Mark.FORGED, Mark.AT_ONCE})


@dataclass(frozen=True)
class History:
    """What is known of a link: when its messages left, and who came by. Clicks by number, each when it was first."""

    sent_at: tuple[dt.datetime, ...] = ()
    head_at: dt.datetime | None = None
    decoy_at: dt.datetime | None = None
    clicks: Mapping[int, dt.datetime] = field(default_factory=dict)


def made(at: dt.datetime) -> str:
    """The stamp that a page carries in its form: when it was made, signed."""
    return links.make(PAGE, str(int(at.timestamp() * 1000)))


def note(invitation: Invitation, kind: str, at: dt.datetime, score: int = 0) -> None:
    """Remember what was done at a link, the first time: one query."""
    Visit.objects.bulk_create([Visit(invitation=invitation, kind=kind, score=score, at=at)], ignore_conflicts=True)


def judge(
    post: Mapping[str, str], sitting: Sitting, at: dt.datetime, is_first: bool = True, by_decoy: bool = False
) -> tuple[Mark, ...]:
    """The marks for which this post is a machine's; none where it is taken for a person's.

    One query, and none where a touch was seen. `is_first`: it is the first page of the sheet; `by_decoy`: it was posted
    to the decoy's address.
    """
    made_at = _made_at(post.get("made", ""), sitting, at)
    is_scripted = post.get("script") == "1"
    is_touched = is_scripted and post.get("touched") == "1"
    found = {
        Mark.DECOY: by_decoy or bool(post.get("website")),
        Mark.UNTOUCHED: is_scripted and not is_touched,
        Mark.NO_PAGE: not post.get("made"),
        Mark.FORGED: bool(post.get("made")) and made_at is None,
    }
    marks = {mark for mark, is_there in found.items() if is_there}
    if is_first and not is_touched:
        history = _history(sitting.invitation) if sitting.invitation else History()
        marks |= _of_link(history, made_at or at, at) | (_of_time(made_at, at) if made_at else set())
    return tuple(mark for mark in Mark if mark in marks) if is_enough(marks) else ()


def is_enough(marks: set[Mark]) -> bool:
    """Whether these marks flag an answer: one that decides, or two."""
    return bool(marks & DECIDE) or len(marks) >= 2


def _made_at(stamp: str, sitting: Sitting, at: dt.datetime) -> dt.datetime | None:
    """When the page was made; None without a stamp of ours, for one of the future, and for one older than its link."""
    value = links.read(PAGE, stamp)
    if value is None or not value.isdecimal():
        return None
    made_at = dt.datetime.fromtimestamp(int(value) / 1000, dt.UTC)
    begins = sitting.invitation.decided_at if sitting.invitation else made_at
    return made_at if begins - SKEW <= made_at <= at + SKEW else None


def _of_time(made_at: dt.datetime, at: dt.datetime) -> set[Mark]:
    age = at - made_at
    return {Mark.AT_ONCE} if age < AT_ONCE else {Mark.QUICK} if age < QUICK else set()


def _of_link(history: History, made_at: dt.datetime, at: dt.datetime) -> set[Mark]:
    since = made_at - NEAR
    found = {
        Mark.DECOY: history.decoy_at is not None and history.decoy_at >= since,
        Mark.SOON_AFTER_SENDING: any(dt.timedelta(0) <= at - sent_at < SOON for sent_at in history.sent_at),
        Mark.SIBLINGS: _is_burst([clicked_at for clicked_at in history.clicks.values() if clicked_at >= since]),
        Mark.HEAD_FIRST: history.head_at is not None and since <= history.head_at <= made_at,
    }
    return {mark for mark, is_there in found.items() if is_there}


def _is_burst(moments: list[dt.datetime]) -> bool:
    """Whether as many as `MANY` of them lie within `BURST`."""
    moments = sorted(moments)
    return any(last - first <= BURST for first, last in zip(moments, moments[MANY - 1 :], strict=False))


def _history(invitation: Invitation) -> History:
    """One query: who came by, and when its messages were handed over."""
    visits = Visit.objects.filter(invitation=invitation).values_list("kind", "score", "at")
    sent = OutgoingMessage.objects.filter(invitation=invitation, handed_over_at__isnull=False).order_by()
    rows = list(visits.union(sent.values_list(Value("sent"), Value(0), "handed_over_at"), all=True))
    once = {kind: at for kind, _score, at in rows if kind in (Visit.Kind.HEAD, Visit.Kind.DECOY)}
    clicks = {score: at for kind, score, at in rows if kind == Visit.Kind.CLICK}
    if invitation.clicked_at:
        clicks[invitation.clicked_score] = invitation.clicked_at
    return History(
        sent_at=tuple(at for kind, _score, at in rows if kind == "sent"),
        head_at=once.get(Visit.Kind.HEAD),
        decoy_at=once.get(Visit.Kind.DECOY),
        clicks=clicks,
    )
