"""Puts signatures on httplib2's requests: the one place that touches httplib2's inside.

Six of its methods are hooked. ``request()`` and ``_request()`` to know what the program asked for; ``_conn_request()``
to sign, since it is the only point that every framework passes, after caching, redirects and header clean-up, with the
request as it will be sent; ``_auth_from_challenge()`` since httplib2 can't parse a bare ``WWW-Authenticate: OAuth``;
``add_credentials()`` since frameworks call it with what their configuration has, a password or credentials of OAuth,
and ``clear_credentials()``.
Everything that is signed is a copy, so that no signature reaches httplib2's headers or its cache.
"""

import functools
import http.client
import inspect
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import httplib2

from .._signing.hosts import is_pattern
from .._signing.oauth1 import OAuth1
from .._signing.request import DEFAULT_PORTS
from ..errors import ResponseLostError, SigningError
from .cache import CacheAttribute
from .context import Call, Origin, Signers, SignersLike, accepted, call_of, has_authorization, resolve, within_call
from .exchange import SignedConnection, Transmissions
from .lost_responses import carries_answer, going_on, redirect_failed

# Bound at import: under vcrpy the name in http.client is another class while a cassette is open.
_HTTPSConnection = http.client.HTTPSConnection

# A mixin for any framework's Http, httplib2's or one that only looks like it (modern_httplib2); its types are
# httplib2's, with the inner methods that the stubs leave out.
if TYPE_CHECKING:
    _Answer = tuple[httplib2.Response, bytes]

    class _Base(httplib2.Http):
        def _request(self, *args: Any, **kwargs: Any) -> _Answer: ...

        def _conn_request(
            self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]
        ) -> _Answer: ...

        def _auth_from_challenge(
            self, host: Any, request_uri: Any, headers: Any, response: Mapping[str, str], content: Any
        ) -> Iterator[Any]: ...

else:
    _Base = object

_CONDITIONS = ("if-none-match", "if-modified-since")

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _hook(method: Callable[..., Any], hooked: Callable[..., Any]) -> Any:
    """Return the hook of a method, looking like it and marked as one."""
    functools.update_wrapper(hooked, method)
    hooked._is_hook = True  # type: ignore[attr-defined]
    return hooked


def _notes_call(request: _Method) -> _Method:
    """Hook ``request()``: its arguments pass untouched, since frameworks rename the later ones."""

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        uri = args[0] if args else kwargs.get("uri")
        headers = args[3] if len(args) > 3 else kwargs.get("headers")  # noqa: PLR2004
        call = call_of(self)
        work = functools.partial(request, self, *args, **kwargs)
        if call is None:
            return within_call(self, None, uri, headers, work)
        redirected = call.redirected
        try:
            answer = within_call(self, call, uri, headers, functools.partial(going_on, call.answered, work))
        except Exception:
            _lose(call, redirected)
            raise
        # The redirect, if it was one, led to an answer.
        call.answered = call.redirected = None
        call.lost.clear()
        return answer

    return _hook(request, noting)  # type: ignore[no-any-return]


def _notes_call_past_request(inner_request: _Method) -> _Method:
    """Hook ``_request()``, which follows redirects, for who calls it or ``httplib2.Http.request`` past ours."""

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = call_of(self)
        if call is not None:
            try:
                return inner_request(self, *args, **kwargs)
            except Exception as error:
                if not carries_answer(error):
                    raise
                _lose(call, call.redirected)
                # Of these httplib2 makes a response with status 500, which frameworks take for a reason to try again.
                if call.answered is None or not getattr(self, "force_exception_to_status_code", False):
                    raise
                raise redirect_failed(call.answered, error) from error
        uri = args[2] if len(args) > 2 else kwargs.get("absolute_uri")  # noqa: PLR2004
        headers = args[6] if len(args) > 6 else kwargs.get("headers")  # noqa: PLR2004
        work = functools.partial(inner_request, self, *args, **kwargs)
        return within_call(self, None, uri, headers, work)

    return _hook(inner_request, noting)  # type: ignore[no-any-return]


def _lose(call: Call, transmissions: Transmissions | None) -> None:
    """Know a request again, should a framework make it once more within the call."""
    if transmissions is not None and transmissions not in call.lost:
        call.lost.append(transmissions)


