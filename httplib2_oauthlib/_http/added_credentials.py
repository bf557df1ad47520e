"""The OAuth credentials that ``add_credentials()`` adds to ``http.oauth`` and ``clear_credentials()`` removes."""

from collections.abc import Mapping
from typing import Any

from .._signing.oauth1 import OAuth1
from .context import context_of
from .origin import Origin
from .signers import given, resolve, signers_of


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
    origin = Origin.of(context.uri) if context is not None and context.uri is not None else None
    former = given(signers_of(http))
    if not domain and context is not None and origin is not None:
        domain = f"{origin.host}:{origin.port}"
        # A redirect led to this host, and a framework adds again what it added at the first one: it isn't meant for
        # this host.
        asked = context.origin
        if asked is not None and origin != asked and resolve(former, str(asked)) == oauth:
            return
    if former == oauth or (isinstance(former, Mapping) and former.get(domain) == oauth):
        return
    if domain and (former is None or isinstance(former, Mapping)):
        http.oauth = {**(former or {}), domain: oauth}
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
    if isinstance(oauth, Mapping) and added:
        kept = {host: signer for host, signer in oauth.items() if host not in added or added[host] != signer}
        http.oauth = kept or None
    elif oauth is not None and oauth == added.get(""):
        http.oauth = None
