"""A second OAuth 1.0a provider that shares no code with this package: oauthlib's endpoints, with OAuth Session.

Unlike authlib's server, oauthlib's endpoints accept any HTTP method. OAuth Session is written here: oauthlib verifies
the signature of a renewal, and the session handle is compared.
"""

import time
from urllib.parse import urlencode

from oauthlib.oauth1 import AccessTokenEndpoint, RequestTokenEndpoint, RequestValidator, ResourceEndpoint

from .servers import answer

FORM = "application/x-www-form-urlencoded"


class OAuthlibProvider(RequestValidator):
    """A provider for one client, over the ``serve`` fixture.

    Args:
        serve: Starts a server for a handler.
        methods: The HTTP methods that the endpoints accept.
        **lifetimes: Parameters that come with each token, such as ``oauth_expires_in``.

    Attributes:
        uri: Scheme and authority.
        server: The server, with the requests that it received.
    """

    enforce_ssl = False
    client_key_length = request_token_length = access_token_length = verifier_length = (1, 100)
    nonce_length = (10, 100)
    dummy_client = dummy_request_token = dummy_access_token = "dummy"

    def __init__(self, serve, client_key, client_secret, methods=("POST",), **lifetimes):
        super().__init__()
        self.client_key, self.client_secret = client_key, client_secret
        self.methods, self.lifetimes = methods, lifetimes
        self.request_tokens, self.verifiers, self.tokens, self.nonces = {}, {}, {}, set()
        self.session_handle, self.renewals = "canary-handle-0", 0
        self.server = serve(self._respond)
        self.uri = self.server.uri("").rstrip("/")

    def authorize(self, key):
        """Grant access, and return the query of the callback."""
        self.verifiers[key] = "canaryverifier"
        return urlencode({"oauth_token": key, "oauth_verifier": self.verifiers[key]})

    def _respond(self, received):
        path = received.target.partition("?")[0]
        if received.method not in self.methods:
            return answer("", "405 Method Not Allowed")
        arguments = (
            f"{self.uri}{received.target}", received.method, received.body.decode() or None, received.headers,
        )  # fmt: skip
        if path == "/initiate":
            _, body, status = RequestTokenEndpoint(self).create_request_token_response(*arguments)
        elif "oauth_session_handle" in f"{received.target}{received.headers}{received.body}":
            body, status = self._renew(arguments)
        elif path == "/token":
            _, body, status = AccessTokenEndpoint(self).create_access_token_response(*arguments)
            body += f"&{urlencode({'oauth_session_handle': self.session_handle, **self.lifetimes})}"
        else:
            is_valid, request = ResourceEndpoint(self).validate_protected_resource_request(*arguments)
            body, status = (request.resource_owner_key, 200) if is_valid else ("", 401)
        return answer(body or "", f"{status} Status", Content_Type=FORM)

    def _renew(self, arguments):
        is_valid, request = ResourceEndpoint(self).validate_protected_resource_request(*arguments)
        if not is_valid or dict(request.params).get("oauth_session_handle") != self.session_handle:
            return "oauth_problem=token_rejected", 401
        del self.tokens[request.resource_owner_key]
        self.renewals += 1
        self.session_handle = f"canary-handle-{self.renewals}"
        new = {"oauth_token": f"renewed{self.renewals}", "oauth_token_secret": f"canary-renewed-{self.renewals}"}
        self.tokens[new["oauth_token"]] = new["oauth_token_secret"]
        return urlencode({**new, "oauth_session_handle": self.session_handle, **self.lifetimes}), 200

    # The rest is what oauthlib's endpoints call.

    def validate_client_key(self, client_key, request):
        return client_key == self.client_key

    def get_client_secret(self, client_key, request):
        return self.client_secret

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, **tokens):
        is_new = nonce not in self.nonces
        self.nonces.add(nonce)
        return is_new and abs(time.time() - int(timestamp)) < 300

    def validate_redirect_uri(self, client_key, redirect_uri, request):
        return True

    def validate_requested_realms(self, client_key, realms, request):
        return True

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def get_default_realms(self, client_key, request):
        return []

    def get_realms(self, token, request):
        return []

    def save_request_token(self, token, request):
        self.request_tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_request_token(self, client_key, token, request):
        return token in self.request_tokens

    def get_request_token_secret(self, client_key, token, request):
        return self.request_tokens.get(token, "dummy")

    def validate_verifier(self, client_key, token, verifier, request):
        return self.verifiers.get(token) == verifier

    def invalidate_request_token(self, client_key, request_token, request):
        del self.request_tokens[request_token]

    def save_access_token(self, token, request):
        self.tokens[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_access_token(self, client_key, token, request):
        return token in self.tokens

    def get_access_token_secret(self, client_key, token, request):
        return self.tokens.get(token, "dummy")
