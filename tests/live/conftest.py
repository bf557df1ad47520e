"""The wikis of the live tests: the embedded one always, so that they can't rot, and a real one if asked."""

import json
import os
from typing import Any
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.testwiki import TestWiki

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Site:
    """A wiki, the credentials of an account there, and whether its pages may be changed.

    Attributes:
        index_uri: Of its index.php.
        may_write: Whether the account's own page may be edited.
    """

    def __init__(self, index_uri: str, oauth: OAuth1, may_write: bool):
        self.index_uri = index_uri
        self.oauth = oauth
        self.may_write = may_write
        self.user_agent = os.environ.get("OAUTH_USER_AGENT") or "httplib2-oauthlib live tests"
        self.http = OAuth1Http(timeout=30, oauth=oauth)

    def script(self, name: str) -> str:
        return self.index_uri.removesuffix("index.php") + name

    def send(self, uri: str, method: str = "GET", body: Any = None, headers: Any = None):
        return self.http.request(uri, method, body, {"User-Agent": self.user_agent, **(headers or {})})

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


@pytest.fixture(params=["embedded", "real"])
def site(request):
    if request.param == "embedded":
        with TestWiki() as wiki:
            site = Site(wiki.index_uri, OAuth1(*wiki.owner_only("Alice")), may_write=True)
            yield site
            site.http.close()
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
