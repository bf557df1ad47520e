"""The handshake: get access to a resource owner's account, over any ``httplib2.Http`` (RFC 5849, section 2).

There are three steps. The client gets temporary credentials, the resource owner authorizes the client at the server in
a browser, and the client gets token credentials. Each response is validated, because servers also send errors with
status 200.
"""

import functools
import hmac
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple, cast
from urllib.parse import parse_qs

import httplib2

from ._http.clocks import may_move
from ._http.limits import (
    MAX_RESPONSE_BYTES,
    UnreadableResponseError,
    limit_of_plain_http,
    response_too_large,
    run_limited,
)
from ._http.lost_responses import is_httplib2_error, is_undecodable
from ._http.mixin import OAuth1Http
from ._http.pool import HttpPool
from ._refusals.token_endpoint import EndpointResponse
from ._signing.convert import converted
from ._signing.oauth1 import OAuth1, SignedRequest
from ._signing.protocol_parameters import add_to_query, form_encode, generate_nonce
from .errors import HandshakeError

__all__ = [
    "OUT_OF_BAND",
    "TIMEOUT",
    "Callback",
    "Handshake",
    "KeyAndSecret",
    "TemporaryCredentials",
    "read_callback",
]

#: Timeout of the Http that is created if the caller passes none, in seconds.
TIMEOUT = 30

#: The callback URI of a client that can't receive callbacks. The resource owner copies the verifier from the server's
#: page into the program (RFC 5849, section 2.1).
OUT_OF_BAND = "oob"

# The parameters of a response with credentials that are not kept in ``extra``.
_CREDENTIAL_PARAMETERS = ("oauth_token", "oauth_token_secret", "oauth_callback_confirmed")
_METHODS = ("GET", "POST")
_DENIALS = ("access_denied", "permission_denied", "user_refused")


