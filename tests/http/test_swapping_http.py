"""A framework's Http class combined with OAuth1Mixin or OAuth1Http: every position in the MRO signs."""

import functools

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from ..servers import answer, in_turn
from .framework_classes import COMBINATIONS, FrameworkHttp, MixinBehind, MixinInFront
from .signed_requests import FORM, is_signed


def test_constructor_takes_the_arguments_of_httplib2_and_oauth(tmp_path, oauth):
    http = OAuth1Http(str(tmp_path), 7, None, oauth=oauth)
    assert (http.cache.cache, http.timeout, http.proxy_info, http.oauth) == (str(tmp_path), 7, None, oauth)
    assert OAuth1Http().oauth is None


@pytest.mark.parametrize("swapped", COMBINATIONS)
def test_requests_are_signed_at_every_position_of_the_mixin(serve, oauth, swapped):
    server = serve()
    http = swapped.__new__(swapped)
    swapped.__init__(http, **({"max_redirects": 3} if issubclass(swapped, FrameworkHttp) else {}))
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri(), "POST", "a=1", FORM)
    assert is_signed(server.received[0])


@pytest.mark.parametrize("swapped", COMBINATIONS)
def test_redirect_that_a_framework_follows_to_another_server_is_not_signed(serve, oauth, swapped):
    elsewhere = serve()
    server = serve(in_turn(answer(status="302 Found", Location=elsewhere.uri("/x")), answer()))
    http = swapped()
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri("/p"))
    assert is_signed(server.received[0])
    assert not is_signed(elsewhere.received[0])


class FrameworkWithFetch(httplib2.Http):
    def fetch(self, uri):
        return super().request(uri)


class MixinOverFetch(OAuth1Mixin, FrameworkWithFetch):
    pass


class MixinBehindFetch(FrameworkWithFetch, OAuth1Mixin):
    pass


class RequestDescriptor:
    """A descriptor that isn't a function, in place of the method request()."""

    def __init__(self, function):
        self.function = function

    def __get__(self, http, owner=None):
        return functools.partial(self.function, http)


class MixinWithDescriptor(OAuth1Mixin, httplib2.Http):
    request = RequestDescriptor(httplib2.Http.request)


def call_a_request_replaced_on_the_instance(http, uri):
    http.request = functools.partial(httplib2.Http.request, http)
    return http.request(uri)


def call_the_inner_method(http, uri):
    authority, slash, path = uri.partition("//")[2].partition("/")
    connection = httplib2.HTTPConnectionWithTimeout(authority)
    return http._request(connection, authority, uri, slash + path, "GET", None, {}, 5, None)


@pytest.mark.parametrize(
    ("swapped", "call"),
    [
        (OAuth1Http, httplib2.Http.request),
        (OAuth1Http, call_a_request_replaced_on_the_instance),
        (OAuth1Http, call_the_inner_method),
        (MixinOverFetch, MixinOverFetch.fetch),
        (MixinBehindFetch, MixinBehindFetch.fetch),
        (MixinWithDescriptor, lambda http, uri: http.request(uri)),
    ],
)
def test_call_that_bypasses_our_request_is_signed_but_not_after_a_redirect(serve, oauth, swapped, call):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x")))
    http = swapped()
    http.oauth = oauth
    call(http, server.uri("/p"))
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


def test_class_between_the_framework_and_the_mixin_is_not_skipped(serve, oauth):
    """Each hook calls the next class in the MRO of the instance, also where a subclass changes that MRO."""

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


def test_static_request_method_is_left_unchanged():
    class Framework(OAuth1Mixin, httplib2.Http):
        @staticmethod
        def request(uri):
            return uri

    assert Framework().request("x") == "x"


def test_framework_that_skips_our_init_signs_once_oauth_is_set(serve, oauth):
    class SkipsInit(OAuth1Mixin, httplib2.Http):
        def __init__(self):
            httplib2.Http.__init__(self)

    server = serve()
    http = SkipsInit()
    assert http.oauth is None
    http.request(server.uri())
    http.oauth = oauth
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]


def test_mixin_takes_oauth_and_passes_other_arguments_on(oauth):
    http = MixinInFront(max_redirects=2, timeout=3, oauth=oauth)
    assert (http.max_redirects, http.timeout, http.oauth) == (2, 3, oauth)


def test_request_can_be_replaced_on_the_instance(http, serve):
    """oauth2client, google-auth-httplib2 and set_user_agent() replace it."""
    server = serve()
    inner = http.request

    def outer(uri, *args, **kwargs):
        kwargs["headers"] = {b"X-Outer": b"1", **(kwargs.get("headers") or {})}
        return inner(uri, *args, **kwargs)

    http.request = outer
    http.request(server.uri(), method="GET")
    assert server.received[0].headers["x-outer"] == "1"
    assert is_signed(server.received[0])


def test_inner_methods_can_be_called_with_positional_arguments(http, serve):
    """lazr.restfulclient calls them like this."""
    server = serve()
    connection = http.connections.setdefault("x", httplib2.HTTPConnectionWithTimeout("localhost", server.port))
    uri = server.uri("/p")
    http._request(connection, "localhost", uri, "/p", "GET", None, {}, 5, None)
    http._conn_request(connection, "/p", "GET", None, {})
    assert [is_signed(each) for each in server.received] == [True, True]
