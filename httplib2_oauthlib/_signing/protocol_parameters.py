"""The protocol parameters: RFC 5849, sections 3.1, 3.3 and 3.5. Read this module beside them."""

import os
import string
from collections.abc import Iterable

from .base_string import percent_encode

# The parameters that differ from request to request. A gap marks their places, and that of the signature, in what is
# prepared once. Percent-encoded text never contains a NUL.
_PER_REQUEST = ("oauth_nonce", "oauth_timestamp")
_GAP = "\0"
# A random byte becomes one of 62 letters and digits. 248 is four times 62, so each of them stands for four bytes. The
# eight bytes that remain are left out: otherwise eight letters would be more frequent than the rest.
_LETTERS = (string.ascii_letters + string.digits).encode("ascii")
_LETTER_OF_BYTE = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))
_BYTES_LEFT_OUT = bytes(range(256 // len(_LETTERS) * len(_LETTERS), 256))
_NONCE_LENGTH = 22
_NONCE_BYTES = 32


def generate_nonce() -> str:
    """Return a new nonce of 22 letters and digits, which hold 131 random bits.

    oauthlib's servers accept 20 to 30 letters and digits by default. Magento and SugarCRM store 32 characters of a
    nonce, and one service allows 24.

    Every nonce is read from the system's source of randomness. Nothing is kept between two nonces, so processes that
    fork and threads can't share any state.

    Source: RFC 5849, section 3.3.
    """
    # "The nonce value MUST be unique across all requests with the same timestamp, client credentials, and token
    # combinations."
    nonce = b""
    while len(nonce) < _NONCE_LENGTH:
        # One of 32 bytes is left out on average, so that one turn is nearly always enough.
        nonce += os.urandom(_NONCE_BYTES).translate(_LETTER_OF_BYTE, _BYTES_LEFT_OUT)
    return nonce[:_NONCE_LENGTH].decode("ascii")


class EncodedProtocolParameters:
    """The protocol parameters of one set of credentials, encoded once for all its requests.

    They are kept twice, for the base string and for the header, with gaps where the nonce, the timestamp and the
    signature of each request are inserted.

    Args:
        parameters: Names, which need no encoding, and values, not encoded, in the order in which they are sent. The
            nonce and the timestamp occur once each, with any value.
        realm: The realm, or None.
    """

    def __init__(self, parameters: Iterable[tuple[str, str]], realm: str | None) -> None:
        encoded = [(name, _GAP if name in _PER_REQUEST else percent_encode(value)) for name, value in parameters]
        normalized = "&".join(f"{name}={value}" for name, value in sorted(encoded))
        self._normalized = normalized.replace("%", "%25").replace("=", "%3D").replace("&", "%26").split(_GAP)
        self._header = authorization_header([*encoded, ("oauth_signature", _GAP)], realm).split(_GAP)

    def normalized(self, nonce: str, timestamp: str) -> bytes:
        """Return the part of the base string that holds the protocol parameters.

        Args:
            nonce: Percent-encoded.
            timestamp: Percent-encoded.
        """
        start, middle, end = self._normalized
        nonce, timestamp = nonce.replace("%", "%25"), timestamp.replace("%", "%25")
        return f"{start}{nonce}{middle}{timestamp}{end}".encode("ascii")

    def header(self, nonce: str, timestamp: str, signature: str) -> str:
        """Return the value of the Authorization header.

        Args:
            nonce: Percent-encoded.
            timestamp: Percent-encoded.
            signature: Not encoded.
        """
        start, second, third, end = self._header
        return f"{start}{nonce}{second}{timestamp}{third}{percent_encode(signature)}{end}"


def authorization_header(encoded: Iterable[tuple[str, str]], realm: str | None) -> str:
    """Return the value of an Authorization header.

    oauthlib's ``prepare_headers`` isn't used: it drops parameters whose names do not begin with ``oauth_``, which a
    subclass of OAuth1 may add and which are signed.

    Args:
        encoded: Names and values, the signature included, percent-encoded.
        realm: The realm, which is sent first, or None.

    Source: RFC 5849, section 3.5.1.
    """
    # "Each parameter's name is immediately followed by an "=" character (ASCII code 61), a """ character (ASCII code
    # 34), the parameter value (MAY be empty), and another """ character [...]. Parameters are separated by a ","
    # character".
    parts = [] if realm is None else [f'realm="{realm}"']
    return "OAuth " + ", ".join([*parts, *(f'{name}="{value}"' for name, value in encoded)])


def form_encode(parameters: Iterable[tuple[str, str]]) -> str:
    """Encode names and values for a form or a query.

    Source: RFC 5849, sections 3.5.2 and 3.5.3.
    """
    return "&".join(f"{percent_encode(name)}={percent_encode(value)}" for name, value in parameters)


def add_to_query(uri: str, encoded: str) -> str:
    """Append encoded parameters to the query of a URI, before its fragment, and change nothing else.

    The result has no empty parts (``?&`` or ``&&``), because MediaWiki doesn't sign those as RFC 5849 does.

    Source: RFC 5849, section 3.5.3.
    """
    start, hash_sign, fragment = uri.partition("#")
    path, _, query = start.partition("?")
    separator = "&" if query and not query.endswith("&") else ""
    return f"{path}?{query}{separator}{encoded}{hash_sign}{fragment}"
