"""Bodies that are sent more than once: files are sent again from where they began."""

from typing import Any

from .._signing.request import is_file, require_sendable
from ..errors import SigningError
from .lost_responses import HttpResponse, redirect_failed

_READ_ONCE = "the body can be read only once; pass it as bytes or as a seekable file"


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
        if not rewind(body, self._start) and is_signed:
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


def rewind(body: Any, start: Any) -> bool:
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
