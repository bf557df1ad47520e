"""A silent server: each call ends after its timeout, and its error names the call and the server."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, ResponseLostError, mediawiki
from httplib2_oauthlib._cli import demo
from httplib2_oauthlib._cli.callback_receiver import CallbackReceiver
from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.handshake import TIMEOUT, Handshake

from ..servers import Listener
from . import faults
from .faults import FORM, OAUTH

CONSUMER = ("client", "secret")


class Silent(Listener):
    """A server that accepts connections and sends nothing, not even a TLS handshake."""

    def _talk(self, connection):
        pass


@pytest.fixture(params=["http", "https", "within the answer"])
def uri(request, serve):
    """The URI of a server that is silent from the beginning, or from the middle of its response."""
    if request.param == "within the answer":
        yield serve(lambda _: faults.stall_within(faults.answer("oauth_token=a&oauth_token_secret=b"))).uri(
            "/w/index.php"
        )
        return
    silent = Silent()
    yield f"{request.param}://127.0.0.1:{silent.port}/w/index.php"
    silent.close()


@pytest.fixture(params=[OAuth1Http, httplib2.Http])
def http(request):
    http = request.param(timeout=0.2)
    yield http
    http.close()


def test_the_error_of_a_handshake_names_the_step_and_the_server(uri, http):
    handshake = Handshake(uri, uri, uri, OAuth1(*CONSUMER), http)
    where = uri.partition("//")[2]
    with pytest.raises(TimeoutError, match=f"could not get temporary credentials: .*{where} did not respond in time"):
        handshake.temporary_credentials()
    with pytest.raises(TimeoutError, match=f"could not get token credentials: .*{where} did not respond in time"):
        handshake.token_credentials(("key", "secret"), "verifier")


def test_the_error_of_mediawikis_handshake_names_the_step(uri, http):
    for what, ask in [
        ("a request token", lambda: mediawiki.initiate(uri, CONSUMER, user_agent="test", http=http)),
        ("an access token", lambda: mediawiki.complete(uri, CONSUMER, ("k", "s"), "v", "test", http=http)),
        ("an identity", lambda: mediawiki.identify(uri, CONSUMER, ("k", "s"), user_agent="test", http=http)),
    ]:
        with pytest.raises(TimeoutError, match=f"could not get {what}: .*did not respond in time"):
            ask()


def test_a_handshake_without_the_callers_http_has_a_timeout(uri, monkeypatch):
    """The default is half a minute, so this test shortens it."""
    assert TIMEOUT == 30
    monkeypatch.setattr("httplib2_oauthlib.handshake.TIMEOUT", 0.2)
    handshake = Handshake(uri, uri, uri, OAuth1(*CONSUMER))
    for ask in (
        handshake.temporary_credentials,
        lambda: handshake.token_credentials(("key", "secret"), "verifier"),
        lambda: mediawiki.initiate(uri, CONSUMER, user_agent="test"),
        lambda: mediawiki.complete(uri, CONSUMER, ("key", "secret"), "verifier", "test"),
        lambda: mediawiki.identify(uri, CONSUMER, ("key", "secret"), user_agent="test"),
    ):
        with pytest.raises(TimeoutError, match="did not respond in time"):
            ask()


def test_the_demo_reports_that_its_wiki_does_not_respond(uri, monkeypatch, capsys):
    monkeypatch.setattr(demo, "TIMEOUT", 0.2)

    class SilentWiki:
        api_uri = uri

        def __enter__(self):
            return self

        def __exit__(self, *exc_info):
            pass

        def owner_only(self, name):
            return ("a", "b", "c", "d")

    monkeypatch.setattr("httplib2_oauthlib.testwiki.TestWiki", SilentWiki)
    assert main(["demo"]) == 1
    error = capsys.readouterr().err
    assert f"no response from {uri} within 0.2 seconds" in error
    assert len(error.splitlines()) == 1


COMMANDS = [
    ["whoami"], ["login", "--owner-only"], ["login", "--paste"], ["request", "GET"], ["request", "--anonymous", "GET"],
    ["request", "POST"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_reports_the_silent_server_and_the_timeout(uri, command, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    monkeypatch.setenv("OAUTH_CONSUMER", "a:b")
    assert main([*command, uri, "--timeout", "0.2", *(["a=1"] if "POST" in command else [])]) == 1
    error = capsys.readouterr().err
    assert uri.partition("//")[2].partition("/")[0] in error
    assert "0.2 seconds" in error or "in time" in error
    assert len(error.splitlines()) == 1


def test_a_login_that_no_user_allows_ends_with_a_timeout(monkeypatch):
    with (
        CallbackReceiver() as receiver,
        pytest.raises(TimeoutError, match=r"browser did not come back within 0\.3 seconds"),
    ):
        receiver.wait(0.3)


def test_the_loss_of_a_sent_request_names_the_timeout(uri):
    http = OAuth1Http(timeout=0.2, oauth=OAUTH)
    with pytest.raises((ResponseLostError, TimeoutError)) as caught:
        http.request(uri, "POST", "a=1", FORM)
    # The request isn't sent before the TLS handshake, so httplib2's own error is raised.
    assert isinstance(caught.value, TimeoutError) == uri.startswith("https")
    if isinstance(caught.value, ResponseLostError):
        assert "in time" in str(caught.value)
    http.close()
