"""OAuth1: what it takes, how it signs, what it refuses. ``reference``, written from the RFC, judges the signatures."""

import array
import copy
import io
import logging
import os
import pickle
import string
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import oauthlib.oauth1
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from httplib2_oauthlib import InsecureTransportError, OAuth1, SignedRequest, SigningError

from . import reference

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = reference.Secrets("client secret", "token secret")
URI = "http://wiki.example/w/api.php"


def name_of(value):
    """A test's name, the same in every process: no addresses."""
    return repr(value)[:30] if isinstance(value, str | bytes | dict | list | int) else type(value).__name__


@pytest.fixture
def oauth():
    return OAuth1("client", SECRETS.client, "token", SECRETS.token)


def received(signed, method="GET"):
    """What a server gets of a signed request: the target without its fragment, and the bytes of the body."""
    parts = urlsplit(signed.uri)
    target = signed.uri[len(f"{parts.scheme}://{parts.netloc}") :].partition("#")[0] or "/"
    body = signed.body.encode("latin-1") if isinstance(signed.body, str) else signed.body
    body = body if isinstance(body, bytes) else b""
    headers = {"host": parts.netloc.rpartition("@")[2]} | {
        name.lower(): value for name, value in signed.headers.items()
    }
    return reference.Received(parts.scheme.lower(), method, target, headers, body)


def is_valid(signed, method="GET", secrets=SECRETS):
    return reference.is_valid(received(signed, method), secrets)


# -- methods and placements

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
def test_parameters_placed_in_the_query_leave_what_stands_there_as_it_is(uri, expected):
    signed = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY").sign(uri)
    assert signed.uri.startswith(expected)
    assert signed.uri.endswith("#f") == uri.endswith("#f")
    assert is_valid(signed)


def test_parameters_placed_in_the_body_of_a_post_without_one_make_a_form():
    signed = OAuth1("client", SECRETS.client, signature_type="body").sign(URI, "POST", headers={"content-length": "0"})
    assert signed.headers == {"Content-Type": FORM["Content-Type"], "content-length": str(len(signed.body))}
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


@pytest.mark.parametrize("blank", ["", " ", b""])
def test_parameters_placed_in_the_body_say_that_they_are_a_form_where_the_header_is_blank(blank):
    signed = OAuth1("client", SECRETS.client, signature_type="BODY").sign(URI, "POST", headers={"content-type": blank})
    assert signed.headers == {"content-type": FORM["Content-Type"]}
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


def test_parameters_placed_in_the_body_extend_a_form_of_bytes():
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")
    signed = oauth.sign(URI, "POST", "text=h\u00e9".encode(), FORM)
    assert signed.body.startswith("text=h\u00e9&oauth_".encode())
    assert is_valid(signed, "POST")


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("GET", None, {}),
        ("HEAD", "a=1", FORM),
        ("POST", "{}", {"Content-Type": "application/json"}),
        ("POST", b"x", {}),
        ("POST", None, {"Transfer-Encoding": ""}),
    ],
)
def test_parameters_that_the_body_cannot_hold_are_refused(method, body, headers):
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


def test_the_answer_is_a_named_tuple(oauth):
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


# -- what is signed is what is sent


