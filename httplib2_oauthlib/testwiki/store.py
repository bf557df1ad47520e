"""What the embedded wiki holds, in memory: users, consumers, tokens, pages, files.

It knows neither HTTP nor signatures.
"""

import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .nonces import UsedNonces
from .rights import DEFAULT_GRANTS, rights_of_groups
from .sessions import Sessions
from .titles import Title, normalize_user_name
from .versions import DEFAULT_VERSION, VERSIONS, Version

#: Extension:OAuth keeps a request token for this many seconds.
REQUEST_TOKEN_LIFETIME = 600

#: The password of every account that was not given another one.
PASSWORD = "test wiki"

_MAIN_PAGE = "<strong>MediaWiki has been installed.</strong>\n\nThis is the embedded wiki of httplib2-oauthlib."


@dataclass
class User:
    """An account."""

    id: int
    name: str
    groups: tuple[str, ...] = ("*", "user", "autoconfirmed")
    registered: float = 0.0
    password: str = field(default=PASSWORD, repr=False)
    email: str = ""
    email_is_confirmed: bool = True
    real_name: str = ""
    is_blocked: bool = False
    blocked_at: float = 0.0
    block_reason: str = ""


@dataclass(frozen=True)
class Consumer:
    """A registered application. The arguments of ``TestWiki.register`` are its attributes.

    ``owner`` is the name of the only user of an owner-only consumer.
    """

    key: str
    secret: str = field(repr=False)
    id: int = 0
    name: str = "An application"
    callback: str | None = None
    owner: str | None = None
    grants: tuple[str, ...] = DEFAULT_GRANTS
    rsa_public_key: str | None = field(default=None, repr=False)
    callback_is_prefix: bool = True
    is_approved: bool = True
    ip_ranges: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccessToken:
    """A consumer's access to a user's account, with the grants that the user has allowed."""

    key: str
    secret: str = field(repr=False)
    consumer: str
    user: str
    grants: tuple[str, ...] = DEFAULT_GRANTS
    id: int = 0


@dataclass
class RequestToken:
    """A consumer's request for access to an account.

    Attributes:
        consumer: The consumer's key.
        callback: The URI to send the browser to, or None once the browser was sent there.
        expires: When the token expires, in Unix seconds.
        verifier: The verifier, once a user has allowed the request.
        access: The access token, once a user has allowed the request.
        used: Whether the consumer has fetched the access token.
    """

    key: str
    secret: str = field(repr=False)
    consumer: str
    callback: str | None
    expires: float
    verifier: str | None = field(default=None, repr=False)
    access: AccessToken | None = None
    used: bool = False


@dataclass(frozen=True)
class Revision:
    """One version of a page. ``timestamp`` is in Unix seconds, UTC."""

    id: int
    parent: int
    user: str
    user_id: int
    timestamp: float
    comment: str
    text: str
    minor: bool
    tags: tuple[str, ...] = ()


@dataclass
class Page:
    """A page with all its revisions, oldest first."""

    id: int
    title: Title
    revisions: list[Revision]

    @property
    def latest(self) -> Revision:
        """The newest revision."""
        return self.revisions[-1]


