"""Caches: the entries of one user are kept apart from those of another."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .._signing.oauth1 import OAuth1
from .context import context_of
from .signers import is_credentials, signers_of

_ABSENT = object()


class _View:
    """A view of a cache. Every attribute except its own methods is read from, and set on, the cache.

    Frameworks read and set attributes of their own caches while a request runs (lazr.restfulclient).
    """

    _cache: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_cache"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._cache, name, value)


class CacheByIdentity(_View):
    """A view of a cache for one call, in which each signer has separate entries.

    Args:
        cache: An object with ``get``, ``set`` and ``delete``.
        signer: Returns the credentials that sign a URI, or None.
        is_signed_only: Whether entries are found for a signer alone. What ``require_signature`` would refuse to ask the
            server for must not come from the cache.
    """

    def __init__(self, cache: Any, signer: Callable[[str], OAuth1 | None], is_signed_only: bool = False) -> None:
        vars(self).update(_cache=cache, _signer=signer, _is_signed_only=is_signed_only)

    def _key(self, uri: str) -> str:
        # The keys of httplib2 are URIs without a fragment, so this key can't be an entry of another user.
        oauth = self._signer(uri)
        return uri if oauth is None else f"{uri}#oauth-{oauth.fingerprint}"

    def get(self, uri: str) -> Any:
        """Return the signer's entry, or None."""
        key = self._key(uri)
        return None if self._is_signed_only and key == uri else self._cache.get(key)

    def set(self, uri: str, value: bytes) -> None:
        """Set the signer's entry."""
        self._cache.set(self._key(uri), value)

    def delete(self, uri: str) -> None:
        """Delete the signer's entry."""
        self._cache.delete(self._key(uri))


class LockedCache(_View):
    """A view of a cache that threads share. One thread uses the cache at a time.

    Args:
        cache: An object with ``get``, ``set`` and ``delete``.
        lock: Held during each of these.
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
    """``http.cache``: the cache as it was set. While a request runs, a view of it that keeps users apart.

    Args:
        inner: The class's own default for ``cache``, or its own descriptor.
    """

    def __init__(self, inner: Any = None) -> None:
        self._inner = inner
        self._is_inner_setting = hasattr(inner, "__set__")

    def __get__(self, http: Any, owner: type | None = None) -> Any:
        """Return the cache, or a view of it while a request runs."""
        if http is None:
            return self
        # httplib2 reads it four times for each request, and most programs have no cache.
        cache = http.__dict__.get("cache", _ABSENT)
        if cache is None and not self._is_inner_setting:
            return None
        if cache is _ABSENT or self._is_inner_setting:
            cache = self._inner.__get__(http, owner) if hasattr(self._inner, "__get__") else self._inner
        if not cache:
            return cache
        context = context_of(http)
        if context is None:
            return cache
        return CacheByIdentity(cache, lambda uri: context.signer(signers_of(http), uri), http.require_signature)

    def __set__(self, http: Any, cache: Any) -> None:
        """Store the cache under httplib2's own name, so that either class can restore a pickle of the other.

        Raises:
            TypeError: The value is meant for ``oauth=``. The first argument of ``httplib2.Http`` is its cache.
        """
        if not hasattr(cache, "set") and is_credentials(cache):
            raise TypeError(
                f"cache can't be {type(cache).__name__}: pass credentials by name, as oauth=, since httplib2's first"
                " argument is its cache"
            )
        if self._is_inner_setting:
            self._inner.__set__(http, cache)
        else:
            vars(http)["cache"] = cache
