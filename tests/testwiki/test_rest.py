"""Reading and changing pages with rest.php, and reading them with index.php."""

import json

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki


@pytest.fixture
def rest(wiki, bot):
    """Send requests to rest.php. Each call returns the status and the parsed response."""

    def ask(path, method="GET", body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        response, content = bot.http.request(f"{wiki.rest_uri}/v1{path}", method, body, headers)
        return response.status, json.loads(content)

    return ask


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
    made = rest("/page", "POST", json.dumps({"title": "A b", "source": "one", "comment": ""}))[1]["latest"]["id"]
    second = rest("/page/A_b", "PUT", json.dumps({"source": "two", "comment": "", "latest": {"id": made}}))[1]
    third = {"source": "three\n", "comment": "c", "latest": second["latest"]}
    status, changed = rest("/page/A_b", "PUT", json.dumps(third))
    assert (status, changed["source"], changed["title"]) == (200, "three", "A b")
    return "/page/A_b", second["latest"]["id"], changed["latest"]["id"]


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


# MediaWiki 1.39 gave these responses when each was tried there.
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"latest": {"id": "second"}}, 409, "Edit conflict."),
        ({"latest": {"id": 999999}}, 409, "Edit conflict."),
        ({}, 409, 'The page "A_b" cannot be created since it already exists.'),
        ({"latest": 5}, 409, 'The page "A_b" cannot be created since it already exists.'),
        ({"latest": {"id": "x"}}, 400, 'Invalid value "x" for integer parameter "baserevid".'),
        ({"source": None}, 400, 'Mandatory field "source" missing from request body.'),
        ({"comment": None}, 400, 'Mandatory field "comment" missing from request body.'),
        ([], 400, 'Mandatory field "source" missing from request body.'),
        ("", 400, "Bad request body, must be a JSON object."),
        # There is nothing to save: the page has this text, or had it in the revision that was read.
        ({"latest": {"id": "second"}, "source": "three"}, 200, None),
        ({"latest": {"id": "second"}, "source": "two"}, 200, None),
        ({"latest": {"id": "second"}, "source": "three \n"}, 200, None),
        ({"latest": {"id": "third"}, "source": "three"}, 200, None),
    ],
)
def test_a_change_over_rest_gets_mediawikis_response(rest, page, body, status, said):
    path, second, third = page
    if isinstance(body, dict):
        body = {"source": "four", "comment": "", **body}
        if isinstance(body.get("latest"), dict):
            body["latest"] = {"id": {"second": second, "third": third}.get(body["latest"]["id"], body["latest"]["id"])}
    answered, content = rest(path, "PUT", json.dumps(body))
    assert answered == status
    if said is None:
        assert (content["latest"]["id"], content["source"]) == (third, "three")
    else:
        assert content["messageTranslations"]["en"].startswith(said)
    assert rest(path)[1]["source"] == "three"


def test_a_missing_page_or_invalid_title_is_not_changed_over_rest(rest):
    body = json.dumps({"source": "x", "comment": "", "latest": {"id": 1}})
    status, content = rest("/page/Nowhere", "PUT", body)
    assert (status, content["messageTranslations"]["en"]) == (404, "The page you specified doesn't exist.")
    status, content = rest("/page/a%5Bb", "PUT", body)
    assert (status, content["actionModuleErrorCode"]) == (400, "invalidtitle")
    for nonsense in ("{", "[" * 200_000):
        status, content = rest("/page/A", "PUT", nonsense)
        assert (status, content["messageTranslations"]["en"]) == (400, "Parsing request body as JSON failed")
        assert rest("/page", "POST", nonsense)[0] == 400


def test_a_change_over_rest_is_tagged_and_its_response_is_not_cached(wiki):
    consumer = wiki.register("App", callback="https://app.example/")
    tool = mediawiki.Handshaker(wiki.index_uri, (consumer.key, consumer.secret), user_agent="test/1.0")
    _, request_token = tool.initiate("https://app.example/")
    token = tool.complete(request_token, wiki.authorize(request_token.key, "Alice"))
    http = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, *token))
    body, headers = '{"source": "x", "comment": ""}', {"Content-Type": "application/json"}
    response, _ = http.request(f"{wiki.rest_uri}/v1/page/Tagged", "PUT", body, headers)
    assert (response.status, response["cache-control"]) == (201, "private, max-age=0, s-maxage=0")
    (revisions,) = [page.revisions for title, page in wiki.store.pages.items() if str(title) == "Tagged"]
    assert revisions[0].tags == (f"OAuth CID: {consumer.id}",)


def test_a_change_over_rest_requires_json(wiki, bot):
    uri, body = f"{wiki.rest_uri}/v1/page/X", '{"source": "x", "comment": ""}'
    for headers, problem in (({}, "must be supplied"), ({"Content-Type": "text/plain"}, "Unsupported")):
        response, content = bot.http.request(uri, "PUT", body, headers)
        assert (response.status, problem in json.loads(content)["message"]) == (415, True)
    response, _ = bot.http.request(uri, "PUT", body, {"Content-Type": "Application/JSON; charset=utf-8"})
    assert response.status == 201


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
