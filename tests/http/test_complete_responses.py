"""CompletenessResponse reads like http.client's HTTPResponse and detects responses that were cut off."""

import http.client
import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from httplib2_oauthlib._http.responses import CompletenessResponse


def read(response_class, received, method):
    """Return everything that a caller sees of a response, or the exception that reading it raises."""
    client, server = socket.socketpair()
    with client, server:
        server.sendall(received)
        server.shutdown(socket.SHUT_WR)
        response = response_class(client, method=method)
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


field_names = st.sampled_from(
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
field_values = st.sampled_from(
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
fields = st.tuples(field_names, st.sampled_from([":", ": ", ":\t", " :", ""]), field_values).map("".join)
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
        "HTTP/1.1 999 X",
        "HTTP/1.1 200 \xe9",
        "HTTP/2 200 OK",
        "nonsense",
        "HTTP/1.1 20 OK",
    ]
)
bodies = st.sampled_from(["", "ab", "abc", "2\r\nab\r\n0\r\n\r\n", "2\r\nab\r\n0\r\nTrailer: x\r\n\r\n", "a"])


# Most examples are usual responses with at most one unusual field, so that both kinds are tested often.
usual_fields = st.sampled_from(
    ["Content-Type: text/html", "X:\ty ", "Set-Cookie: a=\xe9", "Connection: keep-alive", "X: ", "Y:z"]
)
lengths = st.sampled_from(["Content-Length: 2", "content-length:2", "Content-Length: 0", "Transfer-Encoding: chunked"])


@given(
    status_line=st.sampled_from(["HTTP/1.1 200 OK", "HTTP/1.1 404 Not  Found ", "HTTP/1.1 503", "HTTP/1.1 302 "])
    | status_lines,
    fields=st.tuples(st.lists(usual_fields, max_size=3), lengths, st.lists(usual_fields | fields, max_size=1)).map(
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
def test_any_response_is_read_as_http_client_reads_it(status_line, fields, newline, body, method):
    received = (newline.join([status_line, *fields]) + 2 * newline + body).encode("iso-8859-1", "ignore")
    assert read(CompletenessResponse, received, method) == read(http.client.HTTPResponse, received, method)


def test_second_begin_reads_nothing():
    client, server = socket.socketpair()
    with client, server:
        server.sendall(HEAD + HEAD)
        response = CompletenessResponse(client, method="GET")
        response.begin()
        response.begin()
        assert (response.status, response.fp.peek()) == (200, HEAD)
        response.close()


def test_debuglevel_prints_the_status_line(capsys):
    client, server = socket.socketpair()
    with client, server:
        server.sendall(HEAD)
        response = CompletenessResponse(client, debuglevel=1, method="GET")
        response.begin()
        response.close()
    assert "reply: 'HTTP/1.1 200 OK" in capsys.readouterr().out


@pytest.mark.parametrize("count", [1, 63, 64, 65, 99, 100, 101, 500])
def test_limit_of_headers_is_the_one_of_http_client(count):
    lines = [f"X-{number}: {'x' * 100}" for number in range(count - 1)]
    received = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Content-Length: 2", "", "ab"]).encode()
    assert read(CompletenessResponse, received, "GET") == read(http.client.HTTPResponse, received, "GET")


HEAD = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("length", range(1, len(HEAD)))
def test_head_that_is_cut_off_raises_http_exception(length):
    """This holds for every byte. http.client accepts a head that ends anywhere after the status line."""
    raised, _ = read(CompletenessResponse, HEAD[:length], "GET")
    assert issubclass(raised, http.client.HTTPException)


def test_head_that_arrives_byte_by_byte_is_read():
    client, server = socket.socketpair()
    with client, server:

        def send_byte_by_byte():
            for byte in HEAD.replace(b"0", b"2") + b"ab":
                server.sendall(bytes([byte]))

        thread = threading.Thread(target=send_byte_by_byte)
        thread.start()
        response = CompletenessResponse(client, method="GET")
        response.begin()
        assert (response.read(), response.is_complete) == (b"ab", True)
        thread.join()
        response.close()


@pytest.mark.parametrize(("body", "is_complete"), [(b"ab", True), (b"a", False)])
def test_is_complete_is_true_only_after_the_whole_body_was_read(body, is_complete):
    client, server = socket.socketpair()
    with client, server:
        server.sendall(HEAD.replace(b"0\r", b"2\r") + body)
        server.shutdown(socket.SHUT_WR)
        response = CompletenessResponse(client, method="GET")
        response.begin()
        assert not response.is_complete
        try:
            response.read()
        except http.client.IncompleteRead:
            assert not is_complete
        assert response.is_complete is is_complete
        response.close()
