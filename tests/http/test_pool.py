"""HttpPool: what looks like one Http to many threads, and is one for each."""

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
    """A handler that holds every request back until so many are there.

    Attributes:
        most: How many there were at once.
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
        # What comes beyond the bound would come now.
        time.sleep(0.05)
        with self._changed:
            self._now -= 1
        return answer(received.target)


def test_32_threads_get_each_their_own_answers_signed(serve):
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=32)
    begin = threading.Barrier(32)

    def work(thread):
        begin.wait(10)
        return [pool.request(server.uri(f"/{thread}/{number}"))[1].decode() for number in range(20)]

    with ThreadPoolExecutor(32) as executor:
        answered = list(executor.map(work, range(32)))
    assert answered == [[f"/{thread}/{number}" for number in range(20)] for thread in range(32)]
    assert not server.handler.refused
    assert server.connections <= 32


def test_32_threads_share_no_more_than_its_size(serve):
    gate = Gate(4)
    server = serve(gate)
    pool = HttpPool(OAuth1Http(timeout=20, oauth=OAUTH), size=4)
    with ThreadPoolExecutor(32) as executor:
        answered = list(executor.map(lambda number: pool.request(server.uri(f"/{number}"))[1].decode(), range(32)))
    assert answered == [f"/{number}" for number in range(32)]
    assert (gate.most, server.connections) == (4, 4)


def test_one_thread_uses_one_connection(serve):
    server = serve()
    pool = HttpPool(OAuth1Http(timeout=10))
    for _ in range(5):
        pool.request(server.uri())
    assert server.connections == 1


def test_what_is_set_on_it_counts_for_all_from_the_next_request_on(serve):
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


def test_what_is_set_on_a_lent_one_ends_with_the_loan(serve):
    """What a borrower signs with is nobody else's."""
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    with pool.http() as http:
        http.oauth, http.timeout, http.tenant = OAUTH, 3, "x"
        http.request(server.uri())
    with pool.http() as again:
        assert (again.oauth, again.timeout, hasattr(again, "tenant")) == (None, 10, False)
        again.request(server.uri())
    assert (len(server.handler.seen), len(server.handler.refused), server.connections) == (1, 1, 1)
    # Who keeps it has no connection of the pool's.
    http.request(server.uri())
    assert server.connections == 2


def test_credentials_that_are_withdrawn_while_one_is_made_are_withdrawn(serve):
    server = serve(Guard(echo))
    copying, go = threading.Event(), threading.Event()

    class SlowToCopy(OAuth1Http):
        def __setstate__(self, state):
            super().__setstate__(state)
            copying.set()
            go.wait(10)

    pool = HttpPool(SlowToCopy(timeout=10, oauth=OAUTH), size=1)
    thread = threading.Thread(target=pool.request, args=(server.uri(),))
    thread.start()
    copying.wait(10)
    pool.oauth = None
    go.set()
    thread.join(10)
    pool.request(server.uri())
    assert len(server.handler.refused) == 1


def test_what_it_learned_of_one_server_it_forgets_when_passwords_are_cleared(serve):
    """Digest's counts are each Http's own, and end with the credentials."""
    server = serve(lambda r: answer() if "authorization" in r.headers else DENIED)
    pool = HttpPool(httplib2.Http(timeout=10), size=1)
    pool.add_credentials("user", "pw")
    for _ in range(3):
        pool.request(server.uri())
    # Asked for once.
    assert len(server.received) == 4
    pool.clear_credentials()
    assert pool.request(server.uri())[0].status == 401


DENIED = answer("", "401 Unauthorized", WWW_Authenticate='Digest realm="r", nonce="n", qop="auth"')


def test_an_entry_of_a_cache_of_files_is_not_read_while_it_is_written(serve, tmp_path):
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
        time.sleep(1)
        stop.set()
        assert {length for each in running for length in each.result(20)} == {size}


