"""An import profile: from a row of one source's file to a contact in our words, by the rules that `rules` explains."""

import datetime as dt
import re
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from django.utils.translation import gettext as _

from surveys.models import Client, Contact, ImportProfile

from .files import Row, TableError
from .incoming import TEXTS, Finding, Incoming, Refused, folded
from .rules import validate

__all__ = ["Profile", "available", "shipped", "validate"]

_NUMBER = {False: re.compile(r"-?\d+(\.\d+)?"), True: re.compile(r"-?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")}
_TAG_ENDS = re.compile(r"[\s,;]+")


@cache
def shipped() -> dict[str, dict]:
    """The rules that come with the house, by name."""
    files = sorted((Path(__file__).parent / "profiles").glob("*.yaml"))
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def available(client: Client) -> dict[str, dict]:
    """The rules that a client can use, by name. A client's own ones of the same name win."""
    own = dict(ImportProfile.objects.filter(client=client).values_list("name", "rules"))
    return dict(sorted((shipped() | own).items()))


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
            key: {folded(str(word)): meaning for word, meaning in rules.get(key, {}).items()}
            for key in ("statuses", "channels", "consent", "directions", "tags")
        }
        self._not_agents = {folded(str(name)) for name in rules.get("not_agents", [])}
        self._always = {"source": self.source, "external_id": "", **rules.get("constants", {})}
        self._instant = lru_cache(maxsize=10_000)(self._read_time)  # busy hours have many calls in one minute
        self._width = 0
        self._at: dict[str, tuple[int, ...]] = {}
        self._texts_at: list[tuple[str, int]] = []
        self._others_at: list[tuple[Callable[[str, dict, list[Finding]], None], int]] = []
        self._attributes_at: list[tuple[str, int]] = []

    def column_of(self, field: str) -> str:
        """What the file calls a field, for a report."""
        ours = {"state": "status", "is_agent_initiated": "direction"}.get(field, field)
        return " + ".join(self.columns.get(ours, (field,)))

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
        self._width = len(names)
        self._at = {field: tuple(map(names.index, columns)) for field, columns in self.columns.items()}
        self._texts_at = [(field, self._at[field][0]) for field in TEXTS if field in self._at]
        others = {
            "channel": self._channel,
            "tags": self._tags,
            "goodwill_amount": self._goodwill,
            "has_consent": self._consent,
            "direction": self._direction,
            "wait_seconds": self._wait,
            "talk_seconds": self._talk,
            "reopened_count": self._reopened,
        }
        self._others_at = [(take, self._at[field][0]) for field, take in others.items() if field in self._at]
        attributes = self._rules.get("attributes", {})
        self._attributes_at = [(name, names.index(column)) for name, column in attributes.items()]

    def external_id(self, row: Row) -> str:
        at = self._at["external_id"][0]
        return row.cells[at].strip() if at < len(row.cells) else ""

    def read(self, row: Row) -> tuple[Incoming, list[Finding]]:
        """A row as a contact, with notes on what was decided for the reader. Raises `Refused`. Needs `bind` first."""
        if len(row.cells) != self._width:
            self._refuse_width(row.cells)
        cells = [cell.strip() for cell in row.cells]
        notes: list[Finding] = []
        values = self._always | {field: text for field, at in self._texts_at if (text := cells[at])}
        if self._not_agents and folded(values.get("agent_name", "")) in self._not_agents:
            values["agent_name"] = values["agent_key"] = ""
        values |= self._status(cells[self._at["status"][0]])
        for take, at in self._others_at:
            take(cells[at], values, notes)
        values["started_at"] = self._time("started_at", cells, notes)
        values["ended_at"] = self._end(values, cells, notes)
        if "told_at" in self._at:
            values["told_at"] = self._time("told_at", cells, notes)
        values["attributes"] = {name: text for name, at in self._attributes_at if (text := cells[at])}
        if values["started_at"] is None and values["external_id"]:
            raise Refused("no_time", "started_at", "", _("The time it began is missing. Add it."))
        return Incoming(**values), notes

    def _refuse_width(self, cells: list[str]) -> None:
        counts = {"found": len(cells), "expected": self._width}
        if len(cells) > self._width:
            message = _("The row has %(found)s columns, the header %(expected)s. Quote cells that hold the separator.")
            raise Refused("too_many_cells", "", self.delimiter.join(cells[self._width :]), message % counts)
        message = _("The row has %(found)s columns, the header %(expected)s. It is cut short; export it again.")
        raise Refused("too_few_cells", "", "", message % counts)

    def _channel(self, word: str, values: dict, notes: list[Finding]) -> None:
        channel = self._words["channels"].get(folded(word))
        if channel is None:
            message = _("The profile does not know this word; taken as “other”.")
            notes.append(Finding("unknown_channel", "channel", word, message))
        values["channel"] = channel or Contact.Channel.OTHER.value

    def _status(self, word: str) -> dict:
        try:
            return self._words["statuses"][folded(word)]
        except KeyError:
            message = _("The profile does not know this word. Add it there: does it mean a finished contact?")
            raise Refused("unknown_word", "status", word, message) from None

    def _tags(self, text: str, values: dict, notes: list[Finding]) -> None:
        if text:
            values["tags"] = tags = tuple(tag for tag in _TAG_ENDS.split(text) if tag)
            meanings = self._words["tags"]
            values |= {meanings[tag]: True for tag in map(folded, tags) if tag in meanings}

    def _goodwill(self, amount: str, values: dict, notes: list[Finding]) -> None:
        if amount and self._number("goodwill_amount", amount) > 0:
            values["is_goodwill"] = True

    def _consent(self, word: str, values: dict, notes: list[Finding]) -> None:
        if not word:
            return
        if folded(word) not in self._words["consent"]:
            message = _("The profile does not know this word, and consent is not guessed. Write one of: %(words)s.")
            words = ", ".join(self._words["consent"])
            raise Refused("unknown_word", "has_consent", word, message % {"words": words})
        values["has_consent"] = self._words["consent"][folded(word)]

    def _direction(self, word: str, values: dict, notes: list[Finding]) -> None:
        is_ours = self._words["directions"].get(folded(word))
        if is_ours is None and word:
            message = _("The profile does not know this word; taken as begun by the customer.")
            notes.append(Finding("unknown_direction", "is_agent_initiated", word, message))
        values["is_agent_initiated"] = bool(is_ours)

    def _reopened(self, count: str, values: dict, notes: list[Finding]) -> None:
        if count:
            values["reopened_count"] = int(self._number("reopened_count", count))

    def _wait(self, duration: str, values: dict, notes: list[Finding]) -> None:
        values["wait_seconds"] = self._seconds("wait_seconds", duration)

    def _talk(self, duration: str, values: dict, notes: list[Finding]) -> None:
        values["talk_seconds"] = self._seconds("talk_seconds", duration)

    def _number(self, field: str, text: str) -> float:
        if not _NUMBER[self.decimal == ","].fullmatch(text):
            message = _("This is no number (as in %(example)s). Correct it or leave it empty.")
            raise Refused("not_a_number", field, text, message % {"example": f"3{self.decimal}5"})
        return float(text.replace(".", "").replace(",", ".") if self.decimal == "," else text)

    def _seconds(self, field: str, text: str) -> int | None:
        if not text:
            return None
        return round(self._number(field, text) * (60 if field in self._rules.get("minutes", ()) else 1))

    def _end(self, values: dict, cells: list[str], notes: list[Finding]) -> dt.datetime | None:
        if "ended_at" in self._at:
            return self._time("ended_at", cells, notes)
        durations = [values.get(field) for field in self._rules["end_after"]]
        if values["started_at"] is None or None in durations:
            return None
        return values["started_at"] + dt.timedelta(seconds=sum(durations))

    def _time(self, field: str, cells: list[str], notes: list[Finding]) -> dt.datetime | None:
        first, *second = self._at[field]
        text = cells[first]
        for at in second:
            text = f"{text.removesuffix('T00:00:00')} {cells[at]}".strip()  # a date cell of a spreadsheet has both
        if not text:
            return None
        time, is_twice = self._instant(field, text)
        if is_twice:
            message = _("In %(zone)s this hour exists twice; taken as the first one.")
            notes.append(Finding("hour_twice", field, text, message % {"zone": self.zone.key}))
        return time

    def _read_time(self, field: str, text: str) -> tuple[dt.datetime, bool]:
        """The instant in UTC, and whether it had to be guessed because its hour exists twice."""
        time = self._parse(field, text)
        try:
            if time.tzinfo is None:
                return self._localise(field, time, text)
            return time if time.tzinfo is dt.UTC else time.astimezone(dt.UTC), False
        except OverflowError:  # the year 1, which some programs write for “never”
            message = _("This time lies before 2000 or after 2099. Correct the year.")
            raise Refused("out_of_range", field, text, message) from None

    def _parse(self, field: str, text: str) -> dt.datetime:
        formats = self._rules.get("time_formats", ())
        is_no_day = False
        for form in (None, *formats):
            try:
                if form:
                    return dt.datetime.strptime(text, form)
                if len(text) >= len("2026-08-03T14:00") and text[:4].isdigit():
                    return dt.datetime.fromisoformat(text)
            except ValueError as error:
                is_no_day |= str(error).startswith("day is out of range")
        if is_no_day:
            raise Refused("no_such_day", field, text, _("This day does not exist. Correct the date."))
        expected = " / ".join(formats) or "2026-08-03T14:00:00Z"
        message = _("This is no time as the profile expects it (%(expected)s). Correct it, or add its form there.")
        raise Refused("no_time", field, text, message % {"expected": expected})

    def _localise(self, field: str, time: dt.datetime, text: str) -> tuple[dt.datetime, bool]:
        """Local time to UTC. In autumn an hour exists twice, and a file without offsets cannot say which is meant: the
        first is taken, so the same file always gives the same instant, never one later than the contact was."""
        before, after = (time.replace(tzinfo=self.zone, fold=fold).utcoffset() for fold in (0, 1))
        if before < after:
            message = _("In %(zone)s the clocks jump over this hour; it does not exist. Correct the time.")
            raise Refused("no_such_hour", field, text, message % {"zone": self.zone.key})
        return (time - before).replace(tzinfo=dt.UTC), before > after
