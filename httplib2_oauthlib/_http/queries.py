"""Finds in a text what was in the query of a URI, however often it was encoded since."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

# Patterns that are seldom needed are compiled when they are.
# A pair of a query with what stands before it, however often the query was encoded since; some write semicolons.
_AMPERSAND = r"(?:&(?:amp;)?|;|%(?:25)*(?:26|3B))"
_PAIR = rf"({_AMPERSAND}|\?|%(?:25)*3F)([A-Za-z0-9_.~-]+)(?:=|%(?:25)*3D)((?:(?!{_AMPERSAND})[^&#\s<>\"';,\\])*)"
# A value may be made to be decoded thousands of times.
_MOST_ENCODED = 8
# What is left in the place of the first pair of a query, until the ampersand after it is dropped.
_GONE = "\0"
_LEFT_OVER = rf"\?{_GONE}(?=[#\s>\"';,]|$)|{_GONE}{_AMPERSAND}?"


def without(text: str, ours: Mapping[str, str]) -> str:
    """Return a URI, or a text with URIs in it, without some pairs of queries: of these names with these values."""

    def dropped(match: re.Match[str]) -> str:
        before, name, value = match.groups()
        if name not in ours or decoded(value) != ours[name]:
            return match[0]
        return before + _GONE if before[-1] == "?" or before[-2:].upper() == "3F" else ""

    without_pairs = re.sub(_PAIR, dropped, text.replace(_GONE, ""), flags=re.IGNORECASE)
    return re.sub(_LEFT_OVER, "", without_pairs, flags=re.IGNORECASE)


def decoded(value: str) -> str:
    """Return what was encoded, as often as anybody would."""
    for _ in range(_MOST_ENCODED):
        value = unquote(value)
    return value
