"""Outgoing calls reach servers of others, never ours: with real servers on this machine and a name server that lies."""

import http.server
import ipaddress
import re
import socket
import ssl
import threading
import time

import pytest

from surveys import safe_http
from surveys.safe_http import Connection, NoReply, Refused, Unreached
from tests.sink import free_port

REAL_GETADDRINFO = socket.getaddrinfo
PUBLIC = "93.184.215.14"
# Of these tests only: provider.example vouches for itself.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSQe/vz6BQnMr2yHQ
/jjHO7DNgL8eEz+zsOS95CzgUY+hRANCAASbnv1ti70nuemKQr/yKYDuFYs9YA4A
s7W9cKUuNnwpSGOXcgV18pRBNnqt6q70WJl2sC2T+JbJKIjEwpS7+HpX
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBVzCB/aADAgECAgEBMAoGCCqGSM49BAMCMBsxGTAXBgNVBAMMEHByb3ZpZGVy
LmV4YW1wbGUwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBsxGTAX
BgNVBAMMEHByb3ZpZGVyLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASbnv1ti70nuemKQr/yKYDuFYs9YA4As7W9cKUuNnwpSGOXcgV18pRBNnqt6q70
WJl2sC2T+JbJKIjEwpS7+HpXozAwLjAbBgNVHREEFDASghBwcm92aWRlci5leGFt
cGxlMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAOsICcnLys/3
2PccuskDOpeCQvOCxSZxboUnf7z6j4ybAiEA9KtDKXaUdtcevLdqbk6u3HH1wbI6
fxgS/K//49Mn/zo=
-----END CERTIFICATE-----
"""


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def is_whole(request: bytes) -> bool:
    """Whether head and body are there; the body may come in a packet of its own."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


class Listener:
    """Counts the connections it is given, and says what it was told to say, byte by byte if `drip` seconds are set."""

    def __init__(self, says: bytes = b"", drip: float = 0):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections, self.heard = 0, b""
        self.says, self.drip = says, drip
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _address = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer):
        with peer:
            heard = b""
            while not is_whole(heard):
                if not (more := peer.recv(65536)):
                    return
                heard += more
            self.heard = heard
            try:
                for byte in self.says if self.drip else []:
                    time.sleep(self.drip)
                    peer.sendall(bytes([byte]))
                peer.sendall(b"" if self.drip else self.says)
            except OSError:
                pass

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"


@pytest.fixture
def listener():
    made = []

    def make(*args, **kwargs):
        made.append(Listener(*args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.socket.close()


@pytest.fixture
def loopback(settings):
    settings.OUTGOING_HTTP_LOOPBACK = True


@pytest.fixture
def resolver(monkeypatch):
    """A name server of the test's own: each question to a host takes the next of its answers."""
    answers, asked = {}, []

    def getaddrinfo(host, port, *args, **kwargs):
        asked.append(host)
        addresses = answers[host].pop(0) if host in answers else [host]
        return [found for ip in addresses for found in REAL_GETADDRINFO(ip, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers, asked


def ok(body: bytes, status: str = "200 OK", headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), headers, body)


# --- Whom we may call ---


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "169.254.169.254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fd00::1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[64:ff9b::127.0.0.1]",
        "[ff02::1]",
    ],
)
def test_an_address_inside_is_refused_however_it_is_written(settings, listener, host):
    inside = listener(ok(b"secret"))
    settings.OUTGOING_HTTP_PORTS = [443, inside.port]
    with pytest.raises(Refused, match="which is not called"):
        Connection(f"https://{host}:{inside.port}/").open()
    assert inside.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "ftp://example.org/",
        "//example.org/",
        "example.org",
        "https:///path",
        "https://user@example.org/",
        "https://user:pass@example.org/",
        "https://example.org@127.0.0.1/",
        "https://@127.0.0.1/",
        "https://example.org:22/",
        "https://example.org:25/",
        "https://example.org:80/",
        "https://example.org:5432/",
        "https://example.org:6379/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nHost: inside",
        "https://exa mple.org/",
        "https://exämple.org/",
        "https://[::1/",
        "",
    ],
)
def test_only_https_to_allowed_ports_without_name_or_password(url):
    with pytest.raises(Refused):
        Connection(url)


def test_a_configured_port_is_called(settings):
    settings.OUTGOING_HTTP_PORTS = [443, 8443]
    assert Connection("https://example.org:8443/a?b=c").path == "/a?b=c"


