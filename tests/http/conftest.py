"""Fixtures for the tests of OAuth1Http, OAuth1Mixin, HttpPool and install()."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http

from .memory_cache import MemoryCache
from .signed_requests import SECRETS


@pytest.fixture
def oauth():
    return OAuth1("client", SECRETS.client, "token", SECRETS.token)


@pytest.fixture
def http(oauth):
    http = OAuth1Http(timeout=5, oauth=oauth)
    yield http
    http.close()


@pytest.fixture(params=["file", "memory"])
def cache(request, tmp_path):
    return httplib2.FileCache(str(tmp_path / "cache")) if request.param == "file" else MemoryCache()
