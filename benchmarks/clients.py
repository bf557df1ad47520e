"""The clients that are compared. Each makes the same request with the same credentials."""

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

# authlib warns about this version of httpx. The warning passes every filter, so it is recorded and dropped.
with warnings.catch_warnings(record=True):
    from authlib.integrations.httpx_client import OAuth1Client

CREDENTIALS = ("aed7a71ab1bfb7b32ff9fb0e1c4f9d5a", "8a" * 20, "fd2a9ea9a1dc91b3d26cdd3b4a7c5c1b", "c4" * 20)
OURS = OAuth1(*CREDENTIALS)
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def client(**settings: str) -> Client:
    """Return oauthlib's client."""
    return Client(*CREDENTIALS, **settings)


def getters(plain_uri: str, uri: str) -> dict[str, Work]:
    """Return a function for each client that sends a GET over a persistent connection.

    Args:
        plain_uri: The URI for httplib2, which does not sign.
        uri: The URI for the clients that sign.
    """
    return {
        "httplib2": functools.partial(httplib2.Http().request, plain_uri),
        "httplib2-oauthlib": functools.partial(OAuth1Http(oauth=OURS).request, uri),
        "requests-oauthlib": functools.partial(_requests().get, uri),
        "authlib on httpx": functools.partial(_httpx().get, uri),
    }


def posters(plain_uri: str, uri: str, form: Mapping[str, str]) -> dict[str, Work]:
    """Return a function for each client that encodes a form and sends it with POST.

    Args:
        plain_uri: The URI for httplib2, which does not sign.
        uri: The URI for the clients that sign.
        form: The names and values of the form.
    """

    def posting(http: httplib2.Http, uri: str) -> Work:
        return lambda: http.request(uri, "POST", urlencode(form), FORM_HEADERS)

    return {
        "httplib2": posting(httplib2.Http(), plain_uri),
        "httplib2-oauthlib": posting(OAuth1Http(oauth=OURS), uri),
        "requests-oauthlib": functools.partial(_requests().post, uri, data=form),
        "authlib on httpx": functools.partial(_httpx().post, uri, data=form, headers=FORM_HEADERS),
    }


def _requests() -> Any:
    """Return a session of requests-oauthlib."""
    return OAuth1Session(*CREDENTIALS)


def _httpx() -> Any:
    """Return authlib's client on httpx."""
    return OAuth1Client(*CREDENTIALS, timeout=600)
