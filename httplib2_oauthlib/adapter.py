"""Puts signatures on httplib2's requests: the one place that touches httplib2's inside.

``request()`` is hooked to know what the program asked for, ``_conn_request()`` to sign. The second is the only
point that every framework passes, after caching, redirects and header clean-up, with the request as it will be
sent. Everything that is signed is a copy, so that no signature reaches httplib2's headers or its cache.
"""

import functools
import http.client
import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, cast

import httplib2

from .errors import ResponseLostError, SigningError
from .refusals import TIMESTAMP_THRESHOLD, Refusal, read_refusal
from .requestparts import RequestParts
from .signing import OAuth1

#: Who signs: one for all, one per host pattern, or whatever a function says of a URI.
Signers: TypeAlias = OAuth1 | Mapping[str, OAuth1 | None] | Callable[[str], OAuth1 | None] | None

# RFC 9110, section 9.2.1. httplib2's own list is a setting of each Http and says what it caches and redirects.
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Bound at import: under vcrpy the name in http.client is another class while a cassette is open.
_HTTPSConnection = http.client.HTTPSConnection

# A mixin for any framework's Http, httplib2's or one that only looks like it (modern_httplib2); its types are
# httplib2's, with the inner methods that the stubs leave out.
if TYPE_CHECKING:

    class _Base(httplib2.Http):
        def _conn_request(
            self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]
        ) -> tuple[httplib2.Response, bytes]: ...

        def _auth_from_challenge(
            self, host: Any, request_uri: Any, headers: Any, response: Mapping[str, str], content: Any
        ) -> Iterator[Any]: ...

else:
    _Base = object


_Function = TypeVar("_Function", bound=Callable[..., Any])


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int


class _Call:
    """One call of ``request()`` by the program, with all the redirects and retries that it leads to.

    Attributes:
        http: The Http that was called.
        outer: The call within which this one was made, by another Http in the same thread.
        uri: Of the hop that is under way, as far as ``request()`` was told.
        origin: Where the program sent the request.
        is_own: Whether the program brought an Authorization header of its own.
        was_https: Whether any hop went over TLS so far.
        signers: Who signs, by URI: asked once, so that cache and signature agree within a call.
    """

    __slots__ = ("http", "is_own", "origin", "outer", "signers", "uri", "was_https")

    def __init__(self, http: object, outer: "_Call | None", uri: str | None, headers: object) -> None:
        self.http = http
        self.outer = outer
        self.uri = uri
        self.origin = None if uri is None else _origin(uri)
        self.is_own = isinstance(headers, Mapping) and _has_authorization(headers)
        self.was_https = False
        self.signers: dict[str, OAuth1 | None] = {}


# A context variable, not an attribute: instances stay picklable, and threads stay apart.
_CALL: ContextVar[_Call | None] = ContextVar("httplib2_oauthlib_call", default=None)


def _call_of(http: object) -> _Call | None:
    """Return the call of this Http's that is under way in this thread, if any."""
    call = _CALL.get()
    while call is not None and call.http is not http:
        call = call.outer
    return call


def _notes_origin(request: _Function) -> _Function:
    """Wrap a ``request()`` method so that the outermost call is noted; arguments pass untouched."""

    # Frameworks rename the later parameters, so only the URI and the headers are looked for, where httplib2 has them.
    @functools.wraps(request)
    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        uri = args[0] if args else kwargs.get("uri")
        uri = uri if isinstance(uri, str) else None
        call = _call_of(self)
        if call is not None:  # A redirect: httplib2 and the frameworks call request() again.
            call.uri = uri or call.uri
            return request(self, *args, **kwargs)
        headers = args[3] if len(args) > 3 else kwargs.get("headers")  # noqa: PLR2004
        token = _CALL.set(_Call(self, _CALL.get(), uri, headers))
        try:
            return request(self, *args, **kwargs)
        finally:
            _CALL.reset(token)

    noting._notes_origin = True  # type: ignore[attr-defined]
    return noting  # type: ignore[return-value]


