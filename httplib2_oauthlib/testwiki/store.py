"""What the embedded wiki remembers, in memory: users, consumers, tokens, nonces, pages. No HTTP, no signatures."""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

# Namespaces by number, as MediaWiki names them on a new English wiki called TestWiki.
NAMESPACES = {
    -2: "Media",
    -1: "Special",
    0: "",
    1: "Talk",
    2: "User",
    3: "User talk",
    4: "TestWiki",
    5: "TestWiki talk",
    6: "File",
    7: "File talk",
    8: "MediaWiki",
    9: "MediaWiki talk",
    10: "Template",
    11: "Template talk",
    12: "Help",
    13: "Help talk",
    14: "Category",
    15: "Category talk",
}
_NAMESPACE_NUMBERS = {name.lower(): number for number, name in NAMESPACES.items() if name} | {"project": 4}

# Rights by group, of a new wiki (MediaWiki 1.39).
_ANONYMOUS_RIGHTS = (
    "createaccount read edit createpage createtalk writeapi viewmywatchlist editmywatchlist viewmyprivateinfo"
    " editmyprivateinfo editmyoptions"
).split()
_USER_RIGHTS = (
    "move move-subpages move-rootuserpages move-categorypages movefile upload reupload reupload-shared minoredit"
    " editmyusercss editmyuserjson editmyuserjs editmyuserjsredirect purge applychangetags changetags"
    " editcontentmodel mwoauthproposeconsumer mwoauthupdateownconsumer mwoauthmanagemygrants autoconfirmed"
    " editsemiprotected"
).split()
_SYSOP_RIGHTS = "block delete undelete protect rollback import suppressredirect apihighlimits noratelimit".split()
_BOT_RIGHTS = "bot apihighlimits noratelimit nominornewtalk".split()

# Rights by grant, as far as the embedded wiki has the rights (MediaWiki 1.39, $wgGrantPermissions).
GRANTS = {
    "basic": ["autoconfirmed", "editsemiprotected", "nominornewtalk", "purge", "read", "writeapi"],
    "highvolume": ["bot", "apihighlimits", "noratelimit"],
    "editpage": ["edit", "minoredit", "applychangetags", "changetags", "editcontentmodel"],
    "createeditmovepage": ["edit", "createpage", "createtalk", "move", "move-rootuserpages", "move-subpages",
                           "move-categorypages", "minoredit", "applychangetags", "changetags", "suppressredirect",
                           "editcontentmodel"],
    "uploadfile": ["upload", "reupload-own"],
    "delete": ["delete", "undelete", "edit"],
    "privateinfo": ["viewmyprivateinfo"],
    # Extension:OAuth's own: to say who the user is, and nothing else.
    "mwoauth-authonly": [],
    "mwoauth-authonlyprivate": [],
}  # fmt: skip
DEFAULT_GRANTS = ("basic", "highvolume", "editpage", "createeditmovepage", "uploadfile")

# Extension:OAuth keeps a nonce this long after its timestamp, and request tokens this long, in seconds.
NONCE_LIFETIME = 300
REQUEST_TOKEN_LIFETIME = 600

#: What everybody logs in with who was not given another password.
PASSWORD = "test wiki"

#: The csrf token of everybody who is not signed in.
ANONYMOUS_TOKEN = "+\\"

_LONGEST_TITLE = 255  # bytes
_MOST_SESSIONS = 10_000
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
    real_name: str = ""
    is_blocked: bool = False

    def rights(self) -> list[str]:
        """Return the rights of all its groups."""
        by_group = {"*": _ANONYMOUS_RIGHTS, "user": _USER_RIGHTS, "sysop": _SYSOP_RIGHTS, "bot": _BOT_RIGHTS}
        return list(dict.fromkeys(right for group in self.groups for right in by_group.get(group, ())))


@dataclass(frozen=True)
class Consumer:
    """A registered application.

    Attributes:
        callback: Where browsers are sent; None for the page of the wiki that shows the verifier.
        callback_is_prefix: Whether a callback may be asked for that begins with it; else only ``oob``.
        owner: The only user of an owner-only consumer.
        grants: What it asks its users for.
        is_approved: Whether an administrator has approved it, and not disabled it since.
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


@dataclass(frozen=True)
class AccessToken:
    """What a user has granted to a consumer."""

    key: str
    secret: str = field(repr=False)
    consumer: str
    user: str
    grants: tuple[str, ...] = DEFAULT_GRANTS
    id: int = 0


@dataclass
class RequestToken:
    """A request for a grant, under way. ``callback`` is None when the browser has been sent there."""

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
    """One version of a page. ``timestamp`` is Unix seconds, UTC."""

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
    title: "Title"
    revisions: list[Revision]


@dataclass(frozen=True)
class Title:
    """A page title in MediaWiki's normal form."""

    namespace: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "Title | None":
        """Normalize a title; None if it is none."""
        text = re.sub(r"[ _]+", " ", text).strip(" ")
        prefix, colon, rest = text.partition(":")
        number = _NAMESPACE_NUMBERS.get(prefix.strip().lower()) if colon else None
        namespace, name = (0, text) if number is None else (number, rest.strip(" "))
        name = name.lstrip(":").strip()
        if not name or re.search(r"[\[\]{}|#<>\x00-\x1f\x7f\ufffd]", name) or len(name.encode()) > _LONGEST_TITLE:
            return None
        return cls(namespace, name[0].upper() + name[1:])

    def __str__(self) -> str:
        prefix = NAMESPACES[self.namespace]
        return f"{prefix}:{self.text}" if prefix else self.text


def normal_name(name: str) -> str:
    """Return a user's name as MediaWiki writes it."""
    name = name.replace("_", " ").strip()
    return name[:1].upper() + name[1:]


