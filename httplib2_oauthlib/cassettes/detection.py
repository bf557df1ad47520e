"""Finds secrets in texts: by the name of a value, or by its shape.

The scrubber and the audit both use this module, so that a scrubbed cassette passes the audit. Nothing is replaced here.

JSON, forms, URIs, headers and multipart bodies are parsed. Any other text, broken JSON, and any of these in HTML
is searched for anything that looks like a name and a value. Values are decoded and searched like texts.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias
from urllib.parse import unquote, unquote_plus

from .decoding import DecodedText, decode_html, decode_json, decode_percent
from .patterns import (
    RANDOM_KINDS,
    DetectedSecret,
    address_spans,
    find_by_shape,
    find_random,
    is_cookie_name,
    is_hash_name,
    is_key,
    is_personal_address,
    is_placeholder,
    kind_of_header,
    kind_of_name,
    kind_of_pair,
    may_hold_address,
    normalize_name,
    parse_address,
)

#: Finds the secrets in one kind of text.
Finder: TypeAlias = Callable[[str], "list[DetectedSecret]"]

# How many texts may be nested. Even a form in JSON in a form is rare.
_MAX_DEPTH = 5
# A value whose decoded text contains none of these words holds no secret that its name announces.
_HINT = re.compile(
    r"token|pass|pwd|pw|wort|retype|secret|verifier|oauth_|cookie|auth|key|mail|realname|sid\b|sess|csrf|jwt|user|name"
    r"|ip\b|pin|otp|sig|cred|licen|basic|bearer|eyj|@|[0-9]\.[0-9]{1,3}\.[0-9]|[0-9a-f]:[0-9a-f]{1,4}:",
    re.IGNORECASE,
)
_OAUTH_HEADER = re.compile(r'OAuth\s+(?:[\w%.-]+="[^"]*"\s*(?:,\s*|$))*', re.IGNORECASE)
_OAUTH_PARAMETER = re.compile(r'([\w%.-]{1,80})="([^"]*)"')
_SET_COOKIE = re.compile(r";\s*(?:expires|path|domain|max-age|samesite|secure|httponly)\b", re.IGNORECASE)
_COOKIE_ATTRIBUTES = frozenset("expires path domain max-age samesite secure httponly priority partitioned".split())
_ADDRESS_HEADERS = ("x-forwarded-for", "forwarded", "x-client-ip", "x-real-ip", "true-client-ip")
_URI_HEADERS = ("location", "content-location", "referer")
# A word before credentials that isn't one of these may be a secret itself.
_AUTHORIZATION_SCHEMES = frozenset(
    "basic bearer digest oauth negotiate ntlm hawk token apikey mac awssignature aws4hmacsha256 sharedkey"
    " googlelogin".split()
)

# Each CSRF token of MediaWiki ends with these characters, which broken clients do not send back unchanged. The token
# of an anonymous user has no other characters.
_CSRF_SUFFIX = re.compile(r"(?:\+|%2[Bb]|&#43;)(?:\\{1,4}|%5[Cc]|&#92;)$")
# Values that hold no secret: a CSRF token without its suffix, and what documentation writes instead of a value.
_EMPTY_VALUE = re.compile(r"[\s+]*\\{0,4}|\.{3}|\*{3,}|<\w+>")
_END_OF_CLAUSE = ".,;:!?)"

# The names of a pair's name: {"name": "token", "value": "..."}.
_KEYS_OF_NAME = frozenset(("name", "key", "field", "header", "parameter"))
_JSON_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}\[\],:])|(-?[0-9][0-9.eE+-]*)')
# A lookahead does not consume the value, because the value may hold another name.
_QUOTED = r"""(?=(["'`])((?:(?!\2)[^\\]|\\.){0,4000})\2)"""
_JSON_PAIR = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s{0,20}:\s{0,20}(?="((?:[^"\\]|\\.)*)|(-?[0-9][0-9.eE+-]*))')
_PAIR_IN_JSON_TEXT = re.compile(r'\\"([\w.-]{1,80})\\"\s{0,20}:\s{0,20}(?=\\"([^"\\]*))')
_JAVASCRIPT = re.compile(r"(?<![\w$-])[\"'`]?([A-Za-z_$][\w$-]{0,80})[\"'`]?\]?\s{0,20}(?:=>|[:=])\s{0,20}" + _QUOTED)
_PHP = re.compile(r'"([\w.-]{1,80})";s:[0-9]{1,9}:(?="([^"]*)")')
_KEY_AND_SECRET = re.compile(r'"key"\s{0,20}:\s{0,20}"([^"\\]+)"\s{0,20},\s{0,20}"secret"')
_ATTRIBUTE = re.compile(
    r"""(?<![\w:.-])([\w:.-]{1,80})\s{0,20}=\s{0,20}(?:"([^"<]{0,4000})"|'([^'<]{0,4000})'|([^\s"'<>=]+))"""
)
_TAG = re.compile(
    r"""<(?:input|meta|button)\b((?:[^<>"']{1,1000}|"[^"<]{0,4000}"|'[^'<]{0,4000}'){0,40}+)/?>""", re.IGNORECASE
)
_ELEMENT = re.compile(r"<([\w:.-]{1,80})(?:\s[^<>]{0,400})?>(?:<!\[CDATA\[)?(?=([^<>\]]{1,8000}))")
_TEXTAREA = re.compile(
    r"""<textarea\b[^<>]{0,1000}?\bname\s{0,9}=\s{0,9}["']?([\w.-]{1,80})[^<>]{0,1000}>([^<>]{1,8000})"""
)
_MEMBER = re.compile(r"<name>([^<>]{1,80})</name>\s{0,20}<value>(?:<\w{1,20}>)?([^<>]{1,8000})")
_NAME_OF_PAIR = re.compile(r"(?<![\w.%-])([\w.%\[\]-]{1,80})=")
_END_OF_PAIR = re.compile(r"[&\s\"'<>]|\Z")
# A value may contain further pairs, such as "a=b,c=d". Each of them ends where the value ends, so a long value would
# take time in proportion to its square.
_MAX_UNNAMED_LENGTH = 200
_MAX_NESTED_SECRETS = 20
_LINE = re.compile(r"^[ \t]{0,40}(?:- )?([A-Za-z][\w-]{0,60}):[ \t]{0,20}(\S[^\r\n]*)", re.MULTILINE)
# A header in quotes, as an argument of a command: -H 'Cookie: a=b'.
_QUOTED_LINE = re.compile(r"""(["'`])([A-Za-z][\w-]{0,60}):[ \t]{0,20}((?:(?!\1)[^\r\n\\]){1,4000})""")
_FIRST_BOUNDARY = re.compile(r"(?:\A|\n)[ \t]{0,20}(--[^\r\n]{1,200}?)[ \t]{0,20}\r?\n(?=[A-Za-z-]{1,60}:|\r?\n)")
_FORM_DATA = re.compile(r"^content-(?:disposition|type):", re.IGNORECASE | re.MULTILINE)
_BLANK_LINE = re.compile(r"\r?\n\r?\n")
_PART_NAME = re.compile(r"\bname\*?=(?:[\w-]{1,20}'')?\"?([^\";\r\n]{1,200})")
# Two arguments of a function, or two members of a list: the name and the value.
_ARGUMENTS = re.compile(
    r"""(?:\b(\w{1,40})\s{0,20})?[(\[]\s{0,20}(["'`])([\w.-]{1,80})\2\s{0,20},\s{0,20}(?=(["'`])((?:(?!\4)[^\\]|\\.){0,4000})\4)"""
)
_SETTER = re.compile(r"set|append|add|put|header|store|save|write", re.IGNORECASE)
# An assignment that fills its line, as in an INI file, and one inside a line.
_ASSIGNMENT = re.compile(
    r"^[ \t]{0,40}(?:export[ \t]|set[ \t]|\$env:|\$|-D)?([A-Za-z_][\w.-]{0,80})(?:[ \t]{1,20}=>?|=(?=[ \t]))[ \t]{0,20}"
    r"([^\s\"'`][^\r\n]{0,4000}?)[ \t]*$",
    re.MULTILINE,
)
_SHORT_ASSIGNMENT = re.compile(r"(?<![\w.%-])([\w.-]{1,80})[ \t]{0,3}(?:[:=]|=>)[ \t]{1,3}(?=([^\s\"'`<>&;,]{8,200}))")
_CODE = re.compile(
    r"[A-Za-z_$][\w$]*[.(\[]|[({\[<]|(?:null|none|nil|true|false|undefined|function|new|await|async|this|self)\b",
    re.IGNORECASE,
)


