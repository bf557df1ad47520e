"""Compares a new request with a recorded one by what they mean, not by how they are spelled.

Parameters that prove who sends the request (``oauth_*``, tokens, passwords) are not compared, because a replay has no
valid ones. The placeholder of a secret in the recorded request matches any text. The placeholder of a value that only
looks like a secret, such as the hash of a revision, matches that value only.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from . import bodies, detection
from .patterns import RANDOM_KINDS, is_credential_name, with_recorded_addresses
from .scrubbing import Placeholders

_MAX_SHOWN_LENGTH = 60
_Fields = Mapping[str, Sequence[str]]
#: The placeholder of a random value. It matches one value only.
RANDOM_PLACEHOLDER = re.compile(rf"SCRUBBED-(?:{'|'.join(RANDOM_KINDS)})-[0-9]+")
#: The placeholder of a secret. It matches any text.
SECRET_PLACEHOLDER = re.compile(
    rf"SCRUBBED-(?!(?:{'|'.join(RANDOM_KINDS)})-)[a-z0-9]+-[0-9]+|scrubbed-[0-9]+@example\.org"
)

#: Removes the secrets from a text, so that a message can show it.
TextScrubber = Callable[[str], str]


class Request(Protocol):
    """The part of vcr's requests that is compared."""

    method: str
    uri: str
    headers: Mapping[str, Any]

    @property
    def body(self) -> Any:
        """str, bytes, a file or an iterator."""


def path(new: Request, recorded: Request) -> None:
    """Compare the paths.

    Raises:
        AssertionError: They differ.
    """
    _require_none("path", Comparison(new, recorded).path_differences())


def query(new: Request, recorded: Request) -> None:
    """Compare the queries: their parameters in any order, without those that prove who sends the request.

    Raises:
        AssertionError: They differ.
    """
    _require_none("query", Comparison(new, recorded).query_differences())


def body(new: Request, recorded: Request) -> None:
    """Compare the bodies: a form's fields in any order, JSON by its value, multipart without its boundary.

    Raises:
        AssertionError: They differ.
    """
    _require_none("body", Comparison(new, recorded).body_differences())


