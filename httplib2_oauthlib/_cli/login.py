"""Logging in from a terminal: finding the wiki, waiting for the browser to come back, seeing who it is."""

import html
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urljoin, urlsplit

import httplib2

from .._http.mixin import OAuth1Http
from .._http.origin import Origin
from .._signing.oauth1 import OAuth1
from .._signing.request import DEFAULT_PORTS
from ..errors import HandshakeError, OAuthError
from ..handshake import read_callback
from ..mediawiki import check

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SCRIPT = re.compile(r"/(?:index|api)\.php$")
_EDIT_URI = re.compile(r"<link\b[^<>]{0,500}\brel=[\"']?EditURI\b[^<>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"\bhref=[\"']([^\"'<>]{1,500})[\"']", re.IGNORECASE)
# Of a page only so much is searched, in bytes.
_LONGEST_HEAD = 200_000
_PAGE = (
    "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<meta name=color-scheme content='light dark'><title>{0}</title>"
    "<body style='font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem'>"
    "<h1 style='font-size:1.5rem'>{0}</h1><p>{1}</p>"
)


class Wiki(NamedTuple):
    """Where a wiki is.

    Attributes:
        host: Host and, if it is not the usual one, port: under this name its credentials are kept.
        index_uri: Of its index.php.
        api_uri: Of its api.php.
    """

    host: str
    index_uri: str
    api_uri: str


def host_of(name: str) -> str:
    """Return the host, with its port if it is not the usual one, of whatever a person calls a wiki; nothing is asked.

    Raises:
        OAuthError: There is no host in it.
    """
    return _origin(_uri_of(name), name).authority


def find_wiki(name: str, http: httplib2.Http, headers: dict[str, str]) -> Wiki:
    """Find a wiki by whatever a person calls it.

    Args:
        name: The URI of its index.php or api.php, of any of its pages, or only its host.
        http: Asks for the page if need be.
        headers: Sent with that.

    Raises:
        OAuthError: There is no MediaWiki.
    """
    uri = _uri_of(name)
    asked = _origin(uri, name)
    if not _SCRIPT.search(_without_query(uri)):
        uri = _api_uri_of_page(uri, asked, http, headers)
    base = _SCRIPT.sub("", _without_query(uri))
    return Wiki(_origin(base, name).authority, f"{base}/index.php", f"{base}/api.php")


def _without_query(uri: str) -> str:
    return uri.partition("#")[0].partition("?")[0]


def _uri_of(name: str) -> str:
    return name if "://" in name else f"{_scheme_of(name)}://{name}"


def _origin(uri: str, name: str) -> Origin:
    origin = Origin.of(uri)
    if origin is None or origin.scheme not in DEFAULT_PORTS:
        raise OAuthError(f"{name!r} is no wiki: give the URI of its index.php")
    return origin


def _scheme_of(name: str) -> str:
    origin = Origin.of(f"http://{name}")
    return "http" if origin is not None and origin.host.strip("[]") in _LOOPBACK else "https"


def _api_uri_of_page(uri: str, asked: Origin, http: httplib2.Http, headers: dict[str, str]) -> str:
    response, content = http.request(uri, headers=headers)
    link = _EDIT_URI.search(content[:_LONGEST_HEAD].decode("utf-8", "replace"))
    href = _HREF.search(link[0]) if link else None
    # The location of the last redirect, if any; not a header Content-Location, which a server may make up.
    previous = getattr(response, "previous", None)
    landed = uri if previous is None else urljoin(uri, previous.get("location", ""))
    if href is None:
        raise OAuthError(f"no MediaWiki was found at {uri} (status {response.status}): give the URI of its index.php")
    found = str(urljoin(landed, html.unescape(href[1])))
    # Credentials will be sent there: neither a redirect nor a page gets to choose another host, or to do without TLS.
    there = Origin.of(found)
    upgraded = there is not None and asked == ("http", there.host, 80) and there == ("https", there.host, 443)
    if asked != there and not upgraded:
        raise OAuthError(f"{uri} leads to an API elsewhere, at {there}: if you trust it, give that wiki's index.php")
    if not _SCRIPT.search(_without_query(found)):
        raise OAuthError(f"{uri} names an API that is no api.php: give the URI of its index.php")
    return found


def user_of(wiki: Wiki, oauth: OAuth1, http: OAuth1Http, headers: dict[str, str]) -> dict[str, Any]:
    """Ask a wiki's API who signs; return its ``userinfo``.

    Raises:
        RefusedError: It refuses the credentials.
        OAuthError: What answers is no MediaWiki.
    """
    http.oauth = oauth
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&uiprop=groups&format=json&formatversion=2"
    response, content = http.request(uri, headers=headers)
    check(response, content)
    try:
        answer = json.loads(content)
        userinfo: dict[str, Any] = dict(answer["query"]["userinfo"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OAuthError(f"{wiki.api_uri} answered {response.status} with something else than who you are") from None
    return userinfo


class CallbackReceiver:
    """A web server on loopback that waits for the one request with which the browser comes back.

    Args:
        uri: The loopback URI to wait at; port 0 or none means a free one.

    Attributes:
        uri: The callback to ask for.
    """

    def __init__(self, uri: str = "http://127.0.0.1/") -> None:
        try:
            parts, port = urlsplit(uri), urlsplit(uri).port or 0
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.query or parts.fragment:
            raise OAuthError(
                "the callback must be on this machine, http://127.0.0.1:PORT/PATH without a query;"
                " choose it with --callback"
            )
        self._key = ""
        self._received: str | HandshakeError | None = None
        self._came_back = threading.Event()
        self._lock = threading.Lock()
        path = parts.path or "/"
        address = "::1" if parts.hostname == "::1" else "127.0.0.1"
        try:
            self._server = _Server((address, port), self._handler(path))
        except OSError as error:
            raise OAuthError(f"can't wait at {uri}: {error.strerror}; choose another port with --callback") from None
        host = f"[{parts.hostname}]" if address == "::1" else parts.hostname
        self.uri = f"http://{host}:{self._server.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self) -> "CallbackReceiver":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def expect(self, key: str) -> None:
        """Say for which request token the callback must be; any other is turned away."""
        self._key = key

    def wait(self, timeout: float) -> str:
        """Wait for the callback, and return it.

        Raises:
            HandshakeError: The user said no.
            TimeoutError: Nobody came back in so many seconds.
        """
        # In small portions: an interrupt from the keyboard is to be seen, on every system.
        end = time.monotonic() + timeout
        while not self._came_back.wait(0.2):
            if time.monotonic() > end:
                raise TimeoutError(f"the browser did not come back within {timeout:g} seconds; log in again")
        if isinstance(self._received, HandshakeError):
            raise self._received
        return str(self._received)

    def _receive(self, query: str) -> tuple[int, str, str]:
        """Take a callback; return the status, the title and the text of the page to show."""
        callback = f"{self.uri}?{query}"
        answer: str | HandshakeError = callback
        title, text = "That's it", "Go back to the terminal; you can close this window."
        try:
            read_callback(callback, self._key)
        except HandshakeError as error:
            # A no counts only if it names the request token; anybody may send the browser here.
            named = {value for name in ("oauth_token", "denied") for value in parse_qs(query).get(name, ())}
            if error.reason != "denied" or not self._key or named != {self._key}:
                return 400, "This is not what we are waiting for", "Go back to the page of the wiki."
            answer, title, text = error, "Not allowed", "Nothing was granted. You can close this window."
        with self._lock:
            # The first answer counts; the browser may ask for the page once more.
            if self._received is None:
                self._received = answer
            self._came_back.set()
        return 200, title, text

    def _handler(self, expected_path: str) -> Callable[..., BaseHTTPRequestHandler]:
        receive = self._receive

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # Seconds: browsers open connections on which they say nothing.

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                status, title, text = receive(query) if path == expected_path else (404, "Nothing here", "")
                body = _PAGE.format(html.escape(title), html.escape(text)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Say nothing: the callback holds the verifier."""

        return Handler


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: browsers break connections off."""