def find_in_header(name: str, value: str) -> list[DetectedSecret]:
    """Find the secrets in a header of a request or a response."""
    return without_overlaps(_in_header(name, value))


def find_in_field(name: str, value: str) -> list[DetectedSecret]:
    """Find the secrets in a named value: the whole value, or parts of its text."""
    return without_overlaps(_in_value(name, value, 0))


def find_in_uri(uri: str) -> list[DetectedSecret]:
    """Find the secrets in a URI: in its query, fragment and userinfo, or anywhere by their shape."""
    return without_overlaps(_in_uri(uri, 0))


def find_in_form(form: str) -> list[DetectedSecret]:
    """Find the secrets in a form-encoded body."""
    return without_overlaps(_in_form(form, 0))


def find_in_multipart(body: str) -> list[DetectedSecret]:
    """Find the secrets in a multipart body. Its first line is its boundary."""
    return without_overlaps(_in_multipart(body, 0))


def find_in_text(text: str) -> list[DetectedSecret]:
    """Find the secrets in any other text: JSON, XML, HTML, JavaScript, prose."""
    return without_overlaps(_in_text(text, 0))


def find_random_in(text: str) -> list[DetectedSecret]:
    """Find the random values in a text, and nothing else."""
    return without_overlaps(find_random(text))


