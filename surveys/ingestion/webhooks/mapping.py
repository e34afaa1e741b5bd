"""From a helpdesk's payload to our words, by tables: one `Shape` for each form that a helpdesk sends.

An inlet may add to the tables by a mapping of its own (see `overrides`); its own words win. A path names keys from the
outside inwards; in a list of custom fields it names the one with that id or name.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from surveys.models import Contact

from ..incoming import LONGEST_VALUE, MOST_ATTRIBUTES, MOST_TAGS, TEXTS, TIMES, Finding, Refused, folded, one_line

NUMBERS = ("wait_seconds", "talk_seconds", "reopened_count")
FLAGS = ("is_goodwill", "is_spam", "is_test", "is_agent_initiated", "is_transferred", "has_consent")
FIELDS = (*TEXTS, *TIMES, *NUMBERS, *FLAGS, "status", "channel", "direction", "tags")
TAG_FLAGS = ("is_goodwill", "is_spam", "is_test", "is_agent_initiated")
_TRUTHS = {"true": True, "yes": True, "ja": True, "1": True, "false": False, "no": False, "nein": False, "0": False}
# Some helpdesks name a language rather than code it, in a language of their own choice.
_LANGUAGES = {
    "deutsch": "de", "german": "de", "english": "en", "englisch": "en", "türkçe": "tr", "turkish": "tr",
    "türkisch": "tr", "polski": "pl", "polish": "pl", "polnisch": "pl", "français": "fr", "french": "fr",
    "französisch": "fr", "italiano": "it", "italian": "it", "italienisch": "it", "español": "es", "spanish": "es",
    "spanisch": "es", "nederlands": "nl", "dutch": "nl", "niederländisch": "nl", "العربية": "ar", "arabic": "ar",
    "arabisch": "ar",
}  # fmt: skip
_TAGS = {"goodwill": "is_goodwill", "kulanz": "is_goodwill", "spam": "is_spam", "test": "is_test"}

Values = dict[str, object]  # our field → what the event says of it; what it does not say has no key


def last_word(known: Values, said: Values) -> Values:
    """The rule of events that each tell the whole state: what is said replaces, what is not said stays as it was."""
    return {**known, **said, "attributes": {**known.get("attributes", {}), **said.get("attributes", {})}}


@dataclass(frozen=True)
class Shape:
    """One form in which a helpdesk tells of a contact."""

    marker: str  # a path that only this form has
    fields: Mapping[str, str]  # our field → path; several with | between them, the first that says something counts
    statuses: Mapping[str, dict] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    outbound: frozenset[str] = frozenset()  # words of “direction” that mean: we began it
    attributes: Mapping[str, str] = field(default_factory=dict)
    bag: str = ""  # the path of a table whose plain values all become attributes
    flatten: Callable[[dict], dict] | None = None  # where paths alone cannot say it
    # Known and said → both. Given the empty known too, by a shape that works out the state itself.
    combine: Callable[[Values, Values], Values] = last_word
    has_status: bool = True


_MEANINGS = {"solved": {"state": "finished", "is_solved": True}, "spam": {"state": "discarded", "is_spam": True}} | {
    state: {"state": state} for state in Contact.State.values
}


def statuses(**words: str) -> dict[str, dict]:
    """A table of status words: each of solved, finished, open, discarded and spam with its words, by commas."""
    return {word: _MEANINGS[meaning] for meaning, list_ in words.items() for word in list_.split(", ")}


def channels(**words: str) -> dict[str, str]:
    """A table of channel words: each of our channels with its words, by commas."""
    return {word: channel for channel, list_ in words.items() for word in list_.split(", ")}


def at_path(payload: object, path: str) -> object:
    """The value that a path leads to, or None."""
    value = payload
    for key in path.split("."):
        if isinstance(value, list):
            found = (one for one in value if isinstance(one, dict) and key in (str(one.get("id")), one.get("name")))
            value = next(found, {}).get("value")
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def read(shape: Shape, payload: dict, mapping: dict, zone: ZoneInfo) -> tuple[Values, list[Finding]]:
    """What the payload says, in our words, with notes on what was decided for the reader. Raises `Refused`."""
    return _Reading(shape, payload, mapping, zone).values()


class _Reading:
    def __init__(self, shape: Shape, payload: dict, mapping: dict, zone: ZoneInfo):
        self.shape, self.payload, self.mapping = shape, payload, mapping
        self.flat = shape.flatten(payload) if shape.flatten else payload
        self.zone = ZoneInfo(mapping["zone"]) if "zone" in mapping else zone
        self.notes: list[Finding] = []

    def values(self) -> tuple[Values, list[Finding]]:
        said = {name: self._text(name) for name in TEXTS} | {name: self._time(name) for name in TIMES}
        said |= {name: self._number(name) for name in NUMBERS}
        said["language"] = _LANGUAGES.get(folded(said["language"]), said["language"])
        said |= {"channel": self._channel(), "is_agent_initiated": self._is_outbound()}
        tags = self._tags()
        said |= self._flags_of(tags)
        said |= {name: flag for name in FLAGS if (flag := self._flag(name)) is not None}
        said = {name: value for name, value in said.items() if value not in (None, "")}
        if self.shape.has_status:
            status = self._status()
            said |= {"is_solved": None, **status, "is_spam": status.get("is_spam", said.get("is_spam", False))}
        if tags is not None:
            said["tags"] = tags
        return said | {"attributes": self._attributes()}, self.notes

    def _raw(self, name: str) -> object:
        own = self.mapping.get("fields", {}).get(name)
        if own:
            return at_path(self.payload, own)
        paths = self.shape.fields.get(name, "")
        found = [at_path(self.flat, path) for path in paths.split("|") if path]
        return next((value for value in found if value not in (None, "")), "" if "" in found else None)

    def _text(self, name: str) -> str:
        value = self._raw(name)
        if isinstance(value, dict):
            value = value.get("name")  # an object stands for its name
        if isinstance(value, list | dict):
            raise Refused("wrong_form", name, "", _("This is a list or a table. Name the path of one value in it."))
        return "" if value is None else str(value)

    def _time(self, name: str) -> dt.datetime | None:
        value = self._raw(name)
        if value in (None, ""):
            return None
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return dt.datetime.fromtimestamp(value / 1000, dt.UTC)
            if len(str(value)) < len("2026-11-02T14:05"):
                raise ValueError
            time = dt.datetime.fromisoformat(str(value))
            return time.astimezone(dt.UTC) if time.tzinfo else time.replace(tzinfo=self.zone).astimezone(dt.UTC)
        except (ValueError, OverflowError, OSError) as error:
            message = _("“%(time)s” is no time as in 2026-11-02T14:05:00Z. Send it in this form.")
            raise Refused("no_time", name, value, message % {"time": str(value)[:60]}) from error

    def _number(self, name: str) -> int | None:
        text = self._text(name)
        if not text:
            return None
        if not re.fullmatch(r"-?\d{1,12}(\.\d+)?", text):
            message = _("“%(text)s” is no number. Send digits, or leave it empty.")
            raise Refused("not_a_number", name, text, message % {"text": text[:60]})
        return round(float(text))

    def _channel(self) -> str | None:
        told = self._text("channel")
        if not told:
            return None
        channels = {**self.shape.channels, **_by_folded(self.mapping.get("channels", {}))}
        if folded(told) not in channels:
            message = _("The mapping does not know the channel “%(word)s”; taken as “other”. Add it under “channels”.")
            self.notes.append(Finding("unknown_channel", "channel", told, message % {"word": told[:60]}))
        return channels.get(folded(told), Contact.Channel.OTHER)

    def _is_outbound(self) -> bool | None:
        told = self._text("direction")
        return folded(told) in self.shape.outbound if told else None

    def _status(self) -> dict:
        told = self._text("status")
        statuses = {**self.shape.statuses, **_by_folded(self.mapping.get("statuses", {}))}
        if folded(told) not in statuses:
            message = _("The mapping does not know the status “%(word)s”. Add it under “statuses”: is it finished?")
            raise Refused("unknown_word", "status", told, message % {"word": told[:60]})
        return statuses[folded(told)]

    def _tags(self) -> tuple[str, ...] | None:
        value = self._raw("tags")
        if value is None:
            return None
        if isinstance(value, str):
            value = value.split(",") if "," in value else value.split()
        if not isinstance(value, list):
            raise Refused(
                "wrong_form", "tags", "", _("These are no tags. Send a list, or a text with commas or blanks.")
            )
        found = [one_line(str(tag))[:LONGEST_VALUE] for tag in value if isinstance(tag, str | int)]
        return tuple(tag for tag in found if tag)[:MOST_TAGS]

    def _flags_of(self, tags: tuple[str, ...] | None) -> Values:
        """What tags mean; a tag that was taken off again means it no longer."""
        meanings = {**_TAGS, **_by_folded(self.mapping.get("tags", {}))}
        given = {meanings[folded(tag)] for tag in tags or () if folded(tag) in meanings}
        # Whether we began it, most shapes say by themselves: a tag can only add that.
        cleared = dict.fromkeys(TAG_FLAGS[:3], False) if tags is not None else {}
        return cleared | dict.fromkeys(given, True)

    def _flag(self, name: str) -> bool | None:
        told = self._text(name)
        truths = {**_TRUTHS, **(_by_folded(self.mapping.get("consent", {})) if name == "has_consent" else {})}
        if not told or folded(told) in truths:
            return truths[folded(told)] if told else None
        message = _("The mapping does not know “%(word)s”, and this is not guessed. Write one of: %(words)s.")
        shown = {"word": told[:60], "words": ", ".join(truths)}
        raise Refused("unknown_word", name, told, message % shown)

    def _attributes(self) -> dict[str, str | int | float | bool]:
        bag = at_path(self.flat, self.shape.bag) if self.shape.bag else None
        found = dict(bag) if isinstance(bag, dict) else {}
        found |= {name: at_path(self.flat, path) for name, path in self.shape.attributes.items()}
        found |= {name: at_path(self.payload, path) for name, path in self.mapping.get("attributes", {}).items()}
        plain = {}
        for name, value in found.items():
            value = value.get("name") if isinstance(value, dict) else value
            if isinstance(value, str | int | float) and value != "":
                plain[name[:LONGEST_VALUE]] = value[:LONGEST_VALUE] if isinstance(value, str) else value
        return dict(list(plain.items())[:MOST_ATTRIBUTES])


def _by_folded(words: dict) -> dict:
    return {folded(name): meaning for name, meaning in words.items()}
