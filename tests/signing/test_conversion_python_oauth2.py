"""Credentials of python-oauth2 (``oauth2`` on PyPI), passed as ``oauth=``."""

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.handshake import Handshake

from .. import reference

oauth2 = pytest.importorskip("oauth2")

CONSUMER, TOKEN = oauth2.Consumer("client", "canary-client"), oauth2.Token("token", "canary-token")
VERIFIED = oauth2.Token("token", "canary-token")
VERIFIED.set_verifier("v")
FOUR = ("client", "canary-client", "token", "canary-token")


def client(*arguments, method=None):
    created = oauth2.Client(*arguments)
    if method is not None:
        created.set_signature_method(method)
    return created


class Sha256(oauth2.SignatureMethod):
    name = "HMAC-SHA256"


class Subclass(oauth2.Client):
    pass


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [
        (CONSUMER, OAuth1(*FOUR[:2])),
        ((CONSUMER, TOKEN), OAuth1(*FOUR)),
        ([CONSUMER, TOKEN], OAuth1(*FOUR)),
        ((CONSUMER, VERIFIED), OAuth1(*FOUR, verifier="v")),
        (client(CONSUMER), OAuth1(*FOUR[:2])),
        (client(CONSUMER, TOKEN), OAuth1(*FOUR)),
        (client(CONSUMER, TOKEN, method=oauth2.SignatureMethod_HMAC_SHA1()), OAuth1(*FOUR)),
        (
            client(CONSUMER, TOKEN, method=oauth2.SignatureMethod_PLAINTEXT()),
            OAuth1(*FOUR, signature_method="PLAINTEXT"),
        ),
        (oauth2.Consumer(b"client", b"canary-client"), OAuth1(*FOUR[:2])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_credentials_of_python_oauth2_are_accepted(foreign, expected):
    assert OAuth1Http(oauth=foreign).oauth == expected
    assert Handshake("https://x/1", "https://x/2", "https://x/3", foreign).oauth.client_key == "client"


@pytest.mark.parametrize("foreign", [(CONSUMER, TOKEN), client(CONSUMER, TOKEN)], ids=["pair", "Client"])
@pytest.mark.parametrize("within", ["alone", "mapping", "function"])
def test_requests_are_signed_with_the_credentials_of_python_oauth2(serve, foreign, within):
    server = serve()
    oauth = {"alone": foreign, "mapping": {"localhost": foreign}, "function": lambda uri: foreign}[within]
    OAuth1Http(timeout=10, oauth=oauth).request(server.uri("/x?a=1"))
    (received,) = server.received
    assert reference.is_valid(received, reference.Secrets("canary-client", "canary-token"))
    assert reference.protocol_parameters(received)["oauth_token"] == "token"


@pytest.mark.parametrize(
    ("foreign", "advice"),
    [
        (TOKEN, r"without its Consumer; pass the pair \(consumer, token\), or create"),
        ((TOKEN, CONSUMER), r"OAuth1\(consumer.key, consumer.secret, token.key, token.secret\)"),
        ((CONSUMER, "canary"), "pass the pair"),
        ((CONSUMER, TOKEN, TOKEN), "pass the pair"),
        (client(None), r"without a Consumer.*OAuth1\(client_key"),
        (client(CONSUMER, method=Sha256()), "another signature method"),
        (Subclass(CONSUMER), "subclass OAuth1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("within", ["alone", "mapping"])
def test_other_values_of_python_oauth2_are_rejected_with_advice(foreign, advice, within):
    with pytest.raises(TypeError, match=advice) as caught:
        OAuth1Http(oauth=foreign if within == "alone" else {"localhost": foreign})
    assert "canary" not in str(caught.value)
