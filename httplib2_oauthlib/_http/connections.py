"""Connections: sending one request over a connection, and reading the response to it and to no other.

http.client does not notice that a server has answered before the whole request was sent. :mod:`.leftovers` closes a
connection that isn't fit for another request.
"""

import contextlib
import http.client
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import SigningError
from .leftovers import close_unless_fit, discard_leftovers, discard_unsent, has_data
from .lost_responses import HttpResponse, is_of_connection
from .responses import CompletenessFactory, CompletenessResponse, require_close_notify
from .stand_in import ConnectionStandIn, ServedConnection, kept_with

# Bound at import: under vcrpy, the names in http.client may be other classes.
_HTTPResponse = http.client.HTTPResponse
_HTTPConnection = http.client.HTTPConnection
_FIRST_FINAL_STATUS = 200
_HTTP_2 = 20  # As modern_httplib2 writes it.
_CONTENT_ENCODING = "content-encoding"


class Transport(ServedConnection):
    """One connection of http.client, or a test double of one, for the time of one exchange.

    Attributes:
        response: The last response, as far as it has come, or None.
        is_sending: Whether a request is being sent, or failed while it was sent.
        was_asked: Whether ``conn.request()`` was called for the present transmission.
        unwatch: Restores the ``read()`` of a response that is watched, which would keep this object and a socket alive.
            None if there is no such response.
    """

    response: Any = None
    is_sending = False
    was_asked = False
    unwatch: Callable[[], None] | None = None
    # Whether the connection was examined, and nothing was sent since then.
    _is_fit = False
    # For a response of another class than CompletenessResponse: whether its read() has read all.
    _was_read = False
    # A response that came before the whole request was sent.
    _early_response: Any = None

    @property
    def is_answered(self) -> bool:
        """Whether the last response was read to its end."""
        response = self.response
        return response.is_complete if isinstance(response, CompletenessResponse) else self._was_read

    def connection_for(self, served: ServedConnection, is_direct: bool) -> ConnectionStandIn | ServedConnection:
        """Return the connection to give to httplib2. It is fit for a request, or not open.

        Args:
            served: What sends the request.
            is_direct: Whether httplib2's own code gets the connection, and no code of a framework.
        """
        conn = self.real
        close_unless_fit(conn)
        self._is_fit = True
        if is_direct and kept_with(conn) is None:
            return served
        return ConnectionStandIn.over(conn, served)

    def require_encodable(self, body: Any) -> None:
        """Raise an error for a body that the connection can't send.

        http.client encodes a str as Latin-1, and can't send one with other characters. Encoding it here would be a
        guess: only the caller knows the charset that the Content-Type declares.

        Raises:
            SigningError: The body is a str, and not all of it is in Latin-1.
        """
        if not isinstance(body, str) or body.isascii():
            return
        try:
            body.encode("latin-1")
        except UnicodeEncodeError:
            raise SigningError(
                "the body is a str with characters that aren't in Latin-1, the only charset that http.client encodes a"
                ' str in; pass bytes in the charset that Content-Type declares, such as body.encode("utf-8")'
            ) from None

    def make_ready(self) -> None:
        """Connect if the connection isn't open, or was left with a part of an earlier transmission."""
        conn = self.real
        if not self._is_fit:
            discard_leftovers(conn)
        self._is_fit = False
        # http.client would connect within its request(). There, failing to connect looks like failing to send.
        if isinstance(conn, http.client.HTTPConnection) and conn.sock is None:
            conn.connect()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request as it is."""
        self._is_fit = False  # A framework may have used the connection, because its methods don't refuse that.
        self.make_ready()
        self.send(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> None:
        """Send a request. It replaces the one before it.

        A server may refuse a large body before it has received all of it, and close the connection. Then its response
        is read, and this method returns as if all had been sent.

        Args:
            *args: Those of ``http.client.HTTPConnection.request()``.
            **kwargs: The same by name.
        """
        if self.unwatch is not None:
            self.unwatch()
        self.response = self._early_response = None
        self._was_read = False
        self.is_sending = True
        try:
            self.real.request(*args, **kwargs)
        except BaseException as error:
            # httplib2 may send the request again at once.
            discard_unsent(self.real)
            if not (isinstance(error, OSError) and is_of_connection(error) and self._receive_early_response()):
                raise
        self.is_sending = False

    def _receive_early_response(self) -> bool:
        """Read the head of a response that came while the request was sent. Return False if there is none."""
        conn = self.real
        if not isinstance(conn, _HTTPConnection) or not has_data(conn):
            return False
        sock = conn.sock
        timeout = sock.gettimeout()
        try:
            # The response has arrived, unless TLS itself has sent something. So there is nothing to wait for.
            sock.settimeout(0)
            response = self._begin_response()
        except Exception:  # The error in sending says more.
            return False
        finally:
            with contextlib.suppress(OSError):  # It was closed.
                sock.settimeout(timeout)
        # The server still expects the rest of this request, so the connection can't be used for another one. Closing
        # the socket here leaves it open for the response, as in http.client for a connection that ends with it.
        conn.sock = None
        sock.close()
        self._early_response = response
        return True

    def may_have_sent(self, error: Exception) -> bool:
        """Whether some of the request may have been sent before :meth:`send` failed. It may be all the server needs."""
        # Any other error is about the body, which could not be read to its end, or is raised by http.client for a
        # request that it refuses to send.
        return isinstance(error, OSError) and is_of_connection(error)

    def getresponse(self) -> Any:
        """Return the response, its head read and its body still to be read.

        Raises:
            http.client.RemoteDisconnected: The head was cut off.
        """
        response = self._early_response
        if response is None:
            response = self._begin_response()
        else:
            self._early_response = None
        self.response = response
        if not isinstance(response, CompletenessResponse):
            self._watch(response, getattr(response, "read", None))
        return response

    def _begin_response(self) -> Any:
        conn = self.real
        kind = getattr(conn, "response_class", None)
        # The new class stays with the connection: Python slows down for an object that loses an attribute.
        if kind is CompletenessResponse:
            pass
        elif isinstance(kind, type):
            if issubclass(kind, _HTTPResponse):
                conn.response_class = CompletenessResponse.over(kind)
        elif callable(kind) and isinstance(conn, _HTTPConnection) and not isinstance(kind, CompletenessFactory):
            conn.response_class = CompletenessFactory(kind)  # type: ignore[assignment]
        return conn.getresponse()

    def abandon(self) -> None:
        """Close a connection whose response was not read to its end: the rest would answer the next request."""
        if not self.is_answered:
            self.close()
            # A response outlives a connection that was to end with it.
            if hasattr(self.response, "close"):
                self.response.close()

    def close(self) -> None:
        """Close the connection."""
        discard_unsent(self.real)
        self.real.close()

    def finish(self, given: ConnectionStandIn | ServedConnection) -> None:
        """Note that the exchange is over. The connection keeps nothing of it.

        Args:
            given: The connection that httplib2 was given.
        """
        if self.unwatch is not None:
            self.unwatch()
        if type(given) is ConnectionStandIn:
            given.release()

    def _watch(self, response: Any, read: Callable[..., Any] | None) -> None:
        """Note when a response of another class has been read to its end."""
        if read is None:  # A test double of a framework that reads it in another way.
            self._was_read = True
            return
        # A class that overrides read() (a test double, vcrpy's) gives no other sign of its end.
        is_plain = getattr(type(response), "read", None) is _HTTPResponse.read
        has_content = False

        def watched_read(*args: Any, **kwargs: Any) -> Any:
            nonlocal has_content
            content = read(*args, **kwargs)
            self._was_read = not is_plain or (response.isclosed() and not response.length)
            has_content = has_content or bool(content)
            if self._was_read and not has_content:
                _hide_content_encoding(response)
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

    def connection_for(self, served: ServedConnection, is_direct: bool) -> ConnectionStandIn:  # noqa: ARG002
        """Return the connection to give to httplib2. What a framework replaces on it counts for one exchange."""
        return ConnectionStandIn(self.real, served, is_kept=False)

    def require_encodable(self, body: Any) -> None:
        """Do nothing: modern_httplib2 encodes a str as UTF-8."""

    def make_ready(self) -> None:
        """Do nothing: the pool connects within ``request()``, and replaces stale sockets."""

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

    def getresponse(self) -> Any:
        """Return the response. Its ``read()`` raises IncompleteRead where modern_httplib2's hides that it was cut."""
        self.response = response = self.real.getresponse()
        if response.status < _FIRST_FINAL_STATUS:  # httpcore skips all others. h11 reads nothing after this one.
            raise http.client.UnknownProtocol("101 Switching Protocols")
        names = {name.lower() for name, _ in response.getheaders()}
        if response.version != _HTTP_2 and not names & {"content-length", "transfer-encoding"}:
            require_close_notify(self.real.sock)
        self._watch(response, reading_whole(response))
        return response


