"""The handshake with GET, without a confirmed callback, with sessions, and with subclasses of OAuth1."""

import dataclasses
import functools

import httplib2
import pytest
import requests_oauthlib

from httplib2_oauthlib import HandshakeError, OAuth1, OAuth1Http, SigningError
from httplib2_oauthlib.handshake import Handshake

from . import reference
from .oauthlib_provider import OAuthlibProvider
from .servers import DROP, answer, in_turn

CLIENT = OAuth1("client", "canary-client-secret")
CALLBACK = "https://client.example/back?next=/home"
GOOD = "oauth_token=key&oauth_token_secret=canary-secret&oauth_callback_confirmed=true"
SESSION = {"oauth_expires_in": "3600", "oauth_authorization_expires_in": "31536000", "xoauth_yahoo_guid": "G"}


def handshake_with(base, oauth=CLIENT, http=None, **options):
    return Handshake(f"{base}/initiate", f"{base}/authorize", f"{base}/token", oauth, http, **options)


def base_of(server):
    return server.uri("").rstrip("/")


def grant(provider, oauth=CLIENT, **options):
    """Go through a whole handshake, and return it with the credentials."""
    handshake = handshake_with(provider.uri, oauth, **options)
    temporary = handshake.temporary_credentials(CALLBACK)
    return handshake, handshake.token_credentials(temporary, provider.authorize(temporary.key))


def user_of(provider, oauth):
    """Return the token of a request that the provider accepts."""
    response, content = OAuth1Http(timeout=10, oauth=oauth).request(f"{provider.uri}/me", provider.methods[0])
    assert response.status == 200
    return content.decode()


# -- GET


