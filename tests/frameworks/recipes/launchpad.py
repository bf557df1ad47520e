from launchpadlib.launchpad import Launchpad, LaunchpadOAuthAwareHttp

from httplib2_oauthlib import OAuth1, OAuth1Mixin


class SignedHttp(OAuth1Mixin, LaunchpadOAuthAwareHttp):
    pass


class SignedLaunchpad(Launchpad):
    """Launchpad, its own credentials and all, signed by us."""

    def httpFactory(self, credentials, cache, timeout, proxy_info):
        root = str(self._root_uri)

        def signer(uri):
            # Asked for each request: launchpadlib gets a new token when one has expired.
            client, token = credentials.consumer, credentials.access_token
            if token is None or not uri.startswith(root):
                return None
            keys = (client.key, client.secret, token.key, token.secret)
            return OAuth1(*keys, signature_method="PLAINTEXT", realm=root)

        return SignedHttp(self, self.authorization_engine, None, cache, timeout, proxy_info, oauth=signer)
