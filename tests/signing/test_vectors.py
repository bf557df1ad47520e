"""Signatures that a real wiki accepted, and those of the RFC, reproduced to the byte."""

import base64
import hashlib
import hmac
import re

import pytest

from httplib2_oauthlib import OAuth1

from .. import vectors

ACCEPTED = [vector for vector in vectors.SIGNED if not vector.is_refused]


def credentials_of(vector):
    """Return the OAuth1 that signed a recorded request."""
    known = vectors.CREDENTIALS
    consumer = next(c for c in known["consumers"] if c["key"] == vector.oauth["oauth_consumer_key"])
    tokens = {token["key"]: token["secret"] for token in [*known["access_tokens"], known["request_token"]]}
    token = vector.oauth.get("oauth_token")
    return OAuth1(
        consumer["key"],
        consumer["secret"],
        token,
        tokens.get(token),
        callback_uri=vector.oauth.get("oauth_callback"),
        verifier=vector.oauth.get("oauth_verifier"),
        signature_method=vector.oauth["oauth_signature_method"],
        rsa_key=consumer.get("rsa_private_key"),
        realm=vector.oauth.get("realm"),
    )


def test_the_number_of_accepted_requests_is_that_of_the_recording():
    """If a filter dropped the vectors, nothing would be tested."""
    assert (len(vectors.SIGNED), len(ACCEPTED)) == (67, 42)


@pytest.mark.parametrize("vector", ACCEPTED, ids=lambda vector: vector.id)
def test_a_request_that_a_real_wiki_accepted_has_the_same_signature(vector):
    """The same nonce and timestamp give the same Authorization header, to the byte."""
    sent = {name: value for name, value in vector.headers.items() if name != "authorization"}
    signed = credentials_of(vector).sign(
        vector.uri,
        vector.method,
        vector.body,
        sent,
        nonce=vector.oauth["oauth_nonce"],
        timestamp=vector.oauth["oauth_timestamp"],
    )
    assert signed.uri == vector.uri
    assert signed.body == vector.body
    assert signed.headers == {**sent, "Authorization": vector.headers["authorization"]}


class WithoutVersion(OAuth1):
    """The RFC's examples leave the optional oauth_version out."""

    def protocol_parameters(self, nonce, timestamp):
        return [pair for pair in super().protocol_parameters(nonce, timestamp) if pair[0] != "oauth_version"]


@pytest.mark.parametrize(
    ("credentials", "options", "request_parts", "nonce", "timestamp", "signature"),
    [
        (
            ("dpf43f3p2l4k3l03", "kd94hf93k423kf44"),
            {"realm": "Photos", "callback_uri": "http://printer.example.com/ready"},
            ("https://photos.example.net/initiate", "POST"),
            "wIjqoS",
            "137131200",
            "74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D",
        ),
        (
            ("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "hh5s93j4hdidpola", "hdhd0244k9j7ao03"),
            {"realm": "Photos", "verifier": "hfdp7dh39dks9884"},
            ("https://photos.example.net/token", "POST"),
            "walatlh",
            "137131201",
            "gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D",
        ),
        (
            ("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00"),
            {"realm": "Photos"},
            ("http://photos.example.net/photos?file=vacation.jpg&size=original", "GET"),
            "chapoH",
            "137131202",
            "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D",
        ),
    ],
    ids=["temporary credentials", "token credentials", "a photo"],
)
def test_the_rfcs_example_has_the_same_signature(credentials, options, request_parts, nonce, timestamp, signature):
    """RFC 5849, section 1.2: the printer's three requests."""
    signed = WithoutVersion(*credentials, **options).sign(*request_parts, nonce=nonce, timestamp=timestamp)
    assert signed.headers["Authorization"].startswith('OAuth realm="Photos", ')
    assert re.search(r'oauth_signature="([^"]*)"', signed.headers["Authorization"])[1] == signature


def test_the_rfcs_base_string_is_signed():
    """RFC 5849, section 3.4.1.1: repeated names, blanks, encoded and plain spaces, in query and form."""
    base_string = (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    oauth = WithoutVersion("9djdj82h48djs9d2", "client secret", "kkk9d7dh3k39sjv7", "token secret")
    signed = oauth.sign(
        "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        "POST",
        "c2&a3=2+q",
        {"Content-Type": "application/x-www-form-urlencoded"},
        nonce="7d8f3e4a",
        timestamp="137131201",
    )
    digest = hmac.new(b"client%20secret&token%20secret", base_string.encode(), hashlib.sha1).digest()
    expected = base64.b64encode(digest).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    assert f'oauth_signature="{expected}"' in signed.headers["Authorization"]
