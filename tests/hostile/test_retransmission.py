"""An answer that is lost: what may be repeated is, nothing is done twice, and no loss goes unreported."""

import contextlib
import gc
import gzip
import http.client
import io
import random
import select
import socket
import ssl
import threading
import weakref

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, RefusedError, ResponseLostError, mediawiki

from .. import reference
from ..servers import DROP, answer, in_turn
from . import faults, test_clock
from .faults import FORM, OAUTH, SAFE, SECRETS, UNSAFE, Cut

# What a framework sees when a connection breaks, and takes for a reason to send a request again.
FAILURES = (OSError, http.client.HTTPException, httplib2.ServerNotFoundError, ValueError, OverflowError)


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
    if fault is not faults.no_gzip and (method != "HEAD" or fault in faults.HEADLESS)
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
    has_begun_to_answer = [faults.half_a_body, faults.half_a_body_then_reset, faults.half_a_chunk,
                           faults.no_last_chunk, faults.negative_chunk, faults.impossible_length, faults.no_gzip,
                           faults.half_gzip]  # fmt: skip
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
    with pytest.raises(ResponseLostError, match="broke while a POST was sent") as caught:
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


@pytest.mark.parametrize("words", faults.OTHER_WORDS)
@pytest.mark.parametrize("method", UNSAFE)
def test_whatever_is_said_to_a_copy_but_success_leaves_open_what_was_done(server, client, acting, method, words):
    acting.refusal = faults.OTHER_WORDS[words]
    acting.faults["one"] = [faults.nothing]
    with pytest.raises(ResponseLostError) as caught:
        ask(client(), server, method)
    assert acting.acted["one"] == 1
    assert caught.value.reason == ("nonce" if words == "problem" else "other")
    assert str(caught.value.response.status) in faults.OTHER_WORDS[words].decode()
    assert ask(client(), server, "GET", "two")[1] == b"done two"


