"""A wiki, and the user on it."""

from .comms import http
from .data import api
from .exceptions import NoUsername


class APISite:
    """A wiki and the user on it.

    Attributes:
        _userinfo: The wiki's latest information about the user, or None before the first login.
    """

    def __init__(self, api_uri, username=None):
        self.api_uri = api_uri
        self.username = username
        self._userinfo = None
        self._tokens = {}

    def login(self):
        """Get the user from the wiki, and raise NoUsername if it isn't the expected user."""
        self._tokens = {}
        self._userinfo = self.api(action="query", meta="userinfo", uiprop="groups|rights")["query"]["userinfo"]
        if "anon" in self._userinfo or self.username not in (None, self._userinfo["name"]):
            raise NoUsername(f"logged in as {self._userinfo['name']}, not as {self.username}")

    def logout(self):
        """Remove the tokens and cookies, and get the user from the wiki again."""
        self._tokens = {}
        http.cookie_jar.clear()
        self._userinfo = self.api(action="query", meta="userinfo", uiprop="groups|rights")["query"]["userinfo"]

    def edit(self, title, text, summary):
        """Save a page as the current user, and return the number of the new revision."""
        token = self.token("csrf")
        asserted = {"assert": "user", "assertuser": self._userinfo["name"]}
        saved = self.api(action="edit", title=title, text=text, summary=summary, token=token, **asserted)
        return saved["edit"]["newrevid"]

    def latest(self, title):
        """Return the newest revision of a page."""
        answer = self.api(
            action="query", prop="revisions", titles=title, rvprop="ids|user|comment|content", rvslots="main"
        )
        return answer["query"]["pages"][0]["revisions"][0]

    def token(self, kind):
        if kind not in self._tokens:
            self._tokens[kind] = self.api(action="query", meta="tokens", type=kind)["query"]["tokens"][f"{kind}token"]
        return self._tokens[kind]

    def api(self, **parameters):
        return api.Request(self.api_uri, **parameters).submit()
