"""Signature methods, and the three places for the protocol parameters."""

import time

import pytest

from httplib2_oauthlib import OAuth1, SignedRequest, SigningError

from .. import reference
from .signed_requests import FORM, SECRETS, URI, is_valid, received

METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"]


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_in_every_placement_is_valid(method, placement, rsa_keys):
    private, public = rsa_keys
    oauth = OAuth1(
        "client", SECRETS.client, "token", SECRETS.token, signature_method=method, signature_type=placement,
        rsa_key=private,
    )  # fmt: skip
    signed = oauth.sign("https://wiki.example/w/api.php?a=1", "POST", "b=2&c=", FORM)
    arrived = received(signed, "POST")
    assert reference.is_valid(arrived, SECRETS._replace(rsa_public_key=public))
    assert reference.protocol_parameters(arrived)["oauth_signature_method"] == method
    assert ("Authorization" in signed.headers) == (placement == "AUTH_HEADER")
    assert ("oauth_signature" in signed.uri) == (placement == "QUERY")
    assert ("oauth_signature" in signed.body) == (placement == "BODY")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://h/p", "http://h/p?oauth_"),
        ("http://h/p?a=%20b&c=d+e", "http://h/p?a=%20b&c=d+e&oauth_"),
        ("http://h/p?", "http://h/p?oauth_"),
        ("http://h/p?a&", "http://h/p?a&oauth_"),
        ("http://h/p?a#f", "http://h/p?a&oauth_"),
        ("http://h/p?a=b?", "http://h/p?a=b?&oauth_"),
        ("http://h/p?a?b", "http://h/p?a?b&oauth_"),
    ],
)
def test_parameters_in_the_query_leave_the_query_unchanged(uri, expected):
    signed = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY").sign(uri)
    assert signed.uri.startswith(expected)
    assert signed.uri.endswith("#f") == uri.endswith("#f")
    assert is_valid(signed)


def test_parameters_in_the_body_of_an_empty_post_create_a_form():
    signed = OAuth1("client", SECRETS.client, signature_type="body").sign(URI, "POST", headers={"content-length": "0"})
    assert signed.headers == {"Content-Type": FORM["Content-Type"], "content-length": str(len(signed.body))}
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


@pytest.mark.parametrize("blank", ["", " ", b""])
def test_parameters_in_the_body_replace_a_blank_content_type(blank):
    signed = OAuth1("client", SECRETS.client, signature_type="BODY").sign(URI, "POST", headers={"content-type": blank})
    assert signed.headers == {"content-type": FORM["Content-Type"]}
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


def test_parameters_in_the_body_extend_a_form_of_bytes():
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")
    signed = oauth.sign(URI, "POST", "text=h\u00e9".encode(), FORM)
    assert signed.body.startswith(b"text=h%C3%A9&oauth_")
    assert is_valid(signed, "POST")


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("GET", None, {}),
        ("HEAD", None, FORM),
        ("POST", "{}", {"Content-Type": "application/json"}),
        ("POST", b"x", {}),
        ("POST", None, {"Transfer-Encoding": ""}),
    ],
)
def test_parameters_that_the_body_cannot_hold_are_rejected(method, body, headers):
    with pytest.raises(SigningError, match="AUTH_HEADER"):
        OAuth1("client", signature_type="BODY").sign(URI, method, body, headers)


def test_realm_callback_and_verifier_are_sent(oauth):
    oauth = OAuth1(
        "client", SECRETS.client, realm="A wiki", callback_uri="https://tool.example/back?a=b&c", verifier="v"
    )
    signed = oauth.sign(URI, "POST")
    assert signed.headers["Authorization"].startswith('OAuth realm="A wiki", oauth_nonce=')
    sent = reference.protocol_parameters(received(signed, "POST"))
    assert (sent["oauth_callback"], sent["oauth_verifier"]) == ("https://tool.example/back?a=b&c", "v")
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


def test_an_empty_realm_is_sent():
    signed = OAuth1("client", SECRETS.client, realm="").sign(URI)
    assert signed.headers["Authorization"].startswith('OAuth realm="", oauth_nonce=')
    assert is_valid(signed, secrets=SECRETS._replace(token=""))
    assert "realm" not in OAuth1("client", SECRETS.client).sign(URI).headers["Authorization"]
    assert "the realm" in OAuth1("client", realm="").explain(URI)


def test_the_result_is_a_named_tuple(oauth):
    uri, headers, body = signed = oauth.sign(URI)
    assert isinstance(signed, SignedRequest)
    assert (signed.uri, signed.headers, signed.body) == (uri, headers, body) == (URI, headers, None)


def test_nonce_and_timestamp_are_as_given_or_new(oauth):
    given_parameters = reference.protocol_parameters(received(oauth.sign(URI, nonce="n 1", timestamp=12)))
    assert (given_parameters["oauth_nonce"], given_parameters["oauth_timestamp"]) == ("n 1", "12")
    before = int(time.time())
    made = [reference.protocol_parameters(received(oauth.sign(URI))) for _ in range(1000)]
    assert len({parameters["oauth_nonce"] for parameters in made}) == 1000
    assert all(before <= int(parameters["oauth_timestamp"]) <= time.time() for parameters in made)
