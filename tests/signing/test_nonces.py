"""Nonces fit every server, and all letters are equally frequent. That none occurs twice is in hostile/test_threads."""

import collections
import string

import pytest

from .. import reference
from .servers import oauthlib_accepts
from .signed_requests import URI, received

LETTERS = string.ascii_letters + string.digits


def nonce_of(signed):
    return reference.protocol_parameters(received(signed))["oauth_nonce"]


def test_a_nonce_has_22_letters_and_digits(oauth):
    """Servers with oauthlib's defaults accept 20 to 30 of them. One service accepts at most 24. Others store 32."""
    for _ in range(1000):
        nonce = nonce_of(oauth.sign(URI))
        assert len(nonce) == 22
        assert set(nonce) <= set(LETTERS)


def test_oauthlibs_default_validator_accepts_every_nonce(oauth):
    assert all(oauthlib_accepts(oauth.sign(URI + "?a=b")) for _ in range(100))
    assert not oauthlib_accepts(oauth.sign(URI, nonce="0" * 35))


@pytest.mark.parametrize("count", [2_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_all_letters_are_equally_frequent(oauth, count):
    found = collections.Counter("".join(nonce_of(oauth.sign(URI)) for _ in range(count)))
    expected = count * 22 / len(LETTERS)
    # A biased choice (a byte modulo 62) would make eight letters 25 % more frequent. The deviation of one letter stays
    # below seven standard deviations in all but one of 10**9 runs.
    assert set(found) == set(LETTERS)
    assert max(abs(number - expected) for number in found.values()) < 7 * expected**0.5
