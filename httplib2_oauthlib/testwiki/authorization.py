"""The embedded wiki's users' yes to an application, as Extension:OAuth takes it. No HTTP and no pages live here."""

import secrets
from urllib.parse import urlencode, urlsplit

from .oauth import OAuthRefusal, coded_refusal, is_usable, request_token
from .store import REQUEST_TOKEN_LIFETIME, AccessToken, Consumer, Store, User

# With no more than these grants a consumer learns who the user is and can do nothing.
_AUTHENTICATION_ONLY = {"mwoauth-authonly", "mwoauth-authonlyprivate"}


class Authorization:
    """What happens between a request token and the verifier.

    Args:
        store: What the wiki knows.
        server: Scheme and authority by which the wiki calls itself.
    """

    def __init__(self, store: Store, server: str) -> None:
        self.store = store
        self.server = server

    def consumer(self, key: str, token_key: str, user: User) -> Consumer:
        """Return the consumer that a user is asked about.

        Args:
            key: The consumer's, or nothing.
            token_key: The request token's, by which it is found if its own key is not given.
            user: Who is asked.

        Raises:
            OAuthRefusal: There is none, or it is not for this user.
        """
        token = self.store.request_tokens.get(token_key)
        if not key and token is not None and token.expires >= self.store.clock():
            key = token.consumer
        consumer = self.store.consumers.get(key)
        if consumer is None:
            raise coded_refusal("E006")
        if not is_usable(consumer, user.name):
            raise coded_refusal("E005", consumer.name)
        return consumer

    def needs_no_question(self, consumer: Consumer, user: User) -> bool:
        """Whether a user who has said yes before need not be asked again: it is about the identity only."""
        granted = self.store.granted(consumer, user)
        return (
            granted is not None and granted.grants == consumer.grants and not set(granted.grants) - _AUTHENTICATION_ONLY
        )

    def authorize(self, consumer: Consumer, token_key: str, user: User) -> str:
        """Take a user's yes.

        Returns:
            Where the user's browser is to be sent: the callback with ``oauth_verifier`` and ``oauth_token``.

        Raises:
            OAuthRefusal: The request token is not one, was used, or has led a browser away before.
        """
        if consumer.owner is not None:
            raise coded_refusal("E010", consumer.name)
        with self.store.lock:
            token = request_token(self.store, consumer, token_key)
            token.verifier = secrets.token_hex(16)
            token.expires = self.store.clock() + REQUEST_TOKEN_LIFETIME
            token.access = self.store.grant(consumer, user)
            callback, token.callback = token.callback, None
        if callback is None:
            # As in MediaWiki, by now the former verifier is worth nothing.
            raise OAuthRefusal(
                "OAuth callback URL not found in cache."
                " This is probably an error in how the application makes requests to the server.",
                "mwoauthdatastore-callback-not-found",
            )
        if callback == "oob":
            callback = consumer.callback or f"{self.server}/index.php/Special:OAuth/verified"
        start, hash_sign, fragment = callback.partition("#")
        given = urlencode({"oauth_verifier": token.verifier, "oauth_token": token.key})
        return f"{start}{'&' if '?' in start else '?'}{given}{hash_sign}{fragment}"

    def revoke(self, number: int, user: User) -> AccessToken | None:
        """Take a user's yes back; return what it was, or None if there is no such of this user."""
        with self.store.lock:
            found = [t for t in self.store.access_tokens.values() if (t.id, t.user) == (number, user.name)]
            return self.store.access_tokens.pop(found[0].key) if found else None


def check_callback(consumer: Consumer, asked: str) -> None:
    """Check the callback that a request token is asked for with.

    Raises:
        OAuthRefusal: It is neither ``oob`` nor, part by part, one that begins with the registered one.
    """
    if asked == "oob":
        return
    only_oob = 'oauth_callback must be set, and must be set to "oob" (case-sensitive)'
    if consumer.callback is None or not consumer.callback_is_prefix:
        raise OAuthRefusal(only_oob, "mwoauth-callback-not-oob")
    want = urlsplit(consumer.callback)
    try:
        got = urlsplit(asked)
        is_good = (
            got.scheme in ((want.scheme, "https") if want.scheme == "http" else (want.scheme,))
            and got.hostname == want.hostname
            # A registered port 1 allows any port; http may become https.
            and want.port in (1, got.port)
            and (got.path == want.path if want.query else got.path.startswith(want.path))
            and got.query.startswith(want.query)
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise OAuthRefusal(
            f"{only_oob}, or the configured callback must be a prefix of the supplied callback.",
            "mwoauth-callback-not-oob-or-prefix",
        )