@pytest.mark.parametrize(
    ("given_uri", "sent"),
    [
        ("http://h/a|b", "http://h/a%7Cb"),
        ("http://h/?titles=A|B", "http://h/?titles=A%7CB"),
        ("http://h/a b?c d", "http://h/a%20b?c%20d"),
        ("http://h/?a[]=1&b[x]=2", "http://h/?a%5B%5D=1&b%5Bx%5D=2"),
        ("http://h/\"'\\?\"'\\", "http://h/%22'%5C?%22'%5C"),
        ("http://h/caf\u00e9?\u6f22=\U0001f600", "http://h/caf%C3%A9?%E6%BC%A2=%F0%9F%98%80"),
        ("http://h/100%?a=%&b=%zz&c=%e9", "http://h/100%25?a=%25&b=%25zz&c=%e9"),
        ("http://h/%7Cx%2f%2F~?y=%7C+%20~", "http://h/%7Cx%2f%2F~?y=%7C+%20~"),
        ("http://h/a;b;?c;d", "http://h/a;b;?c;d"),
        ("http://h/a\r\nb\t?c\x00", "http://h/a%0D%0Ab%09?c%00"),
        ("http://h?a=1#frag ment", "http://h?a=1#frag%20ment"),
        ("http://b\u00fccher.example/", "http://xn--bcher-kva.example/"),
        ("http://h/?a=`{}^<>", "http://h/?a=%60%7B%7D%5E%3C%3E"),
    ],
)
def test_a_uri_is_encoded_once_and_signed_as_it_is_sent(oauth, given_uri, sent):
    signed = oauth.sign(given_uri)
    assert signed.uri == sent
    assert is_valid(signed)
    assert oauth.sign(signed.uri).uri == sent


@pytest.mark.parametrize(
    "uri",
    [
        "http://h/path;",
        "http://h/path;?a=1",
        "http://h/a/../b/./c//d",
        "http://[::1]:8080/p",
        "http://[2001:DB8::1]/p",
        "http://H.Example:80/p",
        "https://H.Example:443/p",
        "http://h:443/p",
        "https://h:80/p",
        "HTTP://h/p",
        "http://h:/p",
        "http://user:password@h:81/p",
        "http://h",
        "http://h?a",
        "http://h/?a=1;b=2",
        "http://h/?a=1&a=0&a",
        "http://h/?=x&&y=",
        "http://h/?a=%FF%e9",
        "http://h/?oauth_token=x&oauth_verifier=a%2520b%20c&oauth_other=%25",
        "http://h/?oauth_signature=x&realm=y",
    ],
)
def test_every_spelling_of_a_uri_is_valid(oauth, uri):
    assert is_valid(oauth.sign(uri))


def test_a_host_header_of_the_callers_is_the_host_that_is_signed(oauth):
    signed = oauth.sign("http://127.0.0.1:8080/p", headers={"host": "Wiki.Example:80"})
    arrived = received(signed)
    assert arrived.headers["host"] == "Wiki.Example:80"
    assert reference.is_valid(arrived, SECRETS)


@pytest.mark.parametrize(
    "uri",
    ["", "/relative", "wiki.example/p", "http:///p", "http://", "http://h:x/", "http://h:70000/", "http://[::1/p",
     "http://a b/", "http://h\\@evil/", "http://\ud800/", "http://h/\ud800", "mailto:a@b", None, b"http://h/"],
)  # fmt: skip
def test_a_uri_that_cannot_be_signed_is_refused(oauth, uri):
    with pytest.raises(SigningError, match="uri"):
        oauth.sign(uri)