class OAuth1Mixin(_Base):
    """Signs the requests of any class that has httplib2's ``request()`` and ``_conn_request()``.

    ``class MyHttp(OAuth1Mixin, framework.Http)`` takes the framework's arguments and ``oauth=``. Where the
    framework skips ``__init__``, set ``http.oauth`` afterwards.

    Args:
        *args, **kwargs: Go to the next class untouched.
        oauth: Who signs: see :attr:`oauth`.
    """

    # Class-level, for an Http whose __init__ was skipped or which was unpickled from a plain one.
    _oauth: Signers = None
    # Seconds that the server's clock is ahead of ours, by scheme and authority.
    _clock_offsets: Mapping[str, int] = {}

    def __init__(self, *args: Any, oauth: Signers = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.oauth = oauth

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _hook_wherever_the_mixin_stands(cls)

    @property
    def oauth(self) -> Signers:
        """Who signs; settable at any time, also between two requests.

        An :class:`OAuth1` for everything the program asks for; a mapping of host pattern to OAuth1
        (``{"*.wikipedia.org": oauth}``: the host itself, with or without its port, then with its first labels
        replaced by ``*``, as in Pywikibot's ``authenticate``); a function of a URI that returns an OAuth1 or None;
        or None: nothing is signed.

        Raises:
            TypeError: It is set to anything else.
        """
        return self._oauth

    @oauth.setter
    def oauth(self, oauth: Signers) -> None:
        for value in oauth.values() if isinstance(oauth, Mapping) else [oauth]:
            if not (value is None or isinstance(value, OAuth1) or (callable(value) and value is oauth)):
                # Its type only: the value may be a tuple of secrets.
                raise TypeError(
                    "oauth must be an OAuth1, a mapping of host pattern to OAuth1, a function of a URI or None, not"
                    f" {type(value).__name__}; make one with OAuth1(client_key, client_secret, token, token_secret)"
                )
        self._oauth = oauth

    @property
    def cache(self) -> Any:
        """The cache as it was set. Within a request, a view of it that keeps the users' entries apart."""
        cache = self.__dict__.get("cache")
        call = _call_of(self)
        if not cache or call is None or self._oauth is None:
            return cache
        return _CacheByIdentity(cache, functools.partial(self._signer, call))

    @cache.setter
    def cache(self, cache: Any) -> None:
        # Under its own name, so that state goes to and fro between this class and httplib2's.
        self.__dict__["cache"] = cache

    @_notes_origin
    def request(self, *args: Any, **kwargs: Any) -> tuple[httplib2.Response, bytes]:
        """Make a request as ``httplib2.Http.request`` does, signed if :attr:`oauth` says so.

        Takes and returns what the next class does, and raises what it raises and besides:

        Raises:
            SigningError: The request can't be signed truthfully; nothing was sent.
            ResponseLostError: The server has got a request that is not safe, and its answer was lost.
        """
        answer: tuple[httplib2.Response, bytes] = super().request(*args, **kwargs)
        return answer

    def _conn_request(
        self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]
    ) -> tuple[httplib2.Response, bytes]:
        return self._send_signed(super()._conn_request, conn, request_uri, method, body, headers)

    def _auth_from_challenge(
        self, host: Any, request_uri: Any, headers: Any, response: Mapping[str, str], content: Any
    ) -> Iterator[Any]:
        challenge = super()._auth_from_challenge
        return challenge(host, request_uri, headers, _without_bare_oauth(response), content)

    def _send_signed(
        self,
        send: Callable[..., tuple[httplib2.Response, bytes]],
        conn: Any,
        request_uri: str,
        method: str,
        body: Any,
        headers: dict[str, str],
    ) -> tuple[httplib2.Response, bytes]:
        """Do what ``send``, the next class's ``_conn_request``, does, with a signature if there should be one."""
        if self._oauth is None or _has_authorization(headers):
            return send(conn, request_uri, method, body, headers)
        base = _base_uri(conn, _call_of(self))
        oauth = self._signer(_call_of(self), base + request_uri)
        if oauth is None:
            return send(conn, request_uri, method, body, headers)
        transmissions = _Transmissions(conn, oauth, base, request_uri, method, body, headers)
        for _ in ("by our clock", "by the server's"):
            # Signed before httplib2 connects: what can't be signed sends nothing.
            transmissions.begin(self._clock_offsets.get(base, 0))
            response, content = send(transmissions, request_uri, method, transmissions.body, headers)
            server_time = transmissions.refused_for_the_clock(response, content)
            if server_time is None:
                break
            self._clock_offsets = {**self._clock_offsets, base: server_time - int(time.time())}
            # The server has not acted on what it refused, so that sending it again is safe for any method.
            if not transmissions.rewind():
                break
        return response, content

    def _signer(self, call: _Call | None, uri: str) -> OAuth1 | None:
        """Say who signs one hop of a call, if anybody."""
        oauth = self._oauth
        origin = _origin(uri)
        if oauth is None or origin is None:
            return None
        if call is None:  # Somebody called an inner method: a request of its own.
            return _resolve(oauth, uri, origin)
        if call.is_own:
            return None
        call.origin = call.origin or origin
        if call.was_https and origin.scheme == "http":
            return None
        call.was_https = call.was_https or origin.scheme == "https"
        # What was asked for, or the same host over TLS, or a host that the program itself has named.
        upgraded = call.origin.scheme == "http" and origin.scheme == "https" and call.origin.host == origin.host
        if isinstance(oauth, OAuth1) and origin != call.origin and not upgraded:
            return None
        if uri not in call.signers:
            call.signers[uri] = _resolve(oauth, uri, origin)
        return call.signers[uri]


