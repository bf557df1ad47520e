"""The peers: every client's way to make the same request, with the same credentials."""

import functools
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httplib2
from oauthlib.oauth1 import Client
from requests_oauthlib import OAuth1Session

from httplib2_oauthlib import OAuth1, OAuth1Http

from .measuring import Work

# authlib has one to say about the httpx that it is used with here, and lets it pass no filter.
with warnings.catch_warnings(record=True):
    from authlib.integrations.httpx_client import OAuth1Client

FOUR = ("aed7a71ab1bfb7b32ff9fb0e1c4f9d5a", "8a" * 20, "fd2a9ea9a1dc91b3d26cdd3b4a7c5c1b", "c4" * 20)
OURS = OAuth1(*FOUR)
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def client(**settings: str) -> Client:
    """Return oauthlib's own client."""
    return Client(*FOUR, **settings)


def getters(plain_uri: str, uri: str) -> dict[str, Work]:
    """Return each client's GET of a URI, over a connection that it keeps; httplib2 itself signs nothing."""
    return {
        "httplib2": functools.partial(httplib2.Http().request, plain_uri),
        "httplib2-oauthlib": functools.partial(OAuth1Http(oauth=OURS).request, uri),
        "requests-oauthlib": functools.partial(_requests().get, uri),
        "authlib on httpx": functools.partial(_httpx().get, uri),
    }


def posters(plain_uri: str, uri: str, form: Mapping[str, str]) -> dict[str, Work]:
    """Return each client's POST of a form that it is given as names and values, the encoding included."""

    def posting(http: httplib2.Http, uri: str) -> Work:
        return lambda: http.request(uri, "POST", urlencode(form), FORM_HEADERS)

    return {
        "httplib2": posting(httplib2.Http(), plain_uri),
        "httplib2-oauthlib": posting(OAuth1Http(oauth=OURS), uri),
        "requests-oauthlib": functools.partial(_requests().post, uri, data=form),
        "authlib on httpx": functools.partial(_httpx().post, uri, data=form, headers=FORM_HEADERS),
    }


def _requests() -> Any:
    return OAuth1Session(*FOUR)


def _httpx() -> Any:
    return OAuth1Client(*FOUR, timeout=600)
