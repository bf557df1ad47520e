"""What Pywikibot asks api.php: page properties, generators, continuation, siteinfo and userinfo."""

import json
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.testwiki.titles import Title

from .. import vectors
from ..cassettes.traffic import multipart
from .api_client import FORM, Client, code_of


@pytest.fixture
def pages(wiki):
    """Seven pages of Alice's."""
    for number in range(7):
        wiki.store.save(Title(2, f"Alice/List {number}"), "x", wiki.store.user("Alice"))
    return [f"User:Alice/List {number}" for number in range(7)]


def recorded(identifier):
    (found,) = [vector for vector in vectors.recorded("1.45") if vector.id == identifier]
    return json.loads(found.answer)


def batches(ask, **parameters):
    """Return the responses to a query until it is complete."""
    responses = [ask(action="query", **parameters)]
    while "continue" in responses[-1]:
        responses.append(ask(action="query", **parameters, **responses[-1]["continue"]))
    assert not any("warnings" in response for response in responses)
    return responses


def titles_in(responses, key):
    return [page["title"] for response in responses for page in response["query"][key]]


def multipart_upload(bot, **fields):
    fields.update(action="upload", format="json", token=bot.query(meta="tokens")["tokens"]["csrftoken"])
    return multipart("b", fields.items(), b"\x89PNG\r\n\x1a\n")


# Continuation


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_list_of_pages_continues_as_recorded(bot, pages, method):
    parameters = {"list": "allpages", "apnamespace": "2", "apprefix": "Alice/List", "aplimit": "2"}
    responses = batches(getattr(bot, method), **parameters, meta="userinfo", uiprop="hasmsg")
    assert titles_in(responses, "allpages") == pages
    assert list(responses[0]) == ["batchcomplete", "continue", "query"]
    assert responses[0]["continue"] == {"apcontinue": "Alice/List_2", "continue": "-||userinfo"}
    # A module that is finished doesn't run again.
    assert ["userinfo" in response["query"] for response in responses] == [True, False, False, False]
    alone = bot.get(action="query", **parameters)
    assert alone["continue"]["continue"] == recorded("continuation-1")["continue"]["continue"]


def test_a_generator_continues_as_recorded_and_runs_the_page_modules_again(bot, pages):
    responses = batches(
        bot.get,
        generator="allpages",
        gapnamespace="2",
        gapprefix="Alice/List",
        gaplimit="3",
        prop="revisions|info",
        rvprop="ids",
    )
    assert titles_in(responses, "pages") == pages
    assert all({"revisions", "lastrevid"} <= set(page) for response in responses for page in response["query"]["pages"])
    ours, theirs = responses[0]["continue"], recorded("continuation-6")["continue"]
    assert (ours["gapcontinue"], ours["continue"]) == ("Alice/List_3", theirs["continue"])


def test_revisions_of_a_page_continue_as_recorded(bot):
    for number in range(5):
        bot.edit(text=str(number))
    parameters = {"prop": "revisions", "titles": "User:Alice", "rvprop": "content", "rvlimit": "2", "rvslots": "main"}
    for ask in (bot.get, bot.post):
        responses = batches(ask, **parameters)
        texts = [
            revision["slots"]["main"]["content"]
            for response in responses
            for revision in response["query"]["pages"][0]["revisions"]
        ]
        assert texts == ["4", "3", "2", "1", "0"]
        assert ["batchcomplete" in response for response in responses] == [False, False, True]
    assert set(responses[0]["continue"]) == set(recorded("continuation-4")["continue"])
    assert responses[0]["continue"]["continue"] == recorded("continuation-4")["continue"]["continue"]
    oldest = bot.query(**{**parameters, "rvlimit": "1"}, rvdir="newer")["pages"][0]["revisions"]
    assert oldest[0]["slots"]["main"]["content"] == "0"