def test_blocks_that_end_in_another_thread_leave_every_place_free(serve):
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


def test_a_wrong_clock_is_learned_by_each(wiki):
    wiki.clock = lambda: time.time() + 5000
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAuth1(*wiki.owner_only("Alice"))), size=1)
    uri = f"{wiki.api_uri}?action=query&meta=userinfo&format=json"
    for _ in range(3):
        assert json.loads(pool.request(uri)[1])["query"]["userinfo"]["name"] == "Alice"
    assert [seen.user for seen in wiki.requests] == [None, "Alice", "Alice", "Alice"]


def test_passwords_that_are_added_to_it_answer_challenges(serve):
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


def test_one_that_failed_is_not_lent_with_an_answer_still_to_come(serve):
    answers = in_turn(answer("first"), answer("late"), answer("second"))
    go = threading.Event()

    def handler(received):
        given = answers(received)
        if given.endswith(b"late"):
            go.wait(10)
        return given

    server = serve(handler)
    pool = HttpPool(httplib2.Http(timeout=0.3), size=1)
    assert pool.request(server.uri())[1] == b"first"
    with pytest.raises(TimeoutError):
        pool.request(server.uri())
    go.set()
    assert pool.request(server.uri())[1] == b"second"
    assert server.connections == 2


def test_an_error_frees_its_place(serve):
    server = serve(lambda _: DROP)
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=1)
    for _ in range(3):
        with pytest.raises(Exception, match=r".+"):
            pool.request(server.uri(), "POST", b"x")


def test_a_function_that_says_who_signs_may_ask_by_the_same_pool(serve):
    server = serve(Guard(echo))
    keys = serve(lambda _: answer("token-secret"))

    def signer(uri):
        return (
            OAuth1("client", "client-secret", "token", pool.request(keys.uri())[1].decode()) if uri == wanted else None
        )

    pool = HttpPool(OAuth1Http(timeout=10, oauth=signer), size=1)
    wanted = server.uri("/x")
    for _ in range(3):
        pool.request(wanted)
    assert len(server.handler.seen) == 3
    # The second place is not kept.
    assert keys.connections == 3


def test_after_close_nothing_is_open_and_it_can_be_used_again(serve):
    server = serve()
    with HttpPool(OAuth1Http(timeout=10), size=2) as pool:
        with pool.http() as http:
            http.request(server.uri())
            pool.close()
            # What is in use goes on, and is closed when its time has come.
            http.request(server.uri())
            assert server.connections == 1
        assert not http.connections
        pool.request(server.uri())
        assert server.connections == 2
    pool.request(server.uri())
    assert server.connections == 3


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy, lambda pool: pickle.loads(pickle.dumps(pool))])
def test_a_copy_is_a_pool_of_its_own_with_the_same_configuration(serve, another):
    server = serve(Guard(echo))
    pool = HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=3)
    pool.request(server.uri())
    again = another(pool)
    again.request(server.uri())
    assert (again.timeout, server.connections, len(server.handler.seen)) == (10, 2, 2)
    again.oauth = None
    assert pool.oauth == OAUTH
    server.handler = gate = Gate(3)
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda _: again.request(server.uri()), range(8)))
    assert gate.most == 3


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_what_broke_off_a_loan_leaves_no_connection(serve, error):
    server = serve()
    pool = HttpPool(OAuth1Http(timeout=10), size=1)

    def broken_off():
        with pool.http() as http:
            http.request(server.uri())
            raise error

    for expected in (1, 2):
        with pytest.raises(error):
            broken_off()
        assert server.connections == expected


def test_closing_it_closes_what_is_idle_and_clears_passwords(serve):
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    pool.add_credentials("user", "pw")
    with pool.http() as http:
        http.request(serve().uri())
        (connection,) = http.connections.values()
    assert connection.sock is not None
    pool.close()
    assert connection.sock is None
    assert pool.credentials.credentials == []


