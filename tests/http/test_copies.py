"""Copies and pickles of an Http."""

import copy
import pickle

import httplib2
import pytest

from .framework_classes import MixinInFront
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


def test_pickle_of_a_frameworks_http_with_a_mapping_signs(serve, oauth):
    server = serve()
    http = pickle.loads(pickle.dumps(MixinInFront(oauth={"localhost": oauth})))
    http.request(server.uri())
    assert is_signed(server.received[0])
