"""A body behind a redirect arrives whole, and a redirect that leads nowhere is reported."""

import io
import tempfile

import httplib2
import modern_httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin, ResponseLostError

from .. import reference
from ..servers import answer, in_turn
from .faults import FORM, OAUTH, SECRETS

CONTENT = b"z" * 3000
IMAGE = {"Content-Type": "image/png"}


class ModernHttp(OAuth1Mixin, modern_httplib2.Http):
    """modern_httplib2's Http follows redirects as httplib2's does."""


def on_disk(content):
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(content)
    file.seek(0)
    return file


def begun(content):
    """A file whose first bytes were read before. The body begins there."""
    file = io.BytesIO(b"a head" + content)
    file.seek(6)
    return file


class Text(io.StringIO):
    """A file of text."""


class ReadsOnly:
    """A file-like object that can't go back."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def read(self, size=-1):
        return self._file.read(size)


REPEATABLE = [
    io.BytesIO, on_disk, begun, lambda content: Text(content.decode()), lambda content: content,
    lambda content: [content[:5], content[5:]], bytearray,
]  # fmt: skip
READ_ONCE = [ReadsOnly, lambda content: iter([content[:5], content[5:]])]


@pytest.fixture(params=["plain", "tls"])
def context(request, tls):
    """The TLS context of a server, or None."""
    return tls if request.param == "tls" else None


def redirecting(status, hops=1):
    return in_turn(*[answer("", f"{status} x", Location=f"/{hop}") for hop in range(hops)], answer("stored"))


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
@pytest.mark.parametrize(("status", "method", "hops"), [(307, "PUT", 1), (308, "POST", 1), (308, "PUT", 3)])
def test_a_file_behind_a_redirect_is_sent_again_from_where_it_began(
    serve, client, context, kind, oauth, status, method, hops
):
    for make in REPEATABLE:
        server = serve(redirecting(status, hops), tls=context)
        http = client(kind=kind, oauth=oauth)
        http.follow_all_redirects = True
        assert http.request(server.uri("/old"), method, make(CONTENT), IMAGE)[1] == b"stored"
        assert [each.body for each in server.received] == [CONTENT] * (hops + 1)
        assert not oauth or all(reference.is_valid(each, SECRETS) for each in server.received)


@pytest.mark.parametrize("signed", [True, False])
def test_a_file_behind_a_redirect_to_another_origin_is_sent_again(serve, client, signed):
    there = serve(lambda _: answer("stored"))
    here = serve(lambda _: answer("", "308 x", Location=there.uri("/new", "127.0.0.1")))
    http = client(oauth=OAUTH if signed else None)
    assert http.request(here.uri("/old"), "PUT", io.BytesIO(CONTENT), IMAGE)[1] == b"stored"
    (received,) = there.received
    assert received.body == CONTENT
    assert "authorization" not in received.headers


@pytest.mark.parametrize("make", [io.BytesIO, begun])
def test_a_form_file_behind_a_redirect_is_sent_again(serve, client, make):
    server = serve(redirecting(308))
    assert client().request(server.uri("/old"), "POST", make(b"a=1&b=2"), FORM)[1] == b"stored"
    assert [each.body for each in server.received] == [b"a=1&b=2"] * 2
    assert all(reference.is_valid(each, SECRETS) for each in server.received)


@pytest.mark.parametrize("make", READ_ONCE)
def test_a_body_that_can_be_read_once_is_not_redirected(serve, client, make):
    """The redirected request would arrive without it, and be answered as if nothing was wrong."""
    server = serve(redirecting(308))
    with pytest.raises(ResponseLostError, match=r"answered \(308\)") as caught:
        client().request(server.uri("/old"), "PUT", make(CONTENT), IMAGE)
    assert caught.value.response.status == 308
    assert [each.body for each in server.received] == [CONTENT]


@pytest.mark.parametrize("status", [302, 303])
def test_a_redirect_to_a_get_carries_no_body(serve, client, status):
    server = serve(redirecting(status))
    http = client()
    http.follow_all_redirects = True
    file = io.BytesIO(CONTENT)
    assert http.request(server.uri("/old"), "POST", file, IMAGE)[1] == b"stored"
    assert [(each.method, each.body) for each in server.received] == [("POST", CONTENT), ("GET", b"")]
    assert file.tell() == len(CONTENT)


def test_a_resumed_upload_of_a_framework_goes_on_where_it_was(serve):
    """A framework may send a file in parts, from within its ``request()``. A 308 may only say that a part arrived."""

    class Resumes(OAuth1Http):
        def request(self, uri, method="GET", body=None, headers=None, **kwargs):
            for _ in range(3):
                response, content = super().request(uri, method, io.BytesIO(body.read(1000)), headers, **kwargs)
            return response, content

    server = serve(lambda _: answer("", "308 Resume Incomplete"))
    http = Resumes(timeout=10, oauth=OAUTH)
    http.redirect_codes = http.redirect_codes - {308}
    parts = bytes(1000) + b"1" * 1000 + b"2" * 1000
    http.request(server.uri(), "PUT", io.BytesIO(parts), IMAGE)
    assert b"".join(each.body for each in server.received) == parts


@pytest.mark.parametrize("kind", [OAuth1Http, ModernHttp])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_an_action_whose_redirect_has_no_location_is_reported(serve, client, context, kind, status, method):
    server = serve(lambda _: answer("done", f"{status} x"), tls=context)
    http = client(kind=kind)
    http.follow_all_redirects = True
    with pytest.raises(ResponseLostError, match=rf"answered \({status}\)") as caught:
        http.request(server.uri(), method)
    assert (caught.value.response.status, caught.value.content) == (status, b"done")
    assert len(server.received) == 1


def test_an_action_whose_second_redirect_has_no_location_is_reported(serve, client):
    server = serve(in_turn(answer("", "303 x", Location="/there"), answer("", "302 x")))
    with pytest.raises(ResponseLostError, match=r"answered \(303\)"):
        client().request(server.uri(), "POST")


@pytest.mark.parametrize("oauth", [OAUTH, None], ids=["signed", "unsigned"])
def test_a_page_whose_redirect_has_no_location_is_httplib2s_error(serve, client, oauth):
    server = serve(lambda _: answer("", "302 x"))
    with pytest.raises(httplib2.RedirectMissingLocation):
        client(oauth=oauth).request(server.uri())
