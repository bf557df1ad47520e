"""Convert credentials of other libraries to OAuth1: those of oauthlib, requests-oauthlib, mwoauth and python-oauth2.

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
# The signature methods of python-oauth2 that OAuth1 has too, by the name of their class.
_PYTHON_OAUTH2_METHODS = {
    "SignatureMethod_HMAC_SHA1": "HMAC-SHA1",
    "SignatureMethod_PLAINTEXT": "PLAINTEXT",
}


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
        value: Credentials of one of these libraries. oauthlib: a ``Client``. requests-oauthlib: an ``OAuth1`` or an
            ``OAuth1Session``. mwoauth and :mod:`httplib2_oauthlib.mediawiki`: a ``ConsumerToken``, or a pair of it and
            an ``AccessToken``. python-oauth2, whose module is ``oauth2``: a ``Client``, a ``Consumer``, or a pair of a
            ``Consumer`` and a ``Token``. An OAuth1 is returned as it is.

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
    signer = _from_requests(value) or _from_python_oauth2(value)
    if signer is not None:
        return signer
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


def _loaded_class(module: str, name: str) -> type[Any] | None:
    """Return a class of a module, or None if the module isn't loaded or has no such class."""
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


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


def _from_requests(value: object) -> OAuth1 | None:
    """Return the OAuth1 for credentials of requests-oauthlib, or None for any other value."""
    auth_class = _loaded_class("requests_oauthlib", "OAuth1")
    session_class = _loaded_class("requests_oauthlib", "OAuth1Session")
    if auth_class is None or session_class is None:
        return None
    if isinstance(value, auth_class):
        return _from_requests_auth(value, auth_class)
    if not isinstance(value, session_class):
        return None
    # The session signs with its auth, which a program can replace.
    if not isinstance(value.auth, auth_class):
        raise TypeError(
            f"oauth can't be an OAuth1Session whose auth is {type(value.auth).__name__}; create the credentials with"
            " OAuth1(client_key, client_secret, token, token_secret)"
        )
    return _from_requests_auth(value.auth, auth_class)


def _from_python_oauth2(value: object) -> OAuth1 | None:
    """Return the OAuth1 for credentials of python-oauth2, or None for any other value."""
    client_class = _loaded_class("oauth2", "Client")
    consumer_class, token_class = _loaded_class("oauth2", "Consumer"), _loaded_class("oauth2", "Token")
    if client_class is None or consumer_class is None or token_class is None:
        return None
    if isinstance(value, client_class):
        _require_exact_class(value, client_class)
        method = _PYTHON_OAUTH2_METHODS.get(type(value.method).__name__)
        if value.consumer is None or method is None:
            raise TypeError(
                "oauth can't be a Client of python-oauth2 without a Consumer or with another signature method; create"
                " the credentials with OAuth1(client_key, client_secret, token, token_secret, signature_method=...)"
            )
        return _from_consumer_and_token(value.consumer, value.token, method)
    parts: list[Any] = list(value) if type(value) in (tuple, list) else [value]  # type: ignore[call-overload]
    kinds = [next((kind for kind in (consumer_class, token_class) if isinstance(part, kind)), None) for part in parts]
    if kinds in ([consumer_class], [consumer_class, token_class]):
        return _from_consumer_and_token(*parts)
    if any(kinds):
        raise TypeError(
            "oauth can't be a Token of python-oauth2 without its Consumer; pass the pair (consumer, token), or create"
            " the credentials with OAuth1(consumer.key, consumer.secret, token.key, token.secret)"
        )
    return None


def _from_consumer_and_token(consumer: Any, token: Any = None, signature_method: str = "HMAC-SHA1") -> OAuth1:
    if token is None:
        return OAuth1(consumer.key, consumer.secret, signature_method=signature_method)
    return OAuth1(
        consumer.key,
        consumer.secret,
        token.key,
        token.secret,
        signature_method=signature_method,
        verifier=token.verifier,
    )


def _require_exact_class(value: object, expected: type) -> None:
    """Refuse a subclass, because OAuth1 would ignore what it overrides."""
    if type(value) is not expected:
        given = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(f"oauth can't be {given}: its changes to {expected.__name__} would be lost; subclass OAuth1")


def _is_token(value: object) -> bool:
    return isinstance(value, tuple) and getattr(value, "_fields", None) == ("key", "secret")
