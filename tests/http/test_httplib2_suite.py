"""httplib2's own test suite, from its source distribution, with OAuth1Http in place of httplib2.Http."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

SUITE = os.environ.get("HTTPLIB2_SUITE", "")

# This test opens a cache file by its name. A signing Http stores the entry under a different name.
NEEDS_THE_CACHE_FILE_BY_NAME = {"tests.test_http.test_etag_used"}

# pytest loads this plugin before any test module. The tests look up httplib2.Http when they run.
PLUGIN = """
import httplib2
from httplib2_oauthlib import OAuth1, OAuth1Http

class Http(OAuth1Http):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.oauth = {oauth}

httplib2.Http = Http
"""


@pytest.fixture
def run(tmp_path):
    if not SUITE:
        pytest.skip("set HTTPLIB2_SUITE to the unpacked source distribution of httplib2, as ./run tests does")

    def outcomes(oauth):
        """Run the suite. Return the outcome of each test by its name."""
        # Each run uses a copy, because the suite writes caches into its own directory.
        suite = tmp_path / "suite"
        shutil.copytree(Path(SUITE) / "tests", suite / "tests")
        (suite / "swap_http.py").write_text(PLUGIN.format(oauth=oauth))
        report = tmp_path / "report.xml"
        project = str(Path(__file__).parents[2])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(suite), project])}
        command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(suite), "--noconftest", "-q",
                   "-p", "swap_http", "-p", "no:cacheprovider", "-p", "no:randomly", "--timeout=30",
                   "-W", "ignore", f"--junitxml={report}", "--ignore=tests/_TODO_legacy", "tests"]  # fmt: skip
        subprocess.run(command, cwd=suite, env=environment, capture_output=True, check=False, timeout=300)
        cases = ElementTree.parse(report).iter("testcase")
        return {
            f"{case.get('classname')}.{case.get('name')}": next((e.tag for e in case if "out" not in e.tag), "passed")
            for case in cases
        }

    return outcomes


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("oauth", "may_fail"),
    [("None", set()), ('OAuth1("client", "secret", "token", "secret")', NEEDS_THE_CACHE_FILE_BY_NAME)],
    ids=["anonymous", "signing"],
)
def test_httplib2s_own_tests_pass_with_oauth1http(run, oauth, may_fail):
    outcomes = run(oauth)
    assert len(outcomes) > 400
    assert {name for name, outcome in outcomes.items() if outcome in ("failure", "error")} == may_fail
