"""How a user allows an application and takes that back, as in Extension:OAuth. This module has no HTTP and no pages."""

import secrets
from urllib.parse import urlencode, urlsplit

from .oauth import is_usable, usable_request_token
from .refusals import OAuthRefusal, coded_refusal
from .store import REQUEST_TOKEN_LIFETIME, Consumer, Store, User
from .versions import Version

# A consumer that has only these grants learns who the user is and can do nothing.
_AUTHENTICATION_ONLY = {"mwoauth-authonly", "mwoauth-authonlyprivate"}


def consumer_to_allow(store: Store, key: str, request_token: str, user: User) -> Consumer:
    """Return the consumer that a user is asked to allow. The request token identifies it if ``key`` is empty.

    Raises:
        OAuthRefusal: The consumer does not exist, or this user may not use it.
    """
    token = store.request_tokens.get(request_token)
    if not key and token is not None and token.expires >= store.clock():
        key = token.consumer
    consumer = store.consumers.get(key)
    if consumer is None:
        raise coded_refusal("E006")
    if not is_usable(consumer, user.name):
        raise coded_refusal("E005", consumer)
    return consumer


def may_skip_dialog(store: Store, consumer: Consumer, user: User) -> bool:
    """Return whether MediaWiki authenticates a user without asking again.

    It does so if the user has allowed the same grants before and the grants only reveal who the user is.
    """
    token = store.access_token_of(consumer, user)
    return token is not None and token.grants == consumer.grants and not set(token.grants) - _AUTHENTICATION_ONLY


def authorize(store: Store, consumer: Consumer, request_token: str, user: User) -> str:
    """Allow a consumer's request as a user.

    Returns:
        The URI to send the browser to: the callback with ``oauth_verifier`` and ``oauth_token``.

    Raises:
        OAuthRefusal: The request token does not exist, was used, or was allowed before.
    """
    if consumer.owner is not None:
        raise coded_refusal("E010", consumer)
    with store.lock:
        token = usable_request_token(store, consumer, request_token)
        token.verifier = secrets.token_hex(16)
        token.expires = store.clock() + REQUEST_TOKEN_LIFETIME
        token.access = store.grant(consumer, user)
        callback, token.callback = token.callback, None
    if callback is None:
        # As in MediaWiki, the earlier verifier has been replaced by now and is no longer valid.
        raise OAuthRefusal(
            "OAuth callback URL not found in cache."
            " This is probably an error in how the application makes requests to the server.",
            "mwoauthdatastore-callback-not-found",
        )
    if callback == "oob":
        callback = consumer.callback or f"{store.server}/index.php/Special:OAuth/verified"
    start, hash_sign, fragment = callback.partition("#")
    parameters = urlencode({"oauth_verifier": token.verifier, "oauth_token": token.key})
    return f"{start}{'&' if '?' in start else '?'}{parameters}{hash_sign}{fragment}"


def check_callback(consumer: Consumer, callback: str, version: Version) -> None:
    """Check the callback of a request for a request token.

    Raises:
        OAuthRefusal: The callback is neither ``oob`` nor, part by part, begins with the registered one.
    """
    if callback == "oob":
        return
    only_oob = 'oauth_callback must be set, and must be set to "oob" (case-sensitive)'
    if consumer.callback is None or not consumer.callback_is_prefix:
        raise OAuthRefusal(only_oob, "mwoauth-callback-not-oob")
    registered = urlsplit(consumer.callback)
    try:
        given = urlsplit(callback)
        is_prefix = (
            # http may become https, and a registered port 1 allows any port.
            given.scheme in ((registered.scheme, "https") if registered.scheme == "http" else (registered.scheme,))
            and given.hostname == registered.hostname
            # MediaWiki compares the host as it is written.
            and given.netloc.rpartition("@")[2].startswith(given.hostname or "")
            and ("@" not in given.netloc or version.callbacks_may_have_userinfo)
            and registered.port in (1, given.port)
            and (given.path == registered.path if registered.query else given.path.startswith(registered.path))
            and given.query.startswith(registered.query)
        )
    except ValueError:
        is_prefix = False
    if not is_prefix:
        raise OAuthRefusal(
            f"{only_oob}, or the configured callback must be a prefix of the supplied callback.",
            "mwoauth-callback-not-oob-or-prefix",
        )
