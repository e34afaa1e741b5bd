"""A small real IMAP server for tests: the commands that reading a mailbox needs, and a hang-up on demand."""

import asyncio
import re
import shlex
import threading

from tests.sink import free_port


class ImapServer:
    """`folders`: name → {uid: mail}. `hangs_up_at`: the command (“UID COPY”) at which it breaks off, once."""

    def __init__(self, delimiter: str = ".", has_uidplus: bool = True) -> None:
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": {}}
        self.delimiter, self.has_uidplus = delimiter, has_uidplus
        self.hangs_up_at = ""
        self.commands: list[str] = []
        self.port = free_port()
        self._deleted: set[int] = set()
        self._next_uid = 1
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._is_up = threading.Event()

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        for mail in mails:
            self.folders[folder][self._next_uid] = mail
            self._next_uid += 1

    def mails(self, folder: str) -> list[bytes]:
        return list(self.folders.get(folder, {}).values())

    @property
    def undeleted(self) -> list[bytes]:
        """What is in the inbox and not marked as deleted."""
        return [mail for uid, mail in self.folders["INBOX"].items() if uid not in self._deleted]

    def start(self) -> None:
        self._thread.start()
        self._is_up.wait(5)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", self.port))
        self._is_up.set()
        self._loop.run_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            name = re.match(r"(?:UID )?[A-Z]+", command.upper())[0]
            self.commands.append(name)
            if name == self.hangs_up_at:
                self.hangs_up_at = ""
                break
            words = shlex.split(command.replace("\\", "\\\\"))
            writer.write(self._answer(name, words[len(name.split()) :], command) + f"{tag} ".encode())
            writer.write(self._verdict(name, words[len(name.split()) :]))
            if name == "LOGOUT":
                break
            await writer.drain()
        writer.close()

    def _verdict(self, name: str, words: list[str]) -> bytes:
        if name == "LOGIN" and words != ["bounces", "pass word"]:
            return b"NO [AUTHENTICATIONFAILED] wrong\r\n"
        if name == "CREATE" and words[0] in self.folders:
            return b"NO [ALREADYEXISTS] there already\r\n"
        if name == "CREATE":
            self.folders[words[0]] = {}
        if name in ("SELECT", "UID COPY") and words[-1] not in self.folders:
            return b"NO [TRYCREATE] no such mailbox\r\n"
        if name == "UID COPY" and (mail := self.folders["INBOX"].get(int(words[0]))) is not None:
            self.deliver(mail, folder=words[1])
        return b"OK done\r\n"

    def _answer(self, name: str, words: list[str], command: str) -> bytes:
        inbox = self.folders["INBOX"]
        if name == "CAPABILITY":
            return b"* CAPABILITY IMAP4REV1" + (b" UIDPLUS" if self.has_uidplus else b"") + b"\r\n"
        if name == "SELECT":
            return f"* {len(inbox)} EXISTS\r\n".encode()
        if name == "LIST":
            return f'* LIST (\\HasChildren) "{self.delimiter}" {words[-1]}\r\n'.encode()
        if name == "UID SEARCH":
            return f"* SEARCH {' '.join(str(uid) for uid in inbox if uid not in self._deleted)}\r\n".encode()
        if name == "UID FETCH" and (mail := inbox.get(int(words[0]))) is not None:
            most = int(re.search(r"<0\.(\d+)>", command)[1])
            part = mail[:most]
            return f"* 1 FETCH (UID {words[0]} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n"
        if name == "UID STORE":
            self._deleted.add(int(words[0]))
        if name in ("UID EXPUNGE", "EXPUNGE"):
            for uid in {int(words[0])} & self._deleted if words else set(self._deleted):
                inbox.pop(uid, None)
        return b""
