"""The embedded wiki's judgement of a signed request, as Extension:OAuth passes it.

Written from RFC 5849 and from how MediaWiki deviates from it, with neither oauthlib nor this package's own signing,
so that one can be tested by the other. No HTTP lives here and no wiki: a request's parts come in, and a consumer and
a token go out, or :class:`OAuthRefusal`.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

from .store import AccessToken, Consumer, RequestToken, Store

# Seconds that a client's clock may be off (Extension:OAuth, OAuthServer).
TIMESTAMP_THRESHOLD = 300
_PHP_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(?:\.[0-9]{0,15})?")
_METHODS = ("HMAC-SHA1", "RSA-SHA1")

# PHP's arrays: a name is text, or a number if it is written like one. Bytes stand as latin-1 text.
_Name: TypeAlias = str | int
_Parameters: TypeAlias = dict[_Name, str | list[str]]


class OAuthRefusal(Exception):
    """MediaWiki's no.

    Args:
        sentence: What it says.
        key: The message's key; None for what its OAuth library says, in English everywhere.
        detail: The words beside the code, for the messages that have one.
        code: By which MediaWiki's documentation explains it, such as ``E004``; else nothing.
    """

    def __init__(self, sentence: str, key: str | None = None, detail: str = "", code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.key = key
        self.detail = detail
        self.code = code

    @property
    def uri(self) -> str:
        """Where the code is explained."""
        return f"https://www.mediawiki.org/wiki/Help:OAuth/Errors#{self.code}"

    @property
    def link(self) -> str:
        """The code as MediaWiki links it."""
        return f'<a class="external" href="{self.uri}">{self.code}</a>'

    @property
    def text(self) -> str:
        """All that it says, with the mark-up that MediaWiki leaves in."""
        if not self.code:
            return self.sentence
        detail = f'<span class="plainlinks mw-mwoautherror-details">{self.detail}, {self.link}</span>'
        return f"{self.sentence}\n\n{detail}"


@dataclass(frozen=True)
class IncomingRequest:
    """A request as it arrived.

    Attributes:
        method: In upper case.
        server: Scheme and authority by which the wiki calls itself, whatever the Host header says.
        target: The request target, to the byte.
        headers: Names in lower case.
        body: To the byte.
    """

    method: str
    server: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_signed(self) -> bool:
        """Whether OAuth has a say in it at all. Anything but the header does not count."""
        return self.headers.get("authorization", "").startswith("OAuth ")

    @property
    def query(self) -> bytes:
        """The query, without its question mark."""
        return self.target.partition("#")[0].partition("?")[2].encode("latin-1")

    @property
    def form(self) -> bytes | None:
        """The form that MediaWiki takes part of the signature: posted, with a type that begins in lower case."""
        is_form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return self.body if is_form and self.method == "POST" else None


class Verifier:
    """Judges requests by the keys, tokens and nonces of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def verify(self, request: IncomingRequest) -> tuple[Consumer, AccessToken]:
        """Judge a request for a resource.

        Raises:
            OAuthRefusal: It is refused.
        """
        parameters = _collect(request)
        consumer = self._consumer(parameters)
        token = self.store.access_tokens.get(_get(parameters, "oauth_token"))
        if token is None or token.consumer != consumer.key:
            raise OAuthRefusal(
                "No approved grant was found for that authorization token.", "mwoauthdatastore-access-token-not-found"
            )
        self._check_signature(request, parameters, consumer, token)
        if not is_usable(consumer, token.user):
            raise OAuthRefusal(
                "The app that you are trying to connect seems to be set up incorrectly."
                f' Contact the author of "{consumer.name}" for help.',
                "mwoauth-invalid-authorization-not-approved",
            )
        return consumer, token

    def verify_initiate(self, request: IncomingRequest) -> tuple[Consumer, str]:
        """Judge a request for a request token; return the consumer and the callback it asks for."""
        parameters = _collect(request)
        consumer = self._consumer(parameters, may_be_owner_only=False)
        self._check_signature(request, parameters, consumer, None)
        return consumer, _get(parameters, "oauth_callback")

    def verify_token(self, request: IncomingRequest) -> tuple[RequestToken, str]:
        """Judge a request for an access token; return the request token and the verifier it brings."""
        parameters = _collect(request)
        consumer = self._consumer(parameters, may_be_owner_only=False)
        token = request_token(self.store, consumer, _get(parameters, "oauth_token"))
        self._check_signature(request, parameters, consumer, token)
        return token, _get(parameters, "oauth_verifier")

    def _consumer(self, parameters: _Parameters, may_be_owner_only: bool = True) -> Consumer:
        version = _get(parameters, "oauth_version") or "1.0"
        if version != "1.0":
            raise OAuthRefusal(f"OAuth version '{version}' not supported")
        key = _get(parameters, "oauth_consumer_key")
        if not key:
            raise OAuthRefusal("Invalid consumer key")
        consumer = self.store.consumers.get(key)
        if consumer is None:
            raise OAuthRefusal("Invalid consumer")
        if consumer.owner is not None and not may_be_owner_only:
            raise coded_refusal("E010", consumer.name)
        return consumer

    def _check_signature(
        self,
        request: IncomingRequest,
        parameters: _Parameters,
        consumer: Consumer,
        token: AccessToken | RequestToken | None,
    ) -> None:
        # In MediaWiki's order: the clock, then the nonce, which is used up whatever comes after, then the signature.
        timestamp, nonce = _get(parameters, "oauth_timestamp"), _get(parameters, "oauth_nonce")
        if timestamp in ("", "0"):
            raise OAuthRefusal("Missing timestamp parameter. The parameter is required")
        now = int(self.store.clock())
        # PHP reads numbers of many kinds. What is none is an internal error there, and refused here.
        if not _PHP_NUMBER.fullmatch(timestamp) or abs(now - float(timestamp)) > TIMESTAMP_THRESHOLD:
            raise OAuthRefusal(f"Expired timestamp, yours {timestamp}, ours {now}")
        if nonce in ("", "0"):
            raise OAuthRefusal("Missing nonce parameter. The parameter is required")
        if not self.store.use_nonce(consumer.key, token.key if token else "", nonce, float(timestamp)):
            raise OAuthRefusal(f"Nonce already used: {nonce}")
        method = _get(parameters, "oauth_signature_method")
        if not method:
            raise OAuthRefusal("No signature method parameter. This parameter is required")
        if method not in _METHODS:
            names = ", ".join(_METHODS)
            raise OAuthRefusal(f"Signature method '{method}' not supported try one of the following: {names}")
        signature = _get(parameters, "oauth_signature")
        base_string = _base_string(request, parameters)
        if method == "HMAC-SHA1":
            key = f"{quote(consumer.secret, safe='~')}&{quote(token.secret if token else '', safe='~')}"
            expected = base64.b64encode(hmac.new(key.encode(), base_string, hashlib.sha1).digest()).decode()
            is_valid = hmac.compare_digest(expected.encode(), signature.encode())
        else:
            is_valid = _rsa_sha1_is_valid(consumer.rsa_public_key, base_string, signature)
        if not is_valid:
            raise OAuthRefusal("Invalid signature")


