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
    assert {cookie.name for cookie in site.http.cookies} == {"UseDC", "UseCDNCache"}


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


# -- add_credentials, called by the program itself


FOUR = ("client", "client-secret", "token", "token-secret")


@pytest.mark.parametrize("by", ["name", "position"])
def test_four_values_with_a_domain_sign_for_that_host(serve, by):
    server = serve()
    http = OAuth1Http(timeout=10)
    if by == "name":
        http.add_credentials(*FOUR, domain="localhost")
    else:
        http.add_credentials(*FOUR, "localhost")
    assert http.oauth == {"localhost": OAuth1(*FOUR)}
    for host in ("localhost", "127.0.0.1"):
        http.request(server.uri(host=host))
    assert [bool(reference.protocol_parameters(each)) for each in server.received] == [True, False]


def test_the_recipe_signs_one_host_and_answers_the_other(serve, guarded):
    ours, theirs = guarded(), serve(asks_for_basic)
    authenticate = {f"localhost:{ours.port}": FOUR, f"localhost:{theirs.port}": ("user", "pw")}
    http_for(f"localhost:{ours.port}", authenticate).request(ours.uri())
    response, _ = http_for(f"localhost:{theirs.port}", authenticate).request(theirs.uri())
    assert not ours.guard.refused
    assert (response.status, len(theirs.received)) == (200, 2)
    assert "authorization" not in theirs.received[0].headers


def test_four_values_without_a_domain_sign_each_request_of_the_program(serve):
    http = OAuth1Http(timeout=10)
    http.add_credentials(*FOUR)
    assert http.oauth == OAuth1(*FOUR)
    http.add_credentials("other", "o", "token", "t")
    assert http.oauth == OAuth1("other", "o", "token", "t")


def test_several_hosts_are_added_without_changing_the_callers_mapping():
    given = {"a.example": OAuth1("a")}
    http = OAuth1Http(oauth=given)
    http.add_credentials(*FOUR, domain="b.example")
    http.add_credentials(*FOUR, domain="b.example")
    assert http.oauth == {"a.example": OAuth1("a"), "b.example": OAuth1(*FOUR)}
    assert given == {"a.example": OAuth1("a")}


@pytest.mark.parametrize(
    ("former", "domain"),
    [
        (OAuth1("canary"), "b.example"),
        (lambda uri: None, "b.example"),
        (lambda uri: None, ""),
        ({"a": OAuth1("a")}, ""),
    ],
    ids=["one", "function", "function for all", "mapping for all"],
)
def test_four_values_that_conflict_with_oauth_are_an_error(former, domain):
    http = OAuth1Http(oauth=former)
    with pytest.raises(ValueError, match=r"set http\.oauth to a mapping of hosts") as caught:
        http.add_credentials(*FOUR, domain=domain)
    assert http.oauth is former
    assert "secret" not in str(caught.value)


def test_adding_the_same_values_again_changes_nothing():
    http = OAuth1Http(oauth=OAuth1(*FOUR))
    http.add_credentials(*FOUR)
    http.add_credentials(*FOUR, domain="a.example")
    assert http.oauth == OAuth1(*FOUR)


@pytest.mark.parametrize("wrong", [FOUR[:1], (*FOUR, "d", "e")])
def test_any_other_number_of_values_is_an_error(wrong):
    with pytest.raises(TypeError):
        OAuth1Http().add_credentials(*wrong)


@pytest.mark.parametrize("more", [{"domain": "e.example"}, {"realm": "r"}])
def test_a_second_domain_or_an_unknown_argument_is_an_error(more):
    with pytest.raises(TypeError, match="takes 2 or 4 strings and a domain"):
        OAuth1Http().add_credentials(*FOUR, "d.example", **more)


def test_a_domain_that_is_added_within_a_request_is_respected(serve):
    class Adds(OAuth1Mixin, httplib2.Http):
        def request(self, uri, *args, **kwargs):
            self.add_credentials(*FOUR, domain="other.example")
            return super().request(uri, *args, **kwargs)

    server = serve()
    http = Adds(timeout=10)
    http.request(server.uri())
    assert list(http.oauth) == ["other.example"]
    assert "authorization" not in server.received[0].headers


def test_two_values_in_any_form_are_passed_to_httplib2():
    http = OAuth1Http()
    http.add_credentials("user", "pw")
    http.add_credentials("user", "pw", "a.example")
    http.add_credentials(name="user", password="pw", domain="b.example")
    assert [domain for domain, *_ in http.credentials.credentials] == ["", "a.example", "b.example"]
    assert http.oauth is None


def test_only_added_values_are_cleared_with_the_passwords():
    http = OAuth1Http(oauth={"a.example": OAuth1("a")})
    http.add_credentials(*FOUR, domain="b.example")
    http.clear_credentials()
    assert http.oauth == {"a.example": OAuth1("a")}
    http.oauth = None
    http.add_credentials(*FOUR, domain="b.example")
    http.close()
    assert http.oauth is None
    http.add_credentials(*FOUR)
    http.clear_credentials()
    assert http.oauth is None
    for given in (OAuth1(*FOUR), {"b.example": OAuth1(*FOUR)}):
        http.oauth = given
        http.add_credentials(*FOUR, domain="b.example")
        http.close()
        assert http.oauth == given


def test_an_oauth_that_was_set_afterwards_is_not_cleared():
    http = OAuth1Http()
    http.add_credentials(*FOUR)
    http.oauth = OAuth1("other")
    http.clear_credentials()
    assert http.oauth == OAuth1("other")


@pytest.mark.parametrize("swapped", [MixinInFront, MixinBehind, OursBehind])
def test_added_values_are_cleared_wherever_the_mixin_stands(swapped):
    http = swapped()
    http.add_credentials(*FOUR, domain="b.example")
    http.clear_credentials()
    assert http.oauth is None


def test_values_added_at_every_hop_do_not_sign_a_redirect_to_another_host(serve):
    """The framework adds the same four values for every request."""
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/", host="127.0.0.1")))

    class Adds(OAuth1Mixin, httplib2.Http):
        def request(self, uri, *args, **kwargs):
            self.add_credentials(*FOUR)
            return super().request(uri, *args, **kwargs)

    http = Adds(timeout=10)
    http.request(server.uri())
    assert reference.protocol_parameters(server.received[0])["oauth_consumer_key"] == "client"
    assert "authorization" not in elsewhere.received[0].headers
    assert list(http.oauth) == [f"localhost:{server.port}"]


@pytest.mark.parametrize("domain", ["https://en.example", "a b", "b\u00fccher.example", "::1", "en.example."])
def test_a_domain_that_can_never_match_is_refused(domain):
    with pytest.raises(ValueError, match="must be a host or a pattern"):
        OAuth1Http().add_credentials(*FOUR, domain=domain)


def test_a_domain_that_is_not_a_str_is_refused():
    with pytest.raises(ValueError, match="must be a host or a pattern"):
        OAuth1Http().add_credentials(*FOUR, 5)


def test_a_domain_may_be_written_in_capitals(serve):
    http = OAuth1Http()
    http.add_credentials(*FOUR, domain="*.Example.ORG:8080")
    assert list(http.oauth) == ["*.example.org:8080"]


def test_a_framework_keeps_its_own_meaning_of_four_values():
    class WithRealm(httplib2.Http):
        def add_credentials(self, name, password, domain="", realm=""):
            self.realm = realm
            super().add_credentials(name, password, domain)

    class Swapped(WithRealm, OAuth1Http):
        pass

    http = Swapped()
    http.add_credentials("user", "pw", "host", "realm")
    assert (http.realm, http.oauth) == ("realm", None)
