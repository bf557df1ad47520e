"""Redirects: which hops are signed."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, ResponseLostError, SigningError

from ..servers import answer, in_turn
from .signed_requests import FORM, SECRETS, is_signed, nonce_of


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/there?b=2", "absolute"])
def test_each_hop_within_the_origin_is_signed_with_its_own_nonce(http, serve, code, location):
    server = serve(lambda r: answer() if r.target.startswith("/there") else answer(status=f"{code} x", Location=where))
    where = server.uri("/there?b=2") if location == "absolute" else location
    response, _ = http.request(server.uri("/here?a=1"))
    assert response.status == 200
    assert [each.target for each in server.received] == ["/here?a=1", "/there?b=2"]
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize(("code", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirected_post_is_signed_with_its_new_method_and_body(http, serve, code, method):
    """httplib2 keeps the form's Content-Type when a POST becomes a GET without a body."""
    server = serve(in_turn(answer(status=f"{code} x", Location="/there"), answer()))
    http.follow_all_redirects = True
    http.request(server.uri("/here"), "POST", "a=1", FORM)
    second = server.received[1]
    assert (second.method, second.body) == (method, b"a=1" if method == "POST" else b"")
    assert second.headers["content-type"] == FORM["Content-Type"]
    assert is_signed(second)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_redirect_to_another_port_is_not_signed(http, serve, host):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host=host)))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


def test_redirect_to_another_host_at_the_same_port_is_not_signed(http, serve):
    server = serve(lambda r: answer() if r.target == "/x" else answer(status="302 Found", Location=target))
    target = server.uri("/x", host="127.0.0.1")
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, False]


def test_redirect_codes_of_the_http_decide_what_is_followed(http, serve):
    """Frameworks set the attribute on the instance."""
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http.redirect_codes = frozenset({301})
    assert http.request(server.uri())[0].status == 302


def test_redirect_back_to_the_first_origin_is_signed_again(http, serve):
    away = serve(lambda _: answer(status="302 Found", Location=home.uri("/end")))
    home = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=away.uri("/")))
    http.request(home.uri("/start"))
    assert [is_signed(each) for each in home.received] == [True, True]
    assert [is_signed(each) for each in away.received] == [False]


@pytest.mark.parametrize("kind", ["mapping", "function"])
def test_redirect_to_a_host_with_credentials_of_its_own_is_signed(serve, oauth, kind):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host="127.0.0.1")))
    named = {"127.0.0.1": oauth}
    http = OAuth1Http(oauth=named if kind == "mapping" else lambda uri: named.get(uri.split("/")[2].split(":")[0]))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [False, True]


def test_redirect_from_http_to_https_on_the_same_host_is_signed(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, True]


def test_redirect_from_http_to_https_on_another_host_is_not_signed(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x", host="127.0.0.1")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, False]


@pytest.mark.parametrize("kind", ["one", "mapping", "function"])
def test_redirect_from_https_to_http_is_not_signed(serve, oauth, tls, ca_certs, kind):
    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    value = {"one": oauth, "mapping": {"localhost": oauth}, "function": lambda uri: oauth}[kind]
    OAuth1Http(ca_certs=ca_certs, oauth=value).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_redirect_from_https_to_http_that_a_framework_follows_is_not_signed(serve, oauth, tls, ca_certs):
    class FollowsItsOwnRedirects(OAuth1Http):
        def request(self, uri, *args, **kwargs):
            self.follow_redirects = False
            response, content = super().request(uri, *args, **kwargs)
            return self.request(response["location"]) if response.status == 302 else (response, content)

    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    FollowsItsOwnRedirects(ca_certs=ca_certs, oauth={"localhost": oauth}).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_redirect_back_to_http_after_https_is_not_signed(serve, oauth, tls, ca_certs):
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/end")), tls=tls)
    plain = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=secure.uri("/")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri("/start"))
    assert [is_signed(each) for each in plain.received] == [True, False]


def test_body_placement_error_after_a_redirected_post_raises_response_lost(serve):
    """The second hop was not sent, but the server may have acted on the first."""
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")
    with pytest.raises(ResponseLostError, match=r"was sent and answered \(303\).*AUTH_HEADER") as caught:
        OAuth1Http(oauth=oauth).request(server.uri(), "POST", "a=1", FORM)
    assert len(server.received) == 1
    assert caught.value.response["location"] == server.uri("/there")


def test_signing_error_after_a_redirect_reports_that_a_request_was_sent(serve, oauth):
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    credentials = iter([oauth, OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")])
    with pytest.raises(SigningError, match="was sent"):
        OAuth1Http(oauth=lambda uri: next(credentials)).request(server.uri())


def test_redirect_that_repeats_a_signed_query_loses_the_oauth_parameters(serve, tmp_path):
    """nginx redirects from http to https like this.

    If the parameters stayed, they would be sent twice, and a signature would be written to the cache.
    """
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


def test_redirect_that_repeats_only_oauth_parameters_loses_the_whole_query(serve):
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


def test_redirect_limit_can_be_a_positional_argument(http, serve):
    server = serve(lambda _: answer(status="302 Found", Location="/again"))
    with pytest.raises(httplib2.RedirectLimit):
        http.request(server.uri(), "GET", None, None, 2)
    assert len(server.received) == 3
