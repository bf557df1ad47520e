"""Reading and changing pages with rest.php, and reading them with index.php."""

import json
import secrets

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.testwiki import TestWiki


def asker(wiki, oauth):
    """Return a function that sends requests to rest.php and returns the status and the parsed response."""
    http = OAuth1Http(timeout=10, oauth=oauth)

    def ask(path, method="GET", body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        response, content = http.request(f"{wiki.rest_uri}/v1{path}", method, body, headers)
        return response.status, json.loads(content)

    return ask


@pytest.fixture
def rest(wiki, alice):
    """Send requests to rest.php of the newest version. Each call returns the status and the parsed response."""
    return asker(wiki, alice)


@pytest.fixture(scope="module")
def rest_of_1_39():
    with TestWiki(version="1.39") as wiki:
        yield asker(wiki, OAuth1(*wiki.owner_only("Alice")))


NEW_PAGE = {"title": "User:Alice/a b", "source": "h\u00e9", "comment": "c"}


def test_a_page_created_over_rest_can_be_read(rest):
    assert rest("/page", "POST", json.dumps(NEW_PAGE))[0] == 201
    status, read = rest("/page/User:Alice%2Fa_b")
    assert (status, read["source"], read["key"]) == (200, "h\u00e9", "User:Alice/a_b")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (json.dumps({**NEW_PAGE, "title": "Main Page"}), 409, "created already"),
        (json.dumps({**NEW_PAGE, "title": "a[b"}), 400, "title"),
        ("{", 400, "JSON"),
        ("{}", 400, "source"),
        ("[]", 400, "source"),
    ],
)
def test_a_failed_creation_over_rest_returns_the_reason(rest, body, status, words):
    answered, answer = rest("/page", "POST", body)
    assert answered == status
    assert words in answer["messageTranslations"]["en"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/page/Nowhere", "GET", 404), ("/nowhere", "GET", 404), ("/page", "GET", 405), ("/page/X", "PATCH", 405)],
)
def test_unknown_rest_paths_and_methods_are_refused(rest, path, method, status):
    assert rest(path, method)[0] == status


@pytest.fixture
def page(rest):
    """Create a page with three revisions. Return its path and the IDs of the second and the third."""
    return page_with_three_revisions(rest)


def page_with_three_revisions(rest, title="A b"):
    path = "/page/" + title.replace(" ", "_")
    made = rest("/page", "POST", json.dumps({"title": title, "source": "one", "comment": ""}))[1]["latest"]["id"]
    second = rest(path, "PUT", json.dumps({"source": "two", "comment": "", "latest": {"id": made}}))[1]
    third = {"source": "three\n", "comment": "c", "latest": {"id": second["latest"]["id"]}}
    status, changed = rest(path, "PUT", json.dumps(third))
    assert (status, changed["source"], changed["title"]) == (200, "three", title)
    return path, second["latest"]["id"], changed["latest"]["id"]


def test_a_change_over_rest_is_attributed_to_the_signer(wiki, rest, page):
    path, _, newest = page
    assert rest(path)[1]["source"] == "three"
    revisions = next(iter(page for title, page in wiki.store.pages.items() if str(title) == "A b")).revisions
    assert [(each.user, each.text, each.comment) for each in revisions][-1] == ("Alice", "three", "c")
    assert revisions[-1].id == newest


def test_put_creates_a_missing_page(rest):
    body = json.dumps({"source": "x", "comment": ""})
    assert rest("/page/New", "PUT", body)[0] == 201
    assert rest("/page/New")[1]["source"] == "x"


# Real wikis gave these responses when each was tried there: the message of 1.39, and that of 1.43 and 1.45.
_EXISTS = 'The page "{}" cannot be created since it already exists.'
_MISSING = 'Mandatory field "{0}" missing from request body.', 'Invalid request body: The "{0}" parameter must be set.'


