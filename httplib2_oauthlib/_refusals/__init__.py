"""Refusals: recognize a server's refusal of OAuth, and advise what to do about it.

:func:`may_refuse` excludes nearly every response at once. So most programs never load the modules that read refusals.
"""

from collections.abc import Mapping

#: The statuses of refusals. A response with another status of an error may come after the server has acted.
REFUSAL_STATUSES = ("400", "401", "403")
# The first bytes of refusals that neither the status nor a header identifies.
_BODY_PREFIXES = (b"Error: ", b'{"error":"')


def may_refuse(response: Mapping[str, str], content: object) -> bool:
    """Whether a response may refuse the OAuth part of a request.

    Args:
        response: Header names in lower case, the status under ``status``.
        content: The body, decompressed. A framework's own Http may return a str or a stream. Then only the headers
            count.
    """
    return (
        response.get("status") in REFUSAL_STATUSES
        or "mediawiki-api-error" in response
        or (isinstance(content, bytes) and content.startswith(_BODY_PREFIXES))
    )
