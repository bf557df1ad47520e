"""Frameworks that override _conn_request(): whatever they change is sent and signed."""

import http.client as http_client
import io

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from .. import reference
from ..servers import DROP, answer, in_turn
from .handlers import clock_server, refusal
from .signed_requests import FORM, is_signed, nonce_of


class ChangesOnTheWay(httplib2.Http):
    """A framework that adds to the request at the last moment."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        conn.timeout = 2.5
        request_uri += "&maxlag=5"
        body = body and body + "&minor="
        return super()._conn_request(conn, request_uri, method, body, {**headers, "x-csrf": "1"})


class PastAllOthers(httplib2.Http):
    """A framework that calls httplib2's method by its name."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        return httplib2.Http._conn_request(
            self, conn, request_uri + "&maxlag=5", method, body, {**headers, "x-csrf": "1"}
        )


@pytest.mark.parametrize("framework", [ChangesOnTheWay, PastAllOthers])
@pytest.mark.parametrize("order", ["in front", "behind", "ours behind", "swapped base"])
def test_what_a_framework_changes_on_the_way_is_sent_and_signed(serve, oauth, framework, order):
    bases = {
        "in front": (OAuth1Mixin, framework),
        "behind": (framework, OAuth1Mixin),
        "ours behind": (framework, OAuth1Http),
        "swapped base": (OAuth1Http,),
    }[order]
    namespace = {"_conn_request": PastAllOthers._conn_request} if order == "swapped base" else {}
    http = type("Swapped", bases, namespace)()
    http.oauth = oauth
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri("/p?a=1"), "POST", "b=2", FORM)
    assert [(each.target, each.headers["x-csrf"]) for each in server.received] == [("/p?a=1&maxlag=5", "1")] * 2
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 1
    if framework is ChangesOnTheWay and order != "swapped base":
        assert server.received[0].body == b"b=2&minor="
        assert next(iter(http.connections.values())).timeout == 2.5


def test_a_connection_looks_like_itself_to_a_framework(serve, oauth):
    looked = []

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, conn, *args):
            looked.append((isinstance(conn, http_client.HTTPConnection), conn.host))
            return super()._conn_request(conn, *args)

    Framework(oauth=oauth).request(serve().uri())
    assert looked == [(True, "localhost")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_framework_changes_of_the_headers_on_the_way_is_signed_and_sent(serve, oauth, method):
    """In place, in the dict that it was given."""

    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            headers["x-mine"] = "1"
            return super()._conn_request(conn, uri, method, body, headers)

    class Swapped(OAuth1Mixin, Framework):
        pass

    server = serve()
    Swapped(oauth=oauth).request(server.uri("/p"), method)
    assert server.received[0].headers["x-mine"] == "1"
    assert is_signed(server.received[0])


@pytest.mark.parametrize(
    "content", ["", "text", None, io.BytesIO(b"stream")], ids=["no text", "text", "none", "stream"]
)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "403 Forbidden"])
def test_a_framework_may_return_content_of_any_kind(serve, oauth, content, status):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            conn.request(method, uri, body, headers)
            response = conn.getresponse()
            response.read()
            return httplib2.Response(response), content

    class Swapped(OAuth1Mixin, Framework):
        pass

    server = serve(lambda received: answer(b"x", status, Content_Type="text/plain"))
    response, returned = Swapped(oauth=oauth).request(server.uri(), "POST", b"x")
    assert response.status == int(status[:3])
    assert returned is content


def test_headers_of_any_kind_that_httplib2_takes_are_taken(serve, oauth):
    class Items:
        def items(self):
            return [("x-mine", "1")]

    server = serve()
    http = OAuth1Http(oauth=oauth)
    for headers in (None, {}, Items()):
        conn = http_client.HTTPConnection("localhost", server.port, timeout=10)
        conn.default_port = 80
        assert http._conn_request(conn, "/p", "GET", None, headers)[1] == b"ok"
        conn.close()
    assert all(map(is_signed, server.received))
    assert server.received[2].headers["x-mine"] == "1"


def test_a_function_is_asked_about_a_uri_as_it_is_compared(serve, oauth):
    """Whatever a connection calls its host."""
    asked = []

    class Loud(httplib2.HTTPConnectionWithTimeout):
        def __init__(self, host, **kwargs):
            super().__init__(host.upper(), **kwargs)

    server = serve()
    http = OAuth1Http(oauth=lambda uri: asked.append(uri) or oauth)
    http.request(server.uri("/p?a=1"), connection_type=Loud)
    assert asked == [server.uri("/p?a=1")]
    assert is_signed(server.received[0])


def test_a_connection_keeps_what_it_is_given(serve, oauth):
    """Requests over one connection, signed or not, are answered by responses of http.client's kind."""
    server = serve()
    http = OAuth1Http(oauth=oauth)
    for who in (oauth, None, oauth):
        http.oauth = who
        assert http.request(server.uri())[1] == b"ok"
    (conn,) = http.connections.values()
    assert issubclass(conn.response_class, http_client.HTTPResponse)
    assert len(server.received) == 3


@pytest.mark.parametrize("order", ["in front", "ours behind"])
def test_hooks_within_hooks_sign_and_mend_the_clock_once(serve, oauth, order):
    class Framework(httplib2.Http):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    class Swapped(*((OAuth1Mixin, Framework) if order == "in front" else (Framework, OAuth1Http))):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    server = clock_server(serve, 5000)
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    assert len(server.received) == 2


def test_hooks_within_hooks_take_one_refusal_for_one(serve, oauth):
    """The second request, by the server's clock, is no copy of the first."""

    class Framework(httplib2.Http):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    class Swapped(Framework, OAuth1Http):
        pass

    def handler(received):
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        if len(server.received) == 1:
            return refusal(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")
        return answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json")

    server = serve(handler)
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 403


def test_a_frameworks_retry_after_an_answer_is_another_request(serve, oauth):
    class Retries(httplib2.Http):
        def _conn_request(self, *args):
            response, content = super()._conn_request(*args)
            return super()._conn_request(*args) if response.status == 503 else (response, content)

    class Swapped(Retries, OAuth1Http):
        pass

    server = serve(in_turn(answer("busy", "503 Busy"), answer()))
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2
