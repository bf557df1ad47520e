"""A connection class that connects to a test server, whatever the host of the URI is."""

import socket

import httplib2


class LoopbackConnection(httplib2.HTTPConnectionWithTimeout):
    """A connection to ``server_port`` on loopback under the name of any host, as if DNS led there."""

    server_port = 0

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.server_port))
