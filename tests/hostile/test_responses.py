"""No response, however malformed, raises an error except this package's own and httplib2's."""

import http.client
import json

import httplib2
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import (
    HandshakeError,
    IdentityError,
    OAuth1,
    OAuth1Http,
    OAuthError,
    ResponseLostError,
    mediawiki,
)
from httplib2_oauthlib.handshake import Handshake

from ..servers import Server, answer
from .examples import EXAMPLES
from .faults import FORM, OAUTH

CONSUMER = ("client", "a client secret of more than thirty-two bytes")
# The errors that httplib2 raises about a connection or a response.
HTTP_ERRORS = (OSError, http.client.HTTPException, httplib2.HttpLib2Error)


class Says:
    """A handler that returns the response that the test sets."""

    what = b""

    def __call__(self, received):
        return self.what


@pytest.fixture(scope="module")
def says():
    return Says()


@pytest.fixture(scope="module")
def uri(says):
    server = Server(says)
    yield server.uri("/index.php")
    server.close()


WORDS = [
    b"Error: ", b"An error occurred in the OAuth protocol: ", b"Expired timestamp, yours ", b"1", b", ours ",
    b"9" * 12, b"-", b"{", b"}", b'"error":', b'{"error":"mwoauth-', b'{"error":{"code":"x","info":', b"[", b"]",
    b'"', b":", b"null", b"<error code=", b"Nonce already used: ", b"oauth_problem=timestamp_refused", b"&", b"=",
    b"oauth_acceptable_timestamps=1-2", b"oauth_token=", b"oauth_token_secret=", b"oauth_callback_confirmed=true",
    b"%", b"eyJ", b".", b"<!DOCTYPE html>", b"<title>", b"\xff", b"\x00",
]  # fmt: skip
some_bytes = st.binary(max_size=200) | st.lists(st.sampled_from(WORDS) | st.binary(max_size=5), max_size=12).map(
    b"".join
)
header_text = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30) | st.lists(
    st.sampled_from(
        [word.decode("latin-1") for word in WORDS] + ["OAuth ", 'OAuth realm="', ", ", "Basic ", "Digest "]
    ),
    max_size=6,
).map("".join)
headers = st.fixed_dictionaries(
    {},
    optional={
        "WWW_Authenticate": header_text,
        "MediaWiki_API_Error": st.sampled_from(["mwoauth-invalid-authorization", "mwoauth-x"]) | header_text,
        "Content_Type": st.sampled_from(
            ["text/plain", "application/json", "text/html", "application/x-www-form-urlencoded"]
        )
        | header_text,
        "Date": header_text | st.sampled_from(["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 99 Xyz 0 1:1:1 +9999"]),
        "Cache_Control": st.sampled_from(["no-store", "private"]),
        "Location": header_text,
        "Set_Cookie": header_text,
    },
)
statuses = st.sampled_from(
    ["200 OK", "201 x", "204 x", "302 x", "303 x", "304 x", "400 x", "401 x", "403 x", "404 x", "500 x", "999 x"]
)


def ask_everything(uri):
    """Yield each function that reads a response of a token endpoint."""
    handshake = Handshake(uri, uri, uri, OAuth1(*CONSUMER))
    yield handshake.temporary_credentials
    yield lambda: handshake.token_credentials(("key", "secret"), "verifier")
    yield lambda: mediawiki.initiate(uri, CONSUMER, user_agent="test")
    yield lambda: mediawiki.complete(uri, CONSUMER, ("key", "secret"), "verifier", "test")
    yield lambda: mediawiki.identify(uri, CONSUMER, ("key", "secret"), user_agent="test")


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_bytes_as_a_refusal_or_a_token(says, uri, examples):
    @settings(max_examples=examples)
    @given(status=statuses, headers=headers, body=some_bytes)
    def check(status, headers, body):
        says.what = answer(body, status, **headers)
        for ask in ask_everything(uri):
            try:
                ask()
            except (HandshakeError, IdentityError) as error:
                assert str(error)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_bytes_as_the_response_to_a_request(says, uri, examples):
    """The error of httplib2 itself is raised unchanged, or as the cause of a lost response."""

    @settings(max_examples=examples)
    @given(status=statuses, headers=headers, body=some_bytes, method=st.sampled_from(["GET", "POST", "DELETE"]))
    def check(status, headers, body, method):
        says.what = answer(body, status, **headers)
        OAuth1Http().forget_unanswered()
        raised = []
        for make in (httplib2.Http, OAuth1Http):
            http = make(timeout=5)
            if make is OAuth1Http:
                http.oauth = OAUTH
            try:
                response, content = http.request(uri, method, "a=1" if method == "POST" else None, FORM)
                raised.append(None)
                if make is OAuth1Http:
                    mediawiki.check(response, content)
            except OAuthError as error:
                assert str(error)
                raised.append(error)
            except Exception as error:
                raised.append(error)
            http.close()
        plain, ours = raised[0], raised[1]
        # OAuth1Http follows more redirects than a plain Http, because it encodes raw characters in a location.
        assert ours is None or isinstance(ours, HTTP_ERRORS) or type(ours) is type(plain)
        if plain is None and isinstance(ours, ResponseLostError):
            pytest.fail(f"{ours!r} about a response that arrived whole")

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_bytes_instead_of_http(says, uri, examples):
    @settings(max_examples=examples)
    @given(
        raw=st.binary(max_size=100)
        | st.builds(lambda status, rest: b"HTTP/1.1 " + status + rest, st.binary(max_size=6), some_bytes)
    )
    def check(raw):
        def play(connection):
            connection.sendall(raw)

        says.what = play
        for method in ("GET", "POST"):
            client = OAuth1Http(timeout=5, oauth=OAUTH)
            try:
                response, _ = client.request(uri, method)
                assert response.status
            except HTTP_ERRORS as error:
                assert method == "GET" or not isinstance(error, OSError | http.client.HTTPException), repr(error)
            client.close()

    check()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nonce", "username", "sub", "nbf", "jti", "grants", "crit"])
values = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_claims_signed_with_the_right_secret(says, uri, examples):
    @settings(max_examples=examples)
    @given(
        claims=st.dictionaries(CLAIMS, values) | values,
        head=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit", "b64"]), values),
    )
    def check(claims, head):
        try:
            says.what = answer(
                jwt.api_jws.encode(json.dumps(claims).encode(), CONSUMER[1], "HS256", {**head, "alg": "HS256"})
            )
        except Exception:
            return  # PyJWT can't encode such a statement.
        with pytest.raises((IdentityError, HandshakeError)):
            mediawiki.identify(uri, CONSUMER, ("key", "secret"), user_agent="test")

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_bytes_as_a_jwt(says, uri, examples):
    @settings(max_examples=examples)
    @given(parts=st.lists(some_bytes, min_size=1, max_size=4), good=st.booleans())
    def check(parts, good):
        head = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9" if good else b"eyJ"
        says.what = answer(b".".join([head, *parts]))
        with pytest.raises((IdentityError, HandshakeError)):
            mediawiki.identify(uri, CONSUMER, ("key", "secret"), user_agent="test")

    check()
