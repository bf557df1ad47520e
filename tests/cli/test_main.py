"""The command wiki, arguments, help and exit codes."""

import contextlib
import json
import os
import re
import subprocess
import sys
import textwrap

import httplib2
import pytest

from httplib2_oauthlib._cli.main import main
from httplib2_oauthlib.credentials import FileStore
from httplib2_oauthlib.testwiki import TestWiki

from ..vectors import VERSIONS
from .terminal import at_terminal, host_of, one_line

# A shell starts background jobs with SIGINT ignored, and their children inherit that.
INTERRUPTIBLE = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from httplib2_oauthlib._cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@contextlib.contextmanager
def serving(*arguments):
    """Run the command wiki for a block. Yield the program, and what it has shown when it serves."""
    program = subprocess.Popen(
        [sys.executable, "-u", "-c", INTERRUPTIBLE, "wiki", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        shown = ""
        while "OAUTH_TOKENS=" not in shown:
            shown += program.stdout.readline()
        yield program, shown
    finally:
        program.kill()
        program.wait()


@pytest.mark.skipif(os.name == "nt", reason="Windows can't send SIGINT to one program")
def test_the_wiki_serves_until_it_is_interrupted(wiki):
    with serving("--user", "Carol") as (program, shown):
        variables = dict(re.findall(r"export (\w+)=(\S+)", shown))
        environment = {**os.environ, **variables}
        command = [sys.executable, "-m", "httplib2_oauthlib", "whoami", variables["OAUTH_WIKI"]]
        assert (
            subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True).stdout == b"Carol\n"
        )
        assert "Alice, Bob, Carol" in shown
        program.send_signal(2)
        out, err = program.communicate(timeout=20)
        assert (program.returncode, err) == (0, "")
        assert "The wiki is stopped" in out


def generator_of(api_uri):
    _, content = httplib2.Http(timeout=10).request(f"{api_uri}?action=query&meta=siteinfo&format=json")
    return json.loads(content)["query"]["general"]["generator"]


@pytest.mark.parametrize("version", [pytest.param("1.39", marks=pytest.mark.slow), "1.43"])
def test_the_wiki_imitates_the_version_that_is_asked_for(version):
    with serving("--version", version) as (_, shown):
        assert f"MediaWiki {version} " in shown
        api_uri = re.search("OAUTH_WIKI=(.*)index.php", shown)[1] + "api.php"
        with TestWiki(version=version) as wiki:
            assert generator_of(api_uri) == generator_of(wiki.api_uri)


def test_the_wiki_offers_each_version_of_the_embedded_wiki():
    from httplib2_oauthlib._cli.parser import parse_arguments

    for version in VERSIONS:
        with TestWiki(version=parse_arguments(["wiki", "--version", version]).version):
            pass
    assert parse_arguments(["wiki"]).version == VERSIONS[-1]


def test_the_wiki_without_its_extra_names_it(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("httplib2_oauthlib.testwiki")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cheroot.wsgi", None)
    code, _, err = run("wiki")
    assert code == 1
    assert "pip install 'httplib2-oauthlib[testwiki]'" in one_line(err)


def test_an_interrupt_exits_with_130(run, monkeypatch, wiki):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("httplib2.Http.request", interrupted)
    code, _, _ = run("whoami", "https://wiki.example/w/index.php")
    assert code == 3  # No credentials are set yet.
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    assert run("whoami", "https://wiki.example/w/index.php")[0] == 130


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nonsense"], ["demo", "--nonsense"], ["demo", "a=b"], ["login"], ["request", "GET"],
        ["request", "GET", "https://x", "no-equals"], ["request", "GET", "https://x", "a=b", "-i", "no-equals"],
        ["whoami", "x", "a=b"], ["whoami", "x", "--timeout", "0"], ["whoami", "x", "--timeout", "soon"],
        ["whoami", "x", "--timeout", "inf"], ["wiki", "--port", "99999"], ["wiki", "--port", "-1"],
        ["wiki", "--version", "1.38"], ["wiki", "--version"],
        ["wiki", "--user", ""], ["wiki", "--user", "<x>"], ["request", "https://x"],
        ["login", "x", "--consumer-secret", "y"],
        ["login", "x", "--password", "y"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_arguments_exit_with_2(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("usage:")
    # The message has the same form as any other one.
    assert re.match("httplib2-oauth: (?!error)", err.splitlines()[-1])


def test_an_invalid_port_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["wiki", "--port", "x"])
    assert capsys.readouterr().err.endswith("\nhttplib2-oauth: argument --port: invalid port: 'x'\n")


def test_a_port_in_use_is_reported(wiki, run):
    port = host_of(wiki).partition(":")[2]
    code, out, err = run("wiki", "--port", port)
    assert (code, out) == (1, "")
    assert f"can't listen at port {port}: address already in use. Choose another port with --port" in one_line(err)


def test_every_argument_has_help():
    from httplib2_oauthlib._cli.parser import build_parser

    commands = build_parser()._subparsers._group_actions[0].choices
    assert len(commands) == 9
    assert not [(name, each.dest) for name, command in commands.items() for each in command._actions if not each.help]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], pytest.param(["--version"], marks=pytest.mark.slow), ["wiki"]])
def test_a_full_disk_is_reported_as_that(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "httplib2_oauthlib", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "standard output can't be written: No space left on device" in one_line(done.stderr)


def test_help_lists_commands_exit_codes_and_examples(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for command in ("demo", "wiki", "login", "whoami", "logout", "request", "explain"):
        assert re.search(rf"^    {command} ", text, re.MULTILINE)
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert f"example:\n  httplib2-oauth {command}" in capsys.readouterr().out
    assert "exit codes: 0" in text
    assert text.count("\n  httplib2-oauth ") >= 5


def test_no_option_takes_a_secret():
    """Every user of the machine can see arguments."""
    from httplib2_oauthlib._cli.parser import build_parser

    texts = []
    for action in build_parser()._subparsers._group_actions[0].choices.values():
        texts += [option for each in action._actions for option in each.option_strings]
    assert not [option for option in texts if re.search("secret|token|password|key", option)]


def test_version_prints_the_packages_version(capsys):
    from httplib2_oauthlib import __version__

    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"httplib2-oauth {__version__}\n"


def test_an_available_keyring_is_used(wiki, tmp_path):
    """A real backend, selected with the environment variable."""
    program = textwrap.dedent("""
        import sys
        from httplib2_oauthlib._cli.main import main
        sys.exit(main(["login", "--owner-only", sys.argv[1]]) or main(["whoami", sys.argv[1]]))
    """)
    environment = {
        **os.environ,
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "OAUTH_TOKENS": ":".join(wiki.owner_only("Alice")),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, host_of(wiki)],
        env=environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stored in the system keyring" in done.stdout
    assert not FileStore().path.exists()


def test_colors_are_shown_on_a_terminal_only(capsys):
    environment = {"TERM": "xterm", "NO_COLOR": ""}
    code, shown = at_terminal(["demo"], environment)
    assert (code, shown.count("\x1b[32mok    \x1b[0m ")) == (0, 8)
    for without in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in at_terminal(["demo"], {**environment, **without})[1]
    main(["demo"])
    assert "\x1b" not in capsys.readouterr().out
