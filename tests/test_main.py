"""The command line, against the embedded wiki: in this process, and as a program at a terminal with a browser."""

import os
import pty
import re
import select
import shlex
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.credentials import FileStore

from .servers import DROP, answer, in_turn

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    """A home of the test's own, no keyring, and none of the developer's credentials."""
    for name in [name for name in os.environ if name.startswith("OAUTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    import keyring.core

    monkeypatch.setattr(keyring.core, "_keyring_backend", None)


@pytest.fixture
def tokens(wiki, monkeypatch):
    """Alice's four values, kept for the wiki."""
    owner = wiki.owner_only("Alice")
    FileStore().save(host_of(wiki), OAuth1(*owner))
    return owner


@pytest.fixture
def run(capsysbinary):
    """Run the command line; return its exit code, its output and its errors."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def host_of(wiki):
    return wiki.server.partition("//")[2]


def one_line(err):
    assert err.startswith("httplib2-oauth: ")
    assert err.count("\n") == 1
    return err


# -- login


def test_an_owner_only_login_keeps_the_credentials_and_says_who_it_is(wiki, run, monkeypatch):
    owner = wiki.owner_only("Alice")
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(owner))
    code, out, err = run("login", "--owner-only", host_of(wiki))
    assert (code, err) == (0, "")
    path = FileStore().path
    assert out == f"Logged in to {host_of(wiki)} as Alice. The credentials are stored in {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    monkeypatch.delenv("OAUTH_TOKENS")
    assert FileStore().get(host_of(wiki)) == OAuth1(*owner)
    assert run("whoami", host_of(wiki)) == (0, "Alice\n", "")


def test_a_login_with_wrong_values_keeps_nothing(wiki, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join([*wiki.owner_only("Alice")[:3], "canary"]))
    code, out, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, out) == (3, "")
    assert "Invalid signature" in one_line(err)
    assert "canary" not in err
    assert FileStore().load() == {}


def test_an_rsa_consumers_login_takes_the_apis_word(wiki, run, monkeypatch, rsa_keys):
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


BROWSER = """\
#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.browser import Browser
browser = Browser()
page = browser.log_in(browser.follow(browser.get(sys.argv[1])))
page = browser.submit(browser.follow(page), {button!r})
print(browser.follow(page).text if page.status == 302 else page.text, file=open({seen!r}, "w"))
"""


def at_terminal(arguments, environment, answers=(), timeout=40):
    """Run the program at a terminal; answer each prompt; return the exit code and all that the terminal showed."""
    leader, follower = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "httplib2_oauthlib", *map(str, arguments)],
        stdin=follower, stdout=follower, stderr=follower, env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    shown, left, end = "", list(answers), time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            if not select.select([leader], [], [], 0.1)[0]:
                continue
            try:
                shown += os.read(leader, 4096).decode()
            except OSError:  # The program has ended.
                break
            if left and shown.endswith(left[0][0]):
                os.write(leader, left.pop(0)[1].encode() + b"\n")
        return program.wait(5), shown.replace("\r\n", "\n")
    finally:
        program.kill()
        program.wait()
        os.close(leader)


@pytest.fixture
def tool(wiki):
    wiki.account("Alice")
    return wiki.register("A tool", callback="http://127.0.0.1:1/")


def browser_at(tmp_path, button="accept"):
    script, seen = tmp_path / "browser", tmp_path / "seen"
    script.write_text(
        BROWSER.format(python=sys.executable, root=str(TESTS.parent), button=button, seen=str(seen)), "utf-8"
    )
    script.chmod(0o700)
    return {"BROWSER": f"{shlex.quote(str(script))} %s"}, seen


def test_login_opens_the_browser_waits_for_it_and_keeps_the_token(wiki, tool, tmp_path):
    environment, seen = browser_at(tmp_path)
    prompts = [("Consumer key: ", tool.key), ("Consumer secret: ", tool.secret)]
    code, shown = at_terminal(["login", host_of(wiki)], environment, prompts)
    assert code == 0, shown
    assert f"Logged in to {host_of(wiki)} as Alice." in shown
    assert "Special:OAuthConsumerRegistration/propose" in shown
    # Asked for without echo.
    assert tool.key in shown
    assert tool.secret not in shown
    assert "Go back to the terminal" in seen.read_text()
    kept = FileStore().get(host_of(wiki))
    assert (kept.client_secret, kept.resource_owner_key in wiki.store.access_tokens) == (tool.secret, True)
    assert kept.resource_owner_secret not in shown


def test_login_ends_when_the_wait_is_over(wiki, tool, tmp_path, run, monkeypatch):
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    code, out, err = run("login", host_of(wiki), "--no-browser", "--wait", "0.5")
    assert (code, out) == (1, "")
    assert f"{wiki.index_uri}?title=Special%3AOAuth%2Fauthenticate&oauth_token=" in err
    assert "did not come back within 0.5 seconds" in err.splitlines()[-1]
    assert FileStore().load() == {}


@pytest.mark.parametrize("what", ["uri", "verifier"])
def test_login_takes_what_is_pasted(wiki, tool, tmp_path, what):
    leader, follower = pty.openpty()
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
    # A prefix consumer's "oob" leads to its callback.
    assert returned.startswith("http://127.0.0.1:1/")


def test_a_callback_that_the_consumer_may_not_ask_for_names_the_options(wiki, run, monkeypatch):
    tool = wiki.register("A tool", callback="https://tool.example/")
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    code, _, err = run("login", host_of(wiki), "--no-browser")
    assert code == 3
    assert "--callback" in one_line(err)
    assert "--paste" in err


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        ("https://tool.example/", "on this machine"),
        ("http://127.0.0.1:{taken}/", "can't listen at"),
        ("http://127.0.0.1:99999/", "--callback"),
        ("http://127.0.0.1/x?y=1", "without a query"),
    ],
)
def test_a_callback_that_cannot_be_waited_at_is_refused(wiki, tool, run, monkeypatch, callback, said):
    monkeypatch.setenv("OAUTH_CONSUMER", f"{tool.key}:{tool.secret}")
    taken = host_of(wiki).partition(":")[2]
    code, _, err = run("login", host_of(wiki), "--callback", callback.format(taken=taken))
    assert code == 1
    assert said in one_line(err)


@pytest.mark.parametrize("value", ["only-a-canary", ":canary", "key:", "a:b:c:canary"])
def test_half_a_consumer_is_refused_without_showing_it(wiki, run, monkeypatch, value):
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


def test_owner_only_values_are_asked_for_without_echo(wiki):
    owner = wiki.owner_only("Alice")
    prompts = zip(["Consumer key: ", "Consumer secret: ", "Access token: ", "Access secret: "], owner, strict=True)
    code, shown = at_terminal(["login", "--owner-only", host_of(wiki)], {}, prompts)
    assert code == 0, shown
    assert not any(secret in shown for secret in owner[1:])
    code, shown = at_terminal(["login", "--owner-only", host_of(wiki)], {}, [("Consumer key: ", "")])
    assert code == 1
    assert "nothing was entered: Consumer key" in shown


# -- whoami and logout


def test_who_is_not_logged_in_is_told_how_to(wiki, run):
    code, out, err = run("whoami", host_of(wiki))
    assert (code, out) == (3, "")
    assert f"httplib2-oauth login {host_of(wiki)}" in one_line(err)


def test_whoami_with_a_revoked_token_says_what_to_do(wiki, run, tokens):
    wiki.revoke(tokens.resource_owner_key)
    code, out, err = run("whoami", host_of(wiki))
    assert (code, out) == (3, "")
    assert "log in again" in one_line(err)


def test_the_environments_tokens_come_before_those_that_are_kept(wiki, run, tokens, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Bob")))
    assert run("whoami", host_of(wiki))[1] == "Bob\n"


def test_logout_forgets_and_names_the_page_where_access_is_revoked(wiki, run, tokens, monkeypatch):
    wiki.stop()
    # What is kept here is forgotten also where the wiki can't be reached.
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


def test_a_clock_that_is_off_does_not_cost_what_was_granted(wiki, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Alice")))
    real = wiki.clock
    wiki.clock = lambda: real() + 60
    code, out, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, out.partition(".")[0]) == (0, f"Logged in to {host_of(wiki)} as Alice".partition(".")[0])
    assert "clock" in one_line(err)
    assert FileStore().get(host_of(wiki)) is not None


def test_what_would_keep_credentials_from_being_kept_is_told_before_they_are_granted(wiki, tool, run, monkeypatch):
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


def test_an_identity_that_is_forged_is_not_kept(wiki, run, monkeypatch):
    """Only a clock and a name may differ."""
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Alice")))
    monkeypatch.setattr("httplib2_oauthlib.testwiki.special.jwt.encode", lambda *a: "eyJhbGciOiJub25lIn0.e30.")
    code, _, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, FileStore().load()) == (1, {})
    assert "can't be read" in one_line(err) or "not signed" in err


def test_a_lost_answer_is_not_taken_for_a_refusal(serve, run, monkeypatch):
    used = answer("oauth_problem=nonce_used", "401 Unauthorized")
    server = serve(in_turn(DROP, used))
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    code, _, err = run("request", "POST", server.uri("/"), "a=b")
    assert code == 1
    assert "acted" in one_line(err)


@pytest.mark.parametrize("garbage", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_an_answer_that_is_no_http_is_told_in_one_line(serve, run, garbage):
    given = iter([garbage, DROP])
    server = serve(lambda _: next(given, DROP))
    code, _, err = run("request", "GET", server.uri("/x"), "--anonymous", "--timeout", "2")
    assert code == 1
    one_line(err)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"query":{"userinfo":5}}', '{"query":{}}', "[]", "<html>"])
def test_an_answer_that_does_not_say_who_it_is_is_told_in_one_line(serve, run, monkeypatch, body):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer(body))
    code, _, err = run("whoami", server.uri("/api.php"))
    assert code == 1
    assert "without a user name" in one_line(err)


def test_a_name_that_a_terminal_would_obey_is_not_printed(serve, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer('{"query":{"userinfo":{"id":1,"name":"a\\u001b[31mRED"}}}'))
    assert run("whoami", server.uri("/api.php"))[1] == "a\ufffd[31mRED\n"


def test_an_output_that_was_closed_is_no_traceback(wiki):
    command = f"{sys.executable} -m httplib2_oauthlib request GET {wiki.api_uri} format=json --anonymous >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in done.stderr


def test_the_end_of_the_input_is_an_interrupt(wiki):
    code, shown = at_terminal(["login", host_of(wiki)], {}, [("Consumer key: ", "key"), ("Consumer secret: ", "\x04")])
    assert "Traceback" not in shown
    assert code in (1, 130)


def test_a_server_that_is_no_wiki_is_named(serve, run):
    server = serve(lambda _: answer("<title>Hello</title>", Content_Type="text/html"))
    code, _, err = run("whoami", server.uri("/page"))
    assert code == 1
    assert "no MediaWiki was found" in one_line(err)
    for script in ("api.php", "index.php"):
        code, _, err = run("login", "--owner-only", server.uri(f"/{script}"))
        assert code == 1


@pytest.mark.parametrize(("arguments", "said"), [
    (["whoami", "127.0.0.1:1"], "no response from 127.0.0.1:1: Connection refused"),
    (["whoami", "nowhere.invalid"], "nowhere.invalid"),
    (["whoami", "ftp://wiki.example"], "Pass the URI of its index.php"),
    (["whoami", "http://"], "Pass the URI of its index.php"),
    (["request", "GET", "wiki.example/api.php"], "must begin with https:// or http://"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous", "--body", "/nowhere"], "/nowhere: No such file"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous", "-H", "no colon"], "NAME:VALUE"),
    (["request", "GET", "http://127.0.0.1:1/", "--anonymous"], "Connection refused"),
    (["request", "GET", "http://a..b/", "--anonymous"], "the host is invalid"),
])  # fmt: skip
def test_what_goes_wrong_is_told_in_one_line(run, arguments, said):
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert said in one_line(err)


def test_a_header_that_can_not_be_sent_is_told_in_one_line(wiki, run):
    code, _, err = run("request", "GET", wiki.api_uri, "--anonymous", "--user-agent", "漢")
    assert code == 1
    assert "a header isn't in Latin-1" in one_line(err)


def test_a_server_that_does_not_answer_in_time_is_named(serve, run):
    server = serve(lambda _: time.sleep(2))
    code, _, err = run("request", "GET", server.uri("/x?secret=canary"), "--anonymous", "--timeout", "0.2")
    assert code == 1
    assert f"no response from {server.uri('/x')} within 0.2 seconds" in one_line(err)
    assert "canary" not in err


def test_half_set_variables_are_named(run, monkeypatch, wiki):
    monkeypatch.setenv("OAUTH_TOKENS", "canary:canary")
    code, _, err = run("whoami", host_of(wiki))
    assert code == 1
    assert "OAUTH_TOKENS has 2 parts" in one_line(err)
    assert "canary" not in err


# -- request and explain


def test_a_signed_request_prints_the_answer_as_it_came(wiki, run, tokens):
    code, out, err = run("request", "get", wiki.api_uri, "action=query", "meta=userinfo", "format=json")
    assert (code, out, err) == (0, '{"batchcomplete":"","query":{"userinfo":{"id":3,"name":"Alice"}}}', "")
    awkward = "héllo ~|&=+%;"
    for method in ("GET", "POST"):
        code, out, _ = run(
            "request", method, f"{wiki.api_uri}?format=json&formatversion=2", "action=query", f"requestid={awkward}"
        )
        assert (code, awkward in out) == (0, True)
    assert wiki.requests[-1].user == "Alice"
    code, out, _ = run("request", "GET", f"{wiki.api_uri}#part", "format=json", "-i", "action=query")
    assert out.startswith("HTTP 200 OK\n")
    assert '\n\n{"batchcomplete":""}' in out
    assert run("request", "GET", wiki.api_uri, "action=query", "meta=userinfo", "format=xml", "--anonymous")[0] == 0
    assert wiki.requests[-1].user is None


@pytest.mark.parametrize("end", ["?", "?format=json&"])
def test_parameters_make_no_empty_pair_which_mediawiki_refuses(wiki, run, tokens, end):
    code, out, err = run("request", "GET", wiki.api_uri + end, "action=query", "meta=userinfo")
    assert (code, "Alice" in out, err) == (0, True, "")


def test_a_body_of_ones_own_is_sent(wiki, run, tokens, tmp_path):
    body = tmp_path / "body.json"
    body.write_text('{"source": "text", "title": "From a file", "comment": ""}')
    arguments = ["request", "POST", f"{wiki.rest_uri}/v1/page", "-H", "Content-Type: application/json"]
    code, out, _ = run(*arguments, "--body", body)
    assert (code, '"title":"From a file"' in out) == (0, True)
    done = subprocess.run(
        [sys.executable, "-m", "httplib2_oauthlib", *arguments, "--body", "-"],
        input=b'{"source": "text", "title": "From a pipe", "comment": ""}', capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    assert b'"title":"From a pipe"' in done.stdout


def test_what_was_signed_is_shown_masked(wiki, run, tokens):
    code, out, err = run("request", "-v", "GET", wiki.api_uri, "action=query", "format=json")
    assert (code, out) == (0, '{"batchcomplete":""}')
    # Of the very request that was sent.
    nonce = re.search('oauth_nonce="([^"]+)"', wiki.requests[-1].headers["authorization"])[1]
    assert nonce in err
    assert "oauth_token=MASKED" in err
    assert not any(secret in err for secret in tokens[1:])


def test_a_refused_request_prints_the_answer_and_says_what_to_do(wiki, run, tokens, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join([*tokens[:3], "canary"]))
    code, out, err = run("request", "GET", wiki.api_uri, "action=query", "format=json")
    assert (code, "mwoauth-invalid-authorization" in out) == (3, True)
    assert "Check the secrets" in one_line(err)
    assert "canary" not in out + err


def test_an_error_status_is_exit_code_1(wiki, run, tokens):
    code, out, err = run("request", "GET", f"{wiki.rest_uri}/v1/page/Nowhere")
    assert (code, "does not exist" in out) == (1, True)
    assert "404" in one_line(err)


def test_requests_say_who_sends_them(wiki, run, tokens, monkeypatch):
    agents = []
    run("request", "GET", wiki.api_uri, "action=query")
    agents.append(wiki.requests[-1].headers["user-agent"])
    monkeypatch.setenv("OAUTH_USER_AGENT", "me/1 (me@example.org)")
    run("request", "GET", wiki.api_uri, "action=query")
    agents.append(wiki.requests[-1].headers["user-agent"])
    run("whoami", host_of(wiki), "--user-agent", "option/1")
    agents.append(wiki.requests[-1].headers["user-agent"])
    assert re.fullmatch(r"httplib2-oauth/\d+\.\d+\.\d+", agents[0])
    assert agents[1:] == ["me/1 (me@example.org)", "option/1"]


def test_explain_says_what_a_wiki_minds_and_sends_nothing(wiki, run, tokens):
    asked = len(wiki.requests)
    code, out, err = run("explain", "GET", f"{wiki.api_uri}?titles=A&titles=B")
    assert (code, err) == (0, "")
    assert "the query repeats titles" in out
    assert not any(secret in out for secret in tokens[1:])
    assert len(wiki.requests) == asked
    code, out, err = run("explain", "POST", "https://wiki.example/w/api.php", "a=b")
    assert (code, "form parameters: a=b" in out, "made-up credentials" in err) == (0, True, True)


# -- wiki, and the rest


def test_the_wiki_serves_until_it_is_interrupted(wiki):
    program = subprocess.Popen(
        [sys.executable, "-u", "-m", "httplib2_oauthlib", "wiki", "--user", "Carol"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said = ""
        while "OAUTH_TOKENS=" not in said:
            said += program.stdout.readline()
        variables = dict(re.findall(r"export (\w+)=(\S+)", said))
        environment = {**os.environ, **variables}
        command = [sys.executable, "-m", "httplib2_oauthlib", "whoami", variables["OAUTH_WIKI"]]
        assert (
            subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True).stdout == b"Carol\n"
        )
        assert "Alice, Bob, Carol" in said
        program.send_signal(2)
        out, err = program.communicate(timeout=20)
        assert (program.returncode, err) == (0, "")
        assert "The wiki is stopped" in out
    finally:
        program.kill()
        program.wait()


def test_the_wiki_without_its_extra_names_it(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("httplib2_oauthlib.testwiki")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cheroot.wsgi", None)
    code, _, err = run("wiki")
    assert code == 1
    assert "pip install 'httplib2-oauthlib[testwiki]'" in one_line(err)


def test_an_interrupt_is_exit_code_130(run, monkeypatch, wiki):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("httplib2.Http.request", interrupted)
    code, _, _ = run("whoami", "https://wiki.example/w/index.php")
    assert code == 3  # There are no credentials yet.
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    assert run("whoami", "https://wiki.example/w/index.php")[0] == 130


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["demo", "--nonsense"], ["demo", "a=b"], ["login"], ["request", "GET"],
        ["request", "GET", "https://x", "no-equals"], ["request", "GET", "https://x", "a=b", "-i", "no-equals"],
        ["whoami", "x", "a=b"], ["whoami", "x", "--timeout", "0"], ["whoami", "x", "--timeout", "soon"],
        ["whoami", "x", "--timeout", "inf"], ["wiki", "--port", "99999"], ["wiki", "--port", "-1"],
        ["wiki", "--user", ""], ["wiki", "--user", "<x>"], ["request", "https://x"],
        ["login", "x", "--consumer-secret", "y"],
        ["login", "x", "--password", "y"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_arguments_are_exit_code_2(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_help_has_every_command_its_exit_codes_and_examples(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for command in ("demo", "wiki", "login", "whoami", "logout", "request", "explain"):
        assert re.search(rf"^    {command} ", text, re.MULTILINE)
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"example:\n  httplib2-oauth {command}" in capsys.readouterr().out
    assert "exit codes: 0" in text
    assert text.count("\n  httplib2-oauth ") >= 5


def test_no_option_takes_a_secret():
    """Arguments are seen by every user of the machine."""
    from httplib2_oauthlib._cli.parser import build_parser

    texts = []
    for action in build_parser()._subparsers._group_actions[0].choices.values():
        texts += [option for each in action._actions for option in each.option_strings]
    assert not [option for option in texts if re.search("secret|token|password|key", option)]


def test_the_version_is_the_packages(capsys):
    from httplib2_oauthlib import __version__

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"httplib2-oauth {__version__}\n"


def test_a_keyring_is_used_where_there_is_one(wiki, tmp_path):
    """A real backend, chosen as users choose one."""
    program = textwrap.dedent("""
        import sys
        from httplib2_oauthlib._cli.main import main
        sys.exit(main(["login", "--owner-only", sys.argv[1]]) or main(["whoami", sys.argv[1]]))
    """)
    environment = {
        **os.environ,
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "OAUTH_TOKENS": ":".join(wiki.owner_only("Alice")),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, host_of(wiki)],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stored in the system keyring" in done.stdout
    assert not FileStore().path.exists()


# -- audit and scrub

TRAFFIC = """\
interactions:
- request:
    body: lgpassword=hunter2&token=abc%2B%5C
    headers:
      authorization:
      - OAuth oauth_token="0123456789abcdef0f1e2d3c4b5a6978"
      content-type:
      - application/x-www-form-urlencoded
    method: POST
    uri: http://wiki.test/api.php
  response:
    body: {string: for Zebrafish}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""


@pytest.fixture
def traffic(tmp_path):
    path = tmp_path / "traffic.yaml"
    path.write_text(TRAFFIC)
    return path


def test_audit_names_file_and_line_and_no_secret(run, traffic):
    code, out, err = run("audit", traffic.parent)
    assert code == 1
    assert out == (
        f"{traffic}:3: lgpassword '...' (7 characters)\n"
        f"{traffic}:3: token '...' (3 characters)\n"
        f"{traffic}:6: token '0123...' (32 characters)\n"
    )
    assert one_line(err).startswith("httplib2-oauth: 3 values look like secrets. Scrub the cassette")


def test_scrub_writes_a_copy_that_passes_the_audit(run, traffic, tmp_path):
    (tmp_path / "clean").mkdir()
    code, out, err = run("scrub", traffic, tmp_path / "clean")
    assert (code, out, err) == (0, f"{tmp_path / 'clean' / 'traffic.yaml'}: 1 interaction\n", "")
    assert run("audit", tmp_path / "clean") == (0, "Nothing there looks like a secret.\n", "")
    assert traffic.read_text() == TRAFFIC
    assert "for Zebrafish" in (tmp_path / "clean" / "traffic.yaml").read_text()


def test_named_secrets_come_from_a_file_or_standard_input(run, traffic, tmp_path, monkeypatch):
    import io

    (tmp_path / "secrets").write_text("Zebrafish\n\n")
    assert run("scrub", "--also", tmp_path / "secrets", traffic, tmp_path / "a.yaml")[0] == 0
    assert "Zebrafish" not in (tmp_path / "a.yaml").read_text()
    run("scrub", traffic, tmp_path / "b.yaml")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Zebrafish\n"))
    code, out, _ = run("audit", "--also", "-", tmp_path / "b.yaml")
    assert code == 1
    assert re.fullmatch(r".*b\.yaml:\d+: secret '...' \(9 characters\)\n", out)


def test_what_can_not_be_audited_or_scrubbed_is_told(run, traffic, tmp_path):
    code, _, err = run("audit", tmp_path / "nothing", traffic)
    assert code == 2
    assert f"nothing to audit at {tmp_path / 'nothing'}" in one_line(err)
    code, _, err = run("scrub", traffic, traffic, tmp_path / "nothing")
    assert code == 2
    assert "folder not found" in one_line(err)
    assert run("scrub", traffic, f"{tmp_path / 'nothing'}/")[0] == 2
    (tmp_path / "empty").mkdir()
    assert run("audit", tmp_path / "empty")[0] == 2
    (tmp_path / "words").write_text("only words, and lgpassword=canary")
    code, _, err = run("scrub", tmp_path / "words", tmp_path / "out.yaml")
    assert code == 1
    assert "words is not a vcr cassette" in one_line(err)
    assert "canary" not in err
    code, _, err = run("scrub", tmp_path / "gone", tmp_path / "out.yaml")
    assert code == 1
    assert "No such file" in one_line(err)
    traffic.write_text(TRAFFIC.replace("for Zebrafish", "!!binary /9j/"))
    code, _, err = run("scrub", traffic, tmp_path / "out.yaml")
    assert code == 1
    assert "the response to POST http://wiki.test/api.php is not text" in one_line(err)
    assert not (tmp_path / "out.yaml").exists()
    assert run("scrub", "--keep-binary", traffic, tmp_path / "out.yaml")[0] == 0


@pytest.mark.parametrize("command", ["audit", "scrub"])
def test_without_its_extra_a_command_for_cassettes_names_it(run, traffic, tmp_path, monkeypatch, command):
    for name in [name for name in sys.modules if name.startswith(("httplib2_oauthlib.cassettes", "vcr"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "vcr", None)
    import httplib2_oauthlib

    monkeypatch.delattr(httplib2_oauthlib, "cassettes", raising=False)
    code, _, err = run(command, traffic, tmp_path / "out")
    assert code == 1
    assert f"{command} needs an extra (vcr is missing): pip install 'httplib2-oauthlib[cassettes]'" in one_line(err)
