"""Frameworks that retry as real ones do: within, around and outside the client."""

import http.client

import httplib2

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

# The errors of a broken connection, after which a framework sends the request again.
FAILURES = (OSError, http.client.HTTPException, httplib2.ServerNotFoundError, ValueError, OverflowError)


class RetriesWithin(httplib2.Http):
    """A framework that retries after every error, within ``_conn_request()``."""

    def _conn_request(self, *args):
        for _ in range(3):
            try:
                return super()._conn_request(*args)
            except Exception as error:
                last = error
        raise last


class RetriesAround(httplib2.Http):
    """A framework that retries after every error, within ``request()``."""

    def request(self, *args, **kwargs):
        for _ in range(3):
            try:
                return super().request(*args, **kwargs)
            except Exception as error:
                last = error
        raise last


class WithinBehind(RetriesWithin, OAuth1Http):
    pass


class WithinInFront(OAuth1Mixin, RetriesWithin):
    pass


class AroundBehind(RetriesAround, OAuth1Http):
    pass


class AroundInFront(OAuth1Mixin, RetriesAround):
    pass


class RetriesOutside:
    """A framework that calls OAuth1Http and retries when a connection broke.

    google-api-python-client and apitools do so.
    """

    def __init__(self, **kwargs):
        self.http = OAuth1Http(**kwargs)
        self.close = self.http.close

    def request(self, *args, **kwargs):
        self.http.oauth = self.oauth
        for _ in range(3):
            try:
                return self.http.request(*args, **kwargs)
            except FAILURES as error:
                last = error
        raise last


FRAMEWORKS = [WithinBehind, WithinInFront, AroundBehind, AroundInFront, RetriesOutside]
