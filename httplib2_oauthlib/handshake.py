"""Being granted access: RFC 5849, section 2, over any ``httplib2.Http``.

Three steps: the client gets temporary credentials, the resource owner allows it at the server in a browser, the client
gets token credentials. Each answer is checked; none is believed for having status 200.
"""

import dataclasses
import functools
import hmac
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple, cast
from urllib.parse import parse_qs

import httplib2

from ._http.context import call_of, within_call
from ._http.lost_responses import is_httplib2s
from ._http.mixin import OAuth1Http
from ._refusals.token_endpoint import Answer
from ._signing.convert import converted
from ._signing.oauth1 import OAuth1
from ._signing.protocol_parameters import add_to_query, form_encode, generate_nonce
from .errors import HandshakeError

#: Seconds that an Http made here waits for a server.
TIMEOUT = 30

#: The callback for an owner who takes the verifier from the page to the program (RFC 5849, section 2.1).
OUT_OF_BAND = "oob"


_DENIALS = ("access_denied", "permission_denied", "user_refused")


class KeyAndSecret(NamedTuple):
    """A key, and the secret that belongs to it; its repr does not show the secret."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={self.key!r}, ...)"


class TemporaryCredentials(KeyAndSecret):
    """What identifies one request for access, from its beginning to its end.

    A pair: it may be kept as one in a session, and given back as any other pair.

    Attributes:
        key: The request token; part of the authorization URI.
        secret: Its secret; never leaves the program.
    """

    __slots__ = ()


class Callback(NamedTuple):
    """What a callback says.

    Attributes:
        key: Of the temporary credentials that it is for; None if only the verifier was given.
        verifier: What the server gave the owner for the client.
    """

    key: str | None
    verifier: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key={self.key!r}, ...)"


class Handshake:
    """RFC 5849's redirection-based authorization, with any server of OAuth 1.0a.

    ::

        handshake = Handshake(request_token_uri, authorize_uri, access_token_uri, OAuth1(client_key, client_secret))
        temporary = handshake.temporary_credentials("https://client.example/callback")
        uri = handshake.authorization_uri(temporary)              # send the owner's browser there ...
        oauth = handshake.token_credentials(temporary, callback)  # ... and it comes back to the callback

    Args:
        request_token_uri: Where temporary credentials are asked for.
        authorize_uri: Where the owner allows it.
        access_token_uri: Where token credentials are asked for.
        oauth: The client's credentials, and how it signs, as an OAuth1 or what
            :attr:`~httplib2_oauthlib.OAuth1Mixin.oauth` takes for one. A token in it is not used.
        http: Any ``httplib2.Http``, for its proxy, TLS and time-out, and not for several threads at once; whatever it
            signs with by itself is not used. None means a new one for each request, which waits 30 seconds.
        headers: Sent with every request: a User-Agent.

    Attributes:
        extra: What else the server told with the last credentials, by name: some tell the owner's name. Of use only
            where threads don't share the Handshake.

    Raises:
        TypeError: ``oauth`` is neither.

    Source: RFC 5849, section 2.
    """

    # What the errors call the two kinds of credentials.
    _temporary_name = "temporary credentials"
    _token_name = "token credentials"  # noqa: S105 (no password)

    def __init__(
        self,
        request_token_uri: str,
        authorize_uri: str,
        access_token_uri: str,
        oauth: OAuth1,
        http: httplib2.Http | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.request_token_uri = request_token_uri
        self.authorize_uri = authorize_uri
        self.access_token_uri = access_token_uri
        signer = converted(oauth)
        if signer is None:
            raise TypeError(f"oauth must be an OAuth1(client_key, client_secret), not {type(oauth).__name__}")
        self.oauth = dataclasses.replace(signer, resource_owner_key=None, resource_owner_secret=None, verifier=None)
        self.http = http
        self.headers = dict(headers or {})
        self.extra: dict[str, str] = {}

    def temporary_credentials(self, callback_uri: str | None = None) -> TemporaryCredentials:
        """Ask for temporary credentials: the beginning of a request for access.

        Args:
            callback_uri: Where the server shall send the owner's browser; ``oob`` if it shall show the verifier for
                the owner to copy. None means the ``callback_uri`` of the client's OAuth1, or ``oob``.

        Returns:
            Keep them, where the owner can't change them, until the callback comes.

        Raises:
            HandshakeError: The server refuses, or answers with anything else than temporary credentials.

        Source: RFC 5849, section 2.1.
        """
        oauth = dataclasses.replace(self.oauth, callback_uri=callback_uri or self.oauth.callback_uri or OUT_OF_BAND)
        answer = self._ask(self.request_token_uri, oauth, self._temporary_name, is_repeatable=True)
        credentials = answer.credentials()
        # '"oauth_callback_confirmed": MUST be present and set to "true".' Some servers write "True" (authlib's).
        if credentials.get("oauth_callback_confirmed", "").lower() != "true":
            raise answer.error(
                "answer",
                "did not confirm the callback: it speaks OAuth 1.0, in which anybody can end up with another's access."
                " Use a server of OAuth 1.0a.",
            )
        return TemporaryCredentials(*self._take(credentials))

    def authorization_uri(self, temporary: Sequence[str], **parameters: str) -> str:
        """Return where to send the owner's browser.

        Args:
            temporary: The temporary credentials, or any pair of their key and secret.
            **parameters: Added to the query, for servers that want more.

        Source: RFC 5849, section 2.2.
        """
        key, _ = pair(temporary, "temporary")
        return add_to_query(self.authorize_uri, form_encode([("oauth_token", key), *parameters.items()]))

    def token_credentials(self, temporary: Sequence[str], callback: str | bytes) -> OAuth1:
        """Ask for token credentials: the end of a request for access.

        Args:
            temporary: The temporary credentials, or any pair of their key and secret.
            callback: Where the server has sent the owner's browser: the whole URI, its query, or only the verifier,
                as the owner copies it. Only of the first two it can be seen whether it belongs to ``temporary``.

        Returns:
            The client with its token, ready to sign.

        Raises:
            HandshakeError: The callback is another request's or lacks a part, the owner said no, or the server
                refuses or answers with anything else than token credentials.

        Source: RFC 5849, section 2.3.
        """
        key, secret = pair(temporary, "temporary")
        verifier = read_callback(callback, key).verifier
        oauth = dataclasses.replace(
            self.oauth, resource_owner_key=key, resource_owner_secret=secret, verifier=verifier, callback_uri=None
        )
        # Temporary credentials serve once: a copy would be refused even where the first answer was lost.
        answer = self._ask(self.access_token_uri, oauth, self._token_name, is_repeatable=False)
        key, secret = self._take(answer.credentials())
        return dataclasses.replace(self.oauth, resource_owner_key=key, resource_owner_secret=secret, callback_uri=None)

    def _take(self, credentials: dict[str, str]) -> tuple[str, str]:
        self.extra = {name: value for name, value in credentials.items() if not name.startswith("oauth_")}
        return credentials["oauth_token"], credentials["oauth_token_secret"]

    def _ask(self, uri: str, oauth: OAuth1, asked_for: str, is_repeatable: bool) -> Answer:
        with borrowed(self.http) as http:
            return post_signed(http, oauth, uri, self.headers, asked_for, is_repeatable=is_repeatable)[0]


def read_callback(callback: str | bytes, key: str | None = None) -> Callback:
    """Read a callback.

    Args:
        callback: A whole URI, a query, or a bare verifier.
        key: Of the temporary credentials that it must be for; None if it may be for any.

    Raises:
        HandshakeError: It is for others, it lacks a part, or it says that the owner said no.

    Source: RFC 5849, section 2.2. For a no, OAuth Problem Reporting, Twitter's ``denied`` and authlib's ``error``.
    """
    text = callback.decode("utf-8", "replace") if isinstance(callback, bytes | bytearray) else callback
    if not isinstance(text, str):
        raise HandshakeError("callback", f"a callback is text, not {type(callback).__name__}")
    text = text.strip()
    is_query = "://" in text or re.search(r"(?:^|[?&])(?:oauth_\w+|denied|error)=", text)
    if not is_query:
        if not text or re.search(r"\s", text):
            raise HandshakeError("callback", "that is no verifier: give the callback's whole URI, or the verifier")
        return Callback(None, text)
    query = text.partition("#")[0]
    found = parse_qs(query.partition("?")[2] if "?" in query or "://" in query else query)
    if "oauth_verifier" not in found and found.keys() & {"oauth_problem", "denied", "error"}:
        problem = "".join(found.get("oauth_problem", found.get("error", ["access_denied"])))
        if problem in _DENIALS:
            raise HandshakeError("denied", "the owner did not allow it; begin again if that was a mistake")
        # What stands in a callback was maybe written by anybody: shown as far as it is a word.
        shown = problem if re.fullmatch(r"\w{1,40}", problem) else "that is none"
        raise HandshakeError("other", f"the server sent the browser back with an error: {shown}; begin again")
    for name in ("oauth_token", "oauth_verifier"):
        if len(set(found.get(name, ()))) != 1:
            how_many = "several" if name in found else "no"
            raise HandshakeError(
                "callback", f"the callback holds {how_many} {name}; give it as it came, or begin again"
            )
    callback_key, verifier = found["oauth_token"][0], found["oauth_verifier"][0]
    if key is not None and not hmac.compare_digest(callback_key.encode("utf-8", "replace"), key.encode()):
        # Somebody may have led the owner here to make the program act with an account that is not the owner's.
        raise HandshakeError(
            "callback", "the callback belongs to another request than the one under way: begin again, in one browser"
        )
    return Callback(callback_key, verifier)


def pair(value: Sequence[str], name: str) -> tuple[str, str]:
    """Return a key and a secret, in whatever pair they come: a tuple, a list out of a session, another library's.

    Raises:
        TypeError: It is no pair of texts.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or len(value) != 2:  # noqa: PLR2004
        raise TypeError(f"{name} must be a pair: a key and its secret")
    if not all(isinstance(part, str) for part in value):
        raise TypeError(f"{name} must be a pair of texts: a key and its secret")
    return value[0], value[1]