class Store:
    """Everything that the wiki holds. All methods are thread-safe.

    It has thirteen attributes, and not fewer, because the tables below are one database: ``lock`` guards them together,
    as a transaction would.

    Args:
        clock: Returns the wiki's time in Unix seconds.
        version: The MediaWiki version to imitate.

    Attributes:
        server: The wiki's scheme and authority.
    """

    def __init__(self, clock: Callable[[], float], version: Version = VERSIONS[DEFAULT_VERSION]) -> None:
        self.clock = clock
        self.version = version
        self.server = ""
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.consumers: dict[str, Consumer] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.request_tokens: dict[str, RequestToken] = {}
        self.pages: dict[Title, Page] = {}
        self.files: dict[str, bytes] = {}
        self.uploads: dict[str, dict[str, Any]] = {}
        self.sessions = Sessions(clock)
        self.nonces = UsedNonces()
        self.newest_revision_id = 0
        for name in ("Admin", "MediaWiki default"):
            self.user(name)
        self.users["Admin"].groups += ("sysop",)
        self.save(Title(0, "Main Page"), _MAIN_PAGE, self.users["MediaWiki default"])

    @property
    def host(self) -> str:
        """The wiki's host name."""
        return self.server.partition("://")[2].partition(":")[0]

    def user(self, name: str) -> User:
        """Return the account of this name. Create it if it does not exist."""
        name = normalize_user_name(name)
        with self.lock:
            if name not in self.users:
                self.users[name] = User(len(self.users) + 1, name, registered=self.clock())
            return self.users[name]

    def rights(self, user: User | None) -> list[str]:
        """Return the rights of all of a user's groups; ``user`` None means an anonymous caller."""
        return rights_of_groups(user.groups if user else ("*",), self.version)

    def session_user(self, session: str) -> User | None:
        """Return the user who is logged in in a browser's session, or None."""
        name = self.sessions.user_name(session)
        return self.users[name] if name else None

    def edit_count(self, user: User) -> int:
        """Count the revisions of a user."""
        with self.lock:
            return sum(revision.user == user.name for page in self.pages.values() for revision in page.revisions)

    def page(self, title: Title | None) -> Page | None:
        """Return the page of this title, or None if it does not exist."""
        return None if title is None else self.pages.get(title)

    def new_request_token(self, consumer: Consumer, callback: str) -> RequestToken:
        """Create a request token, and remove those that expired long ago."""
        expires = self.clock() + REQUEST_TOKEN_LIFETIME
        token = RequestToken(secrets.token_hex(16), secrets.token_hex(16), consumer.key, callback, expires)
        with self.lock:
            for key, old in list(self.request_tokens.items()):
                if old.expires >= self.clock() - REQUEST_TOKEN_LIFETIME:
                    break  # The dict is in the order of creation, so all that follow are newer.
                del self.request_tokens[key]
            self.request_tokens[token.key] = token
        return token

    def access_token_of(self, consumer: Consumer, user: User) -> AccessToken | None:
        """Return the access token that a user has granted to a consumer, or None."""
        with self.lock:
            tokens = self.access_tokens.values()
            return next((t for t in tokens if (t.consumer, t.user) == (consumer.key, user.name)), None)

    def grant(self, consumer: Consumer, user: User) -> AccessToken:
        """Grant a consumer all that it asks for, and return its access token.

        If the user has granted the consumer access before, the access token keeps its key and gets the new grants.
        """
        with self.lock:
            token = self.access_token_of(consumer, user)
            if token is None:
                number = 1 + max((token.id for token in self.access_tokens.values()), default=0)
                key, secret = secrets.token_hex(16), secrets.token_hex(20)
                token = AccessToken(key, secret, consumer.key, user.name, id=number)
            token = replace(token, grants=consumer.grants)
            self.access_tokens[token.key] = token
            return token

    def save(
        self, title: Title, text: str, user: User, comment: str = "", minor: bool = False, tags: Iterable[str] = ()
    ) -> tuple[Page, Revision | None]:
        """Save a page. Return it with its new revision, or with None if the text did not change."""
        # MediaWiki's pre-save transform: no trailing white space, and line ends of one kind. All its input is NFC.
        text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").rstrip()
        with self.lock:
            page = self.pages.get(title)
            if page is not None and page.latest.text == text:
                return page, None
            self.newest_revision_id += 1
            parent = page.latest.id if page else 0
            revision = Revision(
                self.newest_revision_id, parent, user.name, user.id, self.clock(), comment, text, minor, tuple(tags)
            )
            if page is None:
                page = self.pages[title] = Page(1 + max((p.id for p in self.pages.values()), default=0), title, [])
            page.revisions.append(revision)
            return page, revision


def iso_time(timestamp: float) -> str:
    """Return Unix seconds as MediaWiki's API writes them, such as ``2024-05-17T12:00:00Z``."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_time(timestamp: float) -> str:
    """Return Unix seconds as MediaWiki's messages write them, such as ``12:00, 17 May 2024``."""
    time = datetime.fromtimestamp(timestamp, UTC)
    return f"{time:%H:%M}, {time.day} {time:%B %Y}"
