"""The embedded wiki's pages for people. Words, forms and verdicts are those of a real MediaWiki 1.39 with
Extension:OAuth, as seen when each of these was tried there.
"""

import dataclasses
import http.client
import json
import re
import time
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from httplib2_oauthlib import HandshakeError, IdentityError, OAuth1, OAuth1Http, RefusedError, mediawiki
from httplib2_oauthlib.testwiki import PASSWORD, OAuthRefusal
from httplib2_oauthlib.testwiki.store import Title

from .browser import Browser

CALLBACK = "https://tool.example/oauth-callback"
AGENT = "httplib2-oauthlib tests"


@pytest.fixture
def consumer(wiki):
    return wiki.register("A <tool>", callback=CALLBACK)


@pytest.fixture
def begin(wiki, consumer):
    """Begin a handshake; return the page where the user is asked, the token, and how to end it."""

    def begin(page="authorize", callback=CALLBACK, consumer=consumer):
        tool = mediawiki.Handshaker(wiki.index_uri, (consumer.key, consumer.secret), callback, AGENT)
        uri, token = tool.initiate()
        return uri.replace("authenticate", page), token, lambda returned: tool.complete(token, returned)

    return begin


@pytest.fixture
def alice(wiki):
    """A browser in which Alice is logged in."""
    browser = Browser()
    wiki.account("Alice")
    browser.log_in(browser.get(f"{wiki.index_uri}?title=Special:UserLogin"))
    return browser


def location_of(page):
    assert page.status == 302, page.text
    parts = urlsplit(page.location)
    return parts._replace(query="").geturl(), parse_qs(parts.query)


# -- logging in


def test_who_is_not_logged_in_is_led_to_the_login_page_and_back(wiki, begin):
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
def test_a_wrong_password_and_an_unknown_account_are_told_the_same(wiki, name, password):
    wiki.account("Alice")
    browser = Browser()
    page = browser.log_in(browser.get(f"{wiki.index_uri}?title=Special:UserLogin"), name, password)
    assert (page.status, page.fields["wpName"]) == (200, name)
    assert "Incorrect username or password entered. Please try again." in page.text
    assert "Not logged in" in page.text


def test_an_account_may_have_a_password_of_its_own(wiki):
    wiki.account("Bob", password="héllo wörld")
    browser = Browser()
    login = browser.get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert browser.log_in(login, "Bob", PASSWORD).status == 200
    assert browser.log_in(login, "bob", "héllo wörld").location == f"{wiki.index_uri}?title=Main+Page"


def test_a_name_with_underscores_is_the_same_account(wiki):
    wiki.account("Some user")
    browser = Browser()
    login = browser.get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert browser.log_in(login, "some_user_").status == 302
    assert "Logged in as Some user" in browser.get(f"{wiki.index_uri}/Main_Page").text


def test_line_ends_lead_nowhere(wiki, begin, alice):
    browser = Browser()
    query = urlencode({"title": "Special:UserLogin", "returntoquery": "a=\r\nX: y#z"})
    uri = f"{wiki.index_uri}?{query}"
    assert browser.log_in(browser.get(uri)).location == f"{wiki.index_uri}?title=Main+Page&a=%0D%0AX%3A+y%23z"
    page = alice.submit(alice.get(begin(callback=CALLBACK + "/\r\nX-Evil: y")[0]), "accept")
    assert page.status == 302
    assert "X-Evil" not in page.headers


def test_a_login_form_of_another_session_is_refused(wiki):
    wiki.account("Alice")
    login = Browser().get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert "problem with your login session" in Browser().log_in(login).text


def test_a_session_that_was_there_before_the_login_is_worth_nothing(wiki, begin):
    """Who has planted a cookie in somebody's browser is not logged in with them."""
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


def test_the_login_leads_nowhere_but_to_the_wiki(wiki):
    wiki.account("Alice")
    browser = Browser()
    for returnto in ("https://evil.example/", "//evil.example", "\r\nX: y"):
        uri = f"{wiki.index_uri}?{urlencode({'title': 'Special:UserLogin', 'returnto': returnto})}"
        assert browser.log_in(browser.get(uri)).location.startswith(f"{wiki.index_uri}?title=")


