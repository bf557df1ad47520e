"""OAuth1 as an object: its arguments, what it shows, copies, subclasses, threads and forks."""

import copy
import logging
import os
import pickle
import string
import sys
import threading
from dataclasses import dataclass, field

import pytest

from httplib2_oauthlib import InsecureTransportError, OAuth1, SigningError

from .. import reference
from .signed_requests import FORM, SECRETS, URI, is_valid, received


@pytest.mark.parametrize(
    "credentials",
    [
        ("client", "secret"),
        ("client", "", "token", ""),
        ("cl\u00efent", "s\u00e9cret \u6f22", "t\u00f6ken", "\U0001f600&=%+"),
        ("a&b=c%d+e/f", "x&y", "t'o;k(en)", "~!*"),
        (b"bytes", b"secr\xc3\xa9t", b"token", b"secret"),
    ],
)
def test_credentials_of_any_text_are_valid(credentials):
    text = [value.decode() if isinstance(value, bytes) else value for value in credentials] + [""] * 2
    signed = OAuth1(*credentials).sign(URI)
    assert is_valid(signed, secrets=reference.Secrets(text[1], text[3]))
    sent = reference.protocol_parameters(received(signed))
    assert (sent["oauth_consumer_key"], sent.get("oauth_token", "")) == (text[0], text[2])


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_key": 'a"b'},
        {"client_key": "a\r\nb"},
        {"client_key": "a\n"},
        {"client_key": ""},
        {"client_key": None},
        {"client_key": 42},
        {"client_key": b"\xff"},
        {"client_secret": "\ud800"},
        {"client_secret": ("tuple",)},
        {"resource_owner_key": 'a"'},
        {"resource_owner_key": "a\r"},
        {"realm": 'a"b'},
        {"realm": "a\\"},
        {"realm": "a\nb"},
        {"realm": "caf\u00e9"},
        {"signature_method": "HMAC-MD5"},
        {"signature_method": "hmac-sha1"},
        {"signature_type": "COOKIE"},
        {"signature_method": "RSA-SHA1"},
    ],
    ids=str,
)
def test_invalid_credentials_are_rejected_and_not_shown(arguments):
    with pytest.raises(SigningError) as caught:
        OAuth1(**{"client_key": "client", "client_secret": "canary", **arguments})
    assert isinstance(caught.value, ValueError)
    assert next(iter(arguments)) in str(caught.value) or "rsa_key" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert all(
        str(value) not in str(caught.value) for value in arguments.values() if value and "SHA1" not in str(value)
    )


@pytest.mark.parametrize("method", [None, "", b"GET", 1])
def test_an_empty_or_non_str_method_is_rejected(oauth, method):
    with pytest.raises(SigningError, match="method"):
        oauth.sign(URI, method)


def test_plaintext_is_rejected_over_http():
    oauth = OAuth1("client", "canary", "token", "canary", signature_method="PLAINTEXT")
    for refused in (oauth.sign, oauth.explain):
        with pytest.raises(InsecureTransportError, match="https") as caught:
            refused("http://h/")
        assert isinstance(caught.value, SigningError)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["canary", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n", "public"]
)
def test_an_invalid_rsa_key_is_rejected_and_not_shown(key, rsa_keys):
    oauth = OAuth1("client", rsa_key=rsa_keys[1] if key == "public" else key, signature_method="RSA-SHA1")
    with pytest.raises(SigningError, match=r"private RSA key.*httplib2-oauthlib\[rsa\]") as caught:
        oauth.sign(URI)
    shown = f"{caught.value} {caught.value!r}"
    assert "canary" not in shown
    assert "Y2FuYXJ5" not in shown
    # The traceback does not show the parser's message either.
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_an_rsa_key_is_parsed_once(rsa_keys, monkeypatch):
    """Parsing takes longer than signing."""
    oauth = OAuth1("client", rsa_key=rsa_keys[0], signature_method="RSA-SHA1")
    oauth.sign(URI)
    monkeypatch.setattr("jwt.algorithms.load_pem_private_key", None)
    secrets = reference.Secrets(rsa_public_key=rsa_keys[1])
    assert is_valid(oauth.sign(URI), secrets=secrets)
    with pytest.raises(SigningError):
        OAuth1("client", rsa_key=rsa_keys[0], signature_method="RSA-SHA1").sign(URI)


