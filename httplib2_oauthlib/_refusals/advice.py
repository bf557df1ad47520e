"""What to do about a refusal: a sentence per reason, and a better one where the server's words say more."""

import re

from .quoting import plain_sentence
from .refusals import Refusal

_ADVICE_BY_REASON = {
    "signature": "Check the secrets, and that the server is asked by its own name; OAuth1.explain() tells more.",
    "consumer": "Check the client (consumer) key: it must be registered at this server, for OAuth 1.0a, and approved.",
    "token": "The access was revoked, or was granted to another client: log in again for a new token.",
    "nonce": "The same signed request arrived twice, and the first may have been acted upon: look before you repeat it,"
    " and sign each one anew.",
    "timestamp": "Set the clock of this machine.",
    "method": "Sign with HMAC-SHA1, or with RSA-SHA1 and a registered key.",
    "other": "",
}
# MediaWiki's sentences and codes (Extension:OAuth, i18n/en.json; https://www.mediawiki.org/wiki/Help:OAuth/Errors).
# Codes and keys come first: they are the same in every language.
_ADVICE_BY_MESSAGE = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        ("E004", "Request tokens live ten minutes: begin again, and give the token that was given to you."),
        ("E005|not-approved|is not approved as", "Ask who registered the consumer: it is not approved, or no more."),
        ("E006", "Check the consumer key."),
        ("E007|not allowed to use Connected Apps", "This account may not use applications; ask the wiki's staff."),
        (
            "E008|invalid-user|all projects",
            "Log in to this wiki once with a browser, so that the account exists there.",
        ),
        (
            "E009",
            "Request tokens serve once. The callback was opened twice, or the first answer was lost: begin again.",
        ),
        (
            "E010",
            "An owner-only consumer needs no handshake: use the access token that was shown when it was registered.",
        ),
        ("E011", "Register the consumer anew: it has neither a secret nor an RSA key."),
        (
            "callback-not-oob|oauth_callback must be set",
            'Ask for the callback that the consumer was registered with, or one that begins with it; or for "oob".',
        ),
        ("bad-verifier|verification code", "Give the verifier that came with this request token's callback."),
        ("mwoauthdatastore-bad-token|No token was found", "The user has not allowed the request: that comes first."),
        ("bad-source-ip|invalid IP address", "The consumer was registered for other IP addresses than this machine's."),
        ("db-readonly|temporarily locked", "Try again in a few minutes."),
        ("wrong-wiki|are not valid for ", "The consumer or the access is for another wiki."),
        ("blocked-user|who is blocked", "The account is blocked there; its talk page says why."),
        ("rest-read-denied", "rest.php gives no reason: ask api.php with the same credentials, which does."),
    )
)


def describe(refusal: Refusal) -> str:
    """Return the server's message as a sentence, and what to do about it."""
    return f"{plain_sentence(refusal.message)} {advise(refusal)}".strip()


def advise(refusal: Refusal) -> str:
    """Return what to do about a refusal in a sentence or two, or an empty str if there is no advice."""
    for pattern, advice in _ADVICE_BY_MESSAGE:
        if pattern.search(refusal.message) or pattern.search(refusal.message_key):
            return advice
    return _ADVICE_BY_REASON.get(refusal.reason, "")
