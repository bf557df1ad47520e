"""Connections: the stand-in that signs what is sent, and what http.client does not notice about a connection.

http.client does not notice that a pooled connection went stale, or that a response was cut off within its head.
"""

import functools
import http.client
import io
import operator
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from .lost_responses import is_of_connection

# Not every system has it.
_HAS_POLL = hasattr(select, "poll")
# Bound at import: under vcrpy, the name in http.client may be another class.
_HTTPResponse = http.client.HTTPResponse
_HTTPConnection = http.client.HTTPConnection
_IDLE = "Idle"  # http.client's own name for the state.
_set = object.__setattr__


class SignedConnection:
    """The connection that httplib2 is given: its ``request()`` signs. Everything else is the real connection's.

    Args:
        conn: The real connection.
        request: Signs and sends.
        getresponse: Returns the response, still to be read.
        close: Closes the real connection, unless other threads use it.
    """

    __slots__ = ("_conn", "close", "getresponse", "request")

    def __init__(
        self, conn: Any, request: Callable[..., None], getresponse: Callable[[], Any], close: Callable[[], None]
    ) -> None:
        _set(self, "_conn", conn)
        _set(self, "request", request)
        _set(self, "getresponse", getresponse)
        _set(self, "close", close)

    # Frameworks inspect the connection, check its class and set its timeout. All of that is meant for the real one.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._conn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._conn, name, value)

    # httplib2 reads it for every request, and a property is faster than __getattr__.
    sock = property(operator.attrgetter("_conn.sock"))


class CompletenessResponse(_HTTPResponse):
    """An ``http.client.HTTPResponse`` that rejects a head that was cut off, and knows whether its body is complete.

    Attributes:
        is_complete: Whether a call of ``read()`` has read the body to its end.
    """

    is_complete = False
    # Whether the connection's response class overrides read(), and so may leave the file open at the end.
    _has_own_read = False

    @classmethod
    @functools.lru_cache(maxsize=64)
    def over(cls, kind: type[_HTTPResponse]) -> type[_HTTPResponse]:
        """Return a response class that does the same for a connection's own response class."""
        if issubclass(kind, cls):
            return kind
        if kind is _HTTPResponse:
            return cls
        has_own_read = kind.read is not _HTTPResponse.read
        return type(kind.__name__, (cls, kind), {"_has_own_read": has_own_read})

    def begin(self, **limits: Any) -> None:
        """Read the head.

        Args:
            **limits: Those of CPython 3.15 and later.

        Raises:
            http.client.RemoteDisconnected: The head was cut off.
        """
        if self.headers is not None:  # It was read already.
            return
        file: Any = self.fp
        # Usually the whole head has arrived, so that it can't be cut off. After a 1xx head, another one follows.
        start = file.peek() if isinstance(file, io.BufferedReader) else b""
        if b"\r\n\r\n" in start and not start.startswith(b"HTTP/1.1 1"):
            super().begin(**limits)
            return
        lines: Any = _LineReader(file)
        self.fp = lines
        try:
            super().begin(**limits)
        finally:
            if self.fp is lines:
                self.fp = file
        # http.client takes the end of the file for the blank line that ends a head.
        if lines.last not in (b"\r\n", b"\n"):
            self.close()
            raise http.client.RemoteDisconnected("Remote end closed connection within the head of its response")

    def read(self, amt: int | None = None) -> bytes:
        """Read the body, or at most ``amt`` bytes of it."""
        content = super().read(amt)
        self.is_complete = self._has_own_read if self.fp is not None else not self.length
        return content


class _LineReader:
    """A file that remembers the last line that was read from it."""

    __slots__ = ("_readline", "close", "last")

    def __init__(self, file: Any) -> None:
        self._readline = file.readline
        self.close = file.close
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = line = self._readline(limit)
        return line  # type: ignore[no-any-return]