def test_who_logs_out_is_logged_out(wiki, alice):
    assert "Logged in as Alice" in alice.get(f"{wiki.index_uri}?title=Main_Page").text
    page = alice.get(f"{wiki.index_uri}?title=Special:UserLogout")
    assert "Do you want to log out?" in page.text
    # Nobody else's page can do it.
    alice.submit(page, wpEditToken="forged")
    assert "Logged in as Alice" in alice.get(f"{wiki.index_uri}?title=Main_Page").text
    done = alice.submit(page)
    assert "You are now logged out." in done.text
    assert "Not logged in" in done.text
    assert "Not logged in" in alice.get(f"{wiki.index_uri}?title=Main_Page").text


# -- allowing


def test_the_user_sees_who_asks_and_for_what(wiki, consumer, begin, alice):
    page = alice.get(begin()[0])
    assert (
        "Hi Alice, In order to complete your request, A <tool> needs permission to perform the following" in page.text
    )
    for right in ("High-volume editing", "Edit existing pages", "Create, edit, and move pages", "Upload new files"):
        assert right in page.text
    assert list(page.buttons.items()) == [("accept", "Allow"), ("cancel", "Cancel")]
    assert page.fields["consumerKey"] == consumer.key
    assert consumer.secret not in page.html


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        (["basic"], "to access information on all projects of this site on your behalf. No changes will be made"),
        (["mwoauth-authonly"], "to access information on all projects"),
        (["mwoauth-authonlyprivate"], "to access information about you, including your real name and email address"),
        (["basic", "editpage"], "the following actions on your behalf on all projects of this site: Edit existing"),
    ],
)
def test_what_is_asked_for_is_what_the_consumer_was_registered_with(wiki, begin, alice, grants, words):
    page = alice.get(begin(consumer=wiki.register("Tool", callback=CALLBACK, grants=grants))[0])
    assert words in page.text


def test_cancel_stays_at_the_wiki_and_grants_nothing(wiki, begin, alice):
    uri, _, complete = begin()
    page = alice.submit(alice.get(uri), "cancel")
    assert page.status == 200
    assert 'You have chosen not to allow "A <tool>" to access your account.' in page.text
    assert wiki.store.access_tokens == {}
    with pytest.raises(HandshakeError, match="No token was found matching your request"):
        complete("f" * 32)
    # The user may think better of it.
    assert alice.submit(alice.get(uri), "accept").status == 302


@pytest.mark.parametrize("change", [{"wpEditToken": "forged"}, {"wpEditToken": None}])
def test_a_form_that_is_not_the_wikis_is_shown_again_and_grants_nothing(wiki, begin, alice, change):
    page = alice.get(begin()[0])
    again = alice.submit(page, "accept", **change)
    assert (again.status, again.buttons) == (200, page.buttons)
    assert wiki.store.access_tokens == {}


def test_another_users_form_is_worth_nothing(wiki, begin, alice):
    wiki.account("Bob")
    bob = Browser()
    bob.log_in(bob.get(f"{wiki.index_uri}?title=Special:UserLogin"), "Bob")
    assert "Hi Bob," in bob.submit(alice.get(begin()[0]), "accept").text
    assert wiki.store.access_tokens == {}


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("0" * 32, "OAuth token not found, E004"),
        ("xyz", 'Invalid value provided for "requestToken" field'),
        ("", 'Missing value for "requestToken" field'),
    ],
)
def test_a_request_token_that_is_none_is_found_out_when_it_is_allowed(begin, alice, token, words):
    page = alice.submit(alice.get(begin()[0]), "accept", requestToken=token)
    assert (page.status, list(page.buttons)) == (200, ["accept", "cancel"])
    assert words in page.text


