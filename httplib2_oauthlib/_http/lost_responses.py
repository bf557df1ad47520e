"""Says what is known of a request that was sent and whose answer was lost. Words and judgements; no I/O of its own.

Whoever repeats a request because a connection broke may do a thing twice. Frameworks do so when they see an OSError or
one of http.client's errors, so a loss that may have been an action is told by an error that is neither.
"""

import errno
import http.client
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httplib2

from ..errors import OAuthError, ResponseLostError, SigningError

_LOOK = "Look before you repeat the request."
_COPY_REFUSED_FOR_ITS_NONCE = (
    "The connection broke after the request was sent; the second copy was refused because the server has seen the"
    f" first. It has most likely acted, and its answer is lost. {_LOOK}"
)
_COPY_REFUSED = (
    "The connection broke after the request was sent, and the second copy was refused. Whether the server has acted on"
    f" the first is not known. {_LOOK}"
)
_READ_ONCE = (
    "The connection broke while a body that can be read only once was being sent. Whether the server has acted is not"
    " known, and the request was not sent again. Give the body as bytes or as a seekable file."
)
_WITHOUT_NONCE = (
    "The connection broke after the request was sent. Whether the server has acted is not known, and it was not sent"
    f" again, since with PLAINTEXT no server could tell the second copy from another request. {_LOOK}"
)
# What Python says where http.client reads a length that is negative, or too large for anything.
_NONSENSE = (ValueError, ArithmeticError, MemoryError)
#: What breaks when a connection does, as httplib2 and frameworks let it out.
_BREAKS = (ConnectionError, ssl.SSLError, http.client.HTTPException)
_FAILURES = (OSError, http.client.HTTPException)
# A redirect may lead to a scheme that nobody speaks.
_FAILURES_TO_GO_ON = (*_FAILURES, *_NONSENSE, LookupError)
# What a network says, beside what Python has classes for; any other OSError in sending is about a file.
_NETWORK_ERRNOS = ("ENETDOWN", "ENETUNREACH", "ENETRESET", "EHOSTDOWN", "EHOSTUNREACH", "ENOBUFS")
_MOST_LIKELY_ACTED = range(200, 400)

_Result = TypeVar("_Result")


def copy_refused(reason: str, response: httplib2.Response, content: bytes) -> ResponseLostError:
    """Return the error for a second copy that was refused, for its nonce or without a reason that tells anything."""
    words = _COPY_REFUSED_FOR_ITS_NONCE if reason == "nonce" else _COPY_REFUSED
    return ResponseLostError(reason, words, response, content)


def copy_impossible(has_nonce: bool) -> ResponseLostError:
    """Return the error for a copy that must not be sent, or can't."""
    return ResponseLostError("other", _READ_ONCE if has_nonce else _WITHOUT_NONCE)


def used_up(answer: object) -> ResponseLostError:
    """Return the error for a body that can be read only once, which a framework would send again after an answer."""
    response = _response_of(answer)
    status = "" if response is None else f" ({response.status})"
    words = f"The request was answered{status} and was to be made again, but its body can be read only once."
    return ResponseLostError("other", f"{words} Give the body as bytes or as a seekable file.", response)


def is_of_connection(error: OSError) -> bool:
    """Whether sending failed because of the connection, not because of a body that can't be read."""
    is_known = isinstance(error, ConnectionError | TimeoutError | ssl.SSLError)
    return is_known or errno.errorcode.get(error.errno or 0) in _NETWORK_ERRNOS


def is_break(error: Exception, has_begun: bool) -> bool:
    """Whether a connection broke, so that a copy over a new one may arrive; waiting once more is another matter.

    Args:
        error: What was raised.
        has_begun: Whether the answer had begun; an answer that is nonsense is as good as none.
    """
    is_known = isinstance(error, _BREAKS) or (has_begun and isinstance(error, _NONSENSE))
    # A thread that shares the connection (modern_httplib2's) has closed the socket.
    is_known = is_known or getattr(error, "errno", None) == errno.EBADF
    return is_known and not isinstance(error, TimeoutError)


