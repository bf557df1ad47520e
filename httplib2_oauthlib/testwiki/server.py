"""The embedded wiki's public class: it runs the server, registers consumers and acts for users."""

import os
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cheroot.server import HTTPConnection
from cheroot.wsgi import Server

from .authorization import authorize
from .rights import DEFAULT_GRANTS, GRANTS
from .routes import SeenRequest, Site
from .store import PASSWORD, Consumer, Store, User
from .versions import DEFAULT_VERSION, version_named


class OwnerOnly(NamedTuple):
    """The four values of an owner-only consumer, with the names and in the order of ``OAuth1``'s arguments."""

    client_key: str
    client_secret: str
    resource_owner_key: str
    resource_owner_secret: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_key={self.client_key!r}, ...)"


class _Server(Server):
    """cheroot's server, which can start again at once at the same port."""

    @classmethod
    def prepare_socket(cls, *args: Any, **kwargs: Any) -> socket.socket:
        prepared: socket.socket = super().prepare_socket(*args, **kwargs)
        if os.name == "posix":
            # Connections from before the restart may still be closing, and would keep the port occupied.
            prepared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return prepared

    def process_conn(self, conn: HTTPConnection) -> None:
        """Give a connection with a request to a thread. If all are busy, start more threads.

        A new connection occupies a thread until its first request, and browsers open connections before they use them.
        Idle connections occupy none.
        """
        # One to spare: a thread that has just taken a connection from the queue still counts as idle.
        if self.requests.idle <= self.requests.qsize + 1:
            # Several at once, because cheroot may wait a tenth of a second for them.
            self.requests.grow(12)
        super().process_conn(conn)

    def prepare(self) -> None:
        """Bind the socket and start the worker threads, as daemon threads.

        Python waits for every other thread at exit, so a program that forgets to stop the wiki would hang. cheroot has
        no argument for this. A thread inherits it from the thread that starts it.
        """
        errors: list[BaseException] = []

        def run() -> None:
            try:
                Server.prepare(self)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run, name="testwiki-start", daemon=True)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]


