"""Write the page "Compatibility" of the documentation: ``python -m tests.interop.page``.

It says nothing that depends on what is installed: the counts follow from the shapes and from the table.
"""

from pathlib import Path

from .asked import signed_by_us, unsigned
from .disagreements import TABLE, expected_traits
from .peers import EmbeddedWiki, Reference, all_peers
from .shapes import RAW_FORMS, SHAPES
from .traits import TRAITS, traits_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "compatibility.rst"
# How a raw form is sent is tested elsewhere. These rows are about programs that send one as it is.
LEFT_OUT = {"raw_form", "raw_form_not_ascii"}

INTRODUCTION = """\
.. This page is made by "python -m tests.interop.page". Change tests/interop/ instead.

Compatibility
=============

The test suite signs {shapes} different requests and asks other implementations of OAuth 1.0a to verify them. In the
other direction, the implementations sign. The embedded wiki and a verifier that was written from :rfc:`5849` alone
verify these signatures. Random requests follow in both directions. Except for oauthlib, on which this package is built,
no implementation shares code with this package.

Each request differs from an ordinary one in a single point, and many of the points are rare. All implementations
accept an ordinary request: a GET or a POST, a query or a form of percent-encoded text, and names that are not repeated.

Implementations
---------------

The columns show how many requests were verified, and how many of them were accepted. An implementation is asked only
about the signature methods and the placements that it supports.

.. list-table::
   :header-rows: 1

   * - Implementation
     - Language
     - Version
     - It verifies ours
     - We verify its own
"""

DIFFERENCES = """
PyPI's lazr.authentication isn't asked, because oauth 1.0.1, which it imports, does not work on Python 3.

Requests that implementations sign differently
----------------------------------------------

If a server refuses a request that has one of these properties, change the request or set the server up differently.
The last column says whether RFC 5849 supports this package's signature, and why.

.. list-table::
   :header-rows: 1
   :widths: 30 35 35

   * - Property
     - Signed differently by
     - RFC 5849
"""


def page():
    """Return the text of the page."""
    lines = [INTRODUCTION.format(shapes=len(_counted()))]
    for peer in all_peers():
        if peer is not Reference:
            counts = [_count(peer, side) for side in ("verifies", "signs")]
            lines += _row(peer.name, peer.language, _version(peer), *counts)
    lines.append(DIFFERENCES)
    for row in TABLE:
        if row.trait not in LEFT_OUT:
            peers = ", ".join(_who(name, sides) for name, sides in row.peers.items())
            lines += _row(_capitalized(TRAITS[row.trait].__doc__), peers, _ruling(row))
    return "".join(lines)


def _counted():
    return [shape for shape in SHAPES if shape.body not in RAW_FORMS.values()]


def _count(peer_class, side):
    """Return how many shapes a peer is asked about, and on how many it agrees. The peer itself isn't started."""
    if not (peer_class.placements if side == "verifies" else peer_class.signs):
        return "not asked"
    peer = object.__new__(peer_class)
    shapes = [shape for shape in map(peer.adapted, _counted()) if peer.is_asked(shape, side)]
    listed = expected_traits(peer.name, side)
    as_sent = signed_by_us if side == "verifies" else unsigned
    agreed = [shape for shape in shapes if not traits_of(shape, as_sent(shape)) & listed]
    return f"{len(agreed)} of {len(shapes)}"


def _version(peer):
    return f"MediaWiki {peer.tested_version}" if peer is EmbeddedWiki else peer.tested_version


def _row(first, *others):
    return [f"   * - {first}\n", *(f"     - {other}\n" for other in others)]


def _capitalized(text):
    return text[0].upper() + text[1:]


def _who(name, sides):
    return f"{name} (as a client)" if sides == {"signs"} else name


def _ruling(row):
    ruling = {True: "Yes", False: "No", None: "Open"}[row.is_ours_right]
    return f"{ruling}, section {row.section}. {row.why}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
