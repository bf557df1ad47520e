"""One signed request, from the first byte sent to a response or an error. Read it from top to bottom.

The states of an exchange::

                 request()                  response read to its end
    PREPARED  ------------>  SENT  -------------------------------------->  ANSWERED
    signed                   |  ^                                              |
                  connection |  | a copy: safe, or with the same nonce         | refused for the clock, or a framework
                       broke |  |                                              | repeats it: a new request
                             +--+                                              v
                             |                                              PREPARED
                             | no copy may be sent, or the copy broke too
                             v
                            LOST    ResponseLostError; a safe request raises httplib2's own error

A request that is LOST is remembered in :mod:`.unanswered`. Every retry of this request carries the same nonce.

httplib2 sends a request again by itself, inside ``_conn_request``, with the headers that it has. So it is not given the
connection: :meth:`SignedExchange.request` takes the place of the connection's method. httplib2 itself is given the
exchange. A framework is given a stand-in for the connection, since it may do more with it.
"""

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .._refusals import may_refuse
from .._signing.oauth1 import OAuth1, SignedRequest
from .._signing.protocol_parameters import generate_nonce
from .._signing.request import SignableRequest
from ..errors import ResponseLostError, SigningError
from .bypass import sent_unsigned
from .clocks import keep_offset, may_move
from .connections import send_unsigned, transport_of
from .context import RequestContext
from .echo import strip_echo
from .lost_responses import (
    HttpResponse,
    body_consumed,
    copy_impossible,
    copy_refused,
    is_break,
    is_undecodable,
    response_lost,
    retry_too_late,
)
from .origin import target_of, target_of_double
from .own_authorization import OAUTH, is_signed_form, own_scheme, prevents_signature, scheme_of_request
from .refused import load_readers, refusal_in, refused
from .resending import Resend, start_of
from .signers import FOLLOWS_REDIRECT, not_signed, signers_of
from .stand_in import ServedConnection
from .unanswered import UNANSWERED, Asked, Unanswered, UnansweredRequests

if TYPE_CHECKING:
    from .._refusals.refusals import Refusal

#: The arguments of ``conn.request()``: method, target, body and headers. A plain tuple, since each request makes three.
Request: TypeAlias = tuple[str, str, Any, Any]
#: How far an exchange has come. PREPARED: nothing of it was sent. SENT: some of it may have reached the server, and no
#: whole response has come. ANSWERED: a response was read to its end. LOST: no whole response has come, and nothing more
#: is sent.
State: TypeAlias = Literal["PREPARED", "SENT", "ANSWERED", "LOST"]
#: ``_conn_request`` of httplib2 or of a framework: connection, target, method, body, headers.
Send: TypeAlias = Callable[..., HttpResponse]

# RFC 9110, sections 15.6.3 and 15.6.5: a gateway got an invalid response, or none in time, from the server behind it.
# So it passed the request on, and the server may have acted.
_GATEWAY_ERRORS = (502, 504)
# httplib2 sends these headers when it has found an entry in its cache.
_CONDITIONS = ("if-none-match", "if-modified-since")


