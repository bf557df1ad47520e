"""Frameworks that send a request again, as the retries of real ones do: within, around and outside the client."""

import http.client

import httplib2

from httplib2_oauthlib import OAuth1Http, OAuth1Mixin

# What a framework sees when a connection breaks, and takes for a reason to send a request again.
FAILURES = (OSError, http.client.HTTPException, httplib2.ServerNotFoundError, ValueError, OverflowError)


class RetriesWithin(httplib2.Http):
    """Tries again further in, whatever happened."""

    def _conn_request(self, *args):
        for _ in range(3):
            try:
                return super()._conn_request(*args)
            except Exception as error:
                last = error
        raise last


class RetriesAround(httplib2.Http):
    """Tries again further out, whatever happened."""

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
    """Tries again around ours, as google-api-python-client and apitools do: when a connection broke."""

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