# -- forms


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "Application/X-WWW-Form-URLEncoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; Charset=UTF-8",
        "application/x-www-form-urlencoded ; boundary=x",
    ],
)
def test_a_form_is_recognised_whatever_its_content_type_looks_like(oauth, content_type):
    signed = oauth.sign(URI, "POST", "a=1", {"content-TYPE": content_type})
    assert is_valid(signed, "POST")
    # MediaWiki looks for it in lower case at the very beginning; the parameters stay.
    parameters = content_type.partition(";")[2]
    assert signed.headers["content-TYPE"].startswith("application/x-www-form-urlencoded")
    assert signed.headers["content-TYPE"].endswith(parameters)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("a=1&b=2", "a=1&b=2"),
        (b"a=1&b=2", b"a=1&b=2"),
        (bytearray(b"a=1"), b"a=1"),
        (memoryview(b"a=1"), b"a=1"),
        (array.array("B", b"a=1"), b"a=1"),
        (io.BytesIO(b"a=1&b=%20"), b"a=1&b=%20"),
        (io.StringIO("a=h\u00e9"), "a=h\u00e9".encode()),
        ([b"a=1", b"&b=2"], b"a=1&b=2"),
        (iter([b"a=1", b"&b=2"]), b"a=1&b=2"),
        ("minor=&summary=&c", "minor=&summary=&c"),
        ("a=1&a=0&a=1", "a=1&a=0&a=1"),
        ("a=1+2%20%2b3", "a=1+2%20%2b3"),
        ("a=%c3%a9%7e~", "a=%c3%a9%7e~"),
        ("text=h\u00e9llo \u6f22 \U0001f600", "text=h\u00e9llo \u6f22 \U0001f600".encode()),
        (b"a=\xff\xfe&b=%ff", b"a=\xff\xfe&b=%ff"),
        ("a=100%&b=%zz", "a=100%&b=%zz"),
        ("a=[x]|{y}\"'\\", "a=[x]|{y}\"'\\"),
        ("oauth_token=x&oauth_verifier=a%2520b", "oauth_token=x&oauth_verifier=a%2520b"),
        ("", ""),
        ("&a=1&&", "&a=1&&"),
        ("a=1\r\n", "a=1\r\n"),
    ],
    ids=name_of,
)
def test_a_form_of_any_kind_is_signed_as_it_is_sent(oauth, body, sent):
    signed = oauth.sign(URI + "?a=q", "POST", body, FORM)
    assert signed.body == sent
    assert is_valid(signed, "POST")
    tampered = signed._replace(body=(sent if isinstance(sent, bytes) else sent.encode()) + b"&tampered=1")
    assert not is_valid(tampered, "POST")


def test_a_form_in_a_file_is_read_in_place(oauth):
    """Explaining, then signing, then signing again: each finds all of it from where the file was."""
    file = io.BytesIO(b"skipped&a=1")
    file.seek(8)
    assert "form parameters: a=1" in oauth.explain(URI, "POST", file, FORM)
    for _ in range(2):
        signed = oauth.sign(URI, "POST", file, FORM)
        assert signed.body == b"a=1"
        assert is_valid(signed, "POST")


@pytest.mark.parametrize("body", ["a=\u00e9&b=2", b"a=1", io.StringIO("a=\u00e9"), "a=1"], ids=name_of)
def test_a_content_length_is_that_of_the_bytes(oauth, body):
    """Counted in characters it would cut the form, and what is cut off would be read as another request."""
    signed = oauth.sign(URI, "POST", body, {**FORM, "content-length": "3"})
    sent = signed.body if isinstance(signed.body, bytes) else signed.body.encode()
    assert signed.headers["content-length"] == str(len(sent))


@pytest.mark.parametrize("body", [{"a": "1"}, [("a", "1")], ["a=1"], 42, io.BytesIO, "a=\ud800", object()], ids=name_of)
def test_a_form_that_is_none_yet_is_refused_with_advice(oauth, body):
    with pytest.raises(SigningError, match=r"UTF-8|urlencode"):
        oauth.sign(URI, "POST", body, FORM)


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("HEAD", None), ("POST", None), ("GET", "a=1"), ("head", "a=1")]
)
def test_a_form_content_type_without_a_form_signs_as_none(oauth, method, body):
    """httplib2 leaves it on a POST that was redirected to GET, and oauth2client sends it on every GET."""
    signed = oauth.sign(URI, method, body, FORM)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), method)


class Unreadable:
    """A body that must be passed on as it is."""

    def read(self, *_):
        raise AssertionError("the body was read")

    __iter__ = read


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"a": "b"}', "application/json"),
        ("a=1&b=2", "text/plain"),
        ("a=1&b=2", None),
        (b"\x89PNG\xff", "image/png"),
        (b"--x\r\n\r\na=1\r\n--x--", "multipart/form-data; boundary=x"),
        (Unreadable(), "application/octet-stream"),
        ((part for part in [b"a=1"]), "multipart/form-data"),
        ("a=1", "application/x-www-form-urlencoded-not"),
    ],
    ids=name_of,
)
def test_every_other_body_is_passed_on_untouched_and_unsigned(oauth, body, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    signed = oauth.sign(URI, "POST", body, headers)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), "POST")
    assert "oauth_body_hash" not in signed.headers["Authorization"]
    assert {name: value for name, value in signed.headers.items() if name != "Authorization"} == headers


