"""Interrupts at any moment: the requests that follow are signed, sent and answered as if there had been none."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from httplib2_oauthlib import HttpPool, OAuth1Http

from .. import reference
from ..servers import answer
from .faults import FORM, OAUTH, SECRETS
from .interrupts import AtALine, AtAMoment

pytestmark = [
    # The timers of pytest-timeout and of these tests would replace each other, so pytest-timeout uses a thread.
    pytest.mark.timeout(550, method="thread"),
    # An interrupt within http.client's or socket's own __init__ leaves an object whose __del__ fails.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# Eight tests have this parameter: 400 interrupts, and 10,000 with the slow tests.
INTERRUPTS = [50, pytest.param(1200, marks=pytest.mark.slow)]
KINDS = [pytest.param(AtAMoment, id="signal"), pytest.param(AtALine, id="line")]


def describe(received):
    """Answer with what arrived, and whether it was signed."""
    is_signed = "oauth_signature" in received.headers.get("authorization", "")
    is_valid = is_signed and reference.is_valid(received, SECRETS)
    return answer(f"{received.method} {received.target} {len(received.body)} {'signed' if is_valid else 'unsigned'}")


@pytest.fixture
def servers(serve):
    """Two servers. The first one redirects some requests to the second one."""
    other = serve(describe)

    def handler(received):
        if "redirect" in received.target:
            return answer("", "307 Temporary Redirect", Location=other.uri(received.target.replace("redirect", "led")))
        return describe(received)

    return serve(handler), other


def request(http, uri, method):
    """Send a request with a body if the method has one."""
    body = "a=1" if method == "POST" else None
    return http.request(uri, method, body, FORM if body else {})[1].decode()


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize("interrupts", KINDS)
@pytest.mark.parametrize("count", INTERRUPTS)
def test_request_after_an_interrupt_is_exactly_itself(servers, client, count, interrupts, oauth):
    luck = random.Random(f"{count} {interrupts} {oauth is None}")
    interrupt, http = interrupts(luck), client(oauth=oauth)
    word = "unsigned" if oauth is None else "signed"
    interrupted = number = 0
    while interrupted < count:
        number += 1
        method, kind = luck.choice(["GET", "POST", "DELETE"]), luck.choice(["plain", "plain", "redirect"])
        uri = servers[0].uri(f"/{kind}/{number}")
        interrupted += interrupt(lambda uri=uri, method=method: request(http, uri, method))
        # A call that had not ended would make a redirect of this one, and not sign it for another host.
        for server in luck.sample(servers, 2):
            method = luck.choice(["GET", "POST", "DELETE"])
            content = request(http, server.uri(f"/next/{number}"), method)
            assert content == f"{method} /next/{number} {3 * (method == 'POST')} {word}"


class Together:
    """A handler that answers only when two requests are under way at once."""

    def __init__(self):
        self.barrier = threading.Barrier(2)

    def __call__(self, received):
        if "together" in received.target:
            self.barrier.wait(30)
        return describe(received)


def in_a_block(pool, uri):
    with pool.http() as http:
        http.request(uri)


def in_nested_blocks(pool, uri):
    with pool.http():
        pool.request(uri)


def in_an_empty_block(pool, uri):
    with pool.http():
        pass


@pytest.mark.parametrize("interrupts", KINDS)
@pytest.mark.parametrize("count", INTERRUPTS)
def test_pool_has_all_its_places_after_interrupts(serve, count, interrupts):
    server = serve(Together())
    luck = random.Random(f"{count} {interrupts}")
    interrupt = interrupts(luck)
    pool = HttpPool(OAuth1Http(timeout=40, oauth=OAUTH), size=2)
    work = [lambda pool, uri: pool.request(uri), in_a_block, in_nested_blocks, in_an_empty_block]
    interrupted = number = 0
    with ThreadPoolExecutor(4) as executor:
        while interrupted < count:
            number += 1
            uri, each = server.uri(f"/{number}"), luck.choice(work)
            interrupted += interrupt(lambda uri=uri, each=each: each(pool, uri))
            if number % 10 == 0 or interrupted == count:
                targets = [f"/together/{number}/{place}" for place in range(2)]
                running = [executor.submit(pool.request, server.uri(target)) for target in targets]
                for target, response in zip(targets, running, strict=True):
                    assert response.result(50)[1].decode() == f"GET {target} 0 signed"
                assert pool.request(server.uri("/alone"))[1] == b"GET /alone 0 signed"
    pool.close()


@pytest.mark.parametrize("interrupts", KINDS)
@pytest.mark.parametrize("count", INTERRUPTS)
def test_pool_never_lends_more_than_its_size_after_interrupts(serve, count, interrupts):
    """A pool of one: the second thread waits until the first one has ended its block."""
    server = serve(describe)
    luck = random.Random(f"{count} {interrupts}")
    interrupt = interrupts(luck)
    pool = HttpPool(OAuth1Http(timeout=40, oauth=OAUTH), size=1)
    work = [lambda pool, uri: pool.request(uri), in_a_block, in_nested_blocks, in_an_empty_block]
    interrupted = number = 0
    lent, most = [], 0

    def borrow():
        nonlocal most
        with pool.http():
            lent.append(None)
            most = max(most, len(lent))
            threading.Event().wait(0.002)
            lent.pop()

    with ThreadPoolExecutor(2) as executor:
        while interrupted < count:
            number += 1
            each = luck.choice(work)
            interrupted += interrupt(lambda each=each: each(pool, server.uri("/")))
            if number % 10 == 0 or interrupted == count:
                for borrowed in [executor.submit(borrow) for _ in range(2)]:
                    borrowed.result(50)
    assert most == 1
    pool.close()
