"""A proxy between the client and the server: it fails, stalls, or repeats a request."""

import httplib2
import pytest

from httplib2_oauthlib import RefusedError, ResponseLostError, mediawiki

from ..servers import answer
from . import faults
from .clients import ask
from .faults import SAFE, UNSAFE, Cut


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway", "garbage"])
def test_a_proxy_that_refuses_to_connect_raises_httplib2s_own_error(server, client, proxy, acting, status):
    proxy.plan = [Cut(refusal=f"HTTP/1.1 {status}\r\n\r\n".encode() if status != "garbage" else b"\xff\x00\r\n")] * 2
    with pytest.raises((OSError, UnicodeError)):  # These are PySocks' own errors.
        ask(client(proxy), server, "POST")
    assert acting.arrived["one"] == 0


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_proxy_that_stalls_is_waited_for_once(server, client, proxy, acting, method):
    """The server acts on the request. The client receives one byte, or nothing after the TLS handshake."""
    http = client(proxy, timeout=0.5)
    proxy.plan = [Cut(down=1, stalls=True)] if server.scheme == "http" else [Cut(up=900, stalls=True)]
    with pytest.raises(TimeoutError if method == "GET" else (ResponseLostError, TimeoutError)) as caught:
        ask(http, server, method)
    assert proxy.fired == 1
    assert acting.acted["one"] == 0 or method == "GET" or isinstance(caught.value, ResponseLostError)


# -- a proxy that sends a request twice


@pytest.mark.parametrize("words", ["mediawiki", "problem"])
@pytest.mark.parametrize("method", SAFE + UNSAFE)
def test_a_request_that_a_proxy_repeats_is_refused_with_an_explanation(serve, acting, client, method, words):
    """Some proxies try the next server. The client sends one request and gets the response to the second."""
    behind = serve(acting)
    acting.refusal = faults.OTHER_REFUSALS.get(words, faults.NONCE_USED)
    forwarding = httplib2.Http(timeout=10)

    def repeat(received):
        answers = [
            forwarding.request(behind.uri(received.target), method, received.body or None, received.headers)
            for _ in range(2)
        ]
        response, content = answers[-1]
        told = {name: response[name] for name in ("mediawiki-api-error", "www-authenticate") if name in response}
        return answer(content, f"{response.status} x", **told)

    response, content = ask(client(), serve(repeat), method)
    # A request that changes nothing is sent once more. Its second refusal is the caller's.
    times = 2 if method in SAFE and (method, words) != ("HEAD", "mediawiki") else 1
    assert (acting.acted["one"], acting.arrived["one"]) == (times, 2 * times)
    if method != "HEAD" or words == "problem":
        with pytest.raises(RefusedError, match="may have been acted upon") as caught:
            mediawiki.check(response, content)
        assert caught.value.reason == "nonce"
