"""HttpPool: many threads share one pool, and no two use the same Http at the same time."""

import asyncio
import copy
import json
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import httplib2
import pytest
from google.auth.credentials import AnonymousCredentials
from google_auth_httplib2 import AuthorizedHttp

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http

from .. import reference
from ..frameworks.conftest import Guard
from ..frameworks.recipes.asyncio_pool import fetch_all
from ..servers import DROP, answer, in_turn

OAUTH = OAuth1("client", "client-secret", "token", "token-secret")


def echo(received):
    return answer(received.target)


class Gate:
    """A handler that delays every response until ``expected`` requests run at the same time.

    Attributes:
        most: The largest number of requests at the same time.
    """

    def __init__(self, expected):
        self.most = self._now = 0
        self._expected = expected
        self._changed = threading.Condition()

    def __call__(self, received):
        with self._changed:
            self._now += 1
            self.most = max(self.most, self._now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._expected, timeout=10)
        # A request beyond the pool's size would arrive now.
        time.sleep(0.05)
        with self._changed:
            self._now -= 1
        return answer(received.target)


def test_each_of_32_threads_receives_its_own_responses(serve):
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=32)
    start = threading.Barrier(32)

    def work(thread):
        start.wait(10)
        return [pool.request(server.uri(f"/{thread}/{number}"))[1].decode() for number in range(20)]

    with ThreadPoolExecutor(32) as executor:
        contents = list(executor.map(work, range(32)))
    assert contents == [[f"/{thread}/{number}" for number in range(20)] for thread in range(32)]
    assert not server.handler.refused
    assert server.connections <= 32


def test_pool_of_size_4_sends_no_more_than_4_requests_at_a_time(serve):
    gate = Gate(4)
    server = serve(gate)
    pool = HttpPool(OAuth1Http(timeout=20, oauth=OAUTH), size=4)
    with ThreadPoolExecutor(32) as executor:
        contents = list(executor.map(lambda number: pool.request(server.uri(f"/{number}"))[1].decode(), range(32)))
    assert contents == [f"/{number}" for number in range(32)]
    assert (gate.most, server.connections) == (4, 4)


def test_requests_of_one_thread_use_one_connection(serve):
    server = serve()
    pool = HttpPool(OAuth1Http(timeout=10))
    for _ in range(5):
        pool.request(server.uri())
    assert server.connections == 1


def test_attribute_set_on_the_pool_applies_to_every_later_request(serve):
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10), size=2)
    with pool.http() as one, pool.http() as other:
        one.request(server.uri())
        other.request(server.uri())
    assert len(server.handler.refused) == 2
    pool.oauth = OAUTH
    pool.follow_redirects = False
    with pool.http() as one, pool.http() as other:
        for http in (one, other):
            assert (http.oauth, http.follow_redirects) == (OAUTH, False)
            http.request(server.uri())
    assert len(server.handler.seen) == 2
    pool.oauth = None
    pool.request(server.uri())
    assert (pool.oauth, len(server.handler.refused)) == (None, 3)


def test_attribute_set_on_a_borrowed_http_is_reset_when_it_is_returned(serve):
    """Requests of other borrowers are not signed with these credentials."""
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    with pool.http() as http:
        http.oauth, http.timeout, http.tenant = OAUTH, 3, "x"
        http.request(server.uri())
    with pool.http() as again:
        assert (again.oauth, again.timeout, hasattr(again, "tenant")) == (None, 10, False)
        again.request(server.uri())
    assert (len(server.handler.seen), len(server.handler.refused), server.connections) == (1, 1, 1)
    # An Http that was kept after the block has no connection of the pool.
    http.request(server.uri())
    assert server.connections == 2


def test_credentials_removed_while_an_http_is_copied_are_not_used(serve):
    server = serve(Guard(echo))
    copying, go = threading.Event(), threading.Event()

    class SlowCopy(OAuth1Http):
        def __setstate__(self, state):
            super().__setstate__(state)
            copying.set()
            go.wait(10)

    pool = HttpPool(SlowCopy(timeout=10, oauth=OAUTH), size=1)
    thread = threading.Thread(target=pool.request, args=(server.uri(),))
    thread.start()
    copying.wait(10)
    pool.oauth = None
    go.set()
    thread.join(10)
    pool.request(server.uri())
    assert len(server.handler.refused) == 1


def test_clearing_passwords_clears_digest_state_as_well(serve):
    """Each Http counts its digest requests. The count ends with the credentials."""
    server = serve(lambda r: answer() if "authorization" in r.headers else CHALLENGE)
    pool = HttpPool(httplib2.Http(timeout=10), size=1)
    pool.add_credentials("user", "pw")
    for _ in range(3):
        pool.request(server.uri())
    # The server sent one challenge.
    assert len(server.received) == 4
    pool.clear_credentials()
    assert pool.request(server.uri())[0].status == 401


