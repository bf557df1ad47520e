"""Responses of http.client: complete, and the response to this request.

http.client parses them. This module watches how: http.client does not notice that a head or the size of a chunk was cut
off, and takes an interim response for the final one.
"""

import contextlib
import functools
import http.client
import io
import operator
import ssl
import zlib
from collections.abc import Callable
from typing import Any

from .._signing.patterns import compiled

# Bound at import: under vcrpy, the name in http.client may be another class.
_HTTPResponse = http.client.HTTPResponse
_FIRST_FINAL_STATUS = 200
# What follows "HTTP/1.1" in the first line of a final response: a blank, and the first digit of the status.
_FINAL = (b" 2", b" 3", b" 4", b" 5")
_SWITCHING_PROTOCOLS = 101
# A server that sends interim responses without end would keep a client busy for ever.
_MOST_INTERIM_RESPONSES = 100
# RFC 9112, section 7.1: hexadecimal digits, and extensions. Servers pad the digits with blanks.
_CHUNK_SIZE = rb"(?s)[ \t]*([0-9A-Fa-f]+)[ \t]*(?:;.*)?\r?\n"
_COMPRESSIONS = ("gzip", "deflate", "zlib")
_GZIP_OR_ZLIB = 47  # The window size of zlib, with its flag for finding out which of both it is.
_PIECE = 1 << 20
# Decompressing a larger body twice takes too long. It may also be made to be large.
_LONGEST_CHECKED = 50 << 20


class CompletenessResponse(_HTTPResponse):
    """An ``http.client.HTTPResponse`` that rejects a response that was cut off, and skips interim responses.

    Attributes:
        is_complete: Whether a call of ``read()`` has read the body to its end.
    """

    is_complete = False
    # Whether the connection's response class overrides read(), and so may leave the file open at the end.
    _has_own_read = False
    # Whether read() has returned anything.
    _has_content = False

    # http.client's own attribute, which the types leave out.
    _request_method = property(operator.attrgetter("_method"))

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
        """Read the head of the final response.

        Args:
            **limits: Those of CPython 3.15 and later.

        Raises:
            http.client.RemoteDisconnected: The head was cut off.
            http.client.HTTPException: The server switches protocols, or sends interim responses without end.
        """
        if self.headers is not None:  # It was read already.
            return
        # Usually the whole head of a final response has arrived, so that it can't be cut off. After the head of a 100,
        # http.client reads another one.
        file: Any = self.fp
        start = file.peek() if type(file) is io.BufferedReader else b""
        if start[8:10] in _FINAL and b"\r\n\r\n" in start:
            super().begin(**limits)
        else:
            self._begin_final(limits)
        if self.chunked:
            self.fp = _ChunkReader(self.fp)
        elif self.length is None:
            require_close_notify(getattr(getattr(self.fp, "raw", None), "_sock", None))

    def _begin_final(self, limits: dict[str, Any]) -> None:
        """Read the heads of interim responses, and the final one."""
        for _ in range(_MOST_INTERIM_RESPONSES):
            self._begin_next(limits)
            if self.status >= _FIRST_FINAL_STATUS:
                return
            if self.status == _SWITCHING_PROTOCOLS:
                raise http.client.UnknownProtocol("101 Switching Protocols")
            # RFC 9110, section 15.2: "A client MUST be able to parse one or more 1xx responses received prior to a
            # final response". http.client skips 100 only.
            head: Any = self  # The types don't know that http.client reads a head only while there is none.
            head.headers = head.msg = None
        raise http.client.HTTPException(f"got more than {_MOST_INTERIM_RESPONSES} interim responses")

    def _begin_next(self, limits: dict[str, Any]) -> None:
        """Read one head, interim or final, and notice if it is cut off."""
        file: Any = self.fp
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
        """Read the body, or at most ``amt`` bytes of it.

        Raises:
            http.client.IncompleteRead: The body was cut off.
        """
        try:
            content = super().read(amt)
        except ssl.SSLEOFError as error:
            raise http.client.IncompleteRead(b"") from error
        self.is_complete = self._has_own_read if self.fp is not None else not self.length
        if not content:
            if self.is_complete and not self._has_content and self._request_method != "HEAD":
                # An empty body isn't compressed, even if its header says so. httplib2 would raise ValueError.
                del self.headers["content-encoding"]
            return content
        self._has_content = True
        if amt is None and self.length is None and not self.chunked:
            self._require_whole_compression(content)
        return content

    def _require_whole_compression(self, content: bytes) -> None:
        """Raise an error for a compressed body without its end, where the end of the connection ends the body.

        httplib2 0.22 raises EOFError for such a body. Later releases take the part for the whole.
        """
        if self.headers.get("content-encoding") not in _COMPRESSIONS:
            return
        decoder, left, size = zlib.decompressobj(_GZIP_OR_ZLIB), content, 0
        try:
            while left and not decoder.eof:
                size += len(decoder.decompress(left, _PIECE))
                left = decoder.unconsumed_tail
                if size > _LONGEST_CHECKED:
                    return
        except zlib.error:  # httplib2 rejects it too, or knows another kind of compression.
            return
        if not decoder.eof:
            self.is_complete = False
            raise http.client.IncompleteRead(content)


class CompletenessFactory:
    """A connection's ``response_class`` that is a function instead of a class, and makes complete responses.

    Args:
        make: The function.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return a response that has still to be read."""
        response = self._make(*args, **kwargs)
        if isinstance(response, _HTTPResponse):
            # TypeError: the class has slots.
            with contextlib.suppress(TypeError):
                response.__class__ = CompletenessResponse.over(type(response))
        return response


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


class _ChunkReader:
    """The file of a chunked body. It ends where http.client would read an invalid line as the size of a chunk.

    http.client reads a size with ``int(line, 16)``. So it takes "0" for the last chunk where "0012" was cut off, and
    also takes "-0", "0x0" and "0_0" for it. At the end of the file it raises IncompleteRead.
    """

    __slots__ = ("_file", "_is_in_trailer", "_readline", "close", "read", "readinto")

    def __init__(self, file: Any) -> None:
        self._file = file
        self._readline = file.readline
        self._is_in_trailer = False
        self.read = file.read
        self.readinto = file.readinto
        self.close = file.close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._readline(limit)
        if self._is_in_trailer:
            return line
        size = compiled(_CHUNK_SIZE).fullmatch(line)
        if size is None:
            # http.client raises LineTooLong for a line of its limit.
            return line if len(line) == limit else b""
        self._is_in_trailer = not size[1].strip(b"0")
        return line


def require_close_notify(sock: Any) -> None:
    """Let the end of a TLS connection count as the end of a body only if the server has announced it.

    Source: RFC 9112, section 9.8: "A response that has neither chunked transfer coding nor Content-Length is complete
    only if a valid closure alert has been received."
    """
    if isinstance(sock, ssl.SSLSocket):
        # By default Python's ssl hides the difference.
        sock.suppress_ragged_eofs = False  # type: ignore[attr-defined]
