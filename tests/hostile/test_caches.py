"""Caches that several users share: each user reads only their own entries, and no entry holds a secret."""

import email.utils
import itertools
import random
import threading

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .. import reference
from ..servers import answer
from .clients import slow_except

SECRETS = reference.Secrets("canary-client-secret", "canary-token-secret")
# The users differ from Alice in the token, the client or the signature type. The last user is anonymous.
USERS = {
    "alice": OAuth1("canary-client", SECRETS.client, "canary-alice", SECRETS.token),
    "bob": OAuth1("canary-client", SECRETS.client, "canary-bob", SECRETS.token),
    "carol": OAuth1("canary-other", SECRETS.client, "canary-alice", SECRETS.token),
    "dave": OAuth1("canary-client", SECRETS.client, "canary-dave", SECRETS.token, signature_type="QUERY"),
    "nobody": None,
}
NAMES = {(user.client_key, user.resource_owner_key): name for name, user in USERS.items() if user}
# httplib2 reads "*" as the name of a header.
VARIES = ["", "Authorization", "Accept-Encoding,Cookie,Authorization", "*"]


class Memory(dict):
    """A cache in memory. An empty one is also true, because httplib2 checks the truth value of a cache."""

    def __bool__(self):
        return True

    def set(self, key, value):
        self[key] = value

    def delete(self, key):
        self.pop(key, None)


class Site:
    """A handler that responds with the user's name, and fails if it receives another user's ETag.

    Attributes:
        asked: For each request in order: the user, the path, and whether the request revalidates an entry.
        seen: The requests in order.
    """

    def __init__(self, vary="", fresh=True):
        self.headers = {"Vary": vary} if vary else {}
        self.headers["Cache_Control"] = "max-age=600" if fresh else "max-age=0"
        self.asked = []
        self.seen = []

    def __call__(self, received):
        self.seen.append(received)
        parameters = reference.protocol_parameters(received)
        name = NAMES[parameters["oauth_consumer_key"], parameters["oauth_token"]] if parameters else "nobody"
        path = received.target.partition("?")[0]
        etag, known = f'"{name}{path}"', received.headers.get("if-none-match")
        self.asked.append((name, path, known is not None))
        assert known in (None, etag)
        headers = {**self.headers, "ETag": etag, "Date": email.utils.formatdate(usegmt=True)}
        if path == "/moved":
            return answer("", "301 Moved Permanently", Location=f"/home-of-{name}", **headers)
        if known == etag:
            return answer("", "304 Not Modified", **headers)
        return answer(f"{name} {path}", **headers)


@pytest.fixture(params=slow_except(["plain, keep-alive"], ["plain, keep-alive", "tls, close"]))
def serve(request, serve, tls, ca_certs, monkeypatch):
    """Start servers of one kind that every client trusts."""
    monkeypatch.setattr(httplib2, "CA_CERTS", ca_certs)
    is_tls = request.param.startswith("tls")
    return lambda handler: serve(handler, tls=tls if is_tls else None, keep_alive=not is_tls)


@pytest.fixture(params=["directory", "memory"])
def cache(request, tmp_path):
    return str(tmp_path / "cache") if request.param == "directory" else Memory()


def fetch(http, server, path, name):
    response, content = http.request(server.uri(path))
    expected = f"/home-of-{name}" if path == "/moved" else path
    assert (response.status, content) == (200, f"{name} {expected}".encode())
    return response


@pytest.mark.parametrize("sharing", ["one Http", "an Http each", "a new Http each time"])
@pytest.mark.parametrize("vary", VARIES)
def test_each_user_hits_only_their_own_entry(serve, cache, vary, sharing):
    site = Site(vary)
    server = serve(site)
    luck = random.Random(vary + sharing)
    one = OAuth1Http(cache, timeout=10)
    each = {name: OAuth1Http(cache, timeout=10, oauth=user) for name, user in USERS.items()}
    asked = [(name, path) for name in USERS for path in ("/page", "/other", "/moved")]
    for name, path in luck.choices(asked, k=150):
        http = {"one Http": one, "an Http each": each[name]}.get(sharing) or OAuth1Http(cache, timeout=10)
        http.oauth = USERS[name]
        fetch(http, server, path, name)
        if sharing.startswith("a new"):
            http.close()
    assert len(site.asked) == len(set(site.asked)) <= 20


