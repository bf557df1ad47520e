"""The independent implementations, called peers: they verify our requests and sign requests of their own.

A peer is called through its public interface. If a framework would parse the query or the form first, the class here
parses them in the same way.
"""

import importlib
import time
import urllib.parse
import warnings
from urllib.parse import parse_qs, parse_qsl, quote

from .. import reference
from .asked import FORM, rsa_keys, sent
from .shapes import RAW_FORMS

HMAC_SHA1 = frozenset({"HMAC-SHA1"})
ANYWHERE = frozenset({"AUTH_HEADER", "QUERY", "BODY"})


class Unavailable(Exception):
    """The peer isn't installed, or can't run here. The message is the reason."""


class Peer:
    """One implementation.

    Attributes:
        name: The name that the table of disagreements uses.
        tested_version: The version that the table was made with. The tests run with other versions, too.
        language: The language that it is written in.
        signature_methods: The signature methods that it supports.
        placements: The placements that it can verify. Empty if it only signs.
        signs: Whether it signs requests. The signature is placed in the header.
        requires: ``token`` or ``no token`` if it supports only such requests.
    """

    name = ""
    tested_version = ""
    language = "Python"
    signature_methods = frozenset({"HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"})
    placements = ANYWHERE
    signs = True
    requires = ""

    def adapted(self, shape):
        """Return a shape as this peer can be asked about it."""
        if self.requires != "no token":
            return shape
        return shape._replace(credentials=shape.credentials._replace(token="", token_secret=""))

    def is_asked(self, shape, side):
        """Whether this peer can be asked about a shape, on one of its sides: ``verifies`` or ``signs``."""
        return self.can_verify(shape) if side == "verifies" else self.can_sign(shape)

    def can_verify(self, shape):
        """Whether this peer can be asked to verify a shape."""
        return shape.placement in self.placements and self._knows(shape)

    def can_sign(self, shape):
        """Whether this peer can be asked to sign a shape. Raw forms are left out: a peer isn't asked to encode them."""
        is_raw = shape.name.startswith("form: ") and shape.body in RAW_FORMS.values()
        is_plain = not (shape.verifier or shape.callback or shape.realm or is_raw)
        return self.signs and shape.placement == "AUTH_HEADER" and is_plain and self._knows(shape)

    def verify(self, request, shape):
        """Return whether this peer accepts a signed request."""
        raise NotImplementedError

    def sign(self, shape):
        """Return a request that this peer has signed, or None if it refuses to sign it."""
        raise NotImplementedError

    def close(self):
        """Stop what was started."""

    def _knows(self, shape):
        has_token = {"token": True, "no token": False}.get(self.requires, bool(shape.credentials.token))
        return shape.signature_method in self.signature_methods and has_token == bool(shape.credentials.token)


def imported(name):
    """Import a module of a peer. Old code causes warnings, which aren't errors here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(f"{name} can't be imported: {error}") from None


class Oauthlib(Peer):
    """oauthlib's ResourceEndpoint and Client. Without a token, its SignatureOnlyEndpoint."""

    name = "oauthlib"
    tested_version = "4.0.1"
    signature_methods = frozenset({"HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"})

    def __init__(self):
        import oauthlib
        from oauthlib import oauth1

        if oauthlib.__version__ == "3.2.0":
            raise Unavailable("oauthlib 3.2.0 can't sign requests to IPv6 addresses, so the table is about later ones")

        class Validator(oauth1.RequestValidator):
            """A validator with the default checks of names and nonces. It serves http, too."""

            enforce_ssl = False
            allowed_signature_methods = tuple(self.signature_methods)
            dummy_client, dummy_access_token = "dummy", "dummy"
            credentials = None

            def validate_client_key(self, client_key, request):
                return client_key == self.credentials.client

            def validate_access_token(self, client_key, token, request):
                return token == self.credentials.token

            def validate_timestamp_and_nonce(self, *args, **kwargs):
                return True

            def validate_realms(self, *args, **kwargs):
                return True

            def get_client_secret(self, client_key, request):
                return self.credentials.client_secret

            def get_access_token_secret(self, client_key, token, request):
                return self.credentials.token_secret

            def get_rsa_key(self, client_key, request):
                return rsa_keys()[1]

        self._oauth1 = oauth1
        self._validator = Validator()
        self._resources = oauth1.ResourceEndpoint(self._validator)
        self._signatures = oauth1.SignatureOnlyEndpoint(self._validator)

    def verify(self, request, shape):
        self._validator.credentials = shape.credentials
        headers = {name.title(): value for name, value in request.headers.items()}
        arguments = (
            request.uri,
            request.method,
            request.body.decode("utf-8" if request.is_form else "latin-1"),
            headers,
        )
        if shape.credentials.token:
            return self._resources.validate_protected_resource_request(*arguments, realms=[])[0]
        return self._signatures.validate_request(*arguments)[0]

    def sign(self, shape):
        is_rsa = shape.signature_method.startswith("RSA")
        client = self._oauth1.Client(
            *(each or None for each in shape.credentials),
            signature_method=shape.signature_method,
            rsa_key=rsa_keys()[0] if is_rsa else None,
        )
        is_form = dict(shape.headers).get("Content-Type", "").lower().startswith(FORM)
        uri, headers, _ = client.sign(shape.uri, shape.method, shape.body if is_form else None, dict(shape.headers))
        return sent(shape.method, uri, headers, shape.body)


