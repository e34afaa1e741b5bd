"""DMARC: what receivers do with mails that only pretend to come from a domain, and whether ours are told apart."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from .dns_records import CannotTell, Finding, Lookup, Record, State, tags

POLICIES = ("none", "quarantine", "reject")
_DEEPEST = 8  # labels that are looked at, from the right (DMARCbis, 4.10)


class Policy(NamedTuple):
    """What holds for a domain: its own record, or that of a parent."""

    domain: str  # where the record stands
    record: str
    is_own: bool

    @property
    def action(self) -> str:
        told = tags(self.record)
        return (told.get("p", "") if self.is_own else told.get("sp", told.get("p", ""))).lower()

    def is_strict(self, what: str) -> bool:
        """Whether SPF (“aspf”) or DKIM (“adkim”) must name the very domain rather than one of its family."""
        return tags(self.record).get(what, "r").lower() == "s"


def records(domain: str, lookup: Lookup) -> tuple[str, ...]:
    return tuple(
        text for text in lookup(f"_dmarc.{domain}", "TXT") if text.partition(";")[0].replace(" ", "") == "v=DMARC1"
    )


def family(domain: str) -> list[str]:
    """The domain and its parents down to two labels, as receivers walk up the tree."""
    labels = domain.split(".")[-_DEEPEST:]
    return [".".join(labels[start:]) for start in range(max(len(labels) - 1, 1))]


def policy_of(domain: str, lookup: Lookup) -> Policy | None:
    """The domain's own record, else its organisation's; of several in one place none counts."""
    for holder in dict.fromkeys((domain, organisation_of(domain, lookup))):
        if len(found := records(holder, lookup)) == 1:
            return Policy(holder, found[0], holder == domain)
    return None


def organisation_of(domain: str, lookup: Lookup) -> str:
    """The highest domain of the family with a record: all below it belong together. Without one: the domain itself.

    A record that says it is a registry's (“psd=y”, as for co.uk) makes no organisation.
    """
    for parent in reversed(family(domain)):
        found = records(parent, lookup)
        if len(found) == 1 and tags(found[0]).get("psd", "").lower() != "y":
            return parent
    return domain


def check(domain: str, lookup: Lookup) -> Finding:
    topic = _("DMARC of %(domain)s") % {"domain": domain}
    publish = Record(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}")
    try:
        own = records(domain, lookup)
        policy = policy_of(domain, lookup)
    except CannotTell as error:
        message = _("The DNS did not answer about %(name)s. Try again later.") % {"name": error}
        return Finding(topic, State.UNKNOWN, message)
    if len(own) > 1:
        message = _("There is more than one DMARC record, and then none of them counts. Keep one.")
        return Finding(topic, State.WRONG, message, own)
    if policy is None:
        message = _("Nothing tells receivers what to do with forged mails. Large mail providers ask for it.")
        return Finding(topic, State.MISSING, message, publish=publish)
    return _judge(topic, policy, publish)


def _judge(topic: str, policy: Policy, publish: Record) -> Finding:
    found = (f"_dmarc.{policy.domain}: {policy.record}",)
    if policy.action not in POLICIES:
        message = _("It gives no policy that receivers know: “p=” must be none, quarantine or reject.")
        return Finding(topic, State.WRONG, message, found, publish)
    if policy.action == "none":
        message = _(
            "It works, but protects nobody: “p=none” only watches. Go on to “p=quarantine” once reports are clean."
        )
        return Finding(topic, State.GOOD, message, found, publish)
    message = _("Forged mails are put aside.") if policy.action == "quarantine" else _("Forged mails are refused.")
    return Finding(topic, State.GOOD, message, found)
