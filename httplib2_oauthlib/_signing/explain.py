"""The text of ``OAuth1.explain``: what a signature covers and why a server may compute another. It shows no secret."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from .base_string import base_string, parse_parameters, percent_encode
from .request import FORM, SignableRequest
from .wiki_uris import is_page

if TYPE_CHECKING:
    from .oauth1 import OAuth1

# The replacement of a secret. It consists of letters, so that percent-encoding does not change it.
_MASK = "MASKED"
# Names of parameters whose values are secret: CSRF and login tokens, passwords, verifiers, keys.
_SENSITIVE = (
    r"token|secret|pass|pwd|retype|verifier|captcha|session|cookie|csrf|api_?key|signature(?!_method)|credential|assertion"
    r"|authorization|(?:^|_)code$"
)
# A shorter secret is masked only where it is a whole value. Masked everywhere, it would hide much of the text.
_SHORTEST_SECRET = 8
_SHOWN_CHARACTERS = 80


class _Parameter(NamedTuple):
    """A signed parameter, encoded twice, and its source: ``query``, ``form`` or ``protocol``."""

    name: bytes
    value: bytes
    source: str


def explain(oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]]) -> str:
    """Return the text of ``OAuth1.explain``.

    Args:
        oauth: The credentials.
        request: The request.
        protocol: The protocol parameters, not encoded, without the signature.
    """
    secrets = _secrets(oauth)
    text = "\n".join(_lines(oauth, request, protocol, secrets))
    # The values of parameters are masked already. A secret may also occur in the path or in a name.
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            # The spellings are: plain, percent-encoded, and encoded twice as in the base string.
            for spelling in (secret, percent_encode(secret), percent_encode(percent_encode(secret))):
                text = text.replace(spelling, _MASK)
    return text


def _lines(
    oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]], secrets: Iterable[str]
) -> Iterator[str]:
    yield f"{request.method} {_masked_uri(request, secrets)}"
    yield (
        f"{oauth.signature_method}, client {oauth.client_key}, "
        f"{'a token (masked)' if oauth.resource_owner_key else 'no token'}, "
        f"protocol parameters in {oauth.signature_type}"
    )
    yield ""
    if oauth.signature_method == "PLAINTEXT":
        yield "PLAINTEXT signs nothing: the signature is the two secrets."
    else:
        yield from _signed_lines(oauth, request, protocol, secrets)
    if request.changed_media_type:
        yield f"The form's Content-Type is sent as {FORM}: MediaWiki recognizes a form in lower case only."
    yield ""
    is_refused = is_page(request.uri)
    if is_refused:
        # Recorded from MediaWiki 1.43 and 1.45. MediaWiki 1.39 ignores the signature.
        yield (
            "MediaWiki refuses a signed request for a page (since Extension:OAuth REL1_41, with status 400). Sign"
            " api.php, rest.php and Special:OAuth only: mediawiki.api_only(oauth) leaves pages unsigned."
        )
    differences = list(mediawiki_differences(oauth, request, protocol))
    if differences:
        yield "MediaWiki does not see this request as it is signed here:"
        yield from (f"  - {difference}." for difference in differences)
    elif not is_refused:
        yield (
            'MediaWiki signs a request of this shape the same way. If it still responds with "Invalid signature",'
            " check three things. Are the two secrets complete, in this order, and those of this client and this token?"
            f" Is {_server(request)} the $wgServer of the wiki, with which MediaWiki signs? Does a proxy change the"
            " request?"
        )


def _signed_lines(
    oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]], secrets: Iterable[str]
) -> Iterator[str]:
    # Values are masked after sorting, so that the text is the real base string except for the masks.
    signed = [
        parameter._replace(value=_MASK.encode("ascii"))
        if _is_secret(_decode(parameter.name), parameter.value.replace(b"%25", b"%"), secrets)
        else parameter
        for parameter in _sorted_parameters(request, protocol)
    ]
    yield "The signature base string, secrets and tokens masked:"
    parameters = (parameter[:2] for parameter in signed)
    yield base_string(request.method, request.base_uri, parameters).decode("ascii")
    yield ""
    yield "Signed: the method, the URI up to its query, and"
    for source in ("query", "form", "protocol"):
        shown = [_show(parameter) for parameter in signed if parameter.source == source]
        yield f"  {source} parameters: {', '.join(shown) or 'none'}"
    yield f"Not signed: {'; '.join(_unsigned_parts(oauth, request, protocol))}."


def _sorted_parameters(request: SignableRequest, protocol: Iterable[tuple[str, str]]) -> list[_Parameter]:
    """Return the signed parameters in the order of the base string."""
    sources = request.parameters_by_source(protocol)
    return sorted(_Parameter(*parameter, source) for source, found in sources.items() for parameter in found)


def _unsigned_parts(oauth: "OAuth1", request: SignableRequest, protocol: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "the headers"
    if oauth.realm is not None:
        yield "the realm"
    if "#" in request.uri:
        yield "the fragment, which is not sent"
    if request.body is not None and request.form is None:
        is_hashed = any(name == "oauth_body_hash" for name, _ in protocol)
        yield "the body, except for its hash" if is_hashed else "the body, which is not a form"


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
        yield f"the query repeats {_readable(name)}, and it signs the last one only; join the values or send a form"
    for name in sorted(set(query) & set(form)):
        yield f"{_readable(name)} is in the query and in the form, and it signs only the one in the form; send it once"
    for name in sorted(set(query)):
        # PHP skips spaces at the beginning of a name and ends a name at a NUL. If nothing is left before a bracket, PHP
        # drops the parameter, and the signatures agree.
        if re.match(rb"(?! *(?:[\x00[]|$))(?: |.*[. [\x00])", name, re.DOTALL):
            yield f"PHP renames {_readable(name)} in a query; send it in a form, or rename it"
    for name in _renumbered(query, form):
        yield f"PHP reads the name {_readable(name)} as a number and renumbers it; use a name with a letter"
    sent = {name.encode("utf-8") for name, _ in protocol}
    for name in sorted((set(query) | set(form)) & sent):
        yield f"{_readable(name)} is in the request and in the header, and it signs the header's only; remove yours"


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


def _secrets(oauth: "OAuth1") -> set[str]:
    each = {oauth.client_secret, oauth.resource_owner_key, oauth.resource_owner_secret, oauth.verifier}
    return {secret for secret in each if secret}


def _is_secret(name: str, value: str | bytes, secrets: Iterable[str]) -> bool:
    """Whether a percent-encoded value must not be shown."""
    readable = _readable(unquote_to_bytes(value))
    holds_one = any(
        secret == readable or (len(secret) >= _SHORTEST_SECRET and secret in readable) for secret in secrets
    )
    return bool(value) and (holds_one or bool(re.search(_SENSITIVE, name, re.IGNORECASE)))


def _masked_uri(request: SignableRequest, secrets: Iterable[str]) -> str:
    start = re.sub(r"//[^/?#]*@", f"//{_MASK}@", request.uri.partition("#")[0].partition("?")[0])
    pieces = []
    for piece in request.query.split("&"):
        name, equals, value = piece.partition("=")
        is_secret = _is_secret(_readable(unquote_to_bytes(name)), value.replace("+", "%20"), secrets)
        pieces.append(name + equals + (_MASK if is_secret else value))
    return start + ("?" + "&".join(pieces) if request.query else "")


def _show(parameter: _Parameter) -> str:
    value = _decode(parameter.value)
    if len(value) > _SHOWN_CHARACTERS:
        value = f"{value[:_SHOWN_CHARACTERS]}... ({len(value)} characters)"
    return f"{_decode(parameter.name)}={value}"


def _server(request: SignableRequest) -> str:
    scheme, separator, rest = request.base_uri.partition("://")
    return scheme + separator + rest.partition("/")[0]


def _decode(encoded_twice: bytes) -> str:
    return _readable(unquote_to_bytes(encoded_twice.replace(b"%25", b"%")))


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
