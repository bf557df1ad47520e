"""How two things are compared: in turn, round by round, so that what disturbs the machine disturbs both."""

import statistics
import time
import tracemalloc
from collections.abc import Callable

_ROUNDS = 15
# A round of one thing takes about so long: more than a clock's grain and a scheduler's slice.
_ROUND_SECONDS = 0.1

Work = Callable[[], object]


def side_by_side(*works: Work, effort: float = 1.0) -> list[float]:
    """Time several things in turn.

    Args:
        *works: Each is called without arguments, many times.
        effort: How much longer than usual, or shorter, to measure.

    Returns:
        Seconds per call of each: those of the round in the middle, by how the first compares with the last.
    """
    counts = [max(1, round(_ROUND_SECONDS * min(effort, 1) / _seconds(work, 1))) for work in works]
    rounds = [
        [_seconds(work, count) / count for work, count in zip(works, counts, strict=True)]
        for _ in range(max(3, round(_ROUNDS * effort)))
    ]
    return statistics.median_low((each[0] / each[-1], each) for each in rounds)[1]


def peak_memory(work: Work) -> int:
    """Return how many bytes are held at the peak of some work, beside what was held before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _seconds(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return time.perf_counter() - start
