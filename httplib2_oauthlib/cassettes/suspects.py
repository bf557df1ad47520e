"""Finds what in a text is a secret, or looks like one: by the name it stands under, or by its shape.

The scrubber and the audit ask the same questions, so that what has been scrubbed passes the audit. Nothing is replaced
here. JSON, forms, URIs, headers and multipart are read as what they are; what is none of these, or broken, or all of it
in HTML, is searched for whatever looks like a name and a value. Values are searched like texts, decoded.
"""

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias
from urllib.parse import unquote, unquote_plus

from . import views
from .names import address_of, is_of_hash, kind_of_header, kind_of_name, kind_of_pair
from .shapes import BY_CHANCE, Suspect, by_chance, by_shape, is_placeholder

# How many texts may stand in each other; a form in JSON in a form is as far as anybody goes.
_DEEPEST = 5
# Without one of these words, decoded, nothing in a value is found by its name.
_HINT = re.compile(
    r"token|pass|pwd|retype|secret|verifier|oauth_|cookie|auth|key|mail|realname|sid\b|sess|csrf|jwt|user|name|ip\b"
    r"|basic|bearer|eyj",
    re.IGNORECASE,
)
_PUBLIC_IN_OAUTH = re.compile(r'OAuth\s+(?:[\w%.-]+="[^"]*"\s*(?:,\s*|$))*', re.IGNORECASE)
_PARAMETER = re.compile(r'([\w%.-]{1,80})="([^"]*)"')
_COOKIE_ATTRIBUTES = frozenset("expires path domain max-age samesite secure httponly priority partitioned".split())
_ADDRESSES = re.compile(r"[0-9a-fA-F:.]{3,45}")
_HEADERS_OF_ADDRESSES = ("x-forwarded-for", "forwarded", "x-client-ip", "x-real-ip", "true-client-ip")
_HEADERS_OF_URIS = ("location", "content-location", "referer")

# A token of MediaWiki ends with this, so that broken clients are found out; for somebody anonymous it is all.
_CSRF_SUFFIX = re.compile(r"(?:\+|%2[Bb]|&#43;)(?:\\{1,4}|%5[Cc]|&#92;)$")
# Values that are none: of a token without its suffix, and what documentation puts in a value's place.
_NOTHING = re.compile(r"[\s+]*\\{0,4}|\.{3}|\*{3,}|<\w+>")

_JSON_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{}\[\],:])|(-?[0-9][0-9.eE+-]*)')
# The value is looked at and not consumed: in it may stand another name.
_QUOTED = r"""(?=(["'])((?:(?!\2)[^\\]|\\.){0,4000})\2)"""
_JSON_PAIR = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s{0,20}:\s{0,20}(?="((?:[^"\\]|\\.)*)|(-?[0-9][0-9.eE+-]*))')
_PAIR_IN_JSON_TEXT = re.compile(r'\\"([\w.-]{1,80})\\"\s{0,20}:\s{0,20}(?=\\"([^"\\]*))')
_JAVASCRIPT = re.compile(r"(?<![\w.$\"-])'?([A-Za-z_$][\w$]{0,80})'?\s{0,20}[:=]\s{0,20}" + _QUOTED)
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
_PAIR = re.compile(r"(?<![\w.%-])([\w.%\[\]-]{1,80})=(?=([^&\s\"'<>]+))")
_LINE = re.compile(r"^([A-Za-z][\w-]{0,60}):[ \t]{0,20}(\S[^\r\n]*)", re.MULTILINE)

#: Finds the suspects in one kind of text.
Finder: TypeAlias = Callable[[str], "list[Suspect]"]


def in_header(name: str, value: str) -> list[Suspect]:
    """Find what is secret in a header, of a request or of a response."""
    return _tidied(_in_header(name, value))


def in_field(name: str, value: str) -> list[Suspect]:
    """Find what is secret in a value that stands under a name: all of it, or some of its text."""
    return _tidied(_in_value(name, value, 0))


