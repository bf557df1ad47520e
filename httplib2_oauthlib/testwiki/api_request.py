"""What a module of api.php gets and returns: the request, its caller, the result, and the error."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .store import Store, User

#: The result of api.php, in the shape of formatversion 2.
ApiResult = dict[str, Any]

# The parameters that api.php accepts with every module.
_MAIN_PARAMETERS = (
    "action format formatversion maxlag smaxage maxage assert assertuser requestid servedby curtimestamp origin"
    " uselang errorformat errorlang errorsuselocal utf8 ascii callback"
).split()


@dataclass(frozen=True)
class Caller:
    """The user or the IP address that makes a request, with the rights that the request has.

    Attributes:
        user: The account, or None for an anonymous caller.
        name: The account's name, or the IP address.
        rights: The account's rights, without those that were not granted to the consumer.
        session: The session that csrf tokens are made for. An empty str for an anonymous caller.
        tags: The tags of the caller's edits.
        address: The caller's IP address.
    """

    user: User | None
    name: str
    rights: Sequence[str]
    session: str = ""
    tags: Sequence[str] = ()
    address: str = "127.0.0.1"

    def author(self) -> User:
        """Return the user that a revision names as its author."""
        return self.user or User(0, self.name)


@dataclass(eq=False, kw_only=True)
class ApiError(Exception):
    """An error of api.php.

    Attributes:
        code: MediaWiki's error code.
        info: MediaWiki's message.
        key: The message's key for rest.php, if it is not ``apierror-`` and the code.
        wikitext: The message as wikitext for rest.php, if ``info`` is not the same.
        headers: Header fields that are sent with the error.
        details: Further members of the error.
        status: The HTTP status.
        module: The module that has raised the error. An empty str for a refusal of OAuth.
    """

    code: str = field(kw_only=False)
    info: str = field(kw_only=False)
    key: str = ""
    wikitext: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    module: str = "main"


@dataclass(frozen=True)
class ApiRequest:
    """A request to api.php.

    Attributes:
        store: The wiki's data.
        method: The HTTP method in upper case.
        query: The parameters in the URL.
        post: The parameters in the body.
        files: The uploaded files by parameter name.
        caller: The user or the IP address that makes the request.
        used: The parameters that a module has read. MediaWiki warns about all others.
        warnings: The warnings by module.
    """

    store: Store
    method: str
    query: Mapping[str, str]
    post: Mapping[str, str]
    files: Mapping[str, bytes]
    caller: Caller
    used: set[str] = field(default_factory=lambda: set(_MAIN_PARAMETERS))
    warnings: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a parameter in Unicode's normal form NFC, or None."""
        self.used.add(name)
        given = self.post.get(name, self.query.get(name))
        if given is None or unicodedata.is_normalized("NFC", given):
            return given
        self.warn(
            "main",
            f'The value passed for "{name}" contains invalid or non-normalized data. Textual data should be valid,'
            " NFC-normalized Unicode without C0 control characters other than HT (\\t), LF (\\n), and CR (\\r).",
        )
        return unicodedata.normalize("NFC", given)

    def warn(self, module: str, text: str) -> None:
        """Add a warning of a module, unless the module has given it before."""
        earlier = self.warnings.get(module, "").splitlines()
        self.warnings[module] = "\n".join(dict.fromkeys([*earlier, text]))

    def flag(self, name: str) -> bool:
        """Return whether a parameter is present, even if it is empty."""
        return self.get(name) is not None

    def multi_value(self, module: str, name: str, known: Sequence[str], default: str = "") -> list[str]:
        """Return the values of a parameter, which are separated by ``|``. Warn about unknown values."""
        given = self.get(name)
        values = [value for value in (default if given is None else given).split("|") if value]
        unknown = [value for value in values if value not in known and value != "*"]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            self.warn(module, f'Unrecognized value{plural} for parameter "{name}": {", ".join(unknown)}')
        return [value for value in (known if "*" in values else values) if value in known]

    def timestamp(self, name: str) -> float | None:
        """Return a parameter in Unix seconds, or None."""
        given = self.get(name)
        if given is None:
            return None
        try:
            return datetime.fromisoformat(given).astimezone(UTC).timestamp()
        except ValueError:
            raise ApiError("badtimestamp", f'Invalid value "{given}" for timestamp parameter "{name}".') from None

    def integer(self, name: str, default: int) -> int:
        """Return a parameter as an int. ``max`` means the default."""
        given = self.get(name)
        if given is None or given == "max":
            return default
        if not re.fullmatch(r"-?\d{1,15}", given):
            raise ApiError("badinteger", f'Invalid value "{given}" for integer parameter "{name}".')
        return int(given)

    def limit(self, module: str, name: str, maximum: int) -> int:
        """Return how many results a request wants: 10 if it doesn't say, and at most ``maximum``."""
        given = maximum if self.get(name) == "max" else self.integer(name, 10)
        if not 1 <= given <= maximum:
            self.warn(module, f'The value "{given}" for parameter "{name}" must be between 1 and {maximum}.')
        return min(max(given, 1), maximum)

    def accept(self, *names: str) -> None:
        """Accept parameters that have no effect here, without the warning about unknown parameters."""
        self.used.update(names)
