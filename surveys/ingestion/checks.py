"""How rules that are written as data are checked, whoever writes them: import profiles and inlets' mappings.

Each finding is a sentence that names the key.
"""

from collections.abc import Callable, Iterable, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from surveys.models import Contact
from surveys.models.people import validate_zone

Check = Callable[[dict], Iterable[str]]


def validate(table: object, no_table: str, forms: Mapping[str, type], needed: Iterable[str], *checks: Check) -> None:
    """Raise ValidationError with all that is wrong with a table: its keys, their forms, and what `checks` find.

    `checks` may trust the forms: they are asked only where all are right. `no_table`: what to say of anything else.
    """
    if errors := list(_errors(table, no_table, forms, needed, checks)):
        raise ValidationError(errors)


def _errors(
    table: object, no_table: str, forms: Mapping[str, type], needed: Iterable[str], checks: Iterable[Check]
) -> Iterable[str]:
    if not isinstance(table, dict):
        yield no_table
        return
    yield from (_("Unknown key “%(key)s”.") % {"key": key} for key in table.keys() - forms.keys())
    yield from (_("“%(key)s” is missing.") % {"key": key} for key in needed if not table.get(key))
    wrong = [key for key, form in forms.items() if key in table and not isinstance(table[key], form)]
    yield from (_("“%(key)s” has the wrong form.") % {"key": key} for key in wrong)
    if not wrong:
        for check in checks:
            yield from check(table)


def wrong_names(key: str, names: Iterable[object], possible: Iterable[str]) -> Iterable[str]:
    """One sentence for each name that is not possible."""
    possible = sorted(possible)  # a list, because a name may be anything
    message = _("“%(name)s” in “%(key)s” is none of: %(possible)s.")
    wrong = (name for name in names if name not in possible)
    return [message % {"name": name, "key": key, "possible": ", ".join(possible)} for name in wrong]


def wrong_statuses(table: dict, flags: frozenset[str]) -> Iterable[str]:
    """Under “statuses”, each word means one of our states, and any of `flags`."""
    message = _("“statuses” must give “%(word)s” a state: open, finished or discarded.")
    words = table.get("statuses", {}).items()
    return [message % {"word": word} for word, meaning in words if not _is_status(meaning, flags)]


def _is_status(meaning: object, flags: frozenset[str]) -> bool:
    if not isinstance(meaning, dict) or meaning.get("state") not in Contact.State.values:
        return False
    rest = {name: value for name, value in meaning.items() if name != "state"}
    return rest.keys() <= flags and all(isinstance(value, bool) for value in rest.values())


def wrong_truths(table: dict, *keys: str) -> Iterable[str]:
    """Under these keys, each word means true or false."""
    message = _("“%(key)s” must give each word true or false.")
    return [message % {"key": k} for k in keys if not all(isinstance(v, bool) for v in table.get(k, {}).values())]


def wrong_zone(table: dict) -> Iterable[str]:
    try:
        validate_zone(table.get("zone", "UTC"))
    except ValidationError as error:
        return error.messages
    return []