def in_uri(uri: str) -> list[Suspect]:
    """Find what is secret in a URI: in its query, its fragment, its userinfo, or anywhere by its shape."""
    return _tidied(_in_uri(uri, 0))


def in_form(form: str) -> list[Suspect]:
    """Find what is secret in a form-encoded body."""
    return _tidied(_in_form(form, 0))


def in_multipart(body: str) -> list[Suspect]:
    """Find what is secret in a multipart body; its first line tells its boundary."""
    return _tidied(_in_multipart(body, 0))


def in_text(text: str) -> list[Suspect]:
    """Find what is secret in any other text: JSON, XML, HTML, JavaScript, or a person's words."""
    return _tidied(_in_text(text, 0))


def by_chance_in(text: str) -> list[Suspect]:
    """Find what chance has made in a text, and nothing else."""
    return _tidied(by_chance(text))


def _in_header(name: str, value: str) -> Iterator[Suspect]:
    lowered = name.lower()
    if lowered in ("authorization", "proxy-authorization"):
        yield from _in_authorization(value)
    elif lowered in ("set-cookie", "set-cookie2"):
        yield from _in_set_cookie(value)
    elif lowered in ("cookie", "cookie2"):
        for match in re.finditer(r"\s*(?:[^=;]*=)?([^;]*)", value):
            yield _suspect(value, *match.span(1), "cookie", unquote(match[1]))
    elif lowered in _HEADERS_OF_ADDRESSES:
        for match in _ADDRESSES.finditer(value):
            if address_of(match[0]) is not None:
                yield _suspect(value, *match.span(), "ip", match[0])
    elif lowered in _HEADERS_OF_URIS:
        yield from _in_uri(value, 0)
    elif (kind := kind_of_header(name)) is not None:
        yield _suspect(value, 0, len(value), kind, value)
    else:
        yield from _in_value(name, value, 0)


def _in_authorization(value: str) -> Iterator[Suspect]:
    scheme, space, rest = value.partition(" ")
    if scheme.lower() == "oauth" and _PUBLIC_IN_OAUTH.fullmatch(value):
        for match in _PARAMETER.finditer(value):
            inner = _in_value(unquote(match[1]), match[2], 0, views.of_percent(match[2]))
            yield from views.moved(inner, match.start(2))
    elif space:
        start = len(value) - len(rest.lstrip())
        kind = re.sub(r"[^a-z0-9]", "", scheme.lower()) or "authorization"
        yield _suspect(value, start, len(value), kind, value[start:])
    else:
        yield _suspect(value, 0, len(value), "authorization", value)


def _in_set_cookie(value: str) -> Iterator[Suspect]:
    # One cookie, or several that somebody has joined by commas, which dates and values hold too.
    for match in re.finditer(r'(?:^|[;,])\s*([^\s=;,"]+)=("[^"]*"|[^;]*?(?=;|$|,\s*[^\s=;,"]+=))', value):
        if match[1].lower() not in _COOKIE_ATTRIBUTES:
            yield _suspect(value, *match.span(2), "cookie", unquote(match[2]))


def _in_uri(uri: str, depth: int) -> Iterator[Suspect]:
    start = re.search(r"[?#]", uri)
    if start is not None:
        yield from views.moved(_in_pairs(uri[start.end() :], r"(?:^|[&?#;])([^&=?#;]*)=([^&#]*)", depth), start.end())
    yield from _in_text(uri, depth)


def _in_form(form: str, depth: int) -> Iterator[Suspect]:
    yield from _in_pairs(form, r"(?:^|&)([^&=]*)=([^&]*)", depth)
    yield from by_shape(form)


def _in_pairs(text: str, pattern: str, depth: int) -> Iterator[Suspect]:
    for match in re.finditer(pattern, text):
        raw = match[2]
        decoded = views.of_percent(raw) if "%" in raw or "+" in raw else None
        inner = _in_value(unquote_plus(match[1]), raw, depth, decoded)
        yield from views.moved(inner, match.start(2))


