"""Reads the bodies of requests and responses: as text for the scrubber, and by their meaning for comparisons."""

import hashlib
import json
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

# Characters that no text contains. A body with one of them is UTF-16, an image or an archive.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_TEXT_TYPES = re.compile(r"text/|application/(?:x-www-form-urlencoded|javascript|(?:[\w.-]+\+)?(?:json|xml))")
_CHARSET = re.compile(r"charset=\s*\"?([\w.:+-]{1,40})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)', re.IGNORECASE)
# The standard demands CRLF. Python's email package, and so Pywikibot's upload, writes LF alone.
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_LAST_LINE_END = re.compile(rb"\r?\n\Z")
_NAME = re.compile(r'(?<![\w*])name="?([^";\r\n]*)')

FORM, JSON, MULTIPART, TEXT, BINARY, NOTHING = "a form", "JSON", "multipart", "text", "binary", "no body"

_contents_cache: "WeakKeyDictionary[Any, Contents]" = WeakKeyDictionary()


class Text(NamedTuple):
    """A body as text.

    Attributes:
        text: The decoded body.
        codec: Encodes the text as the body's bytes again.
    """

    text: str
    codec: str

    def encode(self) -> bytes:
        """Return the body's bytes."""
        return self.text.encode(self.codec)


class Part(NamedTuple):
    """A part of a multipart body, without the details that differ between two equal requests.

    Attributes:
        name: The name of the field, or an empty str.
        headers: The part's header lines, sorted, with names in lower case.
        content: The text of the part. For a file that isn't text, its length and hash.
    """

    name: str
    headers: tuple[str, ...]
    content: str

    @property
    def text(self) -> str:
        """The headers and the content."""
        return "\n".join([*self.headers, "", self.content])


class Contents(NamedTuple):
    """What a request means, apart from its headers.

    Attributes:
        path: The path of its URI.
        query: The query of its URI, as pairs.
        body: The parsed body.
    """

    path: str
    query: list[tuple[str, str]]
    body: "ParsedBody"


class ParsedBody(NamedTuple):
    """What a body means.

    Attributes:
        kind: ``FORM``, ``JSON``, ``MULTIPART``, ``TEXT``, ``BINARY`` or ``NOTHING``.
        content: A list of pairs for a form, the value for JSON, a list of :class:`Part` for multipart, str for text,
            bytes for binary, and None for no body.
    """

    kind: str
    content: Any


def header(headers: Mapping[str, Any], name: str) -> str:
    """Return the value of a header, or an empty str.

    Args:
        headers: Names and values as str, bytes, or lists of them. The names may be in upper or lower case.
        name: In lower case.
    """
    for key, value in headers.items():
        if _to_str(key).lower() == name:
            return ", ".join(map(_to_str, value)) if isinstance(value, list | tuple) else _to_str(value)
    return ""


def read(body: Any) -> bytes:
    """Return a body of vcr as bytes. The body can be None, str, bytes, a file, or an iterator of str or bytes."""
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    return b"".join(piece.encode() if isinstance(piece, str) else bytes(piece) for piece in body)


def as_text(body: bytes, content_type: str) -> Text | None:
    """Return a body as text, or None if it isn't text.

    A body with the type of a text and another encoding than UTF-8 is decoded as Latin-1. Secrets are ASCII, which this
    decodes correctly in any encoding that extends ASCII, and the text can be encoded as the same bytes again. A body
    whose encoding doesn't extend ASCII isn't text here.
    """
    charset = _CHARSET.search(content_type)
    if charset is not None and not _extends_ascii(charset[1]):
        return None
    for codec in ("utf-8", "latin-1"):
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            if not _TEXT_TYPES.match(content_type.lower()):
                return None
            continue
        return None if _CONTROL.search(text) else Text(text, codec)
    return None


def with_files_described(body: bytes, content_type: str) -> bytes:
    """Return a multipart body with each file that isn't text replaced by its length and hash.

    A cassette only compares requests and never sends them again, so a description is enough. Secrets in the file are
    not written.
    """
    boundary = _boundary(content_type)
    if boundary is None:
        return body
    pieces = body.split(b"--" + boundary)
    for index, piece in enumerate(pieces[1:], 1):
        blank = _BLANK_LINE.search(piece)
        if blank is not None and as_text(piece[blank.end() :], "") is None:
            last = _LAST_LINE_END.search(piece, blank.end())
            end = last.start() if last is not None else len(piece)
            pieces[index] = piece[: blank.end()] + _description(piece[blank.end() : end]).encode() + piece[end:]
    return (b"--" + boundary).join(pieces)


def contents(request: Any) -> Contents:
    """Return what a request of vcr means.

    The result is cached, because vcr compares each new request with each recorded one.
    """
    if request not in _contents_cache:
        uri = urlsplit(request.uri)
        parsed = Contents(uri.path or "/", parse_pairs(uri.query), parse_body(request.body, request.headers))
        _contents_cache[request] = parsed
    return _contents_cache[request]


def parse_body(body: Any, headers: Mapping[str, Any]) -> ParsedBody:
    """Return what a request's body means."""
    content = read(body)
    if not content:
        return ParsedBody(NOTHING, None)
    content_type = header(headers, "content-type")
    media_type = content_type.partition(";")[0].strip().lower()
    boundary = _boundary(content_type)
    # A preamble may stand before the first boundary.
    if boundary is not None and b"\n--" + boundary in b"\n" + content.lstrip():
        return ParsedBody(MULTIPART, _parts(content, boundary))
    text = as_text(content, content_type)
    if text is None:
        return ParsedBody(BINARY, content)
    if media_type == "application/x-www-form-urlencoded":
        return ParsedBody(FORM, parse_pairs(text.text))
    if re.fullmatch(r"application/(?:[\w.-]+\+)?json", media_type):
        try:
            return ParsedBody(JSON, json.loads(text.text, object_pairs_hook=_object))
        except (ValueError, RecursionError):
            pass
    return ParsedBody(TEXT, text.text)


def parse_pairs(encoded: str) -> list[tuple[str, str]]:
    """Parse a query or a form. A name without a value is kept, because it is a flag for MediaWiki."""
    split = (piece.partition("=") for piece in encoded.split("&") if piece)
    return [(_unquote(name), _unquote(value)) for name, _, value in split]


def _unquote(text: str) -> str:
    # Bytes that aren't UTF-8 stay different from each other.
    if "%" not in text and text.isascii():
        return text.replace("+", " ")
    # unquote_to_bytes() takes twice as long for a text that isn't in Latin letters.
    encoded = text.replace("+", " ").encode("utf-8", "surrogatepass")
    return _ESCAPES.sub(_unescape, encoded).decode("utf-8", "surrogateescape")


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[0].replace(b"%", b"").decode())


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        # Servers interpret a repeated name differently, so the body is compared as text.
        raise ValueError("a name occurs more than once")
    return found


