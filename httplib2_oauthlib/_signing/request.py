"""One request, as it is sent and as it is signed; no credentials and no I/O live here.

The parameters are collected byte for byte as the server will see them, because oauthlib's own collection
refuses much that servers accept (a raw ``|``, a charset after the form type) and changes some of the rest
(bytes that are not UTF-8, an empty path parameter, a caller's own ``oauth_`` names).
"""

import contextlib
import functools
import io
import itertools
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from ..errors import SigningError
from .base_string import Pair, Surroundings, base_string, escape, pairs_of, twice_encoded

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
_USUAL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_SIGNATURE = b"oauth_signature"
_NO_HOST = "uri has no host that can be signed, or a port that is none"
# What was computed of a URI is kept for the next time, if it has no more characters than this.
_LONGEST_KEPT = 2048


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
        is_short: Whether what is signed is so short that something may be kept of it for the next time.
        type_was_mended: Whether a form's Content-Type was spelled otherwise than MediaWiki wants it.

    Raises:
        SigningError: The request can't be signed so that what is signed is what is sent.

    Source: RFC 5849, section 3.4.1.
    """

    def __init__(self, uri: str, method: str, body: Body, headers: Mapping[str, str] | None) -> None:
        if method not in _USUAL_METHODS and not (isinstance(method, str) and _TOKEN.fullmatch(method)):
            raise SigningError("method must be the name of an HTTP method, such as GET")
        self.method = method
        self.headers: dict[str, str] = {}
        # Of a header that is there twice, in two spellings, the first is named.
        self._names: dict[str, str] = {}
        for name, value in headers.items() if headers else ():
            text = name if isinstance(name, str) else _text(name)  # bytes occur: oauth2client makes them.
            self.headers[text] = value
            self._names.setdefault(text.lower(), text)
        is_short = isinstance(uri, str) and len(uri) <= _LONGEST_KEPT
        self._target = target = _kept_target(uri) if is_short else _new_target(uri)
        self.uri, self.query, self.scheme = target.uri, target.query, target.scheme
        if "host" in self._names:
            self.base_uri = self._base_uri_by_header()
        elif target.base_uri is not None:
            self.base_uri = target.base_uri
        else:
            raise SigningError(_NO_HOST)
        self.body = body
        self.form: bytes | None = None
        self.is_short = is_short and len(self.base_uri) <= _LONGEST_KEPT
        self.type_was_mended = self.takes_form = False
        # oauthlib and MediaWiki leave the body of GET and HEAD out: it means nothing there (RFC 9110, section 9.3.1).
        if method not in ("GET", "HEAD") and method.upper() not in ("GET", "HEAD"):
            self._take_form()

    def header(self, name: str) -> str | None:
        """Return the key of the header called ``name`` (in lower case) as it was given, whatever its case, or None."""
        return self._names.get(name)

    def authorized(self, authorization: str) -> dict[str, str]:
        """Return new headers with an Authorization; it takes the place of any other."""
        headers = self.headers.copy()
        if "authorization" in self._names:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = authorization
        return headers

    def by_source(self, protocol: Iterable[tuple[str, str]]) -> dict[str, list[Pair]]:
        """Return what is signed, twice encoded, by where it stands: ``query``, ``form`` or ``protocol``.

        Args:
            protocol: The protocol parameters, not encoded.

        Source: RFC 5849, section 3.4.1.3.1.
        """
        sources = {
            "query": pairs_of(self.query.encode("ascii")),
            "form": pairs_of(self.form or b""),
            "protocol": ((twice_encoded(name), twice_encoded(value)) for name, value in protocol),
        }
        # 'The "oauth_signature" parameter MUST be excluded from the signature base string if present.'
        return {source: [pair for pair in pairs if pair[0] != _SIGNATURE] for source, pairs in sources.items()}

    def base_string(self, protocol: Iterable[tuple[str, str]]) -> bytes:
        """Return the signature base string, with these protocol parameters, not encoded."""
        pairs = itertools.chain(*self.by_source(protocol).values())
        return base_string(self.method, self.base_uri, sorted(pairs))

    @property
    def surroundings(self) -> Surroundings | None:
        """What stands around the protocol parameters in the base string, if they stand together there."""
        if self.form is None:
            return self._target.surroundings
        return Surroundings.of(itertools.chain(pairs_of(self.query.encode("ascii")), pairs_of(self.form)))

    def _base_uri_by_header(self) -> str:
        authority = _text(self.headers[self._names["host"]])
        if not authority.isascii() or "@" in authority:
            raise SigningError("a Host header must be a host in ASCII, an international one as IDNA; or leave it out")
        base_uri = _base_uri(self._target.scheme, authority, self._target.path)
        if base_uri is None:
            raise SigningError(_NO_HOST)
        return base_uri

    def _take_form(self) -> None:
        """Take the body for a form, if the headers say that it is one."""
        body = self.body
        name = self.header("content-type")
        content_type = "" if name is None else _text(self.headers[name]).strip()
        media_type, semicolon, rest = content_type.partition(";")
        is_form = media_type.strip().lower() == FORM
        is_transferred = self.header("transfer-encoding") is not None
        self.takes_form = not is_transferred and (is_form or (body is None and not content_type))
        if not is_form or body is None:
            return
        if is_transferred:
            raise SigningError("a form with a Transfer-Encoding of its own can't be signed; leave that header out")
        self.form = read_form(body)
        self.is_short = False
        if not isinstance(body, str | bytes) or (isinstance(body, str) and not body.isascii()):
            self.body = self.form
        # MediaWiki compares the media type byte by byte, in lower case (Extension:OAuth, REL1_39).
        assert name is not None
        self.headers[name] = FORM + semicolon + rest
        self.type_was_mended = media_type != FORM
        # A length that was counted in characters, where bytes are sent, would cut the form and begin another request.
        if (length := self.header("content-length")) is not None:
            self.headers[length] = str(len(self.form))


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
        if isinstance(body, bytes):
            return body
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


class _Target(NamedTuple):
    """A URI and its parts; all but the fragment is as it is sent.

    Attributes:
        uri: Percent-encoded.
        scheme: In lower case.
        path: Percent-encoded.
        query: Likewise.
        base_uri: The base string URI, or None if there is no host that can be signed.
        surroundings: Of the query.
    """

    uri: str
    scheme: str
    path: str
    query: str
    base_uri: str | None
    surroundings: Surroundings | None


def _new_target(uri: str) -> _Target:
    match = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if match is None:
        raise SigningError("uri must be absolute text, such as https://example.org/w/api.php")
    scheme, authority, path, query, fragment = match.groups()
    try:
        authority = authority if authority.isascii() else authority.encode("idna").decode("ascii")
        path = _NOT_IN_PATH.sub(_encode_match, path)
        sent = f"{scheme}://{authority}{path}"
        if query is not None:
            query = _NOT_IN_QUERY.sub(_encode_match, query)
            sent += f"?{query}"
        if fragment is not None:
            sent += f"#{_NOT_IN_QUERY.sub(_encode_match, fragment)}"
    except UnicodeError:
        raise SigningError("uri holds text that can't be encoded as UTF-8, or a host that is none") from None
    scheme, query = scheme.lower(), query or ""
    surroundings = Surroundings.of(pairs_of(query.encode("ascii")))
    return _Target(sent, scheme, path, query, _base_uri(scheme, authority, path), surroundings)


# Programs ask the same again: who they are, what has changed.
_kept_target = functools.lru_cache(maxsize=256)(_new_target)


def _base_uri(scheme: str, authority: str, path: str) -> str | None:
    """Return the base string URI: scheme and host in lower case, no default port; RFC 5849, section 3.4.1.2.

    None if the authority has no host that can be signed, or a port that is none.

    The path is the request line's to the byte; oauthlib would drop an empty path parameter.

    Args:
        scheme: In lower case.
        authority: The Host header's, if there is one.
        path: Percent-encoded.
    """
    match = _AUTHORITY.fullmatch(authority)
    if match is None or int(match[2] or 0) > _HIGHEST_PORT:
        return None
    host, port = match[1].lower(), match[2]
    port = "" if not port or port == str(DEFAULT_PORTS.get(scheme)) else f":{port}"
    return f"{scheme}://{host}{port}{path or '/'}"


def _encode_match(match: re.Match[str]) -> str:
    return quote(match.group(), safe="")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
