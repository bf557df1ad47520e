"""The command line: ``python -m httplib2_oauthlib``, installed as ``httplib2-oauth``."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from . import OAuth1, OAuth1Http

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Seconds that the demo waits for its own wiki.
_TIMEOUT = 10


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments after the program's name; None means the process's own.

    Returns:
        The exit code: 0 if it went well, 1 if not, 2 if the arguments were wrong.
    """
    parser = argparse.ArgumentParser(prog="httplib2-oauth", description="OAuth 1.0a for httplib2.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo",
        help="log in, edit and confirm on a wiki that runs in this process only",
        description="Start the embedded wiki and show OAuth at work on it, step by step. Exit code 0 if all held.",
    )
    demo.set_defaults(run=_demo)
    arguments = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What a terminal can't show is shown escaped, not a reason to stop.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = int(arguments.run())
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in "... | head"; Python must not try to flush it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _demo() -> int:
    try:
        from .testwiki import TestWiki
    except ImportError as error:
        print(
            f"demo needs the embedded wiki ({error.name} is missing): pip install 'httplib2-oauthlib[testwiki]'",
            file=sys.stderr,
        )
        return 1
    with TestWiki() as wiki:
        story = _Story(wiki.api_uri)
        print(f"A wiki listens at {wiki.api_uri}, in this process and on this machine only.\n")
        story.tell(OAuth1(*wiki.owner_only("Alice")))
    print("\nAll of it held." if not story.failures else f"\n{story.failures} of these steps FAILED.")
    return 1 if story.failures else 0


class _Story:
    """The steps of the demo: each prints what is sent, what came back, and whether that is as it should be."""

    def __init__(self, api_uri: str) -> None:
        self.api_uri = api_uri
        self.http = OAuth1Http(timeout=_TIMEOUT, proxy_info=None)
        self.failures = 0

    def tell(self, alice: OAuth1) -> None:
        """Tell it all."""
        self.step("Nobody is signed in: http = OAuth1Http()")
        user = self.get("userinfo", meta="userinfo")
        self.check(user.get("anon") is True, "the wiki sees somebody anonymous")

        self.step("Alice signs in: http.oauth = OAuth1(client_key, client_secret, token, token_secret)")
        self.http.oauth = alice
        user = self.get("userinfo", meta="userinfo", uiprop="groups|editcount")
        self.check(user.get("name") == "Alice", "the wiki knows her, and no password was sent")

        self.step("She edits her user page, with every character that is hard to sign")
        text = "Signed with OAuth 1.0a: héllo, 漢字, ~ * ' ( ) ! + & = % ; 😀"
        token = self.get("tokens", meta="tokens").get("csrftoken", "")
        form = {"action": "edit", "title": "User:Alice", "text": text, "summary": "a+b & c=d", "token": token}
        edit = self.post("edit", form)
        self.check(edit.get("result") == "Success", "the edit was made")

        self.step("The page is read back by somebody anonymous, and its author looked at")
        self.http.oauth = None
        pages = self.get(
            "pages", prop="revisions", titles="User:Alice", rvprop="ids|user|comment|content", rvslots="main"
        )
        revision = pages[0]["revisions"][0] if pages and "revisions" in pages[0] else {}
        self.check(revision.get("user") == "Alice", "the edit is the OAuth account's")
        content = revision.get("slots", {}).get("main", {}).get("content")
        self.check(content == text, "the text arrived to the last character")

        self.step("Somebody tries a wrong secret")
        wrong = OAuth1(alice.client_key, "wrong", alice.resource_owner_key, alice.resource_owner_secret)
        self.http.oauth = wrong
        error = self.get("error", meta="userinfo")
        self.check("Invalid signature" in error.get("info", ""), "the wiki refuses the signature")
        explanation = wrong.explain(f"{self.api_uri}?{self.query(meta='userinfo')}")
        print("   explain() says:\n" + "".join(f"     {line}\n" for line in explanation.splitlines()), end="")
        secrets = (alice.client_secret, alice.resource_owner_key, alice.resource_owner_secret)
        self.check(not any(secret and secret in explanation for secret in secrets), "it shows no secret and no token")

        self.step("Alice logs out: http.oauth = None")
        self.http.oauth = None
        user = self.get("userinfo", meta="userinfo")
        self.check(user.get("anon") is True, "the wiki sees somebody anonymous again")

    def step(self, title: str) -> None:
        print(f"-- {title}")

    def check(self, held: bool, claim: str) -> None:
        self.failures += not held
        print(f"   {'ok    ' if held else 'FAILED'} {claim}")

    def query(self, **parameters: str) -> str:
        return urlencode({"action": "query", **parameters, "format": "json", "formatversion": "2"}, safe="|")

    def get(self, part: str, **parameters: str) -> Any:
        query = self.query(**parameters)
        print(f"   GET  api.php?{query}")
        return self.answer(part, *self.http.request(f"{self.api_uri}?{query}"))

    def post(self, part: str, form: dict[str, str]) -> Any:
        body = urlencode({**form, "format": "json", "formatversion": "2"})
        print(f"   POST api.php {', '.join(form)}")
        return self.answer(part, *self.http.request(self.api_uri, "POST", body, _FORM))

    def answer(self, part: str, response: Any, content: bytes) -> Any:
        print(f"        {response.status} {_shown(content)}")
        answer = json.loads(content)
        return answer.get(part) or answer.get("query", {}).get(part) or {}


def _shown(content: bytes) -> str:
    """Return an answer as it came, but for what would only confuse a reader."""
    answer = json.loads(content)
    if "csrftoken" in answer.get("query", {}).get("tokens", {}):
        answer["query"]["tokens"]["csrftoken"] = "..."
    answer.get("error", {}).pop("docref", None)
    return json.dumps(answer, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
