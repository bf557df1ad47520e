"""The command ``httplib2-oauth demo``: its output, its exit code and its failures."""

import importlib
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.testwiki import TestWiki


def test_the_demo_shows_its_steps_in_order_and_all_checks_pass(capsys):
    assert main(["demo"]) == 0
    story = capsys.readouterr().out
    steps = [
        "No credentials",
        "Alice logs in",
        "Alice edits her user page",
        "are read without credentials",
        "wrong secret",
        "logs out",
    ]
    places = [story.index(step) for step in steps]
    assert places == sorted(places)
    assert story.count("   ok     ") == 8
    assert "FAILED" not in story
    # The story shows the real output of each step, including explain().
    for shown in (
        '"anon": true',
        '"name": "Alice"',
        '"result": "Success"',
        "漢字",
        "Invalid signature",
        "oauth_token=MASKED",
    ):
        assert shown in story
    assert "All checks passed." in story


def test_the_demo_shows_no_secret(capsys, monkeypatch):
    made = []
    owner_only = TestWiki.owner_only
    monkeypatch.setattr(TestWiki, "owner_only", lambda self, user: made.append(owner_only(self, user)) or made[-1])
    main(["demo"])
    story = capsys.readouterr().out
    assert made[0].client_key in story
    assert all(secret not in story for secret in made[0][1:])


def test_a_failed_check_exits_with_1_and_is_shown(capsys, monkeypatch):
    """The wiki doesn't know these credentials, so one check fails."""
    monkeypatch.setattr(TestWiki, "owner_only", lambda self, user: ("unknown", "a", "b", "c"))
    assert main(["demo"]) == 1
    story = capsys.readouterr().out
    assert "FAILED the wiki recognizes Alice" in story
    assert "All checks passed." not in story


@pytest.mark.parametrize(
    ("module", "name", "broken", "failed"),
    [
        (
            "routes",
            "Caller",
            lambda real: lambda user, name, *a, **k: real(user, "Somebody", *a, **k),
            "the wiki recognizes Alice",
        ),
        (
            "store",
            "Revision",
            lambda real: lambda i, p, user, *a, **k: real(i, p, "Bob", *a, **k),
            "the author of the edit is the OAuth",
        ),
        (
            "oauth",
            "hmac",
            lambda real: SimpleNamespace(new=real.new, compare_digest=lambda *_: True),
            "the wiki rejects the signature",
        ),
    ],
    ids=["another name", "another author", "any signature"],
)
def test_a_faulty_wiki_makes_the_demo_fail(capsys, monkeypatch, module, name, broken, failed):
    target = importlib.import_module(f"httplib2_oauthlib.testwiki.{module}")
    monkeypatch.setattr(target, name, broken(getattr(target, name)))
    assert main(["demo"]) == 1
    assert f"FAILED {failed}" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX shell")
def test_a_closed_output_pipe_causes_no_traceback():
    command = f"{sys.executable} -m httplib2_oauthlib demo | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=50, check=False)
    assert done.stdout.startswith(b"A wiki is running")
    assert done.stderr == b""


def test_the_demo_without_its_extra_names_the_extra(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("httplib2_oauthlib.testwiki")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cheroot.wsgi", None)
    assert main(["demo"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "pip install 'httplib2-oauthlib[testwiki]'" in err


def test_the_demo_runs_as_a_module_with_ascii_output():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "httplib2_oauthlib", "demo"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"All checks passed." in done.stdout
