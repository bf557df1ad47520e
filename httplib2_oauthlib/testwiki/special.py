"""The embedded wiki's Special:OAuth, as far as applications ask it: initiate, token, identify. No HTTP lives here."""

import html
import json
import re
import secrets
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import jwt

from .oauth import IncomingRequest, OAuthRefusal, Verifier
from .store import Store, iso_time

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
            pairs = self._initiate(request) if subpage == "initiate" else self._token(request)
            return SpecialAnswer(json.dumps(pairs) if as_json else urlencode(pairs), as_json)
        except OAuthRefusal as refusal:
            key = refusal.key or "mwoauth-oauth-exception"
            text = refusal.text if refusal.key else f"An error occurred in the OAuth protocol: {refusal.text}"
            if as_json or subpage == "identify":
                error = {"error": key, "message": text}
                return SpecialAnswer(json.dumps(error, separators=(",", ":")), True, refusal.text)
            # Escaped as for a page, but for links.
            escaped = re.sub(r"&lt;(a .*?)&gt;(.*?)&lt;/a&gt;", _link, html.escape(text))
            return SpecialAnswer(f"Error: {escaped}", False, refusal.text)

    def _initiate(self, request: IncomingRequest) -> dict[str, str]:
        consumer, callback = self.verifier.verify_initiate(request)
        if not _callback_is_good(consumer.callback, callback):
            only_oob = 'oauth_callback must be set, and must be set to "oob" (case-sensitive)'
            if consumer.callback is None:
                raise OAuthRefusal(only_oob, "mwoauth-callback-not-oob")
            raise OAuthRefusal(
                f"{only_oob}, or the configured callback must be a prefix of the supplied callback.",
                "mwoauth-callback-not-oob-or-prefix",
            )
        token = self.store.new_request_token(consumer, callback)
        return _pairs(token.key, token.secret)

    def _token(self, request: IncomingRequest) -> dict[str, str]:
        token, verifier = self.verifier.verify_token(request)
        with self.store.lock:
            if token.access is None or token.verifier is None:
                raise OAuthRefusal("No token was found matching your request.", "mwoauthdatastore-bad-token")
            if not secrets.compare_digest(token.verifier.encode(), verifier.encode()):
                raise OAuthRefusal("The verification code provided was not valid.", "mwoauthdatastore-bad-verifier")
            token.used = True
        uses_rsa = self.store.consumers[token.consumer].rsa_public_key is not None
        return _pairs(token.access.key, "__unused__" if uses_rsa else token.access.secret)

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
            "confirmed_email": True,
            "blocked": False,
            "registered": re.sub(r"\D", "", iso_time(user.registered)),
            "groups": list(user.groups),
            "rights": user.rights(),
            "grants": list(token.grants),
            "nonce": nonce[1] if nonce else "",
        }
        return jwt.encode(claims, consumer.secret, "HS256")


def _callback_is_good(registered: str | None, asked: str) -> bool:
    """Whether a callback is ``oob`` or begins, part by part, like the registered one."""
    if asked == "oob":
        return True
    if registered is None:
        return False
    want, got = urlsplit(registered), urlsplit(asked)
    # A registered port 1 allows any port; http may become https.
    return (
        got.scheme in ((want.scheme, "https") if want.scheme == "http" else (want.scheme,))
        and got.hostname == want.hostname
        and want.port in (1, got.port)
        and (got.path == want.path if want.query else got.path.startswith(want.path))
        and got.query.startswith(want.query)
    )


def _pairs(key: str, secret: str) -> dict[str, str]:
    return {"oauth_token": key, "oauth_token_secret": secret, "oauth_callback_confirmed": "true"}


def _link(match: re.Match[str]) -> str:
    return f"<{html.unescape(match[1])}>{match[2]}</a>"
