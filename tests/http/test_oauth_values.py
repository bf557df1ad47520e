"""The values that the attribute ``oauth`` accepts: an OAuth1, a mapping of hosts, a function, or None."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .. import reference
from ..servers import answer
from .loopback_connection import LoopbackConnection
from .signed_requests import SECRETS, is_signed


def test_mapping_signs_requests_to_the_hosts_that_it_names(serve, oauth):
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
def test_host_patterns_match_as_in_pywikibot(serve, patterns, host, chosen):
    server = serve()
    connection = type("ToTheServer", (LoopbackConnection,), {"server_port": server.port})
    mapping = {pattern: OAuth1(pattern.replace("*", "star")) for pattern in patterns}
    OAuth1Http(oauth=mapping).request(f"http://{host}/", connection_type=connection)
    key = reference.protocol_parameters(server.received[0]).get("oauth_consumer_key")
    assert key == (chosen and chosen.replace("*", "star"))


def test_change_of_a_mapping_applies_to_the_next_request(serve, oauth):
    server = serve()
    mapping = {"example.org": oauth}
    http = OAuth1Http(oauth=mapping)
    http.request(server.uri())
    mapping["localhost"] = oauth
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]


def test_function_selects_the_credentials_by_uri(serve, oauth):
    server = serve()
    uris = []

    def select(uri):
        uris.append(uri)
        return oauth if "/private" in uri else None

    http = OAuth1Http(oauth=select)
    http.request(server.uri("/private?a=1"))
    http.request(server.uri("/public"))
    assert [is_signed(each) for each in server.received] == [True, False]
    assert uris == [server.uri("/private?a=1"), server.uri("/public")]


def test_function_receives_the_normalized_uri(serve, oauth):
    """The host is in lower case, even if the connection writes it in upper case."""
    uris = []

    class UpperCaseHost(httplib2.HTTPConnectionWithTimeout):
        def __init__(self, host, **kwargs):
            super().__init__(host.upper(), **kwargs)

    server = serve()
    http = OAuth1Http(oauth=lambda uri: uris.append(uri) or oauth)
    http.request(server.uri("/p?a=1"), connection_type=UpperCaseHost)
    assert uris == [server.uri("/p?a=1")]
    assert is_signed(server.received[0])


def test_function_is_called_once_per_hop_for_both_cache_and_signature(serve, oauth, tmp_path):
    credentials = iter([oauth, OAuth1("other")])
    server = serve(lambda _: answer("x", Cache_Control="max-age=600"))
    OAuth1Http(str(tmp_path), oauth=lambda uri: next(credentials)).request(server.uri())
    assert next(credentials) == OAuth1("other")
    assert is_signed(server.received[0])


@pytest.mark.parametrize("wrong", [("canary",) * 4, "canary", 42, {"h": "canary"}, {"h": ("canary",) * 4}, object()])
def test_value_of_another_type_raises_type_error_without_a_secret(wrong):
    with pytest.raises(TypeError, match="OAuth1") as caught:
        OAuth1Http(oauth=wrong)
    assert "canary" not in str(caught.value)


def test_function_or_mapping_with_a_value_of_another_type_raises_type_error(serve):
    http = OAuth1Http(oauth=lambda uri: ("canary",) * 4)
    with pytest.raises(TypeError, match="tuple for localhost") as caught:
        http.request(serve().uri())
    assert "canary" not in str(caught.value)
    http.oauth = mapping = {"example.org": None}
    mapping["localhost"] = "canary"
    with pytest.raises(TypeError, match="str for localhost"):
        http.request(serve().uri())