@pytest.mark.parametrize("version", [0, 1], ids=["1.39", "1.45"])
@pytest.mark.parametrize(
    ("body", "statuses", "said"),
    [
        ({"latest": {"id": "second"}}, (409, 409), ("Edit conflict.", "Edit conflict.")),
        # Newer versions ignore a base revision that is not one of this page.
        ({"latest": {"id": 999999}}, (409, 200), ("Edit conflict.", None)),
        ({}, (409, 409), (_EXISTS, _EXISTS)),
        ({"latest": {"id": "x"}}, (400, 400), ('Invalid value "x" for integer parameter "baserevid".',) * 2),
        ({"source": None}, (400, 400), [each.format("source") for each in _MISSING]),
        ({"comment": None}, (400, 400), [each.format("comment") for each in _MISSING]),
        ([], (400, 400), [each.format("source") for each in _MISSING]),
        ("", (400, 400), ("Parsing request body as JSON failed",) * 2),
        ({"other": 1}, (409, 400), (_EXISTS, "Extraneous fields found in request body: other")),
        ({"content_model": "x"}, (400, 400), ("Bad content model: x",) * 2),
        # There is nothing to save: the page has this text, or had it in the revision that was read.
        ({"latest": {"id": "second"}, "source": "three"}, (200, 200), (None, None)),
        ({"latest": {"id": "second"}, "source": "two"}, (200, 200), (None, None)),
        ({"latest": {"id": "second"}, "source": "three \n"}, (200, 200), (None, None)),
        ({"latest": {"id": "third"}, "source": "three"}, (200, 200), (None, None)),
    ],
)
def test_a_change_over_rest_gets_mediawikis_response(rest_of_1_39, rest, version, body, statuses, said):
    rest = (rest_of_1_39, rest)[version]
    title = secrets.token_hex(4).capitalize()
    path, second, third = page_with_three_revisions(rest, title)
    overwrites = version == 1 and isinstance(body, dict) and body.get("latest") == {"id": 999999}
    if isinstance(body, dict):
        body = {"source": "four", "comment": "", **body}
        if isinstance(body.get("latest"), dict):
            body["latest"] = {"id": {"second": second, "third": third}.get(body["latest"]["id"], body["latest"]["id"])}
    status, content = rest(path, "PUT", json.dumps(body))
    assert status == statuses[version]
    if said[version] is not None:
        assert content["messageTranslations"]["en"].startswith(said[version].format(title))
    elif not overwrites:
        assert (content["latest"]["id"], content["source"]) == (third, "three")
    assert rest(path)[1]["source"] == ("four" if overwrites else "three")


def test_a_missing_page_or_invalid_title_is_not_changed_over_rest(rest):
    body = json.dumps({"source": "x", "comment": "", "latest": {"id": 1}})
    status, content = rest("/page/Nowhere", "PUT", body)
    assert (status, content["messageTranslations"]["en"]) == (404, "The page you specified doesn't exist.")
    status, content = rest("/page/a%5Bb", "PUT", body)
    assert (status, content["actionModuleErrorCode"]) == (400, "invalidtitle")
    for nonsense in ("{", "[" * 200_000):
        status, content = rest("/page/A", "PUT", nonsense)
        said = "Parsing request body as JSON failed: not a valid JSON object"
        assert (status, content["messageTranslations"]["en"]) == (400, said)
        assert rest("/page", "POST", nonsense)[0] == 400


def test_a_change_over_rest_is_tagged_and_its_response_is_not_cached(wiki):
    consumer = wiki.register("App", callback="https://app.example/")
    tool = mediawiki.Handshaker(wiki.index_uri, (consumer.key, consumer.secret), user_agent="test/1.0")
    _, request_token = tool.initiate("https://app.example/")
    token = tool.complete(request_token, wiki.authorize(request_token.key, "Alice"))
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, *token))
    body, headers = '{"source": "x", "comment": ""}', {"Content-Type": "application/json"}
    response, _ = http.request(f"{wiki.rest_uri}/v1/page/Tagged", "PUT", body, headers)
    assert (response.status, response["cache-control"]) == (201, "private,must-revalidate,s-maxage=0")
    (revisions,) = [page.revisions for title, page in wiki.store.pages.items() if str(title) == "Tagged"]
    assert revisions[0].tags == (f"OAuth CID: {consumer.id}",)


