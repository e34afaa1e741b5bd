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

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from surveys.models import Contact
from surveys.models.people import validate_zone

TEXTS = (
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
    *TEXTS,
    *_DURATIONS,
    "started_at",
    "ended_at",
    "status",
    "channel",
    "tags",
    "reopened_count",
    "has_consent",
    "goodwill_amount",
    "direction",
    "told_at",
}
_TIMES = ("started_at", "ended_at", "told_at")
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
    "directions": dict,
    "constants": dict,
    "not_agents": list,
    "attributes": dict,
}


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
        is_split = isinstance(column, list) and field in _TIMES
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
    for key in ("consent", "directions"):
        if not all(isinstance(meaning, bool) for meaning in rules.get(key, {}).values()):
            yield _("“%(key)s” must give each word true or false.") % {"key": key}
    if "direction" in columns and not rules.get("directions"):
        yield _("“directions” is missing: which words of that column mean that your side began it?")


def _is_status(meaning: object) -> bool:
    if not isinstance(meaning, dict) or meaning.get("state") not in Contact.State.values:
        return False
    rest = {name: value for name, value in meaning.items() if name != "state"}
    return rest.keys() <= {"is_solved", "is_transferred"} and all(isinstance(value, bool) for value in rest.values())
