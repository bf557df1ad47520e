r"""Texts in texts: a form in a URI, JSON in a form, JSON in JSON, all of it in HTML.

A view is such a text decoded, which still knows where each of its characters stands in the text that it was taken from,
so that what is found in the one can be replaced in the other.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .shapes import Suspect

_PERCENT = re.compile(r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+|\+")
_JSON = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL)
_HTML = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_SHORT_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class View(NamedTuple):
    """A decoded text.

    Attributes:
        text: The text.
        starts: Where each of its characters begins in the text that was decoded.
        ends: Where each ends there.
    """

    text: str
    starts: list[int]
    ends: list[int]

    def outside(self, suspects: Iterable[Suspect]) -> Iterator[Suspect]:
        """Yield what was found in the view as it stands in the text that was decoded."""
        for suspect in suspects:
            if suspect.start < suspect.end:
                yield suspect._replace(start=self.starts[suspect.start], end=self.ends[suspect.end - 1], is_bare=False)


def moved(suspects: Iterable[Suspect], by: int) -> Iterator[Suspect]:
    """Yield what was found in a part of a text as it stands in all of it."""
    for suspect in suspects:
        yield suspect._replace(start=suspect.start + by, end=suspect.end + by)


def of_percent(text: str) -> View:
    """Decode what is percent-encoded, as a form is."""
    return _view(text, _PERCENT, _from_percent)


def of_json(text: str) -> View:
    """Decode what stands between the quotes of a string in JSON."""
    return _view(text, _JSON, _from_json)


def of_html(text: str) -> View:
    """Decode HTML's and XML's references to characters."""
    return _view(text, _HTML, html.unescape)


def _view(text: str, pattern: re.Pattern[str], decode: Callable[[str], str]) -> View:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0

    def keep(until: int) -> None:
        pieces.append(text[done:until])
        starts.extend(range(done, until))
        ends.extend(range(done + 1, until + 1))

    for match in pattern.finditer(text):
        keep(match.start())
        decoded = decode(match[0])
        pieces.append(decoded)
        starts.extend([match.start()] * len(decoded))
        ends.extend([match.end()] * len(decoded))
        done = match.end()
    keep(len(text))
    return View("".join(pieces), starts, ends)


def _from_percent(escape: str) -> str:
    return " " if escape == "+" else bytes.fromhex(escape.replace("%", "")).decode("utf-8", "replace")


def _from_json(escape: str) -> str:
    if escape[1] != "u":
        return _SHORT_ESCAPES.get(escape[1], escape[1])
    if len(escape) == 2:  # noqa: PLR2004 (a "u" that begins no number)
        return "u"
    units = [int(escape[start : start + 4], 16) for start in range(2, len(escape), 6)]
    return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
