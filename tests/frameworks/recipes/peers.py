import mwoauth
import oauthlib.oauth1
import requests_oauthlib

from httplib2_oauthlib import OAuth1Http


def of_requests_oauthlib(auth: requests_oauthlib.OAuth1):
    return OAuth1Http(timeout=30, oauth=auth)


def of_oauthlib(client: oauthlib.oauth1.Client):
    return OAuth1Http(timeout=30, oauth=client)


def of_mwoauth(consumer: mwoauth.ConsumerToken, token: mwoauth.AccessToken):
    return OAuth1Http(timeout=30, oauth=(consumer, token))
