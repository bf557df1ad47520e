"""Finds the recorded requests that may equal a new one, without a comparison with each of them.

Recording and replaying a long cassette would otherwise take a time that grows with the square of its length.

Equal requests have equal fields: the method, each parameter of the query, each field of the body. So the fields of a
recorded request are the key of a dict. A recorded value with a secret's placeholder may equal different values of a new
request. It stays out of the key, except for the text before the placeholder and the text after it.
"""

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from . import bodies
from .matching import RANDOM_PLACEHOLDER, Request, replace_random, to_json, values_by_name
from .patterns import PLACEHOLDER, address_spans, is_credential_name, is_placeholder

# Deeper values of a JSON body are not in the key, so that no body exceeds Python's recursion limit.
_MAX_JSON_DEPTH = 20

_Label: TypeAlias = tuple[Hashable, ...]
_Fields: TypeAlias = dict[_Label, Hashable]


class _Gap(NamedTuple):
    """A recorded value with placeholders.

    Attributes:
        label: The field.
        has_secret: Whether there is the placeholder of a secret, which matches any text. The other placeholders are
            those of random values. They match one value each.
        start: How many characters before the first placeholder are in the key.
        end: How many characters after the last placeholder are in the key.
    """

    label: _Label
    has_secret: bool
    start: int = 0
    end: int = 0

    def key(self, value: Hashable) -> Hashable:
        """Return the part of a value that is in the key."""
        if not isinstance(value, str):
            return "", ""
        if not self.has_secret:
            return replace_random(value)
        return value[: self.start], value[len(value) - self.end :] if self.end else ""


class _Bucket:
    """The numbers of the recorded requests that have one key, in the order of recording.

    Attributes:
        numbers: The numbers.
        played_count: How many requests at the beginning were played.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.played_count = 0

    def unplayed(self, play_counts: Mapping[int, int]) -> Iterator[int]:
        """Yield the numbers of the requests that were not played, without a look at each one that was."""
        # vcr can rewind a cassette. Its requests then count as not played.
        while self.played_count and not play_counts.get(self.numbers[self.played_count - 1]):
            self.played_count -= 1
        while self.played_count < len(self.numbers) and play_counts.get(self.numbers[self.played_count]):
            self.played_count += 1
        for position in range(self.played_count, len(self.numbers)):
            if not play_counts.get(self.numbers[position]):
                yield self.numbers[position]


class RequestIndex:
    """The numbers of recorded requests by what is compared.

    Args:
        parts: What is compared: ``method``, ``scheme``, ``host``, ``port``, ``uri``, ``path``, ``query``, ``body``. The
            index finds too many requests if another matcher compares more. It never finds too few.
    """

    def __init__(self, parts: Iterable[str]) -> None:
        self._parts = tuple(parts)
        self._count = 0
        # Requests with placeholders in the same fields share a dict.
        self._buckets: dict[frozenset[_Gap], dict[Hashable, _Bucket]] = {}

    def __len__(self) -> int:
        return self._count

    def add(self, request: Request) -> None:
        """Add a recorded request. Its number is the number of requests that were added before."""
        fields = self._fields(request)
        gaps = frozenset(
            _gap(label, value, spans)
            for label, value in fields.items()
            if isinstance(value, str) and (spans := _placeholder_spans(value))
        )
        buckets = self._buckets.setdefault(gaps, {})
        buckets.setdefault(_key(fields, gaps), _Bucket()).numbers.append(self._count)
        self._count += 1

    def find(self, request: Request) -> list[int]:
        """Return the numbers of the recorded requests that may equal a new one."""
        return sorted(number for bucket in self._find_buckets(request) for number in bucket.numbers)

    def find_unplayed(self, request: Request, play_counts: Mapping[int, int]) -> Iterator[int]:
        """Yield the numbers of the recorded requests that may equal a new one and were not played.

        Args:
            request: The new request.
            play_counts: How often each recorded request was played, by number.
        """
        return heapq.merge(*(bucket.unplayed(play_counts) for bucket in self._find_buckets(request)))

    def _find_buckets(self, request: Request) -> Iterator[_Bucket]:
        fields = self._fields(request)
        for gaps, buckets in self._buckets.items():
            if all(gap.label in fields for gap in gaps):
                bucket = buckets.get(_key(fields, gaps))
                if bucket is not None:
                    yield bucket

    def _fields(self, request: Request) -> _Fields:
        return {(part, *label): value for part in self._parts for label, value in _READERS[part](request)}


def _gap(label: _Label, value: str, spans: list[tuple[int, int]]) -> _Gap:
    """Return the gap of a recorded value with placeholders at these positions.

    Few different lengths make few different gaps, and so few searches.
    """
    if all(RANDOM_PLACEHOLDER.fullmatch(value, *span) for span in spans):
        return _Gap(label, has_secret=False)
    # A quote may belong to the placeholder of a number in JSON.
    start, end = value[: spans[0][0]].rstrip('"'), value[spans[-1][1] :].lstrip('"')
    return _Gap(label, True, _power_of_two(len(start)), _power_of_two(len(end)))


def _placeholder_spans(value: str) -> list[tuple[int, int]]:
    """Return the positions of the placeholders in a recorded value.

    The placeholder of an IP address is an address from a network for documentation.
    """
    addresses = [span for span in address_spans(value) if is_placeholder(value[slice(*span)])]
    return sorted([*addresses, *(match.span() for match in PLACEHOLDER.finditer(value))])


def _power_of_two(number: int) -> int:
    """Return the greatest power of two that isn't greater than a number, or 0."""
    return 1 << number.bit_length() >> 1