def _in_multipart(body: str, depth: int) -> Iterator[Suspect]:
    boundary = re.match(r"\s*(--[^\s]{1,200})", body)
    if boundary is None:
        yield from _in_text(body, depth)
        return
    start = boundary.end(1)
    while start < len(body):
        end = body.find(boundary[1], start)
        end = len(body) if end < 0 else end
        blank = re.compile(r"\r?\n\r?\n").search(body, start, end)
        if blank is not None:
            for line in _LINE.finditer(body, start, blank.start()):
                yield from views.moved(_in_header(line[1], line[2]), line.start(2))
            name = re.search(r'\bname="?([^";\r\n]{1,200})', body[start : blank.start()])
            content = body[blank.end() : end]
            content = content.removesuffix("\n").removesuffix("\r")
            yield from views.moved(_in_value(name[1] if name else "", content, depth), blank.end())
        start = end + len(boundary[1])


def _in_value(name: str, raw: str, depth: int, decoded: views.View | None = None) -> Iterator[Suspect]:
    """Find what is secret in a value under a name: all of it, or else what its text holds."""
    value = raw if decoded is None else decoded.text
    kind = kind_of_pair(name, value)
    if kind is not None:
        yield _suspect(raw, 0, len(raw), kind, value)
        return
    found = _in_text(value, depth + 1)
    if is_of_hash(name):
        found = (suspect for suspect in found if suspect.kind not in BY_CHANCE)
    yield from found if decoded is None else decoded.outside(found)


def _in_text(text: str, depth: int) -> Iterator[Suspect]:
    if depth <= _DEEPEST and _HINT.search(text):
        if text.lstrip()[:1] in ("{", "[") and _is_json(text):
            yield from _in_json(text, depth)
        else:
            if depth and re.match(r"--\S+\r?\n", text):
                yield from _in_multipart(text, depth + 1)
            yield from _by_name(text)
    yield from by_shape(text)
    if depth < _DEEPEST:
        yield from _in_views(text, depth)


def _in_views(text: str, depth: int) -> Iterator[Suspect]:
    """Find what stands in a text that is encoded as a whole: jsonfm in HTML, a query in a link."""
    for sign, decode, view_of in (("&", html.unescape, views.of_html), ("%", unquote, views.of_percent)):
        if sign in text and (decoded := decode(text)) != text and _HINT.search(decoded):
            view = view_of(text)
            yield from view.outside(_in_text(view.text, depth + 2))


def _is_json(text: str) -> bool:
    try:
        json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


class _Level:
    """An object or a list of JSON, while it is read."""

    __slots__ = ("is_object", "key", "kind", "named")

    def __init__(self, is_object: bool, key: str, kind: str | None) -> None:
        self.is_object = is_object
        # What the value that comes next is called; in a list as the list is.
        self.key: str = key
        # What all of it is, if the list or the object stands under a secret's name.
        self.kind = kind
        # {"name": "password", "value": ...}
        self.named = ""


def _in_json(text: str, depth: int) -> Iterator[Suspect]:
    levels = [_Level(False, "", None)]
    is_key = False
    for match in _JSON_TOKEN.finditer(text):
        level, sign = levels[-1], match[2]
        if sign in ("{", "["):
            kind = level.kind or kind_of_name(level.key)
            levels.append(_Level(sign == "{", level.key if sign == "[" else "", kind))
            is_key = sign == "{"
        elif sign in ("}", "]"):
            levels.pop()
            is_key = False
        elif sign == ",":
            is_key = level.is_object
        elif sign == ":":
            is_key = False
        elif match[1] is not None and is_key:
            level.key = _json_string(match[1])
        elif match[1] is not None:
            if level.key == "name":
                level.named = _json_string(match[1])
            yield from views.moved(_in_json_string(match[1], level, depth), match.start(1))
        elif (kind := level.kind or kind_of_name(level.key)) is not None:
            yield Suspect(*match.span(), kind, match[0], is_bare=True)
    for match in _KEY_AND_SECRET.finditer(text):  # Special:OAuth/token with format=json.
        yield _suspect(text, *match.span(1), "token", match[1])