def test_a_change_over_rest_requires_json(wiki, bot):
    uri, body = f"{wiki.rest_uri}/v1/page/X", '{"source": "x", "comment": ""}'
    for headers, sent in (({}, "(null)"), ({"Content-Type": "text/plain; charset=utf-8"}, "text/plain")):
        response, content = bot.http.request(uri, "PUT", body, headers)
        message = json.loads(content)["messageTranslations"]["en"]
        assert (response.status, message) == (415, f"Unsupported Content-Type: {sent}")
    response, _ = bot.http.request(uri, "PUT", body, {"Content-Type": "Application/JSON; charset=utf-8"})
    assert response.status == 201


def test_an_anonymous_change_over_rest_needs_a_token(wiki):
    for token, said in (({}, "The <var>token</var> parameter is required"), ({"token": "x"}, "CSRF error")):
        body = json.dumps({"source": "x", "comment": "", **token})
        headers = {"Content-Type": "application/json"}
        response, content = OAuth1Http(timeout=10).request(f"{wiki.rest_uri}/v1/page/X", "PUT", body, headers)
        assert (response.status, json.loads(content)["errorKey"]) == (403, "rest-badtoken")
        assert json.loads(content)["messageTranslations"]["en"].startswith(said)


def test_a_title_that_is_not_normalized_is_redirected(wiki):
    http = OAuth1Http(timeout=10)
    http.follow_redirects = False
    response, _ = http.request(f"{wiki.rest_uri}/v1/page/main%20Page?redirect=no")
    assert (response.status, response["location"]) == (301, "/rest.php/v1/page/Main_Page?redirect=no")


def test_a_change_is_refused_if_the_etag_is_another(wiki, bot):
    uri, headers = f"{wiki.rest_uri}/v1/page/Main_Page", {"Content-Type": "application/json"}
    body = json.dumps({"source": "x", "comment": "", "latest": {"id": 1}})
    response, _ = bot.http.request(uri, "PUT", body, {**headers, "If-Match": '"another"'})
    assert response.status == 412
    etag = bot.http.request(uri)[0]["etag"]
    assert bot.http.request(uri, "PUT", body, {**headers, "If-Match": etag})[0].status == 200


def test_an_unsupported_method_names_the_allowed_ones(wiki, bot):
    response, content = bot.http.request(f"{wiki.rest_uri}/v1/page/Main_Page", "DELETE")
    assert (response.status, response["allow"]) == (405, "HEAD, GET, PUT")
    assert b"was not one of the allowed methods for this path (HEAD, GET, PUT)" in content


def test_a_blocked_user_cannot_change_a_page_over_rest(wiki, rest, page):
    path, _, third = page
    body = json.dumps({"source": "four", "comment": "", "latest": {"id": third}})
    wiki.store.user("Alice").is_blocked = True
    status, content = rest(path, "PUT", body)
    assert (status, content["actionModuleErrorCode"]) == (400, "blocked")


def test_rest_returns_304_for_a_matching_etag(wiki):
    uri = f"{wiki.rest_uri}/v1/page/Main_Page"
    response, _ = OAuth1Http().request(uri)
    again, content = OAuth1Http().request(uri, headers={"If-None-Match": response["etag"]})
    assert (again.status, content) == (304, b"")


def test_pages_are_shown_raw_and_as_html(wiki, bot):
    bot.edit(title="A <b>", text="<i>")
    bot.edit(title="C", text="<i>h\u00e9")
    plain = OAuth1Http()
    response, content = plain.request(f"{wiki.index_uri}?title=C&action=raw")
    assert (response["content-type"], content.decode()) == ("text/x-wiki; charset=UTF-8", "<i>h\u00e9")
    assert "Authorization" in response["vary"]
    assert plain.request(f"{wiki.index_uri}?title=Nowhere&action=raw")[0].status == 404
    response, content = plain.request(f"{wiki.index_uri}/C")
    assert "&lt;i&gt;h\u00e9" in content.decode()
    assert plain.request(f"{wiki.index_uri}?title=Nowhere")[0].status == 404
    assert plain.request(wiki.index_uri)[0].status == 200
