"""What the DNS says about a sender: how it is asked, and how an answer is judged in words."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

LOOKUP_SECONDS, ALL_SECONDS = 3.0, 15.0  # for one question, and for all of one check


class CannotTell(LookupError):
    """The DNS gave no answer: neither that there is such a record, nor that there is none."""


# Records of a name by kind (TXT, MX, A, AAAA), as text; none if there are none. Raises `CannotTell`.
Lookup = Callable[[str, str], tuple[str, ...]]


class State(TextChoices):
    GOOD = "good", _("good")
    MISSING = "missing", _("missing")
    WRONG = "wrong", _("wrong")
    UNKNOWN = "unknown", _("cannot tell")


class Record(NamedTuple):
    """A record to publish, as a DNS form asks for it."""

    name: str
    kind: str
    value: str


@dataclass(frozen=True)
class Finding:
    """One line of a check: what is right or wrong, what was found, and what to publish instead."""

    topic: str
    state: State
    message: str
    found: tuple[str, ...] = ()
    publish: Record | None = None


def tags(record: str) -> dict[str, str]:
    """“v=DKIM1; p=…” as a table (RFC 6376, 3.2); of a tag that comes twice, the first."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, is_tag, value = part.partition("=")
        if is_tag:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def domain_of(address: str) -> str:
    """The domain of an address, as the DNS knows it: small letters, umlauts in their ASCII form."""
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


class LiveLookup:
    """Asks the resolver of this machine, or that of DNS_RESOLVER; each question once, all of them in 15 seconds.

    The demo reaches nobody outside its machine, and so gets no answer.
    """

    def __init__(self) -> None:
        import dns.resolver  # 60 ms that sending does not need

        self._ends = time.monotonic() + (0 if settings.DEMO else ALL_SECONDS)
        self._answers: dict[tuple[str, str], tuple[str, ...] | None] = {}
        try:
            self._resolver = dns.resolver.Resolver(configure=not settings.DNS_RESOLVER)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.resolver.Resolver(configure=False)  # then no question is answered
        if settings.DNS_RESOLVER:
            host, _colon, port = settings.DNS_RESOLVER.partition(":")
            self._resolver.nameservers, self._resolver.port = [host], int(port or 53)
        self._resolver.use_edns(0, 0, 1232)  # keys are longer than the 512 bytes of plain UDP

    def __call__(self, name: str, kind: str) -> tuple[str, ...]:
        if (name, kind) not in self._answers:
            self._answers[name, kind] = self._ask(name, kind)
        if (answer := self._answers[name, kind]) is None:
            raise CannotTell(name)
        return answer

    def _ask(self, name: str, kind: str) -> tuple[str, ...] | None:
        import dns.exception
        import dns.resolver

        left = self._ends - time.monotonic()
        if left <= 0:
            return None
        try:
            answer = self._resolver.resolve(name, kind, lifetime=min(LOOKUP_SECONDS, left), search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError):
            return None
        return tuple(_text(record) for record in answer)


def _text(record) -> str:
    """A TXT record's strings belong together (RFC 7208, 3.3); others as they are written in a zone file."""
    if hasattr(record, "strings"):
        return b"".join(record.strings).decode("utf-8", "replace")
    return record.to_text()
