"""A server's refusal of an upload that has not arrived yet is returned, and the upload is sent once."""

import contextlib
import io
import socket
import ssl
import time

import modern_httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1Http, OAuth1Mixin, ResponseLostError

from ..servers import Listener, close
from .faults import OAUTH

UPLOAD = b"x" * 8_000_000
IMAGE = {"Content-Type": "image/png"}


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http reads an early response by itself."""


class RefusesEarly(Listener):
    """A server that reads the head of a request and responds. It never reads the whole of a large body.

    Args:
        response: The response. Without one, the server closes the connection.
        tls: The TLS context, or None.
        seconds: How long the server waits before it closes the connection.

    Attributes:
        seen: The targets of the requests, in the order of their arrival.
    """

    def __init__(self, response, tls=None, seconds=0.1):
        self.response, self.tls, self.seconds, self.seen = response, tls, seconds, []
        super().__init__()
        self.uri = f"{'https' if tls else 'http'}://localhost:{self.port}/"

    def _talk(self, connection):
        with contextlib.suppress(OSError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            self.seen.append(head.split(b" ")[1].decode())
            if b"/small" in head:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall")
            elif self.response:
                connection.sendall(self.response)
                time.sleep(self.seconds)
                if not isinstance(connection, ssl.SSLSocket):
                    connection.shutdown(socket.SHUT_WR)
                time.sleep(self.seconds)
        with contextlib.suppress(OSError):
            close(connection)


@pytest.fixture(params=["plain", "tls"])
def refuse(request, tls):
    """Start servers that refuse early: ``refuse(response, seconds=0.1)``."""
    servers = []

    def start(response, seconds=0.1):
        servers.append(RefusesEarly(response, tls if request.param == "tls" else None, seconds))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def refusal(status, headers="Connection: close\r\n"):
    return f"HTTP/1.1 {status} No\r\n{headers}Content-Length: 7\r\n\r\ntoo big".encode()


BODIES = {
    "bytes": lambda: UPLOAD,
    "file": lambda: io.BytesIO(UPLOAD),
    "iterator": lambda: iter([UPLOAD[:1_000_000]] * 8),
    "list": lambda: [UPLOAD[:1_000_000]] * 8,
}


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("body", BODIES)
def test_an_early_refusal_is_returned_and_the_upload_sent_once(refuse, client, kind, oauth, body):
    server = refuse(refusal(413))
    response, content = client(kind=kind, oauth=oauth).request(server.uri, "POST", BODIES[body](), IMAGE)
    assert (response.status, content) == (413, b"too big")
    assert server.seen == ["/"]


@pytest.mark.parametrize("status", [400, 401, 403, 408, 413, 429, 500, 503])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_each_early_refusal_is_returned(refuse, client, status, method):
    server = refuse(refusal(status))
    response, content = client().request(server.uri, method, UPLOAD, IMAGE)
    assert (response.status, content, server.seen) == (status, b"too big", ["/"])


@pytest.mark.parametrize(
    "raw",
    [
        refusal(413, headers=""),
        b"HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ntoo big\r\n0\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" + refusal(413),
    ],
    ids=["keep-alive", "chunked", "after an interim response"],
)
@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
def test_the_connection_of_an_early_refusal_is_not_used_again(refuse, client, raw, oauth):
    """The server still waits for the rest of the upload there."""
    server = refuse(raw)
    http = client(oauth=oauth)
    assert http.request(server.uri, "POST", UPLOAD, IMAGE)[1] == b"too big"
    assert http.request(f"{server.uri}small", "POST", b"x")[1] == b"small"
    assert (server.seen, server.connections) == (["/", "/small"], 2)


def test_a_server_that_stops_reading_and_waits_has_refused(refuse, client):
    server = refuse(refusal(413), seconds=2)
    response, content = client(timeout=0.5).request(server.uri, "POST", UPLOAD, IMAGE)
    assert (response.status, content, server.seen) == (413, b"too big", ["/"])


def test_an_early_refusal_in_a_pool_is_returned(refuse, ca_certs):
    server = refuse(refusal(413))
    with HttpPool(OAuth1Http(timeout=10, oauth=OAUTH, ca_certs=ca_certs), size=1) as pool:
        assert pool.request(server.uri, "POST", UPLOAD, IMAGE)[0].status == 413
        assert pool.request(f"{server.uri}small")[1] == b"small"


@pytest.mark.parametrize("raw", [b"HTTP/1.1 413 N", b"\x16\x03\x01 nonsense\r\n\r\n", b"HTTP/1.1 103 Early\r\n\r\n"])
def test_half_a_head_is_no_early_refusal(refuse, client, raw):
    server = refuse(raw)
    with pytest.raises(ResponseLostError):
        client().request(server.uri, "POST", iter([UPLOAD]), IMAGE)
    assert server.seen == ["/"]


def test_an_early_refusal_that_breaks_off_is_a_loss(refuse, client):
    server = refuse(refusal(413)[:-3])
    with pytest.raises(ResponseLostError, match="413") as caught:
        client().request(server.uri, "POST", UPLOAD, IMAGE)
    assert caught.value.response.status == 413
    assert server.seen == ["/"]


def test_an_upload_without_an_early_response_is_a_loss(refuse, client):
    server = refuse(b"")
    with pytest.raises(ResponseLostError):
        client().request(server.uri, "POST", iter([UPLOAD]), IMAGE)
    assert server.seen == ["/"]
