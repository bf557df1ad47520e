"""modern_httplib2 as the base: httpx's connections, HTTP/2, one Http for many threads."""

import contextlib
import copy
import dataclasses
import errno
import http.client as http_client
import os
import pickle
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import modern_httplib2
import pytest

from httplib2_oauthlib import HandshakeError, OAuth1, RefusedError, ResponseLostError, SigningError
from httplib2_oauthlib.handshake import Handshake
from tests import reference
from tests.http2_server import Http2Server
from tests.servers import DROP, Listener, answer, close, hang_up, in_turn

from .conftest import Guard
from .recipes.over_modern_httplib2 import SignedHttp

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


@pytest.fixture
def tls_h2(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture(params=["http/1.1", "https/1.1", "h2"])
def speak(request, serve, tls, tls_h2):
    """Start a guarded server that speaks one version of HTTP: ``speak(handler)``."""
    servers = []

    def start(handler=lambda _: answer()):
        guard = Guard(handler)
        if request.param == "h2":
            server = Http2Server(guard, tls_h2)
            servers.append(server)
        else:
            server = serve(guard, tls=tls if request.param == "https/1.1" else None)
        server.guard = guard
        server.version = 20 if request.param == "h2" else 11
        return server

    # modern_httplib2 remembers the ports that support only HTTP/1.1 for the whole process.
    modern_httplib2.DOWNGRADED_HOSTS.clear()
    yield start
    for server in servers:
        server.close()


@pytest.fixture
def make_http(ca_certs, oauth):
    made = []

    def make(**kwargs):
        made.append(SignedHttp(timeout=10, ca_certs=ca_certs, **{"oauth": oauth, **kwargs}))
        return made[-1]

    yield make
    for http in made:
        http.close()


def test_requests_over_it_are_signed(speak, make_http):
    server = speak(lambda r: answer(r.body or r.target))
    http = make_http()
    response, content = http.request(server.uri("/x?a=b|c d&\u00fc"))
    assert (response.version, content) == (server.version, b"/x?a=b%7Cc%20d&%C3%BC")
    content = http.request(server.uri(), "POST", "text=h\u00e9llo+%26&minor=", FORM)[1]
    assert content == b"text=h%C3%A9llo+%26&minor="
    assert http.request(server.uri(), "PUT", b"\x00" * 300_000, {"Content-Type": "a/b"})[1] == b"\x00" * 300_000
    assert http.request(server.uri(), "HEAD")[0].status == 200
    assert not server.guard.refused
    http.oauth = None
    assert http.request(server.uri())[0].status == 401


def test_refusals_are_raised_and_the_user_agent_is_sent(speak, make_http):
    refusal = answer("no", "401 No", WWW_Authenticate='OAuth oauth_problem="token_revoked"')
    server = speak(lambda received: refusal if received.target == "/no" else answer(received.headers["user-agent"]))
    http = make_http(raise_refusals=True, user_agent="my-tool/1.0")
    assert http.request(server.uri(), "POST", b"x")[1] == b"my-tool/1.0"
    assert http.request(server.uri(), headers={b"User-Agent": b"theirs"})[1] == b"theirs"
    for method in ("GET", "POST"):
        with pytest.raises(RefusedError) as caught:
            http.request(server.uri("/no"), method)
        assert (caught.value.reason, caught.value.response.status) == ("token", 401)


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
def test_it_signs_in_the_query_and_the_body(speak, make_http, oauth, placement):
    server = speak()
    make_http(oauth=dataclasses.replace(oauth, signature_type=placement)).request(
        server.uri("/x?a=1"), "POST", "b=2", FORM
    )
    assert not server.guard.refused


def test_32_threads_that_share_one_get_their_own_responses(speak, make_http):
    server = speak(lambda r: answer(r.body or r.target))
    # With fewer connections than threads, modern_httplib2 1.32 closes some that are in use.
    http = make_http(pool_maxsize=32)
    begin = threading.Barrier(32)

    def work(thread):
        begin.wait(20)
        own = []
        for number in range(5):
            own.append(http.request(server.uri(f"/{thread}/{number}"))[1].decode())
            own.append(http.request(server.uri(), "POST", f"{thread}={number}", FORM)[1].decode())
        return own

    with ThreadPoolExecutor(32) as executor:
        answered = list(executor.map(work, range(32)))
    assert answered == [[text for n in range(5) for text in (f"/{t}/{n}", f"{t}={n}")] for t in range(32)]
    assert not server.guard.refused
    if server.version == 20:
        assert {len(http.connections), server.connections} == {1}


def test_a_failure_in_one_thread_interrupts_no_other(speak, make_http):
    """A request that can't be signed leaves the connection to the thread that waits for a response."""
    go = threading.Event()

    def handler(received):
        if received.target == "/slow":
            go.wait(20)
        return answer(received.target)

    server = speak(handler)
    http = make_http()
    http.request(server.uri())
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(http.request, server.uri("/slow"), "POST", b"x")
        while not any(received.target == "/slow" for received in server.received):
            time.sleep(0.01)
        with pytest.raises(SigningError):
            http.request(server.uri(), "POST", iter(["text"]), FORM)
        go.set()
        assert slow.result(20)[1] == b"/slow"
    assert server.connections == 1
    assert not server.guard.refused


def test_a_timeout_in_one_thread_interrupts_no_other(speak, make_http):
    server = speak()
    if server.version == 20:
        pytest.skip("modern_httplib2 gives up a whole HTTP/2 connection with one request")
    reached, go = threading.Event(), threading.Event()

    def handler(received):
        if received.target == "/slow":
            go.wait(20)
        if received.target == "/other":
            reached.set()
            go.wait(20)
        return answer(received.target)

    server.guard.handler = handler
    http = make_http()
    http.timeout = 0.5
    with ThreadPoolExecutor(2) as executor:
        slow = executor.submit(http.request, server.uri("/slow"), "POST", b"x")
        time.sleep(0.25)
        other = executor.submit(http.request, server.uri("/other"), "POST", b"x")
        with pytest.raises(ResponseLostError, match="in time"):
            slow.result(20)
        assert reached.is_set()
        go.set()
        assert other.result(20)[1] == b"/other"
    assert [received.target for received in server.received].count("/other") == 1
    assert not server.guard.refused


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nhalf",
    ],
    ids=["length", "chunked"],
)
def test_a_truncated_response_is_a_loss(serve, make_http, cut):
    server = serve(lambda _: lambda connection: connection.sendall(cut))
    http = make_http()
    with pytest.raises(ResponseLostError, match="broke off") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.response.status, caught.value.content, len(server.received)) == (200, b"half", 1)
    with pytest.raises(http_client.IncompleteRead):
        http.request(server.uri())


