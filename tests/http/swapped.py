"""Http classes of a framework, and the ways to combine them with OAuth1Mixin or OAuth1Http."""

import httplib2

from httplib2_oauthlib import (
    OAuth1Http,
    OAuth1Mixin,
)


class FrameworkHttp(httplib2.Http):
    """A framework's own: another constructor, another name for redirections, redirects of its own."""

    def __init__(self, *args, max_redirects=5, **kwargs):
        self.max_redirects = max_redirects
        httplib2.Http.__init__(self, *args, **kwargs)

    def request(self, uri, method="GET", body=None, headers=None, max_redirects=None, connection_type=None):
        max_redirects = self.max_redirects if max_redirects is None else max_redirects
        self.follow_redirects = False
        # Past every class between this one and httplib2's.
        response, content = httplib2.Http.request(self, uri, method, body, headers, max_redirects, connection_type)
        if response.status == 302 and max_redirects:
            return self.request(response["location"], "GET", headers=headers, max_redirects=max_redirects - 1)
        return response, content


class MixinInFront(OAuth1Mixin, FrameworkHttp):
    pass


class MixinBehind(FrameworkHttp, OAuth1Mixin):
    pass


class OursBehind(FrameworkHttp, OAuth1Http):
    pass


class BelowMixinBehind(MixinBehind):
    pass


class OursAsBase(OAuth1Http):
    """A framework whose base class was swapped."""

    request = FrameworkHttp.request


class BelowOursAsBase(OursAsBase):
    pass


SWAPPED = [MixinInFront, MixinBehind, BelowMixinBehind, OursBehind, OursAsBase, BelowOursAsBase]
