import json
import threading

import pytest

from httplib2_oauthlib import OAuth1
from tests import reference
from tests.servers import DROP, answer

SECRETS = reference.Secrets("client-secret", "token-secret")


class Guard:
    """A handler that passes on validly signed requests with a new nonce, and refuses every other request.

    Attributes:
        seen: The requests that the inner handler received.
        refused: The requests that the guard refused.
    """

    def __init__(self, handler):
        self.handler = handler
        self.seen = []
        self.refused = []
        self._nonces = set()
        self._lock = threading.Lock()

    def __call__(self, received):
        parameters = reference.protocol_parameters(received)
        nonce = parameters.get("oauth_nonce")
        with self._lock:
            is_fresh = nonce not in self._nonces
            self._nonces.add(nonce)
        keys = (parameters.get("oauth_consumer_key"), parameters.get("oauth_token"))
        if not (parameters and keys == ("client", "token") and is_fresh and reference.is_valid(received, SECRETS)):
            self.refused.append(received)
            return answer("Not signed, or not well", "401 Unauthorized", WWW_Authenticate='OAuth realm="test"')
        self.seen.append(received)
        return self.handler(received)


@pytest.fixture
def oauth():
    return OAuth1("client", "client-secret", "token", "token-secret")


@pytest.fixture
def guarded(serve):
    """Start servers whose handler is behind a :class:`Guard`, which is their attribute ``guard``."""

    def start(handler=lambda _: answer(), **kwargs):
        guard = Guard(handler)
        server = serve(guard, **kwargs)
        server.guard = guard
        return server

    return start


def in_json(content, status="200 OK", **headers):
    return answer(json.dumps(content), status, Content_Type="application/json", **headers)


__all__ = ["DROP", "Guard", "in_json"]
