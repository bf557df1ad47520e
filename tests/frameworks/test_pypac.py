"""pypac4http2, whose Http selects a proxy for each request with the JavaScript of a PAC file."""

import pytest

from httplib2_oauthlib import OAuth1Mixin
from tests.servers import answer

HttpPac = pytest.importorskip("pypac4http2", reason="pypac4http2 is not installed").HttpPac
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignedHttpPac(OAuth1Mixin, HttpPac):
    """pypac4http2's Http with signatures."""


def pac(result):
    return f"function FindProxyForURL(url, host) {{ return {result!r}; }}"


def test_request_without_a_proxy_is_signed(guarded, oauth):
    server = guarded()
    http = SignedHttpPac(pac_js=pac("DIRECT"), timeout=5, oauth=oauth)
    assert http.request(server.uri("/?a=1", "127.0.0.1"))[0].status == 200
    assert http.request(server.uri("/", "127.0.0.1"), "POST", "a=1", FORM)[0].status == 200
    assert (len(server.received), server.guard.refused) == (2, [])


def test_request_through_the_selected_proxy_is_signed_for_its_target(serve, guarded, oauth):
    # The proxy opens a tunnel and answers for the target itself.
    target = guarded(lambda r: answer("") if r.method == "CONNECT" else answer("tunneled"))
    seen = []

    def tunnel(received):
        seen.append(received.method)
        return answer("") if received.method == "CONNECT" else target.handler(received)

    proxy = serve(tunnel)
    http = SignedHttpPac(pac_js=pac(f"PROXY 127.0.0.1:{proxy.port}"), timeout=5, oauth=oauth)
    assert http.request("http://wiki.test/?a=1")[1] == b"tunneled"
    assert (seen, target.guard.refused) == (["CONNECT", "GET"], [])
