"""The server that waits for the browser's callback."""

import http.client
import socket
import struct
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import pytest

from httplib2_oauthlib import HandshakeError, OAuthError
from httplib2_oauthlib._cli.callback_receiver import CallbackReceiver

KEY = "0123456789abcdef0123456789abcdef"


def get(uri):
    parts = urlsplit(uri)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", uri[uri.index("/", 8) :])
    response = connection.getresponse()
    content = response.read().decode()
    connection.close()
    return response.status, content


@pytest.fixture
def receiver():
    with CallbackReceiver() as receiver:
        receiver.expect(KEY)
        yield receiver


def test_the_callback_is_received(receiver):
    query = f"oauth_verifier=v&oauth_token={KEY}"
    status, page = get(f"{receiver.uri}?{query}")
    assert status == 200
    assert "Go back to the terminal" in page
    assert "lang=en" in page
    assert receiver.wait(5).endswith(query)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("favicon.ico", 404),
        ("", 400),
        ("?oauth_verifier=v&oauth_token=another", 400),
        (f"?oauth_token={KEY}", 400),
        ("?oauth_problem=user_refused", 400),
        ("?denied=another", 400),
        (f"?denied=another&x={KEY}", 400),
        ("?oauth_verifier=%3Cscript%3E", 400),
    ],
)
def test_other_requests_are_rejected_and_the_wait_goes_on(receiver, path, status):
    got, page = get(receiver.uri + path)
    assert got == status
    assert "<script>" not in page
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds"):
        receiver.wait(0.1)
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    assert "oauth_verifier=v" in receiver.wait(5)


def test_the_first_callback_is_used(receiver):
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    get(f"{receiver.uri}?oauth_problem=user_refused&oauth_token={KEY}")
    assert "oauth_verifier=v" in receiver.wait(5)


def test_connections_that_are_reset_print_nothing(receiver, capfd):
    parts = urlsplit(receiver.uri)
    for _ in range(5):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            # The connection is reset instead of closed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET / HT")
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("query", [f"oauth_problem=user_refused&oauth_token={KEY}", f"denied={KEY}"])
def test_a_denial_that_names_the_request_ends_the_wait(receiver, query):
    assert get(f"{receiver.uri}?{query}")[0] == 200
    with pytest.raises(HandshakeError) as caught:
        receiver.wait(5)
    assert caught.value.reason == "denied"


def test_an_idle_connection_does_not_block_others(receiver):
    parts = urlsplit(receiver.uri)
    with socket.create_connection((parts.hostname, parts.port)):
        assert get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")[0] == 200
        assert receiver.wait(5)


def test_a_callback_that_arrives_later_is_received(receiver):
    def later():
        time.sleep(0.3)
        urllib.request.urlopen(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}", timeout=10).close()

    thread = threading.Thread(target=later)
    thread.start()
    assert receiver.wait(10)
    thread.join()


def test_the_address_is_the_requested_one(receiver):
    port = urlsplit(receiver.uri).port
    for given in ("http://127.0.0.1:0/a/b", "http://localhost:0/a/b", "http://[::1]:0/a/b"):
        with CallbackReceiver(given) as other:
            assert other.uri.startswith(given.replace(":0/a/b", ":"))
            assert other.uri.endswith("/a/b")
            other.expect(KEY)
            if "[" not in given:
                assert get(f"{other.uri}?oauth_verifier=v&oauth_token={KEY}")[0] == 200
    with pytest.raises(OAuthError, match="Choose another port"):
        CallbackReceiver(f"http://127.0.0.1:{port}/")
    for elsewhere in ("https://127.0.0.1/", "http://0.0.0.0/", "http://tool.example/", "x"):
        with pytest.raises(OAuthError, match="on this machine"):
            CallbackReceiver(elsewhere)