@pytest.mark.parametrize("missing", ["cryptography", "jwt"])
def test_rsa_without_its_packages_names_the_extra(monkeypatch, rsa_keys, missing):
    monkeypatch.setattr("oauthlib.oauth1.rfc5849.signature._jwt_rsa", {})
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setitem(sys.modules, "jwt.algorithms", None)
    oauth = OAuth1("client", rsa_key=rsa_keys[0], signature_method="RSA-SHA256")
    with pytest.raises(SigningError, match=r"pip install 'httplib2-oauthlib\[rsa\]'"):
        oauth.sign(URI)


def full(rsa_key="canary-rsa"):
    return OAuth1(
        "client", "canary-1", "canary-2", "canary-3", callback_uri="canary-4", verifier="canary-5", rsa_key=rsa_key,
        realm="realm",
    )  # fmt: skip


def test_repr_shows_no_secret():
    oauth = full()
    assert "canary" not in repr(oauth)
    assert "canary" not in f"{oauth} {[oauth]}"
    assert "'client'" in repr(oauth)
    assert repr(OAuth1("client")) == "OAuth1(client_key='client')"


def test_it_is_immutable_hashable_and_equal_by_value():
    oauth = full()
    with pytest.raises(AttributeError):
        oauth.client_key = "other"
    with pytest.raises(AttributeError):
        del oauth.client_key
    assert oauth == full()
    assert hash(oauth) == hash(full())
    assert oauth != OAuth1("client")
    assert len({oauth, full(), OAuth1("client")}) == 2


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_it_can_be_pickled_after_it_has_signed(protocol, oauth):
    oauth.sign(URI)
    assert oauth.fingerprint
    restored = pickle.loads(pickle.dumps(oauth, protocol))
    assert restored == oauth
    assert restored.fingerprint == oauth.fingerprint
    assert is_valid(restored.sign(URI))


def test_a_copy_is_the_same_object(oauth):
    assert copy.copy(oauth) is oauth
    assert copy.deepcopy({"a": [oauth]})["a"][0] is oauth


def test_arguments_after_the_fourth_are_keyword_only():
    with pytest.raises(TypeError):
        OAuth1("client", "secret", "token", "secret", "oob")


def test_subclasses_with_their_own_attributes_differ_and_can_be_pickled():
    one, other = OnBehalfOf("client", "secret", user="one"), OnBehalfOf("client", "secret", user="other")
    assert one != other
    assert len({one.fingerprint, other.fingerprint, OAuth1("client", "secret").fingerprint}) == 3
    assert pickle.loads(pickle.dumps(one)).protocol_parameters("n", "1")[-1] == ("xoauth_requestor_id", "one")
    assert type("Stateless", (OAuth1,), {})("client").fingerprint != OAuth1("client").fingerprint
    loose = [LooseSubclass("client", user=user) for user in ("one", "other")]
    assert loose[0].fingerprint != loose[1].fingerprint
    assert pickle.loads(pickle.dumps(loose[0])).user == "one"


def test_a_signed_request_shows_no_signature():
    oauth = OAuth1("client", "canary", "token", "canary", signature_method="PLAINTEXT", signature_type="QUERY")
    signed = oauth.sign("https://h/p?a=1", headers={"X-Mine": "canary"})
    assert "canary" in signed.uri
    assert "canary" not in f"{signed} {signed!r}"
    assert "'https://h/...'" in repr(signed)


