"""Frameworks that replace a connection's methods, or set and delete its attributes, work as with a plain Http."""

import http.client as http_client
from unittest import mock

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin, SigningError

from .. import reference
from ..servers import DROP, answer, hang_up, in_turn
from .signed_requests import FORM, is_signed, nonce_of

NAMES = ["request", "getresponse", "close"]


def swapped(framework, oauth):
    """Return an Http of a framework's class: one that signs, or the plain one."""
    return type("Swapped", (OAuth1Mixin, framework), {})(timeout=10, oauth=oauth)


def tracing(name, restores, calls):
    """Return a framework that traces a method of each connection that it uses."""

    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            original = getattr(conn, name)

            def traced(*args, **kwargs):
                calls.append(name)
                return original(*args, **kwargs)

            setattr(conn, name, traced)
            try:
                return super()._conn_request(conn, *args)
            finally:
                if restores:
                    setattr(conn, name, original)

    return Framework


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("restores", [True, False])
@pytest.mark.parametrize("users", ["signed", "unsigned", "both"])
def test_a_method_that_is_replaced_for_each_request_is_called_as_often(serve, oauth, name, restores, users):
    expected, calls = [], []
    plain, signing = tracing(name, restores, expected)(timeout=10), swapped(tracing(name, restores, calls), oauth)
    for http in (plain, signing):
        server = serve()
        for number, method in enumerate(["GET", "GET", "POST", "HEAD", "GET"]):
            if http is signing:
                http.oauth = oauth if users == "signed" or (users == "both" and number % 2) else None
            assert http.request(server.uri(), method)[0].status == 200
        assert server.connections == 2
    assert len(calls) == len(expected) > 0
    plain.close()
    signing.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_method_that_is_replaced_once_per_connection_stays_replaced(serve, oauth, name):
    calls = []

    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            if not hasattr(conn, "is_traced"):
                conn.is_traced = True
                original = getattr(conn, name)
                setattr(conn, name, lambda *args, **kwargs: (calls.append(name), original(*args, **kwargs))[1])
            return super()._conn_request(conn, *args)

    server = serve()
    http = swapped(Framework, oauth)
    for value in (oauth, None, oauth, oauth):
        http.oauth = value
        assert http.request(server.uri(), "HEAD" if name == "close" else "POST")[0].status == 200
    assert calls == [name] * 4
    assert [is_signed(each) for each in server.received] == [True, False, True, True]
    assert name == "close" or server.connections == 1


