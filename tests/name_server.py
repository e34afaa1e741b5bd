"""A little DNS server on loopback: real messages over UDP, what it says is up to the test."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SILENT = "(no answer)"
FAILS = "(server failure)"


class NameServer:
    """Answers from `zone`, {(name, kind): [records as in a zone file]}; of anything else there is no such name."""

    def __init__(self, zone: dict[tuple[str, str], list[str] | str]) -> None:
        self.zone, self.asked = zone, []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wire, sender = self._socket.recvfrom(4096)
            if not wire:
                return
            if (reply := self._reply(dns.message.from_wire(wire))) is not None:
                self._socket.sendto(reply.to_wire(), sender)

    def _reply(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        found = self.zone.get((name, kind))
        if found == SILENT:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if found == FAILS:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif name not in {known for known, _kind in self.zone}:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            host, port = self.address.split(":")
            sender.sendto(b"", (host, int(port)))
        self._thread.join(5)
        self._socket.close()
