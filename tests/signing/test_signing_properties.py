"""Any request is valid, and signed as oauthlib signs it. ``reference``, written from the RFC, verifies."""

from urllib.parse import quote

import oauthlib.oauth1
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, SignedRequest

from .. import reference
from .signed_requests import FORM, SECRETS, is_valid

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=8)


@pytest.mark.filterwarnings("ignore:.* begins or ends with a blank:UserWarning")
@given(
    key=keys,
    secret=secrets,
    token=keys,
    token_secret=secrets,
    path=text,
    query=text,
    body=st.text() | st.binary(max_size=40),
)
@example("k", "", "t", "", ";", "a=%", b"\xff=%f")
def test_any_request_is_valid(key, secret, token, token_secret, path, query, body):
    """With any text in the path, query, form and credentials, the server receives the signed request."""
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
def test_the_signature_equals_that_of_oauthlib(pairs, form, method):
    """oauthlib is the oracle for every request that it accepts, except for oauth_ names, which it decodes twice."""
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
def test_a_request_that_oauthlib_signs_wrongly_is_valid(oauth, arguments):
    """An empty path parameter, bytes that are not UTF-8, and a caller's own oauth_ names."""
    client = oauthlib.oauth1.Client("client", SECRETS.client, "token", SECRETS.token)
    theirs = SignedRequest(arguments[0], client.sign(*arguments)[1], None)
    assert not is_valid(theirs)
    assert is_valid(oauth.sign(*arguments))
