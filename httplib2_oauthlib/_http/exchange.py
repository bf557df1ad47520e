"""One request on its way, as often as httplib2 sends it: signs every transmission and judges the answer.

httplib2 retransmits inside ``_conn_request``, with the headers that it has. So what it is given there is a stand-in for
the connection, whose ``request()`` signs.
"""

import http.client
import operator
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

import httplib2

from .._refusals.refusals import read_refusal
from .._signing.oauth1 import OAuth1
from .._signing.protocol_parameters import generate_nonce
from .._signing.request import SignableRequest, is_file
from ..errors import ResponseLostError
from .connections import is_shared, is_stale, reading_whole, was_handed_over
from .context import has_authorization
from .lost_responses import (
    copy_impossible,
    copy_refused,
    is_break,
    is_of_connection,
    is_unreadable,
    lost_answer,
    used_up,
)
from .queries import decoded, without
from .responses import WatchedResponse

Answer: TypeAlias = tuple[httplib2.Response, bytes]

# RFC 9110, section 9.2.1. httplib2's own list is a setting of each Http and says what it caches and redirects.
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


_set = object.__setattr__


class SignedConnection:
    """What httplib2 is given in the place of a connection: what it sends is signed, all else is the connection's.

    Args:
        conn: The connection.
        transmissions: What signs and sends.
    """

    __slots__ = ("_conn", "close", "getresponse", "request")

    def __init__(self, conn: Any, transmissions: "Transmissions") -> None:
        _set(self, "_conn", conn)
        _set(self, "request", transmissions.transmit)
        _set(self, "getresponse", transmissions.receive)
        _set(self, "close", transmissions.close)

    # Frameworks look at a connection, ask what it is and set its timeout; what they mean is the real one.
    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._conn)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._conn, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._conn, name, value)

    # httplib2 asks for it each time, and this is faster.
    sock = property(operator.attrgetter("_conn.sock"))


