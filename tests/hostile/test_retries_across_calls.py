"""A program that repeats a request keeps its nonce, so that nothing acts twice, and what never arrived is done once."""

import contextlib
import random
import signal
import threading

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, ResponseLostError

from .. import reference
from ..servers import DROP, answer, hang_up
from . import faults
from .clients import slow_except
from .faults import FORM, OAUTH, SECRETS, UNSAFE
from .repeating_programs import PROGRAMS, SameHttp, in_thread, repeat
from .test_clock import HOUR, Clock


class Fates:
    """A handler that acts on signed requests, and lets a list decide what becomes of each transmission.

    ``lost``: it acts, and the client gets no response. ``never``: it does not even see the request. A status: it acts,
    and a gateway answers with that status. ``never`` and a status: the gateway has not passed the request on. Anything
    later is answered.
    """

    def __init__(self, fates=(), by_nonce_alone=False):
        self.fates = list(fates)
        self.by_nonce_alone = by_nonce_alone
        self.acted = 0
        self.nonces = []
        self.seen = set()
        self._lock = threading.Lock()

    def __call__(self, received):
        with self._lock:
            fate = self.fates.pop(0) if self.fates else "whole"
            parameters = reference.protocol_parameters(received)
            self.nonces.append(parameters["oauth_nonce"])
            gateway = answer("no", f"{fate.split()[-1]} Gateway") if fate[-1].isdigit() else None
            if fate.startswith("never"):
                return gateway or random.choice([DROP, hang_up])
            assert reference.is_valid(received, SECRETS)
            key = parameters["oauth_nonce"] if self.by_nonce_alone else (
                parameters["oauth_nonce"], parameters["oauth_timestamp"]
            )  # fmt: skip
            if key in self.seen:
                return gateway or faults.NONCE_USED
            self.seen.add(key)
            self.acted += 1
            return gateway or (DROP if fate == "lost" else answer("done"))


@pytest.fixture
def program(request):
    program = request.param()
    yield program
    program.close()


every_program = pytest.mark.parametrize("program", PROGRAMS, indirect=True, ids=lambda kind: kind.__name__)


def body_of(method):
    return "action=edit&text=a" if method in ("POST", "PUT", "PATCH") else None


@every_program
@pytest.mark.parametrize("method", slow_except(("POST", "DELETE"), UNSAFE))
@pytest.mark.parametrize("times", [1, 2, 3, 4])
@pytest.mark.parametrize("by_nonce_alone", [True, False], ids=["by nonce", "by nonce and timestamp"])
def test_a_request_that_never_arrived_acts_once_on_a_retry(program, serve, method, times, by_nonce_alone):
    wiki = Fates(["never"] * times, by_nonce_alone)
    outcomes = repeat(program.request, serve(wiki).uri(), method, body_of(method), FORM)
    assert outcomes[-1][1] == b"done"
    assert wiki.acted == 1
    assert len(set(wiki.nonces)) == 1


@every_program
@pytest.mark.parametrize("method", slow_except(("POST", "DELETE"), UNSAFE))
@pytest.mark.parametrize(
    "fates",
    [["lost"], ["lost"] * 4, ["never", "lost"], ["lost", "never"], ["never", "lost", "never", "lost"], ["lost", "502"]],
    ids=" ".join,
)
@pytest.mark.parametrize("by_nonce_alone", [True, False], ids=["by nonce", "by nonce and timestamp"])
def test_a_request_that_arrived_acts_once_however_often_it_is_repeated(program, serve, method, fates, by_nonce_alone):
    wiki = Fates(fates, by_nonce_alone)
    outcomes = repeat(program.request, serve(wiki).uri(), method, body_of(method), FORM)
    assert wiki.acted == 1
    assert all(isinstance(each, ResponseLostError) for each in outcomes)
    assert outcomes[-1].reason == "nonce"
    assert len(set(wiki.nonces)) == 1


@every_program
@pytest.mark.parametrize("status", ["502", "504"])
def test_a_gateways_error_is_returned_and_its_retry_does_not_act_twice(program, serve, status):
    wiki = Fates([status])
    outcomes = repeat(program.request, serve(wiki).uri(), "POST", "a=1", FORM)
    assert outcomes[0][0].status == int(status)
    assert wiki.acted == 1
    assert {each.reason for each in outcomes[1:]} == {"nonce"}


@every_program
@pytest.mark.parametrize("status", ["502", "504"])
def test_a_request_that_a_gateway_did_not_pass_on_acts_once(program, serve, status):
    wiki = Fates([f"never {status}"] * 3)
    outcomes = repeat(program.request, serve(wiki).uri(), "POST", "a=1", FORM)
    assert [each[0].status for each in outcomes] == [int(status)] * 3 + [200]
    assert wiki.acted == 1
    assert len(set(wiki.nonces)) == 1


