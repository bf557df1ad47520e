"""Credentials in a class attribute ``oauth``, and credentials that are passed in the wrong place."""

import copy
import pickle
from types import MappingProxyType

import httplib2
import oauthlib.oauth1
import pytest
import requests_oauthlib

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuth1Mixin, SigningError, install
from httplib2_oauthlib.credentials import FileStore

from .. import reference
from ..servers import answer
from .framework_classes import FrameworkHttp
from .signed_requests import SECRETS, is_signed

OAUTH = OAuth1("client", SECRETS.client, "token", SECRETS.token)
OTHER = OAuth1("other", SECRETS.client, "token", SECRETS.token)


class Bot(OAuth1Http):
    oauth = OAUTH


class SubclassOfBot(Bot):
    pass


class BotOfAnother(Bot):
    oauth = OTHER


class LoggedOutBot(Bot):
    oauth = None


class BotByMixin(OAuth1Mixin, FrameworkHttp):
    oauth = MappingProxyType({"localhost": OAUTH})


class BotBehind(FrameworkHttp, OAuth1Mixin):
    oauth = OAUTH


class BotByFunction(OAuth1Http):
    oauth = lambda uri: OAUTH  # noqa: E731


class BotByStaticMethod(OAuth1Http):
    @staticmethod
    def oauth(uri):
        return OAUTH


class BotByMethod(OAuth1Http):
    def oauth(self, uri):
        return OAUTH


class BotByProperty(OAuth1Http):
    @property
    def oauth(self):
        return {"localhost": OAUTH}


class BotWithoutInit(Bot):
    def __init__(self):
        vars(self).update(vars(httplib2.Http()))


class BotOfOauthlib(OAuth1Http):
    oauth = oauthlib.oauth1.Client("client", SECRETS.client, "token", SECRETS.token)


class FrameworkWithAnAttribute(httplib2.Http):
    oauth = None


class BehindAnAttribute(FrameworkWithAnAttribute, OAuth1Http):
    oauth = OAUTH


def key_sent(server, http):
    http.request(server.uri())
    received = server.received[-1]
    parameters = reference.protocol_parameters(received)
    assert not parameters or reference.is_valid(received, SECRETS)
    return parameters.get("oauth_consumer_key")


COPIES = {
    "itself": lambda http: http,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda http: pickle.loads(pickle.dumps(http)),
    "pool": HttpPool,
}


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (Bot, "client"),
        (SubclassOfBot, "client"),
        (BotOfAnother, "other"),
        (LoggedOutBot, None),
        (BotByMixin, "client"),
        (BotBehind, "client"),
        (BotByFunction, "client"),
        (BotByStaticMethod, "client"),
        (BotByMethod, "client"),
        (BotByProperty, "client"),
        (BotWithoutInit, "client"),
        (BotOfOauthlib, "client"),
        (BehindAnAttribute, "client"),
    ],
)
def test_class_attribute_signs_for_every_instance_and_its_copies(serve, kind, key, duplicate):
    assert key_sent(serve(), duplicate(kind())) == key


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_instance_that_is_given_others_keeps_them(serve, duplicate):
    server = serve()
    assert key_sent(server, duplicate(Bot(oauth=OTHER))) == "other"
    assert key_sent(server, duplicate(Bot(oauth=None))) is None
    http = Bot()
    http.oauth = None
    assert key_sent(server, duplicate(http)) is None
    assert key_sent(server, Bot()) == "client"


@pytest.mark.parametrize("value", [OTHER, {"localhost": OTHER}, lambda uri: OTHER, None])
def test_attribute_that_is_set_on_a_class_later_counts(serve, value):
    kind = type("Late", (Bot,), {})
    http = kind()
    kind.oauth = staticmethod(value) if callable(value) else value
    assert key_sent(serve(), http) == (value and "other")


