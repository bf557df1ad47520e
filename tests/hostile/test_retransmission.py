"""An answer that is lost: what may be repeated is, nothing is done twice, and no loss goes unreported."""

import http.client
import io
import random
import select
import socket
import ssl
import threading

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, RefusedError, ResponseLostError, mediawiki

from .. import reference
from ..servers import DROP, answer
from . import faults
from .faults import FORM, OAUTH, SAFE, SECRETS, UNSAFE, Cut

# What a framework sees when a connection breaks, and takes for a reason to send a request again.
FAILURES = (OSError, http.client.HTTPException, httplib2.ServerNotFoundError, ValueError)


def ask(http, server, method, name="one"):
    body = "a=1" if method in ("POST", "PUT", "PATCH") else None
    return http.request(server.uri(f"/?{name}"), method, body, FORM if body else {})


def named(fault):
    return fault.__name__


@pytest.fixture(params=[True, False], ids=["keep-alive", "close"])
def http_and_server(request, server, client):
    """A client that has asked the server before, and the server, which keeps connections open or does not."""
    server.keep_alive = request.param
    http = client()
    http.request(server.uri("/?before"))
    return http, server


def settle(http):
    """Wait until what a server did to an idle connection has arrived: the client may be idle for hours."""
    open_ones = [connection.sock for connection in http.connections.values() if connection.sock is not None]
    return open_ones and select.select(open_ones, [], [], 0.5)[0]


# -- one fault at a time


# An answer that is no gzip came whole all the same, and of a HEAD there is only the head.
LOST = [
    (method, fault)
    for method in SAFE
    for fault in faults.AFTER_ACTING
    if fault is not faults.no_gzip and (method != "HEAD" or fault in (faults.nothing, faults.reset))
]


@pytest.mark.parametrize(("method", "fault"), LOST, ids=lambda value: getattr(value, "__name__", value))
def test_a_safe_request_succeeds_when_its_answer_was_lost(http_and_server, acting, method, fault):
    http, server = http_and_server
    acting.faults["one"] = [fault]
    response, content = ask(http, server, method)
    assert (response.status, content) == (200, b"" if method == "HEAD" else b"done one")
    nonces = [reference.protocol_parameters(each)["oauth_nonce"] for each in server.received]
    assert len(set(nonces)) == len(nonces) == 3


@pytest.mark.parametrize("fault", faults.AFTER_ACTING, ids=named)
@pytest.mark.parametrize("method", UNSAFE)
def test_any_other_request_acts_once_and_its_loss_is_told(http_and_server, acting, method, fault):
    http, server = http_and_server
    acting.faults["one"] = [fault]
    with pytest.raises(ResponseLostError) as caught:
        ask(http, server, method)
    assert acting.acted["one"] == 1
    assert not isinstance(caught.value, FAILURES)
    known = caught.value.reason, caught.value.response is not None and caught.value.response.status
    has_begun_to_answer = [faults.half_a_body, faults.half_a_body_then_reset, faults.half_a_chunk, faults.no_last_chunk,
                           faults.no_gzip, faults.half_gzip]  # fmt: skip
    # The server has refused the copy, or it has said at least how it went. A reset may overtake what it has said.
    assert known in [("other" if fault in has_begun_to_answer else "nonce", 200)] + [("nonce", 200)] * (
        fault is faults.half_a_body_then_reset
    )
    assert "acted" in str(caught.value)


@pytest.mark.parametrize("fault", faults.STALLS, ids=named)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_server_that_keeps_us_waiting_is_not_asked_again(server, client, acting, method, fault):
    http = client(timeout=0.3)
    acting.faults["one"] = [fault]
    with pytest.raises(TimeoutError if method == "GET" else ResponseLostError) as caught:
        ask(http, server, method)
    assert acting.arrived["one"] == 1
    if method != "GET":
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert ("answered 200" if fault is faults.stall_within else "in time") in str(caught.value)
    # What was still to come is not taken for the next answer.
    assert ask(http, server, method, "two")[1] == b"done two"


@pytest.mark.parametrize("method", SAFE + UNSAFE)
def test_a_request_that_was_lost_before_the_server_acted_is_made_once(http_and_server, acting, method):
    http, server = http_and_server
    for name in ("one", "two", "three"):
        acting.unheard.add(name)
        assert ask(http, server, method, name)[0].status == 200
        assert (acting.acted[name], acting.arrived[name]) == (1, 2)


