"""Makes an OAuth1 of what other libraries sign with: oauthlib, requests-oauthlib, mwoauth. Imports none but oauthlib.

Whoever has no such library has no such object, so that its classes are looked for where Python keeps what is imported.
"""

import sys
from dataclasses import fields
from typing import Any

from oauthlib.oauth1 import Client

from .oauth1 import OAuth1

_CONSUMER, _ACCESS = "ConsumerToken", "AccessToken"
_NAMES = [field.name for field in fields(OAuth1)]


def converted(value: object) -> OAuth1 | None:
    """Return the OAuth1 that signs as a value of another library does.

    Args:
        value: An ``oauthlib.oauth1.Client``, a ``requests_oauthlib.OAuth1``, mwoauth's or our own ``ConsumerToken``,
            or a pair of it and an ``AccessToken``; an OAuth1 is returned as it is.

    Returns:
        The credentials as they are now: what changes in the value later does not change them. None for anything else.

    Raises:
        TypeError: It is one of those, but signs in a way that an OAuth1 does not, or is half of a pair.
        SigningError: It holds what an OAuth1 can't take.
    """
    if value is None or isinstance(value, OAuth1):
        return value
    if isinstance(value, Client):
        return _of_client(value)
    requests_auth = getattr(sys.modules.get("requests_oauthlib"), "OAuth1", None)
    if isinstance(requests_auth, type) and isinstance(value, requests_auth):
        return _of_requests_auth(value, requests_auth)
    # Each of mwoauth's tokens is a tuple itself, of a class of its own.
    tokens: list[Any] = list(value) if type(value) in (tuple, list) else [value]  # type: ignore[call-overload]
    names = [_token_name(token) for token in tokens]
    if names in ([_CONSUMER], [_CONSUMER, _ACCESS]):
        return OAuth1(*(part for token in tokens for part in token))
    if names and all(names):
        raise TypeError(
            f"oauth can't be {' and '.join(map(str, names))}; give the pair (consumer_token, access_token)"
            " that signs for a user, or a ConsumerToken alone"
        )
    return None


def _of_client(client: Client) -> OAuth1:
    _require_plain(client, Client)
    if vars(client).keys() - vars(Client("x")).keys():
        raise TypeError("oauth can't be a Client with attributes of its own, which would be lost; subclass OAuth1")
    if (client.encoding or "utf-8").lower().replace("_", "-") != "utf-8":
        raise TypeError("oauth can't be a Client with an encoding of its own: an OAuth1 signs text as UTF-8")
    if client.nonce is not None or client.timestamp is not None:
        raise TypeError("oauth can't be a Client with a nonce or a timestamp of its own: each request needs a new one")
    return OAuth1(**{name: getattr(client, name) for name in _NAMES})


def _of_requests_auth(auth: Any, kind: type) -> OAuth1:
    _require_plain(auth, kind)
    if auth.force_include_body:
        raise TypeError("oauth can't be an OAuth1 with force_include_body: a body that is no form is not signed")
    return _of_client(auth.client)


def _require_plain(value: object, kind: type) -> None:
    """Refuse a subclass: what it changes would be lost without a word."""
    if type(value) is not kind:
        given = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(f"oauth can't be {given}: what it changes of {kind.__name__} would be lost; subclass OAuth1")


def _token_name(value: object) -> str | None:
    """Return which token a value is, mwoauth's own or one of :mod:`httplib2_oauthlib.mediawiki`; None if it is none."""
    is_token = isinstance(value, tuple) and getattr(value, "_fields", None) == ("key", "secret")
    return type(value).__name__ if is_token else None
