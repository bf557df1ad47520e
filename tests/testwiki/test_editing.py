"""Writing with api.php: edits, uploads and deletions."""

import json

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.testwiki import TestWiki

from .api_client import Client, code_of


def test_an_edit_is_made_and_confirmed(bot):
    answer = bot.edit(text="h\u00e9llo \u6f22 \U0001f600\r\nline  \n", summary="a+b & c=d")
    assert (answer["edit"]["result"], answer["edit"]["new"], answer["edit"]["oldrevid"]) == ("Success", True, 0)
    assert bot.text() == "h\u00e9llo \u6f22 \U0001f600\nline"
    again = bot.edit(appendtext="!", prependtext="?")
    assert again["edit"]["oldrevid"] == answer["edit"]["newrevid"]
    assert "new" not in again["edit"]
    assert bot.text() == "?h\u00e9llo \u6f22 \U0001f600\nline!"
    same = bot.edit(text=bot.text())
    assert same["edit"]["nochange"] is True
    assert "newrevid" not in same["edit"]


def test_an_edit_by_a_web_tool_is_tagged(wiki):
    consumer = wiki.register("A tool")
    token = wiki.store.grant(consumer, wiki.store.user("Alice"))
    tool = Client(wiki, OAuth1(consumer.key, consumer.secret, token.key, token.secret))
    tool.edit(text="x")
    (page,) = tool.query(prop="revisions", titles="User:Alice", rvprop="tags")["pages"]
    assert page["revisions"][0]["tags"] == [f"OAuth CID: {consumer.id}"]


def test_an_anonymous_client_can_edit_with_the_anonymous_token(anonymous):
    assert anonymous.query(meta="tokens", type="csrf|watch")["tokens"] == {"csrftoken": "+\\", "watchtoken": "+\\"}
    assert anonymous.edit(title="Sandbox", text="x")["edit"]["result"] == "Success"
    (page,) = anonymous.query(prop="revisions", titles="Sandbox", rvprop="user")["pages"]
    assert page["revisions"][0] == {"user": "127.0.0.1", "anon": True}


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"text": "x", "token": "wrong+\\"}, "badtoken"),
        ({"text": "x", "token": "+\\"}, "badtoken"),
        ({"text": "x", "token": None}, "missingparam"),
        ({}, "missingparam"),
        ({"title": None, "text": "x"}, "missingparam"),
        ({"title": "a[b", "text": "x"}, "invalidtitle"),
        ({"title": "", "text": "x"}, "invalidtitle"),
        ({"title": "x" * 300, "text": "x"}, "invalidtitle"),
        ({"title": "Special:X", "text": "x"}, "invalidtitle"),
        ({"title": "Main Page", "text": "x", "createonly": ""}, "articleexists"),
        ({"title": "Nowhere", "text": "x", "nocreate": ""}, "missingtitle"),
        ({"text": "x", "assert": "bot"}, "assertbotfailed"),
        ({"text": "x", "assert": "anon"}, "assertanonfailed"),
        ({"text": "x", "assertuser": "Bob"}, "assertnameduserfailed"),
        ({"title": "Main Page", "text": "x", "basetimestamp": "2001-01-01T00:00:00Z"}, "editconflict"),
        ({"text": "x", "basetimestamp": "yesterday"}, "badtimestamp"),
        ({"appendtext": "x", "section": "1"}, "testwiki-unsupported"),
    ],
)
def test_a_failed_edit_returns_its_error_code(bot, parameters, code):
    answer = bot.edit(**parameters)
    assert code_of(answer) == code
    assert bot.response["mediawiki-api-error"] == code
    assert "api.php for API usage" in answer["error"]["docref"]


def test_a_token_is_valid_only_in_its_session(wiki, bot):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    bob = Client(wiki, OAuth1(*wiki.owner_only("Bob")))
    assert code_of(bob.edit(text="x", token=token)) == "badtoken"
    assert bot.edit(text="x", token=token)["edit"]["result"] == "Success"


def test_an_edit_requires_post_and_a_token_in_the_body(wiki, bot):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.get(action="edit", title="X", text="y")) == "missingparam"
    assert code_of(bot.get(action="edit", title="X", text="y", token=token)) == "mustpostparams"


@pytest.mark.parametrize("asserted", ["user", "bot"])
def test_assertions_of_an_anonymous_client_fail(anonymous, asserted):
    assert code_of(anonymous.get(action="query", **{"assert": asserted})) == "assertuserfailed"
    assert code_of(anonymous.get(action="query", assertuser="Alice")) == "assertnameduserfailed"


def test_assertions_that_are_true_pass(bot):
    answer = bot.get(action="query", meta="userinfo", **{"assert": "user", "assertuser": "alice"})
    assert answer["query"]["userinfo"]["name"] == "Alice"


def test_logout_is_refused_under_oauth(bot, anonymous):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.post(action="logout", token=token)) == "cannotlogout"
    assert anonymous.post(action="logout", token="+\\") == {}


