"""What the program asked for, and so which hop of a call is signed and by whom. Decisions only; nothing is sent here.

A program calls ``request()`` once. httplib2 and the frameworks call it again for every redirect, from within; those
hops belong to the same call, and must not carry a signature to wherever a server likes.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeAlias, TypeVar

from oauthlib.oauth1 import Client

from .._signing.convert import converted
from .._signing.hosts import patterns
from .._signing.oauth1 import OAuth1
from .._signing.request import DEFAULT_PORTS

#: Who signs: one for all, one per host pattern, or whatever a function says of a URI. The latter may also name what
#: :func:`.conversion.converted` makes an OAuth1 of.
Signers: TypeAlias = OAuth1 | Mapping[str, Any] | Callable[[str], Any] | None
#: What may be given for them: one of those that are converted, too. requests-oauthlib's is a function for the types.
SignersLike: TypeAlias = Signers | Client | tuple[Any, Any]

_URI = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^@/?#]*@)?(\[[^]/?#]*\]|[^:/?#]*)(?::([0-9]*))?(?=[/?#]|$)(.*)", re.DOTALL
)
_Result = TypeVar("_Result")


class Origin(NamedTuple):
    """Scheme, host and port of a URI, comparable: in lower case, the host as IDNA, the port always there."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, uri: str) -> "Origin | None":
        """Return the origin of an absolute URI, or None if it has none."""
        return _split(uri)[0]

    @property
    def authority(self) -> str:
        """The host, with its port where that is not the scheme's own."""
        return self.host if self.port in (0, DEFAULT_PORTS.get(self.scheme)) else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class _Hop:
    """One run of ``request()`` within a call.

    Attributes:
        uri: As ``request()`` was told, if it was.
        was_https: Whether this hop or one before it went over TLS.
        was_sent: Whether it was sent.
        signers: Who signs, by URI: asked once for each time that it is sent, so that cache and signature agree.
    """

    __slots__ = ("signers", "uri", "was_https", "was_sent")

    def __init__(self, uri: str | None, was_https: bool) -> None:
        self.uri = uri
        self.was_https = was_https
        self.was_sent = False
        self.signers: dict[str, OAuth1 | None] = {}


class Call:
    """One call of ``request()`` by the program, with all the redirects and retries that it leads to.

    Attributes:
        http: The Http that was called; None when the call is over.
        outer: The call within which this one was made, by another Http in the same thread.
        asked: Where the program sent the request, as it said, or as its first hop that is known says; or None.
        is_own: Whether the request carries an Authorization header of the caller's own.
        was_sent: Whether any hop was sent.
        answered: The redirect, response and content, that the last signed request was answered with that is not safe.
        redirected: Whatever the adapter keeps of the request that was answered so.
        lost: The same of each request whose answer was lost, or could not be followed.
        hops: The runs of ``request()`` that are under way, innermost last.
    """

    __slots__ = ("answered", "asked", "hops", "http", "is_own", "lost", "outer", "redirected", "was_sent")

    def __init__(self, http: object, outer: "Call | None", uri: str | None) -> None:
        self.http: object = http
        self.outer = outer
        self.asked = uri
        # Whoever was called for the same may only wrap this Http (HttpPool, google-auth-httplib2's AuthorizedHttp).
        self.is_own: bool = outer is not None and outer.is_own and outer.uri == uri
        self.was_sent = False
        self.answered: Any = None
        self.redirected: Any = None
        self.lost: list[Any] = []
        self.hops: list[_Hop] = []

    @property
    def uri(self) -> str | None:
        """The URI of the hop that is under way, as far as ``request()`` was told."""
        return next((hop.uri for hop in reversed(self.hops) if hop.uri is not None), None)

    @property
    def origin(self) -> Origin | None:
        """Where the program sent the request."""
        return None if self.asked is None else Origin.of(self.asked)

    def signer(self, oauth: Signers, uri: str) -> OAuth1 | None:
        """Say who signs a URI in the hop that is under way, if anybody."""
        origin, rest = _split(uri)
        # A cache key and a connection may spell one URI in two ways.
        return None if origin is None else self._signer(oauth, origin, f"{origin}{rest}")

    def signer_to_send(self, oauth: Signers, origin: Origin, uri: str) -> tuple[OAuth1 | None, bool]:
        """Say the same for what is about to be sent, and whether it is another than who asked the cache.

        Args:
            oauth: Who may sign.
            origin: Where it is sent.
            uri: Likewise; it begins as the origin is written.
        """
        hop = self.hops[-1]
        if not hop.was_sent:
            hop.was_sent = True
            return self._signer(oauth, origin, uri), False
        # A framework tries again within its request(): it may have got new credentials for an expired token.
        former = self._signer(oauth, origin, uri)
        hop.signers.clear()
        signer = self._signer(oauth, origin, uri)
        return signer, signer != former

    @property
    def is_signed(self) -> bool:
        """Whether the hop that is under way was found to be somebody's to sign."""
        return any(signer is not None for signer in self.hops[-1].signers.values())

    def _signer(self, oauth: Signers, origin: Origin, uri: str) -> OAuth1 | None:
        if self.is_own:
            return None
        hop = self.hops[-1]
        if uri in hop.signers:
            return hop.signers[uri]
        signer = None
        if oauth is not None and not (hop.was_https and origin.scheme == "http"):
            hop.was_https = hop.was_https or origin.scheme == "https"
            # One for all is for what was asked for only; another only for hosts that the program itself has named.
            if not isinstance(oauth, OAuth1):
                signer = resolve(oauth, uri)
            # The same text leads to the same place: no need to parse it.
            elif uri == self.asked or self._was_asked_for(origin, uri):
                signer = oauth
        # That nobody does is said once, too: whoever is set meanwhile would read or write another's entry.
        hop.signers[uri] = signer
        return signer

    def _was_asked_for(self, origin: Origin, uri: str) -> bool:
        """Whether it is where the program sent the request, or the same host over TLS."""
        asked = self.origin
        if asked is None:
            self.asked, asked = uri, origin
        upgraded = asked.scheme == "http" and origin.scheme == "https" and asked.host == origin.host
        return origin == asked or upgraded