def transport_of(conn: Any) -> Transport:
    """Return the transport for a connection."""
    is_pool = getattr(conn, "_uses_httpcore_pool", False) is True
    return PooledTransport(conn) if is_pool else Transport(conn)


def send_unsigned(
    send: Callable[..., HttpResponse],
    conn: Any,
    target: str,
    method: str,
    body: Any,
    headers: Any,
    *,
    is_direct: bool = False,
) -> HttpResponse:
    """Send a request as it is. No other request gets its response, and it gets no other request's.

    Args:
        send: The ``_conn_request`` under the hook.
        conn: The connection, as httplib2 gives it.
        target: The request target.
        method: The method.
        body: The body.
        headers: The headers.
        is_direct: Whether ``send`` is httplib2's own method, so that no code of a framework sees the connection.
    """
    # Without a body, no response comes before the whole request was sent. If an error leaves something on the
    # connection, the next request discards it. So httplib2 can use the connection itself, once its responses are
    # complete.
    is_complete = getattr(conn, "response_class", None) is CompletenessResponse
    if is_direct and is_complete and body is None and kept_with(conn) is None:
        close_unless_fit(conn)
        return send(conn, target, method, body, headers)
    transport = transport_of(conn)
    given = transport.connection_for(transport, is_direct)
    try:
        return send(given, target, method, body, headers)
    except BaseException:
        transport.abandon()
        raise
    finally:
        transport.finish(given)


