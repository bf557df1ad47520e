"""The hash of a body that isn't a form: OAuth Request Body Hash 1.0, draft 4 (also draft-eaton-oauth-bodyhash-00).

A signature covers no body except a form. With this extension it covers the hash of any other body, as the protocol
parameter ``oauth_body_hash``. Mastercard requires it. The outcomes of LTI (Canvas, Moodle) require it too.
"""

import binascii
import hashlib
from collections.abc import Iterator
from typing import Any

from ..errors import SigningError
from .request import SignableRequest, is_file

PARAMETER = "oauth_body_hash"
# Section 3.1: the signature method determines the hash, and the two methods of OAuth Core 1.0 have SHA-1. PLAINTEXT has
# none, because it doesn't protect the hash either. For the newer methods, Mastercard uses their own hash.
_HASHES = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}
_CHUNK = 1 << 16


def hash_name(signature_method: str) -> str | None:
    """Return hashlib's name for the hash of a signature method, or None if the method has none."""
    return _HASHES.get(signature_method.rpartition("-")[2])


def hash_of_body(request: SignableRequest, name: str) -> str:
    """Return the hash of a request's body. A file is read from its position, and is left at that position.

    Args:
        request: The request.
        name: hashlib's name for the hash.

    Raises:
        SigningError: The body can be read only once, or it isn't clear which bytes will be sent.
    """
    # Section 3.2: "The body hash value is calculated by executing the selected hash algorithm over the request body.
    # [...] If the request does not have an entity body, the hash should be taken over the empty string."
    new = hashlib.new(name)
    try:
        for piece in _pieces(request.body):
            new.update(piece.encode("ascii") if isinstance(piece, str) else piece)
    except UnicodeEncodeError:
        # http.client would send such text as Latin-1, and httpx as UTF-8.
        raise SigningError(
            "the body has to be hashed, and it is text with letters beyond ASCII; encode it, for example with"
            " body.encode('utf-8')"
        ) from None
    except (TypeError, BufferError):
        raise SigningError("the body has to be hashed, so it must be bytes, ASCII text or a file of them") from None
    # "The calculated body hash value is encoded using Base64".
    return binascii.b2a_base64(new.digest(), newline=False).decode("ascii")


def _pieces(body: Any) -> Iterator[Any]:
    if is_file(body):
        yield from _pieces_of_file(body)
    elif isinstance(body, Iterator):
        raise _read_once()
    elif isinstance(body, list | tuple):
        yield from body
    elif body is not None:
        yield body


def _pieces_of_file(file: Any) -> Iterator[Any]:
    try:
        start = file.tell()
        file.seek(start)
    except Exception:  # A pipe, a socket or a wrapper of one raises various errors.
        raise _read_once() from None
    while piece := file.read(_CHUNK):
        yield piece
    file.seek(start)


def _read_once() -> SigningError:
    return SigningError(
        "the body has to be hashed before it is sent, and it can be read only once; read it into bytes or a temporary"
        " file first"
    )
