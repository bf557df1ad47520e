"""An OAuth 1.0a provider that shares no code with this package: authlib's server under Flask, with or without TLS."""

import os
import threading
import time

import flask
from authlib.integrations.flask_oauth1 import AuthorizationServer, ResourceProtector, current_credential
from authlib.oauth1 import ClientMixin, TemporaryCredential, TokenCredentialMixin
from werkzeug.serving import make_server


class Client(ClientMixin):
    def __init__(self, secret, rsa_public_key):
        self.secret = secret
        self.rsa_public_key = rsa_public_key

    def get_default_redirect_uri(self):
        return "https://client.example/default"

    def get_client_secret(self):
        return self.secret

    def get_rsa_public_key(self):
        return self.rsa_public_key


class Token(TokenCredentialMixin):
    def __init__(self, key, secret, user):
        self.key, self.secret, self.user = key, secret, user

    def get_oauth_token(self):
        return self.key

    def get_oauth_token_secret(self):
        return self.secret


class Provider:
    """A provider that runs inside its context. ``/authorize`` grants access as alice, or denies it with ``?deny``.

    Attributes:
        uri: Scheme and authority.
    """

    def __init__(self, client_key, client_secret, rsa_public_key=None, tls=None):
        self.client = Client(client_secret, rsa_public_key)
        self.client_key = client_key
        self.temporary, self.tokens, self.nonces = {}, {}, set()
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True, ssl_context=tls)
        self.uri = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        # Without this variable, authlib rejects plain http.
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        os.environ.pop("AUTHLIB_INSECURE_TRANSPORT", None)

    def _exists_nonce(self, nonce, timestamp, client_id, token):
        seen = (nonce, timestamp, client_id, token) in self.nonces
        self.nonces.add((nonce, timestamp, client_id, token))
        return seen or abs(time.time() - int(timestamp)) > 300

    def _app(self):
        app = flask.Flask("provider")
        methods = ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"]
        app.config["OAUTH1_SUPPORTED_SIGNATURE_METHODS"] = methods

        def client(key):
            return self.client if key == self.client_key else None

        def create_temporary(token, client_id, redirect_uri):
            credential = TemporaryCredential({**token, "client_id": client_id, "oauth_callback": redirect_uri})
            self.temporary[credential["oauth_token"]] = credential
            return credential

        def create_verifier(credential, user, verifier):
            credential["oauth_verifier"] = verifier
            credential["user_id"] = user

        def create_token(token, temporary):
            created = Token(token["oauth_token"], token["oauth_token_secret"], temporary.get_user_id())
            del self.temporary[temporary["oauth_token"]]
            self.tokens[created.key] = created
            return created

        server = AuthorizationServer(app, query_client=client)
        server.register_hook("exists_nonce", self._exists_nonce)
        server.register_hook("create_temporary_credential", create_temporary)
        server.register_hook("get_temporary_credential", self.temporary.get)
        server.register_hook("delete_temporary_credential", lambda key: self.temporary.pop(key, None))
        server.register_hook("create_authorization_verifier", create_verifier)
        server.register_hook("create_token_credential", create_token)
        protect = ResourceProtector(
            app,
            query_client=client,
            query_token=lambda client_id, key: self.tokens.get(key),
            exists_nonce=self._exists_nonce,
        )
        app.add_url_rule("/initiate", "initiate", server.create_temporary_credentials_response, methods=["POST"])
        app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])

        @app.route("/authorize")
        def authorize():
            user = None if "deny" in flask.request.args else "alice"
            return server.create_authorization_response(grant_user=user)

        @app.route("/me")
        @protect()
        def me():
            return {"user": current_credential.user}

        return app