def _note_answer(call: Call, transmissions: Transmissions, answer: "_Answer", earlier: Transmissions | None) -> None:
    """Note what a request that is not safe was answered with."""
    # Redirected: what follows belongs to it. Any other answer is whole, and what follows another matter.
    is_redirect = 300 <= answer[0].status < 400  # noqa: PLR2004
    call.answered, call.redirected = (answer, transmissions) if is_redirect else (None, None)
    call.lost = [each for each in call.lost if each is not earlier]


def _signs(conn_request: _Method) -> _Method:
    """Hook ``_conn_request()``."""

    def signing(self: Any, conn: Any, *args: Any, **kwargs: Any) -> Any:
        if type(conn) is SignedConnection:  # Signed by a hook before this one.
            return conn_request(self, conn, *args, **kwargs)
        call = call_of(self)
        send = functools.partial(conn_request, self)
        if call is None or call.answered is None:
            return self._send_signed(call, send, conn, *args, **kwargs)
        # Here too, since httplib2 may turn errors into responses with a status that frameworks take for a reason to
        # try again.
        return going_on(call.answered, functools.partial(self._send_signed, call, send, conn, *args, **kwargs))

    return _hook(conn_request, signing)  # type: ignore[no-any-return]


def _skips_bare_oauth(auth_from_challenge: _Method) -> _Method:
    """Hook ``_auth_from_challenge()``: a challenge of OAuth was answered before it was asked."""

    def skipping(self: Any, host: Any, request_uri: Any, headers: Any, response: Any, content: Any) -> Any:
        # RFC 9110 allows a challenge without parameters, and httplib2's parser does not (MalformedHeader).
        challenges = response.get("www-authenticate", "")
        others = re.sub(r"(?i)(?:^|,)\s*OAuth\s*(?=,|$)", "", challenges).strip(" ,")
        if others != challenges:
            response = {**response, "www-authenticate": others}
        return auth_from_challenge(self, host, request_uri, headers, response, content)

    return _hook(auth_from_challenge, skipping)  # type: ignore[no-any-return]


def _takes_four(add_credentials: _Method) -> _Method:
    """Hook ``add_credentials()``: four values are OAuth's."""
    code = inspect.unwrap(add_credentials).__code__
    if code.co_argcount > 4:  # noqa: PLR2004
        return add_credentials  # A framework's own, with a meaning of its own for four values.

    def taking(self: Any, *args: Any, domain: str = "", **kwargs: Any) -> None:
        if len(args) < 4:  # noqa: PLR2004 (a name, a password and a domain at most)
            add_credentials(self, *args, **({"domain": domain} if domain else {}), **kwargs)
            return
        four, more = args[:4], args[4:]
        if len(more) > 1 or (more and domain) or kwargs:
            raise TypeError("add_credentials takes two texts or four, and a domain")
        domain = more[0] if more else domain
        if not isinstance(domain, str) or (domain and not is_pattern(domain.lower())):
            raise ValueError("the domain must be a host or a pattern of hosts, such as en.wikipedia.org")
        self._add_signer(OAuth1(*four), domain.lower())

    return _hook(add_credentials, taking)  # type: ignore[no-any-return]


def _clears_four(clear_credentials: _Method) -> _Method:
    """Hook ``clear_credentials()``, which ``close()`` calls too."""

    def clearing(self: Any, *args: Any, **kwargs: Any) -> None:
        clear_credentials(self, *args, **kwargs)
        self._clear_signers()

    return _hook(clear_credentials, clearing)  # type: ignore[no-any-return]


_HOOKS: Mapping[str, Callable[[Any], Any]] = {
    "request": _notes_call,
    "_request": _notes_call_past_request,
    "_conn_request": _signs,
    "_auth_from_challenge": _skips_bare_oauth,
    "add_credentials": _takes_four,
    "clear_credentials": _clears_four,
}


def _signer_within(http: Any, call: Call) -> Callable[[str], OAuth1 | None]:
    return lambda uri: call.signer(http.oauth, uri)


