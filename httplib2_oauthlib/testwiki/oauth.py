"""How the embedded wiki verifies a signed request, as Extension:OAuth does.

The code follows RFC 5849, and MediaWiki where MediaWiki deviates from RFC 5849. It uses neither oauthlib nor this
package's own signing code, so that each can be tested against the other. This module has no HTTP.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import quote

from .parameters import Parameters, collect, signature_base_string, value_of
from .refusals import OAuthRefusal, coded_refusal, no_approved_grant
from .store import AccessToken, Consumer, RequestToken, Store

__all__ = ["IncomingRequest", "OAuthRefusal", "Verifier", "is_usable", "usable_request_token"]

# A client's clock may be off by this many seconds (Extension:OAuth, OAuthServer).
_TIMESTAMP_THRESHOLD = 300
_PHP_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(?:\.[0-9]{0,15})?")
_SIGNATURE_METHODS = ("HMAC-SHA1", "RSA-SHA1")


@dataclass(frozen=True)
class IncomingRequest:
    """A request as it arrived.

    Attributes:
        method: The HTTP method in upper case.
        server: The wiki's own scheme and authority. The Host header does not matter.
        target: The request target, unchanged.
        headers: The header fields, with their names in lower case.
        body: The body, unchanged.
        remote_address: The client's IP address.
    """

    method: str
    server: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    remote_address: str = "127.0.0.1"

    @property
    def is_signed(self) -> bool:
        """Whether MediaWiki verifies the request. It does so only if there is an OAuth header."""
        return self.headers.get("authorization", "").startswith("OAuth ")

    @property
    def query(self) -> bytes:
        """The query, without its question mark."""
        return self.target.partition("#")[0].partition("?")[2].encode("latin-1")

    @property
    def form(self) -> bytes | None:
        """The body, if MediaWiki includes it in the signature. It must be a POST with a form's type in lower case."""
        is_form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return self.body if is_form and self.method == "POST" else None


