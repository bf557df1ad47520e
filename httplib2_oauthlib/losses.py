"""Says what is known of a request that was sent and whose answer was lost. Words and judgements; nothing is sent here.

Whoever repeats a request because a connection broke may do a thing twice. Frameworks do so when they see an OSError or
one of http.client's errors, so a loss that may have been an action is told by an error that is neither.
"""

import http.client
import ssl
from collections.abc import Callable
from typing import TypeVar

import httplib2

from .errors import OAuthError, ResponseLostError, SigningError

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
#: What breaks when a connection does, as httplib2 and frameworks let it out.
_BREAKS = (ConnectionError, ssl.SSLError, http.client.HTTPException)
_FAILURES = (OSError, http.client.HTTPException, httplib2.HttpLib2Error)
# A redirect may lead to what is no URI, or to a scheme that nobody speaks.
_FAILURES_TO_GO_ON = (*_FAILURES, ValueError, LookupError)

_Result = TypeVar("_Result")


def copy_refused(reason: str, response: httplib2.Response, content: bytes) -> ResponseLostError:
    """Return the error for a second copy that was refused, for its nonce or without a reason that tells anything."""
    words = _COPY_REFUSED_FOR_ITS_NONCE if reason == "nonce" else _COPY_REFUSED
    return ResponseLostError(reason, words, response, content)


def copy_impossible(has_nonce: bool) -> ResponseLostError:
    """Return the error for a copy that must not be sent, or can't."""
    return ResponseLostError("other", _READ_ONCE if has_nonce else _WITHOUT_NONCE)


def is_break(error: Exception) -> bool:
    """Whether a connection broke, so that a copy over a new one may arrive; waiting once more is another matter."""
    return isinstance(error, _BREAKS) and not isinstance(error, TimeoutError)


def is_unreadable(error: Exception) -> bool:
    """Whether httplib2 got all of an answer and could not decompress it."""
    return isinstance(error, httplib2.FailedToDecompressContent) or type(error).__module__ == "httplib2.decode"


def lost_answer(error: Exception, base: str, method: str, answer: object) -> ResponseLostError | None:
    """Return the error for an answer that did not come, or not whole; None if ``error`` says no such thing.

    Args:
        error: What httplib2 raised after the request was sent.
        base: Scheme and authority of the request.
        method: Its method.
        answer: The ``http.client.HTTPResponse`` as far as it has come, or None.
    """
    if isinstance(error, OAuthError) or not (isinstance(error, _FAILURES) or is_unreadable(error)):
        return None
    if isinstance(answer, http.client.HTTPResponse):
        response = httplib2.Response(answer)
        what = "could not be decompressed" if is_unreadable(error) else "broke off"
        words = f"{base} answered {response.status} to a {method}, and the answer {what}. Most likely it has acted."
        return ResponseLostError("other", f"{words} {_LOOK}", response, getattr(error, "partial", b""))
    what = "did not answer" if not isinstance(error, TimeoutError) else "did not answer in time"
    words = f"{base} {what} to a {method} that was sent ({type(error).__name__})"
    return ResponseLostError("other", f"{words}. Whether it has acted is not known. {_LOOK}")


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
    except _FAILURES_TO_GO_ON as error:
        # What carries an answer or is ours says enough; but that nothing was sent is not true of this call.
        says_enough = isinstance(error, httplib2.error.HttpLib2ErrorWithResponse | OAuthError)
        if says_enough and not isinstance(error, SigningError):
            raise
        response, content = answer
        why = str(error).rstrip(".") if isinstance(error, SigningError) else type(error).__name__
        words = f"The request was sent and answered ({response.status}); what was to follow failed: {why}."
        raise ResponseLostError("other", f"{words} {_LOOK}", response, content) from error
