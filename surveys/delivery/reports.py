"""Reads one mail of the bounce mailbox: what it reports (RFC 3464, RFC 5965, or plain words), and about which message.

A report counts only with a genuine reference of ours, in the address it was sent to, in its own thread headers or in
the message that it returns. That is not enough: a holiday note bears one, too. So it must also be a report by its form.
Nothing is fetched, no attachment is opened, and of a long mail only the beginning is read.
"""

import datetime as dt
import email
import email.policy
import email.utils
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from ..models import DeliveryEvent
from . import references, statuses

Kind = DeliveryEvent.Kind

LONGEST = 512 * 1024  # bytes of a mail that are read
_LONGEST_WORDS = 20_000  # characters of a body in which words are looked for
# Where the reference may stand: the envelope's recipient as mail servers write it down, and the thread.
_ADDRESSED = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "In-Reply-To", "References")
_RETURNED = ("Message-ID", "Return-Path", "X-MS-Exchange-Parent-Message-Id")
# Of several recipients of one message, the mildest news counts: then somebody got it.
_ACTIONS = {"delivered": Kind.DELIVERED, "relayed": Kind.DELIVERED, "expanded": Kind.DELIVERED, "delayed": Kind.DELAYED}
_MILDEST_FIRST = (Kind.DELIVERED, Kind.DELAYED, Kind.SOFT_BOUNCE, Kind.REJECTED, Kind.HARD_BOUNCE, Kind.UNKNOWN)
# Feedback types (RFC 5965, 7.3, and custom); others, such as “not-spam” and “auth-failure”, stay unknown.
_FEEDBACK = {
    "abuse": Kind.COMPLAINT,
    "fraud": Kind.COMPLAINT,
    "other": Kind.COMPLAINT,
    "opt-out": Kind.UNSUBSCRIBED,
    "opt-out-list": Kind.UNSUBSCRIBED,
    "unsubscribe": Kind.UNSUBSCRIBED,
}
_MACHINES = re.compile(r"mailer-daemon|postmaster|mail delivery (?:sub)?system|mailzustell", re.IGNORECASE)
_DELAYED = re.compile(
    r"(?:has|been|is) (?:been )?delayed|not yet been delivered|will (?:continue|keep) (?:to try|trying)|"
    r"still being (?:re)?tried|warning (?:message )?only|noch nicht zugestellt|verzögert|weiterhin versucht",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"(?:could not|cannot|can't|couldn't|unable to|wasn't|was not|not able to) (?:be )?deliver|undeliver|"
    r"permanent (?:fatal )?error|returned mail|delivery (?:has )?failed|failure notice|failed permanently|unzustellbar|"
    r"nicht zugestellt|zustellung fehlgeschlagen",
    re.IGNORECASE,
)
# Where a plain report begins to quote the message it returns.
_COPY = re.compile(
    r"^.{0,60}(?:copy of the message|original message|ursprüngliche nachricht|unsent message|message header).{0,60}$|"
    r"^-{5,20}[^\n]{0,80}message[^\n]{0,80}-{5}",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"^[>\s]{0,4}Message-ID:[ \t]*(\S.{0,200})$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Report:
    """One genuine report about the message with this id."""

    message_id: int
    kind: Kind
    event_id: str
    happened_at: dt.datetime
    detail: str
    raw: str


def read(content: bytes, at: dt.datetime) -> Report | None:
    """What a mail reports, judged at `at`; None for what is no report, or not provably about a message of ours."""
    content = content[:LONGEST]
    mail = email.message_from_bytes(content, policy=email.policy.compat32)
    if (message_id := _reference(mail)) is None:
        return None
    if (news := _complaint(mail) or _status(mail) or _plain(mail)) is None:
        return None
    kind, detail = news
    event_id = str(mail.get("Message-ID") or "").strip() or hashlib.sha256(content).hexdigest()
    raw = content.decode(errors="replace")
    return Report(message_id, kind, f"{message_id} {event_id}", _happened_at(mail, at), detail, raw)


def _reference(mail: Message) -> int | None:
    """The message of ours, by the first genuine reference where one may stand."""
    places = [str(value) for name in _ADDRESSED for value in mail.get_all(name, [])]
    for part in mail.walk():
        if part is not mail:
            places += [str(value) for name in _RETURNED for value in part.get_all(name, [])]
        if part.get_content_type() == "message/feedback-report":
            places += [value for fields in _blocks(part) for value in fields.values()]
        elif part.get_content_maintype() == "text":  # the returned headers, or a plain report with its copy
            places += _MESSAGE_ID.findall(_text(part))
    return references.read("\n".join(places))


def _complaint(mail: Message) -> tuple[Kind, str] | None:
    """ARF: somebody pressed “this is spam”, or asked their provider to end it."""
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            fields = {name: value for block in _blocks(part) for name, value in block.items()}
            kind = fields.get("feedback-type", "").strip().lower()
            return _FEEDBACK.get(kind, Kind.UNKNOWN), f"feedback: {kind}"
    return None


def _status(mail: Message) -> tuple[Kind, str] | None:
    """DSN: the mildest of what is said of each recipient."""
    for part in mail.walk():
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            told = [_recipient(fields) for fields in _blocks(part) if {"action", "status"} & fields.keys()]
            return min(told, key=lambda news: _MILDEST_FIRST.index(news[0]), default=None)
    return None


def _recipient(fields: dict[str, str]) -> tuple[Kind, str]:
    action = fields.get("action", "").split("(")[0].strip().lower()
    status = statuses.enhanced_in(fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "").partition(";")[2].strip()
    detail = " ".join(each for each in (status, diagnostic) if each) or action
    if not action:
        action = {"2": "delivered", "4": "delayed", "5": "failed"}.get(status[:1], "")
    if action == "failed":
        return statuses.of_failure(status, diagnostic), detail
    return _ACTIONS.get(action, Kind.UNKNOWN), detail


def _plain(mail: Message) -> tuple[Kind, str] | None:
    """A report in words alone, as qmail, Exim and some big houses write them; None for mail that no machine wrote."""
    # “Auto-Submitted” tells nothing: Postfix and Exim call their reports what holiday notes call themselves.
    if not (_MACHINES.search(str(mail.get("From", ""))) or mail.get("X-Failed-Recipients")):
        return None
    body = next((_text(part) for part in mail.walk() if part.get_content_maintype() == "text"), "")
    if copy := _COPY.search(body, 1):
        body = body[: copy.start()]
    words = f"{mail.get('Subject', '')} {' '.join(re.sub(r'<[^>]{0,200}>', ' ', body).split())}"
    if _DELAYED.search(words):
        return Kind.DELAYED, statuses.enhanced_in(words)
    if mail.get("X-Failed-Recipients") or _FAILED.search(words):
        return statuses.of_failure("", words), _sentence(words)
    return Kind.UNKNOWN, _sentence(words)


def _sentence(words: str) -> str:
    """From the first code on, where there is one: what a person would look for."""
    code = statuses.enhanced_in(words)
    return words[max(0, words.find(code) - 5) :] if code else words


def _blocks(part: Message) -> Iterator[dict[str, str]]:
    """The groups of fields of a machine-readable part, names in lower case; one block a recipient."""
    payload = part.get_payload()
    if isinstance(payload, str):  # some servers encode it, or the parser found nothing to part
        payload = [email.message_from_string(group) for group in re.split(r"\n\s*\n", _text(part).strip())]
    for group in payload:
        yield {name.lower(): " ".join(str(value).split()) for name, value in group.items()}


def _text(part: Message) -> str:
    """The beginning of a text, whatever it says of its own encoding."""
    content = part.get_payload(decode=True) or b""
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")[:_LONGEST_WORDS]
    except LookupError:
        return content.decode("utf-8", errors="replace")[:_LONGEST_WORDS]


def _happened_at(mail: Message, at: dt.datetime) -> dt.datetime:
    """The report's own date, unless it is none or lies in the future."""
    try:
        said = email.utils.parsedate_to_datetime(str(mail.get("Date")))
    except (ValueError, OverflowError):
        return at
    return min(at, said if said.tzinfo else said.replace(tzinfo=dt.UTC))