class Verifier:
    """Verifies requests against a store's consumers, tokens and nonces."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def verify(self, request: IncomingRequest) -> tuple[Consumer, AccessToken]:
        """Verify a request for a resource, and return the consumer and the access token that it was signed with.

        Raises:
            OAuthRefusal: MediaWiki refuses the request.
        """
        parameters = _parameters_of(request)
        consumer = self._consumer(request, parameters)
        token = self.store.access_tokens.get(value_of(parameters, "oauth_token"))
        if token is None or token.consumer != consumer.key:
            raise no_approved_grant()
        self._verify_signature(request, parameters, consumer, token)
        if not is_usable(consumer, token.user):
            raise OAuthRefusal(
                "The app that you are trying to connect seems to be set up incorrectly."
                f' Contact the author of "{consumer.name}" for help.',
                "mwoauth-invalid-authorization-not-approved",
            )
        return consumer, token

    def verify_initiate(self, request: IncomingRequest) -> tuple[Consumer, str]:
        """Verify a request for a request token, and return the consumer and the callback that it asks for."""
        parameters = _parameters_of(request)
        consumer = self._consumer(request, parameters, may_be_owner_only=False)
        self._verify_signature(request, parameters, consumer, None)
        return consumer, value_of(parameters, "oauth_callback")

    def verify_token(self, request: IncomingRequest) -> tuple[RequestToken, str]:
        """Verify a request for an access token, and return the request token and the verifier that it contains."""
        parameters = _parameters_of(request)
        consumer = self._consumer(request, parameters, may_be_owner_only=False)
        token = usable_request_token(self.store, consumer, value_of(parameters, "oauth_token"))
        self._verify_signature(request, parameters, consumer, token)
        return token, value_of(parameters, "oauth_verifier")

    def _consumer(self, request: IncomingRequest, parameters: Parameters, may_be_owner_only: bool = True) -> Consumer:
        """Return the consumer that a request names."""
        version = value_of(parameters, "oauth_version") or "1.0"
        if version != "1.0":
            raise OAuthRefusal(f"OAuth version '{version}' not supported")
        key = value_of(parameters, "oauth_consumer_key")
        if not key:
            raise OAuthRefusal("Invalid consumer key")
        consumer = self.store.consumers.get(key)
        if consumer is None:
            raise OAuthRefusal("Invalid consumer")
        if consumer.owner is not None and not may_be_owner_only:
            raise coded_refusal("E010", consumer)
        address = ip_address(request.remote_address)
        if consumer.ip_ranges and not any(address in ip_network(allowed) for allowed in consumer.ip_ranges):
            raise OAuthRefusal("The request came from an invalid IP address.", "mwoauthdatastore-bad-source-ip")
        return consumer

    def _verify_signature(
        self,
        request: IncomingRequest,
        parameters: Parameters,
        consumer: Consumer,
        token: AccessToken | RequestToken | None,
    ) -> None:
        """Verify the timestamp, the nonce and the signature, in this order.

        The order is MediaWiki's. It matters because the nonce is used up even if a later check fails.
        """
        self._verify_timestamp_and_nonce(parameters, consumer, token)
        method = value_of(parameters, "oauth_signature_method")
        if not method:
            raise OAuthRefusal("No signature method parameter. This parameter is required")
        if method not in _SIGNATURE_METHODS:
            names = ", ".join(_SIGNATURE_METHODS)
            raise OAuthRefusal(f"Signature method '{method}' not supported try one of the following: {names}")
        signature = value_of(parameters, "oauth_signature")
        base_string = signature_base_string(request.method, request.server, request.target, parameters)
        if method == "HMAC-SHA1":
            is_valid = _hmac_sha1_is_valid(consumer.secret, token.secret if token else "", base_string, signature)
        else:
            is_valid = _rsa_sha1_is_valid(consumer.rsa_public_key, base_string, signature)
        if not is_valid:
            raise OAuthRefusal("Invalid signature")

    def _verify_timestamp_and_nonce(
        self, parameters: Parameters, consumer: Consumer, token: AccessToken | RequestToken | None
    ) -> None:
        """Verify the timestamp, then use up the nonce."""
        timestamp, nonce = value_of(parameters, "oauth_timestamp"), value_of(parameters, "oauth_nonce")
        if timestamp in ("", "0"):
            raise OAuthRefusal("Missing timestamp parameter. The parameter is required")
        now = int(self.store.clock())
        # PHP accepts numbers in many notations. Anything else is an internal error in MediaWiki, and refused here.
        if not _PHP_NUMBER.fullmatch(timestamp) or abs(now - float(timestamp)) > _TIMESTAMP_THRESHOLD:
            raise OAuthRefusal(f"Expired timestamp, yours {timestamp}, ours {now}")
        if nonce in ("", "0"):
            raise OAuthRefusal("Missing nonce parameter. The parameter is required")
        token_key = token.key if token else ""
        if not self.store.nonces.use(consumer.key, token_key, nonce, timestamp=float(timestamp), now=now):
            raise OAuthRefusal(f"Nonce already used: {nonce}")


def is_usable(consumer: Consumer, user: str) -> bool:
    """Return whether a user may use a consumer: it is approved, or it is the user's own owner-only consumer."""
    return consumer.owner == user or (consumer.is_approved and consumer.owner is None)


def usable_request_token(store: Store, consumer: Consumer, key: str) -> RequestToken:
    """Return a consumer's request token.

    Raises:
        OAuthRefusal: The request token does not exist, has expired or was used.
    """
    token = store.request_tokens.get(key)
    if token is None or token.consumer != consumer.key or token.expires < store.clock():
        raise coded_refusal("E004")
    if token.used:
        raise coded_refusal("E009")
    return token


def _parameters_of(request: IncomingRequest) -> Parameters:
    """Return a request's parameters, from its query, its form and its Authorization header."""
    return collect(request.query, request.form, request.headers.get("authorization", ""))


def _hmac_sha1_is_valid(consumer_secret: str, token_secret: str, base_string: bytes, signature: str) -> bool:
    """Verify an HMAC-SHA1 signature (RFC 5849, section 3.4.2)."""
    key = f"{quote(consumer_secret, safe='~')}&{quote(token_secret, safe='~')}"
    expected = base64.b64encode(hmac.new(key.encode(), base_string, hashlib.sha1).digest())
    return hmac.compare_digest(expected, signature.encode())


def _rsa_sha1_is_valid(public_key: str | None, base_string: bytes, signature: str) -> bool:
    """Verify an RSA-SHA1 signature (RFC 5849, section 3.4.3)."""
    if public_key is None:
        return False
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as error:
        raise RuntimeError("RSA-SHA1 needs cryptography. Run: pip install 'httplib2-oauthlib[rsa]'") from error
    key = serialization.load_pem_public_key(public_key.encode())
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(signature), base_string, padding.PKCS1v15(), hashes.SHA1())
    except (InvalidSignature, ValueError):
        return False
    return True
