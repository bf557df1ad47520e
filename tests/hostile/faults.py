"""What can go wrong between a client and a server, done to real connections: a faulty server, and a faulty proxy.

The server acts on requests that the reference verifier finds valid and whose nonce it has not seen, as servers of OAuth
do, and remembers what it did, so that a test can hold what a client says against what happened.
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
# What else a server may say to a copy: RFC 5849 has a plain 401, and what stands before a server has words of its own.
OTHER_WORDS = {
    "problem": answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="nonce_used"'),
    "challenge": answer("", "401 Unauthorized", WWW_Authenticate='OAuth realm="x"'),
    **{str(status): answer("no", f"{status} No") for status in (400, 401, 403, 404, 409, 429, 500, 502, 503, 504)},
}


# -- what a server does with its answer


def whole(good):
    """Nothing goes wrong."""
    return good


def nothing(good):
    """The connection closes without an answer."""
    return


def reset(good):
    """The connection is reset without an answer."""
    return hang_up


def half_a_status_line(good):
    return lambda connection: connection.sendall(good[:11])


def half_a_head(good):
    """It has not said yet how long the answer is."""
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
    return lambda connection: connection.sendall(b"\x16\x03\x01 this is no HTTP at all\r\n\r\n")


def too_many_headers(good):
    return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n")


def no_gzip(good):
    return answer(b"this is not compressed", Content_Encoding="gzip")


def half_gzip(good):
    whole_answer = answer(gzip.compress(b"x" * 1000), Content_Encoding="gzip")
    return lambda connection: connection.sendall(whole_answer[:-10])


def closed_afterwards(good):
    """The next request meets a connection that has been closed."""
    return lambda connection: connection.sendall(good)


def reset_afterwards(good):
    """The next request meets a connection that has been reset."""

    def play(connection):
        connection.sendall(good)
        # The client has to have read it: what a reset overtakes is lost.
        connection.settimeout(0.2)
        with contextlib.suppress(OSError):
            connection.recv(1)
        hang_up(connection)

    return play


def one_more_answer(good):
    """What looks like the answer to the next request, and is to none."""
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
    """Nothing comes, for as long as the client waits."""
    return lambda connection: connection.recv(1)


def stall_within(good):
    def play(connection):
        connection.sendall(good[:-3])
        connection.recv(1)

    return play


# What leaves not even a whole head.
HEADLESS = [nothing, reset, half_a_status_line, half_a_head, no_end_of_the_head]
AFTER_ACTING = [
    *HEADLESS, half_a_body, half_a_body_then_reset, half_a_chunk, no_last_chunk, negative_chunk, impossible_length,
    garbage, too_many_headers, no_gzip, half_gzip,
]  # fmt: skip
AFTERWARDS = [closed_afterwards, reset_afterwards, one_more_answer_later, rubbish_later, one_more_answer, rubbish]
STALLS = [stall, stall_within]


class Acting:
    """A handler that acts on signed requests, and then does whatever goes wrong.

    The query of a request is its name. What comes twice with one nonce is refused.

    Attributes:
        acted: How often, by name.
        faults: For each name, what goes wrong with one transmission after the other; then nothing does.
        last_fault: What happened to the last answer.
        played: How many faults were played.
        refusal: What is answered to a nonce that is known.
        unheard: Names of which the first transmission is lost before the server acts.
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
    """Where a proxy cuts a connection.

    Attributes:
        up: After so many bytes from the client, or None.
        down: After so many bytes from the server, or None.
        is_reset: Whether both sides see a reset.
        stalls: Whether nothing more is passed on instead, and both sides are left waiting.
        refusal: What to answer to CONNECT instead of making a connection, or None.
    """

    up: int | None = None
    down: int | None = None
    is_reset: bool = False
    stalls: bool = False
    refusal: bytes | None = None


class Proxy(Listener):
    """A proxy that understands CONNECT, and cuts connections where a plan says so; it never looks into them.

    Attributes:
        plan: The cuts, for one connection after the other; None, and whatever comes later, is passed on whole.
        fired: How many connections were cut.
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
