"""The commands request and explain."""

import gzip
import os
import re
import subprocess
import sys

import pytest

from ..servers import answer
from .terminal import host_of, one_line


def test_a_signed_request_prints_the_response_unchanged(wiki, run, tokens):
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
def test_parameters_add_no_empty_pair_which_mediawiki_rejects(wiki, run, tokens, end):
    code, out, err = run("request", "GET", wiki.api_uri + end, "action=query", "meta=userinfo")
    assert (code, "Alice" in out, err) == (0, True, "")


def test_a_body_from_a_file_or_a_pipe_is_sent(wiki, run, tokens, tmp_path):
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


def test_verbose_shows_the_signed_request_masked(wiki, run, tokens):
    code, out, err = run("request", "-v", "GET", wiki.api_uri, "action=query", "format=json")
    assert (code, out) == (0, '{"batchcomplete":""}')
    # The nonce is that of the request that was sent.
    nonce = re.search('oauth_nonce="([^"]+)"', wiki.requests[-1].headers["authorization"])[1]
    assert nonce in err
    assert "oauth_token=MASKED" in err
    assert not any(secret in err for secret in tokens[1:])


def test_a_rejected_request_prints_the_response_and_advice(wiki, run, tokens, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join([*tokens[:3], "canary"]))
    code, out, err = run("request", "GET", wiki.api_uri, "action=query", "format=json")
    assert (code, "mwoauth-invalid-authorization" in out) == (3, True)
    assert "Check the secrets" in one_line(err)
    assert "canary" not in out + err


def test_an_error_status_exits_with_1(wiki, run, tokens):
    code, out, err = run("request", "GET", f"{wiki.rest_uri}/v1/page/Nowhere")
    assert (code, "does not exist" in out) == (1, True)
    assert "404" in one_line(err)


def test_requests_have_a_user_agent(wiki, run, tokens, monkeypatch):
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


def test_explain_lists_what_mediawiki_signs_differently_and_sends_nothing(wiki, run, tokens):
    asked = len(wiki.requests)
    code, out, err = run("explain", "GET", f"{wiki.api_uri}?titles=A&titles=B")
    assert (code, err) == (0, "")
    assert "the query repeats titles" in out
    assert not any(secret in out for secret in tokens[1:])
    assert len(wiki.requests) == asked
    code, out, err = run("explain", "POST", "https://wiki.example/w/api.php", "a=b")
    assert (code, "form parameters: a=b" in out, "made-up credentials" in err) == (0, True, True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [[], ["--include"]])
def test_a_full_disk_is_reported_as_that_after_the_request_was_sent(wiki, tokens, options):
    """A message about the server would make the user send the edit once more."""
    command = [sys.executable, "-m", "httplib2_oauthlib", "request", "POST", wiki.api_uri, "action=query", *options]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False)
    assert (done.returncode, len(wiki.requests)) == (1, 1)
    assert done.stderr == (
        "httplib2-oauth: standard output can't be written: No space left on device. The request was sent, and the"
        " server responded with status 200\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_reported_by_other_commands(wiki, tokens):
    command = [sys.executable, "-m", "httplib2_oauthlib", "explain", "GET", wiki.api_uri]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert done.stderr == "httplib2-oauth: standard output can't be written: No space left on device\n"


@pytest.mark.parametrize(
    "body", [lambda: gzip.compress(bytes(30_000_000)), lambda: gzip.compress(b"x" * 100)[:-9]], ids=["bomb", "half"]
)
@pytest.mark.parametrize("command", ["whoami", "login", "page"])
def test_a_response_that_can_not_be_decompressed_is_one_line(serve, run, monkeypatch, body, command):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    server = serve(lambda _: answer(body(), Content_Encoding="gzip"))
    arguments = {
        "whoami": ["whoami", server.uri("/w/index.php")],
        "login": ["login", "--owner-only", server.uri("/w/index.php")],
        "page": ["whoami", server.uri("/")],
    }[command]
    code, out, err = run(*arguments)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert re.search("larger than|could not be decompressed", err)
