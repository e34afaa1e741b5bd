"""Which addresses a survey can reach. What fails here is kept on its contact as it came, and is never written to."""

import re
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

LONGEST = 254  # RFC 5321, 4.5.3.1.3: the path of 256 less its angle brackets
_PLACEHOLDERS = frozenset({"", "-", "--", "n/a", "na", "unbekannt", "unknown", "keine", "none", "null"})
# Mailboxes that no customer reads (RFC 2142 and custom).
_ROLES = frozenset({"noreply", "donotreply", "mailerdaemon", "postmaster"})

# Where a number without a country code is at home, by the client's language.
_HOME = {"de": "DE", "en": "GB"}
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)  # the latter: North America does not tell
_NO_COUNTRY = "001"  # satellites and other worldwide networks, typed as mobile and dear to write to

# What nearly every address looks like, and certainly valid: only the others are worth Django's slower look.
_PLAIN = re.compile(r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.I | re.A)


def is_missing(address: str) -> bool:
    """Whether the words stand for “there is none”: empty, “-”, “n/a”, “unbekannt” …"""
    return address.strip().lower() in _PLACEHOLDERS


def is_deliverable(address: str) -> bool:
    """Whether a customer may be behind it: a well-formed address of up to 254 characters, not noreply@ or the like."""
    address = address.strip().removesuffix(".")  # the root's dot, as DNS writes it
    if len(address) > LONGEST:
        return False
    if not _PLAIN.fullmatch(address):
        try:
            validate_email(address)
        except ValidationError:
            return False
    mailbox = address.rpartition("@")[0].lower()
    return mailbox.replace("-", "").replace("_", "").replace(".", "") not in _ROLES


@lru_cache(maxsize=10_000)
def phone_key(number: str, language: str) -> str:
    """One spelling (E.164) of a number that can take an SMS, else nothing.

    Landlines, premium and shared-cost numbers and satellites cannot. `language`: the client's; it tells the country of
    numbers that name none.
    """
    try:
        parsed = phonenumbers.parse(number, _HOME[language])
    except NumberParseException:
        return ""
    if phonenumbers.number_type(parsed) not in _MOBILE or phonenumbers.region_code_for_number(parsed) == _NO_COUNTRY:
        return ""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
