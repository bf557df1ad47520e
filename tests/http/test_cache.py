"""httplib2's cache: users never share an entry, and no secret reaches the cache."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin

from ..servers import answer, in_turn
from .handlers import extra_headers, per_user
from .loopback_connection import LoopbackConnection
from .memory_cache import MemoryCache
from .signed_requests import SECRETS, is_signed, nonce_of


@pytest.mark.parametrize("header", [None, "Authorization", "Accept-Encoding,Cookie,Authorization"])
def test_each_user_reads_only_entries_of_the_same_user(serve, cache, header, monkeypatch):
    if header:
        monkeypatch.setitem(extra_headers, "Vary", header)
    server = serve(per_user)
    users = {
        "anonymous": None,
        "alice": OAuth1("client", SECRETS.client, "alice", SECRETS.token),
        "bob": OAuth1("client", SECRETS.client, "bob", SECRETS.token),
    }
    http = OAuth1Http(cache)
    for _ in range(3):
        for name, http.oauth in users.items():
            response, content = http.request(server.uri("/page?a=1"))
            assert content == name.encode()
    assert len(server.received) == 3
    assert response.fromcache
    other = OAuth1Http(cache, oauth=users["bob"])
    assert other.request(server.uri("/page?a=1"))[1] == b"bob"
    assert len(server.received) == 3


def test_entry_is_not_read_with_a_wrong_secret(serve, cache):
    server = serve(per_user)
    OAuth1Http(cache, oauth=OAuth1("client", SECRETS.client, "alice", SECRETS.token)).request(server.uri())
    OAuth1Http(cache, oauth=OAuth1("client", SECRETS.client, "alice", "guessed")).request(server.uri())
    assert len(server.received) == 2


def test_no_signature_key_or_secret_reaches_the_cache(serve, tmp_path):
    server = serve(lambda _: answer("x", Cache_Control="max-age=600", Vary="Authorization", ETag='"1"'))
    oauth = OAuth1("canary-client", "canary-secret", "canary-token", "canary-token-secret")
    http = OAuth1Http(str(tmp_path), oauth=oauth)
    http.request(server.uri())
    http.request(server.uri(), headers={"cache-control": "max-age=0"})
    files = list(tmp_path.iterdir())
    assert len(files) == 1
    stored = files[0].name.encode() + files[0].read_bytes()
    for secret in (b"canary", b"oauth_", nonce_of(server.received[0]).encode()):
        assert secret not in stored


def test_stale_entry_is_revalidated_with_a_signed_request(serve, cache, oauth):
    def handler(received):
        if received.headers.get("if-none-match") == '"1"':
            return answer("", "304 Not Modified", ETag='"1"')
        return answer("content", ETag='"1"')

    server = serve(handler)
    http = OAuth1Http(cache, oauth=oauth)
    assert [http.request(server.uri())[1] for _ in range(2)] == [b"content"] * 2
    assert [each.headers.get("if-none-match") for each in server.received] == [None, '"1"']
    assert all(map(is_signed, server.received))


def test_post_removes_the_entry_of_its_user(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    for method in ("GET", "GET", "POST", "GET"):
        http.request(server.uri(), method)
    assert [each.method for each in server.received] == ["GET", "POST", "GET"]


def test_cached_permanent_redirect_to_another_server_is_not_signed(serve, cache, oauth):
    elsewhere = serve()
    server = serve(lambda _: answer(status="301 Moved", Location=elsewhere.uri("/x"), Cache_Control="max-age=600"))
    http = OAuth1Http(cache, oauth=oauth)
    for _ in range(2):
        http.request(server.uri())
    assert len(server.received) == 1
    assert [is_signed(each) for each in elsewhere.received] == [False, False]


class ClassAttribute(httplib2.Http):
    cache = None


class Property(httplib2.Http):
    @property
    def cache(self):
        return self.stored_cache

    @cache.setter
    def cache(self, cache):
        self.stored_cache = cache


@pytest.mark.parametrize("framework", [ClassAttribute, Property])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_users_never_share_an_entry_if_a_framework_defines_cache_itself(serve, framework, order):
    bases = [(OAuth1Mixin, framework), (framework, OAuth1Mixin), (framework, OAuth1Http)][order]
    http = type("Swapped", bases, {})()
    assert http.cache is None
    http.cache = cache = MemoryCache()
    assert http.cache is cache
    server = serve(per_user)
    for _ in range(2):
        for name in ("alice", "bob", None):
            http.oauth = name and OAuth1("client", SECRETS.client, name, SECRETS.token)
            assert http.request(server.uri())[1] == (name or "anonymous").encode()
    assert len(server.received) == 3


def test_redirect_to_https_keeps_the_cache_key_of_the_first_hop(serve, oauth, tls, ca_certs):
    """The later hops of a redirect don't change the key of the hop that was signed."""
    secure = serve(lambda _: answer("", "304 Not Modified"), tls=tls)
    answers = [answer("private", ETag='"1"'), answer(status="302 Found", Location=secure.uri("/"))]
    server = serve(in_turn(*answers))
    cache = MemoryCache()
    http = OAuth1Http(cache, ca_certs=ca_certs, oauth=oauth)
    for _ in range(2):
        http.request(server.uri("/p"))
    assert server.uri("/p") not in cache.entries


def test_cache_and_signature_use_the_uri_without_its_default_port(oauth, serve):
    server = serve(lambda _: answer("x", Cache_Control="max-age=600"))
    connection = type("ToTheServer", (LoopbackConnection,), {"server_port": server.port})
    uris = []
    http = OAuth1Http(MemoryCache(), oauth=lambda uri: uris.append(uri) or oauth)
    http.request("http://Wiki.example:80/p?a=1", connection_type=connection)
    assert uris == ["http://wiki.example/p?a=1"]


def test_cache_that_is_false_is_not_used_as_in_httplib2(serve, oauth):
    class Empty(MemoryCache):
        def __len__(self):
            return len(self.entries)

    server = serve(per_user)
    caches = [Empty(), Empty()]
    for http in (httplib2.Http(caches[0]), OAuth1Http(caches[1], oauth=oauth)):
        http.request(server.uri())
    assert [len(each) for each in caches] == [0, 0]


def test_cache_attribute_can_be_read_and_set(tmp_path, oauth):
    cache = MemoryCache()
    http = OAuth1Http(cache, oauth=oauth)
    assert http.cache is cache
    http.cache = None
    assert http.cache is None
    http.cache = other = httplib2.FileCache(str(tmp_path))
    assert http.cache is other


def test_attributes_of_the_cache_can_be_read_and_set_during_a_request(serve, oauth):
    """lazr.restfulclient stores the media type in such an attribute."""

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, *args):
            self.cache.media_type = self.cache.media_type + "+json"
            return super()._conn_request(*args)

    cache = MemoryCache()
    cache.media_type = "application/x"
    Framework(cache, oauth=oauth).request(serve().uri())
    assert cache.media_type == "application/x+json"
