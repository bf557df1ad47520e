"""The pages of Special:OAuth that applications request: initiate, token, identify. This module has no HTTP."""

import html
import json
import re
import secrets
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jwt

from .authorization import check_callback
from .oauth import IncomingRequest, Verifier
from .refusals import OAuthRefusal, no_approved_grant
from .store import REQUEST_TOKEN_LIFETIME, Store, iso_time

# The identity JWT is valid for this many seconds (Extension:OAuth).
_IDENTITY_LIFETIME = 100


class SpecialResponse(NamedTuple):
    """A response of Special:OAuth.

    Attributes:
        text: The body.
        is_json: Whether the body is sent as JSON. Otherwise it is plain text.
        refusal: MediaWiki's message if it refused the request, or None.
    """

    text: str
    is_json: bool
    refusal: str | None = None


class SpecialOAuth:
    """Special:OAuth for applications.

    Args:
        store: The wiki's data.
        verifier: Verifies the requests.
        server: The wiki's scheme and authority.
    """

    SUBPAGES = ("initiate", "token", "identify")

    def __init__(self, store: Store, verifier: Verifier, server: str) -> None:
        self.store = store
        self.verifier = verifier
        self.server = server

    def respond(self, subpage: str, request: IncomingRequest, as_json: bool) -> SpecialResponse:
        """Return the response to a request for one of :attr:`SUBPAGES`, also if MediaWiki refuses the request."""
        try:
            if subpage == "identify":
                return SpecialResponse(self._identify(request), True)
            key, secret = self._initiate(request) if subpage == "initiate" else self._token(request)
        except OAuthRefusal as refusal:
            return _refused(refusal, as_json or subpage == "identify")
        confirmed = {"oauth_callback_confirmed": "true"}
        if not as_json:
            return SpecialResponse(urlencode({"oauth_token": key, "oauth_token_secret": secret, **confirmed}), False)
        pairs = {"key": key, "secret": secret, **(confirmed if subpage == "initiate" else {})}
        return SpecialResponse(_php_json(pairs), True)

    def _initiate(self, request: IncomingRequest) -> tuple[str, str]:
        """Return the key and the secret of a new request token."""
        consumer, callback = self.verifier.verify_initiate(request)
        check_callback(consumer, callback, self.store.version)
        token = self.store.new_request_token(consumer, callback)
        return token.key, token.secret

    def _token(self, request: IncomingRequest) -> tuple[str, str]:
        """Return the key and the secret of the access token, in exchange for a request token."""
        token, verifier = self.verifier.verify_token(request)
        with self.store.lock:
            if token.access is None or token.verifier is None:
                raise OAuthRefusal("No token was found matching your request.", "mwoauthdatastore-bad-token")
            if not secrets.compare_digest(token.verifier.encode(), verifier.encode()):
                raise OAuthRefusal("The verification code provided was not valid.", "mwoauthdatastore-bad-verifier")
            # The user may have revoked the access token after allowing it.
            if token.access.key not in self.store.access_tokens:
                raise no_approved_grant()
            token.used = True
            token.expires = self.store.clock() + REQUEST_TOKEN_LIFETIME
        uses_rsa = self.store.consumers[token.consumer].rsa_public_key is not None
        return token.access.key, "__unused__" if uses_rsa else token.access.secret

    def _identify(self, request: IncomingRequest) -> str:
        """Return the user's identity as a JWT that is signed with the consumer's secret."""
        consumer, token = self.verifier.verify(request)
        nonce = re.search(r'oauth_nonce="([^"]*)"', request.headers["authorization"])
        user = self.store.user(token.user)
        now = int(self.store.clock())
        is_confirmed, version = bool(user.email) and user.email_is_confirmed, self.store.version
        claims: dict[str, Any] = {
            "iss": self.server,
            "aud": consumer.key,
            "exp": now + _IDENTITY_LIFETIME,
            "iat": now,
            "sub": str(user.id),
            "username": user.name,
            "editcount": self.store.edit_count(user),
            **({} if version.identity_shows_unconfirmed_email else {"email_verified": is_confirmed}),
            "confirmed_email": is_confirmed,
            "blocked": user.is_blocked,
            "registered": re.sub(r"\D", "", iso_time(user.registered)),
            "groups": list(user.groups),
            "rights": self.store.rights(user),
            "grants": list(token.grants),
        }
        if {"mwoauth-authonlyprivate", "privateinfo"} & set(token.grants):
            shows_email = is_confirmed or version.identity_shows_unconfirmed_email
            claims.update(realname=user.real_name, email=user.email if shows_email else "")
        claims["nonce"] = nonce[1] if nonce else ""
        return jwt.encode(claims, consumer.secret, "HS256")


def _refused(refusal: OAuthRefusal, as_json: bool) -> SpecialResponse:
    """Return the response to a request that MediaWiki refuses."""
    text = refusal.text if refusal.key else f"An error occurred in the OAuth protocol: {refusal.text}"
    if as_json:
        error = {"error": refusal.key or "mwoauth-oauth-exception", "message": text}
        return SpecialResponse(_php_json(error), True, refusal.text)
    # MediaWiki escapes the message as for an HTML page, except for its link.
    escaped = _php_escape(text)
    if refusal.code:
        escaped = escaped.replace(_php_escape(refusal.link), refusal.link)
    return SpecialResponse(f"Error: {escaped}", False, refusal.text)


def _php_json(value: dict[str, str]) -> str:
    """Write JSON as MediaWiki does, so that it may stand in an HTML page."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")


def _php_escape(text: str) -> str:
    """Escape text for HTML as PHP does."""
    return html.escape(text).replace("&#x27;", "&#039;")
