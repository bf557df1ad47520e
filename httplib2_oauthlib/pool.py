"""Lets threads share what looks like one Http: each request is made by an Http that no other thread uses meanwhile."""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httplib2

_OWN = ("request", "_http", "_size", "_free", "_lock", "_idle", "_local", "_generation")
_ABSENT = object()


class _Member:
    """One Http of the pool.

    Attributes:
        http: A copy of the configured one, with connections of its own.
        seen: The configuration that it has, by attribute.
        generation: How often the pool had been closed when it was made.
    """

    def __init__(self, configured: Any, generation: int) -> None:
        self.http = copy.copy(configured)
        self.http.connections = {}
        # What a server has asked for is learned, and counted (Digest), by each for itself.
        self.http.authorizations = []
        self.seen = vars(configured).copy()
        self.generation = generation

    def follow(self, configured: Any) -> None:
        """Take over what was set in the configuration since; keep what this Http has set for itself."""
        state = vars(configured).copy()
        for name, value in state.items():
            if self.seen.get(name, _ABSENT) is not value and name not in ("connections", "request"):
                setattr(self.http, name, list(value) if name == "authorizations" else value)
        self.seen = state

    def disconnect(self) -> None:
        """Close the connections, and nothing else: credentials are everybody's."""
        connections, self.http.connections = self.http.connections, {}
        for conn in connections.values():
            conn.close()


class HttpPool:
    """An Http that threads may share: one configuration, and one Http per thread that makes a request.

    ::

        pool = HttpPool(OAuth1Http(timeout=30, oauth=oauth), size=8)
        response, content = pool.request(uri)                              # from any thread
        response, content = await asyncio.to_thread(pool.request, uri)     # from asyncio

    It takes the place of an ``httplib2.Http`` in a framework: whatever is read, set or called on it but ``request``
    and ``close`` is the configuration's, and counts from each thread's next request on: ``pool.oauth = None`` logs all
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
        if "connections" not in state or isinstance(http, type):
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
        self._idle: list[_Member] = []
        self._local = threading.local()
        self._generation = 0

    def request(self, *args: Any, **kwargs: Any) -> tuple[httplib2.Response, bytes]:
        """Make a request as the configured Http does; see there for arguments, results and errors."""
        with self.http() as http:
            answer: tuple[httplib2.Response, bytes] = http.request(*args, **kwargs)
            return answer

    @contextmanager
    def http(self) -> Iterator[Any]:
        """Lend an Http to this thread, for several requests in a row over its connections.

        Within the block the thread's own ``pool.request()`` is made by another Http, and does not wait for one.
        """
        depth = getattr(self._local, "depth", 0)
        # Waiting for oneself would have no end: a function that says who signs may ask a server for it.
        if not depth:
            self._free.acquire()
        self._local.depth = depth + 1
        try:
            member = self._take()
            try:
                yield member.http
            except BaseException:
                # Whatever is still to come would be taken for the answer to another thread's request.
                member.disconnect()
                raise
            finally:
                self._give_back(member)
        finally:
            self._local.depth = depth
            if not depth:
                self._free.release()

    def _take(self) -> _Member:
        with self._lock:
            # The one that was used last: its connections are the least likely to have gone stale.
            member = self._idle.pop() if self._idle else _Member(self._http, self._generation)
        member.follow(self._http)
        return member

    def _give_back(self, member: _Member) -> None:
        with self._lock:
            is_kept = member.generation == self._generation and len(self._idle) < self._size
            if is_kept:
                self._idle.append(member)
        if not is_kept:
            member.disconnect()

    def close(self) -> None:
        """Do what httplib2's ``close()`` does: close all connections, those in use as soon as their request ends.

        The pool can be used again, as an ``httplib2.Http`` can.
        """
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        for member in idle:
            member.disconnect()
        self._http.close()

    def __enter__(self) -> "HttpPool":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name in _OWN:  # It is being made, or unmade.
            raise AttributeError(name)
        return getattr(self._http, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            object.__setattr__(self, name, value)
        else:
            setattr(self._http, name, value)

    def __copy__(self) -> "HttpPool":
        return type(self)(copy.copy(self._http), self._size)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._http, self._size)
