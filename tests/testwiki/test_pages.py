"""The markup, headers and addresses of the embedded wiki's pages."""

import re
from html.parser import HTMLParser

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.testwiki import TestWiki
from httplib2_oauthlib.testwiki.store import Title

from ..browser import Browser


class _Checked(HTMLParser):
    """Collects the labels, inputs, ids and tags that decide whether a page is accessible."""

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


def test_every_page_is_accessible_and_fits_a_phone(wiki, begin, alice_browser):
    wiki.owner_only("Alice")
    uri, _, _ = begin()
    granted = alice_browser.get(f"{wiki.index_uri}/Special:OAuthManageMyGrants")
    pages = [
        Browser().get(f"{wiki.index_uri}?title=Special:UserLogin"), alice_browser.get(uri), granted,
        alice_browser.get(re.search(r'href="([^"]+/revoke/\d+)"', granted.html)[1]),
        alice_browser.submit(alice_browser.get(uri), "cancel"),
        alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth/verified&oauth_verifier=a&oauth_token=b"),
        alice_browser.get(f"{wiki.index_uri}?title=Special:UserLogout"),
        alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth"),
        alice_browser.get(f"{wiki.index_uri}?title=Special:OAuth/nosuch"),
        alice_browser.get(f"{wiki.index_uri}?title=Special:Nosuch"),
        alice_browser.get(f"{wiki.index_uri}?title=Main_Page"),
        alice_browser.get(f"{wiki.index_uri}?title=Nowhere"),
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


def test_the_wikis_root_paths_redirect_to_the_main_page(wiki):
    for uri in (wiki.server + "/", wiki.index_uri, f"{wiki.index_uri}?title="):
        page = Browser().get(uri)
        assert (page.status, page.location) == (301, f"{wiki.index_uri}/Main_Page")
    assert "MediaWiki has been installed" in Browser().follow(page).text


def test_an_empty_page_exists_and_a_missing_one_is_404(wiki):
    wiki.store.save(Title(0, "Empty"), "", wiki.store.user("Alice"))
    assert Browser().get(f"{wiki.index_uri}/Empty").status == 200
    page = Browser().get(f"{wiki.index_uri}/Not_there")
    assert (page.status, "There is currently no text in this page." in page.text) == (404, True)


def test_every_entry_point_forbids_content_type_sniffing(wiki):
    for uri in (wiki.index_uri, f"{wiki.api_uri}?format=json", f"{wiki.rest_uri}/v1/page/X"):
        assert Browser().get(uri).headers["X-Content-Type-Options"] == "nosniff"


def test_a_title_with_a_slash_and_one_with_underscores_are_found(wiki):
    wiki.store.save(Title(2, "Alice/A b"), "the text", wiki.store.user("Alice"))
    for uri in (f"{wiki.index_uri}/User:Alice/A_b", f"{wiki.index_uri}?title=User:Alice/A_b"):
        assert "the text" in Browser().get(uri).text


@pytest.mark.parametrize("target", ["?title=Main_Page", "?title=Main_Page&action=raw", "/Main_Page", "/Special:Export"])
def test_a_signed_request_for_a_page_is_refused(wiki, alice, target):
    response, content = OAuth1Http(timeout=10, oauth=alice).request(wiki.index_uri + target)
    assert (response.status, response["cache-control"][:18]) == (400, "no-cache, no-store")
    assert b"<title>Error - TestWiki</title>" in content
    assert b"<p>OAuth can only be used with the API\n</p>" in content


def test_version_1_39_ignores_the_signature_of_a_request_for_a_page():
    with TestWiki(version="1.39") as wiki:
        http = OAuth1Http(timeout=10, oauth=OAuth1("not", "valid", "at", "all"))
        assert http.request(f"{wiki.index_uri}?title=Main_Page")[0].status == 200
