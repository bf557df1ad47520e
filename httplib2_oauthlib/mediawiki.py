"""MediaWiki's handshake and its statement of who the user is, with mwoauth's names, over httplib2.

A program that uses mwoauth changes one line::

    from httplib2_oauthlib import mediawiki as mwoauth

:func:`identify` needs an extra: ``pip install 'httplib2-oauthlib[mediawiki]'``.
"""

import hmac
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httplib2

from ._http.context import Origin
from ._refusals.advice import explained, quoted
from ._refusals.refusals import read_refusal
from ._refusals.token_endpoint import Answer
from ._signing.oauth1 import OAuth1
from ._signing.protocol_parameters import add_to_query
from .errors import HandshakeError, IdentityError, OAuthError, RefusedError
from .handshake import Handshake, KeyAndSecret, borrowed, pair, post_signed

__all__ = [
    "AccessToken",
    "ConsumerToken",
    "Handshaker",
    "OAuthException",
    "RequestToken",
    "check",
    "complete",
    "identify",
    "initiate",
]

#: The name by which programs written for mwoauth catch its errors: all that this module raises about OAuth.
OAuthException = OAuthError


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_time(value: object) -> bool:
    # Also no NaN, no infinity, and nothing that is too large to be subtracted.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _END_OF_TIME


# Without these claims an identity says nothing; what each must be.
_END_OF_TIME = 1e11  # Unix seconds
_CLAIMS: Mapping[str, Callable[[object], bool]] = {
    "iss": _is_text,
    "aud": lambda value: isinstance(value, str | list),
    "exp": _is_time,
    "iat": _is_time,
    "nonce": _is_text,
    "username": _is_text,
}
_DEFAULT_USER_AGENT = "httplib2-oauthlib default user agent"


class ConsumerToken(KeyAndSecret):
    """The key and the secret of a registered consumer."""

    __slots__ = ()


class RequestToken(KeyAndSecret):
    """The key and the secret of a request for access that is under way."""

    __slots__ = ()


class AccessToken(KeyAndSecret):
    """The key and the secret of what a user has granted. The key alone is of no use to anybody."""

    __slots__ = ()


#: Where programs that say ``mwoauth.errors`` and ``mwoauth.tokens`` look.
errors = SimpleNamespace(OAuthException=OAuthException)
tokens = SimpleNamespace(ConsumerToken=ConsumerToken, RequestToken=RequestToken, AccessToken=AccessToken)


class Handshaker:
    """The handshake and the identity with one wiki, for one consumer.

    Args:
        mw_uri: The URI of the wiki's index.php.
        consumer_token: The consumer, or any pair of its key and secret.
        callback: Where the wiki shall send the user's browser: the registered callback or one that begins with it;
            ``oob`` if the wiki shall show the verifier.
        user_agent: Who you are, by Wikimedia's policy: https://meta.wikimedia.org/wiki/User-Agent_policy
        http: Any ``httplib2.Http``, for its proxy, TLS and time-out, and not for several threads at once. None means
            a new one for each call, which waits 30 seconds; then threads may share the Handshaker.
    """

    def __init__(
        self,
        mw_uri: str,
        consumer_token: Sequence[str],
        callback: str = "oob",
        user_agent: str | None = None,
        *,
        http: httplib2.Http | None = None,
    ) -> None:
        self.mw_uri = mw_uri
        self.consumer_token = ConsumerToken(*pair(consumer_token, "consumer_token"))
        self.callback = callback
        self.user_agent = _user_agent(user_agent)
        self.http = http

    def initiate(self, callback: str | None = None) -> tuple[str, RequestToken]:
        """Begin a handshake as :func:`initiate` does."""
        return initiate(self.mw_uri, self.consumer_token, callback or self.callback, self.user_agent, http=self.http)

    def complete(self, request_token: Sequence[str], response_qs: str | bytes) -> AccessToken:
        """Complete a handshake as :func:`complete` does."""
        return complete(self.mw_uri, self.consumer_token, request_token, response_qs, self.user_agent, http=self.http)

    def identify(
        self, access_token: Sequence[str], leeway: float = 10.0, *, issuer: str | None = None
    ) -> dict[str, Any]:
        """Say who the user is as :func:`identify` does."""
        return identify(
            self.mw_uri, self.consumer_token, access_token, leeway, self.user_agent, http=self.http, issuer=issuer
        )


