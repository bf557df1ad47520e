"""What programs written for mwoauth use besides the handshake: its modules' names, and tokens of bytes."""

import importlib
import warnings

import mwoauth
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, SigningError, mediawiki

CALLBACK = "https://tool.example/callback"
USER_AGENT = "tests/1.0 (me@example.org)"


@pytest.fixture
def consumer(wiki):
    registered = wiki.register("Tool", callback=CALLBACK)
    return registered.key, registered.secret


def access(wiki, consumer):
    """Return an access token from a handshake by mwoauth itself."""
    tool = mwoauth.Handshaker(wiki.index_uri, mwoauth.ConsumerToken(*consumer), CALLBACK, USER_AGENT)
    _, token = tool.initiate()
    return tool.complete(token, wiki.authorize(token.key, "Alice").partition("?")[2])


def as_bytes(token):
    return type(token)(*(part.encode() for part in token))


@pytest.mark.parametrize("module", [mwoauth, mediawiki], ids=lambda module: module.__name__)
@pytest.mark.parametrize("convert", [lambda token: token, list, tuple], ids=["token", "list", "tuple"])
def test_tokens_of_bytes_are_accepted_in_every_step(wiki, consumer, module, convert):
    consumer_token = as_bytes(module.ConsumerToken(*consumer))
    tool = mediawiki.Handshaker(wiki.index_uri, convert(consumer_token), CALLBACK, USER_AGENT)
    assert tool.consumer_token == consumer
    uri, request_token = tool.initiate()
    assert request_token.key in uri
    callback = wiki.authorize(request_token.key, "Alice").partition("?")[2].encode()
    access_token = tool.complete(convert(as_bytes(request_token)), callback)
    assert isinstance(access_token.key, str)
    assert tool.identify(convert(as_bytes(access_token)))["username"] == "Alice"
    pair = consumer_token, as_bytes(access_token)
    assert OAuth1Http(oauth=pair).oauth == OAuth1(*consumer, *access_token)


def test_mwoauths_own_tokens_stored_as_bytes_still_identify(wiki, consumer):
    token = as_bytes(access(wiki, consumer))
    for module in (mwoauth, mediawiki):
        tool = module.Handshaker(wiki.index_uri, module.ConsumerToken(*consumer), CALLBACK, USER_AGENT)
        assert tool.identify(token)["username"] == "Alice"


@pytest.mark.parametrize("token", [(b"key", 7), (b"key",), b"ab", [b"key", b"canary", b"x"], (None, b"canary"), None])
def test_a_token_that_is_not_a_pair_is_rejected(token):
    with pytest.raises(TypeError, match="consumer_token must be a pair") as caught:
        mediawiki.Handshaker("https://wiki.example/w/index.php", token, user_agent=USER_AGENT)
    assert "canary" not in str(caught.value)


def test_bytes_that_are_not_text_are_rejected_before_anything_is_sent(wiki):
    with pytest.raises(SigningError, match="client_key can't be encoded"):
        mediawiki.initiate(wiki.index_uri, (b"\xff", b"canary"), CALLBACK, USER_AGENT)
    assert not wiki.requests


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("functions", ["initiate", "complete", "identify"]),
        ("handshaker", ["Handshaker"]),
        ("tokens", ["AccessToken", "ConsumerToken", "RequestToken"]),
        ("errors", ["OAuthException"]),
    ],
)
def test_the_public_names_of_mwoauths_modules_resolve(module, names):
    theirs = importlib.import_module(f"mwoauth.{module}")
    for name in names:
        assert hasattr(theirs, name)
        assert getattr(getattr(mediawiki, module), name) is getattr(mediawiki, name)


def test_the_default_user_agent_is_set_as_in_mwoauth(wiki, consumer, monkeypatch):
    assert isinstance(mwoauth.defaults.USER_AGENT, str)
    assert mediawiki.defaults.USER_AGENT == "httplib2-oauthlib default user agent"
    with pytest.warns(UserWarning, match="no user_agent"):
        mediawiki.functions.initiate(wiki.index_uri, consumer, CALLBACK)
    assert wiki.requests[-1].headers["user-agent"] == mediawiki.defaults.USER_AGENT
    monkeypatch.setattr(mediawiki.defaults, "USER_AGENT", USER_AGENT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mediawiki.handshaker.Handshaker(wiki.index_uri, consumer, CALLBACK).initiate()
    assert wiki.requests[-1].headers["user-agent"] == USER_AGENT
