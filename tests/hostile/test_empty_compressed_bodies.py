"""A response with a Content-Encoding and an empty body is an empty response, wherever it comes."""

import gzip
import io

import httplib2
import modern_httplib2
import pytest
from apitools.base.py import http_wrapper

from httplib2_oauthlib import HandshakeError, HttpPool, OAuth1Http, OAuth1Mixin, cassettes, mediawiki
from httplib2_oauthlib.handshake import Handshake

from .. import reference
from ..servers import in_turn
from .clients import ask
from .faults import FORM, OAUTH, SECRETS

PAGE = gzip.compress(b"the page")


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http reads responses with a class of its own."""


def empty(status, encoding="gzip", framing="Content-Length: 0", **headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Encoding: {encoding}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [framing] if framing else []
    end = "0\r\n\r\n" if "chunked" in framing else ""
    return ("\r\n".join(lines) + "\r\n\r\n" + end).encode()


FRAMINGS = ["Content-Length: 0", "Transfer-Encoding: chunked", "Connection: close"]


@pytest.fixture(params=["plain", "tls"])
def start(request, serve, tls):
    """Start a server over plain sockets and over TLS."""
    return lambda handler, **kwargs: serve(handler, tls=tls if request.param == "tls" else None, **kwargs)


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zlib", "br"])
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "400 Bad Request", "503 Busy"])
def test_an_empty_body_is_empty_whatever_its_encoding(serve, client, kind, oauth, encoding, framing, status):
    server = serve(lambda _: empty(status, encoding, framing), keep_alive="close" not in framing)
    http = client(kind=kind, oauth=oauth)
    for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
        response, content = ask(http, server, method)
        assert (response.status, content) == (int(status[:3]), b"")
    assert len(server.received) == 5


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "304 Not Modified"])
def test_a_response_that_has_no_body_is_empty(start, client, oauth, status):
    framing = "Content-Length: 0" if status.startswith("205") else ""
    server = start(lambda _: empty(status, framing=framing))
    http = client(oauth=oauth)
    for method in ("GET", "POST", "DELETE"):
        response, content = ask(http, server, method)
        assert (response.status, content) == (int(status[:3]), b"")


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize(("status", "method"), [("302", "GET"), ("303", "POST"), ("307", "GET"), ("308", "PUT")])
def test_a_redirect_with_an_empty_body_is_followed(start, client, oauth, status, method):
    server = start(in_turn(empty(f"{status} x", Location="/there"), empty("200 OK")))
    response, content = ask(client(oauth=oauth), server, method)
    assert (response.status, content) == (200, b"")
    assert [each.target for each in server.received] == ["/?one", "/there"]


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
def test_a_cached_page_is_revalidated_by_an_empty_304(start, client, oauth, tmp_path):
    def handler(received):
        if "if-none-match" in received.headers:
            return empty("304 Not Modified", framing="", ETag='"e"')
        head = f'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Encoding: gzip\r\nContent-Length: {len(PAGE)}\r\n\r\n'
        return head.encode() + PAGE

    server, http = start(handler), client(oauth=oauth, cache=str(tmp_path))
    for _ in range(3):
        response, content = http.request(server.uri("/page"))
        assert (response.status, content) == (200, b"the page")
    assert ["if-none-match" in each.headers for each in server.received] == [False, True, True]


@pytest.mark.parametrize("content", [b"", b"the page"])
def test_a_body_that_is_read_in_pieces_keeps_its_encoding_unless_it_is_empty(start, content):
    class ReadsInPieces(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            conn.request(method, uri, body, headers)
            response = conn.getresponse()
            pieces = list(iter(lambda: response.read(3), b""))
            return httplib2.Response(response), b"".join(pieces)

    class Swapped(OAuth1Mixin, ReadsInPieces):
        pass

    length = f"Content-Length: {len(content)}"
    server = start(lambda _: empty("200 OK", "br", framing=length) + content)
    for oauth in (OAUTH, None):
        http = Swapped(timeout=10, disable_ssl_certificate_validation=True)
        http.oauth = oauth
        response, received = http.request(server.uri())
        assert (response.get("content-encoding"), received) == ("br" if content else None, content)
        http.close()


def test_a_framework_that_repeats_after_a_value_error_acts_once(serve):
    """apitools sends a request again when it raises ValueError."""
    server = serve(lambda _: empty("204 No Content", framing=""))
    request = http_wrapper.Request(server.uri(), "POST", {"content-type": "application/json"}, "{}")
    response = http_wrapper.MakeRequest(OAuth1Http(timeout=10, oauth=OAUTH), request, retries=5, max_retry_wait=0.1)
    assert (response.status_code, len(server.received)) == (204, 1)


def test_a_pool_returns_the_empty_body(serve):
    server = serve(lambda _: empty("200 OK"))
    with HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=1) as pool:
        assert [pool.request(server.uri(), method)[1] for method in ("GET", "POST", "GET")] == [b""] * 3


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "503 Busy"])
@pytest.mark.parametrize("http", [None, "plain"])
def test_a_token_endpoint_with_an_empty_body_is_a_handshake_error(serve, status, http):
    server = serve(lambda _: empty(status))
    http = http and httplib2.Http(timeout=10)
    handshake = Handshake(server.uri("/1"), server.uri("/2"), server.uri("/3"), OAUTH, http)
    with pytest.raises(HandshakeError):
        handshake.temporary_credentials()
    with pytest.raises(HandshakeError):
        mediawiki.initiate(server.uri("/index.php"), ("key", "secret"), user_agent="test")


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("status", ["200 OK", "204 No Content"])
def test_an_empty_body_is_recorded_and_replayed(serve, client, oauth, status, tmp_path):
    server = serve(lambda _: empty(status, framing="Content-Length: 0" if status < "201" else ""))
    for _ in range(2):
        http = client(oauth=oauth)
        with cassettes.use(http, "empty", str(tmp_path), record_mode="once"):
            for method in ("GET", "POST"):
                response, content = http.request(server.uri(), method, headers=FORM)
                assert (response.status, content) == (int(status[:3]), b"")
    assert len(server.received) == 2


def test_a_file_is_sent_once_to_a_server_that_returns_nothing(serve, client):
    server = serve(lambda _: empty("201 Created"))
    client().request(server.uri(), "PUT", io.BytesIO(b"x" * 1000), {"Content-Type": "image/png"})
    (received,) = server.received
    assert received.body == b"x" * 1000
    assert reference.is_valid(received, SECRETS)
