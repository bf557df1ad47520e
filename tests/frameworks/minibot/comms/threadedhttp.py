"""An Http that handles cookies and redirects, its connection pool, and the thread that owns an Http.

It calls the methods of ``httplib2.Http`` by that name, so other classes in the MRO are skipped.
"""

import email.message
import http.cookiejar
import re
import threading
import urllib.request
from urllib.parse import urljoin

import httplib2

from .. import config


class ConnectionPool:
    """Idle connections by scheme and authority, shared by every Http."""

    def __init__(self, maxnum=5):
        self.connections = {}
        self.maxnum = maxnum
        self._lock = threading.Lock()

    def pop_connection(self, key):
        with self._lock:
            return self.connections[key].pop() if self.connections.get(key) else None

    def push_connection(self, key, connection):
        with self._lock:
            idle = self.connections.setdefault(key, [])
            if len(idle) < self.maxnum:
                idle.append(connection)
            else:
                connection.close()


class Http(httplib2.Http):
    """An httplib2.Http that handles cookies and redirects itself, shares connections, and returns exceptions."""

    def __init__(self, *args, cookiejar=None, connection_pool=None, max_redirects=5, **kwargs):
        self.cookiejar = http.cookiejar.CookieJar() if cookiejar is None else cookiejar
        self.connection_pool = ConnectionPool() if connection_pool is None else connection_pool
        self.max_redirects = max_redirects
        kwargs.setdefault("timeout", config.socket_timeout)
        httplib2.Http.__init__(self, *args, **kwargs)

    def request(self, uri, method="GET", body=None, headers=None, max_redirects=None, connection_type=None):
        left = self.max_redirects if max_redirects is None else max_redirects
        headers = {name: value for name, value in (headers or {}).items() if name.lower() != "cookie"}
        asked = urllib.request.Request(uri, method=method)
        self.cookiejar.add_cookie_header(asked)
        headers = {"connection": "keep-alive", **headers, **asked.unredirected_hdrs}

        scheme, authority, _, _ = httplib2.urlnorm(httplib2.iri2uri(uri))
        key = f"{scheme}:{authority}"
        pooled = self.connection_pool.pop_connection(key)
        if pooled is not None:
            self.connections[key] = pooled
        follows, self.follow_redirects = self.follow_redirects, False
        try:
            if authority in config.authenticate:
                self.add_credentials(*config.authenticate[authority])
            response, content = httplib2.Http.request(self, uri, method, body, headers, left, connection_type)
        except Exception as error:
            # The caller is another thread. The connection stays in self.connections.
            return error
        finally:
            self.follow_redirects = follows
        self.connection_pool.push_connection(key, self.connections.pop(key))
        self.cookiejar.extract_cookies(_Headers(response), asked)

        may_redirect = response.status == 303 or (response.status in (301, 302, 307) and method in ("GET", "HEAD"))
        if follows and left > 0 and may_redirect:
            location = urljoin(uri, response["location"])
            to_get = response.status == 303 and method not in ("GET", "HEAD")
            method = "GET" if to_get else method
            return self.request(location, method, body=body, headers=headers, max_redirects=left - 1)
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


class HttpRequest:
    """A request in the queue, and what became of it.

    Attributes:
        data: The pair of response and content, or an exception. None until then, or if the thread broke off.
    """

    def __init__(self, *args):
        self.args = args
        self.data = None
        self.done = threading.Semaphore(0)


class HttpProcessor(threading.Thread):
    """A thread with one Http, which makes the requests in a queue. None or any error ends the thread."""

    def __init__(self, queue, cookiejar, connection_pool):
        super().__init__(daemon=True)
        self.queue = queue
        self.http = Http(cookiejar=cookiejar, connection_pool=connection_pool)

    def run(self):
        while (item := self.queue.get()) is not None:
            try:
                self.http.disable_ssl_certificate_validation = False
                item.data = self.http.request(*item.args)
            finally:
                item.done.release()
            assert item.data
