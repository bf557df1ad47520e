"""A web server on this machine that receives the callback of a login from the browser."""

import html
import os
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from ..errors import HandshakeError, OAuthError
from ..handshake import read_callback
from .discovery import LOOPBACK_HOSTS
from .terminal import MisusedError, reason_of

_PAGE = (
    "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<meta name=color-scheme content='light dark'><title>{0}</title>"
    "<body style='font:1.125rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem'>"
    "<h1 style='font-size:1.5rem'>{0}</h1><p>{1}</p>"
)


class CallbackReceiver:
    """A web server on the loopback interface that waits for one request: the callback, sent by the user's browser.

    Args:
        uri: The loopback URI to listen at. Without a port, or with port 0, the system chooses a free one.

    Attributes:
        uri: The callback to request temporary credentials with.

    Raises:
        MisusedError: The URI isn't a loopback URI.
        OAuthError: The port is in use.
    """

    def __init__(self, uri: str = "http://127.0.0.1/") -> None:
        host, port, path = split_loopback_uri(uri)
        address = "::1" if host == "::1" else "127.0.0.1"
        try:
            self._server = _Server((address, port), self._make_handler(path))
        except OSError as error:
            raise OAuthError(
                f"can't listen at {uri}: {reason_of(error)}. Choose another port with --callback"
            ) from None
        shown_host = f"[{host}]" if address == "::1" else host
        self.uri = f"http://{shown_host}:{self._server.server_address[1]}{path}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._expected_key = ""
        self._result: str | HandshakeError | None = None
        self._has_result = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> "CallbackReceiver":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def expect(self, request_token_key: str) -> None:
        """Set the request token that the callback must carry. Every other callback is rejected."""
        self._expected_key = request_token_key

    def wait(self, timeout: float) -> str:
        """Wait for the callback and return its URI.

        Args:
            timeout: Seconds.

        Raises:
            HandshakeError: The user denied access.
            TimeoutError: No callback came within the timeout.
        """
        # Wait in short intervals, because on some systems a wait without end can't be interrupted from the keyboard.
        end = time.monotonic() + timeout
        while not self._has_result.wait(0.2):
            if time.monotonic() > end:
                raise TimeoutError(f"the browser did not come back within {timeout:g} seconds: log in again")
        if isinstance(self._result, HandshakeError):
            raise self._result
        return str(self._result)

    def _receive(self, query: str) -> tuple[int, str, str]:
        """Store a callback if it is the expected one, and return status, title and text of the page to show."""
        callback = f"{self.uri}?{query}"
        result: str | HandshakeError = callback
        title, text = "Access allowed", "Go back to the terminal. You can close this window."
        try:
            read_callback(callback, self._expected_key)
        except HandshakeError as error:
            # A denial must name the request token, because any web page can send the browser here.
            keys = {value for name in ("oauth_token", "denied") for value in parse_qs(query).get(name, ())}
            if error.reason != "denied" or not self._expected_key or keys != {self._expected_key}:
                return 400, "This is not the expected callback", "Go back to the page of the wiki."
            result, title, text = error, "Access denied", "You can close this window."
        with self._lock:
            # Only the first result counts. The browser may request the page again.
            if self._result is None:
                self._result = result
            self._has_result.set()
        return 200, title, text

    def _make_handler(self, callback_path: str) -> Callable[..., BaseHTTPRequestHandler]:
        receive = self._receive

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # Seconds. Browsers open connections on which they send nothing.

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                status, title, text = receive(query) if path == callback_path else (404, "Not found", "")
                body = _PAGE.format(html.escape(title), html.escape(text)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Log nothing, because the callback holds the verifier."""

        return Handler


class _Server(ThreadingHTTPServer):
    # On Windows, this option lets two programs listen at the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing, because browsers often close connections early."""


def split_loopback_uri(uri: str) -> tuple[str, int, str]:
    """Return host, port (0 if there is none) and path of a URI on this machine.

    Raises:
        MisusedError: The URI isn't a loopback URI.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port or 0
    except ValueError:
        parts, port = urlsplit(""), 0
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in LOOPBACK_HOSTS or parts.query or parts.fragment:
        raise MisusedError(
            "invalid callback: it must be on this machine, as http://127.0.0.1:PORT/PATH without a query. Set it with"
            " --callback"
        )
    return host, port, parts.path or "/"
