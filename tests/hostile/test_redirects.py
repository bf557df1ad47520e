"""Redirects as a table: which hops are signed, and that no other server sees a part of a signature."""

import re
from urllib.parse import parse_qsl, quote

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki

from .. import reference
from ..servers import answer
from . import faults
from .clients import KEEP_ALIVE
from .faults import FORM

OAUTH = OAuth1("canary-client", "canary-secret", "canary-token", "canary-token-secret")
SECRETS = reference.Secrets("canary-secret", "canary-token-secret")
# One letter for each place: home, the same host in capitals, another host, another port, and some of them over TLS.
PLACES = {
    "h": ("home", "localhost"),
    "H": ("home", "LocalHost"),
    "a": ("home", "127.0.0.1"),
    "p": ("port", "localhost"),
    "s": ("secure", "localhost"),
    "S": ("secure", "LOCALHOST"),
    "t": ("secure", "127.0.0.1"),
    "q": ("secure port", "localhost"),
}
# The way, and a plus for each hop that is signed if ``oauth`` is a single OAuth1.
WAYS = [
    ("hh", "++"), ("h/", "++"), ("hH", "++"), ("Hh", "++"), ("ha", "+-"), ("hp", "+-"), ("hs", "++"), ("hS", "++"),
    ("ht", "+-"), ("hq", "++"), ("hsh", "++-"), ("hsHs", "++-+"), ("hah", "+-+"), ("haah", "+--+"), ("h/a/h", "++--+"),
    ("hphah", "+-+-+"), ("ss", "++"), ("s/", "++"), ("sS", "++"), ("st", "+-"), ("sq", "+-"), ("sh", "+-"),
    ("sH", "+-"), ("sa", "+-"), ("shs", "+-+"), ("sh/", "+--"), ("sts", "+-+"), ("sah", "+--"), ("shhs", "+--+"),
    ("ah", "+-"), ("as", "+-"), ("at", "++"), ("ta", "+-"),
]  # fmt: skip
# The same with a mapping or a callable that selects localhost on every port, and no other host.
NAMED = [
    ("hh", "++"), ("h/", "++"), ("hH", "++"), ("ha", "+-"), ("hp", "++"), ("hs", "++"), ("ht", "+-"), ("hq", "++"),
    ("hsh", "++-"), ("hah", "+-+"), ("ah", "-+"), ("a/h", "--+"), ("aa", "--"), ("ss", "++"), ("st", "+-"),
    ("sq", "++"), ("sh", "+-"), ("sp", "+-"), ("shs", "+-+"), ("ts", "-+"), ("tsh", "-+-"), ("th", "--"),
    ("ths", "--+"), ("at", "--"),
]  # fmt: skip

# One status that turns the method into GET and one that keeps it always run. The other statuses repeat the point.
CODES = [302, 307, *[pytest.param(code, marks=pytest.mark.slow) for code in (300, 301, 303, 308)]]


class Kinds:
    """The three kinds of ``oauth``."""

    one = OAUTH
    mapping = {"localhost": OAUTH}  # noqa: RUF012

    @staticmethod
    def callable(uri):
        return OAUTH if re.match(r"https?://localhost[:/]", uri) else None


class World:
    """Servers that redirect a client along a way and keep the requests that they received."""

    def __init__(self, serve, tls, keep_alive):
        self.received = []
        self.code = 302
        self.uris = []
        self.headers = {}
        self.folder = ""
        self.servers = {
            name: serve(self, tls=tls if name.startswith("secure") else None, keep_alive=keep_alive)
            for name in ("home", "port", "secure", "secure port")
        }

    def send_along(self, way):
        self.received.clear()
        place = ""
        self.uris = []
        for number, letter in enumerate(way):
            if letter == "/":
                self.uris.append(f"{self.folder}/{number}?step=x")
            else:
                server, host = PLACES[letter]
                place = self.servers[server].uri(f"{self.folder}/{number}?step=x", host)
                self.uris.append(place)
        return self.uris[0]

    def __call__(self, received):
        self.received.append(received)
        number = int(received.target.partition("?")[0].rpartition("/")[2])
        if number + 1 == len(self.uris):
            return answer(b"" if received.method == "HEAD" else b"the end", **self.headers)
        return answer(b"", status=f"{self.code} x", Location=self.uris[number + 1], **self.headers)


