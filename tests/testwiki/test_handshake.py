"""The requests that an application sends to Special:OAuth."""

import json
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .api_client import Client


@pytest.fixture
def handshake(wiki):
    """Send a consumer's requests to Special:OAuth."""

    def ask(subpage, oauth, **parameters):
        uri = f"{wiki.index_uri}?{urlencode({'title': f'Special:OAuth/{subpage}', **parameters})}"
        return OAuth1Http(oauth=oauth).request(uri, "POST")[1].decode()

    return ask


@pytest.mark.parametrize("callback", ["oob", "https://tool.example/back?next=/home", "https://tool.example/back/more"])
def test_a_handshake_from_initiate_to_identity(wiki, handshake, callback):
    consumer = wiki.register("A tool", callback="https://tool.example/back")
    asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri=callback)))
    assert asked["oauth_callback_confirmed"] == ["true"]
    request_token = (asked["oauth_token"][0], asked["oauth_token_secret"][0])
    sent_to = wiki.authorize(request_token[0], "Alice")
    returned = parse_qs(urlsplit(sent_to).query)
    assert returned["oauth_token"] == [request_token[0]]
    # MediaWiki replaces "oob" with the registered callback.
    assert sent_to.startswith(consumer.callback if callback == "oob" else callback)
    granting = OAuth1(consumer.key, consumer.secret, *request_token, verifier=returned["oauth_verifier"][0])
    granted = parse_qs(handshake("token", granting))
    access = OAuth1(consumer.key, consumer.secret, granted["oauth_token"][0], granted["oauth_token_secret"][0])
    assert Client(wiki, access).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    claims = jwt.decode(handshake("identify", access), consumer.secret, ["HS256"], audience=consumer.key)
    assert (claims["username"], claims["iss"]) == ("Alice", wiki.server)
    assert claims["exp"] - claims["iat"] == 100
    assert "E009" in handshake("token", granting)


def test_a_user_who_allows_twice_has_one_grant(wiki, handshake):
    consumer = wiki.register()
    for _ in range(2):
        asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri="oob")))
        wiki.authorize(asked["oauth_token"][0], "Alice")
    assert len(wiki.store.access_tokens) == 1


def test_a_handshake_with_rsa_needs_no_secret(wiki, handshake, rsa_keys):
    private, public = rsa_keys
    consumer = wiki.register(rsa_public_key=public)

    def oauth(*token, **options):
        return OAuth1(consumer.key, None, *token, signature_method="RSA-SHA1", rsa_key=private, **options)

    asked = json.loads(handshake("initiate", oauth(callback_uri="oob"), format="json"))
    assert asked["oauth_callback_confirmed"] == "true"
    verifier = parse_qs(urlsplit(wiki.authorize(asked["key"], "Alice")).query)["oauth_verifier"][0]
    granted = parse_qs(handshake("token", oauth(asked["key"], verifier=verifier)))
    assert granted["oauth_token_secret"] == ["__unused__"]


@pytest.mark.parametrize(
    ("registered", "asked", "accepted"),
    [
        (None, "oob", True),
        (None, "https://tool.example/", False),
        ("http://tool.example/a", "https://tool.example/ab", True),
        ("https://tool.example/a", "http://tool.example/a", False),
        ("https://tool.example/a", "https://evil.example/a", False),
        ("https://tool.example/a", "https://tool.example:8080/a", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:5000/x", True),
        ("https://tool.example/a?b=1", "https://tool.example/a?b=12", True),
        ("https://tool.example/a?b=1", "https://tool.example/ab?b=1", False),
    ],
)
def test_a_callback_must_start_with_the_registered_one(wiki, handshake, registered, asked, accepted):
    consumer = wiki.register(callback=registered)
    answer = handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri=asked))
    assert answer.startswith(
        "oauth_token=" if accepted else "Error: oauth_callback must be set, and must be set to &quot;oob"
    )


def test_a_failed_handshake_returns_the_reason(wiki, handshake):
    consumer = wiki.register()
    owner_only = wiki.owner_only("Alice")
    assert "E010" in handshake("initiate", OAuth1(*owner_only[:2], callback_uri="oob"))
    assert "E010" in json.loads(handshake("initiate", OAuth1(*owner_only[:2]), format="json"))["message"]
    asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri="oob")))
    token = (asked["oauth_token"][0], asked["oauth_token_secret"][0])
    early = OAuth1(consumer.key, consumer.secret, *token, verifier="x")
    assert handshake("token", early) == "Error: No token was found matching your request."
    wiki.authorize(token[0], "Alice")
    assert handshake("token", early) == "Error: The verification code provided was not valid."
    wiki.clock = lambda: time.time() + 601
    late = OAuth1Http(oauth=early).request(f"{wiki.index_uri}?title=Special:OAuth/token", "POST")[1]
    assert b"E004" in late
    with pytest.raises(KeyError):
        wiki.authorize("unknown", "Alice")


def test_the_response_format_can_be_set_in_the_form(wiki, consumer):
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, callback_uri="oob"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.request(f"{wiki.index_uri}?title=Special:OAuth/initiate", "POST", "format=json", form)[1]
    assert set(json.loads(answer)) == {"key", "secret", "oauth_callback_confirmed"}
