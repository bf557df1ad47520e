"""``require_signature``: what the program asked for is signed, or refused before anything is sent."""

import copy
import email.utils
import pickle

import httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuth1Mixin, SigningError, install, mediawiki
from httplib2_oauthlib.handshake import Handshake

from ..servers import answer, in_turn
from .framework_classes import COMBINATIONS, FrameworkHttp, MixinInFront
from .handlers import per_user
from .memory_cache import MemoryCache
from .signed_requests import FORM, is_signed

SELECT_NOTHING = [None, {"other.example": OAuth1("x")}, {"localhost": None}, lambda uri: None]
METHODS = [("GET", None), ("POST", "a=1"), ("PUT", b"x"), ("DELETE", None), ("OPTIONS", None)]


@pytest.mark.parametrize("oauth", SELECT_NOTHING)
@pytest.mark.parametrize(("method", "body"), METHODS)
def test_request_that_would_be_unsigned_is_refused_before_it_is_sent(serve, oauth, method, body):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth, require_signature=True)
    with pytest.raises(SigningError, match="Nothing was sent"):
        http.request(server.uri(), method, body)
    assert server.received == []


@pytest.mark.parametrize(("method", "body"), METHODS)
def test_request_with_credentials_is_signed_as_without_the_requirement(serve, oauth, method, body):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth, require_signature=True)
    assert http.request(server.uri(), method, body, FORM if body == "a=1" else None)[0].status == 200
    assert is_signed(server.received[0])


def test_message_says_what_is_missing_and_what_to_do(serve):
    server = serve()
    http = OAuth1Http(timeout=5, require_signature=True)
    with pytest.raises(SigningError, match=r"http\.oauth is None\. Set it to the credentials"):
        http.request(server.uri("/?token=canary"))
    http.oauth = {"other.example": OAuth1("x")}
    with pytest.raises(SigningError, match=rf"no credentials for http://localhost:{server.port}\. Add") as caught:
        http.request(server.uri("/?token=canary"))
    assert "canary" not in str(caught.value)


def test_attribute_applies_to_the_next_request(serve, oauth):
    server = serve()
    http = OAuth1Http(timeout=5)
    http.request(server.uri())
    http.require_signature = True
    with pytest.raises(SigningError):
        http.request(server.uri())
    http.oauth = oauth
    http.request(server.uri())
    http.oauth, http.require_signature = None, False
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True, False]


class Strict(OAuth1Http):
    require_signature = True


class StrictWithoutInit(Strict):
    def __init__(self):
        vars(self).update(vars(httplib2.Http(timeout=5)))


@pytest.mark.parametrize("make", [Strict, StrictWithoutInit, type("Below", (Strict,), {})])
@pytest.mark.parametrize(
    "duplicate", [lambda http: http, copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))]
)
def test_class_attribute_applies_to_every_instance_and_its_copies(serve, make, duplicate):
    if make.__module__ == __name__ and make.__name__ == "Below":
        globals()["Below"] = make
    server = serve()
    with pytest.raises(SigningError):
        duplicate(make()).request(server.uri())
    assert server.received == []


def test_argument_overrides_the_class_attribute_and_none_keeps_it(serve):
    server = serve()
    Strict(timeout=5, require_signature=False).request(server.uri())
    with pytest.raises(SigningError):
        Strict(timeout=5, require_signature=None).request(server.uri())
    assert len(server.received) == 1


# -- the caller's own authorization


@pytest.mark.parametrize("value", ["Bearer x", "Basic dTpw", 'OAuth oauth_signature="x"', ""])
@pytest.mark.parametrize("oauth", SELECT_NOTHING)
def test_own_authorization_is_the_callers_choice(serve, oauth, value):
    server = serve()
    OAuth1Http(timeout=5, oauth=oauth, require_signature=True).request(
        server.uri(), "POST", "a=1", {"Authorization": value}
    )
    assert server.received[0].headers["authorization"] == value


def test_request_that_is_signed_already_is_sent(serve):
    server = serve()
    http = OAuth1Http(timeout=5, require_signature=True)
    http.request(OAuth1("other", "s", signature_type="QUERY").sign(server.uri("/a")).uri)
    form = OAuth1("other", "s", signature_type="BODY").sign(server.uri("/a"), "POST", "a=1", FORM)
    http.request(form.uri, "POST", form.body, form.headers)
    assert len(server.received) == 2


def test_redirect_that_loses_the_own_authorization_is_refused(serve):
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http = OAuth1Http(timeout=5, require_signature=True)
    with pytest.raises(SigningError, match="a redirect has removed the Authorization"):
        http.request(server.uri(), headers={"Authorization": "Bearer x"})
    assert len(server.received) == 1


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_handshake_over_an_http_that_requires_signatures(serve, placement):
    server = serve(lambda _: answer("oauth_token=t&oauth_token_secret=s&oauth_callback_confirmed=true"))
    http = OAuth1Http(timeout=5, require_signature=True)
    client = OAuth1("ck", "cs", signature_type=placement)
    handshake = Handshake(server.uri("/i"), server.uri("/a"), server.uri("/t"), client, http)
    assert handshake.temporary_credentials().key == "t"


# -- redirects


def test_redirect_to_another_origin_stays_unsigned(serve, oauth):
    other = serve()
    server = serve(lambda _: answer(status="302 Found", Location=other.uri(host="127.0.0.1")))
    response, _ = OAuth1Http(timeout=5, oauth=oauth, require_signature=True).request(server.uri())
    assert response.status == 200
    assert (is_signed(server.received[0]), is_signed(other.received[0])) == (True, False)