class Transport:
    """One connection of http.client, or a test double of one, for the time of one exchange.

    Attributes:
        conn: The connection.
        response: The last response, as far as it has come, or None.
        is_sending: Whether a request is being sent, or failed while it was sent.
        unwatch: Restores the ``read()`` of a response that is watched, which would keep this object and a socket alive.
            None if there is no such response.
    """

    __slots__ = ("_was_read", "conn", "is_sending", "response", "unwatch")

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.response: Any = None
        self.is_sending = False
        # For a response of another class than CompletenessResponse: whether its read() has read all.
        self._was_read = False
        self.unwatch: Callable[[], None] | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the last response was read to its end."""
        response = self.response
        return response.is_complete if isinstance(response, CompletenessResponse) else self._was_read

    def discard_leftovers(self) -> None:
        """Close a connection on which an interrupt has left a part of a request, or a response that was not read.

        A request that follows would be sent behind the first one, and would get the wrong response.
        """
        conn = self.conn
        if not isinstance(conn, _HTTPConnection):
            return
        # http.client has no public attribute for any of these three.
        response = getattr(conn, "_HTTPConnection__response", None)
        is_idle = getattr(conn, "_HTTPConnection__state", _IDLE) == _IDLE and (response is None or response.isclosed())
        if not is_idle:
            conn.close()
        unsent = getattr(conn, "_buffer", None)
        if unsent:  # close() leaves it, and connect() would not clear it either.
            del unsent[:]

    def close_if_stale(self) -> None:
        """Close a pooled connection that has data before anything was asked: it was closed, or sends nonsense."""
        sock = getattr(self.conn, "sock", None)
        if not isinstance(sock, socket.socket):  # Not connected, or a test double.
            return
        try:
            if isinstance(sock, ssl.SSLSocket) and sock.pending():  # Data that is decrypted already.
                has_data = True
            elif _HAS_POLL:  # Unlike select(), it takes sockets of any number.
                poll = select.poll()
                poll.register(sock, select.POLLIN)
                has_data = bool(poll.poll(0))
            else:
                has_data = bool(select.select([sock], [], [], 0)[0])
        except ValueError:  # The socket was closed.
            return
        if has_data:
            self.conn.close()

    def connect(self) -> None:
        """Connect if the connection isn't open yet."""
        # http.client would connect within its request(). There, failing to connect looks like failing to send.
        conn = self.conn
        if isinstance(conn, http.client.HTTPConnection) and conn.sock is None:
            conn.connect()

    def send(self, method: str, target: str, body: Any, headers: Any, **kwargs: Any) -> None:
        """Send a request. It replaces the one before it."""
        if self.unwatch is not None:
            self.unwatch()
        self.response = None
        self._was_read = False
        self.is_sending = True
        self.conn.request(method, target, body, headers, **kwargs)
        self.is_sending = False

    def may_have_sent(self, error: Exception) -> bool:
        """Whether some of the request may have been sent before :meth:`send` failed. It may be all the server needs."""
        # Any other error is about the body, which could not be read to its end, or is raised by http.client for a
        # request that it refuses to send.
        return isinstance(error, OSError) and is_of_connection(error)

    def read_response(self) -> Any:
        """Return the response, its head read and its body still to be read.

        Raises:
            http.client.RemoteDisconnected: The head was cut off.
        """
        conn = self.conn
        kind = getattr(conn, "response_class", None)
        if isinstance(kind, type) and issubclass(kind, _HTTPResponse):
            # It stays with the connection: Python slows down for an object that loses an attribute.
            conn.response_class = CompletenessResponse.over(kind)
        self.response = response = conn.getresponse()
        if not isinstance(response, CompletenessResponse):
            self._watch(response, response.read)
        return response

    def abandon(self) -> None:
        """Close a connection whose response was not read to its end: the rest would answer the next request."""
        if not self.is_answered:
            self.close()
            # A response outlives a connection that was to end with it.
            if hasattr(self.response, "close"):
                self.response.close()

    def close(self) -> None:
        """Close the connection."""
        self.conn.close()

    def _watch(self, response: Any, read: Callable[..., Any]) -> None:
        """Note when a response of another class has been read to its end."""
        # A class that overrides read() (a test double, vcrpy's) gives no other sign of its end.
        is_plain = getattr(type(response), "read", None) is _HTTPResponse.read

        def watched_read(*args: Any, **kwargs: Any) -> Any:
            content = read(*args, **kwargs)
            self._was_read = not is_plain or (response.isclosed() and not response.length)
            return content

        try:
            former = vars(response).get("read")
            response.read = watched_read
        except (AttributeError, TypeError):  # A test double with slots.
            self._was_read = True
            return

        def unwatch() -> None:
            self.unwatch = None
            if former is None:
                del response.read
            else:
                response.read = former

        self.unwatch = unwatch


class PooledTransport(Transport):
    """A connection of modern_httplib2: a pool of httpcore's that several threads use at once.

    It opens and closes its sockets by itself. Closing it would break off the requests of other threads.
    """

    __slots__ = ()

    def discard_leftovers(self) -> None:
        """Do nothing: the pool closes a socket that was left within an exchange."""

    def close_if_stale(self) -> None:
        """Do nothing: the pool replaces stale sockets."""

    def connect(self) -> None:
        """Do nothing: the pool connects within ``request()``."""

    def close(self) -> None:
        """Do nothing: the pool closes a socket that has failed."""

    def may_have_sent(self, error: Exception) -> bool:
        """Whether the request had been given a socket: only then may some of it have been sent."""
        names: set[str] = set()
        each: BaseException | None = error
        while each is not None:
            names.add(type(each).__name__)
            trace = each.__traceback__
            while trace is not None:
                names.add(trace.tb_frame.f_code.co_name)
                trace = trace.tb_next
            each = each.__cause__ or each.__context__
        # Names in httpcore: the pool's method, the functions that open a connection, and the error that is raised when
        # all connections are in use. Its errors are those of sockets, so only their origin tells them apart.
        return "handle_request" in names and not names & {"_connect", "_connect_raw_socket", "PoolTimeout"}

    def read_response(self) -> Any:
        """Return the response. Its ``read()`` raises IncompleteRead where modern_httplib2's hides that it was cut."""
        self.response = response = self.conn.getresponse()
        self._watch(response, _reading_whole(response))
        return response


def transport_of(conn: Any) -> Transport:
    """Return the transport for a connection."""
    is_pool = getattr(conn, "_uses_httpcore_pool", False) is True
    return PooledTransport(conn) if is_pool else Transport(conn)


def _reading_whole(response: Any) -> Callable[..., bytes]:
    """Return a ``read()`` for a response of modern_httplib2 that raises IncompleteRead if the response was cut off."""
    read: Callable[..., bytes] = response.read
    pieces, failures = getattr(response, "_stream_iter", None), []
    if pieces is None:
        return read

    def noting_failures() -> Iterator[bytes]:
        try:
            yield from pieces
        except Exception as error:
            failures.append(error)
            raise

    response._stream_iter = noting_failures()

    def read_whole(*args: Any, **kwargs: Any) -> bytes:
        content = read(*args, **kwargs)
        if failures:
            raise http.client.IncompleteRead(content) from failures[0]
        return content

    return read_whole