def initiate(
    mw_uri: str,
    consumer_token: Sequence[str],
    callback: str = "oob",
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
) -> tuple[str, RequestToken]:
    """Begin a handshake: get a request token, and where to send the user's browser.

    Args:
        mw_uri: The URI of the wiki's index.php.
        consumer_token: The consumer, or any pair of its key and secret.
        callback: As for :class:`Handshaker`.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.

    Returns:
        The URI to send the user's browser to, and the request token, to keep until the callback comes.

    Raises:
        HandshakeError: The wiki refuses, or what answers is no wiki.
    """
    agent = _user_agent(user_agent)
    with borrowed(http) as used:
        handshake = _handshake(mw_uri, consumer_token, agent, used)
        request_token = RequestToken(*handshake.temporary_credentials(callback))
    uri = handshake.authorization_uri(request_token, oauth_consumer_key=handshake.oauth.client_key)
    return uri, request_token


def complete(
    mw_uri: str,
    consumer_token: Sequence[str],
    request_token: Sequence[str],
    response_qs: str | bytes,
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
) -> AccessToken:
    """Complete a handshake: get the access token that the user has granted.

    Args:
        mw_uri: As for :func:`initiate`.
        consumer_token: As for :func:`initiate`.
        request_token: What :func:`initiate` returned, or any pair of its key and secret.
        response_qs: The callback: the whole URI to which the browser was sent, its query, or only the verifier.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.

    Returns:
        The access token, to keep: it is good until the user revokes it. ``OAuth1(*consumer_token, *access_token)``
        signs with it.

    Raises:
        HandshakeError: The callback is another request's or lacks a part, or the wiki refuses.
    """
    agent = _user_agent(user_agent)
    with borrowed(http) as used:
        handshake = _handshake(mw_uri, consumer_token, agent, used)
        oauth = handshake.token_credentials(pair(request_token, "request_token"), response_qs)
    return AccessToken(str(oauth.resource_owner_key), str(oauth.resource_owner_secret))


def identify(
    mw_uri: str,
    consumer_token: Sequence[str],
    access_token: Sequence[str],
    leeway: float = 10.0,
    user_agent: str | None = None,
    *,
    http: httplib2.Http | None = None,
    issuer: str | None = None,
) -> dict[str, Any]:
    """Ask the wiki who the user is, and believe it only if all of its statement holds.

    Args:
        mw_uri: As for :func:`initiate`.
        consumer_token: As for :func:`initiate`.
        access_token: What :func:`complete` returned, or any pair of its key and secret.
        leeway: Seconds that this machine's clock and the wiki's may differ.
        user_agent: As for :class:`Handshaker`.
        http: As for :class:`Handshaker`.
        issuer: The wiki's canonical server, as a URI or a host, where it is not that of ``mw_uri``: a wiki that is
            asked by an alias, such as a mobile host, still signs as itself.

    Returns:
        The wiki's claims: ``username``, ``sub`` (the user's central number), ``groups``, ``rights``, ``grants``,
        ``blocked``, ``editcount`` and more; times in Unix seconds.

    Raises:
        HandshakeError: The wiki refuses, or what answers is no wiki.
        IdentityError: The statement is forged, stale, or made for another consumer, request or wiki.
        OAuthError: PyJWT is not installed.

    Source: https://www.mediawiki.org/wiki/OAuth/For_Developers#Identifying_the_user; RFC 7519.
    """
    consumer = ConsumerToken(*pair(consumer_token, "consumer_token"))
    oauth = OAuth1(*consumer, *pair(access_token, "access_token"))
    uri, headers = _special_uri(mw_uri, "identify"), {"User-Agent": _user_agent(user_agent)}
    with borrowed(http) as used:
        answer, nonce = post_signed(used, oauth, uri, headers, "an identity", is_repeatable=True)
    answer.raise_for_refusal()
    if answer.content.count(b".") != 2 or not answer.content.startswith(b"eyJ"):  # noqa: PLR2004
        raise answer.nonsense()
    claims = _verified_claims(answer, consumer)
    expected = _authority(mw_uri if issuer is None else issuer if "//" in issuer else f"https://{issuer}")
    if not expected:
        raise ValueError("issuer must be the URI of a server, or its host")
    _check_claims(claims, answer, nonce, expected, leeway)
    return claims


def check(response: httplib2.Response, content: bytes) -> None:
    """Raise if a wiki's answer is a refusal of OAuth; return silently for any other.

    MediaWiki refuses with status 200, so that a program that looks at the status alone never learns.

    Args:
        response: The ``httplib2.Response`` to any request: api.php's (JSON in both versions, XML), rest.php's or
            Special:OAuth's.
        content: Its body.

    Raises:
        RefusedError: It is a refusal: ``.reason`` says why, the text quotes the wiki and says what to do.
    """
    refusal = read_refusal(response, content)
    if refusal is not None:
        raise RefusedError(refusal.reason, f"the server refused: {explained(refusal)}", response, content)


