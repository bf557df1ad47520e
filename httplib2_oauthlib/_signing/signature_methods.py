"""The signature methods: RFC 5849, sections 3.4.2 to 3.4.4, and RFC 2104. Read this module beside them.

The signatures are the same as oauthlib's, byte for byte. Keys are prepared once per set of credentials: oauthlib
prepares them again for each signature.
"""

import binascii
import importlib
from collections.abc import Callable, Iterable
from hashlib import sha1, sha256, sha512
from typing import Any

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature as oauthlib_signature

from ..errors import SigningError
from .base_string import percent_encode

# The functions of oauthlib whose signatures are computed here. If a program has registered another function under the
# same name, that function is called.
_HMAC_METHODS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (oauthlib_signature.sign_hmac_sha1_with_client, sha1),
    (oauthlib_signature.sign_hmac_sha256_with_client, sha256),
    (oauthlib_signature.sign_hmac_sha512_with_client, sha512),
)
_RSA_METHODS = (
    oauthlib_signature.sign_rsa_sha1_with_client,
    oauthlib_signature.sign_rsa_sha256_with_client,
    oauthlib_signature.sign_rsa_sha512_with_client,
)
# RFC 2104, section 2: "ipad = the byte 0x36 repeated B times, opad = the byte 0x5C repeated B times."
_XOR_IPAD = bytes(byte ^ 0x36 for byte in range(256))
_XOR_OPAD = bytes(byte ^ 0x5C for byte in range(256))


class HmacKey:
    """A key for HMAC, with the hash states of its two pads.

    The module ``hmac`` isn't used: ``hmac.digest`` needs the message in one piece and hashes the pads for each message,
    and ``HMAC.copy`` takes twice as long.

    Args:
        new_hash: A constructor of ``hashlib``.
        key: The key.

    Source: RFC 2104, sections 2 and 4.
    """

    def __init__(self, new_hash: Callable[..., Any], key: bytes) -> None:
        # "Applications that use keys longer than B bytes will first hash the key using H".
        block_size = new_hash().block_size
        key = (key if len(key) <= block_size else new_hash(key).digest()).ljust(block_size, b"\0")
        # Section 4: "The intermediate results of the compression function on the B-byte blocks (K XOR ipad) and (K XOR
        # opad) can be precomputed only once at the time of generation of the key K".
        self._inner = new_hash(key.translate(_XOR_IPAD))
        self._outer = new_hash(key.translate(_XOR_OPAD))

    def digest(self, pieces: Iterable[bytes]) -> bytes:
        """Return the HMAC of a message.

        Args:
            pieces: The message. Large pieces are not copied.
        """
        # "H(K XOR opad, H(K XOR ipad, text))".
        inner, outer = self._inner.copy(), self._outer.copy()
        for piece in pieces:
            inner.update(piece)
        outer.update(inner.digest())
        digest: bytes = outer.digest()
        return digest


class Signer:
    """Signs base strings with the secrets of one set of credentials.

    Args:
        client: oauthlib's client. It signs with PLAINTEXT, with RSA and with methods that a program has registered.

    Raises:
        SigningError: The RSA key can't be used.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._method = client.SIGNATURE_METHODS[client.signature_method]
        new_hash = next((new_hash for method, new_hash in _HMAC_METHODS if method is self._method), None)
        self._hmac_key = None if new_hash is None else HmacKey(new_hash, _hmac_key(client))
        if self._method in _RSA_METHODS:
            # PyJWT, with which oauthlib signs, accepts a parsed key in place of text. Parsing the text takes most
            # of the time of a signature.
            try:
                algorithms = importlib.import_module("jwt.algorithms")
                client.rsa_key = algorithms.RSAAlgorithm(algorithms.RSAAlgorithm.SHA256).prepare_key(client.rsa_key)
            except Exception as error:
                raise _rsa_error(error) from None

    def signature(self, *base_string: bytes) -> str:
        """Return the signature of a base string. For PLAINTEXT, return the secrets.

        Args:
            *base_string: The base string, whole or in pieces.

        Raises:
            SigningError: The RSA key can't be used.

        Source: RFC 5849, sections 3.4.2 to 3.4.4.
        """
        # A program may register another function under the name of the method at any time.
        method = self._client.SIGNATURE_METHODS[self._client.signature_method]
        if self._hmac_key is not None and method is self._method:
            # "[...] after the result octet string is base64-encoded per [RFC2045], Section 6.8."
            return binascii.b2a_base64(self._hmac_key.digest(base_string), newline=False).decode("ascii")
        text = b"".join(base_string).decode("ascii")
        try:
            return str(method(text, self._client))
        except Exception as error:
            if not self._client.signature_method.startswith("RSA-"):
                raise
            raise _rsa_error(error) from None


def _hmac_key(client: Client) -> bytes:
    # RFC 5849, section 3.4.2: "The client shared secret, after being encoded (Section 3.6). An "&" character (ASCII
    # code 38), which MUST be included even when either secret is empty. The token shared secret, after being encoded
    # (Section 3.6)."
    secrets = (client.client_secret, client.resource_owner_secret)
    return "&".join(percent_encode(secret or "") for secret in secrets).encode("ascii")


def _rsa_error(error: Exception) -> SigningError:
    """Return the error to raise instead of one of the parser of RSA keys, whose message may quote the key."""
    try:
        for module in ("cryptography", "jwt"):
            importlib.import_module(module)
    except ImportError:
        return SigningError("RSA signatures need an extra; run: pip install 'httplib2-oauthlib[rsa]'")
    return SigningError(
        f"rsa_key is not a usable private RSA key ({type(error).__name__}); pass it as unencrypted PEM text"
        " (RSA also needs an extra: pip install 'httplib2-oauthlib[rsa]')"
    )
