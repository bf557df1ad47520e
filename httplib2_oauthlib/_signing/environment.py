"""Credentials that environment variables hold, as continuous integration and containers hand them over.

Reads; signs nothing. No message says what a variable holds, only what it is called.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..errors import CredentialsError

# What follows the prefix, in the order in which TOKENS joins the values, and the words of people for each.
_PARTS = {
    "CLIENT_KEY": "client key",
    "CLIENT_SECRET": "client secret",
    "RESOURCE_OWNER_KEY": "token",
    "RESOURCE_OWNER_SECRET": "token secret",
}
# RSA signs with the key alone.
_NEEDED_WITH_RSA = ("CLIENT_KEY", "RESOURCE_OWNER_KEY")


class EnvironmentCredentials(NamedTuple):
    """What the environment holds, under the names of ``OAuth1``; its repr shows no secret.

    Attributes:
        client_key: Never empty.
        client_secret: Empty only if there is an RSA key.
        resource_owner_key: Never empty.
        resource_owner_secret: Empty only if there is an RSA key.
        rsa_key: A private key as PEM text, or None.
    """

    client_key: str
    client_secret: str
    resource_owner_key: str
    resource_owner_secret: str
    rsa_key: str | None = None

    def __repr__(self) -> str:
        return f"EnvironmentCredentials(client_key={self.client_key!r}, ...)"


def read_environment(prefix: str = "OAUTH", environ: Mapping[str, str] | None = None) -> EnvironmentCredentials | None:
    """Read the credentials of one client acting for one resource owner from environment variables.

    Either ``{prefix}_TOKENS``, which joins client key, client secret, token and token secret by colons, or
    ``{prefix}_CLIENT_KEY``, ``_CLIENT_SECRET``, ``_RESOURCE_OWNER_KEY`` and ``_RESOURCE_OWNER_SECRET``; both may be
    set if they agree. Who signs with RSA adds ``{prefix}_RSA_KEY`` (PEM text, its line ends as backslash and n if need
    be) or ``{prefix}_RSA_KEY_FILE`` (a path), and may leave the two secrets out.

    A variable that holds only white space counts as unset, and so does a ``_TOKENS`` that holds only colons: that is
    what a build gets whose secrets are withheld, as that of a fork. White space around a value is dropped.

    Args:
        prefix: What the names begin with, as it stands or in capitals; an underscore at its end is optional.
        environ: The variables; None means the process's own.

    Returns:
        The credentials, or None if nothing is set.

    Raises:
        CredentialsError: Some of them are missing, contradict each other or can't be read; it names the variables.

    Source: ``OAUTH_TOKENS`` is what the tests of Pywikibot read.
    """
    variables = os.environ if environ is None else environ
    stem = variable_stem(prefix)

    def read(name: str) -> str:
        return variables.get(stem + name, "").strip() or variables.get((stem + name).upper(), "").strip()

    separate = [read(name) for name in _PARTS]
    joined = _split(read("TOKENS"), f"{stem}TOKENS")
    pairs = list(zip(_PARTS, separate, joined, strict=True))
    contradictory = [stem + name for name, one, other in pairs if one and other and one != other]
    if contradictory:
        raise CredentialsError(f"{stem}TOKENS contradicts {' and '.join(contradictory)}; unset one or the other")
    rsa_key = _rsa_key(read("RSA_KEY"), read("RSA_KEY_FILE"), f"{stem}RSA_KEY")
    if rsa_key is None and not any(separate + joined):
        return None
    needed = _PARTS if rsa_key is None else _NEEDED_WITH_RSA
    missing = [name for name, one, other in pairs if name in needed and not one and not other]
    if missing and any(joined):
        words = ", ".join(_PARTS[name] for name in missing)
        raise CredentialsError(f"{stem}TOKENS has {len(joined)} parts, and these are empty: {words}")
    if missing:
        raise CredentialsError(f"not set, or empty, while others are set: {', '.join(stem + name for name in missing)}")
    key, secret, token, token_secret = (one or other for _, one, other in pairs)
    return EnvironmentCredentials(key, secret, token, token_secret, rsa_key)


def variable_stem(prefix: str) -> str:
    """Return what the names of all variables with this prefix begin with."""
    bare = prefix.rstrip("_")
    return f"{bare}_" if bare else ""


def _split(tokens: str, variable: str) -> list[str]:
    parts = [part.strip() for part in tokens.split(":")]
    if not any(parts):
        return [""] * len(_PARTS)
    if len(parts) != len(_PARTS):
        empty = [str(number) for number, part in enumerate(parts, 1) if not part]
        raise CredentialsError(
            f"{variable} has {len(parts)} {'part' if len(parts) == 1 else 'parts'}"
            + (f" (empty: number {' and '.join(empty)})" if empty else "")
            + f"; it takes {len(_PARTS)}, joined by colons: {', '.join(_PARTS.values())}"
        )
    return parts


def _rsa_key(text: str, file: str, variable: str) -> str | None:
    if text and file:
        raise CredentialsError(f"{variable} and {variable}_FILE are both set; unset one of them")
    if not file:
        return text.replace("\\n", "\n") or None
    problem = "it is empty"
    try:
        text = Path(file).read_text("utf-8").strip()
    except OSError as error:
        # Without the path: somebody may have put the key itself where its path belongs.
        problem = error.strerror or type(error).__name__
    except ValueError as error:
        problem = type(error).__name__
    # Raised only here, so that no reporter of errors finds the one above, which quotes, in the context of this one.
    if not text:
        raise CredentialsError(f"the file that {variable}_FILE names can't be used: {problem}")
    return text
