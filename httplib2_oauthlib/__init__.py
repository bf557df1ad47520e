"""OAuth 1.0a for every framework built on httplib2.

``OAuth1`` signs, ``OAuth1Http`` is an ``httplib2.Http`` whose requests are signed, ``OAuth1Mixin`` makes one of a
framework's own Http, ``HttpPool`` makes one that threads may share, and ``install`` puts it into frameworks that make
their own. The errors are drawn as a tree in :mod:`httplib2_oauthlib.errors`.
"""

from .adapter import OAuth1Http, OAuth1Mixin
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
from .installation import install, uninstall
from .pool import HttpPool
from .signing import OAuth1, SignedRequest

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
