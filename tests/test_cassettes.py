"""Recording and playing, over real sockets: what is matched, what is refused, and which connections are used."""

import email.utils
import gzip
import hashlib
import io
import json
import re
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlencode

import httplib2
import pytest
import vcr
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

from httplib2_oauthlib import IdentityError, OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.cassettes import (
    CassetteError,
    NotRecordedError,
    PooledConnectionError,
    UnscrubbableError,
    audit,
    recorder,
    use,
)
from httplib2_oauthlib.testwiki import TestWiki

from . import cassette_server, reference
from .frameworks import minibot
from .servers import answer, in_turn

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANYBODY = OAuth1("any client", "any secret", "any token", "any token secret")


@pytest.fixture
def http():
    http = OAuth1Http(timeout=10, oauth=ANYBODY)
    yield http
    http.close()


@pytest.fixture
def record(tmp_path):
    """Record requests on the cassette "it"; each is (uri, method, body, headers), shorter if need be."""

    def record(*requests, oauth=ANYBODY, **options):
        own = OAuth1Http(timeout=10, oauth=oauth)
        with recorder(tmp_path, record_mode="all", **options).use(own, "it"):
            answers = [own.request(*request) for request in requests]
        own.close()
        return answers

    return record


def play(http, tmp_path, *request, **options):
    with recorder(tmp_path, **options).use(http, "it"):
        return http.request(*request)


def multipart(boundary, fields, file=b""):
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields
    ]
    if file:
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n')
    body = "".join(parts).encode() + (file + b"\r\n" if file else b"") + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


HEX = "0123456789abcdef0f1e2d3c4b5a6978"
UNORDERED = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
BASE62 = "a9Xk2Lm7Qz4Rt8Vw3Yb6Nc1Pd5Sf0Gh"


# -- what a recorder is


def test_it_is_vcrs_own_and_plays_only(tmp_path):
    made = recorder(tmp_path)
    assert isinstance(made, vcr.VCR)
    assert made.record_mode == "none"
    assert made.match_on == ("method", "scheme", "host", "port", "path", "query", "body")


def test_vcrs_options_are_there(tmp_path, serve, http):
    server = serve()
    uri = server.uri("/a?x=1&y=2", "127.0.0.1")
    options = {"record_mode": "once", "filter_query_parameters": ["y"], "match_on": ("method", "path")}
    with recorder(tmp_path, **options).use(http, "it"):
        http.request(uri)
    assert "y=2" not in (tmp_path / "it.yaml").read_text()
    with recorder(tmp_path, match_on=("method", "path")).use(http, "it"):
        http.request(uri.replace("x=1", "x=3"))
    assert len(server.received) == 1


def test_it_is_a_decorator_too_and_names_the_cassette_after_the_function(tmp_path, serve, http):
    server = serve()

    @recorder(tmp_path, record_mode="once").use_cassette
    def ask():
        return http.request(server.uri("/", "127.0.0.1"))[1]

    assert ask() == ask() == b"ok"
    assert len(server.received) == 1
    assert (tmp_path / "ask.yaml").exists()


def test_an_opening_may_keep_the_recorder_as_it_was(tmp_path, serve, http):
    made = recorder(tmp_path)
    kept, free = made.use_cassette("it", with_current_defaults=True), made.use_cassette("it")
    made.record_mode = "once"
    with kept, pytest.raises(NotRecordedError):
        http.request(serve().uri("/", "127.0.0.1"))
    with free:
        assert http.request(serve().uri("/", "127.0.0.1"))[1] == b"ok"


def test_a_cassette_can_be_json(tmp_path, serve, http):
    server = serve(cassette_server.api)
    uri = server.uri("/api.php?meta=tokens", "127.0.0.1")
    for _ in range(2):
        with recorder(tmp_path, record_mode="once").use(http, "it.json"):
            http.request(uri)
    assert len(server.received) == 1
    text = (tmp_path / "it.json").read_text()
    assert json.loads(text)["version"] == 1
    with recorder(tmp_path, serializer="json").use(http, "it"):
        http.request(uri)
    assert cassette_server.CSRF[:-2] not in text


# -- what is matched


