"""One mail as it leaves: who, to whom, what; as Django's EmailMessage for a provider, or as bytes for a mail server.

The bytes are put together here, because the email package needs longer for that than a mail server for the whole mail.
Whatever header is not plain printable ASCII goes through its policy all the same: nothing smuggles a line break in.
"""

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass, field
from email import policy
from email.mime.image import MIMEImage
from email.utils import format_datetime, formataddr
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError, sanitize_address

from ..models import OutgoingMessage
from . import references, survey_mail

_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,900}[\x21-\x7e])?")
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True)
class Letter:
    """`headers`: all but Subject, From, To and Reply-To. `reference`: our mark, see `references`."""

    sender: str
    to: str
    subject: str
    text: str
    html: str
    reference: str
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)

    def as_email(self) -> EmailMultiAlternatives:
        email = EmailMultiAlternatives(
            self.subject,
            self.text,
            self.sender,
            [self.to],
            headers=dict(self.headers),
            reply_to=[self.reply_to] if self.reply_to else [],
        )
        email.attach_alternative(self.html, "text/html")
        email.mixed_subtype = "related"
        for content_id, png in self.images.items():
            image = MIMEImage(base64.b64decode(png), "png")
            image.add_header("Content-ID", f"<{content_id}>")
            image.add_header("Content-Disposition", "inline", filename=f"{content_id}.png")
            email.attach(image)
        return email

    def as_bytes(self) -> bytes:
        """CRLF at line ends, seven bits, lines of at most 76 characters in the body. BadHeaderError (a ValueError)."""
        if self.images:
            return self.as_email().message().as_bytes(linesep="\r\n")
        boundary = f"=_{self.reference}"
        head = [_header("Subject", self.subject), _address("From", self.sender), f"To: {addressed(self.to)}\r\n"]
        if self.reply_to:
            head.append(_address("Reply-To", self.reply_to))
        head += [_plain_header(name, value) for name, value in self.headers.items()]
        head.append(f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n')
        return b"".join(
            (
                "".join(head).encode("ascii"),
                _part(boundary, "plain", self.text),
                _part(boundary, "html", self.html),
                f"--{boundary}--\r\n".encode("ascii"),
            )
        )


def letter_of(message: OutgoingMessage, now: dt.datetime) -> Letter:
    """Surveys are written from their invitation, in the client's name; all else brings its text, in the provider's."""
    reference = references.make(message.pk)
    headers = {"Date": _date(now.replace(microsecond=0)), "Message-ID": f"<{reference}@{_host(settings.BASE_URL)}>"}
    if invitation := message.invitation:
        client, mail = message.client, survey_mail.compose(invitation, message.is_reminder)
        return Letter(
            sender=_named(client.from_name, client.from_email),
            to=message.to,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            reference=reference,
            reply_to=client.reply_to,
            headers=headers | survey_mail.headers(invitation),
        )
    sender = _named(settings.PROVIDER_NAME, settings.DEFAULT_FROM_EMAIL)
    return Letter(
        sender, message.to, message.subject, message.text, message.html, reference, "", headers, message.images
    )


def envelope_sender(letter: Letter) -> str:
    """Where bounces go: to the sender, or, with BOUNCE_ADDRESS, to that address with our reference in it (VERP)."""
    if not settings.BOUNCE_ADDRESS:
        return addressed(letter.sender)
    mailbox, _, domain = settings.BOUNCE_ADDRESS.partition("@")
    return f"{mailbox}+{letter.reference}@{domain}"


@lru_cache(maxsize=4096)
def addressed(address: str) -> str:
    """The bare address as a mail server takes it, IDN domains in ASCII. ValueError for what is none."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return address
    if "\n" in address or "\r" in address:
        raise BadHeaderError(f"Header values can't contain newlines (got {address!r})")
    bare = sanitize_address(address, "utf-8").rpartition("<")[2].rstrip(">")
    if not _PLAIN.fullmatch(bare) or "@" not in bare:
        raise ValueError(f"no address: {address!r}")
    return bare


@lru_cache(maxsize=4096)
def _header(name: str, value: str) -> str:
    """A header that may hold anything: folded and encoded by the email package."""
    _refuse_line_breaks(name, value)
    return policy.SMTP.header_factory(name, value).fold(policy=policy.SMTP)


@lru_cache(maxsize=4096)
def _address(name: str, value: str) -> str:
    """A header with one address, encoded as Django does it; ValueError for what is none."""
    _refuse_line_breaks(name, value)
    return f"{name}: {sanitize_address(value, 'utf-8')}\r\n".replace("\n ", "\r\n ")


def _refuse_line_breaks(name: str, value: str) -> None:
    if any(character in value for character in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\0"):
        raise BadHeaderError(f"Header values can't contain newlines (got {value!r} for header {name!r})")


def _plain_header(name: str, value: str) -> str:
    return f"{name}: {value}\r\n" if _PLAIN.fullmatch(value) else _header(name, value)


def _part(boundary: str, subtype: str, text: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode("ascii") + b"\r\n".join([_quoted_printable(line) for line in text.splitlines()]) + b"\r\n"


@lru_cache(maxsize=4096)
def _quoted_printable(line: str) -> bytes:
    """Line by line, because most lines of a mail are those of the mail before it."""
    return binascii.b2a_qp(line.encode(), istext=True).replace(b"=\n", b"=\r\n")


@lru_cache(maxsize=1000)
def _named(name: str, address: str) -> str:
    return formataddr((name, address))


@lru_cache(maxsize=8)
def _date(now: dt.datetime) -> str:
    return format_datetime(now)


@lru_cache(maxsize=8)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname
