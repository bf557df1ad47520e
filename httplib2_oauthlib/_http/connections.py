"""What a connection is, and what http.client does not notice of one: that it went stale."""

import http.client
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

# Not on every system.
_HAS_POLL = hasattr(select, "poll")


def is_shared(conn: Any) -> bool:
    """Whether a connection is a pool of its own, used by several threads at once (modern_httplib2's).

    It opens, minds and closes its sockets by itself; whoever closes it breaks off what other threads ask.
    """
    return getattr(conn, "_uses_httpcore_pool", False) is True


def was_handed_over(error: BaseException) -> bool:
    """Whether a shared connection failed after it had got a place and a socket: some of the request may be sent.

    It connects within its ``request()``, and its errors are those of sockets: where they came from tells them apart.
    """
    names: set[str] = set()
    each: BaseException | None = error
    while each is not None:
        names.add(type(each).__name__)
        trace = each.__traceback__
        while trace is not None:
            names.add(trace.tb_frame.f_code.co_name)
            trace = trace.tb_next
        each = each.__cause__ or each.__context__
    # httpcore's names: of its pool's method, of what opens a connection, of what it raises when all are in use.
    return "handle_request" in names and not names & {"_connect", "_connect_raw_socket", "PoolTimeout"}


def reading_whole(response: Any) -> Callable[..., bytes]:
    """Return ``response.read`` of a shared connection's answer, which takes what was cut off for the whole.

    Raises:
        http.client.IncompleteRead: By what is returned: the answer was cut off.
    """
    read: Callable[..., bytes] = response.read
    pieces, failures = getattr(response, "_stream_iter", None), []
    if pieces is None:
        return read

    def noted() -> Iterator[bytes]:
        try:
            yield from pieces
        except Exception as error:
            failures.append(error)
            raise

    response._stream_iter = noted()

    def whole(*args: Any, **kwargs: Any) -> bytes:
        content = read(*args, **kwargs)
        if failures:
            raise http.client.IncompleteRead(content) from failures[0]
        return content

    return whole


def is_stale(conn: Any) -> bool:
    """Whether a pooled connection has something to say before it was asked: that it is closed, or what is no answer."""
    sock = getattr(conn, "sock", None)
    if not isinstance(sock, socket.socket):  # There is none, or it is a test double's.
        return False
    if isinstance(sock, ssl.SSLSocket) and sock.pending():  # Decrypted already.
        return True
    try:
        if _HAS_POLL:  # It knows sockets of any number.
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return bool(poll.poll(0))
        return bool(select.select([sock], [], [], 0)[0])
    except ValueError:  # It was closed.
        return False
