"""Namespaces and page titles, in the normal form of a new English MediaWiki called TestWiki."""

import re
import unicodedata
from dataclasses import dataclass

#: The namespaces' names by number.
NAMESPACES = {
    -2: "Media",
    -1: "Special",
    0: "",
    1: "Talk",
    2: "User",
    3: "User talk",
    4: "TestWiki",
    5: "TestWiki talk",
    6: "File",
    7: "File talk",
    8: "MediaWiki",
    9: "MediaWiki talk",
    10: "Template",
    11: "Template talk",
    12: "Help",
    13: "Help talk",
    14: "Category",
    15: "Category talk",
}
#: Further names of namespaces, as every MediaWiki has them.
NAMESPACE_ALIASES = {"Image": 6, "Image talk": 7}
_NAMESPACE_NUMBERS = {name.lower(): number for number, name in NAMESPACES.items() if name}
_NAMESPACE_NUMBERS |= {name.lower(): number for name, number in NAMESPACE_ALIASES.items()}
_NAMESPACE_NUMBERS |= {"project": 4, "project talk": 5}
_MAX_TITLE_BYTES = 255


@dataclass(frozen=True)
class Title:
    """A page title in MediaWiki's normal form.

    Attributes:
        namespace: The namespace's number.
        text: The title without its namespace, with spaces instead of underscores.
    """

    namespace: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "Title | None":
        """Return the normalized title, or None if ``text`` is not a valid title."""
        text = re.sub(r"[ _]+", " ", unicodedata.normalize("NFC", text)).strip(" ")
        prefix, colon, rest = text.partition(":")
        number = _NAMESPACE_NUMBERS.get(prefix.strip().lower()) if colon else None
        namespace, name = (0, text) if number is None else (number, rest.strip(" "))
        name = name.lstrip(":").strip()
        if not name or re.search(r"[\[\]{}|#<>\x00-\x1f\x7f\ufffd]", name) or len(name.encode()) > _MAX_TITLE_BYTES:
            return None
        return cls(namespace, name[0].upper() + name[1:])

    @property
    def key(self) -> str:
        """The title as URLs and database keys have it, with underscores."""
        return str(self).replace(" ", "_")

    def __str__(self) -> str:
        prefix = NAMESPACES[self.namespace]
        return f"{prefix}:{self.text}" if prefix else self.text


def normalize_user_name(name: str) -> str:
    """Return a user name as MediaWiki writes it: spaces instead of underscores, and a capital first."""
    name = name.replace("_", " ").strip()
    return name[:1].upper() + name[1:]