# Headers, URIs, forms and multipart bodies.


def _in_header(name: str, value: str) -> Iterator[DetectedSecret]:
    lowered = name.lower()
    if lowered in ("authorization", "proxy-authorization"):
        yield from _in_authorization(value)
    elif lowered in ("set-cookie", "set-cookie2"):
        yield from _in_set_cookie(value)
    elif lowered in ("cookie", "cookie2"):
        for match in re.finditer(r"\s*(?:[^=;]*=)?([^;]*)", value):
            yield _detected(value, *match.span(1), "cookie", unquote(match[1]))
    elif lowered in _ADDRESS_HEADERS:
        for start, end in address_spans(value):
            address = parse_address(value[start:end])
            if address is not None and is_personal_address(address):
                yield _detected(value, start, end, "ip", value[start:end])
        yield from _in_text(value, 0)
    elif lowered in _URI_HEADERS:
        yield from _in_uri(value, 0)
    elif (kind := kind_of_header(name)) is not None:
        yield _detected(value, 0, len(value), kind, value)
    else:
        yield from _in_value(name, value, 0)


def _in_authorization(value: str) -> Iterator[DetectedSecret]:
    scheme, space, rest = value.partition(" ")
    if scheme.lower() == "oauth" and _OAUTH_HEADER.fullmatch(value):
        for match in _OAUTH_PARAMETER.finditer(value):
            inner = _in_value(unquote(match[1]), match[2], 0, decode_percent(match[2]))
            yield from _shifted(inner, match.start(2))
    elif space:
        kind = normalize_name(scheme)
        is_known = kind in _AUTHORIZATION_SCHEMES
        start = len(value) - len(rest.lstrip()) if is_known else 0
        yield _detected(value, start, len(value), kind if is_known else "authorization", value[start:])
    else:
        yield _detected(value, 0, len(value), "authorization", value)


