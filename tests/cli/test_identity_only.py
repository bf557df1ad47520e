"""Consumers that are registered for user identity verification only: login, whoami and request."""

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore
from httplib2_oauthlib.testwiki import TestWiki

from .. import vectors
from ..servers import answer
from .terminal import at_terminal, browser_at, host_of, one_line

NOTE = "can identify you, but it can't act on the wiki"


@pytest.fixture(params=vectors.VERSIONS)
def wiki(request):
    with TestWiki(version=request.param) as wiki:
        yield wiki


@pytest.fixture(params=["mwoauth-authonly", "mwoauth-authonlyprivate"])
def grant(request):
    return request.param


def test_login_and_whoami_name_the_user_and_what_the_consumer_lacks(wiki, run, monkeypatch, grant):
    owner = wiki.owner_only("Alice", grants=[grant])
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(owner))
    code, out, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, f"Logged in to {host_of(wiki)} as Alice." in out, NOTE in err) == (0, True, True)
    monkeypatch.delenv("OAUTH_TOKENS")
    assert FileStore().get(host_of(wiki)) == OAuth1(*owner)
    code, out, err = run("whoami", host_of(wiki))
    assert (code, out, NOTE in err) == (0, "Alice\n", True)
    # Any other request is an error of the API, and the credentials were not refused.
    code, out, err = run("request", "GET", wiki.api_uri, "action=query", "meta=userinfo", "format=json")
    assert (code, "readapidenied" in out) == (1, True)
    assert "the consumer has no grant to read" in one_line(err)


def test_login_with_a_browser_says_that_the_tool_cannot_act(wiki, tmp_path):
    wiki.account("Alice")
    tool = wiki.register("A tool", callback="http://127.0.0.1:1/", grants=["mwoauth-authonly"])
    environment, _ = browser_at(tmp_path)
    environment["OAUTH_CONSUMER"] = f"{tool.key}:{tool.secret}"
    code, shown = at_terminal(["login", host_of(wiki)], environment)
    assert code == 0, shown
    assert f"Logged in to {host_of(wiki)} as Alice." in shown
    assert NOTE in shown


def test_a_consumer_with_other_grants_is_not_called_identity_only(wiki, run, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", ":".join(wiki.owner_only("Alice", grants=["basic"])))
    code, _, err = run("login", "--owner-only", wiki.index_uri)
    assert (code, err) == (0, "")
    assert run("whoami", wiki.index_uri) == (0, "Alice\n", "")


def test_whoami_with_refused_credentials_does_not_ask_for_an_identity(wiki, run, monkeypatch):
    owner = wiki.owner_only("Alice", grants=["mwoauth-authonly"])
    monkeypatch.setenv("OAUTH_TOKENS", ":".join([*owner[:3], "canary"]))
    code, out, err = run("whoami", wiki.index_uri)
    assert (code, out) == (3, "")
    assert "Invalid signature" in one_line(err)
    assert "Special:OAuth" not in wiki.requests[-1].target


def test_an_rsa_consumer_without_a_secret_is_told_why_its_user_is_unknown(wiki, run, monkeypatch, rsa_keys):
    private, public = rsa_keys
    owner = wiki.owner_only("Alice", grants=["mwoauth-authonly"], rsa_public_key=public)
    monkeypatch.setenv("OAUTH_CLIENT_KEY", owner.client_key)
    monkeypatch.setenv("OAUTH_RESOURCE_OWNER_KEY", owner.resource_owner_key)
    monkeypatch.setenv("OAUTH_RSA_KEY", private)
    code, out, err = run("whoami", wiki.index_uri)
    assert (code, out) == (1, "")
    assert "readapidenied" in one_line(err)


@pytest.mark.parametrize("version", ["1.43", "1.45"])
@pytest.mark.parametrize("number", [17, 18])
def test_the_recorded_refusal_to_name_the_user_leads_to_the_identity(serve, run, monkeypatch, version, number):
    vector = next(vector for vector in vectors.recorded(version) if vector.id == f"identify-{number}")
    header = {"MediaWiki_API_Error": vector.answer_headers["mediawiki-api-error"]}
    targets = []

    def respond(request):
        targets.append(request.target)
        if request.target.startswith("/api.php"):
            return answer(vector.answer, Content_Type="application/json; charset=utf-8", **header)
        return answer("no identity here")

    server = serve(respond)
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    assert run("whoami", server.uri("/index.php"))[0] == 1
    assert [target.partition("?")[0] for target in targets] == ["/api.php", "/index.php"]
    assert "identify" in targets[1]
