"""Recognize errors of api.php that have nothing to do with OAuth, such as a wrong token or a missing right."""

import json
from typing import Any, NamedTuple

import httplib2

from .._refusals.quoting import plain_line, plain_sentence

#: The code of the error for a request that needs the right to read, from a user or a consumer that doesn't have it.
READ_DENIED = "readapidenied"
_ADVICE = {
    "badtoken": "Get a token with the same credentials (action=query meta=tokens), and pass it unchanged.",
    READ_DENIED: "Either the consumer has no grant to read, or the account may not read this wiki.",
}
# Longer bodies aren't errors. The limit also keeps the program from parsing a large response for nothing.
_MAX_ERROR_BYTES = 100_000


class ApiError(NamedTuple):
    """An error of api.php.

    Attributes:
        code: The error's code, such as ``badtoken``. If there are several, they are joined with ``", "``.
        text: The wiki's message, or an empty str.
    """

    code: str
    text: str

    def __str__(self) -> str:
        message = f"the wiki's API reported the error {plain_line(self.code)}"
        parts = [f"{message}: {plain_sentence(self.text)}" if self.text else f"{message}.", _ADVICE.get(self.code, "")]
        return " ".join(parts).strip()


def read_api_error(response: httplib2.Response, content: bytes) -> ApiError | None:
    """Return the error in a response of api.php, or None if there is none.

    MediaWiki responds to a failed request with status 200. It names the error in a header, which is the same in every
    format. The body is read too, because a proxy may have removed the header.
    """
    errors = _errors_in(content)
    codes = [error["code"] for error in errors]
    header = response.get("mediawiki-api-error", "")
    if not header and not codes:
        return None
    texts = [error.get(name) for error in errors for name in ("info", "text", "html", "*")]
    return ApiError(header or ", ".join(codes), next((text for text in texts if isinstance(text, str) and text), ""))


def _errors_in(content: bytes) -> list[dict[str, Any]]:
    """Return the errors in a JSON body: ``error``, or ``errors`` if the request has an ``errorformat``."""
    if not content.startswith(b"{") or len(content) > _MAX_ERROR_BYTES:
        return []
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return []
    errors = body.get("errors")
    candidates = errors if isinstance(errors, list) else [body.get("error")]
    return [each for each in candidates if isinstance(each, dict) and isinstance(each.get("code"), str)]
