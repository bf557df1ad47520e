"""Which patterns name a host: the one order in which a request's credentials, kept ones too, are looked for."""

import re

#: A host or a pattern of hosts as those of requests are compared with them, and the port.
PATTERN = re.compile(r"(\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def is_pattern(text: str) -> bool:
    """Whether a text, in lower case, is a host or a pattern of hosts."""
    return PATTERN.fullmatch(text) is not None


def patterns(host: str, port: str) -> list[str]:
    """Return all patterns that match a host, the most specific first.

    The host itself comes first, then with its first labels replaced by ``*``, as in Pywikibot's ``authenticate``; each
    with its port before the same without.

    Args:
        host: In lower case.
        port: In decimal; nothing if there is none.
    """
    labels = host.split(".")
    names = [host, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels) + 1))]
    return [pattern for name in names for pattern in ([f"{name}:{port}", name] if port else [name])]
