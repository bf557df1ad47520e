"""The rules that no linter checks: which module may import which, and where credentials may be."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from . import vectors

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "httplib2_oauthlib"
LONG_WORD = re.compile(rb"[\w+/=.-]{21,}")

# Each module may import the modules above it. Users import only modules without an underscore.
ORDER = [
    "errors",
    "_signing",
    "_signing.hosts",
    "_signing.environment",
    "_signing.patterns",
    "_signing.base_string",
    "_signing.signature_methods",
    "_signing.request",
    "_signing.protocol_parameters",
    "_signing.body_hash",
    "_signing.wiki_uris",
    "_signing.differences",
    "_signing.explain",
    "_signing.oauth1",
    "_signing.convert",
    "credentials._entries",
    "credentials._private_files",
    "credentials._pywikibot",
    "credentials._ini",
    "credentials._file",
    "credentials._keyring",
    "credentials._loading",
    "credentials",
    "_refusals",
    "_refusals.wiki_messages",
    "_refusals.refusals",
    "_refusals.quoting",
    "_refusals.advice",
    "_refusals.provider_errors",
    "_refusals.token_endpoint",
    "_http",
    "_http.origin",
    "_http.own_authorization",
    "_http.signers_by_host",
    "_http.signers",
    "_http.argument_types",
    "_http.user_agent",
    "_http.refused",
    "_http.lost_responses",
    "_http.safe_requests",
    "_http.request_identity",
    "_http.unanswered",
    "_http.resending",
    "_http.challenges",
    "_http.context",
    "_http.cache",
    "_http.clocks",
    "_http.responses",
    "_http.stand_in",
    "_http.leftovers",
    "_http.connections",
    "_http.limits",
    "_http.bypass",
    "_http.echo",
    "_http.exchange",
    "_http.added_credentials",
    "_http.hooks",
    "_http.mixin",
    "_http.install",
    "_http.places",
    "_http.pool",
    "handshake",
    "mediawiki",
    "",
    "_cli",
    "_cli.terminal",
    "_cli.discovery",
    "_cli.api_errors",
    "_cli.responses",
    "_cli.callback_receiver",
    "_cli.login",
    "_cli.demo",
    "_cli.commands",
    "_cli.cassette_commands",
    "_cli.parser",
    "_cli.main",
    "__main__",
    "pytest_plugin",
]
PUBLIC = {"", "errors", "handshake", "mediawiki", "credentials", "cassettes", "testwiki", "pytest_plugin", "__main__"}
# Exceptions to the order: packages that import nothing else of this package.
BESIDE = {
    "_cli.demo": {"testwiki"},
    "_cli.commands": {"testwiki"},
    "_cli.cassette_commands": {"cassettes"},
    "pytest_plugin": {"testwiki", "cassettes"},
}
CASSETTES_ORDER = [
    "errors",
    "patterns",
    "decoding",
    "spellings",
    "detection",
    "bodies",
    "scrubbing",
    "matching",
    "index",
    "replay",
    "connections",
    "recording",
    "second_opinion",
    "auditing",
    "__init__",
]
TESTWIKI_ORDER = [
    "versions",
    "titles",
    "rights",
    "nonces",
    "sessions",
    "store",
    "refusals",
    "parameters",
    "oauth",
    "authorization",
    "api_request",
    "permissions",
    "continuation",
    "siteinfo",
    "userinfo",
    "page_properties",
    "query",
    "paraminfo",
    "editing",
    "api",
    "formats",
    "special",
    "rest",
    "pages",
    "routes",
    "server",
    "__init__",
]


def imports(path):
    """Yield the modules that a file imports, relative ones with their dots."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            # "from . import x" means the package itself, or a module in it.
            yield base


