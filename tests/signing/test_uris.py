"""The URI is signed exactly as it is sent."""

import pytest

from httplib2_oauthlib import SigningError

from .. import reference
from .signed_requests import SECRETS, is_valid, received


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


def test_the_callers_host_header_is_the_host_that_is_signed(oauth):
    signed = oauth.sign("http://127.0.0.1:8080/p", headers={"host": "Wiki.Example:80"})
    arrived = received(signed)
    assert arrived.headers["host"] == "Wiki.Example:80"
    assert reference.is_valid(arrived, SECRETS)


@pytest.mark.parametrize(
    "uri",
    ["", "/relative", "wiki.example/p", "http:///p", "http://", "http://h:x/", "http://h:70000/", "http://[::1/p",
     "http://a b/", "http://h\\@evil/", "http://\ud800/", "http://h/\ud800", "mailto:a@b", None, b"http://h/"],
)  # fmt: skip
def test_a_uri_that_cannot_be_signed_is_rejected(oauth, uri):
    with pytest.raises(SigningError, match="uri"):
        oauth.sign(uri)
