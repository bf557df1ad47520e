"""The fixtures that the pytest plugin gives to users' test suites."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from httplib2_oauthlib.testwiki import TestWiki

SUITE = """
import json

def test_one(oauth_wiki):
    assert oauth_wiki.index_uri.startswith("http://127.0.0.1:")

def test_two(oauth_wiki, oauth_http):
    uri = f"{oauth_wiki.api_uri}?action=query&meta=userinfo&format=json"
    assert json.loads(oauth_http.request(uri)[1])["query"]["userinfo"]["name"] == "Alice"
    oauth_http.oauth = None
    assert "anon" in json.loads(oauth_http.request(uri)[1])["query"]["userinfo"]
"""


# The other plugins of this environment take two thirds of the time of a run. No test here concerns them.
WITHOUT_OTHER_PLUGINS = [
    f"-pno:{plugin.name}" for plugin in entry_points(group="pytest11") if plugin.name != "httplib2_oauthlib"
]


def run_suite(directory, text, *arguments, **variables):
    """Run a test file as a user does: with the plugin's entry point, and without this project's setup.cfg."""
    (directory / "test_suite.py").write_text(text)
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": "", **variables}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *WITHOUT_OTHER_PLUGINS, *arguments]
    return subprocess.run(
        [*command, str(directory)],
        cwd=directory, env=environment, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_pytest_finds_the_fixtures_by_the_entry_point(tmp_path):
    done = run_suite(tmp_path, SUITE)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_imports_no_extra_before_a_fixture_is_used(tmp_path):
    text = """
import sys

def test_it():
    loaded = [name for name in sys.modules if name.startswith(("httplib2_oauthlib.testwiki", "flask", "cheroot"))]
    assert "httplib2_oauthlib.pytest_plugin" in sys.modules
    assert loaded == []
"""
    done = run_suite(tmp_path, text)
    assert "1 passed" in done.stdout, done.stdout


def test_oauth_wiki_without_its_extra_names_the_extra(tmp_path):
    text = 'import sys\nsys.modules["cheroot.wsgi"] = None\n\ndef test_it(oauth_wiki):\n    pass\n'
    done = run_suite(tmp_path, text)
    assert "pip install 'httplib2-oauthlib[testwiki]'" in done.stdout
    assert done.returncode == 1


def test_each_test_gets_a_new_wiki(oauth_wiki, oauth_http):
    assert [request.user for request in oauth_wiki.requests] == []
    answer = json.loads(oauth_http.request(f"{oauth_wiki.api_uri}?action=query&format=json")[1])
    assert answer == {"batchcomplete": ""}
    assert [request.user for request in oauth_wiki.requests] == ["Alice"]
    assert oauth_http.timeout == 30


# -- signed_cassette

RECORDED = """
import json
import pytest
from httplib2_oauthlib import OAuth1Http

def userinfo(signed_cassette, extra=""):
    http = OAuth1Http(timeout=10, oauth=signed_cassette.oauth)
    uri = f"{signed_cassette.api_uri}?action=query&meta=userinfo&format=json{extra}"
    return json.loads(http.request(uri)[1])["query"]["userinfo"]["name"]

def test_it(signed_cassette):
    assert userinfo(signed_cassette) == "Alice"
    assert signed_cassette.index_uri.endswith("/index.php")

class TestMore:
    @pytest.mark.parametrize("value", ["a/b", "a:b"])
    def test_it(self, signed_cassette, value):
        assert userinfo(signed_cassette, f"&requestid={value}") == "Alice"
