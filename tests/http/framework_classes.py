"""A framework's Http class, and the ways to combine it with OAuth1Mixin or OAuth1Http."""

import httplib2

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin


class FrameworkHttp(httplib2.Http):
    """A framework's Http with a different constructor, a renamed argument, and its own handling of redirects."""

    def __init__(self, *args, max_redirects=5, **kwargs):
        self.max_redirects = max_redirects
        httplib2.Http.__init__(self, *args, **kwargs)

    def request(self, uri, method="GET", body=None, headers=None, max_redirects=None, connection_type=None):
        max_redirects = self.max_redirects if max_redirects is None else max_redirects
        self.follow_redirects = False
        # This call skips every class between this one and httplib2.Http.
        response, content = httplib2.Http.request(self, uri, method, body, headers, max_redirects, connection_type)
        if response.status == 302 and max_redirects:
            return self.request(response["location"], "GET", headers=headers, max_redirects=max_redirects - 1)
        return response, content


class MixinInFront(OAuth1Mixin, FrameworkHttp):
    pass


class MixinBehind(FrameworkHttp, OAuth1Mixin):
    pass


class OAuth1HttpBehind(FrameworkHttp, OAuth1Http):
    pass


class SubclassOfMixinBehind(MixinBehind):
    pass


class OAuth1HttpAsBase(OAuth1Http):
    """A framework's class whose base class was replaced by OAuth1Http."""

    request = FrameworkHttp.request


class SubclassOfOAuth1HttpAsBase(OAuth1HttpAsBase):
    pass


COMBINATIONS = [
    MixinInFront,
    MixinBehind,
    SubclassOfMixinBehind,
    OAuth1HttpBehind,
    OAuth1HttpAsBase,
    SubclassOfOAuth1HttpAsBase,
]
