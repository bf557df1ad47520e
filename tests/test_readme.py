"""The README: its code runs, it names every command, and it is valid reStructuredText."""

import builtins
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import docutils.core
import pytest

from httplib2_oauthlib.testwiki import TestWiki

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.rst").read_text("utf-8")
BLOCKS = [
    textwrap.dedent(block)
    for block in re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", README, re.MULTILINE)
]


def test_the_readme_has_code_to_run():
    assert len(BLOCKS) == 13


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_its_code_runs_unchanged(number, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    exec(compile(BLOCKS[number], f"README.rst, block {number + 1}", "exec"), {"__name__": "readme"})
    shown = capsys.readouterr().out
    if number == 0:
        assert '"name":"Alice"' in shown
        assert '"anon":""' in shown
    # Its comments show the output.
    for line in re.findall(r"^# (?!\.\.\.)(.*)", BLOCKS[number], re.MULTILINE):
        assert line in shown


def test_its_test_runs_under_pytest(tmp_path):
    suite = next(block for block in BLOCKS if "oauth_http" in block)
    (tmp_path / "test_suite.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_its_recorded_test_is_recorded_audited_and_replayed(tmp_path):
    (tmp_path / "test_suite.py").write_text(next(block for block in BLOCKS if "signed_cassette" in block))

    def run(*command, **variables):
        environment = {**os.environ, "PYTEST_ADDOPTS": "", "OAUTH_WIKI": "", "OAUTH_TOKENS": "", **variables}
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip

    with TestWiki() as wiki:
        tokens = ":".join(wiki.owner_only("Alice"))
        recorded = run("pytest", "--record", "-q", OAUTH_WIKI=wiki.index_uri, OAUTH_TOKENS=tokens)
        assert "1 passed" in recorded.stdout, recorded.stdout
        assert [seen.user for seen in wiki.requests] == ["Alice"] * 2
    audited = run("httplib2_oauthlib", "audit", "cassettes/")
    assert (audited.returncode, audited.stdout) == (0, "Nothing there looks like a secret.\n")
    played = run("pytest", "-q")
    assert "1 passed" in played.stdout, played.stdout


def test_it_names_every_command_and_every_exit_code():
    from httplib2_oauthlib._cli.main import FAILED, INTERRUPTED, MISUSED, OK, REFUSED

    for command in ("demo", "wiki", "login", "whoami", "request", "explain", "logout", "audit", "scrub"):
        assert f"    httplib2-oauth {command} " in README
    codes = re.search(r"The exit code is (.*?)interrupted it", README, re.DOTALL)[1]
    assert [int(code) for code in re.findall(r"\d+", codes)] == [OK, FAILED, MISUSED, REFUSED, INTERRUPTED]


def test_it_has_two_commands_and_ci_runs_the_second():
    assert "::\n\n    ./run demo\n" in README
    assert "::\n\n    ./run tests\n" in README
    assert re.search(r"^\./run tests( --cov.*)?$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", ["README.rst", "CHANGELOG.rst", "examples/flask_tool/README.rst"])
def test_the_text_is_valid_restructuredtext(name):
    text = (ROOT / name).read_text("utf-8").replace(".. code-block:: python", "::")
    settings = {"report_level": 2, "halt_level": 2, "input_encoding": "unicode"}
    docutils.core.publish_string(text, writer="null", settings_overrides=settings)


def test_every_error_in_the_readme_exists():
    import httplib2_oauthlib

    for name in re.findall(r"``(\w+Error)``", README):
        assert hasattr(httplib2_oauthlib, name) or hasattr(builtins, name)
