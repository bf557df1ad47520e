"""OAuth swapped into a framework with an Http of its own: login and logout, an edit made and confirmed."""

import importlib.util

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin
from tests import reference
from tests.frameworks import minibot
from tests.servers import answer


class MixinInFront(OAuth1Mixin, minibot.Http):
    pass


class MixinBehind(minibot.Http, OAuth1Mixin):
    pass


class OursBehind(minibot.Http, OAuth1Http):
    pass


def imported_over_ours(monkeypatch):
    """The framework as it is when ``httplib2.Http = OAuth1Http`` was said before it was imported."""
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


def test_an_edit_is_confirmed_to_be_the_oauth_accounts(wiki, alice, make_http):
    site = minibot.APISite(wiki.api_uri, make_http(alice), "Alice")
    site.login()
    title = f"User:{site._userinfo['name']}"
    text = "Signed: h\u00e9llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600"
    saved = site.edit(title, text, "a+b & c=d")
    seen = minibot.APISite(wiki.api_uri, make_http()).latest(title)
    assert (seen["revid"], seen["user"], seen["comment"]) == (saved, "Alice", "a+b & c=d")
    assert seen["slots"]["main"]["content"] == text
    # Its own cookies went along, signed requests and all.
    assert {cookie.name for cookie in site.http.cookies} == {"UseDC", "UseCDNCache"}


def test_on_a_recorded_wiki_it_does_what_it_did_on_the_real_one(signed_cassette, judge, monkeypatch):
    """Log in, edit, confirm, log out; with ``--record`` on the real one."""
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
        # Who they are, a token, an edit, the page: signed, and nothing that the wiki would refuse.
        assert judge.verdicts == [None] * 4 * len(kinds)


def test_without_credentials_it_is_the_framework_as_ever(wiki, make_http):
    site = minibot.APISite(wiki.api_uri, make_http())
    with pytest.raises(minibot.NoUsername):
        site.login()
    assert [seen.user for seen in wiki.requests] == [None]


def test_the_wrong_user_is_noticed(wiki, make_http):
    site = minibot.APISite(wiki.api_uri, make_http(OAuth1(*wiki.owner_only("Bob"))), "Alice")
    with pytest.raises(minibot.NoUsername, match="Bob"):
        site.login()


def test_its_own_redirects_sign_the_origin_and_no_other(serve, make_http):
    elsewhere = serve()
    server = serve(lambda r: answer(status="302 Found", Location={"/1": "/2"}.get(r.target, elsewhere.uri("/3"))))
    make_http(OAuth1("client", "s", "token", "t")).request(server.uri("/1"), "POST", "a=1", {})
    assert [each.target for each in server.received + elsewhere.received] == ["/1", "/2", "/3"]
    signed = [bool(reference.protocol_parameters(each)) for each in server.received + elsewhere.received]
    assert signed == [True, True, False]


def test_its_pool_is_shared_and_every_request_signed_by_its_own_http(wiki, make_http):
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