@contextmanager
def borrowed(http: httplib2.Http | None) -> Iterator[httplib2.Http]:
    """Give the caller's Http, or one of our own that is closed afterwards."""
    if http is not None:
        yield http
        return
    with closing(OAuth1Http(timeout=TIMEOUT)) as own:
        yield own


def post_signed(
    http: httplib2.Http,
    oauth: OAuth1,
    uri: str,
    headers: Mapping[str, str],
    asked_for: str,
    *,
    is_repeatable: bool,
) -> tuple[Answer, str]:
    """Post a signed request without a body over any Http, and repair a wrong clock unless the Http is told not to.

    Signed here, not by the Http, so that it works with one that can't sign, and so that the nonce is known.

    Args:
        http: Sends it.
        oauth: Signs it.
        uri: Where to.
        headers: To send besides.
        asked_for: What is asked for, for the errors.
        is_repeatable: Whether the server may do twice what it is asked.

    Returns:
        The answer, and the nonce of the request that it answers.

    Raises:
        HandshakeError: The server refuses in a way that this Http can't read.
        TimeoutError: The server did not answer in time.
    """
    secrets = (oauth.client_secret, oauth.resource_owner_key, oauth.resource_owner_secret, oauth.verifier)
    offset = 0
    # Once more by the server's clock, once more after an answer that was lost.
    for is_last in (False, False, True):
        nonce, timestamp = generate_nonce(), int(time.time()) + offset
        signed = oauth.sign(uri, "POST", None, headers, nonce=nonce, timestamp=timestamp)
        try:
            response, content = _send(http, signed.uri, signed.body, signed.headers)
        except TimeoutError as error:
            raise TimeoutError(f"asked for {asked_for}, {uri.partition('?')[0]} did not answer in time") from error
        except Exception as error:
            if not is_httplib2s(error, "MalformedHeader"):
                raise
            raise HandshakeError(
                "answer",
                f"asked for {asked_for}, the server refused in a header WWW-Authenticate that httplib2 can't read: give"
                " an OAuth1Http, which can",
            ) from None
        answer = Answer(response, content, asked_for, secrets)
        refusal = answer.refusal
        if refusal is None or is_last:
            break
        server_time = refusal.clock_beside(timestamp) if refusal.reason == "timestamp" else None
        if server_time is not None and not offset and getattr(http, "repair_clock", True):
            offset = server_time - int(time.time())
        elif not (refusal.reason == "nonce" and is_repeatable):
            break
    return answer, nonce


def _send(http: httplib2.Http, uri: str, body: object, headers: dict[str, str]) -> tuple[httplib2.Response, bytes]:
    # No redirect is followed: what is signed, the verifier included, is for nobody else, and what somebody else
    # answers is not the server's. By position, since frameworks rename the argument.
    work = functools.partial(http.request, uri, "POST", body, headers, 0)
    try:
        # The request is signed already, maybe in its query or its body, where a signing Http would not see it; told
        # of a header of the caller's own, it does not sign.
        answer: tuple[httplib2.Response, bytes] = within_call(http, call_of(http), uri, {"authorization": ""}, work)
        return answer
    except Exception as error:
        if not is_httplib2s(error, "RedirectLimit"):
            raise
        return cast(httplib2.Response, vars(error)["response"]), cast(bytes, vars(error)["content"])
