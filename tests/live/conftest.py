"""The wikis of the live tests: the embedded wiki in each version, a recorded wiki, and a real one if it is named.

``OAUTH_WIKI`` and ``OAUTH_TOKENS`` name the real wiki and the credentials. Its pages are changed only if
``OAUTH_TEST_WRITE`` is 1. ``pytest tests/live --record`` records the recorded wiki again, from the real one.
"""

import json
import os
import secrets
from typing import Any
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.testwiki import TestWiki
from tests.judge import Judge
from tests.vectors import VERSIONS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Site:
    """A wiki, the credentials of an account there, and whether its pages may be changed.

    Attributes:
        index_uri: Of its index.php.
        may_write: Whether the account's own page may be edited.
        judge: Of a recorded wiki, holds what is sent against what the wiki said of it when it was recorded.
    """

    def __init__(
        self, index_uri: str, oauth: OAuth1, may_write: bool, judge: Judge | None = None, is_live: bool = True
    ):
        self.index_uri = index_uri
        self.oauth = oauth
        self.may_write = may_write
        self.judge = judge
        self._is_live = is_live
        self._count = 0
        self.user_agent = os.environ.get("OAUTH_USER_AGENT") or "httplib2-oauthlib live tests"
        self.http = OAuth1Http(timeout=30, oauth=oauth)

    def script(self, name: str) -> str:
        return self.index_uri.removesuffix("index.php") + name

    def send(self, uri: str, method: str = "GET", body: Any = None, headers: Any = None):
        answer = self.http.request(uri, method, body, {"User-Agent": self.user_agent, **(headers or {})})
        if self.judge is not None:
            self.judge.check(*answer)
        return answer

    def unique(self) -> str:
        """Text that no page has yet; on a recorded wiki the same whenever it is asked."""
        self._count += 1
        return secrets.token_hex(8) if self._is_live else f"recorded {self._count}"

    def get(self, **parameters: str) -> Any:
        query = urlencode({**parameters, "format": "json", "formatversion": "2"})
        return json.loads(self.send(f"{self.script('api.php')}?{query}")[1])

    def post(self, **parameters: str) -> Any:
        body = urlencode({**parameters, "format": "json", "formatversion": "2"})
        return json.loads(self.send(self.script("api.php"), "POST", body, FORM)[1])

    def userinfo(self) -> Any:
        return self.get(action="query", meta="userinfo")["query"]["userinfo"]

    def csrf_token(self) -> str:
        return self.get(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]

    def own_page(self) -> str:
        return f"User:{self.userinfo()['name']}/httplib2-oauthlib test"

    def revision(self, title: str, number: int) -> Any:
        """A revision by its number, not the newest: another run may edit the page at the same time."""
        answer = self.get(
            action="query", prop="revisions", titles=title, rvprop="ids|user|comment|content", rvslots="main",
            rvlimit="10",
        )  # fmt: skip
        revisions = answer["query"]["pages"][0]["revisions"]
        revision = next(revision for revision in revisions if revision["revid"] == number)
        return {**revision, "content": revision["slots"]["main"]["content"]}


@pytest.fixture(params=[*(f"embedded-{version}" for version in VERSIONS), "recorded", "real"])
def site(request):
    if request.param.startswith("embedded-"):
        with TestWiki(version=request.param.partition("-")[2]) as wiki:
            site = Site(wiki.index_uri, OAuth1(*wiki.owner_only("Alice")), may_write=True)
            yield site
            site.http.close()
        return
    if request.param == "recorded":
        cassette = request.getfixturevalue("signed_cassette")
        judge = None if cassette.is_recording else request.getfixturevalue("judge")
        site = Site(cassette.index_uri, cassette.oauth, may_write=True, judge=judge, is_live=False)
        yield site
        site.http.close()
        assert cassette.is_recording or cassette.all_played
        return
    index_uri, oauth = os.environ.get("OAUTH_WIKI", "").strip(), OAuth1.from_env()
    if not index_uri or oauth is None:
        pytest.skip("OAUTH_WIKI (the URI of an index.php) and OAUTH_TOKENS are not both set")
    site = Site(index_uri, oauth, may_write=os.environ.get("OAUTH_TEST_WRITE") == "1")
    yield site
    site.http.close()


@pytest.fixture
def writable(site):
    if not site.may_write:
        pytest.skip("OAUTH_TEST_WRITE is not 1: nothing is written")
    return site
