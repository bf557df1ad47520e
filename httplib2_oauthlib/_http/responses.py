"""An answer that knows whether it came whole: http.client's, which takes what was cut off for the whole.

What most answers are, a head that has arrived at once and says how long the body is, is read at once, too: http.client
reads it line by line and parses it as an e-mail, which takes longer than to sign the request. All else is read by
http.client.
"""

import http.client
import io
import re
from typing import Any

# The head of an answer that needs nothing of http.client's parser: no line is folded, no character is odd.
_HEAD = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9]{2})(?: ([ -~]*))?\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n){1,64})\r\n"
)
_FIELD = re.compile(r"([^:]+):[ \t]*([^\r]*)\r\n")
# An answer that never has a body (RFC 9110, section 6.4.1).
_WITHOUT_BODY = (204, 304)
_KEPT = "keep-alive"
# Of a length that makes sense.
_MOST_DIGITS = 20

# Bound at import: under vcrpy the name in http.client may be another.
_Response = http.client.HTTPResponse


class WatchedResponse(_Response):
    """An ``http.client.HTTPResponse`` whose head has come to its end, and which knows when its body has.

    Attributes:
        is_whole: Whether all of the body was read, by a call of ``read()``.
    """

    is_whole = False
    _method: str | None  # http.client's: that of the request.

    def begin(self) -> None:
        """Read the head.

        Raises:
            http.client.RemoteDisconnected: It was cut off.
        """
        if self.headers is not None or self._begin_at_once():
            return
        file: Any = self.fp
        lines: Any = _Lines(file)
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:
                self.fp = file
        if lines.last not in (b"\r\n", b"\n"):
            self.close()
            raise http.client.RemoteDisconnected("Remote end closed connection within the head of its response")

    def read(self, amt: int | None = None) -> bytes:
        """Read the body, or some of it."""
        content = _Response.read(self, amt)  # Not super(), which takes longer.
        self.is_whole = self.fp is None and not self.length
        return content

    def getheaders(self) -> list[tuple[str, str]]:
        """Return names and values of the headers as they were read, without an e-mail's conversions."""
        return list(super().getheaders() if self.headers is None else self.headers.raw_items())

    def _begin_at_once(self) -> bool:
        """Read the head if all of it is there and usual; else read nothing and return False."""
        file: Any = self.fp
        if type(file) is not io.BufferedReader or self.debuglevel or self._method == "HEAD":
            return False
        match = _HEAD.match(file.peek())
        if match is None:
            return False
        status, length, is_chunked = int(match[1]), None, False
        headers = http.client.HTTPMessage()
        for name, value in _FIELD.findall(match[3].decode("iso-8859-1")):
            headers.set_raw(name, value)
            name = name.lower()  # noqa: PLW2901
            if name == "content-length" and length is None and value.isdecimal() and len(value) < _MOST_DIGITS:
                length = int(value)
            elif name == "transfer-encoding" and not is_chunked and value.lower() == "chunked":
                is_chunked = True
            elif name in ("content-length", "transfer-encoding") or (name == "connection" and value.lower() != _KEPT):
                return False
        # Just one of both says where the body ends.
        if (length is None) is not is_chunked or status in _WITHOUT_BODY:
            return False
        file.read(match.end())
        self.version, self.code, self.status = 11, status, status
        self.reason = (match[2] or b"").decode("ascii").strip()
        self.headers = self.msg = headers
        self.length, self.chunked, self.will_close = length, is_chunked, False
        if is_chunked:
            self.chunk_left = None
        return True


class _Lines:
    """A file of which the last line that was read is remembered."""

    __slots__ = ("_read", "close", "last")

    def __init__(self, file: Any) -> None:
        self._read = file.readline
        self.close = file.close
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = line = self._read(limit)
        return line  # type: ignore[no-any-return]