def test_what_a_replaced_request_changes_is_signed(serve, oauth):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            original = conn.request
            conn.request = lambda method, target, body, headers: original(
                method, f"{target}?b=2", body, {**headers, "x-trace": "1"}
            )
            try:
                return super()._conn_request(conn, *args)
            finally:
                del conn.request

    server = serve(in_turn(DROP, answer()))
    secrets = reference.Secrets(oauth.client_secret, oauth.resource_owner_secret)
    swapped(Framework, oauth).request(server.uri("/p"), "POST", "a=1", FORM)
    assert [(each.target, each.headers["x-trace"]) for each in server.received] == [("/p?b=2", "1")] * 2
    assert all(reference.is_valid(each, secrets) for each in server.received)
    assert len({nonce_of(each) for each in server.received}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_that_is_sent_after_a_reset_passes_a_replaced_method_and_is_signed(serve, oauth, name):
    calls = []
    server = serve(in_turn(hang_up, answer()))
    http = swapped(tracing(name, restores=False, calls=calls), oauth)
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    assert len(server.received) == 2
    assert all(is_signed(each) for each in server.received)
    assert len({nonce_of(each) for each in server.received}) == 1
    assert calls


def test_a_mock_of_a_method_is_undone(serve, oauth):
    seen = []

    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            with mock.patch.object(conn, "getresponse", wraps=conn.getresponse) as getresponse:
                result = super()._conn_request(conn, *args)
            seen.append(getresponse.call_count)
            return result

    server = serve()
    http = swapped(Framework, oauth)
    for value in (oauth, None, oauth):
        http.oauth = value
        assert http.request(server.uri(), "POST")[1] == b"ok"
    assert seen == [1, 1, 1]
    assert server.connections == 1


def test_a_replaced_method_that_is_called_after_the_request_reaches_the_connection(serve, oauth):
    kept = []

    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            kept.append((conn, conn.close))
            conn.close = lambda: kept[-1][1]()  # noqa: PLW0108 (not the close() of this moment)
            return super()._conn_request(conn, *args)

    http = swapped(Framework, oauth)
    http.request(serve().uri())
    (real,) = http.connections.values()
    assert real.sock is not None
    conn, _ = kept[-1]
    conn.close()
    assert real.sock is None


def test_attributes_that_are_set_and_deleted_are_the_connections(serve, oauth):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            conn.mark = 1
            assert vars(conn)["mark"] == 1
            try:
                return super()._conn_request(conn, *args)
            finally:
                assert conn.mark == 1
                del conn.mark
                with pytest.raises(AttributeError):
                    del conn.mark
                conn.kept = 2

    http = swapped(Framework, oauth)
    server = serve()
    for value in (oauth, None, oauth):
        http.oauth = value
        http.request(server.uri())
    (real,) = http.connections.values()
    assert (real.kept, hasattr(real, "mark")) == (2, False)
    assert isinstance(real, http_client.HTTPConnection)


def test_a_replaced_request_that_fails_leaves_the_connection_clean(serve, oauth):
    class Framework(httplib2.Http):
        fails = True

        def _conn_request(self, conn, *args):
            original = conn.request

            def request(method, target, body, headers):
                original(method, target, body, {**headers, **({"X": "a\nb"} if self.fails else {})})

            conn.request = request
            return super()._conn_request(conn, *args)

    server = serve()
    http = swapped(Framework, oauth)
    with pytest.raises((ValueError, SigningError)):
        http.request(server.uri("/first"), "POST", "a=1", FORM)
    http.fails = False
    http.connections.clear()
    http.request(server.uri("/second"), "POST", "a=1", FORM)
    assert [each.target for each in server.received] == ["/second"]


@pytest.mark.parametrize("is_signing", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize("body", [None, "a=1"], ids=["without-body", "body"])
def test_a_conn_request_that_is_replaced_after_a_request_gets_a_whole_connection(serve, oauth, is_signing, body):
    """Instrumentation may replace httplib2's method at any time."""
    server = serve()
    seen = []
    original = httplib2.Http._conn_request

    def traced(http, conn, *args):
        conn.timeout = 3
        conn.set_debuglevel(0)
        conn.is_traced = getattr(conn, "is_traced", 0) + 1
        seen.append((isinstance(conn, http_client.HTTPConnection), conn.is_traced))
        return original(http, conn, *args)

    http = OAuth1Http(timeout=10, oauth=oauth if is_signing else None)
    http.request(server.uri(), "PUT", body)
    with mock.patch.object(httplib2.Http, "_conn_request", traced):
        http.request(server.uri(), "PUT", body)
        http.request(server.uri(), "PUT", body)
    http.request(server.uri(), "PUT", body)
    http.close()
    assert seen == [(True, 1), (True, 2)]
    assert [is_signed(each) for each in server.received] == [is_signing] * 4
    assert server.connections == 1


@pytest.mark.parametrize("reads", [True, False])
def test_an_unsigned_framework_may_use_the_connection_before_the_request(serve, reads):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, *args):
            conn.putrequest("GET", "/probe")
            if reads:
                conn.endheaders()
                conn.getresponse()
            return super()._conn_request(conn, *args)

    server = serve()
    http = swapped(Framework, None)
    for _ in range(2):
        assert http.request(server.uri("/p"), "POST", "a=1", FORM)[1] == b"ok"
    http.close()
    assert [each.target for each in server.received if each.target != "/probe"] == ["/p"] * 2
