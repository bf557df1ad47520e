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

# Patterns that re compiles at their first use. Most programs never get a challenge.
# RFC 9110, section 5.6.2, calls it a token.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A quote that is never closed extends to the end, so that each character is read once.
_QUOTED = r'"(?:[^"\\]|\\(?:.|\Z))*(?:"|\Z)'
_ELEMENT = rf"(?s:{_QUOTED}|[^,])+"
_PARAMETER = rf"(?s:{_WORD}\s*=\s*(?:{_QUOTED}|{_WORD}))"
# The parameters without which httplib2 raises KeyError in place of an answer.
_REQUIRED = {"digest": {"realm", "nonce"}, "hmacdigest": {"realm", "snonce"}}


def parseable_challenges(response: Any) -> Any:
    """Return a copy of a response whose header contains only the challenges that httplib2 can parse and answer.

    Args:
        response: An ``httplib2.Response``. The response itself is returned if its header contains only such
            challenges, or contains nothing that begins as a challenge does.
    """
    header = response.get("www-authenticate", "")
    challenges: list[tuple[str, list[str]]] = []
    for element in filter(None, (each.strip() for each in re.findall(_ELEMENT, header))):
        token = re.match(_WORD, element)
        is_parameter = re.fullmatch(_PARAMETER, element) is not None
        if challenges and (is_parameter or token is None):
            challenges[-1][1].append(element)
        elif token is not None:
            challenges.append((token[0], [element[token.end() :].strip()]))
    kept = [
        f"{scheme} {', '.join(parameters)}"
        for scheme, parameters in challenges
        if all(re.fullmatch(_PARAMETER, each) for each in parameters)
        and _REQUIRED.get(scheme.lower(), set()) <= {each.partition("=")[0].strip().lower() for each in parameters}
    ]
    # RFC 9110, section 5.6.1.2: a recipient ignores empty elements of a list. httplib2's parser stops at one.
    has_empty_elements = not all(part.strip() for part in header.split(","))
    if not challenges or (len(kept) == len(challenges) and not has_empty_elements):
        return response
    response = copy.copy(response)
    response["www-authenticate"] = ", ".join(kept)
    return response


def authorizations(find: Callable[[Any], Iterator[Any]], response: Any) -> Iterator[Any]:
    """Yield what answers the challenges of a response, and skip the challenges that httplib2 can't parse.

    Args:
        find: httplib2's ``_auth_from_challenge``, as a function of the response.
        response: The response.

    Raises:
        httplib2.error.MalformedHeader: The header contains nothing that begins as a challenge does.
    """
    found, first = find(response), None
    malformed: Exception | None = None
    try:
        first = next(found, None)
    except Exception as error:
        if not isinstance(error, KeyError) and not is_httplib2_error(error, "MalformedHeader"):
            raise
        malformed = error
    if first is None:
        # httplib2's parser stops without an error where a challenge is malformed only after its first parameters.
        parseable = parseable_challenges(response)
        if parseable is not response:
            found = find(parseable)
            first = next(found, None)
        elif malformed is not None:
            raise malformed
    for each in itertools.chain([] if first is None else [first], found):
        # httplib2 looks for the nonce of a Digest challenge only when it answers, and would raise KeyError.
        scheme = type(each).__name__.removesuffix("Authentication").lower()
        if not _REQUIRED.get(scheme, set()) <= getattr(each, "challenge", {}).keys():
            continue
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
