"""lazr.restfulclient and launchpadlib over OAuth1Http, with a small tracker like Launchpad."""

import dataclasses

import lazr.restfulclient._browser as lazr_browser
import pytest
from launchpadlib.credentials import AccessToken, Credentials
from launchpadlib.launchpad import Launchpad, LaunchpadOAuthAwareHttp
from lazr.restfulclient._browser import RestfulHttp
from lazr.restfulclient.errors import NotFound, PreconditionFailed, Unauthorized
from lazr.restfulclient.resource import ServiceRoot

from httplib2_oauthlib import InsecureTransportError, OAuth1Http, OAuth1Mixin, SigningError
from tests import reference
from tests.servers import answer

from .recipes.launchpad import SignedLaunchpad
from .recipes.lazr_restfulclient import Service
from .tracker import Tracker


class Behind(RestfulHttp, OAuth1Mixin):
    pass


class OursBehind(RestfulHttp, OAuth1Http):
    pass


class BehindLaunchpads(LaunchpadOAuthAwareHttp, OAuth1Mixin):
    pass


class LaunchpadBehind(Launchpad):
    def httpFactory(self, oauth, cache, timeout, proxy_info):
        http = BehindLaunchpads(self, None, None, cache, timeout, proxy_info)
        http.oauth = oauth
        return http


def service_with(cls):
    """Return a service whose Http class has no argument ``oauth``."""

    class ServiceBehind(ServiceRoot):
        def httpFactory(self, authorizer, cache, timeout, proxy_info):
            http = cls(None, cache, timeout, proxy_info)
            http.oauth = authorizer
            return http

    return ServiceBehind


def launchpad(oauth, root, engine=None):
    """Return Launchpad itself, with an OAuth1 as its authorizer."""
    return Launchpad(oauth, engine, None, root.removesuffix("1.0/"), timeout=10)


def signed_launchpad(oauth, root, engine=None):
    """Return the recipe's Launchpad, with launchpadlib's own credentials."""
    token = AccessToken(oauth.resource_owner_key, oauth.resource_owner_secret)
    credentials = Credentials(oauth.client_key, oauth.client_secret, token)
    return SignedLaunchpad(credentials, engine, None, root.removesuffix("1.0/"), timeout=10)


KINDS = {
    "the recipe": lambda oauth, root: Service(oauth, root, timeout=10),
    "behind": lambda oauth, root: service_with(Behind)(oauth, root, timeout=10),
    "ours behind": lambda oauth, root: service_with(OursBehind)(oauth, root, timeout=10),
    "as authorizer": lambda oauth, root: ServiceRoot(oauth, root, timeout=10),
    "launchpadlib, the recipe": signed_launchpad,
    "launchpadlib, as authorizer": launchpad,
    "launchpadlib, behind": lambda oauth, root: LaunchpadBehind(
        oauth, None, None, root.removesuffix("1.0/"), timeout=10
    ),
}


@pytest.fixture
def plaintext(oauth):
    return dataclasses.replace(oauth, signature_method="PLAINTEXT", realm="https://localhost/")


@pytest.fixture
def tracker(guarded, tls, ca_certs, monkeypatch):
    # lazr.restfulclient trusts the certificates of the system, so replace them.
    monkeypatch.setattr(lazr_browser, "SYSTEM_CA_CERTS", ca_certs)
    tracker = Tracker()
    tracker.server = guarded(tracker, tls=tls)
    tracker.root = tracker.server.uri("/1.0/")
    return tracker


# The recipe for Launchpad always signs with PLAINTEXT, which Launchpad requires.
@pytest.mark.parametrize(
    ("kind", "method"),
    [(kind, "PLAINTEXT") for kind in KINDS] + [(k, "HMAC-SHA1") for k in KINDS if k != "launchpadlib, the recipe"],
)
def test_a_tracker_is_read_and_written(tracker, plaintext, kind, method):
    service = KINDS[kind](dataclasses.replace(plaintext, signature_method=method), tracker.root)
    # A redirect, two pages, an operation with a query, one with a form, a change, an old version, a deletion.
    assert service.me.name == "alice"
    assert [bug.title for bug in service.bugs] == ["first", "h\u00e9llo \u6f22", "third"]
    assert [bug.title for bug in service.bugs.search(text="\u6f22")] == ["h\u00e9llo \u6f22"]
    made = service.bugs.report(title="a+b & c=d \u00fc")
    assert (made.title, tracker.bugs[4]) == ("a+b & c=d \u00fc",) * 2
    made.title = "changed"
    made.lp_save()
    assert tracker.bugs[4] == made.title == "changed"
    tracker.bugs[4] = "changed by another user"
    made.title = "changed again"
    with pytest.raises(PreconditionFailed):
        made.lp_save()
    made.lp_refresh()
    assert made.title == "changed by another user"
    made.lp_delete()
    with pytest.raises(NotFound):
        service.load("bugs/4").title  # noqa: B018
    assert not tracker.server.guard.refused
    methods = {reference.protocol_parameters(each)["oauth_signature_method"] for each in tracker.server.received}
    assert methods == {method}
    assert {each.method for each in tracker.server.received} == {"GET", "POST", "PATCH", "DELETE"}
    agents = {each.headers["user-agent"] for each in tracker.server.received}
    assert all('oauth_consumer="client"' in agent for agent in agents)


