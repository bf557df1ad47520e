"""The embedded wiki as a server: starting, stopping, connections and recorded requests."""

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.testwiki import OwnerOnly, TestWiki

from .api_client import Client
from .applications import AGENT


def test_a_restarted_wiki_keeps_its_address_and_its_data():
    wiki = TestWiki()
    with wiki:
        oauth = OAuth1(*wiki.owner_only("Alice"))
        uri = wiki.api_uri
        Client(wiki, oauth).edit(text="kept")
    with pytest.raises(ConnectionRefusedError):
        Client(wiki).get(action="query")
    with wiki:
        assert wiki.api_uri == uri
        assert Client(wiki).text() == "kept"
        wiki.start()
        assert Client(wiki, oauth).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    wiki.stop()


def test_a_program_that_does_not_stop_the_wiki_ends_all_the_same():
    program = """if True:
        from httplib2_oauthlib import OAuth1Http
        from httplib2_oauthlib.testwiki import TestWiki

        wiki = TestWiki()
        wiki.start()
        http = OAuth1Http(timeout=10)
        print(http.request(f"{wiki.api_uri}?action=query&format=json")[0].status)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def test_an_occupied_port_is_reported():
    with TestWiki() as wiki, pytest.raises(OSError, match=r"in use|not permitted"):
        TestWiki(port=int(wiki.server.rpartition(":")[2])).start()


def test_an_unknown_version_is_rejected_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"^unsupported MediaWiki version: '1\.44'\. Choose from: 1\.39, 1\.43, 1\.45$"
    ):
        TestWiki(version="1.44")


def test_two_wikis_run_side_by_side():
    with TestWiki() as one, TestWiki() as other:
        assert one.api_uri != other.api_uri
        stranger = OAuth1(*one.owner_only("Alice"))
        assert "Invalid consumer" in Client(other, stranger).get(action="query")["error"]["info"]


def test_it_keeps_connections_alive_and_serves_many_at_once(wiki, alice):
    address = wiki.server.partition("//")[2]
    connection = http.client.HTTPConnection(address, timeout=10)
    sockets = set()
    for _ in range(5):
        connection.request("GET", "/api.php?action=query&format=json")
        connection.getresponse().read()
        sockets.add(connection.sock)
    assert len(sockets) == 1
    assert None not in sockets
    # Many idle connections don't block other clients.
    idle = [http.client.HTTPConnection(address, timeout=10) for _ in range(40)]
    for each in idle:
        each.request("GET", "/api.php?action=query&format=json")
        each.getresponse().read()
    assert Client(wiki, alice).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    for each in [connection, *idle]:
        each.close()


def test_eight_requests_are_served_at_the_same_time(wiki):
    """Inside the wiki, each request waits until there are eight."""
    together = threading.Barrier(8, timeout=20)
    wiki.clock = lambda: together.wait() and 0
    statuses = []

    def work():
        statuses.append(OAuth1Http(timeout=30).request(wiki.index_uri)[0].status)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8


def test_silent_connections_block_neither_other_clients_nor_stopping(alice):
    """Browsers open such connections in advance."""
    with TestWiki() as wiki, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(wiki.server).port)
        for _ in range(50):
            stack.enter_context(socket.create_connection(address))
        assert Client(wiki).query(meta="userinfo")["userinfo"]["anon"] is True
        stopping = threading.Thread(target=wiki.stop)
        stopping.start()
        stopping.join(4)
        assert not stopping.is_alive()


def test_owner_only_returns_the_four_arguments_of_oauth1(wiki):
    assert wiki.api_uri == f"{wiki.server}/api.php"
    assert wiki.index_uri == f"{wiki.server}/index.php"
    owner_only = wiki.owner_only("alice")
    assert isinstance(owner_only, OwnerOnly)
    assert tuple(owner_only) == (
        owner_only.client_key,
        owner_only.client_secret,
        owner_only.resource_owner_key,
        owner_only.resource_owner_secret,
    )
    assert Client(wiki, OAuth1(*owner_only)).query(meta="userinfo")["userinfo"]["name"] == "Alice"
    assert wiki.owner_only("Alice") != owner_only


def test_no_repr_shows_a_secret(wiki):
    owner_only = wiki.owner_only("Alice")
    shown = repr([owner_only, *wiki.store.consumers.values(), *wiki.store.access_tokens.values()])
    assert owner_only.client_secret not in shown
    assert owner_only.resource_owner_secret not in shown


def test_the_wiki_records_the_requests_it_got(wiki, bot, anonymous):
    anonymous.get(action="query", meta="userinfo")
    bot.get(action="query", meta="userinfo")
    Client(wiki, OAuth1("unknown")).get(action="query")
    assert [(seen.method, seen.user, seen.refusal) for seen in wiki.requests] == [
        ("GET", None, None),
        ("GET", "Alice", None),
        ("GET", None, "Invalid consumer"),
    ]
    assert wiki.requests[1].target.startswith("/api.php?")
    assert "authorization" in wiki.requests[1].headers


def test_expired_request_tokens_are_deleted(wiki, consumer):
    for _ in range(3):
        mediawiki.initiate(wiki.index_uri, (consumer.key, consumer.secret), "oob", AGENT)
    real = wiki.clock
    wiki.clock = lambda: real() + 1300
    for _ in range(2):
        tool = OAuth1Http(timeout=10, oauth=OAuth1(consumer.key, consumer.secret, callback_uri="oob"))
        tool.request(f"{wiki.index_uri}?title=Special:OAuth/initiate", "POST")
    assert len(wiki.store.request_tokens) == 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/api.php", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&" * 200_000),
        ("GET", "/api.php?format=json", {"Authorization": "OAuth " + "oauth_" * 8000}, None),
        ("POST", "/index.php?title=Special:OAuth/initiate", {"Authorization": 'OAuth oauth_version="'
         + "%3Ca%20" * 8000 + '"'}, None),
    ],
)  # fmt: skip
def test_long_requests_take_time_proportional_to_their_length(wiki, method, path, headers, body):
    """These once took minutes, in the process that runs the tests."""
    headers = {"Authorization": 'OAuth oauth_consumer_key="x"', **headers}
    http = OAuth1Http(timeout=15)
    assert http.request(wiki.server + path, method, body, headers)[0].status in (200, 400)


def test_a_wiki_restarts_while_a_connection_is_open(wiki):
    connection = http.client.HTTPConnection(wiki.server.partition("//")[2], timeout=10)
    connection.request("GET", "/index.php")
    connection.getresponse().read()
    for _ in range(3):
        wiki.stop()
        wiki.start()
    connection.close()
