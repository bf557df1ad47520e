"""What the wiki reports about itself (``action=query&meta=siteinfo``)."""

from typing import Any

from .titles import NAMESPACE_ALIASES, NAMESPACES
from .versions import Version

# As recorded from MediaWiki 1.39 to 1.45. The function general() sets the empty values.
_GENERAL: dict[str, Any] = {
    "mainpage": "Main Page",
    "base": "",
    "sitename": "TestWiki",
    "mainpageisdomainroot": False,
    "logo": "",
    "generator": "",
    "phpversion": "8.2.36",
    "phpsapi": "apache2handler",
    "dbtype": "sqlite",
    "dbversion": "3.40.1",
    "imagewhitelistenabled": False,
    "langconversion": True,
    "linkconversion": True,
    "titleconversion": True,
    "linkprefixcharset": "",
    "linkprefix": "",
    "linktrail": "/^([a-z]+)(.*)$/sD",
    "legaltitlechars": " %!\"$&'()*,\\-.\\/0-9:;=?@A-Z\\\\^_`a-z~\\x80-\\xFF+",
    "allunicodefixes": False,
    "case": "first-letter",
    "lang": "en",
    "fallback": [],
    "rtl": False,
    "fallback8bitEncoding": "windows-1252",
    "readonly": False,
    "writeapi": True,
    "timezone": "UTC",
    "timeoffset": 0,
    "articlepath": "/index.php/$1",
    "scriptpath": "",
    "script": "/index.php",
    "variantarticlepath": False,
    "server": "",
    "servername": "",
    "wikiid": "wiki",
    "time": "",
    "misermode": False,
    "uploadsenabled": True,
    "maxuploadsize": 104857600,
    "minuploadchunksize": 1024,
    "galleryoptions": {
        "imagesPerRow": 0,
        "imageWidth": 120,
        "imageHeight": 120,
        "captionLength": True,
        "showBytes": True,
        "showDimensions": True,
        "mode": "traditional",
    },
    "thumblimits": {str(n): width for n, width in enumerate((120, 150, 180, 200, 250, 300))},
    "imagelimits": {
        str(n): {"width": width, "height": height}
        for n, (width, height) in enumerate(
            ((320, 240), (640, 480), (800, 600), (1024, 768), (1280, 1024), (2560, 2048))
        )
    },
    "favicon": "",
    "centralidlookupprovider": "local",
    "allcentralidlookupproviders": ["local"],
    "interwikimagic": True,
    "magiclinks": {"ISBN": False, "PMID": False, "RFC": False},
    "categorycollation": "uppercase",
    "nofollowlinks": True,
    "nofollownsexceptions": [],
    "nofollowdomainexceptions": ["mediawiki.org"],
    "externallinktarget": False,
}
_EXTENSION = {
    "type": "other",
    "name": "OAuth",
    "descriptionmsg": "mwoauth-desc",
    "author": "Aaron Schulz, Chris Steipp, Brad Jorsch, Robert Vogel, Dejan Savuljesku",
    "url": "https://www.mediawiki.org/wiki/Extension:OAuth",
    "version": "1.1.0",
    "license-name": "GPL-2.0-or-later",
}


def general(server: str, host: str, time: str, version: Version) -> dict[str, Any]:
    """Return ``siprop=general``.

    Args:
        server: The wiki's scheme and authority.
        host: The wiki's host name.
        time: The wiki's time, as the API writes it.
        version: The version of MediaWiki.
    """
    return {
        **_GENERAL,
        **version.general_siteinfo,
        "generator": f"MediaWiki {version.release}",
        "base": f"{server}/index.php/Main_Page",
        "logo": f"{server}/resources/assets/change-your-logo.svg",
        "server": server,
        "servername": host,
        "time": time,
        "favicon": f"{server}/favicon.ico",
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
