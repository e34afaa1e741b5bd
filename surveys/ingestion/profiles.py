"""An import profile's rules: from a row of one source's file to a contact in our words.

The rules are data (two come with the house, a client's own row of the same name wins):

    source         our name of the source; with it, a number is unique. Required
    columns        our field → its column; [date, time] where a time is split. external_id, started_at, status required
    statuses       status word → {state, is_solved?, is_transferred?}. Required
    encoding       of a CSV file; a byte order mark beats it. Else utf-8
    delimiter      of a CSV file. Else a comma
    time_formats   as in strptime, tried in turn; ISO 8601 is always understood
    zone           of times that name none. Else the client's
    decimal_comma  whether 3,5 is three and a half
    minutes        durations that are given in minutes
    end_after      durations that, added to the start, make the end
    tags           tag → is_goodwill, is_spam or is_test
    channels       channel word → our channel; other words become “other”, with a note
    consent        consent word → true or false; an empty cell is “not known”
    constants      channel, language or team that hold for every row
    not_agents     names in the agent's column that are no people
    attributes     our name → a column kept as text beside the contact
"""

import codecs
import datetime as dt
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from surveys.models import Client, Contact, ImportProfile
from surveys.models.people import validate_zone

from .files import Row, TableError
from .incoming import Finding, Incoming, Refused, one_line