def test_another_consumers_request_token_is_refused(wiki, begin, alice):
    other = wiki.register("Other", callback=CALLBACK)
    page = alice.submit(alice.get(begin()[0]), "accept", consumerKey=other.key)
    assert "E004" in page.text
    assert wiki.store.access_tokens == {}


def test_an_expired_request_is_refused(wiki, begin, alice):
    page = alice.get(begin()[0])
    wiki.clock = lambda: time.time() + 601
    assert "E004" in alice.submit(page, "accept").text


def test_a_request_that_was_used_is_refused(begin, alice):
    uri, _, complete = begin()
    complete(alice.submit(alice.get(uri), "accept").location)
    page = alice.submit(alice.get(uri), "accept")
    assert "This request has already been completed and cannot be resubmitted." in page.text
    assert "OAuth token already used, E009" in page.text
    assert 'href="https://www.mediawiki.org/wiki/Help:OAuth/Errors#E009"' in page.html


def test_a_request_that_is_allowed_twice_is_dead(wiki, begin, alice):
    uri, token, complete = begin()
    page = alice.get(uri)
    first = alice.submit(page, "accept").location
    assert "OAuth callback URL not found in cache." in alice.submit(page, "accept").text
    with pytest.raises(HandshakeError, match="verification code"):
        complete(first)
    with pytest.raises(OAuthRefusal):
        wiki.authorize(token.key, "Alice")


def test_who_allows_again_keeps_the_token_and_who_revoked_gets_a_new_one(wiki, begin, alice):
    tokens = []
    for number in range(3):
        uri, _, complete = begin()
        page = alice.get(uri)
        assert page.fields["wpconfirmUpdate"] == str(int(number == 1))
        tokens.append(complete(alice.submit(page, "accept").location))
        if number == 1:
            wiki.revoke(tokens[0].key)
    assert tokens[0] == tokens[1]
    assert tokens[1].key != tokens[2].key
    assert tokens[1].secret != tokens[2].secret


@pytest.mark.parametrize("grants", [["mwoauth-authonly"], ["mwoauth-authonlyprivate"]])
def test_who_only_says_who_they_are_is_asked_once(wiki, begin, alice, grants):
    consumer = wiki.register("Tool", callback=CALLBACK, grants=grants)

    def ask(page):
        uri, _, complete = begin(page, consumer=consumer)
        return alice.get(uri), complete

    first, complete = ask("authenticate")
    complete(alice.submit(first, "accept").location)
    again, complete = ask("authenticate")
    assert location_of(again)[0] == CALLBACK
    complete(again.location)
    assert ask("authorize")[0].status == 200
    # Reloaded, it is an error page.
    uri, _, _ = begin("authenticate", consumer=consumer)
    alice.get(uri)
    page = alice.get(uri)
    assert "Application Connection Error" in page.text
    assert "OAuth callback URL not found in cache." in page.text


def test_who_is_asked_for_more_than_before_is_asked_again(wiki, begin, alice):
    consumer = wiki.register("Tool", callback=CALLBACK, grants=["mwoauth-authonly"])
    uri, _, complete = begin("authenticate", consumer=consumer)
    complete(alice.submit(alice.get(uri), "accept").location)
    wiki.store.consumers[consumer.key] = dataclasses.replace(consumer, grants=("mwoauth-authonlyprivate",))
    assert alice.get(begin("authenticate", consumer=consumer)[0]).status == 200


def test_a_yes_gives_the_request_another_ten_minutes(wiki, begin, alice):
    uri, _, complete = begin()
    real = wiki.clock
    wiki.clock = lambda: real() + 500
    callback = alice.submit(alice.get(uri), "accept").location
    wiki.clock = lambda: real() + 1000
    assert complete(callback).key in wiki.store.access_tokens


def test_who_grants_rights_is_asked_each_time(begin, alice):
    uri, _, complete = begin("authenticate")
    complete(alice.submit(alice.get(uri), "accept").location)
    assert alice.get(begin("authenticate")[0]).status == 200