class Comparison:
    """The differences between two requests, as phrases for an error message.

    Args:
        new: The new request.
        recorded: The recorded request.
        scrub: Removes the secrets from each value before the value is shortened.
    """

    def __init__(self, new: Request, recorded: Request, scrub: TextScrubber = str) -> None:
        self._new = new
        self._recorded = recorded
        self._scrub = scrub

    def differences(self) -> list[str]:
        """Return all differences."""
        found = []
        if self._new.method != self._recorded.method:
            found.append(f"the method is {self._new.method}, recorded: {self._recorded.method}")
        server, recorded_server = ("://".join(urlsplit(request.uri)[:2]) for request in (self._new, self._recorded))
        if server != recorded_server:
            found.append(f"the server is {self._scrub(server)}, recorded: {self._scrub(recorded_server)}")
        return [*found, *self.path_differences(), *self.query_differences(), *self.body_differences()]

    def path_differences(self) -> Iterator[str]:
        """Yield the differences between the paths."""
        new, recorded = (bodies.contents(request).path for request in (self._new, self._recorded))
        yield from self._text_differences("the path", new, recorded)

    def query_differences(self) -> Iterator[str]:
        """Yield the differences between the queries, one for each parameter."""
        new, recorded = (bodies.contents(request).query for request in (self._new, self._recorded))
        yield from self._field_differences("query parameter", new, recorded)

    def body_differences(self) -> Iterator[str]:
        """Yield the differences between the bodies, one for each field if they have fields."""
        new, recorded = (bodies.contents(request).body for request in (self._new, self._recorded))
        if new.kind != recorded.kind:
            yield f"the body is {new.kind}, recorded: {recorded.kind}"
        elif new.kind == bodies.FORM:
            yield from self._field_differences("form field", new.content, recorded.content)
        elif new.kind == bodies.JSON:
            yield from self._json_differences("JSON body", new.content, recorded.content)
        elif new.kind == bodies.MULTIPART:
            parts = ([(part.name, part.text) for part in body.content] for body in (new, recorded))
            yield from self._field_differences("part", *parts)
        elif new.kind == bodies.BINARY:
            if new.content != recorded.content:
                yield f"the body's {len(new.content)} bytes differ from the {len(recorded.content)} recorded bytes"
        elif new.kind == bodies.TEXT:
            yield from self._text_differences("the body", new.content, recorded.content)

    def _field_differences(
        self, field: str, new_pairs: list[tuple[str, str]], recorded_pairs: list[tuple[str, str]]
    ) -> Iterator[str]:
        new, recorded = values_by_name(new_pairs), values_by_name(recorded_pairs)
        for name in [*new, *(name for name in recorded if name not in new)]:
            label = f"{field} {name}"
            if name not in recorded:
                yield f"{label} is not in the recorded request ({self._shown(new[name][0])})"
            elif name not in new:
                yield f"{label} is only in the recorded request ({self._shown(recorded[name][0])})"
            elif len(new[name]) != len(recorded[name]):
                yield f"the number of values of {label} is {len(new[name])}, recorded: {len(recorded[name])}"
            else:
                for value, recorded_value in zip(new[name], recorded[name], strict=True):
                    yield from self._text_differences(label, value, recorded_value)

    def _json_differences(self, label: str, new: Any, recorded: Any) -> Iterator[str]:
        if isinstance(new, dict) and isinstance(recorded, dict):
            for name in {**new, **recorded}:
                values = [value for value in (new.get(name), recorded.get(name)) if value is not None]
                # An object or a list under the name of a credential describes the credential, and is compared.
                if is_credential_name(name) and not any(isinstance(value, dict | list) for value in values):
                    continue
                if name not in recorded:
                    yield f"{label}.{name} is not in the recorded request ({self._shown(to_json(new[name]))})"
                elif name not in new:
                    yield f"{label}.{name} is only in the recorded request ({self._shown(to_json(recorded[name]))})"
                else:
                    yield from self._json_differences(f"{label}.{name}", new[name], recorded[name])
        elif isinstance(new, list) and isinstance(recorded, list) and len(new) == len(recorded):
            for number, (value, recorded_value) in enumerate(zip(new, recorded, strict=True)):
                yield from self._json_differences(f"{label}[{number}]", value, recorded_value)
        elif isinstance(new, str) and isinstance(recorded, str):
            yield from self._text_differences(label, new, recorded)
        # In Python 1 equals True, in JSON it doesn't. The placeholder of a number is a str.
        elif to_json(new) != to_json(recorded) and not (
            isinstance(recorded, str) and SECRET_PLACEHOLDER.fullmatch(recorded)
        ):
            yield f"{label} is {self._shown(to_json(new))}, recorded: {self._shown(to_json(recorded))}"

    def _text_differences(self, label: str, new: str, recorded: str) -> Iterator[str]:
        if not _matches(new, recorded):
            yield f"{label} is {self._shown(new, recorded)}, recorded: {self._shown(recorded, new)}"

    def _shown(self, value: str, other: str | None = None) -> str:
        """Return a value for a message. A long value is cut around the first difference from the other value."""
        value, other = self._scrub(value), other and self._scrub(other)
        start = 0
        if other is not None and len(value) > _MAX_SHOWN_LENGTH:
            pairs = enumerate(zip(value, other, strict=False))
            difference = next((index for index, (one, two) in pairs if one != two), min(len(value), len(other)))
            start = max(0, min(difference - _MAX_SHOWN_LENGTH // 4, len(value) - _MAX_SHOWN_LENGTH))
        end = start + _MAX_SHOWN_LENGTH
        return ("..." if start else "") + repr(value[start:end]) + ("..." if end < len(value) else "")


def _require_none(part: str, differences: Iterator[str]) -> None:
    # The message leaves out the difference, which may contain a secret, because vcr logs the message.
    if any(True for _ in differences):
        raise AssertionError(f"the {part} differs")


def values_by_name(pairs: list[tuple[str, str]]) -> _Fields:
    """Group values by name, because only the order of values with the same name has a meaning."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if not is_credential_name(name):
            values.setdefault(name, []).append(value)
    return values


def to_json(value: Any) -> str:
    """Return a value as JSON that is equal for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _matches(new: str, recorded: str) -> bool:
    """Return whether a value equals the recorded one, with any text instead of the placeholders of secrets."""
    if new == recorded:
        return True
    if RANDOM_PLACEHOLDER.search(recorded):
        new = replace_random(new)
    new = with_recorded_addresses(new, recorded)
    return new == recorded or _matches_gaps(new, recorded)


def replace_random(value: str) -> str:
    """Return a value with placeholders instead of its random parts, as it is recorded."""
    return Placeholders().replace_detected(detection.find_random_in(value), value)


def _matches_gaps(text: str, recorded: str) -> bool:
    # Not a regular expression: one with many gaps takes very long to reject a long text.
    first, *rest = SECRET_PLACEHOLDER.split(recorded)
    if not rest or not text.startswith(first):
        return False
    end = len(first)
    for piece in rest[:-1]:
        found = text.find(piece, end + 1)
        if found < 0:
            return False
        end = found + len(piece)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) > end