def _hook_wherever_the_mixin_stands(cls: type[OAuth1Mixin]) -> None:
    """See to it that the hooks of a new class are reached, whatever the order of its bases."""
    # A framework's request() that comes before ours may follow redirects by itself, after ours has returned or without
    # calling ours at all. Each hop would then look like a call of its own and be signed for wherever the redirect
    # points. So whatever request() a class ends up with notes the outermost call.
    request = cls.request
    if "request" in vars(cls) and inspect.isfunction(request):
        cls.request = _notes_origin(request)  # type: ignore[method-assign]
    elif inspect.isfunction(request) and not getattr(request, "_notes_origin", False):

        @_notes_origin
        @functools.wraps(request)
        def inherited(self: Any, *args: Any, **kwargs: Any) -> Any:
            return super(cls, self).request(*args, **kwargs)

        cls.request = inherited  # type: ignore[method-assign]

    # Behind httplib2's own class, as in ``class MyHttp(framework.Http, OAuth1Mixin)``, our _conn_request would never be
    # called, and every request silently anonymous. There the hooks move to the front.
    place = cls.__mro__.index(OAuth1Mixin)
    before = [base for base in cls.__mro__[:place] if "_conn_request" in vars(base)]
    is_behind = before and not any("_conn_request" in vars(base) for base in cls.__mro__[place + 1 :])
    if not is_behind or any(issubclass(base, OAuth1Mixin) for base in before):
        return

    def conn_request(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._send_signed(super(cls, self)._conn_request, *args, **kwargs)

    def auth_from_challenge(
        self: Any, host: Any, request_uri: Any, headers: Any, response: Any, content: Any
    ) -> Iterator[Any]:
        challenge = super(cls, self)._auth_from_challenge
        return cast(Iterator[Any], challenge(host, request_uri, headers, _without_bare_oauth(response), content))

    cls._conn_request = conn_request  # type: ignore[method-assign]
    cls._auth_from_challenge = auth_from_challenge  # type: ignore[method-assign]


class OAuth1Http(OAuth1Mixin, httplib2.Http):
    """An ``httplib2.Http`` whose requests carry an OAuth 1.0a signature.

    ``OAuth1Http(cache, timeout, ..., oauth=oauth)`` takes every argument of ``httplib2.Http`` in its order, and
    ``oauth``. Like httplib2's it is not for several threads at once; one OAuth1 may serve them all.
    """


class _Transmissions:
    """Stands in for a connection during one ``_conn_request``, because httplib2 retransmits in there.

    A safe method is signed afresh for every transmission, so that the retry succeeds where the server saw the first
    one. Any other keeps its first nonce, so that a server which has acted refuses the copy.

    Args:
        conn: The connection.
        oauth: Who signs.
        base: Scheme and authority of the request.
        target, method, body, headers: The request as httplib2 would send it.

    Attributes:
        body: As it is given, but for a form, which is read here: it is signed more than once.
        count: How often the request was sent since :meth:`begin`.
        timestamp: With which it was last signed, in Unix seconds.
    """

    def __init__(
        self, conn: Any, oauth: OAuth1, base: str, target: str, method: str, body: Any, headers: Mapping[str, str]
    ) -> None:
        self.conn = conn
        self.oauth = oauth
        self.base = base
        self.target = target
        self.method = method
        self.headers = headers
        self.is_safe = method.upper() in _SAFE_METHODS
        is_plain = body is None or isinstance(body, str | bytes)
        self.body: Any = body if is_plain else RequestParts(base + target, method, body, headers).body
        self.position = _position(self.body)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.conn, name)

    def begin(self, offset: int) -> None:
        """Sign by a clock that is ``offset`` seconds ahead of ours, with a new nonce."""
        self.count = 0
        self.offset = offset
        self._sign()

    def request(self, method: str, *_: Any, **kwargs: Any) -> None:
        """Send what was signed, not what httplib2 gives, which calls this once per transmission."""
        if self.count:
            if not self.rewind():
                raise ResponseLostError("other", _LOST_BODY)
            if self.is_safe:
                self._sign()
        self.count += 1
        target = self.signed.uri[len(self.base) :]
        self.conn.request(method, target, self.signed.body, self.signed.headers, **kwargs)

    def rewind(self) -> bool:
        """Make the body ready to be sent once more; False if it can be read only once."""
        if self.position is None:
            return False
        if self.position >= 0:
            self.body.seek(self.position)
        return True

    def refused_for_the_clock(self, response: httplib2.Response, content: bytes) -> int | None:
        """Judge the answer.

        Returns:
            The server's time in Unix seconds if it refused ours and has not acted; None for any other answer.

        Raises:
            ResponseLostError: The answer is to a copy, and says that the one to the first transmission was lost.
        """
        refusal = read_refusal(response, content)
        if refusal is None:
            return None
        server_time = _disagreeing_clock(refusal, self.timestamp)
        if self.count > 1 and not self.is_safe:
            if refusal.reason == "nonce":
                raise ResponseLostError("nonce", _LOST_AFTER_ACTING, response, content)
            if server_time is not None:
                # The clock is looked at before the nonce, so this says nothing about the first copy.
                raise ResponseLostError("other", _LOST_UNKNOWN, response, content)
        return server_time

    def _sign(self) -> None:
        self.timestamp = int(time.time()) + self.offset
        self.signed = self.oauth.sign(
            self.base + self.target, self.method, self.body, self.headers, timestamp=self.timestamp
        )