@pytest.mark.parametrize(
    ("registration", "callback", "sent_to"),
    [
        ({"callback": CALLBACK}, CALLBACK + "?a=b&c=d", CALLBACK + "?a=b&c=d&oauth_verifier=V&oauth_token=T"),
        ({"callback": CALLBACK}, CALLBACK + "#part", CALLBACK + "?oauth_verifier=V&oauth_token=T#part"),
        ({"callback": CALLBACK}, CALLBACK + "?", CALLBACK + "?&oauth_verifier=V&oauth_token=T"),
        ({"callback": CALLBACK}, "oob", CALLBACK + "?oauth_verifier=V&oauth_token=T"),
        ({"callback": CALLBACK + "?x=1", "callback_is_prefix": False}, "oob",
         CALLBACK + "?x=1&oauth_verifier=V&oauth_token=T"),
        ({"callback": "http://127.0.0.1:1/"}, "http://127.0.0.1:5000/x",
         "http://127.0.0.1:5000/x?oauth_verifier=V&oauth_token=T"),
    ],
)  # fmt: skip
def test_the_browser_is_sent_to_the_callback_with_verifier_and_token(
    wiki, begin, alice, registration, callback, sent_to
):
    uri, token, _ = begin(callback=callback, consumer=wiki.register("Tool", **registration))
    location = alice.submit(alice.get(uri), "accept").location
    verifier = re.search("oauth_verifier=([0-9a-f]{32})&", location)[1]
    assert location == sent_to.replace("V", verifier).replace("=T", f"={token.key}")


def test_a_fixed_callback_is_asked_for_with_oob_only(wiki):
    consumer = wiki.register("Tool", callback=CALLBACK, callback_is_prefix=False)
    with pytest.raises(HandshakeError, match=r'must be set to "oob" \(case-sensitive\)\.') as caught:
        mediawiki.initiate(wiki.index_uri, (consumer.key, consumer.secret), CALLBACK, AGENT)
    assert "prefix" not in str(caught.value)


def test_without_a_callback_the_wiki_shows_the_verifier(wiki, begin, alice):
    uri, _, complete = begin(callback="oob", consumer=wiki.register("Tool"))
    page = alice.follow(alice.submit(alice.get(uri), "accept"))
    assert "The application is now allowed to access MediaWiki on your behalf." in page.text
    verifier = re.search(r"provide this verification value to the application: ([0-9a-f]{32})", page.text)[1]
    assert complete(verifier).key in wiki.store.access_tokens
    assert "OAuth missing parameters, E001" in alice.get(f"{wiki.index_uri}?title=Special:OAuth/verified").text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"oauth_consumer_key": "unknown"}, "E006"),
        ({}, "E006"),
        ({"oauth_token": "unknown"}, "E006"),
    ],
)
def test_an_unknown_consumer_is_an_error_page(wiki, alice, query, code):
    page = alice.get(f"{wiki.index_uri}?{urlencode({'title': 'Special:OAuth/authorize', **query})}")
    assert "Application Connection Error" in page.text
    assert code in page.text


def test_the_consumer_is_found_by_its_request_token(wiki, consumer, begin, alice):
    _, token, _ = begin()
    page = alice.get(f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={token.key}")
    assert page.fields["consumerKey"] == consumer.key
    # As a path, too.
    by_path = alice.get(f"{wiki.index_uri}/Special:OAuth/authorize?oauth_token={token.key}")
    # The edit token holds the time.
    assert {**by_path.fields, "wpEditToken": ""} == {**page.fields, "wpEditToken": ""}
    wiki.clock = lambda: time.time() + 601
    assert "E006" in alice.get(f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={token.key}").text


def test_a_consumer_that_is_not_approved_is_refused_everywhere_but_at_initiate(wiki, alice, begin):
    consumer = wiki.register("Tool", callback=CALLBACK, is_approved=False)
    page = alice.get(begin(consumer=consumer)[0])
    assert '"Tool" is not approved as a Connected App.' in page.text
    token = wiki.store.grant(consumer, wiki.store.user("Alice"))
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, token.key, token.secret))
    response, content = http.request(f"{wiki.api_uri}?action=query&format=json")
    assert response["mediawiki-api-error"] == "mwoauth-invalid-authorization-not-approved"
    with pytest.raises(RefusedError, match='Contact the author of "Tool"') as caught:
        mediawiki.check(response, content)
    assert caught.value.reason == "consumer"
    with pytest.raises(HandshakeError, match="Contact the author"):
        mediawiki.identify(wiki.index_uri, (consumer.key, consumer.secret), (token.key, token.secret), user_agent=AGENT)


