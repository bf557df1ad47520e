"""Lets threads share what looks like one Http: each request is made by an Http that no other thread uses meanwhile."""

import copy
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httplib2

from .cache import LockedCache

_OWN = ("request", "_http", "_size", "_free", "_lock", "_cache_lock", "_idle", "_depths", "_generation")


class _Place:
    """What one of the pool's Https keeps from one loan to the next; all else begins as it is configured.

    Attributes:
        connections: Those that are open.
        authorizations: What servers have asked for, and count (Digest).
        cleared: The configuration's own list of these; another one, when they were cleared.
        clock_offsets: What the Http has learned of servers' clocks, if it has.
        generation: How often the pool had been closed when this was made.
    """

    def __init__(self, generation: int) -> None:
        self.connections: dict[str, Any] = {}
        self.authorizations: list[Any] = []
        self.cleared: Any = None
        self.clock_offsets: Any = None
        self.generation = generation

    def furnish(self, configured: Any, cache_lock: Any) -> Any:
        """Return an Http as it is configured now, with what is kept here."""
        http = copy.copy(configured)
        cleared = configured.authorizations
        if cleared is not self.cleared:
            self.authorizations, self.cleared = list(cleared), cleared
        http.connections, http.authorizations = self.connections, self.authorizations
        if self.clock_offsets is not None:
            http._clock_offsets = self.clock_offsets
        if http.cache:
            # httplib2's cache of files is read while it is written.
            http.cache = LockedCache(http.cache, cache_lock)
        return http

    def take_back(self, http: Any) -> None:
        """Keep what is worth keeping of what was lent."""
        self.connections, self.authorizations = http.connections, http.authorizations
        # Whoever keeps it beyond its time keeps no connections that are another's then.
        http.connections = {}
        self.clock_offsets = vars(http).get("_clock_offsets")

    def disconnect(self) -> None:
        """Close the connections, and nothing else: credentials are everybody's."""
        connections, self.connections = self.connections, {}
        for conn in connections.values():
            conn.close()


class HttpPool:
    """An Http that threads may share: one configuration, and one Http per thread that makes a request.

    ::

        pool = HttpPool(OAuth1Http(timeout=30, oauth=oauth), size=8)
        response, content = pool.request(uri)                              # from any thread
        response, content = await asyncio.to_thread(pool.request, uri)     # from asyncio

    It takes the place of an ``httplib2.Http`` in a framework: whatever is read, set or called on it but ``request``
    and ``close`` is the configuration's, and counts for every request that begins later: ``pool.oauth = None`` logs all
    of them out. A copy or a pickle is a new pool with the same configuration.

    Args:
        http: The configuration: an ``OAuth1Http``, or any other that is copied as httplib2's is. The pool makes copies;
            cache and credentials are shared by all, connections by none.
        size: How many requests are made at once, and so how many connections are open to one server. A thread beyond
            them waits until another has its answer.

    Raises:
        TypeError: ``http`` is no Http, or a framework has replaced its ``request``; let it replace the pool's.
        ValueError: ``size`` is less than 1.
    """

    def __init__(self, http: Any, size: int = 10) -> None:
        state: dict[str, Any] = getattr(http, "__dict__", {})
        # What only wraps an Http has connections that are another's, and would share them with its copies.
        if "connections" not in state:
            given = type(http).__name__
            raise TypeError(f"a pool needs an Http, such as OAuth1Http(), not {given}; what wraps an Http wraps a pool")
        if "request" in state:
            raise TypeError(
                "request() of this Http was replaced, which copies of it would not have: make the pool first, and have"
                " the pool's replaced"
            )
        if size < 1:
            raise ValueError(f"a pool of {size} makes no request; size must be 1 or more")
        self._http = http
        self._size = size
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._cache_lock = threading.Lock()
        self._idle: list[_Place] = []
        self._depths: Counter[int] = Counter()
        self._generation = 0

    def request(self, *args: Any, **kwargs: Any) -> tuple[httplib2.Response, bytes]:
        """Make a request as the configured Http does; see there for arguments, results and errors."""
        with self.http() as http:
            answer: tuple[httplib2.Response, bytes] = http.request(*args, **kwargs)
            return answer

    @contextmanager
    def http(self) -> Iterator[Any]:
        """Lend an Http to this thread, for several requests in a row over its connections.

        It begins as the pool is configured, and what is set on it ends with the block. Within the block the thread's
        own ``pool.request()`` is made by another Http, and does not wait for one; so a block is not for an ``await``.
        """
        thread = threading.get_ident()
        # Waiting for oneself would have no end: a function that says who signs may ask a server for it.
        is_outermost = not self._depths[thread]
        if is_outermost:
            self._free.acquire()
        try:
            with self._lock:
                self._depths[thread] += 1
                # The one that was used last: its connections are the least likely to have gone stale.
                place = self._idle.pop() if self._idle else _Place(self._generation)
            try:
                http = place.furnish(self._http, self._cache_lock)
                try:
                    yield http
                finally:
                    place.take_back(http)
            except BaseException:
                # Whatever is still to come would be taken for the answer to another thread's request.
                place.disconnect()
                raise
            finally:
                self._give_back(place, thread)
        finally:
            if is_outermost:
                self._free.release()

    def _give_back(self, place: _Place, thread: int) -> None:
        with self._lock:
            self._depths[thread] -= 1
            if not self._depths[thread]:
                del self._depths[thread]
            is_kept = place.generation == self._generation and len(self._idle) < self._size
            if is_kept:
                self._idle.append(place)
        if not is_kept:
            place.disconnect()

    def close(self) -> None:
        """Do what httplib2's ``close()`` does: close all connections, those in use as soon as their request ends.

        The pool can be used again, as an ``httplib2.Http`` can.
        """
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for place in idle:
            place.disconnect()
        self._http.close()

    def __enter__(self) -> "HttpPool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        # It is being made, or copied: how, is not for the configured Http to say.
        if name in _OWN or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return getattr(self._http, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._http, name, value)

    def __delattr__(self, name: str) -> None:
        if name in _OWN:
            object.__delattr__(self, name)
        else:
            delattr(self._http, name)

    def __copy__(self) -> "HttpPool":
        return type(self)(copy.copy(self._http), self._size)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._http, self._size)
