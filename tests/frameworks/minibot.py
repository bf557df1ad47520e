"""A small bot framework without OAuth, built like Pywikibot when it used httplib2.

Like Pywikibot, it subclasses ``httplib2.Http`` to add cookies, its own redirects and connections that all instances
share. It calls the methods of ``httplib2.Http`` by that name, so other classes in the MRO are skipped.
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
    """The part of a response that the standard library's cookie jar reads."""

    def __init__(self, response):
        self._message = email.message.Message()
        # httplib2 joins several cookies with commas, and the dates in cookies also have commas.
        for cookie in re.split(r", (?=[^;, ]+=)", response.get("set-cookie", "")):
            if cookie:
                self._message["Set-Cookie"] = cookie

    def info(self):
        return self._message


class NoUsername(Exception):
    """The wiki's user isn't the expected one."""


class APISite:
    """A wiki and the user on it.

    Attributes:
        _userinfo: The wiki's latest information about the user, or None before the first login.
    """

    def __init__(self, api_uri, http, username=None):
        self.api_uri = api_uri
        self.http = http
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
        self.http.cookies.clear()
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
        """Call the API. Like Pywikibot, always use POST."""
        body = urlencode({**parameters, "format": "json", "formatversion": "2"})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "minibot/1.0"}
        _, content = self.http.request(self.api_uri, method="POST", body=body, headers=headers)
        answer = json.loads(content)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']['code']}: {answer['error']['info']}")
        return answer