class Authlib(Peer):
    """authlib's ResourceProtector and ClientAuth."""

    name = "Authlib"
    tested_version = "1.9.10"
    requires = "token"

    def __init__(self):
        rfc5849 = imported("authlib.oauth1.rfc5849")
        protector = imported("authlib.oauth1.rfc5849.resource_protector").ResourceProtector
        self._client_auth = imported("authlib.oauth1.rfc5849.client_auth").ClientAuth
        self._error = imported("authlib.oauth1.rfc5849.errors").OAuth1Error
        self._rfc5849 = rfc5849

        class Protector(protector):
            SUPPORTED_SIGNATURE_METHODS = tuple(self.signature_methods)
            credentials = None

            def get_client_by_id(self, client_id):
                return self if client_id == self.credentials.client else None

            def get_token_credential(self, request):
                return self if request.token == self.credentials.token else None

            def exists_nonce(self, nonce, request):
                return False

            def get_client_secret(self):
                return self.credentials.client_secret

            def get_oauth_token_secret(self):
                return self.credentials.token_secret

            def get_rsa_public_key(self):
                return rsa_keys()[1]

        self._protector = Protector()

    def verify(self, request, shape):
        self._protector.credentials = shape.credentials
        headers = {name.title(): value for name, value in request.headers.items()}
        form = request.form or None
        try:
            self._protector.validate_request(request.method, request.uri, form, headers)
        except (self._error, ValueError):
            return False
        return True

    def sign(self, shape):
        client = self._client_auth(
            *shape.credentials[:2],
            token=shape.credentials.token,
            token_secret=shape.credentials.token_secret,
            signature_method=shape.signature_method,
            rsa_key=rsa_keys()[0] if shape.signature_method.startswith("RSA") else None,
        )
        is_form = dict(shape.headers).get("Content-Type") == FORM
        body = shape.body.encode() if isinstance(shape.body, str) and not is_form else shape.body or ""
        uri, headers, _ = client.sign(shape.method, shape.uri, dict(shape.headers), body)
        return sent(shape.method, uri, headers, shape.body)


class PythonOAuth2(Peer):
    """python-oauth2's Request.

    Its Server can't be used: on Python 3 it compares bytes with str and refuses all requests. The signatures are
    compared here instead.
    """

    name = "oauth2"
    tested_version = "1.9.0.post1"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})

    def __init__(self):
        self._oauth2 = imported("oauth2")

    def verify(self, request, shape):
        header = request.headers.get("authorization", "")
        parameters = dict(self._oauth2.Request._split_header(header[6:])) if header else {}
        parameters |= _joined(parse_qsl(request.form, keep_blank_values=True))
        signature = parameters.pop("oauth_signature", None)
        parameters.pop("realm", None)
        if signature is None:
            signature = dict(parse_qsl(request.query))["oauth_signature"]
        asked = self._oauth2.Request(request.method, request.uri, parameters)
        return self._method(shape).sign(asked, *self._pair(shape)) == signature.encode()

    def sign(self, shape):
        has_form = dict(shape.headers).get("Content-Type") == FORM
        form = _joined(parse_qsl(shape.body, keep_blank_values=True)) if has_form and shape.body else None
        consumer, token = self._pair(shape)
        request = self._oauth2.Request.from_consumer_and_token(
            consumer, token, shape.method, shape.uri, form, is_form_encoded=True
        )
        request.sign_request(self._method(shape), consumer, token)
        return sent(shape.method, shape.uri, dict(shape.headers) | request.to_header(), shape.body)

    def _method(self, shape):
        is_plain = shape.signature_method == "PLAINTEXT"
        return self._oauth2.SignatureMethod_PLAINTEXT() if is_plain else self._oauth2.SignatureMethod_HMAC_SHA1()

    def _pair(self, shape):
        credentials = shape.credentials
        consumer = self._oauth2.Consumer(credentials.client, credentials.client_secret)
        return consumer, self._oauth2.Token(credentials.token, credentials.token_secret) if credentials.token else None


