"""Credentials of other libraries, passed as ``oauth=``."""

import json
import subprocess
import sys
import textwrap
from dataclasses import asdict

import mwoauth
import oauthlib.oauth1
import pytest
import requests_oauthlib

from httplib2_oauthlib import OAuth1, OAuth1Http, SigningError, mediawiki
from httplib2_oauthlib.handshake import Handshake, TemporaryCredentials
from tests.frameworks.recipes import peers

from .. import reference

FOUR = ("client", "canary-client", "token", "canary-token")
SECRETS = reference.Secrets("canary-client", "canary-token")


def name_of(http, wiki):
    _, content = http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")
    return json.loads(content)["query"]["userinfo"]["name"]


def test_credentials_in_the_recipes_sign_as_alice(wiki):
    four = wiki.owner_only("Alice")
    assert name_of(peers.of_requests_oauthlib(requests_oauthlib.OAuth1(*four)), wiki) == "Alice"
    assert name_of(peers.of_oauthlib(oauthlib.oauth1.Client(*four)), wiki) == "Alice"
    tokens = (mwoauth.ConsumerToken(*four[:2]), mwoauth.AccessToken(*four[2:]))
    assert name_of(peers.of_mwoauth(*tokens), wiki) == "Alice"


def session(*arguments, auth=None, **options):
    created = requests_oauthlib.OAuth1Session(*arguments, **options)
    created.auth = auth or created.auth
    return created


EVERYTHING = {
    "callback_uri": "https://client.example/",
    "signature_method": "HMAC-SHA256",
    "signature_type": "QUERY",
    "verifier": "v",
    "realm": "r",
}


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [
        (requests_oauthlib.OAuth1("client"), OAuth1("client")),
        (requests_oauthlib.OAuth1(*FOUR, **EVERYTHING), OAuth1(*FOUR, **EVERYTHING)),
        (requests_oauthlib.OAuth1(*FOUR, signature_type="auth_header"), OAuth1(*FOUR)),
        (session(*FOUR, **EVERYTHING), OAuth1(*FOUR, **EVERYTHING)),
        (session("client"), OAuth1("client")),
        (oauthlib.oauth1.Client("client"), OAuth1("client")),
        (oauthlib.oauth1.Client(b"client", b"s"), OAuth1("client", "s")),
        (oauthlib.oauth1.Client("client", realm=""), OAuth1("client")),
        (oauthlib.oauth1.Client(*FOUR, **EVERYTHING), OAuth1(*FOUR, **EVERYTHING)),
        ((mwoauth.ConsumerToken(*FOUR[:2]), mwoauth.AccessToken(*FOUR[2:])), OAuth1(*FOUR)),
        ((mediawiki.ConsumerToken(*FOUR[:2]), mediawiki.AccessToken(*FOUR[2:])), OAuth1(*FOUR)),
        ([mwoauth.ConsumerToken(*FOUR[:2]), mwoauth.AccessToken(*FOUR[2:])], OAuth1(*FOUR)),
        (mwoauth.ConsumerToken(*FOUR[:2]), OAuth1(*FOUR[:2])),
        (mediawiki.ConsumerToken(*FOUR[:2]), OAuth1(*FOUR[:2])),
    ],
    ids=lambda value: type(value).__module__,
)
@pytest.mark.parametrize("within", ["alone", "mapping", "function"])
def test_foreign_credentials_are_accepted_in_place_of_an_oauth1(serve, foreign, expected, within):
    server = serve()
    http = OAuth1Http(timeout=10)
    http.oauth = {"alone": foreign, "mapping": {"localhost": foreign}, "function": lambda uri: foreign}[within]
    if within == "alone":
        # oauthlib's Client becomes a subclass, which sends the hash of a body as oauthlib does.
        assert asdict(http.oauth) == asdict(expected)
        assert isinstance(foreign, oauthlib.oauth1.Client) or http.oauth == expected
    http.request(server.uri("/x?a=1"))
    parameters = reference.protocol_parameters(server.received[0])
    assert parameters["oauth_consumer_key"] == expected.client_key
    assert parameters.get("oauth_token") == expected.resource_owner_key
    secrets = reference.Secrets(expected.client_secret or "", expected.resource_owner_secret or "")
    assert reference.is_valid(server.received[0], secrets)


