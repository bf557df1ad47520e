"""Credentials in a private file."""

import configparser
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._signing.oauth1 import OAuth1
from ..errors import CredentialsError
from ._entries import matching_patterns, normalize_host, to_arguments, to_oauth1
from ._ini import edit_section, parse_sections
from ._private_files import has_leftovers, read_private_file, remove_leftovers, replace_file

_ACCESSIBLE_TO_OTHERS = 0o077


class FileStore:
    """Credentials in a private file: an INI file with one section per host.

    ::

        [*.wikipedia.org]
        client_key = ...
        client_secret = ...
        resource_owner_key = ...
        resource_owner_secret = ...

    ``OAuth1Http(oauth=FileStore().load())`` signs with them. The keys are the arguments of ``OAuth1``. A value is read
    as it is written, or as JSON if it begins with a double quote. Users may edit the file: a change of one section
    leaves everything else as it is, comments included. Writers in other threads and processes wait for each other.

    Args:
        path: The file. None means ``httplib2-oauthlib/credentials.ini`` in the system's directory for the configuration
            of users, which is ``~/.config`` on Linux.
        timeout: Seconds to wait for another writer.

    Attributes:
        path: The file. If it is a symbolic link, its target is read and replaced.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, timeout: float = 10.0) -> None:
        if path is None:
            from platformdirs import user_config_path  # noqa: PLC0415 (only the default needs it)

            path = user_config_path("httplib2-oauthlib", appauthor=False) / "credentials.ini"
        self.path = Path(path).expanduser()
        self.timeout = timeout

    def load(self) -> dict[str, OAuth1]:
        """Return all credentials in the file.

        Returns:
            Host pattern to credentials, for ``OAuth1Http(oauth=...)``. Empty if the file doesn't exist.

        Raises:
            CredentialsError: The file can't be read or parsed, or isn't private. The message contains the line or the
                section, or the command that fixes the file's mode.
        """
        sections = parse_sections(self._read(), self.path)
        return {host: to_oauth1(values, f"{self.path}, [{host}]") for host, values in sections.items()}

    def get(self, host: str) -> OAuth1 | None:
        """Return the credentials for a host, or None. The same section is used as for a request of ``OAuth1Http``.

        Args:
            host: For ``en.wikipedia.org``, the section of this name is used, or else ``[*.wikipedia.org]``, ``[*.org]``
                or ``[*]``. If the host has a port, each of them with this port precedes the same one without it.

        Raises:
            CredentialsError: The host is invalid, or :meth:`load` raises it.
        """
        found = self.load()
        return next((found[pattern] for pattern in matching_patterns(normalize_host(host)) if pattern in found), None)

    def save(self, host: str, oauth: OAuth1) -> str:
        """Store the credentials for a host, and replace the old ones.

        Args:
            host: A host or a pattern of hosts, with or without a port.
            oauth: The credentials. Their ``callback_uri``, their ``verifier`` and the attributes of a subclass are not
                stored.

        Returns:
            The path of the file.

        Raises:
            CredentialsError: The host is invalid, or the file can't be read, parsed or written, or isn't private. The
                file is unchanged.
        """
        self._change(normalize_host(host), to_arguments(oauth))
        return str(self.path)

    def delete(self, host: str) -> bool:
        """Remove the section of a host, and return whether there was one. Patterns that match the host stay.

        Raises:
            CredentialsError: :meth:`save` would raise it too.
        """
        host = normalize_host(host)
        # These checks are made without the lock, so that no file is created if there is nothing to delete.
        path = Path(os.path.realpath(self.path))
        is_needed = host in parse_sections(self._read(), self.path) or has_leftovers(path)
        return is_needed and self._change(host, None)

    def _read(self) -> str:
        # Bytes that are not UTF-8 are written back as they were. OAuth1 refuses them in a value.
        return (read_private_file(self.path, _ACCESSIBLE_TO_OTHERS) or b"").decode("utf-8", "surrogateescape")

    def _change(self, host: str, values: dict[str, str] | None) -> bool:
        """Change or remove the section of a host, and return whether there was one."""
        path = Path(os.path.realpath(self.path))
        with self._locked(path):
            remove_leftovers(path)
            text = self._read()
            before = parse_sections(text, path)
            if values is None and host not in before:
                return False
            expected = {name: section for name, section in before.items() if name != host}
            if values is not None:
                expected[host] = values
            edited, is_as_expected = text, False
            # The result is parsed before it is written: an edit must not damage other credentials.
            with suppress(CredentialsError, configparser.Error):
                edited = edit_section(text, host, values)
                is_as_expected = parse_sections(edited, path) == expected
            if not is_as_expected:
                raise CredentialsError(f"{path}: [{host}] can't be changed by this program; edit the file by hand")
            if edited != text:
                replace_file(path, edited.encode("utf-8", "surrogateescape"))
        return host in before

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415 (only writers need it)

        try:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            # The system releases the lock when the process ends, however it ends. The lock file stays and is empty.
            with FileLock(f"{path}.lock", mode=0o600).acquire(self.timeout, poll_interval=0.01):
                yield
        except Timeout:
            held = f"another program has held {path}.lock for {self.timeout:g} seconds"
            raise CredentialsError(f"{path} can't be changed: {held}; try again when that program has ended") from None
        except OSError as error:
            raise CredentialsError(f"{path} can't be written: {error.strerror or type(error).__name__}") from None
