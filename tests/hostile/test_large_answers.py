"""Token endpoints and identities of any size: the client reads a bounded part of them, decompressed size included."""

import functools
import gzip
import tracemalloc
import zlib

import httplib2
import modern_httplib2
import pytest
from google.auth.credentials import AnonymousCredentials
from google_auth_httplib2 import AuthorizedHttp

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuth1Mixin, mediawiki
from httplib2_oauthlib.errors import HandshakeError
from httplib2_oauthlib.handshake import Handshake

from ..servers import answer

MB = 1_000_000
OAUTH = OAuth1("client", "client-secret")
GOOD = "oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true"


class Modern(OAuth1Mixin, modern_httplib2.Http):
    pass


HTTPS = {
    "none": lambda: None,
    "OAuth1Http": lambda: OAuth1Http(timeout=10),
    "httplib2": lambda: httplib2.Http(timeout=10),
    "pool": lambda: HttpPool(OAuth1Http(timeout=10), size=1),
    "plain pool": lambda: HttpPool(httplib2.Http(timeout=10), size=1),
    "modern": lambda: Modern(timeout=10),
    "plain modern": lambda: modern_httplib2.Http(timeout=10),
    "wrapped": lambda: AuthorizedHttp(AnonymousCredentials(), OAuth1Http(timeout=10)),
}


def compressed(data, window):
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    return compressor.compress(data) + compressor.flush()


def chunked(data):
    pieces = [data[start : start + 60_000] for start in range(0, len(data), 60_000)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


@functools.cache
def large(body):
    """Return a response. Made when a test asks for it, since compressing 40 MB takes a while."""
    plain = b"a=1&" * (10 * MB)
    if body == "gzip":
        return answer(gzip.compress(plain), Content_Encoding="gzip")
    if body == "two members":
        return answer(gzip.compress(b"a=1&") + gzip.compress(plain), Content_Encoding="gzip")
    if body == "zlib":
        return answer(zlib.compress(plain, 9), Content_Encoding="deflate")
    if body == "deflate":
        return answer(compressed(plain, -15), Content_Encoding="deflate")
    if body == "one byte too many":
        return answer(b"a" * (MB + 1))
    return {"plain": answer, "chunked": chunked}[body](plain[: 30 * MB])


ANSWERS = ("plain", "chunked", "one byte too many", "gzip", "two members", "zlib", "deflate")


@pytest.fixture(params=HTTPS)
def make_http(request):
    return HTTPS[request.param]


def handshake_at(server, http):
    return Handshake(server.uri("/a"), server.uri("/b"), server.uri("/c"), OAUTH, http)


@pytest.mark.parametrize("body", ANSWERS)
def test_a_large_response_of_a_token_endpoint_costs_little_memory(serve, make_http, body):
    response = large(body)
    server = serve(lambda _: response)
    handshake = handshake_at(server, make_http())
    tracemalloc.start()
    try:
        with pytest.raises(HandshakeError, match="larger than 1 MB") as caught:
            handshake.temporary_credentials()
        with pytest.raises(HandshakeError, match="larger than 1 MB"):
            handshake.token_credentials(("a", "b"), "verifier")
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "answer"


@pytest.mark.parametrize("body", ANSWERS)
def test_a_large_identity_costs_little_memory(serve, body):
    response = large(body)
    server = serve(lambda _: response)
    tracemalloc.start()
    try:
        with pytest.raises(HandshakeError, match="an identity: the response is larger than 1 MB"):
            mediawiki.identify(server.uri("/index.php"), ("a", "b"), ("c", "d"), user_agent="a test")
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("cut", [1, 10, -1])
def test_a_response_that_can_not_be_decompressed_is_a_handshake_error(serve, make_http, encoding, cut):
    whole = gzip.compress(GOOD.encode()) if encoding == "gzip" else zlib.compress(GOOD.encode())
    server = serve(lambda _: answer(whole[:cut], Content_Encoding=encoding))
    with pytest.raises(HandshakeError, match="could not be decompressed"):
        handshake_at(server, make_http()).temporary_credentials()


@pytest.mark.parametrize("padding", [0, MB - len(GOOD) - 3])
@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_a_response_of_up_to_a_megabyte_is_read(serve, make_http, padding, encoding):
    body = f"{GOOD}&x={'y' * padding}".encode()
    body = {"": body, "gzip": gzip.compress(body), "deflate": zlib.compress(body)}[encoding]
    headers = {"Content_Encoding": encoding} if encoding else {}
    server = serve(lambda _: answer(body, **headers))
    handshake = handshake_at(server, make_http())
    for _ in range(2):
        assert handshake.temporary_credentials() == ("a", "b")
        assert len(handshake.extra["x"]) == padding


def test_the_connection_of_a_large_response_is_not_used_again(serve, make_http):
    """The rest of the response would be taken for the next one."""
    bodies = iter([large("plain"), answer(GOOD)])
    server = serve(lambda _: next(bodies))
    handshake = handshake_at(server, make_http())
    with pytest.raises(HandshakeError):
        handshake.temporary_credentials()
    assert handshake.temporary_credentials() == ("a", "b")
    assert server.connections == 2


@pytest.mark.parametrize("name", ["OAuth1Http", "httplib2", "modern", "plain modern"])
def test_other_requests_of_the_same_http_have_no_limit(serve, name):
    http = HTTPS[name]()
    server = serve(lambda received: answer(b"x" * 3 * MB) if received.target == "/large" else answer(GOOD))
    handshake_at(server, http).temporary_credentials()
    assert len(http.request(server.uri("/large"))[1]) == 3 * MB
    assert "_conn_request" not in vars(http)


def test_a_response_that_was_cut_off_holds_no_credentials(serve, make_http):
    """Half a secret would look like a whole one."""
    whole = answer(f"{GOOD}&x=y")
    server = serve(lambda _: lambda connection: connection.sendall(whole[:-10]))
    with pytest.raises(Exception) as caught:  # noqa: PT011 (each httplib2 has its own error)
        handshake_at(server, make_http()).temporary_credentials()
    assert "incomplete" in f"{type(caught.value).__name__} {caught.value}".lower()
