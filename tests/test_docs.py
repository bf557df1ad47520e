"""The documentation: Sphinx builds it without a warning, and tests run its recipes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Sphinx takes a few seconds, or a minute where many other programs run.
pytestmark = pytest.mark.timeout(180)
ROOT = Path(__file__).parents[1]
RECIPES = sorted(path for path in (ROOT / "tests" / "frameworks" / "recipes").glob("*.py") if path.stem != "__init__")
FRAMEWORKS = (ROOT / "docs" / "frameworks.rst").read_text("utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("sphinx", reason="needs the extra docs")
    place = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(ROOT / "docs"), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return place


def test_the_documentation_is_built_without_a_warning(built):
    assert "how-a-request-is-signed" in (built / "design.html").read_text("utf-8")
    assert (built / "_images" / "how-a-request-is-signed.svg").exists()


def test_every_chapter_of_the_readme_is_a_page(built):
    readme = (ROOT / "README.rst").read_text("utf-8")
    chapters = re.findall(r"^\.\. chapter: (\w+)\n\n(.+)\n-+$", readme, re.MULTILINE)
    assert len(chapters) == len(re.findall(r"^-{4,}$", readme, re.MULTILINE))
    for name, title in chapters:
        assert f"<h1>{title}<" in (built / f"{name}.html").read_text("utf-8")


def test_every_public_name_is_in_the_api_reference(built):
    import httplib2_oauthlib

    api = (built / "api.html").read_text("utf-8")
    for name in httplib2_oauthlib.__all__:
        assert f'id="httplib2_oauthlib.{name}"' in api


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_shown_and_run_by_a_test(recipe):
    assert f".. literalinclude:: ../tests/frameworks/recipes/{recipe.name}\n" in FRAMEWORKS
    tests = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert any(re.search(rf"recipes(\.| import ){recipe.stem}\b", text) for text in tests)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_has_no_line_over_76_characters(recipe):
    assert max(map(len, recipe.read_text("utf-8").splitlines())) <= 76
