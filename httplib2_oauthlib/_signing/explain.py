"""Says of a request what is signed and why a server may disagree; text for a person, no secret in it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from .base_string import base_string, parse_parameters, percent_encode
from .request import FORM, SignableRequest

if TYPE_CHECKING:
    from .oauth1 import OAuth1

# What stands for a masked value; letters only, so that percent-encoding leaves it readable.
_MASK = "MASKED"
# Parameters whose values open something: csrf and login tokens, passwords, verifiers, keys.
_SENSITIVE = (
    r"token|secret|pass|pwd|retype|verifier|captcha|session|cookie|csrf|api_?key|signature(?!_method)|credential|assertion"
    r"|authorization|(?:^|_)code$"
)
# Shorter than this a secret is no secret, and masking it wherever it occurs would hide half of the text.
_SHORTEST_SECRET = 8
_SHOWN_CHARACTERS = 80


class _Parameter(NamedTuple):
    """One name and value that is signed, twice encoded, and where it stands: ``query``, ``form`` or ``protocol``."""

    name: bytes
    value: bytes
    source: str


def explain(oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]]) -> str:
    """Return the text of ``OAuth1.explain``.

    Args:
        oauth: The credentials.
        request: The request.
        protocol: Its protocol parameters, without the signature.
    """
    secrets = _secrets(oauth)
    text = "\n".join(_lines(oauth, request, protocol, secrets))
    # Parameters are masked already; this is for a secret in the path or in a name.
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            # Plain, percent-encoded, and once more as in the base string.
            for spelling in (secret, percent_encode(secret), percent_encode(percent_encode(secret))):
                text = text.replace(spelling, _MASK)
    return text


def _lines(
    oauth: "OAuth1", request: SignableRequest, protocol: Sequence[tuple[str, str]], secrets: Iterable[str]
) -> Iterator[str]:
    # Masked after sorting, so that the text is the real base string but for the masks.
    signed = [
        parameter._replace(value=_MASK.encode("ascii"))
        if _is_secret(_decoded(parameter.name), parameter.value.replace(b"%25", b"%"), secrets)
        else parameter
        for parameter in _signed(request, protocol)
    ]
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
        yield "The signature base string, secrets and tokens masked:"
        pairs = (parameter[:2] for parameter in signed)
        yield base_string(request.method, request.base_uri, pairs).decode("ascii")
        yield ""
        yield "Signed: the method, the URI up to its query, and"
        for source in ("query", "form", "protocol"):
            shown = [_shown(parameter) for parameter in signed if parameter.source == source]
            yield f"  {source} parameters: {', '.join(shown) or 'none'}"
        yield f"Not signed: {'; '.join(_unsigned(oauth, request))}."
    if request.changed_media_type:
        yield f"The form's Content-Type is sent as {FORM}: MediaWiki takes it for a form in lower case only."
    yield ""
    differences = list(mediawiki_differences(oauth, request, protocol))
    if differences:
        yield "MediaWiki does not see this request as it is signed here:"
        yield from (f"  - {difference}." for difference in differences)
    else:
        yield (
            'MediaWiki signs a request of this shape the same way. If it answers "Invalid signature" all the same,'
            " look at the two secrets (whole, of this client and this token, in this order); at the address, since"
            f" MediaWiki signs with its own $wgServer, which must be {_server(request)} here; and at whatever may"
            " rewrite the request on its way."
        )


def _signed(request: SignableRequest, protocol: Iterable[tuple[str, str]]) -> list[_Parameter]:
    """Return all that is signed, in its order, as it stands in the base string."""
    sources = request.parameters_by_source(protocol)
    return sorted(_Parameter(*pair, source) for source, pairs in sources.items() for pair in pairs)


def _unsigned(oauth: "OAuth1", request: SignableRequest) -> Iterator[str]:
    yield "the headers"
    if oauth.realm:
        yield "the realm"
    if "#" in request.uri:
        yield "the fragment, which is not sent"
    if request.body is not None and request.form is None:
        yield "the body, which is no form to the server"


def mediawiki_differences(
    oauth: "OAuth1", request: SignableRequest, protocol: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Yield a sentence for everything in a request that MediaWiki takes otherwise than RFC 5849 does.

    Source: a real wiki's answers (MediaWiki 1.39, Extension:OAuth REL1_39) to every shape that is named here.
    """
    if oauth.signature_type != "AUTH_HEADER":
        yield "it reads protocol parameters from the Authorization header only, and runs this request anonymously"
    if oauth.signature_method not in ("HMAC-SHA1", "RSA-SHA1"):
        yield f"it knows HMAC-SHA1 and RSA-SHA1, not {oauth.signature_method}"
    if request.base_uri.partition("://")[2].partition("/")[2].startswith("/"):
        yield "the path begins with several slashes, and it signs one"
    if request.form and request.method.upper() != "POST":
        yield f"it does not sign the form of a {request.method}; send it as POST"
    for place, text in (("query", request.query.encode("ascii")), ("form", request.form or b"")):
        if text and b"" in text.split(b"&"):
            yield f"the {place} has an empty pair (&& or an & at an end), which it signs as a parameter; drop it"

    query, form = _names_in(request.query.encode("ascii")), _names_in(request.form or b"")
    for name in sorted({name for name in query if query.count(name) > 1}):
        yield f"the query repeats {_readable(name)}, and it signs the last one only; join the values or send a form"
    for name in sorted(set(query) & set(form)):
        yield f"{_readable(name)} is in the query and in the form, and it signs the form's only; send it once"
    for name in sorted(set(query)):
        # PHP skips spaces, ends a name at a NUL, and drops a name of which nothing is left before a bracket: harmless.
        if re.match(rb"(?! *(?:[\x00[]|$))(?: |.*[. [\x00])", name, re.DOTALL):
            yield f"PHP renames {_readable(name)} in a query; send it in a form, or rename it"
    for name in _renumbered(query, form):
        yield f"PHP takes the name {_readable(name)} for a number and renumbers it; use a name with a letter"
    sent = {name.encode("utf-8") for name, _ in protocol}
    for name in sorted((set(query) | set(form)) & sent):
        yield f"{_readable(name)} is in the request and in the header, and it signs the header's only; drop yours"


def _names_in(form: bytes) -> list[bytes]:
    """List the names in a form, or in a query, decoded."""
    return [unquote_to_bytes(name.replace(b"%25", b"%")) for name, _ in parse_parameters(form)]


def _renumbered(query: list[bytes], form: list[bytes]) -> list[bytes]:
    """List the names that PHP's array_merge turns into other numbers than they were."""

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


def _shown(parameter: _Parameter) -> str:
    value = _decoded(parameter.value)
    if len(value) > _SHOWN_CHARACTERS:
        value = f"{value[:_SHOWN_CHARACTERS]}... ({len(value)} characters)"
    return f"{_decoded(parameter.name)}={value}"


def _server(request: SignableRequest) -> str:
    scheme, separator, rest = request.base_uri.partition("://")
    return scheme + separator + rest.partition("/")[0]


def _decoded(twice_encoded: bytes) -> str:
    return _readable(unquote_to_bytes(twice_encoded.replace(b"%25", b"%")))


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
