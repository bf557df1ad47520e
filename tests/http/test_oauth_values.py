"""The values that the attribute `oauth` takes: an OAuth1, a mapping of hosts, a function, None."""

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .. import reference
from ..servers import answer
from .loopback_connection import LoopbackConnection
from .signed_requests import SECRETS, is_signed


def test_a_mapping_signs_the_hosts_that_it_names(serve, oauth):
    server = serve()
    other = OAuth1("other", SECRETS.client, "token", SECRETS.token)
    http = OAuth1Http(oauth={"localhost": oauth, f"127.0.0.1:{server.port}": other, "127.0.0.2": None})
    http.request(server.uri(host="localhost"))
    http.request(server.uri(host="127.0.0.1"))
    http.oauth = {"example.org": oauth, "127.0.0.1:1": oauth}
    http.request(server.uri(host="127.0.0.1"))
    keys = [reference.protocol_parameters(each).get("oauth_consumer_key") for each in server.received]
    assert keys == ["client", "other", None]


@pytest.mark.parametrize(
    ("patterns", "host", "chosen"),
    [
        (["en.wikipedia.org", "*.wikipedia.org"], "en.wikipedia.org", "en.wikipedia.org"),
        (["*.org", "*.wikipedia.org"], "en.wikipedia.org", "*.wikipedia.org"),
        (["*.wikipedia.org"], "EN.Wikipedia.org", "*.wikipedia.org"),
        (["*.Wikipedia.ORG"], "en.m.wikipedia.org", "*.Wikipedia.ORG"),
        (["*"], "example.com", "*"),
        (["*.wikipedia.org"], "wikipedia.org", None),
        (["*.wikipedia.org"], "wikipedia.org.evil.example", None),
        (["*.wikipedia.org"], "evilwikipedia.org", None),
        (["example.com:8080", "example.com"], "example.com:8080", "example.com:8080"),
        (["example.com:8080"], "example.com", None),
        (["*.example.com:8080"], "a.example.com:8080", "*.example.com:8080"),
    ],
)
def test_host_patterns_are_pywikibots(serve, patterns, host, chosen):
    server = serve()
    connection = type("ToTheServer", (LoopbackConnection,), {"server_port": server.port})
    mapping = {pattern: OAuth1(pattern.replace("*", "star")) for pattern in patterns}
    OAuth1Http(oauth=mapping).request(f"http://{host}/", connection_type=connection)
    key = reference.protocol_parameters(server.received[0]).get("oauth_consumer_key")
    assert key == (chosen and chosen.replace("*", "star"))


def test_a_mapping_may_change_while_it_is_used(serve, oauth):
    server = serve()
    mapping = {}
    http = OAuth1Http(oauth=mapping)
    http.request(server.uri())
    mapping["localhost"] = oauth
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]


def test_a_function_says_who_signs(serve, oauth):
    server = serve()
    asked = []

    def signer(uri):
        asked.append(uri)
        return oauth if "/private" in uri else None

    http = OAuth1Http(oauth=signer)
    http.request(server.uri("/private?a=1"))
    http.request(server.uri("/public"))
    assert [is_signed(each) for each in server.received] == [True, False]
    assert asked == [server.uri("/private?a=1"), server.uri("/public")]


def test_a_function_is_asked_once_a_hop_so_that_cache_and_signature_agree(serve, oauth, tmp_path):
    turns = iter([oauth, OAuth1("other")])
    server = serve(lambda _: answer("x", Cache_Control="max-age=600"))
    OAuth1Http(str(tmp_path), oauth=lambda uri: next(turns)).request(server.uri())
    assert next(turns) == OAuth1("other")
    assert is_signed(server.received[0])


@pytest.mark.parametrize("wrong", [("canary",) * 4, "canary", 42, {"h": "canary"}, {"h": ("canary",) * 4}, object()])
def test_anything_else_is_a_type_error_that_shows_no_secret(wrong):
    with pytest.raises(TypeError, match="OAuth1") as caught:
        OAuth1Http(oauth=wrong)
    assert "canary" not in str(caught.value)


def test_a_function_that_gives_anything_else_is_a_type_error(serve):
    http = OAuth1Http(oauth=lambda uri: ("canary",) * 4)
    with pytest.raises(TypeError, match="tuple for localhost") as caught:
        http.request(serve().uri())
    assert "canary" not in str(caught.value)
    http.oauth = mapping = {}
    mapping["localhost"] = "canary"
    with pytest.raises(TypeError, match="str for localhost"):
        http.request(serve().uri())
