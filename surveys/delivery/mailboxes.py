"""The mailbox into which bounces and complaints fall: on an IMAP server, or a maildir on this machine.

A mail stays in the inbox until it is dealt with, and then moves to a folder beside it. Nothing is deleted. Whoever dies
in between finds the mail again: dealing with it twice does nothing twice.
"""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

DONE = "done"
OTHER = "other"  # no report about a message of ours, or unreadable: for a person to look at
TIMEOUT = 20  # seconds without a word from the server
MOST = 200  # mails a visit; the rest waits for the next one, so that a flood does not hold up sending


class Unreachable(Exception):
    """The mailbox cannot be opened, or went away midway. What was not dealt with is still there."""


class Mailbox(Protocol):
    def mails(self, most_bytes: int) -> Iterator[tuple[str, bytes]]:
        """(key, beginning of the mail) of what lies in the inbox, oldest first."""

    def put_away(self, key: str, folder: str) -> None:
        """Out of the inbox, into `done` or `other`."""


@contextmanager
def opened(address: str) -> Iterator[Mailbox]:
    """The mailbox at imaps://name:password@host/INBOX or maildir:///path. Raises Unreachable, also from within."""
    url = urlsplit(address)
    try:
        if url.scheme == "maildir":
            yield Maildir(Path(unquote(url.path)))
        else:
            with _logged_in(address) as server:
                yield Imap(server, unquote(url.path.strip("/")) or "INBOX")
    except (imaplib.IMAP4.error, OSError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


class Maildir:
    """Moves by renaming: a mail is in one place or the other, never in both."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not (path / "new").is_dir():  # we make none: nobody would deliver into it
            raise FileNotFoundError(f"{path} is no maildir")

    def mails(self, most_bytes: int) -> Iterator[tuple[str, bytes]]:
        files = [file for part in ("new", "cur") for file in (self._path / part).glob("[!.]*")]
        for file in sorted(files, key=lambda file: file.name)[:MOST]:  # names begin with the second of delivery
            with contextlib.suppress(FileNotFoundError):  # another worker was faster
                with file.open("rb") as opened_file:
                    content = opened_file.read(most_bytes)
                yield str(file.relative_to(self._path)), content

    def put_away(self, key: str, folder: str) -> None:
        away = self._path / f".{folder}"
        for part in ("new", "cur", "tmp"):
            (away / part).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (self._path / key).rename(away / "cur" / f"{Path(key).name.partition(':')[0]}:2,S")


class Imap:
    """Works with UIDs, which other readers of the mailbox do not shift."""

    def __init__(self, server: imaplib.IMAP4, inbox: str) -> None:
        self._server = server
        self._check(server.select(_quoted(inbox)))
        listed = str(self._check(server.list('""', _quoted(inbox))))
        found = re.search(r'\) "?([^"\s])"? ', listed)  # what separates levels: “.” here, “/” there
        self._away = {folder: _quoted(f"{inbox}{found[1] if found else '/'}{folder}") for folder in (DONE, OTHER)}
        for name in self._away.values():
            server.create(name)  # refused where it is there already

    def mails(self, most_bytes: int) -> Iterator[tuple[str, bytes]]:
        uids = self._check(self._server.uid("SEARCH", "UNDELETED"))[0] or b""
        for uid in uids.decode().split()[:MOST]:
            answer = self._check(self._server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{most_bytes}>)"))
            content = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if content is not None:  # else another worker was faster
                yield uid, content

    def put_away(self, key: str, folder: str) -> None:
        self._check(self._server.uid("COPY", key, self._away[folder]))
        self._check(self._server.uid("STORE", key, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._server.capabilities:
            self._check(self._server.uid("EXPUNGE", key))
        else:
            self._check(self._server.expunge())

    @staticmethod
    def _check(answer: tuple[str, list]) -> list:
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(str(answer[1])[:200])
        return answer[1]


@contextmanager
def _logged_in(address: str) -> Iterator[imaplib.IMAP4]:
    url = urlsplit(address)
    if url.scheme == "imaps":
        context = ssl.create_default_context()
        server = imaplib.IMAP4_SSL(url.hostname, url.port or 993, ssl_context=context, timeout=TIMEOUT)
    else:
        server = imaplib.IMAP4(url.hostname, url.port or 143, timeout=TIMEOUT)
    try:
        server.login(unquote(url.username or ""), unquote(url.password or ""))
        yield server
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            server.logout()


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