class _MediaWikiHandshake(Handshake):
    _temporary_name = "a request token"
    _token_name = "an access token"  # noqa: S105 (a name for people)


def _handshake(mw_uri: str, consumer_token: Sequence[str], user_agent: str, http: httplib2.Http) -> Handshake:
    initiate_uri, authenticate_uri, token_uri = (
        _special_uri(mw_uri, subpage) for subpage in ("initiate", "authenticate", "token")
    )
    consumer = OAuth1(*pair(consumer_token, "consumer_token"))
    headers = {"User-Agent": user_agent}
    return _MediaWikiHandshake(initiate_uri, authenticate_uri, token_uri, consumer, http, headers=headers)


def _special_uri(mw_uri: str, subpage: str) -> str:
    if mw_uri.partition("?")[0].endswith("/api.php"):
        raise HandshakeError("answer", "mw_uri names the wiki's api.php: give the URI of its index.php")
    # In the query, not in the path: index.php is signed as it is asked, whatever the wiki's paths for articles are.
    return add_to_query(mw_uri, urlencode({"title": f"Special:OAuth/{subpage}"}))


def _user_agent(user_agent: str | None) -> str:
    if user_agent is None:
        warnings.warn(
            "no user_agent was given. Wikimedia's wikis refuse requests that don't say whose they are: give the name"
            " of your tool and a way to reach you, https://meta.wikimedia.org/wiki/User-Agent_policy",
            stacklevel=3,
        )
    return user_agent or _DEFAULT_USER_AGENT


def _verified_claims(answer: Answer, consumer: ConsumerToken) -> dict[str, Any]:
    """Return the claims of a JWT that is signed with the consumer's secret; times and names are not looked at yet."""
    try:
        import jwt  # noqa: PLC0415 (an extra)
    except ImportError:
        raise OAuthError("identify() needs an extra: pip install 'httplib2-oauthlib[mediawiki]'") from None
    # Names and times are checked here, so that each can be told from the others. Whatever PyJWT says is kept out of the
    # traceback, since it may quote the token.
    unchecked: Any = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        claims = jwt.decode(answer.content, consumer.secret, algorithms=["HS256"], options=unchecked)
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise _identity_error(
            answer,
            "signature",
            "is not signed with this consumer's secret, with which the wiki accepted the request. Somebody stands"
            " between you and the wiki: use https, and check the proxy",
        ) from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise _identity_error(answer, "claims", "can't be read") from None
    for name, is_good in _CLAIMS.items():
        if not is_good(claims.get(name)):
            raise _identity_error(answer, "claims", f"lacks {name}, or has one of the wrong kind")
    audience = claims["aud"]
    if consumer.key not in ([audience] if isinstance(audience, str) else audience):
        raise _identity_error(answer, "audience", "is made for another consumer; check the consumer key")
    return dict(claims)


def _check_claims(claims: dict[str, Any], answer: Answer, nonce: str, expected: str, leeway: float) -> None:
    if not hmac.compare_digest(claims["nonce"].encode("utf-8", "replace"), nonce.encode()):
        raise _identity_error(answer, "nonce", "answers another request than this one: it may have been replayed")
    stated = _authority(claims["iss"])
    if stated != expected:
        raise _identity_error(
            answer,
            "issuer",
            f"is from {quoted(stated) or 'nobody who has a name'}, and {expected} was asked. If these are one wiki by"
            " two names, ask it by the first, or pass it as issuer; else it is the wrong wiki",
        )
    # Signed by the wiki for this very request, so that it is fresh, and a difference in time is one of clocks.
    now = time.time()
    difference = claims["iat"] - now
    if claims["exp"] < claims["iat"]:
        raise _identity_error(answer, "claims", "had expired when it was made")
    if difference > leeway or claims["exp"] < now - leeway:
        raise _identity_error(
            answer,
            "clock",
            f"is genuine, but this machine's clock is about {abs(difference):.0f} seconds"
            f" {'behind' if difference > 0 else 'ahead of'} the wiki's. Set the clock, or allow for it with leeway",
        )


def _authority(uri: str) -> str:
    """Return host and port of a URI, comparable; the scheme does not count, since a wiki may have two."""
    origin = Origin.of(uri)
    return "" if origin is None else origin._replace(host=origin.host.rstrip(".")).authority


def _identity_error(answer: Answer, reason: str, what: str) -> IdentityError:
    message = f"the identity that the wiki stated {what}"
    return IdentityError(reason, message, answer.response, answer.content)
