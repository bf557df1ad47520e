"""Wrong clocks, and servers that send a wrong time."""

import copy
import email.utils
import math
import pickle
import re
import time

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.errors import HandshakeError
from httplib2_oauthlib.handshake import Handshake

from .. import reference
from ..servers import answer
from .clients import KEEP_ALIVE, slow_except
from .faults import FORM, OAUTH, SECRETS

HOUR, DAY = 3600, 86400


def timestamp_of(received):
    assert reference.is_valid(received, SECRETS)
    return int(reference.protocol_parameters(received)["oauth_timestamp"])


# -- the ways in which servers refuse a timestamp, given the server's and the client's time


def in_mediawikis_words(now, sent):
    words = f"The authorization headers in your request are not valid: Expired timestamp, yours {sent}, ours {now}"
    return answer(
        f'{{"error":{{"code":"mwoauth-invalid-authorization","info":"{words}"}}}}',
        MediaWiki_API_Error="mwoauth-invalid-authorization",
    )


def by_rest_php(now, sent):
    return answer('{"error":"rest-read-denied"}', "403 Forbidden", Content_Type="application/json", Date=date(now))


def in_rest_phps_words(now, sent):
    words = f"Expired timestamp, yours {sent}, ours {now}"
    translations = f'"messageTranslations":{{"de":"Nicht g\\u00fcltig: {words}","en":"Not valid: {words}"}}'
    error = f'{{"errorKey":"mwoauth-invalid-authorization",{translations},"httpCode":403}}'
    return answer(error, "403 Forbidden", Content_Type="application/json", Date=date(now))


def as_a_problem(now, sent):
    challenge = (
        f'OAuth realm="x", oauth_problem="timestamp_refused", oauth_acceptable_timestamps="{now - 300}-{now + 300}"'
    )
    return answer("", "401 Unauthorized", WWW_Authenticate=challenge)


def as_a_problem_and_a_date(now, sent):
    challenge = "OAuth oauth_problem=timestamp_refused"
    return answer("", "401 Unauthorized", WWW_Authenticate=challenge, Date=date(now))


def as_a_problem_in_the_body(now, sent):
    report = f"oauth_problem=timestamp_refused&oauth_acceptable_timestamps={now - 300}-{now + 300}"
    return answer(report, "401 Unauthorized", Content_Type="application/x-www-form-urlencoded")


WAYS = [
    in_mediawikis_words,
    in_rest_phps_words,
    by_rest_php,
    as_a_problem,
    as_a_problem_and_a_date,
    as_a_problem_in_the_body,
]


def date(seconds):
    return email.utils.formatdate(seconds, usegmt=True)


class Clock:
    """A handler whose clock is ahead by ``off`` seconds, and that accepts timestamps within five minutes of it."""

    def __init__(self, off, way=in_mediawikis_words):
        self.off = off
        self.way = way

    def __call__(self, received):
        now = int(time.time()) + self.off
        sent = timestamp_of(received)
        return answer() if abs(now - sent) <= 300 else self.way(now, sent)


@pytest.fixture
def http(ca_certs):
    http = OAuth1Http(timeout=10, ca_certs=ca_certs, oauth=OAUTH)
    yield http
    http.close()


def post(http, server):
    return http.request(server.uri(), "POST", "a=1", FORM)


@pytest.mark.parametrize("off", slow_except([HOUR, -DAY], [HOUR, -HOUR, DAY, -DAY]))
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("keep_alive", KEEP_ALIVE)
def test_a_wrong_clock_costs_one_request_and_then_none(http, serve, tls, off, way, scheme, keep_alive):
    server = serve(Clock(off, way), tls=tls if scheme == "https" else None, keep_alive=keep_alive)
    for method, expected in [("GET", 2), ("POST", 3), ("DELETE", 4), ("GET", 5)]:
        body = "a=1" if method == "POST" else None
        assert http.request(server.uri(), method, body, FORM if body else {})[1] == b"ok"
        assert len(server.received) == expected
    nonces = [reference.protocol_parameters(each)["oauth_nonce"] for each in server.received]
    assert len(set(nonces)) == len(nonces)


def test_a_clock_that_is_corrected_costs_one_more_request(http, serve):
    clock = Clock(DAY)
    server = serve(clock)
    post(http, server)
    clock.off = 0
    assert [post(http, server)[1], post(http, server)[1]] == [b"ok", b"ok"]
    assert len(server.received) == 2 + 2 + 1


