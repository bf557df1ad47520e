"""A connection that leads every host to a server of the tests."""

import httplib2


class Elsewhere(httplib2.HTTPConnectionWithTimeout):
    """Connects every host to the test's server, as a resolver would."""

    port_to_use = 0

    def connect(self):
        import socket

        self.sock = socket.create_connection(("127.0.0.1", self.port_to_use))
