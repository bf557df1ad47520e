"""Each request that httplib2 can send is either valid at the server or refused before a byte is sent.

The requests are sent over real sockets.
"""

import io
import string

import httplib2
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, OAuth1Http, SigningError

from .. import reference
from ..servers import Server, answer
from .examples import EXAMPLES

SECRETS = reference.Secrets("client secret", "token secret")
FORM = "application/x-www-form-urlencoded"
PLACEMENTS = ["AUTH_HEADER", "QUERY", "BODY"]
SIGNERS = {
    (placement, method): OAuth1(
        "client", SECRETS.client, "token", SECRETS.token, signature_type=placement, signature_method=method
    )
    for placement in PLACEMENTS
    for method in ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512")
}


@pytest.fixture(scope="module")
def server():
    server = Server(lambda _: answer())
    yield server
    server.close()


# -- the parts of a request

awkward = st.sampled_from(
    list("%&=+;?#/:@|[]{}\\\"'<>^` ~*()!,$\t\x00\x7f\xe9\u6f22\U0001f600\ud800")
) | st.sampled_from(
    [
        "%20",
        "%2B",
        "%zz",
        "%",
        "%C3%A9",
        "%00",
        "&&",
        "a=1",
        "a=1&a=2",
        "oauth_token=x",
        "oauth_signature=x",
        "//",
        "..",
        "\r\n",
    ]
)
text = st.lists(awkward | st.text(string.ascii_letters + string.digits, max_size=4), max_size=8).map("".join)
hosts = st.sampled_from(["localhost", "LocalHost", "127.0.0.1"])
# Most values of each kind are valid, so that few examples end at the first value that is refused.
GOOD_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "Post", "PROPFIND"]
BAD_METHODS = ["G T", "", "G\u00c9T", "POST\r\nX: y", "A&B", "x!#$", "M-SEARCH"]
methods = st.sampled_from(GOOD_METHODS * 6 + ["POST"] * 30 + BAD_METHODS)
content_types = st.sampled_from(
    [FORM] * 10
    + [FORM.upper(), f"{FORM}; charset=UTF-8", f" {FORM} ;x", f"{FORM},{FORM}", "text/plain", "application/json",
     "multipart/form-data; boundary=x", "", "\u00e9", "x\x00y"]
)  # fmt: skip
GOOD_NAMES = ["X-Mine", "x-mine", "Accept", "Cookie", "Expect", "Content-Encoding", "If-Match", "Host"]
header_names = st.sampled_from(GOOD_NAMES * 4 + ["Content-Length", "Transfer-Encoding", "Connection", "X Y", ""])
header_values = text | st.sampled_from(
    ["3", "0", "chunked", "close", "example.org", "example.org:80", "a b", "gzip", "identity"]
)
pairs = st.lists(st.tuples(text, text), max_size=3).map(
    lambda each: "&".join(f"{name}={value}" for name, value in each)
)


def encoded(value):
    return value.encode("utf-8", "surrogatepass")


bodies = st.one_of(
    *[st.none(), text, pairs, pairs.map(encoded), st.binary(max_size=40)] * 2,
    st.binary(max_size=40).map(bytearray),
    pairs.map(lambda value: Made(io.BytesIO, encoded(value))),
    pairs.map(lambda value: Made(io.StringIO, value)),
    pairs.map(lambda value: Made(lambda whole: iter([whole[:3], whole[3:]]), encoded(value))),
    pairs.map(lambda value: Made(lambda whole: [whole[:3], whole[3:]], encoded(value))),
    st.sampled_from([{"a": "1"}, [("a", "1")], 42, object(), io.BytesIO]),
)


class Made:
    """A body that can be read once, and that is created for each request."""

    def __init__(self, kind, content):
        self.kind, self.content = kind, content

    def __repr__(self):
        return f"{self.kind}({self.content!r})"


def fresh(body):
    return body.kind(body.content) if isinstance(body, Made) else body


class Counted(httplib2.HTTPConnectionWithTimeout):
    """A connection that counts its attempts to connect, even if the server doesn't notice them."""

    made = 0

    def connect(self):
        Counted.made += 1
        super().connect()


