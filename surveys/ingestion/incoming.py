"""One normalised contact, and the gate that every door shares: what is refused, what is tidied, what is noted."""

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from surveys.models import Agent, Contact, Customer, Team


class Incoming(NamedTuple):
    """A contact as any source says it, in our words. Times are aware; durations are whole seconds.

    A tuple, because files bring them by the hundred thousand: a frozen dataclass takes ten times as long to make.
    """

    source: str
    external_id: str
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime | None = None
    email: str = ""
    customer_number: str = ""
    customer_name: str = ""
    customer_phone: str = ""
    customer_segment: str = ""
    customer_time_zone: str = ""
    language: str = ""
    agent_key: str = ""
    agent_name: str = ""
    team: str = ""
    channel: str = Contact.Channel.OTHER
    reason: str = ""
    subject: str = ""
    is_solved: bool | None = None
    wait_seconds: int | None = None
    talk_seconds: int | None = None
    reopened_count: int = 0
    is_transferred: bool = False
    is_goodwill: bool = False
    is_agent_initiated: bool = False
    is_spam: bool = False
    is_test: bool = False
    has_consent: bool | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str | int | float | bool | None] = MappingProxyType({})
    told_at: dt.datetime | None = None  # as of when the source says all this; an older word never beats a newer one


class Finding(NamedTuple):
    """What is wrong with one field (a refusal) or was changed in it (a note), in words that say how to mend it."""

    code: str
    field: str
    value: str
    message: str


class Refused(Exception):
    """The row cannot be taken; carries the finding."""

    def __init__(self, code: str, field: str, value: object, message: str):
        self.finding = Finding(code, field, str(value), message)
        super().__init__(message)


# Short names for summaries; the sentence of a finding says the rest.
LABELS = {
    "missing_id": gettext_lazy("number missing"),
    "too_long": gettext_lazy("too long"),
    "unstorable": gettext_lazy("characters that cannot be stored"),
    "unknown_word": gettext_lazy("unknown word"),
    "not_a_number": gettext_lazy("not a number"),
    "out_of_range": gettext_lazy("out of range"),
    "no_time": gettext_lazy("unreadable time"),
    "no_such_day": gettext_lazy("day that does not exist"),
    "no_such_hour": gettext_lazy("hour that does not exist"),
    "ends_before_start": gettext_lazy("ends before it starts"),
    "no_end": gettext_lazy("end missing"),
    "too_many_cells": gettext_lazy("too many columns"),
    "too_few_cells": gettext_lazy("too few columns"),
    "hour_twice": gettext_lazy("hour that exists twice"),
    "shortened": gettext_lazy("shortened"),
    "left_out": gettext_lazy("left out"),
    "unknown_channel": gettext_lazy("unknown channel"),
    "unknown_direction": gettext_lazy("unknown direction"),
}


def _longest(model: type, name: str) -> int:
    return model._meta.get_field(name).max_length


