from launchpadlib.launchpad import Launchpad, LaunchpadOAuthAwareHttp

from httplib2_oauthlib import OAuth1, OAuth1Mixin


class SignedHttp(OAuth1Mixin, LaunchpadOAuthAwareHttp):
    pass


class SignedLaunchpad(Launchpad):
    """Launchpad with its own credentials and logins, signed by us."""

    def httpFactory(self, credentials, cache, timeout, proxy_info):
        root = str(self._root_uri.ensureSlash())

        def signer(uri):
            # Asked for each request: when a token has expired, launchpadlib
            # gets another.
            client, token = credentials.consumer, credentials.access_token
            if token is None or not uri.startswith(root):
                return None
            keys = (client.key, client.secret, token.key, token.secret)
            return OAuth1(*keys, signature_method="PLAINTEXT", realm=root)

        engine = self.authorization_engine
        arguments = (self, engine, None, cache, timeout, proxy_info)
        return SignedHttp(*arguments, oauth=signer)
