r"""Texts in texts: a form in a URI, JSON in a form, JSON in JSON, all of it in HTML.

A view is such a text decoded, which still knows where each of its characters stands in the text that it was taken from,
so that what is found in the one can be replaced in the other.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from .shapes import Suspect

_PERCENT = re.compile(r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+|\+")
_JSON = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL)
_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_SHORT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class View:
    """A decoded text.

    Args:
        original: The text that is decoded.
        pattern: What in it stands for something else.
        decode: Returns what.

    Attributes:
        text: The decoded text.
    """

    def __init__(self, original: str, pattern: re.Pattern[str], decode: Callable[[str], str]) -> None:
        self._original = original
        self._pattern = pattern
        self._decode = decode
        self.text = pattern.sub(lambda match: decode(match[0]), original)

    def outside(self, suspects: Iterable[Suspect]) -> Iterator[Suspect]:
        """Yield what was found in the view as it stands in the text that was decoded."""
        for suspect in suspects:
            if suspect.start < suspect.end:
                starts, ends = self._places
                yield suspect._replace(start=starts[suspect.start], end=ends[suspect.end - 1], is_bare=False)

    @cached_property
    def _places(self) -> tuple[list[int], list[int]]:
        """Where each character of the view begins and ends in the original; of use only where something was found."""
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


def moved(suspects: Iterable[Suspect], by: int) -> Iterator[Suspect]:
    """Yield what was found in a part of a text as it stands in all of it."""
    for suspect in suspects:
        yield suspect._replace(start=suspect.start + by, end=suspect.end + by)


def of_percent(text: str) -> View:
    """Decode what is percent-encoded, as a form is."""
    return View(text, _PERCENT, _from_percent)


def of_json(text: str) -> View:
    """Decode what stands between the quotes of a string in JSON."""
    return View(text, _JSON, _from_json)


def of_html(text: str) -> View:
    """Decode HTML's and XML's references to characters."""
    return View(text, _HTML, html.unescape)


def _from_percent(escape: str) -> str:
    return " " if escape == "+" else bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")


def _from_json(escape: str) -> str:
    if escape[1] != "u":
        return _SHORT_ESCAPES.get(escape[1], escape[1])
    if len(escape) == 2:  # noqa: PLR2004 (a "u" that begins no number)
        return "u"
    units = [int(escape[start : start + 4], 16) for start in range(2, len(escape), 6)]
    return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
