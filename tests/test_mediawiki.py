"""MediaWiki's handshake and identity, compared with mwoauth, and what a wiki rejects."""

import inspect
import json
import re
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httplib2
import jwt
import mwoauth
import pytest
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib import HandshakeError, IdentityError, OAuth1Http, OAuthError, mediawiki

from . import reference, vectors
from .servers import answer, in_turn

AGENT = "httplib2-oauthlib tests"
CALLBACK = "https://tool.example/oauth-callback"
CONSUMER = mediawiki.ConsumerToken("consumer-key", "canary-consumer-secret-of-forty-characters")
ACCESS = mediawiki.AccessToken("access-key", "canary-access-secret")


@pytest.fixture
def consumer(wiki):
    registered = wiki.register("A tool", callback=CALLBACK)
    return mediawiki.ConsumerToken(registered.key, registered.secret)


@pytest.fixture
def access(wiki, consumer):
    """Alice's access token, from a complete handshake."""
    _, token = mediawiki.initiate(wiki.index_uri, consumer, "oob", AGENT)
    return mediawiki.complete(wiki.index_uri, consumer, token, wiki.authorize(token.key, "Alice"), AGENT)


# -- compared with mwoauth

ADDED = {"http", "issuer"}


@pytest.mark.parametrize("name", ["initiate", "complete", "identify", "Handshaker"])
def test_names_and_order_of_arguments_are_those_of_mwoauth(name):
    theirs, ours = (inspect.signature(getattr(module, name)).parameters for module in (mwoauth, mediawiki))
    assert [parameter for parameter in ours if parameter not in ADDED] == list(theirs)
    for added in ADDED & ours.keys():
        assert ours[added].kind is inspect.Parameter.KEYWORD_ONLY
    same = [parameter for parameter in theirs if parameter != "user_agent"]
    assert [ours[parameter].default for parameter in same] == [theirs[parameter].default for parameter in same]


@pytest.mark.parametrize("name", ["initiate", "complete", "identify"])
def test_methods_of_the_handshaker_accept_mwoauths_arguments(name):
    theirs, ours = (inspect.signature(getattr(module.Handshaker, name)).parameters for module in (mwoauth, mediawiki))
    assert [parameter for parameter in ours if parameter not in ADDED] == list(theirs)


def test_every_public_name_of_mwoauth_exists():
    for used in mwoauth.__all__:
        # Skip the package's version, author and so on.
        if callable(used):
            assert used.__name__ in mediawiki.__all__
    assert mediawiki.errors.OAuthException is mediawiki.OAuthException
    for name in ("ConsumerToken", "RequestToken", "AccessToken"):
        assert getattr(mediawiki.tokens, name) is getattr(mediawiki, name)


PROGRAM = """
def log_in(mwoauth, wiki, consumer):
    handshaker = mwoauth.Handshaker(wiki.index_uri, mwoauth.ConsumerToken(*consumer), user_agent="a program")
    redirect, request_token = handshaker.initiate(callback="https://tool.example/oauth-callback?next=1")
    session = dict(zip(request_token._fields, request_token))
    callback = wiki.authorize(request_token.key, "Alice")
    access_token = handshaker.complete(mwoauth.RequestToken(**session), callback.partition("?")[2])
    identity = handshaker.identify(access_token)
    return redirect, access_token, identity
"""


def test_a_program_for_mwoauth_runs_with_only_its_import_changed(wiki, consumer):
    namespace = {}
    exec(PROGRAM, namespace)
    (their_uri, their_access, their_identity), (our_uri, our_access, our_identity) = (
        namespace["log_in"](module, wiki, consumer) for module in (mwoauth, mediawiki)
    )
    assert their_access == our_access
    unlike = {"nonce", "iat", "exp"}
    assert {k: v for k, v in their_identity.items() if k not in unlike} == {
        k: v for k, v in our_identity.items() if k not in unlike
    }
    queries = [parse_qs(urlsplit(uri).query) for uri in (their_uri, our_uri)]
    for query in queries:
        del query["oauth_token"]
    assert queries[0] == queries[1]
    assert their_uri.partition("?")[0] == our_uri.partition("?")[0]