def _in_set_cookie(value: str) -> Iterator[DetectedSecret]:
    # A proxy may have joined several cookies by commas. Dates and values contain commas, too.
    for match in re.finditer(r'(?:^|[;,])\s*([^\s=;,"]+)=("[^"]*"|[^;]*?(?=;|$|,\s*[^\s=;,"]+=))', value):
        if match[1].lower() not in _COOKIE_ATTRIBUTES:
            yield _detected(value, *match.span(2), "cookie", unquote(match[2]))


def _in_uri(uri: str, depth: int) -> Iterator[DetectedSecret]:
    start = re.search(r"[?#]", uri)
    if start is not None:
        yield from _shifted(_in_pairs(uri[start.end() :], r"(?:^|[&?#;])([^&=?#;]*)=([^&#]*)", depth), start.end())
    yield from _in_text(uri, depth)


def _in_form(form: str, depth: int) -> Iterator[DetectedSecret]:
    yield from _in_pairs(form, r"(?:^|&)([^&=]*)=([^&]*)", depth)
    yield from find_by_shape(form)


def _in_pairs(text: str, pattern: str, depth: int) -> Iterator[DetectedSecret]:
    for match in re.finditer(pattern, text):
        raw = match[2]
        decoded = decode_percent(raw) if "%" in raw or "+" in raw else None
        inner = _in_value(unquote_plus(match[1]), raw, depth, decoded)
        yield from _shifted(inner, match.start(2))


def _in_multipart(body: str, depth: int) -> Iterator[DetectedSecret]:
    # A preamble may stand before the first boundary.
    boundary = _FIRST_BOUNDARY.search(body)
    if boundary is None:
        yield from _in_text(body, depth)
        return
    yield from _in_text(body[: boundary.start(1)], depth)
    start = boundary.end(1)
    while start < len(body):
        end = body.find(boundary[1], start)
        end = len(body) if end < 0 else end
        blank = _BLANK_LINE.search(body, start, end)
        if blank is not None:
            for line in _LINE.finditer(body, start, blank.start()):
                yield from _shifted(_in_header(line[1], line[2]), line.start(2))
            name = _PART_NAME.search(body, start, blank.start())
            content = body[blank.end() : end]
            content = content.removesuffix("\n").removesuffix("\r")
            yield from _shifted(_in_value(name[1] if name else "", content, depth), blank.end())
        else:  # The epilogue, or a part that is cut off.
            yield from _shifted(_in_text(body[start:end], depth), start)
        start = end + len(boundary[1])


# Values and texts.


def _in_value(name: str, raw: str, depth: int, decoded: DecodedText | None = None) -> Iterator[DetectedSecret]:
    """Find the secrets in a named value: the whole value, or parts of its text."""
    value = raw if decoded is None else decoded.text
    kind = kind_of_pair(name, value)
    if kind is not None:
        yield _detected(raw, 0, len(raw), kind, value)
        return
    found = _in_cookies(value) if _holds_cookies(name, value) else _in_text(value, depth + 1)
    if is_hash_name(name):
        found = (secret for secret in found if secret.kind not in RANDOM_KINDS)
    if not may_hold_address(name):
        found = (secret for secret in found if secret.kind != "ip")
    yield from found if decoded is None else decoded.in_original(found)


def _holds_cookies(name: str, value: str) -> bool:
    return "=" in value and is_cookie_name(name)


def _in_cookies(value: str) -> Iterator[DetectedSecret]:
    """Find the secrets in the value of a Cookie or a Set-Cookie header outside the headers."""
    yield from _in_header("set-cookie" if _SET_COOKIE.search(value) else "cookie", value)


def _in_text(text: str, depth: int) -> Iterator[DetectedSecret]:
    if depth <= _MAX_DEPTH and _HINT.search(text):
        if text.lstrip()[:1] in ("{", "[") and _is_json(text):
            yield from _in_json(text, depth)
            return
        if _FORM_DATA.search(text) and _FIRST_BOUNDARY.search(text):
            yield from _in_multipart(text, depth + 1)
        yield from _by_name(text)
    yield from find_by_shape(text)
    if depth < _MAX_DEPTH:
        yield from _in_encoded_text(text, depth)


