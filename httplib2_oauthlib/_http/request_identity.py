"""What makes two requests the same one: a digest of everything that tells the server what to do.

A program that repeats a request rarely repeats its bytes. The boundary of a multipart body and MediaWiki's CSRF token
differ with each attempt, so both are left out.
"""

import hashlib
import re
import weakref
from collections.abc import Iterable
from typing import Any

from .._signing.request import is_file

# Headers that change what a request means. Content-Length follows from the body, boundaries and tokens included.
_HEADERS = ("content-", "if-")
_MORE_HEADERS = ("x-http-method-override", "idempotency-key")
# Patterns that re compiles at their first use. Most programs never lose a response.
_BOUNDARY = r'(?i);\s*boundary=(?:"([^"]*)"|([^\s;]*))'
# MediaWiki's tokens are hexadecimal digits, a plus sign and a backslash, which a form percent-encodes and JSON doubles.
# The anonymous user's has no digits. A match begins at the token's end, so that the search takes linear time.
_TOKEN = rb"(?i)(?<![0-9a-f])[0-9a-f]{40,64}(?=(?:\+|%2B)(?:\\|%5C))"
_CHUNK = 1 << 16


class FilePosition:
    """The position of a file that was sent as a body.

    Attributes:
        file: A weak reference to the file.
        start: Where the body begins.
        left: The position after the attempt.
    """

    __slots__ = ("file", "left", "start")

    def __init__(self, file: "weakref.ref[Any]", start: int, left: int) -> None:
        self.file = file
        self.start = start
        self.left = left


def uri_key(uri: str) -> str:
    """Return a URI without the values of MediaWiki's tokens."""
    return re.sub(_TOKEN, b"", uri.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def request_digest(body: Any, headers: Any) -> bytes | None:
    """Return a digest of a request's body and of the headers that change its meaning.

    A file is read from its position, and is left at that position.

    Args:
        body: The body, as httplib2 takes it.
        headers: The headers: an object with ``items()``, or None.

    Returns:
        32 bytes. None if the body can be read only once, so that it can't be compared.
    """
    compared, boundary = _compared_headers(headers)
    digest = hashlib.sha256(repr(compared).encode("utf-8", "surrogatepass"))
    content = _content(body)
    if content is None:
        return None
    if isinstance(content, bytes):
        if boundary:
            content = content.replace(boundary, b"")
        digest.update(re.sub(_TOKEN, b"", content))
    else:
        # A file can be too large for the memory. Then its boundaries and tokens are compared like the rest.
        try:
            for piece in content:
                digest.update(piece)
        except Exception:  # A file raises errors of many kinds.
            return None
    return digest.digest()


def file_position(body: Any, start: Any) -> FilePosition | None:
    """Return where a file was left, or None if the body isn't a file that can go back to its start."""
    if start is None or not is_file(body):
        return None
    try:
        return FilePosition(weakref.ref(body), start, body.tell())
    except Exception:  # It was closed, or takes no weak references.
        return None


def is_same_file(body: Any, position: FilePosition | None) -> bool:
    """Whether a body is this file, and its position is the same as after the attempt."""
    file: Any = None if position is None else position.file()
    if position is None or file is None or file is not body:
        return False
    try:
        return bool(file.tell() == position.left)
    except Exception:  # It was closed.
        return False


def _compared_headers(headers: Any) -> tuple[list[tuple[str, str]], bytes]:
    compared, boundary = [], b""
    for given_name, given in headers.items() if headers else ():
        name, value = _text(given_name).lower(), _text(given)
        if name == "content-type":
            match = re.search(_BOUNDARY, value)
            if match is not None:
                boundary = (match[1] or match[2] or "").encode("utf-8", "surrogatepass")
                value = value.replace(match[0], "")
        elif name == "content-length" or not (name.startswith(_HEADERS) or name in _MORE_HEADERS):
            continue
        compared.append((name, value))
    return sorted(compared), boundary


def _content(body: Any) -> bytes | Iterable[bytes] | None:
    """Return a body's content in one piece, or a file's in many; None if the body can be read only once."""
    if body is None or isinstance(body, str | bytes | bytearray | memoryview):
        return _bytes(b"" if body is None else body)
    if is_file(body):
        return _pieces_of_file(body)
    try:
        if iter(body) is iter(body):  # An iterator.
            return None
        return b"".join(map(_bytes, body))
    except Exception:  # Only http.client can say what is wrong with it.
        return None


def _pieces_of_file(file: Any) -> Iterable[bytes]:
    start = file.tell()
    file.seek(start)
    while piece := file.read(_CHUNK):
        yield _bytes(piece)
    file.seek(start)


def _bytes(text: Any) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
