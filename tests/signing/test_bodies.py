"""Forms are signed. Every other body is passed on unchanged."""

import array
import io

import pytest

from httplib2_oauthlib import OAuth1Http, SigningError

from .. import reference
from .servers import authlib_accepts, oauthlib_accepts
from .signed_requests import FORM, SECRETS, URI, is_valid, name_of


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "Application/X-WWW-Form-URLEncoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; Charset=UTF-8",
        "application/x-www-form-urlencoded ; boundary=x",
    ],
)
def test_a_form_is_recognized_in_every_spelling_of_its_content_type(oauth, content_type):
    signed = oauth.sign(URI, "POST", "a=1", {"content-TYPE": content_type})
    assert is_valid(signed, "POST")
    # MediaWiki expects the type in lower case at the very beginning. Its parameters stay.
    parameters = content_type.partition(";")[2]
    assert signed.headers["content-TYPE"].startswith("application/x-www-form-urlencoded")
    assert signed.headers["content-TYPE"].endswith(parameters)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("a=1&b=2", "a=1&b=2"),
        (b"a=1&b=2", b"a=1&b=2"),
        (bytearray(b"a=1"), b"a=1"),
        (memoryview(b"a=1"), b"a=1"),
        (array.array("B", b"a=1"), b"a=1"),
        (io.BytesIO(b"a=1&b=%20"), b"a=1&b=%20"),
        (io.StringIO("a=h\u00e9"), b"a=h%C3%A9"),
        ([b"a=1", b"&b=2"], b"a=1&b=2"),
        (iter([b"a=1", b"&b=2"]), b"a=1&b=2"),
        ("minor=&summary=&c", "minor=&summary=&c"),
        ("a=1&a=0&a=1", "a=1&a=0&a=1"),
        ("a=1+2%20%2b3", "a=1+2%20%2b3"),
        ("a=%c3%a9%7e~", "a=%c3%a9%7e~"),
        ("text=h\u00e9llo \u6f22 \U0001f600", b"text=h%C3%A9llo%20%E6%BC%A2%20%F0%9F%98%80"),
        (b"a=\xff\xfe&b=%ff", b"a=%FF%FE&b=%ff"),
        ("a=100%&b=%zz", b"a=100%25&b=%25zz"),
        ("a=[x]|{y}\"'\\", b"a=%5Bx%5D%7C%7By%7D%22%27%5C"),
        ("a[]=1&a[b c]=2", b"a%5B%5D=1&a%5Bb%20c%5D=2"),
        ("a=http://h/?b;c,d@e!*()~-_.", "a=http://h/?b;c,d@e!*()~-_."),
        ("price=$1", b"price=%241"),
        ("a=%25 %2525+%", b"a=%25%20%2525+%25"),
        (b"%" * 70_000 + b" ", b"%25" * 70_000 + b"%20"),
        ("oauth_token=x&oauth_verifier=a%2520b", "oauth_token=x&oauth_verifier=a%2520b"),
        ("", ""),
        ("&a=1&&", "&a=1&&"),
        ("a=1\r\n", b"a=1%0D%0A"),
    ],
    ids=name_of,
)
def test_a_form_of_any_kind_is_encoded_once_and_signed_as_it_is_sent(oauth, body, sent):
    signed = oauth.sign(URI + "?a=q", "POST", body, FORM)
    assert signed.body == sent
    assert oauth.sign(URI, "POST", signed.body, FORM).body is signed.body
    assert is_valid(signed, "POST")
    tampered = signed._replace(body=(sent if isinstance(sent, bytes) else sent.encode()) + b"&tampered=1")
    assert not is_valid(tampered, "POST")


def test_a_form_in_a_file_is_read_in_place(oauth):
    """Each of three calls, one to explain and two to sign, reads the file from its original position."""
    file = io.BytesIO(b"skipped&a=1")
    file.seek(8)
    assert "form parameters: a=1" in oauth.explain(URI, "POST", file, FORM)
    for _ in range(2):
        signed = oauth.sign(URI, "POST", file, FORM)
        assert signed.body == b"a=1"
        assert is_valid(signed, "POST")


@pytest.mark.parametrize(
    "body",
    ["summary=h\u00e9llo", "a=b c", "a[]=1", "a=\"'\\|`^{}<>", "a=1&b=2\n", b"a=h\xc3\xa9", io.StringIO("a= "),
     "a=" + "%C3%A9 " * 10_000],
    ids=name_of,
)  # fmt: skip
def test_the_servers_of_oauthlib_and_authlib_accept_a_form_that_was_not_encoded(oauth, body):
    """A server of oauthlib rejects a form with any character that should be percent-encoded."""
    signed = oauth.sign("https://wiki.example/w/api.php?titles=A|B", "POST", body, FORM)
    assert is_valid(signed, "POST")
    for accepts in (oauthlib_accepts, authlib_accepts):
        assert accepts(signed, "POST")
        assert not accepts(signed._replace(body=b"a=2"), "POST")


@pytest.mark.parametrize(
    "piece",
    ["%4", "%C3", "\u00e9", " "]
    + [pytest.param(piece, marks=pytest.mark.slow) for piece in ("%", "%41", "\U0001f600", "a", "%%", "%\u00e9")],
)
def test_a_large_form_is_encoded_like_a_small_one(oauth, piece):
    """Large forms are encoded in pieces, at any offset to an escape."""
    for offset in range(4):
        start = f"a=\u00e9{'x' * offset}"
        signed = oauth.sign(URI, "POST", start + piece * 50_000, FORM)
        small = oauth.sign(URI, "POST", start + piece * 5, FORM).body
        unit = oauth.sign(URI, "POST", f"\u00e9{piece}&", FORM).body[6:-1]
        prefix = f"a=%C3%A9{'x' * offset}".encode()
        assert small == prefix + unit * 5
        assert signed.body == prefix + unit * 50_000


