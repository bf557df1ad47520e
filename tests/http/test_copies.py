"""Copies and pickles of an Http."""

import copy
import pickle

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http

from .framework_classes import MixinInFront
from .handlers import per_user
from .signed_requests import is_signed


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda http: pickle.loads(pickle.dumps(http))])
def test_copy_signs_and_keeps_the_configuration_without_the_connections(http, serve, duplicate, tmp_path):
    server = serve()
    http.cache = httplib2.FileCache(str(tmp_path))
    http.request(server.uri())
    twin = duplicate(http)
    assert twin.oauth == http.oauth
    assert twin.cache.cache == str(tmp_path)
    assert twin.connections == {}
    twin.request(server.uri())
    http.request(server.uri())
    assert [is_signed(each) for each in server.received] == [True] * 3


def moved(http, cls):
    """Return an Http of another class with the state of this one, as code does that reads pickles of either class."""
    other = cls.__new__(cls)
    other.__setstate__(pickle.loads(pickle.dumps(http.__getstate__())))
    return other


def test_plain_http_and_ours_restore_the_state_of_each_other(serve, oauth, tmp_path):
    server = serve(per_user)
    http = OAuth1Http(str(tmp_path), oauth=oauth)
    plain = moved(http, httplib2.Http)
    assert plain.cache.cache == str(tmp_path)
    assert plain.request(server.uri())[0].status == 200
    restored = moved(plain, OAuth1Http)
    assert restored.cache.cache == str(tmp_path)
    assert restored.oauth == oauth
    # The entry is the anonymous user's, and the next one is the user's own.
    for _ in range(2):
        restored.request(server.uri())
    assert [is_signed(each) for each in server.received] == [False, True]
    twin = moved(restored, OAuth1Http)
    assert twin.cache.cache == str(tmp_path)
    twin.cache = None
    assert (twin.cache, moved(twin, OAuth1Http).cache) == (None, None)


def test_pickle_of_a_frameworks_http_with_a_mapping_signs(serve, oauth):
    server = serve()
    http = pickle.loads(pickle.dumps(MixinInFront(oauth={"localhost": oauth})))
    http.request(server.uri())
    assert is_signed(server.received[0])
