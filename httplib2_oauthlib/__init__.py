"""OAuth 1.0a for every framework built on httplib2.

``OAuth1`` signs, ``OAuth1Http`` is an ``httplib2.Http`` whose requests are signed, ``OAuth1Mixin`` makes one of a
framework's own Http, ``HttpPool`` makes one that threads may share, and ``install`` puts it into frameworks that make
their own. The errors are drawn as a tree in :mod:`httplib2_oauthlib.errors`.

Each of these names is loaded when it is first used. pytest loads this package in every run in an environment where it
is installed, and most of those runs make no request.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import errors as errors
    from ._http.install import install, uninstall
    from ._http.mixin import OAuth1Http, OAuth1Mixin
    from ._http.pool import HttpPool
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

# The modules that define the names. The errors are defined in the module "errors".
_HOMES = {
    "install": "_http.install",
    "uninstall": "_http.install",
    "OAuth1Http": "_http.mixin",
    "OAuth1Mixin": "_http.mixin",
    "HttpPool": "_http.pool",
    "OAuth1": "_signing.oauth1",
    "SignedRequest": "_signing.oauth1",
}

# Type checkers would take every name for defined.
if not TYPE_CHECKING:

    def __getattr__(name):
        """Load a name when it is first used (PEP 562)."""
        if name not in __all__ and name != "errors":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = importlib.import_module(f".{_HOMES.get(name, 'errors')}", __name__)
        value = globals()[name] = home if name == "errors" else getattr(home, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
