"""Interim (1xx) responses are skipped, and no response is taken for the response to another request."""

import http.client as http_client
import threading
import time

import modern_httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuth1Mixin, ResponseLostError

from .. import reference
from ..servers import Server, answer
from .faults import FORM, NONCE_USED, OAUTH

INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.css>\r\n\r\n",
    "103 with a length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    "199": b"HTTP/1.1 199\r\nX: y\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 102 Processing\r\n\r\n",
    "bare line ends": b"HTTP/1.1 103 Early Hints\nLink: x\n\n",
    "100, then 103": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    "103, then 100": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\nA: b\r\n\r\n",
    "ten": b"HTTP/1.1 102 Processing\r\nContent-Encoding: gzip\r\n\r\n" * 10,
}
# h11 accepts no bare line ends.
MODERN = [name for name in INTERIM if name != "bare line ends"]


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http leaves the parsing of HTTP to h11."""


KINDS = [(OAuth1Http, name) for name in INTERIM] + [(ModernHttp, name) for name in MODERN]


class InPieces(Server):
    """A server that sends the interim responses, and then says who asked for what. It sends all in pieces.

    Args:
        interim: The interim responses.
        size: The size of a piece.
    """

    def __init__(self, interim, size, tls):
        self.interim, self.size = interim, size
        super().__init__(says_who_asked, tls=tls)

    def _converse(self, connection):
        with connection.makefile("rb") as reader:
            while (received := self._read(reader)) is not None:
                self.received.append(received)
                whole = self.interim + self.handler(received)
                for start in range(0, len(whole), self.size):
                    connection.sendall(whole[start : start + self.size])
                    time.sleep(0 if self.size >= len(whole) else 0.001)


def says_who_asked(received):
    user = "nobody"
    if "authorization" in received.headers:
        user = reference.protocol_parameters(received)["oauth_token"]
    whole = answer(f"{user} {received.method} {received.target}")
    return whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if received.method == "HEAD" else whole


@pytest.fixture(params=["plain", "tls"])
def context(request, tls):
    """The TLS context of a server, or None."""
    return tls if request.param == "tls" else None


@pytest.fixture
def start(context):
    """Start servers that send interim responses: ``start(interim, size=10_000)``."""
    servers = []

    def begin(interim, size=10_000):
        servers.append(InPieces(interim, size, context))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def user(name):
    return name and OAuth1("client", "client secret", name, "token secret")


@pytest.mark.parametrize("size", [10_000, 29, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_each_request_gets_its_own_response(start, client, kind, name, size):
    server = start(INTERIM[name], size)
    http = client(kind=kind)
    for number, (who, method) in enumerate(
        [("ALICE", "POST"), ("BOB", "GET"), (None, "GET"), (None, "POST"), ("ALICE", "HEAD"), ("BOB", "DELETE")]
    ):
        http.oauth = user(who)
        body = "a=1" if method == "POST" else None
        response, content = http.request(server.uri(f"/{number}"), method, body, FORM if body else {})
        assert response.status == 200
        assert "link" not in response
        assert method == "HEAD" or content == f"{who or 'nobody'} {method} /{number}".encode()
    assert len(server.received) == 6


@pytest.mark.parametrize("name", ["102", "103", "ten"])
def test_users_of_a_pool_get_their_own_responses(start, name, ca_certs):
    server = start(INTERIM[name])
    with HttpPool(OAuth1Http(timeout=10, ca_certs=ca_certs), size=1) as pool:
        for who in ("ALICE", "BOB", None, "ALICE"):
            pool.oauth = user(who)
            assert pool.request(server.uri("/x"), "POST", "a=1", FORM)[1].decode() == f"{who or 'nobody'} POST /x"


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("signed", [True, False])
def test_a_second_response_in_one_segment_answers_no_request(serve, context, client, kind, signed):
    server = serve(lambda received: answer(received.target) + answer("for nobody"), tls=context)
    http = client(kind=kind, oauth=OAUTH if signed else None)
    for number in range(6):
        assert http.request(server.uri(f"/{number}"), ("GET", "POST")[number % 2])[1].decode() == f"/{number}"
    assert len(server.received) == 6


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
def test_a_second_response_answers_no_request_of_another_thread(serve, context, client, kind):
    server = serve(lambda received: answer(received.target) + answer("for nobody"), tls=context)
    inner = client(kind=kind)
    http = HttpPool(inner, size=4) if kind is OAuth1Http else inner
    wrong = []

    def work(thread):
        for number in range(20):
            target = f"/{thread}/{number}"
            if http.request(server.uri(target))[1].decode() != target:
                wrong.append(target)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(server.received) >= 80


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("headers", [{}, {"Upgrade": "x", "Connection": "upgrade"}], ids=["not asked", "asked"])
def test_a_switch_of_protocols_is_an_error(serve, context, client, kind, headers):
    acted = []

    def handler(received):
        if "authorization" in received.headers:
            nonce = reference.protocol_parameters(received)["oauth_nonce"]
            if nonce in acted:
                return NONCE_USED
            acted.append(nonce)
        return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + answer("later")

    server = serve(handler, tls=context)
    http = client(kind=kind)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", {**FORM, **headers})
    assert len(acted) == 1
    http.oauth = None
    with pytest.raises(http_client.HTTPException):
        http.request(server.uri(), headers=headers)


@pytest.mark.parametrize("signed", [True, False])
def test_a_connection_that_ends_after_an_interim_response_is_a_loss(serve, context, client, signed):
    server = serve(lambda _: lambda connection: connection.sendall(INTERIM["103"]), tls=context)
    http = client(oauth=OAUTH if signed else None)
    with pytest.raises(ResponseLostError if signed else http_client.RemoteDisconnected):
        http.request(server.uri(), "POST", "a=1", FORM)


@pytest.mark.parametrize("length", range(0, 38, 3))
def test_a_head_that_is_cut_off_after_an_interim_response_is_a_loss(serve, client, length):
    cut = INTERIM["103"] + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[:length]
    server = serve(lambda _: lambda connection: connection.sendall(cut))
    with pytest.raises(ResponseLostError):
        client().request(server.uri(), "POST", "a=1", FORM)


def test_interim_responses_without_end_are_an_error(serve, client):
    def play(connection):
        while True:
            connection.sendall(INTERIM["102"] * 100)

    with pytest.raises(http_client.HTTPException):
        client(oauth=None).request(serve(lambda _: play).uri())
