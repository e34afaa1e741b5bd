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

from django.utils.translation import gettext as _

from surveys.models import Contact

from .. import checks
from .mapping import FIELDS, TAG_FLAGS

_FORMS = {"zone": str} | dict.fromkeys(("statuses", "channels", "tags", "consent", "fields", "attributes"), dict)
_STATUS_FLAGS = frozenset({"is_solved", "is_transferred", "is_spam"})

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
    no_table = _("The mapping is no table of keys and values.")
    checks.validate(mapping, no_table, _FORMS, (), _wrong_names, _wrong_values)


def _wrong_names(mapping: dict) -> Iterable[str]:
    yield from checks.wrong_names("fields", mapping.get("fields", {}), FIELDS)
    yield from checks.wrong_names("tags", mapping.get("tags", {}).values(), TAG_FLAGS)
    yield from checks.wrong_names("channels", mapping.get("channels", {}).values(), Contact.Channel.values)


def _wrong_values(mapping: dict) -> Iterable[str]:
    for key in ("fields", "attributes"):
        for name, path in mapping.get(key, {}).items():
            if not isinstance(path, str) or not all(path.split(".")):
                yield _("“%(name)s” must name one path, as in ticket.customer.phone.") % {"name": name}
    yield from checks.wrong_statuses(mapping, _STATUS_FLAGS)
    yield from checks.wrong_truths(mapping, "consent")
    yield from checks.wrong_zone(mapping)
