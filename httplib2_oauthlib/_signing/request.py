"""One request, as it is sent and as it is signed. This module contains neither credentials nor I/O.

Parameters are collected byte for byte as the server will receive them. oauthlib's own collection isn't used, for two
reasons. It refuses much that servers accept: a raw ``|``, a charset after the media type of a form. It also changes
some parts of a request: bytes that are not UTF-8, an empty path parameter, and a caller's parameters that begin with
``oauth_``.
"""

import contextlib
import functools
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from ..errors import SigningError
from .base_string import (
    LONGEST_CACHED_URI,
    NormalizedParameters,
    Parameter,
    base_string,
    encode_matches,
    encode_twice,
    is_encoded,
    parse_parameters,
)
from .patterns import compiled

#: The bodies that httplib2 can send: text, bytes, a file-like object or an iterable of bytes.
Body: TypeAlias = str | bytes | bytearray | memoryview | io.IOBase | Iterable[bytes] | None

FORM = "application/x-www-form-urlencoded"
DEFAULT_PORTS = {"http": 80, "https": 443}

_URI = r"(?s)([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?"
_AUTHORITY = r"(?:[^@\\\s]*@)?(\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._~-]+)?\]|[^][:@\\%\s\x00-\x20\x7f]+)(?::([0-9]{0,5}))?"
# RFC 3986, sections 3.3 (pchar) and 3.4 list the characters that are allowed in a path and in a query. All others are
# percent-encoded. A "%" that isn't followed by two hexadecimal digits is encoded too.
_NOT_IN_PATH = r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/%-])+"
_NOT_IN_QUERY = r"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?%-])+"
# The same as in a query, except "'" and "$": authlib's servers don't accept them in a form. The rest is accepted by
# oauthlib's and authlib's servers. In bytes, because a form may be in any encoding.
_NOT_IN_FORM = rb"(?:%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~!&()*+,;=:@/?%-])+"
_HIGHEST_PORT = 65535
# RFC 9110, sections 5.6.2 and 9.1. With any other character, part of the method would be read as part of the target.
_METHOD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_USUAL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_SIGNATURE = b"oauth_signature"
_NO_HOST = "uri has no host that can be signed, or an invalid port; check the part between // and the path"