# What a source may tell beside the fields above.
MOST_TAGS = MOST_ATTRIBUTES = 50
LONGEST_VALUE = 500
# These tell one thing from another: cut short, they would tell it wrongly.
_IDENTITIES = {
    "source": _longest(Contact, "source"),
    "external_id": _longest(Contact, "external_id"),
    "customer_number": _longest(Customer, "number"),
    "agent_key": _longest(Agent, "key"),
}
# A long name must not lose the contact: these are cut, with a note.
_WORDS = {
    "customer_name": _longest(Customer, "name"),
    "customer_segment": _longest(Customer, "segment"),
    "agent_name": _longest(Agent, "name"),
    "team": _longest(Team, "name"),
    "reason": _longest(Contact, "reason"),
    "subject": _longest(Contact, "subject"),
    "language": _longest(Contact, "language"),
}
# Half an address or half a phone number is somebody else's: kept whole or left out, with a note.
_REACHES = {"email": _longest(Contact, "email"), "customer_phone": _longest(Customer, "phone")}
_TEXTS = (*_IDENTITIES, *_WORDS, *_REACHES, "customer_time_zone")
TEXTS = tuple(name for name in _TEXTS if name != "source")  # what a row or an event can say in plain text
TIMES = ("started_at", "ended_at", "told_at")
_NUMBERS = {"wait_seconds": 2**31 - 1, "talk_seconds": 2**31 - 1, "reopened_count": 2**15 - 1}
_texts_of, _times_of, _numbers_of = attrgetter(*_TEXTS), attrgetter(*TIMES), attrgetter(*_NUMBERS)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_STATES, _CHANNELS = frozenset(Contact.State.values), frozenset(Contact.Channel.values)
# Beyond these years a slip of the pen is certain, and the calendar of some zone may overflow.
_FIRST, _LAST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def one_line(text: str) -> str:
    """Composed (NFC), trimmed, runs of blanks and line breaks as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folded(text: str) -> str:
    """A word or name as it is compared: however it is spaced and whatever its case."""
    return one_line(text).casefold()


def admit(incoming: Incoming) -> tuple[Incoming, list[Finding]]:
    """The contact as it may be stored, and notes on what was shortened or left out. Raises `Refused`."""
    texts = _texts_of(incoming)
    _refuse_unstorable(incoming, texts)
    notes: list[Finding] = []
    tidy = [_tidy(name, text, notes) for name, text in zip(_TEXTS, texts, strict=True)]
    tidied = {name: new for name, new, text in zip(_TEXTS, tidy, texts, strict=True) if new != text}
    times = _times_of(incoming)
    _refuse_impossible(incoming, tidied.get("external_id", incoming.external_id), times)
    for name, time in zip(TIMES, times, strict=True):
        if time is not None and time.tzinfo is not dt.UTC:
            tidied[name] = time.astimezone(dt.UTC)
    return incoming._replace(**tidied) if tidied else incoming, notes


_WORDED = ("state", "channel")
_words_of = attrgetter(*_WORDED)
_rest_of = attrgetter(
    *(name for name in Incoming._fields if name not in {*_TEXTS, *TIMES, *_WORDED, "tags", "attributes"})
)


def content_hash(incoming: Incoming) -> str:
    """Tells whether a source says anything new: SHA-256 over every field of the admitted contact.

    Every field, because a field that were left out could change unseen. No text holds a NUL, so none can be moved over.
    """
    seconds = [time and time.timestamp() for time in _times_of(incoming)]
    more = str((_rest_of(incoming), seconds, incoming.tags, sorted(incoming.attributes.items())))
    text = "\0".join((*_texts_of(incoming), *_words_of(incoming), more))
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_unstorable(incoming: Incoming, texts: tuple[str, ...]) -> None:
    loose = [f"{name}{value}" for name, value in incoming.attributes.items()] if incoming.attributes else ()
    if not UNSTORABLE.search("".join((*texts, *incoming.tags, *loose))):
        return
    named = [*zip(_TEXTS, texts, strict=True), *(("tags", tag) for tag in incoming.tags)]
    named += [("attributes", text) for text in loose]
    name, text = next(pair for pair in named if UNSTORABLE.search(pair[1]))
    shown = UNSTORABLE.sub("�", text)
    raise Refused("unstorable", name, shown, _("There is a NUL or half a character in it. Export the row again."))


def _tidy(name: str, text: str, notes: list[Finding]) -> str:
    """One text as it may be stored. Raises `Refused` where it tells things apart and is too long."""
    if not text:
        return text
    if longest := _WORDS.get(name):
        text = one_line(text)
        if len(text) > longest:
            message = _("This has %(length)s characters; the first %(longest)s are kept.")
            notes.append(Finding("shortened", name, text, message % {"length": len(text), "longest": longest}))
            text = text[:longest].rstrip()
        return text
    text = text.strip()
    if longest := _IDENTITIES.get(name):
        if len(text) > longest:
            message = _("This has %(length)s characters; %(longest)s are possible. Shorten it.")
            raise Refused("too_long", name, text, message % {"length": len(text), "longest": longest})
        return text
    if name == "customer_time_zone":
        return _zone(text, notes)
    if len(text) > (longest := _REACHES[name]):
        message = _("This has %(length)s characters, more than the %(longest)s possible; the contact goes without.")
        notes.append(Finding("left_out", name, text, message % {"length": len(text), "longest": longest}))
        return ""
    if name == "customer_phone" and not any(map(str.isdigit, text)):
        return ""  # “anonym”, “withheld”
    return text


def _zone(text: str, notes: list[Finding]) -> str:
    if text and not _is_zone(text):
        message = _("This is no time zone, as Europe/Lisbon is one; the customer goes without.")
        notes.append(Finding("left_out", "customer_time_zone", text, message))
        return ""
    return text


@lru_cache(maxsize=1000)
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return len(name) <= _longest(Customer, "time_zone")


def _refuse_impossible(incoming: Incoming, external_id: str, times: tuple[dt.datetime | None, ...]) -> None:
    """Everything a constraint of the database would refuse, said in words first."""
    if not external_id:
        raise Refused(
            "missing_id",
            "external_id",
            "",
            _("The contact's number is missing. Without one, the same contact would be taken again each time. Add it."),
        )
    for name, word, words in (("state", incoming.state, _STATES), ("channel", incoming.channel, _CHANNELS)):
        if word not in words:
            message = _("This is none of: %(words)s.") % {"words": ", ".join(sorted(words))}
            raise Refused("unknown_word", name, word, message)
    for number, (name, highest) in zip(_numbers_of(incoming), _NUMBERS.items(), strict=True):
        if number is not None and not 0 <= number <= highest:
            message = _("This must lie between 0 and %(highest)s.") % {"highest": highest}
            raise Refused("out_of_range", name, number, message)
    for name, time in zip(TIMES, times, strict=True):
        if time is not None and not _FIRST <= time < _LAST:
            message = _("This time lies before 2000 or after 2099. Correct the year.")
            raise Refused("out_of_range", name, time.isoformat(), message)
    _refuse_impossible_end(incoming)


def _refuse_impossible_end(incoming: Incoming) -> None:
    if incoming.ended_at is None:
        if incoming.state == Contact.State.FINISHED:
            raise Refused("no_end", "ended_at", "", _("A finished contact needs the time it ended. Add it."))
    elif incoming.ended_at < incoming.started_at:
        message = _("It ends before it starts (%(start)s). Correct one of the two times.")
        shown = {"start": incoming.started_at.isoformat(" ", "minutes")}
        raise Refused("ends_before_start", "ended_at", incoming.ended_at.isoformat(" ", "minutes"), message % shown)
