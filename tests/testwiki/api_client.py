"""A client of the embedded wiki's api.php, as a bot uses it."""

import json
import math
from urllib.parse import urlencode

from httplib2_oauthlib import OAuth1Http
from httplib2_oauthlib.testwiki.store import Title

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """A bot that reads and writes with api.php."""

    def __init__(self, wiki, oauth=None):
        self.wiki = wiki
        # A test may set the clock of the wiki to any time.
        self.http = OAuth1Http(timeout=10, oauth=oauth, max_clock_offset=math.inf)

    def get(self, **parameters):
        return self.answer(*self.http.request(f"{self.wiki.api_uri}?{urlencode(self.with_format(parameters))}"))

    def query(self, **parameters):
        return self.get(action="query", **parameters)["query"]

    def post(self, **parameters):
        body = urlencode(self.with_format(parameters))
        return self.answer(*self.http.request(self.wiki.api_uri, "POST", body, FORM))

    def edit(self, title="User:Alice", **parameters):
        parameters.setdefault("token", self.query(meta="tokens")["tokens"]["csrftoken"])
        return self.post(action="edit", title=title, **parameters)

    def text(self, title="User:Alice"):
        return self.wiki.store.pages[Title.parse(title)].revisions[-1].text

    @staticmethod
    def with_format(parameters):
        given = {"format": "json", "formatversion": "2", **parameters}
        return {name: value for name, value in given.items() if value is not None}

    def answer(self, response, content):
        self.response = response
        return json.loads(content)


def code_of(answer):
    return answer["error"]["code"]
