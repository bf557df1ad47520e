"""Requests whose response was lost, remembered so that a retry carries the same nonce.

A server refuses a nonce that it has seen. So a retry can't do the same thing twice as long as it carries the nonce of
the first attempt. The retry can come from httplib2, a loop of a framework, another Http or another thread. If the first
attempt never arrived, the retry acts. If it arrived, the server refuses the retry.

An entry is made when a request that isn't safe was sent and no whole response came, or when a gateway answered 502 or
504. It ends with a response to its own nonce that settles whether the server acted, after ``keep_unanswered`` seconds,
or when the program says that it has checked (``forget_unanswered``).

No body is kept, and no entry leaves the process.
"""

import itertools
import logging
import os
import threading
import time
from collections import OrderedDict
from typing import Any

from .request_identity import FilePosition, file_position, is_same_file, request_digest, uri_key

# MediaWiki accepts a timestamp for as many seconds (Extension:OAuth, OAuthServer), and remembers nonces as long. After
# that, a retry with the same nonce would only be refused.
WINDOW = 300
_log = logging.getLogger("httplib2_oauthlib")
# A program that loses more responses than this has lost its network, and has stopped.
_MOST_ENTRIES = 10_000


class Asked:
    """A request as it was asked for.

    Attributes:
        fingerprint: Identifies the credentials.
        method: In upper case.
        uri: Absolute.
        body: As httplib2 takes it.
        headers: As httplib2 takes them.
    """

    __slots__ = ("body", "fingerprint", "headers", "method", "uri")

    def __init__(self, fingerprint: str, method: str, uri: str, body: Any, headers: Any) -> None:
        self.fingerprint = fingerprint
        self.method = method
        self.uri = uri
        self.body = body
        self.headers = headers

    @property
    def key(self) -> tuple[str, str, str]:
        """The index of a store. A request has the same key as its retries."""
        return self.fingerprint, self.method, uri_key(self.uri)

    def digest(self, start: Any = None) -> bytes | None:
        """Return the digest of the body and the headers, or None if the body can be read only once.

        Args:
            start: The position where the body of a file began. None means its present position.
        """
        if start is None:
            return request_digest(self.body, self.headers)
        try:
            left = self.body.tell()
            self.body.seek(start)
            digest = request_digest(self.body, self.headers)
            self.body.seek(left)
        except Exception:  # The file was closed, or raises errors of many kinds.
            return None
        return digest


class Unanswered:
    """One request whose response was lost.

    Attributes:
        store: The store that holds the entry, or None.
        number: Identifies the entry: the process that made it, and a number. A copy of an error in another process thus
            identifies nothing there.
        key: See :attr:`Asked.key`.
        nonce: The nonce that the request was sent with.
        timestamp: The timestamp that it was sent with.
        digest: The digest of its body and headers. None if the body can be read only once.
        body: The body, if it can be read only once. Such an entry lives no longer than its call.
        position: The position of a file after the attempt, or None.
        lost_at: When the response was lost, in Unix seconds.
        forget_at: When the entry ends, in Unix seconds.
        retries: How many retries are under way.
    """

    __slots__ = (
        "body",
        "digest",
        "forget_at",
        "key",
        "lost_at",
        "nonce",
        "number",
        "position",
        "retries",
        "store",
        "timestamp",
    )
    _numbers = itertools.count(1)

    def __init__(self, asked: Asked, body_start: Any, nonce: str, timestamp: int, seconds: float) -> None:
        self.store: UnansweredRequests | None = None
        self.number = (os.getpid(), next(self._numbers))
        self.key = asked.key
        self.nonce = nonce
        self.timestamp = timestamp
        self.position: FilePosition | None = file_position(asked.body, body_start)
        self.digest = asked.digest(body_start)
        self.body = asked.body if self.digest is None else None
        self.lost_at = time.time()
        self.forget_at = self.lost_at + seconds
        self.retries = 0

    @property
    def age(self) -> float:
        """How many seconds ago the response was lost."""
        return time.time() - self.lost_at

    @property
    def is_too_late(self) -> bool:
        """Whether a server would refuse a retry for its timestamp, whether it has seen the request or not."""
        return self.age > WINDOW

    @property
    def is_read_once(self) -> bool:
        """Whether the body can be read only once. Then no retry can be sent."""
        return self.digest is None

    def start_of(self, body: Any, start: Any) -> Any:
        """Return where the body of a retry begins: at the start of the first attempt's body, if it is the same file."""
        return self.position.start if self.position is not None and is_same_file(body, self.position) else start

    def give_back(self) -> None:
        """Note that a retry is over that left open whether the server has acted."""
        if self.store is not None:
            self.store.give_back(self)

    def end(self) -> None:
        """Forget the request."""
        if self.store is not None:
            self.store.forget(self.number)

    def matches(self, asked: Asked, digest: bytes | None) -> bool:
        """Whether a request repeats this one.

        Args:
            asked: The request. It has the same key.
            digest: The digest of its body and headers.
        """
        if self.digest is None:
            return self.body is asked.body
        # A file that was sent is at its end, or within. From there on its content is another.
        return digest == self.digest or is_same_file(asked.body, self.position)


