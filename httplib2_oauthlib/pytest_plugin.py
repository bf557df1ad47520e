"""pytest fixtures for suites of programs that use OAuth, and the option ``--record``; pytest finds them by itself.

Loaded with every run of pytest where this package is installed, so that it imports nothing before a fixture is asked
for: not the embedded wiki's extra, which may not be there, and not this package, whose coverage somebody may measure.
"""

import hashlib
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from ._http.mixin import OAuth1Http
    from ._signing.oauth1 import OAuth1
    from .testwiki import TestWiki

_LONGEST_NAME = 120
_HAS_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--record``."""
    group = parser.getgroup("httplib2-oauthlib")
    group.addoption(
        "--record",
        action="store_true",
        help="record the cassettes of signed_cassette anew, from the wiki of OAUTH_WIKI with OAUTH_TOKENS",
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Note whether a test has failed, since then its new cassette does not take the place of the old one."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_HAS_FAILED] = report.failed


@pytest.fixture
def oauth_wiki() -> "Iterator[TestWiki]":
    """A running embedded wiki of the test's own: ``oauth_wiki.api_uri``, ``oauth_wiki.owner_only("Alice")``.

    Needs the extra ``httplib2-oauthlib[testwiki]``.
    """
    try:
        from .testwiki import TestWiki  # noqa: PLC0415
    except ImportError as error:
        _fail_for_extra("oauth_wiki", "testwiki", error)
    with TestWiki() as wiki:
        yield wiki


@pytest.fixture
def oauth_http(oauth_wiki: "TestWiki") -> "Iterator[OAuth1Http]":
    """An ``OAuth1Http`` that is signed in to ``oauth_wiki`` as Alice; ``oauth_http.oauth = None`` logs her out."""
    from ._http.mixin import OAuth1Http  # noqa: PLC0415
    from ._signing.oauth1 import OAuth1  # noqa: PLC0415

    http = OAuth1Http(timeout=30, oauth=OAuth1(*oauth_wiki.owner_only("Alice")))
    yield http
    http.close()


class CassetteOfTest:
    """What ``signed_cassette`` gives: vcr's cassette, and where and as whom to ask.

    Whatever this class does not know is the cassette's: ``play_count``, ``all_played``, ``requests``, ``responses``.

    Attributes:
        cassette: vcr's cassette, open.
        is_recording: Whether it is recorded now.
    """

    def __init__(self, cassette: Any, index_uri: str | None) -> None:
        self.cassette = cassette
        self.is_recording = index_uri is not None
        self._index_uri = index_uri

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cassette, name)

    @property
    def index_uri(self) -> str:
        """The URI of the wiki's index.php: of ``OAUTH_WIKI``, or of the wiki that was recorded."""
        if self._index_uri is None:
            uris = (request.uri for request in self.cassette.requests)
            found = next((match for uri in uris if (match := re.match(r"(.*?/)(?:index|api|rest)\.php\b", uri))), None)
            if found is None:
                pytest.fail(f"no wiki was asked on {self.cassette._path}; record it with --record", pytrace=False)
            self._index_uri = f"{found[1]}index.php"
        return self._index_uri

    @property
    def api_uri(self) -> str:
        """The URI of the wiki's api.php."""
        return f"{self.index_uri.removesuffix('index.php')}api.php"

    @property
    def oauth(self) -> "OAuth1":
        """Who signs: the credentials of ``OAUTH_TOKENS`` while it is recorded, made-up ones while it is played."""
        from ._signing.oauth1 import OAuth1  # noqa: PLC0415

        if not self.is_recording:
            return OAuth1("client-key", "client-secret", "token", "token-secret")
        oauth = OAuth1.from_env()
        if oauth is None:
            pytest.fail("--record needs OAUTH_TOKENS: client key and secret, token and token secret", pytrace=False)
        return oauth


@pytest.fixture
def signed_cassette_options() -> dict[str, Any]:
    """Options of :func:`httplib2_oauthlib.cassettes.recorder` for ``signed_cassette``; a suite may have its own.

    ``cassette_library_dir`` is ``cassettes`` beside the test's file unless it is given here; then the cassettes stand
    in it as their tests do in the root folder of the suite. A ``record_mode`` that is given here holds without
    ``--record`` too, so that requests may be made live.
    """
    return {}


@pytest.fixture
def signed_cassette(
    request: pytest.FixtureRequest, signed_cassette_options: dict[str, Any]
) -> "Iterator[CassetteOfTest]":
    """A cassette of the test's own, played; with ``--record`` recorded anew from the wiki of ``OAUTH_WIKI``.

    It stands in ``cassettes/MODULE/TEST.yaml`` beside the test's file. A new recording takes the place of the old one
    unless the test fails. Needs the extra ``httplib2-oauthlib[cassettes]``.
    """
    try:
        from .cassettes import recorder  # noqa: PLC0415
    except ImportError as error:
        _fail_for_extra("signed_cassette", "cassettes", error)
    options = dict(signed_cassette_options)
    folder = options.pop("cassette_library_dir", None)
    if folder is None:
        folder = request.path.parent / "cassettes" / request.path.stem
    else:
        # Two tests may have one name, in two folders.
        root = request.config.rootpath
        module = request.path.relative_to(root) if request.path.is_relative_to(root) else Path(request.path.name)
        folder = root / folder / module.with_suffix("")
    suffix = "json" if options.get("serializer") == "json" else "yaml"
    path = folder / f"{_file_name(request)}.{suffix}"
    if not request.config.getoption("--record"):
        with recorder(**options).use_cassette(path) as cassette:
            yield CassetteOfTest(cassette, None)
        return
    wiki = os.environ.get("OAUTH_WIKI", "").strip()
    if not wiki.endswith("index.php"):
        pytest.fail("--record needs OAUTH_WIKI, the URI of a wiki's index.php", pytrace=False)
    new = path.with_name(f"{path.stem}.recording.{suffix}")
    new.unlink(missing_ok=True)
    try:
        with recorder(**{**options, "record_mode": "once"}).use_cassette(new) as cassette:
            yield CassetteOfTest(cassette, wiki)
        if not request.node.stash.get(_HAS_FAILED, True) and new.exists():
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _fail_for_extra(fixture: str, extra: str, error: ImportError) -> NoReturn:
    cure = f"pip install 'httplib2-oauthlib[{extra}]'"
    pytest.fail(f"{fixture} needs an extra ({error.name} is missing): {cure}", pytrace=False)


def _file_name(request: pytest.FixtureRequest) -> str:
    """Return a file's name for a test: its own, with its class, spelled so that every file system takes it."""
    test = request.node.name if request.cls is None else f"{request.cls.__qualname__}.{request.node.name}"
    name = quote(test, safe=" []()=,+!@'-_.~")
    if len(name) > _LONGEST_NAME:
        # Not only cut: two tests' parameters may differ at their end.
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return name