def _in_json_string(raw: str, level: _Level, depth: int) -> Iterator[Suspect]:
    name = level.named if level.key == "value" and level.named else level.key
    if level.kind is not None:
        yield _suspect(raw, 0, len(raw), level.kind, _json_string(raw))
    else:
        yield from _in_value(name, raw, depth, views.of_json(raw) if "\\" in raw else None)


def _by_name(text: str) -> Iterator[Suspect]:
    for sign, pattern, (name, values), decode in _PAIRS:
        if sign in text:
            for match in pattern.finditer(text):
                value = next((group for group in values if match[group] is not None), None)
                if value is not None:
                    decoded = decode(match[value])
                    end = match.end(value)
                    if pattern is _PAIR:  # In words, what ends them belongs to them.
                        decoded, end = (
                            decoded.rstrip(".,;:!?)"),
                            end - len(match[value]) + len(match[value].rstrip(".,;:!?)")),
                        )
                    kind = kind_of_pair(decode(match[name]), decoded)
                    if kind is not None:
                        yield _suspect(text, match.start(value), end, kind, decoded)
    for match in _KEY_AND_SECRET.finditer(text):
        yield _suspect(text, *match.span(1), "token", match[1])
    if "<" in text:
        for tag in _TAG.finditer(text):
            yield from _in_tag(text, tag)
    if ":" in text:
        for match in _LINE.finditer(text):
            if kind_of_header(match[1]) is not None or match[1].lower().endswith(("cookie", "authorization")):
                yield from views.moved(_in_header(match[1], match[2]), match.start(2))


def _in_tag(text: str, tag: re.Match[str]) -> Iterator[Suspect]:
    attributes = {match[1].lower(): match for match in _ATTRIBUTE.finditer(text, *tag.span(1))}
    name = attributes.get("name")
    value = attributes.get("value", attributes.get("content"))
    if name is None or value is None:
        return
    group = next(group for group in (2, 3, 4) if value[group] is not None)
    decoded = html.unescape(value[group])
    kind = kind_of_pair(html.unescape(name[2] or name[3] or name[4] or ""), decoded)
    if kind is not None:
        yield _suspect(text, *value.span(group), kind, decoded)


def _suspect(text: str, start: int, end: int, kind: str, value: str) -> Suspect:
    suffix = _CSRF_SUFFIX.search(text, start, end)
    if suffix is not None and value.endswith("+\\"):
        end, value = suffix.start(), value[:-2]
    return Suspect(start, end, kind, value)


def _tidied(suspects: Iterable[Suspect]) -> list[Suspect]:
    """Return suspects in their order, none within another, none empty, none scrubbed already.

    What was found first is kept where two begin alike: a name tells more than a shape.
    """
    kept: list[Suspect] = []
    done = 0
    for suspect in sorted(suspects, key=lambda each: each.start):
        if suspect.start < done or suspect.start >= suspect.end or _NOTHING.fullmatch(suspect.value):
            continue
        done = suspect.end
        if not is_placeholder(suspect.value):
            kept.append(suspect)
    return kept


def _json_string(text: str) -> str:
    return views.of_json(text).text if "\\" in text else text


# What a name and a value look like in a text that is not read as what it is: a sign without which there is none, a
# pattern, its groups for the name and for the value, and how both are decoded.
_PAIRS: tuple[tuple[str, re.Pattern[str], tuple[int, tuple[int, ...]], Callable[[str], str]], ...] = (
    (":", _JSON_PAIR, (1, (2, 3)), _json_string),
    (":", _PAIR_IN_JSON_TEXT, (1, (2,)), _json_string),
    ("", _JAVASCRIPT, (1, (3,)), _json_string),
    ("s:", _PHP, (1, (2,)), str),
    ("=", _PAIR, (1, (2,)), unquote_plus),
    ("=", _ATTRIBUTE, (1, (2, 3)), html.unescape),
    ("<", _ELEMENT, (1, (2,)), html.unescape),
    ("<", _TEXTAREA, (1, (2,)), html.unescape),
    ("<", _MEMBER, (1, (2,)), html.unescape),
)
