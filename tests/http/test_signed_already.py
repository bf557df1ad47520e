"""Requests that carry an authorization or a signature already: what is signed beside it, and what is left as it is."""

import io

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, install

from .. import reference
from ..servers import answer, in_turn
from .memory_cache import MemoryCache
from .signed_requests import FORM, SECRETS, is_signed

OTHER = OAuth1("other", "s", "other token", "s")


def with_placement(placement):
    return OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type=placement)


def is_valid(received):
    """Return whether the query or the form is signed, with an Authorization of another kind beside it."""
    headers = {name: value for name, value in received.headers.items() if name != "authorization"}
    return is_signed(received._replace(headers=headers))


# -- an Authorization for the site


@pytest.mark.parametrize("scheme", ["Basic dTpw", "basic dTpw", 'Digest username="u"', "Negotiate YQ==", "NTLM YQ=="])
@pytest.mark.parametrize(("placement", "method"), [("QUERY", "GET"), ("QUERY", "POST"), ("BODY", "POST")])
def test_query_or_form_is_signed_beside_the_authorization_of_a_site(serve, placement, method, scheme):
    server = serve()
    body = "a=1" if method == "POST" else None
    http = OAuth1Http(timeout=5, oauth=with_placement(placement))
    http.request(server.uri("/?b=2"), method, body, {"Authorization": scheme, **(FORM if body else {})})
    assert server.received[0].headers["authorization"] == scheme
    assert is_valid(server.received[0])


@pytest.mark.parametrize("scheme", ["Bearer x", 'OAuth oauth_signature="x"', "Token x", "x", ""])
@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY"])
def test_authorization_for_the_same_access_is_not_signed_beside(serve, placement, scheme):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=with_placement(placement))
    http.request(server.uri(), headers={b"authorization": scheme.encode()})
    assert server.received[0].headers["authorization"] == scheme
    assert server.received[0].target == "/"


def test_password_that_answers_a_challenge_stands_beside_a_signed_query(serve):
    server = serve(
        lambda r: answer() if "authorization" in r.headers else answer("", "401 No", WWW_Authenticate='Basic realm="x"')
    )
    http = OAuth1Http(timeout=5, oauth=with_placement("QUERY"))
    http.add_credentials("u", "p")
    for _ in range(2):
        assert http.request(server.uri(), "POST", "a=1", FORM)[0].status == 200
    assert [each.headers.get("authorization", "")[:5] for each in server.received] == ["", "Basic", "Basic"]
    assert all(map(is_valid, server.received))
    assert len({reference.protocol_parameters(each)["oauth_nonce"] for each in map(without, server.received)}) == 3


def without(received):
    return received._replace(headers={k: v for k, v in received.headers.items() if k != "authorization"})


def test_redirect_within_the_site_is_signed_and_to_another_is_not(serve):
    """httplib2 removes the header from both."""
    other = serve()
    places = {"/a": "/b", "/c": None}
    server = serve(
        lambda r: (
            answer(status="302 Found", Location=places[path] or other.uri(host="127.0.0.1"))
            if (path := r.target.partition("?")[0]) in places
            else answer()
        )
    )
    http = OAuth1Http(timeout=5, oauth=with_placement("QUERY"))
    for path in ("/a", "/c"):
        http.request(server.uri(path), headers={"Authorization": "Basic dTpw"})
    assert [is_valid(each) for each in server.received] == [True, True, True]
    assert not reference.protocol_parameters(other.received[0])


def test_cache_entry_beside_the_authorization_of_a_site_is_the_users(serve):
    def handler(received):
        parameters = reference.protocol_parameters(without(received))
        return answer(parameters.get("oauth_token", "anonymous"), Cache_Control="max-age=600")

    server = serve(handler)
    cache, headers = MemoryCache(), {"Authorization": "Basic dTpw"}
    for oauth, user in ((with_placement("QUERY"), b"token"), (None, b"anonymous"), (with_placement("QUERY"), b"token")):
        assert OAuth1Http(cache, 5, oauth=oauth).request(server.uri(), headers=headers)[1] == user


def test_framework_that_adds_the_authorization_of_a_site_below_is_signed(serve):
    class Framework(OAuth1Http):
        def _conn_request(self, conn, uri, method, body, headers):
            return super()._conn_request(conn, uri, method, body, {**headers, "authorization": "Basic dTpw"})

    server = serve()
    Framework(timeout=5, oauth=with_placement("QUERY")).request(server.uri())
    assert is_valid(server.received[0])


# -- a signature in the query or in the form


def presigned(uri, placement, method="POST", body="a=1"):
    return OAuth1("other", "s", signature_type=placement).sign(uri, method, body, FORM if body else None)


@pytest.mark.parametrize("ours", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("theirs", ["QUERY", "BODY"])
@pytest.mark.parametrize("names_hosts", [False, True])
def test_signed_query_or_form_is_sent_as_it_is(serve, ours, theirs, names_hosts):
    server = serve()
    oauth = with_placement(ours)
    http = OAuth1Http(timeout=5, oauth={"*": oauth} if names_hosts else oauth)
    signed = presigned(server.uri("/p?x=1"), theirs)
    http.request(signed.uri, "POST", signed.body, signed.headers)
    (received,) = server.received
    assert (received.target, received.body) == (signed.uri.partition(str(server.port))[2], signed.body.encode())
    assert "authorization" not in received.headers


@pytest.mark.parametrize(
    "wrap", [str.encode, io.StringIO, lambda body: io.BytesIO(body.encode()), lambda body: [body.encode()]]
)
def test_signed_form_of_any_type_is_sent_as_it_is(serve, oauth, wrap):
    server = serve()
    signed = presigned(server.uri(), "BODY")
    headers = {**signed.headers, "content-length": str(len(signed.body))}
    OAuth1Http(timeout=5, oauth=oauth).request(signed.uri, "POST", wrap(signed.body), headers)
    assert server.received[0].body == signed.body.encode()
    assert "authorization" not in server.received[0].headers


def test_signed_request_through_install_and_through_an_inner_method(serve, oauth):
    import httplib2

    server = serve()
    signed = presigned(server.uri("/p"), "QUERY", "GET", None)
    with install(oauth):
        httplib2.Http(timeout=5).request(signed.uri)
    conn = httplib2.HTTPConnectionWithTimeout("localhost", server.port, timeout=5)
    OAuth1Http(oauth=oauth)._conn_request(conn, signed.uri.partition(str(server.port))[2], "GET", None, {})
    conn.close()
    assert [("authorization" in each.headers, each.target.count("oauth_signature=")) for each in server.received] == [
        (False, 1),
        (False, 1),
    ]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/?a=oauth_signature", None, {}),
        ("/?oauth_signature_x=1", None, {}),
        ("/oauth_signature=1", None, {}),
        ("/", "oauth_signature=1", {"Content-Type": "text/plain"}),
        ("/", "a=oauth_signature%3D", FORM),
        ("/#oauth_signature=1", None, {}),
    ],
)
def test_signature_that_is_none_changes_nothing(serve, oauth, path, body, headers):
    server = serve()
    OAuth1Http(timeout=5, oauth=oauth).request(server.uri(path), "POST" if body else "GET", body, headers)
    assert is_signed(server.received[0])


def test_redirect_of_a_signed_request_is_not_signed(serve, oauth):
    server = serve(in_turn(answer(status="302 Found", Location="/there"), answer()))
    OAuth1Http(timeout=5, oauth=oauth).request(presigned(server.uri("/p"), "QUERY", "GET", None).uri)
    assert [("authorization" in each.headers) for each in server.received] == [False, False]
