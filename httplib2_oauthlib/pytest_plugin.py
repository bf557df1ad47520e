"""pytest fixtures for suites of programs that use OAuth; pytest finds them by itself.

Loaded with every run of pytest where this package is installed, so that it imports nothing before a fixture is asked
for: not the embedded wiki's extra, which may not be there, and not this package, whose coverage somebody may measure.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .adapter import OAuth1Http
    from .testwiki import TestWiki


@pytest.fixture
def oauth_wiki() -> "Iterator[TestWiki]":
    """A running embedded wiki of the test's own: ``oauth_wiki.api_uri``, ``oauth_wiki.owner_only("Alice")``.

    Needs the extra ``httplib2-oauthlib[testwiki]``.
    """
    try:
        from .testwiki import TestWiki  # noqa: PLC0415
    except ImportError as error:
        message = f"oauth_wiki needs an extra ({error.name} is missing): pip install 'httplib2-oauthlib[testwiki]'"
        pytest.fail(message, pytrace=False)
    with TestWiki() as wiki:
        yield wiki


@pytest.fixture
def oauth_http(oauth_wiki: "TestWiki") -> "Iterator[OAuth1Http]":
    """An ``OAuth1Http`` that is signed in to ``oauth_wiki`` as Alice; ``oauth_http.oauth = None`` logs her out."""
    from .adapter import OAuth1Http  # noqa: PLC0415
    from .signing import OAuth1  # noqa: PLC0415

    http = OAuth1Http(timeout=30, oauth=OAuth1(*oauth_wiki.owner_only("Alice")))
    yield http
    http.close()