def is_unreadable(error: Exception) -> bool:
    """Whether httplib2 got all of an answer and could not decompress it."""
    is_of_decode = type(error).__module__.endswith("httplib2.decode")
    return is_of_decode or is_httplib2s(error, "FailedToDecompressContent")


def carries_answer(error: Exception) -> bool:
    """Whether it is one of httplib2's errors that hold what a server answered."""
    return is_httplib2s(error, "HttpLib2ErrorWithResponse")


def is_httplib2s(error: Exception, name: str = "HttpLib2Error") -> bool:
    """Whether it is one of httplib2's errors, or of who only looks like it (modern_httplib2): known by its name."""
    return any(cls.__name__ == name for cls in type(error).__mro__)


def _response_of(answer: Any) -> httplib2.Response | None:
    """Return the head of a connection's answer as httplib2 does, or None if there was none to read."""
    if isinstance(answer, http.client.HTTPResponse):
        return httplib2.Response(answer)
    if not (hasattr(answer, "getheaders") and hasattr(answer, "status")):
        return None
    response = httplib2.Response({name.lower(): value for name, value in answer.getheaders()})
    response.status, response["status"] = answer.status, str(answer.status)
    return response


def lost_answer(error: Exception, base: str, method: str, answer: object, is_sending: bool) -> ResponseLostError | None:
    """Return the error for an answer that did not come, or not whole; None if ``error`` says no such thing.

    Args:
        error: What httplib2 raised after the request was sent.
        base: Scheme and authority of the request.
        method: Its method.
        answer: The ``http.client.HTTPResponse``, or what stands for one, as far as it has come; or None.
        is_sending: Whether it was raised while the request was sent.
    """
    is_nonsense = answer is not None and isinstance(error, _NONSENSE)
    is_known = isinstance(error, _FAILURES) or is_httplib2s(error) or is_nonsense or is_unreadable(error)
    if not is_known or isinstance(error, OAuthError):
        return None
    response = _response_of(answer)
    if response is not None:
        in_time = "did not come whole in time" if isinstance(error, TimeoutError) else "broke off"
        what = "could not be decompressed" if is_unreadable(error) else in_time
        words = f"{base} answered {response.status} to a {method}, and the answer {what}."
        has_acted = response.status in _MOST_LIKELY_ACTED
        words += " Most likely it has acted." if has_acted else " Whether it has acted is not known."
        return ResponseLostError("other", f"{words} {_LOOK}", response, getattr(error, "partial", b""))
    in_time = " in time" if isinstance(error, TimeoutError) else ""
    words = f"{base} did not {'take' if is_sending else 'answer'} a {method}{in_time} ({type(error).__name__})"
    after = "" if is_sending else ", which was sent"
    return ResponseLostError("other", f"{words}{after}. Whether it has acted is not known. {_LOOK}")


def going_on(answer: tuple[httplib2.Response, bytes] | None, work: Callable[[], _Result]) -> _Result:
    """Do what follows a redirect within one call, so that its failure hides no action.

    Args:
        answer: The redirect that was answered to a request that is not safe, or None if there was none.
        work: What follows.

    Raises:
        ResponseLostError: It failed, and there was such a redirect.
    """
    if answer is None:
        return work()
    try:
        return work()
    except Exception as error:
        is_known = isinstance(error, _FAILURES_TO_GO_ON) or is_httplib2s(error)
        # What carries an answer or is ours says enough; but that nothing was sent is not true of this call.
        says_enough = (carries_answer(error) or isinstance(error, OAuthError)) and not isinstance(error, SigningError)
        if says_enough or not is_known:
            raise
        raise redirect_failed(answer, error) from error


def redirect_failed(answer: tuple[httplib2.Response, bytes], error: Exception) -> ResponseLostError:
    """Return the error for a redirect that was answered to a request that is not safe, and could not be followed."""
    response, content = answer
    why = str(error).rstrip(".") if isinstance(error, SigningError) else type(error).__name__
    words = f"The request was sent and answered ({response.status}); what was to follow failed: {why}."
    return ResponseLostError("other", f"{words} {_LOOK}", response, content)
