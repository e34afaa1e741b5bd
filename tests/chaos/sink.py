"""A mail server in a process of its own, which outlives everything that is killed around it.

It writes one JSON line for each mail that it took whole, before it says 250, and does what `orders.json` beside the
journal tells it to do: {"seconds_per_mail": 0.03, "reply": "451 4.3.0 later" | null, "hangs_up_every": 0}.
"""

import asyncio
import email
import json
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from aiosmtpd.smtp import SMTP

from tests.installation import ROOT, wait_until
from tests.sink import free_port


class Handler:
    def __init__(self, folder: Path) -> None:
        self.folder, self.taken = folder, 0
        self.journal = (folder / "journal.jsonl").open("a", buffering=1)

    def orders(self) -> dict:
        return json.loads((self.folder / "orders.json").read_text())

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if reply := self.orders().get("reply"):
            self._note(kind="refused", to=address)
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        orders = self.orders()
        await asyncio.sleep(orders.get("seconds_per_mail", 0))
        self.taken += 1
        hangs_up = orders.get("hangs_up_every") and self.taken % orders["hangs_up_every"] == 0
        message_id = email.message_from_bytes(envelope.content)["Message-ID"]
        self._note(kind="taken", to=envelope.rcpt_tos[0], id=message_id, hung_up=bool(hangs_up))
        if hangs_up:
            server.transport.abort()
        return "250 OK"

    def _note(self, **what) -> None:
        self.journal.write(json.dumps({"at": time.time(), **what}) + "\n")


class Sink:
    """The process, seen from outside."""

    def __init__(self, folder: Path, **orders) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.order(**orders)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.sink", str(folder), str(self.port)], cwd=ROOT
        )
        wait_until(lambda: (folder / "journal.jsonl").exists(), 15)

    def order(self, **orders) -> None:
        draft = self.folder / "orders.draft"
        draft.write_text(json.dumps(orders))
        draft.rename(self.folder / "orders.json")

    def lines(self, kind: str = "taken") -> list[dict]:
        lines = [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def doubles(self) -> list[str]:
        """Recipients and Message-IDs that were taken more than once."""
        taken = self.lines()
        counts = Counter(line["to"] for line in taken) + Counter(line["id"] for line in taken)
        return sorted(what for what, times in counts.items() if times > 1)

    def longest_silence(self, began: float) -> float:
        """Seconds between two mails, the wait for the first one included."""
        times = [began, *(line["at"] for line in self.lines())]
        return max((after - before for before, after in pairwise(times)), default=0.0)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


async def serve(folder: Path, port: int) -> None:
    handler = Handler(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="sink", loop=loop), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
