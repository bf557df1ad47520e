"""Recorded refusals of MediaWiki, sent by a server on loopback: what OAuth1Http does about them, and what it ignores.

The clock of a test stands where it stood when the request was recorded, so that the recorded timestamps are right.
"""

import math
import re
import time

import pytest

from httplib2_oauthlib import OAuth1Http, ResponseLostError

from .. import reference, vectors
from ..servers import DROP, answer, in_turn
from .signed_requests import nonce_of

JSON = {"content-type": "application/json"}
NEVER_CACHED = {"Cache_Control": "no-cache, no-store, max-age=0, must-revalidate"}


def recorded(version, name):
    return next(vector for vector in vectors.recorded(version) if vector.id == name)


def timestamp_of(received):
    return int(reference.protocol_parameters(received)["oauth_timestamp"])


@pytest.fixture
def stopped(monkeypatch):
    """Set this machine's clock to a time."""

    def stop(seconds):
        monkeypatch.setattr(time, "time", lambda: seconds)

    return stop


# -- the clock


@pytest.mark.parametrize(
    ("version", "refused", "accepted"),
    [
        ("1.45", "rest_refusals_get-7", "rest_pages-0"),
        ("1.45", "rest_refusals_get-8", "rest_pages-0"),
        ("1.45", "rest_refusals_put-5", "rest_pages-8"),
        ("1.45", "rest_refusals_put-6", "rest_pages-8"),
        ("1.45", "rest_refusals_post-5", "owner_only_more-8"),
        ("1.45", "rest_languages-22", "rest_pages-0"),
        # Without words, the header Date has to do.
        ("1.43", "rest_refusals_get-7", "rest_pages-0"),
        ("1.43", "rest_refusals_put-6", "rest_pages-8"),
        ("1.43", "api_refusals-44", "two_users-0"),
        ("1.45", "api_refusals-45", "two_users-0"),
        ("1.45", "api_refusals-63", "two_users-0"),
        ("1.39", "errors-7", "two_users-0"),
        ("1.45", "identify_errors-7", "identify-0"),
        ("1.45", "identify_errors-34", "identify-0"),
    ],
)
def test_the_clock_is_set_by_a_recorded_refusal_and_the_request_sent_once_more(
    http, serve, stopped, version, refused, accepted
):
    refusal, success = recorded(version, refused), recorded(version, accepted)
    stopped(int(refusal.oauth["oauth_timestamp"]))
    http.max_clock_offset = math.inf
    server = serve(in_turn(refusal.answer_on_the_wire, success.answer_on_the_wire))
    response, _ = http.request(server.uri(refusal.target), refusal.method, refusal.body, {})
    assert response.status == success.status
    first, second = map(timestamp_of, server.received)
    # The message was written up to a second before the header Date.
    assert first == time.time()
    assert abs(second - refusal.time) <= 1
    assert len({nonce_of(each) for each in server.received}) == 2


@pytest.mark.parametrize(
    "name", ["rest_refusals_get-0", "rest_refusals_get-3", "rest_refusals_get-11", "rest_refusals_get-13", "errors-18"]
)
def test_a_refusal_with_another_reason_leaves_the_clock_alone(http, serve, stopped, name):
    """Even if the header Date shows another time: the wiki says that the time isn't the reason."""
    refusal = recorded("1.45", name)
    stopped(1_000_000_000)
    http.max_clock_offset = math.inf
    server = serve(in_turn(refusal.answer_on_the_wire))
    http.request(server.uri(refusal.target))
    assert len(server.received) == 1


@pytest.mark.parametrize("name", ["index_pages-11", "index_pages-14", "owner_only_more-6"])
def test_a_page_that_refuses_a_signature_leaves_the_clock_alone(http, serve, stopped, name):
    page = recorded("1.45", name)
    stopped(1_000_000_000)
    http.max_clock_offset = math.inf
    server = serve(in_turn(page.answer_on_the_wire))
    assert http.request(server.uri(page.target))[0].status == 400
    assert len(server.received) == 1


# -- a lost PUT


@pytest.mark.parametrize(
    ("version", "name", "reason"),
    [
        ("1.45", "rest_refusals_put-8", "nonce"),
        ("1.45", "rest_languages-26", "nonce"),
        ("1.45", "rest_refusals_post-8", "nonce"),
        ("1.43", "rest_refusals_put-8", "other"),
        ("1.45", "errors-5", "nonce"),
        # A wiki looks at the clock before the nonce, and at a page not at all.
        ("1.45", "rest_refusals_put-5", "other"),
        ("1.45", "index_pages-6", "other"),
    ],
)
def test_the_refusal_of_a_copy_says_whether_the_first_one_arrived(http, serve, version, name, reason):
    refusal = recorded(version, name)
    server = serve(in_turn(DROP, refusal.answer_on_the_wire))
    with pytest.raises(ResponseLostError) as caught:
        http.request(server.uri("/rest.php/v1/page/A"), "PUT", b'{"source":"x"}', JSON)
    assert caught.value.reason == reason
    assert caught.value.content == refusal.answer.encode()
    assert len({nonce_of(each) for each in server.received}) == 1
    assert len(server.received) == 2


