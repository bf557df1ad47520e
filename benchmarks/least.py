"""A sketch of the least that a GET can take. A GET of the package takes longer because it keeps all other promises."""

import contextvars
import http.client
import select
from typing import Any

import httplib2

from httplib2_oauthlib import OAuth1

_CALL: contextvars.ContextVar[Any] = contextvars.ContextVar("call", default=None)


class _WholeResponse(http.client.HTTPResponse):
    """A response whose head came whole."""

    def begin(self) -> None:
        """Read the head."""
        file: Any = self.fp
        start = file.peek()
        if start[8:10] not in (b" 2", b" 3", b" 4", b" 5") or b"\r\n\r\n" not in start:
            raise http.client.RemoteDisconnected("the head did not come whole")
        super().begin()


class LeastHttp(httplib2.Http):
    """An Http that notes the call, and checks that its connection is not stale and that a response's head is whole.

    It keeps no other promise. A redirect is signed for any host, a request is sent again after a lost response, and a
    refusal is not noticed.

    Args:
        oauth: Signs every request; None signs nothing.
    """

    def __init__(self, oauth: OAuth1 | None = None) -> None:
        super().__init__()
        self._oauth = oauth

    def request(self, uri: str, *args: Any, **kwargs: Any) -> Any:
        """Make a request."""
        token = _CALL.set((self, uri))
        try:
            return super().request(uri, *args, **kwargs)
        finally:
            _CALL.reset(token)

    def _conn_request(self, conn: Any, target: str, method: str, body: Any, headers: Any) -> Any:
        if _CALL.get() is None:
            raise RuntimeError("this request belongs to no call")
        conn.response_class = _WholeResponse
        if conn.sock is not None:
            poll = select.poll()
            poll.register(conn.sock, select.POLLIN)
            if poll.poll(0):
                conn.close()
        if self._oauth is not None:
            headers = self._oauth.sign(f"http://{conn.host}:{conn.port}{target}", method, body, headers).headers
        return super()._conn_request(conn, target, method, body, headers)  # type: ignore[misc]
