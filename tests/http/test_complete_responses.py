"""Answers: what is read at once is what http.client reads, and what was cut off is noticed."""

import http.client
import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from httplib2_oauthlib._http.connections import CompletenessResponse


def read(kind, answer, method):
    """All that an answer is to its reader, or what reading it raised."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        response = kind(ours, method=method)
        try:
            response.begin()
            facts = (response.version, response.status, response.reason, response.getheaders(), response.msg.items())
            facts += (
                response.length,
                response.chunked,
                response.chunk_left,
                response.will_close,
            )
            facts += (response.headers["content-length"], [type(defect) for defect in response.headers.defects])
            return (*facts, response.read(), response.length, response.isclosed())
        except Exception as error:
            return type(error), str(error)
        finally:
            response.close()


names = st.sampled_from(
    [
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "X",
        "Set-Cookie",
        "Content-Type",
        "a b",
        "",
    ]
)
values = st.sampled_from(
    [
        "2",
        " 2",
        "2 ",
        "+2",
        "-2",
        "\u0662",
        "2\t",
        "3",
        "0",
        "close",
        "keep-alive",
        "Keep-Alive",
        "chunked",
        "gzip, chunked",
        "Chunked",
        "text/html; charset=utf-8",
        "\xe9",
        "\x85",
        "\x0b",
        "a\rb",
        "a\r\n folded",
        "",
        "multipart/mixed; boundary=b",
    ]
)
fields = st.tuples(names, st.sampled_from([":", ": ", ":\t", " :", ""]), values).map("".join)
status_lines = st.sampled_from(
    [
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.1 200 ",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 404 Not  Found ",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 304 Not Modified",
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 199 X",
        "HTTP/1.1 999 X",
        "HTTP/1.1 200 \xe9",
        "HTTP/2 200 OK",
        "nonsense",
        "HTTP/1.1 20 OK",
    ]
)
bodies = st.sampled_from(["", "ab", "abc", "2\r\nab\r\n0\r\n\r\n", "2\r\nab\r\n0\r\nTrailer: x\r\n\r\n", "a"])


# Most of them usual but for one thing, so that what is read at once is met, too.
usual = st.sampled_from(
    ["Content-Type: text/html", "X:\ty ", "Set-Cookie: a=\xe9", "Connection: keep-alive", "X: ", "Y:z"]
)
lengths = st.sampled_from(["Content-Length: 2", "content-length:2", "Content-Length: 0", "Transfer-Encoding: chunked"])


@given(
    status_line=st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.1 404 Not  Found ", "HTTP/1.1 503", "HTTP/1.1 302 "])
    | status_lines,
    fields=st.tuples(st.lists(usual, max_size=3), lengths, st.lists(usual | fields, max_size=1)).map(
        lambda parts: [*parts[0], parts[1], *parts[2]]
    )
    | st.lists(fields, max_size=5),
    newline=st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"]),
    body=bodies,
    method=st.sampled_from(["GET", "GET", "HEAD", "POST"]),
)
@example("HTTP/1.1 200 OK", ["Content-Type: text/html", "Content-Length: 2", "X: a", "X: b"], "\r\n", "ab", "GET")
@example("HTTP/1.1 200 OK", ["Content-Length: 2"], "\r\n", "", "HEAD")
@example("HTTP/1.1 304 Not Modified", ["Content-Length: 2"], "\r\n", "", "GET")
@example("HTTP/1.1 204 No Content", ["Content-Length: 2"], "\r\n", "", "GET")
@example("HTTP/1.1 404 Not  Found ", ["Content-Length: 2"], "\r\n", "ab", "GET")
@example("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked"], "\r\n", "2\r\nab\r\n0\r\n\r\n", "GET")
@example("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked", "Content-Length: 2"], "\r\n", "2\r\nab\r\n0\r\n\r\n", "GET")
@example("HTTP/1.1 200 OK", ["Content-Length: 2", "Content-Length: 3"], "\r\n", "abc", "GET")
@example("HTTP/1.1 200 OK", ["Content-Length: 2", "Connection: close"], "\r\n", "ab", "GET")
@example("HTTP/1.1 200 OK", ["Content-Length: 3"], "\r\n", "ab", "GET")
@example("HTTP/1.1 200 OK", ["Content-Length: " + 5000 * "1"], "\r\n", "ab", "GET")
def test_an_answer_is_read_as_http_client_reads_it(status_line, fields, newline, body, method):
    answer = (newline.join([status_line, *fields]) + 2 * newline + body).encode("iso-8859-1", "ignore")
    assert read(CompletenessResponse, answer, method) == read(http.client.HTTPResponse, answer, method)


def test_it_is_begun_once():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HEAD + HEAD)
        response = CompletenessResponse(ours, method="GET")
        response.begin()
        response.begin()
        assert (response.status, response.fp.peek()) == (200, HEAD)
        response.close()


def test_what_is_debugged_is_printed(capsys):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HEAD)
        response = CompletenessResponse(ours, debuglevel=1, method="GET")
        response.begin()
        response.close()
    assert "reply: 'HTTP/1.1 200 OK" in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 63, 64, 65, 99, 100, 101, 500])
def test_as_many_headers_are_taken_as_http_client_takes(count):
    lines = [f"X-{number}: {'x' * 100}" for number in range(count - 1)]
    answer = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Content-Length: 2", "", "ab"]).encode()
    assert read(CompletenessResponse, answer, "GET") == read(http.client.HTTPResponse, answer, "GET")


HEAD = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("length", range(1, len(HEAD)))
def test_a_head_that_is_cut_off_is_no_answer(length):
    """At whichever byte; http.client takes it for a whole one from the end of the first line on."""
    raised, _ = read(CompletenessResponse, HEAD[:length], "GET")
    assert issubclass(raised, http.client.HTTPException)


def test_a_head_that_comes_byte_by_byte_is_read():
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def trickle():
            for byte in HEAD.replace(b"0", b"2") + b"ab":
                theirs.sendall(bytes([byte]))

        thread = threading.Thread(target=trickle)
        thread.start()
        response = CompletenessResponse(ours, method="GET")
        response.begin()
        assert (response.read(), response.is_complete) == (b"ab", True)
        thread.join()
        response.close()


@pytest.mark.parametrize(("body", "is_whole"), [(b"ab", True), (b"a", False)])
def test_it_knows_whether_its_body_came_whole(body, is_whole):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(HEAD.replace(b"0\r", b"2\r") + body)
        theirs.shutdown(socket.SHUT_WR)
        response = CompletenessResponse(ours, method="GET")
        response.begin()
        assert not response.is_complete
        try:
            response.read()
        except http.client.IncompleteRead:
            assert not is_whole
        assert response.is_complete is is_whole
        response.close()
