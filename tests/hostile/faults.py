"""The faults between a client and a server, on real connections: a faulty server and a faulty proxy.

Like every OAuth server, the faulty server acts on a request if the reference verifier accepts it and its nonce is new.
The server also counts its actions, so that a test can compare what a client reports with what happened.
"""

import collections
import contextlib
import gzip
import random
import select
import socket
import threading
import time
from typing import NamedTuple

from httplib2_oauthlib import OAuth1

from .. import reference
from ..servers import Listener, answer, close, hang_up

SECRETS = reference.Secrets("client secret", "token secret")
OAUTH = OAuth1("client", SECRETS.client, "token", SECRETS.token)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SAFE = ("GET", "HEAD", "OPTIONS")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
NONCE_USED = answer(
    '{"error":{"code":"mwoauth-invalid-authorization","info":"Nonce already used: x"}}',
    MediaWiki_API_Error="mwoauth-invalid-authorization",
)
# The other responses to a repeated request: RFC 5849 specifies a plain 401, and a gateway sends its own status.
OTHER_REFUSALS = {
    "problem": answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="nonce_used"'),
    "challenge": answer("", "401 Unauthorized", WWW_Authenticate='OAuth realm="x"'),
    **{str(status): answer("no", f"{status} No") for status in (400, 401, 403, 404, 409, 429, 500, 502, 503, 504)},
}


# -- what a server does with its response


def whole(good):
    """Nothing goes wrong."""
    return good


def nothing(good):
    """The connection is closed without a response."""
    return


def reset(good):
    """The connection is reset without a response."""
    return hang_up


def half_a_status_line(good):
    return lambda connection: connection.sendall(good[:11])


def half_a_head(good):
    """The response breaks off before its length is known."""
    return lambda connection: connection.sendall(good[:30])


def no_end_of_the_head(good):
    return lambda connection: connection.sendall(good.partition(b"\r\n\r\n")[0] + b"\r\n")


def half_a_body(good):
    return lambda connection: connection.sendall(good[:-3])


def half_a_body_then_reset(good):
    def play(connection):
        connection.sendall(good[:-3])
        hang_up(connection)

    return play


def half_a_chunk(good):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda connection: connection.sendall(head + b"5\r\nhello\r\n20\r\nhalf")


def no_last_chunk(good):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return lambda connection: connection.sendall(head + b"5\r\nhello\r\n")


def negative_chunk(good):
    return lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"
    )


def impossible_length(good):
    return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000000000000\r\n\r\nhi")


def garbage(good):
    return lambda connection: connection.sendall(b"\x16\x03\x01 this isn't HTTP at all\r\n\r\n")


def too_many_headers(good):
    return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n")


def no_gzip(good):
    return answer(b"this is not compressed", Content_Encoding="gzip")


def half_gzip(good):
    whole_answer = answer(gzip.compress(b"x" * 1000), Content_Encoding="gzip")
    return lambda connection: connection.sendall(whole_answer[:-10])


def closed_afterwards(good):
    """The server closes the connection before the next request."""
    return lambda connection: connection.sendall(good)


def reset_afterwards(good):
    """The server resets the connection before the next request."""

    def play(connection):
        connection.sendall(good)
        # Let the client read the response first, because a reset discards unread data.
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            connection.recv(1)
        hang_up(connection)

    return play


def one_more_answer(good):
    """A second response follows, although there was only one request."""
    return good + answer("to nobody")


def rubbish(good):
    return good + b"\r\nrubbish\r\n\r\n"


def _later(good, more):
    def play(connection):
        connection.sendall(good)
        time.sleep(0.05)
        connection.sendall(more)
        connection.recv(1)

    return play


def one_more_answer_later(good):
    return _later(good, answer("to nobody"))


def rubbish_later(good):
    return _later(good, b"\r\nrubbish\r\n\r\n")


def stall(good):
    """The server sends nothing for as long as the client waits."""
    return lambda connection: connection.recv(1)


def stall_within(good):
    def play(connection):
        connection.sendall(good[:-3])
        connection.recv(1)

    return play