@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding"])
def test_a_form_that_says_how_it_is_transferred_is_refused(oauth, name):
    """A server would read another form than the one that is signed: its chunks."""
    with pytest.raises(SigningError, match="Transfer-Encoding"):
        oauth.sign(URI, "POST", "a=1", {**FORM, name: "chunked"})
    assert is_valid(oauth.sign(URI, "POST", b"", {name: "chunked"})._replace(body=None), "POST")


@pytest.mark.parametrize("method", ["G T", "GET ", "G\u00c9T", "GET\r\nX: y", "", b"GET", None, "G(T"])
def test_what_is_no_method_is_refused(oauth, method):
    with pytest.raises(SigningError, match="method must be"):
        oauth.sign(URI, method)


# -- headers


@pytest.mark.parametrize("host", ["b\u00fccher.example", "name@wiki.example", "@", b"\xe9", "a b", "a:x"])
def test_a_host_header_that_is_no_host_is_refused(oauth, host):
    with pytest.raises(SigningError, match="host"):
        oauth.sign(URI, headers={"Host": host})


def test_the_callers_headers_are_not_changed(oauth):
    headers = {"X-Mine": "1", "Content-Type": "Application/X-WWW-Form-Urlencoded"}
    before = dict(headers)
    signed = oauth.sign(URI, "POST", "a=1", headers)
    assert headers == before
    assert signed.headers is not headers
    assert signed.headers["X-Mine"] == "1"


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_an_authorization_among_the_headers_gives_way_and_none_is_sent_twice(oauth, name):
    """oauthlib returns both if the caller's is in lower case."""
    signed = oauth.sign(URI, headers={name: "Basic x"})
    names = [each for each in signed.headers if each.lower() == "authorization"]
    assert names == ["Authorization"]
    assert is_valid(signed)


def test_header_names_may_be_bytes(oauth):
    """oauth2client makes them so."""
    signed = oauth.sign(URI, "POST", "a=1", {b"content-type": b"application/x-www-form-urlencoded"})
    assert signed.headers["content-type"] == "application/x-www-form-urlencoded"
    assert is_valid(signed, "POST")


# -- credentials


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
def test_credentials_that_cannot_be_used_are_refused_and_not_shown(arguments):
    with pytest.raises(SigningError) as caught:
        OAuth1(**{"client_key": "client", "client_secret": "canary", **arguments})
    assert isinstance(caught.value, ValueError)
    assert next(iter(arguments)) in str(caught.value) or "rsa_key" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert all(
        str(value) not in str(caught.value) for value in arguments.values() if value and "SHA1" not in str(value)
    )


@pytest.mark.parametrize("method", [None, "", b"GET", 1])
def test_a_method_that_is_none_is_refused(oauth, method):
    with pytest.raises(SigningError, match="method"):
        oauth.sign(URI, method)


def test_plaintext_is_refused_over_http():
    oauth = OAuth1("client", "canary", "token", "canary", signature_method="PLAINTEXT")
    for refused in (oauth.sign, oauth.explain):
        with pytest.raises(InsecureTransportError, match="https") as caught:
            refused("http://h/")
        assert isinstance(caught.value, SigningError)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["canary", "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n", "public"]
)
def test_an_rsa_key_that_is_none_is_refused_and_not_shown(key, rsa_keys):
    oauth = OAuth1("client", rsa_key=rsa_keys[1] if key == "public" else key, signature_method="RSA-SHA1")
    with pytest.raises(SigningError, match=r"private RSA key.*httplib2-oauthlib\[rsa\]") as caught:
        oauth.sign(URI)
    shown = f"{caught.value} {caught.value!r}"
    assert "canary" not in shown
    assert "Y2FuYXJ5" not in shown
    # Nor does a traceback show what the key's parser said.
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
def test_it_is_picklable_also_after_it_has_signed(protocol, oauth):
    oauth.sign(URI)
    assert oauth.fingerprint
    restored = pickle.loads(pickle.dumps(oauth, protocol))
    assert restored == oauth
    assert restored.fingerprint == oauth.fingerprint
    assert is_valid(restored.sign(URI))


