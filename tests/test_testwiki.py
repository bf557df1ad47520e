"""The embedded wiki's own promises: what a bot or a person finds there."""

import contextlib
import http.client
import json
import socket
import threading
import time
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import jwt
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.testwiki import OwnerOnly, TestWiki
from httplib2_oauthlib.testwiki.store import Title

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """api.php as a bot uses it."""

    def __init__(self, wiki, oauth=None):
        self.wiki = wiki
        self.http = OAuth1Http(timeout=10, oauth=oauth)

    def get(self, **parameters):
        return self.answer(*self.http.request(f"{self.wiki.api_uri}?{urlencode(self.with_format(parameters))}"))

    def query(self, **parameters):
        return self.get(action="query", **parameters)["query"]

    def post(self, **parameters):
        body = urlencode(self.with_format(parameters))
        return self.answer(*self.http.request(self.wiki.api_uri, "POST", body, FORM))

    def edit(self, title="User:Alice", **parameters):
        parameters.setdefault("token", self.query(meta="tokens")["tokens"]["csrftoken"])
        return self.post(action="edit", title=title, **parameters)

    def text(self, title="User:Alice"):
        return self.wiki.store.pages[Title.parse(title)].revisions[-1].text

    @staticmethod
    def with_format(parameters):
        given = {"format": "json", "formatversion": "2", **parameters}
        return {name: value for name, value in given.items() if value is not None}

    def answer(self, response, content):
        self.response = response
        return json.loads(content)


@pytest.fixture
def bot(wiki, alice):
    return Client(wiki, alice)


@pytest.fixture
def nobody(wiki):
    return Client(wiki)


def code_of(answer):
    return answer["error"]["code"]


# -- starting and stopping


def test_it_starts_stops_and_starts_again_at_the_same_place_with_what_it_knew():
    wiki = TestWiki()
    with wiki:
        oauth = OAuth1(*wiki.owner_only("Alice"))
        uri = wiki.api_uri
        Client(wiki, oauth).edit(text="kept")
    with pytest.raises(ConnectionRefusedError):
        Client(wiki).get(action="query")
    with wiki:
        assert wiki.api_uri == uri
        assert Client(wiki).text() == "kept"
        wiki.start()
        assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    wiki.stop()


def test_two_run_side_by_side():
    with TestWiki() as one, TestWiki() as other:
        assert one.api_uri != other.api_uri
        stranger = OAuth1(*one.owner_only("Alice"))
        assert "Invalid consumer" in Client(other, stranger).get(action="query")["error"]["info"]


def test_it_keeps_connections_alive_and_serves_many_at_once(wiki, alice):
    address = wiki.server.partition("//")[2]
    connection = http.client.HTTPConnection(address, timeout=10)
    sockets = set()
    for _ in range(5):
        connection.request("GET", "/api.php?action=query&format=json")
        connection.getresponse().read()
        sockets.add(connection.sock)
    assert len(sockets) == 1
    assert None not in sockets
    # Idle connections in plenty leave the wiki to others.
    idle = [http.client.HTTPConnection(address, timeout=10) for _ in range(40)]
    for each in idle:
        each.request("GET", "/api.php?action=query&format=json")
        each.getresponse().read()
    assert Client(wiki, alice).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    for each in [connection, *idle]:
        each.close()


def test_it_answers_many_at_the_same_time(wiki):
    """Each request waits, within the wiki, until eight are there."""
    together = threading.Barrier(8, timeout=20)
    wiki.clock = lambda: together.wait() and 0
    statuses = []

    def work():
        statuses.append(OAuth1Http(timeout=30).request(wiki.index_uri)[0].status)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8


def test_connections_on_which_nothing_is_sent_keep_nobody_out_nor_it_from_stopping(alice):
    """Browsers open such."""
    with TestWiki() as wiki, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(wiki.server).port)
        for _ in range(16):
            stack.enter_context(socket.create_connection(address))
        assert Client(wiki).query(meta="userinfo")["userinfo"]["anon"] is True
        stopping = threading.Thread(target=wiki.stop)
        stopping.start()
        stopping.join(4)
        assert not stopping.is_alive()


