"""OAuth 1.0a for every framework built on httplib2.

``OAuth1`` signs, ``OAuth1Http`` is an ``httplib2.Http`` whose requests are signed, ``OAuth1Mixin`` makes one of a
framework's own Http, ``HttpPool`` makes one that threads may share, and ``install`` puts it into frameworks that make
their own. The errors are drawn as a tree in :mod:`httplib2_oauthlib.errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# These are loaded at once. One that was first used while vcrpy or a mock has replaced a class of http.client or
# httplib2 would be built on that class for the rest of the process.
from ._http.mixin import OAuth1Http, OAuth1Mixin
from ._signing.oauth1 import OAuth1, SignedRequest
from .errors import (
    CredentialsError,
    HandshakeError,
    IdentityError,
    InsecureTransportError,
    OAuthError,
    RefusedError,
    ResponseLostError,
    SigningError,
)

if TYPE_CHECKING:
    from ._http.install import install, uninstall
    from ._http.pool import HttpPool
else:
    # These build on no such class, and most programs use one of them at most. So each is loaded when it is first used.
    _LATER = {"HttpPool": "pool", "install": "install", "uninstall": "install"}

    def __getattr__(name: str) -> Any:
        """Load a name that is used for the first time."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"._http.{_LATER[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return the names, those included that are not loaded yet."""
        return sorted({*globals(), *_LATER})


__version__ = "0.1.0"

__all__ = [
    "CredentialsError",
    "HandshakeError",
    "HttpPool",
    "IdentityError",
    "InsecureTransportError",
    "OAuth1",
    "OAuth1Http",
    "OAuth1Mixin",
    "OAuthError",
    "RefusedError",
    "ResponseLostError",
    "SignedRequest",
    "SigningError",
    "install",
    "uninstall",
]
