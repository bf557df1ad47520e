"""OAuth1Http and OAuth1Mixin over real sockets: who is signed, how often, and what httplib2 still does."""

import contextvars
import copy
import functools
import http.client as http_client
import io
import json
import pickle
import threading
import time

import httplib2
import pytest

from httplib2_oauthlib import (
    InsecureTransportError,
    OAuth1,
    OAuth1Http,
    OAuth1Mixin,
    OAuthError,
    ResponseLostError,
    SigningError,
)

from . import reference
from .servers import DROP, answer, in_turn

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = reference.Secrets("client secret", "token secret")
REFUSED = '{{"error":{{"code":"mwoauth-invalid-authorization","info":"... not valid: {}"}}}}'


@pytest.fixture
def oauth():
    return OAuth1("client", SECRETS.client, "token", SECRETS.token)


@pytest.fixture
def http(oauth):
    http = OAuth1Http(timeout=5, oauth=oauth)
    yield http
    http.close()


def is_signed(received):
    """Whether a request carries protocol parameters; if so, they are valid."""
    if not reference.protocol_parameters(received):
        assert "authorization" not in received.headers
        return False
    assert reference.is_valid(received, SECRETS)
    return True


def nonce_of(received):
    return reference.protocol_parameters(received)["oauth_nonce"]


def refused(words):
    return answer(REFUSED.format(words), MediaWiki_API_Error="mwoauth-invalid-authorization")


# -- who signs


def test_every_request_is_signed(http, serve):
    server = serve()
    response, content = http.request(server.uri("/p?a=1"))
    assert (response.status, content) == (200, b"ok")
    http.request(server.uri("/q"), "POST", "a=\u00e9&b=+", FORM)
    http.request(server.uri("/r"), "PUT", '{"a": 1}', {"Content-Type": "application/json"})
    assert [is_signed(each) for each in server.received] == [True] * 3
    assert len({nonce_of(each) for each in server.received}) == 3


def test_a_plain_http_sends_what_httplib2_sends(serve):
    server = serve()
    httplib2.Http().request(server.uri("/p?a=b|c"), "POST", "a=1", {**FORM, "x-mine": "1"})
    OAuth1Http().request(server.uri("/p?a=b|c"), "POST", "a=1", {**FORM, "x-mine": "1"})
    assert server.received[0] == server.received[1]


def test_logging_in_and_out_at_run_time(serve, oauth):
    server = serve()
    http = OAuth1Http()
    for who in (None, oauth, None, oauth):
        http.oauth = who
        http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True, False, True]


@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("POST", b"\x00\xff binary", {"content-type": "image/png"}),
        ("POST", io.BytesIO(b"file " * 1000), {"content-type": "application/octet-stream"}),
        ("POST", (part for part in (b"a=1", b"&b=2")), {"content-type": "multipart/form-data; boundary=x"}),
        ("POST", io.BytesIO(b"a=1&b=%20"), FORM),
        ("POST", (part for part in (b"a=1", b"&b=2")), FORM),
        ("PATCH", "{}", {"content-type": "application/json"}),
        ("DELETE", None, {}),
        ("OPTIONS", None, {}),
        ("GET", None, FORM),
        ("POST", "h\u00e9llo", {"content-type": "text/plain; charset=latin-1"}),
        ("POST", "text=\u6f22 \U0001f600", FORM),
    ],
    ids=lambda value: type(value).__name__,
)
def test_bodies_of_every_kind_arrive_and_are_signed(http, serve, method, body, headers):
    server = serve()
    if isinstance(body, io.BytesIO):
        expected = body.getvalue()
    elif body is None or isinstance(body, str | bytes):
        expected = (
            (body or "").encode("utf-8" if headers == FORM else "latin-1") if not isinstance(body, bytes) else body
        )
    else:
        expected = b"a=1&b=2"
    http.request(server.uri("/p?q=1"), method, body, headers)
    assert server.received[0].body == expected
    assert is_signed(server.received[0])


@pytest.mark.parametrize("path", ["/a|b?c=d|e f", "/?a[]=\u00e9&b=\"'\\", "/p;", "/p;?a", "?x", "", "/%7e~?%zz=%"])
def test_what_httplib2_would_send_raw_is_encoded_and_signed(http, serve, path):
    server = serve()
    http.request(server.uri(path))
    assert is_signed(server.received[0])
    assert not set('|[]"\\ ') & set(server.received[0].target)


def test_an_ipv6_host_is_signed(http, serve):
    server = serve(host="::1")
    http.request(server.uri(host="[::1]"))
    assert server.received[0].headers["host"].startswith("[::1]:")
    assert is_signed(server.received[0])


def test_an_international_host_is_signed_and_its_own_redirects_too(serve, oauth):
    server = serve(in_turn(answer(status="302 Found", Location="http://B\u00dcCHER.example/2"), answer()))
    http = OAuth1Http(oauth=oauth)
    http.connections["http:xn--bcher-kva.example"] = connection = Elsewhere("xn--bcher-kva.example")
    connection.port_to_use = server.port
    http.request("http://b\u00fccher.example/1")
    assert [each.headers["host"] for each in server.received] == ["xn--bcher-kva.example"] * 2
    assert [is_signed(each) for each in server.received] == [True, True]


def test_a_host_that_is_none_is_httplib2s_error(http):
    with pytest.raises(UnicodeError):
        http.request("http://\u00e9..example/")


def test_a_connection_class_with_a_default_port_of_its_own_is_signed(serve, oauth, tls, ca_certs):
    class Odd(httplib2.HTTPSConnectionWithTimeout):
        default_port = 8443

    server = serve(tls=tls)
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p"), connection_type=Odd)
    assert is_signed(server.received[0])


@pytest.mark.parametrize(
    "spelling", ["http://localhost:0{port}/", "http://local\thost:{port}/", "http://LOCALHOST:{port}"]
)
def test_other_spellings_of_an_authority_are_signed(http, serve, spelling):
    server = serve()
    http.request(spelling.format(port=server.port))
    assert is_signed(server.received[0])


def test_an_international_connection_is_signed(http, serve):
    server = serve()
    connection = Elsewhere("b\u00fccher.example")
    connection.port_to_use = server.port
    http._conn_request(connection, "/p?a=1", "GET", None, {})
    assert (server.received[0].target, is_signed(server.received[0])) == ("/p?a=1", True)


def test_an_upper_case_host_is_signed(http, serve):
    server = serve()
    http.request(server.uri("/A").replace("localhost", "LocalHost"))
    assert is_signed(server.received[0])


def test_a_request_over_tls_is_signed(serve, oauth, tls, ca_certs):
    server = serve(tls=tls)
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p?a=1"))
    assert is_signed(server.received[0])


def test_plaintext_goes_over_tls_only(serve, tls, ca_certs):
    secure, plain = serve(tls=tls), serve()
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_method="PLAINTEXT")
    http = OAuth1Http(ca_certs=ca_certs, oauth=oauth)
    http.request(secure.uri())
    assert is_signed(secure.received[0])
    with pytest.raises(InsecureTransportError):
        http.request(plain.uri())
    assert plain.connections == 0


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
def test_other_placements_arrive(serve, placement):
    server = serve()
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type=placement)
    OAuth1Http(oauth=oauth).request(server.uri("/p?a=1"), "POST", "b=2", FORM)
    assert is_signed(server.received[0])


