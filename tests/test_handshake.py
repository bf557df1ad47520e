"""The handshake with an independent provider, with the embedded wiki, and with servers that make errors."""

import contextlib
import dataclasses
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import httplib2
import pytest
from google.auth.credentials import AnonymousCredentials
from google_auth_httplib2 import AuthorizedHttp
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib import HandshakeError, HttpPool, InsecureTransportError, OAuth1, OAuth1Http, OAuthError
from httplib2_oauthlib.handshake import Callback, Handshake, TemporaryCredentials, read_callback

from . import reference
from .provider import Provider
from .servers import DROP, answer, in_turn

CLIENT = OAuth1("client", "canary-client-secret")
# The URI has no percent-escape, because authlib's server decodes the callback twice.
CALLBACK = "https://client.example/back?next=/home"
GOOD = "oauth_token=key&oauth_token_secret=canary-secret&oauth_callback_confirmed=true"


def handshake_with(base, oauth=CLIENT, http=None, **options):
    return Handshake(f"{base}/initiate", f"{base}/authorize", f"{base}/token", oauth, http, **options)


def allow(uri):
    """Open the authorization URI as a browser does, and return the URI of the redirect."""
    http = httplib2.Http(timeout=10, disable_ssl_certificate_validation=True)
    http.follow_redirects = False
    return http.request(uri)[0]["location"]


def error_of(serve, *answers, oauth=CLIENT, **options):
    """Return the error that a request for temporary credentials raises for these answers."""
    server = serve(in_turn(*answers), **options)
    with pytest.raises(HandshakeError) as caught:
        handshake_with(server.uri("").rstrip("/"), oauth).temporary_credentials()
    assert "canary" not in str(caught.value) + repr(caught.value)
    return caught.value


# -- with an independent provider


@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_a_handshake_with_another_provider_ends_with_a_signer(rsa_keys, tls, ca_certs, method, placement):
    private, public = rsa_keys
    oauth = OAuth1(
        "client", "secret", signature_method=method, signature_type=placement,
        rsa_key=private if method == "RSA-SHA1" else None,
    )  # fmt: skip
    with Provider("client", "secret", public, tls) as provider:
        http = OAuth1Http(timeout=10, ca_certs=ca_certs)
        handshake = handshake_with(provider.uri, oauth, http)
        temporary = handshake.temporary_credentials(CALLBACK)
        callback = allow(handshake.authorization_uri(temporary))
        assert callback.startswith("https://client.example/back?next=")
        granted = handshake.token_credentials(temporary, callback)
        assert granted == dataclasses.replace(
            oauth,
            resource_owner_key=granted.resource_owner_key,
            resource_owner_secret=granted.resource_owner_secret,
        )
        http.oauth = dataclasses.replace(granted, signature_type="AUTH_HEADER")
        assert json.loads(http.request(f"{provider.uri}/me")[1]) == {"user": "alice"}


def test_a_providers_error_is_quoted_with_advice():
    with Provider("client", "secret") as provider:
        with pytest.raises(HandshakeError) as caught:
            handshake_with(provider.uri, OAuth1("stranger", "x")).temporary_credentials()
        assert caught.value.reason == "consumer"
        assert "invalid_client" in str(caught.value)
        with pytest.raises(HandshakeError) as caught:
            handshake_with(provider.uri, OAuth1("client", "wrong")).temporary_credentials()
        assert caught.value.reason == "signature"
        handshake = handshake_with(provider.uri, OAuth1("client", "secret"))
        temporary = handshake.temporary_credentials(CALLBACK)
        with pytest.raises(HandshakeError, match="oauth_verifier"):
            handshake.token_credentials(temporary, "wrong-verifier")


def test_a_denial_by_the_resource_owner_differs_from_an_error():
    with Provider("client", "secret") as provider:
        handshake = handshake_with(provider.uri, OAuth1("client", "secret"))
        temporary = handshake.temporary_credentials(CALLBACK)
        callback = allow(handshake.authorization_uri(temporary, deny="1"))
        with pytest.raises(HandshakeError) as caught:
            handshake.token_credentials(temporary, callback)
        assert caught.value.reason == "denied"


# -- with the embedded wiki


