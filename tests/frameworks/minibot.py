"""A small bot framework in the manner of Pywikibot's httplib2 days. It knows nothing of OAuth.

Like its model it subclasses ``httplib2.Http`` for cookies, for redirects of its own and for connections that are
pooled over all instances, and calls ``httplib2.Http``'s methods by that name, past whatever else may stand in the MRO.
"""

import email.message
import http.cookiejar
import json
import re
import threading
import urllib.request
from urllib.parse import urlencode, urljoin

import httplib2

from tests.frameworks import minibot_config as config

REDIRECTS = (301, 302, 303, 307, 308)


class ConnectionPool:
    """Idle connections by scheme and authority, shared by every Http."""

    def __init__(self):
        self._idle = {}
        self._lock = threading.Lock()

    def take(self, key):
        with self._lock:
            return self._idle[key].pop() if self._idle.get(key) else None

    def give(self, key, connection):
        with self._lock:
            self._idle.setdefault(key, []).append(connection)


class Http(httplib2.Http):
    """httplib2's Http with a cookie jar, a connection pool and the framework's own redirects."""

    def __init__(self, *args, cookies=None, pool=None, max_redirects=5, **kwargs):
        self.cookies = http.cookiejar.CookieJar() if cookies is None else cookies
        self.pool = pool or ConnectionPool()
        self.max_redirects = max_redirects
        httplib2.Http.__init__(self, *args, **kwargs)
        self.follow_redirects = False

    def request(self, uri, method="GET", body=None, headers=None, max_redirects=None, connection_type=None):
        left = self.max_redirects if max_redirects is None else max_redirects
        asked = urllib.request.Request(uri, headers=dict(headers or {}), method=method)
        self.cookies.add_cookie_header(asked)
        to_send = {**asked.headers, **asked.unredirected_hdrs}

        scheme, authority, _, _ = httplib2.urlnorm(httplib2.iri2uri(uri))
        key = f"{scheme}:{authority}"
        if (pooled := self.pool.take(key)) is not None:
            self.connections[key] = pooled
        if authority in config.authenticate:
            self.add_credentials(*config.authenticate[authority])
        response, content = httplib2.Http.request(self, uri, method, body, to_send, left, connection_type)
        if key in self.connections:
            self.pool.give(key, self.connections.pop(key))
        self.cookies.extract_cookies(_Headers(response), asked)

        if response.status in REDIRECTS and "location" in response and left > 0:
            location = urljoin(uri, response["location"])
            if response.status in (302, 303):
                method, body = "GET", None
            return self.request(
                location, method, body, headers, max_redirects=left - 1, connection_type=connection_type
            )
        return response, content


class _Headers:
    """What the standard library's cookie jar wants to see of a response."""

    def __init__(self, response):
        self._message = email.message.Message()
        # httplib2 joins several by commas, which their dates hold too.
        for cookie in re.split(r", (?=[^;, ]+=)", response.get("set-cookie", "")):
            if cookie:
                self._message["Set-Cookie"] = cookie

    def info(self):
        return self._message


class NoUsername(Exception):
    """The wiki does not take us for the user we want to be."""


class APISite:
    """A wiki, and who we are there.

    Attributes:
        _userinfo: What the wiki said of us last; None before it was asked.
    """

    def __init__(self, api_uri, http, username=None):
        self.api_uri = api_uri
        self.http = http
        self.username = username
        self._userinfo = None
        self._tokens = {}

    def login(self):
        """Ask the wiki who we are, and see that it is who we want to be."""
        self._tokens = {}
        self._userinfo = self.api(action="query", meta="userinfo", uiprop="groups|rights")["query"]["userinfo"]
        if "anon" in self._userinfo or self.username not in (None, self._userinfo["name"]):
            raise NoUsername(f"logged in as {self._userinfo['name']}, not as {self.username}")

    def logout(self):
        """Forget who we were, and ask again."""
        self._tokens = {}
        self.http.cookies.clear()
        self._userinfo = self.api(action="query", meta="userinfo", uiprop="groups|rights")["query"]["userinfo"]

    def edit(self, title, text, summary):
        """Save a page as the user we are; return the new revision's number."""
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
        """Call the API, by POST as the model does whatever is called."""
        body = urlencode({**parameters, "format": "json", "formatversion": "2"})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "minibot/1.0"}
        _, content = self.http.request(self.api_uri, method="POST", body=body, headers=headers)
        answer = json.loads(content)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']['code']}: {answer['error']['info']}")
        return answer