def test_continuation_has_the_recorded_form_in_version_1_and_xml(bot, pages):
    parameters = {"action": "query", "list": "allpages", "apnamespace": "2", "aplimit": "2"}
    answer = bot.get(**parameters, formatversion="1")
    assert (answer["batchcomplete"], answer["continue"]["apcontinue"]) == ("", "Alice/List_2")
    _, content = bot.http.request(f"{bot.wiki.api_uri}?{urlencode({**parameters, 'format': 'xml'})}")
    root = ElementTree.fromstring(content)
    assert root.find("continue").attrib == {"apcontinue": "Alice/List_2", "continue": "-||"}
    assert [page.get("title") for page in root.find("query/allpages")] == pages[:2]


@pytest.mark.parametrize(
    "parameters",
    [
        {"list": "allpages", "continue": "x"},
        {"list": "allpages", "continue": "a||b||c"},
        {"prop": "revisions", "titles": "Main Page", "rvlimit": "1", "rvcontinue": "1"},
    ],
)
def test_a_continuation_that_the_wiki_never_gave_is_refused(bot, parameters):
    assert code_of(bot.get(action="query", **parameters)) == "badcontinue"


# Lists and generators


def test_allpages_has_a_start_a_prefix_and_a_namespace(bot, pages):
    def listed(**parameters):
        return titles_in([bot.get(action="query", list="allpages", apnamespace="2", **parameters)], "allpages")

    assert listed(apfrom="alice/List 5") == pages[5:]
    assert listed(apprefix="alice/List 5") == [pages[5]]
    assert code_of(bot.get(action="query", list="allpages", apnamespace="99")) == "badvalue"


def test_a_limit_out_of_range_is_reduced_with_the_recorded_warning(bot):
    answer = bot.get(action="query", list="allpages", aplimit="9999")
    assert answer["warnings"] == recorded("api_errors_more-10")["warnings"]


def test_templates_are_listed_and_generated(bot):
    bot.edit(text="{{nobots}} {{ Cite web |a={{x}}}} {{User:Bob}} {{:Main Page}} {{#if:a}} {{a[b}}")
    (page,) = bot.query(prop="templates", titles="User:Alice", tllimit="max")["pages"]
    used = ["Main Page", "User:Bob", "Template:Cite web", "Template:Nobots", "Template:X"]
    assert page["templates"] == [{"ns": Title.parse(title).namespace, "title": title} for title in used]
    responses = batches(bot.get, generator="templates", titles="User:Alice", gtlnamespace="10", gtllimit="max")
    assert titles_in(responses, "pages") == used[2:]
    assert "query" not in bot.get(action="query", generator="templates", titles="Main Page")


@pytest.mark.parametrize(
    "parameters",
    [{"generator": "links"}, {"generator": "info"}, {"titles": "A|B", "prop": "revisions", "rvlimit": "5"}],
)
def test_a_query_that_mediawiki_refuses_is_refused(bot, parameters):
    bot.edit(title="A", text="x")
    bot.edit(title="B", text="x")
    assert code_of(bot.get(action="query", **parameters)) in ("badvalue", "invalidparammix")


def test_what_the_wiki_does_not_have_is_a_warning(bot):
    answer = bot.get(
        action="query",
        prop="links|info",
        titles="X",
        inprop="watched",
        meta="siteinfo",
        siprop="magicwords|general",
    )
    assert {module: warning["warnings"] for module, warning in answer["warnings"].items()} == {
        "info": 'Unrecognized value for parameter "inprop": watched',
        "query": 'Unrecognized value for parameter "prop": links',
        "siteinfo": 'Unrecognized value for parameter "siprop": magicwords',
    }


# Properties


def test_info_describes_pages_that_exist_and_pages_that_do_not(bot):
    saved = bot.edit(title="User:Alice/A b", text="h\u00e9")["edit"]
    bot.edit(title="User:Alice/C", text="#redirect [[A]]")
    bot.edit(title="User:Alice/C", text="#redirect [[B]]")
    missing, new, redirect = bot.query(
        prop="info", titles="User:Alice/A b|User:Alice/C|File:X.png", inprop="protection"
    )["pages"]
    assert new == {
        "pageid": saved["pageid"],
        "ns": 2,
        "title": "User:Alice/A b",
        "contentmodel": "wikitext",
        "pagelanguage": "en",
        "pagelanguagehtmlcode": "en",
        "pagelanguagedir": "ltr",
        "touched": saved["newtimestamp"],
        "lastrevid": saved["newrevid"],
        "length": 3,
        "new": True,
        "protection": [],
        "restrictiontypes": ["edit", "move"],
    }
    assert (redirect["redirect"], "new" in redirect) == (True, False)
    assert (missing["missing"], missing["restrictiontypes"]) == (True, ["create", "upload"])
    assert "lastrevid" not in missing


