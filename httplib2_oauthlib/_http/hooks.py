"""The hooks into httplib2. This package touches its internals nowhere else.

Six methods of httplib2 are hooked:

- ``request()`` and ``_request()``, to know what the program asked for;
- ``_conn_request()``, to sign. The requests of every framework pass this method, after caching, redirects and header
  clean-up, as they will be sent;
- ``_auth_from_challenge()``, because httplib2 can't parse every ``WWW-Authenticate`` that a server may send;
- ``add_credentials()``, because frameworks pass it what their configuration holds: a password, or OAuth credentials;
- ``clear_credentials()``.

A signature is added to a copy of the headers, so it reaches neither the program's headers nor a cache.
"""

import contextlib
import functools
import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from .._signing.hosts import normalize_pattern
from .._signing.oauth1 import OAuth1
from ..errors import SigningError
from .added_credentials import add_signer, clear_signers, refuse_three_values
from .bypass import is_direct, never_past_signing
from .challenges import authorizations
from .context import context_of, run_call, run_hop
from .exchange import note_followed, remember_redirected, sign_and_send
from .lost_responses import carries_response, is_httplib2_error, redirect_failed
from .resending import SentBody
from .stand_in import ConnectionStandIn, ServedConnection
from .user_agent import add_user_agent

_Method: TypeAlias = Callable[..., Any]
#: Takes an Http, and returns its method that a hook goes around.
_Bind: TypeAlias = Callable[[Any], _Method]


# Each hook takes a function that returns the method that it goes around, and returns what takes the method's place.


def _hook_request(bind: _Bind) -> _Method:
    """Note what the program asks for. The arguments pass unchanged, since frameworks rename the later ones."""

    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        user_agent = getattr(self, "user_agent", None)
        if user_agent is not None:
            args, kwargs = add_user_agent(user_agent, args, kwargs)
        uri = args[0] if args else kwargs.get("uri")
        headers = args[3] if len(args) > 3 else kwargs.get("headers")  # noqa: PLR2004
        work = functools.partial(bind(self), *args, **kwargs)
        context = context_of(self)
        if context is None:
            return run_call(self, uri, headers, work)
        try:
            if context.sent_body is not None:
                body = args[2] if len(args) > 2 else kwargs.get("body")  # noqa: PLR2004
                context.sent_body.send_again(body, is_signed=context.redirect_response is not None)
            response = run_hop(context, uri, headers, functools.partial(context.follow_redirect, work))
        except BaseException as error:
            remember_redirected(self, context, error)
            raise
        note_followed(self, context, response)
        return response

    return hooked


def _hook_inner_request(bind: _Bind) -> _Method:
    """Note what code asks for that calls ``_request()``, or ``httplib2.Http.request()`` past our hook."""

    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        context = context_of(self)
        if context is None:
            uri = args[2] if len(args) > 2 else kwargs.get("absolute_uri")  # noqa: PLR2004
            headers = args[6] if len(args) > 6 else kwargs.get("headers")  # noqa: PLR2004
            return run_call(self, uri, headers, functools.partial(hooked, self, *args, **kwargs))
        try:
            if "_conn_request" not in vars(self):
                return bind(self)(*args, **kwargs)
            with _instance_method_hooked(self):
                return bind(self)(*args, **kwargs)
        except Exception as error:
            if not carries_response(error):
                raise
            # _request() follows redirects. This one led nowhere, for example because it had no Location.
            remember_redirected(self, context, error)
            # httplib2 makes a response with status 500 of such an error, which frameworks take for a reason to retry.
            is_hidden = getattr(self, "force_exception_to_status_code", False)
            leads_nowhere = is_httplib2_error(error, "RedirectMissingLocation")
            if context.redirect_response is None or not (is_hidden or leads_nowhere):
                raise
            raise redirect_failed(context.redirect_response, error) from error

    return hooked


def _hook_conn_request(bind: _Bind) -> _Method:
    """Sign what is sent."""

    def hooked(self: Any, conn: Any, *args: Any, **kwargs: Any) -> Any:
        # The hook of another class has run already.
        if type(conn) is ConnectionStandIn or isinstance(conn, ServedConnection):
            if conn.is_signing:
                return bind(self)(conn, *args, **kwargs)
            # A framework between both hooks may have set credentials.
            conn = conn.real
        if self.user_agent is not None:  # A framework may have called an inner method, or left headers out.
            args, kwargs = add_user_agent(self.user_agent, args, kwargs)
        context = context_of(self)
        if context is None:  # A framework may call this method by itself.
            headers = args[3] if len(args) > 3 else kwargs.get("headers")  # noqa: PLR2004
            return run_call(self, None, headers, functools.partial(hooked, self, conn, *args, **kwargs))
        send = bind(self)
        # It is asked for each request, since a program may replace the method at any time.
        is_direct_send = is_direct(getattr(send, "__func__", None))
        if not is_direct_send:
            send = never_past_signing(send)
        if context.limit is not None:
            send = functools.partial(context.limit, send)
            is_direct_send = False
        body = args[2] if len(args) > 2 else kwargs.get("body")  # noqa: PLR2004
        sent_body = None if body is None or isinstance(body, str | bytes) else SentBody(body)
        context.sent_body = sent_body
        if context.redirect_response is None:
            response = sign_and_send(self, context, send, conn, *args, is_direct=is_direct_send, **kwargs)
        else:
            # httplib2 may turn an error into a response with status 500, which frameworks take for a reason to retry.
            response = context.follow_redirect(
                functools.partial(sign_and_send, self, context, send, conn, *args, **kwargs)
            )
        if sent_body is not None:
            sent_body.note_response(response)
        return response

    return hooked


