"""Real servers on loopback, over plain sockets or TLS. One function decides what each server sends."""

import contextlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import TypeAlias

from .reference import Received

#: A handler returns this to close the connection without a response.
DROP = None

#: A handler returns bytes to send, DROP, or a function that is called with the connection before it is closed.
Answer: TypeAlias = bytes | Callable[[socket.socket], None] | None


# Windows declares the two numbers of this option as u_short, and POSIX declares them as int.
_LINGER = struct.Struct("HH" if os.name == "nt" else "ii")


def hang_up(connection: socket.socket) -> None:
    """Reset the connection when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(1, 0))


def close(connection: socket.socket) -> None:
    """Close a connection at once, even if another thread reads from it. Keep a reset that was set before."""
    if not connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.size)[0]:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class _NotARequest(Exception):
    pass


def _number(text: str | bytes, base: int = 10) -> int:
    try:
        number = int(text, base)
    except ValueError:
        raise _NotARequest from None
    if number < 0:
        raise _NotARequest
    return number


class Listener:
    """A listener on loopback. It serves each connection in a thread with ``_talk(connection)``.

    Attributes:
        port: The port of the listener.
        connections: The number of accepted connections.
    """

    def __init__(self, host: str = "127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self._is_closed = False
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_closed = True
        try:
            # On Linux, this interrupts accept(). close() alone does not.
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            # Other systems shut down connected sockets only. There, a last connection ends accept().
            with contextlib.suppress(OSError):
                socket.create_connection(self._listener.getsockname()[:2], 1).close()
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                close(connection)
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if self._is_closed:
                connection.close()
                return
            self._open.append(connection)
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        raise NotImplementedError


class Server(Listener):
    """An HTTP server that sends what ``handler(received)`` returns.

    Attributes:
        received: All requests, in the order of their arrival.
    """

    def __init__(
        self,
        handler: Callable[[Received], Answer],
        tls: ssl.SSLContext | None = None,
        host="127.0.0.1",
        keep_alive: bool = True,
    ):
        self.handler = handler
        self.keep_alive = keep_alive
        self.tls = tls
        self.received: list[Received] = []
        self.scheme = "https" if tls else "http"
        super().__init__(host)

    def uri(self, path: str = "/", host: str = "localhost") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self._converse(connection)
        except (OSError, _NotARequest):
            pass
        finally:
            with contextlib.suppress(OSError):
                close(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            while (received := self._read(reader)) is not None:
                self.received.append(received)
                answer = self.handler(received)
                if not isinstance(answer, bytes):
                    if answer is not DROP:
                        answer(connection)
                    break
                if not self.keep_alive:
                    connection.sendall(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                    break
                connection.sendall(answer)

    def _read(self, reader) -> Received | None:
        line = reader.readline().decode("latin-1")
        if not line.strip() or not line.endswith("\n"):
            return None
        if line.count(" ") < 2:
            raise _NotARequest
        method, target, _ = line.split(" ", 2)
        headers = {}
        while line := reader.readline().decode("latin-1"):
            if not line.rstrip("\r\n"):
                break
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if not line.endswith("\n"):  # The headers were cut off, as a body may be below.
            return None
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := _number(reader.readline(), 16):
                body += reader.read(size)
                reader.readline()
            reader.readline()
        elif "content-length" in headers:
            length = _number(headers["content-length"])
            body = reader.read(length)
            if len(body) < length:
                return None
        return Received(self.scheme, method, target, headers, body)


def answer(body: bytes | str = b"ok", status: str = "200 OK", **headers: str) -> bytes:
    """Return the bytes of an HTTP response. Underscores in header names become hyphens."""
    content = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def in_turn(*answers: bytes | None) -> Callable[[Received], bytes | None]:
    """Return a handler that sends one answer after the other, and then repeats the last one."""
    left: Iterator[bytes | None] = iter(answers)
    last = answers[-1]
    return lambda _: next(left, last)
