"""What secrets look like: the names they have, and the shapes of their values.

Nothing is read or replaced here. :mod:`.detection` applies these patterns to whole messages.
"""

import base64
import functools
import hashlib
import ipaddress
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

# Names: of a parameter in a query or a form, of a member in JSON, of a header.

# Parameters of OAuth that hold nothing secret. A client has to read some of them. The last three are names of
# environment variables, which documentation mentions.
_PUBLIC_OAUTH_NAME = re.compile(
    r"oauth_(?:version|signature_method|timestamp|callback|callback_confirmed|problem(?:_\w+)?|acceptable_\w+"
    r"|parameters_\w+|(?:authorization_)?expires_in|wiki|user_agent|test_write)"
)
_PHRASE = r"(?:passw(?:or)?d|passwort|kennwort|passphrase|passcode|pwd)"
_REPEATED = r"(?:confirm(?:ation|ed)?|again|repeat(?:ed)?|retyped?|verify|verification|check|old|new|current|hash)?"
_SECRET_NAME = re.compile(
    rf"(?:token|{_PHRASE}{_REPEATED}|retype|secret|secretkey|verifier|csrf|jwt|sess(?:ion)?id"
    r"|(?:api|private|session|auth|secretaccess|consumer|client|subscription|licen[cs]e|signing|encryption|master|account|"
    r"storage|functions)key|accesskeyid)$"
    rf"|^(?:authorization|sid|(?:old|new|user|lg|my|db|ftp|smtp|mail|admin|root)?(?:pass|pw){_REPEATED}|pin|otp|totp)$"
)
# Positions in a list that a client sends back, and other names that only contain the word "token".
_PUBLIC_TOKEN_NAME = re.compile(
    r"(?:page|sync|next|skip|(?<!watch)list|start|continue|continuation|cursor|hide|show|no)token$"
)
# The values of these names are secret only if they look like a key.
_NAME_OF_KEYS = re.compile(r"(?:tokens|credentials?|sessions?|signature)$|^(?:keys|sig|cookies)$")
_NAME_OF_SECRETS = re.compile(r"(?:secrets|passw(?:or)?ds|passphrases|apikeys)$")
_NAME_OF_UUID = re.compile(r"(?:key|secret|token|auth|credentials?|licen[cs]e|passwd|password)s?(?:id)?$")
_PUBLIC_KEY_NAME = re.compile(r"(?:idempotency|primary|foreign|cache|surrogate|public|sort|partition|websocket)keys?$")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MIN_KEY_LENGTH = 8
_MAX_KEY_LENGTH = 200
_MIN_DIGITS_IN_KEY = 2
_PERSONAL_NAME = re.compile(r"(?P<email>e?mail(?:address)?$)|(?P<realname>realname$)")
# MediaWiki uses the IP address of an anonymous user as the user name, and servers repeat the client's address.
_ADDRESS_NAMES = frozenset("name user username wgusername wgrelevantusername ip clientip xclientip xrealip".split())
# Four numbers under these names are a version, or the address of a server.
_NO_ADDRESS_NAME = re.compile(
    r"version(?:s|number)?$|^(?:v|ver|host|hostname|server|servername|wgservername|authority)$"
)
_ADDRESS_CHARACTERS = re.compile(r"\s*[0-9A-Fa-f:.]{2,45}(?:%\w{1,20})?\s*")
_COOKIE_NAME = re.compile(r"cookies?2?$")
_HASH_NAME = re.compile(r"(?:sha\d*|md5|hash|etag|digest|checksum|integrity|requestid|traceid|traceparent)(?:base36)?$")
_SECRET_HEADER = re.compile(r"auth$|signature$|key$")


