"""The login page, sessions and logging out."""

import re
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib.testwiki import PASSWORD

from ..browser import Browser
from .applications import CALLBACK, location_of


def test_an_anonymous_user_is_redirected_to_the_login_page_and_back(wiki, begin):
    browser, (uri, token, complete) = Browser(), begin()
    wiki.account("Alice")
    where, query = location_of(browser.get(uri))
    assert where == wiki.index_uri
    assert query["title"] == ["Special:UserLogin"]
    assert query["warning"] == ["mwoauth-login-required-reason"]
    login = browser.follow(browser.get(uri))
    assert "You need to log into your TestWiki account" in login.text
    back = browser.log_in(login)
    where, query = location_of(back)
    assert (where, query["title"], query["oauth_token"]) == (wiki.index_uri, ["Special:OAuth/authorize"], [token.key])
    page = browser.follow(back)
    assert "Hi Alice," in page.text
    where, query = location_of(browser.submit(page, "accept"))
    assert where == CALLBACK
    assert list(query) == ["oauth_verifier", "oauth_token"]
    assert complete(urlencode(query, doseq=True)).key in wiki.store.access_tokens


@pytest.mark.parametrize(
    ("name", "password"), [("Alice", "wrong"), ("Nobody", PASSWORD), ("Alice", ""), ("", ""), ("alice ", "x")]
)
def test_a_wrong_password_and_an_unknown_account_get_the_same_message(wiki, name, password):
    wiki.account("Alice")
    browser = Browser()
    page = browser.log_in(browser.get(f"{wiki.index_uri}?title=Special:UserLogin"), name, password)
    assert (page.status, page.fields["wpName"]) == (200, name)
    assert "Incorrect username or password entered. Please try again." in page.text
    assert "Not logged in" in page.text


def test_an_account_can_have_its_own_password(wiki):
    wiki.account("Bob", password="héllo wörld")
    browser = Browser()
    login = browser.get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert browser.log_in(login, "Bob", PASSWORD).status == 200
    assert browser.log_in(login, "bob", "héllo wörld").location == f"{wiki.index_uri}?title=Main+Page"


def test_underscores_in_a_user_name_stand_for_spaces(wiki):
    wiki.account("Some user")
    browser = Browser()
    login = browser.get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert browser.log_in(login, "some_user_").status == 302
    assert "Logged in as Some user" in browser.get(f"{wiki.index_uri}/Main_Page").text


def test_line_ends_in_a_redirect_inject_no_header(wiki, begin, alice_browser):
    browser = Browser()
    query = urlencode({"title": "Special:UserLogin", "returntoquery": "a=\r\nX: y#z"})
    uri = f"{wiki.index_uri}?{query}"
    assert browser.log_in(browser.get(uri)).location == f"{wiki.index_uri}?title=Main+Page&a=%0D%0AX%3A+y%23z"
    page = alice_browser.submit(alice_browser.get(begin(callback=CALLBACK + "/\r\nX-Evil: y")[0]), "accept")
    assert page.status == 302
    assert "X-Evil" not in page.headers


def test_a_login_form_of_another_session_is_refused(wiki):
    wiki.account("Alice")
    login = Browser().get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert "problem with your login session" in Browser().log_in(login).text


def test_a_session_from_before_the_login_is_not_logged_in(wiki, begin):
    """This prevents session fixation: a cookie planted in a browser doesn't share its login."""
    wiki.account("Alice")
    browser = Browser()
    login = browser.get(f"{wiki.index_uri}?title=Special:UserLogin")
    planted = next(iter(browser.cookies)).value
    browser.log_in(login)
    assert next(iter(browser.cookies)).value != planted
    page = Browser().get(f"{wiki.index_uri}?title=Special:UserLogin", headers={"Cookie": f"testwiki_session={planted}"})
    assert "Set-Cookie" in page.headers
    page = Browser().get(f"{wiki.index_uri}?title=Main_Page", headers={"Cookie": f"testwiki_session={planted}"})
    assert "Not logged in" in page.text


def test_the_login_redirects_only_to_the_wiki(wiki):
    wiki.account("Alice")
    browser = Browser()
    for returnto in ("https://evil.example/", "//evil.example", "\r\nX: y"):
        uri = f"{wiki.index_uri}?{urlencode({'title': 'Special:UserLogin', 'returnto': returnto})}"
        assert browser.log_in(browser.get(uri)).location.startswith(f"{wiki.index_uri}?title=")


def test_logging_out_requires_the_wikis_form_and_ends_the_session(wiki, alice_browser):
    assert "Logged in as Alice" in alice_browser.get(f"{wiki.index_uri}?title=Main_Page").text
    page = alice_browser.get(f"{wiki.index_uri}?title=Special:UserLogout")
    assert "Do you want to log out?" in page.text
    # Another site's form can't log the user out.
    alice_browser.submit(page, wpEditToken="forged")
    assert "Logged in as Alice" in alice_browser.get(f"{wiki.index_uri}?title=Main_Page").text
    done = alice_browser.submit(page)
    assert "You are now logged out." in done.text
    assert "Not logged in" in done.text
    assert "Not logged in" in alice_browser.get(f"{wiki.index_uri}?title=Main_Page").text


def test_the_session_cookie_is_http_only_and_same_site(wiki):
    page = Browser().get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert re.fullmatch(r"testwiki_session=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=Lax", page.headers["Set-Cookie"])
    assert "no-store" in page.headers["Cache-Control"]


def test_the_number_of_anonymous_sessions_is_limited(wiki):
    first = wiki.store.sessions.begin(None)
    for _ in range(10_000):
        last = wiki.store.sessions.begin(None)
    assert not wiki.store.sessions.exists(first)
    assert wiki.store.sessions.exists(last)
