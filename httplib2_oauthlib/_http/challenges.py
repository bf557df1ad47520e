"""Challenges: the parts of a ``WWW-Authenticate`` header that httplib2 can parse and answer.

RFC 9110, section 11.6.1, allows a challenge without parameters (``Negotiate``), and several in one header. Servers also
send what it does not allow. httplib2's parser raises MalformedHeader for either, in place of the response with status
401, although it could answer none of these challenges.
"""

import copy
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from .lost_responses import is_httplib2_error

# RFC 9110, section 5.6.2.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (not a password)
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# A comma within quotes ends nothing. A quote that is never closed is a character like any other.
_ELEMENT = re.compile(rf"(?:{_QUOTED}|[^,])+", re.DOTALL)
_PARAMETER = re.compile(rf"{_TOKEN}\s*=\s*(?:{_QUOTED}|{_TOKEN})", re.DOTALL)
_BEGINS_CHALLENGE = re.compile(rf"({_TOKEN})(?:\s+(?!=)(.*)|\s*;.*|\s*)", re.DOTALL)


def parseable_challenges(response: Any) -> Any:
    """Return a copy of a response whose header contains only the challenges that httplib2 can parse.

    Args:
        response: An ``httplib2.Response``. If its header contains no challenge at all, it is returned as it is.
    """
    challenges: list[tuple[str, list[str]]] = []
    for element in filter(None, (each.strip() for each in _ELEMENT.findall(response.get("www-authenticate", "")))):
        begin = _BEGINS_CHALLENGE.fullmatch(element)
        if begin is not None:
            challenges.append((begin[1], [element[len(begin[1]) :].strip()]))
        elif challenges:
            challenges[-1][1].append(element)
        else:
            return response
    kept = [
        f"{scheme} {', '.join(parameters)}"
        for scheme, parameters in challenges
        if all(map(_PARAMETER.fullmatch, parameters))
    ]
    response = copy.copy(response)
    response["www-authenticate"] = ", ".join(kept)
    return response


def authorizations(find: Callable[[Any], Iterator[Any]], response: Any) -> Iterator[Any]:
    """Yield what answers the challenges of a response, and skip the challenges that httplib2 can't parse.

    Args:
        find: httplib2's ``_auth_from_challenge``, as a function of the response.
        response: The response.

    Raises:
        httplib2.error.MalformedHeader: The header contains no challenge at all.
    """
    found = find(response)
    try:
        first = next(found, None)
    except Exception as error:
        parseable = parseable_challenges(response)
        if not is_httplib2_error(error, "MalformedHeader") or parseable is response:
            raise
        found = find(parseable)
        first = next(found, None)
    for each in itertools.chain([] if first is None else [first], found):
        if hasattr(each, "response"):
            # It looks for another challenge in each later response.
            each.response = functools.partial(_read_response, each)
        yield each


def _read_response(authorization: Any, response: Any, content: Any) -> Any:
    read = functools.partial(type(authorization).response, authorization)
    try:
        return read(response, content)
    except Exception as error:
        if not is_httplib2_error(error, "MalformedHeader"):
            raise
        return read(parseable_challenges(response), content)
