"""The error for a response in which a server refuses the OAuth part of a request."""

import httplib2

from .._refusals.refusals import Refusal
from ..errors import RefusedError


def refused(refusal: Refusal, response: httplib2.Response, content: bytes) -> RefusedError:
    """Return the error for a refusal.

    Args:
        refusal: The refusal.
        response: The response that it was read from.
        content: The body of the response.
    """
    # Most programs never need it, and it compiles many patterns.
    from .._refusals.advice import describe  # noqa: PLC0415

    return RefusedError(refusal.reason, f"the server refused: {describe(refusal)}", response, content)
