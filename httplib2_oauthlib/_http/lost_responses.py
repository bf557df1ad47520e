"""Lost responses: what their errors mean, and the errors that report them. No I/O.

A program that repeats a request because a connection broke may do the same thing twice. Frameworks repeat it when they
see an OSError or one of ``http.client``'s errors. So a loss that may hide an action is reported by an error that is
neither.
"""

import errno
import http.client
import ssl
from typing import Any, TypeAlias

import httplib2

from ..errors import OAuthError, ResponseLostError, SigningError

#: What httplib2 returns: the head of a response, and its body.
HttpResponse: TypeAlias = tuple[httplib2.Response, bytes]

_CHECK = "Check whether the change was made before you retry."
# Said where a retry was not answered although the program may have checked already.
_WAYS_OUT = (
    "Check whether the change was made. If you want to make it (again), call forget_unanswered(error) first. For"
    " requests that may always be repeated, override is_safe_request(). keep_unanswered=0 turns this protection off."
)
_UNKNOWN = "It is not known whether the server acted."
_COPY_REFUSED_FOR_ITS_NONCE = (
    "The request was sent before, and no response came. This copy was refused because the server has seen the first."
    f" It is not known whether the server acted on the first. {_WAYS_OUT}"
)
_COPY_REFUSED = (
    "The request was sent before, and no response came. This copy was refused. It is not known whether the server acted"
    f" on the first. {_WAYS_OUT}"
)
_READ_ONCE = (
    "The connection broke while the body was sent, and the body can be read only once. The request was not sent again,"
    " and it is not known whether the server acted. Pass the body as bytes or as a seekable file."
)
_WITHOUT_NONCE = (
    "The connection broke after the request was sent. It is not known whether the server acted. The request was not"
    f" sent again, since with PLAINTEXT a server can't recognise a second copy. {_CHECK}"
)
# Raised where http.client reads a length that is negative, or too large.
_NONSENSE = (ValueError, ArithmeticError, MemoryError)
# Raised when a connection breaks, as httplib2 and frameworks pass it on.
_BREAKS = (ConnectionError, ssl.SSLError, http.client.HTTPException)
_FAILURES = (OSError, http.client.HTTPException)
# A redirect may lead to a scheme that httplib2 can't use (LookupError).
_FAILURES_TO_FOLLOW = (*_FAILURES, *_NONSENSE, LookupError)
# Errors of a network for which Python has no class. In sending, any other OSError is about a file.
_NETWORK_ERRNOS = ("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH", "ENOBUFS")
_MOST_LIKELY_ACTED = range(200, 400)


# -- what an error means


def is_of_connection(error: OSError) -> bool:
    """Whether sending failed because of the connection, and not because the body can't be read."""
    is_known = isinstance(error, ConnectionError | TimeoutError | ssl.SSLError)
    return is_known or errno.errorcode.get(error.errno or 0) in _NETWORK_ERRNOS


def is_break(error: Exception, has_response: bool) -> bool:
    """Whether a connection broke, so that a copy over a new connection may arrive. A timeout is not a break.

    Args:
        error: The error that was raised.
        has_response: Whether the response had begun. A response that is nonsense counts as a break too.
    """
    is_known = isinstance(error, _BREAKS) or (has_response and isinstance(error, _NONSENSE))
    # EBADF: another thread that uses the same pooled transport has closed the socket.
    is_known = is_known or getattr(error, "errno", None) == errno.EBADF
    return is_known and not isinstance(error, TimeoutError)


def is_undecodable(error: Exception) -> bool:
    """Whether httplib2 received a whole response and could not decompress it."""
    if is_httplib2_error(error, "FailedToDecompressContent") or type(error).__module__.endswith("httplib2.decode"):
        return True
    # httplib2 0.22 also raises EOFError, and later releases raise ValueError. So the function that raised it counts.
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_decompressContent":
            return True
        trace = trace.tb_next
    return False


def carries_response(error: Exception) -> bool:
    """Whether the error is of a class of httplib2 that holds a response."""
    return is_httplib2_error(error, "HttpLib2ErrorWithResponse")


def is_httplib2_error(error: Exception, name: str = "HttpLib2Error") -> bool:
    """Whether the error is of a class of httplib2, or of the class with this name in modern_httplib2."""
    return any(cls.__name__ == name for cls in type(error).__mro__)


