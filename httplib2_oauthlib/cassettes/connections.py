"""Keeps the connections that were made before a cassette was opened apart from the cassette's own.

httplib2 keeps its connections open, and vcr only replaces connections that are made while a cassette is open. A request
over an older connection would go to the server, and vcr would neither replay nor record it.

The same would happen to a request of another thread while vcr itself sends one, because vcr removes its connection
classes during that time. So while a cassette is open, one request is sent at a time.

A framework may have a pool of its own, and keep the cassette's connections there after the cassette has closed. They
become connections of httplib2 then, which connect to the server at the next request.
"""

import functools
import http.client
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

import httplib2

from .errors import CassetteError, PooledConnectionError

# While a cassette is open, http.client.HTTPConnection is vcr's class, except while vcr itself sends a request.
_HTTPConnection = http.client.HTTPConnection
# The guards of the open cassettes, innermost last, and the patches that are active while there is one.
_open: list["ConnectionGuard"] = []
_patches = ExitStack()
_lock = threading.RLock()
_LOCK_TIMEOUT_SECONDS = 60
_CLOSE_TIMEOUT_SECONDS = 0.5


class ConnectionGuard:
    """Sets the pooled connections of each Http aside while a cassette is open.

    Args:
        cassette: The cassette. Its connections have it as their attribute ``cassette``.
        is_ignored: Returns whether the cassette ignores a request, given its method and URI.
        connection_classes: vcr's classes that replace httplib2's connections. Their ``_baseclass`` is httplib2's class.
    """

    def __init__(
        self, cassette: Any, is_ignored: Callable[[str, str], bool], connection_classes: tuple[type, ...]
    ) -> None:
        self._cassette = cassette
        self._is_ignored = is_ignored
        self._connection_classes = connection_classes
        # Each dict of connections that was used, and what was removed from it, by the identity of the dict. The key
        # isn't the Http, because an HttpPool uses a new Http for each request. These share a few dicts.
        self._set_aside: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        # The arguments of httplib2 for each connection of the cassette. vcr does not use all of them.
        self._arguments: WeakKeyDictionary[Any, tuple[tuple[Any, ...], dict[str, Any]]] = WeakKeyDictionary()

    def set_aside(self, http: Any) -> None:
        """Remove the connections from an Http that aren't the cassette's. :meth:`close` restores them."""
        connections = http.connections
        _, removed = self._set_aside.setdefault(id(connections), (connections, {}))
        for key, conn in list(connections.items()):
            if not self._is_own(conn):
                removed.setdefault(key, conn)
                del connections[key]

    def open(self) -> None:
        """Start guarding."""
        if not _open:
            # httplib2's own class, even if httplib2.Http was replaced by a subclass.
            own_class = next(cls for cls in reversed(httplib2.Http.__mro__) if "request" in vars(cls))
            _wrap(own_class, "request", _request_alone)
            _wrap(_HTTPConnection, "putrequest", _putrequest_if_own)
            for cls in self._connection_classes:
                _wrap(cls, "__init__", _init_and_note)
        _open.append(self)

    def close(self) -> None:
        """Stop guarding: close the cassette's connections, and restore those that were set aside."""
        _open.remove(self)
        if not _open:
            _patches.close()
        for connections, removed in self._set_aside.values():
            for key, conn in list(connections.items()):
                if self._is_own(conn):
                    conn.close()
                    del connections[key]
            for key, conn in removed.items():
                connections.setdefault(key, conn)

    def release(self, without_patches: AbstractContextManager[object]) -> None:
        """Turn the cassette's connections into unconnected ones of httplib2, after vcr has closed the cassette.

        Args:
            without_patches: vcr's patches are inactive in this context, even if another cassette is open.
        """
        # A connection that another thread uses at the moment stays as it is.
        if not _lock.acquire(timeout=_CLOSE_TIMEOUT_SECONDS):
            return
        try:
            with without_patches:
                for conn, (args, kwargs) in list(self._arguments.items()):
                    conn.close()
                    _become(conn, conn._baseclass(*args, **kwargs))
        finally:
            _lock.release()

    def note(self, conn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Note the arguments of a connection if it is the cassette's."""
        if self._is_own(conn):
            self._arguments[conn] = args, kwargs

    def reject(self, conn: Any, method: str, url: str) -> None:
        """Reject a request over a connection that isn't the cassette's, unless the cassette ignores the request.

        Raises:
            PooledConnectionError: The request would be sent live, and the cassette would not see it.
        """
        scheme = "https" if conn.default_port == http.client.HTTPS_PORT else "http"
        uri = url if "://" in url else f"{scheme}://{conn.host}:{conn.port}{url}"
        if not self._is_ignored(method, uri):
            raise PooledConnectionError(
                f"the connection to {conn.host} is from before the cassette was opened. Open the cassette with"
                " use(http, name), or give the framework a new connection pool"
            )

    def _is_own(self, conn: Any) -> bool:
        return getattr(conn, "cassette", None) is self._cassette


def _wrap(holder: type, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method while any cassette is open by a function that gets the method as its first argument."""
    method = getattr(holder, name)

    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        return wrapper(method, self, *args, **kwargs)

    _patches.enter_context(mock.patch.object(holder, name, wrapped))


def _become(conn: Any, other: Any) -> None:
    """Give a connection the class and the attributes of another one."""
    # vcr's own __setattr__ would set the class of the connection inside, too.
    object.__setattr__(conn, "__class__", type(other))
    conn.__dict__ = vars(other)


def _init_and_note(init: Callable[..., None], conn: Any, *args: Any, **kwargs: Any) -> None:
    init(conn, *args, **kwargs)
    for guard in _open:
        guard.note(conn, args, kwargs)


def _request_alone(request: Callable[..., Any], http_object: Any, *args: Any, **kwargs: Any) -> Any:
    if not _lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS):
        raise CassetteError(
            f"a request of another thread has not finished within {_LOCK_TIMEOUT_SECONDS} seconds. While a cassette is"
            " open, only one request is sent at a time. If a server in this process sends requests to answer another"
            " request, open the cassette in that server"
        )
    try:
        if _open:
            _open[-1].set_aside(http_object)
        return request(http_object, *args, **kwargs)
    finally:
        _lock.release()


def _putrequest_if_own(
    putrequest: Callable[..., Any], conn: Any, method: str, url: str, *args: Any, **kwargs: Any
) -> Any:
    if http.client.HTTPConnection is not _HTTPConnection and _open:
        _open[-1].reject(conn, method, url)
    return putrequest(conn, method, url, *args, **kwargs)
