"""Servers with a different clock: the timestamp is corrected after the first rejection."""

import io
import math
import time

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, ResponseLostError

from .. import reference
from ..servers import DROP, answer, in_turn
from .handlers import clock_server, refusal
from .signed_requests import FORM, is_signed, nonce_of


@pytest.mark.parametrize("off", [3600, -3600, 86400, -86400])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_wrong_clock_costs_one_extra_request_and_then_none(http, serve, off, method):
    server = clock_server(serve, off)
    for expected in (2, 3, 4):
        assert http.request(server.uri(), method, "a=1" if method == "POST" else None, FORM)[1] == b"ok"
        assert len(server.received) == expected
    assert all(map(is_signed, server.received))
    assert len({nonce_of(each) for each in server.received}) == 4


def test_each_server_has_a_clock_offset_of_its_own(http, serve):
    servers = [clock_server(serve, off) for off in (0, 7200, -7200)]
    for _ in range(2):
        for server in servers:
            http.request(server.uri())
    assert [len(server.received) for server in servers] == [2, 3, 3]


def test_rejection_by_each_entry_point_of_a_wiki_corrects_the_timestamp(wiki, alice):
    wiki.clock = lambda: time.time() + 5000
    for uri in (
        f"{wiki.api_uri}?action=query&meta=userinfo&format=json",
        f"{wiki.api_uri}?action=query&meta=userinfo&format=xml",
        f"{wiki.rest_uri}/v1/page/Main_Page",
        f"{wiki.index_uri}?title=Special:OAuth/identify",
    ):
        response, content = OAuth1Http(oauth=alice).request(uri)
        assert response.status == 200
        assert b"rror" not in content
    assert [seen.refusal is None for seen in wiki.requests] == [False, True] * 4


def test_rejected_head_request_corrects_the_timestamp_by_the_date_header(wiki, alice):
    wiki.clock = lambda: time.time() + 5000
    http = OAuth1Http(oauth=alice)
    http.request(f"{wiki.api_uri}?action=query&format=json", "HEAD")
    assert [seen.refusal is None for seen in wiki.requests] == [False, True]


def test_rejection_without_a_reason_is_returned_if_the_date_is_right(wiki):
    """rest.php sends the same response for a wrong secret. Its Date then equals ours, and a retry can't help."""
    http = OAuth1Http(oauth=OAuth1(*wiki.owner_only("Alice")[:3], "wrong"))
    assert http.request(f"{wiki.rest_uri}/v1/page/Main_Page")[0].status == 403
    assert len(wiki.requests) == 1


def test_problem_report_with_acceptable_timestamps_corrects_the_timestamp(http, serve):
    now = int(time.time()) + 9000
    report = f"oauth_problem=timestamp_refused&oauth_acceptable_timestamps={now - 100}-{now + 100}"
    server = serve(in_turn(answer(report, "401 Unauthorized"), answer()))
    assert http.request(server.uri())[1] == b"ok"
    assert abs(int(reference.protocol_parameters(server.received[1])["oauth_timestamp"]) - now) < 50


def test_server_that_rejects_the_corrected_timestamp_gets_two_requests(http, serve):
    http.max_clock_offset = math.inf
    server = serve(lambda r: refusal(f"Expired timestamp, yours {timestamp(r)}, ours 12345"))

    def timestamp(received):
        return reference.protocol_parameters(received)["oauth_timestamp"]

    _, content = http.request(server.uri())
    assert b"Expired timestamp" in content
    assert len(server.received) == 2
    assert timestamp(server.received[1]) in ("12345", "12346")


def test_correction_that_does_not_help_is_undone(http, serve):
    """A cache between returns rest.php's 403 with an old Date. The wiki rejects something else."""
    stale = answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json",
                   Date="Thu, 01 Jan 2026 00:00:00 GMT")  # fmt: skip
    server = serve(lambda _: stale)
    http.max_clock_offset = math.inf
    for _ in range(2):
        assert http.request(server.uri())[0].status == 403
    times = [int(reference.protocol_parameters(each)["oauth_timestamp"]) for each in server.received]
    assert [abs(each - time.time()) < 60 for each in times] == [True, False, True, False]


def test_rejection_that_quotes_another_timestamp_corrects_nothing(http, serve):
    """The text of a page can contain the same words. A real rejection quotes the timestamp that was sent."""
    server = serve(lambda _: refusal("Expired timestamp, yours 1, ours 2"))
    http.request(server.uri())
    assert len(server.received) == 1


@pytest.mark.parametrize("reason", ["Invalid signature", "Invalid consumer", "No approved grant was found"])
def test_rejection_for_another_reason_is_returned_as_the_response(http, serve, reason):
    server = serve(lambda _: refusal(reason))
    _, content = http.request(server.uri())
    assert reason.encode() in content
    assert len(server.received) == 1


def test_response_lost_after_a_timestamp_correction_is_detected(http, serve):
    """The server rejects the timestamp, acts on the second request, loses its response, then rejects the nonce."""
    later = iter([None, DROP, refusal("Nonce already used: x")])

    def handler(received):
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        if len(server.received) == 1:
            next(later)
            return refusal(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")
        return next(later)

    server = serve(handler)
    with pytest.raises(ResponseLostError, match="has seen the first"):
        http.request(server.uri(), "POST", "a=1", FORM)
    assert len(server.received) == 3
    assert nonce_of(server.received[0]) != nonce_of(server.received[1]) == nonce_of(server.received[2])


def test_file_is_sent_again_in_full_after_a_rejected_timestamp(http, serve):
    server = clock_server(serve, 5000)
    assert http.request(server.uri(), "PUT", io.BytesIO(b"x" * 10), {"content-type": "image/png"})[1] == b"ok"
    assert [each.body for each in server.received] == [b"x" * 10] * 2


def test_body_that_is_read_only_once_returns_the_rejection_and_corrects_the_next(http, serve):
    server = clock_server(serve, 5000)
    _, content = http.request(server.uri(), "PUT", iter([b"x"]), {"content-type": "image/png"})
    assert b"Expired timestamp" in content
    assert http.request(server.uri(), "PUT", iter([b"x"]), {"content-type": "image/png"})[1] == b"ok"
    assert len(server.received) == 2


def test_resent_request_with_a_rejected_timestamp_is_not_sent_a_third_time(http, serve):
    """A server checks the timestamp before the nonce, so it may have acted on the first request."""

    def handler(received):
        if len(server.received) == 1:
            return DROP
        sent = reference.protocol_parameters(received)["oauth_timestamp"]
        return refusal(f"Expired timestamp, yours {sent}, ours {int(sent) + 5000}")

    server = serve(handler)
    with pytest.raises(ResponseLostError, match="not known") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (caught.value.reason, len(server.received)) == ("other", 2)
