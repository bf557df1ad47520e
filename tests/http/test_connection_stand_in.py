"""What frameworks do to the connection in ``_conn_request()``: it works as in httplib2, or it is refused."""

import functools
import http.client as http_client
import urllib.request

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin, SigningError, install

from ..servers import answer
from .signed_requests import FORM, is_signed


class WrapsRequest(httplib2.Http):
    def _conn_request(self, conn, *args):
        original = conn.request
        conn.request = functools.partial(original)
        try:
            return super()._conn_request(conn, *args)
        finally:
            conn.request = original


class WrapsAndDeletes(httplib2.Http):
    def _conn_request(self, conn, *args):
        for name in ("request", "getresponse", "close"):
            setattr(conn, name, functools.partial(getattr(conn, name)))
        try:
            return super()._conn_request(conn, *args)
        finally:
            for name in ("request", "getresponse", "close"):
                delattr(conn, name)


class WrapsResponse(httplib2.Http):
    def _conn_request(self, conn, *args):
        original = conn.getresponse
        conn.getresponse = functools.partial(original)
        return super()._conn_request(conn, *args)


class SetsAndDeletes(httplib2.Http):
    def _conn_request(self, conn, *args):
        conn.mark = 1
        try:
            assert conn.mark == 1
            return super()._conn_request(conn, *args)
        finally:
            del conn.mark
            assert not hasattr(conn, "mark")


class AsksByItself(httplib2.Http):
    def _conn_request(self, conn, uri, method, body, headers):
        conn.request(method, uri, body, {name.title(): str(value) for name, value in headers.items()})
        response = conn.getresponse()
        return httplib2.Response(response), response.read()


@pytest.mark.parametrize("order", ["in front", "behind"])
@pytest.mark.parametrize("framework", [WrapsRequest, WrapsAndDeletes, WrapsResponse, SetsAndDeletes, AsksByItself])
def test_changes_of_the_connection_work_as_in_httplib2(serve, oauth, framework, order):
    server = serve()
    http = type("S", (OAuth1Mixin, framework) if order == "in front" else (framework, OAuth1Mixin), {})()
    http.oauth = oauth
    for _ in range(2):
        assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    (conn,) = http.connections.values()
    assert not {"request", "getresponse", "close", "mark"} & set(vars(conn))
    assert [is_signed(each) for each in server.received] == [True] * 2
    assert server.connections == 1
    assert not any("httplib2-oauthlib" in name for each in server.received for name in each.headers)


# -- piece by piece


def by_putrequest(conn, uri, method, body, headers):
    conn.putrequest(method, uri)
    for name, value in headers.items():
        conn.putheader(name, value)
    conn.endheaders(body)
    conn.getresponse().read()


