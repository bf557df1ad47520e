"""How a known secret may be written: in a URI, a form, JSON, HTML, base64 or hexadecimal.

:func:`spellings_pattern` handles all known secrets of a cassette, of which there may be thousands.
:class:`EncodedSecrets` handles the few that the caller names, in many more encodings.
"""

import base64
import functools
import html
import html.entities
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from .decoding import DecodedText, decode_escapes
from .patterns import PLACEHOLDER, DetectedSecret

# Unreserved characters of RFC 3986 have one spelling.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_ENTITIES = {code: name for name, code in html.entities.name2codepoint.items()}
_MIN_UNBOUNDED_LENGTH = 16
# Python's compiler of regular expressions is recursive. Below this depth, the alternatives are a list.
_MAX_TREE_DEPTH = 40
_BEFORE_WORD = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_AFTER_WORD = r"(?![0-9A-Za-z])"
# How often a text may be encoded. A form in JSON in a form in a URI is encoded four times.
_MAX_LAYERS = 8
_MIN_BYTES = 4
_BASE64_CHARACTER = re.compile(r"[A-Za-z0-9+_-]")
_MAX_BASE64_AROUND = 1000
_REST_OF_BASE64 = re.compile(rf"[A-Za-z0-9+_-]{{0,{_MAX_BASE64_AROUND}}}={{0,2}}")
_URL_SAFE = str.maketrans("+/", "-_")
_TEXT, _HEX, _BASE64 = "text", "hexadecimal", "base64"


def spellings_pattern(secrets: Iterable[str]) -> tuple[re.Pattern[str], list[str]]:
    """Return a pattern of all spellings of secrets, and the secrets of its groups from the second one on.

    Its first group is a placeholder, so that placeholders can be skipped. A secret with a single spelling has no group.
    The pattern is a tree of the secrets' characters, so that a search takes as long for many secrets as for a few.
    """
    ordered = sorted(secrets)
    values = [secret for secret in ordered if not _PLAIN.fullmatch(secret)]
    group_of = set(values)
    # A short secret must not match inside a longer word or number. A long secret isn't part of another word by chance.
    long = [secret for secret in ordered if len(secret) >= _MIN_UNBOUNDED_LENGTH]
    short = [secret for secret in ordered if len(secret) < _MIN_UNBOUNDED_LENGTH]
    in_order: list[str] = []
    alternatives = [f"({PLACEHOLDER.pattern})"]
    for before, part in (
        ("", long),
        (_BEFORE_WORD, [secret for secret in short if secret[0].isalnum()]),
        ("", [secret for secret in short if not secret[0].isalnum()]),
    ):
        if part:
            alternatives.append(before + _tree(part, 0, group_of, in_order))
    return re.compile("|".join(alternatives)), in_order


def _tree(secrets: list[str], start: int, grouped: set[str], in_order: list[str], depth: int = 0) -> str:
    """Return a pattern of secrets from an index on. Longer secrets are tried before those that they begin with.

    Args:
        secrets: Sorted. They are equal up to the index.
        start: The index.
        grouped: The secrets that need a group.
        in_order: Receives the secrets of the groups, in the order of the groups.
        depth: How deep the tree is already.
    """
    end = start + len(_common_prefix(secrets[0][start:], secrets[-1][start:]))
    prefix = "".join(map(_char_spellings, secrets[0][start:end]))
    own = secrets[0] if len(secrets[0]) == end else None
    rest = secrets[1:] if own is not None else secrets
    branches = []
    if depth < _MAX_TREE_DEPTH:
        by_char: dict[str, list[str]] = {}
        for secret in rest:
            by_char.setdefault(secret[end], []).append(secret)
        branches = [_tree(part, end, grouped, in_order, depth + 1) for part in by_char.values()]
    else:
        for secret in sorted(rest, key=len, reverse=True):
            branches.append("".join(map(_char_spellings, secret[end:])) + _ending(secret, grouped, in_order))
    if own is not None:
        branches.append(_ending(own, grouped, in_order))
    return prefix + (branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})")


