"""Reading with api.php's action=query."""

import json
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib import OAuth1Http
from httplib2_oauthlib.testwiki.store import Title


def test_userinfo_describes_the_requesting_user(bot, anonymous):
    assert anonymous.query(meta="userinfo", uiprop="groups|rights|editcount")["userinfo"] == {
        "id": 0,
        "name": "127.0.0.1",
        "anon": True,
        "groups": ["*"],
        "rights": anonymous.query(meta="userinfo", uiprop="rights")["userinfo"]["rights"],
        "editcount": 0,
    }
    bot.edit(text="one")
    info = bot.query(meta="userinfo", uiprop="groups|rights|editcount|registrationdate")["userinfo"]
    assert (info["name"], info["groups"], info["editcount"]) == ("Alice", ["*", "user", "autoconfirmed"], 1)
    assert "edit" in info["rights"]
    assert info["registrationdate"].endswith("Z")


def test_siteinfo_describes_the_wiki(wiki, anonymous):
    answer = anonymous.query(meta="siteinfo", siprop="general|namespaces")
    assert answer["general"]["generator"].startswith("MediaWiki 1.45")
    assert answer["general"]["server"] == wiki.server
    assert answer["namespaces"]["2"]["name"] == "User"
    assert "Authorization" in anonymous.response["vary"]


def test_titles_are_normalized_missing_or_invalid(anonymous):
    answer = anonymous.query(titles="main_Page|user:bob|a[1]|Project:X y ")
    assert [(each["from"], each["to"]) for each in answer["normalized"]] == [
        ("main_Page", "Main Page"),
        ("user:bob", "User:Bob"),
        ("Project:X y ", "TestWiki:X y"),
    ]
    kinds = [("missing" in page, "invalid" in page, page["title"]) for page in answer["pages"]]
    assert kinds == [
        (True, False, "User:Bob"),
        (True, False, "TestWiki:X y"),
        (False, True, "a[1]"),
        (False, False, "Main Page"),
    ]


def test_revisions_have_the_requested_properties(bot):
    bot.edit(text="one", summary="first")
    bot.edit(text="two", summary="second", minor="")
    parameters = {"prop": "revisions", "titles": "User:Alice", "rvlimit": "5"}
    (page,) = bot.query(
        **parameters, rvprop="ids|user|userid|comment|flags|size|sha1|content|tags|timestamp", rvslots="*"
    )["pages"]
    newest, oldest = page["revisions"]
    assert newest["parentid"] == oldest["revid"]
    assert (newest["user"], newest["comment"], newest["minor"], newest["size"]) == ("Alice", "second", True, 3)
    assert (oldest["parentid"], oldest["minor"], oldest["slots"]["main"]["content"]) == (0, False, "one")
    (page,) = bot.query(**{**parameters, "rvlimit": None})["pages"]
    assert set(page["revisions"][0]) == {"revid", "parentid", "minor", "user", "timestamp", "comment"}
    answer = bot.get(action="query", **parameters, rvprop="content")
    assert answer["query"]["pages"][0]["revisions"][0]["content"] == "two"
    assert "legacy" in answer["warnings"]["revisions"]["warnings"]


def test_allpages_lists_the_main_namespace_in_order(bot):
    bot.edit(title="B", text="x")
    bot.edit(title="A", text="x")
    titles = [page["title"] for page in bot.query(list="allpages", apfrom="B")["allpages"]]
    assert titles == ["B", "Main Page"]
    assert len(bot.query(list="allpages", aplimit="1")["allpages"]) == 1


@pytest.mark.timeout(20)
def test_too_many_titles_are_refused_as_by_mediawiki(wiki):
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
