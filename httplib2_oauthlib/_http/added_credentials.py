"""The OAuth credentials that ``add_credentials()`` adds to ``http.oauth`` and ``clear_credentials()`` removes."""

from collections.abc import Mapping
from typing import Any

from .._signing.hosts import as_pattern
from .._signing.oauth1 import OAuth1
from ..errors import SigningError
from .context import context_of
from .origin import Origin
from .signers import FunctionWithAdded, given, resolve, signers_of

#: MediaWiki's keys and secrets have 32 or 40 characters. A host without a dot is shorter.
_LONGEST_NAME = 20
#: The longest part of a host (RFC 1035, section 2.3.4). A part of an access token of OAuth 2.0, a JWT, is longer.
_LONGEST_LABEL = 63


def refuse_three_values(http: Any, third: Any, domain: str) -> None:
    """Raise SigningError if three values can't be a user, a password and httplib2's ``domain``.

    Three of the four values of OAuth look to httplib2 like a password for a domain that no request has, so that
    requests would be sent without a signature.

    Args:
        http: An :class:`.OAuth1Mixin`.
        third: The last of the three values.
        domain: The domain that was passed by name, or an empty str.
    """
    if domain or (isinstance(third, str) and third and not _is_domain(third, _origin_in_progress(http))):
        raise SigningError(
            "add_credentials got 3 values, and the third isn't the domain that a password is for. Pass 4 values to sign"
            " (client key, client secret, token, token secret), or 2 (user, password). The 3 values of an OAuth 2.0"
            " client can't sign: register one for OAuth 1.0a. In Pywikibot, correct the entry of this host in"
            " authenticate"
        )


def _is_domain(text: str, origin: Origin | None) -> bool:
    """Whether a str is a host, and not rather the token of an entry that has lost one of its four values."""
    if as_pattern(text) is None or max(map(len, text.split("."))) > _LONGEST_LABEL:
        return False
    if "." in text or ":" in text or text.lower() == "localhost":
        return True
    # A framework that adds three values during a request means them for the host of that request.
    return len(text) < _LONGEST_NAME if origin is None else text.lower() == origin.host


def _origin_in_progress(http: Any) -> Origin | None:
    """Return the origin of the request in progress, or None."""
    context = context_of(http)
    return Origin.of(context.uri) if context is not None and context.uri is not None else None


def add_signer(http: Any, oauth: OAuth1, domain: str) -> None:
    """Add credentials to those that ``http.oauth`` has.

    Args:
        http: An :class:`.OAuth1Mixin`.
        oauth: The credentials.
        domain: A host or a pattern of hosts, in lower case. Empty means the host of the request in progress, or all
            hosts if there is none.

    Raises:
        ValueError: ``http.oauth`` has no place for them.
    """
    context = context_of(http)
    origin = _origin_in_progress(http)
    former = given(signers_of(http))
    earlier = former.added if isinstance(former, FunctionWithAdded) else former
    if not domain and context is not None and origin is not None:
        domain = f"{origin.host}:{origin.port}"
        # A redirect led to this host, and a framework adds again what it added at the first one: it isn't meant for
        # this host.
        asked = context.origin
        if asked is not None and origin != asked and resolve(earlier, str(asked)) == oauth:
            return
    if former == oauth or (isinstance(earlier, Mapping) and earlier.get(domain) == oauth):
        return
    if domain and (former is None or isinstance(former, Mapping)):
        http.oauth = {**(former or {}), domain: oauth}
    elif isinstance(former, FunctionWithAdded):
        http.oauth = FunctionWithAdded(former.function, {**former.added, domain: oauth})
    elif domain and origin is not None and former is not None and not isinstance(former, OAuth1 | Mapping):
        # A framework adds them in each request, where an error would come too late.
        http.oauth = FunctionWithAdded(former, {domain: oauth})
    elif not domain and (former is None or isinstance(former, OAuth1)):
        http.oauth = oauth
    else:
        kind = "one OAuth1 for all hosts" if isinstance(former, OAuth1) else f"a {type(former).__name__}"
        raise ValueError(
            f"http.oauth is already {kind}, so credentials for {domain or 'all hosts'} can't be added to it; set"
            " http.oauth to a mapping of hosts, and pass a domain"
        )
    http._added = {**http._added, domain: oauth}


def clear_signers(http: Any) -> None:
    """Remove the credentials that were added, as far as they are still in ``http.oauth``."""
    added, http._added = http._added, {}
    oauth = given(signers_of(http))
    if isinstance(oauth, FunctionWithAdded):
        http.oauth = oauth.function
    elif isinstance(oauth, Mapping) and added:
        kept = {host: signer for host, signer in oauth.items() if host not in added or added[host] != signer}
        http.oauth = kept or None
    elif oauth is not None and oauth == added.get(""):
        http.oauth = None
