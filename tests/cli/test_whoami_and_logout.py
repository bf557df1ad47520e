"""The commands whoami and logout, and errors in one line."""

import errno
import os
import subprocess
import sys
import time

import pytest

from httplib2_oauthlib.credentials import FileStore

from ..servers import DROP, answer, in_turn
from .terminal import at_terminal, host_of, on_posix, one_line

# Windows describes it in other words.
CONNECTION_REFUSED = "No connection could be made" if os.name == "nt" else os.strerror(errno.ECONNREFUSED)


def test_whoami_without_credentials_names_the_login_command(wiki, run):
    code, out, err = run("whoami", host_of(wiki))
    assert (code, out) == (3, "")
    assert f"httplib2-oauth login {host_of(wiki)}" in one_line(err)


def test_whoami_with_a_revoked_token_says_to_log_in_again(wiki, run, tokens):
    wiki.revoke(tokens.resource_owner_key)
    code, out, err = run("whoami", host_of(wiki))
    assert (code, out) == (3, "")
    assert "log in again" in one_line(err)


def test_tokens_in_the_environment_override_stored_ones(wiki, run, tokens, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Bob")))
    assert run("whoami", host_of(wiki))[1] == "Bob\n"


def test_logout_deletes_the_credentials_and_names_the_grants_page(wiki, run, tokens, monkeypatch):
    wiki.stop()
    # The stored credentials are deleted even if the wiki can't be reached.
    code, out, err = run("logout", host_of(wiki))
    assert (code, err) == (0, "")
    assert "Special:OAuthManageMyGrants" in out
    wiki.start()
    assert FileStore().load() == {}
    assert run("whoami", host_of(wiki))[0] == 3
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(tokens))
    code, out, err = run("logout", host_of(wiki))
    assert (code, "No credentials are stored" in out, "OAUTH_TOKENS is set" in err) == (0, True, True)


def test_logout_finds_the_wiki_by_one_of_its_pages(wiki, run, tokens, serve):
    server = serve(lambda _: answer(f'<link rel="EditURI" href="{wiki.api_uri}">'))
    assert "API on another server" in one_line(run("logout", server.uri("/"))[2])
    code, _, _ = run("logout", f"{wiki.index_uri}/Main_Page")
    assert (code, FileStore().load()) == (0, {})
    assert run("logout", wiki.index_uri)[1] == f"No credentials are stored for {host_of(wiki)}.\n"


def test_a_wrong_clock_does_not_lose_the_granted_credentials(wiki, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Alice")))
    real = wiki.clock
    wiki.clock = lambda: real() + 60
    code, out, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, out.partition(".")[0]) == (0, f"Logged in to {host_of(wiki)} as Alice".partition(".")[0])
    assert "clock" in one_line(err)
    assert FileStore().get(host_of(wiki)) is not None


@on_posix
def test_login_checks_that_it_can_store_credentials_first(wiki, tool, run, monkeypatch):
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    path = FileStore().path
    path.parent.mkdir(parents=True)
    path.write_text("")
    path.chmod(0o644)
    code, _, err = run("login", host_of(wiki))
    assert (code, wiki.store.request_tokens) == (1, {})
    assert "chmod 600" in one_line(err)
    path.chmod(0o600)
    monkeypatch.setattr("httplib2_oauthlib._cli.login.find_spec", lambda name: None)
    code, _, err = run("login", host_of(wiki))
    assert (code, wiki.store.request_tokens) == (1, {})
    assert "pip install 'httplib2-oauthlib[mediawiki]'" in one_line(err)


def test_a_forged_identity_stores_nothing(wiki, run, monkeypatch):
    """Only a wrong clock or another server name is tolerated."""
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Alice")))
    monkeypatch.setattr("httplib2_oauthlib.testwiki.special.jwt.encode", lambda *a: "eyJhbGciOiJub25lIn0.e30.")
    code, _, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, FileStore().load()) == (1, {})
    assert "can't be read" in one_line(err) or "not signed" in err


def test_a_lost_response_is_not_reported_as_rejected(serve, run, monkeypatch):
    used = answer("oauth_problem=nonce_used", "401 Unauthorized")
    server = serve(in_turn(DROP, used))
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    code, _, err = run("request", "POST", server.uri("/"), "a=b")
    assert code == 1
    assert "acted" in one_line(err)


