"""``raise_refusals``: a response that refuses the OAuth part of a request is raised as RefusedError."""

import copy
import gc
import pickle
import subprocess
import sys
import weakref
from email.utils import formatdate

import httplib2
import pytest

from httplib2_oauthlib import (
    HttpPool,
    OAuth1,
    OAuth1Http,
    OAuth1Mixin,
    RefusedError,
    ResponseLostError,
    install,
    mediawiki,
)
from httplib2_oauthlib.handshake import Handshake

from .. import vectors
from ..servers import DROP, answer, in_turn
from .framework_classes import COMBINATIONS, FrameworkHttp, MixinInFront
from .handlers import clock_server, refusal
from .memory_cache import MemoryCache
from .signed_requests import is_signed, nonce_of

SIGNATURE = refusal("Invalid signature")
PROBLEM = answer("no", "401 No", WWW_Authenticate='OAuth realm="x", oauth_problem="token_rejected"')
OTHER_ERRORS = [
    answer("no", "404 Not Found"),
    answer("no", "500 Oops"),
    answer("no", "401 No", WWW_Authenticate='Basic realm="x"'),
    answer('{"error":{"code":"badtoken"}}', MediaWiki_API_Error="badtoken"),
    # A page that repeats what was posted.
    answer("Error: Invalid signature", Content_Type="text/plain", Cache_Control="no-store"),
]


@pytest.fixture
def http(oauth):
    http = OAuth1Http(timeout=5, oauth=oauth, raise_refusals=True)
    yield http
    http.close()


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", "a=1"), ("PUT", b"x"), ("DELETE", None)])
@pytest.mark.parametrize(("response", "reason"), [(SIGNATURE, "signature"), (PROBLEM, "token")])
def test_refusal_is_raised_with_the_response(serve, http, method, body, response, reason):
    server = serve(lambda _: response)
    with pytest.raises(RefusedError) as caught:
        http.request(server.uri(), method, body)
    http.raise_refusals = False
    head, content = http.request(server.uri(), method, body)
    assert (caught.value.reason, caught.value.response, caught.value.content) == (reason, head, content)
    assert type(caught.value) is RefusedError
    with pytest.raises(RefusedError) as checked:
        mediawiki.check(head, content)
    assert str(caught.value) == str(checked.value)
    assert len(server.received) == 2


@pytest.mark.parametrize("response", OTHER_ERRORS)
def test_other_errors_are_returned(serve, http, response):
    server = serve(lambda _: response)
    assert http.request(server.uri(), "POST", "a=1")[1] in response


def test_unsigned_requests_and_those_that_the_caller_signs_are_returned(serve, oauth):
    server = serve(lambda _: SIGNATURE)
    http = OAuth1Http(timeout=5, raise_refusals=True)
    assert http.request(server.uri())[0].status == 200
    http.oauth = oauth
    signed = OAuth1("other").sign(server.uri())
    assert http.request(signed.uri, headers=signed.headers)[0].status == 200
    assert http.request(OAuth1("other", signature_type="QUERY").sign(server.uri()).uri)[0].status == 200


@pytest.mark.parametrize("version", ["1.39", pytest.param("1.45", marks=pytest.mark.slow)])
def test_a_recorded_response_is_raised_if_mediawiki_check_raises_it(serve, oauth, version):
    recorded = vectors.recorded(version)
    handler = in_turn(*(each.answer_on_the_wire for each in recorded))
    server = serve(handler)
    http = OAuth1Http(timeout=5, oauth=oauth, raise_refusals=True, repair_clock=False)
    http.follow_redirects = False
    http.is_safe_request = lambda method, uri, body: False  # Else a refused nonce is replaced by a new one.
    raised = 0
    for each in recorded:
        try:
            head, content = http.request(server.uri(each.target), "POST", "a=1")
        except RefusedError as error:
            raised += 1
            head, content = error.response, error.content
            with pytest.raises(RefusedError):
                mediawiki.check(head, content)
        else:
            mediawiki.check(head, content)
    assert raised == {"1.39": 25, "1.45": 340}[version]


# -- what comes first


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_clock_is_repaired_first(serve, http, method):
    server = clock_server(serve, 5000)
    assert http.request(server.uri(), method)[0].status == 200
    http.repair_clock = False
    with pytest.raises(RefusedError, match="Expired timestamp") as caught:
        http.request(server.uri(), method)
    assert (caught.value.reason, len(server.received)) == ("timestamp", 3)


def test_nonce_of_a_safe_request_is_replaced_first(serve, http):
    server = serve(in_turn(refusal("Nonce already used: x"), answer()))
    assert http.request(server.uri())[0].status == 200