def test_redirect_within_the_origin_is_signed_or_refused(serve, oauth):
    server = serve(lambda r: answer(status="302 Found", Location="/there") if r.target == "/" else answer())
    http = OAuth1Http(timeout=5, oauth=oauth, require_signature=True)
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, True]
    http.oauth = lambda uri: oauth if uri.endswith("/") else None
    with pytest.raises(SigningError, match=r"follows a redirect\. The redirected request was sent"):
        http.request(server.uri())
    assert len(server.received) == 3


# -- caches


@pytest.mark.parametrize("make", [lambda cache: cache, lambda cache: cache.cache], ids=["object", "folder"])
def test_cached_answer_is_the_users_own(serve, tmp_path, oauth, make):
    server = serve(per_user)
    cache = make(httplib2.FileCache(str(tmp_path)))
    assert OAuth1Http(cache, 5).request(server.uri())[1] == b"anonymous"
    strict = OAuth1Http(cache, 5, require_signature=True)
    with pytest.raises(SigningError):
        strict.request(server.uri())
    strict.oauth = oauth
    assert [strict.request(server.uri())[1] for _ in range(2)] == [b"token"] * 2
    assert len(server.received) == 2
    strict.oauth = None
    with pytest.raises(SigningError):
        strict.request(server.uri())
    assert len(server.received) == 2


def test_permanent_redirect_from_the_cache_leads_to_a_signed_request(serve, oauth):
    date = email.utils.formatdate(usegmt=True)
    moved = answer(status="301 Moved", Location="/there", Cache_Control="max-age=600", Date=date)
    server = serve(lambda r: moved if r.target == "/" else answer())
    http = OAuth1Http(MemoryCache(), 5, oauth=oauth, require_signature=True)
    http.request(server.uri())
    http.request(server.uri())
    assert [each.target for each in server.received] == ["/", "/there", "/there"]
    assert all(map(is_signed, server.received))


# -- pools, install(), frameworks


def test_pool_refuses_and_signs(serve, oauth):
    server = serve()
    with HttpPool(OAuth1Http(timeout=5, require_signature=True)) as pool:
        with pytest.raises(SigningError):
            pool.request(server.uri())
        pool.oauth = oauth
        pool.request(server.uri())
        pool.oauth, pool.require_signature = None, False
        pool.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, False]


def test_installed_class_requires_a_signature_by_argument_and_by_attribute(serve, oauth):
    server = serve()
    with install({"other.example": oauth}):
        with pytest.raises(SigningError):
            httplib2.Http(timeout=5, require_signature=True).request(server.uri())
        httplib2.Http.require_signature = True
        with pytest.raises(SigningError):
            httplib2.Http(timeout=5).request(server.uri())
        httplib2.Http(timeout=5, oauth=oauth).request(server.uri())
    assert [is_signed(each) for each in server.received] == [True]


@pytest.mark.parametrize("kind", COMBINATIONS)
def test_every_framework_class_is_refused(serve, oauth, kind):
    server = serve(lambda r: answer(status="302 Found", Location=server.uri("/b")) if r.target == "/a" else answer())
    http = kind()
    http.require_signature, http.max_redirects = True, 5
    with pytest.raises(SigningError):
        http.request(server.uri("/a"))
    assert server.received == []
    http.oauth = oauth
    http.request(server.uri("/a"))
    assert [is_signed(each) for each in server.received] == [True, True]


def test_inner_methods_that_a_framework_calls_are_refused(serve, oauth):
    server = serve()
    http = MixinInFront(require_signature=True)
    conn = httplib2.HTTPConnectionWithTimeout("localhost", server.port, timeout=5)
    host = f"localhost:{server.port}"
    for call in (
        lambda: http._conn_request(conn, "/", "POST", "a=1", {}),
        lambda: http._request(conn, host, server.uri(), "/", "GET", None, {}, 5, None),
        lambda: FrameworkHttp.request(http, server.uri()),
        lambda: httplib2.Http.request(http, server.uri()),
    ):
        http.oauth = None
        with pytest.raises(SigningError):
            call()
        assert server.received == []
        http.oauth = oauth
        call()
        assert is_signed(server.received.pop())
    conn.close()


def test_authorization_that_a_framework_adds_below_counts(serve):
    class Adds(httplib2.Http):
        def _request(self, conn, host, absolute_uri, request_uri, method, body, headers, *rest):
            return super()._request(
                conn, host, absolute_uri, request_uri, method, body, {**headers, "authorization": "Bearer x"}, *rest
            )

    server = serve()
    type("Swapped", (OAuth1Mixin, Adds), {})(MemoryCache(), 5, require_signature=True).request(server.uri())
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_password_of_httplib2_answers_a_challenge(serve, oauth):
    server = serve(in_turn(answer("no", "401 No", WWW_Authenticate='Basic realm="x"'), answer()))
    http = OAuth1Http(timeout=5, oauth=oauth, require_signature=True)
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200


def test_page_that_api_only_leaves_unsigned_is_refused(serve, oauth):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=mediawiki.api_only(oauth), require_signature=True)
    http.request(server.uri("/w/api.php"))
    with pytest.raises(SigningError):
        http.request(server.uri("/wiki/Main_Page"))
    assert [is_signed(each) for each in server.received] == [True]
