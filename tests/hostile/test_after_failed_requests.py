"""A request that fails before it is sent leaves nothing behind: the next one arrives as itself, and alone."""

import io
from urllib.parse import quote

import httplib2
import modern_httplib2
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import HttpPool, OAuth1Http, OAuth1Mixin, SigningError

from .. import reference
from ..servers import Server, answer
from .examples import EXAMPLES
from .faults import FORM, OAUTH, SECRETS

JSON = {"Content-Type": "application/json"}


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http collects the head of a request by itself."""


class Interrupts(dict):
    """Headers that are interrupted while they are read for the last time, as http.client puts them into the request."""

    def __init__(self, error):
        super().__init__({"X-First": "1"})
        self.error = error

    def __deepcopy__(self, memo):
        return self

    def items(self):
        return [("X-First", "1"), (Word("X-Second"), Value(self.error))]


class Word(str):
    """A header's name, which httplib2 keeps as it is when it writes it in lower case."""

    def lower(self):
        return self


class Value(str):
    """A header's value that is interrupted when http.client encodes it."""

    def __new__(cls, error):
        self = super().__new__(cls, "2")
        self.error = error
        return self

    def encode(self, *args):
        raise self.error

    def strip(self, *args):
        return self


class BrokenFile:
    """A body that raises an error when its second part is read."""

    def __init__(self, error, first=b"first"):
        self.parts, self.error = [first], error

    def read(self, size=-1):
        if self.parts:
            return self.parts.pop()
        raise self.error


def broken_iterator(error):
    yield b"first"
    raise error


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(request, tls):
    server = Server(lambda received: answer(received.target), tls=tls if request.param == "tls" else None)
    yield server
    server.close()


def next_is_itself(http, server, oauth, number):
    """Send a request, and verify that it arrived exactly as itself and alone."""
    server.received.clear()
    http.oauth = oauth
    target = f"/next/{number}"
    response, content = http.request(server.uri(target), "POST", f"number={number}", {**FORM, "X-Own": "own"})
    assert (response.status, content) == (200, target.encode())
    (received,) = server.received
    assert (received.method, received.target, received.body) == ("POST", target, f"number={number}".encode())
    names = {"host", "content-length", "content-type", "x-own", "user-agent", "accept-encoding"}
    assert received.headers.keys() - {"authorization"} == names
    assert received.headers["content-type"] == FORM["Content-Type"]
    assert ("authorization" in received.headers) is (oauth is not None)
    assert oauth is None or reference.is_valid(received, SECRETS)


ERRORS = [KeyboardInterrupt(), OSError("the disk is full"), ConnectionResetError(), TimeoutError(), ValueError("x")]
FAILING = {
    "header beyond Latin-1": ("confirm=1", {**FORM, "X-Note": "5 \u20ac"}),
    "line end in a header": ("confirm=1", {**FORM, "X-Note": "a\nb: c"}),
    "name of a header": ("confirm=1", {**FORM, "X Note": "x"}),
    "name beyond ASCII": ("confirm=1", {**FORM, "X-N\u00f6te": "x"}),
    "header of another type": ("confirm=1", {**FORM, "X-Note": 5.5}),
    "text beyond Latin-1": ('{"text": "5 \u20ac"}', JSON),
    "body of another type": (42, JSON),
    "list of another type": ([b"first", 42], JSON),
    "dict": ({"a": 1}, JSON),
    "length": (b"first", {"Content-Length": "x\ny"}),
    **{f"interrupted head {error!r}": (b"first", Interrupts(error)) for error in ERRORS},
    **{f"broken file {error!r}": (BrokenFile(error), JSON) for error in ERRORS},
    **{f"broken iterator {error!r}": (broken_iterator(error), JSON) for error in ERRORS},
}


def fail(http, server, request, oauth, method="PUT"):
    """Send a request that fails. It may be that httplib2 can send it after all."""
    http.oauth = oauth
    body, headers = request
    try:
        http.request(server.uri("/delete-everything"), method, body, headers)
    except (Exception, KeyboardInterrupt) as error:
        return error
    return None


@pytest.mark.parametrize("kind", ["Http", "pool", "modern"])
@pytest.mark.parametrize(("first", "second"), [(OAUTH, OAUTH), (OAUTH, None), (None, OAUTH), (None, None)])
@pytest.mark.parametrize("connected", [True, False])
def test_the_next_request_arrives_as_itself_and_alone(server, kind, first, second, connected, ca_certs):
    failed = 0
    for number, (body, headers) in enumerate(FAILING.values()):
        http = (ModernHttp if kind == "modern" else OAuth1Http)(timeout=10, ca_certs=ca_certs)
        http = HttpPool(http, size=1) if kind == "pool" else http
        if connected:
            http.request(server.uri("/before"))
        # It can be read once.
        body = BrokenFile(body.error) if isinstance(body, BrokenFile) else body  # noqa: PLW2901
        failed += fail(http, server, (body, headers), first) is not None
        next_is_itself(http, server, second, number)
        next_is_itself(http, server, first, number)
        http.close()
    assert failed >= 7