@pytest.mark.parametrize(
    ("recorded", "made"),
    [
        (("?a=1&b=2",), ("?b=2&a=1",)),
        (("?t=A|B C",), ("?t=A%7CB+C",)),
        (("?a=1&token=abc%2B%5C",), ("?a=1&token=another%2B%5C",)),
        ((f"/commit/{HEX}/with/{BASE62}/behind/it",), (f"/commit/{HEX}/with/{BASE62}/behind/it",)),
        # Hexadecimal, and in no order besides.
        ((f"?t=about+{UNORDERED}+and+more",), (f"?t=about+{UNORDERED}+and+more",)),
        ((f"/{HEX}?id={BASE62}",), (f"/{HEX}?id={BASE62}",)),
        (("", "POST", "a=1&b=%C3%A9&token=x", FORM), ("", "POST", "token=y&b=é&a=1", FORM)),
        (("", "POST", "a=1", FORM), ("", "POST", b"a=1", {"content-type": FORM["Content-Type"] + "; charset=UTF-8"})),
        (("", "POST", "a=1", FORM), ("", "POST", io.BytesIO(b"a=1"), FORM)),
        (("", "POST", "lgname=A&lgpassword=one", FORM), ("", "POST", "lgname=A&lgpassword=two", FORM)),
        (
            ("", "POST", '{"a": 1, "b": ["x"], "token": "s"}', {"Content-Type": "application/json"}),
            ("", "POST", b'{"token":"t","b":["x"],"a":1}', {"Content-Type": "application/json; charset=utf-8"}),
        ),
        (
            ("", "POST", *multipart("one", [("a", "1"), ("b", "é"), ("token", "x")])),
            ("", "POST", *multipart("another", [("b", "é"), ("token", "y"), ("a", "1")])),
        ),
        (
            ("", "POST", *multipart("one", [("a", "1")], b"\x89PNG\x00")),
            ("", "POST", *multipart("two", [("a", "1")], b"\x89PNG\x00")),
        ),
        (("", "POST", "plain words", {"Content-Type": "text/plain"}), ("", "POST", b"plain words", {})),
        (("", "POST", b"", FORM), ("", "POST", None, {})),
    ],
)
def test_a_request_that_means_the_same_is_played(tmp_path, serve, http, record, recorded, made):
    server = serve(in_turn(answer("recorded"), answer("live")))
    base = server.uri("/w/api.php", "127.0.0.1")
    record((base + recorded[0], *recorded[1:]))
    assert play(http, tmp_path, base + made[0], *made[1:])[1] == b"recorded"
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("recorded", "made", "difference"),
    [
        (("?a=1",), ("?a=2",), "query parameter a is '2', recorded: '1'"),
        (("?a=1&minor=",), ("?a=1",), "query parameter minor is only in the recorded request ('')"),
        (("?a=1",), ("?a=1&bot",), "query parameter bot is not in the recorded request ('')"),
        (("?a=1&a=2",), ("?a=2&a=1",), "query parameter a is '2', recorded: '1'"),
        (("?a=1&a=2",), ("?a=1",), "the number of values of query parameter a is 1, recorded: 2"),
        (("/x?a=1",), ("/y?a=1",), "the path is '/w/api.php/y', recorded: '/w/api.php/x'"),
        (("",), ("", "HEAD"), "the method is HEAD, recorded: GET"),
        # Places in a list are no tokens, and numbers of chance that name something are themselves.
        (("?NextToken=p2",), ("?NextToken=p3",), "query parameter NextToken is 'p3', recorded: 'p2'"),
        (("?secret_santa=a",), ("?secret_santa=b",), "query parameter secret_santa is 'b', recorded: 'a'"),
        ((f"/commit/{HEX}",), (f"/commit/{HEX[::-1]}",), "the path is "),
        ((f"?id={BASE62}",), (f"?id={BASE62[::-1]}",), "query parameter id is "),
        (("?t=%E9",), ("?t=%E8",), "query parameter t is "),
        (("?t=about+cats",), ("?t=SCRUBBED-csrftoken-1",), "query parameter t is 'SCRUBBED-csrftoken-1', recorded"),
        (
            ("", "POST", '{"passwordPolicy":{"min":8}}', {"Content-Type": "application/json"}),
            ("", "POST", '{"passwordPolicy":{"min":12}}', {"Content-Type": "application/json"}),
            "JSON body.passwordPolicy.min is '12', recorded: '8'",
        ),
        (
            ("", "POST", '{"a": 1}', {"Content-Type": "application/json"}),
            ("", "POST", '{"a": true}', {"Content-Type": "application/json"}),
            "JSON body.a is 'true', recorded: '1'",
        ),
        (
            ("", "POST", '{"a": 1, "a": 2}', {"Content-Type": "application/json"}),
            ("", "POST", '{"a": 2}', {"Content-Type": "application/json"}),
            "the body is JSON, recorded: text",
        ),
        (
            ("", "POST", multipart("b", [("a", "1")])[0][:-8], {"Content-Type": "multipart/form-data; boundary=b"}),
            ("", "POST", multipart("b", [("a", "2")])[0][:-8], {"Content-Type": "multipart/form-data; boundary=b"}),
            "part a is ",
        ),
        (
            ("", "POST", multipart("b", [("a", "1")])[0], {"Content-Type": "multipart/form-data; boundary=c"}),
            ("", "POST", multipart("b", [("a", "2")])[0], {"Content-Type": "multipart/form-data; boundary=c"}),
            "the body is ",
        ),
        (
            ("", "POST", *multipart("b", [("a", "1")])),
            ("", "POST", *multipart("b", [("a", "1\r\n")])),
            "part a is ",
        ),
        (
            ("", "POST", "text=one", FORM),
            ("", "POST", "text=two", FORM),
            "form field text is 'two', recorded: 'one'",
        ),
        (
            ("", "POST", "a=1", FORM),
            ("", "POST", "a=1", {"Content-Type": "text/plain"}),
            "is text, recorded: a form",
        ),
        (
            ("", "POST", '{"a": {"b": [1, 2]}}', {"Content-Type": "application/json"}),
            ("", "POST", '{"a": {"b": [1, true]}}', {"Content-Type": "application/json"}),
            "JSON body.a.b[1] is 'true', recorded: '2'",
        ),
        (
            ("", "POST", '{"a": 1}', {"Content-Type": "application/json"}),
            ("", "POST", '{"a": 1, "b": null}', {"Content-Type": "application/json"}),
            "JSON body.b is not in the recorded request ('null')",
        ),
        (
            ("", "POST", *multipart("one", [("a", "1")])),
            ("", "POST", *multipart("one", [("a", "2")])),
            "part a is ",
        ),
        (
            ("", "POST", *multipart("one", [("a", "1")], b"\x89PNG\x00")),
            ("", "POST", *multipart("one", [("a", "1")], b"\x89PNG\x01")),
            "part file is ",
        ),
        (("", "POST", "one", {}), ("", "POST", "two", {}), "the body is 'two', recorded: 'one'"),
    ],
)
def test_a_request_that_means_something_else_is_refused_with_the_difference(
    tmp_path, serve, http, record, recorded, made, difference
):
    server = serve()
    base = server.uri("/w/api.php", "127.0.0.1")
    record((base + recorded[0], *recorded[1:]))
    with pytest.raises(NotRecordedError) as caught:
        play(http, tmp_path, base + made[0], *made[1:])
    assert difference in str(caught.value)
    assert "The nearest recorded request is number 1 of 1: " in str(caught.value)
    assert len(server.received) == 1