@pytest.mark.parametrize("fault", faults.AFTERWARDS, ids=named)
@pytest.mark.parametrize("method", SAFE + UNSAFE)
@pytest.mark.parametrize("size", [10, 3_000_000], ids=["small", "large"])
def test_a_connection_that_went_stale_before_sending_costs_nothing(server, client, acting, fault, method, size):
    """A large body would notice in the midst of sending it, where httplib2 gives up."""
    http = client()
    acting.faults["before"] = [fault]
    assert ask(http, server, "POST", "before")[1] == b"done before"
    if fault not in (faults.one_more_answer, faults.rubbish):
        assert settle(http)
    body = b"x" * size if method in ("POST", "PUT", "PATCH") else None
    response, content = http.request(server.uri("/?one"), method, body, {"Content-Type": "image/png"} if body else {})
    assert (response.status, content) == (200, b"" if method == "HEAD" else b"done one")
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 1)


def test_a_connection_that_is_closed_while_a_body_is_sent_is_no_answer(serve, client):
    """As a server does that will not read so much: what it says first is lost."""
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse():
        for _ in range(2):
            connection, _ = listener.accept()
            connection.recv(100)
            faults.hang_up(connection)
            connection.close()

    threading.Thread(target=refuse, daemon=True).start()
    http = client()
    with pytest.raises(ResponseLostError, match="did not answer to a POST") as caught:
        http.request(f"http://127.0.0.1:{listener.getsockname()[1]}/", "POST", b"x" * 5_000_000)
    assert caught.value.reason == "other"
    listener.close()


def test_an_error_before_anything_was_sent_is_httplib2s_own(client, serve):
    http = client()
    with pytest.raises(ConnectionRefusedError):
        http.request("http://127.0.0.1:1/", "POST", "a=1", FORM)
    with pytest.raises(httplib2.ServerNotFoundError):
        http.request("http://nowhere.invalid/", "POST", "a=1", FORM)


def test_a_certificate_that_is_not_trusted_is_httplib2s_own_error(serve, tls):
    http = OAuth1Http(timeout=10, oauth=OAUTH)
    with pytest.raises(ssl.SSLCertVerificationError):
        http.request(serve(tls=tls).uri(), "POST", "a=1", FORM)


def test_a_server_that_is_gone_when_a_copy_is_sent_leaves_open_what_it_did(serve, client):
    def gone(received):
        server._listener.shutdown(socket.SHUT_RDWR)
        return DROP

    server = serve(gone)
    with pytest.raises(ResponseLostError, match="ConnectionRefusedError") as caught:
        ask(client(), server, "POST")
    assert caught.value.reason == "other"


@pytest.mark.parametrize("make", [lambda: io.BytesIO(b"x" * 10), lambda: [b"x" * 5, b"x" * 5]], ids=["file", "list"])
@pytest.mark.parametrize("fault", [faults.nothing, faults.reset], ids=named)
def test_a_body_is_sent_whole_again(server, client, make, fault, acting):
    acting.faults["one"] = [fault]
    acting.unheard.add("one")
    http = client()
    with pytest.raises(ResponseLostError):
        http.request(server.uri("/?one"), "PUT", make(), {"content-type": "image/png"})
    assert [each.body for each in server.received] == [b"x" * 10] * len(server.received)
    assert acting.acted["one"] == 1


# -- PLAINTEXT has no nonce that a server must know again


@pytest.mark.parametrize("fault", [faults.nothing, faults.reset], ids=named)
def test_plaintext_is_never_sent_twice_by_itself(serve, tls, client, fault):
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


# -- somebody in between who repeats


@pytest.mark.parametrize("method", SAFE + UNSAFE)
def test_a_request_that_is_repeated_on_its_way_acts_once_and_the_refusal_says_so(serve, acting, client, method):
    """As proxies do that try the next server; the client gets the answer to the second, though it sent one."""
    behind = serve(acting)
    forwarding = httplib2.Http(timeout=10)

    def repeat(received):
        answers = [
            forwarding.request(behind.uri(received.target), method, received.body or None, received.headers)
            for _ in range(2)
        ]
        response, content = answers[-1]
        return answer(content, MediaWiki_API_Error=response.get("mediawiki-api-error", ""))

    response, content = ask(client(), serve(repeat), method)
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 2)
    if method != "HEAD":
        with pytest.raises(RefusedError, match="may have been acted upon") as caught:
            mediawiki.check(response, content)
        assert caught.value.reason == "nonce"


