"""Advice on a refusal: one sentence for each reason, and more specific ones for messages that MediaWiki sends."""

import re

from .quoting import plain_sentence
from .refusals import Refusal
from .wiki_messages import NOT_API

_ADVICE_BY_REASON = {
    "signature": "Check the secrets, and that the URI has the server's own host name. OAuth1.explain() shows more.",
    "consumer": "Check the client (consumer) key: it must be registered at this server, for OAuth 1.0a, and approved.",
    "token": "The access was revoked, or was granted to another client: log in again for a new token.",
    "nonce": "The server received the same signed request twice, and the first one may have been acted upon. Check"
    " whether it was before you retry, and sign each request separately.",
    "timestamp": "Set the clock of this machine.",
    "callback": "Register the callback at the server, or use one that is registered.",
    "method": "Sign with HMAC-SHA1, or with RSA-SHA1 and a registered key.",
    "other": "",
}
# MediaWiki's messages and codes (Extension:OAuth, i18n/en.json; https://www.mediawiki.org/wiki/Help:OAuth/Errors).
# Codes and keys come first in each pattern, because they are the same in every language.
_ADVICE_BY_MESSAGE = tuple(
    (re.compile(pattern), advice)
    for pattern, advice in (
        ("E004", "A request token expires after ten minutes: start again, and use the request token that you get."),
        (
            "E005|not-approved|is not approved as",
            "The consumer is not approved, or its approval was withdrawn. Ask the person who registered it.",
        ),
        ("E006", "Check the consumer key."),
        (
            "E007|not allowed to use Connected Apps",
            "This account is not allowed to use applications. Ask the wiki's administrators.",
        ),
        (
            "E008|invalid-user|all projects",
            "Log in to this wiki once with a browser, so that the account exists there.",
        ),
        (
            "E009",
            "A request token can be used once. The callback was opened twice, or the first response was lost: start"
            " again.",
        ),
        (
            "E010",
            "An owner-only consumer needs no handshake: use the access token that was shown when it was registered.",
        ),
        ("E011", "Register the consumer again: it has neither a secret nor an RSA key."),
        (
            "callback-not-oob|oauth_callback",
            'Use the callback that the consumer was registered with, a callback that begins with it, or "oob".',
        ),
        (
            "bad-verifier|verification code|Verifikationscode",
            "Use the verifier from the callback of this request token.",
        ),
        (
            "mwoauthdatastore-bad-token|No token was found|kein Token gefunden",
            "The user has not allowed the request yet. Send the user to the authorization URI first.",
        ),
        (
            "bad-source-ip|invalid IP address",
            "The consumer was registered for other IP addresses than that of this machine.",
        ),
        ("db-readonly|temporarily locked", "Try again in a few minutes."),
        ("wrong-wiki|are not valid for ", "The consumer or the access token is for another wiki."),
        ("blocked-user|who is blocked", "The account is blocked on this wiki. Its talk page gives the reason."),
        (
            "rest-(?:read|write)-denied",
            # The response is the same in 1.39, 1.43 and 1.45, so that the two meanings can't be distinguished.
            "Since MediaWiki 1.44, this means that the access was granted without the right to read or to write."
            " Before, rest.php gives this for every refusal: send a request with the same credentials to api.php, which"
            " gives the reason.",
        ),
        (
            NOT_API,
            "Sign requests to api.php, rest.php and Special:OAuth only: set http.oauth to mediawiki.api_only(oauth),"
            " which leaves pages unsigned.",
        ),
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
    if refusal.reason == "other" and refusal.message == refusal.message_key:
        return "The response gives no reason. Send a GET request with format=json, and without errorformat=none."
    return _ADVICE_BY_REASON.get(refusal.reason, "")