def test_a_file_has_the_recorded_keys_and_its_page_is_created(wiki, bot, anonymous):
    body, headers = multipart_upload(bot, filename="A b.png", comment="one", text="A file")
    assert json.loads(bot.http.request(wiki.api_uri, "POST", body, headers)[1])["upload"]["result"] == "Success"
    properties = "timestamp|user|size|sha1|url|mime"
    file, none, page = sorted(
        anonymous.query(prop="imageinfo", titles="File:A b.png|File:None.png|Main Page", iiprop=properties)["pages"],
        key=lambda entry: entry["title"],
    )
    (theirs,) = recorded("uploads-19")["query"]["pages"]
    assert set(file) == set(theirs)
    assert {name: type(value) for name, value in file["imageinfo"][0].items()} == {
        name: type(value) for name, value in theirs["imageinfo"][0].items()
    }
    assert file["imageinfo"][0]["user"] == "Alice"
    assert (none["imagerepository"], "imageinfo" in none, "imagerepository" in page) == ("", False, False)
    latest = wiki.store.pages[Title(6, "A b.png")].latest
    assert (latest.text, latest.user, latest.comment) == ("A file", "Alice", "one")


def test_a_category_counts_its_members(bot):
    bot.edit(title="A", text="[[Category:X]]")
    bot.edit(title="B", text="[[category:x|key]] [[Category:X]] [[Main Page]]")
    bot.edit(title="Category:Y", text="[[Category:X]]")
    full, empty = bot.query(prop="categoryinfo", titles="Category:X|Category:Y")["pages"]
    assert full["categoryinfo"] == {"size": 3, "pages": 2, "files": 0, "subcats": 1, "hidden": False}
    assert "categoryinfo" not in empty


def test_page_ids_are_indexed_as_str(bot, anonymous):
    answer = bot.query(titles="Main Page|None|Nobody", indexpageids="")
    assert answer["pageids"] == ["-1", "-2", "1"]
    assert "warnings" not in bot.get(action="query", generator="templates", titles="Main Page", indexpageids="")


def test_siteinfo_has_what_a_bot_needs_in_both_versions_and_xml(anonymous):
    parameters = {
        "action": "query",
        "meta": "siteinfo",
        "siprop": "namespaces|namespacealiases|extensions|fileextensions",
    }
    new, old = (anonymous.get(**parameters, formatversion=version)["query"] for version in "21")
    assert new["namespaces"]["2"]["name"] == old["namespaces"]["2"]["*"] == "User"
    assert "name" not in old["namespaces"]["2"]
    assert (new["namespaces"]["0"]["content"], old["namespaces"]["0"]["content"]) == (True, "")
    assert new["namespacealiases"] == [{"id": 6, "alias": "Image"}, {"id": 7, "alias": "Image talk"}]
    assert old["namespacealiases"][0] == {"id": 6, "*": "Image"}
    assert [extension["name"] for extension in new["extensions"]] == ["OAuth"]
    assert {"ext": "png"} in new["fileextensions"]
    _, content = anonymous.http.request(f"{anonymous.wiki.api_uri}?{urlencode({**parameters, 'format': 'xml'})}")
    root = ElementTree.fromstring(content)
    user = root.find("query/namespaces/ns[@_idx='2']")
    assert (user.text, user.get("canonical")) == ("User", "User")


def test_aliases_name_the_same_page(anonymous):
    (entry,) = anonymous.query(titles="Image:x.png")["normalized"]
    assert entry["to"] == "File:X.png"


# The caller

USER = "groups|rights|blockinfo|hasmsg|editcount|registrationdate|realname|email"
# The embedded wiki doesn't have these.
LEFT_OUT = ("unreadcount", "groupmemberships", "implicitgroups", "centralids", "attachedlocal", "latestcontrib")