def seen(received):
    """Return all parts of a request that a server received, as one str."""
    return "\n".join([received.method, received.target, *map(": ".join, received.headers.items()), repr(received.body)])


def marks(world):
    """Return a plus for each hop with a valid signature, and a minus for each hop without a part of one."""
    found = ""
    for received in world.received:
        if "oauth_" in seen(received):
            assert reference.is_valid(received, SECRETS)
            found += "+"
        else:
            assert "canary" not in seen(received)
            assert "authorization" not in received.headers
            found += "-"
    return found


@pytest.fixture(params=KEEP_ALIVE)
def world(request, serve, tls):
    return World(serve, tls, request.param)


@pytest.fixture
def http(ca_certs):
    http = OAuth1Http(timeout=10, ca_certs=ca_certs, oauth=OAUTH)
    yield http
    http.close()


@pytest.mark.parametrize(
    "world", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["keep-alive", "close"], indirect=True
)
@pytest.mark.parametrize("kind", ["one", "mapping", "callable"])
@pytest.mark.parametrize("code", CODES)
def test_only_the_expected_hops_are_signed(world, http, kind, code):
    """Send GET, HEAD and POST along every way, and the rarer methods along every fourth way."""
    http.oauth = getattr(Kinds, kind)
    http.follow_all_redirects = True
    world.code = code
    for method, each in [
        ("GET", 1),
        ("HEAD", 1),
        ("POST", 1),
        ("PUT", 4),
        ("PATCH", 4),
        ("DELETE", 4),
        ("OPTIONS", 4),
    ]:
        for way, signed in (WAYS if kind == "one" else NAMED)[::each]:
            body, headers = ("a=1", FORM) if method == "POST" else (None, {})
            response, _ = http.request(world.send_along(way), method, body, headers)
            assert (way, response.status, marks(world)) == (way, 200, signed)
            becomes = "GET" if world.code in (302, 303) else method
            assert {each.method for each in world.received[1:]} == {becomes}
            assert all(each.body == (b"a=1" if becomes == "POST" else b"") for each in world.received[1:])


@pytest.mark.parametrize("kind", ["one", "mapping", "callable"])
@pytest.mark.parametrize("world", [True], ids=["keep-alive"], indirect=True)
def test_credentials_for_the_api_only_sign_the_same_hops_of_it_and_no_pages(world, http, kind):
    http.oauth = mediawiki.api_only(getattr(Kinds, kind))
    http.follow_all_redirects = True
    for way, signed in WAYS if kind == "one" else NAMED:
        for world.folder, expected in (("/w/rest.php", signed), ("/wiki", "-" * len(way))):
            response, _ = http.request(world.send_along(way), "POST", "a=1", FORM)
            assert (way, response.status, marks(world)) == (way, 200, expected)


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
@pytest.mark.parametrize(("way", "signed"), WAYS)
def test_only_the_expected_hops_are_signed_in_other_placements(world, http, placement, way, signed):
    http.oauth = OAuth1("canary-client", SECRETS.client, "canary-token", SECRETS.token, signature_type=placement)
    http.follow_all_redirects = True
    world.code = 307
    http.request(world.send_along(way), "POST", "a=1", FORM)
    assert marks(world) == signed
    assert all(each.body.startswith(b"a=1") for each in world.received)


def test_a_redirect_that_is_not_followed_is_returned(world, http):
    http.follow_redirects = False
    for world.code in (300, 301, 302, 303, 307, 308):
        for method in ("GET", "POST"):
            assert http.request(world.send_along("ha"), method)[0].status == world.code
            assert marks(world) == "+"


def test_without_follow_all_redirects_httplib2_follows_303_and_308_only(world, http):
    for world.code in (301, 302, 303, 307, 308):
        http.request(world.send_along("hh"), "POST", "a=1", FORM)
        assert marks(world) == ("++" if world.code in (303, 308) else "+")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("way", ["hh", "ha"])
