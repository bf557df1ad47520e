"""The pages of Special:OAuth that applications request: initiate, token, identify."""

import html
import json
import re
import secrets
from typing import Any
from urllib.parse import urlencode

import jwt
from flask import Response, g

from .authorization import check_callback
from .oauth import IncomingRequest, Verifier
from .refusals import OAuthRefusal, no_approved_grant
from .store import REQUEST_TOKEN_LIFETIME, iso_time

#: The subpages of Special:OAuth for applications.
SUBPAGES = ("initiate", "token", "identify")
# The identity JWT is valid for this many seconds (Extension:OAuth).
_IDENTITY_LIFETIME = 100
_JSON, _PLAIN_TEXT = "application/json", "text/plain;charset=UTF-8"


def application_response(verifier: Verifier, subpage: str, request: IncomingRequest, as_json: bool) -> Response:
    """Return the response to a request for one of ``SUBPAGES``, also if MediaWiki refuses the request."""
    try:
        if subpage == "identify":
            return Response(_identify(verifier, request), content_type=_JSON)
        key, secret = _initiate(verifier, request) if subpage == "initiate" else _token(verifier, request)
    except OAuthRefusal as refusal:
        g.refusal = refusal.text
        return _refused(refusal, as_json or subpage == "identify")
    confirmed = {"oauth_callback_confirmed": "true"}
    if not as_json:
        pairs = {"oauth_token": key, "oauth_token_secret": secret, **confirmed}
        return Response(urlencode(pairs), content_type=_PLAIN_TEXT)
    return _json({"key": key, "secret": secret, **(confirmed if subpage == "initiate" else {})})


def _initiate(verifier: Verifier, request: IncomingRequest) -> tuple[str, str]:
    """Return the key and the secret of a new request token."""
    consumer, callback = verifier.verify_initiate(request)
    check_callback(consumer, callback, verifier.store.version)
    token = verifier.store.new_request_token(consumer, callback)
    return token.key, token.secret


def _token(verifier: Verifier, request: IncomingRequest) -> tuple[str, str]:
    """Return the key and the secret of the access token, in exchange for a request token."""
    token, code = verifier.verify_token(request)
    with verifier.store.lock:
        if token.access is None or token.verifier is None:
            raise OAuthRefusal("No token was found matching your request.", "mwoauthdatastore-bad-token")
        if not secrets.compare_digest(token.verifier.encode(), code.encode()):
            raise OAuthRefusal("The verification code provided was not valid.", "mwoauthdatastore-bad-verifier")
        # The user may have revoked the access token after allowing it.
        if token.access.key not in verifier.store.access_tokens:
            raise no_approved_grant()
        token.used = True
        token.expires = verifier.store.clock() + REQUEST_TOKEN_LIFETIME
    uses_rsa = verifier.store.consumers[token.consumer].rsa_public_key is not None
    return token.access.key, "__unused__" if uses_rsa else token.access.secret


def _identify(verifier: Verifier, request: IncomingRequest) -> str:
    """Return the user's identity as a JWT that is signed with the consumer's secret."""
    consumer, token = verifier.verify(request)
    nonce = re.search(r'oauth_nonce="([^"]*)"', request.headers["authorization"])
    user = verifier.store.user(token.user)
    now = int(verifier.store.clock())
    is_confirmed, version = bool(user.email) and user.email_is_confirmed, verifier.store.version
    claims: dict[str, Any] = {
        "iss": verifier.store.server,
        "aud": consumer.key,
        "exp": now + _IDENTITY_LIFETIME,
        "iat": now,
        "sub": str(user.id),
        "username": user.name,
        "editcount": verifier.store.edit_count(user),
        **({} if version.identity_shows_unconfirmed_email else {"email_verified": is_confirmed}),
        "confirmed_email": is_confirmed,
        "blocked": user.is_blocked,
        "registered": re.sub(r"\D", "", iso_time(user.registered)),
        "groups": list(user.groups),
        "rights": verifier.store.rights(user),
        "grants": list(token.grants),
    }
    if {"mwoauth-authonlyprivate", "privateinfo"} & set(token.grants):
        shows_email = is_confirmed or version.identity_shows_unconfirmed_email
        claims.update(realname=user.real_name, email=user.email if shows_email else "")
    claims["nonce"] = nonce[1] if nonce else ""
    return jwt.encode(claims, consumer.secret, "HS256")


def _refused(refusal: OAuthRefusal, as_json: bool) -> Response:
    """Return the response to a request that MediaWiki refuses."""
    text = refusal.text if refusal.key else f"An error occurred in the OAuth protocol: {refusal.text}"
    if as_json:
        return _json({"error": refusal.key or "mwoauth-oauth-exception", "message": text})
    # MediaWiki escapes the message as for an HTML page, except for its link.
    escaped = _php_escape(text)
    if refusal.code:
        escaped = escaped.replace(_php_escape(refusal.link), refusal.link)
    return Response(f"Error: {escaped}", content_type=_PLAIN_TEXT)


def _json(value: dict[str, str]) -> Response:
    """Return JSON as MediaWiki writes it, so that it may stand in an HTML page."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    text = text.replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")
    return Response(text, content_type=_JSON)


def _php_escape(text: str) -> str:
    """Escape text for HTML as PHP does."""
    return html.escape(text).replace("&#x27;", "&#039;")
