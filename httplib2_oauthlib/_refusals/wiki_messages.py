"""Find the message with which a MediaWiki refuses OAuth, in each format in which it sends one.

- api.php sends status 200 and a header ``MediaWiki-API-Error``. The body is JSON, XML, PHP's own format or a page, and
  the message's place depends on the parameters ``errorformat`` and ``formatversion``.
- rest.php sends status 403 and JSON. Since MediaWiki 1.44 it contains the message, and its key under ``errorKey``.
- Special:OAuth sends status 200 and text or JSON.
- index.php sends status 400 and a page, since Extension:OAuth REL1_41. Its text is translated, and its skin varies.

Source: recorded responses of MediaWiki 1.39, 1.43 and 1.45 with Extension:OAuth; the extension's i18n folder.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

#: The key of the message with which index.php refuses to show a page to a signed request.
NOT_API = "mwoauth-not-api"
#: Errors are short. The limit keeps a malicious server from making a pattern slow.
MAX_ERROR_BYTES = 8192
# A page contains its skin too. This limit is for searches that take time in proportion to the length.
_MAX_PAGE_BYTES = 262_144

# Text responses of Special:OAuth. The match must be at the very beginning, because a wiki page can contain the same
# sentences and anyone can write one. In other languages than English, such a response is recognized only by its
# Cache-Control header: pages can be cached, refusals can't.
_SPECIAL_OAUTH_TEXT = rb"Error: (?:An error occurred in the OAuth protocol: |[^<]{0,400}mw-mwoautherror-details)"
_XML_ERROR = rb'<error code="([^"]{0,80})"(?: info="([^"]*)")?([^<>]*)>'
_PHP_STRING = rb'"(?:info|text|html|\*)";s:(\d{1,5}):"'
_GENERATOR = b'<meta name="generator" content="MediaWiki '
# An error page shows the message alone, and then where to return to. Every translation of this message names OAuth.
_PAGE_MESSAGE = rb"<p>([^<>]*OAuth[^<>]*)</p>\s*$"
_PAGE_END = b'<p id="mw-returnto"'
_MAX_PAGE_MESSAGE_BYTES = 1000
# Before MediaWiki 1.44, rest.php gives a code instead of a message.
_REST_CODES = ("rest-read-denied", "rest-write-denied")


class WikiMessage(NamedTuple):
    """The message of a refusal.

    Attributes:
        text: The message, in English if the response has it, or the key if the response has no message.
        key: The key of the message, which is the same in every language. A response without the key has an empty str.
    """

    text: str
    key: str


def find_message(response: Mapping[str, str], content: bytes) -> WikiMessage | None:
    """Return the message of MediaWiki's refusal, or None if the response isn't one.

    Args:
        response: An ``httplib2.Response``: header names in lower case, the status under ``status``.
        content: The body, decompressed.
    """
    # The header may name several errors.
    api_error = re.search("mwoauth[a-z0-9-]{0,80}", response.get("mediawiki-api-error", ""))
    if api_error is not None:
        key = api_error[0]
        return WikiMessage(_api_message(content) or key, key)
    content_type = response.get("content-type", "")
    if content_type.startswith("text/plain"):
        is_error = content.startswith(b"Error: ") and _is_uncacheable(response)
        return WikiMessage(decode(content), "") if is_error or re.match(_SPECIAL_OAUTH_TEXT, content) else None
    if content_type.startswith("application/json"):
        # A page can be requested as JSON too (action=raw&ctype=application/json), so the body alone proves nothing.
        if content.startswith(b'{"error":"mwoauth') and _is_uncacheable(response):
            return _special_oauth_message(content)
        return _rest_message(content) if response.get("status") == "403" else None
    if content_type.startswith("text/html") and response.get("status") == "400" and _is_uncacheable(response):
        return _page_message(content)
    return None


def decode(content: bytes) -> str:
    """Return the text of an error without HTML entities, as far as the limit."""
    return html.unescape(content[:MAX_ERROR_BYTES].decode("utf-8", "replace"))


def _is_uncacheable(response: Mapping[str, str]) -> bool:
    return "no-store" in response.get("cache-control", "")


def _api_message(content: bytes) -> str:
    """Return the message in an error of api.php, or the whole body if it has an unknown format."""
    if content.lstrip().startswith(b"<!"):
        return _message_on_api_page(content[:_MAX_PAGE_BYTES])
    body = _parse_json(content)
    if body is None:
        return _message_in_markup(content[:MAX_ERROR_BYTES])
    return (_message_in_json(body) if isinstance(body, dict) else "") or decode(content)


def _message_in_json(body: Mapping[str, Any]) -> str:
    """Return the message in an error of api.php in JSON, or an empty str."""
    # The format of errorformat=plaintext and similar has a list.
    errors = body.get("errors")
    errors = errors if isinstance(errors, list) and errors else [body.get("error")]
    error = next((each for each in errors if isinstance(each, dict) and _is_oauth_code(each.get("code"))), errors[0])
    if not isinstance(error, dict):
        return _first_text(body.get("message"), error)
    texts = (error.get(name) for name in ("info", "text", "html", "*"))
    return _first_text(*texts, _join_parameters(error.get("params")), error.get("code"))


def _is_oauth_code(code: object) -> bool:
    return isinstance(code, str) and code.startswith("mwoauth")


def _join_parameters(parameters: object) -> str:
    """Return the parameters of a message, which are all that errorformat=raw gives of it."""
    return ", ".join(each for each in parameters if isinstance(each, str)) if isinstance(parameters, list) else ""


def _message_on_api_page(content: bytes) -> str:
    """Return the message on the page that api.php sends to a request without a format, and how to avoid the page."""
    shown = re.sub(rb"<[^<>]*>", b"", content.partition(b"<pre")[2].partition(b">")[2].partition(b"</pre>")[0])
    body = _parse_json(decode(shown).encode())
    message = _message_in_json(body) if isinstance(body, dict) else ""
    advice = "send the request with format=json to get it as text"
    return f"{message} (from an HTML page; {advice})" if message else f"the reason is on an HTML page; {advice}."


def _message_in_markup(content: bytes) -> str:
    """Return the message in XML or in PHP's own format, or the whole body."""
    xml = re.search(_XML_ERROR, content)
    if xml is not None:
        inner = b"" if xml[3].endswith(b"/") else content[xml.end() :].partition(b"</error>")[0]
        return decode(xml[2] or b" ".join(re.sub(rb"<[^<>]*>", b" ", inner).split()) or xml[1])
    php = re.search(_PHP_STRING, content)
    return decode(content if php is None else content[php.end() : php.end() + int(php[1])])


