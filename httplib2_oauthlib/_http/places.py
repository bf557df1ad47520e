"""The places of a pool: how many threads may use it at once. An interrupt at any moment loses none of them."""

import functools
import queue
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager


class _Place:
    """One place.

    Attributes:
        number: The number of the place.
        thread: The thread that has it, or None.
    """

    __slots__ = ("__weakref__", "number", "thread")

    def __init__(self, number: int) -> None:
        self.number = number
        self.thread: int | None = None


class Places:
    """A number of places for threads. A semaphore would lose one to an interrupt.

    ``threading``'s semaphores are Python code. An interrupt within it, such as Control-C, can leave its lock locked or
    its count wrong, and then threads wait for ever. So a place is an object in a queue. If an interrupt keeps a thread
    from putting it back, nothing refers to the object any more, and its weak reference puts a number in its place.

    Args:
        size: How many places there are.
    """

    def __init__(self, size: int) -> None:
        # The name is looked up here, because eventlet and gevent replace the class.
        self._free: queue.SimpleQueue[_Place | int] = queue.SimpleQueue()
        self._references: dict[int, weakref.ref[_Place]] = {}
        # The place that a thread has, by the thread's number.
        self._taken: dict[int, weakref.ref[_Place]] = {}
        for number in range(size):
            self._free.put(number)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for a block. Wait for it, unless this thread has one already."""
        thread = threading.get_ident()
        place: _Place | int | None = None
        # An interrupt can come at any line. What this function took and did not put back must be in a variable then.
        try:
            if not self._has_place(thread):
                # "place = self._free.get()" could be interrupted between the call and the assignment. A loop can't.
                taken: Iterator[_Place | int] = iter(self._free.get, None)
                for place in taken:  # noqa: B007
                    break
                if isinstance(place, int):
                    place = _Place(place)
                if isinstance(place, _Place):
                    self._mark_as_taken(place, thread)
            yield
        finally:
            if isinstance(place, _Place):
                place.thread = None
                self._taken.pop(thread, None)
            if place is not None:
                self._free.put(place)

    def _has_place(self, thread: int) -> bool:
        reference = self._taken.get(thread)
        place = None if reference is None else reference()
        return place is not None and place.thread == thread

    def _mark_as_taken(self, place: _Place, thread: int) -> None:
        reference = self._references.get(place.number)
        if reference is None or reference() is not place:
            # The callback is C code from end to end, so that an interrupt can't come within it. put() ignores its
            # second argument, which is the dead reference.
            reference = weakref.ref(place, functools.partial(self._free.put, place.number))
            self._references[place.number] = reference
        place.thread = thread
        self._taken[thread] = reference
