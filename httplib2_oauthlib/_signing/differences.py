"""The shapes of requests for which servers compute another signature than RFC 5849. Nothing here shows a value.

Source: the responses of a MediaWiki, and 36 independent implementations that were asked to verify the same requests.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from .base_string import parse_parameters, percent_encode
from .request import SignableRequest

if TYPE_CHECKING:
    from .oauth1 import OAuth1

_CHANGED_BY_PHP = re.compile(rb"(?! *(?:[\x00[]|$))(?: |.*[. [\x00])", re.DOTALL)


def mediawiki_differences(
    oauth: "OAuth1", request: SignableRequest, protocol: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Yield a sentence for each property of a request for which MediaWiki's signature differs from RFC 5849.

    Source: the responses of a real wiki (MediaWiki 1.39, Extension:OAuth REL1_39) to requests with each property.
    """
    if oauth.signature_type != "AUTH_HEADER":
        yield "it reads protocol parameters only from the Authorization header, and runs this request anonymously"
    if oauth.signature_method not in ("HMAC-SHA1", "RSA-SHA1"):
        yield f"it supports HMAC-SHA1 and RSA-SHA1, not {oauth.signature_method}"
    if request.base_uri.partition("://")[2].partition("/")[2].startswith("/"):
        yield "the path begins with several slashes, and it signs one"
    if request.form and request.method.upper() != "POST":
        yield f"it does not sign the form of a {request.method}; send it as POST"
    for place, text in (("query", request.query.encode("ascii")), ("form", request.form or b"")):
        if text and b"" in text.split(b"&"):
            yield f"the {place} has an empty part (&& or an & at an end), which it signs as a parameter; remove it"

    query, form = _names_in(request.query.encode("ascii")), _names_in(request.form or b"")
    for name in sorted({name for name in query if query.count(name) > 1}):
        yield f"the query repeats {readable(name)}, and it signs the last one only; join the values or send a form"
    for name in sorted(set(query) & set(form)):
        yield f"{readable(name)} is in the query and in the form, and it signs only the one in the form; send it once"
    for name in sorted(set(query)):
        # PHP skips spaces at the beginning of a name and ends a name at a NUL. If nothing is left before a bracket, PHP
        # drops the parameter, and the signatures agree.
        if _CHANGED_BY_PHP.match(name):
            yield f"PHP renames {readable(name)} in a query; send it in a form, or rename it"
    for name in _renumbered(query, form):
        yield f"PHP reads the name {readable(name)} as a number and renumbers it; use a name with a letter"
    sent = {name.encode("utf-8") for name, _ in protocol}
    for name in sorted((set(query) | set(form)) & sent):
        yield f"{readable(name)} is in the request and in the header, and it signs the header's only; remove yours"


def server_differences(oauth: "OAuth1", request: SignableRequest, protocol: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a sentence for each property of a request for which some servers' signature differs from RFC 5849.

    Each sentence names the servers and what to do. Those of MediaWiki alone are in :func:`mediawiki_differences`.
    """
    if oauth.signature_method == "PLAINTEXT":
        return
    in_query, in_form = request.query.encode("ascii"), request.form or b""
    query, form = _names_in(in_query), _names_in(in_form)
    yield from _differences_of_names(query, form)
    place = " and ".join(name for name, text in (("query", in_query), ("form", in_form)) if not _is_utf_8(text))
    if place:
        yield (
            f"the {place} contains bytes that are not UTF-8, and servers that decode them, such as those of oauthlib"
            " and authlib, sign other text; send UTF-8"
        )
    yield from _differences_of_form(request)
    if ";" in request.query or b";" in in_form:
        yield "Rack, Go and Perl split parameters at a raw ;, where RFC 5849 splits them at & only; write %3B"
    if oauth.signature_type == "AUTH_HEADER" and "," in (oauth.realm or ""):
        yield "the realm contains a comma, at which python-oauth2 and others split the header; use a realm without one"
    names = sorted({*query, *form, *(name.encode("utf-8") for name, _ in protocol)})
    if names != sorted(names, key=_natural_key):
        yield "Magento sorts names naturally (a2 before a10), and RFC 5849 sorts them by bytes; rename the parameters"
    if "%7e" in request.uri.lower():
        yield "Magento signs %7E as ~; write ~"
    if oauth.signature_method.startswith("HMAC-") and any(
        secret and percent_encode(secret) != secret for secret in (oauth.client_secret, oauth.resource_owner_secret)
    ):
        yield (
            "a secret contains characters that RFC 5849 percent-encodes in the key, and PECL's OAuthProvider, WordPress"
            " and WooCommerce do not encode them; ask for a secret of letters and digits"
        )


def _differences_of_names(query: list[bytes], form: list[bytes]) -> Iterator[str]:
    for place, names in (("query", query), ("form", form)):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield (
                f"the {place} repeats {readable(name)}, and servers in PHP, and others that read parameters into a"
                " mapping, sign the last one only; join the values"
            )
    for name in sorted(set(query) & set(form)):
        yield f"{readable(name)} is in the query and in the form, and PHP's servers sign one of them only; send it once"
    for name in sorted({*query, *form}):
        if _CHANGED_BY_PHP.match(name):
            servers = "PHP and Rack change" if b"[" in name else "PHP changes"
            yield f"{servers} the name {readable(name)} before a program sees it; use letters, digits and underscores"
        elif re.fullmatch(rb"[0-9]+", name):
            yield f"PHP reads the name {readable(name)} as a number, and may renumber it; use a name with a letter"


def _differences_of_form(request: SignableRequest) -> Iterator[str]:
    if request.form and request.method.upper() in ("PUT", "PATCH", "DELETE"):
        yield (
            f"PHP does not read the form of a {request.method}, so that servers in PHP sign none of it; send it as"
            " POST, or send JSON"
        )
    if request.is_multipart:
        yield (
            "WordPress, Moodle, and authlib under Flask sign the fields of a multipart body, and RFC 5849 does not;"
            " send the fields in the query or as a form"
        )


def _is_utf_8(form: bytes) -> bool:
    try:
        unquote_to_bytes(form).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _natural_key(name: bytes) -> list[bytes | int]:
    """Return a key that sorts names as PHP's strnatcmp() does: a run of digits counts as a number."""
    pieces = re.split(rb"([0-9]+)", name)
    return [int(piece) if position % 2 else piece for position, piece in enumerate(pieces)]


def _names_in(form: bytes) -> list[bytes]:
    """Return the decoded names of the parameters in a form or in a query."""
    return [unquote_to_bytes(name.replace(b"%25", b"%")) for name, _ in parse_parameters(form)]


def _renumbered(query: list[bytes], form: list[bytes]) -> list[bytes]:
    """Return the names that are numbers and that PHP's array_merge changes to other numbers."""

    def numbers(names: list[bytes]) -> list[bytes]:
        found = [name for name in dict.fromkeys(names) if re.fullmatch(rb"0|-?[1-9][0-9]{0,18}", name)]
        return [name for name in found if -(2**63) <= int(name) < 2**63]

    in_query, in_form = numbers(query), numbers(form)
    if not in_query and in_form == [b"%d" % position for position in range(len(in_form))]:
        return []
    return sorted({*in_query, *in_form})


def readable(text: bytes) -> str:
    """Return bytes as text, for a person."""
    return text.decode("utf-8", "backslashreplace")
