"""The page on which a user allows an application or cancels.

Text, forms and responses are those of a real MediaWiki 1.39 with Extension:OAuth, recorded when each was tried there.
"""

import dataclasses
import re
import time
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib import HandshakeError, OAuth1, OAuth1Http, RefusedError, mediawiki
from httplib2_oauthlib.testwiki import OAuthRefusal
from httplib2_oauthlib.testwiki.store import Title

from ..browser import Browser
from .applications import AGENT, CALLBACK, location_of


def test_the_page_shows_the_application_and_the_rights_it_requests(wiki, consumer, begin, alice_browser):
    page = alice_browser.get(begin()[0])
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
def test_the_requested_grants_are_those_of_the_registration(wiki, begin, alice_browser, grants, words):
    page = alice_browser.get(begin(consumer=wiki.register("Tool", callback=CALLBACK, grants=grants))[0])
    assert words in page.text


def test_cancel_stays_on_the_wiki_and_grants_nothing(wiki, begin, alice_browser):
    uri, _, complete = begin()
    page = alice_browser.submit(alice_browser.get(uri), "cancel")
    assert page.status == 200
    assert 'You have chosen not to allow "A <tool>" to access your account.' in page.text
    assert wiki.store.access_tokens == {}
    with pytest.raises(HandshakeError, match="No token was found matching your request"):
        complete("f" * 32)
    # The user can still allow the request afterwards.
    assert alice_browser.submit(alice_browser.get(uri), "accept").status == 302


@pytest.mark.parametrize("change", [{"wpEditToken": "forged"}, {"wpEditToken": None}])
def test_a_forged_form_is_shown_again_and_grants_nothing(wiki, begin, alice_browser, change):
    page = alice_browser.get(begin()[0])
    again = alice_browser.submit(page, "accept", **change)
    assert (again.status, again.buttons) == (200, page.buttons)
    assert wiki.store.access_tokens == {}


def test_another_users_form_grants_nothing(wiki, begin, alice_browser):
    wiki.account("Bob")
    bob = Browser()
    bob.log_in(bob.get(f"{wiki.index_uri}?title=Special:UserLogin"), "Bob")
    assert "Hi Bob," in bob.submit(alice_browser.get(begin()[0]), "accept").text
    assert wiki.store.access_tokens == {}


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("0" * 32, "OAuth token not found, E004"),
        ("xyz", 'Invalid value provided for "requestToken" field'),
        ("", 'Missing value for "requestToken" field'),
    ],
)
def test_an_invalid_request_token_is_reported_on_allow(begin, alice_browser, token, words):
    page = alice_browser.submit(alice_browser.get(begin()[0]), "accept", requestToken=token)
    assert (page.status, list(page.buttons)) == (200, ["accept", "cancel"])
    assert words in page.text


def test_another_consumers_request_token_is_refused(wiki, begin, alice_browser):
    other = wiki.register("Other", callback=CALLBACK)
    page = alice_browser.submit(alice_browser.get(begin()[0]), "accept", consumerKey=other.key)
    assert "E004" in page.text
    assert wiki.store.access_tokens == {}


def test_an_expired_request_is_refused(wiki, begin, alice_browser):
    page = alice_browser.get(begin()[0])
    wiki.clock = lambda: time.time() + 601
    assert "E004" in alice_browser.submit(page, "accept").text


def test_a_completed_request_is_refused(begin, alice_browser):
    uri, _, complete = begin()
    complete(alice_browser.submit(alice_browser.get(uri), "accept").location)
    page = alice_browser.submit(alice_browser.get(uri), "accept")
    assert "This request has already been completed and cannot be resubmitted." in page.text
    assert "OAuth token already used, E009" in page.text
    assert 'href="https://www.mediawiki.org/wiki/Help:OAuth/Errors#E009"' in page.html


def test_allowing_a_request_twice_invalidates_it(wiki, begin, alice_browser):
    uri, token, complete = begin()
    page = alice_browser.get(uri)
    first = alice_browser.submit(page, "accept").location
    assert "OAuth callback URL not found in cache." in alice_browser.submit(page, "accept").text
    with pytest.raises(HandshakeError, match="verification code"):
        complete(first)
    with pytest.raises(OAuthRefusal):
        wiki.authorize(token.key, "Alice")


def test_allowing_again_keeps_the_token_and_after_revoking_makes_a_new_one(wiki, begin, alice_browser):
    tokens = []
    for number in range(3):
        uri, _, complete = begin()
        page = alice_browser.get(uri)
        assert page.fields["wpconfirmUpdate"] == str(int(number == 1))
        tokens.append(complete(alice_browser.submit(page, "accept").location))
        if number == 1:
            wiki.revoke(tokens[0].key)
    assert tokens[0] == tokens[1]
    assert tokens[1].key != tokens[2].key
    assert tokens[1].secret != tokens[2].secret


@pytest.mark.parametrize("grants", [["mwoauth-authonly"], ["mwoauth-authonlyprivate"]])
def test_authentication_only_grants_are_requested_once(wiki, begin, alice_browser, grants):
    consumer = wiki.register("Tool", callback=CALLBACK, grants=grants)

    def ask(page):
        uri, _, complete = begin(page, consumer=consumer)
        return alice_browser.get(uri), complete

    first, complete = ask("authenticate")
    complete(alice_browser.submit(first, "accept").location)
    again, complete = ask("authenticate")
    assert location_of(again)[0] == CALLBACK
    complete(again.location)
    assert ask("authorize")[0].status == 200
    # If the user reloads the page, the wiki shows an error page.
    uri, _, _ = begin("authenticate", consumer=consumer)
    alice_browser.get(uri)
    page = alice_browser.get(uri)
    assert "Application Connection Error" in page.text
    assert "OAuth callback URL not found in cache." in page.text


