"""Converts credentials of other libraries to OAuth1: those of oauthlib, requests-oauthlib and mwoauth.

Only oauthlib is imported. An object of another library can only exist if that library is imported already, so its
classes are looked up in ``sys.modules``.
"""

import sys
from dataclasses import fields
from typing import Any

from oauthlib.oauth1 import Client

from .body_hash import PARAMETER, hash_of_body
from .oauth1 import OAuth1
from .request import SignableRequest

# The names of the tokens of mwoauth, and of those of httplib2_oauthlib.mediawiki.
_CONSUMER_ALONE = ["ConsumerToken"]
_CONSUMER_AND_ACCESS = ["ConsumerToken", "AccessToken"]


class ClientOAuth1(OAuth1):
    """Credentials of an ``oauthlib.oauth1.Client``, which sends the hash of some bodies.

    It differs from ``OAuth1(..., body_hash=True)`` as oauthlib differs from the draft: the hash is always SHA-1, and it
    is sent only with a body that has a Content-Type.
    """

    def request_parameters(self, nonce: str, timestamp: str, request: SignableRequest) -> list[tuple[str, str]]:
        """Return the protocol parameters of one request, with the hash of its body where oauthlib sends it."""
        parameters = super().request_parameters(nonce, timestamp, request)
        has_type = request.header_name("content-type") is not None
        if has_type and request.body is not None and not request.declares_form:
            parameters.append((PARAMETER, hash_of_body(request, "sha1")))
        return parameters


def converted(value: object) -> OAuth1 | None:
    """Return the OAuth1 that signs in the same way as a value of another library.

    Args:
        value: An ``oauthlib.oauth1.Client``, a ``requests_oauthlib.OAuth1``, a ``ConsumerToken`` of mwoauth or of
            :mod:`httplib2_oauthlib.mediawiki`, or a pair of a ``ConsumerToken`` and an ``AccessToken``. An OAuth1 is
            returned as it is.

    Returns:
        The credentials at this moment: later changes of the value do not affect them. None for any other value.

    Raises:
        TypeError: The value is of one of these types, and it signs in a way that OAuth1 does not, or it is half of a
            pair.
        SigningError: OAuth1 does not accept one of its parts.
    """
    if value is None or isinstance(value, OAuth1):
        return value
    if isinstance(value, Client):
        return _from_client(value)
    requests_auth = getattr(sys.modules.get("requests_oauthlib"), "OAuth1", None)
    if isinstance(requests_auth, type) and isinstance(value, requests_auth):
        return _from_requests_auth(value, requests_auth)
    # A token is a tuple too, of a subclass.
    tokens: list[Any] = list(value) if type(value) in (tuple, list) else [value]  # type: ignore[call-overload]
    names = [type(token).__name__ if _is_token(token) else None for token in tokens]
    if names in (_CONSUMER_ALONE, _CONSUMER_AND_ACCESS):
        return OAuth1(*(part for token in tokens for part in token))
    if names and all(names):
        raise TypeError(
            f"oauth can't be {' and '.join(map(str, names))}; give the pair (consumer_token, access_token)"
            " that signs for a user, or a ConsumerToken alone"
        )
    return None


def _from_client(client: Client, kind: type[OAuth1] = ClientOAuth1) -> OAuth1:
    _require_exact_class(client, Client)
    if vars(client).keys() - vars(Client("x")).keys():
        raise TypeError("oauth can't be a Client with added attributes, which would be lost; subclass OAuth1")
    if (client.encoding or "utf-8").lower().replace("_", "-") != "utf-8":
        raise TypeError("oauth can't be a Client with another encoding: OAuth1 signs text as UTF-8")
    if client.nonce is not None or client.timestamp is not None:
        raise TypeError("oauth can't be a Client with a fixed nonce or timestamp: each request needs a new one")
    return kind(**_arguments(client))


def _from_requests_auth(auth: Any, expected: type) -> OAuth1:
    _require_exact_class(auth, expected)
    if auth.force_include_body:
        raise TypeError("oauth can't be an OAuth1 with force_include_body: only bodies that are forms are signed")
    # requests-oauthlib keeps every body that isn't a form from its Client, so that none is hashed.
    return _from_client(auth.client, OAuth1)


def _arguments(client: Client) -> dict[str, Any]:
    arguments = {field.name: getattr(client, field.name) for field in fields(OAuth1) if field.name != "body_hash"}
    # oauthlib doesn't send an empty realm.
    return {**arguments, "realm": client.realm or None}


def _require_exact_class(value: object, expected: type) -> None:
    """Refuse a subclass, because OAuth1 would ignore what it overrides."""
    if type(value) is not expected:
        given = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(f"oauth can't be {given}: its changes to {expected.__name__} would be lost; subclass OAuth1")


def _is_token(value: object) -> bool:
    return isinstance(value, tuple) and getattr(value, "_fields", None) == ("key", "secret")