@pytest.fixture
def wiki_handshake(wiki):
    consumer = wiki.register(callback="https://client.example/")
    special = f"{wiki.index_uri}?title=Special:OAuth/"
    oauth = OAuth1(consumer.key, consumer.secret)
    return Handshake(f"{special}initiate", f"{special}authorize", f"{special}token", oauth)


@pytest.mark.parametrize("form", ["uri", "query", "question mark", "bytes", "verifier", "verifier in white space"])
def test_a_callback_is_accepted_in_every_form(wiki, wiki_handshake, form):
    temporary = wiki_handshake.temporary_credentials("https://client.example/back?next=%2Fh%C3%A9")
    uri = wiki.authorize(temporary.key, "Alice")
    query = urlsplit(uri).query
    verifier = parse_qs(query)["oauth_verifier"][0]
    callbacks = {
        "uri": uri, "query": query, "question mark": f"?{query}", "bytes": query.encode(), "verifier": verifier,
        "verifier in white space": f"  {verifier}\n",
    }  # fmt: skip
    # A JSON session returns the pair as a list.
    oauth = wiki_handshake.token_credentials(json.loads(json.dumps(temporary)), callbacks[form])
    content = OAuth1Http(oauth=oauth).request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")[1]
    assert json.loads(content)["query"]["userinfo"]["name"] == "Alice"


def test_a_callback_of_another_request_is_rejected_before_anything_is_sent(wiki, wiki_handshake):
    mine, others = (wiki_handshake.temporary_credentials(CALLBACK) for _ in range(2))
    callback = wiki.authorize(others.key, "Mallory")
    asked = len(wiki.requests)
    with pytest.raises(HandshakeError) as caught:
        wiki_handshake.token_credentials(mine, callback)
    assert caught.value.reason == "callback"
    assert len(wiki.requests) == asked


@pytest.mark.parametrize(
    ("callback", "reason"),
    [
        ("https://client.example/back", "callback"),
        ("https://client.example/back?oauth_token=key", "callback"),
        ("oauth_token=key&oauth_verifier=", "callback"),
        ("oauth_verifier=v", "callback"),
        ("oauth_token=key&oauth_token=other&oauth_verifier=v", "callback"),
        ("oauth_token=key&oauth_verifier=v&oauth_verifier=w", "callback"),
        ("oauth_token=k%C3%A9y&oauth_verifier=v", "callback"),
        ("", "callback"),
        ("two words", "callback"),
        (None, "callback"),
        ("https://client.example/?oauth_problem=user_refused", "denied"),
        ("oauth_problem=permission_denied&oauth_token=key", "denied"),
        ("https://client.example/?denied=key", "denied"),
        ("error=access_denied", "denied"),
        ("oauth_problem=token_expired", "other"),
        ("oauth_problem=<script>canary", "other"),
    ],
)
def test_an_invalid_callback_is_rejected_with_a_reason(callback, reason):
    with pytest.raises(HandshakeError) as caught:
        read_callback(callback, "key")
    assert caught.value.reason == reason
    assert "canary" not in str(caught.value)


def test_a_callback_is_read():
    uri = "https://client.example/back?next=%2Fhome&oauth_verifier=v%2B1&oauth_token=key#part"
    assert read_callback(uri, "key") == Callback("key", "v+1")
    assert read_callback("1234567", "key") == Callback(None, "1234567")
    assert "v+1" not in repr(read_callback(uri))


@given(st.text(max_size=60) | st.binary(max_size=60), st.text(max_size=5))
def test_any_callback_is_read_or_raises_a_handshake_error(callback, key):
    try:
        assert read_callback(callback, key).verifier
    except HandshakeError as error:
        assert error.reason in ("callback", "denied", "other")


def test_a_wrong_clock_is_corrected_in_every_step(wiki, wiki_handshake):
    real = wiki.clock
    wiki.clock = lambda: real() + 7200
    temporary = wiki_handshake.temporary_credentials(CALLBACK)
    oauth = wiki_handshake.token_credentials(temporary, wiki.authorize(temporary.key, "Alice"))
    assert oauth.resource_owner_key in wiki.store.access_tokens


