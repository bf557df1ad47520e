"""Text from outside is searched in time that grows with its length, and not with the square of it."""

import httplib2
import pytest

from httplib2_oauthlib import cassettes, errors, handshake, mediawiki
from httplib2_oauthlib._refusals import quoting
from httplib2_oauthlib._refusals.refusals import read_refusal
from httplib2_oauthlib._refusals.token_endpoint import EndpointResponse

# A search whose time grows with the square of the length would take minutes, and the test would reach its timeout.
SIZE = 1_000_000


def large(text):
    """Return a large text that repeats a short one."""
    return (text * (SIZE // len(text) + 1))[:SIZE]


# Repeats of separators, names, digits and markup, and near misses of what the patterns look for.
TEXTS = [
    "a", "0", " ", "a ", "a=", "k=v,", "a=b&", "token=a,", "%41", "a.", "-", ":", '"', '"a":"b",', "\\", "<", "<a b=",
    "<p>", "\n", "a;", 's:1:"', 'oauth_a="b",', "Error: ", "[", '{"a":', "&#", "aB", "\u00e9",
]  # fmt: skip


def as_response(content_type, status="200", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httplib2.Response({"status": status, "content-type": content_type, **names})


RESPONSES = {
    "api": as_response("application/json", mediawiki_api_error="mwoauth-invalid-authorization"),
    "page": as_response("text/html", "400", cache_control="no-store"),
    "rest": as_response("application/json", "403"),
    "problem": as_response("text/plain", "401"),
}


def read_credentials(text):
    with pytest.raises(errors.HandshakeError):
        EndpointResponse(RESPONSES["problem"], text.encode(), "a token", ["secret"]).credentials()


def read_callback(text):
    with pytest.raises((errors.HandshakeError, ValueError)):
        handshake.read_callback(f"?oauth_token=a&{text}", "key")


def audit(tmp_path):
    def work(text):
        (tmp_path / "it.txt").write_text(f"token {text}", "utf-8")
        list(cassettes.audit(tmp_path / "it.txt"))

    return work


FUNCTIONS = {
    "read_refusal of api.php": lambda text: read_refusal(RESPONSES["api"], text.encode()),
    "read_refusal of a page": lambda text: read_refusal(RESPONSES["page"], text.encode()),
    "read_refusal of rest.php": lambda text: read_refusal(RESPONSES["rest"], text.encode()),
    "read_refusal of a problem": lambda text: read_refusal(RESPONSES["problem"], text.encode()),
    "plain_line": quoting.plain_line,
    "credentials": read_credentials,
    "read_callback": read_callback,
    "check": lambda text: mediawiki.check(as_response("text/plain"), text.encode()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_reads_a_response_takes_linear_time(name):
    for text in TEXTS:
        FUNCTIONS[name](large(text))


@pytest.mark.parametrize(
    "text", ["k=v,", *(pytest.param(text, marks=pytest.mark.slow) for text in ("token=a,", "a=b&", "a "))]
)
def test_an_audit_takes_linear_time(tmp_path, text):
    audit(tmp_path)(large(text))