@pytest.mark.parametrize("name", faults.OTHER_REFUSALS)
def test_a_refusal_of_a_retry_settles_nothing(serve, name):
    wiki = Fates(["lost"])
    refusals = [faults.OTHER_REFUSALS[name]] * 3

    def handler(received):
        return refusals.pop() if wiki.acted and refusals else wiki(received)

    outcomes = repeat(SameHttp().request, serve(handler).uri(), "POST", "a=1", FORM)
    assert wiki.acted == 1
    assert isinstance(outcomes[-1], ResponseLostError)


def test_a_refusal_of_the_token_does_not_end_the_memory(serve):
    refused = answer("", "401 Unauthorized", WWW_Authenticate='OAuth oauth_problem="token_rejected"')
    wiki = Fates(["lost"])
    plan = [wiki, lambda _: refused, lambda _: refused, wiki, wiki]
    http = SameHttp()

    def handler(received):
        return plan.pop(0)(received)

    server = serve(handler)
    repeat(http.request, server.uri(), "POST", "a=1", FORM, times=4, until=lambda response: response.status == 200)
    assert wiki.acted == 1


# -- Pywikibot's waits


@pytest.fixture
def clock(monkeypatch):
    """A clock that tests can move: ``clock(seconds)``."""
    import time

    real, offset = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])

    def move(seconds):
        offset[0] += seconds

    return move


@pytest.mark.parametrize("kind", ["form", "multipart"])
def test_pywikibots_25_attempts_make_one_edit(serve, clock, kind):
    """Its waits are 5, 10, 20, 40, 80 and then 120 seconds, 2,555 in all. Each attempt has a new boundary and token."""
    wiki = Fates(["lost"] * 3)
    server = serve(wiki)
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    outcomes, wait = [], 5
    for attempt in range(25):
        token = f"{attempt:040x}" + ("%2B%5C" if kind == "form" else "+\\")
        if kind == "form":
            body, headers = f"action=edit&title=A&text=b&token={token}", FORM
        else:
            boundary = f"===={attempt:019d}=="
            headers = {"Content-Type": f'multipart/form-data; boundary="{boundary}"', "MIME-Version": "1.0"}
            parts = [("action", "edit"), ("text", "b"), ("token", token)]
            body = "".join(
                f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in parts
            )
            body = (body + f"--{boundary}--\r\n").encode()
        with contextlib.suppress(ResponseLostError):
            outcomes.append(http.request(server.uri("/api.php"), "POST", body, headers))
        clock(wait)
        wait = min(wait * 2, 120)
    assert wiki.acted == 1
    assert outcomes == []


@pytest.mark.parametrize(("seconds", "was_sent"), [(299, True), (301, False)])
def test_a_retry_is_sent_for_300_seconds_only(serve, clock, seconds, was_sent):
    wiki = Fates(["lost"] * 2)
    http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(wiki)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    sent = len(wiki.nonces)
    clock(seconds)
    with pytest.raises(ResponseLostError, match=r"forget_unanswered\(error\)") as caught:
        http.request(server.uri(), "POST", "a=1", FORM)
    assert (len(wiki.nonces) > sent) is was_sent
    assert "is_safe_request" in str(caught.value)
    assert "keep_unanswered=0" in str(caught.value)
    http.forget_unanswered(caught.value)
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"


def test_a_request_is_forgotten_after_keep_unanswered(serve, clock):
    wiki = Fates(["lost"] * 2)
    http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(wiki)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    clock(3601)
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"


@pytest.mark.parametrize("how", ["argument", "attribute", "class"])
def test_nothing_is_remembered_across_calls_with_keep_unanswered_0(serve, how):
    kind = type("Forgetful", (OAuth1Http,), {"keep_unanswered": 0}) if how == "class" else OAuth1Http
    http = kind(timeout=5, oauth=OAUTH, **({"keep_unanswered": 0} if how == "argument" else {}))
    if how == "attribute":
        http.keep_unanswered = 0
    wiki = Fates(["lost"] * 2)
    server = serve(wiki)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"


def test_a_negative_keep_unanswered_is_refused():
    with pytest.raises(ValueError, match="keep_unanswered"):
        OAuth1Http(keep_unanswered=-1)


# -- forgetting