"""


def run_cassettes(directory, *arguments, text=RECORDED, wiki=None, tokens=None):
    """Run the suite above, or ``text``, with the wiki and the tokens that ``--record`` needs."""
    variables = {"OAUTH_WIKI": wiki.index_uri if wiki else "", "OAUTH_TOKENS": ":".join(tokens or ())}
    return run_suite(directory, text, *arguments, **variables)


def test_a_recorded_suite_replays_without_the_wiki(tmp_path):
    with TestWiki() as wiki:
        tokens = wiki.owner_only("Alice")
        done = run_cassettes(tmp_path, "--record", wiki=wiki, tokens=tokens)
        assert "3 passed" in done.stdout, done.stdout
        assert [seen.user for seen in wiki.requests] == ["Alice"] * 3
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.yaml"))
    assert names == [
        "cassettes/test_suite/TestMore.test_it[a%2Fb].yaml",
        "cassettes/test_suite/TestMore.test_it[a%3Ab].yaml",
        "cassettes/test_suite/test_it.yaml",
    ]
    written = "".join(path.read_text() for path in tmp_path.rglob("*.yaml"))
    assert not [part for part in tokens if part in written]
    done = run_cassettes(tmp_path)
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_a_test_that_fails_during_recording_keeps_the_old_cassette(tmp_path, wiki):
    tokens = wiki.owner_only("Alice")
    run_cassettes(tmp_path, "--record", wiki=wiki, tokens=tokens)
    before = {path.name: path.read_text() for path in tmp_path.rglob("*.yaml")}
    done = run_cassettes(tmp_path, "--record", text=RECORDED.replace('"Alice"', '"Bob"'), wiki=wiki, tokens=tokens)
    assert "3 failed" in done.stdout, done.stdout
    assert {path.name: path.read_text() for path in tmp_path.rglob("*.yaml")} == before
    done = run_cassettes(tmp_path, "--record", text=RECORDED.replace("meta=", "x=&meta="), wiki=wiki, tokens=tokens)
    assert "3 passed" in done.stdout, done.stdout
    assert all("x=&meta=" in path.read_text() for path in tmp_path.rglob("*.yaml"))


@pytest.mark.slow
def test_the_remains_of_an_interrupted_recording_are_replaced(tmp_path, wiki):
    stale = tmp_path / "cassettes" / "test_suite" / "test_it.recording.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("no cassette: [")
    done = run_cassettes(tmp_path, "--record", wiki=wiki, tokens=wiki.owner_only("Alice"))
    assert "3 passed" in done.stdout, done.stdout
    assert not stale.exists()


def test_recording_without_a_wiki_or_tokens_names_what_is_missing(tmp_path, wiki):
    done = run_cassettes(tmp_path, "--record", tokens=wiki.owner_only("Alice"))
    assert "--record needs OAUTH_WIKI, the URI of a wiki's index.php" in done.stdout
    done = run_cassettes(tmp_path, "--record", wiki=wiki)
    assert "--record needs OAUTH_TOKENS" in done.stdout
    done = run_cassettes(tmp_path)
    assert "record it with --record" in done.stdout
    assert done.returncode == 1
    assert list(tmp_path.rglob("*.yaml")) == []


def test_a_skipped_test_is_recorded_and_a_failed_setup_is_not(tmp_path, wiki):
    text = (
        RECORDED
        + """
@pytest.fixture
def broken(signed_cassette):
    userinfo(signed_cassette)
    raise ValueError

def test_broken(broken):
    pass

def test_skipped(signed_cassette):
    pytest.skip(userinfo(signed_cassette))
"""
    )
    done = run_cassettes(tmp_path, "--record", text=text, wiki=wiki, tokens=wiki.owner_only("Alice"))
    assert "3 passed, 1 skipped, 1 error" in done.stdout, done.stdout
    names = sorted(path.name for path in tmp_path.rglob("*.yaml"))
    assert names == [
        "TestMore.test_it[a%2Fb].yaml",
        "TestMore.test_it[a%3Ab].yaml",
        "test_it.yaml",
        "test_skipped.yaml",
    ]
    assert "3 passed, 1 skipped, 1 error" in run_cassettes(tmp_path, text=text).stdout


@pytest.mark.slow
def test_tests_with_one_name_in_two_folders_have_two_cassettes(tmp_path, wiki):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test_same.py").write_text(RECORDED.replace("meta=", f"x={folder}&meta="))
    options = (
        "import pytest\n\n@pytest.fixture\ndef signed_cassette_options():\n    return {'cassette_library_dir': 'all'}\n"
    )
    (tmp_path / "conftest.py").write_text(options)
    mode = ("--import-mode=importlib", "--rootdir", str(tmp_path))
    done = run_cassettes(tmp_path, "--record", *mode, wiki=wiki, tokens=wiki.owner_only("Alice"))
    assert "9 passed" in done.stdout, done.stdout
    assert len(list((tmp_path / "all").rglob("*.yaml"))) == 9
    assert "9 passed" in run_cassettes(tmp_path, *mode).stdout


def test_a_suite_can_override_the_options_and_the_folder(tmp_path, wiki):
    options = f"""
