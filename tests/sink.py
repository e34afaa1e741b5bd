"""A real SMTP server for tests: records what it accepted, and answers what it was told to answer."""

import asyncio
import email
import email.policy
import logging
import socket
from email.message import EmailMessage

from aiosmtpd.controller import Controller


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SmtpSink:
    """`mails` in the order of arrival; `tried` every recipient that was named, refused or not."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.tried: list[str] = []
        self.replies: dict[str, str] = {}  # recipient → what RCPT TO is answered, such as "451 4.3.0 later"
        self.sender_reply = "250 OK"
        self.hangs_up = False  # after the final dot, before the 250
        self.seconds_per_mail = 0.0
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def start(self) -> None:
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop(no_assert=True)

    @property
    def recipients(self) -> list[str]:
        return [mail["X-RcptTo"] for mail in self.mails]

    async def handle_MAIL(self, server, session, envelope, address, options) -> str:
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