def test_lost_response_stays_one(serve, http):
    server = serve(in_turn(DROP, refusal("Nonce already used: x")))
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1")
    assert nonce_of(server.received[0]) == nonce_of(server.received[1])


def test_error_of_a_retry_identifies_the_unanswered_request(serve, http):
    server = serve(in_turn(DROP, DROP, SIGNATURE, answer()))
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1")
    with pytest.raises(RefusedError) as caught:
        http.request(server.uri(), "POST", "a=1")
    http.forget_unanswered(caught.value)
    http.request(server.uri(), "POST", "a=1")
    assert nonce_of(server.received[2]) != nonce_of(server.received[3])


def test_password_answers_the_challenge_first(serve, http):
    challenge = answer("no", "401 No", WWW_Authenticate='OAuth oauth_problem="token_rejected", Basic realm="x"')
    server = serve(lambda received: answer() if received.headers["authorization"].startswith("Basic") else challenge)
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200


def test_framework_that_repeats_a_refused_request_gets_the_response(serve, oauth):
    class Renews(httplib2.Http):
        def request(self, *args, **kwargs):
            response, content = httplib2.Http.request(self, *args, **kwargs)
            return (response, content) if response.status != 401 else httplib2.Http.request(self, *args, **kwargs)

    server = serve(in_turn(PROBLEM, answer(), PROBLEM))
    http = type("Swapped", (OAuth1Mixin, Renews), {})(timeout=5, oauth=oauth, raise_refusals=True)
    assert http.request(server.uri())[0].status == 200
    with pytest.raises(RefusedError):
        http.request(server.uri())
    assert len(server.received) == 4


def test_status_codes_in_place_of_exceptions_hide_no_refusal(serve, http):
    http.force_exception_to_status_code = True
    with pytest.raises(RefusedError):
        http.request(serve(lambda _: SIGNATURE).uri())


# -- redirects


@pytest.mark.parametrize("status", ["301 Moved", "303 See Other", "307 Temporary"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refusal_after_a_redirect_is_raised(serve, http, status, method):
    server = serve(lambda r: answer(status=status, Location="/there") if r.target == "/" else SIGNATURE)
    http.follow_all_redirects = True
    with pytest.raises(RefusedError):
        http.request(server.uri(), method)
    assert [each.target for each in server.received] == ["/", "/there"]


def test_refusal_of_another_origin_that_got_no_signature_is_returned(serve, http):
    other = serve(lambda _: SIGNATURE)
    server = serve(lambda _: answer(status="302 Found", Location=other.uri(host="127.0.0.1")))
    assert http.request(server.uri())[0].status == 200
    assert not is_signed(other.received[0])


# -- attributes, pools, install(), frameworks


class Raising(OAuth1Http):
    raise_refusals = True


@pytest.mark.parametrize(
    "duplicate", [lambda http: http, copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))]
)
def test_class_attribute_applies_to_every_instance_and_its_copies(serve, oauth, duplicate):
    server = serve(lambda _: SIGNATURE)
    with pytest.raises(RefusedError):
        duplicate(Raising(timeout=5, oauth=oauth)).request(server.uri())
    with pytest.raises(RefusedError):
        Raising(timeout=5, oauth=oauth, raise_refusals=None).request(server.uri())
    assert Raising(timeout=5, oauth=oauth, raise_refusals=False).request(server.uri())[0].status == 200


def test_pool_raises_it(serve, http):
    server = serve(lambda _: SIGNATURE)
    with HttpPool(http) as pool:
        with pytest.raises(RefusedError):
            pool.request(server.uri())
        pool.raise_refusals = False
        assert pool.request(server.uri())[0].status == 200


def test_installed_class_raises_it_by_argument_and_by_attribute(serve, oauth):
    server = serve(lambda _: SIGNATURE)
    with install(oauth) as signing_class:
        with pytest.raises(RefusedError):
            httplib2.Http(timeout=5, raise_refusals=True).request(server.uri())
        assert httplib2.Http(timeout=5).request(server.uri())[0].status == 200
        signing_class.raise_refusals = True
        with pytest.raises(RefusedError):
            httplib2.Http(timeout=5).request(server.uri())


@pytest.mark.parametrize("kind", COMBINATIONS)
def test_every_framework_class_raises_it(serve, oauth, kind):
    server = serve(lambda r: answer(status="302 Found", Location=server.uri("/b")) if r.target == "/a" else SIGNATURE)
    http = kind()
    http.oauth, http.raise_refusals, http.max_redirects = oauth, True, 5
    with pytest.raises(RefusedError):
        http.request(server.uri("/a"))


