"""Compares the request that is made with one that was recorded: by what they mean, and not by how they are spelled.

What proves who asks (``oauth_*``, tokens, passwords) is not compared, since a replay has none of it. A placeholder in
the recorded request stands for anything.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from . import bodies
from .suspects import PLACEHOLDER, authenticates

# Characters of a value that a message shows.
_LONGEST_SHOWN = 60
_Fields = Mapping[str, Sequence[str]]


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
        AssertionError: They differ, and how.
    """
    _require_none(differences_of_path(made, recorded))


def query(made: Request, recorded: Request) -> None:
    """Compare the queries: the pairs in any order, without what proves who asks.

    Raises:
        AssertionError: They differ, and how.
    """
    _require_none(differences_of_query(made, recorded))


def body(made: Request, recorded: Request) -> None:
    """Compare what the bodies mean: a form's fields in any order, JSON by its value, multipart without its boundary.

    Raises:
        AssertionError: They differ, and how.
    """
    _require_none(differences_of_body(made, recorded))


def differences_of_path(made: Request, recorded: Request) -> Iterator[str]:
    """Yield how the paths differ."""
    paths = [urlsplit(request.uri).path or "/" for request in (made, recorded)]
    if not _agree(*paths):
        yield f"the path is {_shown(*paths)} here and {_shown(*reversed(paths))} there"


def differences_of_query(made: Request, recorded: Request) -> Iterator[str]:
    """Yield how the queries differ, name by name."""
    fields = (_fields(bodies.pairs(urlsplit(request.uri).query)) for request in (made, recorded))
    yield from _differences_of_fields("the query's", *fields)


def differences_of_body(made: Request, recorded: Request) -> Iterator[str]:
    """Yield how the bodies differ, field by field where they have fields."""
    ours, theirs = (bodies.meaning(request.body, request.headers) for request in (made, recorded))
    if ours.kind != theirs.kind:
        yield f"the body is {ours.kind} here and {theirs.kind} there"
    elif ours.kind == bodies.FORM:
        yield from _differences_of_fields("the form's", _fields(ours.content), _fields(theirs.content))
    elif ours.kind == bodies.JSON:
        yield from _differences_of_json("the JSON's body", ours.content, theirs.content)
    elif ours.kind == bodies.MULTIPART:
        yield from _differences_of_fields("the part", *map(_fields_of_parts, (ours.content, theirs.content)))
    elif ours.kind == bodies.BINARY:
        if ours.content != theirs.content:
            yield f"the body's {len(ours.content)} bytes are not the {len(theirs.content)} recorded ones"
    elif ours.kind == bodies.TEXT and not _agree(ours.content, theirs.content):
        one, other = ours.content, theirs.content
        yield f"the body is {_shown(one, other)} here and {_shown(other, one)} there"


def differences(made: Request, recorded: Request) -> list[str]:
    """Return all differences of two requests, as sentences for people."""
    found = []
    if made.method != recorded.method:
        found.append(f"the method is {made.method} here and {recorded.method} there")
    ours, theirs = (f"{urlsplit(request.uri).scheme}://{urlsplit(request.uri).netloc}" for request in (made, recorded))
    if ours != theirs:
        found.append(f"the server is {ours} here and {theirs} there")
    for part in (differences_of_path, differences_of_query, differences_of_body):
        found += part(made, recorded)
    return found


def _require_none(found: Iterator[str]) -> None:
    sentences = list(found)
    if sentences:
        raise AssertionError("; ".join(sentences))


def _fields(pairs: list[tuple[str, str]]) -> _Fields:
    """Group values by name: the order of names means nothing, that of one name's values does."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if not authenticates(name):
            fields.setdefault(name, []).append(value)
    return fields


def _fields_of_parts(parts: list[bodies.Part]) -> _Fields:
    return _fields([(part.name, "\n".join([*part.headers, "", part.content])) for part in parts])


def _differences_of_fields(whose: str, ours: _Fields, theirs: _Fields) -> Iterator[str]:
    for name in [*ours, *(name for name in theirs if name not in ours)]:
        if name not in theirs:
            yield f"{whose} {name} is here only ({_shown(ours[name][0])})"
        elif name not in ours:
            yield f"{whose} {name} is there only ({_shown(theirs[name][0])})"
        elif len(ours[name]) != len(theirs[name]):
            yield f"{whose} {name} has {len(ours[name])} values here and {len(theirs[name])} there"
        else:
            for one, other in zip(ours[name], theirs[name], strict=True):
                if not _agree(one, other):
                    yield f"{whose} {name} is {_shown(one, other)} here and {_shown(other, one)} there"


def _differences_of_json(where: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        names = {name: None for name in [*one, *other] if not authenticates(name)}
        for name in names:
            if name not in other:
                yield f"{where}.{name} is here only ({_shown(json.dumps(one[name], ensure_ascii=False))})"
            elif name not in one:
                yield f"{where}.{name} is there only ({_shown(json.dumps(other[name], ensure_ascii=False))})"
            else:
                yield from _differences_of_json(f"{where}.{name}", one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (ours, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _differences_of_json(f"{where}[{number}]", ours, theirs)
    elif isinstance(one, str) and isinstance(other, str):
        if not _agree(one, other):
            yield f"{where} is {_shown(one, other)} here and {_shown(other, one)} there"
    elif json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):  # To Python 1 is True, to JSON it isn't.
        ours, theirs = (json.dumps(each, ensure_ascii=False) for each in (one, other))
        yield f"{where} is {_shown(ours, theirs)} here and {_shown(theirs, ours)} there"


def _agree(one: str, other: str) -> bool:
    """Whether two values are the same, or one of them with its placeholders filled in."""
    return one == other or _fits(one, other) or _fits(other, one)


def _fits(text: str, pattern: str) -> bool:
    # By hand, since a regular expression with many gaps takes its time to find that a long text does not match.
    first, *rest = PLACEHOLDER.split(pattern)
    if not rest or not text.startswith(first):
        return False
    at = len(first)
    for piece in rest[:-1]:
        found = text.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) > at


def _shown(value: str, beside: str | None = None) -> str:
    """Return a value as a message shows it: of a long one, where it begins to differ from another."""
    start = 0
    if beside is not None and len(value) > _LONGEST_SHOWN:
        pairs = enumerate(zip(value, beside, strict=False))
        differs_at = next((at for at, (one, other) in pairs if one != other), min(len(value), len(beside)))
        start = max(0, min(differs_at - _LONGEST_SHOWN // 4, len(value) - _LONGEST_SHOWN))
    end = start + _LONGEST_SHOWN
    return ("..." if start else "") + repr(value[start:end]) + ("..." if end < len(value) else "")