def test_what_cannot_be_signed_sends_nothing(http, serve):
    server = serve()
    with pytest.raises(SigningError) as caught:
        http.request(server.uri(), "POST", {"a": "1"}, FORM)
    assert isinstance(caught.value, httplib2.HttpLib2Error)
    assert isinstance(caught.value, OAuthError)
    assert server.connections == 0


def test_httplib2s_own_errors_pass_unchanged(http):
    with pytest.raises(httplib2.error.RelativeURIError):
        http.request("/relative")
    with pytest.raises(ConnectionRefusedError):
        http.request("http://127.0.0.1:1/")


def test_forced_status_codes_cover_signing_errors_too(http, serve):
    """What force_exception_to_status_code is for; the message shows no secret."""
    http.force_exception_to_status_code = True
    response, content = http.request(serve().uri(), "POST", {"a": "canary"}, FORM)
    assert response.status == 400
    assert b"urlencode" in content
    assert b"canary" not in content


@pytest.mark.parametrize("name", ["Authorization", "authorization", b"authorization"])
def test_a_callers_own_authorization_wins(http, serve, name):
    server = serve()
    http.request(server.uri(), headers={name: "Bearer x"})
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_the_callers_headers_are_not_changed(http, serve):
    headers = {"X-Mine": "1", "Content-Type": "Application/X-WWW-Form-Urlencoded"}
    before = dict(headers)
    http.request(serve().uri(), "POST", "a=1", headers)
    assert headers == before


def test_close_forgets_httplib2s_credentials_and_can_be_used_again(http, serve):
    server = serve()
    http.add_credentials("name", "password")
    http.request(server.uri())
    http.close()
    assert list(http.credentials.iter("")) == []
    assert isinstance(http.credentials, httplib2.Credentials)
    http.request(server.uri())
    assert is_signed(server.received[1])


# -- what oauth may be


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


class Elsewhere(httplib2.HTTPConnectionWithTimeout):
    """Connects every host to the test's server, as a resolver would."""

    port_to_use = 0

    def connect(self):
        import socket

        self.sock = socket.create_connection(("127.0.0.1", self.port_to_use))


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
    connection = type("ToTheServer", (Elsewhere,), {"port_to_use": server.port})
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


# -- swapping an Http


def test_the_arguments_are_httplib2s(tmp_path, oauth):
    http = OAuth1Http(str(tmp_path), 7, None, oauth=oauth)
    assert (http.cache.cache, http.timeout, http.proxy_info, http.oauth) == (str(tmp_path), 7, None, oauth)
    assert OAuth1Http().oauth is None


class FrameworkHttp(httplib2.Http):
    """A framework's own: another constructor, another name for redirections, redirects of its own."""

    def __init__(self, *args, max_redirects=5, **kwargs):
        self.max_redirects = max_redirects
        httplib2.Http.__init__(self, *args, **kwargs)

    def request(self, uri, method="GET", body=None, headers=None, max_redirects=None, connection_type=None):
        max_redirects = self.max_redirects if max_redirects is None else max_redirects
        self.follow_redirects = False
        # Past every class between this one and httplib2's.
        response, content = httplib2.Http.request(self, uri, method, body, headers, max_redirects, connection_type)
        if response.status == 302 and max_redirects:
            return self.request(response["location"], "GET", headers=headers, max_redirects=max_redirects - 1)
        return response, content


class MixinInFront(OAuth1Mixin, FrameworkHttp):
    pass


class MixinBehind(FrameworkHttp, OAuth1Mixin):
    pass


class OursBehind(FrameworkHttp, OAuth1Http):
    pass


class BelowMixinBehind(MixinBehind):
    pass


class OursAsBase(OAuth1Http):
    """A framework whose base class was swapped."""

    request = FrameworkHttp.request


class BelowOursAsBase(OursAsBase):
    pass


SWAPPED = [MixinInFront, MixinBehind, BelowMixinBehind, OursBehind, OursAsBase, BelowOursAsBase]


@pytest.mark.parametrize("swapped", SWAPPED)
def test_wherever_the_mixin_stands_requests_are_signed(serve, oauth, swapped):
    server = serve()
    http = swapped.__new__(swapped)
    swapped.__init__(http, **({"max_redirects": 3} if issubclass(swapped, FrameworkHttp) else {}))
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri(), "POST", "a=1", FORM)
    assert is_signed(server.received[0])


@pytest.mark.parametrize("swapped", SWAPPED)
def test_wherever_the_mixin_stands_a_frameworks_own_redirects_leak_nothing(serve, oauth, swapped):
    elsewhere = serve()
    server = serve(in_turn(answer(status="302 Found", Location=elsewhere.uri("/x")), answer()))
    http = swapped()
    http.max_redirects = 3
    http.oauth = oauth
    http.request(server.uri("/p"))
    assert is_signed(server.received[0])
    assert not is_signed(elsewhere.received[0])


class WithSiblingMethod(httplib2.Http):
    def fetch(self, uri):
        return super().request(uri)


class MixinOverSibling(OAuth1Mixin, WithSiblingMethod):
    pass


class MixinBehindSibling(WithSiblingMethod, OAuth1Mixin):
    pass


class Decorated:
    """A request() that is no function."""

    def __init__(self, function):
        self.function = function

    def __get__(self, http, owner=None):
        return functools.partial(self.function, http)


class MixinOverDecorated(OAuth1Mixin, httplib2.Http):
    request = Decorated(httplib2.Http.request)


def replaced_on_the_instance(http, uri):
    http.request = functools.partial(httplib2.Http.request, http)
    return http.request(uri)


def called_inside(http, uri):
    authority, slash, path = uri.partition("//")[2].partition("/")
    connection = httplib2.HTTPConnectionWithTimeout(authority)
    return http._request(connection, authority, uri, slash + path, "GET", None, {}, 5, None)


@pytest.mark.parametrize(
    ("swapped", "call"),
    [
        (OAuth1Http, httplib2.Http.request),
        (OAuth1Http, replaced_on_the_instance),
        (OAuth1Http, called_inside),
        (MixinOverSibling, MixinOverSibling.fetch),
        (MixinBehindSibling, MixinBehindSibling.fetch),
        (MixinOverDecorated, lambda http, uri: http.request(uri)),
    ],
)
def test_a_call_past_our_request_is_signed_and_leaks_nothing_either(serve, oauth, swapped, call):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x")))
    http = swapped()
    http.oauth = oauth
    call(http, server.uri("/p"))
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


class ChangesOnTheWay(httplib2.Http):
    """A framework that adds to the request at the last moment."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        conn.timeout = 2.5
        request_uri += "&maxlag=5"
        body = body and body + "&minor="
        return super()._conn_request(conn, request_uri, method, body, {**headers, "x-csrf": "1"})


class PastAllOthers(httplib2.Http):
    """A framework that calls httplib2's method by its name."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        return httplib2.Http._conn_request(
            self, conn, request_uri + "&maxlag=5", method, body, {**headers, "x-csrf": "1"}
        )


