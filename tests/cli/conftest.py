"""Fixtures for the command line: a home directory, stored credentials, a consumer."""

import os

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.credentials import FileStore

from .terminal import host_of


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """Give the test its own home directory, without a keyring and without the developer's credentials."""
    for name in [name for name in os.environ if name.startswith("OAUTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # The names that Windows, and platformdirs on Windows, read.
    for name in ("USERPROFILE", "LOCALAPPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    import keyring.core

    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


@pytest.fixture
def tokens(wiki, monkeypatch):
    """Alice's four values, stored for the wiki."""
    owner = wiki.owner_only("Alice")
    FileStore().save(host_of(wiki), OAuth1(*owner))
    return owner


@pytest.fixture
def run(capsysbinary):
    """Run the command line, and return its exit code, its output and its errors."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


@pytest.fixture
def tool(wiki):
    wiki.account("Alice")
    return wiki.register("A tool", callback="http://127.0.0.1:1/")
