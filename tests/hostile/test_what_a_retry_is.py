"""What counts as the same request, so that a later call keeps the nonce of one whose response was lost."""

import io

import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from ..servers import DROP, answer
from . import faults
from .faults import FORM, OAUTH
from .test_retries_across_calls import Fates

JSON = {"Content-Type": "application/json"}
BINARY = {"Content-Type": "image/png"}


def multipart(boundary, text, token="0" * 40 + "+\\"):
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = part % ("action", "edit") + part % ("text", text) + part % ("token", token) + f"--{boundary}--\r\n"
    return body.encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def token(number):
    """A CSRF token of MediaWiki, which is another one each second."""
    return f"{number:032x}69271a2b+\\"


def lose(serve, body, headers, target="/", method="POST"):
    """Send a request whose response is lost; return an Http, the server and the handler, which answers from now on."""
    wiki = Fates(["lost"] * 2)
    server, http = serve(wiki), OAuth1Http(timeout=5, oauth=OAUTH)
    with pytest.raises((ResponseLostError, OSError)):
        http.request(server.uri(target), method, body, headers)
    assert wiki.acted == 1
    wiki.fates = []
    return http, server, wiki


def encoded(text):
    return text.replace("+\\", "%2B%5C")


SAME = {
    "str": (("a=1", FORM), ("a=1", FORM)),
    "str as bytes": (("a=1", FORM), (b"a=1", FORM)),
    "a list": (([b"ab", b"c"], BINARY), ([b"ab", b"c"], BINARY)),
    "a list with other parts": (([b"ab", b"c"], BINARY), ([b"a", b"bc"], BINARY)),
    "a file of equal content": ((io.BytesIO(b"abc"), BINARY), (io.BytesIO(b"abc"), BINARY)),
    "a file as bytes": ((io.BytesIO(b"abc"), BINARY), (b"abc", BINARY)),
    "no body": ((None, {}), (None, {})),
    "another csrf token": ((f"a=1&token={encoded(token(1))}", FORM), (f"a=1&token={encoded(token(2))}", FORM)),
    "a token in lower-case escapes": (
        (f"token={encoded(token(1)).lower()}", FORM),
        (f"token={encoded(token(2)).lower()}", FORM),
    ),
    "another token in JSON": (
        ('{"token": "' + token(1) + '\\", "a": 1}', JSON),
        ('{"token": "' + token(2) + '\\", "a": 1}', JSON),
    ),
    "another boundary": (multipart("aaaa", "x"), multipart("bbbbbb", "x")),
    "another boundary and token": (multipart("aaaa", "x", token(1)), multipart("bbbb", "x", token(2))),
    "another User-Agent": (("a=1", {**FORM, "User-Agent": "a"}), ("a=1", {**FORM, "User-Agent": "b"})),
    "another Content-Length": (("a=1", FORM), ("a=1", {**FORM, "Content-Length": "3"})),
    "names of headers in another case": (("a=1", FORM), ("a=1", {"content-type": FORM["Content-Type"]})),
}


@pytest.mark.parametrize("name", SAME)
def test_a_retry_of_the_same_request_is_refused_by_its_nonce(serve, name):
    first, second = SAME[name]
    http, server, wiki = lose(serve, *first)
    with pytest.raises(ResponseLostError) as caught:
        http.request(server.uri(), "POST", *second)
    assert caught.value.reason == "nonce"
    assert wiki.acted == 1


OTHER = {
    "another value": (("a=1", FORM), ("a=2", FORM)),
    "a longer value": (("a=1", FORM), ("a=11", FORM)),
    "another Content-Type": (("a=1", {"Content-Type": "text/plain"}), ("a=1", JSON)),
    "If-Match": (("a=1", JSON), ("a=1", {**JSON, "If-Match": '"x"'})),
    "another If-Match": (("a=1", {**JSON, "If-Match": '"x"'}), ("a=1", {**JSON, "If-Match": '"y"'})),
    "Content-Range": (
        (b"ab", {**BINARY, "Content-Range": "bytes 0-1/4"}),
        (b"ab", {**BINARY, "Content-Range": "bytes 2-3/4"}),
    ),
    "X-HTTP-Method-Override": (("a=1", JSON), ("a=1", {**JSON, "X-HTTP-Method-Override": "PATCH"})),
    "Idempotency-Key": (("a=1", {**JSON, "Idempotency-Key": "1"}), ("a=1", {**JSON, "Idempotency-Key": "2"})),
    "another text in multipart": (multipart("aaaa", "x"), multipart("aaaa", "y")),
    "another file": ((io.BytesIO(b"abc"), BINARY), (io.BytesIO(b"abd"), BINARY)),
    "the empty body": (("a=1", JSON), ("", JSON)),
    "hexadecimal text without a token's end": (("a=" + "1" * 40, FORM), ("a=" + "2" * 40, FORM)),
}


