"""Finding a wiki by what people call it, and the server that waits for the browser."""

import http.client
import socket
import struct
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import httplib2
import pytest

from httplib2_oauthlib import HandshakeError, OAuthError
from httplib2_oauthlib._cli.callback_receiver import CallbackReceiver
from httplib2_oauthlib._cli.discovery import find_wiki

from .servers import answer

KEY = "0123456789abcdef0123456789abcdef"
LINK = '<html><head><link rel="EditURI" type="application/rsd+xml" href="{}?action=rsd"/></head>'


def found(name, http=None):
    return find_wiki(name, http or httplib2.Http(timeout=10), {"User-Agent": "tests"})


@pytest.mark.parametrize(
    ("name", "host", "base"),
    [
        ("https://wiki.example/w/index.php", "wiki.example", "https://wiki.example/w"),
        ("https://wiki.example/w/api.php", "wiki.example", "https://wiki.example/w"),
        ("https://wiki.example/w/index.php?title=A#b", "wiki.example", "https://wiki.example/w"),
        ("https://Wiki.example:443/index.php", "wiki.example", "https://Wiki.example:443"),
        ("http://wiki.example:8080/index.php", "wiki.example:8080", "http://wiki.example:8080"),
        ("https://bücher.example/index.php", "xn--bcher-kva.example", "https://bücher.example"),
        ("127.0.0.1:8000/index.php", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/index.php", "[::1]:8000", "http://[::1]:8000"),
        ("wiki.example/w/index.php", "wiki.example", "https://wiki.example/w"),
    ],
)
def test_a_script_of_the_wiki_is_enough(name, host, base):
    class Silent(httplib2.Http):
        def request(self, *args, **kwargs):
            raise AssertionError("nothing needs to be asked")

    assert found(name, Silent()) == (host, f"{base}/index.php", f"{base}/api.php")


def test_any_page_of_the_wiki_or_its_host_is_enough(wiki):
    for name in (wiki.server, wiki.server + "/", f"{wiki.index_uri}/Main_Page", wiki.server.partition("//")[2]):
        assert found(name)[1:] == (wiki.index_uri, wiki.api_uri)


@pytest.mark.parametrize(
    "link",
    [
        LINK.format("{server}/w/api.php"),
        LINK.format("//{authority}/w/api.php"),
        LINK.format("/w/api.php"),
        "<LINK REL='EditURI' HREF='/w/api.php?action=rsd'>",
        '<link href="/w/api.php?action=rsd&amp;x=1" type=x rel=EditURI>',
    ],
)
def test_the_link_of_a_page_is_read_in_every_spelling(serve, link):
    server = serve(lambda _: answer(link.replace("{server}", base).replace("{authority}", urlsplit(base).netloc)))
    base = server.uri("").rstrip("/")
    assert found(f"{base}/wiki/Page")[1:] == (f"{base}/w/index.php", f"{base}/w/api.php")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (LINK.format("https://evil.example/w/api.php"), "API on another server, https://evil.example"),
        (LINK.format("http://localhost:1/api.php"), "API on another server"),
        (LINK.format("/w/load.php"), "isn't an api.php"),
        (LINK.format("javascript:alert(1)"), "another server"),
        ("<link rel=EditURI>", "no MediaWiki was found"),
        ("nothing", "no MediaWiki was found"),
        (b"\xff\xfe", "no MediaWiki was found"),
    ],
)
def test_a_page_that_names_no_wiki_of_its_own_host_is_refused(serve, page, said):
    """Credentials will be sent to what is found."""
    with pytest.raises(OAuthError, match=said):
        found(serve(lambda _: answer(page)).uri("/"))


def test_a_redirect_to_another_host_is_told_and_a_header_does_not_count(serve):
    elsewhere = serve(lambda _: answer(LINK.format("/api.php")))
    redirecting = serve(lambda _: answer("", "302 Found", Location=elsewhere.uri("/")))
    with pytest.raises(OAuthError, match="API on another server"):
        found(redirecting.uri("/"))
    # httplib2 would make it the location that was landed at.
    lying = serve(lambda _: answer(LINK.format("/w/api.php"), Content_Location=elsewhere.uri("/")))
    assert found(lying.uri("/")).api_uri == lying.uri("/w/api.php")
    within = serve(
        lambda r: (
            answer("", "301 Moved", Location="/wiki/")
            if r.target == "/"
            else answer(LINK.format("../w/api.php"), Content_Location="index.html.en")
        )
    )
    assert found(within.uri("/")).api_uri == within.uri("/w/api.php")


# -- the receiver


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
def test_what_is_not_the_callback_is_turned_away_and_waited_on(receiver, path, status):
    got, page = get(receiver.uri + path)
    assert got == status
    assert "<script>" not in page
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds"):
        receiver.wait(0.1)
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    assert "oauth_verifier=v" in receiver.wait(5)


def test_the_first_answer_counts(receiver):
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    get(f"{receiver.uri}?oauth_problem=user_refused&oauth_token={KEY}")
    assert "oauth_verifier=v" in receiver.wait(5)


def test_browsers_that_break_off_are_not_talked_about(receiver, capfd):
    parts = urlsplit(receiver.uri)
    for _ in range(5):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            # Closed with a reset, not with a farewell.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"GET / HT")
    get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("query", [f"oauth_problem=user_refused&oauth_token={KEY}", f"denied={KEY}"])
def test_a_no_that_names_the_request_ends_the_waiting(receiver, query):
    assert get(f"{receiver.uri}?{query}")[0] == 200
    with pytest.raises(HandshakeError) as caught:
        receiver.wait(5)
    assert caught.value.reason == "denied"


def test_a_connection_that_says_nothing_keeps_nobody_waiting(receiver):
    parts = urlsplit(receiver.uri)
    with socket.create_connection((parts.hostname, parts.port)):
        assert get(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}")[0] == 200
        assert receiver.wait(5)


def test_the_callback_may_come_later(receiver):
    def later():
        time.sleep(0.3)
        urllib.request.urlopen(f"{receiver.uri}?oauth_verifier=v&oauth_token={KEY}", timeout=10).close()

    thread = threading.Thread(target=later)
    thread.start()
    assert receiver.wait(10)
    thread.join()


def test_the_address_is_the_one_that_was_asked_for(receiver):
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
