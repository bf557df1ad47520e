"""OAuth in a framework that has its own Http class: login and logout, and an edit that is confirmed."""

import importlib.util

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin
from tests import reference
from tests.frameworks import minibot, minibot_config
from tests.frameworks.recipes.pywikibot import http_for
from tests.servers import answer


class MixinInFront(OAuth1Mixin, minibot.Http):
    pass


class MixinBehind(minibot.Http, OAuth1Mixin):
    pass


class OursBehind(minibot.Http, OAuth1Http):
    pass


def imported_over_ours(monkeypatch):
    """Return the framework's Http if ``httplib2.Http = OAuth1Http`` runs before its import."""
    monkeypatch.setattr(httplib2, "Http", OAuth1Http)
    spec = importlib.util.spec_from_file_location("minibot_over_ours", minibot.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert issubclass(module.Http, OAuth1Http)
    return module.Http


@pytest.fixture(params=["mixin in front", "mixin behind", "ours behind", "imported over ours"])
def make_http(request, monkeypatch):
    classes = {"mixin in front": MixinInFront, "mixin behind": MixinBehind, "ours behind": OursBehind}
    swapped = classes.get(request.param) or imported_over_ours(monkeypatch)

    def make(oauth=None):
        http = swapped(timeout=10)
        http.oauth = oauth
        return http

    return make


def test_login_and_logout_over_oauth(wiki, alice, make_http):
    site = minibot.APISite(wiki.api_uri, make_http(alice), "Alice")
    assert site._userinfo is None
    site.login()
    assert (site._userinfo["name"], site._userinfo["groups"]) == ("Alice", ["*", "user", "autoconfirmed"])
    assert "anon" not in site._userinfo
    assert "edit" in site._userinfo["rights"]
    site.http.oauth = None
    site.logout()
    assert site._userinfo["anon"] is True
    assert site._userinfo["name"] == "127.0.0.1"
    with pytest.raises(minibot.NoUsername):
        site.login()
    site.http.oauth = alice
    site.login()
    assert site._userinfo["name"] == "Alice"


def test_an_edit_is_made_by_the_oauth_account(wiki, alice, make_http):
    site = minibot.APISite(wiki.api_uri, make_http(alice), "Alice")
    site.login()
    title = f"User:{site._userinfo['name']}"
    text = "Signed: h\u00e9llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600"
    saved = site.edit(title, text, "a+b & c=d")
    seen = minibot.APISite(wiki.api_uri, make_http()).latest(title)
    assert (seen["revid"], seen["user"], seen["comment"]) == (saved, "Alice", "a+b & c=d")
    assert seen["slots"]["main"]["content"] == text
    # The signed requests also carried the framework's own cookies.
    assert {cookie.name for cookie in site.http.cookies} == {"UseDC"}


def test_on_a_recorded_wiki_it_does_what_it_did_on_the_real_one(signed_cassette, judge, monkeypatch):
    """Log in, edit, confirm and log out. With ``--record``, the test uses the real wiki."""
    kinds = [lambda: MixinInFront, lambda: MixinBehind, lambda: OursBehind, lambda: imported_over_ours(monkeypatch)]
    for number, kind in enumerate(kinds):
        http = kind()(timeout=10)
        http.oauth = signed_cassette.oauth
        site = minibot.APISite(signed_cassette.api_uri, http, "Alice")
        site.login()
        title, text = "User:Alice/minibot", f"Edit {number}: h\u00e9llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600"
        saved = site.edit(title, text, "a+b & c=d")
        seen = site.latest(title)
        assert (seen["revid"], seen["user"], seen["comment"]) == (saved, "Alice", "a+b & c=d")
        assert seen["slots"]["main"]["content"] == text
        http.oauth = None
        site.logout()
        assert site._userinfo["anon"] is True
        with pytest.raises(minibot.NoUsername):
            site.login()
        http.close()
    if not signed_cassette.is_recording:
        assert signed_cassette.all_played
        # Four requests each (user, token, edit, page) are signed, and the wiki would accept them all.
        assert judge.verdicts == [None] * 4 * len(kinds)


def test_without_credentials_the_framework_works_as_before(wiki, make_http):
    site = minibot.APISite(wiki.api_uri, make_http())
    with pytest.raises(minibot.NoUsername):
        site.login()
    assert [seen.user for seen in wiki.requests] == [None]


def test_the_wrong_user_is_noticed(wiki, make_http):
    site = minibot.APISite(wiki.api_uri, make_http(OAuth1(*wiki.owner_only("Bob"))), "Alice")
    with pytest.raises(minibot.NoUsername, match="Bob"):
        site.login()


def test_its_own_redirects_are_signed_for_the_origin_only(serve, make_http):
    elsewhere = serve()
    server = serve(lambda r: answer(status="302 Found", Location={"/1": "/2"}.get(r.target, elsewhere.uri("/3"))))
    make_http(OAuth1("client", "s", "token", "t")).request(server.uri("/1"), "POST", "a=1", {})
    assert [each.target for each in server.received + elsewhere.received] == ["/1", "/2", "/3"]
    signed = [bool(reference.protocol_parameters(each)) for each in server.received + elsewhere.received]
    assert signed == [True, True, False]


def test_each_http_with_a_shared_pool_signs_its_own_requests(wiki, make_http):
    pool = minibot.ConnectionPool()
    sites = []
    for name in ("Alice", "Bob"):
        http = make_http(OAuth1(*wiki.owner_only(name)))
        http.pool = pool
        sites.append(minibot.APISite(wiki.api_uri, http, name))
    for _ in range(3):
        for site in sites:
            site.login()
    assert [seen.user for seen in wiki.requests] == ["Alice", "Bob"] * 3
    (idle,) = pool._idle.values()
    assert len(idle) == 1


# -- Pywikibot's configuration


BASIC = 'Basic realm="r"'
FOUR = ("client", "client-secret", "token", "token-secret")


@pytest.fixture
def authenticate(monkeypatch):
    monkeypatch.setattr(minibot_config, "authenticate", {})
    return minibot_config.authenticate


def asks_for_basic(received):
    if received.headers.get("authorization", "").startswith("Basic "):
        return answer(received.headers["authorization"])
    return answer("", "401 Unauthorized", WWW_Authenticate=BASIC)


def test_four_values_in_its_configuration_sign_that_host_only(wiki, serve, make_http, authenticate):
    elsewhere = serve()
    authenticate[wiki.server.removeprefix("http://")] = wiki.owner_only("Alice")
    http = make_http()
    site = minibot.APISite(wiki.api_uri, http, "Alice")
    for _ in range(2):
        site.login()
        http.request(elsewhere.uri())
    assert [seen.user for seen in wiki.requests] == ["Alice"] * 2
    assert not any("authorization" in received.headers for received in elsewhere.received)
    assert isinstance(http.credentials, httplib2.Credentials)
    assert not http.credentials.credentials


def test_two_values_in_its_configuration_are_a_password(wiki, serve, make_http, authenticate):
    server = serve(asks_for_basic)
    authenticate[f"localhost:{server.port}"] = ("user", "pw")
    authenticate[wiki.server.removeprefix("http://")] = wiki.owner_only("Alice")
    http = make_http()
    minibot.APISite(wiki.api_uri, http, "Alice").login()
    assert http.request(server.uri())[1] == b"Basic dXNlcjpwdw=="
    minibot.APISite(wiki.api_uri, http, "Alice").login()
    assert [received.headers.get("authorization") for received in server.received] == [None, "Basic dXNlcjpwdw=="]


def test_its_own_redirect_to_another_configured_host_is_signed_for_that_host(serve, make_http, authenticate):
    """Its ``request()`` calls itself and adds the second host's credentials from the configuration."""
    second = serve()
    first = serve(lambda _: answer(status="302 Found", Location=second.uri("/2")))
    authenticate[f"localhost:{first.port}"] = ("first", "f-secret", "token-1", "t-secret")
    authenticate[f"localhost:{second.port}"] = ("second", "s-secret", "token-2", "t-secret")
    make_http().request(first.uri("/1"))
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


@pytest.mark.parametrize("swapped", [MixinInFront, MixinBehind, OursBehind])
def test_added_values_are_cleared_wherever_the_mixin_stands(swapped):
    http = swapped()
    http.add_credentials(*FOUR, domain="b.example")
    http.clear_credentials()
    assert http.oauth is None
