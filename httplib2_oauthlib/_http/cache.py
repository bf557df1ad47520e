"""Keeps the entries of different users apart in one cache; knows neither httplib2's caches nor what is in them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .._signing.oauth1 import OAuth1
from .context import call_of


class _View:
    """A view of a cache; what it does not know is read and set through it.

    Frameworks read and set attributes of their own caches while a request runs (lazr.restfulclient).
    """

    _cache: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_cache"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._cache, name, value)


class CacheByIdentity(_View):
    """A view of a cache for one call, in which everybody who signs has entries of their own.

    Args:
        cache: Any object with ``get``, ``set`` and ``delete``; its other attributes are read and set through the view.
        signer: Says who signs a URI.
    """

    def __init__(self, cache: Any, signer: Callable[[str], OAuth1 | None]) -> None:
        vars(self).update(_cache=cache, _signer=signer)

    def _key(self, uri: str) -> str:
        # httplib2's keys are URIs without a fragment, so this one can be nobody else's.
        oauth = self._signer(uri)
        return uri if oauth is None else f"{uri}#oauth-{oauth.fingerprint}"

    def get(self, uri: str) -> Any:
        """Return the entry of whoever signs, or None."""
        return self._cache.get(self._key(uri))

    def set(self, uri: str, value: bytes) -> None:
        """Set the entry of whoever signs."""
        self._cache.set(self._key(uri), value)

    def delete(self, uri: str) -> None:
        """Delete the entry of whoever signs."""
        self._cache.delete(self._key(uri))


class LockedCache(_View):
    """A view of a cache for threads that share it: one of them at a time.

    Args:
        cache: Any object with ``get``, ``set`` and ``delete``.
        lock: Held by each of these.
    """

    def __init__(self, cache: Any, lock: AbstractContextManager[Any]) -> None:
        vars(self).update(_cache=cache, _lock=lock)

    def get(self, key: str) -> Any:
        """Return an entry, or None."""
        with self._lock:
            return self._cache.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Set an entry."""
        with self._lock:
            self._cache.set(key, value)

    def delete(self, key: str) -> None:
        """Delete an entry."""
        with self._lock:
            self._cache.delete(key)


class CacheAttribute:
    """``http.cache``: the cache as it was set; within a call a view of it that keeps identities apart.

    Args:
        inner: What the class would have under the name without this: a default, or a descriptor of its own.
        signer: Given the Http and its call, returns a function that says who signs a URI.
    """

    def __init__(self, signer: Callable[[Any, Any], Callable[[str], OAuth1 | None]], inner: Any = None) -> None:
        self._signer = signer
        self._inner = inner
        self._is_inner_setting = hasattr(inner, "__set__")

    def __get__(self, http: Any, owner: type | None = None) -> Any:
        """Return the cache, or a view of it while a request runs."""
        if http is None:
            return self
        own = http.__dict__
        if "cache" in own and not self._is_inner_setting:
            cache = own["cache"]
        else:
            cache = self._inner.__get__(http, owner) if hasattr(self._inner, "__get__") else self._inner
        if not cache:
            return cache
        call = call_of(http)
        return cache if call is None else CacheByIdentity(cache, self._signer(http, call))

    def __set__(self, http: Any, cache: Any) -> None:
        """Set the cache under the name that httplib2 gives it, so that either class can unpickle the other's state."""
        if self._is_inner_setting:
            self._inner.__set__(http, cache)
        else:
            vars(http)["cache"] = cache