@contextlib.contextmanager
def _instance_method_hooked(http: Any) -> Iterator[None]:
    """Hook a ``_conn_request`` that was set on the instance, as a framework's tracing does, while a request runs."""
    own = vars(http)
    method = own["_conn_request"]
    hook = _hook_conn_request(lambda _: method)
    own["_conn_request"] = hooked = functools.partial(hook, http)
    try:
        yield
    finally:
        if own.get("_conn_request") is hooked:
            own["_conn_request"] = method


def _hook_auth_from_challenge(bind: _Bind) -> _Method:
    """Skip the challenges that httplib2 can't parse, so that the program gets the response with status 401."""

    def hooked(self: Any, host: Any, request_uri: Any, headers: Any, response: Any, content: Any) -> Any:
        return authorizations(lambda readable: bind(self)(host, request_uri, headers, readable, content), response)

    return hooked


def _hook_add_credentials(bind: _Bind) -> _Method:
    """Take four values for OAuth credentials."""

    def hooked(self: Any, *args: Any, domain: str = "", **kwargs: Any) -> None:
        if len(args) == 3:  # noqa: PLR2004
            refuse_three_values(self, args[2], domain)
        if len(args) < 4:  # noqa: PLR2004
            bind(self)(*args, **({"domain": domain} if domain else {}), **kwargs)
            return
        four, more = args[:4], args[4:]
        if len(more) > 1 or (more and domain) or kwargs:
            raise TypeError("add_credentials takes 2 or 4 strings and a domain")
        domain = more[0] if more else domain
        try:
            pattern = normalize_pattern(domain) if domain else ""
        except (TypeError, ValueError) as error:
            raise SigningError(f"the domain must be a host or a pattern of hosts: {error}") from None
        add_signer(self, OAuth1(*four), pattern)

    return hooked


def _hook_clear_credentials(bind: _Bind) -> _Method:
    """Remove OAuth credentials too. httplib2's ``close()`` calls this method."""

    def hooked(self: Any, *args: Any, **kwargs: Any) -> None:
        bind(self)(*args, **kwargs)
        clear_signers(self)

    return hooked


def count_positional(method: _Method) -> int:
    """Return how many positional arguments a method takes, or 0 if that is unknown."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):  # It wraps a callable without a signature.
        return 0
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)


_HOOKS: Mapping[str, Callable[[_Bind], _Method]] = {
    "request": _hook_request,
    "_request": _hook_inner_request,
    "_conn_request": _hook_conn_request,
    "_auth_from_challenge": _hook_auth_from_challenge,
    "add_credentials": _hook_add_credentials,
    "clear_credentials": _hook_clear_credentials,
}


def hook_methods(cls: type, passes_on: bool = False) -> None:
    """Hook every method in the table that a class ends up with, unless it is a hook already.

    A framework's class may stand before ours in the MRO, or derive from ours. It may follow redirects after our hook
    has returned, or call httplib2.Http's methods by that name, past ours. Then a hop would be signed for any host, or
    nothing would be signed at all. A hook within a hook does nothing.

    Args:
        cls: The class.
        passes_on: Whether the class's own methods only call those of the next class. Then the hooks call these.
    """
    for name, hook in _HOOKS.items():
        method: Any = inspect.getattr_static(cls, name, None)
        # A function that wraps a hook (functools.wraps) isn't a hook, although it has the attributes of one.
        if method is None or method in _hooked:
            continue
        if name == "add_credentials" and count_positional(method) > 4:  # noqa: PLR2004 (self, name, password, domain)
            continue  # A framework's own, in which four values have another meaning.
        hooked = hook(_inherited(cls, name) if passes_on or name not in vars(cls) else _own(method))
        functools.update_wrapper(hooked, method)
        _hooked.add(hooked)
        setattr(cls, name, hooked)


# Compared by identity: a class may define a method by an object of any kind.
_hooked: "weakref.WeakSet[Any]" = weakref.WeakSet()


def _own(method: Any) -> _Bind:
    """Return what binds a method of a class. The method may be any object, such as a ``functools.partialmethod``."""
    if inspect.isfunction(method):
        bind: _Bind = method.__get__
        return bind
    return lambda self: method.__get__(self, type(self)) if hasattr(method, "__get__") else method


def _inherited(cls: type, name: str) -> _Bind:
    """Return what binds the method of this name that follows a class in the MRO."""
    return lambda self: getattr(super(cls, self), name)


def show_arguments(method: Any, next_method: Any) -> None:
    """Let ``inspect.signature()`` and ``help()`` show the arguments of the method that gets them."""
    with contextlib.suppress(TypeError, ValueError):  # It wraps a callable without a signature.
        method.__signature__ = inspect.signature(next_method)


def show_constructor(method: Any, next_method: Any, own_method: Any) -> None:
    """Let ``inspect.signature()`` and ``help()`` show the arguments of a constructor that passes most of them on.

    Frameworks look there for an argument, such as ``timeout``, before they pass it.

    Args:
        method: The constructor.
        next_method: The constructor that gets the arguments.
        own_method: A constructor. Its keyword arguments are added.
    """
    own = [each for each in inspect.signature(own_method).parameters.values() if each.kind is each.KEYWORD_ONLY]
    names = {each.name for each in own}
    try:
        passed = [each for each in inspect.signature(next_method).parameters.values() if each.name not in names]
    except (TypeError, ValueError):  # It wraps a callable without a signature.
        return
    # Without the annotations: httplib2 has none, and the one of oauth= takes several lines.
    added = [each.replace(annotation=inspect.Parameter.empty) for each in own]
    rest = [each for each in passed if each.kind is each.VAR_KEYWORD]
    method.__signature__ = inspect.Signature([*(each for each in passed if each not in rest), *added, *rest])
