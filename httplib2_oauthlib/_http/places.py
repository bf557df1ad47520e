"""The places of a pool: how many threads may use it at once. An interrupt at any moment loses none of them."""

import functools
import queue
import threading
import weakref
from collections.abc import Iterator


class Place:
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
        self._free: queue.SimpleQueue[Place | int] = queue.SimpleQueue()
        self._references: dict[int, weakref.ref[Place]] = {}
        # The place that a thread has, by the thread's number.
        self._taken: dict[int, weakref.ref[Place]] = {}
        for number in range(size):
            self._free.put(number)

    def take(self) -> Place | None:
        """Return a place for this thread, or None if it has one already. Wait for a free one."""
        thread = threading.get_ident()
        reference = self._taken.get(thread)
        taken = None if reference is None else reference()
        if taken is not None and taken.thread == thread:
            return None
        del taken
        place: Place | int | None = None
        # An interrupt can come at any line. What this function took must be in a variable then.
        try:
            # "place = self._free.get()" could be interrupted between the call and the assignment. A loop can't.
            free: Iterator[Place | int] = iter(self._free.get, None)
            for place in free:  # noqa: B007
                break
            if isinstance(place, int):
                place = Place(place)
            assert place is not None
            reference = self._references.get(place.number)
            if reference is None or reference() is not place:
                # The callback is C code from end to end, so that an interrupt can't come within it. put() ignores its
                # second argument, which is the dead reference.
                reference = weakref.ref(place, functools.partial(self._free.put, place.number))
                self._references[place.number] = reference
            place.thread = thread
            self._taken[thread] = reference
        except BaseException:
            if isinstance(place, Place):
                self.put_back(place)
            elif place is not None:
                self._free.put(place)
            raise
        return place

    def put_back(self, place: Place) -> None:
        """Give a place to the next thread."""
        thread, place.thread = place.thread, None
        if thread is not None:
            self._taken.pop(thread, None)
        self._free.put(place)