def test_a_response_that_cannot_be_decompressed_is_a_loss(serve, make_http):
    server = serve(lambda _: answer("no gzip", Content_Encoding="gzip", X_Kept="x"))
    with pytest.raises(ResponseLostError, match="could not be decompressed") as caught:
        make_http().request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.response.status, caught.value.response["x-kept"]) == (200, "x")


def test_an_action_is_reported_if_the_host_of_its_redirect_is_unknown(serve, make_http):
    server = serve(lambda _: answer(status="303 See Other", Location="http://nowhere.invalid/"))
    with pytest.raises(ResponseLostError, match="ServerNotFoundError"):
        make_http().request(server.uri(), "POST", "a=1", FORM)


def reset(connection):
    hang_up(connection)
    close(connection)


@pytest.mark.parametrize(
    "server_does",
    [
        pytest.param(lambda connection: time.sleep(1), id="says nothing"),
        pytest.param(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), id="speaks no TLS"),
        pytest.param(reset, id="resets"),
    ],
)
def test_a_failed_tls_handshake_sends_no_request(make_http, server_does):
    class Odd(Listener):
        def _talk(self, connection):
            with contextlib.suppress(OSError):
                connection.recv(1000)
                server_does(connection)
                close(connection)

    server = Odd()
    http = make_http()
    http.timeout = 0.3
    try:
        with pytest.raises(OSError, match=r".+"):
            http.request(f"https://localhost:{server.port}/", "POST", "a=1", FORM)
    finally:
        server.close()


def test_a_socket_that_another_thread_closed_is_a_loss(serve, make_http, monkeypatch):
    """Threads of modern_httplib2 may close a socket while another thread reads its response."""
    server = serve()
    http = make_http()

    read, failures = modern_httplib2._Httplib2SyncStream.read, [1, 2]

    def closed(self, max_bytes, timeout=None):
        if failures:
            failures.pop()
            raise OSError(errno.EBADF, "Bad file descriptor")
        return read(self, max_bytes, timeout)

    monkeypatch.setattr(modern_httplib2._Httplib2SyncStream, "read", closed)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    # The second request had the same nonce. It arrives even if no thread reads its response.
    while len(server.received) < 2:
        time.sleep(0.01)
    nonces = [reference.protocol_parameters(received)["oauth_nonce"] for received in server.received]
    assert len(set(nonces)) == 1
    # A safe request is sent again.
    failures.append(1)
    assert http.request(server.uri())[0].status == 200


def test_a_handshake_over_it_refuses_a_redirect_and_a_bare_challenge(serve, oauth):
    server = serve(
        in_turn(answer("", "303 See Other", Location="/x"), answer("no", "401 Unauthorized", WWW_Authenticate="OAuth"))
    )
    for http, words in (
        (modern_httplib2.Http(timeout=10), "redirects to"),
        (modern_httplib2.Http(timeout=10), "OAuth1Http"),
    ):
        handshake = Handshake(server.uri("/1"), server.uri("/2"), server.uri("/3"), oauth, http)
        with pytest.raises(HandshakeError, match=words):
            handshake.temporary_credentials()


