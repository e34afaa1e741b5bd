"""A load generator of one thread: keep-alive connections over `select`, requests as bytes, latencies in seconds.

It costs as little as Python can, for it runs on the same two cores as what it measures; and it measures the limit and
the product alike, so that ratios hold.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

END = b"\r\n\r\n"

# What one client does: it yields requests and is sent the replies (status, head, body), until it returns.
Script = Iterator[bytes]


@dataclass
class Outcome:
    """How long each script took, from its planned start on; how often each status came; how long all of it took."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.address, self.socket, self.buffer, self.script, self.started = address, None, b"", None, 0.0
        self.used = 0.0

    def connect(self) -> None:
        if self.socket:
            self.socket.close()
        self.socket, self.buffer = socket.create_connection(self.address), b""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Servers hang up after two seconds of silence: a connection that was idle for one is made anew."""
        now = time.perf_counter()
        if now - self.used > 1:
            self.connect()
        self.used = now
        self.socket.sendall(request)

    def reply(self) -> tuple[int, bytes, bytes, bool] | None:
        """Status, head, body and whether the server keeps the connection, once the reply is there as a whole."""
        received = self.socket.recv(262_144)
        if not received:
            raise ConnectionError("the server hung up in mid-reply")
        self.buffer += received
        head, end, rest = self.buffer.partition(END)
        if not end:
            return None
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if len(rest) < length:
            return None
        self.buffer = b""
        return int(head[9:12]), head, rest[:length], b"connection: close" not in lowered


def run(address: tuple[str, int], scripts: Callable[[], Script | None], clients: int, rate: float = 0) -> Outcome:
    """Play scripts on so many connections until there are no more; with a `rate`, so many begin in a second.

    With a rate, a script that has to wait for a free connection is late, and its latency says so.
    """
    outcome, selector, begun = Outcome(), selectors.DefaultSelector(), time.perf_counter()
    idle = [_Connection(address) for _ in range(clients)]
    busy = started = 0
    next_script = scripts()
    while next_script is not None or busy:
        now = time.perf_counter()
        while next_script is not None and idle and (not rate or begun + started / rate <= now):
            connection = idle.pop()
            connection.script, connection.started = next_script, begun + started / rate if rate else now
            connection.send(next(connection.script))
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            busy, started, next_script = busy + 1, started + 1, scripts()
        wait = max(0.0, begun + started / rate - time.perf_counter()) if rate and idle and next_script else None
        for key, _ in selector.select(wait if busy else (wait or 0)):
            connection = key.data
            reply = connection.reply()
            if reply is None:
                continue
            status, head, body, stays = reply
            outcome.statuses[status] += 1
            if not stays:
                selector.unregister(connection.socket)
                connection.connect()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.used = time.perf_counter()
            try:
                connection.socket.sendall(connection.script.send((status, head, body)))
            except StopIteration:
                outcome.latencies.append(time.perf_counter() - connection.started)
                selector.unregister(connection.socket)
                idle.append(connection)
                busy -= 1
    for connection in idle:
        if connection.socket:
            connection.socket.close()
    outcome.seconds = time.perf_counter() - begun
    return outcome


def get(path: str, *headers: str) -> bytes:
    return _request("GET", path, headers, b"")


def post(path: str, body: bytes, *headers: str) -> bytes:
    return _request("POST", path, (*headers, "Content-Type: application/x-www-form-urlencoded"), body)


def _request(method: str, path: str, headers: tuple[str, ...], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "User-Agent: bench", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END + body
