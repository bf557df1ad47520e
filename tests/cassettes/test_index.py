"""The search for the recorded request that equals a new one: it compares few, and finds what vcr would find."""

import inspect
import json
from urllib.parse import urlencode

import httplib2
import pytest
import vcr
from vcr.errors import UnhandledHTTPRequestError
from vcr.request import Request

from httplib2_oauthlib.cassettes import NotRecordedError, recorder

from ..servers import answer, in_turn
from .traffic import BASE62, FORM, HEX

COUNT = 60


class Counted:
    """A recorder that counts the comparisons of its matchers."""

    def __init__(self, folder, **options):
        self.calls = 0
        self.recorder = recorder(folder, match_on=("counted", "method", "path", "query", "body"), **options)
        self.recorder.register_matcher("counted", self.count)

    def count(self, new, recorded):
        self.calls += 1

    def send(self, uri, bodies, headers=FORM, **options):
        """Send requests while the cassette is open. Return the cassette and the responses."""
        http = httplib2.Http(timeout=10)
        with self.recorder.use(http, "it", **options) as cassette:
            return cassette, [http.request(uri, "POST", body, headers)[1] for body in bodies]


def edits(count=COUNT, **fields):
    return [
        urlencode({"action": "edit", "title": f"Page {number}", "token": "a+\\", **fields}) for number in range(count)
    ]


@pytest.fixture
def uri(serve):
    return serve().uri("/api.php", "127.0.0.1")


@pytest.mark.parametrize("bodies", [edits(), edits()[::-1], edits(1) * COUNT], ids=["in order", "reversed", "equal"])
def test_replay_compares_each_request_with_few_recorded_ones(tmp_path, uri, bodies):
    Counted(tmp_path, record_mode="once").send(uri, edits(1) * COUNT if bodies[0] == bodies[1] else edits())
    counted = Counted(tmp_path)
    cassette, _ = counted.send(uri, bodies)
    assert (cassette.play_count, cassette.all_played) == (COUNT, True)
    assert counted.calls <= 2 * COUNT


@pytest.mark.parametrize(
    "options",
    [{"record_mode": "all"}, {"record_mode": "new_episodes"}, {"record_mode": "once", "drop_unused_requests": True}],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_recording_again_compares_each_request_with_few_others(tmp_path, uri, options):
    Counted(tmp_path, record_mode="once").send(uri, edits())
    if not options.keys() <= inspect.signature(vcr.VCR).parameters.keys():
        pytest.skip("this version of vcr does not have the option")
    counted = Counted(tmp_path, **options)
    counted.send(uri, edits(COUNT // 2))
    assert counted.calls <= 3 * COUNT


@pytest.mark.parametrize(
    "values",
    [
        [f"Write to {name}{name}@mail.wiki.test soon, {name}" for name in ("ann", "bob", "cecilia", "d" * 40)],
        [f"revision {HEX[number:]}{HEX[:number]} of {number}" for number in range(4)],
        [f"{BASE62[number:]}{BASE62[:number]} {name}@mail.wiki.test" for number, name in enumerate(("ann", "bob"))],
        ["plain", "ann@mail.wiki.test", HEX, f"{HEX} ann@mail.wiki.test", ""],
    ],
    ids=["secrets", "random", "both", "mixed"],
)
@pytest.mark.parametrize("kind", ["form", "json"])
def test_requests_with_placeholders_get_their_own_responses(tmp_path, serve, values, kind):
    uri = serve(in_turn(*(answer(str(number)) for number in range(len(values))))).uri("/api.php", "127.0.0.1")
    # Each number is part of the body, because the placeholder of a secret matches any other value.
    pairs = [{"number": str(number), "text": value} for number, value in enumerate(values)]
    if kind == "json":
        bodies, headers = [json.dumps({"query": pair}) for pair in pairs], {"Content-Type": "application/json"}
    else:
        bodies, headers = [urlencode(pair) for pair in pairs], FORM
    _, recorded = Counted(tmp_path, record_mode="once").send(uri, bodies, headers)
    _, played = Counted(tmp_path).send(uri, bodies[::-1], headers)
    assert played == recorded[::-1]


def test_custom_matcher_alone_decides_which_requests_are_equal(tmp_path, uri):
    Counted(tmp_path, record_mode="once").send(uri, edits(3))
    made = recorder(tmp_path, match_on=("everything",))
    made.register_matcher("everything", lambda new, recorded: None)
    http = httplib2.Http(timeout=10)
    with made.use(http, "it") as cassette:
        for body in edits(3)[::-1]:
            http.request(f"{uri}?other", "PUT", body.replace("edit", "move"), FORM)
        with pytest.raises(NotRecordedError):
            http.request(uri, "POST", edits(1)[0], FORM)
        assert cassette.all_played


def test_rewound_cassette_plays_again_and_lists_its_responses(tmp_path, uri):
    Counted(tmp_path, record_mode="once").send(uri, edits(1) * 3)
    http = httplib2.Http(timeout=10)
    with recorder(tmp_path).use(http, "it") as cassette:
        for _ in range(2):
            for _ in range(3):
                http.request(uri, "POST", edits(1)[0], FORM)
            assert cassette.all_played
            cassette.rewind()
        request = Request("POST", uri, edits(1)[0], FORM)
        assert cassette.responses_of(request) == cassette.responses
        assert request in cassette
        with pytest.raises(UnhandledHTTPRequestError):
            cassette.responses_of(Request("PUT", uri, "", {}))


def test_repeated_playback_plays_the_first_response_each_time(tmp_path, uri):
    Counted(tmp_path, record_mode="once").send(uri, edits(2))
    cassette, _ = Counted(tmp_path).send(uri, edits(1) * 3, allow_playback_repeats=True)
    assert dict(cassette.play_counts) == {0: 3}
