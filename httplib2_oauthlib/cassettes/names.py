"""What names say about the values that stand under them: a query's, a form's, JSON's, a header's."""

import ipaddress
import re

# Of OAuth's parameters these tell nothing that is worth hiding, and a client has to read some of them; the last are
# variables of the environment, which documentation names.
_PUBLIC_OAUTH = re.compile(
    r"oauth_(?:version|signature_method|timestamp|callback|callback_confirmed|problem(?:_\w+)?|acceptable_\w+"
    r"|parameters_\w+|(?:authorization_)?expires_in|wiki|user_agent|test_write)"
)
_SECRET = re.compile(
    r"(?:token|passw(?:or)?d|passphrase|retype|secret|secretkey|verifier|csrf|jwt|sess(?:ion)?id|(?:api|private|session|"
    r"auth|secretaccess)key)$|^(?:authorization|sid|pass|pwd|passcode|pin|otp)$"
)
# Places in a list, which a client sends back, and what only sounds like a token.
_NO_SECRET = re.compile(r"(?:page|sync|next|skip|list|start|continue|continuation|cursor|hide|show|no)token$")
_PERSONAL = re.compile(r"(?P<email>e?mail(?:address)?$)|(?P<realname>realname$)")
# Where MediaWiki puts the address of somebody who is not logged in, and where servers repeat the client's.
_OF_ADDRESSES = frozenset("name user username wgusername wgrelevantusername ip clientip xclientip xrealip".split())
_OF_HASHES = re.compile(r"(?:sha\d*|md5|hash|etag|digest|checksum|integrity|requestid|traceid|traceparent)(?:base36)?$")
_HEADERS = re.compile(r"auth$|signature$|apikey$")


def kind_of_name(name: str) -> str | None:
    """Return what kind of secret stands under a name, or None if what stands there is none."""
    lowered = name.lower()
    if lowered.startswith("oauth_"):
        return None if _PUBLIC_OAUTH.fullmatch(lowered) else plain(lowered[6:]) or "oauth"
    # "token[0]" and "password2" are what they are without that.
    bare = plain(lowered).rstrip("0123456789")
    if _SECRET.search(bare) and not _NO_SECRET.search(bare):
        return bare
    personal = _PERSONAL.search(bare)
    return personal.lastgroup if personal is not None else None


def kind_of_pair(name: str, value: str) -> str | None:
    """Return what kind of secret a value is that stands under a name, or None."""
    kind = kind_of_name(name)
    if kind is None and plain(name.lower()) in _OF_ADDRESSES and address_of(value) is not None:
        return "ip"
    return kind


def kind_of_header(name: str) -> str | None:
    """Return what kind of secret a header is, or None."""
    bare = plain(name.lower())
    if bare == "from":
        return "email"
    return kind_of_name(name) or (bare if _HEADERS.search(bare) else None)


def authenticates(name: str) -> bool:
    """Whether what stands under a name is there to prove who sends it: OAuth's parameters, tokens, passwords."""
    return name.lower().startswith("oauth_") or kind_of_name(name) not in (None, "email", "realname")


def is_of_hash(name: str) -> bool:
    """Whether a name says that what stands under it is a hash, or a number of chance that opens nothing."""
    return _OF_HASHES.search(plain(name.lower())) is not None


def address_of(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a value as an IP address, or None if it is none."""
    try:
        return ipaddress.ip_address(value.strip())
    except ValueError:
        return None


def plain(name: str) -> str:
    """Return a name in lower case without what only separates its words."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