def test_an_owner_only_consumer_asks_nobody(wiki, alice):
    own, others = wiki.owner_only("Alice"), wiki.owner_only("Bob")
    uri = f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={'0' * 32}&oauth_consumer_key="
    assert "is an owner-only Connected App" in alice.submit(alice.get(uri + own.client_key), "accept").text
    assert "is not approved as a Connected App" in alice.get(uri + others.client_key).text


def test_names_are_shown_as_text(wiki, begin, alice):
    consumer = wiki.register('<script>alert("x")</script>', callback=CALLBACK, is_approved=False)
    for page in (alice.get(begin(consumer=consumer)[0]), alice.get(begin()[0])):
        assert "<script" not in page.html
    linked = wiki.register(
        '<a class="external" href="https://evil.example">x</a>', callback=CALLBACK, is_approved=False
    )
    assert 'evil.example"' not in alice.get(begin(consumer=linked)[0]).html
    wiki.store.save(Title(0, "Page"), "<script>x</script>", wiki.store.user("Alice"))
    assert "<script" not in alice.get(f"{wiki.index_uri}?title=Page").html
    assert "<script" not in alice.get(f"{wiki.index_uri}?{urlencode({'title': 'Special:OAuth/<script>'})}").html


# -- taking it back


def test_a_user_sees_and_revokes_what_was_granted(wiki, begin, alice):
    uri, _, complete = begin()
    access = complete(alice.submit(alice.get(uri), "accept").location)
    wiki.owner_only("Bob")
    granted = alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants")
    assert "A <tool> High-volume editing; " in granted.text.replace("tool>High", "tool> High")
    assert "revoke access of A <tool>" in granted.text
    assert "Bob" not in granted.text
    link = re.search(r'href="([^"]+/revoke/\d+)"', granted.html)[1]
    page = alice.get(link)
    assert page.buttons == {"renounce": "Deauthorize"}
    alice.submit(page, "renounce", wpEditToken="forged")
    # Another button than this page's, or none.
    assert 'Invalid value provided for "action" field' in alice.submit(page).text
    alice.submit(page, update="Update grants")
    assert access.key in wiki.store.access_tokens
    assert "The application's access to your account has been revoked." in alice.submit(page, "renounce").text
    assert access.key not in wiki.store.access_tokens
    assert "No access token exists with the given key." in alice.submit(page, "renounce").text
    assert "No access token exists with the given key." in alice.get(link).text
    assert "no applications connected" in alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants").text


def test_nobody_revokes_for_another(wiki, alice):
    wiki.owner_only("Bob")
    number = next(iter(wiki.store.access_tokens.values())).id
    page = alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants/revoke/{number}")
    assert "No access token exists with the given key." in page.text
    own = alice.get(f"{wiki.index_uri}?title=Special:UserLogout").fields["wpEditToken"]
    alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants/revoke/{number}", {"wpEditToken": own, "renounce": "x"})
    assert len(wiki.store.access_tokens) == 1
    where, query = location_of(Browser().get(f"{wiki.index_uri}/Special:OAuthManageMyGrants"))
    assert (where, query["returnto"]) == (wiki.index_uri, ["Special:OAuthManageMyGrants"])