class KeyAndSecret(NamedTuple):
    """A key and its secret. The repr does not show the secret."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={self.key!r}, ...)"


class TemporaryCredentials(KeyAndSecret):
    """The credentials that identify one authorization request until it is completed.

    They are a pair. A program can store them in a session as a list, and pass that list back.

    Attributes:
        key: The request token. It is part of the authorization URI.
        secret: The request token's secret. It never leaves the program.
    """

    __slots__ = ()


class Callback(NamedTuple):
    """The content of a callback.

    Attributes:
        key: The key of the temporary credentials that the callback belongs to; None if only the verifier was given.
        verifier: The verification code from the server.
    """

    key: str | None
    verifier: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={self.key!r}, ...)"


class Handshake:
    """RFC 5849's redirection-based authorization, with any OAuth 1.0a server.

    ::

        handshake = Handshake(request_token_uri, authorize_uri, access_token_uri, OAuth1(client_key, client_secret))
        temporary = handshake.temporary_credentials("https://client.example/callback")
        uri = handshake.authorization_uri(temporary)              # send the resource owner's browser there ...
        oauth = handshake.token_credentials(temporary, callback)  # ... and the server sends it back to the callback

    Args:
        request_token_uri: The server's endpoint for temporary credentials.
        authorize_uri: The server's page where the resource owner authorizes the client.
        access_token_uri: The server's endpoint for token credentials.
        oauth: The client's credentials and signature method: an OAuth1, or any other signer that
            :attr:`~httplib2_oauthlib.OAuth1Mixin.oauth` accepts. A token in it is ignored.
        http: Any ``httplib2.Http``, for example for a proxy, TLS settings or another timeout. Several threads must not
            share it. Its own credentials are not used. None means a new Http for each request, with a timeout of 30
            seconds.
        headers: Headers to send with every request, such as a User-Agent.
        method: The HTTP method of the requests to both endpoints, ``POST`` or ``GET``, in upper or lower case. E*TRADE
            and Evernote accept only GET.
        require_confirmed_callback: Whether the server must send ``oauth_callback_confirmed=true`` with the temporary
            credentials. Pass False only if you know that the server implements OAuth 1.0a and leaves the parameter out.
            A server that leaves it out may implement OAuth 1.0 and ignore the callback. OAuth 1.0 allows session
            fixation: an attacker starts an authorization and sends its URI to a victim. The victim allows access, and
            the attacker completes the authorization and gets access to the victim's account. Only the verifier of
            OAuth 1.0a prevents that.

    Attributes:
        extra: What the server sent with the last credentials, by name: all parameters except the token, its secret and
            ``oauth_callback_confirmed``. Some servers send the resource owner's name. Servers with OAuth Session send
            ``oauth_session_handle``, which is a secret, and the lifetimes ``oauth_expires_in`` (of the token) and
            ``oauth_authorization_expires_in`` (of the handle), in seconds. Only useful if threads don't share the
            Handshake.

    Raises:
        TypeError: ``oauth`` isn't a signer.
        ValueError: ``method`` is neither GET nor POST.

    Source: RFC 5849, section 2.
    """

    # The two kinds of credentials, as error messages call them.
    _temporary_name = "temporary credentials"
    _token_name = "token credentials"  # noqa: S105 (not a password)

    def __init__(
        self,
        request_token_uri: str,
        authorize_uri: str,
        access_token_uri: str,
        oauth: OAuth1,
        http: httplib2.Http | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        require_confirmed_callback: bool = True,
    ) -> None:
        self.request_token_uri = request_token_uri
        self.authorize_uri = authorize_uri
        self.access_token_uri = access_token_uri
        signer = _signer(oauth)
        self.oauth = signer._replace(resource_owner_key=None, resource_owner_secret=None, verifier=None)
        self.http = http
        self.headers = dict(headers or {})
        self.method = str(method).upper()
        if self.method not in _METHODS:
            raise ValueError(f"invalid method: {method!r}; pass GET or POST")
        self.require_confirmed_callback = require_confirmed_callback
        self.extra: dict[str, str] = {}

    def temporary_credentials(self, callback_uri: str | None = None) -> TemporaryCredentials:
        """Request temporary credentials, the first step.

        Args:
            callback_uri: The URI to which the server sends the resource owner's browser; ``oob`` if the server shall
                show the verifier for the resource owner to copy. None means the ``callback_uri`` of the client's
                OAuth1, or else ``oob``.

        Returns:
            The temporary credentials. Store them until the callback arrives, where the resource owner can't change
            them.

        Raises:
            HandshakeError: The server refused, or its response holds no temporary credentials.

        Source: RFC 5849, section 2.1.
        """
        oauth = self.oauth._replace(callback_uri=callback_uri or self.oauth.callback_uri or OUT_OF_BAND)
        response = self._request(self.request_token_uri, oauth, self._temporary_name, is_repeatable=True)
        credentials = response.credentials()
        # '"oauth_callback_confirmed": MUST be present and set to "true".' Some servers write "True" (authlib's).
        is_confirmed = credentials.get("oauth_callback_confirmed", "").lower() == "true"
        if self.require_confirmed_callback and not is_confirmed:
            raise response.error(
                "answer",
                "the server did not confirm the callback. It may implement OAuth 1.0, in which an attacker can get"
                " access to another user's account. Use a server that implements OAuth 1.0a. If you know that this one"
                " does, pass require_confirmed_callback=False",
            )
        return TemporaryCredentials(*self._accept(credentials))

    def authorization_uri(self, temporary: Sequence[str], **parameters: str) -> str:
        """Return the URI to which the program sends the resource owner's browser, the second step.

        Args:
            temporary: The temporary credentials, or any other pair of their key and secret.
            **parameters: More query parameters, for servers that need them.

        Source: RFC 5849, section 2.2.
        """
        key, _ = key_and_secret(temporary, "temporary")
        return add_to_query(self.authorize_uri, form_encode([("oauth_token", key), *parameters.items()]))

    def token_credentials(self, temporary: Sequence[str], callback: str | bytes) -> OAuth1:
        """Request token credentials, the last step.

        Args:
            temporary: The temporary credentials, or any other pair of their key and secret.
            callback: The whole URI to which the server sent the resource owner's browser, only its query, or only the
                verifier as the resource owner copied it. A verifier alone does not show which temporary credentials it
                belongs to, so that only the first two are verified to belong to ``temporary``.

        Returns:
            The client's credentials with the token, ready to sign.

        Raises:
            HandshakeError: The callback is incomplete or belongs to another request, the resource owner denied access,
                the server refused, or its response holds no token credentials.

        Source: RFC 5849, section 2.3.
        """
        key, secret = key_and_secret(temporary, "temporary")
        verifier = read_callback(callback, key).verifier
        oauth = self.oauth._replace(
            resource_owner_key=key, resource_owner_secret=secret, verifier=verifier, callback_uri=None
        )
        # Temporary credentials can be used once. The server refuses a second request, even if its response to the first
        # one was lost.
        response = self._request(self.access_token_uri, oauth, self._token_name, is_repeatable=False)
        key, secret = self._accept(response.credentials())
        return self.oauth._replace(resource_owner_key=key, resource_owner_secret=secret, callback_uri=None)

    def renew(self, oauth: OAuth1, session_handle: str) -> OAuth1:
        """Request a new token in place of one that has expired or is about to, without the resource owner.

        Only servers with OAuth Session can do this, such as Yahoo's, and Xero's for its partners. They send a session
        handle in ``extra`` with each token. Store the new token and the new session handle, because a server may
        invalidate the old ones. If it sends no new session handle, the old one stays valid.

        Args:
            oauth: The credentials with the old token, from :meth:`token_credentials` or from the last call.
            session_handle: The ``oauth_session_handle`` that the server sent with the old token.

        Returns:
            The credentials with the new token, ready to sign. ``extra`` is replaced.

        Raises:
            HandshakeError: The server refused, for example because the authorization has expired or was revoked, or its
                response holds no token credentials.
            TypeError: ``oauth`` isn't a signer, or the session handle isn't a str.
            ValueError: ``oauth`` has no token, or the session handle is empty.

        Source: OAuth Session 1.0, draft 1, sections 5.3 and 5.4.
        """
        signer = _signer(oauth)
        if not signer.resource_owner_key:
            raise ValueError("oauth has no token to renew; pass the credentials that token_credentials() returned")
        if not isinstance(session_handle, str):
            raise TypeError(f"session_handle must be a str, not {type(session_handle).__name__}")
        if not session_handle:
            raise ValueError("session_handle is empty; pass extra['oauth_session_handle'] of the old token")
        signer = signer._replace(verifier=None, callback_uri=None)
        renewing = _with_session_handle(signer, session_handle)
        # A server may invalidate the old token with its first response, even if that was lost.
        response = self._request(
            self.access_token_uri, renewing, self._token_name, is_repeatable=False, secrets=[session_handle]
        )
        key, secret = self._accept(response.credentials())
        return signer._replace(resource_owner_key=key, resource_owner_secret=secret)

    def _request(
        self, uri: str, oauth: OAuth1, requested: str, *, is_repeatable: bool, secrets: Sequence[str] = ()
    ) -> EndpointResponse:
        headers = self.headers
        if self.method == "GET":
            # Otherwise a cache could keep the credentials, or return those of an earlier request.
            headers = {name: value for name, value in headers.items() if name.lower() != "cache-control"}
            headers["cache-control"] = "no-cache, no-store"
        with open_http(self.http) as http:
            return request_signed(
                http, oauth, uri, headers, requested, method=self.method, is_repeatable=is_repeatable, secrets=secrets
            )[0]

    def _accept(self, credentials: dict[str, str]) -> tuple[str, str]:
        """Keep the additional parameters of a response in ``extra``, and return key and secret."""
        self.extra = {name: value for name, value in credentials.items() if name not in _CREDENTIAL_PARAMETERS}
        return credentials["oauth_token"], credentials["oauth_token_secret"]


def _signer(oauth: OAuth1) -> OAuth1:
    """Return the OAuth1 for a value that :attr:`~httplib2_oauthlib.OAuth1Mixin.oauth` accepts as one signer."""
    signer = converted(oauth)
    if signer is None:
        raise TypeError(f"oauth must be an OAuth1(client_key, client_secret), not {type(oauth).__name__}")
    return signer


def _with_session_handle(oauth: OAuth1, session_handle: str) -> OAuth1:
    """Return a signer that also sends and signs a session handle.

    Its class is a subclass of that of ``oauth``, so that everything that a subclass overrides stays in effect.
    """

    def protocol_parameters(_: OAuth1, nonce: str, timestamp: str) -> list[tuple[str, str]]:
        return [*oauth.protocol_parameters(nonce, timestamp), ("oauth_session_handle", session_handle)]

    renewing = oauth._replace()
    subclass = type(type(oauth).__name__, (type(oauth),), {"protocol_parameters": protocol_parameters})
    object.__setattr__(renewing, "__class__", subclass)
    return renewing


def read_callback(callback: str | bytes, key: str | None = None) -> Callback:
    """Return the content of a callback.

    Args:
        callback: A whole URI, only its query, or only a verifier.
        key: The key of the temporary credentials that the callback must belong to. None accepts any.

    Raises:
        HandshakeError: The callback is incomplete or belongs to other temporary credentials, or the resource owner
            denied access.

    Source: RFC 5849, section 2.2.
    """
    text = callback.decode("utf-8", "replace") if isinstance(callback, bytes | bytearray) else callback
    if not isinstance(text, str):
        raise HandshakeError("callback", f"a callback must be a str, not {type(callback).__name__}")
    text = text.strip()
    is_query = "://" in text or re.search(r"(?:^|[?&])(?:oauth_\w+|denied|error)=", text)
    if not is_query:
        if not text or re.search(r"\s", text):
            raise HandshakeError("callback", "invalid verifier: pass the whole URI of the callback, or the verifier")
        return Callback(None, text)
    query = text.partition("#")[0]
    parameters = parse_qs(query.partition("?")[2] if "?" in query or "://" in query else query)
    _raise_for_error(parameters)
    callback_key, verifier = (_single_value(parameters, name) for name in ("oauth_token", "oauth_verifier"))
    if key is not None and not hmac.compare_digest(callback_key.encode("utf-8", "replace"), key.encode()):
        # An attacker may have sent the resource owner here, so that the program would act on the attacker's account.
        raise HandshakeError(
            "callback",
            "the callback belongs to another authorization request: start again, and use only one browser",
        )
    return Callback(callback_key, verifier)


def _raise_for_error(parameters: Mapping[str, list[str]]) -> None:
    """Raise a HandshakeError if the parameters of a callback report an error.

    Source: OAuth Problem Reporting, Twitter's ``denied`` and authlib's ``error``.
    """
    if "oauth_verifier" in parameters or not parameters.keys() & {"oauth_problem", "denied", "error"}:
        return
    problem = "".join(parameters.get("oauth_problem", parameters.get("error", ["access_denied"])))
    if problem in _DENIALS:
        raise HandshakeError("denied", "the resource owner denied access; start again if that was a mistake")
    # Anyone can write a callback, so its content is quoted only if it is one word.
    shown = problem if re.fullmatch(r"\w{1,40}", problem) else "unknown"
    raise HandshakeError("other", f"the server reported an error in the callback: {shown}; start again")


def _single_value(parameters: Mapping[str, list[str]], name: str) -> str:
    values = parameters.get(name, [])
    if len(set(values)) != 1:
        quantity = "more than one" if values else "no"
        raise HandshakeError("callback", f"the callback has {quantity} {name}: pass it unchanged, or start again")
    return values[0]


def key_and_secret(value: Sequence[str], name: str) -> tuple[str, str]:
    """Return key and secret from any sequence of two: a tuple, a list from a session, another library's token.

    Args:
        value: The pair.
        name: The name of the argument, for the error message.

    Raises:
        TypeError: The value isn't a pair of str.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or len(value) != 2:  # noqa: PLR2004
        raise TypeError(f"{name} must be a pair: a key and its secret")
    if not all(isinstance(part, str) for part in value):
        raise TypeError(f"{name} must be a pair of str: a key and its secret")
    return value[0], value[1]