class OAuth1Mixin(_Base):
    """Signs the requests of any class that has httplib2's ``request()`` and ``_conn_request()``.

    ``class MyHttp(OAuth1Mixin, framework.Http)`` takes the framework's arguments and ``oauth=``. Where the
    framework skips ``__init__``, set ``http.oauth`` afterwards.

    Args:
        *args: Go to the next class untouched.
        **kwargs: Likewise.
        oauth: Who signs: see :attr:`oauth`.
        repair_clock: Whether a request is signed by the server's clock and sent once more when the server refuses ours;
            None means what the class says: it is.
    """

    #: Whether a wrong clock is repaired; may be set at any time, and by a class for all of its own.
    repair_clock: bool = True

    #: The cache as it was set; while a request runs, a view of it that keeps the users' entries apart.
    cache = CacheAttribute(_signer_within)

    # Class-level, for an Http whose __init__ was skipped or which was unpickled from a plain one.
    _oauth: Signers = None
    # What was added to it by add_credentials(), by domain.
    _added: Mapping[str, OAuth1] = {}
    # Seconds that the server's clock is ahead of ours, by scheme and authority.
    _clock_offsets: Mapping[str, int] = {}

    def __init__(self, *args: Any, oauth: SignersLike = None, repair_clock: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.oauth = oauth
        if repair_clock is not None:
            self.repair_clock = repair_clock

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A framework's class that comes before ours in the MRO, or derives from ours, may follow redirects by itself
        # after our hook has returned, or call httplib2.Http's methods by that name, past ours: hops would be signed for
        # wherever they lead, or nothing at all. So whatever method a class ends up with is hooked; hooks within hooks
        # do nothing.
        for name, hook in _HOOKS.items():
            method = inspect.getattr_static(cls, name, None)
            if inspect.isfunction(method) and not hasattr(method, "_is_hook"):
                setattr(cls, name, hook(method if name in vars(cls) else _inherited(cls, name, method)))
        cache = inspect.getattr_static(cls, "cache", None)
        if not isinstance(cache, CacheAttribute):
            cls.cache = CacheAttribute(_signer_within, cache)

    @property
    def oauth(self) -> Signers:
        """Who signs; settable at any time, also between two requests.

        An :class:`OAuth1` for everything the program asks for; a mapping of host pattern to OAuth1
        (``{"*.wikipedia.org": oauth}``: the host itself, with or without its port, then with its first labels
        replaced by ``*``, as in Pywikibot's ``authenticate``); a function of a URI that returns an OAuth1 or None;
        or None: nothing is signed.

        Where it takes an OAuth1, it takes what other libraries sign with: a ``requests_oauthlib.OAuth1``, an
        ``oauthlib.oauth1.Client``, mwoauth's tokens as the pair ``(consumer_token, access_token)``.

        Raises:
            TypeError: It is set to anything else, or to what an OAuth1 would not sign in the same way.
        """
        return self._oauth

    @oauth.setter
    def oauth(self, oauth: SignersLike) -> None:
        self._oauth = accepted(oauth)

    @_takes_four
    def add_credentials(self, *args: Any, **kwargs: Any) -> None:
        """Add what httplib2's takes, a user's name and password; or, with four texts, credentials of OAuth.

        ``http.add_credentials(*authenticate[host])`` does for an entry of Pywikibot's ``authenticate`` what the entry
        means: a pair answers a challenge for Basic authentication or the like, four sign.

        Args:
            *args: A name and a password; or client key, client secret, token and token secret. Then, if it is not given
                as ``domain=``, the host for which alone they are: for signatures it may be a pattern, as in
                :attr:`oauth`. Without it, four are for the host that the request under way goes to, if a framework
                adds them while it makes one, and else for whatever the program asks for.
            **kwargs: ``domain``; with a name and a password whatever httplib2 takes.

        Raises:
            ValueError: Four can't be added beside what :attr:`oauth` already is: another OAuth1 for all, or a function;
                or a mapping, without a domain.
            SigningError: One of the four can't be used. A ValueError, too.

        Source: Pywikibot, ``pywikibot.comms.threadedhttp.Http`` until 2015, which added them in its ``request()``.
        """
        super().add_credentials(*args, **kwargs)

    @_clears_four
    def clear_credentials(self, *args: Any, **kwargs: Any) -> None:
        """Forget what :meth:`add_credentials` was given; what :attr:`oauth` was set to stays."""
        super().clear_credentials(*args, **kwargs)

    @_notes_call
    def request(self, *args: Any, **kwargs: Any) -> "_Answer":
        """Make a request as ``httplib2.Http.request`` does, signed if :attr:`oauth` says so.

        Takes and returns what the next class does, and raises what it raises and besides:

        Raises:
            SigningError: The request can't be signed truthfully; nothing of it was sent.
            ResponseLostError: The server has got a request that is not safe, and its answer was lost.
        """
        answer: _Answer = super().request(*args, **kwargs)
        return answer

    @_notes_call_past_request
    def _request(self, *args: Any, **kwargs: Any) -> "_Answer":
        return super()._request(*args, **kwargs)

    @_signs
    def _conn_request(self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]) -> "_Answer":
        return super()._conn_request(conn, request_uri, method, body, headers)

    @_skips_bare_oauth
    def _auth_from_challenge(
        self, host: Any, request_uri: Any, headers: Any, response: Mapping[str, str], content: Any
    ) -> Iterator[Any]:
        return super()._auth_from_challenge(host, request_uri, headers, response, content)

    def _add_signer(self, oauth: OAuth1, domain: str) -> None:
        """Let somebody sign for a domain beside who signs already; without one for the host under way, or for all."""
        call = call_of(self)
        origin = Origin.of(call.uri) if call is not None and call.uri is not None else None
        former = self._oauth
        if not domain and call is not None and origin is not None:
            domain = f"{origin.host}:{origin.port}"
            # A redirect led here, and a framework adds what it added where it came from: this is not meant for here.
            if call.origin is not None and origin != call.origin and resolve(former, str(call.origin)) == oauth:
                return
        if former == oauth or (isinstance(former, Mapping) and former.get(domain) == oauth):
            return
        if domain and (former is None or isinstance(former, Mapping)):
            self.oauth = {**(former or {}), domain: oauth}
        elif not domain and (former is None or isinstance(former, OAuth1)):
            self.oauth = oauth
        else:
            kind = "one OAuth1 for all hosts" if isinstance(former, OAuth1) else f"a {type(former).__name__}"
            raise ValueError(
                f"http.oauth is {kind} already, beside which credentials for {domain or 'all hosts'} have no place;"
                " set http.oauth to a mapping of hosts, and give a domain"
            )
        self._added = {**self._added, domain: oauth}

    def _clear_signers(self) -> None:
        """Take out again what was added, and is still there."""
        added, self._added = self._added, {}
        if isinstance(self._oauth, Mapping):
            kept = {host: oauth for host, oauth in self._oauth.items() if host not in added or added[host] != oauth}
            self.oauth = kept or None if added else self._oauth
        elif self._oauth is not None and self._oauth == added.get(""):
            self.oauth = None

    def _send_signed(
        self,
        call: Call | None,
        send: Callable[..., "_Answer"],
        conn: Any,
        request_uri: str,
        method: str,
        body: Any,
        headers: dict[str, str],
    ) -> "_Answer":
        """Do what ``send``, the ``_conn_request`` under the hook, does, with a signature if there should be one."""
        was_sent, is_own = False, has_authorization(headers)
        if call is not None:
            was_sent, call.was_sent, call.is_own = call.was_sent, True, call.is_own or is_own
        # Asked also where nobody signs any more, if the cache was asked for somebody.
        if is_own or (self._oauth is None and (call is None or not call.is_signed)):
            return send(conn, request_uri, method, body, headers)
        base, origin, spelled = _place_of(conn, call)
        uri = spelled + request_uri
        # Without a call somebody called an inner method by itself: a request of its own.
        oauth, is_another = (
            (resolve(self._oauth, uri), False) if call is None else call.signer_to_send(self._oauth, origin, uri)
        )
        if is_another:  # What httplib2 has found in the cache is the former signer's; no 304 may confirm it.
            headers = {name: value for name, value in headers.items() if name.lower() not in _CONDITIONS}
        if oauth is None:
            return send(conn, request_uri, method, body, headers)
        offset = self._clock_offsets.get(base, 0) if self.repair_clock else 0
        try:
            # Signed before httplib2 connects: what can't be signed sends nothing.
            transmissions = Transmissions(conn, oauth, base, request_uri, method, body, headers)
            lost = () if call is None else call.lost
            earlier = next(filter(transmissions.is_same_as, lost), None) if lost else None
            transmissions.begin(offset, earlier)
        except SigningError as error:
            if not was_sent:
                raise
            raise type(error)(f"{error}. A redirect led here; the request that was redirected was sent.") from None
        try:
            answer = response, content = transmissions.exchange(send)
            server_time = transmissions.refused_for_the_clock(response, content)
            if server_time is not None and self.repair_clock:
                answer = self._send_by_other_clock(transmissions, send, base, offset, server_time) or answer
        except Exception as error:
            if call is not None and (transmissions.is_open or isinstance(error, ResponseLostError)):
                _lose(call, transmissions)
            raise
        if call is not None and not transmissions.is_safe:
            _note_answer(call, transmissions, answer, earlier)
        if oauth.signature_type == "QUERY":
            transmissions.strip_echo(answer[0])
        return answer

    def _send_by_other_clock(
        self, transmissions: Transmissions, send: Callable[..., "_Answer"], base: str, offset: int, server_time: int
    ) -> "_Answer | None":
        """Send a request once more, signed by the server's clock instead of one ``offset`` seconds ahead of ours."""
        repaired = server_time - int(time.time())
        self._set_clock(base, repaired)
        # The server has not acted on what it refused, so that sending it again is safe for any method.
        if not transmissions.rewind():
            return None
        transmissions.begin(repaired)
        try:
            response, content = transmissions.exchange(send)
        except Exception:
            self._set_clock(base, offset)  # Nobody has said that the new one is right.
            raise
        transmissions.refused_for_the_clock(response, content)
        if transmissions.is_refused_without_better_reason:
            # It was not the clock, or the server's word on it is worth nothing.
            self._set_clock(base, offset)
        return response, content

    def _set_clock(self, base: str, offset: int) -> None:
        # A new mapping, since copies of an Http share the old one.
        self._clock_offsets = {**self._clock_offsets, base: offset}


