"""The demo: requests to the embedded wiki with and without credentials, printed and checked step by step."""

import argparse
import json
import sys
from typing import Any
from urllib.parse import urlencode

from .._http.mixin import OAuth1Http
from .._signing.oauth1 import OAuth1
from .._signing.request import FORM
from .terminal import FAILED, GREEN, OK, RED, colored, fail_without_extra

#: Timeout for the demo's own wiki, in seconds.
TIMEOUT = 10


def run_demo(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Run the demo and return the exit code: 0 only if every check passed.

    Raises:
        TimeoutError: The wiki did not respond in time.
    """
    try:
        from ..testwiki import TestWiki  # noqa: PLC0415 (an extra)
    except ImportError as error:
        return fail_without_extra("demo", "testwiki", error)
    with TestWiki() as wiki:
        demo = Demo(wiki.api_uri)
        print(f"A wiki is running at {wiki.api_uri}, in this process and on this machine only.\n")
        try:
            demo.run(OAuth1(*wiki.owner_only("Alice")))
        except TimeoutError:
            raise TimeoutError(f"no response from {wiki.api_uri} within {TIMEOUT:g} seconds") from None
    print("\nAll checks passed." if not demo.failures else f"\n{demo.failures} of these checks FAILED.")
    return FAILED if demo.failures else OK


class Demo:
    """The steps of the demo. Each step prints its requests, their responses and the result of its checks.

    Args:
        api_uri: The URI of the wiki's api.php.

    Attributes:
        failures: The number of checks that failed.
    """

    def __init__(self, api_uri: str) -> None:
        self.api_uri = api_uri
        self.http = OAuth1Http(timeout=TIMEOUT, proxy_info=None)
        self.failures = 0

    def run(self, alice: OAuth1) -> None:
        """Run all steps with Alice's credentials."""
        self._start_step("No credentials: http = OAuth1Http()")
        user = self._get("userinfo", meta="userinfo")
        self._check(user.get("anon") is True, "the wiki treats the request as anonymous")

        self._start_step("Alice logs in: http.oauth = OAuth1(client_key, client_secret, token, token_secret)")
        self.http.oauth = alice
        user = self._get("userinfo", meta="userinfo", uiprop="groups|editcount")
        self._check(user.get("name") == "Alice", "the wiki recognizes Alice, and no password was sent")

        self._start_step("Alice edits her user page, with every character that is hard to sign")
        text = "Signed with OAuth 1.0a: héllo, 漢字, ~ * ' ( ) ! + & = % ; 😀"
        token = self._get("tokens", meta="tokens").get("csrftoken", "")
        form = {"action": "edit", "title": "User:Alice", "text": text, "summary": "a+b & c=d", "token": token}
        edit = self._post("edit", form)
        self._check(edit.get("result") == "Success", "the edit was made")

        self._start_step("The page and its author are read without credentials")
        self.http.oauth = None
        pages = self._get(
            "pages", prop="revisions", titles="User:Alice", rvprop="ids|user|comment|content", rvslots="main"
        )
        revision = pages[0]["revisions"][0] if pages and "revisions" in pages[0] else {}
        self._check(revision.get("user") == "Alice", "the author of the edit is the OAuth account")
        content = revision.get("slots", {}).get("main", {}).get("content")
        self._check(content == text, "the wiki received every character of the text")

        self._start_step("A request is signed with a wrong secret")
        wrong = OAuth1(alice.client_key, "wrong", alice.resource_owner_key, alice.resource_owner_secret)
        self.http.oauth = wrong
        error = self._get("error", meta="userinfo")
        self._check("Invalid signature" in error.get("info", ""), "the wiki rejects the signature")
        explanation = wrong.explain(f"{self.api_uri}?{self._query(meta='userinfo')}")
        print("   Output of explain():\n" + "".join(f"     {line}\n" for line in explanation.splitlines()), end="")
        secrets = (alice.client_secret, alice.resource_owner_key, alice.resource_owner_secret)
        self._check(not any(secret and secret in explanation for secret in secrets), "it shows no secret and no token")

        self._start_step("Alice logs out: http.oauth = None")
        self.http.oauth = None
        user = self._get("userinfo", meta="userinfo")
        self._check(user.get("anon") is True, "the wiki treats the request as anonymous again")

    def _start_step(self, title: str) -> None:
        print(f"-- {title}")

    def _check(self, is_passed: bool, claim: str) -> None:
        self.failures += not is_passed
        result = colored("ok    ", GREEN, sys.stdout) if is_passed else colored("FAILED", RED, sys.stdout)
        print(f"   {result} {claim}")

    def _query(self, **parameters: str) -> str:
        return urlencode({"action": "query", **parameters, "format": "json", "formatversion": "2"}, safe="|")

    def _get(self, part: str, **parameters: str) -> Any:
        """Send a query, and return the named part of the response."""
        query = self._query(**parameters)
        print(f"   GET  api.php?{query}")
        return self._print_response(part, *self.http.request(f"{self.api_uri}?{query}"))

    def _post(self, part: str, form: dict[str, str]) -> Any:
        """Send a form, and return the named part of the response."""
        body = urlencode({**form, "format": "json", "formatversion": "2"})
        print(f"   POST api.php {', '.join(form)}")
        return self._print_response(part, *self.http.request(self.api_uri, "POST", body, {"Content-Type": FORM}))

    def _print_response(self, part: str, response: Any, content: bytes) -> Any:
        """Print a response, and return its named part."""
        print(f"        {response.status} {_format_body(content)}")
        body = json.loads(content)
        return body.get(part) or body.get("query", {}).get(part) or {}


def _format_body(content: bytes) -> str:
    """Return a response's body for printing, without the edit token and the help link."""
    body = json.loads(content)
    if "csrftoken" in body.get("query", {}).get("tokens", {}):
        body["query"]["tokens"]["csrftoken"] = "..."
    body.get("error", {}).pop("docref", None)
    return json.dumps(body, ensure_ascii=False)
