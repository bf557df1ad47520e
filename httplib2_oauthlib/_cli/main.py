"""The command line: ``python -m httplib2_oauthlib``, installed as ``httplib2-oauth``."""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from http.client import HTTPException

import httplib2

from ..errors import HandshakeError, OAuthError, RefusedError, ResponseLostError
from .parser import parse_arguments
from .terminal import FAILED, INTERRUPTED, MISUSED, OK, REFUSED, NotLoggedInError, fail

__all__ = ["FAILED", "INTERRUPTED", "MISUSED", "OK", "REFUSED", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program's name; None means the process's own.

    Returns:
        The exit code: 0 if it went well, 1 if not, 2 if the arguments were wrong, 3 if the wiki refused the
        credentials or there are none, 130 if it was interrupted.
    """
    arguments = parse_arguments(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal can't show is shown escaped, not a reason to stop.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = int(arguments.run(arguments))
        print(end="", flush=True)
        return code
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in "... | head"; Python must not try to flush it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, EOFError):
        message, code = "interrupted", INTERRUPTED
    except ResponseLostError as error:
        # Not a refusal of the credentials: who logs in again and repeats the request may do a thing twice.
        message, code = str(error), FAILED
    except (RefusedError, NotLoggedInError) as error:
        message, code = str(error), REFUSED
    except HandshakeError as error:
        message, code = str(error), FAILED if error.reason in ("answer", "callback", "other") else REFUSED
    except (OAuthError, httplib2.HttpLib2Error, HTTPException, OSError, ValueError, OverflowError) as error:
        message, code = _message_of(error, arguments), FAILED
    return fail(message, code)


def _message_of(error: Exception, arguments: argparse.Namespace) -> str:
    server = getattr(arguments, "wiki", getattr(arguments, "uri", "the server")).partition("?")[0]
    # What sockets and TLS say, and not for whom they waited.
    if isinstance(error, TimeoutError) and error.errno is None and str(error).endswith("timed out"):
        return f"no answer from {server} within {arguments.timeout:g} seconds"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or f'no answer from {server}'}: {error.strerror}"
    if isinstance(error, HTTPException):
        return f"{server} answered with something that is no HTTP, or only half of it ({type(error).__name__})"
    if isinstance(error, UnicodeError):
        return f"{server} can't be asked: its host is none, or a header is not in Latin letters"
    return str(error) or type(error).__name__
