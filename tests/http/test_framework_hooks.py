"""Frameworks that override _conn_request(): their changes to a request are signed and sent."""

import http.client as http_client
import io

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

from .. import reference
from ..servers import DROP, answer, in_turn
from .handlers import clock_server, refusal
from .signed_requests import FORM, is_signed, nonce_of


class CallsSuper(httplib2.Http):
    """A framework that changes the request and calls the next class in the MRO."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        conn.timeout = 2.5
        request_uri += "&maxlag=5"
        body = body and body + "&minor="
        return super()._conn_request(conn, request_uri, method, body, {**headers, "x-csrf": "1"})


class CallsHttplib2ByName(httplib2.Http):
    """A framework that changes the request and calls httplib2.Http by name, past every class between."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        return httplib2.Http._conn_request(
            self, conn, request_uri + "&maxlag=5", method, body, {**headers, "x-csrf": "1"}
        )


@pytest.mark.parametrize("framework", [CallsSuper, CallsHttplib2ByName])
@pytest.mark.parametrize("order", ["in front", "behind", "OAuth1Http behind", "OAuth1Http as base"])
def test_changes_in_an_overridden_conn_request_are_signed_and_sent(serve, oauth, framework, order):
    bases = {
        "in front": (OAuth1Mixin, framework),
        "behind": (framework, OAuth1Mixin),
        "OAuth1Http behind": (framework, OAuth1Http),
        "OAuth1Http as base": (OAuth1Http,),
    }[order]
    namespace = {"_conn_request": CallsHttplib2ByName._conn_request} if order == "OAuth1Http as base" else {}
    http = type("Swapped", bases, namespace)()
    http.oauth = oauth
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri("/p?a=1"), "POST", "b=2", FORM)
    assert [(each.target, each.headers["x-csrf"]) for each in server.received] == [("/p?a=1&maxlag=5", "1")] * 2
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 1
    if framework is CallsSuper and order != "OAuth1Http as base":
        assert server.received[0].body == b"b=2&minor="
        assert next(iter(http.connections.values())).timeout == 2.5


def test_framework_receives_a_connection_with_its_own_class_and_host(serve, oauth):
    seen = []

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, conn, *args):
            seen.append((isinstance(conn, http_client.HTTPConnection), conn.host))
            return super()._conn_request(conn, *args)

    Framework(oauth=oauth).request(serve().uri())
    assert seen == [(True, "localhost")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_headers_that_a_framework_changes_in_place_are_signed_and_sent(serve, oauth, method):
    """The framework modifies the dict that it receives."""

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
    "content", ["", "text", None, io.BytesIO(b"stream")], ids=["empty str", "str", "None", "stream"]
)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "403 Forbidden"])
def test_framework_can_return_content_of_any_type(serve, oauth, content, status):
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


def test_headers_of_each_type_that_httplib2_accepts_are_accepted(serve, oauth):
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


def test_connection_keeps_a_response_class_that_derives_from_http_clients(serve, oauth):
    """This holds after signed and unsigned requests over one connection."""
    server = serve()
    http = OAuth1Http(oauth=oauth)
    for value in (oauth, None, oauth):
        http.oauth = value
        assert http.request(server.uri())[1] == b"ok"
    (conn,) = http.connections.values()
    assert issubclass(conn.response_class, http_client.HTTPResponse)
    assert len(server.received) == 3


@pytest.mark.parametrize("order", ["in front", "OAuth1Http behind"])
def test_nested_hooks_sign_once_and_correct_the_timestamp_once(serve, oauth, order):
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


def test_nested_hooks_count_a_rejected_timestamp_once(serve, oauth):
    """The second request has the server's time, so it isn't a repetition whose first response was lost."""

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


def test_retry_by_a_framework_after_a_response_has_a_new_nonce(serve, oauth):
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


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_credentials_that_a_framework_sets_between_two_hooks_sign_the_request(serve, oauth, method):
    class LogsIn(httplib2.Http):
        def _conn_request(self, *args):
            self.oauth = oauth
            return super()._conn_request(*args)

    class Swapped(LogsIn, OAuth1Http):
        pass

    server = serve()
    for _ in range(2):
        http = Swapped(timeout=10)
        assert http.request(server.uri(), method)[1] == b"ok"
        http.oauth = None
        assert http.request(server.uri(), method)[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True] * 4
    assert server.connections == 2