def test_an_owner_only_consumer_has_the_four_values_of_oauth1(wiki):
    assert wiki.api_uri == f"{wiki.server}/api.php"
    assert wiki.index_uri == f"{wiki.server}/index.php"
    owner_only = wiki.owner_only("alice")
    assert isinstance(owner_only, OwnerOnly)
    assert tuple(owner_only) == (
        owner_only.client_key,
        owner_only.client_secret,
        owner_only.resource_owner_key,
        owner_only.resource_owner_secret,
    )
    assert Client(wiki, OAuth1(*owner_only)).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    assert wiki.owner_only("Alice") != owner_only


def test_nothing_that_is_printed_shows_a_secret(wiki):
    owner_only = wiki.owner_only("Alice")
    shown = repr([owner_only, *wiki.store.consumers.values(), *wiki.store.access_tokens.values()])
    assert owner_only.client_secret not in shown
    assert owner_only.resource_owner_secret not in shown


def test_requests_are_remembered(wiki, bot, nobody):
    nobody.get(action="query", meta="userinfo")
    bot.get(action="query", meta="userinfo")
    Client(wiki, OAuth1("unknown")).get(action="query")
    assert [(seen.method, seen.user, seen.refusal) for seen in wiki.requests] == [
        ("GET", None, None),
        ("GET", "Alice", None),
        ("GET", None, "Invalid consumer"),
    ]
    assert wiki.requests[1].target.startswith("/api.php?")
    assert "authorization" in wiki.requests[1].headers


# -- OAuth


def test_only_the_header_counts(wiki, alice):
    """Signed in the query or the body, a request runs anonymously."""
    from dataclasses import replace

    for placement in ("QUERY", "BODY"):
        client = Client(wiki, replace(alice, signature_type=placement))
        answer = client.post(action="query", meta="userinfo")
        assert answer["query"]["userinfo"]["anon"] is True


def test_the_realm_is_ignored(wiki, alice):
    from dataclasses import replace

    assert Client(wiki, replace(alice, realm="Some where")).query(meta="userinfo")["userinfo"]["name"] == "Alice"