def test_forgetting_one_error_keeps_the_others(serve):
    wiki = Fates(["lost"] * 4)
    http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(wiki)
    errors = []
    for name in ("one", "two"):
        wiki.fates = ["lost"] * 2
        with pytest.raises(ResponseLostError) as caught:
            http.request(server.uri(f"/?{name}"), "POST", "a=1", FORM)
        errors.append(caught.value)
    wiki.fates = []
    http.forget_unanswered(errors[0])
    assert http.request(server.uri("/?one"), "POST", "a=1", FORM)[1] == b"done"
    with pytest.raises(ResponseLostError):
        http.request(server.uri("/?two"), "POST", "a=1", FORM)
    http.forget_unanswered()
    assert http.request(server.uri("/?two"), "POST", "a=1", FORM)[1] == b"done"


def test_forgetting_the_error_of_a_retry_forgets_the_first_attempt(serve):
    wiki = Fates(["lost"] * 2)
    http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(wiki)
    errors = repeat(http.request, server.uri(), "POST", "a=1", FORM, times=3)
    OAuth1Http().forget_unanswered(errors[-1])
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"


def test_an_error_that_is_not_about_a_lost_response_cannot_be_forgotten():
    with pytest.raises(ValueError, match="ConnectionError isn't about a lost response"):
        OAuth1Http().forget_unanswered(ConnectionError())


# -- what may be repeated freely


class Idempotent(OAuth1Http):
    """A client of a server where PUT may be repeated."""

    def is_safe_request(self, method, uri, body):
        return method == "PUT" or super().is_safe_request(method, uri, body)


def test_a_request_that_a_subclass_calls_safe_is_repeated_with_new_nonces(serve):
    wiki = Fates(["lost"])
    http, server = Idempotent(timeout=5, oauth=OAUTH), serve(wiki)
    assert http.request(server.uri(), "PUT", "a=1", FORM)[1] == b"done"
    assert len(set(wiki.nonces)) == len(wiki.nonces) == 2


READ_ONLY = ["action=query&titles=A", "action=parse", "action=paraminfo&format=json", "action=purge&titles=A"]


@pytest.mark.parametrize("body", READ_ONLY)
@pytest.mark.parametrize("place", ["body", "query"])
def test_a_post_that_only_reads_is_repeated_with_new_nonces(serve, body, place):
    wiki = Fates(["lost"])
    uri = "/w/api.php" if place == "body" else f"/w/api.php?{body}"
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    assert http.request(serve(wiki).uri(uri), "POST", body if place == "body" else "format=json", FORM)[1] == b"done"
    assert len(set(wiki.nonces)) == len(wiki.nonces) == 2


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", "action=edit"),
        ("", "action=query&%61ction=edit"),
        ("", "action=query&+action=edit"),
        ("", "action=query&%20%61ction=edit"),
        ("", "action=query&action%00x=edit"),
        ("", "action=query&action[]=edit"),
        ("", "action=query&action=edit"),
        ("", "action=edit&action=query"),
        ("", "action=%65dit"),
        ("", "action=Query"),
        ("", "action=query|edit"),
        ("", "action=query&token=x"),
        ("", "action=query&%74oken=x"),
        ("", "format=json"),
        ("action=query", "action=edit"),
        ("action=edit", "action=query"),
        ("action=query&token=x", "format=json"),
        ("action=query", '--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nedit\r\n--x--'),
        ("action=query", '{"action": "edit"}'),
    ],
)
def test_a_post_that_may_change_something_keeps_its_nonce(query, body):
    uri = f"https://wiki.example/w/api.php{'?' * bool(query)}{query}"
    assert not OAuth1Http().is_safe_request("POST", uri, body)
    assert not OAuth1Http().is_safe_request("POST", uri, body.encode())


@pytest.mark.parametrize(
    "uri", ["https://x.example/api.php/edit", "https://x.example/?/api.php", "https://x.example/#/api.php", "/rest.php"]
)
def test_only_api_php_reads_by_post(uri):
    assert not OAuth1Http().is_safe_request("POST", uri, "action=query")


# -- equal requests


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_equal_requests_in_parallel_are_told_apart(serve, lost):
    """Three threads make the same request at the same time. Each repeats its own until it is answered."""
    barrier, wiki = threading.Barrier(3, timeout=10), Fates()
    fate_of = {}

    def handler(received):
        nonce = reference.protocol_parameters(received)["oauth_nonce"]
        with wiki._lock:
            is_first = nonce not in fate_of
            fate = fate_of.setdefault(nonce, "never" if len(fate_of) < lost else "whole")
        if is_first:
            barrier.wait()
        if fate == "never" and wiki.nonces.count(nonce) + fate_of.setdefault((nonce, "drops"), 0) < 2:
            fate_of[nonce, "drops"] += 1
            return hang_up
        return wiki(received)

    server, outcomes = serve(handler), []

    def run():
        http = OAuth1Http(timeout=10, oauth=OAUTH)
        outcomes.append(repeat(http.request, server.uri(), "POST", "a=1", FORM)[-1])
        http.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [each[1] for each in outcomes] == [b"done"] * 3
    assert wiki.acted == 3


