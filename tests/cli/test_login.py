"""The command login: with the browser, with a pasted value, and for an owner-only consumer."""

import os
import re
import stat
import subprocess
import sys

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore

from .terminal import at_terminal, browser_at, host_of, one_line, open_terminal


def test_an_owner_only_login_stores_the_credentials_and_prints_the_user(wiki, run, monkeypatch):
    owner = wiki.owner_only("Alice")
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(owner))
    code, out, err = run("login", "--owner-only", host_of(wiki))
    assert (code, err) == (0, "")
    path = FileStore().path
    assert out == f"Logged in to {host_of(wiki)} as Alice. The credentials are stored in {path}\n"
    if os.name != "nt":  # Windows has no such modes.
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.delenv("OAUTH_TOKENS")
    assert FileStore().get(host_of(wiki)) == OAuth1(*owner)
    assert run("whoami", host_of(wiki)) == (0, "Alice\n", "")


def test_a_login_with_wrong_values_stores_nothing(wiki, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join([*wiki.owner_only("Alice")[:3], "canary"]))
    code, out, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, out) == (3, "")
    assert "Invalid signature" in one_line(err)
    assert "canary" not in err
    assert FileStore().load() == {}


def test_the_login_of_an_rsa_consumer_gets_the_user_from_the_api(wiki, run, monkeypatch, rsa_keys):
    private, public = rsa_keys
    owner = wiki.owner_only("Alice", rsa_public_key=public)
    monkeypatch.setenv("OAUTH_CLIENT_KEY", owner.client_key)
    monkeypatch.setenv("OAUTH_RESOURCE_OWNER_KEY", owner.resource_owner_key)
    monkeypatch.setenv("OAUTH_RSA_KEY", private)
    code, out, _ = run("login", "--owner-only", wiki.api_uri)
    assert (code, out.partition(".")[0]) == (0, f"Logged in to {host_of(wiki)} as Alice"[: out.index(".")])
    for name in ("CLIENT_KEY", "RESOURCE_OWNER_KEY", "RSA_KEY"):
        monkeypatch.delenv(f"OAUTH_{name}")
    assert run("whoami", wiki.api_uri)[:2] == (0, "Alice\n")


def test_login_opens_the_browser_and_stores_the_token(wiki, tool, tmp_path):
    environment, seen = browser_at(tmp_path)
    prompts = [("Consumer token: ", tool.key), ("Secret token: ", tool.secret)]
    code, shown = at_terminal(["login", host_of(wiki)], environment, prompts)
    assert code == 0, shown
    assert f"Logged in to {host_of(wiki)} as Alice." in shown
    assert "Special:OAuthConsumerRegistration/propose" in shown
    # The secret's prompt has no echo.
    assert tool.key in shown
    assert tool.secret not in shown
    assert "Go back to the terminal" in seen.read_text()
    kept = FileStore().get(host_of(wiki))
    assert (kept.client_secret, kept.resource_owner_key in wiki.store.access_tokens) == (tool.secret, True)
    assert kept.resource_owner_secret not in shown


def test_login_ends_when_the_wait_times_out(wiki, tool, tmp_path, run, monkeypatch):
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    code, out, err = run("login", host_of(wiki), "--no-browser", "--wait", "0.5")
    assert (code, out) == (1, "")
    assert f"{wiki.index_uri}?title=Special%3AOAuth%2Fauthenticate&oauth_token=" in err
    assert "did not come back within 0.5 seconds" in err.splitlines()[-1]
    assert FileStore().load() == {}


@pytest.mark.parametrize("what", ["uri", "verifier"])
def test_login_accepts_a_pasted_uri_or_verifier(wiki, tool, tmp_path, what):
    leader, follower = open_terminal()
    environment = {**os.environ, "OAUTH_CONSUMER": f"{tool.key}:{tool.secret}"}
    with subprocess.Popen(
        [sys.executable, "-m", "httplib2_oauthlib", "login", "--paste", wiki.index_uri],
        stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True,
    ) as program:  # fmt: skip
        shown = ""
        while not shown.endswith("verification value: "):
            shown += program.stderr.read(1)
        token = re.search("oauth_token=([0-9a-f]{32})", shown)[1]
        returned = wiki.authorize(token, "Alice")
        pasted = returned if what == "uri" else re.search("oauth_verifier=([0-9a-f]{32})", returned)[1]
        os.write(leader, pasted.encode() + b"\n")
        out, _ = program.communicate(timeout=30)
    os.close(leader)
    os.close(follower)
    assert (program.returncode, out[:9]) == (0, "Logged in")
    # The consumer was registered with a callback prefix, which "oob" redirects to.
    assert returned.startswith("http://127.0.0.1:1/")


def test_a_callback_not_allowed_for_the_consumer_names_the_options(wiki, run, monkeypatch):
    tool = wiki.register("A tool", callback="https://tool.example/")
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    code, _, err = run("login", host_of(wiki), "--no-browser")
    assert code == 3
    assert "--callback" in one_line(err)
    assert "--paste" in err


@pytest.mark.parametrize(
    ("callback", "expected_code", "excerpt"),
    [
        ("https://tool.example/", 2, "on this machine"),
        ("http://127.0.0.1:{taken}/", 1, "can't listen at http://127.0.0.1:{taken}/: address already in use"),
        ("http://127.0.0.1:99999/", 2, "--callback"),
        ("http://127.0.0.1/x?y=1", 2, "without a query"),
    ],
)
def test_a_callback_that_cannot_be_listened_at_is_rejected(
    wiki, tool, run, monkeypatch, callback, expected_code, excerpt
):
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    taken = host_of(wiki).partition(":")[2]
    code, _, err = run("login", host_of(wiki), "--callback", callback.format(taken=taken))
    assert code == expected_code
    assert excerpt.format(taken=taken) in one_line(err)
    if expected_code == 2:  # It is reported before a request is sent.
        assert run("login", "nowhere.invalid", "--callback", callback) == (code, "", err)


@pytest.mark.parametrize("value", ["only-a-canary", ":canary", "key:", "a:b:c:canary"])
def test_an_incomplete_consumer_is_rejected_without_showing_it(wiki, run, monkeypatch, value):
    monkeypatch.setenv("OAUTH_CONSUMER", value)
    code, _, err = run("login", host_of(wiki))
    assert code == 1
    assert "OAUTH_CONSUMER" in one_line(err)
    assert "canary" not in err


@pytest.mark.parametrize(("option", "variable"), [([], "OAUTH_CONSUMER"), (["--owner-only"], "OAUTH_TOKENS")])
def test_without_a_terminal_the_variable_is_named(wiki, option, variable):
    done = subprocess.run(
        [sys.executable, "-m", "httplib2_oauthlib", "login", host_of(wiki), *option],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"set {variable}" in done.stderr.splitlines()[-1]


def test_owner_only_values_are_prompted_without_echo(wiki):
    owner = wiki.owner_only("Alice")
    prompts = zip(["Consumer token: ", "Consumer secret: ", "Access token: ", "Access secret: "], owner, strict=True)
    code, shown = at_terminal(["login", "--owner-only", host_of(wiki)], {}, prompts)
    assert code == 0, shown
    assert not any(secret in shown for secret in owner[1:])
    code, shown = at_terminal(["login", "--owner-only", host_of(wiki)], {}, [("Consumer token: ", "")])
    assert code == 1
    assert "nothing was entered: Consumer token" in shown
    assert "an OAuth 2.0 client, which can't be used here" in shown
