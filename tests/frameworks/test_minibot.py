"""OAuth in Pywikibot's httplib2 versions, for which minibot stands: login, logout, and an edit that is confirmed."""

import importlib.util
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, install, uninstall
from tests import reference
from tests.frameworks.recipes.pywikibot import http_for
from tests.servers import DROP, answer

MINIBOT = Path(__file__).parent / "minibot"


@pytest.fixture
def load(monkeypatch):
    """Import a new minibot under the name ``pywikibot``, which recipes import."""
    for name in [name for name in sys.modules if name.split(".")[0] == "pywikibot"]:
        monkeypatch.delitem(sys.modules, name)
    queues = []

    def package():
        for name in [name for name in sys.modules if name.split(".")[0] == "pywikibot"]:
            del sys.modules[name]
        spec = importlib.util.spec_from_file_location("pywikibot", MINIBOT / "__init__.py")
        sys.modules["pywikibot"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        http = importlib.import_module("pywikibot.comms.http")
        queues.append(http)
        site = importlib.import_module("pywikibot.site")
        module.config.retry_wait = 0
        return SimpleNamespace(
            config=module.config,
            http=http,
            threadedhttp=http.threadedhttp,
            api=site.api,
            APISite=site.APISite,
            NoUsername=site.NoUsername,
            FatalServerError=site.api.FatalServerError,
        )

    yield package
    for http in queues:
        http.end_threads()
    for name in [name for name in sys.modules if name.split(".")[0] == "pywikibot"]:
        del sys.modules[name]


def recipe(name):
    """Import a recipe again for each test, since it imports the framework of that test."""
    spec = importlib.util.spec_from_file_location(name, MINIBOT.parent / f"{name.replace('.', '/')}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mixed(bot, way):
    """Return a class of the framework's Http and ours."""
    bases = {
        "mixin in front": (OAuth1Mixin, bot.threadedhttp.Http),
        "mixin behind": (bot.threadedhttp.Http, OAuth1Mixin),
        "ours behind": (bot.threadedhttp.Http, OAuth1Http),
    }
    return type("Mixed", bases[way], {})


WAYS = ["mixin in front", "mixin behind", "ours behind", "imported over ours", "installed"]


@pytest.fixture
def start(load, monkeypatch):
    """Import the framework with our Http in its thread, in one of five ways."""

    def start(way, oauth=None):
        if way == "imported over ours":
            monkeypatch.setattr(httplib2, "Http", OAuth1Http)
        if way == "installed":
            install(OAuth1("of install"))
        bot = load()
        if way in ("imported over ours", "installed"):
            http = bot.http.threads[0].http
        else:
            http = mixed(bot, way)(cookiejar=bot.http.cookie_jar, connection_pool=bot.http.connection_pool)
            bot.http.threads[0].http = http
        http.oauth = oauth
        bot.own = http
        return bot

    yield start
    uninstall()


@pytest.fixture(params=WAYS)
def started(request, start):
    return lambda oauth=None: start(request.param, oauth)


def test_login_and_logout_over_oauth(wiki, alice, started):
    bot = started(alice)
    site = bot.APISite(wiki.api_uri, "Alice")
    assert site._userinfo is None
    site.login()
    assert (site._userinfo["name"], site._userinfo["groups"]) == ("Alice", ["*", "user", "autoconfirmed"])
    assert "anon" not in site._userinfo
    assert "edit" in site._userinfo["rights"]
    bot.own.oauth = None
    site.logout()
    assert site._userinfo["anon"] is True
    assert site._userinfo["name"] == "127.0.0.1"
    with pytest.raises(bot.NoUsername):
        site.login()
    bot.own.oauth = alice
    site.login()
    assert site._userinfo["name"] == "Alice"


def edit_and_confirm(bot, api_uri, title="User:Alice", number=0):
    """Log in, edit a page, and assert that the edit is the account's."""
    site = bot.APISite(api_uri, title.removeprefix("User:").partition("/")[0])
    site.login()
    text = f"Edit {number}: h\u00e9llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600"
    saved = site.edit(title, text, "a+b & c=d")
    seen = site.latest(title)
    assert (seen["revid"], seen["user"], seen["comment"]) == (saved, site.username, "a+b & c=d")
    assert seen["slots"]["main"]["content"] == text
    return site


@pytest.mark.parametrize("by_get", [False, True], ids=["by POST", "by GET"])
def test_an_edit_is_made_by_the_oauth_account(wiki, alice, started, by_get):
    bot = started(alice)
    bot.config.enable_GET_without_SSL = by_get
    site = edit_and_confirm(bot, wiki.api_uri)
    bot.own.oauth = None
    site._userinfo = None
    assert site.latest("User:Alice")["user"] == "Alice"
    # The signed requests also carried the framework's own cookies.
    assert {cookie.name for cookie in bot.http.cookie_jar} == {"UseDC"}


def test_on_a_recorded_wiki_it_does_what_it_did_on_the_real_one(signed_cassette, judge, start):
    """Log in, edit, confirm and log out. With ``--record``, the test uses the real wiki."""
    ways = WAYS[:4]
    for number, way in enumerate(ways):
        bot = start(way, signed_cassette.oauth)
        site = edit_and_confirm(bot, signed_cassette.api_uri, "User:Alice/minibot", number)
        bot.own.oauth = None
        site.logout()
        assert site._userinfo["anon"] is True
        with pytest.raises(bot.NoUsername):
            site.login()
        bot.own.close()
    if not signed_cassette.is_recording:
        assert signed_cassette.all_played
        # Four requests each (user, token, edit, page) are signed, and the wiki would accept them all.
        assert judge.verdicts == [None] * 4 * len(ways)


def test_on_a_real_wiki_it_logs_in_edits_and_logs_out(start):
    """Run only with secrets in the environment: unset and empty ones skip it."""
    index_uri, oauth = os.environ.get("OAUTH_WIKI", "").strip(), OAuth1.from_env()
    if not index_uri or oauth is None:
        pytest.skip("OAUTH_WIKI (the URI of an index.php) and OAUTH_TOKENS are not both set")
    bot = start("mixin in front", oauth)
    api_uri = f"{index_uri.removesuffix('index.php')}api.php"
    site = bot.APISite(api_uri)
    site.login()
    if os.environ.get("OAUTH_TEST_WRITE") == "1":
        edit_and_confirm(bot, api_uri, f"User:{site._userinfo['name']}/httplib2-oauthlib test")
    bot.own.oauth = None
    site.logout()
    assert site._userinfo["anon"] is True


def test_without_credentials_the_framework_works_as_before(wiki, started):
    bot = started()
    with pytest.raises(bot.NoUsername):
        bot.APISite(wiki.api_uri).login()
    assert [seen.user for seen in wiki.requests] == [None]


def test_the_wrong_user_is_noticed(wiki, started):
    bot = started(OAuth1(*wiki.owner_only("Bob")))
    with pytest.raises(bot.NoUsername, match="Bob"):
        bot.APISite(wiki.api_uri, "Alice").login()


def test_its_own_redirects_are_signed_for_the_origin_only(serve, started):
    elsewhere = serve()
    server = serve(lambda r: answer(status="303 See Other", Location={"/1": "/2"}.get(r.target, elsewhere.uri("/3"))))
    bot = started(OAuth1("client", "s", "token", "t"))
    bot.http.request(server.uri("/1"), "POST", "a=1")
    assert [each.target for each in server.received + elsewhere.received] == ["/1", "/2", "/3"]
    signed = [bool(reference.protocol_parameters(each)) for each in server.received + elsewhere.received]
    assert signed == [True, True, False]


def test_each_http_with_a_shared_pool_signs_its_own_requests(wiki, started):
    bot = started(OAuth1(*wiki.owner_only("Alice")))
    pool = bot.http.connection_pool
    second = type(bot.own)(connection_pool=pool)
    second.oauth = OAuth1(*wiki.owner_only("Bob"))
    for _ in range(3):
        for http in (bot.own, second):
            response, _ = http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")
            assert response.status == 200
    assert [seen.user for seen in wiki.requests] == ["Alice", "Bob"] * 3
    (idle,) = pool.connections.values()
    assert len(idle) == 1


# -- The API layer's loop


def loses_first_edit(wiki_store):
    """Return a handler that acts on each nonce once, and loses the response to the first edit."""
    nonces = set()

    def handler(received):
        nonce = reference.protocol_parameters(received)["oauth_nonce"]
        if nonce in nonces:
            body = '{"error": {"code": "mwoauth-invalid-authorization", "info": "The authorization headers in your'
            return answer(
                body + ' request are not valid: Nonce already used"}}',
                MediaWiki_API_Error="mwoauth-invalid-authorization",
                Content_Type="application/json",
            )
        nonces.add(nonce)
        wiki_store.append(received.target)
        return DROP if len(wiki_store) == 1 else answer('{"edit": {"newrevid": 1}}')

    return handler


EDIT = {"action": "edit", "title": "A", "text": "b", "token": "+\\"}


def test_its_retries_after_a_lost_response_make_no_second_edit(serve, started):
    made = []
    server = serve(loses_first_edit(made))
    bot = started(OAuth1("client", "s", "token", "t"))
    bot.config.max_retries = 3
    with pytest.raises(bot.api.TimeoutError) as caught:
        bot.api.Request(server.uri("/api.php"), **EDIT).submit()
    assert len(made) == 1
    assert type(caught.value.__cause__).__name__ == "ResponseLostError"


def test_a_query_whose_response_was_lost_is_repeated_with_a_new_nonce(serve, started):
    made = []
    server = serve(loses_first_edit(made))
    bot = started(OAuth1("client", "s", "token", "t"))
    bot.config.max_retries = 3
    assert bot.api.Request(server.uri("/api.php"), action="query", meta="userinfo").submit()["edit"]
    assert len(made) == 2


def test_the_recipe_stops_the_bot_at_once_after_a_lost_response(serve, load):
    made = []
    server = serve(loses_first_edit(made))
    bot = load()
    recipe("recipes.pywikibot_threads").sign_all(OAuth1("client", "s", "token", "t"))
    with pytest.raises(bot.FatalServerError, match="the server has seen the first") as caught:
        bot.api.Request(server.uri("/api.php"), **EDIT).submit()
    assert len(made) == 1
    # A program that has checked makes the edit again.
    bot.http.threads[0].http.forget_unanswered(caught.value.__cause__)
    assert bot.api.Request(server.uri("/api.php"), **EDIT).submit()["edit"]
    assert len(made) == 2


def test_the_recipe_stops_the_bot_at_once_after_three_values(serve, load):
    server = serve()
    bot = load()
    bot.config.authenticate[f"localhost:{server.port}"] = FOUR[:3]
    recipe("recipes.pywikibot_threads").sign_all()
    with pytest.raises(bot.FatalServerError, match="Pass 4 values"):
        bot.api.Request(server.uri("/api.php"), **EDIT).submit()
    assert not server.received


# -- The other recipes


def test_the_recipe_with_install_signs_what_pywikibot_makes_at_import(wiki, alice, load):
    load()
    # The framework is there, and its module with the Http isn't imported yet.
    for name in [name for name in sys.modules if name.startswith("pywikibot.comms")]:
        del sys.modules[name]
    del sys.modules["pywikibot"].comms
    try:
        http = recipe("recipes.pywikibot_install").import_signed(wiki.server.removeprefix("http://"), alice)
        assert '"Alice"' in http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")
        http.end_threads()
    finally:
        uninstall()


def test_the_recipe_logs_out_with_four_values_in_authenticate(wiki, load):
    bot = load()
    host = wiki.server.removeprefix("http://")
    bot.config.authenticate[host] = wiki.owner_only("Alice")
    recipe("recipes.pywikibot_threads").sign_all()
    site = edit_and_confirm(bot, wiki.api_uri)
    bot.http.threads[0].http.oauth = None
    site.logout()
    assert site._userinfo["name"] == "Alice"
    recipe("recipes.pywikibot_logout").log_out(host)
    site.logout()
    assert site._userinfo["anon"] is True


def test_the_recipe_records_and_replays_and_goes_on_afterwards(wiki, alice, load, tmp_path):
    bot = load()
    recipe("recipes.pywikibot_threads").sign_all(alice)
    ours = recipe("recipes.pywikibot_tests")
    for mode in ("once", "none"):
        with ours.cassette(tmp_path / "bot.yaml", alice, mode):
            edit_and_confirm(bot, wiki.api_uri)
    assert len(wiki.requests) == 4
    assert bot.config.max_retries == 25
    edit_and_confirm(bot, wiki.api_uri, number=1)
    assert len(wiki.requests) == 8


# -- Pywikibot's configuration


BASIC = 'Basic realm="r"'
FOUR = ("client", "client-secret", "token", "token-secret")


def asks_for_basic(received):
    if received.headers.get("authorization", "").startswith("Basic "):
        return answer(received.headers["authorization"])
    return answer("", "401 Unauthorized", WWW_Authenticate=BASIC)


def test_four_values_in_its_configuration_sign_that_host_only(wiki, serve, started):
    elsewhere = serve()
    bot = started()
    bot.config.authenticate[wiki.server.removeprefix("http://")] = wiki.owner_only("Alice")
    site = bot.APISite(wiki.api_uri, "Alice")
    for _ in range(2):
        site.login()
        bot.http.request(elsewhere.uri())
    assert [seen.user for seen in wiki.requests] == ["Alice"] * 2
    assert not any("authorization" in received.headers for received in elsewhere.received)
    assert isinstance(bot.own.credentials, httplib2.Credentials)
    assert not bot.own.credentials.credentials


def test_four_values_in_its_configuration_work_beside_a_function(wiki, started):
    bot = started(lambda uri: None)
    bot.config.authenticate[wiki.server.removeprefix("http://")] = wiki.owner_only("Alice")
    for _ in range(2):
        bot.APISite(wiki.api_uri, "Alice").login()
    assert [seen.user for seen in wiki.requests] == ["Alice"] * 2


def test_two_values_in_its_configuration_are_a_password(wiki, serve, started):
    server = serve(asks_for_basic)
    bot = started()
    bot.config.authenticate[f"localhost:{server.port}"] = ("user", "pw")
    bot.config.authenticate[wiki.server.removeprefix("http://")] = wiki.owner_only("Alice")
    bot.APISite(wiki.api_uri, "Alice").login()
    assert bot.http.request(server.uri()) == "Basic dXNlcjpwdw=="
    bot.APISite(wiki.api_uri, "Alice").login()
    assert [received.headers.get("authorization") for received in server.received] == [None, "Basic dXNlcjpwdw=="]


def test_its_own_redirect_to_another_configured_host_is_signed_for_that_host(serve, started):
    """Its ``request()`` calls itself and adds the second host's credentials from the configuration."""
    second = serve()
    first = serve(lambda _: answer(status="302 Found", Location=second.uri("/2")))
    bot = started()
    bot.config.authenticate[f"localhost:{first.port}"] = ("first", "f-secret", "token-1", "t-secret")
    bot.config.authenticate[f"localhost:{second.port}"] = ("second", "s-secret", "token-2", "t-secret")
    bot.http.request(first.uri("/1"))
    keys = [reference.protocol_parameters(each)["oauth_consumer_key"] for each in (*first.received, *second.received)]
    assert keys == ["first", "second"]
    assert reference.is_valid(second.received[0], reference.Secrets("s-secret", "t-secret"))


def test_the_recipe_signs_one_host_and_answers_the_other(serve, guarded):
    ours, theirs = guarded(), serve(asks_for_basic)
    authenticate = {f"localhost:{ours.port}": FOUR, f"localhost:{theirs.port}": ("user", "pw")}
    http_for(f"localhost:{ours.port}", authenticate).request(ours.uri())
    response, _ = http_for(f"localhost:{theirs.port}", authenticate).request(theirs.uri())
    assert not ours.guard.refused
    assert (response.status, len(theirs.received)) == (200, 2)
    assert "authorization" not in theirs.received[0].headers


@pytest.mark.parametrize("way", WAYS[:3])
def test_added_values_are_cleared_wherever_the_mixin_stands(load, way):
    http = mixed(load(), way)()
    http.add_credentials(*FOUR, domain="b.example")
    http.clear_credentials()
    assert http.oauth is None
