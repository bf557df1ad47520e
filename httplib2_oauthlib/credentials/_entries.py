"""One stored entry: a host or a pattern of hosts, and the arguments of an OAuth1."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .._signing.hosts import HOST_ADVICE, InvalidHostError, as_pattern, patterns, split_pattern
from .._signing.oauth1 import OAuth1
from ..errors import CredentialsError, SigningError

#: The arguments of OAuth1 that are stored, and their defaults. The callback and the verifier belong to one handshake.
STORED_ARGUMENTS = {
    field.name: field.default for field in fields(OAuth1) if field.name not in ("callback_uri", "verifier")
}


def to_arguments(oauth: OAuth1) -> dict[str, str]:
    """Return the arguments to store, without those that have their default value."""
    values = {name: getattr(oauth, name) for name in STORED_ARGUMENTS}
    stored = {name: value for name, value in values.items() if value != STORED_ARGUMENTS[name]}
    return stored | ({"body_hash": "true"} if "body_hash" in stored else {})


def to_oauth1(arguments: Mapping[str, Any], place: str) -> OAuth1:
    """Return the OAuth1 with these arguments.

    Args:
        arguments: The arguments. All names are known.
        place: The place of the entry, for the error message.

    Raises:
        CredentialsError: An argument is missing or can't be used.
    """
    if "client_key" not in arguments:
        raise CredentialsError(f"{place}: client_key is missing")
    text = str(arguments.get("body_hash", "false")).lower()
    if text not in ("true", "false"):
        raise CredentialsError(f"{place}: body_hash must be true or false")
    try:
        return OAuth1(**{**arguments, "body_hash": text == "true"})
    except SigningError as error:
        problem = str(error)
    # The error is raised outside the handler. Otherwise its context would contain an error that quotes a value.
    raise CredentialsError(f"{place}: {problem}")


def normalize_host(text: str) -> str:
    """Return a host or a pattern of hosts in the form in which it is stored.

    Raises:
        CredentialsError: It is neither. The message doesn't contain it, since it may be a secret in the wrong place.
    """
    host = as_pattern(text)
    if host is None:
        raise InvalidHostError(f"invalid host: {HOST_ADVICE}")
    return host


def matching_patterns(host: str) -> tuple[str, ...]:
    """Return all patterns that match a normalized host, the most specific first."""
    return patterns(*split_pattern(host))
