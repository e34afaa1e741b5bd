"""Outgoing HTTP that cannot be turned inward, whatever address somebody typed or a name server answers.

https to ports that the settings allow, no redirects, no proxies, no name and password in the address. A host is
resolved once, every address of it is judged, and the connection goes to the address that was judged: a name server that
answers differently the second time is never asked. Time and size are bounded.

`OUTGOING_HTTP_LOOPBACK` lets tests reach servers of their own on this machine: http, any port, loopback only.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from django.conf import settings

SECONDS = 10  # until connected, and again until the whole reply is there
LONGEST_REPLY = 1_000_000  # bytes

_ODD = re.compile(r"[^\x21-\x7e]|\\")  # parsers disagree about what these do to a host
_UNICAST = ipaddress.ip_network("2000::/3")
_RELAYED = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32")))  # 6to4, Teredo: IPv4 addresses in disguise


class Refused(Exception):
    """An address that we do not talk to. Nothing was sent."""


class Unreached(Exception):
    """There is no connection. Nothing was sent."""


class NoReply(Exception):
    """Something was sent, and what came back is no reply: nobody knows what the other side made of it."""


class Reply(NamedTuple):
    status: int
    body: bytes


class Connection:
    """One connection to the origin of `url`, for one request. Raises Refused where the address may not be called."""

    def __init__(self, url: str) -> None:
        self.is_tls, self.host, self.port, self.path = _parts(url)
        self._http: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def open(self) -> None:
        """Connect, if not connected. Raises Refused or Unreached; nothing was said to anybody then."""
        if self._http:
            return
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.default_port = 443 if self.is_tls else 80  # which the Host header leaves out
        connection.auto_open = False  # it must never connect by itself: that would resolve the name again
        try:
            connection.sock = self._connected()
        except (OSError, UnicodeError) as error:
            raise Unreached(f"{type(error).__name__}: {error}") from error
        self._http = connection

    def close(self) -> None:
        if self._http:
            self._http.close()
            self._http = None

    def send(self, method: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """One request over the open connection, which is closed afterwards. A redirect is a reply like any other.

        Raises NoReply on silence, a broken connection, a reply that is no HTTP, and one of more than LONGEST_REPLY.
        """
        if not self._http:
            raise Unreached("not connected")
        try:
            with _in_time(self._http.sock):
                self._http.request(method, self.path, body, {"Connection": "close", **(headers or {})})
                response = self._http.getresponse()
                content = response.read(LONGEST_REPLY + 1)
        except (OSError, http.client.HTTPException) as error:
            raise NoReply(f"{type(error).__name__}: {error}") from error
        finally:
            self.close()
        if len(content) > LONGEST_REPLY or (response.length or 0) > 0:
            raise NoReply("the reply is too long or was cut off")
        return Reply(response.status, content)

    def _connected(self) -> socket.socket:
        failure = OSError("the host has no address")
        for family, address in _judged(self.host, self.port, self.is_tls):
            try:
                return self._connected_to(family, address)
            except OSError as error:
                failure = error
        raise failure

    def _connected_to(self, family: socket.AddressFamily, address: tuple) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(SECONDS)
            sock.connect(address)
            if self.is_tls:
                tls = ssl.create_default_context()
                sock = tls.wrap_socket(sock, server_hostname=self.host, do_handshake_on_connect=False)
                with _in_time(sock):
                    sock.do_handshake()
            return sock
        except BaseException:
            sock.close()
            raise


@contextmanager
def _in_time(sock: socket.socket) -> Iterator[None]:
    """Hang up after SECONDS in all. The timeout of a socket starts anew with each byte, so a slow drip would last."""
    alarm = threading.Timer(SECONDS, _hang_up, (sock,))
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # it may just have ended by itself
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _parts(url: str) -> tuple[bool, str, int, str]:
    """Whether it is TLS, and host, port and path with query. Raises Refused."""
    if _ODD.search(url):
        raise Refused("the address holds characters that no address has")
    try:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
    except ValueError as error:
        raise Refused(f"this is no address: {error}") from None
    if not is_tls and not (parts.scheme == "http" and settings.OUTGOING_HTTP_LOOPBACK):
        raise Refused(f"only https is spoken, not “{parts.scheme}”")
    if not parts.hostname:
        raise Refused("the address names no host")
    if parts.username is not None or parts.password is not None:
        raise Refused("a name or password has no place in an address")
    if port not in settings.OUTGOING_HTTP_PORTS and not settings.OUTGOING_HTTP_LOOPBACK:
        raise Refused(f"port {port} is not called")
    return is_tls, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _judged(host: str, port: int, is_tls: bool) -> list[tuple[socket.AddressFamily, tuple]]:
    """The addresses of a host, resolved once. One of them inside is enough to refuse them all: nobody mixes the two."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_kind, address in found:
        ip = ipaddress.ip_address(address[0])
        is_outside = is_public(ip) and is_tls and port in settings.OUTGOING_HTTP_PORTS
        if not is_outside and not (settings.OUTGOING_HTTP_LOOPBACK and ip.is_loopback):
            raise Refused(f"{host} leads to {ip}, which is not called")
    return [(family, address) for family, _type, _protocol, _name, address in found]


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is somebody else's on the internet: not private, shared, local, reserved or for many."""
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_multicast or not ip.is_global:
        return False
    return ip.version == 4 or (ip in _UNICAST and not any(ip in network for network in _RELAYED))