@contextmanager
def open_http(http: httplib2.Http | None) -> Iterator[httplib2.Http]:
    """Yield the caller's Http, one of the caller's pool, or a new one that is closed afterwards."""
    if isinstance(http, HttpPool):
        with http.http() as lent:
            yield lent
        return
    if http is not None:
        yield http
        return
    with closing(OAuth1Http(timeout=TIMEOUT)) as own:
        yield own


def request_signed(
    http: httplib2.Http,
    oauth: OAuth1,
    uri: str,
    headers: Mapping[str, str],
    requested: str,
    *,
    method: str = "POST",
    is_repeatable: bool,
    secrets: Sequence[str] = (),
) -> tuple[EndpointResponse, str]:
    """Send a signed request without a body. Correct a wrong clock, unless the Http has ``repair_clock=False``.

    The request is signed here and not by the Http, so that any Http will do and the nonce is known.

    Args:
        http: Sends the request.
        oauth: Signs the request.
        uri: The URI of the endpoint.
        headers: More headers to send.
        requested: What is requested, for error messages: "temporary credentials".
        method: The HTTP method, in upper case.
        is_repeatable: Whether it is harmless if the server processes the request twice.
        secrets: Values that no error message may contain, in addition to those of ``oauth``.

    Returns:
        The response, and the nonce of its request.

    Raises:
        HandshakeError: httplib2 can't parse the server's refusal, or the response is too large or damaged.
        TimeoutError: The server did not respond in time.
    """
    own = (oauth.client_secret, oauth.resource_owner_key, oauth.resource_owner_secret, oauth.verifier)
    offset = 0
    # Two retries at most: one with the server's clock, and one with a new nonce if httplib2 has sent a request twice.
    for is_last in (False, False, True):
        nonce, timestamp = generate_nonce(), int(time.time()) + offset
        signed = oauth.sign(uri, method, None, headers, nonce=nonce, timestamp=timestamp)
        try:
            response = EndpointResponse(*_send(http, method, signed), requested, [*own, *secrets])
        except TimeoutError as error:
            endpoint = uri.partition("?")[0]
            raise TimeoutError(f"could not get {requested}: {endpoint} did not respond in time") from error
        except UnreadableResponseError as error:
            endpoint = uri.partition("?")[0]
            raise HandshakeError(
                "answer", f"could not get {requested}: {error}. Check that {endpoint} is the server's endpoint"
            ) from None
        except Exception as error:
            if is_undecodable(error):
                raise HandshakeError(
                    "answer",
                    f"could not get {requested}: the server's response could not be decompressed, which is a fault of"
                    " the server",
                    getattr(error, "response", None),
                ) from error
            if not is_httplib2_error(error, "MalformedHeader"):
                raise
            # A pool of signing Https has their attributes.
            signs = hasattr(http, "require_signature")
            advice = (
                "Report that to the server's operator" if signs else "Pass an OAuth1Http, which skips what it can't"
            )
            raise HandshakeError(
                "answer",
                f"could not get {requested}: the server refused with a WWW-Authenticate header that httplib2 can't"
                f" parse. {advice}",
            ) from None
        refusal = response.refusal
        if refusal is None or is_last:
            break
        server_time = refusal.corrected_time(timestamp) if refusal.reason == "timestamp" else None
        if server_time is not None and not offset and _may_repair_clock(http, uri, server_time):
            offset = server_time - int(time.time())
        elif not (refusal.reason == "nonce" and is_repeatable):
            break
    return response, nonce