def test_a_loop_ends_and_its_hops_are_signed_as_expected(serve, http, code, way):
    received = []

    def handler(request):
        received.append(request)
        return answer(status=f"{code} x", Location=server.uri("/", "localhost" if way == "hh" else "127.0.0.1"))

    server = serve(handler)
    with pytest.raises(httplib2.RedirectLimit):
        http.request(server.uri())
    assert len(received) == 6
    signed = ["oauth_" in seen(each) for each in received]
    assert signed == ([True] * 6 if way == "hh" else [True] + [False] * 5)


@pytest.mark.parametrize("code", [307, 308])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_redirect_to_the_same_uri_is_signed_with_a_new_nonce(serve, http, code, method):
    """Servers that set a cookie first send such a redirect. The server refuses a nonce that it has seen."""
    acting = faults.Acting()
    http.oauth, http.follow_all_redirects = faults.OAUTH, True

    def handler(received):
        accepted = acting(received)
        assert accepted != faults.NONCE_USED
        return accepted if len(server.received) == 3 else answer(status=f"{code} x", Location=received.target)

    server = serve(handler)
    body, headers = ("a=1", FORM) if method == "POST" else (None, {})
    assert http.request(server.uri("/?one"), method, body, headers)[1] == b"done one"
    assert len(server.received) == 3


@pytest.mark.parametrize(
    "location",
    ["http://localhost@127.0.0.1:{port}/1", "http://127.0.0.1:{port}/1#@localhost", "http://127.0.0.1:{port}\\@localhost/1",
     "//127.0.0.1:{port}/1", "http:127.0.0.1:{port}/1", "\thttp://127.0.0.1:{port}/1", "HTTP://127.0.0.1:{port}/1",
     "http://localhost.:{port}/1", "http://127.1:{port}/1", "http://[::ffff:127.0.0.1]:{port}/1", "http://%6cocalhost:{port}/1",
     "http://127.0.0.1:{port}/1?@localhost", "http://127.0.0.1:0{port}/1"],
)  # fmt: skip
def test_no_spelling_of_another_host_is_signed(serve, http, location):
    """The test follows httplib2's reading of each location. httplib2 can't connect to most of them."""
    received = []

    def handler(request):
        received.append(request)
        where = location.format(port=server.port)
        return answer(status="302 Found", Location=where) if len(received) == 1 else answer()

    server = serve(handler)
    try:
        http.request(server.uri("/0"))
    except (httplib2.HttpLib2Error, OSError, ValueError, httplib2.http.client.HTTPException):
        assert len(received) == 1
        return
    assert len(received) == 2
    if received[1].headers["host"] == f"localhost:{server.port}":
        assert reference.is_valid(received[1], SECRETS)
    else:
        assert "canary" not in seen(received[1])


@pytest.mark.parametrize(
    "location",
    ["{away}/log-in?back={quoted}", "{away}/log-in?back={twice}&x=1", "{away}{target}", "{away}/x#{target}",
     "{away}/?a=1&{query}&b=2", "{away}/?{quoted_query}", "{away}/log-in?back={lower}", "{away}/?{shuffled}",
     "{away}/log-in?back={decoded_once}", "{away}/log-in?back={half_quoted}", "{away}/log-in;back={semicolons}",
     "{away}/?back={thrice}"],
)  # fmt: skip
def test_a_redirect_that_repeats_a_signed_query_reveals_no_signature(serve, http, location, tmp_path):
    """Redirects to a login page do so: their query holds the URI to return to."""
    away = serve()
    http.oauth = OAuth1("canary-client", SECRETS.client, "canary-token", SECRETS.token, signature_type="QUERY")
    http.cache = httplib2.FileCache(str(tmp_path))

    def handler(received):
        query = received.target.partition("?")[2]
        return answer(
            status="301 Moved",
            Cache_Control="max-age=600",
            X_Asked=received.target,
            Link=f"<http://x{received.target}>; rel=self, </next?page=2>; rel=next",
            Refresh=f'5; url="http://x{received.target}"',
            Set_Cookie=f"back={received.target}; path=/",
            X_Json=f'{{"uri": "{received.target}"}}',
            Location=location.format(
                away=away.uri("/", "127.0.0.1").rstrip("/"),
                target=received.target,
                query=query,
                quoted=quote(received.target, safe=""),
                lower=re.sub("%..", lambda match: match[0].lower(), quote(received.target, safe="")),
                quoted_query=quote(query),
                twice=quote(quote(received.target, safe=""), safe=""),
                shuffled="&".join(reversed(query.split("&"))),
                decoded_once=quote("/here?" + "&".join(map("=".join, parse_qsl(query))), safe=""),
                half_quoted=quote(received.target, safe=":/?="),
                semicolons=received.target.replace("&", ";"),
                thrice=quote(quote(quote(received.target))),
            ),
        )

    server = serve(handler)
    response, _ = http.request(server.uri("/here?page=1"))
    assert response.status == 200
    for secret in ("canary", "oauth_signature", "oauth_nonce", "oauth_token", "oauth_consumer_key"):
        assert secret not in seen(away.received[0])
        assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert "page" in seen(away.received[0]) or "#" in location