@pytest.mark.parametrize("name", OTHER)
def test_a_request_that_differs_is_a_new_one(serve, name):
    first, second = OTHER[name]
    http, server, wiki = lose(serve, *first)
    assert http.request(server.uri(), "POST", *second)[1] == b"done"
    assert wiki.acted == 2


@pytest.mark.parametrize(("method", "target"), [("PUT", "/"), ("POST", "/other"), ("POST", "/?a=1")])
def test_another_method_or_uri_is_a_new_request(serve, method, target):
    http, server, wiki = lose(serve, "a=1", JSON)
    assert http.request(server.uri(target), method, "a=1", JSON)[1] == b"done"
    assert wiki.acted == 2


def test_a_token_in_the_uri_may_differ(serve):
    http, server, wiki = lose(serve, "a=1", FORM, f"/?token={encoded(token(1))}")
    with pytest.raises(ResponseLostError):
        http.request(server.uri(f"/?token={encoded(token(2))}"), "POST", "a=1", FORM)
    assert wiki.acted == 1


@pytest.fixture(params=["memory", "disk"])
def file(request, tmp_path):
    if request.param == "memory":
        return io.BytesIO(b"0123456789" * 10_000)
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 10_000)
    return path.open("rb")


def test_the_same_file_is_sent_again_whole_where_it_was_left(serve, file):
    """A program that repeats does not rewind its file. The first attempt never arrived."""
    with file:
        drops, bodies = [DROP] * 2, []

        def handler(received):
            if drops:
                return drops.pop()
            bodies.append(received.body)
            return answer("done")

        http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(handler)
        with pytest.raises(ResponseLostError):
            http.request(server.uri(), "POST", file, BINARY)
        assert http.request(server.uri(), "POST", file, BINARY)[1] == b"done"
        assert bodies == [b"0123456789" * 10_000]


def test_the_same_file_that_the_program_rewinds_is_the_same_request(serve, file):
    with file:
        http, server, wiki = lose(serve, file, BINARY)
        file.seek(0)
        with pytest.raises(ResponseLostError):
            http.request(server.uri(), "POST", file, BINARY)
        assert wiki.acted == 1


def test_a_file_that_is_resumed_elsewhere_is_a_new_request(serve, file):
    with file:
        http, server, wiki = lose(serve, file, BINARY)
        file.seek(50_000)
        assert http.request(server.uri(), "POST", file, BINARY)[1] == b"done"
        assert wiki.acted == 2


def test_an_iterator_is_known_again_within_its_call_only(serve):
    class Repeats(OAuth1Http):
        def request(self, *args):
            try:
                return super().request(*args)
            except ResponseLostError:
                return super().request(*args)

    wiki = Fates(["lost"] * 2)
    server, http = serve(wiki), Repeats(timeout=5, oauth=OAUTH)
    with pytest.raises(ResponseLostError, match="read only once"):
        http.request(server.uri(), "POST", iter([b"a", b"b"]), BINARY)
    wiki.fates = []
    assert http.request(server.uri(), "POST", iter([b"a", b"b"]), BINARY)[1] == b"done"
    assert wiki.acted == 2


def test_the_body_and_the_credentials_are_not_kept(serve):
    import gc

    class Body(bytes):
        pass

    lose(serve, Body(b"secret text"), BINARY)
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Body]


def test_a_request_that_never_left_the_machine_is_not_remembered(serve):
    """Its connection is refused: nothing was sent."""
    server = serve(lambda _: answer("done"))
    uri = server.uri()
    server.close()
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    with pytest.raises(ConnectionError) as caught:
        http.request(uri, "POST", "a=1", FORM)
    with pytest.raises(ValueError, match="isn't about a lost response"):
        http.forget_unanswered(caught.value)


def test_plaintext_is_protected_within_a_call_only(serve, tls, ca_certs):
    """A server can't recognise a copy that has no nonce."""
    from httplib2_oauthlib import OAuth1

    seen = []

    def handler(received):
        seen.append(received)
        return faults.nothing(b"") if len(seen) == 1 else answer("done")

    server = serve(handler, tls=tls)
    oauth = OAuth1("client", "a", "token", "b", signature_method="PLAINTEXT")
    http = OAuth1Http(timeout=5, oauth=oauth, ca_certs=ca_certs)
    with pytest.raises(ResponseLostError, match="PLAINTEXT"):
        http.request(server.uri(), "POST", "a=1", FORM)
    assert len(seen) == 1
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"
