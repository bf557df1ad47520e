"""The verification of signed requests by the embedded wiki."""

import http.client
import time
from dataclasses import replace

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.testwiki import TestWiki

from .api_client import FORM, Client


def test_signatures_outside_the_header_are_ignored(wiki, alice):
    """A request with its signature in the query or the body is handled as anonymous."""
    for placement in ("QUERY", "BODY"):
        client = Client(wiki, replace(alice, signature_type=placement))
        answer = client.post(action="query", meta="userinfo")
        assert answer["query"]["userinfo"]["anon"] is True


def test_the_realm_is_ignored(wiki, alice):
    assert Client(wiki, replace(alice, realm="Some where")).query(meta="userinfo")["userinfo"]["name"] == "Alice"


@pytest.mark.parametrize(("off", "accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_timestamp_is_accepted_for_five_minutes(wiki, alice, off, accepted):
    wiki.clock = lambda: 1_000_000
    signed = alice.sign(f"{wiki.api_uri}?action=query&format=json", timestamp=1_000_000 + off)
    _, content = OAuth1Http().request(signed.uri, headers=signed.headers)
    assert (b"Expired timestamp, yours" not in content) == accepted


def test_a_nonce_is_used_up_even_by_a_wrong_signature(wiki, alice):
    uri = f"{wiki.api_uri}?action=query&format=json"
    signed = alice.sign(uri, nonce="n")
    broken = {"Authorization": signed.headers["Authorization"].replace('signature="', 'signature="x')}
    answers = [OAuth1Http().request(uri, headers=headers)[1] for headers in (broken, signed.headers)]
    assert b"Invalid signature" in answers[0]
    assert b"Nonce already used: n" in answers[1]


def test_a_nonce_is_used_up_by_a_request_that_fails_later(wiki, alice):
    """A bad csrf token is one example. All modules run after the verification."""
    signed = alice.sign(wiki.api_uri, "POST", "action=edit&title=X&token=bad&format=json", FORM, nonce="n")
    contents = [OAuth1Http().request(wiki.api_uri, "POST", signed.body, signed.headers)[1] for _ in range(2)]
    assert b'"badtoken"' in contents[0]
    assert b"Nonce already used: n" in contents[1]


@pytest.mark.parametrize(
    "refused",
    [
        lambda alice: (alice, {"timestamp": 999_000}),
        lambda alice: (replace(alice, client_key="unknown"), {}),
        lambda alice: (replace(alice, resource_owner_key="unknown"), {}),
    ],
    ids=["an expired timestamp", "an unknown consumer", "an unknown token"],
)
def test_a_nonce_is_not_used_up_by_a_refusal_before_it_is_checked(wiki, alice, refused):
    uri = f"{wiki.api_uri}?action=query&format=json"
    wiki.clock = lambda: 1_000_000
    signer, arguments = refused(alice)
    requests = signer.sign(uri, nonce="n", **arguments), alice.sign(uri, nonce="n", timestamp=1_000_000)
    first, second = (OAuth1Http().request(uri, headers=signed.headers)[1] for signed in requests)
    assert b"mwoauth-invalid-authorization" in first
    assert b"batchcomplete" in second


@pytest.mark.parametrize(("seconds", "words"), [(300.9, b"Nonce already used"), (301, b"Expired timestamp")])
def test_a_copy_of_a_request_is_refused_at_any_time(wiki, alice, seconds, words):
    uri = f"{wiki.api_uri}?action=query&format=json"
    signed = alice.sign(uri, timestamp=1_000_000)
    wiki.clock = lambda: 1_000_000
    assert b"batchcomplete" in OAuth1Http().request(uri, headers=signed.headers)[1]
    wiki.clock = lambda: 1_000_000 + seconds
    assert words in OAuth1Http().request(uri, headers=signed.headers)[1]


@pytest.mark.parametrize(("ip_range", "accepted"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
def test_a_consumer_can_be_limited_to_ip_addresses(wiki, ip_range, accepted):
    consumer = wiki.register(ip_ranges=[ip_range], owner="Alice")
    token = wiki.store.grant(consumer, wiki.store.user("Alice"))
    client = Client(wiki, OAuth1(consumer.key, consumer.secret, token.key, token.secret))
    assert ("invalid IP address" not in str(client.get(action="query"))) == accepted


def test_a_request_for_any_origin_is_anonymous(wiki, alice):
    client = Client(wiki, alice)
    assert client.query(meta="userinfo", origin="*")["userinfo"]["anon"] is True
    assert client.response["mediawiki-login-suppressed"] == "true"


def test_a_nonce_can_be_reused_after_its_timestamp_expired(wiki, alice):
    uri = f"{wiki.api_uri}?action=query&format=json"
    for now, accepted in ((1_000_000, True), (1_000_000, False), (1_000_700, True)):
        wiki.clock = lambda now=now: now
        signed = alice.sign(uri, nonce="n", timestamp=now)
        content = OAuth1Http().request(uri, headers=signed.headers)[1]
        assert (b"Nonce already used" not in content) == accepted


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ("oauth_timestamp", "Missing timestamp parameter"),
        ("oauth_nonce", "Missing nonce parameter"),
        ("oauth_signature_method", "No signature method parameter"),
        ("oauth_consumer_key", "Invalid consumer key"),
        ("oauth_token", "No approved grant was found"),
        ("oauth_version", None),
    ],
)
def test_protocol_parameters_that_are_missing_are_named(wiki, dropped, words):
    class Without(OAuth1):
        def protocol_parameters(self, nonce, timestamp):
            return [pair for pair in super().protocol_parameters(nonce, timestamp) if pair[0] != dropped]

    answer = Client(wiki, Without(*wiki.owner_only("Alice"))).get(action="query")
    assert ("error" not in answer) if words is None else (words in answer["error"]["info"])


def test_another_version_is_refused(wiki):
    class Version2(OAuth1):
        def protocol_parameters(self, nonce, timestamp):
            return [*super().protocol_parameters(nonce, timestamp), ("oauth_version", "2.0")]

    answer = Client(wiki, Version2(*wiki.owner_only("Alice"))).get(action="query")
    assert "OAuth version '2.0' not supported" in answer["error"]["info"]


def test_a_token_of_another_consumer_is_refused(wiki):
    one, other = wiki.owner_only("Alice"), wiki.owner_only("Alice")
    mixed = OAuth1(*one[:2], *other[2:])
    assert "No approved grant" in Client(wiki, mixed).get(action="query")["error"]["info"]


def test_signatures_are_verified_with_the_wikis_configured_name(alice, wiki):
    """Like MediaWiki, the wiki ignores the Host header."""
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json".replace("127.0.0.1", "localhost")
    assert b"Invalid signature" in OAuth1Http(oauth=alice).request(uri)[1]


@pytest.mark.parametrize("server", ["https://wiki.example", "https://wiki.example:443/", "http://Wiki.Example:80"])
def test_behind_a_proxy_signatures_are_verified_with_the_proxys_name(server):
    with TestWiki(server=server) as wiki:
        oauth = OAuth1(*wiki.owner_only("Alice"))
        signed = oauth.sign(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")
        connection = http.client.HTTPConnection(*wiki._address, timeout=10)
        connection.request("GET", signed.uri.partition("/api.php")[2].join(["/api.php", ""]), headers=signed.headers)
        assert b"Alice" in connection.getresponse().read()
        connection.close()


def test_rsa_consumers_are_verified_by_their_key(wiki, rsa_keys):
    private, public = rsa_keys
    credentials = wiki.owner_only("Alice", rsa_public_key=public)
    oauth = OAuth1(*credentials, signature_method="RSA-SHA1", rsa_key=private)
    assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    without = OAuth1(*wiki.owner_only("Bob"), signature_method="RSA-SHA1", rsa_key=private)
    assert "Invalid signature" in Client(wiki, without).get(action="query")["error"]["info"]


def test_credentials_with_non_ascii_characters_are_verified(wiki):
    wiki.register(key="schl\u00fcssel", secret="geh\u00e9im \u6f22&=", owner="Zo\u00eb")
    from httplib2_oauthlib.testwiki.store import AccessToken

    wiki.store.user("Zo\u00eb")
    wiki.store.access_tokens["t\u00f6ken"] = AccessToken("t\u00f6ken", "\U0001f600", "schl\u00fcssel", "Zo\u00eb")
    oauth = OAuth1("schl\u00fcssel", "geh\u00e9im \u6f22&=", "t\u00f6ken", "\U0001f600")
    assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Zo\u00eb"


@pytest.mark.parametrize("timestamp", ["{}.5", "+{}", " {}", "{}."])
def test_timestamps_are_parsed_as_php_parses_numbers(wiki, timestamp):
    """A real wiki accepts time.time() without rounding."""
    http = OAuth1Http(timeout=10)
    for oauth in (OAuth1(*wiki.owner_only("Alice")),):
        uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json"
        signed = oauth.sign(uri, timestamp=timestamp.format(int(time.time())))
        assert b'"name":"Alice"' in http.request(signed.uri, headers=signed.headers)[1]
        signed = oauth.sign(uri, timestamp="soon")
        assert b"Expired timestamp" in http.request(signed.uri, headers=signed.headers)[1]
