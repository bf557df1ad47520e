"""The embedded wiki: a MediaWiki look-alike on loopback that judges OAuth as MediaWiki does.

Needs an extra: ``pip install 'httplib2-oauthlib[testwiki]'``. Nothing here imports oauthlib or the rest of this
package, so that the wiki judges signatures with code that did not make them.
"""

from .oauth import OAuthRefusal
from .routes import SeenRequest
from .server import OwnerOnly, TestWiki
from .store import PASSWORD, Consumer

__all__ = ["PASSWORD", "Consumer", "OAuthRefusal", "OwnerOnly", "SeenRequest", "TestWiki"]
