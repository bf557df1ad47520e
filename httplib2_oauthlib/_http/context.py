"""Decides which hop of a call is signed, and with which credentials. Nothing is sent here.

A program calls ``request()`` once. httplib2 and the frameworks call it again, from within, for every redirect and
retry. These hops belong to the same call. A server can redirect a call to any host, so a hop is signed only for the
origin that the program asked for, or for hosts that the program has named.
"""

from collections.abc import Callable, Generator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

from .._signing.oauth1 import OAuth1
from ..errors import RefusedError
from .lost_responses import HttpResponse, hides_redirect, redirect_failed
from .origin import Origin, split_origin
from .own_authorization import OAUTH, prevents_signature, scheme_of_request
from .resending import SentBody
from .signers import Signers, names_hosts, resolve
from .unanswered import UnansweredRequests

_Result = TypeVar("_Result")


class Hop:
    """One run of ``request()`` within a call.

    Attributes:
        uri: The URI that ``request()`` was given, or None if it is unknown.
        was_https: Whether this hop, or one before it, was sent over TLS.
        was_sent: Whether the hop was sent.
        signers: The credentials per URI. The selection happens once each time that the hop is sent, so that the cache
            and the signature agree.
    """

    __slots__ = ("signers", "uri", "was_https", "was_sent")

    def __init__(self, uri: str | None, was_https: bool) -> None:
        self.uri = uri
        self.was_https = was_https
        self.was_sent = False
        self.signers: dict[str, OAuth1 | None] = {}


class RequestContext:
    """One call of ``request()`` by the program, with all the redirects and retries that it leads to.

    Attributes:
        http: The Http that was called. None once the call is over.
        limit: Does what a ``_conn_request`` does, which it gets as its first argument, with a limit for the size of
            responses. None means no limit.
        run: The generator that runs the call, or None before and after that.
        result: What the call returns, from its end until it is returned.
        stop: A StopIteration that the call raises, from its end until it is raised.
        outer: The call of another Http, in the same thread, within which this one was made.
        asked_uri: The URI that the program asked for, or the URI of the first hop if the program's own is unknown.
        own_scheme: The scheme by which the caller authorizes the call itself; see :func:`.own_scheme`. One that was
            found counts for the rest of the call.
        was_sent: Whether any hop was sent.
        hops: The runs of ``request()`` that are in progress, the innermost last.
        redirect_response: The redirect that answered the last signed request that isn't safe.
        redirected_exchanges: The exchanges that were answered by a redirect. What follows settles them.
        refused: The error to raise for the response to the hop that was sent last, or None.
        unanswered: The requests of this call whose responses were lost and that no later call can recognise, or None.
        sent_body: The body that was sent last, if it is neither str nor bytes.
    """

    # Most calls keep these values.
    run: Any = None  # Its type has no gi_running in the types of collections.abc.
    result: Any = None
    stop: StopIteration | None = None
    own_scheme: str | None = None
    limit: Callable[..., HttpResponse] | None = None
    was_sent = False
    redirect_response: HttpResponse | None = None
    refused: RefusedError | None = None
    # The type of an element is exchange.SignedExchange; that module is above this one.
    redirected_exchanges: Sequence[Any] = ()
    unanswered: UnansweredRequests | None = None
    sent_body: SentBody | None = None

    def __init__(self, http: object, outer: "RequestContext | None", uri: str | None) -> None:
        self.http: object = http
        self.outer = outer
        self.asked_uri = uri
        self.hops = [Hop(uri, was_https=False)]
        # The outer Http may only wrap this one (HttpPool, google-auth-httplib2's AuthorizedHttp).
        if outer is not None and uri is not None and outer.uri == uri:
            self.own_scheme = outer.own_scheme
            self.limit = outer.limit

    @property
    def has_own_authorization(self) -> bool:
        """Whether the caller authorizes the call itself."""
        return self.own_scheme is not None

    @property
    def uri(self) -> str | None:
        """The URI of the innermost hop for which it is known."""
        return next((hop.uri for hop in reversed(self.hops) if hop.uri is not None), None)

    @property
    def origin(self) -> Origin | None:
        """The origin that the program asked for."""
        return None if self.asked_uri is None else Origin.of(self.asked_uri)

    @property
    def is_signed(self) -> bool:
        """Whether credentials were selected for the innermost hop."""
        return any(signer is not None for signer in self.hops[-1].signers.values())

    def signer(self, oauth: Signers, uri: str) -> OAuth1 | None:
        """Return the credentials that sign a URI in the innermost hop, or None."""
        origin, rest = split_origin(uri)
        # A cache key and a connection may spell the same URI in two ways.
        return None if origin is None else self._signer(oauth, origin, f"{origin}{rest}")

    def signer_at_send(self, oauth: Signers, origin: Origin, uri: str) -> tuple[OAuth1 | None, bool]:
        """Return the signer of a request that is about to be sent, and whether it isn't the cache lookup's.

        Args:
            oauth: The value of ``http.oauth``.
            origin: The origin that the request is sent to.
            uri: The URI that it is sent to. Its origin is spelled as ``str(origin)``.
        """
        hop = self.hops[-1]
        if not hop.was_sent:
            hop.was_sent = True
            return self._signer(oauth, origin, uri), False
        # A framework retries within its request(). It may have fetched new credentials for an expired token.
        former = self._signer(oauth, origin, uri)
        hop.signers.clear()
        signer = self._signer(oauth, origin, uri)
        return signer, signer != former

    def follow_redirect(self, work: Callable[[], _Result]) -> _Result:
        """Run the work that follows a redirect, so that its failure does not hide that the request was sent.

        Raises:
            ResponseLostError: The work failed, and it follows a redirect of a request that isn't safe.
        """
        redirect = self.redirect_response
        if redirect is None:
            return work()
        try:
            return work()
        except Exception as error:
            if not hides_redirect(error):
                raise
            raise redirect_failed(redirect, error) from error

    def note_response(self, exchange: Any, response: HttpResponse) -> None:
        """Note the response to a request that isn't safe.

        Args:
            exchange: The exchange that it answers.
            response: The response. The hop that follows a redirect belongs to this request, so a redirect settles
                nothing until what follows is answered.
        """
        is_redirect = 300 <= response[0].status < 400  # noqa: PLR2004
        if is_redirect:
            self.redirect_response = response
            self.redirected_exchanges = [*self.redirected_exchanges, exchange]
        elif not exchange.is_unsettled:
            exchange.settle()
            self.note_redirect_followed()

    def note_redirect_followed(self) -> None:
        """Note that what follows the redirects of this call was answered, so that they are settled."""
        self.redirect_response = None
        for exchange in self.redirected_exchanges:
            exchange.settle()
        self.redirected_exchanges = ()

    def take_refused(self) -> RefusedError:
        """Return the error for the last response, and keep no reference to it: it will refer to this call."""
        error, self.refused = self.refused, None
        assert error is not None
        return error

    def _signer(self, oauth: Signers, origin: Origin, uri: str) -> OAuth1 | None:
        if self.own_scheme == OAUTH:
            return None
        signer = self._selected(oauth, origin, uri)
        if signer is not None and self.own_scheme is not None and prevents_signature(self.own_scheme, signer):
            return None
        return signer

    def _selected(self, oauth: Signers, origin: Origin, uri: str) -> OAuth1 | None:
        """Return the credentials that are selected for a URI, whether or not the caller authorizes the request."""
        hop = self.hops[-1]
        if uri in hop.signers:
            return hop.signers[uri]
        signer = None
        if oauth is not None and not (hop.was_https and origin.scheme == "http"):
            hop.was_https = hop.was_https or origin.scheme == "https"
            # A mapping or a function names its hosts. One OAuth1 names none, so it signs only for the origin that the
            # program asked for.
            if uri == self.asked_uri or names_hosts(oauth) or self.was_asked_for(origin, uri):
                signer = resolve(oauth, uri)
        # None is kept too: a signer that is set in the meantime must not read or write another user's cache entry.
        hop.signers[uri] = signer
        return signer

    def was_asked_for(self, origin: Origin, uri: str) -> bool:
        """Whether the program asked for this origin, or for the same host over plain http."""
        asked = self.origin
        if asked is None:
            self.asked_uri, asked = uri, origin
        was_upgraded = asked.scheme == "http" and origin.scheme == "https" and asked.host == origin.host
        return origin == asked or was_upgraded


