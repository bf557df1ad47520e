"""A verifier of signed requests, written from RFC 5849 alone. It shares no code with this package or with oauthlib.

It takes the bytes of a request that a server received. If the sent request differs from the signed one, the signature
is invalid.
"""

import base64
import hashlib
import hmac
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class Received(NamedTuple):
    """A request as it arrived: scheme of the listener, request line, headers (names in lower case) and body."""

    scheme: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Secrets(NamedTuple):
    """The server's secrets for the client and the token."""

    client: str = ""
    token: str = ""
    rsa_public_key: str = ""


def encode(data: bytes) -> bytes:
    """Percent-encode: RFC 5849, section 3.6."""
    return b"".join(bytes([c]) if c in UNRESERVED else b"%%%02X" % c for c in data)


def decode_form(data: bytes) -> list[tuple[bytes, bytes]]:
    pairs = []
    for piece in data.split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def protocol_parameters(request: Received) -> dict[str, str]:
    """Return the oauth_ parameters from the header, or else from query and form: RFC 5849, section 3.5."""
    pairs = _header_pairs(request) or _collect(request, with_signature=True)
    return {name.decode(): value.decode("utf-8", "replace") for name, value in pairs if name[:6] == b"oauth_"}


def _header_pairs(request: Received) -> list[tuple[bytes, bytes]]:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return []
    pairs = re.findall(r'([^\s=,"]+)="([^"]*)"', rest)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs if name.lower() != "realm"]


def _collect(request: Received, with_signature: bool = False) -> list[tuple[bytes, bytes]]:
    """Collect the parameters to sign: RFC 5849, section 3.4.1.3.1."""
    pairs = decode_form(request.target.partition("?")[2].encode("latin-1")) + _header_pairs(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/x-www-form-urlencoded" and request.method.upper() not in ("GET", "HEAD"):
        pairs += decode_form(request.body)
    return pairs if with_signature else [pair for pair in pairs if pair[0] != b"oauth_signature"]


def base_string(request: Received) -> bytes:
    """Build the signature base string: RFC 5849, section 3.4.1.1."""
    host, port = re.fullmatch(r"(\[.*\]|[^:]*)(?::(\d*))?", request.headers["host"].lower()).groups()
    if port and (request.scheme, port) not in (("http", "80"), ("https", "443")):
        host += f":{port}"
    path = request.target.partition("?")[0] or "/"
    uri = f"{request.scheme}://{host}{path}"
    normalized = b"&".join(
        name + b"=" + value for name, value in sorted((encode(n), encode(v)) for n, v in _collect(request))
    )
    return b"&".join(map(encode, (request.method.upper().encode(), uri.encode("latin-1"), normalized)))


def is_valid(request: Received, secrets: Secrets) -> bool:
    """Verify a request, except its nonce and timestamp: RFC 5849, section 3.2."""
    parameters = protocol_parameters(request)
    signature = parameters.get("oauth_signature", "")
    key = encode(secrets.client.encode()) + b"&" + encode(secrets.token.encode())
    family, _, digest = parameters.get("oauth_signature_method", "").partition("-")
    if family == "PLAINTEXT":
        return signature.encode() == key
    if family == "HMAC":
        digested = hmac.new(key, base_string(request), getattr(hashlib, digest.lower())).digest()
        return base64.b64encode(digested).decode() == signature
    if family == "RSA":
        public_key = serialization.load_pem_public_key(secrets.rsa_public_key.encode())
        try:
            public_key.verify(
                base64.b64decode(signature), base_string(request), padding.PKCS1v15(), getattr(hashes, digest)()
            )
        except InvalidSignature:
            return False
        return True
    return False