def test_inner_methods_that_a_framework_calls_raise_it(serve, oauth):
    server = serve(lambda _: SIGNATURE)
    http = MixinInFront(oauth=oauth, raise_refusals=True)
    conn = httplib2.HTTPConnectionWithTimeout("localhost", server.port, timeout=5)
    for call in (
        lambda: http._conn_request(conn, "/", "POST", "a=1", {}),
        lambda: http._request(conn, f"localhost:{server.port}", server.uri(), "/", "GET", None, {}, 5, None),
        lambda: FrameworkHttp.request(http, server.uri()),
        lambda: httplib2.Http.request(http, server.uri()),
    ):
        with pytest.raises(RefusedError):
            call()
    conn.close()


def test_handshake_over_such_an_http_raises_its_own_error(serve, http):
    server = serve(lambda _: PROBLEM)
    handshake = Handshake(server.uri("/i"), server.uri("/a"), server.uri("/t"), OAuth1("ck", "cs"), http)
    with pytest.raises(httplib2.HttpLib2Error) as caught:
        handshake.temporary_credentials()
    assert type(caught.value).__name__ == "HandshakeError"


def test_cached_response_of_another_request_is_not_mistaken_for_the_refused_one(serve, oauth):
    server = serve(in_turn(answer("page", Cache_Control="max-age=600", Date=formatdate(usegmt=True)), SIGNATURE))
    http = OAuth1Http(MemoryCache(), 5, oauth=oauth, raise_refusals=True)
    http.request(server.uri("/a"))
    with pytest.raises(RefusedError):
        http.request(server.uri("/b"))
    assert http.request(server.uri("/a"))[0].status == 200


def test_error_keeps_no_http_alive(serve, oauth):
    server = serve(lambda _: SIGNATURE)
    http = Raising(timeout=5, oauth=oauth)
    gc.disable()
    try:
        with pytest.raises(RefusedError):
            http.request(server.uri())
        kept = weakref.ref(http)
        http.close()
        del http
        assert kept() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found"])
def test_a_response_that_refuses_nothing_loads_no_reader_of_refusals(serve, status):
    program = (
        "import sys; from httplib2_oauthlib import OAuth1, OAuth1Http\n"
        "http = OAuth1Http(oauth=OAuth1('a', 'b', 'c', 'd'), raise_refusals=True, timeout=30)\n"
        "print(http.request(sys.argv[1])[0].status, 'httplib2_oauthlib._refusals.refusals' in sys.modules)"
    )
    command = [sys.executable, "-c", program, serve(lambda _: answer("no refusal", status)).uri("/")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [status.split()[0], "False"]


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_nothing_is_imported_after_a_request_that_may_have_acted(serve, placement):
    program = (
        "import sys, httplib2; from httplib2_oauthlib import OAuth1, OAuth1Http\n"
        "http = OAuth1Http(oauth=OAuth1('a', 'b', 'c', 'd', signature_type=sys.argv[2]), timeout=30)\n"
        "http.request(sys.argv[1])\n"  # It opens the connection.
        "sys.meta_path.clear()\n"  # From here on, no module can be loaded. A file limit has the same effect.
        "try: http.request(sys.argv[1], 'POST', b'', {'Content-Type': 'text/plain'})\n"
        "except ImportError: print('ImportError')"
    )
    server = serve(in_turn(answer("no refusal"), SIGNATURE))
    command = [sys.executable, "-c", program, server.uri("/"), placement]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert [each.method for each in server.received] == ["GET", *([] if "ImportError" in done.stdout else ["POST"])]


@pytest.mark.parametrize(
    "response",
    [SIGNATURE, PROBLEM, answer("no", "401 No", WWW_Authenticate='Basic realm="x"')],
    ids=["refusal", "problem report", "challenge"],
)
def test_no_response_is_lost_because_a_module_cannot_be_loaded(serve, response):
    program = (
        "import sys; from httplib2_oauthlib import OAuth1, OAuth1Http\n"
        "http = OAuth1Http(oauth=OAuth1('a', 'b', 'c', 'd'), timeout=30)\n"
        "http.request(sys.argv[1], 'POST', b'', {'Content-Type': 'text/plain'})\n"
        "sys.meta_path.clear()\n"  # From here on, no module can be loaded.
        "print(http.request(sys.argv[1], 'POST', b'', {'Content-Type': 'text/plain'})[0].status)"
    )
    server = serve(in_turn(answer("no refusal"), response))
    command = [sys.executable, "-c", program, server.uri("/")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == f"{response.split()[1].decode()}\n", done.stderr