def _special_oauth_message(content: bytes) -> WikiMessage:
    """Return the message in an error of Special:OAuth in JSON."""
    body = _parse_json(content)
    if isinstance(body, dict):
        key = _first_text(body.get("error"))
        return WikiMessage(_first_text(body.get("message"), key, decode(content)), key)
    start = re.match(rb'\{"error":"([a-z0-9-]{1,80})"', content)
    return WikiMessage(decode(content), decode(start[1]) if start else "")


def _rest_message(content: bytes) -> WikiMessage | None:
    """Return the message in an error of rest.php, in English if it is there."""
    if not re.search(rb"mwoauth-invalid-authorization|rest-(?:read|write)-denied", content[:MAX_ERROR_BYTES]):
        return None
    body = _parse_json(content)
    if not isinstance(body, dict):
        return None
    key, code = body.get("errorKey"), body.get("error")
    if isinstance(key, str) and key.startswith("mwoauth-invalid-authorization"):
        translations = body.get("messageTranslations")
        translations = translations if isinstance(translations, dict) else {}
        return WikiMessage(_first_text(translations.get("en"), *translations.values(), key), key)
    return WikiMessage(code, code) if code in _REST_CODES else None


def _page_message(content: bytes) -> WikiMessage | None:
    """Return the message of the page with which index.php refuses a signed request, in any language and skin."""
    content = content[:_MAX_PAGE_BYTES]
    before, end, _ = content.partition(_PAGE_END)
    message = re.search(_PAGE_MESSAGE, before[-_MAX_PAGE_MESSAGE_BYTES:])
    if not end or message is None or _GENERATOR not in before:
        return None
    return WikiMessage(decode(message[1]).strip(), NOT_API)


def _parse_json(content: bytes) -> Any:
    """Return the value of a JSON text, or None if the text can't be parsed."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _first_text(*candidates: object) -> str:
    """Return the first one that is a str and not empty, or an empty str."""
    return next((each for each in candidates if isinstance(each, str) and each), "")
