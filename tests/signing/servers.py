"""Servers that verify signatures with oauthlib and with authlib, and keep all their defaults."""

from types import SimpleNamespace

from authlib.oauth1.rfc5849 import ResourceProtector
from authlib.oauth1.rfc5849.errors import OAuth1Error
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


def oauthlib_accepts(signed, method="GET"):
    """Whether oauthlib's ResourceEndpoint accepts a signed request."""
    body = signed.body.decode("latin-1") if isinstance(signed.body, bytes) else signed.body
    endpoint = ResourceEndpoint(Validator())
    return endpoint.validate_protected_resource_request(signed.uri, method, body, signed.headers, realms=[])[0]


class Protector(ResourceProtector):
    """authlib's server. It knows the same client and token."""

    def get_client_by_id(self, client_id):
        return SimpleNamespace(get_client_secret=lambda: SECRETS.client) if client_id == "client" else None

    def get_token_credential(self, request):
        return SimpleNamespace(get_oauth_token_secret=lambda: SECRETS.token) if request.token == "token" else None

    def exists_nonce(self, nonce, request):
        return False


def authlib_accepts(signed, method="GET"):
    """Whether authlib's ResourceProtector accepts a signed request, whose URI must be https."""
    body = signed.body.decode("latin-1") if isinstance(signed.body, bytes) else signed.body
    try:
        Protector().validate_request(method, signed.uri, body, signed.headers)
    except (OAuth1Error, ValueError):  # It can't parse every form.
        return False
    return True