@pytest.mark.parametrize(("off", "accepted"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_a_timestamp_is_good_for_five_minutes(wiki, alice, off, accepted):
    wiki.clock = lambda: 1_000_000
    signed = alice.sign(f"{wiki.api_uri}?action=query&format=json", timestamp=1_000_000 + off)
    _, content = OAuth1Http().request(signed.uri, headers=signed.headers)
    assert (b"Expired timestamp, yours" not in content) == accepted


def test_a_nonce_is_used_up_even_by_a_wrong_signature(wiki, alice):
    uri = f"{wiki.api_uri}?action=query&format=json"
    signed = alice.sign(uri, nonce="n")
    broken = {"Authorization": signed.headers["Authorization"].replace('signature="', 'signature="x')}
    answers = [OAuth1Http().request(uri, headers=headers)[1] for headers in (broken, signed.headers)]
    assert b"Invalid signature" in answers[0]
    assert b"Nonce already used: n" in answers[1]


def test_a_nonce_may_come_back_when_its_time_is_over(wiki, alice):
    uri = f"{wiki.api_uri}?action=query&format=json"
    for now, accepted in ((1_000_000, True), (1_000_000, False), (1_000_700, True)):
        wiki.clock = lambda now=now: now
        signed = alice.sign(uri, nonce="n", timestamp=now)
        content = OAuth1Http().request(uri, headers=signed.headers)[1]
        assert (b"Nonce already used" not in content) == accepted


@pytest.mark.parametrize(
    ("dropped", "words"),
    [
        ("oauth_timestamp", "Missing timestamp parameter"),
        ("oauth_nonce", "Missing nonce parameter"),
        ("oauth_signature_method", "No signature method parameter"),
        ("oauth_consumer_key", "Invalid consumer key"),
        ("oauth_token", "No approved grant was found"),
        ("oauth_version", None),
    ],
)
def test_protocol_parameters_that_are_missing_are_named(wiki, dropped, words):
    class Without(OAuth1):
        def protocol_parameters(self, nonce, timestamp):
            return [pair for pair in super().protocol_parameters(nonce, timestamp) if pair[0] != dropped]

    answer = Client(wiki, Without(*wiki.owner_only("Alice"))).get(action="query")
    assert ("error" not in answer) if words is None else (words in answer["error"]["info"])


def test_another_version_is_refused(wiki):
    class Version2(OAuth1):
        def protocol_parameters(self, nonce, timestamp):
            return [*super().protocol_parameters(nonce, timestamp), ("oauth_version", "2.0")]

    answer = Client(wiki, Version2(*wiki.owner_only("Alice"))).get(action="query")
    assert "OAuth version '2.0' not supported" in answer["error"]["info"]


def test_a_token_of_another_consumer_is_refused(wiki):
    one, other = wiki.owner_only("Alice"), wiki.owner_only("Alice")
    mixed = OAuth1(*one[:2], *other[2:])
    assert "No approved grant" in Client(wiki, mixed).get(action="query")["error"]["info"]


def test_the_wiki_signs_with_the_name_that_it_calls_itself(alice, wiki):
    """As MediaWiki does, whatever Host header it is asked under."""
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json".replace("127.0.0.1", "localhost")
    assert b"Invalid signature" in OAuth1Http(oauth=alice).request(uri)[1]


@pytest.mark.parametrize("server", ["https://wiki.example", "https://wiki.example:443/", "http://Wiki.Example:80"])
def test_behind_a_proxy_it_goes_by_the_proxys_name(server):
    with TestWiki(server=server) as wiki:
        oauth = OAuth1(*wiki.owner_only("Alice"))
        signed = oauth.sign(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")
        connection = http.client.HTTPConnection(*wiki._address, timeout=10)
        connection.request("GET", signed.uri.partition("/api.php")[2].join(["/api.php", ""]), headers=signed.headers)
        assert b"Alice" in connection.getresponse().read()
        connection.close()


def test_rsa_consumers_are_verified_by_their_key(wiki, rsa_keys):
    private, public = rsa_keys
    credentials = wiki.owner_only("Alice", rsa_public_key=public)
    oauth = OAuth1(*credentials, signature_method="RSA-SHA1", rsa_key=private)
    assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    without = OAuth1(*wiki.owner_only("Bob"), signature_method="RSA-SHA1", rsa_key=private)
    assert "Invalid signature" in Client(wiki, without).get(action="query")["error"]["info"]


def test_credentials_of_any_text_are_verified(wiki):
    wiki.register(key="schl\u00fcssel", secret="geh\u00e9im \u6f22&=", owner="Zo\u00eb")
    from httplib2_oauthlib.testwiki.store import AccessToken

    wiki.store.user("Zo\u00eb")
    wiki.store.access_tokens["t\u00f6ken"] = AccessToken("t\u00f6ken", "\U0001f600", "schl\u00fcssel", "Zo\u00eb")
    oauth = OAuth1("schl\u00fcssel", "geh\u00e9im \u6f22&=", "t\u00f6ken", "\U0001f600")
    assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Zo\u00eb"


# -- reading


def test_userinfo_tells_who_asks(bot, nobody):
    assert nobody.query(meta="userinfo", uiprop="groups|rights|editcount")["userinfo"] == {
        "id": 0,
        "name": "127.0.0.1",
        "anon": True,
        "groups": ["*"],
        "rights": nobody.query(meta="userinfo", uiprop="rights")["userinfo"]["rights"],
        "editcount": 0,
    }
    bot.edit(text="one")
    info = bot.query(meta="userinfo", uiprop="groups|rights|editcount|registrationdate")["userinfo"]
    assert (info["name"], info["groups"], info["editcount"]) == ("Alice", ["*", "user", "autoconfirmed"], 1)
    assert "edit" in info["rights"]
    assert info["registrationdate"].endswith("Z")


def test_grants_limit_rights(wiki):
    reader = Client(wiki, OAuth1(*wiki.owner_only("Bob", grants=["basic"])))
    assert "edit" not in reader.query(meta="userinfo", uiprop="rights")["userinfo"]["rights"]
    assert code_of(reader.edit(text="x")) == "permissiondenied"
    page = json.dumps({"title": "X", "source": "x", "comment": "c"})
    response, content = reader.http.request(
        f"{wiki.rest_uri}/v1/page", "POST", page, {"Content-Type": "application/json"}
    )
    assert (response.status, json.loads(content)["actionModuleErrorCode"]) == (400, "permissiondenied")


def test_an_edit_based_on_what_is_there_is_no_conflict(wiki, bot):
    bot.edit(text="one")
    (page,) = bot.query(prop="revisions", titles="User:Alice", rvprop="timestamp")["pages"]
    bob = Client(wiki, OAuth1(*wiki.owner_only("Bob")))
    saved = bob.edit(text="two", basetimestamp=page["revisions"][0]["timestamp"])
    assert saved["edit"]["result"] == "Success"


def test_siteinfo_describes_the_wiki(wiki, nobody):
    answer = nobody.query(meta="siteinfo", siprop="general|namespaces")
    assert answer["general"]["generator"].startswith("MediaWiki 1.39")
    assert answer["general"]["server"] == wiki.server
    assert answer["namespaces"]["2"]["name"] == "User"
    assert "Authorization" in nobody.response["vary"]


def test_titles_are_normalized_missing_or_invalid(nobody):
    answer = nobody.query(titles="main_Page|user:bob|a[1]|Project:X y ")
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


def test_revisions_have_the_properties_that_were_asked_for(bot):
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


# -- writing


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


def test_somebody_anonymous_may_edit_with_the_token_of_everybody(nobody):
    assert nobody.query(meta="tokens", type="csrf|watch")["tokens"] == {"csrftoken": "+\\", "watchtoken": "+\\"}
    assert nobody.edit(title="Sandbox", text="x")["edit"]["result"] == "Success"
    (page,) = nobody.query(prop="revisions", titles="Sandbox", rvprop="user")["pages"]
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
def test_an_edit_that_is_not_made_says_why(bot, parameters, code):
    answer = bot.edit(**parameters)
    assert code_of(answer) == code
    assert bot.response["mediawiki-api-error"] == code
    assert "api.php for API usage" in answer["error"]["docref"]


def test_a_token_is_good_for_its_session_only(wiki, bot):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    bob = Client(wiki, OAuth1(*wiki.owner_only("Bob")))
    assert code_of(bob.edit(text="x", token=token)) == "badtoken"
    assert bot.edit(text="x", token=token)["edit"]["result"] == "Success"


def test_writing_needs_a_post_and_its_token_in_the_body(wiki, bot):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.get(action="edit", title="X", text="y")) == "missingparam"
    assert code_of(bot.get(action="edit", title="X", text="y", token=token)) == "mustpostparams"


@pytest.mark.parametrize(("who", "asserted"), [("nobody", "user"), ("nobody", "bot")])
def test_assertions_of_somebody_anonymous_fail(nobody, who, asserted):
    assert code_of(nobody.get(action="query", **{"assert": asserted})) == "assertuserfailed"
    assert code_of(nobody.get(action="query", assertuser="Alice")) == "assertnameduserfailed"


def test_assertions_that_hold(bot):
    answer = bot.get(action="query", meta="userinfo", **{"assert": "user", "assertuser": "alice"})
    assert answer["query"]["userinfo"]["name"] == "Alice"


def test_logout_is_refused_under_oauth(bot, nobody):
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.post(action="logout", token=token)) == "cannotlogout"
    assert nobody.post(action="logout", token="+\\") == {}


def test_a_lag_above_maxlag_is_refused_with_a_time_to_wait(wiki, bot):
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


def test_upload_keeps_every_byte(wiki, bot):
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


def test_uploads_need_a_name_and_the_right(wiki):
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


def test_administrators_may_delete(wiki, bot):
    admin = Client(wiki, OAuth1(*wiki.owner_only("Admin", grants=["basic", "delete"])))
    bot.edit(text="x")
    token = bot.query(meta="tokens")["tokens"]["csrftoken"]
    assert code_of(bot.post(action="delete", title="User:Alice", token=token)) == "permissiondenied"
    token = admin.query(meta="tokens")["tokens"]["csrftoken"]
    answer = admin.post(action="delete", title="User:Alice", reason="r", token=token)
    assert answer == {"delete": {"title": "User:Alice", "reason": "r"}}
    assert code_of(admin.post(action="delete", title="User:Alice", token=token)) == "missingtitle"


def test_a_write_sets_the_cookies_that_lead_to_the_primary_database(bot):
    bot.edit(text="x")
    assert "UseDC=master" in bot.response["set-cookie"]


# -- formats


def test_formatversion_1_writes_as_mediawiki_does(bot):
    bot.edit(text="h\u00e9")
    titles = "user:Alice|Nowhere|Main Page"
    revisions = {"prop": "revisions", "titles": titles, "rvprop": "content|flags", "rvslots": "main"}
    answer = bot.get(action="query", meta="userinfo", formatversion="1", **revisions)
    assert answer["batchcomplete"] == ""
    assert "anon" not in answer["query"]["userinfo"]
    assert answer["query"]["normalized"] == [{"from": "user:Alice", "to": "User:Alice"}]
    pages = answer["query"]["pages"]
    # MediaWiki's quirk: numbers -1, 1 and 2 make a list.
    assert [page["title"] for page in pages] == ["Nowhere", "Main Page", "User:Alice"]
    assert pages[0]["missing"] == ""
    assert pages[2]["revisions"][0]["slots"]["main"]["*"] == "h\u00e9"
    alone = bot.get(action="query", titles="User:Alice", formatversion="1")["query"]["pages"]
    assert list(alone) == ["2"]
    error = bot.get(action="nonsense", formatversion="1")["error"]
    assert set(error) == {"code", "info", "*"}


def test_xml_has_the_elements_of_mediawikis(wiki, bot):
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


def test_a_person_gets_html(wiki):
    response, content = OAuth1Http().request(f"{wiki.api_uri}?action=query&meta=siteinfo")
    assert response["content-type"].startswith("text/html")
    assert b"TestWiki" in content


def test_what_is_not_known_is_warned_of(bot):
    answer = bot.get(action="query", meta="userinfo|x", uiprop="groups|y|z", foo="1", bar="2")
    assert answer["warnings"]["main"]["warnings"] == "Unrecognized parameters: foo, bar."
    assert answer["warnings"]["userinfo"]["warnings"] == 'Unrecognized values for parameter "uiprop": y, z'
    assert answer["warnings"]["query"]["warnings"] == 'Unrecognized value for parameter "meta": x'
    assert answer["query"]["userinfo"]["groups"]
    assert code_of(bot.get(action="nonsense")) == "badvalue"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(wiki, bot, method):
    response, content = bot.http.request(f"{wiki.api_uri}?format=json", method)
    assert (response.status, json.loads(content)["error"]["code"]) == (405, "invalidmethod")


# -- rest.php and index.php


@pytest.fixture
def rest(wiki, bot):
    """Ask rest.php; returns the status and the answer."""

    def ask(path, method="GET", body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        response, content = bot.http.request(f"{wiki.rest_uri}/v1{path}", method, body, headers)
        return response.status, json.loads(content)

    return ask


NEW_PAGE = {"title": "User:Alice/a b", "source": "h\u00e9", "comment": "c"}


def test_a_page_made_over_rest_is_read_back(rest):
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
def test_a_page_that_cannot_be_made_over_rest_says_why(rest, body, status, words):
    answered, answer = rest("/page", "POST", body)
    assert answered == status
    assert words in answer["messageTranslations"]["en"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/page/Nowhere", "GET", 404), ("/nowhere", "GET", 404), ("/page", "GET", 405), ("/page/X", "PATCH", 405)],
)
def test_what_rest_does_not_have_is_refused(rest, path, method, status):
    assert rest(path, method)[0] == status


@pytest.fixture
def page(rest):
    """A page of three revisions: its path, and the numbers of the second and the third."""
    made = rest("/page", "POST", json.dumps({"title": "A b", "source": "one", "comment": ""}))[1]["latest"]["id"]
    second = rest("/page/A_b", "PUT", json.dumps({"source": "two", "comment": "", "latest": {"id": made}}))[1]
    third = {"source": "three\n", "comment": "c", "latest": second["latest"]}
    status, changed = rest("/page/A_b", "PUT", json.dumps(third))
    assert (status, changed["source"], changed["title"]) == (200, "three", "A b")
    return "/page/A_b", second["latest"]["id"], changed["latest"]["id"]


def test_a_page_is_changed_over_rest_by_who_signs(wiki, rest, page):
    path, _, newest = page
    assert rest(path)[1]["source"] == "three"
    revisions = next(iter(page for title, page in wiki.store.pages.items() if str(title) == "A b")).revisions
    assert [(each.user, each.text, each.comment) for each in revisions][-1] == ("Alice", "three", "c")
    assert revisions[-1].id == newest


def test_a_page_that_is_not_there_is_made_by_put(rest):
    body = json.dumps({"source": "x", "comment": ""})
    assert rest("/page/New", "PUT", body)[0] == 201
    assert rest("/page/New")[1]["source"] == "x"


# As MediaWiki 1.39 answered, when it was tried.
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
        # Nothing to save: the page has this text, or had it when it was read.
        ({"latest": {"id": "second"}, "source": "three"}, 200, None),
        ({"latest": {"id": "second"}, "source": "two"}, 200, None),
        ({"latest": {"id": "second"}, "source": "three \n"}, 200, None),
        ({"latest": {"id": "third"}, "source": "three"}, 200, None),
    ],
)
def test_a_change_over_rest_is_answered_as_mediawiki_does(rest, page, body, status, said):
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


