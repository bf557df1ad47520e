"""Canaries in each place that holds a secret, and a search for them in all logs, errors, files and output."""

import base64
import io
import logging
import pickle
import sys
import traceback
import warnings
from urllib.parse import quote, urlencode

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuthError, mediawiki
from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.credentials import FileStore, from_pywikibot
from httplib2_oauthlib.handshake import Handshake, KeyAndSecret, read_callback
from httplib2_oauthlib.testwiki import TestWiki

from .. import reference
from ..servers import DROP, answer, in_turn
from . import faults
from .clients import slow_except
from .faults import FORM
from .test_clock import in_mediawikis_words

SECRETS = reference.Secrets("canary-client/secret+1", "canary-token&secret=2")
TOKEN, VERIFIER, PASSWORD, CSRF = "canary-token-3", "canary-verifier-4", "canary-password-5", "canary5c5rf6+\\"
RSA_LINE = "canaryRSA7canaryRSA7canaryRSA7canaryRSA7canaryRSA7canaryRSA7cana"
RSA = f"-----BEGIN RSA PRIVATE KEY-----\n{RSA_LINE}\n-----END RSA PRIVATE KEY-----\n"
CANARIES = [*SECRETS[:2], TOKEN, VERIFIER, PASSWORD, CSRF, RSA_LINE]
OAUTH = OAuth1("client", SECRETS.client, TOKEN, SECRETS.token)
LOGIN = urlencode({"action": "clientlogin", "password": PASSWORD, "token": CSRF, "title": "a page"})


def spellings(secret):
    """Yield a secret in each form: plain, percent-encoded once and twice, escaped, hex, base64, and a part of it."""
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), repr(secret)[1:-1], raw.hex())
    yield base64.b64encode(raw).decode().rstrip("=")[:-1]
    yield "canary"


def assert_nothing_of_a_secret_is_in(text, what=""):
    for secret in CANARIES:
        for spelling in spellings(secret):
            before, found, after = text.partition(spelling)
            assert not found, f"{what} ... {before[-200:]}>>>{found}<<<{after[:80]}"


class Said:
    """The text that a call produces: log records at every level, warnings, output and errors."""

    def __init__(self):
        self.text = io.StringIO()
        self.errors = []

    def __call__(self, work, *args, **kwargs):
        """Call a function and keep its result or its error, with each text form of the error."""
        try:
            result = work(*args, **kwargs)
        except Exception as error:
            self.errors.append(error)
            print(error, repr(error), error.args if not hasattr(error, "content") else "", file=self.text)
            traceback.print_exc(file=self.text)
            # Format the error as pywikibot, logging and the interpreter do.
            self.text.write("".join(traceback.format_exception(error)))
            return error
        # The key of a token only identifies the token. Without its secret, the key is of no use.
        print(
            repr(result).replace(result.key, "") if isinstance(result, KeyAndSecret) else repr(result), file=self.text
        )
        return result


@pytest.fixture
def said(capfd):
    said = Said()
    handler = logging.StreamHandler(said.text)
    # vcrpy logs the requests that it records, and the README warns about that.
    handler.addFilter(lambda record: not record.name.startswith("vcr"))
    root = logging.getLogger()
    names = [name for name in logging.root.manager.loggerDict if name.startswith(("oauthlib", "httplib2", "http"))]
    levels = {name: logging.getLogger(name).level for name in ["", "oauthlib", "httplib2", *names]}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield said
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    said.text.write("".join(str(warning.message) for warning in caught))
    said.text.write("".join(capfd.readouterr()))
    assert_nothing_of_a_secret_is_in(said.text.getvalue())


def test_the_search_finds_each_form_of_a_secret():
    for secret in CANARIES:
        for spelling in spellings(secret):
            with pytest.raises(AssertionError):
                assert_nothing_of_a_secret_is_in(f"some text{spelling}and more")


