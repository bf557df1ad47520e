"""The arguments of the command line."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from .. import __version__
from .cassette_commands import audit, scrub
from .commands import explain_request, send_request, serve_wiki
from .demo import run_demo
from .login import log_in, log_out, print_user
from .terminal import PROGRAM

_Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_MAX_SECONDS = 86400
_MAX_PORT = 65535
# The versions that the embedded wiki can imitate. They are repeated here because the embedded wiki is an extra, which
# the help must not need.
_WIKI_VERSIONS = ("1.39", "1.43", "1.45")
_WIKI_HELP = "host of the wiki, or the URI of its index.php, of its api.php or of any of its pages"
_DESCRIPTION = """\
OAuth 1.0a for httplib2: log in to a MediaWiki, send signed requests, find out why a signature is rejected.

Secrets are entered without echo or read from the environment. They are never arguments.
  OAUTH_TOKENS    client key, client secret, token and token secret, joined by colons (precedes stored credentials)
  OAUTH_CONSUMER  consumer token and secret token, joined by a colon (for login)
"""
_EPILOG = """\
exit codes: 0 done, 1 failed, 2 wrong arguments, 3 refused by the wiki or not logged in, 130 interrupted

examples:
  httplib2-oauth login en.wikipedia.org
  httplib2-oauth whoami en.wikipedia.org
  httplib2-oauth request GET 'https://en.wikipedia.org/w/api.php' action=query meta=userinfo format=json
  httplib2-oauth explain GET 'https://en.wikipedia.org/w/api.php?titles=A&titles=B'
  httplib2-oauth wiki --port 8000
  httplib2-oauth audit cassettes/