@pytest.mark.parametrize("framework", [ChangesOnTheWay, PastAllOthers])
@pytest.mark.parametrize("order", ["in front", "behind", "ours behind", "swapped base"])
def test_what_a_framework_changes_on_the_way_is_sent_and_signed(serve, oauth, framework, order):
    bases = {
        "in front": (OAuth1Mixin, framework),
        "behind": (framework, OAuth1Mixin),
        "ours behind": (framework, OAuth1Http),
        "swapped base": (OAuth1Http,),
    }[order]
    namespace = {"_conn_request": PastAllOthers._conn_request} if order == "swapped base" else {}
    http = type("Swapped", bases, namespace)()
    http.oauth = oauth
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri("/p?a=1"), "POST", "b=2", FORM)
    assert [(each.target, each.headers["x-csrf"]) for each in server.received] == [("/p?a=1&maxlag=5", "1")] * 2
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 1
    if framework is ChangesOnTheWay and order != "swapped base":
        assert server.received[0].body == b"b=2&minor="
        assert next(iter(http.connections.values())).timeout == 2.5


def test_a_connection_looks_like_itself_to_a_framework(serve, oauth):
    looked = []

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, conn, *args):
            looked.append((isinstance(conn, http_client.HTTPConnection), conn.host))
            return super()._conn_request(conn, *args)

    Framework(oauth=oauth).request(serve().uri())
    assert looked == [(True, "localhost")]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_framework_changes_of_the_headers_on_the_way_is_signed_and_sent(serve, oauth, method):
    """In place, in the dict that it was given."""

    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            headers["x-mine"] = "1"
            return super()._conn_request(conn, uri, method, body, headers)

    class Swapped(OAuth1Mixin, Framework):
        pass

    server = serve()
    Swapped(oauth=oauth).request(server.uri("/p"), method)
    assert server.received[0].headers["x-mine"] == "1"
    assert is_signed(server.received[0])


@pytest.mark.parametrize(
    "content", ["", "text", None, io.BytesIO(b"stream")], ids=["no text", "text", "none", "stream"]
)
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "403 Forbidden"])
def test_a_framework_may_return_content_of_any_kind(serve, oauth, content, status):
    class Framework(httplib2.Http):
        def _conn_request(self, conn, uri, method, body, headers):
            conn.request(method, uri, body, headers)
            response = conn.getresponse()
            response.read()
            return httplib2.Response(response), content

    class Swapped(OAuth1Mixin, Framework):
        pass

    server = serve(lambda received: answer(b"x", status, Content_Type="text/plain"))
    response, returned = Swapped(oauth=oauth).request(server.uri(), "POST", b"x")
    assert response.status == int(status[:3])
    assert returned is content


def test_headers_of_any_kind_that_httplib2_takes_are_taken(serve, oauth):
    class Items:
        def items(self):
            return [("x-mine", "1")]

    server = serve()
    http = OAuth1Http(oauth=oauth)
    for headers in (None, {}, Items()):
        conn = http_client.HTTPConnection("localhost", server.port, timeout=10)
        conn.default_port = 80
        assert http._conn_request(conn, "/p", "GET", None, headers)[1] == b"ok"
        conn.close()
    assert all(map(is_signed, server.received))
    assert server.received[2].headers["x-mine"] == "1"


def test_a_function_is_asked_about_a_uri_as_it_is_compared(serve, oauth):
    """Whatever a connection calls its host."""
    asked = []

    class Loud(httplib2.HTTPConnectionWithTimeout):
        def __init__(self, host, **kwargs):
            super().__init__(host.upper(), **kwargs)

    server = serve()
    http = OAuth1Http(oauth=lambda uri: asked.append(uri) or oauth)
    http.request(server.uri("/p?a=1"), connection_type=Loud)
    assert asked == [server.uri("/p?a=1")]
    assert is_signed(server.received[0])


def test_a_connection_keeps_what_it_is_given(serve, oauth):
    """Requests over one connection, signed or not, are answered by responses of http.client's kind."""
    server = serve()
    http = OAuth1Http(oauth=oauth)
    for who in (oauth, None, oauth):
        http.oauth = who
        assert http.request(server.uri())[1] == b"ok"
    (conn,) = http.connections.values()
    assert issubclass(conn.response_class, http_client.HTTPResponse)
    assert len(server.received) == 3


@pytest.mark.parametrize("order", ["in front", "ours behind"])
def test_hooks_within_hooks_sign_and_mend_the_clock_once(serve, oauth, order):
    class Framework(httplib2.Http):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    class Swapped(*((OAuth1Mixin, Framework) if order == "in front" else (Framework, OAuth1Http))):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    server = clock_server(serve, 5000)
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    assert len(server.received) == 2


def test_hooks_within_hooks_take_one_refusal_for_one(serve, oauth):
    """The second request, by the server's clock, is no copy of the first."""

    class Framework(httplib2.Http):
        def _conn_request(self, *args):
            return super()._conn_request(*args)

    class Swapped(Framework, OAuth1Http):
        pass

    def handler(received):
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        if len(server.received) == 1:
            return refused(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")
        return answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json")

    server = serve(handler)
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 403


def test_a_frameworks_retry_after_an_answer_is_another_request(serve, oauth):
    class Retries(httplib2.Http):
        def _conn_request(self, *args):
            response, content = super()._conn_request(*args)
            return super()._conn_request(*args) if response.status == 503 else (response, content)

    class Swapped(Retries, OAuth1Http):
        pass

    server = serve(in_turn(answer("busy", "503 Busy"), answer()))
    http = Swapped()
    http.oauth = oauth
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


def test_a_class_between_is_not_skipped(serve, oauth):
    """The hook of a class calls what comes next in the MRO of whatever derives from it later."""

    class Between(FrameworkHttp):
        def request(self, uri, *args, **kwargs):
            return super().request(uri + "?between", *args, **kwargs)

    class Diamond(MixinBehind, Between):
        pass

    server = serve()
    http = Diamond()
    http.oauth = oauth
    http.request(server.uri("/p"))
    assert (server.received[0].target, is_signed(server.received[0])) == ("/p?between", True)


def test_an_authorization_that_a_framework_adds_at_the_last_moment_wins(serve, oauth):
    class Framework(OAuth1Mixin, httplib2.Http):
        pass

    class Base(httplib2.Http):
        def _conn_request(self, conn, request_uri, method, body, headers):
            return super()._conn_request(conn, request_uri, method, body, {**headers, "authorization": "Bearer x"})

    class Swapped(OAuth1Mixin, Base):
        pass

    server = serve()
    Swapped(oauth=oauth).request(server.uri())
    assert server.received[0].headers["authorization"] == "Bearer x"


def test_a_static_request_is_left_alone():
    class Framework(OAuth1Mixin, httplib2.Http):
        @staticmethod
        def request(uri):
            return uri

    assert Framework().request("x") == "x"


def test_a_framework_that_skips_init_is_not_signed_until_told(serve, oauth):
    class Skips(OAuth1Mixin, httplib2.Http):
        def __init__(self):
            httplib2.Http.__init__(self)

    server = serve()
    http = Skips()
    assert http.oauth is None
    http.request(server.uri())
    http.oauth = oauth
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]


def test_the_mixin_takes_oauth_and_passes_the_rest_on(oauth):
    http = MixinInFront(max_redirects=2, timeout=3, oauth=oauth)
    assert (http.max_redirects, http.timeout, http.oauth) == (2, 3, oauth)


def test_request_may_be_replaced_on_the_instance(http, serve):
    """oauth2client, google-auth-httplib2 and set_user_agent() do it."""
    server = serve()
    inner = http.request

    def outer(uri, *args, **kwargs):
        kwargs["headers"] = {b"X-Outer": b"1", **(kwargs.get("headers") or {})}
        return inner(uri, *args, **kwargs)

    http.request = outer
    http.request(server.uri(), method="GET")
    assert server.received[0].headers["x-outer"] == "1"
    assert is_signed(server.received[0])


