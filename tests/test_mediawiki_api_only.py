"""``mediawiki.api_only``: which requests to a wiki are signed, also after a redirect, and what it accepts."""

import copy
import pickle

import httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, mediawiki

from .servers import answer

OAUTH = OAuth1("key", "secret", "token", "token secret")

SIGNED = [
    "/w/api.php",
    "/api.php?action=query&title=Main_Page",
    "/w/api%2Ephp?action=query",
    "/wiki/api.php",
    "/w/rest.php/v1/page/Main_Page",
    "/rest.php/v1/page/index.php",
    "/rest.php/v1/page/wiki/html",
    "/w/index.php?title=Special:OAuth/identify",
    "/index.php?title=Special%3AOAuth%2Ftoken&format=json",
    "/index.php?format=json&title=special:oauth/initiate",
    "/index.php?title=Main_Page&title=Special:OAuth/identify",
    "/?title=Special:OAuth/identify",
    "/index.php/Special:OAuth",
    "/w/index.php/Special:OAuth/identify?format=json",
    "/wiki/Special:OAuth/initiate",
    "/wiki/Special%3AOAuth/initiate",
    "/sr-ec/Special:OAuth/initiate",
]
UNSIGNED = [
    "/",
    "/w/index.php",
    "/w/index.php?title=Main_Page&action=raw",
    "/index.php?title=Special:Export/Main_Page",
    "/index.php?title=Special:OAuthManageMyGrants",
    "/index.php?title=Special:OAuth/identify&title=Main_Page",
    "/index.php?xtitle=Special:OAuth/identify",
    "/index.php/Main_Page",
    "/index.php/api.php",
    "/index.php/rest.php/v1",
    "/index.php/Main_Page?title=Special:OAuth/identify",
    "/wiki/Main_Page?title=Special:OAuth/identify",
    "/wiki/Main_Page",
    "/wiki/A%2Fapi.php",
    "/wiki/User:Alice/Special:OAuth",
    "/wiki/Special:OAuthConsumerRegistration",
    "/wiki/Special:Log/OAuth",
    "/w/load.php?title=Special:OAuth/identify",
    "/w/load.php?x=/api.php",
    "/w/images/api.php.png",
    "/w/api.php5#/api.php",
]


def is_signed(received):
    return received.headers.get("authorization", "").startswith("OAuth ")


def redirect(location, status="302 Found"):
    return answer("", status, Location=location)


@pytest.mark.parametrize("path", SIGNED)
def test_the_api_and_special_oauth_are_signed(serve, path):
    server = serve(lambda _: answer())
    OAuth1Http(timeout=10, oauth=mediawiki.api_only(OAUTH)).request(server.uri(path))
    assert is_signed(server.received[0])


@pytest.mark.parametrize("path", UNSIGNED)
def test_pages_and_other_scripts_are_not_signed(serve, path):
    server = serve(lambda _: answer())
    OAuth1Http(timeout=10, oauth=mediawiki.api_only(OAUTH)).request(server.uri(path))
    assert not is_signed(server.received[0])


def test_a_page_that_leads_to_the_api_is_unsigned_and_the_api_is_signed(serve):
    server = serve(lambda r: redirect("/w/api.php") if r.target.startswith("/wiki") else answer())
    OAuth1Http(timeout=10, oauth=mediawiki.api_only(OAUTH)).request(server.uri("/wiki/Main_Page"))
    assert list(map(is_signed, server.received)) == [False, True]


def test_the_api_that_leads_to_a_page_is_signed_and_the_page_is_not(serve):
    server = serve(lambda r: redirect("/wiki/Main_Page") if r.target.startswith("/w/") else answer())
    OAuth1Http(timeout=10, oauth=mediawiki.api_only(OAUTH)).request(server.uri("/w/api.php"))
    assert list(map(is_signed, server.received)) == [True, False]