def test_a_revoked_token_is_refused_everywhere(wiki, consumer, begin, alice):
    uri, _, complete = begin()
    access = complete(alice.submit(alice.get(uri), "accept").location)
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, *access))
    wiki.revoke(access.key)
    with pytest.raises(KeyError):
        wiki.revoke(access.key)
    for uri in (f"{wiki.api_uri}?action=query&format=json", f"{wiki.rest_uri}/v1/page/Main_Page"):
        with pytest.raises(RefusedError):
            mediawiki.check(*http.request(uri))
    # Revoked between the yes and the token.
    uri, token, complete = begin()
    callback = alice.submit(alice.get(uri), "accept").location
    wiki.revoke(wiki.store.request_tokens[token.key].access.key)
    with pytest.raises(HandshakeError, match="No approved grant"):
        complete(callback)


@pytest.mark.parametrize("subpage", ["update/1", "revoke", "revoke/abc", "revoke/999"])
def test_there_is_nothing_else_to_manage(wiki, alice, subpage):
    page = alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants/{subpage}")
    assert "No access token exists with the given key." in page.text


# -- what a grant is good for


def test_a_token_for_the_identity_alone_reads_nothing(wiki):
    owner = wiki.owner_only("Alice", grants=["mwoauth-authonlyprivate"])
    wiki.account("Alice", email="alice@example.org", real_name="Alice Liddell")
    http = OAuth1Http(timeout=10, oauth=OAuth1(*owner))
    assert b'"readapidenied"' in http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")[1]
    assert b'"csrftoken"' in http.request(f"{wiki.api_uri}?action=query&meta=tokens&format=json")[1]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert b'"missingparam"' in http.request(f"{wiki.api_uri}?action=edit&format=json", "POST", "title=X", form)[1]
    assert http.request(f"{wiki.rest_uri}/v1/page/Main_Page")[0].status == 403
    stated = mediawiki.identify(wiki.index_uri, owner[:2], owner[2:], user_agent=AGENT)
    assert (stated["username"], stated["email"], stated["realname"]) == ("Alice", "alice@example.org", "Alice Liddell")
    assert stated["confirmed_email"] is True
    # MediaWiki states all that the user may, whatever was granted.
    assert "edit" in stated["rights"]
    other = wiki.owner_only("Alice", grants=["basic"])
    assert "email" not in mediawiki.identify(wiki.index_uri, other[:2], other[2:], user_agent=AGENT)


