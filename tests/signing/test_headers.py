"""The request's headers: Host, Authorization and the caller's own."""

import pytest

from httplib2_oauthlib import SigningError

from .signed_requests import URI, is_valid


@pytest.mark.parametrize("host", ["b\u00fccher.example", "name@wiki.example", "@", b"\xe9", "a b", "a:x"])
def test_an_invalid_host_header_is_rejected(oauth, host):
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
def test_the_callers_authorization_header_is_replaced(oauth, name):
    """oauthlib returns two headers if the caller's name is in lower case."""
    signed = oauth.sign(URI, headers={name: "Basic x"})
    names = [each for each in signed.headers if each.lower() == "authorization"]
    assert names == ["Authorization"]
    assert is_valid(signed)


def test_header_names_may_be_bytes(oauth):
    """oauth2client encodes them."""
    signed = oauth.sign(URI, "POST", "a=1", {b"content-type": b"application/x-www-form-urlencoded"})
    assert signed.headers["content-type"] == "application/x-www-form-urlencoded"
    assert is_valid(signed, "POST")
