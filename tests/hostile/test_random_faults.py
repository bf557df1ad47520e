"""Many random faults, one after the other: no request acts twice, and no loss goes unreported."""

import random

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from . import faults
from .clients import ask, settle
from .faults import SAFE, UNSAFE, Cut
from .retrying_frameworks import FAILURES, FRAMEWORKS


def random_fault(luck, server, acting, proxy, client, name, kind):
    """Choose a fault for the next request; return the client that must send it, or None for any client."""
    what = luck.choice(["server", "server", "server", "server", "proxy", "proxy", "unheard", "none"])
    if what == "server":
        # A framework that retries at once sends its next request before a delayed fault occurs.
        choice = [*faults.AFTER_ACTING, *(each for each in faults.AFTERWARDS if not each.__name__.endswith("_later"))]
        acting.faults[name] = luck.choices(choice, k=luck.choice([1, 1, 1, 2, 3]))
    elif what == "unheard":
        acting.unheard.add(name)
    elif what == "proxy":
        # Cut within one request and its response, or within the TLS handshake before them.
        up, down = (450, 90) if server.scheme == "http" else (1200, 2600)
        side = luck.choice([{"up": luck.randrange(1, up)}, {"down": luck.randrange(1, down)}])
        proxy.plan = [Cut(**side, is_reset=luck.choice([True, False]))]
        return client(proxy, kind)
    return None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
@pytest.mark.parametrize("count", [50, pytest.param(200, marks=pytest.mark.slow)])
def test_random_faults_never_act_twice_and_are_always_reported(server, client, proxy, acting, keep_alive, count):
    """The four servers together have 200 faults, and 800 more where the slow tests run.

    Half of the faults occur under a framework's own retry.
    """
    server.keep_alive = keep_alive
    luck = random.Random(f"{server.scheme} {keep_alive} {count}")
    kinds = [OAuth1Http, *FRAMEWORKS]
    clients = {kind: client(kind=kind) for kind in kinds}
    number = 0
    outcomes = set()
    while acting.played + proxy.fired < count:
        number += 1
        name, method = f"n{number}", luck.choice(SAFE + UNSAFE)
        kind = luck.choice([*[OAuth1Http] * len(FRAMEWORKS), *FRAMEWORKS])
        proxied = random_fault(luck, server, acting, proxy, client, name, kind)
        http = proxied or clients[kind]
        try:
            response, content = ask(http, server, method, name)
        except ResponseLostError as error:
            outcome = f"lost {error.reason}"
            assert method in UNSAFE
            assert acting.acted[name] == 1 or error.reason == "other"
        except Exception as error:
            outcome = type(error).__name__
            assert isinstance(error, (*FAILURES, httplib2.FailedToDecompressContent))
            assert method in SAFE or acting.acted[name] == 0
            # The client recovers from a single fault, unless a whole response cannot be read or the proxy adds a fault.
            assert proxied or acting.arrived[name] > 1 or isinstance(error, httplib2.HttpLib2Error)
        else:
            outcome = "answered"
            assert response.status == 200
            assert content == (b"" if method == "HEAD" else f"done {name}".encode())
        if method in UNSAFE:
            assert acting.acted[name] <= 1, (kind, outcome)
        outcomes.add(outcome)
        if acting.last_fault in faults.AFTERWARDS:
            settle(getattr(http, "http", http))
    assert {"answered", "lost nonce", "lost other"} <= outcomes


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_random_faults_under_a_loop_around_request_never_act_twice(server, client, proxy, acting, count):
    """The loop repeats after every exception and every gateway error. What never arrived succeeds in the end."""
    luck = random.Random(f"{server.scheme} loop {count}")
    clients = {kind: client(kind=kind) for kind in [OAuth1Http, *FRAMEWORKS]}
    number, done, lost = 0, 0, 0
    while acting.played + proxy.fired < count:
        number += 1
        name, method, kind = f"n{number}", luck.choice(UNSAFE), luck.choice(list(clients))
        proxied = random_fault(luck, server, acting, proxy, client, name, kind)
        for attempt in range(5):
            # Another Http each time: the first may be behind the proxy, whose plan holds for one connection.
            http = proxied if attempt == 0 and proxied else luck.choice(list(clients.values()))
            try:
                content = ask(http, server, method, name)[1]
            except Exception as error:
                last = error
                if acting.last_fault in faults.AFTERWARDS:
                    settle(getattr(http, "http", http))
            else:
                assert content == f"done {name}".encode()
                done += 1
                break
        else:
            lost += 1
            assert acting.acted[name] == 1, last
            assert isinstance(last, ResponseLostError)
        assert acting.acted[name] == 1
        if acting.last_fault in faults.AFTERWARDS:
            settle(getattr(http, "http", http))
    assert done
    assert lost
