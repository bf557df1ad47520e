"""The demo: a story told on the embedded wiki, with the real output of each step."""

import argparse
import json
from typing import Any
from urllib.parse import urlencode

from .._http.mixin import OAuth1Http
from .._signing.oauth1 import OAuth1
from .._signing.request import FORM
from .terminal import FAILED, OK, fail_without_extra

#: Seconds that the demo waits for its own wiki.
TIMEOUT = 10


def run_demo(arguments: argparse.Namespace) -> int:  # noqa: ARG001
    """Run the demo and return the exit code: 0 only if every step had the expected result.

    Raises:
        TimeoutError: The wiki did not respond in time.
    """
    try:
        from ..testwiki import TestWiki  # noqa: PLC0415 (an extra)
    except ImportError as error:
        return fail_without_extra("demo", "testwiki", error)
    with TestWiki() as wiki:
        demo = Demo(wiki.api_uri)
        print(f"A wiki listens at {wiki.api_uri}, in this process and on this machine only.\n")
        try:
            demo.run(OAuth1(*wiki.owner_only("Alice")))
        except TimeoutError:
            raise TimeoutError(f"no answer from {wiki.api_uri} within {TIMEOUT:g} seconds") from None
    print("\nAll of it held." if not demo.failures else f"\n{demo.failures} of these steps FAILED.")
    return FAILED if demo.failures else OK


class Demo:
    """The steps of the demo: each prints what is sent, what came back, and whether that is as it should be."""

    def __init__(self, api_uri: str) -> None:
        self.api_uri = api_uri
        self.http = OAuth1Http(timeout=TIMEOUT, proxy_info=None)
        self.failures = 0

    def run(self, alice: OAuth1) -> None:
        """Run all steps with Alice's credentials."""
        self._step("Nobody is signed in: http = OAuth1Http()")
        user = self._get("userinfo", meta="userinfo")
        self._check(user.get("anon") is True, "the wiki sees somebody anonymous")

        self._step("Alice signs in: http.oauth = OAuth1(client_key, client_secret, token, token_secret)")
        self.http.oauth = alice
        user = self._get("userinfo", meta="userinfo", uiprop="groups|editcount")
        self._check(user.get("name") == "Alice", "the wiki knows her, and no password was sent")

        self._step("She edits her user page, with every character that is hard to sign")
        text = "Signed with OAuth 1.0a: héllo, 漢字, ~ * ' ( ) ! + & = % ; 😀"
        token = self._get("tokens", meta="tokens").get("csrftoken", "")
        form = {"action": "edit", "title": "User:Alice", "text": text, "summary": "a+b & c=d", "token": token}
        edit = self._post("edit", form)
        self._check(edit.get("result") == "Success", "the edit was made")

        self._step("The page is read back by somebody anonymous, and its author looked at")
        self.http.oauth = None
        pages = self._get(
            "pages", prop="revisions", titles="User:Alice", rvprop="ids|user|comment|content", rvslots="main"
        )
        revision = pages[0]["revisions"][0] if pages and "revisions" in pages[0] else {}
        self._check(revision.get("user") == "Alice", "the edit is the OAuth account's")
        content = revision.get("slots", {}).get("main", {}).get("content")
        self._check(content == text, "the text arrived to the last character")

        self._step("Somebody tries a wrong secret")
        wrong = OAuth1(alice.client_key, "wrong", alice.resource_owner_key, alice.resource_owner_secret)
        self.http.oauth = wrong
        error = self._get("error", meta="userinfo")
        self._check("Invalid signature" in error.get("info", ""), "the wiki refuses the signature")
        explanation = wrong.explain(f"{self.api_uri}?{self._query(meta='userinfo')}")
        print("   explain() says:\n" + "".join(f"     {line}\n" for line in explanation.splitlines()), end="")
        secrets = (alice.client_secret, alice.resource_owner_key, alice.resource_owner_secret)
        self._check(not any(secret and secret in explanation for secret in secrets), "it shows no secret and no token")

        self._step("Alice logs out: http.oauth = None")
        self.http.oauth = None
        user = self._get("userinfo", meta="userinfo")
        self._check(user.get("anon") is True, "the wiki sees somebody anonymous again")

    def _step(self, title: str) -> None:
        print(f"-- {title}")

    def _check(self, held: bool, claim: str) -> None:
        self.failures += not held
        print(f"   {'ok    ' if held else 'FAILED'} {claim}")

    def _query(self, **parameters: str) -> str:
        return urlencode({"action": "query", **parameters, "format": "json", "formatversion": "2"}, safe="|")

    def _get(self, part: str, **parameters: str) -> Any:
        query = self._query(**parameters)
        print(f"   GET  api.php?{query}")
        return self._print_response(part, *self.http.request(f"{self.api_uri}?{query}"))

    def _post(self, part: str, form: dict[str, str]) -> Any:
        body = urlencode({**form, "format": "json", "formatversion": "2"})
        print(f"   POST api.php {', '.join(form)}")
        return self._print_response(part, *self.http.request(self.api_uri, "POST", body, {"Content-Type": FORM}))

    def _print_response(self, part: str, response: Any, content: bytes) -> Any:
        print(f"        {response.status} {_format_response(content)}")
        answer = json.loads(content)
        return answer.get(part) or answer.get("query", {}).get(part) or {}


def _format_response(content: bytes) -> str:
    """Return an answer as it came, but for what would only confuse a reader."""
    answer = json.loads(content)
    if "csrftoken" in answer.get("query", {}).get("tokens", {}):
        answer["query"]["tokens"]["csrftoken"] = "..."
    answer.get("error", {}).pop("docref", None)
    return json.dumps(answer, ensure_ascii=False)
