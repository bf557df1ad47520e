"""Files with secrets: reading them only if other users have no access, and replacing them safely."""

import os
import shlex
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import CredentialsError


def read_private_file(path: Path, forbidden_mode: int) -> bytes | None:
    """Return the content of a file that belongs to the user or to the system, or None if it does not exist.

    Args:
        path: The file.
        forbidden_mode: The bits of the mode that give other users too much access.

    Raises:
        CredentialsError: The file can't be read, belongs to another user or has a forbidden mode. The message contains
            the command that fixes it.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(f"{path} can't be read: {error.strerror or type(error).__name__}") from None
    name = shlex.quote(str(path))
    if os.name != "nt" and status.st_uid not in (os.geteuid(), 0):
        fix = f"chown {os.geteuid()} {name} && chmod 600 {name}"
        raise CredentialsError(f"{path} belongs to another user; if you trust its content, run: {fix}")
    if os.name != "nt" and status.st_mode & forbidden_mode:
        raise CredentialsError(f"other users have access to {path}; fix it with: chmod 600 {name}")
    return content


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file with a private one. After an interruption, either the old file or the new one is there."""
    # mkstemp creates the file with O_EXCL and mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    # The entry in the directory should survive a power cut too. Not every system can sync a directory.
    with suppress(OSError):
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