CHALLENGE = answer("", "401 Unauthorized", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth"')


def test_file_cache_entry_is_never_read_half_written(serve, tmp_path):
    size = 300_000
    fresh = {"Cache_Control": "max-age=60", "Date": formatdate(usegmt=True)}
    server = serve(lambda _: answer("x" * size, **fresh))
    pool = HttpPool(OAuth1Http(str(tmp_path), timeout=20, oauth=OAUTH), size=8)
    stop = threading.Event()

    def work(number):
        found = set()
        while not stop.is_set():
            _, content = pool.request(server.uri(), headers={"cache-control": "max-age=0"} if number % 2 else {})
            found.add(len(content))
        return found

    with ThreadPoolExecutor(8) as executor:
        running = [executor.submit(work, number) for number in range(8)]
        time.sleep(0.5)
        stop.set()
        assert {length for each in running for length in each.result(20)} == {size}


def test_block_that_ends_in_another_thread_returns_its_http(serve):
    server = serve()
    pool = HttpPool(OAuth1Http(timeout=10), size=2)
    for _ in range(4):
        block = pool.http()
        block.__enter__().request(server.uri())
        thread = threading.Thread(target=block.__exit__, args=(None, None, None))
        thread.start()
        thread.join(10)
    gate = Gate(2)
    server.handler = gate
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda _: pool.request(server.uri()), range(8)))
    assert gate.most == 2


def test_wrong_clock_costs_the_pool_one_extra_request(wiki):
    wiki.clock = lambda: time.time() + 5000
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAuth1(*wiki.owner_only("Alice"))), size=1)
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json"
    for _ in range(3):
        assert json.loads(pool.request(uri)[1])["query"]["userinfo"]["name"] == "Alice"
    assert [seen.user for seen in wiki.requests] == [None, "Alice", "Alice", "Alice"]


def test_passwords_added_to_the_pool_answer_challenges(serve):
    def handler(received):
        if received.headers.get("authorization") == "Basic dXNlcjpwdw==":
            return answer()
        return answer("", "401 Unauthorized", WWW_Authenticate='Basic realm="r"')

    server = serve(handler)
    pool = HttpPool(httplib2.Http(timeout=10), size=2)
    pool.add_credentials("user", "pw")
    with pool.http() as one, pool.http() as other:
        assert one.request(server.uri())[0].status == other.request(server.uri())[0].status == 200
    pool.clear_credentials()
    with pool.http() as one, pool.http() as other:
        assert one.request(server.uri())[0].status == other.request(server.uri())[0].status == 401


def test_connection_whose_response_timed_out_is_not_used_again(serve):
    responses = in_turn(answer("first"), answer("late"), answer("second"))
    go = threading.Event()

    def handler(received):
        response = responses(received)
        if response.endswith(b"late"):
            go.wait(10)
        return response

    server = serve(handler)
    pool = HttpPool(httplib2.Http(timeout=0.3), size=1)
    assert pool.request(server.uri())[1] == b"first"
    with pytest.raises(TimeoutError):
        pool.request(server.uri())
    go.set()
    assert pool.request(server.uri())[1] == b"second"
    assert server.connections == 2


def test_http_is_returned_to_the_pool_after_an_error(serve):
    server = serve(lambda _: DROP)
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=1)
    for _ in range(3):
        with pytest.raises(Exception, match=r".+"):
            pool.request(server.uri(), "POST", b"x")


def test_function_that_selects_credentials_can_use_the_same_pool(serve):
    server = serve(Guard(echo))
    keys = serve(lambda _: answer("token-secret"))

    def select(uri):
        return (
            OAuth1("client", "client-secret", "token", pool.request(keys.uri())[1].decode()) if uri == wanted else None
        )

    pool = HttpPool(OAuth1Http(timeout=10, oauth=select), size=1)
    wanted = server.uri("/x")
    for _ in range(3):
        pool.request(wanted)
    assert len(server.handler.seen) == 3
    # The pool closes the Http beyond its size after each of these requests.
    assert keys.connections == 3


def test_closed_pool_has_no_open_connection_and_can_be_used_again(serve):
    server = serve()
    with HttpPool(OAuth1Http(timeout=10), size=2) as pool:
        with pool.http() as http:
            http.request(server.uri())
            pool.close()
            # A borrowed Http keeps its connection, which is closed at the end of its block.
            http.request(server.uri())
            assert server.connections == 1
        assert not http.connections
        pool.request(server.uri())
        assert server.connections == 2
    pool.request(server.uri())
    assert server.connections == 3


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda pool: pickle.loads(pickle.dumps(pool))])
def test_copy_is_a_separate_pool_with_the_same_configuration(serve, duplicate):
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=3)
    pool.request(server.uri())
    twin = duplicate(pool)
    twin.request(server.uri())
    assert (twin.timeout, server.connections, len(server.handler.seen)) == (10, 2, 2)
    twin.oauth = None
    assert pool.oauth == OAUTH
    server.handler = gate = Gate(3)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda _: twin.request(server.uri()), range(8)))
    assert gate.most == 3


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_exception_in_a_block_closes_the_connection(serve, error):
    server = serve()
    pool = HttpPool(OAuth1Http(timeout=10), size=1)

    def fail_in_a_block():
        with pool.http() as http:
            http.request(server.uri())
            raise error

    for expected in (1, 2):
        with pytest.raises(error):
            fail_in_a_block()
        assert server.connections == expected