def _unescape_json(text: str) -> str:
    return decode_json(text).text


# A character in each encoded text, a fast function that decodes it, and one that keeps the positions.
_ENCODINGS: tuple[tuple[str, Callable[[str], str], Callable[[str], DecodedText]], ...] = (
    ("&", html.unescape, decode_html),
    ("%", unquote, decode_percent),
    ("\\u00", _unescape_json, decode_json),
    ("\\x", _unescape_json, decode_json),
)


def _in_encoded_text(text: str, depth: int) -> Iterator[DetectedSecret]:
    """Find the secrets in a text that is encoded as a whole: MediaWiki's ``jsonfm`` in HTML, a query in a link."""
    for sign, unescape, decode in _ENCODINGS:
        # The plain functions are faster, and most texts end here.
        if sign in text and (unescaped := unescape(text)) != text and _HINT.search(unescaped):
            decoded = decode(text)
            yield from decoded.in_original(_in_text(decoded.text, depth + 2))


# JSON.


class _JsonLevel:
    """An object or a list in JSON, while it is read.

    Attributes:
        is_object: Whether it is an object.
        name: The name of the object or list itself.
        key: The name of the next value. In a list, the name of the list.
        kind: The kind of all values in it, if the name of the object or list announces a secret.
        holds_cookies: Whether it is in an object or a list whose name announces cookies.
        pair_name: The name in ``{"name": "password", "value": ...}``.
        pair_value: The value in it, if the value comes before the name.
        previous: The string before the next value of a list.
    """

    __slots__ = ("holds_cookies", "is_object", "key", "kind", "name", "pair_name", "pair_value", "previous")

    def __init__(self, is_object: bool, name: str, kind: str | None, holds_cookies: bool) -> None:
        self.is_object = is_object
        self.name = name
        self.key = "" if is_object else name
        self.kind = kind
        self.holds_cookies = holds_cookies
        self.pair_name = ""
        self.pair_value: re.Match[str] | None = None
        self.previous = ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _in_json(text: str, depth: int) -> Iterator[DetectedSecret]:
    levels = [_JsonLevel(False, "", None, False)]
    is_key = False
    for match in _JSON_TOKEN.finditer(text):
        level, sign = levels[-1], match[2]
        if sign in ("{", "["):
            kind = level.kind or kind_of_name(level.key)
            holds_cookies = level.holds_cookies or is_cookie_name(level.key)
            levels.append(_JsonLevel(sign == "{", level.key, kind, holds_cookies))
            is_key = sign == "{"
        elif sign in ("}", "]"):
            if level.pair_value is not None:
                yield from _in_json_value(level.pair_value, level.pair_name or "value", level, depth)
            levels.pop()
            is_key = False
        elif sign == ",":
            is_key = level.is_object
        elif sign == ":":
            is_key = False
        elif match[1] is not None and is_key:
            level.key = _json_string(match[1])
            yield from _shifted(find_by_shape(match[1]), match.start(1))
        elif level.key == "value" and level.is_object and not level.pair_name:
            level.pair_value = match  # The name may follow.
        else:
            if match[1] is not None and level.is_object and level.key in _KEYS_OF_NAME:
                level.pair_name = _json_string(match[1])
            name = level.pair_name if level.key == "value" and level.pair_name else level.key
            yield from _in_json_value(match, name, level, depth)
            level.previous = "" if match[1] is None or level.previous else match[1]
    yield from _key_and_secret(text)


