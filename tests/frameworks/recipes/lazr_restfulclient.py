from lazr.restfulclient._browser import RestfulHttp
from lazr.restfulclient.resource import ServiceRoot

from httplib2_oauthlib import OAuth1Mixin


class SignedHttp(OAuth1Mixin, RestfulHttp):
    pass


class Service(ServiceRoot):
    """Service(oauth, "https://tracker.example/1.0/")"""

    def httpFactory(self, oauth, cache, timeout, proxy_info):
        return SignedHttp(None, cache, timeout, proxy_info, oauth=oauth)