# A context variable, not an attribute: instances stay picklable, and threads stay apart.
_CALL: ContextVar[Call | None] = ContextVar("httplib2_oauthlib_call", default=None)


def call_of(http: object) -> Call | None:
    """Return the call of this Http's that is under way in this thread, if any."""
    call = _CALL.get()
    while call is not None and call.http is not http:
        call = call.outer
    return call


def within_call(http: object, call: Call | None, uri: object, headers: object, work: Callable[[], _Result]) -> _Result:
    """Do some work as a call of an Http's, or as one more hop of its call that is under way.

    Args:
        http: The Http.
        call: Its call that is under way, as of :func:`call_of`.
        uri: Where it is asked to go; anything but text counts as not known.
        headers: The headers that it is given; anything with ``items()`` or None.
        work: What ``request()`` does.
    """
    uri = uri if isinstance(uri, str) else None
    token = None
    if call is None:
        call = Call(http, _CALL.get(), uri)
        token = _CALL.set(call)
    if headers and has_authorization(headers):
        call.is_own = True
    hops = call.hops
    hops.append(_Hop(uri, bool(hops) and hops[-1].was_https))
    try:
        return work()
    finally:
        was_https = hops.pop().was_https
        if hops:
            hops[-1].was_https = hops[-1].was_https or was_https
        if token is not None:
            # Whoever kept a copy of this context (contextvars.copy_context) must not go on within the call.
            call.http = None
            _CALL.reset(token)


def accepted(oauth: SignersLike) -> Signers:
    """Return what may sign as it is kept: one credential as an OAuth1, a mapping and a function as they are.

    Raises:
        TypeError: It can't be used.
    """
    if oauth is None or isinstance(oauth, OAuth1):
        return oauth
    for value in oauth.values() if isinstance(oauth, Mapping) else ():
        if value is not None and converted(value) is None:
            raise _unusable(value)
    # requests-oauthlib's credentials are callable, but no function of a URI.
    signer = converted(oauth)
    if signer is not None:
        return signer
    if isinstance(oauth, Mapping) or callable(oauth):
        return oauth
    raise _unusable(oauth)


def _unusable(value: object) -> TypeError:
    # Its type only: the value may be a tuple of secrets.
    return TypeError(
        "oauth must be an OAuth1, a mapping of host pattern to OAuth1, a function of a URI or None, not"
        f" {type(value).__name__}; make one with OAuth1(client_key, client_secret, token, token_secret)"
    )


def resolve(oauth: Signers, uri: str) -> OAuth1 | None:
    """Say whom ``oauth`` names for a URI, whatever call it belongs to.

    Raises:
        TypeError: A mapping or a function gave something else than an OAuth1 or None.
    """
    if oauth is None or isinstance(oauth, OAuth1):
        return oauth
    origin = Origin.of(uri)
    if origin is None:
        return None
    found = _lookup(oauth, origin) if isinstance(oauth, Mapping) else oauth(uri)
    signer = converted(found)
    if signer is None and found is not None:
        # Its type only: it may be a tuple of secrets.
        raise TypeError(f"oauth gave a {type(found).__name__} for {origin.host}; it must give an OAuth1 or None")
    return signer


def has_authorization(headers: Any) -> bool:
    """Whether headers of any kind that httplib2 takes hold an Authorization."""
    if not headers or not hasattr(headers, "items"):
        return False
    for name, _ in headers.items():  # noqa: PERF102, SIM110 (it may be no dict; any() takes longer, for each request)
        if name.lower() in ("authorization", b"authorization"):
            return True
    return False


def _lookup(oauth: Mapping[str, Any], origin: Origin) -> Any:
    named = {pattern.lower(): value for pattern, value in oauth.items()}
    return next((named[pattern] for pattern in patterns(origin.host, str(origin.port)) if pattern in named), None)


def _split(uri: str) -> tuple[Origin | None, str]:
    """Split an absolute URI into its origin and what follows it; anything else has no origin."""
    # httplib2 drops these from a URL before it looks for the host.
    match = _URI.fullmatch(re.sub(r"[\t\r\n]", "", uri))
    if match is None or not match[2]:
        return None, ""
    scheme, host = match[1].lower(), match[2].lower()
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return None, ""
    return Origin(scheme, host, int(match[3] or DEFAULT_PORTS.get(scheme, 0))), match[4]
