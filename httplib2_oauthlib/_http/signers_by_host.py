"""The credentials in a mapping of host patterns, found without a walk through the mapping."""

from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Collection, KeysView, Mapping
from types import MappingProxyType
from typing import Any

from .._signing.hosts import normalize_pattern, patterns
from .origin import Origin

_ABSENT = object()
_FINDING_STORED_KEYS = (dict.__getitem__, MappingProxyType.__getitem__, UserDict.__getitem__)
# The keys of a dict, of an OrderedDict, and of a subclass or a proxy that lists its keys as they do.
_DICT_KEYS: tuple[type, ...] = (type({}.keys()), type(OrderedDict().keys()))
# Up to this number of keys, a comparison of all of them takes less than a microsecond.
_FEW = 64


def has_stored_keys(oauth: Mapping[str, Any]) -> bool:
    """Return whether the keys of a mapping are all that it can find. A class of a program may compute credentials."""
    if isinstance(oauth, ChainMap):
        return all(map(has_stored_keys, oauth.maps))
    kind = type(oauth)
    return kind.__getitem__ in _FINDING_STORED_KEYS and not hasattr(kind, "__missing__")


class SignersByHost:
    """A mapping of host patterns, as a function of a URI.

    A request looks up its host's own patterns, which are a handful of keys. So its time does not depend on the size of
    the mapping. The credentials are read from the program's mapping at that moment, and none are kept here.

    The keys are read when the mapping is set. This finds invalid keys, and keys that are spelled differently from the
    patterns of a request, for example in upper case. A program may change the mapping later, so the keys are read
    again if they have changed:

    - The keys of a ``dict`` with more than 64 keys have changed if their number, the first key or the last key has. A
      dict adds each key at its end. Before a request is left unsigned, all keys are compared.
    - For any other mapping, all keys are compared for each request.

    So one change of a long dict can go unnoticed for a time: the program removes keys, adds as many others, and then
    adds the former last key again. A new key that is spelled as requests are matched is found at once even then. A
    new key in another spelling is found before a request is left unsigned. Until then, a pattern with ``*`` in the same
    dict may select the credentials for its host.

    The maps of a ``ChainMap`` are looked up one after another.

    Args:
        oauth: The mapping.
    """

    def __init__(self, oauth: Mapping[str, Any]) -> None:
        self.oauth = oauth
        self._parts: list[_Part] = []

    def __call__(self, uri: str) -> Any:
        """Return the value for a URI, or None."""
        origin = Origin.of(uri)
        return None if origin is None else self.find(origin)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.oauth,)

    def prepare(self) -> "list[_Part]":
        """Return the parts of the mapping, whose keys are read if they have changed.

        Raises:
            InvalidHostError: A key can match no host.
            TypeError: A key isn't a str.
        """
        mappings, parts = _mappings(self.oauth), self._parts
        if [id(part.mapping) for part in parts] != [id(mapping) for mapping in mappings]:
            parts = self._parts = [_Part(mapping) for mapping in mappings]
        for part in parts:
            part.refresh()
        return parts

    def find(self, origin: Origin) -> Any:
        """Return the value of the most specific pattern that matches an origin, or None.

        Raises:
            InvalidHostError: A key can match no host.
            TypeError: A key isn't a str.
        """
        parts, matching = self.prepare(), patterns(origin.host, str(origin.port))
        found = _find(parts, matching)
        if found is _ABSENT:
            had_changed = [part.refresh_thoroughly() for part in parts]
            found = _find(parts, matching) if any(had_changed) else found
        return None if found is _ABSENT else found


class _Part:
    """One mapping, and its keys when they were last read.

    Attributes:
        mapping: The mapping.
    """

    def __init__(self, mapping: Any) -> None:
        self.mapping = mapping
        self._is_dict = isinstance(mapping, dict)
        self._is_computing = not has_stored_keys(mapping)
        # None until the keys are read, and after they were found to be invalid.
        self._noted: tuple[Any, ...] | None = None
        # The keys that are spelled differently from the patterns of a request, by that pattern.
        self._spellings: dict[str, list[str]] = {}

    def refresh(self) -> None:
        """Read the keys if they have changed, as far as that is noticed in a short time."""
        keys, noted = self._keys(), self._noted
        if noted is not None and self._is_long(keys) and len(keys) == len(noted):
            first, last = next(iter(keys), None), next(reversed(keys), None)  # type: ignore[call-overload]
            if first is noted[0] and last is noted[-1]:
                return
        self._compare(tuple(keys))

    def refresh_thoroughly(self) -> bool:
        """Read the keys if any of them has changed and :meth:`refresh` can't notice it. Return whether one had."""
        keys = self._keys()
        return self._is_long(keys) and self._compare(tuple(keys))

    def find(self, pattern: str) -> Any:
        """Return the value of a pattern, however its key is spelled, or ``_ABSENT``."""
        spellings = self._spellings.get(pattern)
        if spellings:
            keys = self._keys()
            present = [key for key in (pattern, *spellings) if key in keys]
            if len(present) > 1:
                # The pattern is there in two spellings. The later key counts.
                present = [key for key in keys if key in present]
            if present:
                return self._value(present[-1])
        return self._value(pattern)

    def _keys(self) -> Collection[Any]:
        mapping = self.mapping
        if isinstance(mapping, UserDict) and type(mapping).__iter__ is UserDict.__iter__:
            mapping = mapping.data
        keys: Collection[Any] = mapping.keys()
        # This view would list the mapping's own keys in Python code.
        return mapping if type(keys) is KeysView else keys

    def _is_long(self, keys: Collection[Any]) -> bool:
        return len(keys) > _FEW and isinstance(keys, _DICT_KEYS)

    def _compare(self, keys: tuple[Any, ...]) -> bool:
        """Read the keys if they aren't those that were read. Return whether they aren't."""
        if keys == self._noted:
            return False
        self._noted = None
        spellings: dict[str, list[str]] = {}
        for key in keys:
            pattern = normalize_pattern(key)
            if pattern != key:
                spellings.setdefault(pattern, []).append(key)
        # In this order: another thread that finds the keys noted uses the spellings.
        self._spellings = spellings
        self._noted = keys
        return True

    def _value(self, key: str) -> Any:
        if self._is_dict:
            # The class of a program may compute other credentials in its __getitem__().
            value: Any = dict.get(self.mapping, key, _ABSENT)
            if value is not _ABSENT or not self._is_computing:
                return value
        try:
            return self.mapping[key]
        except KeyError:
            return _ABSENT


def _mappings(oauth: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the mappings that a mapping consists of."""
    if type(oauth) is ChainMap:
        return [mapping for each in oauth.maps for mapping in _mappings(each)]
    return [oauth]


def _find(parts: list[_Part], matching: tuple[str, ...]) -> Any:
    for pattern in matching:
        for part in parts:
            found = part.find(pattern)
            if found is not _ABSENT:
                return found
    return _ABSENT
