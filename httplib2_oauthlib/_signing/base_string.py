"""Computes signatures: RFC 5849, sections 3.4 and 3.6, beside which this is to be read.

They are oauthlib's, byte for byte, but whole texts are worked on instead of one character after another, and what is
constant for a set of credentials is computed once.

Names and values are handled *twice encoded*, as they stand in a base string: once in the parameters, and once more as
all parameters together are one part of it. Unreserved characters stand for themselves both times, and an escape ``%D0``
becomes ``%25D0``. Sorted they are in the order of what is encoded once: ``%`` comes before all that is unreserved.
"""

import binascii
import functools
import hashlib
import importlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote, unquote_to_bytes

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature as of_oauthlib

#: A name and a value, twice encoded.
Pair: TypeAlias = tuple[bytes, bytes]

# What follows the "%" of an escape in capitals, of a byte that needs it: "-", ".", "_", "~", digits and letters do not.
_ESCAPE = rb"[89A-F][0-9A-F]|[01][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF]"
# A form that is encoded as section 3.6 has it, but for spaces that are "+". The escapes of all that is not ASCII, which
# are most of a text in such a language, stand apart for speed only.
_CANONICAL = re.compile(rb"(?:[A-Za-z0-9._~&=+-]++|(?:%[89A-F][0-9A-F])++|%(?:" + _ESCAPE + rb"))*+")
# What is to be decoded and encoded anew in any other form. It begins with what is not so (a "%" that begins no escape,
# an escape in lower case or without need, any other byte) and goes on to the next character that stands for itself.
_TO_ENCODE = (
    rb"(?:%(?!"
    + _ESCAPE
    + rb")(?:[0-9A-Fa-f]{2})?|[^A-Za-z0-9._~&=+%-])(?:%(?:[0-9A-Fa-f]{2})?|[^A-Za-z0-9._~&=+%-])*+"
)
# What differs from request to request, and what stands for it in a template.
_CHANGING = ("oauth_nonce", "oauth_timestamp")
_GAP = "\0"
# A name and a value, with or without the sign between them, one of which may be empty.
_PAIR = re.compile(rb"(?=[^&])([^&=]*)=?([^&]*)")
# How oauthlib makes the signatures that are made here; whatever is registered instead is asked itself.
_HASHES: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (of_oauthlib.sign_hmac_sha1_with_client, hashlib.sha1),
    (of_oauthlib.sign_hmac_sha256_with_client, hashlib.sha256),
    (of_oauthlib.sign_hmac_sha512_with_client, hashlib.sha512),
)
_RSA = (
    of_oauthlib.sign_rsa_sha1_with_client,
    of_oauthlib.sign_rsa_sha256_with_client,
    of_oauthlib.sign_rsa_sha512_with_client,
)
# RFC 2104, section 2.
_IPAD = bytes(byte ^ 0x36 for byte in range(256))
_OPAD = bytes(byte ^ 0x5C for byte in range(256))


def generate_nonce() -> str:
    """Return a new nonce, in digits as oauthlib's: 128 random bits instead of 64 and the time."""
    return str(int.from_bytes(os.urandom(16), "big"))


def escape(text: str) -> str:
    """Percent-encode text as UTF-8: RFC 5849, section 3.6."""
    # A subclass of str may say something else of itself than it is: an Enum does.
    return text if type(text) is str and text.isalnum() and text.isascii() else quote(text, safe="")


def escape_base64(text: str) -> str:
    """Percent-encode base64, which holds little that needs it."""
    return text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


def twice_encoded(text: str) -> bytes:
    """Percent-encode text, and what comes of it once more."""
    return escape(text).replace("%", "%25").encode("ascii")


def pairs_of(form: bytes) -> Iterator[Pair]:
    """Yield the names and values of a form, or of a query, twice encoded.

    Args:
        form: As servers take it: ``+`` is a space, a ``%`` that begins no escape is itself, empty pairs are none.

    Source: RFC 5849, section 3.4.1.3.1.
    """
    if not _CANONICAL.fullmatch(form):
        form = re.sub(_TO_ENCODE, _encoded_anew, form)
    for match in _PAIR.finditer(form):
        name, value = match.groups()
        # No more than one value at a time is there twice: it may be a page's text.
        value = value.replace(b"+", b"%20").replace(b"%", b"%25").replace(b"=", b"%253D")
        yield name.replace(b"+", b"%20").replace(b"%", b"%25"), value


class Surroundings(NamedTuple):
    """All that is signed of a request beside the protocol parameters, as it stands around them in the base string.

    Sorted, the names of the protocol parameters stand together: they alone begin with ``oauth_``.

    Attributes:
        before: What comes before them, with the separator to them.
        after: What comes after them, likewise.
    """

    before: bytes
    after: bytes

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> "Surroundings | None":
        """Return them for a request's own pairs, or None if one of them stands among the protocol parameters."""
        before, after = [], []
        for name, value in sorted(pairs):
            if name < b"oauth_":
                before += [name, b"%3D", value, b"%26"]
            elif not name.startswith(b"oauth_"):
                after += [b"%26", name, b"%3D", value]
            else:
                return None
        return cls(b"".join(before), b"".join(after))


def authorization(escaped: Iterable[tuple[str, str]], realm: str | None) -> str:
    """Return the value of an Authorization header.

    oauthlib's ``prepare_headers`` would drop what a subclass has added under a name of its own and signed.

    Args:
        escaped: Names and values, the signature among them, percent-encoded.
        realm: Sent first, if there is one.

    Source: RFC 5849, section 3.5.1.
    """
    sent = [f'realm="{realm}"'] if realm else []
    return "OAuth " + ", ".join([*sent, *(f'{name}="{value}"' for name, value in escaped)])


