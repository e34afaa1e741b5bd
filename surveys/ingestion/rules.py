"""What an import profile may say, and what is wrong with one that nobody could understand.

The rules are data (two come with the house, a client's own row of the same name wins):

    source         our name of the source; with it, a number is unique. Required
    columns        our field → its column; [date, time] where a time is split. external_id, started_at, status required.
                   told_at is as of when the source says it; direction is told by the words of “directions”
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
    directions     direction word → true where the client's side began it, else false; other words: false, with a note
    constants      channel, language or team that hold for every row
    not_agents     names in the agent's column that are no people
    attributes     our name → a column kept as text beside the contact
"""

import codecs
from collections.abc import Iterable

from django.utils.translation import gettext as _

from surveys.models import Contact

from . import checks
from .incoming import TEXTS, TIMES

_DURATIONS = ("wait_seconds", "talk_seconds")
_FIELDS = {
    *TEXTS,
    *TIMES,
    *_DURATIONS,
    "status",
    "channel",
    "tags",
    "reopened_count",
    "has_consent",
    "goodwill_amount",
    "direction",
}
_NEEDED = ("external_id", "started_at", "status")
_FLAGS = ("is_goodwill", "is_spam", "is_test")
_STATUS_FLAGS = frozenset({"is_solved", "is_transferred"})
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
    "directions": dict,
    "constants": dict,
    "not_agents": list,
    "attributes": dict,
}


def validate(rules: object) -> None:
    """Raise ValidationError, naming the key, where rules lack what is required or say what nobody understands."""
    no_table = _("The rules are no table of keys and values.")
    checks.validate(rules, no_table, _KEYS, ("source", "columns", "statuses"), _wrong_names, _wrong_values)


def _wrong_names(rules: dict) -> Iterable[str]:
    columns = rules.get("columns", {})
    yield from (_("“columns” lacks “%(field)s”.") % {"field": field} for field in _NEEDED if not columns.get(field))
    if "ended_at" not in columns and not rules.get("end_after"):
        yield _("The end is nowhere: name its column as “ended_at”, or give “end_after”.")
    if "ended_at" in columns and rules.get("end_after"):
        yield _("The end is given twice: as a column and as “end_after”. Keep one.")
    yield from checks.wrong_names("columns", columns, _FIELDS)
    yield from checks.wrong_names("constants", rules.get("constants", {}), ("channel", "language", "team"))
    yield from checks.wrong_names("minutes", rules.get("minutes", []), _DURATIONS)
    yield from checks.wrong_names("end_after", rules.get("end_after", []), _DURATIONS)
    yield from checks.wrong_names("tags", rules.get("tags", {}).values(), _FLAGS)
    yield from checks.wrong_names("channels", rules.get("channels", {}).values(), Contact.Channel.values)


def _wrong_values(rules: dict) -> Iterable[str]:
    columns, attributes = rules.get("columns", {}), rules.get("attributes", {})
    for field, column in [*columns.items(), *attributes.items()]:
        is_split = isinstance(column, list) and field in TIMES
        if not all(isinstance(name, str) and name for name in (column if is_split else [column])):
            yield _("“%(field)s” must name one column; only a time may have two, as a list.") % {"field": field}
    try:
        codecs.lookup(rules.get("encoding", "utf-8"))
    except LookupError:
        yield _("“%(name)s” is no encoding. Usual ones are utf-8 and cp1252.") % {"name": rules["encoding"]}
    if len(rules.get("delimiter", ",")) != 1:
        yield _("“delimiter” must be one character.")
    yield from checks.wrong_zone(rules)
    yield from checks.wrong_statuses(rules, _STATUS_FLAGS)
    yield from checks.wrong_truths(rules, "consent", "directions")
    if "direction" in columns and not rules.get("directions"):
        yield _("“directions” is missing: which words of that column mean that your side began it?")