def send(http, *request):
    """Send a request and return its error, or None."""
    try:
        http.request(*request, connection_type=Counted)
    except Exception as error:
        return error
    finally:
        http.close()
    return None


@pytest.mark.parametrize("examples", EXAMPLES)
def test_each_request_is_valid_or_refused_before_a_byte_is_sent(server, examples):
    @settings(max_examples=examples)
    @given(
        signer=st.sampled_from(sorted(SIGNERS)[:3] * 4 + sorted(SIGNERS)), host=hosts, path=text,
        query=st.none() | text | pairs, fragment=st.none() | text, method=methods, body=bodies,
        content_type=st.none() | content_types, as_bytes=st.booleans(),
        headers=st.dictionaries(header_names, header_values, max_size=2),
    )  # fmt: skip
    def check(signer, host, path, query, fragment, method, body, content_type, headers, as_bytes):
        # A request that is signed already is sent as it is: RFC 5849 allows "one and only one" location.
        assume("oauth_signature" not in f"{path}{query}{body}")
        uri = (
            server.uri(f"/{path}", host)
            + ("" if query is None else f"?{query}")
            + ("" if fragment is None else f"#{fragment}")
        )
        headers = {**headers, **({} if content_type is None else {"Content-Type": content_type})}
        if as_bytes:
            headers = {encoded(name): encoded(value) for name, value in headers.items()}
        server.received.clear()
        plain = send(httplib2.Http(timeout=0.5), uri, method, fresh(body), dict(headers))
        # A request proves nothing if a plain Http can't send it, or if a server reads another request from it.
        could_be_sent = plain is None and len(server.received) == 1
        assume(
            not isinstance(plain, TimeoutError)
        )  # The Content-Length is too long, and the server waits for the rest.
        server.received.clear()
        connections = Counted.made
        error = send(OAuth1Http(timeout=5, oauth=SIGNERS[signer]), uri, method, fresh(body), dict(headers))
        if isinstance(error, SigningError):
            event("refused")
            assert Counted.made == connections
            return
        assume(could_be_sent)
        event("sent")
        assert error is None
        assert len(server.received) == 1
        assert reference.is_valid(server.received[0], SECRETS)
        assert reference.protocol_parameters(server.received[0])["oauth_consumer_key"] == "client"

    check()


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("POST", "a=1", {"Content-Type": FORM, "Transfer-Encoding": "chunked"}),
        ("POST", "5\r\na=1&b\r\n0\r\n\r\n", {"Content-Type": FORM, "transfer-encoding": "chunked"}),
        ("G T", None, {}),
        ("GET", None, {"Host": "\u00e9"}),
        ("GET", None, {"Host": "name@localhost"}),
        ("POST", {"a": "1"}, {"Content-Type": FORM}),
        ("POST", "a=\ud800", {"Content-Type": FORM}),
    ],
)
def test_a_request_that_a_server_would_misread_is_refused_before_sending(server, method, body, headers):
    connections = Counted.made
    error = send(OAuth1Http(timeout=5, oauth=SIGNERS["AUTH_HEADER", "HMAC-SHA1"]), server.uri(), method, body, headers)
    assert isinstance(error, SigningError)
    assert Counted.made == connections


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_request_that_a_browser_would_send_is_never_refused(server, placement):
    """Refusing every request would also pass the tests above."""
    http = OAuth1Http(timeout=5, oauth=SIGNERS[placement, "HMAC-SHA1"])
    server.received.clear()
    for method in ("POST", "PUT", "PATCH"):
        for body in ("a=1&b=%20", "a=\u00e9", b"a=%ff&a=1&=&c", io.BytesIO(b"a=1"), "a+b=c d&e=&&"):
            for query in ("", "?a=1&a=2", "?a b=\u6f22|[]", "?x=%zz&%"):
                http.request(server.uri(f"/p;x{query}"), method, body, {"Content-Type": FORM})
    assert len(server.received) == 60
    assert all(reference.is_valid(received, SECRETS) for received in server.received)
    http.close()
