"""The connections that are used while a cassette is open."""

import gc
import http.client
import threading
from http.client import HTTPConnection

import httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1Http
from httplib2_oauthlib.cassettes import (
    NotRecordedError,
    PooledConnectionError,
    recorder,
    use,
)

from ..frameworks.minibot.comms import threadedhttp
from ..servers import answer, in_turn
from .traffic import ANY_CREDENTIALS


def test_earlier_connections_are_set_aside_and_restored_afterwards(tmp_path, serve, http, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    http.request(uri)
    before = dict(http.connections)
    with use(http, "it", tmp_path):
        assert http.connections == {}
        http.request(uri)
        assert list(http.connections.values()) != list(before.values())
        with pytest.raises(NotRecordedError):
            http.request(uri)
    assert http.connections == before
    connections = server.connections
    http.request(uri)
    assert (len(server.received), server.connections) == (3, connections)


def test_connections_of_an_http_unknown_to_the_cassette_are_set_aside_too(tmp_path, serve, http, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    http.request(uri)
    with recorder(tmp_path).use_cassette("it") as cassette:
        http.request(uri)
        assert cassette.play_count == 1
    assert len(server.received) == 2
    http.request(uri)
    assert len(server.received) == 3


def test_a_nested_cassette_has_its_own_connections(tmp_path, serve, http):
    server = serve(in_turn(*(answer(str(number)) for number in range(9))))
    uri = server.uri("/", "127.0.0.1")
    http.request(uri)
    made = recorder(tmp_path, record_mode="once")
    with made.use_cassette("outer") as outer:
        assert http.request(uri)[1] == b"1"
        with made.use_cassette("inner") as inner:
            assert http.request(uri)[1] == b"2"
        assert http.request(uri)[1] == b"3"
        assert (len(outer), len(inner)) == (2, 1)
    assert http.request(uri)[1] == b"4"
    assert (len(outer), len(inner)) == (2, 1)


def test_connections_in_a_frameworks_own_pool_reconnect_after_the_cassette(tmp_path, serve, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    pool = threadedhttp.ConnectionPool()
    framework = threadedhttp.Http(connection_pool=pool, timeout=10)
    framework.request(uri)
    for _ in range(2):
        before = server.connections
        with use(framework, "it", tmp_path):
            framework.request(uri)
            # The framework returns the error.
            with pytest.raises(NotRecordedError):
                raise framework.request(uri)
        framework.connections.clear()
        sent = len(server.received)
        assert framework.request(uri)[1] == b"ok"
        assert (len(server.received), server.connections) == (sent + 1, before + 1)


def test_a_connection_that_outlives_its_cassette_keeps_its_proxy(tmp_path, serve, record):
    server, proxy = serve(), serve(lambda _: answer(""))
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    pool = threadedhttp.ConnectionPool()
    through = httplib2.ProxyInfo(httplib2.socks.PROXY_TYPE_HTTP, "127.0.0.1", proxy.port)
    framework = threadedhttp.Http(connection_pool=pool, timeout=10, proxy_info=through)
    with use(framework, "it", tmp_path):
        framework.request(uri)
    framework.request(uri)
    assert [each.method for each in proxy.received] == ["CONNECT", "GET"]
    assert len(server.received) == 1


def test_a_pool_has_as_many_connections_after_many_requests_as_after_one(tmp_path, serve, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record(*[(uri,)] * 50)

    def https():
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, OAuth1Http)]

    before = len(https())
    with HttpPool(OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)) as pool:
        pool.request(uri)
        with recorder(tmp_path).use_cassette("it") as cassette:
            for _ in range(50):
                pool.request(uri)
            count = len(https()) - before
            kept = [each for each in gc.get_objects() if getattr(type(each), "cassette", None) is cassette]
            assert (len(kept), count) == (1, 1)
        connections = server.connections
        pool.request(uri)
        assert (len(server.received), server.connections) == (52, connections)


def test_a_connection_of_http_client_raises_after_its_cassette(tmp_path, serve, record):
    server = serve()
    record((server.uri("/", "127.0.0.1"),))
    with recorder(tmp_path).use_cassette("it"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok"
    connection.request("GET", "/")
    with pytest.raises(PooledConnectionError, match="which is closed"):
        connection.getresponse()
    assert len(server.received) == 1


def test_a_connection_that_could_not_be_set_aside_raises(tmp_path, serve, record):
    server = serve()
    record((server.uri("/", "127.0.0.1"),))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    refused = pytest.raises(PooledConnectionError, match="from before the cassette was opened")
    with recorder(tmp_path).use_cassette("it"), refused:
        connection.request("GET", "/")
    assert len(server.received) == 2
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def test_threads_record_and_replay_one_request_at_a_time(tmp_path, serve, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    results = []

    def ask(number, count):
        http = OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)
        for turn in range(count):
            try:
                results.append(http.request(f"{uri}?n={number}-{turn}")[1])
            except NotRecordedError:
                results.append(None)
        http.close()

    def run(count):
        threads = [threading.Thread(target=ask, args=(number, count)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with recorder(tmp_path, record_mode="once").use_cassette("it") as cassette:
        run(5)
        assert len(cassette) == 40
    assert (len(server.received), results) == (40, [b"ok"] * 40)
    results.clear()
    with recorder(tmp_path).use_cassette("it"):
        run(10)
    assert len(server.received) == 40
    assert (results.count(b"ok"), results.count(None)) == (40, 40)


def test_an_ignored_host_is_reached_over_old_and_new_connections(tmp_path, serve, http):
    server = serve()
    connection = http_client = httplib2.HTTPConnectionWithTimeout("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    with recorder(tmp_path, ignore_hosts=["127.0.0.1"]).use_cassette("it") as cassette:
        http_client.request("GET", "/")
        assert http_client.getresponse().read() == b"ok"
        assert http.request(server.uri("/", "127.0.0.1"))[1] == b"ok"
        assert len(cassette) == 0
    connection.close()


def test_https_requests_are_replayed_without_a_server(tmp_path, serve, tls, ca_certs):
    server = serve(tls=tls)
    uri = server.uri("/?a=1")
    for _ in range(2):
        http = OAuth1Http(timeout=10, ca_certs=ca_certs, oauth=ANY_CREDENTIALS)
        with recorder(tmp_path, record_mode="once").use(http, "it"):
            assert http.request(uri)[1] == b"ok"
        http.close()
    assert len(server.received) == 1


def test_cassette_opens_while_httplib2s_http_is_a_class_with_another_base(monkeypatch, tmp_path):
    """A tracer may have replaced it by such a class."""
    monkeypatch.setattr(httplib2, "Http", type("Traced", (httplib2.Http, type("Log", (), {})), {}))
    http = OAuth1Http(timeout=5)
    with use(http, "x", cassette_library_dir=str(tmp_path), record_mode="once") as cassette:
        assert len(cassette) == 0