@pytest.mark.parametrize("vary", VARIES)
def test_each_user_revalidates_their_own_entry(serve, cache, vary):
    site = Site(vary, fresh=False)
    server = serve(site)
    http = OAuth1Http(cache, timeout=10)
    for round_ in range(3):
        for name, http.oauth in USERS.items():
            response = fetch(http, server, "/page", name)
            assert response.fromcache == (round_ > 0)
    assert [revalidated for _, _, revalidated in site.asked] == [False] * len(USERS) + [True] * 2 * len(USERS)


@pytest.mark.parametrize("first", USERS)
def test_a_permanent_redirect_is_cached_for_its_user_only(serve, cache, first):
    site = Site()
    server = serve(site)
    http = OAuth1Http(cache, timeout=10)
    for name in [first, *USERS, *USERS]:
        http.oauth = USERS[name]
        fetch(http, server, "/moved", name)
    assert sorted(site.asked) == sorted(
        (name, path, False) for name in USERS for path in ("/moved", f"/home-of-{name}")
    )


def test_a_mapping_and_a_callable_keep_users_apart(serve, cache):
    site = Site()
    server = serve(site)
    http = OAuth1Http(cache, timeout=10)
    for _ in range(2):
        for name, http.oauth in [
            ("alice", {"localhost": USERS["alice"]}), ("bob", lambda uri: USERS["bob"]),
            ("nobody", {"example.org": USERS["bob"]}), ("nobody", lambda uri: None), ("alice", USERS["alice"]),
        ]:  # fmt: skip
            fetch(http, server, "/page", name)
    assert len(site.asked) == 3


def test_a_change_removes_only_the_users_own_entry(serve, cache):
    site = Site()
    server = serve(site)
    http = OAuth1Http(cache, timeout=10)
    for name, http.oauth in USERS.items():
        fetch(http, server, "/page", name)
    http.oauth = USERS["bob"]
    http.request(server.uri("/page"), "POST", "a=1", {"Content-Type": "application/x-www-form-urlencoded"})
    site.asked.clear()
    for name, http.oauth in USERS.items():
        fetch(http, server, "/page", name)
    assert site.asked == [("bob", "/page", False)]


@pytest.mark.parametrize("vary", VARIES)
def test_no_cache_or_name_of_its_file_holds_a_signature_nonce_or_secret(serve, tmp_path, vary):
    site = Site(vary)
    server = serve(site)
    memory = Memory()
    for cache, (name, user), path in itertools.product((str(tmp_path), memory), USERS.items(), ("/page", "/moved")):
        http = OAuth1Http(cache, timeout=10, oauth=user)
        for headers in ({}, {"cache-control": "max-age=0"}):
            assert name.encode() in http.request(server.uri(path), headers=headers)[1]
    stored = [path.name.encode() + path.read_bytes() for path in tmp_path.iterdir()]
    stored += [key.encode() + value for key, value in memory.items()]
    assert len(stored) >= 4 * len(USERS)
    parameters = [reference.protocol_parameters(received) for received in site.seen]
    secrets = {
        value for each in parameters for name, value in each.items() if name in ("oauth_signature", "oauth_nonce")
    }
    assert len(secrets) > 20
    for text in stored:
        assert b"canary" not in text
        assert b"oauth_" not in text
        assert not any(secret.encode() in text for secret in secrets)