def _key(fields: _Fields, gaps: frozenset[_Gap]) -> Hashable:
    if not gaps:
        return frozenset(fields.items())
    labels = {gap.label for gap in gaps}
    return (
        frozenset((label, value) for label, value in fields.items() if label not in labels),
        frozenset((gap.label, gap.key(fields[gap.label])) for gap in gaps),
    )


# The fields of a request, as the matchers compare them.

_LabeledValues: TypeAlias = Iterator[tuple[_Label, Hashable]]


def _attribute(name: str) -> Callable[[Any], _LabeledValues]:
    return lambda request: iter([((), getattr(request, name))])


def _uri(request: Request) -> _LabeledValues:
    scheme, authority, path, query, fragment = urlsplit(request.uri)
    # vcr's matcher takes an empty path for "/".
    yield (), (scheme, authority, path or "/", query, fragment)


def _path(request: Request) -> _LabeledValues:
    yield (), bodies.contents(request).path


def _query(request: Request) -> _LabeledValues:
    return _pairs(bodies.contents(request).query)


def _body(request: Request) -> _LabeledValues:
    kind, content = bodies.contents(request).body
    yield (), kind
    if kind == bodies.FORM:
        yield from _pairs(content)
    elif kind == bodies.MULTIPART:
        yield from _pairs([(part.name, part.text) for part in content])
    elif kind == bodies.JSON:
        yield from _json(("value",), content, 0)
    else:
        yield ("content",), content


def _pairs(pairs: list[tuple[str, str]]) -> _LabeledValues:
    for name, values in values_by_name(pairs).items():
        for number, value in enumerate(values):
            yield (name, number), value


def _json(label: _Label, value: Any, depth: int) -> _LabeledValues:
    if depth == _MAX_JSON_DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list) or not is_credential_name(name):
                yield from _json((*label, name), inner, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _json((*label, number), inner, depth + 1)
    else:
        # In Python 1 equals True, in JSON it doesn't.
        yield label, value if isinstance(value, str) else (to_json(value),)


_READERS: dict[str, Callable[[Any], _LabeledValues]] = {
    **{name: _attribute(name) for name in ("method", "scheme", "host", "port")},
    "uri": _uri,
    "path": _path,
    "query": _query,
    "body": _body,
}
#: What a :class:`RequestIndex` can be made of.
PARTS = frozenset(_READERS)