def test_a_signing_http_keeps_its_signer(wiki, wiki_handshake):
    """Its own signer does not sign the handshake's requests, and is restored afterwards."""
    signer = OAuth1(*wiki.owner_only("Alice"))
    wiki_handshake.http = OAuth1Http(timeout=10, oauth=signer)
    wiki_handshake.temporary_credentials(CALLBACK)
    assert signer.client_key not in wiki.requests[-1].headers["authorization"]
    assert wiki_handshake.http.oauth is signer
    wiki_handshake.request_token_uri = "http://127.0.0.1:1/"
    with pytest.raises(OSError, match=r"refused|\[Errno"):
        wiki_handshake.temporary_credentials(CALLBACK)
    assert wiki_handshake.http.oauth is signer


def test_a_signing_http_does_not_sign_a_handshake_in_the_query(serve):
    """The Http checks the Authorization header only, and this signature is in the query."""
    server = serve(lambda _: answer(GOOD))
    http = OAuth1Http(timeout=10, oauth=OAuth1("other-client", "x"))
    oauth = dataclasses.replace(CLIENT, signature_type="QUERY")
    handshake_with(server.uri("").rstrip("/"), oauth, http).temporary_credentials()
    assert "authorization" not in server.received[0].headers
    assert reference.is_valid(server.received[0], reference.Secrets("canary-client-secret"))


def test_another_error_is_not_retried_as_a_wrong_clock(serve):
    refused = answer(
        "Error: The verification code provided was not valid.", Content_Type="text/plain",
        Cache_Control="no-store", Date="Thu, 01 Jan 1998 00:00:00 GMT",
    )  # fmt: skip
    server = serve(lambda _: refused)
    with pytest.raises(HandshakeError, match="verification code"):
        handshake_with(server.uri("").rstrip("/")).token_credentials(("key", "s"), "v")
    assert len(server.received) == 1


def test_a_plain_http_is_accepted(wiki, wiki_handshake):
    wiki_handshake.http = httplib2.Http(timeout=10)
    assert wiki_handshake.temporary_credentials(CALLBACK).key in wiki.store.request_tokens


def test_an_old_token_of_the_client_is_not_used(wiki, wiki_handshake):
    stale = dataclasses.replace(wiki_handshake.oauth, resource_owner_key="x", resource_owner_secret="y", verifier="z")
    handshake = Handshake(
        wiki_handshake.request_token_uri, wiki_handshake.authorize_uri, wiki_handshake.access_token_uri, stale
    )
    assert handshake.temporary_credentials(CALLBACK).key in wiki.store.request_tokens
    assert "oauth_token" not in wiki.requests[-1].headers["authorization"]


# -- with servers that make errors


def test_requests_are_signed_and_contain_the_callback(serve):
    server = serve(lambda _: answer(GOOD, Content_Type="application/x-www-form-urlencoded"))
    base = server.uri("").rstrip("/")
    handshake = handshake_with(base, dataclasses.replace(CLIENT, callback_uri=CALLBACK), headers={"User-Agent": "x/1"})
    for asked, expected in ((None, CALLBACK), ("oob", "oob")):
        assert handshake.temporary_credentials(asked) == ("key", "canary-secret")
        received = server.received[-1]
        assert reference.is_valid(received, reference.Secrets("canary-client-secret"))
        assert reference.protocol_parameters(received)["oauth_callback"] == expected
        assert (received.method, received.headers["user-agent"], received.body) == ("POST", "x/1", b"")
    handshake = handshake_with(base)
    handshake.temporary_credentials()
    assert reference.protocol_parameters(server.received[-1])["oauth_callback"] == "oob"
    handshake.token_credentials(("key", "temporary-secret"), "oauth_token=key&oauth_verifier=v%26")
    received = server.received[-1]
    assert reference.is_valid(received, reference.Secrets("canary-client-secret", "temporary-secret"))
    parameters = reference.protocol_parameters(received)
    assert (parameters["oauth_token"], parameters["oauth_verifier"]) == ("key", "v&")
    assert "oauth_callback" not in parameters


def test_additional_parameters_are_stored_in_extra(serve):
    server = serve(lambda _: answer(f"{GOOD}&user_id=7&screen_name=al%20ice"))
    handshake = handshake_with(server.uri("").rstrip("/"))
    oauth = handshake.token_credentials(("key", "s"), "v")
    assert handshake.extra == {"user_id": "7", "screen_name": "al ice"}
    assert "canary" not in repr(oauth)


