"""Mail: to a mail server over one connection per run, or through whatever mail backend Django is told to use.

With a mail server we speak SMTP ourselves, because what follows from a lost connection depends on where it was lost:
before the final dot nothing can have arrived, after it nobody knows.
"""

import datetime as dt
import io
import smtplib
import socket
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

from ..models import DeliveryEvent, OutgoingMessage
from . import letters, statuses
from .letters import Letter
from .outcomes import Outcome, State, Unreachable
from .pauses import SENDER_REFUSED


class Envelope(NamedTuple):
    sender: str
    recipient: str
    data: bytes


class _Reading(socket.SocketIO):
    """A socket's bytes, for as long as the reply may take as a whole; TimeoutError after that."""

    ends_at = 0.0  # of the monotonic clock

    def readinto(self, buffer: memoryview) -> int | None:
        left = self.ends_at - monotonic()
        if left <= 0:
            raise TimeoutError("the reply was not complete in time")
        patience = self._sock.gettimeout()
        self._sock.settimeout(left)
        try:
            return super().readinto(buffer)
        finally:
            self._sock.settimeout(patience)


class _Punctual:
    """smtplib waits so long for each byte; we wait so long for a reply, or a server could hold a sender for hours."""

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self._reading = _Reading(self.sock, "r")
            self.file = io.BufferedReader(self._reading)
        self._reading.ends_at = monotonic() + self.timeout
        return super().getreply()


class _Smtp(_Punctual, smtplib.SMTP):
    pass