class Store:
    """Everything the wiki knows. All methods may be called from many threads.

    Args:
        clock: Returns the wiki's time in Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.consumers: dict[str, Consumer] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.request_tokens: dict[str, RequestToken] = {}
        self.pages: dict[Title, Page] = {}
        self.files: dict[str, bytes] = {}
        self._sessions: dict[str, str | None] = {}
        self._nonces: dict[tuple[str, str, str], float] = {}
        self._next_sweep = 1000
        self._revisions = 0
        self._secret = secrets.token_bytes(32)
        for name in ("Admin", "MediaWiki default"):
            self.user(name)
        self.users["Admin"].groups += ("sysop",)
        self.save(Title(0, "Main Page"), _MAIN_PAGE, self.users["MediaWiki default"])

    def user(self, name: str) -> User:
        """Return the account of this name, made if there is none."""
        name = normal_name(name)
        with self.lock:
            if name not in self.users:
                self.users[name] = User(len(self.users) + 1, name, registered=self.clock())
            return self.users[name]

    def edit_count(self, user: User) -> int:
        """Count the revisions of a user."""
        with self.lock:
            return sum(revision.user == user.name for page in self.pages.values() for revision in page.revisions)

    def use_nonce(self, consumer: str, token: str, nonce: str, timestamp: float) -> bool:
        """Use up a nonce; False if it was used up before."""
        now, key = self.clock(), (consumer, token, nonce)
        with self.lock:
            # Looked through now and then only, so that a request costs the same however many there were.
            if len(self._nonces) > self._next_sweep:
                self._nonces = {key: expiry for key, expiry in self._nonces.items() if expiry >= now}
                self._next_sweep = 2 * len(self._nonces) + 1000
            if self._nonces.get(key, now - 1) >= now:
                return False
            self._nonces[key] = timestamp + NONCE_LIFETIME
            return True

    def new_request_token(self, consumer: Consumer, callback: str) -> RequestToken:
        """Begin a request for a grant."""
        expires = self.clock() + REQUEST_TOKEN_LIFETIME
        token = RequestToken(secrets.token_hex(16), secrets.token_hex(16), consumer.key, callback, expires)
        with self.lock:
            for key, old in list(self.request_tokens.items()):
                if old.expires >= self.clock() - REQUEST_TOKEN_LIFETIME:
                    break  # In the order of their making: the rest is younger.
                del self.request_tokens[key]
            self.request_tokens[token.key] = token
        return token

    def granted(self, consumer: Consumer, user: User) -> AccessToken | None:
        """Return what a user has granted to a consumer, if anything."""
        with self.lock:
            tokens = self.access_tokens.values()
            return next((t for t in tokens if (t.consumer, t.user) == (consumer.key, user.name)), None)

    def grant(self, consumer: Consumer, user: User) -> AccessToken:
        """Return what a user has granted to a consumer, granted now if it was not; all that it asks for."""
        with self.lock:
            token = self.granted(consumer, user)
            if token is None:
                number = 1 + max((token.id for token in self.access_tokens.values()), default=0)
                key, secret = secrets.token_hex(16), secrets.token_hex(20)
                token = AccessToken(key, secret, consumer.key, user.name, id=number)
            token = replace(token, grants=consumer.grants)
            self.access_tokens[token.key] = token
            return token

    def begin_session(self, user: User | None) -> str:
        """Begin the session of a browser; return the value of its cookie."""
        session = secrets.token_hex(16)
        with self.lock:
            self._sessions[session] = user.name if user else None
            while len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        return session

    def end_session(self, session: str) -> None:
        """Forget a session."""
        with self.lock:
            self._sessions.pop(session, None)

    def session_user(self, session: str) -> User | None:
        """Return who is logged in with a browser, if anybody."""
        with self.lock:
            name = self._sessions.get(session)
            return self.users[name] if name else None

    def has_session(self, session: str) -> bool:
        """Whether a cookie is one that :meth:`begin_session` gave."""
        return session in self._sessions

    def save(
        self, title: Title, text: str, user: User, comment: str = "", minor: bool = False, tags: Iterable[str] = ()
    ) -> tuple[Page, Revision | None]:
        """Save a page; the revision is None if the text was that already."""
        # MediaWiki's pre-save transform: no trailing white space, line ends of one kind.
        text = text.replace("\r\n", "\n").rstrip()
        with self.lock:
            page = self.pages.get(title)
            if page is not None and page.revisions[-1].text == text:
                return page, None
            self._revisions += 1
            parent = page.revisions[-1].id if page else 0
            revision = Revision(
                self._revisions, parent, user.name, user.id, self.clock(), comment, text, minor, tuple(tags)
            )
            if page is None:
                page = self.pages[title] = Page(1 + max((p.id for p in self.pages.values()), default=0), title, [])
            page.revisions.append(revision)
            return page, revision

    def token(self, session: str, salt: str, at: float | None = None) -> str:
        """Return a csrf token (or another, by its salt) of a session: 32 hex digits, its time in hex, and two signs."""
        stamp = f"{int(self.clock() if at is None else at):08x}"
        digest = hmac.new(self._secret, f"{session}|{salt}|{stamp}".encode(), hashlib.md5).hexdigest()
        return f"{digest}{stamp}+\\"

    def token_is_good(self, session: str, salt: str, token: str) -> bool:
        """Whether :meth:`token` gave this one to this session."""
        match = re.fullmatch(r"[0-9a-f]{32}([0-9a-f]{8,})\+\\", token)
        return match is not None and hmac.compare_digest(token, self.token(session, salt, int(match[1], 16)))


def iso_time(timestamp: float) -> str:
    """Write Unix seconds as MediaWiki's API does."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
