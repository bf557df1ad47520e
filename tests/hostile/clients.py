"""The steps that the tests take with a client: send a request, and wait until an idle connection has changed."""

import select

import pytest

from .faults import FORM


def ask(http, server, method, name="one"):
    """Send a request with that name, and with a form if the method has a body."""
    body = "a=1" if method in ("POST", "PUT", "PATCH") else None
    return http.request(server.uri(f"/?{name}"), method, body, FORM if body else {})


def slow_except(usual, values):
    """Return the values as test parameters. Those not in ``usual`` repeat the point, so they are marked slow."""
    return [value if value in usual else pytest.param(value, marks=pytest.mark.slow) for value in values]


# Most faults are the same on a connection that the server closes after each response.
KEEP_ALIVE = [pytest.param(True, id="keep-alive"), pytest.param(False, id="close", marks=pytest.mark.slow)]


def named(fault):
    """Return the id of a test parameter that has a name."""
    return fault.__name__


def settle(http):
    """Wait until the client's side of an idle connection has received what the server did to it.

    In practice a client is idle for hours, so a test must not send its next request before that.
    """
    open_ones = [connection.sock for connection in http.connections.values() if connection.sock is not None]
    return open_ones and select.select(open_ones, [], [], 0.5)[0]
