"""Print a response, and the error in it if there is one."""

import os
import sys

import httplib2

from .. import mediawiki
from ..errors import RefusedError
from .api_errors import read_api_error
from .terminal import OK, fail, writing_output

_LOWEST_ERROR_STATUS = 400


def print_response(response: httplib2.Response, content: bytes, include_headers: bool) -> int:
    """Print a response, then what is wrong with it, and return the exit code.

    Args:
        response: The response.
        content: The response's body. The bytes are written unchanged. A terminal doesn't get the HTML page of a
            refusal, because the error message has the same content in one line.
        include_headers: Whether to print status and headers before the body.

    Raises:
        OutputError: Standard output can't be written.
        RefusedError: The server refused the OAuth part of the request. The response is already printed.
    """
    refusal = _refusal_in(response, content)
    if refusal is not None and _is_html(content) and sys.stdout is not None and sys.stdout.isatty():
        content = b""
    # A user who reads only "no space left" may send the request again.
    answered = f". The request was sent, and the server responded with status {response.status}"
    with writing_output(answered):
        if include_headers:
            lines = [
                f"HTTP {response.status} {response.reason}",
                *(f"{name}: {value}" for name, value in response.items()),
            ]
            print("\n".join(lines), end="\n\n")
        if sys.stdout is not None:  # The shell may have closed it, as ">&-" does.
            sys.stdout.flush()
            # The bytes are written as they were received, without conversion to the terminal's encoding.
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
    api_error = read_api_error(response, content)
    if refusal is None and api_error is None and response.status < _LOWEST_ERROR_STATUS:
        return OK
    if content and not content.endswith(b"\n") and _errors_follow_output():
        print(file=sys.stderr)
    if refusal is not None:
        raise refusal
    return fail(str(api_error) if api_error else f"the server responded with status {response.status}")


def _refusal_in(response: httplib2.Response, content: bytes) -> RefusedError | None:
    try:
        mediawiki.check(response, content)
    except RefusedError as error:
        return error
    return None


def _is_html(content: bytes) -> bool:
    return content[:100].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _errors_follow_output() -> bool:
    """Return whether an error message appears right behind the body: on the same terminal, or in the same file."""
    try:
        output, errors = sys.stdout.fileno(), sys.stderr.fileno()
        return (os.isatty(output) and os.isatty(errors)) or os.path.samestat(os.fstat(output), os.fstat(errors))
    except (AttributeError, OSError, ValueError):  # A stream is closed, or was replaced by one that isn't a file.
        return False
