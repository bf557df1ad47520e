"""OAuth1Mixin and OAuth1Http in a class hierarchy of a framework."""

import functools

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from ..servers import answer, in_turn
from .framework_classes import COMBINATIONS, FrameworkHttp, MixinBehind, MixinInFront
from .signed_requests import FORM, is_signed


def test_the_arguments_are_httplib2s(tmp_path, oauth):
    http = OAuth1Http(str(tmp_path), 7, None, oauth=oauth)
    assert (http.cache.cache, http.timeout, http.proxy_info, http.oauth) == (str(tmp_path), 7, None, oauth)
    assert OAuth1Http().oauth is None


@pytest.mark.parametrize("swapped", COMBINATIONS)
def test_wherever_the_mixin_stands_requests_are_signed(serve, oauth, swapped):
    server = serve()
    http = swapped.__new__(swapped)
    swapped.__init__(http, **({"max_redirects": 3} if issubclass(swapped, FrameworkHttp) else {}))
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri(), "POST", "a=1", FORM)
    assert is_signed(server.received[0])


@pytest.mark.parametrize("swapped", COMBINATIONS)
def test_wherever_the_mixin_stands_a_frameworks_own_redirects_leak_nothing(serve, oauth, swapped):
    elsewhere = serve()
    server = serve(in_turn(answer(status="302 Found", Location=elsewhere.uri("/x")), answer()))
    http = swapped()
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri("/p"))
    assert is_signed(server.received[0])
    assert not is_signed(elsewhere.received[0])


class WithSiblingMethod(httplib2.Http):
    def fetch(self, uri):
        return super().request(uri)


class MixinOverSibling(OAuth1Mixin, WithSiblingMethod):
    pass


class MixinBehindSibling(WithSiblingMethod, OAuth1Mixin):
    pass


class Decorated:
    """A request() that is no function."""

    def __init__(self, function):
        self.function = function

    def __get__(self, http, owner=None):
        return functools.partial(self.function, http)


class MixinOverDecorated(OAuth1Mixin, httplib2.Http):
    request = Decorated(httplib2.Http.request)


def replaced_on_the_instance(http, uri):
    http.request = functools.partial(httplib2.Http.request, http)
    return http.request(uri)


def called_inside(http, uri):
    authority, slash, path = uri.partition("//")[2].partition("/")
    connection = httplib2.HTTPConnectionWithTimeout(authority)
    return http._request(connection, authority, uri, slash + path, "GET", None, {}, 5, None)


@pytest.mark.parametrize(
    ("swapped", "call"),
    [
        (OAuth1Http, httplib2.Http.request),
        (OAuth1Http, replaced_on_the_instance),
        (OAuth1Http, called_inside),
        (MixinOverSibling, MixinOverSibling.fetch),
        (MixinBehindSibling, MixinBehindSibling.fetch),
        (MixinOverDecorated, lambda http, uri: http.request(uri)),
    ],
)
def test_a_call_past_our_request_is_signed_and_leaks_nothing_either(serve, oauth, swapped, call):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x")))
    http = swapped()
    http.oauth = oauth
    call(http, server.uri("/p"))
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


def test_a_class_between_is_not_skipped(serve, oauth):
    """The hook of a class calls what comes next in the MRO of whatever derives from it later."""

    class Between(FrameworkHttp):
        def request(self, uri, *args, **kwargs):
            return super().request(uri + "?between", *args, **kwargs)

    class Diamond(MixinBehind, Between):
        pass

    server = serve()
    http = Diamond()
    http.oauth = oauth
    http.request(server.uri("/p"))
    assert (server.received[0].target, is_signed(server.received[0])) == ("/p?between", True)


def test_a_static_request_is_left_alone():
    class Framework(OAuth1Mixin, httplib2.Http):
        @staticmethod
        def request(uri):
            return uri

    assert Framework().request("x") == "x"


def test_a_framework_that_skips_init_is_not_signed_until_told(serve, oauth):
    class Skips(OAuth1Mixin, httplib2.Http):
        def __init__(self):
            httplib2.Http.__init__(self)

    server = serve()
    http = Skips()
    assert http.oauth is None
    http.request(server.uri())
    http.oauth = oauth
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]


def test_the_mixin_takes_oauth_and_passes_the_rest_on(oauth):
    http = MixinInFront(max_redirects=2, timeout=3, oauth=oauth)
    assert (http.max_redirects, http.timeout, http.oauth) == (2, 3, oauth)


def test_request_may_be_replaced_on_the_instance(http, serve):
    """oauth2client, google-auth-httplib2 and set_user_agent() do it."""
    server = serve()
    inner = http.request

    def outer(uri, *args, **kwargs):
        kwargs["headers"] = {b"X-Outer": b"1", **(kwargs.get("headers") or {})}
        return inner(uri, *args, **kwargs)

    http.request = outer
    http.request(server.uri(), method="GET")
    assert server.received[0].headers["x-outer"] == "1"
    assert is_signed(server.received[0])


def test_inner_methods_may_be_called_by_position(http, serve):
    """lazr.restfulclient's way in."""
    server = serve()
    connection = http.connections.setdefault("x", httplib2.HTTPConnectionWithTimeout("localhost", server.port))
    uri = server.uri("/p")
    http._request(connection, "localhost", uri, "/p", "GET", None, {}, 5, None)
    http._conn_request(connection, "/p", "GET", None, {})
    assert [is_signed(each) for each in server.received] == [True, True]
