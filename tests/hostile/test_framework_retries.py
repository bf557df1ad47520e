"""A framework's own retry does nothing twice."""

import contextlib
import http.client
import io
import select

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, ResponseLostError

from .. import reference
from ..servers import answer
from . import faults, test_clock
from .clients import ask, named
from .faults import FORM, SECRETS, UNSAFE
from .retrying_frameworks import (
    FRAMEWORKS,
    AroundBehind,
    AroundInFront,
    RetriesAround,
)

TRIED_AGAIN = [(framework, fault) for framework in FRAMEWORKS for fault in [*faults.AFTER_ACTING, *faults.STALLS]]


@pytest.mark.parametrize(("framework", "fault"), TRIED_AGAIN, ids=named)
def test_a_framework_that_retries_does_nothing_twice(serve, acting, client, framework, fault):
    server = serve(acting)
    http = client(kind=framework, timeout=0.1 if fault in faults.STALLS else 10)
    for method in UNSAFE:
        acting.faults[method] = [fault]
        with pytest.raises(ResponseLostError):
            ask(http, server, method, method)
        acting.wait_for(method)
        assert acting.acted[method] == 1
    for method in ("GET", "OPTIONS"):
        if fault not in (faults.no_gzip, *faults.STALLS):
            acting.faults[method] = [fault]
            assert ask(http, server, method, method)[1] == f"done {method}".encode()


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
def test_a_framework_that_retries_gets_a_response_if_the_server_had_not_acted(serve, acting, client, framework):
    acting.unheard.add("one")
    assert ask(client(kind=framework), serve(acting), "POST")[1] == b"done one"
    assert acting.acted["one"] == 1


@pytest.mark.parametrize("framework", [AroundBehind, AroundInFront], ids=named)
def test_a_framework_that_retries_never_sends_a_part_of_a_body(serve, acting, client, framework):
    """The framework retries with the same file, which has been read to its end."""
    server = serve(acting)
    acting.faults["one"] = [faults.half_a_body]
    with pytest.raises(ResponseLostError):
        client(kind=framework).request(server.uri("/?one"), "PUT", io.BytesIO(b"x" * 10), {"content-type": "image/png"})
    assert {each.body for each in server.received} == {b"x" * 10}
    assert acting.acted["one"] == 1


class Changes:
    """A framework that changes each request as late as possible."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        body = body + "&assert=user" if isinstance(body, str) else body
        return super()._conn_request(conn, request_uri + "&maxlag=5", method, body, {**headers, "x-late": "1"})


class ChangesInFront(OAuth1Mixin, Changes, httplib2.Http):
    pass


class ChangesAndRetries(OAuth1Mixin, Changes, RetriesAround):
    pass


@pytest.mark.parametrize("fault", ["reset", "nothing", "clock"])
def test_a_framework_that_changes_requests_late_changes_each_once(serve, client, fault):
    def handler(received):
        assert reference.is_valid(received, SECRETS)
        if len(server.received) > 1:
            return answer()
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        return test_clock.in_mediawikis_words(sent + 5000, sent) if fault == "clock" else getattr(faults, fault)(b"")

    server = serve(handler)
    ask(client(kind=ChangesInFront), server, "POST")
    assert [(each.target, each.body) for each in server.received] == [("/?one&maxlag=5", b"a=1&assert=user")] * 2


def test_a_framework_that_changes_requests_late_and_retries_does_nothing_twice(serve, client):
    acting = faults.Acting()
    acting.faults["one&maxlag=5"] = [faults.half_a_body]
    with pytest.raises(ResponseLostError):
        ask(client(kind=ChangesAndRetries), serve(acting), "POST")
    assert acting.acted["one&maxlag=5"] == 1


class Progress:
    """A reader around a file without ``seek()``, as progress bars use."""

    def __init__(self, file):
        self.read = file.read


def test_a_file_that_a_framework_wraps_is_sent_whole_twice(serve, client, acting):
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


def test_a_request_with_a_frameworks_own_authorization_is_not_sent_again(serve, client):
    """The header is added as late as possible. Plain httplib2 also sends such a request once."""

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


def test_a_loss_is_reported_to_a_framework_that_reads_in_pieces(serve, client, acting):
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


def test_a_connection_error_within_http_client_is_raised_as_it_is(client):
    class Late(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            conn.request(method, request_uri, body, headers)

    with pytest.raises(ConnectionRefusedError):
        client(kind=type("Ours", (OAuth1Mixin, Late), {})).request("http://127.0.0.1:1/", "POST", "a=1", FORM)


def test_a_retry_after_a_response_is_reported_if_the_body_is_consumed(serve, client):
    class Retries(httplib2.Http):
        def _conn_request(self, *args):
            response, content = super()._conn_request(*args)
            return super()._conn_request(*args) if response.status == 503 else (response, content)

    server = serve(lambda _: answer("busy", "503 Busy"))
    with pytest.raises(ResponseLostError, match=r"was answered \(503\)") as caught:
        client(kind=type("Ours", (OAuth1Mixin, Retries), {})).request(server.uri(), "PUT", iter([b"x"]))
    assert caught.value.response.status == 503


def test_a_retry_after_a_programs_own_error_does_nothing_twice(serve, client, acting):
    """A signal handler raises such an error, and the framework retries within the call."""

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
    """A framework that changes a request after its loss, and sends the changed one within the same call."""

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
def test_only_the_same_request_counts_as_the_lost_one(serve, acting, client, other):
    server = serve(acting)
    acting.faults["one"] = [faults.half_a_body]
    _, content = client(kind=LosesThenAsks).request(server.uri("/?one"), "POST", "a=1", FORM, other)
    assert content in (b"done one", b"done two")
    assert len({reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}) == 2


def test_a_lost_request_that_was_then_answered_may_be_sent_again(serve, acting, client):
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
                # Wait until the request is lost, so that the second request arrives after it.
                select.select([args[0].sock], [], [], 5)
                raise TimeoutError
            return super()._conn_request(*args)

    acting.unheard.add("one")
    server = serve(acting)
    _, content = client(kind=type("Ours", (Twice, Impatient), {})).request(server.uri("/?one"), "POST", "a=1", FORM)
    assert content == b"done one"
    assert acting.acted["one"] == 2


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
@pytest.mark.parametrize("words", ["429", "503", "401"])
def test_a_framework_that_retries_a_busy_server_does_nothing_twice(serve, acting, client, framework, words):
    """google-api-python-client and lazr.restfulclient do so. Such a status may refuse the second request."""
    http, server = client(kind=framework), serve(acting)
    acting.refusal = faults.OTHER_REFUSALS[words]
    acting.faults["one"] = [faults.nothing]
    with pytest.raises(ResponseLostError):
        next(response for response, _ in (ask(http, server, "POST") for _ in range(3)) if response.status < 400)
    assert acting.acted["one"] == 1


def test_a_retry_with_another_request_is_signed_as_another(serve, client):
    """The framework retries after an unwanted response, or sends another body."""

    class Changes(OAuth1Http):
        def request(self, uri, method, body, headers):
            answers = [super(Changes, self).request(uri, method, body + extra, headers) for extra in ("", "", "&b=2")]
            return answers[-1]

    server = serve()
    client(kind=Changes).request(server.uri(), "POST", "a=1", FORM)
    assert len({reference.protocol_parameters(each)["oauth_nonce"] for each in server.received}) == 3
