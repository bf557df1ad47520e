"""``mediawiki.check``: which responses of a wiki raise RefusedError, with which reason and words."""

import json
import re

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, RefusedError, mediawiki

from . import vectors


def recorded(vector):
    return httplib2.Response({"status": str(vector.status), **vector.answer_headers}), vector.answer.encode()


REFUSED = {
    "errors-0": "signature", "errors-1": "consumer", "errors-2": "token", "errors-5": "nonce", "errors-6": "timestamp",
    "errors-8": "method", "errors-10": "other", "errors-11": "signature", "handshake-1": "other",
    "handshake-5": "token", "handshake_errors-0": "signature", "handshake_errors-2": "consumer",
    "handshake_errors-4": "token", "handshake_errors-5": "token",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_wikis_rejection_is_raised_with_its_text_and_advice(name):
    response, content = recorded(next(vector for vector in vectors.ALL if vector.id == name))
    with pytest.raises(RefusedError) as caught:
        mediawiki.check(response, content)
    error = caught.value
    assert (error.reason, error.response, error.content) == (REFUSED[name], response, content)
    assert re.search(r"refused: .+[.?!] .+[.]$", str(error)), str(error)
    assert not re.search(r"[<>\n]|&\w+;", str(error))


@pytest.mark.parametrize("vector", [v for v in vectors.ALL if not v.is_refused], ids=lambda vector: vector.id)
def test_a_real_wikis_other_responses_raise_nothing(vector):
    assert mediawiki.check(*recorded(vector)) is None


@pytest.mark.parametrize("parameters", [
    "format=json", "format=json&formatversion=2", "format=xml", "format=json&errorformat=plaintext",
])  # fmt: skip
def test_a_rejection_is_raised_in_every_format(wiki, parameters):
    http = OAuth1Http(timeout=10, oauth=OAuth1("unknown", "b", "c", "d"))
    with pytest.raises(RefusedError, match="Invalid consumer") as caught:
        mediawiki.check(*http.request(f"{wiki.api_uri}?action=query&{parameters}"))
    assert caught.value.reason == "consumer"
    with pytest.raises(RefusedError):
        mediawiki.check(*http.request(f"{wiki.rest_uri}/v1/page/Main_Page"))
    http.oauth = None
    mediawiki.check(*http.request(f"{wiki.api_uri}?action=query&{parameters}&assert=user"))


@pytest.mark.parametrize(
    ("code", "info", "reason", "advice"),
    [
        ("mwoauth-invalid-authorization-not-approved", "The app ... set up incorrectly", "consumer", "not approved"),
        ("mwoauth-invalid-authorization-wrong-wiki", "... are not valid for enwiki", "other", "another wiki"),
        ("mwoauth-invalid-authorization-blocked-user", "... for a user who is blocked", "other", "blocked"),
        ("mwoauth-invalid-authorization-invalid-user", "... does not exist here", "other", "Log in to this wiki once"),
    ],
)
def test_rare_rejections_are_raised_with_advice(code, info, reason, advice):
    response = httplib2.Response({"status": "200", "mediawiki-api-error": code})
    content = json.dumps({"error": {"code": code, "info": info}}).encode()
    with pytest.raises(RefusedError, match=advice) as caught:
        mediawiki.check(response, content)
    assert caught.value.reason == reason


def test_a_page_that_quotes_a_rejection_raises_nothing(wiki):
    """Any user can write such a page, and a client can request it as JSON, as was seen on a real wiki."""
    content = b'{"error":"mwoauth-oauth-exception","message":"Expired timestamp, yours 1, ours 2"}'
    headers = {"status": "200", "content-type": "application/json", "cache-control": "public, max-age=18000"}
    mediawiki.check(httplib2.Response(headers), content)
    headers["cache-control"] = "no-cache, no-store, max-age=0, must-revalidate"
    with pytest.raises(RefusedError):
        mediawiki.check(httplib2.Response(headers), content)


def test_a_rejection_in_html_is_not_quoted_as_html(wiki):
    http = OAuth1Http(timeout=10, oauth=OAuth1("unknown", "b", "c", "d"))
    with pytest.raises(RefusedError, match="format=json") as caught:
        mediawiki.check(*http.request(f"{wiki.api_uri}?action=query"))
    assert "<" not in str(caught.value)


def test_a_rejection_shows_no_control_characters():
    response = httplib2.Response({"status": "200", "mediawiki-api-error": "mwoauth-invalid-authorization"})
    with pytest.raises(RefusedError) as caught:
        mediawiki.check(response, b'{"error":{"info":"\\u001b]0;pwn\\u0007 Invalid signature\\u202e"}}')
    assert str(caught.value).isprintable()
    assert caught.value.reason == "signature"


def test_a_rejection_in_another_language_is_recognized_by_its_code():
    headers = {"status": "200", "content-type": "text/plain;charset=UTF-8", "cache-control": "no-cache, no-store"}
    content = "Error: Diese Anfrage wurde bereits abgeschlossen. &lt;span&gt;Token verwendet, <a>E009</a>&lt;/span&gt;"
    with pytest.raises(RefusedError, match="can be used once") as caught:
        mediawiki.check(httplib2.Response(headers), content.encode())
    assert caught.value.reason == "token"
    # A response that may be cached is a page, and its text is not a message of the wiki.
    del headers["cache-control"]
    mediawiki.check(httplib2.Response(headers), content.encode())
