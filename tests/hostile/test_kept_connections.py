"""Connections that are kept for the next request: none delivers a response to another request."""

import contextlib
import gc
import weakref

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Mixin

from ..servers import answer
from . import faults
from .clients import ask, named, settle, slow_except
from .faults import SAFE, UNSAFE


@pytest.mark.parametrize("fault", faults.AFTERWARDS, ids=named)
@pytest.mark.parametrize("method", slow_except(["GET", "POST", "DELETE"], SAFE + UNSAFE))
@pytest.mark.parametrize("size", [10, 3_000_000], ids=["small", "large"])
def test_a_connection_that_went_stale_is_replaced_before_sending(server, client, acting, fault, method, size):
    """A large body would meet the closed connection halfway, and httplib2 would give up."""
    http = client()
    acting.faults["before"] = [fault]
    assert ask(http, server, "POST", "before")[1] == b"done before"
    if fault not in (faults.one_more_answer, faults.rubbish):
        assert settle(http)
    body = b"x" * size if method in ("POST", "PUT", "PATCH") else None
    response, content = http.request(server.uri("/?one"), method, body, {"Content-Type": "image/png"} if body else {})
    assert (response.status, content) == (200, b"" if method == "HEAD" else b"done one")
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 1)


def test_an_interrupt_leaves_no_response_for_the_next_request(serve, client):
    """Control-C and every other error that isn't an Exception are raised unchanged."""

    class Interrupted(httplib2.HTTPConnectionWithTimeout):
        interrupts = True

        def getresponse(self):
            if Interrupted.interrupts:
                Interrupted.interrupts = False
                assert settle(http)  # The response has arrived.
                raise KeyboardInterrupt
            return super().getresponse()

    server, http = serve(lambda received: answer(received.target)), client()
    with pytest.raises(KeyboardInterrupt):
        http.request(server.uri("/one"), "POST", connection_type=Interrupted)
    assert http.request(server.uri("/two"), "POST")[1] == b"/two"
    assert sorted(each.target for each in server.received) == ["/one", "/two"]


def test_a_whole_response_keeps_its_connection_if_a_framework_rejects_it(serve, client):
    class Minds(httplib2.Http):
        def _conn_request(self, *args):
            response, _ = super()._conn_request(*args)
            raise httplib2.HttpLib2Error(f"minds {response.status}")

    http, server = client(kind=type("Ours", (OAuth1Mixin, Minds), {})), serve()
    for _ in range(3):
        with pytest.raises(httplib2.HttpLib2Error, match="minds 200"):
            ask(http, server, "POST")
    assert server.connections == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_data_that_openssl_has_buffered_is_not_read_as_the_next_response(serve, tls, client, method):
    """http.client reads 8192 bytes of two responses that arrive together. The rest stays inside OpenSSL."""
    first = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    length = 8192 - len(first % 8000)
    two = first % length + b"x" * length + answer("to nobody")
    server = serve(lambda received: two if received.target == "/?before" else answer("mine"), tls=tls)
    http = client()
    ask(http, server, "GET", "before")
    assert ask(http, server, method)[1] == b"mine"


@pytest.mark.parametrize(
    "fault", [faults.whole, faults.half_a_body, faults.stall_within, faults.negative_chunk], ids=named
)
@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
def test_no_request_leaves_its_socket_open(serve, client, acting, method, fault):
    """Garbage collection is off, so no reference cycle may keep a socket open either."""
    sockets = []

    class Watched(httplib2.HTTPConnectionWithTimeout):
        def connect(self):
            super().connect()
            sockets.append(weakref.ref(self.sock))

    server = serve(acting, keep_alive=False)
    acting.faults["one"] = [fault, fault]
    http = client(timeout=0.2)
    gc.disable()
    try:
        with contextlib.suppress(Exception):
            http.request(server.uri("/?one"), method, connection_type=Watched)
        assert [each() for each in sockets if each() is not None and each().fileno() >= 0] == []
    finally:
        gc.enable()
