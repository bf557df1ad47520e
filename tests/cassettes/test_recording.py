"""The form in which requests and responses are recorded, and the bodies that are refused."""

import gzip
import hashlib
import io

import pytest
import yaml

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import (
    NotRecordedError,
    UnscrubbableError,
    recorder,
    use,
)

from ..servers import answer, in_turn
from . import secretive_wiki
from .traffic import multipart, play


def test_a_binary_response_is_refused_by_the_request_that_gets_it(tmp_path, serve, http):
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


def test_a_binary_body_is_refused_unless_binary_is_keep(tmp_path, serve, http):
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
    # The refused request wasn't sent.
    assert len(server.received) == 1


def test_kept_binary_bodies_are_matched_by_their_bytes(tmp_path, serve, http, record):
    server = serve(lambda received: answer(str(len(received.body))))
    type_ = {"Content-Type": "application/octet-stream"}
    uri = server.uri("/", "127.0.0.1")
    record((uri, "PUT", b"\x00\x01", type_), (uri, "PUT", b"\x00\x01\x02", type_), binary="keep")
    with use(http, "it", tmp_path):
        assert http.request(uri, "PUT", b"\x00\x01\x02", type_)[1] == b"3"
        with pytest.raises(NotRecordedError, match=r"the body's 2 bytes differ from the [23] recorded bytes"):
            http.request(uri, "PUT", b"\x00\x09", type_)
    assert len(server.received) == 2


def test_a_file_in_a_multipart_body_is_recorded_as_its_hash(tmp_path, serve, http, record):
    server = serve()
    file = b"\x89PNG\x00 hidden in the file"
    body, headers = multipart("x", [("token", secretive_wiki.CSRF)], file)
    record((server.uri("/", "127.0.0.1"), "POST", body, headers))
    text = (tmp_path / "it.yaml").read_text()
    assert "!!binary" not in text
    assert "hidden in the file" not in text
    assert secretive_wiki.CSRF[:-2] not in text
    recorded = yaml.safe_load(text)["interactions"][0]["request"]["body"]
    assert f"SCRUBBED-binary 24 bytes sha256:{hashlib.sha256(file).hexdigest()}\r\n" in recorded
    play(http, tmp_path, server.uri("/", "127.0.0.1"), "POST", body, headers)


def test_compressed_responses_are_recorded_as_text(tmp_path, serve, http, record):
    packed = gzip.compress(b'{"csrftoken": "' + secretive_wiki.CSRF[:-2].encode() + rb'+\\"}')
    server = serve(lambda _: answer(packed, Content_Type="application/json", Content_Encoding="gzip"))
    uri = server.uri("/", "127.0.0.1")
    [(_, live)] = record((uri,))
    assert live.startswith(b'{"csrftoken": "5f0d')
    assert r'{"csrftoken": "SCRUBBED-csrftoken-1+\\"}' in (tmp_path / "it.yaml").read_text()
    assert play(http, tmp_path, uri)[1] == rb'{"csrftoken": "SCRUBBED-csrftoken-1+\\"}'


def test_bodies_from_an_iterator_or_a_file_are_recorded_as_text(tmp_path, serve):

    server = serve(lambda received: answer(received.body))
    http = OAuth1Http(timeout=10, oauth=OAuth1("a", "b", "c", "d"))
    with recorder(tmp_path, record_mode="once").use(http, "it"):
        http.request(server.uri("/", "127.0.0.1"), "POST", iter([b"one ", b"two"]), {"Content-Type": "text/plain"})
        http.request(server.uri("/", "127.0.0.1"), "POST", io.BytesIO(b"three"), {"Content-Type": "text/plain"})
    recorded = yaml.safe_load((tmp_path / "it.yaml").read_text())["interactions"]
    assert [each["request"]["body"] for each in recorded] == ["one two", "three"]