def _in_json_value(match: re.Match[str], name: str, level: _JsonLevel, depth: int) -> Iterator[DetectedSecret]:
    """Find the secrets in a string or a number in JSON."""
    raw = match[1]
    if raw is None:
        kind = level.kind or kind_of_name(name)
        if kind is not None:
            yield DetectedSecret(*match.span(), kind, match[0], is_bare=True)
        return
    value = _json_string(raw)
    kind = level.kind
    if kind is None and level.holds_cookies and (match is level.pair_value or level.key == "value" or is_key(value)):
        kind = None if "=" in value and is_cookie_name(name) else "cookie"
    if kind is None and not level.is_object and level.previous:
        # A list of a header's name and its value.
        is_header = is_cookie_name(level.previous) or level.previous.lower().endswith("authorization")
        kind = kind_of_header(level.previous) if is_key(value) and not is_header else None
        name = level.previous if is_header else name
    if kind is None and level.is_object and kind_of_name(name) is None and is_key(value):
        kind = kind_of_pair(level.name, value)  # {"tokens": {"edit": "..."}}
    if kind is not None:
        yield _detected(match.string, *match.span(1), kind, value)
    else:
        decoded = decode_json(raw) if "\\" in raw else None
        yield from _shifted(_in_value(name, raw, depth, decoded), match.start(1))


def _json_string(text: str) -> str:
    return decode_json(text).text if "\\" in text else text


def _key_and_secret(text: str) -> Iterator[DetectedSecret]:
    """Find the token in the response of MediaWiki's ``Special:OAuth/token`` with ``format=json``."""
    for match in _KEY_AND_SECRET.finditer(text):
        yield _detected(text, *match.span(1), "token", match[1])


# Texts that aren't parsed.

# How a name and a value are written: a character in all such pairs, a pattern, its groups for the name and for
# the value, and the function that decodes both.
_PAIRS: tuple[tuple[str, re.Pattern[str], tuple[int, tuple[int, ...]], Callable[[str], str]], ...] = (
    (":", _JSON_PAIR, (1, (2, 3)), _json_string),
    (":", _PAIR_IN_JSON_TEXT, (1, (2,)), _json_string),
    ("", _JAVASCRIPT, (1, (3,)), _json_string),
    ("s:", _PHP, (1, (2,)), str),
    ("=", _ATTRIBUTE, (1, (2, 3)), html.unescape),
    ("<", _ELEMENT, (1, (2,)), html.unescape),
    ("<", _TEXTAREA, (1, (2,)), html.unescape),
    ("<", _MEMBER, (1, (2,)), html.unescape),
)


def _in_unparsed_pairs(text: str) -> Iterator[DetectedSecret]:
    """Find the secrets in pairs of the form ``name=value``, in prose, in logs and in other people's formats."""
    end = nested = 0
    for match in _NAME_OF_PAIR.finditer(text):
        start = match.end()
        if start >= end:
            last = _END_OF_PAIR.search(text, start)
            end, nested = (len(text) if last is None else last.start()), 0
        name = unquote_plus(match[1])
        # Only a short value can be secret for another reason than its name: an IP address.
        is_possible = kind_of_name(name) is not None or end - start <= _MAX_UNNAMED_LENGTH
        if start == end or not is_possible or nested >= _MAX_NESTED_SECRETS:
            continue
        # In prose, punctuation after a value belongs to the sentence.
        raw = text[start:end].rstrip(_END_OF_CLAUSE)
        decoded = unquote_plus(text[start:end]).rstrip(_END_OF_CLAUSE)
        kind = kind_of_pair(name, decoded)
        if kind is not None:
            nested += 1
            yield _detected(text, start, start + len(raw), kind, decoded)


def _by_name(text: str) -> Iterator[DetectedSecret]:
    """Find the secrets in a text that isn't parsed, by anything that looks like a name and a value."""
    for sign, pattern, (name, values), decode in _PAIRS:
        if sign in text:
            for match in pattern.finditer(text):
                value = next((group for group in values if match[group] is not None), None)
                if value is not None:
                    yield from _in_written_pair(text, decode(match[name]), match.span(value), decode(match[value]))
    yield from _in_unparsed_pairs(text)
    yield from _in_assignments(text)
    yield from _key_and_secret(text)
    if "<" in text:
        for tag in _TAG.finditer(text):
            yield from _in_tag(text, tag)
    if ":" in text:
        for pattern in (_LINE, _QUOTED_LINE):
            for match in pattern.finditer(text):
                yield from _in_line(match)