# A context variable instead of an attribute: instances stay picklable, and threads stay apart.
_CONTEXT: ContextVar[RequestContext | None] = ContextVar("httplib2_oauthlib_context", default=None)


def context_of(http: object | None) -> RequestContext | None:
    """Return the innermost call of this Http that is in progress in this thread, or None. None means any Http."""
    context = _CONTEXT.get()
    while context is not None:
        run = context.run
        # An interrupt may have kept a call that is over from cleaning up.
        if run is not None and run.gi_running and (context.http is http or http is None):
            return context
        context = context.outer
    return None


def run_call(
    http: object,
    uri: object,
    headers: object,
    work: Callable[[], _Result],
    limit: Callable[..., HttpResponse] | None = None,
) -> _Result:
    """Run some work as a new call of an Http.

    Args:
        http: The Http.
        uri: The URI that it is given. Anything except a str counts as unknown.
        headers: The headers that it is given: an object with ``items()``, or None.
        work: The rest of ``request()``.
        limit: See :class:`RequestContext`.
    """
    uri = uri if isinstance(uri, str) else None
    outer = _CONTEXT.get()
    context = RequestContext(http, None if outer is None else context_of(None), uri)
    scheme = scheme_of_request(uri, None, headers)
    if scheme is not None:
        context.own_scheme = scheme
    if limit is not None:
        context.limit = limit
    context.run = run = _run_call(context, work)
    next(run, None)
    if context.stop is not None:
        stop, context.stop = context.stop, None
        raise stop
    if context.refused is not None:
        raise context.take_refused()
    result: _Result = context.result
    context.result = None
    return result


def _run_call(context: RequestContext, work: Callable[[], object]) -> Generator[None]:
    """Run a call, and store its result in the context.

    An interrupt can come at any line, within the finally clause too. A generator knows whether it runs, so a later
    request sees even then that the call is over.
    """
    try:
        _CONTEXT.set(context)
        context.result = work()
        if context.redirected_exchanges:
            context.note_redirect_followed()  # The program itself gets the redirect.
    except StopIteration as error:
        context.stop = error  # A generator can't raise it.
    finally:
        # Code that kept a copy of this context (contextvars.copy_context) must not continue the call.
        context.http = context.run = None
        _CONTEXT.set(context.outer)
    yield from ()  # Nothing: this makes the function a generator.


def run_hop(context: RequestContext, uri: object, headers: object, work: Callable[[], _Result]) -> _Result:
    """Run some work as one more hop of a call in progress.

    Args:
        context: The call, from :func:`context_of`.
        uri: As for :func:`run_call`.
        headers: As for :func:`run_call`.
        work: The rest of ``request()``.
    """
    uri = uri if isinstance(uri, str) else None
    hops = context.hops
    depth = len(hops)
    scheme = scheme_of_request(uri, None, headers)
    if scheme is not None:
        context.own_scheme = scheme
    try:
        hops.append(Hop(uri, hops[-1].was_https))
        return work()
    finally:
        hops[depth - 1].was_https = any(hop.was_https for hop in hops[depth - 1 :])
        del hops[depth:]