def test_long_credentials_are_not_truncated(serve):
    secret = "s" * 40_000
    server = serve(lambda _: answer(f"oauth_token=key&x=1&oauth_token_secret={secret}&y=2"))
    handshake = handshake_with(server.uri("").rstrip("/"))
    assert handshake.token_credentials(("key", "s"), "v").resource_owner_secret == secret
    assert handshake.extra == {"x": "1", "y": "2"}


@pytest.mark.parametrize(
    ("given", "excerpt", "advice"),
    [
        (
            answer("Error: canary-client-secret is not right", Content_Type="text/plain"),
            "refused: MASKED is not right.",
            "",
        ),
        (answer("<html><title>Log &amp; in</title>", Content_Type="text/html"), '"Log & in"', "URI"),
        (answer("<!doctype html>", Content_Type="text/html"), "a web page", "URI"),
        (answer(""), "an empty body", "URI"),
        (answer("oauth_token=key"), "only oauth_token", "URI"),
        (answer("oauth_token_secret=canary-secret"), "only oauth_token_secret", "URI"),
        (answer("oauth_token=&oauth_token_secret=canary-secret"), "oauth_token_secret", "URI"),
        (answer("oauth_token=a%22b&oauth_token_secret=canary-secret"), "oauth_token_secret", "URI"),
        (answer("Y2FuYXJ5canaryY2FuYXJ5=="), "values without names", "URI"),
        (answer('{"key":"k","secret":"canary"}', Content_Type="application/json"), "JSON with key, secret", "URI"),
        (answer("[1]", Content_Type="application/json"), "JSON", "URI"),
        (answer("{broken canary", Content_Type="application/json"), "JSON", "URI"),
        (answer('{"message":"No such thing"}', "404 Not Found"), "404 Not Found", "Check the URI"),
        (answer("error=bad&error_description=Go+away", "400 Bad Request"), "bad: Go away", "client key"),
        (answer(f"error=bad&error_description={'canary' * 5}", "400 Bad Request"), "bad: MASKED", "client key"),
        (answer("error_description=" + "words " * 200, "400 Bad Request"), ' ..."', "client key"),
        (answer("secret: canary-0123 and canary012345678901234567890123", "500 Oops"), "500 Oops", "endpoint"),
        (answer("<title>Slow down</title>", "429 Too Many"), "Slow down", "Try again later"),
        (answer("set a User-Agent", "403 Forbidden"), "403 Forbidden", "User-Agent_policy"),
        (answer("", "401 Unauthorized", WWW_Authenticate="OAuth"), "401 Unauthorized", "client key"),
        (answer("", "301 Moved", Location="https://other.example/initiate?x=canary"), "other.example/initiate:", "URI"),
        (answer("", "302 Found", Location="https://u:canary@x.example/a#t=canary"), "to https://x.example/a:", "URI"),
        (answer("", "302 Found", Location="canary"), "to another URI", "URI"),
        (answer("", "303 See Other"), "to another URI", "URI"),
        (answer("[Errno 111] Connection refused", "400 Bad Request"), "Connection refused", "client key"),
        (answer("Error: is\x1b[31m canary-client-secret ok", Content_Type="text/plain"), "refused: is", ""),
        (answer(f"Error: {'canary0' * 5}!", Content_Type="text/plain"), "refused: MASKED!", ""),
        (answer(GOOD.replace("canary-secret", "a%0D%0A<!-- -->")), "oauth_token_secret", "URI"),
        (answer(GOOD.replace("canary-secret", "caf%E9")), "oauth_token_secret", "URI"),
        (answer("x", "500 Oo\x1b[31mps"), "status 500 Oo [31mps", "endpoint"),
        (answer(f"{GOOD}&oauth_token=other"), "oauth_token", "URI"),
        (answer("oauth_problem=consumer_key_unknown", "401 No"), "consumer_key_unknown", "client"),
    ],
)
def test_a_response_without_credentials_is_quoted_with_advice(serve, given, excerpt, advice):
    error = error_of(serve, given)
    assert excerpt in str(error)
    assert advice in str(error)
    assert error.response is not None
    assert str(error).isprintable()


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize(
    "wrap",
    [lambda http: http, HttpPool, lambda http: AuthorizedHttp(AnonymousCredentials(), http=http)],
    ids=["itself", "pool", "AuthorizedHttp"],
)
def test_a_wrapped_signing_http_does_not_sign_a_handshake_too(serve, placement, wrap):
    server = serve(lambda _: answer(GOOD))
    http = wrap(OAuth1Http(timeout=10, oauth=OAuth1("another", "s", "token", "t")))
    handshake = handshake_with(server.uri("").rstrip("/"), dataclasses.replace(CLIENT, signature_type=placement), http)
    handshake.temporary_credentials()
    (received,) = server.received
    everything = f"{received.target} {received.headers} {received.body}"
    assert (everything.count("oauth_consumer_key"), "another" in everything) == (1, False)
    http.request(server.uri())
    assert "another" in server.received[1].headers["authorization"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("kind", [httplib2.Http, OAuth1Http])
def test_a_redirect_is_not_followed_and_nothing_is_accepted(serve, status, placement, kind):
    """With PLAINTEXT, the other server would receive the secrets, and it could return an attacker's token."""
    elsewhere = serve(lambda _: answer(GOOD))
    server = serve(lambda _: answer("", status, Location=elsewhere.uri("/token")))
    oauth = dataclasses.replace(CLIENT, signature_type=placement)
    http = kind(timeout=10)
    with pytest.raises(HandshakeError, match=r"redirects to http://localhost:\d+/token: use the URI") as caught:
        handshake_with(server.uri("").rstrip("/"), oauth, http).token_credentials(("key", "s"), "v")
    assert caught.value.reason == "answer"
    assert elsewhere.received == []
    assert http.follow_redirects is True


@pytest.mark.parametrize("kind", [httplib2.Http, OAuth1Http])
def test_a_bare_challenge_raises_a_handshake_error_with_any_http(serve, kind):
    """httplib2 can't parse this challenge."""
    server = serve(lambda _: answer("go away", "401 Unauthorized", WWW_Authenticate="OAuth"))
    with pytest.raises(HandshakeError) as caught:
        handshake_with(server.uri("").rstrip("/"), http=kind(timeout=10)).temporary_credentials()
    assert caught.value.reason == "answer"


def test_an_http_that_turns_exceptions_into_responses_is_read():
    http = OAuth1Http(timeout=10)
    http.force_exception_to_status_code = True
    with pytest.raises(HandshakeError, match="Connection refused"):
        handshake_with("http://127.0.0.1:1", http=http).temporary_credentials()


@pytest.mark.parametrize("oauth", [None, ("key", "canary"), "canary"])
def test_a_signer_of_another_type_is_rejected_without_showing_it(oauth):
    with pytest.raises(TypeError, match="OAuth1") as caught:
        handshake_with("https://x", oauth)
    assert "canary" not in str(caught.value)


def test_threads_may_share_a_handshake(wiki, wiki_handshake):
    def grant(name):
        temporary = wiki_handshake.temporary_credentials("oob")
        oauth = wiki_handshake.token_credentials(temporary, wiki.authorize(temporary.key, name))
        return wiki.store.access_tokens[oauth.resource_owner_key].user

    names = [f"User {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(grant, names)) == names


def test_threads_sharing_a_signing_http_keep_its_signer(serve):
    server = serve(lambda _: answer(GOOD))
    signer = OAuth1("a", "b")
    # If another thread has read a thread's response, that thread waits until this timeout.
    http = OAuth1Http(timeout=0.5, oauth=signer)
    oauth = dataclasses.replace(CLIENT, signature_type="QUERY")

    def ask(_):
        # Requests over a shared Http may fail. Only its signer must stay.
        with contextlib.suppress(Exception):
            handshake_with(server.uri("").rstrip("/"), oauth, http).temporary_credentials()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(40)))
    assert http.oauth is signer


