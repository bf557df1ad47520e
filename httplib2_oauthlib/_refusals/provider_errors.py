"""Find the code and the texts of an error that a token endpoint reports in a form, in JSON or in XML.

OAuth does not define such errors. These are the formats of providers and of server libraries:

- A form or JSON with ``error`` and ``error_description``, or with ``message`` or ``detail``. authlib's servers send the
  first two, as OAuth 2 requires.
- JSON with a list: ``{"errors": [{"code": 32, "message": "..."}]}``. Twitter, Tumblr and WooCommerce send it. Magento
  sends the list within ``messages``.
- JSON with an object: ``{"error": {"description": "..."}}`` from Yahoo, ``{"err": {"msg": "..."}}`` from Vimeo,
  ``{"meta": {"status": 401, "msg": "..."}}`` from Tumblr.
- XML: ``<errors><error code="32">...`` and ``<hash><error>...`` from Twitter, ``<Error><message>...`` from E*TRADE and
  LinkedIn, ``<err msg="..."/>`` from Flickr, ``<yahoo:description>...`` from Yahoo.
"""

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

# The names in the order in which their values are quoted. A name of the first group can contain a text or more names.
_CONTAINERS = ("error", "errors", "err", "meta", "messages")
_TEXTS = ("error_description", "message", "msg", "detail")
# These names are read only in a container, because JSON that isn't an error often contains the first and the last one.
_INNER_TEXTS = ("title", *_TEXTS, "description")
# No known format is nested more deeply, and a list of more errors only repeats itself.
_MAX_DEPTH = 4
_MAX_TEXTS = 4
# A longer text is shortened, because masking the secrets in it would take long.
_MAX_TEXT_CHARACTERS = 2000
# A number or a name. Anything else may be a secret.
_CODE = re.compile(r"[0-9]{1,10}|[a-z][a-z_-]{0,60}")
_XML_ELEMENT = re.compile(
    r"<(?:\w{1,20}:)?(?:errors?|err|message|msg|detail|description)(?![\w-])([^<>]*)>([^<]*)", re.IGNORECASE
)
_XML_TEXT_ATTRIBUTE = re.compile(r'\b(?:msg|message)="([^"]*)"', re.IGNORECASE)
_XML_CODE = re.compile(
    r'<err(?:or)?\s(?:[^<>]{0,200}\s)?code="(\w{1,60})"|<(?:error-?)?code>(\w{1,60})<', re.IGNORECASE
)
# Twitter's codes, and the reasons that they mean. Others, such as 32 and 215, can have several reasons.
_REASON_OF_TWITTER_CODE = {
    "89": "token",
    "135": "timestamp",
    "415": "callback",
    "416": "consumer",
    "417": "callback",
}


class ProviderError(NamedTuple):
    """An error that a provider reports.

    Attributes:
        texts: The provider's code in words and its sentences, without repetitions. They may contain markup and secrets.
        code: The provider's code of the error if it is separate from the texts, or an empty str.
        reason: What the code means, one of the reasons of HandshakeError, or an empty str if it does not show that.
    """

    texts: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""


def error_in_names(found: Mapping[str, Any]) -> ProviderError:
    """Return the error in a form or in a JSON object. It has no texts if there is none."""
    texts = _first_different(_texts_in(found))
    code = _code_in(found)
    is_twitters = isinstance(found.get("errors"), list) and bool(texts)
    return ProviderError(texts, code, _REASON_OF_TWITTER_CODE.get(code, "") if is_twitters else "")


def error_in_xml(text: str) -> ProviderError:
    """Return the error in XML. It has no texts if there is none, or if the text is a web page."""
    if re.search(r"<(?:!doctype\s+)?html\b", text[:1000], re.IGNORECASE):
        return ProviderError()
    found = []
    for attributes, content in _XML_ELEMENT.findall(text.replace("<![CDATA[", "").replace("]]>", "")):
        found += [*_XML_TEXT_ATTRIBUTE.findall(attributes), content]
    match = _XML_CODE.search(text)
    code = _printable_code((match[1] or match[2]) if match else None)
    texts = _first_different(html.unescape(each) for each in found)
    is_twitters = re.search(r"<errors>\s*<error\s", text) is not None
    return ProviderError(texts, code, _REASON_OF_TWITTER_CODE.get(code, "") if is_twitters else "")


def _texts_in(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of a JSON value: the value itself, or those under the names that errors have."""
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH and isinstance(value, list):
        for each in value[:_MAX_TEXTS]:
            yield from _texts_in(each, depth + 1)
    elif depth < _MAX_DEPTH and isinstance(value, dict):
        for name in _CONTAINERS:
            yield from _texts_in(value.get(name), depth + 1)
        for name in _INNER_TEXTS if depth else _TEXTS:
            if isinstance(value.get(name), str):
                yield value[name]


def _code_in(value: object, depth: int = 0) -> str:
    """Return the first code under the names that errors have, or an empty str."""
    if isinstance(value, list):
        value = value[0] if value else None
    if depth >= _MAX_DEPTH or not isinstance(value, dict):
        return ""
    code = _printable_code(value.get("code"))
    return code or next((inner for name in _CONTAINERS if (inner := _code_in(value.get(name), depth + 1))), "")


def _printable_code(code: object) -> str:
    """Return a code as a str, or an empty str if it isn't one."""
    is_code = isinstance(code, int | str) and not isinstance(code, bool) and _CODE.fullmatch(str(code))
    return str(code) if is_code else ""


def _first_different(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the first few texts, shortened, without empty ones and repetitions."""
    shortened = (_shortened(text.strip()) for text in texts)
    return tuple(dict.fromkeys(text for text in shortened if text))[:_MAX_TEXTS]


def _shortened(text: str) -> str:
    """Return the beginning of a long text, up to a space, so that no half of a secret remains that isn't masked."""
    return text if len(text) <= _MAX_TEXT_CHARACTERS else text[:_MAX_TEXT_CHARACTERS].rpartition(" ")[0]