def _in_written_pair(text: str, name: str, span: tuple[int, int], value: str) -> Iterator[DetectedSecret]:
    """Find the secrets in a value that is written in a text, with its name. A template in JavaScript isn't a secret."""
    kind = kind_of_pair(name, value)
    if kind is not None and "${" not in value:
        yield _detected(text, *span, kind, value)
    elif _holds_cookies(name, value) and value == text[slice(*span)]:
        yield from _shifted(_in_cookies(value), span[0])


def _in_line(match: re.Match[str]) -> Iterator[DetectedSecret]:
    """Find the secrets in a line that looks like a header."""
    name, value = match.groups()[-2:]
    is_secret = kind_of_name(name) is not None or ("-" in name and kind_of_header(name) is not None)
    if is_secret or name.lower().endswith(("cookie", "authorization")):
        yield from _shifted(_in_header(name, value), match.start(match.lastindex or 0))


def _in_assignments(text: str) -> Iterator[DetectedSecret]:
    """Find the secrets in assignments of INI files, of shells and of programs, and in the arguments of functions."""
    if "=" in text:
        for match in _ASSIGNMENT.finditer(text):
            kind = kind_of_pair(match[1], match[2])
            if kind is not None and (is_key(match[2]) or not _CODE.match(match[2])):
                yield _detected(text, *match.span(2), kind, match[2])
    for match in _SHORT_ASSIGNMENT.finditer(text):
        value = match[2].rstrip(_END_OF_CLAUSE)
        kind = kind_of_name(match[1])
        if kind is not None and is_key(value):
            yield _detected(text, match.start(2), match.start(2) + len(value), kind, value)
    if "(" in text or "[" in text:
        for match in _ARGUMENTS.finditer(text):
            value = _json_string(match[5])
            if is_key(value) or (match[1] and _SETTER.match(match[1])):
                header = kind_of_header(match[3])
                found = match[1] and header and [_detected(text, *match.span(5), header, value)]
                yield from found or _in_written_pair(text, match[3], match.span(5), value)


def _in_tag(text: str, tag: re.Match[str]) -> Iterator[DetectedSecret]:
    """Find the secret in an ``<input>``, ``<meta>`` or ``<button>`` of HTML."""
    attributes = {match[1].lower(): match for match in _ATTRIBUTE.finditer(text, *tag.span(1))}
    name = attributes.get("name")
    value = attributes.get("value", attributes.get("content"))
    if name is None or value is None:
        return
    group = next(group for group in (2, 3, 4) if value[group] is not None)
    decoded = html.unescape(value[group])
    kind = kind_of_pair(html.unescape(name[2] or name[3] or name[4] or ""), decoded)
    if kind is not None:
        yield _detected(text, *value.span(group), kind, decoded)


# Results.


def _detected(text: str, start: int, end: int, kind: str, value: str) -> DetectedSecret:
    """Return a detected secret without the suffix of MediaWiki's CSRF tokens."""
    suffix = _CSRF_SUFFIX.search(text, start, end)
    if suffix is not None and value.endswith("+\\"):
        end, value = suffix.start(), value[:-2]
    return DetectedSecret(start, end, kind, value)


def without_overlaps(secrets: Iterable[DetectedSecret]) -> list[DetectedSecret]:
    """Return secrets sorted by position, without overlapping ones, empty ones and placeholders.

    Of two secrets with the same start, the one that was found first stays, because a name is more specific than a
    shape.
    """
    kept: list[DetectedSecret] = []
    end = 0
    for secret in sorted(secrets, key=lambda each: each.start):
        if secret.start < end or secret.start >= secret.end or _EMPTY_VALUE.fullmatch(secret.value):
            continue
        end = secret.end
        if not is_placeholder(secret.value):
            kept.append(secret)
    return kept


def _shifted(secrets: Iterable[DetectedSecret], offset: int) -> Iterator[DetectedSecret]:
    """Yield the secrets of a part of a text with their positions in the whole text."""
    for secret in secrets:
        yield secret._replace(start=secret.start + offset, end=secret.end + offset)