class SignableRequest:
    """One request, with all that its signature covers except the protocol parameters.

    Args:
        uri: Absolute. Characters that are not yet percent-encoded are encoded here, once.
        method: The HTTP method, in upper or lower case.
        body: The body or None. It is read only if the headers declare a form.
        headers: The headers. They are not changed.

    Attributes:
        method: The method as it was given.
        uri: The URI to send: percent-encoded, with its fragment.
        headers: A copy of the headers. The media type of a form is in lower case.
        body: The body to send. It is the caller's own object, unless it is a form that had to be read or encoded.
        form: The bytes of a form body, percent-encoded as they are sent, or None if the body isn't a form.
        base_uri: The base string URI.
        accepts_protocol_parameters: Whether the protocol parameters can be sent in the body.
        changed_media_type: Whether the media type of a form was not written as MediaWiki requires it.

    Raises:
        SigningError: The request can't be sent exactly as it would be signed.

    Source: RFC 5849, section 3.4.1.
    """

    form: bytes | None = None
    accepts_protocol_parameters = False
    changed_media_type = False
    _is_form_encoded = False

    def __init__(self, uri: str, method: str, body: Body, headers: Mapping[str, str] | None) -> None:
        if method not in _USUAL_METHODS and not (isinstance(method, str) and compiled(_METHOD).fullmatch(method)):
            raise SigningError("method must be the name of an HTTP method, such as GET")
        self.method = method
        # oauth2client passes names as bytes.
        self.headers: dict[str, str] = (
            {_text(name) if isinstance(name, bytes) else name: value for name, value in headers.items()}
            if headers
            else {}
        )
        # If a header occurs in two spellings, this holds the first.
        self._header_names = {name.lower(): name for name in reversed(self.headers)}
        self._target = target = _parse(uri)
        self.uri = target.uri
        base_uri = self._base_uri_of_host() if "host" in self._header_names else target.base_uri
        if base_uri is None:
            raise SigningError(_NO_HOST)
        self.base_uri = base_uri
        self.body = body
        if body is not None or method not in ("GET", "HEAD"):
            self._read_form()

    @property
    def scheme(self) -> str:
        """The scheme of the URI, in lower case."""
        return self._target.scheme

    @property
    def query(self) -> str:
        """The query of the URI: percent-encoded, without the question mark."""
        return self._target.query

    @property
    def declares_form(self) -> bool:
        """Whether the headers declare a form, even if the body is empty."""
        return self._content_type.partition(";")[0].strip().lower() == FORM

    @property
    def is_multipart(self) -> bool:
        """Whether the headers declare a body of several parts with names, such as the upload of a file."""
        return self.body is not None and self._content_type.lower().startswith("multipart/form-data")

    @property
    def _content_type(self) -> str:
        name = self.header_name("content-type")
        return "" if name is None else _text(self.headers[name]).strip()

    @property
    def normalized_parameters(self) -> NormalizedParameters | None:
        """The parameters of query and form, normalized, or None if one of them sorts among the protocol parameters."""
        if self.form is None:
            return self._target.normalized_query
        query = parse_parameters(self.query.encode("ascii"))
        return NormalizedParameters.of(itertools.chain(query, self._form_parameters()))

    def header_name(self, name: str) -> str | None:
        """Return the name of a header as the caller wrote it, or None if the request doesn't have the header.

        Args:
            name: In lower case.
        """
        return self._header_names.get(name)

    def authorize(self, authorization: str) -> None:
        """Put this Authorization in the headers, in place of any other."""
        if "authorization" in self._header_names:
            for name in [name for name in self.headers if name.lower() == "authorization"]:
                del self.headers[name]
        self.headers["Authorization"] = authorization

    def parameters_by_source(self, protocol: Iterable[tuple[str, str]]) -> dict[str, list[Parameter]]:
        """Return the parameters that are signed, encoded twice, by their source: ``query``, ``form`` or ``protocol``.

        Args:
            protocol: The protocol parameters, not encoded.

        Source: RFC 5849, section 3.4.1.3.1.
        """
        sources = {
            "query": parse_parameters(self.query.encode("ascii")),
            "form": self._form_parameters(),
            "protocol": ((encode_twice(name), encode_twice(value)) for name, value in protocol),
        }
        # 'The "oauth_signature" parameter MUST be excluded from the signature base string if present.'
        return {source: [each for each in found if each[0] != _SIGNATURE] for source, found in sources.items()}

    def base_string(self, protocol: Iterable[tuple[str, str]]) -> bytes:
        """Return the signature base string.

        Args:
            protocol: The protocol parameters, not encoded.
        """
        parameters = itertools.chain(*self.parameters_by_source(protocol).values())
        return base_string(self.method, self.base_uri, sorted(parameters))

    def _form_parameters(self) -> Iterator[Parameter]:
        return parse_parameters(self.form or b"", self._is_form_encoded)

    def _base_uri_of_host(self) -> str | None:
        """Return the base string URI with the value of the Host header, or None if it can't be signed."""
        # RFC 5849, section 3.4.1.2: 'The host and port values MUST match the content of the HTTP request "Host" header
        # field.'
        host = _text(self.headers[self._header_names["host"]])
        if not host.isascii() or "@" in host:
            raise SigningError(
                "the Host header must be a host in ASCII; write an international one as IDNA (xn--...), or remove"
                " the header"
            )
        return _base_string_uri(self.scheme, host, self._target.path)

    def _read_form(self) -> None:
        """Read the body if the headers declare a form, and percent-encode it if it is not encoded yet."""
        body, is_form = self.body, self.declares_form
        if self.method.upper() in ("GET", "HEAD"):
            # Frameworks send the header with an empty body. A file counts as a form, even if it is empty.
            if is_form and body:
                # RFC 5849, section 3.4.1.3.1, signs it. MediaWiki and others don't: the content of a GET has no meaning
                # (RFC 9110, section 9.3.1). oauthlib refuses it.
                raise SigningError(
                    f"servers disagree on whether the form of a {self.method} is signed; put its parameters in the"
                    " query, or send a POST"
                )
            return
        has_transfer_encoding = self.header_name("transfer-encoding") is not None
        self.accepts_protocol_parameters = not has_transfer_encoding and (
            is_form or (body is None and not self._content_type)
        )
        if not is_form or body is None:
            return
        if has_transfer_encoding:
            raise SigningError("a form with a Transfer-Encoding header can't be signed; remove that header")
        form = read_form(body)
        self._is_form_encoded = is_encoded(form)
        encoded = form if self._is_form_encoded else encode_matches(compiled(_NOT_IN_FORM), form)
        self.form = form if encoded == form else encoded
        if not isinstance(body, str | bytes) or self.form is not form:
            self.body = self.form
        # MediaWiki compares the media type byte for byte, in lower case (Extension:OAuth, REL1_39).
        media_type, semicolon, media_type_parameters = self._content_type.partition(";")
        self.headers[self._header_names["content-type"]] = FORM + semicolon + media_type_parameters
        self.changed_media_type = media_type != FORM
        # The caller may have counted characters, and bytes are sent. A length that is too small would cut the form off,
        # and its rest would be read as the beginning of another request.
        if (length := self.header_name("content-length")) is not None:
            self.headers[length] = str(len(self.form))