def sign_and_send(
    http: Any,
    context: RequestContext,
    send: Send,
    conn: Any,
    target: str,
    method: str,
    body: Any,
    headers: dict[str, str],
    *,
    is_direct: bool = False,
) -> HttpResponse:
    """Do what ``send`` does, with a signature if credentials are selected for this request.

    Args:
        http: The Http: its ``oauth``, ``repair_clock`` and known clocks count.
        context: Its call in progress.
        send: The ``_conn_request`` under the hook.
        conn: As httplib2 gives it, like the rest of the arguments.
        target: The request target.
        method: The method.
        body: The body.
        headers: The headers; not changed.
        is_direct: Whether ``send`` is httplib2's own method, so that no code of a framework sees the connection.

    Raises:
        SigningError: The request can't be signed. Nothing of it was sent.
        ResponseLostError: The request isn't safe, and it is unclear whether the server acted on it.
    """
    was_sent, context.was_sent, context.refused = context.was_sent, True, None
    selected = signers_of(http)
    # If the cache was asked for a user who has logged out since, the signer is selected again, to find the difference.
    is_logged_out = selected is None and not context.is_signed
    if is_logged_out and not http.require_signature:
        # If a framework sets credentials now, and repeats the request without the Authorization that it had, it means
        # the repeat to be signed. So that Authorization isn't noted.
        return send_unsigned(send, conn, target, method, body, headers, is_direct=is_direct)
    scheme = scheme_of_request(target, body, headers)
    if scheme is not None:
        context.own_scheme = scheme
    if scheme == OAUTH or (is_logged_out and scheme is not None):
        return send_unsigned(send, conn, target, method, body, headers, is_direct=is_direct)

    where = target_of(conn) or target_of_double(conn, context.uri)
    uri = where.base_uri + target
    oauth, is_another = context.signer_at_send(selected, where.origin, uri)
    if is_another:  # The cache entry is the former signer's. No 304 may confirm it.
        headers = {name: value for name, value in headers.items() if name.lower() not in _CONDITIONS}
    if oauth is None:
        if http.require_signature and scheme is None and context.was_asked_for(where.origin, where.base_uri):
            raise not_signed(selected, where.base_uri, context.has_own_authorization, was_sent)
        return send_unsigned(send, conn, target, method, body, headers, is_direct=is_direct)

    is_safe = http.is_safe_request(method, uri, body)
    offset = http._clock_offsets.get(where.base, 0) if http.repair_clock else 0
    given = (method, target, body, headers)
    try:
        exchange = SignedExchange(conn, oauth, where.base, given, offset, is_safe)
        is_signed_already = exchange.as_given[2] is not body and is_signed_form(exchange.as_given[2], headers)
        if not is_signed_already:
            exchange.prepare(() if is_safe else _stores(context))
    except SigningError as error:
        if not was_sent:
            raise
        raise type(error)(f"{error}. {FOLLOWS_REDIRECT}") from None
    if is_signed_already:
        return send_unsigned(send, conn, target, method, exchange.as_given[2], headers)
    response = _run_and_remember(http, context, exchange, send, is_direct)
    if oauth.signature_type == "QUERY":
        _, target_as_sent, *_ = exchange.as_sent
        strip_echo(response[0], exchange.signed.uri, target_as_sent)
    if http.raise_refusals:
        _note_refusal(context, exchange, response)
    return response


def _note_refusal(context: RequestContext, exchange: "SignedExchange", response: HttpResponse) -> None:
    """Note the error that the call is to raise for its response, if the response refuses the OAuth part of the request.

    The error isn't raised here: httplib2 may still answer a challenge with a password, a framework may fetch a new
    token and repeat the request, and httplib2 would make a response of the error (force_exception_to_status_code).
    """
    if exchange.refusal is not None:
        context.refused = error = refused(exchange.refusal, *response)
        name_unanswered(error, exchange)


def _run_and_remember(
    http: Any, context: RequestContext, exchange: "SignedExchange", send: Send, is_direct: bool
) -> HttpResponse:
    """Send the request, and remember it if it stays unclear whether the server acted."""
    try:
        response = exchange.run(send, http, is_direct)
    except BaseException as error:
        if exchange.is_open_after(error):
            remember(http, context, exchange, error)
        raise
    if exchange.resend.is_safe:
        return response
    if exchange.is_unsettled:
        remember(http, context, exchange)
    context.note_response(exchange, response)
    return response


def _stores(context: RequestContext) -> tuple[UnansweredRequests, ...]:
    """Return the stores that may hold an earlier attempt of a request."""
    if context.unanswered:
        return (context.unanswered, UNANSWERED)
    return (UNANSWERED,) if UNANSWERED else ()


