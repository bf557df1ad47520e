"""The embedded wiki as a thing to start and stop: sockets (cheroot's), consumers, users who allow."""

import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cheroot.wsgi import Server

from .authorization import Authorization
from .routes import SeenRequest, Site
from .store import DEFAULT_GRANTS, GRANTS, PASSWORD, Consumer, Store, User


class OwnerOnly(NamedTuple):
    """The four values of an owner-only consumer, named and ordered as ``OAuth1`` takes them."""

    client_key: str
    client_secret: str
    resource_owner_key: str
    resource_owner_secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_key={self.client_key!r}, ...)"


class _Server(Server):
    @classmethod
    def prepare_socket(cls, *args: Any, **kwargs: Any) -> socket.socket:
        prepared: socket.socket = super().prepare_socket(*args, **kwargs)
        if os.name == "posix":
            # To start again at the same port, where connections of before are still on their way out.
            prepared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return prepared


class TestWiki:
    """A MediaWiki look-alike on loopback, for tests and for trying things out.

    It verifies OAuth with code of its own, with MediaWiki's quirks, and knows enough of api.php, rest.php and
    Special:OAuth for a bot to log in, edit and confirm. Everything is in memory and gone when it stops::

        with TestWiki() as wiki:
            oauth = OAuth1(*wiki.owner_only("Alice"))

    Args:
        host: The address to listen on. The wiki is for tests; let only this machine reach it.
        port: The port, or 0 for a free one.
        server: Scheme and authority by which the wiki calls itself and expects requests to be signed; None means
            ``http://host:port``. Give it when a proxy or TLS stands before the wiki.
        clock: Returns the wiki's time in Unix seconds. May be replaced while the wiki runs.

    Attributes:
        lag: The seconds that its database lags, for ``maxlag``.
        requests: The last thousand requests, as :class:`SeenRequest`.
    """

    __test__ = False  # Keeps pytest from taking the class for a test case by its name.

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        server: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.lag = 0.0
        self.requests: deque[SeenRequest] = deque(maxlen=1000)
        self.store = Store(lambda: self.clock())  # noqa: PLW0108 (the clock may be replaced)
        self._address = (host, port)
        self._server_name = server
        self._http: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "TestWiki":
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def server(self) -> str:
        """Scheme and authority by which the wiki calls itself, without a slash at the end."""
        if self._server_name is not None:
            return self._server_name.rstrip("/")
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def api_uri(self) -> str:
        """The URI of api.php."""
        return f"{self.server}/api.php"

    @property
    def index_uri(self) -> str:
        """The URI of index.php, as the handshake takes it."""
        return f"{self.server}/index.php"

    @property
    def rest_uri(self) -> str:
        """The URI of rest.php, without a slash at the end."""
        return f"{self.server}/rest.php"

    def start(self) -> None:
        """Begin to listen; returns when requests are answered."""
        if self._http is not None:
            return
        # A thread serves a request, not a connection, so that idle connections cost none; one on which nothing was sent
        # yet does, and browsers open such.
        http = _Server(self._address, None, numthreads=64)
        http.timeout = 5  # Seconds that a connection may say nothing.
        http.expiration_interval = 0.05  # Seconds between two looks at whether to stop.
        http.shutdown_timeout = 0.2  # Seconds that a request under way has to end.
        http.prepare()
        self._address = (self._address[0], http.bind_addr[1])
        http.wsgi_app = Site(self.store, self.server, lambda: self.lag, self.requests.append).app()
        self._http = http
        self._thread = threading.Thread(target=http.serve, name="testwiki", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening. What the wiki knows stays, for the next start at the same port."""
        if self._http is None or self._thread is None:
            return
        self._http.stop()
        self._thread.join()
        self._http = self._thread = None

    def register(
        self,
        name: str = "An application",
        *,
        key: str | None = None,
        secret: str | None = None,
        callback: str | None = None,
        callback_is_prefix: bool = True,
        grants: Iterable[str] = DEFAULT_GRANTS,
        rsa_public_key: str | None = None,
        owner: str | None = None,
        is_approved: bool = True,
    ) -> Consumer:
        """Register a consumer, approved at once.

        Args:
            name: What its users are shown.
            key: Given only to play a known consumer; else made here.
            secret: Likewise.
            callback: Where browsers are sent after a yes; port 1 in it stands for any. None for the wiki's own page,
                which shows the verifier.
            callback_is_prefix: Whether it may ask for callbacks that begin with ``callback``, or for ``oob`` only.
            grants: What it may do for its users; see ``store.GRANTS``.
            rsa_public_key: PEM text, for a consumer that signs with RSA-SHA1.
            owner: The only user of an owner-only consumer.
            is_approved: Whether anybody may use it.

        Raises:
            ValueError: A grant is not known.

        Returns:
            The consumer; its ``key`` and ``secret`` go into an ``OAuth1``.
        """
        grants = tuple(grants)
        unknown = [grant for grant in grants if grant not in GRANTS]
        if unknown:
            raise ValueError(f"no such grant: {', '.join(unknown)}; there are {', '.join(GRANTS)}")
        consumer = Consumer(
            key or secrets.token_hex(16),
            secret or secrets.token_hex(20),
            id=len(self.store.consumers) + 1,
            name=name,
            callback=callback,
            owner=owner,
            grants=grants,
            rsa_public_key=rsa_public_key,
            callback_is_prefix=callback_is_prefix,
            is_approved=is_approved,
        )
        self.store.consumers[consumer.key] = consumer
        return consumer

    def owner_only(
        self, user: str, *, grants: Iterable[str] = DEFAULT_GRANTS, rsa_public_key: str | None = None
    ) -> OwnerOnly:
        """Register an owner-only consumer for a user, who is made if there is none.

        Args:
            user: The account's name.
            grants: What the consumer may do; see ``store.GRANTS``.
            rsa_public_key: PEM text, for a consumer that signs with RSA-SHA1.

        Returns:
            Its four values: ``OAuth1(*wiki.owner_only("Alice"))``.
        """
        owner = self.store.user(user)
        consumer = self.register(f"{owner.name}'s bot", grants=grants, rsa_public_key=rsa_public_key, owner=owner.name)
        token = self.store.grant(consumer, owner)
        return OwnerOnly(consumer.key, consumer.secret, token.key, token.secret)

    def account(
        self,
        name: str,
        *,
        password: str = PASSWORD,
        email: str = "",
        real_name: str = "",
        is_blocked: bool = False,
    ) -> User:
        """Make an account, or change one. Every account that is named anywhere is made when it is not there.

        Args:
            name: Its first letter is made a capital.
            password: For the login page. By default that of all accounts, ``store.PASSWORD``.
            email: Confirmed, if there is one. Told only to consumers with the grant ``privateinfo`` or
                ``mwoauth-authonlyprivate``.
            real_name: Likewise.
            is_blocked: Whether it may not edit.
        """
        user = self.store.user(name)
        user.password, user.email, user.real_name, user.is_blocked = password, email, real_name, is_blocked
        return user

    def authorize(self, request_token: str, user: str) -> str:
        """Do what a user does who allows a request at Special:OAuth/authorize.

        Args:
            request_token: The key of the request token.
            user: Who allows it.

        Returns:
            Where the user's browser is sent: the callback with ``oauth_verifier`` and ``oauth_token``; for a
            consumer without a callback the page that shows the verifier.

        Raises:
            KeyError: There never was such a request.
            OAuthRefusal: It was used, it has expired, or it was allowed before.
        """
        token = self.store.request_tokens[request_token]
        consumer = self.store.consumers[token.consumer]
        return Authorization(self.store, self.server).authorize(consumer, request_token, self.store.user(user))

    def revoke(self, access_token: str) -> None:
        """Do what a user does who revokes access at Special:OAuthManageMyGrants.

        Args:
            access_token: The key of the access token.

        Raises:
            KeyError: There is no such token.
        """
        with self.store.lock:
            del self.store.access_tokens[access_token]
