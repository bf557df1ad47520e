"""eventlet and gevent, which replace the sockets and threads of the standard library before or after the import."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.servers import answer

PATCHES = {"eventlet": "import eventlet; eventlet.monkey_patch()", "gevent": "import gevent.monkey as m; m.patch_all()"}
IMPORT = "from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http"
REQUESTS = """
http = OAuth1Http(timeout=5, oauth=OAuth1("client", "client-secret", "token", "token-secret"))
pool = HttpPool(http, size=2)
for request in (http.request, pool.request):
    for _ in range(2):
        assert request(URI)[1] == b"signed"
"""
SPAWN = {
    "eventlet": "threads = [eventlet.spawn(pool.request, URI) for _ in range(6)]; [each.wait() for each in threads]",
    "gevent": "import gevent; gevent.joinall([gevent.spawn(pool.request, URI) for _ in range(6)], raise_error=True)",
}


@pytest.mark.parametrize(
    ("library", "is_patched_first"),
    [
        ("eventlet", True),
        ("gevent", False),
        pytest.param("eventlet", False, marks=pytest.mark.slow),
        pytest.param("gevent", True, marks=pytest.mark.slow),
    ],
    ids=["eventlet-before", "gevent-after", "eventlet-after", "gevent-before"],
)
def test_requests_are_signed_if_patched_before_or_after_the_import(guarded, library, is_patched_first):
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    server = guarded(lambda _: answer("signed"))
    lines = [PATCHES[library], IMPORT] if is_patched_first else [IMPORT, PATCHES[library]]
    code = "\n".join([*lines, f"URI = {server.uri('/', '127.0.0.1')!r}", REQUESTS, SPAWN[library]])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=False, capture_output=True, text=True, timeout=50
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (len(server.received), server.guard.refused) == (10, [])
