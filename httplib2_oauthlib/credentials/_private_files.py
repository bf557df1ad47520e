"""Files with secrets: reading them only if other users have no access, and replacing them safely."""

import glob
import os
import re
import shlex
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from ..errors import CredentialsError

# Readers have the file open for less than a millisecond. A second is more than all of them need.
_REPLACEMENTS, _PAUSE = 50, 0.02  # Attempts, and seconds between two of them.


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
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            content = file.read() if stat.S_ISREG(status.st_mode) else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(f"{path} can't be read: {error.strerror or type(error).__name__}") from None
    if content is None:
        raise CredentialsError(f"{path} can't be read: it isn't a regular file; pass the path of a file")
    name = shlex.quote(str(path))
    if os.name != "nt" and status.st_uid not in (os.geteuid(), 0):
        fix = f"chown {os.geteuid()} {name} && chmod 600 {name}"
        raise CredentialsError(f"{path} belongs to another user; if you trust its content, run: {fix}")
    if os.name != "nt" and status.st_mode & forbidden_mode:
        raise CredentialsError(f"other users have access to {path}; fix it with: chmod 600 {name}")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file. A pipe would make the program wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def has_leftovers(path: Path) -> bool:
    """Whether a writer that was killed has left a temporary file, or a writer is at work."""
    return bool(_temporary_files(path))


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files of writers that were killed. They hold the secrets that were to be written.

    The caller must hold the lock of the file, so that no other writer has a temporary file now.
    """
    for leftover in _temporary_files(path):
        leftover.unlink(missing_ok=True)


def _temporary_files(path: Path) -> list[Path]:
    name = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.tmp")  # As mkstemp() makes it.
    found = path.parent.glob(f".{glob.escape(path.name)}.*.tmp")
    return [each for each in found if name.fullmatch(each.name)]


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file with a private one. After an interruption, either the old file or the new one is there.

    The temporary file of a process that is killed stays, until :func:`remove_leftovers`.
    """
    # mkstemp creates the file with O_EXCL and mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _replace(Path(name), path)
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


def _replace(source: Path, target: Path) -> None:
    """Move a file to the place of another one. Windows refuses that for the moment in which a reader has it open."""
    for _ in range(_REPLACEMENTS if os.name == "nt" else 0):
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(_PAUSE)
    source.replace(target)
