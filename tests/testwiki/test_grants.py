"""Grants: the page where a user revokes them, and the rights that they give."""

import json
import re
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib import HandshakeError, IdentityError, OAuth1, OAuth1Http, RefusedError, mediawiki

from ..browser import Browser
from .api_client import Client, code_of
from .applications import AGENT, location_of


def test_a_user_sees_and_revokes_what_was_granted(wiki, begin, alice_browser):
    uri, _, complete = begin()
    access = complete(alice_browser.submit(alice_browser.get(uri), "accept").location)
    wiki.owner_only("Bob")
    granted = alice_browser.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants")
    assert "A <tool> High-volume editing; " in granted.text.replace("tool>High", "tool> High")
    assert "revoke access of A <tool>" in granted.text
    assert "Bob" not in granted.text
    link = re.search(r'href="([^"]+/revoke/\d+)"', granted.html)[1]
    page = alice_browser.get(link)
    assert page.buttons == {"renounce": "Deauthorize"}
    alice_browser.submit(page, "renounce", wpEditToken="forged")
    # A form with another button, or without a button, changes nothing.
    assert 'Invalid value provided for "action" field' in alice_browser.submit(page).text
    alice_browser.submit(page, update="Update grants")
    assert access.key in wiki.store.access_tokens
    assert "The application's access to your account has been revoked." in alice_browser.submit(page, "renounce").text
    assert access.key not in wiki.store.access_tokens
    assert "No access token exists with the given key." in alice_browser.submit(page, "renounce").text
    assert "No access token exists with the given key." in alice_browser.get(link).text
    assert "no applications connected" in alice_browser.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants").text


def test_a_user_cannot_revoke_another_users_grant(wiki, alice_browser):
    wiki.owner_only("Bob")
    number = next(iter(wiki.store.access_tokens.values())).id
    page = alice_browser.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants/revoke/{number}")
    assert "No access token exists with the given key." in page.text
    own = alice_browser.get(f"{wiki.index_uri}?title=Special:UserLogout").fields["wpEditToken"]
    alice_browser.get(
        f"{wiki.index_uri}/Special:OAuthManageMyGrants/revoke/{number}", {"wpEditToken": own, "renounce": "x"}
    )
    assert len(wiki.store.access_tokens) == 1
    where, query = location_of(Browser().get(f"{wiki.index_uri}/Special:OAuthManageMyGrants"))
    assert (where, query["returnto"]) == (wiki.index_uri, ["Special:OAuthManageMyGrants"])


def test_a_revoked_token_is_refused_everywhere(wiki, consumer, begin, alice_browser):
    uri, _, complete = begin()
    access = complete(alice_browser.submit(alice_browser.get(uri), "accept").location)
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, *access))
    wiki.revoke(access.key)
    with pytest.raises(KeyError):
        wiki.revoke(access.key)
    for uri in (f"{wiki.api_uri}?action=query&format=json", f"{wiki.rest_uri}/v1/page/Main_Page"):
        with pytest.raises(RefusedError):
            mediawiki.check(*http.request(uri))
    # Here the user revokes after allowing and before the access token is requested.
    uri, token, complete = begin()
    callback = alice_browser.submit(alice_browser.get(uri), "accept").location
    wiki.revoke(wiki.store.request_tokens[token.key].access.key)
    with pytest.raises(HandshakeError, match="No approved grant"):
        complete(callback)


@pytest.mark.parametrize("subpage", ["update/1", "revoke", "revoke/abc", "revoke/999"])
def test_other_subpages_of_the_grants_page_find_no_token(wiki, alice_browser, subpage):
    page = alice_browser.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants/{subpage}")
    assert "No access token exists with the given key." in page.text


def test_a_token_for_authentication_only_cannot_read(wiki):
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
    # MediaWiki lists all rights of the user, also those that weren't granted.
    assert "edit" in stated["rights"]
    other = wiki.owner_only("Alice", grants=["basic"])
    assert "email" not in mediawiki.identify(wiki.index_uri, other[:2], other[2:], user_agent=AGENT)


def test_a_blocked_account_can_identify_but_not_edit(wiki):
    owner = wiki.owner_only("Bob")
    wiki.account("Bob", is_blocked=True)
    assert mediawiki.identify(wiki.index_uri, owner[:2], owner[2:], user_agent=AGENT)["blocked"] is True
    http = OAuth1Http(timeout=10, oauth=OAuth1(*owner))
    token = http.request(f"{wiki.api_uri}?action=query&meta=tokens&format=json")[1]
    edit = {"action": "edit", "title": "X", "text": "y", "token": re.search(rb'"csrftoken":"(\w+)', token)[1] + b"+\\"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    json_type = {"Content-Type": "application/json"}
    rest = http.request(f"{wiki.rest_uri}/v1/page", "POST", b'{"source":"x","title":"Y","comment":""}', json_type)
    assert (rest[0].status, b'"actionModuleErrorCode":"blocked"' in rest[1]) == (400, True)
    assert b'"code":"blocked"' in http.request(wiki.api_uri + "?format=json", "POST", urlencode(edit), form)[1]


def test_another_consumer_cannot_read_the_identity(wiki):
    """As on a real wiki, an access token works only with the consumer that it was granted to."""
    one, other = wiki.owner_only("Alice"), wiki.owner_only("Alice")
    with pytest.raises((HandshakeError, IdentityError)):
        mediawiki.identify(wiki.index_uri, other[:2], one[2:], user_agent=AGENT)


def test_an_unknown_grant_is_refused(wiki):
    with pytest.raises(ValueError, match="no such grant: nonsense"):
        wiki.register(grants=["basic", "nonsense"])


def test_grants_limit_rights(wiki):
    reader = Client(wiki, OAuth1(*wiki.owner_only("Bob", grants=["basic"])))
    assert "edit" not in reader.query(meta="userinfo", uiprop="rights")["userinfo"]["rights"]
    assert code_of(reader.edit(text="x")) == "permissiondenied"
    page = json.dumps({"title": "X", "source": "x", "comment": "c"})
    response, content = reader.http.request(
        f"{wiki.rest_uri}/v1/page", "POST", page, {"Content-Type": "application/json"}
    )
    assert (response.status, json.loads(content)["actionModuleErrorCode"]) == (400, "permissiondenied")
