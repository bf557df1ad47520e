"""Responses with status 401 and a WWW-Authenticate header."""

import httplib2
import pytest

from ..servers import answer, in_turn
from .framework_classes import MixinBehind
from .signed_requests import is_signed


@pytest.mark.parametrize(
    "challenge",
    ["OAuth", "oauth", 'OAuth realm="x"', 'OAuth, Basic realm="x"', 'Basic realm="x", OAuth', "OAuth,OAuth"],
)
def test_oauth_challenge_returns_the_401_response(http, serve, challenge):
    """For a scheme without parameters, httplib2's own parser raises MalformedHeader."""
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate=challenge))
    response, content = http.request(server.uri())
    assert (response.status, content, response["www-authenticate"]) == (401, b"no", challenge)
    assert len(server.received) == 1


def test_oauth_challenge_returns_the_401_response_with_the_mixin_behind(serve, oauth):
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate="OAuth"))
    http = MixinBehind()
    http.oauth = oauth
    assert http.request(server.uri())[0].status == 401


def test_malformed_challenge_of_another_scheme_raises_as_in_httplib2(http, serve):
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate="="))
    with pytest.raises(httplib2.error.MalformedHeader):
        http.request(server.uri())


def test_basic_challenge_is_answered_with_the_password_as_in_httplib2(http, serve):
    server = serve(in_turn(answer("no", "401 Unauthorized", WWW_Authenticate='OAuth, Basic realm="x"'), answer()))
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200
    assert is_signed(server.received[0])
    assert server.received[1].headers["authorization"].startswith("Basic ")
