"""SPF (RFC 7208): does a domain name our mail server as one that may write in its name?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from django.utils.translation import gettext as _

from .dns_records import CannotTell, Finding, Lookup, Record, State

MOST_LOOKUPS = 10  # RFC 7208, 4.6.4: beyond them a receiver gives up, and nobody may write
_COUNTED = ("include", "a", "mx", "ptr", "exists", "redirect")
_NAME = re.compile(r"[-~?]?([a-z0-9]*)")


def check(domain: str, ours: str, lookup: Lookup) -> Finding:
    """`ours`: the mechanism that stands for our mail server, as in “include:spf.example.org”; empty: not known."""
    topic = _("SPF of %(domain)s") % {"domain": domain}
    try:
        records = _records(domain, lookup)
        tree = _walk(domain, records[0], lookup) if len(records) == 1 else None
    except CannotTell as error:
        message = _("The DNS did not answer about %(name)s. Try again later.") % {"name": error}
        return Finding(topic, State.UNKNOWN, message)
    if not records:
        message = _("No server is named that may write for this domain, so mails easily count as forged.")
        publish = Record(domain, "TXT", f"v=spf1 {ours} ~all") if ours else None
        return Finding(topic, State.MISSING, message, publish=publish)
    if tree is None:
        message = _("There is more than one SPF record, and then none of them counts. Keep one that says it all.")
        return Finding(topic, State.WRONG, message, records, Record(domain, "TXT", _merged(records, ours)))
    return _judge(topic, domain, records[0], tree, ours)


@dataclass
class _Tree:
    """All that a record says, with what it includes. `lookups` counts questions that a receiver has to ask."""

    terms: set[str] = field(default_factory=set)
    lookups: int = 0
    lets_everybody: bool = False
    broken: str = ""  # an included domain that has no SPF record of its own


def _records(domain: str, lookup: Lookup) -> tuple[str, ...]:
    return tuple(text for text in lookup(domain, "TXT") if re.match(r"v=spf1( |$)", text, re.IGNORECASE))


def _terms(record: str) -> Iterator[str]:
    """The terms that count: nothing after “all” is read (RFC 7208, 5.1), not even a redirect."""
    terms = record.split()[1:]
    has_all = any(term.lstrip("+-~?").lower() == "all" for term in terms)
    for term in terms:
        if not (has_all and term.lower().startswith("redirect=")):
            yield term.removeprefix("+").lower()
        if term.lstrip("+-~?").lower() == "all":
            return


def _walk(domain: str, record: str, lookup: Lookup) -> _Tree:
    tree = _Tree()
    _visit(record, lookup, tree, {domain}, lets_pass=True)
    return tree


def _visit(record: str, lookup: Lookup, tree: _Tree, above: set[str], *, lets_pass: bool) -> None:
    """`lets_pass`: whether whoever this record lets pass is let pass by the outermost one."""
    for term in _terms(record):
        if tree.lookups > MOST_LOOKUPS:
            return
        tree.terms.add(term)
        tree.lookups += _NAME.match(term)[1] in _COUNTED
        tree.lets_everybody |= lets_pass and term == "all"
        target = re.fullmatch(r"([-~?]?)(?:include:|redirect=)([^%]+)", term)  # a name with macros depends on the mail
        if not target:
            continue
        if target[2] in above:
            tree.lookups = MOST_LOOKUPS + 1  # in a circle there is no end of them
            return
        inner = _records(target[2], lookup)
        if len(inner) == 1:
            _visit(inner[0], lookup, tree, above | {target[2]}, lets_pass=lets_pass and not target[1])
        else:
            tree.broken = tree.broken or target[2]


def _names(terms: set[str], ours: str) -> bool:
    """Whether one of them is our mechanism, or a network with our address in it."""
    kind, _colon, address = ours.lower().partition(":")
    if kind not in ("ip4", "ip6"):
        return ours.lower() in terms
    networks = [term.partition(":")[2] for term in terms if term.startswith(f"{kind}:")]
    return any(_is_within(address, network) for network in networks)


def _is_within(address: str, network: str) -> bool:
    try:
        return ip_network(address, strict=False).subnet_of(ip_network(network, strict=False))
    except (ValueError, TypeError):
        return False


def _judge(topic: str, domain: str, record: str, tree: _Tree, ours: str) -> Finding:
    if tree.lets_everybody:
        message = _("“+all” lets every server in the world write for this domain. End the record with “~all”.")
        mended = re.sub(r"(?<=\s)\+?all\b", "~all", record, flags=re.IGNORECASE)
        publish = Record(domain, "TXT", _with(mended, ours)) if mended != record else None
        return Finding(topic, State.WRONG, message, (record,), publish)
    if tree.broken:
        message = _("It refers to %(name)s, which has no single SPF record; then the whole record counts as an error.")
        return Finding(topic, State.WRONG, message % {"name": tree.broken}, (record,))
    if tree.lookups > MOST_LOOKUPS:
        message = _(
            "It needs more than %(most)s lookups, includes counted. Receivers stop there and treat it as an error. "
            "Take out what no longer sends."
        )
        return Finding(topic, State.WRONG, message % {"most": MOST_LOOKUPS}, (record,))
    if not ours:
        message = _("It can be read, but this installation does not say which server sends (SPF_INCLUDE).")
        return Finding(topic, State.UNKNOWN, message, (record,))
    if not _names(tree.terms, ours):
        message = _("It does not name our mail server. Put it in.")
        return Finding(topic, State.WRONG, message, (record,), Record(domain, "TXT", _with(record, ours)))
    message = _("It names our mail server; %(count)s of at most %(most)s lookups.")
    return Finding(topic, State.GOOD, message % {"count": tree.lookups, "most": MOST_LOOKUPS}, (record,))


def _with(record: str, ours: str) -> str:
    """The record with our server as its first mechanism."""
    version, *terms = record.split()
    return " ".join([version, *([ours] if ours and ours.lower() not in map(str.lower, terms) else []), *terms])


def _merged(records: tuple[str, ...], ours: str) -> str:
    """One record that names all that several do, with the mildest end."""
    terms = dict.fromkeys(term for record in records for term in record.split()[1:])
    kept = [term for term in terms if term.lstrip("+-~?").lower() != "all" and not term.lower().startswith("redirect=")]
    return _with(" ".join(["v=spf1", *kept, "~all"]), ours)
