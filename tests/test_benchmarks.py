"""The benchmarks run and print their table. The tests do not check any speed."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from benchmarks.cases import CASES, Row
from benchmarks.measuring import peak_memory, side_by_side
from benchmarks.server import running
from httplib2_oauthlib import OAuth1, OAuth1Http

ROOT = Path(__file__).parents[1]


def run(*arguments):
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)


# These cases take seconds even with --quick.
LONG = {"cassette", "edit", "form", "import", "stream", "threads"}


@pytest.mark.parametrize(
    "names",
    [[case.name for case in CASES if case.name not in LONG]]
    + [pytest.param([name], marks=pytest.mark.slow) for name in sorted(LONG)],
)
def test_each_case_prints_its_ratios(names):
    done = run("--quick", *names)
    assert done.returncode == 0, done.stderr
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["ours", "theirs", "ratio", "goal"]
    assert len(lines) >= len(names)
    for line in lines:
        assert float(line[74:82]) > 0


def test_an_unknown_case_is_rejected_with_the_known_names():
    done = run("nonsense")
    assert done.returncode == 2
    assert all(case.name in done.stderr for case in CASES)


@pytest.mark.parametrize(
    ("ratio", "goal", "is_reached"),
    [(1.2, "<= 1.2", True), (1.21, "<= 1.2", False), (8, ">= 8", True), (7.9, ">= 8", False), (99, "", True)],
)
def test_a_goal_is_reached_or_missed(ratio, goal, is_reached):
    assert Row("what", "1 us", "2 us", ratio, goal).is_reached is is_reached


def test_compared_functions_are_called_in_turn():
    done = []
    one, other = side_by_side(lambda: done.append("one"), lambda: done.append("other"), effort=0.001)
    assert one > 0
    assert other > 0
    assert done.index("other") < len(done) - 1 - done[::-1].index("one")


def test_the_peak_of_the_memory_is_measured():
    assert 10**6 < peak_memory(lambda: len(bytes(10**6))) < 1.1 * 10**6


@pytest.mark.parametrize("kind", ["application/octet-stream", "multipart/form-data; boundary=b"])
def test_a_large_file_is_streamed(kind, tmp_path):
    """A body that isn't a form is not signed, so that the memory stays constant."""
    path, size = tmp_path / "file", 64 * 10**6
    with path.open("wb") as file:
        file.truncate(size)
    with running() as server, path.open("rb") as file:
        http = OAuth1Http(oauth=OAuth1("client", "secret"))
        http.request(server)
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        tracemalloc.start()
        try:
            response, _ = http.request(server, "POST", file, headers)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert response.status == 200
        assert file.tell() == size
        assert peak < 10**6
