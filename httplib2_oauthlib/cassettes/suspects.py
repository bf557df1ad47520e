r"""Tells what in a text is a secret, or looks like one: by the name it stands under, or by its shape.

The scrubber and the audit ask the same questions, so that what has been scrubbed passes the audit. Nothing is replaced
here, and no text is changed.
"""

import base64
import html
import ipaddress
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias
from urllib.parse import quote, unquote, unquote_plus

#: What stands in a cassette for something that was scrubbed: unreserved characters only, so that it stays the same
#: percent-encoded, in JSON, in HTML, in a cookie and in a header.
PLACEHOLDER = re.compile(r"SCRUBBED-[a-z0-9]+-[0-9]+|scrubbed-[0-9]+@example\.org")
#: Names and addresses for documentation (RFC 5737, RFC 3849): nobody's.
DOCUMENTATION_NETWORKS = tuple(
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)

# Of OAuth's parameters these tell nothing that is worth hiding, and a client has to read some of them; the last are
# variables of the environment, which documentation names.
_PUBLIC_OAUTH = re.compile(
    r"oauth_(?:version|signature_method|timestamp|callback|callback_confirmed|problem(?:_\w+)?|acceptable_\w+"
    r"|parameters_\w+|(?:authorization_)?expires_in|wiki|user_agent|test_write)"
)
_SECRET_NAME = re.compile(
    r"token$|passw(?:or)?d|passphrase|secret|(?:api|access|private|session|auth)key$|sessionid$|verifier$|^retype$"
    r"|csrf$|^authorization$|^jwt$|^sid$"
)
# Google's and others' places in a list, which a client sends back.
_PLACES = re.compile(r"(?:page|sync|continue|continuation)token$")
_PERSONAL_NAMES = {"email": "email", "emailaddress": "email", "mail": "email", "realname": "realname"}
# Where MediaWiki puts the address of somebody who is not logged in, and where servers repeat the client's.
_ADDRESS_NAMES = frozenset("name user username userhidden ip clientip xclientip xrealip xforwardedfor".split())
_HASH_NAMES = re.compile(r"(?:sha\d*|md5|hash|etag|digest|checksum|integrity)(?:base36)?$")
_COOKIE_ATTRIBUTES = frozenset("expires path domain max-age samesite secure httponly priority partitioned".split())

# A token of MediaWiki ends with this, so that broken clients are found out; for somebody anonymous it is all.
_CSRF_SUFFIX = re.compile(r"(?:\+|%2[Bb]|&#43;)(?:\\{1,4}|%5[Cc]|&#92;)$")

# Values that are none: of a token without its suffix, and what documentation puts in a value's place.
_NOTHING = re.compile(r"[\s+]*|\.{3}|\*{3,}")

_JSON_PAIR = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*))')
_PAIR_IN_JSON_TEXT = re.compile(r'\\"([\w.-]{1,80})\\"\s*:\s*\\"([^"\\]*)')
_JAVASCRIPT_PAIR = re.compile(r"""(?<![\w.$"'-])([A-Za-z_$][\w$]{0,80})\s*:\s*["']([^"'\\]*)["']""")
_KEY_AND_SECRET = re.compile(r'"key"\s*:\s*"([^"\\]+)"\s*,\s*"secret"')  # Special:OAuth/token with format=json.
_ATTRIBUTE = re.compile(r"""(?<![\w:.-])([\w:.-]{1,80})=(?:"([^"]*)"|'([^']*)')""")
_TAG = re.compile(r"<(?:input|meta)\b[^<>]{0,4000}>", re.IGNORECASE)
_ELEMENT = re.compile(r"<([\w:.-]{1,80})(?:\s[^<>]{0,400})?>([^<>]{1,8000})</")
_PAIR_IN_TEXT = re.compile(r"(?<![\w.%-])([\w.%\[\]-]{1,80})=([^&\s\"'<>;,\\]+)")
_PART = re.compile(r'\bname="?([^";\r\n]{1,200})"?[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)(?=\r?\n--)', re.DOTALL)
_OAUTH_PARAMETER = re.compile(r'([\w%.-]{1,80})="([^"]*)"')
_COOKIE = re.compile(r"(?:^|[;,])\s*([^\s=;,]+)=([^;,]*)")

