"""Requests that are sent again because the connection dropped."""

import http.client as http_client
import io
import json

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from ..servers import DROP, answer, in_turn
from .handlers import refusal
from .signed_requests import FORM, is_signed, nonce_of


def test_a_safe_request_is_signed_afresh_when_it_is_sent_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    assert http.request(server.uri())[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_any_other_request_keeps_its_nonce_when_it_is_sent_again(http, serve, method):
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
def test_a_copy_that_is_refused_for_its_nonce_says_that_the_answer_was_lost(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="most likely acted") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.reason, len(server.received)) == ("nonce", 2)
    assert isinstance(caught.value, httplib2.HttpLib2Error)
    assert (caught.value.response.status, caught.value.content != b"") in [(200, True), (401, False)]


@pytest.mark.parametrize(
    "refusal",
    [
        answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json"),
        refusal("Whatever"),
        answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="permission_denied"'),
    ],
    ids=["rest.php", "api.php", "problem report"],
)
def test_a_copy_that_is_refused_without_a_reason_leaves_open_what_was_done(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="not known") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert caught.value.reason == "other"


@pytest.mark.parametrize("words", ["Invalid signature", "Invalid consumer", "No approved grant was found"])
def test_a_copy_that_is_refused_for_what_the_first_would_have_been_is_an_answer(http, serve, words):
    server = serve(in_turn(DROP, refusal(words)))
    assert words.encode() in http.request(server.uri(), "POST", "a=1", FORM)[1]


def test_a_nonce_that_is_refused_at_once_is_the_servers_answer(http, serve):
    server = serve(lambda _: refusal("Nonce already used: x"))
    response, content = http.request(server.uri(), "POST", "a=1", FORM)
    assert (response.status, b"Nonce already used" in content) == (200, True)


def test_a_lost_answer_never_makes_an_edit_twice(wiki, alice, serve):
    """An append through a proxy that drops the first answer, on a wiki that remembers nonces."""
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
    # The wiki signs with its own name, so that is the host that is signed.
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


def test_a_seekable_body_is_sent_whole_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    body = io.BytesIO(b"skipped " + b"x" * 1000)
    body.seek(8)
    http.request(server.uri(), "PUT", body, {"content-type": "image/png"})
    assert [each.body for each in server.received] == [b"x" * 1000] * 2


def test_a_form_read_from_a_file_is_sent_whole_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri(), "POST", io.BytesIO(b"a=1"), FORM)
    assert [each.body for each in server.received] == [b"a=1"] * 2
    assert all(map(is_signed, server.received))


class Pipe(io.RawIOBase):
    """Readable once, as a pipe or a socket is."""

    def __init__(self, content):
        self.content = [content]

    def readable(self):
        return True

    def read(self, size=-1):
        return self.content.pop() if self.content else b""


class OneShot:
    """An iterable that gives the same iterator again."""

    def __init__(self, content):
        self.parts = iter([content])

    def __iter__(self):
        return self.parts


class Untellable(Pipe):
    """What wraps a stream may raise anything, or answer nonsense."""

    def tell(self):
        raise NotImplementedError

    def seek(self, *_):
        return None


class Mute(Untellable):
    def tell(self):
        return None


@pytest.mark.parametrize(
    "make",
    [lambda: Pipe(b"x" * 10), lambda: iter([b"x" * 10]), lambda: OneShot(b"x" * 10), lambda: Untellable(b"x" * 10),
     lambda: Mute(b"x" * 10)],
    ids=["pipe", "iterator", "one shot", "untellable", "mute"],
)  # fmt: skip
def test_a_body_that_can_be_read_once_is_not_sent_in_part(http, serve, make):
    server = serve(in_turn(DROP, answer()))
    with pytest.raises(ResponseLostError, match="read only once") as caught:
        http.request(server.uri(), "POST", make(), {"content-type": "image/png"})
    assert caught.value.reason == "other"
    assert [each.body for each in server.received] == [b"x" * 10]


def test_a_connection_that_went_stale_before_sending_costs_nothing(http, serve):
    server = serve(lambda _: answer(Connection="close"))
    for _ in range(3):
        assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 200
    assert [is_signed(each) for each in server.received] == [True] * 3
