"""Requests that already have an Authorization header: they keep it and are not signed."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from ..servers import answer, in_turn
from .handlers import per_user


@pytest.mark.parametrize("name", ["Authorization", "authorization", b"authorization"])
def test_authorization_header_of_the_caller_is_kept(http, serve, name):
    server = serve()
    http.request(server.uri(), headers={name: "Bearer x"})
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_authorization_that_a_framework_adds_in_conn_request_is_kept(serve, oauth):
    class Framework(OAuth1Mixin, httplib2.Http):
        pass

    class Base(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            return super()._conn_request(conn, request_uri, method, body, {**headers, "authorization": "Bearer x"})

    class Swapped(OAuth1Mixin, Base):
        pass

    server = serve()
    Swapped(oauth=oauth).request(server.uri())
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_redirect_of_a_request_with_own_authorization_is_not_signed(http, serve):
    """httplib2 removes the header from the redirected request. A signature must not replace it."""
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http.request(server.uri(), headers={"Authorization": "Bearer x"})
    assert "authorization" not in server.received[1].headers


class HeadersWithItemsOnly:
    """Headers like those of werkzeug and wsgiref, which have items() and aren't a Mapping."""

    def items(self):
        return [("Authorization", "Bearer x")]


class AddsAuthorizationInRequest(OAuth1Mixin, httplib2.Http):
    def request(self, uri, method="GET", body=None, headers=None, *args, **kwargs):
        headers = {"authorization": "Bearer x", **(headers or {})}
        return super().request(uri, method, body, headers, *args, **kwargs)


@pytest.mark.parametrize(
    ("swapped", "headers"), [(OAuth1Http, HeadersWithItemsOnly()), (AddsAuthorizationInRequest, None)]
)
def test_own_authorization_is_detected_in_every_type_of_headers(serve, oauth, cache, swapped, headers):
    server = serve(lambda r: answer(status="302 Found", Location="/there") if r.target == "/" else per_user(r))
    http = swapped(cache, oauth=oauth)
    http.request(server.uri(), headers=headers)
    assert [each.headers.get("authorization", "")[:6] for each in server.received] in (
        ["Bearer", ""],
        ["Bearer", "Bearer"],
    )
    assert OAuth1Http(cache, oauth=oauth).request(server.uri("/there"))[1] == b"token"


class AddsAuthorizationInInnerRequest(httplib2.Http):
    """Adds the header in _request(), to the dict that httplib2 passes on, as lazr.restfulclient does."""

    def _request(self, conn, host, absolute_uri, request_uri, method, body, headers, redirections, cachekey):
        if absolute_uri.endswith("/"):
            headers["authorization"] = "Bearer x"
        arguments = (conn, host, absolute_uri, request_uri, method, body, headers, redirections, cachekey)
        return super()._request(*arguments)


class MixinOverInnerRequest(OAuth1Mixin, AddsAuthorizationInInnerRequest):
    pass


def test_authorization_that_a_framework_adds_in_inner_request_is_kept(serve, oauth):
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    MixinOverInnerRequest(oauth=oauth).request(server.uri())
    assert [each.headers.get("authorization") for each in server.received] == ["Bearer x", None]


def test_own_authorization_does_not_read_the_cache_entry_of_the_user(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    assert http.request(server.uri())[1] == b"token"
    assert http.request(server.uri(), headers={"authorization": "Bearer x"})[1] == b"anonymous"


def test_response_to_basic_credentials_is_not_cached_for_the_user(serve, cache, oauth):
    def handler(received):
        if received.headers.get("authorization", "").startswith("Basic"):
            return answer("bob", Cache_Control="max-age=600", Date=httplib2.email.utils.formatdate(usegmt=True))
        return (
            answer("no", "401 Unauthorized", WWW_Authenticate='Basic realm="x"')
            if len(server.received) == 1
            else per_user(received)
        )

    server = serve(handler)
    http = OAuth1Http(cache, oauth=oauth)
    http.add_credentials("bob", "password")
    assert http.request(server.uri())[1] == b"bob"
    assert OAuth1Http(cache, oauth=oauth).request(server.uri())[1] == b"token"


def test_response_to_own_authorization_is_not_cached_for_the_user(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    http.request(server.uri(), headers={"Authorization": "Bearer another-user"})
    assert http.request(server.uri())[1] == b"token"
