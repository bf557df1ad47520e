"""MediaWiki's handshake and the user's identity, with mwoauth's interface, over httplib2.

A program that uses mwoauth changes only its import::

    from httplib2_oauthlib import mediawiki as mwoauth

:func:`identify` needs an extra: ``pip install 'httplib2-oauthlib[mediawiki]'``.
"""

import hmac
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import httplib2

from ._http.origin import Origin
from ._http.refused import refused
from ._http.signers import RestrictedSigners, SignersLike, accepted
from ._refusals.quoting import plain_line
from ._refusals.refusals import read_refusal
from ._refusals.token_endpoint import EndpointResponse
from ._signing.oauth1 import OAuth1
from ._signing.protocol_parameters import add_to_query
from ._signing.wiki_uris import takes_signature
from .errors import HandshakeError, IdentityError, OAuthError
from .handshake import Handshake, KeyAndSecret, key_and_secret, open_http, request_signed

__all__ = [
    "AccessToken",
    "ConsumerToken",
    "Handshaker",
    "OAuthException",
    "RequestToken",
    "api_only",
    "check",
    "complete",
    "identify",
    "initiate",
]

#: The base class of all OAuth errors that this module raises, under mwoauth's name for programs that catch it.
OAuthException = OAuthError


_DEFAULT_USER_AGENT = "httplib2-oauthlib default user agent"
#: The name ``mwoauth.defaults``. A program can set ``defaults.USER_AGENT`` for all calls without a ``user_agent``.
defaults = SimpleNamespace(USER_AGENT=_DEFAULT_USER_AGENT)


class ConsumerToken(KeyAndSecret):
    """The key and secret of a registered consumer."""

    __slots__ = ()


class RequestToken(KeyAndSecret):
    """The key and secret of an authorization request that is not completed yet."""

    __slots__ = ()


class AccessToken(KeyAndSecret):
    """The key and secret of the access that a user has granted. The key is useless without the secret."""

    __slots__ = ()


#: The names ``mwoauth.errors`` and ``mwoauth.tokens``, for programs that use them.
errors = SimpleNamespace(OAuthException=OAuthException)
tokens = SimpleNamespace(ConsumerToken=ConsumerToken, RequestToken=RequestToken, AccessToken=AccessToken)


class Handshaker:
    """The handshake and the identity of one consumer at one wiki.

    Args:
        mw_uri: The URI of the wiki's index.php.
        consumer_token: The consumer, or any other pair of its key and secret. Tokens may contain str or bytes.
        callback: The URI to which the wiki sends the user's browser: the registered callback, or a URI that begins
            with it. ``oob`` means that the wiki shows the verifier to the user.
        user_agent: The name of your tool and a way to contact you, see
            https://meta.wikimedia.org/wiki/User-Agent_policy. None means that of ``http``, if it has one.
        http: Any ``httplib2.Http``, for example for a proxy, TLS settings or another timeout. Several threads must not
            share it. None means a new Http for each call, with a timeout of 30 seconds. Then threads may share the
            Handshaker.
    """

    def __init__(
        self,
        mw_uri: str,
        consumer_token: Sequence[str] | Sequence[bytes],
        callback: str = "oob",
        user_agent: str | None = None,
        *,
        http: httplib2.Http | None = None,
    ) -> None:
        self.mw_uri = mw_uri
        self.consumer_token = ConsumerToken(*_token(consumer_token, "consumer_token"))
        self.callback = callback
        self.user_agent = _user_agent(user_agent, http)
        self.http = http

    def initiate(self, callback: str | None = None) -> tuple[str, RequestToken]:
        """Start a handshake, as :func:`initiate` does."""
        return initiate(self.mw_uri, self.consumer_token, callback or self.callback, self.user_agent, http=self.http)

    def complete(self, request_token: Sequence[str] | Sequence[bytes], response_qs: str | bytes) -> AccessToken:
        """Complete a handshake, as :func:`complete` does."""
        return complete(self.mw_uri, self.consumer_token, request_token, response_qs, self.user_agent, http=self.http)

    def identify(
        self, access_token: Sequence[str] | Sequence[bytes], leeway: float = 10.0, *, issuer: str | None = None
    ) -> dict[str, Any]:
        """Return who the user is, as :func:`identify` does."""
        return identify(
            self.mw_uri, self.consumer_token, access_token, leeway, self.user_agent, http=self.http, issuer=issuer
        )