def test_calls_within_calls_never_wait_for_each_other(serve):
    server = serve(echo)
    pool = HttpPool(OAuth1Http(timeout=10), size=1)
    with pool.http(), pool.http():
        pool.request(server.uri("/1"))
        pool.request(server.uri("/2"))
    with pool.http():
        pool.request(server.uri("/3"))
    assert len(server.received) == 3


class Copied(OAuth1Http):
    def __deepcopy__(self, memo):
        return copy.copy(self)


def test_a_deep_copy_is_a_pool_too_where_the_http_has_a_way_of_its_own():
    assert isinstance(copy.deepcopy(HttpPool(Copied())), HttpPool)


def test_what_was_set_on_it_can_be_deleted():
    pool = HttpPool(OAuth1Http())
    pool.tenant = "x"
    del pool.tenant
    pool.request = None
    del pool.request
    assert not hasattr(pool, "tenant")
    assert callable(pool.request)


def test_a_copy_has_no_replaced_request(serve):
    pool = HttpPool(OAuth1Http(timeout=10))
    pool.request = None
    copy.copy(pool).request(serve().uri())


@pytest.mark.parametrize("wrong", [None, OAUTH, OAuth1Http, "http", object(), HttpPool(OAuth1Http())])
def test_what_is_no_http_is_refused(wrong):
    with pytest.raises(TypeError, match="a pool needs an Http"):
        HttpPool(wrong)


def test_what_wraps_an_http_wraps_a_pool(serve):
    """Copies of google-auth-httplib2's would share the connections of what it wraps."""
    with pytest.raises(TypeError, match="let the wrapper wrap the pool"):
        HttpPool(AuthorizedHttp(AnonymousCredentials(), http=OAuth1Http(timeout=10)))
    server = serve(Guard(echo))
    http = AuthorizedHttp(AnonymousCredentials(), http=HttpPool(OAuth1Http(timeout=10, oauth=OAUTH), size=4))
    with ThreadPoolExecutor(16) as executor:
        answered = list(executor.map(lambda number: http.request(server.uri(f"/{number}"))[1].decode(), range(64)))
    assert answered == [f"/{number}" for number in range(64)]
    assert not server.handler.refused
    http.close()


def test_a_request_that_was_replaced_before_is_refused():
    http = OAuth1Http()
    http.request = http.request
    with pytest.raises(TypeError, match="create the pool first"):
        HttpPool(http)


@pytest.mark.parametrize("size", [0, -1])
def test_it_has_at_least_one_place(size):
    with pytest.raises(ValueError, match="size must be 1 or more"):
        HttpPool(OAuth1Http(), size=size)


def test_what_it_does_not_have_is_told_as_ever():
    pool = HttpPool(OAuth1Http())
    with pytest.raises(AttributeError, match="nonsense"):
        pool.nonsense  # noqa: B018


# -- asyncio


def test_asyncio_asks_for_many_at_once(serve):
    server = serve(Guard(echo))
    uris = [server.uri(f"/{number}") for number in range(100)]
    answered = asyncio.run(fetch_all(uris, OAUTH))
    assert [content.decode() for _, content in answered] == [f"/{number}" for number in range(100)]
    assert not server.handler.refused
    assert server.connections <= 8


def test_a_request_that_asyncio_no_longer_waits_for_harms_no_other(serve):
    """to_thread goes on after its task was cancelled; what it is answered goes to nobody else."""
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
        answered = [content.decode() for _, content in await asyncio.gather(*others)]
        go.set()
        return [*answered, (await asyncio.to_thread(pool.request, server.uri("/last")))[1].decode()]

    assert asyncio.run(main()) == [*(f"/{number}" for number in range(10)), "/last"]
    assert not server.handler.refused
    nonces = [reference.protocol_parameters(received)["oauth_nonce"] for received in server.received]
    assert len(set(nonces)) == len(server.received) == 12
