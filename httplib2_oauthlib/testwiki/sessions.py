"""The browsers' sessions, and the tokens that protect their forms and the API's writes from forgery."""

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Callable

_MAX_SESSIONS = 10_000


class Sessions:
    """The browsers' sessions by the value of their cookie. All methods are thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._user_names: dict[str, str | None] = {}
        self._token_key = secrets.token_bytes(32)

    def begin(self, user_name: str | None) -> str:
        """Begin a session and return the value of its cookie; ``user_name`` None means an anonymous session."""
        session = secrets.token_hex(16)
        with self._lock:
            self._user_names[session] = user_name
            while len(self._user_names) > _MAX_SESSIONS:
                del self._user_names[next(iter(self._user_names))]
        return session

    def end(self, session: str) -> None:
        """End a session."""
        with self._lock:
            self._user_names.pop(session, None)

    def user_name(self, session: str) -> str | None:
        """Return the name of the user who is logged in, or None."""
        with self._lock:
            return self._user_names.get(session)

    def exists(self, session: str) -> bool:
        """Return whether a cookie's value came from :meth:`begin` and its session has not ended."""
        return session in self._user_names

    def csrf_token(self, session: str, salt: str) -> str:
        """Return a token of a session, as MediaWiki's ``Session::getToken`` does.

        ``salt`` is the token's purpose, such as ``login``. An empty str makes the API's csrf token.
        """
        return self._csrf_token_at(session, salt, int(self._clock()))

    def csrf_token_is_valid(self, session: str, salt: str, token: str) -> bool:
        """Return whether :meth:`csrf_token` returned this token for this session and this purpose."""
        match = re.fullmatch(r"[0-9a-f]{32}([0-9a-f]{8,})\+\\", token)
        return match is not None and hmac.compare_digest(token, self._csrf_token_at(session, salt, int(match[1], 16)))

    def _csrf_token_at(self, session: str, salt: str, seconds: int) -> str:
        r"""Return the token of a time in Unix seconds: 32 hex digits, the time in 8 hex digits, and ``+\``."""
        stamp = f"{seconds:08x}"
        digest = hmac.new(self._token_key, f"{session}|{salt}|{stamp}".encode(), hashlib.md5).hexdigest()
        return f"{digest}{stamp}+\\"
