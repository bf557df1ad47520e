"""The fixtures for our users' suites."""

import json
import os
import subprocess
import sys

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


def run_suite(directory, text, *arguments):
    (directory / "test_suite.py").write_text(text)
    # As for a user: found by its entry point, without our own configuration.
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(directory)],
        cwd=directory, env=environment, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_a_users_suite_finds_the_fixtures_by_itself(tmp_path):
    done = run_suite(tmp_path, SUITE)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_loads_nothing_before_a_fixture_is_asked_for(tmp_path):
    text = """
import sys

def test_it():
    loaded = [name for name in sys.modules if name.startswith(("httplib2_oauthlib.testwiki", "flask", "cheroot"))]
    assert "httplib2_oauthlib.pytest_plugin" in sys.modules
    assert loaded == []
"""
    done = run_suite(tmp_path, text)
    assert "1 passed" in done.stdout, done.stdout


def test_without_its_extra_the_fixture_names_it(tmp_path):
    text = 'import sys\nsys.modules["cheroot.wsgi"] = None\n\ndef test_it(oauth_wiki):\n    pass\n'
    done = run_suite(tmp_path, text)
    assert "pip install 'httplib2-oauthlib[testwiki]'" in done.stdout
    assert done.returncode == 1


def test_each_test_has_a_wiki_of_its_own(oauth_wiki, oauth_http):
    assert [request.user for request in oauth_wiki.requests] == []
    answer = json.loads(oauth_http.request(f"{oauth_wiki.api_uri}?action=query&format=json")[1])
    assert answer == {"batchcomplete": ""}
    assert [request.user for request in oauth_wiki.requests] == ["Alice"]
    assert oauth_http.timeout == 30