@pytest.mark.parametrize(
    "kept",
    ["/p?my_oauth_version=1.0&x=1", "/p?q=oauth_version=1.0", "/p?title=about%20oauth_version%3D1.0&y",
     "/p?oauth_version=2.0", "/p?oauth_token=another&oauth_verifier=x", "/p?x=1&&y", "/p?", "/oauth_version=1.0"],
)  # fmt: skip
def test_no_other_parameter_is_removed_from_a_header(serve, kept):
    server = serve(lambda received: answer(Content_Location=kept))
    http = OAuth1Http(
        timeout=10, oauth=OAuth1("canary-client", SECRETS.client, "canary-token", SECRETS.token, signature_type="QUERY")
    )
    assert http.request(server.uri("/here"))[0]["content-location"] == kept
    http.close()


def without_oauth(headers):
    return {name: value for name, value in headers.items() if not value.startswith("OAuth ")}


@pytest.mark.timeout(20)
def test_a_header_with_endless_encoding_is_read_in_time(serve):
    """The header has 60,000 characters. Decoding it until nothing changes would take minutes."""
    long = "/p?oauth_token=%" + "25" * 30_000
    http = OAuth1Http(timeout=15, oauth=OAuth1("c", SECRETS.client, "t", SECRETS.token, signature_type="QUERY"))
    assert http.request(serve(lambda _: answer(Content_Location=long)).uri())[0]["content-location"] == long
    http.close()


@pytest.mark.parametrize("way", ["hh", "ha", "hs", "ht", "sh", "shs", "hah"])
@pytest.mark.parametrize("forwards", [False, True])
def test_cookies_and_basic_credentials_go_where_httplib2_sends_them(world, ca_certs, way, forwards):
    """Each hop receives the same as from a plain Http, except the signature."""
    sent = []
    for http in (httplib2.Http(timeout=10, ca_certs=ca_certs), OAuth1Http(timeout=10, ca_certs=ca_certs, oauth=OAUTH)):
        http.add_credentials("name", "password")
        http.forward_authorization_headers = forwards
        world.headers = {"WWW_Authenticate": 'Basic realm="x"', "Set_Cookie": "b=2"}
        http.request(world.send_along(way), headers={"Cookie": "a=1", "X-Mine": "1", "If-None-Match": '"1"'})
        sent.append([each._replace(headers=without_oauth(each.headers)) for each in world.received])
        http.close()
    assert sent[0] == sent[1]
    assert {each.headers["cookie"] for each in sent[1]} == {"a=1"}


@pytest.mark.parametrize("way", ["hh", "ha"])
def test_basic_credentials_answer_a_challenge_after_a_redirect(serve, http, way):
    def handler(received):
        if received.target == "/0":
            return answer(status="302 Found", Location=server.uri("/1", PLACES[way[1]][1]))
        if received.headers.get("authorization", "").startswith("Basic "):
            return answer()
        return answer(status="401 Unauthorized", WWW_Authenticate='Basic realm="x"')

    server = serve(handler)
    http.add_credentials("name", "password")
    assert http.request(server.uri("/0"))[1] == b"ok"
    kinds = [each.headers.get("authorization", "none").split()[0] for each in server.received]
    assert kinds == ["OAuth", "OAuth" if way == "hh" else "none", "Basic"]
