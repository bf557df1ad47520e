"""One request, as it is sent and as it is signed; no credentials and no I/O live here.

The parameters are collected byte for byte as the server will see them, because oauthlib's own collection
refuses much that servers accept (a raw ``|``, a charset after the form type) and changes some of the rest
(bytes that are not UTF-8, an empty path parameter, a caller's own ``oauth_`` names). The base string itself
is oauthlib's.
"""

import contextlib
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import quote, unquote_to_bytes

from oauthlib.oauth1.rfc5849 import signature as oauthlib_signature

from .errors import SigningError

#: What httplib2 can send: text, bytes, a file-like object or an iterable of bytes.
Body: TypeAlias = str | bytes | bytearray | memoryview | io.IOBase | Iterable[bytes] | None

FORM = "application/x-www-form-urlencoded"
DEFAULT_PORTS = {"http": 80, "https": 443}

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = re.compile(
    r"(?:[^@\\\s]*@)?(\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|[^][:@\\%\s\x00-\x20\x7f]+)(?::([0-9]{0,5}))?"
)
# RFC 3986, section 3.3 (pchar) and 3.4: what may stand in a path and in a query. Everything else, and a "%" that
# begins no escape, is encoded.
_NOT_IN_PATH = re.compile(r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/%-])+")
_NOT_IN_QUERY = re.compile(r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?%-])+")
_HIGHEST_PORT = 65535
# RFC 9110, sections 5.6.2 and 9.1: whatever else stands there is taken for a part of the target.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Parameter(NamedTuple):
    """One name and value that is signed.

    Attributes:
        name: Percent-encoded text, as it stands in the base string.
        value: Likewise.
        source: Where it stands in the request: ``query``, ``form`` or ``protocol``.
    """

    name: str
    value: str
    source: str


class RequestParts:
    """The parts of one request.

    Args:
        uri: Absolute; whatever is not yet percent-encoded in it is encoded here, once.
        method: The HTTP method, in any case.
        body: The body or None. Read if the headers say that it is a form, else not touched.
        headers: The headers, not changed.

    Attributes:
        uri: Percent-encoded, with its fragment.
        scheme: In lower case.
        base_uri: The base string URI.
        query: Percent-encoded, without the question mark.
        method: As it was given.
        headers: A copy; a form's Content-Type begins in lower case here.
        body: What to send: the caller's own object, unless it is a form that had to be read or encoded.
        form: The bytes of a form body, or None if the body is no form.
        takes_form: Whether the protocol parameters could be sent in the body.
        type_was_mended: Whether a form's Content-Type was spelled otherwise than MediaWiki wants it.

    Raises:
        SigningError: The request can't be signed so that what is signed is what is sent.

    Source: RFC 5849, section 3.4.1.
    """

    def __init__(self, uri: str, method: str, body: Body, headers: Mapping[str, str] | None) -> None:
        if not isinstance(method, str) or not _TOKEN.fullmatch(method):
            raise SigningError("method must be the name of an HTTP method, such as GET")
        self.method = method
        # bytes names occur: oauth2client makes them.
        self.headers = {_text(name): value for name, value in (headers or {}).items()}
        self._take_uri(uri)
        self._take_body(body)

    def header(self, name: str) -> str | None:
        """Return the key of the header called ``name`` (in lower case) here, whatever its case, or None."""
        return next((key for key in self.headers if key.lower() == name), None)

    def signed(self, protocol: Iterable[tuple[str, str]]) -> list[Parameter]:
        """Return all that is signed, the protocol parameters included, encoded and sorted.

        Source: RFC 5849, sections 3.4.1.3.1 and 3.4.1.3.2.
        """
        parameters = [Parameter(escape(name), escape(value), "protocol") for name, value in protocol]
        for source, form in (("query", self.query.encode("ascii")), ("form", self.form or b"")):
            for name, value in parse_form(form):
                parameters.append(Parameter(quote(name, safe=""), quote(value, safe=""), source))
        # 'The "oauth_signature" parameter MUST be excluded from the signature base string if present.'
        return sorted(parameter for parameter in parameters if parameter.name != "oauth_signature")

    def base_string(self, parameters: Iterable[Parameter]) -> str:
        """Return the signature base string over parameters from :meth:`signed`.

        Source: RFC 5849, section 3.4.1.1.
        """
        normalized = "&".join(f"{name}={value}" for name, value, _ in parameters)
        # The stubs know only the commoner methods.
        return oauthlib_signature.signature_base_string(cast(Any, self.method), self.base_uri, normalized)

    def _take_uri(self, uri: str) -> None:
        match = _URI.fullmatch(uri) if isinstance(uri, str) else None
        if match is None:
            raise SigningError("uri must be absolute text, such as https://example.org/w/api.php")
        scheme, authority, path, query, fragment = match.groups()
        try:
            authority = authority if authority.isascii() else authority.encode("idna").decode("ascii")
            path = _NOT_IN_PATH.sub(_encode_match, path)
            self.query = _NOT_IN_QUERY.sub(_encode_match, query or "")
            fragment = fragment and _NOT_IN_QUERY.sub(_encode_match, fragment)
        except UnicodeError:
            raise SigningError("uri holds text that can't be encoded as UTF-8, or a host that is none") from None
        self.uri = f"{scheme}://{authority}{path}"
        self.uri += ("" if query is None else f"?{self.query}") + ("" if fragment is None else f"#{fragment}")
        # RFC 5849, section 3.4.1.2: scheme and host in lower case, no default port. The authority is the Host header's,
        # if there is one. The path is the request line's to the byte; oauthlib would drop an empty path parameter.
        self.scheme = scheme.lower()
        name = self.header("host")
        if name is not None:
            authority = _text(self.headers[name])
            if not authority.isascii() or "@" in authority:
                raise SigningError(
                    "a Host header must be a host in ASCII, an international one as IDNA; or leave it out"
                )
        authority = _base_authority(self.scheme, authority)
        self.base_uri = f"{self.scheme}://{authority}{path or '/'}"

    def _take_body(self, body: Body) -> None:
        self.body = body
        self.form: bytes | None = None
        self.type_was_mended = False
        name = self.header("content-type")
        content_type = "" if name is None else _text(self.headers[name]).strip()
        media_type, semicolon, rest = content_type.partition(";")
        is_form = media_type.strip().lower() == FORM
        # oauthlib and MediaWiki leave the body of GET and HEAD out: it means nothing there (RFC 9110, section 9.3.1).
        may_have_form = self.method.upper() not in ("GET", "HEAD")
        is_transferred = self.header("transfer-encoding") is not None
        self.takes_form = may_have_form and not is_transferred and (is_form or (body is None and not content_type))
        if not is_form or not may_have_form or body is None:
            return
        if is_transferred:
            raise SigningError("a form with a Transfer-Encoding of its own can't be signed; leave that header out")
        self.form = read_form(body)
        if not isinstance(body, str | bytes) or (isinstance(body, str) and not body.isascii()):
            self.body = self.form
        # MediaWiki compares the media type byte by byte, in lower case (Extension:OAuth, REL1_39).
        assert name is not None
        self.headers[name] = FORM + semicolon + rest
        self.type_was_mended = media_type != FORM
        # A length that was counted in characters, where bytes are sent, would cut the form and begin another request.
        if (length := self.header("content-length")) is not None:
            self.headers[length] = str(len(self.form))