# -- a framework's own retry


class RetriesWithin(httplib2.Http):
    """Tries again further in, whatever happened."""

    def _conn_request(self, *args):
        for _ in range(3):
            try:
                return super()._conn_request(*args)
            except Exception as error:
                last = error
        raise last


class RetriesAround(httplib2.Http):
    """Tries again further out, whatever happened."""

    def request(self, *args, **kwargs):
        for _ in range(3):
            try:
                return super().request(*args, **kwargs)
            except Exception as error:
                last = error
        raise last


class WithinBehind(RetriesWithin, OAuth1Http):
    pass


class WithinInFront(OAuth1Mixin, RetriesWithin):
    pass


class AroundBehind(RetriesAround, OAuth1Http):
    pass


class AroundInFront(OAuth1Mixin, RetriesAround):
    pass


class RetriesOutside:
    """Tries again around ours, as google-api-python-client and apitools do: when a connection broke."""

    def __init__(self, **kwargs):
        self.http = OAuth1Http(**kwargs)
        self.close = self.http.close

    def request(self, *args, **kwargs):
        self.http.oauth = self.oauth
        for _ in range(3):
            try:
                return self.http.request(*args, **kwargs)
            except FAILURES as error:
                last = error
        raise last


FRAMEWORKS = [WithinBehind, WithinInFront, AroundBehind, AroundInFront, RetriesOutside]


TRIED_AGAIN = [
    (framework, fault)
    for framework in FRAMEWORKS
    for fault in [*faults.AFTER_ACTING, *faults.STALLS]
    # Further in, a second try because the answer was no gzip looks like one because it was not liked.
    if fault is not faults.no_gzip or not issubclass(framework, RetriesWithin)
]


@pytest.mark.parametrize(("framework", "fault"), TRIED_AGAIN, ids=named)
def test_a_framework_that_tries_again_does_nothing_twice_either(serve, acting, client, framework, fault):
    server = serve(acting)
    http = client(kind=framework, timeout=0.3 if fault in faults.STALLS else 10)
    for method in UNSAFE:
        acting.faults[method] = [fault]
        with pytest.raises(ResponseLostError):
            ask(http, server, method, method)
        assert acting.acted[method] == 1
    for method in ("GET", "OPTIONS"):
        if fault not in (faults.no_gzip, *faults.STALLS):
            acting.faults[method] = [fault]
            assert ask(http, server, method, method)[1] == f"done {method}".encode()


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
def test_a_framework_that_tries_again_gets_the_answer_if_the_server_has_not_acted(serve, acting, client, framework):
    acting.unheard.add("one")
    assert ask(client(kind=framework), serve(acting), "POST")[1] == b"done one"
    assert acting.acted["one"] == 1


@pytest.mark.parametrize("framework", [AroundBehind, AroundInFront], ids=named)
def test_a_body_that_was_begun_is_not_sent_in_part_by_a_framework_that_tries_again(serve, acting, client, framework):
    """It calls once more with the same file, which stands at its end now."""
    server = serve(acting)
    acting.faults["one"] = [faults.half_a_body]
    with pytest.raises(ResponseLostError):
        client(kind=framework).request(server.uri("/?one"), "PUT", io.BytesIO(b"x" * 10), {"content-type": "image/png"})
    assert {each.body for each in server.received} == {b"x" * 10}
    assert acting.acted["one"] == 1


def test_a_framework_that_tries_again_with_another_request_makes_another(serve, client):
    """After an answer that it did not like, or with another body."""

    class Changes(OAuth1Http):
        def request(self, uri, method, body, headers):
            answers = [super(Changes, self).request(uri, method, body + extra, headers) for extra in ("", "", "&b=2")]
            return answers[-1]

    server = serve()
    client(kind=Changes).request(server.uri(), "POST", "a=1", FORM)
    assert len({reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}) == 3


# -- what follows a request