def test_a_blocked_account_may_say_who_it_is_and_not_edit(wiki):
    owner = wiki.owner_only("Bob")
    wiki.account("Bob", is_blocked=True)
    assert mediawiki.identify(wiki.index_uri, owner[:2], owner[2:], user_agent=AGENT)["blocked"] is True
    http = OAuth1Http(timeout=10, oauth=OAuth1(*owner))
    token = http.request(f"{wiki.api_uri}?action=query&meta=tokens&format=json")[1]
    edit = {"action": "edit", "title": "X", "text": "y", "token": re.search(rb'"csrftoken":"(\w+)', token)[1] + b"+\\"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    rest = http.request(f"{wiki.rest_uri}/v1/page", "POST", b'{"source":"x","title":"Y","comment":""}')
    assert (rest[0].status, b'"actionModuleErrorCode":"blocked"' in rest[1]) == (400, True)
    assert b'"code":"blocked"' in http.request(wiki.api_uri + "?format=json", "POST", urlencode(edit), form)[1]


def test_the_identity_is_for_one_request_of_one_consumer(wiki):
    """The statement holds for the embedded wiki as for a real one: another consumer's secret does not open it."""
    one, other = wiki.owner_only("Alice"), wiki.owner_only("Alice")
    with pytest.raises((HandshakeError, IdentityError)):
        mediawiki.identify(wiki.index_uri, other[:2], one[2:], user_agent=AGENT)


# -- how pages are made


class _Checked(HTMLParser):
    """Collects what makes a page unfit for some of its readers."""

    def __init__(self):
        super().__init__()
        self.labels, self.inputs, self.ids, self.tags, self.metas = set(), [], [], [], {}
        self.lang = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        if tag == "label":
            self.labels.add(given.get("for"))
        elif tag == "input" and given.get("type") != "hidden":
            self.inputs.append(given.get("id"))
        elif tag == "html":
            self.lang = given.get("lang")
        elif tag == "meta":
            self.metas[given.get("name", "charset")] = given.get("content", given.get("charset"))


def test_every_page_is_accessible_and_fit_for_a_phone(wiki, begin, alice):
    wiki.owner_only("Alice")
    uri, _, _ = begin()
    granted = alice.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants")
    pages = [
        Browser().get(f"{wiki.index_uri}?title=Special:UserLogin"), alice.get(uri), granted,
        alice.get(re.search(r'href="([^"]+/revoke/\d+)"', granted.html)[1]), alice.submit(alice.get(uri), "cancel"),
        alice.get(f"{wiki.index_uri}?title=Special:OAuth/verified&oauth_verifier=a&oauth_token=b"),
        alice.get(f"{wiki.index_uri}?title=Special:UserLogout"), alice.get(f"{wiki.index_uri}?title=Special:OAuth"),
        alice.get(f"{wiki.index_uri}?title=Special:OAuth/nosuch"), alice.get(f"{wiki.index_uri}?title=Special:Nosuch"),
        alice.get(f"{wiki.index_uri}?title=Main_Page"), alice.get(f"{wiki.index_uri}?title=Nowhere"),
    ]  # fmt: skip
    for page in pages:
        checked = _Checked()
        checked.feed(page.html)
        assert checked.lang == "en"
        assert "width=device-width" in checked.metas["viewport"]
        assert checked.metas["charset"] == "UTF-8"
        assert set(checked.inputs) <= checked.labels
        assert len(checked.ids) == len(set(checked.ids))
        assert checked.tags.count("h1") == checked.tags.count("main") == checked.tags.count("title") == 1
        assert page.headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "Cookie" in page.headers["Vary"]
        assert f'<link rel="EditURI" type="application/rsd+xml" href="{wiki.api_uri}?action=rsd">' in page.html
    assert [page.status for page in pages[-5:]] == [200, 200, 404, 200, 404]


def test_the_sessions_cookie_is_for_the_wiki_alone(wiki):
    page = Browser().get(f"{wiki.index_uri}?title=Special:UserLogin")
    assert re.fullmatch(r"testwiki_session=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=Lax", page.headers["Set-Cookie"])
    assert "no-store" in page.headers["Cache-Control"]


def test_the_roots_of_the_wiki_lead_to_its_main_page(wiki):
    for uri in (wiki.server + "/", wiki.index_uri, f"{wiki.index_uri}?title="):
        page = Browser().get(uri)
        assert (page.status, page.location) == (301, f"{wiki.index_uri}/Main_Page")
    assert "MediaWiki has been installed" in Browser().follow(page).text


def test_an_empty_page_is_there(wiki):
    wiki.store.save(Title(0, "Empty"), "", wiki.store.user("Alice"))
    assert Browser().get(f"{wiki.index_uri}/Empty").status == 200
    page = Browser().get(f"{wiki.index_uri}/Not_there")
    assert (page.status, "There is currently no text in this page." in page.text) == (404, True)


def test_no_sniffing_of_types(wiki):
    for uri in (wiki.index_uri, f"{wiki.api_uri}?format=json", f"{wiki.rest_uri}/v1/page/X"):
        assert Browser().get(uri).headers["X-Content-Type-Options"] == "nosniff"


def test_a_wiki_that_runs_for_long_forgets_what_is_over(wiki, consumer):
    for _ in range(3):
        mediawiki.initiate(wiki.index_uri, (consumer.key, consumer.secret), "oob", AGENT)
    real = wiki.clock
    wiki.clock = lambda: real() + 1300
    for _ in range(2):
        tool = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, callback_uri="oob"))
        tool.request(f"{wiki.index_uri}?title=Special:OAuth/initiate", "POST")
    assert len(wiki.store.request_tokens) == 2


def test_browsers_without_number_are_not_all_remembered(wiki):
    first = wiki.store.sessions.begin(None)
    for _ in range(10_000):
        last = wiki.store.sessions.begin(None)
    assert not wiki.store.sessions.exists(first)
    assert wiki.store.sessions.exists(last)


