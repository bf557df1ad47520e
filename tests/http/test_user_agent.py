"""``user_agent``: sent where the caller sends no User-Agent, on signed and on unsigned requests."""

import copy
import pickle

import httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1Http, OAuth1Mixin, install

from ..servers import answer
from .framework_classes import COMBINATIONS, FrameworkHttp, MixinInFront
from .memory_cache import MemoryCache

MINE = "my-tool/1.0 (me@example.org; caf\u00e9)"
DEFAULT = f"Python-httplib2/{httplib2.__version__} (gzip)"


def agents(server):
    return [received.headers["user-agent"] for received in server.received]


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("headers", [None, {}, {"X-Other": "x"}, {b"x-other": b"x"}, {"User-Agent": DEFAULT}], ids=str)
def test_request_without_a_user_agent_gets_it_and_the_headers_stay(serve, oauth, is_signed, headers):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth if is_signed else None, user_agent=MINE)
    before = copy.copy(headers)
    http.request(server.uri(), headers=headers)
    http.request(server.uri(), "POST", b"x", headers)
    assert (agents(server), headers) == ([MINE, MINE], before)


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-agent", b"User-Agent"])
@pytest.mark.parametrize("value", ["theirs", b"theirs", "Python-httplib2/0.22.0 theirs"])
def test_user_agent_of_the_caller_is_kept_in_any_spelling(serve, oauth, name, value):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth, user_agent=MINE)
    http.request(server.uri(), "GET", None, {name: value})
    http.request(uri=server.uri(), headers={"a": "b", name: value})
    assert agents(server) == [value if isinstance(value, str) else value.decode()] * 2


def test_redirects_and_challenges_keep_it(serve):
    answers = {
        "/a": answer(status="302 Found", Location="/b"),
        "/b": answer(status="401 No", WWW_Authenticate='Basic realm="x"'),
    }
    server = serve(lambda received: answer() if "authorization" in received.headers else answers[received.target])
    http = OAuth1Http(timeout=5, user_agent=MINE)
    http.add_credentials("name", "password")
    assert http.request(server.uri("/a"))[0].status == 200
    assert agents(server) == [MINE] * 3


def test_attribute_applies_to_the_next_request(serve):
    server = serve()
    http = OAuth1Http(timeout=5)
    http.request(server.uri())
    http.user_agent = MINE
    http.request(server.uri())
    http.user_agent = None
    http.request(server.uri())
    assert agents(server) == [DEFAULT, MINE, DEFAULT]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b"bytes", TypeError),
        (3, TypeError),
        ("", ValueError),
        (" ", ValueError),
        ("a\r\nCookie: x", ValueError),
        ("a\x7f", ValueError),
        ("a\x85", ValueError),
        ("\u20ac", ValueError),
        ("a\\1", ValueError),
    ],
)
def test_value_that_cannot_be_sent_is_rejected_when_it_is_set(value, error):
    http = OAuth1Http(user_agent="good")
    with pytest.raises(error, match="user_agent"):
        http.user_agent = value
    assert http.user_agent == "good"
    with pytest.raises(error, match="user_agent"):
        OAuth1Http(user_agent=value)
    with pytest.raises(error, match="user_agent"):
        type("Mine", (OAuth1Http,), {"user_agent": value})


# -- class attributes, copies, pools, install()


class Named(OAuth1Http):
    user_agent = MINE


class WithoutInit(Named):
    def __init__(self):
        vars(self).update(vars(httplib2.Http(timeout=5)))


@pytest.mark.parametrize("make", [Named, WithoutInit])
@pytest.mark.parametrize(
    "duplicate", [lambda http: http, copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))]
)
def test_class_attribute_applies_to_every_instance_and_its_copies(serve, make, duplicate):
    server = serve()
    duplicate(make()).request(server.uri())
    assert agents(server) == [MINE]


def test_argument_overrides_the_class_attribute_and_none_keeps_it():
    assert [Named(user_agent=None).user_agent, Named(user_agent="x").user_agent] == [MINE, "x"]
    http = Named()
    http.user_agent = None
    assert http.user_agent is None


def test_pool_sends_it_and_changes_it(serve):
    server = serve()
    with HttpPool(OAuth1Http(timeout=5, user_agent=MINE)) as pool:
        pool.request(server.uri())
        pool.user_agent = "other"
        pool.request(server.uri())
        with pytest.raises(ValueError, match="user_agent"):
            pool.user_agent = "\n"
    assert agents(server) == [MINE, "other"]


def test_installed_class_sends_it_by_argument_and_by_attribute(serve, oauth):
    server = serve()
    with install({"other.example": oauth}) as signing_class:
        assert signing_class is httplib2.Http
        httplib2.Http(timeout=5, user_agent=MINE).request(server.uri())
        signing_class.user_agent = "other"
        httplib2.Http(timeout=5).request(server.uri())
        signing_class.user_agent = "\u20ac"
        with pytest.raises(ValueError, match="user_agent"):
            httplib2.Http(timeout=5).request(server.uri())
    assert agents(server) == [MINE, "other"]


# -- frameworks


@pytest.mark.parametrize("kind", COMBINATIONS)
def test_every_framework_class_sends_it(serve, oauth, kind):
    server = serve(lambda r: answer(status="302 Found", Location=server.uri("/b")) if r.target == "/a" else answer())
    http = kind()
    http.user_agent, http.oauth, http.max_redirects = MINE, oauth, 5
    http.request(server.uri("/a"))
    assert agents(server) == [MINE, MINE]


def test_inner_methods_that_a_framework_calls_send_it(serve):
    server = serve()
    http = MixinInFront(user_agent=MINE)
    conn = httplib2.HTTPConnectionWithTimeout("localhost", server.port, timeout=5)
    http._conn_request(conn, "/", "POST", "a=1", {})
    http._conn_request(conn, "/", method="GET", body=None, headers={})
    http._request(conn, f"localhost:{server.port}", server.uri(), "/", "GET", None, {}, 5, None)
    FrameworkHttp.request(http, server.uri())
    httplib2.Http.request(http, server.uri())
    assert agents(server) == [MINE] * 5
    conn.close()


def test_framework_that_leaves_the_headers_out_sends_it(serve):
    class LeavesOut(httplib2.Http):
        def request(self, uri, method="GET", body=None, headers=None):
            return httplib2.Http.request(self, uri, method, body)

    server = serve()
    type("Swapped", (OAuth1Mixin, LeavesOut), {})(MemoryCache(), 5, user_agent=MINE).request(server.uri())
    assert agents(server) == [MINE]


def test_method_of_a_framework_with_this_name_is_left_alone(serve):
    class Named(httplib2.Http):
        def user_agent(self):
            return "theirs"

    server = serve()
    http = type("Behind", (Named, OAuth1Mixin), {})(timeout=5)
    http.request(server.uri())
    assert (agents(server), http.user_agent()) == ([DEFAULT], "theirs")


def test_two_user_agents_share_a_cache_as_vary_demands(serve):
    server = serve(lambda r: answer(r.headers["user-agent"], Cache_Control="max-age=600", Vary="User-Agent"))
    cache = MemoryCache()
    contents = [OAuth1Http(cache, 5, user_agent=name).request(server.uri())[1] for name in ("one", "one", "two")]
    assert contents == [b"one", b"one", b"two"]