def test_inner_methods_may_be_called_by_position(http, serve):
    """lazr.restfulclient's way in."""
    server = serve()
    connection = http.connections.setdefault("x", httplib2.HTTPConnectionWithTimeout("localhost", server.port))
    uri = server.uri("/p")
    http._request(connection, "localhost", uri, "/p", "GET", None, {}, 5, None)
    http._conn_request(connection, "/p", "GET", None, {})
    assert [is_signed(each) for each in server.received] == [True, True]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))])
def test_copies_sign_too(http, serve, duplicate, tmp_path):
    server = serve()
    http.cache = httplib2.FileCache(str(tmp_path))
    http.request(server.uri())
    twin = duplicate(http)
    assert twin.oauth == http.oauth
    assert twin.cache.cache == str(tmp_path)
    assert twin.connections == {}
    twin.request(server.uri())
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True] * 3


def test_a_pickle_of_a_mapping_and_of_a_frameworks_http(serve, oauth):
    server = serve()
    http = pickle.loads(pickle.dumps(MixinInFront(oauth={"localhost": oauth})))
    http.request(server.uri())
    assert is_signed(server.received[0])


class Double:
    """A test double of a connection, without default_port; like httplib2's own it takes the authority as host."""

    sock = None
    sent = None

    def __init__(self, host, timeout=None, proxy_info=None):
        self.host = host

    def connect(self):
        pass

    def close(self):
        pass

    def set_debuglevel(self, level):
        pass

    def request(self, method, target, body, headers):
        type(self).sent = (method, target, body, headers)

    def getresponse(self):
        class Response(io.BytesIO):
            def items(self):
                return [("status", "200")]

        return Response(b"the body")


@pytest.mark.parametrize(
    "attributes", [{}, {"port": None}, {"port": 81, "host": "double"}, {"host": None}, {"default_port": 8}]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_doubles_of_connections_are_signed_as_what_they_double(http, scheme, attributes):
    class This(Double):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            vars(self).update(attributes)

    assert http.request(f"{scheme}://double:81/p?a=1", connection_type=This)[1] == b"the body"
    method, target, _, headers = This.sent
    arrived = {"host": "double:81", **{name.lower(): value for name, value in headers.items()}}
    assert reference.is_valid(reference.Received(scheme, method, target, arrived, b""), SECRETS)


class OwnRead(Double):
    """A double whose one answer has a ``read`` of its own on the instance, and serves again."""

    class Response(dict):
        status = 200

        def __init__(self):
            self.read = lambda: b"the body"

    response = Response()

    def getresponse(self):
        return self.response


class ReadOnly(Double):
    class Response(dict):
        __slots__ = ()
        status = 200

        def read(self):
            return b"the body"

    def getresponse(self):
        return self.Response()


@pytest.mark.parametrize("double", [OwnRead, ReadOnly])
def test_doubles_of_answers_are_read_as_they_are(http, double):
    for method in ("GET", "POST", "GET"):
        assert http.request("http://double/", method, connection_type=double)[1] == b"the body"


def test_a_double_is_signed_for_where_a_redirect_leads(http):
    class Redirects(Double):
        def getresponse(self):
            response = super().getresponse()
            if type(self).sent[1] == "/1":
                response.items = lambda: [("status", "302"), ("location", "https://double:81/2")]
            return response

    http.connections["https:double:81"] = Redirects("double:81")
    http.request("http://double:81/1", connection_type=Redirects)
    method, target, _, headers = Redirects.sent
    arrived = {"host": "double:81", **{name.lower(): value for name, value in headers.items()}}
    assert (target, reference.is_valid(reference.Received("https", method, target, arrived, b""), SECRETS)) == (
        "/2",
        True,
    )


def test_a_double_that_leads_nowhere_is_a_signing_error(http):
    class Nowhere(Double):
        host = None

        def __init__(self):
            pass

    with pytest.raises(SigningError, match="host"):
        http._conn_request(Nowhere(), "/", "GET", None, {})


def test_threads_with_an_http_each_share_one_oauth(serve, oauth):
    server = serve()

    def work():
        http = OAuth1Http(oauth=oauth)
        for _ in range(20):
            http.request(server.uri())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.received) == 160
    assert all(map(is_signed, server.received))
    assert len({nonce_of(each) for each in server.received}) == 160


# -- challenges


@pytest.mark.parametrize(
    "challenge",
    ["OAuth", "oauth", 'OAuth realm="x"', 'OAuth, Basic realm="x"', 'Basic realm="x", OAuth', "OAuth,OAuth"],
)
def test_a_challenge_is_a_401_and_no_exception(http, serve, challenge):
    """httplib2's parser raises MalformedHeader for a scheme without parameters."""
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate=challenge))
    response, content = http.request(server.uri())
    assert (response.status, content, response["www-authenticate"]) == (401, b"no", challenge)
    assert len(server.received) == 1


def test_a_challenge_is_a_401_also_where_the_mixin_stands_behind(serve, oauth):
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate="OAuth"))
    http = MixinBehind()
    http.oauth = oauth
    assert http.request(server.uri())[0].status == 401


def test_a_malformed_challenge_of_another_scheme_is_httplib2s_matter(http, serve):
    server = serve(lambda _: answer("no", "401 Unauthorized", WWW_Authenticate="="))
    with pytest.raises(httplib2.error.MalformedHeader):
        http.request(server.uri())


def test_basic_credentials_answer_a_401_as_in_httplib2(http, serve):
    server = serve(in_turn(answer("no", "401 Unauthorized", WWW_Authenticate='OAuth, Basic realm="x"'), answer()))
    http.add_credentials("name", "password")
    assert http.request(server.uri())[0].status == 200
    assert is_signed(server.received[0])
    assert server.received[1].headers["authorization"].startswith("Basic ")


# -- redirects


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/there?b=2", "absolute"])
def test_a_redirect_within_the_origin_is_signed_for_each_hop(http, serve, code, location):
    server = serve(lambda r: answer() if r.target.startswith("/there") else answer(status=f"{code} x", Location=where))
    where = server.uri("/there?b=2") if location == "absolute" else location
    response, _ = http.request(server.uri("/here?a=1"))
    assert response.status == 200
    assert [each.target for each in server.received] == ["/here?a=1", "/there?b=2"]
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize(("code", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_a_redirected_post_is_signed_as_what_it_becomes(http, serve, code, method):
    """Of a POST that becomes a GET the form's Content-Type is left over without a body."""
    server = serve(in_turn(answer(status=f"{code} x", Location="/there"), answer()))
    http.follow_all_redirects = True
    http.request(server.uri("/here"), "POST", "a=1", FORM)
    second = server.received[1]
    assert (second.method, second.body) == (method, b"a=1" if method == "POST" else b"")
    assert second.headers["content-type"] == FORM["Content-Type"]
    assert is_signed(second)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_redirect_to_another_port_is_not_signed(http, serve, host):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host=host)))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [True, False]


def test_a_redirect_to_another_host_at_the_same_port_is_not_signed(http, serve):
    server = serve(lambda r: answer() if r.target == "/x" else answer(status="302 Found", Location=target))
    target = server.uri("/x", host="127.0.0.1")
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True, False]


