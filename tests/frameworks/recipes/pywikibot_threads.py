from pywikibot.comms import http, threadedhttp
from pywikibot.exceptions import FatalServerError

from httplib2_oauthlib import OAuth1Mixin, OAuthError


class SignedHttp(OAuth1Mixin, threadedhttp.Http):
    def request(self, *args, **kwargs):
        result = super().request(*args, **kwargs)
        # Pywikibot returns exceptions, and repeats a request after
        # every one except FatalServerError.
        if isinstance(result, OAuthError):
            fatal = FatalServerError(str(result))
            # forget_unanswered(error.__cause__), if you make it again.
            fatal.__cause__ = result
            return fatal
        return result


def sign_all(oauth=None):
    """Sign what Pywikibot sends. Call it after importing pywikibot.

    Without oauth, authenticate in user-config.py selects the credentials.
    """
    for thread in http.threads:
        thread.http = SignedHttp(
            cookiejar=http.cookie_jar,
            connection_pool=http.connection_pool,
            oauth=oauth,
        )