@pytest.mark.parametrize(
    ("identifier", "settings", "grants"),
    [
        ("userinfo_tokens-0", {"real_name": "Real Alice"}, ("basic", "editpage", "createeditmovepage")),
        (
            "userinfo_tokens-3",
            {"email": "alice@example.org"},
            ("basic", "editpage", "createeditmovepage", "privateinfo"),
        ),
        ("userinfo_tokens-6", {"is_blocked": True}, ("basic",)),
    ],
)
def test_userinfo_has_the_recorded_keys(wiki, identifier, settings, grants):
    wiki.account("Alice", **settings)
    client = Client(wiki, OAuth1(*wiki.owner_only("Alice", grants=grants)))
    if "createeditmovepage" in grants:
        client.edit(text="x")
    ours = client.query(meta="userinfo", uiprop=USER)["userinfo"]
    theirs = {n: v for n, v in recorded(identifier)["query"]["userinfo"].items() if n not in LEFT_OUT}
    assert {name: type(value) for name, value in ours.items()} == {name: type(value) for name, value in theirs.items()}
    assert ours.get("blockedby") == theirs.get("blockedby")


def test_userinfo_of_a_caller_who_is_not_logged_in_has_the_recorded_values(anonymous):
    ours = anonymous.query(meta="userinfo", uiprop=USER + "|ratelimits")["userinfo"]
    theirs = {n: v for n, v in recorded("userinfo_tokens-7")["query"]["userinfo"].items() if n not in LEFT_OUT}
    del theirs["rights"], ours["rights"]
    assert ours == {**theirs, "ratelimits": {}}


# Unicode


def test_text_titles_and_summaries_are_normalized_with_mediawikis_warning(wiki, bot):
    answer = bot.edit(title="User:Cafe\u0301", text="e\u0301", summary="u\u0308")
    assert [line.split(" contains")[0] for line in answer["warnings"]["main"]["warnings"].splitlines()] == [
        f'The value passed for "{name}"' for name in ("title", "text", "summary")
    ]
    page = wiki.store.pages[Title(2, "Caf\u00e9")]
    assert (page.latest.text, page.latest.comment) == ("\u00e9", "\u00fc")
    assert bot.query(titles="User:Cafe\u0301")["pages"][0]["title"] == "User:Caf\u00e9"


def test_rest_php_normalizes_titles_and_text(wiki, bot):
    body = json.dumps({"title": "User:Cafe\u0301", "source": "e\u0301", "comment": "x"})
    response, _ = bot.http.request(f"{wiki.rest_uri}/v1/page", "POST", body, {"Content-Type": "application/json"})
    assert response.status == 201
    assert wiki.store.pages[Title(2, "Caf\u00e9")].latest.text == "\u00e9"


# Logging in


LOGIN = {"action": "login", "lgname": "Alice", "lgpassword": "x"}


def test_a_login_under_oauth_is_aborted_as_recorded(bot):
    assert bot.post(**LOGIN, lgtoken="x") == recorded("api_errors_more-1")


def test_a_login_without_a_bot_password_is_aborted(anonymous):
    token = anonymous.query(meta="tokens", type="login")["tokens"]["logintoken"]
    answer = anonymous.post(**LOGIN, lgtoken=token)["login"]
    assert answer["result"] == "Aborted"
    assert "Special:BotPasswords" in answer["reason"]


def test_a_password_in_a_uri_is_refused(anonymous):
    assert code_of(anonymous.get(**LOGIN)) == "mustpostparams"
    assert code_of(anonymous.get(action="login", lgname="Alice")) == "mustbeposted"
    body = urlencode({"lgname": "Alice"})
    uri = f"{anonymous.wiki.api_uri}?{urlencode({**LOGIN, 'lgtoken': 'x', 'format': 'json', 'formatversion': '2'})}"
    answer = json.loads(anonymous.http.request(uri, "POST", body, FORM)[1])
    assert answer["error"]["info"].startswith("The following parameters were found in the query string")