def test_redirect_codes_are_read_from_the_http(http, serve):
    """Frameworks set them from outside."""
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http.redirect_codes = frozenset({301})
    assert http.request(server.uri())[0].status == 302


def test_a_chain_that_comes_home_is_signed_again(http, serve):
    away = serve(lambda _: answer(status="302 Found", Location=home.uri("/end")))
    home = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=away.uri("/")))
    http.request(home.uri("/start"))
    assert [is_signed(each) for each in home.received] == [True, True]
    assert [is_signed(each) for each in away.received] == [False]


@pytest.mark.parametrize("kind", ["mapping", "function"])
def test_a_redirect_to_a_host_that_is_named_is_signed_for_it(serve, oauth, kind):
    elsewhere = serve()
    server = serve(lambda _: answer(status="302 Found", Location=elsewhere.uri("/x", host="127.0.0.1")))
    named = {"127.0.0.1": oauth}
    http = OAuth1Http(oauth=named if kind == "mapping" else lambda uri: named.get(uri.split("/")[2].split(":")[0]))
    http.request(server.uri())
    assert [is_signed(each) for each in server.received + elsewhere.received] == [False, True]


def test_the_same_host_over_tls_counts_as_the_same(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, True]


def test_another_host_over_tls_does_not(serve, oauth, tls, ca_certs):
    secure = serve(tls=tls)
    plain = serve(lambda _: answer(status="301 Moved", Location=secure.uri("/x", host="127.0.0.1")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri())
    assert [is_signed(each) for each in plain.received + secure.received] == [True, False]


@pytest.mark.parametrize("kind", ["one", "mapping", "function"])
def test_nothing_is_signed_from_https_to_http(serve, oauth, tls, ca_certs, kind):
    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    who = {"one": oauth, "mapping": {"localhost": oauth}, "function": lambda uri: oauth}[kind]
    OAuth1Http(ca_certs=ca_certs, oauth=who).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_nothing_is_signed_from_https_to_http_by_a_frameworks_own_redirects_either(serve, oauth, tls, ca_certs):
    class Cooperative(OAuth1Http):
        def request(self, uri, *args, **kwargs):
            self.follow_redirects = False
            response, content = super().request(uri, *args, **kwargs)
            return self.request(response["location"]) if response.status == 302 else (response, content)

    plain = serve()
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/x")), tls=tls)
    Cooperative(ca_certs=ca_certs, oauth={"localhost": oauth}).request(secure.uri())
    assert [is_signed(each) for each in secure.received + plain.received] == [True, False]


def test_nothing_is_signed_from_http_over_https_to_http(serve, oauth, tls, ca_certs):
    secure = serve(lambda _: answer(status="302 Found", Location=plain.uri("/end")), tls=tls)
    plain = serve(lambda r: answer() if r.target == "/end" else answer(status="302 Found", Location=secure.uri("/")))
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(plain.uri("/start"))
    assert [is_signed(each) for each in plain.received] == [True, False]


def test_a_call_with_its_own_authorization_is_not_signed_after_a_redirect(http, serve):
    """httplib2 drops the header there; ours must not slip in."""
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    http.request(server.uri(), headers={"Authorization": "Bearer x"})
    assert "authorization" not in server.received[1].headers


def test_a_request_by_another_http_meanwhile_is_a_call_of_its_own(serve, oauth):
    """A function that says who signs may have to ask over HTTP, with the same Http class."""
    tokens, server = serve(), serve()
    helper = OAuth1Http(oauth=oauth)

    def signer(uri):
        helper.request(tokens.uri("/token"))
        return oauth

    OAuth1Http(oauth=signer).request(server.uri())
    assert [is_signed(each) for each in tokens.received + server.received] == [True, True]


class OwnHeaders:
    """Headers as werkzeug and wsgiref have them: items(), but no Mapping."""

    def items(self):
        return [("Authorization", "Bearer x")]


class AddsItsOwn(OAuth1Mixin, httplib2.Http):
    def request(self, uri, method="GET", body=None, headers=None, *args, **kwargs):
        headers = {"authorization": "Bearer x", **(headers or {})}
        return super().request(uri, method, body, headers, *args, **kwargs)


@pytest.mark.parametrize(("swapped", "headers"), [(OAuth1Http, OwnHeaders()), (AddsItsOwn, None)])
def test_an_own_authorization_is_noticed_however_it_comes(serve, oauth, cache, swapped, headers):
    server = serve(lambda r: answer(status="302 Found", Location="/there") if r.target == "/" else per_user(r))
    http = swapped(cache, oauth=oauth)
    http.request(server.uri(), headers=headers)
    assert [each.headers.get("authorization", "")[:6] for each in server.received] in (
        ["Bearer", ""],
        ["Bearer", "Bearer"],
    )
    assert OAuth1Http(cache, oauth=oauth).request(server.uri("/there"))[1] == b"token"


class Authorizes(httplib2.Http):
    """lazr.restfulclient's way: the header is added further in, to what httplib2 hands on."""

    def _request(self, conn, host, absolute_uri, request_uri, method, body, headers, redirections, cachekey):
        if absolute_uri.endswith("/"):
            headers["authorization"] = "Bearer x"
        arguments = (conn, host, absolute_uri, request_uri, method, body, headers, redirections, cachekey)
        return super()._request(*arguments)


class MixinOverAuthorizes(OAuth1Mixin, Authorizes):
    pass


def test_an_authorization_that_a_framework_adds_further_in_wins_for_the_call(serve, oauth):
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    MixinOverAuthorizes(oauth=oauth).request(server.uri())
    assert [each.headers.get("authorization") for each in server.received] == ["Bearer x", None]


def test_a_caller_with_an_own_authorization_does_not_read_the_users_entry(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    assert http.request(server.uri())[1] == b"token"
    assert http.request(server.uri(), headers={"authorization": "Bearer x"})[1] == b"nobody"


def test_an_answer_to_basic_credentials_is_not_cached_as_the_users(serve, cache, oauth):
    def handler(received):
        if received.headers.get("authorization", "").startswith("Basic"):
            return answer("bob", Cache_Control="max-age=600", Date=httplib2.email.utils.formatdate(usegmt=True))
        return (
            answer("no", "401 Unauthorized", WWW_Authenticate='Basic realm="x"')
            if len(server.received) == 1
            else per_user(received)
        )

    server = serve(handler)
    http = OAuth1Http(cache, oauth=oauth)
    http.add_credentials("bob", "password")
    assert http.request(server.uri())[1] == b"bob"
    assert OAuth1Http(cache, oauth=oauth).request(server.uri())[1] == b"token"


def test_an_error_after_a_redirect_says_that_something_was_sent(serve):
    """Nothing of this hop was; what was redirected may have been acted upon."""
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")
    with pytest.raises(ResponseLostError, match=r"was sent and answered \(303\).*AUTH_HEADER") as caught:
        OAuth1Http(oauth=oauth).request(server.uri(), "POST", "a=1", FORM)
    assert len(server.received) == 1
    assert caught.value.response["location"] == server.uri("/there")


def test_a_signing_error_after_a_redirect_says_that_something_was_sent(serve, oauth):
    server = serve(in_turn(answer(status="303 See Other", Location="/there"), answer()))
    asked = iter([oauth, OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="BODY")])
    with pytest.raises(SigningError, match="was sent"):
        OAuth1Http(oauth=lambda uri: next(asked)).request(server.uri())


def test_a_redirect_that_echoes_a_signed_query_is_cleaned(serve, tmp_path):
    """nginx's way from http to https: the parameters would be sent twice, and a signature written to the cache."""
    server = serve(
        lambda r: (
            answer()
            if "/there" in r.target
            else answer(status="301 Moved", Location=r.target.replace("/here", "/there"), Cache_Control="max-age=600")
        )
    )
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY")
    OAuth1Http(str(tmp_path), oauth=oauth).request(server.uri("/here?a=1&b=?"))
    assert [is_signed(each) for each in server.received] == [True, True]
    assert server.received[1].target.startswith("/there?a=1&b=?&oauth_nonce=")
    assert server.received[1].target.count("oauth_signature=") == 1
    assert all(b"oauth_signature" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_redirect_that_echoes_a_query_of_ours_alone_loses_all_of_it(serve):
    server = serve(
        lambda r: (
            answer()
            if "/there" in r.target
            else answer(status="302 Found", Location=r.target.replace("/here", "/there"))
        )
    )
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type="QUERY")
    OAuth1Http(oauth=oauth).request(server.uri("/here"))
    assert server.received[1].target.startswith("/there?oauth_nonce=")
    assert is_signed(server.received[1])


def test_a_call_that_is_over_is_not_gone_on_with(serve, oauth):
    """A context that was copied while a request ran, and is used afterwards."""
    first, second = serve(), serve()
    kept = []

    class Keeps(httplib2.HTTPConnectionWithTimeout):
        def connect(self):
            kept.append(contextvars.copy_context())
            super().connect()

    http = OAuth1Http(oauth=oauth)
    http.request(first.uri(), connection_type=Keeps)
    kept[0].run(http.request, second.uri())
    assert [is_signed(each) for each in first.received + second.received] == [True, True]


def test_redirects_may_be_renamed_and_given_by_position(http, serve):
    server = serve(lambda _: answer(status="302 Found", Location="/again"))
    with pytest.raises(httplib2.RedirectLimit):
        http.request(server.uri(), "GET", None, None, 2)
    assert len(server.received) == 3


# -- retransmission


def test_a_safe_request_is_signed_afresh_when_it_is_sent_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    assert http.request(server.uri())[1] == b"ok"
    assert [is_signed(each) for each in server.received] == [True, True]
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_any_other_request_keeps_its_nonce_when_it_is_sent_again(http, serve, method):
    server = serve(in_turn(DROP, answer()))
    body, headers = ("a=1", FORM) if method != "DELETE" else (None, {})
    assert http.request(server.uri(), method, body, headers)[1] == b"ok"
    assert len({each.headers["authorization"] for each in server.received}) == 1
    assert [is_signed(each) for each in server.received] == [True, True]


@pytest.mark.parametrize(
    "refusal",
    [
        refused("Nonce already used: x"),
        answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="nonce_used"'),
    ],
    ids=["mediawiki", "problem report"],
)
def test_a_copy_that_is_refused_for_its_nonce_says_that_the_answer_was_lost(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="most likely acted") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.reason, len(server.received)) == ("nonce", 2)
    assert isinstance(caught.value, httplib2.HttpLib2Error)
    assert (caught.value.response.status, caught.value.content != b"") in [(200, True), (401, False)]


