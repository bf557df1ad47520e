"""Responses in which a server refuses the OAuth part of a request: the refusal, and the error for it.

The modules that read refusals are imported here when they are needed. Most programs never need them.
"""

from typing import TYPE_CHECKING

import httplib2

from ..errors import RefusedError

if TYPE_CHECKING:
    from .._refusals.refusals import Refusal


def refusal_in(response: httplib2.Response, content: bytes, uri: str) -> "Refusal | None":
    """Return the refusal in a response, or None. The text of a body alone isn't a refusal.

    Args:
        response: A response for which :func:`.may_refuse` returns True.
        content: Its body.
        uri: The URI of the request.
    """
    from .._refusals.refusals import is_confirmed, read_refusal  # noqa: PLC0415

    refusal = read_refusal(response, content)
    return refusal if refusal is not None and is_confirmed(response, uri) else None


def refused(refusal: "Refusal", response: httplib2.Response, content: bytes) -> RefusedError:
    """Return the error for a refusal.

    Args:
        refusal: The refusal.
        response: The response that it was read from.
        content: The body of the response.
    """
    from .._refusals.advice import describe  # noqa: PLC0415

    return RefusedError(refusal.reason, f"the server refused: {describe(refusal)}", response, content)
