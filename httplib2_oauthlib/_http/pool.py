"""An Http for threads to share: each request is made by an Http that no other thread uses in the meantime."""

import copy
import copyreg
import threading
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, Self, TypeVar

import httplib2

from .cache import LockedCache

# The attributes of the pool itself. Every other attribute is the configured Http's. typing sets the last one.
_OWN = ("request", "_http", "_copy", "_size", "_places", "_cache_lock", "_idle", "_generation", "__orig_class__")

# For types a pool is an httplib2.Http, so that it fits where a framework's function takes one, and its request() takes
# the arguments of the Http that it is made of.
if TYPE_CHECKING:
    from .places import Place

    _Arguments = ParamSpec("_Arguments")
    _Response_co = TypeVar("_Response_co", covariant=True)

    class _Requester(Protocol[_Arguments, _Response_co]):
        """What the pool needs of an Http."""

        connections: Any

        def request(self, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Response_co: ...

        def close(self) -> Any: ...

    _Http_co = TypeVar("_Http_co", bound=_Requester[..., Any], covariant=True)

    class _Base(Generic[_Http_co], httplib2.Http):
        """What type checkers see of a pool's base class."""

else:
    _Http_co = Any

    class _Base:
        """The base class of a pool, which only takes the type of its Http in an annotation."""

        __class_getitem__ = classmethod(types.GenericAlias)


class _Slot:
    """What an Http of the pool keeps from one loan to the next. The rest begins as it is configured.

    Attributes:
        connections: Its open connections.
        authorizations: httplib2's answers to challenges of servers, with their counters (Digest).
        configured_authorizations: The configured list of these at the last loan. Clearing it replaces the list.
        clock_offsets: The offsets of servers' clocks that the Http has learned, or None.
        generation: How many times the pool had been closed when this was made.
    """

    def __init__(self, generation: int) -> None:
        self.connections: dict[str, Any] = {}
        self.authorizations: list[Any] = []
        self.configured_authorizations: Any = None
        self.clock_offsets: Any = None
        self.generation = generation

    def lend(self, configured: Any, copied: Callable[[Any], Any], cache_lock: Any) -> Any:
        """Return an Http as it is configured now, with what is kept here."""
        http = copied(configured)
        if configured.authorizations is not self.configured_authorizations:
            self.configured_authorizations = configured.authorizations
            self.authorizations = list(configured.authorizations)
        http.connections = self.connections
        http.authorizations = self.authorizations
        if self.clock_offsets is not None:
            http._clock_offsets = self.clock_offsets
        cache = http.cache
        if cache:
            # httplib2's file cache can be read while another thread writes it.
            http.cache = LockedCache(cache, cache_lock)
        return http

    def take_back(self, http: Any) -> None:
        """Keep what the next loan needs."""
        self.connections, self.authorizations = http.connections, http.authorizations
        # Code that keeps the Http beyond its loan keeps no connection that another thread will use.
        http.connections = {}
        self.clock_offsets = vars(http).get("_clock_offsets")

    def disconnect(self) -> None:
        """Close the connections, and nothing else: the credentials are shared."""
        connections, self.connections = self.connections, {}
        for conn in connections.values():
            conn.close()


class _Loan:
    """A block in which a thread has an Http. A function with ``contextmanager`` would take twice the time.

    Args:
        pool: The pool.
    """

    __slots__ = ("_http", "_place", "_pool", "_slot")

    def __init__(self, pool: "HttpPool[Any]") -> None:
        self._pool = pool
        self._place: Place | None = None
        self._slot: _Slot | None = None
        self._http: Any = None

    def __enter__(self) -> Any:
        pool = self._pool
        try:
            # A function in http.oauth may make a request to select credentials. It would wait for its own thread for
            # ever, if a thread needed a place for each Http.
            self._place = pool._places.take()
            slot = self._slot = pool._take_slot()
            http = self._http = slot.lend(pool._http, pool._copy, pool._cache_lock)
        except BaseException:
            self._end(is_failed=True)
            raise
        return http

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._end(is_failed=kind is not None)

    def _end(self, is_failed: bool) -> None:
        # A program may keep this object. The pool gets back what an interrupt keeps it from returning here only if
        # nothing refers to it.
        pool, place, slot, http = self._pool, self._place, self._slot, self._http
        self._place = self._slot = self._http = None
        try:
            if slot is not None:
                try:
                    if http is not None:
                        slot.take_back(http)
                    if is_failed:
                        # The rest of a response would be taken for the response to another thread's request.
                        slot.disconnect()
                except BaseException:
                    slot.disconnect()
                    raise
                finally:
                    pool._keep_slot(slot)
        finally:
            if place is not None:
                pool._places.put_back(place)


class HttpPool(_Base[_Http_co]):
    """An Http that threads may share: one configuration, and one Http per thread that makes a request.

    ::

        pool = HttpPool(OAuth1Http(timeout=30, oauth=oauth), size=8)
        response, content = pool.request(uri)                              # from any thread
        response, content = await asyncio.to_thread(pool.request, uri)     # from asyncio

    Use it in place of an ``httplib2.Http``. The pool has the same attributes and methods, and type checkers accept a
    pool where a function takes an ``httplib2.Http``. Every attribute and method except ``request`` and ``close`` is the
    configured Http's, and counts for each request that begins later: ``pool.oauth = None`` logs all of them out. A copy
    or a pickle is a new pool with the same configuration.

    The type of the Http is a parameter: ``HttpPool(OAuth1Http())`` is an ``HttpPool[OAuth1Http]``. Its ``request()``
    takes the arguments of that Http.

    Args:
        http: The configuration: an ``OAuth1Http``, or another Http that can be copied as httplib2's can. The pool makes
            copies of it. They share the cache and the credentials, but no connection.
        size: How many requests are made at once, and therefore how many connections one server gets. Further threads
            wait until a request is answered.

    Raises:
        TypeError: ``http`` isn't an Http, or a framework has replaced its ``request``; let it replace the pool's.
        ValueError: ``size`` is less than 1.
    """

    def __init__(self, http: _Http_co, size: int = 10) -> None:
        state: dict[str, Any] = getattr(http, "__dict__", {})
        # An object that only wraps an Http would share its connections with its own copies.
        if "connections" not in state:
            given = type(http).__name__
            raise TypeError(f"a pool needs an Http such as OAuth1Http(), not {given}; let the wrapper wrap the pool")
        if "request" in state:
            raise TypeError(
                "request() of this Http was replaced, and its copies would not have the replacement; create the pool"
                " first, and let the framework replace the pool's request()"
            )
        if size < 1:
            raise ValueError(f"invalid size: {size}; size must be 1 or more")
        # Few programs have a pool. The module imports queue, which takes as long as four modules of this package.
        from .places import Places  # noqa: PLC0415

        self._http = http
        self._copy = _copying(type(http))
        self._size = size
        self._places = Places(size)
        self._cache_lock = threading.Lock()
        # The methods of a list are atomic, so it needs no lock. A lock could stay locked after an interrupt.
        self._idle: list[_Slot] = []
        self._generation = 0

    if TYPE_CHECKING:

        def request(
            self: "HttpPool[_Requester[_Arguments, _Response_co]]", *args: _Arguments.args, **kwargs: _Arguments.kwargs
        ) -> _Response_co: ...

    else:

        def request(self, *args, **kwargs):
            """Make a request as the configured Http does. Arguments, results and errors are the same."""
            with self.http() as http:
                return http.request(*args, **kwargs)

    def http(self) -> AbstractContextManager[_Http_co]:
        """Lend an Http to this thread, for several requests in a row over its connections.

        The Http begins as the pool is configured. What is set on it ends with the block. Within the block, another Http
        serves the thread's own ``pool.request()``, without waiting for a free one. So don't ``await`` in a block.
        """
        return _Loan(self)

    def _take_slot(self) -> _Slot:
        try:
            # The connections of the slot that was used last are the least likely to have gone stale.
            return self._idle.pop()
        except IndexError:
            return _Slot(self._generation)

    def _keep_slot(self, slot: _Slot) -> None:
        if slot.generation != self._generation:
            slot.disconnect()
            slot.generation = self._generation
        self._idle.append(slot)
        if slot.generation != self._generation:  # close() came before it could see the slot.
            self._disconnect([slot])
        while len(self._idle) > self._size:
            self._disconnect(self._idle[:1])

    def _disconnect(self, slots: list[_Slot]) -> None:
        """Close the connections of slots, unless a thread has taken them in the meantime."""
        for slot in slots:
            try:
                self._idle.remove(slot)
            except ValueError:
                continue
            slot.disconnect()

    def close(self) -> None:
        """Close all connections; those in use are closed when their request ends.

        The pool can be used again, as an ``httplib2.Http`` can.
        """
        self._generation += 1
        self._disconnect(list(self._idle))
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        # The pool is being made or copied. The configured Http has no part in that.
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

    def __copy__(self) -> Self:
        return type(self)(copy.copy(self._http), self._size)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._http, self._size)


def _copying(cls: Any) -> Callable[[Any], Any]:
    """Return a function that copies an Http of a class.

    If instances of the class are copied by their state, as httplib2's are, the function does the same as ``copy.copy``
    in half the time.
    """
    is_copied_by_state = (
        cls.__reduce_ex__ is object.__reduce_ex__
        and cls.__reduce__ is object.__reduce__
        and cls not in copyreg.dispatch_table
        and hasattr(cls, "__setstate__")
        and not any(hasattr(cls, name) for name in ("__copy__", "__getnewargs__", "__getnewargs_ex__"))
    )

    def copied(http: Any) -> Any:
        kind: Any = type(http)
        twin = kind.__new__(kind)
        twin.__setstate__(http.__getstate__())
        return twin

    return copied if is_copied_by_state else copy.copy