@pytest.mark.parametrize(
    "refusal",
    [
        answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json"),
        refused("Whatever"),
        answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="permission_denied"'),
    ],
    ids=["rest.php", "api.php", "problem report"],
)
def test_a_copy_that_is_refused_without_a_reason_leaves_open_what_was_done(http, serve, refusal):
    server = serve(in_turn(DROP, refusal))
    with pytest.raises(ResponseLostError, match="not known") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert caught.value.reason == "other"


@pytest.mark.parametrize("words", ["Invalid signature", "Invalid consumer", "No approved grant was found"])
def test_a_copy_that_is_refused_for_what_the_first_would_have_been_is_an_answer(http, serve, words):
    server = serve(in_turn(DROP, refused(words)))
    assert words.encode() in http.request(server.uri(), "POST", "a=1", FORM)[1]


def test_a_nonce_that_is_refused_at_once_is_the_servers_answer(http, serve):
    server = serve(lambda _: refused("Nonce already used: x"))
    response, content = http.request(server.uri(), "POST", "a=1", FORM)
    assert (response.status, b"Nonce already used" in content) == (200, True)


def test_a_lost_answer_never_makes_an_edit_twice(wiki, alice, serve):
    """An append through a proxy that drops the first answer, on a wiki that remembers nonces."""
    connection = http_client.HTTPConnection(*wiki.server.partition("//")[2].split(":"))
    dropped = []

    def proxy(received):
        headers = {name: value for name, value in received.headers.items() if name != "host"}
        connection.request(received.method, received.target, received.body, {**headers, "Host": wiki_host})
        response = connection.getresponse()
        content = response.read()
        if received.method == "POST" and not dropped:
            dropped.append(content)
            return DROP
        kept = {name.replace("-", "_"): value for name, value in response.getheaders() if name.startswith("MediaWiki")}
        return answer(content, **kept)

    wiki_host = wiki.server.partition("//")[2]
    server = serve(proxy)
    # The wiki signs with its own name, so that is the host that is signed.
    client = OAuth1Http(oauth=alice)
    token = json.loads(OAuth1Http(oauth=alice).request(f"{wiki.api_uri}?action=query&meta=tokens&format=json")[1])
    form = {
        "action": "edit",
        "title": "X",
        "appendtext": "once",
        "token": token["query"]["tokens"]["csrftoken"],
        "format": "json",
    }
    from urllib.parse import urlencode

    with pytest.raises(ResponseLostError):
        client.request(server.uri("/api.php"), "POST", urlencode(form), {**FORM, "Host": wiki_host})
    assert b"Success" in dropped[0]
    page = OAuth1Http().request(f"{wiki.index_uri}?title=X&action=raw")[1]
    assert page == b"once"


def test_a_seekable_body_is_sent_whole_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    body = io.BytesIO(b"skipped " + b"x" * 1000)
    body.seek(8)
    http.request(server.uri(), "PUT", body, {"content-type": "image/png"})
    assert [each.body for each in server.received] == [b"x" * 1000] * 2


def test_a_form_read_from_a_file_is_sent_whole_again(http, serve):
    server = serve(in_turn(DROP, answer()))
    http.request(server.uri(), "POST", io.BytesIO(b"a=1"), FORM)
    assert [each.body for each in server.received] == [b"a=1"] * 2
    assert all(map(is_signed, server.received))


class Pipe(io.RawIOBase):
    """Readable once, as a pipe or a socket is."""

    def __init__(self, content):
        self.content = [content]

    def readable(self):
        return True

    def read(self, size=-1):
        return self.content.pop() if self.content else b""


class OneShot:
    """An iterable that gives the same iterator again."""

    def __init__(self, content):
        self.parts = iter([content])

    def __iter__(self):
        return self.parts


class Untellable(Pipe):
    """What wraps a stream may raise anything, or answer nonsense."""

    def tell(self):
        raise NotImplementedError

    def seek(self, *_):
        return None


class Mute(Untellable):
    def tell(self):
        return None


