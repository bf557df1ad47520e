"""``add_credentials()`` with the four values of OAuth, called by a program or a framework."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, SigningError, mediawiki
from tests import reference
from tests.servers import answer

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


@pytest.mark.parametrize(
    ("third", "more"),
    [
        ("0123456789abcdef0123456789abcdef", {}),
        ("to/ken", {}),
        ("canary", {"domain": "a.example"}),
        # MediaWiki shows a JWT as the third value of an OAuth 2.0 client.
        (f"eyJ0eXAiOiJKV1QifQ.eyJ{'aA0' * 40}.{'bB1' * 28}", {}),
    ],
    ids=["like a token", "not a host", "beside a domain", "of OAuth 2.0"],
)
def test_three_values_that_are_no_password_for_a_domain_are_refused(third, more):
    http = OAuth1Http()
    with pytest.raises(SigningError, match="Pass 4 values to sign") as caught:
        http.add_credentials("client", "client-secret", third, **more)
    assert "secret," in str(caught.value)
    assert "OAuth 2.0" in str(caught.value)
    assert "client-secret" not in str(caught.value)
    assert third not in str(caught.value)
    assert not http.credentials.credentials


class AddsInRequest(OAuth1Mixin, httplib2.Http):
    """Like Pywikibot's Http, which adds the values of a host in each request."""

    values: tuple[str, ...] = FOUR

    def request(self, uri, *args, **kwargs):
        self.add_credentials(*self.values)
        return super().request(uri, *args, **kwargs)


def test_three_values_for_the_host_of_a_request_are_refused_before_it_is_sent(serve):
    server = serve()
    http = AddsInRequest(timeout=10)
    http.values = FOUR[:3]
    with pytest.raises(SigningError, match="In Pywikibot, correct the entry"):
        http.request(server.uri())
    assert not server.received
    http.values = ("user", "pw", "localhost")
    http.request(server.uri())
    assert len(server.received) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_function_comes_before_four_values_that_a_framework_adds(serve, host):
    """The function selects the credentials of one host. The four values are for hosts for which it returns None."""

    def select(uri):
        return OAuth1("of function") if "//localhost" in uri else None

    server = serve()
    http = AddsInRequest(timeout=10, oauth=select)
    for _ in range(2):
        http.request(server.uri(host=host))
    keys = [reference.protocol_parameters(each)["oauth_consumer_key"] for each in server.received]
    assert keys == ["of function" if host == "localhost" else "client"] * 2
    http.clear_credentials()
    assert http.oauth is select


def test_a_restricted_function_beside_four_values_signs_no_other_host(serve):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/w/api.php", host="127.0.0.1")))
    http = AddsInRequest(timeout=10, oauth=mediawiki.api_only(OAuth1("of function")))
    http.request(server.uri("/w/api.php"))
    assert reference.protocol_parameters(server.received[0])["oauth_consumer_key"] == "of function"
    assert "authorization" not in elsewhere.received[0].headers


def test_four_values_for_several_hosts_are_added_beside_a_function(serve):
    server = serve()
    http = AddsInRequest(timeout=10, oauth=lambda uri: None)
    for host in ("localhost", "127.0.0.1", "localhost"):
        http.request(server.uri(host=host))
    assert all(map(reference.protocol_parameters, server.received))


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


def test_values_added_beside_a_function_do_not_sign_a_redirect_to_another_host(serve):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/", host="127.0.0.1")))
    AddsInRequest(timeout=10, oauth=lambda uri: None).request(server.uri())
    assert reference.protocol_parameters(server.received[0])["oauth_consumer_key"] == "client"
    assert "authorization" not in elsewhere.received[0].headers


@pytest.mark.parametrize("domain", ["https://en.example", "a b", "en.*.org", "::1", "en.example."])
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


def test_a_domain_may_be_an_international_name():
    http = OAuth1Http()
    http.add_credentials(*FOUR, domain="b\u00fccher.example")
    assert list(http.oauth) == ["xn--bcher-kva.example"]


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
