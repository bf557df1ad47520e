"""The errors for a request that would go out unsigned, or that has, although a signature was selected or required."""

from ..errors import SigningError
from .signers import Signers

FOLLOWS_REDIRECT = "This request follows a redirect. The redirected request was sent."


def not_signed(oauth: Signers, base_uri: str, had_authorization: bool, follows_redirect: bool) -> SigningError:
    """Return the error for a request that ``require_signature`` refuses.

    Args:
        oauth: The value of ``http.oauth``.
        base_uri: The scheme and the authority of the request.
        had_authorization: Whether the caller authorized the call itself, and a redirect has removed that.
        follows_redirect: Whether an earlier request of the same call was sent.
    """
    if had_authorization:
        reason = "a redirect has removed the Authorization of the caller. Ask for the URI to which it leads"
    elif oauth is None:
        reason = "http.oauth is None. Set it to the credentials"
    else:
        reason = f"http.oauth selects no credentials for {base_uri}. Add this host"
    message = f"This Http requires a signature, and {reason}, or set http.require_signature to False."
    return SigningError(f"{message} {FOLLOWS_REDIRECT if follows_redirect else 'Nothing was sent.'}")


def sent_unsigned(base: str) -> SigningError:
    """Return the error for a ``_conn_request`` that has returned a response without ``conn.request()``."""
    return SigningError(
        f"a request to {base} was sent without a signature, or was not sent: the _conn_request() of this Http returned"
        " a response and did not call conn.request(), which signs. Check what the server has done, and use a class"
        " whose _conn_request() calls conn.request()"
    )
