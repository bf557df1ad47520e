"""The README: short, valid reStructuredText, its example runs, and its links lead to pages of the documentation."""

import re
import textwrap
from pathlib import Path

import docutils.core
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.rst").read_text("utf-8")
BLOCKS = [
    textwrap.dedent(block)
    for block in re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", README, re.MULTILINE)
]


def test_it_has_300_to_600_words():
    assert 300 <= len(README.split()) <= 600


def test_its_example_runs_unchanged_after_the_install_command_above_it(capsys):
    (block,) = BLOCKS
    assert "pip install 'httplib2-oauthlib[testwiki]'" in README.partition(".. code-block:: python")[0]
    assert len(block.splitlines()) <= 12
    exec(compile(block, "README.rst", "exec"), {"__name__": "readme"})
    logged_in, logged_out = capsys.readouterr().out.splitlines()
    assert '"name":"Alice"' in logged_in
    assert '"anon":""' in logged_out


def test_it_has_two_commands_and_ci_runs_the_second():
    assert "::\n\n    ./run demo\n    ./run tests\n" in README
    assert re.search(r"^\./run tests( --cov.*)?$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def test_each_link_to_the_documentation_names_a_page_that_exists():
    pages = re.findall(r"^\.\. _.*: (docs/\S+)$", README, re.MULTILINE)
    assert len(pages) >= 8
    for page in pages:
        assert (ROOT / page).exists(), page


def test_each_file_that_it_names_exists():
    for name in re.findall(r"``(\w+(?:/\w+|\.\w+)|LICENSE)``", README):
        assert (ROOT / name).exists() or not re.search(r"/|\.(rst|md)$", name), name


@pytest.mark.parametrize("name", ["README.rst", "CHANGELOG.rst", "CONTRIBUTING.rst", "examples/flask_tool/README.rst"])
def test_the_text_is_valid_restructuredtext(name):
    text = (ROOT / name).read_text("utf-8").replace(".. code-block:: python", "::")
    settings = {"report_level": 2, "halt_level": 2, "input_encoding": "unicode"}
    docutils.core.publish_string(text, writer="null", settings_overrides=settings)
