"""The formats of api.php, its warnings, and the methods it refuses."""

import json
from xml.etree import ElementTree

import pytest

from httplib2_oauthlib import OAuth1Http

from .api_client import code_of


def test_formatversion_1_is_written_as_by_mediawiki(bot):
    bot.edit(text="h\u00e9")
    titles = "user:Alice|Nowhere|Main Page"
    revisions = {"prop": "revisions", "titles": titles, "rvprop": "content|flags", "rvslots": "main"}
    answer = bot.get(action="query", meta="userinfo", formatversion="1", **revisions)
    assert answer["batchcomplete"] == ""
    assert "anon" not in answer["query"]["userinfo"]
    assert answer["query"]["normalized"] == [{"from": "user:Alice", "to": "User:Alice"}]
    pages = answer["query"]["pages"]
    # MediaWiki writes a list here, because the page numbers are -1, 1 and 2.
    assert [page["title"] for page in pages] == ["Nowhere", "Main Page", "User:Alice"]
    assert pages[0]["missing"] == ""
    assert pages[2]["revisions"][0]["slots"]["main"]["*"] == "h\u00e9"
    alone = bot.get(action="query", titles="User:Alice", formatversion="1")["query"]["pages"]
    assert list(alone) == ["2"]
    error = bot.get(action="nonsense", formatversion="1")["error"]
    assert set(error) == {"code", "info", "*"}


def test_xml_has_mediawikis_elements(wiki, bot):
    bot.edit(text="h\u00e9 <b>", summary="s")
    uri = (
        f"{wiki.api_uri}?action=query&format=xml&meta=userinfo&uiprop=groups&prop=revisions&titles=User:Alice"
        "&rvprop=content|ids&rvslots=main"
    )
    root = ElementTree.fromstring(bot.http.request(uri)[1])
    assert root.find("query/userinfo").get("name") == "Alice"
    assert [g.text for g in root.findall("query/userinfo/groups/g")] == ["*", "user", "autoconfirmed"]
    slot = root.find("query/pages/page/revisions/rev/slots/slot")
    assert (slot.get("role"), slot.text) == ("main", "h\u00e9 <b>")


def test_without_a_format_the_response_is_html(wiki):
    response, content = OAuth1Http().request(f"{wiki.api_uri}?action=query&meta=siteinfo")
    assert response["content-type"].startswith("text/html")
    assert b"TestWiki" in content


def test_unknown_parameters_and_values_cause_warnings(bot):
    answer = bot.get(action="query", meta="userinfo|x", uiprop="groups|y|z", foo="1", bar="2")
    assert answer["warnings"]["main"]["warnings"] == "Unrecognized parameters: foo, bar."
    assert answer["warnings"]["userinfo"]["warnings"] == 'Unrecognized values for parameter "uiprop": y, z'
    assert answer["warnings"]["query"]["warnings"] == 'Unrecognized value for parameter "meta": x'
    assert answer["query"]["userinfo"]["groups"]
    assert code_of(bot.get(action="nonsense")) == "badvalue"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_methods_other_than_get_and_post_are_refused(wiki, bot, method):
    response, content = bot.http.request(f"{wiki.api_uri}?format=json", method)
    assert (response.status, json.loads(content)["error"]["code"]) == (405, "invalidmethod")