def test_a_redirect_between_two_clocks_costs_one_request_each(http, serve, tls):
    secure = serve(Clock(-DAY), tls=tls)
    clock = Clock(DAY)

    def handler(received):
        accepted = clock(received)
        return answer(status="302 Found", Location=secure.uri()) if accepted.endswith(b"ok") else accepted

    server = serve(handler)
    for _ in range(2):
        assert http.request(server.uri())[1] == b"ok"
    assert (len(server.received), len(secure.received)) == (3, 3)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_has_the_servers_clock_and_learns_others_separately(http, serve, duplicate):
    server, other = serve(Clock(HOUR)), serve(Clock(-HOUR))
    post(http, server)
    twin = duplicate(http)
    post(twin, server)
    assert len(server.received) == 3
    post(twin, other)
    post(http, other)
    assert len(other.received) == 4
    twin.close()


def test_a_pickle_carries_no_clock(http, serve):
    """It may be restored on another machine, or much later."""
    server = serve(Clock(HOUR))
    post(http, server)
    twin = pickle.loads(pickle.dumps(http))
    post(twin, server)
    ahead = [timestamp_of(each) > time.time() + 1800 for each in server.received]
    assert ahead == [False, True, False, True]
    post(http, server)
    assert len(server.received) == 5
    twin.close()


# -- servers that send a wrong time


def test_each_time_that_a_server_names_is_signed_at_most_once(http, serve):
    http.max_clock_offset = math.inf
    told = iter(range(1000, 10**9, 1_000_000))
    named = []

    def handler(received):
        named.append(next(told))
        return in_mediawikis_words(named[-1], timestamp_of(received))

    server = serve(handler)
    for count in range(1, 11):
        assert b"Expired timestamp" in post(http, server)[1]
        assert len(server.received) == 2 * count
    # The client signed each time from the server at most once, and no other time near it.
    signed = [timestamp_of(each) for each in server.received]
    own = [each for each in signed if abs(each - time.time()) < 60]
    assert len(own) == 10
    for time_named in named:
        assert sum(abs(each - time_named) < 60 for each in signed) <= 1


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_always_refuses_gets_two_requests_a_call(http, serve, way):
    server = serve(lambda received: way(timestamp_of(received) + HOUR, timestamp_of(received)))
    for count in (1, 2, 3):
        post(http, server)
        assert len(server.received) == 2 * count
    # The server's time did not help, so the client signs the next request by its own clock.
    assert abs(timestamp_of(server.received[-2]) - time.time()) < 60


def test_a_servers_time_is_not_kept_before_it_was_accepted(http, serve):
    """Both responses to the request with the server's time are lost. No refusal confirms that time."""

    def handler(received):
        if len(server.received) == 1:
            return as_a_problem_and_a_date(4_000_000_000, timestamp_of(received))
        return None if abs(timestamp_of(received) - time.time()) > 60 else answer()

    server = serve(handler)
    http.max_clock_offset = math.inf
    with pytest.raises(ConnectionError):
        http.request(server.uri())
    assert http.request(server.uri())[1] == b"ok"


@pytest.mark.parametrize(
    "told",
    ["0", "-1", "1e9", "", "x", "9" * 13, "9" * 400, "12:00", "\u0661\u0662\u0663", "0x10"],
)
def test_an_invalid_time_is_not_signed(http, serve, told):
    server = serve(lambda received: in_mediawikis_words(told, timestamp_of(received)))
    assert post(http, server)[0].status == 200
    times = [timestamp_of(each) for each in server.received]
    # The first digits of a number that is too long may be read as a time.
    assert len(times) <= 2
    assert all(re.fullmatch("[1-9][0-9]{0,11}", str(each)) for each in times)


@pytest.mark.parametrize(
    "told",
    ["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 1900 00:00:00 GMT", "x", "",
     "Fri, 99 Foo 2026 99:99:99 GMT", "Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "\x00", "1", "Thu"],
)  # fmt: skip
def test_an_invalid_date_is_not_signed(http, serve, told):
    server = serve(
        lambda _: answer("", "401 Unauthorized", WWW_Authenticate="OAuth oauth_problem=timestamp_refused", Date=told)
    )
    assert post(http, server)[0].status == 401
    assert len(server.received) == 1


# -- how far a server may move the clock


@pytest.mark.parametrize("off", [2 * DAY, -2 * DAY, 365 * DAY])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("scheme", "limit", "is_moved"),
    [("http", None, False), ("https", None, True), ("http", 500 * DAY, True), ("https", DAY, False)],
)
def test_the_clock_is_moved_by_more_than_a_day_over_tls_only(http, serve, tls, off, way, scheme, limit, is_moved):
    """Without TLS, whoever answers could collect requests that are signed for any time."""
    server = serve(Clock(off, way), tls=tls if scheme == "https" else None)
    http.max_clock_offset = limit
    post(http, server)
    post(http, server)
    assert len(server.received) == (3 if is_moved else 2)
    ahead = [abs(timestamp_of(each) - time.time()) > DAY for each in server.received]
    assert ahead == ([False, True, True] if is_moved else [False, False])


