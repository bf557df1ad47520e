"""The embedded wiki's Special:OAuth, as far as applications ask it: initiate, token, identify. No HTTP lives here."""

import html
import json
import re
import secrets
from typing import NamedTuple
from urllib.parse import urlencode

import jwt

from .authorization import check_callback
from .oauth import IncomingRequest, OAuthRefusal, Verifier
from .store import REQUEST_TOKEN_LIFETIME, Store, iso_time

# The identity JWT lives this long (Extension:OAuth), in seconds.
_IDENTITY_LIFETIME = 100


class SpecialAnswer(NamedTuple):
    """An answer: its text, whether that is JSON, and MediaWiki's words if it is a refusal."""

    text: str
    is_json: bool
    refusal: str | None = None


class SpecialOAuth:
    """Special:OAuth over a store.

    Args:
        store: What the wiki knows.
        verifier: Judges the requests.
        server: Scheme and authority by which the wiki calls itself.
    """

    SUBPAGES = ("initiate", "token", "identify")

    def __init__(self, store: Store, verifier: Verifier, server: str) -> None:
        self.store = store
        self.verifier = verifier
        self.server = server

    def answer(self, subpage: str, request: IncomingRequest, as_json: bool) -> SpecialAnswer:
        """Answer a request for one of :attr:`SUBPAGES`; a refusal is an answer too."""
        try:
            if subpage == "identify":
                return SpecialAnswer(self._identify(request), True)
            key, secret = self._initiate(request) if subpage == "initiate" else self._token(request)
            confirmed = {"oauth_callback_confirmed": "true"}
            if not as_json:
                return SpecialAnswer(urlencode({"oauth_token": key, "oauth_token_secret": secret, **confirmed}), False)
            pairs = {"key": key, "secret": secret, **(confirmed if subpage == "initiate" else {})}
            return SpecialAnswer(_php_json(pairs), True)
        except OAuthRefusal as refusal:
            key = refusal.key or "mwoauth-oauth-exception"
            text = refusal.text if refusal.key else f"An error occurred in the OAuth protocol: {refusal.text}"
            if as_json or subpage == "identify":
                return SpecialAnswer(_php_json({"error": key, "message": text}), True, refusal.text)
            # Escaped as for a page, but for the link.
            escaped = _escaped(text)
            if refusal.code:
                escaped = escaped.replace(_escaped(refusal.link), refusal.link)
            return SpecialAnswer(f"Error: {escaped}", False, refusal.text)

    def _initiate(self, request: IncomingRequest) -> tuple[str, str]:
        consumer, callback = self.verifier.verify_initiate(request)
        check_callback(consumer, callback)
        token = self.store.new_request_token(consumer, callback)
        return token.key, token.secret

    def _token(self, request: IncomingRequest) -> tuple[str, str]:
        token, verifier = self.verifier.verify_token(request)
        with self.store.lock:
            if token.access is None or token.verifier is None:
                raise OAuthRefusal("No token was found matching your request.", "mwoauthdatastore-bad-token")
            if not secrets.compare_digest(token.verifier.encode(), verifier.encode()):
                raise OAuthRefusal("The verification code provided was not valid.", "mwoauthdatastore-bad-verifier")
            if token.access.key not in self.store.access_tokens:  # Revoked in between.
                raise OAuthRefusal(
                    "No approved grant was found for that authorization token.",
                    "mwoauthdatastore-access-token-not-found",
                )
            token.used = True
            token.expires = self.store.clock() + REQUEST_TOKEN_LIFETIME
        uses_rsa = self.store.consumers[token.consumer].rsa_public_key is not None
        return token.access.key, "__unused__" if uses_rsa else token.access.secret

    def _identify(self, request: IncomingRequest) -> str:
        consumer, token = self.verifier.verify(request)
        nonce = re.search(r'oauth_nonce="([^"]*)"', request.headers["authorization"])
        user = self.store.user(token.user)
        now = int(self.store.clock())
        claims = {
            "iss": self.server,
            "aud": consumer.key,
            "exp": now + _IDENTITY_LIFETIME,
            "iat": now,
            "sub": str(user.id),
            "username": user.name,
            "editcount": self.store.edit_count(user),
            "confirmed_email": bool(user.email),
            "blocked": user.is_blocked,
            "registered": re.sub(r"\D", "", iso_time(user.registered)),
            "groups": list(user.groups),
            "rights": user.rights(),
            "grants": list(token.grants),
        }
        if {"mwoauth-authonlyprivate", "privateinfo"} & set(token.grants):
            claims.update(realname=user.real_name, email=user.email)
        claims["nonce"] = nonce[1] if nonce else ""
        return jwt.encode(claims, consumer.secret, "HS256")


def _php_json(value: dict[str, str]) -> str:
    """Write JSON as MediaWiki does, fit to stand in a page."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")


def _escaped(text: str) -> str:
    """Escape text as PHP does."""
    return html.escape(text).replace("&#x27;", "&#039;")
