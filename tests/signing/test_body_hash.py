"""``oauth_body_hash``: OAuth Request Body Hash 1.0, draft 4."""

import array
import base64
import hashlib
import io
import os

import pytest
from oauthlib.oauth1 import Client

from httplib2_oauthlib import OAuth1, OAuth1Http, SigningError
from httplib2_oauthlib.credentials import FileStore

from .. import reference
from ..http.handlers import clock_server
from ..servers import DROP, answer, in_turn
from .servers import authlib_accepts, oauthlib_accepts
from .signed_requests import FORM, SECRETS, URI, is_valid, name_of, received

JSON = {"Content-Type": "application/json"}
FOUR = ("client", SECRETS.client, "token", SECRETS.token)
EMPTY_SHA1 = "2jmj7l5rSw0yVb/vlWAYkK/YBwk="


@pytest.fixture
def oauth():
    return OAuth1(*FOUR, body_hash=True)


def sha1(content):
    return base64.b64encode(hashlib.sha1(content).digest()).decode()


def hash_in(request):
    return reference.protocol_parameters(request).get("oauth_body_hash")


def hash_of(signed, method="POST"):
    return hash_in(received(signed, method))


# The body, and its hash, of the tests of Mastercard's oauth1-signer for Python.
TERMINATION_INQUIRY = (
    '<?xml version="1.0" encoding="Windows-1252"?><ns2:TerminationInquiryRequest'
    ' xmlns:ns2="http://mastercard.com/termination"><AcquirerId>1996</AcquirerId>'
    "<TransactionReferenceNumber>1</TransactionReferenceNumber><Merchant><Name>TEST</Name>"
    "<DoingBusinessAsName>TEST</DoingBusinessAsName><PhoneNumber>5555555555</PhoneNumber>"
    "<NationalTaxId>1234567890</NationalTaxId><Address><Line1>5555 Test Lane</Line1><City>TEST</City>"
    "<CountrySubdivision>XX</CountrySubdivision><PostalCode>12345</PostalCode><Country>USA</Country></Address>"
    "<Principal><FirstName>John</FirstName><LastName>Smith</LastName><NationalId>1234567890</NationalId>"
    "<PhoneNumber>5555555555</PhoneNumber><Address><Line1>5555 Test Lane</Line1><City>TEST</City>"
    "<CountrySubdivision>XX</CountrySubdivision><PostalCode>12345</PostalCode><Country>USA</Country></Address>"
    "<DriversLicense><Number>1234567890</Number><CountrySubdivision>XX</CountrySubdivision></DriversLicense>"
    "</Principal></Merchant></ns2:TerminationInquiryRequest>"
)


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("POST", "{}", "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="),
        ("GET", None, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("POST", '{"fo\u00f5":"bar"}'.encode(), "+Z+PWW2TJDnPvRcTgol+nKO3LT7xm8smnsg+//XMIyI="),
        ("POST", TERMINATION_INQUIRY, "h2Pd7zlzEZjZVIKB4j94UZn/xxoR3RoCjYQ9/JdadGQ="),
    ],
    ids=["json", "no body", "utf-8", "xml"],
)
def test_the_hash_is_that_of_mastercards_examples(method, body, expected, rsa_keys):
    oauth = OAuth1("client", signature_method="RSA-SHA256", rsa_key=rsa_keys[0], body_hash=True)
    signed = oauth.sign("https://sandbox.api.mastercard.com/fraud?Format=XML", method, body, JSON if body else {})
    assert hash_of(signed, method) == expected
    assert is_valid(signed, method, reference.Secrets(rsa_public_key=rsa_keys[1]))


def test_an_lti_outcome_is_accepted_by_the_servers_of_oauthlib_and_authlib(oauth):
    outcome = (
        '<?xml version="1.0" encoding="UTF-8"?><imsx_POXEnvelopeRequest'
        ' xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"><imsx_POXBody><replaceResultRequest>'
        "<resultRecord><result><resultScore><textString>0.92</textString></resultScore></result></resultRecord>"
        "</replaceResultRequest></imsx_POXBody></imsx_POXEnvelopeRequest>"
    )
    signed = oauth.sign("https://lms.example/outcomes", "POST", outcome, {"Content-Type": "application/xml"})
    assert signed.body is outcome
    assert hash_of(signed) == sha1(outcome.encode())
    assert oauthlib_accepts(signed, "POST")
    assert authlib_accepts(signed, "POST")


@pytest.mark.parametrize(
    ("method", "new"),
    [("HMAC-SHA1", hashlib.sha1), ("HMAC-SHA256", hashlib.sha256), ("HMAC-SHA512", hashlib.sha512)],
)
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_the_signature_method_determines_the_hash(method, new, placement):
    oauth = OAuth1(*FOUR, signature_method=method, signature_type=placement, body_hash=True)
    signed = oauth.sign(URI, "PUT", b"content", JSON)
    assert hash_of(signed) == base64.b64encode(new(b"content").digest()).decode()
    assert is_valid(signed, "PUT")


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("{}", b"{}"),
        (b"\xff", b"\xff"),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (array.array("B", b"ab"), b"ab"),
        ([b"a", b"b"], b"ab"),
        (io.BytesIO(b"x" * 200_000), b"x" * 200_000),
        (io.StringIO("text"), b"text"),
        (None, b""),
        ("", b""),
    ],
    ids=name_of,
)
def test_the_hash_is_that_of_any_kind_of_body(oauth, body, content):
    signed = oauth.sign(URI, "POST", body, JSON)
    assert hash_of(signed) == sha1(content)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), "POST")


