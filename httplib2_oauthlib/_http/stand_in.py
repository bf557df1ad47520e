"""The objects that httplib2 and frameworks are given in place of a connection."""

import operator
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..errors import SigningError

_set = object.__setattr__
_METHODS = ("request", "getresponse", "close")
# The attribute of a connection whose methods a framework has replaced: its stand-in, which knows the replacements.
_KEPT = "_httplib2_oauthlib_stand_in"


def _refuse(*_args: Any, **_kwargs: Any) -> None:
    """Raise SigningError: a request that is sent piece by piece can't be signed."""
    raise SigningError(
        "this framework sends requests by putrequest(), where no signature can be added. Nothing was sent. Let its"
        " _conn_request() call conn.request()"
    )


def _refused_while_signing(name: str) -> Any:
    """Return a property that is a method of the real connection, and refuses to be called where requests are signed."""
    return property(lambda self: _refuse if self.is_signing else getattr(self.real, name))


class ServedConnection:
    """What is behind a stand-in during one exchange: the methods of a connection that send it.

    httplib2 is given this object itself if no code of a framework sees the connection. It uses no other members than
    those that are defined here.

    Attributes:
        real: The real connection.
        is_signing: Whether ``request()`` signs.
    """

    __slots__ = ("real",)
    is_signing = False

    def __init__(self, conn: Any) -> None:
        self.real = conn

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, as ``http.client.HTTPConnection.request()`` does."""
        raise NotImplementedError

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """Return the response."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection."""
        raise NotImplementedError

    def connect(self) -> None:
        """Connect."""
        self.real.connect()

    # A class with __getattr__ would be simpler, and every attribute of an object of it slower.
    sock = property(operator.attrgetter("real.sock"))
    host = property(operator.attrgetter("real.host"))


class ConnectionStandIn:
    """The connection that httplib2 is given: its methods belong to one exchange. All else is the real connection's.

    A framework may replace ``request()``, ``getresponse()`` or ``close()`` on a connection, by a function that calls
    the method that it found there. The replacement belongs around the method that signs, and is there again for the
    next request over the connection. So the stand-in is kept with such a connection, for one exchange after another.

    Args:
        conn: The real connection.
        served: What is behind ``request()``, ``getresponse()`` and ``close()``.
        is_kept: Whether a replacement stays for the next request. Not so if other threads use the connection.

    Attributes:
        real: The real connection.
    """

    __slots__ = ("_is_kept", "_replaced", "_served", "real")
    real: Any
    _served: Any

    def __init__(self, conn: Any, served: ServedConnection, is_kept: bool = True) -> None:
        _set(self, "real", conn)
        _set(self, "_served", served)
        _set(self, "_is_kept", is_kept)
        _set(self, "_replaced", None)

    @staticmethod
    def over(conn: Any, served: ServedConnection) -> "ConnectionStandIn":
        """Return the stand-in that is kept with a connection, or a new one."""
        kept = kept_with(conn)
        if kept is None:
            return ConnectionStandIn(conn, served)
        _set(kept, "_served", served)
        return kept

    def release(self) -> None:
        """Note that the exchange is over. A replacement that is called later calls the real connection."""
        if self._replaced:
            _set(self, "_served", self.real)

    @property
    def is_signing(self) -> bool:
        """Whether ``request()`` signs."""
        return isinstance(self._served, ServedConnection) and self._served.is_signing

    # A property, so that a replacement can take its place. The methods below stay the same for every exchange.
    @property
    def request(self) -> Callable[..., None]:
        return (self._replaced and self._replaced.get("request")) or self._send_request

    @property
    def getresponse(self) -> Callable[..., Any]:
        return (self._replaced and self._replaced.get("getresponse")) or self._get_response

    @property
    def close(self) -> Callable[..., None]:
        return (self._replaced and self._replaced.get("close")) or self._close

    # One of these methods alone would send a request, or a part of one, without a signature.
    putrequest, putheader, endheaders, send = map(
        _refused_while_signing, ("putrequest", "putheader", "endheaders", "send")
    )

    def _send_request(self, *args: Any, **kwargs: Any) -> None:
        self._served.request(*args, **kwargs)

    def _get_response(self, *args: Any, **kwargs: Any) -> Any:
        return self._served.getresponse(*args, **kwargs)

    def _close(self) -> None:
        self._served.close()

    # Frameworks inspect the connection, check its class and set its timeout. All of that is meant for the real one.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self.real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _METHODS:
            setattr(self.real, name, value)
            return
        own = (self._send_request, self._get_response, self._close)[_METHODS.index(name)]
        self._replace(name, None if value == own else value)

    def __delattr__(self, name: str) -> None:
        if self._replaced and name in self._replaced:
            self._replace(name, None)
        else:
            delattr(self.real, name)

    def _replace(self, name: str, replacement: Any) -> None:
        replaced = {key: value for key, value in (self._replaced or {}).items() if key != name}
        if replacement is not None:
            replaced[name] = replacement
        _set(self, "_replaced", replaced or None)
        if not self._is_kept:
            return
        with suppress(AttributeError, TypeError):  # A test double with slots.
            if replaced:
                vars(self.real)[_KEPT] = self
            else:
                vars(self.real).pop(_KEPT, None)

    # httplib2 reads it for every request, and a property is faster than __getattr__.
    sock = property(operator.attrgetter("real.sock"))


def kept_with(conn: Any) -> ConnectionStandIn | None:
    """Return the stand-in that is kept with a connection because a framework has replaced a method on it, or None."""
    # Not looked up in vars(conn): CPython 3.11 and 3.12 are slower with an object whose __dict__ was asked for.
    try:
        kept = getattr(conn, _KEPT, None)
    except Exception:  # A test double raises errors of any kind for an attribute that it doesn't have.
        return None
    # A test double may have every attribute, or those of another connection.
    return kept if type(kept) is ConnectionStandIn and kept.real is conn else None