def test_a_user_is_asked_again_when_the_grants_grow(wiki, begin, alice_browser):
    consumer = wiki.register("Tool", callback=CALLBACK, grants=["mwoauth-authonly"])
    uri, _, complete = begin("authenticate", consumer=consumer)
    complete(alice_browser.submit(alice_browser.get(uri), "accept").location)
    wiki.store.consumers[consumer.key] = dataclasses.replace(consumer, grants=("mwoauth-authonlyprivate",))
    assert alice_browser.get(begin("authenticate", consumer=consumer)[0]).status == 200


def test_allowing_extends_the_request_by_ten_minutes(wiki, begin, alice_browser):
    uri, _, complete = begin()
    real = wiki.clock
    wiki.clock = lambda: real() + 500
    callback = alice_browser.submit(alice_browser.get(uri), "accept").location
    wiki.clock = lambda: real() + 1000
    assert complete(callback).key in wiki.store.access_tokens


def test_grants_with_rights_are_requested_each_time(begin, alice_browser):
    uri, _, complete = begin("authenticate")
    complete(alice_browser.submit(alice_browser.get(uri), "accept").location)
    assert alice_browser.get(begin("authenticate")[0]).status == 200


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
def test_the_browser_is_redirected_to_the_callback_with_verifier_and_token(
    wiki, begin, alice_browser, registration, callback, sent_to
):
    uri, token, _ = begin(callback=callback, consumer=wiki.register("Tool", **registration))
    location = alice_browser.submit(alice_browser.get(uri), "accept").location
    verifier = re.search("oauth_verifier=([0-9a-f]{32})&", location)[1]
    assert location == sent_to.replace("V", verifier).replace("=T", f"={token.key}")


def test_a_fixed_callback_requires_oob(wiki):
    consumer = wiki.register("Tool", callback=CALLBACK, callback_is_prefix=False)
    with pytest.raises(HandshakeError, match=r'must be set to "oob" \(case-sensitive\)\.') as caught:
        mediawiki.initiate(wiki.index_uri, (consumer.key, consumer.secret), CALLBACK, AGENT)
    assert "prefix" not in str(caught.value)


def test_without_a_callback_the_wiki_shows_the_verifier(wiki, begin, alice_browser):
    uri, _, complete = begin(callback="oob", consumer=wiki.register("Tool"))
    page = alice_browser.follow(alice_browser.submit(alice_browser.get(uri), "accept"))
    assert "The application is now allowed to access MediaWiki on your behalf." in page.text
    verifier = re.search(r"provide this verification value to the application: ([0-9a-f]{32})", page.text)[1]
    assert complete(verifier).key in wiki.store.access_tokens
    assert "OAuth missing parameters, E001" in alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth/verified").text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"oauth_consumer_key": "unknown"}, "E006"),
        ({}, "E006"),
        ({"oauth_token": "unknown"}, "E006"),
    ],
)
def test_an_unknown_consumer_gets_an_error_page(wiki, alice_browser, query, code):
    page = alice_browser.get(f"{wiki.index_uri}?{urlencode({'title': 'Special:OAuth/authorize', **query})}")
    assert "Application Connection Error" in page.text
    assert code in page.text


def test_the_consumer_is_found_by_its_request_token(wiki, consumer, begin, alice_browser):
    _, token, _ = begin()
    page = alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={token.key}")
    assert page.fields["consumerKey"] == consumer.key
    # The page's title can also be given in the path.
    by_path = alice_browser.get(f"{wiki.index_uri}/Special:OAuth/authorize?oauth_token={token.key}")
    # The edit token contains the time, so it differs.
    assert {**by_path.fields, "wpEditToken": ""} == {**page.fields, "wpEditToken": ""}
    wiki.clock = lambda: time.time() + 601
    assert "E006" in alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={token.key}").text


def test_an_unapproved_consumer_is_refused_everywhere_except_at_initiate(wiki, alice_browser, begin):
    consumer = wiki.register("Tool", callback=CALLBACK, is_approved=False)
    page = alice_browser.get(begin(consumer=consumer)[0])
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


def test_an_owner_only_consumer_cannot_be_authorized(wiki, alice_browser):
    own, others = wiki.owner_only("Alice"), wiki.owner_only("Bob")
    uri = f"{wiki.index_uri}?title=Special:OAuth/authorize&oauth_token={'0' * 32}&oauth_consumer_key="
    assert (
        "is an owner-only Connected App" in alice_browser.submit(alice_browser.get(uri + own.client_key), "accept").text
    )
    assert "is not approved as a Connected App" in alice_browser.get(uri + others.client_key).text


def test_names_are_escaped_in_every_page(wiki, begin, alice_browser):
    consumer = wiki.register('<script>alert("x")</script>', callback=CALLBACK, is_approved=False)
    for page in (alice_browser.get(begin(consumer=consumer)[0]), alice_browser.get(begin()[0])):
        assert "<script" not in page.html
    linked = wiki.register(
        '<a class="external" href="https://evil.example">x</a>', callback=CALLBACK, is_approved=False
    )
    assert 'evil.example"' not in alice_browser.get(begin(consumer=linked)[0]).html
    wiki.store.save(Title(0, "Page"), "<script>x</script>", wiki.store.user("Alice"))
    assert "<script" not in alice_browser.get(f"{wiki.index_uri}?title=Page").html
    assert "<script" not in alice_browser.get(f"{wiki.index_uri}?{urlencode({'title': 'Special:OAuth/<script>'})}").html