def is_usable(consumer: Consumer, user: str) -> bool:
    """Whether a user may use a consumer: it is approved, or the user's own."""
    return consumer.owner == user or (consumer.is_approved and consumer.owner is None)


def request_token(store: Store, consumer: Consumer, key: str) -> RequestToken:
    """Return a consumer's request token.

    Raises:
        OAuthRefusal: It was used, it has expired, or there never was one.
    """
    token = store.request_tokens.get(key)
    if token is None or token.consumer != consumer.key or token.expires < store.clock():
        raise coded_refusal("E004")
    if token.used:
        raise coded_refusal("E009")
    return token


def coded_refusal(code: str, name: str = "") -> OAuthRefusal:
    """Return the refusal of a code that MediaWiki's documentation explains.

    Args:
        code: Such as ``E004``.
        name: The consumer's, where the message says it.
    """
    sentence, detail, key = _CODED[code]
    return OAuthRefusal(sentence.replace("$1", name), key, detail, code)


_CODED = {
    "E001": (
        "Sorry, something went wrong configuring this connected application. Contact the application's developer.",
        "OAuth missing parameters",
        "mwoauth-bad-request-missing-params",
    ),
    "E002": (
        "Sorry, something went wrong, you'll need to contact the application author for help with this.",
        "Unknown URL",
        "mwoauth-bad-request-invalid-action",
    ),
    "E004": (
        "Sorry, something went wrong connecting this application.\n"
        "Go back and try to connect your account again, or contact the application author.",
        "OAuth token not found",
        "mwoauthdatastore-request-token-not-found",
    ),
    "E005": (
        '"$1" is not approved as a Connected App. Contact the application author for help.',
        "Connected OAuth app not approved",
        "mwoauthserver-bad-consumer",
    ),
    "E006": (
        "Sorry, something went wrong connecting this application.",
        "Unknown OAuth key",
        "mwoauthserver-bad-consumer-key",
    ),
    "E009": (
        "This request has already been completed and cannot be resubmitted.\n"
        "Go back to the application and try to connect your account again, or contact the application author.",
        "OAuth token already used",
        "mwoauthdatastore-request-token-already-used",
    ),
    "E010": (
        '"$1" is an owner-only Connected App. To fetch the access token, see [[Special:OAuthConsumerRegistration]].',
        "Consumer is owner-only",
        "mwoauthserver-consumer-owner-only",
    ),
}