class UnansweredRequests:
    """The requests of a process, or of one call, whose responses were lost. It may be shared between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[int, int], Unanswered] = OrderedDict()
        self._by_key: dict[tuple[str, str, str], list[Unanswered]] = {}

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, entry: Unanswered) -> None:
        """Remember a request."""
        with self._lock:
            self._forget_old()
            if len(self._entries) >= _MOST_ENTRIES:
                _log.warning(
                    "%d responses were lost; the oldest is forgotten, and a retry of it may act twice", _MOST_ENTRIES
                )
                self._remove(next(iter(self._entries.values())))
            entry.store = self
            self._entries[entry.number] = entry
            self._by_key.setdefault(entry.key, []).append(entry)

    def take(self, asked: Asked) -> Unanswered | None:
        """Return the entry that a request repeats, and note that a retry of it is under way. None if there is none.

        An entry that no other retry has taken comes first, so that equal requests that were lost in parallel keep a
        nonce each.
        """
        if not self._entries:
            return None
        key = asked.key
        with self._lock:
            self._forget_old()
            candidates = list(self._by_key.get(key, ()))
        if not candidates:
            return None
        # Outside the lock, since a large file can take a while.
        digest = asked.digest() if any(not each.is_read_once for each in candidates) else None
        with self._lock:
            matching = [each for each in candidates if each.number in self._entries and each.matches(asked, digest)]
            if not matching:
                return None
            entry = min(matching, key=lambda each: (each.retries, each.number))
            entry.retries += 1
            return entry

    def give_back(self, entry: Unanswered) -> None:
        """Note that a retry is over. It left open whether the server has acted."""
        with self._lock:
            entry.retries -= 1

    def forget(self, number: tuple[int, int] | None = None) -> None:
        """Remove the entry with this number, if it is still there; or all of them."""
        with self._lock:
            for entry in list(self._entries.values()) if number is None else [self._entries.get(number)]:
                if entry is not None:
                    self._remove(entry)

    def _forget_old(self) -> None:
        now = time.time()
        for entry in [each for each in self._entries.values() if each.forget_at < now]:
            self._remove(entry)

    def _remove(self, entry: Unanswered) -> None:
        del self._entries[entry.number]
        same = self._by_key[entry.key]
        same.remove(entry)
        if not same:
            del self._by_key[entry.key]

    def renew_lock(self) -> None:
        """Replace the lock. A thread of the parent process may have held it while the process was forked."""
        self._lock = threading.Lock()


#: The lost responses of this process. All Http objects share them.
UNANSWERED = UnansweredRequests()
if hasattr(os, "register_at_fork"):  # Windows has no fork.
    os.register_at_fork(after_in_child=UNANSWERED.renew_lock)


def numbers_of(error: BaseException) -> set[tuple[int, int]]:
    """Return the numbers of the requests that an error is about, with those of the errors that led to it."""
    numbers: set[tuple[int, int]] = set()
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        numbers |= getattr(each, "_unanswered", set())
        pending += [each.__cause__, each.__context__]
    return numbers
