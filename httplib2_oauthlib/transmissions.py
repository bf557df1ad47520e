"""One request on its way, as often as httplib2 sends it: signs every transmission and judges the answer.

httplib2 retransmits inside ``_conn_request``, with the headers that it has. So what it is given there is a stand-in for
the connection, whose ``request()`` signs.
"""

import time
from collections.abc import Mapping, MutableMapping
from typing import Any

import httplib2

from .calls import has_authorization
from .errors import ResponseLostError
from .refusals import read_refusal
from .requestparts import RequestParts, is_file
from .signing import OAuth1

# RFC 9110, section 9.2.1. httplib2's own list is a setting of each Http and says what it caches and redirects.
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")

_LOST_AFTER_ACTING = (
    "The connection broke after the request was sent; the second copy was refused because the server has seen the"
    " first. It has most likely acted, and its answer is lost. Look before you repeat the request."
)
_LOST_UNKNOWN = (
    "The connection broke after the request was sent, and the second copy was refused. Whether the server has acted on"
    " the first is not known. Look before you repeat the request."
)
_LOST_BODY = (
    "The connection broke while a body that can be read only once was being sent. Whether the server has acted is not"
    " known, and the request was not sent again. Give the body as bytes or as a seekable file."
)


class Transmissions:
    """Stands in for a connection while one request is sent.

    A safe method is signed afresh for every transmission, so that the retry succeeds where the server saw the first
    one. Any other keeps its first nonce, so that a server which has acted refuses the copy.

    Args:
        conn: The connection; whatever this class does not know is the connection's.
        oauth: Who signs.
        base: Scheme and authority of the request.
        target: The request target as httplib2 would send it.
        method: Likewise.
        body: Likewise.
        headers: Likewise.

    Attributes:
        is_refused_without_better_reason: Whether the last answer minds the clock again, or something that it won't say.
    """

    __slots__ = (
        "_base",
        "_body_start",
        "_conn",
        "_count",
        "_is_answered",
        "_oauth",
        "_offset",
        "_request",
        "_signed",
        "_timestamp",
        "is_refused_without_better_reason",
    )

    def __init__(
        self, conn: Any, oauth: OAuth1, base: str, target: str, method: str, body: Any, headers: Mapping[str, str]
    ) -> None:
        self._conn = conn
        self._oauth = oauth
        self._base = base
        # A form is read once here: it is signed more than once, and sent so.
        is_read = body is None or isinstance(body, str | bytes)
        body = body if is_read else RequestParts(base + target, method, body, headers).body
        self._request = (method, target, body, headers)
        self._body_start = _start_of(body)

    # Frameworks look at a connection, ask what it is and set its timeout; what they mean is the real one.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._conn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Transmissions.__slots__:
            object.__setattr__(self, name, value)
        else:
            setattr(self._conn, name, value)

    @property
    def body(self) -> Any:
        """The body to send, ready to be read."""
        return self._request[2]

    def begin(self, offset: int) -> None:
        """Sign by a clock that is ``offset`` seconds ahead of ours, with a new nonce.

        Raises:
            SigningError: The request can't be signed; nothing of it was sent.
        """
        self._count = 0
        self._is_answered = False
        self._offset = offset
        self._sign()

    def request(self, method: str, target: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
        """Send the request; httplib2 calls this once per transmission."""
        if self._count and not self.rewind():
            raise ResponseLostError("other", _LOST_BODY)
        if self._is_answered:  # A framework's _conn_request tries again for a reason of its own: another request.
            self.begin(self._offset)
        self._count += 1
        if has_authorization(headers):  # A framework's own, put in since the request was signed.
            self._conn.request(method, target, body, headers, **kwargs)
            return
        given = (method, target, body, headers)
        # Changed: by a framework's _conn_request, on its way.
        if given != self._request or (self._count > 1 and self._is_safe):
            self._request = given
            self._sign()
        target = self._signed.uri[len(self._base) :]
        self._conn.request(method, target, self._signed.body, self._signed.headers, **kwargs)

    def getresponse(self) -> Any:
        """Return what the connection returns; from then on the request is answered."""
        response = self._conn.getresponse()
        self._is_answered = True
        return response

    def rewind(self) -> bool:
        """Make the body ready to be sent once more; False if it can be read only once."""
        body = self.body
        if is_file(body):
            if self._body_start is not None:
                body.seek(self._body_start)
            return self._body_start is not None
        # bytes and lists begin anew; what iterates over itself, or over the same iterator again, has been used up.
        return not hasattr(body, "__iter__") or iter(body) is not iter(body)

    def refused_for_the_clock(self, response: httplib2.Response, content: bytes) -> int | None:
        """Judge the answer.

        Returns:
            The server's time in Unix seconds if it refused ours and has not acted; None for any other answer.

        Raises:
            ResponseLostError: The answer is to a copy, and says that the one to the first transmission was lost.
        """
        refusal = read_refusal(response, content)
        self.is_refused_without_better_reason = refusal is not None and refusal.reason in ("timestamp", "other")
        if refusal is None:
            return None
        server_time = refusal.clock_beside(self._timestamp)
        if self._count > 1 and not self._is_safe:
            if refusal.reason == "nonce":
                raise ResponseLostError("nonce", _LOST_AFTER_ACTING, response, content)
            if server_time is not None or refusal.reason == "other":
                # The clock is looked at before the nonce, and rest.php does not say what it minds: neither tells
                # whether the first copy was acted upon.
                raise ResponseLostError("other", _LOST_UNKNOWN, response, content)
        return server_time

    def strip_echo(self, response: MutableMapping[str, str]) -> None:
        """Take our parameters out of a redirect that repeats the query it was sent.

        With signature type QUERY they would else be sent twice, and be written to the cache.
        """
        ours = set(_query(self._signed.uri).split("&")) - set(_query(self._request[1]).split("&"))
        for name in ("location", "content-location"):
            start, question_mark, query = response.get(name, "").partition("?")
            if ours & set(query.split("&")):
                kept = "&".join(pair for pair in query.split("&") if pair not in ours)
                response[name] = start + (question_mark + kept if kept else "")

    @property
    def _is_safe(self) -> bool:
        return self._request[0].upper() in _SAFE_METHODS

    def _sign(self) -> None:
        method, target, body, headers = self._request
        self._timestamp = int(time.time()) + self._offset
        self._signed = self._oauth.sign(self._base + target, method, body, headers, timestamp=self._timestamp)


def _start_of(body: Any) -> Any:
    """Return where a file-like body begins to be read, or None if it can't go back there."""
    if not is_file(body):
        return None
    try:
        start = body.tell()
        body.seek(start)
    except Exception:  # Whatever a pipe, a socket or a wrapper of one raises.
        return None
    return start


def _query(uri: str) -> str:
    return uri.partition("#")[0].partition("?")[2]
