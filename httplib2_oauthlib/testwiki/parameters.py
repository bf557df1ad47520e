"""How MediaWiki reads a signed request's parameters and writes them into the signature base string.

It follows PHP where PHP deviates from RFC 5849, section 3.4.1, because clients have to sign what MediaWiki verifies.
"""

import re
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

# Like the key of a PHP array: a str, or an int if the name is written like one. Bytes are decoded as latin-1.
_Name: TypeAlias = str | int
Parameters: TypeAlias = dict[_Name, str | list[str]]


def collect(query: bytes, form: bytes | None, authorization: str) -> Parameters:
    """Return a request's parameters as MediaWiki collects them.

    A later source overrides an earlier one: the query as Extension:OAuth reads it, the query as PHP reads it, the
    form, the Authorization header. The query has no question mark.
    """
    parameters = _array_merge(_php_get(query), _parse(form or b""))
    if authorization.startswith("OAuth "):
        parameters = _array_merge(parameters, _parse_header(authorization))
    return _array_merge(_parse(query), parameters)


def value_of(parameters: Parameters, name: str) -> str:
    """Return a parameter's value as UTF-8, or an empty str if it is missing or repeated."""
    value = parameters.get(name, "")
    return value.encode("latin-1").decode("utf-8", "replace") if isinstance(value, str) else ""


def signature_base_string(method: str, server: str, target: str, parameters: Parameters) -> bytes:
    """Return the signature base string (RFC 5849, section 3.4.1) of parameters from :func:`collect`."""
    encoded = {_encode(str(name)): value for name, value in parameters.items() if name != "oauth_signature"}
    pairs = []
    for name in sorted(encoded):
        value = encoded[name]
        for item in sorted(map(_encode, value)) if isinstance(value, list) else [_encode(value)]:
            pairs.append(f"{name}={item}")
    path = re.sub("^/+", "/", target.partition("#")[0].partition("?")[0])
    scheme, _, authority = server.lower().partition("://")
    host, _, port = authority.partition(":") if "]" not in authority else (authority, "", "")
    if (scheme, port) in (("http", "80"), ("https", "443")):
        authority = host
    url = f"{scheme}://{authority}{path}"
    return "&".join(map(_encode, (method, url, "&".join(pairs)))).encode("ascii")


def _parse(data: bytes) -> Parameters:
    """Parse a query or a form as Extension:OAuth does: a repeated name makes a list, and empty pairs count."""
    parsed: Parameters = {}
    for pair in data.split(b"&") if data else ():
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _array_key(_decode(raw_name)), _decode(raw_value)
        earlier = parsed.get(name)
        if earlier is None:
            parsed[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            parsed[name] = [earlier, value]
    return parsed


def _php_get(query: bytes) -> Parameters:
    """Parse a query as PHP does for ``$_GET``: some names change, and the last of a repeated name wins."""
    variables: Parameters = {}
    for pair in query.split(b"&"):
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _decode(raw_name).lstrip(" ").partition("\0")[0], _decode(raw_value)
        if not name or name.startswith("["):
            continue
        stem, bracket, rest = name.partition("[")
        stem = stem.replace(" ", "_").replace(".", "_")
        if bracket and "]" in rest:
            earlier = variables.get(_array_key(stem))
            if isinstance(earlier, list):
                earlier.append(value)
            else:
                variables[_array_key(stem)] = [value]
        else:
            variables[_array_key(stem + ("_" + rest if bracket else ""))] = value
    return variables


def _array_merge(first: Parameters, second: Parameters) -> Parameters:
    """Merge as PHP's ``array_merge``: the second argument's names win, and numeric names are renumbered."""
    merged: Parameters = {}
    number = 0
    for name, value in [*first.items(), *second.items()]:
        if isinstance(name, int):
            merged[number] = value
            number += 1
        else:
            merged[name] = value
    return merged


def _parse_header(header: str) -> Parameters:
    """Parse an Authorization header as MediaWiki's OAuth library does."""
    found = re.findall(r'(oauth_[a-z_-]{0,60})=(?::?"([^"]*)"|([^,]*))', header)
    return {name: _decode((quoted or bare).encode("latin-1")) for name, quoted, bare in found}


def _array_key(name: str) -> _Name:
    """Return a name as PHP makes it the key of an array: an int if it is written like a 64-bit one."""
    is_number = re.fullmatch(r"0|-?[1-9][0-9]{0,18}", name) and -(2**63) <= int(name) < 2**63
    return int(name) if is_number else name


def _decode(data: bytes) -> str:
    """Decode a name or a value of a query or a form."""
    return unquote_to_bytes(data.replace(b"+", b" ")).decode("latin-1")


def _encode(text: str) -> str:
    """Percent-encode (RFC 5849, section 3.6)."""
    return quote(text.encode("latin-1"), safe="~")