def _parts(body: bytes, boundary: bytes) -> list[Part]:
    parts = []
    for piece in body.split(b"--" + boundary)[1:]:
        if piece.rstrip() == b"--":
            break
        head, *rest = _BLANK_LINE.split(_LAST_LINE_END.sub(b"", piece), maxsplit=1)
        content = rest[0] if rest else b""
        lines = head.decode("utf-8", "replace").splitlines()
        headers = sorted(_normalize_header_line(line) for line in lines if line.strip())
        name = next((match[1] for line in headers if (match := _NAME.search(line))), "")
        text = as_text(content, "")
        parts.append(Part(name, tuple(headers), _description(content) if text is None else text.text))
    return parts


def _normalize_header_line(line: str) -> str:
    name, _, value = line.partition(":")
    name = name.strip().lower()
    # googleapiclient and apitools create a new UUID for each batch. The rest of the value identifies the response part.
    value = _UUID.sub("*", value) if name == "content-id" else value
    return f"{name}: {value.strip()}"


def _description(content: bytes) -> str:
    return f"SCRUBBED-binary {len(content)} bytes sha256:{hashlib.sha256(content).hexdigest()}"


def _extends_ascii(charset: str) -> bool:
    try:
        return string.printable.encode(charset) == string.printable.encode("ascii")
    except (LookupError, ValueError):
        return False


def _boundary(content_type: str) -> bytes | None:
    if not content_type.lower().lstrip().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    return match[1].encode() if match else None


def _to_str(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return ", ".join(map(_to_str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)