@pytest.mark.parametrize("where", ["http://localhost:{0}/", "http://127.0.0.1:{1}/", "https://127.0.0.1:{0}/"])
def test_another_server_is_another_request(tmp_path, serve, http, record, where):
    server, other = serve(), serve()
    record((server.uri("/", "127.0.0.1"),))
    with pytest.raises(NotRecordedError, match="the server is "):
        play(http, tmp_path, where.format(server.port, other.port))
    assert (len(server.received), len(other.received)) == (1, 0)


def test_two_requests_for_different_things_by_chance_are_told_apart_whatever_comes_first(tmp_path, serve, http, record):
    server = serve()
    uris = [server.uri(f"/commit/{HEX[1:]}{number}", "127.0.0.1") for number in "246"]
    record(*((uri,) for uri in uris))
    assert HEX[1:] not in (tmp_path / "it.yaml").read_text()
    with use(http, "it", tmp_path) as cassette:
        for uri in reversed(uris):
            http.request(uri)
            assert cassette.play_counts[uris.index(uri)] == 1


def test_of_several_the_nearest_is_shown_where_long_values_begin_to_differ(tmp_path, serve, http, record):
    base = serve().uri("/api.php", "127.0.0.1")
    long = "word " * 500
    edit = {"action": "edit", "title": "A", "text": f"{long}the end"}
    forms = [{"action": "query"}, edit, {**edit, "title": "B", "text": "short"}]
    record(*((base, "POST", urlencode(form), FORM) for form in forms))
    with pytest.raises(NotRecordedError) as caught:
        play(http, tmp_path, base, "POST", urlencode({**edit, "text": f"{long}the beginning"}), FORM)
    message = str(caught.value)
    assert "number 2 of 3" in message
    assert "the beginning'" in message
    assert len(message) < 700


def test_two_posts_to_one_uri_never_play_as_each_other(tmp_path, serve, http, record):
    server = serve(lambda received: answer(received.body))
    base = server.uri("/api.php", "127.0.0.1")
    record(*((base, "POST", f"n={number}", FORM) for number in range(5)))
    with use(http, "it", tmp_path):
        for number in (3, 1, 4, 0, 2):
            assert http.request(base, "POST", f"n={number}", FORM)[1] == f"n={number}".encode()
    assert len(server.received) == 5


def test_the_same_request_is_played_as_often_as_it_was_recorded_and_in_order(tmp_path, serve, http, record):
    server = serve(in_turn(answer("first"), answer("second"), answer("live")))
    uri = server.uri("/", "127.0.0.1")
    record((uri,), (uri,))
    with use(http, "it", tmp_path) as cassette:
        assert [http.request(uri)[1] for _ in range(2)] == [b"first", b"second"]
        assert cassette.all_played
        with pytest.raises(NotRecordedError, match="has been played as often as it was recorded"):
            http.request(uri)
    assert len(server.received) == 2


def test_what_is_not_there_is_vcrs_exception_too_and_its_message_holds_no_secret(tmp_path, serve, http, record):
    uri = serve().uri("/?a=1", "127.0.0.1")
    record((uri,))
    http.oauth = OAuth1("client", "s3cret", "t0ken-of-mine", "t0ken-s3cret", signature_type="QUERY")
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        play(http, tmp_path, f"{uri}&lgpassword=canary-pass&x={'0123456789abcdef' * 2}")
    assert isinstance(caught.value, CassetteError)
    message = str(caught.value)
    assert "query parameter x is not in the recorded request" in message
    for secret in ("t0ken-of-mine", "canary-pass", "0123456789abcdef" * 2):
        assert secret not in message
    assert "oauth_signature=SCRUBBED-signature-" in message


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (f"text={'w ' * 22}Zebrafish-internal-project", FORM["Content-Type"]),
        (f"text={'y' * 44} {BASE62}", FORM["Content-Type"]),
        (f"<r><password>correct-horse-battery-{'staple-' * 20}</password></r>", "text/xml"),
    ],
)
def test_a_message_is_scrubbed_before_it_is_cut(tmp_path, serve, http, record, body, type_):
    uri = serve().uri("/", "127.0.0.1")
    record((uri, "POST", "x=1", {"Content-Type": type_}))
    with pytest.raises(NotRecordedError) as caught:
        play(http, tmp_path, uri, "POST", body, {"Content-Type": type_}, secrets=["Zebrafish-internal-project"])
    for part in ("Zebra", BASE62[:8], "correct-horse"):
        assert part not in str(caught.value)


