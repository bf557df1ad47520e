"""The embedded wiki: a MediaWiki look-alike on loopback that verifies OAuth signatures as MediaWiki does.

It needs an extra: ``pip install 'httplib2-oauthlib[testwiki]'``. Nothing in this package imports oauthlib or the rest
of ``httplib2_oauthlib``, so that signatures are verified with code that did not create them.
"""

from .refusals import OAuthRefusal
from .routes import SeenRequest
from .server import OwnerOnly, TestWiki
from .store import PASSWORD, Consumer

__all__ = ["PASSWORD", "Consumer", "OAuthRefusal", "OwnerOnly", "SeenRequest", "TestWiki"]