def test_the_limit_is_an_argument_and_a_class_attribute(serve):
    class HasNoClock(OAuth1Http):
        max_clock_offset = math.inf

    server = serve(Clock(365 * DAY))
    for http in (HasNoClock(oauth=OAUTH), OAuth1Http(oauth=OAUTH, max_clock_offset=math.inf)):
        assert post(http, server)[1] == b"ok"
        http.close()
    for http in (HasNoClock(oauth=OAUTH, max_clock_offset=HOUR), OAuth1Http(oauth=OAUTH)):
        assert post(http, server)[1] != b"ok"
        http.close()


@pytest.mark.parametrize("off", [0, 200, -200])
@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_for_a_clock_that_is_right_is_not_answered_with_another_request(http, serve, off, way):
    server = serve(lambda received: way(int(time.time()) + off, timestamp_of(received)))
    for count in (1, 2, 3):
        assert post(http, server)[1] != b"ok"
        assert len(server.received) == count
    assert all(abs(timestamp_of(each) - time.time()) < 60 for each in server.received)


def test_a_window_in_the_refusal_counts_instead_of_the_usual_one(http, serve):
    """The server accepts timestamps within 30 seconds, and says so."""

    def handler(received):
        now, sent = int(time.time()) + 120, timestamp_of(received)
        if abs(now - sent) <= 30:
            return answer()
        return answer(f"oauth_problem=timestamp_refused&oauth_acceptable_timestamps={now - 30}-{now + 30}", "401 No")

    server = serve(handler)
    assert post(http, server)[1] == b"ok"
    assert len(server.received) == 2


@pytest.mark.parametrize(("off", "limit", "requests"), [(2 * DAY, None, 1), (2 * DAY, math.inf, 2), (HOUR, None, 2)])
def test_a_handshake_moves_the_clock_no_further_than_requests(serve, off, limit, requests):
    server = serve(
        lambda received: (
            answer("oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true")
            if abs(int(reference.protocol_parameters(received)["oauth_timestamp"]) - time.time() - off) <= 300
            else as_a_problem_and_a_date(int(time.time()) + off, None)
        )
    )
    http = OAuth1Http(timeout=10, max_clock_offset=limit)
    handshake = Handshake(server.uri("/a"), server.uri("/b"), server.uri("/c"), OAuth1("key", "secret"), http)
    if requests == 1:
        with pytest.raises(HandshakeError) as caught:
            handshake.temporary_credentials()
        assert caught.value.reason == "timestamp"
    else:
        assert handshake.temporary_credentials() == ("a", "b")
    assert len(server.received) == requests
    http.close()


# -- switched off


class NeverRepairs(OAuth1Http):
    repair_clock = False


@pytest.mark.parametrize("off", [HOUR, -DAY])
@pytest.mark.parametrize("way", WAYS)
def test_the_repair_can_be_switched_off(serve, off, way):
    server = serve(Clock(off, way))
    http = OAuth1Http(timeout=10, oauth=OAUTH, repair_clock=False)
    for count in (1, 2):
        assert post(http, server)[1] != b"ok"
        assert len(server.received) == count
    assert all(abs(timestamp_of(each) - time.time()) < 60 for each in server.received)


def test_the_repair_can_be_switched_at_any_time(http, serve):
    server = serve(Clock(HOUR))
    seen = []
    for http.repair_clock in (False, True, False, True):
        post(http, server)
        seen.append(len(server.received))
    # While the repair is off, the client keeps the server's time and doesn't use it.
    assert seen == [1, 3, 4, 5]
    ahead = [abs(timestamp_of(each) - time.time()) > 1800 for each in server.received]
    assert ahead == [False, False, True, False, True]


def test_the_repair_can_be_switched_off_in_a_class(serve):
    server = serve(Clock(HOUR))
    post(NeverRepairs(timeout=10, oauth=OAUTH), server)
    assert len(server.received) == 1


def test_a_handshake_follows_its_https_setting_of_the_repair(wiki):
    consumer = wiki.register("A tool", callback="https://tool.example/")
    wiki.clock = lambda: time.time() + DAY
    arguments = (wiki.index_uri, (consumer.key, consumer.secret), "https://tool.example/", "a test")
    with pytest.raises(HandshakeError, match="Set the clock") as caught:
        mediawiki.initiate(*arguments, http=OAuth1Http(timeout=10, repair_clock=False))
    assert caught.value.reason == "timestamp"
    assert mediawiki.initiate(*arguments, http=OAuth1Http(timeout=10))