def test_a_cassette_that_cannot_be_read_is_named_and_not_quoted(tmp_path, serve, http):
    (tmp_path / "it.yaml").write_text("version: 1\n<<<<<<< HEAD: [canary\n")
    with pytest.raises(CassetteError, match=r"it\.yaml, line \d+ is not a vcr cassette \(\w+\)") as caught:
        play(http, tmp_path, serve().uri("/", "127.0.0.1"))
    assert "canary" not in str(caught.value)


def test_an_http_that_is_none_is_told_at_once(tmp_path):
    with pytest.raises(TypeError, match=r"must be an httplib2\.Http, not object"):
        use(object(), "it", tmp_path)
    with pytest.raises(TypeError, match="not callable"):  # It would be closed before a coroutine runs.
        use(httplib2.Http(), "it", tmp_path)(lambda: None)


def test_without_a_cassette_it_says_so(tmp_path, serve, http):
    server = serve()
    with pytest.raises(NotRecordedError, match="The cassette doesn't exist yet"):
        play(http, tmp_path, server.uri("/", "127.0.0.1"))
    assert server.received == []


def test_a_secret_that_was_recorded_matches_whatever_is_sent_in_its_place(tmp_path, serve, http, record):
    server = serve()
    base = server.uri("/", "127.0.0.1")
    record((f"{base}key-Zebrafish/list?for=Zebrafish-team",), secrets=["Zebrafish"])
    play(http, tmp_path, f"{base}key-other/list?for=other-team")
    with pytest.raises(NotRecordedError, match="the path is"):
        play(http, tmp_path, f"{base}key-/list?for=other-team")
    with pytest.raises(NotRecordedError, match="query parameter for is"):
        play(http, tmp_path, f"{base}key-other/list?for=other-project")


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
def test_who_signs_and_where_does_not_matter(tmp_path, serve, record, signature_type):
    server = serve()
    uri = server.uri("/?a=1", "127.0.0.1")
    record((uri, "POST", "b=2", FORM))
    http = OAuth1Http(oauth=OAuth1("somebody", "else", "with", "tokens", signature_type=signature_type))
    play(http, tmp_path, uri, "POST", "b=2", FORM)
    http.oauth = None
    play(http, tmp_path, uri, "POST", "b=2", FORM)
    assert len(server.received) == 1


# -- what is not written


def test_an_answer_that_is_no_text_is_refused_where_it_is_asked_for(tmp_path, serve, http):
    server = serve(in_turn(answer("words"), answer(b"\x89PNG\r\n\x1a\n\x00", Content_Type="image/png")))
    uri = server.uri("/", "127.0.0.1")
    with recorder(tmp_path, record_mode="once").use(http, "it") as cassette:
        http.request(uri)
        with pytest.raises(
            UnscrubbableError, match=r"the response to GET .* is not text \(image/png, 9 bytes\)"
        ) as caught:
            http.request(uri)
        assert len(cassette) == 1
    assert 'binary="keep"' in str(caught.value)
    assert "PNG" not in (tmp_path / "it.yaml").read_text()


def test_a_body_that_is_no_text_is_refused_and_kept_if_one_says_so(tmp_path, serve, http):
    server = serve(lambda received: answer(received.body, Content_Type="application/octet-stream"))
    request = (server.uri("/", "127.0.0.1"), "PUT", b"\x00\x01\xff", {"Content-Type": "application/octet-stream"})
    with (
        recorder(tmp_path, record_mode="once").use(http, "it"),
        pytest.raises(UnscrubbableError, match="the body of PUT"),
    ):
        http.request(*request)
    assert not (tmp_path / "it.yaml").exists()
    for _ in range(2):
        with recorder(tmp_path, record_mode="once", binary="keep").use(http, "it"):
            assert http.request(*request)[1] == b"\x00\x01\xff"
    # What was refused was not sent either.
    assert len(server.received) == 1


def test_bodies_that_are_no_text_are_told_apart_and_played_whatever_the_recorder_keeps(tmp_path, serve, http, record):
    server = serve(lambda received: answer(str(len(received.body))))
    type_ = {"Content-Type": "application/octet-stream"}
    uri = server.uri("/", "127.0.0.1")
    record((uri, "PUT", b"\x00\x01", type_), (uri, "PUT", b"\x00\x01\x02", type_), binary="keep")
    with use(http, "it", tmp_path):
        assert http.request(uri, "PUT", b"\x00\x01\x02", type_)[1] == b"3"
        with pytest.raises(NotRecordedError, match=r"the body's 2 bytes differ from the [23] recorded bytes"):
            http.request(uri, "PUT", b"\x00\x09", type_)
    assert len(server.received) == 2


