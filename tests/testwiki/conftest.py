"""Clients, applications and browsers of the embedded wiki."""

import pytest

from httplib2_oauthlib import mediawiki

from ..browser import Browser
from .api_client import Client
from .applications import AGENT, CALLBACK


@pytest.fixture
def bot(wiki, alice):
    return Client(wiki, alice)


@pytest.fixture
def anonymous(wiki):
    return Client(wiki)


@pytest.fixture
def consumer(wiki):
    return wiki.register("A <tool>", callback=CALLBACK)


@pytest.fixture
def begin(wiki, consumer):
    """Begin a handshake. Return the wiki's authorization URI, the request token, and a function to complete it."""

    def begin(page="authorize", callback=CALLBACK, consumer=consumer):
        tool = mediawiki.Handshaker(wiki.index_uri, (consumer.key, consumer.secret), callback, AGENT)
        uri, token = tool.initiate()
        return uri.replace("authenticate", page), token, lambda returned: tool.complete(token, returned)

    return begin


@pytest.fixture
def alice_browser(wiki):
    """A browser in which Alice is logged in."""
    browser = Browser()
    wiki.account("Alice")
    browser.log_in(browser.get(f"{wiki.index_uri}?title=Special:UserLogin"))
    return browser
