"""Responses in which a server refuses the OAuth part of a request: the refusal, and the error for it.

The modules that read refusals are loaded when they are needed. Most programs never need them.
"""

from typing import TYPE_CHECKING

import httplib2

from ..errors import RefusedError

if TYPE_CHECKING:
    from .._refusals.refusals import Refusal


def load_readers() -> None:
    """Load the modules that read refusals, before a request is sent that isn't safe.

    A module can fail to load, for example because too many files are open. After the request was sent, that would hide
    the response, and the program would not know whether the server has acted.
    """
    from .._refusals import advice, refusals  # noqa: F401, PLC0415


def refusal_in(response: httplib2.Response, content: bytes, uri: str) -> "Refusal | None":
    """Return the refusal in a response, or None. The text of a body alone isn't a refusal.

    Args:
        response: A response for which :func:`.may_refuse` returns True.
        content: Its body.
        uri: The URI of the request.
    """
    from .._refusals.refusals import confirmed_refusal  # noqa: PLC0415

    return confirmed_refusal(response, content, uri)


def refused(refusal: "Refusal", response: httplib2.Response, content: bytes) -> RefusedError:
    """Return the error for a refusal.

    Args:
        refusal: The refusal.
        response: The response that it was read from.
        content: The body of the response.
    """
    from .._refusals.advice import describe  # noqa: PLC0415

    return RefusedError(refusal.reason, f"the server refused: {describe(refusal)}", response, content)