@functools.lru_cache(maxsize=4096)
def kind_of_name(name: str) -> str | None:
    """Return the kind of secret that a name announces, or None if its value isn't secret."""
    lowered = name.lower()
    if "scrubbed-" in lowered:  # A placeholder before the padding of base64.
        return None
    if lowered.startswith("oauth_"):
        return None if _PUBLIC_OAUTH_NAME.fullmatch(lowered) else normalize_name(lowered[6:]) or "oauth"
    # "token[0]" and "password2" are a token and a password, too.
    bare = normalize_name(lowered).rstrip("0123456789")
    if _SECRET_NAME.search(bare) and not _PUBLIC_TOKEN_NAME.search(bare):
        return bare
    personal = _PERSONAL_NAME.search(bare)
    return personal.lastgroup if personal is not None else None


def kind_of_pair(name: str, value: str) -> str | None:
    """Return the kind of secret that a value is under its name, or None."""
    kind = kind_of_name(name)
    if kind is not None:
        return kind
    bare = normalize_name(name)
    if bare in _ADDRESS_NAMES and parse_address(value) is not None:
        return "ip"
    numberless = bare.rstrip("0123456789")
    is_in_list = _NAME_OF_SECRETS.search(numberless) and not re.search(r"\s", value)
    if is_in_list or (_NAME_OF_KEYS.search(numberless) and is_key(value)):
        return numberless.removesuffix("s")
    if _UUID.fullmatch(value) and _NAME_OF_UUID.search(bare) and not _PUBLIC_KEY_NAME.search(bare):
        return bare
    return None


def kind_of_header(name: str) -> str | None:
    """Return the kind of secret that a header's value is, or None."""
    bare = normalize_name(name)
    if bare == "from":
        return "email"
    is_secret = _SECRET_HEADER.search(bare) and not _PUBLIC_KEY_NAME.search(bare)
    return kind_of_name(name) or (bare if is_secret else None)


def is_key(value: str) -> bool:
    """Return whether a value looks like a key: letters and digits that alternate, without spaces.

    A word with a number at its end does not.
    """
    if not _MIN_KEY_LENGTH <= len(value) <= _MAX_KEY_LENGTH or not re.fullmatch(r"[!-~]+", value):
        return False
    digits = sum(char.isdigit() for char in value)
    groups = re.findall(r"[A-Za-z]+|[0-9]+", value)
    return digits >= _MIN_DIGITS_IN_KEY and len(groups) >= 4  # noqa: PLR2004


def is_cookie_name(name: str) -> bool:
    """Return whether a name announces the cookies of a request or a response."""
    return _COOKIE_NAME.search(normalize_name(name)) is not None


def may_hold_address(name: str) -> bool:
    """Return whether four numbers under a name may be the IP address of a person."""
    return _NO_ADDRESS_NAME.search(normalize_name(name)) is None


@functools.lru_cache(maxsize=1024)
def is_credential_name(name: str) -> bool:
    """Return whether a parameter proves who sends the request: OAuth's parameters, tokens, passwords."""
    return name.lower().startswith("oauth_") or kind_of_name(name) not in (None, "email", "realname")


def is_hash_name(name: str) -> bool:
    """Return whether a name announces a hash or a random identifier that gives access to nothing."""
    return _HASH_NAME.search(normalize_name(name)) is not None


@functools.lru_cache(maxsize=4096)
def normalize_name(name: str) -> str:
    """Return a name in lower case, without the characters that separate its words."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def parse_address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a value as an IP address, or None if it isn't one."""
    if not _ADDRESS_CHARACTERS.fullmatch(value):
        return None
    try:
        return ipaddress.ip_address(value.strip())
    except ValueError:
        return None


# Placeholders: what a cassette holds instead of a secret.