def test_the_format_of_an_answer_may_be_asked_for_in_the_form(wiki, consumer):
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, callback_uri="oob"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.request(f"{wiki.index_uri}?title=Special:OAuth/initiate", "POST", "format=json", form)[1]
    assert set(json.loads(answer)) == {"key", "secret", "oauth_callback_confirmed"}


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/api.php", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&" * 200_000),
        ("GET", "/api.php?format=json", {"Authorization": "OAuth " + "oauth_" * 8000}, None),
        ("POST", "/index.php?title=Special:OAuth/initiate", {"Authorization": 'OAuth oauth_version="'
         + "%3Ca%20" * 8000 + '"'}, None),
    ],
)  # fmt: skip
def test_long_requests_take_no_longer_than_their_length(wiki, method, path, headers, body):
    """Once these took minutes, in the process of whoever tests."""
    headers = {"Authorization": 'OAuth oauth_consumer_key="x"', **headers}
    http = OAuth1Http(timeout=15)
    assert http.request(wiki.server + path, method, body, headers)[0].status in (200, 400)


@pytest.mark.timeout(20)
def test_many_titles_are_refused_as_mediawiki_refuses_them(wiki):
    http = OAuth1Http(timeout=15)
    answer = http.request(f"{wiki.api_uri}?action=query&format=json&titles={'%7C'.join(map(str, range(51)))}")[1]
    assert b'"toomanyvalues"' in answer
    assert b'"limit":50,"lowlimit":50,"highlimit":500' in answer
    body = "action=query&format=json&titles=" + "|".join(map(str, range(10_000)))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert b'"toomanyvalues"' in http.request(wiki.api_uri, "POST", body, form)[1]


def test_a_list_of_pages_is_continued(wiki):
    for number in range(12):
        wiki.store.save(Title(0, f"Page {number:02}"), "x", wiki.store.user("Alice"))
    http, parameters, titles = OAuth1Http(timeout=10), {}, []
    while True:
        query = {"action": "query", "list": "allpages", "aplimit": "5", "format": "json", **parameters}
        answer = json.loads(http.request(f"{wiki.api_uri}?{urlencode(query)}")[1])
        assert "warnings" not in answer
        titles += [page["title"] for page in answer["query"]["allpages"]]
        if "continue" not in answer:
            break
        parameters = answer["continue"]
    assert titles == ["Main Page", *(f"Page {number:02}" for number in range(12))]


@pytest.mark.parametrize("timestamp", ["{}.5", "+{}", " {}", "{}."])
def test_timestamps_are_numbers_as_php_reads_them(wiki, timestamp):
    """Seen on a real wiki: who sends time.time() as it is, is not refused there."""
    http = OAuth1Http(timeout=10)
    for oauth in (OAuth1(*wiki.owner_only("Alice")),):
        uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json"
        signed = oauth.sign(uri, timestamp=timestamp.format(int(time.time())))
        assert b'"name":"Alice"' in http.request(signed.uri, headers=signed.headers)[1]
        signed = oauth.sign(uri, timestamp="soon")
        assert b"Expired timestamp" in http.request(signed.uri, headers=signed.headers)[1]


def test_an_unknown_grant_is_refused(wiki):
    with pytest.raises(ValueError, match="no such grant: nonsense"):
        wiki.register(grants=["basic", "nonsense"])


def test_it_starts_again_where_connections_were(wiki):
    connection = http.client.HTTPConnection(wiki.server.partition("//")[2], timeout=10)
    connection.request("GET", "/index.php")
    connection.getresponse().read()
    for _ in range(3):
        wiki.stop()
        wiki.start()
    connection.close()


def test_a_title_with_a_slash_and_one_with_underscores_are_found(wiki):
    wiki.store.save(Title(2, "Alice/A b"), "the text", wiki.store.user("Alice"))
    for uri in (f"{wiki.index_uri}/User:Alice/A_b", f"{wiki.index_uri}?title=User:Alice/A_b"):
        assert "the text" in Browser().get(uri).text
