"""Hosts and patterns of hosts, by which the credentials for a request are found, in the code and in stored files."""

import re

#: A host or a pattern of hosts, in lower case, and an optional port.
PATTERN = re.compile(r"(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def is_pattern(text: str) -> bool:
    """Whether text in lower case is a host or a pattern of hosts."""
    return PATTERN.fullmatch(text) is not None


def patterns(host: str, port: str) -> list[str]:
    """Return all patterns that match a host, the most specific first.

    The host itself comes first. Then its labels are replaced by ``*`` from the left, one after another, as in
    Pywikibot's ``authenticate``. Each pattern with the port comes before the same pattern without it.

    Args:
        host: In lower case.
        port: In decimal, or empty.
    """
    labels = host.split(".")
    names = [host, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels) + 1))]
    return [pattern for name in names for pattern in ([f"{name}:{port}", name] if port else [name])]
