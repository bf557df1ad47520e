"""Adapts a recorded response to the new request, where a server's response depends on the request.

A server repeats values of the request:

- the nonce, in MediaWiki's identity and in "Nonce already used"
- the client key, as the audience of an identity
- the timestamp, in "Expired timestamp, yours ..., ours ..."

It also sends its own time, in these messages and in the Date header. Without changes, the identity in a recorded
response would belong to another request, and after a few months every refusal would look like a wrong clock. So the
repeated values are replaced by those of the new request, and the server's clock keeps its difference from the client's.
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
from urllib.parse import unquote, urlsplit

from . import bodies
from .patterns import is_placeholder
from .scrubbing import FORGERY, STATEMENT, is_marked

_OAUTH_PARAMETER = re.compile(r'(oauth_\w+)="([^"]*)"')
_EXPIRED = re.compile(rb"(Expired timestamp, yours )(-?\d{1,12})(, ours )(\d{1,12})")
_ACCEPTABLE = re.compile(rb"(oauth_acceptable_timestamps=\"?)(\d{1,12})-(\d{1,12})")
_TIME_CLAIMS = ("iat", "exp", "nbf", "auth_time")
# Sign the JWTs that this process replays. The keys are random and never stored.
_KEY = secrets.token_bytes(32)
_FORGERY_KEY = secrets.token_bytes(32)


def adapt_response(recorded: Any, response: Mapping[str, Any], new: Any) -> dict[str, Any]:
    """Return a copy of a recorded response that fits a new request.

    Args:
        recorded: The recorded request, from vcr.
        response: The recorded response, as vcr stores it.
        new: The new request.
    """
    recorded_parameters, parameters = _oauth_parameters(recorded), _oauth_parameters(new)
    seconds = _seconds_between(recorded_parameters, parameters, response)
    body = stored = _body(response)
    for name in ("oauth_nonce", "oauth_consumer_key"):
        # A value that was not scrubbed stays: the cassette's author chose to keep it.
        if name in parameters and is_placeholder(placeholder := recorded_parameters.get(name, "")):
            # Not before a digit: "SCRUBBED-nonce-1" isn't a part of "SCRUBBED-nonce-10". Not re.sub, which would
            # interpret backslashes in the new value.
            pieces = re.split(rf"{re.escape(placeholder)}(?![0-9])".encode(), body)
            body = parameters[name].encode().join(pieces)
    body = _move_timestamps(body, seconds)
    for marker, key in ((STATEMENT, _KEY), (FORGERY, _FORGERY_KEY)):
        if body.startswith(marker.encode()):
            body = _jwt(body[len(marker) :], seconds, key)
    # An unchanged body keeps the recorded length. For a HEAD, that is the length of a body that isn't sent.
    length = None if body == stored else len(body)
    headers = {name: _adapt_header(name, value, seconds, length) for name, value in response["headers"].items()}
    return {**response, "headers": headers, "body": {**(response.get("body") or {}), "string": body}}


def needs_signature(response: Mapping[str, Any]) -> bool:
    """Return whether a recorded response holds the claims of a JWT, which a replay signs."""
    return is_marked(_body(response))


def join_jwt(message: bytes, signature: bytes) -> bytes:
    """Return a JWT made of its header and claims, and its signature."""
    return message + b"." + _base64url(signature)


def is_signed_here(message: bytes, signature: bytes) -> bool:
    """Return whether this process signed a JWT for a replay."""
    return hmac.compare_digest(_sign(message, _KEY), signature)


def _body(response: Mapping[str, Any]) -> bytes:
    return bodies.read((response.get("body") or {}).get("string"))


def _oauth_parameters(request: Any) -> dict[str, str]:
    """Return the OAuth parameters of a request from its query, its form and its Authorization header."""
    found = dict(bodies.parse_pairs(urlsplit(request.uri).query))
    # Most bodies have none of the parameters, and a long body takes long to parse.
    if b"oauth_" in bodies.read(request.body) and (body := bodies.contents(request).body).kind == bodies.FORM:
        found |= dict(body.content)
    header = bodies.header(request.headers, "authorization")
    found |= {name: unquote(value) for name, value in _OAUTH_PARAMETER.findall(header)}
    return {name: value for name, value in found.items() if name.startswith("oauth_")}


def _seconds_between(recorded: Mapping[str, str], new: Mapping[str, str], response: Mapping[str, Any]) -> int:
    """Return how many seconds after the recorded request the new one is made, by the clients' clocks."""
    then = _timestamp(recorded.get("oauth_timestamp"))
    if then is None:
        date = email.utils.parsedate(bodies.header(response["headers"], "date"))
        then = calendar.timegm(date) if date else None
    if then is None:
        return 0
    now = _timestamp(new.get("oauth_timestamp"))
    return (int(time.time()) if now is None else now) - then


def _timestamp(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d{1,12}", text) else None


def _move_timestamps(text: bytes, seconds: int) -> bytes:
    """Return a server's statement about a timestamp, with its times moved."""
    text = _EXPIRED.sub(lambda m: m[1] + _add(m[2], seconds) + m[3] + _add(m[4], seconds), text)
    return _ACCEPTABLE.sub(lambda m: m[1] + _add(m[2], seconds) + b"-" + _add(m[3], seconds), text)


def _add(number: bytes, seconds: int) -> bytes:
    return b"%d" % (int(number) + seconds)


def _adapt_header(name: str, value: Any, seconds: int, length: int | None) -> Any:
    if isinstance(value, list):
        return [_adapt_header(name, each, seconds, length) for each in value]
    if name.lower() == "content-length" and length is not None:
        return str(length)
    if name.lower() == "date" and seconds:
        date = email.utils.parsedate(value)
        return email.utils.formatdate(calendar.timegm(date) + seconds, usegmt=True) if date else value
    if name.lower() == "www-authenticate":
        return _move_timestamps(value.encode(), seconds).decode()
    return value


def _jwt(encoded_claims: bytes, seconds: int, key: bytes) -> bytes:
    """Return claims as a signed JWT, with their times moved."""
    claims = json.loads(encoded_claims)
    for name in _TIME_CLAIMS:
        if isinstance(claims.get(name), int):
            claims[name] += seconds
    message = b".".join(
        _base64url(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "HS256"}, claims)
    )
    return join_jwt(message, _sign(message, key))


def _sign(message: bytes, key: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
