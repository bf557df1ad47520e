"""OAuth 1.0a for every framework built on httplib2.

``OAuth1`` signs, ``OAuth1Http`` is an ``httplib2.Http`` whose requests are signed, ``OAuth1Mixin`` makes one of a
framework's own Http, ``HttpPool`` makes one that threads may share, and ``install`` puts it into frameworks that make
their own. The errors are drawn as a tree in :mod:`httplib2_oauthlib.errors`.
"""

# All names are loaded at once. One that was first used while vcrpy or a mock has replaced a class of http.client or
# httplib2 would be built on that class for the rest of the process.
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