@pytest.mark.parametrize("ip", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_others_are_public(ip):
    assert safe_http.is_public(ipaddress.ip_address(ip)) is True


def test_a_name_server_that_changes_its_mind_is_not_asked_again(settings, listener, resolver):
    """DNS rebinding: public when it is checked, inside when it would be looked up again."""
    answers, asked = resolver
    inside = listener(ok(b"secret"))
    settings.OUTGOING_HTTP_PORTS = [inside.port]
    answers["rebind.example"] = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    # The guard of the tests stops us at the public address: that is where the connection goes.
    with pytest.raises(AssertionError, match=rf"tried to reach \('{PUBLIC}', {inside.port}\)"):
        Connection(f"https://rebind.example:{inside.port}/").open()
    assert (asked.count("rebind.example"), inside.connections) == (1, 0)


def test_a_trailing_dot_changes_nothing(settings, listener, resolver):
    answers, _asked = resolver
    inside = listener(ok(b"secret"))
    settings.OUTGOING_HTTP_PORTS = [inside.port]
    answers["localhost."] = [["127.0.0.1"]]  # some resolvers know it, others do not
    with pytest.raises(Refused):
        Connection(f"https://localhost.:{inside.port}/").open()
    assert inside.connections == 0


def test_one_address_inside_among_public_ones_refuses_them_all(settings, listener, resolver):
    answers, _asked = resolver
    inside = listener(ok(b"secret"))
    settings.OUTGOING_HTTP_PORTS = [inside.port]
    answers["mixed.example"] = [[PUBLIC, "127.0.0.1"]]
    with pytest.raises(Refused, match=r"leads to 127\.0\.0\.1"):
        Connection(f"https://mixed.example:{inside.port}/").open()
    assert inside.connections == 0


def test_the_setting_for_tests_opens_loopback_and_nothing_else(loopback, listener, resolver):
    answers, _asked = resolver
    here = listener(ok(b"hello"))
    with Connection(here.url) as connection:
        assert connection.send("GET") == (200, b"hello")
    answers["outside.example"] = [[PUBLIC]]
    for url in ("http://outside.example/", "http://10.0.0.1/", f"https://outside.example:{here.port}/"):
        answers["outside.example"] = [[PUBLIC]]
        with pytest.raises(Refused):
            Connection(url).open()


# --- What comes back ---


def test_a_redirect_is_a_reply_and_is_not_followed(loopback, listener):
    inside = listener(ok(b"secret"))
    outside = listener(ok(b"", "302 Found", f"Location: {inside.url}\r\n".encode()))
    with Connection(outside.url) as connection:
        assert connection.send("POST", b"x=1").status == 302
    assert (outside.connections, inside.connections) == (1, 0)


def test_what_is_sent_arrives_as_it_is(loopback, listener):
    server = listener(ok(b"{}"))
    with Connection(f"{server.url}path?q=1") as connection:
        connection.send("POST", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})
    head, _, body = server.heard.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert (lines[0], body) == ("POST /path?q=1 HTTP/1.1", b"a=b")
    assert {f"Host: 127.0.0.1:{server.port}", "Connection: close", "Content-Length: 3"} <= set(lines)


def test_a_proxy_of_the_environment_is_not_used(loopback, listener, monkeypatch):
    proxy, server = listener(ok(b"proxied")), listener(ok(b"direct"))
    monkeypatch.setenv("http_proxy", proxy.url)
    with Connection(server.url) as connection:
        assert connection.send("GET").body == b"direct"
    assert proxy.connections == 0


def test_nobody_listening_is_unreached(loopback):
    with pytest.raises(Unreached, match="ConnectionRefusedError"):
        Connection(f"http://127.0.0.1:{free_port()}/").open()


def test_a_name_that_is_none_is_unreached():
    with pytest.raises(Unreached):
        Connection(f"https://{'a' * 70}.example/").open()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort",
    ],
    ids=["hangs up", "no HTTP", "cut off", "cut off in a chunk"],
)
def test_a_broken_reply_is_none(loopback, listener, said):
    with pytest.raises(NoReply), Connection(listener(said).url) as connection:
        connection.send("POST", b"x")


def test_a_reply_longer_than_we_read_is_none(loopback, listener, monkeypatch):
    monkeypatch.setattr(safe_http, "LONGEST_REPLY", 10)
    with Connection(listener(ok(b"x" * 10)).url) as connection:
        assert connection.send("GET").body == b"x" * 10
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 11  # names no length
    for said in (ok(b"x" * 11), endless):
        with pytest.raises(NoReply, match="too long"), Connection(listener(said).url) as connection:
            connection.send("GET")


@pytest.mark.parametrize("drip", [0.1, 60], ids=["a byte now and then", "silence"])
def test_a_slow_server_is_left_in_time(loopback, listener, monkeypatch, drip):
    monkeypatch.setattr(safe_http, "SECONDS", 0.5)
    server = listener(ok(b"x" * 100), drip=drip)
    began = time.monotonic()
    with pytest.raises(NoReply), Connection(server.url) as connection:
        connection.send("GET")
    assert time.monotonic() - began < 5  # fifteen seconds for the whole drip


@pytest.fixture
def tls_server(tmp_path):
    """A real one for provider.example, with a certificate that vouches for itself."""
    (tmp_path / "both.pem").write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_port, str(tmp_path / "both.pem")
    server.shutdown()
    server.server_close()


def test_only_a_certificate_for_that_very_name_opens_the_line(loopback, tls_server, resolver, monkeypatch):
    answers, _asked = resolver
    port, certificate = tls_server

    def call(host):
        answers[host] = [["127.0.0.1"]]
        with Connection(f"https://{host}:{port}/") as connection:
            return connection.send("GET").status

    with pytest.raises(Unreached, match="CERTIFICATE_VERIFY_FAILED"):
        call("provider.example")
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    assert call("provider.example") == 204
    with pytest.raises(Unreached, match="Hostname mismatch"):
        call("other.example")


def test_one_connection_carries_one_request(loopback):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    connection = Connection(f"http://127.0.0.1:{server.server_port}/")
    connection.open()
    assert connection.send("GET").status == 204
    with pytest.raises(Unreached):
        connection.send("GET")
    connection.open()
    assert connection.send("GET").status == 204
    server.shutdown()
    server.server_close()
