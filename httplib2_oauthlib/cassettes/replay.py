"""Makes a recorded answer the answer to the request that is made now, where a server's answers depend on the request.

A server repeats a client's nonce (MediaWiki's identity, "Nonce already used"), its key (the audience of an identity)
and its timestamp ("Expired timestamp, yours ..., ours ..."), and tells its own time beside it (the header Date). Played
as they were recorded, none of these would fit any more: an identity would be another request's, and months later every
refusal would look like a clock that is off. So what was echoed is echoed again, and the server's clock keeps the
distance that it had from the client's.
"""

import base64
import calendar
import email.utils
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from . import bodies
from .patterns import is_placeholder
from .scrubbing import FORGERY, STATEMENT, is_marked

_OAUTH_PARAMETER = re.compile(r'(oauth_\w+)="([^"]*)"')
_EXPIRED = re.compile(rb"(Expired timestamp, yours )(-?\d{1,12})(, ours )(\d{1,12})")
_ACCEPTABLE = re.compile(rb"(oauth_acceptable_timestamps=\"?)(\d{1,12})-(\d{1,12})")
_TIMES = ("iat", "exp", "nbf", "auth_time")
# Signs the statements that this process plays; nobody else knows it, and nothing keeps it.
_KEY = secrets.token_bytes(32)
_KEY_OF_FORGERIES = secrets.token_bytes(32)


def answer(recorded: Any, response: Mapping[str, Any], made: Any) -> dict[str, Any]:
    """Return a recorded response as the answer to another request than the recorded one.

    Args:
        recorded: The request that was recorded, of vcr's.
        response: What was answered to it, as vcr has it; not changed.
        made: The request that is made now.
    """
    then, now = _parameters(recorded), _parameters(made)
    shift = _shift(then, now, response)
    body = stored = bodies.read((response.get("body") or {}).get("string"))
    for name in ("oauth_nonce", "oauth_consumer_key"):
        # Only what was scrubbed: what a cassette holds in clear is its author's affair.
        if name in now and is_placeholder(then.get(name, "")):
            # Not before a digit: "SCRUBBED-nonce-1" is no part of "SCRUBBED-nonce-10". Not as a pattern's template.
            pieces = re.split(rf"{re.escape(then[name])}(?![0-9])".encode(), body)
            body = now[name].encode().join(pieces)
    body = _with_clock(body, shift)
    for marker, key in ((STATEMENT, _KEY), (FORGERY, _KEY_OF_FORGERIES)):
        if body.startswith(marker.encode()):
            body = _statement(body[len(marker) :], shift, key)
    # A HEAD is answered with the length of what it leaves out.
    length = None if body == stored else len(body)
    headers = {name: _header(name, values, shift, length) for name, values in response["headers"].items()}
    return {**response, "headers": headers, "body": {**(response.get("body") or {}), "string": body}}


def is_statement(response: Mapping[str, Any]) -> bool:
    """Whether a recorded response states something that has to be signed to be played."""
    return is_marked(bodies.read((response.get("body") or {}).get("string")))


def joined(message: bytes, signature: bytes) -> bytes:
    """Return a JWT of its first two parts and its signature."""
    return message + b"." + _base64(signature)


def is_signed_here(message: bytes, signature: bytes) -> bool:
    """Whether a statement is one that this process has played."""
    return hmac.compare_digest(_signature(message, _KEY), signature)


def _parameters(request: Any) -> dict[str, str]:
    """Return the protocol parameters of a request, from wherever it carries them."""
    contents = bodies.contents(request)
    found = dict(contents.query)
    if contents.body.kind == bodies.FORM:
        found |= dict(contents.body.content)
    header = bodies.header(request.headers, "authorization")
    found |= {name: unquote(value) for name, value in _OAUTH_PARAMETER.findall(header)}
    return {name: value for name, value in found.items() if name.startswith("oauth_")}


def _shift(then: Mapping[str, str], now: Mapping[str, str], response: Mapping[str, Any]) -> int:
    """Return how many seconds after the recorded request this one is made, by the clocks of the clients."""
    recorded = _seconds(then.get("oauth_timestamp"))
    if recorded is None:
        date = email.utils.parsedate(bodies.header(response["headers"], "date"))
        recorded = calendar.timegm(date) if date else None
    made = _seconds(now.get("oauth_timestamp"))
    return 0 if recorded is None else (int(time.time()) if made is None else made) - recorded


def _seconds(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text) else None


def _with_clock(text: bytes, shift: int) -> bytes:
    """Return what a server says of a timestamp, by the clock of now."""
    text = _EXPIRED.sub(lambda m: m[1] + _later(m[2], shift) + m[3] + _later(m[4], shift), text)
    return _ACCEPTABLE.sub(lambda m: m[1] + _later(m[2], shift) + b"-" + _later(m[3], shift), text)


def _later(number: bytes, shift: int) -> bytes:
    return b"%d" % (int(number) + shift)


def _header(name: str, values: Any, shift: int, length: int | None) -> Any:
    if isinstance(values, list):
        return [_header(name, value, shift, length) for value in values]
    if name.lower() == "content-length" and length is not None:
        return str(length)
    if name.lower() == "date" and shift:
        date = email.utils.parsedate(values)
        return email.utils.formatdate(calendar.timegm(date) + shift, usegmt=True) if date else values
    if name.lower() == "www-authenticate":
        return _with_clock(values.encode(), shift).decode()
    return values


def _statement(claims: bytes, shift: int, key: bytes) -> bytes:
    """Return claims as a JWT of now."""
    stated = json.loads(claims)
    for name in _TIMES:
        if isinstance(stated.get(name), int):
            stated[name] += shift
    message = b".".join(
        _base64(json.dumps(part, separators=(",", ":")).encode()) for part in ({"typ": "JWT", "alg": "HS256"}, stated)
    )
    return joined(message, _signature(message, key))


def _signature(message: bytes, key: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