@pytest.mark.parametrize("body", ["a=\u00e9&b=2", b"a=1", io.StringIO("a=\u00e9"), "a=1"], ids=name_of)
def test_the_content_length_counts_bytes(oauth, body):
    """A length in characters would cut the form off, and the server would read the rest as another request."""
    signed = oauth.sign(URI, "POST", body, {**FORM, "content-length": "3"})
    sent = signed.body if isinstance(signed.body, bytes) else signed.body.encode()
    assert signed.headers["content-length"] == str(len(sent))


@pytest.mark.parametrize("body", [{"a": "1"}, [("a", "1")], ["a=1"], 42, io.BytesIO, "a=\ud800", object()], ids=name_of)
def test_a_form_that_is_not_encoded_is_rejected_with_advice(oauth, body):
    with pytest.raises(SigningError, match=r"UTF-8|urlencode"):
        oauth.sign(URI, "POST", body, FORM)


@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("HEAD", None), ("POST", None), ("GET", ""), ("get", b""), ("head", None), ("HEAD", bytearray())],
)
def test_a_form_content_type_without_a_form_is_signed_without_one(oauth, method, body):
    """httplib2 keeps the header when it redirects a POST to a GET, and oauth2client sends it with every GET."""
    signed = oauth.sign(URI, method, body, FORM)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), method)


@pytest.mark.parametrize("method", ["GET", "HEAD", "get", "Head"])
@pytest.mark.parametrize("body", ["a=1", b"a=1", io.BytesIO(b"a=1"), iter([b"a=1"]), {"a": "1"}], ids=name_of)
def test_a_form_in_a_get_is_rejected(oauth, method, body):
    """RFC 5849 signs it, MediaWiki doesn't, and oauthlib refuses it."""
    for refused in (oauth.sign, oauth.explain):
        with pytest.raises(SigningError, match="put its parameters in the query, or send a POST"):
            refused(URI, method, body, FORM)


def test_nothing_is_sent_of_a_get_with_a_form(serve, oauth):
    server = serve()
    http = OAuth1Http(timeout=10, oauth=oauth)
    for method in ("GET", "HEAD"):
        with pytest.raises(SigningError, match=f"form of a {method}"):
            http.request(server.uri(), method, "a=1", FORM)
    assert server.received == []
    http.request(server.uri(), "GET", "", FORM)
    assert len(server.received) == 1


def test_a_raw_form_arrives_encoded_and_signed(serve, oauth):
    server = serve()
    http = OAuth1Http(timeout=10, oauth=oauth)
    http.request(server.uri(), "POST", "summary=h\u00e9llo [[w|x]]\n", FORM)
    http.request(server.uri(), "PUT", io.StringIO("a=\u00e9"), {**FORM, "Content-Length": "3"})
    assert [each.body for each in server.received] == [
        b"summary=h%C3%A9llo%20%5B%5Bw%7Cx%5D%5D%0A",
        b"a=%C3%A9",
    ]
    assert all(reference.is_valid(each, SECRETS) for each in server.received)


def test_a_body_of_a_get_that_is_not_a_form_is_passed_on(oauth):
    signed = oauth.sign(URI, "GET", '{"query": {}}', {"Content-Type": "application/json"})
    assert signed.body == '{"query": {}}'
    assert is_valid(signed._replace(body=None))


class Unreadable:
    """A body that must be passed on without being read."""

    def read(self, *_):
        raise AssertionError("the body was read")

    __iter__ = read


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"a": "b"}', "application/json"),
        ("a=1&b=2", "text/plain"),
        ("a=1&b=2", None),
        (b"\x89PNG\xff", "image/png"),
        (b"--x\r\n\r\na=1\r\n--x--", "multipart/form-data; boundary=x"),
        (Unreadable(), "application/octet-stream"),
        ((part for part in [b"a=1"]), "multipart/form-data"),
        ("a=1", "application/x-www-form-urlencoded-not"),
    ],
    ids=name_of,
)
def test_every_other_body_is_passed_on_unchanged_and_unsigned(oauth, body, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    signed = oauth.sign(URI, "POST", body, headers)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), "POST")
    assert "oauth_body_hash" not in signed.headers["Authorization"]
    assert {name: value for name, value in signed.headers.items() if name != "Authorization"} == headers


@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding"])
def test_a_form_with_a_transfer_encoding_is_rejected(oauth, name):
    """The server would read the form from its chunks, which differ from the signed form."""
    with pytest.raises(SigningError, match="Transfer-Encoding"):
        oauth.sign(URI, "POST", "a=1", {**FORM, name: "chunked"})
    assert is_valid(oauth.sign(URI, "POST", b"", {name: "chunked"})._replace(body=None), "POST")


@pytest.mark.parametrize("method", ["G T", "GET ", "G\u00c9T", "GET\r\nX: y", "", b"GET", None, "G(T"])
def test_an_invalid_method_is_rejected(oauth, method):
    with pytest.raises(SigningError, match="method must be"):
        oauth.sign(URI, method)