def test_a_file_is_hashed_from_its_position_and_left_there(oauth):
    file = io.BytesIO(b"skipped" + b"content")
    file.seek(7)
    for _ in range(2):
        assert hash_of(oauth.sign(URI, "POST", file, JSON)) == sha1(b"content")
        assert file.tell() == 7


@pytest.mark.parametrize(
    ("method", "body", "headers", "placement"),
    [
        ("POST", "a=1", FORM, "AUTH_HEADER"),
        ("POST", None, FORM, "AUTH_HEADER"),
        ("GET", None, FORM, "AUTH_HEADER"),
        ("POST", None, {}, "BODY"),
    ],
)
def test_a_form_has_no_hash(method, body, headers, placement):
    signed = OAuth1(*FOUR, signature_type=placement, body_hash=True).sign(URI, method, body, headers)
    assert hash_of(signed, method) is None
    assert is_valid(signed, method)


def test_a_body_that_can_be_read_only_once_is_rejected_with_advice(oauth):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"):
        for body in (pipe, iter([b"a"]), (piece for piece in [b"a"])):
            with pytest.raises(SigningError, match="only once; read it into bytes or a temporary file first"):
                oauth.sign(URI, "POST", body, JSON)


@pytest.mark.parametrize("body", ["h\u00e9", io.StringIO("h\u00e9"), {"a": 1}, 42, ["\u00e9"]], ids=name_of)
def test_a_body_whose_bytes_are_unknown_is_rejected(oauth, body):
    """http.client would send the letters as Latin-1, and httpx as UTF-8."""
    with pytest.raises(SigningError, match="has to be hashed"):
        oauth.sign(URI, "POST", body, JSON)


def test_only_methods_with_a_hash_can_be_used():
    for arguments in ({"signature_method": "PLAINTEXT", "body_hash": True}, {"body_hash": "yes"}, {"body_hash": None}):
        with pytest.raises(SigningError, match="body_hash"):
            OAuth1(*FOUR, **arguments)


def test_the_hash_is_off_by_default_and_part_of_the_credentials(oauth, tmp_path):
    assert hash_of(OAuth1(*FOUR).sign(URI, "POST", "{}", JSON)) is None
    assert oauth != OAuth1(*FOUR)
    assert "body_hash=True" in repr(oauth)
    store = FileStore(tmp_path / "credentials")
    store.save("wiki.example", oauth)
    assert store.get("wiki.example") == oauth


def test_the_explanation_shows_the_hash(oauth):
    explanation = oauth.explain(URI, "POST", "{}", JSON)
    assert f"oauth_body_hash={sha1(b'{}')}" in explanation
    assert "the body, except for its hash" in explanation


# -- over HTTP


def test_a_file_is_hashed_for_each_transmission(serve):
    """The first transmission is lost, and its copy is rejected for the clock."""
    for server, method, count in ((serve(in_turn(DROP, answer())), "PUT", 2), (clock_server(serve, 5000), "POST", 2)):
        file = io.BytesIO(b"skipped content")
        file.seek(8)
        http = OAuth1Http(timeout=10, oauth=OAuth1(*FOUR, body_hash=True))
        headers = {"Content-Type": "text/plain", "Content-Length": "7"}
        assert http.request(server.uri(), method, file, headers)[1] == b"ok"
        assert [each.body for each in server.received] == [b"content"] * count
        assert [hash_in(each) for each in server.received] == [sha1(b"content")] * count
        assert all(reference.is_valid(each, SECRETS) for each in server.received)


def test_nothing_is_sent_of_a_body_that_cannot_be_hashed(serve):
    server = serve()
    with pytest.raises(SigningError, match="only once"):
        OAuth1Http(timeout=10, oauth=OAuth1(*FOUR, body_hash=True)).request(server.uri(), "PUT", iter([b"a"]), JSON)
    assert server.received == []


# -- oauthlib's Client, used as oauth=


@pytest.mark.parametrize("signature_method", ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"])
@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("POST", "{}", JSON),
        ("POST", "{}", {"content-type": "text/plain"}),
        ("GET", None, JSON),
        ("GET", None, {}),
        ("DELETE", None, {}),
        ("POST", "a=1", FORM),
    ],
)
def test_a_client_of_oauthlib_sends_the_hash_that_oauthlib_sends(
    serve, signature_method, method, body, headers, tls, ca_certs
):
    client = Client(*FOUR, signature_method=signature_method)
    server = serve(tls=tls) if signature_method == "PLAINTEXT" else serve()
    OAuth1Http(timeout=10, oauth=client, ca_certs=ca_certs).request(server.uri("/x"), method, body, headers)
    expected = client.sign(server.uri("/x"), method, body, headers)[1]["Authorization"]
    theirs = reference.Received("https", method, "/x", {"authorization": expected}, b"")
    assert hash_in(server.received[0]) == hash_in(theirs)
    assert reference.is_valid(server.received[0], SECRETS)
