"""One request as a program asks for it, and the same request as it is sent."""

import functools
import re
import string
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from httplib2_oauthlib import OAuth1

FORM = "application/x-www-form-urlencoded"
BASE62 = string.ascii_letters + string.digits


class Credentials(NamedTuple):
    """The names and secrets of a client and of a token. oauthlib's servers require names of 20 to 30 characters."""

    client: str = "aClientOfTheInteropTests"
    client_secret: str = "client-secret"
    token: str = "aTokenOfTheInteropTests0"
    token_secret: str = "token-secret"


class Shape(NamedTuple):
    """A request before it is signed. The body, if any, is as the program gives it."""

    name: str
    uri: str = "https://api.example.org/items"
    method: str = "GET"
    body: str | bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    signature_method: str = "HMAC-SHA1"
    placement: str = "AUTH_HEADER"
    credentials: Credentials = Credentials()
    realm: str | None = None
    verifier: str | None = None
    callback: str | None = None


class Sent(NamedTuple):
    """A signed request as a server receives it. The names of the headers are in lower case."""

    method: str
    uri: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_form(self):
        """Whether RFC 5849, section 3.4.1.3.1, includes the body in the signature."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM

    @property
    def form(self):
        """The form as text, or an empty str if the body isn't a form."""
        return self.body.decode("utf-8", "replace") if self.is_form else ""

    @property
    def query(self):
        return self.uri.partition("?")[2]

    @property
    def target(self):
        """The request target: RFC 9112, section 3.2.1."""
        return "/" + self.uri.split("/", 3)[3]

    @property
    def authority(self):
        return self.headers.get("host", urlsplit(self.uri).netloc.rpartition("@")[2])


@functools.cache
def rsa_keys():
    """Return a private and a public key in PEM form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def unsigned(shape):
    """Return a shape as another implementation sends it, without a signature."""
    return sent(shape.method, shape.uri, dict(shape.headers), shape.body)


def signed_by_us(shape):
    """Sign a shape with this package and return what is sent. A signature serves for a minute, for several peers."""
    return _signed(shape, int(time.time() // 60))


@functools.cache
def _signed(shape, minute):
    credentials = shape.credentials
    oauth = OAuth1(
        credentials.client,
        credentials.client_secret,
        credentials.token or None,
        credentials.token_secret or None,
        callback_uri=shape.callback,
        signature_method=shape.signature_method,
        signature_type=shape.placement,
        rsa_key=rsa_keys()[0] if shape.signature_method.startswith("RSA") else None,
        verifier=shape.verifier,
        realm=shape.realm,
    )
    signed = oauth.sign(shape.uri, shape.method, shape.body, dict(shape.headers))
    return sent(shape.method, signed.uri, signed.headers, signed.body)


def sent(method, uri, headers, body):
    """Return a request as a server receives it: with a path, and without a fragment."""
    body = body.encode("utf-8") if isinstance(body, str) else body or b""
    scheme, _, rest = uri.partition("#")[0].partition("://")
    authority, path_and_query = re.fullmatch(r"([^/?]*)/?(.*)", rest, re.DOTALL).groups()
    uri = f"{scheme.lower()}://{authority}/{path_and_query}"
    return Sent(method, uri, {name.lower(): value for name, value in headers.items()}, body)