def test_a_copy_that_is_the_first_to_arrive_is_answered_like_any_request(serve, client):
    """Also if the answer is no: the server looked at it, and so had not seen the first."""
    server = serve(in_turn(DROP, answer('{"error":{"code":"badtoken"}}', MediaWiki_API_Error="badtoken")))
    assert b"badtoken" in ask(client(), server, "POST")[1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_said_to_a_copy_of_a_safe_request_is_its_answer(serve, client, method):
    server = serve(in_turn(DROP, answer("" if method == "HEAD" else "no", "503 No")))
    assert ask(client(), server, method)[0].status == 503


def test_a_copy_of_a_safe_request_that_is_refused_for_the_clock_is_repaired(serve, client):
    clock = test_clock.Clock(7200)
    server = serve(lambda received: DROP if len(server.received) == 1 else clock(received))
    assert ask(client(), server, "GET")[1] == b"ok"
    assert len(server.received) == 3


@pytest.mark.parametrize("method", ["get", "TRACE", "head"])
def test_safe_methods_are_known_in_any_spelling(serve, client, method):
    server = serve(in_turn(DROP, answer()))
    ask(client(), server, method)
    nonces = {reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}
    assert len(nonces) == len(server.received) == 2


def test_an_interrupt_leaves_no_answer_behind_for_the_next_request(serve, client):
    """Control-C, and whatever else is no Exception: it passes."""

    class Interrupted(httplib2.HTTPConnectionWithTimeout):
        interrupts = True

        def getresponse(self):
            if Interrupted.interrupts:
                Interrupted.interrupts = False
                raise KeyboardInterrupt
            return super().getresponse()

    server, http = serve(lambda received: answer(received.target)), client()
    with pytest.raises(KeyboardInterrupt):
        http.request(server.uri("/one"), "POST", connection_type=Interrupted)
    assert http.request(server.uri("/two"), "POST")[1] == b"/two"
    assert sorted(each.target for each in server.received) == ["/one", "/two"]


def test_a_whole_answer_keeps_its_connection_whatever_a_framework_makes_of_it(serve, client):
    class Minds(httplib2.Http):
        def _conn_request(self, *args):
            response, _ = super()._conn_request(*args)
            raise httplib2.HttpLib2Error(f"minds {response.status}")

    http, server = client(kind=type("Ours", (OAuth1Mixin, Minds), {})), serve()
    for _ in range(3):
        with pytest.raises(httplib2.HttpLib2Error, match="minds 200"):
            ask(http, server, "POST")
    assert server.connections == 1


def test_a_bomb_is_told_as_an_answer_that_cannot_be_read(serve, client):
    decode = pytest.importorskip("httplib2.decode", reason="this httplib2 decompresses whatever comes")
    server = serve(lambda _: answer(gzip.compress(b"\0" * 200_000_000), Content_Encoding="gzip"))
    with pytest.raises(ResponseLostError, match=r"answered 200.*could not be decompressed") as caught:
        ask(client(), server, "POST")
    assert isinstance(caught.value.__cause__, decode.DecodeLimitError | decode.DecodeRatioError)


@pytest.mark.parametrize(
    ("status", "words"),
    [("200 OK", "likely"), ("303 x", "likely"), ("400 x", "not known"), ("429 x", "not known"), ("503 x", "not known")],
)
def test_of_an_answer_that_broke_off_no_more_is_said_than_its_status_does(serve, client, status, words):
    server = serve(lambda _: faults.half_a_body(answer("refused", status)))
    with pytest.raises(ResponseLostError, match=words) as caught:
        ask(client(), server, "POST")
    assert caught.value.response.status == int(status[:3])
    assert caught.value.content == b"refu"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_of_which_tls_has_decrypted_more_is_not_taken_for_the_next(serve, tls, client, method):
    """http.client reads 8192 bytes of the two answers that came at once; the rest waits within OpenSSL."""
    first = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    length = 8192 - len(first % 8000)
    two = first % length + b"x" * length + answer("to nobody")
    server = serve(lambda received: two if received.target == "/?before" else answer("mine"), tls=tls)
    http = client()
    ask(http, server, "GET", "before")
    assert ask(http, server, method)[1] == b"mine"


class Broken(io.BytesIO):
    def read(self, size=-1):
        raise PermissionError("the disk")


def test_a_body_that_cannot_be_read_is_its_own_error(serve, client):
    with pytest.raises(PermissionError, match="the disk"):
        client().request(serve().uri(), "PUT", Broken(b"x"), {"Content-Type": "image/png"})


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_safe_request_whose_body_can_be_read_once_ends_as_in_httplib2(serve, client, method):
    with pytest.raises(ConnectionError):
        client().request(serve(lambda _: DROP).uri(), method, iter([b"x"]), {"Content-Type": "image/png"})


@pytest.mark.parametrize(
    "fault", [faults.whole, faults.half_a_body, faults.stall_within, faults.negative_chunk], ids=named
)
@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
def test_no_socket_is_kept_open_by_what_became_of_a_request(serve, client, acting, method, fault):
    """Not until the garbage is collected, either."""
    sockets = []

    class Watched(httplib2.HTTPConnectionWithTimeout):
        def connect(self):
            super().connect()
            sockets.append(weakref.ref(self.sock))

    server = serve(acting, keep_alive=False)
    acting.faults["one"] = [fault, fault]
    http = client(timeout=0.2)
    gc.disable()
    try:
        with contextlib.suppress(Exception):
            http.request(server.uri("/?one"), method, connection_type=Watched)
        assert [each() for each in sockets if each() is not None and each().fileno() >= 0] == []
    finally:
        gc.enable()


# -- a proxy in between


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway", "garbage"])
def test_a_proxy_that_makes_no_connection_is_httplib2s_own_error(server, client, proxy, acting, status):
    proxy.plan = [Cut(refusal=f"HTTP/1.1 {status}\r\n\r\n".encode() if status != "garbage" else b"\xff\x00\r\n")] * 2
    with pytest.raises((OSError, UnicodeError)):  # PySocks' own.
        ask(client(proxy), server, "POST")
    assert acting.arrived["one"] == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_that_passes_nothing_on_any_more_is_not_waited_for_twice(server, client, proxy, acting, method):
    """The request has arrived and was acted upon; of the answer comes one byte, or nothing behind the TLS handshake."""
    http = client(proxy, timeout=0.5)
    proxy.plan = [Cut(down=1, stalls=True)] if server.scheme == "http" else [Cut(up=900, stalls=True)]
    with pytest.raises(TimeoutError if method == "GET" else (ResponseLostError, TimeoutError)) as caught:
        ask(http, server, method)
    assert proxy.fired == 1
    assert acting.acted["one"] == 0 or method == "GET" or isinstance(caught.value, ResponseLostError)


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


@pytest.mark.parametrize("words", ["mediawiki", "problem"])
@pytest.mark.parametrize("method", SAFE + UNSAFE)
def test_a_request_that_is_repeated_on_its_way_acts_once_and_the_refusal_says_so(serve, acting, client, method, words):
    """As proxies do that try the next server; the client gets the answer to the second, though it sent one."""
    behind = serve(acting)
    acting.refusal = faults.OTHER_WORDS.get(words, faults.NONCE_USED)
    forwarding = httplib2.Http(timeout=10)

    def repeat(received):
        answers = [
            forwarding.request(behind.uri(received.target), method, received.body or None, received.headers)
            for _ in range(2)
        ]
        response, content = answers[-1]
        told = {name: response[name] for name in ("mediawiki-api-error", "www-authenticate") if name in response}
        return answer(content, f"{response.status} x", **told)

    response, content = ask(client(), serve(repeat), method)
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 2)
    if method != "HEAD" or words == "problem":
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


