"""The choice of the recorded request that is replayed, and the message if none matches."""

import io
from urllib.parse import urlencode

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import (
    CassetteError,
    NotRecordedError,
    use,
)

from ..servers import answer, in_turn
from .traffic import BASE62, FORM, HEX, UNORDERED, multipart, play, with_line_feeds


@pytest.mark.parametrize(
    ("recorded", "made"),
    [
        (("?a=1&b=2",), ("?b=2&a=1",)),
        (("?t=A|B C",), ("?t=A%7CB+C",)),
        (("?a=1&token=abc%2B%5C",), ("?a=1&token=another%2B%5C",)),
        ((f"/commit/{HEX}/with/{BASE62}/behind/it",), (f"/commit/{HEX}/with/{BASE62}/behind/it",)),
        # Hexadecimal, and its characters are in no order.
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
        (
            ("", "POST", *with_line_feeds(*multipart("one", [("a", "1"), ("token", "x")], b"\x89PNG\x00"))),
            ("", "POST", *with_line_feeds(*multipart("two", [("token", "y"), ("a", "1")], b"\x89PNG\x00"))),
        ),
        (("", "POST", "plain words", {"Content-Type": "text/plain"}), ("", "POST", b"plain words", {})),
        (("", "POST", b"", FORM), ("", "POST", None, {})),
    ],
)
def test_an_equivalent_request_is_replayed(tmp_path, serve, http, record, recorded, made):
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
        # A position in a list isn't a token, and a random value that identifies a resource has to match.
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
def test_a_different_request_raises_with_the_difference(tmp_path, serve, http, record, recorded, made, difference):
    server = serve()
    base = server.uri("/w/api.php", "127.0.0.1")
    record((base + recorded[0], *recorded[1:]))
    with pytest.raises(NotRecordedError) as caught:
        play(http, tmp_path, base + made[0], *made[1:])
    assert difference in str(caught.value)
    assert "The nearest recorded request is number 1 of 1: " in str(caught.value)
    assert len(server.received) == 1


@pytest.mark.parametrize("where", ["http://localhost:{0}/", "http://127.0.0.1:{1}/", "https://127.0.0.1:{0}/"])
def test_a_request_to_another_server_is_not_replayed(tmp_path, serve, http, record, where):
    server, other = serve(), serve()
    record((server.uri("/", "127.0.0.1"),))
    with pytest.raises(NotRecordedError, match="the server is "):
        play(http, tmp_path, where.format(server.port, other.port))
    assert (len(server.received), len(other.received)) == (1, 0)


def test_requests_with_different_random_values_match_in_any_order(tmp_path, serve, http, record):
    server = serve()
    uris = [server.uri(f"/commit/{HEX[1:]}{number}", "127.0.0.1") for number in "246"]
    record(*((uri,) for uri in uris))
    assert HEX[1:] not in (tmp_path / "it.yaml").read_text()
    with use(http, "it", tmp_path) as cassette:
        for uri in reversed(uris):
            http.request(uri)
            assert cassette.play_counts[uris.index(uri)] == 1


def test_the_message_shows_where_the_nearest_request_differs(tmp_path, serve, http, record):
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


def test_posts_with_different_bodies_get_their_own_responses(tmp_path, serve, http, record):
    server = serve(lambda received: answer(received.body))
    base = server.uri("/api.php", "127.0.0.1")
    record(*((base, "POST", f"n={number}", FORM) for number in range(5)))
    with use(http, "it", tmp_path):
        for number in (3, 1, 4, 0, 2):
            assert http.request(base, "POST", f"n={number}", FORM)[1] == f"n={number}".encode()
    assert len(server.received) == 5


def test_a_repeated_request_replays_in_order_and_as_often_as_recorded(tmp_path, serve, http, record):
    server = serve(in_turn(answer("first"), answer("second"), answer("live")))
    uri = server.uri("/", "127.0.0.1")
    record((uri,), (uri,))
    with use(http, "it", tmp_path) as cassette:
        assert [http.request(uri)[1] for _ in range(2)] == [b"first", b"second"]
        assert cassette.all_played
        with pytest.raises(NotRecordedError, match="has been played as often as it was recorded"):
            http.request(uri)
    assert len(server.received) == 2


def test_not_recorded_error_is_vcrs_exception_and_holds_no_secret(tmp_path, serve, http, record):
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


def test_a_missing_cassette_raises_without_sending(tmp_path, serve, http):
    server = serve()
    with pytest.raises(NotRecordedError, match="The cassette doesn't exist yet"):
        play(http, tmp_path, server.uri("/", "127.0.0.1"))
    assert server.received == []


def test_a_scrubbed_secret_matches_any_value_in_its_place(tmp_path, serve, http, record):
    server = serve()
    base = server.uri("/", "127.0.0.1")
    record((f"{base}key-Zebrafish/list?for=Zebrafish-team",), secrets=["Zebrafish"])
    play(http, tmp_path, f"{base}key-other/list?for=other-team")
    with pytest.raises(NotRecordedError, match="the path is"):
        play(http, tmp_path, f"{base}key-/list?for=other-team")
    with pytest.raises(NotRecordedError, match="query parameter for is"):
        play(http, tmp_path, f"{base}key-other/list?for=other-project")


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
def test_the_signer_and_the_signature_type_do_not_affect_matching(tmp_path, serve, record, signature_type):
    server = serve()
    uri = server.uri("/?a=1", "127.0.0.1")
    record((uri, "POST", "b=2", FORM))
    http = OAuth1Http(oauth=OAuth1("somebody", "else", "with", "tokens", signature_type=signature_type))
    play(http, tmp_path, uri, "POST", "b=2", FORM)
    http.oauth = None
    play(http, tmp_path, uri, "POST", "b=2", FORM)
    assert len(server.received) == 1
