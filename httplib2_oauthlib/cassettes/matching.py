"""Compares the request that is made with one that was recorded: by what they mean, and not by how they are spelled.

What proves who asks (``oauth_*``, tokens, passwords) is not compared, since a replay has none of it. The placeholder of
a secret in the recorded request stands for anything; that of something which only looks like one, such as a revision's
hash, for that alone.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from . import bodies, detection
from .patterns import RANDOM_KINDS, is_credential_name
from .scrubbing import Placeholders

# Characters of a value that a message shows.
_LONGEST_SHOWN = 60
_Fields = Mapping[str, Sequence[str]]
_BY_CHANCE = re.compile(rf"SCRUBBED-(?:{'|'.join(RANDOM_KINDS)})-[0-9]+")
_ANYTHING = re.compile(rf"SCRUBBED-(?!(?:{'|'.join(RANDOM_KINDS)})-)[a-z0-9]+-[0-9]+|scrubbed-[0-9]+@example\.org")

#: Takes out of a text what a message must not show.
Words = Callable[[str], str]


class Request(Protocol):
    """What is looked at of a request of vcr's."""

    method: str
    uri: str
    headers: Mapping[str, Any]

    @property
    def body(self) -> Any:
        """Text, bytes, a file or an iterator."""


def path(made: Request, recorded: Request) -> None:
    """Compare the paths.

    Raises:
        AssertionError: They differ.
    """
    _require_none("path", Comparison(made, recorded).of_path())


def query(made: Request, recorded: Request) -> None:
    """Compare the queries: the pairs in any order, without what proves who asks.

    Raises:
        AssertionError: They differ.
    """
    _require_none("query", Comparison(made, recorded).of_query())


def body(made: Request, recorded: Request) -> None:
    """Compare what the bodies mean: a form's fields in any order, JSON by its value, multipart without its boundary.

    Raises:
        AssertionError: They differ.
    """
    _require_none("body", Comparison(made, recorded).of_body())


