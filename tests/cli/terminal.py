"""The program at a terminal, with a script for a browser."""

import os
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

try:
    import pty
except ImportError:  # Windows has no pseudo-terminals.
    pty = None

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes and no POSIX shell")
ROOT = Path(__file__).parents[2]


def host_of(wiki):
    return wiki.server.partition("//")[2]


def one_line(err):
    assert err.startswith("httplib2-oauth: ")
    assert err.count("\n") == 1
    return err


BROWSER = """\
#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.browser import Browser
browser = Browser()
page = browser.log_in(browser.follow(browser.get(sys.argv[1])))
page = browser.submit(browser.follow(page), {button!r})
print(browser.follow(page).text if page.status == 302 else page.text, file=open({seen!r}, "w"))
"""


def open_terminal():
    """Return both ends of a new pseudo-terminal. Skip the test if this system has none."""
    if pty is None:
        pytest.skip("this system has no pseudo-terminals")
    return pty.openpty()


def at_terminal(arguments, environment, answers=(), timeout=40):
    """Run the program at a terminal and answer each prompt.

    Returns:
        The exit code, and everything that the terminal showed.
    """
    leader, follower = open_terminal()
    program = subprocess.Popen(
        [sys.executable, "-m", "httplib2_oauthlib", *map(str, arguments)],
        stdin=follower, stdout=follower, stderr=follower, env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    shown, left, end = "", list(answers), time.monotonic() + timeout
    try:
        while time.monotonic() < end:
            if not select.select([leader], [], [], 0.1)[0]:
                continue
            try:
                chunk = os.read(leader, 4096)
            except OSError:  # The program has ended. Linux reports it so, and macOS by an empty chunk.
                break
            if not chunk:
                break
            shown += chunk.decode()
            if left and shown.endswith(left[0][0]):
                os.write(leader, left.pop(0)[1].encode() + b"\n")
        return program.wait(5), shown.replace("\r\n", "\n")
    finally:
        program.kill()
        program.wait()
        os.close(leader)


def browser_at(tmp_path, button="accept"):
    script, seen = tmp_path / "browser", tmp_path / "seen"
    script.write_text(BROWSER.format(python=sys.executable, root=str(ROOT), button=button, seen=str(seen)), "utf-8")
    script.chmod(0o700)
    return {"BROWSER": f"{shlex.quote(str(script))} %s"}, seen