def test_a_page_that_is_not_there_or_can_not_be_is_not_changed_over_rest(rest):
    body = json.dumps({"source": "x", "comment": "", "latest": {"id": 1}})
    status, content = rest("/page/Nowhere", "PUT", body)
    assert (status, content["messageTranslations"]["en"]) == (404, "The page you specified doesn't exist.")
    status, content = rest("/page/a%5Bb", "PUT", body)
    assert (status, content["actionModuleErrorCode"]) == (400, "invalidtitle")
    for nonsense in ("{", "[" * 200_000):
        status, content = rest("/page/A", "PUT", nonsense)
        assert (status, content["messageTranslations"]["en"]) == (400, "Parsing request body as JSON failed")
        assert rest("/page", "POST", nonsense)[0] == 400


def test_a_change_over_rest_bears_the_tag_of_its_application_and_is_not_stored(wiki):
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


def test_only_json_changes_a_page_over_rest(wiki, bot):
    uri, body = f"{wiki.rest_uri}/v1/page/X", '{"source": "x", "comment": ""}'
    for headers, problem in (({}, "must be supplied"), ({"Content-Type": "text/plain"}, "Unsupported")):
        response, content = bot.http.request(uri, "PUT", body, headers)
        assert (response.status, problem in json.loads(content)["message"]) == (415, True)
    response, _ = bot.http.request(uri, "PUT", body, {"Content-Type": "Application/JSON; charset=utf-8"})
    assert response.status == 201


