import modern_httplib2

from httplib2_oauthlib import OAuth1Mixin


class SignedHttp(OAuth1Mixin, modern_httplib2.Http):
    """For 32 threads: SignedHttp(timeout=30, pool_maxsize=32, oauth=oauth)"""
