"""Requests that run at the same time or inside each other."""

import contextvars
import threading

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from .signed_requests import is_signed, nonce_of


def test_threads_that_share_an_oauth1_but_no_http_send_unique_nonces(serve, oauth):
    server = serve()

    def work():
        http = OAuth1Http(oauth=oauth)
        for _ in range(20):
            http.request(server.uri())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.received) == 160
    assert all(map(is_signed, server.received))
    assert len({nonce_of(each) for each in server.received}) == 160


def test_request_inside_the_function_that_selects_credentials_is_signed(serve, oauth):
    """Such a function may need a request over HTTP, by the same Http class, to find the credentials."""
    tokens, server = serve(), serve()
    token_http = OAuth1Http(oauth=oauth)

    def select(uri):
        token_http.request(tokens.uri("/token"))
        return oauth

    OAuth1Http(oauth=select).request(server.uri())
    assert [is_signed(each) for each in tokens.received + server.received] == [True, True]


def test_context_copied_during_a_request_does_not_affect_later_requests(serve, oauth):
    """A request that runs in the copied context is independent of the first, and is signed."""
    first, second = serve(), serve()
    contexts = []

    class CopiesContext(httplib2.HTTPConnectionWithTimeout):
        def connect(self):
            contexts.append(contextvars.copy_context())
            super().connect()

    http = OAuth1Http(oauth=oauth)
    http.request(first.uri(), connection_type=CopiesContext)
    contexts[0].run(http.request, second.uri())
    assert [is_signed(each) for each in first.received + second.received] == [True, True]


def test_a_stop_iteration_of_a_framework_is_raised_as_it_is(serve, oauth):
    """The call runs in a generator, where Python makes another error of it."""
    server = serve()

    class Framework(OAuth1Http):
        def _conn_request(self, conn, *args):
            return next(iter([]))

    with pytest.raises(StopIteration):
        Framework(oauth=oauth).request(server.uri())
    OAuth1Http(oauth=oauth).request(server.uri())
    assert [is_signed(each) for each in server.received] == [True]


def test_an_authorization_of_another_requests_own_does_not_prevent_a_signature(serve, oauth):
    """Both requests are made past ``request()``, so that the URI of neither call is known."""
    server = serve()
    inner = OAuth1Http(timeout=10, oauth=oauth)

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, conn, *args):
            inner._conn_request(connection(), "/inner", "POST", None, {})
            return super()._conn_request(conn, *args)

    def connection():
        return httplib2.HTTPConnectionWithTimeout("localhost", server.port, timeout=10)

    outer = Framework(timeout=10, oauth=oauth)
    outer._conn_request(connection(), "/outer", "POST", None, {"authorization": "Bearer b"})
    first, second = server.received
    assert (first.target, is_signed(first)) == ("/inner", True)
    assert (second.target, second.headers["authorization"]) == ("/outer", "Bearer b")
