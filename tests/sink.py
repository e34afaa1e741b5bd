"""A real SMTP server for tests: records what it accepted, and answers what it was told to answer."""

import asyncio
import email
import email.policy
import logging
import socket
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class _Server(SMTP):
    async def push(self, status) -> None:
        greeting = self.event_handler.greeting
        await super().push(greeting if greeting and str(status).startswith("220") else status)

    async def smtp_DATA(self, arg) -> None:
        if self.event_handler.hangs_up_at_data:
            self.transport.abort()
        else:
            await super().smtp_DATA(arg)

    def _create_session(self) -> Session:
        session = super()._create_session()
        session.mails = 0
        return session


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


class SmtpSink:
    """`mails` in the order of arrival; `tried` every recipient that was named, refused or not."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.tried: list[str] = []
        self.replies: dict[str, str] = {}  # recipient → what RCPT TO is answered, such as "451 4.3.0 later"
        self.sender_reply = "250 OK"
        self.hangs_up = False  # after the final dot, before the 250
        self.hangs_up_at_data = False  # instead of saying 354
        self.greeting = ""  # instead of 220
        self.mails_per_connection = 0  # then MAIL FROM is answered 421; 0: no limit
        self.takes_commands_at_once = True  # PIPELINING
        self.seconds_per_mail = 0.0
        self.port = free_port()
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)

    def start(self) -> None:
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop(no_assert=True)

    @property
    def recipients(self) -> list[str]:
        return [mail["X-RcptTo"] for mail in self.mails]

    async def handle_EHLO(self, server, session, envelope, hostname, responses) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.takes_commands_at_once else responses

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:
        if self.mails_per_connection and session.mails == self.mails_per_connection:
            return "421 4.7.0 too many mails over this connection"
        session.mails += 1
        if self.sender_reply.startswith("250"):
            envelope.mail_from = address
        return self.sender_reply

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        self.tried.append(address)
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        await asyncio.sleep(self.seconds_per_mail)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        mail["X-MailFrom"], mail["X-RcptTo"] = envelope.mail_from, ", ".join(envelope.rcpt_tos)
        self.mails.append(mail)
        if self.hangs_up:
            server.transport.abort()
        return "250 OK"
