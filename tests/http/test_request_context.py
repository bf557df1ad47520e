"""Requests that run at the same time or inside each other."""

import contextvars
import threading

import httplib2

from httplib2_oauthlib import OAuth1Http

from .signed_requests import is_signed, nonce_of


def test_threads_with_an_http_each_share_one_oauth(serve, oauth):
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


def test_a_request_by_another_http_meanwhile_is_a_call_of_its_own(serve, oauth):
    """A function that says who signs may have to ask over HTTP, with the same Http class."""
    tokens, server = serve(), serve()
    helper = OAuth1Http(oauth=oauth)

    def signer(uri):
        helper.request(tokens.uri("/token"))
        return oauth

    OAuth1Http(oauth=signer).request(server.uri())
    assert [is_signed(each) for each in tokens.received + server.received] == [True, True]


def test_a_call_that_is_over_is_not_gone_on_with(serve, oauth):
    """A context that was copied while a request ran, and is used afterwards."""
    first, second = serve(), serve()
    kept = []

    class Keeps(httplib2.HTTPConnectionWithTimeout):
        def connect(self):
            kept.append(contextvars.copy_context())
            super().connect()

    http = OAuth1Http(oauth=oauth)
    http.request(first.uri(), connection_type=Keeps)
    kept[0].run(http.request, second.uri())
    assert [is_signed(each) for each in first.received + second.received] == [True, True]