class TestWiki:
    """A MediaWiki look-alike on loopback, for tests and for trying things out.

    It verifies OAuth signatures with code that this package does not sign with, and as MediaWiki does, including its
    deviations from RFC 5849. It has enough of api.php, rest.php and Special:OAuth for a bot to log in, to edit and to
    read the edit back. All data is in memory and is lost when the process ends::

        with TestWiki() as wiki:
            oauth = OAuth1(*wiki.owner_only("Alice"))

    Args:
        host: The address to listen on. The wiki is for tests only. Keep it on an address that other machines can't
            reach.
        port: The port, or 0 for any free port.
        server: The wiki's own scheme and authority, which requests must be signed for. None means
            ``http://host:port``. Set it if a proxy or TLS is in front of the wiki.
        clock: Returns the wiki's time in Unix seconds. You can replace it while the wiki runs.
        version: The MediaWiki version to imitate: ``1.39``, ``1.43`` or ``1.45``.

    Raises:
        ValueError: The version is another one.

    Attributes:
        lag: The wiki's database lag in seconds, for ``maxlag``.
        requests: The last thousand requests, each a :class:`SeenRequest`.
    """

    __test__ = False  # The class's name begins with Test, and pytest would collect it as a test case.

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        server: str | None = None,
        clock: Callable[[], float] = time.time,
        version: str = DEFAULT_VERSION,
    ) -> None:
        self.clock = clock
        self.lag = 0.0
        self.requests: deque[SeenRequest] = deque(maxlen=1000)
        # The attribute clock can be replaced at any time.
        self.store = Store(lambda: self.clock(), version_named(version))  # noqa: PLW0108
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
        """The wiki's scheme and authority, without a slash at the end."""
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
        """The URI of index.php, which the handshake needs."""
        return f"{self.server}/index.php"

    @property
    def rest_uri(self) -> str:
        """The URI of rest.php, without a slash at the end."""
        return f"{self.server}/rest.php"

    def start(self) -> None:
        """Start the server. It responds to requests when this method returns."""
        if self._http is not None:
            return
        http = _Server(self._address, None, numthreads=4, max=64)
        http.timeout = 5  # Seconds to wait for data on a connection.
        http.expiration_interval = 0.01  # Seconds between two checks whether to stop.
        http.shutdown_timeout = 0.2  # Seconds to wait for requests that are being processed.
        http.prepare()
        self._address = (self._address[0], http.bind_addr[1])
        self.store.server = self.server
        http.wsgi_app = Site(self.store, lambda: self.lag, self.requests.append)
        self._http = http
        self._thread = threading.Thread(target=http.serve, name="testwiki", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the server. The data stays, and the next start uses the same port."""
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
        ip_ranges: Iterable[str] = (),
    ) -> Consumer:
        """Register a consumer that is approved at once.

        Args:
            name: The name that users see.
            key: The consumer's key. None generates one. Give it to imitate a consumer that exists elsewhere.
            secret: The consumer's secret. None generates one.
            callback: The URI to which browsers are redirected after a user allows access. Port 1 in it allows any
                port. None means the wiki's own page, which shows the verifier.
            callback_is_prefix: Whether the consumer may ask for any callback that begins with ``callback``. If not,
                it may only ask for ``oob``.
            grants: The grants that the consumer asks its users for, from ``httplib2_oauthlib.testwiki.rights.GRANTS``.
            rsa_public_key: The public key in PEM format, for a consumer that signs with RSA-SHA1.
            owner: The only user of an owner-only consumer.
            is_approved: Whether users may use the consumer.
            ip_ranges: The IP addresses that its requests may come from, such as ``10.0.0.0/8``. None means all.

        Returns:
            The consumer. Pass its ``key`` and ``secret`` to ``OAuth1``.

        Raises:
            ValueError: A grant does not exist.
        """
        grants = tuple(grants)
        unknown = [grant for grant in grants if grant not in GRANTS]
        if unknown:
            raise ValueError(f"no such grant: {', '.join(unknown)}. Choose from: {', '.join(GRANTS)}")
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
            ip_ranges=tuple(ip_ranges),
        )
        self.store.consumers[consumer.key] = consumer
        return consumer

    def owner_only(
        self, user: str, *, grants: Iterable[str] = DEFAULT_GRANTS, rsa_public_key: str | None = None
    ) -> OwnerOnly:
        """Register an owner-only consumer for a user. Create the account if it does not exist.

        Args:
            user: The account's name.
            grants: The grants that the consumer has, from ``httplib2_oauthlib.testwiki.rights.GRANTS``.
            rsa_public_key: The public key in PEM format, for a consumer that signs with RSA-SHA1.

        Returns:
            The consumer's four values, for ``OAuth1(*wiki.owner_only("Alice"))``.
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
        email_is_confirmed: bool = True,
        real_name: str = "",
        is_blocked: bool = False,
        block_reason: str = "",
    ) -> User:
        """Create an account, or change an existing one.

        Most tests do not need it: the other methods create each account that they name.

        Args:
            name: The account's name. Its first letter becomes a capital.
            password: The password for the login page. By default it is ``PASSWORD``, the same for all accounts.
            email: The email address. The wiki reveals it only to consumers with the grant ``privateinfo`` or
                ``mwoauth-authonlyprivate``.
            email_is_confirmed: Whether the user has confirmed the address.
            real_name: The real name, which the wiki reveals to the same consumers.
            is_blocked: Whether the account is blocked from editing, from now on.
            block_reason: Why it is blocked.
        """
        user = self.store.user(name)
        user.password, user.real_name = password, real_name
        user.is_blocked, user.blocked_at, user.block_reason = is_blocked, self.store.clock(), block_reason
        user.email, user.email_is_confirmed = email, email_is_confirmed
        return user

    def authorize(self, request_token: str, user: str) -> str:
        """Allow a request as a user does at Special:OAuth/authorize.

        Args:
            request_token: The key of the request token.
            user: The name of the user who allows the request.

        Returns:
            The URI to which the wiki redirects the user's browser: the callback with ``oauth_verifier`` and
            ``oauth_token``, or the page that shows the verifier if the consumer has no callback.

        Raises:
            KeyError: The request token never existed.
            OAuthRefusal: The request token was used, has expired, or was allowed before.
        """
        token = self.store.request_tokens[request_token]
        consumer = self.store.consumers[token.consumer]
        return authorize(self.store, consumer, request_token, self.store.user(user))

    def revoke(self, access_token: str) -> None:
        """Revoke access as a user does at Special:OAuthManageMyGrants.

        Args:
            access_token: The key of the access token.

        Raises:
            KeyError: The access token does not exist.
        """
        with self.store.lock:
            del self.store.access_tokens[access_token]
