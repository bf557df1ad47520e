"""How the tests use a client: send a request, and wait for an idle connection to change."""

import select

from .faults import FORM


def ask(http, server, method, name="one"):
    body = "a=1" if method in ("POST", "PUT", "PATCH") else None
    return http.request(server.uri(f"/?{name}"), method, body, FORM if body else {})


def named(fault):
    return fault.__name__


def settle(http):
    """Wait until what a server did to an idle connection has arrived: the client may be idle for hours."""
    open_ones = [connection.sock for connection in http.connections.values() if connection.sock is not None]
    return open_ones and select.select(open_ones, [], [], 0.5)[0]
