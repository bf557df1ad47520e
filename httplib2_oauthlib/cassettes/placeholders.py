"""Gives every secret of a cassette one placeholder, the same wherever the secret stands and however it is spelled."""

import html
import json
import re
from collections import Counter
from functools import cached_property
from urllib.parse import quote, quote_plus

from .suspects import DOCUMENTATION_NETWORKS, PLACEHOLDER, address_of

# Values that are shorter, or could be words, are replaced where their name says what they are and nowhere else: to take
# the password "password" out of everything would spoil more than it hides.
_SHORTEST = 8
_SHORTEST_OF_LETTERS = 20
#: The fewest characters of a secret that a program names itself.
SHORTEST_NAMED = 4


class Placeholders:
    """The placeholders of one cassette, numbered in the order in which their secrets come.

    Args:
        named: Secrets that the program names; they are replaced wherever they stand.
    """

    def __init__(self, named: tuple[str, ...] = ()) -> None:
        self._by_value: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._everywhere: set[str] = set(named)
        for value in named:
            self.of("secret", value)

    def reserve(self, text: str) -> None:
        """Give away no placeholder that stands in a text already."""
        for found in PLACEHOLDER.findall(text):
            kind, number = ("email", found[9 : found.index("@")]) if "@" in found else found[9:].rsplit("-", 1)
            self._counts[kind] = max(self._counts[kind], int(number))
        for number in re.findall(r"(?<![0-9.])192\.0\.2\.([0-9]{1,3})(?![0-9.])", text):
            self._counts["ip"] = max(self._counts["ip"], int(number))

    def of(self, kind: str, value: str) -> str:
        """Return the placeholder of a secret: the one it has, or a new one."""
        if value not in self._by_value:
            self._counts[kind] += 1
            self._by_value[value] = self._new(kind, value, self._counts[kind])
            if _can_stand_anywhere(kind, value):
                self._everywhere.add(value)
            vars(self).pop("_pattern", None)
        return self._by_value[value]

    def spare(self, value: str) -> None:
        """Replace a value only where its name says what it is, and nowhere else."""
        self._everywhere.discard(value)
        vars(self).pop("_pattern", None)

    def put_into(self, text: str) -> str:
        """Return a text with the placeholders in place of all secrets that are known by now."""
        pattern, spellings = self._pattern
        return pattern.sub(lambda match: spellings[match[0]], text) if pattern is not None else text

    @cached_property
    def _pattern(self) -> tuple[re.Pattern[str] | None, dict[str, str]]:
        spellings = {
            spelling: self._by_value[value] for value in self._everywhere for spelling in _spellings(value) if spelling
        }
        if not spellings:
            return None, spellings
        longest_first = sorted(spellings, key=len, reverse=True)
        return re.compile("|".join(map(_bounded, longest_first))), spellings

    def _new(self, kind: str, value: str, number: int) -> str:
        if kind == "email":
            return f"scrubbed-{number}@example.org"
        if kind == "ip":
            # Still an address, since programs tell somebody anonymous by it.
            address = address_of(value)
            if address is not None and address.version == 6:  # noqa: PLR2004
                return str(DOCUMENTATION_NETWORKS[3][number])
            network, host = divmod(number - 1, 254)
            return str(DOCUMENTATION_NETWORKS[network % 3][host + 1])
        return f"SCRUBBED-{kind}-{number}"


def _can_stand_anywhere(kind: str, value: str) -> bool:
    if kind == "ip":
        address = address_of(value)
        return address is not None and not address.is_loopback
    if kind == "realname":
        return False
    return len(value) >= (_SHORTEST_OF_LETTERS if value.isalpha() else _SHORTEST)


def _spellings(value: str) -> set[str]:
    """Return how a value may be written in a URI, a form, JSON, HTML or a header."""
    encoded = {quote(value, safe=""), quote_plus(value), quote(value, safe="~!*'()"), quote(value, safe="/:@")}
    lower = {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), each) for each in encoded}
    in_json = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    in_json |= {each.replace("/", r"\/") for each in in_json}
    twice = {quote(each, safe="") for each in encoded}
    return {value, html.escape(value), html.escape(value, quote=False)} | encoded | lower | in_json | twice


def _bounded(spelling: str) -> str:
    # Long ones can't be a part of anything else by chance; a short one must not be cut out of a word or a number.
    if len(spelling) >= 2 * _SHORTEST:
        return re.escape(spelling)
    before = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))" if spelling[0].isalnum() else ""
    return before + re.escape(spelling) + (r"(?![0-9A-Za-z])" if spelling[-1].isalnum() else "")
