"""Frameworks whose ``_conn_request()`` sends a request by another way than ``conn.request()``, which signs.

httplib2shim asks urllib3 and takes only host and port from the connection. Such a request would go out unsigned, and
its response would look as if all were well. Nothing in the arguments of ``_conn_request()`` tells what it will do with
them. So a class with its own ``_conn_request()`` gets one more header. ``conn.request()`` removes it, and its
value raises an error when it is encoded to be sent. http.client, urllib3, requests and httpx encode every header before
they send the first byte. A transport that formats its headers itself is found out afterwards:
:class:`.SignedExchange` rejects a response for which ``conn.request()`` was not called.
"""

import functools
from collections.abc import Callable
from typing import Any

from ..errors import SigningError
from .stand_in import ConnectionStandIn

_HEADER = "x-httplib2-oauthlib-unsigned"
# The packages whose _conn_request() is known to call conn.request().
_KNOWN = ("httplib2", "modern_httplib2")


class _UnsendableValue(str):
    """The value of a header that can't be encoded."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002 (as in str)
        """Raise SigningError: a transport is about to send the header."""
        raise SigningError(
            "this Http does not send requests over the connection that signs them. Nothing was sent."
            " Use a class whose _conn_request() calls conn.request(), or set http.oauth to None and sign with"
            " OAuth1.sign()"
        )


def never_past_signing(send: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does what ``send`` does, and fails before it sends a request past the connection.

    Args:
        send: The ``_conn_request`` under the hook.
    """

    def guarded(conn: Any, target: str, method: str, body: Any, headers: Any) -> Any:
        if type(conn) is not ConnectionStandIn or not conn.is_signing or not isinstance(headers, dict):
            return send(conn, target, method, body, headers)
        sign_and_send = conn.request

        def request(method: str, target: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
            if headers and hasattr(headers, "items"):
                headers = {name: value for name, value in headers.items() if str(name).lower() != _HEADER}
            sign_and_send(method, target, body, headers, **kwargs)

        stand_in: Any = conn  # Frameworks set its request() too.
        stand_in.request = request
        # In place, since httplib2 and the framework share this dict.
        headers[_HEADER] = _UnsendableValue("1")
        try:
            return send(conn, target, method, body, headers)
        finally:
            headers.pop(_HEADER, None)
            if stand_in.request is request:  # No framework has wrapped it.
                stand_in.request = sign_and_send

    return guarded


@functools.lru_cache(maxsize=64)
def is_direct(function: Any) -> bool:
    """Whether this ``_conn_request()`` is httplib2's own, so that no code of a framework sees the connection.

    Args:
        function: The function of the bound method. None for any other callable.
    """
    # functools.wraps() copies __module__, so it doesn't say whose code a function is.
    return str(getattr(function, "__globals__", {}).get("__name__", "")).partition(".")[0] in _KNOWN


def sent_unsigned(base: str) -> SigningError:
    """Return the error for a ``_conn_request`` that has returned a response without ``conn.request()``."""
    return SigningError(
        f"a request to {base} was sent without a signature, or was not sent: the _conn_request() of this Http returned"
        " a response and did not call conn.request(), which signs. Check what the server has done, and use a class"
        " whose _conn_request() calls conn.request()"
    )
