"""Takes our protocol parameters out of response headers that repeat a signed query.

With ``signature_type="QUERY"`` the signature is a part of the URI. A server may repeat that URI, for example in the
``Location`` of a redirect or of a login page elsewhere. Left there, the parameters would be sent twice, reach another
host, and be written to the cache.
"""

import re
from collections.abc import Mapping, MutableMapping
from urllib.parse import unquote

# The separators of a query as they stand after any number of further percent-encodings. Some servers write semicolons.
_AMPERSAND = r"(?:&(?:amp;)?|;|%(?:25)*(?:26|3B))"
_QUESTION_MARK = r"(?:\?|%(?:25)*3F)"
_EQUALS = r"(?:=|%(?:25)*3D)"
_PAIR = rf"({_AMPERSAND}|{_QUESTION_MARK})([A-Za-z0-9_.~-]+){_EQUALS}((?:(?!{_AMPERSAND})[^&#\s<>\"';,\\])*)"
# A server can encode a value thousands of times. No client decodes more than this.
_MOST_DECODINGS = 8
# Stands for the first pair of a query until the ampersand after it is removed too.
_REMOVED = "\0"
_AFTER_REMOVED = rf"\?{_REMOVED}(?=[#\s>\"';,]|$)|{_REMOVED}{_AMPERSAND}?"


def strip_echo(headers: MutableMapping[str, str], signed_uri: str, given_target: str) -> None:
    """Remove our parameters from every header that repeats them.

    Args:
        headers: The headers of a response; changed in place.
        signed_uri: The URI that was sent, with our parameters in its query.
        given_target: The same without them.
    """
    added = set(_query(signed_uri).split("&")) - set(_query(given_target).split("&"))
    parameters = {name: _decoded(value) for name, _, value in (pair.partition("=") for pair in added)}
    for name, value in headers.items():
        if any(parameter in value for parameter in parameters):
            headers[name] = strip_parameters(value, parameters)


def strip_parameters(text: str, parameters: Mapping[str, str]) -> str:
    """Return a text without the pairs, in the queries of its URIs, that have one of these names and its value."""

    def removed(match: re.Match[str]) -> str:
        separator, name, value = match.groups()
        if name not in parameters or _decoded(value) != parameters[name]:
            return match[0]
        return separator + _REMOVED if re.fullmatch(_QUESTION_MARK, separator, re.IGNORECASE) else ""

    # These patterns are compiled when they are first needed: most programs never place a signature in a query.
    without_pairs = re.sub(_PAIR, removed, text.replace(_REMOVED, ""), flags=re.IGNORECASE)
    return re.sub(_AFTER_REMOVED, "", without_pairs, flags=re.IGNORECASE)


def _decoded(value: str) -> str:
    for _ in range(_MOST_DECODINGS):
        value = unquote(value)
    return value


def _query(uri: str) -> str:
    return uri.partition("#")[0].partition("?")[2]
