"""A mailbox of files: one .eml per message, readable by any mail program. For demo and for trying out."""

import re
from pathlib import Path

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class EmlBackend(BaseEmailBackend):
    """Writes each message to `EMAIL_FILE_PATH`, named by time and Message-ID: sorted by name is sorted by time."""

    def send_messages(self, email_messages) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(parents=True, exist_ok=True)
        for email in email_messages:
            message = email.message()
            name = re.sub(r"[^\w.-]", "", str(message["Message-ID"]).split("@")[0])
            (folder / f"{timezone.now():%Y%m%dT%H%M%S}-{name}.eml").write_bytes(message.as_bytes(linesep="\r\n"))
        return len(email_messages)