def test_a_server_of_oauth_1_0_is_rejected(serve):
    error = error_of(serve, answer("oauth_token=key&oauth_token_secret=canary-secret"))
    assert "1.0a" in str(error)
    assert error.reason == "answer"


@pytest.mark.parametrize("status", ["500 Oops", "302 Found", "404 Not Found"])
def test_credentials_with_an_error_status_are_rejected(serve, status):
    assert error_of(serve, answer(GOOD, status)).reason == "answer"


def test_a_lost_response_is_requested_again_where_that_is_harmless(serve):
    """httplib2 sends the first request twice, with the same nonce. The third request is signed with a new one."""
    used = answer("oauth_problem=nonce_used", "401 Unauthorized")
    server = serve(in_turn(DROP, used, answer(GOOD)))
    temporary = handshake_with(server.uri("").rstrip("/")).temporary_credentials()
    assert temporary.key == "key"
    nonces = [reference.protocol_parameters(received)["oauth_nonce"] for received in server.received]
    assert nonces[0] == nonces[1] != nonces[2]
    server = serve(in_turn(DROP, used))
    with pytest.raises(HandshakeError) as caught:
        handshake_with(server.uri("").rstrip("/")).token_credentials(("key", "s"), "v")
    assert caught.value.reason == "nonce"
    assert len(server.received) == 2