def remember(
    http: Any, context: RequestContext, exchange: "SignedExchange", error: BaseException | None = None
) -> None:
    """Remember a request that the server may have acted on, so that a retry keeps its nonce.

    Args:
        http: The Http: its ``keep_unanswered`` counts.
        context: Its call in progress.
        exchange: The request. It isn't safe.
        error: What ended it. It then identifies the request for ``forget_unanswered()``.
    """
    entry = exchange.leave_unanswered(http.keep_unanswered)
    if entry is not None:
        # With PLAINTEXT a server can't recognise a copy, so a later call is a new request. The same holds for a program
        # that wants nothing to be remembered, and for a body that can be read only once. Within a call, none of them is
        # sent twice.
        if http.keep_unanswered > 0 and exchange.resend.has_nonce and not entry.is_read_once:
            UNANSWERED.add(entry)
        else:
            if context.unanswered is None:
                context.unanswered = UnansweredRequests()
            entry.forget_at = float("inf")
            context.unanswered.add(entry)
    if error is not None:
        name_unanswered(error, exchange)


def remember_redirected(http: Any, context: RequestContext, error: BaseException | None = None) -> None:
    """Remember the requests of a call that were answered by a redirect, because what follows was not answered."""
    for exchange in context.redirected_exchanges:
        remember(http, context, exchange, error)


def note_followed(http: Any, context: RequestContext, response: Any) -> None:
    """Note the response to what follows the redirects of a call."""
    if not context.redirected_exchanges:
        context.redirect_response = None
        return
    # A framework's own request() may return something else than httplib2 does.
    if isinstance(response, tuple) and getattr(response[0], "status", None) in _GATEWAY_ERRORS:
        remember_redirected(http, context)
        context.redirect_response = None
        context.redirected_exchanges = ()
    else:
        context.note_redirect_followed()


def name_unanswered(error: BaseException, exchange: "SignedExchange") -> None:
    """Let an error identify the request that it is about, for ``forget_unanswered()``."""
    if exchange.entry is not None:
        with contextlib.suppress(AttributeError):  # An exception with slots.
            error._unanswered = {*getattr(error, "_unanswered", ()), exchange.entry.number}  # type: ignore[attr-defined]