# -- credentials


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_signing_reveals_no_secret(said, method, placement):
    oauth = OAuth1(
        "client", SECRETS.client, TOKEN, SECRETS.token, verifier=VERIFIER, callback_uri="https://x/?canary=1",
        signature_method=method, signature_type=placement, realm="a",
    )  # fmt: skip
    said(lambda: oauth)
    said(str, oauth)
    said("{!r} {!s} {}".format, oauth, {"a": oauth}, [oauth])
    for uri in ("https://x/?token=" + quote(CSRF), f"https://name:{PASSWORD}@x/y", "http://x/"):
        said(oauth.sign, uri, "POST", LOGIN, FORM)
        said(oauth.sign, uri, "GET")
        said(oauth.sign, uri, "POST", {"password": PASSWORD}, FORM)
        said(oauth.sign, uri, "POST", [("password", PASSWORD)], FORM)
        said(oauth.sign, uri, "POST", f"password={PASSWORD}\ud800", FORM)
        said(oauth.sign, uri, "POST", f"password={PASSWORD}", {**FORM, "Transfer-Encoding": "chunked"})
        said(oauth.sign, uri.encode(), "POST")
        said(oauth.sign, uri, f"POST {PASSWORD}")
        said(oauth.sign, f"{uri}\ud800")
        said(oauth.sign, f"x{uri}{PASSWORD}".replace("://", ":"))
        said(oauth.sign, uri, headers={"Host": f"a b {PASSWORD}"})


@pytest.mark.parametrize(
    "name", ["client_secret", "resource_owner_key", "resource_owner_secret", "verifier", "rsa_key"]
)
@pytest.mark.parametrize("value", [f"{PASSWORD}\ud800", PASSWORD.encode() + b"\xff", (PASSWORD,), f'{PASSWORD}"\n'])
def test_an_error_about_unusable_credentials_does_not_show_them(said, name, value):
    said(OAuth1, "client", **{name: value})
    said(OAuth1, "client", **{name: value}, signature_method="RSA-SHA1")
    said(OAuth1Http, oauth=value)
    said(OAuth1Http, oauth={"x": value})


def test_an_error_about_an_invalid_rsa_key_does_not_show_it(said):
    for key in (RSA, RSA_LINE, RSA.replace("RSA ", "ENCRYPTED "), RSA[:50]):
        oauth = said(OAuth1, "client", rsa_key=key, signature_method="RSA-SHA256")
        assert isinstance(said(oauth.sign, "https://x/"), OAuthError)
        said(oauth.explain, "https://x/")


def test_an_explanation_shows_no_secret(said):
    oauth = OAuth1("client", SECRETS.client, TOKEN, SECRETS.token, verifier=VERIFIER)
    for method in ("HMAC-SHA1", "PLAINTEXT"):
        for uri in (
            "https://x/?token=" + quote(CSRF),
            f"https://x/{TOKEN}?lgpassword={PASSWORD}",
            f"https://n:{PASSWORD}@x/",
        ):
            oauth = OAuth1("client", SECRETS.client, TOKEN, SECRETS.token, verifier=VERIFIER, signature_method=method)
            print(said(oauth.explain, uri, "POST", LOGIN, FORM), file=said.text)
            print(
                said(oauth.explain, uri, "POST", f"a={quote(SECRETS.client)}&b={quote(SECRETS.token)}", FORM),
                file=said.text,
            )


def test_a_pickle_holds_the_secrets():
    """The README documents this. Only a pickle contains the secrets."""
    assert SECRETS.client.encode() in pickle.dumps(OAUTH)
    assert SECRETS.client.encode() in pickle.dumps(OAuth1Http(oauth=OAUTH))


# -- requests


