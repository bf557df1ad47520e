"""Redirects: which hops are signed."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, ResponseLostError, SigningError

from ..servers import answer, in_turn
from .signed_requests import FORM, SECRETS, is_signed, nonce_of


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/there?b=2", "absolute"])
def test_a_redirect_within_the_origin_is_signed_for_each_hop(http, serve, code, location):
    server = serve(lambda r: answer() if r.target.startswith("/there") else answer(status=f"{code} x", Location=where))
    where = server.uri("/there?b=2") if location == "absolute" else location
    response, _ = http.request(server.uri("/here?a=1"))
    assert response.status == 200
    assert [each.target for each in server.received] == ["/here?a=1", "/there?b=2"]
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize(("code", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_redirected_post_is_signed_as_what_it_becomes(http, serve, code, method):
    """Of a POST that becomes a GET the form's Content-Type is left over without a body."""
    server = serve(in_turn(answer(status=f"{code} x", Location="/there"), answer()))
    http.follow_all_redirects = True
    http.request(server.uri("/here"), "POST", "a=1", FORM)
    second = server.received[1]
    assert (second.method, second.body) == (method, b"a=1" if method == "POST" else b"")
    assert second.headers["content-type"] == FORM["Content-Type"]
    assert is_signed(second)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_to_another_port_is_not_signed(http, serve, host):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host=host)))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


def test_a_redirect_to_another_host_at_the_same_port_is_not_signed(http, serve):
    server = serve(lambda r: answer() if r.target == "/x" else answer(status="302 Found", Location=target))
    target = server.uri("/x", host="127.0.0.1")
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, False]


def test_redirect_codes_are_read_from_the_http(http, serve):
    """Frameworks set them from outside."""
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http.redirect_codes = frozenset({301})
    assert http.request(server.uri())[0].status == 302


def test_a_chain_that_comes_home_is_signed_again(http, serve):
    away = serve(lambda _: answer(status="302 Found", Location=home.uri("/end")))
    home = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=away.uri("/")))
    http.request(home.uri("/start"))
    assert [is_signed(each) for each in home.received] == [True, True]
    assert [is_signed(each) for each in away.received] == [False]


@pytest.mark.parametrize("kind", ["mapping", "function"])
def test_a_redirect_to_a_host_that_is_named_is_signed_for_it(serve, oauth, kind):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host="127.0.0.1")))
    named = {"127.0.0.1": oauth}
    http = OAuth1Http(oauth=named if kind == "mapping" else lambda uri: named.get(uri.split("/")[2].split(":")[0]))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [False, True]


def test_the_same_host_over_tls_counts_as_the_same(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, True]


def test_another_host_over_tls_does_not(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x", host="127.0.0.1")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, False]


@pytest.mark.parametrize("kind", ["one", "mapping", "function"])
def test_nothing_is_signed_from_https_to_http(serve, oauth, tls, ca_certs, kind):
    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    who = {"one": oauth, "mapping": {"localhost": oauth}, "function": lambda uri: oauth}[kind]
    OAuth1Http(ca_certs=ca_certs, oauth=who).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_nothing_is_signed_from_https_to_http_by_a_frameworks_own_redirects_either(serve, oauth, tls, ca_certs):
    class Cooperative(OAuth1Http):
        def request(self, uri, *args, **kwargs):
            self.follow_redirects = False
            response, content = super().request(uri, *args, **kwargs)
            return self.request(response["location"]) if response.status == 302 else (response, content)

    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    Cooperative(ca_certs=ca_certs, oauth={"localhost": oauth}).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_nothing_is_signed_from_http_over_https_to_http(serve, oauth, tls, ca_certs):
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/end")), tls=tls)
    plain = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=secure.uri("/")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri("/start"))
    assert [is_signed(each) for each in plain.received] == [True, False]


def test_an_error_after_a_redirect_says_that_something_was_sent(serve):
    """Nothing of this hop was; what was redirected may have been acted upon."""
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")
    with pytest.raises(ResponseLostError, match=r"was sent and answered \(303\).*AUTH_HEADER") as caught:
        OAuth1Http(oauth=oauth).request(server.uri(), "POST", "a=1", FORM)
    assert len(server.received) == 1
    assert caught.value.response["location"] == server.uri("/there")


def test_a_signing_error_after_a_redirect_says_that_something_was_sent(serve, oauth):
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    asked = iter([oauth, OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")])
    with pytest.raises(SigningError, match="was sent"):
        OAuth1Http(oauth=lambda uri: next(asked)).request(server.uri())


def test_a_redirect_that_echoes_a_signed_query_is_cleaned(serve, tmp_path):
    """nginx's way from http to https: the parameters would be sent twice, and a signature written to the cache."""
    server = serve(
        lambda r: (
            answer()
            if "/there" in r.target
            else answer(status="301 Moved", Location=r.target.replace("/here", "/there"), Cache_Control="max-age=600")
        )
    )
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY")
    OAuth1Http(str(tmp_path), oauth=oauth).request(server.uri("/here?a=1&b=?"))
    assert [is_signed(each) for each in server.received] == [True, True]
    assert server.received[1].target.startswith("/there?a=1&b=?&oauth_nonce=")
    assert server.received[1].target.count("oauth_signature=") == 1
    assert all(b"oauth_signature" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_redirect_that_echoes_a_query_of_ours_alone_loses_all_of_it(serve):
    server = serve(
        lambda r: (
            answer()
            if "/there" in r.target
            else answer(status="302 Found", Location=r.target.replace("/here", "/there"))
        )
    )
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY")
    OAuth1Http(oauth=oauth).request(server.uri("/here"))
    assert server.received[1].target.startswith("/there?oauth_nonce=")
    assert is_signed(server.received[1])


def test_redirects_may_be_renamed_and_given_by_position(http, serve):
    server = serve(lambda _: answer(status="302 Found", Location="/again"))
    with pytest.raises(httplib2.RedirectLimit):
        http.request(server.uri(), "GET", None, None, 2)
    assert len(server.received) == 3