_AFTER_ESCAPE = r"(?:(?<![0-9A-Za-z_%])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_JWT = re.compile(r"(?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_URI_PASSWORD = re.compile(r"(?<=://)[^/@\s:\"'<>]{1,100}:([^/@\s\"'<>]{1,200})(?=@)")
_SCHEME = re.compile(r"\b(Basic|Bearer)\s+([A-Za-z0-9+/=._~-]{8,})", re.IGNORECASE)
_HEX = re.compile(_AFTER_ESCAPE + r"[0-9a-fA-F]{32,}(?![0-9A-Za-z_])")
_RANDOM = re.compile(_AFTER_ESCAPE + r"[A-Za-z0-9+/_-]{24,}={0,2}(?![0-9A-Za-z_])")


class Suspect(NamedTuple):
    """A secret, or what looks like one, in a text.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends.
        kind: What it is, in lower case letters and digits: ``token``, ``csrftoken``, ``cookie``, ``jwt``.
        value: What it is, decoded from the text's own spelling.
    """

    start: int
    end: int
    kind: str
    value: str


#: Finds the suspects in one kind of text.
Finder: TypeAlias = Callable[[str], "list[Suspect]"]


def kind_of_name(name: str) -> str | None:
    """Return what kind of secret stands under a name, or None if what stands there is none."""
    lowered = name.lower()
    if lowered.startswith("oauth_"):
        return None if _PUBLIC_OAUTH.fullmatch(lowered) else _plain(lowered[6:]) or "oauth"
    plain = _plain(lowered)
    if plain in _PERSONAL_NAMES:
        return _PERSONAL_NAMES[plain]
    return plain if _SECRET_NAME.search(plain) and not _PLACES.search(plain) else None


def authenticates(name: str) -> bool:
    """Whether what stands under a name is there to prove who sends it: OAuth's parameters, tokens, passwords."""
    return name.lower().startswith("oauth_") or kind_of_name(name) not in (None, *_PERSONAL_NAMES.values())


def is_placeholder(value: str) -> bool:
    """Whether a value stands for something that was scrubbed already."""
    if PLACEHOLDER.fullmatch(value):
        return True
    address = address_of(value)
    return address is not None and any(address in network for network in DOCUMENTATION_NETWORKS)


def address_of(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a value as an IP address, or None if it is none."""
    try:
        return ipaddress.ip_address(value.strip())
    except ValueError:
        return None


def in_header(name: str, value: str) -> list[Suspect]:
    """Find what is secret in a header, of a request or of a response."""
    lowered = name.lower()
    if lowered in ("authorization", "proxy-authorization"):
        return _tidied(_in_authorization(value))
    if lowered in ("cookie", "set-cookie", "cookie2", "set-cookie2"):
        return _tidied(_in_cookies(value))
    if lowered in ("location", "content-location", "referer"):
        return in_uri(value)
    return in_field(name, value)


def in_field(name: str, value: str) -> list[Suspect]:
    """Find what is secret in a value that stands under a name: all of it, or some of its text."""
    kind = _kind_of_pair(name, value)
    if kind is not None:
        return _tidied([_suspect(value, 0, len(value), kind, value)])
    if _HASH_NAMES.search(_plain(name.lower())):
        return [suspect for suspect in in_text(value) if suspect.kind not in ("hex", "random")]
    return in_text(value)


def in_uri(uri: str) -> list[Suspect]:
    """Find what is secret in a URI: in its query, its fragment, its userinfo, or anywhere by its shape."""
    start = re.search(r"[?#]", uri)
    found = _in_pairs(uri, start.start(), r"[?&#]([^&=?#]*)=([^&#]*)") if start else iter(())
    return _tidied([*found, *_anywhere(uri)])


def in_form(form: str) -> list[Suspect]:
    """Find what is secret in a form-encoded body."""
    return _tidied([*_in_pairs(form, 0, r"(?:^|&)([^&=]*)=([^&]*)"), *_anywhere(form)])


def in_text(text: str) -> list[Suspect]:
    """Find what is secret in any other text: JSON, XML, HTML, JavaScript, multipart, or a person's words."""
    return _tidied(_anywhere(text))


def _anywhere(text: str) -> Iterator[Suspect]:
    yield from _by_name(text)
    yield from _by_shape(text)


def _by_name(text: str) -> Iterator[Suspect]:
    for sign, pattern, groups, decode in _NAMED:
        if sign in text:
            for match in pattern.finditer(text):
                yield from _pair(match, groups, decode)
    for match in _KEY_AND_SECRET.finditer(text):
        yield _suspect(text, *match.span(1), "token", match[1])
    for tag in _TAG.finditer(text):
        yield from _in_tag(text, tag)


def _by_shape(text: str) -> Iterator[Suspect]:
    for match in _PRIVATE_KEY.finditer(text):
        yield _suspect(text, *match.span(), "privatekey", match[0])
    for match in _JWT.finditer(text):
        yield _suspect(text, *match.span(), "jwt", match[0])
    for match in _URI_PASSWORD.finditer(text):
        yield _suspect(text, *match.span(1), "password", unquote(match[1]))
    for match in _SCHEME.finditer(text):
        if match[1].lower() == "bearer" or _is_basic(match[2]):
            yield _suspect(text, *match.span(2), match[1].lower(), match[2])
    for pattern, kind, is_one in ((_HEX, "hex", _is_hex), (_RANDOM, "random", _is_random)):
        for match in pattern.finditer(text):
            if is_one(match[0]) and not _is_hash(text, match.start()):
                yield _suspect(text, *match.span(), kind, match[0])


def _in_authorization(value: str) -> Iterator[Suspect]:
    scheme, space, rest = value.partition(" ")
    if scheme.lower() == "oauth":
        for match in _OAUTH_PARAMETER.finditer(value):
            yield from _pair(match, ((1, 2),), unquote)
    elif space:
        start = len(value) - len(rest.lstrip())
        yield _suspect(value, start, len(value), _plain(scheme.lower()) or "authorization", value[start:])
    else:
        yield _suspect(value, 0, len(value), "authorization", value)


def _in_cookies(value: str) -> Iterator[Suspect]:
    for match in _COOKIE.finditer(value):
        if match[1].lower() not in _COOKIE_ATTRIBUTES:
            yield _suspect(value, *match.span(2), "cookie", unquote(match[2]))


def _in_pairs(text: str, start: int, pattern: str) -> Iterator[Suspect]:
    for match in re.compile(pattern).finditer(text, start):
        found = list(_pair(match, ((1, 2),), unquote_plus))
        yield from found
        decoded = unquote_plus(match[2])
        if not found and "=" in decoded and "%" in match[2]:
            # A URI in a URI, such as where to go on after the login.
            for inner in in_text(decoded):
                spelling = quote(inner.value, safe="")
                at = match[2].find(spelling)
                where = (match.start(2) + at, match.start(2) + at + len(spelling)) if at >= 0 else match.span(2)
                yield _suspect(text, *where, inner.kind, inner.value if at >= 0 else decoded)


def _in_tag(text: str, tag: re.Match[str]) -> Iterator[Suspect]:
    attributes = {match[1].lower(): match for match in _ATTRIBUTE.finditer(text, *tag.span())}
    name = attributes.get("name")
    value = attributes.get("value", attributes.get("content"))
    if name is None or value is None:
        return
    group = 2 if value[2] is not None else 3
    kind = _kind_of_pair(html.unescape(name[2] or name[3] or ""), html.unescape(value[group]))
    if kind is not None:
        yield _suspect(text, *value.span(group), kind, html.unescape(value[group]))


def _pair(match: re.Match[str], groups: Iterable[tuple[int, int]], decode: Callable[[str], str]) -> Iterator[Suspect]:
    """Yield the value of a name and value, if the name says that it is secret."""
    for name, value in groups:
        if match[name] is not None and match[value] is not None:
            decoded = decode(match[value])
            kind = _kind_of_pair(decode(match[name]), decoded)
            if kind is not None:
                yield _suspect(match.string, *match.span(value), kind, decoded)


def _kind_of_pair(name: str, value: str) -> str | None:
    kind = kind_of_name(name)
    if kind is None and _plain(name.lower()) in _ADDRESS_NAMES and address_of(value) is not None:
        return "ip"
    return None if value in ("true", "false", "null", "None") else kind


def _suspect(text: str, start: int, end: int, kind: str, value: str) -> Suspect:
    suffix = _CSRF_SUFFIX.search(text, start, end)
    if suffix is not None and value.endswith("+\\"):
        end, value = suffix.start(), value[:-2]
    return Suspect(start, end, kind, value)


def _tidied(suspects: Iterable[Suspect]) -> list[Suspect]:
    """Return suspects in their order, none within another, none empty, none scrubbed already.

    What was found first is kept where two overlap: a name tells more than a shape.
    """
    kept: list[Suspect] = []
    taken: list[tuple[int, int]] = []
    for suspect in sorted(suspects, key=lambda each: each.start):
        if suspect.start >= suspect.end or _NOTHING.fullmatch(suspect.value):
            continue
        if taken and suspect.start < taken[-1][1]:
            continue
        taken.append((suspect.start, suspect.end))
        if not is_placeholder(suspect.value):
            kept.append(suspect)
    return kept


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name)


def _from_json(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text


def _from_attribute(text: str) -> str:
    # Of HTML, of XML, or of a header of OAuth.
    return unquote(html.unescape(text))


def _is_basic(text: str) -> bool:
    try:
        return b":" in base64.b64decode(text + "==", validate=False)
    except ValueError:
        return False


def _is_hex(text: str) -> bool:
    return len(set(text.lower())) > 4  # noqa: PLR2004 (a rule of zeros is none)


def _is_random(text: str) -> bool:
    """Whether letters of both cases and digits change places as often as they do where chance has put them.

    In base 62 two neighbours are of different kinds in two cases of three; in words, in names of a program and in
    paths it is one in five.
    """
    kinds = ["u" if char.isupper() else "l" if char.islower() else "d" for char in text if char.isalnum()]
    if len(kinds) < 20 or min(kinds.count(kind) for kind in "uld") < 2:  # noqa: PLR2004
        return False
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    return changes > 0.4 * len(kinds)


def _is_hash(text: str, start: int) -> bool:
    name = re.search(r"([A-Za-z0-9]+)\W{1,6}$", text[max(0, start - 24) : start])
    return name is not None and _HASH_NAMES.search(name[1].lower()) is not None


# What a name and a value look like in one text: a sign without which there is none, a pattern, the groups of name and
# value in it, and how both are decoded.
_NAMED: tuple[tuple[str, re.Pattern[str], tuple[tuple[int, int], ...], Callable[[str], str]], ...] = (
    (":", _JSON_PAIR, ((1, 2), (1, 3)), _from_json),
    (":", _PAIR_IN_JSON_TEXT, ((1, 2),), _from_json),
    (":", _JAVASCRIPT_PAIR, ((1, 2),), _from_json),
    ("=", _ATTRIBUTE, ((1, 2), (1, 3)), _from_attribute),
    ("=", _PAIR_IN_TEXT, ((1, 2),), unquote_plus),
    ("<", _ELEMENT, ((1, 2),), html.unescape),
    ("form-data", _PART, ((1, 2),), str),
)