@pytest.mark.parametrize("method", ["GET", "get", "POST", "post"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_a_provider_with_one_method_gets_all_requests_with_it(serve, method, placement):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret", methods=[method.upper()])
    _, oauth = grant(provider, dataclasses.replace(CLIENT, signature_type=placement), method=method)
    assert user_of(provider, oauth) == oauth.resource_owner_key
    assert {received.method for received in provider.server.received} == {method.upper()}


def test_a_provider_with_get_only_rejects_the_default_method(serve):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret", methods=["GET"])
    with pytest.raises(HandshakeError, match="status 405"):
        grant(provider)


@pytest.mark.parametrize("method", ["PUT", "HEAD", "", "GET ", None, b"GET"])
def test_another_method_is_rejected_when_it_is_passed(method):
    with pytest.raises(ValueError, match="pass GET or POST"):
        handshake_with("https://x", method=method)


def test_get_with_parameters_in_the_body_is_rejected_before_anything_is_sent(serve):
    server = serve()
    oauth = dataclasses.replace(CLIENT, signature_type="BODY")
    with pytest.raises(SigningError, match="AUTH_HEADER"):
        handshake_with(base_of(server), oauth, method="GET").temporary_credentials()
    assert server.received == []


@pytest.mark.parametrize("kind", [httplib2.Http, OAuth1Http])
@pytest.mark.parametrize("headers", [{}, {"Cache-Control": "max-age=9"}])
def test_credentials_requested_with_get_are_not_cached(serve, tmp_path, kind, headers):
    server = serve(
        in_turn(*(answer(GOOD.replace("key", key), Cache_Control="max-age=3600") for key in ("first", "second")))
    )
    http = kind(str(tmp_path), timeout=10)
    handshake = handshake_with(base_of(server), http=http, method="GET", headers=headers)
    assert [handshake.temporary_credentials().key for _ in range(2)] == ["first", "second"]
    assert not any(b"canary" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_cached_permanent_redirect_of_an_endpoint_raises_a_handshake_error(serve, tmp_path):
    server = serve(
        lambda received: answer() if received.target == "/x" else answer("", "301 Moved", Location="/x", ETag="1")
    )
    http = httplib2.Http(str(tmp_path), timeout=10)
    http.request(server.uri("/initiate"))
    with pytest.raises(HandshakeError):
        handshake_with(base_of(server), http=http, method="GET").temporary_credentials()


@pytest.mark.parametrize("kind", [httplib2.Http, OAuth1Http])
def test_a_redirect_of_a_get_is_not_followed(serve, kind):
    elsewhere = serve(lambda _: answer(GOOD))
    server = serve(lambda _: answer("", "302 Found", Location=elsewhere.uri("/token")))
    with pytest.raises(HandshakeError, match="redirects to"):
        handshake_with(base_of(server), http=kind(timeout=10), method="GET").temporary_credentials()
    assert elsewhere.received == []


# -- a callback that is not confirmed


@pytest.mark.parametrize("callback", [CALLBACK, "oob"])
@pytest.mark.parametrize("extra", ["", "&oauth_callback_confirmed=false"])
def test_an_unconfirmed_callback_is_accepted_only_where_the_program_says_so(serve, callback, extra):
    server = serve(lambda _: answer(f"oauth_token=key&oauth_token_secret=canary-secret{extra}"))
    handshake = handshake_with(base_of(server), require_confirmed_callback=False)
    assert handshake.temporary_credentials(callback) == ("key", "canary-secret")
    assert handshake.extra == {}
    with pytest.raises(HandshakeError, match="require_confirmed_callback=False") as caught:
        handshake_with(base_of(server)).temporary_credentials(callback)
    assert caught.value.reason == "answer"


# -- sessions


def test_what_a_session_needs_is_stored_in_extra(serve):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret", **SESSION)
    handshake, _ = grant(provider)
    # oauthlib adds the last one.
    assert handshake.extra == {**SESSION, "oauth_session_handle": "canary-handle-0", "oauth_authorized_realms": ""}


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_a_token_is_renewed_again_and_again(serve, method, placement):
    if (method, placement) == ("GET", "BODY"):
        return
    provider = OAuthlibProvider(serve, "client", "canary-client-secret", methods=[method], **SESSION)
    client = dataclasses.replace(CLIENT, signature_type=placement)
    handshake, oauth = grant(provider, client, method=method)
    for number in (1, 2):
        oauth = handshake.renew(oauth, handshake.extra["oauth_session_handle"])
        token = {"resource_owner_key": f"renewed{number}", "resource_owner_secret": f"canary-renewed-{number}"}
        assert oauth == dataclasses.replace(client, **token)
        assert handshake.extra == {**SESSION, "oauth_session_handle": f"canary-handle-{number}"}
        assert user_of(provider, oauth) == f"renewed{number}"


def test_a_renewal_is_signed_with_the_old_token_and_the_handle(serve):
    server = serve(lambda _: answer(GOOD))
    old = dataclasses.replace(
        CLIENT, resource_owner_key="old", resource_owner_secret="canary-old", verifier="v", callback_uri="oob"
    )
    handshake_with(base_of(server)).renew(old, "hand/le")
    (received,) = server.received
    assert reference.is_valid(received, reference.Secrets("canary-client-secret", "canary-old"))
    parameters = reference.protocol_parameters(received)
    assert (parameters["oauth_token"], parameters["oauth_session_handle"]) == ("old", "hand/le")
    assert parameters.keys().isdisjoint({"oauth_verifier", "oauth_callback"})
    assert received.target == "/token"


def test_a_refused_renewal_raises_an_error_without_the_handle(serve):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret")
    handshake, oauth = grant(provider)
    with pytest.raises(HandshakeError) as caught:
        handshake.renew(oauth, "canary-wrong")
    assert caught.value.reason == "token"
    server = serve(lambda _: answer("Error: the handle canary wrong is over", Content_Type="text/plain"))
    with pytest.raises(HandshakeError, match="handle MASKED is over"):
        handshake_with(base_of(server)).renew(oauth, "canary wrong")


def test_a_lost_renewal_is_not_requested_again_with_a_new_nonce(serve):
    server = serve(in_turn(DROP, answer("oauth_problem=nonce_used", "401 Unauthorized")))
    with pytest.raises(HandshakeError) as caught:
        handshake_with(base_of(server)).renew(OAuth1("client", "s", "token", "t"), "handle")
    assert caught.value.reason == "nonce"
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("oauth", "handle", "error"),
    [
        (CLIENT, "handle", ValueError),
        (None, "handle", TypeError),
        (OAuth1("c", "s", "t", "canary"), "", ValueError),
        (OAuth1("c", "s", "t", "canary"), None, TypeError),
        (OAuth1("c", "s", "t", "canary"), b"canary", TypeError),
    ],
)
def test_a_renewal_without_token_or_handle_is_rejected(oauth, handle, error):
    with pytest.raises(error) as caught:
        handshake_with("https://x").renew(oauth, handle)
    assert "canary" not in str(caught.value)


def test_credentials_of_another_library_are_renewed(serve):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret")
    handshake, oauth = grant(provider)
    foreign = requests_oauthlib.OAuth1(*(getattr(oauth, field.name) for field in dataclasses.fields(oauth)[:4]))
    assert handshake.renew(foreign, "canary-handle-0").resource_owner_key == "renewed1"


# -- subclasses of OAuth1


class Configured(OAuth1):
    """A subclass whose arguments are others than those of OAuth1."""

    def __init__(self, config):
        super().__init__(config["key"], config["secret"])
        object.__setattr__(self, "config", config)

    @functools.cached_property
    def label(self):
        return f"{self.config['name']} {self.resource_owner_key}"


@dataclasses.dataclass(frozen=True, repr=False)
class WithAccount(OAuth1):
    account: str = ""

    def protocol_parameters(self, nonce, timestamp):
        return [*super().protocol_parameters(nonce, timestamp), ("x_account", self.account)]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class WithSlots(OAuth1):
    account: str = ""


CONFIG = {"key": "client", "secret": "canary-client-secret", "name": "n"}


@pytest.mark.parametrize(
    "client",
    [
        Configured(CONFIG),
        WithAccount("client", "canary-client-secret", account="a"),
        WithSlots("client", "canary-client-secret", account="a"),
    ],
    ids=lambda client: type(client).__name__,
)
def test_a_subclass_stays_one_through_handshake_and_renewal(serve, client):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret")
    handshake, oauth = grant(provider, client)
    renewed = handshake.renew(oauth, handshake.extra["oauth_session_handle"])
    for each in (handshake.oauth, oauth, renewed):
        assert type(each) is type(client)
        assert getattr(each, "account", "a") == "a"
        assert getattr(each, "config", CONFIG) == CONFIG
    keys = (client.resource_owner_key, oauth.resource_owner_key, renewed.resource_owner_key)
    assert (keys[0], len(set(keys))) == (None, 3)
    if type(client) is not WithSlots:
        assert user_of(provider, renewed) == "renewed1"


def test_what_a_subclass_keeps_of_its_token_is_computed_anew(serve):
    client = Configured(CONFIG)
    assert client.label == "n None"
    handshake, oauth = grant(OAuthlibProvider(serve, "client", "canary-client-secret"), client)
    assert oauth.label == f"n {oauth.resource_owner_key}"
    assert client.label == handshake.oauth.label == "n None"


def test_parameters_of_a_subclass_are_signed_in_every_step(serve):
    provider = OAuthlibProvider(serve, "client", "canary-client-secret")
    handshake, oauth = grant(provider, WithAccount("client", "canary-client-secret", account="a"))
    handshake.renew(oauth, handshake.extra["oauth_session_handle"])
    assert len(provider.server.received) == 3
    for received in provider.server.received:
        assert 'x_account="a"' in received.headers["authorization"]


@pytest.mark.parametrize("client", [CLIENT, Configured(CONFIG)], ids=lambda client: type(client).__name__)
def test_what_a_server_sends_is_validated_for_a_subclass_too(serve, client):
    server = serve(lambda _: answer(GOOD))
    with pytest.raises(SigningError, match="callback_uri must be text"):
        handshake_with(base_of(server), client).temporary_credentials(7)
    assert server.received == []