class SignedExchange(ServedConnection):
    """One request that is signed.

    It has more than ten attributes, in four groups. ``oauth``, ``base``, ``as_given``, ``resend`` and the body are the
    request as it was asked for. ``as_sent``, ``signed``, the nonce, the timestamp and the clock's offset are the
    signature. The transport, the number of transmissions, the two flags and ``refusal`` are what became of it.
    ``entry``, ``is_unsettled`` and whether it is a retry are about other attempts of the same request.

    Args:
        conn: The connection.
        oauth: The credentials.
        base: Scheme and authority of the request.
        given: Method, target, body and headers, as httplib2 gives them to ``_conn_request``.
        offset: Seconds that the server's clock is ahead of this machine's.
        is_safe: Whether the request may be sent again with a new nonce.

    Attributes:
        as_given: The request as it was asked for. A form is read here once, since it may be signed more than once.
        as_sent: The request as a framework's ``_conn_request`` passes it on.
        signed: The last signature, with what it covers.
        resend: Whether the request may be sent again.
        entry: The earlier attempt that this request repeats, or its own place among the unanswered requests, or None.
        is_unsettled: Whether the response leaves open if the server acted.
        refusal: The refusal of OAuth in the last response, or None.
    """

    _nonce: str
    _timestamp: int
    signed: SignedRequest
    is_signing = True
    # Most exchanges keep these values until they are sent.
    entry: Unanswered | None = None
    is_unsettled = False
    refusal: "Refusal | None" = None
    _has_own_authorization = False
    _is_over = False
    _is_retry = False
    # How many transmissions may have reached the server.
    _transmissions = 0

    def __init__(self, conn: Any, oauth: OAuth1, base: str, given: Request, offset: int, is_safe: bool) -> None:
        method, target, body, headers = given
        self.real = conn
        self._body_as_asked = body
        self._transport = transport_of(conn)
        self._offset = offset
        self.oauth = oauth
        self.base = base
        start = None
        if body is not None and not isinstance(body, str | bytes):
            body = SignableRequest(base + target, method, body, headers).body
            start = start_of(body)
        self.as_given: Request = (method, target, body, headers)
        self.as_sent: Request = (method, target, body, dict(headers.items()) if headers else {})
        # RFC 5849, section 3.2: a nonce lets the server reject a request that it has seen. PLAINTEXT has none.
        self.resend = Resend(is_safe, oauth.signature_method != "PLAINTEXT", body, start)

    @property
    def state(self) -> State:
        """How far the exchange has come."""
        if not self._transmissions:
            return "PREPARED"
        if self._transport.is_answered:
            return "ANSWERED"
        return "LOST" if self._is_over else "SENT"

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have acted on the request, and no response says so."""
        return not self.resend.is_safe and self.state in ("SENT", "LOST")

    def is_open_after(self, error: BaseException) -> bool:
        """Whether the caller can't know what became of the request after an error that ended it."""
        # After an interrupt, the caller does not get the response, even if it has come whole.
        is_interrupt = not isinstance(error, Exception) and self._transmissions > 0 and not self.resend.is_safe
        # A retry ends here too if a framework's own error hides its response.
        is_retry = self.entry is not None
        return self.may_have_acted or is_interrupt or is_retry or isinstance(error, ResponseLostError)

    # -- PREPARED

    def prepare(self, stores: tuple[UnansweredRequests, ...]) -> None:
        """Sign the request: as a new one, or as a retry of one whose response was lost.

        A retry keeps nonce and timestamp, so that a server that has acted on the first attempt refuses the retry.

        Args:
            stores: Where an earlier attempt may be found. Empty for a safe request.

        Raises:
            SigningError: The request can't be signed. Nothing of it was sent.
            ResponseLostError: It is a retry that must not be sent. Nothing of it was sent.
        """
        if not self.resend.is_safe:
            load_readers()
        if stores:
            asked = self._asked()
            self.entry = next(filter(None, (store.take(asked) for store in stores)), None)
        if self.entry is None:
            self._sign(with_new_nonce=True)
            return
        entry = self.entry
        try:
            if entry.is_read_once:
                raise copy_impossible(has_nonce=True)
            if entry.is_too_late:
                raise retry_too_late(self.base, self.as_given[0], entry.age)
            self._is_retry = True
            self._transmissions = 1
            self._nonce, self._timestamp = entry.nonce, entry.timestamp
            self.resend.body_start = entry.start_of(self.resend.body, self.resend.body_start)
            self._sign()
        except BaseException as error:
            entry.give_back()
            name_unanswered(error, self)
            raise

    def _asked(self) -> Asked:
        method, target, _, headers = self.as_given
        return Asked(self.oauth.fingerprint, method.upper(), self.base + target, self._body_as_asked, headers)

    def _sign(self, with_new_nonce: bool = False) -> None:
        """Sign the request as it is sent now."""
        if with_new_nonce:
            # RFC 5849, section 3.3: "The nonce value MUST be unique across all requests with the same timestamp,
            # client credentials, and token combinations."
            self._nonce = generate_nonce()
            self._timestamp = int(time.time()) + self._offset
        method, target, body, headers = self.as_sent
        self.signed = self.oauth.sign(
            self.base + target, method, body, headers, nonce=self._nonce, timestamp=self._timestamp
        )
        if body is not None:
            self._transport.require_encodable(self.signed.body)

    # -- the whole exchange

    def run(self, send: Send, http: Any, is_direct: bool) -> HttpResponse:
        """Send the request and return the response. Repair the clock if the server refuses its timestamp.

        Args:
            send: The ``_conn_request`` under the hook.
            http: The Http: its ``repair_clock`` and ``max_clock_offset`` count, and it keeps the clock's offset.
            is_direct: As for :func:`sign_and_send`.

        Raises:
            ResponseLostError: The request isn't safe, and it is unclear whether the server acted on it.
        """
        response = self._transmit(send, is_direct)
        refusal = self._read_refusal(response)
        if refusal is not None and refusal.reason == "nonce" and self.resend.is_safe and self.resend.rewind_body():
            # Proxies and servers repeat requests by themselves. Then the server has seen the nonce of a request that
            # was sent once. A request that changes nothing is sent again as a new one.
            self._transmissions = 0
            self._sign(with_new_nonce=True)
            response = self._transmit(send, is_direct)
            refusal = self._read_refusal(response)
        server_time = None if refusal is None else refusal.corrected_time(self._timestamp)
        if server_time is None or not http.repair_clock:
            return response
        offset = server_time - int(time.time())
        if not may_move(http.max_clock_offset, self.base, offset):
            return response
        former, self._offset = self._offset, offset
        keep_offset(http, self.base, offset)
        if not self.resend.rewind_body():
            return response
        # RFC 5849, section 3.2: the server verifies a request before it acts. A refused request was not acted upon, so
        # any method may be sent again, as a new request.
        self._transmissions = 0
        self._sign(with_new_nonce=True)
        try:
            response = self._transmit(send, is_direct)
        except Exception:
            keep_offset(http, self.base, former)  # No response confirms the new one.
            raise
        refusal = self._read_refusal(response)
        if refusal is not None and refusal.reason in ("timestamp", "other"):
            # The clock was not the reason, or the server's time is wrong.
            keep_offset(http, self.base, former)
        return response

    def _transmit(self, send: Send, is_direct: bool) -> HttpResponse:
        """Send the request, and a copy of it if the connection breaks.

        httplib2 sends a copy by itself if a connection closes without a response. It sends none after a reset, or if
        the connection closes within the response.
        """
        method, target, body, headers = self.as_given
        transport = self._transport
        conn = transport.connection_for(self, is_direct)
        is_last = False
        try:
            while True:
                try:
                    transport.was_asked = False
                    response = send(conn, target, method, body, headers)
                    if not transport.was_asked:
                        raise sent_unsigned(self.base)
                    return response
                except Exception as error:
                    transport.abandon()
                    if not is_last and self._is_worth_a_copy(error):
                        is_last = True
                        continue
                    self._is_over = True
                    lost = self._response_lost(error)
                    if lost is None:
                        raise
                    try:
                        raise lost from error
                    finally:
                        del lost  # Its traceback holds this frame.
                except BaseException:
                    self._is_over = True
                    transport.abandon()
                    raise
        finally:
            transport.finish(conn)

    # -- PREPARED or SENT -> SENT

    def getresponse(self) -> Any:
        """Return the response. httplib2 and frameworks call this, and the next method, as methods of a connection."""
        return self._transport.getresponse()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def request(self, method: str, target: str, body: Any = None, headers: Any = None, **kwargs: Any) -> None:
        """Sign and send the request. httplib2 and frameworks call this once for each transmission."""
        transport = self._transport
        transport.was_asked = True
        request = (method, target, body, headers)
        # A framework's _conn_request may change the request, and may add an Authorization. It had none before.
        is_changed = request != self.as_sent
        self._has_own_authorization = is_changed and prevents_signature(own_scheme(headers), self.oauth)
        if not self._has_own_authorization:
            if is_changed or self._transmissions:
                self._sign_again(request, is_changed)
            signed = self.signed
            target, body, headers = signed.uri[len(self.base) :], signed.body, signed.headers
        transport.make_ready()
        # An interrupt can come at any time, so the transmission counts from here on.
        self._transmissions += 1
        try:
            transport.send(method, target, body, headers, **kwargs)
        except Exception as error:
            self._transmissions -= not transport.may_have_sent(error)
            raise

    def _sign_again(self, request: Request, is_changed: bool) -> None:
        """Make the signature fit a transmission that isn't the first, or a request that a framework has changed."""
        state = self.state
        if state == "ANSWERED" and not self._settles(self._transport.response):
            self.resend.require_copy()
        elif state == "ANSWERED":
            # A framework's _conn_request repeats an answered request. That is a new request.
            if self.entry is not None:
                self.settle()
            if not self.resend.rewind_body():
                raise body_consumed(self._transport.response)
            self._transmissions = 0
            self._sign(with_new_nonce=True)
        elif state != "PREPARED":
            self.resend.require_copy()
        if is_changed:
            *rest, headers = request
            self.as_sent = (*rest, dict(headers.items()) if headers else {})
        is_safe_copy = self._transmissions > 0 and self.resend.is_safe
        if is_changed or is_safe_copy:
            self._sign(with_new_nonce=is_safe_copy)

    # -- SENT -> SENT, or LOST

    def _is_worth_a_copy(self, error: Exception) -> bool:
        """Whether an error of the first transmission is a broken connection, and a copy may be sent."""
        if self._transmissions != 1 or self.state == "ANSWERED":
            return False
        has_response = self._transport.response is not None
        return is_break(error, has_response) and self.resend.may_copy(has_response or self._has_own_authorization)

    def _response_lost(self, error: Exception) -> ResponseLostError | None:
        # An error about a response that was read to its end is a framework's own.
        is_other_error = self.state == "ANSWERED" and not is_undecodable(error)
        if self.resend.is_safe or self.state == "PREPARED" or is_other_error:
            return None
        transport = self._transport
        return response_lost(error, self.base, self.as_given[0], transport.response, transport.is_sending)

    # -- ANSWERED

    def _settles(self, head: Any) -> bool:
        """Whether a framework's _conn_request that repeats an answered request means a new one.

        A framework also repeats a request whose response could not be decompressed. A response to a copy leaves open
        whether the server acted on the first transmission.
        """
        if self.resend.is_safe or not self.resend.has_nonce:
            return True
        is_error = head.status >= 400 and head.status not in _GATEWAY_ERRORS  # noqa: PLR2004
        return self._transmissions == 1 and is_error

    def leave_unanswered(self, seconds: float) -> Unanswered | None:
        """Note that this attempt is over, and that the server may have acted.

        Returns:
            The entry to remember the request by, or None if it is remembered already.
        """
        if self.entry is None:
            asked, start = self._asked(), self.resend.body_start
            self.entry = Unanswered(asked, start, self._nonce, self._timestamp, seconds)
            return self.entry
        if self._is_retry:
            self._is_retry = False
            self.entry.give_back()
        return None

    def settle(self) -> None:
        """Note that a response has settled what became of the request, so that it need not be remembered any more."""
        if self.is_unsettled or self.entry is None:
            return
        self.entry.end()
        self.entry = None
        self._is_retry = False

    def _read_refusal(self, response: HttpResponse) -> "Refusal | None":
        """Return the refusal of OAuth in a response, or None, and note what the response settles.

        Raises:
            ResponseLostError: The response refuses a copy, so that the response to the first transmission is lost.
        """
        head, content = response
        # Nearly no response may be a refusal.
        refusal = refusal_in(head, content, self.base + self.as_given[1]) if may_refuse(head, content) else None
        self.refusal = refusal
        if self.resend.is_safe:
            return refusal
        # A refusal of the token or the signature says nothing about an earlier transmission.
        self.is_unsettled = head.status in _GATEWAY_ERRORS or (self._transmissions > 1 and refusal is not None)
        # A program that got a gateway's error before gets this one too, and may send the request once more.
        is_gateways_again = self._is_retry and self._transmissions == 2 and head.status in _GATEWAY_ERRORS  # noqa: PLR2004
        if self._transmissions > 1 and not is_gateways_again:
            if refusal is not None and refusal.reason == "nonce":
                raise copy_refused("nonce", head, content)
            # A server looks at the clock before the nonce. rest.php before MediaWiki 1.44, and servers without problem
            # reports, give no reason. A server that is overloaded has not looked at all. So none of these says that the
            # first transmission was not acted upon.
            is_error = head.status >= 400  # noqa: PLR2004
            gives_no_reason = is_error if refusal is None else refusal.reason in ("other", "timestamp")
            if gives_no_reason:
                raise copy_refused("other", head, content)
        return refusal
