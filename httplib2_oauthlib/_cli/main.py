"""The command line: ``python -m httplib2_oauthlib``, installed as ``httplib2-oauth``."""

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from http.client import HTTPException

import httplib2

from .._http.lost_responses import is_undecodable
from ..errors import HandshakeError, OAuthError, RefusedError, ResponseLostError
from .parser import parse_arguments
from .terminal import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    OK,
    REFUSED,
    MisusedError,
    NotLoggedInError,
    OutputError,
    fail,
    flush_output,
)

# Python doesn't name the file if the disk is full. No connection raises these.
_DISK_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# The errors that are reported in one line. Any other one is a fault of this package, and prints a traceback.
_EXPECTED = (OAuthError, httplib2.HttpLib2Error, HTTPException, OSError, ValueError, OverflowError)

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "OK", "REFUSED", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program's name. None means those of this process.

    Returns:
        The exit code: 0 if the command succeeded, 1 if it failed, 2 for wrong arguments, 3 if the wiki refused the
        credentials or there are none, 130 if the user interrupted the command.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal's encoding lacks is printed as an escape sequence instead of raising.
            stream.reconfigure(errors="backslashreplace")
    arguments = argparse.Namespace()
    try:
        arguments = _parse(argv)
        code = int(arguments.run(arguments))
        flush_output()
        return code
    except BrokenPipeError:
        # The reader of the output has closed it, as "... | head" does.
        _discard_output()
        return FAILED
    except KeyboardInterrupt:
        return fail("interrupted", INTERRUPTED)
    except Exception as error:
        if isinstance(error, OutputError) or _is_full_disk(error):
            _discard_output()
        if isinstance(error, EOFError) and not is_undecodable(error):  # The user has closed the input.
            return fail("interrupted", INTERRUPTED)
        if not isinstance(error, _EXPECTED) and not is_undecodable(error):
            raise
        return fail(_message_of(error, arguments), _exit_code_of(error))


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed arguments, as :func:`parse_arguments` does.

    Raises:
        OutputError: The arguments ask for help or the version, which can't be written.
    """
    try:
        return parse_arguments(argv)
    except SystemExit:
        flush_output()
        raise


def _discard_output() -> None:
    """Redirect standard output, because Python flushes it at exit and would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_code_of(error: Exception) -> int:
    if isinstance(error, MisusedError):
        return MISUSED
    # After a ResponseLostError, exit code 3 would suggest logging in and sending the request again, which may repeat an
    # action that the server has already performed. The credentials weren't refused.
    if isinstance(error, RefusedError | NotLoggedInError) and not isinstance(error, ResponseLostError):
        return REFUSED
    if isinstance(error, HandshakeError) and error.reason not in ("answer", "callback", "other"):
        return REFUSED
    return FAILED


def _is_full_disk(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _DISK_ERRNOS and error.filename is None


def _message_of(error: Exception, arguments: argparse.Namespace) -> str:
    """Return the error message to print, with the name of the server where the error lacks it."""
    server = getattr(arguments, "wiki", getattr(arguments, "uri", "the server")).partition("?")[0]
    # The messages of timeouts from sockets and TLS don't name the server.
    if isinstance(error, TimeoutError) and error.errno is None and str(error).endswith("timed out"):
        return f"no response from {server} within {arguments.timeout:g} seconds"
    if is_undecodable(error):
        return f"{server} sent a response that can't be decompressed ({type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        unnamed = "standard output can't be written" if _is_full_disk(error) else f"no response from {server}"
        return f"{error.filename or unnamed}: {error.strerror}"
    if isinstance(error, HTTPException):
        return f"{server} sent an invalid or incomplete HTTP response ({type(error).__name__})"
    if isinstance(error, UnicodeError):
        return f"can't send the request to {server}: the host is invalid, or a header isn't in Latin-1"
    return str(error) or type(error).__name__
