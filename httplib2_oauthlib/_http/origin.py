"""Origins: the scheme, host and port of a URI or of a connection, in a form that can be compared."""

import functools
import http.client
import re
from typing import Any, NamedTuple

from .._signing.patterns import compiled
from .._signing.request import DEFAULT_PORTS
from ..errors import SigningError

# Bound at import: while a vcrpy cassette is open, the name in http.client is another class.
_HTTPSConnection = http.client.HTTPSConnection
_URI = r"(?s)([A-Za-z][A-Za-z0-9+.-]*)://(?:[^@/?#]*@)?(\[[^]/?#]*\]|[^:/?#]*)(?::([0-9]*))?(?=[/?#]|$)(.*)"


class Origin(NamedTuple):
    """The scheme, host and port of a URI.

    Attributes:
        scheme: In lower case.
        host: In lower case, an international name in its IDNA form.
        port: The scheme's default if the URI has none; 0 if the scheme has no default either.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, uri: str) -> "Origin | None":
        """Return the origin of an absolute URI, or None for any other str."""
        return split_origin(uri)[0]

    @property
    def authority(self) -> str:
        """The host, followed by the port if it isn't the scheme's default."""
        return self.host if self.port in (0, DEFAULT_PORTS.get(self.scheme)) else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def split_origin(uri: str) -> tuple[Origin | None, str]:
    """Return the origin of an absolute URI and the rest of the URI. Without an origin, both are empty."""
    # httplib2 removes these characters from a URL before it looks for the host.
    match = compiled(_URI).fullmatch(re.sub(r"[\t\r\n]", "", uri))
    if match is None or not match[2]:
        return None, ""
    scheme, host = match[1].lower(), match[2].lower()
    try:
        host = _in_ascii(host)
    except UnicodeError:
        return None, ""
    return Origin(scheme, host, int(match[3] or DEFAULT_PORTS.get(scheme, 0))), match[4]


class ConnectionTarget:
    """Where a connection leads.

    Args:
        base: Scheme and authority, spelled as http.client spells the Host header.
        origin: The same, comparable.

    Attributes:
        base_uri: The origin as str.
    """

    __slots__ = ("base", "base_uri", "origin")

    def __init__(self, base: str, origin: Origin) -> None:
        self.base = base
        self.origin = origin
        self.base_uri = str(origin)


def target_of(conn: Any) -> ConnectionTarget | None:
    """Return where a connection of http.client leads. None for a test double that lacks an attribute."""
    try:
        return _target_of_attributes(conn.host, conn.port, conn.default_port)
    except (AttributeError, TypeError):  # TypeError: an attribute of the test double can't be hashed.
        return None


@functools.lru_cache(maxsize=256)
def _target_of_attributes(host: Any, port: Any, default_port: Any) -> ConnectionTarget | None:
    scheme = _scheme_of(default_port)
    return None if scheme is None or not host or port is None else _target(scheme, host, port)


def target_of_double(conn: Any, asked_uri: str | None) -> ConnectionTarget:
    """Return where a test double of a connection leads.

    Args:
        conn: The test double.
        asked_uri: The URI that ``request()`` was given. It supplies what the test double lacks.

    Raises:
        SigningError: Neither the test double nor ``asked_uri`` has a host.
    """
    host, port, default_port = (getattr(conn, name, None) for name in ("host", "port", "default_port"))
    scheme = _scheme_of(default_port)
    if scheme is None and isinstance(conn, _HTTPSConnection):
        scheme = "https"
    asked = None if asked_uri is None else Origin.of(asked_uri)
    scheme = scheme or (asked.scheme if asked is not None else "http")
    if not host:
        if asked is None:
            raise SigningError("the connection has no host: set its attributes host and port")
        host, port = asked.host, asked.port
    if port is not None:
        return _target(scheme, host, port)
    # The host of a test double without a port is the whole authority.
    base = f"{scheme}://{_in_ascii(host)}"
    origin = Origin.of(base) or Origin(scheme, host, 0)
    return ConnectionTarget(base, origin)


def _target(scheme: str, host: str, port: int) -> ConnectionTarget:
    host = _in_ascii(host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    origin = Origin(scheme, host.lower(), port)
    return ConnectionTarget(str(Origin(scheme, host, port)), origin)


def _scheme_of(default_port: Any) -> str | None:
    return next((scheme for scheme, port in DEFAULT_PORTS.items() if port == default_port), None)


def _in_ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")