class _CacheByIdentity:
    """A cache in which the entries of everybody who signs are apart, and the anonymous ones are as ever."""

    def __init__(self, cache: Any, signer: Callable[[str], OAuth1 | None]) -> None:
        self.__dict__.update(_cache=cache, _signer=signer)

    def _key(self, uri: str) -> str:
        # httplib2's keys are URIs without a fragment, so this one can be nobody else's.
        oauth = self._signer(uri)
        return uri if oauth is None else f"{uri}#oauth-{oauth.fingerprint}"

    def get(self, uri: str) -> Any:
        return self._cache.get(self._key(uri))

    def set(self, uri: str, value: bytes) -> None:
        self._cache.set(self._key(uri), value)

    def delete(self, uri: str) -> None:
        self._cache.delete(self._key(uri))

    # Frameworks read and set attributes of their own caches while a request runs (lazr.restfulclient).
    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._cache, name, value)


_LOST_AFTER_ACTING = (
    "The connection broke after the request was sent; the second copy was refused because the server has seen the"
    " first. It has most likely acted, and its answer is lost. Look before you repeat the request."
)
_LOST_UNKNOWN = (
    "The connection broke after the request was sent, and the second copy was refused for its time. Whether the"
    " server has acted on the first is not known. Look before you repeat the request."
)
_LOST_BODY = (
    "The connection broke while a body that can be read only once was being sent. Whether the server has acted is not"
    " known, and the request was not sent again. Give the body as bytes or as a seekable file."
)


