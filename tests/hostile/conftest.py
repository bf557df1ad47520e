from collections import defaultdict

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http

from .faults import OAUTH, Acting, Proxy

# Of a matrix with more cases, so many are in every run of the tests, evenly spread. The others run nightly and on main.
USUAL_CASES = 12


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the further cases of large matrices as slow: they repeat a point with more examples."""
    matrices = defaultdict(list)
    for item in items:
        if item.nodeid.startswith("tests/hostile/") and not item.get_closest_marker("slow"):
            matrices[item.path, getattr(item, "originalname", item.name)].append(item)
    for cases in matrices.values():
        usual = {number * len(cases) // USUAL_CASES for number in range(USUAL_CASES)}
        if len(cases) > USUAL_CASES:
            for number, item in enumerate(cases):
                if number not in usual:
                    item.add_marker(pytest.mark.slow)


@pytest.fixture
def acting():
    return Acting()


@pytest.fixture(params=["plain", "tls"])
def server(request, serve, acting, tls):
    """A server that acts on signed requests, over plain sockets and over TLS."""
    return serve(acting, tls=tls if request.param == "tls" else None)


@pytest.fixture
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture
def client(ca_certs):
    """Create clients that the fixture closes: ``client(proxy=None, kind=OAuth1Http, oauth=..., timeout=...)``."""
    made = []

    def make(proxy=None, kind=OAuth1Http, oauth=OAUTH, timeout=10, **kwargs):
        proxy_info = proxy and httplib2.ProxyInfo(httplib2.socks.PROXY_TYPE_HTTP, "127.0.0.1", proxy.port)
        http = kind(timeout=timeout, proxy_info=proxy_info, ca_certs=ca_certs, **kwargs)
        http.oauth = oauth
        made.append(http)
        return http

    yield make
    for http in made:
        http.close()