_TEXTS = (
    "external_id",
    "email",
    "customer_number",
    "customer_name",
    "customer_phone",
    "customer_segment",
    "customer_time_zone",
    "language",
    "agent_key",
    "agent_name",
    "team",
    "reason",
    "subject",
)
_DURATIONS = ("wait_seconds", "talk_seconds")
_FIELDS = {
    *_TEXTS,
    *_DURATIONS,
    "started_at",
    "ended_at",
    "status",
    "channel",
    "tags",
    "reopened_count",
    "has_consent",
    "goodwill_amount",
}
_NEEDED = ("external_id", "started_at", "status")
_FLAGS = ("is_goodwill", "is_spam", "is_test")
_KEYS = {
    "source": str,
    "columns": dict,
    "statuses": dict,
    "encoding": str,
    "delimiter": str,
    "time_formats": list,
    "zone": str,
    "decimal_comma": bool,
    "minutes": list,
    "end_after": list,
    "tags": dict,
    "channels": dict,
    "consent": dict,
    "constants": dict,
    "not_agents": list,
    "attributes": dict,
}
_NUMBER = {False: re.compile(r"-?\d+(\.\d+)?"), True: re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")}


def validate(rules: object) -> None:
    """Raise ValidationError, naming the key, where rules lack what is required or say what nobody understands."""
    if errors := list(_errors(rules)):
        raise ValidationError(errors)


def _errors(rules: object) -> Iterable[str]:
    if not isinstance(rules, dict):
        yield _("The rules are no table of keys and values.")
        return
    yield from (_("Unknown key “%(key)s”.") % {"key": key} for key in rules.keys() - _KEYS.keys())
    lacking = [key for key in ("source", "columns", "statuses") if not rules.get(key)]
    yield from (_("“%(key)s” is missing.") % {"key": key} for key in lacking)
    wrong = [key for key, kind in _KEYS.items() if key in rules and not isinstance(rules[key], kind)]
    yield from (_("“%(key)s” has the wrong form.") % {"key": key} for key in wrong)
    if not wrong:
        yield from _wrong_names(rules)
        yield from _wrong_values(rules)


def _wrong_names(rules: dict) -> Iterable[str]:
    columns = rules.get("columns", {})
    yield from (_("“columns” lacks “%(field)s”.") % {"field": field} for field in _NEEDED if not columns.get(field))
    if "ended_at" not in columns and not rules.get("end_after"):
        yield _("The end is nowhere: name its column as “ended_at”, or give “end_after”.")
    if {"ended_at"} <= columns.keys() and rules.get("end_after"):
        yield _("The end is given twice: as a column and as “end_after”. Keep one.")
    named = [
        ("columns", columns, _FIELDS),
        ("constants", rules.get("constants", {}), {"channel", "language", "team"}),
        ("minutes", rules.get("minutes", []), _DURATIONS),
        ("end_after", rules.get("end_after", []), _DURATIONS),
        ("tags", rules.get("tags", {}).values(), _FLAGS),
        ("channels", rules.get("channels", {}).values(), Contact.Channel.values),
    ]
    for key, names, possible in named:
        for name in names:
            if name not in sorted(possible):  # a list, because the name may be anything
                message = _("“%(name)s” in “%(key)s” is none of: %(possible)s.")
                yield message % {"name": name, "key": key, "possible": ", ".join(sorted(possible))}


def _wrong_values(rules: dict) -> Iterable[str]:
    columns, attributes = rules.get("columns", {}), rules.get("attributes", {})
    for field, column in [*columns.items(), *attributes.items()]:
        is_split = isinstance(column, list) and field in ("started_at", "ended_at")
        if not all(isinstance(name, str) and name for name in (column if is_split else [column])):
            yield _("“%(field)s” must name one column; only a time may have two, as a list.") % {"field": field}
    try:
        codecs.lookup(rules.get("encoding", "utf-8"))
    except LookupError:
        yield _("“%(name)s” is no encoding. Usual ones are utf-8 and cp1252.") % {"name": rules["encoding"]}
    if len(rules.get("delimiter", ",")) != 1:
        yield _("“delimiter” must be one character.")
    try:
        validate_zone(str(rules.get("zone", "UTC")))
    except ValidationError as error:
        yield from error.messages
    for word, meaning in rules.get("statuses", {}).items():
        if not _is_status(meaning):
            yield _("“statuses” must give “%(word)s” a state: open, finished or discarded.") % {"word": word}
    if not all(isinstance(meaning, bool) for meaning in rules.get("consent", {}).values()):
        yield _("“consent” must give each word true or false.")


def _is_status(meaning: object) -> bool:
    if not isinstance(meaning, dict) or meaning.get("state") not in Contact.State.values:
        return False
    rest = {name: value for name, value in meaning.items() if name != "state"}
    return rest.keys() <= {"is_solved", "is_transferred"} and all(isinstance(value, bool) for value in rest.values())


@cache
def shipped() -> dict[str, dict]:
    """The rules that come with the house, by name."""
    files = sorted((Path(__file__).parent / "profiles").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def available(client: Client) -> dict[str, dict]:
    """The rules that a client can use, by name. A client's own ones of the same name win."""
    own = dict(ImportProfile.objects.filter(client=client).values_list("name", "rules"))
    return dict(sorted((shipped() | own).items()))


def _word(text: object) -> str:
    return one_line(str(text)).casefold()


class Profile:
    """The rules of one source, ready to read rows. ValidationError where the rules are wrong."""

    def __init__(self, name: str, rules: dict, client: Client):
        validate(rules)
        self.name = name
        self.source: str = rules["source"]
        self.encoding: str = rules.get("encoding", "utf-8")
        self.delimiter: str = rules.get("delimiter", ",")
        self.decimal = "," if rules.get("decimal_comma") else "."
        self.zone = ZoneInfo(rules["zone"]) if "zone" in rules else client.zone
        self.columns = {
            field: tuple(column) if isinstance(column, list) else (column,)
            for field, column in rules["columns"].items()
        }
        self._rules = rules
        self._words = {
            key: {_word(word): meaning for word, meaning in rules.get(key, {}).items()}
            for key in ("statuses", "channels", "consent", "tags")
        }
        self._not_agents = {_word(name) for name in rules.get("not_agents", [])}
        self._header: list[str] = []
        self._at: dict[str, tuple[int, ...]] = {}
        self._attributes_at: dict[str, int] = {}

    def column_of(self, field: str) -> str:
        """What the file calls a field, for a report."""
        return " + ".join(self.columns.get("status" if field == "state" else field, (field,)))

    def missing(self, header: list[str]) -> list[str]:
        """The columns that the profile needs, and that a header lacks or has twice."""
        names = [name.strip() for name in header]
        needed = [name for pair in self.columns.values() for name in pair]
        needed += self._rules.get("attributes", {}).values()
        return [name for name in dict.fromkeys(needed) if names.count(name) != 1]

    def bind(self, header: list[str]) -> None:
        """Remember where each column stands. TableError names the columns that are missing."""
        if missing := self.missing(header):
            raise TableError(
                _(
                    "The profile %(profile)s needs these columns, once each: %(missing)s. The file has: %(found)s. "
                    "Name the right ones in the profile; umlauts look odd where the encoding is not %(encoding)s."
                )
                % {
                    "profile": self.name,
                    "missing": ", ".join(missing),
                    "found": ", ".join(header),
                    "encoding": self.encoding,
                }
            )
        names = [name.strip() for name in header]
        self._header = names
        self._at = {field: tuple(map(names.index, columns)) for field, columns in self.columns.items()}
        self._attributes_at = {name: names.index(column) for name, column in self._rules.get("attributes", {}).items()}

    def external_id(self, row: Row) -> str:
        at = self._at["external_id"][0]
        return row.cells[at].strip() if at < len(row.cells) else ""

    def read(self, row: Row) -> tuple[Incoming, list[Finding]]:
        """A row as a contact, with notes on what was decided for the reader. Raises `Refused`. Needs `bind` first."""
        self._check_width(row.cells)
        notes: list[Finding] = []
        cell = {field: row.cells[at[0]].strip() for field, at in self._at.items()}
        values = {**self._rules.get("constants", {}), **{field: cell[field] for field in _TEXTS if cell.get(field)}}
        if _word(values.get("agent_name", "")) in self._not_agents:
            values["agent_name"] = values["agent_key"] = ""
        if "channel" in cell:
            values["channel"] = self._channel(cell["channel"], notes)
        values |= self._status(cell["status"]) | self._flags(cell)
        values |= {field: self._seconds(field, cell[field]) for field in _DURATIONS if field in cell}
        values["reopened_count"] = int(self._number("reopened_count", cell.get("reopened_count", "")) or 0)
        values["started_at"] = self._time("started_at", row.cells, notes)
        values["ended_at"] = self._end(values, row.cells, notes)
        attributes = {name: row.cells[at].strip() for name, at in self._attributes_at.items()}
        values["attributes"] = {name: text for name, text in attributes.items() if text}
        if values["started_at"] is None and values.get("external_id"):
            raise Refused("no_time", "started_at", "", _("The time it began is missing. Add it."))
        values.setdefault("external_id", "")
        return Incoming(source=self.source, **values), notes

    def _check_width(self, cells: list[str]) -> None:
        found, expected = len(cells), len(self._header)
        if found > expected:
            message = _("The row has %(found)s columns, the header %(expected)s. Quote cells that hold the separator.")
            extra = self.delimiter.join(cells[expected:])
            raise Refused("too_many_cells", "", extra, message % {"found": found, "expected": expected})
        if found < expected:
            message = _("The row has %(found)s columns, the header %(expected)s. It is cut short; export it again.")
            raise Refused("too_few_cells", "", "", message % {"found": found, "expected": expected})

    def _channel(self, word: str, notes: list[Finding]) -> str:
        channel = self._words["channels"].get(_word(word))
        if channel is None:
            message = _("The profile does not know this word; taken as “other”.")
            notes.append(Finding("unknown_channel", "channel", word, message))
        return channel or Contact.Channel.OTHER

    def _status(self, word: str) -> dict:
        try:
            return self._words["statuses"][_word(word)]
        except KeyError:
            message = _("The profile does not know this word. Add it there: does it mean a finished contact?")
            raise Refused("unknown_word", "status", word, message) from None

    def _flags(self, cell: dict[str, str]) -> dict:
        tags = tuple(tag for tag in re.split(r"[\s,;]+", cell.get("tags", "")) if tag)
        meanings = self._words["tags"]
        flags = {"tags": tags, **{meanings[tag]: True for tag in map(_word, tags) if tag in meanings}}
        if (self._number("goodwill_amount", cell.get("goodwill_amount", "")) or 0) > 0:
            flags["is_goodwill"] = True
        if word := cell.get("has_consent", ""):
            if _word(word) not in self._words["consent"]:
                message = _("The profile does not know this word, and consent is not guessed. Write one of: %(words)s.")
                words = ", ".join(self._words["consent"])
                raise Refused("unknown_word", "has_consent", word, message % {"words": words})
            flags["has_consent"] = self._words["consent"][_word(word)]
        return flags

    def _number(self, field: str, text: str) -> float | None:
        if not text:
            return None
        if not _NUMBER[self.decimal == ","].fullmatch(text):
            message = _("This is no number (as in %(example)s). Correct it or leave it empty.")
            raise Refused("not_a_number", field, text, message % {"example": f"3{self.decimal}5"})
        return float(text.replace(".", "").replace(",", ".") if self.decimal == "," else text)

    def _seconds(self, field: str, text: str) -> int | None:
        number = self._number(field, text)
        return None if number is None else round(number * (60 if field in self._rules.get("minutes", ()) else 1))

    def _end(self, values: dict, cells: list[str], notes: list[Finding]) -> dt.datetime | None:
        if "ended_at" in self._at:
            return self._time("ended_at", cells, notes)
        durations = [values.get(field) for field in self._rules["end_after"]]
        if values["started_at"] is None or None in durations:
            return None
        return values["started_at"] + dt.timedelta(seconds=sum(durations))

    def _time(self, field: str, cells: list[str], notes: list[Finding]) -> dt.datetime | None:
        parts = [cells[at].strip() for at in self._at[field]]
        if len(parts) > 1:
            parts[0] = parts[0].removesuffix("T00:00:00")  # a date cell of a spreadsheet
        text = " ".join(parts).strip()
        if not text:
            return None
        time = self._parse(field, text)
        return time.astimezone(dt.UTC) if time.tzinfo else self._localise(field, time, text, notes)

    def _parse(self, field: str, text: str) -> dt.datetime:
        formats = self._rules.get("time_formats", ())
        is_no_day = False
        for form in (None, *formats):
            try:
                if form:
                    return dt.datetime.strptime(text, form)
                if len(text) >= len("2026-08-03T14:00"):
                    return dt.datetime.fromisoformat(text)
            except ValueError as error:
                is_no_day |= str(error).startswith("day is out of range")
        if is_no_day:
            raise Refused("no_such_day", field, text, _("This day does not exist. Correct the date."))
        expected = " / ".join(formats) or "2026-08-03T14:00:00Z"
        message = _("This is no time as the profile expects it (%(expected)s). Correct it, or add its form there.")
        raise Refused("no_time", field, text, message % {"expected": expected})

    def _localise(self, field: str, time: dt.datetime, text: str, notes: list[Finding]) -> dt.datetime:
        """Local time to UTC. In autumn an hour exists twice, and a file without offsets cannot say which is meant: the
        first is taken, so the same file always gives the same instant, never one later than the contact was."""
        first, second = (time.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        ahead = second.utcoffset() - first.utcoffset()
        if ahead > dt.timedelta(0):
            message = _("In %(zone)s the clocks jump over this hour; it does not exist. Correct the time.")
            raise Refused("no_such_hour", field, text, message % {"zone": self.zone.key})
        if ahead < dt.timedelta(0):
            message = _("In %(zone)s this hour exists twice; taken as the first one.")
            notes.append(Finding("hour_twice", field, text, message % {"zone": self.zone.key}))
        return first.astimezone(dt.UTC)
