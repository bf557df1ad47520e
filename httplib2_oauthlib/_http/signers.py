"""The values of ``http.oauth``: what it may be set to, and which credentials it selects for a URI.

A request that requires a signature, and has no credentials, gets its error from here too.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from oauthlib.oauth1 import Client

from .._signing.convert import converted
from .._signing.oauth1 import OAuth1
from ..errors import SigningError
from .origin import Origin
from .signers_by_host import SignersByHost, has_stored_keys

#: One OAuth1 for every request, a mapping of host patterns, a function of a URI, or None. A mapping and a function may
#: also give credentials of another library, which are converted each time that they are used.
Signers: TypeAlias = OAuth1 | Mapping[str, Any] | Callable[[str], Any] | None
#: The values that ``oauth`` can be set to: credentials of another library are converted at once. (To a type checker,
#: those of requests-oauthlib are a function.)
SignersLike: TypeAlias = Signers | Client | tuple[Any, Any]

FOLLOWS_REDIRECT = "This request follows a redirect. The redirected request was sent."


class RestrictedSigners:
    """Credentials for some URIs only: a function of a URI that is as strict on redirects as what it restricts.

    Any other function names its hosts. This one knows whether the credentials are one OAuth1, which names none.

    Attributes:
        oauth: An OAuth1, a mapping or a function.
        is_signed: Whether a URI is signed at all. A function of a module, so that pickles can name it.
    """

    __slots__ = ("is_signed", "oauth")

    def __init__(self, oauth: Signers, is_signed: Callable[[str], bool]) -> None:
        self.oauth = oauth
        self.is_signed = is_signed

    def __call__(self, uri: str) -> OAuth1 | None:
        """Return the credentials for a URI, or None."""
        return resolve(self.oauth, uri) if self.is_signed(uri) else None


class FunctionWithAdded:
    """A function of a URI, and the credentials that a framework has added beside it.

    The function comes first, because the program has set it. Added credentials are for URIs for which it returns None.

    Attributes:
        function: A function, as ``http.oauth`` was set to it.
        added: Host pattern to added credentials.
    """

    __slots__ = ("added", "function")

    def __init__(self, function: Callable[[str], Any], added: Mapping[str, OAuth1]) -> None:
        self.function = function
        self.added = added

    def __call__(self, uri: str) -> Any:
        """Return the credentials for a URI, or None."""
        found = self.function(uri)
        return resolve(self.added, uri) if found is None else found


def accepted(oauth: SignersLike) -> Signers:
    """Return the value as it is stored: one set of credentials as an OAuth1, a function unchanged.

    A mapping is prepared for fast lookups. :func:`given` returns the mapping itself.

    Raises:
        TypeError: The value can't select credentials.
        SigningError: A mapping is empty, or has a key that can match no host.
    """
    if oauth is None or isinstance(oauth, OAuth1):
        return oauth
    if isinstance(oauth, Mapping):
        return _prepared(oauth)
    if isinstance(oauth, SignersByHost):
        _check_not_empty(oauth.oauth)
        return oauth
    # The credentials of requests-oauthlib are callable, but they aren't a function of a URI.
    signer = converted(oauth)
    if signer is not None:
        return signer
    # OAuth1.from_env without its parentheses would take the URI for a prefix, and return None.
    owner = getattr(oauth, "__self__", None)
    is_of_oauth1 = isinstance(owner, OAuth1) or (isinstance(owner, type) and issubclass(owner, OAuth1))
    if callable(oauth) and not isinstance(oauth, type) and not is_of_oauth1:
        return oauth
    raise _unusable(oauth)


def given(signers: Signers) -> Signers:
    """Return the value that the program gave, from the value that is stored."""
    return signers.oauth if isinstance(signers, SignersByHost) else signers


def signers_of(http: Any) -> Signers:
    """Return the value of ``http.oauth`` as :func:`accepted` returns it."""
    # A program may have replaced the property that checks by a value, or by another property.
    signers: Signers = http._oauth if isinstance(type(http).oauth, CheckedProperty) else accepted(http.oauth)
    return signers


if TYPE_CHECKING:
    CheckedProperty = property  # mypy knows no other.
else:

    class CheckedProperty(property):
        """A property whose setter has checked the value."""


def is_credentials(value: object) -> bool:
    """Whether a value is what ``oauth=`` takes, except a function, which may be anything."""
    if isinstance(value, Mapping):
        return any(isinstance(each, OAuth1) for each in value.values())
    is_class = isinstance(value, type) and issubclass(value, OAuth1)
    try:
        return is_class or (value is not None and converted(value) is not None)
    except (TypeError, SigningError):  # They are of another library, and can't be used.
        return True


def _prepared(oauth: Mapping[str, Any]) -> SignersByHost:
    for value in oauth.values():
        if value is not None and converted(value) is None:
            raise _unusable(value)
    _check_not_empty(oauth)
    signers = SignersByHost(oauth)
    signers.prepare()
    return signers


def _check_not_empty(oauth: Mapping[str, Any]) -> None:
    if not oauth and has_stored_keys(oauth):
        raise SigningError(
            "oauth is an empty mapping, so that nothing would be signed. Check where the credentials come from, or set"
            " oauth to None to log out"
        )


def _unusable(value: object) -> TypeError:
    # Only the type is named, since the value may be a tuple of secrets.
    kind = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
    return TypeError(
        "oauth must be an OAuth1, a mapping of host pattern to OAuth1, a function of a URI or None, not"
        f" {kind}; create one with OAuth1(client_key, client_secret, token, token_secret)"
    )


def names_hosts(oauth: Signers) -> bool:
    """Whether ``oauth`` names the hosts that it is for. One OAuth1 names none, restricted or not."""
    while isinstance(oauth, RestrictedSigners | FunctionWithAdded):
        oauth = oauth.oauth if isinstance(oauth, RestrictedSigners) else oauth.function
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
    if isinstance(oauth, Mapping):
        oauth = SignersByHost(oauth)
    found = oauth.find(origin) if isinstance(oauth, SignersByHost) else oauth(uri)
    signer = converted(found)
    if signer is None and found is not None:
        # Only the type is named, since the value may be a tuple of secrets.
        raise TypeError(f"oauth returned a {type(found).__name__} for {origin.host}; it must return an OAuth1 or None")
    return signer


def not_signed(oauth: Signers, base_uri: str, had_authorization: bool, follows_redirect: bool) -> SigningError:
    """Return the error for a request that ``require_signature`` refuses.

    Args:
        oauth: The value of ``http.oauth``.
        base_uri: The scheme and the authority of the request.
        had_authorization: Whether the caller authorized the call itself, and a redirect has removed that.
        follows_redirect: Whether an earlier request of the same call was sent.
    """
    if had_authorization:
        reason = "a redirect has removed the Authorization of the caller. Ask for the URI to which it leads"
    elif oauth is None:
        reason = "http.oauth is None. Set it to the credentials"
    else:
        reason = f"http.oauth selects no credentials for {base_uri}. Add this host"
    message = f"This Http requires a signature, and {reason}, or set http.require_signature to False."
    return SigningError(f"{message} {FOLLOWS_REDIRECT if follows_redirect else 'Nothing was sent.'}")
