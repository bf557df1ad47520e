"""The command line: ``python -m httplib2_oauthlib``, installed as ``httplib2-oauth``."""

import argparse
import getpass
import io
import os
import re
import sys
import time
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import fields
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httplib2

from .. import __version__, mediawiki
from .._http.context import Origin
from .._http.mixin import OAuth1Http
from .._refusals.advice import printable
from .._signing.oauth1 import OAuth1, SignedRequest
from .._signing.protocol_parameters import add_to_query, generate_nonce
from .._signing.request import DEFAULT_PORTS, FORM
from ..credentials import KeyringStore
from ..errors import CredentialsError, HandshakeError, IdentityError, OAuthError, RefusedError, ResponseLostError
from . import demo
from .login import CallbackReceiver, Wiki, find_wiki, host_of, user_of

PROGRAM = "httplib2-oauth"
_UNPRINTABLE = "\ufffd"
_LONGEST_WAIT = 86400  # Seconds.
_HIGHEST_PORT = 65535
OK, FAILED, MISUSED, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130

_DESCRIPTION = """\
OAuth 1.0a for httplib2: log in to a MediaWiki, make signed requests, find out why a signature is refused.

Secrets are asked for without echo or read from the environment, never taken as arguments:
  OAUTH_TOKENS    client key, client secret, token and token secret, joined by colons; used in place of what is kept
  OAUTH_CONSUMER  consumer key and consumer secret, joined by a colon; for login
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program's name; None means the process's own.

    Returns:
        The exit code: 0 if it went well, 1 if not, 2 if the arguments were wrong, 3 if the wiki refused the
        credentials or there are none, 130 if it was interrupted.
    """
    arguments = _parsed(argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal can't show is shown escaped, not a reason to stop.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = int(arguments.run(arguments))
        print(end="", flush=True)
        return code
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in "... | head"; Python must not try to flush it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, EOFError):
        message, code = "interrupted", INTERRUPTED
    except ResponseLostError as error:
        # Not a refusal of the credentials: who logs in again and repeats the request may do a thing twice.
        message, code = str(error), FAILED
    except (RefusedError, _NotLoggedIn) as error:
        message, code = str(error), REFUSED
    except HandshakeError as error:
        message, code = str(error), FAILED if error.reason in ("answer", "callback", "other") else REFUSED
    except (OAuthError, httplib2.HttpLib2Error, HTTPException, OSError, ValueError, OverflowError) as error:
        message, code = _in_words(error, arguments), FAILED
    return _complain(message, code)


class _NotLoggedIn(OAuthError):
    """There are no credentials for a host."""


def _complain(message: str, code: int) -> int:
    print(f"{PROGRAM}: {printable(' '.join(message.split()), _UNPRINTABLE)}", file=sys.stderr)
    return code


def _needs_extra(command: str, extra: str, error: ImportError) -> int:
    cure = f"pip install 'httplib2-oauthlib[{extra}]'"
    return _complain(f"{command} needs an extra ({error.name} is missing): {cure}", FAILED)


def _in_words(error: Exception, arguments: argparse.Namespace) -> str:
    server = getattr(arguments, "wiki", getattr(arguments, "uri", "the server")).partition("?")[0]
    # What sockets and TLS say, and not for whom they waited.
    if isinstance(error, TimeoutError) and error.errno is None and str(error).endswith("timed out"):
        return f"no answer from {server} within {arguments.timeout:g} seconds"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or f'no answer from {server}'}: {error.strerror}"
    if isinstance(error, HTTPException):
        return f"{server} answered with something that is no HTTP, or only half of it ({type(error).__name__})"
    if isinstance(error, UnicodeError):
        return f"{server} can't be asked: its host is none, or a header is not in Latin letters"
    return str(error) or type(error).__name__


# -- the commands