def by_send(conn, uri, method, body, headers):
    conn.send(f"{method} {uri} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    conn.sock.recv(1000)


def by_endheaders(conn, uri, method, body, headers):
    conn.connect()
    conn.endheaders()


# -- a transport of its own


def by_urllib(conn, uri, method, body, headers):
    uri = f"http://{conn.host}:{conn.port}{uri}"
    request = urllib.request.Request(uri, body and body.encode(), headers, method=method)
    with urllib.request.urlopen(request):
        pass


def by_another_connection(conn, uri, method, body, headers):
    another = http_client.HTTPConnection(conn.host, conn.port, timeout=5)
    another.request(method, uri, body, headers)
    another.getresponse().read()
    another.close()


def framework_that_sends(send):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            send(conn, uri, method, body, headers)
            return httplib2.Response({"status": "200"}), b""

    return Framework


BEFORE = [by_putrequest, by_send, by_endheaders, by_urllib, by_another_connection]


def in_front(framework, oauth):
    return type("S", (OAuth1Mixin, framework), {})(timeout=5, oauth=oauth)


def behind(framework, oauth):
    http = type("S", (framework, OAuth1Http), {})(timeout=5)
    http.oauth = oauth
    return http


def as_base(framework, oauth):
    return type("S", (OAuth1Http,), {"_conn_request": framework._conn_request, "oauth": oauth})(timeout=5)


def wrapped_like_a_hook(framework, oauth):
    method = functools.wraps(OAuth1Http._conn_request)(framework._conn_request)
    return type("S", (OAuth1Http,), {"_conn_request": method})(timeout=5, oauth=oauth)


def by_partialmethod(framework, oauth):
    method = functools.partialmethod(framework._conn_request)
    return type("S", (OAuth1Http,), {"_conn_request": method})(timeout=5, oauth=oauth)


def on_the_instance(framework, oauth):
    http = OAuth1Http(timeout=5, oauth=oauth)
    http._conn_request = functools.partial(framework._conn_request, http)
    return http


def installed(framework, oauth):
    original, httplib2.Http = httplib2.Http, framework
    try:
        with install(oauth):
            return httplib2.Http(timeout=5)
    finally:
        httplib2.Http = original


WAYS = [in_front, behind, as_base, wrapped_like_a_hook, by_partialmethod, on_the_instance, installed]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("send", BEFORE)
def test_request_past_the_connection_is_refused_before_it_is_sent(serve, oauth, send, way):
    server = serve()
    http = way(framework_that_sends(send), oauth)
    for method, body in (("GET", None), ("POST", "text=x"), ("GET", None)):
        with pytest.raises(SigningError, match="Nothing was sent"):
            http.request(server.uri("/edit"), method, body)
    assert server.received == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("send", [by_putrequest, by_send, by_urllib, by_another_connection])
def test_request_past_the_connection_is_sent_without_credentials(serve, send, way):
    server = serve()
    way(framework_that_sends(send), {"other.example": None}).request(server.uri(), "DELETE")
    assert [(each.method, is_signed(each)) for each in server.received] == [("DELETE", False)]


@pytest.mark.parametrize("way", WAYS)
def test_request_by_a_raw_socket_is_reported_as_unsigned(serve, oauth, way):
    """Nothing that is done with a socket can be noticed before."""

    def by_socket(conn, uri, method, body, headers):
        conn.connect()
        lines = [f"{method} {uri} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        conn.sock.sendall("\r\n".join(lines).encode())
        conn.sock.recv(1000)

    server = serve()
    http = way(framework_that_sends(by_socket), oauth)
    with pytest.raises(SigningError, match="was sent without a signature, or was not sent"):
        http.request(server.uri("/edit"))
    assert len(server.received) == 1


def test_framework_that_hides_the_error_is_noticed(serve, oauth):
    def hiding(*args):
        try:
            by_urllib(*args)
        except ValueError:
            pass

    server = serve()
    with pytest.raises(SigningError, match="did not call conn"):
        in_front(framework_that_sends(hiding), oauth).request(server.uri(), "POST", "a=1")
    assert server.received == []


def test_replaced_method_of_the_instance_that_calls_the_former_one_signs(serve, oauth):
    """Tracing does it so."""
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth)
    traced, former = [], http._conn_request

    def trace(*args):
        traced.append(args[1])
        return former(*args)

    http._conn_request = trace
    http.request(server.uri("/1"))
    assert http._conn_request is trace
    del http._conn_request
    http.request(server.uri("/2"))
    assert traced == ["/1"]
    assert [is_signed(each) for each in server.received] == [True, True]


def test_replaced_method_of_the_instance_that_sends_by_itself_signs(serve, oauth):
    """The object that wrapt puts there has the attributes of the method that it replaces."""

    class Replacement:
        def __init__(self, former):
            self.__func__, self.__self__ = former.__func__, former.__self__

        def __call__(self, conn, target, method, body, headers):
            conn.request(method, target, body, headers)
            response = conn.getresponse()
            content = response.read()
            return httplib2.Response(response), content

    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth)
    http._conn_request = Replacement(http._conn_request)
    http.request(server.uri("/1"))
    http.request(server.uri("/2"), "POST", "a=1", FORM)
    assert [is_signed(each) for each in server.received] == [True, True]


def test_headers_that_a_framework_sees_are_httplib2s_again_afterwards(serve, oauth):
    seen = []

    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            seen.append(headers)
            return super()._conn_request(conn, uri, method, body, dict(headers))

    server = serve(lambda _: answer())
    in_front(Framework, oauth).request(server.uri(), headers={"x-mine": "1"})
    assert set(seen[0]) == {"x-mine", "user-agent", "accept-encoding"}
    assert is_signed(server.received[0])
    assert "x-mine" in server.received[0].headers


# -- add_credentials


class CallableObject:
    def __call__(self, *args):
        pass


def test_add_credentials_that_wraps_a_callable_object(serve, oauth):
    @functools.wraps(CallableObject())
    def add_credentials(self, *args, **kwargs):
        httplib2.Http.add_credentials(self, *args, **kwargs)

    framework = type("F", (httplib2.Http,), {"add_credentials": add_credentials})
    server = serve()
    for bases in ((OAuth1Mixin, framework), (framework, OAuth1Mixin)):
        http = type("S", bases, {})()
        http.add_credentials("client", "client secret", "token", "token secret")
        http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, True]
