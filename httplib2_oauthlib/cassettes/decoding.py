r"""Decodes encoded texts: a form in a URI, JSON in a form, JSON in JSON, all of them in HTML.

A :class:`DecodedText` keeps the position of each character in the original text, so that a secret that is found in the
decoded text can be replaced in the original.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from .patterns import DetectedSecret

_PERCENT = re.compile(r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+|\+")
_JSON = re.compile(
    r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\.", re.DOTALL
)
_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_ANY = re.compile(
    r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[/\"'\\]"
    r"|%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+|&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});"
)
_SHORT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class DecodedText:
    """A decoded text, with the position of each of its characters in the original text.

    Args:
        original: The encoded text.
        pattern: Matches an escape sequence in it.
        decode: Returns the characters for an escape sequence.

    Attributes:
        text: The decoded text.
    """

    def __init__(self, original: str, pattern: re.Pattern[str], decode: Callable[[str], str]) -> None:
        self._original = original
        self._pattern = pattern
        self._decode = decode
        self.text = pattern.sub(lambda match: decode(match[0]), original)

    def in_original(self, secrets: Iterable[DetectedSecret]) -> Iterator[DetectedSecret]:
        """Yield the secrets that were found in the decoded text, with their positions in the original text."""
        for secret in secrets:
            if secret.start < secret.end:
                starts, ends = self._positions
                yield secret._replace(start=starts[secret.start], end=ends[secret.end - 1], is_bare=False)

    @cached_property
    def _positions(self) -> tuple[list[int], list[int]]:
        """The start and the end of each decoded character in the original text. Computed only if a secret was found."""
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for match in self._pattern.finditer(self._original):
            starts += range(done, match.start())
            ends += range(done + 1, match.start() + 1)
            length = len(self._decode(match[0]))
            starts += [match.start()] * length
            ends += [match.end()] * length
            done = match.end()
        starts += range(done, len(self._original))
        ends += range(done + 1, len(self._original) + 1)
        return starts, ends


def decode_percent(text: str) -> DecodedText:
    """Decode percent-encoding as in a form, where ``+`` is a space."""
    return DecodedText(text, _PERCENT, _percent_characters)


def decode_json(text: str) -> DecodedText:
    """Decode the text between the quotes of a string in JSON."""
    return DecodedText(text, _JSON, _json_characters)


def decode_html(text: str) -> DecodedText:
    """Decode the character references of HTML and XML."""
    return DecodedText(text, _HTML, html.unescape)


def decode_escapes(text: str) -> DecodedText | None:
    """Decode every escape sequence of URIs, JSON, JavaScript and HTML once. Return None if this changes nothing."""
    decoded = DecodedText(text, _ANY, _any_characters)
    return None if decoded.text == text else decoded


def _any_characters(escape: str) -> str:
    if escape[0] == "\\":
        return _json_characters(escape)
    return _percent_characters(escape) if escape[0] == "%" else html.unescape(escape)


def _percent_characters(escape: str) -> str:
    return " " if escape == "+" else bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")


def _json_characters(escape: str) -> str:
    if escape[1] == "x" and len(escape) > 2:  # noqa: PLR2004 (JavaScript's)
        return bytes.fromhex(escape[2:]).decode("latin-1")
    if escape[1] != "u":
        return _SHORT_ESCAPES.get(escape[1], escape[1])
    if len(escape) == 2:  # noqa: PLR2004 (a "u" without digits)
        return "u"
    units = [int(escape[start : start + 4], 16) for start in range(2, len(escape), 6)]
    return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
