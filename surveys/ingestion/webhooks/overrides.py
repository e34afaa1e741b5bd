"""What an inlet adds to its helpdesk's tables (`Inlet.mapping`), checked where it is written.

    statuses    status word → {state, is_solved?, is_transferred?, is_spam?}
    channels    channel word → our channel; other words become “other”, with a note
    tags        tag → is_goodwill, is_spam, is_test or is_agent_initiated
    consent     consent word → true or false, beside true/false, yes/no and ja/nein
    fields      our field → where it stands in the payload, as in ticket.customer.phone
    attributes  our name → where it stands; kept beside the contact
    zone        of times that name none. Else the client's

Words are compared without regard to case. What stands here wins over the helpdesk's own tables.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from surveys.models import Contact
from surveys.models.people import validate_zone

from .mapping import FIELDS, TAG_FLAGS

_FORMS = {"zone": str} | dict.fromkeys(("statuses", "channels", "tags", "consent", "fields", "attributes"), dict)

EXAMPLE = """{
  "statuses": {
    "waiting for parts": {"state": "open"},
    "done": {"state": "finished", "is_solved": true}
  },
  "channels": {"kiosk": "other"},
  "tags": {"voucher": "is_goodwill"},
  "fields": {
    "reason": "ticket.custom_fields.topic",
    "has_consent": "ticket.custom_fields.survey"
  },
  "consent": {"granted": true, "refused": false},
  "attributes": {"order": "ticket.custom_fields.order_number"}
}"""


def validate(mapping: object) -> None:
    """Raise ValidationError, naming the key, where an inlet's own mapping says what nobody understands."""
    if errors := list(_errors(mapping)):
        raise ValidationError(errors)


def _errors(mapping: object) -> Iterable[str]:
    if not isinstance(mapping, dict):
        yield _("The mapping is no table of keys and values.")
        return
    yield from (_("Unknown key “%(key)s”.") % {"key": key} for key in mapping.keys() - _FORMS.keys())
    wrong = [key for key, form in _FORMS.items() if key in mapping and not isinstance(mapping[key], form)]
    yield from (_("“%(key)s” has the wrong form.") % {"key": key} for key in wrong)
    if not wrong:
        yield from _wrong_names(mapping)
        yield from _wrong_values(mapping)


def _wrong_names(mapping: dict) -> Iterable[str]:
    named = [
        ("fields", mapping.get("fields", {}), FIELDS),
        ("tags", mapping.get("tags", {}).values(), TAG_FLAGS),
        ("channels", mapping.get("channels", {}).values(), tuple(Contact.Channel.values)),
    ]
    for key, names, possible in named:
        for name in names:
            if name not in possible:
                message = _("“%(name)s” in “%(key)s” is none of: %(possible)s.")
                yield message % {"name": name, "key": key, "possible": ", ".join(sorted(possible))}


def _wrong_values(mapping: dict) -> Iterable[str]:
    for key in ("fields", "attributes"):
        for name, path in mapping.get(key, {}).items():
            if not isinstance(path, str) or not all(path.split(".")):
                yield _("“%(name)s” must name one path, as in ticket.customer.phone.") % {"name": name}
    for name, meaning in mapping.get("statuses", {}).items():
        if not _is_status(meaning):
            yield _("“statuses” must give “%(word)s” a state: open, finished or discarded.") % {"word": name}
    if not all(isinstance(meaning, bool) for meaning in mapping.get("consent", {}).values()):
        yield _("“consent” must give each word true or false.")
    try:
        validate_zone(mapping.get("zone", "UTC"))
    except ValidationError as error:
        yield from error.messages


def _is_status(meaning: object) -> bool:
    if not isinstance(meaning, dict) or meaning.get("state") not in Contact.State.values:
        return False
    rest = {name: value for name, value in meaning.items() if name != "state"}
    return rest.keys() <= {"is_solved", "is_transferred", "is_spam"} and all(isinstance(v, bool) for v in rest.values())