@pytest.mark.parametrize("garbage", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_an_invalid_http_response_is_reported_in_one_line(serve, run, garbage):
    given = iter([garbage, DROP])
    server = serve(lambda _: next(given, DROP))
    code, _, err = run("request", "GET", server.uri("/x"), "--anonymous", "--timeout", "0.5")
    assert code == 1
    one_line(err)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"query":{"userinfo":5}}', '{"query":{}}', "[]", "<html>"])
def test_a_response_without_a_user_name_is_reported_in_one_line(serve, run, monkeypatch, body):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer(body))
    code, _, err = run("whoami", server.uri("/api.php"))
    assert code == 1
    assert "without a user name" in one_line(err)


def test_control_characters_of_a_user_name_are_not_printed(serve, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer('{"query":{"userinfo":{"id":1,"name":"a\\u001b[31mRED"}}}'))
    assert run("whoami", server.uri("/api.php"))[1] == "a\ufffd[31mRED\n"


@on_posix
def test_a_closed_output_prints_no_traceback(wiki):
    command = f"{sys.executable} -m httplib2_oauthlib request GET {wiki.api_uri} format=json --anonymous >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in done.stderr


def test_the_end_of_the_input_interrupts(wiki):
    code, shown = at_terminal(["login", host_of(wiki)], {}, [("Consumer token: ", "key"), ("Secret token: ", "\x04")])
    assert "Traceback" not in shown
    assert code in (1, 130)


def test_a_server_that_is_not_a_wiki_is_reported(serve, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer("<title>Hello</title>", Content_Type="text/html"))
    code, _, err = run("whoami", server.uri("/page"))
    assert code == 1
    assert "no MediaWiki was found" in one_line(err)
    for script in ("api.php", "index.php"):
        code, _, err = run("login", "--owner-only", server.uri(f"/{script}"))
        assert code == 1


@pytest.mark.parametrize(("arguments", "expected_code", "excerpt"), [
    (["whoami", "127.0.0.1:1"], 1, f"no response from 127.0.0.1:1: {CONNECTION_REFUSED}"),
    (["whoami", "nowhere.invalid"], 1, "nowhere.invalid"),
    (["whoami", "ftp://wiki.example"], 2, "Pass the URI of its index.php"),
    (["whoami", "http://"], 2, "Pass the URI of its index.php"),
    (["request", "GET", "wiki.example/api.php"], 2, "must begin with https:// or http://"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous", "--body", "/nowhere"], 1, "nowhere: No such file"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous", "-H", "no colon"], 2, "NAME:VALUE"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous"], 1, CONNECTION_REFUSED),
    (["request", "GET", "http://a..b/", "--anonymous"], 1, "the host is invalid"),
])  # fmt: skip
def test_errors_are_reported_in_one_line(run, monkeypatch, arguments, expected_code, excerpt):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    code, out, err = run(*arguments)
    assert (code, out) == (expected_code, "")
    assert excerpt in one_line(err)


@pytest.mark.parametrize("wiki", ["127.0.0.1:1", "nowhere.invalid", "nowhere.invalid/wiki/Main_Page"])
def test_without_credentials_whoami_and_logout_need_no_network(run, wiki):
    host = wiki.partition("/")[0]
    code, out, err = run("whoami", wiki)
    assert (code, out) == (3, "")
    assert f"httplib2-oauth login {host}" in one_line(err)
    assert run("logout", wiki) == (0, f"No credentials are stored for {host}.\n", "")


def test_a_header_that_cannot_be_sent_is_reported_in_one_line(wiki, run):
    code, _, err = run("request", "GET", wiki.api_uri, "--anonymous", "--user-agent", "漢")
    assert code == 1
    assert "a header isn't in Latin-1" in one_line(err)


def test_a_server_that_does_not_respond_in_time_is_named(serve, run):
    server = serve(lambda _: time.sleep(2))
    code, _, err = run("request", "GET", server.uri("/x?secret=canary"), "--anonymous", "--timeout", "0.2")
    assert code == 1
    assert f"no response from {server.uri('/x')} within 0.2 seconds" in one_line(err)
    assert "canary" not in err


def test_incomplete_variables_are_named(run, monkeypatch, wiki):
    monkeypatch.setenv("OAUTH_TOKENS", "canary:canary")
    code, _, err = run("whoami", host_of(wiki))
    assert code == 1
    assert "OAUTH_TOKENS has 2 parts" in one_line(err)
    assert "canary" not in err
