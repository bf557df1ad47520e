"""Reads bodies: what of them is text, and what they mean. Nothing is scrubbed and nothing compared here."""

import hashlib
import json
import re
import string
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit
from weakref import WeakKeyDictionary

# What no text holds: a body with one of these is UTF-16, an image, an archive.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_TEXT_TYPES = re.compile(r"text/|application/(?:x-www-form-urlencoded|javascript|(?:[\w.-]+\+)?(?:json|xml))")
_CHARSET = re.compile(r"charset=\s*\"?([\w.:+-]{1,40})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)', re.IGNORECASE)
_NAME = re.compile(r'(?<![\w*])name="?([^";\r\n]*)')

FORM, JSON, MULTIPART, TEXT, BINARY, NOTHING = "a form", "JSON", "multipart", "text", "binary", "no body"


_READ: "WeakKeyDictionary[Any, Contents]" = WeakKeyDictionary()


class Text(NamedTuple):
    """A body as text.

    Attributes:
        text: What stands in it.
        codec: How the text becomes the body's bytes again.
    """

    text: str
    codec: str

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.text.encode(self.codec)


class Part(NamedTuple):
    """A part of a multipart body, without what tells it from others of its kind.

    Attributes:
        name: Of the field, or nothing.
        headers: The lines of its head, sorted, names in lower case.
        content: As text; of a file that is none, its length and hash.
    """

    name: str
    headers: tuple[str, ...]
    content: str

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join([*self.headers, "", self.content])


class Contents(NamedTuple):
    """What a request says, apart from its headers.

    Attributes:
        path: Of its URI.
        query: Of its URI, as pairs.
        body: What its body says.
    """

    path: str
    query: list[tuple[str, str]]
    body: "Meaning"


class Meaning(NamedTuple):
    """What a body says.

    Attributes:
        kind: One of ``FORM`` (``content`` is a list of pairs), ``JSON`` (a value), ``MULTIPART`` (a list of
            :class:`Part`), ``TEXT`` (text), ``BINARY`` (bytes) and ``NOTHING`` (None).
        content: By kind.
    """

    kind: str
    content: Any


def header(headers: Mapping[str, Any], name: str) -> str:
    """Return a header's value, whatever its name's case and whether it is kept as text, bytes or a list of them."""
    for key, value in headers.items():
        if _text(key).lower() == name:
            return ", ".join(map(_text, value)) if isinstance(value, list | tuple) else _text(value)
    return ""


def read(body: Any) -> bytes:
    """Return the bytes of a body, whatever vcr holds of it: text, bytes, a file, an iterator of either."""
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
    """Return a body as text, or None if it is none.

    What is text by its type, but in another code than UTF-8, is read as Latin-1: its ASCII part, where secrets stand,
    comes out right whatever the code, and the bytes come back. A code in which ASCII looks otherwise is none.
    """
    charset = _CHARSET.search(content_type)
    if charset is not None and not _holds_ascii(charset[1]):
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
    """Return a multipart body with the files in it that are no text replaced by their length and hash.

    A request is compared and never sent again, so that a description will do; and whatever a file hides, it is not
    written.
    """
    boundary = _boundary(content_type)
    if boundary is None:
        return body
    pieces = body.split(b"--" + boundary)
    for number, piece in enumerate(pieces[1:], 1):
        head, blank, content = piece.partition(b"\r\n\r\n")
        if blank and as_text(content, "") is None:
            is_whole = content.endswith(b"\r\n")
            described = _described(content[:-2] if is_whole else content).encode()
            pieces[number] = head + blank + described + (b"\r\n" if is_whole else b"")
    return (b"--" + boundary).join(pieces)


def contents(request: Any) -> Contents:
    """Return what a request of vcr's says; read once, since vcr compares each that is made with each recorded one."""
    if request not in _READ:
        uri = urlsplit(request.uri)
        _READ[request] = Contents(uri.path or "/", pairs(uri.query), meaning(request.body, request.headers))
    return _READ[request]


def meaning(body: Any, headers: Mapping[str, Any]) -> Meaning:
    """Return what a request's body says, whatever its spelling."""
    content = read(body)
    if not content:
        return Meaning(NOTHING, None)
    content_type = header(headers, "content-type")
    media_type = content_type.partition(";")[0].strip().lower()
    boundary = _boundary(content_type)
    if boundary is not None and content.lstrip().startswith(b"--" + boundary):
        return Meaning(MULTIPART, _parts(content, boundary))
    text = as_text(content, content_type)
    if text is None:
        return Meaning(BINARY, content)
    if media_type == "application/x-www-form-urlencoded":
        return Meaning(FORM, pairs(text.text))
    if re.fullmatch(r"application/(?:[\w.-]+\+)?json", media_type):
        try:
            return Meaning(JSON, json.loads(text.text, object_pairs_hook=_object))
        except (ValueError, RecursionError):
            pass
    return Meaning(TEXT, text.text)


def pairs(encoded: str) -> list[tuple[str, str]]:
    """Parse a query or a form; a name without a value is kept, since to MediaWiki it is a flag that is set."""
    split = (piece.partition("=") for piece in encoded.split("&") if piece)
    return [(_unquoted(name), _unquoted(value)) for name, _, value in split]


def _unquoted(text: str) -> str:
    # What is no UTF-8 stays what it is, and different from everything else.
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError("a name is repeated")  # Servers disagree on what that means: compared as text.
    return found


def _parts(body: bytes, boundary: bytes) -> list[Part]:
    parts = []
    for piece in body.split(b"--" + boundary)[1:]:
        if piece.rstrip() == b"--":
            break
        head, _, content = piece.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").splitlines()
        headers = sorted(_without_padding(line) for line in lines if line.strip())
        name = next((match[1] for line in headers if (match := _NAME.search(line))), "")
        text = as_text(content, "")
        parts.append(Part(name, tuple(headers), _described(content) if text is None else text.text))
    return parts


def _without_padding(line: str) -> str:
    name, _, value = line.partition(":")
    name = name.strip().lower()
    # Made up anew for each batch of googleapiclient's and apitools'; the answer's part is known by the rest of it.
    value = _UUID.sub("*", value) if name == "content-id" else value
    return f"{name}: {value.strip()}"


def _described(content: bytes) -> str:
    return f"SCRUBBED-binary {len(content)} bytes sha256:{hashlib.sha256(content).hexdigest()}"


def _holds_ascii(charset: str) -> bool:
    try:
        return string.printable.encode(charset) == string.printable.encode("ascii")
    except (LookupError, ValueError):
        return False


def _boundary(content_type: str) -> bytes | None:
    if not content_type.lower().lstrip().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    return match[1].encode() if match else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return ", ".join(map(_text, value)) if isinstance(value, Iterable) and not isinstance(value, str) else str(value)
