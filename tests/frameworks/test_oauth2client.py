"""oauth2client over OAuth1Http: it replaces ``http.request`` on the instance, and sends header names as bytes."""

import copy
import pickle
from urllib.parse import urlencode

import pytest
from oauth2client import client, transport

from httplib2_oauthlib import HttpPool, OAuth1Http
from tests.servers import answer

from .conftest import in_json
from .recipes.over_oauth2client import authorized

# oauth2client is no longer maintained.
pytestmark = pytest.mark.filterwarnings(r"ignore:datetime\.datetime\.utcnow:DeprecationWarning")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = urlencode({"text": "h\u00e9llo & more", "minor": "", "a b": "c+d"})


class ApiKey(client.AccessTokenCredentials):
    """Credentials for oauth2client that add their own header and leave ``Authorization`` free."""

    def apply(self, headers):
        headers["X-Api-Key"] = self.access_token


def test_a_request_with_header_names_as_bytes_is_signed(guarded, oauth):
    server = guarded()
    http = OAuth1Http(timeout=10, oauth=oauth)
    for method, body in (("GET", None), ("POST", BODY), ("PUT", BODY)):
        headers = transport.clean_headers(FORM if body else {})
        assert all(isinstance(name, bytes) for name in headers)
        transport.request(http, server.uri("/x?a=1"), method, body, headers)
    assert not server.guard.refused
    assert [received.headers.get("content-type") for received in server.received] == [
        None,
        *FORM.values(),
        *FORM.values(),
    ]


def test_a_request_method_that_it_replaced_is_signed(guarded, oauth):
    server = guarded()
    http = authorized(ApiKey("key", "agent/1.0"), oauth)
    assert http.request(server.uri("/x?a=1"), method="POST", body=BODY, headers=FORM)[0].status == 200
    assert http.request(server.uri("/x?a=1"))[0].status == 200
    assert not server.guard.refused
    assert {received.headers["x-api-key"] for received in server.received} == {"key"}
    assert {received.headers["user-agent"] for received in server.received} == {"agent/1.0"}


def test_a_redirect_of_a_replaced_request_is_signed_for_the_origin_only(guarded, serve, oauth):
    elsewhere = serve()
    server = guarded(
        lambda r: answer(status="302 Found", Location={"/1": "/2"}.get(r.target, elsewhere.uri("/3", "127.0.0.1")))
    )
    authorized(ApiKey("key", "agent"), oauth).request(server.uri("/1"))
    assert [received.target for received in server.guard.seen] == ["/1", "/2"]
    assert "authorization" not in elsewhere.received[0].headers


def test_its_own_token_is_not_overwritten(serve, oauth):
    server = serve()
    http = client.AccessTokenCredentials("bearer", "agent").authorize(OAuth1Http(timeout=10, oauth=oauth))
    http.request(server.uri(), "POST", BODY, FORM)
    assert server.received[0].headers["authorization"] == "Bearer bearer"


def test_its_refresh_of_a_token_is_signed(serve, guarded, oauth):
    """After a refusal, oauth2client refreshes the token by POST and sends the request again."""
    tokens = guarded(lambda _: in_json({"access_token": "second", "expires_in": 3600}))
    service = serve(
        lambda r: answer() if r.headers["authorization"] == "Bearer second" else answer("", "401 Unauthorized")
    )
    credentials = client.OAuth2Credentials("first", "id", "secret", "refresh", None, tokens.uri("/token"), "agent")
    http = credentials.authorize(OAuth1Http(timeout=10, oauth={f"localhost:{tokens.port}": oauth}))
    assert http.request(service.uri())[0].status == 200
    (refreshed,) = tokens.guard.seen
    assert b"grant_type=refresh_token" in refreshed.body
    assert not tokens.guard.refused


@pytest.mark.parametrize("another", [copy.copy, lambda http: pickle.loads(pickle.dumps(http))])
def test_a_copy_has_the_original_request_method_and_signs(guarded, oauth, another):
    server = guarded()
    again = another(authorized(ApiKey("key", "agent"), oauth))
    again.request(server.uri())
    assert not server.guard.refused
    assert "x-api-key" not in server.received[0].headers


def test_the_replaced_request_method_of_a_pool_is_signed(guarded, oauth):
    server = guarded()
    pool = HttpPool(OAuth1Http(timeout=10, oauth=oauth))
    transport.wrap_http_for_auth(ApiKey("key", "agent"), pool)
    pool.request(server.uri("/x"), method="POST", body=BODY, headers=FORM)
    assert not server.guard.refused
    assert server.received[0].headers["x-api-key"] == "key"
