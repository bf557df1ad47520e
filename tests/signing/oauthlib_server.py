"""A server that verifies signatures with oauthlib and keeps all its defaults."""

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

from .signed_requests import SECRETS


class Validator(RequestValidator):
    """It knows one client and one token, whose keys are short. All other limits are oauthlib's defaults."""

    enforce_ssl = False
    client_key_length = access_token_length = (1, 30)
    dummy_client = dummy_access_token = "dummy"

    def validate_client_key(self, client_key, request):
        return client_key == "client"

    def validate_access_token(self, client_key, token, request):
        return token == "token"

    def validate_timestamp_and_nonce(self, *_, **__):
        return True

    def validate_realms(self, *_, **__):
        return True

    def get_client_secret(self, client_key, request):
        return SECRETS.client

    def get_access_token_secret(self, client_key, token, request):
        return SECRETS.token


def accepts(signed, method="GET"):
    """Whether oauthlib's ResourceEndpoint accepts a signed request."""
    body = signed.body.decode("latin-1") if isinstance(signed.body, bytes) else signed.body
    endpoint = ResourceEndpoint(Validator())
    return endpoint.validate_protected_resource_request(signed.uri, method, body, signed.headers, realms=[])[0]