def test_fingerprints_differ_and_show_no_credentials():
    each = [full(), full("other"), OAuth1("client"), OAuth1("client", "secret"), OAuth1("client", "secret", "token")]
    prints = [oauth.fingerprint for oauth in each]
    assert len(set(prints)) == len(each)
    assert all(set(text) <= set(string.hexdigits) for text in prints)


@dataclass(frozen=True, repr=False)
class OnBehalfOf(OAuth1):
    user: str = field(default="", kw_only=True)

    def protocol_parameters(self, nonce, timestamp):
        return [*super().protocol_parameters(nonce, timestamp), ("xoauth_requestor_id", self.user)]


class LooseSubclass(OAuth1):
    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        object.__setattr__(self, "user", user)


def test_a_subclass_can_send_other_protocol_parameters():
    """For example Yahoo's oauth_session_handle. Added parameters are signed and sent, with or without the prefix."""

    class WithMore(OAuth1):
        def protocol_parameters(self, nonce, timestamp):
            return [
                *super().protocol_parameters(nonce, timestamp),
                ("oauth_session_handle", "h&h"),
                ("xoauth", "\u00e9"),
            ]

    signed = WithMore("client", SECRETS.client, "token", SECRETS.token).sign(URI)
    assert is_valid(signed)
    assert 'oauth_session_handle="h%26h", xoauth="%C3%A9"' in signed.headers["Authorization"]


def test_a_subclass_can_send_parameters_that_depend_on_the_request():
    """For example the hash of some headers. The parameters are signed, sent and explained."""

    class OfRequest(OAuth1):
        def request_parameters(self, nonce, timestamp, request):
            shown = f"{request.method} {request.uri} {request.headers.get('X-Mine')} {request.body}"
            return [*super().request_parameters(nonce, timestamp, request), ("oauth_seen", shown)]

    oauth = OfRequest("client", SECRETS.client, "token", SECRETS.token)
    for body, seen in (("a=\u00e9", b"a=%C3%A9"), (b"a=b", b"a=b")):
        signed = oauth.sign(URI + "?a|b", "POST", body, {**FORM, "X-Mine": "x"})
        assert is_valid(signed, "POST")
        assert reference.protocol_parameters(received(signed))["oauth_seen"] == f"POST {URI}?a%7Cb x {seen}"
    assert f"oauth_seen=POST {URI} None None" in oauth.explain(URI, "POST")


def test_nothing_is_logged(oauth, caplog):
    """oauthlib logs form fields and base strings at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        oauth.sign(URI, "POST", "password=canary", FORM)
        OAuth1("client", rsa_key="canary", signature_method="HMAC-SHA256").sign(URI)
    assert caplog.records == []


def test_one_oauth1_signs_in_many_threads(oauth):
    signed = []
    threads = [
        threading.Thread(target=lambda: signed.extend(oauth.sign(URI + f"?n={n}") for n in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed) == 400
    assert all(map(is_valid, signed))
    assert len({reference.protocol_parameters(received(each))["oauth_nonce"] for each in signed}) == 400


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_nonces_differ_after_a_fork(oauth):
    oauth.sign(URI)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, oauth.sign(URI).headers["Authorization"].encode())
        os._exit(0)
    os.waitpid(child, 0)
    in_child = os.read(reading, 4096).decode()
    os.close(reading)
    os.close(writing)
    assert in_child.split('"')[1] != oauth.sign(URI).headers["Authorization"].split('"')[1]


@pytest.mark.parametrize(
    "uri",
    ["https://h:8443/hook/canary?canary#canary", "https://u:canary@h:8443/canary@canary", "https://h:8443?canary"],
)
def test_repr_of_a_signed_request_shows_scheme_and_host_only(uri):
    """The path of a webhook contains its token."""
    shown = repr(OAuth1("client", "secret").sign(uri))
    assert shown.startswith("SignedRequest(uri='https://h:8443/...', ")
    assert "canary" not in shown
