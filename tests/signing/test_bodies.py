"""Forms are signed; every other body is passed on untouched."""

import array
import io

import pytest

from httplib2_oauthlib import SigningError

from .signed_requests import FORM, URI, is_valid, name_of


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
def test_a_form_is_recognised_whatever_its_content_type_looks_like(oauth, content_type):
    signed = oauth.sign(URI, "POST", "a=1", {"content-TYPE": content_type})
    assert is_valid(signed, "POST")
    # MediaWiki looks for it in lower case at the very beginning; the parameters stay.
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
        (io.StringIO("a=h\u00e9"), "a=h\u00e9".encode()),
        ([b"a=1", b"&b=2"], b"a=1&b=2"),
        (iter([b"a=1", b"&b=2"]), b"a=1&b=2"),
        ("minor=&summary=&c", "minor=&summary=&c"),
        ("a=1&a=0&a=1", "a=1&a=0&a=1"),
        ("a=1+2%20%2b3", "a=1+2%20%2b3"),
        ("a=%c3%a9%7e~", "a=%c3%a9%7e~"),
        ("text=h\u00e9llo \u6f22 \U0001f600", "text=h\u00e9llo \u6f22 \U0001f600".encode()),
        (b"a=\xff\xfe&b=%ff", b"a=\xff\xfe&b=%ff"),
        ("a=100%&b=%zz", "a=100%&b=%zz"),
        ("a=[x]|{y}\"'\\", "a=[x]|{y}\"'\\"),
        ("oauth_token=x&oauth_verifier=a%2520b", "oauth_token=x&oauth_verifier=a%2520b"),
        ("", ""),
        ("&a=1&&", "&a=1&&"),
        ("a=1\r\n", "a=1\r\n"),
    ],
    ids=name_of,
)
def test_a_form_of_any_kind_is_signed_as_it_is_sent(oauth, body, sent):
    signed = oauth.sign(URI + "?a=q", "POST", body, FORM)
    assert signed.body == sent
    assert is_valid(signed, "POST")
    tampered = signed._replace(body=(sent if isinstance(sent, bytes) else sent.encode()) + b"&tampered=1")
    assert not is_valid(tampered, "POST")


def test_a_form_in_a_file_is_read_in_place(oauth):
    """Explaining, then signing, then signing again: each finds all of it from where the file was."""
    file = io.BytesIO(b"skipped&a=1")
    file.seek(8)
    assert "form parameters: a=1" in oauth.explain(URI, "POST", file, FORM)
    for _ in range(2):
        signed = oauth.sign(URI, "POST", file, FORM)
        assert signed.body == b"a=1"
        assert is_valid(signed, "POST")


@pytest.mark.parametrize("body", ["a=\u00e9&b=2", b"a=1", io.StringIO("a=\u00e9"), "a=1"], ids=name_of)
def test_a_content_length_is_that_of_the_bytes(oauth, body):
    """Counted in characters it would cut the form, and what is cut off would be read as another request."""
    signed = oauth.sign(URI, "POST", body, {**FORM, "content-length": "3"})
    sent = signed.body if isinstance(signed.body, bytes) else signed.body.encode()
    assert signed.headers["content-length"] == str(len(sent))


@pytest.mark.parametrize("body", [{"a": "1"}, [("a", "1")], ["a=1"], 42, io.BytesIO, "a=\ud800", object()], ids=name_of)
def test_a_form_that_is_none_yet_is_refused_with_advice(oauth, body):
    with pytest.raises(SigningError, match=r"UTF-8|urlencode"):
        oauth.sign(URI, "POST", body, FORM)


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("HEAD", None), ("POST", None), ("GET", "a=1"), ("head", "a=1")]
)
def test_a_form_content_type_without_a_form_signs_as_none(oauth, method, body):
    """httplib2 leaves it on a POST that was redirected to GET, and oauth2client sends it on every GET."""
    signed = oauth.sign(URI, method, body, FORM)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), method)


class Unreadable:
    """A body that must be passed on as it is."""

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
def test_every_other_body_is_passed_on_untouched_and_unsigned(oauth, body, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    signed = oauth.sign(URI, "POST", body, headers)
    assert signed.body is body
    assert is_valid(signed._replace(body=None), "POST")
    assert "oauth_body_hash" not in signed.headers["Authorization"]
    assert {name: value for name, value in signed.headers.items() if name != "Authorization"} == headers


@pytest.mark.parametrize("name", ["Transfer-Encoding", "transfer-encoding"])
def test_a_form_that_says_how_it_is_transferred_is_refused(oauth, name):
    """A server would read another form than the one that is signed: its chunks."""
    with pytest.raises(SigningError, match="Transfer-Encoding"):
        oauth.sign(URI, "POST", "a=1", {**FORM, name: "chunked"})
    assert is_valid(oauth.sign(URI, "POST", b"", {name: "chunked"})._replace(body=None), "POST")


@pytest.mark.parametrize("method", ["G T", "GET ", "G\u00c9T", "GET\r\nX: y", "", b"GET", None, "G(T"])
def test_what_is_no_method_is_refused(oauth, method):
    with pytest.raises(SigningError, match="method must be"):
        oauth.sign(URI, method)
