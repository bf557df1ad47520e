"""Challenges that httplib2 can't parse: the program gets the 401, and httplib2 answers those that it can."""

import copy
import itertools
import pickle
import re

import httplib2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from httplib2_oauthlib import HandshakeError, HttpPool, OAuth1, OAuth1Http
from httplib2_oauthlib.handshake import Handshake

from ..servers import answer
from .framework_classes import MixinBehind, MixinInFront
from .signed_requests import FORM, is_signed

SCHEMES = ["OAuth", "Bearer", "Negotiate", "Token", "NTLM", "Basic", "Digest", "X-Own"]
BARE = [
    *SCHEMES,
    'OAuth "Unauthorized"',
    "OAuth;realm=x",
    'OAuth; realm="x"',
    "OAuth realm=my site",
    "Basic realm=my site",
    "Bearer realm",
    "Bearer error=invalid token, x",
    "Negotiate YII=, Bearer",
    "Negotiate YII==x",
    'OAuth realm="unclosed',
    'OAuth realm="a, Basic realm="b',
    "OAuth realm=",
    "OAuth =x",
    "OAuth ,",
    ", OAuth",
    ', OAuth realm="x"',
    "OAuth,,Bearer",
    "Bearer\tNegotiate",
    "OAuth realm='http://a.example/'",
    "OAuth realm=http://a.example/",
    "OAuth r\u00e9alm",
    'Digest realm="r"',
    *map(", ".join, itertools.permutations(["OAuth", "Bearer", "Negotiate"], 2)),
    ", ".join(SCHEMES),
]


def refusing(*challenges):
    lines = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return f"HTTP/1.1 401 No\r\n{lines}Content-Length: 2\r\n\r\nno".encode("latin-1")


@pytest.mark.parametrize("kind", [OAuth1Http, MixinInFront, MixinBehind])
@pytest.mark.parametrize("has_password", [False, True])
def test_challenge_of_every_kind_leaves_the_401(serve, oauth, kind, has_password):
    challenge = ""
    server = serve(lambda _: refusing(challenge))
    http = kind()
    http.oauth = oauth
    if has_password:
        http.add_credentials("name", "password")
    for challenge, method in itertools.product(BARE, ["GET", "POST"]):
        response, content = http.request(server.uri(), method, None if method == "GET" else "a=1", headers=FORM)
        assert (response.status, content) == (401, b"no"), challenge
        assert response["www-authenticate"] == challenge


@pytest.mark.parametrize("others", BARE)
def test_basic_challenge_beside_others_is_answered_in_every_order(serve, oauth, others):
    if "unclosed" in others or 'realm="a' in others or others.startswith("Basic"):
        others = "Negotiate"
    basic = 'Basic realm="a, b \\" c"'
    for challenges in ((basic, others), (others, basic), (f"{others.strip(', ')}, {basic}",), (f"{basic}, {others}",)):
        refusal = refusing(*challenges)
        server = serve(lambda r, refusal=refusal: answer() if "Basic" in r.headers["authorization"] else refusal)
        http = OAuth1Http(timeout=5, oauth=oauth)
        http.add_credentials("name", "password")
        assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 200, challenges
        assert is_signed(server.received[0])


@pytest.mark.parametrize(
    "challenges", [', Basic realm="x"', 'Basic realm="x", , Negotiate', 'Negotiate,, Basic realm="x",']
)
def test_empty_elements_between_challenges_are_ignored(serve, challenges):
    server = serve(lambda r: answer() if "authorization" in r.headers else refusing(challenges))
    http = OAuth1Http(timeout=5)
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200


DIGEST = 'Digest realm="r", qop="auth", nonce="{}", opaque="o"'


@pytest.mark.parametrize(
    "duplicate", [lambda http: http, copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))]
)
def test_digest_with_a_stale_nonce_beside_a_bare_challenge(serve, duplicate):
    """httplib2 reads the challenges of later responses too."""

    def handler(received):
        sent = received.headers.get("authorization", "")
        nonce = "1" if len(server.received) < 3 else "2"
        if f'nonce="{nonce}"' in sent:
            return answer()
        return refusing(DIGEST.format(nonce) + (', stale="true"' if sent else ""), "Negotiate")

    server = serve(handler)
    http = OAuth1Http(timeout=5)
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200
    assert duplicate(http).request(server.uri())[0].status == 200
    assert len(server.received) == 4


def test_framework_that_answers_a_bare_challenge_sees_it(serve):
    class Bearer:
        def request(self, method, uri, headers, content):
            headers["authorization"] = "Bearer x"

        def response(self, response, content):
            return False

    class Framework(OAuth1Http):
        def _auth_from_challenge(self, host, request_uri, headers, response, content):
            if response["www-authenticate"] == "Bearer":
                yield Bearer()

    server = serve(lambda r: answer() if "authorization" in r.headers else refusing("Bearer"))
    assert Framework(timeout=5).request(server.uri())[0].status == 200


@example(['"', ", ", "OAuth", "\\"])
@example([", ", "OAuth", " ", 'realm="x"'])
@example(["Digest", " ", 'realm="x"'])
@given(st.lists(st.sampled_from([*SCHEMES, " ", ", ", ",", ";", "=", '"', "realm", 'realm="x"', "a=b", "\\"])))
def test_any_header_is_a_401_or_what_httplib2_says(pieces):
    """Only a header without the beginning of a challenge is httplib2's MalformedHeader."""
    header = "".join(pieces)

    class Http(OAuth1Http):
        def _conn_request(self, conn, *args):
            return httplib2.Response({"status": "401", "www-authenticate": header}), b"no"

    http = Http()
    http.add_credentials("name", "password")
    try:
        assert http.request("http://h.example/")[0].status == 401
    except httplib2.error.MalformedHeader:
        unquoted = re.sub(r'"(?:[^"\\]|\\(?:.|$))*("|$)', '"', header)
        assert not any(part.strip()[:1].isalpha() for part in unquoted.split(","))


# -- the handshake


@pytest.mark.parametrize("wrap", [lambda http: http, HttpPool])
@pytest.mark.parametrize("challenge", ["OAuth", "Negotiate", "OAuth;realm=x", "="])
def test_handshake_over_a_signing_http_never_advises_one(serve, wrap, challenge):
    root = serve(lambda _: refusing(challenge)).uri()
    handshake = Handshake(root, root, root, OAuth1("ck", "cs"), wrap(OAuth1Http(timeout=5)))
    with pytest.raises(HandshakeError) as caught:
        handshake.temporary_credentials()
    assert "OAuth1Http" not in str(caught.value)


def test_handshake_over_httplib2s_http_advises_a_signing_one(serve):
    root = serve(lambda _: refusing("Negotiate")).uri()
    with pytest.raises(HandshakeError, match="Pass an OAuth1Http"):
        Handshake(root, root, root, OAuth1("ck", "cs"), httplib2.Http(timeout=5)).temporary_credentials()