class Template:
    """The protocol parameters of one set of credentials, with gaps where the nonce and the timestamp stand.

    Args:
        parameters: Their names, which need no encoding, and values, not encoded, in the order in which they are sent;
            the nonce and the timestamp among them once each, whatever their values.
        realm: Sent first, if there is one.

    Attributes:
        start: How they begin in a base string, up to the nonce.
    """

    def __init__(self, parameters: Iterable[tuple[str, str]], realm: str | None) -> None:
        # What is escaped holds no NUL.
        escaped = [(name, _GAP if name in _CHANGING else escape(value)) for name, value in parameters]
        start, *rest = "&".join(f"{name}={value}" for name, value in sorted(escaped)).split(_GAP)
        self.start = _encoded_again(start).encode("ascii")
        self._rest = [_encoded_again(piece) for piece in rest]
        self._header = authorization([*escaped, ("oauth_signature", _GAP)], realm).split(_GAP)

    def rest(self, nonce: str, timestamp: str) -> bytes:
        """Return how they go on in a base string, from the nonce on.

        Args:
            nonce: Percent-encoded.
            timestamp: Likewise.
        """
        second, third = self._rest
        nonce, timestamp = nonce.replace("%", "%25"), timestamp.replace("%", "%25")
        return f"{nonce}{second}{timestamp}{third}".encode("ascii")

    def header(self, nonce: str, timestamp: str, signature: str) -> str:
        """Return what :func:`authorization` does of them and a signature.

        Args:
            nonce: Percent-encoded.
            timestamp: Likewise.
            signature: Likewise.
        """
        first, second, third, fourth = self._header
        return f"{first}{nonce}{second}{timestamp}{third}{signature}{fourth}"


def base_string(method: str, base_uri: str, pairs: Iterable[Pair]) -> bytes:
    """Return a signature base string.

    Args:
        method: In any case.
        base_uri: The base string URI.
        pairs: All that is signed, protocol parameters included, sorted.

    Source: RFC 5849, sections 3.4.1.1 and 3.4.1.3.2.
    """
    pieces, separator = [start_of_base(method, base_uri)], b""
    for name, value in pairs:
        pieces += (separator, name, b"%3D", value)
        separator = b"%26"
    return b"".join(pieces)


@functools.lru_cache(maxsize=256)
def start_of_base(method: str, base_uri: str) -> bytes:
    """Return the beginning of a signature base string, up to the parameters.

    Args:
        method: In any case.
        base_uri: The base string URI.

    Source: RFC 5849, section 3.4.1.1.
    """
    return f"{escape(method.upper())}&{escape(base_uri)}&".encode("ascii")


class KeyedClient(Client):
    """An oauthlib Client that has its keys at hand: hashes that were fed with the secrets, a parsed RSA key.

    It signs base strings; whatever is no HMAC is signed by oauthlib, whose PyJWT takes a parsed key as well as text.

    Args:
        *args: As oauthlib's.
        **kwargs: Likewise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._method = self.SIGNATURE_METHODS[self.signature_method]
        new_hash = next((new_hash for method, new_hash in _HASHES if method is self._method), None)
        self._begun: Callable[..., Any] | None = None
        if new_hash is not None:
            # RFC 2104, section 4: "the intermediate results of the compression function on the B-byte blocks (K XOR
            # ipad) and (K XOR opad) can be precomputed". The module hmac takes twice as long to copy them.
            secrets = (self.client_secret, self.resource_owner_secret)
            key = "&".join(escape(secret or "") for secret in secrets).encode("ascii")
            size = new_hash().block_size
            key = (key if len(key) <= size else new_hash(key).digest()).ljust(size, b"\0")
            self._outer = new_hash(key.translate(_OPAD))
            begin = functools.partial(_begin, new_hash(key.translate(_IPAD)))
            self._begun = functools.lru_cache(maxsize=8)(begin)
        elif self._method in _RSA:
            algorithms = importlib.import_module("jwt.algorithms")
            self.rsa_key = algorithms.RSAAlgorithm(algorithms.RSAAlgorithm.SHA256).prepare_key(self.rsa_key)

    @property
    def is_hmac(self) -> bool:
        """Whether a signature is the base64 of an HMAC: oauthlib's own, if no other was registered in its place."""
        return self._begun is not None and self.SIGNATURE_METHODS[self.signature_method] is self._method

    def signature(self, *base_string: bytes, start: tuple[bytes, ...] = ()) -> str:
        """Return the signature of a base string; for PLAINTEXT the secrets.

        Args:
            *base_string: It, or its pieces in order, or those after its start: large ones are not copied.
            start: Short pieces with which many requests begin: they are hashed once.

        Source: RFC 5849, sections 3.4.2 to 3.4.4.
        """
        method = self.SIGNATURE_METHODS[self.signature_method]
        if self._begun is None or method is not self._method:
            return str(method(b"".join((*start, *base_string)).decode("ascii"), self))
        inner, outer = self._begun(*start).copy(), self._outer.copy()
        for piece in base_string:
            inner.update(piece)
        outer.update(inner.digest())
        return binascii.b2a_base64(outer.digest(), newline=False).decode("ascii")


def _begin(inner: Any, *pieces: bytes) -> Any:
    inner = inner.copy()
    for piece in pieces:
        inner.update(piece)
    return inner


def _encoded_again(parameters: str) -> str:
    return parameters.replace("%", "%25").replace("=", "%3D").replace("&", "%26")


def _encoded_anew(match: re.Match[bytes]) -> bytes:
    return quote(unquote_to_bytes(match[0]), safe="").encode("ascii")
