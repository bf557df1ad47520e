"""Requests that the cassette tests send, and a function that plays them."""

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.cassettes import (
    recorder,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANY_CREDENTIALS = OAuth1("any client", "any secret", "any token", "any token secret")


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


def with_line_feeds(body, headers):
    """Return a multipart body as Pywikibot's upload sends it, with LF instead of CRLF."""
    return body.replace(b"\r\n", b"\n"), headers


HEX = "0123456789abcdef0f1e2d3c4b5a6978"
UNORDERED = "a1b2c3d4e5f60718293a4b5c6d7e8f90"

BASE62 = "a9Xk2Lm7Qz4Rt8Vw3Yb6Nc1Pd5Sf0Gh"