@pytest.mark.parametrize(
    "make",
    [lambda: Pipe(b"x" * 10), lambda: iter([b"x" * 10]), lambda: OneShot(b"x" * 10), lambda: Untellable(b"x" * 10),
     lambda: Mute(b"x" * 10)],
    ids=["pipe", "iterator", "one shot", "untellable", "mute"],
)  # fmt: skip
def test_a_body_that_can_be_read_once_is_not_sent_in_part(http, serve, make):
    server = serve(in_turn(DROP, answer()))
    with pytest.raises(ResponseLostError, match="read only once") as caught:
        http.request(server.uri(), "POST", make(), {"content-type": "image/png"})
    assert caught.value.reason == "other"
    assert [each.body for each in server.received] == [b"x" * 10]


def test_a_connection_that_went_stale_before_sending_costs_nothing(http, serve):
    server = serve(lambda _: answer(Connection="close"))
    for _ in range(3):
        assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 200
    assert [is_signed(each) for each in server.received] == [True] * 3


# -- the clock


def clock_server(serve, off, **kwargs):
    """A server whose clock is ``off`` seconds ahead and which refuses others as MediaWiki does."""

    def handler(received):
        now = int(time.time()) + off
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        if abs(now - sent) > 300:
            return refused(f"Expired timestamp, yours {sent}, ours {now}")
        return answer()

    return serve(handler, **kwargs)


@pytest.mark.parametrize("off", [3600, -3600, 86400, -86400])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_wrong_clock_costs_one_request_and_then_none(http, serve, off, method):
    server = clock_server(serve, off)
    for expected in (2, 3, 4):
        assert http.request(server.uri(), method, "a=1" if method == "POST" else None, FORM)[1] == b"ok"
        assert len(server.received) == expected
    assert all(map(is_signed, server.received))
    assert len({nonce_of(each) for each in server.received}) == 4


def test_clocks_are_kept_apart_by_server(http, serve):
    servers = [clock_server(serve, off) for off in (0, 7200, -7200)]
    for _ in range(2):
        for server in servers:
            http.request(server.uri())
    assert [len(server.received) for server in servers] == [2, 3, 3]


def test_the_wikis_own_refusals_mend_the_clock_everywhere(wiki, alice):
    wiki.clock = lambda: time.time() + 5000
    for uri in (
        f"{wiki.api_uri}?action=query&meta=userinfo&format=json",
        f"{wiki.api_uri}?action=query&meta=userinfo&format=xml",
        f"{wiki.rest_uri}/v1/page/Main_Page",
        f"{wiki.index_uri}?title=Special:OAuth/identify",
    ):
        response, content = OAuth1Http(oauth=alice).request(uri)
        assert response.status == 200
        assert b"rror" not in content
    assert [seen.refusal is None for seen in wiki.requests] == [False, True] * 4


def test_a_head_request_mends_the_clock_by_the_date(wiki, alice):
    wiki.clock = lambda: time.time() + 5000
    http = OAuth1Http(oauth=alice)
    http.request(f"{wiki.api_uri}?action=query&format=json", "HEAD")
    assert [seen.refusal is None for seen in wiki.requests] == [False, True]


def test_a_refusal_without_a_reason_at_the_right_time_is_an_answer(wiki):
    """rest.php says the same for a wrong secret; then the Date is ours, and asking again would not help."""
    http = OAuth1Http(oauth=OAuth1(*wiki.owner_only("Alice")[:3], "wrong"))
    assert http.request(f"{wiki.rest_uri}/v1/page/Main_Page")[0].status == 403
    assert len(wiki.requests) == 1


def test_a_problem_report_mends_the_clock(http, serve):
    now = int(time.time()) + 9000
    report = f"oauth_problem=timestamp_refused&oauth_acceptable_timestamps={now - 100}-{now + 100}"
    server = serve(in_turn(answer(report, "401 Unauthorized"), answer()))
    assert http.request(server.uri())[1] == b"ok"
    assert abs(int(reference.protocol_parameters(server.received[1])["oauth_timestamp"]) - now) < 50


def test_a_server_that_goes_on_refusing_is_asked_twice(http, serve):
    server = serve(lambda r: refused(f"Expired timestamp, yours {timestamp(r)}, ours 12345"))

    def timestamp(received):
        return reference.protocol_parameters(received)["oauth_timestamp"]

    _, content = http.request(server.uri())
    assert b"Expired timestamp" in content
    assert len(server.received) == 2
    assert timestamp(server.received[1]) in ("12345", "12346")


def test_a_clock_that_was_mended_in_vain_is_put_back(http, serve):
    """rest.php's 403 with a stale Date, of a copy in between: the wiki minds something else."""
    stale = answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json",
                   Date="Thu, 01 Jan 2026 00:00:00 GMT")  # fmt: skip
    server = serve(lambda _: stale)
    for _ in range(2):
        assert http.request(server.uri())[0].status == 403
    times = [int(reference.protocol_parameters(each)["oauth_timestamp"]) for each in server.received]
    assert [abs(each - time.time()) < 60 for each in times] == [True, False, True, False]


def test_a_refusal_that_quotes_another_timestamp_moves_nothing(http, serve):
    """A page's text can say it too; what the server repeats is what was sent."""
    server = serve(lambda _: refused("Expired timestamp, yours 1, ours 2"))
    http.request(server.uri())
    assert len(server.received) == 1


@pytest.mark.parametrize("words", ["Invalid signature", "Invalid consumer", "No approved grant was found"])
def test_other_refusals_are_answers(http, serve, words):
    server = serve(lambda _: refused(words))
    _, content = http.request(server.uri())
    assert words.encode() in content
    assert len(server.received) == 1