def test_unchecked_attribute_of_a_class_is_refused_before_anything_is_sent(serve):
    server = serve()
    kind = type("Late", (OAuth1Http,), {})
    for value in ({}, {"https://localhost": OAUTH}, ("canary",) * 4, OAuth1):
        kind.oauth = value
        with pytest.raises((SigningError, TypeError)) as caught:
            kind().request(server.uri())
        assert "canary" not in str(caught.value)
    assert server.received == []


def test_class_attribute_of_one_origin_does_not_sign_redirects_to_others(serve):
    other = serve()
    server = serve(lambda _: answer(status="302 Found", Location=other.uri(host="127.0.0.1")))
    for kind in (Bot, type("Late", (OAuth1Http,), {})):
        if kind is not Bot:
            kind.oauth = oauthlib.oauth1.Client("client", SECRETS.client, "token", SECRETS.token)
        kind().request(server.uri())
    assert [is_signed(each) for each in other.received] == [False, False]


@pytest.mark.parametrize("value", [{}, {"https://a": OAUTH}, ("canary",) * 4, OAuth1, "canary"])
def test_invalid_class_attribute_is_refused_when_the_class_is_made(value):
    with pytest.raises((SigningError, TypeError)) as caught:
        type("Bot", (OAuth1Http,), {"oauth": value})
    assert "canary" not in str(caught.value)


def test_class_attribute_below_an_installed_class_counts(serve):
    server = serve()
    with install(OTHER):
        derived = type("Derived", (httplib2.Http,), {"oauth": OAUTH})
        assert key_sent(server, derived()) == "client"
        assert key_sent(server, httplib2.Http()) == "other"
        httplib2.Http.oauth = None
        assert key_sent(server, derived()) == "client"
    assert key_sent(server, derived()) == "client"


def test_installed_function_signs_for_a_class_without_init(serve):
    server = serve()
    with install(lambda uri: OAUTH):
        without = type("W", (httplib2.Http,), {"__init__": lambda self: vars(self).update(vars(httplib2.Http()))})
        http = without()
        del vars(http)["_oauth"]
        assert key_sent(server, http) == "client"


# -- in the wrong place

CREDENTIALS = [
    OAUTH,
    OAuth1,
    oauthlib.oauth1.Client("client"),
    requests_oauthlib.OAuth1("client"),
    {"localhost": OAUTH},
]


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=lambda value: type(value).__name__)
def test_credentials_in_the_place_of_the_cache_are_a_type_error(credentials):
    mwoauth_installed_later = OAuth1Http()
    for work in (
        lambda: OAuth1Http(credentials),
        lambda: OAuth1Http(cache=credentials, oauth=OAUTH),
        lambda: BotByMixin(credentials),
        lambda: setattr(mwoauth_installed_later, "cache", credentials),
    ):
        with pytest.raises(TypeError, match="oauth="):
            work()


def test_tokens_of_mediawiki_in_the_place_of_the_cache_are_a_type_error():
    from httplib2_oauthlib.mediawiki import AccessToken, ConsumerToken

    for tokens in ((ConsumerToken("a", "b"), AccessToken("c", "d")), ConsumerToken("a", "b"), AccessToken("c", "d")):
        with pytest.raises(TypeError, match="oauth="):
            OAuth1Http(tokens)


def test_cache_of_any_other_kind_is_kept(tmp_path):
    class Memory(dict):
        def set(self, key, value):
            self[key] = value

    memory = Memory()
    assert OAuth1Http(memory).cache is memory
    assert OAuth1Http(str(tmp_path)).cache.cache == str(tmp_path)
    assert OAuth1Http(None).cache is None


@pytest.mark.parametrize(
    "value", [OAuth1, oauthlib.oauth1.Client, OAuth1.from_env, OAUTH.sign, FileStore, OAuth1Http, dict, "x", 5]
)
def test_value_that_selects_no_credentials_is_a_type_error(value):
    for work in (lambda: OAuth1Http(oauth=value), lambda: install(value), lambda: setattr(Bot(), "oauth", value)):
        with pytest.raises(TypeError, match="OAuth1"):
            work()