"""


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the parsed arguments; ``run`` is the function of the command.

    Args:
        argv: The arguments after the program's name. None means those of this process.

    Raises:
        SystemExit: The arguments are wrong, or ask for help or the version.
    """
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse fills name=value arguments from one position only, so those after an option are left over.
    are_parameters = hasattr(arguments, "parameters") and all("=" in text and text[0] != "-" for text in rest)
    if rest and not are_parameters:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.parameters = [*arguments.parameters, *rest]
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """Return the parser, with all commands in the order in which the help lists them."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_embedded_wiki(commands)
    _add_login(commands)
    _add_requests(commands)
    _add_cassettes(commands)
    return parser


def _add_embedded_wiki(commands: _Subparsers) -> None:
    _add_command(
        commands,
        "demo",
        run_demo,
        "log in, edit and verify on a wiki that runs only in this process",
        "Start the embedded wiki and show OAuth on it, step by step. The exit code is 0 if every check passed.",
    )
    wiki = _add_command(
        commands,
        "wiki",
        serve_wiki,
        "serve the embedded wiki, and print its accounts and consumers",
        example="--port 8000",
    )
    wiki.add_argument("--port", type=_port, default=0, help="port to listen at; 0 (the default) means a free one")
    wiki.add_argument("--user", type=_user, default="Alice", help="account of the owner-only consumer (Alice)")
    wiki.add_argument(
        "--version",
        choices=_WIKI_VERSIONS,
        default=_WIKI_VERSIONS[-1],
        help=f"MediaWiki version to imitate ({_WIKI_VERSIONS[-1]})",
    )


def _add_login(commands: _Subparsers) -> None:
    login = _add_command(
        commands, "login", log_in, "get access to a wiki, and store the credentials", example="en.wikipedia.org"
    )
    login.add_argument("wiki", metavar="WIKI", help=_WIKI_HELP)
    login.add_argument("--owner-only", action="store_true", help="use the four values of an owner-only consumer")
    login.add_argument("--paste", action="store_true", help="paste the callback, if no browser can reach this machine")
    login.add_argument("--no-browser", action="store_true", help="only print the address to open")
    login.add_argument(
        "--callback",
        metavar="URI",
        default="http://127.0.0.1/",
        help="URI to wait for the browser at, beginning with the callback that the consumer was registered with."
        " The default is http://127.0.0.1/ at a free port, for a consumer registered with http://127.0.0.1:1/",
    )
    login.add_argument("--wait", type=_seconds, default=300.0, help="seconds to wait for the browser (300)")
    whoami = _add_command(
        commands, "whoami", print_user, "print who is logged in to a wiki", example="en.wikipedia.org"
    )
    logout = _add_command(
        commands, "logout", log_out, "delete the stored credentials of a wiki", example="en.wikipedia.org"
    )
    for command in (whoami, logout):
        command.add_argument("wiki", metavar="WIKI", help=_WIKI_HELP)
    for command in (login, whoami, logout):
        _add_network_options(command)


def _add_requests(commands: _Subparsers) -> None:
    request = _add_command(
        commands,
        "request",
        send_request,
        "send a signed request, and print the response",
        example="POST https://test.wikipedia.org/w/api.php action=query meta=userinfo format=json",
    )
    explain = _add_command(
        commands,
        "explain",
        explain_request,
        "show what is signed of a request, and why a wiki may reject it, without sending it",
        example="GET 'https://en.wikipedia.org/w/api.php?titles=A&titles=B'",
    )
    for command in (request, explain):
        command.add_argument("method", metavar="METHOD", help="GET, POST, PUT, ...")
        command.add_argument("uri", metavar="URI")
        command.add_argument("parameters", metavar="name=value", nargs="*", default=[], type=_parameter)
        command.add_argument("-H", "--header", metavar="NAME:VALUE", action="append", default=[])
        command.add_argument("--body", metavar="FILE", help="file to send as the body, or - for standard input")
        _add_network_options(command)
    request.add_argument("-i", "--include", action="store_true", help="print the response's status and headers too")
    request.add_argument("-v", "--verbose", action="store_true", help="show what is signed, with secrets masked")
    request.add_argument("--anonymous", action="store_true", help="do not sign the request")


def _add_cassettes(commands: _Subparsers) -> None:
    audit_command = _add_command(
        commands,
        "audit",
        audit,
        "search cassettes for secrets, before you commit them",
        "Search cassettes, or all files of folders, for values that look like secrets. Print file and line of each,"
        " and no character of its value."
        " The exit code is 1 if any was found.",
        example="cassettes/",
    )
    audit_command.add_argument("paths", metavar="PATH", nargs="+", help="a file or a folder")
    audit_command.add_argument(
        "--second-opinion", action="store_true", help="ask detect-secrets, too, which knows the keys of more services"
    )
    scrub_command = _add_command(
        commands,
        "scrub",
        scrub,
        "copy cassettes without their secrets",
        "Write scrubbed copies of cassettes that vcrpy recorded, with or without this package. The sources are not"
        " changed.",
        example="raw/login.yaml cassettes/",
    )
    scrub_command.add_argument("sources", metavar="SOURCE", nargs="+", help="a cassette, in YAML or JSON")
    scrub_command.add_argument("destination", metavar="DESTINATION", help="a file, or an existing folder")
    scrub_command.add_argument("--keep-binary", action="store_true", help="keep bodies that aren't text, unchanged")
    for command in (audit_command, scrub_command):
        command.add_argument(
            "--also", metavar="FILE", help="file with more secrets, one per line, or - for standard input"
        )


def _add_command(
    commands: _Subparsers,
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    description: str = "",
    example: str = "",
) -> argparse.ArgumentParser:
    """Add a command. Without a description, its help shows the summary as a sentence."""
    command = commands.add_parser(
        name,
        help=summary,
        description=description or f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example:\n  {PROGRAM} {name} {example}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_network_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--timeout", type=_seconds, default=30.0, help="seconds to wait for a server (30)")
    command.add_argument("--user-agent", help="identifies you to the wiki's operators; or set OAUTH_USER_AGENT")


def _seconds(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"\d{0,6}\.?\d{0,6}", text) and text.strip(".") else 0.0
    if not 0 < seconds <= _MAX_SECONDS:
        raise argparse.ArgumentTypeError(
            f"invalid number of seconds: {text!r}, expected more than 0 and at most {_MAX_SECONDS}"
        )
    return seconds


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"invalid port: {text!r}")
    return int(text)


def _user(text: str) -> str:
    if not re.fullmatch(r"[^\s\[\]{}|#<>@/:_][^\[\]{}|#<>@/:\x00-\x1f]{0,80}", text):
        raise argparse.ArgumentTypeError(f"invalid user name: {text!r}")
    return text


def _parameter(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"invalid parameter: {text!r}, expected name=value")
    return text
