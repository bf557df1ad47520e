"""Keeps connections from before a cassette out of it, and a cassette's own out of what comes after.

httplib2 keeps its connections open, and vcr replaces only those that are made while a cassette is open: a request over
an older one would go to the server, unseen and unrecorded. So would one that another thread makes while vcr itself asks
a server, since it takes its classes away for that time: while a cassette is open, one request is made at a time.
"""

import functools
import http.client
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import httplib2

from .errors import CassetteError, PooledConnectionError

# Bound at import: while a cassette is open the name in http.client is vcr's, but for when vcr itself asks a server.
_HTTPConnection = http.client.HTTPConnection
# The cassettes that are open, innermost last, and what is patched while there are any.
_open: list["Pools"] = []
_patches = ExitStack()
_lock = threading.RLock()
_LONGEST_WAIT = 60  # Seconds.


class Pools:
    """The connections that each Http holds, exchanged while a cassette is open.

    Args:
        cassette: Connections of vcr's have it as their ``cassette``.
        is_ignored: Whether a request is none of the cassette's business, given its method and URI.
    """

    def __init__(self, cassette: Any, is_ignored: Any) -> None:
        self._cassette = cassette
        self._is_ignored = is_ignored
        self._kept: list[tuple[httplib2.Http, dict[str, Any]]] = []

    def exchange(self, http: Any) -> None:
        """Put away what an Http holds of other connections than the cassette's."""
        foreign = {key: conn for key, conn in http.connections.items() if not self._is_own(conn)}
        if foreign or not any(known is http for known, _ in self._kept):
            self._kept.append((http, foreign))
        for key in foreign:
            del http.connections[key]

    def open(self) -> None:
        """Begin."""
        if not _open:
            # httplib2's own, whatever has been put in its place.
            _guard(httplib2.Http.__mro__[-2], "request", _alone)
            _guard(_HTTPConnection, "putrequest", _over_own_connection)
        _open.append(self)

    def close(self) -> None:
        """End: close the cassette's connections, and give back those that were there before."""
        _open.remove(self)
        if not _open:
            _patches.close()
        for holder, kept in reversed(self._kept):
            for key, conn in list(holder.connections.items()):
                if self._is_own(conn):
                    conn.close()
                    del holder.connections[key]
            for key, conn in kept.items():
                holder.connections.setdefault(key, conn)

    def refuse(self, conn: Any, method: str, url: str) -> None:
        """Refuse a request over a connection that is not the cassette's.

        Raises:
            PooledConnectionError: It would go live, unseen.
        """
        scheme = "https" if conn.default_port == http.client.HTTPS_PORT else "http"
        uri = url if "://" in url else f"{scheme}://{conn.host}:{conn.port}{url}"
        if not self._is_ignored(method, uri):
            raise PooledConnectionError(
                f"a connection to {conn.host} from before the cassette was opened would have been used: open the"
                " cassette with use(http, name), or give the framework a new pool of connections"
            )

    def _is_own(self, conn: Any) -> bool:
        return getattr(conn, "cassette", None) is self._cassette


def _guard(holder: type, name: str, around: Callable[..., Any]) -> None:
    """Have a method called by a function that gets it first, while any cassette is open."""
    method = getattr(holder, name)

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(method, self, *args, **kwargs)

    _patches.enter_context(mock.patch.object(holder, name, guarded))


def _alone(request: Callable[..., Any], http: Any, *args: Any, **kwargs: Any) -> Any:
    if not _lock.acquire(timeout=_LONGEST_WAIT):
        raise CassetteError(
            f"another thread's request has been under way for {_LONGEST_WAIT} seconds: while a cassette is open, only"
            " one is made at a time. If a server of this process makes requests to answer one, open the cassette there"
        )
    try:
        if _open:
            _open[-1].exchange(http)
        return request(http, *args, **kwargs)
    finally:
        _lock.release()


def _over_own_connection(
    putrequest: Callable[..., Any], conn: Any, method: str, url: str, *args: Any, **kwargs: Any
) -> Any:
    if http.client.HTTPConnection is not _HTTPConnection and _open:
        _open[-1].refuse(conn, method, url)
    return putrequest(conn, method, url, *args, **kwargs)
