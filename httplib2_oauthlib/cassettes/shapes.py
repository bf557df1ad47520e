"""What secrets look like, whatever name they stand under; and what stands in their place."""

import base64
import hashlib
import ipaddress
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from .names import address_of, is_of_hash

#: What stands in a cassette for something that was scrubbed: unreserved characters only, so that it stays the same
#: percent-encoded, in JSON, in HTML, in a cookie and in a header.
PLACEHOLDER = re.compile(r"SCRUBBED-[a-z0-9]+-[0-9]+|scrubbed-[0-9]+@example\.org")
#: Addresses for documentation (RFC 5737, RFC 3849): nobody's.
DOCUMENTATION_NETWORKS = tuple(
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
#: Kinds of what only looks secret. Their placeholders are numbered by a hash, so that two requests with two such values
#: are still told apart; what is so long and random can't be found again from 27 bits.
BY_CHANCE = ("hex", "random")

_AFTER_ESCAPE = r"(?:(?<![0-9A-Za-z_%])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_JWT = re.compile(r"(?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?")
_USERINFO = re.compile(r"(?<=://)(?:[^/@\s:\"'<>?#]{1,100}:)?([^/@\s\"'<>?#]{1,200})(?=@)")
_SCHEME = re.compile(r"\b(Basic|Bearer)\s{1,8}([A-Za-z0-9+/=._~-]{8,})", re.IGNORECASE)
_HEX = re.compile(_AFTER_ESCAPE + r"[0-9a-fA-F]{32,}(?![0-9A-Za-z_])")
_RANDOM = re.compile(_AFTER_ESCAPE + r"[A-Za-z0-9+/_-]{24,}={0,2}(?![0-9A-Za-z_])")
_FEWEST_DIGITS = 5


class Suspect(NamedTuple):
    """A secret, or what looks like one, in a text.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends.
        kind: What it is, in lower case letters and digits: ``token``, ``csrftoken``, ``cookie``, ``jwt``.
        value: What it is, decoded from the text's own spelling.
        is_bare: Whether it is a number in JSON, in whose place only something quoted may stand.
    """

    start: int
    end: int
    kind: str
    value: str
    is_bare: bool = False


def by_shape(text: str) -> Iterator[Suspect]:
    """Find what looks like a secret by itself."""
    for match in _PRIVATE_KEY.finditer(text):
        yield Suspect(*match.span(), "privatekey", match[0])
    for match in _JWT.finditer(text):
        yield Suspect(*match.span(), "jwt", match[0])
    for match in _USERINFO.finditer(text):
        yield Suspect(*match.span(1), "password", unquote(match[1]))
    for match in _SCHEME.finditer(text):
        if match[1].lower() == "bearer" or password_of(match[2]) is not None:
            yield Suspect(*match.span(2), match[1].lower(), match[2])
    yield from by_chance(text)


def by_chance(text: str) -> Iterator[Suspect]:
    """Find what chance has made: long hexadecimal numbers, letters and digits in no order."""
    for pattern, kind, is_one in ((_HEX, "hex", _is_hex), (_RANDOM, "random", _is_random)):
        for match in pattern.finditer(text):
            if is_one(match[0]) and not _is_called_hash(text, match.start()):
                yield Suspect(*match.span(), kind, match[0])


def number_by_hash(value: str) -> int:
    """Return the number in the placeholder of something that chance has made."""
    return int.from_bytes(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()[:8]) % 10**8


def is_placeholder(value: str) -> bool:
    """Whether a value stands for something that was scrubbed already."""
    if PLACEHOLDER.fullmatch(value.rstrip(".,;:!?)~")):  # With what ends a sentence behind it.
        return True
    address = address_of(value)
    return address is not None and any(address in network for network in DOCUMENTATION_NETWORKS)


def password_of(basic: str) -> str | None:
    """Return the password in Basic credentials, or None if they are none."""
    try:
        decoded = base64.b64decode(basic + "==", validate=False).decode("utf-8", "replace")
    except ValueError:
        return None
    _, colon, password = decoded.partition(":")
    return password if colon else None


def _is_hex(text: str) -> bool:
    return len(set(text.lower())) > 4  # noqa: PLR2004 (a rule of zeros is none)


def _is_random(text: str) -> bool:
    """Whether letters of both cases and digits change places as often as they do where chance has put them.

    In base 62 two neighbours are of different kinds in two cases of three, in base 32 in two of five; in words, in
    names of a program and in paths it is one in five.
    """
    kinds = ["u" if char.isupper() else "l" if char.islower() else "d" for char in text if char.isalnum()]
    upper, lower, digits = (kinds.count(kind) for kind in "uld")
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    if min(upper, lower, digits) >= 2:  # noqa: PLR2004
        return len(kinds) >= 20 and changes > 0.4 * len(kinds)  # noqa: PLR2004
    is_base_32 = text.isalnum() and min(max(upper, lower), digits) >= _FEWEST_DIGITS
    return is_base_32 and not min(upper, lower) and changes > 0.3 * len(kinds)


def _is_called_hash(text: str, start: int) -> bool:
    # "sha1": "...", sha1=..., "sha1":{"value": ... and the description of a file.
    name = re.search(r"([A-Za-z0-9-]+)\W{1,6}$", text[max(0, start - 28) : start])
    return name is not None and is_of_hash(name[1])
