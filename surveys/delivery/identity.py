"""Who a customer is written to by: without it, nothing leaves to customers. And whether receivers will believe it."""

from django.conf import settings
from django.utils.translation import gettext as _

from ..models import Client
from . import dkim, dmarc, spf
from .dns_records import CannotTell, Finding, Lookup, Record, State, domain_of

__all__ = ["Finding", "Record", "State", "check", "identity_gap"]

# The law wants to know who writes (§ 5 DDG, § 7 (2) UWG) and what becomes of the data (Art. 13 GDPR).
_NEEDED = ("from_name", "from_email", "imprint", "privacy_url")


def identity_gap(client: Client) -> list[str]:
    """What the client's identity as a sender still lacks, in words; empty where nothing does."""
    missing = [name for name in _NEEDED if not getattr(client, name).strip()]
    return [str(Client._meta.get_field(name).verbose_name) for name in missing]


def check(client: Client, lookup: Lookup) -> list[Finding]:
    """What receivers make of the client's mails, line by line. Reads the DNS through `lookup`, nothing else.

    SPF is asked of the envelope's domain: that of BOUNCE_ADDRESS, else the client's own. DKIM and DMARC are asked of
    the domain that customers read.
    """
    findings = [_identity(client)]
    if not client.from_email:
        return findings
    own = domain_of(client.from_email)
    envelope = domain_of(settings.BOUNCE_ADDRESS or client.from_email)
    by_spf = spf.check(envelope, settings.SPF_INCLUDE, lookup)
    findings.append(by_spf)
    if envelope != own:
        findings.append(_own_spf(own, envelope, lookup))
    keys = _keys(client, own, lookup)
    findings += [key for _domain, key in keys]
    findings += [dmarc.check(own, lookup), _alignment(own, envelope, by_spf, keys, lookup)]
    return findings + [_mail_exchange(domain, lookup) for domain in dict.fromkeys((own, envelope))]


def _identity(client: Client) -> Finding:
    topic = _("Identity")
    if missing := identity_gap(client):
        message = _("Nothing is sent to customers until this is filled in: %(missing)s.")
        return Finding(topic, State.MISSING, message % {"missing": ", ".join(missing)})
    replies = client.reply_to or client.from_email
    message = _(
        "Customers read this sender, the imprint line and the link to the privacy notice; replies go to %(to)s."
    )
    return Finding(topic, State.GOOD, message % {"to": replies}, (f"{client.from_name} <{client.from_email}>",))


def _own_spf(own: str, envelope: str, lookup: Lookup) -> Finding:
    """The domain that customers read need not name our server where the envelope names another. Faults count still."""
    finding = spf.check(own, "", lookup)
    if finding.state == State.WRONG or (finding.state == State.UNKNOWN and not finding.found):
        return finding
    message = _("Not needed for these mails: their envelope names %(envelope)s, and receivers ask there.")
    return Finding(finding.topic, State.GOOD, message % {"envelope": envelope}, finding.found)


def _keys(client: Client, own: str, lookup: Lookup) -> list[tuple[str, Finding]]:
    """One finding for each selector, with the domain that the key stands at: the own one, else its parent."""
    if not (names := dkim.selectors(client.dkim_selectors)):
        message = _("No selector is entered, so no key can be looked for. Ask whoever runs the mail server.")
        return [("", Finding(_("DKIM"), State.MISSING, message))]
    found = []
    for name in names:
        findings = [(domain, dkim.check(domain, name, lookup)) for domain in dmarc.family(own)]
        found.append(next((pair for pair in findings if pair[1].state != State.MISSING), findings[0]))
    return found


def _alignment(own: str, envelope: str, by_spf: Finding, keys: list[tuple[str, Finding]], lookup: Lookup) -> Finding:
    """DMARC is content if SPF or DKIM vouches for the very domain that customers read, or for one of its family."""
    topic = _("DMARC alignment")
    try:
        policy = dmarc.policy_of(own, lookup)
        home = dmarc.organisation_of(own, lookup)
        is_family = envelope == own or dmarc.organisation_of(envelope, lookup) == home
    except CannotTell as error:
        message = _("The DNS did not answer about %(name)s. Try again later.") % {"name": error}
        return Finding(topic, State.UNKNOWN, message)
    spf_counts = envelope == own or (is_family and not (policy and policy.is_strict("aspf")))
    signing = [key for domain, key in keys if domain == own or (domain and not (policy and policy.is_strict("adkim")))]
    names = {"own": own, "envelope": envelope}
    if any(key.state == State.GOOD for key in signing):
        message = _(
            "The signature vouches for %(own)s, the domain that customers read. The envelope names %(envelope)s."
        )
        return Finding(topic, State.GOOD, message % names)
    if spf_counts and by_spf.state == State.GOOD:
        message = _("SPF vouches for %(own)s. A mail that is forwarded loses that; a DKIM signature would stay.")
        return Finding(topic, State.GOOD, message % names)
    if State.UNKNOWN in [key.state for key in signing] + [by_spf.state] * spf_counts:
        return Finding(topic, State.UNKNOWN, _("This follows from SPF and DKIM, and they are not known yet."))
    if spf_counts:
        message = _("Neither SPF nor DKIM vouches for %(own)s, so mails look forged. Mend one of them, best both.")
    else:
        message = _(
            "Customers read %(own)s, the envelope names %(envelope)s. SPF vouches for the envelope only; it takes a "
            "DKIM signature for %(own)s."
        )
    return Finding(topic, State.WRONG, message % names)


def _mail_exchange(domain: str, lookup: Lookup) -> Finding:
    """Where bounces and replies arrive (RFC 5321, 5.1; RFC 7505)."""
    topic = _("MX of %(domain)s") % {"domain": domain}
    publish = Record(domain, "MX", "10 " + _("(your mail server)"))
    try:
        found = lookup(domain, "MX")
        hosts = () if found else lookup(domain, "A") + lookup(domain, "AAAA")
    except CannotTell as error:
        message = _("The DNS did not answer about %(name)s. Try again later.") % {"name": error}
        return Finding(topic, State.UNKNOWN, message)
    if any(record.split()[-1] == "." for record in found):
        message = _("The domain says that it takes no mail: replies and bounces are lost, and many receivers refuse.")
        return Finding(topic, State.WRONG, message, found, publish)
    if found:
        return Finding(topic, State.GOOD, _("Replies and bounces arrive."), found)
    if hosts:
        message = _("There is no MX record; mails go to the domain's own address. Some receivers mind.")
        return Finding(topic, State.GOOD, message, hosts, publish)
    message = _("No server takes mail for this domain: replies and bounces are lost, and many receivers refuse.")
    return Finding(topic, State.MISSING, message, publish=publish)