def initiate(
    mw_uri: str,
    consumer_token: Sequence[str] | Sequence[bytes],
    callback: str = "oob",
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
) -> tuple[str, RequestToken]:
    """Start a handshake: get a request token, and the URI where the user allows access.

    Args:
        mw_uri: The URI of the wiki's index.php.
        consumer_token: The consumer, or any other pair of its key and secret.
        callback: As for :class:`Handshaker`.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.

    Returns:
        The URI to send the user's browser to, and the request token. Store the request token until the callback
        arrives.

    Raises:
        HandshakeError: The wiki refused, or the server isn't a MediaWiki.
    """
    handshake = _make_handshake(mw_uri, consumer_token, _user_agent(user_agent, http), http)
    request_token = RequestToken(*handshake.temporary_credentials(callback))
    uri = handshake.authorization_uri(request_token, oauth_consumer_key=handshake.oauth.client_key)
    return uri, request_token


def complete(
    mw_uri: str,
    consumer_token: Sequence[str] | Sequence[bytes],
    request_token: Sequence[str] | Sequence[bytes],
    response_qs: str | bytes,
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
) -> AccessToken:
    """Complete a handshake: get the access token that the user has granted.

    Args:
        mw_uri: As for :func:`initiate`.
        consumer_token: As for :func:`initiate`.
        request_token: The request token from :func:`initiate`, or any other pair of its key and secret.
        response_qs: The callback: the whole URI to which the wiki sent the user's browser, only its query, or only the
            verifier.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.

    Returns:
        The access token. Store it, because it stays valid until the user revokes it.
        ``OAuth1(*consumer_token, *access_token)`` signs with it.

    Raises:
        HandshakeError: The callback is incomplete or belongs to another request, or the wiki refused.
    """
    handshake = _make_handshake(mw_uri, consumer_token, _user_agent(user_agent, http), http)
    oauth = handshake.token_credentials(_token(request_token, "request_token"), response_qs)
    return AccessToken(str(oauth.resource_owner_key), str(oauth.resource_owner_secret))


def identify(
    mw_uri: str,
    consumer_token: Sequence[str] | Sequence[bytes],
    access_token: Sequence[str] | Sequence[bytes],
    leeway: float = 10.0,
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
    issuer: str | None = None,
) -> dict[str, Any]:
    """Ask the wiki who the user is, and verify its response: signature, consumer, issuer, nonce and times.

    Args:
        mw_uri: As for :func:`initiate`.
        consumer_token: As for :func:`initiate`.
        access_token: The access token from :func:`complete`, or any other pair of its key and secret.
        leeway: Seconds by which this machine's clock and the wiki's may differ.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.
        issuer: The wiki's canonical server, as a URI or a host, if it differs from the one in ``mw_uri``. Requests to
            an alias, such as a mobile host, get an identity that the canonical server has issued.

    Returns:
        The wiki's claims: ``username``, ``sub`` (the user's central ID), ``groups``, ``rights``, ``grants``,
        ``blocked``, ``editcount`` and more. Times are in Unix seconds.

    Raises:
        HandshakeError: The wiki refused, or the server isn't a MediaWiki.
        IdentityError: The identity is forged, expired, or issued for another consumer, for another request or by
            another wiki.
        OAuthError: PyJWT is not installed.

    Source: https://www.mediawiki.org/wiki/OAuth/For_Developers#Identifying_the_user; RFC 7519.
    """
    consumer = ConsumerToken(*_token(consumer_token, "consumer_token"))
    oauth = OAuth1(*consumer, *_token(access_token, "access_token"))
    uri, headers = _special_uri(mw_uri, "identify"), {"User-Agent": _user_agent(user_agent, http)}
    with open_http(http) as used:
        response, nonce = request_signed(used, oauth, uri, headers, "an identity", is_repeatable=True)
    response.raise_for_refusal()
    if response.content.count(b".") != 2 or not response.content.startswith(b"eyJ"):  # noqa: PLR2004
        raise response.unexpected_content_error()
    claims = _verify_token(response, consumer)
    expected_issuer = _authority(mw_uri if issuer is None else issuer if "//" in issuer else f"https://{issuer}")
    if not expected_issuer:
        raise ValueError("issuer must be the URI or the host of a server")
    _verify_claims(claims, response, nonce, expected_issuer, leeway)
    return claims


