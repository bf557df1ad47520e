"""What ``inspect.signature()`` and ``help()`` show of the arguments that the classes pass on."""

import copy
import inspect
import pickle
import pydoc
import re

import httplib2
import pytest

from httplib2_oauthlib import HttpPool, OAuth1Http, OAuth1Mixin, install

OURS = {"oauth", "repair_clock", "require_signature", "raise_refusals", "user_agent", "max_clock_offset"}


def test_signatures_begin_with_the_arguments_of_httplib2():
    theirs, ours = (list(inspect.signature(cls).parameters) for cls in (httplib2.Http, OAuth1Http))
    assert ours[: len(theirs)] == theirs
    assert set(ours[len(theirs) :]) == OURS | {"keep_unanswered"}
    assert inspect.signature(OAuth1Http.request) == inspect.signature(httplib2.Http.request)
    assert list(inspect.signature(OAuth1Http().request).parameters)[:2] == ["uri", "method"]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_the_default_of_oauth_stays_the_default_in_a_copy(copied):
    bound = inspect.signature(OAuth1Http).bind(timeout=3)
    bound.apply_defaults()
    assert OAuth1Http(**copied(bound.arguments)).oauth is None
    assert OAuth1Http(oauth=copied(inspect.signature(OAuth1Http).parameters["oauth"].default)).oauth is None


def test_help_shows_every_argument():
    # Since Python 3.13, a long signature has a line for each argument.
    shown = re.sub(r"[\s|]+", "", pydoc.plain(pydoc.render_doc(OAuth1Http)))
    heading = re.search(r"OAuth1Http\((cache=None,timeout=None,.*?)\)Anhttplib2\.Http", shown.replace("``", ""))[1]
    assert all(f",{name}=" in heading for name in OURS)
    assert "request(self,uri,method='GET',body=None,headers=None,redirections=5" in shown


def test_installed_class_has_the_signature_of_httplib2(oauth):
    before = inspect.getfullargspec(httplib2.Http.__init__).args
    request = inspect.signature(httplib2.Http.request)
    with install({"other.example": oauth}):
        assert inspect.getfullargspec(httplib2.Http.__init__).args == before
        assert inspect.signature(httplib2.Http.request) == request


def test_framework_class_shows_its_own_constructor():
    class Framework(httplib2.Http):
        def __init__(self, cookies=None, **kwargs):
            super().__init__(**kwargs)

    class Swapped(OAuth1Http):
        def __init__(self, cookies=None, **kwargs):
            super().__init__(**kwargs)

    assert list(inspect.signature(Swapped).parameters) == ["cookies", "kwargs"]
    assert "timeout" not in inspect.signature(type("Mixed", (OAuth1Mixin, Framework), {})).parameters


def test_pool_can_name_the_type_of_its_http():
    pool = pickle.loads(pickle.dumps(HttpPool[OAuth1Http](OAuth1Http(timeout=3))))
    with pool.http() as http:
        assert (http.timeout, [name for name in vars(http) if name.startswith("__")]) == (3, [])