@pytest.mark.parametrize("path", ["/w/api.php", "/wiki/Main_Page"])
@pytest.mark.parametrize("restricted", [1, 2])
def test_one_oauth1_is_not_sent_to_another_host_by_a_redirect(serve, path, restricted):
    """Also if the first hop is a page, which isn't signed."""
    other = serve(lambda _: answer())
    server = serve(lambda _: redirect(other.uri("/w/api.php", "127.0.0.1")))
    oauth = OAUTH
    for _ in range(restricted):
        oauth = mediawiki.api_only(oauth)
    OAuth1Http(timeout=10, oauth=oauth).request(server.uri(path))
    assert len(other.received) == 1
    assert not is_signed(other.received[0])


def test_a_mapping_and_a_function_sign_for_the_hosts_that_they_name(serve):
    other = serve(lambda r: answer())
    third = serve(lambda r: redirect(other.uri("/w/api.php", "127.0.0.1")))
    server = serve(lambda r: redirect(third.uri("/w/api.php")))
    named = (f"localhost:{server.port}", f"127.0.0.1:{other.port}")
    for oauth in (
        dict.fromkeys(named, OAUTH),
        lambda uri: OAUTH if any(host in uri for host in named) else None,
    ):
        for each in (server, third, other):
            each.received.clear()
        OAuth1Http(timeout=10, oauth=mediawiki.api_only(oauth)).request(server.uri("/w/api.php"))
        assert [is_signed(each.received[0]) for each in (server, third, other)] == [True, False, True]


def test_credentials_of_another_library_are_accepted(serve):
    server = serve(lambda _: answer())
    pair = (mediawiki.ConsumerToken("a", "b"), mediawiki.AccessToken("c", "d"))
    OAuth1Http(timeout=10, oauth=mediawiki.api_only(pair)).request(server.uri("/api.php"))
    assert is_signed(server.received[0])


@pytest.mark.parametrize("value", [None, "key", 7, ("a", "b")])
def test_a_value_that_selects_no_credentials_is_rejected(value):
    with pytest.raises(TypeError, match="oauth must be"):
        mediawiki.api_only(value)


def test_it_is_a_function_of_a_uri():
    oauth = mediawiki.api_only(OAUTH)
    assert oauth("https://wiki.example/w/api.php") == OAUTH
    assert oauth("https://wiki.example/wiki/Main_Page") is None


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_an_http_with_it_can_be_copied_and_pickled(serve, duplicate):
    server = serve(lambda _: answer())
    http = duplicate(OAuth1Http(timeout=10, oauth=mediawiki.api_only({"localhost": OAUTH})))
    http.request(server.uri("/api.php"))
    http.request(server.uri("/wiki/Main_Page"))
    assert list(map(is_signed, server.received)) == [True, False]


def test_a_pool_takes_it(serve):
    server = serve(lambda _: answer())
    pool = HttpPool(OAuth1Http(timeout=10, oauth=mediawiki.api_only(OAUTH)), size=2)
    pool.request(server.uri("/api.php"))
    pool.request(server.uri("/wiki/Main_Page"))
    assert list(map(is_signed, server.received)) == [True, False]


def test_it_shows_no_secret():
    shown = repr(mediawiki.api_only({"localhost": OAuth1("key", "canary-secret", "canary-token", "canary-other")}))
    assert "canary" not in shown


def test_a_page_from_a_shared_cache_is_not_another_users(serve, tmp_path):
    """The API's entries are kept apart by user, and pages are those of an anonymous visitor."""

    def handler(received):
        return answer("signed" if is_signed(received) else "anonymous", Cache_Control="max-age=600",
                      Date=httplib2.email.utils.formatdate(usegmt=True))  # fmt: skip

    server = serve(handler)
    for oauth in (mediawiki.api_only(OAUTH), None):
        http = OAuth1Http(str(tmp_path), timeout=10, oauth=oauth)
        assert http.request(server.uri("/wiki/Main_Page"))[1] == b"anonymous"
        assert http.request(server.uri("/api.php"))[1] == (b"signed" if oauth else b"anonymous")
    assert len(server.received) == 3
