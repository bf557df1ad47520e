"""Many threads and processes share an OAuth1: each nonce is used once, and shared state stays consistent."""

import json
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .. import reference
from ..servers import answer
from .faults import OAUTH, SECRETS
from .test_clock import Clock

ROOT = Path(__file__).parents[2]


def in_threads(count, work):
    """Call a function in several threads at the same time, and fail if one of them raises an error."""
    failures = []
    start = threading.Barrier(count)

    def run(number):
        start.wait()
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_that_have_an_http_each_sign_separately(serve):
    """Each of 16 threads sends to three servers whose clocks differ, and repeats requests that were refused."""
    servers = [serve(Clock(off)) for off in (0, 3600, -86400)]

    def work(number):
        http = OAuth1Http(timeout=20, oauth=OAUTH)
        for turn in range(20):
            server = servers[(number + turn) % 3]
            response, content = http.request(server.uri(f"/{number}?turn={turn}"), "POST" if turn % 2 else "GET")
            assert (response.status, content) == (200, b"ok")
        http.close()

    in_threads(16, work)
    nonces = []
    for server, off in zip(servers, (0, 3600, -86400), strict=True):
        assert all(reference.is_valid(received, SECRETS) for received in server.received)
        nonces += [reference.protocol_parameters(received)["oauth_nonce"] for received in server.received]
        # A server with a wrong clock refused the first request of each thread, and no other request.
        assert len(server.received) in (16 * 20 // 3, 16 * 20 // 3 + 1, 16 * 20 // 3 + 16, 16 * 20 // 3 + 17), off
    assert len(set(nonces)) == len(nonces)


def test_threads_that_use_a_new_oauth1_at_once_get_the_same_values():
    """An OAuth1 computes some values once, on first use."""
    for _ in range(50):
        oauth, found = OAuth1("client", SECRETS.client, "token", SECRETS.token), []

        def meet(_, oauth=oauth, found=found):
            signed = oauth.sign("http://x/?a=1", nonce="n", timestamp=1)
            found.append((oauth.fingerprint, signed.headers["Authorization"], hash(oauth)))

        in_threads(4, meet)
        assert len(set(found)) == 1


def test_users_in_threads_with_a_cache_and_a_mapping_are_never_mixed_up(serve):
    def handler(received):
        return answer(reference.protocol_parameters(received)["oauth_token"], Cache_Control="max-age=600")

    server, cache = serve(handler), {}

    class Shared:
        get, set, delete = cache.get, cache.__setitem__, lambda self, key: cache.pop(key, None)

    def work(number):
        user = OAuth1("client", SECRETS.client, f"user{number}", SECRETS.token)
        http = OAuth1Http(Shared(), timeout=20, oauth={"localhost": user})
        for turn in range(30):
            assert http.request(server.uri(f"/{turn % 5}"))[1] == f"user{number}".encode()
        http.close()

    in_threads(16, work)


# This program runs in a separate process, which has no other threads when it forks. Every process signs with an OAuth1
# and an Http from before the fork. Their connections lead nowhere, and all processes start at the same moment.
FORKS = """
    import json, multiprocessing, threading
    import httplib2
    from httplib2_oauthlib import OAuth1, OAuth1Http

    class Nowhere:
        sock, host, port, default_port = None, "x", None, 80
        sent = None

        def __init__(self, *args, **kwargs):
            self.sent = []

        def connect(self):
            pass

        def close(self):
            pass

        def set_debuglevel(self, level):
            pass

        def request(self, method, target, body, headers):
            sent = dict(part.split("=", 1) for part in headers["Authorization"].split(", "))
            self.sent.append((sent["OAuth oauth_nonce"], sent["oauth_timestamp"]))

        def getresponse(self):
            class Response(dict):
                status = 200
                read = staticmethod(lambda: b"")

            return Response(status="200")

    oauth = OAuth1("client", "secret", "token", "token secret")
    http = OAuth1Http(oauth=oauth)
    http.request("http://x/", connection_type=Nowhere)

    def send(mine, count):
        connection = Nowhere()
        mine.connections["http:x"] = connection
        for _ in range(count // 2):
            mine.request("http://x/?a=1")
            mine.request("http://x/?a=1", "POST")
        return connection.sent

    def work(start, queue, threads):
        start.wait()
        found = []
        others = [OAuth1Http(oauth=oauth) for _ in range(threads - 1)]
        workers = [
            threading.Thread(target=lambda mine=mine: found.extend(send(mine, {each}))) for mine in [http, *others]
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        queue.put(found)

    context = multiprocessing.get_context("fork")
    start, queue = context.Event(), context.Queue()
    processes = [context.Process(target=work, args=(start, queue, 4)) for _ in range(4)]
    for process in processes:
        process.start()
    start.set()
    nonces = send(http, {rest})
    for _ in processes:
        nonces += map(tuple, queue.get())
    for process in processes:
        process.join()
    print(json.dumps([len(nonces), len(set(nonces)), len({nonce for nonce, _ in nonces})]))
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_no_two_requests_from_threads_and_forks_share_a_nonce(count):
    # Four processes of four threads each send 80 % of the requests; the first process sends the rest.
    program = textwrap.dedent(FORKS).replace("{each}", str(count // 20)).replace("{rest}", str(count // 5))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [count] * 3


def test_a_copy_in_a_forked_process_opens_its_own_connections(serve):
    """Two processes with one connection would read each other's responses. A copy of an Http has no connections."""
    server = serve(lambda received: answer(received.target))
    program = """
        import copy, os, sys
        from httplib2_oauthlib import OAuth1, OAuth1Http
        http = OAuth1Http(timeout=20, oauth=OAuth1("client", "client secret", "token", "token secret"))
        assert http.request(sys.argv[1] + "before")[1] == b"/before"
        child = os.fork()
        mine, name = (copy.copy(http), "child") if child == 0 else (http, "parent")
        for number in range(50):
            content = mine.request(f"{sys.argv[1]}{name}{number}")[1]
            assert content == f"/{name}{number}".encode(), content
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), server.uri()],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=55,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(server.received) == 101
    assert all(reference.is_valid(received, SECRETS) for received in server.received)
