"""The credentials that the signing tests share."""

import pytest

from httplib2_oauthlib import OAuth1

from .signed_requests import SECRETS


@pytest.fixture
def oauth():
    return OAuth1("client", SECRETS.client, "token", SECRETS.token)