class Transmissions:
    """One request, while it is sent.

    A safe method is signed afresh for every transmission, so that the retry succeeds where the server saw the first
    one. Any other keeps its first nonce, so that a server which has acted refuses the copy.

    Args:
        conn: The connection.
        oauth: Who signs.
        base: Scheme and authority of the request.
        target: The request target as httplib2 would send it.
        method: Likewise.
        body: Likewise.
        headers: Likewise.

    Attributes:
        is_safe: Whether the request may be repeated without a thought.
        is_refused_without_better_reason: Whether the last answer minds the clock again, or something that it won't say.
    """

    __slots__ = (
        "_asked",
        "_base",
        "_body_start",
        "_conn",
        "_count",
        "_is_own",
        "_is_sending",
        "_is_shared",
        "_nonce",
        "_oauth",
        "_offset",
        "_request",
        "_response",
        "_signed",
        "_timestamp",
        "_unwatch",
        "_was_answered",
        "is_refused_without_better_reason",
        "is_safe",
    )
    _nonce: str
    _timestamp: int

    def __init__(
        self, conn: Any, oauth: OAuth1, base: str, target: str, method: str, body: Any, headers: Mapping[str, str]
    ) -> None:
        self._conn = conn
        self._is_shared = is_shared(conn)
        self._oauth = oauth
        self._base = base
        # A form is read once here: it is signed more than once, and sent so.
        is_read = body is None or isinstance(body, str | bytes)
        body = body if is_read else SignableRequest(base + target, method, body, headers).body
        # What was asked for, and what a framework's _conn_request makes of it, each time.
        self._asked = (method, target, body, headers)
        self._request = (method, target, body, dict(headers.items()) if headers else {})
        self.is_safe = method.upper() in _SAFE_METHODS
        self._body_start = None if is_read else _start_of(body)
        self._is_sending = self._is_own = False
        self._unwatch: Callable[[], None] | None = None

    @property
    def _is_answered(self) -> bool:
        return self._response.is_whole if type(self._response) is WatchedResponse else self._was_answered

    @property
    def is_open(self) -> bool:
        """Whether the request may have been acted upon, without an answer that says so."""
        return bool(self._count) and not self._is_answered and not self.is_safe

    def begin(self, offset: int, earlier: "Transmissions | None" = None) -> None:
        """Sign by a clock that is ``offset`` seconds ahead of ours, with a new nonce if the request is a new one.

        Args:
            offset: Seconds.
            earlier: The same request, whose answer was lost, where a framework asks for it again within one call: this
                goes on with it, with its nonce.

        Raises:
            SigningError: The request can't be signed; nothing of it was sent.
        """
        # How many copies may have reached the server, the last thing that it said, and whether that came whole, which
        # a WatchedResponse knows itself.
        self._count = 0
        self._response: Any = None
        self._was_answered = False
        self._offset = offset
        if earlier is not None:
            self._count, self._offset = earlier._count, earlier._offset
            self._nonce, self._timestamp, self._body_start = earlier._nonce, earlier._timestamp, earlier._body_start
        self._sign(is_afresh=earlier is None)

    def is_same_as(self, other: "Transmissions") -> bool:
        """Whether both are for one request, as it was asked for."""
        ours = (self._oauth, self._base, *self._asked[:3])
        return ours == (other._oauth, other._base, *other._asked[:3])

    def exchange(self, send: Callable[..., Answer]) -> Answer:
        """Send the request, with a copy where the connection breaks, and return what the server answers.

        httplib2 sends a copy by itself if a connection closes without an answer, and not if it is reset, or closes
        within the answer.

        Args:
            send: httplib2's ``_conn_request``, or a framework's.

        Raises:
            ResponseLostError: The request is not safe, it was sent, and its answer did not come, or not whole.
        """
        method, target, body, headers = self._asked
        conn = SignedConnection(self._conn, self)
        if not self._is_shared and is_stale(self._conn):
            self._conn.close()
        is_last = False
        while True:
            try:
                return send(conn, target, method, body, headers)
            except Exception as error:
                self._abandon()
                if not is_last and self._is_worth_a_copy(error):
                    is_last = True
                    continue
                lost = self._loss(error)
                if lost is None:
                    raise
                try:
                    raise lost from error
                finally:
                    del lost  # Its traceback holds this frame.
            except BaseException:
                self._abandon()
                raise
            finally:
                if self._unwatch is not None:
                    self._unwatch()

    def transmit(self, method: str, target: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
        """Send the request; httplib2 calls this once per transmission."""
        given = (method, target, body, headers)
        # Changed: by a framework's _conn_request, on its way.
        is_changed = given != self._request
        # A framework's, put in since the request was signed: httplib2's matter, as often as it sends it.
        self._is_own = is_changed and has_authorization(headers)
        if not self._is_own:
            if self._response is not None and self._is_answered:
                # A framework's _conn_request tries again for a reason of its own: another request.
                if not self.rewind():
                    raise used_up(self._response)
                self.begin(self._offset)
            elif self._count:
                self._prepare_copy()
            if is_changed:
                self._request = (method, target, body, dict(headers.items()) if headers else {})
            if is_changed or (self._count and self.is_safe):
                self._sign(is_afresh=self._count > 0 and self.is_safe)
            signed = self._signed
            target, body, headers = signed.uri[len(self._base) :], signed.body, signed.headers
        conn = self._conn
        # http.client would connect within request(), where failing to looks like failing to send.
        if not self._is_shared and isinstance(conn, http.client.HTTPConnection) and conn.sock is None:
            conn.connect()
        if self._unwatch is not None:
            self._unwatch()
        self._response = None
        self._was_answered = False
        self._is_sending = True
        try:
            conn.request(method, target, body, headers, **kwargs)
        except Exception as error:
            # Some of it was sent, maybe all that the server wants. Other errors are the body's, which has ended before
            # its end, or http.client's, about a request that it does not send.
            if self._is_shared:
                self._count += was_handed_over(error)
            elif isinstance(error, OSError):
                self._count += is_of_connection(error)
            raise
        self._is_sending = False
        self._count += 1

    def receive(self) -> Any:
        """Return what the server answers, to be read.

        Raises:
            http.client.RemoteDisconnected: The head was cut off.
        """
        conn = self._conn
        # A class of its own knows best. Ours is left with the connection: Python slows down for an object that loses an
        # attribute.
        if not self._is_shared and getattr(conn, "response_class", None) is http.client.HTTPResponse:
            conn.response_class = WatchedResponse
        self._response = response = conn.getresponse()
        if type(response) is not WatchedResponse:
            self._watch(response)
        return response

    def close(self) -> None:
        """Close the connection, unless it is other threads' too: whose socket has failed is put away by itself then."""
        if not self._is_shared:
            self._conn.close()

    def _watch(self, response: Any) -> None:
        """Notice when an answer has been read to its end.

        Nothing else tells a framework that tries again because the answer broke off from one that did not like it.
        """
        read = reading_whole(response) if self._is_shared else response.read
        # Whatever has a read() of its own (a test double, a cassette's) says nothing else of itself.
        is_plain = getattr(type(response), "read", None) is http.client.HTTPResponse.read

        def noting(*args: Any, **kwargs: Any) -> Any:
            content = read(*args, **kwargs)
            self._was_answered = not is_plain or (response.isclosed() and not response.length)
            return content

        try:
            former = vars(response).get("read")
            response.read = noting
        except (AttributeError, TypeError):  # A double that can't be watched.
            self._was_answered = True
            return

        # An answer's read() and this object would keep each other alive, and a socket open.
        def unwatch() -> None:
            self._unwatch = None
            if former is None:
                del response.read
            else:
                response.read = former

        self._unwatch = unwatch

    def rewind(self) -> bool:
        """Make the body ready to be sent once more; False if it can be read only once."""
        body = self._asked[2]
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
        server_time = None if refusal is None else refusal.clock_beside(self._timestamp)
        if self._count > 1 and not self.is_safe:
            if refusal is not None and refusal.reason == "nonce":
                raise copy_refused("nonce", response, content)
            # The clock is looked at before the nonce; rest.php, and who knows of no reports, do not say what they mind;
            # and who is overloaded has not looked. None tells whether the first copy was acted upon.
            is_silent = response.status >= 400 if refusal is None else refusal.reason == "other"  # noqa: PLR2004
            if server_time is not None or is_silent:
                raise copy_refused("other", response, content)
        return server_time

    def strip_echo(self, response: MutableMapping[str, str]) -> None:
        """Take our parameters out of headers that repeat the query, or the URI within the query of another.

        With signature type QUERY a redirect would else send them twice, or to a log-in page elsewhere, and they would
        be written to the cache.
        """
        pairs = set(_query(self._signed.uri).split("&")) - set(_query(self._request[1]).split("&"))
        ours = {name: decoded(value) for name, _, value in (pair.partition("=") for pair in pairs)}
        for name, value in response.items():
            if any(our_name in value for our_name in ours):
                response[name] = without(value, ours)

    @property
    def _has_nonce(self) -> bool:
        # RFC 5849, section 3.2: the nonces that a server must know again are those of the other methods.
        return self._oauth.signature_method != "PLAINTEXT" and not self._is_own

    def _sign(self, is_afresh: bool) -> None:
        """Sign the request as it is, with a new nonce or the former one."""
        if is_afresh:
            self._nonce = generate_nonce()
            self._timestamp = int(time.time()) + self._offset
        method, target, body, headers = self._request
        self._signed = self._oauth.sign(
            self._base + target, method, body, headers, nonce=self._nonce, timestamp=self._timestamp
        )

    def _prepare_copy(self) -> None:
        if not (self.is_safe or self._has_nonce):
            raise copy_impossible(has_nonce=False)
        if not self.rewind():
            if self.is_safe:  # As if nobody had tried again.
                raise http.client.RemoteDisconnected("Remote end closed connection without response")
            raise copy_impossible(has_nonce=True)

    def _is_worth_a_copy(self, error: Exception) -> bool:
        # What has begun to be answered has been acted upon.
        may_repeat = self.is_safe or (self._has_nonce and self._response is None)
        is_open = self._count == 1 and not self._is_answered
        return is_open and is_break(error, self._response is not None) and may_repeat and self.rewind()

    def _loss(self, error: Exception) -> ResponseLostError | None:
        # An error about an answer that was read to its end is a framework's own.
        if self.is_safe or not self._count or (self._is_answered and not is_unreadable(error)):
            return None
        return lost_answer(error, self._base, self._asked[0], self._response, self._is_sending)

    def _abandon(self) -> None:
        # What is still to come on this connection would be taken for the answer to the next request.
        if not self._is_answered:
            self.close()
            if hasattr(self._response, "close"):  # Which outlives its connection, if that was to end with it.
                self._response.close()


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
