"""The documentation: Sphinx builds it without a warning or a network, and it covers every public name."""

import builtins
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Sphinx takes a few seconds, or a minute where many other programs run.
pytestmark = pytest.mark.timeout(180)
ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS)): path.read_text("utf-8") for path in sorted(DOCS.rglob("*.rst"))}
RECIPES = sorted(path for path in (ROOT / "tests" / "frameworks" / "recipes").glob("*.py") if path.stem != "__init__")
FRAMEWORKS = next(text for page, text in PAGES.items() if page.endswith("frameworks.rst"))
MODULES = ["", ".handshake", ".mediawiki", ".credentials", ".cassettes", ".testwiki"]
KINDS = ("tutorials", "how-to", "reference", "explanation")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    for module in ("sphinx", "sphinxarg", "sphinx_copybutton"):
        pytest.importorskip(module, reason="needs the extra docs")
    place = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(place)]
    # A build that wants to use the network fails here.
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return place


def test_the_documentation_is_built_without_a_warning(built):
    assert "how-a-request-is-signed" in (built / "explanation" / "signing.html").read_text("utf-8")
    assert (built / "_images" / "how-a-request-is-signed.svg").exists()
    assert len(list((built / "_images").glob("*.png"))) == 4


def test_code_has_copy_buttons_and_names_link_to_the_docs_of_others(built):
    page = (built / "how-to" / "sign-requests.html").read_text("utf-8")
    assert "_static/copybutton.js" in page
    for site in ("httplib2.readthedocs.io", "oauthlib.readthedocs.io"):
        assert f'href="https://{site}/' in page
    assert 'href="https://docs.python.org/3/' in (built / "reference" / "api" / "signing.html").read_text("utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_api_reference(built, module):
    imported = importlib.import_module(f"httplib2_oauthlib{module}")
    # For the names of mwoauth and the like, the reference shows the class itself.
    pages = "".join(path.read_text("utf-8") for path in (built / "reference").rglob("*.html"))
    for name in imported.__all__:
        assert re.search(rf'id="httplib2_oauthlib[\w.]*\.{name}"', pages), name


def test_signatures_are_shown_and_internal_modules_are_not(built):
    pages = [path.read_text("utf-8") for path in (built / "reference" / "api").glob("*.html")]
    text = [re.sub(r"<[^>]*>", "", page) for page in pages]
    assert any("OAuth1(client_key: str" in re.sub(r"\s+", " ", each).replace("( ", "(") for each in text)
    assert not [found for each in text for found in re.findall(r"httplib2_oauthlib\._\w+|_OfClass", each)]


def test_the_search_finds_the_user_agent_and_the_migration(built):
    index = (built / "searchindex.js").read_text("utf-8")
    index = json.loads(index.partition("Search.setIndex(")[2].rpartition(")")[0])

    def found(word):
        numbers = [index[kind].get(word, []) for kind in ("terms", "titleterms")]
        numbers = [each if isinstance(each, list) else [each] for each in numbers]
        return {index["docnames"][number] for each in numbers for number in each}

    assert "how-to/migrate" in found("migrat")
    assert {"tutorials/first-bot", "how-to/sign-requests"} <= found("user") & found("agent")


@pytest.mark.parametrize("kind", KINDS)
def test_each_page_of_a_kind_is_in_the_table_of_contents(kind):
    pages = {page.removesuffix(".rst") for page in PAGES if page.startswith(f"{kind}/") and page.count("/") == 1}
    assert len(pages) >= 3
    assert pages <= set(re.findall(r"^   (\S+)$", PAGES["index.rst"], re.MULTILINE))


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith(("how-to/", "tutorials/"))])
def test_each_guide_links_to_the_reference(page):
    assert re.search(r":(class|meth|func|exc|mod|attr|doc):`[^`]*(httplib2_oauthlib|reference|<|\.\w)", PAGES[page])


def test_every_error_that_a_page_names_exists():
    errors, cassettes = (importlib.import_module(f"httplib2_oauthlib.{name}") for name in ("errors", "cassettes"))
    elsewhere = {"TokenRequestDenied", "HttpLib2Error", "PicklingError", "FatalServerError"}
    for text in PAGES.values():
        for name in re.findall(r"``(\w+Error)``", text):
            assert any(hasattr(place, name) for place in (errors, cassettes, builtins)) or name in elsewhere, name


def test_the_page_of_the_command_line_has_every_exit_code(built):
    from httplib2_oauthlib._cli.main import FAILED, INTERRUPTED, MISUSED, OK, REFUSED

    table = PAGES["reference/command-line.rst"].partition("Exit codes\n")[2].partition("Commands and options")[0]
    codes = [int(code) for code in re.findall(r"^(\d+) ", table, re.MULTILINE)]
    assert codes == [OK, FAILED, MISUSED, REFUSED, INTERRUPTED]


def test_the_page_of_the_command_line_has_every_command_and_option(built):
    from httplib2_oauthlib._cli.parser import build_parser

    page = re.sub(r"<[^>]*>", "", (built / "reference" / "command-line.html").read_text("utf-8"))
    (commands,) = (action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    for name, command in commands.items():
        assert f"httplib2-oauth {name} " in PAGES["reference/command-line.rst"].replace(f"{name}\n", f"{name} ")
        for option in command._option_string_actions:
            if option in ("-h", "--help"):
                continue
            assert option.replace("--", "-") in page.replace("--", "-").replace("–", "-"), (name, option)


def test_the_page_of_the_environment_has_every_variable_that_the_package_reads():
    source = "".join(path.read_text("utf-8") for path in (ROOT / "httplib2_oauthlib").rglob("*.py"))
    variables = set(re.findall(r"\b(OAUTH_[A-Z_]+[A-Z])\b", source))
    assert variables
    assert {name for name in variables if f"``{name}``" not in PAGES["reference/environment.rst"]} == set()


@pytest.mark.slow
def test_the_screenshots_can_be_made_again(tmp_path):
    if not (os.environ.get("CHROMIUM") or any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Chromium, or CHROMIUM set to its path")
    command = [sys.executable, str(DOCS / "screenshots.py"), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"screenshots/(\S+)", PAGES["tutorials/toolforge-tool.rst"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(shown)
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert (DOCS / "tutorials" / "screenshots" / path.name).stat().st_size < 60_000


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_shown_and_run_by_a_test(recipe):
    assert re.search(rf"\.\. literalinclude:: [./]*tests/frameworks/recipes/{recipe.name}\n", FRAMEWORKS)
    tests = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert any(re.search(rf"recipes(\.| import ){recipe.stem}\b", text) for text in tests)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_has_no_line_over_76_characters(recipe):
    assert max(map(len, recipe.read_text("utf-8").splitlines())) <= 76
