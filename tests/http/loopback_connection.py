"""A connection class that connects to a test server for any host in the URI."""

import socket

import httplib2


class LoopbackConnection(httplib2.HTTPConnectionWithTimeout):
    """A connection to ``server_port`` on loopback. Every host resolves to that server."""

    server_port = 0

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.server_port))
