"""A server on loopback, in a process of its own, that takes as little time as a server in Python can.

Below ``/signed/`` it answers 401 to what is not signed, so that nothing is measured that was not.
"""

import contextlib
import multiprocessing
import re
import socket
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

_CONTENT = b'{"batchcomplete":"","query":{"userinfo":{"id":1,"name":"Alice"}}}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_CONTENT),
    _CONTENT,
)
_REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
_MUST_BE_SIGNED = re.compile(rb"[A-Z]+ /signed/")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BLOCK = 1 << 16


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run the server; what is given is its address, as the beginning of a URI."""
    # Not forked: the caller may have threads.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pipe.send(listener.getsockname()[1])
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(sock,), daemon=True).start()


def _answer(sock: socket.socket) -> None:
    received, was_signed = b"", False
    while True:
        head, end, body = received.partition(b"\r\n\r\n")
        if not end:
            more = sock.recv(_BLOCK)
            if not more:
                return
            received += more
            continue
        length = _LENGTH.search(head)
        missing = int(length[1]) - len(body) if length else 0
        while missing > 0:
            more = sock.recv(min(_BLOCK, missing))
            if not more:
                return
            missing -= len(more)
        received = b""
        # Looked at once per connection, so that all take the same time.
        was_signed = was_signed or not _MUST_BE_SIGNED.match(head) or b"\r\nauthorization: oauth " in head.lower()
        sock.sendall(_ANSWER if was_signed else _REFUSAL)
