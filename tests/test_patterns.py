"""Text from outside is searched in time that grows with its length, and not with the square of it."""

import time

import httplib2
import pytest

from httplib2_oauthlib import cassettes, errors, handshake, mediawiki
from httplib2_oauthlib._refusals import quoting
from httplib2_oauthlib._refusals.refusals import read_refusal
from httplib2_oauthlib._refusals.token_endpoint import EndpointResponse

SIZE = 50_000
# Twice the text may cost twice the work. A square would cost four times as much.
MOST = 3.5
# Work below this many seconds is not compared, because it is too little to measure.
FLOOR = 0.05


def grows_faster_than_its_input(work, text):
    """Whether twice the text costs more than MOST times the work. The best of three runs counts."""

    def cost(size):
        repeated = (text * (size // len(text) + 1))[:size]
        start = time.process_time()
        work(repeated)
        return time.process_time() - start

    if cost(SIZE) < FLOOR:
        return False
    # The two sizes take turns, so that a busy machine slows both. One slow run alone says nothing.
    once, twice = map(min, zip(*((cost(SIZE), cost(2 * SIZE)) for _ in range(3)), strict=True))
    return once >= FLOOR and twice > MOST * once


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
    assert [text for text in TEXTS if grows_faster_than_its_input(FUNCTIONS[name], text)] == []


@pytest.mark.parametrize(
    "text", ["k=v,", *(pytest.param(text, marks=pytest.mark.slow) for text in ("token=a,", "a=b&", "a "))]
)
def test_an_audit_takes_linear_time(tmp_path, text):
    assert not grows_faster_than_its_input(audit(tmp_path), text)
