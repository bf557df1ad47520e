"""A verifier of signed requests written from RFC 5849 alone; it shares no code with what it judges, nor with oauthlib.

It takes a request as a server has received it, bytes and all, so that whatever signing and sending disagree about
shows as a signature that is not valid.
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
    """A request as it arrived: scheme of the listener, request line, headers (names in lower case), body."""

    scheme: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Secrets(NamedTuple):
    """What the server knows of the client and the token."""

    client: str = ""
    token: str = ""
    rsa_public_key: str = ""


def encode(data: bytes) -> bytes:
    """RFC 5849, section 3.6."""
    return b"".join(bytes([c]) if c in UNRESERVED else b"%%%02X" % c for c in data)


def decode_form(data: bytes) -> list[tuple[bytes, bytes]]:
    pairs = []
    for piece in data.split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def protocol_parameters(request: Received) -> dict[str, str]:
    """The oauth_ parameters, from wherever they were transmitted; RFC 5849, section 3.5: the header comes first."""
    pairs = _header_pairs(request) or _collect(request, with_signature=True)
    return {name.decode(): value.decode("utf-8", "replace") for name, value in pairs if name[:6] == b"oauth_"}


def _header_pairs(request: Received) -> list[tuple[bytes, bytes]]:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return []
    pairs = re.findall(r'([^\s=,"]+)="([^"]*)"', rest)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, value in pairs if name.lower() != "realm"]


def _collect(request: Received, with_signature: bool = False) -> list[tuple[bytes, bytes]]:
    """RFC 5849, section 3.4.1.3.1."""
    pairs = decode_form(request.target.partition("?")[2].encode("latin-1")) + _header_pairs(request)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/x-www-form-urlencoded" and request.method.upper() not in ("GET", "HEAD"):
        pairs += decode_form(request.body)
    return pairs if with_signature else [pair for pair in pairs if pair[0] != b"oauth_signature"]


def base_string(request: Received) -> bytes:
    """RFC 5849, section 3.4.1.1."""
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
    """RFC 5849, section 3.2, but for nonces and clocks."""
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
