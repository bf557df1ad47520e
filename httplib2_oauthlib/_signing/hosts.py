"""Hosts and patterns of hosts, by which the credentials for a request are found, in the code and in stored files."""

import functools
import re

from ..errors import CredentialsError, SigningError

HOST_ADVICE = "write a host such as en.wikipedia.org or 127.0.0.1:8080, or a pattern such as *.wikipedia.org"
_LABEL = "[a-z0-9_-]+"
# Compiled at its first use, by programs that name hosts.
_PATTERN = rf"(\*|(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+(?:%25[a-z0-9._~-]+)?\])(?::([1-9][0-9]{{0,4}}))?"
_HIGHEST_PORT = 65535
_LONGEST_SHOWN = 80


class InvalidHostError(SigningError, CredentialsError):
    """A key that can match no host: no request would be signed, and no error would be raised.

    ``http.oauth`` raises it as a SigningError, which is a ValueError. The functions that read stored credentials raise
    it as a CredentialsError.
    """


def normalize_pattern(text: str) -> str:
    """Return a host or a pattern of hosts as requests are matched against it.

    That is in lower case, with an international name in its IDNA form and an IPv6 address in its shortest form.

    Args:
        text: A host, or ``*`` in place of its first labels, and an optional port.

    Raises:
        InvalidHostError: It is neither. The message contains the right form where it can be found.
        TypeError: It isn't a str.
    """
    if not isinstance(text, str):
        raise TypeError(f"a host must be a str, not {type(text).__name__}; {HOST_ADVICE}")
    pattern = as_pattern(text)
    if pattern is None:
        raise InvalidHostError(_describe(text))
    return pattern


def split_pattern(pattern: str) -> tuple[str, str]:
    """Return the host of a normalized pattern, and its port or an empty str."""
    match = re.fullmatch(_PATTERN, pattern)
    assert match is not None
    return match[1], match[2] or ""


# The requests of a program are for the same hosts again and again.
@functools.lru_cache(maxsize=1024)
def patterns(host: str, port: str) -> tuple[str, ...]:
    """Return all patterns that match a host, the most specific first.

    The host itself comes first. Then its labels are replaced by ``*`` from the left, one after another, as in
    Pywikibot's ``authenticate``. Each pattern with the port comes before the same pattern without it.

    Args:
        host: In lower case, an international name in its IDNA form.
        port: In decimal, or empty.
    """
    host = (_short_address(host) or host) if host.startswith("[") else host
    labels = host.split(".")
    names = [host, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels) + 1))]
    return tuple(pattern for name in names for pattern in ([f"{name}:{port}", name] if port else [name]))


# A program may set the same mapping for each Http that it creates.
@functools.lru_cache(maxsize=1024)
def as_pattern(text: str) -> str | None:
    """Return the pattern as :func:`normalize_pattern` does, or None for a text that can match no host."""
    pattern = text.lower()
    if not pattern.isascii():
        name, colon, port = pattern.partition(":")
        try:
            pattern = f"{name.encode('idna').decode('ascii')}{colon}{port}"
        except UnicodeError:
            return None
    match = re.fullmatch(_PATTERN, pattern)
    if match is None or int(match[2] or 1) > _HIGHEST_PORT:
        return None
    name = match[1]
    if name.startswith("["):
        short = _short_address(name)
        return None if short is None else short + pattern[len(name) :]
    return pattern


def _short_address(host: str) -> str | None:
    """Return an IPv6 address in brackets in its shortest form, in which each address has one spelling, or None."""
    from ipaddress import IPv6Address  # noqa: PLC0415 (it takes milliseconds, and few programs need it)

    try:
        return f"[{IPv6Address(host[1:-1].replace('%25', '%'))}]".replace("%", "%25")
    except ValueError:
        return None


def _describe(text: str) -> str:
    """Return the error message for a text that can match no host. It shows no query and no password."""
    shown = re.sub("[^/]*@", "***@", text.partition("?")[0])
    shown = repr(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}...")
    if not text.strip():
        return f"{shown} isn't a host: {HOST_ADVICE}, or '*' for all hosts"
    authority = re.sub("^(?:[a-z][a-z0-9+.-]*:)?//", "", text.strip().lower())
    host = re.split("[/?#]", authority, maxsplit=1)[0].rpartition("@")[2].strip(". ")
    for candidate in (host, f"[{host}]", host.rstrip(":"), host.partition(":")[0]):
        if (right := as_pattern(candidate)) is not None:
            return f"{shown} isn't a host: write {right!r}"
    if "*" in host:
        return f"{shown} isn't a host or a pattern: '*' can replace only the first labels, as in '*.wikipedia.org'"
    return f"{shown} isn't a host: {HOST_ADVICE}"