def test_redirects_are_signed_for_the_origin_only(speak, make_http, serve, tls):
    elsewhere = serve()
    server = speak(lambda r: answer(status="302 Found", Location={"/1": "/2"}.get(r.target, elsewhere.uri("/3"))))
    make_http().request(server.uri("/1"))
    assert [each.target for each in server.guard.seen] == ["/1", "/2"]
    assert "authorization" not in elsewhere.received[0].headers


def test_a_wrong_clock_is_repaired(speak, make_http):
    ahead = 5000

    def handler(received):
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        ours = int(time.time()) + ahead
        if abs(sent - ours) > 300:
            error = f'{{"error": {{"code": "x", "info": "Expired timestamp, yours {sent}, ours {ours}"}}}}'
            return answer(error, MediaWiki_API_Error="mwoauth-invalid-authorization", Content_Type="application/json")
        return answer("done")

    server = speak(handler)
    http = make_http()
    for _ in range(2):
        assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"
    assert len(server.received) == 3


def test_a_request_whose_response_was_lost_acts_once(speak, make_http):
    server = speak(lambda _: DROP)
    http = make_http()
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    # A second request, if any, had the same nonce.
    assert len(server.guard.seen) == 1
    assert {each.method for each in server.guard.refused} <= {"POST"}


def test_a_safe_request_whose_response_was_lost_is_signed_again(speak, make_http):
    server = speak(in_turn(DROP, answer("again")))
    assert make_http().request(server.uri())[1] == b"again"
    assert not server.guard.refused


def test_a_stale_connection_is_replaced(speak, make_http):
    server = speak(lambda r: answer(r.target))
    http = make_http()
    http.request(server.uri("/1"))
    for connection in server._open:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    assert http.request(server.uri("/2"), "POST", b"x")[1] == b"/2"
    assert not server.guard.refused


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_refused_connection_is_not_a_loss(make_http, scheme):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        make_http().request(f"{scheme}://127.0.0.1:{port}/", "POST", "a=1", FORM)


def test_an_untrusted_certificate_is_not_a_loss(serve, tls, oauth):
    with pytest.raises(ssl.SSLCertVerificationError):
        SignedHttp(timeout=10, oauth=oauth).request(serve(tls=tls).uri(), "POST", "a=1", FORM)


def test_caches_keep_users_apart(speak, make_http, tmp_path, oauth):
    fresh = {"Cache_Control": "max-age=600", "Date": formatdate(usegmt=True)}
    server = speak(lambda r: answer(reference.protocol_parameters(r)["oauth_nonce"], **fresh))
    contents = [make_http(cache=str(tmp_path), oauth=oauth).request(server.uri())[1] for _ in range(2)]
    assert contents[0] == contents[1]
    other = make_http(cache=str(tmp_path), oauth=OAuth1("other", "o")).request(server.uri())
    assert other[0].status == 401


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))])
def test_copies_and_pickles_sign(speak, make_http, another):
    server = speak()
    http = make_http()
    http.request(server.uri())
    again = another(http)
    again.request(server.uri())
    again.close()
    assert not server.guard.refused


def test_an_action_is_reported_if_its_redirect_fails(serve, make_http):
    server = serve(lambda _: answer(status="303 See Other", Location="http://127.0.0.1:1/"))
    with pytest.raises(ResponseLostError, match="was sent and answered"):
        make_http().request(server.uri(), "POST", "a=1", FORM)
    loop = serve(lambda _: answer(status="303 See Other", Location="/"))
    http = make_http()
    http.force_exception_to_status_code = True
    response, content = http.request(loop.uri(), "POST", "a=1", FORM)
    # Frameworks retry after a 500, and not after a 400.
    assert (response.status, b"was sent and answered" in content) == (400, True)


def test_the_package_works_with_modern_httplib2_in_place_of_httplib2(guarded):
    """If ``modern_httplib2.patch()`` runs before the imports, OAuth1Http derives from its classes."""
    server = guarded()
    program = f"""
        import modern_httplib2
        modern_httplib2.patch()
        from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuthError, install
        import httplib2
        oauth = OAuth1("client", "client-secret", "token", "token-secret")
        assert issubclass(OAuth1Http, modern_httplib2.Http)
        assert issubclass(OAuthError, modern_httplib2.HttpLib2Error)
        for http in OAuth1Http(timeout=10, oauth=oauth), HttpPool(OAuth1Http(timeout=10, oauth=oauth)):
            assert http.request({server.uri()!r}, "POST", "a=1", {FORM!r})[0].status == 200
        with install(oauth):
            assert httplib2.Http(timeout=10).request({server.uri()!r})[0].status == 200
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ}, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert len(server.guard.seen) == 3