def test_a_file_in_a_multipart_body_is_described_and_not_written(tmp_path, serve, http, record):
    server = serve()
    file = b"\x89PNG\x00 hidden in the file"
    body, headers = multipart("x", [("token", cassette_server.CSRF)], file)
    record((server.uri("/", "127.0.0.1"), "POST", body, headers))
    text = (tmp_path / "it.yaml").read_text()
    assert "!!binary" not in text
    assert "hidden in the file" not in text
    assert cassette_server.CSRF[:-2] not in text
    recorded = yaml.safe_load(text)["interactions"][0]["request"]["body"]
    assert f"SCRUBBED-binary 24 bytes sha256:{hashlib.sha256(file).hexdigest()}\r\n" in recorded
    play(http, tmp_path, server.uri("/", "127.0.0.1"), "POST", body, headers)


def test_compressed_answers_are_written_as_text(tmp_path, serve, http, record):
    packed = gzip.compress(b'{"csrftoken": "' + cassette_server.CSRF[:-2].encode() + rb'+\\"}')
    server = serve(lambda _: answer(packed, Content_Type="application/json", Content_Encoding="gzip"))
    uri = server.uri("/", "127.0.0.1")
    [(_, live)] = record((uri,))
    assert live.startswith(b'{"csrftoken": "5f0d')
    assert r'{"csrftoken": "SCRUBBED-csrftoken-1+\\"}' in (tmp_path / "it.yaml").read_text()
    assert play(http, tmp_path, uri)[1] == rb'{"csrftoken": "SCRUBBED-csrftoken-1+\\"}'


