"""What a client looks at in a response, without the numbers, times and secrets that differ between two wikis."""

import base64
import json
import re
from xml.etree import ElementTree

_COMPARED_HEADERS = (
    "content-type vary cache-control etag last-modified location allow retry-after www-authenticate"
    " mediawiki-api-error mediawiki-login-suppressed content-security-policy content-disposition x-frame-options"
    " set-cookie"
).split()
# Values under these names differ between any two wikis.
_OWN_VALUES = set("key secret oauth_token oauth_token_secret iat exp registered newtimestamp timestamp".split())
# The settings of the recorded wikis of 1.43 and 1.45 gave this right to all users. A new wiki does not.
_RECORDED_SETTING = "noratelimit"


def observe(status, headers, text, server):
    """Return what a client looks at: the status, the headers and the content."""
    seen = {name: _header(name, headers[name].replace(server, "")) for name in _COMPARED_HEADERS if name in headers}
    if headers.get("content-type", "").startswith("text/html"):
        # The embedded wiki has its own design of pages, and so their policy differs.
        seen.pop("content-security-policy", None)
    return {"status": status, **{n: value for n, value in seen.items() if value}, "content": _content(text)}


def claims_of(token):
    """Return the claims in a JWT."""
    encoded = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))


def _header(name, value):
    if name == "vary":
        # The recorded wikis' web server compressed, and sent Accept-Encoding with some responses only.
        return ",".join(sorted(set(value.replace(" ", "").split(",")) - {"Accept-Encoding"}))
    if name in ("etag", "last-modified"):
        return "present"
    if name == "set-cookie":
        # Chronology protection's cookie is not modelled.
        return sorted(set(re.findall(r"(?:^|, )(\w+)=", value)) - {"cpPosIndex"})
    return value.lower() if name == "content-type" else value


def _content(text):
    """Return the content of a response in comparable form: parsed if it is JSON, XML, a form or a JWT."""
    if text.startswith("eyJ"):
        return _comparable(claims_of(text))
    if text.startswith("<?xml"):
        return [(e.tag, _comparable(dict(e.attrib)), _text(e.text or "")) for e in ElementTree.fromstring(text).iter()]
    if text.startswith("oauth_token="):
        return _comparable(dict(pair.split("=") for pair in text.split("&")))
    if text.lower().startswith(("<!doctype", "<html")):
        title = re.search("<title>(.*?)</title>", text, re.DOTALL)
        return title and re.sub(r" [-–] (TestWiki|Live \d\d)$", "", title[1])
    try:
        return _comparable(json.loads(text))
    except ValueError:
        return _text(text)


def _comparable(value, name=""):
    if name == "grants" and isinstance(value, dict):
        # MediaWiki 1.39 writes an object if a consumer asks for a grant twice.
        value = list(value.values())
    if isinstance(value, dict):
        return {key: _comparable(each, key) for key, each in value.items()}
    if isinstance(value, list):
        # The embedded wiki does not read the metadata of images.
        return [] if name == "metadata" else [_comparable(each, name) for each in value if each != _RECORDED_SETTING]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return "number"
    return "own" if name in _OWN_VALUES and re.fullmatch("[0-9a-f]{32,40}|[0-9TZ:-]{13,20}", value) else _text(value)


def _text(text):
    text = re.sub(r"[0-9a-f]{40}\+\\", "csrf token", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d\d:\d\d, \d+ \w+ \d{4}", "time", text)
    text = re.sub(r"Live[ _]\d\d", "TestWiki", text).replace("my_wiki", "wiki")
    return re.sub(r"\b(\d{1,10}|\d{14})\b", "number", text)
