"""The form, URI and secrets that the signing tests share, and what a server receives of a signed request."""

from urllib.parse import urlsplit

from .. import reference

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = reference.Secrets("client secret", "token secret")
URI = "http://wiki.example/w/api.php"


def name_of(value):
    """Return a test id that is the same in every process, without addresses."""
    return repr(value)[:30] if isinstance(value, str | bytes | dict | list | int) else type(value).__name__


def received(signed, method="GET"):
    """Return what a server receives of a signed request: the target without its fragment, and the body as bytes."""
    parts = urlsplit(signed.uri)
    target = signed.uri[len(f"{parts.scheme}://{parts.netloc}") :].partition("#")[0] or "/"
    body = signed.body.encode("latin-1") if isinstance(signed.body, str) else signed.body
    body = body if isinstance(body, bytes) else b""
    headers = {"host": parts.netloc.rpartition("@")[2]} | {
        name.lower(): value for name, value in signed.headers.items()
    }
    return reference.Received(parts.scheme.lower(), method, target, headers, body)


def is_valid(signed, method="GET", secrets=SECRETS):
    return reference.is_valid(received(signed, method), secrets)
