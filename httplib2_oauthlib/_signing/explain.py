"""The text of ``OAuth1.explain``: what a signature covers and why a server may compute another. It shows no secret."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from .base_string import base_string, percent_encode
from .differences import mediawiki_differences, readable, server_differences
from .request import FORM, SignableRequest
from .wiki_uris import is_page, takes_signature

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
_SECRETS_ADVICE = "Are the two secrets complete, in this order, and those of this client and this token?"


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
    is_different = False
    if is_page(request.uri) or takes_signature(request.uri):
        yield from _mediawiki_lines(oauth, request, protocol)
        yield ""
        is_different = True
    differences = list(server_differences(oauth, request, protocol))
    if differences:
        yield "Some servers sign this differently:"
        yield from (f"  - {difference}." for difference in differences)
    elif not is_different:
        yield (
            "No server is known to sign a request of this shape differently. If the server still rejects the signature,"
            f" check three things. {_SECRETS_ADVICE} Is {_server(request)} the scheme, host and port with which the"
            " server signs? Behind a proxy, a server may see http or another host. Does a proxy change the request?"
        )


def _mediawiki_lines(oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]]) -> Iterator[str]:
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
            f" check three things. {_SECRETS_ADVICE} Is {_server(request)} the $wgServer of the wiki, with which"
            " MediaWiki signs? Does a proxy change the request?"
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


def _secrets(oauth: "OAuth1") -> set[str]:
    each = {oauth.client_secret, oauth.resource_owner_key, oauth.resource_owner_secret, oauth.verifier}
    return {secret for secret in each if secret}


def _is_secret(name: str, value: str | bytes, secrets: Iterable[str]) -> bool:
    """Whether a percent-encoded value must not be shown."""
    text = readable(unquote_to_bytes(value))
    holds_one = any(secret == text or (len(secret) >= _SHORTEST_SECRET and secret in text) for secret in secrets)
    return bool(value) and (holds_one or bool(re.search(_SENSITIVE, name, re.IGNORECASE)))


def _masked_uri(request: SignableRequest, secrets: Iterable[str]) -> str:
    start = re.sub(r"//[^/?#]*@", f"//{_MASK}@", request.uri.partition("#")[0].partition("?")[0])
    pieces = []
    for piece in request.query.split("&"):
        name, equals, value = piece.partition("=")
        is_secret = _is_secret(readable(unquote_to_bytes(name)), value.replace("+", "%20"), secrets)
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
    return readable(unquote_to_bytes(encoded_twice.replace(b"%25", b"%")))
