"""Which requests change nothing on the server, so that they may be sent again with a new nonce.

Bots send their queries to MediaWiki by POST, because a query can be too long for a URI. Such a request reads as a GET
does. The parameter ``action`` selects what MediaWiki does. PHP takes it from the query and from the form. PHP
reads some names that look different as the same name, so this module decodes names as PHP does. When it is in doubt, a
request isn't safe.
"""

from typing import Any
from urllib.parse import unquote_to_bytes

from .._signing.patterns import compiled

# RFC 9110, section 9.2.1: "the GET, HEAD, OPTIONS, and TRACE methods are defined to be safe." httplib2's list of the
# same name is a setting of each Http, and about caching and redirects.
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# The modules of MediaWiki's API and of Wikibase that only read. A purge can be repeated without harm.
_SAFE_ACTIONS = frozenset(
    b"query parse paraminfo help opensearch compare expandtemplates feedcontributions feedrecentchanges feedwatchlist"
    b" rsd purge templatedata sitematrix languagesearch"
    b" wbgetentities wbgetclaims wbsearchentities wbformatvalue wbparsevalue wbavailablebadges".split()
)
_API = r"(?i)[^?#]*/api\.php"
# A form never contains these: a line end or a quote means another format, such as multipart or JSON.
_NOT_IN_A_FORM = (b"\r", b"\n", b'"', b"{", b"<")


def is_safe(method: str, uri: str, body: Any) -> bool:
    """Whether a request changes nothing, or can be repeated without harm.

    True for GET, HEAD, OPTIONS and TRACE, and for a POST to MediaWiki's ``api.php`` that only reads.

    Args:
        method: The method.
        uri: The URI.
        body: The body: str, bytes or anything else that httplib2 takes.
    """
    method = method.upper()
    if method in _SAFE_METHODS:
        return True
    return method == "POST" and "api.php" in uri and _only_reads(uri, body)


def _only_reads(uri: str, body: Any) -> bool:
    """Whether every action of a request to api.php only reads. A request with a token is meant to change something."""
    path, _, query = uri.partition("#")[0].partition("?")
    if body is None:
        body = b""
    elif isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if (
        not compiled(_API).fullmatch(path)
        or not isinstance(body, bytes)
        or any(each in body for each in _NOT_IN_A_FORM)
    ):
        return False
    query_bytes = query.encode("utf-8", "surrogatepass")
    actions = []
    for pair in (*query_bytes.split(b"&"), *body.split(b"&")):
        name, _, value = pair.partition(b"=")
        name = _as_php_reads(name)
        # "action[]" and the like are arrays, which no module expects.
        if name.startswith((b"token", b"action[")):
            return False
        if name == b"action":
            actions.append(_decoded(value))
    return bool(actions) and _SAFE_ACTIONS.issuperset(actions)


def _as_php_reads(name: bytes) -> bytes:
    """Return the name of a parameter as PHP reads it: without blanks in front, and only up to a NUL."""
    return _decoded(name).lstrip(b" ").partition(b"\0")[0]


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