def test_an_rsa_key_is_converted(serve, rsa_keys):
    server = serve()
    private, public = rsa_keys
    auth = requests_oauthlib.OAuth1("client", signature_method="RSA-SHA1", rsa_key=private)
    OAuth1Http(timeout=10, oauth=auth).request(server.uri())
    assert reference.is_valid(server.received[0], reference.Secrets(rsa_public_key=public))


def test_credentials_are_converted_when_they_are_set_or_selected(serve):
    server = serve()
    client = oauthlib.oauth1.Client("client", "canary-client")
    one, each = OAuth1Http(timeout=10, oauth=client), OAuth1Http(timeout=10, oauth={"localhost": client})
    client.resource_owner_key, client.resource_owner_secret = "token", "canary-token"
    one.request(server.uri())
    each.request(server.uri())
    assert [reference.protocol_parameters(each).get("oauth_token") for each in server.received] == [None, "token"]
    assert reference.is_valid(server.received[1], SECRETS)


class Subclass(oauthlib.oauth1.Client):
    pass


class AuthSubclass(requests_oauthlib.OAuth1):
    pass


CHANGED = oauthlib.oauth1.Client(*FOUR)
CHANGED.get_oauth_params = lambda request: []


@pytest.mark.parametrize(
    ("foreign", "advice"),
    [
        (Subclass(*FOUR), "subclass OAuth1"),
        (requests_oauthlib.OAuth1(*FOUR, client_class=Subclass), "subclass OAuth1"),
        (AuthSubclass(*FOUR), "its changes to OAuth1 would be lost; subclass OAuth1"),
        (CHANGED, "added attributes, which would be lost"),
        (oauthlib.oauth1.Client(*FOUR, encoding="latin-1"), "signs text as UTF-8"),
        (oauthlib.oauth1.Client(*FOUR, nonce="n"), "each request needs a new one"),
        (oauthlib.oauth1.Client(*FOUR, timestamp="1"), "each request needs a new one"),
        (requests_oauthlib.OAuth1(*FOUR, force_include_body=True), "force_include_body"),
        (session(*FOUR, client_class=Subclass), "subclass OAuth1"),
        (
            session(*FOUR, auth=("user", "canary")),
            r"whose auth is tuple; create the credentials with OAuth1\(client_key",
        ),
        (mwoauth.AccessToken(*FOUR[2:]), r"give the pair \(consumer_token, access_token\)"),
        (mwoauth.RequestToken(*FOUR[2:]), "RequestToken; give the pair"),
        ((mwoauth.ConsumerToken(*FOUR[:2]), mwoauth.RequestToken(*FOUR[2:])), "ConsumerToken and RequestToken; give"),
        (TemporaryCredentials(*FOUR[2:]), "TemporaryCredentials; give the pair"),
        ((mwoauth.AccessToken(*FOUR[2:]), mwoauth.ConsumerToken(*FOUR[:2])), "AccessToken and ConsumerToken; give"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("within", ["alone", "mapping"])
def test_credentials_that_would_sign_differently_are_rejected_with_advice(foreign, advice, within):
    with pytest.raises(TypeError, match=advice) as caught:
        OAuth1Http(oauth=foreign if within == "alone" else {"localhost": foreign})
    assert "canary" not in str(caught.value)


def test_a_value_that_oauth1_rejects_raises_a_signing_error():
    with pytest.raises(SigningError, match="client_key is empty"):
        OAuth1Http(oauth=oauthlib.oauth1.Client(""))


def test_a_handshake_accepts_foreign_credentials():
    for foreign in (requests_oauthlib.OAuth1(*FOUR), mwoauth.ConsumerToken(*FOUR[:2])):
        assert Handshake("https://x/1", "https://x/2", "https://x/3", foreign).oauth == OAuth1(*FOUR[:2])


def test_nothing_is_imported_where_the_other_packages_are_missing():
    """Without those packages, similar objects are rejected, and mediawiki's tokens work without mwoauth."""
    program = """
        import sys
        from httplib2_oauthlib import OAuth1Http
        from httplib2_oauthlib._signing.convert import converted
        from httplib2_oauthlib.mediawiki import AccessToken, ConsumerToken
        assert OAuth1Http(oauth=(ConsumerToken("a", "b"), AccessToken("c", "d"))).oauth.resource_owner_key == "c"
        assert converted(object()) is None
        print(*{"requests", "requests_oauthlib", "mwoauth"} & set(sys.modules))
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout == "\n"