@pytest.mark.parametrize("first", [mwoauth, mediawiki], ids=["theirs first", "ours first"])
def test_tokens_of_either_package_are_accepted_by_the_other(wiki, consumer, first):
    second = mediawiki if first is mwoauth else mwoauth
    theirs = mwoauth.ConsumerToken(*consumer)
    tokens = {mwoauth: theirs, mediawiki: consumer}
    _, request_token = first.initiate(wiki.index_uri, tokens[second], "oob", AGENT)
    callback = wiki.authorize(request_token.key, "Alice").partition("?")[2]
    access = second.complete(wiki.index_uri, tokens[first], request_token, callback, AGENT)
    assert first.identify(wiki.index_uri, tokens[second], access, user_agent=AGENT)["username"] == "Alice"
    assert second.identify(wiki.index_uri, tokens[first], access, user_agent=AGENT)["username"] == "Alice"


def test_lists_from_a_json_session_are_accepted_as_tokens(wiki, consumer):
    stored = json.loads(json.dumps(consumer))
    _, token = mediawiki.initiate(wiki.index_uri, stored, "oob", AGENT)
    callback = wiki.authorize(token.key, "Alice")
    access = mediawiki.complete(wiki.index_uri, stored, json.loads(json.dumps(token)), callback, AGENT)
    again = json.loads(json.dumps(access))
    assert mediawiki.identify(wiki.index_uri, stored, again, user_agent=AGENT)["username"] == "Alice"


@pytest.mark.parametrize("kind", [mediawiki.ConsumerToken, mediawiki.RequestToken, mediawiki.AccessToken])
def test_tokens_are_pairs_that_show_no_secret(kind):
    token = kind("key", "canary")
    assert (token.key, token.secret) == tuple(token) == ("key", "canary")
    assert token == kind(key="key", secret="canary")
    assert "canary" not in repr(token) + str(token) + f"{token}" + repr({"token": token})
    assert "key='key'" in repr(token)


@pytest.mark.parametrize("call", [
    lambda pair: mediawiki.initiate("https://x", pair, "oob", AGENT),
    lambda pair: mediawiki.complete("https://x", CONSUMER, pair, "v", AGENT),
    lambda pair: mediawiki.identify("https://x", CONSUMER, pair, user_agent=AGENT),
    lambda pair: mediawiki.Handshaker("https://x", pair, user_agent=AGENT),
])  # fmt: skip
def test_an_invalid_token_is_rejected_without_showing_it(call):
    with pytest.raises(TypeError, match="pair") as caught:
        call(("canary", "canary", "canary"))
    assert "canary" not in str(caught.value)


def test_a_missing_user_agent_warns_with_the_policys_address(wiki, consumer):
    with pytest.warns(UserWarning, match="https://meta.wikimedia.org/wiki/User-Agent_policy") as caught:
        mediawiki.initiate(wiki.index_uri, consumer)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="User-Agent_policy") as caught:
        mediawiki.Handshaker(wiki.index_uri, consumer)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        handshaker = mediawiki.Handshaker(wiki.index_uri, consumer, user_agent=AGENT)
        handshaker.initiate()
        http = OAuth1Http(timeout=5, user_agent=f"{AGENT} of the Http")
        mediawiki.initiate(wiki.index_uri, consumer, http=http)
        mediawiki.Handshaker(wiki.index_uri, consumer, user_agent=AGENT, http=http).initiate()
    agents = [request.headers["user-agent"] for request in list(wiki.requests)[-3:]]
    assert agents == [AGENT, f"{AGENT} of the Http", AGENT]


def test_the_callers_http_is_used(wiki, consumer):
    class Http(httplib2.Http):
        asked = 0

        def request(self, *args, **kwargs):
            self.asked += 1
            return super().request(*args, **kwargs)

    http = Http(timeout=10)
    handshaker = mediawiki.Handshaker(wiki.index_uri, consumer, user_agent=AGENT, http=http)
    _, token = handshaker.initiate()
    access = handshaker.complete(token, wiki.authorize(token.key, "Alice"))
    assert handshaker.identify(access)["username"] == "Alice"
    assert http.asked == 3