class _SmtpOverTls(_Punctual, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpOverTls if self.use_ssl else _Smtp


class Channel:
    """Every mail's way out; SMTP where Django's backend is the SMTP one."""

    def __init__(self) -> None:
        self.backend = get_connection()
        self.is_smtp = isinstance(self.backend, EmailBackend)
        if self.is_smtp:
            self.backend = _Backend()
        self._is_fresh = False
        self._announced: Envelope | None = None

    def compose(self, message: OutgoingMessage, now: dt.datetime) -> Envelope | EmailMessage:
        letter = letters.letter_of(message, now)
        if not self.is_smtp:
            return _for_backend(letter, self.backend)
        data = letter.as_bytes().replace(b"\r\n.", b"\r\n..")  # RFC 5321, 4.5.2
        return Envelope(letters.envelope_sender(letter), letters.addressed(letter.to), data)

    def open(self) -> None:
        if not self.is_smtp:
            self.backend.open()
        elif self.backend.connection is None or self.backend.connection.sock is None:
            self.backend.connection = None
            try:
                self.backend.open()
                self.backend.connection.ehlo_or_helo_if_needed()
            except (smtplib.SMTPException, OSError) as error:
                self._hang_up()  # or a login that failed would pass for an open connection
                raise Unreachable(f"{type(error).__name__}: {error}") from error
            self._is_fresh = True

    def announce(self, letter: Envelope | EmailMessage) -> None:
        """Sender, recipient, and that the mail follows, in one go, where the server takes that (PIPELINING, RFC 2920).

        The addresses hold no line breaks; see `letters.addressed`.
        """
        if self.is_smtp and self.backend.connection.has_extn("pipelining"):
            self._announced = letter
            try:
                self.backend.connection.send("".join(_commands(letter)))
            except (smtplib.SMTPException, OSError):
                self._hang_up()

    def take_back(self) -> None:
        """The server waits for a mail: to hang up is the only way to say that none comes."""
        if self.is_smtp and self._announced:
            self._hang_up()

    def hand_over(self, letter: Envelope | EmailMessage, meanwhile: Callable[[], None]) -> Outcome:
        if not self.is_smtp:
            return _by_backend(self.backend, letter)
        self.open()
        outcome = self._speak(letter, meanwhile)
        if outcome is None:  # the server had closed an idle or well-used connection: once more over a new one
            self.open()
            self.announce(letter)
            outcome = self._speak(letter, meanwhile)
        self._is_fresh = False
        return outcome or Outcome(State.DEFERRED, "the mail server hung up")

    def close(self) -> None:
        if not self.is_smtp:
            self.backend.close()
        elif self.backend.connection is not None:
            try:
                if self.backend.connection.sock is not None:
                    self.backend.connection.quit()
            except (smtplib.SMTPException, OSError):
                pass
            self._hang_up()

    def _speak(self, letter: Envelope, meanwhile: Callable[[], None]) -> Outcome | None:
        """One mail. None if a connection that was used before turned out to be closed: nothing was said of this one."""
        smtp = self.backend.connection
        try:
            refusal = self._introduce(letter)
            if refusal and refusal[:2] == (SENDER_REFUSED, 421) and not self._is_fresh:
                self._hang_up()
                return None
            if refusal:
                return self._refused(*refusal)
            smtp.send(letter.data + b".\r\n")
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Outcome(State.DEFERRED, f"{type(error).__name__}: {error}") if self._is_fresh else None
        meanwhile()
        try:
            code, reply = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            return Outcome(State.UNKNOWN, f"{type(error).__name__}: {error}")
        return Outcome(State.ACCEPTED) if code == 250 else self._refused("", code, reply)

    def _introduce(self, letter: Envelope) -> tuple[str, int, bytes] | None:
        """Until the server waits for the mail; the first refusal, if there is one. Announced: one wait, else three."""
        smtp, refusal = self.backend.connection, None
        is_announced, self._announced = self._announced is letter, None
        for command, (wanted, whose) in zip(_commands(letter), _WANTED, strict=True):
            if not is_announced:
                smtp.send(command)
            code, reply = smtp.getreply()
            if refusal and code == 354:  # no recipient, and yet it waits for the mail: an empty one, which it refuses
                smtp.send(".\r\n")
                smtp.getreply()
            refusal = refusal or (None if code in wanted else (whose, code, reply))
            if refusal and (refusal[1] == 421 or not is_announced):
                break
        return refusal

    def _refused(self, whose: str, code: int, reply: bytes) -> Outcome:
        """4xx: later; anything else: for good. The connection goes on where the server agrees."""
        try:
            if code == 421 or self.backend.connection.rset()[0] != 250:
                self._hang_up()
        except (smtplib.SMTPException, OSError):
            self._hang_up()
        said = f"{code} {reply.decode(errors='replace')}"
        state = State.DEFERRED if 400 <= code < 500 else State.FAILED
        is_final = state == State.FAILED and not whose
        is_bad = is_final and statuses.of_failure("", said) == DeliveryEvent.Kind.HARD_BOUNCE
        return Outcome(state, whose + said, is_bad_address=is_bad)

    def _hang_up(self) -> None:
        self._announced = None
        if self.backend.connection is not None:
            self.backend.connection.close()
            self.backend.connection = None


_WANTED = (({250}, SENDER_REFUSED), ({250, 251}, ""), ({354}, ""))


def _commands(letter: Envelope) -> tuple[str, str, str]:
    return f"MAIL FROM:<{letter.sender}>\r\n", f"RCPT TO:<{letter.recipient}>\r\n", "DATA\r\n"


def _for_backend(letter: Letter, backend: object) -> EmailMessage:
    email = letter.as_email()
    email.message()  # raises here, and not on the way, for a header that cannot be written
    if type(backend).__module__.startswith("anymail."):
        email.metadata = {"reference": letter.reference}  # comes back with what the provider reports
    return email


def _by_backend(backend: object, email: EmailMessage) -> Outcome:
    """What a provider's API answered, in our words; backends that merely store a mail accept everything."""
    try:
        backend.send_messages([email])
    except AnymailRecipientsRefused as error:
        return Outcome(State.FAILED, f"refused by the provider: {_first_line(error)}")
    except AnymailAPIError as error:
        return _api_error(error)
    except (AnymailError, ValueError) as error:
        return Outcome(State.FAILED, _first_line(error))
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(State.UNKNOWN, f"{type(error).__name__}: {error}")
    if not (status := getattr(email, "anymail_status", None)):
        return Outcome(State.ACCEPTED)
    told = next(iter(status.recipients.values()), None)
    if told is None or told.status not in ("sent", "queued"):
        return Outcome(State.UNKNOWN, "the provider did not say what became of it")
    return Outcome(State.ACCEPTED, provider_id=(told.message_id or "")[:120])


def _api_error(error: AnymailAPIError) -> Outcome:
    """Refused with a status: known. Never connected, or our key refused: nobody was asked. All else: unknown."""
    status = getattr(error, "status_code", None)
    said = _first_line(error)
    if status in (401, 403) or isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in str(error):
        raise Unreachable(said) from error
    if status in (429, 503):
        return Outcome(State.DEFERRED, said)
    if status and 400 <= status < 500:
        return Outcome(State.FAILED, said)
    return Outcome(State.UNKNOWN, said)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