FATES = {
    "answered": answer(),
    "refused": answer(
        '{"error":{"code":"mwoauth-invalid-authorization","info":"Invalid signature"}}',
        MediaWiki_API_Error="mwoauth-invalid-authorization",
    ),
    "repeated": lambda received: answer(
        reference.protocol_parameters(received).get("oauth_signature", "") + received.body.decode("latin-1"),
        "401 Unauthorized",
        WWW_Authenticate=f'OAuth oauth_problem="{TOKEN}", {received.headers.get("authorization", "")[6:]}',
    ),
    "repeated, and broken off": lambda received: faults.half_a_body(FATES["repeated"](received)),
    "refused for the clock": lambda received: in_mediawikis_words(
        1, reference.protocol_parameters(received)["oauth_timestamp"]
    ),
    "nonce": faults.NONCE_USED,
    "nothing": DROP,
    "redirected": answer(status="303 See Other", Location="http://127.0.0.1:1/"),
    "redirected to nowhere": answer(status="303 See Other", Location="http://["),
    "no gzip": answer("x", Content_Encoding="gzip"),
    "challenged": answer("", "401 Unauthorized", WWW_Authenticate="="),
    **{fault.__name__: fault for fault in faults.AFTER_ACTING},
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", slow_except(["PLAINTEXT"], ["HMAC-SHA1", "PLAINTEXT"]))
def test_no_outcome_of_a_request_reveals_a_secret(said, serve, tls, ca_certs, fate, placement, method):
    what = FATES[fate]
    if fate in [fault.__name__ for fault in faults.AFTER_ACTING]:
        what = in_turn(FATES[fate](answer()), faults.NONCE_USED)
    server = serve(what if callable(what) else in_turn(what), tls=tls)
    oauth = OAuth1("client", SECRETS.client, TOKEN, SECRETS.token, signature_type=placement, signature_method=method)
    for forced in (False, True):
        http = OAuth1Http(timeout=5, ca_certs=ca_certs, oauth=oauth)
        http.force_exception_to_status_code = forced
        said(lambda: http)  # noqa: B023
        result = said.errors.append  # The response is the server's text. Only the errors are checked.
        try:
            response, content = http.request(server.uri("/?token=" + quote(CSRF)), "POST", LOGIN, FORM)
            if forced and response.status in (400, 500):
                print(response.reason, content, file=said.text)
            said(mediawiki.check, response, content) if not fate.startswith("repeated") else None
        except Exception as error:
            result(error)
            traceback.print_exc(file=said.text)
            print(error, repr(error), file=said.text)
        http.close()


@pytest.mark.parametrize("oauth", [lambda uri: (PASSWORD, PASSWORD), lambda uri: PASSWORD])
def test_an_error_about_a_callable_does_not_show_what_it_returned(said, serve, oauth):
    assert isinstance(said(OAuth1Http(oauth=oauth).request, serve().uri()), TypeError)


# -- handshakes


class Repeats:
    """A token endpoint that repeats the request in every part of its response."""

    def __init__(self, status, content_type, phrase=""):
        self.status, self.content_type, self.phrase = status, content_type, phrase

    def __call__(self, received):
        parameters = reference.protocol_parameters(received)
        told = [SECRETS.client, parameters.get("oauth_token", ""), parameters.get("oauth_verifier", "")]
        told += [SECRETS.token] if "oauth_token" in parameters else []
        form = urlencode({"oauth_token": TOKEN, "oauth_token_secret": SECRETS.token, "error": " ".join(told)})
        body = {
            "form": form,
            "form without a token": urlencode({"error": VERIFIER, "oauth_token_secret": SECRETS.token}),
            "error": f"Error: An error occurred in the OAuth protocol: Invalid signature {' '.join(told)}",
            "json": '{"error": "mwoauth-oauth-exception", "message": "%s"}' % " ".join(told),  # noqa: UP031
            "page": f"<title>{' '.join(told)}</title>",
            "jwt": f"eyJ{TOKEN}.{VERIFIER}.{PASSWORD}",
            "text": " ".join(told),
        }[self.content_type]
        headers = {
            "Location": f"https://{PASSWORD}@x/{quote(parameters.get('oauth_token', ''))}?{form}",
            "Cache_Control": "no-store",
            "Content_Type": {"error": "text/plain", "json": "application/json"}.get(self.content_type, "text/html"),
        }
        return answer(body, self.status, **headers)


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "401 Unauthorized", "500 Oops"])
@pytest.mark.parametrize("content_type", ["form", "form without a token", "error", "json", "page", "jwt", "text"])
def test_no_error_of_a_handshake_quotes_secrets_from_a_response(said, serve, status, content_type):
    uri = serve(Repeats(status, content_type)).uri("/index.php")
    handshake = Handshake(uri, uri, uri, OAuth1("client", SECRETS.client))
    said(handshake.temporary_credentials, "https://tool.example/")
    said(handshake.token_credentials, (TOKEN, SECRETS.token), VERIFIER)
    said(mediawiki.initiate, uri, ("client", SECRETS.client), user_agent="test")
    said(mediawiki.complete, uri, ("client", SECRETS.client), (TOKEN, SECRETS.token), VERIFIER, "test")
    said(mediawiki.identify, uri, ("client", SECRETS.client), (TOKEN, SECRETS.token), user_agent="test")
    assert len(said.errors) >= 3


