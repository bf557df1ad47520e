"""pytest fixtures for programs that use OAuth, and the option ``--signed-record``. pytest loads this automatically.

pytest loads the plugin in every run in an environment where this package is installed. So this module imports none of
the extras, which may be missing, until a fixture is used.
"""

import hashlib
import os
import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from ._http.mixin import OAuth1Http
    from ._signing.oauth1 import OAuth1
    from .testwiki import TestWiki

_MAX_NAME_LENGTH = 120
_HAS_FAILED = pytest.StashKey[bool]()
_LONG, _SHORT, _DESTINATION = "--signed-record", "--record", "signed_record"
_PLUGIN = "httplib2-oauthlib-record-option"


class RecordOption:
    """The option ``--signed-record``, and ``--record`` for short, unless the project or a plugin defines ``--record``.

    Many projects define ``--record`` in a conftest.py. pytest raises an error for the second definition, and it loads
    the conftest.py after this plugin. So ``--record`` is added after that, and only if it is used: a conftest.py of a
    subfolder is loaded even later.

    Args:
        parser: pytest's parser of the command line.
    """

    def __init__(self, parser: pytest.Parser) -> None:
        self._parser = parser
        self._group = parser.getgroup("httplib2-oauthlib")
        self._is_short_added = False
        self._add(
            _LONG,
            "record the cassettes of signed_cassette again. OAUTH_WIKI names the wiki, OAUTH_TOKENS the credentials."
            f" Unless another plugin or a conftest.py defines {_SHORT}, that is short for it",
        )

    @property
    def name(self) -> str:
        """The name to show: the short one, unless the project or another plugin defines it."""
        return _SHORT if self._is_short_added or self._is_short_free() else _LONG

    @pytest.hookimpl(hookwrapper=True)
    def pytest_load_initial_conftests(self, args: list[str]) -> Generator[None, Any, None]:
        """Add the short option when all plugins and the first conftest.py files are loaded."""
        outcome = yield
        if _SHORT in args:
            self.add_short()
        outcome.get_result()

    def add_short(self) -> None:
        """Add the short option, unless the project or another plugin has defined it."""
        if not self._is_short_added and self._is_short_free():
            self._add(_SHORT, f"the same as {_LONG}")
            self._is_short_added = True

    def _add(self, name: str, text: str) -> None:
        self._group.addoption(name, action="store_true", dest=_DESTINATION, help=text)

    def _is_short_free(self) -> bool:
        try:
            return _SHORT in self._parser.parse_known_and_unknown_args([_SHORT])[1]
        except (pytest.UsageError, SystemExit):  # It is defined with a value.
            return False


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option ``--signed-record``."""
    option = RecordOption(parser)
    # If a conftest.py loads this plugin, pytest does not call pytest_load_initial_conftests of it any more.
    if any(
        Path(getattr(plugin, "__file__", None) or "").name == "conftest.py" for plugin in pluginmanager.get_plugins()
    ):
        option.add_short()
    pluginmanager.register(option, _PLUGIN)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Record whether a test has failed. The new cassette of a failed test does not replace the old one."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[_HAS_FAILED] = report.failed


def pytest_runtest_teardown() -> None:
    """Forget requests whose response was lost, so that they don't change how the next test's requests are signed."""
    unanswered = sys.modules.get("httplib2_oauthlib._http.unanswered")
    if unanswered is not None:
        unanswered.UNANSWERED.forget()


@pytest.fixture
def oauth_wiki() -> "Iterator[TestWiki]":
    """A running embedded wiki for one test: ``oauth_wiki.api_uri``, ``oauth_wiki.owner_only("Alice")``.

    Requires the extra ``httplib2-oauthlib[testwiki]``.
    """
    try:
        from .testwiki import TestWiki  # noqa: PLC0415
    except ImportError as error:
        _fail_for_extra("oauth_wiki", "testwiki", error)
    with TestWiki() as wiki:
        yield wiki


@pytest.fixture
def oauth_http(oauth_wiki: "TestWiki") -> "Iterator[OAuth1Http]":
    """An ``OAuth1Http`` with Alice's credentials for ``oauth_wiki``. ``oauth_http.oauth = None`` logs her out."""
    from ._http.mixin import OAuth1Http  # noqa: PLC0415
    from ._signing.oauth1 import OAuth1  # noqa: PLC0415

    # The wiki is on loopback, which a proxy from the environment can't reach.
    http = OAuth1Http(timeout=30, proxy_info=None, oauth=OAuth1(*oauth_wiki.owner_only("Alice")))
    yield http
    http.close()