def test_the_methods_of_a_page_are_told(wiki, bot):
    response, content = bot.http.request(f"{wiki.rest_uri}/v1/page/Main_Page", "DELETE")
    assert (response.status, response["allow"]) == (405, "HEAD, GET, PUT")
    assert b"was not one of the allowed methods for this path (HEAD, GET, PUT)" in content


def test_who_is_blocked_changes_nothing_over_rest(wiki, rest, page):
    path, _, third = page
    body = json.dumps({"source": "four", "comment": "", "latest": {"id": third}})
    wiki.store.user("Alice").is_blocked = True
    status, content = rest(path, "PUT", body)
    assert (status, content["actionModuleErrorCode"]) == (400, "blocked")


def test_rest_revalidates(wiki):
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


# -- Special:OAuth, what applications ask of it


@pytest.fixture
def handshake(wiki):
    """Ask Special:OAuth as a consumer."""

    def ask(subpage, oauth, **parameters):
        uri = f"{wiki.index_uri}?{urlencode({'title': f'Special:OAuth/{subpage}', **parameters})}"
        return OAuth1Http(oauth=oauth).request(uri, "POST")[1].decode()

    return ask


@pytest.mark.parametrize("callback", ["oob", "https://tool.example/back?next=/home", "https://tool.example/back/more"])
def test_a_handshake_from_initiate_to_identity(wiki, handshake, callback):
    consumer = wiki.register("A tool", callback="https://tool.example/back")
    asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri=callback)))
    assert asked["oauth_callback_confirmed"] == ["true"]
    request_token = (asked["oauth_token"][0], asked["oauth_token_secret"][0])
    sent_to = wiki.authorize(request_token[0], "Alice")
    returned = parse_qs(urlsplit(sent_to).query)
    assert returned["oauth_token"] == [request_token[0]]
    # MediaWiki takes "oob" for the registered callback.
    assert sent_to.startswith(consumer.callback if callback == "oob" else callback)
    granting = OAuth1(consumer.key, consumer.secret, *request_token, verifier=returned["oauth_verifier"][0])
    granted = parse_qs(handshake("token", granting))
    access = OAuth1(consumer.key, consumer.secret, granted["oauth_token"][0], granted["oauth_token_secret"][0])
    assert Client(wiki, access).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    claims = jwt.decode(handshake("identify", access), consumer.secret, ["HS256"], audience=consumer.key)
    assert (claims["username"], claims["iss"]) == ("Alice", wiki.server)
    assert claims["exp"] - claims["iat"] == 100
    assert "E009" in handshake("token", granting)