def test_the_next_request_of_another_http_on_that_connection_is_itself(serve):
    """A framework may share connections with an Http that does not sign."""
    server = serve(lambda received: answer(received.target))
    http, plain = OAuth1Http(timeout=10), httplib2.Http(timeout=10)
    plain.connections = http.connections
    assert fail(http, server, FAILING["line end in a header"], OAUTH) is not None
    plain.request(server.uri("/one"), "POST", "a=1", FORM)
    with pytest.raises(ValueError, match="header"):
        plain.request(server.uri("/delete-everything"), "POST", "a=1", {**FORM, "X-Note": "a\nb: c"})
    next_is_itself(http, server, OAUTH, 2)
    assert [each.target for each in server.received] == ["/next/2"]


header_names = st.sampled_from(["X-Note", "X Note", "", "X:Y", "X-N\u00f6te", "X\nY", "x\x00", b"X-Note", b"X Note"])
header_values = st.sampled_from(
    ["v", "5 \u20ac", "a\nb: c", "a\r\n b", "\x00", "\ud800", "", b"v", b"a\nb", 5, 5.5, None, [], ("a", "b\n")]
)
raised = st.sampled_from([KeyboardInterrupt, SystemExit, OSError, ConnectionError, TimeoutError, ValueError, TypeError])
bodies = st.one_of(
    st.sampled_from(
        [None, "a=1", "5 \u20ac", "\ud800", b"first", 42, 5.5, object, {"a": "1"}, [("a", "1")], [b"first", 42],
         ["text"], [None], {1}, True]
    ),
    raised.map(lambda kind: lambda: BrokenFile(kind("raised"))),
    raised.map(lambda kind: lambda: BrokenFile(kind("raised"), "text \u20ac")),
    raised.map(lambda kind: lambda: broken_iterator(kind("raised"))),
    st.just(lambda: io.StringIO("5 \u20ac" * 10)),
    st.just(lambda: io.TextIOWrapper(io.BytesIO(b"\xff" * 10), "utf-8")),
)  # fmt: skip


@pytest.mark.parametrize("examples", EXAMPLES)
def test_after_any_failing_request_the_next_one_arrives_as_itself_and_alone(server, ca_certs, examples):
    @settings(max_examples=examples)
    @given(
        body=bodies, headers=st.dictionaries(header_names, header_values, max_size=2), first=st.booleans(),
        content_type=st.sampled_from([{}, FORM, JSON, {"Content-Length": "x\ny"}]),
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "P T", "POST\r\nX: y", "", "P\u00d6ST"]),
        second=st.booleans(), path=st.sampled_from(["/delete", "/delete-\u20ac", "/a b\n", "/\ud800"]),
    )  # fmt: skip
    def check(body, headers, first, content_type, method, second, path):
        http = OAuth1Http(timeout=10, ca_certs=ca_certs)
        http.oauth = OAUTH if first else None
        try:
            http.request(server.uri(path), method, body() if callable(body) else body, {**content_type, **headers})
            event("sent")
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            event(type(error).__name__)
        for number in range(2):
            next_is_itself(http, server, OAUTH if second else None, number)
        http.close()

    check()


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "text/plain; charset=utf-8"}, {}])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_text_beyond_latin_1_is_refused_with_advice_before_sending(serve, client, method, headers):
    server = serve()
    http = client()
    with pytest.raises(SigningError, match=r'body\.encode\("utf-8"\)') as caught:
        http.request(server.uri("/page"), method, '{"text": "5 \u20ac"}', headers)
    assert isinstance(caught.value, ValueError)
    assert server.connections == 0
    body = '{"text": "5 \u20ac"}'.encode()
    http.request(server.uri("/page"), method, body, headers)
    (received,) = server.received
    assert received.body == body


@pytest.mark.parametrize("body", ["a=\u20ac", "plain", "caf\u00e9"])
def test_other_text_is_sent_as_before(serve, client, body):
    """A form is sent as percent-encoded UTF-8. http.client sends any other str as Latin-1."""
    server = serve()
    client().request(server.uri(), "POST", body, FORM)
    if body.isascii() or "\u20ac" not in body:
        client().request(server.uri(), "POST", body, JSON)
    expected = [quote(body, safe="=").encode(), body.encode("latin-1", "ignore")]
    assert [each.body for each in server.received] == expected[: len(server.received)]
    assert all(reference.is_valid(each, SECRETS) for each in server.received)


def test_text_behind_the_change_of_a_framework_is_refused_too(serve):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            return super()._conn_request(conn, uri, method, "5 \u20ac", headers)

    class Swapped(OAuth1Mixin, Framework):
        pass

    server = serve()
    http = Swapped(timeout=10, oauth=OAUTH)
    with pytest.raises(SigningError, match="Latin-1"):
        http.request(server.uri(), "POST", "a", JSON)
    assert server.received == []
    http.close()