class Comparison:
    """Two requests, and how they differ, in sentences for people.

    Args:
        made: The request that is made ("here").
        recorded: The request that was recorded ("there").
        words: Takes out of each value what must not be shown, before it is cut to a length that can be read.
    """

    def __init__(self, made: Request, recorded: Request, words: Words = str) -> None:
        self._made = made
        self._recorded = recorded
        self._words = words

    def differences(self) -> list[str]:
        """Return all differences."""
        found = []
        if self._made.method != self._recorded.method:
            found.append(f"the method is {self._made.method} here and {self._recorded.method} there")
        servers = [urlsplit(request.uri)[:2] for request in (self._made, self._recorded)]
        if servers[0] != servers[1]:
            ours, theirs = ("://".join(server) for server in servers)
            found.append(f"the server is {self._words(ours)} here and {self._words(theirs)} there")
        return [*found, *self.of_path(), *self.of_query(), *self.of_body()]

    def of_path(self) -> Iterator[str]:
        """Yield how the paths differ."""
        ours, theirs = (bodies.contents(request).path for request in (self._made, self._recorded))
        yield from self._of_values("the path", ours, theirs)

    def of_query(self) -> Iterator[str]:
        """Yield how the queries differ, name by name."""
        ours, theirs = (bodies.contents(request).query for request in (self._made, self._recorded))
        yield from self._of_fields("the query's", ours, theirs)

    def of_body(self) -> Iterator[str]:
        """Yield how the bodies differ, field by field where they have fields."""
        ours, theirs = (bodies.contents(request).body for request in (self._made, self._recorded))
        if ours.kind != theirs.kind:
            yield f"the body is {ours.kind} here and {theirs.kind} there"
        elif ours.kind == bodies.FORM:
            yield from self._of_fields("the form's", ours.content, theirs.content)
        elif ours.kind == bodies.JSON:
            yield from self._of_json("the JSON's body", ours.content, theirs.content)
        elif ours.kind == bodies.MULTIPART:
            parts = ([(part.name, part.text) for part in meaning.content] for meaning in (ours, theirs))
            yield from self._of_fields("the part", *parts)
        elif ours.kind == bodies.BINARY:
            if ours.content != theirs.content:
                yield f"the body's {len(ours.content)} bytes are not the {len(theirs.content)} recorded ones"
        elif ours.kind == bodies.TEXT:
            yield from self._of_values("the body", ours.content, theirs.content)

    def _of_fields(self, whose: str, made: list[tuple[str, str]], recorded: list[tuple[str, str]]) -> Iterator[str]:
        ours, theirs = _fields(made), _fields(recorded)
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            what = f"{whose} {name}"
            if name not in theirs:
                yield f"{what} is here only ({self._shown(ours[name][0])})"
            elif name not in ours:
                yield f"{what} is there only ({self._shown(theirs[name][0])})"
            elif len(ours[name]) != len(theirs[name]):
                yield f"{what} has {len(ours[name])} values here and {len(theirs[name])} there"
            else:
                for one, other in zip(ours[name], theirs[name], strict=True):
                    yield from self._of_values(what, one, other)

    def _of_json(self, where: str, one: Any, other: Any) -> Iterator[str]:
        if isinstance(one, dict) and isinstance(other, dict):
            for name in {**one, **other}:
                pair = [value for value in (one.get(name), other.get(name)) if value is not None]
                # What stands in an object under such a name is no token, but what is to be known of one.
                if is_credential_name(name) and not any(isinstance(value, dict | list) for value in pair):
                    continue
                if name not in other:
                    yield f"{where}.{name} is here only ({self._shown(_in_json(one[name]))})"
                elif name not in one:
                    yield f"{where}.{name} is there only ({self._shown(_in_json(other[name]))})"
                else:
                    yield from self._of_json(f"{where}.{name}", one[name], other[name])
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for number, (ours, theirs) in enumerate(zip(one, other, strict=True)):
                yield from self._of_json(f"{where}[{number}]", ours, theirs)
        elif isinstance(one, str) and isinstance(other, str):
            yield from self._of_values(where, one, other)
        # To Python 1 is True, to JSON it isn't. A number may have become a placeholder, which is text.
        elif _in_json(one) != _in_json(other) and not _ANYTHING.fullmatch(other if isinstance(other, str) else ""):
            yield f"{where} is {self._shown(_in_json(one))} here and {self._shown(_in_json(other))} there"

    def _of_values(self, what: str, one: str, other: str) -> Iterator[str]:
        if not _agree(one, other):
            yield f"{what} is {self._shown(one, other)} here and {self._shown(other, one)} there"

    def _shown(self, value: str, beside: str | None = None) -> str:
        """Return a value as a message shows it: of a long one, where it begins to differ from another."""
        value, beside = self._words(value), beside and self._words(beside)
        start = 0
        if beside is not None and len(value) > _LONGEST_SHOWN:
            pairs = enumerate(zip(value, beside, strict=False))
            differs_at = next((at for at, (one, other) in pairs if one != other), min(len(value), len(beside)))
            start = max(0, min(differs_at - _LONGEST_SHOWN // 4, len(value) - _LONGEST_SHOWN))
        end = start + _LONGEST_SHOWN
        return ("..." if start else "") + repr(value[start:end]) + ("..." if end < len(value) else "")


def _require_none(part: str, found: Iterator[str]) -> None:
    # Without the difference, which vcr would log: it may hold a secret.
    if any(True for _ in found):
        raise AssertionError(f"the {part} differs")


def _fields(pairs: list[tuple[str, str]]) -> _Fields:
    """Group values by name: the order of names means nothing, that of one name's values does."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if not is_credential_name(name):
            fields.setdefault(name, []).append(value)
    return fields


def _in_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _agree(one: str, other: str) -> bool:
    """Whether a value is the recorded one, or that with its placeholders filled in."""
    if one == other:
        return True
    if _BY_CHANCE.search(other):
        one = Placeholders().replace_detected(detection.find_random_in(one), one)
    return one == other or _fits(one, other)


def _fits(text: str, pattern: str) -> bool:
    # By hand, since a regular expression with many gaps takes its time to find that a long text does not match.
    first, *rest = _ANYTHING.split(pattern)
    if not rest or not text.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        found = text.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) > at