def test_an_equal_requests_answer_in_another_thread_settles_nothing(serve):
    wiki = Fates()
    server = serve(wiki)
    first = OAuth1Http(timeout=5, oauth=OAUTH)
    held = threading.Event()
    answered_elsewhere = []

    def handler(received):
        if not answered_elsewhere:
            answered_elsewhere.append(True)
            held.wait(10)
            wiki.fates = ["lost"]
        return wiki(received)

    server = serve(handler)

    def other():
        with OAuth1HttpClosing() as http:
            return http.request(server.uri(), "POST", "a=1", FORM)

    thread = threading.Thread(target=lambda: repeat(first.request, server.uri(), "POST", "a=1", FORM, times=1))
    thread.start()
    while not answered_elsewhere:
        pass
    assert in_thread(other)[1] == b"done"
    held.set()
    thread.join(10)
    assert wiki.acted == 2
    with pytest.raises(ResponseLostError):
        first.request(server.uri(), "POST", "a=1", FORM)
    assert wiki.acted == 2


@contextlib.contextmanager
def OAuth1HttpClosing():
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    yield http
    http.close()


def test_another_users_equal_request_is_a_request_of_its_own(serve):
    other = OAuth1("client", SECRETS.client, "other", SECRETS.token)
    wiki = Fates(["lost"] * 2)
    http, server = OAuth1Http(timeout=5, oauth=OAUTH), serve(wiki)
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)
    http.oauth = other
    assert http.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"
    http.oauth = OAUTH
    with pytest.raises(ResponseLostError):
        http.request(server.uri(), "POST", "a=1", FORM)


# -- clocks, redirects, interrupts


def test_a_request_that_was_lost_before_the_clock_was_repaired_keeps_its_timestamp(serve):
    """The retry is refused for its timestamp. That says nothing about the first attempt."""
    clocked = Clock(HOUR)
    drops = [hang_up, hang_up]
    server = serve(lambda received: drops.pop() if drops else clocked(received))
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    outcomes = repeat(http.request, server.uri(), "POST", "a=1", FORM, times=3)
    assert all(isinstance(each, ResponseLostError) for each in outcomes)


def test_a_request_that_was_lost_after_the_clock_was_repaired_acts_once(serve):
    clocked = Clock(HOUR)
    drops = []
    server = serve(lambda received: drops.pop() if drops else clocked(received))
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    assert http.request(server.uri(), "GET")[0].status == 200
    drops += [hang_up, hang_up]
    outcomes = repeat(http.request, server.uri(), "POST", "a=1", FORM)
    assert outcomes[-1][0].status == 200


@pytest.mark.parametrize("code", [302, 303, 307, 308])
@pytest.mark.parametrize("second", ["lost", "502"])
def test_a_redirected_request_stays_remembered_until_what_follows_is_answered(serve, code, second):
    wiki = Fates()

    def handler(received):
        if received.target != "/":
            return DROP if second == "lost" else answer("no", "502 Bad Gateway")
        reply = wiki(received)
        return (
            answer("", f"{code} Go", Location="/next")
            if reply.startswith(b"HTTP/1.1 200 OK\r\n") and b"done" in reply
            else reply
        )

    http = OAuth1Http(timeout=5, oauth=OAUTH)
    http.redirect_codes = {*http.redirect_codes, code}
    http.follow_all_redirects = True
    outcomes = repeat(http.request, serve(handler).uri(), "POST", "a=1", FORM, times=4)
    assert wiki.acted == 1
    assert isinstance(outcomes[-1], ResponseLostError)


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt, or a timeout that another thread raises."""


def test_a_request_whose_wait_was_interrupted_keeps_its_nonce(serve):
    wiki = Fates()

    def handler(received):
        reply = wiki(received)
        return reply if reply is faults.NONCE_USED or len(wiki.nonces) > 1 else faults.stall(reply)

    server = serve(handler)

    def interrupt(signum, frame):
        raise Interrupted

    former = signal.signal(signal.SIGALRM, interrupt)
    http = OAuth1Http(timeout=5, oauth=OAUTH)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Interrupted) as caught:
            http.request(server.uri(), "POST", "a=1", FORM)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    plain = OAuth1Http(timeout=5, oauth=OAUTH)
    with pytest.raises(ResponseLostError):
        plain.request(server.uri(), "POST", "a=1", FORM)
    assert wiki.acted == 1
    plain.forget_unanswered(caught.value)
    assert plain.request(server.uri(), "POST", "a=1", FORM)[1] == b"done"
