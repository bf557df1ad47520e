"""Gives every secret of a cassette one placeholder, the same wherever the secret stands and however it is spelled."""

import html.entities
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from .names import address_of
from .shapes import BY_CHANCE, DOCUMENTATION_NETWORKS, PLACEHOLDER, Suspect, number_by_hash

# Values that are shorter, or that could be a word, a number or a path, are replaced where their name says what they are
# and nowhere else: to take the password "password" out of everything would spoil more than it hides.
_SHORTEST = 8
_SHORTEST_COOKIE = 16
_SHORTEST_PASSWORD_OF_LETTERS = 12
_SHORTEST_OF_ONE_KIND = 20
#: The fewest characters of a secret that a program names itself.
SHORTEST_NAMED = 4
#: Kinds that are new in every request, so that only the answer to it can hold them too.
OF_ONE_REQUEST = ("nonce", "signature")

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ENTITIES = {code: name for name, code in html.entities.name2codepoint.items()}
# How deep the alternatives of a pattern are sorted into a tree by their first characters.
_DEPTH = 4


def named(secrets: Iterable[str | None]) -> tuple[str, ...]:
    """Return the secrets that a program names, longest first, without what is not set."""
    stripped = {secret.strip() for secret in secrets if secret} - {""}
    return tuple(sorted(stripped, key=lambda secret: (-len(secret), secret)))


class Placeholders:
    """The placeholders of one cassette, numbered in the order in which their secrets come.

    Args:
        named: Secrets that the program names; they are replaced wherever they stand.
    """

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._by_value: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._named = tuple(named)
        self._everywhere: set[str] = set(self._named)
        for value in self._named:
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
            self._by_value[value] = self._new(kind, value)
            if _can_stand_anywhere(kind, value):
                self._everywhere.add(value)
            vars(self).pop("_pattern", None)
        return self._by_value[value]

    def spare(self, value: str) -> None:
        """Replace a value only where its name says what it is, and nowhere else, unless the program named it."""
        if value not in self._named:
            self._everywhere.discard(value)
            vars(self).pop("_pattern", None)

    def found_in(self, text: str) -> list[Suspect]:
        """Find the secrets that are known, however they are spelled."""
        pattern, values = self._pattern
        found = (match for match in pattern.finditer(text) if match.lastindex != 1) if values else ()
        return [
            Suspect(*match.span(), "secret", match[0] if match.lastindex is None else values[match.lastindex - 2])
            for match in found
        ]

    def in_place_of(self, suspects: Iterable[Suspect], text: str) -> str:
        """Return a text with placeholders in place of what was found in it.

        Args:
            suspects: In the order in which they stand, none within another.
            text: The text.
        """
        pieces, done = [], 0
        for suspect in suspects:
            placeholder = self.of(suspect.kind, suspect.value)
            pieces += [text[done : suspect.start], f'"{placeholder}"' if suspect.is_bare else placeholder]
            done = suspect.end
        return "".join([*pieces, text[done:]])

    def put_into(self, text: str, besides: Iterable[str] = ()) -> str:
        """Return a text with the placeholders in place of all secrets that are known by now.

        Args:
            text: The text.
            besides: Secrets of ``OF_ONE_REQUEST`` that may stand in this text.
        """
        for pattern, values in (self._pattern, _pattern_of(besides)):
            if values:
                text = self._replaced(text, pattern, values)
        return text

    def _replaced(self, text: str, pattern: re.Pattern[str], values: list[str]) -> str:
        def replace(match: re.Match[str]) -> str:
            if match.lastindex == 1:  # A placeholder.
                return match[0]
            value = match[0] if match.lastindex is None else values[match.lastindex - 2]
            # A digit that follows must not become a part of the number.
            return self._by_value[value] + "~" * text[match.end() : match.end() + 1].isdigit()

        return pattern.sub(replace, text)

    @cached_property
    def _pattern(self) -> tuple[re.Pattern[str], list[str]]:
        return _pattern_of(self._everywhere)

    def _new(self, kind: str, value: str) -> str:
        if kind in BY_CHANCE:
            return f"SCRUBBED-{kind}-{number_by_hash(value)}"
        address = address_of(value) if kind == "ip" else None
        known = None if address is None else self._by_value.get(address.compressed)
        if known is not None:  # One address may be spelled in several ways.
            return known
        self._counts[kind] += 1
        number = self._counts[kind]
        if address is not None:
            # Still an address, since programs tell somebody anonymous by it.
            network, host = divmod(number - 1, 254)
            is_new = address.version == 6  # noqa: PLR2004
            placeholder = str(
                DOCUMENTATION_NETWORKS[3][number] if is_new else DOCUMENTATION_NETWORKS[network % 3][host + 1]
            )
            self._by_value[address.compressed] = placeholder
            if _can_stand_anywhere(kind, value):
                self._everywhere.add(address.compressed)
            return placeholder
        return f"scrubbed-{number}@example.org" if kind == "email" else f"SCRUBBED-{kind}-{number}"


