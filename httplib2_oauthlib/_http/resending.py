"""Requests that are sent again: whether they may be, and where in a file their body begins.

:mod:`.safe_requests` says which requests change nothing on the server.
"""

import http.client
from typing import Any

from .._signing.request import is_file, require_sendable
from ..errors import SigningError
from .lost_responses import HttpResponse, copy_impossible, redirect_failed

_READ_ONCE = "the body can be read only once; pass it as bytes or as a seekable file"


class Resend:
    """Whether a request may be sent again. Every decision about it is made here.

    A safe request may be sent again at any time, with a new nonce. Any other request may be sent again only as a copy
    with the same nonce: a server that has seen the first transmission refuses the copy. If a response has begun, the
    server has acted, and no copy may be sent. The body must always be readable again from where it began.

    Args:
        is_safe: RFC 9110, section 9.2.1: whether the request changes nothing on the server.
        has_nonce: Whether a server that has seen the request can recognise a copy.
        body: The body.
        body_start: The position of a file where the body begins. None if it isn't a file, or can't be rewound.
    """

    __slots__ = ("body", "body_start", "has_nonce", "is_safe")

    def __init__(self, is_safe: bool, has_nonce: bool, body: Any, body_start: Any) -> None:
        self.is_safe = is_safe
        self.has_nonce = has_nonce
        self.body = body
        self.body_start = body_start

    def may_copy(self, is_safe_only: bool) -> bool:
        """Whether a copy may be sent after the connection broke. If it may, its body is rewound.

        Args:
            is_safe_only: Whether only a safe request may be sent again. Set if a response had begun, or if the
                request carried a framework's own Authorization instead of our nonce.
        """
        return (self.is_safe or (self.has_nonce and not is_safe_only)) and self.rewind_body()

    def require_copy(self) -> None:
        """Rewind the body for a copy that httplib2 or a framework is sending.

        Raises:
            ResponseLostError: A copy must not be sent, or can't be.
            http.client.RemoteDisconnected: The same, of a safe request: what httplib2 would raise without a retry.
        """
        if not (self.is_safe or self.has_nonce):
            raise copy_impossible(has_nonce=False)
        if self.rewind_body():
            return
        if self.is_safe:
            raise http.client.RemoteDisconnected("Remote end closed connection without response")
        raise copy_impossible(has_nonce=True)

    def rewind_body(self) -> bool:
        """Make the body ready to be sent again. Return False if it can be read only once."""
        return _rewind(self.body, self.body_start)


class SentBody:
    """A body that was sent, for the request that follows a redirect.

    httplib2 follows a 307 and a 308 with the body that it has. A file is at its end by then.

    Args:
        body: The body: a file or an iterable.

    Attributes:
        redirect: The redirect that answered the request, or None.

    Raises:
        SigningError: The body isn't encoded yet: it is a dict, for example. Nothing was sent.
    """

    __slots__ = ("_body", "_start", "redirect")

    def __init__(self, body: Any) -> None:
        require_sendable(body)
        self._body = body
        self._start = start_of(body)
        self.redirect: HttpResponse | None = None

    def note_response(self, response: HttpResponse) -> None:
        """Note how the request was answered."""
        self.redirect = response if 300 <= response[0].status < 400 else None  # noqa: PLR2004

    def send_again(self, body: Any, is_signed: bool) -> None:
        """Rewind the body if a redirect is being followed with it.

        Args:
            body: The body of the request that is about to be made.
            is_signed: Whether the redirected request was signed, and isn't safe.

        Raises:
            ResponseLostError: The body can be read only once. The redirected request was sent.
        """
        if self.redirect is None or body is not self._body:
            return
        redirect, self.redirect = self.redirect, None
        if not _rewind(body, self._start) and is_signed:
            raise redirect_failed(redirect, SigningError(_READ_ONCE))


def start_of(body: Any) -> Any:
    """Return the position of a file-like body, or None if the body can't go back there."""
    if not is_file(body):
        return None
    try:
        start = body.tell()
        body.seek(start)
    except Exception:  # Pipes, sockets and their wrappers raise errors of many kinds.
        return None
    return start


def _rewind(body: Any, start: Any) -> bool:
    """Make a body ready to be sent again. Return False if it can be read only once.

    Args:
        body: The body.
        start: Where it began, from :func:`start_of`.
    """
    if is_file(body):
        if start is not None:
            body.seek(start)
        return start is not None
    # Iterating over bytes or a list starts again. An iterator returns itself and is consumed.
    return not hasattr(body, "__iter__") or iter(body) is not iter(body)