class Changes:
    """A framework that adds to each request on its way, as late as it can."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        body = body + "&assert=user" if isinstance(body, str) else body
        return super()._conn_request(conn, request_uri + "&maxlag=5", method, body, {**headers, "x-late": "1"})


class ChangesInFront(OAuth1Mixin, Changes, httplib2.Http):
    pass


class ChangesAndRetries(OAuth1Mixin, Changes, RetriesAround):
    pass


@pytest.mark.parametrize("fault", ["reset", "nothing", "clock"])
def test_a_framework_that_changes_a_request_on_its_way_does_so_once(serve, client, fault):
    def handler(received):
        assert reference.is_valid(received, SECRETS)
        if len(server.received) > 1:
            return answer()
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        return test_clock.in_mediawikis_words(sent + 5000, sent) if fault == "clock" else getattr(faults, fault)(b"")

    server = serve(handler)
    ask(client(kind=ChangesInFront), server, "POST")
    assert [(each.target, each.body) for each in server.received] == [("/?one&maxlag=5", b"a=1&assert=user")] * 2


def test_a_framework_that_changes_a_request_on_its_way_and_tries_again_does_nothing_twice(serve, client):
    acting = faults.Acting()
    acting.faults["one&maxlag=5"] = [faults.half_a_body]
    with pytest.raises(ResponseLostError):
        ask(client(kind=ChangesAndRetries), serve(acting), "POST")
    assert acting.acted["one&maxlag=5"] == 1


class Progress:
    """A reader around a file, as progress bars are: no seek."""

    def __init__(self, file):
        self.read = file.read


def test_a_file_that_a_framework_wraps_is_sent_whole_again(serve, client, acting):
    class Wraps(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            return super()._conn_request(conn, request_uri, method, Progress(body), headers)

    server = serve(acting)
    acting.faults["one"] = [faults.reset]
    with pytest.raises(ResponseLostError) as caught:
        client(kind=type("Ours", (OAuth1Mixin, Wraps), {})).request(
            server.uri("/?one"), "PUT", io.BytesIO(b"x" * 10), {"content-type": "image/png", "content-length": "10"}
        )
    assert (caught.value.reason, [each.body for each in server.received]) == ("nonce", [b"x" * 10] * 2)


def test_a_frameworks_own_authorization_has_no_nonce_of_ours(serve, client):
    """Added as late as it can be; plain httplib2 sends such a request once, too."""

    class Bearer(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            return super()._conn_request(conn, request_uri, method, body, {**headers, "authorization": "Bearer x"})

    for fault, count in [(faults.reset, 1), (faults.nothing, 2)]:
        servers = [serve(lambda _, fault=fault: fault(b"")) for _ in range(2)]
        with pytest.raises(ConnectionError):
            ask(client(kind=Bearer), servers[0], "POST")
        with pytest.raises(ResponseLostError):
            ask(client(kind=type("Ours", (OAuth1Mixin, Bearer), {})), servers[1], "POST")
        for server in servers:
            assert [each.headers["authorization"] for each in server.received] == ["Bearer x"] * count


def test_a_framework_that_reads_an_answer_in_pieces_learns_of_its_loss_too(serve, client, acting):
    class Pieces(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            if conn.sock is None:
                conn.connect()
            conn.request(method, request_uri, body, headers)
            response, content = conn.getresponse(), b""
            while piece := response.read(4):
                content += piece
            if len(content) < int(response.getheader("content-length")):
                raise http.client.IncompleteRead(content)
            return httplib2.Response(response), content

    ours = client(kind=type("Ours", (OAuth1Mixin, Pieces), {}))
    acting.faults["one"] = [faults.half_a_body]
    server = serve(acting)
    with pytest.raises(ResponseLostError):
        ask(ours, server, "POST")
    assert ask(ours, server, "POST", "two")[1] == b"done two"


def test_a_framework_that_lets_http_client_connect_gets_its_own_error(client):
    class Late(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            conn.request(method, request_uri, body, headers)

    with pytest.raises(ConnectionRefusedError):
        client(kind=type("Ours", (OAuth1Mixin, Late), {})).request("http://127.0.0.1:1/", "POST", "a=1", FORM)


def test_a_framework_that_tries_again_after_an_answer_is_told_if_the_body_is_used_up(serve, client):
    class Retries(httplib2.Http):
        def _conn_request(self, *args):
            response, content = super()._conn_request(*args)
            return super()._conn_request(*args) if response.status == 503 else (response, content)

    server = serve(lambda _: answer("busy", "503 Busy"))
    with pytest.raises(ResponseLostError, match=r"was answered \(503\)") as caught:
        client(kind=type("Ours", (OAuth1Mixin, Retries), {})).request(server.uri(), "PUT", iter([b"x"]))
    assert caught.value.response.status == 503


def test_an_error_of_the_programs_own_while_it_waits_does_not_let_a_framework_do_it_twice(serve, client, acting):
    """As a signal's handler raises it; it passes, and the framework within the call tries again."""

    class Alarm(Exception):
        pass

    class Impatient(httplib2.HTTPConnectionWithTimeout):
        waits = 1

        def getresponse(self):
            response = super().getresponse()
            if Impatient.waits:
                Impatient.waits -= 1
                raise Alarm
            return response

    server = serve(acting)
    with pytest.raises(ResponseLostError):
        client(kind=AroundInFront).request(server.uri("/?one"), "POST", "a=1", FORM, connection_type=Impatient)
    assert acting.acted["one"] == 1