def test_a_handshakers_callback_and_issuer_may_differ_each_time(wiki, consumer):
    tool = mediawiki.Handshaker(wiki.index_uri, consumer, CALLBACK + "/one", AGENT)
    _, token = tool.initiate(CALLBACK + "/other")
    callback = wiki.authorize(token.key, "Alice")
    assert callback.startswith(CALLBACK + "/other?")
    access = tool.complete(token, callback)
    with pytest.raises(IdentityError, match=r"expected en\.wikipedia\.org"):
        tool.identify(access, issuer="en.wikipedia.org")
    assert wiki.authorize(tool.initiate()[1].key, "Alice").startswith(CALLBACK + "/one?")


def test_threads_may_share_a_handshaker(wiki, consumer):
    handshaker = mediawiki.Handshaker(wiki.index_uri, consumer, user_agent=AGENT)

    def log_in(name):
        _, token = handshaker.initiate()
        return handshaker.identify(handshaker.complete(token, wiki.authorize(token.key, name)))["username"]

    names = [f"User {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(log_in, names)) == names


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_connections_of_the_callers_http_stay_open_and_others_are_closed(wiki, consumer, monkeypatch):
    closed = []
    close = OAuth1Http.close
    monkeypatch.setattr(OAuth1Http, "close", lambda self: closed.append(self) or close(self))
    mediawiki.initiate(wiki.index_uri, consumer, "oob", AGENT)
    assert len(closed) == 1
    with pytest.raises(HandshakeError):
        mediawiki.complete(wiki.index_uri, consumer, ("a", "b"), "v", AGENT)
    assert len(closed) == 2
    own = OAuth1Http(timeout=10)
    mediawiki.initiate(wiki.index_uri, consumer, "oob", AGENT, http=own)
    assert len(closed) == 2
    assert own.connections
    own.close()


def test_requests_time_out_after_half_a_minute(serve, monkeypatch):
    waited = []
    monkeypatch.setattr(
        httplib2.Http, "request", lambda self, *a, **k: waited.append(self.timeout) or (httplib2.Response({}), b"")
    )
    for call in (
        lambda: mediawiki.initiate("https://x/index.php", CONSUMER, "oob", AGENT),
        lambda: mediawiki.complete("https://x/index.php", CONSUMER, ("a", "b"), "v", AGENT),
        lambda: mediawiki.identify("https://x/index.php", CONSUMER, ACCESS, user_agent=AGENT),
    ):
        with pytest.raises(HandshakeError):
            call()
    assert waited == [30, 30, 30]


# -- what a wiki rejects


@pytest.mark.parametrize(
    ("break_it", "reason", "code", "advice"),
    [
        (lambda wiki, c: (("unknown", c.secret), "oob"), "consumer", None, "registered"),
        (lambda wiki, c: ((c.key, "wrong-canary"), "oob"), "signature", None, "Check the secrets"),
        (lambda wiki, c: (c, "https://evil.example/"), "consumer", None, "registered"),
        (lambda wiki, c: (wiki.owner_only("Alice")[:2], "oob"), "consumer", "E010", "no handshake"),
    ],
)
def test_a_rejected_request_for_a_token_raises_reason_and_advice(wiki, consumer, break_it, reason, code, advice):
    broken, callback = break_it(wiki, consumer)
    with pytest.raises(HandshakeError) as caught:
        mediawiki.initiate(wiki.index_uri, broken, callback, AGENT)
    error = caught.value
    assert (error.reason, error.code) == (reason, code)
    assert advice in str(error)
    assert "a request token" in str(error)
    assert not re.search(r"[<>\n]|&\w+;|canary", str(error))


def test_another_host_name_than_the_wikis_is_in_the_advice(wiki, consumer):
    with pytest.raises(HandshakeError, match="the server's own host name") as caught:
        mediawiki.initiate(wiki.index_uri.replace("127.0.0.1", "localhost"), consumer, "oob", AGENT)
    assert caught.value.reason == "signature"


def test_a_rejected_request_for_an_access_token_raises_reason_and_advice(wiki, consumer):
    _, token = mediawiki.initiate(wiki.index_uri, consumer, "oob", AGENT)

    def refusal(request_token, callback):
        with pytest.raises(HandshakeError) as caught:
            mediawiki.complete(wiki.index_uri, consumer, request_token, callback, AGENT)
        return caught.value

    assert "has not allowed" in str(refusal(token, "ffffffffffffffffffffffffffffffff"))
    callback = wiki.authorize(token.key, "Alice")
    assert "verifier" in str(refusal(token, "ffffffffffffffffffffffffffffffff"))
    assert refusal(("unknown", "x"), "v").code == "E004"
    mediawiki.complete(wiki.index_uri, consumer, token, callback, AGENT)
    used = refusal(token, callback)
    assert (used.code, used.reason) == ("E009", "token")
    assert "start again" in str(used)


def test_an_expired_request_token_raises_an_error_with_its_lifetime(wiki, consumer, monkeypatch):
    _, token = mediawiki.initiate(wiki.index_uri, consumer, "oob", AGENT)
    real = time.time
    wiki.clock = lambda: real() + 601
    with pytest.raises(HandshakeError, match="ten minutes") as caught:
        mediawiki.complete(wiki.index_uri, consumer, token, wiki.store.request_tokens[token.key].key, AGENT)
    assert caught.value.code == "E004"


def test_a_revoked_access_token_is_rejected(wiki, consumer, access):
    wiki.revoke(access.key)
    with pytest.raises(HandshakeError, match="log in again") as caught:
        mediawiki.identify(wiki.index_uri, consumer, access, user_agent=AGENT)
    assert caught.value.reason == "token"


def test_api_php_in_place_of_index_php_is_reported(wiki, consumer, access):
    for call in (
        lambda: mediawiki.initiate(wiki.api_uri, consumer, "oob", AGENT),
        lambda: mediawiki.identify(wiki.api_uri, consumer, access, user_agent=AGENT),
    ):
        with pytest.raises(HandshakeError, match=r"pass the URI of its index\.php"):
            call()


def test_a_page_that_is_not_a_wiki_is_reported(wiki, consumer, access):
    elsewhere = wiki.server + "/wiki/index.php"
    for call in (
        lambda: mediawiki.initiate(elsewhere, consumer, "oob", AGENT),
        lambda: mediawiki.identify(elsewhere, consumer, access, user_agent=AGENT),
    ):
        with pytest.raises(HandshakeError, match="404 Not Found") as caught:
            call()
        assert caught.value.reason == "answer"


def test_a_program_that_catches_mwoauths_exception_catches_the_error(wiki, consumer):
    with pytest.raises(mediawiki.OAuthException):
        mediawiki.initiate(wiki.index_uri, ("unknown", "x"), "oob", AGENT)


# -- who the user is


class InSeconds(int):
    """A number of seconds after the identity is issued, a time that is unknown when the table below is built."""


def claims(request_nonce, base, **changes):
    now = int(time.time())
    made = {
        "iss": base, "aud": CONSUMER.key, "exp": now + 100, "iat": now, "sub": "3", "username": "Alice",
        "nonce": request_nonce, "groups": ["*", "user"],
    }  # fmt: skip
    stated = {name: value for name, value in {**made, **changes}.items() if value is not ...}
    return {name: now + int(value) if isinstance(value, InSeconds) else value for name, value in stated.items()}


@pytest.fixture
def identity(serve):
    """Identify with a wiki that replaces claims by ``changes`` and signs with ``secret``."""

    def ask(secret=CONSUMER.secret, algorithm="HS256", base=None, leeway=10.0, issuer=None, **changes):
        def handler(received):
            nonce = reference.protocol_parameters(received)["oauth_nonce"]
            stated = claims(nonce, base or server.uri("").rstrip("/"), **changes)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyJWT warns of short secrets.
                return answer(jwt.encode(stated, secret, algorithm), Content_Type="application/json")

        server = serve(handler)
        uri = server.uri("/index.php")
        return mediawiki.identify(uri, CONSUMER, ACCESS, leeway, AGENT, issuer=issuer)

    return ask


def test_a_valid_identity_is_returned_with_all_claims(identity):
    assert identity()["username"] == "Alice"
    assert identity()["groups"] == ["*", "user"]
    assert identity(sub=3)["sub"] == 3  # Older wikis send a number.
    assert identity(aud=["other", CONSUMER.key])["username"] == "Alice"


def test_the_request_for_an_identity_is_signed_with_the_access_token(serve):
    server = serve(in_turn(answer("")))
    with pytest.raises(HandshakeError):
        mediawiki.identify(server.uri("/index.php"), CONSUMER, ACCESS, user_agent=AGENT)
    assert reference.is_valid(server.received[0], reference.Secrets(CONSUMER.secret, ACCESS.secret))
    assert server.received[0].headers["user-agent"] == AGENT


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"secret": "another secret of some forty characters"}, "signature", "not signed with this consumer's secret"),
        ({"algorithm": "none", "secret": ""}, "signature", "not signed"),
        ({"algorithm": "HS512"}, "signature", "not signed"),
        ({"aud": "another-consumer"}, "audience", "another consumer"),
        ({"aud": f"x{CONSUMER.key}x"}, "audience", "another consumer"),
        ({"aud": []}, "audience", "another consumer"),
        ({"base": "https://wrong.example"}, "issuer", "wrong.example"),
        ({"base": "no URI"}, "issuer", "an unnamed server"),
        ({"base": "https://evil.example@[::1"}, "issuer", "an unnamed server"),
        ({"base": "https://other\x1b[31m.example"}, "issuer", "was issued by"),
        ({"exp": InSeconds(-50)}, "claims", "expired before it was issued"),
        ({"nonce": "recorded-earlier"}, "nonce", "another request"),
        ({"nonce": "\ud800"}, "nonce", "another request"),
        ({"iat": InSeconds(3600), "exp": InSeconds(3700)}, "clock", "3600 seconds behind"),
        ({"iat": InSeconds(-3700), "exp": InSeconds(-3600)}, "clock", "3700 seconds ahead"),
        ({"iat": InSeconds(60), "exp": InSeconds(160)}, "clock", "seconds behind"),
        ({"exp": ...}, "claims", "exp"),
        ({"iat": ...}, "claims", "iat"),
        ({"aud": ...}, "claims", "aud"),
        ({"iss": ...}, "claims", "iss"),
        ({"nonce": ...}, "claims", "nonce"),
        ({"username": ...}, "claims", "username"),
        ({"username": 7}, "claims", "username"),
        ({"exp": True}, "claims", "exp"),
        ({"exp": "soon"}, "claims", "exp"),
        ({"exp": float("nan")}, "claims", "exp"),
        ({"iat": float("inf")}, "claims", "iat"),
        ({"iat": 10**400}, "claims", "iat"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_an_invalid_identity_is_rejected_and_not_shown(identity, changes, reason, words):
    with pytest.raises(IdentityError) as caught:
        identity(**changes)
    error = caught.value
    assert error.reason == reason
    assert re.sub(r"\d{4} seconds", "3600 seconds", words) in re.sub(r"\d{4} seconds", "3600 seconds", str(error))
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    encoded = error.content.decode()
    assert not any(part and part in shown for part in encoded.split("."))
    assert "canary" not in shown


def test_leeway_tolerates_a_wrong_clock(identity):
    ahead = {"iat": int(time.time()) + 60, "exp": int(time.time()) + 160}
    assert identity(leeway=120, **ahead)["username"] == "Alice"
    behind = {"iat": int(time.time()) - 130, "exp": int(time.time()) - 30}
    assert identity(leeway=120, **behind)["username"] == "Alice"


def test_every_spelling_of_a_host_is_the_same_issuer(identity):
    assert identity(base="https://xn--bcher-kva.example", issuer="https://bücher.example")["username"] == "Alice"
    assert identity(base="https://bücher.example", issuer="xn--bcher-kva.example")["username"] == "Alice"
    assert identity(base="https://wiki.example.", issuer="wiki.example")["username"] == "Alice"
    with pytest.raises(IdentityError):
        identity(base="https://wiki.example:8443", issuer="wiki.example")


@pytest.mark.parametrize("issuer", ["", "::", "wiki.example:port", "//"])
def test_an_invalid_issuer_is_rejected(identity, issuer):
    with pytest.raises(ValueError, match="issuer must be"):
        identity(base="garbage", issuer=issuer)


@pytest.mark.parametrize("issuer", ["https://canonical.example", "canonical.example", "https://CANONICAL.example:443/"])
def test_an_identity_from_an_alias_is_accepted_with_its_issuer_given(identity, issuer):
    assert identity(base="https://canonical.example", issuer=issuer)["username"] == "Alice"
    with pytest.raises(IdentityError):
        identity(base="https://other.example", issuer=issuer)


def test_a_wrong_clock_and_a_wrong_wiki_have_different_reasons(wiki, consumer, access, monkeypatch):
    real = time.time
    for seconds in (60, 7200, -7200):
        wiki.clock = lambda seconds=seconds: real() + seconds
        with pytest.raises(IdentityError) as caught:
            mediawiki.identify(wiki.index_uri, consumer, access, user_agent=AGENT)
        assert caught.value.reason == "clock"
    wiki.clock = real
    with pytest.raises(IdentityError) as caught:
        mediawiki.identify(wiki.index_uri, consumer, access, user_agent=AGENT, issuer="en.wikipedia.org")
    assert caught.value.reason == "issuer"


def test_the_recorded_identity_is_read(serve, monkeypatch):
    """A real wiki's JWT, with its nonce and at its time."""
    vector = next(v for v in vectors.ALL if v.answer.startswith("eyJ"))
    known = next(c for c in vectors.CREDENTIALS["consumers"] if c["key"] == vector.oauth["oauth_consumer_key"])
    server = serve(lambda _: answer(vector.answer, Content_Type="application/json"))
    monkeypatch.setattr(time, "time", lambda: vector.time)
    monkeypatch.setattr("httplib2_oauthlib.handshake.generate_nonce", lambda: vector.oauth["oauth_nonce"])
    stated = mediawiki.identify(
        server.uri("/index.php"), (known["key"], known["secret"]), ACCESS, user_agent=AGENT, issuer=vectors.BASE
    )
    assert (stated["username"], stated["sub"]) == ("Alice", "3")


@given(body=st.binary(max_size=80) | st.sampled_from([b"eyJ.eyJ.x", b"eyJhbGciOiJIUzI1NiJ9..", b"eyJ.\xff.\x00", b"..",
                                                      b"[" * 100_000, b"eyJ" + b"[" * 5000 + b".."]),
       content_type=st.sampled_from(["application/json", "text/html", "text/plain", ""]))  # fmt: skip
def test_any_response_raises_an_oauth_error(body, content_type):
    class Http(httplib2.Http):
        def request(self, *args, **kwargs):
            return httplib2.Response({"status": "200", "content-type": content_type}), body

    with pytest.raises(OAuthError):
        mediawiki.identify("https://x/index.php", CONSUMER, ACCESS, user_agent=AGENT, http=Http())


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nonce", "username", "nbf"])


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(CLAIMS, inner)))
def test_any_signed_payload_raises_an_oauth_error(payload):
    token = jwt.PyJWS().encode(json.dumps(payload).encode(), CONSUMER.secret, "HS256")

    class Http(httplib2.Http):
        def request(self, *args, **kwargs):
            return httplib2.Response({"status": "200", "content-type": "application/json"}), token.encode()

    with pytest.raises(OAuthError):
        mediawiki.identify("https://x/index.php", CONSUMER, ACCESS, user_agent=AGENT, http=Http())


def test_without_pyjwt_the_extra_is_named(identity, monkeypatch):
    import sys

    real = answer(jwt.encode({}, CONSUMER.secret))
    http = httplib2.Http()
    monkeypatch.setattr(
        http, "request", lambda *a, **k: (httplib2.Response({"status": "200"}), real.partition(b"\r\n\r\n")[2])
    )
    monkeypatch.setitem(sys.modules, "jwt", None)
    with pytest.raises(OAuthError, match=r"pip install 'httplib2-oauthlib\[mediawiki\]'"):
        mediawiki.identify("https://x/index.php", CONSUMER, ACCESS, user_agent=AGENT, http=http)