def test_it_copies_as_itself(oauth):
    assert copy.copy(oauth) is oauth
    assert copy.deepcopy({"a": [oauth]})["a"][0] is oauth


def test_arguments_beyond_the_four_are_by_name_only():
    with pytest.raises(TypeError):
        OAuth1("client", "secret", "token", "secret", "oob")


def test_subclasses_with_attributes_of_their_own_are_told_apart_and_pickled():
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
    assert "https://h/p" in repr(signed)


def test_fingerprints_tell_credentials_apart_and_reveal_none():
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
    """Yahoo's oauth_session_handle and the like; what is added is signed and sent, whatever its name."""

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


def test_nothing_is_logged(oauth, caplog):
    """oauthlib prints form fields and base strings at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        oauth.sign(URI, "POST", "password=canary", FORM)
        OAuth1("client", rsa_key="canary", signature_method="HMAC-SHA256").sign(URI)
    assert caplog.records == []


def test_one_may_sign_in_many_threads(oauth):
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


# -- properties

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=8)


@given(
    key=keys, secret=text, token=keys, token_secret=text, path=text, query=text, body=st.text() | st.binary(max_size=40)
)
@example("k", "", "t", "", ";", "a=%", b"\xff=%f")
def test_any_request_is_valid(key, secret, token, token_secret, path, query, body):
    """Whatever text a path, a query, a form or credentials are made of, the server gets what was signed."""
    assume("#" not in path + query)
    assume("?" not in path)
    try:
        "".join([body] if isinstance(body, str) else []).encode()
    except UnicodeEncodeError:
        assume(False)
    oauth = OAuth1(key, secret, token, token_secret)
    signed = oauth.sign(f"http://h.example/{path}?{query}", "POST", body, FORM)
    assert is_valid(signed, "POST", reference.Secrets(secret, token_secret))
    assert signed.uri.isascii()


@given(
    pairs=st.lists(st.tuples(text, text), min_size=1, max_size=4),
    form=st.lists(st.tuples(text.filter(lambda name: not name.startswith("oauth_")), text), max_size=4),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
)
def test_what_oauthlib_signs_is_signed_alike(pairs, form, method):
    """oauthlib is the oracle for every request that it accepts, but for its double decoding of oauth_ names."""
    assume(not any(name.startswith("oauth_") for name, _ in pairs))
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)
    body = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in form)
    with_body = bool(body) and method != "GET"
    arguments = (f"http://h.example/p?{query}", method, body if with_body else None, FORM if with_body else None)
    client = oauthlib.oauth1.Client("client", "s", "token", "t", nonce="n", timestamp="1")
    _, headers, _ = client.sign(*arguments)
    ours = OAuth1("client", "s", "token", "t").sign(*arguments, nonce="n", timestamp="1")
    assert ours.headers["Authorization"] == headers["Authorization"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("http://h/p;",),
        ("http://h/?a=%FF",),
        ("http://h/?oauth_x=a%2520b",),
    ],
)
def test_where_oauthlib_signs_something_else_than_is_sent_ours_is_the_valid_one(oauth, arguments):
    """An empty path parameter, bytes that are not UTF-8, and a caller's own oauth_ names."""
    client = oauthlib.oauth1.Client("client", SECRETS.client, "token", SECRETS.token)
    theirs = SignedRequest(arguments[0], client.sign(*arguments)[1], None)
    assert not is_valid(theirs)
    assert is_valid(oauth.sign(*arguments))