def test_threads_that_share_a_directory_read_only_their_own_entries(serve, tmp_path):
    site = Site(fresh=False)
    server = serve(site)
    failures = []

    def work(name):
        http = OAuth1Http(str(tmp_path), timeout=10, oauth=USERS[name])
        try:
            for number in range(40):
                fetch(http, server, f"/page{number % 4}", name)
        except BaseException as error:
            failures.append(error)
        http.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in USERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_plain_httplib2_mixes_up_users_of_a_shared_cache(serve, cache):
    """This shows that the tests above can fail: users of a plain Http read each other's pages."""
    site = Site()
    server = serve(site)
    signed = USERS["alice"].sign(server.uri("/page"))
    httplib2.Http(cache).request(signed.uri, headers=signed.headers)
    assert httplib2.Http(cache).request(signed.uri)[1] == b"alice /page"


ALICE, BOB = OAuth1("alice", "s", "t-alice", "ts"), OAuth1("bob", "s", "t-bob", "ts")


def who(received):
    key = reference.protocol_parameters(received).get("oauth_consumer_key", "anonymous")
    return answer(f"private to {key}", Cache_Control="private, max-age=300", Date=email.utils.formatdate(usegmt=True))


@pytest.mark.parametrize("then", [None, BOB], ids=["logged out", "another"])
def test_a_response_is_cached_for_the_user_who_sent_the_request(serve, tmp_path, then):
    reached, go = threading.Event(), threading.Event()

    def handler(received):
        if not reached.is_set():
            reached.set()
            go.wait(10)
        return who(received)

    server = serve(handler)
    http = OAuth1Http(str(tmp_path), timeout=10, oauth=ALICE)
    thread = threading.Thread(target=http.request, args=(server.uri(),))
    thread.start()
    reached.wait(10)
    http.oauth = then
    go.set()
    thread.join(10)
    expected = b"private to anonymous" if then is None else b"private to bob"
    assert OAuth1Http(str(tmp_path), timeout=10, oauth=then).request(server.uri())[1] == expected
    assert OAuth1Http(str(tmp_path), timeout=10, oauth=ALICE).request(server.uri())[0].fromcache


@pytest.mark.parametrize("then", [None, BOB], ids=["logged out", "another"])
def test_a_user_set_after_the_cache_lookup_does_not_sign_the_request(serve, tmp_path, then):
    server = serve(who)

    class SetsMeanwhile(OAuth1Http):
        def _request(self, *args, **kwargs):
            self.oauth = then
            return super()._request(*args, **kwargs)

    assert SetsMeanwhile(str(tmp_path), timeout=10, oauth=ALICE).request(server.uri())[1] == b"private to alice"
    response, content = OAuth1Http(str(tmp_path), timeout=10, oauth=ALICE).request(server.uri())
    assert (response.fromcache, content) == (True, b"private to alice")


class TriesAgain(OAuth1Http):
    """A framework that replaces an expired token within its request."""

    def _request(self, *args, **kwargs):
        response, content = super()._request(*args, **kwargs)
        if response.status == 401:
            self.oauth = BOB
            response, content = super()._request(*args, **kwargs)
        return response, content


def test_an_entry_is_not_revalidated_for_the_user_of_a_retry(serve, tmp_path):
    expired = set()

    def handler(received):
        key = reference.protocol_parameters(received)["oauth_consumer_key"]
        if key in expired:
            return answer("expired", "401 Unauthorized")
        if "if-none-match" in received.headers:
            return answer("", "304 Not Modified", ETag='"1"')
        return answer(f"private to {key}", ETag='"1"')

    server = serve(handler)
    TriesAgain(str(tmp_path), timeout=10, oauth=ALICE).request(server.uri())
    http = TriesAgain(str(tmp_path), timeout=10, oauth=ALICE)
    expired.add("alice")
    assert http.request(server.uri())[1] == b"private to bob"
    # The next request revalidates Bob's entry.
    response, content = http.request(server.uri())
    assert (response.fromcache, content) == (True, b"private to bob")
    assert "if-none-match" in server.received[-1].headers
