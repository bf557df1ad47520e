"""A response that can't be decompressed is a loss if the server may have acted, and one error elsewhere."""

import gzip
import zlib
from functools import cache

import httplib2
import modern_httplib2
import pytest

from httplib2_oauthlib import HandshakeError, OAuth1Http, OAuth1Mixin, ResponseLostError, mediawiki
from httplib2_oauthlib.__main__ import main
from httplib2_oauthlib.handshake import Handshake

from ..servers import answer, in_turn
from .clients import ask
from .faults import OAUTH, UNSAFE

CONSUMER = ("key", "secret")
TEXT = b'{"edit":{"result":"Success"}}' * 40
# httplib2 0.22 has no limit on the size of a body.
HAS_LIMITS = not httplib2.__version__.startswith("0.22")
NO_GZIP = {
    "text": ("gzip", b"this is not compressed"),
    "damaged": ("gzip", gzip.compress(TEXT)[:30] + b"\xff" * 10 + gzip.compress(TEXT)[40:]),
    "deflate": ("deflate", b"\xff" * 20),
}
CUT = {
    "gzip": ("gzip", gzip.compress(TEXT)[:-9]),
    "gzip without checksum": ("gzip", gzip.compress(TEXT)[:-4]),
    "head of gzip": ("gzip", gzip.compress(TEXT)[:5]),
    "deflate": ("deflate", zlib.compress(TEXT)[:-5]),
}


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http decompresses with a copy of httplib2's module."""


def undecodable(name):
    encoding, body = NO_GZIP[name]
    return answer(body, Content_Encoding=encoding)


@cache
def bomb():
    return answer(gzip.compress(bytes(30 << 20)), Content_Encoding="gzip")


def cut(name):
    encoding, body = CUT[name]
    return lambda conn: conn.sendall(f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode() + body)


@pytest.fixture(params=["plain", "tls"])
def context(request, tls):
    """The TLS context of a server, or None."""
    return tls if request.param == "tls" else None


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("name", NO_GZIP)
@pytest.mark.parametrize("method", UNSAFE)
def test_an_undecodable_response_to_an_action_is_a_loss(serve, client, context, kind, name, method):
    server = serve(lambda _: undecodable(name), tls=context)
    with pytest.raises(ResponseLostError, match="could not be decompressed") as caught:
        ask(client(kind=kind), server, method)
    assert caught.value.response.status == 200
    assert len(server.received) == 1


@pytest.mark.skipif(not HAS_LIMITS, reason="httplib2 0.22 reads a body of any size")
@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
def test_a_bomb_as_the_response_to_an_action_is_a_loss(serve, client, kind):
    server = serve(lambda _: bomb())
    with pytest.raises(ResponseLostError, match="could not be decompressed"):
        ask(client(kind=kind), server, "POST")
    assert len(server.received) == 1


@pytest.mark.parametrize("name", CUT)
def test_a_compressed_body_without_its_end_is_a_loss(serve, client, name):
    """Nothing but the compression says that this body, which ends with the connection, was cut off."""
    server = serve(lambda _: cut(name))
    with pytest.raises(ResponseLostError):
        ask(client(), server, "POST")
    assert len(server.received) == 1
    with pytest.raises(Exception, match="IncompleteRead"):
        ask(client(oauth=None), server, "GET")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("content", [TEXT, b"", bytes(5 << 20)], ids=["text", "empty", "large"])
def test_a_whole_compressed_body_without_a_length_is_read(serve, client, encoding, content):
    compressed = (gzip if encoding == "gzip" else zlib).compress(content)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    server = serve(lambda _: lambda connection: connection.sendall(head + compressed))
    assert [ask(client(), server, method)[1] for method in ("GET", "POST")] == [content] * 2


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("name", NO_GZIP)
def test_an_undecodable_response_to_a_safe_or_unsigned_request_is_httplib2s_error(serve, client, kind, oauth, name):
    server = serve(lambda _: undecodable(name))
    with pytest.raises((httplib2.FailedToDecompressContent, modern_httplib2.FailedToDecompressContent)):
        ask(client(kind=kind, oauth=oauth), server, "GET" if oauth else "POST")
    assert len(server.received) == 1


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("what", [*NO_GZIP, pytest.param("bomb", marks=pytest.mark.skipif(not HAS_LIMITS, reason=""))])
def test_an_undecodable_page_behind_the_redirect_of_an_action_is_reported(serve, client, kind, what):
    page = bomb() if what == "bomb" else undecodable(what)
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), page))
    with pytest.raises(ResponseLostError, match=r"answered \(303\)") as caught:
        ask(client(kind=kind), server, "POST")
    assert caught.value.response.status == 303
    assert len(server.received) == 2


def token_requests(uri, http):
    handshake = Handshake(uri, uri, uri, OAUTH, http)
    yield handshake.temporary_credentials
    yield lambda: handshake.token_credentials(("key", "secret"), "verifier")
    yield lambda: mediawiki.initiate(uri, CONSUMER, user_agent="test")
    yield lambda: mediawiki.complete(uri, CONSUMER, ("key", "secret"), "verifier", "test")
    yield lambda: mediawiki.identify(uri, CONSUMER, ("key", "secret"), user_agent="test")


@pytest.mark.parametrize("http", [None, httplib2.Http, modern_httplib2.Http])
@pytest.mark.parametrize("what", [*NO_GZIP, "bomb"])
def test_an_undecodable_response_of_a_token_endpoint_is_a_handshake_error(serve, http, what):
    server = serve(lambda _: bomb() if what == "bomb" else undecodable(what))
    for ask_for_token in token_requests(server.uri("/index.php"), http and http(timeout=10)):
        with pytest.raises(HandshakeError):
            ask_for_token()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", [*NO_GZIP, "bomb", "cut"])
def test_the_command_line_reports_an_undecodable_response_in_one_line(serve, monkeypatch, capsys, what, method):
    monkeypatch.setenv("OAUTH_TOKENS", "client:client secret:token:token secret")
    if what == "bomb" and not HAS_LIMITS:
        pytest.skip("httplib2 0.22 reads a body of any size")
    server = serve(lambda _: {"bomb": bomb, "cut": lambda: cut("gzip")}.get(what, lambda: undecodable(what))())
    assert main(["request", method, server.uri("/w/api.php")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
