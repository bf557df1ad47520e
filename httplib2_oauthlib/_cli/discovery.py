"""Find a wiki's index.php and api.php by its host, by one of its scripts or by any of its pages."""

import html
import re
from typing import NamedTuple
from urllib.parse import urljoin

import httplib2

from .._http.limits import request_limited
from .._http.origin import Origin
from .._signing.request import DEFAULT_PORTS
from ..errors import OAuthError
from .terminal import MisusedError

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

_SCRIPT = re.compile(r"/(?:index|api)\.php$")
_EDIT_URI = re.compile(r"<link\b[^<>]{0,500}\brel=[\"']?EditURI\b[^<>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"\bhref=[\"']([^\"'<>]{1,500})[\"']", re.IGNORECASE)
# The link is in the page's head. The rest of a long page is not searched.
_MAX_SEARCHED_BYTES = 200_000
_MAX_PAGE_BYTES = 10_000_000


class Wiki(NamedTuple):
    """The location of a wiki.

    Attributes:
        host: Host, with the port if it is not the scheme's default. The wiki's credentials are stored under this name.
        index_uri: The URI of the wiki's index.php.
        api_uri: The URI of the wiki's api.php.
    """

    host: str
    index_uri: str
    api_uri: str


def http_origin(uri: str) -> Origin | None:
    """Return the origin of an absolute http or https URI, or None if it isn't one."""
    origin = Origin.of(uri)
    return origin if origin is not None and origin.scheme in DEFAULT_PORTS else None


def host_of(name: str) -> str:
    """Return the host of a wiki, with the port if it is not the scheme's default, without sending a request.

    Args:
        name: As for :func:`find_wiki`.

    Raises:
        MisusedError: The name contains no valid host.
    """
    return _wiki_origin(_with_scheme(name), name).authority


def find_wiki(name: str, http: httplib2.Http, headers: dict[str, str]) -> Wiki:
    """Find a wiki. A request is sent only if the name is not the URI of a script.

    Args:
        name: The wiki's host, or the URI of its index.php, of its api.php or of any of its pages.
        http: Requests the page.
        headers: Sent with that request.

    Raises:
        MisusedError: The name contains no valid host.
        OAuthError: No MediaWiki was found.
    """
    uri = _with_scheme(name)
    origin = _wiki_origin(uri, name)
    if not _SCRIPT.search(_without_query(uri)):
        uri = _request_api_uri(uri, origin, http, headers)
    base = _SCRIPT.sub("", _without_query(uri))
    return Wiki(_wiki_origin(base, name).authority, f"{base}/index.php", f"{base}/api.php")


def _with_scheme(name: str) -> str:
    if "://" in name:
        return name
    origin = Origin.of(f"http://{name}")
    is_loopback = origin is not None and origin.host.strip("[]") in LOOPBACK_HOSTS
    return f"{'http' if is_loopback else 'https'}://{name}"


def _without_query(uri: str) -> str:
    return uri.partition("#")[0].partition("?")[0]


def _wiki_origin(uri: str, name: str) -> Origin:
    origin = http_origin(uri)
    if origin is None:
        raise MisusedError(f"invalid wiki: {name!r}. Pass the URI of its index.php")
    return origin


def _request_api_uri(uri: str, origin: Origin, http: httplib2.Http, headers: dict[str, str]) -> str:
    """Request a page and return the URI of the api.php that the page links to."""
    response, content = request_limited(http, _MAX_PAGE_BYTES, uri, headers)
    link = _EDIT_URI.search(content[:_MAX_SEARCHED_BYTES].decode("utf-8", "replace"))
    href = _HREF.search(link[0]) if link else None
    if href is None:
        raise OAuthError(f"no MediaWiki was found at {uri} (status {response.status}): pass the URI of its index.php")
    # The page's URI is the location of the last redirect. The response's content-location can't be used, because the
    # server may have sent a header of that name.
    redirect = getattr(response, "previous", None)
    page_uri = uri if redirect is None else urljoin(uri, redirect.get("location", ""))
    api_uri = str(urljoin(page_uri, html.unescape(href[1])))
    # Credentials will be sent to this URI, so neither a redirect nor a page may choose another host or drop TLS.
    api_origin = Origin.of(api_uri)
    is_upgrade = (
        api_origin is not None
        and origin == ("http", api_origin.host, 80)
        and api_origin == ("https", api_origin.host, 443)
    )
    if origin != api_origin and not is_upgrade:
        raise OAuthError(
            f"{uri} leads to an API on another server, {api_origin}: if you trust it, pass that wiki's index.php"
        )
    if not _SCRIPT.search(_without_query(api_uri)):
        raise OAuthError(f"{uri} leads to an API that isn't an api.php: pass the URI of its index.php")
    return api_uri
