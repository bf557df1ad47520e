"""The User-Agent that an Http sends where the caller sends none.

httplib2's own names only httplib2. Wikimedia's wikis refuse such requests, because they don't identify who sends them.
"""

import re
from typing import Any

# Sent by httplib2 and by modern_httplib2, if the caller sends no User-Agent.
_DEFAULT = r"Python-httplib2/\S+ \(gzip\)"
# http.client encodes headers in Latin-1. RFC 9110, section 5.5, excludes control characters. httplib2 takes a backslash
# in a header for the beginning of an escape sequence of re.sub().
_UNSENDABLE = r"[^\x20-\x7e\xa0-\xff]|\\"
_HEADERS = 3  # The position of the headers, both in request() and in _conn_request() without its connection.


def checked(user_agent: Any) -> str | None:
    """Return a User-Agent that can be sent, or None.

    Raises:
        TypeError: The value isn't a str.
        ValueError: The value is empty, or contains a character that can't be sent.
    """
    if user_agent is None:
        return None
    if not isinstance(user_agent, str):
        raise TypeError(f"user_agent must be a str or None, not {type(user_agent).__name__}")
    if not user_agent.strip():
        raise ValueError("user_agent is empty; pass the name of your program and a way to contact you")
    found = re.search(_UNSENDABLE, user_agent)
    if found is not None:
        raise ValueError(
            f"user_agent contains {found[0]!r} at position {found.start()}, which can't be sent; remove control"
            " characters, backslashes and characters that aren't in Latin-1"
        )
    return user_agent


def add_user_agent(
    user_agent: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a request with this User-Agent, unless the caller sends one. Nothing is changed in place.

    Args:
        user_agent: The value of ``http.user_agent``, not None.
        args: The arguments of ``request()``, or those of ``_conn_request()`` after the connection.
        kwargs: The rest of them.

    Raises:
        TypeError: The value isn't a str.
        ValueError: The value is empty, or contains a character that can't be sent.
    """
    if callable(user_agent):  # A framework's own method of this name.
        return args, kwargs
    headers = args[_HEADERS] if len(args) > _HEADERS else kwargs.get("headers")
    changed: dict[Any, Any] = {}
    for name, value in headers.items() if headers else ():
        is_bytes = isinstance(name, bytes)
        if (name.decode("latin-1") if is_bytes else name).lower() != "user-agent":
            changed[name] = value
        elif not (isinstance(value, str) and re.fullmatch(_DEFAULT, value)):
            return args, kwargs
    changed["user-agent"] = checked(user_agent)
    if len(args) > _HEADERS:
        return (*args[:_HEADERS], changed, *args[_HEADERS + 1 :]), kwargs
    return args, {**kwargs, "headers": changed}