def _demo(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    return demo.tell()


def _wiki(arguments: argparse.Namespace) -> int:
    try:
        from ..testwiki import PASSWORD, TestWiki
    except ImportError as error:
        return _needs_extra("wiki", "testwiki", error)
    with TestWiki(port=arguments.port) as wiki:
        tools = {host: wiki.register("A tool", callback=f"http://{host}:1/") for host in ("127.0.0.1", "localhost")}
        tokens = ":".join(wiki.owner_only(arguments.user))
        names = sorted({wiki.account(name).name for name in ("Alice", "Bob", arguments.user)})
        print(f"An embedded wiki listens at {wiki.index_uri}, on this machine only. Control-C ends it.\n")
        print(f"Its accounts are {', '.join(names)}; the password of each is: {PASSWORD}\n")
        for host, tool in tools.items():
            print(f"A consumer for tools, with callbacks to any port of http://{host}:")
            print(f"  consumer key     {tool.key}")
            print(f"  consumer secret  {tool.secret}\n")
        print(f"An owner-only consumer of {arguments.user}'s:")
        print(f"  export OAUTH_WIKI={wiki.index_uri}")
        print(f"  export OAUTH_TOKENS={tokens}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("\nThe wiki is gone, with all that it knew.")
    return OK


def _login(arguments: argparse.Namespace) -> int:
    http, headers = _http(arguments)
    wiki = find_wiki(arguments.wiki, http, headers)
    if find_spec("jwt") is None:
        raise OAuthError("login needs an extra to verify who you are: pip install 'httplib2-oauthlib[mediawiki]'")
    # Whatever would keep the credentials from being kept is to be known before they are granted.
    KeyringStore().get(wiki.host)
    given = (OAuth1.from_env() or _ask_for_tokens(wiki)) if arguments.owner_only else None
    oauth = given or _grant(arguments, wiki, http)
    name = _verified_name(wiki, oauth, http, headers)
    where = KeyringStore().save(wiki.host, oauth)
    print(f"Logged in to {wiki.host} as {printable(name, _UNPRINTABLE)}. The credentials are kept in {where}")
    if os.environ.get("OAUTH_TOKENS") and not arguments.owner_only:
        print("OAUTH_TOKENS is set, and comes before them.", file=sys.stderr)
    return OK


def _verified_name(wiki: Wiki, oauth: OAuth1, http: OAuth1Http, headers: dict[str, str]) -> str:
    # An RSA consumer has no secret that an identity could be signed with: the API's word has to do.
    if oauth.client_secret:
        consumer = (oauth.client_key, oauth.client_secret)
        access = (oauth.resource_owner_key or "", oauth.resource_owner_secret or "")
        try:
            identity = mediawiki.identify(wiki.index_uri, consumer, access, user_agent=headers["User-Agent"], http=http)
            return str(identity["username"])
        except IdentityError as error:
            # Genuine, but late or by another of the wiki's names. What was granted would be lost for that.
            if error.reason not in ("clock", "issuer"):
                raise
            _complain(f"{error}. Asking the wiki's API instead", OK)
    return _name_of(user_of(wiki, oauth, http, headers))


def _grant(arguments: argparse.Namespace, wiki: Wiki, http: OAuth1Http) -> OAuth1:
    consumer = _consumer(wiki)
    agent = _user_agent(arguments)
    with ExitStack() as stack:
        receiver = None if arguments.paste else stack.enter_context(CallbackReceiver(arguments.callback))
        callback = "oob" if receiver is None else receiver.uri
        try:
            uri, request_token = mediawiki.initiate(wiki.index_uri, consumer, callback, agent, http=http)
        except HandshakeError as error:
            if receiver is None or "oauth_callback" not in error.message:
                raise
            raise HandshakeError(
                error.reason,
                f"{error.message} This command asked for {callback}: choose with --callback, or use --paste.",
            ) from None
        if receiver is not None:
            receiver.expect(request_token.key)
        print(f"Allow it in a browser, at\n\n  {uri}\n", file=sys.stderr)
        if receiver is None:
            what = "Then paste the address to which the browser was sent, or the verification value"
            response = _ask(what, "log in where there is a terminal, or without --paste")
        else:
            if not arguments.no_browser:
                webbrowser.open(uri)
            response = receiver.wait(arguments.wait)
    access = mediawiki.complete(wiki.index_uri, consumer, request_token, response, agent, http=http)
    return OAuth1(*consumer, *access)


def _whoami(arguments: argparse.Namespace) -> int:
    http, headers = _http(arguments)
    wiki = find_wiki(arguments.wiki, http, headers)
    print(printable(_name_of(user_of(wiki, _credentials(wiki.host), http, headers)), _UNPRINTABLE))
    return OK


def _name_of(userinfo: dict[str, Any]) -> str:
    if "anon" in userinfo or not userinfo.get("name"):
        raise _NotLoggedIn("the wiki took the request for an anonymous one: does it have Extension:OAuth?")
    return str(userinfo["name"])


def _logout(arguments: argparse.Namespace) -> int:
    store, page = KeyringStore(), "Special:OAuthManageMyGrants"
    # By its name first: what is kept here can be forgotten also when the wiki can't be reached.
    host = host_of(arguments.wiki)
    if not store.delete(host):
        http, headers = _http(arguments)
        wiki = find_wiki(arguments.wiki, http, headers)
        host, page = wiki.host, f"{wiki.index_uri}?title={page}"
        if not store.delete(host):
            print(f"There were no credentials for {host}.")
            host = ""
    if host:
        print(f"Logged out of {host}: the credentials are forgotten here.")
        print(f"The wiki honours them until you revoke them there, at {page}")
    if os.environ.get("OAUTH_TOKENS"):
        print("OAUTH_TOKENS is set, and still signs.", file=sys.stderr)
    return OK


def _request(arguments: argparse.Namespace) -> int:
    http, _ = _http(arguments)
    uri, method, body, headers = _described(arguments)
    if not arguments.anonymous:
        http.oauth = _credentials(_host(uri), _Telling if arguments.verbose else OAuth1)
    response, content = http.request(uri, method, body, headers)
    if arguments.include:
        lines = [f"HTTP {response.status} {response.reason}", *(f"{name}: {value}" for name, value in response.items())]
        print("\n".join(lines), end="\n\n")
    if sys.stdout is not None:  # Somebody may have closed it.
        sys.stdout.flush()
        # Bytes as they came, not as this terminal would write them.
        sys.stdout.buffer.write(content)
    mediawiki.check(response, content)
    return OK if response.status < 400 else _complain(f"the server answered {response.status}", FAILED)  # noqa: PLR2004


def _explain(arguments: argparse.Namespace) -> int:
    uri, method, body, headers = _described(arguments)
    try:
        oauth = _credentials(_host(uri))
    except _NotLoggedIn:
        oauth = OAuth1("client-key", "client-secret", "token", "token-secret")
        print("With made-up credentials, since there are none for this host:", file=sys.stderr)
    print(oauth.explain(uri, method, body, headers))
    return OK


def _audit(arguments: argparse.Namespace) -> int:
    cassettes = _cassettes("audit")
    if cassettes is None:
        return FAILED
    files = {path: cassettes.files_of(path) if Path(path).exists() else [] for path in arguments.paths}
    missing = [path for path in files if not files[path]]
    if missing:
        return _complain(f"there is nothing to audit at {' and '.join(missing)}", MISUSED)
    secrets = _secrets(arguments)
    findings = [finding for path in files for file in files[path] for finding in cassettes.audit(file, secrets)]
    for finding in findings:
        print(printable(str(finding), _UNPRINTABLE))
    if findings:
        count = "1 value that looks" if len(findings) == 1 else f"{len(findings)} values that look"
        return _complain(
            f"{count} like a secret. Scrub the cassette ({PROGRAM} scrub) or record it anew with"
            " httplib2_oauthlib.cassettes; revoke at its server what was published already",
            FAILED,
        )
    print("Nothing there looks like a secret.")
    return OK


def _scrub(arguments: argparse.Namespace) -> int:
    cassettes = _cassettes("scrub")
    if cassettes is None:
        return FAILED
    destination = Path(arguments.destination)
    if not destination.is_dir() and (len(arguments.sources) > 1 or arguments.destination.endswith("/")):
        return _complain(f"there is no folder {destination} to write to", MISUSED)
    binary, secrets = "keep" if arguments.keep_binary else "refuse", _secrets(arguments)
    for source in map(Path, arguments.sources):
        target = (destination / source.name).with_suffix(".yaml") if destination.is_dir() else destination
        try:
            count = cassettes.scrub_file(source, target, secrets=secrets, binary=binary)
        except cassettes.CassetteError as error:
            return _complain(str(error) if str(source) in str(error) else f"{source}: {error}", FAILED)
        print(f"{target}: {count} {'interaction' if count == 1 else 'interactions'}")
    return OK


def _cassettes(command: str) -> Any:
    try:
        from .. import cassettes
    except ImportError as error:
        _needs_extra(command, "cassettes", error)
        return None
    return cassettes


def _secrets(arguments: argparse.Namespace) -> list[str]:
    if arguments.also is None:
        return []
    text = sys.stdin.read() if arguments.also == "-" else Path(arguments.also).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


class _Telling(OAuth1):
    """Says on standard error what it signs, each time."""

    def sign(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        *,
        nonce: str | None = None,
        timestamp: int | str | None = None,
    ) -> SignedRequest:
        nonce, timestamp = nonce or generate_nonce(), timestamp or int(time.time())
        print(self.explain(uri, method, body, headers, nonce=nonce, timestamp=timestamp), file=sys.stderr)
        return super().sign(uri, method, body, headers, nonce=nonce, timestamp=timestamp)


# -- what they need


def _http(arguments: argparse.Namespace) -> tuple[OAuth1Http, dict[str, str]]:
    return OAuth1Http(timeout=arguments.timeout), {"User-Agent": _user_agent(arguments)}


def _user_agent(arguments: argparse.Namespace) -> str:
    return arguments.user_agent or os.environ.get("OAUTH_USER_AGENT") or f"{PROGRAM}/{__version__}"


def _credentials(host: str, kind: type[OAuth1] = OAuth1) -> OAuth1:
    oauth = kind.from_env() or KeyringStore().get(host)
    if oauth is None:
        raise _NotLoggedIn(f"no credentials for {host}: {PROGRAM} login {host}, or set OAUTH_TOKENS")
    return kind(**{field.name: getattr(oauth, field.name) for field in fields(oauth)})


def _host(uri: str) -> str:
    origin = Origin.of(uri)
    if origin is None or origin.scheme not in DEFAULT_PORTS:
        raise OAuthError(f"{uri!r} is no URI: it begins with https:// or http://")
    return origin.authority


def _described(arguments: argparse.Namespace) -> tuple[str, str, bytes | str | None, dict[str, str]]:
    """Return the request that the arguments describe: parameters go into the query or make a form."""
    uri, method = arguments.uri, arguments.method.upper()
    headers = {"User-Agent": _user_agent(arguments)}
    for line in arguments.header:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise OAuthError(f"--header takes NAME:VALUE, not {name!r}")
        headers[name.strip()] = value.strip()
    pairs = [tuple(parameter.partition("=")[::2]) for parameter in arguments.parameters]
    encoded = urlencode(pairs, quote_via=quote, safe="|")
    has_form = method in ("POST", "PUT", "PATCH") and arguments.body is None
    body: bytes | str | None = None
    if has_form and pairs:
        body = encoded
        headers.setdefault("Content-Type", FORM)
    elif pairs:
        uri = add_to_query(uri, encoded)
    if arguments.body is not None:
        body = sys.stdin.buffer.read() if arguments.body == "-" else Path(arguments.body).read_bytes()
    return uri, method, body, headers


def _consumer(wiki: Wiki) -> tuple[str, str]:
    given = os.environ.get("OAUTH_CONSUMER", "").strip()
    if given:
        key, colon, secret = given.partition(":")
        if not (key and colon and secret) or ":" in secret:
            raise CredentialsError(
                "OAUTH_CONSUMER takes consumer key and consumer secret, joined by a colon; the four values of an"
                " owner-only consumer go into OAUTH_TOKENS, with --owner-only"
            )
        return key, secret
    cure = "set OAUTH_CONSUMER to the consumer's key and secret, joined by a colon"
    print(
        f"Which application asks? Register one at {wiki.index_uri}?title=Special:OAuthConsumerRegistration/propose",
        file=sys.stderr,
    )
    return _ask("Consumer key", cure), _ask("Consumer secret", cure, is_secret=True)


def _ask_for_tokens(wiki: Wiki) -> OAuth1:
    cure = "set OAUTH_TOKENS to the four values, joined by colons"
    print(
        f"The four values of an owner-only consumer, shown at {wiki.index_uri}"
        "?title=Special:OAuthConsumerRegistration/propose when it is registered:",
        file=sys.stderr,
    )
    key = _ask("Consumer key", cure)
    secrets = [_ask(what, cure, is_secret=True) for what in ("Consumer secret", "Access token", "Access secret")]
    return OAuth1(key, *secrets)


def _ask(what: str, cure: str, is_secret: bool = False) -> str:
    """Ask at the terminal; without one, say what to do instead."""
    if not sys.stdin.isatty():
        raise CredentialsError(f"there is no terminal to ask at for: {what}; {cure}")
    if is_secret:
        given = getpass.getpass(f"{what}: ")
    else:
        print(f"{what}: ", end="", file=sys.stderr, flush=True)
        given = sys.stdin.readline()
    if not given.strip():
        raise CredentialsError(f"nothing was given for: {what}")
    return given.strip()


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse takes all of name=value at once or none of them, and leaves over what comes after an option.
    are_parameters = hasattr(arguments, "parameters") and all("=" in text and text[0] != "-" for text in rest)
    if rest and not are_parameters:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.parameters = [*arguments.parameters, *rest]
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Any, text: str, description: str = "", example: str = "") -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=text,
            description=description or f"{text[0].upper()}{text[1:]}.",
            epilog=f"example:\n  {PROGRAM} {name} {example}".rstrip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    def network(added: argparse.ArgumentParser) -> None:
        added.add_argument("--timeout", type=_seconds, default=30.0, help="seconds to wait for a server (30)")
        added.add_argument("--user-agent", help="who you are, for the wiki's operators; or set OAUTH_USER_AGENT")

    wiki_help = "its host, the URI of its index.php or api.php, or of any of its pages"
    command(
        "demo",
        _demo,
        "log in, edit and confirm on a wiki that runs in this process only",
        "Start the embedded wiki and show OAuth at work on it, step by step. Exit code 0 if all held.",
    )
    wiki = command(
        "wiki", _wiki, "serve the embedded wiki, and print its accounts and consumers", example="--port 8000"
    )
    wiki.add_argument("--port", type=_port, default=0, help="the port to listen at; 0, the default, for a free one")
    wiki.add_argument("--user", type=_user, default="Alice", help="whose the owner-only consumer is (Alice)")

    login = command("login", _login, "be granted access to a wiki, and keep it", example="en.wikipedia.org")
    login.add_argument("wiki", metavar="WIKI", help=wiki_help)
    login.add_argument("--owner-only", action="store_true", help="with the four values of an owner-only consumer")
    login.add_argument("--paste", action="store_true", help="paste the answer, where no browser can reach this machine")
    login.add_argument("--no-browser", action="store_true", help="only print the address to open")
    login.add_argument(
        "--callback",
        metavar="URI",
        default="http://127.0.0.1/",
        help="where to wait for the browser; it must begin with the callback that the consumer was registered with"
        " (http://127.0.0.1/ at a free port, for a consumer registered with http://127.0.0.1:1/)",
    )
    login.add_argument("--wait", type=_seconds, default=300.0, help="seconds to wait for the browser (300)")
    network(login)

    whoami = command("whoami", _whoami, "print who is logged in to a wiki", example="en.wikipedia.org")
    logout = command("logout", _logout, "forget the credentials of a wiki", example="en.wikipedia.org")
    for added in (whoami, logout):
        added.add_argument("wiki", metavar="WIKI", help=wiki_help)
        network(added)

    request = command(
        "request",
        _request,
        "make a signed request, and print the answer",
        example="POST https://test.wikipedia.org/w/api.php action=query meta=userinfo format=json",
    )
    explain = command(
        "explain",
        _explain,
        "say what is signed of a request, and why a wiki may disagree; nothing is sent",
        example="GET 'https://en.wikipedia.org/w/api.php?titles=A&titles=B'",
    )
    for added in (request, explain):
        added.add_argument("method", metavar="METHOD", help="GET, POST, PUT, ...")
        added.add_argument("uri", metavar="URI")
        added.add_argument("parameters", metavar="name=value", nargs="*", default=[], type=_parameter)
        added.add_argument("-H", "--header", metavar="NAME:VALUE", action="append", default=[])
        added.add_argument("--body", metavar="FILE", help="what to send, not as a form; - for standard input")
        network(added)
    audit = command(
        "audit",
        _audit,
        "look for secrets in cassettes, before they are committed",
        "Look for what looks like a secret in cassettes, or in all files of folders. Prints file and line of each."
        " Exit code 1 if there is any.",
        example="cassettes/",
    )
    audit.add_argument("paths", metavar="PATH", nargs="+", help="a file or a folder")
    scrub = command(
        "scrub",
        _scrub,
        "take over cassettes that were recorded otherwise, without their secrets",
        "Write scrubbed copies of vcrpy's cassettes, whoever recorded them. The sources are not changed.",
        example="raw/login.yaml cassettes/",
    )
    scrub.add_argument("sources", metavar="SOURCE", nargs="+", help="a cassette, in YAML or JSON")
    scrub.add_argument("destination", metavar="DESTINATION", help="a file, or a folder that is there")
    scrub.add_argument("--keep-binary", action="store_true", help="keep bodies that are no text, as they are")
    for added in (audit, scrub):
        added.add_argument("--also", metavar="FILE", help="what else is secret, one per line; - for standard input")
    request.add_argument("-i", "--include", action="store_true", help="print the answer's status and headers too")
    request.add_argument("-v", "--verbose", action="store_true", help="show what was signed, secrets masked")
    request.add_argument("--anonymous", action="store_true", help="sign nothing")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text) if re.fullmatch(r"\d{0,6}\.?\d{0,6}", text) and text.strip(".") else 0.0
    if not 0 < seconds <= _LONGEST_WAIT:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds that can be waited")
    return seconds


def _port(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _user(text: str) -> str:
    if not re.fullmatch(r"[^\s\[\]{}|#<>@/:_][^\[\]{}|#<>@/:\x00-\x1f]{0,80}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no user's name")
    return text


def _parameter(text: str) -> str:
    if "=" not in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    return text