def _without_bare_oauth(response: Mapping[str, str]) -> Mapping[str, str]:
    # RFC 9110 allows a challenge without parameters, and httplib2's parser does not (MalformedHeader). Ours was
    # answered before it was asked, so httplib2 need not see it.
    challenges = response.get("www-authenticate", "")
    others = re.sub(r"(?i)(?:^|,)\s*OAuth\s*(?=,|$)", "", challenges).strip(" ,")
    return response if others == challenges else {**response, "www-authenticate": others}


def _resolve(oauth: Signers, uri: str, origin: _Origin) -> OAuth1 | None:
    if isinstance(oauth, Mapping):
        found = _lookup(oauth, origin)
    elif isinstance(oauth, OAuth1) or not callable(oauth):
        found = oauth
    else:
        found = oauth(uri)
    if found is not None and not isinstance(found, OAuth1):
        raise TypeError(f"oauth gave a {type(found).__name__} for {origin.host}; it must give an OAuth1 or None")
    return found


def _lookup(oauth: Mapping[str, OAuth1 | None], origin: _Origin) -> OAuth1 | None:
    named = {pattern.lower(): value for pattern, value in oauth.items()}
    labels = origin.host.split(".")
    for pattern in [origin.host, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels) + 1))]:
        for candidate in (f"{pattern}:{origin.port}", pattern):
            if candidate in named:
                return named[candidate]
    return None


def _disagreeing_clock(refusal: Refusal, timestamp: int) -> int | None:
    """Return the server's time if a request was refused because ours is another."""
    if refusal.reason == "timestamp":
        # A server that repeats our timestamp repeats the one that we sent; any other is quoted from somewhere.
        return refusal.server_time if refusal.claimed_time in (None, timestamp) else None
    # rest.php and a HEAD give no reason; there a Date that is out of MediaWiki's window is the reason.
    if refusal.reason == "other" and refusal.server_time is not None:
        return refusal.server_time if abs(refusal.server_time - timestamp) > TIMESTAMP_THRESHOLD else None
    return None


def _base_uri(conn: Any, call: _Call | None) -> str:
    """Return scheme and authority of what a connection leads to, as http.client will put it in the Host header."""
    asked = _origin(call.uri) if call is not None and call.uri is not None else None
    default_port = getattr(conn, "default_port", None)
    if default_port in _DEFAULT_PORTS.values():
        scheme = "https" if default_port == _DEFAULT_PORTS["https"] else "http"
    elif isinstance(conn, _HTTPSConnection):
        scheme = "https"
    else:  # A test double, which has no default_port.
        scheme = asked.scheme if asked is not None else "http"
    host, port = getattr(conn, "host", None), getattr(conn, "port", None)
    if not host:
        if asked is None:
            raise SigningError("the connection does not say which host it leads to")
        host, port = asked.host, asked.port
    if port is None:
        return f"{scheme}://{host}"
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _origin(uri: str) -> _Origin | None:
    match = re.match(
        r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/?#]*@)?(\[[^]/?#]*\]|[^:/?#]*)(?::([0-9]{1,5}))?(?=[:/?#]|$)", uri
    )
    if match is None or not match[2]:
        return None
    scheme, host = match[1].lower(), match[2].lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return _Origin(scheme, host, int(match[3] or _DEFAULT_PORTS.get(scheme, 0)))


def _has_authorization(headers: Mapping[Any, Any]) -> bool:
    return any(name.lower() in ("authorization", b"authorization") for name in headers)


def _position(body: Any) -> int | None:
    """Return where a body begins to be read: -1 if it can be read again as it is, None if only once."""
    if hasattr(body, "read"):
        try:
            position = body.tell()
            body.seek(position)
        except (AttributeError, OSError, ValueError):  # A pipe, a socket, a reader that only reads.
            return None
        return int(position)
    is_iterator = hasattr(body, "__next__")
    return None if is_iterator else -1
