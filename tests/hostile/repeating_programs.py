"""Programs that repeat a request after an error, each with its own way to get an Http for the next attempt."""

import copy
import threading
from collections.abc import Callable

import httplib2

from httplib2_oauthlib import HttpPool, OAuth1Http, install, uninstall

from .faults import OAUTH
from .retrying_frameworks import RetriesAround

TIMEOUT = 5


class LoopInside(RetriesAround, OAuth1Http):
    """A framework whose ``request()`` repeats within a call."""


class SameHttp:
    """A loop around ``request()`` of one Http."""

    def __init__(self, kind: type = OAuth1Http) -> None:
        self.http = kind(timeout=TIMEOUT, oauth=OAUTH)

    def request(self, *args):
        return self.http.request(*args)

    def close(self):
        self.http.close()


class LoopInsideAndOutside(SameHttp):
    """A loop around a framework that repeats by itself."""

    def __init__(self):
        super().__init__(LoopInside)


class Copies(SameHttp):
    """A copy of an Http for each attempt."""

    def request(self, *args):
        http = copy.copy(self.http)
        http.connections = {}
        try:
            return http.request(*args)
        finally:
            for connection in http.connections.values():
                connection.close()


class NewHttps:
    """A new Http for each attempt."""

    def request(self, *args):
        http = OAuth1Http(timeout=TIMEOUT, oauth=OAUTH)
        try:
            return http.request(*args)
        finally:
            http.close()

    def close(self):
        pass


class Installed:
    """A new ``httplib2.Http`` for each attempt, which ``install()`` has replaced."""

    def __init__(self):
        install(oauth=OAUTH)

    def request(self, *args):
        http = httplib2.Http(timeout=TIMEOUT)
        try:
            return http.request(*args)
        finally:
            http.close()

    def close(self):
        uninstall()


class ThreadsOfAPool:
    """A pool of Https, and a new thread for each attempt."""

    def __init__(self):
        self.pool = HttpPool(OAuth1Http(timeout=TIMEOUT, oauth=OAUTH), 3)

    def request(self, *args):
        return in_thread(self.pool.request, *args)

    def close(self):
        self.pool.close()


PROGRAMS = [SameHttp, LoopInsideAndOutside, Copies, NewHttps, Installed, ThreadsOfAPool]


def in_thread(function: Callable, *args):
    """Call a function in a new thread, and return its result or raise its error."""
    outcome = []

    def run():
        try:
            outcome.append((function(*args), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    result, error = outcome[0]
    if error is not None:
        raise error
    return result


def repeat(request: Callable, *args, times: int = 6, until=lambda response: response.status < 500):
    """Call ``request`` until it returns a response, as Pywikibot's API layer does. Return all outcomes."""
    outcomes = []
    for _ in range(times):
        try:
            response, content = request(*args)
        except Exception as error:
            outcomes.append(error)
            continue
        outcomes.append((response, content))
        if until(response):
            break
    return outcomes
