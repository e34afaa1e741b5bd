"""DKIM (RFC 6376): does a domain publish the keys by which receivers verify our server's signature?"""

import base64
import binascii

from django.utils.translation import gettext as _

from .dns_records import CannotTell, Finding, Lookup, Record, State, tags

# A public RSA key of 1,024 bits has 162 bytes as DER, one of 2,048 has 294. Shorter ones do not count (RFC 8301).
SHORTEST_RSA_BYTES, GOOD_RSA_BYTES = 150, 270


def selectors(text: str) -> list[str]:
    """“s1, s2” as typed in; with or without “._domainkey” and what follows."""
    return [name for part in text.split(",") if (name := part.strip().lower().partition("._domainkey")[0])]


def check(domain: str, selector: str, lookup: Lookup) -> Finding:
    """The key of one selector."""
    name = f"{selector}._domainkey.{domain}"
    topic = _("DKIM: %(selector)s") % {"selector": selector}
    publish = Record(name, "TXT", "v=DKIM1; k=rsa; p=" + _("(the public key of the mail server)"))
    try:
        found = tuple(text for text in lookup(name, "TXT") if "p" in tags(text))
    except CannotTell as error:
        message = _("The DNS did not answer about %(name)s. Try again later.") % {"name": error}
        return Finding(topic, State.UNKNOWN, message)
    if not found:
        message = _("There is no key, so no receiver can verify our signature.")
        return Finding(topic, State.MISSING, message, publish=publish)
    if len(found) > 1:
        message = _("There is more than one key under this name, and receivers take any of them. Keep ours.")
        return Finding(topic, State.WRONG, message, found)
    if fault := _fault(tags(found[0])):
        return Finding(topic, State.WRONG, fault, found, publish)
    return Finding(topic, State.GOOD, _praise(tags(found[0])), found)


def _fault(key: dict[str, str]) -> str:
    if key.get("v", "DKIM1") != "DKIM1":
        return _("It does not begin with “v=DKIM1”, so it counts for nothing.")
    if not key["p"]:
        return _("The key was withdrawn: “p=” is empty. Publish the one that our server signs with.")
    if not {"*", "email"} & set(key.get("s", "*").replace(" ", "").split(":")):
        return _("The key is not for mail: “s=” names something else.")
    if "y" in key.get("t", "").replace(" ", "").split(":"):
        return _("“t=y” says that the key is a test, and some receivers treat mails as if unsigned. Take it out.")
    length = _length(key["p"])
    if not length:
        return _("The key cannot be read; something was lost in copying.")
    if key.get("k", "rsa") == "rsa" and length < SHORTEST_RSA_BYTES:
        return _("The key has fewer than 1,024 bits; receivers do not accept it. Use 2,048.")
    return ""


def _praise(key: dict[str, str]) -> str:
    if key.get("k", "rsa") == "rsa" and _length(key["p"]) < GOOD_RSA_BYTES:
        return _("The key can be read. It is short by now: 2,048 bits are usual.")
    return _("The key can be read.")


def _length(text: str) -> int:
    try:
        return len(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return 0
