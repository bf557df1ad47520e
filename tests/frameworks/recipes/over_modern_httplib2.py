import modern_httplib2

from httplib2_oauthlib import OAuth1Mixin


class SignedHttp(OAuth1Mixin, modern_httplib2.Http):
    """SignedHttp(timeout=30, oauth=oauth, pool_maxsize=32) for threads"""
