"""The request queue. Its thread, and with it the Http, is made when this module is imported."""

import http.cookiejar
import queue

from ..exceptions import Server504Error
from . import threadedhttp

# A thread that has broken off answers no request. A test fails instead of waiting.
LONGEST_WAIT = 30

threads = []
connection_pool = threadedhttp.ConnectionPool()
cookie_jar = http.cookiejar.LWPCookieJar()
http_queue = queue.Queue()

threads.append(threadedhttp.HttpProcessor(http_queue, cookie_jar, connection_pool))
threads[0].start()


def request(uri, method="GET", body=None, headers=None):
    """Make a request in the thread, and return the content. Raise the exception that the Http has returned."""
    item = threadedhttp.HttpRequest(uri, method, body, {"user-agent": "minibot/1.0", **(headers or {})})
    http_queue.put(item)
    assert item.done.acquire(timeout=LONGEST_WAIT)
    assert item.data
    if isinstance(item.data, Exception):
        raise item.data
    response, content = item.data
    if response.status == 504:
        raise Server504Error(f"{uri} timed out")
    return content.decode()


def end_threads():
    for thread in threads:
        http_queue.put(None)
        thread.join(LONGEST_WAIT)
