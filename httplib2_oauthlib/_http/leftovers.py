"""What makes a connection unfit for the next request: remains of an earlier one, or a server that has closed it.

http.client notices neither a part of a request that was left, nor a part of a response, nor a connection that went
stale.
"""

import http.client
import select
import socket
import ssl
from typing import Any

# Bound at import: under vcrpy, the name in http.client may be another class.
_HTTPConnection = http.client.HTTPConnection
_IDLE = "Idle"  # http.client's own name for the state.


def close_unless_fit(conn: Any) -> None:
    """Close a pooled connection that went stale, or on which a request or a response was left halfway.

    A connection that has data before anything was asked was closed by the server, or the server sends nonsense. On a
    new connection, TLS itself may have sent data.
    """
    discard_leftovers(conn)
    if has_data(conn):
        conn.close()


def discard_leftovers(conn: Any) -> None:
    """Close a connection on which a request or a response was left halfway.

    A request that failed before it was sent may have left its head there. The next request would be sent behind that
    head, and a server would act on the first request's target. An interrupt may have left a response that was not read.
    The next request would get that response.
    """
    if not isinstance(conn, _HTTPConnection):
        return
    connection: Any = conn
    try:
        # http.client has no public attribute for any of these three.
        response = connection._HTTPConnection__response
        if connection._HTTPConnection__state != _IDLE or (response is not None and not response.isclosed()):
            conn.close()
        if not connection._buffer:
            return
    except AttributeError:  # A test double, or another release of http.client.
        pass
    discard_unsent(conn)


def discard_unsent(conn: Any) -> None:
    """Close a connection if a request that failed before it was sent has left its head in it."""
    # http.client's close() does not clear its buffer.
    buffer = getattr(conn, "_buffer", None)
    if buffer and isinstance(buffer, list):
        conn.close()
        del buffer[:]


def has_data(conn: Any) -> bool:
    """Return whether a connection has something to read, or has ended. False if it isn't open."""
    sock = getattr(conn, "sock", None)
    if not isinstance(sock, socket.socket):  # Not connected, or a test double.
        return False
    try:
        if isinstance(sock, ssl.SSLSocket) and sock.pending():  # Data that is decrypted already.
            return True
        # Not every system has poll(), and eventlet removes it. Unlike select(), it takes sockets of any number.
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    except ValueError:  # The socket was closed.
        return False
