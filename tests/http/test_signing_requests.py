"""Requests that OAuth1Http sends over real sockets: what is signed, and what stays as in httplib2."""

import io
from urllib.parse import quote

import httplib2
import pytest

from httplib2_oauthlib import InsecureTransportError, OAuth1, OAuth1Http, OAuthError, SigningError

from ..servers import answer, in_turn
from .loopback_connection import LoopbackConnection
from .signed_requests import FORM, SECRETS, is_signed, nonce_of


def test_every_request_is_signed(http, serve):
    server = serve()
    response, content = http.request(server.uri("/p?a=1"))
    assert (response.status, content) == (200, b"ok")
    http.request(server.uri("/q"), "POST", "a=\u00e9&b=+", FORM)
    http.request(server.uri("/r"), "PUT", '{"a": 1}', {"Content-Type": "application/json"})
    assert [is_signed(each) for each in server.received] == [True] * 3
    assert len({nonce_of(each) for each in server.received}) == 3


def test_without_credentials_the_request_is_the_same_as_httplib2s(serve):
    server = serve()
    httplib2.Http().request(server.uri("/p?a=b|c"), "POST", "a=1", {**FORM, "x-mine": "1"})
    OAuth1Http().request(server.uri("/p?a=b|c"), "POST", "a=1", {**FORM, "x-mine": "1"})
    assert server.received[0] == server.received[1]


def test_setting_oauth_between_requests_switches_signing_on_and_off(serve, oauth):
    server = serve()
    http = OAuth1Http()
    for value in (None, oauth, None, oauth):
        http.oauth = value
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
def test_body_of_each_type_arrives_signed_and_unchanged(http, serve, method, body, headers):
    server = serve()
    if isinstance(body, io.BytesIO):
        expected = body.getvalue()
    elif body is None or isinstance(body, str | bytes):
        # A form is percent-encoded.
        text = quote(body, safe="=") if isinstance(body, str) and headers == FORM else body or ""
        expected = text.encode("latin-1") if isinstance(text, str) else text
    else:
        expected = b"a=1&b=2"
    http.request(server.uri("/p?q=1"), method, body, headers)
    assert server.received[0].body == expected
    assert is_signed(server.received[0])


@pytest.mark.parametrize("path", ["/a|b?c=d|e f", "/?a[]=\u00e9&b=\"'\\", "/p;", "/p;?a", "?x", "", "/%7e~?%zz=%"])
def test_characters_that_httplib2_sends_raw_are_percent_encoded(http, serve, path):
    server = serve()
    http.request(server.uri(path))
    assert is_signed(server.received[0])
    assert not set('|[]"\\ ') & set(server.received[0].target)


def test_request_to_an_ipv6_host_is_signed(http, serve):
    server = serve(host="::1")
    http.request(server.uri(host="[::1]"))
    assert server.received[0].headers["host"].startswith("[::1]:")
    assert is_signed(server.received[0])


def test_request_to_an_international_host_and_its_redirect_are_signed(serve, oauth):
    server = serve(in_turn(answer(status="302 Found", Location="http://B\u00dcCHER.example/2"), answer()))
    http = OAuth1Http(oauth=oauth)
    http.connections["http:xn--bcher-kva.example"] = connection = LoopbackConnection("xn--bcher-kva.example")
    connection.server_port = server.port
    http.request("http://b\u00fccher.example/1")
    assert [each.headers["host"] for each in server.received] == ["xn--bcher-kva.example"] * 2
    assert [is_signed(each) for each in server.received] == [True, True]


def test_invalid_international_host_raises_unicode_error_as_in_httplib2(http):
    with pytest.raises(UnicodeError):
        http.request("http://\u00e9..example/")


def test_connection_class_with_another_default_port_is_signed(serve, oauth, tls, ca_certs):
    class OtherDefaultPort(httplib2.HTTPSConnectionWithTimeout):
        default_port = 8443

    server = serve(tls=tls)
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p"), connection_type=OtherDefaultPort)
    assert is_signed(server.received[0])


@pytest.mark.parametrize(
    "spelling", ["http://localhost:0{port}/", "http://local\thost:{port}/", "http://LOCALHOST:{port}"]
)
def test_other_spellings_of_a_host_and_port_are_signed(http, serve, spelling):
    server = serve()
    http.request(spelling.format(port=server.port))
    assert is_signed(server.received[0])


def test_connection_that_was_given_an_international_host_is_signed(http, serve):
    server = serve()
    connection = LoopbackConnection("b\u00fccher.example")
    connection.server_port = server.port
    http._conn_request(connection, "/p?a=1", "GET", None, {})
    assert (server.received[0].target, is_signed(server.received[0])) == ("/p?a=1", True)


def test_host_in_upper_case_is_signed(http, serve):
    server = serve()
    http.request(server.uri("/A").replace("localhost", "LocalHost"))
    assert is_signed(server.received[0])


def test_request_over_tls_is_signed(serve, oauth, tls, ca_certs):
    server = serve(tls=tls)
    OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p?a=1"))
    assert is_signed(server.received[0])


def test_plaintext_signature_is_sent_over_tls_only(serve, tls, ca_certs):
    secure, plain = serve(tls=tls), serve()
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_method="PLAINTEXT")
    http = OAuth1Http(ca_certs=ca_certs, oauth=oauth)
    http.request(secure.uri())
    assert is_signed(secure.received[0])
    with pytest.raises(InsecureTransportError):
        http.request(plain.uri())
    assert plain.connections == 0


@pytest.mark.parametrize("placement", ["QUERY", "BODY"])
def test_parameters_in_the_query_or_the_body_are_valid(serve, placement):
    server = serve()
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type=placement)
    OAuth1Http(oauth=oauth).request(server.uri("/p?a=1"), "POST", "b=2", FORM)
    assert is_signed(server.received[0])


def test_request_that_cannot_be_signed_is_not_sent(http, serve):
    server = serve()
    with pytest.raises(SigningError) as caught:
        http.request(server.uri(), "POST", {"a": "1"}, FORM)
    assert isinstance(caught.value, httplib2.HttpLib2Error)
    assert isinstance(caught.value, OAuthError)
    assert server.connections == 0


def test_errors_of_httplib2_pass_through_unchanged(http):
    with pytest.raises(httplib2.error.RelativeURIError):
        http.request("/relative")
    with pytest.raises(ConnectionRefusedError):
        http.request("http://127.0.0.1:1/")


def test_force_exception_to_status_code_covers_signing_errors(http, serve):
    """The response's body holds the error message, which shows no secret."""
    http.force_exception_to_status_code = True
    response, content = http.request(serve().uri(), "POST", {"a": "canary"}, FORM)
    assert response.status == 400
    assert b"urlencode" in content
    assert b"canary" not in content


def test_headers_of_the_caller_are_not_modified(http, serve):
    headers = {"X-Mine": "1", "Content-Type": "Application/X-WWW-Form-Urlencoded"}
    before = dict(headers)
    http.request(serve().uri(), "POST", "a=1", headers)
    assert headers == before


def test_close_clears_the_passwords_and_the_http_can_be_used_again(http, serve):
    server = serve()
    http.add_credentials("name", "password")
    http.request(server.uri())
    http.close()
    assert list(http.credentials.iter("")) == []
    assert isinstance(http.credentials, httplib2.Credentials)
    http.request(server.uri())
    assert is_signed(server.received[1])
