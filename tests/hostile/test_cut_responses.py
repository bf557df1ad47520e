"""A response that was cut off is never taken for a whole one, wherever the cut is."""

import contextlib
import http.client as http_client
import socket
import ssl

import httplib2
import modern_httplib2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin, ResponseLostError
from httplib2_oauthlib._http.responses import CompletenessResponse

from .clients import ask
from .examples import EXAMPLES
from .faults import OAUTH

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = HEAD + b'000a\r\n{"edit":"O\r\n0013;a=b\r\nK","newrevid":1234}\r\n00\r\n\r\n'
LAST_CHUNKS = [
    b"0",
    b"00",
    b"0\r",
    b"-0\r\n\r\n",
    b"+0\r\n\r\n",
    b"0x0\r\n\r\n",
    b"0_0\r\n\r\n",
    b"\r\n\r\n",
    b";x\r\n\r\n",
]


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http leaves the parsing of HTTP to h11."""


class OwnResponse(http_client.HTTPResponse):
    """A response class of a framework."""


class OwnReadResponse(http_client.HTTPResponse):
    """A response class of a framework that overrides read()."""

    def read(self, amt=None):
        return super().read(amt)


class OwnBeginResponse(http_client.HTTPResponse):
    """A response class of a framework that overrides begin()."""

    def begin(self, **limits):
        super().begin(**limits)


def make_response(*args, **kwargs):
    return OwnResponse(*args, **kwargs)


RESPONSE_CLASSES = [None, OwnResponse, OwnReadResponse, OwnBeginResponse, staticmethod(make_response)]


@pytest.fixture(params=["plain", "tls"])
def context(request, tls):
    """The TLS context of a server, or None."""
    return tls if request.param == "tls" else None


def sends(raw):
    return lambda _: lambda connection: connection.sendall(raw)


def cut_points():
    """Return the places where a chunked response may be cut off. It is whole after the line of the last chunk."""
    end = len(CHUNKED) - 2
    return [point if point > len(HEAD) else pytest.param(point, marks=pytest.mark.slow) for point in range(1, end)]


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("point", cut_points())
def test_a_chunked_response_that_was_cut_off_anywhere_is_a_loss(serve, client, kind, point):
    server = serve(sends(CHUNKED[:point]))
    with pytest.raises(ResponseLostError):
        ask(client(kind=kind), server, "POST")


def test_a_whole_chunked_response_with_leading_zeros_is_read(serve, client, context):
    server = serve(lambda _: CHUNKED, tls=context)
    for oauth in (OAUTH, None):
        http = client(oauth=oauth)
        assert [ask(http, server, method)[1] for method in ("POST", "GET")] == [b'{"edit":"OK","newrevid":1234}'] * 2
    assert server.connections == 2


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("last", LAST_CHUNKS)
@pytest.mark.parametrize("content", [b"", b"5\r\nhello\r\n"])
def test_a_line_that_is_not_the_last_chunk_does_not_end_a_body(serve, client, context, kind, last, content):
    server = serve(sends(HEAD + content + last), tls=context)
    with pytest.raises(ResponseLostError):
        ask(client(kind=kind), server, "POST")
    with pytest.raises(http_client.HTTPException):
        ask(client(kind=kind, oauth=None), server, "GET")


@pytest.mark.parametrize(
    "end", [b"0\r\nTrailer: x\r\n\r\n", b"000 \r\n-0: x\r\n\r\n", b"0;a=b\n\n", b"0\r\n0: 0\r\n0\r\n\r\n"]
)
def test_a_trailer_ends_with_its_blank_line(serve, client, end):
    """The next response over the connection begins after it."""
    server = serve(lambda _: HEAD + b"5\r\nhello\r\n" + end)
    http = client()
    assert [ask(http, server, method)[1] for method in ("POST", "GET", "POST")] == [b"hello"] * 3
    assert server.connections == 1


chunk_texts = st.lists(
    st.sampled_from(
        [b"0", b"5", b"a", b"-", b"+", b"x", b"_", b" ", b"\t", b";", b"\r\n", b"\n", b"hello", b"0\r\n\r\n"]
    ),
    max_size=12,
).map(b"".join)


def read_all(response_class, raw, pieces):
    client, server = socket.socketpair()
    with client, server:
        server.sendall(raw)
        server.shutdown(socket.SHUT_WR)
        response = response_class(client, method="GET")
        try:
            response.begin()
            if pieces is None:
                return response.read()
            return b"".join(iter(lambda: response.read(pieces), b""))
        except (http_client.HTTPException, ValueError) as error:
            return type(error)
        finally:
            response.close()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_chunked_body_is_read_as_http_client_reads_it_or_is_an_error(examples):
    @settings(max_examples=2 * examples)
    @given(text=chunk_texts, pieces=st.sampled_from([None, 1, 3]))
    def check(text, pieces):
        ours, plain = (
            read_all(response_class, HEAD + text, pieces) for response_class in (CompletenessResponse, OwnResponse)
        )
        assert ours == plain or issubclass(ours, http_client.IncompleteRead)
        if isinstance(ours, bytes) and pieces is None:
            assert b"0\r\n" in text or b"0\n" in text or b"0 " in text or b"0;" in text or b"0\t" in text

    check()


@pytest.mark.parametrize("own", RESPONSE_CLASSES)
@pytest.mark.parametrize("raw", [CHUNKED[:20], CHUNKED[: len(HEAD)], CHUNKED[: len(HEAD) + 1], CHUNKED[:-7]])
@pytest.mark.parametrize("signed", [True, False])
def test_a_connections_own_response_class_keeps_the_promise(serve, client, own, raw, signed):
    class Connection(httplib2.HTTPConnectionWithTimeout):
        response_class = own or http_client.HTTPResponse

    server = serve(sends(raw))
    http = client(oauth=OAUTH if signed else None)
    for _ in range(2):
        with pytest.raises(ResponseLostError if signed else http_client.HTTPException):
            http.request(server.uri(), "POST", "a", connection_type=Connection)


@pytest.mark.parametrize("own", RESPONSE_CLASSES)
def test_a_connections_own_response_class_reads_whole_responses(serve, client, own):
    class Connection(httplib2.HTTPConnectionWithTimeout):
        response_class = own or http_client.HTTPResponse

    server = serve(lambda _: CHUNKED)
    http = client()
    for method in ("POST", "GET", "DELETE"):
        assert http.request(server.uri(), method, connection_type=Connection)[1] == b'{"edit":"OK","newrevid":1234}'
    assert server.connections == 1


def without_length(announces_end):
    def play(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        if announces_end:
            # The client may have closed its side.
            with contextlib.suppress(OSError):
                connection.unwrap()

    return lambda _: play


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
def test_the_end_of_tls_without_close_notify_is_a_cut(serve, client, tls, kind):
    server = serve(without_length(announces_end=False), tls=tls)
    with pytest.raises(ResponseLostError, match="broke off"):
        ask(client(kind=kind), server, "POST")
    for oauth in (OAUTH, None):
        with pytest.raises((http_client.IncompleteRead, ssl.SSLError)):
            ask(client(kind=kind, oauth=oauth), server, "GET")


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
def test_the_end_of_tls_with_close_notify_is_the_end_of_a_response(serve, client, tls, kind):
    server = serve(without_length(announces_end=True), tls=tls)
    for oauth in (OAUTH, None):
        assert [ask(client(kind=kind, oauth=oauth), server, m)[1] for m in ("GET", "POST")] == [b"half"] * 2


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
def test_a_response_of_known_length_needs_no_close_notify(serve, client, tls, kind):
    for raw in (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhalf", HEAD + b"4\r\nhalf\r\n0\r\n\r\n"):
        server = serve(sends(raw), tls=tls)
        assert [ask(client(kind=kind), server, method)[1] for method in ("GET", "POST")] == [b"half"] * 2