class LosesThenAsks(OAuth1Http):
    """A framework that makes another request, within the same call, of one whose answer was lost."""

    def request(self, uri, method, body, headers, other):
        first = self.oauth
        with pytest.raises(ResponseLostError):
            super().request(uri, method, body, headers)
        uri, method, body, self.oauth = other(uri, method, body, first)
        return super().request(uri, method, body, headers)


@pytest.mark.parametrize(
    "other",
    [
        lambda uri, method, body, oauth: (uri.replace("one", "two"), method, body, oauth),
        lambda uri, method, body, oauth: (uri.replace("localhost", "127.0.0.1"), method, body, {"127.0.0.1": oauth}),
        lambda uri, method, body, oauth: (uri, "PUT", body, oauth),
        lambda uri, method, body, oauth: (uri, method, body + "&b=2", oauth),
        lambda uri, method, body, oauth: (uri, method, body, OAuth1("client", SECRETS.client, "other", SECRETS.token)),
    ],
    ids=["target", "host", "method", "body", "token"],
)
def test_only_the_same_request_is_taken_for_one_that_was_lost(serve, acting, client, other):
    server = serve(acting)
    acting.faults["one"] = [faults.half_a_body]
    _, content = client(kind=LosesThenAsks).request(server.uri("/?one"), "POST", "a=1", FORM, other)
    assert content in (b"done one", b"done two")
    assert len({reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}) == 2


def test_a_request_that_was_lost_and_then_answered_may_be_made_again_within_the_call(serve, acting, client):
    class Twice(OAuth1Http):
        def request(self, *args):
            with contextlib.suppress(ResponseLostError):
                super().request(*args)
            return [super(Twice, self).request(*args) for _ in range(2)][-1]

    class Impatient(httplib2.Http):
        is_patient = False

        def _conn_request(self, *args):
            if not self.is_patient:
                self.is_patient = True
                args[0].connect()
                args[0].request(*args[2:3], args[1], *args[3:])
                # Until it was lost, so that the copy is the second to arrive.
                select.select([args[0].sock], [], [], 5)
                raise TimeoutError
            return super()._conn_request(*args)

    acting.unheard.add("one")
    server = serve(acting)
    _, content = client(kind=type("Ours", (Twice, Impatient), {})).request(server.uri("/?one"), "POST", "a=1", FORM)
    assert content == b"done one"
    assert acting.acted["one"] == 2


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
@pytest.mark.parametrize("code", [303, 307, 308])
@pytest.mark.parametrize("fault", ["reset", "nothing", "half_a_body"])
def test_a_framework_that_tries_again_does_nothing_twice_behind_a_redirect(
    serve, acting, client, framework, code, fault
):
    """What was redirected has acted (303), or what it led to has (307, 308)."""
    behind = serve(acting)
    acted = faults.Acting()

    def redirect(received):
        accepted = acted(received)
        return accepted if accepted == faults.NONCE_USED else answer(status=f"{code} x", Location=behind.uri("/?one"))

    front = serve(redirect)
    acting.faults["one"] = [getattr(faults, fault)] * 9
    http = client(kind=framework, oauth={"localhost": OAUTH})
    http.follow_all_redirects = True
    if framework is RetriesOutside:
        http.http.follow_all_redirects = True
    with pytest.raises(ResponseLostError):
        ask(http, front, "POST", "zero")
    assert acted.acted["zero"] == 1
    assert acting.acted["one"] <= 1 or code == 303


