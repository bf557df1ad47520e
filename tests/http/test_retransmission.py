"""Requests that httplib2 sends again because the connection was closed without a response."""

import http.client as http_client
import io
import json

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from ..servers import DROP, answer, in_turn
from .handlers import refusal
from .signed_requests import FORM, is_signed, nonce_of


def test_safe_request_gets_a_new_nonce_when_it_is_sent_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    assert http.request(server.uri())[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_unsafe_request_keeps_its_nonce_when_it_is_sent_again(http, serve, method):
    server = serve(in_turn(DROP, answer()))
    body, headers = ("a=1", FORM) if method != "DELETE" else (None, {})
    assert http.request(server.uri(), method, body, headers)[1] == b"ok"
    assert len({each.headers["authorization"] for each in server.received}) == 1
    assert [is_signed(each) for each in server.received] == [True, True]


@pytest.mark.parametrize(
    "refusal",
    [
        refusal("Nonce already used: x"),
        answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="nonce_used"'),
    ],
    ids=["mediawiki", "problem report"],
)
def test_resent_request_rejected_for_its_nonce_raises_response_lost(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="has seen the first") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.reason, len(server.received)) == ("nonce", 2)
    assert isinstance(caught.value, httplib2.HttpLib2Error)
    assert (caught.value.response.status, caught.value.content != b"") in [(200, True), (401, False)]


@pytest.mark.parametrize(
    "refusal",
    [
        answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json"),
        refusal("A message that isn't known"),
        answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="permission_denied"'),
    ],
    ids=["rest.php", "api.php", "problem report"],
)
def test_resent_request_rejected_without_a_known_reason_raises_response_lost(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="not known") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert caught.value.reason == "other"


@pytest.mark.parametrize("reason", ["Invalid signature", "Invalid consumer", "No approved grant was found"])
def test_resent_request_rejected_as_the_first_would_be_returns_the_response(http, serve, reason):
    server = serve(in_turn(DROP, refusal(reason)))
    assert reason.encode() in http.request(server.uri(), "POST", "a=1", FORM)[1]


def test_first_request_rejected_for_its_nonce_returns_the_response(http, serve):
    server = serve(lambda _: refusal("Nonce already used: x"))
    response, content = http.request(server.uri(), "POST", "a=1", FORM)
    assert (response.status, b"Nonce already used" in content) == (200, True)


def test_edit_is_made_once_when_its_response_is_lost(wiki, alice, serve):
    """The test appends text through a proxy that drops the first response. The wiki remembers nonces."""
    connection = http_client.HTTPConnection(*wiki.server.partition("//")[2].split(":"))
    dropped = []

    def proxy(received):
        headers = {name: value for name, value in received.headers.items() if name != "host"}
        connection.request(received.method, received.target, received.body, {**headers, "Host": wiki_host})
        response = connection.getresponse()
        content = response.read()
        if received.method == "POST" and not dropped:
            dropped.append(content)
            return DROP
        kept = {name.replace("-", "_"): value for name, value in response.getheaders() if name.startswith("MediaWiki")}
        return answer(content, **kept)

    wiki_host = wiki.server.partition("//")[2]
    server = serve(proxy)
    # The wiki verifies signatures for its own host and port, so the Host header names the wiki and not the proxy.
    client = OAuth1Http(oauth=alice)
    token = json.loads(OAuth1Http(oauth=alice).request(f"{wiki.api_uri}?action=query&meta=tokens&format=json")[1])
    form = {
        "action": "edit",
        "title": "X",
        "appendtext": "once",
        "token": token["query"]["tokens"]["csrftoken"],
        "format": "json",
    }
    from urllib.parse import urlencode

    with pytest.raises(ResponseLostError):
        client.request(server.uri("/api.php"), "POST", urlencode(form), {**FORM, "Host": wiki_host})
    assert b"Success" in dropped[0]
    page = OAuth1Http().request(f"{wiki.index_uri}?title=X&action=raw")[1]
    assert page == b"once"


def test_seekable_body_is_sent_again_from_its_first_position(http, serve):
    server = serve(in_turn(DROP, answer()))
    body = io.BytesIO(b"skipped " + b"x" * 1000)
    body.seek(8)
    http.request(server.uri(), "PUT", body, {"content-type": "image/png"})
    assert [each.body for each in server.received] == [b"x" * 1000] * 2


def test_form_read_from_a_file_is_sent_again_in_full(http, serve):
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri(), "POST", io.BytesIO(b"a=1"), FORM)
    assert [each.body for each in server.received] == [b"a=1"] * 2
    assert all(map(is_signed, server.received))


class Pipe(io.RawIOBase):
    """A stream that can be read only once, like a pipe or a socket."""

    def __init__(self, content):
        self.content = [content]

    def readable(self):
        return True

    def read(self, size=-1):
        return self.content.pop() if self.content else b""


class SameIterator:
    """An iterable whose __iter__() returns the same iterator every time."""

    def __init__(self, content):
        self.parts = iter([content])

    def __iter__(self):
        return self.parts


class TellRaises(Pipe):
    """A stream whose tell() raises. A wrapper around a stream may raise any exception."""

    def tell(self):
        raise NotImplementedError

    def seek(self, *_):
        return None


class TellReturnsNone(TellRaises):
    def tell(self):
        return None


@pytest.mark.parametrize(
    "make",
    [lambda: Pipe(b"x" * 10), lambda: iter([b"x" * 10]), lambda: SameIterator(b"x" * 10), lambda: TellRaises(b"x" * 10),
     lambda: TellReturnsNone(b"x" * 10)],
    ids=["pipe", "iterator", "same iterator", "tell raises", "tell returns None"],
)  # fmt: skip
def test_body_that_can_be_read_only_once_is_never_sent_in_part(http, serve, make):
    server = serve(in_turn(DROP, answer()))
    with pytest.raises(ResponseLostError, match="read only once") as caught:
        http.request(server.uri(), "POST", make(), {"content-type": "image/png"})
    assert caught.value.reason == "other"
    assert [each.body for each in server.received] == [b"x" * 10]


def test_connection_that_the_server_closed_before_the_request_is_replaced(http, serve):
    server = serve(lambda _: answer(Connection="close"))
    for _ in range(3):
        assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 200
    assert [is_signed(each) for each in server.received] == [True] * 3