import pytest

@pytest.fixture
def signed_cassette_options():
    return {{"secrets": ["Alice"], "cassette_library_dir": {str(tmp_path / "elsewhere")!r}}}
"""
    text = options + RECORDED.replace('== "Alice"', "in ('Alice', 'SCRUBBED-secret-1')")
    done = run_cassettes(tmp_path, "--record", text=text, wiki=wiki, tokens=wiki.owner_only("Alice"))
    assert "3 passed" in done.stdout, done.stdout
    assert len(list((tmp_path / "elsewhere").rglob("*.yaml"))) == 3
    assert all("Alice" not in path.read_text() for path in (tmp_path / "elsewhere").rglob("*.yaml"))
    done = run_cassettes(tmp_path, text=text)
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_long_names_that_differ_only_at_the_end_have_two_cassettes(tmp_path, wiki):
    text = RECORDED.replace('["a/b", "a:b"]', '["x" * 300 + "1", "x" * 300 + "2"]')
    done = run_cassettes(tmp_path, "--record", text=text, wiki=wiki, tokens=wiki.owner_only("Alice"))
    assert "3 passed" in done.stdout, done.stdout
    assert len(list(tmp_path.rglob("*.yaml"))) == 3
    assert max(len(path.name) for path in tmp_path.rglob("*.yaml")) < 150


def test_signed_cassette_without_its_extra_names_the_extra(tmp_path):
    text = 'import sys\nsys.modules["vcr"] = None\n\ndef test_it(signed_cassette):\n    pass\n'
    done = run_suite(tmp_path, text)
    assert "pip install 'httplib2-oauthlib[cassettes]'" in done.stdout
    assert done.returncode == 1


# -- the short option --record, which other projects define too

WHAT_RECORDS = """
def test_it(request, signed_cassette):
    signed_cassette.index_uri
"""
OWN_OPTION = "def pytest_addoption(parser):\n    parser.addoption('--record', action='store_true')\n"


@pytest.mark.parametrize(
    ("place", "own"),
    [
        ("conftest.py", OWN_OPTION),
        pytest.param(
            "earlier_plugin.py", OWN_OPTION.replace("action='store_true'", "default='x'"), marks=pytest.mark.slow
        ),
    ],
    ids=["conftest", "plugin"],
)
def test_a_project_that_defines_record_gets_the_long_option(tmp_path, place, own):
    (tmp_path / place).write_text(own)
    arguments = [] if place == "conftest.py" else ["-p", "earlier_plugin"]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = run_suite(tmp_path, WHAT_RECORDS, "--signed-record", *arguments, OAUTH_WIKI="", PYTHONPATH=path)
    assert "--signed-record needs OAUTH_WIKI" in done.stdout, done.stdout + done.stderr


def test_a_conftest_of_a_subfolder_may_define_record(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "conftest.py").write_text(OWN_OPTION)
    (tmp_path / "sub" / "test_sub.py").write_text("def test_it():\n    pass\n")
    done = run_suite(tmp_path, "def test_it():\n    pass\n")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_conftest_that_loads_the_plugin_gets_the_short_option(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["httplib2_oauthlib.pytest_plugin"]\n')
    done = run_suite(tmp_path, WHAT_RECORDS, "-pno:httplib2_oauthlib", "--record", OAUTH_WIKI="")
    assert "--record needs OAUTH_WIKI" in done.stdout, done.stdout + done.stderr