@pytest.mark.parametrize("where", ["reset", "refused", "stall", "no uri", "no host", "scheme"])
@pytest.mark.parametrize("forced", [True, False])
def test_an_action_whose_redirect_fails_is_told_too(serve, client, where, forced):
    """Frameworks repeat the request when a connection breaks, and this one has acted."""
    acted = []
    location = {
        "refused": "http://127.0.0.1:1/", "no uri": "http://[", "no host": "http://\u00e9..example/", "scheme": "ftp://x/",
    }.get(where, "/there")  # fmt: skip

    def acts(received):
        if received.method == "POST":
            acted.append(received)
            return answer(status="303 See Other", Location=location.encode().decode("latin-1"))
        return faults.stall(b"") if where == "stall" else faults.hang_up

    http = client(timeout=0.3)
    http.force_exception_to_status_code = forced
    if forced:
        response, content = ask(http, serve(acts), "POST")
        assert response.status == 400
        assert b"303" in content or where in ("no uri", "no host", "scheme")
    else:
        with pytest.raises(ResponseLostError, match=r"answered \(303\)") as caught:
            ask(http, serve(acts), "POST")
        assert caught.value.response.status == 303
    assert len(acted) == 1


def test_what_a_framework_does_after_an_answer_fails_by_itself(serve, client):
    """It may ask for a token before each request, within its own ``request()``; that one has come whole."""

    class AsksFirst(OAuth1Http):
        def request(self, uri, *args, **kwargs):
            super().request(server.uri("/token"), "POST")
            return super().request(uri, *args, **kwargs)

    server = serve()
    with pytest.raises(ConnectionRefusedError):
        client(kind=AsksFirst).request("http://127.0.0.1:1/")


def test_a_redirect_that_fails_after_a_safe_request_is_httplib2s_own_error(serve, client):
    server = serve(lambda _: answer(status="302 Found", Location="http://127.0.0.1:1/"))
    with pytest.raises(ConnectionRefusedError):
        client().request(server.uri())


def test_a_redirect_without_end_is_httplib2s_own_error(serve, client):
    server = serve(lambda _: answer(status="303 See Other", Location="/again"))
    with pytest.raises(httplib2.RedirectLimit):
        ask(client(), server, "POST")


# -- everything at once


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
def test_of_many_random_faults_none_acts_twice_and_none_goes_unreported(server, client, proxy, acting, keep_alive):
    """250 faults here, and as many in each of the other three."""
    server.keep_alive = keep_alive
    luck = random.Random(f"{server.scheme} {keep_alive}")
    clients = [client(), client(proxy)]
    count = number = 0
    outcomes = set()
    while count < 250:
        number += 1
        name, method = f"n{number}", luck.choice(SAFE + UNSAFE)
        kind = luck.choice(["server", "server", "server", "proxy", "proxy", "unheard", "none"])
        http = luck.choice(clients)
        if kind == "server":
            acting.faults[name] = luck.choices(
                [*faults.AFTER_ACTING, *faults.AFTERWARDS], k=luck.choice([1, 1, 1, 2, 3])
            )
        elif kind == "unheard":
            acting.unheard.add(name)
        elif kind == "proxy":
            http = clients[1] = client(proxy)
            sides = luck.choice([{"up": luck.randrange(2000)}, {"down": luck.randrange(3000)}, {}])
            proxy.plan = [Cut(**sides, is_reset=luck.choice([True, False]))]
        count += kind != "none"
        try:
            response, content = ask(http, server, method, name)
        except ResponseLostError as error:
            outcome = f"lost {error.reason}"
            assert method in UNSAFE
            assert acting.acted[name] == 1 or error.reason == "other"
        except Exception as error:
            outcome = type(error).__name__
            assert isinstance(error, (*FAILURES, httplib2.FailedToDecompressContent))
            assert method in SAFE or acting.acted[name] == 0
            # One fault is borne, unless it is an answer that came whole; the proxy may have one more in store.
            assert http is clients[1] or acting.arrived[name] > 1 or isinstance(error, httplib2.HttpLib2Error)
        else:
            # A head that was cut before it said how long the answer is can't be told from one that never does.
            good = f"done {name}".encode()
            outcome = "answered" if response.get("content-length") == str(len(good)) else "cut"
            assert response.status == 200
            if outcome == "answered":
                assert content == (b"" if method == "HEAD" else good)
        if method in UNSAFE:
            assert acting.acted[name] <= 1, (kind, outcome)
        outcomes.add(outcome)
        if acting.last_fault in faults.AFTERWARDS:
            settle(http)
    assert {"answered", "lost nonce", "lost other"} <= outcomes
