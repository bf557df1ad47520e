"""What the wiki reports about itself (``action=query&meta=siteinfo``)."""

from typing import Any

from .store import Store, iso_time
from .titles import NAMESPACE_ALIASES, NAMESPACES

# As recorded from MediaWiki 1.39 to 1.45. The settings of images and of the database are left out.
_GENERAL: dict[str, Any] = {
    "mainpage": "Main Page",
    "sitename": "TestWiki",
    "linktrail": "/^([a-z]+)(.*)$/sD",
    "legaltitlechars": " %!\"$&'()*,\\-.\\/0-9:;=?@A-Z\\\\^_`a-z~\\x80-\\xFF+",
    "case": "first-letter",
    "lang": "en",
    "rtl": False,
    "readonly": False,
    "writeapi": True,
    "timezone": "UTC",
    "articlepath": "/index.php/$1",
    "scriptpath": "",
    "script": "/index.php",
    "wikiid": "wiki",
    "uploadsenabled": True,
    "maxuploadsize": 104857600,
    # Pywikibot requires these three.
    "thumblimits": {str(n): width for n, width in enumerate((120, 150, 180, 200, 250, 300))},
    "imagelimits": {"0": {"width": 320, "height": 240}},
    "magiclinks": {"ISBN": False, "PMID": False, "RFC": False},
}
_EXTENSION = {
    "type": "other",
    "name": "OAuth",
    "url": "https://www.mediawiki.org/wiki/Extension:OAuth",
    "version": "1.1.0",
}


def general(store: Store) -> dict[str, Any]:
    """Return ``siprop=general``."""
    return {
        **_GENERAL,
        "generator": f"MediaWiki {store.version.release}",
        "base": f"{store.server}/index.php/Main_Page",
        "server": store.server,
        "servername": store.host,
        "time": iso_time(store.clock()),
    }


def site_lists() -> dict[str, Any]:
    """Return every other ``siprop`` that the embedded wiki has."""
    return {
        "namespaces": {str(number): _namespace(number, name) for number, name in NAMESPACES.items()},
        "namespacealiases": [{"id": number, "alias": name} for name, number in NAMESPACE_ALIASES.items()],
        "extensions": [_EXTENSION],
        "fileextensions": [{"ext": name} for name in ("png", "gif", "jpg", "jpeg", "webp", "txt")],
    }


def _namespace(number: int, name: str) -> dict[str, Any]:
    """Return what the wiki reports about one namespace."""
    canonical = {"canonical": name.replace("TestWiki", "Project")} if number else {}
    return {
        "id": number,
        "case": "first-letter",
        "name": name,
        "subpages": number > 0 and (number % 2 == 1 or number in (2, 4, 8, 10, 12)),
        **canonical,
        "content": number == 0,
        "nonincludable": False,
    }
