"""What the command request prints and returns for errors: refusals of OAuth, and errors of the API and of rest.php."""

import json
import os
import subprocess
import sys

import pytest

from .. import vectors
from ..servers import answer
from .terminal import at_terminal, one_line

JSON = "application/json; charset=utf-8"


@pytest.fixture
def any_tokens(monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "client:secret:token:canary")


def replayed(serve, version, name):
    """Serve one recorded response of a real wiki, and return the server."""
    vector = next(vector for vector in vectors.recorded(version) if vector.id == name)
    kept = ("content-type", "cache-control", "mediawiki-api-error")
    headers = {key.replace("-", "_"): value for key, value in vector.answer_headers.items() if key in kept}
    return serve(lambda _: answer(vector.answer, f"{vector.status} Recorded", **headers))


@pytest.mark.parametrize("version", ["1.43", "1.45"])
@pytest.mark.parametrize(
    ("name", "excerpt"),
    [
        ("errors-0", "Check the secrets"),
        ("errors-1", "Check the client (consumer) key"),
        ("errors-2", "log in again"),
        ("revoked-0", "log in again"),
        ("api_refusals-2", "Check the secrets"),
        ("api_refusals-9", "Check the secrets"),
        ("api_refusals-33", "format=json"),
        ("revoked-1", "log in again"),
    ],
)
def test_a_recorded_refusal_exits_with_3_and_says_what_to_do(serve, run, any_tokens, version, name, excerpt):
    code, out, err = run("request", "GET", replayed(serve, version, name).uri("/api.php"))
    assert (code, bool(out)) == (3, True)
    assert excerpt in one_line(err)
    assert "canary" not in err


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5, 8, 9, 10, 11])
def test_a_recorded_refusal_of_mediawiki_1_39_exits_with_3(serve, run, any_tokens, number):
    code, _, err = run("request", "GET", replayed(serve, "1.39", f"errors-{number}").uri("/api.php"))
    assert code == 3
    assert one_line(err).startswith("httplib2-oauth: the server refused: ")


@pytest.mark.parametrize(
    ("version", "name", "excerpt"),
    [
        ("1.43", "rest_refusals_get-0", "api.php"),
        ("1.45", "rest_refusals_get-0", "Check the secrets"),
        ("1.45", "rest_refusals_get-2", "Check the client (consumer) key"),
        ("1.45", "rest_refusals_get-4", "log in again"),
        ("1.45", "rest_refusals_put-11", "Missing timestamp"),
        ("1.43", "rest_grants-1", "rest-read-denied"),
        ("1.45", "rest_grants-1", "rest-read-denied"),
    ],
)
def test_a_recorded_refusal_of_rest_php_exits_with_3_and_advice(serve, run, any_tokens, version, name, excerpt):
    server = replayed(serve, version, name)
    code, out, err = run("request", "GET", server.uri("/rest.php/v1/page/Main_Page"))
    assert (code, bool(out)) == (3, True)
    assert excerpt in one_line(err)


@pytest.mark.parametrize("version", ["1.43", "1.45"])
@pytest.mark.parametrize("name", ["rest_errors-3", "rest_errors-14", "rest_errors-34", "rest_refusals_put-13"])
def test_a_recorded_error_of_rest_php_exits_with_1(serve, run, any_tokens, version, name):
    server = replayed(serve, version, name)
    code, out, err = run("request", "GET", server.uri("/rest.php/v1/page/Nowhere"))
    assert (code, bool(out)) == (1, True)
    assert "the server responded with status 4" in one_line(err)


@pytest.mark.parametrize("version", ["1.43", "1.45"])
@pytest.mark.parametrize(
    ("name", "code_of_error"),
    [
        ("api_errors_bc-4", "badtoken"),
        ("api_errors_bc-10", "readapidenied"),
        ("api_errors_bc-12", "blocked"),
        ("api_errors_bc-13", "permissiondenied"),
        ("api_errors_bc-14", "maxlag"),
        ("api_errors_bc-32", "badtoken"),
        ("api_errors_bc-46", "blocked"),
        ("api_errors_formats-4", "badtoken"),
        ("api_errors_formats-32", "badtoken"),
        ("api_errors_formats-41", "badtoken"),
        ("api_errors_formats-50", "badtoken"),
        ("anonymous-1", "assertuserfailed"),
        ("identify-17", "readapidenied"),
    ],
)
def test_a_recorded_error_of_the_api_exits_with_1(serve, run, any_tokens, version, name, code_of_error):
    code, out, err = run("request", "GET", replayed(serve, version, name).uri("/api.php"))
    assert (code, bool(out)) == (1, True)
    assert "the wiki's API reported the error" in one_line(err)
    assert code_of_error in err


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "badtoken", "info": "Invalid CSRF token."}},
        {"errors": [{"code": "badtoken", "text": "Invalid CSRF token."}]},
        {"errors": [{"code": "badtoken", "html": "Invalid <b>CSRF</b> token"}]},
    ],
)
def test_an_api_error_is_recognized_by_its_body_if_a_proxy_removes_the_header(serve, run, any_tokens, body):
    server = serve(lambda _: answer(json.dumps(body), Content_Type=JSON))
    code, out, err = run("request", "POST", server.uri("/api.php"), "action=edit")
    assert (code, out) == (1, json.dumps(body))
    assert "reported the error badtoken: Invalid CSRF token. Get a token" in one_line(err)


