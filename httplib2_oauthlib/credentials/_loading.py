"""Finds the credentials for a host in the environment, the keyring and the file."""

from .._signing.environment import variable_stem
from .._signing.hosts import normalize_pattern
from .._signing.oauth1 import OAuth1
from ..errors import CredentialsError
from ._keyring import KeyringStore


class NoCredentialsError(CredentialsError):
    """No place has credentials for a host. The command line has an exit code for it."""


def load(host: str, *, prefix: str = "OAUTH", store: KeyringStore | None = None) -> OAuth1:
    """Return the credentials for a host from the environment, the system's keyring or the private file.

    ``OAuth1Http(oauth=load("en.wikipedia.org"))`` signs, or fails before it sends anything. The places are searched in
    the order of the command line: environment variables first, which serve every host, as :meth:`.OAuth1.from_env`
    reads them. Then the keyring and the file, as :meth:`KeyringStore.get` reads them.

    Args:
        host: Such as ``en.wikipedia.org`` or ``127.0.0.1:8080``.
        prefix: The beginning of the names of the environment variables.
        store: The keyring and the file. None means the defaults, where ``httplib2-oauth login`` stores.

    Raises:
        CredentialsError: No place has credentials for the host, or those that were found first can't be used. The
            message contains the places that were searched.
    """
    host, store = normalize_pattern(host), KeyringStore() if store is None else store
    oauth = OAuth1.from_env(prefix) or store.get(host)
    if oauth is None:
        tokens = f"{variable_stem(prefix)}TOKENS"
        places = " and ".join(store.places())
        raise NoCredentialsError(
            f"no credentials for {host}: {tokens} isn't set, and no entry was found in {places}. Run 'httplib2-oauth"
            f" login {host}', or set {tokens}"
        )
    return oauth