def hides_redirect(error: Exception) -> bool:
    """Whether an error says nothing of the redirect before it: the redirected request was sent, and may have acted."""
    if is_undecodable(error):
        return True
    is_known = isinstance(error, _FAILURES_TO_FOLLOW) or is_httplib2_error(error)
    # A SigningError says that nothing was sent. That isn't true of the whole call.
    says_enough = carries_response(error) or (isinstance(error, OAuthError) and not isinstance(error, SigningError))
    return is_known and not says_enough


# -- the errors


def copy_refused(reason: str, response: httplib2.Response, content: bytes) -> ResponseLostError:
    """Return the error for a second copy that was refused: for its nonce, or without a reason that explains it."""
    words = _COPY_REFUSED_FOR_ITS_NONCE if reason == "nonce" else _COPY_REFUSED
    return ResponseLostError(reason, words, response, content)


def retry_too_late(base: str, method: str, seconds: float) -> ResponseLostError:
    """Return the error for a retry that a server would refuse for its timestamp, whether it has seen the first or not.

    Args:
        base: Scheme and authority of the request.
        method: The method of the request.
        seconds: How long ago the response was lost.
    """
    words = f"An equal {method} was sent to {base} {seconds:.0f} seconds ago, and no response came."
    words += " After that time, the same nonce can't be sent again. So nothing was sent now."
    return ResponseLostError("other", f"{words} {_UNKNOWN} {_WAYS_OUT}")


def copy_impossible(has_nonce: bool) -> ResponseLostError:
    """Return the error for a copy that must not be sent (without a nonce), or can't be sent (body consumed)."""
    return ResponseLostError("other", _READ_ONCE if has_nonce else _WITHOUT_NONCE)


def body_consumed(response: object) -> ResponseLostError:
    """Return the error for a body that can be read only once, when a framework repeats an answered request."""
    head = _head_of(response)
    status = "" if head is None else f" ({head.status})"
    words = f"The request was answered{status}. It can't be sent again, because its body can be read only once."
    return ResponseLostError("other", f"{words} Pass the body as bytes or as a seekable file.", head)


def response_lost(
    error: Exception, base: str, method: str, response: object, is_sending: bool
) -> ResponseLostError | None:
    """Return the error for a response that did not come, or came in part. None if ``error`` is about something else.

    Args:
        error: The error that httplib2 raised after the request was sent.
        base: Scheme and authority of the request.
        method: The method of the request.
        response: The ``http.client.HTTPResponse``, or a test double of one, or None if there was none.
        is_sending: Whether the error was raised while the request was sent.
    """
    is_nonsense = response is not None and isinstance(error, _NONSENSE)
    is_known = isinstance(error, _FAILURES) or is_httplib2_error(error) or is_nonsense or is_undecodable(error)
    if not is_known or isinstance(error, OAuthError):
        return None
    head = _head_of(response)
    if head is not None:
        problem = "was not complete in time" if isinstance(error, TimeoutError) else "broke off"
        problem = "could not be decompressed" if is_undecodable(error) else problem
        has_acted = head.status in _MOST_LIKELY_ACTED
        consequence = "The server has most likely acted." if has_acted else _UNKNOWN
        words = f"{base} answered {head.status} to a {method}, but the response {problem}. {consequence}"
        return ResponseLostError("other", f"{words} {_CHECK}", head, getattr(error, "partial", b""))
    name = type(error).__name__
    if is_sending:
        words = f"The connection to {base} broke while a {method} was sent ({name})."
    else:
        in_time = " in time" if isinstance(error, TimeoutError) else ""
        words = f"A {method} was sent to {base}, but no response came{in_time} ({name})."
    return ResponseLostError("other", f"{words} {_UNKNOWN} {_CHECK}")


def redirect_failed(redirect: HttpResponse, error: Exception) -> ResponseLostError:
    """Return the error for a request that isn't safe, whose redirect could not be followed."""
    response, content = redirect
    why = str(error).rstrip(".") if isinstance(error, SigningError) else type(error).__name__
    words = f"The request was sent and answered ({response.status}), but its redirect could not be followed: {why}."
    return ResponseLostError("other", f"{words} {_CHECK}", response, content)


def _head_of(response: Any) -> httplib2.Response | None:
    """Return the head of a connection's response as httplib2 does, or None if there is none to read."""
    if isinstance(response, http.client.HTTPResponse):
        return httplib2.Response(response)
    if not (hasattr(response, "getheaders") and hasattr(response, "status")):
        return None
    head = httplib2.Response({name.lower(): value for name, value in response.getheaders()})
    head.status, head["status"] = response.status, str(response.status)
    return head
