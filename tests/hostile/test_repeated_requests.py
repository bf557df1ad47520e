"""A request that the client sends a second time, with the same nonce: what the response to it means."""

import io
import socket

import pytest

from httplib2_oauthlib import OAuth1, ResponseLostError

from .. import reference
from ..servers import DROP, answer, in_turn
from . import faults, test_clock
from .clients import ask, named
from .faults import SECRETS, UNSAFE


def test_a_server_that_disappears_before_the_second_request_may_have_acted(serve, client):
    def gone(received):
        server._listener.shutdown(socket.SHUT_RDWR)
        return DROP

    server = serve(gone)
    with pytest.raises(ResponseLostError, match="ConnectionRefusedError") as caught:
        ask(client(), server, "POST")
    assert caught.value.reason == "other"


@pytest.mark.parametrize("make", [lambda: io.BytesIO(b"x" * 10), lambda: [b"x" * 5, b"x" * 5]], ids=["file", "list"])
@pytest.mark.parametrize("fault", [faults.nothing, faults.reset], ids=named)
def test_the_second_request_has_the_whole_body(server, client, make, fault, acting):
    acting.faults["one"] = [fault]
    acting.unheard.add("one")
    http = client()
    with pytest.raises(ResponseLostError):
        http.request(server.uri("/?one"), "PUT", make(), {"content-type": "image/png"})
    assert [each.body for each in server.received] == [b"x" * 10] * len(server.received)
    assert acting.acted["one"] == 1


@pytest.mark.parametrize("words", faults.OTHER_REFUSALS)
@pytest.mark.parametrize("method", UNSAFE)
def test_any_refusal_of_the_second_request_may_follow_an_action(server, client, acting, method, words):
    acting.refusal = faults.OTHER_REFUSALS[words]
    acting.faults["one"] = [faults.nothing]
    with pytest.raises(ResponseLostError) as caught:
        ask(client(), server, method)
    assert acting.acted["one"] == 1
    assert caught.value.reason == ("nonce" if words == "problem" else "other")
    assert str(caught.value.response.status) in faults.OTHER_REFUSALS[words].decode()
    assert ask(client(), server, "GET", "two")[1] == b"done two"


def test_a_second_request_that_arrives_first_gets_its_own_response(serve, client):
    """This includes a refusal: the server read the second request, so it had not seen the first."""
    server = serve(in_turn(DROP, answer('{"error":{"code":"badtoken"}}', MediaWiki_API_Error="badtoken")))
    assert b"badtoken" in ask(client(), server, "POST")[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_safe_request_gets_the_response_to_its_second_request(serve, client, method):
    server = serve(in_turn(DROP, answer("" if method == "HEAD" else "no", "503 No")))
    assert ask(client(), server, method)[0].status == 503


def test_the_clock_is_repaired_if_a_safe_second_request_is_refused(serve, client):
    clock = test_clock.Clock(7200)
    server = serve(lambda received: DROP if len(server.received) == 1 else clock(received))
    assert ask(client(), server, "GET")[1] == b"ok"
    assert len(server.received) == 3


@pytest.mark.parametrize("method", ["get", "TRACE", "head"])
def test_a_safe_method_in_any_spelling_is_signed_again(serve, client, method):
    server = serve(in_turn(DROP, answer()))
    ask(client(), server, method)
    nonces = {reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}
    assert len(nonces) == len(server.received) == 2


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_safe_request_with_a_body_that_is_read_once_fails_as_in_httplib2(serve, client, method):
    with pytest.raises(ConnectionError):
        client().request(serve(lambda _: DROP).uri(), method, iter([b"x"]), {"Content-Type": "image/png"})


# -- PLAINTEXT has no nonce that a server must know again


@pytest.mark.parametrize("fault", [faults.nothing, faults.reset], ids=named)
def test_an_unsafe_plaintext_request_is_never_sent_twice(serve, tls, client, fault):
    acted = []

    def acts(received):
        assert reference.is_valid(received, SECRETS)
        acted.append(received.method)
        return fault(b"") if len(acted) == 1 else answer()

    server = serve(acts, tls=tls)
    http = client(oauth=OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_method="PLAINTEXT"))
    with pytest.raises(ResponseLostError) as caught:
        ask(http, server, "POST")
    assert (acted, caught.value.reason) == (["POST"], "other")
    assert ask(http, server, "POST")[1] == b"ok"
    acted.clear()
    assert ask(http, server, "GET")[1] == b"ok"
    assert acted == ["GET", "GET"]
