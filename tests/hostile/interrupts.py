"""Interrupts at random moments: signals such as Control-C, and exceptions at a random line of the package."""

import linecache
import random
import signal
import sys
from pathlib import Path

PACKAGE = str(Path(__file__).parents[2] / "httplib2_oauthlib")


class Interrupt(BaseException):
    """What a timeout library or a debugger raises within the code that runs."""


class AtAMoment:
    """Interrupts some work with a signal, at any moment within the first ``longest`` seconds.

    The handler raises KeyboardInterrupt, as Python's own handler of Control-C does.
    """

    def __init__(self, luck: random.Random, longest: float = 2e-3):
        self._luck = luck
        self._longest = longest

    def __call__(self, work) -> bool:
        """Run the work; return whether it was interrupted."""

        def handler(*_):
            raise KeyboardInterrupt

        former = signal.signal(signal.SIGALRM, handler)
        try:
            # Short times are as likely as long ones.
            signal.setitimer(signal.ITIMER_REAL, 1e-6 + self._longest * self._luck.random() ** 3)
            work()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            return True
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, former)
        return False


class AtALine:
    """Interrupts some work before a random line of the package.

    Not before a line with a ``with`` statement: no signal can arrive between the end of its block and its exit.
    """

    def __init__(self, luck: random.Random):
        self._luck = luck
        self._most = 1

    def __call__(self, work) -> bool:
        """Run the work; return whether it was interrupted."""
        lines, left = 0, self._luck.randint(1, self._most)

        def trace_call(frame, *_):
            return trace_line if frame.f_code.co_filename.startswith(PACKAGE) else None

        def trace_line(frame, event, _):
            nonlocal lines
            source = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and not source.lstrip().startswith("with "):
                lines += 1
                if lines == left:
                    raise Interrupt
            return trace_line

        former = sys.gettrace()
        sys.settrace(trace_call)
        try:
            work()
        except Interrupt:
            return True
        finally:
            sys.settrace(former)
            # The work differs from one run to the next, so the longest run counts.
            self._most = max(self._most, lines + 1)
        return False