#: A placeholder has unreserved characters only, so that it has the same spelling when it is percent-encoded, in JSON,
#: in HTML, in a cookie and in a header.
PLACEHOLDER = re.compile(r"SCRUBBED-[a-z0-9]+-[0-9]+|scrubbed-[0-9]+@example\.org")
#: Networks reserved for documentation (RFC 5737, RFC 3849). Their addresses are never assigned.
DOCUMENTATION_NETWORKS = tuple(
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
#: Kinds of values that only look secret. A hash gives the number of their placeholder, so that two requests with
#: different values stay different. A long random value can't be reconstructed from the 27 bits of that number.
RANDOM_KINDS = ("hex", "random")


def hash_number(value: str) -> int:
    """Return the number for the placeholder of a random value."""
    return int.from_bytes(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()[:8]) % 10**8


def is_placeholder(value: str) -> bool:
    """Return whether a value replaces a secret that was scrubbed already."""
    if PLACEHOLDER.fullmatch(value.rstrip(".,;:!?)~")):  # The punctuation at the end of a sentence may follow it.
        return True
    address = parse_address(value)
    return address is not None and any(address in network for network in DOCUMENTATION_NETWORKS)


# Shapes: values that look secret under any name.

_AFTER_ESCAPE = r"(?:(?<![0-9A-Za-z_%])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_JWT = re.compile(r"(?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?")
_USERINFO = re.compile(r"(?<=://)(?:[^/@\s:\"'<>?#]{1,100}:)?([^/@\s\"'<>?#]{1,200})(?=@)")
_SCHEME = re.compile(r"\b(Basic|Bearer)\s{1,8}([A-Za-z0-9+/=._~-]{8,})", re.IGNORECASE)
_HEX = re.compile(_AFTER_ESCAPE + r"[0-9a-fA-F]{32,}(?![0-9A-Za-z_])")
_RANDOM = re.compile(_AFTER_ESCAPE + r"[A-Za-z0-9+/_-]{24,}={0,2}(?![0-9A-Za-z_])")
_MIN_DIGITS_IN_BASE_32 = 5
# The keys of shops, clouds and code hosts begin with a word that names the service.
_SERVICE_KEY = re.compile(
    _AFTER_ESCAPE + r"(?:(?:ck|cs)_[0-9a-fA-F]{16,}|[srp]k_(?:live|test)_[0-9A-Za-z]{10,}|whsec_[0-9A-Za-z+/=]{16,}"
    r"|gh[pousr]_[0-9A-Za-z]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[0-9A-Za-z-]{10,}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}|ya29\.[\w-]{16,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|sk-(?:proj-|ant-)?[\w-]{20,}|npm_[0-9A-Za-z]{30,}|pypi-[\w-]{40,}"
    r"|(?:AC|SK)[0-9a-f]{32}|(?:EAAA|sq0[a-z]{3}-)[\w-]{20,}|dop_v1_[0-9a-f]{32,}|hf_[0-9A-Za-z]{30,})"
)
# An e-mail address, from its "@" on, and the characters that may stand before it.
_EMAIL_HOST = re.compile(r"@((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24})(?![\w-])")
_EMAIL_USER = re.compile(r"[\w.+~-]{1,64}\Z")
_ESCAPED = re.compile(r"[0-9A-Fa-f]{2}")
_IN_USERINFO = re.compile(r"://[^/@\s\"'<>]*\Z")
_PUBLIC_EMAIL_HOST = re.compile(r"(?:example\.(?:com|net|org)|.*\.(?:invalid|localhost))", re.IGNORECASE)
# In a style sheet, a picture for two pixels per point has a name such as "logo@2x.png".
_NO_EMAIL_HOST = re.compile(r".*\.(?:png|jpe?g|gif|svg|webp|css|js|json|html?|xml|php|txt)", re.IGNORECASE)
_IPV4 = re.compile(r"(?:(?<![\w.])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9]|[A-Za-z_])")
_IPV6 = re.compile(
    r"(?:(?<![\w:.])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
    r"(?:[23][0-9A-Fa-f]{3}|[fF][cdCD][0-9A-Fa-f]{2}|[fF][eE][89abAB][0-9A-Fa-f])"
    r"(?:(?::[0-9A-Fa-f]{0,4}){1,6}:[0-9A-Fa-f]{1,4}|(?::[0-9A-Fa-f]{1,4}){1,6}::)(?!\w|:[0-9A-Fa-f:])"
)
# Before four numbers: a product of a User-Agent, the word "version" or a comparison. These numbers are a version.
_BEFORE_VERSION = re.compile(
    r"(?:(?:^|[\s\"'(,;])[A-Za-z][\w.+-]*/|\bver(?:sion|\.)?[\s\"'`:=]{1,4}|[=<>~^!]=\s?|\brelease\s|\bbuild\s)\Z",
    re.IGNORECASE,
)
# Before an address: the beginning of a URI, or the name of a server. The address is a server's.
_BEFORE_HOST = re.compile(
    r"(?:(?://|%2F%2F|\\/\\/)\[?(?:[^/@\s\"'<>]{1,100}@)?|(?:server|host)(?:name)?[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?)\Z",
    re.IGNORECASE,
)
_CONTEXT_LENGTH = 120


class DetectedSecret(NamedTuple):
    """A secret, or what looks like one, at its position in a text.

    Attributes:
        start: The index of its first character in the text.
        end: The index after its last character.
        kind: Its kind, in lower case letters and digits: ``token``, ``csrftoken``, ``cookie``, ``jwt``.
        value: The secret itself, decoded.
        is_bare: Whether it is a number in JSON. Its replacement then needs quotes.
    """

    start: int
    end: int
    kind: str
    value: str
    is_bare: bool = False


def find_by_shape(text: str) -> Iterator[DetectedSecret]:
    """Find the values that look secret under any name."""
    for match in _PRIVATE_KEY.finditer(text):
        yield DetectedSecret(*match.span(), "privatekey", match[0])
    for match in _JWT.finditer(text):
        yield DetectedSecret(*match.span(), "jwt", match[0])
    for match in _USERINFO.finditer(text):
        yield DetectedSecret(*match.span(1), "password", unquote(match[1]))
    for match in _SCHEME.finditer(text):
        if match[1].lower() == "bearer" or basic_password(match[2]) is not None:
            yield DetectedSecret(*match.span(2), match[1].lower(), match[2])
    for match in _SERVICE_KEY.finditer(text):
        if any(char.isdigit() for char in match[0]):
            yield DetectedSecret(*match.span(), "servicekey", match[0])
    if "@" in text:
        yield from _find_emails(text)
    yield from _find_addresses(text)
    yield from find_random(text)


def find_random(text: str) -> Iterator[DetectedSecret]:
    """Find random values: long hexadecimal numbers, and letters and digits in no order."""
    for pattern, kind, is_random in ((_HEX, "hex", _is_random_hex), (_RANDOM, "random", _is_random_word)):
        for match in pattern.finditer(text):
            # The text beside a placeholder is the rest of an encoded text. Its secret was scrubbed.
            is_scrubbed = "SCRUBBED-" in match[0]
            if not is_scrubbed and is_random(match[0]) and not _is_named_hash(text, match.start()):
                yield DetectedSecret(*match.span(), kind, match[0])


def is_personal_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an IP address may lead to a person. A loopback address and a netmask don't."""
    is_for_no_host = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved
    return not (is_for_no_host or any(address in network for network in DOCUMENTATION_NETWORKS))


def address_spans(text: str) -> list[tuple[int, int]]:
    """Return the positions of all IP addresses in a text."""
    spans = (match.span() for pattern in (_IPV4, _IPV6) for match in pattern.finditer(text))
    return sorted(span for span in spans if parse_address(text[slice(*span)]) is not None)


def with_recorded_addresses(text: str, recorded: str) -> str:
    """Return a text with its personal addresses replaced by the placeholders at the same places of a scrubbed text.

    Only the order of the addresses counts. Any other address is kept, so that a request for it stays different.
    """
    spans, recorded_spans = address_spans(text), address_spans(recorded)
    if not spans or len(spans) != len(recorded_spans):
        return text
    pieces, done = [], 0
    for span, recorded_span in zip(spans, recorded_spans, strict=True):
        address, placeholder = text[slice(*span)], recorded[slice(*recorded_span)]
        parsed = parse_address(address)
        is_replaced = parsed is not None and is_personal_address(parsed) and is_placeholder(placeholder)
        pieces += [text[done : span[0]], placeholder if is_replaced else address]
        done = span[1]
    return "".join([*pieces, text[done:]])


def _find_emails(text: str) -> Iterator[DetectedSecret]:
    for host in _EMAIL_HOST.finditer(text):
        if _PUBLIC_EMAIL_HOST.fullmatch(host[1]) or _NO_EMAIL_HOST.fullmatch(host[1]):
            continue
        at = host.start()
        user = _EMAIL_USER.search(text, max(0, at - 64), at)
        # In a URI, the name of an account or a password stands before the "@".
        if user is None or _IN_USERINFO.search(text, max(0, at - _CONTEXT_LENGTH), at):
            continue
        start = user.start()
        if text[start - 1 : start] == "%" and _ESCAPED.match(text, start, at):
            start += 2
        start = at - len(text[start:at].lstrip(".+~-"))
        if start < at and not is_placeholder(text[start : host.end()]):
            yield DetectedSecret(start, host.end(), "email", text[start : host.end()])


def _find_addresses(text: str) -> Iterator[DetectedSecret]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            address = parse_address(match[0])
            if address is None or not is_personal_address(address):
                continue
            before = text[max(0, match.start() - _CONTEXT_LENGTH) : match.start()]
            # A version of a browser often ends with two zeros. The address of a person doesn't.
            is_version = match[0].endswith(".0.0") or _BEFORE_VERSION.search(before) is not None
            if not is_version and not _BEFORE_HOST.search(before):
                yield DetectedSecret(*match.span(), "ip", match[0])


def basic_password(credentials: str) -> str | None:
    """Return the password in the credentials of Basic authentication, or None if they can't be decoded."""
    try:
        decoded = base64.b64decode(credentials + "==", validate=False).decode("utf-8", "replace")
    except ValueError:
        return None
    _, colon, password = decoded.partition(":")
    return password if colon else None


def _is_random_hex(text: str) -> bool:
    """Return whether a hexadecimal number has enough different digits. A separator line of zeros does not."""
    return len(set(text.lower())) > 4  # noqa: PLR2004


def _is_random_word(text: str) -> bool:
    """Return whether upper case letters, lower case letters and digits alternate as often as in random text.

    In base 62, two neighbours are of different kinds in two cases of three; in base 32, in two of five. In words, in
    identifiers of a program and in paths, it is one case in five.
    """
    kinds = ["u" if char.isupper() else "l" if char.islower() else "d" for char in text if char.isalnum()]
    upper, lower, digits = (kinds.count(kind) for kind in "uld")
    changes = sum(one != other for one, other in itertools.pairwise(kinds))
    if min(upper, lower, digits) >= 2:  # noqa: PLR2004
        return len(kinds) >= 20 and changes > 0.4 * len(kinds)  # noqa: PLR2004
    is_base_32 = text.isalnum() and min(max(upper, lower), digits) >= _MIN_DIGITS_IN_BASE_32
    return is_base_32 and not min(upper, lower) and changes > 0.3 * len(kinds)


def _is_named_hash(text: str, start: int) -> bool:
    """Return whether the name before a value announces a hash.

    The forms are ``"sha1": "..."``, ``sha1=...``, ``"sha1":{"value": ...`` and ``sha256:...``, with which the
    description of a scrubbed file ends.
    """
    name = re.search(r"([A-Za-z0-9-]+)\W{1,6}$", text[max(0, start - 28) : start])
    return name is not None and is_hash_name(name[1])