def test_an_answer_lost_after_the_clock_was_mended_is_noticed_too(http, serve):
    """Refused for the clock, sent again, acted upon, answer lost, refused for the nonce."""
    answers = iter([None, DROP, refused("Nonce already used: x")])

    def handler(received):
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        if len(server.received) == 1:
            next(answers)
            return refused(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")
        return next(answers)

    server = serve(handler)
    with pytest.raises(ResponseLostError, match="most likely acted"):
        http.request(server.uri(), "POST", "a=1", FORM)
    assert len(server.received) == 3
    assert nonce_of(server.received[0]) != nonce_of(server.received[1]) == nonce_of(server.received[2])


def test_a_file_is_sent_whole_again_after_a_refusal_for_the_clock(http, serve):
    server = clock_server(serve, 5000)
    assert http.request(server.uri(), "PUT", io.BytesIO(b"x" * 10), {"content-type": "image/png"})[1] == b"ok"
    assert [each.body for each in server.received] == [b"x" * 10] * 2


def test_a_body_that_can_be_read_once_leaves_the_refusal_and_the_next_request_is_right(http, serve):
    server = clock_server(serve, 5000)
    _, content = http.request(server.uri(), "PUT", iter([b"x"]), {"content-type": "image/png"})
    assert b"Expired timestamp" in content
    assert http.request(server.uri(), "PUT", iter([b"x"]), {"content-type": "image/png"})[1] == b"ok"
    assert len(server.received) == 2


def test_a_copy_that_is_refused_for_the_clock_is_not_sent_a_third_time(http, serve):
    """The clock is looked at before the nonce, so the first copy may have been acted upon."""

    def handler(received):
        if len(server.received) == 1:
            return DROP
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        return refused(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")

    server = serve(handler)
    with pytest.raises(ResponseLostError, match="not known") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.reason, len(server.received)) == ("other", 2)


# -- the cache


class Memory:
    """Any object with get, set and delete."""

    def __init__(self):
        self.entries = {}

    def get(self, key):
        return self.entries.get(key)

    def set(self, key, value):
        self.entries[key] = value

    def delete(self, key):
        self.entries.pop(key, None)


@pytest.fixture(params=["file", "memory"])
def cache(request, tmp_path):
    return httplib2.FileCache(str(tmp_path / "cache")) if request.param == "file" else Memory()


def per_user(received):
    """A cacheable answer that says who asked."""
    user = reference.protocol_parameters(received).get("oauth_token", "nobody")
    return answer(user, Cache_Control="max-age=600", Date=httplib2.email.utils.formatdate(usegmt=True), **vary)


vary = {}


@pytest.mark.parametrize("header", [None, "Authorization", "Accept-Encoding,Cookie,Authorization"])
def test_users_never_share_an_entry_and_always_hit_their_own(serve, cache, header, monkeypatch):
    monkeypatch.setitem(vary, "Vary", header) if header else None
    server = serve(per_user)
    users = {
        "nobody": None,
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


def test_a_wrong_secret_does_not_read_what_was_cached_for_the_right_one(serve, cache):
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


def test_a_stale_entry_is_revalidated(serve, cache, oauth):
    def handler(received):
        if received.headers.get("if-none-match") == '"1"':
            return answer("", "304 Not Modified", ETag='"1"')
        return answer("content", ETag='"1"')

    server = serve(handler)
    http = OAuth1Http(cache, oauth=oauth)
    assert [http.request(server.uri())[1] for _ in range(2)] == [b"content"] * 2
    assert [each.headers.get("if-none-match") for each in server.received] == [None, '"1"']
    assert all(map(is_signed, server.received))


def test_a_write_drops_the_users_own_entry(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    for method in ("GET", "GET", "POST", "GET"):
        http.request(server.uri(), method)
    assert [each.method for each in server.received] == ["GET", "POST", "GET"]


def test_a_cached_permanent_redirect_to_elsewhere_is_not_signed(serve, cache, oauth):
    elsewhere = serve()
    server = serve(lambda _: answer(status="301 Moved", Location=elsewhere.uri("/x"), Cache_Control="max-age=600"))
    http = OAuth1Http(cache, oauth=oauth)
    for _ in range(2):
        http.request(server.uri())
    assert len(server.received) == 1
    assert [is_signed(each) for each in elsewhere.received] == [False, False]


def test_an_answer_to_the_callers_own_authorization_is_not_cached_as_the_users(serve, cache, oauth):
    server = serve(per_user)
    http = OAuth1Http(cache, oauth=oauth)
    http.request(server.uri(), headers={"Authorization": "Bearer somebody-else"})
    assert http.request(server.uri())[1] == b"token"


class CacheByDefault(httplib2.Http):
    cache = None


class CacheByProperty(httplib2.Http):
    @property
    def cache(self):
        return self.its_own

    @cache.setter
    def cache(self, cache):
        self.its_own = cache


@pytest.mark.parametrize("framework", [CacheByDefault, CacheByProperty])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_a_frameworks_own_cache_attribute_keeps_users_apart_too(serve, framework, order):
    bases = [(OAuth1Mixin, framework), (framework, OAuth1Mixin), (framework, OAuth1Http)][order]
    http = type("Swapped", bases, {})()
    assert http.cache is None
    http.cache = cache = Memory()
    assert http.cache is cache
    server = serve(per_user)
    for _ in range(2):
        for name in ("alice", "bob", None):
            http.oauth = name and OAuth1("client", SECRETS.client, name, SECRETS.token)
            assert http.request(server.uri())[1] == (name or "nobody").encode()
    assert len(server.received) == 3


def test_a_redirect_to_https_does_not_move_what_is_cached_before_it(serve, oauth, tls, ca_certs):
    """The hop that was signed keeps its key, whatever the redirect's hops do."""
    secure = serve(lambda _: answer("", "304 Not Modified"), tls=tls)
    answers = [answer("private", ETag='"1"'), answer(status="302 Found", Location=secure.uri("/"))]
    server = serve(in_turn(*answers))
    cache = Memory()
    http = OAuth1Http(cache, ca_certs=ca_certs, oauth=oauth)
    for _ in range(2):
        http.request(server.uri("/p"))
    assert server.uri("/p") not in cache.entries


def test_a_default_port_is_the_same_uri_to_cache_and_signature(oauth, serve):
    server = serve(lambda _: answer("x", Cache_Control="max-age=600"))
    connection = type("ToTheServer", (Elsewhere,), {"port_to_use": server.port})
    asked = []
    http = OAuth1Http(Memory(), oauth=lambda uri: asked.append(uri) or oauth)
    http.request("http://Wiki.example:80/p?a=1", connection_type=connection)
    assert asked == ["http://wiki.example/p?a=1"]


def test_a_cache_that_is_false_is_not_used_as_in_httplib2(serve, oauth):
    class Empty(Memory):
        def __len__(self):
            return len(self.entries)

    server = serve(per_user)
    caches = [Empty(), Empty()]
    for http in (httplib2.Http(caches[0]), OAuth1Http(caches[1], oauth=oauth)):
        http.request(server.uri())
    assert [len(each) for each in caches] == [0, 0]


def test_the_cache_stays_readable_and_settable(tmp_path, oauth):
    cache = Memory()
    http = OAuth1Http(cache, oauth=oauth)
    assert http.cache is cache
    http.cache = None
    assert http.cache is None
    http.cache = other = httplib2.FileCache(str(tmp_path))
    assert http.cache is other


def test_a_caches_own_attributes_are_read_and_set_while_a_request_runs(serve, oauth):
    """lazr.restfulclient keeps the media type there."""

    class Framework(OAuth1Mixin, httplib2.Http):
        def _conn_request(self, *args):
            self.cache.media_type = self.cache.media_type + "+json"
            return super()._conn_request(*args)

    cache = Memory()
    cache.media_type = "application/x"
    Framework(cache, oauth=oauth).request(serve().uri())
    assert cache.media_type == "application/x+json"


# -- vcrpy


def test_a_connection_is_known_for_https_while_a_cassette_is_open(http, serve, tls, ca_certs, tmp_path):
    """A class with a default port of its own, called inside: only what it derives from tells."""
    vcr = pytest.importorskip("vcr")

    class Odd(httplib2.HTTPSConnectionWithTimeout):
        default_port = 8443

    server = serve(tls=tls)
    connection = Odd("localhost", server.port, ca_certs=ca_certs)
    with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
        http._conn_request(connection, "/p", "GET", None, {})
    assert is_signed(server.received[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests_are_signed_while_a_cassette_records_them(serve, oauth, tls, ca_certs, tmp_path, scheme):
    """Under vcrpy the name HTTPSConnection means another class, so that a look at it then would sign for http."""
    vcr = pytest.importorskip("vcr")
    server = serve(tls=tls if scheme == "https" else None)
    path = str(tmp_path / "cassette.yaml")
    http = OAuth1Http(ca_certs=ca_certs, oauth=oauth)
    with vcr.use_cassette(path, record_mode="once"):
        http.request(server.uri("/p?a=1"))
    assert is_signed(server.received[0])
    with vcr.use_cassette(path, record_mode="none"):
        assert OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p?a=1"))[1] == b"ok"
    assert len(server.received) == 1