def test_a_whole_handshake_reveals_no_secret(said):
    """The secrets that the wiki creates are also searched for."""
    with TestWiki() as wiki:
        consumer = wiki.register("A tool", callback="https://tool.example/", secret=SECRETS.client)
        tool = mediawiki.Handshaker(wiki.index_uri, (consumer.key, consumer.secret), user_agent="test")
        _, request_token = tool.initiate("https://tool.example/")
        callback = wiki.authorize(request_token.key, "Alice")
        access_token = tool.complete(request_token, callback)
        identity = tool.identify(access_token)
        assert identity["username"] == "Alice"
        again = said(tool.complete, request_token, callback)
        wrong = said(mediawiki.identify, wiki.index_uri, ("x", "y"), access_token, user_agent="test")
        text = repr([tool, request_token, access_token, read_callback(callback), tool.consumer_token, again, wrong])
        text += str([request_token, access_token]) + said.text.getvalue()
        verifier = read_callback(callback).verifier
        for secret in (consumer.secret, request_token.secret, access_token.secret, verifier):
            assert secret not in text


# -- files, variables, commands and cassettes


def test_an_error_about_an_unreadable_file_does_not_quote_it(said, tmp_path):
    for content in (
        f"[x]\nclient_secret = {PASSWORD}\n",
        f"{PASSWORD}",
        f"[{PASSWORD}\n",
        f"[x]\n[x]\nclient_key={PASSWORD}",
    ):
        path = tmp_path / "credentials.ini"
        path.write_text(content)
        path.chmod(0o600)
        said(FileStore(path).load)
        said(FileStore(path).get, "x")
        said(FileStore(path).save, "x", OAUTH)
    said(from_pywikibot, {"x": (PASSWORD, PASSWORD, PASSWORD)})


@pytest.mark.parametrize("name", ["OAUTH_TOKENS", "OAUTH_CLIENT_SECRET", "OAUTH_RSA_KEY", "OAUTH_RSA_KEY_FILE"])
def test_an_error_about_an_unusable_variable_does_not_quote_it(said, monkeypatch, name):
    for value in (PASSWORD, f"{PASSWORD}:{PASSWORD}", f"{PASSWORD}:b:c:d:e", f"a:{PASSWORD}:\udcff:d"):
        monkeypatch.setenv(name, value)
        said(OAuth1.from_env)


COMMANDS = [
    ["whoami", "{uri}"], ["request", "GET", "{uri}"], ["request", "-v", "-i", "GET", "{uri}?format=json"],
    ["request", "-v", "POST", "{uri}", f"password={PASSWORD}", f"token={CSRF}"],
    ["explain", "POST", "{uri}", f"lgpassword={PASSWORD}", f"token={CSRF}"],
    ["login", "--owner-only", "{uri}"], ["login", "--paste", "{uri}"], ["logout", "{uri}"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("server", ["refuses", "drops", "garbage", "none"])
def test_no_command_prints_a_secret(said, serve, monkeypatch, tmp_path, command, server):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("OAUTH_TOKENS", f"client:canary-client-secret:{TOKEN}:canary-token-secret")
    monkeypatch.setenv("OAUTH_CONSUMER", "client:canary-client-secret")
    monkeypatch.setattr(sys, "stdin", io.StringIO(VERIFIER))
    handler = {"refuses": FATES["refused"], "drops": DROP, "garbage": faults.garbage(b""), "none": DROP}[server]
    uri = serve(in_turn(handler)).uri("/w/api.php") if server != "none" else "http://127.0.0.1:1/w/api.php"
    said(main, [part.format(uri=uri) for part in command])


def test_a_cassette_and_its_errors_hold_no_secret(said, tmp_path):
    cassettes = pytest.importorskip("httplib2_oauthlib.cassettes")
    with TestWiki() as wiki:
        wiki.account("Alice", password=PASSWORD)
        owner = wiki.owner_only("Alice")
        made = cassettes.recorder(tmp_path, record_mode="once", secrets=[*SECRETS[:2], TOKEN])
        http = OAuth1Http(timeout=10, oauth=OAuth1(*owner))
        for name, oauth in (("known", OAuth1(*owner)), ("unknown", OAUTH)):
            http.oauth = oauth
            with made.use(http, name):
                http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json&token={quote(CSRF)}")
                http.request(wiki.api_uri, "POST", LOGIN, FORM)
        with cassettes.recorder(tmp_path).use(http, "known"):
            said(http.request, wiki.api_uri, "POST", LOGIN + f"&x=1&lgpassword={PASSWORD}", FORM)
            said(http.request, f"{wiki.api_uri}?token={quote(CSRF)}")
        http.close()
    assert len(said.errors) == 2
    for path in tmp_path.rglob("*.yaml"):
        text = path.read_text()
        assert_nothing_of_a_secret_is_in(text, path.name)
        assert not any(secret in text for secret in owner[1:])
