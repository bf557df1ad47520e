"""The URIs of a MediaWiki that take a signature, and those that don't.

api.php, rest.php, Special:OAuth and its subpages take a signature. Since Extension:OAuth REL1_41, every other page
refuses a signed request: ``SessionProvider::provideSessionInfo`` ("OAuth is restricted to be API-only").
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

_URI = r"(?s)[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*([^?#]*)(?:\?([^#]*))?"
# MediaWiki reads names of namespaces and of special pages in any case, and "_" as a space. The English name of the
# namespace is valid in every wiki.
_SPECIAL_OAUTH = r"(?is) *(?:: *)?special *: *oauth *(?:/.*)?"
_SCRIPT = r"[a-z0-9_]+\.php"
# Query parameters with which index.php shows a page or a revision of it.
_PAGE_PARAMETERS = {"title", "curid", "oldid", "diff", "action"}


class _Target(NamedTuple):
    """What a URI leads to.

    Attributes:
        script: ``api.php``, ``rest.php``, ``index.php``, another script, or an empty str if the path names none.
        title: The title of the page that index.php shows, or an empty str.
        is_in_wiki: Whether the path begins with /wiki/ and a title, as it does in many wikis.
        parameters: The parameters of the query.
    """

    script: str
    title: str
    is_in_wiki: bool
    parameters: dict[str, str]


def takes_signature(uri: str) -> bool:
    """Whether a URI is that of api.php, of rest.php, or of Special:OAuth or its subpages.

    Args:
        uri: Absolute, percent-encoded or not.
    """
    return _target_of(uri).script in ("api.php", "rest.php") or is_special_oauth(uri)


def is_special_oauth(uri: str) -> bool:
    """Whether a URI is that of Special:OAuth or its subpages, among which are MediaWiki's token endpoints.

    Args:
        uri: Absolute, percent-encoded or not.
    """
    target = _target_of(uri)
    return target.script in ("index.php", "") and _is_special_oauth(target.title)


def is_page(uri: str) -> bool:
    """Whether a URI looks like that of a page of a MediaWiki, except Special:OAuth.

    Args:
        uri: Absolute, percent-encoded or not.
    """
    target = _target_of(uri)
    if _is_special_oauth(target.title):
        return False
    if target.script == "index.php":
        # Other software has an index.php too, with other parameters.
        return bool(target.title) or not target.parameters or not _PAGE_PARAMETERS.isdisjoint(target.parameters)
    return target.is_in_wiki


def _target_of(uri: str) -> _Target:
    match = re.match(_URI, uri)
    path, query = (match[1], match[2] or "") if match else ("", "")
    # PHP keeps the last one of several parameters with the same name.
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    # The path is split before it is decoded, so that an encoded slash does not separate segments.
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    script, title, is_in_wiki = _read_path(segments)
    # A title in the path takes precedence over one in the query, as in MediaWiki.
    return _Target(script, title or parameters.get("title", ""), is_in_wiki, parameters)


def _read_path(segments: Sequence[str]) -> tuple[str, str, bool]:
    """Return the script and the title in a path, empty if they are missing, and whether the path begins with /wiki/."""
    for position, segment in enumerate(segments):
        rest = segments[position + 1 :]
        if re.fullmatch(_SCRIPT, segment):
            return segment, "/".join(rest) if segment == "index.php" else "", False
        # A wiki may also be installed in a folder of the name "wiki". Then a script follows.
        if segment == "wiki" and any(rest) and not re.fullmatch(_SCRIPT, rest[0]):
            return "", "/".join(rest), position == 0
        # Other wikis have other paths before a title.
        if _is_special_oauth(segment):
            return "", "/".join([segment, *rest]), False
    return "", "", False


def _is_special_oauth(title: str) -> bool:
    return re.fullmatch(_SPECIAL_OAUTH, title.replace("_", " ")) is not None