def test_close_closes_idle_connections_and_clears_the_passwords(serve):
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    pool.add_credentials("user", "pw")
    with pool.http() as http:
        http.request(serve().uri())
        (connection,) = http.connections.values()
    assert connection.sock is not None
    pool.close()
    assert connection.sock is None
    assert pool.credentials.credentials == []


def test_nested_blocks_and_requests_never_wait_for_each_other(serve):
    server = serve(echo)
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    with pool.http(), pool.http():
        pool.request(server.uri("/1"))
        pool.request(server.uri("/2"))
    with pool.http():
        pool.request(server.uri("/3"))
    assert len(server.received) == 3


class DefinesDeepcopy(OAuth1Http):
    def __deepcopy__(self, memo):
        return copy.copy(self)


def test_deep_copy_is_a_pool_even_if_the_http_defines_deepcopy():
    assert isinstance(copy.deepcopy(HttpPool(DefinesDeepcopy())), HttpPool)


def test_attributes_set_on_the_pool_can_be_deleted():
    pool = HttpPool(OAuth1Http())
    pool.tenant = "x"
    del pool.tenant
    pool.request = None
    del pool.request
    assert not hasattr(pool, "tenant")
    assert callable(pool.request)


def test_copy_does_not_keep_a_replaced_request(serve):
    pool = HttpPool(OAuth1Http(timeout=10))
    pool.request = None
    copy.copy(pool).request(serve().uri())


@pytest.mark.parametrize("wrong", [None, OAUTH, OAuth1Http, "http", object(), HttpPool(OAuth1Http())])
def test_argument_that_is_not_an_http_raises_type_error(wrong):
    with pytest.raises(TypeError, match="a pool needs an Http"):
        HttpPool(wrong)


def test_wrapper_around_an_http_is_rejected_and_can_wrap_the_pool(serve):
    """Copies of google-auth-httplib2's AuthorizedHttp would share the connections of the Http that it wraps."""
    with pytest.raises(TypeError, match="let the wrapper wrap the pool"):
        HttpPool(AuthorizedHttp(AnonymousCredentials(), http=OAuth1Http(timeout=10)))
    server = serve(Guard(echo))
    http = AuthorizedHttp(AnonymousCredentials(), http=HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=4))
    with ThreadPoolExecutor(16) as executor:
        contents = list(executor.map(lambda number: http.request(server.uri(f"/{number}"))[1].decode(), range(64)))
    assert contents == [f"/{number}" for number in range(64)]
    assert not server.handler.refused
    http.close()


def test_http_with_a_replaced_request_raises_type_error():
    http = OAuth1Http()
    http.request = http.request
    with pytest.raises(TypeError, match="create the pool first"):
        HttpPool(http)


@pytest.mark.parametrize("size", [0, -1])
def test_size_below_one_raises_value_error(size):
    with pytest.raises(ValueError, match="size must be 1 or more"):
        HttpPool(OAuth1Http(), size=size)


def test_unknown_attribute_raises_attribute_error():
    pool = HttpPool(OAuth1Http())
    with pytest.raises(AttributeError, match="nonsense"):
        pool.nonsense  # noqa: B018


# asyncio


def test_asyncio_sends_100_requests_through_one_pool(serve):
    server = serve(Guard(echo))
    uris = [server.uri(f"/{number}") for number in range(100)]
    contents = asyncio.run(fetch_all(uris, OAUTH))
    assert [content.decode() for _, content in contents] == [f"/{number}" for number in range(100)]
    assert not server.handler.refused
    assert server.connections <= 8


def test_cancelled_asyncio_task_does_not_affect_other_requests(serve):
    """The thread of to_thread() continues after its task was cancelled. No other task receives its response."""
    reached, go = threading.Event(), threading.Event()

    def handler(received):
        if received.target == "/slow":
            reached.set()
            go.wait(10)
        return echo(received)

    server = serve(Guard(handler))

    async def main():
        pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=2)
        slow = asyncio.create_task(asyncio.to_thread(pool.request, server.uri("/slow"), "POST", b"x"))
        await asyncio.to_thread(reached.wait, 10)
        slow.cancel()
        others = [asyncio.to_thread(pool.request, server.uri(f"/{number}")) for number in range(10)]
        contents = [content.decode() for _, content in await asyncio.gather(*others)]
        go.set()
        return [*contents, (await asyncio.to_thread(pool.request, server.uri("/last")))[1].decode()]

    assert asyncio.run(main()) == [*(f"/{number}" for number in range(10)), "/last"]
    assert not server.handler.refused
    nonces = [reference.protocol_parameters(received)["oauth_nonce"] for received in server.received]
    assert len(set(nonces)) == len(server.received) == 12
