"""Credentials in environment variables, which is how continuous integration and containers pass them.

Error messages contain the names of variables and never their values.
"""

import os
from pathlib import Path
from typing import Any

from ..errors import CredentialsError

# The names of the variables without their prefix, in the order in which TOKENS joins their values, and the terms for
# error messages. In lower case, the names are those of the arguments of OAuth1.
_PARTS = {
    "CLIENT_KEY": "client key",
    "CLIENT_SECRET": "client secret",
    "RESOURCE_OWNER_KEY": "token",
    "RESOURCE_OWNER_SECRET": "token secret",
}
# RSA signs with the key alone.
_REQUIRED_WITH_RSA = ("CLIENT_KEY", "RESOURCE_OWNER_KEY")
# What MediaWiki shows for an owner-only client of OAuth 2.0: its key, its secret and an access token.
_PARTS_OF_OAUTH_2 = 3
_OAUTH_2_ADVICE = ". Three values are those of an OAuth 2.0 client, which can't sign: register one for OAuth 1.0a"


def read_environment(prefix: str) -> dict[str, Any] | None:
    """Read the arguments of one OAuth1 from environment variables.

    :meth:`OAuth1.from_env` documents the variables. White space around a value is removed, and a variable whose value
    is empty then counts as unset. A ``_TOKENS`` that contains only colons counts as unset too. The build of a fork gets
    such a value, because the secrets are withheld from it.

    Args:
        prefix: The beginning of the names, as they are written or in lower case. An underscore at its end is optional.

    Returns:
        Keyword arguments for OAuth1, or None if no variable is set.

    Raises:
        CredentialsError: Some variables are missing, contradict each other or can't be read.
    """
    stem = variable_stem(prefix)

    def read(name: str) -> str:
        return os.environ.get(stem + name, "").strip() or os.environ.get((stem + name).upper(), "").strip()

    separate = {name: read(name) for name in _PARTS}
    joined = _split(read("TOKENS"), f"{stem}TOKENS")
    contradictory = [stem + name for name in _PARTS if separate[name] and joined[name] not in ("", separate[name])]
    if contradictory:
        raise CredentialsError(f"{stem}TOKENS contradicts {' and '.join(contradictory)}; unset one or the other")
    rsa_key = _rsa_key(read("RSA_KEY"), read("RSA_KEY_FILE"), f"{stem}RSA_KEY")
    values = {name: separate[name] or joined[name] for name in _PARTS}
    if not rsa_key and not any(values.values()):
        return None
    missing = [name for name in (_REQUIRED_WITH_RSA if rsa_key else _PARTS) if not values[name]]
    if missing and any(joined.values()):
        terms = ", ".join(_PARTS[name] for name in missing)
        raise CredentialsError(f"{stem}TOKENS has {len(joined)} parts, and these are empty: {terms}")
    if missing:
        raise CredentialsError(f"not set, or empty, while others are set: {', '.join(stem + name for name in missing)}")
    rsa = {"rsa_key": rsa_key, "signature_method": "RSA-SHA1"} if rsa_key else {}
    return {name.lower(): value for name, value in values.items()} | rsa


def variable_stem(prefix: str) -> str:
    """Return the beginning of the names of all variables with this prefix."""
    bare = prefix.rstrip("_")
    return f"{bare}_" if bare else ""


def variables_advice(prefix: str) -> str:
    """Return which variables to set, for an error message."""
    stem = variable_stem(prefix)
    terms, names = list(_PARTS.values()), [stem + name for name in _PARTS]
    joined = f"{', '.join(terms[:-1])} and {terms[-1]}, joined by colons"
    return f"set {stem}TOKENS ({joined}), or {', '.join(names[:-1])} and {names[-1]}"


def _split(tokens: str, variable: str) -> dict[str, str]:
    parts = [part.strip() for part in tokens.split(":")]
    if not any(parts):
        return dict.fromkeys(_PARTS, "")
    if len(parts) != len(_PARTS):
        empty = [str(number) for number, part in enumerate(parts, 1) if not part]
        raise CredentialsError(
            f"{variable} has {len(parts)} {'part' if len(parts) == 1 else 'parts'}"
            + (f" (empty: number {' and '.join(empty)})" if empty else "")
            + f"; expected {len(_PARTS)}, joined by colons: {', '.join(_PARTS.values())}"
            + (_OAUTH_2_ADVICE if len(parts) == _PARTS_OF_OAUTH_2 and not empty else "")
        )
    return dict(zip(_PARTS, parts, strict=True))


def _rsa_key(text: str, file: str, variable: str) -> str:
    """Return the PEM text of an RSA key from its variable or from a file; empty if there is none."""
    if text and file:
        raise CredentialsError(f"{variable} and {variable}_FILE are both set; unset one of them")
    if not file:
        return text.replace("\\n", "\n")
    problem = "it is empty"
    try:
        text = Path(file).read_text("utf-8").strip()
    except OSError as error:
        # The message leaves the path out: the key itself may have been set in its place.
        problem = error.strerror or type(error).__name__
    except ValueError as error:
        problem = type(error).__name__
    # The error is raised outside the handlers. Otherwise its context would contain an error that quotes the path.
    if not text:
        raise CredentialsError(f"the file that {variable}_FILE names can't be used: {problem}")
    return text
