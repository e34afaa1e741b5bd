"""What mail servers mean: their status codes (RFC 3463, RFC 5248, RFC 7505) and usual sentences, in our words.

A final failure is `hard_bounce` only where it says that the mailbox or its domain is not there; that alone stops us
from asking. A full mailbox or a broken server says `soft_bounce`, a policy or a filter `rejected`.
"""

import re

from ..models import DeliveryEvent

Kind = DeliveryEvent.Kind

# Subject and detail of a permanent status (5.x.y); the longer entry wins.
PERMANENT = {
    "1": Kind.HARD_BOUNCE,  # addressing
    "1.7": Kind.REJECTED,  # … of the sender: malformed
    "1.8": Kind.REJECTED,  # … of the sender: no such domain
    "1.9": Kind.REJECTED,  # only reachable by a path that cannot carry it
    "2": Kind.SOFT_BOUNCE,  # mailbox: full, list not expanded
    "2.1": Kind.HARD_BOUNCE,  # disabled
    "2.3": Kind.REJECTED,  # message longer than the mailbox allows
    "3": Kind.SOFT_BOUNCE,  # mail system
    "3.4": Kind.REJECTED,  # message too big
    "4": Kind.SOFT_BOUNCE,  # network and routing: expired, loop
    "4.4": Kind.HARD_BOUNCE,  # no host for the domain
    "4.310": Kind.HARD_BOUNCE,  # Exchange Online: the domain does not exist
    "5": Kind.REJECTED,  # protocol
    "6": Kind.REJECTED,  # content
    "7": Kind.REJECTED,  # security, policy
}
# “Other” of its subject, and Exchange's “access denied” (5.4.1), for strangers as for spam: here words come first.
VAGUE = re.compile(r"\d\.(0\.\d+|\d+\.0|4\.1)$")

# Where no code decides. In this order: a filter also likes to say that a mailbox is unavailable. Written for text with
# single spaces; GAP skips up to five words between the thing and what is said of it.
GAP = r"\S*(?: \S+){0,5}? "
WORDS = (
    (
        Kind.REJECTED,
        r"spam|blocked|block ?list|blacklist|denylist|polic(?:y|ies)|reputation|\bDMARC|\bSPF\b|DKIM|virus|"
        r"not authori[sz]ed|(?:access|relay|relaying) denied|sender (?:address )?(?:denied|rejected|refused)",
    ),
    (
        Kind.SOFT_BOUNCE,
        rf"(?:mailbox|inbox|quota){GAP}(?:full|exceeded)|over (?:its )?quota|insufficient (?:system )?storage|"
        rf"Postfach{GAP}voll|Speicher(?:platz|volumen)|storage space|too many messages on|retry time(?:out)? exceeded|"
        r"timed? ?out|too long in (?:the )?queue|temporar|vorübergehend|connection refused",
    ),
    (
        Kind.HARD_BOUNCE,
        rf"(?:user|recipient|mailbox|address|account|person){GAP}(?:unknown|not found|(?:does|did) ?n[o']t exist|"
        r"no longer (?:exists|available|valid|active)|(?:is|been) disabled|closed|inactive|unavailable|"
        r"invalid|not listed)|"
        r"(?:unknown|invalid|no such|nonexistent) (?:local )?(?:user|recipient|mailbox|address|account|person)|"
        r"no mailbox here|unknown local part|unroute?able address|not a (?:valid|known) (?:user|mailbox)|"
        r"doesn't have an? \S+ account|"
        rf"(?:host|domain){GAP}(?:not found|(?:does|did) not exist|unknown)|"
        rf"(?:Empfänger|Benutzer|Postfach|Adresse|Konto){GAP}(?:unbekannt|ungültig|gibt es nicht|existiert nicht|"
        r"nicht (?:gefunden|vorhanden|bekannt))|(?:unbekannter|ungültiger) (?:Empfänger|Benutzer)|"
        r"existiert (?:bei uns )?nicht|(?:couldn't|wasn't|could not|was not) (?:be )?found",
    ),
)
_WORDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in WORDS)
# An enhanced code that is not a piece of an IP address or a version.
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(r"(?<![\d.])([245]\d\d)(?=[ -])")  # a code of RFC 5321 alone


def of_failure(status: str, words: str) -> Kind:
    """The kind of a final failure: by the status, by a code inside the words, by the words; else `rejected`.

    `status`: an enhanced code, or empty. `words`: what the server said, any length; only its beginning is read.
    """
    words = " ".join(words[:4000].split())
    if decided := _of_code(status) or by_code(words):
        return decided
    if said := next((kind for kind, pattern in _WORDS if pattern.search(words)), None):
        return said
    if (subject := status.split(".")[1:2]) and subject[0] in PERMANENT and status.startswith("5"):
        return PERMANENT[subject[0]]
    reply = _REPLY.search(words)
    is_for_now = status.startswith("4") or (reply and (reply[1].startswith("4") or reply[1] == "552"))
    return Kind.SOFT_BOUNCE if is_for_now else Kind.REJECTED


def by_code(words: str) -> Kind | None:
    """What the first telling enhanced code in a text decides; None where there is none."""
    return next((kind for code in _ENHANCED.findall(words[:4000]) if (kind := _of_code(code))), None)


def enhanced_in(words: str) -> str:
    """The first enhanced code in a text; empty without one."""
    found = _ENHANCED.search(words[:4000])
    return found[1] if found else ""


def _of_code(code: str) -> Kind | None:
    """What an enhanced code alone decides; None where it leaves the matter open."""
    if not _ENHANCED.fullmatch(code) or VAGUE.match(code):
        return None
    family, subject, detail = code.split(".")
    if family == "2":
        return None
    if family == "4":  # tried for as long as the server wanted to
        return Kind.SOFT_BOUNCE
    return PERMANENT.get(f"{subject}.{detail}") or PERMANENT.get(subject)