@pytest.mark.parametrize("framework", [AroundBehind, AroundInFront], ids=named)
@pytest.mark.parametrize("headers", [{}, {"Location": "http://["}], ids=["nowhere", "no uri"])
def test_a_framework_that_tries_again_does_nothing_twice_where_a_redirect_leads_nowhere(
    serve, acting, client, framework, headers
):
    def redirect(received):
        accepted = acting(received)
        return accepted if accepted == faults.NONCE_USED else answer(status="303 x", **headers)

    with pytest.raises(ResponseLostError):
        ask(client(kind=framework), serve(redirect), "POST")
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 3)


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
@pytest.mark.parametrize("words", ["429", "503", "401"])
def test_a_framework_that_tries_again_when_a_server_is_busy_does_nothing_twice(serve, acting, client, framework, words):
    """google-api-python-client does, and lazr.restfulclient; the answer to the copy is not what it looks like."""
    http, server = client(kind=framework), serve(acting)
    acting.refusal = faults.OTHER_WORDS[words]
    acting.faults["one"] = [faults.nothing]
    with pytest.raises(ResponseLostError):
        next(response for response, _ in (ask(http, server, "POST") for _ in range(3)) if response.status < 400)
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


@pytest.mark.parametrize("headers", [{"Location": "/again"}, {}], ids=["loop", "nowhere"])
def test_an_action_with_a_redirect_that_ends_nowhere_is_no_500_that_is_tried_again(serve, client, headers):
    """httplib2 makes one of it if it is told to make responses of errors."""
    server = serve(lambda _: answer(status="303 x", **headers))
    http = client()
    with pytest.raises(httplib2.error.HttpLib2ErrorWithResponse):
        ask(http, server, "POST")
    http.force_exception_to_status_code = True
    response, content = ask(http, server, "POST")
    assert (response.status, b"answered (303)" in content) == (400, True)


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


def random_fault(luck, server, acting, proxy, client, name, kind):
    """Let something go wrong with the next request; return the client to make it with, or None for any."""
    what = luck.choice(["server", "server", "server", "server", "proxy", "proxy", "unheard", "none"])
    if what == "server":
        # What comes later would come after the next request is made, where a framework tries again at once.
        choice = [*faults.AFTER_ACTING, *(each for each in faults.AFTERWARDS if not each.__name__.endswith("_later"))]
        if issubclass(kind, RetriesWithin):  # See TRIED_AGAIN.
            choice.remove(faults.no_gzip)
        acting.faults[name] = luck.choices(choice, k=luck.choice([1, 1, 1, 2, 3]))
    elif what == "unheard":
        acting.unheard.add(name)
    elif what == "proxy":
        # Within what one request and its answer take, and TLS before them.
        up, down = (450, 90) if server.scheme == "http" else (1200, 2600)
        side = luck.choice([{"up": luck.randrange(1, up)}, {"down": luck.randrange(1, down)}])
        proxy.plan = [Cut(**side, is_reset=luck.choice([True, False]))]
        return client(proxy, kind)
    return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
def test_of_many_random_faults_none_acts_twice_and_none_goes_unreported(server, client, proxy, acting, keep_alive):
    """250 faults here, and as many in each of the other three; half of them under a framework's own retry."""
    server.keep_alive = keep_alive
    luck = random.Random(f"{server.scheme} {keep_alive}")
    kinds = [OAuth1Http, *FRAMEWORKS]
    clients = {kind: client(kind=kind) for kind in kinds}
    number = 0
    outcomes = set()
    while acting.played + proxy.fired < 250:
        number += 1
        name, method = f"n{number}", luck.choice(SAFE + UNSAFE)
        kind = luck.choice([*[OAuth1Http] * len(FRAMEWORKS), *FRAMEWORKS])
        proxied = random_fault(luck, server, acting, proxy, client, name, kind)
        http = proxied or clients[kind]
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
            assert proxied or acting.arrived[name] > 1 or isinstance(error, httplib2.HttpLib2Error)
        else:
            outcome = "answered"
            assert response.status == 200
            assert content == (b"" if method == "HEAD" else f"done {name}".encode())
        if method in UNSAFE:
            assert acting.acted[name] <= 1, (kind, outcome)
        outcomes.add(outcome)
        if acting.last_fault in faults.AFTERWARDS:
            settle(getattr(http, "http", http))
    assert {"answered", "lost nonce", "lost other"} <= outcomes