@pytest.mark.parametrize("reason", ["timestamp_refused", "nonce_used"])
def test_a_server_that_always_rejects_gets_at_most_three_requests(serve, reason):
    server = serve(lambda _: answer(f"oauth_problem={reason}", "401 No", Date="Thu, 01 Jan 1998 00:00:00 GMT"))
    with pytest.raises(HandshakeError):
        handshake_with(server.uri("").rstrip("/")).temporary_credentials()
    assert len(server.received) <= 3


def test_a_server_that_does_not_respond_in_time_is_named(serve):
    server = serve(lambda _: time.sleep(1) or DROP)
    base = server.uri("", host="127.0.0.1").rstrip("/")
    with pytest.raises(TimeoutError, match=r"temporary credentials.*initiate did not respond in time"):
        handshake_with(base, http=httplib2.Http(timeout=0.2)).temporary_credentials()


def test_plaintext_without_tls_is_rejected_before_anything_is_sent(serve):
    server = serve()
    handshake = handshake_with(server.uri("").rstrip("/"), OAuth1("c", "s", signature_method="PLAINTEXT"))
    with pytest.raises(InsecureTransportError):
        handshake.temporary_credentials()
    assert server.received == []


def test_the_authorization_uri_keeps_its_query_and_fragment():
    handshake = Handshake("https://x/i", "https://x/a?title=Special:OAuth/authorize#top", "https://x/t", CLIENT)
    uri = handshake.authorization_uri(("k e/y", "canary"), oauth_consumer_key="client", lang="é")
    assert uri == (
        "https://x/a?title=Special:OAuth/authorize&oauth_token=k%20e%2Fy&oauth_consumer_key=client&lang=%C3%A9#top"
    )
    for uri in ("https://x/a", "https://x/a?"):
        assert Handshake("i", uri, "t", CLIENT).authorization_uri(("k", "s")) == "https://x/a?oauth_token=k"


@pytest.mark.parametrize("temporary", ["ks", b"ks", ("k",), ("k", "s", "x"), None, {"k": "s"}, (b"k", b"s"), (1, 2)])
def test_temporary_credentials_that_are_not_a_pair_are_rejected(temporary):
    with pytest.raises(TypeError, match="a key and its secret"):
        handshake_with("https://x").authorization_uri(temporary)


def test_temporary_credentials_show_no_secret():
    temporary = TemporaryCredentials("key", "canary")
    assert "canary" not in repr(temporary) + str(temporary) + f"{[temporary]}"
    assert tuple(temporary) == ("key", "canary")


@pytest.mark.parametrize("status", [200, 302, 401, 403, 500])
@given(body=st.binary(max_size=200), content_type=st.sampled_from(["text/plain", "application/json", "text/html", ""]))
def test_any_response_raises_an_oauth_error(status, body, content_type):
    class Http(httplib2.Http):
        def request(self, *args, **kwargs):
            return httplib2.Response({"status": str(status), "content-type": content_type}), body

    handshake = handshake_with("https://x", http=Http())
    try:
        handshake.temporary_credentials()
    except OAuthError as error:
        assert "canary" not in str(error)