@pytest.mark.parametrize(
    "body",
    [
        "{}", '{"error":null}', '{"error":"no object"}', '{"error":{"code":5}}', '{"errors":[]}', '{"errors":["x"]}',
        '{"query":{"error":{"code":"badtoken"}}}', '{"warnings":[{"code":"badtoken"}]}', "{" + "[" * 9000, "{half",
        '["error"]',
    ],
)  # fmt: skip
def test_a_response_that_is_no_error_exits_with_0(serve, run, any_tokens, body):
    server = serve(lambda _: answer(body, Content_Type=JSON))
    assert run("request", "GET", server.uri("/api.php")) == (0, body, "")


def test_an_api_error_on_the_embedded_wiki_exits_with_1(wiki, run, tokens):
    form = ["action=edit", "title=A", "text=b", "token=wrong", "format=json"]
    code, out, err = run("request", "POST", wiki.api_uri, *form)
    assert (code, json.loads(out)["error"]["code"]) == (1, "badtoken")
    assert "Get a token with the same credentials" in one_line(err)


def test_control_characters_of_an_api_error_are_not_printed(serve, run, any_tokens):
    body = json.dumps({"error": {"code": "a\x1b[31m", "info": "b\x1b[31m"}})
    _, _, err = run("request", "GET", serve(lambda _: answer(body, Content_Type=JSON)).uri("/api.php"))
    assert "\x1b" not in one_line(err)


# -- at a terminal


def test_at_a_terminal_the_message_begins_on_a_new_line(wiki, tokens):
    environment = {"OAUTH_TOKENS": ":".join([*tokens[:3], "wrong"])}
    code, shown = at_terminal(["request", "GET", wiki.api_uri, "action=query", "format=json"], environment)
    assert code == 3
    assert "Invalid signature" in shown.partition("\n")[0]
    assert shown.splitlines()[-1].startswith("httplib2-oauth: the server refused: ")
    code, shown = at_terminal(["request", "GET", f"{wiki.rest_uri}/v1/page/Nowhere"], {})
    assert code == 1
    assert shown.endswith("}\nhttplib2-oauth: the server responded with status 404\n")


def test_a_body_that_ends_with_a_newline_gets_no_blank_line(serve):
    server = serve(lambda _: answer("not found\n", "404 Not Found"))
    _, shown = at_terminal(["request", "GET", server.uri("/"), "--anonymous"], {})
    assert shown == "not found\nhttplib2-oauth: the server responded with status 404\n"


def test_output_and_errors_in_one_file_are_separated_by_a_newline(serve):
    server = serve(lambda _: answer("not found", "404 Not Found"))
    command = [sys.executable, "-m", "httplib2_oauthlib", "request", "GET", server.uri("/"), "--anonymous"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
    assert done.stdout == b"not found\nhttplib2-oauth: the server responded with status 404\n"


def test_a_terminal_does_not_get_the_html_page_of_a_refusal(wiki, tokens):
    environment = {"OAUTH_TOKENS": ":".join([*tokens[:3], "wrong"])}
    # Without a format, api.php responds with a page for people.
    code, shown = at_terminal(["request", "GET", wiki.api_uri, "action=query"], environment)
    assert (code, shown.count("\n")) == (3, 1)
    assert shown.startswith("httplib2-oauth: the server refused: ")
    code, shown = at_terminal(["request", "-i", "GET", wiki.api_uri, "action=query"], environment)
    assert (code, "mediawiki-api-error: mwoauth" in shown, "<" in shown) == (3, True, False)


@pytest.mark.parametrize(("version", "number"), [("1.43", 0), ("1.45", 13)])
def test_a_terminal_does_not_get_the_page_that_refuses_a_signed_page(serve, any_tokens, version, number):
    server = replayed(serve, version, f"index_pages-{number}")
    code, shown = at_terminal(["request", "GET", server.uri("/index.php?title=Main_Page")], {})
    assert (code, shown.count("\n"), "api_only" in shown) == (3, 1, True), shown


def test_a_pipe_gets_the_html_page_of_a_refusal_unchanged(wiki, tokens):
    environment = {**os.environ, "OAUTH_TOKENS": ":".join([*tokens[:3], "wrong"])}
    command = [sys.executable, "-m", "httplib2_oauthlib", "request", "GET", wiki.api_uri, "action=query"]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
    assert done.returncode == 3
    assert done.stdout.startswith(b"<!DOCTYPE html>")
    assert done.stderr.startswith(b"httplib2-oauth: the server refused: ")


def test_a_terminal_gets_the_html_page_of_any_other_response(serve):
    server = serve(lambda _: answer("<!DOCTYPE html><p>gone", "404 Not Found", Content_Type="text/html"))
    code, shown = at_terminal(["request", "GET", server.uri("/"), "--anonymous"], {})
    assert (code, "<p>gone\n" in shown) == (1, True)