def parse_form(form: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Parse form-encoded bytes as servers do: ``+`` is a space, a ``%`` that begins no escape is itself."""
    for piece in form.split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            yield unquote_to_bytes(name), unquote_to_bytes(value)


def read_form(body: Any) -> bytes:
    """Return the bytes of a form body, whatever kind of body it is; of a file, all from where it is.

    Raises:
        SigningError: It is no form yet (a dict, pairs), or no text that UTF-8 can encode.
    """
    try:
        if isinstance(body, str):
            return body.encode("utf-8")
        if is_file(body):
            content = _read_in_place(body)
            return content.encode("utf-8") if isinstance(content, str) else bytes(content)
        with contextlib.suppress(TypeError):
            return memoryview(body).tobytes()
        if not isinstance(body, Mapping):
            return b"".join(body)
    except UnicodeEncodeError:
        raise SigningError("the form holds text that can't be encoded as UTF-8") from None
    except TypeError:
        pass
    raise SigningError("a form must be text, bytes or a file of them; encode a dict with urllib.parse.urlencode first")


def is_file(body: object) -> bool:
    """Whether a body is to be read: a file, or what looks like one."""
    # Not a class of files: CPython 3.11 crashes on its tell() where it has called that of many files.
    return hasattr(body, "read") and not isinstance(body, type)


def _read_in_place(file: Any) -> Any:
    """Read a file to its end and go back to where it was, if it can."""
    try:
        start = file.tell()
    except Exception:  # Whatever a pipe, a socket or a wrapper of one raises.
        return file.read()
    content = file.read()
    with contextlib.suppress(Exception):
        file.seek(start)
    return content


def escape(text: str) -> str:
    """Percent-encode text as UTF-8: RFC 5849, section 3.6."""
    return quote(text, safe="")


def form_encode(pairs: Iterable[tuple[str, str]]) -> str:
    """Encode names and values so that they may stand in a query or in a form."""
    return "&".join(f"{escape(name)}={escape(value)}" for name, value in pairs)


def add_to_query(uri: str, encoded: str) -> str:
    """Append encoded pairs to the query of a URI, before its fragment; what stands there stays as it is.

    No empty pair comes of it (``?&`` or ``&&``), which MediaWiki does not sign as the RFC does.
    """
    start, hash_sign, fragment = uri.partition("#")
    path, _, query = start.partition("?")
    separator = "&" if query and not query.endswith("&") else ""
    return f"{path}?{query}{separator}{encoded}{hash_sign}{fragment}"


def _base_authority(scheme: str, authority: str) -> str:
    match = _AUTHORITY.fullmatch(authority)
    if match is None or int(match[2] or 0) > _HIGHEST_PORT:
        raise SigningError("uri has no host that can be signed, or a port that is none")
    host, port = match[1].lower(), match[2]
    return f"{host}:{port}" if port and port != str(DEFAULT_PORTS.get(scheme)) else host


def _encode_match(match: re.Match[str]) -> str:
    return quote(match.group(), safe="")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
