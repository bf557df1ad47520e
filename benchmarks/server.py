"""A server on loopback that runs in a separate process and takes as little time as possible.

For paths that begin with ``/signed/``, it returns status 401 if the request is not signed. A client that does not sign
therefore can't be measured by mistake.
"""

import contextlib
import multiprocessing
import re
import socket
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

_CONTENT = b'{"batchcomplete":"","query":{"userinfo":{"id":1,"name":"Alice"}}}'
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_CONTENT),
    _CONTENT,
)
_UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
_MUST_BE_SIGNED = re.compile(rb"[A-Z]+ /signed/")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BLOCK_BYTES = 1 << 16


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run the server in a ``with`` block. Its scheme and authority are the block's value."""
    # The caller may have threads, and forking is not safe with threads.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe()
    process = context.Process(target=_serve, args=(sender,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(port_sender: Connection) -> None:
    """Send the server's port to the parent process, and serve each connection in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port_sender.send(listener.getsockname()[1])
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_serve_connection, args=(sock,), daemon=True).start()


def _serve_connection(sock: socket.socket) -> None:
    """Read requests from a connection and respond to each."""
    received, was_signed = b"", False
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        if not end:
            data = sock.recv(_BLOCK_BYTES)
            if not data:
                return
            received += data
            continue
        length = _LENGTH.search(head)
        missing = int(length[1]) - len(body) if length else 0
        while missing > 0:
            data = sock.recv(min(_BLOCK_BYTES, missing))
            if not data:
                return
            missing -= len(data)
        received = b""
        # Only the first requests of a connection are checked, so that the check does not slow down the measurement.
        was_signed = was_signed or not _MUST_BE_SIGNED.match(head) or b"\r\nauthorization: oauth " in head.lower()
        sock.sendall(_RESPONSE if was_signed else _UNAUTHORIZED)
