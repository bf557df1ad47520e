"""Requests that the caller authorizes: by an Authorization header, or by a signature in the query or in the form."""

from typing import Any
from urllib.parse import unquote_plus

from .._signing.oauth1 import OAuth1
from .._signing.request import FORM

#: The scheme of a request that is signed already.
OAUTH = "oauth"
# The schemes by which a user logs in to a site. A signature in the query or in the form can be sent beside them. With
# any other scheme (OAuth, Bearer), the header authorizes the same access that a signature would.
_SCHEMES_OF_SITES = ("basic", "digest", "hmacdigest", "wsse", "negotiate", "ntlm")


def scheme_of_request(uri: str | None, body: Any, headers: Any) -> str | None:
    """Return the scheme by which a request is authorized already: of its Authorization or signature. Else None.

    Args:
        uri: The URI or the request target. None if it is unknown.
        body: The body.
        headers: The headers, of any type that httplib2 accepts.
    """
    if uri is not None and "oauth" in uri and _has_signature(uri.partition("#")[0].partition("?")[2]):
        return OAUTH
    if body is not None and is_signed_form(body, headers):
        return OAUTH
    return own_scheme(headers) if headers else None


def own_scheme(headers: Any) -> str | None:
    """Return the scheme of the Authorization in headers of any type that httplib2 accepts, or None without one.

    Returns:
        In lower case; empty if the header is.
    """
    value = _header(headers, ("authorization", b"authorization"))
    return None if value is None else value.strip().partition(" ")[0].lower()


def prevents_signature(scheme: str | None, oauth: OAuth1) -> bool:
    """Whether a request with an Authorization of this scheme must be sent as it is."""
    return scheme is not None and (oauth.signature_type == "AUTH_HEADER" or scheme not in _SCHEMES_OF_SITES)


def is_signed_form(body: Any, headers: Any) -> bool:
    """Whether a body is a form that contains a signature. A body that isn't a str or bytes isn't read."""
    text = body.decode("latin-1") if isinstance(body, bytes) else body
    if not isinstance(text, str) or "oauth" not in text:
        return False
    content_type = _header(headers, ("content-type", b"content-type")) or ""
    return content_type.partition(";")[0].strip().lower() == FORM and _has_signature(text)


def _header(headers: Any, names: tuple[str, bytes]) -> str | None:
    """Return the value of the first header with this name, as str and as bytes, or None if there is none."""
    if not headers or not hasattr(headers, "items"):
        return None
    for name, value in headers.items():
        if name.lower() in names:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return None


def _has_signature(parameters: str) -> bool:
    return any(unquote_plus(pair.partition("=")[0]) == "oauth_signature" for pair in parameters.split("&"))
