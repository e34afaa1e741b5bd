"""Which addresses a survey can reach. What fails here is kept on its contact as it came, and is never written to."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST = 254  # RFC 5321, 4.5.3.1.3: the path of 256 less its angle brackets
_PLACEHOLDERS = frozenset({"", "-", "--", "n/a", "na", "unbekannt", "unknown", "keine", "none", "null"})
# Mailboxes that no customer reads (RFC 2142 and custom).
_ROLES = frozenset({"noreply", "donotreply", "mailerdaemon", "postmaster"})


def is_missing(address: str) -> bool:
    """Whether the words stand for “there is none”: empty, “-”, “n/a”, “unbekannt” …"""
    return address.strip().lower() in _PLACEHOLDERS


def is_deliverable(address: str) -> bool:
    """Whether a customer may be behind it: a well-formed address of up to 254 characters, not noreply@ or the like."""
    address = address.strip()
    if len(address) > LONGEST:
        return False
    try:
        validate_email(address)
    except ValidationError:
        return False
    mailbox = address.rpartition("@")[0].lower()
    return mailbox.replace("-", "").replace("_", "").replace(".", "") not in _ROLES