def _inherited(cls: type, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that does what a class inherits under a name, to be hooked in the class itself."""

    def inherited(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(super(cls, self), name)(*args, **kwargs)

    return functools.wraps(method)(inherited)


class OAuth1Http(OAuth1Mixin, httplib2.Http):
    """An ``httplib2.Http`` whose requests carry an OAuth 1.0a signature.

    Like httplib2's it is not for several threads at once; one OAuth1 may serve them all.

    Args:
        *args: Every argument of ``httplib2.Http`` in its order: ``cache``, ``timeout``, ``proxy_info`` and so on.
        **kwargs: The same by name.
        oauth: Who signs: see :attr:`OAuth1Mixin.oauth`.
        repair_clock: See :attr:`OAuth1Mixin.repair_clock`.
    """


class _Place(NamedTuple):
    """What a connection leads to.

    Attributes:
        base: Scheme and authority, as http.client makes the Host header of them.
        origin: The same, comparable.
        spelled: The origin as text.
    """

    base: str
    origin: Origin
    spelled: str


def _place_of(conn: Any, call: Call | None) -> _Place:
    try:
        told = _told_place(conn.host, conn.port, conn.default_port)
    except (AttributeError, TypeError):  # A test double, which says less than a connection does.
        told = None
    return told or _guessed_place(conn, call)


@functools.lru_cache(maxsize=256)
def _told_place(host: Any, port: Any, default_port: Any) -> _Place | None:
    scheme = _scheme_of(default_port)
    return None if scheme is None or not host or port is None else _place(scheme, host, port)


def _guessed_place(conn: Any, call: Call | None) -> _Place:
    host, port, default_port = (getattr(conn, name, None) for name in ("host", "port", "default_port"))
    scheme = _scheme_of(default_port)
    if scheme is None and isinstance(conn, _HTTPSConnection):
        scheme = "https"
    asked = Origin.of(call.uri) if call is not None and call.uri is not None else None
    scheme = scheme or (asked.scheme if asked is not None else "http")
    if not host:
        if asked is None:
            raise SigningError("the connection does not say which host it leads to")
        host, port = asked.host, asked.port
    if port is not None:
        return _place(scheme, host, port)
    # A double's host is the whole authority.
    base = f"{scheme}://{_in_ascii(host)}"
    origin = Origin.of(base) or Origin(scheme, host, 0)
    return _Place(base, origin, str(origin))


def _place(scheme: str, host: str, port: int) -> _Place:
    host = _in_ascii(host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    origin = Origin(scheme, host.lower(), port)
    return _Place(str(Origin(scheme, host, port)), origin, str(origin))


def _scheme_of(default_port: Any) -> str | None:
    return next((scheme for scheme, port in DEFAULT_PORTS.items() if port == default_port), None)


def _in_ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")