# -- the same text in a response that is not a refusal


def echoes(words):
    """Return responses of an honest server whose text is that of a refusal."""
    in_json = f'{{"error":"mwoauth-oauth-exception","message":"{words}"}}'
    of_rest = f'{{"errorKey":"mwoauth-invalid-authorization","messageTranslations":{{"en":"{words}"}},"httpCode":403}}'
    of_api = f'{{"error":{{"code":"mwoauth-invalid-authorization","info":"{words}"}}}}'
    return {
        "a page as text": answer(words, Content_Type="text/x-wiki", **NEVER_CACHED),
        "Special:OAuth's text": answer(f"Error: {words}", Content_Type="text/plain", **NEVER_CACHED),
        "Special:OAuth's text, cached": answer(f"Error: {words}", Content_Type="text/plain"),
        "Special:OAuth's JSON": answer(in_json, Content_Type="application/json", **NEVER_CACHED),
        "rest.php's JSON": answer(of_rest, Content_Type="application/json", **NEVER_CACHED),
        "rest.php's JSON, not found": answer(of_rest, "404 Not Found", Content_Type="application/json"),
        "api.php's JSON": answer(of_api, Content_Type="application/json", **NEVER_CACHED),
        "api.php's JSON, another error": answer(
            of_api, Content_Type="application/json", MediaWiki_API_Error="badtoken", **NEVER_CACHED
        ),
        "a problem report": answer(
            "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-3",
            Content_Type="application/x-www-form-urlencoded",
        ),
        "Special:OAuth's text, failed": answer(
            f"Error: {words}", "500 Internal Server Error", Content_Type="text/plain", **NEVER_CACHED
        ),
        "Special:OAuth's text, and a challenge": answer(
            f"Error: {words}", Content_Type="text/plain", WWW_Authenticate="OAuth", **NEVER_CACHED
        ),
        "a page that is refused": answer(words, "400 Bad Request", Content_Type="text/html", **NEVER_CACHED),
    }


KINDS = list(echoes(""))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "words",
    [
        "An error occurred in the OAuth protocol: Expired timestamp, yours {sent}, ours {ours}",
        "An error occurred in the OAuth protocol: Missing timestamp. Is it just me?",
        "An error occurred in the OAuth protocol: Something else",
    ],
)
@pytest.mark.parametrize("path", ["/save", "/w/api.php", "/w/index.php?title=Talk:OAuth&action=raw"])
def test_a_page_with_the_words_of_a_refusal_causes_no_second_transmission(http, serve, kind, method, words, path):
    def handler(received):
        sent = timestamp_of(received)
        reply = echoes(words.format(sent=sent, ours=sent + 5000))[kind]
        return reply.replace(b"\r\n", b"\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n", 1)

    server = serve(handler)
    response, _ = http.request(server.uri(path), method, "a=1" if method == "POST" else None)
    assert len(server.received) == 1
    http.request(server.uri(path))
    assert abs(timestamp_of(server.received[1]) - time.time()) < 60
    assert response.status in (200, 400, 404, 500)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not re.search("not found|failed|is refused", kind)])
def test_a_copy_that_is_answered_with_the_words_of_a_refusal_is_answered(http, serve, kind):
    """The server has acted on the copy, and repeats what was posted."""
    reply = echoes("An error occurred in the OAuth protocol: Nonce already used: x")[kind]
    server = serve(in_turn(DROP, reply))
    assert http.request(server.uri("/save"), "PUT", b"x", JSON)[0].status == 200
    assert len(server.received) == 2


def test_the_same_words_from_special_oauth_set_the_clock(serve, oauth):
    """A token endpoint repeats nothing that was posted."""

    def handler(received):
        sent = timestamp_of(received)
        if len(server.received) == 2:
            return answer("an identity")
        return echoes(f"An error occurred in the OAuth protocol: Expired timestamp, yours {sent}, ours {sent + 5000}")[
            "Special:OAuth's JSON"
        ]

    for path in ("/index.php?title=Special%3AOAuth%2Fidentify", "/wiki/Special:OAuth/identify"):
        server = serve(handler)
        assert OAuth1Http(timeout=5, oauth=oauth).request(server.uri(path))[1] == b"an identity"
        assert len(server.received) == 2