def test_a_user_who_allows_twice_has_one_grant(wiki, handshake):
    consumer = wiki.register()
    for _ in range(2):
        asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri="oob")))
        wiki.authorize(asked["oauth_token"][0], "Alice")
    assert len(wiki.store.access_tokens) == 1


def test_a_handshake_with_rsa_needs_no_secret(wiki, handshake, rsa_keys):
    private, public = rsa_keys
    consumer = wiki.register(rsa_public_key=public)

    def oauth(*token, **options):
        return OAuth1(consumer.key, None, *token, signature_method="RSA-SHA1", rsa_key=private, **options)

    asked = json.loads(handshake("initiate", oauth(callback_uri="oob"), format="json"))
    assert asked["oauth_callback_confirmed"] == "true"
    verifier = parse_qs(urlsplit(wiki.authorize(asked["key"], "Alice")).query)["oauth_verifier"][0]
    granted = parse_qs(handshake("token", oauth(asked["key"], verifier=verifier)))
    assert granted["oauth_token_secret"] == ["__unused__"]


@pytest.mark.parametrize(
    ("registered", "asked", "accepted"),
    [
        (None, "oob", True),
        (None, "https://tool.example/", False),
        ("http://tool.example/a", "https://tool.example/ab", True),
        ("https://tool.example/a", "http://tool.example/a", False),
        ("https://tool.example/a", "https://evil.example/a", False),
        ("https://tool.example/a", "https://tool.example:8080/a", False),
        ("http://127.0.0.1:1/", "http://127.0.0.1:5000/x", True),
        ("https://tool.example/a?b=1", "https://tool.example/a?b=12", True),
        ("https://tool.example/a?b=1", "https://tool.example/ab?b=1", False),
    ],
)
def test_callbacks_must_begin_like_the_registered_one(wiki, handshake, registered, asked, accepted):
    consumer = wiki.register(callback=registered)
    answer = handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri=asked))
    assert answer.startswith(
        "oauth_token=" if accepted else "Error: oauth_callback must be set, and must be set to &quot;oob"
    )


def test_handshakes_that_fail_say_why(wiki, handshake):
    consumer = wiki.register()
    owner_only = wiki.owner_only("Alice")
    assert "E010" in handshake("initiate", OAuth1(*owner_only[:2], callback_uri="oob"))
    assert "E010" in json.loads(handshake("initiate", OAuth1(*owner_only[:2]), format="json"))["message"]
    asked = parse_qs(handshake("initiate", OAuth1(consumer.key, consumer.secret, callback_uri="oob")))
    token = (asked["oauth_token"][0], asked["oauth_token_secret"][0])
    early = OAuth1(consumer.key, consumer.secret, *token, verifier="x")
    assert handshake("token", early) == "Error: No token was found matching your request."
    wiki.authorize(token[0], "Alice")
    assert handshake("token", early) == "Error: The verification code provided was not valid."
    wiki.clock = lambda: time.time() + 601
    late = OAuth1Http(oauth=early).request(f"{wiki.index_uri}?title=Special:OAuth/token", "POST")[1]
    assert b"E004" in late
    with pytest.raises(KeyError):
        wiki.authorize("unknown", "Alice")
