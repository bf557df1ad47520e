"""The values of ``http.oauth``: what it may be set to, and which credentials it selects for a URI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from oauthlib.oauth1 import Client

from .._signing.convert import converted
from .._signing.hosts import patterns
from .._signing.oauth1 import OAuth1
from .origin import Origin

#: One OAuth1 for every request, a mapping of host patterns, a function of a URI, or None. A mapping and a function may
#: also give credentials of another library, which are converted each time that they are used.
Signers: TypeAlias = OAuth1 | Mapping[str, Any] | Callable[[str], Any] | None
#: The values that ``oauth`` can be set to: credentials of another library are converted at once. (To a type checker,
#: those of requests-oauthlib are a function.)
SignersLike: TypeAlias = Signers | Client | tuple[Any, Any]


@dataclass(frozen=True, slots=True, repr=False)
class RestrictedSigners:
    """Credentials for some URIs only: a function of a URI that is as strict on redirects as what it restricts.

    Any other function names its hosts. This one knows whether the credentials are one OAuth1, which names none.

    Attributes:
        oauth: An OAuth1, a mapping or a function.
        is_signed: Whether a URI is signed at all. It can be pickled if it is a function of a module.
    """

    oauth: Signers
    is_signed: Callable[[str], bool]

    def __call__(self, uri: str) -> OAuth1 | None:
        """Return the credentials for a URI, or None."""
        return resolve(self.oauth, uri) if self.is_signed(uri) else None


def accepted(oauth: SignersLike) -> Signers:
    """Return the value as it is stored: one set of credentials as an OAuth1, a mapping or a function unchanged.

    Raises:
        TypeError: The value can't select credentials.
    """
    if oauth is None or isinstance(oauth, OAuth1):
        return oauth
    for value in oauth.values() if isinstance(oauth, Mapping) else ():
        if value is not None and converted(value) is None:
            raise _unusable(value)
    # The credentials of requests-oauthlib are callable, but they aren't a function of a URI.
    signer = converted(oauth)
    if signer is not None:
        return signer
    if isinstance(oauth, Mapping) or callable(oauth):
        return oauth
    raise _unusable(oauth)


def _unusable(value: object) -> TypeError:
    # Only the type is named, since the value may be a tuple of secrets.
    return TypeError(
        "oauth must be an OAuth1, a mapping of host pattern to OAuth1, a function of a URI or None, not"
        f" {type(value).__name__}; create one with OAuth1(client_key, client_secret, token, token_secret)"
    )


def names_hosts(oauth: Signers) -> bool:
    """Whether ``oauth`` names the hosts that it is for. One OAuth1 names none, restricted or not."""
    while isinstance(oauth, RestrictedSigners):
        oauth = oauth.oauth
    return oauth is not None and not isinstance(oauth, OAuth1)


def resolve(oauth: Signers, uri: str) -> OAuth1 | None:
    """Return the credentials that ``oauth`` selects for a URI, or None.

    Raises:
        TypeError: A mapping or a function returned something other than an OAuth1 or None.
    """
    if oauth is None or isinstance(oauth, OAuth1):
        return oauth
    origin = Origin.of(uri)
    if origin is None:
        return None
    found = _lookup(oauth, origin) if isinstance(oauth, Mapping) else oauth(uri)
    signer = converted(found)
    if signer is None and found is not None:
        # Only the type is named, since the value may be a tuple of secrets.
        raise TypeError(f"oauth returned a {type(found).__name__} for {origin.host}; it must return an OAuth1 or None")
    return signer


def _lookup(oauth: Mapping[str, Any], origin: Origin) -> Any:
    by_pattern = {pattern.lower(): value for pattern, value in oauth.items()}
    found = (pattern for pattern in patterns(origin.host, str(origin.port)) if pattern in by_pattern)
    pattern = next(found, None)
    return None if pattern is None else by_pattern[pattern]