def _common_prefix(one: str, other: str) -> str:
    length = next((index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[:length] if length is not None else min(one, other, key=len)


def _ending(secret: str, grouped: set[str], in_order: list[str]) -> str:
    """Return the end of a secret's pattern: its group, and what must not follow a short secret."""
    if secret in grouped:
        in_order.append(secret)
    is_bounded = len(secret) < _MIN_UNBOUNDED_LENGTH and secret[-1].isalnum()
    return (_AFTER_WORD if is_bounded else "") + ("()" if secret in grouped else "")


@functools.lru_cache(maxsize=1024)
def _char_spellings(char: str) -> str:
    """Return a pattern of the spellings of a character in a URI, a form, JSON or HTML, or in one inside another."""
    if _PLAIN.fullmatch(char):
        return re.escape(char)
    code, units = ord(char), char.encode("utf-16-be", "surrogatepass").hex()
    in_json = "".join(rf"\\{{1,9}}u{units[start : start + 4]}" for start in range(0, len(units), 4))
    encoded = {char.encode("utf-8", "surrogatepass")} | ({bytes([code])} if code < 256 else set())  # noqa: PLR2004
    percent = ["".join(f"%(?:25){{0,9}}{byte:02x}" for byte in each) for each in sorted(encoded)]
    # Hexadecimal digits may be in either case.
    escapes = [in_json, f"&(?:amp;){{0,9}}#0{{0,5}}{code};", f"&(?:amp;){{0,9}}#x0{{0,5}}{code:x};", *percent]
    literal = [re.escape(char), f"(?i:{'|'.join(escapes)})"]
    if code in _ENTITIES:
        literal.append(f"&(?:amp;){{0,9}}{_ENTITIES[code]};")
    literal += {" ": [r"\+"], "'": ["&(?:amp;){0,9}apos;"]}.get(char, [])
    if char in "\\\"/'":
        literal.append(r"\\{1,31}" + re.escape(char))
    return f"(?:{'|'.join(literal)})"


class EncodedSecrets:
    """Secrets that are searched in texts which encode them: each character escaped, in base64 or in hexadecimal.

    A text that is encoded is decoded, up to eight times, and searched after each time.

    Args:
        secrets: The secrets.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # For each spelling: the secret, and whether the spelling is text, hexadecimal or base64.
        self._forms: dict[str, tuple[str, str]] = {}
        for secret in secrets:
            self._add(secret)
        self._pattern = _literals_pattern(list(self._forms))

    def find(self, text: str) -> Iterator[DetectedSecret]:
        """Find the secrets in a text, and in the texts that it encodes."""
        if self._pattern is None:
            return
        yield from self._find_in_layer(text, self._pattern)
        layers: list[DecodedText] = []
        for _ in range(_MAX_LAYERS):
            layer = decode_escapes(layers[-1].text if layers else text)
            if layer is None:
                return
            layers.append(layer)
            found = self._find_in_layer(layer.text, self._pattern)
            for outer in reversed(layers):
                found = outer.in_original(found)
            yield from found

    def _add(self, secret: str) -> None:
        spellings = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)}
        # A secret may look like an encoded text itself. Such a secret is decoded together with the text around it.
        decoded = secret
        while len(decoded) >= _MIN_BYTES and (layer := decode_escapes(decoded)) is not None:
            decoded = layer.text
            spellings.add(decoded)
        for spelling in spellings | {secret.replace(" ", "+")}:
            self._forms.setdefault(spelling, (secret, _TEXT))
        raw = {spelling.encode("utf-8", "surrogatepass") for spelling in spellings}
        raw |= {secret.encode("utf-16-le", "surrogatepass"), secret.encode("latin-1", "ignore")}
        for content in sorted(each for each in raw if len(each) >= _MIN_BYTES):
            for digits in (content.hex(), content.hex().upper()):
                self._forms.setdefault(digits, (secret, _HEX))
            for core in _base64_cores(content):
                for spelling in (core, *_base64_cores(core.encode())):
                    self._forms.setdefault(spelling, (secret, _BASE64))
                    self._forms.setdefault(spelling.translate(_URL_SAFE), (secret, _BASE64))

    def _find_in_layer(self, text: str, pattern: re.Pattern[str]) -> Iterator[DetectedSecret]:
        for match in pattern.finditer(text):
            secret, form = self._forms.get(match[0], ("", ""))
            start, end = match.span()
            if form == _BASE64:
                start, end = _base64_around(text, start, end)
            if form in (_HEX, _BASE64) or (form == _TEXT and not _is_in_word(text, start, end)):
                yield DetectedSecret(start, end, "secret", secret)


def _is_in_word(text: str, start: int, end: int) -> bool:
    """Return whether a short text is a part of a longer word or number."""
    is_after = text[start].isalnum() and text[start - 1 : start].isalnum()
    is_before = text[end - 1].isalnum() and text[end : end + 1].isalnum()
    return end - start < _MIN_UNBOUNDED_LENGTH and (is_after or is_before)


def _literals_pattern(literals: list[str]) -> re.Pattern[str] | None:
    """Return a pattern of literal texts that skips placeholders, or None if there are none."""
    if not literals:
        return None
    return re.compile(f"{PLACEHOLDER.pattern}|{_literal_tree(sorted(set(literals)), 0)}")


def _literal_tree(literals: list[str], start: int) -> str:
    end = start + len(_common_prefix(literals[0][start:], literals[-1][start:]))
    is_end = len(literals[0]) == end
    by_char: dict[str, list[str]] = {}
    for literal in literals[is_end:]:
        by_char.setdefault(literal[end], []).append(literal)
    branches = [_literal_tree(part, end) for part in by_char.values()] + [""] * is_end
    return re.escape(literals[0][start:end]) + (branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})")


def _base64_cores(content: bytes) -> Iterator[str]:
    """Yield what base64 makes of bytes at each offset, without the characters that depend on the bytes around them."""
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + content).decode()
        # A character holds six bits.
        core = encoded[-(-8 * offset // 6) : 8 * (offset + len(content)) // 6]
        if len(core) >= _MIN_BYTES:
            yield core


def _base64_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the start and the end of the base64 text around a secret. A slash ends it, because it may be a path's."""
    first = max(0, start - _MAX_BASE64_AROUND)
    while start > first and _BASE64_CHARACTER.match(text, start - 1):
        start -= 1
    around = _REST_OF_BASE64.match(text, end)
    return start, end if around is None else around.end()
