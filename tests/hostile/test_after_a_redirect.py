"""A redirect or a retry fails after a request has acted: the error reports the action."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from ..servers import answer
from . import faults
from .clients import ask, named
from .faults import OAUTH
from .retrying_frameworks import FRAMEWORKS, AroundBehind, AroundInFront, RetriesOutside


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=named)
@pytest.mark.parametrize("code", [303, 307, 308])
@pytest.mark.parametrize("fault", ["reset", "nothing", "half_a_body"])
def test_a_framework_that_retries_after_a_redirect_does_nothing_twice(serve, acting, client, framework, code, fault):
    """The first server has acted (303), or the second one has (307, 308)."""
    behind = serve(acting)
    acted = faults.Acting()

    def redirect(received):
        accepted = acted(received)
        return accepted if accepted == faults.NONCE_USED else answer(status=f"{code} x", Location=behind.uri("/?one"))

    front = serve(redirect)
    acting.faults["one"] = [getattr(faults, fault)] * 9
    http = client(kind=framework, oauth={"localhost": OAUTH})
    http.follow_all_redirects = True
    if framework is RetriesOutside:
        http.http.follow_all_redirects = True
    with pytest.raises(ResponseLostError):
        ask(http, front, "POST", "zero")
    assert acted.acted["zero"] == 1
    assert acting.acted["one"] <= 1 or code == 303


@pytest.mark.parametrize("framework", [AroundBehind, AroundInFront], ids=named)
@pytest.mark.parametrize("headers", [{}, {"Location": "http://["}], ids=["nowhere", "no uri"])
def test_a_framework_that_retries_an_invalid_redirect_does_nothing_twice(serve, acting, client, framework, headers):
    def redirect(received):
        accepted = acting(received)
        return accepted if accepted == faults.NONCE_USED else answer(status="303 x", **headers)

    with pytest.raises(ResponseLostError):
        ask(client(kind=framework), serve(redirect), "POST")
    assert (acting.acted["one"], acting.arrived["one"]) == (1, 3)


@pytest.mark.parametrize("where", ["reset", "refused", "stall", "no uri", "no host", "scheme"])
@pytest.mark.parametrize("forced", [True, False])
def test_an_action_is_reported_if_its_redirect_fails(serve, client, where, forced):
    """A framework repeats a request when its connection breaks, and this request has acted."""
    acted = []
    location = {
        "refused": "http://127.0.0.1:1/", "no uri": "http://[", "no host": "http://\u00e9..example/", "scheme": "ftp://x/",
    }.get(where, "/there")  # fmt: skip

    def acts(received):
        if received.method == "POST":
            acted.append(received)
            return answer(status="303 See Other", Location=location.encode().decode("latin-1"))
        return faults.stall(b"") if where == "stall" else faults.hang_up

    http = client(timeout=0.2)
    http.force_exception_to_status_code = forced
    if forced:
        response, content = ask(http, serve(acts), "POST")
        assert response.status == 400
        assert b"303" in content or where in ("no uri", "no host", "scheme")
    else:
        with pytest.raises(ResponseLostError, match=r"answered \(303\)") as caught:
            ask(http, serve(acts), "POST")
        assert caught.value.response.status == 303
    assert len(acted) == 1


@pytest.mark.parametrize(
    ("headers", "error"),
    [({"Location": "/again"}, httplib2.error.HttpLib2ErrorWithResponse), ({}, ResponseLostError)],
    ids=["loop", "nowhere"],
)
def test_an_action_with_an_invalid_redirect_is_a_400_and_not_a_500(serve, client, headers, error):
    """With ``force_exception_to_status_code``, httplib2 returns 500, which frameworks retry."""
    server = serve(lambda _: answer(status="303 x", **headers))
    http = client()
    with pytest.raises(error):
        ask(http, server, "POST")
    http.force_exception_to_status_code = True
    response, content = ask(http, server, "POST")
    assert (response.status, b"answered (303)" in content) == (400, True)


def test_a_frameworks_request_after_a_response_fails_with_its_own_error(serve, client):
    """A framework may fetch a token within ``request()``. The response with the token has arrived whole."""

    class AsksFirst(OAuth1Http):
        def request(self, uri, *args, **kwargs):
            super().request(server.uri("/token"), "POST")
            return super().request(uri, *args, **kwargs)

    server = serve()
    with pytest.raises(ConnectionRefusedError):
        client(kind=AsksFirst).request("http://127.0.0.1:1/")


def test_a_failed_redirect_of_a_safe_request_is_httplib2s_own_error(serve, client):
    server = serve(lambda _: answer(status="302 Found", Location="http://127.0.0.1:1/"))
    with pytest.raises(ConnectionRefusedError):
        client().request(server.uri())


def test_an_endless_redirect_is_httplib2s_own_error(serve, client):
    server = serve(lambda _: answer(status="303 See Other", Location="/again"))
    with pytest.raises(httplib2.RedirectLimit):
        ask(client(), server, "POST")
