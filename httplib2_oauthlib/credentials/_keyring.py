"""Credentials in the system's keyring."""

import importlib
import json
from contextlib import suppress
from typing import Any

from .._signing.oauth1 import OAuth1
from ..errors import CredentialsError
from ._entries import STORED_ARGUMENTS, matching_patterns, normalize_host, to_arguments, to_oauth1
from ._file import FileStore

_SERVICE = "httplib2-oauthlib"
# keyring recommends backends of this priority or a higher one. The others are files that other users can read.
_RECOMMENDED_PRIORITY = 1
# The backends that store nothing (fail, null) have a lower priority than this.
_LOWEST_PRIORITY = 0.1


class KeyringStore:
    """Credentials in the system's keyring, or in a file if no keyring is available.

    The keyring needs an extra, ``pip install 'httplib2-oauthlib[keyring]'``. Without it, the file is used. The entries
    of a keyring can't be listed, so this class has no ``load()``. Pass single hosts instead:
    ``OAuth1Http(oauth={host: KeyringStore().get(host)})``.

    Args:
        fallback: The file. None means the default file of :class:`FileStore`.
    """

    def __init__(self, fallback: FileStore | None = None) -> None:
        self.fallback = FileStore() if fallback is None else fallback

    def get(self, host: str) -> OAuth1 | None:
        """Return the credentials for a host, or None.

        Patterns match as in :meth:`FileStore.get`. For each pattern, an entry in the keyring precedes one in the file.

        Raises:
            CredentialsError: The entry in the keyring can't be parsed, or :meth:`FileStore.get` raises it.
        """
        backend, file_entries = _keyring(), None
        for pattern in matching_patterns(normalize_host(host)):
            text = None
            try:
                text = backend and backend.get_password(_SERVICE, pattern)
            except Exception:
                # A locked keyring would ask the user for its password for each pattern. It is not used again.
                backend = None
            if text is not None:
                return _parse_entry(text, f"{_describe(backend)}, {pattern}")
            file_entries = self.fallback.load() if file_entries is None else file_entries
            if pattern in file_entries:
                return file_entries[pattern]
        return None

    def places(self) -> list[str]:
        """Return where :meth:`get` looks: a description of the keyring, if there is one, and the path of the file."""
        backend = _keyring()
        return [*([] if backend is None else [_describe(backend)]), str(self.fallback.path)]

    def save(self, host: str, oauth: OAuth1) -> str:
        """Store the credentials for a host in the keyring, or else in the file, and replace the old ones.

        Args:
            host: As for :meth:`FileStore.save`.
            oauth: As for :meth:`FileStore.save`.

        Returns:
            The place of the credentials: a description of the keyring, or the path of the file.

        Raises:
            CredentialsError: :meth:`FileStore.save` raises it, or an older entry for the host can't be removed from the
                file.
        """
        host, backend, text, is_stored = normalize_host(host), _keyring(), json.dumps(to_arguments(oauth)), False
        # Backends raise other errors than KeyringError too: the one of Windows does so for a long RSA key.
        with suppress(Exception):
            if backend is not None:
                backend.set_password(_SERVICE, host, text)
                # keyring's ChainerBackend raises no error if none of its keyrings has stored the entry.
                is_stored = backend.get_password(_SERVICE, host) == text
        if is_stored:
            self.fallback.delete(host)
            return _describe(backend)
        path = self.fallback.save(host, oauth)
        # An older entry in the keyring would take precedence over the one in the file.
        with suppress(Exception):
            if backend is not None:
                backend.delete_password(_SERVICE, host)
        return path

    def delete(self, host: str) -> bool:
        """Remove the credentials for a host from the keyring and from the file. Return whether there were any.

        Raises:
            CredentialsError: :meth:`FileStore.delete` raises it, or the keyring does not delete its entry.
        """
        host, backend, text = normalize_host(host), _keyring(), None
        with suppress(Exception):
            text = backend and backend.get_password(_SERVICE, host)
        was_in_file = self.fallback.delete(host)
        if text is None:
            return was_in_file
        with suppress(Exception):
            backend.delete_password(_SERVICE, host)
            return True
        raise CredentialsError(f"{_describe(backend)} did not delete its entry for {host}; delete it there")


def _keyring() -> Any:
    """Return the backend of keyring, or None if there is none that protects secrets better than the private file does.

    A backend with a low priority is used only if the user has configured it.
    """
    try:
        core = importlib.import_module("keyring").core
        backend, is_configured = core.get_keyring(), core.load_env() or core.load_config()
        return backend if backend.priority >= (_LOWEST_PRIORITY if is_configured else _RECOMMENDED_PRIORITY) else None
    except Exception:
        # keyring isn't installed, or its configuration names a backend that does not exist.
        return None


def _describe(backend: Any) -> str:
    return f"the system keyring ({backend.name})"


def _parse_entry(text: str, place: str) -> OAuth1:
    values = None
    with suppress(ValueError):
        values = json.loads(text)
    if (
        isinstance(values, dict)
        and values.keys() <= STORED_ARGUMENTS.keys()
        and all(isinstance(value, str) for value in values.values())
    ):
        return to_oauth1(values, place)
    raise CredentialsError(f"{place}: this entry was not written by this package; delete it")
