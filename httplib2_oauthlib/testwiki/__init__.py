"""The embedded wiki: a MediaWiki look-alike on loopback that verifies OAuth signatures as MediaWiki does.

It needs an extra: ``pip install 'httplib2-oauthlib[testwiki]'``. Nothing in this package imports oauthlib or the rest
of ``httplib2_oauthlib``, so that signatures are verified with code that did not create them.
"""

try:
    from .refusals import OAuthRefusal
    from .routes import SeenRequest
    from .server import OwnerOnly, TestWiki
    from .store import PASSWORD, Consumer
except ImportError as error:
    raise type(error)(
        f"httplib2_oauthlib.testwiki needs an extra ({error.name} is missing):"
        " pip install 'httplib2-oauthlib[testwiki]'",
        name=error.name,
        path=error.path,
    ) from error

__all__ = ["PASSWORD", "Consumer", "OAuthRefusal", "OwnerOnly", "SeenRequest", "TestWiki"]
