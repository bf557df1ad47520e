"""Timings that are compared. The functions run in turn, so that a disturbance of the machine affects all of them."""

import statistics
import time
import tracemalloc
from collections.abc import Callable

_ROUNDS = 15
# The duration of one function's round. It is longer than the clock's resolution and a time slice of the scheduler.
_ROUND_SECONDS = 0.1

Work = Callable[[], object]


def side_by_side(*works: Work, effort: float = 1.0, clock: Callable[[], float] = time.process_time) -> list[float]:
    """Time several functions in turn.

    The CPU time of this process is measured, so that neither the server nor other programs count.

    Args:
        *works: The functions. Each is called without arguments, many times.
        effort: The factor by which the measurement is longer than usual.
        clock: Returns seconds. ``time.perf_counter`` measures what a user waits for.

    Returns:
        Each function's seconds per call, from one round: the median of the ratios of the first function to the last.
    """
    counts = [max(1, round(_ROUND_SECONDS * min(effort, 1) / max(_seconds(work, 1, clock), 1e-9))) for work in works]
    rounds = [
        [_seconds(work, count, clock) / count for work, count in zip(works, counts, strict=True)]
        for _ in range(max(3, round(_ROUNDS * effort)))
    ]
    return statistics.median_low((each[0] / each[-1], each) for each in rounds)[1]


def peak_memory(work: Work) -> int:
    """Return how many bytes a function allocates at its peak."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _seconds(work: Work, count: int, clock: Callable[[], float]) -> float:
    """Return the seconds that some calls of a function take together."""
    start = clock()
    for _ in range(count):
        work()
    return clock() - start