def read_form(body: Any) -> bytes:
    """Return the bytes of a form body, as it is given.

    Args:
        body: Any body that httplib2 can send. A file is read from its current position to its end.

    Raises:
        SigningError: The form is not encoded yet (a dict, pairs), or UTF-8 can't encode its str.
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
        require_sendable(body)
        return b"".join(body)
    except UnicodeEncodeError:
        raise SigningError("the form contains a character that UTF-8 can't encode; remove lone surrogates") from None
    except TypeError:
        pass
    raise SigningError(
        "a form must be str, bytes, a file or an iterable of bytes; encode other values with urllib.parse.urlencode()"
    )


def require_sendable(body: object) -> None:
    """Raise an error for a dict, and for a list of pairs or of str.

    http.client would send the keys of a dict, or fail after it has sent the headers.

    Args:
        body: A body that is neither str nor bytes.

    Raises:
        SigningError: The body isn't encoded yet.
    """
    is_list = isinstance(body, list | tuple) and any(isinstance(each, str | list | tuple) for each in body)
    if is_list or isinstance(body, Mapping):
        raise SigningError(
            f"the body is a {type(body).__name__}, which can't be sent; encode it first: a form with"
            " urllib.parse.urlencode(), JSON with json.dumps()"
        )


def is_file(body: object) -> bool:
    """Whether a body is a file, or an object that is read like one."""
    # Classes are excluded because CPython 3.11 crashes on the tell() of a class of files after that of many files.
    return hasattr(body, "read") and not isinstance(body, type)


def _read_in_place(file: Any) -> Any:
    """Read a file to its end and return to its position, if the file can do so."""
    try:
        start = file.tell()
    except Exception:  # A pipe, a socket or a wrapper of one raises various errors.
        return file.read()
    content = file.read()
    with contextlib.suppress(Exception):
        file.seek(start)
    return content


class _Target:
    """A URI and its parts. All of them except the fragment are sent as they are here.

    Args:
        given: The URI. Characters that are not yet percent-encoded are encoded here.

    Attributes:
        uri: Percent-encoded.
        scheme: In lower case.
        path: Percent-encoded.
        query: Percent-encoded.
        base_uri: The base string URI, or None if the host can't be signed.
        normalized_query: The parameters of the query, or None if one of them sorts among the protocol parameters.
    """

    __slots__ = ("base_uri", "normalized_query", "path", "query", "scheme", "uri")

    def __init__(self, given: str) -> None:
        match = compiled(_URI).fullmatch(given) if isinstance(given, str) else None
        if match is None:
            raise SigningError("uri must be absolute text, such as https://example.org/w/api.php")
        scheme, authority, path, query, fragment = match.groups()
        try:
            authority = authority if authority.isascii() else authority.encode("idna").decode("ascii")
            path = compiled(_NOT_IN_PATH).sub(_encode_match, path)
            uri = f"{scheme}://{authority}{path}"
            if query is not None:
                query = compiled(_NOT_IN_QUERY).sub(_encode_match, query)
                uri += f"?{query}"
            if fragment is not None:
                uri += f"#{compiled(_NOT_IN_QUERY).sub(_encode_match, fragment)}"
        except UnicodeError:
            raise SigningError(
                "uri contains a character that UTF-8 can't encode, or an invalid host; check it for lone surrogates"
            ) from None
        self.uri: str = uri
        self.scheme: str = scheme.lower()
        self.path: str = path
        self.query: str = query or ""
        self.base_uri = _base_string_uri(self.scheme, authority, path)
        self.normalized_query = NormalizedParameters.of(parse_parameters(self.query.encode("ascii")))


def _parse(uri: str) -> _Target:
    is_short = isinstance(uri, str) and len(uri) <= LONGEST_CACHED_URI
    return _cached_target(uri) if is_short else _Target(uri)


# Programs send some requests many times, such as those that ask for the user's name or for recent changes.
_cached_target = functools.lru_cache(maxsize=256)(_Target)


def _base_string_uri(scheme: str, authority: str, path: str) -> str | None:
    """Return the base string URI, or None if the host can't be signed or the port is invalid.

    The path stays byte for byte as it is in the request line. oauthlib would drop an empty path parameter.

    Args:
        scheme: In lower case.
        authority: The value of the Host header, or else the authority of the URI.
        path: Percent-encoded.

    Source: RFC 5849, section 3.4.1.2.
    """
    match = compiled(_AUTHORITY).fullmatch(authority)
    if match is None or int(match[2] or 0) > _HIGHEST_PORT:
        return None
    # "The scheme and host MUST be in lowercase." "The port MUST be included if it is not the default port for the
    # scheme, and MUST be excluded if it is the default."
    host, port = match[1].lower(), match[2]
    port = "" if not port or port == str(DEFAULT_PORTS.get(scheme)) else f":{port}"
    return f"{scheme}://{host}{port}{path or '/'}"


def _encode_match(match: re.Match[str]) -> str:
    return quote(match.group(), safe="")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