def test_the_realm_and_the_secrets_are_in_launchpads_format(tracker, plaintext):
    Service(plaintext, tracker.root, timeout=10)
    sent = tracker.server.received[0].headers["authorization"]
    assert sent.startswith('OAuth realm="https://localhost/", ')
    assert 'oauth_signature="client-secret%26token-secret"' in sent


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_is_sent_without_tls(guarded, plaintext, kind):
    tracker = Tracker()
    server = guarded(tracker)
    tracker.root = server.uri("/1.0/")
    with pytest.raises(InsecureTransportError):
        KINDS[kind](plaintext, tracker.root)
    assert not server.received


@pytest.mark.parametrize("kind", ["the recipe", "behind", "ours behind", "launchpadlib, the recipe"])
def test_a_redirect_to_another_host_sends_no_secret(tracker, serve, tls, plaintext, kind):
    service = KINDS[kind](plaintext, tracker.root)
    elsewhere = serve(tls=tls)
    tracker.server.guard.handler = lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", "127.0.0.1"))
    service._browser.get(f"{tracker.root}bugs/1")
    (received,) = elsewhere.received
    assert "authorization" not in received.headers
    assert "secret" not in str(received)


def test_an_expired_token_is_replaced_within_the_request(tracker, plaintext):
    """launchpadlib receives the refusal, gets a new token and repeats the request."""
    service = signed_launchpad(plaintext, tracker.root, lambda credentials, store: None)

    def renew(credentials, store):
        credentials.access_token = AccessToken("token", "token-secret")

    service._browser._connection.authorization_engine = renew
    service.credentials.access_token = AccessToken("old", "old-secret")
    refuse = tracker.server.guard

    def handler(received):
        if reference.protocol_parameters(received)["oauth_token"] == "old":
            return answer("Expired token", "401 Unauthorized")
        return refuse(received)

    tracker.server.handler = handler
    made = service.bugs.report(title="new")
    assert (made.title, tracker.bugs[4]) == ("new", "new")
    assert not refuse.refused


def test_without_credentials_the_tracker_refuses(tracker):
    with pytest.raises(Unauthorized):
        Service(None, tracker.root, timeout=10)


# -- an OAuth1 as an authorizer


def test_a_request_that_an_authorizer_cannot_sign_is_an_error(oauth):
    elsewhere = dataclasses.replace(oauth, signature_type="QUERY")
    with pytest.raises(SigningError, match="can only add headers"):
        elsewhere.authorizeRequest("https://x/", "GET", None, {})
    # PLAINTEXT signs no URI.
    dataclasses.replace(oauth, signature_method="PLAINTEXT").authorizeRequest("https://x/a|b", "GET", None, {})
    with pytest.raises(SigningError, match=r"percent-encoded.*mix OAuth1Mixin"):
        oauth.authorizeRequest("https://x/a|b", "GET", None, {})
    form = {"content-type": "application/x-www-form-urlencoded"}
    for body in ("a=1", b"a=1", bytearray(b"a=1")):
        oauth.authorizeRequest("https://x/", "POST", body, dict(form))
    for body in ("a=\u00e9", "a=\u6f22"):
        with pytest.raises(SigningError, match="read or encoded before it is signed"):
            oauth.authorizeRequest("https://x/", "POST", body, dict(form))
    with pytest.raises(SigningError, match="read or encoded before it is signed"):
        oauth.authorizeRequest("https://x/", "POST", iter([b"a=1"]), form)


@pytest.mark.parametrize("former", ["authorization", "AUTHORIZATION", b"authorization"])
def test_an_authorizers_header_replaces_an_earlier_one(oauth, former):
    headers = {former: "Basic x", "Accept": "a/b"}
    oauth.authorizeRequest("https://localhost/x?a=b", "GET", None, headers)
    assert set(headers) == {"Accept", "Authorization"}
    received = reference.Received(
        "https", "GET", "/x?a=b", {"host": "localhost", "authorization": headers["Authorization"]}, b""
    )
    assert reference.is_valid(received, reference.Secrets("client-secret", "token-secret"))


def test_launchpads_anonymous_access_is_signed_with_an_empty_token(tracker):
    """The recipe signs like launchpadlib: with the client's key, and with a token that may be empty."""
    theirs, ours = [], []
    tracker.server.handler = lambda received: (theirs.append(received), tracker(received))[1]
    credentials = Credentials("client", access_token=AccessToken("", ""))
    Launchpad(credentials, None, None, tracker.root.removesuffix("1.0/"), timeout=10)
    tracker.server.handler = lambda received: (ours.append(received), tracker(received))[1]
    SignedLaunchpad(credentials, None, None, tracker.root.removesuffix("1.0/"), timeout=10)
    assert len(theirs) == len(ours) == 2
    for one, other in zip(theirs, ours, strict=True):
        signed = [reference.protocol_parameters(each) for each in (one, other)]
        assert signed[0]["oauth_consumer_key"] == signed[1]["oauth_consumer_key"] == "client"
        assert signed[0]["oauth_signature"] == signed[1]["oauth_signature"] == "&"