class CassetteOfTest:
    """The value of ``signed_cassette``: vcr's cassette, the URIs of the wiki, and the credentials.

    Import it for an annotation: ``def test_edit(signed_cassette: CassetteOfTest)``. All other attributes are those of
    the cassette: ``play_count``, ``all_played``, ``requests``, ``responses``.

    Args:
        cassette: vcr's cassette, open.
        index_uri: The URI of the wiki's index.php while recording, or None.
        option: The option that records.

    Attributes:
        cassette: vcr's cassette, open.
        is_recording: Whether the cassette is being recorded.
    """

    def __init__(self, cassette: Any, index_uri: str | None, option: RecordOption) -> None:
        self.cassette = cassette
        self._option = option
        self.is_recording = index_uri is not None
        self._index_uri = index_uri

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cassette, name)

    @property
    def index_uri(self) -> str:
        """The URI of the wiki's index.php, from ``OAUTH_WIKI`` or from the recorded requests."""
        if self._index_uri is None:
            uris = (request.uri for request in self.cassette.requests)
            found = next((match for uri in uris if (match := re.match(r"(.*?/)(?:index|api|rest)\.php\b", uri))), None)
            if found is None:
                pytest.fail(
                    f"{self.cassette._path} holds no request to a wiki: record it with {self._option.name}",
                    pytrace=False,
                )
            self._index_uri = f"{found[1]}index.php"
        return self._index_uri

    @property
    def api_uri(self) -> str:
        """The URI of the wiki's api.php."""
        return f"{self.index_uri.removesuffix('index.php')}api.php"

    @property
    def oauth(self) -> "OAuth1":
        """The credentials in ``OAUTH_TOKENS`` while recording, and placeholders during a replay."""
        from ._signing.oauth1 import OAuth1  # noqa: PLC0415

        if not self.is_recording:
            return OAuth1("client-key", "client-secret", "token", "token-secret")
        oauth = OAuth1.from_env()
        if oauth is None:
            pytest.fail(
                f"{self._option.name} needs OAUTH_TOKENS: client key and secret, token and token secret", pytrace=False
            )
        return oauth


@pytest.fixture
def signed_cassette_options() -> dict[str, Any]:
    """Options of :func:`httplib2_oauthlib.cassettes.recorder` for ``signed_cassette``. A test suite may override it.

    The default of ``cassette_library_dir`` is ``cassettes`` in the folder of the test file. In any other folder, the
    cassettes have the paths that their tests have in pytest's root folder. A ``record_mode`` also applies without
    ``--signed-record``, so requests may then be sent live.
    """
    return {}


@pytest.fixture
def signed_cassette(
    request: pytest.FixtureRequest, signed_cassette_options: dict[str, Any]
) -> "Iterator[CassetteOfTest]":
    """A cassette for one test. It is replayed, or recorded from the wiki in ``OAUTH_WIKI`` with ``--signed-record``.

    ``--record`` is short for ``--signed-record`` where neither another plugin nor a conftest.py defines it.

    The type of the value is :class:`CassetteOfTest`, which can be imported for annotations. The path of the cassette is
    ``cassettes/MODULE/TEST.yaml`` in the folder of the test file. A new recording replaces the old one unless the test
    fails. Requires the extra ``httplib2-oauthlib[cassettes]``.
    """
    try:
        from .cassettes import recorder  # noqa: PLC0415
    except ImportError as error:
        _fail_for_extra("signed_cassette", "cassettes", error)
    options = dict(signed_cassette_options)
    folder = _cassette_folder(request, options.pop("cassette_library_dir", None))
    suffix = "json" if options.get("serializer") == "json" else "yaml"
    path = folder / f"{_file_name(request)}.{suffix}"
    option: Any = request.config.pluginmanager.get_plugin(_PLUGIN)
    if not request.config.getoption(_DESTINATION):
        with recorder(**options).use_cassette(path) as cassette:
            yield CassetteOfTest(cassette, None, option)
        return
    wiki = os.environ.get("OAUTH_WIKI", "").strip()
    if not wiki.endswith("index.php"):
        pytest.fail(f"{option.name} needs OAUTH_WIKI, the URI of a wiki's index.php", pytrace=False)
    new = path.with_name(f"{path.stem}.recording.{suffix}")
    new.unlink(missing_ok=True)
    try:
        with recorder(**{**options, "record_mode": "once"}).use_cassette(new) as cassette:
            yield CassetteOfTest(cassette, wiki, option)
        if not request.node.stash.get(_HAS_FAILED, True) and new.exists():
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _fail_for_extra(fixture: str, extra: str, error: ImportError) -> NoReturn:
    command = f"pip install 'httplib2-oauthlib[{extra}]'"
    pytest.fail(f"{fixture} needs an extra ({error.name} is missing): {command}", pytrace=False)


def _cassette_folder(request: pytest.FixtureRequest, library: str | os.PathLike[str] | None) -> Path:
    """Return the folder of a test's cassette."""
    if library is None:
        return request.path.parent / "cassettes" / request.path.stem
    # Tests in different folders may have the same name.
    root = request.config.rootpath
    module = request.path.relative_to(root) if request.path.is_relative_to(root) else Path(request.path.name)
    return root / library / module.with_suffix("")


def _file_name(request: pytest.FixtureRequest) -> str:
    """Return a file name for a test: its class and name, quoted so that every file system accepts it."""
    test = request.node.name if request.cls is None else f"{request.cls.__qualname__}.{request.node.name}"
    name = quote(test, safe=" []()=,+!@'-_.~")
    if len(name) > _MAX_NAME_LENGTH:
        # The hash distinguishes tests whose parameters differ only in the part that is cut off.
        name = f"{name[:_MAX_NAME_LENGTH]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return name