def check(response: httplib2.Response, content: bytes) -> None:
    """Raise if a wiki's response refuses the OAuth part of a request; return None for any other response.

    api.php and Special:OAuth refuse with status 200, so that the status alone does not show a refusal. rest.php refuses
    with status 403, and pages of index.php with status 400 (see :func:`api_only`).

    Args:
        response: The ``httplib2.Response`` to any request to api.php (JSON or XML, in every ``errorformat``), rest.php,
            Special:OAuth (text or JSON) or index.php.
        content: The response's body.

    Raises:
        RefusedError: The response is a refusal. ``.reason`` is its reason; the message quotes the wiki and says what to
            do. The reason is ``other`` if the wiki gives none, or one that the other words don't cover.
    """
    refusal = read_refusal(response, content)
    if refusal is not None:
        raise refused(refusal, response, content)


def api_only(oauth: SignersLike) -> Callable[[str], OAuth1 | None]:
    """Return a value for ``http.oauth`` that signs requests to api.php, rest.php and Special:OAuth only.

    Since Extension:OAuth REL1_41, a wiki refuses every signed request to one of its pages, such as a view,
    ``action=raw`` or Special:Export. With ``http.oauth = api_only(oauth)`` a program can ask for pages too: it gets
    them as an anonymous visitor does.

    Redirects are signed as with ``oauth`` itself. An OAuth1 signs only for the origin that the program asked for, and a
    mapping or a function signs for the hosts that it names.

    Args:
        oauth: An OAuth1, or any other value that ``http.oauth`` accepts, except None.

    Returns:
        A function of a URI. It can be pickled if ``oauth`` can.

    Raises:
        TypeError: The value can't select credentials.

    Source: Extension:OAuth, ``SessionProvider``.
    """
    signers = accepted(oauth)
    if signers is None:
        raise TypeError("oauth must be an OAuth1, a mapping or a function, not None, with which nothing is signed")
    return RestrictedSigners(signers, takes_signature)


#: The names ``mwoauth.functions`` and ``mwoauth.handshaker``.
functions = SimpleNamespace(initiate=initiate, complete=complete, identify=identify)
handshaker = SimpleNamespace(Handshaker=Handshaker)


class _MediaWikiHandshake(Handshake):
    _temporary_name = "a request token"
    _token_name = "an access token"  # noqa: S105 (not a password)


def _make_handshake(
    mw_uri: str, consumer_token: Sequence[str] | Sequence[bytes], user_agent: str, http: httplib2.Http | None
) -> _MediaWikiHandshake:
    initiate_uri, authenticate_uri, token_uri = (
        _special_uri(mw_uri, subpage) for subpage in ("initiate", "authenticate", "token")
    )
    consumer = OAuth1(*_token(consumer_token, "consumer_token"))
    headers = {"User-Agent": user_agent}
    return _MediaWikiHandshake(initiate_uri, authenticate_uri, token_uri, consumer, http, headers=headers)


def _special_uri(mw_uri: str, subpage: str) -> str:
    """Return the URI of a subpage of Special:OAuth."""
    if mw_uri.partition("?")[0].endswith("/api.php"):
        raise HandshakeError("answer", "mw_uri is the URI of the wiki's api.php: pass the URI of its index.php")
    # The title is in the query and not in the path, so that it does not depend on the wiki's article paths.
    return add_to_query(mw_uri, urlencode({"title": f"Special:OAuth/{subpage}"}))


def _token(token: Sequence[str] | Sequence[bytes], name: str) -> tuple[str, str]:
    """Return key and secret of a token as str.

    mwoauth's tokens contained bytes in its earlier versions, and programs have stored them.
    """
    if isinstance(token, list | tuple):
        token = [part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part for part in token]
    return key_and_secret(cast(Sequence[str], token), name)