# The client doesn't receive a complete head.
HEADLESS = [nothing, reset, half_a_status_line, half_a_head, no_end_of_the_head]
AFTER_ACTING = [
    *HEADLESS, half_a_body, half_a_body_then_reset, half_a_chunk, no_last_chunk, negative_chunk, impossible_length,
    garbage, too_many_headers, no_gzip, half_gzip,
]  # fmt: skip
AFTERWARDS = [closed_afterwards, reset_afterwards, one_more_answer_later, rubbish_later, one_more_answer, rubbish]
STALLS = [stall, stall_within]


class Acting:
    """A handler that acts on signed requests, and then applies a fault to its response.

    The query of a request is the request's name. A second request with the same nonce is refused.

    Attributes:
        acted: How often the server acted, by name.
        arrived: How often a request arrived, by name.
        faults: The faults for each name, one for each time that the request is sent.
            Once the list is empty, the response arrives whole.
        last_fault: The fault that was applied to the latest response.
        played: The number of faults so far.
        refusal: The response to a nonce that the server has seen before.
        unheard: The names whose first request is lost before the server acts.
    """

    def __init__(self):
        self.acted = collections.Counter()
        self.arrived = collections.Counter()
        self.faults = {}
        self.unheard = set()
        self.last_fault = whole
        self.played = 0
        self.refusal = NONCE_USED
        self._nonces = set()
        self._changed = threading.Condition()

    def wait_for(self, name):
        """Wait until the server has acted on a request: a client with a short timeout gives up before."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.acted[name], 10)

    def __call__(self, received):
        name = received.target.partition("?")[2]
        with self._changed:
            self.arrived[name] += 1
            if name in self.unheard:
                self.unheard.remove(name)
                self.played += 1
                return random.Random(name).choice([nothing, reset])(b"")
            assert reference.is_valid(received, SECRETS)
            parameters = reference.protocol_parameters(received)
            # "Unique across all requests with the same timestamp, client credentials, and token combinations."
            nonce = tuple(parameters[f"oauth_{name}"] for name in ("nonce", "timestamp", "consumer_key", "token"))
            is_new = nonce not in self._nonces
            self._nonces.add(nonce)
            self.acted[name] += is_new
            self._changed.notify_all()
            faults = self.faults.get(name)
            self.last_fault = fault = faults.pop(0) if faults else whole
            self.played += fault is not whole
        good = answer(f"done {name}") if is_new else self.refusal
        if received.method == "HEAD":
            good = good.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        return fault(good)


# -- a proxy


class Cut(NamedTuple):
    """The point at which a proxy cuts a connection.

    Attributes:
        up: The number of bytes from the client before the cut, or None.
        down: The number of bytes from the server before the cut, or None.
        is_reset: Whether both sides see a reset.
        stalls: Whether the proxy keeps the connection open and forwards nothing more.
        refusal: The response to CONNECT if the proxy refuses to connect, or None.
    """

    up: int | None = None
    down: int | None = None
    is_reset: bool = False
    stalls: bool = False
    refusal: bytes | None = None


class Proxy(Listener):
    """A proxy that supports CONNECT and cuts connections according to a plan.

    The proxy counts bytes and never parses them.

    Attributes:
        plan: The cuts, one for each connection in turn. None, or no item, means no cut.
        fired: The number of connections that were cut.
    """

    def __init__(self):
        self.plan = []
        self.fired = 0
        super().__init__()

    def _talk(self, client):
        cut, server = (self.plan.pop(0) if self.plan else None) or Cut(), None
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(1)
            if cut.refusal is not None:
                self.fired += 1
                client.sendall(cut.refusal)
                return
            host, _, port = head.split(b" ")[1].rpartition(b":")
            server = socket.create_connection((host.decode(), int(port)))
            self._open.append(server)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pump(client, server, cut)
        except OSError:
            pass
        finally:
            for connection in filter(None, (client, server)):
                with contextlib.suppress(OSError):
                    if cut.is_reset:
                        hang_up(connection)
                    close(connection)

    def _pump(self, client, server, cut):
        left = {client: cut.up, server: cut.down}
        while True:
            for source in select.select([client, server], [], [])[0]:
                chunk = source.recv(65536)
                if left[source] is not None:
                    chunk, left[source] = chunk[: left[source]], max(left[source] - len(chunk), 0)
                (server if source is client else client).sendall(chunk)
                if left[source] == 0:
                    self.fired += 1
                    if cut.stalls:
                        client.recv(1)
                        while client.recv(65536):
                            pass
                    return
                if not chunk:
                    return
