"""A limit for the size of responses, in bytes as they are sent and in bytes after decompression.

httplib2 reads and decompresses a whole body, however large it is. Half a megabyte of gzip becomes 40 MB, and parsing
these takes gigabytes. The responses that this package asks for itself are short.
"""

import functools
import http.client
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..errors import OAuthError
from .connections import reading_whole, transport_of
from .context import context_of, run_call, run_hop
from .lost_responses import HttpResponse
from .stand_in import ConnectionStandIn, ServedConnection

#: The largest response that a token endpoint may send, in bytes.
MAX_RESPONSE_BYTES = 1_000_000

_ENCODINGS = ("gzip", "x-gzip", "deflate", "zlib")
# gzip and zlib with their heads, as zlib calls it; and what some servers send as deflate, without a head.
_WINDOWS = (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS)
# Each member takes time in proportion to all that follow it. Servers send one.
_MAX_MEMBERS = 16


class UnreadableResponseError(OAuthError):
    """A response is too large, or can't be decompressed."""


def request_limited(http: Any, max_bytes: int, uri: str, headers: Mapping[str, str]) -> HttpResponse:
    """Make a GET request as one of our own Http objects does, with a limit for the response.

    Args:
        http: Makes the request.
        max_bytes: The limit.
        uri: The URI.
        headers: The headers.

    Raises:
        UnreadableResponseError: The response is larger, or can't be decompressed.
    """
    return run_limited(http, max_bytes, uri, headers, functools.partial(http.request, uri, headers=headers))


def run_limited(
    http: object, max_bytes: int, uri: str, headers: Mapping[str, str], work: Callable[[], Any]
) -> HttpResponse:
    """Run some work as a call of an Http whose responses are limited, or as one more hop of its call in progress.

    Args:
        http: The Http. If its methods aren't hooked, nothing is limited; see :func:`limit_of_plain_http`.
        max_bytes: The limit of a new call.
        uri: The URI that ``work`` asks for.
        headers: The headers that it sends.
        work: Calls ``http.request()``.
    """
    context = context_of(http)
    if context is None:
        response: HttpResponse = run_call(http, uri, headers, work, functools.partial(_send_limited, max_bytes))
    else:
        response = run_hop(context, uri, headers, work)
    return response


def _send_limited(max_bytes: int, send: Callable[..., Any], conn: Any, *request: Any) -> Any:
    """Do what a ``_conn_request`` does, over a connection whose responses are limited.

    Args:
        max_bytes: The limit.
        send: The ``_conn_request``.
        conn: The connection, which may sign.
        *request: The rest of the arguments.

    Raises:
        UnreadableResponseError: The response is larger, or can't be decompressed.
    """
    return send(_limited(conn, max_bytes), *request)


def _limited(conn: Any, max_bytes: int) -> ConnectionStandIn:
    """Return a connection to give to httplib2 whose responses are limited."""
    real = conn.real if type(conn) is ConnectionStandIn else conn
    return ConnectionStandIn(real, _LimitedConnection(conn, real, max_bytes), is_kept=False)


class _LimitedConnection(ServedConnection):
    """A connection whose responses are limited, for a :class:`.ConnectionStandIn`.

    Args:
        conn: The connection that httplib2 would be given, which may sign.
        real: The real connection.
        max_bytes: The limit.
    """

    def __init__(self, conn: Any, real: Any, max_bytes: int) -> None:
        super().__init__(real)
        self.is_signing = conn is not real and conn.is_signing
        self._conn = conn
        self._max_bytes = max_bytes

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request."""
        self._conn.request(*args, **kwargs)

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response whose ``read()`` raises UnreadableResponseError beyond the limit."""
        response = self._conn.getresponse(*args, **kwargs)
        read = response.read

        def read_limited(*_: Any) -> bytes:
            try:
                content = _read(response, read, self._max_bytes)
                _check_decompressed(response, content, self._max_bytes)
            except UnreadableResponseError:
                # The rest of the response would answer the next request.
                response.close()
                transport_of(self.real).close()
                raise
            return content

        response.read = read_limited
        return response


@contextmanager
def limit_of_plain_http(http: Any, max_bytes: int) -> Iterator[None]:
    """Limit the responses to an Http that has none of our hooks, for the requests of this thread in a block.

    Args:
        http: The Http.
        max_bytes: The limit.
    """
    conn_request = getattr(http, "_conn_request", None)
    if conn_request is None or not hasattr(http, "__dict__") or hasattr(conn_request, "_is_hook"):
        yield
        return
    thread = threading.get_ident()

    def limited_conn_request(conn: Any, *args: Any, **kwargs: Any) -> Any:
        is_ours = threading.get_ident() == thread
        return conn_request(_limited(conn, max_bytes) if is_ours else conn, *args, **kwargs)

    attributes = vars(http)
    former = attributes.get("_conn_request")
    try:
        attributes["_conn_request"] = limited_conn_request
        yield
    finally:
        if former is None:
            attributes.pop("_conn_request", None)
        else:
            attributes["_conn_request"] = former


def _read(response: Any, read: Callable[..., bytes], max_bytes: int) -> bytes:
    """Read a whole body, as it was sent."""
    pieces = getattr(response, "_stream_iter", None)
    if pieces is not None:  # modern_httplib2's, whose read() may hide that the response was cut off.
        response._stream_iter = _counted(pieces, max_bytes)
        return reading_whole(response, read)()
    content = bytearray()
    while len(content) <= max_bytes and (piece := read(max_bytes + 1 - len(content))):
        content += piece
    if len(content) > max_bytes:
        raise response_too_large(max_bytes)
    if getattr(response, "length", None):  # http.client raises this only if read() isn't given a number.
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)


def _counted(pieces: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield the pieces of a body up to the limit."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > max_bytes:
            raise response_too_large(max_bytes)
        yield piece


def _check_decompressed(response: Any, content: bytes, max_bytes: int) -> None:
    """Raise if a body is too large after decompression, or can't be decompressed."""
    if (response.getheader("content-encoding") or "").strip().lower() not in _ENCODINGS:
        return
    if not content:
        if isinstance(response, http.client.HTTPResponse):  # httplib2 can't decompress an empty body.
            del response.headers["content-encoding"]
        return
    if not any(_is_decompressible(content, window, max_bytes) for window in _WINDOWS):
        raise UnreadableResponseError("the response could not be decompressed")


def _is_decompressible(content: bytes, window: int, max_bytes: int) -> bool:
    """Whether zlib can decompress a body. Not more of it is decompressed than the limit allows."""
    size = 0
    # gzip may have several members. Not every version of httplib2 reads more than the first one.
    for number in range(_MAX_MEMBERS):
        decompressor = zlib.decompressobj(window)
        try:
            size += len(decompressor.decompress(content, max_bytes + 1 - size))
        except zlib.error:
            return number > 0  # Something else follows a member.
        if size > max_bytes:
            raise response_too_large(max_bytes)
        if not decompressor.eof:
            return False
        content = decompressor.unused_data
        if not content:
            return True
    return False


def response_too_large(max_bytes: int) -> UnreadableResponseError:
    """Return the error for a response that is larger than the limit."""
    return UnreadableResponseError(f"the response is larger than {max_bytes // 1_000_000} MB")
