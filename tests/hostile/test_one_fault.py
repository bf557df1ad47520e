"""A response is lost: safe requests are repeated, no other request acts twice, and each loss is reported."""

import gzip
import io
import socket
import ssl
import threading

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from .. import reference
from ..servers import answer
from . import faults
from .clients import KEEP_ALIVE, ask, named
from .faults import FORM, OAUTH, SAFE, UNSAFE
from .retrying_frameworks import FAILURES


@pytest.fixture(params=KEEP_ALIVE)
def http_and_server(request, server, client):
    """A client that has sent a request before, and the server, which keeps connections open or closes them."""
    server.keep_alive = request.param
    http = client()
    http.request(server.uri("/?before"))
    return http, server


# A response that isn't gzip still arrives whole, and the response to HEAD has no body to lose.
LOST = [
    (method, fault)
    for method in SAFE
    for fault in faults.AFTER_ACTING
    if fault is not faults.no_gzip and (method != "HEAD" or fault in faults.HEADLESS)
]


@pytest.mark.parametrize(("method", "fault"), LOST, ids=lambda value: getattr(value, "__name__", value))
def test_a_safe_request_succeeds_after_its_response_was_lost(http_and_server, acting, method, fault):
    http, server = http_and_server
    acting.faults["one"] = [fault]
    response, content = ask(http, server, method)
    assert (response.status, content) == (200, b"" if method == "HEAD" else b"done one")
    nonces = [reference.protocol_parameters(each)["oauth_nonce"] for each in server.received]
    assert len(set(nonces)) == len(nonces) == 3


@pytest.mark.parametrize("fault", faults.AFTER_ACTING, ids=named)
@pytest.mark.parametrize("method", UNSAFE)
def test_any_other_request_acts_once_and_its_loss_is_reported(http_and_server, acting, method, fault):
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
    # Either the server refused the second request, or its status is known. A reset may discard the status.
    assert known in [("other" if fault in has_begun_to_answer else "nonce", 200)] + [("nonce", 200)] * (
        fault is faults.half_a_body_then_reset
    )
    assert "acted" in str(caught.value)


@pytest.mark.parametrize("fault", faults.STALLS, ids=named)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_request_is_not_sent_again_after_a_timeout(server, client, acting, method, fault):
    http = client(timeout=0.2)
    acting.faults["one"] = [fault]
    with pytest.raises(TimeoutError if method == "GET" else ResponseLostError) as caught:
        ask(http, server, method)
    assert acting.arrived["one"] == 1
    if method != "GET":
        assert isinstance(caught.value.__cause__, TimeoutError)
        assert ("answered 200" if fault is faults.stall_within else "in time") in str(caught.value)
    # The rest of the response isn't read as the next response.
    assert ask(http, server, method, "two")[1] == b"done two"


@pytest.mark.parametrize("method", SAFE + UNSAFE)
def test_a_request_lost_before_the_server_acted_acts_once(http_and_server, acting, method):
    http, server = http_and_server
    for name in ("one", "two", "three"):
        acting.unheard.add(name)
        assert ask(http, server, method, name)[0].status == 200
        assert (acting.acted[name], acting.arrived[name]) == (1, 2)


def test_a_connection_closed_while_a_body_is_sent_is_reported_as_a_loss(serve, client):
    """A server that refuses a large body does so. Its response is lost."""
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


def test_an_error_before_anything_was_sent_comes_from_httplib2(client, serve):
    http = client()
    with pytest.raises(ConnectionRefusedError):
        http.request("http://127.0.0.1:1/", "POST", "a=1", FORM)
    with pytest.raises(httplib2.ServerNotFoundError):
        http.request("http://nowhere.invalid/", "POST", "a=1", FORM)


def test_an_untrusted_certificate_raises_httplib2s_own_error(serve, tls):
    http = OAuth1Http(timeout=10, oauth=OAUTH)
    with pytest.raises(ssl.SSLCertVerificationError):
        http.request(serve(tls=tls).uri(), "POST", "a=1", FORM)


def test_a_decompression_bomb_is_reported_as_an_unreadable_response(serve, client):
    decode = pytest.importorskip("httplib2.decode", reason="this httplib2 has no limit for decompression")
    server = serve(lambda _: answer(gzip.compress(b"\0" * 20_000_000), Content_Encoding="gzip"))
    with pytest.raises(ResponseLostError, match=r"answered 200.*could not be decompressed") as caught:
        ask(client(), server, "POST")
    assert isinstance(caught.value.__cause__, decode.DecodeLimitError | decode.DecodeRatioError)


@pytest.mark.parametrize(
    ("status", "words"),
    [("200 OK", "likely"), ("303 x", "likely"), ("400 x", "not known"), ("429 x", "not known"), ("503 x", "not known")],
)
def test_the_report_of_a_truncated_response_depends_on_its_status(serve, client, status, words):
    server = serve(lambda _: faults.half_a_body(answer("refused", status)))
    with pytest.raises(ResponseLostError, match=words) as caught:
        ask(client(), server, "POST")
    assert caught.value.response.status == int(status[:3])
    assert caught.value.content == b"refu"


class Broken(io.BytesIO):
    def read(self, size=-1):
        raise PermissionError("the disk")


def test_an_error_of_reading_the_body_is_raised_as_it_is(serve, client):
    with pytest.raises(PermissionError, match="the disk"):
        client().request(serve().uri(), "PUT", Broken(b"x"), {"Content-Type": "image/png"})