def path_of(name):
    """Return the file of a module, from its name within the package."""
    path = PACKAGE.joinpath(*name.split(".")) if name else PACKAGE
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def ours(name):
    """Yield the modules of this package that a module imports, as names within the package."""
    path = path_of(name)
    own_package = path.parent.relative_to(PACKAGE).parts
    tree = ast.parse(path.read_text("utf-8"))
    # Imports for the types only may point to any module: they are not executed.
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    for_types = {node for block in blocks for statement in block.body for node in ast.walk(statement)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not node.level or node in for_types:
            continue
        package = own_package[: len(own_package) - node.level + 1]
        if node.module:
            yield ".".join([*package, node.module])
            continue
        for alias in node.names:
            inner = ".".join([*package, alias.name])
            yield inner if path_of(inner).exists() else ".".join(package)


def test_the_order_names_every_module():
    beside = {"testwiki", "cassettes"}
    found = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    assert {path for path in found if path.parts[0] not in beside} == {
        path_of(name).relative_to(PACKAGE) for name in ORDER
    }
    assert {path.stem for path in (PACKAGE / "testwiki").glob("*.py")} == set(TESTWIKI_ORDER)
    assert {path.stem for path in (PACKAGE / "cassettes").glob("*.py")} == set(CASSETTES_ORDER)


def test_private_modules_have_an_underscore():
    top = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {name.replace("__init__", "") for name in top if not re.match("_[a-z]", name)} == PUBLIC


@pytest.mark.parametrize("name", ORDER, ids=lambda name: name or "package")
def test_imports_point_one_way(name):
    allowed = set(ORDER[: ORDER.index(name)]) | BESIDE.get(name, set())
    if name.startswith("credentials"):
        allowed = {module for module in allowed if re.match(r"errors|_signing\b|credentials\b", module)}
    if name.startswith("_signing"):
        allowed = {module for module in allowed if re.match(r"errors|_signing\b", module)}
    assert set(ours(name)) <= allowed


@pytest.mark.parametrize("name", TESTWIKI_ORDER)
def test_the_embedded_wiki_imports_nothing_that_it_verifies(name):
    modules = set(imports(PACKAGE / "testwiki" / f"{name}.py"))
    allowed = {f".{other}" for other in TESTWIKI_ORDER[: TESTWIKI_ORDER.index(name)]}
    assert {module for module in modules if module.startswith(".")} <= allowed
    assert not {module for module in modules if re.match("oauthlib|httplib2", module)}


@pytest.mark.parametrize("name", CASSETTES_ORDER)
def test_cassettes_import_no_other_module_and_vcr_in_one_place(name):
    modules = set(imports(PACKAGE / "cassettes" / f"{name}.py"))
    allowed = {f".{other}" for other in CASSETTES_ORDER[: CASSETTES_ORDER.index(name)]} | {"."}
    assert {module for module in modules if module.startswith(".")} <= allowed
    assert any(module.split(".")[0] == "vcr" for module in modules) == (name == "recording")
    assert not {module for module in modules if module.split(".")[0] in ("oauthlib", "jwt")}


def loaded_by(statement):
    """Return the names of the modules that a new interpreter loads for an import."""
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


def test_importing_the_package_loads_no_optional_packages():
    unwanted = set("requests flask vcr jwt cheroot keyring platformdirs filelock configupdater webbrowser".split())
    assert not unwanted & loaded_by("from httplib2_oauthlib import *")


@pytest.mark.parametrize(
    "name",
    [
        "_signing.explain",
        "_refusals.refusals",
        "_http.argument_types",
        "_http.places",
    ],
)
def test_importing_the_package_does_not_load_what_few_programs_need(name):
    assert path_of(name).exists()
    assert f"httplib2_oauthlib.{name}" not in loaded_by("from httplib2_oauthlib import *")


def test_importing_mediawiki_loads_no_optional_packages():
    loaded = loaded_by("import httplib2_oauthlib.mediawiki")
    assert not {"requests", "requests_oauthlib", "jwt", "mwoauth", "flask"} & loaded


def test_every_public_name_exists_and_is_documented():
    import httplib2_oauthlib

    assert set(httplib2_oauthlib.__all__) <= set(dir(httplib2_oauthlib))
    for name in httplib2_oauthlib.__all__:
        assert getattr(httplib2_oauthlib, name).__doc__
        assert name in vars(httplib2_oauthlib)
    with pytest.raises(AttributeError, match="module 'httplib2_oauthlib' has no attribute 'OAuth2'"):
        httplib2_oauthlib.OAuth2  # noqa: B018


def files():
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not any(
            re.fullmatch(r"\.venv|\.git|\..*cache|\.hypothesis|__pycache__|build|dist|.*egg-info", p) for p in parts
        ):
            yield path


@cache
def long_words():
    """Return the long words of all files. Searching them is quicker than searching the files."""
    return b"\n".join({word for path in files() for word in LONG_WORD.findall(path.read_bytes())})


def strings(value):
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in ("name", "owner", "user", "base", "callback", "grants", "restrictions", "state"):
                yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("version", vectors.VERSIONS)
def test_a_recorded_wikis_credentials_are_in_its_vectors_only(version):
    """The vectors are compressed, so no file may contain a credential as text."""
    known = {word for value in strings(vectors.credentials(version)) for word in LONG_WORD.findall(value.encode())}
    assert len(known) > 12
    assert not [word for word in known if word in long_words()]
    assert "harmless" in " ".join(vectors.file(version)["about"])


def test_the_version_is_in_one_place_and_in_the_changelog():
    import httplib2_oauthlib

    assert httplib2_oauthlib.__version__ in (ROOT / "CHANGELOG.rst").read_text("utf-8")
    assert httplib2_oauthlib.__version__ not in (ROOT / "setup.cfg").read_text("utf-8")


def test_the_workflow_matches_the_metadata_and_guards_the_live_tests():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8"))
    named = re.findall(r"Python :: (3\.\d+)$", (ROOT / "setup.cfg").read_text("utf-8"), re.MULTILINE)
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == named
    assert named[0] == "3.11"
    nightly = workflow["jobs"]["nightly"]
    assert "schedule" in nightly["if"]
    assert "--hypothesis-profile nightly" in nightly["steps"][-1]["run"]
    newest = " ".join(step.get("run", "") for step in workflow["jobs"]["newest"]["steps"])
    # The source distribution has a copy of setup.cfg that setuptools has written, with tabs.
    pinned = re.findall(r"^\s+(\S+)==", (ROOT / "setup.cfg").read_text("utf-8"), re.MULTILINE)
    assert len(pinned) == 14
    assert set(pinned) < set(newest.split())
    assert "--upgrade" in newest
    live = workflow["jobs"]["live"]
    assert "refs/heads/main" in live["if"]
    assert live["steps"][-1]["env"]["OAUTH_TOKENS"] == "${{ secrets.OAUTH_TOKENS }}"
    assert "pytest tests/live" in live["steps"][-1]["run"]