def test_a_cassette_that_cannot_be_written_is_told_once_all_is_as_before(tmp_path, serve, http):
    (tmp_path / "file").write_text("no folder")
    server = serve()
    opening = recorder(tmp_path / "file", record_mode="once").use(http, "it")
    with pytest.raises(OSError, match="file"), opening:
        http.request(server.uri("/", "127.0.0.1"))
    # The opening still exists, so that nothing else can have put it right.
    assert "vcr" not in httplib2.SCHEME_TO_CONNECTION["http"].__module__
    with pytest.raises(ZeroDivisionError), recorder(tmp_path / "file", record_mode="once").use(http, "it"):
        raise ZeroDivisionError(http.request(server.uri("/", "127.0.0.1")))
    assert http.request(server.uri("/", "127.0.0.1"))[1] == b"ok"
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"secrets": ["abc"]}, "at least 4 characters"), ({"binary": "maybe"}, "'refuse' or 'keep'")],
)
def test_what_makes_no_sense_is_refused_at_once(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        recorder(tmp_path, **options)
    with pytest.raises(TypeError, match="a list"):
        recorder(tmp_path, secrets="a text")


def test_unset_secrets_are_passed_over(tmp_path, serve, http, record):
    record((serve().uri("/", "127.0.0.1"),), secrets=[None, "", "something"])
    assert (tmp_path / "it.yaml").exists()


# -- which connections are used


def test_connections_from_before_are_put_away_and_are_there_again_afterwards(tmp_path, serve, http, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    http.request(uri)
    before = dict(http.connections)
    with use(http, "it", tmp_path):
        assert http.connections == {}
        http.request(uri)
        assert list(http.connections.values()) != list(before.values())
        with pytest.raises(NotRecordedError):
            http.request(uri)
    assert http.connections == before
    connections = server.connections
    http.request(uri)
    assert (len(server.received), server.connections) == (3, connections)


def test_connections_of_an_http_that_the_cassette_was_not_told_of_are_put_away_too(tmp_path, serve, http, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    http.request(uri)
    with recorder(tmp_path).use_cassette("it") as cassette:
        http.request(uri)
        assert cassette.play_count == 1
    assert len(server.received) == 2
    http.request(uri)
    assert len(server.received) == 3


def test_a_cassette_within_another_has_connections_of_its_own(tmp_path, serve, http):
    server = serve(in_turn(*(answer(str(number)) for number in range(9))))
    uri = server.uri("/", "127.0.0.1")
    http.request(uri)
    made = recorder(tmp_path, record_mode="once")
    with made.use_cassette("outer") as outer:
        assert http.request(uri)[1] == b"1"
        with made.use_cassette("inner") as inner:
            assert http.request(uri)[1] == b"2"
        assert http.request(uri)[1] == b"3"
        assert (len(outer), len(inner)) == (2, 1)
    assert http.request(uri)[1] == b"4"
    assert (len(outer), len(inner)) == (2, 1)


def test_a_frameworks_own_pool_is_put_away_where_it_comes_past_and_told_of_where_not(tmp_path, serve, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    record((uri,))
    pool = minibot.ConnectionPool()
    framework = minibot.Http(pool=pool, timeout=10)
    framework.request(uri)
    with use(framework, "it", tmp_path):
        framework.request(uri)
    assert len(server.received) == 2
    # The pool holds a connection of the cassette's now, and says so instead of playing or asking anything.
    with pytest.raises(PooledConnectionError, match="which is closed"):
        framework.request(uri)
    assert len(server.received) == 2


def test_a_connection_that_nobody_could_put_away_is_refused_not_used(tmp_path, serve, record):
    server = serve()
    record((server.uri("/", "127.0.0.1"),))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    refused = pytest.raises(PooledConnectionError, match="from before the cassette was opened")
    with recorder(tmp_path).use_cassette("it"), refused:
        connection.request("GET", "/")
    assert len(server.received) == 2
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def test_threads_replay_and_record_one_request_at_a_time_and_nothing_goes_live(tmp_path, serve, record):
    server = serve()
    uri = server.uri("/", "127.0.0.1")
    results = []

    def ask(number, count):
        http = OAuth1Http(timeout=10, oauth=ANYBODY)
        for turn in range(count):
            try:
                results.append(http.request(f"{uri}?n={number}-{turn}")[1])
            except NotRecordedError:
                results.append(None)
        http.close()

    def run(count):
        threads = [threading.Thread(target=ask, args=(number, count)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with recorder(tmp_path, record_mode="once").use_cassette("it") as cassette:
        run(5)
        assert len(cassette) == 40
    assert (len(server.received), results) == (40, [b"ok"] * 40)
    results.clear()
    with recorder(tmp_path).use_cassette("it"):
        run(10)
    assert len(server.received) == 40
    assert (results.count(b"ok"), results.count(None)) == (40, 40)


def test_an_ignored_host_is_asked_over_whatever_connection(tmp_path, serve, http):
    server = serve()
    connection = http_client = httplib2.HTTPConnectionWithTimeout("127.0.0.1", server.port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    with recorder(tmp_path, ignore_hosts=["127.0.0.1"]).use_cassette("it") as cassette:
        http_client.request("GET", "/")
        assert http_client.getresponse().read() == b"ok"
        assert http.request(server.uri("/", "127.0.0.1"))[1] == b"ok"
        assert len(cassette) == 0
    connection.close()


def test_it_plays_over_tls_without_a_server(tmp_path, serve, tls, ca_certs):
    server = serve(tls=tls)
    uri = server.uri("/?a=1")
    for _ in range(2):
        http = OAuth1Http(timeout=10, ca_certs=ca_certs, oauth=ANYBODY)
        with recorder(tmp_path, record_mode="once").use(http, "it"):
            assert http.request(uri)[1] == b"ok"
        http.close()
    assert len(server.received) == 1


# -- what a server echoes


@pytest.fixture
def handshake(tmp_path):
    """A handshake recorded on the embedded wiki, which is gone; how to play it with any consumer."""
    with TestWiki() as wiki:
        consumer = wiki.register("A tool", callback="https://tool.example/back")
        index_uri, real = wiki.index_uri, (consumer.key, consumer.secret)

        def run(consumer, authorize):
            http = OAuth1Http(timeout=10)
            tool = mediawiki.Handshaker(index_uri, consumer, user_agent="tests", http=http)
            _, request_token = tool.initiate("https://tool.example/back")
            access_token = tool.complete(request_token, authorize(request_token.key))
            return tool.identify(access_token), access_token

        with recorder(tmp_path, record_mode="once").use_cassette("handshake"):
            # By the owner in her browser, which is no part of the traffic.
            run(real, lambda key: wiki.authorize(key, "Alice"))
    return run, real


def comes_back(key):
    return f"https://tool.example/back?oauth_verifier=anything&oauth_token={key}"


def test_a_handshake_with_its_identity_plays_with_any_consumer(tmp_path, handshake):
    run, real = handshake
    text = (tmp_path / "handshake.yaml").read_text()
    assert not [part for part in real if part in text]
    assert list(audit(tmp_path)) == []
    for consumer in [("any key", "any secret"), real]:
        with recorder(tmp_path).use_cassette("handshake") as cassette:
            identity, access_token = run(consumer, comes_back)
            assert cassette.all_played
        assert (identity["username"], identity["aud"]) == ("Alice", consumer[0])
        assert abs(identity["iat"] - time.time()) < 60
        assert access_token.key == "SCRUBBED-token-2"


def test_an_identity_plays_years_later_and_by_a_clock_that_is_off(tmp_path, handshake, monkeypatch):
    run, _ = handshake
    real_time = time.time
    for offset in (-7200, 86400 * 3650):
        monkeypatch.setattr(time, "time", lambda offset=offset: real_time() + offset)
        with recorder(tmp_path).use_cassette("handshake"):
            assert run(("any", "thing"), comes_back)[0]["username"] == "Alice"


def test_only_what_the_cassette_plays_is_believed_and_only_while_it_plays(tmp_path, handshake, monkeypatch):
    import jwt

    run, _ = handshake
    statements = []
    decode = jwt.decode
    monkeypatch.setattr(
        jwt, "decode", lambda token, *args, **kwargs: statements.append(token) or decode(token, *args, **kwargs)
    )
    with recorder(tmp_path).use_cassette("handshake"):
        run(("any", "thing"), comes_back)
        head, claims, signature = statements[0].split(b".")
        # The clock may have moved on by a second between the recorded request and its response. PyJWT has no leeway.
        options = {"algorithms": ["HS256"], "options": {"verify_aud": False}, "leeway": 10}
        assert decode(statements[0], "k" * 32, **options)["username"] == "Alice"
        forged = b".".join([head, claims[:-8] + b"AAAAAAAA", signature])
        with pytest.raises(jwt.InvalidTokenError):
            decode(forged, "k" * 32, **options)
        with pytest.raises(jwt.InvalidSignatureError):
            decode(jwt.encode({"username": "Mallory"}, "m" * 32), "k" * 32, **options)
        assert decode(jwt.encode({"username": "Own"}, "k" * 32), "k" * 32, **options) == {"username": "Own"}
    with pytest.raises(jwt.InvalidSignatureError):
        decode(statements[0], "k" * 32, **options)


def test_an_identity_that_was_forged_when_it_was_recorded_is_forged_when_it_is_played(tmp_path, serve, http):
    import jwt

    def forge(received):
        nonce = received.headers["authorization"].partition('oauth_nonce="')[2].partition('"')[0]
        claims = {"iss": server.uri("/", "127.0.0.1"), "aud": "any", "iat": int(time.time()), "sub": "1",
                  "exp": int(time.time()) + 100, "username": "Mallory", "nonce": nonce}  # fmt: skip
        return answer(jwt.encode(claims, "a key of the forger's, 32 bytes long"), Content_Type="application/json")

    server = serve(forge)
    uri, consumer = server.uri("/index.php", "127.0.0.1"), ("any", "a consumer's secret of 32 bytes..")
    for mode in ("once", "none"):
        with recorder(tmp_path, record_mode=mode).use(http, "it"), pytest.raises(IdentityError) as caught:
            mediawiki.identify(uri, consumer, ("token", "secret"), user_agent="tests", http=http)
        assert caught.value.reason == "signature"
    assert len(server.received) == 1


def test_an_answer_that_looks_like_a_statement_of_a_cassette_is_not_recorded(tmp_path, serve, http):
    uri = serve(lambda _: answer('SCRUBBED-statement {"username": "Mallory"}')).uri("/", "127.0.0.1")
    with (
        recorder(tmp_path, record_mode="once").use(http, "it"),
        pytest.raises(UnscrubbableError, match="marks the claims of a JWT in a cassette"),
    ):
        http.request(uri)
    assert not (tmp_path / "it.yaml").exists()


def test_an_identity_of_another_wiki_is_refused_in_a_replay_as_it_was_live(tmp_path, handshake):
    run, _ = handshake
    path = tmp_path / "handshake.yaml"
    path.write_text(path.read_text().replace('"iss": "http://127.0.0.1', '"iss": "http://elsewhere'))
    with recorder(tmp_path).use_cassette("handshake"), pytest.raises(IdentityError) as caught:
        run(("any", "thing"), comes_back)
    assert caught.value.reason == "issuer"


def test_a_repaired_clock_is_repaired_again_whatever_the_time_is(tmp_path, monkeypatch):
    real_time = time.time
    with TestWiki() as wiki:
        uri, oauth = f"{wiki.api_uri}?action=query&meta=userinfo&format=json", OAuth1(*wiki.owner_only("Alice"))
        http = OAuth1Http(timeout=10, oauth=oauth)
        monkeypatch.setattr(time, "time", lambda: real_time() + 7200)
        wiki.clock = real_time
        with recorder(tmp_path, record_mode="once").use(http, "it") as cassette:
            assert b'"Alice"' in http.request(uri)[1]
            assert b'"Alice"' in http.request(uri)[1]
            assert len(cassette) == 3
    for offset in (7200, -86400 * 400):
        monkeypatch.setattr(time, "time", lambda offset=offset: real_time() + offset)
        http = OAuth1Http(timeout=10, oauth=ANYBODY)
        with use(http, "it", tmp_path) as cassette:
            assert b'"Alice"' in http.request(uri)[1]
            assert b'"Alice"' in http.request(uri)[1]
            assert cassette.all_played


def test_a_refusal_that_gives_no_reason_does_not_look_like_a_clock_months_later(tmp_path, monkeypatch):
    real_time = time.time
    with TestWiki() as wiki:
        uri = f"{wiki.index_uri.removesuffix('index.php')}rest.php/v1/page/Main_Page"
        http = OAuth1Http(timeout=10, oauth=OAuth1("nobody", "s", "t", "ts"))
        with recorder(tmp_path, record_mode="once").use(http, "it"):
            assert http.request(uri)[0].status == 403
    monkeypatch.setattr(time, "time", lambda: real_time() + 86400 * 200)
    response, _ = play(OAuth1Http(oauth=ANYBODY), tmp_path, uri)
    assert response.status == 403


def test_a_nonce_that_was_refused_is_the_one_that_was_sent(tmp_path, serve, http, record):
    def refuse(received):
        nonce = received.headers["authorization"].partition('oauth_nonce="')[2].partition('"')[0]
        error = {"error": {"code": "mwoauth-invalid-authorization", "info": f"Nonce already used: {nonce}"}}
        return answer(json.dumps(error), Content_Type="application/json", MediaWiki_API_Error="mwoauth-x")

    uri = serve(refuse).uri("/", "127.0.0.1")
    record((uri,))
    seen = []

    class Watched(OAuth1):
        def sign(self, *args, **kwargs):
            seen.append(super().sign(*args, **kwargs))
            return seen[-1]

    http.oauth = Watched("a", "b", "c", "d")
    content = play(http, tmp_path, uri)[1].decode()
    nonce = content.partition("Nonce already used: ")[2].partition('"')[0]
    assert f'oauth_nonce="{nonce}"' in seen[-1].headers["Authorization"]


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
def test_what_a_server_echoes_is_what_was_sent_by_each_of_many_requests(tmp_path, serve, signature_type):
    def echo(received):
        found = reference.protocol_parameters(received)
        return answer(f"key {found['oauth_consumer_key']} nonce {found['oauth_nonce']} end")

    class Noting(OAuth1):
        def sign(self, *args, **kwargs):
            signed = super().sign(*args, **kwargs)
            nonces.append(re.search(r'oauth_nonce="?(\d+)', f"{signed.uri} {signed.headers} {signed.body}")[1])
            return signed

    uri, nonces = serve(echo).uri("/", "127.0.0.1"), []
    for mode in ("once", "none"):
        http = OAuth1Http(timeout=10, oauth=Noting(f"key-0-for-{mode}", "b", "c", "d", signature_type=signature_type))
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            for _ in range(12):
                response, content = http.request(uri, "POST", "a=1", FORM)
                assert content.decode() == f"key key-0-for-{mode} nonce {nonces[-1]} end"
                assert response["content-length"] == str(len(content))


def test_the_servers_date_is_as_far_from_now_as_it_was_then_signed_or_not(tmp_path, serve, http, monkeypatch):
    real_time = time.time
    server = serve(lambda _: answer(Date=email.utils.formatdate(real_time() - 500, usegmt=True)))
    uri = server.uri("/", "127.0.0.1")
    for mode, days in (("once", 0), ("none", 200)):
        monkeypatch.setattr(time, "time", lambda days=days: real_time() + 86400 * days)
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            for oauth, ahead in ((ANYBODY, 500), (None, 0 if days else 500)):
                http.oauth = oauth
                date = email.utils.parsedate_to_datetime(http.request(uri)[0]["date"]).timestamp()
                assert abs(time.time() - ahead - date) < 10


def test_all_times_of_a_statement_are_those_of_now(tmp_path, serve, http, monkeypatch):
    import jwt

    now = int(time.time())
    claims = {"iat": now, "nbf": now, "exp": now + 100, "auth_time": now - 50, "registered": 20261121}
    uri = serve(lambda _: answer(jwt.encode(claims, "k" * 32))).uri("/", "127.0.0.1")
    for mode, days in (("once", 0), ("none", 200)):
        monkeypatch.setattr(time, "time", lambda days=days: now + 86400 * days)
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            content = http.request(uri)[1]
            stated = jwt.decode(content, "k" * 32, algorithms=["HS256"], options={"verify_signature": False})
            expected = {name: time_ + 86400 * days for name, time_ in claims.items() if name != "registered"}
            assert stated == {**expected, "registered": 20261121}


def test_problem_reporting_is_played_by_the_clock_of_now(tmp_path, serve, record, monkeypatch):
    def judge(received):
        stamp = int(received.headers["authorization"].partition('oauth_timestamp="')[2].partition('"')[0])
        if stamp < time.time() + 3000:
            window = f"{int(time.time()) + 3300}-{int(time.time()) + 3900}"
            challenge = f'OAuth realm="x", oauth_problem="timestamp_refused", oauth_acceptable_timestamps="{window}"'
            return answer("", "401 Unauthorized", WWW_Authenticate=challenge)
        return answer("welcome")

    uri = serve(judge).uri("/", "127.0.0.1")
    assert record((uri,))[0][1] == b"welcome"
    real_time = time.time
    monkeypatch.setattr(time, "time", lambda: real_time() + 86400 * 30)
    http = OAuth1Http(oauth=ANYBODY)
    assert play(http, tmp_path, uri)[1] == b"welcome"
    # By as many seconds as the server's clock was ahead then.
    assert [round(offset / 100) for offset in http._clock_offsets.values()] == [36]


def test_a_head_keeps_the_length_of_what_it_leaves_out(tmp_path, serve, http, record):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"
    uri = serve(lambda _: head).uri("/", "127.0.0.1")
    record((uri, "HEAD"))
    assert play(http, tmp_path, uri, "HEAD")[0]["content-length"] == "12345"


def test_redirects_are_played_and_their_verifiers_are_none(tmp_path, serve, http, record):
    server = serve(cassette_server.api)
    uri = server.uri("/api.php?login=1", "127.0.0.1")
    record((uri,))
    text = (tmp_path / "it.yaml").read_text()
    assert cassette_server.CSRF[:30] not in text
    assert "oauth_verifier=SCRUBBED-verifier-1&oauth_token=SCRUBBED-token-" in text
    response, _ = play(http, tmp_path, uri)
    assert response.previous.status == 302
    assert len(server.received) == 2