def _hide_content_encoding(response: Any) -> None:
    """Remove the Content-Encoding from a response with an empty body. httplib2 would raise an error about the body."""
    if not hasattr(response, "getheaders"):
        return
    headers = response.getheaders()
    others = [(name, value) for name, value in headers if name.lower() != _CONTENT_ENCODING]
    if len(others) < len(headers):
        response.getheaders = lambda: others


def reading_whole(response: Any, read: Callable[..., bytes] | None = None) -> Callable[..., bytes]:
    """Return a ``read()`` for a response of modern_httplib2 that raises IncompleteRead if the response was cut off.

    Args:
        response: The response.
        read: What reads it. None means its own ``read()``.
    """
    read = response.read if read is None else read
    pieces, failures = getattr(response, "_stream_iter", None), []
    if pieces is None:
        return read

    def noting_failures() -> Iterator[bytes]:
        try:
            yield from pieces
        except Exception as error:
            failures.append(error)
            raise
        _close_if_more_follows(response)

    response._stream_iter = noting_failures()

    def read_whole(*args: Any, **kwargs: Any) -> bytes:
        content = read(*args, **kwargs)
        if failures:
            raise http.client.IncompleteRead(content) from failures[0]
        return content

    return read_whole


def _close_if_more_follows(response: Any) -> None:
    """Let the pool of modern_httplib2 close a connection on which more than one response has arrived.

    h11 keeps the rest of a segment, and would take it for the response to the next request.
    """
    # PoolByteStream of httpcore holds the stream of its connection, which holds the connection. Over HTTP/2, the rest
    # belongs to other requests.
    stream = getattr(getattr(response, "_hc_resp", None), "stream", None)
    connection = getattr(getattr(stream, "_stream", None), "_connection", None)
    state = getattr(connection, "_h11_state", None)
    if state is not None and state.trailing_data[0]:
        # httpcore closes a connection in this state. No other thread can have got it yet.
        state.send_failed()