class PyLTI(Peer):
    """PyLTI's verification of launches, which have no token: each shape is asked without one."""

    name = "PyLTI"
    tested_version = "0.7.0"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})
    requires = "no token"
    signs = False

    def __init__(self):
        self._common = imported("pylti.common")

    def verify(self, request, shape):
        consumers = {shape.credentials.client: {"secret": shape.credentials.client_secret}}
        headers = {name.title(): value for name, value in request.headers.items()}
        form = _joined(parse_qsl(request.form, keep_blank_values=True))
        try:
            return self._common.verify_request_common(consumers, request.uri, request.method, headers, form)
        except self._common.LTIException:
            return False


class Rauth(Peer):
    """rauth's OAuth1Session. It only signs. It takes query and form as dicts."""

    name = "rauth"
    tested_version = "0.7.3"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})
    placements = frozenset()

    def __init__(self):
        self._rauth = imported("rauth")
        self._oauth = imported("rauth.oauth")
        import requests

        class Adapter(requests.adapters.BaseAdapter):
            def send(self, request, **kwargs):
                self.request = request
                response = requests.Response()
                response.status_code, response.request, response.url, response.raw = 200, request, request.url, None
                response._content = b""
                return response

            def close(self):
                pass

        self._adapter = Adapter()

    def sign(self, shape):
        credentials = shape.credentials
        method = (
            self._oauth.PlaintextSignature if shape.signature_method == "PLAINTEXT" else self._oauth.HmacSha1Signature
        )
        session = self._rauth.OAuth1Session(*(each or None for each in credentials), signature=method)
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        uri, _, query = shape.uri.partition("#")[0].partition("?")
        form = dict(shape.headers).get("Content-Type") == FORM
        data = dict(parse_qsl(shape.body, keep_blank_values=True)) if form and shape.body else shape.body
        session.request(
            shape.method,
            uri,
            header_auth=True,
            params=dict(parse_qsl(query, keep_blank_values=True)),
            headers=dict(shape.headers),
            data=data or {},
        )
        request = self._adapter.request
        return sent(request.method, request.url, dict(request.headers), request.body)


class EmbeddedWiki(Peer):
    """The embedded wiki's verifier, which signs as MediaWiki does where that differs from RFC 5849."""

    name = "MediaWiki (the embedded wiki)"
    tested_version = "1.45"
    signature_methods = frozenset({"HMAC-SHA1", "RSA-SHA1"})
    placements = frozenset({"AUTH_HEADER"})
    requires = "token"
    signs = False

    def verify(self, request, shape):
        from httplib2_oauthlib.testwiki.oauth import IncomingRequest, OAuthRefusal, Verifier
        from httplib2_oauthlib.testwiki.store import AccessToken, Consumer, Store

        credentials = shape.credentials
        store = Store(time.time)
        key = credentials.client
        store.consumers[key] = Consumer(key, credentials.client_secret, rsa_public_key=rsa_keys()[1], owner="Alice")
        store.access_tokens[credentials.token] = AccessToken(credentials.token, credentials.token_secret, key, "Alice")
        scheme = urllib.parse.urlsplit(request.uri).scheme
        server = f"{scheme}://{request.authority}"
        incoming = IncomingRequest(request.method, server, request.target, request.headers, request.body)
        try:
            Verifier(store).verify(incoming)
        except OAuthRefusal:
            return False
        return True


class Reference(Peer):
    """The tests' own verifier, written from RFC 5849 alone."""

    name = "RFC 5849 (the tests' own verifier)"
    signature_methods = Oauthlib.signature_methods
    signs = False

    def verify(self, request, shape):
        scheme = urllib.parse.urlsplit(request.uri).scheme
        received = reference.Received(
            scheme, request.method, request.target, {"host": request.authority} | request.headers, request.body
        )
        secrets = reference.Secrets(shape.credentials.client_secret, shape.credentials.token_secret, rsa_keys()[1])
        return reference.is_valid(received, secrets)


def all_peers():
    """Return the classes of all peers, in the order in which the page lists them."""
    from . import programs

    return [
        Reference,
        EmbeddedWiki,
        Oauthlib,
        Authlib,
        PythonOAuth2,
        PyLTI,
        Rauth,
        programs.LibOAuth,
        programs.NetOAuth,
        programs.Pecl,
        programs.RubyOAuth,
        programs.SimpleOAuth,
        programs.OAuthSign,
        programs.OAuth10a,
        programs.PassportHttpOAuth,
    ]


def _joined(pairs):
    """Return pairs as the dict that python-oauth2 takes: a list where a name is repeated."""
    found = parse_qs("&".join(f"{quote(name)}={quote(value)}" for name, value in pairs), keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