def _user_agent(user_agent: str | None, http: httplib2.Http | None) -> str:
    """Return the User-Agent to send, and warn the caller's caller if there is none."""
    of_http = getattr(http, "user_agent", None)
    if user_agent is None and isinstance(of_http, str):
        return of_http
    if user_agent is None and defaults.USER_AGENT == _DEFAULT_USER_AGENT:
        warnings.warn(
            "no user_agent was passed. Wikimedia's wikis refuse requests that don't identify their sender: pass the"
            " name of your tool and a way to contact you, https://meta.wikimedia.org/wiki/User-Agent_policy",
            stacklevel=3,
        )
    return user_agent or str(defaults.USER_AGENT)


def _is_str(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    # The comparison also excludes NaN, infinity, and numbers that are too large for a subtraction of floats.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_TIME


_MAX_TIME = 1e11  # Unix seconds
# The claims that an identity must have, and the check of each claim's type.
_REQUIRED_CLAIMS: Mapping[str, Callable[[object], bool]] = {
    "iss": _is_str,
    "aud": lambda value: isinstance(value, str | list),
    "exp": _is_time,
    "iat": _is_time,
    "nonce": _is_str,
    "username": _is_str,
}


def _verify_token(response: EndpointResponse, consumer: ConsumerToken) -> dict[str, Any]:
    """Verify a JWT's signature, the types of its claims and its audience, and return the claims."""
    try:
        import jwt  # noqa: PLC0415 (an extra)
    except ImportError:
        raise OAuthError("identify() needs an extra: pip install 'httplib2-oauthlib[mediawiki]'") from None
    # Names and times are verified here and not by PyJWT, so that each gets its own error. PyJWT's errors are not
    # chained, because they may quote the token.
    options: Any = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        claims = jwt.decode(response.content, consumer.secret, algorithms=["HS256"], options=options)
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise _identity_error(
            response,
            "signature",
            "it is not signed with this consumer's secret, although the wiki accepted a request that is. Someone may"
            " be intercepting the connection: use https, and check the proxy",
        ) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _identity_error(response, "claims", "it can't be parsed") from None
    for name, is_valid in _REQUIRED_CLAIMS.items():
        if not is_valid(claims.get(name)):
            raise _identity_error(response, "claims", f"its claim {name} is missing or has the wrong type")
    audience = claims["aud"]
    if consumer.key not in ([audience] if isinstance(audience, str) else audience):
        raise _identity_error(response, "audience", "it was issued for another consumer. Check the consumer key")
    return dict(claims)


def _verify_claims(
    claims: dict[str, Any], response: EndpointResponse, nonce: str, expected_issuer: str, leeway: float
) -> None:
    """Verify that the claims are for this request, by this wiki and of this time."""
    if not hmac.compare_digest(claims["nonce"].encode("utf-8", "replace"), nonce.encode()):
        raise _identity_error(response, "nonce", "it was issued for another request, so it may be replayed")
    issuer = _authority(claims["iss"])
    if issuer != expected_issuer:
        raise _identity_error(
            response,
            "issuer",
            f"it was issued by {plain_line(issuer) or 'an unnamed server'}, expected {expected_issuer}. If both are"
            " names of the same wiki, use the first one in mw_uri or pass it as issuer. Else mw_uri is the wrong"
            " wiki",
        )
    # The nonce proves that the identity was issued just now, so that a difference in time is one of the clocks.
    now = time.time()
    difference = claims["iat"] - now
    if claims["exp"] < claims["iat"]:
        raise _identity_error(response, "claims", "it had expired before it was issued")
    if difference > leeway or claims["exp"] < now - leeway:
        raise _identity_error(
            response,
            "clock",
            f"it is genuine, but this machine's clock is about {abs(difference):.0f} seconds"
            f" {'behind' if difference > 0 else 'ahead of'} the wiki's. Set the clock, or pass a larger leeway",
        )


def _authority(uri: str) -> str:
    """Return host and port of a URI in a comparable form. The scheme is left out, because a wiki may have two."""
    origin = Origin.of(uri)
    return "" if origin is None else origin._replace(host=origin.host.rstrip(".")).authority


def _identity_error(response: EndpointResponse, reason: str, problem: str) -> IdentityError:
    return IdentityError(reason, f"identity rejected: {problem}", response.response, response.content)
