"""The exit codes of the command line, its messages, its colors, and its questions at the terminal."""

import errno
import getpass
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from .._refusals import quoting
from ..errors import CredentialsError, OAuthError

PROGRAM = "httplib2-oauth"
OK, FAILED, MISUSED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
GREEN, RED = 32, 31  # Parameters of the escape sequence "Select Graphic Rendition" (ECMA-48).


class MisusedError(OAuthError):
    """An argument has an invalid value, which is found out after the arguments are parsed."""


class NotLoggedInError(OAuthError):
    """A host has no credentials, or the wiki treats the request as anonymous."""


class OutputError(OAuthError):
    """Standard output can't be written."""


def flush_output(consequence: str = "") -> None:
    """Write what is printed so far.

    Args:
        consequence: What the user must know in addition if that fails.

    Raises:
        OutputError: It can't be written, for example because the disk is full.
        BrokenPipeError: The reader has closed it.
    """
    with writing_output(consequence):
        print(end="", flush=True)


@contextmanager
def writing_output(consequence: str = "") -> Iterator[None]:
    """Turn an OSError in a block that prints into an OutputError, as :func:`flush_output` does."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if os.name == "nt" and error.errno == errno.EINVAL:
            raise BrokenPipeError from None  # Windows reports by EINVAL that the reader has closed the pipe.
        problem = f"standard output can't be written: {error.strerror or type(error).__name__}"
        raise OutputError(f"{problem}{consequence}") from None


def printable(text: str) -> str:
    """Return text from a server with U+FFFD for each unprintable character, so that it can't control the terminal."""
    return quoting.printable(text, "\ufffd")


def print_message(message: str) -> None:
    """Print a message to standard error, in one line after the program's name."""
    print(f"{PROGRAM}: {printable(' '.join(message.split()))}", file=sys.stderr)


def fail(message: str, exit_code: int = FAILED) -> int:
    """Print an error message and return the exit code."""
    print_message(message)
    return exit_code


def colored(text: str, color: int, stream: TextIO | None) -> str:
    """Return text in a color if the stream is a terminal that shows colors, and otherwise unchanged.

    The environment variable ``NO_COLOR`` turns colors off.
    """
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return text if is_plain or not _is_terminal(stream) else f"\x1b[{color}m{text}\x1b[0m"


@contextmanager
def showing_progress(activity: str) -> Iterator[None]:
    """Show what the program does while the block runs, on standard error. Show it only on a terminal."""
    if not _is_terminal(sys.stderr):
        yield
        return
    width = shutil.get_terminal_size().columns - 1
    # A longer line would wrap, and only its last part would be removed.
    line = printable(f"{activity} ...")[:width]
    print(line, end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(f"\r{' ' * len(line)}\r", end="", file=sys.stderr, flush=True)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def reason_of(error: OSError) -> str:
    """Return the reason of an OSError as the end of a sentence."""
    if error.errno == errno.EADDRINUSE:  # Windows describes it in another way.
        return "address already in use"
    reason = error.strerror or type(error).__name__
    return reason[0].lower() + reason[1:]


def fail_without_extra(command: str, extra: str, error: ImportError) -> int:
    """Print which extra the command needs, and return the exit code."""
    return fail(f"{command} needs an extra ({error.name} is missing): pip install 'httplib2-oauthlib[{extra}]'")


def ask(prompt: str, alternative: str, is_secret: bool = False) -> str:
    """Ask for a value at the terminal.

    Args:
        prompt: What to ask for.
        alternative: Advice for the error message: what to do without a terminal.
        is_secret: Whether to hide the value while it is typed.

    Raises:
        CredentialsError: Standard input isn't a terminal, or nothing was entered.
    """
    if not sys.stdin.isatty():
        raise CredentialsError(f"can't ask without a terminal ({prompt}): {alternative}")
    if is_secret:
        value = getpass.getpass(f"{prompt}: ")
    else:
        print(f"{prompt}: ", end="", file=sys.stderr, flush=True)
        value = sys.stdin.readline()
    if not value.strip():
        raise CredentialsError(f"nothing was entered: {prompt}")
    return value.strip()