def test_a_lag_above_maxlag_is_refused_with_retry_after(wiki, bot):
    wiki.lag = 7.5
    answer = bot.get(action="query", meta="userinfo", maxlag="5")
    assert (code_of(answer), answer["error"]["lag"], answer["error"]["host"]) == ("maxlag", 7.5, "127.0.0.1")
    assert answer["error"]["info"] == "Waiting for 127.0.0.1: 7.5 seconds lagged."
    assert (bot.response.status, bot.response["retry-after"], bot.response["x-database-lag"]) == (200, "5", "7")
    assert "query" in bot.get(action="query", meta="userinfo", maxlag="8")
    wiki.lag = 20
    bot.get(action="query", maxlag="10")
    assert bot.response["retry-after"] == "10"
    assert "query" in bot.get(action="query", meta="userinfo")
    assert code_of(bot.get(action="query", maxlag="soon")) == "badinteger"


def test_an_upload_keeps_every_byte(wiki, bot):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(8) + (3).to_bytes(4, "big") + (2).to_bytes(4, "big") + bytes(range(256))
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    fields = {"action": "upload", "filename": "a b.png", "token": token, "format": "json", "formatversion": "2"}
    parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    parts += [b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n', picture, b"\r\n--x--\r\n"]
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    _, content = bot.http.request(wiki.api_uri, "POST", b"".join(parts), headers)
    uploaded = json.loads(content)["upload"]
    assert (uploaded["result"], uploaded["filename"]) == ("Success", "A_b.png")
    assert (uploaded["imageinfo"]["width"], uploaded["imageinfo"]["height"]) == (3, 2)
    assert wiki.store.files["A_b.png"] == picture
    assert code_of(bot.post(action="upload", filename="x", url="http://x/", token=token)) == "copyuploaddisabled"
    assert code_of(bot.post(action="upload", filename="x", token=token)) == "missingparam"


def test_an_upload_requires_a_filename_and_the_right(wiki):
    client = Client(wiki, OAuth1(*wiki.owner_only("Bob", grants=["basic"])))
    token = client.query(meta="tokens")["tokens"]["csrftoken"]
    body = (
        f'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--x--\r\n'
    )
    uri = f"{wiki.api_uri}?action=upload&format=json&formatversion=2"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert code_of(client.answer(*client.http.request(uri, "POST", body, headers))) == "permissiondenied"
    client = Client(wiki, OAuth1(*wiki.owner_only("Carol")))
    body = body.replace(token, client.query(meta="tokens")["tokens"]["csrftoken"])
    assert code_of(client.answer(*client.http.request(uri, "POST", body, headers))) == "missingparam"


def test_only_administrators_can_delete(wiki, bot):
    admin = Client(wiki, OAuth1(*wiki.owner_only("Admin", grants=["basic", "delete"])))
    bot.edit(text="x")
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.post(action="delete", title="User:Alice", token=token)) == "permissiondenied"
    token = admin.query(meta="tokens")["tokens"]["csrftoken"]
    answer = admin.post(action="delete", title="User:Alice", reason="r", token=token)
    assert answer == {"delete": {"title": "User:Alice", "reason": "r"}}
    assert code_of(admin.post(action="delete", title="User:Alice", token=token)) == "missingtitle"


def test_an_edit_sets_the_cookies_that_select_the_primary_database(bot):
    bot.edit(text="x")
    assert "UseDC=master" in bot.response["set-cookie"]


def test_an_edit_based_on_the_current_revision_is_no_conflict(wiki, bot):
    bot.edit(text="one")
    (page,) = bot.query(prop="revisions", titles="User:Alice", rvprop="timestamp")["pages"]
    bob = Client(wiki, OAuth1(*wiki.owner_only("Bob")))
    saved = bob.edit(text="two", basetimestamp=page["revisions"][0]["timestamp"])
    assert saved["edit"]["result"] == "Success"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.39", "You have been blocked from editing."),
        ("1.43", "The reason given is spam."),
        ("1.45", "The reason given is: spam *Start of block: 13:46, 12 January 1970"),
    ],
)
def test_a_blocked_user_gets_the_reason_in_newer_versions(version, said):
    with TestWiki(version=version, clock=lambda: 1_000_000) as wiki:
        bot = Client(wiki, OAuth1(*wiki.owner_only("Alice")))
        wiki.account("Alice", is_blocked=True, block_reason="spam")
        error = bot.edit(text="x")["error"]
    assert (error["code"], error["blockinfo"]["blockreason"]) == ("blocked", "spam")
    assert said in error["info"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"md5": "0" * 32}, "testwiki-unsupported"),
        ({"baserevid": "first"}, "editconflict"),
        ({"tags": "x"}, "testwiki-unsupported"),
    ],
)
def test_an_edit_that_is_not_what_was_meant_is_refused(bot, parameters, code):
    first = bot.edit(text="one")["edit"]["newrevid"]
    bot.edit(text="two")
    parameters = {name: first if value == "first" else value for name, value in parameters.items()}
    assert code_of(bot.edit(text="three", **parameters)) == code
    assert bot.text() == "two"


def test_an_error_is_plain_text_if_the_request_asks_for_it(bot):
    error = {"code": "badtoken", "text": "Invalid CSRF token.", "module": "edit"}
    assert bot.edit(text="x", token="bad", errorformat="plaintext")["errors"] == [error]


@pytest.mark.parametrize("errorformat", ["wikitext", "html", "raw", "none", "nonsense"])
def test_an_errorformat_that_the_wiki_does_not_have_is_refused(bot, errorformat):
    assert code_of(bot.edit(text="x", errorformat=errorformat)) == "badvalue"
    assert "query" in bot.get(action="query", titles="User:Alice", errorformat="bc")