def _collect(request: IncomingRequest) -> _Parameters:
    """Collect the parameters as MediaWiki does: PHP's reading of the query over a plain one, then form, then header."""
    parameters = _php_variables(request.query)
    parameters = _array_merge(parameters, _parse(request.form or b""))
    header = request.headers.get("authorization", "")
    if header.startswith("OAuth "):
        parameters = _array_merge(parameters, _parse_header(header))
    return _array_merge(_parse(request.query), parameters)


def _parse(text: bytes) -> _Parameters:
    """Read a query or a form as Extension:OAuth does: a repeated name makes a list, an empty pair counts."""
    parsed: _Parameters = {}
    for pair in text.split(b"&") if text else ():
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _number_or_name(_decode(raw_name)), _decode(raw_value)
        earlier = parsed.get(name)
        if earlier is None:
            parsed[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            parsed[name] = [earlier, value]
    return parsed


def _php_variables(query: bytes) -> _Parameters:
    """Read a query as PHP makes ``$_GET`` of it: names are changed, the last of a repeated one wins."""
    variables: _Parameters = {}
    for pair in query.split(b"&"):
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _decode(raw_name).lstrip(" ").partition("\0")[0], _decode(raw_value)
        if not name or name.startswith("["):
            continue
        stem, bracket, rest = name.partition("[")
        stem = stem.replace(" ", "_").replace(".", "_")
        if bracket and "]" in rest:
            earlier = variables.get(_number_or_name(stem))
            if isinstance(earlier, list):
                earlier.append(value)
            else:
                variables[_number_or_name(stem)] = [value]
        else:
            variables[_number_or_name(stem + ("_" + rest if bracket else ""))] = value
    return variables


def _array_merge(first: _Parameters, second: _Parameters) -> _Parameters:
    """Merge as PHP's array_merge: names of the second win, numbers are counted anew."""
    merged: _Parameters = {}
    number = 0
    for name, value in [*first.items(), *second.items()]:
        if isinstance(name, int):
            merged[number] = value
            number += 1
        else:
            merged[name] = value
    return merged


def _parse_header(header: str) -> _Parameters:
    found = re.findall(r'(oauth_[a-z_-]{0,60})=(?::?"([^"]*)"|([^,]*))', header)
    return {name: _decode((quoted or bare).encode("latin-1")) for name, quoted, bare in found}


def _base_string(request: IncomingRequest, parameters: _Parameters) -> bytes:
    encoded = {_encode(str(name)): value for name, value in parameters.items() if name != "oauth_signature"}
    pairs = []
    for name in sorted(encoded):
        value = encoded[name]
        for item in sorted(map(_encode, value)) if isinstance(value, list) else [_encode(value)]:
            pairs.append(f"{name}={item}")
    path = re.sub("^/+", "/", request.target.partition("#")[0].partition("?")[0])
    scheme, _, authority = request.server.lower().partition("://")
    host, _, port = authority.partition(":") if "]" not in authority else (authority, "", "")
    if (scheme, port) in (("http", "80"), ("https", "443")):
        authority = host
    url = f"{scheme}://{authority}{path}"
    return "&".join(map(_encode, (request.method, url, "&".join(pairs)))).encode("ascii")


def _rsa_sha1_is_valid(public_key: str | None, base_string: bytes, signature: str) -> bool:
    if public_key is None:
        return False
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as error:
        raise RuntimeError("RSA consumers need an extra: pip install 'httplib2-oauthlib[rsa]'") from error
    key = serialization.load_pem_public_key(public_key.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), base_string, padding.PKCS1v15(), hashes.SHA1())
    except (InvalidSignature, ValueError):
        return False
    return True


def _number_or_name(name: str) -> _Name:
    is_number = re.fullmatch(r"0|-?[1-9][0-9]{0,18}", name) and -(2**63) <= int(name) < 2**63
    return int(name) if is_number else name


def _decode(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("latin-1")


def _encode(text: str) -> str:
    return quote(text.encode("latin-1"), safe="~")


def _get(parameters: _Parameters, name: str) -> str:
    value = parameters.get(name, "")
    return value.encode("latin-1").decode("utf-8", "replace") if isinstance(value, str) else ""