def _may_repair_clock(http: httplib2.Http, uri: str, server_time: int) -> bool:
    max_offset = getattr(http, "max_clock_offset", None)
    return getattr(http, "repair_clock", True) and may_move(max_offset, uri, server_time - int(time.time()))


def _send(http: httplib2.Http, method: str, signed: SignedRequest) -> tuple[httplib2.Response, bytes]:
    """Send a signed request without following redirects.

    The signature and the verifier are for this server only, and a response from another server can't be trusted.
    """
    # The arguments are positional, because frameworks rename redirections.
    work = functools.partial(http.request, signed.uri, method, signed.body, signed.headers, 0)
    try:
        # The signature may be in the query or in the body, where a signing Http does not look for one. The empty header
        # stands for an Authorization header of the caller's own, so that the Http does not sign again.
        with limit_of_plain_http(http, MAX_RESPONSE_BYTES):
            answer = run_limited(http, MAX_RESPONSE_BYTES, signed.uri, {"authorization": ""}, work)
        # An Http that wraps another one may have no limit.
        if isinstance(answer[1], bytes) and len(answer[1]) > MAX_RESPONSE_BYTES:
            raise response_too_large(MAX_RESPONSE_BYTES)
        return answer
    except Exception as error:
        if not is_httplib2_error(error, "RedirectLimit"):
            raise
        # httplib2 raises this with a dict and a str if its cache holds a permanent redirect from an earlier request.
        content = vars(error)["content"]
        return cast(httplib2.Response, vars(error)["response"]), content if isinstance(content, bytes) else b""