def _can_stand_anywhere(kind: str, value: str) -> bool:
    if kind in OF_ONE_REQUEST or kind == "realname":
        return False
    if kind == "ip":
        address = address_of(value)
        return address is not None and not address.is_loopback
    if kind == "email":
        return "@" in value
    is_mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    if "pass" in kind or kind == "basic":
        return len(value) >= (_SHORTEST if is_mixed else _SHORTEST_PASSWORD_OF_LETTERS)
    shortest = _SHORTEST_COOKIE if kind == "cookie" else _SHORTEST
    return len(value) >= (shortest if is_mixed else _SHORTEST_OF_ONE_KIND)


def _pattern_of(secrets: Iterable[str]) -> tuple[re.Pattern[str], list[str]]:
    """Return a pattern of all spellings of secrets, and the secrets of its groups from the second on.

    Its first group is a placeholder, which is left as it is. What has one spelling stands in no group.
    """
    longest_first = sorted(secrets, key=lambda secret: (-len(secret), secret))
    plain = [secret for secret in longest_first if _PLAIN.fullmatch(secret)]
    others = [secret for secret in longest_first if not _PLAIN.fullmatch(secret)]
    alternatives = [f"({PLACEHOLDER.pattern})"]
    alternatives += [f"({_bounded(secret, ''.join(map(_spellings_of, secret)))})" for secret in others]
    if plain:
        alternatives.append(_tree([(secret, _bounded(secret, re.escape(secret))) for secret in plain], 0))
    return re.compile("|".join(alternatives)), [*others, *plain]


def _tree(secrets: list[tuple[str, str]], depth: int) -> str:
    """Return alternatives sorted by their first characters: of a list each is tried, at each place of a text."""
    if depth == _DEPTH or len(secrets) < _DEPTH:
        return "(?:" + "|".join(pattern for _, pattern in secrets) + ")"
    branches: dict[str, list[tuple[str, str]]] = {}
    for secret, pattern in secrets:
        branches.setdefault(secret[depth : depth + 1], []).append((secret, pattern))
    ahead = "(?={})".format("." * depth + "{}")
    return (
        "(?:"
        + "|".join(ahead.format(re.escape(char)) + _tree(rest, depth + 1) for char, rest in branches.items())
        + ")"
    )


def _bounded(secret: str, pattern: str) -> str:
    # Long ones can't be a part of anything else by chance; a short one must not be cut out of a word or a number.
    if len(secret) >= 2 * _SHORTEST:
        return pattern
    before = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))" if secret[0].isalnum() else ""
    return before + pattern + (r"(?![0-9A-Za-z])" if secret[-1].isalnum() else "")


def _spellings_of(char: str) -> str:
    """Return a pattern of how a character may be written in a URI, a form, JSON, HTML, or one in the other."""
    if char.isascii() and (char.isalnum() or char in "_-"):
        return char
    code, units = ord(char), char.encode("utf-16-be", "surrogatepass").hex()
    in_json = "".join(rf"\\{{1,4}}u{units[start : start + 4]}" for start in range(0, len(units), 4))
    encoded = {char.encode("utf-8", "surrogatepass")} | ({bytes([code])} if code < 256 else set())  # noqa: PLR2004
    percent = ["".join(f"%(?:25){{0,2}}{byte:02x}" for byte in each) for each in encoded]
    # Hexadecimal digits may be in either case.
    escapes = [in_json, f"&(?:amp;)?#0{{0,5}}{code};", f"&(?:amp;)?#x0{{0,5}}{code:x};", *percent]
    literal = [re.escape(char), f"(?i:{'|'.join(escapes)})"]
    if code in _ENTITIES:
        literal.append(f"&(?:amp;)?{_ENTITIES[code]};")
    literal += {" ": [r"\+"], "'": ["&apos;"]}.get(char, [])
    if char in "\\\"/'":
        literal.append(r"\\{1,7}" + re.escape(char))
    return f"(?:{'|'.join(literal)})"
