"""The examples in the documentation run. A page's blocks run in order, as if a reader entered them one by one."""

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from httplib2_oauthlib._cli.parser import build_parser
from httplib2_oauthlib.cassettes import audit
from httplib2_oauthlib.testwiki import TestWiki

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {
    str(path.relative_to(DOCS)): path.read_text("utf-8")
    for path in sorted(DOCS.rglob("*.rst"))
    if path.name not in ("changelog.rst", "compatibility.rst")
}
WIDTH = 88
# The real wiki of the examples. The embedded wiki takes its place.
REAL_WIKI = "https://test.wikipedia.org/w/"
BLOCK = re.compile(r"^( *)\.\. code-block:: (\w+)\n((?:\1   :.*\n)*)\n((?:\1   .*\n|\n)+)", re.MULTILINE)


def blocks(page, language):
    """Return the blocks of a language on a page, as pairs of file name (or None) and text."""
    found = [match for match in BLOCK.finditer(PAGES[page]) if match[2] == language]
    captions = [re.search(r":caption: (\S+)", match[3]) for match in found]
    return [
        (caption and caption[1], textwrap.dedent(match[4]).strip() + "\n")
        for match, caption in zip(found, captions, strict=True)
    ]


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture(scope="module")
def wiki():
    with TestWiki() as wiki:
        yield wiki


@pytest.fixture
def tokens(wiki, tmp_path, monkeypatch):
    """Alice's credentials in the environment, and an empty folder to work in."""
    tokens = ":".join(wiki.owner_only("Alice"))
    monkeypatch.setenv("OAUTH_TOKENS", tokens)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tokens


def test_the_pages_have_examples_to_run():
    assert len(WITH_PYTHON) >= 10
    assert sum(len(blocks(page, "python")) for page in PAGES) >= 30


# python-oauth2 imports distutils, which setuptools provides with a warning.
@pytest.mark.filterwarnings("ignore:distutils:DeprecationWarning")
@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_examples_of_a_page_run_and_print_what_it_shows(page, wiki, tokens):
    namespace = {"__name__": "example"}
    for number, (_, source) in enumerate(blocks(page, "python"), 1):
        shown = io.StringIO()
        code = compile(source.replace(REAL_WIKI, f"{wiki.server}/"), f"{page}, block {number}", "exec")
        # A block that imports another file of the page is run by the test of the tutorial.
        if {"framework", "signed"} & imported_by(source):
            continue
        with contextlib.redirect_stdout(shown):
            exec(code, namespace)
        for line in re.findall(r"^ *#> (.*)", source, re.MULTILINE):
            assert line in shown.getvalue().splitlines()


def imported_by(source):
    """Return the names of the modules that a block imports from."""
    nodes = ast.walk(ast.parse(source))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_an_example_is_longer_than_88_characters(page):
    assert [line for _, text in blocks(page, "python") for line in text.splitlines() if len(line) > WIDTH] == []


@pytest.mark.parametrize("page", [page for page in PAGES if "httplib2-oauth " in PAGES[page]])
def test_every_command_that_a_page_shows_is_accepted(page):
    lines = [line for _, text in blocks(page, "sh") for line in text.splitlines()]
    parser = build_parser()
    for line in lines:
        program, *arguments = shlex.split(line, comments=True) or [""]
        if program == "httplib2-oauth":
            assert parser.parse_args(arguments).run


# Plugins that take a second to import.
UNUSED = [option for name in ("hypothesispytest", "playwright", "xdist") for option in ("-p", f"no:{name}")]


def run_pytest(*arguments, **variables):
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "OAUTH_WIKI": "", "OAUTH_TOKENS": "", **variables}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *UNUSED, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50, check=False)


def test_the_test_files_of_the_pages_run_live_recorded_and_replayed(wiki, tokens, tmp_path):
    for page in WITH_PYTHON:
        for name, source in blocks(page, "python"):
            if name:
                (tmp_path / name).write_text(source.replace(REAL_WIKI, f"{wiki.server}/"), "utf-8")
    recorded = run_pytest("--signed-record", OAUTH_WIKI=wiki.index_uri, OAUTH_TOKENS=tokens)
    assert "10 passed" in recorded.stdout, recorded.stdout
    cassettes = sorted(path.name for path in tmp_path.rglob("*.yaml"))
    assert cassettes == ["test_an_edit_is_made.yaml", "test_my_bot_edits_as_alice.yaml"]
    assert list(audit(tmp_path / "cassettes")) == []
    # Without credentials, the recorded tests pass and the live test is skipped. A fork gets variables without values.
    played = run_pytest(OAUTH_TOKENS=":::")
    assert "9 passed, 1 skipped" in played.stdout, played.stdout
